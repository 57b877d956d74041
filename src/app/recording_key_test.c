/* Keys of recordings with a real store: bound to their person and their recording, gone with the person. */
#include "app/recording_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/test_impl.h"
#include "app/test_store_impl.h"

struct fixture {
    struct test_store s;
    uint64_t person, other;
};

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    test_store_open(&f->s);
    f->person = test_store_person(&f->s, "628111");
    f->other = test_store_person(&f->s, "628222");
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;

    test_store_close(&f->s);
    free(f);
    return 0;
}

static void test_a_key_comes_back(void **state)
{
    struct fixture *f = *state;
    uint8_t key[SAPA_KEY_SIZE], again[SAPA_KEY_SIZE], second[SAPA_KEY_SIZE], wrapped[96], wrapped2[96];
    uint8_t size = 0, size2 = 0;

    assert_int_equal(sapa_recording_key_make(f->s.store, f->person, 7, key, wrapped, &size), SAPA_OK);
    assert_int_equal(size, SAPA_RECORDING_WRAPPED_SIZE);
    assert_int_equal(sapa_recording_key_open(f->s.store, 7, wrapped, size, again), SAPA_OK);
    assert_memory_equal(key, again, sizeof(key));
    /* each recording has its own, and the same key never looks the same */
    assert_int_equal(sapa_recording_key_make(f->s.store, f->person, 7, second, wrapped2, &size2), SAPA_OK);
    assert_memory_not_equal(key, second, sizeof(key));
    assert_memory_not_equal(wrapped, wrapped2, size);
    /* the plain key stands nowhere in what is stored */
    for (size_t i = 0; i + 8 <= size; i++)
        assert_memory_not_equal(wrapped + i, key, 8);
}

static void test_a_key_opens_nothing_else(void **state)
{
    struct fixture *f = *state;
    uint8_t key[SAPA_KEY_SIZE], again[SAPA_KEY_SIZE], wrapped[96], changed[96];
    uint8_t size = 0;

    assert_int_equal(sapa_recording_key_make(f->s.store, f->person, 7, key, wrapped, &size), SAPA_OK);
    assert_int_equal(sapa_recording_key_open(f->s.store, 8, wrapped, size, again), SAPA_ECORRUPT);
    for (uint8_t cut = 0; cut < size; cut++)
        assert_int_equal(sapa_recording_key_open(f->s.store, 7, wrapped, cut, again), SAPA_ECORRUPT);
    assert_int_equal(sapa_recording_key_open(f->s.store, 7, wrapped, size + 1u, again), SAPA_ECORRUPT);
    for (uint8_t i = 0; i < size; i++) {
        memcpy(changed, wrapped, size);
        changed[i] ^= 1;
        assert_int_not_equal(sapa_recording_key_open(f->s.store, 7, changed, size, again), SAPA_OK);
    }
    /* said to be another person's */
    memcpy(changed, wrapped, size);
    for (int i = 0; i < 8; i++)
        changed[i] = (uint8_t)(f->other >> (8 * i));
    assert_int_equal(sapa_recording_key_open(f->s.store, 7, changed, size, again), SAPA_ECORRUPT);
}

static void test_it_goes_with_the_person(void **state)
{
    struct fixture *f = *state;
    uint8_t key[SAPA_KEY_SIZE], wrapped[96], theirs[96];
    uint8_t size = 0;

    assert_int_equal(sapa_recording_key_make(f->s.store, f->person, 7, key, wrapped, &size), SAPA_OK);
    assert_int_equal(sapa_recording_key_make(f->s.store, f->other, 8, key, theirs, &size), SAPA_OK);
    assert_int_equal(sapa_person_erase(f->s.store, f->person, "test"), SAPA_OK);
    assert_int_equal(sapa_recording_key_open(f->s.store, 7, wrapped, size, key), SAPA_ENOENT);
    assert_int_equal(sapa_recording_key_make(f->s.store, f->person, 9, key, wrapped, &size), SAPA_ENOENT);
    assert_int_equal(sapa_recording_key_open(f->s.store, 8, theirs, size, key), SAPA_OK);
}

/* A caller without a number is recorded like everybody, and not under a key that anybody can guess. */
static void test_anonymous_callers_are_recorded(void **state)
{
    struct fixture *f = *state;
    uint8_t key[SAPA_KEY_SIZE], again[SAPA_KEY_SIZE], wrapped[96], forged[SAPA_RECORDING_WRAPPED_SIZE] = { 0 };
    static const struct sapa_key zero;
    uint8_t size = 0;

    assert_int_equal(sapa_recording_key_make(f->s.store, 0, 7, key, wrapped, &size), SAPA_OK);
    assert_int_equal(sapa_recording_key_open(f->s.store, 7, wrapped, size, again), SAPA_OK);
    assert_memory_equal(key, again, sizeof(key));
    assert_int_equal(sapa_recording_key_open(f->s.store, 8, wrapped, size, again), SAPA_ECORRUPT);
    sapa_seal(&zero, "apprecording 7", 14, zero.bytes, SAPA_KEY_SIZE, forged + 8);
    assert_int_equal(sapa_recording_key_open(f->s.store, 7, forged, sizeof(forged), again), SAPA_ECORRUPT);
    /* another store has other keys */
    struct test_store stranger;
    test_store_open(&stranger);
    assert_int_equal(sapa_recording_key_open(stranger.store, 7, wrapped, size, again), SAPA_ECORRUPT);
    test_store_close(&stranger);
}

static void test_nobody_known_has_no_key(void **state)
{
    struct fixture *f = *state;
    uint8_t key[SAPA_KEY_SIZE], wrapped[96];
    uint8_t size = 77;

    assert_int_equal(sapa_recording_key_make(f->s.store, 999999, 7, key, wrapped, &size), SAPA_ENOENT);
    assert_int_equal(size, 77); /* written on success only */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_key_comes_back, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_a_key_opens_nothing_else, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_it_goes_with_the_person, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_anonymous_callers_are_recorded, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_nobody_known_has_no_key, open_fixture, close_fixture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
