/* Memory in large pages behaves as realloc does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "rt/pages.h"

static void it_grows_shrinks_and_goes(void **state)
{
    const struct sapa_memory *memory = sapa_memory_pages();
    uint8_t *bytes = memory->resize(memory->ctx, NULL, 5000000);

    (void)state;
    assert_non_null(bytes);
    assert_int_equal((uintptr_t)bytes % (2 << 20), 0);
    assert_int_equal(bytes[0] | bytes[4999999], 0);
    memset(bytes, 7, 5000000);
    bytes = memory->resize(memory->ctx, bytes, 9000000);
    assert_non_null(bytes);
    assert_int_equal(bytes[4999999], 7);
    assert_int_equal(bytes[5000000], 0);
    bytes[8999999] = 1; /* the end is there */
    bytes = memory->resize(memory->ctx, bytes, 100);
    assert_non_null(bytes);
    assert_int_equal(bytes[99], 7);
    assert_null(memory->resize(memory->ctx, bytes, 0));
    assert_null(memory->resize(memory->ctx, NULL, SIZE_MAX - 10)); /* more than there is */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(it_grows_shrinks_and_goes) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
