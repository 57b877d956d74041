#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/g711.h"
#include "media/inband.h"
#include "media/jitter.h"

enum { FRAME = SAPA_JITTER_FRAME };

static char heard[64];

/* Plays A-law or µ-law octets in frames of 20 ms, leaving out every frame that `lost` names. */
static void play(struct sapa_inband *inband, uint8_t codec, const uint8_t *octets, size_t n, int lost)
{
    static uint32_t timestamp = 77;
    static int64_t now_us;
    struct sapa_event_digit digits[SAPA_INBAND_DIGITS_MAX];

    for (size_t at = 0; at + FRAME <= n; at += FRAME, timestamp += FRAME, now_us += 20000) {
        if (lost >= 0 && at / FRAME == (size_t)lost)
            continue;
        const unsigned count = sapa_inband_receive(inband, codec, timestamp, octets + at, FRAME, now_us, digits);
        for (unsigned i = 0; i < count; i++) {
            heard[strlen(heard)] = digits[i].digit;
            assert_in_range(digits[i].length_ms, 40, 200);
        }
    }
}

static void test_all_digits(void **state)
{
    static const char digits[] = "0123456789*#ABCD";
    uint8_t octets[10 * FRAME];

    (void)state;
    sapa_inband_init();
    for (int law = 0; law < 2; law++) {
        const uint8_t codec = law ? SAPA_CODEC_PCMU : SAPA_CODEC_PCMA;
        struct sapa_inband *inband;
        assert_int_equal(sapa_inband_new(&inband), SAPA_OK);
        memset(heard, 0, sizeof(heard));
        for (unsigned i = 0; i < 16; i++) {
            memset(octets, sapa_g711_silence(codec), sizeof(octets));
            sapa_g711_convert(SAPA_CODEC_PCMA, sapa_inband_tone(i), 5 * FRAME, codec, octets + 2 * FRAME);
            play(inband, codec, octets, sizeof(octets), i == 5 ? 4 : -1); /* one with a hole in it */
        }
        memset(octets, sapa_g711_silence(codec), sizeof(octets));
        play(inband, codec, octets, sizeof(octets), -1);
        assert_string_equal(heard, digits);
        sapa_inband_free(inband);
    }
}

/* Speech is no digit. */
static void test_speech(void **state)
{
    const char *data = getenv("SAPA_TEST_DATA");
    char path[512];
    struct sapa_inband *inband;
    uint8_t octets[FRAME * 50];
    size_t n;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/audio-codec-fixtures/pcma.1.8k.raw", data ? data : "../shared/data");
    FILE *file = fopen(path, "rb");
    if (!file) {
        skip();
        return;
    }
    assert_int_equal(sapa_inband_new(&inband), SAPA_OK);
    memset(heard, 0, sizeof(heard));
    while ((n = fread(octets, 1, sizeof(octets), file)) > 0 && strlen(heard) < 32)
        play(inband, SAPA_CODEC_PCMA, octets, n, -1);
    (void)fclose(file);
    assert_string_equal(heard, "");
    sapa_inband_free(inband);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_all_digits), cmocka_unit_test(test_speech) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
