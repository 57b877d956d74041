#include "rt/thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void say_name(void *ctx)
{
    pthread_getname_np(pthread_self(), ctx, 16);
}

static void thread_has_its_name(void **state)
{
    struct sapa_thread *thread;
    char name[16] = "";

    (void)state;
    assert_int_equal(sapa_thread_start("a-rather-long-name", 0, say_name, name, &thread), SAPA_OK);
    sapa_thread_join(thread);
    assert_string_equal(name, "a-rather-long-n");
    sapa_thread_join(NULL);
    assert_true(sapa_cpu_count() >= 1);
    assert_int_equal(sapa_thread_pin(-1), SAPA_EINVAL);
}

static void be_in_no_hurry(void *ctx)
{
    sapa_thread_background();
    *(int *)ctx = getpriority(PRIO_PROCESS, 0);
}

static void the_background_is_of_one_thread(void **state)
{
    struct sapa_thread *thread;
    const int before = getpriority(PRIO_PROCESS, 0);
    int inside = 0;

    (void)state;
    assert_int_equal(sapa_thread_start("slow", -1, be_in_no_hurry, &inside, &thread), SAPA_OK);
    sapa_thread_join(thread);
    assert_int_equal(inside, SAPA_MAX(before, 5));
    assert_int_equal(getpriority(PRIO_PROCESS, 0), before);
}

struct job {
    struct sapa_loop *loop;
    pthread_t home;
    atomic_int worked;
    int done, closed, expected;
    pthread_mutex_t gate;
};

static void work(void *ctx)
{
    struct job *job = ctx;

    pthread_mutex_lock(&job->gate);
    pthread_mutex_unlock(&job->gate);
    assert_false(pthread_equal(pthread_self(), job->home));
    atomic_fetch_add(&job->worked, 1);
}

static void work_done(void *ctx, sapa_rc rc)
{
    struct job *job = ctx;

    assert_true(pthread_equal(pthread_self(), job->home));
    job->done++;
    job->closed += rc == SAPA_ECLOSED;
    if (job->done == job->expected)
        sapa_loop_stop(job->loop);
}

static void pool_is_bounded_and_reports_back(void **state)
{
    struct job job = { .home = pthread_self(), .gate = PTHREAD_MUTEX_INITIALIZER, .expected = 8 };
    struct sapa_pool *pool;

    (void)state;
    assert_int_equal(sapa_loop_new(NULL, &job.loop), SAPA_OK);
    assert_int_equal(sapa_pool_new("pool", 0, 1, &pool), SAPA_EINVAL);
    assert_int_equal(sapa_pool_new("pool", 3, 8, &pool), SAPA_OK);
    pthread_mutex_lock(&job.gate);
    for (int i = 0; i < 8; i++)
        assert_int_equal(sapa_pool_submit(pool, job.loop, work, work_done, &job), SAPA_OK);
    assert_int_equal(sapa_pool_depth(pool), 8);
    assert_int_equal(sapa_pool_submit(pool, job.loop, work, work_done, &job), SAPA_ELIMIT);
    pthread_mutex_unlock(&job.gate);
    sapa_loop_run(job.loop);
    assert_int_equal(job.worked, 8);
    assert_int_equal(job.closed, 0);
    assert_int_equal(sapa_pool_depth(pool), 0);
    assert_int_equal(sapa_pool_submit(pool, NULL, work, NULL, &job), SAPA_OK);
    sapa_pool_free(pool);
    sapa_loop_free(job.loop);
}

static void closing_gives_back_waiting_work(void **state)
{
    enum { JOBS = 50 };
    struct job job = { .home = pthread_self(), .gate = PTHREAD_MUTEX_INITIALIZER, .expected = JOBS };
    struct sapa_pool *pool;

    (void)state;
    assert_int_equal(sapa_loop_new(NULL, &job.loop), SAPA_OK);
    assert_int_equal(sapa_pool_new("pool", 1, JOBS, &pool), SAPA_OK);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(sapa_pool_submit(pool, job.loop, work, work_done, &job), SAPA_OK);
    sapa_pool_free(pool);
    sapa_loop_run(job.loop);
    assert_int_equal(job.done, JOBS); /* every one heard, worked or not */
    assert_int_equal(job.worked + job.closed, JOBS);
    sapa_loop_free(job.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_background_is_of_one_thread), cmocka_unit_test(thread_has_its_name),
        cmocka_unit_test(pool_is_bounded_and_reports_back),
        cmocka_unit_test(closing_gives_back_waiting_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
