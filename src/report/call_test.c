#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "report/call.h"
#include "report/fixture_impl.h"

struct given {
    struct sapa_names names;
    struct sapa_centre centre;
    struct sapa_calls calls;
    struct sapa_call last; /* the record handed out last */
    unsigned count;
    uint64_t seq;
};

static void finished(void *ctx, const struct sapa_call *call)
{
    struct given *g = ctx;

    g->last = *call;
    g->count++;
}

static void begin(struct given *g)
{
    memset(g, 0, sizeof(*g));
    g->centre = fix_centre(0);
    sapa_names_init(&g->names, sapa_memory_heap());
    assert_int_equal(sapa_names_take(&g->names, &g->centre), SAPA_OK);
    sapa_calls_init(&g->calls, sapa_memory_heap(), &g->names);
    g->calls.finished = finished;
    g->calls.ctx = g;
}

static void done(struct given *g)
{
    sapa_calls_done(&g->calls);
    sapa_names_done(&g->names);
}

/* Lines as in test/report/day.log. */
static void say(struct given *g, const char *lines)
{
    struct sapa_str rest = sapa_str_of(lines);
    struct sapa_record record;

    while (rest.n > 0) {
        const struct sapa_str line = sapa_str_cut(rest, '\n', &rest);
        if (fix_parse(line, &g->seq, &record))
            assert_int_equal(sapa_calls_fold(&g->calls, &record), SAPA_OK);
    }
}

#define OPEN                                                                          \
    "09:00:00 contact_arrived contact=1 number=0\n"                                   \
    "09:00:00 contact_new contact=1 client=0 number=0\n"                              \
    "09:00:00 contact_queued contact=1 queue=0 position=1\n"
#define TALK(policy, recording)                                                       \
    "09:00:10 offer_made offer=5 contact=1 agent=0 queue=0\n"                         \
    "09:00:15 offer_ended offer=5 contact=1 agent=0 queue=0 result=1 ring_ms=5000\n"  \
    "09:00:15 contact_dequeued contact=1 queue=0 reason=0 wait_ms=15000\n"            \
    "09:00:15 contact_connected contact=1 offer=5 agent=0 queue=0 recording=" #recording " policy=" #policy "\n"
#define PART                                                                          \
    "09:01:15 contact_parted contact=1 offer=5 agent=0 queue=0 talk_ms=60000 side=1\n"
#define WRAP "09:01:15 assignment_moved agent=0 contact=1 offer=5 from=2 to=4\n"
#define END                                                                           \
    "09:01:15 contact_ended contact=1 outcome=1 side=1 total_ms=75000 queue_ms=15000 answered=1\n"

/* The record waits for the wrap-up and for the recorder, and no longer. */
static void test_when_it_is_finished(void **state)
{
    struct given g;

    (void)state;
    begin(&g);
    say(&g, OPEN TALK(1, 9) PART WRAP END "09:01:30 tick\n09:02:30 tick\n");
    assert_int_equal(g.count, 0); /* still in wrap-up, even after the linger */
    assert_non_null(sapa_calls_find(&g.calls, 1));
    say(&g, "09:02:40 recording_state contact=1 recording=9 state=3 recorded_ms=60000\n"
            "09:02:40 wrapup_ended contact=1 offer=5 agent=0 queue=0 wrapup_ms=85000 disposition=0\n09:02:45 tick\n");
    assert_int_equal(g.count, 1);
    assert_false(g.last.late);
    assert_int_equal(g.last.recorded_ms, 60000);
    assert_int_equal(g.last.unrecorded_ms, 0);
    assert_int_equal(g.last.wrapup_ms, 85000);
    assert_null(sapa_calls_find(&g.calls, 1));
    assert_int_equal(g.calls.open.count + g.calls.closed.count, 0);
    say(&g, "09:03:00 recording_state contact=1 recording=9 state=3\n"); /* too late: counted, harmless */
    assert_int_equal(g.calls.after, 1);
    done(&g);

    begin(&g); /* a recorder that never answers */
    say(&g, OPEN TALK(1, 9) PART END "09:01:20 tick\n09:02:14 tick\n");
    assert_int_equal(g.count, 0);
    say(&g, "09:02:16 tick\n");
    assert_int_equal(g.count, 1);
    assert_true(g.last.late);
    assert_int_equal(g.last.unrecorded_ms, 60000); /* and the meter says so */
    done(&g);

    begin(&g); /* the log ends: the recorder has its minute, a leg's report is not waited for */
    say(&g, OPEN TALK(1, 9) PART END "09:01:20 tick\n");
    sapa_calls_flush(&g.calls);
    assert_int_equal(g.count, 0);
    say(&g, "09:02:30 tick\n");
    sapa_calls_flush(&g.calls);
    assert_int_equal(g.count, 1);
    done(&g);

    begin(&g); /* nothing to wait for but the legs' last reports */
    say(&g, OPEN "09:00:20 contact_dequeued contact=1 queue=0 reason=1 wait_ms=20000\n"
                 "09:00:20 contact_ended contact=1 outcome=3 total_ms=20000\n09:00:21 tick\n");
    assert_int_equal(g.count, 1);
    assert_int_equal(g.last.outcome, SAPA_OUTCOME_ABANDONED_QUEUE);
    assert_int_equal(g.last.visits[0].reason, SAPA_DEQUEUE_ABANDONED);
    done(&g);
}

