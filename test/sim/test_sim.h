/**
 * @file test/sim/test_sim.h
 * What the parts of the simulator share.
 *
 *   sim.c       one hostile world a seed: customers, phones, carriers, supervisors
 *   centres.c   centre descriptions drawn from a seed, with a flow for each number
 *   naive.c     the routing rules once more, plainly
 *   small.c     every sequence of a few events in a small world, against the naive rules
 */
#ifndef SAPA_TEST_SIM_TEST_SIM_H
#define SAPA_TEST_SIM_TEST_SIM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/flow.h"
#include "naive.h"

#define SECOND INT64_C(1000000)

/** Print where, what, and how to run it again; then abort. */
_Noreturn void sim_fail(const char *file, int line, const char *condition, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- numbers from a seed: the same on every machine (xorshift64*) ---- */

struct dice {
    uint64_t state;
};

static inline uint64_t roll(struct dice *dice)
{
    dice->state ^= dice->state >> 12;
    dice->state ^= dice->state << 25;
    dice->state ^= dice->state >> 27;
    return dice->state * UINT64_C(2685821657736338717);
}
static inline uint32_t below(struct dice *dice, uint32_t n)
{
    return n ? (uint32_t)(roll(dice) >> 33) % n : 0;
}
static inline bool chance(struct dice *dice, uint32_t percent)
{
    return below(dice, 100) < percent;
}

/* ---- centres ---- */

struct sim_centre {
    struct sapa_centre centre;
    struct sapa_client clients[2];
    struct sapa_skill skills[NAIVE_SKILLS];
    struct sapa_agent_skill_level levels[NAIVE_AGENTS * NAIVE_SKILLS];
    struct sapa_team teams[2];
    struct sapa_agent agents[NAIVE_AGENTS];
    struct sapa_queue queues[NAIVE_QUEUES];
    struct sapa_overflow overflows[NAIVE_QUEUES * 2];
    struct sapa_number numbers[NAIVE_QUEUES];
    struct sapa_reason reasons[2];
    struct sapa_disposition dispositions[2];
    struct sapa_centre_role roles[1];
    struct sapa_call_rule rules[SAPA_TARGET_COUNT];
    struct sapa_flow flows[NAIVE_QUEUES];
    struct sapa_flow_node nodes[NAIVE_QUEUES][4];
    struct sapa_flow_part parts[1];
    struct sapa_prompt prompts[1];
    char keys[5][NAIVE_AGENTS][8];
};

/** `flows` false: numbers lead straight into queues. */
void centre_draw(struct sim_centre *c, struct dice *dice, bool flows);
/** Another description of the same centre: some agents and queues gone or moved to other numbers. */
void centre_vary(struct sim_centre *c, const struct sim_centre *from, struct dice *dice);

/* ---- small worlds ---- */

/** All sequences of `depth` events. Returns how many were run. */
uint64_t small_worlds(unsigned depth);

#endif
