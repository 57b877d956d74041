/* Tasks of agents in a real store: kept in order, sealed, gone when done, unreadable when their person is erased. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "app/test_store_impl.h"
#include "http/task.h"

TEST_STORE_FIXTURE(store)
static char seen[1024];

static void note(void *ctx, const struct sapa_task *task)
{
    (void)ctx;
    const size_t n = strlen(seen);
    snprintf(seen + n, sizeof(seen) - n, "%llu:%s@%lld ", (unsigned long long)task->id, task->text, (long long)task->due_us);
}

static const char *all_of(const char *agent)
{
    seen[0] = '\0';
    assert_int_equal(sapa_task_each(store.store, sapa_str_of(agent), note, NULL), SAPA_OK);
    return seen;
}

static sapa_rc add(const char *agent, const char *text, int64_t due_us, uint64_t person)
{
    struct sapa_task task = { .person = person, .contact = person ? 4711 : 0, .due_us = due_us, .created_us = 1, .by = "siti" };
    uint64_t id;

    (void)sapa_str_copy(sapa_str_of(text), task.text, sizeof(task.text));
    return sapa_task_add(store.store, sapa_str_of(agent), &task, &id);
}

static void tasks_are_kept_until_they_are_done(void **state)
{
    char value[8192];

    (void)state;
    assert_string_equal(all_of("siti"), "");
    assert_int_equal(add("siti", "some day", 0, 0), SAPA_OK);
    assert_int_equal(add("siti", "at three", 300, 0), SAPA_OK);
    assert_int_equal(add("siti", "at one", 100, 0), SAPA_OK);
    assert_int_equal(add("budi", "his own", 100, 0), SAPA_OK);
    assert_string_equal(all_of("siti"), "3:at one@100 2:at three@300 1:some day@0 ");
    assert_int_equal(sapa_task_set(store.store, SAPA_STR("siti"), 3, 400, false), SAPA_OK);
    assert_int_equal(sapa_task_set(store.store, SAPA_STR("siti"), 1, 0, true), SAPA_OK);
    assert_int_equal(sapa_task_set(store.store, SAPA_STR("siti"), 1, 0, true), SAPA_ENOENT);
    assert_int_equal(sapa_task_set(store.store, SAPA_STR("nobody"), 1, 0, true), SAPA_ENOENT);
    assert_string_equal(all_of("siti"), "2:at three@300 3:at one@400 ");
    assert_int_equal(add("siti", "", 0, 0), SAPA_EINVAL);
    assert_int_equal(add("siti", "a\x01", 0, 0), SAPA_EINVAL);
    assert_int_equal(add("siti", "a\xff", 0, 0), SAPA_EINVAL);
    for (unsigned i = 2; i < SAPA_TASKS_MAX; i++)
        assert_int_equal(add("siti", "one more", 0, 0), SAPA_OK);
    assert_int_equal(add("siti", "too many", 0, 0), SAPA_ELIMIT);
    assert_int_equal(sapa_store_setting(store.store, "desk.task.budi", value, sizeof(value)), SAPA_OK);
    assert_null(strstr(value, "his own"));
}

static void a_text_goes_with_its_person(void **state)
{
    (void)state;
    const uint64_t person = test_store_person(&store, "62811234567");
    assert_int_equal(add("siti", "call her back", 100, person), SAPA_OK);
    assert_int_equal(add("siti", "tidy up", 200, 0), SAPA_OK);
    assert_string_equal(all_of("siti"), "1:call her back@100 2:tidy up@200 ");
    assert_int_equal(sapa_person_erase(store.store, person, "test"), SAPA_OK);
    assert_string_equal(all_of("siti"), "1:@100 2:tidy up@200 ");
    assert_int_equal(add("siti", "call her back", 100, person), SAPA_ENOENT);
    assert_int_equal(sapa_task_set(store.store, SAPA_STR("siti"), 1, 0, true), SAPA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tasks_are_kept_until_they_are_done, begin, end),
        cmocka_unit_test_setup_teardown(a_text_goes_with_its_person, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
