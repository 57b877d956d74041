/*
 * Calls that agents place: to an outside number, a colleague, a queue or a number of ours.
 *
 * Such a call is a contact of its own, and its caller has a part in it (KIND_OWN) from the first moment, so that
 * he is busy and his time is counted. Outside, whom he calls is the customer. Within the centre he is the customer
 * himself: his part has no leg of its own then (core_is_caller).
 *
 * Lines: OWN his phone has called us; RING his phone is rung first; SAME the line with which he talks with another
 * contact, which the core holds meanwhile (core_contact.beside) and gives back to him when the call is over. When that
 * contact is over first, the line goes on as the call's own.
 */
#include "core/core_impl.h"
#include "model/listed.h"

#include <string.h>

enum {
    RING_PHONE_MS = 30000,   /* his own, or a colleague's */
    RING_OUTSIDE_MS = 60000, /* he hears it himself, and may hang up before */
    CARRIER_GRACE_MS = 10000,
};

/* ---- what he has in hand ---- */

static bool in_hand(const struct core_work *w)
{
    return w->channel == SAPA_CHANNEL_VOICE && w->state != SAPA_ASSIGNMENT_WRAPUP;
}

bool sapa_call_may_ring(const struct sapa_core *core, uint32_t agent)
{
    const struct core_agent *state = &core->agents[agent];

    if (state->presence == SAPA_PRESENCE_OFFLINE || !state->reachable || state->watching)
        return false;
    for (uint32_t i = state->work; i != SAPA_NONE; i = core->works[i].next_of_agent)
        if (in_hand(&core->works[i]))
            return false;
    return true;
}

struct core_contact *sapa_call_beside(struct sapa_core *core, const struct core_work *w)
{
    for (uint32_t i = core->agents[w->agent].work; i != SAPA_NONE; i = core->works[i].next_of_agent) {
        const struct core_work *own = &core->works[i];
        if (own->kind == KIND_OWN && own->contact != SAPA_NONE && core->contacts[own->contact].beside == w->offer)
            return &core->contacts[own->contact];
    }
    return NULL;
}

/* One contact in talk and one call of his own: no more. With SAME only beside the one that he names. */
static bool has_line(const struct sapa_core *core, const struct sapa_rec_agent_call *in,
                     const struct core_work **ret_talk)
{
    unsigned count = 0;

    *ret_talk = NULL;
    for (uint32_t i = core->agents[in->agent].work; i != SAPA_NONE; i = core->works[i].next_of_agent) {
        const struct core_work *w = &core->works[i];
        if (!in_hand(w))
            continue;
        if (!core_talks(w) || w->dialling || (w->kind == KIND_OWN && !w->connected_us))
            return false;
        *ret_talk = w;
        count++;
    }
    return count == 0 || (count == 1 && in->line != SAPA_LINE_RING);
}

static enum sapa_call_denial may_call(const struct sapa_core *core, const struct sapa_rec_agent_call *in,
                                      uint32_t *ret_client, uint32_t *ret_from, uint32_t *ret_campaign, uint64_t *ret_beside)
{
    const struct core_agent *state = &core->agents[in->agent];
    const struct core_work *talk;
    const bool line = has_line(core, in, &talk);
    struct sapa_call_wish wish = {
        .agent = (uint32_t)in->agent,
        .kind = in->kind,
        .target = in->target < SAPA_NONE ? (uint32_t)in->target : SAPA_NONE,
        .number = sapa_sized_str(&in->address),
        .client = in->client < SAPA_NONE ? (uint32_t)in->client : SAPA_NONE,
        .beside = talk ? core->contacts[talk->contact].client : SAPA_NONE,
        .listed = in->listed,
        .number_type = (uint8_t)SAPA_MIN(in->number_type, (uint64_t)UINT8_MAX),
        .team = state->team + 1, /* none is 0 */
    };

    if (in->kind == SAPA_TARGET_OUTSIDE)
        wish.campaign = sapa_campaign_of(core->centre, wish.agent, in->campaign, in->client, talk != NULL) + 1;
    *ret_campaign = wish.campaign;
    *ret_beside = talk ? talk->contact_id : 0;
    if (state->presence == SAPA_PRESENCE_OFFLINE)
        return SAPA_DENIAL_OFFLINE;
    if (!line || state->watching)
        return SAPA_DENIAL_BUSY;
    if (in->line == SAPA_LINE_RING && !state->reachable)
        return SAPA_DENIAL_TARGET;
    const enum sapa_call_denial denial = sapa_right_to_call(core->centre, &wish, core->now_us, ret_client, ret_from);
    if (denial == SAPA_DENIAL_NONE && in->kind == SAPA_TARGET_AGENT && !sapa_call_may_ring(core, wish.target))
        return SAPA_DENIAL_TARGET;
    return denial;
}

