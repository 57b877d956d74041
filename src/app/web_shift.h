/**
 * @file app/web_shift.h
 * The API of planned shifts: reading and replacing a plan, the day of an agent with its deviations, adherence of a day by
 * agent and team (http/shift.h keeps plans, report/shift.h computes).
 *
 * Room    app.   Thread  the web thread's pools: writes one at a time, reads any.
 * Tests   app/web_shift_test.c, test/scenario/80-api   Design  docs/design/shifts.md
 */
#ifndef SAPA_APP_WEB_SHIFT_H
#define SAPA_APP_WEB_SHIFT_H

#include "app/web_work.h"

enum { SAPA_SHIFTS_DAYS_MAX = 93, SAPA_SHIFTS_ITEMS_MAX = 20000, SAPA_SHIFTS_AGENTS_MAX = 1000 };

/** SHIFTS, SHIFTS_PUT, AGENT_DAY, ADHERENCE; the result goes into `work`, its rc is returned. */
sapa_rc sapa_web_shift(const struct sapa_web_files *files, struct sapa_web_work *work);
/**
 * At a start: days from today on (four weeks) on which nothing is planned for an agent get what a file has for every day. It
 * is a plan as CSV whose times are of the clock alone, 08:00 (00:00 at the end: midnight); agent `*` is who has no line of his
 * own; today from the present quarter of an hour on. Says on the log what is wrong; then nothing is planned.
 */
void sapa_shift_first(struct sapa_store *store, const char *path, const struct sapa_centre *centre, int64_t now_us);
/** "2026-11-22T08:00" in a zone. */
void sapa_shift_time(const struct sapa_zone *zone, int64_t at_s, char buf[24]);

#endif
