/* What control tells a packet thread: legs, bridges, recordings. */
#include <stdlib.h>
#include <string.h>

#include "model/vocab.h"

#include "media/g711.h"
#include "media/worker_impl.h"

enum {
    BEEP_FIRST_US = 1000000,    /* the first tone: when both are listening */
    BUFFERS_PER_RECORDING = 16, /* 4 s behind a slow disk, however many there are */
    BUFFERS_OF_FEW = 16384      /* a full disk: more than half a minute for 100 calls, with 70 MB of memory */
};

/* --- finding --- */

static void *find(const struct sapa_table *table, uint64_t id)
{
    struct sapa_id_row *row = sapa_table_find(table, id);

    return row ? row->what : NULL;
}

static struct sapa_contact_row *find_contact(struct sapa_worker *worker, uint64_t contact)
{
    return sapa_table_find(&worker->contacts, contact);
}

static void limit_buffers(struct sapa_worker *worker)
{
    worker->pool.limit = SAPA_MAX((size_t)BUFFERS_PER_RECORDING * worker->recording_count, (size_t)BUFFERS_OF_FEW);
}

static sapa_rc need_contact(struct sapa_worker *worker, uint64_t contact, struct sapa_contact_row **ret_row)
{
    struct sapa_contact_row *row = find_contact(worker, contact);

    if (!row) {
        const sapa_rc rc = sapa_table_add(&worker->contacts, contact, &row);
        if (rc)
            return rc;
    }
    *ret_row = row;
    return SAPA_OK;
}

static void drop_contact_if_empty(struct sapa_worker *worker, uint64_t contact)
{
    struct sapa_contact_row *row = find_contact(worker, contact);

    if (row && !row->legs && !row->recording)
        sapa_table_remove(&worker->contacts, row);
}

void sapa_worker_error(struct sapa_worker *worker, const struct sapa_media_message *about, sapa_rc rc)
{
    const struct sapa_media_message message = { .op = SAPA_MEDIA_ERROR, .code = (int16_t)rc, .failed = about->op,
                                                .tag = about->tag, .contact = about->contact, .leg = about->leg,
                                                .other = about->other, .recording = about->recording };

    sapa_worker_tell(worker, &message);
}

sapa_rc sapa_worker_room(void **array, uint32_t *room, uint32_t count, size_t size)
{
    if (count < *room)
        return SAPA_OK;
    const uint32_t more = *room ? 2 * *room : 64;
    void *grown = realloc(*array, more * size);
    if (!grown)
        return SAPA_ENOMEM;
    *array = grown;
    *room = more;
    return SAPA_OK;
}

/* --- whose audio is recorded: channel 0 the customer, channel 1 whoever serves --- */

static bool is_better(const struct sapa_recording_run *recording, unsigned channel, const struct sapa_leg *leg,
                      const struct sapa_leg *best)
{
    if (!best || (leg->other != NULL) != (best->other != NULL))
        return !best || leg->other != NULL;
    if (channel == 1 && leg->other) { /* a consultation is not the conversation */
        const bool a = leg->other->side == SAPA_SIDE_CUSTOMER, b = best->other->side == SAPA_SIDE_CUSTOMER;
        if (a != b)
            return a;
    }
    return leg == recording->sources[channel];
}

/* The mix that gives a channel: of this contact's legs of that side, while it runs. */
static struct sapa_mix *mix_of_channel(const struct sapa_contact_row *row, unsigned channel)
{
    for (struct sapa_leg *leg = row->legs; leg; leg = leg->contact_next)
        if (sapa_leg_is_mixed(leg) && leg->mix->id && (leg->side == SAPA_SIDE_CUSTOMER) == (channel == 0))
            return leg->mix;
    return NULL;
}

static bool is_secret(const struct sapa_mix *mix, unsigned channel)
{
    for (const struct sapa_leg *leg = mix->legs; leg; leg = leg->mix_next)
        if (leg->secret && (leg->side == SAPA_SIDE_CUSTOMER) == (channel == 0))
            return true;
    return false;
}

