#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spandsp.h>

#include "media/dtmf.h"

/* What ITU-T Q.24 wants heard and not heard, digits of an independent generator, and speech. */

enum { RATE = 8000, LONGEST = RATE * 16 };

static const char keys[] = "123A456B789C*0#D";
static const double rows[4] = { 697, 770, 852, 941 }, columns[4] = { 1209, 1336, 1477, 1633 };

static int16_t audio[LONGEST];
static size_t length;
static char heard[128];
static struct sapa_event_digit last;
static uint32_t chance = 1;

struct tone {
    double dbm0;       /* of each of the two tones */
    double twist_db;   /* how much stronger the high one is */
    double off;        /* relative error of both frequencies */
    double noise_dbm0; /* white; 0 none */
    unsigned ms, pause_ms;
};

static double amplitude(double dbm0)
{
    return 32768 * pow(10, (dbm0 - 3.14) / 20); /* 3.14 dBm0: the largest sine of A-law */
}

static double white(double dbm0)
{
    double sum = 0;

    for (int i = 0; i < 12; i++) {
        chance = chance * 1664525 + 1013904223;
        sum += chance / 4294967296.0 - 0.5;
    }
    return sum * amplitude(dbm0) / sqrt(2);
}

static void add(const struct tone *tone, int key)
{
    const size_t n = (size_t)(key >= 0 ? tone->ms : tone->pause_ms) * RATE / 1000;
    const double turn = 2 * M_PI * (1 + tone->off) / RATE;
    const double low = amplitude(tone->dbm0 - tone->twist_db / 2), high = amplitude(tone->dbm0 + tone->twist_db / 2);

    for (size_t i = 0; i < n && length < LONGEST; i++) {
        double sample = tone->noise_dbm0 < 0 ? white(tone->noise_dbm0) : 0;
        if (key >= 0)
            sample += low * sin(rows[key / 4] * turn * (double)i) + high * sin(columns[key % 4] * turn * (double)i);
        audio[length++] = (int16_t)fmax(-32768, fmin(32767, sample));
    }
}

/* All 16 digits, each at another phase of the windows. */
static void play_all(const struct tone *tone)
{
    struct tone shift = *tone;

    length = 0;
    for (int key = 0; key < 16; key++) {
        shift.pause_ms = tone->pause_ms + (unsigned)key % 3;
        add(&shift, -1);
        add(tone, key);
    }
    shift.pause_ms = 100;
    add(&shift, -1);
}

/* In packets of 20 ms. */
static void listen(void)
{
    struct sapa_dtmf dtmf = { 0 };
    struct sapa_event_digit digits[4];

    memset(heard, 0, sizeof(heard));
    for (size_t at = 0; at < length; at += 160) {
        const unsigned count = sapa_dtmf_hear(&dtmf, audio + at, SAPA_MIN(length - at, (size_t)160), digits, 4);
        for (unsigned i = 0; i < count && strlen(heard) + 1 < sizeof(heard); i++) {
            last = digits[i];
            heard[strlen(heard)] = digits[i].digit;
        }
    }
}

static void expect(const char *what, const struct tone *tone, const char *wanted)
{
    play_all(tone);
    listen();
    if (strcmp(heard, wanted) != 0)
        fail_msg("%s: \"%s\"", what, heard);
}

static void test_must_be_heard(void **state)
{
    const struct tone shortest = { .dbm0 = -10, .ms = 40, .pause_ms = 40 };
    const struct tone weak = { .dbm0 = -29, .ms = 50, .pause_ms = 50 };
    const struct tone strong = { .dbm0 = -3, .ms = 50, .pause_ms = 50 };
    const struct tone above = { .dbm0 = -10, .twist_db = 8, .ms = 50, .pause_ms = 50 };
    const struct tone below = { .dbm0 = -10, .twist_db = -8, .ms = 50, .pause_ms = 50 };
    const struct tone noisy = { .dbm0 = -15, .noise_dbm0 = -30, .ms = 50, .pause_ms = 50 };

    (void)state;
    expect("40 ms", &shortest, keys);
    assert_in_range(last.length_ms, 32, 48);
    expect("weak", &weak, keys);
    expect("strong", &strong, keys);
    expect("high group stronger", &above, keys);
    expect("low group stronger", &below, keys);
    expect("noise 15 dB below", &noisy, keys);
    for (int off = -15; off <= 15; off += 5) {
        const struct tone tone = { .dbm0 = -10, .off = off / 1000.0, .ms = 40, .pause_ms = 40 };
        const struct tone worst = { .dbm0 = -15, .off = off / 1000.0, .twist_db = off > 0 ? 6 : -6, .noise_dbm0 = -36, .ms = 50, .pause_ms = 50 };
        expect("wrong frequency", &tone, keys);
        expect("everything at once", &worst, keys);
    }
}

