/**
 * @file app/cmd_shift.c
 * `sapa shifts`: a plan out to CSV and in again, and the day of an agent; all by way of the API.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ask.h"
#include "app/commands.h"
#include "http/target.h"
#include "report/shift.h"
#include "rt/file.h"

enum { FILE_MAX = 2 << 20, WRONG_SHOWN = 20 };

struct wish {
    struct sapa_door door;
    const char *from, *to, *agent, *team;
};

static void path_of(const struct wish *wish, const char *from, const char *to, char *buf, size_t size)
{
    struct sapa_text path;

    sapa_text_init(&path, buf, size);
    sapa_text_add(&path, SAPA_STR("/api/v1/shifts"));
    sapa_path_add(&path, "from", from);
    sapa_path_add(&path, "to", to);
    sapa_path_add(&path, "agent", wish->agent);
    sapa_path_add(&path, "team", wish->team);
}

static void put_cell(FILE *out, const char *text, char end)
{
    const bool plain = !strpbrk(text, ",;\"\r\n ");

    if (!plain)
        putc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', out);
        putc(*text, out);
    }
    if (!plain)
        putc('"', out);
    putc(end, out);
}

static int export(const struct wish *wish, const char *name)
{
    char path[512];
    const json_t *item;
    size_t i;

    path_of(wish, wish->from, wish->to, path, sizeof(path));
    json_t *told = sapa_ask_json(&wish->door, &(const struct sapa_question){ .method = "GET", .path = path, .files = true });
    if (!told)
        return SAPA_EXIT_FAILED;
    FILE *out = name[0] ? fopen(name, "w") : stdout;
    if (out) {
        fputs("agent,start,end,activity\n", out);
        json_array_foreach(json_object_get(told, "items"), i, item) {
            put_cell(out, sapa_member(item, "agent"), ',');
            put_cell(out, sapa_member(item, "start"), ',');
            put_cell(out, sapa_member(item, "end"), ',');
            put_cell(out, sapa_member(item, "activity"), '\n');
        }
    }
    json_decref(told);
    errno = 0;
    if (!out || ((out == stdout ? fflush(out) : fclose(out)) != 0 && errno != EPIPE)) {
        fprintf(stderr, "sapa shifts: %s cannot be written\n", name[0] ? name : "standard output");
        return SAPA_EXIT_FAILED;
    }
    return SAPA_EXIT_OK;
}

/* ---- import ---- */

struct reading {
    const char *name;
    json_t *agents, *items;
    uint32_t *lines; /* of the items */
    unsigned wrong;
    int32_t first, last; /* days on which shifts begin */
};

static void say_wrong(struct reading *reading, uint32_t line, const char *what)
{
    if (++reading->wrong <= WRONG_SHOWN)
        fprintf(stderr, "%s:%u: %s\n", reading->name, line, what);
}

static void take_line(struct reading *reading, const struct sapa_shift_line *line)
{
    struct sapa_str clock;
    const struct sapa_str day = sapa_str_cut(sapa_str_of(line->start), 'T', &clock);
    const size_t at = json_array_size(reading->items);
    int32_t date;
    size_t i = 0;

    while (i < json_array_size(reading->agents) && strcmp(json_string_value(json_array_get(reading->agents, i)), line->agent) != 0)
        i++;
    if (i == json_array_size(reading->agents))
        json_array_append_new(reading->agents, json_string(line->agent));
    reading->lines[at] = line->line;
    json_array_append_new(reading->items, json_pack("{s:s,s:s,s:s,s:s}", "agent", line->agent, "activity", line->activity, "start", line->start, "end", line->end));
    if (sapa_zone_date(day, &date) != SAPA_OK) {
        say_wrong(reading, line->line, "start is a local time: 2026-11-22T08:00");
    } else if (sapa_activity_find(sapa_str_of(line->activity)) == SAPA_ACTIVITY_SHIFT) {
        reading->first = reading->first ? SAPA_MIN(reading->first, date) : date;
        reading->last = SAPA_MAX(reading->last, date);
    }
}

