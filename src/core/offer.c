/*
 * An agent's part in a contact: offered, talking, on hold, wrap-up.
 *
 * One function moves it (sapa_work_move), and every move leaves one assignment_moved. An offer that
 * comes to nothing sends the contact back to its own place in the line; who refused or missed it is
 * not asked again while another is free, nor within SAPA_CORE_REOFFER_MS at all.
 *
 * Several may talk in one contact; what that changes is in party.c. A part of a call that an agent placed
 * himself (kind OWN, COLLEAGUE) belongs to no queue or to one whose rules it borrows: call.c.
 */
#include "core/core_impl.h"
#include "model/rights.h"

#include <string.h>

enum {
    START_GRACE_US = 2 * 1000 * 1000,
    WHISPER_US = 20 * 1000 * 1000, /* longer than a channel takes to say a queue's name */
};

struct core_work *sapa_work_find(struct sapa_core *core, uint64_t offer)
{
    const uint32_t i = sapa_idmap_get(&core->work_map, offer);

    if (i == SAPA_NONE)
        return NULL;
    sapa_assert(core->works[i].offer == offer);
    return &core->works[i];
}

const struct sapa_queue *sapa_work_rules(const struct sapa_core *core, uint32_t queue)
{
    static const struct sapa_queue none = { .music = SAPA_NONE, .record = SAPA_RECORD_NONE };

    sapa_assert(queue == SAPA_NONE || queue < core->centre->queues_count);
    return queue == SAPA_NONE ? &none : &core->centre->queues[queue];
}

/* Conversations that a queue counts as its own. */
static void count_talking(struct sapa_core *core, uint32_t queue, int more)
{
    if (queue == SAPA_NONE)
        return;
    sapa_assert(more > 0 || core->queues[queue].talking > 0);
    core->queues[queue].talking = (uint32_t)((int)core->queues[queue].talking + more);
}

struct core_work *sapa_work_alloc(struct sapa_core *core, uint64_t offer)
{
    uint32_t i = core->work_free;

    if (i != SAPA_NONE) {
        core->work_free = core->works[i].next_of_agent;
    } else {
        if (core->work_top >= core->works_max)
            return NULL;
        i = core->work_top++;
    }
    struct core_work *w = &core->works[i];
    memset(w, 0, sizeof(*w));
    w->offer = offer;
    w->contact = w->agent = w->queue = w->next_of_agent = w->next_of_contact = w->disposition =
        SAPA_NONE;
    core->timers.at[core_slot(core, TIMER_WORK, i)] = SAPA_NONE;
    sapa_idmap_put(&core->work_map, offer, i);
    core->work_count++;
    return w;
}

static uint32_t index_of(const struct sapa_core *core, const struct core_work *w)
{
    return (uint32_t)(w - core->works);
}

static void join_contact(struct sapa_core *core, struct core_work *w)
{
    uint32_t *at = &core->contacts[w->contact].work;

    while (*at != SAPA_NONE && core->works[*at].offer < w->offer)
        at = &core->works[*at].next_of_contact;
    w->next_of_contact = *at;
    *at = index_of(core, w);
    sapa_assert(core->contacts[w->contact].id == w->contact_id);
}

/* Into the lists of its agent and its contact, oldest first. */
void sapa_work_link(struct sapa_core *core, struct core_work *w)
{
    uint32_t *at = &core->agents[w->agent].work;

    while (*at != SAPA_NONE && core->works[*at].offer < w->offer)
        at = &core->works[*at].next_of_agent;
    w->next_of_agent = *at;
    *at = index_of(core, w);
    if (w->contact != SAPA_NONE)
        join_contact(core, w);
}

static void leave_contact(struct sapa_core *core, struct core_work *w)
{
    if (w->contact == SAPA_NONE)
        return;
    uint32_t *at = &core->contacts[w->contact].work;
    while (*at != index_of(core, w)) {
        sapa_assert(*at != SAPA_NONE);
        at = &core->works[*at].next_of_contact;
    }
    *at = w->next_of_contact;
    w->contact = w->next_of_contact = SAPA_NONE;
}

static void leave_agent(struct sapa_core *core, struct core_work *w)
{
    uint32_t *at = &core->agents[w->agent].work;

    while (*at != index_of(core, w)) {
        sapa_assert(*at != SAPA_NONE);
        at = &core->works[*at].next_of_agent;
    }
    *at = w->next_of_agent;
}

/* Which moves there are. A cell that is absent is a mistake of ours: inputs were judged before. */
static const bool moves[SAPA_ASSIGNMENT_COUNT][SAPA_ASSIGNMENT_COUNT] = {
    [SAPA_ASSIGNMENT_NONE] = { [SAPA_ASSIGNMENT_OFFERED] = true },
    [SAPA_ASSIGNMENT_OFFERED] = { [SAPA_ASSIGNMENT_NONE] = true, [SAPA_ASSIGNMENT_TALKING] = true },
    [SAPA_ASSIGNMENT_TALKING] = { [SAPA_ASSIGNMENT_HELD] = true,
                                  [SAPA_ASSIGNMENT_WRAPUP] = true,
                                  [SAPA_ASSIGNMENT_NONE] = true },
    [SAPA_ASSIGNMENT_HELD] = { [SAPA_ASSIGNMENT_TALKING] = true,
                               [SAPA_ASSIGNMENT_WRAPUP] = true,
                               [SAPA_ASSIGNMENT_NONE] = true },
    [SAPA_ASSIGNMENT_WRAPUP] = { [SAPA_ASSIGNMENT_NONE] = true },
};

