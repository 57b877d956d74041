/**
 * @file app/takes.h
 * Prompts that agents speak in by telephone: from the recording to a file that can be heard, and into its place.
 *
 * A take stands as <prompts>/_takes/<language>/<id>.wav until it is kept or discarded. Kept, it is
 * <prompts>/[<client>/]<language>/<name>.wav, and the same file under <name>.v<N>.wav, the first free N from 1 on: each
 * version stays. What was there before the first one becomes version 1. The next call that plays the prompt has the new one.
 *
 * Room    app.   Thread  the loop's; files on the pool.   Owner  app/channels.c.
 * Failure a start takes away what an earlier process left undecided.
 * Tests   app/takes_test.c, test/scenario/36-greeting
 */
#ifndef SAPA_APP_TAKES_H
#define SAPA_APP_TAKES_H

#include "channel/voice/voice.h"
#include "rt/thread.h"

struct sapa_takes;

struct sapa_takes_options {
    struct sapa_loop *loop;
    struct sapa_pool *pool;
    const char *prompts_dir, *recordings_dir; /* copied */
    /** Of MAKE and KEEP, on the loop. */
    void (*done)(void *ctx, uint64_t id, sapa_rc rc, uint32_t version);
    void *ctx;
};

/** @retval SAPA_ENOMEM SAPA_EINVAL (paths too long) */
SAPA_MUST_CHECK sapa_rc sapa_takes_new(const struct sapa_takes_options *options, struct sapa_takes **ret);
/** The pool must have ended. NULL is fine. */
void sapa_takes_free(struct sapa_takes *takes);
/** As sapa_voice_callbacks.take. @retval SAPA_ELIMIT the pool is full @retval SAPA_EINVAL names that are no names of files */
SAPA_MUST_CHECK sapa_rc sapa_takes_do(struct sapa_takes *takes, const struct sapa_voice_take *take);

#endif
