/*
 * The state as bytes: versioned, structured, independent of slots and memory layout.
 *
 * Header (magic, version, hash of the centre), globals, agents, queues, contacts in the order of
 * their walk, work, skills changed by hand, a checksum. Fields are LEB128 in the order of the rows
 * below; the order of the rows is the format. What is derived is not written but built anew.
 * A snapshot holds personal data of living contacts (numbers, what they keyed in): whoever stores
 * it seals it as a whole.
 */
#include "core/core_impl.h"

#include <string.h>

#define MAGIC UINT64_C(0x53415041) /* "SAPA" */

/*  U(field): unsigned   I(field): signed  */
#define GLOBALS(U, I) \
    I(now_us) U(id_next) U(wait_seq) U(idle_seq) U(surge) U(closed) U(surge_all) U(closed_all)

#define AGENT(U, I) \
    U(presence)     \
    U(reachable)    \
    U(resume)       \
    U(idle_seq)     \
    I(idle_since_us) U(contacts) U(reason) I(since_us) I(login_us) I(busy_us) I(busy_since_us)

#define QUEUE(U, I)                                                                         \
    U(rr_last)                                                                              \
    I(drain_since_us)                                                                       \
    I(review_us)                                                                            \
    I(rates.handle_sum_us)                                                                  \
    U(rates.handle_count) I(rates.drain_sum_us) U(rates.drain_count) I(rates.waited_sum_us) \
        U(rates.left_count) U(rates.gave_up_count)

#define CONTACT(U, I)                                                                            \
    I(queued_us)                                                                                 \
    I(entered_us)                                                                                \
    U(wait_seq)                                                                                  \
    I(due_us)                                                                                    \
    U(queue) U(preferred) U(priority) U(channel) U(place) U(step) U(pick) U(in_line) U(queued)   \
        U(ring_all) U(wait_why) I(avoid_until_us) U(person) U(party) I(arrived_us) I(since_us)   \
            I(preferred_until_us) I(flow_us) I(queue_us) I(flow_due_us) U(client) U(number)      \
                U(last_queue) U(last_agent) U(extra) U(direction) U(language) U(reason)          \
                    U(has_flow) U(leg) U(answer_sent) U(established) U(answered) U(keep_age)     \
                        U(playing) U(recording) U(policy) U(recording_on) U(recording_paused)    \
                            U(message) I(message_us) U(message_queue) U(callback) U(attempts)    \
                                U(attempt_running) U(attempt) I(callback_due_us) U(judged_agent) \
                                    U(judged_queue)

/* since version 2 */
#define CONTACT_2(U, I)                                                                            \
    U(call) U(call_line) U(calling) U(customer_holds) U(beside) U(call_target) U(back_queue)       \
        U(back_agent) I(outside_due_us)

#define WORK_2(U, I) U(held_by_core) U(music)

/* since version 3 */
#define HAND(U, I) U(agent) U(state) U(contact) I(since_us)
#define BROADCAST(U, I) I(at_us) I(until_us) U(kind) U(target)
#define ALERT(U, I) U(kind) U(state) U(target) I(on_us) I(since_us) U(value) U(limit)
#define WATCH(U, I) U(contact_id) U(agent) U(mode) U(up) I(since_us) I(up_us) I(due_us)

#define WORK(U, I)                                                                             \
    U(contact_id)                                                                              \
    U(agent)                                                                                   \
    U(queue)                                                                                   \
    U(state)                                                                                   \
    U(channel) U(kind) U(extended) U(dialling) U(disposition) I(made_us) I(since_us) I(due_us) \
        I(connected_us) I(talk_us) I(hold_us) U(held_by_agent) U(held_by_customer)

/* ---- quotas, since version 3: behind everything else ---- */

static bool has_used(const struct core_agent *agent)
{
    bool used = false;

    for (unsigned i = 0; i < SAPA_QUOTAS_MAX; i++)
        used |= agent->used_us[i] != 0;
    return used;
}

