/* The JSON writer: what it writes is what a strict parser reads back. */
#include "http/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

static void text_survives(void **state)
{
    static const char bytes[] = "a\"b\\c\n\x01\x7f\xc3\xa9 \xe2\x82\xac";
    struct sapa_json json = { .p = NULL };

    (void)state;
    sapa_json_open(&json, '{');
    sapa_json_add_text(&json, "t", (struct sapa_str){ bytes, sizeof(bytes) - 1 });
    sapa_json_add_text(&json, "bad", SAPA_STR("x\xffy"));
    sapa_json_add_number(&json, "least", INT64_MIN);
    sapa_json_add_id(&json, "id", UINT64_MAX);
    sapa_json_add_id(&json, "none", 0);
    sapa_json_key(&json, "list");
    sapa_json_open(&json, '[');
    sapa_json_number(&json, 1);
    sapa_json_bool(&json, false);
    sapa_json_open(&json, '{');
    sapa_json_close(&json, '}');
    sapa_json_close(&json, ']');
    sapa_json_add_time(&json, "at", INT64_C(1700000000123456));
    sapa_json_add_time(&json, "before", INT64_C(-1));
    sapa_json_close(&json, '}');
    assert_false(json.failed);
    json_t *read = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(read);
    assert_memory_equal(json_string_value(json_object_get(read, "t")), bytes, sizeof(bytes));
    assert_string_equal(json_string_value(json_object_get(read, "bad")), "x?y");
    assert_true(json_integer_value(json_object_get(read, "least")) == INT64_MIN);
    assert_string_equal(json_string_value(json_object_get(read, "id")), "18446744073709551615");
    assert_true(json_is_null(json_object_get(read, "none")));
    assert_int_equal(json_array_size(json_object_get(read, "list")), 3);
    assert_string_equal(json_string_value(json_object_get(read, "at")), "2023-11-14T22:13:20.123Z");
    assert_string_equal(json_string_value(json_object_get(read, "before")), "1969-12-31T23:59:59.999Z");
    json_decref(read);
    sapa_json_done(&json);
}

static void more_members(void **state)
{
    struct sapa_json json = { .p = NULL };

    (void)state;
    sapa_json_open(&json, '[');
    sapa_json_open(&json, '{');
    sapa_json_add_number(&json, "a", 1);
    sapa_json_close(&json, '}');
    sapa_json_reopen(&json);
    sapa_json_add_number(&json, "b", 2);
    sapa_json_close(&json, '}');
    sapa_json_number(&json, 3);
    sapa_json_close(&json, ']');
    assert_int_equal(json.n, strlen("[{\"a\":1,\"b\":2},3]"));
    assert_memory_equal(json.p, "[{\"a\":1,\"b\":2},3]", json.n);
    sapa_json_done(&json);
}

static void too_much_is_said(void **state)
{
    static char block[1 << 20];
    struct sapa_json json = { .p = NULL };

    (void)state;
    for (unsigned i = 0; i < SAPA_JSON_MAX / sizeof(block) + 1; i++)
        sapa_json_bytes(&json, block, sizeof(block));
    assert_true(json.failed);
    assert_true(json.n <= SAPA_JSON_MAX);
    sapa_json_done(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(text_survives), cmocka_unit_test(more_members), cmocka_unit_test(too_much_is_said) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
