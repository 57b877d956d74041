#include "media/inband.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SPANDSP_EXPOSE_INTERNAL_STRUCTURES
#include <spandsp.h>

#include "media/dtmf.h"
#include "media/g711.h"
#include "media/jitter.h"

enum { TONE_SAMPLES = SAPA_INBAND_TONE_MS_MAX * 8 };

static uint8_t tones[SAPA_EVENT_DIGITS][TONE_SAMPLES];

struct sapa_inband {
    struct sapa_jitter jitter;
    plc_state_t plc;
    bool concealing;        /* the last frame was made up */
    int16_t history[PLC_HISTORY_LEN];
    struct sapa_dtmf dtmf;
};

void sapa_inband_init(void)
{
    static const double low[4] = { 697, 770, 852, 941 }, high[4] = { 1209, 1336, 1477, 1633 };
    static const char keys[] = "123A456B789C*0#D";
    const double step = 2 * 3.14159265358979323846 / 8000;

    if (tones[0][0])
        return;
    for (unsigned key = 0; key < 16; key++) {
        const int event = sapa_event_of(keys[key]);
        int16_t linear[TONE_SAMPLES];
        /* about -9 dBm0 and -7 dBm0, as a telephone does */
        for (unsigned i = 0; i < TONE_SAMPLES; i++)
            linear[i] = (int16_t)lround(6500 * sin(low[key / 4] * step * i) + 8000 * sin(high[key % 4] * step * i));
        sapa_g711_encode(SAPA_CODEC_PCMA, linear, TONE_SAMPLES, tones[event]);
    }
}

const uint8_t *sapa_inband_tone(unsigned event)
{
    sapa_assert(event < SAPA_EVENT_DIGITS);
    return tones[event];
}

sapa_rc sapa_inband_new(struct sapa_inband **ret_inband)
{
    struct sapa_inband *inband = calloc(1, sizeof(*inband));

    if (!inband)
        return SAPA_ENOMEM;
    *ret_inband = inband;
    return SAPA_OK;
}

void sapa_inband_free(struct sapa_inband *inband)
{
    free(inband);
}

/*
 * A lost frame is made from the pitch before it. spandsp gets the history in one piece, when it is needed:
 * fed frame by frame, its ring is straightened with a memcpy() that overlaps.
 */
static void conceal(struct sapa_inband *inband, bool lost, int16_t frame[SAPA_JITTER_FRAME])
{
    if (lost) {
        if (!inband->concealing) {
            plc_init(&inband->plc);
            plc_rx(&inband->plc, inband->history, PLC_HISTORY_LEN);
        }
        plc_fillin(&inband->plc, frame, SAPA_JITTER_FRAME);
    } else if (inband->concealing) {
        plc_rx(&inband->plc, frame, SAPA_JITTER_FRAME); /* blend over */
    }
    inband->concealing = lost;
    memmove(inband->history, inband->history + SAPA_JITTER_FRAME,
            (PLC_HISTORY_LEN - SAPA_JITTER_FRAME) * sizeof(int16_t));
    memcpy(inband->history + PLC_HISTORY_LEN - SAPA_JITTER_FRAME, frame, SAPA_JITTER_FRAME * sizeof(int16_t));
}

unsigned sapa_inband_receive(struct sapa_inband *inband, uint8_t codec, uint32_t timestamp, const uint8_t *octets,
                             size_t n, int64_t now_us,
                             struct sapa_event_digit ret_digits[SAPA_INBAND_DIGITS_MAX])
{
    uint8_t frame[SAPA_JITTER_FRAME];
    int16_t linear[SAPA_JITTER_FRAME];
    enum sapa_jitter_result result;
    unsigned count = 0;

    (void)sapa_jitter_put(&inband->jitter, timestamp, octets, n, now_us);
    while ((result = sapa_jitter_get(&inband->jitter, now_us, sapa_g711_silence(codec), frame)) != SAPA_JITTER_WAIT) {
        if (result == SAPA_JITTER_AUDIO)
            sapa_g711_decode(codec, frame, SAPA_JITTER_FRAME, linear);
        conceal(inband, result == SAPA_JITTER_LOST, linear);
        count += sapa_dtmf_hear(&inband->dtmf, linear, SAPA_JITTER_FRAME, ret_digits + count, SAPA_INBAND_DIGITS_MAX - count);
    }
    return count;
}
