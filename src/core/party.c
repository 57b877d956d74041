/*
 * More than two in one conversation, and what agents do with contacts in hand: pass them on, bring another
 * contact's parties in, hold, leave.
 *
 * The customer's leg carries a contact: when it is gone, so is the contact for all. Agents come and go. Outside
 * parties are numbers that were called for somebody (core_contact.outside, packed from the front); with the last
 * agent gone they and the customer are alone (place OUTSIDE), and when no one else is left the customer is let go.
 */
#include "core/core_impl.h"

#include <string.h>

enum { RING_OUTSIDE_MS = 30000, CARRIER_GRACE_MS = 10000 };

unsigned sapa_party_count(const struct sapa_core *core, const struct core_contact *c)
{
    unsigned count = c->leg;

    for (uint32_t i = c->work; i != SAPA_NONE; i = core->works[i].next_of_contact)
        count += core_talks(&core->works[i]) && core->works[i].connected_us && !core_is_caller(c, &core->works[i]);
    for (unsigned i = 0; i < SAPA_OUTSIDE_MAX; i++)
        count += c->outside[i].talks;
    return count;
}

bool sapa_party_others(const struct sapa_core *core, const struct core_contact *c, const struct core_work *but)
{
    for (uint32_t i = c->work; i != SAPA_NONE; i = core->works[i].next_of_contact)
        if (&core->works[i] != but && core_talks(&core->works[i]) && !core_is_caller(c, &core->works[i]))
            return true;
    return c->outside[0].attempt != 0;
}

void sapa_party_go_on(struct sapa_core *core, struct core_contact *c)
{
    if (sapa_work_talking(core, c)) {
        sapa_work_holds(core, c);
        return;
    }
    sapa_recording_rest(core, c); /* what is said without us is no conversation of ours */
    sapa_contact_place(core, c, SAPA_PLACE_OUTSIDE);
}

/* ---- outside parties ---- */

static struct core_outside *outside_of(struct core_contact *c, uint64_t attempt)
{
    for (unsigned i = 0; i < SAPA_OUTSIDE_MAX && attempt; i++)
        if (c->outside[i].attempt == attempt)
            return &c->outside[i];
    return NULL;
}

/*
 * One more, with a number that no dial command of this contact has or had, nor any offer ever will: who is to be
 * dropped is named by either. NULL: there are enough.
 */
static struct core_outside *outside_add(struct sapa_core *core, struct core_contact *c, bool talks)
{
    struct core_outside *party = NULL;
    uint32_t attempt = c->attempt;

    for (unsigned i = SAPA_OUTSIDE_MAX; i-- > 0;)
        if (c->outside[i].attempt == 0)
            party = &c->outside[i];
    if (!party)
        return NULL;
    if (c->has_flow)
        attempt = SAPA_MAX(attempt, c->run.attempt);
    core->id_next = SAPA_MAX(core->id_next, (uint64_t)attempt + 1);
    attempt = (uint32_t)sapa_core_id(core);
    if (c->has_flow)
        c->run.attempt = attempt;
    *party = (struct core_outside){ .attempt = attempt, .talks = talks, .since_us = core->now_us };
    return party;
}

static void outside_remove(struct core_contact *c, struct core_outside *party)
{
    const size_t at = (size_t)(party - c->outside);

    memmove(party, party + 1, (SAPA_OUTSIDE_MAX - 1 - at) * sizeof(*party));
    c->outside[SAPA_OUTSIDE_MAX - 1] = (struct core_outside){ 0 };
}

static void outside_left(struct sapa_core *core, struct core_contact *c, struct core_outside *party,
                         enum sapa_side side, uint32_t cause)
{
    sapa_assert(party->talks);
    EMIT(core, party_left, .contact = c->id, .attempt = party->attempt, .side = side, .cause = cause,
         .talk_ms = core_ms(core->now_us - party->since_us));
    outside_remove(c, party);
}

