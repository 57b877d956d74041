/**
 * @file base/g711.h
 * G.711: one sample of 16 bits to an octet of A-law or µ-law, and back (ITU-T G.711, tables 1a to 2b).
 *
 * Room    base.   Thread  any.   Tests  base/g711_test.c
 */
#ifndef SAPA_BASE_G711_H
#define SAPA_BASE_G711_H

#include <stdint.h>

/* Both laws: a sign, three bits for the segment (each twice as wide as the one before), four for the step in it. */

static inline int16_t sapa_alaw_decode(uint8_t octet)
{
    const unsigned code = octet ^ 0x55u, segment = code >> 4 & 7;
    const int step = (int)(code & 15) << 4;
    const int size = segment == 0 ? step + 8 : (step + 0x108) << (segment - 1);

    return (int16_t)(code & 0x80 ? size : -size);
}

static inline uint8_t sapa_alaw_encode(int16_t sample)
{
    unsigned size = (unsigned)(sample < 0 ? ~sample : sample) >> 4, segment = 0; /* 12 bits */

    if (size > 15)
        for (segment = 1; size > 31; segment++)
            size >>= 1;
    return (uint8_t)(((sample < 0 ? 0u : 0x80u) | segment << 4 | (size & 15)) ^ 0x55u);
}

static inline int16_t sapa_ulaw_decode(uint8_t octet)
{
    const unsigned code = (uint8_t)~octet;
    const int size = (int)(((code & 15) << 3) + 0x84) << (code >> 4 & 7);

    return (int16_t)(code & 0x80 ? 0x84 - size : size - 0x84);
}

static inline uint8_t sapa_ulaw_encode(int16_t sample)
{
    unsigned size = ((unsigned)(sample < 0 ? ~sample : sample) >> 2) + 33, segment = 0; /* 14 bits, biased */

    if (size > 0x1fff)
        size = 0x1fff;
    while (size >> segment > 0x3f)
        segment++;
    return (uint8_t)~((sample < 0 ? 0x80u : 0u) | segment << 4 | (size >> (segment + 1) & 15));
}

#endif
