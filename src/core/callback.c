/*
 * Callbacks: virtual waiters that keep their place.
 *
 * A caller who asks to be called back stays in the line with the age and the order he had; only his
 * leg is gone. When his turn comes the agent is asked first, then the customer is called, so nobody
 * who answers hears silence. An attempt that fails frees the agent at once and counts as nothing he
 * handled. Only attempts that failed at the customer's end use up those that the queue grants; what we
 * or the carrier could not do is tried again beside them, FAULTS_MAX times. A person is called by one attempt at a time, and a queue that is closed calls nobody.
 */
#include "core/core_impl.h"

enum { LOCK_RETRY_US = 5000000, CARRIER_GRACE_US = 10000000, FAULTS_MAX = 10 };

static void tell(struct sapa_core *core, struct core_contact *c, enum sapa_callback state,
                 uint32_t cause)
{
    sapa_assert(state < SAPA_CALLBACK_COUNT);
    c->callback = (uint8_t)state;
    EMIT(core, callback_changed, .contact = c->id, .state = state, .attempt = c->attempts,
         .due_us = state == SAPA_CALLBACK_RETRY ? c->callback_due_us : 0, .cause = cause);
}

void sapa_callback_request(struct sapa_core *core, struct core_contact *c, uint32_t queue,
                           struct sapa_str number)
{
    sapa_assert(c->callback == NO_CALLBACK);
    if (c->queued) {
        const struct sapa_queue *from = core_queue_of(core, c->queue);
        if (queue >= core->centre->queues_count)
            queue = c->queue;
        if (!c->in_line)
            sapa_offer_end_all(core, c, NULL, SAPA_OFFER_WITHDRAWN);
        const uint32_t add = (uint32_t)SAPA_MAX(0, c->priority - from->priority - c->extra);
        sapa_line_leave(core, c, SAPA_DEQUEUE_CALLBACK);
        c->keep_age = true;
        c->callback = SAPA_CALLBACK_WAITING;
        sapa_line_enter(core, c, queue, add, SAPA_NONE);
    } else {
        sapa_assert(queue < core->centre->queues_count);
        c->callback = SAPA_CALLBACK_WAITING;
        sapa_line_enter(core, c, queue, 0, SAPA_NONE);
    }
    if (number.n && !sapa_sized_set(&c->callback_number, number))
        c->callback_number.n = 0; /* too long to be a number: the caller's own */
    tell(core, c, SAPA_CALLBACK_WAITING, 0);
}

static void look_again(struct sapa_core *core, struct core_contact *c)
{
    sapa_assert(c->in_line);
    sapa_line_remove(core, c);
    sapa_line_insert(core, c);
    sapa_route_seek(core, c);
}

void sapa_callback_begin(struct sapa_core *core, struct core_contact *c)
{
    sapa_assert(!c->leg);
    sapa_assert(c->callback != NO_CALLBACK);
    if (c->message)
        sapa_message_stop(core, c);
    c->run.phase = SAPA_FLOW_OVER;
    c->flow_due_us = 0;
    sapa_core_timer_clear(&core->timers, core_slot(core, TIMER_FLOW, core_index(core, c)));
    sapa_contact_place(core, c, SAPA_PLACE_CALLBACK);
    if (c->in_line)
        look_again(core, c);
}

bool sapa_callback_ready(const struct sapa_core *core, const struct core_contact *c,
                         int64_t *ret_due)
{
    const uint32_t holder = sapa_idmap_get(&core->party_map, c->party);

    *ret_due = 0;
    if (c->leg) /* he still hears goodbye */
        return false;
    if (c->callback_due_us > core->now_us) {
        *ret_due = c->callback_due_us;
        return false;
    }
    if (!sapa_line_open(core, c->queue)) {
        const uint32_t hours = sapa_hours_of_queue(core->centre, c->queue);
        if (!sapa_hours_open(core->centre, hours, core->now_us))
            *ret_due = sapa_hours_next_change(core->centre, hours, core->now_us);
        if (*ret_due == INT64_MAX)
            *ret_due = core->now_us + INT64_C(86400000000);
        return false;
    }
    if ((holder != SAPA_NONE && holder != core_index(core, c)) ||
        core->party_map.count >= PARTIES_MAX) {
        *ret_due = core->now_us + LOCK_RETRY_US;
        return false;
    }
    return true;
}

void sapa_callback_unlock(struct sapa_core *core, struct core_contact *c)
{
    if (!c->attempt_running)
        return;
    sapa_assert(sapa_idmap_get(&core->party_map, c->party) == core_index(core, c));
    sapa_idmap_remove(&core->party_map, c->party);
    c->attempt_running = false;
}

void sapa_callback_dial(struct sapa_core *core, struct core_work *w)
{
    struct core_contact *c = &core->contacts[w->contact];
    const struct sapa_queue *q = core_queue_of(core, w->queue);
    const uint32_t ring_ms = q->callback_ring_ms ? q->callback_ring_ms : 30000;
    const uint32_t from = c->client < core->centre->clients_count
                              ? core->centre->clients[c->client].number
                              : SAPA_NONE;

    sapa_assert(c->attempt_running);
    sapa_assert(w->state == SAPA_ASSIGNMENT_TALKING);
    w->dialling = true;
    c->attempts++;
    c->attempt++;
    tell(core, c, SAPA_CALLBACK_DIALLING, 0);
    w->due_us = core->now_us + ring_ms * INT64_C(1000) + CARRIER_GRACE_US;
    sapa_core_timer_set(&core->timers, core_slot(core, TIMER_WORK, (uint32_t)(w - core->works)),
                        w->due_us, w->offer);
    EMIT(core, cmd_dial, .contact = c->id, .attempt = c->attempt, .number = c->callback_number,
         .from = from < core->centre->numbers_count ? from : c->number, .ring_ms = ring_ms);
}

