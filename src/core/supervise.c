/*
 * Supervisors in conversations: they listen, whisper, join in, take over.
 *
 * A supervisor's leg is no part of the contact: no work, no party, in no figure, and nothing that the rules of
 * routing, holding or recording ask about. It follows the contact through hold and transfer to its end. His phone is
 * rung as for an offer, and channels know it by the supervision's id where an offer's would stand; so what a phone
 * reports comes as with offers. Taking over makes it an agent's part (KIND_TAKEN) of the same id, with the same leg.
 */
#include "core/core_impl.h"

#include <string.h>

enum { RING_MS = 30000 };

struct core_watch *sapa_watch_find(struct sapa_core *core, uint64_t id)
{
    for (uint32_t i = 0; core->watch_count > 0 && id && i < WATCHES_MAX; i++)
        if (core->watches[i].id == id)
            return &core->watches[i];
    return NULL;
}

static uint32_t slot_of(const struct sapa_core *core, const struct core_watch *watch)
{
    return core_slot(core, TIMER_WATCH, (uint32_t)(watch - core->watches));
}

/* The earliest of a contact, whatever slots they have. */
static struct core_watch *first_of(struct sapa_core *core, const struct core_contact *c)
{
    struct core_watch *first = NULL;

    for (uint32_t i = 0; c->watchers > 0 && i < WATCHES_MAX; i++)
        if (core->watches[i].id && core->watches[i].contact_id == c->id && (!first || core->watches[i].id < first->id))
            first = &core->watches[i];
    return first;
}

/* ---- the end ---- */

static void forget(struct sapa_core *core, struct core_watch *watch)
{
    struct core_contact *c = &core->contacts[watch->contact];

    sapa_assert(c->id == watch->contact_id && c->watchers > 0 && core->watch_count > 0);
    sapa_core_timer_clear(&core->timers, slot_of(core, watch));
    c->watchers--;
    core->agents[watch->agent].watching = false;
    core->watch_count--;
    watch->id = 0;
}

static void tell_end(struct sapa_core *core, const struct core_watch *watch, enum sapa_offer_result result,
                     enum sapa_side side, uint32_t cause)
{
    EMIT(core, supervision_ended, .supervision = watch->id, .contact = watch->contact_id, .agent = watch->agent,
         .mode = watch->mode, .result = result, .side = side, .cause = cause,
         .heard_ms = watch->up ? core_ms(core->now_us - watch->up_us) : 0);
}

void sapa_watch_end(struct sapa_core *core, struct core_watch *watch, enum sapa_offer_result result, enum sapa_side side,
                    uint32_t cause, bool tell)
{
    const uint32_t agent = watch->agent;

    tell_end(core, watch, watch->up ? SAPA_OFFER_ACCEPTED : result, side, cause);
    if (tell && watch->up)
        EMIT(core, cmd_drop_agent, .contact = watch->contact_id, .offer = watch->id);
    else if (tell)
        EMIT(core, cmd_offer_cancel, .offer = watch->id);
    forget(core, watch);
    sapa_route_refresh(core, agent, false);
}

void sapa_watch_end_all(struct sapa_core *core, struct core_contact *c, enum sapa_side side, uint32_t cause)
{
    while (c->watchers > 0) {
        struct core_watch *watch = first_of(core, c);
        sapa_assert(watch != NULL);
        sapa_watch_end(core, watch, SAPA_OFFER_CANCELLED, side, cause, true);
    }
}

void sapa_watch_retire(struct sapa_core *core, uint32_t agent)
{
    for (uint32_t i = 0; core->agents[agent].watching && i < WATCHES_MAX; i++)
        if (core->watches[i].id && core->watches[i].agent == agent)
            sapa_watch_end(core, &core->watches[i], SAPA_OFFER_WITHDRAWN, SAPA_SIDE_SYSTEM, 0, true);
}

void sapa_watch_timer(struct sapa_core *core, struct core_watch *watch)
{
    sapa_assert(watch->id && !watch->up);
    sapa_watch_end(core, watch, SAPA_OFFER_NO_ANSWER, SAPA_SIDE_AGENT, 408, true);
}

/* ---- taking over ---- */

/* Whose place he takes. */
static sapa_rc may_take_over(struct sapa_core *core, const struct core_watch *watch, struct core_work **ret)
{
    struct core_contact *c = &core->contacts[watch->contact];
    struct core_work *w = sapa_work_talking(core, c);

    if (c->place != SAPA_PLACE_TALK || !c->leg || !w || !w->connected_us || w->dialling)
        return SAPA_ESTATE;
    if (sapa_party_count(core, c) >= SAPA_PARTIES_MAX || core->work_count + SAPA_CORE_RING_ALL_MAX > core->works_max)
        return SAPA_ELIMIT;
    *ret = w;
    return SAPA_OK;
}