/* conversation = recorded + masked + excluded + unrecorded, under each policy. */
static void test_meter(void **state)
{
    struct given g;

    (void)state;
#define METER(policy, recording, lines, recorded, masked, excluded, unrecorded)       \
    begin(&g);                                                                        \
    say(&g, OPEN TALK(policy, recording) PART END lines "09:30:00 tick\n09:40:00 tick\n"); \
    assert_int_equal(g.count, 1);                                                     \
    assert_int_equal(g.last.conversation_ms, 60000);                                  \
    assert_int_equal(g.last.recorded_ms, recorded);                                   \
    assert_int_equal(g.last.masked_ms, masked);                                       \
    assert_int_equal(g.last.excluded_ms, excluded);                                   \
    assert_int_equal(g.last.unrecorded_ms, unrecorded);                               \
    done(&g)
#define STATE(state, recorded, masked) \
    "09:01:16 recording_state contact=1 recording=9 state=" #state " recorded_ms=" #recorded " masked_ms=" #masked "\n"

    METER(0, 0, "", 0, 0, 60000, 0);                               /* none */
    METER(1, 9, STATE(3, 60000, 0), 60000, 0, 0, 0);               /* all */
    METER(1, 9, STATE(3, 40000, 20000), 40000, 20000, 0, 0);       /* card data */
    METER(1, 9, STATE(3, 58500, 0), 58500, 0, 0, 1500);            /* a hole */
    METER(1, 9, STATE(3, 75000, 0), 60000, 0, 0, 0);               /* music after a requeue too: no more than was said */
    METER(1, 9, STATE(4, 60000, 0), 0, 0, 0, 60000);               /* the file is bad */
    METER(1, 9, STATE(2, 30000, 5000), 30000, 5000, 0, 25000);     /* the recorder died on the way */
    METER(1, 9, STATE(1, 60000, 0) STATE(3, 60000, 30000), 60000, 0, 0, 0); /* a survey afterwards is masked, and none of it */
    METER(1, 9, STATE(1, 50000, 4000) STATE(2, 50000, 34000) STATE(3, 50000, 34000), 50000, 4000, 0, 6000); /* nor does it hide a hole */
    METER(1, 9, STATE(3, 40000, 90000), 40000, 20000, 0, 0); /* a pause that was forgotten */
    METER(2, 0, "", 0, 0, 60000, 0);                               /* share: not drawn */
    METER(2, 9, STATE(3, 60000, 0), 60000, 0, 0, 0);               /* share: drawn */
    METER(3, 0, "", 0, 0, 60000, 0);                               /* on demand: never asked */
    METER(3, 0, STATE(3, 20000, 0), 20000, 0, 40000, 0);           /* on demand: from the middle */
#undef METER
#undef STATE
}

