/**
 * @file base/table.h
 * A hash table from 64-bit keys to fixed-size entries that lie densely in one array.
 *
 * Made for folds: entries are found in O(1), walked without holes, saved by writing the array, and
 * loaded by adding them again. An entry begins with its key (uint64_t). Removing moves the last
 * entry into the hole and adding may move all: no pointer survives either.
 *
 * Room    base: libc only.   Thread  the owner's.   Tests  base/table_test.c
 */
#ifndef SAPA_BASE_TABLE_H
#define SAPA_BASE_TABLE_H

#include "base/memory.h"

struct sapa_table {
    const struct sapa_memory *memory;
    size_t entry_size;  /* a multiple of 8 */
    uint32_t count;
    uint32_t room;      /* entries there is memory for */
    uint32_t limit;     /* entries there may ever be */
    uint32_t slot_mask; /* slots - 1; 0 before the first entry */
    uint8_t *entries;
    uint32_t *slots;    /* entry index + 1, 0 empty; linear probing */
};

/** @param entry_size  of the struct, whose first member is its uint64_t key  @param limit  entries at most */
void sapa_table_init(struct sapa_table *table, const struct sapa_memory *memory, size_t entry_size,
                     uint32_t limit);
/** Gives the memory back; the table may be used again. */
void sapa_table_done(struct sapa_table *table);
/** NULL when there is none. */
void *sapa_table_find(const struct sapa_table *table, uint64_t key);
/**
 * A new entry, zeroed but for its key. The key must not be in the table.
 * @retval SAPA_ELIMIT  the table is full   @retval SAPA_ENOMEM
 */
SAPA_MUST_CHECK sapa_rc sapa_table_add(struct sapa_table *table, uint64_t key, void *ret_entry);
/** `entry` is one of the table's. */
void sapa_table_remove(struct sapa_table *table, void *entry);
/** Entry at `index` < count, in no order that means anything. */
static inline void *sapa_table_at(const struct sapa_table *table, uint32_t index)
{
    return table->entries + (size_t)index * table->entry_size;
}

#endif
