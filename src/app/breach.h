/**
 * @file app/breach.h
 * A target that was missed becomes a task of who answers for it (R087).
 *
 * When a local day has ended, each target that held on it is judged by the rows of that day, for the very thing that it is
 * set for: `all` by the whole centre, not by each client that inherits it. Missed is what `report/goal.h` calls so on a day
 * that is over, with at least SAPA_BREACH_LEAST contacts behind the figure (offered; handled, of a team), or it says
 * nothing; a number of a day of a team counts when somebody was at work. One task for one target and day, with the figure,
 * its value and the target, in the list of its owner (http/task.h).
 *
 * Room    app.   Thread  a pool's; one at a time.   Tests  app/breach_test.c   Design  docs/design/targets.md
 */
#ifndef SAPA_APP_BREACH_H
#define SAPA_APP_BREACH_H

#include "rt/loop.h"
#include "rt/thread.h"
#include "store/store.h"

enum {
    SAPA_BREACH_LEAST = 10,   /* contacts: fewer say nothing */
    SAPA_BREACH_DAYS_MAX = 7, /* days that were not judged, because nothing ran: older ones are left */
};

/**
 * Judge the days that have ended and were not judged yet. The first look ever judges nothing: what was before is past.
 * @param now_us     wall time
 * @param ret_next_us  when there may be something to judge again
 * @param ret_tasks  tasks made
 * @retval SAPA_EAGAIN  figures are behind the log: soon again
 */
SAPA_MUST_CHECK sapa_rc sapa_breach_look(struct sapa_store *store, const char *data, int64_t now_us, int64_t *ret_next_us, uint32_t *ret_tasks);

struct sapa_breaches;

/** Look now and then, on the pool. @param store  outlives it */
SAPA_MUST_CHECK sapa_rc sapa_breaches_start(struct sapa_loop *loop, struct sapa_pool *pool, struct sapa_store *store, const char *data,
                                            struct sapa_breaches **ret);
/** When the pool has ended. NULL is fine. */
void sapa_breaches_free(struct sapa_breaches *breaches);

#endif
