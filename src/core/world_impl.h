/**
 * @file core/world_impl.h
 * For tests: a small centre built by hand, records in, and what came out kept for questions.
 *
 * Everything is by default the plainest that works: one client, voice, one contact an agent, longest
 * idle. Tests change the arrays before world_start(). A centre without flows: number i leads
 * straight into queue i.
 *
 * Room    core (tests and test/sim/ only).   Thread  that of the test.
 */
#ifndef SAPA_CORE_WORLD_IMPL_H
#define SAPA_CORE_WORLD_IMPL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "core/flow.h"

enum { WORLD_AGENTS = 16, WORLD_QUEUES = 8, WORLD_SKILLS = 8, WORLD_OUT = 4096 };

#define WORLD_SECOND INT64_C(1000000)
#define WORLD_START INT64_C(1750000000000000) /* 15 June 2025, 15:06:40 UTC */

struct world {
    struct sapa_core *core;
    struct sapa_centre centre;
    struct sapa_client clients[2];
    struct sapa_skill skills[WORLD_SKILLS];
    struct sapa_agent_skill_level levels[WORLD_AGENTS * WORLD_SKILLS];
    struct sapa_team teams[2];
    struct sapa_agent agents[WORLD_AGENTS];
    struct sapa_queue queues[WORLD_QUEUES];
    struct sapa_overflow overflows[WORLD_QUEUES * 2];
    struct sapa_number numbers[WORLD_QUEUES];
    struct sapa_reason reasons[2];
    struct sapa_disposition dispositions[2];
    struct sapa_centre_role roles[1];
    struct sapa_call_rule rules[SAPA_TARGET_COUNT]; /* by kind: all may call all */
    struct sapa_zone zones[1];
    struct sapa_hours hours[1];
    struct sapa_hours_span spans[2];
    char keys[5][WORLD_AGENTS][8];
    int64_t now_us;
    uint64_t next_contact;
    struct sapa_record *out; /* of the last step, and those before since world_clear() */
    uint32_t out_count;
    bool check; /* all invariants after each step */
};

static inline struct sapa_str world_key(struct world *w, int kind, uint32_t i)
{
    static const char letters[] = "aqskt";

    snprintf(w->keys[kind][i], sizeof(w->keys[kind][i]), "%c%u", letters[kind], (unsigned)i);
    return sapa_str_of(w->keys[kind][i]);
}

