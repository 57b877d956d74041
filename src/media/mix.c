/*
 * Conversations that are decoded: conferences with their roles, and the two of a bridge who have no codec in common.
 *
 * A running mix has a turn each 20 ms: a frame of each leg out of its jitter buffer, levels, sums, and to each leg the sum
 * of the others in its codec. A mix of two parties who could be relayed does not run: it is a bridge until a third comes.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/g711.h"
#include "media/worker_impl.h"
#include "model/vocab.h"
#include "rt/random.h"

enum {
    NARROW = 8000, WIDE = 16000,
    FRAME_NARROW = NARROW / 1000 * MIX_MS,
    BEHIND_MS = 200,          /* a clock that fell behind more than this begins anew */
    SPEAKER_US = 500000,
    QUIET_FRAMES = 10,        /* of nothing, before comfort noise stands for it */
    COMFORT_LEVEL = 70,       /* -dBov: a line that is open, hardly heard */
    BEEP_HZ = 1400, BEEP_AMPLITUDE = 1500
};

static int16_t beeps[2][WIDE / 1000 * BEEP_MS]; /* at 8 and 16 kHz */

void sapa_mix_init(void)
{
    for (unsigned wide = 0; wide < 2; wide++) {
        const unsigned rate = wide ? WIDE : NARROW, n = rate / 1000 * BEEP_MS, edge = rate / 100;
        for (unsigned i = 0; i < n; i++) {
            const double fade = SAPA_MIN(SAPA_MIN(i, n - 1 - i), edge) / (double)edge;
            beeps[wide][i] = (int16_t)lrint(fade * BEEP_AMPLITUDE *
                                            sin(2 * 3.14159265358979323846 * BEEP_HZ * i / rate));
        }
    }
}

void sapa_leg_beep(struct sapa_leg *leg, int16_t *frame, size_t n, uint32_t rate)
{
    const int16_t *beep = beeps[rate == WIDE] + (BEEP_MS - leg->beep_ms) * (rate / 1000);

    n = SAPA_MIN(n, (size_t)leg->beep_ms * (rate / 1000));
    for (size_t i = 0; i < n; i++)
        frame[i] = (int16_t)SAPA_MAX(SAPA_MIN(frame[i] + beep[i], INT16_MAX), INT16_MIN);
    leg->beep_ms -= (uint16_t)SAPA_MIN(n / (rate / 1000), (size_t)leg->beep_ms);
}

/* --- one turn --- */

static bool is_party(const struct sapa_leg *leg)
{
    return leg->role == SAPA_MEDIA_ROLE_PARTY && !leg->secret;
}

static bool hears(const struct sapa_leg *leg)
{
    return leg->role != SAPA_MEDIA_ROLE_HELD;
}

static bool is_whispered(const struct sapa_leg *from, const struct sapa_leg *to)
{
    if (from->role != SAPA_MEDIA_ROLE_WHISPER || from->secret || from == to || !hears(to))
        return false;
    if (to->role == SAPA_MEDIA_ROLE_LISTEN || to->role == SAPA_MEDIA_ROLE_WHISPER)
        return true; /* supervisors hear each other */
    return from->whisper_to ? from->whisper_to == to->id : to->side == SAPA_SIDE_AGENT;
}

/* The two of a bridge: the leg's own frame into the recording, and its tones. */
static void take_own(struct sapa_worker *worker, struct sapa_leg *leg, uint32_t rate)
{
    struct sapa_party *party = leg->party;
    int16_t narrow[SAPA_CODER_FRAME / 2];
    uint8_t octets[FRAME_NARROW];
    struct sapa_event_digit digits[SAPA_INBAND_DIGITS_MAX];

    if (sapa_g711_is(leg->codec) || (!leg->recording && !leg->inband))
        return; /* what is G.711 was taken as it came */
    sapa_to_narrow(&party->record_rate, party->frame, rate, narrow);
    sapa_g711_encode(SAPA_CODEC_PCMA, narrow, FRAME_NARROW, octets);
    if (leg->recording && party->has) /* as early as it came */
        sapa_recorder_audio(&leg->recording->recorder, leg->channel, SAPA_CODEC_PCMA, leg->ssrc,
                            party->record_timestamp, octets, FRAME_NARROW,
                            worker->now_us - 1000 * (int64_t)sapa_playout_delay_ms(party->in));
    if (leg->inband) {
        const unsigned n = sapa_inband_receive(leg->inband, SAPA_CODEC_PCMA, party->record_timestamp, octets,
                                               FRAME_NARROW, worker->now_us, digits);
        for (unsigned i = 0; i < n; i++)
            sapa_worker_digit(worker, leg, digits[i]);
    }
    party->record_timestamp += FRAME_NARROW;
}

