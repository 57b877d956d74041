/* The jitter buffer: order, loss, lateness, clocks that differ, pauses; with G.711, whose samples tell which packet they are of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "media/g711.h"
#include "media/playout.h"

enum { N = 160 };

/* Packet k is a level of its own: one octet of A-law. */
static uint8_t octet_of(unsigned k)
{
    return (uint8_t)((0x80 | (30 + k % 64)) ^ 0x55);
}

static int16_t level_of(unsigned k)
{
    const uint8_t octet = octet_of(k);
    int16_t level;

    sapa_g711_decode(SAPA_CODEC_PCMA, &octet, 1, &level);
    return level;
}

static void put(struct sapa_playout *playout, unsigned k)
{
    uint8_t octets[N];

    for (unsigned i = 0; i < N; i++)
        octets[i] = octet_of(k);
    sapa_playout_put(playout, 5000 + k * N, octets, N);
}

/* Which packet the middle of the frame is of; -1: silence, -2: something else. */
static int get(struct sapa_playout *playout)
{
    int16_t frame[SAPA_CODER_FRAME];

    if (!sapa_playout_get(playout, frame))
        return -1;
    for (unsigned k = 0; k < 64; k++)
        if (frame[N / 2] == level_of(k) && frame[N - 1] == frame[N / 2])
            return (int)k;
    return -2;
}

static struct sapa_playout *fresh(void)
{
    struct sapa_playout *playout;

    assert_int_equal(sapa_playout_new(SAPA_CODEC_PCMA, &playout), SAPA_OK);
    return playout;
}

static void test_in_order(void **state)
{
    struct sapa_playout *playout = fresh();

    (void)state;
    assert_int_equal(get(playout), -1);
    put(playout, 0);
    assert_int_equal(get(playout), -1); /* 40 ms in hand first */
    put(playout, 1);
    for (unsigned k = 2; k < 60; k++) {
        assert_int_equal(get(playout), (int)k - 2);
        put(playout, k);
    }
    assert_int_equal(playout->lost + playout->late + playout->dropped + playout->stretched, 0);
    sapa_playout_free(playout);
}

static void test_disorder_and_copies(void **state)
{
    struct sapa_playout *playout = fresh();
    static const unsigned order[] = { 1, 0, 0, 3, 2, 2, 5, 4, 7, 6, 6, 9, 8 };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(order); i++)
        put(playout, order[i]);
    for (int k = 0; k < 10; k++)
        assert_int_equal(get(playout), k);
    sapa_playout_free(playout);
}

static void test_a_lost_one_is_made_up(void **state)
{
    struct sapa_playout *playout = fresh();

    (void)state;
    for (unsigned k = 0; k < 10; k++)
        if (k != 5)
            put(playout, k);
    for (int k = 0; k < 10; k++) {
        const int got = get(playout);
        if (k == 5)
            assert_true(got != -1);
        else
            assert_int_equal(got, k);
    }
    assert_int_equal(playout->lost, 1);
    sapa_playout_free(playout);
}

/* Who comes late is waited for longer, and not for ever: quiet seconds give the time back. */
static void test_delay_follows_the_network(void **state)
{
    struct sapa_playout *playout = fresh();
    unsigned sent = 0, tick = 0;

    (void)state;
    /* Each fifth packet comes 60 ms late, with those behind it. */
    for (; tick < 250; tick++) {
        const unsigned due = tick % 5 >= 1 && tick % 5 <= 3 ? tick / 5 * 5 : tick;
        while (sent <= due)
            put(playout, sent++);
        (void)get(playout);
    }
    const uint64_t before = playout->late + playout->lost;
    for (; tick < 400; tick++) {
        const unsigned due = tick % 5 >= 1 && tick % 5 <= 3 ? tick / 5 * 5 : tick;
        while (sent <= due)
            put(playout, sent++);
        assert_true(get(playout) != -1);
    }
    assert_int_equal(playout->late + playout->lost, before); /* it has learnt */
    const uint32_t slow = sapa_playout_delay_ms(playout);
    for (; tick < 1500; tick++) {
        put(playout, sent++);
        (void)get(playout);
    }
    assert_true(sapa_playout_delay_ms(playout) < slow);
    assert_in_range(sapa_playout_delay_ms(playout), 20, 60);
    sapa_playout_free(playout);
}

