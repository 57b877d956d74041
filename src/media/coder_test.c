/* Each codec there and back by content, hostile packets, and a plug-in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/coder.h"
#include "media/plugin.h"

static const double pi = 3.14159265358979323846;

static void tone(int16_t *samples, size_t n, size_t from, double hz, double rate)
{
    for (size_t i = 0; i < n; i++)
        samples[i] = (int16_t)(6000 * sin(2 * pi * hz * (double)(from + i) / rate));
}

static double amplitude(const int16_t *samples, size_t n, double hz, double rate)
{
    double re = 0, im = 0;

    for (size_t i = 0; i < n; i++) {
        re += samples[i] * cos(2 * pi * hz * (double)i / rate);
        im += samples[i] * sin(2 * pi * hz * (double)i / rate);
    }
    return 2 * sqrt(re * re + im * im) / (double)n;
}

static void there_and_back(uint8_t codec, double hz, size_t octets_max)
{
    const struct sapa_codec_info *info = sapa_codec_info(codec);
    const struct sapa_encoder_options options = { .codec = codec };
    const size_t n = info->sample_hz / 50;
    struct sapa_encoder *encoder;
    struct sapa_decoder *decoder;
    int16_t frame[SAPA_CODER_FRAME], out[SAPA_CODER_SAMPLES_MAX], all[SAPA_CODER_FRAME * 50];
    uint8_t payload[SAPA_CODER_PAYLOAD_MAX];

    assert_int_equal(sapa_encoder_new(&options, &encoder), SAPA_OK);
    assert_int_equal(sapa_decoder_new(codec, &decoder), SAPA_OK);
    for (size_t i = 0; i < 50; i++) {
        tone(frame, n, i * n, hz, info->sample_hz);
        const size_t size = sapa_encoder_run(encoder, frame, payload);
        assert_in_range(size, 1, octets_max);
        assert_int_equal(sapa_decoder_samples(decoder, payload, size), n);
        assert_int_equal(sapa_decoder_run(decoder, payload, size, out), n);
        memcpy(all + i * n, out, n * sizeof(*out));
    }
    const double level = amplitude(all + 20 * n, 30 * n, hz, info->sample_hz);
    if (level < 4800 || level > 7200)
        fail_msg("%s: %.0f Hz came back with %.0f of 6000", info->name, hz, level);
    sapa_encoder_free(encoder);
    sapa_decoder_free(decoder);
}

static void test_there_and_back(void **state)
{
    (void)state;
    there_and_back(SAPA_CODEC_PCMA, 1000, 160);
    there_and_back(SAPA_CODEC_PCMU, 1000, 160);
    there_and_back(SAPA_CODEC_G722, 1000, 160);
    there_and_back(SAPA_CODEC_G722, 6000, 160);
    there_and_back(SAPA_CODEC_OPUS, 1000, 160);
}

static void test_malformed_packets_give_nothing(void **state)
{
    static const uint8_t codecs[] = { SAPA_CODEC_PCMA, SAPA_CODEC_G722, SAPA_CODEC_OPUS };
    struct sapa_decoder *decoder;
    static uint8_t junk[4096];
    int16_t out[SAPA_CODER_SAMPLES_MAX];

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(codecs); i++) {
        assert_int_equal(sapa_decoder_new(codecs[i], &decoder), SAPA_OK);
        assert_int_equal(sapa_decoder_run(decoder, junk, 0, out), 0);
        assert_int_equal(sapa_decoder_run(decoder, junk, SAPA_CODER_PAYLOAD_MAX + 1, out), 0);
        for (size_t n = 1; n <= SAPA_CODER_PAYLOAD_MAX; n += 13) {
            memset(junk, (int)(n * 7), n);
            assert_true(sapa_decoder_run(decoder, junk, n, out) <= SAPA_CODER_SAMPLES_MAX);
        }
        sapa_decoder_free(decoder);
    }
    /* Opus: a frame count that the packet cannot hold (RFC 6716 3.4). */
    const uint8_t broken[] = { 0x4b, 0x3f, 0x00 };
    assert_int_equal(sapa_decoder_new(SAPA_CODEC_OPUS, &decoder), SAPA_OK);
    assert_int_equal(sapa_decoder_run(decoder, broken, sizeof(broken), out), 0);
    sapa_decoder_free(decoder);
}

/* The frame that was lost comes out of the one behind it. */
static void test_opus_repairs_from_the_next_packet(void **state)
{
    const struct sapa_encoder_options options = { .codec = SAPA_CODEC_OPUS, .fec = true };
    struct sapa_encoder *encoder;
    struct sapa_decoder *decoder;
    uint8_t packets[12][SAPA_CODER_PAYLOAD_MAX];
    size_t sizes[12];
    int16_t frame[SAPA_CODER_FRAME], out[SAPA_CODER_SAMPLES_MAX], repaired[SAPA_CODER_FRAME];

    (void)state;
    assert_int_equal(sapa_encoder_new(&options, &encoder), SAPA_OK);
    assert_int_equal(sapa_decoder_new(SAPA_CODEC_OPUS, &decoder), SAPA_OK);
    sapa_encoder_loss(encoder, 20);
    for (size_t i = 0; i < 12; i++) { /* another tone each 60 ms, so that what was before does not help */
        tone(frame, SAPA_CODER_FRAME, i * SAPA_CODER_FRAME, i < 9 ? 400 : 1100, 16000);
        sizes[i] = sapa_encoder_run(encoder, frame, packets[i]);
    }
    for (size_t i = 0; i < 10; i++)
        (void)sapa_decoder_run(decoder, packets[i], sizes[i], out);
    assert_true(sapa_decoder_conceal(decoder, packets[11], sizes[11], repaired));
    const double there = amplitude(repaired, SAPA_CODER_FRAME, 1100, 16000);
    if (there < 2000)
        fail_msg("1100 Hz of the lost frame: %.0f", there);
    sapa_encoder_free(encoder);
    sapa_decoder_free(decoder);
}

static void test_plugin(void **state)
{
    char why[200];
    uint8_t codec = 0;
    const char *path = getenv("SAPA_TEST_PLUGIN");

    (void)state;
    if (!path)
        path = SAPA_TEST_PLUGIN_PATH;
    assert_false(sapa_coder_can(SAPA_CODEC_G729));
    assert_int_equal(sapa_plugin_load("libm.so.6", why, sizeof(why), &codec), SAPA_EINVAL); /* a name is not a path */
    assert_int_equal(sapa_plugin_load("./not-there.so", why, sizeof(why), &codec), SAPA_ENOENT);
    assert_non_null(strstr(why, "not-there"));
    assert_int_equal(sapa_plugin_load(SAPA_TEST_PLUGIN_OTHER, why, sizeof(why), &codec), SAPA_EINVAL);
    assert_int_equal(sapa_plugin_load(path, why, sizeof(why), &codec), SAPA_OK);
    assert_int_equal(codec, SAPA_CODEC_G729);
    assert_int_equal(sapa_plugin_load(path, why, sizeof(why), &codec), SAPA_EEXIST);
    assert_true(sapa_coder_can(SAPA_CODEC_G729));
    there_and_back(SAPA_CODEC_G729, 1000, 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_malformed_packets_give_nothing),
        cmocka_unit_test(test_opus_repairs_from_the_next_packet),
        cmocka_unit_test(test_plugin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
