/* Packets by our own clock: announcements, music, DTMF. Each frame is due a fixed time after the one before, so nothing drifts. */
#include <string.h>

#include "media/g711.h"
#include "media/worker_impl.h"

enum {
    LAG_US = 200000,      /* a clock that fell behind more than this begins anew */
    EVENT_STEP_MS = 20,
    PAUSE_MS = 60,        /* between digits */
    EVENT_VOLUME = 10,    /* -10 dBm0 */
    COMFORT_US = 5000000
};

/* The room for a packet that we make: the worker's packet buffer is not in use between receptions. */
static uint8_t *room(struct sapa_worker *worker)
{
    return worker->packet;
}

/* --- announcements and music --- */

void sapa_player_spend(struct sapa_worker *worker, struct sapa_player *player)
{
    player->next = atomic_load_explicit(&worker->spent, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&worker->spent, &player->next, player, memory_order_release,
                                                  memory_order_relaxed))
        ;
}

void sapa_leg_stop(struct sapa_worker *worker, struct sapa_leg *leg)
{
    struct sapa_player *player = leg->player;

    if (!player)
        return;
    if (player->loop) {
        leg->music_key = player->key;
        leg->music_index = player->index;
        leg->music_at = player->at;
    }
    leg->player = NULL;
    sapa_player_spend(worker, player);
    if (leg->dtmf.count == 0)
        sapa_worker_unpace(worker, leg);
}

void sapa_leg_play(struct sapa_worker *worker, struct sapa_leg *leg, struct sapa_player *player)
{
    sapa_leg_stop(worker, leg);
    leg->player = player;
    leg->source = NULL;
    if (player->loop && player->key == leg->music_key && leg->music_index < player->count &&
        leg->music_at < player->sounds[leg->music_index]->size) {
        player->index = leg->music_index;
        player->at = leg->music_at;
    }
    if (!leg->paced)
        leg->pace_us = worker->now_us;
    sapa_worker_pace(worker, leg);
}

void sapa_leg_play_over(struct sapa_worker *worker, struct sapa_leg *leg, struct sapa_player *player, bool all)
{
    if (!all) {
        if (leg->over)
            sapa_player_spend(worker, leg->over);
        leg->over = player;
        return;
    }
    if (leg->mix->over)
        sapa_player_spend(worker, leg->mix->over);
    leg->mix->over = player;
    leg->mix->over_leg = leg->id;
}

/* The next `n` octets in the leg's codec; silence fills the last frame. Returns octets taken from sounds. */
static size_t next_frame(struct sapa_player *player, uint8_t codec, uint8_t *frame, size_t n)
{
    size_t done = 0;

    while (done < n && player->index < player->count) {
        const struct sapa_sound *sound = player->sounds[player->index];
        const size_t take = SAPA_MIN(n - done, sound->size - player->at);
        sapa_g711_convert(sound->codec, sound->octets + player->at, take, codec, frame + done);
        done += take;
        player->at += take;
        if (player->at < sound->size)
            continue;
        player->at = 0;
        player->index++;
        if (player->loop && player->index == player->count)
            player->index = 0;
    }
    memset(frame + done, sapa_g711_silence(codec), n - done);
    return done;
}

static void tell_done(struct sapa_worker *worker, const struct sapa_leg *leg, const struct sapa_player *player)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_PLAY_DONE, .contact = leg->contact, .leg = leg->id };

    message.u.play.play = player->play;
    sapa_worker_tell(worker, &message);
}

bool sapa_player_add(struct sapa_worker *worker, const struct sapa_leg *leg, struct sapa_player *player,
                     int16_t ret_linear[SAPA_CODER_FRAME / 2])
{
    uint8_t octets[SAPA_CODER_FRAME / 2];

    next_frame(player, SAPA_CODEC_PCMA, octets, sizeof(octets));
    sapa_g711_decode(SAPA_CODEC_PCMA, octets, sizeof(octets), ret_linear);
    if (player->index < player->count)
        return true;
    tell_done(worker, leg, player);
    return false;
}

static void play_done(struct sapa_worker *worker, struct sapa_leg *leg)
{
    tell_done(worker, leg, leg->player);
    sapa_leg_stop(worker, leg);
}

