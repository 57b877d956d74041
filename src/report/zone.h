/**
 * @file report/zone.h
 * Quarter hours, hours, days, weeks and months of a time zone. A day on which clocks change has 92 or 100 quarter hours.
 *
 * Room    report: base, model; pure.   Thread  any.   Tests  report/zone_test.c
 */
#ifndef SAPA_REPORT_ZONE_H
#define SAPA_REPORT_ZONE_H

#include "model/centre.h"

enum { SAPA_QUARTER_S = 900 };

/** Lengths of intervals. Numbers stand in snapshots. */
enum sapa_grain { SAPA_GRAIN_QUARTER, SAPA_GRAIN_DAY, SAPA_GRAIN_HOUR, SAPA_GRAIN_WEEK, SAPA_GRAIN_MONTH, SAPA_GRAIN_MINUTE, SAPA_GRAIN_COUNT };

/** A stretch of UTC seconds [from_s, to_s). */
struct sapa_span {
    int64_t from_s;
    int64_t to_s;
};

/** Seconds east of UTC at this moment. NULL zone: UTC. O(log changes). */
int32_t sapa_zone_offset(const struct sapa_zone *zone, int64_t at_s);

/**
 * The interval that holds `at_s`: quarters begin at :00 :15 :30 :45 of the local clock, hours at :00, days
 * at local midnight (or the first moment of the date where midnight does not exist), weeks on Monday,
 * months on the first. A quarter or an hour in which the offset changes is cut there. Intervals cover
 * time without gap or overlap, and each is made of whole shorter ones.
 */
struct sapa_span sapa_zone_span(const struct sapa_zone *zone, enum sapa_grain grain, int64_t at_s);

/** Local calendar of a moment. */
struct sapa_civil {
    int32_t year;
    uint8_t month, day, hour, minute, second;
    uint8_t weekday; /* 0 Monday */
    int32_t offset_s;
};
struct sapa_civil sapa_zone_civil(const struct sapa_zone *zone, int64_t at_s);

/** "2026-11-21" or "2026-11-21T08:15" in the zone's local time, as UTC seconds. False: it is neither. */
bool sapa_zone_time(const char *text, const struct sapa_zone *zone, int64_t *ret_s);

/** First moment of a local date (yyyymmdd, checked by the caller to be a date). */
int64_t sapa_zone_midnight(const struct sapa_zone *zone, int32_t date);
/** "2026-01-31" to 20260131. SAPA_EINVAL for what is no date. */
SAPA_MUST_CHECK sapa_rc sapa_zone_date(struct sapa_str text, int32_t *ret_date);

#endif
