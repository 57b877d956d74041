/*
 * Between a contact and the flow that serves it: what the flow asks for becomes commands and moves
 * of the contact; what it may know is gathered for the one call.
 *
 * A flow's wish to hang up is noted and carried out when it has returned, because its state lives
 * in the contact that would be gone.
 */
#include "core/core_impl.h"

struct call {
    struct sapa_core *core;
    struct core_contact *c;
};

#define BOTH                                             \
    struct sapa_core *core = ((struct call *)ctx)->core; \
    struct core_contact *c = ((struct call *)ctx)->c

static void op_answer(void *ctx)
{
    BOTH;
    sapa_contact_answer(core, c);
}

static void op_reject(void *ctx, uint32_t sip_status, enum sapa_outcome outcome)
{
    BOTH;
    (void)core;
    sapa_assert(!c->ending);
    c->ending = true;
    c->reject_status = (uint16_t)sip_status;
    c->end_outcome = (uint8_t)outcome;
    c->end_side = SAPA_SIDE_FLOW;
    c->end_cause = sip_status;
}

static void op_hangup(void *ctx, uint32_t cause, enum sapa_outcome outcome)
{
    BOTH;
    (void)core;
    sapa_assert(!c->ending);
    c->ending = true;
    c->end_outcome = (uint8_t)outcome;
    c->end_side = SAPA_SIDE_FLOW;
    c->end_cause = cause;
}

static void op_play(void *ctx, uint32_t play, bool loop, uint8_t language, struct sapa_str segments)
{
    BOTH;
    struct sapa_record *record = sapa_core_record(core, SAPA_T_cmd_play);
    struct sapa_rec_cmd_play *out = &record->u.cmd_play;

    c->playing = true;
    out->contact = c->id;
    out->play = play;
    out->loop = loop;
    out->client = c->client;
    out->language = language;
    if (!sapa_sized_set(&out->segments, segments))
        out->segments.n =
            0; /* nothing rather than half a sentence; the runner's room is smaller anyway */
    sapa_core_emit(core);
}

static void op_stop_play(void *ctx)
{
    BOTH;
    sapa_contact_silence(core, c);
}

static void op_secret(void *ctx, bool on)
{
    BOTH;
    EMIT(core, cmd_secret, .contact = c->id, .on = on);
}

static void op_set_timer(void *ctx, int64_t at_us)
{
    BOTH;
    c->flow_due_us = at_us;
    sapa_core_timer_set(&core->timers, core_slot(core, TIMER_FLOW, core_index(core, c)), at_us,
                        c->id);
}

static void op_enter_queue(void *ctx, uint32_t queue, uint8_t priority_add, uint32_t agent)
{
    BOTH;
    sapa_assert(queue < core->centre->queues_count);
    if (c->queued) {
        sapa_offer_end_all(core, c, NULL, SAPA_OFFER_WITHDRAWN);
        sapa_line_leave(core, c, SAPA_DEQUEUE_FLOW);
        c->keep_age = true;
    }
    sapa_line_enter(core, c, queue, priority_add, agent);
}

static void op_leave_queue(void *ctx)
{
    BOTH;
    if (!c->queued)
        return;
    sapa_offer_end_all(core, c, NULL, SAPA_OFFER_WITHDRAWN);
    sapa_line_leave(core, c, SAPA_DEQUEUE_FLOW);
}

static void op_request_callback(void *ctx, uint32_t queue, struct sapa_str number)
{
    BOTH;
    /* a call of an agent to the centre itself is his presence: without him there is nothing to call back */
    if (c->call && c->call != SAPA_TARGET_OUTSIDE + 1)
        return;
    if (c->callback == NO_CALLBACK && (c->queued || queue < core->centre->queues_count))
        sapa_callback_request(core, c, queue, number);
}

static void op_lookup(void *ctx, uint32_t lookup, uint32_t timeout_ms, struct sapa_str url)
{
    BOTH;
    struct sapa_record *record = sapa_core_record(core, SAPA_T_cmd_lookup);
    struct sapa_rec_cmd_lookup *out = &record->u.cmd_lookup;

    out->contact = c->id;
    out->lookup = lookup;
    out->timeout_ms = timeout_ms;
    if (!sapa_sized_set(&out->url, url))
        out->url.n = 0; /* an empty address fails at once, and the flow takes its fallback */
    sapa_core_emit(core);
}

static void op_dial(void *ctx, uint32_t attempt, struct sapa_str number, uint32_t ring_ms)
{
    BOTH;
    const uint32_t from = c->client < core->centre->clients_count
                              ? core->centre->clients[c->client].number
                              : SAPA_NONE;
    struct sapa_text64 text = { 0 };

    if (!sapa_sized_set(&text, number))
        text.n = 0;
    EMIT(core, cmd_dial, .contact = c->id, .attempt = attempt, .kind = 1, .number = text,
         .from = from < core->centre->numbers_count ? from : c->number, .ring_ms = ring_ms);
}

static void op_dial_cancel(void *ctx, uint32_t attempt)
{
    BOTH;
    EMIT(core, cmd_dial_cancel, .contact = c->id, .attempt = attempt);
}