/* ---- the call begins ---- */

static void reply(struct sapa_core *core, const struct sapa_rec_agent_call *in, sapa_rc rc, enum sapa_call_denial why)
{
    if (in->request)
        EMIT(core, cmd_agent_reply, .agent = in->agent, .request = in->request, .rc = (uint64_t)-rc, .verb = 255,
             .code = why, .presence = core->agents[in->agent].presence);
}

/* Nothing is kept of it; his phone, where it has called us, is told so. */
static void turn_away(struct sapa_core *core, const struct sapa_rec_agent_call *in, uint32_t status)
{
    if (in->line != SAPA_LINE_OWN)
        return;
    EMIT(core, cmd_reject, .contact = in->contact, .status = status);
    EMIT(core, cmd_forget, .contact = in->contact);
}

static struct core_contact *open_contact(struct sapa_core *core, const struct sapa_rec_agent_call *in, uint32_t client,
                                         uint32_t from, uint32_t campaign)
{
    const struct sapa_centre *centre = core->centre;
    const bool outside = in->kind == SAPA_TARGET_OUTSIDE, number = in->kind == SAPA_TARGET_NUMBER;
    struct core_contact *c = sapa_contact_alloc(core, in->contact);

    if (!c)
        return NULL;
    c->person = in->person;
    c->party = sapa_contact_party(in->person, sapa_sized_str(&in->address), in->contact);
    c->arrived_us = c->since_us = core->now_us;
    c->client = client < centre->clients_count ? client : SAPA_NONE;
    c->number = number ? (uint32_t)in->target : outside && from < centre->numbers_count ? from : SAPA_NONE;
    c->channel = SAPA_CHANNEL_VOICE;
    c->direction = outside ? SAPA_DIRECTION_OUTBOUND : SAPA_DIRECTION_INTERNAL;
    c->language = number ? centre->numbers[in->target].language : centre->agents[in->agent].language;
    if (c->language >= SAPA_LANGUAGE_COUNT)
        c->language = 0;
    c->extra = number ? centre->numbers[in->target].priority : 0;
    c->address = in->address;
    c->call = (uint8_t)(in->kind + 1);
    c->call_line = (uint8_t)in->line;
    c->call_target = outside ? SAPA_NONE : (uint32_t)in->target;
    c->beside = in->line == SAPA_LINE_SAME ? in->beside : 0;
    c->calling = true;
    EMIT(core, contact_new, .contact = c->id, .client = c->client, .channel = c->channel, .direction = c->direction,
         .number = c->number, .person = c->person,
         .flow = number && centre->flows_count > 0 ? centre->numbers[in->target].flow : SAPA_NONE, .language = c->language,
         .campaign = campaign,
         .party_type = sapa_contact_party_type(centre, c->direction, in->party_type, SAPA_NONE, campaign, false));
    return c;
}

static void ring(struct sapa_core *core, struct core_work *w)
{
    w->due_us = core->now_us + RING_PHONE_MS * INT64_C(1000);
    sapa_core_timer_set(&core->timers, core_slot(core, TIMER_WORK, (uint32_t)(w - core->works)), w->due_us, w->offer);
    EMIT(core, cmd_offer, .offer = w->offer, .contact = w->contact_id, .agent = w->agent, .queue = w->queue,
         .kind = w->kind, .ring_ms = RING_PHONE_MS);
}

