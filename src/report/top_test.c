#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "report/fixture_impl.h"
#include "report/print.h"
#include "report/top.h"

static struct gen gen;

struct feed {
    struct sapa_live live;
    struct sapa_names names;
    struct sapa_centre centre;
};

static void feed_one(void *ctx, const struct sapa_record *record)
{
    struct feed *feed = ctx;

    if (record->type == SAPA_T_centre_started)
        assert_int_equal(sapa_names_take(&feed->names, &feed->centre), SAPA_OK);
    assert_int_equal(sapa_live_fold(&feed->live, record), SAPA_OK);
}

static void begin(struct feed *feed)
{
    feed->centre = fix_centre(0);
    sapa_names_init(&feed->names, sapa_memory_heap());
    sapa_live_init(&feed->live, sapa_memory_heap(), &feed->names);
}

static void done(struct feed *feed)
{
    sapa_live_done(&feed->live);
    sapa_names_done(&feed->names);
}

static struct sapa_view_queue queues[FIX_QUEUES];
static struct sapa_view_agent agents[FIX_AGENTS];
static struct sapa_view_call calls[100];
static struct sapa_view_news news[20];
static const struct sapa_view_room room = { queues, agents, calls, news, FIX_QUEUES, FIX_AGENTS, 100, 20 };

static void test_golden_screen(void **state)
{
    struct feed feed;
    struct sapa_view view;

    (void)state;
    begin(&feed);
    fix_read("day.log", feed_one, &feed);
    for (unsigned language = 0; language < SAPA_LANGUAGE_COUNT; language++) {
        const struct sapa_top_options options = { .columns = 120, .rows = 40, .colour = false };
        struct fix_lines lines;
        fix_lines_init(&lines);
        assert_int_equal(sapa_live_view(&feed.live, feed.live.now_us, (enum sapa_language)language, &room, &view), SAPA_OK);
        sapa_top_print(&view, &options, &lines.lines);
        assert_true(fix_golden(language == SAPA_LANGUAGE_ID ? "top.id.txt" : "top.en.txt", lines.text));
        free(lines.text);
    }
    done(&feed);
}

/* A phone that is lost takes its agent out; when it comes back it brings him back. */
static void test_phones_in_the_news(void **state)
{
    static const char *const words[SAPA_LANGUAGE_COUNT][2] = {
        { "Siti: tidak siap (telepon hilang)", "Siti: siap (telepon kembali)" },
        { "Siti: not ready (phone lost)", "Siti: ready (phone is back)" },
    };
    struct feed feed;
    struct sapa_view view;
    struct sapa_record record;

    (void)state;
    begin(&feed);
    fix_read("day.log", feed_one, &feed);
    for (unsigned back = 0; back < 2; back++) {
        sapa_record_init(&record, SAPA_T_agent_moved);
        record.seq = feed.live.seq + 1;
        record.at_us = feed.live.now_us + 1000000;
        record.u.agent_moved.from = back ? SAPA_PRESENCE_NOT_READY : SAPA_PRESENCE_READY;
        record.u.agent_moved.to = back ? SAPA_PRESENCE_READY : SAPA_PRESENCE_NOT_READY;
        record.u.agent_moved.reason = SAPA_NONE;
        record.u.agent_moved.by = 1;
        feed_one(&feed, &record);
        for (unsigned language = 0; language < SAPA_LANGUAGE_COUNT; language++) {
            assert_int_equal(sapa_live_view(&feed.live, feed.live.now_us, (enum sapa_language)language, &room, &view), SAPA_OK);
            assert_string_equal(news[0].text, words[language][back]);
        }
    }
    done(&feed);
}

struct limits {
    unsigned rows, columns, most;
};

/* Cells of a line without its colours. */
static void measure(void *ctx, struct sapa_str line)
{
    struct limits *limits = ctx;
    char buf[8192];
    size_t n = 0;

    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] != '\x1b') {
            buf[n++] = line.p[i];
            continue;
        }
        assert_true(i + 1 < line.n && line.p[i + 1] == '[');
        while (line.p[i] != 'm')
            i++;
    }
    limits->rows++;
    limits->most = SAPA_MAX(limits->most, sapa_print_cells((struct sapa_str){ buf, n }));
}

static void look_for_unwritten(void *ctx, struct sapa_str line)
{
    char text[2048];

    sapa_str_copy(line, text, sizeof(text));
    *(bool *)ctx |= strstr(text, "12 records counted here are not on the disk yet") != NULL;
}

