#include "rt/loop.h"

#include <stdlib.h>
#include <unistd.h>

#include "rt/socket.h"
#include "rt/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

struct world {
    struct sapa_clock clock;
    struct sapa_loop *loop;
    int order[64];
    size_t count;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    sapa_clock_init_manual(&w->clock, 1000000, 1700000000000000);
    if (sapa_loop_new(&w->clock, &w->loop) != SAPA_OK)
        return -1;
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    sapa_loop_free(w->loop);
    free(w);
    return 0;
}

struct tagged_timer {
    struct sapa_timer timer;
    struct world *world;
    int tag;
    int64_t fired_us;
};

static void note(void *ctx)
{
    struct tagged_timer *t = ctx;

    t->fired_us = sapa_loop_now_us(t->world->loop);
    t->world->order[t->world->count++] = t->tag;
}

static void timers_fire_in_order_at_their_time(void **state)
{
    struct world *w = *state;
    struct tagged_timer t[5] = { 0 };
    static const int64_t after[5] = { 300, 100, 200, 100, 50 };

    for (int i = 0; i < 5; i++) {
        t[i].world = w;
        t[i].tag = i;
        sapa_timer_set(w->loop, &t[i].timer, after[i], note, &t[i]);
    }
    sapa_timer_cancel(w->loop, &t[4].timer);
    sapa_timer_cancel(w->loop, &t[4].timer);
    assert_int_equal(sapa_loop_next_timer_us(w->loop), 1000100);
    sapa_loop_advance(w->loop, 99);
    assert_int_equal(w->count, 0);
    sapa_loop_advance(w->loop, 1000);
    assert_int_equal(w->count, 4);
    static const int expected[4] = { 1, 3, 2, 0 }; /* equal times in order of setting */
    assert_memory_equal(w->order, expected, sizeof(expected));
    assert_int_equal(t[2].fired_us, 1000200);
    assert_int_equal(sapa_loop_timers(w->loop), 0);
    assert_false(sapa_timer_is_set(&t[0].timer));
}

static void set_again_moves_a_timer(void **state)
{
    struct world *w = *state;
    struct tagged_timer t = { .world = w, .tag = 1 };

    sapa_timer_set(w->loop, &t.timer, 100, note, &t);
    sapa_timer_set(w->loop, &t.timer, 500, note, &t);
    sapa_loop_advance(w->loop, 499);
    assert_int_equal(w->count, 0);
    sapa_timer_set_at(w->loop, &t.timer, 0, note, &t); /* long past: fires in the next turn */
    assert_int_equal(sapa_loop_run_once(w->loop, -1), 1);
    assert_int_equal(w->count, 1);
}

/* The heap against a plain array: many sets, resets and cancels, then everything in time order. */
static void heap_equals_naive(void **state)
{
    enum { N = 3000 };
    struct world *w = *state;
    struct tagged_timer *t = calloc(N, sizeof(*t));
    uint64_t seed = 42;
    size_t set = 0;

    for (int i = 0; i < 20000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        struct tagged_timer *one = &t[(seed >> 33) % N];
        set -= sapa_timer_is_set(&one->timer);
        if ((seed >> 20) % 4 == 0) {
            sapa_timer_cancel(w->loop, &one->timer);
        } else {
            one->world = w;
            sapa_timer_set(w->loop, &one->timer, (int64_t)((seed >> 40) % 5000), note, one);
            set++;
        }
        assert_int_equal(sapa_loop_timers(w->loop), set);
    }
    while (sapa_loop_timers(w->loop) > 0) {
        int64_t least = INT64_MAX;
        for (int i = 0; i < N; i++) {
            if (sapa_timer_is_set(&t[i].timer))
                least = SAPA_MIN(least, t[i].timer.at_us);
        }
        assert_int_equal(sapa_loop_next_timer_us(w->loop), least);
        size_t due = 0;
        for (int i = 0; i < N; i++)
            due += sapa_timer_is_set(&t[i].timer) && t[i].timer.at_us == least;
        w->count = 0;
        sapa_loop_advance(w->loop, least - sapa_loop_now_us(w->loop));
        assert_int_equal(w->count, due);
    }
    free(t);
}