static inline void world_init(struct world *w, uint32_t agents, uint32_t queues, uint32_t skills)
{
    memset(w, 0, sizeof(*w));
    sapa_assert(agents <= WORLD_AGENTS && queues <= WORLD_QUEUES && skills <= WORLD_SKILLS);
    w->now_us = WORLD_START;
    w->next_contact = 1;
    w->check = true;
    w->out = calloc(WORLD_OUT, sizeof(*w->out));
    w->centre = (struct sapa_centre){
        .clients = w->clients,
        .clients_count = 2,
        .skills = w->skills,
        .skills_count = skills,
        .levels = w->levels,
        .levels_count = agents * skills,
        .teams = w->teams,
        .teams_count = 2,
        .agents = w->agents,
        .agents_count = agents,
        .queues = w->queues,
        .queues_count = queues,
        .overflows = w->overflows,
        .overflows_count = WORLD_QUEUES * 2,
        .numbers = w->numbers,
        .numbers_count = queues,
        .reasons = w->reasons,
        .reasons_count = 2,
        .zones = w->zones,
        .zones_count = 1,
        .hours = w->hours,
        .hours_count = 1,
        .spans = w->spans,
        .spans_count = 2,
        .dispositions = w->dispositions,
        .dispositions_count = 2,
        .roles = w->roles,
        .roles_count = 1,
        .call_rules = w->rules,
        .call_rules_count = SAPA_TARGET_COUNT,
    };
    w->roles[0] = (struct sapa_centre_role){ .key = SAPA_STR("r"), .rule_count = SAPA_TARGET_COUNT };
    for (uint8_t kind = 0; kind < SAPA_TARGET_COUNT; kind++)
        w->rules[kind] = (struct sapa_call_rule){ .allow = 1, .kind = kind, .clients = 3, .hours = SAPA_NONE };
    memset(w->centre.hash, 'a', 64);
    w->zones[0] = (struct sapa_zone){ .name = SAPA_STR("UTC") };
    w->spans[0] = w->spans[1] = (struct sapa_hours_span){ .weekdays = 127, .to_min = 1440 };
    w->hours[0] = (struct sapa_hours){ .key = SAPA_STR("h"), .span_count = 1 };
    for (uint32_t i = 0; i < 2; i++) {
        w->clients[i] = (struct sapa_client){ .key = i ? SAPA_STR("c1") : SAPA_STR("c0"),
                                              .hours = SAPA_NONE,
                                              .number = SAPA_NONE,
                                              .calls_queue = SAPA_NONE,
                                              .calls_hours = SAPA_NONE };
        w->teams[i].key = world_key(w, 4, i);
        w->reasons[i].key = i ? SAPA_STR("2") : SAPA_STR("1");
        w->dispositions[i].key = i ? SAPA_STR("12") : SAPA_STR("11");
    }
    for (uint32_t i = 0; i < skills; i++)
        w->skills[i].key = world_key(w, 2, i);
    for (uint32_t i = 0; i < agents; i++) {
        w->agents[i] = (struct sapa_agent){ .key = world_key(w, 0, i),
                                            .clients = 3,
                                            .capacity = { 1 },
                                            .capacity_total = 1,
                                            .skill_first = i * skills,
                                            .skill_count = skills };
        for (uint32_t s = 0; s < skills; s++)
            w->levels[i * skills + s] = (struct sapa_agent_skill_level){ s, 0 };
    }
    for (uint32_t i = 0; i < queues; i++) {
        w->queues[i] = (struct sapa_queue){
            .key = world_key(w, 1, i),
            .hours = SAPA_NONE,
            .step_count = 1,
            .ring_ms = 20000,
            .wrapup_ms = 10000,
            .wrapup_extend_ms = 5000,
            .disposition_count = 2,
            .handle_ms_initial = 60000,
            .music = SAPA_NONE,
            .callback_attempts = 2,
            .callback_retry_ms = 60000,
            .callback_ring_ms = 20000,
        };
        for (uint32_t s = 0; s < SAPA_STEPS_MAX; s++)
            w->queues[i].steps[s] =
                (struct sapa_step){ .preferred_skill = SAPA_NONE, .team = SAPA_NONE };
        w->numbers[i] = (struct sapa_number){ .key = world_key(w, 3, i), .flow = i };
    }
}

static inline void world_emit(void *ctx, const struct sapa_record *record)
{
    struct world *w = ctx;

    sapa_assert(w->out_count < WORLD_OUT);
    memcpy(&w->out[w->out_count++], record, sapa_record_size(record));
}

static inline void world_clear(struct world *w)
{
    w->out_count = 0;
}

static inline void world_step(struct world *w, struct sapa_record *in)
{
    const struct sapa_core_out out = { world_emit, w };

    in->at_us = w->now_us;
    sapa_core_step(w->core, in, &out);
    if (w->check)
        sapa_core_check(w->core);
}

