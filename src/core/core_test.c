/* The routing of one small centre, rule by rule. Every step is followed by sapa_core_check(). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/world_impl.h"
#include "model/rights.h"

#define WITH(w, agents, queues, skills) \
    struct world w_;                    \
    struct world *w = &w_;              \
    world_init(w, agents, queues, skills)

static uint64_t outcome_of(const struct world *w, uint64_t contact)
{
    for (uint32_t i = 0; i < w->out_count; i++)
        if (w->out[i].type == SAPA_T_contact_ended && w->out[i].u.contact_ended.contact == contact)
            return w->out[i].u.contact_ended.outcome;
    return SAPA_OUTCOME_OPEN;
}

static void level(struct world *w, uint32_t agent, uint32_t skill, uint8_t value)
{
    w->levels[agent * w->centre.skills_count + skill].level = value;
}

/* ---- one call ---- */

static void a_caller_is_served(void **state)
{
    (void)state;
    WITH(w, 1, 1, 0);
    w->queues[0].record = SAPA_RECORD_ALL;
    world_start(w);
    world_ready(w, 0);
    world_clear(w);
    const uint64_t c = world_arrive(w, 0);
    assert_int_equal(world_count(w, SAPA_T_contact_new), 1);
    assert_int_equal(world_count(w, SAPA_T_cmd_ring), 1);
    assert_int_equal(world_last(w, SAPA_T_contact_queued)->u.contact_queued.ewt_p50_ms, 0);
    assert_int_equal(world_count(w, SAPA_T_cmd_offer), 1);
    assert_int_equal(world_agent_of(w, c), 0);
    world_wait(w, 3000);
    const uint64_t offer = world_accept(w, c);
    assert_int_equal(world_count(w, SAPA_T_cmd_answer), 1);
    assert_int_equal(world_count(w, SAPA_T_cmd_connect), 1);
    assert_int_equal(world_last(w, SAPA_T_contact_connected)->u.contact_connected.wait_ms, 3000);
    assert_int_equal(world_last(w, SAPA_T_cmd_record)->u.cmd_record.action, 0);
    assert_int_not_equal(world_last(w, SAPA_T_contact_connected)->u.contact_connected.recording, 0);
    WORLD_IN(w, contact_answered, .contact = c, .leg = 9);
    world_wait(w, 10000);
    WORLD_IN(w, leg_held, .contact = c, .offer = offer, .side = SAPA_SIDE_AGENT, .on = 1);
    world_wait(w, 5000);
    WORLD_IN(w, leg_held, .contact = c, .offer = offer, .side = SAPA_SIDE_AGENT, .on = 0);
    world_wait(w, 7000);
    WORLD_IN(w, contact_gone, .contact = c, .side = SAPA_SIDE_CUSTOMER);
    const struct sapa_rec_contact_parted *parted =
        &world_last(w, SAPA_T_contact_parted)->u.contact_parted;
    assert_int_equal(parted->talk_ms, 17000);
    assert_int_equal(parted->hold_ms, 5000);
    const struct sapa_rec_contact_ended *ended =
        &world_last(w, SAPA_T_contact_ended)->u.contact_ended;
    assert_int_equal(ended->outcome, SAPA_OUTCOME_ANSWERED);
    assert_int_equal(ended->total_ms, 25000);
    assert_int_equal(ended->queue_ms, 3000);
    assert_int_equal(ended->answered, 1);
    assert_int_equal(world_last(w, SAPA_T_cmd_record)->u.cmd_record.action, 3);
    assert_int_equal(world_count(w, SAPA_T_cmd_forget), 1);
    assert_int_equal(world_count(w, SAPA_T_wrapup_ended), 0);
    world_wait(w, 10000);
    assert_int_equal(world_last(w, SAPA_T_wrapup_ended)->u.wrapup_ended.how, 1);
    assert_int_equal(sapa_core_next_due(w->core), INT64_MAX);
    assert_int_equal(world_count(w, SAPA_T_refused), 0);
    world_done(w);
}

static void what_does_not_fit_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    WITH(w, 2, 1, 1);
    world_start(w);
    world_ready(w, 0);
    const uint64_t c = world_arrive(w, 0);
    const uint64_t offer = world_accept(w, c);
    world_clear(w);
    WORLD_IN(w, contact_arrived, .contact = c, .number = 0, .last_agent = SAPA_NONE);
    WORLD_IN(w, contact_arrived, .contact = 5, .number = 0, .last_agent = SAPA_NONE);
    WORLD_IN(w, contact_answered, .contact = 77);
    WORLD_IN(w, contact_gone, .contact = 77);
    WORLD_IN(w, contact_gone, .contact = c, .side = 99);
    WORLD_IN(w, offer_accepted, .offer = offer);
    WORLD_IN(w, offer_accepted, .offer = 123456);
    WORLD_IN(w, offer_failed, .offer = offer, .result = SAPA_OFFER_REFUSED);
    WORLD_IN(w, offer_failed, .offer = offer, .result = SAPA_OFFER_ACCEPTED);
    WORLD_IN(w, agent_gone, .contact = 3, .offer = offer);
    WORLD_IN(w, agent_device, .agent = 0, .reachable = 1);
    WORLD_IN(w, agent_device, .agent = 99, .reachable = 1);
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_LOGOUT, .code = SAPA_NONE);
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_WRAPUP_DONE, .code = SAPA_NONE);
    WORLD_IN(w, leg_held, .contact = c, .side = SAPA_SIDE_AGENT, .on = 0);
    WORLD_IN(w, play_done, .contact = c, .play = 3);
    WORLD_IN(w, dial_progress, .contact = c, .attempt = 1, .state = 1);
    WORLD_IN(w, switch_set, .which = SAPA_SWITCH_SURGE, .client = 0, .on = 0);
    WORLD_IN(w, switch_set, .which = 9, .client = 0, .on = 1);
    WORLD_IN(w, contact_move, .contact = c, .queue = 0);
    WORLD_IN(w, agent_skill, .agent = 0, .skill = 0, .level = 11);
    WORLD_IN(w, lookup_done, .contact = c, .lookup = 1);
    assert_int_equal(w->out_count, world_count(w, SAPA_T_refused));
    assert_int_equal(world_count(w, SAPA_T_refused), 22);
    world_done(w);
}

/* The longest prefix; of equally long ones an allow overrules a block, and a VIP both, in whatever order they stand. */
static void lists_of_callers(void **state)
{
    static const struct {
        const char *number;
        uint32_t outcome; /* of a call to client 0 */
        unsigned extra;
    } cases[] = {
        { "6281111", SAPA_OUTCOME_OPEN, 0 },     { "6290011", SAPA_OUTCOME_REFUSED, 0 }, { "6290022", SAPA_OUTCOME_OPEN, 0 },
        { "6290033", SAPA_OUTCOME_OPEN, 0 },     { "6290044", SAPA_OUTCOME_OPEN, 9 },    { "6290055", SAPA_OUTCOME_REFUSED, 0 },
        { "6290", SAPA_OUTCOME_OPEN, 0 },        { "62900", SAPA_OUTCOME_REFUSED, 0 },   { "", SAPA_OUTCOME_OPEN, 0 },
    };
    struct sapa_caller_rule rules[] = {
        { .client = SAPA_NONE, .what = 0, .prefix = SAPA_STR("62900") },
        { .client = SAPA_NONE, .what = 1, .prefix = SAPA_STR("629002") },
        { .client = 0, .what = 0, .prefix = SAPA_STR("629003") },
        { .client = SAPA_NONE, .what = 1, .prefix = SAPA_STR("629003") },
        { .client = 0, .what = 1, .prefix = SAPA_STR("629004") },
        { .client = 0, .what = 2, .prefix = SAPA_STR("629004"), .priority = 9 },
        { .client = 0, .what = 0, .prefix = SAPA_STR("629004") },
        { .client = 1, .what = 1, .prefix = SAPA_STR("629005") }, /* of another client: none of ours */
    };
    (void)state;

    for (unsigned turn = 0; turn < 2; turn++) {
        WITH(w, 1, 1, 0);
        w->centre.caller_rules = rules;
        w->centre.caller_rules_count = SAPA_COUNT(rules);
        world_start(w);
        for (size_t i = 0; i < SAPA_COUNT(cases); i++) {
            struct sapa_record record;
            struct sapa_contact_view view;
            sapa_record_init(&record, SAPA_T_contact_arrived);
            record.u.contact_arrived = (struct sapa_rec_contact_arrived){ .contact = sapa_id_make(1, 50 + i), .last_agent = SAPA_NONE };
            sapa_sized_set(&record.u.contact_arrived.address, sapa_str_of(cases[i].number));
            world_step(w, &record);
            if (cases[i].outcome == SAPA_OUTCOME_REFUSED) {
                assert_int_equal(outcome_of(w, record.u.contact_arrived.contact), SAPA_OUTCOME_REFUSED);
                continue;
            }
            assert_int_equal(sapa_core_contact_get(w->core, sapa_id_make(1, 50 + i), w->now_us, &view), SAPA_OK);
            assert_int_equal(world_last(w, SAPA_T_contact_queued)->u.contact_queued.priority - w->centre.queues[0].priority, cases[i].extra);
        }
        world_done(w);
        for (size_t i = 0; i < SAPA_COUNT(rules) / 2; i++) { /* turned round */
            const struct sapa_caller_rule swap = rules[i];
            rules[i] = rules[SAPA_COUNT(rules) - 1 - i];
            rules[SAPA_COUNT(rules) - 1 - i] = swap;
        }
    }
}

static void refused_at_the_door_is_still_counted(void **state)
{
    (void)state;
    static const struct sapa_caller_rule rules[] = {
        { .client = SAPA_NONE, .what = 0, .prefix = { "62900", 5 } }
    };
    WITH(w, 1, 1, 0);
    w->centre.caller_rules = rules;
    w->centre.caller_rules_count = 1;
    w->centre.system.contacts_max = 1;
    world_start(w);
    struct sapa_rec_contact_arrived in = { .contact = sapa_id_make(1, 50),
                                           .last_agent = SAPA_NONE };
    sapa_sized_set(&in.address, SAPA_STR("629001234"));
    struct sapa_record record;
    sapa_record_init(&record, SAPA_T_contact_arrived);
    record.u.contact_arrived = in;
    world_step(w, &record);
    assert_int_equal(outcome_of(w, in.contact), SAPA_OUTCOME_REFUSED);
    assert_int_equal(world_last(w, SAPA_T_cmd_reject)->u.cmd_reject.status, 603);
    world_arrive(w, 0);
    const uint64_t full = world_arrive(w, 0);
    assert_int_equal(outcome_of(w, full), SAPA_OUTCOME_REFUSED);
    assert_int_equal(world_last(w, SAPA_T_cmd_reject)->u.cmd_reject.status, 503);
    const uint64_t nowhere = world_arrive(w, 99);
    assert_int_equal(outcome_of(w, nowhere), SAPA_OUTCOME_REFUSED);
    assert_int_equal(world_count(w, SAPA_T_contact_new), 4);
    assert_int_equal(world_count(w, SAPA_T_contact_ended), 3);
    world_done(w);
}

static void faults_are_not_abandons(void **state)
{
    (void)state;
    WITH(w, 1, 1, 0);
    world_start(w);
    const uint64_t a = world_arrive(w, 0), b = world_arrive(w, 0);
    WORLD_IN(w, contact_gone, .contact = a, .side = SAPA_SIDE_NETWORK, .cause = 408);
    WORLD_IN(w, contact_gone, .contact = b, .side = SAPA_SIDE_CUSTOMER);
    assert_int_equal(outcome_of(w, a), SAPA_OUTCOME_SYSTEM_FAULT);
    assert_int_equal(outcome_of(w, b), SAPA_OUTCOME_ABANDONED_QUEUE);
    world_ready(w, 0);
    const uint64_t c = world_arrive(w, 0);
    WORLD_IN(w, contact_gone, .contact = c, .side = SAPA_SIDE_CUSTOMER);
    assert_int_equal(outcome_of(w, c), SAPA_OUTCOME_ABANDONED_RINGING);
    assert_int_equal(world_last(w, SAPA_T_offer_ended)->u.offer_ended.result, SAPA_OFFER_CANCELLED);
    assert_int_equal(world_count(w, SAPA_T_cmd_offer_cancel), 1);
    world_done(w);
}

