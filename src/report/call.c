#include "report/call.h"

#include "report/save_impl.h"

enum { CALLS_MARK = 0x4c414353, CALLS_VERSION = 6 }; /* "SCAL" */

struct closed_contact {
    uint64_t contact;
    int64_t ended_us;
};

void sapa_calls_init(struct sapa_calls *calls, const struct sapa_memory *memory,
                     const struct sapa_names *names)
{
    *calls = (struct sapa_calls){ .names = names };
    sapa_table_init(&calls->open, memory, sizeof(struct sapa_call), SAPA_CALLS_MAX);
    sapa_table_init(&calls->closed, memory, sizeof(struct closed_contact), SAPA_CALLS_MAX);
}

void sapa_calls_done(struct sapa_calls *calls)
{
    sapa_table_done(&calls->open);
    sapa_table_done(&calls->closed);
}

static uint32_t clip32(uint64_t value)
{
    return (uint32_t)SAPA_MIN(value, (uint64_t)UINT32_MAX);
}

static uint16_t clip16(uint64_t value)
{
    return (uint16_t)SAPA_MIN(value, (uint64_t)UINT16_MAX);
}

static uint8_t clip8(uint64_t value)
{
    return (uint8_t)SAPA_MIN(value, (uint64_t)UINT8_MAX);
}

static uint32_t dim_of(const struct sapa_calls *calls, enum sapa_dim kind, uint64_t index)
{
    return sapa_names_dim(calls->names, kind, index);
}

/* A place in one of the bounded lists; NULL (and counted) when it is full. */
#define LIST_ADD(call, list)                                                          \
    ((call)->list##_count < SAPA_COUNT((call)->list##s) ? &(call)->list##s[(call)->list##_count++] \
                                                        : ((call)->dropped++, NULL))

static struct sapa_call_part *part_of(struct sapa_call *call, uint64_t offer)
{
    for (unsigned i = call->part_count; i-- > 0;)
        if (call->parts[i].offer == offer)
            return &call->parts[i];
    return NULL;
}

static struct sapa_call_recording *recording_of(struct sapa_call *call, uint64_t recording)
{
    for (unsigned i = 0; i < call->recording_count; i++)
        if (call->recordings[i].recording == recording)
            return &call->recordings[i];
    struct sapa_call_recording *added = LIST_ADD(call, recording);
    if (added)
        *added = (struct sapa_call_recording){ .recording = recording, .state = SAPA_CALL_RECORDING_DUE, .rest_from_ms = SAPA_NONE };
    return added;
}

/* ---- the recording meter ---- */

static bool is_recording(const struct sapa_call *call)
{
    for (unsigned i = 0; i < call->recording_count; i++)
        if (!call->recordings[i].is_voicemail && (call->recordings[i].state == 0 || call->recordings[i].state == 2))
            return true;
    return false;
}

/* The stretch of conversation up to now, under the policy that held in it. */
static void meter_turn(struct sapa_call *call, int64_t at_us)
{
    if (call->talking > 0 && at_us > call->talking_since_us) {
        const uint64_t length_us = (uint64_t)(at_us - call->talking_since_us);
        call->talked_us += length_us;
        if (call->owes)
            call->owed_us += length_us;
        if (call->forbids && is_recording(call))
            call->forbidden_us += length_us;
    }
    call->talking_since_us = at_us;
}

struct share {
    uint64_t length, recorded, masked;
};

/* What the recorder says, as far as there was conversation. */
static void share_read(const struct sapa_call *call, bool is_owed, uint64_t length, struct share *ret)
{
    *ret = (struct share){ .length = length };
    for (unsigned i = 0; i < call->recording_count; i++) {
        const struct sapa_call_recording *r = &call->recordings[i];
        if (r->is_voicemail || r->state == 4 || r->is_owed != is_owed)
            continue;
        ret->recorded += r->recorded_ms;
        ret->masked += r->masked_ms - SAPA_MIN(r->rest_ms, r->masked_ms);
    }
    ret->recorded = SAPA_MIN(ret->recorded, length);
    ret->masked = SAPA_MIN(ret->masked, length - ret->recorded); /* a pause that the agent forgot goes on after him */
}

/*
 * Each answered millisecond is in exactly one of the four. The stretches that policy says must be recorded
 * are judged apart from the others, each by its own recordings: what was recorded where nobody asked for
 * it does not make up for a hole where it is owed. What goes on without an agent (a survey, the way to
 * the next one) is masked too, but none of it.
 */
