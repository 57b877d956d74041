/**
 * @file sip/map_impl.h
 * A hash table from 64-bit keys to small numbers that allows a key several times, SipHash to make
 * keys that a peer cannot choose, and a heap of times.
 *
 * Room sip.   Thread its owner's.   Tests sip/map_test.c
 */
#ifndef SAPA_SIP_MAP_IMPL_H
#define SAPA_SIP_MAP_IMPL_H

#include "base/str.h"

/** SipHash-2-4 (Aumasson, Bernstein 2012), in pieces: pieces are told apart by a separator. */
struct sapa_sip_hash {
    uint64_t v[4];
    uint64_t tail;
    uint64_t n;
};
void sapa_sip_hash_begin(struct sapa_sip_hash *hash, const uint8_t key[16]);
void sapa_sip_hash_raw(struct sapa_sip_hash *hash, const void *bytes, size_t n);
/** The text and a separator. */
void sapa_sip_hash_str(struct sapa_sip_hash *hash, struct sapa_str s);
/** The same in lower case (ASCII). */
void sapa_sip_hash_istr(struct sapa_sip_hash *hash, struct sapa_str s);
void sapa_sip_hash_u64(struct sapa_sip_hash *hash, uint64_t value);
/** Never 0. */
uint64_t sapa_sip_hash_end(struct sapa_sip_hash *hash);

struct sapa_sip_map_cell {
    uint64_t key; /* 0: empty */
    uint32_t value;
};
/** Open addressing, linear probing, deletion by moving back; grows at 3/4. */
struct sapa_sip_map {
    struct sapa_sip_map_cell *cells;
    size_t size; /* power of two; 0: nothing yet */
    size_t count;
};
/** SAPA_ENOMEM. `key` is not 0. */
SAPA_MUST_CHECK sapa_rc sapa_sip_map_add(struct sapa_sip_map *map, uint64_t key, uint32_t value);
void sapa_sip_map_remove(struct sapa_sip_map *map, uint64_t key, uint32_t value);
/** Walk the values of a key: *cursor starts at SIZE_MAX. False at the end. Do not change the map meanwhile. */
bool sapa_sip_map_next(const struct sapa_sip_map *map, uint64_t key, size_t *cursor,
                       uint32_t *ret_value);
void sapa_sip_map_free(struct sapa_sip_map *map);

struct sapa_sip_heap_item {
    int64_t due_us;
    uint32_t ref;
};
/** Binary heap; the owner of a ref keeps its place through `moved`. */
struct sapa_sip_heap {
    struct sapa_sip_heap_item *items;
    uint32_t count, size;
    void (*moved)(void *ctx, uint32_t ref, uint32_t place); /* place + 1; 0: taken out */
    void *ctx;
};
/** Room for `count` refs, so that setting one cannot fail. SAPA_ENOMEM. */
SAPA_MUST_CHECK sapa_rc sapa_sip_heap_reserve(struct sapa_sip_heap *heap, uint32_t count);
/** Set, move or (due INT64_MAX) take out. `place` as last told by moved(), 0: not in. */
void sapa_sip_heap_set(struct sapa_sip_heap *heap, uint32_t ref, uint32_t place, int64_t due_us);
void sapa_sip_heap_remove(struct sapa_sip_heap *heap, uint32_t place);
void sapa_sip_heap_free(struct sapa_sip_heap *heap);

#endif