void sapa_work_move(struct sapa_core *core, struct core_work *w, enum sapa_assignment to)
{
    struct core_agent *agent = &core->agents[w->agent];
    const enum sapa_assignment from = w->state;
    const int64_t was_us = from == SAPA_ASSIGNMENT_NONE ? 0 : core->now_us - w->since_us;
    const uint32_t slot = core_slot(core, TIMER_WORK, index_of(core, w));

    sapa_assert(moves[from][to]);
    sapa_assert(was_us >= 0);
    if (from == SAPA_ASSIGNMENT_TALKING)
        w->talk_us += was_us;
    else if (from == SAPA_ASSIGNMENT_HELD)
        w->hold_us += was_us;
    else if (from == SAPA_ASSIGNMENT_NONE) {
        agent->used[w->channel]++;
        if (agent->used_total++ == 0)
            agent->busy_since_us = core->now_us;
    }
    if (w->kind >= KIND_OWN) {
        const bool was = from != SAPA_ASSIGNMENT_NONE && from != SAPA_ASSIGNMENT_WRAPUP;
        const bool is = to != SAPA_ASSIGNMENT_NONE && to != SAPA_ASSIGNMENT_WRAPUP;
        agent->calls = (uint8_t)(agent->calls + is - was);
    }
    w->state = (uint8_t)to;
    core->quota_dirty |= to == SAPA_ASSIGNMENT_NONE && core->booking_count > 0;
    w->since_us = core->now_us;
    w->due_us = 0;
    sapa_core_timer_clear(&core->timers, slot);
    EMIT(core, assignment_moved, .agent = w->agent, .contact = w->contact_id, .offer = w->offer,
         .from = from, .to = to, .was_ms = core_ms(was_us));
    if (to != SAPA_ASSIGNMENT_NONE)
        return;
    sapa_assert(agent->used[w->channel] > 0);
    agent->used[w->channel]--;
    if (--agent->used_total == 0) {
        agent->busy_us += core->now_us - agent->busy_since_us;
        agent->busy_since_us = 0;
    }
    if (w->connected_us && w->kind < KIND_OWN && w->queue < core->centre->queues_count)
        sapa_ewt_handled(&core->queues[w->queue].rates, core->now_us - w->made_us);
    leave_contact(core, w);
    leave_agent(core, w);
    sapa_idmap_remove(&core->work_map, w->offer);
    w->offer = 0;
    w->next_of_agent = core->work_free;
    core->work_free = index_of(core, w);
    core->work_count--;
}

struct core_work *sapa_work_talking(struct sapa_core *core, const struct core_contact *c)
{
    for (uint32_t i = c->work; i != SAPA_NONE; i = core->works[i].next_of_contact)
        if (core_talks(&core->works[i]) && !core_is_caller(c, &core->works[i]))
            return &core->works[i];
    return NULL;
}

bool sapa_offer_rings(const struct sapa_core *core, const struct core_contact *c)
{
    for (uint32_t i = c->work; i != SAPA_NONE; i = core->works[i].next_of_contact)
        if (core->works[i].state == SAPA_ASSIGNMENT_OFFERED && core->works[i].kind < KIND_OWN)
            return true;
    return false;
}

/* ---- offers ---- */

void sapa_offer_make(struct sapa_core *core, struct core_contact *c, uint32_t agent,
                     const struct core_pick *pick)
{
    const struct sapa_queue *q = core_queue_of(core, c->queue);
    const bool callback = c->callback != NO_CALLBACK;
    struct core_work *w = sapa_work_alloc(core, sapa_core_id(core));
    const uint32_t ring_ms = q->ring_ms ? q->ring_ms : 20000;

    sapa_assert(w != NULL); /* the matching looked for room */
    sapa_assert(c->queued && !c->in_line);
    w->contact = core_index(core, c);
    w->contact_id = c->id;
    w->agent = agent;
    w->queue = c->queue;
    w->channel = c->channel;
    w->kind = callback;
    w->made_us = core->now_us;
    sapa_work_link(core, w);
    EMIT(core, offer_made, .offer = w->offer, .contact = c->id, .agent = agent, .queue = c->queue,
         .wait_ms = core_ms(core->now_us - c->entered_us), .step = c->step, .kind = callback);
    struct sapa_record *record = sapa_core_record(core, SAPA_T_why);
    sapa_why_fill(core, c, w->offer, pick, sapa_line_ahead(core, c), 6, core->now_us,
                  &record->u.why);
    sapa_core_emit(core);
    c->wait_why = SAPA_WHY_COUNT;
    sapa_work_move(core, w, SAPA_ASSIGNMENT_OFFERED);
    if (callback && c->callback != SAPA_CALLBACK_AGENT) {
        c->callback = SAPA_CALLBACK_AGENT;
        EMIT(core, callback_changed, .contact = c->id, .state = c->callback,
             .attempt = c->attempts + 1u);
        if (!c->attempt_running) {
            sapa_idmap_put(&core->party_map, c->party, core_index(core, c));
            c->attempt_running = true;
        }
    }
    w->due_us = core->now_us + ring_ms * INT64_C(1000);
    sapa_core_timer_set(&core->timers, core_slot(core, TIMER_WORK, index_of(core, w)), w->due_us,
                        w->offer);
    EMIT(core, cmd_offer, .offer = w->offer, .contact = c->id, .agent = agent, .queue = c->queue,
         .kind = callback, .ring_ms = ring_ms);
    sapa_route_refresh(core, agent, false);
}

