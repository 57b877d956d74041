/**
 * @file app/cmd_log.c
 * Commands that read the log: report, verify, replay.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/ask.h"
#include "app/commands.h"
#include "app/engine.h"
#include "app/figures.h"
#include "app/log_list.h"
#include "http/target.h"
#include "report/print.h"
#include "report/report.h"
#include "rt/clock.h"

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

struct folding {
    struct sapa_report report;
    uint64_t records, seq;
    sapa_rc rc;
    const char *what;
};

static bool fold_record(void *ctx, const struct sapa_record *record)
{
    struct folding *folding = ctx;

    if (++folding->records % 100000 == 0)
        progress(folding->what, folding->records);
    folding->rc = sapa_report_fold(&folding->report, record);
    folding->seq = record->seq;
    return folding->rc == SAPA_OK;
}

static void report_progress(uint64_t records)
{
    progress("report", records);
}

/* What `sapa report` was asked for. */
struct report_wish {
    struct sapa_door door;
    const char *by, *format, *language, *from, *to, *day, *only, *figures, *output;
    bool waits, total, queues, agents, clients, numbers, trunks, campaigns, reasons, nodes, calls, show_numbers, all, definitions;
};

enum { SAVE_FROM = 100000 }; /* records: so much folding is worth keeping */

static const struct { const char *name; enum sapa_grain grain; } grains[] = {
    { "15m", SAPA_GRAIN_QUARTER }, { "hour", SAPA_GRAIN_HOUR }, { "day", SAPA_GRAIN_DAY },
    { "week", SAPA_GRAIN_WEEK },   { "month", SAPA_GRAIN_MONTH },
};
static const char *const formats[] = { "text", "csv", "json", "xlsx", "markdown" };
enum { FORMAT_XLSX = 3, FORMAT_MARKDOWN = 4 };

/* "answered,aht" into figures. Says what is wrong and returns false. */
/* Where waits end: is it the line that is too long, or do we drop calls? */
#define WAITS                                                                                                              \
    "answered_wait_10,answered_wait_20,answered_wait_30,answered_wait_60,answered_wait_120,answered_wait_300,answered_wait_over," \
    "abandoned_short,abandoned_wait_10,abandoned_wait_20,abandoned_wait_30,abandoned_wait_60,abandoned_wait_120,"             \
    "abandoned_wait_300,abandoned_wait_over,system_fault,csat,surveys_5"

static bool parse_figures(const char *text, uint32_t *figures, uint32_t *ret_count)
{
    char buf[200];
    struct sapa_text problem;

    sapa_text_init(&problem, buf, sizeof(buf));
    if (sapa_figure_list(sapa_str_of(text), SAPA_PRINT_FIGURES_MAX, &problem, figures, ret_count) == SAPA_OK)
        return true;
    sapa_command_wrong("report", "%s (--definitions lists all figures)", buf);
    return false;
}

/* Index of a word among those that an option takes; -1. */
static int choice(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return (int)i;
    return -1;
}

/*
 * Figures up to the end of the log. When the shelf is far behind (no centre runs that keeps it), it is brought up to
 * date; when that cannot be, the log is folded for this time only.
 */
static sapa_rc open_figures(const char *data, struct sapa_figures **ret_figures)
{
    struct sapa_figures *figures;
    bool more;
    sapa_rc rc = sapa_figures_open(data, &figures);

    if (rc != SAPA_OK)
        return rc;
    rc = sapa_figures_fold(figures, 0, 0, report_progress, &more);
    if (rc == SAPA_OK && sapa_figures_behind(figures) >= SAVE_FROM && sapa_figures_save(figures) != SAPA_OK) {
        sapa_figures_close(figures);
        rc = sapa_figures_open(data, &figures);
        if (rc != SAPA_OK)
            return rc;
        rc = sapa_figures_fold(figures, 0, 0, report_progress, &more);
    }
    progress_end();
    if (rc == SAPA_OK)
        *ret_figures = figures;
    else
        sapa_figures_close(figures);
    return rc;
}

/* One table, to lines or to the workbook. */
static sapa_rc print_table(struct sapa_intervals *rows, enum sapa_rows kind, const struct sapa_print_options *print,
                           FILE *out, struct sapa_xlsx *xlsx)
{
    struct sapa_sheet sheet;

    if (!xlsx)
        return sapa_report_print(rows, kind, print, &(struct sapa_lines){ print_line, out });
    const sapa_rc rc = sapa_xlsx_add(xlsx, sapa_rows_name(kind, print->language), &sheet);
    return rc == SAPA_OK ? sapa_report_sheet(rows, kind, print, &sheet) : rc;
}

