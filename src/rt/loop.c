#include "rt/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "rt/loop_impl.h"

enum { BATCH = 128, HEAP_START = 64, ARITY = 4 };

/* The key stands in the heap itself: sifting 100,000 timers touches no owner's memory but to note the place. */
struct slot {
    int64_t at_us;
    uint64_t order; /* of setting: equal times fire in this order */
    struct sapa_timer *timer;
};

struct sapa_loop {
    struct sapa_clock *clock;
    struct sapa_clock own_clock;
    int64_t now_us;
    int epoll;
    int event;
    atomic_bool asleep;
    atomic_bool stop;

    struct slot *heap;
    size_t heap_count, heap_size;
    uint64_t order;

    struct epoll_event ready[BATCH];
    size_t ready_count, ready_at; /* the batch being handled, so that a stopped watch can be struck out */

    struct sapa_deferred deferred; /* ring head */
    struct sapa_source sources;    /* ring head */
    struct sapa_source *source_next; /* being walked; detach moves it on */
    size_t source_count;

    pthread_mutex_t posted_lock;
    struct sapa_posted *posted_first, **posted_last;
    struct sapa_posted *posted_calling; /* taken from the list, about to be called */
    atomic_bool posted_any;
};

/* --- timers: a 4-ary heap --- */

static bool before(const struct slot *a, const struct slot *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void put_slot(struct sapa_loop *loop, size_t at, struct slot slot)
{
    loop->heap[at] = slot;
    slot.timer->place = at + 1;
}

static void sift_up(struct sapa_loop *loop, size_t at, struct slot slot)
{
    while (at > 0) {
        const size_t parent = (at - 1) / ARITY;
        if (!before(&slot, &loop->heap[parent]))
            break;
        put_slot(loop, at, loop->heap[parent]);
        at = parent;
    }
    put_slot(loop, at, slot);
}

static void sift_down(struct sapa_loop *loop, size_t at, struct slot slot)
{
    for (;;) {
        const size_t first = at * ARITY + 1;
        const size_t end = SAPA_MIN(first + ARITY, loop->heap_count);
        size_t least = first;

        if (first >= loop->heap_count)
            break;
        for (size_t child = first + 1; child < end; child++) {
            if (before(&loop->heap[child], &loop->heap[least]))
                least = child;
        }
        if (!before(&loop->heap[least], &slot))
            break;
        put_slot(loop, at, loop->heap[least]);
        at = least;
    }
    put_slot(loop, at, slot);
}

static void sift(struct sapa_loop *loop, size_t at, struct slot slot)
{
    if (at > 0 && before(&slot, &loop->heap[(at - 1) / ARITY]))
        sift_up(loop, at, slot);
    else
        sift_down(loop, at, slot);
}

void sapa_timer_set_at(struct sapa_loop *loop, struct sapa_timer *timer, int64_t at_mono_us, sapa_timer_fn *fn,
                       void *ctx)
{
    const struct slot slot = { at_mono_us, loop->order++, timer };

    timer->at_us = at_mono_us;
    timer->fn = fn;
    timer->ctx = ctx;
    if (timer->place > 0) {
        sapa_assert(loop->heap[timer->place - 1].timer == timer);
        sift(loop, timer->place - 1, slot);
        return;
    }
    if (loop->heap_count == loop->heap_size) {
        const size_t size = loop->heap_size ? loop->heap_size * 2 : HEAP_START;
        struct slot *heap = realloc(loop->heap, size * sizeof(*heap));
        sapa_assert(heap); /* without timers nothing of ours is safe to go on */
        loop->heap = heap;
        loop->heap_size = size;
    }
    sift_up(loop, loop->heap_count++, slot);
}

void sapa_timer_set(struct sapa_loop *loop, struct sapa_timer *timer, int64_t after_us, sapa_timer_fn *fn, void *ctx)
{
    sapa_assert(after_us >= 0);
    sapa_timer_set_at(loop, timer, loop->now_us + after_us, fn, ctx);
}

void sapa_timer_cancel(struct sapa_loop *loop, struct sapa_timer *timer)
{
    if (timer->place == 0)
        return;
    const size_t at = timer->place - 1;
    sapa_assert(at < loop->heap_count && loop->heap[at].timer == timer);
    const struct slot last = loop->heap[--loop->heap_count];
    timer->place = 0;
    if (at < loop->heap_count)
        sift(loop, at, last);
}

size_t sapa_loop_timers(const struct sapa_loop *loop)
{
    return loop->heap_count;
}

int64_t sapa_loop_next_timer_us(const struct sapa_loop *loop)
{
    return loop->heap_count ? loop->heap[0].at_us : INT64_MAX;
}

static size_t fire_timers(struct sapa_loop *loop)
{
    const uint64_t order_end = loop->order; /* one that is set anew for now waits for the next turn */
    size_t count = 0;

    while (loop->heap_count > 0 && loop->heap[0].at_us <= loop->now_us && loop->heap[0].order < order_end) {
        struct sapa_timer *timer = loop->heap[0].timer;
        sapa_timer_cancel(loop, timer);
        timer->fn(timer->ctx); /* may free the timer */
        count++;
    }
    return count;
}

/* --- descriptors --- */

static uint32_t epoll_events(unsigned events)
{
    return (events & SAPA_LOOP_READ ? EPOLLIN | EPOLLRDHUP : 0) | (events & SAPA_LOOP_WRITE ? EPOLLOUT : 0);
}

sapa_rc sapa_watch_start(struct sapa_loop *loop, struct sapa_watch *watch, int fd, unsigned events, sapa_watch_fn *fn,
                         void *ctx)
{
    struct epoll_event event = { .events = epoll_events(events), .data.ptr = watch };

    if (watch->on)
        return SAPA_ESTATE;
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        return errno == ENOMEM || errno == ENOSPC ? SAPA_ELIMIT : SAPA_EIO;
    *watch = (struct sapa_watch){ .fd = fd, .events = events, .fn = fn, .ctx = ctx, .on = true };
    return SAPA_OK;
}

void sapa_watch_set(struct sapa_loop *loop, struct sapa_watch *watch, unsigned events)
{
    struct epoll_event event = { .events = epoll_events(events), .data.ptr = watch };

    sapa_assert(watch->on);
    if (watch->events == events)
        return;
    const int rc = epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event);
    sapa_assert(rc == 0); /* only a closed descriptor or a foreign loop gets here */
    watch->events = events;
}

