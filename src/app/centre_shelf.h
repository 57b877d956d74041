/**
 * @file app/centre_shelf.h
 * Compiled centre descriptions by hash: today's, and older ones that records of the log refer to.
 *
 * Room    app.   Thread  one.   Owner  everything on the shelf lives until it is freed.
 * Tests   app/centre_shelf_test.c
 */
#ifndef SAPA_APP_CENTRE_SHELF_H
#define SAPA_APP_CENTRE_SHELF_H

#include "model/centre.h"

struct sapa_centre_shelf;
struct sapa_store;

/** @param store  older descriptions are read from it (without their secrets); borrowed */
SAPA_MUST_CHECK sapa_rc sapa_centre_shelf_new(struct sapa_store *store, struct sapa_centre_shelf **ret);
/** NULL is fine. */
void sapa_centre_shelf_free(struct sapa_centre_shelf *shelf);
/**
 * The calling thread's own shelf of this store, kept from job to job so that older descriptions are compiled once; it ends
 * with the thread. What was got from it lives until the next call here. NULL: no memory.
 */
struct sapa_centre_shelf *sapa_centre_shelf_of_thread(struct sapa_store *store);
/** Put a compiled one on the shelf, which owns it from now on. One with the same hash stays in front of it. */
void sapa_centre_shelf_add(struct sapa_centre_shelf *shelf, struct sapa_centre *centre);
/** The one with this hash, compiled from the store when it is not here yet; NULL when that fails (the reason is printed). */
const struct sapa_centre *sapa_centre_shelf_get(struct sapa_centre_shelf *shelf, struct sapa_str hash);

#endif