/* ---- the order of the line ---- */

static void equal_priority_is_served_in_order_of_arrival(void **state)
{
    (void)state;
    WITH(w, 1, 2, 0);
    world_start(w);
    uint64_t c[6];
    for (int i = 0; i < 6; i++) {
        c[i] = world_arrive(w, (uint32_t)i % 2);
        world_wait(w, i == 3 ? 0 : 100); /* two come in the same instant */
    }
    world_ready(w, 0);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(world_agent_of(w, c[i]), 0);
        world_accept(w, c[i]);
        WORLD_IN(w, contact_gone, .contact = c[i], .side = SAPA_SIDE_CUSTOMER);
        world_wait(w, 10000);
    }
    world_done(w);
}

static void priority_goes_first_and_age_makes_up_for_it(void **state)
{
    (void)state;
    WITH(w, 1, 2, 0);
    w->queues[0].age_ms_per_step = w->queues[1].age_ms_per_step = 10000;
    w->queues[1].priority = 3;
    world_start(w);
    const uint64_t old = world_arrive(w, 0);
    world_wait(w, 29000);
    const uint64_t urgent = world_arrive(w, 1); /* 3 against 2.9 */
    world_ready(w, 0);
    assert_int_equal(world_agent_of(w, urgent), 0);
    world_accept(w, urgent);
    const uint64_t older = world_arrive(w, 0);
    world_wait(w, 30001);
    const uint64_t late = world_arrive(w, 1); /* 3 against 5.9 and 3.00001 */
    WORLD_IN(w, contact_gone, .contact = urgent, .side = SAPA_SIDE_CUSTOMER);
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_WRAPUP_DONE, .code = 1);
    assert_int_equal(world_last(w, SAPA_T_wrapup_ended)->u.wrapup_ended.disposition, 1);
    assert_int_equal(world_agent_of(w, old), 0);
    WORLD_IN(w, contact_gone, .contact = old, .side = SAPA_SIDE_CUSTOMER);
    assert_int_equal(world_agent_of(w, older), 0);
    WORLD_IN(w, contact_gone, .contact = older, .side = SAPA_SIDE_CUSTOMER);
    assert_int_equal(world_agent_of(w, late), 0);
    world_done(w);
}

static void a_queue_that_ages_and_one_that_does_not_compare_exactly(void **state)
{
    (void)state;
    WITH(w, 1, 2, 0);
    w->queues[0].age_ms_per_step = 10000;
    w->queues[1].priority = 2;
    world_start(w);
    const uint64_t ageing = world_arrive(w, 0);
    const uint64_t fixed = world_arrive(w, 1);
    world_wait(w, 19999);
    world_ready(w, 0); /* 1.9999 against 2 */
    assert_int_equal(world_agent_of(w, fixed), 0);
    WORLD_IN(w, contact_gone, .contact = fixed, .side = SAPA_SIDE_CUSTOMER);
    assert_int_equal(world_agent_of(w, ageing), 0);
    WORLD_IN(w, offer_failed, .offer = world_offer(w, ageing, 0), .result = SAPA_OFFER_BUSY,
             .cause = 486);
    const uint64_t fixed2 = world_arrive(w, 1);
    assert_int_equal(world_agent_of(w, fixed2), 0);
    WORLD_IN(w, contact_gone, .contact = fixed2, .side = SAPA_SIDE_CUSTOMER);
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_NOT_READY, .code = 1);
    world_wait(w, 20000);
    world_arrive(w, 1);
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_READY, .code = SAPA_NONE);
    assert_int_equal(world_agent_of(w, ageing), 0); /* 3.9999 against 2 */
    world_done(w);
}

static void an_offer_that_fails_gives_the_place_back(void **state)
{
    (void)state;
    WITH(w, 2, 1, 0);
    w->queues[0].no_answer_not_ready = 1;
    world_start(w);
    world_ready(w, 0);
    const uint64_t first = world_arrive(w, 0), second = world_arrive(w, 0);
    assert_int_equal(world_agent_of(w, first), 0);
    world_wait(w, 20000);
    assert_int_equal(world_last(w, SAPA_T_offer_ended)->u.offer_ended.result, SAPA_OFFER_NO_ANSWER);
    assert_int_equal(world_last(w, SAPA_T_agent_moved)->u.agent_moved.to, SAPA_PRESENCE_NOT_READY);
    assert_int_equal(world_last(w, SAPA_T_agent_moved)->u.agent_moved.by, 2);
    assert_int_equal(world_agent_of(w, first), SAPA_NONE);
    struct sapa_contact_view view;
    assert_int_equal(sapa_core_contact_get(w->core, first, w->now_us, &view), SAPA_OK);
    assert_int_equal(view.position, 1);
    world_ready(w, 1);
    assert_int_equal(world_agent_of(w, first), 1);
    assert_int_equal(world_agent_of(w, second), SAPA_NONE);
    world_done(w);
}

/* Who answers in the last moment hears the queue's name; the ring's end finds him neither away nor at fault. */
static void a_whisper_outlasts_the_ring(void **state)
{
    (void)state;
    WITH(w, 2, 1, 0);
    w->queues[0].no_answer_not_ready = 1;
    world_start(w);
    world_ready(w, 0);
    const uint64_t c = world_arrive(w, 0), offer = world_offer(w, c, 0);
    world_wait(w, 19000);
    WORLD_IN(w, offer_ringing, .offer = offer, .answered = 1);
    world_wait(w, 5000);
    assert_int_equal(world_offer(w, c, 0), offer);
    WORLD_IN(w, offer_accepted, .offer = offer);
    assert_int_equal(world_last(w, SAPA_T_contact_connected)->u.contact_connected.wait_ms, 24000);
    /* but not for ever */
    WORLD_IN(w, agent_gone, .contact = c, .offer = offer, .side = SAPA_SIDE_AGENT);
    world_ready(w, 1);
    const uint64_t other = world_arrive(w, 0), second = world_offer(w, other, 1);
    WORLD_IN(w, offer_ringing, .offer = second, .answered = 1);
    world_wait(w, 41000);
    assert_int_equal(world_last(w, SAPA_T_offer_ended)->u.offer_ended.result, SAPA_OFFER_NO_ANSWER);
    world_done(w);
}

static void who_refused_is_not_asked_again_while_another_is_free(void **state)
{
    (void)state;
    WITH(w, 2, 1, 0);
    world_start(w);
    world_ready(w, 0);
    const uint64_t c = world_arrive(w, 0);
    WORLD_IN(w, offer_failed, .offer = world_offer(w, c, 0), .result = SAPA_OFFER_REFUSED,
             .cause = 603);
    assert_int_equal(world_agent_of(w, c), SAPA_NONE); /* nor at once when he is the only one */
    struct sapa_record why;
    assert_int_equal(sapa_core_why_contact(w->core, c, w->now_us, &why), SAPA_OK);
    size_t at = 0;
    struct sapa_why_line line;
    bool told = false;
    while (sapa_why_next(&why.u.why, &at, &line))
        told |= line.agent == 0 && line.why == SAPA_WHY_JUST_REFUSED && line.a == 10000;
    assert_true(told);
    const uint64_t other = world_arrive(w, 0);
    assert_int_equal(world_agent_of(w, other), 0); /* he is free for others */
    WORLD_IN(w, contact_gone, .contact = other, .side = SAPA_SIDE_CUSTOMER);
    world_wait(w, 9999);
    assert_int_equal(world_agent_of(w, c), SAPA_NONE);
    world_wait(w, 1);
    assert_int_equal(world_agent_of(w, c), 0); /* nobody else: the same one */
    WORLD_IN(w, offer_failed, .offer = world_offer(w, c, 0), .result = SAPA_OFFER_BUSY,
             .cause = 486);
    world_ready(w, 1);
    assert_int_equal(world_agent_of(w, c), 1);
    WORLD_IN(w, offer_failed, .offer = world_offer(w, c, 1), .result = SAPA_OFFER_BUSY,
             .cause = 486);
    world_wait(w, 10000);
    assert_int_equal(world_agent_of(w, c), 0); /* 1 was asked last, 0 is free */
    world_done(w);
}

/* ---- choosing the agent ---- */

static void skills_relax_step_by_step(void **state)
{
    (void)state;
    WITH(w, 3, 1, 2);
    level(w, 0, 0, 2);
    level(w, 1, 0, 3);
    level(w, 2, 1, 9);
    w->agents[2].team = 1;
    struct sapa_queue *q = &w->queues[0];
    q->step_count = 3;
    q->steps[0].need_count = 2;
    q->steps[0].needs[0] = (struct sapa_need){ 0, 4 };
    q->steps[0].needs[1] = (struct sapa_need){ 1, 2 };
    q->steps[1] = (struct sapa_step){ .after_ms = 30000,
                                      .need_count = 1,
                                      .needs = { { 0, 3 } },
                                      .preferred_skill = SAPA_NONE,
                                      .team = SAPA_NONE };
    q->steps[2] = (struct sapa_step){ .after_ms = 45000, .preferred_skill = SAPA_NONE, .team = 1 };
    world_start(w);
    world_ready(w, 0);
    const uint64_t a = world_arrive(w, 0), b = world_arrive(w, 0);
    world_wait(w, 29999);
    world_ready(w, 1);
    world_ready(w, 2);
    assert_int_equal(world_agent_of(w, a), SAPA_NONE);
    world_wait(w, 1);
    assert_int_equal(world_agent_of(w, a), 1);
    assert_int_equal(world_last(w, SAPA_T_offer_made)->u.offer_made.step, 1);
    world_wait(w, 14999);
    assert_int_equal(world_agent_of(w, b), SAPA_NONE);
    struct sapa_record why;
    assert_int_equal(sapa_core_why_contact(w->core, b, w->now_us, &why), SAPA_OK);
    struct sapa_why_line line;
    unsigned seen = 0;
    for (size_t at = 0; sapa_why_next(&why.u.why, &at, &line);) {
        if (line.agent == 0) {
            assert_int_equal(line.why, SAPA_WHY_SKILL);
            assert_int_equal(line.a, 0); /* skill s0, of which it has 2 */
            assert_int_equal(line.b, 2);
            seen |= 1;
        }
        if (line.agent == 1) {
            assert_int_equal(line.why, SAPA_WHY_OFFERED);
            seen |= 2;
        }
    }
    assert_int_equal(seen, 3);
    world_wait(w, 1);
    assert_int_equal(world_agent_of(w, b), 2);
    world_done(w);
}

static void ready_and_rest(struct world *w, uint32_t agents)
{
    for (uint32_t i = 0; i < agents; i++) {
        world_wait(w, 10);
        world_ready(w, i);
    }
}

static uint32_t serve(struct world *w, int64_t talk_ms)
{
    const uint64_t c = world_arrive(w, 0);
    const uint32_t agent = world_agent_of(w, c);

    world_accept(w, c);
    world_wait(w, talk_ms);
    WORLD_IN(w, contact_gone, .contact = c, .side = SAPA_SIDE_CUSTOMER);
    WORLD_IN(w, agent_command, .agent = agent, .verb = SAPA_VERB_WRAPUP_DONE, .code = SAPA_NONE);
    return agent;
}