static void hear_all(struct sapa_worker *worker, struct sapa_mix *mix, int32_t *sum)
{
    const size_t n = mix->rate / 1000 * MIX_MS;

    for (struct sapa_leg *leg = mix->legs; leg; leg = leg->mix_next) {
        struct sapa_party *party = leg->party;
        sapa_party_hear(party, mix->rate);
        take_own(worker, leg, mix->rate);
        party->apart = !is_party(leg);
        if (mix->id) { /* two of a bridge hear each other as they are */
            party->speaks = sapa_level_note(&party->level, party->frame, n) && !party->apart;
            sapa_level_apply(&party->level, party->frame, n);
        }
        if (party->has && !party->apart)
            for (size_t i = 0; i < n; i++)
                sum[i] += party->frame[i];
    }
}

static void tell_speaker(struct sapa_worker *worker, struct sapa_mix *mix)
{
    const struct sapa_leg *loudest = NULL;
    bool goes_on = false;

    if (!mix->id || worker->now_us - mix->speaker_us < SPEAKER_US)
        return;
    for (const struct sapa_leg *leg = mix->legs; leg; leg = leg->mix_next)
        if (leg->party->speaks) {
            goes_on |= leg->id == mix->speaker;
            if (!loudest || leg->party->level.speech > loudest->party->level.speech)
                loudest = leg;
        }
    if (!loudest || goes_on)
        return;
    struct sapa_media_message message = { .op = SAPA_MEDIA_SPEAKER, .contact = mix->contact, .leg = loudest->id };
    message.u.mix.mix = mix->id;
    mix->speaker = loudest->id;
    mix->speaker_us = worker->now_us;
    sapa_worker_tell(worker, &message);
}

/* Channel 0: customers; channel 1: everybody else who is heard by them. */
static void record(struct sapa_worker *worker, struct sapa_mix *mix, struct sapa_recording_run *recording)
{
    const size_t n = mix->rate / 1000 * MIX_MS;
    int16_t frame[SAPA_CODER_FRAME], narrow[SAPA_CODER_FRAME / 2];
    uint8_t octets[FRAME_NARROW];

    for (unsigned channel = 0; channel < recording->recorder.channels; channel++) {
        int32_t sum[SAPA_CODER_FRAME] = { 0 };
        bool any = false;
        if (recording->mixes[channel] != mix)
            continue;
        for (const struct sapa_leg *leg = mix->legs; leg; leg = leg->mix_next) {
            const bool customer = leg->side == SAPA_SIDE_CUSTOMER;
            /* A customer is recorded while he is held too; who only whispers is not part of the conversation. */
            if (customer != (channel == 0) || !leg->party->has || leg->secret ||
                (!customer && leg->role != SAPA_MEDIA_ROLE_PARTY))
                continue;
            any = true;
            for (size_t i = 0; i < n; i++)
                sum[i] += leg->party->frame[i];
        }
        sapa_limiter_run(&mix->record_limiter[channel], sum, n, frame);
        sapa_to_narrow(&mix->record_rate[channel], frame, mix->rate, narrow);
        if (!any)
            continue;
        sapa_g711_encode(SAPA_CODEC_PCMA, narrow, FRAME_NARROW, octets);
        sapa_recorder_audio(&recording->recorder, channel, SAPA_CODEC_PCMA, mix->record_ssrc, mix->record_timestamp,
                            octets, FRAME_NARROW, worker->now_us);
    }
}

