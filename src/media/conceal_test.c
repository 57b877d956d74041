/* Gaps in a voice-like sound: the pitch goes on, the level falls, no click. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "media/conceal.h"

static const double pi = 3.14159265358979323846;

static void voice(int16_t *frame, size_t n, size_t from, double rate)
{
    for (size_t i = 0; i < n; i++) {
        const double t = (double)(from + i) / rate;
        frame[i] = (int16_t)(6000 * sin(2 * pi * 130 * t) + 3000 * sin(2 * pi * 260 * t) + 1500 * sin(2 * pi * 520 * t));
    }
}

static double level(const int16_t *frame, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)frame[i] * frame[i];
    return sqrt(sum / (double)n);
}

static int steepest(const int16_t *frame, size_t n, int before)
{
    int most = 0;

    for (size_t i = 0; i < n; i++) {
        most = SAPA_MAX(most, abs(frame[i] - before));
        before = frame[i];
    }
    return most;
}

static void run(uint32_t rate)
{
    struct sapa_conceal conceal = { .rate = rate };
    const size_t n = rate / 50;
    int16_t frame[320], wanted[320];
    double error = 0;

    for (size_t k = 0; k < 5; k++) {
        voice(frame, n, k * n, rate);
        sapa_conceal_good(&conceal, frame, n);
    }
    const int16_t last = frame[n - 1];
    const int slope = steepest(frame + 1, n - 1, frame[0]);
    sapa_conceal_lost(&conceal, frame, n);
    voice(wanted, n, 5 * n, rate);
    for (size_t i = 0; i < n / 2; i++)
        error += (double)(frame[i] - wanted[i]) * (frame[i] - wanted[i]);
    if (sqrt(error / (double)(n / 2)) > 0.25 * level(wanted, n))
        fail_msg("%u Hz: it does not go on with the pitch: error %.0f of %.0f", rate, sqrt(error / (double)(n / 2)),
                 level(wanted, n));
    if (steepest(frame, n, last) > 2 * slope)
        fail_msg("%u Hz: a click of %d where %d is its own slope", rate, steepest(frame, n, last), slope);
    const double first = level(frame, n);
    sapa_conceal_lost(&conceal, frame, n);
    assert_true(level(frame, n) < 0.8 * first);
    const int16_t end = frame[n - 1];
    voice(wanted, n, 7 * n, rate);
    for (size_t i = 0; i < n; i++)
        frame[i] = wanted[i];
    sapa_conceal_good(&conceal, frame, n);
    if (steepest(frame, n, end) > 2 * slope)
        fail_msg("%u Hz: a click of %d behind the gap", rate, steepest(frame, n, end));
    for (size_t i = rate / 250; i < n; i++)
        assert_int_equal(frame[i], wanted[i]);
    for (int k = 0; k < 4; k++)
        sapa_conceal_lost(&conceal, frame, n);
    assert_true(level(frame, n) == 0);
}

static void test_pitch_goes_on(void **state)
{
    (void)state;
    run(8000);
    run(16000);
}

static void test_silence_stays_silence(void **state)
{
    struct sapa_conceal conceal = { .rate = 16000 };
    int16_t frame[320];

    (void)state;
    sapa_conceal_lost(&conceal, frame, 320);
    assert_true(level(frame, 320) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pitch_goes_on),
        cmocka_unit_test(test_silence_stays_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
