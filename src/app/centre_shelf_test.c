/* Descriptions by hash: today's, and old ones out of a real store. */
#include "app/centre_shelf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/test_impl.h"
#include "app/test_store_impl.h"

static void test_old_ones_come_from_the_store(void **state)
{
    struct test_store s;
    struct sapa_centre_shelf *shelf;
    char hash[SAPA_HASH_TEXT_SIZE], broken[SAPA_HASH_TEXT_SIZE];

    (void)state;
    test_store_open(&s);
    assert_int_equal(sapa_centre_shelf_new(s.store, &shelf), SAPA_OK);
    assert_int_equal(sapa_store_document_put(s.store, TEST_CENTRE, strlen(TEST_CENTRE), hash), SAPA_OK);
    assert_int_equal(sapa_store_document_put(s.store, "version: 99\n", 12, broken), SAPA_OK);
    /* the secrets of then are long gone: nobody needs them to take its decisions again */
    const struct sapa_centre *old = sapa_centre_shelf_get(shelf, sapa_str_of(hash));
    assert_non_null(old);
    assert_string_equal(old->hash, hash);
    assert_int_equal(old->agents_count, 2);
    assert_ptr_equal(sapa_centre_shelf_get(shelf, sapa_str_of(hash)), old); /* compiled once */
    assert_null(sapa_centre_shelf_get(shelf, sapa_str_of(broken)));
    assert_null(sapa_centre_shelf_get(shelf, SAPA_STR("0123")));
    assert_null(sapa_centre_shelf_get(shelf, SAPA_STR("")));
    char wide[300];
    memset(wide, 'a', sizeof(wide));
    assert_null(sapa_centre_shelf_get(shelf, (struct sapa_str){ wide, sizeof(wide) }));
    sapa_centre_shelf_free(shelf);
    test_store_close(&s);
}

/* Today's with its passwords stands in front of one of the same text without them. */
static void test_the_one_added_last_is_found(void **state)
{
    struct test_store s;
    struct sapa_centre_shelf *shelf;
    struct sapa_centre *today = test_centre(TEST_CENTRE), *later = test_centre(TEST_CENTRE);

    (void)state;
    test_store_open(&s);
    assert_int_equal(sapa_centre_shelf_new(s.store, &shelf), SAPA_OK);
    sapa_centre_shelf_add(shelf, today);
    assert_ptr_equal(sapa_centre_shelf_get(shelf, sapa_str_of(today->hash)), today);
    sapa_centre_shelf_add(shelf, later);
    assert_ptr_equal(sapa_centre_shelf_get(shelf, sapa_str_of(today->hash)), later);
    sapa_centre_shelf_free(shelf);
    sapa_centre_shelf_free(NULL);
    test_store_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_old_ones_come_from_the_store),
        cmocka_unit_test(test_the_one_added_last_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
