/* Callbacks and flows as the core sees them: places that are kept, attempts that fail, what follows a call. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/world_impl.h"
#include "model/segment.h"
#include "speech/say.h"

enum { QUEUE, CALLBACK, SURVEY, BYE, NODES };

static struct sapa_flow flows[WORLD_QUEUES];
static struct sapa_flow_node nodes[WORLD_QUEUES][NODES];
static const struct sapa_flow_part parts[1];
static const struct sapa_prompt prompts[1] = {
    { .key = { "words", 5 }, .client = SAPA_NONE, .text = { { "kata", 4 }, { "words", 5 } } }
};

/* A centre whose numbers lead through a flow: queue, callback, survey after the conversation, goodbye. */
static void with_flows(struct world *w)
{
    static const char *const keys[] = { "queue", "callback", "survey", "bye" };

    for (uint32_t q = 0; q < w->centre.queues_count; q++) {
        for (unsigned i = 0; i < NODES; i++) {
            nodes[q][i] = (struct sapa_flow_node){ .key = sapa_str_of(keys[i]),
                                                   .queue = SAPA_NONE,
                                                   .variable = SAPA_NONE,
                                                   .expr = SAPA_NONE,
                                                   .hours = SAPA_NONE,
                                                   .agent = SAPA_NONE,
                                                   .music = SAPA_NONE,
                                                   .timeout_ms = 5000,
                                                   .retries = 1 };
            for (unsigned e = 0; e < SAPA_EDGE_COUNT; e++)
                nodes[q][i].edge[e] = SAPA_NONE;
        }
        struct sapa_flow_node *n = nodes[q];
        n[QUEUE].kind = SAPA_NODE_QUEUE;
        n[QUEUE].queue = q;
        n[QUEUE].offer_after_ms = 1000;
        n[QUEUE].offer_key = '1';
        n[QUEUE].edge[SAPA_EDGE_OVERFLOW] = n[QUEUE].edge[SAPA_EDGE_NOBODY] = BYE;
        n[QUEUE].edge[SAPA_EDGE_CALLBACK] = CALLBACK;
        n[QUEUE].edge[SAPA_EDGE_AFTER] = SURVEY;
        n[CALLBACK].kind = SAPA_NODE_CALLBACK;
        n[CALLBACK].edge[SAPA_EDGE_NEXT] = n[CALLBACK].edge[SAPA_EDGE_FAILED] = BYE;
        n[CALLBACK].offer = (struct sapa_flow_say){ 0, 1 };
        n[SURVEY].kind = SAPA_NODE_SURVEY;
        n[SURVEY].name = SAPA_STR("satisfied");
        n[SURVEY].digits_min = 1;
        n[SURVEY].digits_max = 5;
        n[SURVEY].barge_in = 1;
        n[SURVEY].edge[SAPA_EDGE_NEXT] = BYE;
        n[BYE].kind = SAPA_NODE_HANGUP;
        flows[q] = (struct sapa_flow){ .key = w->queues[q].key,
                                       .nodes = nodes[q],
                                       .nodes_count = NODES,
                                       .parts = parts,
                                       .parts_count = 1 };
        w->queues[q].callback_attempts = 2;
        w->queues[q].callback_retry_ms = 60000;
        w->queues[q].wrapup_ms = 0;
    }
    w->centre.flows = flows;
    w->centre.flows_count = w->centre.queues_count;
    w->centre.prompts = prompts;
    w->centre.prompts_count = 1;
}

#define WITH(w, agents, queues)       \
    struct world w_;                  \
    struct world *w = &w_;            \
    world_init(w, agents, queues, 0); \
    with_flows(w)

static uint64_t call_in(struct world *w, uint32_t number, uint64_t person)
{
    struct sapa_record in;
    const uint64_t contact = sapa_id_make(1, w->next_contact++);

    sapa_record_init(&in, SAPA_T_contact_arrived);
    in.u.contact_arrived = (struct sapa_rec_contact_arrived){
        .contact = contact, .number = number, .person = person, .last_agent = SAPA_NONE
    };
    sapa_sized_set(&in.u.contact_arrived.address, SAPA_STR("6281234567"));
    world_step(w, &in);
    WORLD_IN(w, contact_answered, .contact = contact, .leg = 1);
    return contact;
}

static void press(struct world *w, uint64_t contact, char key)
{
    WORLD_IN(w, digit, .contact = contact, .side = SAPA_SIDE_CUSTOMER, .digit = { 1, { key } });
}

static void play_out(struct world *w, uint64_t contact)
{
    const struct sapa_record *play = world_last(w, SAPA_T_cmd_play);

    assert_non_null(play);
    WORLD_IN(w, play_done, .contact = contact, .play = play->u.cmd_play.play);
}

