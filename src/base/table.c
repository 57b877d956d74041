#include "base/table.h"

#include <stdlib.h>
#include <string.h>

static void *heap_resize(void *ctx, void *old, size_t size)
{
    (void)ctx;
    if (size == 0) {
        free(old);
        return NULL;
    }
    return realloc(old, size);
}

const struct sapa_memory *sapa_memory_heap(void)
{
    static const struct sapa_memory heap = { heap_resize, NULL };

    return &heap;
}

/* splitmix64's finalizer: ids are counters, their low bits alone would do, but keys of rows are packed. */
static uint32_t hash_of(uint64_t key)
{
    key ^= key >> 30;
    key *= UINT64_C(0xbf58476d1ce4e5b9);
    key ^= key >> 27;
    key *= UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(key >> 32);
}

static uint64_t key_at(const struct sapa_table *table, uint32_t index)
{
    uint64_t key;

    memcpy(&key, sapa_table_at(table, index), sizeof(key));
    return key;
}

void sapa_table_init(struct sapa_table *table, const struct sapa_memory *memory, size_t entry_size,
                     uint32_t limit)
{
    sapa_assert(entry_size >= sizeof(uint64_t) && entry_size % sizeof(uint64_t) == 0);
    sapa_assert(limit < UINT32_MAX / 4);
    *table = (struct sapa_table){ .memory = memory, .entry_size = entry_size, .limit = limit };
}

void sapa_table_done(struct sapa_table *table)
{
    if (table->entries)
        (void)table->memory->resize(table->memory->ctx, table->entries, 0);
    if (table->slots)
        (void)table->memory->resize(table->memory->ctx, table->slots, 0);
    sapa_table_init(table, table->memory, table->entry_size, table->limit);
}

/* The slot that holds `key`, or the empty one where it would go. There is always an empty one. */
static uint32_t slot_of(const struct sapa_table *table, uint64_t key)
{
    uint32_t slot = hash_of(key) & table->slot_mask;

    while (table->slots[slot] != 0 && key_at(table, table->slots[slot] - 1) != key)
        slot = (slot + 1) & table->slot_mask;
    return slot;
}

void *sapa_table_find(const struct sapa_table *table, uint64_t key)
{
    if (table->count == 0)
        return NULL;
    const uint32_t index = table->slots[slot_of(table, key)];
    return index == 0 ? NULL : sapa_table_at(table, index - 1);
}

static sapa_rc grow(struct sapa_table *table)
{
    const uint32_t room = table->room == 0 ? 16 : table->room * 2;
    void *entries = table->memory->resize(table->memory->ctx, table->entries,
                                          (size_t)room * table->entry_size);
    if (!entries)
        return SAPA_ENOMEM;
    table->entries = entries;
    /* Twice as many slots as entries: probes stay short. */
    uint32_t *slots = table->memory->resize(table->memory->ctx, table->slots,
                                            (size_t)room * 2 * sizeof(*slots));
    if (!slots)
        return SAPA_ENOMEM; /* the old slots are still whole; entries merely have room to spare */
    table->slots = slots;
    table->slot_mask = room * 2 - 1;
    table->room = room;
    memset(slots, 0, (size_t)room * 2 * sizeof(*slots));
    for (uint32_t i = 0; i < table->count; i++)
        slots[slot_of(table, key_at(table, i))] = i + 1;
    return SAPA_OK;
}

sapa_rc sapa_table_add(struct sapa_table *table, uint64_t key, void *ret_entry)
{
    if (table->count >= table->limit)
        return SAPA_ELIMIT;
    if (table->count == table->room) {
        const sapa_rc rc = grow(table);
        if (rc != SAPA_OK)
            return rc;
    }
    const uint32_t slot = slot_of(table, key);
    sapa_assert(table->slots[slot] == 0);
    table->slots[slot] = table->count + 1;
    void *entry = sapa_table_at(table, table->count++);
    memset(entry, 0, table->entry_size);
    memcpy(entry, &key, sizeof(key));
    memcpy(ret_entry, &entry, sizeof(entry));
    return SAPA_OK;
}

/* Close the gap that an emptied slot leaves in its probe run (Knuth 6.4, algorithm R). */
static void close_gap(struct sapa_table *table, uint32_t gap)
{
    uint32_t slot = gap;

    for (;;) {
        slot = (slot + 1) & table->slot_mask;
        if (table->slots[slot] == 0)
            break;
        const uint32_t home = hash_of(key_at(table, table->slots[slot] - 1)) & table->slot_mask;
        if (((slot - home) & table->slot_mask) >= ((slot - gap) & table->slot_mask)) {
            table->slots[gap] = table->slots[slot];
            gap = slot;
        }
    }
    table->slots[gap] = 0;
}

void sapa_table_remove(struct sapa_table *table, void *entry)
{
    const size_t index = (size_t)((uint8_t *)entry - table->entries) / table->entry_size;
    const uint32_t last = table->count - 1;

    sapa_assert(index < table->count);
    close_gap(table, slot_of(table, key_at(table, (uint32_t)index)));
    if (index != last) {
        table->slots[slot_of(table, key_at(table, last))] = (uint32_t)index + 1;
        memcpy(entry, sapa_table_at(table, last), table->entry_size);
    }
    table->count = last;
}
