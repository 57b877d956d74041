#include "media/score.h"

#include "rtp/mos.h"

enum {
    REPORT_MS_MAX = 60000,
    JITTER_MAX = 10 * 8000 /* ten seconds, in timestamp units: more is nonsense */
};

static uint16_t mos_of(uint64_t lost, uint64_t expected, uint64_t delay_sum)
{
    /* Only the share matters: a leg of a year still fits. */
    while (expected > UINT32_MAX) {
        expected >>= 1;
        lost >>= 1;
        delay_sum >>= 1;
    }
    if (expected == 0)
        return 0;
    return sapa_mos_x100((uint32_t)SAPA_MIN(lost, expected), (uint32_t)expected, (uint32_t)(delay_sum / expected));
}

static uint16_t of_window(const struct sapa_score *score)
{
    return mos_of(score->window_lost, score->window_expected, score->window_delay_sum);
}

static uint16_t worse(uint16_t a, uint16_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

void sapa_score_add(struct sapa_score *score, uint32_t length_ms, uint32_t expected, uint32_t lost, uint32_t delay_ms)
{
    if (expected == 0)
        return;
    lost = SAPA_MIN(lost, expected);
    score->expected += expected;
    score->lost += lost;
    score->delay_sum += (uint64_t)delay_ms * expected;
    score->window_ms += SAPA_MIN(length_ms, (uint32_t)SAPA_SCORE_WINDOW_MS);
    score->window_expected += expected;
    score->window_lost += lost;
    score->window_delay_sum += (uint64_t)delay_ms * expected;
    if (score->window_ms < SAPA_SCORE_WINDOW_MS)
        return;
    score->last_x100 = of_window(score);
    score->worst_x100 = worse(score->worst_x100, score->last_x100);
    score->window_ms = score->window_expected = score->window_lost = 0;
    score->window_delay_sum = 0;
}

uint16_t sapa_score_mos(const struct sapa_score *score)
{
    return mos_of(score->lost, score->expected, score->delay_sum);
}

uint16_t sapa_score_worst(const struct sapa_score *score)
{
    uint16_t worst = worse(score->worst_x100, sapa_score_mos(score));

    if (score->window_ms >= SAPA_SCORE_LEAST_MS)
        worst = worse(worst, of_window(score));
    return worst;
}

uint16_t sapa_score_now(const struct sapa_score *score)
{
    if (score->window_ms >= SAPA_SCORE_LEAST_MS)
        return of_window(score);
    return score->last_x100 ? score->last_x100 : sapa_score_mos(score);
}

void sapa_heard_report(struct sapa_heard *heard, const struct sapa_rtcp_block *block, uint64_t sent,
                       uint32_t rtt_us, int64_t now_us)
{
    const uint32_t expected = (uint32_t)SAPA_MIN(sent - heard->sent, (uint64_t)UINT32_MAX / 256);
    const uint32_t lost = (uint32_t)((uint64_t)expected * block->fraction_lost / 256);
    const int64_t length_ms = heard->at_us ? (now_us - heard->at_us) / 1000 : 0;

    heard->jitter_us = SAPA_MIN(block->jitter, (uint32_t)JITTER_MAX) * 125;
    heard->lost = (uint32_t)SAPA_MIN((uint64_t)SAPA_MAX(block->lost, 0), sent);
    heard->fraction = block->fraction_lost;
    heard->at_us = now_us;
    if (expected == 0)
        return;
    heard->sent = sent;
    heard->weighed_us = now_us;
    const uint32_t delay_ms = sapa_mos_delay_ms(rtt_us, heard->jitter_us);
    heard->mos_x100 = sapa_mos_x100(lost, expected, delay_ms);
    sapa_score_add(&heard->score, (uint32_t)SAPA_MIN(SAPA_MAX(length_ms, 0), (int64_t)REPORT_MS_MAX), expected, lost,
                   delay_ms);
}