/* A sender whose clock is half a percent off, for ten minutes. */
static void run_clock(double speed)
{
    struct sapa_playout *playout = fresh();
    double sent = 0;
    unsigned k = 0;

    for (unsigned tick = 0; tick < 30000; tick++) {
        for (sent += speed; k < sent; k++)
            put(playout, k);
        (void)get(playout);
        if (tick > 200)
            assert_in_range(sapa_playout_delay_ms(playout), 0, 140);
    }
    const uint64_t changed = speed > 1 ? playout->dropped : playout->lost + playout->stretched;
    assert_in_range(changed, 100, 250); /* 150 frames too many, or too few */
    sapa_playout_free(playout);
}

static void test_clocks_differ(void **state)
{
    (void)state;
    run_clock(1.005);
    run_clock(0.995);
}

static void test_pause_and_again(void **state)
{
    struct sapa_playout *playout = fresh();

    (void)state;
    for (unsigned k = 0; k < 10; k++)
        put(playout, k);
    while (get(playout) != 9)
        ;
    unsigned made = 0;
    while (get(playout) != -1)
        made++;
    assert_int_equal(made, 3);
    for (int i = 0; i < 200; i++)
        assert_int_equal(get(playout), -1);
    /* The timestamps went on meanwhile, or did not: either way it is heard 40 ms later. */
    put(playout, 40);
    put(playout, 41);
    assert_int_equal(get(playout), 40);
    assert_int_equal(get(playout), 41);
    sapa_playout_free(playout);
}

static void test_clock_jumps(void **state)
{
    struct sapa_playout *playout = fresh();
    uint8_t octets[N];

    (void)state;
    for (unsigned k = 0; k < 5; k++)
        put(playout, k);
    (void)get(playout);
    for (unsigned i = 0; i < N; i++)
        octets[i] = SAPA_G711_ALAW_SILENCE;
    for (unsigned k = 0; k < 3; k++)
        sapa_playout_put(playout, 0x90000000u + k * N, octets, N);
    for (int k = 0; k < 3; k++)
        assert_int_not_equal(get(playout), 1);
    assert_int_equal(playout->count, 0);
    sapa_playout_free(playout);
}

static void test_comfort_noise_until_sound(void **state)
{
    struct sapa_playout *playout = fresh();
    int16_t frame[SAPA_CODER_FRAME];
    double power = 0;

    (void)state;
    sapa_playout_noise(playout, 40);
    assert_true(sapa_playout_get(playout, frame));
    for (unsigned i = 0; i < N; i++)
        power += (double)frame[i] * frame[i];
    assert_in_range((unsigned)sqrt(power / N), 260, 400); /* 328 */
    put(playout, 0);
    put(playout, 1);
    assert_int_equal(get(playout), 0);
    for (int i = 0; i < 10; i++)
        (void)get(playout);
    assert_int_equal(get(playout), -1);
    sapa_playout_free(playout);
}

static void test_a_flood_is_bounded(void **state)
{
    struct sapa_playout *playout = fresh();
    uint8_t octets[N] = { 0 };

    (void)state;
    for (unsigned i = 0; i < 10000; i++)
        sapa_playout_put(playout, i * 3, octets, N);
    assert_true(playout->count <= SAPA_PLAYOUT_PACKETS);
    for (unsigned i = 0; i < 100; i++)
        (void)get(playout);
    assert_int_equal(playout->count, 0);
    sapa_playout_free(playout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_disorder_and_copies),
        cmocka_unit_test(test_a_lost_one_is_made_up),
        cmocka_unit_test(test_delay_follows_the_network),
        cmocka_unit_test(test_clocks_differ),
        cmocka_unit_test(test_pause_and_again),
        cmocka_unit_test(test_clock_jumps),
        cmocka_unit_test(test_comfort_noise_until_sound),
        cmocka_unit_test(test_a_flood_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