/* A full disk: the screen counts what the log does not have yet, and says so. */
static void test_what_is_not_on_the_disk(void **state)
{
    const struct sapa_top_options options = { .columns = 160, .rows = 40 };
    struct feed feed;
    struct sapa_view view;

    (void)state;
    begin(&feed);
    gen_begin(&gen, 3);
    gen.emit = feed_one;
    gen.ctx = &feed;
    gen_start(&gen, feed.centre.hash);
    assert_int_equal(sapa_live_view(&feed.live, gen.now_us, SAPA_LANGUAGE_EN, &room, &view), SAPA_OK);
    for (unsigned unwritten = 0; unwritten <= 12; unwritten += 12) {
        bool said = false;
        const struct sapa_lines lines = { look_for_unwritten, &said };
        view.unwritten = unwritten;
        sapa_top_print(&view, &options, &lines);
        assert_int_equal(said, unwritten > 0);
    }
    done(&feed);
}

static void gather(void *ctx, struct sapa_str line)
{
    struct sapa_text *all = ctx;

    sapa_text_add(all, line);
    sapa_text_char(all, '\n');
}

/* Percentiles of the day, as many as there is room for; who calls out is counted in the first line. */
static void test_percentiles(void **state)
{
    static const struct { uint16_t columns; bool wait90, wait50, handle50; } widths[] = {
        { 80, false, false, false }, { 120, true, false, false }, { 140, true, true, false }, { 170, true, true, true },
    };
    static char buf[20000];
    struct sapa_view_queue queue = { .name = "Kartu", .wait_ms = { 11000, 62000, SAPA_KPI_NONE },
                                     .handling_ms = { 73000, 84000, 95000 } };
    const struct sapa_view view = { .queues = &queue, .queue_count = 1, .language = SAPA_LANGUAGE_EN, .open = 3, .outbound = 2,
                                    .internal = 1 };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(widths); i++) {
        const struct sapa_top_options options = { .columns = widths[i].columns, .rows = 40 };
        struct sapa_text all;
        sapa_text_init(&all, buf, sizeof(buf));
        sapa_top_print(&view, &options, &(struct sapa_lines){ gather, &all });
        assert_int_equal(strstr(buf, "Wait90") && strstr(buf, "01:02"), widths[i].wait90);
        assert_int_equal(strstr(buf, "Wait50") && strstr(buf, "00:11"), widths[i].wait50);
        assert_int_equal(strstr(buf, "Handle50") && strstr(buf, "01:13"), widths[i].handle50);
        if (widths[i].columns > 80)
            assert_non_null(strstr(buf, "; outbound 2 · internal 1"));
    }
}

static void test_fits_every_terminal(void **state)
{
    struct feed feed;
    struct sapa_view view;

    (void)state;
    begin(&feed);
    gen_begin(&gen, 3);
    gen.emit = feed_one;
    gen.ctx = &feed;
    gen_start(&gen, feed.centre.hash);
    for (unsigned i = 0; i < 800; i++)
        gen_turn(&gen, 3000);
    feed.live.alarms = 0x7f;
    feed.live.surge = 1;
    feed.live.closed = 3;
    for (unsigned language = 0; language < SAPA_LANGUAGE_COUNT; language++) {
        assert_int_equal(sapa_live_view(&feed.live, gen.now_us, (enum sapa_language)language, &room, &view), SAPA_OK);
        view.unwritten = UINT64_MAX;
        for (unsigned columns = 0; columns < 260; columns += 13)
            for (unsigned rows = 0; rows < 90; rows += 7)
                for (unsigned colour = 0; colour < 2; colour++) {
                    const struct sapa_top_options options = { (uint16_t)columns, (uint16_t)rows, colour != 0, (uint16_t)(rows / 7 % 5) };
                    struct limits limits = { 0 };
                    const struct sapa_lines lines = { measure, &limits };
                    sapa_top_print(&view, &options, &lines);
                    assert_in_range(limits.rows, 3, SAPA_MAX(rows, 10u));
                    assert_true(limits.most <= SAPA_MAX(columns, 40u));
                }
    }
    done(&feed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_screen), cmocka_unit_test(test_phones_in_the_news),
        cmocka_unit_test(test_what_is_not_on_the_disk),
        cmocka_unit_test(test_percentiles), cmocka_unit_test(test_fits_every_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