static void each_rule_chooses_its_agent(void **state)
{
    (void)state;
    static const struct {
        enum sapa_choice choice;
        uint32_t agents[5];
    } cases[] = {
        { SAPA_CHOICE_LONGEST_IDLE, { 0, 1, 2, 0, 1 } },
        { SAPA_CHOICE_ROUND_ROBIN, { 0, 1, 2, 0, 1 } },
        { SAPA_CHOICE_FEWEST_CONTACTS, { 0, 1, 2, 0, 1 } },
        { SAPA_CHOICE_LEAST_OCCUPIED, { 0, 1, 2, 1, 2 } },
    };
    static const int64_t talks[5] = { 60000, 10000, 20000, 20000, 1000 };
    for (size_t k = 0; k < SAPA_COUNT(cases); k++) {
        WITH(w, 3, 1, 0);
        w->queues[0].choice = (uint8_t)cases[k].choice;
        world_start(w);
        ready_and_rest(w, 3);
        for (int i = 0; i < 5; i++)
            assert_int_equal(serve(w, talks[i]), cases[k].agents[i]);
        world_done(w);
    }
    /* where they differ: agent 1 is away while 0 works twice */
    static const struct {
        enum sapa_choice choice;
        uint32_t agent;
    } away[] = {
        { SAPA_CHOICE_LONGEST_IDLE, 0 },
        { SAPA_CHOICE_ROUND_ROBIN, 1 },
        { SAPA_CHOICE_FEWEST_CONTACTS, 1 },
    };
    for (size_t k = 0; k < SAPA_COUNT(away); k++) {
        WITH(w, 2, 1, 0);
        w->queues[0].choice = (uint8_t)away[k].choice;
        world_start(w);
        ready_and_rest(w, 2);
        WORLD_IN(w, agent_command, .agent = 1, .verb = SAPA_VERB_NOT_READY, .code = 0);
        assert_int_equal(serve(w, 1000), 0);
        assert_int_equal(serve(w, 1000), 0);
        world_wait(w, 10);
        WORLD_IN(w, agent_command, .agent = 1, .verb = SAPA_VERB_READY, .code = SAPA_NONE);
        assert_int_equal(serve(w, 1000), away[k].agent);
        world_done(w);
    }
}

static void preferred_skill_goes_before_the_rule(void **state)
{
    (void)state;
    WITH(w, 3, 1, 1);
    level(w, 0, 0, 1);
    level(w, 1, 0, 7);
    level(w, 2, 0, 7);
    w->queues[0].steps[0].preferred_skill = 0;
    world_start(w);
    ready_and_rest(w, 3);
    assert_int_equal(world_agent_of(w, world_arrive(w, 0)), 1);
    assert_int_equal(world_agent_of(w, world_arrive(w, 0)), 2);
    assert_int_equal(world_agent_of(w, world_arrive(w, 0)), 0);
    world_done(w);
}

static void ring_all_takes_the_first(void **state)
{
    (void)state;
    WITH(w, 3, 1, 0);
    w->queues[0].choice = SAPA_CHOICE_RING_ALL;
    world_start(w);
    ready_and_rest(w, 3);
    const uint64_t c = world_arrive(w, 0), waits = world_arrive(w, 0);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_not_equal(world_offer(w, c, i), 0);
    WORLD_IN(w, offer_failed, .offer = world_offer(w, c, 0), .result = SAPA_OFFER_REFUSED);
    assert_int_not_equal(world_offer(w, waits, 0), 0); /* who refused is free for the next */
    const uint64_t loser = world_offer(w, c, 2);
    WORLD_IN(w, offer_accepted, .offer = world_offer(w, c, 1));
    assert_int_equal(world_agent_of(w, c), 1);
    assert_int_equal(world_last(w, SAPA_T_cmd_connect)->u.cmd_connect.contact, c);
    assert_int_equal(world_last(w, SAPA_T_cmd_offer_cancel)->u.cmd_offer_cancel.elsewhere, 1);
    world_clear(w);
    WORLD_IN(w, offer_accepted, .offer = loser); /* two lifted at once: the later one loses */
    assert_int_equal(world_count(w, SAPA_T_refused), 1);
    world_done(w);
}

/* Two are set free at once: the older contact goes first, though only one of them can take it. */
static void who_is_freed_together_is_matched_by_the_order_of_the_line(void **state)
{
    (void)state;
    WITH(w, 3, 3, 1);
    level(w, 1, 0, 5);
    level(w, 2, 0, 0);
    w->queues[0].choice = SAPA_CHOICE_RING_ALL;
    w->queues[0].wrapup_ms = 0;
    w->queues[1].steps[0].need_count = 1;
    w->queues[1].steps[0].needs[0] = (struct sapa_need){ 0, 5 };
    w->queues[2].choice = SAPA_CHOICE_FEWEST_CONTACTS;
    world_start(w);
    world_ready(w,
                0); /* has handled one, and idles longest: is rung, and set free, before agent 1 */
    const uint64_t before = world_arrive(w, 0);
    world_accept(w, before);
    WORLD_IN(w, contact_gone, .contact = before, .side = SAPA_SIDE_CUSTOMER);
    world_wait(w, 10);
    world_ready(w, 1);
    world_ready(w, 2);
    const uint64_t x = world_arrive(w, 0);
    world_wait(w, 10);
    const uint64_t older = world_arrive(w, 1);
    world_wait(w, 10);
    const uint64_t younger = world_arrive(w, 2);
    assert_int_not_equal(world_offer(w, x, 0), 0);
    assert_int_not_equal(world_offer(w, x, 1), 0);
    WORLD_IN(w, offer_accepted, .offer = world_offer(w, x, 2));
    assert_int_equal(world_agent_of(w, older), 1); /* the younger one's rule names him too */
    assert_int_equal(world_agent_of(w, younger), 0);
    world_done(w);
}

static void the_last_agent_is_waited_for_but_not_for_ever(void **state)
{
    (void)state;
    WITH(w, 3, 1, 0);
    w->queues[0].preferred_ms = 20000;
    world_start(w);
    world_ready(w, 0);
    world_ready(w, 1);
    const uint64_t busy = world_arrive(w, 0);
    assert_int_equal(world_agent_of(w, busy), 0);
    world_accept(w, busy);
    const uint64_t a = world_arrive_as(w, 0, SAPA_CHANNEL_VOICE, 0, 0);
    assert_int_equal(world_agent_of(w, a), SAPA_NONE);
    struct sapa_record why;
    assert_int_equal(sapa_core_why_contact(w->core, a, w->now_us, &why), SAPA_OK);
    struct sapa_why_line line;
    size_t at = 0;
    assert_true(sapa_why_next(&why.u.why, &at, &line));
    assert_int_equal(line.why, SAPA_WHY_PREFERRED);
    assert_int_equal(line.a, 0);
    world_wait(w, 19999);
    assert_int_equal(world_agent_of(w, a), SAPA_NONE);
    world_wait(w, 1);
    assert_int_equal(world_agent_of(w, a), 1);
    const uint64_t b = world_arrive_as(w, 0, SAPA_CHANNEL_VOICE, 0, 0);
    WORLD_IN(w, contact_gone, .contact = busy, .side = SAPA_SIDE_CUSTOMER);
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_READY, .code = SAPA_NONE);
    assert_int_equal(world_agent_of(w, b), 0);
    const uint64_t offline =
        world_arrive_as(w, 0, SAPA_CHANNEL_VOICE, 0, 2); /* not at work: nobody waits for him */
    world_ready(w, 2);
    assert_int_equal(world_agent_of(w, offline), 2);
    world_done(w);
}

/* Another queue does not make him another agent. */
static void who_refused_is_not_asked_at_once_in_another_queue(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 2; how++) {
        WITH(w, 2, 2, 0);
        w->queues[0].ring_ms = 5000;
        w->queues[0].overflow_count = how == 1;
        w->overflows[0] =
            (struct sapa_overflow){ .when = SAPA_OVERFLOW_WAIT, .limit = 4000, .queue = 1 };
        world_start(w);
        world_ready(w, 0);
        const uint64_t c = world_arrive(w, 0);
        world_wait(w, 3000);
        WORLD_IN(w, offer_failed, .offer = world_offer(w, c, 0), .result = SAPA_OFFER_REFUSED);
        if (how == 0)
            WORLD_IN(w, contact_move, .contact = c, .queue = 1);
        world_wait(w, 2000); /* overflow, if not moved */
        struct sapa_contact_view view;
        assert_int_equal(sapa_core_contact_get(w->core, c, w->now_us, &view), SAPA_OK);
        assert_int_equal(view.queue, 1);
        assert_int_equal(view.agent, SAPA_NONE);
        world_ready(w, 1);
        assert_int_equal(world_agent_of(w, c), 1);
        world_done(w);
    }
}

/* However he goes, those who waited for him alone go to anybody at once. */
static void nobody_waits_for_a_last_agent_who_has_gone(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 5; how++) {
        WITH(w, 2, 1, 1);
        w->queues[0].preferred_ms = 600000;
        w->queues[0].steps[0].need_count = 1;
        w->queues[0].steps[0].needs[0] = (struct sapa_need){ 0, 3 };
        level(w, 0, 0, 5);
        level(w, 1, 0, 5);
        w->queues[0].wrapup_ms = 600000;
        w->queues[0].no_answer_not_ready = how == 4;
        world_start(w);
        world_ready(w, 0);
        world_ready(w, 1);
        const uint64_t busy = world_arrive_as(w, 0, SAPA_CHANNEL_VOICE, 0, 0);
        if (how != 4)
            world_accept(w, busy);
        const uint64_t a = world_arrive_as(w, 0, SAPA_CHANNEL_VOICE, 0, 0);
        assert_int_equal(world_agent_of(w, a), SAPA_NONE); /* busy: he is waited for */
        if (how == 0)
            WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_NOT_READY, .code = 0);
        else if (how == 1)
            WORLD_IN(w, agent_device, .agent = 0, .reachable = 0);
        else if (how == 2)
            WORLD_IN(w, agent_skill, .agent = 0, .skill = 0, .level = 2);
        else if (how == 3) {
            WORLD_IN(w, contact_gone, .contact = busy, .side = SAPA_SIDE_CUSTOMER);
            assert_int_equal(world_agent_of(w, a), SAPA_NONE); /* in wrap-up: he too */
            WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_LOGOUT, .code = SAPA_NONE);
        } else {
            world_wait(w, 20000); /* he does not pick up */
        }
        assert_int_equal(world_agent_of(w, how == 4 ? busy : a), 1);
        world_done(w);
    }
}

/* ---- capacity ---- */

