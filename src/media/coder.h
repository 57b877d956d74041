/**
 * @file media/coder.h
 * Octets of a codec to samples and back: G.711, G.722, Opus (libopus), and what a plug-in brings (codec_plugin.h).
 *
 * A decoder has the state of one stream, an encoder that of another. Frames are linear, one channel, at the codec's own rate
 * (sapa_codec_info: 8 or 16 kHz).
 * Room    media.   Thread  each coder: its owner's; making one allocates.   Tests  media/coder_test.c, media/coder_fuzz.c
 */
#ifndef SAPA_MEDIA_CODER_H
#define SAPA_MEDIA_CODER_H

#include "media/codec_plugin.h"
#include "model/codec.h"

enum {
    SAPA_CODER_FRAME = 320,        /* samples of 20 ms at the highest rate */
    SAPA_CODER_SAMPLES_MAX = 1920, /* of one packet: 120 ms at 16 kHz */
    SAPA_CODER_PAYLOAD_MAX = 1275  /* octets of a packet that is decoded */
};

struct sapa_decoder;
struct sapa_encoder;

/** Whether this program can decode and encode it: all but what needs a plug-in that is not there. */
bool sapa_coder_can(uint8_t codec);

/** @retval SAPA_ENOENT  not a codec that sapa_coder_can()  @retval SAPA_ENOMEM */
SAPA_MUST_CHECK sapa_rc sapa_decoder_new(uint8_t codec, struct sapa_decoder **ret_decoder);
void sapa_decoder_free(struct sapa_decoder *decoder); /* NULL is fine */
/**
 * One packet. A malformed one gives no samples.
 * @return samples, at most SAPA_CODER_SAMPLES_MAX
 */
size_t sapa_decoder_run(struct sapa_decoder *decoder, const uint8_t *payload, size_t size, int16_t *ret_samples);
/** How many samples sapa_decoder_run() would give, without a state; 0: malformed. */
size_t sapa_decoder_samples(const struct sapa_decoder *decoder, const uint8_t *payload, size_t size);
/**
 * The 20 ms before a packet that did come, where its sender repeated them in it (Opus), else from what was before, where the
 * codec can do that itself. `next`: NULL when it is not here. False: the caller has to conceal.
 */
bool sapa_decoder_conceal(struct sapa_decoder *decoder, const uint8_t *next, size_t size, int16_t *ret_samples);

struct sapa_encoder_options {
    uint8_t codec;
    bool fec;           /* Opus: repeat each frame, in small, in the next one */
    uint16_t kbps_max;  /* Opus: what the peer wants at most; 0: 24 */
};

SAPA_MUST_CHECK sapa_rc sapa_encoder_new(const struct sapa_encoder_options *options, struct sapa_encoder **ret_encoder);
void sapa_encoder_free(struct sapa_encoder *encoder); /* NULL is fine */
/** 20 ms at the codec's rate. @return octets; 0: it failed */
size_t sapa_encoder_run(struct sapa_encoder *encoder, const int16_t *samples, uint8_t ret_payload[SAPA_CODER_PAYLOAD_MAX]);
/** Nothing above 4 kHz will come: Opus then does not look for it, which halves its work. */
void sapa_encoder_narrow(struct sapa_encoder *encoder, bool on);
/** Loss that the peer reports, percent: how much the correction may cost. */
void sapa_encoder_loss(struct sapa_encoder *encoder, unsigned percent);

#endif