static void save_quota(const struct core_agent *agent, uint32_t index, struct sapa_writer *w)
{
    sapa_put_u64(w, index);
    sapa_put_u64(w, (uint64_t)agent->used_date);
    for (unsigned i = 0; i < SAPA_QUOTAS_MAX; i++)
        sapa_put_i64(w, agent->used_us[i]);
}

static bool load_quotas(struct sapa_core *core, struct sapa_reader *r)
{
    const uint64_t agents = sapa_get_u64(r);
    bool bad = agents > core->centre->agents_count;

    for (uint64_t i = 0; !r->bad && !bad && i < agents; i++) {
        const uint64_t agent = sapa_get_u64(r), date = sapa_get_u64(r);
        if (agent >= core->centre->agents_count || date > 99991231)
            return false;
        core->agents[agent].used_date = (int32_t)date;
        for (unsigned k = 0; k < SAPA_QUOTAS_MAX; k++) {
            core->agents[agent].used_us[k] = sapa_get_i64(r);
            bad |= core->agents[agent].used_us[k] < 0 || core->agents[agent].used_us[k] > INT64_C(200) * 3600 * 1000000;
        }
    }
    const uint64_t bookings = sapa_get_u64(r);
    if (r->bad || bad || bookings > BOOKINGS_MAX)
        return false;
    for (uint64_t i = 0; i < bookings; i++) {
        const uint64_t agent = sapa_get_u64(r), reason = sapa_get_u64(r);
        if (r->bad || agent >= core->centre->agents_count || reason >= core->centre->reasons_count ||
            core->agents[agent].presence == SAPA_PRESENCE_OFFLINE || sapa_quota_booked(core, (uint32_t)agent) != SAPA_NONE)
            return false;
        core->bookings[core->booking_count++] = (struct core_booking){ (uint32_t)agent, (uint32_t)reason };
    }
    return true; /* at the end of the step before this nobody's turn had come */
}

/* ---- writing ---- */

struct saver {
    sapa_core_write *write;
    void *ctx;
    struct sapa_writer w;
    uint32_t crc;
    bool stopped;
    uint8_t buf[8192];
};

static void flush(struct saver *saver)
{
    sapa_assert(!saver->w.bad); /* one item is far smaller than the buffer */
    if (saver->w.n == 0)
        return;
    saver->crc = sapa_crc32c(saver->crc, saver->buf, saver->w.n);
    saver->stopped = saver->stopped || !saver->write(saver->ctx, saver->buf, saver->w.n);
    saver->w.n = 0;
}

static void item_done(struct saver *saver)
{
    if (saver->w.n > sizeof(saver->buf) / 2)
        flush(saver);
}

#define PUT_U(field) sapa_put_u64(w, (uint64_t)object->field);
#define PUT_I(field) sapa_put_i64(w, object->field);

static void save_contact(const struct core_contact *object, struct sapa_writer *w)
{
    sapa_put_u64(w, object->id);
    CONTACT(PUT_U, PUT_I)
    CONTACT_2(PUT_U, PUT_I)
    for (unsigned i = 0; i < SAPA_OUTSIDE_MAX; i++) {
        sapa_put_u64(w, object->outside[i].attempt);
        sapa_put_u64(w, object->outside[i].talks);
        sapa_put_i64(w, object->outside[i].since_us);
    }
    sapa_put_u64(w, object->avoid_count);
    for (unsigned i = 0; i < object->avoid_count; i++)
        sapa_put_u64(w, object->avoid[i]);
    sapa_put_str(w, sapa_sized_str(&object->address));
    sapa_put_str(w, sapa_sized_str(&object->callback_number));
    if (object->has_flow)
        sapa_flow_run_save(&object->run, w);
}

