#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rt/slot.h"
#include "rt/thread.h"

/* What is put takes the place of what was there; who has waited for nothing gets what is there, and hears that it is old. */
static void test_newest(void **state)
{
    struct sapa_slot *slot;
    void *bytes;
    size_t n;

    (void)state;
    assert_int_equal(sapa_slot_new(&slot), SAPA_OK);
    assert_int_equal(sapa_slot_turn(slot), 0);
    assert_int_equal(sapa_slot_wait(slot, 0, 1, &bytes, &n), SAPA_ETIMEOUT);
    assert_null(bytes);
    assert_int_equal(n, 0);
    assert_int_equal(sapa_slot_put(slot, "one", 3), SAPA_OK);
    assert_int_equal(sapa_slot_put(slot, "twice", 5), SAPA_OK);
    assert_int_equal(sapa_slot_turn(slot), 2);
    assert_int_equal(sapa_slot_wait(slot, 1, 1000, &bytes, &n), SAPA_OK);
    assert_int_equal(n, 5);
    assert_memory_equal(bytes, "twice", 5);
    free(bytes);
    assert_int_equal(sapa_slot_wait(slot, 2, 1, &bytes, &n), SAPA_ETIMEOUT);
    assert_int_equal(n, 5);
    free(bytes);
    assert_int_equal(sapa_slot_put(slot, NULL, 0), SAPA_OK);
    assert_int_equal(sapa_slot_wait(slot, 2, 1, &bytes, &n), SAPA_OK);
    assert_non_null(bytes);
    assert_int_equal(n, 0);
    free(bytes);
    sapa_slot_free(slot);
    sapa_slot_free(NULL);
}

static void put_one(void *ctx)
{
    assert_int_equal(sapa_slot_put(ctx, "fresh", 5), SAPA_OK);
}

/* Who waits is woken by what another thread puts. */
static void test_waits(void **state)
{
    struct sapa_slot *slot;
    struct sapa_thread *thread;
    void *bytes;
    size_t n;

    (void)state;
    assert_int_equal(sapa_slot_new(&slot), SAPA_OK);
    assert_int_equal(sapa_thread_start("putter", -1, put_one, slot, &thread), SAPA_OK);
    assert_int_equal(sapa_slot_wait(slot, 0, 60000, &bytes, &n), SAPA_OK);
    assert_memory_equal(bytes, "fresh", 5);
    free(bytes);
    sapa_thread_join(thread);
    sapa_slot_free(slot);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_newest), cmocka_unit_test(test_waits) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
