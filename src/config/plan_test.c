#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/centre_parse.h"
#include "config/plan.h"

static char said[65536];
static struct sapa_text out;

static void tell(void *ctx, enum sapa_plan_kind kind, const char *sentence)
{
    static const char signs[] = "+~-";

    (void)ctx;
    sapa_text_printf(&out, "%c %s\n", signs[kind], sentence);
}

static const char *plan(const char *before, const char *after, enum sapa_language language)
{
    sapa_text_init(&out, said, sizeof(said));
    assert_int_equal(sapa_centre_plan(sapa_str_of(before), sapa_str_of(after), language, tell, NULL), SAPA_OK);
    return said;
}

static const char base[] =
    "version: 1\n"
    "agents:\n"
    "  siti: { name: Siti, extension: \"101\", password: rahasia, skills: { jual: 5 }, clients: [toko] }\n"
    "  budi: { name: Budi, extension: \"102\" }\n"
    "queues:\n"
    "  jual:\n"
    "    ring: 20 s\n"
    "    steps:\n"
    "      - { needs: { jual: 3 }, for: 30 s }\n"
    "      - { needs: {} }\n"
    "system: { languages: [id, en] }\n";

static void test_sentences(void **state)
{
    static const char after[] =
        "# another layout, and comments\n"
        "version: 1\n"
        "system:\n  languages: [en, id]\n"
        "queues:\n"
        "  jual: { ring: 30 s, wrapup: 15 s, steps: [ { needs: { jual: 4 }, for: 30 s } ] }\n"
        "  baru: { client: toko }\n"
        "agents:\n"
        "  siti: { name: Siti, extension: \"101\", password: lain, skills: { jual: 5 }, clients: [bank] }\n";

    (void)state;
    assert_string_equal(plan(base, after, SAPA_LANGUAGE_EN),
                        "~ system: languages stands in another order: [en, id]\n"
                        "~ queue jual: ring is now 30 s (was 20 s)\n"
                        "+ queue jual: wrapup is new: 15 s\n"
                        "- queue jual: steps[2] goes\n"
                        "~ queue jual: steps[1].needs.jual is now 4 (was 3)\n"
                        "+ queue baru is new: {client: toko}\n"
                        "- agent budi goes\n"
                        "~ agent siti: password has changed\n"
                        "~ agent siti: clients gains \"bank\"\n"
                        "~ agent siti: clients loses \"toko\"\n");
    assert_string_equal(plan("version: 1\nqueues: { a: { ring: 20 s } }\n", "version: 1\nqueues: { a: { ring: 5 s } }\n",
                             SAPA_LANGUAGE_ID), "~ antrean a: ring sekarang 5 s (sebelumnya 20 s)\n");
}

static void test_nothing_changes(void **state)
{
    (void)state;
    assert_string_equal(plan(base, base, SAPA_LANGUAGE_EN), "");
    assert_string_equal(plan("a: [ { b: 1 }, { b: 2 } ]", "a:\n- b: 1\n- b: 2 # the same\n", SAPA_LANGUAGE_EN), "");
}

/* A password never stands in a sentence, wherever it comes from. */
static void test_passwords_are_not_told(void **state)
{
    (void)state;
    assert_null(strstr(plan("agents: {}", base, SAPA_LANGUAGE_EN), "rahasia"));
    assert_null(strstr(plan(base, "agents: { siti: { password: [baru] } }", SAPA_LANGUAGE_EN), "rahasia"));
    assert_null(strstr(plan("agents: { a: { password: { secret: x } } }", "agents: { a: { password: rahasia } }", SAPA_LANGUAGE_EN), "rahasia"));
}

static void test_kinds_and_texts(void **state)
{
    char longer[4096] = "a: \"";

    (void)state;
    assert_string_equal(plan("a: 1", "a: [1]", SAPA_LANGUAGE_EN), "~ a is now [1] (was 1)\n");
    assert_string_equal(plan("a: 1", "a: { b: [ { c: 1 }, 2 ], d: {} }", SAPA_LANGUAGE_EN), "~ a is now {b: [{c: 1}, 2], d: {}} (was 1)\n");
    assert_string_equal(plan("a: [1]", "{}", SAPA_LANGUAGE_EN), "- a goes\n");
    for (int i = 0; i < 500; i++)
        memcpy(longer + 4 + 3 * i, "é1", 4);
    strncat(longer, "\"", 2);
    assert_true(sapa_str_utf8(sapa_str_of(plan("a: 1", longer, SAPA_LANGUAGE_EN)))); /* cut, but not within a character */
    assert_int_equal(sapa_centre_plan(SAPA_STR("a: ["), SAPA_STR("a: 1"), SAPA_LANGUAGE_EN, tell, NULL), SAPA_EINVAL);
    assert_int_equal(sapa_centre_plan(SAPA_STR("a: 1"), SAPA_STR("- 1"), SAPA_LANGUAGE_EN, tell, NULL), SAPA_EINVAL);
}

/* Large documents take no longer than they are large. */
static void test_large(void **state)
{
    const size_t size = 2 << 20;
    char *one = malloc(size), *other = malloc(size);
    struct sapa_text a, b;

    (void)state;
    assert_non_null(one);
    assert_non_null(other);
    sapa_text_init(&a, one, size);
    sapa_text_init(&b, other, size);
    sapa_text_printf(&a, "x:\n");
    sapa_text_printf(&b, "x:\n");
    for (int i = 0; i < 40000; i++) {
        sapa_text_printf(&a, "- { k: %d }\n", i);
        sapa_text_printf(&b, "- { k: %d }\n", i == 39999 ? 7 : i);
    }
    assert_string_equal(plan(one, other, SAPA_LANGUAGE_EN), "~ x: [40000].k is now 7 (was 39999)\n");
    free(one);
    free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentences), cmocka_unit_test(test_nothing_changes), cmocka_unit_test(test_passwords_are_not_told),
        cmocka_unit_test(test_kinds_and_texts), cmocka_unit_test(test_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
