#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "report/fixture_impl.h"
#include "report/zone.h"

static unsigned quarters_of_day(const struct sapa_zone *zone, int32_t date, int64_t *ret_length)
{
    const struct sapa_span day = sapa_zone_span(zone, SAPA_GRAIN_DAY, sapa_zone_midnight(zone, date));
    unsigned count = 0;

    *ret_length = day.to_s - day.from_s;
    for (int64_t at = day.from_s; at < day.to_s; count++) {
        const struct sapa_span quarter = sapa_zone_span(zone, SAPA_GRAIN_QUARTER, at);
        assert_int_equal(quarter.from_s, at); /* no gap, no overlap */
        assert_true(quarter.to_s > at);
        assert_int_equal(sapa_zone_civil(zone, at).minute % 15, 0);
        at = quarter.to_s;
    }
    return count;
}

static void test_days(void **state)
{
    int64_t length;

    (void)state;
    assert_int_equal(quarters_of_day(&fix_zones[0], 20261121, &length), 96);
    assert_int_equal(sapa_zone_midnight(&fix_zones[0], 20261121), FIX_MIDNIGHT_S);
    /* Clocks go forward: 23 hours; back: 25. */
    assert_int_equal(quarters_of_day(&fix_zones[1], 20260329, &length), 92);
    assert_int_equal(length, 23 * 3600);
    assert_int_equal(quarters_of_day(&fix_zones[1], 20261025, &length), 100);
    assert_int_equal(length, 25 * 3600);
    assert_int_equal(quarters_of_day(&fix_zones[1], 20261026, &length), 96);
    assert_int_equal(quarters_of_day(NULL, 20240229, &length), 96);
}

static void test_midnight_that_is_not(void **state)
{
    /* The clock jumps from 00:00 to 01:00 (as in Beirut): the day begins at 01:00. */
    static const int64_t at[] = { 1774735200 }; /* 2026-03-28 22:00 UTC = 29th 00:00 at +2 */
    static const int32_t offset[] = { 10800 };
    const struct sapa_zone gap = { .before_s = 7200, .count = 1, .at_s = at, .offset_s = offset };
    /* From 00:30 back to 23:30: the evening of the 24th comes again when the 25th has begun. */
    static const int64_t back_at[] = { 1792877400 }; /* 2026-10-24 21:30 UTC = 25th 00:30 at +3 */
    static const int32_t back_offset[] = { 7200 };
    const struct sapa_zone twice = { .before_s = 10800, .count = 1, .at_s = back_at, .offset_s = back_offset };
    int64_t length;

    (void)state;
    assert_int_equal(sapa_zone_midnight(&gap, 20260329), at[0]);
    assert_int_equal(sapa_zone_civil(&gap, at[0]).hour, 1);
    assert_int_equal(quarters_of_day(&gap, 20260329, &length), 92);
    const int64_t begin = back_at[0] - 1800; /* the first midnight */
    assert_int_equal(sapa_zone_midnight(&twice, 20261025), begin);
    for (int64_t moment = begin; moment < begin + 3600 * 25; moment += 600) {
        const struct sapa_span day = sapa_zone_span(&twice, SAPA_GRAIN_DAY, moment);
        assert_int_equal(day.from_s, begin); /* one day, of 25 hours */
        assert_int_equal(day.to_s, begin + 3600 * 25);
    }
    assert_int_equal(sapa_zone_span(&twice, SAPA_GRAIN_DAY, begin - 1).to_s, begin);
}

