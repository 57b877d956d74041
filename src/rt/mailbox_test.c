#include "rt/mailbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rt/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

struct seen {
    size_t count;
    uint32_t type;
    size_t size;
    uint8_t data[4096];
};

static void remember(void *ctx, uint32_t type, const void *data, size_t size)
{
    struct seen *s = ctx;

    assert_int_equal((uintptr_t)data % 8, 0);
    s->count++;
    s->type = type;
    s->size = size;
    memcpy(s->data, data, size);
}

static void message_arrives_whole(void **state)
{
    struct sapa_mailbox *mb;
    struct seen s = { 0 };
    const struct sapa_mailbox_part parts[3] = { { "ab", 2 }, { NULL, 0 }, { "cde", 3 } };

    (void)state;
    assert_int_equal(sapa_mailbox_new(1, &mb), SAPA_OK);
    assert_true(sapa_mailbox_is_empty(mb));
    assert_int_equal(sapa_mailbox_putv(mb, 7, parts, 3), SAPA_OK);
    assert_int_equal(sapa_mailbox_put(mb, 8, NULL, 0), SAPA_OK);
    assert_int_equal(sapa_mailbox_drain(mb, 1, remember, &s), 1);
    assert_int_equal(s.type, 7);
    assert_int_equal(s.size, 5);
    assert_memory_equal(s.data, "abcde", 5);
    assert_int_equal(sapa_mailbox_drain(mb, 0, remember, &s), 1);
    assert_int_equal(s.type, 8);
    assert_int_equal(s.size, 0);
    assert_true(sapa_mailbox_is_empty(mb));
    sapa_mailbox_free(mb);
}

static void full_refuses_and_goes_on_after_reading(void **state)
{
    struct sapa_mailbox *mb;
    struct seen s = { 0 };
    uint8_t body[100] = { 0 };
    size_t puts = 0;

    (void)state;
    assert_int_equal(sapa_mailbox_new(4096, &mb), SAPA_OK);
    assert_int_equal(sapa_mailbox_put(mb, 1, body, 4096), SAPA_EINVAL);
    while (sapa_mailbox_put(mb, 1, body, sizeof(body)) == SAPA_OK)
        puts++;
    assert_int_equal(puts, 4096 / 112);
    assert_int_equal(sapa_mailbox_stats(mb).refused, 1);
    assert_int_equal(sapa_mailbox_stats(mb).depth_bytes, puts * 112);
    assert_int_equal(sapa_mailbox_drain(mb, 0, remember, &s), puts);
    assert_int_equal(sapa_mailbox_put(mb, 1, body, sizeof(body)), SAPA_OK);
    assert_int_equal(sapa_mailbox_stats(mb).high_bytes, puts * 112);
    sapa_mailbox_free(mb);
}

/* Every size at every offset of a small ring: nothing is torn at its end. */
static void wraps_at_every_offset(void **state)
{
    struct sapa_mailbox *mb;
    struct seen s = { 0 };
    uint8_t body[1000];

    (void)state;
    assert_int_equal(sapa_mailbox_new(4096, &mb), SAPA_OK);
    for (unsigned round = 0; round < 5000; round++) {
        const size_t size = round * 37 % 1000;
        memset(body, (int)round, size);
        assert_int_equal(sapa_mailbox_put(mb, round, body, size), SAPA_OK);
        if (round % 3 == 0)
            continue;
        while (!sapa_mailbox_is_empty(mb))
            (void)sapa_mailbox_drain(mb, 1, remember, &s);
        assert_int_equal(s.type, round);
        assert_int_equal(s.size, size);
        assert_memory_equal(s.data, body, size);
    }
    sapa_mailbox_free(mb);
}

enum { WRITERS = 3, EACH = 100000, WRITERS_DONE = 1000 };

struct writer {
    struct sapa_mailbox *mb;
    uint32_t index;
};

struct sink {
    struct sapa_loop *loop;
    uint64_t next[WRITERS];
    int done;
};

static void write_all(void *ctx)
{
    struct writer *w = ctx;

    for (uint64_t i = 0; i < EACH;) {
        const uint64_t body[3] = { w->index, i, ~i };
        if (sapa_mailbox_put(w->mb, w->index, body, 16 + i % 9) == SAPA_OK)
            i++;
    }
    while (sapa_mailbox_put(w->mb, WRITERS_DONE, NULL, 0) != SAPA_OK) {
    }
}

static void check_order(void *ctx, uint32_t type, const void *data, size_t size)
{
    struct sink *sink = ctx;
    uint64_t body[2];

    if (type == WRITERS_DONE) {
        if (++sink->done == WRITERS)
            sapa_loop_stop(sink->loop);
        return;
    }
    memcpy(body, data, sizeof(body));
    assert_int_equal(body[0], type);
    assert_int_equal(body[1], sink->next[type]);
    assert_int_equal(size, 16 + body[1] % 9);
    sink->next[type]++;
}

