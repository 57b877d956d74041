#include "media/playout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FRAMES_A_SECOND = 50,
    WANT_MS_MIN = 40,
    WANT_MS_MAX = 200,
    STARVING_MAX = 3,         /* frames that are made up when nothing is in hand */
    WINDOW = 100,             /* frames: two seconds */
    AHEAD_MAX_MS = 480        /* further ahead: another clock */
};

static uint32_t frame_of(const struct sapa_playout *playout)
{
    return playout->rate / FRAMES_A_SECOND;
}

static uint32_t units_of(const struct sapa_playout *playout, uint32_t samples)
{
    return (uint32_t)((uint64_t)samples * playout->clock / playout->rate);
}

sapa_rc sapa_playout_new(uint8_t codec, struct sapa_playout **ret_playout)
{
    const struct sapa_codec_info *info = sapa_codec_info(codec);
    struct sapa_playout *playout;

    if (!info)
        return SAPA_ENOENT;
    playout = calloc(1, sizeof(*playout));
    if (!playout)
        return SAPA_ENOMEM;
    const sapa_rc rc = sapa_decoder_new(codec, &playout->decoder);
    if (rc) {
        free(playout);
        return rc;
    }
    playout->rate = info->sample_hz;
    playout->clock = info->clock_hz;
    playout->conceal.rate = info->sample_hz;
    playout->want_ms = WANT_MS_MIN;
    playout->noise_seed = 1;
    for (size_t i = 0; i < SAPA_PLAYOUT_PACKETS; i++)
        playout->packets[i].octets = playout->room[i];
    *ret_playout = playout;
    return SAPA_OK;
}

void sapa_playout_free(struct sapa_playout *playout)
{
    if (!playout)
        return;
    sapa_decoder_free(playout->decoder);
    free(playout);
}

/* --- packets --- */

static void forget_all(struct sapa_playout *playout)
{
    for (size_t i = 0; i < SAPA_PLAYOUT_PACKETS; i++)
        playout->packets[i].taken = false;
    playout->count = 0;
}

static struct sapa_playout_packet *earliest(struct sapa_playout *playout)
{
    struct sapa_playout_packet *best = NULL;

    for (size_t i = 0; i < SAPA_PLAYOUT_PACKETS && playout->count > 0; i++) {
        struct sapa_playout_packet *packet = &playout->packets[i];
        if (packet->taken && (!best || (int32_t)(packet->timestamp - best->timestamp) < 0))
            best = packet;
    }
    return best;
}

static void drop(struct sapa_playout *playout, struct sapa_playout_packet *packet)
{
    packet->taken = false;
    playout->count--;
}

/* Samples in hand: from what is decoded next to the end of the newest packet, and what is decoded. */
static uint32_t in_hand(const struct sapa_playout *playout)
{
    uint32_t most = 0;

    for (size_t i = 0; i < SAPA_PLAYOUT_PACKETS && playout->count > 0; i++) {
        const struct sapa_playout_packet *packet = &playout->packets[i];
        if (!packet->taken)
            continue;
        const int32_t ahead = (int32_t)(packet->timestamp - playout->next);
        const uint32_t end = (uint32_t)((int64_t)SAPA_MAX(ahead, 0) * playout->rate / playout->clock) + packet->samples;
        most = SAPA_MAX(most, end);
    }
    return most + playout->ready;
}

static void begin(struct sapa_playout *playout, uint32_t timestamp)
{
    forget_all(playout);
    playout->state = SAPA_PLAYOUT_FILLING;
    playout->next = timestamp;
    playout->waited = 0;
    playout->window = 0;
    playout->least = UINT32_MAX;
    playout->noise = false;
}