void sapa_worker_attach_sources(struct sapa_worker *worker, uint64_t contact)
{
    struct sapa_contact_row *row = find_contact(worker, contact);
    struct sapa_recording_run *recording = row ? row->recording : NULL;

    if (!recording || recording->ended)
        return;
    for (unsigned channel = 0; channel < recording->recorder.channels; channel++) {
        struct sapa_leg *best = NULL;
        struct sapa_mix *mix = mix_of_channel(row, channel);
        recording->mixes[channel] = mix;
        if (mix) {
            if (recording->sources[channel])
                recording->sources[channel]->recording = NULL;
            recording->sources[channel] = NULL;
            sapa_recorder_secret(&recording->recorder, channel, is_secret(mix, channel), worker->now_us);
            continue;
        }
        for (struct sapa_leg *leg = row->legs; leg; leg = leg->contact_next) {
            if ((leg->side == SAPA_SIDE_CUSTOMER) != (channel == 0))
                continue;
            /* An agent whose phone still rings has nothing to say; one who is held goes on. */
            if (channel == 1 && !leg->other && leg != recording->sources[1])
                continue;
            if (is_better(recording, channel, leg, best))
                best = leg;
        }
        if (recording->sources[channel] && recording->sources[channel] != best)
            recording->sources[channel]->recording = NULL;
        recording->sources[channel] = best;
        if (best) {
            best->recording = recording;
            best->channel = (uint8_t)channel;
        }
        sapa_recorder_secret(&recording->recorder, channel, best && best->secret, worker->now_us);
    }
}

/* --- bridges --- */

static void drop_over(struct sapa_worker *worker, struct sapa_leg *leg)
{
    if (leg->over)
        sapa_player_spend(worker, leg->over);
    leg->over = NULL;
}

static void unbridge(struct sapa_worker *worker, struct sapa_leg *leg)
{
    struct sapa_leg *other = leg->other;

    if (!other)
        return;
    struct sapa_leg *const both[2] = { leg, other };
    sapa_mix_leave(worker, leg);
    if (!leg->other)
        return; /* it was a mix of control's, which is left */
    for (int i = 0; i < (leg == other ? 1 : 2); i++) {
        drop_over(worker, both[i]);
        both[i]->talk_us += worker->now_us - both[i]->bridged_us;
        both[i]->other = NULL;
        if (both[i]->source != both[i]) /* what plays goes on */
            both[i]->source = NULL;
    }
    worker->bridges--;
}

static sapa_rc bridge(struct sapa_worker *worker, struct sapa_leg *leg, struct sapa_leg *other)
{
    struct sapa_leg *const both[2] = { leg, other };

    if (leg->other == other && !(leg->mix && leg->mix->id)) { /* said again: only what plays ends */
        sapa_leg_stop(worker, leg);
        sapa_leg_stop(worker, other);
        return SAPA_OK;
    }
    for (int i = 0; i < 2; i++) {
        unbridge(worker, both[i]);
        sapa_mix_leave(worker, both[i]);
        sapa_leg_stop(worker, both[i]);
    }
    for (int i = 0; i < 2; i++) {
        both[i]->other = both[1 - i];
        both[i]->bridged_us = worker->now_us;
        both[i]->source = NULL;
    }
    worker->bridges++;
    const sapa_rc rc = sapa_mix_review(worker, leg);
    sapa_worker_attach_sources(worker, leg->contact);
    if (other->contact != leg->contact)
        sapa_worker_attach_sources(worker, other->contact);
    return rc;
}

/* --- legs --- */

