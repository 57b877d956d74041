/**
 * @file media/g722.h
 * G.722 at 64 kbit/s (ITU-T G.722, mode 1): audio of 16 kHz in one octet for two samples.
 *
 * A pair of quadrature mirror filters parts the band at 4 kHz; each half is coded by adaptive differences.
 * Room    media.   Thread  one struct, one thread.   Tests  media/g722_test.c
 */
#ifndef SAPA_MEDIA_G722_H
#define SAPA_MEDIA_G722_H

#include "base/base.h"

/** Predictor and step size of one half of the band; names as in the Recommendation. */
struct sapa_g722_band {
    int s, sp, sz;      /* predicted signal, and its parts by poles and zeros */
    int r[3], p[3];     /* reconstructed signal, partly reconstructed signal */
    int a[3], b[7];     /* coefficients of poles and zeros */
    int d[7];           /* quantized differences */
    int nb, det;        /* logarithm of the step, and the step */
};

/** Init either way with sapa_g722_init(). */
struct sapa_g722 {
    struct sapa_g722_band low, high;
    int x[24]; /* memory of the mirror filters */
};

void sapa_g722_init(struct sapa_g722 *g722);
/** `n` octets from 2 * n samples. */
void sapa_g722_encode(struct sapa_g722 *g722, const int16_t *samples, size_t n, uint8_t *ret_octets);
/** 2 * n samples from `n` octets. */
void sapa_g722_decode(struct sapa_g722 *g722, const uint8_t *octets, size_t n, int16_t *ret_samples);

#endif
