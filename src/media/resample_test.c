/* Tones through the resampler: those of the band come through whole, those outside it leave nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "media/resample.h"

enum { BLOCK = 160, BLOCKS = 20, LOW = BLOCK * BLOCKS, HIGH_MAX = LOW * 6 };

static int16_t high[HIGH_MAX], low[LOW];
static const double pi = 3.14159265358979323846;

static void tone(int16_t *samples, size_t n, double hz, double rate, double amplitude)
{
    for (size_t i = 0; i < n; i++)
        samples[i] = (int16_t)lrint(amplitude * sin(2 * pi * hz * (double)i / rate));
}

/* Amplitude of one frequency, the beginning (the filter fills) left out. */
static double amplitude(const int16_t *samples, size_t n, double hz, double rate)
{
    double re = 0, im = 0;
    const size_t from = n / 4;

    for (size_t i = from; i < n; i++) {
        const double window = 0.5 - 0.5 * cos(2 * pi * (double)(i - from) / (double)(n - from));
        re += window * samples[i] * cos(2 * pi * hz * (double)i / rate);
        im += window * samples[i] * sin(2 * pi * hz * (double)i / rate);
    }
    return 4 * sqrt(re * re + im * im) / (double)(n - from);
}

static double power(const int16_t *samples, size_t n)
{
    double sum = 0;

    for (size_t i = n / 4; i < n; i++)
        sum += (double)samples[i] * samples[i];
    return sqrt(2 * sum / (double)(n - n / 4));
}

static double db(double a, double b)
{
    return 20 * log10(SAPA_MAX(a, 1e-3) / b);
}

static void run_down(unsigned factor)
{
    struct sapa_resampler resampler = { 0 };

    for (size_t i = 0; i < BLOCKS; i++)
        sapa_resample_down(&resampler, factor, high + i * BLOCK * factor, BLOCK, low + i * BLOCK);
}

static void run_up(unsigned factor)
{
    struct sapa_resampler resampler = { 0 };

    for (size_t i = 0; i < BLOCKS; i++)
        sapa_resample_up(&resampler, factor, low + i * BLOCK, BLOCK, high + i * BLOCK * factor);
}

static void test_down(void **state)
{
    static const unsigned factors[] = { 2, 3, 6 };
    static const double band[] = { 300, 1000, 2000, 3000, 3300 }, outside[] = { 4300, 4700, 5000, 6000, 7000, 7900 };

    (void)state;
    for (size_t f = 0; f < 3; f++) {
        const unsigned factor = factors[f];
        for (size_t i = 0; i < SAPA_COUNT(band); i++) {
            tone(high, LOW * factor, band[i], 8000.0 * factor, 10000);
            run_down(factor);
            const double change = db(amplitude(low, LOW, band[i], 8000), 10000);
            if (change < -0.5 || change > 0.5)
                fail_msg("1/%u: %.0f Hz changed by %.2f dB", factor, band[i], change);
        }
        for (size_t i = 0; i < SAPA_COUNT(outside); i++) {
            tone(high, LOW * factor, outside[i], 8000.0 * factor, 10000);
            run_down(factor);
            const double left = db(power(low, LOW), 10000);
            if (left > -58)
                fail_msg("1/%u: of %.0f Hz %.1f dB are left", factor, outside[i], left);
        }
    }
}

static void test_up(void **state)
{
    static const unsigned factors[] = { 2, 3, 6 };
    static const double band[] = { 300, 1000, 2000, 3000, 3300 };

    (void)state;
    for (size_t f = 0; f < 3; f++) {
        const unsigned factor = factors[f];
        for (size_t i = 0; i < SAPA_COUNT(band); i++) {
            tone(low, LOW, band[i], 8000, 10000);
            run_up(factor);
            const double rate = 8000.0 * factor, whole = amplitude(high, LOW * factor, band[i], rate);
            if (fabs(db(whole, 10000)) > 0.5)
                fail_msg("%u: %.0f Hz changed by %.2f dB", factor, band[i], db(whole, 10000));
            for (unsigned image = 1; image < factor; image++) { /* mirrors of the tone around multiples of 8 kHz */
                const double at = image * 8000.0 - band[i];
                if (at < rate / 2 && db(amplitude(high, LOW * factor, at, rate), 10000) > -58)
                    fail_msg("%u: %.0f Hz has an image at %.0f Hz, %.1f dB", factor, band[i], at,
                             db(amplitude(high, LOW * factor, at, rate), 10000));
            }
        }
    }
}

/* The loudest that there is: a square wave at full scale must not wrap around. */
static void test_full_scale_does_not_wrap(void **state)
{
    (void)state;
    for (size_t i = 0; i < LOW * 2; i++)
        high[i] = i / 20 % 2 ? INT16_MAX : INT16_MIN;
    run_down(2);
    for (size_t i = 64; i < LOW; i++) {
        const size_t at = (i * 2 - 48 + LOW * 2) % (LOW * 2) % 40; /* place in the period, the delay taken off */
        if (at > 6 && at < 14)
            assert_true(low[i] < 0);
        if (at > 26 && at < 34)
            assert_true(low[i] > 0);
    }
}

/* However it is cut into blocks, the same comes out. */
static void test_blocks_join(void **state)
{
    struct sapa_resampler resampler = { 0 };
    int16_t piecewise[LOW];

    (void)state;
    tone(high, LOW * 2, 777, 16000, 20000);
    run_down(2);
    for (size_t at = 0, n = 1; at < LOW; at += n, n = SAPA_MIN(n % 97 + 5, LOW - at))
        sapa_resample_down(&resampler, 2, high + at * 2, n, piecewise + at);
    assert_memory_equal(low, piecewise, sizeof(low));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_down),
        cmocka_unit_test(test_up),
        cmocka_unit_test(test_full_scale_does_not_wrap),
        cmocka_unit_test(test_blocks_join),
    };
    sapa_resample_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
