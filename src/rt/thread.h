/**
 * @file rt/thread.h
 * Named threads, and a small pool for work that blocks.
 *
 * Room    rt.   Tests  rt/thread_test.c
 */
#ifndef SAPA_RT_THREAD_H
#define SAPA_RT_THREAD_H

#include "rt/loop.h"

struct sapa_thread;
struct sapa_pool;

/**
 * Start a thread. All signals are blocked in it.
 * @param name  up to 15 characters are shown by the system; copied
 * @param cpu   pin to this CPU, -1 = anywhere; a CPU that is not there is ignored
 */
SAPA_MUST_CHECK sapa_rc sapa_thread_start(const char *name, int cpu, void (*fn)(void *ctx), void *ctx,
                                          struct sapa_thread **ret_thread);
/** Wait for its end and free it. NULL is fine. */
void sapa_thread_join(struct sapa_thread *thread);
/** CPUs this process may use, >= 1. */
unsigned sapa_cpu_count(void);
/** Pin the calling thread. SAPA_EINVAL when there is no such CPU. */
SAPA_MUST_CHECK sapa_rc sapa_thread_pin(int cpu);

/** The calling thread is in no hurry: where others want the CPU, they have three parts of four. Cheap; again does no harm. */
void sapa_thread_background(void);

/** Runs on a pool thread; may block. */
typedef void sapa_work_fn(void *ctx);
/** Runs on the submitting loop. `rc` is SAPA_ECLOSED when the pool ended before the work began. */
typedef void sapa_work_done_fn(void *ctx, sapa_rc rc);

/**
 * @param name       of the threads
 * @param threads    1..64
 * @param queue_max  work items waiting or running
 */
SAPA_MUST_CHECK sapa_rc sapa_pool_new(const char *name, unsigned threads, size_t queue_max,
                                      struct sapa_pool **ret_pool);
/**
 * Waits for running work; waiting work is not begun, its `done` is posted with SAPA_ECLOSED.
 * Free the pool before the loops it reports to. NULL is fine.
 */
void sapa_pool_free(struct sapa_pool *pool);
/**
 * @param loop  where `done` runs; both may be NULL for work nobody waits for
 * @retval SAPA_ELIMIT  queue_max reached
 */
SAPA_MUST_CHECK sapa_rc sapa_pool_submit(struct sapa_pool *pool, struct sapa_loop *loop, sapa_work_fn *work,
                                         sapa_work_done_fn *done, void *ctx);
/** Waiting or running now. Any thread. */
size_t sapa_pool_depth(struct sapa_pool *pool);

#endif
