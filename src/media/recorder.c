#include "media/recorder.h"

#include <string.h>

#include "media/g711.h"

enum {
    FRAMES = SAPA_RECORDING_FRAMES,
    HOLD = SAPA_RECORDER_HOLD_MS * 8,
    DRIFT_MAX = 160,     /* frames: 20 ms */
    JUMP_MAX = 1600,     /* 200 ms */
    WINDOW = 100         /* packets */
};

#define NOT_MASKED UINT64_MAX

/* --- the time line --- */

static uint64_t position(const struct sapa_recorder *recorder, int64_t now_us)
{
    const int64_t since_us = SAPA_MAX(now_us - recorder->start_us, 0);

    return SAPA_MIN((uint64_t)since_us * 8 / 1000, recorder->frames_max);
}

void sapa_recorder_begin(struct sapa_recorder *recorder, struct sapa_record_writer *writer,
                         struct sapa_record_file *file, struct sapa_record_pool *pool, unsigned channels,
                         uint64_t frames_max, int64_t now_us)
{
    sapa_assert(channels >= 1 && channels <= 2);
    sapa_assert(frames_max > 0);
    *recorder = (struct sapa_recorder){ .writer = writer, .file = file, .pool = pool, .start_us = now_us,
                                        .frames_max = frames_max, .mask_from = NOT_MASKED,
                                        .channels = (uint8_t)channels };
}

/* What was masked until `until` is counted in the chunk where it lies. */
static void count_mask(struct sapa_recorder *recorder, uint64_t until)
{
    if (recorder->mask_from >= until)
        return;
    for (int i = 0; i < 2; i++) {
        const uint64_t begin = recorder->done + (uint64_t)i * FRAMES;
        const uint64_t from = SAPA_MAX(recorder->mask_from, begin), to = SAPA_MIN(until, begin + FRAMES);
        if (from < to)
            recorder->mask_count[i] += (uint32_t)(to - from);
    }
    recorder->masked += until - recorder->mask_from;
    recorder->mask_from = until;
}

static void send_unsent(struct sapa_recorder *recorder)
{
    while (recorder->unsent) {
        struct sapa_record_buffer *buffer = recorder->unsent, *next = buffer->next;
        buffer->next = NULL;
        if (sapa_record_writer_chunk(recorder->writer, recorder->file, buffer)) {
            buffer->next = next;
            return;
        }
        recorder->unsent = next;
    }
}

static sapa_rc hand_over(struct sapa_recorder *recorder, uint32_t frames)
{
    struct sapa_record_buffer *buffer = recorder->chunk[0];

    count_mask(recorder, recorder->done + frames);
    if (!buffer)
        buffer = sapa_record_pool_get(recorder->pool);
    if (!buffer)
        return SAPA_ELIMIT;
    buffer->frames = frames;
    buffer->masked = SAPA_MIN(recorder->mask_count[0], frames);
    recorder->chunk[0] = recorder->chunk[1];
    recorder->chunk[1] = NULL;
    recorder->mask_count[0] = recorder->mask_count[1];
    recorder->mask_count[1] = 0;
    recorder->done += frames;

    struct sapa_record_buffer **last = &recorder->unsent;
    while (*last)
        last = &(*last)->next;
    *last = buffer;
    send_unsent(recorder);
    return SAPA_OK;
}

sapa_rc sapa_recorder_turn(struct sapa_recorder *recorder, int64_t now_us)
{
    if (recorder->unsent)
        send_unsent(recorder);
    /* The hold lets late packets in; at the limit nothing more can come. */
    const uint64_t now = position(recorder, now_us);
    while (now >= recorder->done + FRAMES + HOLD) {
        const sapa_rc rc = hand_over(recorder, FRAMES);
        if (rc)
            return rc;
    }
    return now >= recorder->frames_max ? SAPA_ESTATE : SAPA_OK;
}

/* --- audio --- */

static void write_chunk(struct sapa_recorder *recorder, int which, unsigned channel, uint8_t codec, uint32_t at,
                        const uint8_t *octets, size_t n)
{
    struct sapa_record_buffer *buffer = recorder->chunk[which];

    if (!buffer) {
        buffer = sapa_record_pool_get(recorder->pool);
        if (!buffer)
            return; /* the next turn finds out */
        recorder->chunk[which] = buffer;
    }
    uint8_t *line = buffer->plain + SAPA_RECORDING_CHUNK_HEAD + (size_t)channel * FRAMES;
    if (buffer->codecs[channel] == SAPA_CODEC_NONE) {
        buffer->codecs[channel] = codec;
        memset(line, sapa_g711_silence(codec), FRAMES);
    }
    sapa_g711_convert(codec, octets, n, buffer->codecs[channel], line + at);
}

static void write_line(struct sapa_recorder *recorder, unsigned channel, uint8_t codec, int64_t from,
                       const uint8_t *octets, size_t n)
{
    for (int i = 0; i < 2; i++) {
        const int64_t begin = (int64_t)recorder->done + (int64_t)i * FRAMES;
        const int64_t low = SAPA_MAX(from, begin), high = SAPA_MIN(from + (int64_t)n, begin + FRAMES);
        if (low < high)
            write_chunk(recorder, i, channel, codec, (uint32_t)(low - begin), octets + (low - from),
                        (size_t)(high - low));
    }
}

