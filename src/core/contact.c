/*
 * A contact from its arrival to its end.
 *
 * Every contact_arrived gives one contact_new and, whatever happens, one contact_ended with one
 * outcome. A contact that is refused at the door has both in the same step and takes no slot.
 */
#include "core/core_impl.h"
#include "model/listed.h"

#include <string.h>

struct core_contact *sapa_contact_find(struct sapa_core *core, uint64_t id)
{
    const uint32_t i = sapa_idmap_get(&core->contact_map, id);

    if (i == SAPA_NONE)
        return NULL;
    sapa_assert(core->contacts[i].id == id);
    return &core->contacts[i];
}

struct core_contact *sapa_contact_alloc(struct sapa_core *core, uint64_t id)
{
    uint32_t i = core->contact_free;

    if (i != SAPA_NONE) {
        core->contact_free = core->contacts[i].queue;
    } else {
        if (core->contact_top >= core->contacts_max)
            return NULL;
        i = core->contact_top++;
    }
    struct core_contact *c = &core->contacts[i];
    memset(c, 0, offsetof(struct core_contact, address));
    c->address.n = c->callback_number.n = 0;
    c->id = id;
    c->queue = c->last_queue = c->preferred = c->work = c->class_index = SAPA_NONE;
    c->client = c->number = c->last_agent = c->message_queue = SAPA_NONE;
    c->judged_agent = c->judged_queue = SAPA_NONE;
    c->call_target = c->back_queue = c->back_agent = SAPA_NONE;
    c->callback = NO_CALLBACK;
    c->wait_why = SAPA_WHY_COUNT;
    core->line[i].size = core->pick[i].size = 0;
    core->line[i].own = core->pick[i].own = 0;
    core->timers.at[core_slot(core, TIMER_CONTACT, i)] = SAPA_NONE;
    core->timers.at[core_slot(core, TIMER_FLOW, i)] = SAPA_NONE;
    core->living_at[i] = core->contact_count;
    core->living[core->contact_count++] = i;
    sapa_idmap_put(&core->contact_map, id, i);
    return c;
}

static void release(struct sapa_core *core, struct core_contact *c)
{
    const uint32_t i = core_index(core, c), last = core->living[--core->contact_count];

    sapa_assert(c->work == SAPA_NONE);
    sapa_assert(!c->in_line);
    sapa_assert(c->pick == PICK_NONE);
    if (c->seeking)
        for (uint32_t k = 0; k < core->seeking_count; k++)
            if (core->seeking[k] == i)
                core->seeking[k--] = core->seeking[--core->seeking_count];
    for (uint32_t k = 0; k < core->pending_count; k++)
        if (core->pending[k] == i)
            core->pending[k--] = core->pending[--core->pending_count];
    core->living[core->living_at[i]] = last;
    core->living_at[last] = core->living_at[i];
    sapa_core_timer_clear(&core->timers, core_slot(core, TIMER_CONTACT, i));
    sapa_core_timer_clear(&core->timers, core_slot(core, TIMER_FLOW, i));
    sapa_idmap_remove(&core->contact_map, c->id);
    c->id = 0;
    c->queue = core->contact_free;
    core->contact_free = i;
}

void sapa_contact_place(struct sapa_core *core, struct core_contact *c, enum sapa_place place)
{
    const int64_t was_us = core->now_us - c->since_us;

    sapa_assert(was_us >= 0);
    sapa_assert(place < SAPA_PLACE_COUNT);
    if (c->place == SAPA_PLACE_FLOW)
        c->flow_us += was_us;
    else if (c->place == SAPA_PLACE_QUEUE || (c->place == SAPA_PLACE_RINGING && !c->calling))
        c->queue_us += was_us;
    c->place = (uint8_t)place;
    c->since_us = core->now_us;
}

void sapa_contact_answer(struct sapa_core *core, struct core_contact *c)
{
    if (c->leg && !c->answer_sent) {
        c->answer_sent = true;
        EMIT(core, cmd_answer, .contact = c->id);
    }
}

void sapa_contact_silence(struct sapa_core *core, struct core_contact *c)
{
    if (c->playing) {
        c->playing = false;
        EMIT(core, cmd_stop_play, .contact = c->id);
    }
}

