/* A target that a day has missed becomes one task of its owner; what is met, says nothing or is nobody's does not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "app/breach.h"
#include "app/test_store_impl.h"
#include "http/target.h"
#include "http/task.h"

#define DAY_US (INT64_C(86400) * 1000000)
/* test_store_log() has all records within the same second: 2026-01-05 15:00 in Jakarta */
#define LOGGED_US INT64_C(1767600000000000)

#define CENTRE TEST_CENTRE "teams: [blue]\n" "users: { maya: { name: Maya, role: boss }, sari: { name: Sari, role: boss } }\n" "roles: { boss: { rights: [supervisor] } }\n"

TEST_STORE_FIXTURE(store)
static struct sapa_task tasks[SAPA_TASKS_MAX];
static uint32_t task_count;

static void note(void *ctx, const struct sapa_task *task)
{
    (void)ctx;
    tasks[task_count++] = *task;
}

static uint32_t tasks_of(const char *owner)
{
    task_count = 0;
    assert_int_equal(sapa_task_each(store.store, sapa_str_of(owner), note, NULL), SAPA_OK);
    return task_count;
}

/* Siti is of the team. */
static void tell_centre(void)
{
    static const char mark[] = "skills: { sales: 5 }";
    static char text[8192];
    char hash[SAPA_HASH_TEXT_SIZE];
    struct sapa_record record;
    const char *at = strstr(CENTRE, mark);

    assert_non_null(at);
    snprintf(text, sizeof(text), "%.*s%s, team: blue%s", (int)(at - CENTRE), CENTRE, mark, at + strlen(mark));
    assert_int_equal(sapa_store_document_put(store.store, text, strlen(text), hash), SAPA_OK);
    sapa_record_init(&record, SAPA_T_centre_started);
    (void)sapa_sized_set(&record.u.centre_started.centre_hash, sapa_str_of(hash));
    test_store_log(&store, &record);
}

/* So many come to the queue and give up. */
static void tell_abandoned(unsigned count)
{
    static uint64_t contact;

    for (unsigned i = 0; i < count; i++) {
        contact++;
        TEST_LOG(&store, contact_arrived, .contact = contact, .last_agent = SAPA_NONE);
        TEST_LOG(&store, contact_new, .contact = contact);
        TEST_LOG(&store, contact_queued, .contact = contact, .queue = 0);
        TEST_LOG(&store, contact_dequeued, .contact = contact, .queue = 0, .reason = SAPA_DEQUEUE_ABANDONED);
        TEST_LOG(&store, contact_ended, .contact = contact, .outcome = SAPA_OUTCOME_ABANDONED_QUEUE);
    }
}

static void tell_moved(uint32_t agent, uint64_t from, uint64_t to, int64_t at_us)
{
    struct sapa_record record;

    sapa_record_init(&record, SAPA_T_agent_moved);
    record.u.agent_moved = (struct sapa_rec_agent_moved){ .agent = agent, .from = from, .to = to, .reason = SAPA_NONE };
    record.seq = store.committed + 1;
    record.at_us = at_us;
    assert_int_equal(sapa_log_writer_put(store.writer, &record), SAPA_OK);
    sapa_log_writer_flush(store.writer);
    while (store.committed < record.seq)
        sapa_loop_run_once(store.loop, 1000000);
}

static void aim(const char *items)
{
    json_error_t error;
    json_t *list = json_loads(items, 0, &error);
    uint64_t version;

    assert_non_null(list);
    assert_int_equal(sapa_targets_add(store.store, json_pack("{s:s,s:s,s:n,s:o}", "changed", "2026-01-01T00:00:00Z", "by", "maya", "comment", "items", list), &version), SAPA_OK);
}

static uint32_t look(int64_t now_us)
{
    int64_t next_us;
    uint32_t made;

    assert_int_equal(sapa_breach_look(store.store, store.folder, now_us, &next_us, &made), SAPA_OK);
    assert_true(next_us > now_us && next_us <= now_us + INT64_C(3600) * 1000000);
    return made;
}

#define ITEM(scope, key, figure, value, owner) \
    "{\"scope\":\"" scope "\",\"key\":" key ",\"figure\":\"" figure "\",\"value\":" value ",\"from\":\"2026-01-01\",\"to\":null,\"owner\":" owner "}"

