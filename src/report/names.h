/**
 * @file report/names.h
 * Names that outlive a centre description: queue 3 of yesterday's description and queue 5 of today's
 * are one row of a report when their key is the same.
 *
 * Records carry indices into the description in force; folds keep *dimensions*, numbers of this table.
 * A dimension is never removed: a queue that no longer exists keeps its figures.
 *
 * Room    report: base, model; pure.   Thread  the fold's.   Owner  whoever folds.
 * Tests   report/names_test.c          Design  docs/design/numbers.md
 */
#ifndef SAPA_REPORT_NAMES_H
#define SAPA_REPORT_NAMES_H

#include "base/bytes.h"
#include "base/memory.h"
#include "model/centre.h"

/** What a row can be about. Numbers stand in snapshots. */
#define SAPA_DIMS(X) \
    X(TOTAL, "total") X(CLIENT, "client") X(NUMBER, "number") X(QUEUE, "queue") X(AGENT, "agent") \
    X(REASON, "reason") X(DISPOSITION, "disposition") X(TRUNK, "trunk") X(CAMPAIGN, "campaign") \
    X(TEAM, "team")

enum sapa_dim {
#define X(id, text) SAPA_DIM_##id,
    SAPA_DIMS(X)
#undef X
    SAPA_DIM_COUNT
};

enum { SAPA_NAMES_PER_DIM_MAX = 1 << 20 };

struct sapa_name {
    char key[SAPA_KEY_MAX + 1];                   /* "toko.penjualan" */
    char text[SAPA_LANGUAGE_COUNT][SAPA_KEY_MAX + 1]; /* what people read, cut at whole characters */
    uint32_t client;                              /* dimension of the client; SAPA_NONE */
    uint32_t team;                                /* of an agent: dimension of his team; SAPA_NONE */
};

struct sapa_names {
    const struct sapa_memory *memory;
    const struct sapa_centre *centre; /* in force, borrowed; NULL before the first */
    struct {
        struct sapa_name *names;      /* by dimension */
        uint32_t count, room;
        uint32_t *of_index;           /* index in the description in force → dimension */
        uint32_t index_count;
    } dims[SAPA_DIM_COUNT];
};

void sapa_names_init(struct sapa_names *names, const struct sapa_memory *memory);
void sapa_names_done(struct sapa_names *names);

/**
 * A description comes into force: known keys keep their dimension, new ones get one. `centre` must
 * live until the next call or sapa_names_done().
 * @retval SAPA_ENOMEM  the names are as before
 */
SAPA_MUST_CHECK sapa_rc sapa_names_take(struct sapa_names *names, const struct sapa_centre *centre);

/** Dimension of the object with this index in the description in force; SAPA_NONE when there is none. */
static inline uint32_t sapa_names_dim(const struct sapa_names *names, enum sapa_dim kind, uint64_t index)
{
    return index < names->dims[kind].index_count ? names->dims[kind].of_index[index] : SAPA_NONE;
}

/** Stable key; "?" for SAPA_NONE, "" for SAPA_DIM_TOTAL. Lives until the next sapa_names_take(). */
struct sapa_str sapa_names_key(const struct sapa_names *names, enum sapa_dim kind, uint32_t dim);
/** For people; falls back on the key. */
struct sapa_str sapa_names_text(const struct sapa_names *names, enum sapa_dim kind, uint32_t dim,
                                enum sapa_language language);
/** Dimension by key; SAPA_NONE. O(n). */
uint32_t sapa_names_find(const struct sapa_names *names, enum sapa_dim kind, struct sapa_str key);

/** A sink of lines, for everything here that prints. `line` has no newline and lives for the call. */
struct sapa_lines {
    void (*line)(void *ctx, struct sapa_str line);
    void *ctx;
};

/*
 * Saving. A fold is written as a run of small pieces, so that a snapshot of any size needs no large
 * buffer: `put` appends bytes (false: the target is full), `get` takes exactly n bytes (false: there
 * are no more). Snapshots begin with their fold's name and version; a version that this build does
 * not know is SAPA_EVERSION and the fold is rebuilt from the log.
 */
struct sapa_save {
    bool (*put)(void *ctx, const void *bytes, size_t n);
    void *ctx;
};
struct sapa_load {
    bool (*get)(void *ctx, void *bytes, size_t n);
    void *ctx;
};

SAPA_MUST_CHECK sapa_rc sapa_names_save(const struct sapa_names *names, const struct sapa_save *save);
/** Into names fresh from sapa_names_init(); take the description in force afterwards. */
SAPA_MUST_CHECK sapa_rc sapa_names_load(struct sapa_names *names, const struct sapa_load *load);

#endif
