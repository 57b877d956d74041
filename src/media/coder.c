#include "media/coder.h"

#include <opus.h>
#include <stdlib.h>
#include <string.h>

#include "media/g711.h"
#include "media/g722.h"
#include "media/plugin.h"

enum {
    OPUS_HZ = 16000,
    OPUS_FRAME = 320,
    OPUS_KBPS = 24, OPUS_KBPS_MIN = 8,
    OPUS_COMPLEXITY = 3,  /* of 10: more gains speech at 24 kbit/s little and costs up to three times as much */
    OPUS_LOSS = 5,        /* percent, until the peer says otherwise */
    NARROW_FRAME = 160
};

struct sapa_decoder {
    uint8_t codec;
    OpusDecoder *opus;
    struct sapa_g722 *g722;
    const struct sapa_codec_plugin *plugin;
    void *state; /* of the plug-in */
};

struct sapa_encoder {
    uint8_t codec;
    OpusEncoder *opus;
    struct sapa_g722 *g722;
    const struct sapa_codec_plugin *plugin;
    void *state;
};

static struct sapa_g722 *g722_new(void)
{
    struct sapa_g722 *g722 = malloc(sizeof(*g722));

    if (g722)
        sapa_g722_init(g722);
    return g722;
}

bool sapa_coder_can(uint8_t codec)
{
    return codec == SAPA_CODEC_PCMA || codec == SAPA_CODEC_PCMU || codec == SAPA_CODEC_G722 ||
           codec == SAPA_CODEC_OPUS || sapa_plugin_of(codec);
}

/* --- in --- */

sapa_rc sapa_decoder_new(uint8_t codec, struct sapa_decoder **ret_decoder)
{
    struct sapa_decoder *decoder;
    bool good = true;
    int rc;

    if (!sapa_coder_can(codec))
        return SAPA_ENOENT;
    decoder = calloc(1, sizeof(*decoder));
    if (!decoder)
        return SAPA_ENOMEM;
    decoder->codec = codec;
    decoder->plugin = sapa_plugin_of(codec);
    if (codec == SAPA_CODEC_OPUS)
        good = (decoder->opus = opus_decoder_create(OPUS_HZ, 1, &rc)) != NULL;
    else if (codec == SAPA_CODEC_G722)
        good = (decoder->g722 = g722_new()) != NULL;
    else if (decoder->plugin)
        good = (decoder->state = decoder->plugin->decoder_make()) != NULL;
    if (!good) {
        sapa_decoder_free(decoder);
        return SAPA_ENOMEM;
    }
    *ret_decoder = decoder;
    return SAPA_OK;
}

void sapa_decoder_free(struct sapa_decoder *decoder)
{
    if (!decoder)
        return;
    if (decoder->opus)
        opus_decoder_destroy(decoder->opus);
    free(decoder->g722);
    if (decoder->state)
        decoder->plugin->decoder_drop(decoder->state);
    free(decoder);
}

size_t sapa_decoder_samples(const struct sapa_decoder *decoder, const uint8_t *payload, size_t size)
{
    size_t n = 0;

    if (size == 0 || size > SAPA_CODER_PAYLOAD_MAX)
        return 0;
    if (decoder->opus)
        n = (size_t)SAPA_MAX(opus_packet_get_nb_samples(payload, (opus_int32)size, OPUS_HZ), 0);
    else if (decoder->g722)
        n = 2 * size;
    else if (decoder->plugin)
        n = decoder->plugin->samples(payload, size);
    else
        n = size;
    return n <= SAPA_CODER_SAMPLES_MAX ? n : 0;
}

size_t sapa_decoder_run(struct sapa_decoder *decoder, const uint8_t *payload, size_t size, int16_t *ret_samples)
{
    if (sapa_decoder_samples(decoder, payload, size) == 0)
        return 0;
    if (decoder->opus)
        return (size_t)SAPA_MAX(opus_decode(decoder->opus, payload, (opus_int32)size, ret_samples,
                                            SAPA_CODER_SAMPLES_MAX, 0), 0);
    if (decoder->g722) {
        sapa_g722_decode(decoder->g722, payload, size, ret_samples);
        return 2 * size;
    }
    if (decoder->plugin)
        return decoder->plugin->decode(decoder->state, payload, size, ret_samples, SAPA_CODER_SAMPLES_MAX);
    sapa_g711_decode(decoder->codec, payload, size, ret_samples);
    return size;
}

