/**
 * @file app/cmd_contact.c
 * Commands about single contacts: contacts, why, recording.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/ask.h"
#include "app/commands.h"
#include "app/log_open.h"
#include "http/route.h"
#include "report/call.h"
#include "report/names.h"
#include "report/words.h"
#include "rt/clock.h"
#include "store/history.h"

enum { LAST_MAX = 1000, WAV_HEAD = 44, RATE = 8000 };

/* Names come from callers' telephones: what would move a terminal's cursor is shown as a question mark. */
static void print_line(void *ctx, struct sapa_str line)
{
    (void)ctx;
    for (size_t i = 0; i < line.n; i++) {
        const uint8_t c = (uint8_t)line.p[i], next = i + 1 < line.n ? (uint8_t)line.p[i + 1] : 0;
        if (c == 0xc2 && next >= 0x80 && next < 0xa0) /* U+0080..U+009F */
            i++;
        putchar((c < ' ' && c != '\t') || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0) ? '?' : c);
    }
    putchar('\n');
}

static const struct sapa_lines lines_out = { print_line, NULL };

static const struct sapa_zone *zone_of(const struct sapa_centre *centre)
{
    return centre && centre->system.zone < centre->zones_count ? &centre->zones[centre->system.zone] : NULL;
}

static bool wrong_language(const char *language)
{
    return strcmp(language, "id") != 0 && strcmp(language, "en") != 0;
}

static enum sapa_language language_of(const char *language)
{
    return strcmp(language, "en") == 0 ? SAPA_LANGUAGE_EN : SAPA_LANGUAGE_ID;
}

/* ---- contacts ---- */

/* Calls `each` for every object of a list, page after page. @return false: it failed, and was said */
static bool each_page(const struct sapa_door *door, struct sapa_question *question, void (*each)(void *ctx, const json_t *item), void *ctx)
{
    const char *first = question->path;
    char path[300];
    struct sapa_text text;

    for (;;) {
        json_t *page = sapa_ask_json(door, question), *item;
        size_t i;
        if (!page)
            return false;
        json_array_foreach(json_object_get(page, "items"), i, item)
            each(ctx, item);
        const char *next = json_string_value(json_object_get(page, "next"));
        sapa_text_init(&text, path, sizeof(path));
        sapa_text_add(&text, sapa_str_of(first));
        if (next)
            sapa_path_add(&text, "cursor", next);
        const bool more = next != NULL;
        json_decref(page);
        if (!more)
            return true;
        question->path = path;
    }
}

static long long seconds_of(const json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name)) / 1000;
}

/* The API speaks English; a person reads his own words. */
static const char *place_of(const json_t *contact, enum sapa_language language)
{
    const char *name = sapa_member(contact, "place");

    for (unsigned place = 0; place < SAPA_PLACE_COUNT; place++)
        if (strcmp(sapa_place_name(place), name) == 0)
            return sapa_word_place(place, language);
    return name;
}

struct living {
    enum sapa_language language;
    unsigned count;
};

static void print_contact(void *ctx, const json_t *contact)
{
    static const char *const heads[SAPA_LANGUAGE_COUNT][8] = {
        [SAPA_LANGUAGE_ID] = { "KONTAK", "TEMPAT", "KLIEN", "ANTREAN", "AGEN", "TUNGGU d", "SINI d", "PERKIRAAN TUNGGU" },
        [SAPA_LANGUAGE_EN] = { "CONTACT", "PLACE", "CLIENT", "QUEUE", "AGENT", "WAIT s", "HERE s", "EXPECTED WAIT" },
    };
    struct living *living = ctx;
    const char *const *head = heads[living->language];
    const bool id = living->language == SAPA_LANGUAGE_ID;
    const json_t *p50 = json_object_get(contact, "ewt_p50_ms");
    int64_t since_us = 0;

    if (living->count++ == 0)
        printf("%-20s %-13s %-16s %-20s %-12s %8s %8s %s\n", head[0], head[1], head[2], head[3], head[4], head[5], head[6], head[7]);
    if (sapa_time_parse(sapa_str_of(sapa_member(contact, "since")), &since_us) != SAPA_OK)
        since_us = sapa_wall_us();
    printf("%-20s %-13s %-16s %-20s %-12s %8lld %8lld", sapa_member(contact, "id"), place_of(contact, living->language),
           sapa_member(contact, "client"), sapa_member(contact, "queue"), sapa_member(contact, "agent"),
           seconds_of(contact, "wait_ms"), (long long)SAPA_MAX(sapa_wall_us() - since_us, INT64_C(0)) / 1000000);
    if (json_object_get(contact, "position"))
        printf(id ? " urutan %lld" : " place %lld", (long long)json_integer_value(json_object_get(contact, "position")));
    if (json_is_null(p50))
        printf(id ? ", belum diketahui" : ", unknown");
    else if (p50)
        printf(id ? ", %lld d (9 dari 10 dalam %lld d)" : ", %lld s (9 of 10 within %lld s)", seconds_of(contact, "ewt_p50_ms"), seconds_of(contact, "ewt_p90_ms"));
    putchar('\n');
}

