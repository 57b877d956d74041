#include "media/level.h"

enum {
    TARGET = 2320,          /* rms: -23 dBFS */
    GAIN_MAX = 4 * SAPA_LEVEL_ONE, GAIN_MIN = SAPA_LEVEL_ONE / 4,
    SPEECH_MIN = 100,       /* rms: -50 dBFS; below nobody speaks */
    HOLD = 7,               /* frames */
    CEILING = 32000,
    RELEASE = 8             /* the gain comes back by this part of what is missing, a frame */
};

static uint32_t root(uint64_t x)
{
    uint64_t r = 0;

    for (uint64_t bit = (uint64_t)1 << 31; bit; bit >>= 1)
        if ((r + bit) * (r + bit) <= x)
            r += bit;
    return (uint32_t)r;
}

bool sapa_level_note(struct sapa_level *level, const int16_t *frame, size_t n)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (uint32_t)(frame[i] * frame[i]);
    const uint32_t rms = root(sum / SAPA_MAX(n, (size_t)1));

    /* The floor falls at once and rises by a fifth a second: a steady sound is noise after some seconds, speech never. */
    if (level->noise == 0 || rms < level->noise)
        level->noise = SAPA_MAX(rms, 1u);
    else
        level->noise += level->noise / 256 + (level->noise < 256 && rms > 2 * level->noise);
    level->noise = SAPA_MIN(level->noise, (uint32_t)TARGET / 4);
    if (rms > SPEECH_MIN && rms > 2 * level->noise) {
        level->hold = HOLD;
        /* Up within 100 ms, down within 2 s: the loud parts of speech are what is heard as its level. */
        if (level->speech == 0)
            level->speech = rms;
        else if (rms > level->speech)
            level->speech += (rms - level->speech) / 4 + 1;
        else
            level->speech -= (level->speech - rms) / 64;
    } else if (level->hold > 0) {
        level->hold--;
    }
    return level->hold > 0;
}

void sapa_level_apply(struct sapa_level *level, int16_t *frame, size_t n)
{
    const uint32_t from = level->gain ? level->gain : SAPA_LEVEL_ONE;
    uint32_t to = from;

    if (level->hold > 0 && level->speech > 0) {
        const uint32_t wanted = (uint32_t)((uint64_t)SAPA_LEVEL_ONE * TARGET / level->speech);
        const uint32_t goal = SAPA_MAX(SAPA_MIN(wanted, (uint32_t)GAIN_MAX), (uint32_t)GAIN_MIN);
        if (goal < from)
            to = from - (from - goal) / 8;    /* down within 200 ms */
        else
            to = from + (goal - from) / 50;   /* up within a second */
    }
    for (size_t i = 0; i < n; i++) {
        const int64_t gain = from + ((int64_t)to - from) * (int64_t)i / (int64_t)n;
        const int64_t sample = frame[i] * gain / SAPA_LEVEL_ONE;
        frame[i] = (int16_t)SAPA_MAX(SAPA_MIN(sample, INT16_MAX), INT16_MIN);
    }
    level->gain = to;
}

void sapa_limiter_run(struct sapa_limiter *limiter, const int32_t *sum, size_t n, int16_t *ret_frame)
{
    uint32_t from = limiter->gain ? limiter->gain : SAPA_LEVEL_ONE;
    uint32_t peak = 0;

    for (size_t i = 0; i < n; i++) {
        const uint32_t size = (uint32_t)(sum[i] < 0 ? -(int64_t)sum[i] : sum[i]);
        peak = SAPA_MAX(peak, size);
    }
    uint32_t to = from + (SAPA_LEVEL_ONE - from + RELEASE - 1) / RELEASE;
    const uint32_t most = peak > CEILING ? (uint32_t)((uint64_t)CEILING * SAPA_LEVEL_ONE / peak) : SAPA_LEVEL_ONE;
    if (to > most) { /* at once: a step down in gain under a peak is not heard, a clipped peak is */
        to = most;
        from = SAPA_MIN(from, most);
    }
    if (from == SAPA_LEVEL_ONE && to == SAPA_LEVEL_ONE) {
        for (size_t i = 0; i < n; i++)
            ret_frame[i] = (int16_t)sum[i];
    } else {
        for (size_t i = 0; i < n; i++) {
            const int64_t gain = from + ((int64_t)to - from) * (int64_t)i / (int64_t)n;
            ret_frame[i] = (int16_t)(sum[i] * gain / SAPA_LEVEL_ONE);
        }
    }
    limiter->gain = to;
}