void sapa_playout_put(struct sapa_playout *playout, uint32_t timestamp, const uint8_t *octets, size_t n)
{
    const uint32_t samples = (uint32_t)sapa_decoder_samples(playout->decoder, octets, n);
    const int32_t ahead = (int32_t)(timestamp - playout->next);
    const int32_t far = (int32_t)(playout->clock / 1000 * AHEAD_MAX_MS);
    struct sapa_playout_packet *place = NULL;

    if (samples == 0)
        return;
    if (playout->state == SAPA_PLAYOUT_EMPTY || ahead > far || ahead < -2 * far) {
        begin(playout, timestamp);
    } else if (ahead < 0 && playout->state == SAPA_PLAYOUT_FILLING) {
        playout->next = timestamp; /* its order was changed on the way */
    } else if (ahead + (int32_t)units_of(playout, samples) <= 0) {
        playout->late++;
        if (playout->want_ms < WANT_MS_MAX) {
            playout->want_ms += 20;
            playout->stretch = true;
        }
        return;
    } else if (playout->waited > 0 && ahead > 0 && playout->count == 0) {
        playout->next = timestamp; /* what was made up while nothing was in hand stands for what was lost */
    }
    for (size_t i = 0; i < SAPA_PLAYOUT_PACKETS; i++) {
        if (playout->packets[i].taken && playout->packets[i].timestamp == timestamp)
            return;
        if (!playout->packets[i].taken)
            place = &playout->packets[i];
    }
    if (!place) { /* more than fits: the oldest is given up */
        place = earliest(playout);
        drop(playout, place);
        playout->late++;
    }
    place->taken = true;
    place->timestamp = timestamp;
    place->samples = samples;
    place->size = (uint16_t)n;
    memcpy(place->octets, octets, n);
    playout->count++;
}

void sapa_playout_noise(struct sapa_playout *playout, uint8_t level)
{
    playout->noise = true;
    playout->noise_level = (uint32_t)(32767 * pow(10, -(double)SAPA_MIN(level, 127) / 20));
}

/* --- samples --- */

static void append(struct sapa_playout *playout, size_t n)
{
    playout->ready += (uint32_t)n;
}

static int16_t *end_of(struct sapa_playout *playout)
{
    return playout->line + playout->ready;
}

/* One frame made up; `next`: the packet behind the hole, NULL when there is none. */
static void make_up(struct sapa_playout *playout, const struct sapa_playout_packet *next)
{
    const uint32_t frame = frame_of(playout);
    int16_t *to = end_of(playout);

    if (sapa_decoder_conceal(playout->decoder, next ? next->octets : NULL, next ? next->size : 0, to)) {
        playout->repaired += next != NULL;
        sapa_conceal_good(&playout->conceal, to, frame);
    } else {
        sapa_conceal_lost(&playout->conceal, to, frame);
    }
    append(playout, frame);
}

static void decode(struct sapa_playout *playout, struct sapa_playout_packet *packet)
{
    const uint32_t frame = frame_of(playout);
    int16_t *to = end_of(playout);
    const size_t n = sapa_decoder_run(playout->decoder, packet->octets, packet->size, to);

    playout->next = packet->timestamp + units_of(playout, packet->samples);
    for (size_t at = 0; at < n; at += frame)
        sapa_conceal_good(&playout->conceal, to + at, SAPA_MIN(n - at, (size_t)frame));
    append(playout, n);
    drop(playout, packet);
}

/* Decode or make up until a frame is ready. False: nothing in hand. */
static bool prepare(struct sapa_playout *playout)
{
    const uint32_t frame = frame_of(playout);

    while (playout->ready < frame) {
        struct sapa_playout_packet *packet = earliest(playout);
        if (!packet)
            return false;
        const int32_t ahead = (int32_t)(packet->timestamp - playout->next);
        if (ahead <= 0) {
            decode(playout, packet);
        } else {
            /* The packet right behind the hole may hold it in small; one further off does not. */
            const uint32_t hole = units_of(playout, frame);
            make_up(playout, (uint32_t)ahead <= hole ? packet : NULL);
            playout->next += SAPA_MIN((uint32_t)ahead, hole);
            playout->lost++;
        }
    }
    return true;
}

