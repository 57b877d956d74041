#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "rtp/telephone_event.h"

static struct sapa_event_receiver receiver;
static char heard[32];
static unsigned heard_count;

static void reset(void)
{
    receiver = (struct sapa_event_receiver){ 0 };
    memset(heard, 0, sizeof(heard));
    heard_count = 0;
}

static void hear(uint32_t timestamp, int event, uint16_t duration, bool end)
{
    const struct sapa_event packet = { .event = (uint8_t)event, .end = end, .duration = duration };
    struct sapa_event_digit digits[2];
    const unsigned n = sapa_event_receive(&receiver, &packet, timestamp, 1000, digits);

    for (unsigned i = 0; i < n; i++)
        heard[heard_count++] = digits[i].digit;
}

static void test_three_ends_are_one_digit(void **state)
{
    (void)state;
    reset();
    hear(100, 5, 160, false);
    hear(100, 5, 320, false);
    hear(100, 5, 480, true);
    hear(100, 5, 480, true);
    hear(100, 5, 480, true);
    assert_string_equal(heard, "5");
    hear(2000, 5, 160, true); /* the same digit again is another */
    assert_string_equal(heard, "55");
}

static void test_only_the_end_arrives(void **state)
{
    (void)state;
    reset();
    hear(100, 10, 800, true);
    hear(100, 10, 800, true);
    assert_string_equal(heard, "*");
}

static void test_lost_ends(void **state)
{
    struct sapa_event_digit digit;

    (void)state;
    reset();
    hear(100, 1, 160, false);
    hear(1000, 2, 160, false); /* the next one begins: the first is over */
    assert_string_equal(heard, "1");
    assert_false(sapa_event_expire(&receiver, 1000 + SAPA_EVENT_GONE_MS * 1000 - 1, &digit));
    assert_true(sapa_event_expire(&receiver, 1000 + SAPA_EVENT_GONE_MS * 1000, &digit));
    assert_int_equal(digit.digit, '2');
    assert_int_equal(digit.length_ms, 20);
    assert_false(sapa_event_expire(&receiver, INT64_MAX, &digit));
    hear(1000, 2, 480, true); /* its end after all: late */
    assert_string_equal(heard, "1");
}

static void test_disorder(void **state)
{
    (void)state;
    reset();
    hear(1000, 3, 160, false);
    hear(1000, 3, 480, true);
    hear(5000, 4, 160, false);
    hear(1000, 3, 320, false); /* late, of the digit before */
    hear(5000, 4, 480, true);
    assert_string_equal(heard, "34");
    hear(1000 - 120 * 8000, 9, 160, true); /* another clock */
    assert_string_equal(heard, "349");
}

static void test_wrap_and_noise(void **state)
{
    (void)state;
    reset();
    hear(0xfffffff0, 0, 160, true);
    hear(0x00000800, 11, 160, true);
    hear(0x00010000, 16, 160, true); /* flash is no digit */
    hear(0x00020000, 255, 160, true);
    assert_string_equal(heard, "0#");
}

static void test_payload(void **state)
{
    const struct sapa_event event = { .event = 15, .end = true, .volume = 10, .duration = 0x1234 };
    struct sapa_event back;
    uint8_t bytes[SAPA_EVENT_SIZE];

    (void)state;
    sapa_event_put(&event, bytes);
    assert_int_equal(bytes[1], 0x8a);
    assert_int_equal(sapa_event_parse(bytes, sizeof(bytes), &back), SAPA_OK);
    assert_int_equal(back.event, 15);
    assert_true(back.end);
    assert_int_equal(back.volume, 10);
    assert_int_equal(back.duration, 0x1234);
    assert_int_equal(sapa_event_parse(bytes, 3, &back), SAPA_EINVAL);
    for (int i = 0; i < SAPA_EVENT_DIGITS; i++)
        assert_int_equal(sapa_event_of(sapa_event_digit((uint8_t)i)), i);
    assert_int_equal(sapa_event_of('d'), 15);
    assert_int_equal(sapa_event_of('E'), -1);
    assert_int_equal(sapa_event_of(0), -1);
    assert_int_equal(sapa_event_digit(16), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_ends_are_one_digit), cmocka_unit_test(test_only_the_end_arrives),
        cmocka_unit_test(test_lost_ends), cmocka_unit_test(test_disorder), cmocka_unit_test(test_wrap_and_noise),
        cmocka_unit_test(test_payload),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
