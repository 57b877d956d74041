/**
 * @file media/codec_plugin.h
 * A codec as a shared object, loaded on request (G.729: serve --codec-plugin FILE). This file is all that a plug-in needs:
 * C, no other header of the program. docs/howto/codec-plugin.md walks through it.
 *
 * The object exports `sapa_codec_plugin`, a function that gives its description. Frames are 20 ms of linear samples, 16 bit, one
 * channel, 8000 a second. Each state is used by one thread at a time, several states by several threads at once. No function
 * but make and drop may allocate, block or lock: they run where packets wait.
 * Room    media.   Tests  media/coder_test.c with test/plugin/
 */
#ifndef SAPA_MEDIA_CODEC_PLUGIN_H
#define SAPA_MEDIA_CODEC_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#define SAPA_CODEC_PLUGIN_ABI 1u
#define SAPA_CODEC_PLUGIN_SYMBOL "sapa_codec_plugin"
enum { SAPA_CODEC_PLUGIN_SAMPLES = 160, SAPA_CODEC_PLUGIN_OCTETS_MAX = 160 };

struct sapa_codec_plugin {
    uint32_t abi;               /* SAPA_CODEC_PLUGIN_ABI; another one is refused */
    uint32_t size;              /* sizeof(struct sapa_codec_plugin): later ABIs may add fields at the end */
    const char *name;           /* of rtpmap: "G729" */
    const char *licence;        /* for the log */

    void *(*decoder_make)(void);
    void (*decoder_drop)(void *decoder);
    /**
     * A packet of any length, from the network: it may be malformed. At most `room` samples.
     * Returns the samples written; 0: malformed.
     */
    size_t (*decode)(void *decoder, const uint8_t *octets, size_t n, int16_t *samples, size_t room);
    /** A frame that was lost: SAPA_CODEC_PLUGIN_SAMPLES samples. May be NULL: then the program conceals. */
    void (*conceal)(void *decoder, int16_t *samples);
    /** Samples in a packet, without decoding it; 0: malformed. */
    size_t (*samples)(const uint8_t *octets, size_t n);

    void *(*encoder_make)(void);
    void (*encoder_drop)(void *encoder);
    /** SAPA_CODEC_PLUGIN_SAMPLES samples into at most SAPA_CODEC_PLUGIN_OCTETS_MAX octets; returns how many, 0: it failed. */
    size_t (*encode)(void *encoder, const int16_t *samples, uint8_t *octets);
};

typedef const struct sapa_codec_plugin *sapa_codec_plugin_get(void);

#endif
