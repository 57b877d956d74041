/**
 * @file rt/loop.h
 * Event loop of one thread: file descriptors, timers, deferred calls, calls from other threads.
 *
 * A turn: wait, read the clock once, due timers (by time, equal times in the order they were set),
 * ready descriptors, mailboxes, posted calls, deferred calls. All watch, timer, deferred and posted
 * structs are embedded in their owner and zeroed by it before first use: nothing here allocates
 * except the timer heap when it grows (out of memory there is fatal).
 * Room    rt.   Thread  the loop's own, except where "any thread" is said.
 * Tests   rt/loop_test.c
 */
#ifndef SAPA_RT_LOOP_H
#define SAPA_RT_LOOP_H

#include "rt/clock.h"

struct sapa_loop;

enum {
    SAPA_LOOP_READ = 1,
    SAPA_LOOP_WRITE = 2,
    SAPA_LOOP_HANGUP = 4, /* reported, with or without being asked for: error or hang-up */
};

/** `events` is a set of SAPA_LOOP_*. The callback may unwatch or free any watch, its own too. */
typedef void sapa_watch_fn(void *ctx, int fd, unsigned events);
typedef void sapa_timer_fn(void *ctx);
typedef void sapa_deferred_fn(void *ctx);

struct sapa_watch { /* private fields; zeroed = not watching */
    int fd;
    unsigned events;
    sapa_watch_fn *fn;
    void *ctx;
    bool on;
};

struct sapa_timer { /* private fields; zeroed = not set */
    size_t place; /* index in the heap + 1; 0 = not set */
    int64_t at_us;
    sapa_timer_fn *fn;
    void *ctx;
};

struct sapa_deferred { /* private fields; zeroed = not queued */
    struct sapa_deferred *next, *prev;
    sapa_deferred_fn *fn;
    void *ctx;
};

struct sapa_posted { /* private fields; zeroed = not posted */
    struct sapa_posted *next;
    sapa_deferred_fn *fn;
    void *ctx;
};

/**
 * @param clock  borrowed, outlives the loop; NULL = the machine's clock. With a manual clock timers
 *               follow it, and waiting for descriptors still takes real time.
 */
SAPA_MUST_CHECK sapa_rc sapa_loop_new(struct sapa_clock *clock, struct sapa_loop **ret_loop);
/** NULL is fine. Watches, timers and mailboxes still attached are forgotten, not called. */
void sapa_loop_free(struct sapa_loop *loop);

/** Monotonic time read once at the start of this turn. */
int64_t sapa_loop_now_us(const struct sapa_loop *loop);
struct sapa_clock *sapa_loop_clock(struct sapa_loop *loop);

/** Turn until sapa_loop_stop(). */
void sapa_loop_run(struct sapa_loop *loop);
/** One turn, waiting at most `timeout_us` (0 = do not wait, -1 = as long as it takes). Returns the number of callbacks made. */
size_t sapa_loop_run_once(struct sapa_loop *loop, int64_t timeout_us);
/** sapa_loop_run() returns after this turn (or at once if it is not running yet). Any thread. */
void sapa_loop_stop(struct sapa_loop *loop);
/** Make a sleeping loop turn once. Any thread; cheap when it is awake. */
void sapa_loop_wake(struct sapa_loop *loop);
/**
 * Manual clock only: move it on by `us`, stopping at each timer on the way so that every callback
 * sees the time it was set for; descriptors are polled without waiting between them.
 */
void sapa_loop_advance(struct sapa_loop *loop, int64_t us);

/** Watch `fd` (level-triggered). @retval SAPA_EIO the system refused; SAPA_ESTATE already on */
SAPA_MUST_CHECK sapa_rc sapa_watch_start(struct sapa_loop *loop, struct sapa_watch *watch, int fd, unsigned events,
                                         sapa_watch_fn *fn, void *ctx);
/** Change the set; 0 = only HANGUP. Nothing happens when it is the same. */
void sapa_watch_set(struct sapa_loop *loop, struct sapa_watch *watch, unsigned events);
/** Stop watching; does not close the descriptor; call before closing it. Fine when not on. */
void sapa_watch_stop(struct sapa_loop *loop, struct sapa_watch *watch);

/** (Re)set to fire once, `after_us` (>= 0) after now_us of this turn. O(log n). */
void sapa_timer_set(struct sapa_loop *loop, struct sapa_timer *timer, int64_t after_us, sapa_timer_fn *fn, void *ctx);
/** The same at an absolute monotonic time. */
void sapa_timer_set_at(struct sapa_loop *loop, struct sapa_timer *timer, int64_t at_mono_us, sapa_timer_fn *fn,
                       void *ctx);
/** Fine when not set. After this the callback will not come. O(log n). */
void sapa_timer_cancel(struct sapa_loop *loop, struct sapa_timer *timer);
static inline bool sapa_timer_is_set(const struct sapa_timer *timer)
{
    return timer->place > 0;
}
/** Timers set now, for metrics and leak checks in tests. */
size_t sapa_loop_timers(const struct sapa_loop *loop);
/** Monotonic time of the earliest timer; INT64_MAX when none. */
int64_t sapa_loop_next_timer_us(const struct sapa_loop *loop);

/** Call `fn` at the end of this turn, once; nothing when it is queued already. */
void sapa_loop_defer(struct sapa_loop *loop, struct sapa_deferred *deferred, sapa_deferred_fn *fn, void *ctx);
void sapa_loop_undefer(struct sapa_loop *loop, struct sapa_deferred *deferred);

/** Call `fn` on the loop's thread, in order of posting. Any thread. `posted` must live until then and not be posted twice. */
void sapa_loop_post(struct sapa_loop *loop, struct sapa_posted *posted, sapa_deferred_fn *fn, void *ctx);
/** Take it back if it has not been called yet; true when it was taken back. The loop's thread only. */
bool sapa_loop_unpost(struct sapa_loop *loop, struct sapa_posted *posted);

#endif
