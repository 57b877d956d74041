/* The table of codecs against RFC 3551 table 4 and RFC 7587 section 7. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/codec.h"

static void test_clocks_are_those_of_the_rfcs(void **state)
{
    (void)state;
    assert_int_equal(sapa_codec_info(SAPA_CODEC_G722)->clock_hz, 8000);
    assert_int_equal(sapa_codec_info(SAPA_CODEC_G722)->sample_hz, 16000);
    assert_int_equal(sapa_codec_info(SAPA_CODEC_OPUS)->clock_hz, 48000);
    assert_int_equal(sapa_codec_info(SAPA_CODEC_OPUS)->channels, 2);
    for (size_t i = 0; sapa_codec_at(i); i++) {
        const struct sapa_codec_info *codec = sapa_codec_at(i);
        assert_ptr_equal(sapa_codec_info(codec->id), codec);
        assert_int_equal(sapa_codec_clock_khz(codec->id) * 1000, codec->clock_hz);
        if (codec->is_static)
            assert_int_equal(codec->type, codec->id);
        else
            assert_true(codec->type >= 96 && codec->type <= 127);
    }
}

static void test_found_by_name_and_clock(void **state)
{
    (void)state;
    assert_int_equal(sapa_codec_find("OPUS", 4, 48000)->id, SAPA_CODEC_OPUS);
    assert_int_equal(sapa_codec_find("pcma", 4, 8000)->id, SAPA_CODEC_PCMA);
    assert_null(sapa_codec_find("opus", 4, 8000));
    assert_null(sapa_codec_find("G722", 4, 16000)); /* a common mistake */
    assert_null(sapa_codec_find("opusx", 5, 48000));
    assert_null(sapa_codec_info(SAPA_CODEC_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks_are_those_of_the_rfcs),
        cmocka_unit_test(test_found_by_name_and_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
