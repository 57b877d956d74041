#include "media/conceal.h"

#include <string.h>

enum {
    PERIOD_US_MIN = 2500,   /* 400 Hz */
    PERIOD_US_MAX = 15000,  /* 66 Hz */
    MATCH_US = 12500,       /* how much of the newest is compared */
    FULL_MS = 10,
    GONE_MS = 60,
    BLEND_MS = 4
};

static uint32_t of_us(const struct sapa_conceal *conceal, uint32_t us)
{
    return (uint32_t)((uint64_t)conceal->rate * us / 1000000);
}

/* Where the newest repeats best: the highest normalized correlation, squared so that no root is taken. */
static uint32_t find_period(const struct sapa_conceal *conceal)
{
    const int16_t *end = conceal->history + SAPA_CONCEAL_HISTORY;
    const uint32_t match = of_us(conceal, MATCH_US), step = conceal->rate / 8000;
    uint32_t best = of_us(conceal, PERIOD_US_MAX);
    double best_score = 0;

    for (uint32_t period = of_us(conceal, PERIOD_US_MIN); period <= of_us(conceal, PERIOD_US_MAX); period++) {
        int64_t product = 0, energy = 1;
        for (uint32_t i = 1; i <= match; i += step) {
            const int32_t now = *(end - i), before = *(end - i - period);
            product += now * before;
            energy += before * before;
        }
        if (product <= 0)
            continue;
        const double score = (double)product * (double)product / (double)energy;
        if (score > best_score) {
            best_score = score;
            best = period;
        }
    }
    return best;
}

static void remember(struct sapa_conceal *conceal, const int16_t *frame, size_t n)
{
    memmove(conceal->history, conceal->history + n, (SAPA_CONCEAL_HISTORY - n) * sizeof(*frame));
    memcpy(conceal->history + SAPA_CONCEAL_HISTORY - n, frame, n * sizeof(*frame));
}

/* The next samples of the gap; `history` stays as it was at its beginning. */
static void make(struct sapa_conceal *conceal, int16_t *frame, size_t n)
{
    const int16_t *period = conceal->history + SAPA_CONCEAL_HISTORY - conceal->period;
    const uint32_t full = conceal->rate / 1000 * FULL_MS, gone = conceal->rate / 1000 * GONE_MS;

    for (size_t i = 0; i < n; i++) {
        int32_t sample = conceal->lost < gone ? period[conceal->at] : 0;
        if (conceal->lost > full)
            sample = (int32_t)((int64_t)sample * (gone - SAPA_MIN(conceal->lost, gone)) / (gone - full));
        frame[i] = (int16_t)sample;
        conceal->lost++;
        conceal->at = conceal->at + 1 < conceal->period ? conceal->at + 1 : 0;
    }
}

void sapa_conceal_lost(struct sapa_conceal *conceal, int16_t *ret_frame, size_t n)
{
    sapa_assert(n <= SAPA_CONCEAL_HISTORY);
    if (conceal->lost == 0) {
        /* The end of the period goes over into its beginning: a quarter is blended with what came one period before. */
        conceal->period = find_period(conceal);
        conceal->at = 0;
        int16_t *end = conceal->history + SAPA_CONCEAL_HISTORY;
        const uint32_t blend = conceal->period / 4;
        for (uint32_t i = 1; i <= blend; i++) {
            const int32_t own = end[-(int32_t)i], before = end[-(int32_t)(i + conceal->period)];
            end[-(int32_t)i] = (int16_t)((own * (int32_t)i + before * (int32_t)(blend - i)) / (int32_t)blend);
        }
    }
    make(conceal, ret_frame, n);
}

void sapa_conceal_good(struct sapa_conceal *conceal, int16_t *frame, size_t n)
{
    sapa_assert(n <= SAPA_CONCEAL_HISTORY);
    if (conceal->lost > 0) {
        int16_t made[SAPA_CONCEAL_RATE_MAX / 1000 * BLEND_MS];
        const size_t blend = SAPA_MIN(n, (size_t)conceal->rate / 1000 * BLEND_MS);
        make(conceal, made, blend);
        for (size_t i = 0; i < blend; i++)
            frame[i] = (int16_t)((made[i] * (int32_t)(blend - i) + frame[i] * (int32_t)i) / (int32_t)blend);
        conceal->lost = 0;
    }
    remember(conceal, frame, n);
}
