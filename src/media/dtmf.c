#include "media/dtmf.h"

#include <string.h>

enum { TONES = 4, ENOUGH = 3 };

/* 2 cos(2 pi f / 8000) of the low and the high group. */
static const float coefficients[2][TONES] = {
    { 1.70773780f, 1.64528104f, 1.56868698f, 1.47820457f }, /* 697, 770, 852, 941 Hz */
    { 1.16410402f, 0.99637021f, 0.79861839f, 0.56853271f }, /* 1209, 1336, 1477, 1633 Hz */
};
static const char digits[TONES][TONES + 1] = { "123A", "456B", "789C", "*0#D" };

/* Power of a tone of amplitude a in a window is (a * WINDOW / 2)^2: -36 dBm0, and 3 dB less when it lies between. */
static const float power_min = 250.0f * 250.0f * SAPA_DTMF_WINDOW * SAPA_DTMF_WINDOW / 4;
static const float beside_max = 0.16f;   /* of the strongest: another tone of its group, -8 dB */
static const float twist_max = 10.0f;    /* between the groups: 8 dB, and 2 dB for a tone that is 1.5 % off */
static const float share_min = 0.55f;    /* of the window's whole power; noise 15 dB below and both tones off leave more */

/* Goertzel's algorithm: the power of one frequency. */
static float power_of(const int16_t *samples, float coefficient)
{
    float last = 0, before = 0;

    for (unsigned i = 0; i < SAPA_DTMF_WINDOW; i++) {
        const float now = (float)samples[i] + coefficient * last - before;
        before = last;
        last = now;
    }
    return last * last + before * before - coefficient * last * before;
}

/* The strongest of a group; TONES when another is nearly as strong, or all are weak. */
static unsigned strongest(const int16_t *samples, const float group[TONES], float *ret_power)
{
    float powers[TONES];
    unsigned best = 0;

    for (unsigned i = 0; i < TONES; i++) {
        powers[i] = power_of(samples, group[i]);
        best = powers[i] > powers[best] ? i : best;
    }
    *ret_power = powers[best];
    for (unsigned i = 0; i < TONES; i++)
        if (i != best && powers[i] > powers[best] * beside_max)
            return TONES;
    return powers[best] < power_min ? TONES : best;
}

static char digit_in(const int16_t samples[SAPA_DTMF_WINDOW], float *ret_power)
{
    float all = 0, low, high;

    for (unsigned i = 0; i < SAPA_DTMF_WINDOW; i++)
        all += (float)samples[i] * (float)samples[i];
    all *= SAPA_DTMF_WINDOW / 2; /* on the scale of power_of() */
    if (all < power_min)
        return 0;
    const unsigned row = strongest(samples, coefficients[0], &low);
    if (row == TONES)
        return 0;
    const unsigned column = strongest(samples, coefficients[1], &high);
    if (column == TONES || low > high * twist_max || high > low * twist_max || low + high < all * share_min)
        return 0;
    *ret_power = low + high;
    return digits[row][column];
}

/* One window is there. True: `ret_digit` has ended. */
static bool step(struct sapa_dtmf *dtmf, struct sapa_event_digit *ret_digit)
{
    float power = 0;
    const char said = digit_in(dtmf->window, &power);
    /* windows that a short tone fills by halves are much weaker than their neighbour: they do not count with it */
    const bool same = said == dtmf->said && power <= 2 * dtmf->power && dtmf->power <= 2 * power;

    dtmf->run = same ? (uint8_t)SAPA_MIN(dtmf->run + 1, 255) : 1;
    dtmf->said = said;
    dtmf->power = same ? SAPA_MAX(dtmf->power, power) : power;
    if (dtmf->digit && said == dtmf->digit) {
        dtmf->missing = 0;
        dtmf->heard = dtmf->samples;
        return false;
    }
    const bool begins = said && dtmf->run == ENOUGH;
    const bool ended = dtmf->digit && (begins || ++dtmf->missing == ENOUGH);
    if (ended) {
        const uint64_t ms = (dtmf->heard - dtmf->begun) / 8;
        *ret_digit = (struct sapa_event_digit){ .digit = dtmf->digit, .length_ms = (uint16_t)SAPA_MIN(ms, UINT16_MAX) };
        dtmf->digit = 0;
    }
    if (begins) {
        dtmf->digit = said;
        dtmf->missing = 0;
        dtmf->heard = dtmf->samples;
        dtmf->begun = dtmf->samples - SAPA_DTMF_WINDOW - (ENOUGH - 1) * SAPA_DTMF_HOP;
    }
    return ended;
}

unsigned sapa_dtmf_hear(struct sapa_dtmf *dtmf, const int16_t *samples, size_t n, struct sapa_event_digit *ret_digits,
                        unsigned max)
{
    struct sapa_event_digit digit;
    unsigned count = 0;

    while (n > 0) {
        const size_t take = SAPA_MIN(n, (size_t)(SAPA_DTMF_WINDOW - dtmf->filled));
        memcpy(dtmf->window + dtmf->filled, samples, take * sizeof(*samples));
        dtmf->filled += (unsigned)take;
        dtmf->samples += take;
        samples += take;
        n -= take;
        if (dtmf->filled < SAPA_DTMF_WINDOW)
            break;
        if (step(dtmf, &digit) && count < max)
            ret_digits[count++] = digit;
        memmove(dtmf->window, dtmf->window + SAPA_DTMF_HOP, (SAPA_DTMF_WINDOW - SAPA_DTMF_HOP) * sizeof(*samples));
        dtmf->filled = SAPA_DTMF_WINDOW - SAPA_DTMF_HOP;
    }
    return count;
}
