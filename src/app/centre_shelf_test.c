/* Descriptions by hash: today's, and old ones out of a real store. */
#include "app/centre_shelf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/test_impl.h"
#include "app/test_store_impl.h"
#include "rt/thread.h"

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

struct reader {
    struct test_store store;
    bool good;
};

static void in_a_thread(void *ctx)
{
    struct reader *reader = ctx;
    struct test_store *s = &reader->store;
    char hash[SAPA_HASH_TEXT_SIZE], text[sizeof(TEST_CENTRE) + 32];
    struct sapa_centre_shelf *shelf = sapa_centre_shelf_of_thread(s->store);
    const struct sapa_centre_shelf *before = NULL;
    char first[SAPA_HASH_TEXT_SIZE] = "";
    bool good = shelf != NULL;

    for (unsigned i = 0; good && i < 40; i++) { /* more than are kept */
        snprintf(text, sizeof(text), "%s# %u\n", TEST_CENTRE, i);
        good = sapa_store_document_put(s->store, text, strlen(text), hash) == SAPA_OK;
        shelf = sapa_centre_shelf_of_thread(s->store);
        const struct sapa_centre *centre = good ? sapa_centre_shelf_get(shelf, sapa_str_of(hash)) : NULL;
        good = centre && sapa_centre_shelf_get(shelf, sapa_str_of(hash)) == centre;
        if (i == 1) /* what the job before has compiled is still there */
            good = good && before == shelf && sapa_centre_shelf_get(shelf, sapa_str_of(first)) != NULL;
        if (i == 0)
            memcpy(first, hash, sizeof(first));
        before = shelf;
    }
    reader->good = good;
}

/* Compiled once a thread, not without end, and gone with it: the sanitizer watches. */
static void test_a_thread_has_its_own(void **state)
{
    struct reader reader = { .good = false };
    struct sapa_thread *thread;

    (void)state;
    test_store_open(&reader.store);
    assert_int_equal(sapa_thread_start("reader", -1, in_a_thread, &reader, &thread), SAPA_OK);
    sapa_thread_join(thread);
    assert_true(reader.good);
    test_store_close(&reader.store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_thread_has_its_own),
        cmocka_unit_test(test_old_ones_come_from_the_store),
        cmocka_unit_test(test_the_one_added_last_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