/* `n` octets of A-law as a packet's payload; what is not G.711 has frames of 20 ms. */
static size_t put_payload(struct sapa_leg *leg, const uint8_t *alaw, size_t n, uint8_t *ret_payload)
{
    int16_t linear[SAPA_CODER_FRAME / 2];

    if (sapa_g711_is(leg->codec)) {
        sapa_g711_convert(SAPA_CODEC_PCMA, alaw, n, leg->codec, ret_payload);
        return n;
    }
    sapa_g711_decode(SAPA_CODEC_PCMA, alaw, SAPA_COUNT(linear), linear);
    return sapa_leg_encode(leg, linear, ret_payload);
}

static unsigned frame_ms(const struct sapa_leg *leg)
{
    return sapa_g711_is(leg->codec) ? leg->ptime_ms : MIX_MS;
}

static void play_frame(struct sapa_worker *worker, struct sapa_leg *leg)
{
    const size_t n = 8u * frame_ms(leg);
    const bool fresh = leg->source != leg; /* `source` is the leg itself while it plays */

    if (sapa_leg_can_send(leg)) {
        size_t size = n;
        if (sapa_g711_is(leg->codec)) {
            next_frame(leg->player, leg->codec, room(worker) + SAPA_RTP_HEAD, n);
        } else {
            uint8_t alaw[SAPA_CODER_FRAME / 2];
            next_frame(leg->player, SAPA_CODEC_PCMA, alaw, n);
            size = put_payload(leg, alaw, n, room(worker) + SAPA_RTP_HEAD);
        }
        leg->timestamp = fresh ? sapa_leg_timestamp_now(worker, leg)
                               : leg->timestamp + leg->clock_khz * frame_ms(leg);
        leg->seq++;
        leg->source = leg;
        leg->source_ssrc = leg->ssrc;
        sapa_leg_send(worker, leg, fresh, leg->type_send, room(worker), size);
    } else {
        /* Time goes on also for one that may not be sent to. */
        uint8_t nowhere[480];
        next_frame(leg->player, SAPA_CODEC_PCMA, nowhere, n);
    }
    if (leg->player->index >= leg->player->count) {
        leg->source = NULL;
        play_done(worker, leg);
    }
}

/* --- DTMF --- */

void sapa_leg_queue_dtmf(struct sapa_worker *worker, struct sapa_leg *leg, const char *digits, uint16_t length_ms)
{
    struct sapa_dtmf_out *dtmf = &leg->dtmf;

    for (; *digits && dtmf->count < sizeof(dtmf->digits); digits++)
        dtmf->digits[(dtmf->head + dtmf->count++) % sizeof(dtmf->digits)] = *digits;
    dtmf->length_ms = length_ms;
    if (!leg->paced)
        leg->pace_us = worker->now_us;
    sapa_worker_pace(worker, leg);
}

static void next_digit(struct sapa_dtmf_out *dtmf)
{
    dtmf->head = (uint8_t)((dtmf->head + 1) % sizeof(dtmf->digits));
    dtmf->count--;
    dtmf->started = false;
}

static void send_event(struct sapa_worker *worker, struct sapa_leg *leg, unsigned event, bool end, bool marker)
{
    const uint32_t elapsed_ms = SAPA_MIN(leg->dtmf.elapsed_ms, leg->dtmf.length_ms);
    const uint16_t duration = (uint16_t)SAPA_MIN(leg->dtmf_khz * elapsed_ms, (uint32_t)UINT16_MAX);
    const struct sapa_event payload = { .event = (uint8_t)event, .end = end, .volume = EVENT_VOLUME,
                                        .duration = duration };

    sapa_event_put(&payload, room(worker) + SAPA_RTP_HEAD);
    leg->seq++;
    leg->timestamp = leg->dtmf.timestamp;
    sapa_leg_send(worker, leg, marker, leg->dtmf_type, room(worker), SAPA_EVENT_SIZE);
    leg->timestamp += leg->clock_khz * elapsed_ms;
}