static void test_must_not_be_heard(void **state)
{
    const struct tone flash = { .dbm0 = -10, .ms = 20, .pause_ms = 60 };
    const struct tone faint = { .dbm0 = -45, .ms = 60, .pause_ms = 60 };
    const struct tone hiss = { .dbm0 = -90, .noise_dbm0 = -10, .ms = 200, .pause_ms = 100 };
    const struct tone one = { .dbm0 = -20, .twist_db = 40, .ms = 100, .pause_ms = 60 };

    (void)state;
    expect("20 ms", &flash, "");
    expect("-45 dBm0", &faint, "");
    expect("noise", &hiss, "");
    expect("one tone alone", &one, "");
}

/* A hole of 10 ms is no pause; a digit that goes on is one digit, however long; another one at once is another. */
static void test_holes(void **state)
{
    const struct tone tone = { .dbm0 = -10, .ms = 60, .pause_ms = 10 }, end = { .pause_ms = 100 }, longer = { .dbm0 = -10, .ms = 3000 };

    (void)state;
    length = 0;
    add(&tone, 5), add(&tone, -1), add(&tone, 5), add(&tone, 6), add(&end, -1), add(&longer, 0), add(&end, -1);
    listen();
    assert_string_equal(heard, "561");
    assert_in_range(last.length_ms, 2980, 3020);
}

static void test_independent_generator(void **state)
{
    dtmf_tx_state_t *telephone = dtmf_tx_init(NULL);

    (void)state;
    assert_non_null(telephone);
    assert_int_equal(dtmf_tx_put(telephone, keys, -1), 0);
    length = (size_t)dtmf_tx(telephone, audio, LONGEST - 800);
    memset(audio + length, 0, 800 * sizeof(*audio));
    length += 800;
    dtmf_tx_free(telephone);
    listen();
    assert_string_equal(heard, keys);
}

/* Speech is no digit: every recording of the test data. */
static void test_speech(void **state)
{
    static const struct { const char *name; size_t head; int law; } files[] = {
        { "audio-speech-8k-spandsp/dam9.wav", 44, 0 }, { "audio-speech-8k-spandsp/short_nb_voice.wav", 44, 0 },
        { "audio-codec-fixtures/pcma.1.8k.raw", 0, 'a' }, { "audio-codec-fixtures/pcmu.1.8k.raw", 0, 'u' },
    };
    const char *data = getenv("SAPA_TEST_DATA");
    unsigned seen = 0;
    char path[512];
    uint8_t octets[2];

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(files); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", data ? data : "../shared/data", files[i].name);
        FILE *file = fopen(path, "rb");
        if (!file)
            continue;
        length = 0;
        if (fseek(file, (long)files[i].head, SEEK_SET) == 0)
            while (length < LONGEST && fread(octets, files[i].law ? 1 : 2, 1, file) == 1)
                audio[length++] = files[i].law == 'a' ? alaw_to_linear(octets[0]) : files[i].law == 'u' ? ulaw_to_linear(octets[0])
                                                      : (int16_t)(octets[0] | octets[1] << 8);
        (void)fclose(file);
        assert_in_range(length, RATE, LONGEST);
        listen();
        assert_string_equal(heard, "");
        seen++;
    }
    if (seen == 0)
        skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_must_be_heard), cmocka_unit_test(test_must_not_be_heard), cmocka_unit_test(test_holes),
        cmocka_unit_test(test_independent_generator), cmocka_unit_test(test_speech),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
