/**
 * @file model/codec.h
 * The codecs that we know: one table for descriptions (channel/voice with sdp/) and sound (media/).
 *
 * Room    model: base only.   Thread  any.   Tests  model/codec_test.c
 */
#ifndef SAPA_MODEL_CODEC_H
#define SAPA_MODEL_CODEC_H

#include "base/base.h"

/** Static payload types where RFC 3551 gives one. Numbers are of the protocol and of dialog records: they never change. */
enum sapa_codec {
    SAPA_CODEC_PCMU = 0,
    SAPA_CODEC_PCMA = 8,
    SAPA_CODEC_G722 = 9,
    SAPA_CODEC_G729 = 18, /* only with a plug-in */
    SAPA_CODEC_OPUS = 111,
    SAPA_CODEC_NONE = 255
};

struct sapa_codec_info {
    uint8_t id;               /* enum sapa_codec */
    uint8_t type;             /* payload type that we propose */
    uint8_t channels;         /* as rtpmap says it: 2 for Opus (RFC 7587 7), although we send one */
    bool is_static;           /* `type` belongs to it for ever */
    uint32_t clock_hz;        /* of RTP timestamps and rtpmap: 8000 for G.722 (RFC 3551 4.5.2), 48000 for Opus */
    uint32_t sample_hz;       /* of what we decode it to and encode it from */
    const char *name;         /* of rtpmap */
    const char *fmtp;         /* that we say; NULL: none */
};

/** NULL for one that is not in the table (SAPA_CODEC_NONE too). */
const struct sapa_codec_info *sapa_codec_info(uint8_t codec);
/** By name, without case, and clock; NULL: not ours. */
const struct sapa_codec_info *sapa_codec_find(const char *name, size_t size, uint32_t clock_hz);
/** The i-th of the table; NULL behind the last. */
const struct sapa_codec_info *sapa_codec_at(size_t i);

static inline bool sapa_codec_is_g711(uint8_t codec)
{
    return codec == SAPA_CODEC_PCMU || codec == SAPA_CODEC_PCMA;
}

/** Timestamp units a millisecond; 8 for a codec that is not known. */
static inline uint32_t sapa_codec_clock_khz(uint8_t codec)
{
    return codec == SAPA_CODEC_OPUS ? 48 : 8;
}

#endif
