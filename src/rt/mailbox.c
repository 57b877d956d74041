#include "rt/mailbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "rt/loop_impl.h"

enum {
    SIZE_MIN = 4096,
    SIZE_MAX_LOG2 = 30,
    CACHE_LINE = 64,
    BATCH_RELEASE = 32,
    WALK_MAX = 128 << 10, /* bytes: behind them an empty ring begins anew, so that a large ring costs memory only under load */
};
static const uint32_t TYPE_PAD = UINT32_MAX; /* skip to the start of the ring */

struct header {
    uint32_t size; /* of the body, without rounding */
    uint32_t type;
};

/*
 * tail counts bytes ever written, head bytes ever read; the ring holds [head, tail). Writers share a
 * lock among themselves, the reader takes none. The two sides stand on cache lines of their own.
 */
struct sapa_mailbox {
    uint8_t *ring;
    size_t size; /* power of two */
    struct sapa_source source;
    sapa_mailbox_fn *fn;
    void *ctx;
    size_t batch_max;
    bool attached;

    _Alignas(CACHE_LINE) pthread_mutex_t lock; /* writers; guards everything up to the next line */
    uint64_t tail_own, head_seen;
    uint64_t begun_anew; /* where the ring last did: nothing but padding before it */
    uint64_t puts, refused;
    size_t high;
    _Alignas(CACHE_LINE) atomic_uint_fast64_t tail;
    atomic_uint_fast64_t wakeups;
    _Atomic(struct sapa_loop *) loop;
    _Alignas(CACHE_LINE) atomic_uint_fast64_t head;
};

static size_t room_for(size_t size)
{
    return sizeof(struct header) + ((size + 7) & ~(size_t)7);
}

sapa_rc sapa_mailbox_new(size_t size, struct sapa_mailbox **ret_mailbox)
{
    size_t rounded = SIZE_MIN;

    if (size > (size_t)1 << SIZE_MAX_LOG2)
        return SAPA_EINVAL;
    while (rounded < size)
        rounded *= 2;
    struct sapa_mailbox *mailbox = aligned_alloc(CACHE_LINE, sizeof(*mailbox));
    if (!mailbox)
        return SAPA_ENOMEM;
    memset(mailbox, 0, sizeof(*mailbox));
    mailbox->ring = malloc(rounded);
    if (!mailbox->ring) {
        free(mailbox);
        return SAPA_ENOMEM;
    }
    mailbox->size = rounded;
    pthread_mutex_init(&mailbox->lock, NULL);
    *ret_mailbox = mailbox;
    return SAPA_OK;
}

void sapa_mailbox_free(struct sapa_mailbox *mailbox)
{
    if (!mailbox)
        return;
    sapa_mailbox_detach(mailbox);
    pthread_mutex_destroy(&mailbox->lock);
    free(mailbox->ring);
    free(mailbox);
}

static struct sapa_mailbox *of_source(const struct sapa_source *source)
{
    return (struct sapa_mailbox *)((uintptr_t)source - offsetof(struct sapa_mailbox, source));
}

static size_t drain_source(struct sapa_source *source)
{
    struct sapa_mailbox *mailbox = of_source(source);

    return sapa_mailbox_drain(mailbox, mailbox->batch_max, mailbox->fn, mailbox->ctx);
}

static bool is_source_empty(const struct sapa_source *source)
{
    return sapa_mailbox_is_empty(of_source(source));
}

void sapa_mailbox_attach(struct sapa_mailbox *mailbox, struct sapa_loop *loop, size_t batch_max, sapa_mailbox_fn *fn,
                         void *ctx)
{
    sapa_assert(!mailbox->attached);
    mailbox->fn = fn;
    mailbox->ctx = ctx;
    mailbox->batch_max = batch_max;
    mailbox->source.drain = drain_source;
    mailbox->source.is_empty = is_source_empty;
    mailbox->attached = true;
    sapa_loop_attach(loop, &mailbox->source);
    atomic_store(&mailbox->loop, loop);
}

void sapa_mailbox_detach(struct sapa_mailbox *mailbox)
{
    if (!mailbox->attached)
        return;
    sapa_loop_detach(atomic_load(&mailbox->loop), &mailbox->source);
    pthread_mutex_lock(&mailbox->lock); /* a writer that has seen the loop is out of it after this */
    atomic_store(&mailbox->loop, NULL);
    pthread_mutex_unlock(&mailbox->lock);
    mailbox->attached = false;
}