static bool is_against(enum sapa_offer_result result)
{
    return result == SAPA_OFFER_REFUSED || result == SAPA_OFFER_NO_ANSWER ||
           result == SAPA_OFFER_BUSY || result == SAPA_OFFER_UNREACHABLE ||
           result == SAPA_OFFER_FAULT;
}

/* He is not asked again before others, nor at once. */
void sapa_contact_avoid(struct sapa_core *core, struct core_contact *c, uint32_t agent)
{
    if (c->avoid_until_us <= core->now_us)
        c->avoid_count = 0;
    for (unsigned i = 0; i < c->avoid_count; i++)
        if (c->avoid[i] == agent) {
            memmove(&c->avoid[i], &c->avoid[i + 1],
                    (c->avoid_count - i - 1u) * sizeof(c->avoid[0]));
            c->avoid_count--;
        }
    if (c->avoid_count == AVOID_MAX) {
        memmove(&c->avoid[0], &c->avoid[1], sizeof(c->avoid) - sizeof(c->avoid[0]));
        c->avoid_count--;
    }
    c->avoid[c->avoid_count++] = agent;
    c->avoid_until_us = core->now_us + SAPA_CORE_REOFFER_MS * INT64_C(1000);
    if (c->preferred == agent)
        c->preferred = SAPA_NONE;
}

static void back_in_line(struct sapa_core *core, struct core_contact *c)
{
    sapa_assert(core->queues[c->queue].ringing > 0);
    core->queues[c->queue].ringing--;
    if (c->callback != NO_CALLBACK) {
        sapa_callback_unlock(core, c);
        c->callback = SAPA_CALLBACK_WAITING;
        EMIT(core, callback_changed, .contact = c->id, .state = c->callback,
             .attempt = c->attempts);
    }
    sapa_line_return(core, c);
}

void sapa_offer_end(struct sapa_core *core, struct core_work *w, enum sapa_offer_result result,
                    uint32_t cause, bool contact_stays)
{
    struct core_contact *c = &core->contacts[w->contact];
    const uint32_t agent = w->agent;
    const bool by_us = result == SAPA_OFFER_NO_ANSWER || result == SAPA_OFFER_CANCELLED ||
                       result == SAPA_OFFER_LOST_RACE || result == SAPA_OFFER_WITHDRAWN;
    /* a fault without a cause is the centre's own: the agent's phone has done nothing */
    const bool against = is_against(result) && !(result == SAPA_OFFER_FAULT && cause == 0);

    sapa_assert(w->state == SAPA_ASSIGNMENT_OFFERED);
    sapa_assert(c->id == w->contact_id);
    EMIT(core, offer_ended, .offer = w->offer, .contact = c->id, .agent = agent, .queue = w->queue,
         .result = result, .ring_ms = core_ms(core->now_us - w->made_us), .cause = cause);
    if (by_us || result == SAPA_OFFER_UNREACHABLE)
        EMIT(core, cmd_offer_cancel, .offer = w->offer,
             .elsewhere = result == SAPA_OFFER_LOST_RACE);
    const uint32_t queue = w->queue;
    const bool call = w->kind >= KIND_OWN;
    sapa_work_move(core, w, SAPA_ASSIGNMENT_NONE);
    if (call) {
        sapa_route_refresh(core, agent, against);
        if (contact_stays)
            sapa_call_unreached(core, c,
                                result == SAPA_OFFER_FAULT || result == SAPA_OFFER_UNREACHABLE ? SAPA_SIDE_SYSTEM
                                                                                              : SAPA_SIDE_AGENT,
                                cause);
        return;
    }
    if (against)
        sapa_contact_avoid(core, c, agent);
    if (!sapa_offer_rings(core, c)) {
        if (contact_stays)
            back_in_line(core, c);
        else
            core->queues[queue].ringing--;
    }
    sapa_route_refresh(core, agent, against);
}

/*
 * The program starts again. Whose time was over while nobody looked may have been answered for all we know: that is
 * no "no answer" of the agent's. Who is due about now gets a moment in which an answer that waits can be read.
 */