/* RFC 4733: the event every 20 ms with growing duration, its end three times, then a pause. */
static void event_step(struct sapa_worker *worker, struct sapa_leg *leg, unsigned event)
{
    struct sapa_dtmf_out *dtmf = &leg->dtmf;
    const bool first = dtmf->elapsed_ms == 0;

    dtmf->elapsed_ms += EVENT_STEP_MS;
    const bool end = dtmf->elapsed_ms >= dtmf->length_ms;
    if (dtmf->ends < SAPA_EVENT_END_PACKETS) {
        if (first)
            dtmf->timestamp = sapa_leg_timestamp_now(worker, leg);
        send_event(worker, leg, event, end, first);
        dtmf->ends += end;
    } else if (dtmf->elapsed_ms >= dtmf->length_ms + SAPA_EVENT_END_PACKETS * EVENT_STEP_MS + PAUSE_MS) {
        next_digit(dtmf);
    }
}

/* Where events were not negotiated: the tone itself. */
static void tone_step(struct sapa_worker *worker, struct sapa_leg *leg, unsigned event)
{
    struct sapa_dtmf_out *dtmf = &leg->dtmf;
    const uint16_t length_ms = SAPA_MIN(dtmf->length_ms, SAPA_INBAND_TONE_MS_MAX);
    enum { N = 8 * EVENT_STEP_MS };
    uint8_t alaw[N];
    const bool first = dtmf->elapsed_ms == 0;
    size_t tone = 0;

    if (dtmf->elapsed_ms < length_ms)
        tone = SAPA_MIN((size_t)N, 8u * (length_ms - dtmf->elapsed_ms));
    if (tone > 0)
        memcpy(alaw, sapa_inband_tone(event) + 8u * dtmf->elapsed_ms, tone);
    memset(alaw + tone, SAPA_G711_ALAW_SILENCE, N - tone);
    const size_t size = put_payload(leg, alaw, N, room(worker) + SAPA_RTP_HEAD);
    leg->timestamp = first ? sapa_leg_timestamp_now(worker, leg) : leg->timestamp + leg->clock_khz * EVENT_STEP_MS;
    leg->seq++;
    sapa_leg_send(worker, leg, first, leg->type_send, room(worker), size);
    dtmf->elapsed_ms += EVENT_STEP_MS;
    if (dtmf->elapsed_ms >= length_ms + PAUSE_MS)
        next_digit(dtmf);
}

static void dtmf_step(struct sapa_worker *worker, struct sapa_leg *leg)
{
    struct sapa_dtmf_out *dtmf = &leg->dtmf;

    if (!sapa_leg_can_send(leg)) {
        dtmf->count = 0;
        return;
    }
    if (!dtmf->started) {
        dtmf->started = true;
        dtmf->inband = leg->dtmf_type == 0;
        dtmf->elapsed_ms = 0;
        dtmf->ends = 0;
        leg->source = NULL;
    }
    const int event = sapa_event_of(dtmf->digits[dtmf->head]);
    if (event < 0)
        next_digit(dtmf);
    else if (dtmf->inband)
        tone_step(worker, leg, (unsigned)event);
    else if (leg->dtmf_type)
        event_step(worker, leg, (unsigned)event);
    else
        dtmf->started = false; /* a new offer took events away: the tone instead */
}

/* --- the clock --- */

bool sapa_leg_pace(struct sapa_worker *worker, struct sapa_leg *leg)
{
    if (worker->now_us - leg->pace_us > LAG_US)
        leg->pace_us = worker->now_us;
    while (leg->pace_us <= worker->now_us) {
        if (leg->dtmf.count > 0) {
            dtmf_step(worker, leg);
            leg->pace_us += EVENT_STEP_MS * 1000;
        } else if (leg->player) {
            leg->pace_us += frame_ms(leg) * 1000;
            play_frame(worker, leg);
        } else {
            return false;
        }
    }
    return leg->player || leg->dtmf.count > 0;
}

void sapa_leg_comfort(struct sapa_worker *worker, struct sapa_leg *leg)
{
    if (!sapa_leg_can_send(leg) || worker->now_us - leg->sent_us < COMFORT_US)
        return;
    uint8_t alaw[480];
    size_t n = 8u * frame_ms(leg);
    memset(alaw, SAPA_G711_ALAW_SILENCE, n);
    n = put_payload(leg, alaw, n, room(worker) + SAPA_RTP_HEAD);
    leg->timestamp = sapa_leg_timestamp_now(worker, leg);
    leg->seq++;
    leg->source = NULL;
    sapa_leg_send(worker, leg, true, leg->type_send, room(worker), n);
}