struct reader {
    struct world *world;
    struct sapa_watch watch, *other;
    int calls;
    unsigned events;
};

static void on_read(void *ctx, int fd, unsigned events)
{
    struct reader *r = ctx;
    char buf[16];

    r->calls++;
    r->events = events;
    if (events & SAPA_LOOP_READ)
        (void)!read(fd, buf, sizeof(buf));
    if (r->other)
        sapa_watch_stop(r->world->loop, r->other);
}

static void descriptors_call_back(void **state)
{
    struct world *w = *state;
    struct reader r = { .world = w };
    int fds[2];

    assert_int_equal(sapa_unix_pair(fds), SAPA_OK);
    assert_int_equal(sapa_watch_start(w->loop, &r.watch, fds[0], SAPA_LOOP_READ, on_read, &r), SAPA_OK);
    assert_int_equal(sapa_watch_start(w->loop, &r.watch, fds[0], SAPA_LOOP_READ, on_read, &r), SAPA_ESTATE);
    assert_int_equal(sapa_loop_run_once(w->loop, 0), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(sapa_loop_run_once(w->loop, -1), 1);
    assert_int_equal(r.events, SAPA_LOOP_READ);
    sapa_watch_set(w->loop, &r.watch, SAPA_LOOP_WRITE);
    assert_int_equal(sapa_loop_run_once(w->loop, -1), 1);
    assert_int_equal(r.events, SAPA_LOOP_WRITE);
    sapa_watch_set(w->loop, &r.watch, 0);
    assert_int_equal(sapa_loop_run_once(w->loop, 0), 0);
    close(fds[1]);
    assert_int_equal(sapa_loop_run_once(w->loop, -1), 1);
    assert_true(r.events & SAPA_LOOP_HANGUP);
    sapa_watch_stop(w->loop, &r.watch);
    assert_int_equal(sapa_loop_run_once(w->loop, 0), 0);
    close(fds[0]);
}

/* Two descriptors are ready in the same turn; the first callback stops the second. */
static void stopped_watch_is_not_called_in_the_same_turn(void **state)
{
    struct world *w = *state;
    struct reader r[2] = { { .world = w }, { .world = w } };
    int a[2], b[2];

    assert_int_equal(sapa_unix_pair(a), SAPA_OK);
    assert_int_equal(sapa_unix_pair(b), SAPA_OK);
    r[0].other = &r[1].watch;
    r[1].other = &r[0].watch;
    assert_int_equal(sapa_watch_start(w->loop, &r[0].watch, a[0], SAPA_LOOP_READ, on_read, &r[0]), SAPA_OK);
    assert_int_equal(sapa_watch_start(w->loop, &r[1].watch, b[0], SAPA_LOOP_READ, on_read, &r[1]), SAPA_OK);
    assert_int_equal(write(a[1], "x", 1), 1);
    assert_int_equal(write(b[1], "x", 1), 1);
    assert_int_equal(sapa_loop_run_once(w->loop, -1), 1);
    assert_int_equal(r[0].calls + r[1].calls, 1);
    for (int i = 0; i < 2; i++) {
        sapa_watch_stop(w->loop, &r[i].watch);
        close(a[i]);
        close(b[i]);
    }
}

struct chain {
    struct sapa_deferred deferred;
    struct world *world;
    int calls;
};

static void again(void *ctx)
{
    struct chain *c = ctx;

    if (++c->calls < 3)
        sapa_loop_defer(c->world->loop, &c->deferred, again, c);
}

static void deferred_runs_once_a_turn(void **state)
{
    struct world *w = *state;
    struct chain c = { .world = w }, never = { .world = w };

    sapa_loop_defer(w->loop, &c.deferred, again, &c);
    sapa_loop_defer(w->loop, &c.deferred, again, &c);
    sapa_loop_defer(w->loop, &never.deferred, again, &never);
    sapa_loop_undefer(w->loop, &never.deferred);
    (void)sapa_loop_run_once(w->loop, -1);
    assert_int_equal(c.calls, 1);
    (void)sapa_loop_run_once(w->loop, -1);
    (void)sapa_loop_run_once(w->loop, -1);
    (void)sapa_loop_run_once(w->loop, 0);
    assert_int_equal(c.calls, 3);
    assert_int_equal(never.calls, 0);
}

enum { POSTS = 2000, POSTERS = 3 };

struct poster {
    struct sapa_loop *loop;
    struct sapa_posted posted[POSTS];
    int seen;
    int *total;
};

static void on_posted(void *ctx)
{
    struct poster *p = ctx;

    p->seen++;
    if (++*p->total == POSTS * POSTERS)
        sapa_loop_stop(p->loop);
}

static void post_all(void *ctx)
{
    struct poster *p = ctx;

    for (int i = 0; i < POSTS; i++)
        sapa_loop_post(p->loop, &p->posted[i], on_posted, p);
}

static void posts_from_other_threads_all_arrive(void **state)
{
    struct sapa_loop *loop;
    struct poster *p = calloc(POSTERS, sizeof(*p));
    struct sapa_thread *threads[POSTERS];
    int total = 0;

    (void)state;
    assert_int_equal(sapa_loop_new(NULL, &loop), SAPA_OK);
    for (int i = 0; i < POSTERS; i++) {
        p[i].loop = loop;
        p[i].total = &total;
        assert_int_equal(sapa_thread_start("poster", -1, post_all, &p[i], &threads[i]), SAPA_OK);
    }
    sapa_loop_run(loop);
    for (int i = 0; i < POSTERS; i++) {
        sapa_thread_join(threads[i]);
        assert_int_equal(p[i].seen, POSTS);
    }
    sapa_loop_free(loop);
    free(p);
}

struct taker {
    struct sapa_posted posted;
    struct sapa_loop *loop;
    struct taker *victim;
    int calls;
};

static void take_back_other(void *ctx)
{
    struct taker *t = ctx;

    t->calls++;
    if (t->victim)
        assert_true(sapa_loop_unpost(t->loop, &t->victim->posted));
}

static void posted_calls_can_be_taken_back(void **state)
{
    struct world *w = *state;
    struct taker t[4] = { { .loop = w->loop }, { .loop = w->loop }, { .loop = w->loop }, { .loop = w->loop } };

    t[0].victim = &t[1]; /* both are in the batch being called */
    for (int i = 0; i < 3; i++)
        sapa_loop_post(w->loop, &t[i].posted, take_back_other, &t[i]);
    assert_true(sapa_loop_unpost(w->loop, &t[2].posted));
    assert_false(sapa_loop_unpost(w->loop, &t[2].posted));
    sapa_loop_post(w->loop, &t[3].posted, take_back_other, &t[3]);
    (void)sapa_loop_run_once(w->loop, -1);
    assert_int_equal(t[0].calls, 1);
    assert_int_equal(t[1].calls, 0);
    assert_int_equal(t[2].calls, 0);
    assert_int_equal(t[3].calls, 1);
}

static void real_clock_waits_for_the_timer(void **state)
{
    struct world w = { 0 };
    struct tagged_timer t = { .world = &w };

    (void)state;
    assert_int_equal(sapa_loop_new(NULL, &w.loop), SAPA_OK);
    const int64_t start_us = sapa_loop_now_us(w.loop);
    sapa_timer_set(w.loop, &t.timer, 3000, note, &t);
    while (w.count == 0)
        (void)sapa_loop_run_once(w.loop, -1);
    assert_true(t.fired_us >= start_us + 3000);
    sapa_loop_free(w.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timers_fire_in_order_at_their_time, setup, teardown),
        cmocka_unit_test_setup_teardown(set_again_moves_a_timer, setup, teardown),
        cmocka_unit_test_setup_teardown(heap_equals_naive, setup, teardown),
        cmocka_unit_test_setup_teardown(descriptors_call_back, setup, teardown),
        cmocka_unit_test_setup_teardown(stopped_watch_is_not_called_in_the_same_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(deferred_runs_once_a_turn, setup, teardown),
        cmocka_unit_test(posts_from_other_threads_all_arrive),
        cmocka_unit_test_setup_teardown(posted_calls_can_be_taken_back, setup, teardown),
        cmocka_unit_test(real_clock_waits_for_the_timer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
