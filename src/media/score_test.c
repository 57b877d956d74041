#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media/score.h"
#include "rtp/mos.h"

enum { SLICE_MS = 2000, PACKETS = 100, DELAY_MS = 60 };

static void add(struct sapa_score *score, unsigned slices, uint32_t lost)
{
    for (unsigned i = 0; i < slices; i++)
        sapa_score_add(score, SLICE_MS, PACKETS, lost, DELAY_MS);
}

static void test_nothing(void **state)
{
    struct sapa_score score = { 0 };

    (void)state;
    sapa_score_add(&score, SLICE_MS, 0, 0, 0);
    assert_int_equal(sapa_score_mos(&score), 0);
    assert_int_equal(sapa_score_worst(&score), 0);
    assert_int_equal(sapa_score_now(&score), 0);
}

/* Twelve good seconds, then five bad ones and the hang-up: the whole is between, the worst is the end. */
static void test_good_then_bad(void **state)
{
    struct sapa_score score = { 0 };

    (void)state;
    add(&score, 6, 0);
    add(&score, 2, 40);
    sapa_score_add(&score, 1000, 50, 20, DELAY_MS);
    assert_int_equal(sapa_score_mos(&score), sapa_mos_x100(100, 850, DELAY_MS));
    /* the unfinished window: one good slice, two and a half bad ones */
    assert_int_equal(sapa_score_worst(&score), sapa_mos_x100(100, 350, DELAY_MS));
    assert_true(sapa_score_worst(&score) < sapa_score_mos(&score));
    assert_int_equal(sapa_score_now(&score), sapa_score_worst(&score));
}

static void test_bad_then_good(void **state)
{
    struct sapa_score score = { 0 };

    (void)state;
    add(&score, 5, 40);
    add(&score, 6, 0);
    assert_int_equal(sapa_score_mos(&score), sapa_mos_x100(200, 1100, DELAY_MS));
    assert_int_equal(sapa_score_worst(&score), sapa_mos_x100(200, 500, DELAY_MS));
    assert_int_equal(sapa_score_now(&score), sapa_mos_x100(0, 100, DELAY_MS));
}

/* A burst of less than two seconds is no window, but part of the whole. */
static void test_short(void **state)
{
    struct sapa_score score = { 0 };

    (void)state;
    sapa_score_add(&score, 1500, 75, 30, DELAY_MS);
    assert_int_equal(sapa_score_mos(&score), sapa_mos_x100(30, 75, DELAY_MS));
    assert_int_equal(sapa_score_worst(&score), sapa_score_mos(&score));
    score = (struct sapa_score){ 0 };
    add(&score, 5, 0);
    sapa_score_add(&score, 1500, 75, 75, DELAY_MS);
    assert_true(sapa_score_mos(&score) < sapa_mos_x100(0, 1, DELAY_MS));
    assert_int_equal(sapa_score_worst(&score), sapa_score_mos(&score));
}

/* The worst is never above the whole, whatever comes in which order. */
static void test_worst_is_worst(void **state)
{
    uint32_t x = 1;

    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        struct sapa_score score = { 0 };
        for (unsigned i = 0; i < 1 + round % 23; i++) {
            x = x * 1664525 + 1013904223;
            sapa_score_add(&score, 500 + (x >> 8) % 2000, (x >> 4) % 120, (x >> 12) % 130, (x >> 16) % 600);
            const uint16_t whole = sapa_score_mos(&score), worst = sapa_score_worst(&score);
            assert_true(worst <= whole);
            assert_true(score.expected == 0 || worst >= 100);
            assert_true(whole <= 450);
        }
    }
}

/* A leg that has been up for years: numbers beyond 32 bits. */
static void test_long(void **state)
{
    struct sapa_score score = { .expected = UINT64_C(40000000000), .lost = UINT64_C(4000000000),
                                .delay_sum = UINT64_C(40000000000) * DELAY_MS };

    (void)state;
    assert_int_equal(sapa_score_mos(&score), sapa_mos_x100(1, 10, DELAY_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),      cmocka_unit_test(test_good_then_bad),
        cmocka_unit_test(test_bad_then_good), cmocka_unit_test(test_short),
        cmocka_unit_test(test_worst_is_worst), cmocka_unit_test(test_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
