/**
 * @file report/save_impl.h
 * Saving and loading the parts that folds are made of.
 *
 * Snapshots are written and read by the same build's folds: plain structs under a mark, a version and
 * the size of the struct. Anything else is refused and the fold is made anew from the log.
 * Room    report, internal.
 */
#ifndef SAPA_REPORT_SAVE_IMPL_H
#define SAPA_REPORT_SAVE_IMPL_H

#include "base/table.h"
#include "report/names.h"

struct save_head {
    uint32_t mark;
    uint32_t version;
    uint64_t size; /* of the struct that follows or of the entries */
};

static inline sapa_rc save_head(const struct sapa_save *save, uint32_t mark, uint32_t version, size_t size)
{
    const struct save_head head = { mark, version, size };

    return save->put(save->ctx, &head, sizeof(head)) ? SAPA_OK : SAPA_EIO;
}

static inline sapa_rc load_head(const struct sapa_load *load, uint32_t mark, uint32_t version, size_t size)
{
    struct save_head head;

    if (!load->get(load->ctx, &head, sizeof(head)) || head.mark != mark)
        return SAPA_ECORRUPT;
    return head.version == version && head.size == size ? SAPA_OK : SAPA_EVERSION;
}

/* Bytes from outside are a bool only when they say 0 or 1: to read any other as one is undefined. */
static inline bool is_bool(const bool *value)
{
    uint8_t byte;

    memcpy(&byte, value, sizeof(byte));
    return byte <= 1;
}

static inline sapa_rc save_table(const struct sapa_save *save, const struct sapa_table *table)
{
    const uint64_t head[2] = { table->entry_size, table->count };

    if (!save->put(save->ctx, head, sizeof(head)))
        return SAPA_EIO;
    if (table->count > 0 && !save->put(save->ctx, table->entries, table->entry_size * table->count))
        return SAPA_EIO;
    return SAPA_OK;
}

/* Into an empty table. `sane` looks at each entry: false is SAPA_ECORRUPT. */
static inline sapa_rc load_table(const struct sapa_load *load, struct sapa_table *table,
                                 bool (*sane)(const void *entry))
{
    uint64_t head[2], key;

    if (!load->get(load->ctx, head, sizeof(head)))
        return SAPA_ECORRUPT;
    if (head[0] != table->entry_size)
        return SAPA_EVERSION;
    for (uint64_t i = 0; i < head[1]; i++) {
        uint8_t *entry;
        if (!load->get(load->ctx, &key, sizeof(key)) || sapa_table_find(table, key))
            return SAPA_ECORRUPT;
        const sapa_rc rc = sapa_table_add(table, key, &entry);
        if (rc != SAPA_OK)
            return rc;
        if (table->entry_size > sizeof(key)
            && !load->get(load->ctx, entry + sizeof(key), table->entry_size - sizeof(key)))
            return SAPA_ECORRUPT;
        if (sane && !sane(entry))
            return SAPA_ECORRUPT;
    }
    return SAPA_OK;
}

#endif
