#include "core/ewt.h"

typedef unsigned __int128 u128;

enum {
    EXACT = 8,         /* terms that are summed one by one */
    PRIOR_HANDLED = 8, /* observations that the centre's initial value counts for */
    PRIOR_DRAINED = 16,
    PRIOR_GAVE_UP = 4,
    MEMORY = 2048, /* observations after which the old ones count half */
};

#define ONE_Q32 (UINT64_C(1) << 32)
#define LN2_Q32 UINT64_C(2977044472) /* ln 2 */
#define Z90_Q24 UINT64_C(21501059)   /* 90 % point of the normal distribution, 1.2815516 */

static uint64_t sqrt_of(uint64_t x)
{
    uint64_t root = 0;

    for (uint64_t bit = UINT64_C(1) << 24; bit > 0; bit >>= 1)
        if ((root | bit) * (root | bit) <= x)
            root |= bit;
    return root;
}

uint64_t sapa_ewt_ln_q32(uint64_t x_q32)
{
    const int exponent = 31 - __builtin_clzll(x_q32 | 1);
    uint64_t fraction = 0, x;

    sapa_assert(x_q32 >= ONE_Q32);
    x = x_q32 >> exponent; /* 1 <= x < 2 */
    for (uint64_t bit = ONE_Q32 / 2; bit > 0; bit >>= 1) {
        x = (uint64_t)((u128)x * x >> 32);
        if (x >= 2 * ONE_Q32) {
            x >>= 1;
            fraction |= bit;
        }
    }
    return (uint64_t)(((u128)((uint64_t)exponent << 32 | fraction) * LN2_Q32) >> 32);
}

/* (1 - v/9 + z sqrt(v)/3)^3 of `mean`, v = variance / mean^2; all Q24 but mean */
static uint64_t quantile(uint64_t mean_us, uint64_t v_q24, uint64_t z_q24)
{
    const uint64_t one = UINT64_C(1) << 24;
    const uint64_t root = z_q24 ? sqrt_of(v_q24 << 24) : 0;
    const uint64_t base = one - v_q24 / 9 + (z_q24 * root >> 24) / 3;
    const uint64_t cube = (uint64_t)((u128)base * base * base >> 48);

    sapa_assert(v_q24 <= one);
    return (uint64_t)((u128)cube * mean_us >> 24);
}

static uint32_t to_ms(uint64_t us)
{
    return (uint32_t)SAPA_MIN((us + 500) / 1000, (uint64_t)SAPA_EWT_MAX_MS);
}

struct sapa_ewt sapa_ewt_of(uint32_t agents, int64_t handle_us, int64_t patience_us, uint32_t ahead)
{
    const uint64_t terms = (uint64_t)ahead + 1;
    uint64_t mean = 0; /* us */
    u128 variance = 0; /* us^2 */

    sapa_assert(handle_us > 0);
    sapa_assert(patience_us >= 0);
    if (agents == 0)
        return (struct sapa_ewt){ SAPA_NONE, SAPA_NONE, SAPA_NONE };
    handle_us = SAPA_MIN(handle_us, INT64_C(86400000000));
    if (patience_us == 0) {
        mean = (uint64_t)((u128)terms * (uint64_t)handle_us / agents);
        variance = (u128)mean * mean / terms;
    } else {
        /* rates per 2^44 us: n mu = agents / handle, theta = 1 / patience */
        const uint64_t scale = UINT64_C(1) << 44;
        patience_us = SAPA_MAX(SAPA_MIN(patience_us, INT64_C(8640000000000)), 1000);
        const uint64_t rate = (uint64_t)((u128)scale * agents / (uint64_t)handle_us);
        const uint64_t theta = scale / (uint64_t)patience_us;
        const uint64_t exact = SAPA_MIN(terms, (uint64_t)EXACT);
        for (uint64_t j = 0; j < exact; j++) {
            const uint64_t one_q16 = (scale << 16) / SAPA_MAX(rate + (j + 1) * theta, 1);
            mean += one_q16;
            variance += (u128)one_q16 * one_q16 >> 32;
        }
        mean >>= 16;
        if (terms > exact && theta > 0) {
            const uint64_t a = rate + exact * theta + theta / 2, b = a + (terms - exact) * theta;
            const u128 ratio = ((u128)b << 32) / a;
            const uint64_t ln = sapa_ewt_ln_q32(ratio > UINT64_MAX ? UINT64_MAX : (uint64_t)ratio);
            /* 1 / theta as the ratio has it: what was cut from theta cancels */
            mean += (uint64_t)((u128)ln * scale / theta >> 32);
            variance += ((u128)(scale / theta) * ((scale << 16) / a - (scale << 16) / b)) >> 16;
        }
    }
    if (mean == 0)
        return (struct sapa_ewt){ 0, 0, 0 };
    const u128 v = (variance << 24) / ((u128)mean * mean);
    const uint64_t v_q24 = (uint64_t)SAPA_MIN(v, (u128)1 << 24);
    return (struct sapa_ewt){ to_ms(mean), to_ms(quantile(mean, v_q24, 0)),
                              to_ms(quantile(mean, v_q24, Z90_Q24)) };
}

