/**
 * @file app/cmd_contact.c
 * Commands about single contacts: contacts, why, recording.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "app/commands.h"
#include "app/console.h"
#include "app/log_open.h"
#include "app/recording_key.h"
#include "media/recording.h"
#include "report/call.h"
#include "report/names.h"
#include "report/why.h"

enum { ASK_LIMIT_MS = 3000, LAST_DEFAULT = 20, LAST_MAX = 1000 };

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

static void console_path(const char *data, char *buf, size_t size)
{
    snprintf(buf, size, "%s/console.sock", data);
}

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

static const char *member(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));

    return text ? text : "-";
}

static void print_contact(void *ctx, const json_t *row)
{
    unsigned *count = ctx;
    const json_t *p50 = json_object_get(row, "ewt_p50_ms");

    if ((*count)++ == 0)
        printf("%-20s %-9s %-16s %-20s %-10s %8s %8s %s\n", "CONTACT", "PLACE", "CLIENT", "QUEUE", "AGENT", "WAIT s",
               "HERE s", "EXPECTED WAIT");
    printf("%-20s %-9s %-16s %-20s %-10s %8lld %8lld", member(row, "contact"), member(row, "place"),
           member(row, "client"), member(row, "queue"), member(row, "agent"),
           (long long)json_integer_value(json_object_get(row, "wait_ms")) / 1000,
           (long long)json_integer_value(json_object_get(row, "here_ms")) / 1000);
    if (json_integer_value(json_object_get(row, "position")) > 0)
        printf(" place %lld", (long long)json_integer_value(json_object_get(row, "position")));
    if (json_is_null(p50))
        printf(", unknown");
    else if (p50)
        printf(", %lld s (9 of 10 within %lld s)", (long long)json_integer_value(p50) / 1000,
               (long long)json_integer_value(json_object_get(row, "ewt_p90_ms")) / 1000);
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

static int last_contacts(const char *data, size_t size, const struct sapa_call_show *wish, bool json)
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
    const char *data = sapa_data_default(), *language = "id";
    uint64_t last = 0;
    bool json = false, show = false;
    const struct sapa_option options[] = {
        { "data", SAPA_OPTION_TEXT, &data, "DIR", "folder of the centre (the one started last)", 0, 0 },
        { "last", SAPA_OPTION_NUMBER, &last, "N", "the last N that ended, from the log, instead of the living", 1, LAST_MAX },
        { "show-numbers", SAPA_OPTION_FLAG, &show, NULL, "with --last: callers' numbers in full", 0, 0 },
        { "json", SAPA_OPTION_FLAG, &json, NULL, "with --last: one JSON object a line", 0, 0 },
        { "language", SAPA_OPTION_TEXT, &language, "id|en", "language (id)", 0, 0 },
    };
    char path[512], error_buf[300];
    struct sapa_text error;
    unsigned count = 0;
    const int usage = sapa_command_options("contacts", argc, argv, options, SAPA_COUNT(options), NULL, 0, NULL);

    if (usage >= 0)
        return usage;
    if (wrong_language(language))
        return sapa_command_wrong("contacts", "--language is id or en");
    if (last > 0) {
        const struct sapa_call_show wish = { .language = language_of(language), .show_pii = show };
        return last_contacts(data, last, &wish, json);
    }
    console_path(data, path, sizeof(path));
    sapa_text_init(&error, error_buf, sizeof(error_buf));
    if (sapa_console_ask(path, json_pack("{s:s}", "do", "contacts"), ASK_LIMIT_MS, print_contact, &count, &error) != SAPA_OK) {
        fprintf(stderr, "sapa contacts: %s\n", error_buf);
        return SAPA_EXIT_FAILED;
    }
    if (count == 0)
        puts("nobody is in the centre now");
    return SAPA_EXIT_OK;
}

/* ---- why ---- */

struct telling {
    struct sapa_log_open *log;
    struct sapa_story story;
    uint64_t last_seq; /* stop behind it, 0: read to the end */
    bool over;
};

static bool tell_record(void *ctx, const struct sapa_record *record)
{
    struct telling *telling = ctx;

    if (record->type == SAPA_T_centre_started) {
        telling->story.words.centre = sapa_log_centre(telling->log, sapa_sized_str(&record->u.centre_started.centre_hash));
        telling->story.zone = zone_of(telling->story.words.centre);
    }
    telling->over |= record->type == SAPA_T_contact_ended && sapa_record_contact(record) == telling->story.contact;
    sapa_story_fold(&telling->story, record, &lines_out);
    return telling->last_seq == 0 || record->seq < telling->last_seq;
}

/* The description that was in force when the story begins. */
struct in_force {
    struct sapa_text64 hash;
    uint64_t before; /* read no further */
};

static bool find_centre(void *ctx, const struct sapa_record *record)
{
    struct in_force *in_force = ctx;

    if (record->type == SAPA_T_centre_started)
        in_force->hash = record->u.centre_started.centre_hash;
    return record->seq < in_force->before;
}

