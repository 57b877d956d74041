/**
 * @file app/cmd_log.c
 * Commands that read the log: report, verify, replay.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/engine.h"
#include "app/log_open.h"
#include "report/nodes.h"
#include "report/print.h"
#include "report/report.h"

static void print_line(void *ctx, struct sapa_str line)
{
    fwrite(line.p, 1, line.n, ctx);
    fputc('\n', ctx);
}

/* Long work shows its progress, on a terminal only. */
static void progress(const char *what, uint64_t records)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%s: %llu records\x1b[K", what, (unsigned long long)records);
}

static void progress_end(void)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\x1b[K", stderr);
}

/* ---- report ---- */

/* "2026-11-21" or "2026-11-21T08:15" in local time of the zone, as UTC seconds. */
static bool parse_time(const char *text, const struct sapa_zone *zone, int64_t *ret_s)
{
    struct sapa_str clock, minute;
    const struct sapa_str day = sapa_str_cut(sapa_str_of(text), 'T', &clock);
    uint64_t h = 0, m = 0;
    int32_t date;

    if (sapa_zone_date(day, &date) != SAPA_OK)
        return false;
    if (clock.p) {
        const struct sapa_str hour = sapa_str_cut(clock, ':', &minute);
        if (sapa_str_u64(hour, 23, &h) != SAPA_OK || sapa_str_u64(minute, 59, &m) != SAPA_OK)
            return false;
    }
    *ret_s = sapa_zone_midnight(zone, date) + (int64_t)(h * 3600 + m * 60);
    return true;
}

struct folding {
    struct sapa_report report;
    uint64_t records;
    sapa_rc rc;
    const char *what;
};

static bool fold_record(void *ctx, const struct sapa_record *record)
{
    struct folding *folding = ctx;

    if (++folding->records % 100000 == 0)
        progress(folding->what, folding->records);
    folding->rc = sapa_report_fold(&folding->report, record);
    return folding->rc == SAPA_OK;
}

/* The zone of the description that was in force last. */
static bool last_zone(void *ctx, const struct sapa_record *record)
{
    struct sapa_text64 *hash = ctx;

    if (record->type == SAPA_T_centre_started)
        *hash = record->u.centre_started.centre_hash;
    return true;
}

static const struct sapa_centre *centre_of_log(struct sapa_log_open *log)
{
    struct sapa_text64 hash = { .n = 0 };

    if (sapa_log_each(log, 1, true, last_zone, &hash) != SAPA_OK || hash.n == 0)
        return NULL;
    return sapa_log_centre(log, sapa_sized_str(&hash));
}

struct node_folding {
    struct sapa_log_open *log;
    struct sapa_nodes nodes;
    uint64_t records;
    sapa_rc rc;
};

static bool fold_nodes(void *ctx, const struct sapa_record *record)
{
    struct node_folding *folding = ctx;

    if (++folding->records % 100000 == 0)
        progress("report", folding->records);
    if (record->type == SAPA_T_centre_started) {
        const struct sapa_centre *centre = sapa_log_centre(folding->log, sapa_sized_str(&record->u.centre_started.centre_hash));
        folding->rc = centre ? sapa_nodes_take(&folding->nodes, centre) : SAPA_ENOENT;
    }
    if (folding->rc == SAPA_OK)
        folding->rc = sapa_nodes_fold(&folding->nodes, record);
    return folding->rc == SAPA_OK;
}

/* What callers did in the menus. */
static sapa_rc report_nodes(struct sapa_log_open *log, const struct sapa_interval_options *bounds,
                            const struct sapa_print_options *print, const struct sapa_lines *lines)
{
    static struct node_folding folding;

    folding.log = log;
    sapa_nodes_init(&folding.nodes, sapa_memory_heap(), bounds->from_s * 1000000, bounds->to_s * 1000000);
    sapa_rc rc = sapa_log_each(log, 1, true, fold_nodes, &folding);
    progress_end();
    rc = rc != SAPA_OK ? rc : folding.rc;
    if (rc == SAPA_OK)
        rc = sapa_nodes_print(&folding.nodes, print->format, print->language, print->only, lines);
    sapa_nodes_done(&folding.nodes);
    return rc;
}