/* The last finished ones, from the log. */
struct last {
    struct sapa_log_open *log;
    struct sapa_names names;
    struct sapa_calls calls;
    const struct sapa_centre *centre;
    struct sapa_call *kept; /* a ring of `size` */
    size_t size, count;
    sapa_rc rc;
};

static void keep_call(void *ctx, const struct sapa_call *call)
{
    struct last *last = ctx;

    last->kept[last->count++ % last->size] = *call;
}

static bool last_record(void *ctx, const struct sapa_record *record)
{
    struct last *last = ctx;

    if (record->type == SAPA_T_centre_started) {
        last->centre = sapa_log_centre(last->log, sapa_sized_str(&record->u.centre_started.centre_hash));
        if (!last->centre || sapa_names_take(&last->names, last->centre) != SAPA_OK)
            return false;
    }
    last->rc = sapa_calls_fold(&last->calls, record);
    return last->rc == SAPA_OK;
}

/* `party_type`: enum sapa_party_type + 1; 0: all */
static int last_contacts(const char *data, size_t size, const struct sapa_call_show *wish, unsigned party_type, bool json)
{
    struct sapa_log_open log;
    static char buf[16384];

    if (sapa_log_open(data, &log) != SAPA_OK)
        return SAPA_EXIT_FAILED;
    struct last last = { .log = &log, .size = size, .kept = calloc(size, sizeof(struct sapa_call)) };
    if (!last.kept)
        return SAPA_EXIT_FAILED;
    sapa_names_init(&last.names, sapa_memory_heap());
    sapa_calls_init(&last.calls, sapa_memory_heap(), &last.names);
    last.calls.finished = keep_call;
    last.calls.ctx = &last;
    sapa_rc rc = sapa_log_each(&log, 1, !wish->show_pii, last_record, &last);
    rc = rc != SAPA_OK ? rc : last.rc;
    sapa_calls_flush(&last.calls); /* who has just left is shown, without his leg's last report */
    struct sapa_call_show show = *wish;
    show.names = &last.names, show.zone = zone_of(last.centre);
    const size_t shown = SAPA_MIN(last.count, size);
    for (size_t i = last.count - shown; rc == SAPA_OK && i < last.count; i++) {
        const struct sapa_call *call = &last.kept[i % size];
        struct sapa_text text;
        if (sapa_contact_party_type_said(log.store, call->contact, &show.party_type) != SAPA_OK)
            show.party_type = 0; /* as it was when the record was closed */
        if (party_type != 0 && party_type != sapa_call_party_type(call, &show))
            continue;
        sapa_text_init(&text, buf, sizeof(buf));
        if (json) {
            sapa_call_json(call, &show, &text);
            puts(buf);
        } else {
            sapa_call_print(call, &show, &lines_out);
            putchar('\n');
        }
    }
    sapa_calls_done(&last.calls);
    sapa_names_done(&last.names);
    free(last.kept);
    sapa_log_close(&log);
    return rc == SAPA_OK ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
}

int sapa_contacts_main(int argc, char **argv)
{
    struct sapa_door door = { .command = "contacts", .data = sapa_data_default() };
    const char *language = "id", *party = NULL;
    char path[80] = "/api/v1/contacts?times=true&limit=500";
    uint64_t last = 0;
    bool json = false, show = false;
    const struct sapa_option options[] = {
        SAPA_DOOR_OPTIONS(&door),
        { "party", SAPA_OPTION_TEXT, &party, "TYPE", "only these: customer, prospect or internal to the client; with --last: of the last N", 0, 0 },
        { "last", SAPA_OPTION_NUMBER, &last, "N", "the last N that ended, from the log, instead of the living", 1, LAST_MAX },
        { "show-numbers", SAPA_OPTION_FLAG, &show, NULL, "with --last: callers' numbers in full", 0, 0 },
        { "json", SAPA_OPTION_FLAG, &json, NULL, "with --last: one JSON object a line", 0, 0 },
        { "language", SAPA_OPTION_TEXT, &language, "id|en", "language (id)", 0, 0 },
    };
    struct sapa_question question = { .method = "GET", .path = path };
    const int usage = sapa_command_options("contacts", argc, argv, options, SAPA_COUNT(options), NULL, 0, NULL);

    if (usage >= 0)
        return usage;
    if (wrong_language(language))
        return sapa_command_wrong("contacts", "--language is id or en");
    unsigned party_type = 0; /* enum sapa_party_type + 1; 0: all */
    while (party && party_type < SAPA_PARTY_TYPE_COUNT && strcmp(party, sapa_party_type_name(party_type)) != 0)
        party_type++;
    if (party && party_type == SAPA_PARTY_TYPE_COUNT)
        return sapa_command_wrong("contacts", "--party is customer, prospect or internal");
    if (party) {
        struct sapa_text text;
        const size_t n = strlen(path);
        sapa_text_init(&text, path + n, sizeof(path) - n);
        sapa_text_printf(&text, "&party_type=%s", sapa_party_type_name(party_type++));
    }
    if (last > 0 && door.url)
        return sapa_command_wrong("contacts", "--last reads the log where it is; with --url, ask for what is over by sapa api GET '/api/v1/contacts/past?from=TIME'");
    if (last > 0) {
        const struct sapa_call_show wish = { .language = language_of(language), .show_pii = show };
        return last_contacts(door.data, last, &wish, party_type, json);
    }
    if (show || json)
        return sapa_command_wrong("contacts", "--%s goes with --last", json ? "json" : "show-numbers");
    struct living living = { .language = language_of(language) };
    if (!each_page(&door, &question, print_contact, &living))
        return SAPA_EXIT_FAILED;
    if (living.count == 0)
        puts(living.language == SAPA_LANGUAGE_ID ? "tidak ada kontak saat ini" : "nobody is in the centre now");
    return SAPA_EXIT_OK;
}