static void many_writers_keep_their_order(void **state)
{
    struct sink sink = { 0 };
    struct sapa_mailbox *mb;
    struct writer writers[WRITERS];
    struct sapa_thread *threads[WRITERS];

    (void)state;
    assert_int_equal(sapa_loop_new(NULL, &sink.loop), SAPA_OK);
    assert_int_equal(sapa_mailbox_new(65536, &mb), SAPA_OK);
    sapa_mailbox_attach(mb, sink.loop, 100, check_order, &sink);
    for (uint32_t i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){ mb, i };
        assert_int_equal(sapa_thread_start("writer", -1, write_all, &writers[i], &threads[i]), SAPA_OK);
    }
    sapa_loop_run(sink.loop);
    for (int i = 0; i < WRITERS; i++) {
        sapa_thread_join(threads[i]);
        assert_int_equal(sink.next[i], EACH);
    }
    const struct sapa_mailbox_stats stats = sapa_mailbox_stats(mb);
    assert_int_equal(stats.puts, WRITERS * (EACH + 1));
    assert_int_equal(stats.depth_bytes, 0);
    assert_true(stats.high_bytes <= 65536);
    sapa_mailbox_free(mb);
    sapa_loop_free(sink.loop);
}

/* One ball between two sleeping loops: a lost wake-up would hang here. */
struct player {
    struct sapa_loop *loop;
    struct sapa_mailbox *in, *out;
    int left;
};

static void hit(void *ctx, uint32_t type, const void *data, size_t size)
{
    struct player *p = ctx;

    (void)data;
    (void)size;
    p->left--;
    if (p->left >= 0)
        assert_int_equal(sapa_mailbox_put(p->out, type + 1, NULL, 0), SAPA_OK);
    if (p->left <= 0)
        sapa_loop_stop(p->loop);
}

static void play(void *ctx)
{
    struct player *p = ctx;

    sapa_loop_run(p->loop);
}

static void no_wakeup_is_lost(void **state)
{
    struct player p[2] = { { .left = 20000 }, { .left = 20000 } };
    struct sapa_thread *thread;

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sapa_loop_new(NULL, &p[i].loop), SAPA_OK);
        assert_int_equal(sapa_mailbox_new(4096, &p[i].in), SAPA_OK);
    }
    for (int i = 0; i < 2; i++) {
        p[i].out = p[1 - i].in;
        sapa_mailbox_attach(p[i].in, p[i].loop, 0, hit, &p[i]);
    }
    assert_int_equal(sapa_mailbox_put(p[0].in, 1, NULL, 0), SAPA_OK);
    assert_int_equal(sapa_thread_start("player", -1, play, &p[1], &thread), SAPA_OK);
    sapa_loop_run(p[0].loop);
    sapa_thread_join(thread);
    assert_int_equal(p[0].left, 0);
    assert_int_equal(p[1].left, 0);
    for (int i = 0; i < 2; i++)
        sapa_mailbox_free(p[i].in);
    for (int i = 0; i < 2; i++)
        sapa_loop_free(p[i].loop);
}

static void count_only(void *ctx, uint32_t type, const void *data, size_t size)
{
    struct sink *sink = ctx;

    (void)data;
    (void)size;
    sink->next[0]++;
    if (type == WRITERS_DONE)
        sapa_loop_stop(sink->loop);
}

static void write_fast(void *ctx)
{
    struct writer *w = ctx;
    const uint64_t body[4] = { 0 };

    for (uint32_t i = 0; i <= w->index; i++) {
        const uint32_t type = i == w->index ? WRITERS_DONE : 1;
        while (sapa_mailbox_put(w->mb, type, body, sizeof(body)) != SAPA_OK) {
        }
    }
}

static void throughput(void **state)
{
    struct sink sink = { 0 };
    struct writer writer = { .index = 1000000 };
    struct sapa_thread *thread;

    (void)state;
    assert_int_equal(sapa_loop_new(NULL, &sink.loop), SAPA_OK);
    assert_int_equal(sapa_mailbox_new(1 << 20, &writer.mb), SAPA_OK);
    sapa_mailbox_attach(writer.mb, sink.loop, 0, count_only, &sink);
    const int64_t start_us = sapa_mono_us();
    assert_int_equal(sapa_thread_start("writer", -1, write_fast, &writer, &thread), SAPA_OK);
    sapa_loop_run(sink.loop);
    const int64_t took_us = sapa_mono_us() - start_us;
    sapa_thread_join(thread);
    assert_int_equal(sink.next[0], writer.index + 1);
    print_message("mailbox: %.1f million messages/s, %llu wake-ups\n", (double)writer.index / (double)took_us,
                  (unsigned long long)sapa_mailbox_stats(writer.mb).wakeups);
    sapa_mailbox_free(writer.mb);
    sapa_loop_free(sink.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_arrives_whole),
        cmocka_unit_test(full_refuses_and_goes_on_after_reading),
        cmocka_unit_test(wraps_at_every_offset),
        cmocka_unit_test(many_writers_keep_their_order),
        cmocka_unit_test(no_wakeup_is_lost),
        cmocka_unit_test(throughput),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