/* Takes the callback and hangs up. */
static void ask_back(struct world *w, uint64_t contact)
{
    world_wait(w, 1500);
    press(w, contact, '1'); /* yes, call me back */
    press(w, contact, '1'); /* on this number */
    play_out(w, contact);
}

static uint8_t place_of(const struct world *w, uint64_t contact)
{
    struct sapa_contact_view view;

    return sapa_core_contact_get(w->core, contact, w->now_us, &view) == SAPA_OK ? view.place
                                                                                : SAPA_PLACE_ENDED;
}

static const struct sapa_rec_contact_ended *ended(const struct world *w, uint64_t contact)
{
    for (uint32_t i = 0; i < w->out_count; i++)
        if (w->out[i].type == SAPA_T_contact_ended && w->out[i].u.contact_ended.contact == contact)
            return &w->out[i].u.contact_ended;
    return NULL;
}

/* "Place {position}, {waited}. Wait {ewt_p50}." as the first words of every queue. */
static void with_words(struct world *w)
{
    static const struct sapa_expr_op ops[] = { { SAPA_EXPR_FACT, SAPA_FACT_POSITION },
                                               { SAPA_EXPR_FACT, SAPA_FACT_EWT_P50 } };
    static const struct sapa_expr exprs[] = { { 0, 1, SAPA_VALUE_INT },
                                              { 1, 1, SAPA_VALUE_DURATION } };
    static const struct sapa_flow_piece pieces[] = {
        { { "Place ", 6 }, SAPA_NONE, 0 },    { { NULL, 0 }, 0, SAPA_FORMAT_CARDINAL },
        { { ". Wait ", 7 }, SAPA_NONE, 0 },   { { NULL, 0 }, 1, SAPA_FORMAT_DURATION },
        { { ". Thanks.", 9 }, SAPA_NONE, 0 },
    };
    static const struct sapa_flow_part spoken[] = { { SAPA_NONE, { { 0, 5 }, { 0, 5 } } } };

    for (uint32_t q = 0; q < w->centre.queues_count; q++) {
        nodes[q][QUEUE].say = (struct sapa_flow_say){ 0, 1 };
        flows[q].parts = spoken;
        flows[q].pieces = pieces;
        flows[q].pieces_count = SAPA_COUNT(pieces);
        flows[q].exprs = exprs;
        flows[q].exprs_count = SAPA_COUNT(exprs);
        flows[q].ops = ops;
        flows[q].ops_count = SAPA_COUNT(ops);
        w->numbers[q].language = SAPA_LANGUAGE_EN;
    }
}

/* The words of the last play command. */
static struct sapa_str words(const struct world *w)
{
    const struct sapa_record *play = world_last(w, SAPA_T_cmd_play);
    struct sapa_str text = { NULL, 0 };
    uint32_t prompt;

    if (!play)
        return text;
    const struct sapa_str segments = sapa_sized_str(&play->u.cmd_play.segments);
    struct sapa_reader r = sapa_reader_of((const uint8_t *)segments.p, segments.n);
    (void)sapa_segment_next(&r, &prompt, &text);
    return text;
}
#define WORDS(w, expected) assert_true(sapa_str_eq(words(w), SAPA_STR(expected)))

static void the_first_words_in_a_queue_are_true(void **state)
{
    (void)state;
    WITH(w, 2, 1);
    with_words(w);
    world_start(w);
    world_ready(w, 0);
    const uint64_t served = call_in(w, 0, 1); /* somebody is free: at once */
    WORDS(w, "Place one. Wait zero seconds. Thanks.");
    world_accept(w, served);
    world_wait(w, 1000);
    static const char *const places[] = { "one", "two", "three" };
    uint64_t before_ms = 0;
    for (uint32_t i = 0; i < SAPA_COUNT(places); i++) { /* the same as the log promises */
        char expected[128];
        struct sapa_text text;
        (void)call_in(w, 0, 2 + i);
        const uint64_t wait_ms = world_last(w, SAPA_T_contact_queued)->u.contact_queued.ewt_p50_ms;
        assert_true(wait_ms > before_ms);
        sapa_text_init(&text, expected, sizeof(expected));
        sapa_text_printf(&text, "Place %s. Wait ", places[i]);
        sapa_say_duration(&text, SAPA_SAY_EN, (int64_t)wait_ms / 1000);
        sapa_text_add(&text, SAPA_STR(". Thanks."));
        assert_true(sapa_str_eq(words(w), sapa_text_str(&text)));
        before_ms = wait_ms;
    }
    world_done(w);
}

static void nothing_is_said_of_a_wait_that_nobody_knows(void **state)
{
    (void)state;
    WITH(w, 1, 1);
    with_words(w);
    world_start(w);
    (void)call_in(w, 0, 1);
    assert_int_equal(world_last(w, SAPA_T_contact_queued)->u.contact_queued.ewt_p50_ms, SAPA_NONE);
    WORDS(w, "Place one. Thanks.");
    world_done(w);
}

