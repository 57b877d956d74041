#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rtp/stats.h"

static struct sapa_rtp_stats stats;

static enum sapa_rtp_order add(uint32_t ssrc, uint16_t seq, uint32_t arrival)
{
    const struct sapa_rtp rtp = { .ssrc = ssrc, .seq = seq, .timestamp = (uint32_t)seq * 160 };

    return sapa_rtp_stats_add(&stats, &rtp, arrival);
}

static void test_loss_order_copies(void **state)
{
    (void)state;
    stats = (struct sapa_rtp_stats){ 0 };
    assert_int_equal(add(1, 10, 0), SAPA_RTP_STREAM);
    assert_int_equal(add(1, 11, 0), SAPA_RTP_NEXT);
    assert_int_equal(add(1, 14, 0), SAPA_RTP_NEXT);
    assert_int_equal(sapa_rtp_stats_lost(&stats), 2);
    assert_int_equal(add(1, 12, 0), SAPA_RTP_LATE);
    assert_int_equal(add(1, 12, 0), SAPA_RTP_COPY);
    assert_int_equal(add(1, 14, 0), SAPA_RTP_COPY);
    assert_int_equal(add(1, 11, 0), SAPA_RTP_COPY);
    assert_int_equal(sapa_rtp_stats_packets(&stats), 4);
    assert_int_equal(sapa_rtp_stats_lost(&stats), 1);
    assert_int_equal(stats.out_of_order, 1);
    assert_int_equal(stats.copies, 3);
    assert_int_equal(add(1, 9, 0), SAPA_RTP_LATE); /* from before the first: never expected */
    assert_int_equal(sapa_rtp_stats_lost(&stats), 1);
}

static void test_wrap(void **state)
{
    struct sapa_rtcp_block block;

    (void)state;
    stats = (struct sapa_rtp_stats){ 0 };
    for (uint32_t i = 0; i < 140000; i++)
        (void)add(1, (uint16_t)(65530 + i), i * 160);
    assert_int_equal(sapa_rtp_stats_packets(&stats), 140000);
    assert_int_equal(sapa_rtp_stats_lost(&stats), 0);
    sapa_rtp_stats_block(&stats, &block);
    assert_int_equal(block.seq_max, 65530 + 139999);
    assert_int_equal(block.lost, 0);
}

static void test_restart(void **state)
{
    (void)state;
    stats = (struct sapa_rtp_stats){ 0 };
    for (uint16_t i = 0; i < 10; i++)
        (void)add(1, (uint16_t)(100 + i), 0);
    (void)add(1, 112, 0); /* two lost */
    assert_int_equal(add(1, 40000, 0), SAPA_RTP_STRAY);
    assert_int_equal(add(1, 113, 0), SAPA_RTP_NEXT);
    assert_int_equal(add(1, 30000, 0), SAPA_RTP_STRAY);
    assert_int_equal(add(1, 30001, 0), SAPA_RTP_STREAM); /* two in order: a restart */
    assert_int_equal(add(2, 5, 0), SAPA_RTP_STREAM);     /* a new source */
    assert_int_equal(sapa_rtp_stats_packets(&stats), 10 + 2 + 1 + 1);
    assert_int_equal(sapa_rtp_stats_lost(&stats), 2);
}

/* RFC 3550 A.8 by hand: after |D| = 80 once, J x 16 is 80. */
static void test_jitter(void **state)
{
    (void)state;
    stats = (struct sapa_rtp_stats){ 0 };
    (void)add(1, 0, 0);
    (void)add(1, 1, 160);
    assert_int_equal(stats.jitter_x16, 0);
    (void)add(1, 2, 400);
    assert_int_equal(stats.jitter_x16, 80);
    (void)add(1, 3, 480);
    assert_int_equal(stats.jitter_x16, 80 + 80 - ((80 + 8) >> 4));
    for (uint16_t i = 4; i < 2000; i++)
        (void)add(1, i, i * 160u + (i % 2) * 80u);
    assert_in_range(sapa_rtp_stats_jitter_us(&stats), 9000, 10000); /* 80 units are 10 ms */
    const uint32_t before = stats.jitter_x16;
    (void)add(1, 2000, 2000 * 160 + 80000); /* ten seconds of hold are no jitter */
    assert_int_equal(stats.jitter_x16, before);
}

static void test_slices(void **state)
{
    uint32_t due, lost;
    struct sapa_rtcp_block block;

    (void)state;
    stats = (struct sapa_rtp_stats){ 0 };
    for (uint16_t i = 0; i < 100; i++)
        if (i % 4 != 1)
            (void)add(1, i, 0);
    sapa_rtp_stats_slice(&stats, &due, &lost);
    assert_int_equal(due, 100);
    assert_int_equal(lost, 25);
    sapa_rtp_stats_slice(&stats, &due, &lost);
    assert_int_equal(due, 0);
    assert_int_equal(lost, 0);
    for (uint16_t i = 100; i < 200; i++)
        (void)add(1, i, 0);
    sapa_rtp_stats_slice(&stats, &due, &lost);
    assert_int_equal(due, 100);
    assert_int_equal(lost, 0);
    sapa_rtp_stats_block(&stats, &block);
    assert_int_equal(block.lost, 25);
    assert_int_equal(block.fraction_lost, 32); /* 25 of 200 */
    sapa_rtp_stats_block(&stats, &block);
    assert_int_equal(block.fraction_lost, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_loss_order_copies), cmocka_unit_test(test_wrap),
                                        cmocka_unit_test(test_restart), cmocka_unit_test(test_jitter),
                                        cmocka_unit_test(test_slices) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
