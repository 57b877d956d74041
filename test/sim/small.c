/*
 * Every sequence of a few events in a small world: two agents, two queues, three contacts.
 *
 * Agent 0 serves queue 0 only, agent 1 both; queue 1 goes first by priority. After each event the
 * core is checked, and each offer it makes or leaves out is held against the plain rules of
 * naive.c: the contact that goes is the one the rules name, to the agent they name, and nobody waits
 * while somebody is free. The state is copied aside before each branch and put back after it.
 */
#include "test_sim.h"

enum { AGENTS = 2, QUEUES = 2, CONTACTS = 3 };

struct small {
    struct sim_centre centre;
    struct sapa_core *core;
    struct naive naive;
    int64_t now_us;
    uint64_t contact[CONTACTS]; /* id, 0 not yet come */
    bool gone[CONTACTS];
    uint64_t rings[AGENTS], talks[AGENTS], with[AGENTS]; /* offers, and whom they talk with */
    uint64_t sequences;
};

/* All of a core is one block of memory: copying that copies the core. */
static struct {
    void *block;
    size_t size;
} whole;

static void *remember(void *ctx, void *old, size_t size)
{
    (void)ctx;
    if (size == 0) {
        free(old);
        return NULL;
    }
    whole.block = realloc(old, size);
    whole.size = size;
    return whole.block;
}

static void learn(void *ctx, const struct sapa_record *out)
{
    struct small *w = ctx;

    naive_event(&w->naive, out);
    if (out->type == SAPA_T_offer_made) {
        w->rings[out->u.offer_made.agent] = out->u.offer_made.offer;
        w->with[out->u.offer_made.agent] = out->u.offer_made.contact;
    } else if (out->type == SAPA_T_offer_ended) {
        w->rings[out->u.offer_ended.agent] = 0;
        if (out->u.offer_ended.result == SAPA_OFFER_ACCEPTED)
            w->talks[out->u.offer_ended.agent] = out->u.offer_ended.offer;
    } else if (out->type == SAPA_T_contact_parted) {
        w->talks[out->u.contact_parted.agent] = 0;
    } else if (out->type == SAPA_T_contact_ended) {
        for (unsigned i = 0; i < CONTACTS; i++)
            w->gone[i] |= w->contact[i] == out->u.contact_ended.contact;
    }
}

static void step(struct small *w, struct sapa_record *in)
{
    const struct sapa_core_out out = { learn, w };

    in->at_us = w->now_us;
    naive_input(&w->naive, in, w->now_us);
    sapa_core_step(w->core, in, &out);
    sapa_core_check(w->core);
    naive_done(&w->naive, sapa_core_next_due(w->core) > w->now_us);
}

static void wait_s(struct small *w, unsigned seconds)
{
    const int64_t until_us = w->now_us + seconds * SECOND;
    struct sapa_record in;

    while (sapa_core_next_due(w->core) <= until_us) {
        w->now_us = SAPA_MAX(w->now_us, sapa_core_next_due(w->core));
        sapa_record_init(&in, SAPA_T_tick);
        step(w, &in);
    }
    w->now_us = until_us;
}

/* 0..2 contact i comes to queue 0, 3..5 to queue 1, 6..8 gives up; then for each agent: lifts, refuses,
 * hangs up, ready or not; last: eleven seconds pass. False: not possible now. */
enum { EVENTS = 3 * CONTACTS + 4 * AGENTS + 1 };

static bool happen(struct small *w, unsigned event)
{
    struct sapa_record in;

    if (event == EVENTS - 1) {
        wait_s(w, 11);
        return true;
    }
    wait_s(w, 1);
    if (event < 2 * CONTACTS) {
        const unsigned i = event % CONTACTS;
        if (w->contact[i] || (i > 0 && !w->contact[i - 1]))
            return false; /* contacts are alike: in order */
        w->contact[i] = sapa_id_make(1, i + 1);
        sapa_record_init(&in, SAPA_T_contact_arrived);
        in.u.contact_arrived = (struct sapa_rec_contact_arrived){ .contact = w->contact[i],
                                                                  .number = event / CONTACTS,
                                                                  .last_agent = SAPA_NONE };
    } else if (event < 3 * CONTACTS) {
        const unsigned i = event % CONTACTS;
        if (!w->contact[i] || w->gone[i])
            return false;
        sapa_record_init(&in, SAPA_T_contact_gone);
        in.u.contact_gone.contact = w->contact[i];
    } else {
        const unsigned agent = (event - 3 * CONTACTS) % AGENTS,
                       what = (event - 3 * CONTACTS) / AGENTS;
        if (what <= 1) {
            if (!w->rings[agent])
                return false;
            sapa_record_init(&in, what == 0 ? SAPA_T_offer_accepted : SAPA_T_offer_failed);
            if (what == 0)
                in.u.offer_accepted.offer = w->rings[agent];
            else
                in.u.offer_failed = (struct sapa_rec_offer_failed){ .offer = w->rings[agent],
                                                                    .result = SAPA_OFFER_REFUSED };
        } else if (what == 2) {
            if (!w->talks[agent])
                return false;
            sapa_record_init(&in, SAPA_T_agent_gone);
            in.u.agent_gone = (struct sapa_rec_agent_gone){ .contact = w->with[agent],
                                                            .offer = w->talks[agent],
                                                            .side = SAPA_SIDE_AGENT };
        } else {
            struct sapa_agent_view view;
            if (sapa_core_agent_get(w->core, agent, w->now_us, &view) != SAPA_OK)
                return false;
            sapa_record_init(&in, SAPA_T_agent_command);
            in.u.agent_command = (struct sapa_rec_agent_command){
                .agent = agent,
                .code = SAPA_NONE,
                .verb = view.presence == SAPA_PRESENCE_READY ? SAPA_VERB_NOT_READY : SAPA_VERB_READY
            };
        }
    }
    step(w, &in);
    return true;
}