static void who_refused_the_caller_is_not_asked_at_once_for_the_callback(void **state)
{
    (void)state;
    WITH(w, 2, 1);
    world_start(w);
    world_ready(w, 0);
    const uint64_t c = call_in(w, 0, 1);
    WORLD_IN(w, offer_failed, .offer = world_offer(w, c, 0), .result = SAPA_OFFER_REFUSED);
    ask_back(w, c);
    assert_int_equal(place_of(w, c), SAPA_PLACE_CALLBACK);
    assert_int_equal(world_offer(w, c, SAPA_NONE), 0);
    world_ready(w, 1);
    assert_int_not_equal(world_offer(w, c, 1), 0);
    world_done(w);
}

static void a_virtual_waiter_keeps_its_place(void **state)
{
    (void)state;
    WITH(w, 1, 1);
    world_start(w);
    const uint64_t first = call_in(w, 0, 1), second = call_in(w, 0, 2);
    world_wait(w, 10);
    const uint64_t third = call_in(w, 0, 3);
    ask_back(w, second);
    assert_int_equal(place_of(w, second), SAPA_PLACE_CALLBACK);
    assert_int_equal(world_count(w, SAPA_T_cmd_hangup), 1);
    assert_int_equal(world_count(w, SAPA_T_contact_ended), 0); /* he lives on */
    struct sapa_contact_view view;
    assert_int_equal(sapa_core_contact_get(w->core, second, w->now_us, &view), SAPA_OK);
    assert_int_equal(view.position, 2);
    assert_true(view.virtual_waiter);
    world_ready(w, 0);
    assert_int_equal(world_agent_of(w, first), 0); /* never ahead of an equal who waits longer */
    WORLD_IN(w, contact_gone, .contact = first, .side = SAPA_SIDE_CUSTOMER);
    assert_int_equal(world_agent_of(w, second), 0); /* nor behind one who came later */
    assert_int_equal(world_last(w, SAPA_T_cmd_offer)->u.cmd_offer.kind, 1);
    assert_int_equal(world_agent_of(w, third), SAPA_NONE);
    assert_int_equal(world_count(w, SAPA_T_cmd_dial), 0); /* the agent first */
    world_accept(w, second);
    const struct sapa_rec_cmd_dial dial = world_last(w, SAPA_T_cmd_dial)->u.cmd_dial;
    assert_int_equal(dial.kind, 0);
    assert_int_equal(dial.number.n, 0);
    world_wait(w, 5000);
    world_clear(w);
    WORLD_IN(w, dial_progress, .contact = second, .attempt = dial.attempt, .state = 0);
    WORLD_IN(w, dial_progress, .contact = second, .attempt = dial.attempt, .state = 1, .leg = 4);
    assert_int_equal(world_count(w, SAPA_T_cmd_connect), 1);
    assert_int_equal(place_of(w, second), SAPA_PLACE_TALK);
    world_wait(w, 30000);
    const uint64_t offer = world_last(w, SAPA_T_cmd_connect)->u.cmd_connect.offer;
    WORLD_IN(w, agent_gone, .contact = second, .offer = offer, .side = SAPA_SIDE_AGENT);
    assert_null(ended(w, second)); /* the survey, also here */
    press(w, second, '5');
    assert_int_equal(world_last(w, SAPA_T_survey_answered)->u.survey_answered.answer, 5);
    assert_int_equal(ended(w, second)->outcome, SAPA_OUTCOME_CALLBACK_KEPT);
    assert_int_equal(world_agent_of(w, third), 0);
    world_done(w);
}

static void nobody_is_called_who_is_still_on_the_line(void **state)
{
    (void)state;
    WITH(w, 1, 1);
    world_start(w);
    const uint64_t c = call_in(w, 0, 1);
    world_wait(w, 1500);
    press(w, c, '1');
    press(w, c, '1'); /* hears goodbye now */
    world_ready(w, 0);
    assert_int_equal(world_agent_of(w, c), SAPA_NONE);
    WORLD_IN(w, contact_gone, .contact = c,
             .side = SAPA_SIDE_CUSTOMER); /* hangs up himself: no abandon */
    assert_int_equal(place_of(w, c), SAPA_PLACE_CALLBACK);
    assert_int_equal(world_agent_of(w, c), 0);
    assert_null(ended(w, c));
    world_done(w);
}