void sapa_contact_close(struct sapa_core *core, struct core_contact *c, enum sapa_outcome outcome,
                        enum sapa_side side, uint32_t cause)
{
    const enum sapa_place place = c->place;

    sapa_assert(outcome > SAPA_OUTCOME_OPEN);
    sapa_assert(outcome < SAPA_OUTCOME_COUNT);
    sapa_watch_end_all(core, c, side, cause);
    sapa_offer_end_all(core, c, NULL, SAPA_OFFER_CANCELLED);
    for (uint32_t i; (i = c->work) != SAPA_NONE;) {
        struct core_work *w = &core->works[i];
        if (w->dialling && w->kind == KIND_OWN)
            EMIT(core, cmd_dial_cancel, .contact = c->id, .attempt = c->attempt);
        sapa_call_drop_line(core, w);
        if (outcome == SAPA_OUTCOME_MERGED)
            sapa_work_part_on(core, w);
        else
            sapa_work_part(core, w, side, cause);
    }
    sapa_party_end(core, c, side, cause);
    if (c->queued)
        sapa_line_leave(core, c,
                        outcome == SAPA_OUTCOME_SYSTEM_FAULT ? SAPA_DEQUEUE_FAULT
                        : outcome == SAPA_OUTCOME_ABANDONED_QUEUE ||
                                outcome == SAPA_OUTCOME_ABANDONED_RINGING
                            ? SAPA_DEQUEUE_ABANDONED
                            : SAPA_DEQUEUE_FLOW);
    sapa_callback_unlock(core, c);
    if (c->callback != NO_CALLBACK && c->callback != SAPA_CALLBACK_REACHED &&
        c->callback != SAPA_CALLBACK_FAILED) {
        c->callback = SAPA_CALLBACK_CANCELLED;
        EMIT(core, callback_changed, .contact = c->id, .state = c->callback,
             .attempt = c->attempts);
    }
    if (c->message)
        sapa_message_stop(core, c);
    sapa_recording_end(core, c);
    sapa_contact_place(core, c, SAPA_PLACE_ENDED);
    /* of a call of an agent to one person counts whether he was reached, whoever ended it and how */
    if (outcome != SAPA_OUTCOME_MERGED &&
        (c->call == SAPA_TARGET_OUTSIDE + 1 || c->call == SAPA_TARGET_AGENT + 1))
        outcome = c->answered ? SAPA_OUTCOME_REACHED : SAPA_OUTCOME_UNREACHED;
    EMIT(core, contact_ended, .contact = c->id, .client = c->client, .outcome = outcome,
         .side = side, .cause = cause, .place = place, .queue = c->last_queue,
         .total_ms = core_ms(core->now_us - c->arrived_us), .flow_ms = core_ms(c->flow_us),
         .queue_ms = core_ms(c->queue_us), .answered = c->answered);
    EMIT(core, cmd_forget, .contact = c->id);
    release(core, c);
}

void sapa_contact_hangup(struct sapa_core *core, struct core_contact *c, enum sapa_outcome outcome,
                         enum sapa_side side, uint32_t cause)
{
    if (c->leg) {
        const bool up = c->call && c->call_line != SAPA_LINE_OWN; /* a line that was there before the call */
        if (c->answer_sent || up)
            EMIT(core, cmd_hangup, .contact = c->id, .cause = cause ? cause : 16);
        else
            EMIT(core, cmd_reject, .contact = c->id,
                 .status = c->reject_status ? c->reject_status : 480);
        c->leg = false;
        c->playing = false;
    }
    sapa_contact_close(core, c, outcome, side, cause);
}

/* ---- arrival ---- */

/* FNV-1a: a number that calls without a known person is still one party. */
static uint64_t hash_of(struct sapa_str s)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < s.n; i++)
        hash = (hash ^ (uint8_t)s.p[i]) * UINT64_C(0x100000001b3);
    return hash | 1;
}

uint64_t sapa_contact_party(uint64_t person, struct sapa_str address, uint64_t contact)
{
    return person ? person : address.n ? hash_of(address) : contact;
}

