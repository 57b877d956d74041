/**
 * @file media/score.h
 * What one direction of a leg sounded like: over the whole call, in its worst ten seconds, now.
 *
 * Slices are added as they end. The whole is the E-model (rtp/mos.h) of all packets together, with
 * the mean delay by packets; it is not a mean of scores.
 * Room    media: base, rtp; pure.   Thread  the leg's.   Tests  media/score_test.c
 */
#ifndef SAPA_MEDIA_SCORE_H
#define SAPA_MEDIA_SCORE_H

#include "base/base.h"

enum {
    SAPA_SCORE_WINDOW_MS = 10000, /* so long is a window whose worst is kept */
    SAPA_SCORE_LEAST_MS = 2000    /* an unfinished one counts from here on */
};

/** Zeroed = nothing known. */
struct sapa_score {
    uint64_t expected, lost;
    uint64_t delay_sum;              /* ms times packets */
    uint64_t window_delay_sum;
    uint32_t window_expected, window_lost, window_ms;
    uint16_t worst_x100;             /* of the finished windows, 0: none */
    uint16_t last_x100;              /* of the last finished window */
};

/** @param length_ms  how long the slice was   @param expected  0: nothing is learned */
void sapa_score_add(struct sapa_score *score, uint32_t length_ms, uint32_t expected, uint32_t lost,
                    uint32_t delay_ms);
/** MOS times 100 over everything, 0 when no packet was expected. */
uint16_t sapa_score_mos(const struct sapa_score *score);
/** Of the worst window, never above sapa_score_mos(). */
uint16_t sapa_score_worst(const struct sapa_score *score);
/** Of the window that runs; while it is too short, of the one before; then of the whole. */
uint16_t sapa_score_now(const struct sapa_score *score);

#endif