static void an_attempt_that_fails_frees_the_agent_and_is_tried_again(void **state)
{
    (void)state;
    WITH(w, 1, 1);
    world_start(w);
    const uint64_t c = call_in(w, 0, 1);
    ask_back(w, c);
    world_ready(w, 0);
    world_accept(w, c);
    const uint64_t next = call_in(w, 0, 2);
    world_clear(w);
    WORLD_IN(w, dial_progress, .contact = c, .attempt = 1, .state = 2, .cause = 486);
    assert_int_equal(world_count(w, SAPA_T_cmd_drop_agent), 1);
    assert_int_equal(world_count(w, SAPA_T_contact_parted), 0);
    assert_int_equal(world_last(w, SAPA_T_callback_changed)->u.callback_changed.state,
                     SAPA_CALLBACK_RETRY);
    assert_int_equal(world_last(w, SAPA_T_callback_changed)->u.callback_changed.due_us,
                     w->now_us + 60 * WORLD_SECOND);
    struct sapa_agent_view agent;
    assert_int_equal(sapa_core_agent_get(w->core, 0, w->now_us, &agent), SAPA_OK);
    assert_int_equal(agent.contacts, 0);
    assert_int_equal(world_agent_of(w, next), 0); /* who waits on the line is served meanwhile */
    const uint64_t offer = world_accept(w, next);
    world_wait(w, 60000);
    assert_int_equal(world_agent_of(w, c), SAPA_NONE);
    WORLD_IN(w, agent_gone, .contact = next, .offer = offer, .side = SAPA_SIDE_AGENT);
    assert_int_equal(world_agent_of(w, c), 0); /* in its old place */
    world_accept(w, c);
    world_wait(w, 29999); /* 20 s of ringing and ten of patience with the carrier */
    assert_int_equal(world_count(w, SAPA_T_cmd_dial_cancel), 0);
    world_wait(w, 1);
    assert_int_equal(world_count(w, SAPA_T_cmd_dial_cancel), 1);
    assert_null(
        ended(w, c)); /* a carrier that says nothing is not a customer who does not answer */
    world_wait(w, 60000);
    world_accept(w, c);
    WORLD_IN(w, dial_progress, .contact = c, .attempt = 3, .state = 2, .cause = 480);
    assert_int_equal(ended(w, c)->outcome, SAPA_OUTCOME_CALLBACK_FAILED); /* the second and last */
    assert_int_equal(ended(w, c)->side, SAPA_SIDE_CUSTOMER);
    world_done(w);
}

/* What fails on our side or the carrier's is no attempt of the customer's, but has an end as well. */
static void faults_use_up_no_attempts(void **state)
{
    (void)state;
    static const struct sapa_rec_dial_progress faults[] = {
        { .cause = 503, .side = SAPA_SIDE_SYSTEM },
        { .cause = 408, .side = SAPA_SIDE_NETWORK },
        { .cause = 500, .side = SAPA_SIDE_CUSTOMER },
    };
    for (unsigned i = 0; i < SAPA_COUNT(faults); i++) {
        WITH(w, 1, 1);
        world_start(w);
        const uint64_t c = call_in(w, 0, 1);
        ask_back(w, c);
        world_ready(w, 0);
        for (uint32_t attempt = 1; attempt <= 10; attempt++) {
            assert_null(ended(w, c));
            world_accept(w, c);
            assert_int_equal(world_last(w, SAPA_T_cmd_dial)->u.cmd_dial.attempt, attempt);
            WORLD_IN(w, dial_progress, .contact = c, .attempt = attempt, .state = 2,
                     .cause = faults[i].cause, .side = faults[i].side);
            world_wait(w, 60000);
        }
        assert_int_equal(ended(w, c)->outcome, SAPA_OUTCOME_CALLBACK_FAILED);
        assert_int_equal(ended(w, c)->side,
                         faults[i].side == SAPA_SIDE_SYSTEM ? SAPA_SIDE_SYSTEM : SAPA_SIDE_NETWORK);
        assert_int_equal(ended(w, c)->cause, faults[i].cause);
        world_done(w);
    }
    WITH(w, 1, 1); /* a number that is none does not become one */
    world_start(w);
    const uint64_t c = call_in(w, 0, 1);
    ask_back(w, c);
    world_ready(w, 0);
    for (uint32_t attempt = 1; attempt <= 2; attempt++) {
        world_accept(w, c);
        WORLD_IN(w, dial_progress, .contact = c, .attempt = attempt, .state = 2, .cause = 484,
                 .side = SAPA_SIDE_SYSTEM);
        world_wait(w, 60000);
    }
    assert_int_equal(ended(w, c)->side, SAPA_SIDE_SYSTEM);
    world_done(w);
}