static void on_leg_open(struct sapa_worker *worker, struct sapa_leg *leg)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_ERROR, .failed = SAPA_MEDIA_LEG_OPEN,
                                          .contact = leg->contact, .leg = leg->id };
    struct sapa_contact_row *contact;
    struct sapa_id_row *row;

    sapa_rc rc = sapa_worker_room((void **)&worker->legs, &worker->leg_room, worker->leg_count, sizeof(struct sapa_leg *));
    if (rc == SAPA_OK)
        rc = need_contact(worker, leg->contact, &contact);
    if (rc == SAPA_OK)
        rc = sapa_table_add(&worker->leg_ids, leg->id, &row);
    if (rc)
        goto fail;
    row->what = leg;
    if (!leg->web) {
        rc = sapa_udp_set_add(worker->set, leg->fds[0], (uintptr_t)leg);
        if (rc == SAPA_OK)
            rc = sapa_udp_set_add(worker->set, leg->fds[1], (uintptr_t)leg | 1);
    }
    if (rc) {
        sapa_udp_set_remove(worker->set, leg->fds[0]);
        sapa_table_remove(&worker->leg_ids, row);
        goto fail;
    }
    leg->contact_next = contact->legs;
    contact->legs = leg;
    leg->index = worker->leg_count;
    worker->legs[worker->leg_count++] = leg;
    leg->heard_us = worker->now_us;
    if (leg->web)
        sapa_web_enter(worker, leg);
    sapa_worker_attach_sources(worker, leg->contact);
    return;
fail:
    message.code = (int16_t)rc;
    sapa_worker_tell(worker, &message);
    sapa_worker_tell_id(worker, SAPA_CONTROL_LEG_GONE, leg->id);
    drop_contact_if_empty(worker, leg->contact);
    sapa_leg_free(leg);
}

static void on_leg_set(struct sapa_worker *worker, const struct sapa_worker_set *set)
{
    const struct sapa_media_message *message = &set->message;
    struct sapa_leg *leg = find(&worker->leg_ids, message->leg);
    const struct sapa_addr signalled = sapa_addr_of_media(&message->u.leg.remote);
    const uint8_t was = leg ? leg->codec : SAPA_CODEC_NONE;

    if (!leg) {
        sapa_inband_free(set->inband);
        sapa_srtp_free(set->srtp);
        sapa_worker_error(worker, message, SAPA_ENOENT);
        return;
    }
    sapa_inband_free(leg->inband);
    leg->inband = set->inband;
    if (leg->web || sapa_srtp_same(leg->srtp, set->srtp)) { /* WebRTC: its keys come of DTLS */
        sapa_srtp_free(set->srtp);
    } else {
        sapa_srtp_free(leg->srtp);
        leg->srtp = set->srtp;
    }
    leg->generation = message->u.leg.generation;
    leg->codec = message->u.leg.codec;
    leg->clock_khz = leg->stats.clock_khz = (uint8_t)sapa_codec_clock_khz(leg->codec);
    leg->type_send = message->u.leg.type_send;
    leg->type_receive = message->u.leg.type_receive;
    leg->dtmf_khz = message->u.leg.dtmf_khz;
    leg->comfort_noise = message->u.leg.comfort;
    leg->opus_fec = message->u.leg.opus_fec;
    leg->opus_kbps = message->u.leg.opus_kbps;
    if (leg->codec != was) {
        /* A mix that runs has turns to come: what it decodes with must be there first. */
        const bool narrow = sapa_g711_is(leg->codec) || leg->codec == SAPA_CODEC_NONE;
        sapa_rc rc = narrow && !sapa_leg_is_mixed(leg) ? SAPA_OK : sapa_leg_need_party(leg);
        if (rc == SAPA_OK && narrow && !leg->mix)
            sapa_leg_drop_party(leg);
        if (rc == SAPA_OK && (leg->mix || leg->other))
            rc = sapa_mix_review(worker, leg);
        leg->source = leg->player ? leg->source : NULL;
        if (rc)
            sapa_worker_error(worker, message, rc);
        sapa_worker_attach_sources(worker, leg->contact);
    }
    leg->dtmf_type = message->u.leg.dtmf_type;
    leg->dtmf_receive = message->u.leg.dtmf_receive ? message->u.leg.dtmf_receive : leg->dtmf_type;
    leg->keys_held = message->u.leg.keys_held;
    leg->direction = message->u.leg.direction;
    leg->ptime_ms = message->u.leg.ptime_ms;
    leg->signalled_rtcp_port = message->u.leg.remote_rtcp_port;
    leg->heard_us = worker->now_us;
    leg->silent = false;
    if (leg->web) {
        sapa_web_set(worker, leg, message);
        return;
    }
    if (sapa_addr_equal(&signalled, &leg->signalled))
        return;
    sapa_leg_forget_peer(leg);
    leg->signalled = signalled;
    const bool is_place = sapa_addr_is_set(&signalled) && !sapa_addr_is_wildcard(&signalled);
    leg->remote = is_place ? signalled : (struct sapa_addr){ 0 };
    leg->remote_rtcp = leg->remote;
    if (is_place)
        sapa_addr_set_port(&leg->remote_rtcp, leg->signalled_rtcp_port
                                                  ? leg->signalled_rtcp_port
                                                  : (uint16_t)(sapa_addr_port(&signalled) + 1));
}

