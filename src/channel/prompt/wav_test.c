/**
 * @file channel/prompt/wav_test.c
 * Every encoding that is read, and every way in which a file can be bad.
 */
#include "channel/prompt/wav.h"

#include <math.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"

static uint8_t file[4096];
static struct sapa_writer w;

static void put16(unsigned value)
{
    sapa_put_raw(&w, &(const uint8_t[]){ (uint8_t)value, (uint8_t)(value >> 8) }, 2);
}

static void put_tag(const char *tag)
{
    sapa_put_raw(&w, tag, 4);
}

struct header {
    unsigned format, channels, rate, bits;
    unsigned align; /* 0 = what fits */
};

static void begin(struct header h)
{
    w = sapa_writer_of(file, sizeof(file));
    put_tag("RIFF");
    sapa_put_fixed32(&w, 0); /* nobody looks at it: it is often wrong */
    put_tag("WAVE");
    put_tag("fmt ");
    sapa_put_fixed32(&w, 16);
    put16(h.format);
    put16(h.channels);
    sapa_put_fixed32(&w, h.rate);
    sapa_put_fixed32(&w, h.rate * h.channels * h.bits / 8);
    put16(h.align ? h.align : h.channels * h.bits / 8);
    put16(h.bits);
}

static void data(const void *bytes, size_t n)
{
    put_tag("data");
    sapa_put_fixed32(&w, (uint32_t)n);
    sapa_put_raw(&w, bytes, n);
}

static void reads(struct header h, const void *bytes, size_t n, const float *want, size_t frames)
{
    const char *reason = "";
    struct sapa_wav wav;
    float got[16];

    begin(h);
    data(bytes, n);
    assert_int_equal(sapa_wav_parse(file, w.n, &wav, &reason), SAPA_OK);
    assert_int_equal(wav.rate, h.rate);
    assert_int_equal(wav.frames, frames);
    sapa_wav_mono(&wav, 0, frames, got);
    for (size_t i = 0; i < frames; i++)
        assert_true(fabsf(got[i] - want[i]) < 1e-4f);
    if (frames > 1) {
        sapa_wav_mono(&wav, 1, frames - 1, got);
        assert_true(fabsf(got[0] - want[1]) < 1e-4f);
    }
}

static void test_every_encoding(void **state)
{
    static const float full[] = { 0, 0.5f, -1, 0.25f };

    (void)state;
    reads((struct header){ 1, 1, 8000, 16, 0 }, (const uint8_t[]){ 0, 0, 0, 0x40, 0, 0x80, 0, 0x20 }, 8, full, 4);
    reads((struct header){ 1, 1, 44100, 8, 0 }, (const uint8_t[]){ 128, 192, 0, 160 }, 4, full, 4);
    reads((struct header){ 1, 1, 48000, 24, 0 },
          (const uint8_t[]){ 0, 0, 0, 0, 0, 0x40, 0, 0, 0x80, 0, 0, 0x20 }, 12, full, 4);
    reads((struct header){ 1, 1, 16000, 32, 0 },
          (const uint8_t[]){ 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0x80, 0, 0, 0, 0x20 }, 16, full, 4);
    reads((struct header){ 3, 1, 48000, 32, 0 }, full, sizeof(full), full, 4);
    /* A-law 0xd5 and µ-law 0xff are the zeros nearest to silence. */
    reads((struct header){ 6, 1, 8000, 8, 0 }, (const uint8_t[]){ 0xd5 }, 1, (const float[]){ 8 / 32768.0f }, 1);
    reads((struct header){ 7, 1, 8000, 8, 0 }, (const uint8_t[]){ 0xff }, 1, (const float[]){ 0 }, 1);
    /* Two channels: their mean. */
    reads((struct header){ 1, 2, 44100, 16, 0 }, (const uint8_t[]){ 0, 0x40, 0, 0, 0, 0x40, 0, 0xc0 }, 8,
          (const float[]){ 0.25f, 0 }, 2);
    /* A byte too many belongs to no frame. */
    reads((struct header){ 1, 1, 8000, 16, 0 }, (const uint8_t[]){ 0, 0x40, 7 }, 3, (const float[]){ 0.5f }, 1);
}

static void test_floats_that_are_none(void **state)
{
    static const float odd[] = { NAN, INFINITY, 7, -7 };
    const char *reason;
    struct sapa_wav wav;
    float got[4];

    (void)state;
    begin((struct header){ 3, 1, 8000, 32, 0 });
    data(odd, sizeof(odd));
    assert_int_equal(sapa_wav_parse(file, w.n, &wav, &reason), SAPA_OK);
    sapa_wav_mono(&wav, 0, 4, got);
    assert_true(got[0] == 0 && got[1] == 0 && got[2] == 1 && got[3] == -1);
}

static void test_extensible_and_other_chunks(void **state)
{
    static const uint8_t tail[] = { 1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71 };
    const char *reason = "";
    struct sapa_wav wav;

    (void)state;
    w = sapa_writer_of(file, sizeof(file));
    sapa_put_raw(&w, "RIFF\0\0\0\0WAVELIST\3\0\0\0abc\0fmt \50\0\0\0", 32);
    put16(0xfffe);
    put16(1);
    sapa_put_fixed32(&w, 16000);
    sapa_put_fixed32(&w, 32000);
    put16(2);
    put16(16);
    put16(22);
    put16(16);
    sapa_put_fixed32(&w, 4);
    sapa_put_raw(&w, tail, sizeof(tail));
    data("\1\2\3\4", 4);
    assert_int_equal(sapa_wav_parse(file, w.n, &wav, &reason), SAPA_OK);
    assert_int_equal(wav.rate, 16000);
    assert_int_equal(wav.frames, 2);
    file[w.n - 13] ^= 1; /* the last byte of the GUID */
    assert_int_equal(sapa_wav_parse(file, w.n, &wav, &reason), SAPA_EINVAL);
    assert_string_equal(reason, "the extended format is not known");
}