/* Where the next message of `need` bytes goes; false when the ring has no room. Lock held. */
static bool make_room(struct sapa_mailbox *mailbox, size_t need, uint64_t *ret_at)
{
    const size_t offset = mailbox->tail_own & (mailbox->size - 1);
    size_t pad = mailbox->size - offset < need ? mailbox->size - offset : 0;

    if (offset >= WALK_MAX && need <= offset && pad == 0) {
        mailbox->head_seen = atomic_load_explicit(&mailbox->head, memory_order_acquire);
        if (mailbox->head_seen == mailbox->tail_own) {
            pad = mailbox->size - offset;
            mailbox->begun_anew = mailbox->tail_own + pad;
        }
    }
    if (mailbox->tail_own + pad + need - mailbox->head_seen > mailbox->size) {
        mailbox->head_seen = atomic_load_explicit(&mailbox->head, memory_order_acquire);
        if (mailbox->tail_own + pad + need - mailbox->head_seen > mailbox->size)
            return false;
    }
    if (pad > 0) {
        const struct header header = { (uint32_t)(pad - sizeof(header)), TYPE_PAD };
        memcpy(mailbox->ring + offset, &header, sizeof(header));
    }
    *ret_at = mailbox->tail_own + pad;
    return true;
}

sapa_rc sapa_mailbox_putv(struct sapa_mailbox *mailbox, uint32_t type, const struct sapa_mailbox_part *parts,
                          size_t count)
{
    size_t size = 0;
    uint64_t at;

    sapa_assert(type != TYPE_PAD);
    for (size_t i = 0; i < count; i++) {
        if (__builtin_add_overflow(size, parts[i].size, &size))
            return SAPA_EINVAL;
    }
    if (size > mailbox->size / 4 - sizeof(struct header))
        return SAPA_EINVAL;
    const size_t need = room_for(size);

    pthread_mutex_lock(&mailbox->lock);
    if (!make_room(mailbox, need, &at)) {
        mailbox->refused++;
        pthread_mutex_unlock(&mailbox->lock);
        return SAPA_ELIMIT;
    }
    const struct header header = { (uint32_t)size, type };
    uint8_t *to = mailbox->ring + (at & (mailbox->size - 1));
    memcpy(to, &header, sizeof(header));
    to += sizeof(header);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size > 0)
            memcpy(to, parts[i].data, parts[i].size);
        to += parts[i].size;
    }
    mailbox->tail_own = at + need;
    mailbox->puts++;
    /* head_seen may lag, so this can overstate by what the reader took meanwhile; look again only for a new record */
    if (mailbox->tail_own - SAPA_MAX(mailbox->head_seen, mailbox->begun_anew) > mailbox->high) {
        mailbox->head_seen = atomic_load_explicit(&mailbox->head, memory_order_acquire);
        mailbox->high = SAPA_MAX(mailbox->high, mailbox->tail_own - SAPA_MAX(mailbox->head_seen, mailbox->begun_anew));
    }
    atomic_store(&mailbox->tail, mailbox->tail_own); /* sequentially consistent: see struct sapa_source */
    struct sapa_loop *loop = atomic_load(&mailbox->loop);
    if (loop && sapa_loop_nudge(loop))
        atomic_fetch_add_explicit(&mailbox->wakeups, 1, memory_order_relaxed);
    pthread_mutex_unlock(&mailbox->lock);
    return SAPA_OK;
}

sapa_rc sapa_mailbox_put(struct sapa_mailbox *mailbox, uint32_t type, const void *data, size_t size)
{
    const struct sapa_mailbox_part part = { data, size };

    return sapa_mailbox_putv(mailbox, type, &part, 1);
}

size_t sapa_mailbox_drain(struct sapa_mailbox *mailbox, size_t max, sapa_mailbox_fn *fn, void *ctx)
{
    const uint64_t tail = atomic_load_explicit(&mailbox->tail, memory_order_acquire);
    uint64_t head = atomic_load_explicit(&mailbox->head, memory_order_relaxed);
    size_t count = 0;

    while (head != tail && (max == 0 || count < max)) {
        const uint8_t *at = mailbox->ring + (head & (mailbox->size - 1));
        struct header header;
        memcpy(&header, at, sizeof(header));
        head += room_for(header.size);
        if (header.type != TYPE_PAD) {
            fn(ctx, header.type, at + sizeof(header), header.size);
            count++;
        }
        /* Hand room back in portions: each store pulls the line away from the writers. */
        if (count % BATCH_RELEASE == 0 || head == tail)
            atomic_store_explicit(&mailbox->head, head, memory_order_release);
    }
    atomic_store_explicit(&mailbox->head, head, memory_order_release);
    return count;
}

bool sapa_mailbox_is_empty(const struct sapa_mailbox *mailbox)
{
    return atomic_load(&mailbox->tail) == atomic_load_explicit(&mailbox->head, memory_order_relaxed);
}

struct sapa_mailbox_stats sapa_mailbox_stats(struct sapa_mailbox *mailbox)
{
    struct sapa_mailbox_stats stats = { .size_bytes = mailbox->size };

    pthread_mutex_lock(&mailbox->lock);
    stats.puts = mailbox->puts;
    stats.refused = mailbox->refused;
    stats.high_bytes = mailbox->high;
    const uint64_t head = atomic_load_explicit(&mailbox->head, memory_order_acquire);
    stats.depth_bytes = mailbox->tail_own - SAPA_MAX(head, mailbox->begun_anew);
    pthread_mutex_unlock(&mailbox->lock);
    stats.wakeups = atomic_load_explicit(&mailbox->wakeups, memory_order_relaxed);
    return stats;
}