static void take_over(struct sapa_core *core, struct core_watch *watch, struct core_work *w)
{
    struct core_contact *c = &core->contacts[watch->contact];
    const uint64_t id = watch->id;
    const uint32_t agent = watch->agent, queue = w->queue;

    watch->mode = SAPA_SUPERVISION_TAKEOVER;
    tell_end(core, watch, SAPA_OFFER_ACCEPTED, SAPA_SIDE_AGENT, 0);
    forget(core, watch);
    if (core->agents[agent].presence == SAPA_PRESENCE_OFFLINE) /* he is at work now */
        sapa_agent_move(core, agent, SAPA_PRESENCE_NOT_READY, SAPA_NONE, 3);
    EMIT(core, cmd_supervise, .contact = c->id, .offer = id, .mode = SAPA_SUPERVISION_TAKEOVER);
    sapa_work_enter(core, c, id, agent, queue, KIND_TAKEN);
    EMIT(core, party_joined, .contact = c->id, .offer = id, .agent = agent, .queue = queue,
         .parties = sapa_party_count(core, c));
    sapa_work_holds(core, c);
    sapa_call_drop_line(core, w);
    sapa_work_gone(core, w, SAPA_SIDE_AGENT, 0);
    sapa_route_refresh(core, agent, true);
}

/* ---- the input ---- */

static void changed(struct sapa_core *core, struct core_watch *watch, enum sapa_supervision to, const struct sapa_text64 *by)
{
    const uint8_t from = watch->mode;
    const int64_t was_us = core->now_us - watch->since_us;

    watch->mode = (uint8_t)to;
    watch->since_us = core->now_us;
    EMIT(core, supervision_changed, .supervision = watch->id, .contact = watch->contact_id, .agent = watch->agent,
         .from = from, .to = to, .on = watch->up, .was_ms = core_ms(was_us), .by = by ? *by : (struct sapa_text64){ .n = 0 });
}

static void join(struct sapa_core *core, const struct core_watch *watch)
{
    EMIT(core, cmd_supervise, .contact = watch->contact_id, .offer = watch->id, .mode = watch->mode);
}

sapa_rc sapa_watch_accepted(struct sapa_core *core, struct core_watch *watch)
{
    struct core_work *w = NULL;

    if (watch->up)
        return SAPA_ESTATE;
    watch->up = true;
    watch->up_us = core->now_us;
    watch->due_us = 0;
    sapa_core_timer_clear(&core->timers, slot_of(core, watch));
    if (watch->mode == SAPA_SUPERVISION_TAKEOVER && may_take_over(core, watch, &w) == SAPA_OK) {
        changed(core, watch, SAPA_SUPERVISION_TAKEOVER, NULL);
        take_over(core, watch, w);
        return SAPA_OK;
    }
    /* nobody is left whose place he could take: he hears what becomes of it */
    changed(core, watch, watch->mode == SAPA_SUPERVISION_TAKEOVER ? SAPA_SUPERVISION_LISTEN : (enum sapa_supervision)watch->mode,
            NULL);
    join(core, watch);
    return SAPA_OK;
}

static sapa_rc change(struct sapa_core *core, struct core_watch *watch, const struct sapa_rec_supervise *in)
{
    struct core_work *w = NULL;

    if (watch->contact_id != in->contact || watch->agent != in->agent)
        return SAPA_ENOENT;
    if (in->mode == SAPA_SUPERVISION_END) {
        sapa_watch_end(core, watch, SAPA_OFFER_WITHDRAWN, SAPA_SIDE_AGENT, 0, true);
        return SAPA_OK;
    }
    if (in->mode == watch->mode)
        return SAPA_ESTATE;
    if (in->mode == SAPA_SUPERVISION_TAKEOVER && watch->up) {
        const sapa_rc rc = may_take_over(core, watch, &w);
        if (rc != SAPA_OK)
            return rc;
    }
    changed(core, watch, (enum sapa_supervision)in->mode, &in->by);
    if (w)
        take_over(core, watch, w);
    else if (watch->up)
        join(core, watch);
    return SAPA_OK;
}

