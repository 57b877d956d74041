/* Numbers on do-not-contact lists are found, and no others. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "model/listed.h"

static void test_parse(void **state)
{
    static const struct { const char *text; uint64_t number; } cases[] = { /* 0: is none */
        { "6281234567890", 6281234567890 }, { "+62 812-3456.7890", 6281234567890 }, { "(62)21 555", 6221555 },
        { "999999999999999", 999999999999999 }, { "1999999999999999", 0 }, { "1234", 1234 }, { "123", 0 },
        { "0812345678", 0 }, { "+0812", 0 }, { "", 0 }, { "+", 0 }, { "62+812", 0 }, { "62812a", 0 }, { "6281\n", 0 },
    };
    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(cases); i++) {
        uint64_t number = 77;
        assert_int_equal(sapa_listed_parse(sapa_str_of(cases[i].text), &number), cases[i].number != 0);
        assert_int_equal(number, cases[i].number ? cases[i].number : 77);
    }
}

static void test_search(void **state)
{
    struct sapa_listed_number numbers[101];
    struct sapa_centre centre = { .listed_numbers = numbers };
    char buf[32];
    (void)state;

    for (uint32_t count = 0; count <= SAPA_COUNT(numbers); count++) { /* every length: first, last and all between */
        centre.listed_numbers_count = count;
        if (count > 0)
            numbers[count - 1] = (struct sapa_listed_number){ 62000 + 2 * count, count };
        for (uint32_t i = 0; i <= count + 1; i++) {
            struct sapa_text text;
            sapa_text_init(&text, buf, sizeof(buf));
            sapa_text_printf(&text, "%u", 62000 + 2 * i);
            assert_int_equal(sapa_listed(&centre, sapa_text_str(&text)), i >= 1 && i <= count ? i : 0);
            sapa_text_init(&text, buf, sizeof(buf));
            sapa_text_printf(&text, "%u", 62001 + 2 * i); /* between two */
            assert_int_equal(sapa_listed(&centre, sapa_text_str(&text)), 0);
        }
    }
    assert_int_equal(sapa_listed(&centre, SAPA_STR("+62-002")), 1);
    assert_int_equal(sapa_listed(&centre, SAPA_STR("062002")), 0);
    assert_int_equal(sapa_listed(&centre, SAPA_STR("siti")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_parse), cmocka_unit_test(test_search) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