static void forget_leg(struct sapa_worker *worker, struct sapa_leg *leg)
{
    struct sapa_contact_row *contact = find_contact(worker, leg->contact);

    for (struct sapa_leg **place = &contact->legs; *place; place = &(*place)->contact_next)
        if (*place == leg) {
            *place = leg->contact_next;
            break;
        }
    for (struct sapa_leg **place = &worker->eventing; *place; place = &(*place)->eventing_next)
        if (*place == leg) {
            *place = leg->eventing_next;
            break;
        }
    worker->legs[leg->index] = worker->legs[--worker->leg_count];
    worker->legs[leg->index]->index = leg->index;
    sapa_table_remove(&worker->leg_ids, sapa_table_find(&worker->leg_ids, leg->id));
    if (leg->recording)
        leg->recording->sources[leg->channel] = NULL;
    leg->recording = NULL;
    leg->is_eventing = false;
    leg->contact_next = leg->eventing_next = NULL;
    if (leg->web) {
        sapa_web_leave(worker, leg);
        return;
    }
    sapa_udp_set_remove(worker->set, leg->fds[0]);
    sapa_udp_set_remove(worker->set, leg->fds[1]);
}

/* Out of all that it takes part in, and out of this thread. */
static void take_off(struct sapa_worker *worker, struct sapa_leg *leg)
{
    const uint64_t contact = leg->contact;

    unbridge(worker, leg);
    sapa_mix_leave(worker, leg);
    drop_over(worker, leg);
    sapa_leg_stop(worker, leg);
    sapa_worker_unpace(worker, leg);
    forget_leg(worker, leg);
    sapa_worker_attach_sources(worker, contact);
    drop_contact_if_empty(worker, contact);
}

static void close_leg(struct sapa_worker *worker, struct sapa_leg *leg, uint32_t tag)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_LEG_CLOSED, .tag = tag };

    sapa_leg_quality(worker, leg, &message);
    sapa_leg_rtcp(worker, leg, true);
    take_off(worker, leg);
    const uint64_t id = leg->id;
    sapa_leg_free(leg);
    sapa_worker_tell_id(worker, SAPA_CONTROL_LEG_GONE, id);
    sapa_worker_tell(worker, &message);
}

static void on_leg_move(struct sapa_worker *worker, const struct sapa_worker_move *move)
{
    struct sapa_leg *leg = find(&worker->leg_ids, move->leg);
    const struct sapa_media_message about = { .op = SAPA_MEDIA_LEG_MOVE, .tag = move->tag, .contact = move->contact,
                                              .leg = move->leg };

    if (leg) {
        take_off(worker, leg);
        leg->contact = move->contact;
        leg->source = NULL;
        leg->dtmf.count = 0;
    } else {
        sapa_worker_error(worker, &about, SAPA_ENOENT);
    }
    if (leg && !move->away) {
        on_leg_open(worker, leg);
    } else if (leg) {
        leg->contact_next = worker->leaving;
        worker->leaving = leg;
    } else if (move->away) {
        worker->leaving_gone++;
    }
}

void sapa_worker_leave_turn(struct sapa_worker *worker)
{
    while (worker->leaving || worker->leaving_gone > 0) {
        struct sapa_leg *leg = worker->leaving, *next = leg ? leg->contact_next : NULL;
        if (sapa_mailbox_put(worker->options.events, SAPA_CONTROL_LEG_MOVED, &leg, sizeof(leg)))
            return;
        /* It is not ours any more: nothing of it may be read or written. */
        worker->leaving = next;
        worker->leaving_gone -= leg ? 0 : 1;
    }
}