/* What plays over a conversation, at the mix's rate, onto `sum`. False: nothing plays, or it has just ended. */
static bool add_over(struct sapa_worker *worker, const struct sapa_leg *leg, struct sapa_player **player,
                     struct sapa_resampler *resampler, uint32_t rate, int32_t *sum)
{
    int16_t narrow[SAPA_CODER_FRAME / 2], frame[SAPA_CODER_FRAME];

    if (!*player)
        return false;
    const bool goes_on = sapa_player_add(worker, leg, *player, narrow);
    if (rate == WIDE)
        sapa_resample_up(resampler, 2, narrow, FRAME_NARROW, frame);
    const int16_t *from = rate == WIDE ? frame : narrow;
    for (size_t i = 0; i < rate / 1000 * MIX_MS; i++)
        sum[i] += from[i];
    if (!goes_on) {
        sapa_player_spend(worker, *player);
        *player = NULL;
    }
    return true;
}

static void send_comfort(struct sapa_worker *worker, struct sapa_leg *leg)
{
    worker->packet[SAPA_RTP_HEAD] = COMFORT_LEVEL;
    leg->timestamp = sapa_leg_timestamp_now(worker, leg);
    leg->seq++;
    leg->source = NULL;
    sapa_leg_send(worker, leg, false, SAPA_RTP_COMFORT_NOISE, worker->packet, 1);
}

static void say_to(struct sapa_worker *worker, struct sapa_mix *mix, struct sapa_leg *leg, const int32_t *total,
                   bool announced)
{
    struct sapa_party *party = leg->party;
    const size_t n = mix->rate / 1000 * MIX_MS;
    int32_t sum[SAPA_CODER_FRAME] = { 0 };
    int16_t frame[SAPA_CODER_FRAME];
    bool any = announced;

    if (hears(leg)) {
        memcpy(sum, total, n * sizeof(*sum));
        for (const struct sapa_leg *from = mix->legs; from; from = from->mix_next) {
            const struct sapa_party *other = from->party;
            if (!other->has)
                continue;
            if (from == leg && !other->apart) {
                for (size_t i = 0; i < n; i++)
                    sum[i] -= other->frame[i];
            } else if (is_whispered(from, leg)) {
                for (size_t i = 0; i < n; i++)
                    sum[i] += other->frame[i];
                any = true;
            }
            any |= from != leg && !other->apart;
        }
    }
    any |= add_over(worker, leg, &leg->over, &party->over_rate, mix->rate, sum);
    if (leg->player || leg->dtmf.count > 0 || !sapa_leg_can_send(leg)) {
        leg->beep_ms = 0;
        return;
    }
    sapa_limiter_run(&party->limiter, sum, n, frame);
    if (leg->beep_ms > 0) {
        sapa_leg_beep(leg, frame, n, mix->rate);
        any = true;
    }
    party->quiet = any ? 0 : (uint16_t)SAPA_MIN(party->quiet + 1, QUIET_FRAMES + 1);
    if (leg->comfort_noise && party->quiet >= QUIET_FRAMES) {
        if (party->quiet == QUIET_FRAMES)
            send_comfort(worker, leg);
        return;
    }
    sapa_party_say(worker, leg, frame, mix->rate);
}

static void turn(struct sapa_worker *worker, struct sapa_mix *mix)
{
    int32_t total[SAPA_CODER_FRAME] = { 0 };
    struct sapa_leg over = { .id = mix->over_leg, .contact = mix->contact };

    hear_all(worker, mix, total);
    tell_speaker(worker, mix);
    const struct sapa_contact_row *contact = sapa_table_find(&worker->contacts, mix->contact);
    if (contact && contact->recording && !contact->recording->ended)
        record(worker, mix, contact->recording);
    mix->record_timestamp += FRAME_NARROW;
    const bool had_over = mix->over != NULL;
    const bool announced = add_over(worker, &over, &mix->over, &mix->over_rate, mix->rate, total);
    bool ended = had_over && !mix->over;
    for (struct sapa_leg *leg = mix->legs; leg; leg = leg->mix_next) {
        const bool had = leg->over != NULL;
        say_to(worker, mix, leg, total, announced);
        ended |= had && !leg->over;
    }
    /* Perhaps relaying will do again. It may end this mix: nothing after it. */
    if (ended && mix->legs)
        (void)!sapa_mix_review(worker, mix->legs);
}

