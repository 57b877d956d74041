/**
 * @file app/lookup.h
 * Questions of flows to outside systems: HTTP GET with a time limit, on worker threads (libcurl).
 *
 * The answer is a flat JSON object, or lines of name=value in plain text; numbers and booleans
 * become text. Anything else, a status other than 200, an answer of more than 64 kB or none in time
 * is a result code, and the flow takes its fallback edge. Redirects are not followed.
 *
 * Room    app.   Thread  submitted and answered on one loop.   Tests  app/lookup_test.c
 */
#ifndef SAPA_APP_LOOKUP_H
#define SAPA_APP_LOOKUP_H

#include "model/record.h"
#include "rt/thread.h"

struct sapa_lookup;

/** `input` is a lookup_done record, ready to be given to the centre. */
typedef void sapa_lookup_fn(void *ctx, const struct sapa_record *input);

/** @param pool  borrowed */
SAPA_MUST_CHECK sapa_rc sapa_lookup_new(struct sapa_loop *loop, struct sapa_pool *pool, sapa_lookup_fn *fn, void *ctx,
                                        struct sapa_lookup **ret);
/** Answers that are still under way are dropped. Call after the pool has ended. NULL is fine. */
void sapa_lookup_free(struct sapa_lookup *lookup);

/**
 * @param command  a cmd_lookup record
 * @param secret   digits that replace "{secret}" in the URL, percent-encoded; wiped after use
 * @param person   whose key seals the answer
 */
void sapa_lookup_start(struct sapa_lookup *lookup, const struct sapa_record *command, struct sapa_str secret,
                       uint64_t person);

/** An answer's body as name=value lines into `values`. SAPA_EINVAL when it is neither form, SAPA_ELIMIT when too long. */
SAPA_MUST_CHECK sapa_rc sapa_lookup_values(struct sapa_str body, bool json, struct sapa_text512 *values);

#endif
