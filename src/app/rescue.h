/**
 * @file app/rescue.h
 * Recordings whose recorder died: their files are read, and what is in them goes into the log.
 *
 * The recorder tells the length of a recording at its end only. When the media process is killed the file ends at a
 * whole chunk: it is opened, each chunk is checked, and recording_state 5 (cut; 3 when the trailer is there) says how
 * much it holds, with its hash. One file after the other, on a thread of the pool.
 *
 * Room    app.   Thread  centre; the reading is done on the pool's.   Owner  control.c
 * Tests   app/engine_test.c (what is kept), test/scenario/41-media-killed (files of killed processes)
 */
#ifndef SAPA_APP_RESCUE_H
#define SAPA_APP_RESCUE_H

#include "app/engine.h"
#include "rt/thread.h"
#include "store/store.h"

struct sapa_rescue;

struct sapa_rescue_options {
    struct sapa_loop *loop;
    struct sapa_pool *pool;           /* freed before the rescue */
    struct sapa_store *store;
    const struct sapa_engine *engine; /* knows which recordings have not ended */
    const char *recordings;           /* folder; copied */
    /** An input for the core; false: later. */
    bool (*post)(void *ctx, struct sapa_record *input);
    void *ctx;
};

SAPA_MUST_CHECK sapa_rc sapa_rescue_new(const struct sapa_rescue_options *options, struct sapa_rescue **ret);
/** NULL is fine. */
void sapa_rescue_free(struct sapa_rescue *rescue);
/** It does not run any more; should it not have ended by itself in a moment, its file is read. */
void sapa_rescue_add(struct sapa_rescue *rescue, uint64_t recording);
/** The same for all that have not ended: the media process is gone. */
void sapa_rescue_add_all(struct sapa_rescue *rescue);

#endif
