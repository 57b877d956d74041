#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rtp/mos.h"

/* Values of the formulas of G.107 (clause 7.4, 7.5 and annex B) with Ie = 0, Bpl = 25.1, R0 - Is = 93.2. */
static void test_vectors(void **state)
{
    static const struct { uint32_t lost, delay_ms; int rating_x10; uint16_t mos_x100; } table[] = {
        { 0, 0, 932, 441 },     /* default of all inputs: 93.2, 4.41 */
        { 0, 100, 932, 441 },   /* no impairment up to 100 ms */
        { 0, 150, 930, 441 },
        { 0, 300, 784, 396 },
        { 0, 400, 691, 356 },
        { 10, 20, 896, 433 },   /* 1 %: 95 / 26.1 = 3.64 */
        { 20, 20, 862, 424 },   /* 2 % */
        { 50, 20, 774, 392 },   /* 5 % */
        { 100, 20, 661, 341 },  /* 10 % */
        { 200, 20, 511, 263 },  /* 20 % */
        { 1000, 20, 173, 118 }, /* nothing arrives */
    };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(table); i++) {
        const int rating = sapa_mos_rating_x10(table[i].lost, 1000, table[i].delay_ms);
        assert_in_range(rating, table[i].rating_x10 - 3, table[i].rating_x10 + 3);
        const uint16_t mos = sapa_mos_x100(table[i].lost, 1000, table[i].delay_ms);
        assert_in_range(mos, table[i].mos_x100 - 2, table[i].mos_x100 + 2);
    }
}

static void test_bounds(void **state)
{
    uint16_t last = 500;

    (void)state;
    for (uint32_t lost = 0; lost <= 1000; lost += 10) {
        const uint16_t mos = sapa_mos_x100(lost, 1000, 0);
        assert_true(mos <= last && mos >= 100 && mos <= 450);
        last = mos;
    }
    assert_int_equal(sapa_mos_x100(5, 0, 0), 441); /* nothing was expected */
    assert_int_equal(sapa_mos_x100(9, 3, 0), sapa_mos_x100(3, 3, 0));
    assert_int_equal(sapa_mos_x100(1000, 1000, UINT32_MAX), 100);
}

static void test_delay(void **state)
{
    (void)state;
    assert_int_equal(sapa_mos_delay_ms(0, 0), 40);
    assert_int_equal(sapa_mos_delay_ms(100000, 30000), 50 + 20 + 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_vectors), cmocka_unit_test(test_bounds),
                                        cmocka_unit_test(test_delay) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
