/* Limits of the description against a core and the fold of its day, by the clock of the test. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "app/alerts.h"
#include "core/world_impl.h"

enum { SALES };

struct test {
    struct world w;
    struct sapa_names names;
    struct sapa_live live;
    struct sapa_alerts *alerts;
    uint64_t seq;
    unsigned posts;
};

static void fold(struct test *t)
{
    for (uint32_t i = 0; i < t->w.out_count; i++) {
        struct sapa_record *r = &t->w.out[i];
        if (sapa_type_is_command(r->type))
            continue;
        r->seq = ++t->seq;
        assert_int_equal(sapa_live_fold(&t->live, r), SAPA_OK);
    }
    world_clear(&t->w);
}

static bool post(void *ctx, struct sapa_record *input)
{
    struct test *t = ctx;

    t->posts++;
    world_step(&t->w, input);
    return true;
}

static void second(struct test *t)
{
    t->w.now_us += 1000000;
    fold(t);
    sapa_alerts_second(t->alerts, t->w.core, &t->live, t->w.now_us, post, t);
    fold(t);
}

static void seconds(struct test *t, unsigned n)
{
    while (n-- > 0)
        second(t);
}

static bool on(const struct test *t, enum sapa_alert kind, uint32_t target)
{
    return sapa_core_alert_is_on(t->w.core, kind, target);
}

static int setup(void **state)
{
    struct test *t = calloc(1, sizeof(*t));
    struct sapa_record start;

    assert_non_null(t);
    world_init(&t->w, 2, 1, 0);
    t->w.queues[SALES].alert_waiting = 4;
    t->w.queues[SALES].alert_longest_ms = 60000;
    t->w.queues[SALES].alert_level_percent = 80;
    t->w.queues[SALES].alert_abandoned_percent = 20;
    t->w.queues[SALES].service_level_ms = 20000;
    t->w.centre.system.alert_not_ready_ms = 600000;
    t->w.centre.system.alert_talk_ms = 300000;
    sapa_names_init(&t->names, sapa_memory_heap());
    sapa_live_init(&t->live, sapa_memory_heap(), &t->names);
    assert_int_equal(sapa_names_take(&t->names, &t->w.centre), SAPA_OK);
    world_start(&t->w);
    sapa_record_init(&start, SAPA_T_centre_started);
    sapa_sized_set(&start.u.centre_started.centre_hash, sapa_str_of(t->w.centre.hash));
    start.at_us = t->w.now_us;
    start.seq = ++t->seq;
    assert_int_equal(sapa_live_fold(&t->live, &start), SAPA_OK);
    assert_int_equal(sapa_alerts_new(&t->alerts), SAPA_OK);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct test *t = *state;

    sapa_alerts_free(t->alerts);
    sapa_live_done(&t->live);
    sapa_names_done(&t->names);
    world_done(&t->w);
    free(t);
    return 0;
}

static void a_queue_that_grows_and_shrinks(void **state)
{
    struct test *t = *state;
    uint64_t contacts[5];

    for (unsigned i = 0; i < 4; i++)
        contacts[i] = world_arrive(&t->w, SALES);
    second(t);
    assert_false(on(t, SAPA_ALERT_WAITING, SALES)); /* four may wait */
    contacts[4] = world_arrive(&t->w, SALES);
    seconds(t, 3);
    assert_true(on(t, SAPA_ALERT_WAITING, SALES));
    assert_int_equal(t->posts, 1); /* said once */
    WORLD_IN(&t->w, contact_gone, .contact = contacts[4], .side = SAPA_SIDE_CUSTOMER);
    second(t);
    assert_true(on(t, SAPA_ALERT_WAITING, SALES)); /* four are not three yet */
    WORLD_IN(&t->w, contact_gone, .contact = contacts[3], .side = SAPA_SIDE_CUSTOMER);
    second(t);
    assert_false(on(t, SAPA_ALERT_WAITING, SALES));
    assert_false(on(t, SAPA_ALERT_LONGEST, SALES));
    seconds(t, 60);
    assert_true(on(t, SAPA_ALERT_LONGEST, SALES));
    for (unsigned i = 0; i < 3; i++)
        WORLD_IN(&t->w, contact_gone, .contact = contacts[i], .side = SAPA_SIDE_CUSTOMER);
    second(t);
    assert_false(on(t, SAPA_ALERT_LONGEST, SALES));
}