int sapa_report_main(int argc, char **argv)
{
    const char *data = sapa_data_default(), *by = "15m", *format = "text", *language = "id", *from = NULL, *to = NULL,
               *only = "";
    bool queues = false, agents = false, clients = false, numbers = false, reasons = false, nodes = false, all = false;
    const struct sapa_option options[] = {
        { "data", SAPA_OPTION_TEXT, &data, "DIR", "folder of the centre (the one started last)", 0, 0 },
        { "by", SAPA_OPTION_TEXT, &by, "15m|day", "length of the intervals (15m)", 0, 0 },
        { "queues", SAPA_OPTION_FLAG, &queues, NULL, "a table of queues", 0, 0 },
        { "agents", SAPA_OPTION_FLAG, &agents, NULL, "a table of agents", 0, 0 },
        { "clients", SAPA_OPTION_FLAG, &clients, NULL, "a table of clients", 0, 0 },
        { "numbers", SAPA_OPTION_FLAG, &numbers, NULL, "a table of the numbers called", 0, 0 },
        { "reasons", SAPA_OPTION_FLAG, &reasons, NULL, "a table of not-ready time by agent and reason", 0, 0 },
        { "nodes", SAPA_OPTION_FLAG, &nodes, NULL, "a table of the nodes of flows alone: who came, by which key he left, who hung up there", 0, 0 },
        { "only", SAPA_OPTION_TEXT, &only, "KEY", "one queue, agent, flow … by its key", 0, 0 },
        { "from", SAPA_OPTION_TEXT, &from, "TIME", "2026-11-21 or 2026-11-21T08:15, local time", 0, 0 },
        { "to", SAPA_OPTION_TEXT, &to, "TIME", "up to here, not included", 0, 0 },
        { "format", SAPA_OPTION_TEXT, &format, "text|csv|json", "how it is written (text)", 0, 0 },
        { "language", SAPA_OPTION_TEXT, &language, "id|en", "language of headings (id)", 0, 0 },
        { "all-columns", SAPA_OPTION_FLAG, &all, NULL, "also columns that are zero everywhere", 0, 0 },
    };
    static struct folding folding = { .what = "report" };
    struct sapa_log_open log;
    int usage = sapa_command_options("report", argc, argv, options, SAPA_COUNT(options), NULL, 0, NULL);

    if (usage >= 0)
        return usage;
    if (strcmp(by, "15m") != 0 && strcmp(by, "day") != 0)
        return sapa_command_wrong("report", "--by is 15m or day");
    if (strcmp(format, "text") != 0 && strcmp(format, "csv") != 0 && strcmp(format, "json") != 0)
        return sapa_command_wrong("report", "--format is text, csv or json");
    if (strcmp(language, "id") != 0 && strcmp(language, "en") != 0)
        return sapa_command_wrong("report", "--language is id or en");
    if (sapa_log_open(data, &log) != SAPA_OK)
        return SAPA_EXIT_FAILED;
    struct sapa_report_options report = {
        .centre = sapa_log_centre, .ctx = &log,
        .interval = { .grain = strcmp(by, "day") == 0 ? SAPA_GRAIN_DAY : SAPA_GRAIN_QUARTER },
    };
    const struct sapa_centre *centre = from || to ? centre_of_log(&log) : NULL;
    const struct sapa_zone *zone = centre ? &centre->zones[centre->system.zone] : NULL;
    if ((from || to) && !zone)
        return sapa_command_wrong("report", "the log is empty");
    if ((from && !parse_time(from, zone, &report.interval.from_s)) || (to && !parse_time(to, zone, &report.interval.to_s)))
        return sapa_command_wrong("report", "a time is written 2026-11-21 or 2026-11-21T08:15");
    const struct sapa_print_options print = {
        .format = strcmp(format, "csv") == 0 ? SAPA_FORMAT_CSV : strcmp(format, "json") == 0 ? SAPA_FORMAT_JSON : SAPA_FORMAT_TEXT,
        .language = strcmp(language, "en") == 0 ? SAPA_LANGUAGE_EN : SAPA_LANGUAGE_ID,
        .every_column = all,
        .only = sapa_str_of(only),
    };
    const struct sapa_lines lines = { print_line, stdout };
    if (nodes) {
        const sapa_rc done = report_nodes(&log, &report.interval, &print, &lines);
        if (done == SAPA_ENOENT && only[0])
            fprintf(stderr, "sapa report: nobody was in a flow with the key \"%s\"\n", only);
        else if (done != SAPA_OK)
            fprintf(stderr, "sapa report: %s\n", sapa_rc_text(done));
        sapa_log_close(&log);
        return done == SAPA_OK ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
    }
    sapa_report_init(&folding.report, sapa_memory_heap(), &report);
    sapa_rc rc = sapa_log_each(&log, 1, true, fold_record, &folding);
    progress_end();
    rc = rc != SAPA_OK ? rc : folding.rc != SAPA_OK ? folding.rc : sapa_report_end(&folding.report, 0);
    const struct { bool wanted; enum sapa_rows rows; } tables[] = {
        { queues, SAPA_ROWS_QUEUES }, { agents, SAPA_ROWS_AGENTS },   { clients, SAPA_ROWS_CLIENTS },
        { numbers, SAPA_ROWS_NUMBERS }, { reasons, SAPA_ROWS_REASONS },
    };
    const bool none = !queues && !agents && !clients && !numbers && !reasons;
    size_t shown = 0;
    for (size_t i = 0; rc == SAPA_OK && i < SAPA_COUNT(tables); i++) {
        if (!tables[i].wanted && !(none && i < 2))
            continue;
        rc = sapa_report_print(&folding.report.intervals, tables[i].rows, &print, &lines);
        shown += rc == SAPA_OK;
        if (none && rc == SAPA_ENOENT) /* --only KEY alone: a queue or an agent, whichever has it */
            rc = SAPA_OK;
    }
    if (rc == SAPA_OK && shown == 0)
        rc = SAPA_ENOENT;
    if (rc == SAPA_ENOENT && only[0])
        fprintf(stderr, "sapa report: there is no row with the key \"%s\" in that table\n", only);
    else if (rc != SAPA_OK)
        fprintf(stderr, "sapa report: %s\n", sapa_rc_text(rc));
    sapa_report_done(&folding.report);
    sapa_log_close(&log);
    return rc == SAPA_OK ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
}

