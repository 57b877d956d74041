#include "test_sim.h"

static struct sapa_str key_of(struct sim_centre *c, int kind, uint32_t i)
{
    snprintf(c->keys[kind][i], sizeof(c->keys[kind][i]), "%c%u", "aqsnt"[kind], (unsigned)i);
    return sapa_str_of(c->keys[kind][i]);
}

/* Arrays belong to the struct, also in a copy of it. */
static void point(struct sim_centre *c)
{
    struct sapa_centre *centre = &c->centre;

    centre->clients = c->clients;
    centre->skills = c->skills;
    centre->levels = c->levels;
    centre->teams = c->teams;
    centre->agents = c->agents;
    centre->queues = c->queues;
    centre->overflows = c->overflows;
    centre->numbers = c->numbers;
    centre->reasons = c->reasons;
    centre->dispositions = c->dispositions;
    centre->roles = c->roles;
    centre->call_rules = c->rules;
    centre->flows = c->flows;
    centre->prompts = c->prompts;
    for (uint32_t q = 0; q < NAIVE_QUEUES; q++) {
        c->flows[q].nodes = c->nodes[q];
        c->flows[q].parts = c->parts;
    }
}

/* queue, with the offer of a callback; a survey after the conversation; goodbye */
static void draw_flow(struct sim_centre *c, uint32_t q, struct dice *dice)
{
    enum { QUEUE, CALLBACK, SURVEY, BYE };
    struct sapa_flow_node *nodes = c->nodes[q];
    static const char *const names[] = { "queue", "callback", "survey", "bye" };

    for (unsigned i = 0; i < 4; i++) {
        nodes[i] = (struct sapa_flow_node){ .key = sapa_str_of(names[i]),
                                            .queue = SAPA_NONE,
                                            .variable = SAPA_NONE,
                                            .expr = SAPA_NONE,
                                            .hours = SAPA_NONE,
                                            .agent = SAPA_NONE,
                                            .music = SAPA_NONE,
                                            .timeout_ms = 5000,
                                            .retries = 1 };
        for (unsigned e = 0; e < SAPA_EDGE_COUNT; e++)
            nodes[i].edge[e] = SAPA_NONE;
    }
    nodes[QUEUE].kind = SAPA_NODE_QUEUE;
    nodes[QUEUE].queue = q;
    nodes[QUEUE].priority_add = (uint8_t)below(dice, 3);
    nodes[QUEUE].offer_after_ms = 1000 + below(dice, 20000);
    nodes[QUEUE].offer_key = '1';
    nodes[QUEUE].max_ms = chance(dice, 30) ? 60000 : 0;
    nodes[QUEUE].edge[SAPA_EDGE_OVERFLOW] = chance(dice, 40) ? CALLBACK : BYE;
    nodes[QUEUE].edge[SAPA_EDGE_NOBODY] = BYE;
    nodes[QUEUE].edge[SAPA_EDGE_CALLBACK] = CALLBACK;
    nodes[QUEUE].edge[SAPA_EDGE_AFTER] = chance(dice, 50) ? SURVEY : BYE;
    nodes[QUEUE].to_last_agent = q & 1;
    nodes[CALLBACK].kind = SAPA_NODE_CALLBACK;
    nodes[CALLBACK].edge[SAPA_EDGE_NEXT] = BYE;
    nodes[CALLBACK].edge[SAPA_EDGE_FAILED] = chance(dice, 50) ? QUEUE : BYE;
    nodes[SURVEY].kind = SAPA_NODE_SURVEY;
    nodes[SURVEY].name = SAPA_STR("satisfied");
    nodes[SURVEY].digits_min = 1;
    nodes[SURVEY].digits_max = 5;
    nodes[SURVEY].barge_in = 1;
    nodes[SURVEY].edge[SAPA_EDGE_NEXT] = BYE;
    nodes[BYE].kind = SAPA_NODE_HANGUP;
    nodes[QUEUE].say = nodes[CALLBACK].say = nodes[CALLBACK].offer = nodes[SURVEY].say =
        (struct sapa_flow_say){ 0, 1 };
    if (chance(dice, 50))
        nodes[BYE].say = (struct sapa_flow_say){ 0, 1 };
    c->flows[q] = (struct sapa_flow){ .key = c->queues[q].key,
                                      .nodes = nodes,
                                      .nodes_count = 4,
                                      .parts = c->parts,
                                      .parts_count = 1 };
}

static void draw_agent(struct sim_centre *c, uint32_t a, uint32_t skills, bool mixed,
                       struct dice *dice)
{
    struct sapa_agent *agent = &c->agents[a];