static void meter_read(struct sapa_call *call)
{
    const uint64_t conversation = call->talked_us / 1000;
    const uint64_t owed_ms = SAPA_MIN(call->owed_us / 1000, conversation);
    struct share owed, free;

    share_read(call, true, owed_ms, &owed);
    share_read(call, false, conversation - owed_ms, &free);
    call->conversation_ms = clip32(conversation);
    call->recorded_ms = clip32(owed.recorded + free.recorded);
    call->masked_ms = clip32(owed.masked + free.masked);
    call->excluded_ms = clip32(free.length - free.recorded - free.masked);
    call->unrecorded_ms = clip32(owed.length - owed.recorded - owed.masked);
    call->forbidden_ms = clip32(call->forbidden_us / 1000);
}

/* ---- finishing ---- */

static bool recordings_over(const struct sapa_call *call)
{
    for (unsigned i = 0; i < call->recording_count; i++)
        if (call->recordings[i].state < 3 || (call->recordings[i].state == SAPA_CALL_RECORDING_DUE && call->owed_us > 0))
            return false;
    return true;
}

static bool is_finished(const struct sapa_call *call, int64_t now_us)
{
    if (call->open_wrapups > 0)
        return false;
    if (now_us - call->ended_us >= SAPA_CALL_LINGER_US)
        return true;
    return recordings_over(call) && (call->legs_due == 0 || now_us - call->ended_us >= SAPA_CALL_QUALITY_US);
}

static void finish(struct sapa_calls *calls, struct sapa_call *call)
{
    call->late = !recordings_over(call);
    meter_read(call);
    calls->finished_count++;
    if (calls->finished)
        calls->finished(calls->ctx, call);
    sapa_table_remove(&calls->open, call);
}

/* At the end of a log: only what could still come from the recorder is waited for. */
static bool is_finished_at_end(const struct sapa_call *call, int64_t now_us)
{
    return call->open_wrapups == 0 && (recordings_over(call) || now_us - call->ended_us >= SAPA_CALL_LINGER_US);
}

/* Looks at what is closed. Called between inputs only: what one input causes belongs together. */
static void sweep(struct sapa_calls *calls, bool at_end)
{
    for (uint32_t i = calls->closed.count; i-- > 0;) {
        struct closed_contact *closed = sapa_table_at(&calls->closed, i);
        struct sapa_call *call = sapa_table_find(&calls->open, closed->contact);
        if (!call) {
            sapa_table_remove(&calls->closed, closed);
        } else if (at_end ? is_finished_at_end(call, calls->now_us) : is_finished(call, calls->now_us)) {
            sapa_table_remove(&calls->closed, closed);
            finish(calls, call);
        }
    }
}

void sapa_calls_flush(struct sapa_calls *calls)
{
    sweep(calls, true);
}

/* ---- records ---- */

static void arrived(struct sapa_calls *calls, const struct sapa_record *record)
{
    const struct sapa_rec_contact_arrived *in = &record->u.contact_arrived;

    calls->arrival = (struct sapa_record_arrival){
        .contact = in->contact, .at_us = record->at_us, .trunk = clip32(in->trunk),
        .priority = clip32(in->priority), .erased = (record->flags & SAPA_RECORD_ERASED) != 0,
    };
    (void)sapa_str_copy(sapa_sized_str(&in->address), calls->arrival.address, sizeof(calls->arrival.address));
    (void)sapa_str_copy(sapa_sized_str(&in->reference), calls->arrival.reference,
                        sizeof(calls->arrival.reference));
}

/* A call that an agent places: whom, as the contact's address. */
static void called(struct sapa_calls *calls, const struct sapa_record *record)
{
    const struct sapa_rec_agent_call *in = &record->u.agent_call;

    calls->arrival = (struct sapa_record_arrival){
        .contact = in->contact, .at_us = record->at_us, .trunk = SAPA_NONE, .erased = (record->flags & SAPA_RECORD_ERASED) != 0,
    };
    (void)sapa_str_copy(sapa_sized_str(&in->address), calls->arrival.address, sizeof(calls->arrival.address));
    (void)sapa_str_copy(sapa_sized_str(&in->reference), calls->arrival.reference, sizeof(calls->arrival.reference));
}

