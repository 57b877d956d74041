/* Planned shifts against what agents did, by hand: stretches, the walk, its figures and deviations, plans as CSV. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "report/figure.h"
#include "report/fixture_impl.h"
#include "report/report.h"
#include "report/shift.h"

#define H(hour, minute) (FIX_MIDNIGHT_S + (hour) * 3600 + (minute) * 60)

struct given {
    struct sapa_centre centre;
    struct sapa_report report, broken; /* the second is saved and loaded after every record */
    uint64_t seq;
};

static struct given g;

static const struct sapa_centre *centre_of(void *ctx, struct sapa_str hash)
{
    (void)ctx;
    return fix_find(&g.centre, hash);
}

static const struct sapa_report_options options = { .centre = centre_of, .stretches = true };

static struct { uint64_t key; uint8_t bytes[4096]; size_t n; } shelf[64];
static size_t shelf_count;

static bool stored(void *ctx, uint64_t key, struct sapa_str *ret)
{
    (void)ctx;
    for (size_t i = 0; i < shelf_count; i++) {
        *ret = (struct sapa_str){ (const char *)shelf[i].bytes, shelf[i].n };
        if (shelf[i].key == key)
            return true;
    }
    return false;
}

static bool put(void *ctx, uint64_t key, struct sapa_str piece)
{
    size_t at = 0;

    (void)ctx;
    while (at < shelf_count && shelf[at].key != key)
        at++;
    assert_true(at < SAPA_COUNT(shelf) && piece.n <= sizeof(shelf[at].bytes));
    shelf_count = SAPA_MAX(shelf_count, at + 1);
    shelf[at].key = key;
    shelf[at].n = piece.n;
    memcpy(shelf[at].bytes, piece.p, piece.n);
    return true;
}

/* Saved, loaded, and now and then what is over is put onto a shelf. */
static void fold(const struct sapa_record *record)
{
    struct fix_bytes bytes = { 0 };

    assert_int_equal(sapa_report_fold(&g.report, record), SAPA_OK);
    assert_int_equal(sapa_report_fold(&g.broken, record), SAPA_OK);
    if (g.seq % 3 == 0)
        assert_int_equal(sapa_stretches_drain(&g.broken.stretches, stored, put, NULL), SAPA_OK);
    assert_int_equal(sapa_report_save(&g.broken, &(struct sapa_save){ fix_put, &bytes }), SAPA_OK);
    sapa_report_done(&g.broken);
    sapa_report_init(&g.broken, sapa_memory_heap(), &options);
    assert_int_equal(sapa_report_load(&g.broken, &(struct sapa_load){ fix_get, &bytes }), SAPA_OK);
    free(bytes.bytes);
}

static void say(const char *lines)
{
    struct sapa_str rest = sapa_str_of(lines);
    struct sapa_record record;

    while (rest.n > 0) {
        const struct sapa_str line = sapa_str_cut(rest, '\n', &rest);
        if (fix_parse(line, &g.seq, &record))
            fold(&record);
    }
}

static void started(int64_t at_s, int64_t stopped_s, bool whole)
{
    struct sapa_record record;

    sapa_record_init(&record, SAPA_T_centre_started);
    record.seq = ++g.seq;
    record.at_us = at_s * 1000000;
    record.u.centre_started.stopped_us = stopped_s * 1000000;
    record.u.centre_started.whole = whole;
    (void)sapa_sized_set(&record.u.centre_started.centre_hash, sapa_str_of(g.centre.hash));
    fold(&record);
}

static void begin_in(uint32_t zone)
{
    memset(&g, 0, sizeof(g));
    shelf_count = 0;
    g.centre = fix_centre(zone);
    sapa_report_init(&g.report, sapa_memory_heap(), &options);
    sapa_report_init(&g.broken, sapa_memory_heap(), &options);
    started(H(0, 1), 0, false);
}