static void channels_share_an_agent_by_capacity_and_interruption(void **state)
{
    (void)state;
    WITH(w, 1, 1, 0);
    memset(w->agents[0].capacity, 0, sizeof(w->agents[0].capacity));
    w->agents[0].capacity[SAPA_CHANNEL_VOICE] = 1;
    w->agents[0].capacity[SAPA_CHANNEL_CHAT] = 3;
    w->agents[0].capacity[SAPA_CHANNEL_EMAIL] = 2;
    w->agents[0].capacity_total = 4;
    w->agents[0].reserve_voice = 1;
    w->centre.interrupts.over[SAPA_CHANNEL_VOICE] =
        1 << SAPA_CHANNEL_EMAIL | 1 << SAPA_CHANNEL_CHAT;
    w->centre.interrupts.over[SAPA_CHANNEL_CHAT] = 1 << SAPA_CHANNEL_EMAIL;
    w->centre.interrupts.over[SAPA_CHANNEL_EMAIL] = 1 << SAPA_CHANNEL_CHAT;
    world_start(w);
    world_ready(w, 0);
    uint64_t c[8];
    static const uint8_t channels[8] = { SAPA_CHANNEL_EMAIL, SAPA_CHANNEL_CHAT,  SAPA_CHANNEL_CHAT,
                                         SAPA_CHANNEL_CHAT,  SAPA_CHANNEL_EMAIL, SAPA_CHANNEL_VOICE,
                                         SAPA_CHANNEL_VOICE, SAPA_CHANNEL_SMS };
    static const bool given[8] = { true, true, true, false, false, true, false, false };
    for (int i = 0; i < 8; i++) {
        c[i] = world_arrive_as(w, 0, channels[i], 0, SAPA_NONE);
        assert_int_equal(world_agent_of(w, c[i]), given[i] ? 0u : SAPA_NONE);
    }
    struct sapa_record why;
    static const struct {
        int contact;
        enum sapa_why why;
    } reasons[] = {
        { 3, SAPA_WHY_INTERRUPT },
        { 6, SAPA_WHY_OFFERED },
        { 7, SAPA_WHY_CAPACITY },
    };
    world_accept(w, c[5]);
    for (size_t k = 0; k < SAPA_COUNT(reasons); k++) {
        struct sapa_why_line line = { 0 };
        bool told = false;
        assert_int_equal(sapa_core_why_contact(w->core, c[reasons[k].contact], w->now_us, &why),
                         SAPA_OK);
        for (size_t at = 0; sapa_why_next(&why.u.why, &at, &line);)
            told |= line.agent == 0 && line.why == (k == 1 ? SAPA_WHY_BUSY : reasons[k].why);
        assert_true(told);
    }
    world_accept(w, c[0]);
    WORLD_IN(w, contact_gone, .contact = c[5],
             .side = SAPA_SIDE_CUSTOMER); /* the call ends: wrap-up of voice */
    assert_int_equal(world_agent_of(w, c[3]), SAPA_NONE);
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_WRAPUP_DONE, .code = SAPA_NONE);
    assert_int_equal(world_agent_of(w, c[6]),
                     0); /* the next call; the third chat would fill the last place */
    assert_int_equal(world_agent_of(w, c[3]), SAPA_NONE);
    world_done(w);
}

static void clients_and_teams_bound_what_an_agent_gets(void **state)
{
    (void)state;
    WITH(w, 2, 2, 0);
    w->queues[1].client = 1;
    w->numbers[1].client = 1;
    w->agents[0].clients = 1;
    w->agents[1].clients = 2;
    world_start(w);
    world_ready(w, 0);
    const uint64_t bank = world_arrive(w, 1);
    assert_int_equal(world_agent_of(w, bank), SAPA_NONE);
    world_ready(w, 1);
    assert_int_equal(world_agent_of(w, bank), 1);
    assert_int_equal(world_agent_of(w, world_arrive(w, 0)), 0);
    world_done(w);
}

/* ---- presence ---- */

static void readiness_cannot_lie(void **state)
{
    (void)state;
    WITH(w, 1, 1, 0);
    world_start(w);
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_READY, .code = SAPA_NONE,
             .request = 7);
    assert_int_equal(world_last(w, SAPA_T_cmd_agent_reply)->u.cmd_agent_reply.presence,
                     SAPA_PRESENCE_NOT_READY);
    const uint64_t c = world_arrive(w, 0);
    assert_int_equal(world_agent_of(w, c), SAPA_NONE);
    WORLD_IN(w, agent_device, .agent = 0, .reachable = 1);
    assert_int_equal(world_agent_of(w, c), 0); /* he asked for it before his phone was there */
    WORLD_IN(w, agent_device, .agent = 0, .reachable = 0);
    assert_int_equal(world_agent_of(w, c), SAPA_NONE);
    assert_int_equal(world_last(w, SAPA_T_offer_ended)->u.offer_ended.result,
                     SAPA_OFFER_UNREACHABLE);
    assert_int_equal(world_last(w, SAPA_T_agent_moved)->u.agent_moved.by, 1);
    WORLD_IN(w, agent_device, .agent = 0, .reachable = 1);
    world_wait(w, 10000);
    assert_int_equal(world_agent_of(w, c), 0);
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_NOT_READY, .code = 1);
    assert_int_equal(world_last(w, SAPA_T_offer_ended)->u.offer_ended.result, SAPA_OFFER_WITHDRAWN);
    WORLD_IN(w, agent_device, .agent = 0, .reachable = 0);
    WORLD_IN(w, agent_device, .agent = 0, .reachable = 1);
    assert_int_equal(world_agent_of(w, c), SAPA_NONE); /* a pause is a pause */
    world_done(w);
}

static uint32_t presence_of(struct world *w, uint32_t agent, uint32_t *ret_reason)
{
    struct sapa_agent_view view;

    assert_int_equal(sapa_core_agent_get(w->core, agent, w->now_us, &view), SAPA_OK);
    *ret_reason = view.reason;
    return view.presence;
}

/* His phone can always refuse; without the right to it counts as missed: not ready, where the queue says so. */
static void refusing_needs_the_right_to(void **state)
{
    static const enum sapa_offer_result results[] = { SAPA_OFFER_REFUSED, SAPA_OFFER_BUSY, SAPA_OFFER_FAULT };
    (void)state;
    for (unsigned how = 0; how < 4; how++) {
        for (size_t i = 0; i < SAPA_COUNT(results); i++) {
            WITH(w, 1, 1, 0);
            w->queues[0].no_answer_not_ready = how != 3;
            w->agents[0].role = 0;
            w->roles[0].rights = how == 0   ? 0 /* calls alone */
                                 : how == 1 ? sapa_role_rights(SAPA_ROLE_AGENT)
                                            : sapa_role_rights(SAPA_ROLE_AGENT) & ~SAPA_RIGHT_BIT(REFUSE);
            uint32_t reason;
            world_start(w);
            world_ready(w, 0);
            const uint64_t c = world_arrive(w, 0);
            WORLD_IN(w, offer_failed, .offer = world_offer(w, c, 0), .result = results[i], .cause = 603);
            const bool missed = how == 2 && results[i] != SAPA_OFFER_FAULT;
            assert_int_equal(presence_of(w, 0, &reason), missed ? SAPA_PRESENCE_NOT_READY : SAPA_PRESENCE_READY);
            world_done(w);
        }
    }
}

static bool on_break(struct world *w, uint32_t agent)
{
    uint32_t reason;

    return presence_of(w, agent, &reason) == SAPA_PRESENCE_NOT_READY && reason == 1;
}

#define AGENT_SAYS(w, a, v, c) WORLD_IN(w, agent_command, .agent = (a), .verb = (v), .code = (c))

/* Two of a team at once: the third is refused, or stands in line and goes when he has nothing in hand. */
static void breaks_have_places(void **state)
{
    (void)state;
    WITH(w, 4, 1, 0);
    w->reasons[1].team_max = 2;
    w->reasons[1].quota = 1;
    world_start(w);
    for (uint32_t a = 0; a < 4; a++)
        world_ready(w, a);
    AGENT_SAYS(w, 0, SAPA_VERB_NOT_READY, 1);
    AGENT_SAYS(w, 1, SAPA_VERB_NOT_READY, 1);
    const size_t refused = world_count(w, SAPA_T_refused);
    AGENT_SAYS(w, 2, SAPA_VERB_NOT_READY, 1);
    assert_int_equal(world_count(w, SAPA_T_refused), refused + 1);
    assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, -SAPA_ELIMIT);
    AGENT_SAYS(w, 2, SAPA_VERB_NOT_READY, 0); /* another reason is none of its business */
    AGENT_SAYS(w, 2, SAPA_VERB_READY, SAPA_NONE);

    const uint64_t c = world_arrive(w, 0); /* somebody of the two who are ready talks */
    world_accept(w, c);
    const uint32_t busy = world_agent_of(w, c), idle = 5 - busy;
    AGENT_SAYS(w, busy, SAPA_VERB_BOOK, 1);
    AGENT_SAYS(w, busy, SAPA_VERB_BOOK, 1);
    assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, -SAPA_ESTATE); /* he stands there */
    AGENT_SAYS(w, idle, SAPA_VERB_BOOK, 1);
    assert_int_equal(world_count(w, SAPA_T_break_booked), 2);
    assert_false(on_break(w, busy) || on_break(w, idle));
    AGENT_SAYS(w, 0, SAPA_VERB_READY, SAPA_NONE); /* a place: the first in line talks, so it is the other's */
    assert_true(on_break(w, idle));
    assert_false(on_break(w, busy));
    assert_int_equal(world_last(w, SAPA_T_agent_moved)->u.agent_moved.by, 2);
    AGENT_SAYS(w, 1, SAPA_VERB_READY, SAPA_NONE);
    assert_false(on_break(w, busy)); /* his place waits while he talks and writes */
    WORLD_IN(w, contact_gone, .contact = c, .side = SAPA_SIDE_CUSTOMER);
    assert_false(on_break(w, busy));
    AGENT_SAYS(w, busy, SAPA_VERB_READY, SAPA_NONE); /* wrapped up: not ready, but off */
    assert_true(on_break(w, busy));
    assert_int_equal(world_last(w, SAPA_T_break_booked)->u.break_booked.how, 2);

    AGENT_SAYS(w, 0, SAPA_VERB_BOOK, 1); /* no place: in line, and out of it again in each way there is */
    AGENT_SAYS(w, 0, SAPA_VERB_READY, SAPA_NONE);
    assert_int_equal(world_last(w, SAPA_T_break_booked)->u.break_booked.how, 1);
    AGENT_SAYS(w, 0, SAPA_VERB_BOOK, 1);
    AGENT_SAYS(w, 0, SAPA_VERB_NOT_READY, 0);
    AGENT_SAYS(w, 1, SAPA_VERB_BOOK, 1);
    AGENT_SAYS(w, 1, SAPA_VERB_LOGOUT, SAPA_NONE);
    AGENT_SAYS(w, busy, SAPA_VERB_READY, SAPA_NONE);
    AGENT_SAYS(w, idle, SAPA_VERB_READY, SAPA_NONE);
    for (uint32_t a = 0; a < 4; a++)
        assert_false(on_break(w, a));
    world_done(w);
}

/* Who goes from one break into another leaves a place behind: the next in line has it at once. */
static void a_break_for_another_frees_a_place(void **state)
{
    (void)state;
    WITH(w, 3, 1, 0);
    for (unsigned i = 0; i < 2; i++) {
        w->reasons[i].team_max = 1;
        w->reasons[i].quota = (uint8_t)(i + 1);
    }
    world_start(w);
    for (uint32_t a = 0; a < 3; a++)
        world_ready(w, a);
    AGENT_SAYS(w, 0, SAPA_VERB_NOT_READY, 1);
    AGENT_SAYS(w, 1, SAPA_VERB_NOT_READY, 0);
    AGENT_SAYS(w, 2, SAPA_VERB_BOOK, 1);
    AGENT_SAYS(w, 0, SAPA_VERB_BOOK, 0);
    assert_false(on_break(w, 2));
    AGENT_SAYS(w, 1, SAPA_VERB_READY, SAPA_NONE);
    assert_false(on_break(w, 0));
    assert_true(on_break(w, 2));
    world_done(w);
}

/* Ten minutes a day: what is used is used, also over several breaks, until midnight. */
static void breaks_have_minutes(void **state)
{
    (void)state;
    WITH(w, 2, 1, 0);
    w->reasons[1].daily_ms = 600000;
    w->reasons[1].quota = 1;
    world_start(w);
    world_ready(w, 0);
    world_wait(w, 86400000 - (int64_t)(w->now_us / 1000 % 86400000)); /* a new day in UTC */
    AGENT_SAYS(w, 0, SAPA_VERB_NOT_READY, 1);
    world_wait(w, 400000);
    AGENT_SAYS(w, 0, SAPA_VERB_READY, SAPA_NONE);
    AGENT_SAYS(w, 0, SAPA_VERB_NOT_READY, 1); /* some are left */
    assert_true(on_break(w, 0));
    world_wait(w, 199999);
    AGENT_SAYS(w, 0, SAPA_VERB_READY, SAPA_NONE);
    AGENT_SAYS(w, 0, SAPA_VERB_NOT_READY, 1);
    assert_true(on_break(w, 0));
    world_wait(w, 1);
    AGENT_SAYS(w, 0, SAPA_VERB_READY, SAPA_NONE);
    AGENT_SAYS(w, 0, SAPA_VERB_NOT_READY, 1);
    assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, -SAPA_EDENIED);
    AGENT_SAYS(w, 0, SAPA_VERB_BOOK, 1);
    assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, -SAPA_EDENIED);
    world_wait(w, 86400000 - 600000);
    AGENT_SAYS(w, 0, SAPA_VERB_NOT_READY, 1); /* another day */
    assert_true(on_break(w, 0));
    world_done(w);
}