/* Where no conversation went on while the centre was down there was none to record. */
static void stopped(struct sapa_calls *calls, const struct sapa_record *record)
{
    const struct sapa_rec_centre_started *in = &record->u.centre_started;

    if (in->stopped_us <= 0 || !in->whole)
        return;
    for (uint32_t i = 0; i < calls->open.count; i++) {
        struct sapa_call *call = sapa_table_at(&calls->open, i);
        if (call->talking == 0)
            continue;
        meter_turn(call, in->stopped_us);
        call->talking_since_us = SAPA_MAX(record->at_us, call->talking_since_us);
    }
}

static sapa_rc opened(struct sapa_calls *calls, const struct sapa_record *record)
{
    const struct sapa_rec_contact_new *in = &record->u.contact_new;
    const struct sapa_record_arrival *arrival = &calls->arrival;
    struct sapa_call *call;

    if (sapa_table_find(&calls->open, in->contact))
        return SAPA_OK; /* the check names it */
    const sapa_rc rc = sapa_table_add(&calls->open, in->contact, &call);
    if (rc != SAPA_OK)
        return rc;
    call->person = in->person;
    call->seq_first = record->seq;
    call->arrived_us = call->opened_us = record->at_us;
    call->client = dim_of(calls, SAPA_DIM_CLIENT, in->client);
    call->number = dim_of(calls, SAPA_DIM_NUMBER, in->number);
    call->queue = call->agent = call->trunk = SAPA_NONE;
    call->campaign = in->campaign == 0 ? SAPA_NONE : dim_of(calls, SAPA_DIM_CAMPAIGN, in->campaign - 1);
    call->flow = clip32(in->flow);
    call->channel = clip8(in->channel);
    call->direction = clip8(in->direction);
    call->language = clip8(in->language);
    call->party_type = clip8(SAPA_MIN(in->party_type, (uint64_t)SAPA_PARTY_TYPE_COUNT));
    if (arrival->contact == in->contact) {
        call->arrived_us = arrival->at_us;
        call->trunk = arrival->trunk;
        call->priority = clip8(arrival->priority);
        call->erased = arrival->erased;
        memcpy(call->address, arrival->address, sizeof(call->address));
        memcpy(call->reference, arrival->reference, sizeof(call->reference));
    }
    return SAPA_OK;
}

static void stepped(struct sapa_call *call, const struct sapa_record *record)
{
    const struct sapa_rec_flow_step *in = &record->u.flow_step;
    struct sapa_call_step *step = LIST_ADD(call, step);

    call->language = clip8(in->language);
    if (step)
        *step = (struct sapa_call_step){ clip32(in->flow), clip16(in->node), clip8(in->via) };
}

static void queued(struct sapa_calls *calls, struct sapa_call *call, const struct sapa_record *record)
{
    const struct sapa_rec_contact_queued *in = &record->u.contact_queued;
    struct sapa_call_visit *visit = LIST_ADD(call, visit);

    call->queue = dim_of(calls, SAPA_DIM_QUEUE, in->queue);
    if (call->queued_us == 0)
        call->queued_us = record->at_us;
    if (visit)
        *visit = (struct sapa_call_visit){
            .queued_us = record->at_us, .queue = call->queue, .ewt_p50_ms = clip32(in->ewt_p50_ms),
            .ewt_p90_ms = clip32(in->ewt_p90_ms), .is_callback = in->virtual_waiter != 0,
        };
}

static struct sapa_call_visit *open_visit(struct sapa_call *call, uint32_t queue)
{
    for (unsigned i = call->visit_count; i-- > 0;)
        if (call->visits[i].left_us == 0 && (queue == SAPA_NONE || call->visits[i].queue == queue))
            return &call->visits[i];
    return NULL;
}

static void dequeued(struct sapa_calls *calls, struct sapa_call *call, const struct sapa_record *record)
{
    const struct sapa_rec_contact_dequeued *in = &record->u.contact_dequeued;
    struct sapa_call_visit *visit = open_visit(call, dim_of(calls, SAPA_DIM_QUEUE, in->queue));

    if (visit) {
        visit->left_us = record->at_us;
        visit->reason = clip8(in->reason);
    }
}