static void one_attempt_at_a_time_for_a_person(void **state)
{
    (void)state;
    WITH(w, 2, 1);
    world_start(w);
    const uint64_t a = call_in(w, 0, 7), b = call_in(w, 0, 7);
    ask_back(w, a);
    ask_back(w, b);
    world_ready(w, 0);
    world_ready(w, 1);
    assert_int_equal(world_agent_of(w, a), 0);
    assert_int_equal(world_agent_of(w, b), SAPA_NONE);
    world_accept(w, a);
    world_wait(w, 15000);
    assert_int_equal(world_agent_of(w, b), SAPA_NONE);
    WORLD_IN(w, dial_progress, .contact = a, .attempt = 1, .state = 1);
    world_wait(w, 5000);
    assert_int_equal(world_agent_of(w, b), 1);
    world_done(w);
}

static void nobody_is_called_when_the_queue_is_closed(void **state)
{
    (void)state;
    WITH(w, 1, 1);
    w->queues[0].hours = 0;
    w->spans[0] =
        (struct sapa_hours_span){ .weekdays = 127, .from_min = 9 * 60, .to_min = 15 * 60 + 10 };
    world_start(w); /* 15:06:40 */
    const uint64_t c = call_in(w, 0, 1);
    ask_back(w, c);
    world_wait(w, 300000);
    world_ready(w, 0);
    assert_int_equal(world_agent_of(w, c), SAPA_NONE);
    struct sapa_record why;
    struct sapa_why_line line;
    size_t at = 0;
    world_wait(w, 16 * 3600000);
    assert_int_equal(world_agent_of(w, c), SAPA_NONE);
    assert_int_equal(sapa_core_why_contact(w->core, c, w->now_us, &why), SAPA_OK);
    assert_true(sapa_why_next(&why.u.why, &at, &line));
    assert_int_equal(line.why, SAPA_WHY_CLOSED);
    world_wait(w, 2 * 3600000); /* past nine in the morning */
    assert_int_equal(world_last(w, SAPA_T_cmd_offer)->u.cmd_offer.contact, c);
    world_done(w);
}

static void overflow_takes_the_flows_edge(void **state)
{
    (void)state;
    WITH(w, 1, 1);
    w->queues[0].length_max = 1;
    world_start(w);
    call_in(w, 0, 1);
    const uint64_t c = call_in(w, 0, 2);
    assert_int_equal(ended(w, c)->place, SAPA_PLACE_FLOW);
    assert_int_equal(world_last(w, SAPA_T_contact_dequeued)->u.contact_dequeued.reason,
                     SAPA_DEQUEUE_OVERFLOW_LENGTH);
    assert_int_equal(ended(w, c)->outcome, SAPA_OUTCOME_OVERFLOW_ENDED);
    world_done(w);
}

/* Every byte of a snapshot counts: cut or changed anywhere it is refused, and nothing is touched. */
static bool keep(void *ctx, const void *bytes, size_t n)
{
    struct {
        uint8_t *p;
        size_t n;
    } *to = ctx;

    memcpy(to->p + to->n, bytes, n);
    to->n += n;
    return true;
}

static bool stop(void *ctx, const void *bytes, size_t n)
{
    (void)ctx, (void)bytes, (void)n;
    return false;
}

/* ---- flows and calls that agents place (core/call_test.c has those without flows) ---- */

/* Agent 0 calls number 1 with a phone of his own. His part is node 2's id of the same number. */
static uint64_t agent_calls(struct world *w, uint32_t agent, enum sapa_target kind, uint32_t target, uint64_t beside)
{
    const uint64_t n = w->next_contact++;
    struct sapa_record in;

    sapa_record_init(&in, SAPA_T_agent_call);
    in.u.agent_call = (struct sapa_rec_agent_call){ .contact = sapa_id_make(1, n),
                                                    .offer = sapa_id_make(2, n),
                                                    .agent = agent,
                                                    .line = beside ? SAPA_LINE_SAME : SAPA_LINE_OWN,
                                                    .beside = beside,
                                                    .kind = kind,
                                                    .target = target,
                                                    .client = SAPA_NONE };
    if (kind != SAPA_TARGET_AGENT) /* with a number of ours: what the flow takes for the caller's own */
        sapa_sized_set(&in.u.agent_call.address, SAPA_STR("6285551234"));
    world_step(w, &in);
    return sapa_id_make(1, n);
}

static void an_agent_who_calls_a_number_is_not_called_back(void **state)
{
    (void)state;
    WITH(w, 2, 2);
    world_start(w);
    world_ready(w, 0);
    const uint64_t y = agent_calls(w, 0, SAPA_TARGET_NUMBER, 1, 0);
    assert_int_equal(world_last(w, SAPA_T_contact_new)->u.contact_new.flow, 1);
    WORLD_IN(w, contact_answered, .contact = y, .leg = 1);
    assert_int_equal(place_of(w, y), SAPA_PLACE_QUEUE);
    ask_back(w, y);
    assert_int_equal(world_count(w, SAPA_T_callback_changed), 0);
    if (place_of(w, y) != SAPA_PLACE_ENDED) /* goodbye is said */
        play_out(w, y);
    assert_non_null(ended(w, y));
    struct sapa_agent_view view;
    assert_int_equal(sapa_core_agent_get(w->core, 0, w->now_us, &view), SAPA_OK);
    assert_int_equal(view.assignments, 0);
    world_done(w);
}