void sapa_offer_on_start(struct sapa_core *core)
{
    for (uint32_t i = 0; i < core->work_top; i++) {
        struct core_work *w = &core->works[i];
        if (!w->offer || w->state != SAPA_ASSIGNMENT_OFFERED)
            continue;
        if (w->due_us + START_GRACE_US < core->now_us) {
            sapa_offer_end(core, w, SAPA_OFFER_FAULT, 0, true);
        } else if (w->due_us < core->now_us + START_GRACE_US) {
            w->due_us = core->now_us + START_GRACE_US;
            sapa_core_timer_set(&core->timers, core_slot(core, TIMER_WORK, i), w->due_us, w->offer);
        }
    }
}

void sapa_offer_end_all(struct sapa_core *core, struct core_contact *c, const struct core_work *but,
                        enum sapa_offer_result result)
{
    for (uint32_t i = c->work, next; i != SAPA_NONE; i = next) {
        struct core_work *w = &core->works[i];
        next = w->next_of_contact;
        if (w != but && w->state == SAPA_ASSIGNMENT_OFFERED)
            sapa_offer_end(core, w, result, 0, false);
    }
}

sapa_rc sapa_offer_on_ringing(struct sapa_core *core, const struct sapa_record *record)
{
    struct core_work *w = sapa_work_find(core, record->u.offer_ringing.offer);
    const struct core_watch *watch = w ? NULL : sapa_watch_find(core, record->u.offer_ringing.offer);

    if (record->u.offer_ringing.answered > 1)
        return SAPA_EINVAL;
    if (!w)
        return !watch ? SAPA_ENOENT : watch->up ? SAPA_ESTATE : SAPA_OK;
    if (w->state != SAPA_ASSIGNMENT_OFFERED)
        return SAPA_ESTATE;
    if (record->u.offer_ringing.answered && w->due_us < core->now_us + WHISPER_US) { /* who answers last is no miss */
        w->due_us = core->now_us + WHISPER_US;
        sapa_core_timer_set(&core->timers, core_slot(core, TIMER_WORK, index_of(core, w)), w->due_us, w->offer);
    }
    return SAPA_OK;
}

sapa_rc sapa_offer_on_accepted(struct sapa_core *core, const struct sapa_record *record)
{
    struct core_work *w = sapa_work_find(core, record->u.offer_accepted.offer);
    struct core_watch *watch = w ? NULL : sapa_watch_find(core, record->u.offer_accepted.offer);

    if (!w)
        return watch ? sapa_watch_accepted(core, watch) : SAPA_ENOENT;
    if (w->state != SAPA_ASSIGNMENT_OFFERED)
        return SAPA_ESTATE;
    struct core_contact *c = &core->contacts[w->contact];
    EMIT(core, offer_ended, .offer = w->offer, .contact = c->id, .agent = w->agent,
         .queue = w->queue, .result = SAPA_OFFER_ACCEPTED,
         .ring_ms = core_ms(core->now_us - w->made_us));
    const uint32_t agent = w->agent;
    if (w->kind < KIND_OWN) {
        sapa_offer_end_all(core, c, w, SAPA_OFFER_LOST_RACE);
        core->queues[w->queue].ringing--;
    }
    count_talking(core, w->queue, 1);
    sapa_work_move(core, w, SAPA_ASSIGNMENT_TALKING);
    switch ((enum core_kind)w->kind) {
    case KIND_CONTACT: sapa_work_connect(core, w); break;
    case KIND_CALLBACK: sapa_callback_dial(core, w); break;
    case KIND_OWN: sapa_call_go(core, w); break;
    case KIND_COLLEAGUE: sapa_call_connect(core, w); break;
    case KIND_TAKEN: sapa_assert(false); break; /* it never rings as work */
    }
    sapa_route_refresh(core, agent, true);
    return SAPA_OK;
}

/* By his role, where that speaks of rights at all: one with calls alone is for people with nothing but a phone. */
static bool may_refuse(const struct sapa_centre *centre, uint32_t agent)
{
    const uint32_t role = centre->agents[agent].role;
    const uint32_t rights = role < centre->roles_count ? centre->roles[role].rights : 0;

    return rights == 0 || (rights & SAPA_RIGHT_BIT(REFUSE));
}

/* What happens to an agent whose phone did not take an offer. Refused without the right to is as good as missed. */
static void after_miss(struct sapa_core *core, uint32_t agent, uint32_t queue,
                       enum sapa_offer_result result)
{
    const bool missed = result == SAPA_OFFER_NO_ANSWER ||
                        ((result == SAPA_OFFER_REFUSED || result == SAPA_OFFER_BUSY) && !may_refuse(core->centre, agent));

    if (missed && sapa_work_rules(core, queue)->no_answer_not_ready &&
        core->agents[agent].presence == SAPA_PRESENCE_READY)
        sapa_agent_move(core, agent, SAPA_PRESENCE_NOT_READY, SAPA_NONE, 2);
}

