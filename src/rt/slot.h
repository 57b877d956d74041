/**
 * @file rt/slot.h
 * The newest report of a thread about itself, for others: bytes that are replaced as a whole.
 *
 * Who wants a fresh one takes the turn, asks for a report by whatever way there is, and waits for a later turn.
 * The reporting thread never waits for readers.
 * Room    rt.   Thread  any.   Owner   whoever made it; no reader may be left at the end.   Tests  rt/slot_test.c
 */
#ifndef SAPA_RT_SLOT_H
#define SAPA_RT_SLOT_H

#include "base/base.h"

struct sapa_slot;

SAPA_MUST_CHECK sapa_rc sapa_slot_new(struct sapa_slot **ret_slot);
/** NULL is fine. */
void sapa_slot_free(struct sapa_slot *slot);

/** Turn of what is in it; 0: nothing was ever put. */
uint64_t sapa_slot_turn(struct sapa_slot *slot);
/** Copied. SAPA_ENOMEM: what was in it stays. */
SAPA_MUST_CHECK sapa_rc sapa_slot_put(struct sapa_slot *slot, const void *bytes, size_t n);
/**
 * Wait for something put after `turn`, `limit_ms` at most.
 * @param ret_bytes  heap, free()
 * @retval SAPA_ETIMEOUT  nothing came: what is there, however old, is in `ret_bytes`; NULL and 0 when nothing is
 */
SAPA_MUST_CHECK sapa_rc sapa_slot_wait(struct sapa_slot *slot, uint64_t turn, unsigned limit_ms, void **ret_bytes, size_t *ret_n);

#endif