static bool has_figure(const struct sapa_print_options *print, enum sapa_rows kind)
{
    for (uint32_t i = 0; i < print->figure_count; i++)
        if (sapa_figure_is_shown(print->figures[i], kind))
            return true;
    return print->figure_count == 0;
}

static const enum sapa_rows table_order[] = { SAPA_ROWS_TOTAL,   SAPA_ROWS_QUEUES,    SAPA_ROWS_AGENTS, SAPA_ROWS_CLIENTS,
                                              SAPA_ROWS_NUMBERS, SAPA_ROWS_CAMPAIGNS, SAPA_ROWS_TRUNKS, SAPA_ROWS_REASONS };

static int print_tables(const struct report_wish *wish, struct sapa_intervals *rows, const struct sapa_print_options *print,
                        uint32_t kinds, bool usual, FILE *out, struct sapa_xlsx *xlsx)
{
    sapa_rc rc = SAPA_OK;
    size_t shown = 0;

    for (size_t i = 0; rc == SAPA_OK && i < SAPA_COUNT(table_order); i++) {
        if (!(kinds >> table_order[i] & 1) || !has_figure(print, table_order[i]))
            continue;
        rc = print_table(rows, table_order[i], print, out, xlsx);
        shown += rc == SAPA_OK;
        if (usual && rc == SAPA_ENOENT) /* --only KEY alone: a queue or an agent, whichever has it */
            rc = SAPA_OK;
    }
    if (rc == SAPA_OK && shown == 0)
        rc = SAPA_ENOENT;
    if (rc == SAPA_ENOENT && wish->only[0])
        fprintf(stderr, "sapa report: there is no row with the key \"%s\" in that table\n", wish->only);
    else if (rc != SAPA_OK)
        fprintf(stderr, "sapa report: %s\n", sapa_rc_text(rc));
    return rc == SAPA_OK ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
}

/* The bounds of the report in the centre's zone. False: said what is wrong. */
static bool parse_bounds(const struct report_wish *wish, const struct sapa_zone *zone, struct sapa_interval_options *bounds)
{
    if (wish->day && !sapa_zone_time(wish->day, zone, &bounds->from_s)) {
        sapa_command_wrong("report", "a day is written 2026-11-21");
        return false;
    }
    if (wish->day)
        bounds->to_s = sapa_zone_span(zone, SAPA_GRAIN_DAY, bounds->from_s).to_s;
    if ((wish->from && !sapa_zone_time(wish->from, zone, &bounds->from_s)) || (wish->to && !sapa_zone_time(wish->to, zone, &bounds->to_s))) {
        sapa_command_wrong("report", "a time is written 2026-11-21 or 2026-11-21T08:15");
        return false;
    }
    if (bounds->to_s != 0 && bounds->to_s <= bounds->from_s) {
        sapa_command_wrong("report", "--to is not after --from");
        return false;
    }
    return true;
}

/* Said what is wrong: the exit code. */
static int said(const char *what, sapa_rc rc)
{
    fprintf(stderr, "sapa report: %s: %s\n", what, sapa_rc_text(rc));
    return SAPA_EXIT_FAILED;
}

/* A workbook that is done: the file is written now. */
static bool close_workbook(const struct report_wish *wish, struct sapa_xlsx *xlsx)
{
    char buf[256];
    struct sapa_text problem;

    sapa_text_init(&problem, buf, sizeof(buf));
    if (!xlsx || sapa_xlsx_close(xlsx, &problem) == SAPA_OK)
        return true;
    fprintf(stderr, "sapa report: %s: %s\n", wish->output, buf);
    return false;
}

/* False: what was written is not whole. */
static bool close_out(const struct report_wish *wish, FILE *out)
{
    errno = 0;
    if ((out == stdout ? fflush(out) : fclose(out)) == 0 || errno == EPIPE) /* a reader may have seen enough */
        return true;
    fprintf(stderr, "sapa report: %s cannot be written\n", wish->output ? wish->output : "standard output");
    return false;
}

