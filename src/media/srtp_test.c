/* Both ends of a session; forged, replayed and foreign packets. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "media/srtp.h"
#include "rtp/rtp.h"

static uint8_t one[SAPA_MEDIA_SRTP_KEY_SIZE], two[SAPA_MEDIA_SRTP_KEY_SIZE], three[SAPA_MEDIA_SRTP_KEY_SIZE];

static size_t packet_of(uint8_t packet[256], uint16_t seq, uint8_t octet)
{
    sapa_rtp_put_head(packet, false, 8, seq, seq * 160u, 0x1234);
    memset(packet + SAPA_RTP_HEAD, octet, 160);
    return SAPA_RTP_HEAD + 160;
}

static void test_both_ways(void **state)
{
    (void)state;
    for (uint8_t suite = SAPA_MEDIA_SRTP_SHA1_80; suite <= SAPA_SRTP_GCM_128; suite++) {
        struct sapa_srtp *a, *b;
        uint8_t packet[256], sealed[256], kept[256];
        assert_int_equal(sapa_srtp_new(suite, one, two, &a), SAPA_OK);
        assert_int_equal(sapa_srtp_new(suite, two, one, &b), SAPA_OK);
        /* over the turn of the sequence numbers, some lost, two out of order */
        static const uint16_t order[] = { 65530, 65531, 65534, 65533, 65535, 0, 1, 7, 6 };
        for (size_t i = 0; i < SAPA_COUNT(order); i++) {
            const size_t n = packet_of(packet, order[i], (uint8_t)i);
            memcpy(sealed, packet, n);
            const size_t size = sapa_srtp_seal(a, false, sealed, n);
            assert_int_equal(size, n + (suite == SAPA_SRTP_GCM_128 ? 16 : suite == SAPA_MEDIA_SRTP_SHA1_80 ? 10 : 4));
            assert_memory_not_equal(sealed + SAPA_RTP_HEAD, packet + SAPA_RTP_HEAD, 160);
            memcpy(kept, sealed, size);
            assert_int_equal(sapa_srtp_open(b, false, sealed, size), n);
            assert_memory_equal(sealed, packet, n);
            assert_int_equal(sapa_srtp_open(b, false, kept, size), 0); /* again: a replay */
            assert_int_equal(sapa_srtp_open(a, false, kept, size), 0); /* our own, sent back to us */
        }
        size_t n = packet_of(packet, 20, 9); /* changed on the way */
        n = sapa_srtp_seal(b, false, packet, n);
        packet[20] ^= 1;
        assert_int_equal(sapa_srtp_open(a, false, packet, n), 0);
        n = packet_of(packet, 21, 9); /* in the clear */
        assert_int_equal(sapa_srtp_open(a, false, packet, n), 0);
        static const uint8_t rr[8] = { 0x80, 201, 0, 1, 0, 0, 0x12, 0x34 };
        memcpy(packet, rr, sizeof(rr));
        n = sapa_srtp_seal(a, true, packet, sizeof(rr));
        assert_true(n > sizeof(rr) && n <= sizeof(rr) + SAPA_SRTP_EXTRA);
        assert_int_equal(sapa_srtp_open(b, true, packet, n), sizeof(rr));
        assert_memory_equal(packet, rr, sizeof(rr));
        for (size_t size = 0; size < 40; size++) /* whatever comes */
            assert_int_equal(sapa_srtp_open(b, size % 2, packet, size), 0);
        sapa_srtp_free(a);
        sapa_srtp_free(b);
    }
}

static void test_keys(void **state)
{
    (void)state;
    struct sapa_srtp *a, *b, *c;

    assert_int_equal(sapa_srtp_new(SAPA_MEDIA_SRTP_NONE, one, two, &a), SAPA_EINVAL);
    assert_int_equal(sapa_srtp_new(4, one, two, &a), SAPA_EINVAL);
    assert_int_equal(sapa_srtp_new(1, one, two, &a), SAPA_OK);
    assert_int_equal(sapa_srtp_new(1, one, two, &b), SAPA_OK);
    assert_int_equal(sapa_srtp_new(1, one, three, &c), SAPA_OK);
    assert_true(sapa_srtp_same(a, b));
    assert_false(sapa_srtp_same(a, c));
    assert_false(sapa_srtp_same(a, NULL));
    assert_true(sapa_srtp_same(NULL, NULL));
    sapa_srtp_free(a);
    sapa_srtp_free(b);
    sapa_srtp_free(c);
    sapa_srtp_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_both_ways), cmocka_unit_test(test_keys) };
    memset(one, 1, sizeof(one));
    memset(two, 2, sizeof(two));
    memset(three, 3, sizeof(three));
    assert_int_equal(sapa_srtp_init(), SAPA_OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