void sapa_party_end(struct sapa_core *core, struct core_contact *c, enum sapa_side side, uint32_t cause)
{
    while (c->outside[0].attempt) {
        struct core_outside *party = &c->outside[0];
        EMIT(core, cmd_dial_cancel, .contact = c->id, .attempt = party->attempt);
        if (party->talks)
            outside_left(core, c, party, side, cause);
        else
            outside_remove(c, party);
    }
    c->outside_due_us = 0;
}

static void ringback(struct sapa_core *core, const struct core_contact *c, bool on)
{
    EMIT(core, cmd_hold_music, .contact = c->id, .side = SAPA_SIDE_CUSTOMER, .on = on,
         .prompt = sapa_work_rules(core, c->back_queue)->music);
}

/* The outside number was not reached: the customer is back where the agent who passed him on had him from. */
static void come_back(struct sapa_core *core, struct core_contact *c, enum sapa_side side, uint32_t cause)
{
    const uint32_t queue = c->back_queue, agent = c->back_agent;

    sapa_assert(!c->outside[0].talks);
    ringback(core, c, false);
    outside_remove(c, &c->outside[0]);
    c->outside_due_us = 0;
    sapa_line_arm(core, c);
    c->back_queue = c->back_agent = SAPA_NONE;
    if (queue != SAPA_NONE)
        sapa_work_requeue(core, c, queue, agent);
    else
        sapa_contact_hangup(core, c, SAPA_OUTCOME_ANSWERED, side, cause);
}

void sapa_party_overdue(struct sapa_core *core, struct core_contact *c)
{
    EMIT(core, cmd_dial_cancel, .contact = c->id, .attempt = c->outside[0].attempt);
    come_back(core, c, SAPA_SIDE_NETWORK, 408);
}

/* The flow has something to say when the conversation is over: the edge `after` of the queue in which it was answered. */
static bool has_after(const struct sapa_core *core, const struct core_contact *c)
{
    const struct sapa_centre *centre = core->centre;

    if (!c->has_flow || !c->leg || c->run.phase != SAPA_FLOW_TALKING || c->run.queue_node == SAPA_NONE || c->run.queue_flow >= centre->flows_count)
        return false;
    const struct sapa_flow *flow = &centre->flows[c->run.queue_flow];
    return c->run.queue_node < flow->nodes_count && flow->nodes[c->run.queue_node].edge[SAPA_EDGE_AFTER] != SAPA_NONE;
}

/* He has been left by whom he was passed on to outside: what follows a conversation follows this one, unless it broke. */
static void left_alone(struct sapa_core *core, struct core_contact *c, enum sapa_side side, uint32_t cause)
{
    if (side != SAPA_SIDE_NETWORK && side != SAPA_SIDE_SYSTEM && has_after(core, c)) {
        sapa_contact_place(core, c, SAPA_PLACE_FLOW);
        if (sapa_port_event(core, c, &(struct sapa_flow_event){ .kind = SAPA_FLOW_AGENT_PARTED }))
            return;
    }
    sapa_contact_hangup(core, c, SAPA_OUTCOME_TRANSFERRED, side, cause);
}

sapa_rc sapa_party_on_dial(struct sapa_core *core, struct core_contact *c, const struct sapa_rec_dial_progress *in)
{
    struct core_outside *party = outside_of(c, in->attempt);

    if (!party || (party->talks && in->state < 2))
        return SAPA_ESTATE;
    if (party->talks) {
        outside_left(core, c, party, in->side, (uint32_t)in->cause);
        if (sapa_work_talking(core, c))
            sapa_work_holds(core, c);
        else if (c->outside[0].attempt == 0)
            left_alone(core, c, in->side, (uint32_t)in->cause);
        return SAPA_OK;
    }
    if (in->state >= 2) {
        come_back(core, c, in->side, (uint32_t)in->cause);
    } else if (in->state == 1) {
        ringback(core, c, false);
        party->talks = true;
        party->since_us = core->now_us;
        c->outside_due_us = 0;
        sapa_line_arm(core, c);
        c->back_queue = c->back_agent = SAPA_NONE;
        sapa_contact_place(core, c, SAPA_PLACE_OUTSIDE);
        EMIT(core, party_joined, .contact = c->id, .agent = SAPA_NONE, .attempt = party->attempt, .queue = SAPA_NONE,
             .parties = sapa_party_count(core, c));
    }
    return SAPA_OK;
}

