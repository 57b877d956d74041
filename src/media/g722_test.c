#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include <spandsp.h>

#include "media/g722.h"

/* Against an independent implementation, bit for bit; and what a listener would notice. */

enum { N = 16000 };

static int16_t audio[2 * N], heard[2 * N], other[2 * N];
static uint8_t octets[N], others[N];
static uint32_t chance = 7;

static uint32_t next(void)
{
    chance = chance * 1664525 + 1013904223;
    return chance >> 16;
}

static void check_encode(void)
{
    struct sapa_g722 ours;
    g722_encode_state_t *theirs = g722_encode_init(NULL, 64000, 0);

    assert_non_null(theirs);
    sapa_g722_init(&ours);
    sapa_g722_encode(&ours, audio, N, octets);
    assert_int_equal(g722_encode(theirs, others, audio, 2 * N), N);
    g722_encode_free(theirs);
    assert_memory_equal(octets, others, N);
}

static void check_decode(void)
{
    struct sapa_g722 ours;
    g722_decode_state_t *theirs = g722_decode_init(NULL, 64000, 0);

    assert_non_null(theirs);
    sapa_g722_init(&ours);
    sapa_g722_decode(&ours, octets, N, heard);
    assert_int_equal(g722_decode(theirs, other, octets, N), 2 * N);
    g722_decode_free(theirs);
    for (int i = 0; i < 2 * N; i++) /* it wraps around where the Recommendation saturates */
        if (heard[i] != other[i] && heard[i] != INT16_MAX && heard[i] != INT16_MIN)
            fail_msg("sample %d: %d, not %d", i, heard[i], other[i]);
}

static void test_bit_exact(void **state)
{
    (void)state;
    for (int level = 0; level < 4; level++) { /* noise from faint to clipped */
        for (int i = 0; i < 2 * N; i++)
            audio[i] = (int16_t)(((int)next() - 32768) >> (4 * (3 - level)));
        check_encode();
        check_decode();
    }
    for (int i = 0; i < 2 * N; i++) /* a sweep, full scale, with jumps */
        audio[i] = (int16_t)(32767 * sin(1e-5 * i * i) * (i / 4000 % 2 ? 1 : 0.01));
    check_encode();
    check_decode();
    for (int i = 0; i < N; i++) /* octets that nobody coded */
        octets[i] = (uint8_t)next();
    check_decode();
}

static void test_tones_come_through(void **state)
{
    static const double frequencies[] = { 300, 1000, 3400, 5000, 6800 };
    struct sapa_g722 coder;

    (void)state;
    for (size_t f = 0; f < SAPA_COUNT(frequencies); f++) {
        double best = 0, power = 0;
        for (int i = 0; i < 2 * N; i++)
            audio[i] = (int16_t)(8000 * sin(2 * M_PI * frequencies[f] / 16000 * i));
        sapa_g722_init(&coder);
        sapa_g722_encode(&coder, audio, N, octets);
        sapa_g722_init(&coder);
        sapa_g722_decode(&coder, octets, N, heard);
        for (int i = N; i < 2 * N - 64; i++)
            power += (double)heard[i] * heard[i];
        for (int delay = 0; delay < 64; delay++) { /* the filters delay by some samples */
            double both = 0, own = 0;
            for (int i = N; i < 2 * N - 64; i++) {
                both += (double)audio[i] * heard[i + delay];
                own += (double)audio[i] * audio[i];
            }
            best = fmax(best, both / sqrt(own * power));
        }
        assert_true(best > 0.99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_bit_exact), cmocka_unit_test(test_tones_come_through) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
