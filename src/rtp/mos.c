#include "rtp/mos.h"

#include <math.h>

static double delay_impairment(double delay_ms)
{
    if (delay_ms <= 100)
        return 0;
    const double x = log2(delay_ms / 100);
    return 25 * (pow(1 + pow(x, 6), 1.0 / 6) - 3 * pow(1 + pow(x / 3, 6), 1.0 / 6) + 2);
}

static double rating(uint32_t lost, uint32_t expected, uint32_t delay_ms)
{
    const double loss = expected ? 100.0 * SAPA_MIN(lost, expected) / expected : 0;

    return 93.2 - delay_impairment(delay_ms) - 95 * loss / (loss + 25.1);
}

int sapa_mos_rating_x10(uint32_t lost, uint32_t expected, uint32_t delay_ms)
{
    return (int)lround(10 * rating(lost, expected, delay_ms));
}

uint16_t sapa_mos_x100(uint32_t lost, uint32_t expected, uint32_t delay_ms)
{
    const double r = rating(lost, expected, delay_ms);
    double mos = 1;

    if (r >= 100)
        mos = 4.5;
    else if (r > 6.52) /* below it the polynomial dips under 1 */
        mos = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
    return (uint16_t)lround(100 * mos);
}

uint32_t sapa_mos_delay_ms(uint32_t rtt_us, uint32_t jitter_us)
{
    return rtt_us / 2000 + 20 + SAPA_MAX(2 * (jitter_us / 1000), 20);
}