static int report_now(const struct report_wish *wish, struct sapa_print_options *print, uint32_t kinds, bool usual,
                      enum sapa_grain grain, bool workbook)
{
    static struct sapa_goals goals;
    struct sapa_interval_options bounds = { .grain = grain, .kinds = kinds };
    struct sapa_figures *figures;
    struct sapa_report *report;
    struct sapa_intervals rows;
    struct sapa_xlsx *xlsx = NULL;
    FILE *out = stdout;
    int code = SAPA_EXIT_FAILED;

    if (open_figures(wish->door.data, &figures) != SAPA_OK)
        return SAPA_EXIT_FAILED;
    const struct sapa_centre *centre = sapa_figures_centre(figures);
    const struct sapa_zone *zone = centre ? &centre->zones[centre->system.zone] : NULL;
    if (!zone || !parse_bounds(wish, zone, &bounds)) {
        sapa_figures_close(figures);
        return zone ? SAPA_EXIT_USAGE : sapa_command_wrong("report", "the log is empty");
    }
    if (sapa_targets_load(sapa_figures_store(figures), &goals) == SAPA_OK && goals.count > 0)
        print->goals = &goals, print->now_us = sapa_wall_us();
    sapa_rc rc = sapa_figures_rows(figures, kinds, bounds.from_s, bounds.to_s, &report);
    if (rc != SAPA_OK) {
        fprintf(stderr, "sapa report: %s\n", sapa_rc_text(rc));
        sapa_figures_close(figures);
        return SAPA_EXIT_FAILED;
    }
    sapa_intervals_init(&rows, sapa_memory_heap(), &report->names, &bounds);
    rc = sapa_intervals_group(&rows, &report->intervals);
    if (rc == SAPA_OK && workbook)
        rc = sapa_xlsx_open(wish->output, print->language, centre->system.currency, &xlsx);
    else if (rc == SAPA_OK && wish->output && !(out = fopen(wish->output, "w")))
        rc = SAPA_EIO;
    if (rc != SAPA_OK)
        fprintf(stderr, "sapa report: %s%s%s\n", wish->output ? wish->output : "", wish->output ? ": " : "", sapa_rc_text(rc));
    else
        code = print_tables(wish, &rows, print, kinds, usual, out, xlsx);
    if (!close_workbook(wish, xlsx))
        code = SAPA_EXIT_FAILED;
    if (out && !close_out(wish, out))
        code = SAPA_EXIT_FAILED;
    sapa_intervals_done(&rows);
    sapa_figures_close(figures);
    return code;
}

/* ---- the same figures, of a centre elsewhere ---- */

/* One table, or a list that is made of the log itself. @retval SAPA_ENOENT  it has no row with that key */
static sapa_rc far_table(const struct report_wish *wish, const char *name, FILE *out)
{
    const bool json = strcmp(wish->format, "json") == 0, is_list = wish->calls || wish->nodes;
    const struct { const char *name, *value; } asks[] = {
        { "by", is_list ? "" : wish->by }, { "day", wish->day }, { "from", wish->from }, { "to", wish->to }, { "only", wish->only },
        { "figures", is_list ? "" : wish->figures }, { "columns", wish->all && !is_list ? "all" : "" },
        { "customers", wish->calls && wish->show_numbers ? "shown" : "" }, { "format", wish->format }, { "language", wish->language },
    };
    char path_buf[1024], error_buf[600];
    struct sapa_text path, error;
    struct sapa_answer answer;
    json_t *table, *row;
    size_t at;

    sapa_text_init(&path, path_buf, sizeof(path_buf));
    sapa_text_init(&error, error_buf, sizeof(error_buf));
    sapa_text_printf(&path, "/api/v1/reports/%s", name);
    for (size_t i = 0; i < SAPA_COUNT(asks); i++)
        sapa_path_add(&path, asks[i].name, asks[i].value ? asks[i].value : "");
    sapa_rc rc = sapa_ask(&wish->door, &(const struct sapa_question){ .method = "GET", .path = path_buf }, &answer, &error);
    if (rc == SAPA_EINVAL && answer.status == 404 && wish->only[0])
        rc = SAPA_ENOENT;
    else if (rc != SAPA_OK && error.n > 0)
        fprintf(stderr, "sapa report: %s\n", error_buf);
    for (size_t i = 0; rc == SAPA_OK && !json && i < answer.n; i++) {
        if (answer.p[i] != '\r') /* CSV has it over the network (RFC 4180), and not beside the log */
            putc(answer.p[i], out);
    }
    if (rc == SAPA_OK && json) { /* one object a line */
        table = json_loadb(answer.p ? answer.p : "", answer.n, 0, NULL);
        json_array_foreach(json_object_get(table, "items"), at, row) {
            json_dumpf(row, out, JSON_COMPACT | JSON_PRESERVE_ORDER);
            fputc('\n', out);
        }
        rc = table ? SAPA_OK : SAPA_EIO;
        json_decref(table);
    }
    sapa_answer_done(&answer);
    return rc;
}