static void offered(struct sapa_calls *calls, struct sapa_call *call, const struct sapa_record *record)
{
    const struct sapa_rec_offer_made *in = &record->u.offer_made;
    struct sapa_call_visit *visit = open_visit(call, SAPA_NONE);

    if (in->kind >= 2) { /* a call of his own, or a colleague's: no offer of work */
        struct sapa_call_part *part = LIST_ADD(call, part);
        if (part)
            *part = (struct sapa_call_part){
                .offer = in->offer, .agent = dim_of(calls, SAPA_DIM_AGENT, in->agent), .queue = SAPA_NONE,
                .disposition = SAPA_NONE, .kind = clip8(in->kind),
            };
        return;
    }
    call->offers.made++;
    if (visit)
        visit->offers++;
}

static void offer_over(struct sapa_calls *calls, struct sapa_call *call, const struct sapa_record *record)
{
    const struct sapa_rec_offer_ended *in = &record->u.offer_ended;
    struct sapa_call_part *part = part_of(call, in->offer);

    if (part && part->kind >= 2) {
        part->ring_ms = clip32(in->ring_ms);
        return;
    }
    call->offers.ring_ms += clip32(in->ring_ms);
    switch (in->result) {
    case SAPA_OFFER_ACCEPTED:
        call->offers.accepted++;
        part = LIST_ADD(call, part);
        if (part)
            *part = (struct sapa_call_part){
                .offer = in->offer, .agent = dim_of(calls, SAPA_DIM_AGENT, in->agent),
                .queue = dim_of(calls, SAPA_DIM_QUEUE, in->queue), .disposition = SAPA_NONE,
                .ring_ms = clip32(in->ring_ms),
            };
        break;
    case SAPA_OFFER_REFUSED:
    case SAPA_OFFER_BUSY: call->offers.refused++; break;
    case SAPA_OFFER_NO_ANSWER: call->offers.no_answer++; break;
    case SAPA_OFFER_UNREACHABLE:
    case SAPA_OFFER_FAULT: call->offers.failed++; break;
    default: call->offers.gone++; break;
    }
}

static void connected(struct sapa_calls *calls, struct sapa_call *call, const struct sapa_record *record)
{
    const struct sapa_rec_contact_connected *in = &record->u.contact_connected;
    struct sapa_call_part *part = part_of(call, in->offer);

    if (!part) { /* an acceptance without its offer_ended: the check names it */
        part = LIST_ADD(call, part);
        if (part)
            *part = (struct sapa_call_part){ .offer = in->offer, .disposition = SAPA_NONE };
    }
    call->answered = true;
    call->agent = dim_of(calls, SAPA_DIM_AGENT, in->agent);
    if (call->connected_us == 0)
        call->connected_us = record->at_us;
    if (part) {
        part->agent = call->agent;
        part->queue = dim_of(calls, SAPA_DIM_QUEUE, in->queue);
        part->connected_us = record->at_us;
        part->policy = clip8(in->policy);
    }
    meter_turn(call, record->at_us);
    call->talking++;
    call->parties_max = SAPA_MAX(call->parties_max, 2);
    if (part && part->kind == 2 && call->direction == SAPA_DIRECTION_INTERNAL)
        return; /* the caller himself: his line is the first, and recording is by the rules of the other */
    call->legs_due++;
    call->owes = in->policy == SAPA_RECORD_ALL || (in->policy == SAPA_RECORD_SHARE && in->recording != 0);
    call->forbids = in->policy == SAPA_RECORD_NONE;
    struct sapa_call_recording *recording = in->recording ? recording_of(call, in->recording) : NULL;
    if (recording && call->owes)
        recording->is_owed = true;
}

static void parted(struct sapa_call *call, const struct sapa_record *record)
{
    const struct sapa_rec_contact_parted *in = &record->u.contact_parted;
    struct sapa_call_part *part = part_of(call, in->offer);

    call->talk_ms += clip32(in->talk_ms);
    call->hold_ms += clip32(in->hold_ms);
    if (call->talking > 0) {
        meter_turn(call, record->at_us);
        call->talking--;
    }
    if (part) {
        part->parted_us = record->at_us;
        part->talk_ms = clip32(in->talk_ms);
        part->hold_ms = clip32(in->hold_ms);
        part->side = clip8(in->side);
        part->cause = clip16(in->cause);
    }
}