static void a_flow_is_run_for_whom_an_agent_called(void **state)
{
    (void)state;
    WITH(w, 2, 2);
    world_start(w);
    world_ready(w, 0);
    w->agents[0].calls_for = 0;
    const uint64_t y = agent_calls(w, 0, SAPA_TARGET_OUTSIDE, SAPA_NONE, 0);
    WORLD_IN(w, dial_progress, .contact = y, .attempt = 1, .state = 1, .leg = 3);
    WORLD_IN(w, contact_passed, .contact = y, .offer = sapa_id_make(2, y & 0xffff), .kind = SAPA_TARGET_NUMBER,
             .target = 1);
    assert_int_equal(world_last(w, SAPA_T_flow_step)->u.flow_step.flow, 1);
    assert_int_equal(place_of(w, y), SAPA_PLACE_RINGING);
    world_accept(w, y);
    WORLD_IN(w, agent_gone, .contact = y, .offer = world_last(w, SAPA_T_contact_connected)->u.contact_connected.offer,
             .side = SAPA_SIDE_AGENT);
    press(w, y, '4'); /* the survey after it */
    assert_int_equal(world_last(w, SAPA_T_survey_answered)->u.survey_answered.answer, 4);
    assert_int_equal(ended(w, y)->outcome, SAPA_OUTCOME_REACHED);
    world_done(w);
}

/* A flow calls a number outside for the agent who asks; then the customer is to be called that number for. */
static void what_a_flow_dialled_for_the_agent_is_cancelled(void **state)
{
    (void)state;
    static const struct sapa_str texts[] = { { "6285550000", 10 } };
    WITH(w, 2, 2);
    flows[1].texts = texts;
    flows[1].texts_count = 1;
    nodes[1][QUEUE].kind = SAPA_NODE_ONCALL;
    nodes[1][QUEUE].try_count = 1;
    nodes[1][QUEUE].ring_ms = 20000;
    nodes[1][QUEUE].edge[SAPA_EDGE_FAILED] = nodes[1][QUEUE].edge[SAPA_EDGE_AFTER] = BYE;
    world_start(w);
    world_ready(w, 0);
    const uint64_t x = call_in(w, 0, 0), offer = world_accept(w, x);
    const uint64_t y = agent_calls(w, 0, SAPA_TARGET_NUMBER, 1, offer);
    WORLD_IN(w, contact_answered, .contact = y, .leg = 1);
    assert_int_equal(world_last(w, SAPA_T_cmd_dial)->u.cmd_dial.contact, y);
    world_clear(w);
    WORLD_IN(w, call_command, .agent = 0, .offer = offer, .verb = SAPA_CALL_VERB_MERGE, .other = y);
    assert_int_equal(world_last(w, SAPA_T_cmd_dial_cancel)->u.cmd_dial_cancel.contact, y);
    assert_int_equal(ended(w, y)->outcome, SAPA_OUTCOME_MERGED);
    assert_int_equal(world_last(w, SAPA_T_cmd_dial)->u.cmd_dial.contact, x);
    WORLD_IN(w, contact_gone, .contact = x, .side = SAPA_SIDE_CUSTOMER);
    assert_int_equal(ended(w, x)->outcome, SAPA_OUTCOME_ANSWERED);
    flows[1].texts_count = 0;
    world_done(w);
}

/* While an outside number is called for a customer his flow changes its shape: he does not hear its menu again. */
static void a_new_description_leaves_a_transfer_alone(void **state)
{
    (void)state;
    WITH(w, 2, 2);
    world_start(w);
    world_ready(w, 0);
    const uint64_t x = call_in(w, 0, 0), offer = world_accept(w, x);
    struct sapa_record in;
    sapa_record_init(&in, SAPA_T_contact_passed);
    in.u.contact_passed = (struct sapa_rec_contact_passed){ .contact = x, .offer = offer, .kind = SAPA_TARGET_OUTSIDE,
                                                            .target = SAPA_NONE };
    sapa_sized_set(&in.u.contact_passed.address, SAPA_STR("6285559999"));
    world_step(w, &in);
    const uint64_t attempt = world_last(w, SAPA_T_cmd_dial)->u.cmd_dial.attempt;
    static struct sapa_centre next;
    static struct sapa_flow changed[WORLD_QUEUES];
    next = w->centre;
    memcpy(changed, flows, sizeof(changed));
    changed[0].nodes_count = NODES - 1;
    next.flows = changed;
    memset(next.hash, 'b', 64);
    nodes[0][SURVEY].edge[SAPA_EDGE_NEXT] = nodes[0][QUEUE].edge[SAPA_EDGE_AFTER] = SAPA_NONE;
    assert_int_equal(sapa_core_centre(w->core, &next), SAPA_OK);
    sapa_record_init(&in, SAPA_T_centre_started);
    sapa_sized_set(&in.u.centre_started.centre_hash, sapa_str_of(next.hash));
    world_clear(w);
    world_step(w, &in);
    assert_int_equal(world_count(w, SAPA_T_flow_step), 0);
    WORLD_IN(w, dial_progress, .contact = x, .attempt = attempt, .state = 1, .leg = 4);
    assert_int_equal(place_of(w, x), SAPA_PLACE_OUTSIDE);
    WORLD_IN(w, dial_progress, .contact = x, .attempt = attempt, .state = 3);
    assert_int_equal(ended(w, x)->outcome, SAPA_OUTCOME_TRANSFERRED);
    world_done(w);
}