    *agent = (struct sapa_agent){ .key = key_of(c, 0, a),
                                  .team = below(dice, 2),
                                  .skill_first = a * skills,
                                  .skill_count = skills,
                                  .clients = chance(dice, 80) ? 3 : 1 + below(dice, 2),
                                  .calls_for = a % 2,
                                  .capacity = { 1 },
                                  .capacity_total = 1 };
    if (mixed && chance(dice, 70)) {
        agent->capacity[SAPA_CHANNEL_CHAT] = (uint8_t)below(dice, 4);
        agent->capacity[SAPA_CHANNEL_EMAIL] = (uint8_t)below(dice, 3);
        agent->capacity_total = (uint8_t)(1 + below(dice, 3));
        agent->reserve_voice = chance(dice, 40);
    }
    for (uint32_t s = 0; s < skills; s++)
        c->levels[a * skills + s] =
            (struct sapa_agent_skill_level){ s, (uint8_t)(chance(dice, 70) ? below(dice, 6) : 0) };
}

static void draw_queue(struct sim_centre *c, uint32_t q, uint32_t queues, uint32_t skills,
                       struct dice *dice)
{
    struct sapa_queue *queue = &c->queues[q];
    static const uint32_t ages_ms[] = { 0, 0, 5000, 30000, 30000 };
    uint32_t after_ms = 0;

    *queue = (struct sapa_queue){
        .key = key_of(c, 1, q),
        .hours = SAPA_NONE,
        .client = below(dice, 2),
        .priority = (uint8_t)(chance(dice, 50) ? 0 : below(dice, 6)),
        .age_ms_per_step = ages_ms[below(dice, 5)],
        .choice = (uint8_t)below(dice, 5),
        .step_count = (uint8_t)(1 + below(dice, 3)),
        .preferred_ms = chance(dice, 40) ? 5000 + below(dice, 20000) : 0,
        .ring_ms = 5000 + below(dice, 20000),
        .wrapup_ms = chance(dice, 70) ? 1000 + below(dice, 30000) : 0,
        .wrapup_extend_ms = 5000,
        .no_answer_not_ready = chance(dice, 40),
        .length_max = chance(dice, 30) ? 1 + below(dice, 10) : 0,
        .overflow_first = q * 2,
        .overflow_count = (uint32_t)(chance(dice, 50) ? below(dice, 3) : 0),
        .record = (uint8_t)below(dice, SAPA_RECORD_COUNT),
        .record_share_percent = 50,
        .music = SAPA_NONE,
        .disposition_count = 2,
        .callback_attempts = (uint8_t)below(dice, 4),
        .callback_retry_ms = 1000 + below(dice, 60000),
        .callback_ring_ms = 5000 + below(dice, 20000),
        .handle_ms_initial = 1000 + below(dice, 100000),
        .patience_ms_initial = below(dice, 100000),
    };
    for (unsigned s = 0; s < SAPA_STEPS_MAX; s++) {
        struct sapa_step *step = &queue->steps[s];
        *step = (struct sapa_step){ .after_ms = after_ms,
                                    .preferred_skill = SAPA_NONE,
                                    .team = SAPA_NONE };
        after_ms += 1000 + below(dice, 20000);
        if (skills && chance(dice, 30))
            step->preferred_skill = below(dice, skills);
        if (s + 1u == queue->step_count)
            continue; /* the last step is the widest: everybody of the client */
        if (chance(dice, 30))
            step->team = below(dice, 2);
        step->need_count = (uint8_t)(skills ? below(dice, 3) : 0);
        for (unsigned i = 0; i < step->need_count; i++)
            step->needs[i] =
                (struct sapa_need){ below(dice, skills), (uint8_t)(1 + below(dice, 4)) };
    }
    for (unsigned i = 0; i < 2; i++) {
        struct sapa_overflow *rule = &c->overflows[q * 2 + i];
        rule->when = (uint8_t)below(dice, 4);
        rule->queue = chance(dice, 60) ? below(dice, queues) : SAPA_NONE;
        rule->limit =
            rule->when == SAPA_OVERFLOW_LENGTH ? 1 + below(dice, 8) : 1000 + below(dice, 60000);
    }
}

