/**
 * @file http/coach.h
 * Coaching notes: what a coach says to an agent at a moment of a recording, and whether the agent has heard it again.
 *
 * Kept in the store's settings, a numbered object each (`api.coach.AGENT.NUMBER`). A text is sealed with the key of the
 * person in the recording: an erasure makes it unreadable, as it does the recording. A note is its own task: it stands in
 * the agent's work until it is done, so that there is nothing beside it that could say something else.
 *
 * Room    http.   Thread  any; one writer at a time (the pool of writes has one thread).
 * Design  docs/design/coaching.md   Tests   app/web_coach_test.c
 */
#ifndef SAPA_HTTP_COACH_H
#define SAPA_HTTP_COACH_H

#include "store/people.h"

enum {
    SAPA_COACH_TEXT_MAX = 500,  /* bytes */
    SAPA_COACH_SEEN_MAX = 200,  /* of an agent: the newest are looked at, older ones are history */
    SAPA_COACH_OPEN_MAX = 30,   /* of an agent: not yet done */
    SAPA_COACH_CLIENT_MAX = 64, /* bytes: a key */
};

struct sapa_coach_note {
    uint64_t id;                  /* of the agent's */
    uint64_t recording, contact, person;
    int64_t at_ms, length_ms;     /* in the recording; of it */
    int64_t created_us, done_us;  /* 0: not done yet */
    char client[SAPA_COACH_CLIENT_MAX + 1]; /* key, of the contact */
    char by[65];
    char text[SAPA_COACH_TEXT_MAX + 1]; /* empty: the person was erased */
};

/**
 * One more; `id` is given to it.
 * @retval SAPA_EINVAL  no text, too long, or control characters but line ends   @retval SAPA_ELIMIT  SAPA_COACH_OPEN_MAX wait for him
 * @retval SAPA_ENOENT  the person was erased
 */
SAPA_MUST_CHECK sapa_rc sapa_coach_add(struct sapa_store *store, struct sapa_str agent, const struct sapa_coach_note *note, uint64_t *ret_id);
/** SAPA_ENOENT: there is none of this number, or it was taken back. */
SAPA_MUST_CHECK sapa_rc sapa_coach_get(struct sapa_store *store, struct sapa_str agent, uint64_t id, struct sapa_coach_note *ret);
/** It was heard again. Also when it was before: the first time counts. */
SAPA_MUST_CHECK sapa_rc sapa_coach_done(struct sapa_store *store, struct sapa_str agent, uint64_t id, int64_t at_us);
/** Taken back. @retval SAPA_EDENIED  somebody else has written it */
SAPA_MUST_CHECK sapa_rc sapa_coach_end(struct sapa_store *store, struct sapa_str agent, uint64_t id, const char *by);
/** Those of an agent that were written at `since_us` or later, the newest first, SAPA_COACH_SEEN_MAX of them. */
SAPA_MUST_CHECK sapa_rc sapa_coach_each(struct sapa_store *store, struct sapa_str agent, int64_t since_us,
                                        void (*fn)(void *ctx, const struct sapa_coach_note *note), void *ctx);

#endif
