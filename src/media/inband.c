#include "media/inband.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/conceal.h"
#include "media/dtmf.h"
#include "media/g711.h"
#include "media/jitter.h"

enum { TONE_SAMPLES = SAPA_INBAND_TONE_MS_MAX * 8 };

static uint8_t tones[SAPA_EVENT_DIGITS][TONE_SAMPLES];

struct sapa_inband {
    struct sapa_jitter jitter;
    struct sapa_conceal conceal;
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
    inband->conceal.rate = 8000;
    *ret_inband = inband;
    return SAPA_OK;
}

void sapa_inband_free(struct sapa_inband *inband)
{
    free(inband);
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
        if (result == SAPA_JITTER_LOST) {
            sapa_conceal_lost(&inband->conceal, linear, SAPA_JITTER_FRAME);
        } else {
            sapa_g711_decode(codec, frame, SAPA_JITTER_FRAME, linear);
            sapa_conceal_good(&inband->conceal, linear, SAPA_JITTER_FRAME);
        }
        count += sapa_dtmf_hear(&inband->dtmf, linear, SAPA_JITTER_FRAME, ret_digits + count, SAPA_INBAND_DIGITS_MAX - count);
    }
    return count;
}