void sapa_watch_stop(struct sapa_loop *loop, struct sapa_watch *watch)
{
    if (!watch->on)
        return;
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->on = false;
    for (size_t i = loop->ready_at; i < loop->ready_count; i++) {
        if (loop->ready[i].data.ptr == watch)
            loop->ready[i].data.ptr = NULL;
    }
}

static size_t call_watches(struct sapa_loop *loop)
{
    size_t count = 0;

    while (loop->ready_at < loop->ready_count) {
        const struct epoll_event *event = &loop->ready[loop->ready_at++];
        struct sapa_watch *watch = event->data.ptr;
        if (!watch)
            continue;
        if ((void *)watch == (void *)loop) {
            uint64_t ignored;
            (void)!read(loop->event, &ignored, sizeof(ignored));
            continue;
        }
        const unsigned happened = (event->events & EPOLLIN ? SAPA_LOOP_READ : 0) |
                                  (event->events & EPOLLOUT ? SAPA_LOOP_WRITE : 0) |
                                  (event->events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP) ? SAPA_LOOP_HANGUP : 0);
        watch->fn(watch->ctx, watch->fd, happened);
        count++;
    }
    loop->ready_at = loop->ready_count = 0;
    return count;
}

/* --- what other threads hand in --- */

void sapa_loop_attach(struct sapa_loop *loop, struct sapa_source *source)
{
    source->next = &loop->sources;
    source->prev = loop->sources.prev;
    source->prev->next = source;
    loop->sources.prev = source;
}

void sapa_loop_detach(struct sapa_loop *loop, struct sapa_source *source)
{
    if (loop->source_next == source)
        loop->source_next = source->next;
    source->prev->next = source->next;
    source->next->prev = source->prev;
    source->next = source->prev = NULL;
}

bool sapa_loop_nudge(struct sapa_loop *loop)
{
    const uint64_t one = 1;

    if (!atomic_load(&loop->asleep) || !atomic_exchange(&loop->asleep, false))
        return false;
    (void)!write(loop->event, &one, sizeof(one)); /* full means that it is readable already */
    return true;
}

void sapa_loop_wake(struct sapa_loop *loop)
{
    (void)sapa_loop_nudge(loop);
}