/* ---- why ---- */

/* Calls that agents were not allowed to place: they have no contact of their own. */
static void tell_denial(void *ctx, const json_t *denied)
{
    unsigned *count = ctx;

    print_line(NULL, sapa_str_of(sapa_member(denied, "text")));
    ++*count;
}

static int tell_denials(const struct sapa_door *door, const char *language)
{
    char path[96];
    struct sapa_question question = { .method = "GET", .path = path, .files = true };
    unsigned count = 0;

    snprintf(path, sizeof(path), "/api/v1/denied-calls?from=1970-01-01T00:00:00Z&limit=500&language=%s", language);
    if (!each_page(door, &question, tell_denial, &count))
        return SAPA_EXIT_FAILED;
    if (count == 0)
        puts(language_of(language) == SAPA_LANGUAGE_ID ? "belum ada panggilan yang ditolak" : "no call has been denied");
    return SAPA_EXIT_OK;
}

/* As it is now; nothing for what is over. */
static void tell_now(const json_t *why, enum sapa_language language)
{
    const bool id = language == SAPA_LANGUAGE_ID;

    if (!json_is_string(json_object_get(why, "place")))
        return;
    printf("%s: %s", id ? "sekarang" : "now", place_of(why, language));
    if (json_is_integer(json_object_get(why, "position")))
        printf(id ? ", urutan %lld dalam antrean, sudah menunggu %lld d" : ", place %lld in the line, waiting for %lld s", (long long)json_integer_value(json_object_get(why, "position")),
               seconds_of(why, "wait_ms"));
    putchar('\n');
}

int sapa_why_main(int argc, char **argv)
{
    struct sapa_door door = { .command = "why", .data = sapa_data_default() };
    const char *language = "id", *word = NULL;
    char path[128];
    uint64_t contact;
    size_t words = 0, i;
    bool denied = false;
    json_t *line;
    const struct sapa_option options[] = {
        SAPA_DOOR_OPTIONS(&door),
        { "denied", SAPA_OPTION_FLAG, &denied, NULL, "instead of a contact: every call that an agent was not allowed to place, and why", 0, 0 },
        { "language", SAPA_OPTION_TEXT, &language, "id|en", "language of the sentences (id)", 0, 0 },
    };
    const int usage = sapa_command_options("why", argc, argv, options, SAPA_COUNT(options), &word, 1, &words);

    if (usage >= 0)
        return usage;
    if (wrong_language(language))
        return sapa_command_wrong("why", "--language is id or en");
    if (denied && words == 0)
        return tell_denials(&door, language);
    if (denied || words != 1 || sapa_str_u64(sapa_str_of(word), UINT64_MAX, &contact) != SAPA_OK)
        return sapa_command_wrong("why", "name a contact by its number, as `sapa contacts` shows it");
    snprintf(path, sizeof(path), "/api/v1/contacts/%s/why?language=%s", word, language);
    json_t *why = sapa_ask_json(&door, &(const struct sapa_question){ .method = "GET", .path = path, .files = true });
    if (!why)
        return SAPA_EXIT_FAILED;
    json_array_foreach(json_object_get(why, "lines"), i, line)
        print_line(NULL, sapa_str_of(json_is_string(line) ? json_string_value(line) : ""));
    tell_now(why, language_of(language));
    json_decref(why);
    return SAPA_EXIT_OK;
}

/* ---- recording ---- */