uint64_t sapa_contact_party_type(const struct sapa_centre *centre, unsigned direction, uint64_t said, uint32_t number, uint64_t campaign, bool vip)
{
    if (direction == SAPA_DIRECTION_INTERNAL)
        return SAPA_PARTY_TYPE_INTERNAL + 1;
    if (said == SAPA_PARTY_TYPE_CUSTOMER + 1 || said == SAPA_PARTY_TYPE_PROSPECT + 1)
        return said;
    if (campaign > 0 && campaign <= centre->campaigns_count)
        return centre->campaigns[campaign - 1].party_type + UINT64_C(1);
    if (direction == SAPA_DIRECTION_INBOUND && !vip && number < centre->numbers_count)
        return centre->numbers[number].party_type + UINT64_C(1);
    return SAPA_PARTY_TYPE_CUSTOMER + 1;
}

/* It never gets further than the door; the log has it all the same. */
static sapa_rc refuse(struct sapa_core *core, const struct sapa_rec_contact_arrived *in,
                      uint32_t client, uint32_t status)
{
    const uint32_t number = in->number < core->centre->numbers_count ? (uint32_t)in->number : SAPA_NONE;

    EMIT(core, contact_new, .contact = in->contact, .client = client, .channel = in->channel,
         .direction = in->direction, .number = in->number, .person = in->person, .flow = SAPA_NONE,
         .language = in->language ? in->language - 1 : 0,
         .party_type = sapa_contact_party_type(core->centre, (unsigned)in->direction, in->party_type, number, 0, false));
    EMIT(core, cmd_reject, .contact = in->contact, .status = status);
    EMIT(core, contact_ended, .contact = in->contact, .client = client,
         .outcome = SAPA_OUTCOME_REFUSED, .side = SAPA_SIDE_SYSTEM, .cause = status,
         .place = SAPA_PLACE_NEW, .queue = SAPA_NONE);
    EMIT(core, cmd_forget, .contact = in->contact);
    return SAPA_OK;
}

sapa_rc sapa_contact_on_arrived(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_contact_arrived *in = &record->u.contact_arrived;
    const struct sapa_centre *centre = core->centre;
    const struct sapa_caller_rule *rule = NULL;

    if (in->contact == 0 || in->contact >> 54 == 0) /* node 0 is the core's own */
        return SAPA_EINVAL;
    if (in->channel >= CHANNELS || in->direction >= SAPA_DIRECTION_COUNT || in->priority > 255 ||
        in->language > SAPA_LANGUAGE_COUNT)
        return SAPA_EINVAL;
    if (sapa_contact_find(core, in->contact))
        return SAPA_EEXIST;
    if (in->number >= centre->numbers_count)
        return refuse(core, in, SAPA_NONE, 404);
    const struct sapa_number *number = &centre->numbers[in->number];
    if (in->address.n)
        rule = sapa_caller_rule_find(centre, number->client, sapa_sized_str(&in->address));
    if (rule && rule->what == 0)
        return refuse(core, in, number->client, 603);
    if (centre->system.contacts_max && core->contact_count >= centre->system.contacts_max)
        return refuse(core, in, number->client, 503);
    struct core_contact *c = sapa_contact_alloc(core, in->contact);
    if (!c)
        return refuse(core, in, number->client, 503);

    c->person = in->person;
    c->party = sapa_contact_party(in->person, sapa_sized_str(&in->address), in->contact);
    c->arrived_us = c->since_us = core->now_us;
    c->client = number->client;
    c->number = (uint32_t)in->number;
    c->last_agent = in->last_agent < centre->agents_count ? (uint32_t)in->last_agent : SAPA_NONE;
    c->extra = (uint16_t)(number->priority +
                          SAPA_MAX(in->priority, rule && rule->what == SAPA_CALLER_VIP ? rule->priority : 0u));
    c->channel = (uint8_t)in->channel;
    c->direction = (uint8_t)in->direction;
    c->language = (uint8_t)(in->language ? in->language - 1 : number->language);
    c->leg = true;
    c->has_flow = centre->flows_count > 0;
    c->address = in->address;
    EMIT(core, contact_new, .contact = c->id, .client = c->client, .channel = c->channel,
         .direction = c->direction, .number = c->number, .person = c->person,
         .flow = c->has_flow ? number->flow : SAPA_NONE, .language = c->language,
         .party_type = sapa_contact_party_type(centre, c->direction, in->party_type, c->number, 0, rule && rule->what == SAPA_CALLER_VIP));
    if (c->channel == SAPA_CHANNEL_VOICE) {
        sapa_core_record(core, SAPA_T_cmd_ring)->u.cmd_ring =
            (struct sapa_rec_cmd_ring){ .contact = c->id };
        core->record.flags = SAPA_RECORD_NO_PROMISE;
        sapa_core_emit(core);
    }
    if (c->has_flow) {
        memset(&c->run, 0, sizeof(c->run));
        c->run.queue = c->run.queue_node = SAPA_NONE;
        sapa_contact_place(core, c, SAPA_PLACE_FLOW);
        sapa_port_begin(core, c, number->flow);
    } else { /* a centre without flows: the number names a queue */
        sapa_line_enter(core, c, number->flow, 0, c->last_agent);
    }
    return SAPA_OK;
}