static void save_help(const struct sapa_core *core, struct saver *saver)
{
    struct sapa_writer *w = &saver->w;
    uint32_t readers = 0;

    sapa_put_u64(w, core->hand_count);
    for (uint32_t i = 0; i < HANDS_MAX; i++) {
        const struct core_hand *object = &core->hands[i];
        if (!object->up)
            continue;
        HAND(PUT_U, PUT_I)
        sapa_put_str(w, sapa_sized_str(&object->by));
        item_done(saver);
    }
    sapa_put_u64(w, core->broadcast_count);
    for (uint32_t i = 0; i < core->broadcast_count; i++) {
        const struct core_broadcast *object = &core->broadcasts[i];
        sapa_put_u64(w, object->id);
        BROADCAST(PUT_U, PUT_I)
        sapa_put_str(w, sapa_sized_str(&object->text));
        sapa_put_str(w, sapa_sized_str(&object->by));
        item_done(saver);
    }
    for (uint32_t i = 0; core->centre && i < core->centre->agents_count; i++)
        readers += core->agents[i].read != 0;
    sapa_put_u64(w, readers);
    for (uint32_t i = 0; core->centre && i < core->centre->agents_count; i++) {
        if (core->agents[i].read == 0)
            continue;
        sapa_put_u64(w, i);
        sapa_put_u64(w, core->agents[i].read);
        item_done(saver);
    }
    sapa_put_u64(w, core->alert_count);
    for (uint32_t i = 0; i < ALERTS_MAX; i++) {
        const struct core_alert *object = &core->alerts[i];
        if (!object->up)
            continue;
        ALERT(PUT_U, PUT_I)
        sapa_put_str(w, sapa_sized_str(&object->by));
        item_done(saver);
    }
}

sapa_rc sapa_core_save(const struct sapa_core *core, sapa_core_write *write, void *ctx)
{
    struct saver saver = { .write = write, .ctx = ctx };
    struct sapa_writer *w = &saver.w;

    sapa_assert(core->out == NULL);
    sapa_assert(core->freed_count == 0 && core->seeking_count == 0 && core->pending_count == 0);
    saver.w = sapa_writer_of(saver.buf, sizeof(saver.buf));
    sapa_put_u64(w, MAGIC);
    sapa_put_u64(w, SAPA_CORE_SNAPSHOT_VERSION);
    sapa_put_str(w, core->centre ? sapa_str_of(core->centre->hash) : SAPA_STR(""));
    {
        const struct sapa_core *object = core;
        GLOBALS(PUT_U, PUT_I)
    }
    sapa_put_u64(w, core->centre ? core->centre->agents_count : 0);
    for (uint32_t i = 0; core->centre && i < core->centre->agents_count; i++) {
        const struct core_agent *object = &core->agents[i];
        AGENT(PUT_U, PUT_I)
        item_done(&saver);
    }
    sapa_put_u64(w, core->centre ? core->centre->queues_count : 0);
    for (uint32_t i = 0; core->centre && i < core->centre->queues_count; i++) {
        const struct core_queue *object = &core->queues[i];
        QUEUE(PUT_U, PUT_I)
        item_done(&saver);
    }
    sapa_put_u64(w, core->override_count);
    for (uint32_t i = 0; i < core->override_count; i++) {
        sapa_put_u64(w, core->overrides[i].agent);
        sapa_put_u64(w, core->overrides[i].skill);
        sapa_put_u64(w, core->overrides[i].level);
        sapa_put_i64(w, core->overrides[i].until_us);
        sapa_put_u64(w, core->overrides[i].queue);
        sapa_put_u64(w, core->overrides[i].beneath);
        sapa_put_u64(w, core->overrides[i].team);
        sapa_put_u64(w, core->overrides[i].team_beneath);
        item_done(&saver);
    }
    sapa_put_u64(w, core->contact_count);
    for (uint32_t i = 0; i < core->contact_count; i++) {
        save_contact(&core->contacts[core->living[i]], w);
        item_done(&saver);
    }
    sapa_put_u64(w, core->work_count);
    for (uint32_t i = 0; i < core->work_top; i++) {
        const struct core_work *object = &core->works[i];
        if (!object->offer)
            continue;
        sapa_put_u64(w, object->offer);
        sapa_put_u64(w, object->contact != SAPA_NONE);
        WORK(PUT_U, PUT_I)
        WORK_2(PUT_U, PUT_I)
        item_done(&saver);
    }
    uint32_t used = 0;
    for (uint32_t a = 0; a < core->centre->agents_count; a++)
        used += has_used(&core->agents[a]);
    sapa_put_u64(w, used);
    for (uint32_t a = 0; a < core->centre->agents_count; a++) {
        if (!has_used(&core->agents[a]))
            continue;
        save_quota(&core->agents[a], a, w);
        item_done(&saver);
    }
    sapa_put_u64(w, core->booking_count);
    for (uint32_t i = 0; i < core->booking_count; i++) {
        sapa_put_u64(w, core->bookings[i].agent);
        sapa_put_u64(w, core->bookings[i].reason);
        item_done(&saver);
    }
    sapa_put_u64(w, core->watch_count);
    for (uint32_t i = 0; i < WATCHES_MAX; i++) {
        const struct core_watch *object = &core->watches[i];
        if (!object->id)
            continue;
        sapa_put_u64(w, object->id);
        WATCH(PUT_U, PUT_I)
        item_done(&saver);
    }
    save_help(core, &saver);
    flush(&saver);
    sapa_put_fixed32(w, saver.crc);
    flush(&saver);
    return saver.stopped ? SAPA_EIO : SAPA_OK;
}