sapa_rc sapa_offer_on_failed(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_offer_failed *in = &record->u.offer_failed;
    struct core_work *w = sapa_work_find(core, in->offer);

    if (in->result != SAPA_OFFER_REFUSED && in->result != SAPA_OFFER_BUSY &&
        in->result != SAPA_OFFER_UNREACHABLE && in->result != SAPA_OFFER_FAULT)
        return SAPA_EINVAL;
    if (!w) {
        struct core_watch *watch = sapa_watch_find(core, in->offer);
        if (!watch || watch->up)
            return watch ? SAPA_ESTATE : SAPA_ENOENT;
        sapa_watch_end(core, watch, in->result, SAPA_SIDE_AGENT, (uint32_t)in->cause, false);
        return SAPA_OK;
    }
    if (w->state != SAPA_ASSIGNMENT_OFFERED)
        return SAPA_ESTATE;
    const uint32_t agent = w->agent, queue = w->queue;
    const bool of_queue = w->kind < KIND_OWN;
    sapa_offer_end(core, w, in->result, (uint32_t)in->cause, true);
    if (of_queue)
        after_miss(core, agent, queue, in->result);
    return SAPA_OK;
}

/* ---- talking ---- */

void sapa_work_connect(struct sapa_core *core, struct core_work *w)
{
    struct core_contact *c = &core->contacts[w->contact];
    struct core_agent *agent = &core->agents[w->agent];
    const int64_t waited_us = c->queued ? core->now_us - c->entered_us : 0;

    sapa_assert(w->state == SAPA_ASSIGNMENT_TALKING);
    sapa_assert(c->queued == (w->kind < KIND_OWN));
    if (c->queued) {
        sapa_ewt_served(&core->queues[c->queue].rates);
        sapa_line_leave(core, c, SAPA_DEQUEUE_CONNECTED);
    }
    sapa_contact_place(core, c, SAPA_PLACE_TALK);
    c->calling = false;
    w->connected_us = core->now_us;
    w->since_us = core->now_us;
    w->talk_us = 0;
    w->dialling = false;
    c->answered = true;
    c->judged_agent = w->agent;
    c->judged_queue = w->queue;
    agent->contacts += w->queue != SAPA_NONE;
    sapa_contact_answer(core, c);
    if (c->has_flow)
        sapa_port_event(core, c, &(struct sapa_flow_event){ .kind = SAPA_FLOW_CONNECTED });
    sapa_contact_silence(core, c);
    const bool begins = sapa_recording_connect(core, c, sapa_work_rules(core, w->queue));
    EMIT(core, contact_connected, .contact = c->id, .offer = w->offer, .agent = w->agent,
         .queue = w->queue, .wait_ms = core_ms(waited_us), .recording = c->recording,
         .policy = c->policy);
    EMIT(core, cmd_connect, .contact = c->id, .offer = w->offer);
    if (begins)
        EMIT(core, cmd_record, .contact = c->id, .recording = c->recording);
    else
        sapa_recording_again(core, c);
    for (uint32_t i = c->work; c->call && i != SAPA_NONE; i = core->works[i].next_of_contact) {
        struct core_work *caller = &core->works[i]; /* he talks now too, once for all whom he is connected with */
        if (!core_is_caller(c, caller) || caller->connected_us)
            continue;
        caller->connected_us = core->now_us;
        caller->talk_us = caller->state == SAPA_ASSIGNMENT_TALKING ? caller->since_us - core->now_us : 0;
        caller->hold_us = caller->state == SAPA_ASSIGNMENT_HELD ? caller->since_us - core->now_us : 0;
        EMIT(core, contact_connected, .contact = c->id, .offer = caller->offer, .agent = caller->agent,
             .queue = SAPA_NONE, .policy = SAPA_RECORD_NONE);
    }
    sapa_work_holds(core, c);
}

static void part(struct sapa_core *core, struct core_work *w, enum sapa_side side, uint32_t cause,
                 bool wrapup)
{
    const uint32_t agent = w->agent;
    const bool connected = w->connected_us != 0, own = w->kind == KIND_OWN;
    const struct sapa_queue *q = sapa_work_rules(core, w->queue);
    struct core_contact *c = &core->contacts[w->contact];

    sapa_assert(core_talks(w));
    count_talking(core, w->queue, -1);
    if (w->state == SAPA_ASSIGNMENT_HELD)
        EMIT(core, hold_changed, .contact = w->contact_id, .offer = w->offer, .agent = agent,
             .side = w->held_by_agent || w->held_by_core ? SAPA_SIDE_AGENT : SAPA_SIDE_CUSTOMER, .on = 0,
             .held_ms = core_ms(core->now_us - w->since_us));
    const int64_t talk_us =
        w->talk_us + (w->state == SAPA_ASSIGNMENT_TALKING ? core->now_us - w->since_us : 0);
    const int64_t hold_us =
        w->hold_us + (w->state == SAPA_ASSIGNMENT_HELD ? core->now_us - w->since_us : 0);
    if (connected)
        EMIT(core, contact_parted, .contact = w->contact_id, .offer = w->offer, .agent = agent,
             .queue = w->queue, .talk_ms = core_ms(talk_us), .hold_ms = core_ms(hold_us),
             .side = side, .cause = cause);
    if (connected && wrapup && q->wrapup_ms && core->agents[agent].presence != SAPA_PRESENCE_OFFLINE) {
        sapa_work_move(core, w, SAPA_ASSIGNMENT_WRAPUP);
        leave_contact(core, w);
        w->due_us = core->now_us + q->wrapup_ms * INT64_C(1000);
        sapa_core_timer_set(&core->timers, core_slot(core, TIMER_WORK, index_of(core, w)),
                            w->due_us, w->offer);
    } else {
        sapa_work_move(core, w, SAPA_ASSIGNMENT_NONE);
    }
    if (!sapa_work_talking(core, c))
        c->customer_holds = false; /* whoever comes next hears it from his telephone */
    sapa_route_refresh(core, agent, connected || own);
    if (own)
        sapa_call_resume(core, c);
}

