/*
 * G.729 as a codec plug-in on bcg729 (package libbcg729-dev). That library is GPL-3: this object is built on request
 * (`make g729`), for whoever asks for it, and is no part of the program.
 *
 * Packets are RFC 3551 4.5.6: frames of 10 octets for 10 ms, behind them perhaps one of 2 octets that describes the
 * silence (Annex B), which is decoded but never sent.
 * Tests  media/coder_test.c with SAPA_TEST_PLUGIN=build/g729.so (`make g729` runs it)
 */
#include <bcg729/decoder.h>
#include <bcg729/encoder.h>
#include <stdbool.h>

#include "media/codec_plugin.h"

enum { FRAME_OCTETS = 10, SILENCE_OCTETS = 2, FRAME_SAMPLES = 80 };

static void *decoder_make(void)
{
    return initBcg729DecoderChannel();
}

static void decoder_drop(void *decoder)
{
    closeBcg729DecoderChannel(decoder);
}

static size_t samples_of(const uint8_t *octets, size_t n)
{
    const size_t rest = n % FRAME_OCTETS;

    (void)octets;
    return rest == 0 || rest == SILENCE_OCTETS ? (n / FRAME_OCTETS + (rest != 0)) * FRAME_SAMPLES : 0;
}

static size_t decode(void *decoder, const uint8_t *octets, size_t n, int16_t *samples, size_t room)
{
    const size_t count = samples_of(octets, n);

    if (count > room)
        return 0;
    for (size_t at = 0; at < count; at += FRAME_SAMPLES) {
        const bool silence = n < FRAME_OCTETS;
        bcg729Decoder(decoder, octets, silence ? SILENCE_OCTETS : FRAME_OCTETS, 0, silence, 0, samples + at);
        octets += silence ? n : FRAME_OCTETS;
        n -= silence ? n : FRAME_OCTETS;
    }
    return count;
}

static void conceal(void *decoder, int16_t *samples)
{
    static const uint8_t nothing[FRAME_OCTETS];

    for (size_t at = 0; at < SAPA_CODEC_PLUGIN_SAMPLES; at += FRAME_SAMPLES)
        bcg729Decoder(decoder, nothing, 0, 1, 0, 0, samples + at);
}

static void *encoder_make(void)
{
    return initBcg729EncoderChannel(0); /* no silence suppression: recorders and meters count packets */
}

static void encoder_drop(void *encoder)
{
    closeBcg729EncoderChannel(encoder);
}

static size_t encode(void *encoder, const int16_t *samples, uint8_t *octets)
{
    size_t n = 0;

    for (size_t at = 0; at < SAPA_CODEC_PLUGIN_SAMPLES; at += FRAME_SAMPLES) {
        uint8_t length = 0;
        bcg729Encoder(encoder, samples + at, octets + n, &length);
        n += length;
    }
    return n;
}

/* The symbol by which the program finds us. */
__attribute__((visibility("default"))) const struct sapa_codec_plugin *sapa_codec_plugin(void);

const struct sapa_codec_plugin *sapa_codec_plugin(void)
{
    static const struct sapa_codec_plugin plugin = {
        .abi = SAPA_CODEC_PLUGIN_ABI, .size = sizeof(plugin), .name = "G729", .licence = "GPL-3.0-or-later (bcg729)",
        .decoder_make = decoder_make, .decoder_drop = decoder_drop, .decode = decode, .conceal = conceal, .samples = samples_of,
        .encoder_make = encoder_make, .encoder_drop = encoder_drop, .encode = encode,
    };

    return &plugin;
}
