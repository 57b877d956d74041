/**
 * @file core/timer.h
 * Due times of everything in the core: an indexed heap, one slot a possible timer.
 *
 * Equal times run in the order that is given with them (an id), so that a core that was loaded from
 * a snapshot runs them as the saved one would.
 *
 * Room    core: pure.   Thread  that of the core.   Owner  struct sapa_core.   Tests  core/tree_test.c
 */
#ifndef SAPA_CORE_TIMER_H
#define SAPA_CORE_TIMER_H

#include "base/base.h"

struct sapa_timer_entry {
    int64_t due_us;
    uint64_t order;
    uint32_t slot;
};

struct sapa_timers {
    struct sapa_timer_entry *heap;
    uint32_t
        *at; /* by slot: place in the heap, SAPA_NONE not armed; the owner initialises its slots */
    uint32_t count;
};

/** Arm or move; due_us INT64_MAX or 0 disarms. O(log n). */
void sapa_core_timer_set(struct sapa_timers *timers, uint32_t slot, int64_t due_us, uint64_t order);
/** Disarm; nothing happens when it is not armed. */
void sapa_core_timer_clear(struct sapa_timers *timers, uint32_t slot);
static inline int64_t sapa_core_timer_next_us(const struct sapa_timers *timers)
{
    return timers->count ? timers->heap[0].due_us : INT64_MAX;
}
/** Assert heap order and back links. O(n). */
void sapa_core_timer_check(const struct sapa_timers *timers);

#endif
