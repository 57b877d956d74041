#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "rtp/rtcp.h"
#include "rtp/rtp.h"

static void test_round_trip(void **state)
{
    const struct sapa_rtcp_block block = { .ssrc = 77, .fraction_lost = 25, .lost = -3, .seq_max = 0x10005,
                                           .jitter = 9, .last_sr = 0x12345678, .delay_since_sr = 65536 };
    const struct sapa_rtcp_out out = { .ssrc = 5, .is_sender = true, .ntp = 0x0123456789abcdef, .timestamp = 800,
                                       .packets = 50, .octets = 8000, .block = &block, .cname = "leg-1", .bye = true };
    uint8_t packet[SAPA_RTCP_OUT_MAX];
    struct sapa_rtcp rtcp;

    (void)state;
    const size_t n = sapa_rtcp_write(&out, packet);
    assert_int_equal(n % 4, 0);
    assert_true(n <= SAPA_RTCP_OUT_MAX);
    assert_int_equal(sapa_rtcp_parse(packet, n, 77, &rtcp), SAPA_OK);
    assert_true(rtcp.has_sender);
    assert_int_equal(rtcp.ssrc, 5);
    assert_int_equal(rtcp.ntp, 0x0123456789abcdef);
    assert_int_equal(rtcp.timestamp, 800);
    assert_int_equal(rtcp.packets, 50);
    assert_int_equal(rtcp.octets, 8000);
    assert_true(rtcp.has_block);
    assert_int_equal(rtcp.block.ssrc, block.ssrc); /* by field: what lies between them is nobody's */
    assert_int_equal(rtcp.block.fraction_lost, block.fraction_lost);
    assert_int_equal(rtcp.block.lost, block.lost);
    assert_int_equal(rtcp.block.seq_max, block.seq_max);
    assert_int_equal(rtcp.block.jitter, block.jitter);
    assert_int_equal(rtcp.block.last_sr, block.last_sr);
    assert_int_equal(rtcp.block.delay_since_sr, block.delay_since_sr);
    assert_true(rtcp.bye);
    /* A block about somebody else is not ours. */
    assert_int_equal(sapa_rtcp_parse(packet, n, 78, &rtcp), SAPA_OK);
    assert_false(rtcp.has_block);
}

static void test_receiver_report_alone(void **state)
{
    const struct sapa_rtcp_out out = { .ssrc = 5, .cname = "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz01" };
    uint8_t packet[SAPA_RTCP_OUT_MAX];
    struct sapa_rtcp rtcp;

    (void)state;
    const size_t n = sapa_rtcp_write(&out, packet);
    assert_int_equal(packet[1], SAPA_RTCP_RECEIVER_REPORT);
    assert_int_equal(packet[8 + 1], SAPA_RTCP_SOURCE_DESCRIPTION);
    assert_int_equal(packet[8 + 9], 64); /* all of the name */
    assert_int_equal(packet[n - 1], 0);
    assert_int_equal(sapa_rtcp_parse(packet, n, 1, &rtcp), SAPA_OK);
    assert_false(rtcp.has_sender);
    assert_false(rtcp.bye);
}

static void test_malformed(void **state)
{
    const struct sapa_rtcp_block block = { .ssrc = 77 };
    const struct sapa_rtcp_out out = { .ssrc = 5, .is_sender = true, .block = &block, .cname = "x", .bye = true };
    uint8_t packet[SAPA_RTCP_OUT_MAX], copy[SAPA_RTCP_OUT_MAX];
    struct sapa_rtcp rtcp;
    const size_t n = sapa_rtcp_write(&out, packet);

    (void)state;
    /* Cut anywhere but between packets it is refused. */
    for (size_t cut = 0; cut < n; cut++) {
        const bool whole = cut == 52 || cut == 64;
        assert_int_equal(sapa_rtcp_parse(packet, cut, 77, &rtcp), whole ? SAPA_OK : SAPA_EINVAL);
    }
    memcpy(copy, packet, n);
    copy[0] = 0x9f; /* 31 blocks announced, one there */
    assert_int_equal(sapa_rtcp_parse(copy, n, 77, &rtcp), SAPA_EINVAL);
    memcpy(copy, packet, n);
    copy[1] = SAPA_RTCP_BYE; /* must begin with a report */
    assert_int_equal(sapa_rtcp_parse(copy, n, 77, &rtcp), SAPA_EINVAL);
    memcpy(copy, packet, n);
    copy[3] = 0xff; /* longer than the datagram */
    assert_int_equal(sapa_rtcp_parse(copy, n, 77, &rtcp), SAPA_EINVAL);
    memcpy(copy, packet, n);
    copy[0] ^= 0xc0;
    assert_int_equal(sapa_rtcp_parse(copy, n, 77, &rtcp), SAPA_EINVAL);
}

static void test_round_trip_time(void **state)
{
    /* The example of RFC 3550 section 6.4.1: A = 0xb710:8000, DLSR 5.25 s, LSR 0xb705:2000, delay 6.125 s. */
    const struct sapa_rtcp_block block = { .last_sr = 0xb7052000, .delay_since_sr = 0x00054000 };
    struct sapa_rtcp_block other = block;

    (void)state;
    assert_int_equal(sapa_rtcp_rtt_us(&block, (uint64_t)0xb7108000 << 16), 6125000);
    other.last_sr = 0;
    assert_int_equal(sapa_rtcp_rtt_us(&other, (uint64_t)0xb7108000 << 16), 0);
    other = block;
    other.delay_since_sr = 0x00200000; /* more than there was: a clock stepped */
    assert_int_equal(sapa_rtcp_rtt_us(&other, (uint64_t)0xb7108000 << 16), 0);
}

static void test_ntp(void **state)
{
    (void)state;
    assert_int_equal(sapa_rtcp_ntp(0), (uint64_t)2208988800u << 32);
    assert_int_equal(sapa_rtcp_ntp(1500000), ((uint64_t)2208988801u << 32) + 0x80000000u);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_round_trip), cmocka_unit_test(test_receiver_report_alone),
                                        cmocka_unit_test(test_malformed), cmocka_unit_test(test_round_trip_time),
                                        cmocka_unit_test(test_ntp) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