/* Another agent comes into a conversation that goes on, or somebody outside. */
static void party_in(struct sapa_calls *calls, struct sapa_call *call, const struct sapa_record *record)
{
    const struct sapa_rec_party_joined *in = &record->u.party_joined;

    call->parties_max = SAPA_MAX(call->parties_max, clip8(in->parties));
    if (in->offer == 0) {
        struct sapa_call_outside *outside = LIST_ADD(call, outside);
        if (outside)
            *outside = (struct sapa_call_outside){ .joined_us = record->at_us, .attempt = clip32(in->attempt) };
        return;
    }
    struct sapa_call_part *part = LIST_ADD(call, part);
    call->agent = dim_of(calls, SAPA_DIM_AGENT, in->agent);
    call->answered = true;
    if (call->connected_us == 0)
        call->connected_us = record->at_us;
    if (part)
        *part = (struct sapa_call_part){
            .offer = in->offer, .agent = call->agent, .queue = dim_of(calls, SAPA_DIM_QUEUE, in->queue),
            .disposition = SAPA_NONE, .connected_us = record->at_us, .joined = true,
            .policy = call->part_count > 1 ? call->parts[call->part_count - 2].policy : 0,
        };
    meter_turn(call, record->at_us);
    call->talking++;
    call->legs_due++;
}

static void party_out(struct sapa_call *call, const struct sapa_record *record)
{
    for (unsigned i = 0; i < call->outside_count; i++)
        if (call->outsides[i].attempt == record->u.party_left.attempt && call->outsides[i].left_us == 0)
            call->outsides[i].left_us = record->at_us;
}

/* A number that we called, and by which trunk: the customer himself, or somebody outside who joins by answering. */
static void dial_moved(struct sapa_call *call, const struct sapa_record *record)
{
    const struct sapa_rec_dial_progress *in = &record->u.dial_progress;
    const bool is_customer = (call->direction == SAPA_DIRECTION_OUTBOUND && call->connected_us == 0)
                             || call->callback == SAPA_CALLBACK_DIALLING + 1;
    struct sapa_call_outside *outside = NULL;

    if (is_customer) {
        if (in->state == 1 && in->trunk != 0)
            call->trunk = clip32(in->trunk - 1);
        return;
    }
    for (unsigned i = 0; i < call->outside_count; i++)
        if (call->outsides[i].attempt == in->attempt && call->outsides[i].left_us == 0)
            outside = &call->outsides[i];
    if (in->state == 1 && !outside)
        outside = LIST_ADD(call, outside);
    else if (in->state == 3 && outside)
        outside->left_us = record->at_us;
    if (in->state == 1 && outside)
        *outside = (struct sapa_call_outside){ .joined_us = record->at_us, .attempt = clip32(in->attempt), .trunk = clip32(in->trunk) };
}

static void passed_on(struct sapa_calls *calls, struct sapa_call *call, const struct sapa_record *record)
{
    static const enum sapa_dim dims[SAPA_TARGET_COUNT] = {
        [SAPA_TARGET_QUEUE] = SAPA_DIM_QUEUE, [SAPA_TARGET_NUMBER] = SAPA_DIM_NUMBER, [SAPA_TARGET_AGENT] = SAPA_DIM_AGENT,
    };
    const struct sapa_rec_contact_transferred *in = &record->u.contact_transferred;
    struct sapa_call_transfer *transfer = LIST_ADD(call, transfer);

    if (!transfer)
        return;
    *transfer = (struct sapa_call_transfer){
        .at_us = record->at_us, .other = in->other, .agent = dim_of(calls, SAPA_DIM_AGENT, in->agent), .target = SAPA_NONE,
        .kind = clip8(in->kind), .asked = in->asked != 0,
    };
    if (in->kind < SAPA_TARGET_OUTSIDE)
        transfer->target = dim_of(calls, dims[in->kind], in->target);
}

static void merged(struct sapa_call *call, const struct sapa_record *record)
{
    call->merged_from = record->u.contact_merged.other;
    call->conference |= record->u.contact_merged.conference != 0;
}

/* Also where only the one that ended is folded: a single record is the same as in a list. */
static void merged_into(struct sapa_calls *calls, const struct sapa_rec_contact_merged *in)
{
    struct sapa_call *other = sapa_table_find(&calls->open, in->other);

    if (other)
        other->merged_into = in->contact;
}