void sapa_loop_post(struct sapa_loop *loop, struct sapa_posted *posted, sapa_deferred_fn *fn, void *ctx)
{
    *posted = (struct sapa_posted){ .fn = fn, .ctx = ctx };
    pthread_mutex_lock(&loop->posted_lock);
    *loop->posted_last = posted;
    loop->posted_last = &posted->next;
    atomic_store(&loop->posted_any, true);
    /* Inside the lock: once it is released the loop may run the call and the poster's loop may be freed. */
    sapa_loop_wake(loop);
    pthread_mutex_unlock(&loop->posted_lock);
}

static size_t call_posted(struct sapa_loop *loop)
{
    size_t count = 0;

    if (!atomic_load(&loop->posted_any))
        return 0;
    pthread_mutex_lock(&loop->posted_lock);
    loop->posted_calling = loop->posted_first;
    loop->posted_first = NULL;
    loop->posted_last = &loop->posted_first;
    atomic_store(&loop->posted_any, false);
    pthread_mutex_unlock(&loop->posted_lock);
    while (loop->posted_calling) {
        struct sapa_posted *posted = loop->posted_calling;
        loop->posted_calling = posted->next;
        posted->fn(posted->ctx); /* may free `posted`, and take back others */
        count++;
    }
    return count;
}

static bool unlink_posted(struct sapa_posted **at, struct sapa_posted *posted)
{
    while (*at && *at != posted)
        at = &(*at)->next;
    if (!*at)
        return false;
    *at = posted->next;
    return true;
}

bool sapa_loop_unpost(struct sapa_loop *loop, struct sapa_posted *posted)
{
    bool taken = unlink_posted(&loop->posted_calling, posted);

    pthread_mutex_lock(&loop->posted_lock);
    if (!taken && unlink_posted(&loop->posted_first, posted)) {
        taken = true;
        loop->posted_last = &loop->posted_first;
        while (*loop->posted_last)
            loop->posted_last = &(*loop->posted_last)->next;
    }
    pthread_mutex_unlock(&loop->posted_lock);
    return taken;
}

static size_t drain_sources(struct sapa_loop *loop)
{
    size_t count = 0;

    for (struct sapa_source *source = loop->sources.next; source != &loop->sources; source = loop->source_next) {
        loop->source_next = source->next;
        count += source->drain(source);
    }
    loop->source_next = NULL;
    return count;
}

static bool anything_handed_in(struct sapa_loop *loop)
{
    if (atomic_load(&loop->posted_any) || atomic_load(&loop->stop))
        return true;
    for (struct sapa_source *source = loop->sources.next; source != &loop->sources; source = source->next) {
        if (!source->is_empty(source))
            return true;
    }
    return false;
}

/* --- deferred calls --- */

void sapa_loop_defer(struct sapa_loop *loop, struct sapa_deferred *deferred, sapa_deferred_fn *fn, void *ctx)
{
    if (deferred->next)
        return;
    deferred->fn = fn;
    deferred->ctx = ctx;
    deferred->next = &loop->deferred;
    deferred->prev = loop->deferred.prev;
    deferred->prev->next = deferred;
    loop->deferred.prev = deferred;
}

void sapa_loop_undefer(struct sapa_loop *loop, struct sapa_deferred *deferred)
{
    (void)loop;
    if (!deferred->next)
        return;
    deferred->prev->next = deferred->next;
    deferred->next->prev = deferred->prev;
    deferred->next = deferred->prev = NULL;
}

static size_t call_deferred(struct sapa_loop *loop)
{
    struct sapa_deferred batch; /* what is deferred meanwhile waits for the next turn */
    size_t count = 0;

    if (loop->deferred.next == &loop->deferred)
        return 0;
    batch = loop->deferred;
    batch.next->prev = &batch;
    batch.prev->next = &batch;
    loop->deferred.next = loop->deferred.prev = &loop->deferred;
    while (batch.next != &batch) {
        struct sapa_deferred *deferred = batch.next;
        sapa_loop_undefer(loop, deferred);
        deferred->fn(deferred->ctx);
        count++;
    }
    return count;
}

/* --- turning --- */

