/**
 * @file app/web_target.h
 * The API of targets: which are set, who set them when, and setting them (http/target.h keeps them).
 *
 * Room    app.   Thread  the web thread's pools: writes one at a time, reads any.
 * Tests   app/web_target_test.c, test/scenario/80-api   Design  docs/design/targets.md
 */
#ifndef SAPA_APP_WEB_TARGET_H
#define SAPA_APP_WEB_TARGET_H

#include "app/web_work.h"
#include "http/target.h"

/**
 * Are these targets, and can each be one in this centre?
 * @param items    as in PerformanceTargetsBody
 * @param problem  says which of them is wrong, how, and what helps
 * @param ret      all of them; written as they are read
 */
SAPA_MUST_CHECK sapa_rc sapa_target_check(const json_t *items, const struct sapa_centre *centre, struct sapa_text *problem,
                                          struct sapa_goals *ret);
/** May somebody of this scope see it? Who leads teams sees theirs, an agent what is meant for him, bound tokens their clients'. */
bool sapa_target_is_seen(const struct sapa_goal *goal, const struct sapa_centre *centre, const struct sapa_scope *scope);
/** Do what the route of targets wants; the result goes into `work`, its rc is returned. */
sapa_rc sapa_web_target(const struct sapa_web_files *files, struct sapa_web_work *work);
/** At the first start: what a file has (PerformanceTargetsBody), when no targets were ever set. Says on the log what is wrong. */
void sapa_target_first(struct sapa_store *store, const char *path, const struct sapa_centre *centre);

#endif