/* Two agents after each other; the second owes no recording. Both together count once. */
static void test_two_agents(void **state)
{
    struct given g;

    (void)state;
    begin(&g);
    say(&g, OPEN TALK(1, 9) PART
        "09:01:15 contact_queued contact=1 queue=2 position=1\n"
        "09:01:15 offer_made offer=6 contact=1 agent=1 queue=2\n"
        "09:01:25 offer_ended offer=6 contact=1 agent=1 queue=2 result=1 ring_ms=10000\n"
        "09:01:25 contact_dequeued contact=1 queue=2 reason=0 wait_ms=10000\n"
        "09:01:25 contact_connected contact=1 offer=6 agent=1 queue=2 policy=0\n"
        "09:01:55 contact_parted contact=1 offer=6 agent=1 queue=2 talk_ms=30000 side=0\n"
        "09:01:55 survey_answered contact=1 agent=1 queue=2 question=nps answer=9\n"
        "09:02:00 contact_ended contact=1 outcome=1 total_ms=120000 answered=1\n"
        "09:02:00 recording_state contact=1 recording=9 state=3 recorded_ms=60000\n09:10:00 tick\n");
    assert_int_equal(g.count, 1);
    assert_int_equal(g.last.part_count, 2);
    assert_int_equal(g.last.visit_count, 2);
    assert_int_equal(g.last.agent, 1);
    assert_int_equal(g.last.conversation_ms, 90000);
    assert_int_equal(g.last.recorded_ms, 60000);
    assert_int_equal(g.last.excluded_ms, 30000);
    assert_int_equal(g.last.talk_ms, 90000);
    assert_int_equal(g.last.offers.made, 2);
    assert_int_equal(g.last.offers.accepted, 2);
    assert_int_equal(g.last.offers.ring_ms, 15000);
    assert_int_equal(g.last.answer_count, 1);
    assert_string_equal(g.last.answers[0].question, "nps");
    done(&g);
}

#define NEXT(policy, recording)                                                          \
    "09:01:15 contact_queued contact=1 queue=2 position=1\n"                             \
    "09:01:15 offer_made offer=6 contact=1 agent=1 queue=2\n"                            \
    "09:01:15 offer_ended offer=6 contact=1 agent=1 queue=2 result=1\n"                  \
    "09:01:15 contact_dequeued contact=1 queue=2 reason=0\n"                             \
    "09:01:15 contact_connected contact=1 offer=6 agent=1 queue=2 recording=" #recording " policy=" #policy "\n"
#define STATE(at, id, state, recorded) \
    at " recording_state contact=1 recording=" #id " state=" #state " recorded_ms=" #recorded "\n"
#define OVER                                                                              \
    "09:01:45 contact_parted contact=1 offer=6 agent=1 queue=2 talk_ms=30000 side=0\n"   \
    "09:01:45 contact_ended contact=1 outcome=1 total_ms=105000 answered=1\n"

