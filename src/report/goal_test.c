/* Which target holds when, and what is said of a figure. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "report/goal.h"

#define S(text) { text, sizeof(text) - 1 }

static struct sapa_client clients[] = { { .key = S("toko") }, { .key = S("bank") } };
static struct sapa_queue queues[] = {
    { .key = S("toko.penjualan"), .client = 0, .service_level_percent = 80 },
    { .key = S("bank.kartu"), .client = 1, .service_level_percent = 90 },
};
static struct sapa_team teams[] = { { .key = S("toko") }, { .key = S("bank") } };
static struct sapa_agent agents[] = { { .key = S("siti"), .team = 0 }, { .key = S("dewi"), .team = 1 }, { .key = S("eko"), .team = SAPA_NONE } };
static const struct sapa_centre centre = {
    .clients = clients, .clients_count = 2, .queues = queues, .queues_count = 2,
    .teams = teams, .teams_count = 2, .agents = agents, .agents_count = 3,
};

static struct sapa_goals goals;
static struct sapa_goal_found found;

static uint32_t figure(const char *key)
{
    const uint32_t at = sapa_figure_find(sapa_str_of(key));

    assert_int_not_equal(at, SAPA_NONE);
    return at;
}

static void set(enum sapa_goal_scope scope, const char *key, const char *of, int64_t value, int32_t from, int32_t to)
{
    struct sapa_goal *goal = &goals.of[goals.count++];

    *goal = (struct sapa_goal){ .scope = (uint8_t)scope, .figure = figure(of), .value = value, .from = from, .to = to };
    assert_true(sapa_str_copy(sapa_str_of(key), goal->key, sizeof(goal->key)));
}

static int begin(void **state)
{
    (void)state;
    goals.count = 0;
    return 0;
}

static bool queue(uint32_t index, const char *of, int32_t date)
{
    return sapa_goal_find(&goals, &centre, SAPA_ROWS_QUEUES, index, figure(of), date, &found);
}

/* From its first day to its last, both included; the one that began last is the one that holds. */
static void periods(void **state)
{
    (void)state;
    set(SAPA_GOAL_OF_QUEUE, "toko.penjualan", "asa", 20000, 20260101, 0);
    set(SAPA_GOAL_OF_QUEUE, "toko.penjualan", "asa", 10000, 20261201, 20261224);
    assert_false(queue(0, "asa", 20251231));
    assert_true(queue(0, "asa", 20260101) && found.value == 20000 && found.scope == SAPA_GOAL_OF_QUEUE && found.better == SAPA_BETTER_LOWER);
    assert_true(queue(0, "asa", 20261130) && found.value == 20000);
    assert_true(queue(0, "asa", 20261201) && found.value == 10000 && found.to == 20261224);
    assert_true(queue(0, "asa", 20261224) && found.value == 10000);
    assert_true(queue(0, "asa", 20261225) && found.value == 20000); /* the older one holds again */
    assert_false(queue(1, "asa", 20261201));
    assert_false(queue(0, "aht", 20261201));
}

/* Queue, then client, then all, then what the description says. Numbers of a day stay where they are set. */
static void defaults(void **state)
{
    (void)state;
    assert_true(queue(0, "service_level_1", 20261122) && found.value == 800000 && found.scope == SAPA_GOAL_OF_DESCRIPTION && found.from == 0);
    assert_false(queue(0, "service_level_2", 20261122));
    set(SAPA_GOAL_OF_ALL, "", "service_level_1", 750000, 20260101, 0);
    assert_true(queue(1, "service_level_1", 20261122) && found.value == 750000 && found.scope == SAPA_GOAL_OF_ALL);
    set(SAPA_GOAL_OF_CLIENT, "bank", "service_level_1", 850000, 20260101, 0);
    assert_true(queue(1, "service_level_1", 20261122) && found.value == 850000 && found.scope == SAPA_GOAL_OF_CLIENT);
    assert_true(queue(0, "service_level_1", 20261122) && found.value == 750000);
    set(SAPA_GOAL_OF_QUEUE, "bank.kartu", "service_level_1", 950000, 20260101, 20260131);
    assert_true(queue(1, "service_level_1", 20260115) && found.value == 950000);
    assert_true(queue(1, "service_level_1", 20260201) && found.value == 850000);
    assert_true(sapa_goal_find(&goals, &centre, SAPA_ROWS_CLIENTS, 0, figure("service_level_1"), 20261122, &found) && found.value == 750000);
    assert_true(sapa_goal_find(&goals, &centre, SAPA_ROWS_TOTAL, 0, figure("service_level_1"), 20261122, &found) && found.value == 750000);
    assert_false(sapa_goal_find(&goals, &centre, SAPA_ROWS_TRUNKS, 0, figure("cost_per_outbound"), 20261122, &found));

    set(SAPA_GOAL_OF_ALL, "", "handled", 900, 20260101, 0);
    set(SAPA_GOAL_OF_CLIENT, "bank", "handled", 300, 20260101, 0);
    assert_false(queue(1, "handled", 20261122));
    assert_true(sapa_goal_find(&goals, &centre, SAPA_ROWS_CLIENTS, 1, figure("handled"), 20261122, &found) && found.value == 300);
    assert_false(sapa_goal_find(&goals, &centre, SAPA_ROWS_AGENTS, 0, figure("handled"), 20261122, &found));
}