static int begin(void **state)
{
    (void)state;
    begin_in(0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sapa_report_done(&g.report);
    sapa_report_done(&g.broken);
    return 0;
}

/* Time has come so far; both folds have had the same, one of them by way of the shelf. */
static void until(int64_t at_s)
{
    assert_int_equal(sapa_report_end(&g.report, at_s * 1000000), SAPA_OK);
    assert_int_equal(sapa_report_end(&g.broken, at_s * 1000000), SAPA_OK);
    for (size_t i = 0; i < shelf_count; i++)
        assert_int_equal(sapa_stretches_join(&g.broken.stretches, (struct sapa_str){ (const char *)shelf[i].bytes, shelf[i].n }), SAPA_OK);
    assert_true(sapa_stretches_same(&g.report.stretches, &g.broken.stretches));
    sapa_stretches_sort(&g.report.stretches);
    sapa_stretches_sort(&g.broken.stretches);
    assert_int_equal(g.report.stretches.count, g.broken.stretches.count);
    for (uint32_t i = 0; i < g.report.stretches.count; i++)
        assert_memory_equal(&g.report.stretches.of[i], &g.broken.stretches.of[i], sizeof(struct sapa_stretch));
}

static struct sapa_shift_sides sides_of(uint32_t agent, const struct sapa_planned *plan, size_t count)
{
    struct sapa_shift_sides sides = { .plan = plan, .plan_count = count };
    const uint32_t dim = sapa_names_dim(&g.report.names, SAPA_DIM_AGENT, agent);

    sides.stretches = sapa_stretches_of(&g.report.stretches, dim, &sides.stretch_count);
    sides.stopped = sapa_stretches_of(&g.report.stretches, SAPA_NONE, &sides.stopped_count);
    return sides;
}

/* Minutes of the four sums, and the KPIs in per mille. */
struct figures {
    int64_t scheduled, scheduled_work, in_schedule, worked, adherence, conformance;
};

static int64_t kpi(const char *key, const struct sapa_row *row)
{
    const int64_t value = sapa_figure_value(sapa_figure_find(sapa_str_of(key)), row);

    return value == SAPA_KPI_NONE ? -1 : (value + 500) / 1000;
}

static struct figures figures_of(uint32_t agent, const struct sapa_planned *plan, size_t count, int64_t to_s)
{
    const struct sapa_shift_sides sides = sides_of(agent, plan, count);
    struct sapa_row row;
    char buf[128];
    struct sapa_text problem;
    size_t wrong;

    sapa_text_init(&problem, buf, sizeof(buf));
    if (sapa_planned_check(plan, count, &g.centre.zones[g.centre.system.zone], &wrong, &problem) != SAPA_OK)
        fail_msg("%s", buf);
    const uint32_t dim = sapa_names_dim(&g.report.names, SAPA_DIM_AGENT, agent);
    assert_int_equal(sapa_intervals_planned(&g.report.intervals, dim, &sides, 0, to_s * 1000000), SAPA_OK);
    assert_int_equal(sapa_intervals_sum(&g.report.intervals, SAPA_ROWS_AGENTS, dim, &row), SAPA_OK);
    return (struct figures){ row.m.of[SAPA_M_SCHEDULED] / 60000, row.m.of[SAPA_M_SCHEDULED_WORK] / 60000, row.m.of[SAPA_M_IN_SCHEDULE] / 60000,
                             row.m.of[SAPA_M_WORKED] / 60000, kpi("adherence", &row), kpi("conformance", &row) };
}

#define EXPECT(got, ...)                                      \
    do {                                                      \
        const struct figures wanted_ = { __VA_ARGS__ };       \
        const struct figures got_ = got;                      \
        assert_memory_equal(&got_, &wanted_, sizeof(wanted_)); \
    } while (0)

/* The list of a walk as text: "from-to planned doing verdict contact" a piece, joined where all is the same. */
static char walked[4096];
static struct sapa_text walk_text;
static int64_t walk_end_us;

static void note_piece(void *ctx, const struct sapa_shift_piece *piece)
{
    (void)ctx;
    assert_true(piece->from_us == walk_end_us && piece->to_us > piece->from_us);
    walk_end_us = piece->to_us;
    if (piece->verdict == SAPA_VERDICT_NONE)
        return;
    const int64_t from = piece->from_us / 60000000 - FIX_MIDNIGHT_S / 60, to = piece->to_us / 60000000 - FIX_MIDNIGHT_S / 60;
    sapa_text_printf(&walk_text, "%02d:%02d-%02d:%02d %s %s %s", (int)(from / 60), (int)(from % 60), (int)(to / 60), (int)(to % 60),
                     piece->activity == SAPA_ACTIVITY_NONE ? "-" : sapa_activity_name(piece->activity), sapa_did_name(piece->doing), sapa_verdict_name(piece->verdict));
    if (piece->contact)
        sapa_text_printf(&walk_text, " %llu", (unsigned long long)piece->contact);
    sapa_text_char(&walk_text, '\n');
}

static const char *walk(uint32_t agent, const struct sapa_planned *plan, size_t count, int64_t from_s, int64_t to_s)
{
    const struct sapa_shift_sides sides = sides_of(agent, plan, count);

    sapa_text_init(&walk_text, walked, sizeof(walked));
    walk_end_us = from_s * 1000000;
    sapa_shift_walk(&sides, from_s * 1000000, to_s * 1000000, note_piece, NULL);
    assert_true(walk_end_us == to_s * 1000000);
    return walked;
}

static const struct sapa_planned nine_to_five[] = { { H(9, 0), H(17, 0), SAPA_ACTIVITY_SHIFT, 1 } };

/* kpi_examples.csv: scheduled 09:00-17:00, worked 10:00-18:00 */
static void the_published_example(void **state)
{
    (void)state;
    say("10:00:00 agent_moved agent=0 from=0 to=2 reason=none\n18:00:00 agent_moved agent=0 from=2 to=0 reason=none\n");
    until(H(23, 0));
    EXPECT(figures_of(0, nine_to_five, 1, H(23, 0)), 480, 480, 420, 480, 875, 1000);
    assert_string_equal(walk(0, nine_to_five, 1, H(0, 0), H(23, 0)),
                        "09:00-10:00 shift out absent\n10:00-17:00 shift ready as planned\n17:00-18:00 - ready unplanned\n");
}

static void without_a_plan_there_is_no_figure(void **state)
{
    (void)state;
    say("10:00:00 agent_moved agent=0 from=0 to=2 reason=none\n18:00:00 agent_moved agent=0 from=2 to=0 reason=none\n");
    until(H(23, 0));
    EXPECT(figures_of(0, NULL, 0, H(23, 0)), 0, 0, 0, 0, -1, -1);
}

static void who_does_not_come(void **state)
{
    (void)state;
    until(H(12, 0));
    EXPECT(figures_of(1, nine_to_five, 1, H(12, 0)), 180, 180, 0, 0, 0, 0); /* up to now: the afternoon is not held against him */
}

/* A call goes on into the break, which is taken later: five minutes busy, five minutes absent. */
static void a_break_taken_late(void **state)
{
    static const struct sapa_planned plan[] = {
        { H(9, 0), H(17, 0), SAPA_ACTIVITY_SHIFT, 1 }, { H(12, 0), H(12, 30), SAPA_ACTIVITY_BREAK, 2 }, { H(15, 0), H(16, 0), SAPA_ACTIVITY_MEETING, 3 },
    };

    (void)state;
    say("09:00:00 agent_moved agent=0 from=0 to=2 reason=none\n"
        "11:55:00 assignment_moved agent=0 contact=77 offer=5 from=0 to=1\n"
        "11:56:00 assignment_moved agent=0 contact=77 offer=5 from=1 to=2\n"
        "12:04:00 assignment_moved agent=0 contact=77 offer=5 from=2 to=4\n"
        "12:05:00 agent_moved agent=0 from=2 to=1 reason=0\n"
        "12:05:00 assignment_moved agent=0 contact=77 offer=5 from=4 to=0\n"
        "12:35:00 agent_moved agent=0 from=1 to=2 reason=none\n"
        "15:00:00 agent_moved agent=0 from=2 to=1 reason=1\n"
        "15:50:00 agent_moved agent=0 from=1 to=2 reason=none\n" /* back before the meeting is over */
        "17:00:00 agent_moved agent=0 from=2 to=0 reason=none\n");
    until(H(20, 0));
    EXPECT(figures_of(0, plan, 3, H(20, 0)), 480, 390, 480 - 5 - 5 - 10, 480 - 30 - 50, 958, 1026);
    assert_string_equal(walk(0, plan, 3, H(0, 0), H(20, 0)),
                        "09:00-11:56 shift ready as planned\n11:56-12:00 shift contact as planned 77\n12:00-12:04 break contact busy 77\n"
                        "12:04-12:05 break wrapup busy 77\n12:05-12:30 break not ready as planned\n12:30-12:35 shift not ready absent\n"
                        "12:35-15:00 shift ready as planned\n15:00-15:50 meeting not ready as planned\n15:50-16:00 meeting ready at work\n"
                        "16:00-17:00 shift ready as planned\n");
}

static void a_call_over_the_end_of_the_shift(void **state)
{
    (void)state;
    say("09:00:00 agent_moved agent=0 from=0 to=2 reason=none\n"
        "16:50:00 assignment_moved agent=0 contact=9 offer=3 from=0 to=2\n"
        "17:10:00 agent_moved agent=0 from=2 to=1 reason=0\n" /* while he talks */
        "17:20:00 assignment_moved agent=0 contact=9 offer=3 from=2 to=0\n"
        "17:21:00 agent_moved agent=0 from=1 to=0 reason=none\n");
    until(H(20, 0));
    EXPECT(figures_of(0, nine_to_five, 1, H(20, 0)), 480, 480, 480, 500, 1000, 1042);
    assert_string_equal(walk(0, nine_to_five, 1, H(16, 0), H(18, 0)),
                        "16:00-16:50 shift ready as planned\n16:50-17:00 shift contact as planned 9\n17:00-17:20 - contact busy 9\n17:20-17:21 - not ready unplanned\n");
}

/* Two contacts at once, one of them over: he has the other still. Who places a call without being ready works. */
static void several_in_hand(void **state)
{
    (void)state;
    say("09:00:00 agent_moved agent=0 from=0 to=1 reason=0\n"
        "09:10:00 assignment_moved agent=0 contact=20 offer=1 from=0 to=1\n"
        "09:11:00 assignment_moved agent=0 contact=20 offer=1 from=1 to=2\n"
        "09:12:00 assignment_moved agent=0 contact=20 offer=1 from=2 to=3\n"
        "09:12:00 assignment_moved agent=0 contact=30 offer=2 from=0 to=2\n"
        "09:20:00 assignment_moved agent=0 contact=30 offer=2 from=2 to=0\n"
        "09:30:00 assignment_moved agent=0 contact=20 offer=1 from=3 to=0\n"
        "10:00:00 agent_moved agent=0 from=1 to=0 reason=none\n");
    until(H(11, 0));
    assert_string_equal(walk(0, nine_to_five, 1, H(9, 0), H(10, 0)),
                        "09:00-09:10 shift not ready absent\n09:10-09:12 shift contact as planned 20\n09:12-09:20 shift contact as planned 30\n"
                        "09:20-09:30 shift contact as planned 20\n09:30-10:00 shift not ready absent\n");
}

/* 22:00 to 06:00: one shift of the day on which it begins, time in the quarters in which it passes. */
static void over_midnight(void **state)
{
    static const struct sapa_planned plan[] = {
        { H(22, 0), H(30, 0), SAPA_ACTIVITY_SHIFT, 1 }, { H(26, 0), H(26, 30), SAPA_ACTIVITY_BREAK, 2 },
    };
    const struct sapa_zone *zone = &g.centre.zones[0];
    struct sapa_row row;

    (void)state;
    say("22:00:00 agent_moved agent=0 from=0 to=2 reason=none\n"
        "26:00:00 agent_moved agent=0 from=2 to=1 reason=0\n"
        "26:30:00 agent_moved agent=0 from=1 to=2 reason=none\n"
        "30:15:00 agent_moved agent=0 from=2 to=0 reason=none\n");
    until(H(40, 0));
    assert_int_equal(sapa_planned_date(plan, 2, 0, zone), 20261121);
    assert_int_equal(sapa_planned_date(plan, 2, 1, zone), 20261121);
    assert_int_equal(sapa_shift_date(zone, plan[1].from_s), 20261122);
    EXPECT(figures_of(0, plan, 2, H(40, 0)), 480, 450, 480, 450, 1000, 1000); /* the next day has no shift: what is worked there does not count */
    assert_int_equal(sapa_intervals_get(&g.report.intervals, SAPA_ROWS_AGENTS, 0, H(26, 0) * 1000000, &row), SAPA_OK);
    assert_true(row.m.of[SAPA_M_SCHEDULED] == 900000 && row.m.of[SAPA_M_SCHEDULED_WORK] == 0 && row.m.of[SAPA_M_IN_SCHEDULE] == 900000);
}

/* While the centre stood still nobody could keep to anything; who talked meanwhile did. */
static void the_centre_stands_still(void **state)
{
    (void)state;
    say("09:00:00 agent_moved agent=0 from=0 to=2 reason=none\n09:00:00 agent_moved agent=1 from=0 to=2 reason=none\n"
        "09:50:00 assignment_moved agent=1 contact=4 offer=8 from=0 to=2\n");
    started(H(11, 0), H(10, 0), false);
    say("17:00:00 agent_moved agent=0 from=2 to=0 reason=none\n17:00:00 assignment_moved agent=1 contact=4 offer=8 from=2 to=0\n"
        "17:00:00 agent_moved agent=1 from=2 to=0 reason=none\n");
    until(H(20, 0));
    EXPECT(figures_of(0, nine_to_five, 1, H(20, 0)), 420, 420, 420, 420, 1000, 1000);
    EXPECT(figures_of(1, nine_to_five, 1, H(20, 0)), 480, 480, 480, 480, 1000, 1000);
    assert_string_equal(walk(0, nine_to_five, 1, H(9, 0), H(12, 0)), "09:00-10:00 shift ready as planned\n10:00-11:00 shift stopped unknown\n11:00-12:00 shift ready as planned\n");
}

/* 2026-10-25 in Berlin has 25 hours: a shift over that night is an hour longer than its clock says. */
static void the_clocks_change(void **state)
{
    const struct sapa_zone *zone = &fix_zones[1];
    struct sapa_planned plan[1] = { { .activity = SAPA_ACTIVITY_SHIFT } };
    struct sapa_span window;
    size_t at = 0;

    (void)state;
    assert_true(sapa_zone_time("2026-10-24T22:00", zone, &plan[0].from_s) && sapa_zone_time("2026-10-25T06:00", zone, &plan[0].to_s));
    assert_int_equal(plan[0].to_s - plan[0].from_s, 9 * 3600);
    assert_int_equal(sapa_planned_date(plan, 1, 0, zone), 20261024);
    assert_true(sapa_shift_window(plan, 1, zone, &at, &window) && !sapa_shift_window(plan, 1, zone, &at, &(struct sapa_span){ 0 }));
    assert_int_equal(window.to_s, plan[0].to_s);
    assert_int_equal(sapa_shift_date_next(zone, 20261025), 20261026);
    assert_true(sapa_zone_time("2026-10-25T00:00", zone, &plan[0].from_s) && sapa_zone_time("2026-10-25T16:00", zone, &plan[0].to_s));
    char buf[100];
    struct sapa_text problem;
    size_t wrong;
    sapa_text_init(&problem, buf, sizeof(buf));
    assert_int_equal(sapa_planned_check(plan, 1, zone, &wrong, &problem), SAPA_EINVAL); /* 17 hours */
}

static void what_is_no_plan(void **state)
{
#define E(from, to, activity) { H(from, 0), H(to, 0), SAPA_ACTIVITY_##activity, 0 }
    static const struct { struct sapa_planned of[3]; size_t count, wrong; const char *says; } bad[] = {
        { { E(9, 9, SHIFT) }, 1, 0, "ends before it begins" },
        { { E(9, 12, SHIFT), E(11, 14, SHIFT) }, 2, 1, "before the shift before it ends" },
        { { E(9, 10, BREAK) }, 1, 0, "does not lie in a shift" },
        { { E(9, 12, SHIFT), E(11, 13, BREAK) }, 2, 1, "does not lie in a shift" },
        { { E(9, 17, SHIFT), E(10, 13, BREAK), E(12, 14, MEETING) }, 3, 2, "before what is planned before it ends" },
        { { E(0, 17, SHIFT) }, 1, 0, "longer than 16 hours" },
    };
#undef E
    struct sapa_planned many[SAPA_SHIFT_DAY_MAX + 1] = { { H(0, 0), H(15, 0), SAPA_ACTIVITY_SHIFT, 0 } };
    char buf[128];
    struct sapa_text problem;
    size_t wrong = 99;

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(bad); i++) {
        sapa_text_init(&problem, buf, sizeof(buf));
        assert_int_equal(sapa_planned_check(bad[i].of, bad[i].count, &g.centre.zones[0], &wrong, &problem), SAPA_EINVAL);
        assert_int_equal(wrong, bad[i].wrong);
        if (!strstr(buf, bad[i].says))
            fail_msg("%zu: %s", i, buf);
    }
    for (size_t i = 1; i < SAPA_COUNT(many); i++)
        many[i] = (struct sapa_planned){ H(0, 0) + (int64_t)i * 60, H(0, 0) + (int64_t)i * 60 + 60, SAPA_ACTIVITY_BREAK, 0 };
    sapa_text_init(&problem, buf, sizeof(buf));
    assert_int_equal(sapa_planned_check(many, SAPA_COUNT(many) - 1, &g.centre.zones[0], &wrong, &problem), SAPA_OK);
    assert_int_equal(sapa_planned_check(many, SAPA_COUNT(many), &g.centre.zones[0], &wrong, &problem), SAPA_EINVAL);
    sapa_planned_sort(many, SAPA_COUNT(many));
    assert_int_equal(many[0].activity, SAPA_ACTIVITY_SHIFT);
}