static void branch(struct small *w, unsigned depth)
{
    void *core = malloc(whole.size);
    struct small *world = malloc(sizeof(*world));

    memcpy(core, whole.block, whole.size);
    *world = *w;
    for (unsigned event = 0; event < EVENTS; event++) {
        if (happen(w, event)) {
            w->sequences++;
            if (depth > 1)
                branch(w, depth - 1); /* at most `depth` deep, which the caller bounds */
        }
        const uint64_t sequences = w->sequences;
        memcpy(whole.block, core, whole.size);
        *w = *world;
        w->sequences = sequences;
    }
    free(core);
    free(world);
}

static void describe(struct sim_centre *c)
{
    struct dice dice = { 7 };

    do
        centre_draw(c, &dice, false);
    while (c->centre.agents_count < AGENTS || c->centre.queues_count < QUEUES ||
           c->centre.skills_count == 0);
    c->centre.agents_count = AGENTS;
    c->centre.queues_count = c->centre.numbers_count = QUEUES;
    memset(&c->centre.interrupts, 0, sizeof(c->centre.interrupts));
    for (uint32_t a = 0; a < AGENTS; a++) {
        c->agents[a].clients = 3;
        memset(c->agents[a].capacity, 0, sizeof(c->agents[a].capacity));
        c->agents[a].capacity[SAPA_CHANNEL_VOICE] = c->agents[a].capacity_total = 1;
        c->agents[a].reserve_voice = 0;
        for (uint32_t i = 0; i < c->agents[a].skill_count; i++)
            c->levels[c->agents[a].skill_first + i].level = (uint8_t)(a == 1 ? 5 : 0);
    }
    for (uint32_t q = 0; q < QUEUES; q++) {
        struct sapa_queue *queue = &c->queues[q];
        *queue = (struct sapa_queue){ .key = queue->key,
                                      .hours = SAPA_NONE,
                                      .priority = (uint8_t)q,
                                      .age_ms_per_step = 30000,
                                      .step_count = 1,
                                      .ring_ms = 15000,
                                      .music = SAPA_NONE,
                                      .handle_ms_initial = 60000 };
        queue->steps[0] = (struct sapa_step){ .preferred_skill = SAPA_NONE,
                                              .team = SAPA_NONE,
                                              .need_count = (uint8_t)q,
                                              .needs = { { 0, 3 } } };
        c->numbers[q] = (struct sapa_number){ .key = c->numbers[q].key, .flow = q };
    }
}

uint64_t small_worlds(unsigned depth)
{
    static const struct sapa_memory memory = { remember, NULL };
    const struct sapa_core_options options = {
        .contacts_max = 4, .agents_max = 2, .queues_max = 2, .skills_max = 8, .memory = &memory
    };
    struct small *w = calloc(1, sizeof(*w));
    struct sapa_record in;

    describe(&w->centre);
    w->now_us = INT64_C(1750000000000000);
    if (sapa_core_new(&options, &w->core) != SAPA_OK ||
        sapa_core_centre(w->core, &w->centre.centre) != SAPA_OK)
        sim_fail(__FILE__, __LINE__, "small world", "cannot begin");
    naive_init(&w->naive, &w->centre.centre);
    sapa_record_init(&in, SAPA_T_centre_started);
    sapa_sized_set(&in.u.centre_started.centre_hash, sapa_str_of(w->centre.centre.hash));
    step(w, &in);
    for (uint32_t a = 0; a < AGENTS; a++) {
        sapa_record_init(&in, SAPA_T_agent_device);
        in.u.agent_device = (struct sapa_rec_agent_device){ .agent = a, .reachable = 1 };
        step(w, &in);
    }
    branch(w, SAPA_MIN(depth, 12));
    const uint64_t sequences = w->sequences;
    sapa_core_free(w->core);
    free(w);
    return sequences;
}