/* Ours or the carrier's: not "he could not be reached". A number that is none (484) stays none. */
static bool is_fault(enum sapa_side side, uint32_t cause)
{
    return cause != 484 &&
           (side == SAPA_SIDE_SYSTEM || side == SAPA_SIDE_NETWORK || (cause >= 500 && cause < 600));
}

void sapa_callback_failed(struct sapa_core *core, struct core_contact *c, enum sapa_side side,
                          uint32_t cause)
{
    const bool agent_gone = side == SAPA_SIDE_AGENT;
    const bool fault = !agent_gone && is_fault(side, cause);
    struct core_work *w = sapa_work_talking(core, c);
    const struct sapa_queue *q = core_queue_of(core, w->queue);
    const uint32_t agent = w->agent;

    sapa_assert(w->dialling);
    sapa_assert(c->queued && !c->in_line);
    if (!agent_gone)
        EMIT(core, cmd_drop_agent, .contact = c->id, .offer = w->offer);
    core->queues[w->queue].talking--;
    sapa_work_move(core, w, SAPA_ASSIGNMENT_NONE);
    sapa_callback_unlock(core, c);
    if (agent_gone || fault)
        c->attempts--;
    /* `attempt` counts them all */
    if (c->attempts >= SAPA_MAX(q->callback_attempts, 1) ||
        (fault && c->attempt - c->attempts >= FAULTS_MAX)) {
        tell(core, c, SAPA_CALLBACK_FAILED, cause);
        sapa_contact_close(core, c, SAPA_OUTCOME_CALLBACK_FAILED,
                           fault && side != SAPA_SIDE_SYSTEM ? SAPA_SIDE_NETWORK : side, cause);
    } else {
        c->callback_due_us =
            agent_gone ? 0 : core->now_us + SAPA_MAX(q->callback_retry_ms, 1000u) * INT64_C(1000);
        tell(core, c, SAPA_CALLBACK_RETRY, cause);
        sapa_line_return(core, c);
    }
    sapa_route_refresh(core, agent, false);
}

sapa_rc sapa_callback_on_dial(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_dial_progress *in = &record->u.dial_progress;
    struct core_contact *c = sapa_contact_find(core, in->contact);

    if (in->state > 3 || in->side >= SAPA_SIDE_COUNT)
        return SAPA_EINVAL;
    if (!c)
        return SAPA_ENOENT;
    sapa_rc rc = sapa_party_on_dial(core, c, in);
    if (rc == SAPA_ESTATE)
        rc = sapa_call_on_dial(core, c, in);
    if (rc != SAPA_ESTATE)
        return rc;
    if (c->callback == SAPA_CALLBACK_DIALLING && in->attempt == c->attempt) {
        struct core_work *w = sapa_work_talking(core, c);
        sapa_assert(w && w->dialling);
        if (in->state == 1) {
            c->leg = c->answer_sent = c->established = true;
            sapa_callback_unlock(core, c);
            w->due_us = 0;
            sapa_core_timer_clear(&core->timers,
                                  core_slot(core, TIMER_WORK, (uint32_t)(w - core->works)));
            tell(core, c, SAPA_CALLBACK_REACHED, 0);
            sapa_work_connect(core, w);
        } else if (in->state >= 2) {
            /* an agent who has gone is told otherwise */
            sapa_callback_failed(core, c, in->side == SAPA_SIDE_AGENT ? SAPA_SIDE_SYSTEM : in->side,
                                 (uint32_t)in->cause);
        }
        return SAPA_OK;
    }
    if (c->callback == SAPA_CALLBACK_REACHED) {
        if (in->attempt != c->attempt || in->state != 3 || !c->leg)
            return SAPA_ESTATE;
        c->leg = false;
        sapa_contact_close(core, c, SAPA_OUTCOME_CALLBACK_KEPT, in->side, (uint32_t)in->cause);
        return SAPA_OK;
    }
    if (c->outside[0].attempt) /* its flow sleeps: the parties that it has were told of above */
        return SAPA_ESTATE;
    if (c->leg && !c->has_flow && c->place == SAPA_PLACE_OUTSIDE && in->state == 3) {
        sapa_contact_hangup(core, c, SAPA_OUTCOME_TRANSFERRED, in->side, (uint32_t)in->cause);
        return SAPA_OK; /* a new description has no such flow any more */
    }
    if (!c->leg || !c->has_flow || in->attempt != c->run.attempt || c->callback != NO_CALLBACK ||
        (in->state == 3) != (c->place == SAPA_PLACE_OUTSIDE))
        return SAPA_ESTATE;
    if (in->state == 3)
        sapa_contact_place(core, c, SAPA_PLACE_FLOW);
    else if (c->run.phase != SAPA_FLOW_DIALLING)
        return SAPA_ESTATE;
    else if (in->state == 1)
        sapa_contact_place(core, c, SAPA_PLACE_OUTSIDE);
    sapa_port_event(core, c,
                    &(struct sapa_flow_event){ .kind = SAPA_FLOW_DIAL_RESULT,
                                               .number = (uint32_t)in->attempt,
                                               .result = (int32_t)in->state });
    return SAPA_OK;
}
