/* Numbers as peers and people write them, by the plans of several countries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "phone/phone_impl.h"
#include "phone/phone.h"

static void test_normal(void **state)
{
    static const struct { const char *wire, *country, *normal; } cases[] = {
        /* Indonesia: as before libphonenumber, on the wire */
        { "+6281234567890", "ID", "6281234567890" }, { "081234567890", "ID", "6281234567890" },
        { "0062 21-555.0100", "ID", "62215550100" }, { "6281234567890", "ID", "6281234567890" },
        { "(021) 555-0100", "ID", "62215550100" },   { "1500", "ID", "1500" },
        { "110", "ID", "110" },                      { "0800", "ID", "0800" },
        { "siti", "ID", "siti" },                    { "*12#", "ID", "*12#" },
        { "+", "ID", "" },                           { "", "ID", "" },
        { "0", "ID", "0" },                          { "12+34567", "ID", "12+34567" },
        { "101", "ID", "101" },                      { "0123456", "ID", "62123456" },
        /* what the plan adds */
        { "00865 1234 5678", "ID", "86512345678" },  { "+62 (0)21 5550100", "ID", "62215550100" },
        { "008 65 6123 4567", "ID", "6561234567" },  { "215550100", "ID", "62215550100" },
        { "+999123456", "ID", "999123456" },         { "8001234567", "ID", "628001234567" },
        /* countries without a trunk prefix, and with another one */
        { "(212) 555-2368", "US", "12125552368" },   { "1-212-555-2368", "US", "12125552368" },
        { "011 62 21 5550100", "US", "62215550100" }, { "0236618300", "IT", "390236618300" },
        { "8 (495) 123-45-67", "RU", "74951234567" }, { "6123 4567", "SG", "6561234567" },
        /* no country */
        { "081234567890", "", "081234567890" },      { "081234567890", "id", "081234567890" },
        { "+62 812", "", "62812" },                  { "081234567890", "ZZ", "081234567890" },
    };
    char buf[SAPA_PHONE_TEXT_MAX + 1], longer[SAPA_PHONE_TEXT_MAX + 2], small[8];
    (void)state;

    for (size_t i = 0; i < SAPA_COUNT(cases); i++) {
        const struct sapa_str normal = sapa_phone_normal(sapa_str_of(cases[i].wire), sapa_str_of(cases[i].country), buf, sizeof(buf));
        if (!sapa_str_eq(normal, sapa_str_of(cases[i].normal)))
            fail_msg("%s in %s: " SAPA_STR_FMT ", not %s", cases[i].wire, cases[i].country, SAPA_STR_ARG(normal), cases[i].normal);
    }
    assert_true(sapa_phone_normal(SAPA_STR("081234567890123"), SAPA_STR("ID"), small, sizeof(small)).n < sizeof(small));
    memset(longer, '1', sizeof(longer));
    assert_int_equal(sapa_phone_normal((struct sapa_str){ longer, SAPA_PHONE_TEXT_MAX }, SAPA_STR("ID"), buf, sizeof(buf)).n, SAPA_PHONE_TEXT_MAX);
    assert_int_equal(sapa_phone_normal((struct sapa_str){ "0\0001234567", 9 }, SAPA_STR("ID"), buf, sizeof(buf)).n, 9);
}

/* What is answered without a plan is what the plan would have said. */
static void test_shortcut(void **state)
{
    static const char *const before[] = { "+62", "62", "0" };
    const struct sapa_plans *plans = sapa_phone_plans();
    unsigned at[2] = { 0 };

    (void)state;
    if (!plans)
        skip();
    for (unsigned i = 0; i < 3000; i++) {
        char text[32], buf[SAPA_PHONE_TEXT_MAX + 1];
        struct sapa_plan_number number;
        const unsigned digits = 7 + i % 5; /* behind the 8 and one more */
        snprintf(text, sizeof(text), "%s8%u%0*u", before[i % 3], 1 + i % 9, (int)digits, (i * 7919u) % 10000000u);
        const char *country = i % 3 == 0 ? "ZZ" : "ID";
        const struct sapa_str got = sapa_phone_normal(sapa_str_of(text), SAPA_STR("ID"), buf, sizeof(buf));
        if (!plans->parse(text, country, &number))
            fail_msg("%s is no number to the plan", text);
        if (i % 3 != 1) /* "62…" alone is national to it, or nothing */
            assert_true(sapa_str_eq(got, sapa_str_of(number.e164)));
        at[number.valid]++;
    }
    assert_true(at[1] > 500);
}

