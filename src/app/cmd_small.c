/**
 * @file app/cmd_small.c
 * Small commands: check, switch, reload, and the media process's own command line.
 */
#include <stdio.h>
#include <stdlib.h>

#include "app/ask.h"
#include "app/centre_file.h"
#include "app/commands.h"
#include "app/serve.h"
#include "base/log.h"
#include "core/hours.h"
#include "media/media_process.h"
#include "phone/phone.h"
#include "rt/clock.h"

/* ---- check ---- */

static sapa_rc any_secret(void *ctx, struct sapa_str name, struct sapa_text *out)
{
    (void)ctx, (void)name;
    sapa_text_add(out, SAPA_STR("checked-only"));
    return SAPA_OK;
}

/* Holidays are decreed year by year: this year's and the next one's may be missing. */
static void warn_of_calendars(const struct sapa_centre *centre, const char *path)
{
    const struct sapa_local now = sapa_local_of(&centre->zones[centre->system.zone], sapa_wall_us());
    unsigned used = 0;

    for (uint32_t i = 0; i < centre->hours_count; i++)
        used |= centre->hours[i].calendars;
    for (unsigned calendar = 0; calendar < SAPA_CALENDAR_COUNT; calendar++)
        for (int32_t year = now.year; used >> calendar & 1 && year <= now.year + 1; year++)
            if (!sapa_calendar_whole(calendar, year))
                printf("%s: warning: the calendar \"%s\" does not have all days of %d: add them to one of your own, named before it\n",
                       path, sapa_calendar_key(calendar), (int)year);
}

int sapa_check_main(int argc, char **argv)
{
    const char *path = NULL;
    size_t count = 0;
    bool reference = false;
    const struct sapa_option options[] = {
        { "reference", SAPA_OPTION_FLAG, &reference, NULL, "print what a description may hold, as Markdown", 0, 0 },
    };
    struct sapa_centre *centre;
    const int usage = sapa_command_options("check", argc, argv, options, SAPA_COUNT(options), &path, 1, &count);

    if (usage >= 0)
        return usage;
    if (reference) {
        const size_t size = 1 << 20;
        char *buf = malloc(size);
        struct sapa_text text;
        if (!buf)
            return SAPA_EXIT_FAILED;
        sapa_text_init(&text, buf, size);
        sapa_centre_reference(&text);
        fputs(buf, stdout);
        free(buf);
        return SAPA_EXIT_OK;
    }
    if (count != 1)
        return sapa_command_wrong("check", "name the file of the centre description");
    const struct sapa_centre_file file = { .path = path, .any_secret = any_secret };
    if (sapa_centre_file_read(&file, &centre, NULL) != SAPA_OK)
        return SAPA_EXIT_USAGE;
    const struct { uint32_t count; const char *one, *more; } told[] = {
        { centre->clients_count, "client", "clients" },  { centre->numbers_count, "number", "numbers" }, { centre->flows_count, "flow", "flows" },
        { centre->queues_count, "queue", "queues" },     { centre->agents_count, "agent", "agents" },    { centre->skills_count, "skill", "skills" },
        { centre->users_count, "user", "users" },
        { centre->listed_numbers_count, "number not to be called", "numbers not to be called" },
    };
    printf("%s: good", path);
    for (size_t i = 0; i < SAPA_COUNT(told); i++)
        printf("%s%u %s", i ? ", " : ": ", told[i].count, told[i].count == 1 ? told[i].one : told[i].more);
    putchar('\n');
    warn_of_calendars(centre, path);
    sapa_centre_free(centre);
    return SAPA_EXIT_OK;
}

/* ---- number ---- */

/* What becomes of a number: for whoever writes rights, lists and numbers of a description. */
int sapa_number_main(int argc, char **argv)
{
    const char *country = "ID", *words[16];
    size_t count = 0;
    const struct sapa_option options[] = {
        { "country", SAPA_OPTION_TEXT, &country, "XX", "dialled there (ID)", 0, 0 },
    };
    const int usage = sapa_command_options("number", argc, argv, options, SAPA_COUNT(options), words, SAPA_COUNT(words), &count);

    if (usage >= 0)
        return usage;
    if (count == 0 || !sapa_phone_country_known(sapa_str_of(country)))
        return sapa_command_wrong("number", count == 0 ? "say a number as it is dialled" : "a country is two capitals: ID");
    printf("%-20s %-16s %-20s %s\n", "DIALLED", "E.164", "SHOWN", "TYPE");
    for (size_t i = 0; i < count; i++) {
        char buf[SAPA_PHONE_TEXT_MAX + 1], shown_buf[256];
        struct sapa_text shown;
        const struct sapa_str number = sapa_phone_normal(sapa_str_of(words[i]), sapa_str_of(country), buf, sizeof(buf));
        sapa_text_init(&shown, shown_buf, sizeof(shown_buf));
        sapa_phone_show(number, sapa_str_of(country), &shown);
        printf("%-20s %-16.*s %-20s %s\n", words[i], (int)number.n, number.p, shown_buf, sapa_phone_type_name(sapa_phone_type_of(number)));
    }
    return SAPA_EXIT_OK;
}

