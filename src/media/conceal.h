/**
 * @file media/conceal.h
 * Frames that never came, made from the pitch of what came before (in the manner of G.711 appendix I), at 8 or 16 kHz.
 *
 * The first 10 ms of a gap repeat the last pitch period at full level; then it falls to nothing within 60 ms. The first good
 * frame behind a gap is blended over. No delay is added.
 * Room    media.   Thread  the owner's.   Tests  media/conceal_test.c
 */
#ifndef SAPA_MEDIA_CONCEAL_H
#define SAPA_MEDIA_CONCEAL_H

#include "base/base.h"

enum {
    SAPA_CONCEAL_HISTORY_MS = 40,
    SAPA_CONCEAL_RATE_MAX = 16000,
    SAPA_CONCEAL_HISTORY = SAPA_CONCEAL_RATE_MAX / 1000 * SAPA_CONCEAL_HISTORY_MS
};

/** Zeroed but for `rate` = nothing before. */
struct sapa_conceal {
    uint32_t rate;          /* 8000 or 16000 */
    uint32_t lost;          /* samples made so far in this gap */
    uint32_t period;        /* of the pitch, in this gap */
    uint32_t at;            /* place in the period */
    int16_t history[SAPA_CONCEAL_HISTORY]; /* the last of it is the newest; rate / 1000 * HISTORY_MS are used */
};

/** A frame that came; blended with what was made up when it ends a gap. `n` samples, at most 20 ms. */
void sapa_conceal_good(struct sapa_conceal *conceal, int16_t *frame, size_t n);
/** Makes `n` samples, at most 20 ms. */
void sapa_conceal_lost(struct sapa_conceal *conceal, int16_t *ret_frame, size_t n);

#endif
