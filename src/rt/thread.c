#include "rt/thread.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/str.h"

struct sapa_thread {
    pthread_t id;
    char name[16];
    int cpu;
    void (*fn)(void *ctx);
    void *ctx;
};

struct work {
    struct work *next;
    struct sapa_posted posted;
    struct sapa_loop *loop;
    sapa_work_fn *fn;
    sapa_work_done_fn *done;
    void *ctx;
    sapa_rc rc;
};

struct sapa_pool {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct work *first, **last;
    size_t depth, depth_max;
    bool closing;
    unsigned thread_count;
    struct sapa_thread *threads[64];
};

unsigned sapa_cpu_count(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    return SAPA_MAX((unsigned)CPU_COUNT(&set), 1u);
}

sapa_rc sapa_thread_pin(int cpu)
{
    cpu_set_t set;

    if (cpu < 0 || cpu >= CPU_SETSIZE)
        return SAPA_EINVAL;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    return pthread_setaffinity_np(pthread_self(), sizeof(set), &set) == 0 ? SAPA_OK : SAPA_EINVAL;
}

void sapa_thread_background(void)
{
    if (getpriority(PRIO_PROCESS, 0) < 5) /* Linux: of the thread that calls */
        (void)!setpriority(PRIO_PROCESS, 0, 5);
}

static void *thread_main(void *arg)
{
    struct sapa_thread *thread = arg;

    pthread_setname_np(pthread_self(), thread->name);
    if (thread->cpu >= 0)
        (void)!sapa_thread_pin(thread->cpu);
    thread->fn(thread->ctx);
    return NULL;
}

sapa_rc sapa_thread_start(const char *name, int cpu, void (*fn)(void *ctx), void *ctx,
                          struct sapa_thread **ret_thread)
{
    struct sapa_thread *thread = calloc(1, sizeof(*thread));
    sigset_t all, before;

    if (!thread)
        return SAPA_ENOMEM;
    (void)sapa_str_copy(sapa_str_of(name), thread->name, sizeof(thread->name));
    thread->cpu = cpu;
    thread->fn = fn;
    thread->ctx = ctx;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* inherited: signals go to the main thread's signalfd */
    const int error = pthread_create(&thread->id, NULL, thread_main, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        free(thread);
        return SAPA_ELIMIT;
    }
    *ret_thread = thread;
    return SAPA_OK;
}

void sapa_thread_join(struct sapa_thread *thread)
{
    if (!thread)
        return;
    pthread_join(thread->id, NULL);
    free(thread);
}

/* --- pool --- */

static void deliver(void *ctx)
{
    struct work *work = ctx;
    sapa_work_done_fn *done = work->done;
    void *done_ctx = work->ctx;
    const sapa_rc rc = work->rc;

    free(work);
    done(done_ctx, rc);
}

static void finish(struct work *work, sapa_rc rc)
{
    if (!work->loop || !work->done) {
        free(work);
        return;
    }
    work->rc = rc;
    sapa_loop_post(work->loop, &work->posted, deliver, work);
}

static void pool_main(void *ctx)
{
    struct sapa_pool *pool = ctx;

    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->first && !pool->closing)
            pthread_cond_wait(&pool->more, &pool->lock);
        struct work *work = pool->first;
        if (!work)
            break;
        pool->first = work->next;
        if (!pool->first)
            pool->last = &pool->first;
        const bool begin = !pool->closing;
        pthread_mutex_unlock(&pool->lock);
        if (begin)
            work->fn(work->ctx);
        pthread_mutex_lock(&pool->lock);
        pool->depth--; /* before `done` is posted: it may submit again at once */
        pthread_mutex_unlock(&pool->lock);
        finish(work, begin ? SAPA_OK : SAPA_ECLOSED);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
}

sapa_rc sapa_pool_new(const char *name, unsigned threads, size_t queue_max, struct sapa_pool **ret_pool)
{
    if (threads < 1 || threads > 64 || queue_max < 1)
        return SAPA_EINVAL;
    struct sapa_pool *pool = calloc(1, sizeof(*pool));
    if (!pool)
        return SAPA_ENOMEM;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->more, NULL);
    pool->last = &pool->first;
    pool->depth_max = queue_max;
    for (unsigned i = 0; i < threads; i++) {
        const sapa_rc rc = sapa_thread_start(name, -1, pool_main, pool, &pool->threads[i]);
        if (rc != SAPA_OK) {
            sapa_pool_free(pool);
            return rc;
        }
        pool->thread_count++;
    }
    *ret_pool = pool;
    return SAPA_OK;
}

void sapa_pool_free(struct sapa_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->closing = true;
    pthread_cond_broadcast(&pool->more);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->thread_count; i++)
        sapa_thread_join(pool->threads[i]);
    pthread_cond_destroy(&pool->more);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

sapa_rc sapa_pool_submit(struct sapa_pool *pool, struct sapa_loop *loop, sapa_work_fn *work_fn,
                         sapa_work_done_fn *done, void *ctx)
{
    struct work *work = calloc(1, sizeof(*work));

    if (!work)
        return SAPA_ENOMEM;
    *work = (struct work){ .loop = loop, .fn = work_fn, .done = done, .ctx = ctx };
    pthread_mutex_lock(&pool->lock);
    if (pool->depth >= pool->depth_max || pool->closing) {
        pthread_mutex_unlock(&pool->lock);
        free(work);
        return SAPA_ELIMIT;
    }
    pool->depth++;
    *pool->last = work;
    pool->last = &work->next;
    pthread_cond_signal(&pool->more);
    pthread_mutex_unlock(&pool->lock);
    return SAPA_OK;
}

size_t sapa_pool_depth(struct sapa_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    const size_t depth = pool->depth;
    pthread_mutex_unlock(&pool->lock);
    return depth;
}