/* ---- reading ---- */

/* A value that does not fit its field is no value of ours. */
#define GET_U(field)                                       \
    {                                                      \
        const uint64_t value_ = sapa_get_u64(r);           \
        object->field = (__typeof__(object->field))value_; \
        bad |= (uint64_t)object->field != value_;          \
    }
#define GET_I(field) object->field = sapa_get_i64(r);

static sapa_rc open_snapshot(const void *bytes, size_t n, struct sapa_reader *ret, uint64_t *ret_version,
                             struct sapa_str *ret_hash)
{
    if (n < 8)
        return SAPA_ECORRUPT;
    struct sapa_reader tail = sapa_reader_of((const uint8_t *)bytes + n - 4, 4);
    if (sapa_get_fixed32(&tail) != sapa_crc32c(0, bytes, n - 4))
        return SAPA_ECORRUPT;
    *ret = sapa_reader_of(bytes, n - 4);
    if (sapa_get_u64(ret) != MAGIC)
        return SAPA_ECORRUPT;
    *ret_version = sapa_get_u64(ret);
    if (*ret_version < 1 || *ret_version > SAPA_CORE_SNAPSHOT_VERSION)
        return SAPA_EVERSION;
    *ret_hash = sapa_get_str(ret);
    return ret->bad || ret_hash->n > 64 ? SAPA_ECORRUPT : SAPA_OK;
}

sapa_rc sapa_core_snapshot_hash(const void *bytes, size_t n, char ret_hash[65])
{
    struct sapa_reader r;
    struct sapa_str hash;
    uint64_t version;
    const sapa_rc rc = open_snapshot(bytes, n, &r, &version, &hash);

    if (rc == SAPA_OK)
        sapa_str_copy(hash, ret_hash, 65);
    return rc;
}

static bool index_ok(uint32_t index, uint32_t count)
{
    return index < count || index == SAPA_NONE;
}

/* Would the core survive it? The checksum keeps accidents away; this keeps the rest from memory. */
static bool contact_is_sound(const struct sapa_core *core, const struct core_contact *c)
{
    const struct sapa_centre *centre = core->centre;

    if (!index_ok(c->queue, centre->queues_count) ||
        !index_ok(c->preferred, centre->agents_count) ||
        !index_ok(c->last_queue, centre->queues_count) ||
        !index_ok(c->last_agent, centre->agents_count) ||
        !index_ok(c->client, centre->clients_count) || !index_ok(c->number, centre->numbers_count))
        return false;
    if (c->channel >= CHANNELS || c->place >= SAPA_PLACE_COUNT || c->pick > PICK_PREFERRED ||
        c->reason > SAPA_DEQUEUE_COUNT || (c->has_flow && centre->flows_count == 0) ||
        (c->callback >= SAPA_CALLBACK_COUNT && c->callback != NO_CALLBACK))
        return false;
    if (c->queued && (c->queue == SAPA_NONE || c->step >= centre->queues[c->queue].step_count ||
                      c->queued_us <= 0))
        return false;
    if ((c->in_line && !c->queued) || (c->pick != PICK_NONE && !c->in_line))
        return false;
    if (c->call > SAPA_TARGET_COUNT || c->call_line >= SAPA_LINE_COUNT ||
        !index_ok(c->back_queue, centre->queues_count) || !index_ok(c->back_agent, centre->agents_count))
        return false;
    for (unsigned i = 1; i < SAPA_OUTSIDE_MAX; i++)
        if (c->outside[i].attempt && !c->outside[i - 1].attempt)
            return false;
    return c->pick != PICK_PREFERRED || c->preferred != SAPA_NONE;
}