/* ---- learning ---- */

void sapa_ewt_handled(struct sapa_ewt_rates *rates, int64_t handle_us)
{
    sapa_assert(handle_us >= 0);
    if (rates->handle_count >= MEMORY) {
        rates->handle_count /= 2;
        rates->handle_sum_us /= 2;
    }
    rates->handle_count++;
    rates->handle_sum_us += handle_us;
}

void sapa_ewt_served(struct sapa_ewt_rates *rates)
{
    if (rates->drain_count >= MEMORY) {
        rates->drain_count /= 2;
        rates->drain_sum_us /= 2;
    }
    rates->drain_count++;
    sapa_assert(rates->drain_count <= MEMORY);
}

void sapa_ewt_drained(struct sapa_ewt_rates *rates, uint32_t agents, int64_t for_us)
{
    sapa_assert(for_us >= 0);
    if (for_us > INT64_C(86400000000))
        for_us = INT64_C(86400000000);
    if (rates->drain_sum_us < INT64_MAX / 4)
        rates->drain_sum_us += (int64_t)agents * for_us;
}

void sapa_ewt_left(struct sapa_ewt_rates *rates, int64_t waited_us, bool gave_up)
{
    sapa_assert(waited_us >= 0);
    if (rates->left_count >= 16 * MEMORY) {
        rates->left_count /= 2;
        rates->gave_up_count /= 2;
        rates->waited_sum_us /= 2;
    }
    rates->left_count++;
    rates->gave_up_count += gave_up;
    if (rates->waited_sum_us < INT64_MAX / 4)
        rates->waited_sum_us += waited_us;
}

int64_t sapa_ewt_handle_us(const struct sapa_ewt_rates *rates, int64_t initial_us)
{
    const int64_t initial = initial_us > 0 ? initial_us : 180 * INT64_C(1000000);
    const int64_t mean = (PRIOR_HANDLED * initial + rates->handle_sum_us) /
                         (PRIOR_HANDLED + (int64_t)rates->handle_count);

    sapa_assert(mean >= 0);
    return SAPA_MAX(mean, 1000);
}

int64_t sapa_ewt_drain_us(const struct sapa_ewt_rates *rates, int64_t initial_us)
{
    const int64_t handle = sapa_ewt_handle_us(rates, initial_us);
    const int64_t mean = (PRIOR_DRAINED * handle + rates->drain_sum_us) /
                         (PRIOR_DRAINED + (int64_t)rates->drain_count);

    sapa_assert(mean >= 0);
    return SAPA_MAX(mean, 1000);
}

int64_t sapa_ewt_patience_us(const struct sapa_ewt_rates *rates, int64_t initial_us)
{
    const int64_t weight = initial_us > 0 ? PRIOR_GAVE_UP : 0;
    const int64_t count = weight + (int64_t)rates->gave_up_count;

    sapa_assert(rates->waited_sum_us >= 0);
    if (count == 0)
        return 0;
    return SAPA_MAX((weight * initial_us + rates->waited_sum_us) / count, 1000);
}
