/**
 * @file config/plan.h
 * What would change if one centre description took the place of another, in sentences for people.
 *
 * Two documents are compared as trees, object by object (a queue is told by its key, not by its line), so layout and
 * comments never show. A plan is empty exactly when both documents say the same.
 * Room    config.   Thread  any.   Tests  config/plan_test.c, config/plan_fuzz.c
 */
#ifndef SAPA_CONFIG_PLAN_H
#define SAPA_CONFIG_PLAN_H

#include "base/str.h"
#include "model/vocab.h"

enum sapa_plan_kind { SAPA_PLAN_NEW, SAPA_PLAN_CHANGED, SAPA_PLAN_GONE };

/** One change. `sentence` is valid during the call. Passwords are never in it. */
typedef void sapa_plan_fn(void *ctx, enum sapa_plan_kind kind, const char *sentence);

/**
 * Compare. Both must be documents that parse as YAML; whether they make a centre is for sapa_centre_compile() to say.
 *
 * @param language  of the sentences
 * @retval SAPA_EINVAL  one of them is no document   @retval SAPA_ENOMEM
 */
SAPA_MUST_CHECK sapa_rc sapa_centre_plan(struct sapa_str before, struct sapa_str after, enum sapa_language language,
                                         sapa_plan_fn *fn, void *ctx);

#endif