static void shares_of_the_last_half_hour(void **state)
{
    struct test *t = *state;

    second(t); /* what came before the first look is not known */
    for (unsigned i = 0; i < 4; i++) {
        const uint64_t contact = world_arrive(&t->w, SALES);
        seconds(t, 30);
        WORLD_IN(&t->w, contact_gone, .contact = contact, .side = SAPA_SIDE_CUSTOMER);
        second(t);
    }
    assert_false(on(t, SAPA_ALERT_LEVEL, SALES)); /* four say nothing */
    const uint64_t fifth = world_arrive(&t->w, SALES);
    seconds(t, 30);
    WORLD_IN(&t->w, contact_gone, .contact = fifth, .side = SAPA_SIDE_CUSTOMER);
    second(t);
    assert_true(on(t, SAPA_ALERT_LEVEL, SALES));
    assert_true(on(t, SAPA_ALERT_ABANDONED, SALES));
    seconds(t, 1000);
    assert_true(on(t, SAPA_ALERT_LEVEL, SALES)); /* the half hour still holds them */
    seconds(t, 1000);
    assert_false(on(t, SAPA_ALERT_LEVEL, SALES)); /* though the day does */
    assert_false(on(t, SAPA_ALERT_ABANDONED, SALES));
}

static void agents_who_are_away_or_talk_too_long(void **state)
{
    struct test *t = *state;

    world_ready(&t->w, 0);
    WORLD_IN(&t->w, agent_command, .agent = 0, .verb = SAPA_VERB_NOT_READY, .code = SAPA_NONE);
    seconds(t, 600);
    assert_false(on(t, SAPA_ALERT_NOT_READY, 0));
    second(t);
    assert_true(on(t, SAPA_ALERT_NOT_READY, 0));
    assert_false(on(t, SAPA_ALERT_NOT_READY, 1)); /* he is not there at all */
    WORLD_IN(&t->w, alert, .kind = SAPA_ALERT_NOT_READY, .target = 0, .state = SAPA_ALERT_STATE_SEEN);
    seconds(t, 2);
    assert_true(on(t, SAPA_ALERT_NOT_READY, 0)); /* seen is not over */
    WORLD_IN(&t->w, agent_command, .agent = 0, .verb = SAPA_VERB_READY, .code = SAPA_NONE);
    second(t);
    assert_false(on(t, SAPA_ALERT_NOT_READY, 0));
    const uint64_t contact = world_arrive(&t->w, SALES);
    world_accept(&t->w, contact);
    seconds(t, 300);
    assert_false(on(t, SAPA_ALERT_TALK, 0));
    second(t);
    assert_true(on(t, SAPA_ALERT_TALK, 0));
    WORLD_IN(&t->w, contact_gone, .contact = contact, .side = SAPA_SIDE_CUSTOMER);
    second(t);
    assert_false(on(t, SAPA_ALERT_TALK, 0));
}

static void limits_that_are_taken_back(void **state)
{
    struct test *t = *state;

    for (unsigned i = 0; i < 5; i++)
        (void)world_arrive(&t->w, SALES);
    second(t);
    assert_true(on(t, SAPA_ALERT_WAITING, SALES));
    t->w.queues[SALES].alert_waiting = 0;
    second(t);
    assert_false(on(t, SAPA_ALERT_WAITING, SALES));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_queue_that_grows_and_shrinks),
        TEST(shares_of_the_last_half_hour),
        TEST(agents_who_are_away_or_talk_too_long),
        TEST(limits_that_are_taken_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