/* His phone is there and does nothing else. He need not be logged in. */
static bool has_phone(const struct sapa_core *core, uint32_t agent)
{
    const struct core_agent *state = &core->agents[agent];

    if (!state->reachable || state->watching)
        return false;
    for (uint32_t i = state->work; i != SAPA_NONE; i = core->works[i].next_of_agent)
        if (core->works[i].channel == SAPA_CHANNEL_VOICE && core->works[i].state != SAPA_ASSIGNMENT_WRAPUP)
            return false;
    return true;
}

sapa_rc sapa_watch_on_supervise(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_supervise *in = &record->u.supervise;
    uint32_t i = 0;

    if (in->supervision >> 54 == 0 || in->agent >= core->centre->agents_count || in->mode >= SAPA_SUPERVISION_COUNT)
        return SAPA_EINVAL; /* node 0 is the core's own */
    struct core_watch *watch = sapa_watch_find(core, in->supervision);
    if (watch)
        return change(core, watch, in);
    struct core_contact *c = sapa_contact_find(core, in->contact);
    if (!c || in->mode == SAPA_SUPERVISION_END)
        return SAPA_ENOENT;
    if (sapa_work_find(core, in->supervision))
        return SAPA_EEXIST;
    const struct core_work *w = sapa_work_talking(core, c);
    const uint32_t agent = (uint32_t)in->agent;
    if (c->channel != SAPA_CHANNEL_VOICE || c->place != SAPA_PLACE_TALK || !w || !has_phone(core, agent))
        return SAPA_ESTATE;
    while (i < WATCHES_MAX && core->watches[i].id)
        i++;
    if (i == WATCHES_MAX || c->watchers >= SAPA_SUPERVISORS_MAX)
        return SAPA_ELIMIT;
    watch = &core->watches[i];
    *watch = (struct core_watch){ .id = in->supervision, .contact_id = c->id, .contact = core_index(core, c), .agent = agent,
                                  .mode = (uint8_t)in->mode, .since_us = core->now_us,
                                  .due_us = core->now_us + RING_MS * INT64_C(1000) };
    core->watch_count++;
    c->watchers++;
    core->agents[agent].watching = true;
    sapa_core_timer_set(&core->timers, slot_of(core, watch), watch->due_us, watch->id);
    EMIT(core, supervision_began, .supervision = watch->id, .contact = c->id, .agent = agent, .watched = w->agent,
         .mode = in->mode, .by = in->by);
    sapa_help_comes(core, c, &in->by);
    EMIT(core, cmd_offer, .offer = watch->id, .contact = c->id, .agent = agent, .queue = w->queue, .kind = KIND_TAKEN,
         .ring_ms = RING_MS);
    sapa_route_refresh(core, agent, false);
    return SAPA_OK;
}

/* ---- view ---- */

bool sapa_core_watch_next(const struct sapa_core *core, uint32_t *cursor, struct sapa_watch_view *ret)
{
    while (core->watch_count > 0 && *cursor < WATCHES_MAX) {
        const struct core_watch *watch = &core->watches[(*cursor)++];
        if (!watch->id)
            continue;
        *ret = (struct sapa_watch_view){ .supervision = watch->id, .contact = watch->contact_id, .agent = watch->agent,
                                         .mode = watch->mode, .up = watch->up, .since_us = watch->since_us };
        return true;
    }
    return false;
}

bool sapa_core_watch_of(const struct sapa_core *core, uint32_t agent, struct sapa_watch_view *ret)
{
    if (!core->centre || agent >= core->centre->agents_count || !core->agents[agent].watching)
        return false;
    for (uint32_t cursor = 0; sapa_core_watch_next(core, &cursor, ret);)
        if (ret->agent == agent)
            return true;
    return false;
}

uint32_t sapa_core_contact_agents(const struct sapa_core *core, uint64_t contact, uint32_t *ret, uint32_t max)
{
    const uint32_t at = sapa_idmap_get(&core->contact_map, contact);
    uint32_t n = 0;

    for (uint32_t i = at == SAPA_NONE ? SAPA_NONE : core->contacts[at].work; i != SAPA_NONE && n < max; i = core->works[i].next_of_contact)
        ret[n++] = core->works[i].agent;
    return n;
}

bool sapa_core_is_heard(const struct sapa_core *core, uint32_t agent)
{
    if (!core->centre || agent >= core->centre->agents_count || core->watch_count == 0)
        return false;
    for (uint32_t i = 0; i < WATCHES_MAX; i++) {
        if (!core->watches[i].id || !core->watches[i].up)
            continue;
        for (uint32_t w = core->agents[agent].work; w != SAPA_NONE; w = core->works[w].next_of_agent)
            if (core->works[w].contact == core->watches[i].contact && core_talks(&core->works[w]))
                return true;
    }
    return false;
}
