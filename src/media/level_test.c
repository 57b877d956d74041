/* Level control: the loud and the quiet come to one level, noise is not raised, no sum clips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "media/level.h"

enum { N = 160 };

static const double pi = 3.14159265358979323846;

/* Half a second of sound, a fifth of a second of pause: like speech. */
static void speak(int16_t *frame, unsigned k, double amplitude)
{
    for (unsigned i = 0; i < N; i++)
        frame[i] = k % 35 < 25 ? (int16_t)(amplitude * sin(2 * pi * 300 * (k * N + i) / 8000.0)) : (int16_t)(i % 3);
}

static double rms(const int16_t *frame)
{
    double sum = 0;

    for (unsigned i = 0; i < N; i++)
        sum += frame[i] * (double)frame[i];
    return sqrt(sum / N);
}

static double settled(double amplitude)
{
    struct sapa_level level = { 0 };
    int16_t frame[N];
    double last = 0;

    for (unsigned k = 0; k < 35 * 12; k++) {
        speak(frame, k, amplitude);
        (void)sapa_level_note(&level, frame, N);
        sapa_level_apply(&level, frame, N);
        if (k % 35 == 20)
            last = rms(frame);
    }
    return last;
}

static void test_loud_and_quiet_become_alike(void **state)
{
    (void)state;
    const double loud = settled(12000), quiet = settled(1200);
    if (20 * log10(loud / quiet) > 4)
        fail_msg("20 dB apart before, %.1f dB after", 20 * log10(loud / quiet));
    assert_true(settled(3300) > 2000 && settled(3300) < 2800);
}

static void test_noise_is_not_raised_and_nobody_speaks(void **state)
{
    struct sapa_level level = { 0 };
    int16_t frame[N];
    unsigned seed = 1, spoke = 0;

    (void)state;
    for (unsigned k = 0; k < 500; k++) {
        for (unsigned i = 0; i < N; i++) {
            seed = seed * 1664525u + 1013904223u;
            frame[i] = (int16_t)((int)(seed >> 24) - 128);
        }
        const double before = rms(frame);
        spoke += sapa_level_note(&level, frame, N);
        sapa_level_apply(&level, frame, N);
        assert_true(rms(frame) < before * 1.1);
    }
    assert_true(spoke <= 10);
}

static void test_speech_is_noticed_at_once_and_ends_soon(void **state)
{
    struct sapa_level level = { 0 };
    int16_t frame[N] = { 0 };

    (void)state;
    for (int k = 0; k < 50; k++)
        assert_false(sapa_level_note(&level, frame, N));
    speak(frame, 0, 4000);
    assert_true(sapa_level_note(&level, frame, N));
    for (int i = 0; i < N; i++)
        frame[i] = 0;
    unsigned held = 0;
    while (sapa_level_note(&level, frame, N))
        held++;
    assert_true(held >= 5 && held <= 8);
}

static void test_sum_never_clips(void **state)
{
    struct sapa_limiter limiter = { 0 };
    int32_t sum[N];
    int16_t frame[N];

    (void)state;
    for (unsigned k = 0; k < 100; k++) {
        const double amplitude = k < 50 ? 3 * 32767.0 : 8000;
        for (unsigned i = 0; i < N; i++)
            sum[i] = (int32_t)(amplitude * sin(2 * pi * 300 * (k * N + i) / 8000.0));
        sapa_limiter_run(&limiter, sum, N, frame);
        for (unsigned i = 0; i < N; i++) { /* its shape stays: a scaled sine is one, a clipped one has a flat top */
            assert_true(abs(frame[i]) <= 32000);
            if (k > 0 && k < 50)
                assert_true(fabs(frame[i] - 32000 * sin(2 * pi * 300 * (k * N + i) / 8000.0)) < 40);
        }
        if (k > 90)
            assert_true(rms(frame) > 0.97 * 8000 / sqrt(2));
    }
    sum[0] = INT32_MIN;
    sum[1] = INT32_MAX;
    sapa_limiter_run(&limiter, sum, N, frame);
}

static void test_what_fits_is_left_alone(void **state)
{
    struct sapa_limiter limiter = { 0 };
    int32_t sum[N];
    int16_t frame[N];

    (void)state;
    for (int i = 0; i < N; i++)
        sum[i] = i * 200 - 16000;
    for (int k = 0; k < 3; k++) {
        sapa_limiter_run(&limiter, sum, N, frame);
        for (int i = 0; i < N; i++)
            assert_int_equal(frame[i], sum[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loud_and_quiet_become_alike),
        cmocka_unit_test(test_noise_is_not_raised_and_nobody_speaks),
        cmocka_unit_test(test_speech_is_noticed_at_once_and_ends_soon),
        cmocka_unit_test(test_sum_never_clips),
        cmocka_unit_test(test_what_fits_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
