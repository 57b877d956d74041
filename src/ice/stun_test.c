/* The samples of RFC 5769, what is malformed, and what is written read again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ice/stun.h"

static const char password[] = "VOkJxbRl1RmTxUk/WvJxBt";

static const uint8_t request[] = { /* section 2.1 */
    0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87,
    0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73, 0x74, 0x20, 0x63, 0x6c,
    0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff, 0x80, 0x29, 0x00, 0x08, 0x93, 0x2f,
    0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09, 0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76,
    0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14, 0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e,
    0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49, 0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf,
};
static const uint8_t response_v4[] = { /* section 2.2 */
    0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
    0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x08,
    0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43, 0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3,
    0x8c, 0x74, 0x89, 0xf9, 0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7, 0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96,
};
static const uint8_t response_v6[] = { /* section 2.3 */
    0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
    0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x14,
    0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9,
    0x00, 0x08, 0x00, 0x14, 0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b, 0xf1, 0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75,
    0xbf, 0xe3, 0xed, 0x41, 0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c,
};

static void test_samples(void **state)
{
    struct sapa_stun stun;
    struct sapa_addr addr;

    (void)state;
    assert_true(sapa_stun_is(request, sizeof(request)));
    assert_int_equal(sapa_stun_parse(request, sizeof(request), &stun), SAPA_OK);
    assert_int_equal(stun.type, SAPA_STUN_REQUEST);
    assert_true(sapa_str_eq(stun.username, SAPA_STR("evtj:h6vY")));
    assert_int_equal(stun.priority, 0x6e0001ff);
    assert_true(stun.controlled && !stun.controlling && !stun.use_candidate);
    assert_true(stun.tie_breaker == 0x932ff9b151263b36);
    assert_true(stun.has_integrity && stun.has_fingerprint);
    assert_int_equal(stun.unknown_count, 0);
    assert_true(sapa_stun_is_by(&stun, request, password));
    assert_false(sapa_stun_is_by(&stun, request, "VOkJxbRl1RmTxUk/WvJxBu"));
    assert_false(sapa_stun_is_by(&stun, request, ""));

    assert_int_equal(sapa_stun_parse(response_v4, sizeof(response_v4), &stun), SAPA_OK);
    assert_int_equal(stun.type, SAPA_STUN_SUCCESS);
    assert_true(sapa_stun_is_by(&stun, response_v4, password));
    assert_int_equal(sapa_addr_parse(SAPA_STR("192.0.2.1:32853"), 0, &addr), SAPA_OK);
    assert_true(sapa_addr_equal(&stun.mapped, &addr));

    assert_int_equal(sapa_stun_parse(response_v6, sizeof(response_v6), &stun), SAPA_OK);
    assert_true(sapa_stun_is_by(&stun, response_v6, password));
    assert_int_equal(sapa_addr_parse(SAPA_STR("[2001:db8:1234:5678:11:2233:4455:6677]:32853"), 0, &addr), SAPA_OK);
    assert_true(sapa_addr_equal(&stun.mapped, &addr));
}

/* Each octet changed, each length cut: never good, and never read beyond. */
static void test_changed(void **state)
{
    struct sapa_stun stun;
    uint8_t bytes[sizeof(request)];

    (void)state;
    for (size_t i = 0; i < sizeof(request); i++) {
        memcpy(bytes, request, sizeof(bytes));
        bytes[i] ^= 0x10;
        const sapa_rc rc = sapa_stun_parse(bytes, sizeof(bytes), &stun);
        assert_true(rc != SAPA_OK || !stun.has_fingerprint || !sapa_stun_is_by(&stun, bytes, password));
    }
    for (size_t n = 0; n < sizeof(request); n++)
        assert_int_not_equal(sapa_stun_parse(request, n, &stun), SAPA_OK);
}

