#include "media/record_pool.h"

#include <stdlib.h>

#include "model/media.h"

enum { SLAB_BUFFERS = 64 };

struct sapa_record_slab {
    struct sapa_record_slab *next;
    struct sapa_record_buffer *free; /* while it is trimmed */
    unsigned free_count;
    struct sapa_record_buffer buffers[SLAB_BUFFERS];
};

void sapa_record_pool_init(struct sapa_record_pool *pool)
{
    *pool = (struct sapa_record_pool){ .limit = SLAB_BUFFERS };
}

void sapa_record_pool_done(struct sapa_record_pool *pool)
{
    while (pool->slabs) {
        struct sapa_record_slab *slab = pool->slabs;
        pool->slabs = slab->next;
        free(slab);
    }
    sapa_record_pool_init(pool);
}

static bool grow(struct sapa_record_pool *pool)
{
    if (pool->count >= pool->limit)
        return false;
    /* calloc: the pages of buffers that are never used stay the kernel's zero page. */
    struct sapa_record_slab *slab = calloc(1, sizeof(*slab));
    if (!slab)
        return false;
    slab->next = pool->slabs;
    pool->slabs = slab;
    pool->count += SLAB_BUFFERS;
    for (size_t i = SLAB_BUFFERS; i-- > 0;) {
        slab->buffers[i].slab = slab;
        sapa_record_pool_put(pool, &slab->buffers[i]);
    }
    return true;
}

static void take_returned(struct sapa_record_pool *pool)
{
    struct sapa_record_buffer *buffer = atomic_exchange_explicit(&pool->returned, NULL, memory_order_acquire);

    while (buffer) {
        struct sapa_record_buffer *next = buffer->next;
        sapa_record_pool_put(pool, buffer);
        buffer = next;
    }
}

void sapa_record_pool_trim(struct sapa_record_pool *pool)
{
    size_t spare = 0;

    take_returned(pool);
    while (pool->free) {
        struct sapa_record_buffer *buffer = pool->free;
        pool->free = buffer->next;
        buffer->next = buffer->slab->free;
        buffer->slab->free = buffer;
        buffer->slab->free_count++;
        spare++;
    }
    struct sapa_record_buffer **last = &pool->free;
    struct sapa_record_slab **link = &pool->slabs;
    while (*link) {
        struct sapa_record_slab *slab = *link;
        const size_t in_use = pool->count - spare;
        if (slab->free_count == SLAB_BUFFERS && spare > in_use / 2 + SLAB_BUFFERS) {
            spare -= SLAB_BUFFERS;
            pool->count -= SLAB_BUFFERS;
            *link = slab->next;
            free(slab);
            continue;
        }
        *last = slab->free;
        while (*last)
            last = &(*last)->next;
        slab->free = NULL;
        slab->free_count = 0;
        link = &slab->next;
    }
}

struct sapa_record_buffer *sapa_record_pool_get(struct sapa_record_pool *pool)
{
    /* Last in, first out: the buffer that is still warm. */
    if (!pool->free)
        pool->free = atomic_exchange_explicit(&pool->returned, NULL, memory_order_acquire);
    if (!pool->free && !grow(pool))
        return NULL;
    struct sapa_record_buffer *buffer = pool->free;
    pool->free = buffer->next;
    buffer->next = NULL;
    buffer->home = pool;
    buffer->frames = buffer->masked = 0;
    buffer->codecs[0] = buffer->codecs[1] = SAPA_CODEC_NONE;
    return buffer;
}

void sapa_record_pool_put(struct sapa_record_pool *pool, struct sapa_record_buffer *buffer)
{
    buffer->next = pool->free;
    pool->free = buffer;
}

void sapa_record_pool_return(struct sapa_record_buffer *buffer)
{
    struct sapa_record_pool *pool = buffer->home;

    buffer->next = atomic_load_explicit(&pool->returned, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&pool->returned, &buffer->next, buffer, memory_order_release,
                                                  memory_order_relaxed))
        ;
}