/* Chosen while they talk, changed, kept until wrap-up ends: by the agent, or by its limit. */
static void dispositions_are_chosen_early_and_may_be_required(void **state)
{
    (void)state;
    WITH(w, 1, 1, 0);
    w->queues[0].disposition_required = 1;
    const uint32_t first = w->queues[0].disposition_first;
    assert_true(w->queues[0].disposition_count > 1);
    world_start(w);
    world_ready(w, 0);
    for (unsigned turn = 0; turn < 3; turn++) {
        const uint64_t c = world_arrive(w, 0);
        const uint64_t offer = world_last(w, SAPA_T_offer_made)->u.offer_made.offer;
        const size_t refused = world_count(w, SAPA_T_refused);
        WORLD_IN(w, call_command, .agent = 0, .offer = offer, .verb = SAPA_CALL_VERB_DISPOSE, .other = first + 1);
        assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, -SAPA_ESTATE); /* it rings */
        world_accept(w, c);
        WORLD_IN(w, call_command, .agent = 0, .offer = offer, .verb = SAPA_CALL_VERB_DISPOSE, .other = first + w->queues[0].disposition_count + 1);
        assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, -SAPA_ENOENT);
        WORLD_IN(w, call_command, .agent = 0, .offer = offer + 99, .verb = SAPA_CALL_VERB_DISPOSE, .other = first + 1);
        assert_int_equal(world_count(w, SAPA_T_refused), refused + 3);
        WORLD_IN(w, call_command, .agent = 0, .offer = offer, .verb = SAPA_CALL_VERB_DISPOSE, .other = first + 2);
        WORLD_IN(w, contact_gone, .contact = c, .side = SAPA_SIDE_CUSTOMER);
        assert_int_equal(world_count(w, SAPA_T_refused), refused + 3);
        if (turn == 0) { /* kept */
            WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_READY, .code = SAPA_NONE);
            assert_int_equal(world_last(w, SAPA_T_wrapup_ended)->u.wrapup_ended.disposition, first + 1);
        } else { /* taken back: it does not end without */
            WORLD_IN(w, call_command, .agent = 0, .offer = offer, .verb = SAPA_CALL_VERB_DISPOSE, .other = 0);
            WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_WRAPUP_DONE, .code = SAPA_NONE);
            assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, -SAPA_EDENIED);
            WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_READY, .code = SAPA_NONE);
            assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, -SAPA_EDENIED);
            if (turn == 1)
                WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_WRAPUP_DONE, .code = first);
            else
                world_wait(w, 600000); /* nobody is kept for ever */
            assert_int_equal(world_last(w, SAPA_T_wrapup_ended)->u.wrapup_ended.disposition, turn == 1 ? first : SAPA_NONE);
        }
        assert_int_equal(world_count(w, SAPA_T_wrapup_ended), turn + 1);
    }
    world_done(w);
}

static void wrapup_has_a_limit_and_one_extension(void **state)
{
    (void)state;
    WITH(w, 1, 1, 0);
    world_start(w);
    world_ready(w, 0);
    const uint64_t c = world_arrive(w, 0);
    world_accept(w, c);
    WORLD_IN(w, contact_gone, .contact = c, .side = SAPA_SIDE_CUSTOMER);
    const uint64_t next = world_arrive(w, 0);
    assert_int_equal(world_agent_of(w, next), SAPA_NONE);
    world_wait(w, 9000);
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_WRAPUP_EXTEND, .code = SAPA_NONE,
             .request = 1);
    assert_int_equal(world_last(w, SAPA_T_cmd_agent_reply)->u.cmd_agent_reply.rc, 0);
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_WRAPUP_EXTEND, .code = SAPA_NONE,
             .request = 2);
    assert_int_equal(world_last(w, SAPA_T_cmd_agent_reply)->u.cmd_agent_reply.rc, -SAPA_EDENIED);
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_STATUS, .code = SAPA_NONE, .request = 3);
    assert_int_equal(world_last(w, SAPA_T_cmd_agent_reply)->u.cmd_agent_reply.wrapup, 1);
    world_wait(w, 5999);
    assert_int_equal(world_agent_of(w, next), SAPA_NONE);
    world_wait(w, 1);
    assert_int_equal(world_last(w, SAPA_T_wrapup_ended)->u.wrapup_ended.wrapup_ms, 15000);
    assert_int_equal(world_agent_of(w, next), 0);
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_WRAPUP_EXTEND, .code = SAPA_NONE, .request = 4);
    assert_int_equal(world_last(w, SAPA_T_cmd_agent_reply)->u.cmd_agent_reply.rc, -SAPA_ESTATE);
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_NOT_READY, .code = 1);
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_STATUS, .code = SAPA_NONE, .request = 5);
    assert_int_equal(world_last(w, SAPA_T_cmd_agent_reply)->u.cmd_agent_reply.wrapup, 0);
    assert_int_equal(world_last(w, SAPA_T_cmd_agent_reply)->u.cmd_agent_reply.code, 1);
    world_done(w);
}

static void a_pause_during_a_call_waits_for_its_end(void **state)
{
    (void)state;
    WITH(w, 1, 1, 0);
    world_start(w);
    world_ready(w, 0);
    const uint64_t c = world_arrive(w, 0), next = world_arrive(w, 0);
    const uint64_t offer = world_accept(w, c);
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_NOT_READY, .code = 0);
    WORLD_IN(w, agent_gone, .contact = c, .offer = offer, .side = SAPA_SIDE_AGENT);
    assert_int_equal(outcome_of(w, c), SAPA_OUTCOME_ANSWERED);
    assert_int_equal(world_count(w, SAPA_T_cmd_hangup), 1);
    world_wait(w, 60000);
    assert_int_equal(world_agent_of(w, next), SAPA_NONE);
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_LOGOUT, .code = SAPA_NONE);
    assert_int_equal(world_last(w, SAPA_T_agent_moved)->u.agent_moved.to, SAPA_PRESENCE_OFFLINE);
    world_done(w);
}

static void a_broken_agent_leg_puts_the_caller_back_in_line(void **state)
{
    (void)state;
    WITH(w, 2, 1, 0);
    world_start(w);
    world_ready(w, 0);
    const uint64_t c = world_arrive(w, 0);
    world_wait(w, 100);
    const uint64_t later = world_arrive(w, 0);
    const uint64_t offer = world_accept(w, c);
    world_wait(w, 100);
    WORLD_IN(w, agent_gone, .contact = c, .offer = offer, .side = SAPA_SIDE_NETWORK, .cause = 408);
    world_ready(w, 1);
    assert_int_equal(world_agent_of(w, c), 1); /* before those who came later */
    assert_int_equal(world_agent_of(w, later), SAPA_NONE);
    WORLD_IN(w, contact_gone, .contact = c, .side = SAPA_SIDE_CUSTOMER);
    world_done(w);
}

static void skills_changed_by_hand_count_at_once_and_end_in_time(void **state)
{
    (void)state;
    WITH(w, 2, 1, 1);
    level(w, 1, 0, 5);
    w->queues[0].steps[0].need_count = 1;
    w->queues[0].steps[0].needs[0] = (struct sapa_need){ 0, 3 };
    world_start(w);
    world_ready(w, 0);
    const uint64_t c = world_arrive(w, 0);
    assert_int_equal(world_agent_of(w, c), SAPA_NONE);
    WORLD_IN(w, agent_skill, .agent = 0, .skill = 0, .level = 3,
             .until_us = w->now_us + 60 * WORLD_SECOND);
    assert_int_equal(world_agent_of(w, c), 0);
    WORLD_IN(w, contact_gone, .contact = c, .side = SAPA_SIDE_CUSTOMER);
    world_wait(w, 60000);
    const uint64_t d = world_arrive(w, 0);
    assert_int_equal(world_agent_of(w, d), SAPA_NONE);
    world_ready(w, 1);
    assert_int_equal(world_agent_of(w, d), 1);
    world_done(w);
}

static unsigned changes_of(struct world *w, uint32_t agent, struct sapa_change_view *all, unsigned room)
{
    uint32_t cursor = 0;
    unsigned n = 0;

    while (n < room && sapa_core_change_next(w->core, agent, &cursor, &all[n]))
        n++;
    return n;
}

struct kept {
    uint8_t p[65536];
    size_t n;
};

static bool keep(void *ctx, const void *data, size_t n)
{
    struct kept *to = ctx;

    if (to->n + n > sizeof(to->p))
        return false;
    memcpy(to->p + to->n, data, n);
    to->n += n;
    return true;
}

/* Out of a snapshot, and the description read again. */
static void again(struct world *w)
{
    static struct kept kept;

    kept.n = 0;
    assert_int_equal(sapa_core_save(w->core, keep, &kept), SAPA_OK);
    sapa_core_free(w->core);
    w->core = world_core();
    assert_int_equal(sapa_core_centre(w->core, &w->centre), SAPA_OK);
    assert_int_equal(sapa_core_load(w->core, kept.p, kept.n), SAPA_OK);
    world_begin_centre(w);
}

static void several_changes_of_one_agent_end_each_in_its_time(void **state)
{
    (void)state;
    struct sapa_change_view all[4];
    WITH(w, 2, 2, 2);
    level(w, 0, 0, 2);
    w->queues[0].steps[0].need_count = w->queues[1].steps[0].need_count = 1;
    w->queues[0].steps[0].needs[0] = (struct sapa_need){ 0, 5 };
    w->queues[1].steps[0].needs[0] = (struct sapa_need){ 1, 1 };
    world_start(w);
    const int64_t begin_us = w->now_us;
    WORLD_IN(w, agent_skill, .agent = 0, .skill = 0, .level = 4, .by = { 1, "s" });
    WORLD_IN(w, agent_skill, .agent = 0, .skill = 0, .level = 9, .until_us = begin_us + 60 * WORLD_SECOND, .by = { 1, "s" });
    WORLD_IN(w, agent_queue, .agent = 0, .queue = 1, .serves = SAPA_SERVES_YES, .until_us = begin_us + 120 * WORLD_SECOND, .by = { 1, "s" });
    WORLD_IN(w, agent_queue, .agent = 1, .queue = 0, .serves = SAPA_SERVES_NO, .by = { 1, "s" });
    assert_int_equal(changes_of(w, 0, all, 4), 2);
    assert_int_equal(all[0].level, 9);
    assert_true(all[1].skill == SAPA_NONE && all[1].queue == 1 && all[1].level == SAPA_SERVES_YES);
    assert_true(sapa_core_serves(w->core, 0, 0) && sapa_core_serves(w->core, 0, 1));
    again(w);
    assert_true(sapa_core_serves(w->core, 0, 0) && sapa_core_serves(w->core, 0, 1));
    world_wait(w, 60000);
    const struct sapa_rec_skill_changed *back = &world_last(w, SAPA_T_skill_changed)->u.skill_changed;
    assert_true(back->level == 4 && back->described == 0 && back->until_us == 0 && back->by.n == 0); /* what was for good before */
    assert_false(sapa_core_serves(w->core, 0, 0));
    assert_true(sapa_core_serves(w->core, 0, 1));
    world_wait(w, 60000);
    assert_int_equal(world_last(w, SAPA_T_serves_changed)->u.serves_changed.serves, SAPA_SERVES_DESCRIBED);
    assert_false(sapa_core_serves(w->core, 0, 1));
    assert_int_equal(changes_of(w, 0, all, 4), 1);
    WORLD_IN(w, agent_skill, .agent = 0, .skill = 0, .level = SAPA_LEVEL_DESCRIBED, .by = { 1, "s" }); /* undone */
    assert_int_equal(changes_of(w, 0, all, 4), 0);
    assert_int_equal(world_last(w, SAPA_T_skill_changed)->u.skill_changed.level, 2);
    assert_int_equal(changes_of(w, 1, all, 4), 1);
    world_done(w);
}