void sapa_work_part(struct sapa_core *core, struct core_work *w, enum sapa_side side,
                    uint32_t cause)
{
    part(core, w, side, cause, true);
}

void sapa_work_part_on(struct sapa_core *core, struct core_work *w)
{
    part(core, w, SAPA_SIDE_AGENT, 0, false);
}

void sapa_work_rejoin(struct sapa_core *core, struct core_work *w, struct core_contact *to, uint32_t queue)
{
    struct core_contact *from = &core->contacts[w->contact];
    const int64_t stretch_us = core->now_us - w->since_us;
    const bool held = w->state == SAPA_ASSIGNMENT_HELD;

    sapa_assert(core_talks(w) && w->connected_us && !core_is_caller(from, w));
    EMIT(core, contact_parted, .contact = w->contact_id, .offer = w->offer, .agent = w->agent, .queue = w->queue,
         .talk_ms = core_ms(w->talk_us + (held ? 0 : stretch_us)),
         .hold_ms = core_ms(w->hold_us + (held ? stretch_us : 0)), .side = SAPA_SIDE_AGENT);
    leave_contact(core, w);
    w->contact = core_index(core, to);
    w->contact_id = to->id;
    join_contact(core, w);
    count_talking(core, w->queue, -1);
    count_talking(core, queue, 1);
    w->queue = queue;
    if (!core_disposes(sapa_work_rules(core, queue), w->disposition))
        w->disposition = SAPA_NONE; /* of another queue's */
    w->connected_us = core->now_us;
    /* the assignment goes on; of the stretch that runs, what is over does not count here */
    w->talk_us = held ? 0 : -stretch_us;
    w->hold_us = held ? -stretch_us : 0;
    if (!sapa_work_talking(core, from))
        from->customer_holds = false;
    sapa_route_refresh(core, w->agent, true);
}

sapa_rc sapa_work_dispose(struct sapa_core *core, struct core_work *w, uint64_t chosen)
{
    if (!w)
        return SAPA_ENOENT;
    const struct sapa_queue *q = sapa_work_rules(core, w->queue);
    if (w->state != SAPA_ASSIGNMENT_WRAPUP && (!core_talks(w) || w->dialling || !w->connected_us || q->wrapup_ms == 0))
        return SAPA_ESTATE; /* without wrap-up nobody would hear of it */
    if (chosen != 0 && !core_disposes(q, chosen - 1))
        return SAPA_ENOENT;
    w->disposition = chosen ? (uint32_t)(chosen - 1) : SAPA_NONE;
    return SAPA_OK;
}

void sapa_work_enter(struct sapa_core *core, struct core_contact *c, uint64_t offer, uint32_t agent, uint32_t queue,
                     enum core_kind kind)
{
    struct core_work *w = sapa_work_alloc(core, offer);

    sapa_assert(w != NULL); /* the caller looked for room */
    w->contact = core_index(core, c);
    w->contact_id = c->id;
    w->agent = agent;
    w->queue = queue;
    w->channel = c->channel;
    w->kind = (uint8_t)kind;
    w->made_us = core->now_us;
    sapa_work_link(core, w);
    EMIT(core, offer_made, .offer = offer, .contact = c->id, .agent = agent, .queue = queue, .kind = kind);
    sapa_work_move(core, w, SAPA_ASSIGNMENT_OFFERED);
    EMIT(core, offer_ended, .offer = offer, .contact = c->id, .agent = agent, .queue = queue,
         .result = SAPA_OFFER_ACCEPTED);
    count_talking(core, queue, 1);
    sapa_work_move(core, w, SAPA_ASSIGNMENT_TALKING);
    w->connected_us = core->now_us;
    c->judged_agent = agent;
    c->judged_queue = queue;
    core->agents[agent].contacts += queue != SAPA_NONE;
}