static void assigned(struct sapa_call *call, const struct sapa_record *record)
{
    const struct sapa_rec_assignment_moved *in = &record->u.assignment_moved;
    struct sapa_call_part *part = part_of(call, in->offer);

    if (!part)
        return;
    if (in->to == SAPA_ASSIGNMENT_WRAPUP && part->wrapup == 0) {
        part->wrapup = 1;
        call->open_wrapups++;
    } else if (in->from == SAPA_ASSIGNMENT_WRAPUP && part->wrapup == 1) {
        part->wrapup = 2; /* however it ended; wrapup_ended adds what is known about it */
        call->open_wrapups--;
    }
}

static void wrapped(struct sapa_calls *calls, struct sapa_call *call, const struct sapa_record *record)
{
    const struct sapa_rec_wrapup_ended *in = &record->u.wrapup_ended;
    struct sapa_call_part *part = part_of(call, in->offer);

    call->wrapup_ms += clip32(in->wrapup_ms);
    if (!part)
        return;
    if (part->wrapup == 1)
        call->open_wrapups--;
    part->wrapup = 2;
    part->wrapped_us = record->at_us;
    part->wrapup_ms = clip32(in->wrapup_ms);
    part->wrapup_how = clip8(in->how);
    part->disposition = dim_of(calls, SAPA_DIM_DISPOSITION, in->disposition);
}

static sapa_rc ended(struct sapa_calls *calls, struct sapa_call *call, const struct sapa_record *record)
{
    const struct sapa_rec_contact_ended *in = &record->u.contact_ended;
    struct closed_contact *closed;

    if (call->ended_us != 0)
        return SAPA_OK;
    call->ended_us = record->at_us;
    call->outcome = clip8(in->outcome);
    call->side = clip8(in->side);
    call->cause = clip32(in->cause);
    call->place = clip8(in->place);
    call->total_ms = clip32(in->total_ms);
    call->flow_ms = clip32(in->flow_ms);
    call->queue_ms = clip32(in->queue_ms);
    const sapa_rc rc = sapa_table_add(&calls->closed, call->contact, &closed);
    if (rc == SAPA_OK)
        closed->ended_us = record->at_us;
    return rc;
}

static void recorded(struct sapa_call *call, const struct sapa_record *record)
{
    const struct sapa_rec_recording_state *in = &record->u.recording_state;
    struct sapa_call_recording *recording = recording_of(call, in->recording);

    if (!recording)
        return;
    if (call->talking > 0)
        meter_turn(call, record->at_us); /* what was before it was under the recorder's state of before */
    if (in->state == 0)
        recording->started_us = record->at_us;
    recording->state = clip8(SAPA_MIN(in->state, (uint64_t)SAPA_CALL_RECORDING_CUT));
    recording->recorded_ms = clip32(in->recorded_ms);
    recording->masked_ms = clip32(in->masked_ms);
    if (in->state == 1 && call->talking == 0) {
        recording->rest_from_ms = recording->masked_ms;
    } else if (in->state != 1 && recording->rest_from_ms != SAPA_NONE) {
        recording->rest_ms += recording->masked_ms - SAPA_MIN(recording->rest_from_ms, recording->masked_ms);
        recording->rest_from_ms = SAPA_NONE;
    }
    recording->bytes = in->bytes;
}

static void measured(struct sapa_call *call, const struct sapa_record *record)
{
    const struct sapa_rec_leg_quality *in = &record->u.leg_quality;

    if (!in->final)
        return;
    if (call->legs_due > 0)
        call->legs_due--;
    struct sapa_call_leg *leg = LIST_ADD(call, leg);
    if (leg)
        *leg = (struct sapa_call_leg){
            .leg = in->leg, .packets = clip32(in->packets), .lost = clip32(in->lost),
            .jitter_us = clip32(in->jitter_us), .jitter_max_us = clip32(in->jitter_max_us),
            .mos_x100 = clip16(in->mos_x100), .mos_min_x100 = clip16(in->mos_min_x100),
            .sent = clip32(in->sent), .heard_lost = clip32(in->heard_lost),
            .heard_jitter_us = clip32(in->heard_jitter_us), .heard_mos_x100 = clip16(in->heard_mos_x100),
            .heard_mos_min_x100 = clip16(in->heard_mos_min_x100), .side = clip8(in->side),
        };
}

