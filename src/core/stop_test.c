/* The program was not there for a while: whose time that was. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/world_impl.h"

enum { HOUR_S = 3600 };

static void stop(struct world *w, int64_t seconds, bool whole)
{
    struct sapa_record in;

    w->now_us += seconds * 1000000;
    sapa_record_init(&in, SAPA_T_centre_started);
    sapa_sized_set(&in.u.centre_started.centre_hash, sapa_str_of(w->centre.hash));
    in.u.centre_started.stopped_us = w->now_us - seconds * 1000000;
    in.u.centre_started.whole = whole;
    world_clear(w);
    world_step(w, &in);
}

static uint64_t talk(struct world *w)
{
    const uint64_t contact = world_arrive(w, 0);

    world_accept(w, contact);
    world_wait(w, 30000);
    return contact;
}

/* An open wrap-up and a ready agent, and an hour with nobody there. */
static void an_hour(void **state)
{
    (void)state;
    for (unsigned whole = 0; whole < 2; whole++) {
        struct world w;
        struct sapa_agent_view view;
        world_init(&w, 2, 1, 1);
        w.queues[0].ring_ms = 20000;
        world_start(&w);
        world_ready(&w, 0);
        world_ready(&w, 1);
        world_wait(&w, 5000);
        const uint64_t contact = talk(&w);
        const uint32_t busy = world_agent_of(&w, contact), other = 1 - busy;
        WORLD_IN(&w, contact_gone, .contact = contact, .side = SAPA_SIDE_CUSTOMER);
        world_wait(&w, 4000);
        stop(&w, HOUR_S, whole);
        assert_int_equal(sapa_core_agent_get(w.core, other, w.now_us, &view), SAPA_OK);
        assert_int_equal((w.now_us - view.since_us) / 1000, 39000);
        assert_int_equal((w.now_us - view.idle_since_us) / 1000, 39000);
        world_wait(&w, 5900); /* six seconds of ten are left */
        assert_null(world_last(&w, SAPA_T_wrapup_ended));
        world_wait(&w, 100);
        assert_int_equal(world_last(&w, SAPA_T_wrapup_ended)->u.wrapup_ended.wrapup_ms, 10000);
        assert_int_equal(world_last(&w, SAPA_T_wrapup_ended)->u.wrapup_ended.how, 1);
        assert_int_equal(world_last(&w, SAPA_T_assignment_moved)->u.assignment_moved.was_ms, 10000);
        WORLD_IN(&w, agent_command, .agent = other, .verb = SAPA_VERB_NOT_READY, .code = 0);
        assert_int_equal(world_last(&w, SAPA_T_agent_moved)->u.agent_moved.was_ms, 45000);
        world_done(&w);
    }
}

/* Who talked on keeps his time, unless nobody can have. */
static void a_conversation(void **state)
{
    (void)state;
    for (unsigned whole = 0; whole < 2; whole++) {
        struct world w;
        world_init(&w, 1, 1, 1);
        world_start(&w);
        world_ready(&w, 0);
        const uint64_t contact = talk(&w);
        stop(&w, 60, whole);
        world_wait(&w, 1000);
        WORLD_IN(&w, contact_gone, .contact = contact, .side = whole ? SAPA_SIDE_SYSTEM : SAPA_SIDE_CUSTOMER);
        assert_int_equal(world_last(&w, SAPA_T_contact_parted)->u.contact_parted.talk_ms, whole ? 31000 : 91000);
        WORLD_IN(&w, agent_command, .agent = 0, .verb = SAPA_VERB_NOT_READY, .code = 0);
        assert_int_equal(world_last(&w, SAPA_T_agent_moved)->u.agent_moved.was_ms, whole ? 31000 : 91000);
        world_done(&w);
    }
}

/* A phone that rang does not ring on for an hour in the figures. */
static void an_offer(void **state)
{
    struct world w;

    (void)state;
    world_init(&w, 1, 1, 1);
    world_start(&w);
    world_ready(&w, 0);
    const uint64_t contact = world_arrive(&w, 0);
    assert_int_not_equal(world_offer(&w, contact, 0), 0);
    world_wait(&w, 7000);
    stop(&w, HOUR_S, false);
    const struct sapa_record *ended = world_last(&w, SAPA_T_offer_ended);
    assert_non_null(ended);
    assert_int_equal(ended->u.offer_ended.result, SAPA_OFFER_FAULT); /* and it is no miss of his */
    assert_int_equal(ended->u.offer_ended.ring_ms, 7000);
    world_done(&w);
}

/* A description that takes force while the program runs, and a clock that says nothing, change no time. */
static void no_stop(void **state)
{
    struct world w;

    (void)state;
    world_init(&w, 1, 1, 1);
    world_start(&w);
    world_ready(&w, 0);
    world_wait(&w, 10000);
    world_begin_centre(&w);
    struct sapa_record in;
    sapa_record_init(&in, SAPA_T_centre_started);
    sapa_sized_set(&in.u.centre_started.centre_hash, sapa_str_of(w.centre.hash));
    in.u.centre_started.stopped_us = w.now_us + 5000000; /* later than now */
    world_step(&w, &in);
    WORLD_IN(&w, agent_command, .agent = 0, .verb = SAPA_VERB_NOT_READY, .code = 0);
    assert_int_equal(world_last(&w, SAPA_T_agent_moved)->u.agent_moved.was_ms, 10000);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_hour), cmocka_unit_test(a_conversation), cmocka_unit_test(an_offer), cmocka_unit_test(no_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