static bool load_outside(struct core_contact *c, struct sapa_reader *r)
{
    bool bad = false;

    for (unsigned i = 0; i < SAPA_OUTSIDE_MAX; i++) {
        struct core_outside *object = &c->outside[i];
        GET_U(attempt)
        GET_U(talks)
        GET_I(since_us)
    }
    return !bad;
}

static bool load_contact(struct sapa_core *core, struct sapa_reader *r, uint64_t version)
{
    const uint64_t id = sapa_get_u64(r);
    bool bad = false;

    if (r->bad || id == 0 || sapa_contact_find(core, id))
        return false;
    struct core_contact *object = sapa_contact_alloc(core, id);
    if (!object)
        return false;
    CONTACT(GET_U, GET_I)
    if (version >= 2) {
        CONTACT_2(GET_U, GET_I)
        bad |= !load_outside(object, r);
    }
    const uint8_t pick = object->pick;
    const bool in_line = object->in_line;
    const uint64_t avoid = sapa_get_u64(r);
    if (r->bad || bad || avoid > AVOID_MAX || !contact_is_sound(core, object)) {
        object->in_line = false;
        object->pick = PICK_NONE;
        return false;
    }
    object->avoid_count = (uint8_t)avoid;
    for (unsigned i = 0; i < avoid; i++) {
        object->avoid[i] = (uint32_t)sapa_get_u64(r);
        bad |= object->avoid[i] >= core->centre->agents_count;
    }
    bad |= !sapa_sized_set(&object->address, sapa_get_str(r));
    bad |= !sapa_sized_set(&object->callback_number, sapa_get_str(r));
    object->in_line = false;
    object->pick = PICK_NONE;
    if (r->bad || bad ||
        (object->has_flow && sapa_flow_run_load(core->centre, r, &object->run) != SAPA_OK))
        return false;
    if (in_line)
        sapa_line_restore(core, object, pick, object->due_us);
    else if (object->queued)
        object->class_index = core->queues[object->queue].class_base + object->step;
    if (!in_line && object->due_us)
        sapa_core_timer_set(&core->timers, core_slot(core, TIMER_CONTACT, core_index(core, object)),
                            object->due_us, id);
    if (object->flow_due_us)
        sapa_core_timer_set(&core->timers, core_slot(core, TIMER_FLOW, core_index(core, object)),
                            object->flow_due_us, id);
    if (object->attempt_running && (object->party == 0 || core->party_map.count >= PARTIES_MAX ||
                                    sapa_idmap_get(&core->party_map, object->party) != SAPA_NONE))
        return false;
    if (object->attempt_running)
        sapa_idmap_put(&core->party_map, object->party, core_index(core, object));
    return true;
}