void sapa_mix_turn(struct sapa_worker *worker)
{
    const int64_t now_ms = worker->now_us / 1000;

    if (now_ms - worker->mix_ms > BEHIND_MS)
        worker->mix_ms = now_ms - MIX_MS + 1;
    for (; worker->mix_ms <= now_ms; worker->mix_ms++)
        for (struct sapa_mix *mix = worker->mix_slots[worker->mix_ms % MIX_SLOTS], *next; mix; mix = next) {
            next = mix->slot_next;
            turn(worker, mix);
        }
}

/* --- life --- */

static void start(struct sapa_worker *worker, struct sapa_mix *mix)
{
    if (mix->runs)
        return;
    if (worker->mixes_running == 0)
        worker->mix_ms = worker->now_us / 1000 + 1;
    mix->slot = worker->mix_slot++ % MIX_SLOTS;
    mix->slot_next = worker->mix_slots[mix->slot];
    worker->mix_slots[mix->slot] = mix;
    mix->runs = true;
    worker->mixes_running++;
}

static void stop(struct sapa_worker *worker, struct sapa_mix *mix)
{
    if (!mix->runs)
        return;
    for (struct sapa_mix **place = &worker->mix_slots[mix->slot]; *place; place = &(*place)->slot_next)
        if (*place == mix) {
            *place = mix->slot_next;
            break;
        }
    mix->runs = false;
    worker->mixes_running--;
}

static sapa_rc new_mix(struct sapa_worker *worker, uint64_t id, uint64_t contact, struct sapa_mix **ret_mix)
{
    sapa_rc rc = sapa_worker_room((void **)&worker->mixes, &worker->mix_room, worker->mix_count, sizeof(struct sapa_mix *));
    struct sapa_mix *mix = rc == SAPA_OK ? calloc(1, sizeof(*mix)) : NULL;
    struct sapa_id_row *row;

    if (!mix)
        return SAPA_ENOMEM;
    if (id) {
        rc = sapa_table_add(&worker->mix_ids, id, &row);
        if (rc) {
            free(mix);
            return rc;
        }
        row->what = mix;
    }
    mix->id = id;
    mix->contact = contact;
    mix->rate = NARROW;
    mix->record_ssrc = (uint32_t)sapa_random_u64();
    mix->index = worker->mix_count;
    worker->mixes[worker->mix_count++] = mix;
    *ret_mix = mix;
    return SAPA_OK;
}

static void free_mix(struct sapa_worker *worker, struct sapa_mix *mix)
{
    sapa_assert(!mix->legs);
    stop(worker, mix);
    if (mix->over)
        sapa_player_spend(worker, mix->over);
    if (mix->id)
        sapa_table_remove(&worker->mix_ids, sapa_table_find(&worker->mix_ids, mix->id));
    worker->mixes[mix->index] = worker->mixes[--worker->mix_count];
    worker->mixes[mix->index]->index = mix->index;
    const struct sapa_contact_row *contact = sapa_table_find(&worker->contacts, mix->contact);
    for (unsigned channel = 0; contact && contact->recording && channel < 2; channel++)
        if (contact->recording->mixes[channel] == mix)
            contact->recording->mixes[channel] = NULL;
    free(mix);
}

static void add(struct sapa_mix *mix, struct sapa_leg *leg)
{
    leg->mix = mix;
    leg->mix_next = mix->legs;
    mix->legs = leg;
    mix->count++;
}

static void take_out(struct sapa_leg *leg)
{
    struct sapa_mix *mix = leg->mix;

    for (struct sapa_leg **place = &mix->legs; *place; place = &(*place)->mix_next)
        if (*place == leg) {
            *place = leg->mix_next;
            break;
        }
    mix->count--;
    leg->mix = NULL;
    leg->mix_next = NULL;
}

/* What decoding needed and relaying does not: for G.711 all of it, else the place in the stream. */
static void rest(struct sapa_leg *leg)
{
    if (leg->source == leg && !leg->player)
        leg->source = NULL;
    if (leg->party)
        leg->party->ear_on = false;
    if (sapa_g711_is(leg->codec) || leg->codec == SAPA_CODEC_NONE)
        sapa_leg_drop_party(leg);
}