/* ---- CSV ---- */

static sapa_rc read_csv(const char *text, struct sapa_shift_line *ret, unsigned *ret_count, char *buf, size_t size)
{
    struct sapa_shift_csv csv;
    struct sapa_text problem;
    sapa_rc rc;

    *ret_count = 0;
    sapa_text_init(&problem, buf, size);
    rc = sapa_shift_csv_open(&csv, sapa_str_of(text), &problem);
    while (rc == SAPA_OK && (rc = sapa_shift_csv_next(&csv, ret, &problem)) == SAPA_OK)
        ++*ret_count;
    return rc == SAPA_ENOENT ? SAPA_OK : rc;
}

static void plans_as_csv(void **state)
{
    static const struct { const char *text, *says; uint32_t line; } bad[] = {
        { "", "there is nothing in it", 0 },
        { "agent,start,end\n", "names the columns", 0 },
        { "agent,start,end,activity,activity\n", "names the columns", 0 },
        { "agent,start,end,colour\n", "names the columns", 0 },
        { "agent,start,end,activity\nsiti,1,2,shift\n\nsiti,1,2\n", "are wanted, with ,", 4 },
        { "agent,start,end,activity\nsiti,1,2,shift,more\n", "more stands there", 2 },
        { "agent,start,end,activity\nsiti,,2,shift\n", "start is empty", 2 },
        { "agent,start,end,activity\nsiti,1,2,\"shift\n", "are wanted", 2 },
        { "agent,start,end,activity\nsiti,1,2,abcdefghijklmnopqrst\n", "activity is too long", 2 },
    };
    struct sapa_shift_line line;
    unsigned count;
    char buf[200];

    (void)state;
    assert_int_equal(read_csv("\xef\xbb\xbf" "Agent,start,end,activity\r\nsiti,2026-11-22 08:00,2026-11-22T16:00,shift\r\n\r\n", &line, &count, buf, sizeof(buf)), SAPA_OK);
    assert_true(count == 1);
    assert_int_equal(read_csv("activity;\"agent\";end;start\nshift;\"si\"\"ti\";2;1\n", &line, &count, buf, sizeof(buf)), SAPA_OK);
    for (size_t i = 0; i < SAPA_COUNT(bad); i++) {
        line.line = 0;
        assert_int_equal(read_csv(bad[i].text, &line, &count, buf, sizeof(buf)), SAPA_EINVAL);
        if (!strstr(buf, bad[i].says) || line.line != bad[i].line)
            fail_msg("%zu: line %u: %s", i, line.line, buf);
    }
    struct sapa_shift_csv csv;
    struct sapa_text problem;
    sapa_text_init(&problem, buf, sizeof(buf));
    assert_int_equal(sapa_shift_csv_open(&csv, SAPA_STR("activity;\"agent\";end;start\nbreak; \"si;ti\" ;2026-11-22 10:00;1\nbreak;\"si;ti\";2026-11-22 10:00;1"), &problem), SAPA_OK);
    assert_int_equal(sapa_shift_csv_next(&csv, &line, &problem), SAPA_EINVAL); /* a quote begins at the beginning */
    assert_int_equal(sapa_shift_csv_next(&csv, &line, &problem), SAPA_OK);
    assert_string_equal(line.agent, "si;ti");
    assert_string_equal(line.end, "2026-11-22T10:00");
    assert_string_equal(line.activity, "break");
    assert_int_equal(line.line, 3);
    assert_int_equal(sapa_shift_csv_next(&csv, &line, &problem), SAPA_ENOENT);
}

static void damaged_pieces_are_refused(void **state)
{
    (void)state;
    say("09:00:00 agent_moved agent=0 from=0 to=2 reason=none\n09:10:00 agent_moved agent=0 from=2 to=1 reason=1\n09:20:00 agent_moved agent=0 from=1 to=0 reason=none\n");
    until(H(10, 0));
    assert_true(shelf_count > 0);
    for (size_t n = 0; n < shelf[0].n; n++) {
        struct sapa_stretches fold_;
        sapa_stretches_init(&fold_, sapa_memory_heap(), &g.report.names, true);
        assert_int_equal(sapa_stretches_join(&fold_, (struct sapa_str){ (const char *)shelf[0].bytes, n }), SAPA_ECORRUPT);
        assert_int_equal(fold_.count, 0);
        sapa_stretches_done(&fold_);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(the_published_example), T(without_a_plan_there_is_no_figure), T(who_does_not_come), T(a_break_taken_late), T(a_call_over_the_end_of_the_shift),
        T(several_in_hand), T(over_midnight), T(the_centre_stands_still), T(the_clocks_change), T(what_is_no_plan), T(plans_as_csv), T(damaged_pieces_are_refused),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