static struct core_work *open_work(struct sapa_core *core, struct core_contact *c, uint64_t offer, uint32_t agent,
                                   uint32_t queue, enum core_kind kind)
{
    struct core_work *w = sapa_work_alloc(core, offer);

    if (!w)
        return NULL;
    w->contact = core_index(core, c);
    w->contact_id = c->id;
    w->agent = agent;
    w->queue = queue;
    w->channel = SAPA_CHANNEL_VOICE;
    w->kind = (uint8_t)kind;
    w->made_us = core->now_us;
    sapa_work_link(core, w);
    EMIT(core, offer_made, .offer = w->offer, .contact = c->id, .agent = agent, .queue = queue, .kind = kind);
    sapa_work_move(core, w, SAPA_ASSIGNMENT_OFFERED);
    return w;
}

/* Whose rules hold for what he places for this client, and campaign (index + 1). */
static uint32_t calls_queue(const struct sapa_core *core, const struct core_contact *c, uint32_t campaign)
{
    if (c->call != SAPA_TARGET_OUTSIDE + 1 || c->client >= core->centre->clients_count)
        return SAPA_NONE;
    const uint32_t own = campaign > 0 ? core->centre->campaigns[campaign - 1].queue : SAPA_NONE;
    const uint32_t queue = own != SAPA_NONE ? own : core->centre->clients[c->client].calls_queue;
    return queue < core->centre->queues_count ? queue : SAPA_NONE;
}

sapa_rc sapa_call_on_placed(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_agent_call *in = &record->u.agent_call;
    uint32_t client = SAPA_NONE, from = SAPA_NONE, campaign;
    uint64_t beside_contact;
    sapa_rc rc = SAPA_OK;

    if (in->agent >= core->centre->agents_count || in->line >= SAPA_LINE_COUNT || in->kind >= SAPA_TARGET_COUNT ||
        in->contact >> 54 == 0 || in->offer >> 54 == 0) /* node 0 is the core's own */
        return SAPA_EINVAL;
    struct core_work *held = in->line == SAPA_LINE_SAME ? sapa_work_find(core, in->beside) : NULL;
    if (sapa_contact_find(core, in->contact) || sapa_work_find(core, in->offer))
        rc = SAPA_EEXIST;
    else if (in->line == SAPA_LINE_SAME && (!held || held->agent != in->agent))
        rc = SAPA_ENOENT;
    else if (held && (!core_talks(held) || !held->connected_us || held->channel != SAPA_CHANNEL_VOICE ||
                      !core->contacts[held->contact].leg || core_is_caller(&core->contacts[held->contact], held)))
        rc = SAPA_ESTATE; /* a line that is the customer's leg of a call within the centre is not lent */
    if (rc != SAPA_OK) {
        reply(core, in, rc, SAPA_DENIAL_NONE);
        return rc;
    }
    const enum sapa_call_denial denial = may_call(core, in, &client, &from, &campaign, &beside_contact);
    if (denial != SAPA_DENIAL_NONE) {
        EMIT(core, call_denied, .agent = in->agent, .why = denial, .kind = in->kind, .client = in->client,
             .person = in->person, .contact = beside_contact,
             .campaign = campaign <= core->centre->campaigns_count ? campaign : 0);
        reply(core, in, SAPA_EDENIED, denial);
        turn_away(core, in, 403);
        return SAPA_OK; /* that is the answer, and it is in the log */
    }
    const bool full = (core->centre->system.contacts_max && core->contact_count >= core->centre->system.contacts_max) ||
                      core->work_count + SAPA_CORE_RING_ALL_MAX > core->works_max;
    struct core_contact *c = full ? NULL : open_contact(core, in, client, from, campaign);
    if (!c) {
        reply(core, in, SAPA_ELIMIT, SAPA_DENIAL_NONE);
        turn_away(core, in, 503);
        return SAPA_ELIMIT;
    }
    EMIT(core, cmd_call, .contact = c->id, .offer = in->offer, .agent = in->agent, .line = in->line, .beside = c->beside,
         .kind = in->kind, .target = c->call_target, .client = c->client, .number = c->address,
         .campaign = campaign);
    reply(core, in, SAPA_OK, SAPA_DENIAL_NONE);
    sapa_contact_place(core, c, SAPA_PLACE_RINGING);
    struct core_work *w = open_work(core, c, in->offer, (uint32_t)in->agent, calls_queue(core, c, campaign), KIND_OWN);
    sapa_assert(w != NULL); /* there is room: looked for above */
    if (held)
        sapa_work_hold(core, held, true);
    if (in->line == SAPA_LINE_RING) {
        ring(core, w);
        sapa_route_refresh(core, w->agent, false);
        return SAPA_OK;
    }
    const struct sapa_record there = { .type = SAPA_T_offer_accepted,
                                       .u.offer_accepted = { .offer = w->offer } }; /* he is on the line */
    rc = sapa_offer_on_accepted(core, &there);
    sapa_assert(rc == SAPA_OK);
    return rc;
}

