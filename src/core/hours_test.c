/* Opening hours at their boundaries: minutes, midnight, weekdays, holidays, clock changes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/hours.h"

#define US INT64_C(1000000)

/* 2026: clocks in Amsterdam change on 29 March and 25 October at 01:00 UTC */
static const int64_t amsterdam_at[] = { 1774746000, 1792890000 };
static const int32_t amsterdam_offset[] = { 7200, 3600 };
/* New York: 8 March 07:00 UTC and 1 November 06:00 UTC */
static const int64_t new_york_at[] = { 1772953200, 1793512800 };
static const int32_t new_york_offset[] = { -14400, -18000 };

static const struct sapa_zone zones[] = {
    { .name = { "Asia/Jakarta", 12 }, .before_s = 25200 },
    { .name = { "Europe/Amsterdam", 16 },
      .before_s = 3600,
      .count = 2,
      .at_s = amsterdam_at,
      .offset_s = amsterdam_offset },
    { .name = { "America/New_York", 16 },
      .before_s = -18000,
      .count = 2,
      .at_s = new_york_at,
      .offset_s = new_york_offset },
};
enum { JAKARTA, AMSTERDAM, NEW_YORK };

static const struct sapa_hours_span spans[] = {
    { 0x1f, 8 * 60, 17 * 60 },  /* 0: Monday to Friday 08:00-17:00 */
    { 0x20, 9 * 60, 12 * 60 },  /* 1: Saturday 09:00-12:00 */
    { 0x20, 13 * 60, 15 * 60 }, /* 2: and 13:00-15:00 */
    { 0x7f, 0, 1440 },          /* 3: always */
    { 0x7f, 22 * 60, 1440 },    /* 4: over midnight, in two spans */
    { 0x7f, 0, 6 * 60 },        /* 5 */
    { 0x7f, 2 * 60, 3 * 60 },   /* 6: the hour that clocks skip or repeat */
    { 0, 10 * 60, 12 * 60 },    /* 7: of a holiday */
    { 0x40, 120, 180 },         /* 8: Sundays 02:00-03:00 */
};
static const struct sapa_holiday holidays[] = {
    { 20260101, { "Tahun Baru", 10 }, 0, 0 },
    { 20260817, { "Hari Kemerdekaan", 16 }, 7, 1 },
    { 20261225, { "Natal", 5 }, 0, 0 },
};
static const struct sapa_hours hours[] = {
    { { "office", 6 }, JAKARTA, 0, 3, 0, 3, 0 },   { { "always", 6 }, JAKARTA, 3, 1, 0, 0, 0 },
    { { "night", 5 }, JAKARTA, 4, 2, 0, 0, 0 },    { { "gap", 3 }, AMSTERDAM, 6, 1, 0, 0, 0 },
    { { "overlap", 7 }, NEW_YORK, 8, 1, 0, 0, 0 }, { { "closed", 6 }, JAKARTA, 0, 0, 0, 0, 0 },
};
enum { OFFICE, ALWAYS, NIGHT, GAP, OVERLAP, CLOSED };
static const struct sapa_client clients[] = { { .key = { "c", 1 }, .hours = OFFICE } };
static const struct sapa_queue queues[] = { { .hours = SAPA_NONE }, { .hours = NIGHT } };
static const struct sapa_centre centre = {
    .zones = zones,
    .zones_count = 3,
    .spans = spans,
    .spans_count = 9,
    .holidays = holidays,
    .holidays_count = 3,
    .hours = hours,
    .hours_count = 6,
    .clients = clients,
    .clients_count = 1,
    .queues = queues,
    .queues_count = 2,
};

/* UTC of a wall clock that runs `offset_h` hours east */
static int64_t at(int year, int month, int day, int hour, int minute, int second, int offset_h)
{
    const int64_t y = month <= 2 ? year - 1 : year, era = y / 400, yoe = y - era * 400;
    const int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    const int64_t days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;

    return (days * 86400 + hour * 3600 + minute * 60 + second - offset_h * 3600) * US;
}

