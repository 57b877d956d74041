/*
 * A codec plug-in for tests, under the name of G.729: every other sample, eight bits of it. It shows what a real one has to
 * do (docs/howto/codec-plugin.md) and is nothing that a phone would understand.
 */
#include "media/codec_plugin.h"

#include <stdlib.h>
#include <string.h>

enum { OCTETS = SAPA_CODEC_PLUGIN_SAMPLES / 2 };

struct decoder {
    int16_t last[SAPA_CODEC_PLUGIN_SAMPLES]; /* heard again when one is lost */
};

static void *make(void)
{
    return calloc(1, sizeof(struct decoder));
}

static size_t samples_of(const uint8_t *octets, size_t n)
{
    (void)octets;
    return n % OCTETS == 0 ? n * 2 : 0;
}

static size_t decode(void *state, const uint8_t *octets, size_t n, int16_t *samples, size_t room)
{
    struct decoder *decoder = state;

    if (samples_of(octets, n) == 0 || n * 2 > room)
        return 0;
    for (size_t i = 0; i < n; i++)
        samples[2 * i] = samples[2 * i + 1] = (int16_t)(((int)octets[i] - 128) * 256);
    memcpy(decoder->last, samples + n * 2 - SAPA_CODEC_PLUGIN_SAMPLES, sizeof(decoder->last));
    return n * 2;
}

static void conceal(void *state, int16_t *samples)
{
    memcpy(samples, ((struct decoder *)state)->last, sizeof(((struct decoder *)state)->last));
}

static size_t encode(void *state, const int16_t *samples, uint8_t *octets)
{
    (void)state;
    for (size_t i = 0; i < OCTETS; i++)
        octets[i] = (uint8_t)(samples[2 * i] / 256 + 128);
    return OCTETS;
}

__attribute__((visibility("default"))) const struct sapa_codec_plugin *sapa_codec_plugin(void);

const struct sapa_codec_plugin *sapa_codec_plugin(void)
{
    static const struct sapa_codec_plugin plugin = {
        .abi = SAPA_CODEC_PLUGIN_ABI, .size = sizeof(plugin), .name = "G729", .licence = "of this program",
        .decoder_make = make, .decoder_drop = free, .decode = decode, .conceal = conceal, .samples = samples_of,
        .encoder_make = make, .encoder_drop = free, .encode = encode,
    };
    return &plugin;
}