static bool load_work(struct sapa_core *core, struct sapa_reader *r, uint64_t version)
{
    const uint64_t offer = sapa_get_u64(r);
    const uint64_t has_contact = sapa_get_u64(r);
    bool bad = false;

    if (r->bad || offer == 0 || has_contact > 1 || sapa_work_find(core, offer))
        return false;
    struct core_work *object = sapa_work_alloc(core, offer);
    if (!object)
        return false;
    WORK(GET_U, GET_I)
    if (version >= 2) {
        WORK_2(GET_U, GET_I)
    } else {
        object->music = object->held_by_agent;
    }
    if (r->bad || bad || object->agent >= core->centre->agents_count || object->kind > KIND_TAKEN ||
        !index_ok(object->queue, core->centre->queues_count) ||
        (object->queue == SAPA_NONE && (object->kind < KIND_OWN ? !core_talks(object) : has_contact == 0)) || object->channel >= CHANNELS ||
        object->state == SAPA_ASSIGNMENT_NONE || object->state >= SAPA_ASSIGNMENT_COUNT ||
        (has_contact == 0) != (object->state == SAPA_ASSIGNMENT_WRAPUP))
        return false;
    if (has_contact) {
        struct core_contact *c = sapa_contact_find(core, object->contact_id);
        if (!c || (object->kind == KIND_OWN && !c->call) ||
            (object->state == SAPA_ASSIGNMENT_OFFERED && object->kind < KIND_OWN && (!c->queued || c->in_line)))
            return false;
        object->contact = core_index(core, c);
        if (version < 2)
            c->customer_holds = c->customer_holds || object->held_by_customer;
    }
    struct core_agent *agent = &core->agents[object->agent];
    if (agent->used[object->channel] == UINT8_MAX || agent->used_total == UINT8_MAX)
        return false;
    agent->used[object->channel]++;
    agent->used_total++;
    agent->calls = (uint8_t)(agent->calls + (object->kind >= KIND_OWN && object->state != SAPA_ASSIGNMENT_WRAPUP));
    sapa_work_link(core, object);
    if (object->due_us)
        sapa_core_timer_set(&core->timers,
                            core_slot(core, TIMER_WORK, (uint32_t)(object - core->works)),
                            object->due_us, offer);
    return true;
}

static bool load_watch(struct sapa_core *core, struct sapa_reader *r, uint32_t slot)
{
    struct core_watch *object = &core->watches[slot];
    const uint64_t id = sapa_get_u64(r);
    bool bad = sapa_watch_find(core, id) || sapa_work_find(core, id);

    WATCH(GET_U, GET_I)
    struct core_contact *c = sapa_contact_find(core, object->contact_id);
    if (r->bad || bad || id == 0 || !c || c->watchers >= SAPA_SUPERVISORS_MAX || object->agent >= core->centre->agents_count ||
        core->agents[object->agent].watching || object->mode >= SAPA_SUPERVISION_END ||
        (object->up ? object->due_us != 0 || object->mode == SAPA_SUPERVISION_TAKEOVER : object->due_us <= 0))
        return false;
    object->id = id;
    object->contact = core_index(core, c);
    c->watchers++;
    core->watch_count++;
    core->agents[object->agent].watching = true;
    if (object->due_us)
        sapa_core_timer_set(&core->timers, core_slot(core, TIMER_WATCH, slot), object->due_us, id);
    return true;
}