/* ---- passed on without asking ---- */

struct pass {
    enum sapa_target kind;
    uint32_t target;           /* SAPA_NONE: outside */
    struct sapa_text64 number; /* outside */
    uint32_t from;             /* whose identity is shown there */
    uint64_t other;            /* call with which he was about to ask, and which is over before; 0 none */
    struct sapa_text64 by;
};

static sapa_rc may_pass(const struct sapa_core *core, const struct core_work *w, const struct pass *to)
{
    const struct core_contact *c = &core->contacts[w->contact];

    if (!core_talks(w) || w->dialling || !c->leg || c->callback != NO_CALLBACK || !w->connected_us ||
        core_is_caller(c, w) || sapa_party_others(core, c, w))
        return SAPA_ESTATE;
    switch (to->kind) {
    case SAPA_TARGET_QUEUE: {
        if (to->target >= core->centre->queues_count)
            return SAPA_ENOENT;
        const struct sapa_queue *q = &core->centre->queues[to->target];
        return q->length_max && sapa_tree_count(core->line, &core->queues[to->target].line) >= q->length_max
                   ? SAPA_ELIMIT
                   : SAPA_OK;
    }
    case SAPA_TARGET_NUMBER:
        return to->target < core->centre->numbers_count && (c->has_flow || (c->call && core->centre->flows_count))
                   ? SAPA_OK
                   : SAPA_ENOENT;
    case SAPA_TARGET_AGENT: /* waited for as long as the agent's queue says; of a call without a queue rung at once */
        if (to->target >= core->centre->agents_count)
            return SAPA_ENOENT;
        if (to->target == w->agent || core->agents[to->target].presence == SAPA_PRESENCE_OFFLINE)
            return SAPA_ESTATE;
        return w->queue != SAPA_NONE || to->other || sapa_call_may_ring(core, to->target) ? SAPA_OK : SAPA_ESTATE;
    case SAPA_TARGET_OUTSIDE: return SAPA_OK;
    default: return SAPA_EINVAL;
    }
}

static void pass_outside(struct sapa_core *core, struct core_contact *c, const struct pass *to, uint32_t queue,
                         uint32_t agent)
{
    const struct core_outside *party = outside_add(core, c, false);

    sapa_assert(party == &c->outside[0]);
    c->back_queue = queue;
    c->back_agent = agent;
    c->outside_due_us = core->now_us + (RING_OUTSIDE_MS + CARRIER_GRACE_MS) * INT64_C(1000);
    sapa_line_arm(core, c);
    ringback(core, c, true);
    EMIT(core, cmd_dial, .contact = c->id, .attempt = party->attempt, .kind = 1, .number = to->number,
         .from = to->from, .ring_ms = RING_OUTSIDE_MS);
}

/* The agent is through with it and somebody else goes on: he is let go, the contact keeps its age. */
static void pass(struct sapa_core *core, struct core_work *w, const struct pass *to)
{
    struct core_contact *c = &core->contacts[w->contact];
    const uint32_t from = w->queue, agent = w->agent;
    const uint32_t add = (uint32_t)SAPA_MAX(0, c->priority - sapa_work_rules(core, from)->priority - c->extra);

    EMIT(core, contact_transferred, .contact = c->id, .offer = w->offer, .agent = agent, .queue = from, .kind = to->kind,
         .target = to->target, .other = to->other, .by = to->by);
    sapa_call_drop_line(core, w);
    sapa_work_part(core, w, SAPA_SIDE_AGENT, 0);
    sapa_recording_rest(core, c);
    sapa_contact_place(core, c, SAPA_PLACE_FLOW);
    if (to->kind == SAPA_TARGET_OUTSIDE) {
        pass_outside(core, c, to, from, agent);
        return;
    }
    if (to->kind == SAPA_TARGET_NUMBER) {
        sapa_call_flow(core, c, core->centre->numbers[to->target].flow);
        return;
    }
    if (to->kind == SAPA_TARGET_AGENT && from == SAPA_NONE) {
        sapa_call_ring_colleague(core, c, to->target);
        return;
    }
    if (c->has_flow)
        sapa_port_event(core, c, &(struct sapa_flow_event){ .kind = SAPA_FLOW_REQUEUED });
    c->keep_age = true;
    sapa_contact_avoid(core, c, agent);
    sapa_line_enter(core, c, to->kind == SAPA_TARGET_QUEUE ? to->target : from, add,
                    to->kind == SAPA_TARGET_AGENT ? to->target : SAPA_NONE);
}