static void who_is_put_on_a_queue_serves_it_and_who_is_taken_off_does_not(void **state)
{
    (void)state;
    WITH(w, 2, 1, 1);
    w->queues[0].steps[0].need_count = 1;
    w->queues[0].steps[0].needs[0] = (struct sapa_need){ 0, 3 };
    level(w, 1, 0, 3);
    world_start(w);
    WORLD_IN(w, agent_queue, .agent = 1, .queue = 0, .serves = SAPA_SERVES_NO, .by = { 1, "s" });
    world_ready(w, 0);
    world_ready(w, 1);
    const uint64_t c = world_arrive(w, 0);
    assert_int_equal(world_agent_of(w, c), SAPA_NONE);
    struct sapa_record why;
    assert_int_equal(sapa_core_why_contact(w->core, c, w->now_us, &why), SAPA_OK);
    bool told = false;
    size_t at = 0;
    struct sapa_why_line line;
    while (sapa_why_next(&why.u.why, &at, &line))
        told |= line.agent == 1 && line.why == SAPA_WHY_QUEUE;
    assert_true(told);
    WORLD_IN(w, agent_queue, .agent = 0, .queue = 0, .serves = SAPA_SERVES_YES, .until_us = w->now_us + 600 * WORLD_SECOND, .by = { 1, "s" });
    assert_int_equal(world_agent_of(w, c), 0); /* at once, without the skill */
    WORLD_IN(w, agent_queue, .agent = 0, .queue = 0, .serves = SAPA_SERVES_YES, .until_us = w->now_us); /* over already */
    assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, -SAPA_EINVAL);
    WORLD_IN(w, agent_queue, .agent = 0, .queue = 1, .serves = SAPA_SERVES_YES);
    assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, -SAPA_EINVAL);
    world_done(w);
}

/* He takes what is that team's as long as he is there, takes its places in breaks, and comes back by himself. */
static void who_is_lent_to_a_team_is_one_of_it_until_a_time(void **state)
{
    (void)state;
    struct sapa_change_view all[4];
    struct sapa_agent_view view;
    WITH(w, 2, 2, 0);
    w->agents[0].team = 0;
    w->agents[1].team = 1;
    w->queues[0].steps[0].team = 0;
    w->queues[1].steps[0].team = 1;
    world_start(w);
    world_ready(w, 0);
    const uint64_t theirs = world_arrive(w, 1);
    assert_int_equal(world_agent_of(w, theirs), SAPA_NONE);
    WORLD_IN(w, agent_team, .agent = 0, .team = 1, .until_us = w->now_us + 60 * WORLD_SECOND, .by = { 1, "s" });
    const struct sapa_rec_team_changed *told = &world_last(w, SAPA_T_team_changed)->u.team_changed;
    assert_true(told->team == 1 && !told->described && told->until_us > w->now_us);
    assert_int_equal(world_agent_of(w, theirs), 0); /* at once */
    assert_true(sapa_core_serves(w->core, 0, 1) && !sapa_core_serves(w->core, 0, 0));
    again(w); /* from a snapshot */
    assert_true(sapa_core_serves(w->core, 0, 1) && !sapa_core_serves(w->core, 0, 0));
    assert_int_equal(changes_of(w, 0, all, 4), 1);
    assert_true(all[0].team == 1 && all[0].skill == SAPA_NONE && all[0].queue == SAPA_NONE);
    world_wait(w, 60000);
    told = &world_last(w, SAPA_T_team_changed)->u.team_changed;
    assert_true(told->team == 0 && told->described && told->by.n == 0);
    assert_int_equal(sapa_core_agent_get(w->core, 0, w->now_us, &view), SAPA_OK);
    assert_int_equal(view.team, 0);
    assert_int_equal(changes_of(w, 0, all, 4), 0);

    /* For good, for a while to yet another one, and back to the first; then home. */
    WORLD_IN(w, agent_team, .agent = 1, .team = 0, .by = { 1, "s" });
    WORLD_IN(w, agent_team, .agent = 1, .team = 1, .until_us = w->now_us + 60 * WORLD_SECOND, .by = { 1, "s" }); /* his own: no end to that */
    assert_int_equal(changes_of(w, 1, all, 4), 0);
    told = &world_last(w, SAPA_T_team_changed)->u.team_changed;
    assert_true(told->team == 1 && told->described && told->until_us == 0);
    WORLD_IN(w, agent_team, .agent = 1, .team = 0, .by = { 1, "s" });
    WORLD_IN(w, agent_team, .agent = 1, .team = 0, .until_us = w->now_us + 60 * WORLD_SECOND, .by = { 1, "s" });
    world_wait(w, 60000);
    assert_int_equal(changes_of(w, 1, all, 4), 1); /* what was for good before */
    assert_true(all[0].team == 0 && all[0].until_us == 0);
    WORLD_IN(w, agent_team, .agent = 1, .team = SAPA_NONE, .by = { 1, "s" });
    assert_int_equal(changes_of(w, 1, all, 4), 0);
    WORLD_IN(w, agent_team, .agent = 1, .team = SAPA_NONE, .by = { 1, "s" });
    assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, -SAPA_ESTATE);
    WORLD_IN(w, agent_team, .agent = 1, .team = 2, .by = { 1, "s" });
    assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, -SAPA_EINVAL);
    WORLD_IN(w, agent_team, .agent = 1, .team = 0, .until_us = w->now_us, .by = { 1, "s" }); /* over already */
    assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, -SAPA_EINVAL);
    world_done(w);
}

static void a_supervisor_puts_a_contact_first_or_gives_it_to_somebody(void **state)
{
    (void)state;
    WITH(w, 2, 2, 0);
    world_start(w);
    const uint64_t a = world_arrive(w, 0), b = world_arrive(w, 0), c = world_arrive(w, 0);
    struct sapa_contact_view view;
    WORLD_IN(w, contact_move, .contact = c, .queue = 0, .front = 1);
    assert_int_equal(sapa_core_contact_get(w->core, c, w->now_us, &view), SAPA_OK);
    assert_int_equal(view.position, 1);
    assert_int_equal(world_count(w, SAPA_T_contact_dequeued), 0); /* it has not come anew: no figure moves */
    WORLD_IN(w, contact_move, .contact = b, .queue = 0);
    assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, -SAPA_ESTATE);
    WORLD_IN(w, contact_move, .contact = b, .queue = 0, .agent = 2);
    assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, -SAPA_EDENIED); /* he is not there */
    WORLD_IN(w, contact_move, .contact = b, .queue = 0, .agent = 3);
    assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, -SAPA_EINVAL);
    world_ready(w, 0);
    assert_int_equal(world_agent_of(w, c), 0);
    world_accept(w, c);
    WORLD_IN(w, contact_move, .contact = b, .queue = 0, .agent = 1); /* he waits for him whom he talks with */
    assert_int_equal(world_agent_of(w, b), SAPA_NONE);
    world_ready(w, 1);
    assert_int_equal(world_agent_of(w, a), 1); /* b waits on */
    WORLD_IN(w, contact_gone, .contact = c, .side = SAPA_SIDE_CUSTOMER);
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_WRAPUP_DONE, .code = SAPA_NONE);
    assert_int_equal(world_agent_of(w, b), 0);
    WORLD_IN(w, contact_move, .contact = b, .queue = 0, .front = 1);
    assert_int_equal(world_last(w, SAPA_T_refused)->u.refused.rc, -SAPA_ESTATE); /* it rings */
    WORLD_IN(w, contact_move, .contact = b, .queue = 1, .front = 1); /* to another queue, before all others */
    assert_int_equal(sapa_core_contact_get(w->core, b, w->now_us, &view), SAPA_OK);
    assert_true(view.queue == 1 && view.agent == 0);
    world_done(w);
}

/* ---- overflow, hours, switches ---- */

static void overflow_by_length_wait_and_nobody_there(void **state)
{
    (void)state;
    WITH(w, 2, 3, 1);
    level(w, 1, 0, 1);
    w->queues[1].steps[0].need_count = 1;
    w->queues[1].steps[0].needs[0] = (struct sapa_need){ 0, 1 };
    w->queues[0].overflow_count = 2;
    w->overflows[0] = (struct sapa_overflow){ SAPA_OVERFLOW_LENGTH, 2, 1 };
    w->overflows[1] = (struct sapa_overflow){ SAPA_OVERFLOW_WAIT, 30000, 1 };
    w->queues[2].overflow_first = 2;
    w->queues[2].overflow_count = 1;
    w->overflows[2] = (struct sapa_overflow){ SAPA_OVERFLOW_NO_AGENTS, 0, SAPA_NONE };
    world_start(w);
    const uint64_t a = world_arrive(w, 0), b = world_arrive(w, 0), c = world_arrive(w, 0);
    struct sapa_contact_view view;
    assert_int_equal(sapa_core_contact_get(w->core, c, w->now_us, &view), SAPA_OK);
    assert_int_equal(view.queue, 1);
    assert_int_equal(world_last(w, SAPA_T_contact_dequeued)->u.contact_dequeued.reason,
                     SAPA_DEQUEUE_OVERFLOW_LENGTH);
    world_wait(w, 30000);
    assert_int_equal(sapa_core_contact_get(w->core, a, w->now_us, &view), SAPA_OK);
    assert_int_equal(view.queue, 1);
    assert_int_equal(view.position, 1); /* its age goes with it */
    assert_int_equal(world_last(w, SAPA_T_contact_dequeued)->u.contact_dequeued.reason,
                     SAPA_DEQUEUE_OVERFLOW_WAIT);
    world_ready(w, 1);
    assert_int_equal(world_agent_of(w, a), 1);
    (void)b;
    WORLD_IN(w, agent_command, .agent = 1, .verb = SAPA_VERB_LOGOUT, .code = SAPA_NONE);
    const uint64_t nobody = world_arrive(w, 2);
    assert_int_equal(outcome_of(w, nobody), SAPA_OUTCOME_OVERFLOW_ENDED);
    world_ready(w, 0);
    for (int i = 0; i < 3; i++)
        world_arrive(w, 2);
    const uint32_t before = world_count(w, SAPA_T_contact_ended);
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_LOGOUT, .code = SAPA_NONE);
    world_wait(w, 1);
    assert_int_equal(world_count(w, SAPA_T_contact_ended),
                     before + 3); /* all go when the last agent has gone */
    world_done(w);
}

static void overflow_by_expected_wait(void **state)
{
    (void)state;
    WITH(w, 1, 2, 0);
    w->queues[0].overflow_count = 1;
    w->overflows[0] = (struct sapa_overflow){ SAPA_OVERFLOW_EWT, 110000, 1 };
    world_start(w);
    world_ready(w, 0);
    uint64_t c[5];
    struct sapa_contact_view view;
    for (int i = 0; i < 5; i++)
        c[i] = world_arrive(w, 0); /* one agent, 60 s each */
    assert_int_equal(sapa_core_contact_get(w->core, c[2], w->now_us, &view), SAPA_OK);
    assert_int_equal(view.queue, 0);
    assert_int_equal(sapa_core_contact_get(w->core, c[4], w->now_us, &view), SAPA_OK);
    assert_int_equal(view.queue, 1);
    world_done(w);
}