static void missed_days_become_tasks_once(void **state)
{
    (void)state;
    tell_centre();
    aim("[" ITEM("queue", "\"sales\"", "answer_rate", "0.95", "\"maya\"") "," ITEM("all", "null", "answer_rate", "0.8", "\"sari\"") ","
        ITEM("client", "\"toko\"", "answer_rate", "0", "\"maya\"") "," /* met */
        ITEM("client", "\"bank\"", "service_level_1", "0.8", "\"maya\"") "," /* nobody called */
        ITEM("queue", "\"sales\"", "service_level_1", "0.9", "null") "," /* nobody answers for it */
        ITEM("queue", "\"gone\"", "service_level_1", "0.9", "\"maya\"") "]");
    tell_abandoned(SAPA_BREACH_LEAST);
    assert_int_equal(look(LOGGED_US), 0); /* the first look ever: what was before is past */
    assert_int_equal(look(LOGGED_US + 1000000), 0); /* the day goes on */
    assert_int_equal(tasks_of("maya") + tasks_of("sari"), 0);
    assert_int_equal(look(LOGGED_US + INT64_C(9) * 3600 * 1000000), 2); /* midnight is at nine hours later */
    assert_int_equal(look(LOGGED_US + INT64_C(9) * 3600 * 1000000 + 1), 0); /* once */
    assert_int_equal(tasks_of("sari"), 1);
    assert_string_equal(tasks[0].breach.figure, "answer_rate");
    assert_true(tasks[0].breach.scope == SAPA_GOAL_OF_ALL && tasks[0].breach.date == 20260105 && tasks[0].breach.target == 800000 && tasks[0].breach.value == 0);
    assert_int_equal(tasks_of("maya"), 1);
    assert_string_equal(tasks[0].by, "sapa");
    assert_string_equal(tasks[0].breach.key, "sales");
    assert_true(tasks[0].breach.value == 0 && tasks[0].breach.target == 950000);
    assert_non_null(strstr(tasks[0].text, "2026-01-05"));
    assert_non_null(strstr(tasks[0].text, "sales: 0.0 % (target >= 95.0 %)"));
    /* done is gone, and stays so */
    assert_int_equal(sapa_task_set(store.store, SAPA_STR("maya"), tasks[0].id, 0, true), SAPA_OK);
    assert_int_equal(look(LOGGED_US + DAY_US), 0);
    assert_int_equal(look(LOGGED_US + 2 * DAY_US), 0); /* an empty day says nothing */
    assert_int_equal(tasks_of("maya"), 0);
}

static void too_few_say_nothing(void **state)
{
    (void)state;
    tell_centre();
    aim("[" ITEM("queue", "\"sales\"", "answer_rate", "0.95", "\"maya\"") "]");
    assert_int_equal(look(LOGGED_US), 0);
    tell_abandoned(SAPA_BREACH_LEAST - 1);
    assert_int_equal(look(LOGGED_US + DAY_US), 0);
    assert_int_equal(tasks_of("maya"), 0);
}

/* Nothing ran for a while: the days since then are judged, and what is older than a week is left. */
static void days_are_made_up_for(void **state)
{
    (void)state;
    tell_centre();
    aim("[" ITEM("queue", "\"sales\"", "answer_rate", "0.95", "\"maya\"") "]");
    assert_int_equal(look(LOGGED_US - DAY_US), 0);
    tell_abandoned(SAPA_BREACH_LEAST);
    assert_int_equal(look(LOGGED_US + 4 * DAY_US), 1);
    assert_int_equal(tasks_of("maya"), 1);
    assert_int_equal(tasks[0].breach.date, 20260105);
    assert_int_equal(sapa_store_set(store.store, "api.breach.judged", "20251201"), SAPA_OK);
    assert_int_equal(look(LOGGED_US + 5 * DAY_US), 0); /* it is there already, as after a crash in between */
    assert_int_equal(sapa_task_set(store.store, SAPA_STR("maya"), tasks[0].id, 0, true), SAPA_OK);
    assert_int_equal(sapa_store_set(store.store, "api.breach.judged", "20251201"), SAPA_OK);
    assert_int_equal(look(LOGGED_US + (SAPA_BREACH_DAYS_MAX + 1) * DAY_US), 0);
    assert_int_equal(tasks_of("maya"), 0);
}

