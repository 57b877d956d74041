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

#include "rtp/rtcp.h"

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

/**
 * What the peer says it hears of us (RFC 3550 section 6.4.1). Nothing of it is believed beyond what
 * we know ourselves: a report weighs the packets that we sent since the one before, so a flood of
 * reports weighs nothing, and no loss is above what was sent. Zeroed = never heard.
 */
struct sapa_heard {
    struct sapa_score score;
    int64_t at_us;                   /* of the last report, mono; 0 none */
    int64_t weighed_us;              /* of the last that weighed anything */
    uint64_t sent;                   /* by then */
    uint32_t jitter_us;
    uint32_t lost;                   /* cumulative, as far as it can be */
    uint16_t mos_x100;               /* of the last report that weighed anything */
    uint8_t fraction;                /* of 256, of the last report */
};

/** @param sent  packets sent so far   @param rtt_us  0 unknown */
void sapa_heard_report(struct sapa_heard *heard, const struct sapa_rtcp_block *block, uint64_t sent,
                       uint32_t rtt_us, int64_t now_us);

#endif
