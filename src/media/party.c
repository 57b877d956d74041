/* Decoding and encoding of a leg: for mixes, for what plays, and for recordings of what is not G.711. */
#include <stdlib.h>
#include <string.h>

#include "media/g711.h"
#include "media/worker_impl.h"

enum { NARROW = 8000, FRAME_NARROW = NARROW / 1000 * MIX_MS };

/* --- life --- */

sapa_rc sapa_leg_need_party(struct sapa_leg *leg)
{
    const struct sapa_codec_info *info = sapa_codec_info(leg->codec);
    const struct sapa_encoder_options options = { .codec = leg->codec, .fec = leg->opus_fec,
                                                  .kbps_max = leg->opus_kbps };
    struct sapa_party *party;

    if (leg->party && leg->party->codec == leg->codec)
        return SAPA_OK;
    if (!info)
        return SAPA_ESTATE; /* nothing was agreed yet */
    party = calloc(1, sizeof(*party));
    if (!party)
        return SAPA_ENOMEM;
    sapa_rc rc = sapa_playout_new(leg->codec, &party->in);
    if (rc == SAPA_OK)
        rc = sapa_encoder_new(&options, &party->out);
    if (rc) {
        sapa_playout_free(party->in);
        free(party);
        return rc;
    }
    party->codec = leg->codec;
    party->rate = info->sample_hz;
    sapa_leg_drop_party(leg);
    leg->party = party;
    return SAPA_OK;
}

void sapa_leg_drop_party(struct sapa_leg *leg)
{
    if (!leg->party)
        return;
    sapa_playout_free(leg->party->in);
    sapa_encoder_free(leg->party->out);
    free(leg->party);
    leg->party = NULL;
}

/* --- rates --- */

static void change_rate(struct sapa_resampler *resampler, const int16_t *in, uint32_t from, int16_t *ret_out, uint32_t to)
{
    if (from == to)
        memcpy(ret_out, in, from / 1000 * MIX_MS * sizeof(*in));
    else if (from < to)
        sapa_resample_up(resampler, to / from, in, from / 1000 * MIX_MS, ret_out);
    else
        sapa_resample_down(resampler, from / to, in, to / 1000 * MIX_MS, ret_out);
}

void sapa_to_narrow(struct sapa_resampler *resampler, const int16_t *frame, uint32_t rate,
                    int16_t ret_narrow[SAPA_CODER_FRAME / 2])
{
    change_rate(resampler, frame, rate, ret_narrow, NARROW);
}

void sapa_party_hear(struct sapa_party *party, uint32_t rate)
{
    int16_t frame[SAPA_CODER_FRAME];

    party->has = sapa_playout_get(party->in, frame);
    change_rate(&party->in_rate, frame, party->rate, party->frame, rate);
}

/* --- out --- */

size_t sapa_leg_encode(struct sapa_leg *leg, const int16_t *linear, uint8_t *ret_payload)
{
    int16_t frame[SAPA_CODER_FRAME];

    if (sapa_g711_is(leg->codec)) {
        sapa_g711_encode(leg->codec, linear, FRAME_NARROW, ret_payload);
        return FRAME_NARROW;
    }
    if (!leg->party)
        return 0;
    change_rate(&leg->party->out_rate, linear, NARROW, frame, leg->party->rate);
    return sapa_encoder_run(leg->party->out, frame, ret_payload);
}

void sapa_party_say(struct sapa_worker *worker, struct sapa_leg *leg, const int16_t *linear, uint32_t rate)
{
    struct sapa_party *party = leg->party;
    uint8_t *payload = worker->packet + SAPA_RTP_HEAD;
    const uint32_t units = MIX_MS * leg->clock_khz;
    const bool fresh = leg->source != leg;
    int16_t frame[SAPA_CODER_FRAME];

    change_rate(&party->out_rate, linear, rate, frame, party->rate);
    const size_t n = sapa_encoder_run(party->out, frame, payload);
    if (n == 0)
        return;
    leg->timestamp = fresh ? sapa_leg_timestamp_now(worker, leg) : leg->timestamp + units;
    leg->seq++;
    leg->source = leg;
    leg->source_ssrc = leg->ssrc;
    sapa_leg_send(worker, leg, fresh, leg->type_send, worker->packet, n);
}

/* --- recording and tones without a mix --- */

static void heard(struct sapa_worker *worker, struct sapa_leg *leg, uint32_t ssrc, const int16_t *samples, size_t n)
{
    struct sapa_party *party = leg->party;
    int16_t narrow[SAPA_CODER_SAMPLES_MAX];
    uint8_t octets[SAPA_CODER_SAMPLES_MAX];
    struct sapa_event_digit digits[SAPA_INBAND_DIGITS_MAX];

    if (party->rate == NARROW) {
        memcpy(narrow, samples, n * sizeof(*samples));
    } else {
        n = n / 2;
        for (size_t at = 0; at < n; at += SAPA_RESAMPLE_LOW_MAX)
            sapa_resample_down(&party->record_rate, 2, samples + 2 * at,
                               SAPA_MIN(n - at, (size_t)SAPA_RESAMPLE_LOW_MAX), narrow + at);
    }
    sapa_g711_encode(SAPA_CODEC_PCMA, narrow, n, octets);
    if (leg->recording)
        sapa_recorder_audio(&leg->recording->recorder, leg->channel, SAPA_CODEC_PCMA, ssrc, party->record_timestamp,
                            octets, n, worker->now_us);
    if (leg->inband) {
        const unsigned count = sapa_inband_receive(leg->inband, SAPA_CODEC_PCMA, party->record_timestamp, octets, n,
                                                   worker->now_us, digits);
        for (unsigned i = 0; i < count; i++)
            sapa_worker_digit(worker, leg, digits[i]);
    }
    party->record_timestamp += (uint32_t)n;
}

/*
 * Packets are decoded as they come, for nobody hears this live: one that is late is left out, up to five that are lost
 * are made up, and the timestamps place it all.
 */
void sapa_leg_ear(struct sapa_worker *worker, struct sapa_leg *leg, const struct sapa_rtp *rtp, const uint8_t *octets)
{
    struct sapa_party *party = leg->party;
    struct sapa_decoder *decoder = party->in->decoder;
    int16_t samples[SAPA_CODER_SAMPLES_MAX];
    const uint32_t frame_units = MIX_MS * leg->clock_khz, frame = party->rate / 1000 * MIX_MS;
    const uint32_t per_narrow = leg->clock_khz / 8;
    const int32_t ahead = (int32_t)(rtp->timestamp - party->ear_timestamp);

    if (party->ear_on && ahead < 0 && ahead > -(int32_t)(1000 * leg->clock_khz))
        return;
    uint32_t hole = party->ear_on && ahead > 0 ? (uint32_t)ahead / frame_units : 0;
    if (hole <= 5)
        for (; hole > 0; hole--) {
            const bool last = hole == 1;
            if (!sapa_decoder_conceal(decoder, last ? octets : NULL, last ? rtp->payload_size : 0, samples))
                break;
            heard(worker, leg, rtp->ssrc, samples, frame);
        }
    if (party->ear_on)
        party->record_timestamp += hole * (NARROW / 1000 * MIX_MS);
    const size_t n = sapa_decoder_run(decoder, octets, rtp->payload_size, samples);
    if (n == 0)
        return;
    heard(worker, leg, rtp->ssrc, samples, n);
    party->ear_timestamp = rtp->timestamp + (uint32_t)(n * (8 * per_narrow) / (party->rate / 1000));
    party->ear_on = true;
}
