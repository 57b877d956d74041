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

static void report(struct sapa_heard *heard, uint8_t fraction, int32_t lost, uint64_t sent, int64_t at_s)
{
    const struct sapa_rtcp_block block = { .fraction_lost = fraction, .lost = lost, .jitter = 80 };

    sapa_heard_report(heard, &block, sent, 40000, at_s * 1000000);
}

/* Reports every five seconds: three clean ones, two with a quarter lost. */
static void test_heard(void **state)
{
    struct sapa_heard heard = { 0 };

    (void)state;
    for (unsigned i = 1; i <= 3; i++)
        report(&heard, 0, 0, 250 * i, 5 * i);
    report(&heard, 64, 62, 1000, 20);
    report(&heard, 64, 124, 1250, 25);
    assert_int_equal(heard.lost, 124);
    assert_int_equal(heard.fraction, 64);
    assert_int_equal(heard.jitter_us, 10000);
    assert_int_equal(heard.mos_x100, sapa_mos_x100(62, 250, sapa_mos_delay_ms(40000, 10000)));
    assert_int_equal(sapa_score_mos(&heard.score), sapa_mos_x100(124, 1250, sapa_mos_delay_ms(40000, 10000)));
    assert_true(sapa_score_worst(&heard.score) < sapa_score_mos(&heard.score));
}

/* What cannot be is not believed, and a flood of reports weighs no more than what was sent. */
static void test_hostile_reports(void **state)
{
    struct sapa_heard heard = { 0 };
    const struct sapa_rtcp_block lies[] = {
        { .fraction_lost = 255, .lost = 0x7fffff, .jitter = UINT32_MAX, .seq_max = UINT32_MAX },
        { .fraction_lost = 255, .lost = -0x800000, .jitter = 0, .seq_max = 0 },
    };

    (void)state;
    sapa_heard_report(&heard, &lies[0], 0, 0, 1); /* before anything was sent */
    assert_int_equal(heard.mos_x100, 0);
    assert_int_equal(heard.lost, 0);
    for (unsigned i = 0; i < 10000; i++) {
        sapa_heard_report(&heard, &lies[i % 2], 100, UINT32_MAX, 1000);
        assert_true(heard.lost <= 100);
        assert_true(heard.jitter_us <= 10000000);
    }
    assert_int_equal(heard.score.expected, 100);
    assert_true(heard.score.lost <= 100);
    assert_int_equal(heard.weighed_us, 1000);
    sapa_heard_report(&heard, &lies[0], UINT64_MAX, 0, -5); /* no overflow, whatever the clock says */
    assert_true(sapa_score_mos(&heard.score) >= 100 && sapa_score_worst(&heard.score) >= 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),      cmocka_unit_test(test_good_then_bad),
        cmocka_unit_test(test_bad_then_good), cmocka_unit_test(test_short),
        cmocka_unit_test(test_worst_is_worst), cmocka_unit_test(test_long),
        cmocka_unit_test(test_heard),        cmocka_unit_test(test_hostile_reports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