/* ---- and goes on ---- */

static void dial(struct sapa_core *core, struct core_contact *c, struct core_work *w)
{
    struct sapa_text64 number = c->address;

    w->dialling = true;
    c->attempt++;
    w->due_us = core->now_us + (RING_OUTSIDE_MS + CARRIER_GRACE_MS) * INT64_C(1000);
    sapa_core_timer_set(&core->timers, core_slot(core, TIMER_WORK, (uint32_t)(w - core->works)), w->due_us, w->offer);
    EMIT(core, cmd_dial, .contact = c->id, .attempt = c->attempt, .kind = 2, .number = number, .from = c->number,
         .ring_ms = RING_OUTSIDE_MS);
}

static void tell_ringing(struct sapa_core *core, const struct core_contact *c)
{
    sapa_core_record(core, SAPA_T_cmd_ring)->u.cmd_ring = (struct sapa_rec_cmd_ring){ .contact = c->id };
    core->record.flags = SAPA_RECORD_NO_PROMISE;
    sapa_core_emit(core);
}

void sapa_call_ring_colleague(struct sapa_core *core, struct core_contact *c, uint32_t agent)
{
    struct core_work *w = NULL;

    sapa_assert(c->leg && !c->queued);
    tell_ringing(core, c);
    sapa_contact_place(core, c, SAPA_PLACE_RINGING);
    c->calling = true;

    if (agent < core->centre->agents_count && sapa_call_may_ring(core, agent))
        w = open_work(core, c, sapa_core_id(core), agent, SAPA_NONE, KIND_COLLEAGUE);
    if (!w) { /* he has begun something else while the caller's phone rang */
        sapa_call_unreached(core, c, SAPA_SIDE_AGENT, 486);
        return;
    }
    ring(core, w);
    sapa_route_refresh(core, agent, false);
}

void sapa_call_flow(struct sapa_core *core, struct core_contact *c, uint32_t flow)
{
    if (!c->has_flow) {
        memset(&c->run, 0, sizeof(c->run));
        c->run.queue = c->run.queue_node = SAPA_NONE;
        c->has_flow = true;
    }
    sapa_port_begin(core, c, flow);
}