/* A minute in one queue, half a minute in the next: each stretch by its own policy and its own recordings. */
static void test_policy_of_each_stretch(void **state)
{
    struct given g;

    (void)state;
#define TWO(p1, r1, lines1, p2, r2, lines2, recorded, excluded, unrecorded, forbidden)        \
    begin(&g);                                                                              \
    say(&g, OPEN TALK(p1, r1) lines1 PART NEXT(p2, r2) lines2 OVER "09:30:00 tick\n09:40:00 tick\n"); \
    assert_int_equal(g.count, 1);                                                           \
    assert_int_equal(g.last.conversation_ms, 90000);                                        \
    assert_int_equal(g.last.recorded_ms, recorded);                                         \
    assert_int_equal(g.last.masked_ms, 0);                                                  \
    assert_int_equal(g.last.excluded_ms, excluded);                                         \
    assert_int_equal(g.last.unrecorded_ms, unrecorded);                                     \
    assert_int_equal(g.last.forbidden_ms, forbidden);                                       \
    done(&g)
#define ON9 STATE("09:00:15", 9, 0, 0)
#define END9 STATE("09:01:15", 9, 3, 60000)
#define ON8 STATE("09:01:15", 8, 0, 0)

    /* none, then all */
    TWO(0, 0, "", 1, 8, ON8 STATE("09:01:45", 8, 3, 30000), 30000, 60000, 0, 0);
    /* all, then none: it ended with the first */
    TWO(1, 9, ON9, 0, 0, END9, 60000, 30000, 0, 0);
    /* it goes on although the second is not to be recorded */
    TWO(1, 9, ON9, 0, 0, STATE("09:01:45", 9, 3, 90000), 60000, 30000, 0, 30000);
    /* ... and half a minute of what is owed is missing: the one does not make up for the other */
    TWO(1, 9, "09:00:45 recording_state contact=1 recording=9 state=3 recorded_ms=30000\n", 3, 0,
        ON8 STATE("09:01:45", 8, 3, 30000), 60000, 0, 30000, 0);
    /* on demand and asked for, then all: two recordings */
    TWO(3, 0, STATE("09:00:55", 9, 0, 0), 1, 8, STATE("09:01:15", 9, 3, 20000) ON8 STATE("09:01:45", 8, 3, 30000),
        50000, 40000, 0, 0);
    /* share, not drawn, then all, and nothing began */
    TWO(2, 0, "", 1, 8, "", 0, 60000, 30000, 0);
    /* masked as it should be: a recorder that pauses records nothing */
    TWO(1, 9, ON9 STATE("09:01:15", 9, 1, 60000), 0, 0, STATE("09:01:45", 9, 3, 60000), 60000, 30000, 0, 0);
}

/* Lists are bounded: what finds no room is counted, the rest stays right. */
static void test_bounds(void **state)
{
    struct given g;
    struct sapa_record record;

    (void)state;
    begin(&g);
    say(&g, OPEN);
    for (unsigned i = 0; i < 1000; i++) {
        sapa_record_init(&record, SAPA_T_flow_step);
        record.seq = ++g.seq;
        record.at_us = g.calls.now_us;
        record.u.flow_step.contact = 1;
        record.u.flow_step.node = i;
        assert_int_equal(sapa_calls_fold(&g.calls, &record), SAPA_OK);
        sapa_record_init(&record, SAPA_T_recording_state);
        record.seq = ++g.seq;
        record.at_us = g.calls.now_us;
        record.u.recording_state.contact = 1;
        record.u.recording_state.recording = i + 1;
        record.u.recording_state.state = 3;
        assert_int_equal(sapa_calls_fold(&g.calls, &record), SAPA_OK);
    }
    say(&g, "09:05:00 contact_ended contact=1 outcome=5 side=2\n09:06:30 tick\n");
    assert_int_equal(g.count, 1);
    assert_int_equal(g.last.step_count, SAPA_CALL_STEPS_MAX);
    assert_int_equal(g.last.recording_count, SAPA_CALL_RECORDINGS_MAX);
    assert_int_equal(g.last.dropped, 1000 - SAPA_CALL_STEPS_MAX + 1000 - SAPA_CALL_RECORDINGS_MAX);
    done(&g);
}

/* Nothing was promised while nobody was ready: that is null, and not seven weeks. */
static void test_unknown_wait(void **state)
{
    static char buf[8192];
    struct sapa_text text;
    struct given g;

    (void)state;
    begin(&g);
    say(&g, "09:00:00 contact_arrived contact=1 number=0\n"
            "09:00:00 contact_new contact=1 client=0 number=0\n"
            "09:00:00 contact_queued contact=1 queue=0 position=1 ewt_p50_ms=4294967295 ewt_p90_ms=4294967295\n"
            "09:01:00 contact_dequeued contact=1 queue=0 reason=7\n"
            "09:01:00 contact_queued contact=1 queue=0 position=1 ewt_p50_ms=61000 ewt_p90_ms=90000\n"
            "09:05:00 contact_ended contact=1 outcome=3 side=0\n09:06:30 tick\n");
    assert_int_equal(g.count, 1);
    const struct sapa_call_show show = { &g.names, &fix_zones[0], SAPA_LANGUAGE_EN, true, 0 };
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_call_json(&g.last, &show, &text);
    assert_non_null(strstr(buf, "\"ewt_p50_ms\":null,\"ewt_p90_ms\":null"));
    assert_non_null(strstr(buf, "\"ewt_p50_ms\":61000,\"ewt_p90_ms\":90000"));
    assert_null(strstr(buf, "4294967295"));
    done(&g);
}

