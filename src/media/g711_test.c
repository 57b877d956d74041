#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <spandsp.h>

#include "media/g711.h"

/* Against an independent implementation of the tables of the standard. */
static void test_tables(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        assert_int_equal(sapa_g711_alaw_of_ulaw[i], ulaw_to_alaw((uint8_t)i));
        assert_int_equal(sapa_g711_ulaw_of_alaw[i], alaw_to_ulaw((uint8_t)i));
    }
}

static void test_convert(void **state)
{
    uint8_t octets[256], back[256];
    int16_t a[256], b[256];

    (void)state;
    for (unsigned i = 0; i < 256; i++)
        octets[i] = (uint8_t)i;
    sapa_g711_convert(SAPA_CODEC_PCMU, octets, 256, SAPA_CODEC_PCMU, back);
    assert_memory_equal(octets, back, 256);
    sapa_g711_convert(SAPA_CODEC_PCMU, octets, 256, SAPA_CODEC_PCMA, back);
    sapa_g711_decode(SAPA_CODEC_PCMU, octets, 256, a);
    sapa_g711_decode(SAPA_CODEC_PCMA, back, 256, b);
    for (unsigned i = 0; i < 256; i++) /* within a step of the coarser law */
        assert_in_range(abs(a[i] - b[i]), 0, 16 + abs(a[i]) / 24);
    sapa_g711_encode(SAPA_CODEC_PCMA, b, 256, octets);
    assert_memory_equal(octets, back, 256);
}

static void test_silence(void **state)
{
    const uint8_t silence[2] = { sapa_g711_silence(SAPA_CODEC_PCMU), sapa_g711_silence(SAPA_CODEC_PCMA) };
    int16_t linear;

    (void)state;
    sapa_g711_decode(SAPA_CODEC_PCMU, silence, 1, &linear);
    assert_int_equal(linear, 0);
    sapa_g711_decode(SAPA_CODEC_PCMA, silence + 1, 1, &linear);
    assert_in_range(abs(linear), 0, 8);
    assert_false(sapa_g711_is(SAPA_CODEC_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_tables), cmocka_unit_test(test_convert),
                                        cmocka_unit_test(test_silence) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