static void reply(struct sapa_core *core, uint32_t agent, uint64_t request, sapa_rc rc, enum sapa_call_denial why)
{
    if (request)
        EMIT(core, cmd_agent_reply, .agent = agent, .request = request, .rc = (uint64_t)-rc, .verb = 255, .code = why,
             .presence = core->agents[agent].presence);
}

sapa_rc sapa_party_on_passed(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_contact_passed *in = &record->u.contact_passed;
    struct core_work *w = sapa_work_find(core, in->offer);
    struct pass to = { .kind = in->kind < SAPA_TARGET_COUNT ? in->kind : SAPA_TARGET_COUNT,
                       .target = in->target < SAPA_NONE ? (uint32_t)in->target : SAPA_NONE,
                       .number = in->address,
                       .from = SAPA_NONE,
                       .by = in->by };
    enum sapa_call_denial why = SAPA_DENIAL_NONE;
    sapa_rc rc = SAPA_ENOENT;

    if (w && w->contact_id == in->contact)
        rc = w->contact == SAPA_NONE ? SAPA_ESTATE : may_pass(core, w, &to);
    if (rc == SAPA_OK && to.kind == SAPA_TARGET_OUTSIDE) {
        const struct core_contact *c = &core->contacts[w->contact];
        const struct sapa_call_wish wish = { .agent = w->agent,
                                             .kind = SAPA_TARGET_OUTSIDE,
                                             .target = SAPA_NONE,
                                             .number = sapa_sized_str(&in->address),
                                             .client = c->client,
                                             .beside = c->client,
                                             .listed = in->listed,
                                             .number_type = (uint8_t)SAPA_MIN(in->number_type, (uint64_t)UINT8_MAX) };
        uint32_t client;
        to.target = SAPA_NONE;
        why = sapa_right_to_call(core->centre, &wish, core->now_us, &client, &to.from);
        if (why != SAPA_DENIAL_NONE)
            EMIT(core, call_denied, .agent = w->agent, .why = why, .kind = to.kind, .client = c->client,
                 .person = in->person, .contact = c->id);
        if (to.from >= core->centre->numbers_count)
            to.from = c->number;
    }
    if (w)
        reply(core, w->agent, in->request, why == SAPA_DENIAL_NONE ? rc : SAPA_EDENIED, why);
    if (rc == SAPA_OK && why == SAPA_DENIAL_NONE)
        pass(core, w, &to);
    return rc;
}

/* ---- two contacts become one ---- */

struct merge {
    struct core_work *stay;    /* his part in the contact that goes on */
    struct core_work *own;     /* his part in the call that ends in it */
    struct core_work *other;   /* whose part moves over; NULL: the call's customer does, or it is no talk yet */
    struct core_contact *call;
    bool blind;                /* nobody has answered that call yet */
    struct pass to;            /* then */
};

static struct core_work *part_of(struct sapa_core *core, const struct core_contact *c, uint32_t agent)
{
    for (uint32_t i = c->work; i != SAPA_NONE; i = core->works[i].next_of_contact)
        if (core->works[i].agent == agent)
            return &core->works[i];
    return NULL;
}