static void a_closed_queue_takes_nobody_new(void **state)
{
    (void)state;
    WITH(w, 1, 1, 0);
    w->queues[0].hours = 0;
    w->spans[0] =
        (struct sapa_hours_span){ .weekdays = 127, .from_min = 9 * 60, .to_min = 15 * 60 + 10 };
    world_start(w); /* 15:06:40 */
    const uint64_t before = world_arrive(w, 0);
    world_wait(w, 200000); /* 15:10 */
    const uint64_t after = world_arrive(w, 0);
    assert_int_equal(outcome_of(w, before), SAPA_OUTCOME_OPEN);
    assert_int_equal(outcome_of(w, after), SAPA_OUTCOME_OVERFLOW_ENDED);
    world_ready(w, 0);
    assert_int_equal(world_agent_of(w, before), 0);
    w->now_us += 20 * 3600 * WORLD_SECOND; /* 11:10 next day */
    world_wait(w, 0);
    WORLD_IN(w, switch_set, .which = SAPA_SWITCH_CLOSED, .client = 0, .on = 1);
    assert_int_equal(world_count(w, SAPA_T_switch_changed), 1);
    assert_int_equal(outcome_of(w, world_arrive(w, 0)), SAPA_OUTCOME_OVERFLOW_ENDED);
    world_done(w);
}

static void a_supervisor_moves_a_contact_with_its_age(void **state)
{
    (void)state;
    WITH(w, 1, 2, 1);
    w->queues[0].steps[0].need_count = 1;
    w->queues[0].steps[0].needs[0] = (struct sapa_need){ 0, 1 };
    world_start(w);
    const uint64_t old = world_arrive(w, 0);
    world_wait(w, 1000);
    const uint64_t young = world_arrive(w, 1);
    WORLD_IN(w, contact_move, .contact = old, .queue = 1);
    world_ready(w, 0);
    assert_int_equal(world_agent_of(w, old), 0);
    assert_int_equal(world_agent_of(w, young), SAPA_NONE);
    WORLD_IN(w, contact_move, .contact = old, .queue = 0); /* even while it rings */
    assert_int_equal(world_agent_of(w, young), 0);
    assert_int_equal(world_last(w, SAPA_T_contact_queued)->u.contact_queued.queue, 0);
    world_done(w);
}

static void recording_follows_policy_and_agent(void **state)
{
    (void)state;
    WITH(w, 1, 1, 0);
    w->queues[0].record = SAPA_RECORD_ON_DEMAND;
    world_start(w);
    world_ready(w, 0);
#define RECORD(what) WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_RECORD_##what, .code = SAPA_NONE, .request = 1)
#define REPLIED(what) assert_int_equal(world_last(w, SAPA_T_cmd_agent_reply)->u.cmd_agent_reply.rc, -SAPA_##what)
    RECORD(PAUSE);
    REPLIED(ENOENT); /* no call */
    const uint64_t c = world_arrive(w, 0);
    world_accept(w, c);
    assert_int_equal(world_count(w, SAPA_T_cmd_record), 0);
    RECORD(PAUSE);
    REPLIED(EDENIED); /* nothing to pause */
    assert_int_equal(world_count(w, SAPA_T_cmd_record), 0);
    RECORD(START);
    RECORD(START);
    REPLIED(ESTATE); /* already so */
    RECORD(RESUME);
    REPLIED(ESTATE);
    RECORD(PAUSE);
    assert_int_equal(world_last(w, SAPA_T_cmd_record)->u.cmd_record.action, 1);
    RECORD(PAUSE);
    REPLIED(ESTATE);
    RECORD(START);
    REPLIED(EDENIED); /* it would not start: it is paused */
#undef RECORD
#undef REPLIED
    WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_RECORD_RESUME, .code = SAPA_NONE);
    assert_int_equal(world_last(w, SAPA_T_cmd_record)->u.cmd_record.action, 2);
    WORLD_IN(w, contact_gone, .contact = c, .side = SAPA_SIDE_CUSTOMER);
    assert_int_equal(world_last(w, SAPA_T_cmd_record)->u.cmd_record.action, 3);
    world_done(w);
}

/* One contact, one agent after the other, by the policy of the queue that each serves. */
static void recording_follows_the_queue_in_force(void **state)
{
    enum { NO = SAPA_RECORD_NONE, ALL = SAPA_RECORD_ALL, SHARE = SAPA_RECORD_SHARE, ASK = SAPA_RECORD_ON_DEMAND };
    static const struct { uint8_t policy[2], percent, asks; bool before, after, same; } table[] = {
        { { NO, ALL }, 0, 0, false, true, false },   { { ALL, NO }, 0, 0, true, false, false },
        { { ASK, ALL }, 0, 0, false, true, false },  { { ASK, ALL }, 0, 1, true, true, false },
        { { ASK, NO }, 0, 1, true, false, false },   { { ALL, ASK }, 0, 0, true, false, false },
        { { SHARE, ALL }, 0, 0, false, true, false }, { { ALL, SHARE }, 0, 0, true, false, false },
        { { ALL, SHARE }, 100, 0, true, true, true }, { { SHARE, ALL }, 100, 0, true, true, true },
        { { ALL, ALL }, 0, 0, true, true, true },    { { ASK, ASK }, 0, 1, true, true, true },
        { { NO, NO }, 0, 0, false, false, true },
    };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(table); i++) {
        WITH(w, 2, 2, 0);
        for (unsigned q = 0; q < 2; q++) {
            w->queues[q].record = table[i].policy[q];
            w->queues[q].record_share_percent = table[i].percent;
        }
        world_start(w);
        world_ready(w, 0);
        const uint64_t c = world_arrive(w, 0);
        const uint64_t offer = world_accept(w, c);
        if (table[i].asks)
            WORLD_IN(w, agent_command, .agent = 0, .verb = SAPA_VERB_RECORD_START, .code = SAPA_NONE);
        const uint64_t first = table[i].before ? world_last(w, SAPA_T_cmd_record)->u.cmd_record.recording : 0;
        assert_int_equal(first != 0, table[i].before);
        /* his phone is lost: the caller goes back, and is taken over into the other queue */
        WORLD_IN(w, agent_gone, .contact = c, .offer = offer, .side = SAPA_SIDE_NETWORK);
        WORLD_IN(w, contact_move, .contact = c, .queue = 1);
        world_clear(w);
        world_ready(w, 1);
        if (world_agent_of(w, c) != SAPA_NONE)
            world_accept(w, c);
        const struct sapa_rec_contact_connected *on = &world_last(w, SAPA_T_contact_connected)->u.contact_connected;
        assert_int_equal(on->queue, 1);
        assert_int_equal(on->policy, table[i].policy[1]);
        assert_int_equal(on->recording != 0, table[i].after);
        if (table[i].same) {
            assert_int_equal(on->recording, first);
            const bool resumes = table[i].after && table[i].policy[1] != ASK; /* who has to ask asks himself */
            assert_int_equal(world_count(w, SAPA_T_cmd_record), resumes);
            assert_true(!resumes || world_last(w, SAPA_T_cmd_record)->u.cmd_record.action == 2);
        } else {
            assert_int_equal(world_count(w, SAPA_T_cmd_record), (unsigned)table[i].before + table[i].after);
            assert_true(!table[i].after || on->recording != first);
            /* the end before they talk, the start after */
            uint32_t talk = 0;
            while (w->out[talk].type != SAPA_T_cmd_connect)
                talk++;
            for (uint32_t k = 0; k < w->out_count; k++)
                if (w->out[k].type == SAPA_T_cmd_record) {
                    assert_int_equal(w->out[k].u.cmd_record.action, k < talk ? 3 : 0);
                    assert_int_equal(w->out[k].u.cmd_record.recording, k < talk ? first : on->recording);
                }
        }
        world_clear(w);
        WORLD_IN(w, contact_gone, .contact = c, .side = SAPA_SIDE_CUSTOMER);
        assert_int_equal(world_count(w, SAPA_T_cmd_record), table[i].after);
        world_done(w);
    }
}

/* The agent passes the contact on: to a queue, to a colleague, not to nobody. */
static void agents_pass_contacts_on(void **state)
{
    (void)state;
    WITH(w, 3, 2, 1);
    w->queues[0].record = SAPA_RECORD_ALL;
    w->queues[0].wrapup_ms = w->queues[1].wrapup_ms = 5000;
    w->queues[0].preferred_ms = w->queues[1].preferred_ms = 30000;
    w->queues[1].steps[0].need_count = 1;
    w->queues[1].steps[0].needs[0] = (struct sapa_need){ 0, 1 };
    world_start(w);
    world_ready(w, 0);
    const uint64_t c = world_arrive(w, 0);
    const uint64_t offer = world_accept(w, c);
    assert_int_equal(world_agent_of(w, c), 0);
    /* what is not possible changes nothing, and is said */
    static const struct {
        uint64_t kind, target, rc;
    } wrong[] = { { 0, 99, -SAPA_ENOENT }, { 1, 99, -SAPA_ENOENT }, { 2, 99, -SAPA_ENOENT }, { 2, 0, -SAPA_ESTATE }, { 2, 2, -SAPA_ESTATE }, { 3, 0, -SAPA_EDENIED }, { 4, 0, -SAPA_EINVAL } };
    for (size_t i = 0; i < SAPA_COUNT(wrong); i++) {
        world_clear(w);
        WORLD_IN(w, contact_passed, .contact = c, .offer = offer, .kind = wrong[i].kind, .target = wrong[i].target, .request = 7);
        assert_int_equal(world_last(w, SAPA_T_cmd_agent_reply)->u.cmd_agent_reply.rc, wrong[i].rc);
        assert_int_equal(world_count(w, SAPA_T_cmd_drop_agent), 0);
        assert_int_equal(world_agent_of(w, c), 0);
    }
    /* to a colleague, who is ready: at once, although another is ready too */
    world_ready(w, 1);
    world_ready(w, 2);
    w->now_us += 60 * WORLD_SECOND;
    world_clear(w);
    WORLD_IN(w, contact_passed, .contact = c, .offer = offer, .kind = 2, .target = 2, .request = 8);
    assert_int_equal(world_last(w, SAPA_T_cmd_agent_reply)->u.cmd_agent_reply.rc, 0);
    assert_int_equal(world_last(w, SAPA_T_cmd_agent_reply)->u.cmd_agent_reply.request, 8);
    assert_int_equal(world_last(w, SAPA_T_cmd_drop_agent)->u.cmd_drop_agent.offer, offer);
    assert_int_equal(world_last(w, SAPA_T_contact_parted)->u.contact_parted.side, SAPA_SIDE_AGENT);
    assert_int_equal(world_last(w, SAPA_T_cmd_record)->u.cmd_record.action, 1); /* masked on the way */
    assert_int_equal(world_agent_of(w, c), 2);
    const uint64_t second = world_accept(w, c);
    assert_int_equal(world_last(w, SAPA_T_cmd_record)->u.cmd_record.action, 2);
    /* to a queue, before those who came later */
    const uint64_t young = world_arrive(w, 1);
    WORLD_IN(w, agent_command, .agent = 1, .verb = SAPA_VERB_NOT_READY, .code = SAPA_NONE);
    world_clear(w);
    WORLD_IN(w, contact_passed, .contact = c, .offer = second, .kind = 0, .target = 1);
    assert_int_equal(world_count(w, SAPA_T_cmd_agent_reply), 0);
    assert_int_equal(world_last(w, SAPA_T_contact_queued)->u.contact_queued.queue, 1);
    (void)young;
    WORLD_IN(w, contact_passed, .contact = c, .offer = second, .kind = 0, .target = 0); /* he has let go of it */
    assert_int_equal(world_last(w, SAPA_T_contact_queued)->u.contact_queued.queue, 1);
    WORLD_IN(w, contact_gone, .contact = c, .side = SAPA_SIDE_CUSTOMER);
    world_done(w);
}