bool sapa_decoder_conceal(struct sapa_decoder *decoder, const uint8_t *next, size_t size, int16_t *ret_samples)
{
    if (decoder->opus) {
        if (next && sapa_decoder_samples(decoder, next, size) == 0)
            next = NULL;
        return opus_decode(decoder->opus, next, next ? (opus_int32)size : 0, ret_samples, OPUS_FRAME,
                           next ? 1 : 0) == OPUS_FRAME;
    }
    if (decoder->plugin && decoder->plugin->conceal) {
        decoder->plugin->conceal(decoder->state, ret_samples);
        return true;
    }
    return false;
}

/* --- out --- */

static void set_up_opus(OpusEncoder *opus, const struct sapa_encoder_options *options)
{
    const unsigned kbps = options->kbps_max ? SAPA_MIN(options->kbps_max, (unsigned)OPUS_KBPS) : (unsigned)OPUS_KBPS;

    (void)opus_encoder_ctl(opus, OPUS_SET_BITRATE((opus_int32)SAPA_MAX(kbps, (unsigned)OPUS_KBPS_MIN) * 1000));
    (void)opus_encoder_ctl(opus, OPUS_SET_COMPLEXITY(OPUS_COMPLEXITY));
    (void)opus_encoder_ctl(opus, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    (void)opus_encoder_ctl(opus, OPUS_SET_INBAND_FEC(options->fec));
    (void)opus_encoder_ctl(opus, OPUS_SET_PACKET_LOSS_PERC(OPUS_LOSS));
}

sapa_rc sapa_encoder_new(const struct sapa_encoder_options *options, struct sapa_encoder **ret_encoder)
{
    struct sapa_encoder *encoder;
    bool good = true;
    int rc;

    if (!sapa_coder_can(options->codec))
        return SAPA_ENOENT;
    encoder = calloc(1, sizeof(*encoder));
    if (!encoder)
        return SAPA_ENOMEM;
    encoder->codec = options->codec;
    encoder->plugin = sapa_plugin_of(options->codec);
    if (options->codec == SAPA_CODEC_OPUS) {
        encoder->opus = opus_encoder_create(OPUS_HZ, 1, OPUS_APPLICATION_VOIP, &rc);
        good = encoder->opus != NULL;
        if (good)
            set_up_opus(encoder->opus, options);
    } else if (options->codec == SAPA_CODEC_G722) {
        good = (encoder->g722 = g722_new()) != NULL;
    } else if (encoder->plugin) {
        good = (encoder->state = encoder->plugin->encoder_make()) != NULL;
    }
    if (!good) {
        sapa_encoder_free(encoder);
        return SAPA_ENOMEM;
    }
    *ret_encoder = encoder;
    return SAPA_OK;
}

void sapa_encoder_free(struct sapa_encoder *encoder)
{
    if (!encoder)
        return;
    if (encoder->opus)
        opus_encoder_destroy(encoder->opus);
    free(encoder->g722);
    if (encoder->state)
        encoder->plugin->encoder_drop(encoder->state);
    free(encoder);
}

size_t sapa_encoder_run(struct sapa_encoder *encoder, const int16_t *samples, uint8_t ret_payload[SAPA_CODER_PAYLOAD_MAX])
{
    if (encoder->opus)
        return (size_t)SAPA_MAX(opus_encode(encoder->opus, samples, OPUS_FRAME, ret_payload, SAPA_CODER_PAYLOAD_MAX), 0);
    if (encoder->g722) {
        sapa_g722_encode(encoder->g722, samples, OPUS_FRAME / 2, ret_payload);
        return OPUS_FRAME / 2;
    }
    if (encoder->plugin)
        return encoder->plugin->encode(encoder->state, samples, ret_payload);
    sapa_g711_encode(encoder->codec, samples, NARROW_FRAME, ret_payload);
    return NARROW_FRAME;
}

void sapa_encoder_narrow(struct sapa_encoder *encoder, bool on)
{
    if (encoder->opus)
        (void)opus_encoder_ctl(encoder->opus, OPUS_SET_MAX_BANDWIDTH(on ? OPUS_BANDWIDTH_NARROWBAND
                                                                         : OPUS_BANDWIDTH_WIDEBAND));
}

void sapa_encoder_loss(struct sapa_encoder *encoder, unsigned percent)
{
    if (encoder->opus)
        (void)opus_encoder_ctl(encoder->opus, OPUS_SET_PACKET_LOSS_PERC((opus_int32)SAPA_MIN(percent, 30u)));
}