void centre_draw(struct sim_centre *c, struct dice *dice, bool flows)
{
    const uint32_t agents = 1 + below(dice, 8), queues = 1 + below(dice, 5),
                   skills = below(dice, 5);
    const bool mixed = chance(dice, 50);

    memset(c, 0, sizeof(*c));
    c->centre = (struct sapa_centre){ .clients_count = 2,
                                      .skills_count = skills,
                                      .levels_count = agents * skills,
                                      .teams_count = 2,
                                      .agents_count = agents,
                                      .queues_count = queues,
                                      .overflows_count = NAIVE_QUEUES * 2,
                                      .numbers_count = queues,
                                      .roles_count = 1,
                                      .call_rules_count = SAPA_TARGET_COUNT,
                                      .reasons_count = 2,
                                      .dispositions_count = 2 };
    point(c);
    memset(c->centre.hash, 'a', 64);
    for (uint32_t i = 0; i < SAPA_CHANNEL_COUNT; i++)
        c->centre.interrupts.over[i] = (uint8_t)(chance(dice, 60) ? roll(dice) >> 40 : 0);
    for (uint32_t i = 0; i < 2; i++) {
        c->clients[i] = (struct sapa_client){ .key = i ? SAPA_STR("c1") : SAPA_STR("c0"),
                                              .hours = SAPA_NONE,
                                              .number = SAPA_NONE,
                                              .calls_queue = i ? SAPA_NONE : 0,
                                              .calls_hours = SAPA_NONE };
        c->teams[i].key = key_of(c, 4, i);
        c->reasons[i].key = i ? SAPA_STR("2") : SAPA_STR("1");
        c->reasons[i].team_max = i ? 2 : 0; /* who stands in line for the second one is not rare */
        c->reasons[i].daily_ms = i ? 3600000 : 0;
        c->reasons[i].quota = (uint8_t)i;
        c->dispositions[i].key = i ? SAPA_STR("12") : SAPA_STR("11");
    }
    c->roles[0] = (struct sapa_centre_role){ .key = SAPA_STR("r"), .rule_count = SAPA_TARGET_COUNT };
    for (uint8_t kind = 0; kind < SAPA_TARGET_COUNT; kind++)
        c->rules[kind] = (struct sapa_call_rule){ .allow = 1, .kind = kind, .clients = 3, .hours = SAPA_NONE };
    for (uint32_t i = 0; i < skills; i++)
        c->skills[i].key = key_of(c, 2, i);
    for (uint32_t a = 0; a < agents; a++)
        draw_agent(c, a, skills, mixed, dice);
    for (uint32_t q = 0; q < queues; q++) {
        draw_queue(c, q, queues, skills, dice);
        c->numbers[q] = (struct sapa_number){ .key = key_of(c, 3, q),
                                              .client = c->queues[q].client,
                                              .flow = q,
                                              .priority = (uint8_t)below(dice, 2) };
        if (flows)
            draw_flow(c, q, dice);
    }
    c->centre.flows_count = flows ? queues : 0;
    c->centre.prompts_count = 1;
    c->prompts[0] = (struct sapa_prompt){ .key = SAPA_STR("words"),
                                          .client = SAPA_NONE,
                                          .text = { SAPA_STR("kata"), SAPA_STR("words") } };
}

void centre_vary(struct sim_centre *c, const struct sim_centre *from, struct dice *dice)
{
    const uint32_t agents = from->centre.agents_count, queues = from->centre.queues_count;

    *c = *from;
    point(c);
    for (unsigned i = 0; i < 64; i++)
        c->centre.hash[i] = (char)('a' + below(dice, 26));
    if (agents > 1) { /* two change places, and sometimes the last one leaves */
        const uint32_t x = below(dice, agents), y = below(dice, agents);
        const struct sapa_agent swap = c->agents[x];
        c->agents[x] = c->agents[y];
        c->agents[y] = swap;
        if (chance(dice, 40))
            c->centre.agents_count--;
    }
    if (queues > 1 && from->centre.flows_count == 0) {
        const uint32_t x = below(dice, queues);
        const struct sapa_queue swap = c->queues[x];
        c->queues[x] = c->queues[0];
        c->queues[0] = swap;
    }
    if (from->centre.flows_count && chance(dice, 30)) /* a flow of another shape */
        c->flows[below(dice, queues)].nodes_count = 4 - (uint32_t)chance(dice, 0);
    if (queues > 1 && chance(dice, 30)) {
        const uint32_t gone = queues - 1;
        c->centre.queues_count = c->centre.numbers_count = gone;
        if (c->centre.flows_count)
            c->centre.flows_count = gone;
        for (uint32_t i = 0; i < NAIVE_QUEUES * 2; i++)
            if (c->overflows[i].queue != SAPA_NONE && c->overflows[i].queue >= gone)
                c->overflows[i].queue = 0;
    }
}
