#include "rt/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void core_time_never_steps_back(void **state)
{
    struct sapa_clock clock;

    (void)state;
    sapa_clock_init_manual(&clock, 5, 1000);
    assert_int_equal(sapa_clock_core_us(&clock), 1000);
    sapa_clock_step_wall(&clock, -600);
    assert_int_equal(sapa_clock_wall_us(&clock), 400);
    assert_int_equal(sapa_clock_core_us(&clock), 1000);
    sapa_clock_advance(&clock, 700);
    assert_int_equal(sapa_clock_mono_us(&clock), 705);
    assert_int_equal(sapa_clock_core_us(&clock), 1630); /* 600 set back: on at nine tenths */
    sapa_clock_advance(&clock, 5290);
    assert_int_equal(sapa_clock_core_us(&clock), 6391); /* 1000 + 5990 / 10 * 9; the wall says 6390 */
    sapa_clock_advance(&clock, 100);
    assert_int_equal(sapa_clock_core_us(&clock), 6490); /* it has caught up */
    sapa_clock_core_floor(&clock, 9000);
    sapa_clock_core_floor(&clock, 8000);
    assert_int_equal(sapa_clock_core_us(&clock), 9000);
    sapa_clock_advance(&clock, 1000);
    assert_int_equal(sapa_clock_core_us(&clock), 9900);
}

static void machine_clock_runs(void **state)
{
    struct sapa_clock clock;

    (void)state;
    sapa_clock_init(&clock);
    const int64_t mono = sapa_clock_mono_us(&clock);
    const int64_t core = sapa_clock_core_us(&clock);
    assert_true(core > 1600000000LL * 1000000);
    while (sapa_mono_us() == mono) { /* ends within a microsecond or the test's time limit */
    }
    assert_true(sapa_clock_mono_us(&clock) > mono);
    assert_true(sapa_clock_core_us(&clock) >= core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(core_time_never_steps_back),
        cmocka_unit_test(machine_clock_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