static void take(struct sapa_playout *playout, int16_t *ret_frame, uint32_t n)
{
    memcpy(ret_frame, playout->line, n * sizeof(*ret_frame));
    playout->ready -= n;
    memmove(playout->line, playout->line + n, playout->ready * sizeof(*ret_frame));
}

/* Two frames into one, the first fading into the second. */
static void shorten(struct sapa_playout *playout, int16_t *ret_frame)
{
    const int32_t n = (int32_t)frame_of(playout);
    int16_t second[SAPA_CODER_FRAME];

    take(playout, ret_frame, (uint32_t)n);
    if (!prepare(playout))
        return;
    take(playout, second, (uint32_t)n);
    for (int32_t i = 0; i < n; i++)
        ret_frame[i] = (int16_t)((ret_frame[i] * (n - i) + second[i] * i) / n);
    playout->dropped++;
}

static bool has_too_much(struct sapa_playout *playout)
{
    const uint32_t spare = in_hand(playout) - SAPA_MIN(in_hand(playout), frame_of(playout));

    playout->least = SAPA_MIN(playout->least, spare);
    if (++playout->window < WINDOW)
        return false;
    const bool much = playout->least >= 2 * frame_of(playout) && playout->least != UINT32_MAX;
    playout->window = 0;
    playout->least = UINT32_MAX;
    if (playout->want_ms > WANT_MS_MIN && much)
        playout->want_ms -= 20;
    return much;
}

static bool hear_noise(struct sapa_playout *playout, int16_t *ret_frame)
{
    const uint32_t n = frame_of(playout);

    if (!playout->noise) {
        memset(ret_frame, 0, n * sizeof(*ret_frame));
        return false;
    }
    for (uint32_t i = 0; i < n; i++) { /* white, uniform: its peak is the root of three times its rms */
        playout->noise_seed = playout->noise_seed * 1664525u + 1013904223u;
        const int32_t sample = (int32_t)(playout->noise_seed >> 16) - 32768;
        ret_frame[i] = (int16_t)((int64_t)sample * playout->noise_level * 1773 / 1024 / 32768);
    }
    return true;
}

static bool starve(struct sapa_playout *playout, int16_t *ret_frame)
{
    const uint32_t frame = frame_of(playout);

    if (playout->waited >= STARVING_MAX || playout->noise) {
        playout->state = SAPA_PLAYOUT_EMPTY;
        playout->ready = 0;
        return hear_noise(playout, ret_frame);
    }
    playout->waited++;
    playout->lost++;
    playout->ready = 0;
    make_up(playout, NULL);
    take(playout, ret_frame, frame);
    return true;
}

bool sapa_playout_get(struct sapa_playout *playout, int16_t *ret_frame)
{
    const uint32_t frame = frame_of(playout);

    if (playout->state == SAPA_PLAYOUT_FILLING) {
        playout->waited++;
        if (in_hand(playout) * 1000 < playout->want_ms * playout->rate &&
            playout->waited * 20 < playout->want_ms + 20)
            return hear_noise(playout, ret_frame);
        playout->state = SAPA_PLAYOUT_PLAYING;
        playout->waited = 0;
    }
    if (playout->state == SAPA_PLAYOUT_EMPTY)
        return hear_noise(playout, ret_frame);
    const bool much = has_too_much(playout);
    if (playout->stretch) {
        playout->stretch = false;
        playout->stretched++;
        sapa_conceal_lost(&playout->conceal, ret_frame, frame);
        return true;
    }
    if (!prepare(playout))
        return starve(playout, ret_frame);
    playout->waited = 0;
    playout->played++;
    if (much)
        shorten(playout, ret_frame);
    else
        take(playout, ret_frame, frame);
    return true;
}

uint32_t sapa_playout_delay_ms(const struct sapa_playout *playout)
{
    return playout->state == SAPA_PLAYOUT_PLAYING ? in_hand(playout) * 1000 / playout->rate : playout->want_ms;
}