/* Where the packet belongs. `expected`: where it would be if it had not been delayed. */
static int64_t place(struct sapa_recorder_channel *channel, uint32_t ssrc, uint32_t timestamp, int64_t expected)
{
    if (channel->anchored && channel->ssrc == ssrc) {
        const int64_t at = channel->anchor + (int32_t)(timestamp - channel->anchor_timestamp);
        const int64_t late = expected - at;
        if (late < JUMP_MAX && late > -JUMP_MAX) {
            channel->late_min = SAPA_MIN(channel->late_min, (int32_t)late);
            if (++channel->window >= WINDOW) {
                if (channel->late_min > DRIFT_MAX || channel->late_min < -DRIFT_MAX)
                    channel->anchor += channel->late_min;
                channel->late_min = INT32_MAX;
                channel->window = 0;
            }
            if (at > channel->anchor) {
                channel->anchor_timestamp += (uint32_t)(at - channel->anchor);
                channel->anchor = at;
            }
            return at;
        }
    }
    *channel = (struct sapa_recorder_channel){ .anchored = true, .secret = channel->secret, .ssrc = ssrc,
                                               .anchor_timestamp = timestamp, .anchor = expected,
                                               .not_before = channel->not_before, .late_min = INT32_MAX };
    return expected;
}

void sapa_recorder_audio(struct sapa_recorder *recorder, unsigned channel, uint8_t codec, uint32_t ssrc,
                         uint32_t timestamp, const uint8_t *octets, size_t n, int64_t now_us)
{
    struct sapa_recorder_channel *line = &recorder->channel[channel];

    sapa_assert(channel < 2);
    if (channel >= recorder->channels || recorder->paused || line->secret || recorder->ending)
        return;
    const int64_t expected = (now_us - recorder->start_us) * 8 / 1000 - (int64_t)n;
    int64_t at = place(line, ssrc, timestamp, expected);
    const int64_t from = SAPA_MAX(SAPA_MAX(line->not_before, 0), (int64_t)recorder->done);
    const int64_t to = SAPA_MIN(at + (int64_t)n, (int64_t)recorder->frames_max);
    if (at < from) {
        octets += SAPA_MIN(from - at, (int64_t)n);
        at = from;
    }
    if (at < to)
        write_line(recorder, channel, codec, at, octets, (size_t)(to - at));
}

/* --- masks --- */

static void mask(struct sapa_recorder *recorder, int64_t now_us)
{
    const bool on = recorder->paused || recorder->channel[0].secret || recorder->channel[1].secret;
    const uint64_t now = position(recorder, now_us);

    if (on && recorder->mask_from == NOT_MASKED) {
        recorder->mask_from = now;
    } else if (!on && recorder->mask_from != NOT_MASKED) {
        count_mask(recorder, now);
        recorder->mask_from = NOT_MASKED;
    }
}

void sapa_recorder_pause(struct sapa_recorder *recorder, bool on, int64_t now_us)
{
    if (recorder->paused == on || recorder->ending)
        return;
    (void)!sapa_recorder_turn(recorder, now_us); /* so that `now` lies in one of the two chunks */
    recorder->paused = on;
    if (!on)
        for (int i = 0; i < 2; i++)
            recorder->channel[i].not_before = (int64_t)position(recorder, now_us);
    mask(recorder, now_us);
}

void sapa_recorder_secret(struct sapa_recorder *recorder, unsigned channel, bool on, int64_t now_us)
{
    sapa_assert(channel < 2);
    if (recorder->channel[channel].secret == on || recorder->ending || channel >= recorder->channels)
        return;
    (void)!sapa_recorder_turn(recorder, now_us);
    recorder->channel[channel].secret = on;
    if (!on)
        recorder->channel[channel].not_before = (int64_t)position(recorder, now_us);
    mask(recorder, now_us);
}

void sapa_recorder_meter(const struct sapa_recorder *recorder, int64_t now_us, uint64_t *ret_frames,
                         uint64_t *ret_masked)
{
    const uint64_t now = recorder->ending ? recorder->last.frames : position(recorder, now_us);

    *ret_frames = now;
    *ret_masked = recorder->masked + (recorder->mask_from < now ? now - recorder->mask_from : 0);
}

/* --- the end --- */

static void give_back(struct sapa_recorder *recorder, struct sapa_record_buffer *buffer)
{
    if (buffer)
        sapa_record_pool_put(recorder->pool, buffer);
}

static void finish(struct sapa_recorder *recorder, enum sapa_recording_end end, int64_t now_us)
{
    const uint64_t frames = position(recorder, now_us);

    while (end != SAPA_RECORDING_CUT && recorder->done < frames)
        if (hand_over(recorder, (uint32_t)SAPA_MIN(frames - recorder->done, (uint64_t)FRAMES)))
            end = SAPA_RECORDING_CUT;
    give_back(recorder, recorder->chunk[0]);
    give_back(recorder, recorder->chunk[1]);
    recorder->chunk[0] = recorder->chunk[1] = NULL;
    recorder->last = (struct sapa_record_end){ .end = end, .frames = frames, .masked_frames = recorder->masked };
    recorder->mask_from = NOT_MASKED;
    recorder->ending = true;
}

sapa_rc sapa_recorder_end(struct sapa_recorder *recorder, enum sapa_recording_end end, int64_t now_us)
{
    if (!recorder->ending)
        finish(recorder, end, now_us);
    send_unsent(recorder);
    if (recorder->unsent)
        return SAPA_EAGAIN;
    return sapa_record_writer_end(recorder->writer, recorder->file, &recorder->last) ? SAPA_EAGAIN : SAPA_OK;
}
