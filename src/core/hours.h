/**
 * @file core/hours.h
 * Opening hours: local days of a time zone, several spans a day, holidays that differ.
 *
 * A moment is open when its local minute lies in a span of its local weekday; on a date that is
 * named as a holiday only the holiday's spans count (none: closed all day). So a local time that a
 * clock change skips never comes, and one that comes twice counts twice.
 *
 * Room    core: pure. Integers only; zone tables come with the centre description.
 * Thread  any; nothing is kept.
 * Tests   core/hours_test.c
 */
#ifndef SAPA_CORE_HOURS_H
#define SAPA_CORE_HOURS_H

#include "model/centre.h"

enum { SAPA_HOURS_LOOK_AHEAD_DAYS = 400 };

/** A moment as a clock on the wall shows it. */
struct sapa_local {
    int32_t date; /* yyyymmdd */
    int32_t year;
    uint8_t month;   /* 1..12 */
    uint8_t day;     /* 1..31 */
    uint8_t weekday; /* 0 Monday … 6 Sunday */
    uint8_t hour, minute, second;
    uint16_t minute_of_day;
    int32_t offset_s; /* east of UTC */
};

/** Seconds east of UTC in force at `at_s` (UTC seconds). O(log changes). */
int32_t sapa_zone_offset_s(const struct sapa_zone *zone, int64_t at_s);

/** First change of the zone's offset after `at_s` (UTC seconds); INT64_MAX when there is none. */
int64_t sapa_zone_next_change_s(const struct sapa_zone *zone, int64_t at_s);

/** UTC microseconds as local time. `zone` NULL is UTC. Years 1970..9999; earlier is shown as 1970. */
struct sapa_local sapa_local_of(const struct sapa_zone *zone, int64_t at_us);

/** Open at `at_us`? `hours` SAPA_NONE: always. */
bool sapa_hours_open(const struct sapa_centre *centre, uint32_t hours, int64_t at_us);

/** Index into the centre's holidays of the one that `at_us` falls on by these hours; SAPA_NONE: none. */
uint32_t sapa_hours_holiday(const struct sapa_centre *centre, uint32_t hours, int64_t at_us);

/**
 * The first moment after `at_us` at which sapa_hours_open() has the other answer.
 * INT64_MAX when there is none within SAPA_HOURS_LOOK_AHEAD_DAYS.
 */
int64_t sapa_hours_next_change(const struct sapa_centre *centre, uint32_t hours, int64_t at_us);

/** The hours that hold for a queue: its own, else its client's. */
uint32_t sapa_hours_of_queue(const struct sapa_centre *centre, uint32_t queue);

#endif
