/**
 * @file core/idmap.h
 * From a 64-bit id to an index; open addressing in memory that is given once, and touched as far as it is used.
 *
 * Room    core: pure.   Thread  that of the core.   Owner  struct sapa_core.   Tests  core/tree_test.c
 */
#ifndef SAPA_CORE_IDMAP_H
#define SAPA_CORE_IDMAP_H

#include "base/base.h"

struct sapa_idmap_slot {
    uint64_t id; /* 0: empty */
    uint32_t value;
};

struct sapa_idmap {
    struct sapa_idmap_slot *slots;
    uint32_t mask;     /* of the slots in use */
    uint32_t mask_max; /* of those that were given */
    uint32_t count;
};

/** Slots that hold `count` ids at most half full. */
static inline uint32_t sapa_idmap_slots(uint32_t count)
{
    uint32_t slots = 16;
    while (slots < count * 2)
        slots *= 2;
    return slots;
}

/** `slots` (a power of two of them): the first few are cleared, the others when their time comes. */
void sapa_idmap_init(struct sapa_idmap *map, struct sapa_idmap_slot *slots, uint32_t slot_count);
/** SAPA_NONE: not there. `id` may be anything. */
uint32_t sapa_idmap_get(const struct sapa_idmap *map, uint64_t id);
/** `id` is not 0 and not there; of what was given not more than half is full. Doubles what is in use when that is half full. */
void sapa_idmap_put(struct sapa_idmap *map, uint64_t id, uint32_t value);
/** `id` is there. */
void sapa_idmap_remove(struct sapa_idmap *map, uint64_t id);

#endif