/* ---- what the customer's side reports ---- */

sapa_rc sapa_contact_on_answered(struct sapa_core *core, const struct sapa_record *record)
{
    struct core_contact *c = sapa_contact_find(core, record->u.contact_answered.contact);

    if (!c)
        return SAPA_ENOENT;
    if (!c->leg || c->established || !c->answer_sent)
        return SAPA_ESTATE;
    c->established = true;
    if (c->has_flow)
        sapa_port_event(core, c, &(struct sapa_flow_event){ .kind = SAPA_FLOW_ANSWERED });
    return SAPA_OK;
}

/* Who left where: a customer who gives up, or we and the carrier who lost him. */
enum sapa_outcome sapa_contact_outcome(const struct core_contact *c, enum sapa_side side)
{
    const bool fault = side == SAPA_SIDE_NETWORK || side == SAPA_SIDE_SYSTEM;

    const enum sapa_outcome lost = fault                     ? SAPA_OUTCOME_SYSTEM_FAULT
                                   : side == SAPA_SIDE_FLOW ? SAPA_OUTCOME_OVERFLOW_ENDED /* the centre stops */
                                                             : SAPA_OUTCOME_OPEN;

    if (c->callback == SAPA_CALLBACK_REACHED)
        return SAPA_OUTCOME_CALLBACK_KEPT;
    switch ((enum sapa_place)c->place) {
    case SAPA_PLACE_TALK: return SAPA_OUTCOME_ANSWERED;
    case SAPA_PLACE_OUTSIDE: return SAPA_OUTCOME_TRANSFERRED;
    case SAPA_PLACE_QUEUE: return lost ? lost : SAPA_OUTCOME_ABANDONED_QUEUE;
    case SAPA_PLACE_RINGING: return lost ? lost : SAPA_OUTCOME_ABANDONED_RINGING;
    default: break;
    }
    if (c->answered) /* in what follows a conversation */
        return SAPA_OUTCOME_ANSWERED;
    const enum sapa_outcome flow =
        c->has_flow ? sapa_flow_outcome(&c->run) : SAPA_OUTCOME_ABANDONED_FLOW;
    if (flow == SAPA_OUTCOME_OPEN || flow == SAPA_OUTCOME_ABANDONED_FLOW)
        return lost ? lost : SAPA_OUTCOME_ABANDONED_FLOW;
    return fault && flow == SAPA_OUTCOME_OVERFLOW_ENDED ? SAPA_OUTCOME_SYSTEM_FAULT : flow;
}

void sapa_contact_cancel_dial(struct sapa_core *core, const struct core_contact *c)
{
    if ((c->place == SAPA_PLACE_OUTSIDE && c->outside[0].attempt == 0) ||
        (c->has_flow && c->run.phase == SAPA_FLOW_DIALLING))
        EMIT(core, cmd_dial_cancel, .contact = c->id, .attempt = c->run.attempt);
}

sapa_rc sapa_contact_on_gone(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_contact_gone *in = &record->u.contact_gone;
    struct core_contact *c = sapa_contact_find(core, in->contact);

    if (in->side >= SAPA_SIDE_COUNT)
        return SAPA_EINVAL;
    if (!c)
        return SAPA_ENOENT;
    if (!c->leg)
        return SAPA_ESTATE;
    c->leg = false;
    c->playing = false;
    sapa_contact_cancel_dial(core, c);
    if (c->callback != NO_CALLBACK && c->callback != SAPA_CALLBACK_REACHED &&
        c->place != SAPA_PLACE_TALK)
        sapa_callback_begin(core, c);
    else
        sapa_contact_close(core, c, sapa_contact_outcome(c, in->side), in->side, (uint32_t)in->cause);
    return SAPA_OK;
}