/* --- recordings --- */

static void tell_recording(struct sapa_worker *worker, const struct sapa_recording_run *recording,
                           enum sapa_record_state state, sapa_rc rc)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_RECORD_STATE, .code = (int16_t)rc,
                                          .contact = recording->contact, .recording = recording->id };
    uint64_t frames, masked;

    sapa_recorder_meter(&recording->recorder, worker->now_us, &frames, &masked);
    message.u.record_state.state = (uint8_t)state;
    message.u.record_state.masked_ms = masked * 1000 / SAPA_RECORDING_RATE;
    message.u.record_state.recorded_ms = frames * 1000 / SAPA_RECORDING_RATE - message.u.record_state.masked_ms;
    sapa_worker_tell(worker, &message);
}

static void forget_recording(struct sapa_worker *worker, struct sapa_recording_run *recording)
{
    worker->recordings[recording->index] = worker->recordings[--worker->recording_count];
    worker->recordings[recording->index]->index = recording->index;
    limit_buffers(worker);
    free(recording);
}

/* With the tone, or without it again, relaying may not do, or do again. */
static void review_contact(struct sapa_worker *worker, struct sapa_contact_row *row)
{
    for (struct sapa_leg *leg = row->legs; leg; leg = leg->contact_next)
        if (leg->other && sapa_mix_review(worker, leg))
            leg->beep_ms = 0; /* no memory: they go on without the tone */
}

/* From here on nothing more is recorded; the writer may need some turns to take the rest. */
static void end_recording(struct sapa_worker *worker, struct sapa_recording_run *recording,
                          enum sapa_recording_end end)
{
    struct sapa_contact_row *row = find_contact(worker, recording->contact);

    if (!recording->ended) {
        recording->ended = true;
        for (int i = 0; i < 2; i++)
            if (recording->sources[i])
                recording->sources[i]->recording = NULL;
        sapa_table_remove(&worker->recording_ids, sapa_table_find(&worker->recording_ids, recording->id));
        if (row && row->recording == recording) {
            row->recording = NULL;
            if (recording->beep_s)
                review_contact(worker, row);
        }
        drop_contact_if_empty(worker, recording->contact);
        sapa_worker_tell_id(worker, SAPA_CONTROL_RECORD_GONE, recording->id);
    }
    if (sapa_recorder_end(&recording->recorder, end, worker->now_us) == SAPA_OK)
        forget_recording(worker, recording);
}

/* Everybody who talks hears that he is recorded. */
static void beep(struct sapa_worker *worker, struct sapa_recording_run *recording)
{
    const struct sapa_contact_row *row = find_contact(worker, recording->contact);

    recording->beep_us = worker->now_us + (int64_t)recording->beep_s * 1000000;
    if (recording->paused)
        return;
    for (struct sapa_leg *leg = row ? row->legs : NULL; leg; leg = leg->contact_next)
        if (leg->other || sapa_leg_is_mixed(leg))
            leg->beep_ms = BEEP_MS;
}

void sapa_worker_record_turn(struct sapa_worker *worker, struct sapa_recording_run *recording)
{
    if (recording->ended) {
        end_recording(worker, recording, SAPA_RECORDING_COMPLETE);
        return;
    }
    if (recording->beep_s && worker->now_us >= recording->beep_us)
        beep(worker, recording);
    const sapa_rc rc = sapa_recorder_turn(&recording->recorder, worker->now_us);
    if (rc == SAPA_ESTATE) {
        end_recording(worker, recording, SAPA_RECORDING_LIMIT);
    } else if (rc) {
        tell_recording(worker, recording, SAPA_RECORD_FAILED, rc);
        end_recording(worker, recording, SAPA_RECORDING_CUT);
    }
}

