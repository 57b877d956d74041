#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "report/fixture_impl.h"
#include "report/names.h"

/* A description in which queues and agents changed places, one is gone and one is new. */
static void test_keys_outlive_indices(void **state)
{
    struct sapa_centre first = fix_centre(0), second = fix_centre(0);
    struct sapa_queue queues[FIX_QUEUES];
    struct sapa_names names;

    (void)state;
    queues[0] = fix_queues[2];
    queues[1] = fix_queues[0];
    queues[2] = fix_queues[1];
    queues[2].key = SAPA_STR("bank.baru");
    second.queues = queues;
    sapa_names_init(&names, sapa_memory_heap());
    assert_int_equal(sapa_names_dim(&names, SAPA_DIM_QUEUE, 0), SAPA_NONE);
    assert_int_equal(sapa_names_take(&names, &first), SAPA_OK);
    const uint32_t sales = sapa_names_dim(&names, SAPA_DIM_QUEUE, 0);
    const uint32_t general = sapa_names_dim(&names, SAPA_DIM_QUEUE, 2);
    assert_int_equal(sapa_names_take(&names, &second), SAPA_OK);
    assert_int_equal(sapa_names_dim(&names, SAPA_DIM_QUEUE, 0), general);
    assert_int_equal(sapa_names_dim(&names, SAPA_DIM_QUEUE, 1), sales);
    assert_int_equal(sapa_names_dim(&names, SAPA_DIM_QUEUE, 2), 3); /* the new one */
    assert_int_equal(sapa_names_dim(&names, SAPA_DIM_QUEUE, 3), SAPA_NONE);
    assert_int_equal(names.dims[SAPA_DIM_QUEUE].count, 4);
    assert_string_equal(sapa_names_key(&names, SAPA_DIM_QUEUE, 1).p, "bank.kartu"); /* gone, not forgotten */
    assert_int_equal(sapa_names_find(&names, SAPA_DIM_QUEUE, SAPA_STR("bank.baru")), 3);
    assert_string_equal(sapa_names_text(&names, SAPA_DIM_REASON, 0, SAPA_LANGUAGE_EN).p, "Break");
    assert_string_equal(sapa_names_text(&names, SAPA_DIM_REASON, 0, SAPA_LANGUAGE_ID).p, "Istirahat");
    assert_string_equal(sapa_names_text(&names, SAPA_DIM_AGENT, SAPA_NONE, SAPA_LANGUAGE_EN).p, "–");

    /* Saved and loaded, and the description taken again. */
    struct fix_bytes bytes = { 0 };
    struct sapa_names other;
    assert_int_equal(sapa_names_save(&names, &(struct sapa_save){ fix_put, &bytes }), SAPA_OK);
    sapa_names_init(&other, sapa_memory_heap());
    assert_int_equal(sapa_names_load(&other, &(struct sapa_load){ fix_get, &bytes }), SAPA_OK);
    assert_int_equal(sapa_names_take(&other, &second), SAPA_OK);
    assert_int_equal(sapa_names_dim(&other, SAPA_DIM_QUEUE, 1), sales);
    sapa_names_done(&other);
    for (size_t cut = 0; cut < bytes.n; cut += 37) { /* a snapshot that ends too soon */
        struct fix_bytes part = { bytes.bytes, cut, cut, 0 };
        sapa_names_init(&other, sapa_memory_heap());
        assert_int_not_equal(sapa_names_load(&other, &(struct sapa_load){ fix_get, &part }), SAPA_OK);
        sapa_names_done(&other);
    }
    free(bytes.bytes);
    sapa_names_done(&names);
}

static void test_no_memory(void **state)
{
    const struct sapa_centre centre = fix_centre(0);
    bool is_done = false;

    (void)state;
    for (uint64_t fail_at = 1; !is_done; fail_at++) {
        struct fix_memory memory;
        struct sapa_names names;
        fix_memory_init(&memory, fail_at);
        sapa_names_init(&names, &memory.memory);
        is_done = sapa_names_take(&names, &centre) == SAPA_OK;
        assert_int_equal(sapa_names_dim(&names, SAPA_DIM_AGENT, 1), is_done ? 1 : SAPA_NONE);
        sapa_names_done(&names);
        assert_true(fail_at < 100);
    }
}

/* What a number is stands beside it, in the language of the reader; an ordinary one says nothing. */
static void test_type_of_number(void **state)
{
    struct sapa_centre centre = fix_centre(0);
    struct sapa_number numbers[FIX_NUMBERS];
    struct sapa_names names;

    (void)state;
    memcpy(numbers, fix_numbers, sizeof(numbers));
    numbers[1].type = SAPA_NUMBER_TOLL_FREE;
    centre.numbers = numbers;
    sapa_names_init(&names, sapa_memory_heap());
    assert_int_equal(sapa_names_take(&names, &centre), SAPA_OK);
    assert_true(sapa_str_eq(sapa_names_text(&names, SAPA_DIM_NUMBER, 0, SAPA_LANGUAGE_ID), SAPA_STR("622150001")));
    assert_true(sapa_str_eq(sapa_names_text(&names, SAPA_DIM_NUMBER, 1, SAPA_LANGUAGE_ID), SAPA_STR("622150002 (bebas pulsa)")));
    assert_true(sapa_str_eq(sapa_names_text(&names, SAPA_DIM_NUMBER, 1, SAPA_LANGUAGE_EN), SAPA_STR("622150002 (toll-free)")));
    assert_true(sapa_str_eq(sapa_names_key(&names, SAPA_DIM_NUMBER, 1), SAPA_STR("622150002")));
    sapa_names_done(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_type_of_number),
        cmocka_unit_test(test_keys_outlive_indices),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