static bool is_wide(const struct sapa_leg *leg)
{
    const struct sapa_codec_info *info = sapa_codec_info(leg->codec);

    return info && info->sample_hz >= WIDE;
}

static void set_rate(struct sapa_mix *mix)
{
    unsigned wide = 0;

    for (const struct sapa_leg *leg = mix->legs; leg; leg = leg->mix_next)
        wide += is_wide(leg);
    const uint32_t rate = wide >= 2 ? WIDE : NARROW;
    if (rate == mix->rate)
        return;
    mix->rate = rate;
    memset(&mix->over_rate, 0, sizeof(mix->over_rate));
    memset(mix->record_rate, 0, sizeof(mix->record_rate));
    for (struct sapa_leg *leg = mix->legs; leg; leg = leg->mix_next)
        if (leg->party) {
            memset(&leg->party->in_rate, 0, sizeof(leg->party->in_rate));
            memset(&leg->party->out_rate, 0, sizeof(leg->party->out_rate));
            memset(&leg->party->over_rate, 0, sizeof(leg->party->over_rate));
            memset(&leg->party->record_rate, 0, sizeof(leg->party->record_rate));
        }
}

static sapa_rc run(struct sapa_worker *worker, struct sapa_mix *mix)
{
    for (struct sapa_leg *leg = mix->legs; leg; leg = leg->mix_next) {
        const sapa_rc rc = sapa_leg_need_party(leg);
        if (rc)
            return rc;
    }
    for (struct sapa_leg *leg = mix->legs; leg; leg = leg->mix_next)
        if (!mix->runs)
            leg->source = leg->player ? leg->source : NULL;
    set_rate(mix);
    for (struct sapa_leg *leg = mix->legs; leg; leg = leg->mix_next)
        sapa_encoder_narrow(leg->party->out, mix->rate == NARROW);
    start(worker, mix);
    return SAPA_OK;
}

/* --- relay or run --- */

bool sapa_leg_fits(const struct sapa_leg *leg, const struct sapa_leg *other)
{
    if (sapa_g711_is(leg->codec) && sapa_g711_is(other->codec))
        return true;
    /* Nothing was agreed with one of them yet: there is nothing to decode either. */
    return leg->codec == other->codec || leg->codec == SAPA_CODEC_NONE || other->codec == SAPA_CODEC_NONE;
}

static bool is_beeped(const struct sapa_worker *worker, uint64_t contact)
{
    const struct sapa_contact_row *row = sapa_table_find(&worker->contacts, contact);

    return row && row->recording && !row->recording->ended && row->recording->beep_s;
}

static bool can_relay(const struct sapa_worker *worker, const struct sapa_mix *mix, const struct sapa_leg *a,
                      const struct sapa_leg *b)
{
    return sapa_leg_fits(a, b) && !a->over && !b->over && !(mix && mix->over) &&
           (sapa_g711_is(a->codec) || !is_beeped(worker, a->contact));
}

static void link_two(struct sapa_worker *worker, struct sapa_leg *a, struct sapa_leg *b)
{
    struct sapa_leg *const both[2] = { a, b };

    if (a->other == b)
        return;
    for (int i = 0; i < 2; i++) {
        both[i]->other = both[1 - i];
        both[i]->bridged_us = worker->now_us;
        if (both[i]->source != both[i] || !both[i]->player)
            both[i]->source = NULL;
    }
    worker->bridges++;
}

static void unlink_two(struct sapa_worker *worker, struct sapa_leg *leg)
{
    struct sapa_leg *const both[2] = { leg, leg->other };

    if (!leg->other)
        return;
    for (int i = 0; i < 2; i++) {
        both[i]->talk_us += worker->now_us - both[i]->bridged_us;
        both[i]->other = NULL;
    }
    worker->bridges--;
}

