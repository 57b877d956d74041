/**
 * @file http/called.h
 * How a person likes to be called ("Bu Ani"): said by whoever talked with him, shown from the next ring on.
 *
 * Kept in the store's settings (`desk.called.PERSON`), sealed with the person's key: gone with an erasure. It is that of
 * whom he was merged into, while the merge lasts.
 *
 * Room    http.   Thread  any; one writer at a time (the pool of writes has one thread).   Tests   app/web_desk_test.c
 */
#ifndef SAPA_HTTP_CALLED_H
#define SAPA_HTTP_CALLED_H

#include "store/people.h"

enum { SAPA_CALLED_MAX = 80 /* bytes */ };

/** @retval SAPA_ENOENT  nothing was said, or the person was erased */
SAPA_MUST_CHECK sapa_rc sapa_called_get(struct sapa_store *store, uint64_t person, char ret[SAPA_CALLED_MAX + 1]);
/** Instead of what was said before; empty: nothing. @retval SAPA_EINVAL  longer, or control characters @retval SAPA_ENOENT  no such person */
SAPA_MUST_CHECK sapa_rc sapa_called_put(struct sapa_store *store, uint64_t person, struct sapa_str text);

#endif
