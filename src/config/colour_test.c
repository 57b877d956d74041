#include "config/colour.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void what_is_a_colour(void **state)
{
    static const char *const bad[] = { "", "#", "0b5d2e", "#0b5d2", "#0b5d2e0", "#0b5d2g", "#0B5D 2", "red", "#0b5d2\xc3" };
    uint32_t colour = 7;

    (void)state;
    assert_int_equal(sapa_colour_parse(SAPA_STR("#0b5D2e"), &colour), SAPA_OK);
    assert_int_equal(colour, 0x0b5d2e);
    for (size_t i = 0; i < SAPA_COUNT(bad); i++)
        assert_int_equal(sapa_colour_parse(sapa_str_of(bad[i]), &colour), SAPA_EINVAL);
    assert_int_equal(colour, 0x0b5d2e);
}

/* Published pairs (WebAIM's and W3C's examples), to two digits. */
static void contrast_is_that_of_wcag(void **state)
{
    static const struct { uint32_t a, b, x100; } rows[] = {
        { 0x000000, 0xffffff, 2100 }, { 0xffffff, 0xffffff, 100 }, { 0x777777, 0xffffff, 447 }, { 0x767676, 0xffffff, 454 },
        { 0x0000ff, 0xffffff, 859 }, { 0xff0000, 0xffffff, 399 }, { 0x00ff00, 0xffffff, 137 }, { 0xffff00, 0x000000, 1955 }, { 0x595959, 0xffffff, 700 },
    };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(rows); i++) {
        assert_int_equal(sapa_colour_contrast_x100(rows[i].a, rows[i].b), rows[i].x100);
        assert_int_equal(sapa_colour_contrast_x100(rows[i].b, rows[i].a), rows[i].x100);
    }
}

/* Whatever colour: the one that is offered instead is legible, and a legible one is left as it is. */
static void another_one_is_legible(void **state)
{
    static const uint32_t words[] = { SAPA_COLOUR_LIGHT_WORDS, SAPA_COLOUR_DARK_WORDS };

    (void)state;
    for (uint32_t colour = 0; colour <= 0xffffff; colour += 0x010d07) {
        for (size_t i = 0; i < SAPA_COUNT(words); i++) {
            const uint32_t other = sapa_colour_readable(colour, words[i]);
            assert_true(sapa_colour_contrast_x100(other, words[i]) >= SAPA_COLOUR_CONTRAST_X100);
            if (sapa_colour_contrast_x100(colour, words[i]) >= SAPA_COLOUR_CONTRAST_X100)
                assert_int_equal(other, colour);
        }
    }
    assert_int_equal(sapa_colour_readable(0x767676, SAPA_COLOUR_LIGHT_WORDS), 0x767676);
    assert_int_equal(sapa_colour_readable(0x777777, SAPA_COLOUR_LIGHT_WORDS), 0x767676);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_a_colour), cmocka_unit_test(contrast_is_that_of_wcag), cmocka_unit_test(another_one_is_legible) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