/* A mix of control's: two parties who fit are a bridge; else it runs. */
static sapa_rc review_mix(struct sapa_worker *worker, struct sapa_mix *mix)
{
    struct sapa_leg *first = mix->legs, *second = first ? first->mix_next : NULL;
    sapa_rc rc = SAPA_OK;

    if (!first) {
        free_mix(worker, mix);
        return SAPA_OK;
    }
    const uint64_t contact = mix->contact;
    if (mix->count == 2 && first->role == SAPA_MEDIA_ROLE_PARTY && second->role == SAPA_MEDIA_ROLE_PARTY &&
        can_relay(worker, mix, first, second)) {
        stop(worker, mix);
        link_two(worker, first, second);
        rest(first);
        rest(second);
    } else {
        for (struct sapa_leg *leg = first; leg; leg = leg->mix_next)
            unlink_two(worker, leg);
        rc = run(worker, mix);
    }
    sapa_worker_attach_sources(worker, contact);
    return rc;
}

/* The mix of a bridge ends: its two are as any others. */
static void dissolve(struct sapa_worker *worker, struct sapa_mix *mix)
{
    while (mix->legs) {
        struct sapa_leg *leg = mix->legs;
        take_out(leg);
        rest(leg);
    }
    free_mix(worker, mix);
}

static sapa_rc review_bridge(struct sapa_worker *worker, struct sapa_leg *leg)
{
    struct sapa_leg *other = leg->other;
    struct sapa_mix *mix = leg->mix;
    sapa_rc rc = SAPA_OK;

    if (mix && (!other || other->mix != mix || can_relay(worker, mix, leg, other))) {
        dissolve(worker, mix);
        mix = NULL;
    }
    if (!other || other == leg || can_relay(worker, mix, leg, other)) /* who hears himself is never mixed */
        return SAPA_OK;
    if (!mix) {
        rc = new_mix(worker, 0, leg->contact, &mix);
        if (rc)
            return rc;
        leg->role = other->role = SAPA_MEDIA_ROLE_PARTY;
        add(mix, leg);
        add(mix, other);
    }
    rc = run(worker, mix);
    if (rc)
        dissolve(worker, mix);
    return rc;
}

sapa_rc sapa_mix_review(struct sapa_worker *worker, struct sapa_leg *leg)
{
    if (leg->mix && leg->mix->id)
        return review_mix(worker, leg->mix);
    return review_bridge(worker, leg);
}

void sapa_mix_leave(struct sapa_worker *worker, struct sapa_leg *leg)
{
    struct sapa_mix *mix = leg->mix;

    if (!mix)
        return;
    if (leg->over) {
        sapa_player_spend(worker, leg->over);
        leg->over = NULL;
    }
    if (!mix->id) {
        dissolve(worker, mix);
        return;
    }
    unlink_two(worker, leg);
    take_out(leg);
    rest(leg);
    leg->role = SAPA_MEDIA_ROLE_PARTY;
    leg->whisper_to = 0;
    (void)!review_mix(worker, mix);
    sapa_worker_attach_sources(worker, leg->contact);
}

sapa_rc sapa_mix_join(struct sapa_worker *worker, struct sapa_leg *leg, const struct sapa_media_message *message)
{
    const struct sapa_id_row *row = sapa_table_find(&worker->mix_ids, message->u.mix.mix);
    struct sapa_mix *mix = row ? row->what : NULL;

    if (mix && mix->contact != leg->contact)
        return SAPA_ESTATE;
    if (mix && leg->mix != mix && mix->count >= MIX_LEGS_MAX)
        return SAPA_ELIMIT;
    if (leg->codec == SAPA_CODEC_NONE)
        return SAPA_ESTATE;
    if (!mix) {
        const sapa_rc rc = new_mix(worker, message->u.mix.mix, leg->contact, &mix);
        if (rc)
            return rc;
    }
    if (leg->mix != mix) {
        struct sapa_leg *left = leg->other;
        sapa_mix_leave(worker, leg);
        unlink_two(worker, leg);
        if (left)
            left->source = left->player ? left->source : NULL;
        add(mix, leg);
    }
    leg->role = message->u.mix.role;
    leg->whisper_to = message->other;
    const sapa_rc rc = review_mix(worker, mix);
    if (rc)
        sapa_mix_leave(worker, leg);
    return rc;
}