static void print_recording(void *ctx, const json_t *recording)
{
    size_t *listed = ctx;

    if (strcmp(sapa_member(recording, "state"), "failed") == 0)
        return;
    if ((*listed)++ == 0)
        printf("%-20s %-20s %10s %9s %9s  %-24s %-9s %s\n", "RECORDING", "CONTACT", "RECORDED s", "MASKED s", "KIB", "ENDED", "STATE", "CLIENT");
    printf("%-20s %-20s %10lld %9lld %9lld  %-24s %-9s %s\n", sapa_member(recording, "id"), sapa_member(recording, "contact"),
           seconds_of(recording, "recorded_ms"), seconds_of(recording, "masked_ms"),
           (long long)json_integer_value(json_object_get(recording, "bytes")) / 1024, sapa_member(recording, "ended"),
           sapa_member(recording, "state"), sapa_member(recording, "client"));
}

/* The sound goes to the file as it comes; what came is told. */
static sapa_rc take_audio(const struct sapa_door *door, const char *number, FILE *out, double *ret_s, unsigned *ret_channels)
{
    char path[128], buf[900];
    uint8_t head[WAV_HEAD];
    struct sapa_text error;
    struct sapa_answer answer;

    snprintf(path, sizeof(path), "/api/v1/recordings/%s/audio", number);
    sapa_text_init(&error, buf, sizeof(buf));
    sapa_rc rc = sapa_ask(door, &(const struct sapa_question){ .method = "GET", .path = path, .out = out, .files = true }, &answer, &error);
    sapa_answer_done(&answer);
    const long n = rc == SAPA_OK && fflush(out) == 0 ? ftell(out) : -1;
    if (rc == SAPA_OK && (n < WAV_HEAD || fseek(out, 0, SEEK_SET) != 0 || fread(head, 1, WAV_HEAD, out) != WAV_HEAD))
        rc = SAPA_EIO;
    if (rc == SAPA_OK) {
        *ret_channels = head[22];
        *ret_s = (double)(n - WAV_HEAD) / (RATE * 2.0 * SAPA_MAX(*ret_channels, 1u));
    } else {
        fprintf(stderr, "sapa recording: %s\n", error.n > 0 ? buf : "it cannot be written");
    }
    return rc;
}

static int write_wav(const struct sapa_door *door, const char *number, const char *wav)
{
    char path[128];
    double seconds = 0;
    unsigned channels = 0;

    snprintf(path, sizeof(path), "/api/v1/recordings/%s?check=true", number);
    json_t *recording = sapa_ask_json(door, &(const struct sapa_question){ .method = "GET", .path = path, .files = true });
    if (!recording)
        return SAPA_EXIT_FAILED;
    FILE *out = fopen(wav, "w+b");
    if (!out)
        perror(wav);
    sapa_rc rc = out ? take_audio(door, number, out, &seconds, &channels) : SAPA_EIO;
    if (out && fclose(out) != 0)
        rc = SAPA_EIO;
    if (out && rc != SAPA_OK)
        (void)unlink(wav);
    const json_t *intact = json_object_get(recording, "intact");
    if (rc == SAPA_OK)
        printf("%s: %.1f s, %u channel%s, masked %.1f s, every chunk authentic, hash %s\n", wav, seconds, channels,
               channels == 1 ? "" : "s (left: customer, right: agent)", (double)json_integer_value(json_object_get(recording, "masked_ms")) / 1000.0,
               json_is_null(intact) ? "not logged" : json_is_true(intact) ? "as logged" : "NOT as logged");
    const int exit_code = rc == SAPA_OK && !json_is_false(intact) ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
    json_decref(recording);
    return exit_code;
}

int sapa_recording_main(int argc, char **argv)
{
    struct sapa_door door = { .command = "recording", .data = sapa_data_default() };
    struct sapa_question question = { .method = "GET", .path = "/api/v1/recordings?from=1970-01-01T00:00:00Z&limit=500", .files = true };
    const char *words[2];
    uint64_t number;
    size_t count = 0, listed = 0;
    const struct sapa_option options[] = { SAPA_DOOR_OPTIONS(&door) };
    const int usage = sapa_command_options("recording", argc, argv, options, SAPA_COUNT(options), words, 2, &count);

    if (usage >= 0)
        return usage;
    if (count == 1 || (count == 2 && (sapa_str_u64(sapa_str_of(words[0]), UINT64_MAX, &number) != SAPA_OK || number == 0)))
        return sapa_command_wrong("recording", "without words it lists; with NUMBER FILE.wav it writes one");
    umask(077); /* what people said is not for everybody on this machine */
    if (count == 2)
        return write_wav(&door, words[0], words[1]);
    if (!each_page(&door, &question, print_recording, &listed))
        return SAPA_EXIT_FAILED;
    if (listed == 0)
        puts("nothing is recorded yet");
    return SAPA_EXIT_OK;
}
