/**
 * @file channel/prompt/sound_test.c
 * Sound is measured, not listened to: frequency, level, length, seams.
 */
#include "channel/prompt/sound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/** Power at `hz` (Goertzel), 1.0 for a full-scale sine. */
static double power_at(const float *samples, size_t n, double hz)
{
    const double step = 2 * M_PI * hz / SAPA_SOUND_RATE;
    double re = 0, im = 0;

    for (size_t i = 0; i < n; i++) {
        re += samples[i] * cos(step * (double)i);
        im += samples[i] * sin(step * (double)i);
    }
    return (re * re + im * im) * 4 / ((double)n * (double)n);
}

/** One second of a stereo sine as 16-bit PCM. */
static uint8_t pcm[48000 * 4];

static struct sapa_wav sine(uint32_t rate, uint16_t channels, double hz, double peak)
{
    for (uint32_t i = 0; i < rate; i++) {
        const int16_t value = (int16_t)lrint(32767 * peak * sin(2 * M_PI * hz * i / rate));
        for (uint16_t c = 0; c < channels; c++)
            memcpy(pcm + ((size_t)i * channels + c) * 2, &value, 2);
    }
    return (struct sapa_wav){ .format = SAPA_WAV_PCM, .rate = rate, .channels = channels, .bits = 16, .data = pcm,
                              .frames = rate };
}

static void test_every_rate_becomes_8_khz(void **state)
{
    static const uint32_t rates[] = { 8000, 11025, 16000, 22050, 32000, 44100, 48000 };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(rates); i++) {
        for (uint16_t channels = 1; channels <= 2; channels++) {
            const struct sapa_wav wav = sine(rates[i], channels, 1000, 0.5);
            struct sapa_sound sound;
            assert_int_equal(sapa_sound_of_wav(&wav, &sound), SAPA_OK);
            assert_in_range(sound.n, 7990, 8000);
            assert_true(fabs(10 * log10(power_at(sound.samples + 400, 7200, 1000) / 0.25)) < 0.1);
            sapa_sound_free(&sound);
        }
    }
}

static void test_what_8_khz_cannot_hold_is_gone(void **state)
{
    const struct sapa_wav wav = sine(48000, 1, 6000, 0.9); /* would come back as 2 kHz */
    struct sapa_sound sound;

    (void)state;
    assert_int_equal(sapa_sound_of_wav(&wav, &sound), SAPA_OK);
    assert_true(10 * log10(power_at(sound.samples + 400, 7200, 2000) + 1e-12) < -80);
    sapa_sound_free(&sound);
}

static void test_too_long_is_refused(void **state)
{
    struct sapa_wav wav = sine(8000, 1, 1000, 0.5);
    struct sapa_sound sound = { 0 };

    (void)state;
    wav.frames = (size_t)8000 * SAPA_SOUND_SECONDS_MAX + 1; /* refused before a byte is read */
    assert_int_equal(sapa_sound_of_wav(&wav, &sound), SAPA_ELIMIT);
    assert_null(sound.samples);
}

static struct sapa_sound made(size_t n)
{
    return (struct sapa_sound){ calloc(n, sizeof(float)), n };
}

static void test_silence_is_trimmed_at_both_ends(void **state)
{
    struct sapa_sound sound = made(24000);

    (void)state;
    for (size_t i = 8000; i < 12000; i++)
        sound.samples[i] = 0.3f * sinf((float)i);
    for (size_t i = 16000; i < 20000; i++) /* the pause between stays */
        sound.samples[i] = 0.3f * sinf((float)i);
    sapa_sound_trim(&sound);
    assert_int_equal(sound.n, 12000 + 480 + 960); /* 60 ms before, 120 ms after */
    assert_true(sound.samples[479] == 0 && sound.samples[482] != 0);
    sapa_sound_free(&sound);
    sound = made(1600);
    sapa_sound_trim(&sound);
    assert_int_equal(sound.n, 1600); /* nothing but silence: left for the level to refuse */
    sapa_sound_free(&sound);
}

