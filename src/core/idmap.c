#include "core/idmap.h"

#include <string.h>

static uint32_t home(const struct sapa_idmap *map, uint64_t id)
{
    id *= UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(id >> 32) & map->mask;
}

void sapa_idmap_init(struct sapa_idmap *map, struct sapa_idmap_slot *slots, uint32_t slot_count)
{
    sapa_assert(slot_count > 0);
    sapa_assert((slot_count & (slot_count - 1)) == 0);
    memset(slots, 0, slot_count * sizeof(*slots));
    *map = (struct sapa_idmap){ .slots = slots, .mask = slot_count - 1 };
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
    uint32_t i = home(map, id);

    sapa_assert(id != 0);
    sapa_assert(map->count <= map->mask / 2);
    for (; map->slots[i].id; i = (i + 1) & map->mask)
        sapa_assert(map->slots[i].id != id);
    map->slots[i] = (struct sapa_idmap_slot){ id, value };
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