/* The call that he placed beside it is what ends, in whatever order his phone names the two. */
static void sort_out(struct sapa_core *core, struct merge *m)
{
    const struct core_contact *x = &core->contacts[m->stay->contact], *y = &core->contacts[m->own->contact];
    const bool other_way = m->own->kind != KIND_OWN || (core_is_caller(x, m->stay) && !core_is_caller(y, m->own));

    if (m->stay->kind == KIND_OWN && other_way) {
        struct core_work *stay = m->stay;
        m->stay = m->own;
        m->own = stay;
    }
    m->call = &core->contacts[m->own->contact];
}

/* Into what does a call that nobody has answered turn, when he hands the customer over to it? */
static sapa_rc blind_target(const struct sapa_core *core, struct merge *m)
{
    const struct core_contact *y = m->call;

    m->to = (struct pass){ .kind = SAPA_TARGET_QUEUE, .target = y->queue, .from = SAPA_NONE, .other = y->id };
    if (!y->queued && (y->call == SAPA_TARGET_QUEUE + 1 || !y->leg))
        return SAPA_ESTATE; /* on its way out, or his own phone rings */
    if (!y->queued) {
        m->to.kind = (enum sapa_target)(y->call - 1);
        m->to.target = y->call_target;
    }
    return may_pass(core, m->stay, &m->to);
}

static sapa_rc may_merge(struct sapa_core *core, struct core_work *w, uint64_t other, bool conference, struct merge *m)
{
    struct core_contact *second = sapa_contact_find(core, other);

    if (w->contact == SAPA_NONE)
        return SAPA_ESTATE;
    struct core_work *own = second ? part_of(core, second, w->agent) : NULL;
    if (!own || own == w)
        return SAPA_ENOENT;
    *m = (struct merge){ .stay = w, .own = own };
    sort_out(core, m);
    const struct core_contact *x = &core->contacts[m->stay->contact];
    struct core_contact *y = m->call;
    if (m->own->kind != KIND_OWN || !core_talks(m->own) || !core_talks(m->stay) || !m->stay->connected_us ||
        core_is_caller(x, m->stay) || !x->leg)
        return SAPA_ESTATE;
    const bool outside = y->call == SAPA_TARGET_OUTSIDE + 1;
    if (outside && (y->calling || !y->leg || sapa_party_others(core, y, m->own)))
        return SAPA_ESTATE;
    if (!outside) {
        m->other = sapa_work_talking(core, y);
        m->blind = !m->other;
    }
    if (m->blind)
        return conference ? SAPA_ESTATE : blind_target(core, m);
    if (m->other && (!m->other->connected_us || sapa_party_others(core, y, m->other)))
        return SAPA_ESTATE;
    return sapa_party_count(core, x) >= SAPA_PARTIES_MAX || (outside && x->outside[SAPA_OUTSIDE_MAX - 1].attempt)
               ? SAPA_ELIMIT
               : SAPA_OK;
}

/* Whoever talks with him in the call comes over. */
static void bring_over(struct sapa_core *core, struct merge *m)
{
    struct core_contact *x = &core->contacts[m->stay->contact], *y = m->call;
    const struct core_outside *party = NULL;

    if (m->other) {
        sapa_work_rejoin(core, m->other, x, m->stay->queue);
        EMIT(core, cmd_join, .contact = x->id, .other = y->id, .offer = m->other->offer);
    } else {
        party = outside_add(core, x, true);
        sapa_assert(party != NULL);
        y->leg = y->playing = false; /* his leg is the other contact's from here on */
        EMIT(core, cmd_join, .contact = x->id, .other = y->id, .attempt = party->attempt);
    }
    EMIT(core, party_joined, .contact = x->id, .offer = m->other ? m->other->offer : 0,
         .agent = m->other ? m->other->agent : SAPA_NONE, .attempt = party ? party->attempt : 0,
         .queue = m->other ? m->other->queue : SAPA_NONE, .parties = sapa_party_count(core, x));
}