sapa_rc sapa_contact_on_play_done(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_play_done *in = &record->u.play_done;
    struct core_contact *c = sapa_contact_find(core, in->contact);

    if (!c)
        return SAPA_ENOENT;
    if (!c->leg || !c->has_flow || in->play != c->run.play)
        return SAPA_ESTATE;
    c->playing = false;
    return sapa_port_event(core, c,
                           &(struct sapa_flow_event){ .kind = SAPA_FLOW_PLAY_DONE,
                                                      .number = (uint32_t)in->play })
               ? SAPA_OK
               : SAPA_ESTATE;
}

sapa_rc sapa_contact_on_digit(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_digit *in = &record->u.digit;
    struct core_contact *c = sapa_contact_find(core, in->contact);

    if (in->side >= SAPA_SIDE_COUNT || in->digit.n != 1)
        return SAPA_EINVAL;
    if (!c)
        return SAPA_ENOENT;
    /* keys pressed while talking, and by agents, are nobody's business here */
    if (c->leg && c->has_flow && in->side == SAPA_SIDE_CUSTOMER && c->place != SAPA_PLACE_TALK)
        sapa_port_event(core, c,
                        &(struct sapa_flow_event){ .kind = SAPA_FLOW_DIGIT,
                                                   .digit = in->digit.p[0],
                                                   .secrets =
                                                       (uint32_t)SAPA_MIN(in->secrets, 1000u) });
    return SAPA_OK;
}

sapa_rc sapa_contact_on_lookup(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_lookup_done *in = &record->u.lookup_done;
    struct core_contact *c = sapa_contact_find(core, in->contact);

    if (in->result > 1000)
        return SAPA_EINVAL;
    if (!c)
        return SAPA_ENOENT;
    if (!c->leg || !c->has_flow)
        return SAPA_ESTATE;
    return sapa_port_event(core, c,
                           &(struct sapa_flow_event){ .kind = SAPA_FLOW_LOOKUP_DONE,
                                                      .number = (uint32_t)in->lookup,
                                                      .result = -(int32_t)in->result,
                                                      .values = sapa_sized_str(&in->values) })
               ? SAPA_OK
               : SAPA_ESTATE;
}

sapa_rc sapa_contact_on_move(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_contact_move *in = &record->u.contact_move;
    struct core_contact *c = sapa_contact_find(core, in->contact);

    if (in->queue >= core->centre->queues_count)
        return SAPA_EINVAL;
    if (!c)
        return SAPA_ENOENT;
    if (in->agent > core->centre->agents_count || in->front > 1)
        return SAPA_EINVAL;
    if (!c->queued || (!c->in_line && c->place != SAPA_PLACE_RINGING))
        return SAPA_ESTATE;
    const uint32_t queue = (uint32_t)in->queue, agent = in->agent ? (uint32_t)in->agent - 1 : SAPA_NONE;
    if (c->queue == queue)
        return in->agent || in->front ? sapa_line_favour(core, c, agent, in->front != 0) : SAPA_ESTATE;
    const struct sapa_queue *to = core_queue_of(core, queue);
    if (to->length_max && sapa_tree_count(core->line, &core->queues[queue].line) >= to->length_max)
        return SAPA_ELIMIT;
    if (c->place == SAPA_PLACE_RINGING || c->work != SAPA_NONE)
        sapa_offer_end_all(core, c, NULL, SAPA_OFFER_WITHDRAWN);
    const struct sapa_queue *from = core_queue_of(core, c->queue);
    const uint32_t add = (uint32_t)SAPA_MAX(0, c->priority - from->priority - c->extra);
    sapa_line_leave(core, c, SAPA_DEQUEUE_MOVED);
    c->keep_age = true;
    sapa_line_enter(core, c, queue, add, SAPA_NONE);
    if (c->queued)
        sapa_line_tell(core, c, SAPA_DEQUEUE_MOVED);
    if (c->queued && c->in_line && c->queue == queue && (in->agent || in->front))
        (void)sapa_line_favour(core, c, agent, in->front != 0); /* he cannot take it: whoever can */
    return SAPA_OK;
}