static void tell_now(void *ctx, const json_t *row)
{
    struct telling *telling = ctx;
    const char *hex = json_string_value(json_object_get(row, "why"));
    uint8_t bytes[SAPA_RECORD_ENCODED_MAX];
    size_t n = 0;
    struct sapa_record why;

    printf("now: %s", member(row, "place"));
    if (json_integer_value(json_object_get(row, "position")) > 0)
        printf(", place %lld in the line, waiting for %lld s", (long long)json_integer_value(json_object_get(row, "position")),
               (long long)json_integer_value(json_object_get(row, "wait_ms")) / 1000);
    putchar('\n');
    for (; hex && hex[0] && hex[1] && n < sizeof(bytes); hex += 2) {
        unsigned byte;
        if (sscanf(hex, "%2x", &byte) != 1)
            return;
        bytes[n++] = (uint8_t)byte;
    }
    if (n > 0 && sapa_record_decode((struct sapa_str){ (char *)bytes, n }, (struct sapa_str){ NULL, 0 }, &why) == SAPA_OK)
        sapa_story_now(&telling->story, &why, &lines_out);
}

/* Calls that agents were not allowed to place: they have no contact of their own. */
struct denials {
    struct sapa_log_open *log;
    struct sapa_why_words words;
    unsigned count;
};

static bool tell_denial(void *ctx, const struct sapa_record *record)
{
    struct denials *denials = ctx;
    char buf[400];
    struct sapa_text line;

    if (record->type == SAPA_T_centre_started)
        denials->words.centre = sapa_log_centre(denials->log, sapa_sized_str(&record->u.centre_started.centre_hash));
    if (record->type != SAPA_T_call_denied)
        return true;
    sapa_text_init(&line, buf, sizeof(buf));
    sapa_denied_print(record, &denials->words, zone_of(denials->words.centre), &line);
    print_line(NULL, sapa_text_str(&line));
    denials->count++;
    return true;
}

static int tell_denials(const char *data, enum sapa_language language)
{
    struct sapa_log_open log;
    struct denials denials = { .log = &log, .words = { .language = language } };

    if (sapa_log_open(data, &log) != SAPA_OK)
        return SAPA_EXIT_FAILED;
    const sapa_rc rc = sapa_log_each(&log, 1, true, tell_denial, &denials);
    if (rc == SAPA_OK && denials.count == 0)
        puts(language == SAPA_LANGUAGE_ID ? "belum ada panggilan yang ditolak" : "no call has been denied");
    sapa_log_close(&log);
    return rc == SAPA_OK ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
}

int sapa_why_main(int argc, char **argv)
{
    const char *data = sapa_data_default(), *language = "id", *word = NULL;
    size_t words = 0;
    bool denied = false;
    const struct sapa_option options[] = {
        { "data", SAPA_OPTION_TEXT, &data, "DIR", "folder of the centre (the one started last)", 0, 0 },
        { "denied", SAPA_OPTION_FLAG, &denied, NULL, "instead of a contact: every call that an agent was not allowed to place, and why", 0, 0 },
        { "language", SAPA_OPTION_TEXT, &language, "id|en", "language of the sentences (id)", 0, 0 },
    };
    struct sapa_log_open log;
    uint64_t contact, first;
    const int usage = sapa_command_options("why", argc, argv, options, SAPA_COUNT(options), &word, 1, &words);

    if (usage >= 0)
        return usage;
    if (wrong_language(language))
        return sapa_command_wrong("why", "--language is id or en");
    if (denied && words == 0)
        return tell_denials(data, language_of(language));
    if (denied || words != 1 || sapa_str_u64(sapa_str_of(word), UINT64_MAX, &contact) != SAPA_OK)
        return sapa_command_wrong("why", "name a contact by its number, as `sapa contacts` shows it");
    if (sapa_log_open(data, &log) != SAPA_OK)
        return SAPA_EXIT_FAILED;
    struct telling telling = { .log = &log };
    struct in_force in_force = { .before = 0 };
    sapa_rc rc = sapa_store_contact_span(log.store, contact, &first, &telling.last_seq);
    if (rc == SAPA_ENOENT) {
        fprintf(stderr, "sapa why: there is no contact %s in this log\n", word);
    } else if (rc == SAPA_OK) {
        /* the index knows where it stands; a log begun by an older build is read from its start */
        uint64_t start = 1;
        in_force.before = first;
        rc = sapa_store_centre_start(log.store, first, &start);
        if (rc == SAPA_OK)
            in_force.before = start;
        if (rc == SAPA_OK || rc == SAPA_ENOENT)
            rc = sapa_log_each(&log, start, true, find_centre, &in_force);
        const struct sapa_centre *centre = sapa_log_centre(&log, sapa_sized_str(&in_force.hash));
        const struct sapa_why_words why_words = { .centre = centre, .language = language_of(language) };
        sapa_story_init(&telling.story, contact, &why_words, zone_of(centre));
        if (rc == SAPA_OK)
            rc = sapa_log_each(&log, first, true, tell_record, &telling);
        if (rc == SAPA_OK && !telling.over) { /* it lives: ask the centre, when there is one */
            char path[512], error_buf[300];
            struct sapa_text error;
            console_path(data, path, sizeof(path));
            sapa_text_init(&error, error_buf, sizeof(error_buf));
            if (sapa_console_ask(path, json_pack("{s:s,s:s}", "do", "why", "contact", word), ASK_LIMIT_MS, tell_now, &telling,
                                 &error) != SAPA_OK)
                printf("now: unknown, %s\n", error_buf);
        }
    }
    sapa_log_close(&log);
    return rc == SAPA_OK ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
}

