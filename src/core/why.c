/*
 * Explanations, by the functions that decide (sapa_route_judge), at the moment they decide.
 *
 * An explanation names the chosen, the next by the rule, and then the nearest others: agents whose
 * number follows, those who fit the requirement first. It is bounded by looking at WALK_MAX agents.
 */
#include "core/core_impl.h"

struct reasons {
    struct sapa_writer w;
    unsigned count, limit;
};

static void put(struct reasons *to, uint32_t agent, enum sapa_why why, uint32_t a, uint32_t b)
{
    const struct sapa_writer before = to->w;

    if (to->count >= to->limit)
        return;
    sapa_put_u64(&to->w, agent);
    sapa_put_u64(&to->w, why);
    sapa_put_u64(&to->w, a);
    sapa_put_u64(&to->w, b);
    if (to->w.bad)
        to->w = before; /* whole lines only */
    else
        to->count++;
}

static enum sapa_why waiting_for(const struct sapa_core *core, const struct core_contact *c,
                                 uint32_t ahead)
{
    if (c->callback != NO_CALLBACK && c->pick == PICK_NONE && !sapa_line_open(core, c->queue))
        return SAPA_WHY_CLOSED;
    if (c->pick == PICK_PREFERRED)
        return SAPA_WHY_PREFERRED;
    if (sapa_line_logged_in(core, c->queue) == 0)
        return SAPA_WHY_NO_AGENT;
    return ahead > 0 ? SAPA_WHY_AHEAD : SAPA_WHY_BUSY;
}

static bool is_named(const struct core_pick *pick, uint32_t agent)
{
    if (!pick)
        return false;
    if (pick->agent == agent)
        return true;
    for (unsigned i = 0; i < SAPA_COUNT(pick->runner) && pick->runner[i] != SAPA_NONE; i++)
        if (pick->runner[i] == agent)
            return true;
    return false;
}

static bool fits(const struct sapa_core *core, uint32_t class_index, uint32_t agent)
{
    const uint32_t g = core->group_of[agent];

    return core->class_groups[(size_t)class_index * core->group_words + g / 64] >> g % 64 & 1;
}

void sapa_why_fill(const struct sapa_core *core, const struct core_contact *c, uint64_t offer,
                   const struct core_pick *pick, uint32_t ahead, unsigned named, int64_t now_us,
                   struct sapa_rec_why *why)
{
    const uint32_t agents = core->centre->agents_count;
    struct reasons to = { .w = sapa_writer_of(why->reasons.p, sizeof(why->reasons.p) - 1),
                          .limit = named };
    uint32_t a, b, walk = core->classes[c->class_index].first_agent;

    sapa_assert(c->queue < core->centre->queues_count);
    sapa_assert(named <= SAPA_CORE_WHY_MAX);
    why->contact = c->id;
    why->offer = offer;
    why->queue = c->queue;
    why->step = c->step;
    why->waiting = ahead;
    if (pick) {
        put(&to, pick->agent, SAPA_WHY_CHOSEN,
            (uint32_t)SAPA_MIN(core_ms(now_us - core->agents[pick->agent].idle_since_us),
                               (uint64_t)INT32_MAX),
            0);
        for (unsigned i = 0; i < SAPA_COUNT(pick->runner) && pick->runner[i] != SAPA_NONE; i++)
            put(&to, pick->runner[i], c->ring_all ? SAPA_WHY_CHOSEN : SAPA_WHY_LOWER, i + 2, 0);
        walk = pick->agent;
    } else {
        const enum sapa_why reason = waiting_for(core, c, ahead);
        if (reason == SAPA_WHY_PREFERRED)
            put(&to, SAPA_NONE, reason, c->preferred,
                (uint32_t)core_ms(c->preferred_until_us - now_us));
        else if (reason != SAPA_WHY_BUSY) /* that is what the agents' own lines say */
            put(&to, SAPA_NONE, reason, ahead, 0);
    }
    const uint32_t looks = SAPA_MIN(agents, pick ? (uint32_t)WALK_MAX : WALK_MAX / 2);
    for (uint32_t look = 0, agent = walk; walk != SAPA_NONE && look < looks && to.count < named;
         look++) {
        if (fits(core, c->class_index, agent) && !is_named(pick, agent)) {
            const enum sapa_why verdict = sapa_route_judge_fitting(core, c, agent, now_us, &a, &b);
            put(&to, agent, verdict == SAPA_WHY_CHOSEN ? SAPA_WHY_LOWER : verdict, a, b);
        }
        agent = agent + 1 == agents ? 0 : agent + 1;
    }
    /* in a small centre also those who do not fit: why not, is what people ask */
    for (uint32_t agent = 0; agents <= WALK_MAX && agent < agents && to.count < named; agent++)
        if (!fits(core, c->class_index, agent)) {
            const enum sapa_why verdict = sapa_route_fit(core, agent, c->class_index, &a, &b);
            put(&to, agent, verdict, a, b);
        }
    why->reasons.n = (uint16_t)to.w.n;
    why->reasons.p[to.w.n] = '\0';
}