/* A full list loses the task, not the others' and not the day. */
static void a_full_list_is_said(void **state)
{
    struct sapa_task task = { .by = "maya", .text = "x", .created_us = 1 };
    uint64_t id;

    (void)state;
    tell_centre();
    aim("[" ITEM("queue", "\"sales\"", "answer_rate", "0.95", "\"maya\"") "," ITEM("all", "null", "answer_rate", "0.8", "\"sari\"") "]");
    assert_int_equal(look(LOGGED_US), 0);
    tell_abandoned(SAPA_BREACH_LEAST);
    for (unsigned i = 0; i < SAPA_TASKS_MAX; i++)
        assert_int_equal(sapa_task_add(store.store, SAPA_STR("maya"), &task, &id), SAPA_OK);
    assert_int_equal(look(LOGGED_US + DAY_US), 1);
    assert_int_equal(tasks_of("sari"), 1);
    assert_int_equal(tasks_of("maya"), SAPA_TASKS_MAX);
}

/* Of two for the same thing the one that began last holds, and its owner is asked; one that has ended or is to come asks nobody. */
static void the_one_that_holds_is_judged(void **state)
{
    (void)state;
    tell_centre();
    aim("[" ITEM("queue", "\"sales\"", "answer_rate", "0.9", "\"sari\"") ","
        "{\"scope\":\"queue\",\"key\":\"sales\",\"figure\":\"answer_rate\",\"value\":0.5,\"from\":\"2026-01-05\",\"to\":\"2026-01-05\",\"owner\":\"maya\"},"
        "{\"scope\":\"client\",\"key\":\"toko\",\"figure\":\"answer_rate\",\"value\":0.5,\"from\":\"2026-01-06\",\"to\":null,\"owner\":\"sari\"},"
        "{\"scope\":\"client\",\"key\":\"toko\",\"figure\":\"answer_rate\",\"value\":0.5,\"from\":\"2025-01-01\",\"to\":\"2026-01-04\",\"owner\":\"sari\"}]");
    assert_int_equal(look(LOGGED_US), 0);
    tell_abandoned(SAPA_BREACH_LEAST);
    assert_int_equal(look(LOGGED_US + DAY_US), 1);
    assert_int_equal(tasks_of("sari"), 0);
    assert_int_equal(tasks_of("maya"), 1);
    assert_int_equal(tasks[0].breach.target, 500000);
}

/* A number of a day is for each of a team who was at work; when nobody was, nobody missed it. */
static void a_team_answers_for_who_was_there(void **state)
{
    (void)state;
    tell_centre();
    aim("[" ITEM("team", "\"blue\"", "handled", "40", "\"maya\"") "," ITEM("team", "\"blue\"", "aht", "0", "\"sari\"") "]");
    assert_int_equal(look(LOGGED_US - DAY_US), 0);
    tell_abandoned(1);
    assert_int_equal(look(LOGGED_US), 0);
    tell_moved(0, SAPA_PRESENCE_OFFLINE, SAPA_PRESENCE_READY, LOGGED_US + 1000);
    tell_moved(1, SAPA_PRESENCE_OFFLINE, SAPA_PRESENCE_READY, LOGGED_US + 1000); /* of no team */
    tell_moved(0, SAPA_PRESENCE_READY, SAPA_PRESENCE_OFFLINE, LOGGED_US + INT64_C(3600) * 1000000);
    assert_int_equal(look(LOGGED_US + DAY_US), 1);
    assert_int_equal(tasks_of("sari"), 0); /* nothing handled says nothing of how long it took */
    assert_int_equal(tasks_of("maya"), 1);
    assert_true(tasks[0].breach.scope == SAPA_GOAL_OF_TEAM && tasks[0].breach.value == 0 && tasks[0].breach.target == 40);
}

static void where_nothing_is_logged(void **state)
{
    int64_t next_us;
    uint32_t made;

    (void)state;
    assert_int_equal(sapa_breach_look(store.store, store.folder, LOGGED_US, &next_us, &made), SAPA_EAGAIN);
    assert_int_equal(made, 0);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test_setup_teardown(missed_days_become_tasks_once, begin, end), cmocka_unit_test_setup_teardown(too_few_say_nothing, begin, end),
        cmocka_unit_test_setup_teardown(days_are_made_up_for, begin, end), cmocka_unit_test_setup_teardown(a_full_list_is_said, begin, end),
        cmocka_unit_test_setup_teardown(the_one_that_holds_is_judged, begin, end), cmocka_unit_test_setup_teardown(a_team_answers_for_who_was_there, begin, end),
        cmocka_unit_test_setup_teardown(where_nothing_is_logged, begin, end),
    };

    return cmocka_run_group_tests(all, NULL, NULL);
}