/* ---- replay ---- */

struct replaying {
    struct sapa_log_open *log;
    struct sapa_clock clock;
    struct sapa_loop *loop;
    struct sapa_core *core;
    struct sapa_engine *engine;
    uint64_t inputs, events, differences, shown;
    int64_t first_us, last_us;
    bool failed;
};

static bool never_ready(void *ctx)
{
    (void)ctx;
    return false;
}

static sapa_rc no_command(void *ctx, const struct sapa_record *command)
{
    (void)ctx, (void)command;
    return SAPA_OK;
}

static void no_log(void *ctx, const struct sapa_record *const records[], size_t count, bool last)
{
    (void)ctx, (void)records, (void)count, (void)last;
}

static bool replay_record(void *ctx, const struct sapa_record *record)
{
    struct replaying *r = ctx;
    static char buf[4096];
    struct sapa_text difference;

    if (record->type == SAPA_T_centre_started) {
        const struct sapa_centre *centre = sapa_log_centre(r->log, sapa_sized_str(&record->u.centre_started.centre_hash));
        if (!centre || sapa_core_centre(r->core, centre) != SAPA_OK) {
            r->failed = true;
            return false;
        }
    }
    if (sapa_type_is_input(record->type))
        r->inputs++;
    else
        r->events++;
    r->first_us = r->first_us ? r->first_us : record->at_us;
    r->last_us = record->at_us;
    if ((r->inputs + r->events) % 100000 == 0)
        progress("replay", r->inputs + r->events);
    sapa_text_init(&difference, buf, sizeof(buf));
    if (sapa_engine_replay(r->engine, record, &difference) != SAPA_OK) {
        r->differences++;
        if (r->shown++ < 10)
            printf("differs at %llu\n  %s\n", (unsigned long long)record->seq, buf);
    }
    return true;
}

/* Every decision of the log again. False when it could not be done. */
static bool replay_all(struct sapa_log_open *log, struct replaying *r)
{
    const struct sapa_core_options core = { .contacts_max = 1000000 }; /* no description allows more: it decides */
    static char buf[4096];
    struct sapa_text difference;

    *r = (struct replaying){ .log = log };
    sapa_clock_init_manual(&r->clock, 0, 0);
    if (sapa_loop_new(&r->clock, &r->loop) != SAPA_OK || sapa_core_new(&core, &r->core) != SAPA_OK)
        return false;
    const struct sapa_engine_options engine = {
        .loop = r->loop, .core = r->core,
        .ports = { .log_ready = never_ready, .log = no_log, .command = no_command },
    };
    bool good = sapa_engine_new(&engine, &r->engine) == SAPA_OK &&
                sapa_log_each(log, 1, false, replay_record, r) == SAPA_OK && !r->failed;
    progress_end();
    sapa_text_init(&difference, buf, sizeof(buf));
    if (good && sapa_engine_replayed(r->engine, &difference) != SAPA_OK) {
        r->differences++;
        printf("differs at the end\n  %s\n", buf);
    }
    sapa_engine_free(r->engine);
    sapa_core_free(r->core);
    sapa_loop_free(r->loop);
    return good;
}

