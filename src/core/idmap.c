#include "core/idmap.h"

#include <string.h>

enum { SLOTS_FIRST = 256 }; /* a page */

static uint32_t home(const struct sapa_idmap *map, uint64_t id)
{
    id *= UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(id >> 32) & map->mask;
}

void sapa_idmap_init(struct sapa_idmap *map, struct sapa_idmap_slot *slots, uint32_t slot_count)
{
    const uint32_t first = SAPA_MIN(slot_count, (uint32_t)SLOTS_FIRST);

    sapa_assert(slot_count > 0);
    sapa_assert((slot_count & (slot_count - 1)) == 0);
    memset(slots, 0, first * sizeof(*slots));
    *map = (struct sapa_idmap){ .slots = slots, .mask = first - 1, .mask_max = slot_count - 1 };
}

/* There is room, and it is not there. */
static void place(struct sapa_idmap *map, uint64_t id, uint32_t value)
{
    uint32_t i = home(map, id);

    for (; map->slots[i].id; i = (i + 1) & map->mask)
        sapa_assert(map->slots[i].id != id);
    map->slots[i] = (struct sapa_idmap_slot){ id, value };
}

/*
 * Twice the slots. Begun behind an empty one, so that each id comes after all that stand between it and its home: it finds
 * its new place there or before, in the old half or as far up in the new one, and no id that is still to move lies in its way.
 */
static void grow(struct sapa_idmap *map)
{
    const uint32_t old_mask = map->mask;
    uint32_t from = 0;

    sapa_assert(map->mask < map->mask_max);
    memset(map->slots + old_mask + 1, 0, (old_mask + 1) * sizeof(*map->slots));
    while (map->slots[from].id)
        from++;
    map->mask = 2 * old_mask + 1;
    for (uint32_t n = 1; n <= old_mask; n++) {
        struct sapa_idmap_slot *slot = &map->slots[(from + n) & old_mask];
        const struct sapa_idmap_slot moved = *slot;
        if (moved.id == 0)
            continue;
        *slot = (struct sapa_idmap_slot){ 0, 0 };
        place(map, moved.id, moved.value);
    }
}

uint32_t sapa_idmap_get(const struct sapa_idmap *map, uint64_t id)
{
    if (id == 0)
        return SAPA_NONE;
    for (uint32_t i = home(map, id); map->slots[i].id; i = (i + 1) & map->mask)
        if (map->slots[i].id == id)
            return map->slots[i].value;
    return SAPA_NONE;
}

void sapa_idmap_put(struct sapa_idmap *map, uint64_t id, uint32_t value)
{
    sapa_assert(id != 0);
    if (map->count > map->mask / 2)
        grow(map);
    place(map, id, value);
    map->count++;
}

void sapa_idmap_remove(struct sapa_idmap *map, uint64_t id)
{
    uint32_t i = home(map, id);

    while (map->slots[i].id != id) {
        sapa_assert(map->slots[i].id != 0);
        i = (i + 1) & map->mask;
    }
    /* close the hole: pull back whoever may stand nearer to its home */
    for (uint32_t next = (i + 1) & map->mask; map->slots[next].id; next = (next + 1) & map->mask) {
        const uint32_t distance = (next - home(map, map->slots[next].id)) & map->mask;
        if (distance >= ((next - i) & map->mask)) {
            map->slots[i] = map->slots[next];
            i = next;
        }
    }
    map->slots[i] = (struct sapa_idmap_slot){ 0, 0 };
    sapa_assert(map->count > 0);
    map->count--;
}
