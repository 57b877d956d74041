/* RFC 7587 6.1 and the examples of 7.1. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sdp/opus.h"

static struct sapa_sdp_opus parse(const char *text)
{
    return sapa_sdp_opus_parse(sapa_str_of(text));
}

static void test_examples(void **state)
{
    (void)state;
    struct sapa_sdp_opus opus = parse("maxplaybackrate=16000; sprop-maxcapturerate=16000; maxaveragebitrate=20000; stereo=1; "
                                      "useinbandfec=1; usedtx=0");
    assert_int_equal(opus.max_playback_hz, 16000);
    assert_int_equal(opus.max_average_bps, 20000);
    assert_true(opus.stereo && opus.fec && !opus.dtx && !opus.cbr);
    opus = parse("CBR=1;UseDtx=1");
    assert_true(opus.cbr && opus.dtx && !opus.fec);
}

static void test_nothing_and_nonsense(void **state)
{
    static const char *const odd[] = { "", ";", "=;=", "maxaveragebitrate", "maxaveragebitrate=", "maxaveragebitrate=5999",
                                       "maxaveragebitrate=510001", "maxaveragebitrate=99999999999999999999",
                                       "maxaveragebitrate=-6000", "useinbandfec=2", "useinbandfec=", "maxplaybackrate=7999" };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(odd); i++) {
        const struct sapa_sdp_opus opus = parse(odd[i]);
        assert_int_equal(opus.max_playback_hz, 48000);
        assert_int_equal(opus.max_average_bps, 0);
        assert_true(!opus.fec && !opus.dtx && !opus.cbr && !opus.stereo);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_examples), cmocka_unit_test(test_nothing_and_nonsense) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