static bool read_plan(struct reading *reading, struct sapa_str text)
{
    struct sapa_shift_csv csv;
    struct sapa_shift_line line;
    char buf[200];
    struct sapa_text wrong;
    sapa_rc rc;

    sapa_text_init(&wrong, buf, sizeof(buf));
    if (sapa_shift_csv_open(&csv, text, &wrong) != SAPA_OK) {
        say_wrong(reading, 1, buf);
        return false;
    }
    for (;;) {
        sapa_text_init(&wrong, buf, sizeof(buf));
        rc = sapa_shift_csv_next(&csv, &line, &wrong);
        if (rc == SAPA_ENOENT)
            break;
        if (rc != SAPA_OK)
            say_wrong(reading, line.line, buf);
        else
            take_line(reading, &line);
    }
    return reading->wrong == 0;
}

/* What the centre has against the plan, by the lines of the file. */
static void tell_mistakes(struct reading *reading, const struct sapa_answer *answer, const char *error)
{
    json_t *told = json_loadb(answer->p ? answer->p : "", answer->n, 0, NULL);
    const json_t *errors = json_object_get(told, "errors"), *one;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)errors, i, one) {
        const json_int_t at = json_integer_value(json_object_get(one, "line"));
        const uint32_t line = at >= 1 && (size_t)at <= json_array_size(reading->items) ? reading->lines[at - 1] : 0;
        fprintf(stderr, "%s:%u: %s\n", reading->name, line, sapa_member(one, "reason"));
    }
    if (json_array_size(errors) == 0)
        fprintf(stderr, "sapa shifts: %s\n", error);
    else if (json_integer_value(json_object_get(told, "more")) > 0)
        fprintf(stderr, "… and %lld more\n", (long long)json_integer_value(json_object_get(told, "more")));
    json_decref(told);
}

static int send_plan(const struct wish *wish, struct reading *reading, const char *from, const char *to)
{
    char path[512], version[32], error_buf[600];
    struct sapa_text error, match;
    struct sapa_answer answer = { .p = NULL };

    path_of(wish, from, to, path, sizeof(path));
    json_t *now = sapa_ask_json(&wish->door, &(const struct sapa_question){ .method = "GET", .path = path });
    if (!now)
        return SAPA_EXIT_FAILED;
    sapa_text_init(&match, version, sizeof(version));
    sapa_text_printf(&match, "\"%lld\"", (long long)json_integer_value(json_object_get(now, "version")));
    json_decref(now);
    json_t *body = json_pack("{s:O,s:O}", "agents", reading->agents, "items", reading->items);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    sapa_text_init(&error, error_buf, sizeof(error_buf));
    sapa_rc rc = text ? sapa_ask(&wish->door, &(const struct sapa_question){ .method = "PUT", .path = path, .body = text, .body_n = strlen(text), .if_match = version, .limit_s = 120 },
                                 &answer, &error)
                      : SAPA_ENOMEM;
    if (rc != SAPA_OK)
        tell_mistakes(reading, &answer, error.n > 0 ? error_buf : sapa_rc_text(rc));
    else
        printf("%zu entries of %zu agents, from %s to %s (not included)\n", json_array_size(reading->items), json_array_size(reading->agents), from, to);
    sapa_answer_done(&answer);
    free(text);
    return rc == SAPA_OK ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
}

static int import(const struct wish *wish, const char *name)
{
    struct reading reading = { .name = name, .agents = json_array(), .items = json_array() };
    char from[16] = "", to[16] = "";
    uint8_t *text = NULL;
    size_t size = 0;
    int code = SAPA_EXIT_FAILED;
    sapa_rc rc = sapa_file_read(name, FILE_MAX, &text, &size);

    reading.lines = rc == SAPA_OK ? calloc(size / 4 + 1, sizeof(*reading.lines)) : NULL; /* no line is shorter */
    if (rc != SAPA_OK)
        fprintf(stderr, "sapa shifts: %s: %s\n", name, sapa_rc_text(rc));
    else if (!reading.lines || !reading.agents || !reading.items)
        fprintf(stderr, "sapa shifts: %s\n", sapa_rc_text(SAPA_ENOMEM));
    else if (read_plan(&reading, (struct sapa_str){ (const char *)text, size }) && reading.first == 0)
        fprintf(stderr, "%s: there is no shift in it\n", name);
    else if (reading.wrong == 0) {
        sapa_target_date(reading.first, from);
        sapa_target_date(sapa_shift_date_next(NULL, reading.last), to);
        code = send_plan(wish, &reading, wish->from[0] ? wish->from : from, wish->to[0] ? wish->to : to);
    }
    if (reading.wrong > WRONG_SHOWN)
        fprintf(stderr, "… and %u more\n", reading.wrong - WRONG_SHOWN);
    if (code != SAPA_EXIT_OK)
        fputs("nothing was changed\n", stderr);
    json_decref(reading.agents);
    json_decref(reading.items);
    free(reading.lines);
    free(text);
    return code;
}