#define WORLD_IN(w, name, ...)                                \
    do {                                                      \
        struct sapa_record in_;                               \
        sapa_record_init(&in_, SAPA_T_##name);                \
        in_.u.name = (struct sapa_rec_##name){ __VA_ARGS__ }; \
        world_step((w), &in_);                                \
    } while (0)

static inline void world_begin_centre(struct world *w)
{
    struct sapa_record in;

    if (sapa_core_centre(w->core, &w->centre) != SAPA_OK)
        abort();
    sapa_record_init(&in, SAPA_T_centre_started);
    sapa_sized_set(&in.u.centre_started.centre_hash, sapa_str_of(w->centre.hash));
    world_step(w, &in);
}

static inline struct sapa_core *world_core(void)
{
    const struct sapa_core_options options = {
        .contacts_max = 256, .agents_max = 64, .queues_max = 16, .classes_max = 64, .skills_max = 16
    };
    struct sapa_core *core;

    if (sapa_core_new(&options, &core) != SAPA_OK)
        abort();
    return core;
}

static inline void world_start(struct world *w)
{
    w->core = world_core();
    world_begin_centre(w);
    world_clear(w);
}

static inline void world_done(struct world *w)
{
    sapa_core_free(w->core);
    free(w->out);
}

/* ---- what a test says ---- */

static inline void world_ready(struct world *w, uint32_t agent)
{
    WORLD_IN(w, agent_device, .agent = agent, .reachable = 1);
    WORLD_IN(w, agent_command, .agent = agent, .verb = SAPA_VERB_READY, .code = SAPA_NONE);
}

static inline uint64_t world_arrive_as(struct world *w, uint32_t number, enum sapa_channel channel,
                                       uint8_t priority, uint32_t last_agent)
{
    const uint64_t contact = sapa_id_make(1, w->next_contact++);

    WORLD_IN(w, contact_arrived, .contact = contact, .channel = channel, .number = number,
             .priority = priority, .last_agent = last_agent);
    return contact;
}

static inline uint64_t world_arrive(struct world *w, uint32_t number)
{
    return world_arrive_as(w, number, SAPA_CHANNEL_VOICE, 0, SAPA_NONE);
}

/** Let time pass, with all ticks that the core asks for. */
static inline void world_wait_us(struct world *w, int64_t us)
{
    const int64_t until = w->now_us + us;

    while (sapa_core_next_due(w->core) <= until) {
        w->now_us = SAPA_MAX(w->now_us, sapa_core_next_due(w->core));
        WORLD_IN(w, tick, 0);
    }
    w->now_us = until;
}

static inline void world_wait(struct world *w, int64_t ms)
{
    world_wait_us(w, ms * 1000);
}

/* ---- what a test asks ---- */

/** The last record of a type since world_clear(), NULL none. */
static inline const struct sapa_record *world_last(const struct world *w, enum sapa_type type)
{
    for (uint32_t i = w->out_count; i-- > 0;)
        if (w->out[i].type == type)
            return &w->out[i];
    return NULL;
}

static inline uint32_t world_count(const struct world *w, enum sapa_type type)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < w->out_count; i++)
        n += w->out[i].type == type;
    return n;
}

/** The offer that rings for this contact at this agent (SAPA_NONE: any), 0 none. */
static inline uint64_t world_offer(const struct world *w, uint64_t contact, uint32_t agent)
{
    struct sapa_assignment_view view;

    for (uint32_t a = 0; a < w->centre.agents_count; a++)
        for (uint32_t cursor = 0; sapa_core_assignment_next(w->core, a, &cursor, &view);)
            if (view.contact == contact && view.state == SAPA_ASSIGNMENT_OFFERED &&
                (agent == SAPA_NONE || agent == a))
                return view.offer;
    return 0;
}

/** Who is rung or talks with this contact; SAPA_NONE nobody. */
static inline uint32_t world_agent_of(const struct world *w, uint64_t contact)
{
    struct sapa_contact_view view;

    return sapa_core_contact_get(w->core, contact, w->now_us, &view) == SAPA_OK ? view.agent
                                                                                : SAPA_NONE;
}

static inline uint64_t world_accept(struct world *w, uint64_t contact)
{
    const uint64_t offer = world_offer(w, contact, SAPA_NONE);

    WORLD_IN(w, offer_accepted, .offer = offer, .leg = 1);
    return offer;
}

static inline void world_print(const struct world *w)
{
    char line[4096];
    struct sapa_text text;

    for (uint32_t i = 0; i < w->out_count; i++) {
        sapa_text_init(&text, line, sizeof(line));
        sapa_record_print(&w->out[i], &text);
        fprintf(stderr, "%s\n", line);
    }
}

#endif
