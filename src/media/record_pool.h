/**
 * @file media/record_pool.h
 * Buffers for chunks of recordings: taken by a packet thread, given back by it or by the writer.
 *
 * Grows by slabs when the writer is slow, up to `limit`; sapa_record_pool_trim() gives back what is not needed. What the writer gives back
 * lies on a list without a lock (many push, one takes all), so a slow packet thread never makes it wait.
 * Room    media.   Thread  the packet thread's, but for sapa_record_pool_return(): any.
 * Tests   media/recorder_test.c
 */
#ifndef SAPA_MEDIA_RECORD_POOL_H
#define SAPA_MEDIA_RECORD_POOL_H

#include <stdatomic.h>

#include "media/recording_impl.h"

struct sapa_record_pool;

/** One chunk on its way. */
struct sapa_record_buffer {
    struct sapa_record_buffer *next;
    struct sapa_record_pool *home;
    struct sapa_record_slab *slab;
    uint8_t codecs[2]; /* of each channel; SAPA_CODEC_NONE: nothing written yet */
    uint32_t frames, masked;
    uint8_t plain[SAPA_RECORDING_CHUNK_SIZE_2];
};

struct sapa_record_pool {
    struct sapa_record_buffer *free;
    _Atomic(struct sapa_record_buffer *) returned;
    struct sapa_record_slab *slabs;
    size_t count, limit; /* buffers */
};

/** Holds nothing yet; set `limit` at will. */
void sapa_record_pool_init(struct sapa_record_pool *pool);
/** All buffers must be home. */
void sapa_record_pool_done(struct sapa_record_pool *pool);
/** NULL: the limit is reached, or no memory. */
struct sapa_record_buffer *sapa_record_pool_get(struct sapa_record_pool *pool);
/**
 * Frees slabs of which no buffer is in use, while more than half as many buffers are free as are in use, and more than a
 * slab. Those that stay are handed out slab by slab, so that others empty until the next time. Every second or so.
 */
void sapa_record_pool_trim(struct sapa_record_pool *pool);
void sapa_record_pool_put(struct sapa_record_pool *pool, struct sapa_record_buffer *buffer);
/** Any thread. */
void sapa_record_pool_return(struct sapa_record_buffer *buffer);

#endif