/* ---- the day of an agent ---- */

static void print_share(const char *name, const json_t *value)
{
    if (json_is_number(value))
        printf("%s %.1f %%   ", name, 100 * json_number_value(value));
    else
        printf("%s –   ", name);
}

static int day(const struct wish *wish, const char *agent)
{
    char path_buf[512];
    struct sapa_text path;
    const json_t *item;
    size_t i, k;

    sapa_text_init(&path, path_buf, sizeof(path_buf));
    sapa_text_add(&path, SAPA_STR("/api/v1/agents/"));
    sapa_path_part(&path, agent);
    sapa_text_add(&path, SAPA_STR("/day"));
    sapa_path_add(&path, "day", wish->from);
    json_t *told = sapa_ask_json(&wish->door, &(const struct sapa_question){ .method = "GET", .path = path_buf, .files = true });
    if (!told)
        return SAPA_EXIT_FAILED;
    printf("%s, %s: ", sapa_member(told, "name"), sapa_member(told, "day"));
    print_share("adherence", json_object_get(told, "adherence"));
    print_share("conformance", json_object_get(told, "conformance"));
    print_share("availability", json_object_get(told, "availability"));
    print_share("occupancy", json_object_get(told, "occupancy"));
    printf("\n%-25s %-25s %-9s %-10s %-7s %-11s %s\n", "FROM", "TO", "PLANNED", "ACTUAL", "REASON", "VERDICT", "CONTACTS");
    json_array_foreach(json_object_get(told, "items"), i, item) {
        const json_t *contacts = json_object_get(item, "contacts");
        printf("%-25s %-25s %-9s %-10s %-7s %-11s ", sapa_member(item, "from"), sapa_member(item, "to"), sapa_member(item, "planned"), sapa_member(item, "actual"),
               sapa_member(item, "reason"), sapa_member(item, "verdict"));
        for (k = 0; k < json_array_size(contacts); k++)
            printf("%s%s", k ? " " : "", json_string_value(json_array_get(contacts, k)));
        if (json_integer_value(json_object_get(item, "contact_count")) > (json_int_t)k)
            printf(" … (%lld)", (long long)json_integer_value(json_object_get(item, "contact_count")));
        putchar('\n');
    }
    json_decref(told);
    return SAPA_EXIT_OK;
}

int sapa_shifts_main(int argc, char **argv)
{
    struct wish wish = { .door = { .command = "shifts", .data = sapa_data_default() }, .from = "", .to = "", .agent = "", .team = "" };
    const char *words[2] = { "", "" };
    size_t count = 0;
    const struct sapa_option options[] = {
        SAPA_DOOR_OPTIONS(&wish.door),
        { "from", SAPA_OPTION_TEXT, &wish.from, "DAY", "from this day on, 2026-11-22 (today; import: the first of the file; day: which one)", 0, 0 },
        { "to", SAPA_OPTION_TEXT, &wish.to, "DAY", "up to this day, not included (seven days; import: the day after the last of the file)", 0, 0 },
        { "agent", SAPA_OPTION_TEXT, &wish.agent, "KEY", "export: of this agent alone", 0, 0 },
        { "team", SAPA_OPTION_TEXT, &wish.team, "KEY", "export: of this team alone", 0, 0 },
    };
    const int usage = sapa_command_options("shifts", argc, argv, options, SAPA_COUNT(options), words, 2, &count);

    if (usage >= 0)
        return usage;
    if (strcmp(words[0], "export") == 0)
        return export(&wish, words[1]);
    if (strcmp(words[0], "import") == 0 && count == 2 && !wish.agent[0] && !wish.team[0])
        return import(&wish, words[1]);
    if (strcmp(words[0], "day") == 0 && count == 2)
        return day(&wish, words[1]);
    return sapa_command_wrong("shifts", "import FILE.csv, export [FILE.csv], or day AGENT");
}