static void on_record(struct sapa_worker *worker, const struct sapa_worker_record *order)
{
    struct sapa_recording_run *recording = calloc(1, sizeof(*recording));
    struct sapa_contact_row *contact = NULL;
    struct sapa_id_row *row;

    sapa_rc rc = recording ? sapa_worker_room((void **)&worker->recordings, &worker->recording_room,
                                        worker->recording_count, sizeof(struct sapa_recording_run *))
                           : SAPA_ENOMEM;
    if (rc == SAPA_OK)
        rc = need_contact(worker, order->contact, &contact);
    if (rc == SAPA_OK && contact->recording)
        rc = SAPA_EEXIST;
    if (rc == SAPA_OK)
        rc = sapa_table_add(&worker->recording_ids, order->recording, &row);
    if (rc) {
        const struct sapa_media_message about = { .op = SAPA_MEDIA_RECORD, .tag = order->tag,
                                                  .contact = order->contact, .recording = order->recording };
        const struct sapa_record_end cut = { .end = SAPA_RECORDING_CUT };
        sapa_worker_error(worker, &about, rc);
        (void)!sapa_record_writer_end(worker->options.writer, order->file, &cut);
        drop_contact_if_empty(worker, order->contact);
        sapa_worker_tell_id(worker, SAPA_CONTROL_RECORD_GONE, order->recording);
        free(recording);
        return;
    }
    row->what = recording;
    recording->id = order->recording;
    recording->contact = order->contact;
    recording->index = worker->recording_count;
    worker->recordings[worker->recording_count++] = recording;
    limit_buffers(worker);
    recording->beep_s = order->beep_s;
    recording->beep_us = worker->now_us + BEEP_FIRST_US;
    contact->recording = recording;
    sapa_recorder_begin(&recording->recorder, worker->options.writer, order->file, &worker->pool, order->channels,
                        order->frames_max, worker->now_us);
    review_contact(worker, contact);
    sapa_worker_attach_sources(worker, order->contact);
}

static void on_record_op(struct sapa_worker *worker, const struct sapa_media_message *message)
{
    struct sapa_recording_run *recording = find(&worker->recording_ids, message->recording);
    const bool pause = message->op == SAPA_MEDIA_RECORD_PAUSE;

    if (!recording) {
        sapa_worker_error(worker, message, SAPA_ENOENT);
    } else if (message->op == SAPA_MEDIA_RECORD_END) {
        end_recording(worker, recording, SAPA_RECORDING_COMPLETE);
    } else {
        recording->paused = pause;
        sapa_recorder_pause(&recording->recorder, pause, worker->now_us);
        tell_recording(worker, recording, pause ? SAPA_RECORD_PAUSED : SAPA_RECORD_RESUMED, SAPA_OK);
    }
}

/* --- the rest --- */

static sapa_rc tell_inventory(struct sapa_worker *worker, const struct sapa_leg *leg)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_INVENTORY, .contact = leg->contact, .leg = leg->id };
    const struct sapa_contact_row *row = find_contact(worker, leg->contact);

    message.other = message.u.inventory.bridged_with = leg->other ? leg->other->id : 0;
    message.u.inventory.local = sapa_media_of_addr(&leg->local);
    message.u.inventory.generation = leg->generation;
    message.u.inventory.side = leg->side;
    message.u.inventory.codec = leg->codec;
    if (leg->mix && leg->mix->id) {
        message.u.inventory.mix = leg->mix->id;
        message.u.inventory.role = leg->role;
        message.u.inventory.whisper_to = leg->whisper_to;
    }
    if (leg->player) {
        message.u.inventory.play = leg->player->play;
        message.u.inventory.looping = leg->player->loop;
    }
    if (row && row->recording) {
        message.recording = message.u.inventory.recording = row->recording->id;
        message.u.inventory.paused = row->recording->paused;
    }
    if (leg->web)
        sapa_web_inventory(leg, &message);
    return sapa_mailbox_put(worker->options.events, SAPA_CONTROL_MESSAGE, &message,
                            sapa_media_message_size(&message));
}

/* From the last leg to the first, as far as control's mailbox goes each turn. A leg that closes makes the last
 * one take its place: that one was told already, hence its mark. */
