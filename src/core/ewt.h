/**
 * @file core/ewt.h
 * Expected wait of one contact: how long until those ahead and then this one are served.
 *
 * With n agents at work, mean handling time 1/mu, mean patience 1/theta and i contacts ahead, the
 * wait of somebody who is served is a sum of i + 1 exponential times with rates n mu + (j + 1) theta,
 * j = 0..i (Markovian queue with abandonment, conditional on service; Whitt 1999, "Predicting
 * queueing delays"). Mean and variance are summed (first terms exactly, the rest by the midpoint
 * integral); the quantiles are those of the gamma distribution with the same two moments (Wilson
 * and Hilferty 1931). Integers only; error of the mean below 0.1 %, of the quantiles below 3 %.
 *
 * Room    core: pure.   Thread  any.   Tests  core/ewt_test.c (against reference values)
 */
#ifndef SAPA_CORE_EWT_H
#define SAPA_CORE_EWT_H

#include "base/base.h"

struct sapa_ewt {
    uint32_t mean_ms, p50_ms, p90_ms; /* SAPA_NONE: nobody serves */
};

enum { SAPA_EWT_MAX_MS = 24 * 3600 * 1000 }; /* longer ones are said to be this */

/** @param agents n  @param handle_us 1/mu, > 0  @param patience_us 1/theta, 0: nobody gives up  @param ahead i */
struct sapa_ewt sapa_ewt_of(uint32_t agents, int64_t handle_us, int64_t patience_us,
                            uint32_t ahead);

/** ln(x / 2^32) * 2^32 for x >= 2^32. */
uint64_t sapa_ewt_ln_q32(uint64_t x_q32);

/** Rates as they are learned by one queue. Zero-initialised: nothing known. */
struct sapa_ewt_rates {
    int64_t handle_sum_us; /* of contacts handled */
    uint32_t handle_count;
    int64_t drain_sum_us;  /* agents at work x time while somebody waits */
    uint32_t drain_count;  /* contacts that began to be served then */
    int64_t waited_sum_us; /* by all who left the line */
    uint32_t left_count;
    uint32_t gave_up_count; /* of those */
};

void sapa_ewt_handled(struct sapa_ewt_rates *rates, int64_t handle_us);
void sapa_ewt_served(struct sapa_ewt_rates *rates);
void sapa_ewt_drained(struct sapa_ewt_rates *rates, uint32_t agents, int64_t for_us);
void sapa_ewt_left(struct sapa_ewt_rates *rates, int64_t waited_us, bool gave_up);

/** Time of one agent that one contact costs; `initial_us` counts as a few observations. > 0. */
int64_t sapa_ewt_handle_us(const struct sapa_ewt_rates *rates, int64_t initial_us);
/** The same with what agents spend on other queues while somebody waits here. */
int64_t sapa_ewt_drain_us(const struct sapa_ewt_rates *rates, int64_t initial_us);
/** Mean patience; 0: nobody gives up. */
int64_t sapa_ewt_patience_us(const struct sapa_ewt_rates *rates, int64_t initial_us);

#endif