/* ---- switch ---- */

int sapa_switch_main(int argc, char **argv)
{
    struct sapa_door door = { .command = "switch", .data = sapa_data_default() };
    const char *client = "", *words[2] = { "", "" };
    char path[64];
    size_t count = 0;
    const struct sapa_option options[] = {
        SAPA_DOOR_OPTIONS(&door),
        { "client", SAPA_OPTION_TEXT, &client, "KEY", "one client (all)", 0, 0 },
    };
    const int usage = sapa_command_options("switch", argc, argv, options, SAPA_COUNT(options), words, 2, &count);

    if (usage >= 0)
        return usage;
    const bool on = strcmp(words[1], "on") == 0;
    if (count != 2 || (strcmp(words[0], "surge") != 0 && strcmp(words[0], "closed") != 0) || (!on && strcmp(words[1], "off") != 0))
        return sapa_command_wrong("switch", "say surge on, surge off, closed on or closed off");
    snprintf(path, sizeof(path), "/api/v1/switches/%s", words[0]);
    json_t *told = sapa_ask_send(&door, "PUT", path, client[0] ? json_pack("{s:b,s:s}", "on", on, "client", client) : json_pack("{s:b}", "on", on));
    if (!told)
        return SAPA_EXIT_FAILED;
    json_decref(told);
    printf("%s is %s%s%s\n", words[0], words[1], client[0] ? " for " : "", client);
    return SAPA_EXIT_OK;
}

/* ---- reload ---- */

int sapa_reload_main(int argc, char **argv)
{
    struct sapa_door door = { .command = "reload", .data = sapa_data_default() };
    const struct sapa_option options[] = { SAPA_DOOR_OPTIONS(&door) };
    const int usage = sapa_command_options("reload", argc, argv, options, SAPA_COUNT(options), NULL, 0, NULL);

    if (usage >= 0)
        return usage;
    json_t *told = sapa_ask_send(&door, "POST", "/api/v1/centre/reload", NULL);
    if (!told)
        return SAPA_EXIT_FAILED;
    json_decref(told);
    puts("the description is taken over; calls go on");
    return SAPA_EXIT_OK;
}

/* ---- media ---- */

int sapa_media_command(int argc, char **argv)
{
    uint64_t fd = 0, beat_fd = 0, port_min = 20000, port_max = 39999, threads = 0, cpu = 65535;
    const char *socket_path = NULL, *codec_plugin = NULL;
    const struct sapa_option options[] = {
        { "listen-fd", SAPA_OPTION_NUMBER, &fd, "FD", "listening local socket", 3, 1000 },
        { "beat-fd", SAPA_OPTION_NUMBER, &beat_fd, "FD", "pipe for a byte a second", 3, 1000 },
        { "socket", SAPA_OPTION_TEXT, &socket_path, "PATH", "or where to listen", 0, 0 },
        { "port-min", SAPA_OPTION_NUMBER, &port_min, "PORT", "first UDP port", 1024, 65000 },
        { "port-max", SAPA_OPTION_NUMBER, &port_max, "PORT", "last UDP port", 1025, 65535 },
        { "threads", SAPA_OPTION_NUMBER, &threads, "N", "packet threads, 0 one a core", 0, 64 },
        { "codec-plugin", SAPA_OPTION_TEXT, &codec_plugin, "FILE", "shared object of a codec", 0, 0 },
        { "cpu", SAPA_OPTION_NUMBER, &cpu, "CPU", "pin the first thread here, the next to the next", 0, 1023 },
    };
    const int usage = sapa_command_options("media", argc, argv, options, SAPA_COUNT(options), NULL, 0, NULL);

    if (usage >= 0)
        return usage;
    if (fd == 0 && !socket_path)
        return sapa_command_wrong("media", "this is a child of sapa serve; start that");
    sapa_log_role("media");
    const struct sapa_media_options media = {
        .socket_path = socket_path, .listen_fd = (int)fd, .beat_fd = (int)beat_fd,
        .port_min = (uint16_t)port_min, .port_max = (uint16_t)port_max, .threads = (unsigned)threads,
        .pin = cpu != 65535, .cpu_first = (int)cpu, .handle_signals = true,
        .codec_plugin = codec_plugin,
    };
    return sapa_media_main(&media);
}