static void merge(struct sapa_core *core, struct merge *m, bool conference, const struct sapa_text64 *by)
{
    struct core_contact *x = &core->contacts[m->stay->contact], *y = m->call;
    const uint64_t call = y->id;
    const enum sapa_target kind = (enum sapa_target)(y->call - 1);
    const uint32_t target = y->call_target;

    if (!m->blind)
        bring_over(core, m);
    EMIT(core, contact_merged, .contact = x->id, .other = call, .agent = m->stay->agent, .conference = conference);
    sapa_contact_cancel_dial(core, y);
    y->beside = 0; /* what becomes of the line that they shared is said below */
    sapa_contact_hangup(core, y, SAPA_OUTCOME_MERGED, SAPA_SIDE_AGENT, 0);
    sapa_work_hold(core, m->stay, false);
    sapa_work_holds(core, x);
    if (m->blind) {
        m->to.by = *by;
        pass(core, m->stay, &m->to);
        return;
    }
    if (conference)
        return;
    EMIT(core, contact_transferred, .contact = x->id, .offer = m->stay->offer, .agent = m->stay->agent,
         .queue = m->stay->queue, .kind = kind, .target = target, .asked = 1, .other = call, .by = *by);
    sapa_call_drop_line(core, m->stay);
    sapa_work_gone(core, m->stay, SAPA_SIDE_AGENT, 0);
}

/* ---- what he does with a contact in hand ---- */

/* The part or party of this contact that shall leave. Neither: ENOENT. */
static sapa_rc may_drop(struct sapa_core *core, const struct core_contact *c, uint64_t other,
                        struct core_work **ret_work)
{
    struct core_work *w = sapa_work_find(core, other);

    *ret_work = NULL;
    if (w && w->contact_id == c->id && core_talks(w) && w->connected_us && !core_is_caller(c, w)) {
        *ret_work = w;
        return SAPA_OK;
    }
    const struct core_outside *party = outside_of((struct core_contact *)(uintptr_t)c, other);
    return party && party->talks ? SAPA_OK : SAPA_ENOENT;
}

static void hang_up(struct sapa_core *core, struct core_work *w)
{
    struct core_contact *c = &core->contacts[w->contact];

    if (w->state == SAPA_ASSIGNMENT_OFFERED) /* his own phone rings for a call that he does not want any more */
        sapa_offer_end(core, w, SAPA_OFFER_WITHDRAWN, 0, true);
    else if (w->dialling || core_is_caller(c, w))
        sapa_work_gone(core, w, SAPA_SIDE_AGENT, 0);
    else
        sapa_contact_hangup(core, c,
                            c->callback == SAPA_CALLBACK_REACHED ? SAPA_OUTCOME_CALLBACK_KEPT : SAPA_OUTCOME_ANSWERED,
                            SAPA_SIDE_AGENT, 0);
}

static void leave(struct sapa_core *core, struct core_work *w)
{
    const struct core_contact *c = &core->contacts[w->contact];

    if (core_is_caller(c, w) || !sapa_party_others(core, c, w)) {
        hang_up(core, w);
        return;
    }
    sapa_call_drop_line(core, w);
    sapa_work_gone(core, w, SAPA_SIDE_AGENT, 0);
}

/* A callback that is being dialled has no customer yet: hanging up ends the attempt, as his phone would. */
static void give_up(struct sapa_core *core, struct core_work *w)
{
    EMIT(core, cmd_drop_agent, .contact = w->contact_id, .offer = w->offer);
    sapa_work_gone(core, w, SAPA_SIDE_AGENT, 0);
}