int sapa_replay_main(int argc, char **argv)
{
    const char *data = sapa_data_default();
    const struct sapa_option options[] = {
        { "data", SAPA_OPTION_TEXT, &data, "DIR", "folder of the centre (the one started last)", 0, 0 },
    };
    struct sapa_log_open log;
    static struct replaying r;
    const int usage = sapa_command_options("replay", argc, argv, options, SAPA_COUNT(options), NULL, 0, NULL);

    if (usage >= 0)
        return usage;
    if (sapa_log_open(data, &log) != SAPA_OK)
        return SAPA_EXIT_FAILED;
    const int64_t began_us = sapa_mono_us();
    const bool done = replay_all(&log, &r);
    sapa_log_close(&log);
    if (!done)
        return SAPA_EXIT_FAILED;
    printf("%llu inputs replayed in %.2f s (%.1f h of the centre): %llu events, %s\n", (unsigned long long)r.inputs,
           (double)(sapa_mono_us() - began_us) / 1e6, (double)(r.last_us - r.first_us) / 3.6e9,
           (unsigned long long)r.events,
           r.differences == 0 ? "every one identical to the log" : "NOT identical to the log");
    return r.differences == 0 ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
}

/* ---- verify ---- */

static void verify_progress(void *ctx, uint64_t records)
{
    (void)ctx;
    progress("chain", records);
}

static bool verify_chain(struct sapa_log_open *log)
{
    const struct sapa_log_verify_opts options = { .open_personal = true, .progress = verify_progress };
    struct sapa_log_report report;

    if (sapa_log_verify(log->store, &options, &report) != SAPA_OK)
        return false;
    progress_end();
    printf("chain      %s\n", report.text);
    return report.good;
}

static bool verify_numbers(struct sapa_log_open *log, uint64_t *ret_lost)
{
    static struct folding folding = { .what = "numbers" };
    const struct sapa_report_options report = { .centre = sapa_log_centre, .ctx = log, .check = true };
    const struct sapa_lines lines = { print_line, stdout };
    uint64_t findings = 0;

    sapa_report_init(&folding.report, sapa_memory_heap(), &report);
    sapa_rc rc = sapa_log_each(log, 1, true, fold_record, &folding);
    progress_end();
    rc = rc != SAPA_OK ? rc : folding.rc != SAPA_OK ? folding.rc : sapa_report_end(&folding.report, 0);
    if (rc == SAPA_OK)
        rc = sapa_report_check(&folding.report, &lines, &findings);
    if (rc != SAPA_OK)
        fprintf(stderr, "sapa verify: %s\n", sapa_rc_text(rc));
    *ret_lost = folding.report.check.lost_recordings;
    sapa_report_done(&folding.report);
    return rc == SAPA_OK && findings == 0;
}

int sapa_verify_main(int argc, char **argv)
{
    const char *data = sapa_data_default();
    const struct sapa_option options[] = {
        { "data", SAPA_OPTION_TEXT, &data, "DIR", "folder of the centre (the one started last)", 0, 0 },
    };
    struct sapa_log_open log;
    static struct replaying r;
    const int usage = sapa_command_options("verify", argc, argv, options, SAPA_COUNT(options), NULL, 0, NULL);

    if (usage >= 0)
        return usage;
    if (sapa_log_open(data, &log) != SAPA_OK)
        return SAPA_EXIT_FAILED;
    const bool chain = verify_chain(&log);
    uint64_t lost = 0;
    const bool numbers = chain && verify_numbers(&log, &lost);
    const bool replayed = chain && replay_all(&log, &r);
    if (replayed)
        printf("decisions  %llu taken again, %llu differ\n", (unsigned long long)r.inputs, (unsigned long long)r.differences);
    sapa_log_close(&log);
    const bool good = chain && numbers && replayed && r.differences == 0;
    puts(!good ? "NOT good: see above"
         : lost > 0 ? "good: the log is whole and every number follows from it; what a fault has lost stands above (exit code 3)"
                    : "good: the log is whole and every number follows from it");
    return !good ? SAPA_EXIT_FAILED : lost > 0 ? SAPA_EXIT_LOST : SAPA_EXIT_OK;
}
