/**
 * @file http/favourite.h
 * Whom somebody passes contacts on to most: a few targets, of whoever has logged in, the same on each of his computers.
 *
 * Kept in the store's settings (`desk.favourites.USER`) as they were written, all of them at once. They promise nothing:
 * whether a target is there, and may be called, is asked when it is used.
 *
 * Room    http.   Thread  any; one writer at a time (the pool of writes has one thread).   Tests   app/favourite_test.c
 */
#ifndef SAPA_HTTP_FAVOURITE_H
#define SAPA_HTTP_FAVOURITE_H

#include <jansson.h>

#include "store/store.h"

enum { SAPA_FAVOURITES_MAX = 4, SAPA_FAVOURITE_TEXT_MAX = 80 /* bytes of a target, of a name */ };

/** The list of `user`, empty when there is none; to be freed with json_decref(). @retval SAPA_ECORRUPT */
SAPA_MUST_CHECK sapa_rc sapa_favourites_get(struct sapa_store *store, struct sapa_str user, json_t **ret_items);
/**
 * Instead of what was there. An empty list takes them away.
 * @param body  { items: [ { kind: queue | agent | outside, to, name } ] }
 * @retval SAPA_EINVAL  `problem` tells
 */
SAPA_MUST_CHECK sapa_rc sapa_favourites_put(struct sapa_store *store, struct sapa_str user, struct sapa_str body, struct sapa_text *problem);

#endif
