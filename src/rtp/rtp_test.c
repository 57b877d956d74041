#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "rtp/rtp.h"

static void test_plain(void **state)
{
    uint8_t packet[SAPA_RTP_HEAD + 160] = { 0 };
    struct sapa_rtp rtp;

    (void)state;
    sapa_rtp_put_head(packet, true, 101, 65535, 0xfffffff0, 0xdeadbeef);
    assert_int_equal(sapa_rtp_parse(packet, sizeof(packet), &rtp), SAPA_OK);
    assert_true(rtp.marker);
    assert_int_equal(rtp.type, 101);
    assert_int_equal(rtp.seq, 65535);
    assert_int_equal(rtp.timestamp, 0xfffffff0);
    assert_int_equal(rtp.ssrc, 0xdeadbeef);
    assert_int_equal(rtp.payload_at, SAPA_RTP_HEAD);
    assert_int_equal(rtp.payload_size, 160);
}

/* RFC 3550 section 5.1: two contributing sources, an extension of one word, three octets of padding. */
static void test_all_parts(void **state)
{
    uint8_t packet[12 + 8 + 8 + 5 + 3] = { 0 };
    struct sapa_rtp rtp;

    (void)state;
    sapa_rtp_put_head(packet, false, 8, 1, 2, 3);
    packet[0] |= 0x20 | 0x10 | 2;
    sapa_rtp_put16(packet + 22, 1);
    packet[28] = 0x77;
    packet[sizeof(packet) - 1] = 3;
    assert_int_equal(sapa_rtp_parse(packet, sizeof(packet), &rtp), SAPA_OK);
    assert_int_equal(rtp.payload_at, 28);
    assert_int_equal(rtp.payload_size, 5);
    assert_int_equal(packet[rtp.payload_at], 0x77);
}

static void test_malformed(void **state)
{
    uint8_t packet[40] = { 0 };
    struct sapa_rtp rtp;

    (void)state;
    sapa_rtp_put_head(packet, false, 8, 1, 2, 3);
    for (size_t n = 0; n < SAPA_RTP_HEAD; n++)
        assert_int_equal(sapa_rtp_parse(packet, n, &rtp), SAPA_EINVAL);
    assert_int_equal(sapa_rtp_parse(packet, SAPA_RTP_HEAD, &rtp), SAPA_OK);
    assert_int_equal(rtp.payload_size, 0);
    packet[0] = 0x40; /* version 1 */
    assert_int_equal(sapa_rtp_parse(packet, sizeof(packet), &rtp), SAPA_EINVAL);
    packet[0] = 0x8f; /* fifteen sources do not fit */
    assert_int_equal(sapa_rtp_parse(packet, sizeof(packet), &rtp), SAPA_EINVAL);
    packet[0] = 0x90; /* an extension longer than the packet */
    sapa_rtp_put16(packet + 14, 7);
    assert_int_equal(sapa_rtp_parse(packet, sizeof(packet), &rtp), SAPA_EINVAL);
    packet[0] = 0xa0; /* more padding than payload; none at all */
    packet[39] = 29;
    assert_int_equal(sapa_rtp_parse(packet, sizeof(packet), &rtp), SAPA_EINVAL);
    packet[39] = 0;
    assert_int_equal(sapa_rtp_parse(packet, sizeof(packet), &rtp), SAPA_EINVAL);
    packet[39] = 28;
    assert_int_equal(sapa_rtp_parse(packet, sizeof(packet), &rtp), SAPA_OK);
}

static void test_rtcp_is_told_apart(void **state)
{
    uint8_t packet[8] = { 0x80, 200 };

    (void)state;
    assert_true(sapa_rtp_is_rtcp(packet, 8));
    packet[1] = 0x80 | 8; /* PCMA with marker */
    assert_false(sapa_rtp_is_rtcp(packet, 8));
    packet[1] = 0x80 | 101;
    assert_false(sapa_rtp_is_rtcp(packet, 8));
    packet[1] = 203;
    assert_false(sapa_rtp_is_rtcp(packet, 7));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_plain), cmocka_unit_test(test_all_parts),
                                        cmocka_unit_test(test_malformed), cmocka_unit_test(test_rtcp_is_told_apart) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