static void test_unknown_length_ends_with_the_file(void **state)
{
    static const uint32_t lengths[] = { 0x7ffff000, 0xffffffff };
    const char *reason = "";
    struct sapa_wav wav;

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(lengths); i++) {
        begin((struct header){ 1, 1, 22050, 16, 0 });
        put_tag("data");
        sapa_put_fixed32(&w, lengths[i]);
        sapa_put_raw(&w, "\1\2\3\4\5\6", 6);
        assert_int_equal(sapa_wav_parse(file, w.n, &wav, &reason), SAPA_OK);
        assert_int_equal(wav.frames, 3);
    }
}

static void refuses(struct header h, sapa_rc rc, const char *why)
{
    struct sapa_wav wav = { .rate = 7 };
    const char *reason = "";

    begin(h);
    data("\0\0\0\0\0\0\0\0", 8);
    assert_int_equal(sapa_wav_parse(file, w.n, &wav, &reason), rc);
    assert_string_equal(reason, why);
    assert_int_equal(wav.rate, 7); /* written on success only */
}

static void test_bad_files_get_a_reason(void **state)
{
    static const char *const kinds = "its encoding is not PCM, float, A-law or u-law";
    static const char *const rates = "its rate is not between 8 and 48 kHz";
    static const char *const channels = "it has neither one nor two channels";
    const char *reason = "";
    struct sapa_wav wav;

    (void)state;
    refuses((struct header){ 2, 1, 8000, 4, 1 }, SAPA_EINVAL, kinds);     /* ADPCM */
    refuses((struct header){ 85, 1, 8000, 16, 0 }, SAPA_EINVAL, kinds);   /* MP3 in a WAV */
    refuses((struct header){ 1, 1, 8000, 12, 2 }, SAPA_EINVAL, kinds);
    refuses((struct header){ 3, 1, 8000, 64, 0 }, SAPA_EINVAL, kinds);
    refuses((struct header){ 6, 1, 8000, 16, 0 }, SAPA_EINVAL, kinds);
    refuses((struct header){ 1, 0, 8000, 16, 2 }, SAPA_EINVAL, channels);
    refuses((struct header){ 1, 6, 48000, 16, 0 }, SAPA_EINVAL, channels);
    refuses((struct header){ 1, 1, 4000, 16, 0 }, SAPA_EINVAL, rates);
    refuses((struct header){ 1, 1, 96000, 16, 0 }, SAPA_EINVAL, rates);
    refuses((struct header){ 1, 1, 0, 16, 0 }, SAPA_EINVAL, rates);
    refuses((struct header){ 1, 2, 8000, 16, 2 }, SAPA_ECORRUPT, "the size of a frame does not fit channels and bits");

    begin((struct header){ 1, 1, 8000, 16, 0 });
    data("\1\2\3\4", 4);
    assert_int_equal(sapa_wav_parse(file, w.n - 1, &wav, &reason), SAPA_ECORRUPT);
    assert_string_equal(reason, "the data chunk is cut short");
    assert_int_equal(sapa_wav_parse(file, 36, &wav, &reason), SAPA_ECORRUPT);
    assert_string_equal(reason, "there is no data chunk");
    assert_int_equal(sapa_wav_parse(file, 30, &wav, &reason), SAPA_ECORRUPT);
    assert_string_equal(reason, "a chunk is longer than the file");
    assert_int_equal(sapa_wav_parse(file, 11, &wav, &reason), SAPA_ECORRUPT);
    assert_string_equal(reason, "it is not a WAV file");
    assert_int_equal(sapa_wav_parse("ID3 and so on, an MP3", 20, &wav, &reason), SAPA_ECORRUPT);
    assert_string_equal(reason, "it is not a WAV file");
    begin((struct header){ 1, 1, 8000, 16, 0 });
    data("", 0);
    assert_int_equal(sapa_wav_parse(file, w.n, &wav, &reason), SAPA_ECORRUPT);
    assert_string_equal(reason, "there is no sound in it");
    w = sapa_writer_of(file, sizeof(file));
    sapa_put_raw(&w, "RIFF\0\0\0\0WAVEdata\2\0\0\0\1\1", 22);
    assert_int_equal(sapa_wav_parse(file, w.n, &wav, &reason), SAPA_ECORRUPT);
    assert_string_equal(reason, "the data comes before its format");
    w = sapa_writer_of(file, sizeof(file));
    sapa_put_raw(&w, "RIFF\0\0\0\0WAVEfmt \2\0\0\0\1\1", 22);
    assert_int_equal(sapa_wav_parse(file, w.n, &wav, &reason), SAPA_ECORRUPT);
    assert_string_equal(reason, "the format chunk is too short");
}

static void test_every_prefix_is_refused_or_read(void **state)
{
    const char *reason;
    struct sapa_wav wav;
    size_t whole;

    (void)state;
    begin((struct header){ 1, 2, 44100, 24, 0 });
    data("123456123456", 12);
    whole = w.n;
    for (size_t n = 0; n < whole; n++)
        assert_int_not_equal(sapa_wav_parse(file, n, &wav, &reason), SAPA_OK);
    assert_int_equal(sapa_wav_parse(file, whole, &wav, &reason), SAPA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_encoding),
        cmocka_unit_test(test_floats_that_are_none),
        cmocka_unit_test(test_extensible_and_other_chunks),
        cmocka_unit_test(test_unknown_length_ends_with_the_file),
        cmocka_unit_test(test_bad_files_get_a_reason),
        cmocka_unit_test(test_every_prefix_is_refused_or_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