void sapa_worker_inventory_turn(struct sapa_worker *worker)
{
    uint64_t mark = worker->inventory_mark;

    worker->inventory_left = SAPA_MIN(worker->inventory_left, worker->leg_count);
    for (; worker->inventory_left > 0; worker->inventory_left--) {
        struct sapa_leg *leg = worker->legs[worker->inventory_left - 1];
        if (leg->inventory_mark == mark)
            continue;
        if (tell_inventory(worker, leg))
            return;
        leg->inventory_mark = mark;
    }
    if (sapa_mailbox_put(worker->options.events, SAPA_CONTROL_INVENTORY_DONE, &mark, sizeof(mark)) == SAPA_OK)
        worker->inventory_on = false;
}

static void on_inventory(struct sapa_worker *worker, uint64_t mark)
{
    worker->inventory_mark = mark;
    worker->inventory_left = worker->leg_count;
    worker->inventory_on = true;
    sapa_worker_inventory_turn(worker);
}

static void on_stats(struct sapa_worker *worker, uint32_t tag)
{
    struct sapa_worker_stats stats = {
        .tag = tag,
        .legs = worker->leg_count,
        .bridges = worker->bridges,
        .recordings = worker->recording_count,
        .packets_in = worker->packets_in,
        .packets_out = worker->packets_out,
        .packets_dropped = worker->packets_dropped,
        .events_lost = worker->events_lost,
        .delay_max_us = SAPA_MAX(worker->delay_max_us[0], worker->delay_max_us[1]),
    };

    for (size_t i = 0; i < SAPA_WORKER_DELAYS; i++)
        stats.delays[i] = worker->delays[0][i] + worker->delays[1][i];
    if (sapa_mailbox_put(worker->options.events, SAPA_CONTROL_STATS, &stats, sizeof(stats)))
        worker->events_lost++;
}

/* What this leg hears over its conversation, and what it was named for when all hear it. */
static void stop_over(struct sapa_worker *worker, struct sapa_leg *leg)
{
    const bool all = leg->mix && leg->mix->over && leg->mix->over_leg == leg->id;

    if (!leg->over && !all)
        return;
    drop_over(worker, leg);
    if (all) {
        sapa_player_spend(worker, leg->mix->over);
        leg->mix->over = NULL;
    }
    (void)!sapa_mix_review(worker, leg);
}

static void on_op(struct sapa_worker *worker, const struct sapa_media_message *message)
{
    struct sapa_leg *leg = NULL;
    sapa_rc rc = SAPA_OK;

    switch (message->op) {
    case SAPA_MEDIA_STATS:
        on_stats(worker, message->tag);
        return;
    case SAPA_MEDIA_LIMITS: /* a line that is bad now hears of it with its next slice */
        if (message->u.limits.quality_mos_x100)
            worker->options.quality_mos_x100 = message->u.limits.quality_mos_x100;
        if (message->u.limits.quality_window_ms)
            worker->options.quality_window_ms = message->u.limits.quality_window_ms;
        return;
    case SAPA_MEDIA_RECORD_PAUSE:
    case SAPA_MEDIA_RECORD_RESUME:
    case SAPA_MEDIA_RECORD_END:
        on_record_op(worker, message);
        return;
    default:
        leg = find(&worker->leg_ids, message->leg);
    }
    struct sapa_leg *other = message->op == SAPA_MEDIA_BRIDGE ? find(&worker->leg_ids, message->other) : leg;
    if (!leg || !other) {
        sapa_worker_error(worker, message, SAPA_ENOENT);
        return;
    }
    switch (message->op) {
    case SAPA_MEDIA_LEG_CLOSE:
        close_leg(worker, leg, message->tag);
        break;
    case SAPA_MEDIA_BRIDGE:
        rc = bridge(worker, leg, other);
        break;
    case SAPA_MEDIA_MIX_JOIN:
        rc = sapa_mix_join(worker, leg, message);
        break;
    case SAPA_MEDIA_MIX_LEAVE:
        sapa_mix_leave(worker, leg);
        break;
    case SAPA_MEDIA_UNBRIDGE:
        unbridge(worker, leg);
        sapa_mix_leave(worker, leg);
        sapa_worker_attach_sources(worker, leg->contact);
        break;
    case SAPA_MEDIA_STOP:
        sapa_leg_stop(worker, leg);
        if (leg->source == leg)
            leg->source = NULL;
        stop_over(worker, leg);
        break;
    case SAPA_MEDIA_SEND_DTMF:
        sapa_leg_queue_dtmf(worker, leg, message->u.dtmf.digits, message->u.dtmf.length_ms);
        break;
    case SAPA_MEDIA_SECRET:
        leg->secret = message->code != 0;
        sapa_worker_attach_sources(worker, leg->contact);
        break;
    default:
        rc = SAPA_EINVAL;
    }
    if (rc)
        sapa_worker_error(worker, message, rc);
}