void sapa_why_wait(struct sapa_core *core, struct core_contact *c)
{
    sapa_assert(c->in_line);
    if (c->callback != NO_CALLBACK && c->leg)
        return; /* he is still being told goodbye */
    const uint32_t ahead = sapa_line_ahead(core, c);
    const uint8_t code = (uint8_t)(waiting_for(core, c, ahead) + c->step * 32);
    if (code == c->wait_why)
        return;
    static_assert(SAPA_WHY_COUNT < 32, "reason and step share a byte");
    c->wait_why = code;
    struct sapa_record *record = sapa_core_record(core, SAPA_T_why);
    sapa_why_fill(core, c, 0, NULL, ahead, 3, core->now_us, &record->u.why);
    sapa_core_emit(core);
}

sapa_rc sapa_core_why_contact(const struct sapa_core *core, uint64_t contact, int64_t now_us,
                              struct sapa_record *ret)
{
    const uint32_t i = sapa_idmap_get(&core->contact_map, contact);

    if (i == SAPA_NONE)
        return SAPA_ENOENT;
    const struct core_contact *c = &core->contacts[i];
    if (!c->queued)
        return SAPA_ESTATE;
    memset(&ret->u.why, 0, sizeof(ret->u.why));
    ret->type = SAPA_T_why;
    ret->flags = 0;
    ret->reserved = 0;
    ret->seq = 0;
    ret->at_us = SAPA_MAX(now_us, core->now_us);
    if (c->in_line) {
        sapa_why_fill(core, c, 0, NULL, sapa_line_ahead(core, c), SAPA_CORE_WHY_MAX, ret->at_us,
                      &ret->u.why);
        return SAPA_OK;
    }
    /* it rings, or is being dialled: whom it was given to, and why not others */
    struct core_pick pick;
    unsigned runners = 0;
    memset(&pick, 0xff, sizeof(pick));
    uint64_t offer = 0;
    for (uint32_t w = c->work; w != SAPA_NONE; w = core->works[w].next_of_contact) {
        if (core->works[w].kind >= KIND_OWN)
            continue; /* who called the queue */
        offer = offer ? offer : core->works[w].offer;
        if (pick.agent == SAPA_NONE)
            pick.agent = core->works[w].agent;
        else if (runners < SAPA_COUNT(pick.runner))
            pick.runner[runners++] = core->works[w].agent;
    }
    sapa_assert(pick.agent != SAPA_NONE);
    sapa_why_fill(core, c, offer, &pick, sapa_line_ahead(core, c),
                  SAPA_CORE_WHY_MAX, ret->at_us, &ret->u.why);
    return SAPA_OK;
}

bool sapa_why_next(const struct sapa_rec_why *why, size_t *at, struct sapa_why_line *ret)
{
    struct sapa_reader r =
        sapa_reader_of(why->reasons.p, SAPA_MIN(why->reasons.n, sizeof(why->reasons.p)));

    if (*at >= r.size)
        return false;
    r.at = *at;
    const uint64_t agent = sapa_get_u64(&r), verdict = sapa_get_u64(&r);
    const uint64_t a = sapa_get_u64(&r), b = sapa_get_u64(&r);
    if (r.bad || verdict >= SAPA_WHY_COUNT)
        return false;
    *ret = (struct sapa_why_line){ (uint32_t)agent, (uint8_t)verdict, (uint32_t)a, (uint32_t)b };
    *at = r.at;
    return true;
}