static int report_far(const struct report_wish *wish, const struct sapa_print_options *print, uint32_t kinds, bool usual)
{
    FILE *out = wish->output ? fopen(wish->output, "w") : stdout;
    sapa_rc rc = out ? SAPA_OK : SAPA_EIO;
    size_t shown = 0;

    for (size_t i = 0; rc == SAPA_OK && i < SAPA_COUNT(table_order); i++) {
        if (!(kinds >> table_order[i] & 1) || !has_figure(print, table_order[i]))
            continue;
        rc = far_table(wish, sapa_rows_table(table_order[i]), out);
        shown += rc == SAPA_OK;
        if (usual && rc == SAPA_ENOENT)
            rc = SAPA_OK;
    }
    if (rc == SAPA_ENOENT || (rc == SAPA_OK && shown == 0))
        fprintf(stderr, "sapa report: there is no row with the key \"%s\" in that table\n", wish->only);
    if (!out || (out == stdout ? fflush(out) : fclose(out)) != 0)
        fprintf(stderr, "sapa report: %s cannot be written\n", wish->output ? wish->output : "standard output");
    return rc == SAPA_OK && shown > 0 ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
}

static int list_far(const struct report_wish *wish)
{
    FILE *out = wish->output ? fopen(wish->output, "w") : stdout;
    sapa_rc rc = out ? far_table(wish, wish->calls ? "calls" : "nodes", out) : SAPA_EIO;

    if (!out)
        return said(wish->output, rc);
    if (rc == SAPA_ENOENT)
        fprintf(stderr, "sapa report: nobody was in a flow with the key \"%s\"\n", wish->only);
    return close_out(wish, out) && rc == SAPA_OK ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
}

/* ---- lists that are made of the log itself ---- */

static bool last_description(void *ctx, const struct sapa_record *record)
{
    struct sapa_text64 *hash = ctx;

    if (record->type == SAPA_T_centre_started)
        *hash = record->u.centre_started.centre_hash;
    return false;
}

/* The bounds in the zone of the description in force. False: said what is wrong, `*ret_code` is the exit code. */
static bool find_bounds(const struct report_wish *wish, struct sapa_log_open *log, struct sapa_interval_options *bounds, int *ret_code)
{
    struct sapa_text64 hash = { .n = 0 };
    uint64_t seq;

    if (!wish->day && !wish->from && !wish->to)
        return true;
    sapa_rc found = sapa_store_centre_start(log->store, UINT64_MAX, &seq);
    if (found == SAPA_OK)
        found = sapa_log_each(log, seq, true, last_description, &hash);
    const struct sapa_centre *centre = found == SAPA_OK && hash.n > 0 ? sapa_log_centre(log, sapa_sized_str(&hash)) : NULL;
    if (!centre) {
        *ret_code = sapa_command_wrong("report", "the log has no description to take the time zone from");
        return false;
    }
    *ret_code = SAPA_EXIT_USAGE;
    return parse_bounds(wish, &centre->zones[centre->system.zone], bounds);
}

static int report_calls(const struct report_wish *wish, int format, enum sapa_language language)
{
    const bool workbook = format == FORMAT_XLSX;
    struct sapa_interval_options bounds = { 0 };
    struct sapa_xlsx *xlsx = NULL;
    struct sapa_log_open log;
    FILE *out = stdout;
    int code = SAPA_EXIT_OK;

    if (sapa_log_open(wish->door.data, &log) != SAPA_OK)
        return SAPA_EXIT_FAILED;
    if (!find_bounds(wish, &log, &bounds, &code)) {
        sapa_log_close(&log);
        return code;
    }
    sapa_rc rc = workbook ? sapa_xlsx_open(wish->output, language, SAPA_STR(""), &xlsx) : SAPA_OK;
    if (!workbook && wish->output && !(out = fopen(wish->output, "w")))
        rc = SAPA_EIO;
    if (rc != SAPA_OK) {
        sapa_log_close(&log);
        return said(wish->output, rc);
    }
    const struct sapa_lines lines = { print_line, out };
    const struct sapa_calls_wish calls = {
        .only = wish->only, .from_s = bounds.from_s, .to_s = bounds.to_s, .format = (enum sapa_calls_format)format,
        .language = language, .show_numbers = wish->show_numbers, .lines = &lines, .xlsx = xlsx,
    };
    rc = sapa_list_calls(&log, &calls);
    code = rc == SAPA_OK ? SAPA_EXIT_OK : said("the list of calls", rc);
    const bool good = close_workbook(wish, xlsx);
    if (!close_out(wish, out) || !good)
        code = SAPA_EXIT_FAILED;
    sapa_log_close(&log);
    return code;
}

