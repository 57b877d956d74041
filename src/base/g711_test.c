#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/g711.h"

/* Corner values of tables 1a and 2a of the Recommendation, times 8 and 4: 16 bits. */
static void test_published_values(void **state)
{
    (void)state;
    assert_int_equal(sapa_alaw_decode(0x2a), -32256);
    assert_int_equal(sapa_alaw_decode(0xaa), 32256);
    assert_int_equal(sapa_alaw_decode(0xd5), 8);
    assert_int_equal(sapa_alaw_decode(0x55), -8);
    assert_int_equal(sapa_ulaw_decode(0x80), 32124);
    assert_int_equal(sapa_ulaw_decode(0x00), -32124);
    assert_int_equal(sapa_ulaw_decode(0xff), 0);
    assert_int_equal(sapa_ulaw_decode(0xfe), 8);
    assert_int_equal(sapa_alaw_encode(0), 0xd5);
    assert_int_equal(sapa_ulaw_encode(0), 0xff);
    assert_int_equal(sapa_alaw_encode(INT16_MIN), 0x2a);
    assert_int_equal(sapa_ulaw_encode(INT16_MAX), 0x80);
}

/* Each octet is its own; each sample becomes the value in the middle of its step, and µ-law clips at 8159 of 8192. */
static void test_all(void **state)
{
    (void)state;
    for (int octet = 0; octet < 256; octet++) {
        assert_int_equal(sapa_alaw_encode(sapa_alaw_decode((uint8_t)octet)), octet);
        assert_int_equal(sapa_ulaw_encode(sapa_ulaw_decode((uint8_t)octet)), octet == 0x7f ? 0xff : octet); /* minus zero */
    }
    for (int sample = INT16_MIN; sample <= INT16_MAX; sample++) {
        const uint8_t a = sapa_alaw_encode((int16_t)sample), u = sapa_ulaw_encode((int16_t)sample);
        const unsigned segment = (a ^ 0x55u) >> 4 & 7;
        assert_in_range(abs(sapa_alaw_decode(a) - sample), 0, 8 << (segment > 0 ? segment - 1 : 0));
        if (abs(sample) < 8159 * 4)
            assert_in_range(abs(sapa_ulaw_decode(u) - sample), 0, 4 << ((u ^ 0xffu) >> 4 & 7));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_published_values), cmocka_unit_test(test_all) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