static void op_record_start(void *ctx, uint32_t queue, uint32_t max_ms)
{
    BOTH;
    sapa_message_start(core, c, queue, max_ms);
}

static void op_record_stop(void *ctx)
{
    BOTH;
    sapa_message_stop(core, c);
}

static void op_value(void *ctx, struct sapa_str name, struct sapa_str text)
{
    BOTH;
    struct sapa_record *record = sapa_core_record(core, SAPA_T_flow_value);
    struct sapa_rec_flow_value *out = &record->u.flow_value;

    out->contact = c->id;
    out->person = c->person;
    (void)sapa_sized_set(&out->name, name); /* cut where too long */
    (void)sapa_sized_set(&out->value, text);
    sapa_core_emit(core);
}

static void op_survey(void *ctx, struct sapa_str question, uint32_t answer, uint32_t scale)
{
    BOTH;
    struct sapa_text32 text = { 0 };

    (void)sapa_sized_set(&text, question);
    EMIT(core, survey_answered, .contact = c->id, .agent = c->judged_agent,
         .queue = c->judged_queue, .question = text, .answer = answer, .scale = scale);
}

static void op_step(void *ctx, uint32_t flow, uint32_t node, char via, uint8_t language)
{
    BOTH;
    c->language = language;
    EMIT(core, flow_step, .contact = c->id, .flow = flow, .node = node, .via = (uint8_t)via,
         .language = language);
}

static void op_tried(void *ctx, uint32_t attempt, uint32_t place, uint32_t result, struct sapa_str number)
{
    BOTH;
    struct sapa_text64 text = { 0 };

    (void)sapa_sized_set(&text, number);
    EMIT(core, outside_tried, .contact = c->id, .flow = c->run.flow, .node = c->run.node,
         .attempt = attempt, .place = place, .result = result, .number = text);
}

static const struct sapa_flow_ops ops = {
    .answer = op_answer,
    .reject = op_reject,
    .hangup = op_hangup,
    .play = op_play,
    .stop_play = op_stop_play,
    .secret = op_secret,
    .set_timer = op_set_timer,
    .enter_queue = op_enter_queue,
    .leave_queue = op_leave_queue,
    .request_callback = op_request_callback,
    .lookup = op_lookup,
    .dial = op_dial,
    .dial_cancel = op_dial_cancel,
    .record_start = op_record_start,
    .record_stop = op_record_stop,
    .value = op_value,
    .survey = op_survey,
    .step = op_step,
    .tried = op_tried,
};

/* ---- facts ---- */

static int64_t known_ms(uint32_t ms)
{
    return ms == SAPA_NONE ? SAPA_FLOW_UNKNOWN : ms;
}

static void place(void *ctx, struct sapa_flow_place *ret)
{
    const struct sapa_core *core = ((struct call *)ctx)->core;
    const struct core_contact *c = ((struct call *)ctx)->c;

    *ret = (struct sapa_flow_place){ .ewt_p50_ms = SAPA_FLOW_UNKNOWN,
                                     .ewt_p90_ms = SAPA_FLOW_UNKNOWN };
    if (!c->queued)
        return;
    ret->position = 1;
    ret->ewt_p50_ms = ret->ewt_p90_ms = 0; /* somebody's phone rings for it, or is about to */
    ret->waited_ms = (int64_t)core_ms(core->now_us - c->entered_us);
    if (!c->in_line)
        return;
    const uint32_t ahead = sapa_tree_rank(core->line, core_index(core, c));
    ret->position = ahead + 1;
    if (ahead == 0 && sapa_route_anybody(core, c))
        return; /* he is rung when this step settles; the log says the same */
    const struct sapa_ewt ewt = sapa_line_ewt(core, c->queue, ahead);
    ret->ewt_p50_ms = known_ms(ewt.p50_ms);
    ret->ewt_p90_ms = known_ms(ewt.p90_ms);
}

static void queue_facts(void *ctx, uint32_t queue, struct sapa_flow_queue_facts *ret)
{
    const struct sapa_core *core = ((struct call *)ctx)->core;
    const uint32_t waiting = sapa_tree_count(core->line, &core->queues[queue].line);

    ret->waiting = waiting;
    ret->ready = sapa_line_staffed(core, queue);
    ret->logged_in = sapa_line_logged_in(core, queue);
    const struct sapa_ewt ewt = sapa_line_ewt(core, queue, waiting);
    ret->ewt_p50_ms = known_ms(ewt.p50_ms);
}

static bool hours_open(void *ctx, uint32_t hours, int64_t now_us, bool *ret_holiday)
{
    const struct sapa_core *core = ((struct call *)ctx)->core;

    *ret_holiday = sapa_hours_holiday(core->centre, hours, now_us) != SAPA_NONE;
    return sapa_hours_open(core->centre, hours, now_us);
}

