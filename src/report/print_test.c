#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "report/fixture_impl.h"
#include "report/print.h"
#include "report/report.h"

static void fold(void *ctx, const struct sapa_record *record)
{
    assert_int_equal(sapa_report_fold(ctx, record), SAPA_OK);
}

static void print_calls(void *ctx, const struct sapa_call *call);

struct day {
    struct sapa_centre centre;
    struct sapa_report report;
    struct fix_lines calls;
};

static const struct sapa_centre *find_centre(void *ctx, struct sapa_str hash)
{
    return fix_find(&((struct day *)ctx)->centre, hash);
}

static void print_calls(void *ctx, const struct sapa_call *call)
{
    struct day *day = ctx;
    const struct sapa_call_show show = { .names = &day->report.names, .zone = &fix_zones[0],
                                         .language = SAPA_LANGUAGE_EN, .show_pii = call->contact == 1 };
    char buf[8192];
    struct sapa_text text;

    sapa_call_print(call, &show, &day->calls.lines);
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_call_json(call, &show, &text);
    assert_false(text.cut);
    fix_line(&day->calls, sapa_text_str(&text));
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_call_csv(call, &show, &text);
    assert_false(text.cut);
    fix_line(&day->calls, sapa_text_str(&text));
}

static void begin(struct day *day, enum sapa_grain grain, bool check)
{
    const struct sapa_report_options options = { .centre = find_centre, .finished = print_calls, .ctx = day,
                                                 .check = check, .interval = { .grain = grain } };

    day->centre = fix_centre(0);
    fix_lines_init(&day->calls);
    sapa_report_init(&day->report, sapa_memory_heap(), &options);
    fix_read("day.log", fold, &day->report);
    assert_int_equal(sapa_report_end(&day->report, 0), SAPA_OK);
}

static void done(struct day *day)
{
    sapa_report_done(&day->report);
    free(day->calls.text);
}

static void expect(struct day *day, const char *golden, enum sapa_rows kind, const struct sapa_print_options *options)
{
    struct fix_lines lines;

    fix_lines_init(&lines);
    assert_int_equal(sapa_report_print(&day->report.intervals, kind, options, &lines.lines), SAPA_OK);
    assert_true(fix_golden(golden, lines.text));
    free(lines.text);
}

static void test_golden_tables(void **state)
{
    const struct sapa_print_options english = { .language = SAPA_LANGUAGE_EN };
    const struct sapa_print_options indonesian = { .language = SAPA_LANGUAGE_ID };
    const struct sapa_print_options csv = { .format = SAPA_FORMAT_CSV };
    const struct sapa_print_options json = { .format = SAPA_FORMAT_JSON, .language = SAPA_LANGUAGE_EN };
    const struct sapa_print_options only = { .language = SAPA_LANGUAGE_EN, .only = SAPA_STR("bank.kartu") };
    const struct sapa_print_options nobody = { .only = SAPA_STR("nobody") };
    static struct day day;
    struct fix_lines lines;

    (void)state;
    begin(&day, SAPA_GRAIN_QUARTER, true);
    expect(&day, "queues-15m.en.txt", SAPA_ROWS_QUEUES, &english);
    expect(&day, "queue-one.en.txt", SAPA_ROWS_QUEUES, &only);
    expect(&day, "clients-15m.id.txt", SAPA_ROWS_CLIENTS, &indonesian);
    expect(&day, "agents-15m.en.txt", SAPA_ROWS_AGENTS, &english);
    assert_true(fix_golden("calls.txt", day.calls.text));
    fix_lines_init(&lines);
    assert_int_equal(sapa_report_print(&day.report.intervals, SAPA_ROWS_QUEUES, &nobody, &lines.lines), SAPA_ENOENT);
    uint64_t findings;
    assert_int_equal(sapa_report_check(&day.report, &lines.lines, &findings), SAPA_OK);
    assert_true(fix_golden("check.txt", lines.text));
    assert_int_equal(findings, 0);
    free(lines.text);
    done(&day);
    begin(&day, SAPA_GRAIN_DAY, false);
    expect(&day, "total-day.en.txt", SAPA_ROWS_TOTAL, &english);
    expect(&day, "agents-day.id.txt", SAPA_ROWS_AGENTS, &indonesian);
    expect(&day, "reasons-day.en.txt", SAPA_ROWS_REASONS, &english);
    expect(&day, "queues-day.csv", SAPA_ROWS_QUEUES, &csv);
    expect(&day, "agents-day.json", SAPA_ROWS_AGENTS, &json);
    done(&day);
}

