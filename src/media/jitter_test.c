#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "media/jitter.h"

enum { SILENCE = 0xd5, MS = 1000 };

static struct sapa_jitter jitter;
static uint8_t frame[SAPA_JITTER_FRAME];

static bool put(uint32_t number, int64_t now_us)
{
    uint8_t octets[SAPA_JITTER_FRAME];

    memset(octets, (int)(number % 200), sizeof(octets));
    return sapa_jitter_put(&jitter, 1000 + number * SAPA_JITTER_FRAME, octets, sizeof(octets), now_us);
}

static enum sapa_jitter_result get(int64_t now_us)
{
    return sapa_jitter_get(&jitter, now_us, SILENCE, frame);
}

static void reset(void)
{
    jitter = (struct sapa_jitter){ 0 };
}

/* Packets up to 40 ms apart from their time and out of order come out in order. */
static void test_order(void **state)
{
    static const int delay_ms[] = { 0, 35, 10, 40, 5, 0, 30, 20, 40, 0 };
    unsigned next = 0;

    (void)state;
    reset();
    for (int64_t ms = 0; ms < 2200; ms++) {
        for (unsigned i = 0; i < 100; i++)
            if (ms == (int64_t)i * 20 + delay_ms[i % 10])
                assert_true(put(i, ms * MS));
        enum sapa_jitter_result result;
        while ((result = get(ms * MS)) != SAPA_JITTER_WAIT) {
            assert_int_equal(result, SAPA_JITTER_AUDIO);
            assert_int_equal(frame[0], next);
            assert_int_equal(frame[159], next);
            next++;
        }
    }
    assert_int_equal(next, 100);
    assert_int_equal(jitter.late, 0);
}

static void test_loss(void **state)
{
    unsigned lost = 0, played = 0;

    (void)state;
    reset();
    for (unsigned i = 0; i < 50; i++) {
        if (i != 20 && i != 21)
            assert_true(put(i, (int64_t)i * 20 * MS));
        for (enum sapa_jitter_result r; (r = get((int64_t)i * 20 * MS)) != SAPA_JITTER_WAIT;) {
            lost += r == SAPA_JITTER_LOST;
            played += r == SAPA_JITTER_AUDIO;
        }
    }
    assert_int_equal(lost, 2);
    assert_true(played >= 43);
    /* At the end of all packets it waits, and makes nothing up. */
    while (get(INT64_MAX / 2) != SAPA_JITTER_WAIT)
        ;
    assert_int_equal(jitter.lost, 2);
    assert_int_equal(jitter.played, 48);
}

static void test_late_packets_raise_the_delay(void **state)
{
    (void)state;
    reset();
    assert_true(put(0, 0));
    const uint32_t before = jitter.delay_ms;
    assert_true(put(3, 60 * MS));
    while (get(200 * MS) != SAPA_JITTER_WAIT)
        ;
    assert_false(put(1, 200 * MS)); /* was played as lost already */
    assert_int_equal(jitter.delay_ms, before + 20);
    for (int i = 0; i < 100; i++)
        (void)put(1, 200 * MS);
    assert_true(jitter.delay_ms <= SAPA_JITTER_MS_MAX);
    /* Five good seconds bring it down again. */
    const uint32_t high = jitter.delay_ms;
    for (unsigned i = 4; i < 400; i++) {
        assert_true(put(i, (int64_t)i * 20 * MS));
        while (get((int64_t)i * 20 * MS) != SAPA_JITTER_WAIT)
            ;
    }
    assert_true(jitter.delay_ms < high);
}

static void test_jump_and_odd_sizes(void **state)
{
    uint8_t octets[480];
    unsigned played = 0;

    (void)state;
    reset();
    memset(octets, 9, sizeof(octets));
    assert_true(sapa_jitter_put(&jitter, 0xffffff00, octets, 240, 0)); /* 30 ms, over the wrap of the clock */
    assert_true(sapa_jitter_put(&jitter, 0xffffff00 + 240, octets, 240, 30 * MS));
    while (get(500 * MS) == SAPA_JITTER_AUDIO)
        played++;
    assert_int_equal(played, 3);
    assert_true(sapa_jitter_put(&jitter, 5000000, octets, 480, 600 * MS)); /* another clock */
    assert_int_equal(get(1000 * MS), SAPA_JITTER_AUDIO);
    assert_int_equal(frame[0], 9);
    assert_false(sapa_jitter_put(&jitter, 9000000, octets, SAPA_JITTER_RING + 1, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_order), cmocka_unit_test(test_loss),
                                        cmocka_unit_test(test_late_packets_raise_the_delay),
                                        cmocka_unit_test(test_jump_and_odd_sizes) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