static void test_show(void **state)
{
    static const struct { const char *number, *country, *shown; } cases[] = {
        { "6281234567890", "ID", "0812-3456-7890" }, { "62215550100", "ID", "(021) 5550100" },
        { "6561234567", "ID", "+65 6123 4567" },     { "6281234567890", "SG", "+62 812-3456-7890" },
        { "6281234567890", "", "+62 812-3456-7890" }, { "101", "ID", "101" },
        { "siti", "ID", "siti" },                    { "99912345678", "ID", "99912345678" },
        { "", "ID", "" },                            { "*12#", "ID", "*12#" },
    };
    char buf[128];
    struct sapa_text out;
    (void)state;

    for (size_t i = 0; i < SAPA_COUNT(cases); i++) {
        sapa_text_init(&out, buf, sizeof(buf));
        sapa_phone_show(sapa_str_of(cases[i].number), sapa_str_of(cases[i].country), &out);
        assert_string_equal(buf, cases[i].shown);
    }
}

static void test_types(void **state)
{
    static const struct { const char *number; enum sapa_phone_type type; } cases[] = {
        { "6281234567890", SAPA_PHONE_MOBILE },  { "62215550100", SAPA_PHONE_FIXED },    { "628001234567", SAPA_PHONE_TOLL_FREE },
        { "628091234567", SAPA_PHONE_PREMIUM },  { "12125552368", SAPA_PHONE_FIXED_OR_MOBILE },
        { "18002345678", SAPA_PHONE_TOLL_FREE }, { "101", SAPA_PHONE_UNKNOWN },          { "99912345678", SAPA_PHONE_UNKNOWN },
        { "siti", SAPA_PHONE_UNKNOWN },          { "+6281234567890", SAPA_PHONE_UNKNOWN },
    };
    (void)state;

    for (size_t i = 0; i < SAPA_COUNT(cases); i++) {
        const enum sapa_phone_type type = sapa_phone_type_of(sapa_str_of(cases[i].number));
        if (type != cases[i].type)
            fail_msg("%s: %s", cases[i].number, sapa_phone_type_name(type));
    }
    assert_string_equal(sapa_phone_type_name(SAPA_PHONE_TYPE_COUNT), "?");
}

static void test_countries(void **state)
{
    (void)state;
    assert_true(sapa_phone_present());
    assert_non_null(sapa_phone_plans());
    assert_true(sapa_phone_country_known(SAPA_STR("ID")));
    assert_true(sapa_phone_country_known(SAPA_STR("US")));
    assert_false(sapa_phone_country_known(SAPA_STR("XX")));
    assert_false(sapa_phone_country_known(SAPA_STR("ZZ")));
    assert_false(sapa_phone_country_known(SAPA_STR("id")));
    assert_false(sapa_phone_country_known(SAPA_STR("62")));
    assert_false(sapa_phone_country_known(SAPA_STR("")));
    assert_false(sapa_phone_country_known((struct sapa_str){ "I\0", 2 }));
    for (int i = 0; i < 26 * 26; i++) { /* our list is the library's */
        const char code[3] = { (char)('A' + i / 26), (char)('A' + i % 26), '\0' };
        if (sapa_phone_country_known(sapa_str_of(code)) != sapa_phone_plans()->country(code))
            fail_msg("%s", code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normal), cmocka_unit_test(test_shortcut), cmocka_unit_test(test_show), cmocka_unit_test(test_types), cmocka_unit_test(test_countries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