static void wall_clocks(void **state)
{
    (void)state;
    struct sapa_local local = sapa_local_of(&zones[JAKARTA], at(2026, 8, 17, 23, 59, 59, 7));
    assert_int_equal(local.date, 20260817);
    assert_int_equal(local.weekday, 0); /* a Monday */
    assert_int_equal(local.hour, 23);
    assert_int_equal(local.minute_of_day, 1439);
    local = sapa_local_of(&zones[JAKARTA], at(2026, 8, 18, 0, 0, 0, 7));
    assert_int_equal(local.date, 20260818);
    assert_int_equal(local.minute_of_day, 0);
    local = sapa_local_of(NULL, at(2028, 2, 29, 12, 30, 15, 0));
    assert_int_equal(local.date, 20280229);
    assert_int_equal(local.second, 15);
    assert_int_equal(sapa_local_of(NULL, 0).weekday, 3);
    /* both sides of a clock change */
    assert_int_equal(sapa_local_of(&zones[AMSTERDAM], 1774746000 * US - 1).minute_of_day, 119);
    assert_int_equal(sapa_local_of(&zones[AMSTERDAM], 1774746000 * US).minute_of_day, 180);
    assert_int_equal(sapa_local_of(&zones[NEW_YORK], 1793512800 * US - 1).minute_of_day, 119);
    assert_int_equal(sapa_local_of(&zones[NEW_YORK], 1793512800 * US).minute_of_day, 60);
    assert_int_equal(sapa_zone_next_change_s(&zones[NEW_YORK], 1772953199), 1772953200);
    assert_int_equal(sapa_zone_next_change_s(&zones[NEW_YORK], 1772953200), 1793512800);
    assert_int_equal(sapa_zone_next_change_s(&zones[NEW_YORK], 1793512800), INT64_MAX);
}

static void opens_and_closes_on_the_minute(void **state)
{
    (void)state;
    assert_false(sapa_hours_open(&centre, OFFICE, at(2026, 3, 2, 7, 59, 59, 7))); /* a Monday */
    assert_true(sapa_hours_open(&centre, OFFICE, at(2026, 3, 2, 8, 0, 0, 7)));
    assert_true(sapa_hours_open(&centre, OFFICE, at(2026, 3, 2, 17, 0, 0, 7) - 1));
    assert_false(sapa_hours_open(&centre, OFFICE, at(2026, 3, 2, 17, 0, 0, 7)));
    assert_true(sapa_hours_open(&centre, OFFICE,
                                at(2026, 3, 7, 11, 59, 0, 7))); /* Saturday, with a break */
    assert_false(sapa_hours_open(&centre, OFFICE, at(2026, 3, 7, 12, 30, 0, 7)));
    assert_true(sapa_hours_open(&centre, OFFICE, at(2026, 3, 7, 13, 0, 0, 7)));
    assert_false(sapa_hours_open(&centre, OFFICE, at(2026, 3, 8, 10, 0, 0, 7))); /* Sunday */
    assert_true(sapa_hours_open(&centre, SAPA_NONE, 0));
    assert_false(sapa_hours_open(&centre, CLOSED, at(2026, 3, 2, 12, 0, 0, 7)));
}

static void the_end_of_the_day_is_not_an_end(void **state)
{
    (void)state;
    for (int day = 1; day < 28; day++) {
        assert_true(sapa_hours_open(&centre, ALWAYS, at(2026, 2, day, 23, 59, 59, 7)));
        assert_true(sapa_hours_open(&centre, ALWAYS, at(2026, 2, day, 0, 0, 0, 7)));
    }
    assert_int_equal(sapa_hours_next_change(&centre, ALWAYS, at(2026, 2, 1, 12, 0, 0, 7)),
                     INT64_MAX);
    assert_true(sapa_hours_open(&centre, NIGHT, at(2026, 2, 3, 23, 59, 59, 7)));
    assert_true(sapa_hours_open(&centre, NIGHT, at(2026, 2, 4, 0, 0, 0, 7)));
    assert_int_equal(sapa_hours_next_change(&centre, NIGHT, at(2026, 2, 3, 22, 0, 0, 7)),
                     at(2026, 2, 4, 6, 0, 0, 7));
    assert_int_equal(sapa_hours_next_change(&centre, NIGHT, at(2026, 2, 4, 6, 0, 0, 7)),
                     at(2026, 2, 4, 22, 0, 0, 7));
}

