#include "media/jitter.h"

#include <string.h>

enum { START_MS = 60, GOOD_US = 5000000, FRAME_US = 20000, GAP_MAX = 8000 };

static bool is_valid(const struct sapa_jitter *jitter, uint32_t timestamp)
{
    const uint32_t i = timestamp % SAPA_JITTER_RING;

    return jitter->valid[i / 64] >> (i % 64) & 1;
}

static void set_valid(struct sapa_jitter *jitter, uint32_t timestamp, bool on)
{
    const uint32_t i = timestamp % SAPA_JITTER_RING;
    const uint64_t bit = (uint64_t)1 << (i % 64);

    jitter->valid[i / 64] = on ? jitter->valid[i / 64] | bit : jitter->valid[i / 64] & ~bit;
}

static void start(struct sapa_jitter *jitter, uint32_t timestamp, int64_t now_us)
{
    memset(jitter->valid, 0, sizeof(jitter->valid));
    if (jitter->delay_ms == 0)
        jitter->delay_ms = START_MS;
    jitter->started = true;
    jitter->next = jitter->end = timestamp;
    jitter->next_us = now_us + jitter->delay_ms * 1000;
    jitter->good_since_us = now_us;
}

bool sapa_jitter_put(struct sapa_jitter *jitter, uint32_t timestamp, const uint8_t *octets, size_t n, int64_t now_us)
{
    const int32_t ahead = (int32_t)(timestamp - jitter->next);

    /* A jump: a new talk spurt or a new clock. */
    if (!jitter->started || ahead < -GAP_MAX || ahead + (int64_t)n > SAPA_JITTER_RING)
        start(jitter, timestamp, now_us);
    else if (ahead + (int64_t)n <= 0) {
        jitter->late += n;
        jitter->good_since_us = now_us;
        if (jitter->delay_ms < SAPA_JITTER_MS_MAX) {
            jitter->delay_ms += 20;
            jitter->next_us += FRAME_US;
        }
        return false;
    }
    if (n > SAPA_JITTER_RING)
        return false;
    for (size_t i = 0; i < n; i++) {
        const uint32_t at = timestamp + (uint32_t)i;
        if ((int32_t)(at - jitter->next) < 0)
            continue;
        jitter->octets[at % SAPA_JITTER_RING] = octets[i];
        set_valid(jitter, at, true);
    }
    if ((int32_t)(timestamp + (uint32_t)n - jitter->end) > 0)
        jitter->end = timestamp + (uint32_t)n;
    return true;
}

enum sapa_jitter_result sapa_jitter_get(struct sapa_jitter *jitter, int64_t now_us, uint8_t silence,
                                        uint8_t ret_frame[SAPA_JITTER_FRAME])
{
    size_t have = 0;

    if (!jitter->started || now_us < jitter->next_us || (int32_t)(jitter->end - jitter->next) <= 0)
        return SAPA_JITTER_WAIT;
    for (uint32_t i = 0; i < SAPA_JITTER_FRAME; i++) {
        const uint32_t at = jitter->next + i;
        const bool valid = is_valid(jitter, at);
        ret_frame[i] = valid ? jitter->octets[at % SAPA_JITTER_RING] : silence;
        set_valid(jitter, at, false);
        have += valid;
    }
    jitter->next += SAPA_JITTER_FRAME;
    jitter->next_us += FRAME_US;
    if (jitter->delay_ms > SAPA_JITTER_MS_MIN && now_us - jitter->good_since_us > GOOD_US) {
        jitter->delay_ms -= 10;
        jitter->next_us -= 10000;
        jitter->good_since_us = now_us;
    }
    if (2 * have < SAPA_JITTER_FRAME) {
        jitter->lost++;
        return SAPA_JITTER_LOST;
    }
    jitter->played++;
    return SAPA_JITTER_AUDIO;
}