/* The customer of a callback is handed on after asking: it was kept all the same. */
static void a_callback_is_transferred(void **state)
{
    (void)state;
    WITH(w, 2, 1);
    world_start(w);
    const uint64_t x = call_in(w, 0, 0);
    ask_back(w, x);
    if (place_of(w, x) != SAPA_PLACE_CALLBACK)
        play_out(w, x);
    assert_int_equal(place_of(w, x), SAPA_PLACE_CALLBACK);
    world_ready(w, 0);
    const uint64_t offer = world_accept(w, x);
    const uint64_t dialled = world_last(w, SAPA_T_cmd_dial)->u.cmd_dial.attempt;
    WORLD_IN(w, call_command, .agent = 0, .offer = offer, .verb = SAPA_CALL_VERB_HOLD);
    assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, (uint64_t)-SAPA_ESTATE); /* nobody to hold yet */
    WORLD_IN(w, dial_progress, .contact = x, .attempt = dialled, .state = 1, .leg = 3);
    world_ready(w, 1);
    const uint64_t y = agent_calls(w, 0, SAPA_TARGET_AGENT, 1, offer);
    world_accept(w, y);
    WORLD_IN(w, call_command, .agent = 0, .offer = offer, .verb = SAPA_CALL_VERB_MERGE, .other = y);
    assert_int_equal(world_agent_of(w, x), 1);
    const uint64_t out = agent_calls(w, 1, SAPA_TARGET_OUTSIDE, SAPA_NONE, world_last(w, SAPA_T_party_joined)->u.party_joined.offer);
    WORLD_IN(w, dial_progress, .contact = out, .attempt = 1, .state = 1, .leg = 3);
    WORLD_IN(w, call_command, .agent = 1, .offer = world_last(w, SAPA_T_party_joined)->u.party_joined.offer,
             .verb = SAPA_CALL_VERB_CONFERENCE, .other = out);
    WORLD_IN(w, dial_progress, .contact = x, .attempt = dialled, .state = 3); /* the customer himself */
    assert_int_equal(ended(w, x)->outcome, SAPA_OUTCOME_CALLBACK_KEPT);
    assert_int_equal(world_count(w, SAPA_T_party_left), 1);
    world_done(w);
}

/* The agent has left customer and outside party alone: what follows a conversation follows theirs. A line that breaks ends it. */
static void the_survey_comes_when_the_outside_party_leaves(void **state)
{
    static const struct {
        enum sapa_side side;
        bool after, asked;
    } cases[] = { { SAPA_SIDE_CUSTOMER, true, true }, { SAPA_SIDE_NETWORK, true, false }, { SAPA_SIDE_SYSTEM, true, false }, { SAPA_SIDE_CUSTOMER, false, false } };
    (void)state;

    for (size_t i = 0; i < SAPA_COUNT(cases); i++) {
        WITH(w, 2, 1);
        nodes[0][QUEUE].edge[SAPA_EDGE_AFTER] = cases[i].after ? SURVEY : SAPA_NONE;
        w->agents[0].calls_for = 0;
        world_start(w);
        world_ready(w, 0);
        const uint64_t x = call_in(w, 0, 0), offer = world_accept(w, x);
        const uint64_t y = agent_calls(w, 0, SAPA_TARGET_OUTSIDE, SAPA_NONE, offer);
        WORLD_IN(w, dial_progress, .contact = y, .attempt = 1, .state = 1, .leg = 3);
        WORLD_IN(w, call_command, .agent = 0, .offer = offer, .verb = SAPA_CALL_VERB_MERGE, .other = y);
        assert_int_equal(place_of(w, x), SAPA_PLACE_OUTSIDE);
        const uint64_t attempt = world_last(w, SAPA_T_party_joined)->u.party_joined.attempt;
        WORLD_IN(w, dial_progress, .contact = x, .attempt = attempt, .state = 3, .side = cases[i].side);
        assert_int_equal(world_count(w, SAPA_T_party_left), 1);
        if (cases[i].asked) {
            assert_null(ended(w, x));
            press(w, x, '4');
            assert_int_equal(world_last(w, SAPA_T_survey_answered)->u.survey_answered.answer, 4);
            assert_int_equal(world_last(w, SAPA_T_survey_answered)->u.survey_answered.agent, 0); /* who served him */
        }
        assert_int_equal(ended(w, x)->outcome, cases[i].asked ? SAPA_OUTCOME_ANSWERED : SAPA_OUTCOME_TRANSFERRED);
        world_done(w);
    }
}