static void holidays_replace_the_day(void **state)
{
    (void)state;
    assert_false(sapa_hours_open(&centre, OFFICE, at(2026, 1, 1, 10, 0, 0, 7))); /* a Thursday */
    assert_true(sapa_hours_open(&centre, OFFICE, at(2026, 1, 2, 10, 0, 0, 7)));
    assert_false(sapa_hours_open(&centre, OFFICE, at(2026, 8, 17, 9, 0, 0, 7))); /* short day */
    assert_true(sapa_hours_open(&centre, OFFICE, at(2026, 8, 17, 10, 0, 0, 7)));
    assert_false(sapa_hours_open(&centre, OFFICE, at(2026, 8, 17, 12, 0, 0, 7)));
    assert_int_equal(sapa_hours_holiday(&centre, OFFICE, at(2026, 8, 17, 0, 0, 0, 7)), 1);
    assert_int_equal(sapa_hours_holiday(&centre, OFFICE, at(2026, 8, 18, 0, 0, 0, 7)), SAPA_NONE);
    assert_int_equal(sapa_hours_next_change(&centre, OFFICE, at(2025, 12, 31, 17, 0, 0, 7)),
                     at(2026, 1, 2, 8, 0, 0, 7));
    assert_int_equal(sapa_hours_next_change(&centre, OFFICE, at(2026, 8, 14, 17, 0, 0, 7)),
                     at(2026, 8, 15, 9, 0, 0, 7));
    assert_int_equal(sapa_hours_next_change(&centre, OFFICE, at(2026, 8, 15, 15, 0, 0, 7)),
                     at(2026, 8, 17, 10, 0, 0, 7));
}

static void an_hour_that_never_comes_and_one_that_comes_twice(void **state)
{
    (void)state;
    /* Amsterdam skips 02:00-03:00 on 29 March: not open at all that day */
    assert_int_equal(sapa_hours_next_change(&centre, GAP, at(2026, 3, 28, 3, 0, 0, 1)),
                     at(2026, 3, 30, 2, 0, 0, 2));
    /* and has it twice on 25 October: open for two hours */
    assert_int_equal(sapa_hours_next_change(&centre, GAP, at(2026, 10, 25, 1, 59, 0, 2)),
                     at(2026, 10, 25, 2, 0, 0, 2));
    assert_int_equal(sapa_hours_next_change(&centre, GAP, at(2026, 10, 25, 2, 0, 0, 2)),
                     at(2026, 10, 25, 3, 0, 0, 1));
    /* New York, Sunday 8 March: 02:00-03:00 does not come; Sunday before does */
    assert_int_equal(sapa_hours_next_change(&centre, OVERLAP, at(2026, 3, 1, 3, 0, 0, -5)),
                     at(2026, 3, 15, 2, 0, 0, -4));
    assert_true(sapa_hours_open(&centre, OVERLAP,
                                at(2026, 11, 1, 2, 30, 0, -5))); /* after the second 01:00-02:00 */
    assert_int_equal(sapa_hours_next_change(&centre, OVERLAP, at(2026, 11, 1, 1, 30, 0, -4)),
                     at(2026, 11, 1, 2, 0, 0, -5));
}

/* The next change is the first minute at which the answer differs: for every minute of some weeks. */
static void next_change_agrees_with_looking(void **state)
{
    (void)state;
    static const uint32_t which[] = { OFFICE, NIGHT, GAP, OVERLAP };
    static const int64_t begins[] = { 1772900000, 1774700000, 1786900000, 1792800000, 1793400000 };
    for (size_t k = 0; k < 4; k++) {
        for (size_t b = 0; b < 5; b++) {
            int64_t from_s = begins[b] / 60 * 60;
            int64_t next = sapa_hours_next_change(&centre, which[k], from_s * US);
            bool open = sapa_hours_open(&centre, which[k], from_s * US);
            for (int i = 0; i < 9 * 1440; i++, from_s += 60) {
                if (sapa_hours_open(&centre, which[k], from_s * US) == open)
                    continue;
                assert_int_equal(next, from_s * US);
                open = !open;
                next = sapa_hours_next_change(&centre, which[k], from_s * US);
            }
        }
    }
}

static void a_queue_has_its_own_or_its_clients(void **state)
{
    (void)state;
    assert_int_equal(sapa_hours_of_queue(&centre, 0), OFFICE);
    assert_int_equal(sapa_hours_of_queue(&centre, 1), NIGHT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wall_clocks),
        cmocka_unit_test(opens_and_closes_on_the_minute),
        cmocka_unit_test(the_end_of_the_day_is_not_an_end),
        cmocka_unit_test(holidays_replace_the_day),
        cmocka_unit_test(an_hour_that_never_comes_and_one_that_comes_twice),
        cmocka_unit_test(next_change_agrees_with_looking),
        cmocka_unit_test(a_queue_has_its_own_or_its_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