static void test_written(void **state)
{
    struct sapa_addr addr;
    struct sapa_stun stun;
    uint8_t bytes[SAPA_STUN_OUT_MAX];
    const uint16_t unknown[3] = { 0x1111, 0x2222, 0x3333 };

    (void)state;
    assert_int_equal(sapa_addr_parse(SAPA_STR("[2001:db8::7]:9"), 0, &addr), SAPA_OK);
    struct sapa_stun_out out = { .type = SAPA_STUN_REQUEST, .transaction = { 1, 2, 3 }, .username = "abcd:efgh", .mapped = &addr,
                                 .use_candidate = true, .controlling = true, .tie_breaker = 77, .priority = 5,
                                 .password = password };
    size_t n = sapa_stun_write(&out, bytes);
    assert_int_equal(sapa_stun_parse(bytes, n, &stun), SAPA_OK);
    assert_true(sapa_str_eq(stun.username, SAPA_STR("abcd:efgh")));
    assert_true(stun.use_candidate && stun.controlling && !stun.controlled && stun.tie_breaker == 77 && stun.priority == 5);
    assert_true(sapa_addr_equal(&stun.mapped, &addr));
    assert_memory_equal(stun.transaction, out.transaction, sizeof(stun.transaction));
    assert_true(stun.has_fingerprint && sapa_stun_is_by(&stun, bytes, password));
    bytes[n - 1] ^= 1;
    assert_int_equal(sapa_stun_parse(bytes, n, &stun), SAPA_EINVAL);

    out = (struct sapa_stun_out){ .type = SAPA_STUN_ERROR, .error = 420, .unknown = unknown, .unknown_count = 3 };
    n = sapa_stun_write(&out, bytes);
    assert_int_equal(sapa_stun_parse(bytes, n, &stun), SAPA_OK);
    assert_int_equal(stun.error, 420);
    assert_false(stun.has_integrity || sapa_stun_is_by(&stun, bytes, password));
}

/* What must be understood and is not, what follows MESSAGE-INTEGRITY, and sizes. */
static void test_limits(void **state)
{
    uint8_t bytes[SAPA_STUN_MAX + 200] = { 0x00, 0x01, 0, 0, 0x21, 0x12, 0xa4, 0x42 };
    struct sapa_stun stun;
    size_t n = SAPA_STUN_HEAD;

    (void)state;
    for (unsigned i = 0; i < 12; i++, n += 4) {
        bytes[n] = i % 4 == 3 ? 0xc0 : 0x40; /* every fourth may be passed over */
        bytes[n + 1] = (uint8_t)i;
    }
    bytes[3] = (uint8_t)(n - SAPA_STUN_HEAD);
    assert_int_equal(sapa_stun_parse(bytes, n, &stun), SAPA_OK);
    assert_int_equal(stun.unknown_count, SAPA_STUN_UNKNOWN_MAX);
    assert_int_equal(stun.unknown[3], 0x4004);
    for (; n < SAPA_STUN_HEAD + 33 * 4; n += 4)
        bytes[n] = 0xc0;
    bytes[3] = (uint8_t)(n - SAPA_STUN_HEAD);
    assert_int_equal(sapa_stun_parse(bytes, n, &stun), SAPA_ELIMIT); /* 33 of them */
    n = SAPA_STUN_MAX + 4;
    bytes[SAPA_STUN_HEAD] = 0xc0;
    bytes[SAPA_STUN_HEAD + 2] = (uint8_t)((n - SAPA_STUN_HEAD - 4) >> 8);
    bytes[SAPA_STUN_HEAD + 3] = (uint8_t)(n - SAPA_STUN_HEAD - 4);
    bytes[2] = (uint8_t)((n - SAPA_STUN_HEAD) >> 8);
    bytes[3] = (uint8_t)(n - SAPA_STUN_HEAD);
    assert_int_equal(sapa_stun_parse(bytes, n, &stun), SAPA_ELIMIT);

    /* USE-CANDIDATE put behind the integrity by somebody on the way does not count. */
    const struct sapa_stun_out out = { .type = SAPA_STUN_REQUEST, .username = "abcd:efgh", .password = password };
    n = sapa_stun_write(&out, bytes) - 8;
    memcpy(bytes + n, (const uint8_t[]){ 0x00, 0x25, 0, 0 }, 4);
    bytes[3] = (uint8_t)(n + 4 - SAPA_STUN_HEAD);
    assert_int_equal(sapa_stun_parse(bytes, n + 4, &stun), SAPA_OK);
    assert_true(sapa_stun_is_by(&stun, bytes, password));
    assert_false(stun.use_candidate);
}

static void test_demultiplexing(void **state)
{
    static const uint8_t rtp[] = { 0x80, 0, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
    static const uint8_t dtls[] = { 22, 0xfe, 0xfd, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

    (void)state;
    assert_false(sapa_stun_is(rtp, sizeof(rtp)));
    assert_false(sapa_stun_is(dtls, sizeof(dtls)));
    assert_false(sapa_stun_is(request, SAPA_STUN_HEAD - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples), cmocka_unit_test(test_changed),         cmocka_unit_test(test_written),
        cmocka_unit_test(test_limits),  cmocka_unit_test(test_demultiplexing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