static bool load_help(struct sapa_core *core, struct sapa_reader *r)
{
    const uint64_t hands = sapa_get_u64(r);
    bool bad = r->bad || hands > HANDS_MAX;

    for (uint64_t i = 0; i < hands && !bad; i++) {
        struct core_hand *object = &core->hands[i];
        HAND(GET_U, GET_I)
        bad |= !sapa_sized_set(&object->by, sapa_get_str(r)) || r->bad || object->agent >= core->centre->agents_count ||
               core->agents[object->agent].asks || object->state == SAPA_HAND_DOWN || object->state >= SAPA_HAND_COUNT;
        if (bad)
            return false;
        object->up = core->agents[object->agent].asks = true;
        core->hand_count++;
    }
    const uint64_t said = bad ? 0 : sapa_get_u64(r);
    bad |= r->bad || said > SAPA_CORE_BROADCASTS_MAX;
    for (uint64_t i = 0; i < said && !bad; i++) {
        struct core_broadcast *object = &core->broadcasts[i];
        GET_U(id)
        BROADCAST(GET_U, GET_I)
        bad |= !sapa_sized_set(&object->text, sapa_get_str(r)) || !sapa_sized_set(&object->by, sapa_get_str(r)) || r->bad;
        bad |= object->id == 0 || (i > 0 && core->broadcasts[i - 1].id >= object->id);
        switch (object->kind) {
        case SAPA_AUDIENCE_ALL: bad |= object->target != SAPA_NONE; break;
        case SAPA_AUDIENCE_LEADERS:
        case SAPA_AUDIENCE_TEAM: bad |= object->target >= core->centre->teams_count; break;
        case SAPA_AUDIENCE_QUEUE: bad |= object->target >= core->centre->queues_count; break;
        case SAPA_AUDIENCE_AGENT: bad |= object->target >= core->centre->agents_count; break;
        default: bad = true;
        }
        core->broadcast_count = (uint32_t)i + 1;
    }
    const uint64_t readers = bad ? 0 : sapa_get_u64(r);
    bad |= r->bad || readers > core->centre->agents_count;
    for (uint64_t i = 0; i < readers && !bad; i++) {
        const uint64_t agent = sapa_get_u64(r), read = sapa_get_u64(r);
        bad |= r->bad || agent >= core->centre->agents_count;
        if (!bad)
            core->agents[agent].read = read;
    }
    const uint64_t alerts = bad ? 0 : sapa_get_u64(r);
    bad |= r->bad || alerts > ALERTS_MAX;
    for (uint64_t i = 0; i < alerts && !bad; i++) {
        struct core_alert *object = &core->alerts[i];
        ALERT(GET_U, GET_I)
        bad |= !sapa_sized_set(&object->by, sapa_get_str(r)) || r->bad || object->kind >= SAPA_ALERT_COUNT ||
               object->state == SAPA_ALERT_STATE_OVER || object->state >= SAPA_ALERT_STATE_COUNT ||
               object->target >= (object->kind <= SAPA_ALERT_ABANDONED ? core->centre->queues_count : core->centre->agents_count) ||
               sapa_core_alert_is_on(core, object->kind, object->target);
        object->up = !bad;
        core->alert_count += !bad;
    }
    return !bad;
}

static bool load_body(struct sapa_core *core, struct sapa_reader *r, uint64_t version)
{
    bool bad = false;

    {
        struct sapa_core *object = core;
        GLOBALS(GET_U, GET_I)
    }
    if (sapa_get_u64(r) != core->centre->agents_count)
        return false;
    for (uint32_t i = 0; i < core->centre->agents_count; i++) {
        struct core_agent *object = &core->agents[i];
        memset(object, 0, sizeof(*object));
        object->work = SAPA_NONE;
        AGENT(GET_U, GET_I)
        bad |= object->presence >= SAPA_PRESENCE_COUNT;
    }
    if (sapa_get_u64(r) != core->centre->queues_count)
        return false;
    for (uint32_t i = 0; i < core->centre->queues_count; i++) {
        struct core_queue *object =
            &core->queues_spare[i]; /* set aside: filling the lines would change them */
        memset(object, 0, sizeof(*object));
        QUEUE(GET_U, GET_I)
        bad |= object->rates.handle_sum_us < 0 || object->rates.drain_sum_us < 0 ||
               object->rates.waited_sum_us < 0;
    }
    const uint64_t overrides = sapa_get_u64(r);
    if (r->bad || bad || overrides > OVERRIDES_MAX)
        return false;
    for (uint32_t i = 0; i < overrides; i++) {
        struct core_override *object = &core->overrides[i];
        GET_U(agent)
        GET_U(skill)
        GET_U(level)
        GET_I(until_us)
        object->queue = SAPA_NONE;
        object->beneath = SAPA_LEVEL_DESCRIBED;
        if (version >= 4) {
            GET_U(queue)
            GET_U(beneath)
        }
        object->team = object->team_beneath = SAPA_NONE;
        if (version >= 5) {
            GET_U(team)
            GET_U(team_beneath)
        }
        if (core_is_of_team(object)) {
            bad |= version < 5 || object->agent >= core->centre->agents_count || object->team >= core->centre->teams_count ||
                   (object->team_beneath != SAPA_NONE && object->team_beneath >= core->centre->teams_count) || object->level != 0;
            continue;
        }
        const bool skill = object->queue == SAPA_NONE;
        const uint64_t most = skill ? 10 : SAPA_SERVES_COUNT - 1u;
        bad |= object->agent >= core->centre->agents_count || object->level > most ||
               (object->beneath > most && object->beneath != SAPA_LEVEL_DESCRIBED) ||
               (skill ? object->skill >= core->centre->skills_count
                      : object->queue >= core->centre->queues_count || object->skill != SAPA_NONE || object->level == SAPA_SERVES_DESCRIBED);
    }
    if (bad)
        return false;
    core->override_count = (uint32_t)overrides;
    sapa_adopt_rebuild(core); /* classes and groups; nobody works yet */
    const uint64_t contacts = sapa_get_u64(r);
    if (r->bad || contacts > core->contacts_max)
        return false;
    for (uint64_t i = 0; i < contacts; i++)
        if (!load_contact(core, r, version))
            return false;
    const uint64_t works = sapa_get_u64(r);
    if (r->bad || works > core->works_max)
        return false;
    for (uint64_t i = 0; i < works; i++)
        if (!load_work(core, r, version))
            return false;
    if (version >= 3 && !load_quotas(core, r))
        return false;
    const uint64_t watches = version >= 3 ? sapa_get_u64(r) : 0;
    if (r->bad || watches > WATCHES_MAX)
        return false;
    for (uint32_t i = 0; i < watches; i++)
        if (!load_watch(core, r, i))
            return false;
    if (version >= 3 && !load_help(core, r))
        return false;
    if (r->bad || sapa_reader_left(r) > 0)
        return false;
    for (uint32_t i = 0; i < core->contact_count; i++) {
        const struct core_contact *c = &core->contacts[core->living[i]];
        if (c->queued && !c->in_line && !sapa_offer_rings(core, c) && !sapa_work_talking(core, c))
            return false; /* it stands nowhere */
    }
    return true;
}