static int32_t zone_offset_s(void *ctx, uint32_t client, int64_t now_us)
{
    const struct sapa_centre *centre = ((struct call *)ctx)->core->centre;
    const uint32_t hours =
        client < centre->clients_count ? centre->clients[client].hours : SAPA_NONE;
    const uint32_t zone =
        hours < centre->hours_count ? centre->hours[hours].zone : centre->system.zone;

    return zone < centre->zones_count ? sapa_zone_offset_s(&centre->zones[zone], now_us / 1000000)
                                      : 0;
}

static struct sapa_flow_env env_of(struct call *call)
{
    struct sapa_core *core = call->core;
    struct core_contact *c = call->c;
    const struct sapa_number *number =
        c->number < core->centre->numbers_count ? &core->centre->numbers[c->number] : NULL;
    return (struct sapa_flow_env){
        .centre = core->centre,
        .ops = &ops,
        .ctx = call,
        .now_us = core->now_us,
        .answered = c->established,
        .caller_known = c->person != 0,
        .vip = number && c->extra > number->priority,
        .surge = sapa_core_switch_on(core, SAPA_SWITCH_SURGE, c->client),
        .closed = sapa_core_switch_on(core, SAPA_SWITCH_CLOSED, c->client),
        .client = c->client,
        .last_agent = c->last_agent,
        .caller = sapa_sized_str(&c->address),
        .dialled = number ? number->key : (struct sapa_str){ NULL, 0 },
        .place = place,
        .queue_facts = queue_facts,
        .hours_open = hours_open,
        .zone_offset_s = zone_offset_s,
    };
}

/* The flow has returned: carry out its wish to end the call. */
static void finish(struct sapa_core *core, struct core_contact *c)
{
    if (!c->ending)
        return;
    c->ending = false;
    if (c->end_outcome == SAPA_OUTCOME_OPEN && c->callback != NO_CALLBACK) {
        EMIT(core, cmd_hangup, .contact = c->id, .cause = c->end_cause ? c->end_cause : 16);
        c->leg = false;
        c->playing = false;
        sapa_callback_begin(core, c);
        return;
    }
    enum sapa_outcome outcome = c->end_outcome;
    if (outcome == SAPA_OUTCOME_OPEN && c->call) /* he asked to be called back */
        outcome = SAPA_OUTCOME_CONTAINED;
    if (outcome <= SAPA_OUTCOME_OPEN || outcome >= SAPA_OUTCOME_COUNT)
        outcome = SAPA_OUTCOME_SYSTEM_FAULT;
    if (c->answered &&
        (outcome == SAPA_OUTCOME_CONTAINED || outcome == SAPA_OUTCOME_ABANDONED_FLOW ||
         outcome == SAPA_OUTCOME_OVERFLOW_ENDED))
        outcome =
            SAPA_OUTCOME_ANSWERED; /* what followed the conversation does not change what it was */
    if (c->callback == SAPA_CALLBACK_REACHED)
        outcome = SAPA_OUTCOME_CALLBACK_KEPT;
    sapa_contact_hangup(core, c, outcome, c->end_side, c->end_cause);
}

void sapa_port_begin(struct sapa_core *core, struct core_contact *c, uint32_t flow)
{
    struct call call = { core, c };
    const struct sapa_flow_env env = env_of(&call);

    sapa_assert(flow < core->centre->flows_count);
    sapa_flow_begin(&env, &c->run, flow, c->language);
    finish(core, c);
}

bool sapa_port_event(struct sapa_core *core, struct core_contact *c,
                     const struct sapa_flow_event *event)
{
    struct call call = { core, c };

    if (!c->has_flow || !c->leg)
        return false;
    const struct sapa_flow_env env = env_of(&call);
    const bool fits = sapa_flow_event(&env, &c->run, event);
    finish(core, c);
    return fits;
}

/* Results that a flow could not be told while it was asking. */
void sapa_port_pending(struct sapa_core *core)
{
    for (unsigned rounds = 0; core->pending_count > 0 && rounds < 64; rounds++) {
        struct core_contact *c = &core->contacts[core->pending[0]];
        const enum sapa_dequeue reason = c->reason ? c->reason - 1u : SAPA_DEQUEUE_COUNT;
        core->pending_count--;
        for (uint32_t i = 0; i < core->pending_count; i++)
            core->pending[i] = core->pending[i + 1];
        if (reason == SAPA_DEQUEUE_COUNT)
            continue;
        c->reason = 0;
        sapa_line_arm(core, c);
        if (c->queued != (reason == SAPA_DEQUEUE_MOVED))
            continue; /* overtaken by what came after it */
        const struct sapa_flow_event event = { .kind = SAPA_FLOW_QUEUE_RESULT,
                                               .result = (int32_t)reason,
                                               .number = c->queued ? c->queue : 0 };
        if (sapa_port_event(core, c, &event) || reason == SAPA_DEQUEUE_MOVED)
            continue;
        sapa_contact_hangup(core, c, SAPA_OUTCOME_OVERFLOW_ENDED, SAPA_SIDE_FLOW, 0);
    }
    for (uint32_t i = 0; i < core->pending_count; i++)
        sapa_line_arm(core, &core->contacts[core->pending[i]]);
    core->pending_count = 0;
}