/* Of a team: for each of its people. */
static void people(void **state)
{
    (void)state;
    set(SAPA_GOAL_OF_TEAM, "toko", "handled", 40, 20260101, 0);
    set(SAPA_GOAL_OF_TEAM, "toko", "aht", 240000, 20260101, 0);
    set(SAPA_GOAL_OF_ALL, "", "aht", 300000, 20260101, 0);
    set(SAPA_GOAL_OF_ALL, "", "service_level_1", 800000, 20260101, 0);
    assert_true(sapa_goal_find(&goals, &centre, SAPA_ROWS_AGENTS, 0, figure("handled"), 20261122, &found) && found.value == 40);
    assert_true(sapa_goal_find_team(&goals, &centre, 0, 5, figure("handled"), 20261122, &found) && found.value == 200);
    assert_false(sapa_goal_find_team(&goals, &centre, 0, 0, figure("handled"), 20261122, &found)); /* nobody is at work */
    assert_true(sapa_goal_find_team(&goals, &centre, 0, 0, figure("aht"), 20261122, &found));
    assert_true(sapa_goal_find_team(&goals, &centre, 0, 5, figure("aht"), 20261122, &found) && found.value == 240000);
    assert_true(sapa_goal_find(&goals, &centre, SAPA_ROWS_AGENTS, 1, figure("aht"), 20261122, &found) && found.value == 300000);
    assert_true(sapa_goal_find(&goals, &centre, SAPA_ROWS_AGENTS, 2, figure("aht"), 20261122, &found) && found.scope == SAPA_GOAL_OF_ALL);
    assert_false(sapa_goal_find(&goals, &centre, SAPA_ROWS_AGENTS, 1, figure("handled"), 20261122, &found));
    assert_false(sapa_goal_find(&goals, &centre, SAPA_ROWS_AGENTS, 0, figure("service_level_1"), 20261122, &found)); /* of contacts */
    assert_false(sapa_goal_find(&goals, &centre, SAPA_ROWS_AGENTS, 9, figure("aht"), 20261122, &found));
}

static void judged(void **state)
{
    const struct sapa_goal_found level = { .value = 800000, .better = SAPA_BETTER_HIGHER }, wait = { .value = 20000, .better = SAPA_BETTER_LOWER },
                                 handled = { .value = 40, .better = SAPA_BETTER_HIGHER }, missed = { .value = 3, .better = SAPA_BETTER_LOWER };

    (void)state;
    assert_int_equal(sapa_goal_judge(&level, figure("service_level_1"), 800000, false), SAPA_GOAL_MET);
    assert_int_equal(sapa_goal_judge(&level, figure("service_level_1"), 799999, false), SAPA_GOAL_MISSED);
    assert_int_equal(sapa_goal_judge(&level, figure("service_level_1"), SAPA_KPI_NONE, true), SAPA_GOAL_NONE);
    assert_int_equal(sapa_goal_judge(&wait, figure("asa"), 20000, false), SAPA_GOAL_MET);
    assert_int_equal(sapa_goal_judge(&wait, figure("asa"), 20001, false), SAPA_GOAL_MISSED);
    assert_int_equal(sapa_goal_judge(&handled, figure("handled"), 39, false), SAPA_GOAL_OPEN);
    assert_int_equal(sapa_goal_judge(&handled, figure("handled"), 39, true), SAPA_GOAL_MISSED);
    assert_int_equal(sapa_goal_judge(&handled, figure("handled"), 40, false), SAPA_GOAL_MET);
    assert_int_equal(sapa_goal_judge(&missed, figure("offers_missed"), 4, false), SAPA_GOAL_MISSED); /* it will not become less */
    assert_int_equal(sapa_goal_judge(&missed, figure("offers_missed"), 3, false), SAPA_GOAL_MET);
}

static void what_can_be_a_target(void **state)
{
    (void)state;
    assert_true(sapa_goal_figure_is(figure("service_level_1"), SAPA_GOAL_OF_QUEUE));
    assert_false(sapa_goal_figure_is(figure("service_level_1"), SAPA_GOAL_OF_TEAM));
    assert_true(sapa_goal_figure_is(figure("occupancy"), SAPA_GOAL_OF_TEAM));
    assert_true(sapa_goal_figure_is(figure("occupancy"), SAPA_GOAL_OF_ALL));
    assert_false(sapa_goal_figure_is(figure("occupancy"), SAPA_GOAL_OF_QUEUE));
    assert_false(sapa_goal_figure_is(figure("calls_placed"), SAPA_GOAL_OF_ALL)); /* a number of a day of people */
    assert_false(sapa_goal_figure_is(figure("offered"), SAPA_GOAL_OF_ALL));      /* neither better nor worse */
    assert_false(sapa_goal_figure_is(figure("fcr"), SAPA_GOAL_OF_ALL));          /* nothing counts it yet */
    assert_true(sapa_goal_figure_is(figure("adherence"), SAPA_GOAL_OF_TEAM));
    assert_false(sapa_goal_figure_is(sapa_figure_count(), SAPA_GOAL_OF_ALL));
    assert_false(sapa_goal_figure_is(figure("aht"), SAPA_GOAL_OF_DESCRIPTION));
    assert_int_equal(sapa_goal_date(NULL, 1767225599), 20251231);
    assert_int_equal(sapa_goal_date(NULL, 1767225600), 20260101);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(periods, begin), cmocka_unit_test_setup(defaults, begin), cmocka_unit_test_setup(people, begin),
        cmocka_unit_test(judged), cmocka_unit_test(what_can_be_a_target),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
