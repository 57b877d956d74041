/*
 * An agent's part in a contact: offered, talking, on hold, wrap-up.
 *
 * One function moves it (sapa_work_move), and every move leaves one assignment_moved. An offer that
 * comes to nothing sends the contact back to its own place in the line; who refused or missed it is
 * not asked again while another is free, nor within SAPA_CORE_REOFFER_MS at all.
 */
#include "core/core_impl.h"

#include <string.h>

enum { START_GRACE_US = 2 * 1000 * 1000 };

struct core_work *sapa_work_find(struct sapa_core *core, uint64_t offer)
{
    const uint32_t i = sapa_idmap_get(&core->work_map, offer);

    if (i == SAPA_NONE)
        return NULL;
    sapa_assert(core->works[i].offer == offer);
    return &core->works[i];
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

/* Into the lists of its agent and its contact, oldest first. */
void sapa_work_link(struct sapa_core *core, struct core_work *w)
{
    uint32_t *at = &core->agents[w->agent].work;

    while (*at != SAPA_NONE && core->works[*at].offer < w->offer)
        at = &core->works[*at].next_of_agent;
    w->next_of_agent = *at;
    *at = index_of(core, w);
    if (w->contact == SAPA_NONE)
        return;
    for (at = &core->contacts[w->contact].work;
         *at != SAPA_NONE && core->works[*at].offer < w->offer;)
        at = &core->works[*at].next_of_contact;
    w->next_of_contact = *at;
    *at = index_of(core, w);
    sapa_assert(core->contacts[w->contact].id == w->contact_id);
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
    w->state = (uint8_t)to;
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
    if (w->connected_us && w->queue < core->centre->queues_count)
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
        if (core->works[i].state == SAPA_ASSIGNMENT_TALKING ||
            core->works[i].state == SAPA_ASSIGNMENT_HELD)
            return &core->works[i];
    return NULL;
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
static void avoid(struct sapa_core *core, struct core_contact *c, uint32_t agent)
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
    sapa_work_move(core, w, SAPA_ASSIGNMENT_NONE);
    if (against)
        avoid(core, c, agent);
    if (contact_stays && c->work == SAPA_NONE)
        back_in_line(core, c);
    else if (!contact_stays && c->work == SAPA_NONE)
        core->queues[queue].ringing--;
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
    const struct core_work *w = sapa_work_find(core, record->u.offer_ringing.offer);

    if (!w)
        return SAPA_ENOENT;
    return w->state == SAPA_ASSIGNMENT_OFFERED ? SAPA_OK : SAPA_ESTATE;
}

sapa_rc sapa_offer_on_accepted(struct sapa_core *core, const struct sapa_record *record)
{
    struct core_work *w = sapa_work_find(core, record->u.offer_accepted.offer);

    if (!w)
        return SAPA_ENOENT;
    if (w->state != SAPA_ASSIGNMENT_OFFERED)
        return SAPA_ESTATE;
    struct core_contact *c = &core->contacts[w->contact];
    EMIT(core, offer_ended, .offer = w->offer, .contact = c->id, .agent = w->agent,
         .queue = w->queue, .result = SAPA_OFFER_ACCEPTED,
         .ring_ms = core_ms(core->now_us - w->made_us));
    sapa_offer_end_all(core, c, w, SAPA_OFFER_LOST_RACE);
    core->queues[w->queue].ringing--;
    core->queues[w->queue].talking++;
    sapa_work_move(core, w, SAPA_ASSIGNMENT_TALKING);
    if (w->kind)
        sapa_callback_dial(core, w);
    else
        sapa_work_connect(core, w);
    sapa_route_refresh(core, w->agent, true);
    return SAPA_OK;
}

/* What happens to an agent whose phone did not take an offer. */
static void after_miss(struct sapa_core *core, uint32_t agent, uint32_t queue,
                       enum sapa_offer_result result)
{
    if (result == SAPA_OFFER_NO_ANSWER && core_queue_of(core, queue)->no_answer_not_ready &&
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
    if (!w)
        return SAPA_ENOENT;
    if (w->state != SAPA_ASSIGNMENT_OFFERED)
        return SAPA_ESTATE;
    sapa_offer_end(core, w, in->result, (uint32_t)in->cause, true);
    return SAPA_OK;
}

/* ---- talking ---- */

void sapa_work_connect(struct sapa_core *core, struct core_work *w)
{
    struct core_contact *c = &core->contacts[w->contact];
    struct core_agent *agent = &core->agents[w->agent];
    const int64_t waited_us = core->now_us - c->entered_us;

    sapa_assert(w->state == SAPA_ASSIGNMENT_TALKING);
    sapa_assert(c->queued);
    sapa_ewt_served(&core->queues[c->queue].rates);
    sapa_line_leave(core, c, SAPA_DEQUEUE_CONNECTED);
    sapa_contact_place(core, c, SAPA_PLACE_TALK);
    w->connected_us = core->now_us;
    w->since_us = core->now_us;
    w->talk_us = 0;
    w->dialling = false;
    c->answered = true;
    c->judged_agent = w->agent;
    c->judged_queue = w->queue;
    agent->contacts++;
    sapa_contact_answer(core, c);
    if (c->has_flow)
        sapa_port_event(core, c, &(struct sapa_flow_event){ .kind = SAPA_FLOW_CONNECTED });
    sapa_contact_silence(core, c);
    const bool begins = sapa_recording_connect(core, c, core_queue_of(core, w->queue));
    EMIT(core, contact_connected, .contact = c->id, .offer = w->offer, .agent = w->agent,
         .queue = w->queue, .wait_ms = core_ms(waited_us), .recording = c->recording,
         .policy = c->policy);
    EMIT(core, cmd_connect, .contact = c->id, .offer = w->offer);
    if (begins)
        EMIT(core, cmd_record, .contact = c->id, .recording = c->recording);
    else
        sapa_recording_again(core, c);
}

void sapa_work_part(struct sapa_core *core, struct core_work *w, enum sapa_side side,
                    uint32_t cause)
{
    const uint32_t agent = w->agent;
    const bool connected = w->connected_us != 0;
    const struct sapa_queue *q = core_queue_of(core, w->queue);

    sapa_assert(w->state == SAPA_ASSIGNMENT_TALKING || w->state == SAPA_ASSIGNMENT_HELD);
    sapa_assert(core->queues[w->queue].talking > 0);
    core->queues[w->queue].talking--;
    if (w->state == SAPA_ASSIGNMENT_HELD)
        EMIT(core, hold_changed, .contact = w->contact_id, .offer = w->offer, .agent = agent,
             .side = w->held_by_agent ? SAPA_SIDE_AGENT : SAPA_SIDE_CUSTOMER, .on = 0,
             .held_ms = core_ms(core->now_us - w->since_us));
    const int64_t talk_us =
        w->talk_us + (w->state == SAPA_ASSIGNMENT_TALKING ? core->now_us - w->since_us : 0);
    const int64_t hold_us =
        w->hold_us + (w->state == SAPA_ASSIGNMENT_HELD ? core->now_us - w->since_us : 0);
    if (connected)
        EMIT(core, contact_parted, .contact = w->contact_id, .offer = w->offer, .agent = agent,
             .queue = w->queue, .talk_ms = core_ms(talk_us), .hold_ms = core_ms(hold_us),
             .side = side, .cause = cause);
    if (connected && q->wrapup_ms && core->agents[agent].presence != SAPA_PRESENCE_OFFLINE) {
        sapa_work_move(core, w, SAPA_ASSIGNMENT_WRAPUP);
        leave_contact(core, w);
        w->due_us = core->now_us + q->wrapup_ms * INT64_C(1000);
        sapa_core_timer_set(&core->timers, core_slot(core, TIMER_WORK, index_of(core, w)),
                            w->due_us, w->offer);
    } else {
        sapa_work_move(core, w, SAPA_ASSIGNMENT_NONE);
    }
    sapa_route_refresh(core, agent, connected);
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
        sapa_callback_failed(core, c, SAPA_SIDE_NETWORK, 408);
    }
}

/* The caller's conversation broke without his doing: he stands where he stood, before those who came later. */
static void requeue(struct sapa_core *core, struct core_contact *c, uint32_t queue, uint32_t agent)
{
    const struct sapa_queue *q = core_queue_of(core, queue);
    const uint32_t add = (uint32_t)SAPA_MAX(0, c->priority - q->priority - c->extra);

    sapa_contact_place(core, c, SAPA_PLACE_FLOW);
    if (c->has_flow)
        sapa_port_event(core, c, &(struct sapa_flow_event){ .kind = SAPA_FLOW_REQUEUED });
    c->keep_age = true;
    avoid(core, c, agent); /* also in a queue that the flow takes when this one is full */
    sapa_line_enter(core, c, queue, add, SAPA_NONE);
}

sapa_rc sapa_work_on_gone(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_agent_gone *in = &record->u.agent_gone;
    struct core_work *w = sapa_work_find(core, in->offer);

    if (in->side >= SAPA_SIDE_COUNT)
        return SAPA_EINVAL;
    if (!w || w->contact_id != in->contact)
        return SAPA_ENOENT;
    if (w->state != SAPA_ASSIGNMENT_TALKING && w->state != SAPA_ASSIGNMENT_HELD)
        return SAPA_ESTATE;
    struct core_contact *c = &core->contacts[w->contact];
    const uint32_t queue = w->queue, agent = w->agent;
    const bool fault = in->side == SAPA_SIDE_NETWORK || in->side == SAPA_SIDE_SYSTEM;
    if (w->dialling) {
        EMIT(core, cmd_dial_cancel, .contact = c->id, .attempt = c->attempt);
        avoid(core, c, agent);
        sapa_callback_failed(core, c, SAPA_SIDE_AGENT, (uint32_t)in->cause);
        return SAPA_OK;
    }
    sapa_work_part(core, w, in->side, (uint32_t)in->cause);
    if (c->leg)
        sapa_recording_rest(core, c);
    if (fault && c->leg && c->callback == NO_CALLBACK) {
        requeue(core, c, queue, agent);
        return SAPA_OK;
    }
    sapa_contact_place(core, c, SAPA_PLACE_FLOW);
    if (c->has_flow &&
        sapa_port_event(core, c, &(struct sapa_flow_event){ .kind = SAPA_FLOW_AGENT_PARTED }))
        return SAPA_OK;
    sapa_contact_hangup(core, c,
                        c->callback == SAPA_CALLBACK_REACHED ? SAPA_OUTCOME_CALLBACK_KEPT
                                                             : SAPA_OUTCOME_ANSWERED,
                        in->side, (uint32_t)in->cause);
    return SAPA_OK;
}

/* ---- passed on by the agent ---- */

static sapa_rc may_pass(const struct sapa_core *core, const struct core_work *w,
                        const struct sapa_rec_contact_passed *in)
{
    if (!w || w->contact_id != in->contact)
        return SAPA_ENOENT;
    const struct core_contact *c = &core->contacts[w->contact];
    if ((w->state != SAPA_ASSIGNMENT_TALKING && w->state != SAPA_ASSIGNMENT_HELD) || w->dialling || !c->leg ||
        c->callback != NO_CALLBACK)
        return SAPA_ESTATE;
    switch (in->kind) {
    case 0: {
        if (in->target >= core->centre->queues_count)
            return SAPA_ENOENT;
        const struct sapa_queue *to = &core->centre->queues[in->target];
        return to->length_max && sapa_tree_count(core->line, &core->queues[in->target].line) >= to->length_max
                   ? SAPA_ELIMIT
                   : SAPA_OK;
    }
    case 1: return in->target < core->centre->numbers_count && c->has_flow ? SAPA_OK : SAPA_ENOENT;
    case 2:
        if (in->target >= core->centre->agents_count)
            return SAPA_ENOENT;
        return in->target != w->agent && core->agents[in->target].presence != SAPA_PRESENCE_OFFLINE ? SAPA_OK
                                                                                                      : SAPA_ESTATE;
    default: return SAPA_EINVAL;
    }
}

/* The agent is through with it and somebody else goes on: he is let go, the contact keeps its age. */
static void pass(struct sapa_core *core, struct core_work *w, const struct sapa_rec_contact_passed *in)
{
    struct core_contact *c = &core->contacts[w->contact];
    const uint32_t queue = in->kind == 0 ? (uint32_t)in->target : w->queue, from = w->queue, agent = w->agent;
    const struct sapa_queue *q = core_queue_of(core, from);
    const uint32_t add = (uint32_t)SAPA_MAX(0, c->priority - q->priority - c->extra);

    EMIT(core, cmd_drop_agent, .contact = c->id, .offer = w->offer);
    sapa_work_part(core, w, SAPA_SIDE_AGENT, 0);
    sapa_recording_rest(core, c);
    sapa_contact_place(core, c, SAPA_PLACE_FLOW);
    if (in->kind == 1) {
        sapa_port_begin(core, c, core->centre->numbers[in->target].flow);
        return;
    }
    if (c->has_flow)
        sapa_port_event(core, c, &(struct sapa_flow_event){ .kind = SAPA_FLOW_REQUEUED });
    c->keep_age = true;
    avoid(core, c, agent);
    sapa_line_enter(core, c, queue, add, in->kind == 2 ? (uint32_t)in->target : SAPA_NONE);
}

sapa_rc sapa_work_on_passed(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_contact_passed *in = &record->u.contact_passed;
    struct core_work *w = sapa_work_find(core, in->offer);
    const sapa_rc rc = may_pass(core, w, in);

    if (in->request && w)
        EMIT(core, cmd_agent_reply, .agent = w->agent, .request = in->request, .rc = (uint64_t)-rc, .verb = 255,
             .presence = core->agents[w->agent].presence);
    if (rc == SAPA_OK)
        pass(core, w, in);
    return rc;
}

sapa_rc sapa_work_on_held(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_leg_held *in = &record->u.leg_held;
    struct core_contact *c = sapa_contact_find(core, in->contact);
    const bool by_agent = in->side == SAPA_SIDE_AGENT;

    if (in->on > 1 || (in->side != SAPA_SIDE_AGENT && in->side != SAPA_SIDE_CUSTOMER))
        return SAPA_EINVAL;
    struct core_work *w = c ? sapa_work_talking(core, c) : NULL;
    if (!w || (in->offer && in->offer != w->offer))
        return SAPA_ENOENT;
    bool *held = by_agent ? &w->held_by_agent : &w->held_by_customer;
    if (w->dialling || *held == (bool)in->on)
        return SAPA_ESTATE;
    *held = in->on;
    const bool hold = w->held_by_agent || w->held_by_customer;
    const int64_t held_us = w->state == SAPA_ASSIGNMENT_HELD ? core->now_us - w->since_us : 0;
    EMIT(core, hold_changed, .contact = c->id, .offer = w->offer, .agent = w->agent,
         .side = in->side, .on = in->on, .held_ms = in->on ? 0 : core_ms(held_us));
    if (hold != (w->state == SAPA_ASSIGNMENT_HELD))
        sapa_work_move(core, w, hold ? SAPA_ASSIGNMENT_HELD : SAPA_ASSIGNMENT_TALKING);
    EMIT(core, cmd_hold_music, .contact = c->id, .offer = w->offer,
         .side = by_agent ? SAPA_SIDE_CUSTOMER : SAPA_SIDE_AGENT, .on = in->on,
         .prompt = core_queue_of(core, w->queue)->music);
    return SAPA_OK;
}
