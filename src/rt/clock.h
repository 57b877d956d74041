/**
 * @file rt/clock.h
 * Time, and a clock that tests can hold in their hand.
 *
 * "mono" counts microseconds since some start and only grows; "wall" is UTC microseconds since
 * 1970 and may step; "core" is wall time that never steps back, the time that is logged.
 * Room    rt.   Thread  the free functions: any; a struct sapa_clock: its owner's thread.
 * Tests   rt/clock_test.c
 */
#ifndef SAPA_RT_CLOCK_H
#define SAPA_RT_CLOCK_H

#include "base/base.h"

/** CLOCK_MONOTONIC, microseconds. */
int64_t sapa_mono_us(void);
/** CLOCK_REALTIME, microseconds UTC. */
int64_t sapa_wall_us(void);

/** Init with sapa_clock_init() or sapa_clock_init_manual(); fields are private. */
struct sapa_clock {
    bool manual;
    int64_t mono_us; /* manual only */
    int64_t wall_us; /* manual only */
    int64_t core_us; /* highest core time given out or set as floor */
    int64_t base_us, base_mono_us; /* core time goes on from here while the wall clock is behind it */
};

/** The machine's clocks. */
void sapa_clock_init(struct sapa_clock *clock);
/** Stands still until sapa_clock_advance(). */
void sapa_clock_init_manual(struct sapa_clock *clock, int64_t mono_us, int64_t wall_us);

int64_t sapa_clock_mono_us(const struct sapa_clock *clock);
int64_t sapa_clock_wall_us(const struct sapa_clock *clock);
/**
 * Wall time, or where the wall clock was set back (or the floor is ahead of it) a time that goes on at
 * nine tenths of the pace until the wall has caught up: timers do not stand still. Equal readings
 * happen, smaller never.
 */
int64_t sapa_clock_core_us(struct sapa_clock *clock);
/** Core time never falls below this: the time of the last logged event, at start. */
void sapa_clock_core_floor(struct sapa_clock *clock, int64_t core_us);

/** Manual only: both clocks go on by `us` >= 0. */
void sapa_clock_advance(struct sapa_clock *clock, int64_t us);
/** Manual only: the wall clock alone is set forwards or back by `us` (an NTP step). */
void sapa_clock_step_wall(struct sapa_clock *clock, int64_t us);

#endif