static void test_calendar(void **state)
{
    int32_t date;

    (void)state;
    const struct sapa_civil civil = sapa_zone_civil(&fix_zones[0], FIX_MIDNIGHT_S + 3661);
    assert_int_equal(civil.year, 2026);
    assert_int_equal(civil.month, 11);
    assert_int_equal(civil.day, 21);
    assert_int_equal(civil.hour, 1);
    assert_int_equal(civil.minute, 1);
    assert_int_equal(civil.second, 1);
    assert_int_equal(civil.weekday, 5); /* Saturday */
    assert_int_equal(sapa_zone_civil(NULL, -1).year, 1969);
    assert_int_equal(sapa_zone_civil(NULL, -1).second, 59);
    assert_int_equal(sapa_zone_date(SAPA_STR("2024-02-29"), &date), SAPA_OK);
    assert_int_equal(date, 20240229);
    assert_int_equal(sapa_zone_date(SAPA_STR("2023-02-29"), &date), SAPA_EINVAL);
    assert_int_equal(sapa_zone_date(SAPA_STR("2026-04-31"), &date), SAPA_EINVAL);
    assert_int_equal(sapa_zone_date(SAPA_STR("2026-13-01"), &date), SAPA_EINVAL);
    assert_int_equal(sapa_zone_date(SAPA_STR("2026-1-01"), &date), SAPA_EINVAL);
    for (int64_t s = -100000000000; s < 100000000000; s += 86400 * 97 + 3601) {
        const struct sapa_civil c = sapa_zone_civil(NULL, s);
        const int32_t whole = c.year * 10000 + c.month * 100 + c.day;
        if (c.year > 0)
            assert_int_equal(sapa_zone_midnight(NULL, whole) + c.hour * 3600 + c.minute * 60 + c.second, s);
    }
}

/* Each interval is made of whole shorter ones, whatever the clocks do. */
static void test_intervals_nest(void **state)
{
    static const enum sapa_grain inside[][2] = {
        { SAPA_GRAIN_QUARTER, SAPA_GRAIN_HOUR }, { SAPA_GRAIN_HOUR, SAPA_GRAIN_DAY },
        { SAPA_GRAIN_DAY, SAPA_GRAIN_WEEK },     { SAPA_GRAIN_DAY, SAPA_GRAIN_MONTH },
    };

    (void)state;
    for (unsigned z = 0; z < 3; z++) {
        const struct sapa_zone *zone = z == 2 ? NULL : &fix_zones[z];
        for (int64_t at = 1774746000 - 86400 * 40; at < 1792890000 + 86400 * 40; at += 1777) {
            for (unsigned i = 0; i < SAPA_COUNT(inside); i++) {
                const struct sapa_span small = sapa_zone_span(zone, inside[i][0], at);
                const struct sapa_span large = sapa_zone_span(zone, inside[i][1], at);
                assert_true(small.from_s <= at && at < small.to_s);
                assert_true(large.from_s <= small.from_s && small.to_s <= large.to_s);
            }
            assert_int_equal(sapa_zone_civil(zone, sapa_zone_span(zone, SAPA_GRAIN_WEEK, at).from_s).weekday, 0);
            assert_int_equal(sapa_zone_civil(zone, sapa_zone_span(zone, SAPA_GRAIN_MONTH, at).from_s).day, 1);
            assert_int_equal(sapa_zone_civil(zone, sapa_zone_span(zone, SAPA_GRAIN_MONTH, at).to_s).day, 1);
        }
    }
    /* The week in which the clocks go back has an hour more; December ends with the year. */
    const struct sapa_span week = sapa_zone_span(&fix_zones[1], SAPA_GRAIN_WEEK, 1792890000);
    assert_int_equal(week.to_s - week.from_s, 7 * 86400 + 3600);
    const struct sapa_span month = sapa_zone_span(NULL, SAPA_GRAIN_MONTH, 1798000000); /* 2026-12-23 */
    assert_int_equal(month.to_s, 1798761600);                                          /* 2027-01-01 */
}

static void test_times_as_written(void **state)
{
    static const char *const wrong[] = { "", "2026-11-31", "2026-11-21T", "2026-11-21T24:00", "2026-11-21T08", "2026-11-21T08:60", "today" };
    int64_t at;

    (void)state;
    assert_true(sapa_zone_time("2026-11-21", &fix_zones[0], &at));
    assert_int_equal(at, FIX_MIDNIGHT_S);
    assert_true(sapa_zone_time("2026-11-21T08:15", &fix_zones[0], &at));
    assert_int_equal(at, FIX_MIDNIGHT_S + 8 * 3600 + 15 * 60);
    assert_true(sapa_zone_time("2026-03-29T12:00", &fix_zones[1], &at)); /* the clocks went forward at two */
    assert_int_equal(at, sapa_zone_midnight(&fix_zones[1], 20260329) + 11 * 3600);
    for (size_t i = 0; i < SAPA_COUNT(wrong); i++)
        assert_false(sapa_zone_time(wrong[i], &fix_zones[0], &at));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_times_as_written),
        cmocka_unit_test(test_midnight_that_is_not),
        cmocka_unit_test(test_calendar),
        cmocka_unit_test(test_intervals_nest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
