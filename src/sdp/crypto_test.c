/* Lines that we take, lines that we do not, and ours read back. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sdp/crypto.h"

#define KEY "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"

static bool pick(const char *lines, struct sapa_sdp_crypto *ret)
{
    *ret = (struct sapa_sdp_crypto){ 0 };
    return sapa_sdp_crypto_pick(sapa_str_of(lines), ret);
}

static void test_pick(void **state)
{
    (void)state;
    struct sapa_sdp_crypto c;

    assert_true(pick("m=audio 1 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n", &c));
    assert_int_equal(c.suite, SAPA_SRTP_AES128_SHA1_80);
    assert_int_equal(c.tag, 1);
    assert_memory_equal(c.key, "YS___semctl () {\t220;}\n}\nunles", 30); /* RFC 4568 9.1 */
    /* the first that we can do, with what may stand beside it */
    assert_true(pick("a=crypto:1 AEAD_AES_256_GCM inline:AAAA\r\na=crypto:22 AES_CM_128_HMAC_SHA1_32  inline:" KEY "|2^20 WSH=64\r\n"
                     "a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n", &c));
    assert_int_equal(c.suite, SAPA_SRTP_AES128_SHA1_32);
    assert_int_equal(c.tag, 22);
    static const char *const none[] = {
        "",
        "a=crypto:x AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80\r\n",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:\r\n",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "A\r\n",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubG=z\r\n",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "|2^20|1:4\r\n",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "|1:4\r\n",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY ";inline:" KEY "\r\n",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY " UNENCRYPTED_SRTP\r\n",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" KEY " KDR=1\r\n",
        "a=crypto:1 F8_128_HMAC_SHA1_80 inline:" KEY "\r\n",
        "a=crypto:1234567890 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n",
    };
    for (size_t i = 0; i < SAPA_COUNT(none); i++)
        assert_false(pick(none[i], &c));
}

static void test_round_trip(void **state)
{
    (void)state;
    struct sapa_sdp_crypto c;
    char line[120];
    struct sapa_text text;
    uint8_t key[SAPA_SDP_KEY_SIZE];

    for (unsigned seed = 0; seed < 300; seed++) {
        for (size_t i = 0; i < sizeof(key); i++)
            key[i] = (uint8_t)(seed * 31 + i * i * 7 + (seed >> 3));
        sapa_text_init(&text, line, sizeof(line));
        sapa_sdp_crypto_put(&text, 7, SAPA_SRTP_AES128_SHA1_80, key);
        assert_true(pick(line, &c));
        assert_memory_equal(c.key, key, sizeof(key));
        assert_int_equal(c.tag, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_pick), cmocka_unit_test(test_round_trip) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
