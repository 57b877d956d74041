/**
 * @file media/resample.h
 * Sample rates 2, 3 or 6 times up and down (8 ↔ 16 ↔ 48 kHz): a polyphase low pass, linear phase, that leaves nothing to
 * hear of what folds back (some 60 dB down), and keeps the telephone's band (to 3.3 of 4 kHz) within half a decibel.
 *
 * Room    media.   Thread  a resampler: its owner's.   Tests  media/resample_test.c
 */
#ifndef SAPA_MEDIA_RESAMPLE_H
#define SAPA_MEDIA_RESAMPLE_H

#include "base/base.h"

enum {
    SAPA_RESAMPLE_TAPS = 48,      /* a phase */
    SAPA_RESAMPLE_FACTOR_MAX = 6,
    SAPA_RESAMPLE_LOW_MAX = 320,  /* samples of one call at the lower rate */
};

/** Zeroed = silence before. Delay: SAPA_RESAMPLE_TAPS / 2 samples of the lower rate. */
struct sapa_resampler {
    int16_t history[SAPA_RESAMPLE_TAPS * SAPA_RESAMPLE_FACTOR_MAX];
};

/** Computes the filters once. Idempotent; call before the threads start. */
void sapa_resample_init(void);
/** `n` samples in, factor × n out. n <= SAPA_RESAMPLE_LOW_MAX; factor 2, 3 or 6. Not the same buffer. */
void sapa_resample_up(struct sapa_resampler *resampler, unsigned factor, const int16_t *in, size_t n, int16_t *ret_out);
/** factor × n samples in, `n` out. */
void sapa_resample_down(struct sapa_resampler *resampler, unsigned factor, const int16_t *in, size_t n,
                        int16_t *ret_out);

#endif