static void test_level_is_reached_and_peaks_are_bent(void **state)
{
    static const float levels[] = { -35, -20, -9 };

    (void)state;
    for (size_t k = 0; k < SAPA_COUNT(levels); k++) {
        struct sapa_sound sound = made(16000);
        const float peak = powf(10, (levels[k] + 3.01f) / 20);
        for (size_t i = 0; i < 8000; i++) /* half of it: the silent half does not count */
            sound.samples[i] = 0.05f + peak * sinf((float)i * 0.7f);
        for (size_t i = 8000; i < 16000; i++)
            sound.samples[i] = 0.05f; /* DC */
        assert_int_equal(sapa_sound_level(&sound, -20), SAPA_OK);
        assert_true(fabsf(sapa_sound_level_db(&sound) + 20) < 1.5f);
        sapa_sound_free(&sound);
    }
    struct sapa_sound sound = made(8000);
    for (size_t i = 0; i < 8000; i++)
        sound.samples[i] = i % 800 == 0 ? 0.9f : 0.02f * sinf((float)i * 0.7f);
    assert_int_equal(sapa_sound_level(&sound, -14), SAPA_OK);
    assert_true(sapa_sound_peak_db(&sound) <= -1);
    memset(sound.samples, 0, 8000 * sizeof(float));
    assert_int_equal(sapa_sound_level(&sound, -20), SAPA_EINVAL);
    sapa_sound_free(&sound);
    sound = (struct sapa_sound){ 0 };
    assert_int_equal(sapa_sound_level(&sound, -20), SAPA_EINVAL);
}

static void test_g711(void **state)
{
    float values[] = { 0, 1, -1, 0.5f, 3, -3 };
    const struct sapa_sound sound = { values, SAPA_COUNT(values) };
    uint8_t alaw[6], ulaw[6];

    (void)state;
    sapa_sound_alaw(&sound, alaw);
    sapa_sound_ulaw(&sound, ulaw);
    /* ITU-T G.711 tables 1 and 2: zero, the largest values of either sign, and half of it; louder is clipped. */
    assert_memory_equal(alaw, ((const uint8_t[]){ 0xd5, 0xaa, 0x2a, 0xa5, 0xaa, 0x2a }), 6);
    assert_memory_equal(ulaw, ((const uint8_t[]){ 0xff, 0x80, 0x00, 0x8f, 0x80, 0x00 }), 6);
}

static void test_tone_has_its_pitch_cadence_and_level(void **state)
{
    struct sapa_sound sound;
    struct sapa_sound on;

    (void)state;
    assert_int_equal(sapa_sound_tone(425, 1000, 4000, -14, &sound), SAPA_OK);
    assert_int_equal(sound.n, 40000);
    on = (struct sapa_sound){ sound.samples, 8000 };
    assert_true(fabsf(sapa_sound_level_db(&on) + 14) < 0.3f);
    assert_true(power_at(on.samples, on.n, 425) > 50 * power_at(on.samples, on.n, 440));
    for (size_t i = 8000; i < sound.n; i++)
        assert_true(sound.samples[i] == 0);
    assert_true(fabsf(sound.samples[0]) < 0.01f && fabsf(sound.samples[7999]) < 0.02f); /* no click */
    sapa_sound_free(&sound);
    assert_int_equal(sapa_sound_tone(0, 0, 1000, -14, &sound), SAPA_OK);
    assert_int_equal(sound.n, 8000);
    assert_true(sapa_sound_peak_db(&sound) < -99);
    sapa_sound_free(&sound);
}

static void test_music_is_pleasant_to_machines(void **state)
{
    struct sapa_sound music, again;
    float largest_step = 0;

    (void)state;
    assert_int_equal(sapa_sound_music(&music), SAPA_OK);
    assert_int_equal(music.n, SAPA_SOUND_MUSIC_SECONDS * SAPA_SOUND_RATE);
    assert_true(fabsf(sapa_sound_level_db(&music) + 24) < 1);
    assert_true(sapa_sound_peak_db(&music) < -3); /* nothing is bent */
    for (size_t i = 1; i < music.n; i++)
        largest_step = fmaxf(largest_step, fabsf(music.samples[i] - music.samples[i - 1]));
    assert_true(fabsf(music.samples[0] - music.samples[music.n - 1]) <= largest_step); /* no seam */
    for (size_t second = 0; second < SAPA_SOUND_MUSIC_SECONDS; second++) { /* no hole */
        const struct sapa_sound part = { music.samples + second * SAPA_SOUND_RATE, SAPA_SOUND_RATE };
        assert_true(sapa_sound_level_db(&part) > -36);
    }
    assert_int_equal(sapa_sound_music(&again), SAPA_OK);
    assert_memory_equal(music.samples, again.samples, music.n * sizeof(float));
    sapa_sound_free(&music);
    sapa_sound_free(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_rate_becomes_8_khz),
        cmocka_unit_test(test_what_8_khz_cannot_hold_is_gone),
        cmocka_unit_test(test_too_long_is_refused),
        cmocka_unit_test(test_silence_is_trimmed_at_both_ends),
        cmocka_unit_test(test_level_is_reached_and_peaks_are_bent),
        cmocka_unit_test(test_g711),
        cmocka_unit_test(test_tone_has_its_pitch_cadence_and_level),
        cmocka_unit_test(test_music_is_pleasant_to_machines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