void sapa_work_end_wrapup(struct sapa_core *core, struct core_work *w, uint32_t how)
{
    const uint32_t agent = w->agent;

    sapa_assert(w->state == SAPA_ASSIGNMENT_WRAPUP);
    EMIT(core, wrapup_ended, .contact = w->contact_id, .offer = w->offer, .agent = agent,
         .queue = w->queue, .wrapup_ms = core_ms(core->now_us - w->since_us),
         .disposition = w->disposition, .how = how);
    sapa_work_move(core, w, SAPA_ASSIGNMENT_NONE);
    sapa_route_refresh(core, agent, true);
}

void sapa_work_timer(struct sapa_core *core, struct core_work *w)
{
    const uint32_t agent = w->agent, queue = w->queue;

    sapa_assert(w->offer != 0);
    w->due_us = 0;
    if (w->state == SAPA_ASSIGNMENT_OFFERED) {
        sapa_offer_end(core, w, SAPA_OFFER_NO_ANSWER, 408, true);
        after_miss(core, agent, queue, SAPA_OFFER_NO_ANSWER);
    } else if (w->state == SAPA_ASSIGNMENT_WRAPUP) {
        sapa_work_end_wrapup(core, w, 1);
    } else if (w->dialling) { /* the carrier never answered us: the attempt is over */
        struct core_contact *c = &core->contacts[w->contact];
        EMIT(core, cmd_dial_cancel, .contact = c->id, .attempt = c->attempt);
        if (w->kind == KIND_OWN) {
            w->dialling = false;
            sapa_call_unreached(core, c, SAPA_SIDE_NETWORK, 408);
        } else {
            sapa_callback_failed(core, c, SAPA_SIDE_NETWORK, 408);
        }
    }
}

/* The caller's conversation broke without his doing: he stands where he stood, before those who came later. */
void sapa_work_requeue(struct sapa_core *core, struct core_contact *c, uint32_t queue, uint32_t agent)
{
    const struct sapa_queue *q = core_queue_of(core, queue);
    const uint32_t add = (uint32_t)SAPA_MAX(0, c->priority - q->priority - c->extra);

    sapa_contact_place(core, c, SAPA_PLACE_FLOW);
    if (c->has_flow)
        sapa_port_event(core, c, &(struct sapa_flow_event){ .kind = SAPA_FLOW_REQUEUED });
    c->keep_age = true;
    if (agent != SAPA_NONE)
        sapa_contact_avoid(core, c, agent); /* also in a queue that the flow takes when this one is full */
    sapa_line_enter(core, c, queue, add, SAPA_NONE);
}

void sapa_work_gone(struct sapa_core *core, struct core_work *w, enum sapa_side side, uint32_t cause)
{
    struct core_contact *c = &core->contacts[w->contact];
    const uint32_t queue = w->queue, agent = w->agent;
    const bool fault = side == SAPA_SIDE_NETWORK || side == SAPA_SIDE_SYSTEM;
    const bool own = w->kind == KIND_OWN;

    if (w->dialling && w->kind == KIND_CALLBACK) {
        EMIT(core, cmd_dial_cancel, .contact = c->id, .attempt = c->attempt);
        sapa_contact_avoid(core, c, agent);
        sapa_callback_failed(core, c, SAPA_SIDE_AGENT, cause);
        return;
    }
    if (w->dialling || core_is_caller(c, w)) { /* nobody is left who wants it */
        sapa_contact_cancel_dial(core, c);
        sapa_contact_hangup(core, c, w->dialling ? SAPA_OUTCOME_UNREACHED : sapa_contact_outcome(c, side), side, cause);
        return;
    }
    const bool others = sapa_party_others(core, c, w);
    sapa_work_part(core, w, side, cause);
    if (others) {
        sapa_party_go_on(core, c);
        return;
    }
    if (c->leg)
        sapa_recording_rest(core, c);
    if (fault && c->leg && c->callback == NO_CALLBACK && queue != SAPA_NONE && !own) {
        sapa_work_requeue(core, c, queue, agent);
        return;
    }
    sapa_contact_place(core, c, SAPA_PLACE_FLOW);
    if (c->has_flow &&
        sapa_port_event(core, c, &(struct sapa_flow_event){ .kind = SAPA_FLOW_AGENT_PARTED }))
        return;
    sapa_contact_hangup(core, c,
                        c->callback == SAPA_CALLBACK_REACHED ? SAPA_OUTCOME_CALLBACK_KEPT
                                                             : SAPA_OUTCOME_ANSWERED,
                        side, cause);
}