sapa_rc sapa_loop_new(struct sapa_clock *clock, struct sapa_loop **ret_loop)
{
    struct sapa_loop *loop = calloc(1, sizeof(*loop));

    if (!loop)
        return SAPA_ENOMEM;
    sapa_clock_init(&loop->own_clock);
    loop->clock = clock ? clock : &loop->own_clock;
    loop->now_us = sapa_clock_mono_us(loop->clock);
    loop->deferred.next = loop->deferred.prev = &loop->deferred;
    loop->sources.next = loop->sources.prev = &loop->sources;
    loop->posted_last = &loop->posted_first;
    pthread_mutex_init(&loop->posted_lock, NULL);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = loop };
    if (loop->epoll < 0 || loop->event < 0 || epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->event, &event) != 0) {
        sapa_loop_free(loop);
        return SAPA_EIO;
    }
    *ret_loop = loop;
    return SAPA_OK;
}

void sapa_loop_free(struct sapa_loop *loop)
{
    if (!loop)
        return;
    for (size_t i = 0; i < loop->heap_count; i++)
        loop->heap[i].timer->place = 0;
    pthread_mutex_lock(&loop->posted_lock); /* a poster may still be on its way out */
    pthread_mutex_unlock(&loop->posted_lock);
    pthread_mutex_destroy(&loop->posted_lock);
    if (loop->epoll >= 0)
        close(loop->epoll);
    if (loop->event >= 0)
        close(loop->event);
    free(loop->heap);
    free(loop);
}

int64_t sapa_loop_now_us(const struct sapa_loop *loop)
{
    return loop->now_us;
}

struct sapa_clock *sapa_loop_clock(struct sapa_loop *loop)
{
    return loop->clock;
}

static void wait_for_events(struct sapa_loop *loop, int64_t timeout_us)
{
    struct timespec limit = { timeout_us / 1000000, (timeout_us % 1000000) * 1000 };
    int n;

    if (timeout_us == 0) {
        n = epoll_wait(loop->epoll, loop->ready, BATCH, 0);
    } else {
        n = epoll_pwait2(loop->epoll, loop->ready, BATCH, timeout_us < 0 ? NULL : &limit, NULL);
        if (n < 0 && errno == ENOSYS)
            n = epoll_wait(loop->epoll, loop->ready, BATCH,
                           timeout_us < 0 ? -1 : (int)SAPA_MIN((timeout_us + 999) / 1000, 3600000));
    }
    loop->ready_at = 0;
    loop->ready_count = n > 0 ? (size_t)n : 0;
}

size_t sapa_loop_run_once(struct sapa_loop *loop, int64_t timeout_us)
{
    size_t count = 0;

    if (timeout_us != 0) {
        const int64_t next_us = sapa_loop_next_timer_us(loop);
        const int64_t now_us = sapa_clock_mono_us(loop->clock);
        if (next_us <= now_us || loop->deferred.next != &loop->deferred)
            timeout_us = 0;
        else if (!loop->clock->manual && next_us != INT64_MAX && (timeout_us < 0 || next_us - now_us < timeout_us))
            timeout_us = next_us - now_us;
    }
    if (timeout_us != 0) {
        atomic_store(&loop->asleep, true);
        if (anything_handed_in(loop))
            timeout_us = 0;
    }
    wait_for_events(loop, timeout_us);
    atomic_store_explicit(&loop->asleep, false, memory_order_relaxed);

    loop->now_us = sapa_clock_mono_us(loop->clock);
    count += fire_timers(loop);
    count += call_watches(loop);
    count += drain_sources(loop);
    count += call_posted(loop);
    count += call_deferred(loop);
    return count;
}

void sapa_loop_run(struct sapa_loop *loop)
{
    while (!atomic_load(&loop->stop))
        (void)sapa_loop_run_once(loop, -1);
    atomic_store(&loop->stop, false);
}

void sapa_loop_stop(struct sapa_loop *loop)
{
    atomic_store(&loop->stop, true);
    sapa_loop_wake(loop);
}

void sapa_loop_advance(struct sapa_loop *loop, int64_t us)
{
    const int64_t end_us = loop->clock->mono_us + us;

    sapa_assert(loop->clock->manual);
    sapa_assert(us >= 0);
    while (sapa_loop_next_timer_us(loop) <= end_us) {
        const int64_t step_us = sapa_loop_next_timer_us(loop) - loop->clock->mono_us;
        sapa_clock_advance(loop->clock, SAPA_MAX(step_us, 0));
        (void)sapa_loop_run_once(loop, 0);
    }
    sapa_clock_advance(loop->clock, end_us - loop->clock->mono_us);
    (void)sapa_loop_run_once(loop, 0);
}
