#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "report/hist.h"

/* Buckets cover every value without gap or overlap, and none is wider than it says. */
static void test_buckets(void **state)
{
    (void)state;
    for (uint32_t b = 0; b < SAPA_HIST_BUCKETS; b++) {
        const uint64_t low = sapa_hist_low(b), next = sapa_hist_low(b + 1);
        assert_true(next > low);
        assert_int_equal(sapa_hist_bucket((uint32_t)low), b);
        assert_int_equal(sapa_hist_bucket((uint32_t)(next - 1)), b);
        assert_int_equal(sapa_hist_high(b), next - 1);
        assert_true((next - 1 - low) * 256 <= low); /* off by less than one part in 256 */
    }
    assert_int_equal(sapa_hist_low(SAPA_HIST_BUCKETS), UINT64_C(1) << 32);
    assert_int_equal(sapa_hist_bucket(UINT32_MAX), SAPA_HIST_BUCKETS - 1);
    for (uint32_t ms = 0; ms < 512; ms++)
        assert_int_equal(sapa_hist_high(sapa_hist_bucket(ms)), ms); /* exact */
}

static int by_size(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* Percentiles are those of the sorted values, within the bound. */
static void test_percentiles(void **state)
{
    enum { VALUES = 5000 };
    static uint32_t values[VALUES], entries[VALUES];
    uint64_t random = 88172645463325252;

    (void)state;
    for (unsigned n = 1; n < VALUES; n = n * 2 + 1) {
        for (unsigned i = 0; i < n; i++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            values[i] = (uint32_t)(random % 4 == 0 ? random >> 40 : random >> 46);
        }
        qsort(values, n, sizeof(*values), by_size);
        for (unsigned i = 0; i < n; i++)
            entries[i] = sapa_hist_entry(sapa_hist_bucket(values[i]), 1); /* sorted values: sorted buckets */
        const struct sapa_hist hist = { entries, n, n };
        for (unsigned percent = 1; percent <= 100; percent++) {
            const uint64_t exact = values[((uint64_t)n * percent + 99) / 100 - 1];
            const uint64_t read = sapa_hist_percentile(&hist, percent);
            assert_true(read >= exact && (read - exact) * 256 <= exact);
        }
        assert_int_equal(sapa_hist_up_to(&hist, UINT32_MAX), n);
    }
    const struct sapa_hist nothing = { entries, 0, 0 };
    assert_int_equal(sapa_hist_percentile(&nothing, 50), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_percentiles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