static void surveyed(struct sapa_calls *calls, struct sapa_call *call, const struct sapa_record *record)
{
    const struct sapa_rec_survey_answered *in = &record->u.survey_answered;
    struct sapa_call_answer *answer = LIST_ADD(call, answer);

    if (!answer)
        return;
    (void)sapa_str_copy(sapa_sized_str(&in->question), answer->question, sizeof(answer->question));
    answer->agent = dim_of(calls, SAPA_DIM_AGENT, in->agent);
    answer->queue = dim_of(calls, SAPA_DIM_QUEUE, in->queue);
    answer->answer = clip8(in->answer);
    answer->scale = clip8(in->scale);
}

static sapa_rc about(struct sapa_calls *calls, struct sapa_call *call, const struct sapa_record *record)
{
    struct sapa_call_recording *recording;

    call->seq_last = record->seq;
    switch (record->type) {
    case SAPA_T_contact_answered:
        if (call->answered_us == 0) {
            call->answered_us = record->at_us;
            call->legs_due += record->u.contact_answered.leg != 0;
        }
        break;
    case SAPA_T_flow_step: stepped(call, record); break;
    case SAPA_T_contact_queued: queued(calls, call, record); break;
    case SAPA_T_contact_dequeued: dequeued(calls, call, record); break;
    case SAPA_T_offer_made: offered(calls, call, record); break;
    case SAPA_T_offer_ended: offer_over(calls, call, record); break;
    case SAPA_T_contact_connected: connected(calls, call, record); break;
    case SAPA_T_contact_parted: parted(call, record); break;
    case SAPA_T_assignment_moved: assigned(call, record); break;
    case SAPA_T_wrapup_ended: wrapped(calls, call, record); break;
    case SAPA_T_contact_ended: return ended(calls, call, record);
    case SAPA_T_callback_changed:
        call->callback = clip8(record->u.callback_changed.state + 1);
        call->callback_attempts = SAPA_MAX(call->callback_attempts, clip8(record->u.callback_changed.attempt));
        break;
    case SAPA_T_voicemail_left:
        call->voicemail_ms += clip32(record->u.voicemail_left.length_ms);
        recording = recording_of(call, record->u.voicemail_left.recording);
        if (recording)
            recording->is_voicemail = true;
        break;
    case SAPA_T_recording_state: recorded(call, record); break;
    case SAPA_T_leg_quality: measured(call, record); break;
    case SAPA_T_survey_answered: surveyed(calls, call, record); break;
    case SAPA_T_party_joined: party_in(calls, call, record); break;
    case SAPA_T_party_left: party_out(call, record); break;
    case SAPA_T_dial_progress: dial_moved(call, record); break;
    case SAPA_T_contact_transferred: passed_on(calls, call, record); break;
    case SAPA_T_contact_merged: merged(call, record); break;
    case SAPA_T_contact_party:
        if (call->direction != SAPA_DIRECTION_INTERNAL && record->u.contact_party.party_type <= SAPA_PARTY_TYPE_INTERNAL)
            call->party_type = clip8(record->u.contact_party.party_type);
        break;
    default: break;
    }
    return SAPA_OK;
}

/* The contact a record speaks of, of those types that matter to call records. */
static uint64_t contact_of(const struct sapa_record *record)
{
    switch (record->type) {
#define C(name) case SAPA_T_##name: return record->u.name.contact;
    C(contact_answered) C(flow_step) C(contact_queued) C(contact_dequeued) C(offer_made) C(offer_ended)
    C(contact_connected) C(contact_parted) C(assignment_moved) C(wrapup_ended) C(contact_ended)
    C(callback_changed) C(voicemail_left) C(recording_state) C(leg_quality) C(survey_answered)
    C(party_joined) C(party_left) C(dial_progress) C(contact_transferred) C(contact_merged) C(contact_party)
#undef C
    default: return 0;
    }
}

sapa_rc sapa_calls_fold(struct sapa_calls *calls, const struct sapa_record *record)
{
    if (record->seq != 0) {
        if (record->seq <= calls->seq)
            return SAPA_OK;
        calls->seq = record->seq;
    }
    calls->now_us = SAPA_MAX(calls->now_us, record->at_us);
    /* Between inputs, and once a second of the log, not after every record. */
    if (sapa_type_is_input(record->type) && calls->closed.count > 0 && calls->now_us >= calls->sweep_us) {
        sweep(calls, false);
        calls->sweep_us = calls->now_us + 1000000;
    }
    if (record->type == SAPA_T_contact_arrived)
        arrived(calls, record);
    else if (record->type == SAPA_T_agent_call)
        called(calls, record);
    else if (record->type == SAPA_T_contact_new)
        return opened(calls, record);
    else if (record->type == SAPA_T_centre_started)
        stopped(calls, record);
    else if (record->type == SAPA_T_contact_merged)
        merged_into(calls, &record->u.contact_merged);
    const uint64_t contact = contact_of(record);
    if (contact == 0)
        return SAPA_OK;
    struct sapa_call *call = sapa_table_find(&calls->open, contact);
    if (!call) {
        calls->after++;
        return SAPA_OK;
    }
    return about(calls, call, record);
}