static void on_play(struct sapa_worker *worker, const struct sapa_worker_play *order)
{
    struct sapa_leg *leg = find(&worker->leg_ids, order->leg);
    const struct sapa_media_message about = { .op = SAPA_MEDIA_PLAY, .tag = order->tag, .leg = order->leg };

    if (!leg) {
        sapa_worker_error(worker, &about, SAPA_ENOENT);
        sapa_player_spend(worker, order->player);
    } else if (order->how == SAPA_MEDIA_PLAY_ALONE || !(leg->other || sapa_leg_is_mixed(leg))) {
        sapa_leg_play(worker, leg, order->player); /* nothing to be heard over */
    } else {
        const bool all = order->how == SAPA_MEDIA_PLAY_ALL;
        const bool mixed = sapa_leg_is_mixed(leg);
        sapa_leg_play_over(worker, leg, order->player, all && mixed);
        if (mixed)
            return;
        /* Two who were relayed: what they hear more needs a mix. */
        const sapa_rc rc = sapa_mix_review(worker, leg);
        if (rc) {
            stop_over(worker, leg);
            sapa_worker_error(worker, &about, rc);
        } else if (all) {
            leg->over = NULL;
            sapa_leg_play_over(worker, leg, order->player, true);
        }
    }
}

void sapa_worker_message(void *ctx, uint32_t type, const void *data, size_t size)
{
    struct sapa_worker *worker = ctx;

    switch (type) {
    case SAPA_WORKER_OP:
        on_op(worker, data);
        break;
    case SAPA_WORKER_LEG_OPEN:
        on_leg_open(worker, *(struct sapa_leg *const *)data);
        break;
    case SAPA_WORKER_LEG_SET:
        on_leg_set(worker, data);
        break;
    case SAPA_WORKER_PLAY:
        on_play(worker, data);
        break;
    case SAPA_WORKER_RECORD:
        on_record(worker, data);
        break;
    case SAPA_WORKER_RECORD_DROP: {
        struct sapa_recording_run *recording = find(&worker->recording_ids, *(const uint64_t *)data);
        if (recording)
            end_recording(worker, recording, SAPA_RECORDING_CUT);
        break;
    }
    case SAPA_WORKER_INVENTORY:
        on_inventory(worker, *(const uint64_t *)data);
        break;
    case SAPA_WORKER_LEG_MOVE:
        on_leg_move(worker, data);
        break;
    case SAPA_WORKER_STOP:
        worker->stopping = true;
        break;
    default:
        sapa_web_message(worker, type, data, size);
    }
}

void sapa_worker_close_all(struct sapa_worker *worker)
{
    worker->now_us = sapa_mono_us();
    for (uint32_t i = worker->recording_count; i-- > 0;)
        end_recording(worker, worker->recordings[i], SAPA_RECORDING_COMPLETE);
    /* The writer takes what it is behind with; it never waits for us. */
    for (int tries = 0; worker->recording_count > 0 && tries < 1000; tries++) {
        sapa_udp_set_tick(sapa_mono_us() + 5000);
        for (uint32_t i = worker->recording_count; i-- > 0;)
            end_recording(worker, worker->recordings[i], SAPA_RECORDING_COMPLETE);
    }
    while (worker->leg_count > 0)
        close_leg(worker, worker->legs[worker->leg_count - 1], 0);
    while (worker->leaving) {
        struct sapa_leg *leg = worker->leaving;
        worker->leaving = leg->contact_next;
        sapa_leg_free(leg);
    }
}