/* ---- recording ---- */

struct searching {
    uint64_t recording; /* 0: list */
    size_t listed;
    struct sapa_rec_recording_state found;
};

static bool search_record(void *ctx, const struct sapa_record *record)
{
    struct searching *searching = ctx;
    const struct sapa_rec_recording_state *state = &record->u.recording_state;

    if (record->type != SAPA_T_recording_state || state->path.n == 0)
        return true;
    if (searching->recording == 0 && (state->state == 3 || state->state == 5)) {
        if (searching->listed++ == 0)
            printf("%-20s %-20s %10s %9s %9s  %s\n", "RECORDING", "CONTACT", "RECORDED s", "MASKED s", "KIB", "FILE");
        printf("%-20llu %-20llu %10llu %9llu %9llu  " SAPA_STR_FMT "\n", (unsigned long long)state->recording,
               (unsigned long long)state->contact, (unsigned long long)state->recorded_ms / 1000,
               (unsigned long long)state->masked_ms / 1000, (unsigned long long)state->bytes / 1024,
               SAPA_STR_ARG(sapa_sized_str(&state->path)));
    } else if (searching->recording == state->recording) {
        searching->found = *state;
    }
    return true;
}

static sapa_rc write_wav(const struct sapa_log_open *log, const char *data, const struct sapa_rec_recording_state *state,
                         const char *wav)
{
    struct sapa_recording_head head;
    struct sapa_recording_info info;
    struct sapa_key key;
    char path[512], hash[SAPA_HASH_TEXT_SIZE];

    snprintf(path, sizeof(path), "%s/recordings/" SAPA_STR_FMT, data, SAPA_STR_ARG(sapa_sized_str(&state->path)));
    sapa_rc rc = sapa_recording_head_read(path, &head);
    if (rc == SAPA_OK)
        rc = sapa_recording_key_open(log->store, state->recording, head.wrapped, head.wrapped_size, key.bytes);
    if (rc != SAPA_OK) {
        fprintf(stderr, "sapa recording: %s: %s\n", path,
                rc == SAPA_ENOENT ? "the file is gone, or the person was erased" : sapa_rc_text(rc));
        return rc;
    }
    rc = sapa_recording_to_wav(path, &key, wav, &info);
    sapa_wipe(&key, sizeof(key));
    if (rc != SAPA_OK) {
        fprintf(stderr, "sapa recording: %s: %s\n", path, sapa_rc_text(rc));
        return rc;
    }
    sapa_hex(info.hash, sizeof(info.hash), hash);
    const bool same = state->hash.n == 0 || sapa_str_eq(sapa_str_of(hash), sapa_sized_str(&state->hash));
    printf("%s: %.1f s, %u channel%s, masked %.1f s, every chunk authentic, hash %s\n", wav, (double)info.frames / 8000.0,
           head.channels, head.channels == 1 ? "" : "s (left: customer, right: agent)", (double)info.masked_ms / 1000.0,
           state->hash.n == 0 ? "not logged yet" : same ? "as logged" : "NOT as logged");
    return same ? SAPA_OK : SAPA_ECORRUPT;
}

int sapa_recording_main(int argc, char **argv)
{
    const char *data = sapa_data_default(), *words[2];
    size_t count = 0;
    const struct sapa_option options[] = {
        { "data", SAPA_OPTION_TEXT, &data, "DIR", "folder of the centre (the one started last)", 0, 0 },
    };
    static struct searching searching;
    struct sapa_log_open log;
    const int usage = sapa_command_options("recording", argc, argv, options, SAPA_COUNT(options), words, 2, &count);

    if (usage >= 0)
        return usage;
    if (count == 1 || (count == 2 && (sapa_str_u64(sapa_str_of(words[0]), UINT64_MAX, &searching.recording) != SAPA_OK ||
                                      searching.recording == 0)))
        return sapa_command_wrong("recording", "without words it lists; with NUMBER FILE.wav it writes one");
    if (sapa_log_open(data, &log) != SAPA_OK)
        return SAPA_EXIT_FAILED;
    umask(077); /* what people said is not for everybody on this machine */
    sapa_rc rc = sapa_log_each(&log, 1, true, search_record, &searching);
    if (rc == SAPA_OK && count == 2 && searching.found.recording == 0) {
        fprintf(stderr, "sapa recording: there is no recording %s in this log\n", words[0]);
        rc = SAPA_ENOENT;
    } else if (rc == SAPA_OK && count == 2) {
        rc = write_wav(&log, data, &searching.found, words[1]);
    } else if (rc == SAPA_OK && searching.listed == 0) {
        puts("nothing is recorded yet");
    }
    sapa_log_close(&log);
    return rc == SAPA_OK ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
}
