/**
 * @file http/kept.h
 * Numbered JSON objects in the store's settings ("api.hook.3"): what the API keeps that is no part of the log.
 *
 * Numbers are given once and never again. Room    http: base, store.   Thread  any; one adder of a kind at a time.
 * Tests   http/hook_test.c
 */
#ifndef SAPA_HTTP_KEPT_H
#define SAPA_HTTP_KEPT_H

#include <jansson.h>

#include "store/store.h"

/** How many numbers of this kind there are: 1 … count. 0 when there is none. */
SAPA_MUST_CHECK sapa_rc sapa_kept_count(struct sapa_store *store, const char *kind, uint64_t *ret);
/** For kinds whose numbers are not those of sapa_kept_add(). */
SAPA_MUST_CHECK sapa_rc sapa_kept_count_set(struct sapa_store *store, const char *kind, uint64_t count);
/** @retval SAPA_ENOENT   @retval SAPA_ECORRUPT  no object. The caller frees it with json_decref(). */
SAPA_MUST_CHECK sapa_rc sapa_kept_get(struct sapa_store *store, const char *kind, uint64_t id, json_t **ret);
/** In place of what was there. Takes the reference; NULL is SAPA_EINVAL (what could not be packed). @retval SAPA_ELIMIT  more than SAPA_STORE_VALUE_MAX bytes */
SAPA_MUST_CHECK sapa_rc sapa_kept_put(struct sapa_store *store, const char *kind, uint64_t id, json_t *object);
/** It is gone, its number with it. */
SAPA_MUST_CHECK sapa_rc sapa_kept_drop(struct sapa_store *store, const char *kind, uint64_t id);
/** A new one; it may be put again under the number. Takes the reference. @retval SAPA_ELIMIT  `max` is reached */
SAPA_MUST_CHECK sapa_rc sapa_kept_add(struct sapa_store *store, const char *kind, uint64_t max, json_t *object,
                                      uint64_t *ret_id);

/** A text member copied; "" when it is missing. False: it does not fit. */
bool sapa_kept_text(const json_t *object, const char *name, char *buf, size_t size);
/** Lower-case hex of exactly n bytes. */
bool sapa_unhex(const char *hex, void *bytes, size_t n);

#endif