void sapa_call_go(struct sapa_core *core, struct core_work *w)
{
    struct core_contact *c = &core->contacts[w->contact];
    const uint32_t target = c->call_target;

    sapa_assert(w->kind == KIND_OWN && w->state == SAPA_ASSIGNMENT_TALKING);
    if (c->call == SAPA_TARGET_OUTSIDE + 1) {
        dial(core, c, w);
        return;
    }
    c->leg = true;
    if (c->call == SAPA_TARGET_AGENT + 1) {
        sapa_call_ring_colleague(core, c, target);
        return;
    }
    tell_ringing(core, c);
    sapa_contact_place(core, c, SAPA_PLACE_FLOW);
    c->calling = false;
    if (c->call == SAPA_TARGET_QUEUE + 1) {
        if (target < core->centre->queues_count)
            sapa_line_enter(core, c, target, 0, SAPA_NONE);
        else /* a new description has come while his phone rang */
            sapa_call_unreached(core, c, SAPA_SIDE_SYSTEM, 404);
    } else if (target >= core->centre->numbers_count) {
        sapa_call_unreached(core, c, SAPA_SIDE_SYSTEM, 404);
    } else if (core->centre->flows_count > 0) {
        sapa_call_flow(core, c, core->centre->numbers[target].flow);
    } else { /* a centre without flows: the number names a queue */
        sapa_line_enter(core, c, core->centre->numbers[target].flow, 0, SAPA_NONE);
    }
}

void sapa_call_connect(struct sapa_core *core, struct core_work *w)
{
    struct core_contact *c = &core->contacts[w->contact];

    sapa_assert(w->kind >= KIND_OWN && c->calling);
    if (w->kind == KIND_OWN) {
        w->dialling = false;
        w->due_us = 0;
        sapa_core_timer_clear(&core->timers, core_slot(core, TIMER_WORK, (uint32_t)(w - core->works)));
        c->leg = c->answer_sent = c->established = true;
    }
    sapa_work_connect(core, w);
}

sapa_rc sapa_call_on_dial(struct sapa_core *core, struct core_contact *c, const struct sapa_rec_dial_progress *in)
{
    if (c->call != SAPA_TARGET_OUTSIDE + 1 || in->attempt != 1 || c->attempt != 1)
        return SAPA_ESTATE;
    struct core_work *w = NULL;
    for (uint32_t i = c->work; i != SAPA_NONE && c->calling; i = core->works[i].next_of_contact)
        w = core->works[i].dialling ? &core->works[i] : w;
    if (w) {
        if (in->state == 1) {
            sapa_call_connect(core, w);
            sapa_route_refresh(core, w->agent, false);
        } else if (in->state >= 2) {
            w->dialling = false; /* nothing is left to be cancelled */
            sapa_call_unreached(core, c, in->side == SAPA_SIDE_AGENT ? SAPA_SIDE_SYSTEM : in->side, (uint32_t)in->cause);
        }
        return SAPA_OK;
    }
    if (in->state != 3 || !c->leg)
        return SAPA_ESTATE;
    c->leg = c->playing = false;
    sapa_contact_close(core, c, SAPA_OUTCOME_REACHED, in->side, (uint32_t)in->cause);
    return SAPA_OK;
}

/* ---- the end ---- */

void sapa_call_unreached(struct sapa_core *core, struct core_contact *c, enum sapa_side side, uint32_t cause)
{
    c->reject_status = (uint16_t)(cause >= 400 && cause < 700 ? cause : 480);
    sapa_contact_hangup(core, c, SAPA_OUTCOME_UNREACHED, side, cause);
}

void sapa_call_drop_line(struct sapa_core *core, struct core_work *w)
{
    struct core_contact *c = &core->contacts[w->contact];
    struct core_contact *beside = sapa_call_beside(core, w);

    if (beside) { /* his line goes on with the other call, as its own */
        beside->beside = 0;
        beside->call_line = SAPA_LINE_RING;
    }
    if (!core_is_caller(c, w)) /* a line that is lent goes over by it, and is not hung up */
        EMIT(core, cmd_drop_agent, .contact = c->id, .offer = w->offer);
}

void sapa_call_resume(struct sapa_core *core, struct core_contact *c)
{
    struct core_work *w = c->beside ? sapa_work_find(core, c->beside) : NULL;

    c->beside = 0;
    if (w && core_talks(w))
        sapa_work_hold(core, w, false);
}