/* Beside each figure that something is aimed at: what, and whether it is so. Only there. */
static void test_targets(void **state)
{
    static struct sapa_goals goals = { .count = 4 };
    const int64_t evening = (FIX_MIDNIGHT_S + 20 * 3600) * INT64_C(1000000), tomorrow = (FIX_MIDNIGHT_S + 86400) * INT64_C(1000000);
    struct sapa_print_options options = { .language = SAPA_LANGUAGE_ID, .goals = &goals, .now_us = evening };
    static struct day day;

    (void)state;
    goals.of[0] = (struct sapa_goal){ .figure = sapa_figure_find(SAPA_STR("service_level_1")), .value = 800000, .from = 20260101, .scope = SAPA_GOAL_OF_ALL };
    goals.of[1] = (struct sapa_goal){ .figure = sapa_figure_find(SAPA_STR("asa")), .value = 5000, .from = 20260101, .scope = SAPA_GOAL_OF_QUEUE, .key = "bank.kartu" };
    goals.of[2] = (struct sapa_goal){ .figure = sapa_figure_find(SAPA_STR("answered")), .value = 4, .from = 20260101, .scope = SAPA_GOAL_OF_QUEUE, .key = "toko.penjualan" };
    goals.of[3] = (struct sapa_goal){ .figure = sapa_figure_find(SAPA_STR("wrapup_mean")), .value = 10000, .from = 20260101, .scope = SAPA_GOAL_OF_ALL };
    begin(&day, SAPA_GRAIN_DAY, false);
    expect(&day, "targets-day.id.txt", SAPA_ROWS_QUEUES, &options); /* the day goes on */
    options.now_us = tomorrow;
    options.format = SAPA_FORMAT_CSV;
    expect(&day, "targets-day.csv", SAPA_ROWS_QUEUES, &options);
    options.format = SAPA_FORMAT_TEXT;
    expect(&day, "targets-agents.id.txt", SAPA_ROWS_AGENTS, &options);
    options.format = SAPA_FORMAT_JSON;
    options.only = SAPA_STR("bank.kartu");
    expect(&day, "targets-one.json", SAPA_ROWS_QUEUES, &options);
    done(&day);
    begin(&day, SAPA_GRAIN_QUARTER, false); /* a quarter of an hour has no number of a day to reach */
    options.format = SAPA_FORMAT_TEXT;
    options.only = SAPA_STR("toko.penjualan");
    expect(&day, "targets-15m.id.txt", SAPA_ROWS_QUEUES, &options);
    done(&day);
}

static void test_cells(void **state)
{
    char buf[64];
    struct sapa_text text;

    (void)state;
    assert_int_equal(sapa_print_cells(SAPA_STR("Budi")), 4);
    assert_int_equal(sapa_print_cells(SAPA_STR("caf\xc3\xa9")), 4);
    assert_int_equal(sapa_print_cells(SAPA_STR("e\xcc\x81")), 1);       /* e and a combining accent */
    assert_int_equal(sapa_print_cells(SAPA_STR("\xe4\xbd\xa0\xe5\xa5\xbd")), 4); /* two wide characters */
    assert_int_equal(sapa_print_cells(SAPA_STR("\xff\xe4")), 2);        /* malformed: a cell a byte */
#define PAD(source, cells, right, expected)                                      sapa_text_init(&text, buf, sizeof(buf));                                     sapa_print_pad(&text, SAPA_STR(source), cells, right);                       assert_string_equal(buf, expected)
    PAD("Budi", 6, false, "Budi  ");
    PAD("Budi", 6, true, "  Budi");
    PAD("Budiman", 4, false, "Budi");
    PAD("Budiman", 4, true, "Budi");
    PAD("\xe4\xbd\xa0\xe5\xa5\xbd", 3, false, "\xe4\xbd\xa0 ");
    PAD("a\x1b[31mb", 7, false, "a?[31mb"); /* nothing of a name steers the terminal */
    PAD("\xff", 2, true, " ?");
#undef PAD
}

/* Cells of a spreadsheet are never formulas, quotes are doubled. */
static void test_csv_is_safe(void **state)
{
    struct sapa_centre centre = fix_centre(0);
    struct sapa_queue queues[FIX_QUEUES];
    const struct sapa_print_options csv = { .format = SAPA_FORMAT_CSV };
    struct sapa_names names;
    struct sapa_intervals fold_one;
    struct fix_lines lines;
    struct sapa_record record;

    (void)state;
    memcpy(queues, fix_queues, sizeof(queues));
    queues[0].name = SAPA_STR("=cmd|' /C calc'!A0");
    queues[1].name = SAPA_STR("a, \"b\"");
    centre.queues = queues;
    sapa_names_init(&names, sapa_memory_heap());
    assert_int_equal(sapa_names_take(&names, &centre), SAPA_OK);
    sapa_intervals_init(&fold_one, sapa_memory_heap(), &names, &(struct sapa_interval_options){ .grain = SAPA_GRAIN_DAY });
    for (uint64_t q = 0; q < 2; q++) {
        sapa_record_init(&record, SAPA_T_contact_new);
        record.u.contact_new.contact = q + 1;
        record.at_us = FIX_MIDNIGHT_S * 1000000;
        assert_int_equal(sapa_intervals_fold(&fold_one, &record), SAPA_OK);
        sapa_record_init(&record, SAPA_T_contact_queued);
        record.u.contact_queued.contact = q + 1;
        record.at_us = FIX_MIDNIGHT_S * 1000000;
        record.u.contact_queued.queue = q;
        assert_int_equal(sapa_intervals_fold(&fold_one, &record), SAPA_OK);
    }
    fix_lines_init(&lines);
    assert_int_equal(sapa_report_print(&fold_one, SAPA_ROWS_QUEUES, &csv, &lines.lines), SAPA_OK);
    assert_non_null(strstr(lines.text, ",toko.penjualan,\"'=cmd|' /C calc'!A0\",1,1,"));
    assert_non_null(strstr(lines.text, ",bank.kartu,\"a, \"\"b\"\"\",1,1,"));
    free(lines.text);
    sapa_intervals_done(&fold_one);
    sapa_names_done(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_tables), cmocka_unit_test(test_targets),
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_csv_is_safe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
