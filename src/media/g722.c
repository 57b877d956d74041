#include "media/g722.h"

#include <string.h>

/* Tables of the Recommendation: clause 6.2 (decision and output levels, step sizes), table 11 (mirror filter). */
static const int16_t q6[30] = { 0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650,
                                714, 786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919 };
static const int16_t qm6[64] = {
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
    -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
    24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
    4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
};
static const int16_t qm4[16] = { 0, -20456, -12896, -8968, -6288, -4240, -2584, -1200,
                                 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0 };
static const int16_t qm2[4] = { -7408, -1616, 7408, 1616 };
static const int16_t wl[16] = { -60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60 };
static const int16_t wh[4] = { 798, -214, 798, -214 };
static const int16_t steps[32] = { 2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
                                   2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008 };
static const int16_t mirror[12] = { 3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11 };

enum { LOW_MAX = 18432, HIGH_MAX = 22528, LOW_SHIFT = 8, HIGH_SHIFT = 10, HIGH_LIMIT = 564 };

static int clamp(int value, int min, int max) { return value < min ? min : value > max ? max : value; }
static int saturate(int value) { return clamp(value, INT16_MIN, INT16_MAX); }
static bool same_sign(int a, int b) { return (a < 0) == (b < 0); }

void sapa_g722_init(struct sapa_g722 *g722)
{
    *g722 = (struct sapa_g722){ .low.det = 32, .high.det = 8 };
}

/* Blocks 3L and 3H: the step follows the codes. */
static void adapt_step(struct sapa_g722_band *band, int weight, int max, int shift)
{
    band->nb = clamp((band->nb * 127 >> 7) + weight, 0, max);
    const int right = shift - (band->nb >> 11), step = steps[band->nb >> 6 & 31];
    band->det = (right < 0 ? step << -right : step >> right) << 2;
}

/* Block 4: predictor, after the quantized difference `d`. */
static void predict(struct sapa_g722_band *band, int d)
{
    const int p = saturate(band->sz + d), r = saturate(band->s + d);

    /* poles */
    const int first = saturate(band->a[1] * 4);
    int a2 = saturate(same_sign(p, band->p[1]) ? -first : first) >> 7;
    a2 += (same_sign(p, band->p[2]) ? 128 : -128) + (band->a[2] * 32512 >> 15);
    a2 = clamp(a2, -12288, 12288);
    const int limit = saturate(15360 - a2);
    const int a1 = clamp(saturate((same_sign(p, band->p[1]) ? 192 : -192) + (band->a[1] * 32640 >> 15)), -limit, limit);

    /* zeros: the new difference against those of before */
    for (int i = 6; i > 0; i--) {
        const int step = d == 0 ? 0 : same_sign(d, band->d[i]) ? 128 : -128;
        band->b[i] = saturate(step + (band->b[i] * 32640 >> 15));
    }
    memmove(band->d + 2, band->d + 1, 5 * sizeof(band->d[0]));
    band->d[1] = d;
    band->a[1] = a1, band->a[2] = a2;
    band->r[2] = band->r[1], band->r[1] = r;
    band->p[2] = band->p[1], band->p[1] = p;

    band->sp = saturate((a1 * saturate(2 * band->r[1]) >> 15) + (a2 * saturate(2 * band->r[2]) >> 15));
    band->sz = 0;
    for (int i = 6; i > 0; i--)
        band->sz += band->b[i] * saturate(2 * band->d[i]) >> 15;
    band->sz = saturate(band->sz);
    band->s = saturate(band->sp + band->sz);
}

static void follow_low(struct sapa_g722_band *band, unsigned code)
{
    const int d = band->det * qm4[code >> 2] >> 15;

    adapt_step(band, wl[code >> 2], LOW_MAX, LOW_SHIFT);
    predict(band, d);
}

static void follow_high(struct sapa_g722_band *band, unsigned code)
{
    const int d = band->det * qm2[code] >> 15;

    adapt_step(band, wh[code], HIGH_MAX, HIGH_SHIFT);
    predict(band, d);
}

static unsigned code_low(const struct sapa_g722_band *band, int x)
{
    const int e = saturate(x - band->s), size = e >= 0 ? e : -(e + 1);
    unsigned level = 1;

    while (level < 30 && size >= q6[level] * band->det >> 12)
        level++;
    /* codes fall from 61 for the smallest positive, from 31 for negative ones, of which the two smallest are 63, 62 */
    return e >= 0 ? 62 - level : level < 3 ? 64 - level : 34 - level;
}

static unsigned code_high(const struct sapa_g722_band *band, int x)
{
    const int e = saturate(x - band->s), size = e >= 0 ? e : -(e + 1);
    const bool large = size >= HIGH_LIMIT * band->det >> 12;

    return e >= 0 ? (large ? 2 : 3) : (large ? 0 : 1);
}

static void push(struct sapa_g722 *g722, int first, int second)
{
    memmove(g722->x, g722->x + 2, 22 * sizeof(g722->x[0]));
    g722->x[22] = first;
    g722->x[23] = second;
}

void sapa_g722_encode(struct sapa_g722 *g722, const int16_t *samples, size_t n, uint8_t *ret_octets)
{
    for (size_t i = 0; i < n; i++) {
        int even = 0, odd = 0;
        push(g722, samples[2 * i], samples[2 * i + 1]);
        for (int k = 0; k < 12; k++) {
            odd += g722->x[2 * k] * mirror[k];
            even += g722->x[2 * k + 1] * mirror[11 - k];
        }
        const unsigned low = code_low(&g722->low, (even + odd) >> 14), high = code_high(&g722->high, (even - odd) >> 14);
        follow_low(&g722->low, low);
        follow_high(&g722->high, high);
        ret_octets[i] = (uint8_t)(high << 6 | low);
    }
}

void sapa_g722_decode(struct sapa_g722 *g722, const uint8_t *octets, size_t n, int16_t *ret_samples)
{
    for (size_t i = 0; i < n; i++) {
        const unsigned low_code = octets[i] & 63, high_code = octets[i] >> 6;
        const int low = clamp(g722->low.s + (g722->low.det * qm6[low_code] >> 15), -16384, 16383);
        const int high = clamp(g722->high.s + (g722->high.det * qm2[high_code] >> 15), -16384, 16383);
        int first = 0, second = 0;
        follow_low(&g722->low, low_code);
        follow_high(&g722->high, high_code);
        push(g722, low + high, low - high);
        for (int k = 0; k < 12; k++) {
            first += g722->x[2 * k + 1] * mirror[11 - k];
            second += g722->x[2 * k] * mirror[k];
        }
        ret_samples[2 * i] = (int16_t)saturate(first >> 11);
        ret_samples[2 * i + 1] = (int16_t)saturate(second >> 11);
    }
}
