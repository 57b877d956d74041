#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sip/guard.h"

static struct sapa_sip_ip ip4(uint32_t n)
{
    return (struct sapa_sip_ip){ .family = 4, .bytes = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n } };
}

static void test_bucket(void **state)
{
    (void)state;
    const struct sapa_sip_guard_opts opts = { .per_s = 10, .burst = 5, .secret = { 1 } };
    struct sapa_sip_guard *guard;
    struct sapa_sip_ip a = ip4(1), b = ip4(2);

    assert_int_equal(sapa_sip_guard_open(&opts, &guard), SAPA_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(sapa_sip_guard_take(guard, &a, 1000), SAPA_SIP_GUARD_PASS);
    for (int i = 0; i < 4; i++)
        assert_int_equal(sapa_sip_guard_take(guard, &a, 1000), SAPA_SIP_GUARD_REFUSE);
    for (int i = 0; i < 100; i++)
        assert_int_equal(sapa_sip_guard_take(guard, &a, 1000), SAPA_SIP_GUARD_DROP);
    assert_int_equal(sapa_sip_guard_take(guard, &b, 1000), SAPA_SIP_GUARD_PASS); /* others are not concerned */
    assert_int_equal(sapa_sip_guard_take(guard, &a, 1000 + 400000), SAPA_SIP_GUARD_REFUSE); /* still in debt */
    assert_int_equal(sapa_sip_guard_take(guard, &a, 1000 + 1200000), SAPA_SIP_GUARD_PASS);
    assert_int_equal(sapa_sip_guard_refused(guard), 105);
    assert_int_equal(sapa_sip_guard_trust(guard, &a), SAPA_OK);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(sapa_sip_guard_take(guard, &a, 1000), SAPA_SIP_GUARD_PASS);
    sapa_sip_guard_close(guard);
}

static void test_many_sources(void **state)
{
    (void)state;
    const struct sapa_sip_guard_opts opts = { .per_s = 1, .burst = 2, .sources_max = 64, .secret = { 1 } };
    struct sapa_sip_guard *guard;

    assert_int_equal(sapa_sip_guard_open(&opts, &guard), SAPA_OK);
    for (uint32_t i = 0; i < 100000; i++) { /* a flood of invented addresses stays within its table */
        const struct sapa_sip_ip ip = ip4(i * 2654435761u);
        assert_int_equal(sapa_sip_guard_take(guard, &ip, i), SAPA_SIP_GUARD_PASS);
    }
    /* IPv6: all of a /64 is one source */
    struct sapa_sip_ip six = { .family = 6, .bytes = { 0x20, 1, 0xd, 0xb8 } };
    for (uint8_t i = 0; i < 3; i++) {
        six.bytes[15] = i;
        assert_int_equal(sapa_sip_guard_take(guard, &six, 200000), i < 2 ? SAPA_SIP_GUARD_PASS : SAPA_SIP_GUARD_REFUSE);
    }
    sapa_sip_guard_close(guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_bucket), cmocka_unit_test(test_many_sources) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
