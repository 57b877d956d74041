#include "media/resample.h"

#include <math.h>
#include <string.h>

enum { TAPS = SAPA_RESAMPLE_TAPS, FACTORS = SAPA_RESAMPLE_FACTOR_MAX, SHIFT = 14 };

static const unsigned factors[] = { 2, 3, 6 };
static int16_t down[FACTORS + 1][TAPS * FACTORS];     /* the prototype, gain 1 */
static int16_t up[FACTORS + 1][FACTORS][TAPS];        /* its phases, gain 1 each, oldest sample first */

/* I0, the window's Bessel function: its series (Abramowitz and Stegun 9.6.12). */
static double bessel(double x)
{
    double sum = 1, term = 1;

    for (int k = 1; k < 40; k++) {
        term *= x / 2 / k * (x / 2 / k);
        sum += term;
    }
    return sum;
}

/* A sinc under Kaiser's window (Oppenheim and Schafer 7.5.3): 70 dB, its edge a little below half the lower rate. */
static void design(unsigned factor)
{
    const unsigned n = TAPS * factor;
    const double beta = 6.76, cutoff = 0.4625 / factor, pi = 3.14159265358979323846;
    double taps[TAPS * FACTORS], sum = 0, phase_sum[FACTORS] = { 0 };

    for (unsigned i = 0; i < n; i++) {
        const double t = i - (n - 1) / 2.0, w = 2 * t / (n - 1);
        const double sinc = t == 0 ? 2 * cutoff : sin(2 * pi * cutoff * t) / (pi * t);
        taps[i] = sinc * bessel(beta * sqrt(1 - w * w)) / bessel(beta);
        sum += taps[i];
        phase_sum[i % factor] += taps[i];
    }
    for (unsigned i = 0; i < n; i++) {
        down[factor][i] = (int16_t)lrint(taps[i] / sum * (1 << SHIFT));
        up[factor][i % factor][TAPS - 1 - i / factor] = (int16_t)lrint(taps[i] / phase_sum[i % factor] * (1 << SHIFT));
    }
}

void sapa_resample_init(void)
{
    if (down[2][TAPS] != 0)
        return;
    for (size_t i = 0; i < SAPA_COUNT(factors); i++)
        design(factors[i]);
}

static int16_t clip(int32_t sum)
{
    sum = (sum + (1 << (SHIFT - 1))) >> SHIFT;
    return (int16_t)SAPA_MAX(SAPA_MIN(sum, INT16_MAX), INT16_MIN);
}

/* The taps' magnitudes sum to less than 2^15.5, so full scale does not overflow: a half is left. */
static int32_t dot(const int16_t *taps, const int16_t *samples, unsigned n)
{
    int32_t sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += taps[i] * samples[i];
    return sum;
}

void sapa_resample_up(struct sapa_resampler *resampler, unsigned factor, const int16_t *in, size_t n, int16_t *ret_out)
{
    int16_t line[TAPS + SAPA_RESAMPLE_LOW_MAX];

    sapa_assert(n <= SAPA_RESAMPLE_LOW_MAX && factor <= FACTORS);
    memcpy(line, resampler->history, TAPS * sizeof(*line));
    memcpy(line + TAPS, in, n * sizeof(*line));
    for (size_t i = 0; i < n; i++)
        for (unsigned phase = 0; phase < factor; phase++)
            ret_out[i * factor + phase] = clip(dot(up[factor][phase], line + i + 1, TAPS));
    memcpy(resampler->history, line + n, TAPS * sizeof(*line));
}

void sapa_resample_down(struct sapa_resampler *resampler, unsigned factor, const int16_t *in, size_t n,
                        int16_t *ret_out)
{
    int16_t line[(TAPS + SAPA_RESAMPLE_LOW_MAX) * FACTORS];
    const unsigned taps = TAPS * factor;

    sapa_assert(n <= SAPA_RESAMPLE_LOW_MAX && factor <= FACTORS);
    memcpy(line, resampler->history, taps * sizeof(*line));
    memcpy(line + taps, in, n * factor * sizeof(*line));
    for (size_t i = 0; i < n; i++)
        ret_out[i] = clip(dot(down[factor], line + (i + 1) * factor, taps));
    memcpy(resampler->history, line + n * factor, taps * sizeof(*line));
}