sapa_rc sapa_work_on_gone(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_agent_gone *in = &record->u.agent_gone;
    struct core_work *w = sapa_work_find(core, in->offer);

    if (in->side >= SAPA_SIDE_COUNT)
        return SAPA_EINVAL;
    if (!w) {
        struct core_watch *watch = sapa_watch_find(core, in->offer);
        if (!watch || watch->contact_id != in->contact || !watch->up)
            return watch && watch->contact_id == in->contact ? SAPA_ESTATE : SAPA_ENOENT;
        sapa_watch_end(core, watch, SAPA_OFFER_ACCEPTED, in->side, (uint32_t)in->cause, false);
        return SAPA_OK;
    }
    if (w->contact_id != in->contact)
        return SAPA_ENOENT;
    if (!core_talks(w))
        return SAPA_ESTATE;
    struct core_contact *beside = sapa_call_beside(core, w);
    if (beside) { /* one line for both */
        beside->beside = 0;
        sapa_contact_cancel_dial(core, beside);
        sapa_contact_hangup(core, beside, beside->calling ? SAPA_OUTCOME_UNREACHED : sapa_contact_outcome(beside, in->side),
                            in->side, (uint32_t)in->cause);
    }
    sapa_work_gone(core, w, in->side, (uint32_t)in->cause);
    return SAPA_OK;
}

/* ---- hold ---- */

static bool agent_holds(const struct core_work *w)
{
    return w->held_by_agent || w->held_by_core;
}

/* The hold of one side has begun or ended. */
static void hold_moved(struct sapa_core *core, struct core_work *w, enum sapa_side side, bool on)
{
    const bool hold = agent_holds(w) || w->held_by_customer;
    const int64_t held_us = w->state == SAPA_ASSIGNMENT_HELD ? core->now_us - w->since_us : 0;

    EMIT(core, hold_changed, .contact = w->contact_id, .offer = w->offer, .agent = w->agent, .side = side,
         .on = on, .held_ms = on ? 0 : core_ms(held_us));
    if (hold != (w->state == SAPA_ASSIGNMENT_HELD))
        sapa_work_move(core, w, hold ? SAPA_ASSIGNMENT_HELD : SAPA_ASSIGNMENT_TALKING);
}

/* Somebody who holds concerns the other one only while there are two; of three and more he alone is away. */
void sapa_work_holds(struct sapa_core *core, struct core_contact *c)
{
    const bool two = sapa_party_count(core, c) == 2;
    bool customer = c->customer_holds;

    for (uint32_t i = c->work; c->call && i != SAPA_NONE; i = core->works[i].next_of_contact)
        if (core_is_caller(c, &core->works[i]))
            customer = customer || core->works[i].held_by_core;
    for (uint32_t i = c->work; i != SAPA_NONE; i = core->works[i].next_of_contact) {
        struct core_work *w = &core->works[i];
        if (!core_talks(w) || !w->connected_us || core_is_caller(c, w))
            continue;
        const uint32_t prompt = sapa_work_rules(core, w->queue)->music;
        if (w->held_by_customer != (two && customer)) {
            w->held_by_customer = two && customer;
            hold_moved(core, w, SAPA_SIDE_CUSTOMER, w->held_by_customer);
            EMIT(core, cmd_hold_music, .contact = c->id, .offer = w->offer, .side = SAPA_SIDE_AGENT,
                 .on = w->held_by_customer, .prompt = prompt);
        }
        if (w->music != (two && agent_holds(w))) {
            w->music = two && agent_holds(w);
            EMIT(core, cmd_hold_music, .contact = c->id, .offer = w->offer, .side = SAPA_SIDE_CUSTOMER,
                 .on = w->music, .prompt = prompt);
        }
    }
}

void sapa_work_hold(struct sapa_core *core, struct core_work *w, bool on)
{
    struct core_contact *c = &core->contacts[w->contact];
    const bool held = agent_holds(w);

    if (w->held_by_core == on)
        return;
    w->held_by_core = on;
    if (agent_holds(w) != held)
        hold_moved(core, w, SAPA_SIDE_AGENT, on);
    EMIT(core, cmd_hold, .contact = c->id, .offer = w->offer, .on = on,
         .prompt = sapa_work_rules(core, w->queue)->music);
    sapa_work_holds(core, c);
}

sapa_rc sapa_work_on_held(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_leg_held *in = &record->u.leg_held;
    struct core_contact *c = sapa_contact_find(core, in->contact);
    struct core_work *w = c ? sapa_work_talking(core, c) : NULL;

    if (in->on > 1 || (in->side != SAPA_SIDE_AGENT && in->side != SAPA_SIDE_CUSTOMER))
        return SAPA_EINVAL;
    if (w && in->offer && in->offer != w->offer) {
        w = sapa_work_find(core, in->offer);
        if (w && (w->contact_id != c->id || !core_talks(w)))
            w = NULL;
    }
    if (!w)
        return SAPA_ENOENT;
    if (w->dialling)
        return SAPA_ESTATE;
    if (in->side == SAPA_SIDE_CUSTOMER || core_is_caller(c, w)) {
        if (c->customer_holds == (bool)in->on)
            return SAPA_ESTATE;
        c->customer_holds = in->on;
    } else {
        const bool held = agent_holds(w);
        if (w->held_by_agent == (bool)in->on)
            return SAPA_ESTATE;
        w->held_by_agent = in->on;
        if (agent_holds(w) != held)
            hold_moved(core, w, SAPA_SIDE_AGENT, in->on);
    }
    sapa_work_holds(core, c);
    return SAPA_OK;
}