/* What a contact does without an agent is masked; a pause belongs to its conversation. */
static void recording_rests_between_agents(void **state)
{
    (void)state;
    WITH(w, 2, 1, 0);
    w->queues[0].record = SAPA_RECORD_ALL;
    world_start(w);
    world_ready(w, 0);
    const uint64_t c = world_arrive(w, 0);
    const uint64_t offer = world_accept(w, c);
    assert_int_equal(world_last(w, SAPA_T_cmd_record)->u.cmd_record.action, 0);
    const uint64_t recording = world_last(w, SAPA_T_cmd_record)->u.cmd_record.recording;
    world_clear(w);
    WORLD_IN(w, agent_gone, .contact = c, .offer = offer, .side = SAPA_SIDE_NETWORK); /* he waits again */
    assert_int_equal(world_count(w, SAPA_T_cmd_record), 1);
    assert_int_equal(world_last(w, SAPA_T_cmd_record)->u.cmd_record.action, 1);
    assert_int_equal(world_last(w, SAPA_T_cmd_record)->u.cmd_record.recording, recording);
    world_clear(w);
    world_ready(w, 1);
    world_accept(w, c);
    assert_int_equal(world_count(w, SAPA_T_cmd_record), 1);
    assert_int_equal(world_last(w, SAPA_T_cmd_record)->u.cmd_record.action, 2);
    assert_int_equal(world_last(w, SAPA_T_cmd_record)->u.cmd_record.recording, recording);
    WORLD_IN(w, agent_command, .agent = 1, .verb = SAPA_VERB_RECORD_PAUSE, .code = SAPA_NONE);
    assert_int_equal(world_last(w, SAPA_T_cmd_record)->u.cmd_record.action, 1);
    WORLD_IN(w, contact_gone, .contact = c, .side = SAPA_SIDE_CUSTOMER);
    assert_int_equal(world_last(w, SAPA_T_cmd_record)->u.cmd_record.action, 3);
    world_done(w);
}

static void a_share_is_recorded_by_the_contacts_id(void **state)
{
    (void)state;
    WITH(w, 1, 1, 0);
    w->queues[0].record = SAPA_RECORD_SHARE;
    w->queues[0].record_share_percent = 30;
    w->queues[0].wrapup_ms = 0;
    world_start(w);
    world_ready(w, 0);
    unsigned recorded = 0;
    for (int i = 0; i < 400; i++) {
        world_clear(w);
        const uint64_t c = world_arrive(w, 0);
        world_accept(w, c);
        recorded += world_count(w, SAPA_T_cmd_record);
        WORLD_IN(w, contact_gone, .contact = c, .side = SAPA_SIDE_CUSTOMER);
    }
    assert_in_range(recorded, 90, 150);
    world_done(w);
}

static void a_new_description_keeps_people_and_places(void **state)
{
    (void)state;
    WITH(w, 3, 2, 1);
    world_start(w);
    world_ready(w, 0);
    world_ready(w, 1);
    const uint64_t talk = world_arrive(w, 0);
    world_accept(w, talk);
    const uint64_t rings = world_arrive(w, 0);
    const uint64_t a = world_arrive(w, 0), b = world_arrive(w, 1);
    assert_int_equal(world_agent_of(w, rings), 1);
    /* the new one: agents 1 and 2 change places, agent 0 leaves; queues change places */
    struct world *n = malloc(sizeof(*n));
    memcpy(n, w, sizeof(*n));
    n->centre.agents = n->agents;
    n->centre.queues = n->queues;
    n->centre.numbers = n->numbers;
    n->agents[0] = w->agents[2];
    n->centre.agents_count = 2;
    n->queues[0] = w->queues[1];
    n->queues[1] = w->queues[0];
    n->numbers[0].flow = 1;
    n->numbers[1].flow = 0;
    memset(n->centre.hash, 'b', 64);
    world_clear(w);
    assert_int_equal(sapa_core_centre(w->core, &n->centre), SAPA_OK);
    struct sapa_record in;
    sapa_record_init(&in, SAPA_T_centre_started);
    sapa_sized_set(&in.u.centre_started.centre_hash, sapa_str_of(n->centre.hash));
    world_step(w, &in);
    assert_int_equal(world_count(w, SAPA_T_refused), 0);
    struct sapa_contact_view view;
    assert_int_equal(sapa_core_contact_get(w->core, rings, w->now_us, &view), SAPA_OK);
    assert_int_equal(view.agent, 1); /* a1 still stands second */
    assert_int_equal(view.queue, 1);
    assert_int_equal(sapa_core_contact_get(w->core, talk, w->now_us, &view), SAPA_OK);
    assert_int_equal(view.position, 1); /* his agent is gone: the caller is next in line */
    assert_int_equal(sapa_core_contact_get(w->core, a, w->now_us, &view), SAPA_OK);
    assert_int_equal(view.position, 2);
    assert_int_equal(sapa_core_contact_get(w->core, b, w->now_us, &view), SAPA_OK);
    assert_int_equal(view.queue, 0);
    free(n->out == w->out ? NULL : n->out);
    world_done(w);
    free(n);
}

/* The program was away while a phone rang: nobody knows what the agent did, so nothing is booked against him. */
static void offers_over_a_restart(void **state)
{
    (void)state;
    WITH(w, 2, 1, 0);
    w->queues[0].no_answer_not_ready = true;
    w->queues[0].ring_ms = 20000;
    world_start(w);
    world_ready(w, 0);
    const uint64_t a = world_arrive(w, 0);
    const uint64_t offer = world_offer(w, a, 0);
    w->now_us += 49000000; /* without a tick */
    world_clear(w);
    world_begin_centre(w);
    const struct sapa_rec_offer_ended *ended = &world_last(w, SAPA_T_offer_ended)->u.offer_ended;
    assert_int_equal(ended->offer, offer);
    assert_int_equal(ended->result, SAPA_OFFER_FAULT);
    struct sapa_agent_view agent;
    assert_int_equal(sapa_core_agent_get(w->core, 0, w->now_us, &agent), SAPA_OK);
    assert_int_equal(agent.presence, SAPA_PRESENCE_READY);
    const uint64_t again = world_offer(w, a, 0); /* and he is asked again at once */
    assert_true(again != 0 && again != offer);
    /* one that is due just now gets a moment, in which an answer that waits can be read */
    w->now_us += 20500000;
    world_clear(w);
    world_begin_centre(w);
    assert_int_equal(world_count(w, SAPA_T_offer_ended), 0);
    WORLD_IN(w, offer_accepted, .offer = again, .leg = 3);
    assert_int_equal(world_count(w, SAPA_T_contact_connected), 1);
    world_done(w);
}

/* What the centre ends itself, on purpose: no fault, and nobody who gave up. */
static void the_centre_stops(void **state)
{
    (void)state;
    WITH(w, 2, 1, 0);
    w->queues[0].wrapup_ms = 0;
    world_start(w);
    world_ready(w, 0);
    world_ready(w, 1);
    const uint64_t talking = world_arrive(w, 0), ringing = world_arrive(w, 0), waiting = world_arrive(w, 0);
    world_accept(w, talking);
    world_clear(w);
    WORLD_IN(w, contact_gone, .contact = talking, .side = SAPA_SIDE_FLOW, .cause = 503);
    WORLD_IN(w, contact_gone, .contact = waiting, .side = SAPA_SIDE_FLOW, .cause = 503);
    WORLD_IN(w, contact_gone, .contact = ringing, .side = SAPA_SIDE_FLOW, .cause = 503);
    assert_int_equal(outcome_of(w, talking), SAPA_OUTCOME_ANSWERED);
    assert_int_equal(outcome_of(w, ringing), SAPA_OUTCOME_OVERFLOW_ENDED);
    assert_int_equal(outcome_of(w, waiting), SAPA_OUTCOME_OVERFLOW_ENDED);
    world_done(w);
}

/* A fault that is ours alone (cause 0) passes nobody over: the oldest caller is the next again. */
static void faults_of_ours_keep_the_order(void **state)
{
    (void)state;
    WITH(w, 1, 1, 0);
    world_start(w);
    world_ready(w, 0);
    const uint64_t a = world_arrive(w, 0), b = world_arrive(w, 0);
    WORLD_IN(w, offer_failed, .offer = world_offer(w, a, 0), .result = SAPA_OFFER_FAULT, .cause = 0);
    assert_int_not_equal(world_offer(w, a, 0), 0);
    assert_int_equal(world_offer(w, b, 0), 0);
    WORLD_IN(w, offer_failed, .offer = world_offer(w, a, 0), .result = SAPA_OFFER_FAULT, .cause = 500);
    assert_int_equal(world_offer(w, a, 0), 0);
    assert_int_not_equal(world_offer(w, b, 0), 0);
    world_done(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_caller_is_served),
        cmocka_unit_test(what_does_not_fit_is_refused_and_changes_nothing),
        cmocka_unit_test(refused_at_the_door_is_still_counted), cmocka_unit_test(lists_of_callers),
        cmocka_unit_test(faults_are_not_abandons),
        cmocka_unit_test(equal_priority_is_served_in_order_of_arrival),
        cmocka_unit_test(priority_goes_first_and_age_makes_up_for_it),
        cmocka_unit_test(a_queue_that_ages_and_one_that_does_not_compare_exactly),
        cmocka_unit_test(an_offer_that_fails_gives_the_place_back),
        cmocka_unit_test(a_whisper_outlasts_the_ring),
        cmocka_unit_test(refusing_needs_the_right_to),
        cmocka_unit_test(who_refused_is_not_asked_again_while_another_is_free),
        cmocka_unit_test(skills_relax_step_by_step),
        cmocka_unit_test(each_rule_chooses_its_agent),
        cmocka_unit_test(preferred_skill_goes_before_the_rule),
        cmocka_unit_test(ring_all_takes_the_first),
        cmocka_unit_test(who_is_freed_together_is_matched_by_the_order_of_the_line),
        cmocka_unit_test(the_last_agent_is_waited_for_but_not_for_ever),
        cmocka_unit_test(nobody_waits_for_a_last_agent_who_has_gone),
        cmocka_unit_test(who_refused_is_not_asked_at_once_in_another_queue),
        cmocka_unit_test(channels_share_an_agent_by_capacity_and_interruption),
        cmocka_unit_test(clients_and_teams_bound_what_an_agent_gets),
        cmocka_unit_test(who_is_lent_to_a_team_is_one_of_it_until_a_time),
        cmocka_unit_test(readiness_cannot_lie),
        cmocka_unit_test(breaks_have_places), cmocka_unit_test(a_break_for_another_frees_a_place),
        cmocka_unit_test(breaks_have_minutes),
        cmocka_unit_test(dispositions_are_chosen_early_and_may_be_required),
        cmocka_unit_test(wrapup_has_a_limit_and_one_extension),
        cmocka_unit_test(a_pause_during_a_call_waits_for_its_end),
        cmocka_unit_test(a_broken_agent_leg_puts_the_caller_back_in_line),
        cmocka_unit_test(skills_changed_by_hand_count_at_once_and_end_in_time),
        cmocka_unit_test(several_changes_of_one_agent_end_each_in_its_time),
        cmocka_unit_test(a_supervisor_puts_a_contact_first_or_gives_it_to_somebody),
        cmocka_unit_test(who_is_put_on_a_queue_serves_it_and_who_is_taken_off_does_not),
        cmocka_unit_test(overflow_by_length_wait_and_nobody_there),
        cmocka_unit_test(overflow_by_expected_wait),
        cmocka_unit_test(a_closed_queue_takes_nobody_new),
        cmocka_unit_test(a_supervisor_moves_a_contact_with_its_age),
        cmocka_unit_test(recording_follows_policy_and_agent),
        cmocka_unit_test(recording_follows_the_queue_in_force),
        cmocka_unit_test(recording_rests_between_agents),
        cmocka_unit_test(agents_pass_contacts_on),
        cmocka_unit_test(offers_over_a_restart),
        cmocka_unit_test(the_centre_stops),
        cmocka_unit_test(faults_of_ours_keep_the_order),
        cmocka_unit_test(a_share_is_recorded_by_the_contacts_id),
        cmocka_unit_test(a_new_description_keeps_people_and_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