static sapa_rc may_command(struct sapa_core *core, struct core_work *w, const struct sapa_rec_call_command *in,
                           struct merge *ret_merge, struct core_work **ret_drop)
{
    if (!w || w->agent != in->agent)
        return SAPA_ENOENT;
    if (w->state == SAPA_ASSIGNMENT_WRAPUP)
        return SAPA_ESTATE;
    const struct core_contact *c = &core->contacts[w->contact];
    const bool talks = core_talks(w) && !w->dialling && w->connected_us;
    switch ((enum sapa_call_verb)in->verb) {
    case SAPA_CALL_VERB_ACCEPT:
    case SAPA_CALL_VERB_REFUSE: return w->state == SAPA_ASSIGNMENT_OFFERED ? SAPA_OK : SAPA_ESTATE;
    case SAPA_CALL_VERB_HOLD: return talks && !w->held_by_core ? SAPA_OK : SAPA_ESTATE;
    case SAPA_CALL_VERB_RESUME: /* not while he uses this line to ask somebody */
        return talks && w->held_by_core && !sapa_call_beside(core, w) ? SAPA_OK : SAPA_ESTATE;
    case SAPA_CALL_VERB_HANGUP:
    case SAPA_CALL_VERB_LEAVE: return core_talks(w) || w->kind == KIND_OWN ? SAPA_OK : SAPA_ESTATE;
    case SAPA_CALL_VERB_MERGE:
    case SAPA_CALL_VERB_CONFERENCE:
        return may_merge(core, w, in->other, in->verb == SAPA_CALL_VERB_CONFERENCE, ret_merge);
    case SAPA_CALL_VERB_DROP: return talks ? may_drop(core, c, in->other, ret_drop) : SAPA_ESTATE;
    default: return SAPA_EINVAL;
    }
}

sapa_rc sapa_party_on_command(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_call_command *in = &record->u.call_command;
    struct core_work *w = sapa_work_find(core, in->offer), *drop = NULL;
    struct merge plan;

    if (in->agent >= core->centre->agents_count || in->verb >= SAPA_CALL_VERB_COUNT)
        return SAPA_EINVAL;
    if (in->verb == SAPA_CALL_VERB_DISPOSE) {
        const sapa_rc chosen = sapa_work_dispose(core, w && w->agent == in->agent ? w : NULL, in->other);
        reply(core, (uint32_t)in->agent, in->request, chosen, SAPA_DENIAL_NONE);
        return chosen;
    }
    const sapa_rc rc = may_command(core, w, in, &plan, &drop);
    reply(core, (uint32_t)in->agent, in->request, rc, SAPA_DENIAL_NONE);
    if (rc != SAPA_OK)
        return rc;
    struct core_contact *c = &core->contacts[w->contact];
    switch ((enum sapa_call_verb)in->verb) {
    case SAPA_CALL_VERB_ACCEPT: EMIT(core, cmd_offer_accept, .offer = w->offer); break;
    case SAPA_CALL_VERB_REFUSE:
        EMIT(core, cmd_offer_cancel, .offer = w->offer);
        sapa_offer_end(core, w, SAPA_OFFER_REFUSED, 603, true);
        break;
    case SAPA_CALL_VERB_HOLD: sapa_work_hold(core, w, true); break;
    case SAPA_CALL_VERB_RESUME: sapa_work_hold(core, w, false); break;
    case SAPA_CALL_VERB_HANGUP:
    case SAPA_CALL_VERB_LEAVE:
        if (w->dialling && w->kind == KIND_CALLBACK)
            give_up(core, w);
        else if (in->verb == SAPA_CALL_VERB_HANGUP)
            hang_up(core, w);
        else
            leave(core, w);
        break;
    case SAPA_CALL_VERB_MERGE: merge(core, &plan, false, &in->by); break;
    case SAPA_CALL_VERB_CONFERENCE: merge(core, &plan, true, &in->by); break;
    case SAPA_CALL_VERB_DROP:
        if (drop) {
            leave(core, drop);
        } else {
            EMIT(core, cmd_dial_cancel, .contact = c->id, .attempt = in->other);
            outside_left(core, c, outside_of(c, in->other), SAPA_SIDE_AGENT, 0);
            sapa_work_holds(core, c);
        }
        break;
    case SAPA_CALL_VERB_DISPOSE:
    case SAPA_CALL_VERB_COUNT: break;
    }
    return SAPA_OK;
}
