/**
 * @file store/sqlite/shelf.h
 * A shelf for what follows from the log and is dear to compute again: pieces under (kind, key), and one state
 * that says what they are of. Pieces and state change together or not at all.
 *
 * A file of its own beside the log (`figures.db`): it may be deleted at any time, nothing but time is lost. Writes
 * are not awaited by anybody, so they are not synced one by one (WAL, synchronous NORMAL): after a power cut the
 * shelf is a little older, never half of something.
 *
 * Room    store/sqlite.   Thread  one at a time; several processes may hold the same shelf.
 * Tests   store/sqlite/shelf_test.c   Design  docs/design/figures.md
 */
#ifndef SAPA_STORE_SQLITE_SHELF_H
#define SAPA_STORE_SQLITE_SHELF_H

#include "base/str.h"

struct sapa_shelf;

/**
 * @param read_only  SAPA_ENOENT when there is none; otherwise it is made, and one that is damaged or of another
 *                   format is made anew
 * @retval SAPA_EVERSION  read only, and of another format   @retval SAPA_ECORRUPT read only, and damaged
 */
SAPA_MUST_CHECK sapa_rc sapa_shelf_open(const char *folder, bool read_only, struct sapa_shelf **ret_shelf);
/** What was begun and not ended is undone. NULL is fine. */
void sapa_shelf_close(struct sapa_shelf *shelf);

/**
 * Between begin and end everything is seen as at one moment. @param write  others cannot write meanwhile
 * @retval SAPA_EAGAIN  another writes just now
 */
SAPA_MUST_CHECK sapa_rc sapa_shelf_begin(struct sapa_shelf *shelf, bool write);
/** @param keep  false: undo. A failed end has undone everything. */
SAPA_MUST_CHECK sapa_rc sapa_shelf_end(struct sapa_shelf *shelf, bool keep);

/** Bytes live until the next call of this function. SAPA_ENOENT: none. */
SAPA_MUST_CHECK sapa_rc sapa_shelf_state(struct sapa_shelf *shelf, struct sapa_str *ret_state);
SAPA_MUST_CHECK sapa_rc sapa_shelf_state_put(struct sapa_shelf *shelf, struct sapa_str state);
/** Bytes live until the next call of this function. SAPA_ENOENT: none. */
SAPA_MUST_CHECK sapa_rc sapa_shelf_get(struct sapa_shelf *shelf, uint32_t kind, uint64_t key, struct sapa_str *ret_piece);
/** In place of what was there. */
SAPA_MUST_CHECK sapa_rc sapa_shelf_put(struct sapa_shelf *shelf, uint32_t kind, uint64_t key, struct sapa_str piece);
/** Every piece of a kind with from <= key < to, ascending, until `fn` returns false. Keys below 2^63. */
typedef bool sapa_shelf_piece_fn(void *ctx, struct sapa_str piece);
SAPA_MUST_CHECK sapa_rc sapa_shelf_each(struct sapa_shelf *shelf, uint32_t kind, uint64_t from, uint64_t to,
                                        sapa_shelf_piece_fn *fn, void *ctx);
/** No state, no pieces. */
SAPA_MUST_CHECK sapa_rc sapa_shelf_clear(struct sapa_shelf *shelf);

#endif