sapa_rc sapa_core_load(struct sapa_core *core, const void *bytes, size_t n)
{
    struct sapa_reader r;
    struct sapa_str hash;
    uint64_t version;
    const sapa_rc rc = open_snapshot(bytes, n, &r, &version, &hash);

    sapa_assert(core->centre == NULL && core->contact_count == 0);
    if (rc != SAPA_OK)
        return rc;
    if (hash.n == 0)
        return SAPA_OK; /* of a core that never took a description into force: nothing happened yet */
    if (!core->next_centre || !sapa_str_eq(hash, sapa_str_of(core->next_centre->hash)))
        return SAPA_ENOENT;
    core->centre = core->next_centre;
    core->next_centre = NULL;
    for (uint32_t q = 0; q < core->centre->queues_count; q++) {
        memset(&core->queues[q], 0, sizeof(core->queues[q]));
        core->queues[q].age_us = core->centre->queues[q].age_ms_per_step * INT64_C(1000);
        sapa_tree_init(&core->queues[q].line);
        core->queues[q].rr_last = SAPA_NONE;
    }
    if (!load_body(core, &r, version))
        return SAPA_ECORRUPT;
    /* who is free follows from the work, which was not there when the lists were first built */
    for (uint32_t a = 0; a < core->centre->agents_count; a++)
        sapa_route_refresh(core, a, false);
    for (uint32_t i = 0; i < core->freed_count; i++)
        core->agents[core->freed[i]].freed = false;
    core->freed_count = 0;
    sapa_adopt_count(core);
    for (uint32_t q = 0; q < core->centre->queues_count; q++) {
        const struct core_queue *saved = &core->queues_spare[q];
        core->queues[q].rates = saved->rates;
        core->queues[q].rr_last = saved->rr_last;
        core->queues[q].drain_since_us = saved->drain_since_us;
        core->queues[q].review_us = saved->review_us;
        sapa_core_timer_set(&core->timers, core_slot(core, TIMER_QUEUE, q), saved->review_us, q);
    }
    return SAPA_OK;
}