static void a_broken_snapshot_is_refused(void **state)
{
    (void)state;
    WITH(w, 2, 2);
    world_start(w);
    world_ready(w, 0);
    world_accept(w, call_in(w, 0, 1));
    ask_back(w, call_in(w, 0, 2));
    call_in(w, 1, 3);
    struct {
        uint8_t *p;
        size_t n;
    } bytes = { malloc(65536), 0 };
    assert_int_equal(sapa_core_save(w->core, keep, &bytes), SAPA_OK);
    assert_int_equal(sapa_core_save(w->core, stop, NULL), SAPA_EIO);
    struct sapa_core *core = world_core();
    assert_int_equal(sapa_core_load(core, bytes.p, bytes.n),
                     SAPA_ENOENT); /* no description given */
    assert_int_equal(sapa_core_centre(core, &w->centre), SAPA_OK);
    for (size_t n = 0; n < bytes.n; n++) {
        assert_int_equal(sapa_core_load(core, bytes.p, n), SAPA_ECORRUPT);
        bytes.p[n] ^= 0x10;
        assert_int_equal(sapa_core_load(core, bytes.p, bytes.n), SAPA_ECORRUPT);
        bytes.p[n] ^= 0x10;
    }
    assert_int_equal(sapa_core_load(core, bytes.p, bytes.n), SAPA_OK);
    sapa_core_check(core);
    sapa_core_free(core);
    free(bytes.p);
    world_done(w);
}

/* A voice from outside may also send what passes the checksum: it must not be believed blindly. */
static void a_forged_snapshot_is_survived(void **state)
{
    (void)state;
    WITH(w, 2, 2);
    world_start(w);
    world_ready(w, 0);
    world_accept(w, call_in(w, 0, 1));
    ask_back(w, call_in(w, 0, 2));
    struct {
        uint8_t *p;
        size_t n;
    } bytes = { malloc(65536), 0 };
    assert_int_equal(sapa_core_save(w->core, keep, &bytes), SAPA_OK);
    unsigned refused = 0;
    for (size_t at = 80; at < bytes.n - 4; at++) {
        const uint8_t before = bytes.p[at];
        bytes.p[at] ^= 0x15;
        const uint32_t crc = sapa_crc32c(0, bytes.p, bytes.n - 4);
        for (unsigned i = 0; i < 4; i++)
            bytes.p[bytes.n - 4 + i] = (uint8_t)(crc >> 8 * i);
        struct sapa_core *core = world_core();
        assert_int_equal(sapa_core_centre(core, &w->centre), SAPA_OK);
        refused += sapa_core_load(core, bytes.p, bytes.n) != SAPA_OK;
        sapa_core_free(core);
        bytes.p[at] = before;
    }
    assert_true(refused > 0);
    free(bytes.p);
    world_done(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_words_in_a_queue_are_true),
        cmocka_unit_test(nothing_is_said_of_a_wait_that_nobody_knows),
        cmocka_unit_test(who_refused_the_caller_is_not_asked_at_once_for_the_callback),
        cmocka_unit_test(a_virtual_waiter_keeps_its_place),
        cmocka_unit_test(nobody_is_called_who_is_still_on_the_line),
        cmocka_unit_test(an_attempt_that_fails_frees_the_agent_and_is_tried_again),
        cmocka_unit_test(faults_use_up_no_attempts),
        cmocka_unit_test(one_attempt_at_a_time_for_a_person),
        cmocka_unit_test(nobody_is_called_when_the_queue_is_closed),
        cmocka_unit_test(overflow_takes_the_flows_edge),
        cmocka_unit_test(an_agent_who_calls_a_number_is_not_called_back),
        cmocka_unit_test(a_flow_is_run_for_whom_an_agent_called),
        cmocka_unit_test(what_a_flow_dialled_for_the_agent_is_cancelled),
        cmocka_unit_test(a_new_description_leaves_a_transfer_alone),
        cmocka_unit_test(a_callback_is_transferred),
        cmocka_unit_test(the_survey_comes_when_the_outside_party_leaves),
        cmocka_unit_test(a_broken_snapshot_is_refused),
        cmocka_unit_test(a_forged_snapshot_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