/* The most that a record can hold, printed: still inside the promised room. */
static void test_fullest_json(void **state)
{
    static char buf[16384];
    struct sapa_text text;
    struct sapa_call call;
    struct given g;

    (void)state;
    begin(&g);
    memset(&call, 0x7f, sizeof(call));
    call.client = call.number = call.queue = call.agent = 0;
    call.visit_count = SAPA_CALL_VISITS_MAX;
    call.part_count = SAPA_CALL_PARTS_MAX;
    call.recording_count = SAPA_CALL_RECORDINGS_MAX;
    call.leg_count = SAPA_CALL_LEGS_MAX;
    call.step_count = SAPA_CALL_STEPS_MAX;
    call.answer_count = SAPA_CALL_ANSWERS_MAX;
    call.transfer_count = SAPA_CALL_TRANSFERS_MAX;
    call.outside_count = SAPA_CALL_OUTSIDES_MAX;
    call.answered = call.erased = call.late = call.owes = call.conference = true;
    memset(call.address, '\1', sizeof(call.address) - 1);
    call.address[sizeof(call.address) - 1] = '\0';
    memset(call.reference, '"', sizeof(call.reference) - 1);
    call.reference[sizeof(call.reference) - 1] = '\0';
    call.arrived_us = call.opened_us = call.answered_us = call.queued_us = call.connected_us = call.ended_us =
        FIX_MIDNIGHT_S * 1000000;
    for (unsigned i = 0; i < SAPA_CALL_VISITS_MAX; i++) {
        call.visits[i].queued_us = FIX_MIDNIGHT_S * 1000000;
        call.visits[i].queue = 0;
        call.visits[i].is_callback = true;
        call.visits[i].reason = SAPA_DEQUEUE_OVERFLOW_EWT;
    }
    for (unsigned i = 0; i < SAPA_CALL_PARTS_MAX; i++) {
        call.parts[i].agent = call.parts[i].queue = call.parts[i].disposition = 0;
        call.parts[i].connected_us = call.parts[i].parted_us = FIX_MIDNIGHT_S * 1000000;
        call.parts[i].joined = true;
    }
    for (unsigned i = 0; i < SAPA_CALL_RECORDINGS_MAX; i++)
        call.recordings[i].is_voicemail = false;
    for (unsigned i = 0; i < SAPA_CALL_TRANSFERS_MAX; i++)
        call.transfers[i] = (struct sapa_call_transfer){ .at_us = FIX_MIDNIGHT_S * 1000000, .other = UINT64_MAX,
                                                         .kind = SAPA_TARGET_NUMBER, .asked = true };
    for (unsigned i = 0; i < SAPA_CALL_OUTSIDES_MAX; i++)
        call.outsides[i].joined_us = call.outsides[i].left_us = FIX_MIDNIGHT_S * 1000000;
    for (unsigned i = 0; i < SAPA_CALL_ANSWERS_MAX; i++)
        call.answers[i].question[sizeof(call.answers[i].question) - 1] = '\0';
    const struct sapa_call_show show = { &g.names, &fix_zones[0], SAPA_LANGUAGE_EN, true, 0 };
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_call_json(&call, &show, &text);
    assert_false(text.cut);
    done(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_when_it_is_finished), cmocka_unit_test(test_meter), cmocka_unit_test(test_two_agents),
        cmocka_unit_test(test_policy_of_each_stretch), cmocka_unit_test(test_bounds), cmocka_unit_test(test_unknown_wait),
        cmocka_unit_test(test_fullest_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
