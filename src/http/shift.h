/**
 * @file http/shift.h
 * Planned shifts as they are kept: beside the log, an object for each agent and local day (`api.shift.AGENT.DATE`), and one
 * that says which version of the plan holds and which days it has (`api.shifts`). A plan is imported, not made here.
 *
 * An object is { "by", "changed_us", "items": [[activity, from_s, to_s], …] }: moments, so that a plan stays what it was when
 * the description gets another time zone. What is written at once is there at once, also after a crash: all of it or nothing.
 *
 * Room    http: base, store, report.   Thread  any; one writer at a time (the pool of writes has one thread).
 * Tests   app/web_shift_test.c, test/scenario/80-api   Design  docs/design/shifts.md
 */
#ifndef SAPA_HTTP_SHIFT_H
#define SAPA_HTTP_SHIFT_H

#include "report/shift.h"
#include "store/store.h"

struct sapa_plan_head {
    uint64_t version;     /* 0: nothing was ever planned */
    int32_t first, last;  /* days, yyyymmdd, that any plan has or had; 0 none */
};

struct sapa_plan_day {
    struct sapa_planned of[SAPA_SHIFT_DAY_MAX]; /* sorted */
    size_t count;
    int64_t changed_us;
    char by[65];
};

/** SAPA_OK with version 0 when there is none. */
SAPA_MUST_CHECK sapa_rc sapa_plan_head(struct sapa_store *store, struct sapa_plan_head *ret);
/** Of one agent the entries that belong to a day. @retval SAPA_ENOENT  nothing is planned   @retval SAPA_ECORRUPT */
SAPA_MUST_CHECK sapa_rc sapa_plan_day(struct sapa_store *store, struct sapa_str agent, int32_t date, struct sapa_plan_day *ret);

/** What is written together. Zeroed: empty. */
struct sapa_plan_writing {
    struct sapa_setting *of;
    size_t count, room;
    int32_t first, last;
};
/** An agent's day in place of what is there; `count` 0: nothing is planned. @retval SAPA_ENOMEM, SAPA_EINVAL */
SAPA_MUST_CHECK sapa_rc sapa_plan_write(struct sapa_plan_writing *writing, struct sapa_str agent, int32_t date, const struct sapa_planned *of, size_t count,
                                        const char *by, int64_t changed_us);
/** All of it, as the version after `before`. @retval SAPA_ESTATE  that is not the one that holds */
SAPA_MUST_CHECK sapa_rc sapa_plan_commit(struct sapa_store *store, struct sapa_plan_writing *writing, uint64_t before, uint64_t *ret_version);
void sapa_plan_writing_done(struct sapa_plan_writing *writing);

/**
 * Everything that is planned for an agent on the days [first, last]. The caller frees `*ret`; NULL and 0 when nothing is.
 * @retval SAPA_ELIMIT  more than SAPA_PLAN_DAYS_MAX days
 */
enum { SAPA_PLAN_DAYS_MAX = 4000 };
SAPA_MUST_CHECK sapa_rc sapa_plan_load(struct sapa_store *store, const struct sapa_zone *zone, struct sapa_str agent, int32_t first, int32_t last,
                                       struct sapa_planned **ret, size_t *ret_count);

#endif