const struct sapa_call *sapa_calls_find(const struct sapa_calls *calls, uint64_t contact)
{
    return sapa_table_find(&calls->open, contact);
}

/* ---- saving ---- */

struct calls_head {
    uint64_t seq;
    int64_t now_us, sweep_us;
    uint64_t finished_count, after;
    struct sapa_record_arrival arrival;
};

sapa_rc sapa_calls_save(const struct sapa_calls *calls, const struct sapa_save *save)
{
    struct calls_head head;

    memset(&head, 0, sizeof(head));
    head.seq = calls->seq;
    head.now_us = calls->now_us;
    head.sweep_us = calls->sweep_us;
    head.finished_count = calls->finished_count;
    head.after = calls->after;
    head.arrival = calls->arrival;
    sapa_rc rc = save_head(save, CALLS_MARK, CALLS_VERSION, sizeof(head));
    if (rc == SAPA_OK)
        rc = save->put(save->ctx, &head, sizeof(head)) ? SAPA_OK : SAPA_EIO;
    if (rc == SAPA_OK)
        rc = save_table(save, &calls->open);
    return rc == SAPA_OK ? save_table(save, &calls->closed) : rc;
}

static bool has_bools(const struct sapa_call *call)
{
    bool good = is_bool(&call->answered) && is_bool(&call->erased) && is_bool(&call->late) && is_bool(&call->conference)
                && is_bool(&call->owes) && is_bool(&call->forbids);

    for (unsigned i = 0; i < SAPA_CALL_VISITS_MAX; i++)
        good = good && is_bool(&call->visits[i].is_callback);
    for (unsigned i = 0; i < SAPA_CALL_PARTS_MAX; i++)
        good = good && is_bool(&call->parts[i].joined);
    for (unsigned i = 0; i < SAPA_CALL_RECORDINGS_MAX; i++)
        good = good && is_bool(&call->recordings[i].is_voicemail) && is_bool(&call->recordings[i].is_owed);
    for (unsigned i = 0; i < SAPA_CALL_TRANSFERS_MAX; i++)
        good = good && is_bool(&call->transfers[i].asked);
    return good;
}

static bool sane_call(const void *entry)
{
    const struct sapa_call *call = entry;

    return has_bools(call) && call->visit_count <= SAPA_CALL_VISITS_MAX && call->part_count <= SAPA_CALL_PARTS_MAX
        && call->recording_count <= SAPA_CALL_RECORDINGS_MAX && call->leg_count <= SAPA_CALL_LEGS_MAX
        && call->step_count <= SAPA_CALL_STEPS_MAX && call->answer_count <= SAPA_CALL_ANSWERS_MAX
        && call->transfer_count <= SAPA_CALL_TRANSFERS_MAX && call->outside_count <= SAPA_CALL_OUTSIDES_MAX
        && call->address[sizeof(call->address) - 1] == '\0'
        && call->reference[sizeof(call->reference) - 1] == '\0';
}

sapa_rc sapa_calls_load(struct sapa_calls *calls, const struct sapa_load *load)
{
    struct calls_head head;
    sapa_rc rc = load_head(load, CALLS_MARK, CALLS_VERSION, sizeof(head));

    if (rc != SAPA_OK)
        return rc;
    if (!load->get(load->ctx, &head, sizeof(head)))
        return SAPA_ECORRUPT;
    calls->seq = head.seq;
    calls->now_us = head.now_us;
    calls->sweep_us = head.sweep_us;
    calls->finished_count = head.finished_count;
    calls->after = head.after;
    calls->arrival = head.arrival;
    calls->arrival.address[sizeof(head.arrival.address) - 1] = '\0';
    calls->arrival.reference[sizeof(head.arrival.reference) - 1] = '\0';
    rc = load_table(load, &calls->open, sane_call);
    return rc == SAPA_OK ? load_table(load, &calls->closed, NULL) : rc;
}