/* What callers did in the menus. */
static int report_nodes(const struct report_wish *wish, enum sapa_format format, enum sapa_language language)
{
    const struct sapa_lines lines = { print_line, stdout };
    struct sapa_interval_options bounds = { 0 };
    struct sapa_log_open log;
    int code = SAPA_EXIT_OK;

    if (sapa_log_open(wish->door.data, &log) != SAPA_OK)
        return SAPA_EXIT_FAILED;
    if (find_bounds(wish, &log, &bounds, &code)) {
        const sapa_rc rc = sapa_list_nodes(&log, bounds.from_s, bounds.to_s, format, language, wish->only, report_progress, &lines);
        progress_end();
        if (rc == SAPA_ENOENT && wish->only[0])
            fprintf(stderr, "sapa report: nobody was in a flow with the key \"%s\"\n", wish->only);
        else if (rc != SAPA_OK)
            fprintf(stderr, "sapa report: %s\n", sapa_rc_text(rc));
        code = rc == SAPA_OK ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
    }
    sapa_log_close(&log);
    return code;
}

int sapa_report_main(int argc, char **argv)
{
    struct report_wish wish = { .door = { .command = "report", .data = sapa_data_default() }, .by = "15m", .format = "text", .language = "id", .only = "" };
    const struct sapa_option options[] = {
        SAPA_DOOR_OPTIONS(&wish.door),
        { "by", SAPA_OPTION_TEXT, &wish.by, "15m|hour|day|week|month", "length of the intervals (15m)", 0, 0 },
        { "total", SAPA_OPTION_FLAG, &wish.total, NULL, "a table of the whole centre", 0, 0 },
        { "queues", SAPA_OPTION_FLAG, &wish.queues, NULL, "a table of queues", 0, 0 },
        { "agents", SAPA_OPTION_FLAG, &wish.agents, NULL, "a table of agents", 0, 0 },
        { "clients", SAPA_OPTION_FLAG, &wish.clients, NULL, "a table of clients", 0, 0 },
        { "numbers", SAPA_OPTION_FLAG, &wish.numbers, NULL, "a table of the numbers called", 0, 0 },
        { "trunks", SAPA_OPTION_FLAG, &wish.trunks, NULL, "a table of the lines that we placed, by trunk, and their cost", 0, 0 },
        { "campaigns", SAPA_OPTION_FLAG, &wish.campaigns, NULL, "a table of the calls that agents placed, by campaign", 0, 0 },
        { "reasons", SAPA_OPTION_FLAG, &wish.reasons, NULL, "a table of not-ready time by agent and reason", 0, 0 },
        { "nodes", SAPA_OPTION_FLAG, &wish.nodes, NULL, "a table of the nodes of flows alone: who came, by which key he left, who hung up there", 0, 0 },
        { "calls", SAPA_OPTION_FLAG, &wish.calls, NULL, "a list of the calls that are over instead: direction, who took part, transfers, outcome", 0, 0 },
        { "show-numbers", SAPA_OPTION_FLAG, &wish.show_numbers, NULL, "with --calls: customers' numbers in full", 0, 0 },
        { "only", SAPA_OPTION_TEXT, &wish.only, "KEY", "one queue, agent, flow … by its key", 0, 0 },
        { "waits", SAPA_OPTION_FLAG, &wish.waits, NULL, "answered and abandoned by how long they waited, beside satisfaction and faults of ours, instead of --figures", 0, 0 },
        { "figures", SAPA_OPTION_TEXT, &wish.figures, "A,B,C", "these figures, by their keys", 0, 0 },
        { "day", SAPA_OPTION_TEXT, &wish.day, "DATE", "one day: 2026-11-21", 0, 0 },
        { "from", SAPA_OPTION_TEXT, &wish.from, "TIME", "2026-11-21 or 2026-11-21T08:15, local time", 0, 0 },
        { "to", SAPA_OPTION_TEXT, &wish.to, "TIME", "up to here, not included", 0, 0 },
        { "format", SAPA_OPTION_TEXT, &wish.format, "text|csv|json|xlsx", "how it is written (text)", 0, 0 },
        { "output", SAPA_OPTION_TEXT, &wish.output, "FILE", "where to, instead of the terminal; xlsx needs one", 0, 0 },
        { "language", SAPA_OPTION_TEXT, &wish.language, "id|en", "language of headings (id)", 0, 0 },
        { "all-columns", SAPA_OPTION_FLAG, &wish.all, NULL, "also columns that are zero everywhere", 0, 0 },
        { "definitions", SAPA_OPTION_FLAG, &wish.definitions, NULL, "what each figure means, and no report", 0, 0 },
    };
    static const enum sapa_format as[] = { SAPA_FORMAT_TEXT, SAPA_FORMAT_CSV, SAPA_FORMAT_JSON, SAPA_FORMAT_CSV };
    static uint32_t chosen[SAPA_PRINT_FIGURES_MAX];
    uint32_t chosen_count = 0, kinds = 0;
    int usage = sapa_command_options("report", argc, argv, options, SAPA_COUNT(options), NULL, 0, NULL);
    size_t by = 0;

    if (usage >= 0)
        return usage;
    while (by < SAPA_COUNT(grains) && strcmp(wish.by, grains[by].name) != 0)
        by++;
    const int format = choice(wish.format, formats, SAPA_COUNT(formats));
    if (by == SAPA_COUNT(grains))
        return sapa_command_wrong("report", "--by is 15m, hour, day, week or month");
    if (format < 0 || (format == FORMAT_MARKDOWN && !wish.definitions))
        return sapa_command_wrong("report", "--format is text, csv, json or xlsx");
    if (strcmp(wish.language, "id") != 0 && strcmp(wish.language, "en") != 0)
        return sapa_command_wrong("report", "--language is id or en");
    if (wish.day && (wish.from || wish.to))
        return sapa_command_wrong("report", "either --day or --from and --to");
    if (wish.waits && wish.figures)
        return sapa_command_wrong("report", "either --waits or --figures");
    if (wish.waits)
        wish.figures = WAITS;
    if (wish.figures && !parse_figures(wish.figures, chosen, &chosen_count))
        return SAPA_EXIT_USAGE;
    const enum sapa_language language = strcmp(wish.language, "en") == 0 ? SAPA_LANGUAGE_EN : SAPA_LANGUAGE_ID;
    if (wish.definitions) {
        if (format == FORMAT_XLSX)
            return sapa_command_wrong("report", "definitions stand in every workbook; alone they are text, csv or json");
        sapa_print_dictionary(format == FORMAT_MARKDOWN ? SAPA_DICTIONARY_MARKDOWN : (enum sapa_dictionary)format, language,
                              chosen, chosen_count, &(struct sapa_lines){ print_line, stdout });
        return SAPA_EXIT_OK;
    }
    if (wish.door.url && format == FORMAT_XLSX)
        return sapa_command_wrong("report", "with --url: text, csv or json; workbooks are made beside the log");
    const bool tables_too = wish.total || wish.queues || wish.agents || wish.clients || wish.numbers || wish.trunks || wish.campaigns || wish.reasons;
    if ((wish.nodes || wish.calls) && (tables_too || (wish.nodes && wish.calls)))
        return sapa_command_wrong("report", "--%s stands alone: ask for the other tables by a report of their own", wish.nodes ? "nodes" : "calls");
    if (wish.calls && format == FORMAT_XLSX && !wish.output)
        return sapa_command_wrong("report", "a workbook needs a file: --output FILE.xlsx");
    if (wish.nodes && (format == FORMAT_XLSX || wish.output))
        return sapa_command_wrong("report", "the table of nodes is text, csv or json, on the terminal");
    if (wish.door.url && (wish.calls || wish.nodes))
        return list_far(&wish);
    if (wish.calls)
        return report_calls(&wish, format, language);
    if (wish.nodes)
        return report_nodes(&wish, as[format], language);
    if (format == FORMAT_XLSX && !wish.output)
        return sapa_command_wrong("report", "a workbook needs a file: --output FILE.xlsx");
    const struct { bool wanted; enum sapa_rows rows; } tables[] = {
        { wish.total, SAPA_ROWS_TOTAL },     { wish.queues, SAPA_ROWS_QUEUES },   { wish.agents, SAPA_ROWS_AGENTS },
        { wish.clients, SAPA_ROWS_CLIENTS }, { wish.numbers, SAPA_ROWS_NUMBERS }, { wish.reasons, SAPA_ROWS_REASONS },
        { wish.trunks, SAPA_ROWS_TRUNKS },   { wish.campaigns, SAPA_ROWS_CAMPAIGNS },
    };
    for (size_t i = 0; i < SAPA_COUNT(tables); i++)
        kinds |= tables[i].wanted ? 1u << tables[i].rows : 0;
    const bool usual = kinds == 0;
    if (usual)
        kinds = 1u << SAPA_ROWS_QUEUES | 1u << SAPA_ROWS_AGENTS;
    struct sapa_print_options print = {
        .format = as[format], .language = language, .every_column = wish.all, .only = sapa_str_of(wish.only),
        .figures = chosen, .figure_count = chosen_count,
    };
    bool any = false;
    for (unsigned kind = 0; kind < SAPA_ROWS_COUNT; kind++)
        any |= (kinds >> kind & 1) != 0 && has_figure(&print, kind);
    if (!any)
        return sapa_command_wrong("report", "these tables have none of these figures (--definitions says which have)");
    return wish.door.url ? report_far(&wish, &print, kinds, usual) : report_now(&wish, &print, kinds, usual, grains[by].grain, format == FORMAT_XLSX);
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
        { "data", SAPA_OPTION_TEXT, &data, "DIR", "folder of the centre (the one that runs, or ran last)", 0, 0 },
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

/* Is what the shelf keeps what the log says? Both stand at the same record. */
static bool verify_figures(struct sapa_figures *figures, struct folding *folding)
{
    const uint64_t kept = sapa_figures_kept(figures);
    struct sapa_report *report;
    uint64_t rows = 0, differences = 0;
    char buf[256];
    struct sapa_text first;
    bool more;

    sapa_text_init(&first, buf, sizeof(buf));
    if (kept == 0) {
        puts("figures    nothing is kept beside the log");
        return true;
    }
    sapa_rc rc = sapa_figures_fold(figures, 0, folding->seq, NULL, &more);
    if (rc == SAPA_OK)
        rc = sapa_figures_rows_of_log(figures, UINT32_MAX, INT64_MIN / 2, 0, SAPA_STRETCHES_SUMMED, &report);
    if (rc == SAPA_OK)
        rc = sapa_intervals_compare(&folding->report.intervals, &report->intervals, &rows, &differences, &first);
    if (rc == SAPA_OK && !sapa_stretches_same(&folding->report.stretches, &report->stretches) && differences++ == 0)
        sapa_text_add(&first, SAPA_STR("when agents did what"));
    if (rc != SAPA_OK)
        printf("figures    %s\n", sapa_rc_text(rc));
    else if (differences == 0)
        printf("figures    %llu rows, kept up to record %llu, good\n", (unsigned long long)rows, (unsigned long long)kept);
    else
        printf("figures    %llu of %llu kept rows are not what the log says (%s); delete figures.db, it is made anew\n",
               (unsigned long long)differences, (unsigned long long)rows, buf);
    return rc == SAPA_OK && differences == 0;
}

static bool verify_numbers(struct sapa_log_open *log, struct sapa_figures *figures, uint64_t *ret_lost)
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
    const bool kept = rc == SAPA_OK && verify_figures(figures, &folding);
    *ret_lost = folding.report.check.lost_recordings;
    sapa_report_done(&folding.report);
    return kept && findings == 0;
}

int sapa_verify_main(int argc, char **argv)
{
    const char *data = sapa_data_default();
    const struct sapa_option options[] = {
        { "data", SAPA_OPTION_TEXT, &data, "DIR", "folder of the centre (the one that runs, or ran last)", 0, 0 },
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
    struct sapa_figures *figures = NULL; /* before the log is read: the shelf stands no further than that */
    const bool numbers = chain && sapa_figures_open(data, &figures) == SAPA_OK && verify_numbers(&log, figures, &lost);
    sapa_figures_close(figures);
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
