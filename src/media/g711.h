/**
 * @file media/g711.h
 * G.711: octets of one law as those of the other, and to and from linear.
 *
 * Room    media.   Thread  any.   Tests  media/g711_test.c
 */
#ifndef SAPA_MEDIA_G711_H
#define SAPA_MEDIA_G711_H

#include "model/media.h"

enum { SAPA_G711_ALAW_SILENCE = 0xd5, SAPA_G711_ULAW_SILENCE = 0xff };

/** Tables 3 and 4 of G.711. */
extern const uint8_t sapa_g711_alaw_of_ulaw[256];
extern const uint8_t sapa_g711_ulaw_of_alaw[256];

static inline uint8_t sapa_g711_silence(uint8_t codec)
{
    return codec == SAPA_CODEC_PCMU ? SAPA_G711_ULAW_SILENCE : SAPA_G711_ALAW_SILENCE;
}

static inline bool sapa_g711_is(uint8_t codec)
{
    return codec == SAPA_CODEC_PCMU || codec == SAPA_CODEC_PCMA;
}

/** Both codecs are G.711. `to` may be `from`. */
void sapa_g711_convert(uint8_t codec_from, const uint8_t *from, size_t n, uint8_t codec_to, uint8_t *to);
void sapa_g711_decode(uint8_t codec, const uint8_t *octets, size_t n, int16_t *ret_linear);
void sapa_g711_encode(uint8_t codec, const int16_t *linear, size_t n, uint8_t *ret_octets);

#endif
