/**
 * @file http/session.h
 * Sessions: what a login gives. A secret like a token's, for somebody of the centre description, for some hours.
 *
 * What a session may do is asked of the description in force at each request: whoever is taken out of it, or gets
 * another role, is so at once. Kept are SHA-256 of the secret, whose it is and when it ends (`api.session.N`), so that a
 * restart logs nobody out. There are SAPA_SESSIONS_MAX places; what is over gives way, then
 * the oldest, of somebody with SAPA_SESSIONS_USER_MAX his own.
 *
 * Room    http: base, rt, model, store.   Thread  one writer at a time; a struct sapa_sessions: its owner's.
 * Design  docs/design/http.md   Tests  http/session_test.c, app/session_test.c, test/scenario/84-api-login
 */
#ifndef SAPA_HTTP_SESSION_H
#define SAPA_HTTP_SESSION_H

#include "base/table.h"
#include "http/json.h"
#include "http/token.h"
#include "http/user.h"

enum {
    SAPA_SESSIONS_MAX = 4096,
    SAPA_SESSIONS_USER_MAX = 64,
    SAPA_SESSION_HOURS = 12,
    SAPA_SESSION_FIRST_ID = 1 << 20, /* above all numbers of tokens (SAPA_TOKENS_EVER_MAX): a session's is SAPA_SESSION_FIRST_ID + its login */
};

struct sapa_session {
    uint64_t id;
    uint8_t hash[32];
    char user[SAPA_KEY_MAX + 1]; /* key of a user or an agent */
    char source[64];             /* address that logged in */
    int64_t created_us, expires_us;
    bool factor;                 /* with a second factor */
};

/** A new one. @param ret_text  the secret: shown once, kept nowhere */
SAPA_MUST_CHECK sapa_rc sapa_session_create(struct sapa_store *store, struct sapa_str user, struct sapa_str source, bool factor, int64_t now_us,
                                            char ret_text[SAPA_TOKEN_TEXT_SIZE], struct sapa_session *ret);
/** It is over. Also when it was. */
SAPA_MUST_CHECK sapa_rc sapa_session_end(struct sapa_store *store, uint64_t id);
/** Neither over nor ended, as the store has it. Any thread. */
bool sapa_session_lives(struct sapa_store *store, uint64_t id, int64_t now_us);
/** What somebody may do who has logged in: an agent to whom no role is given has what an agent needs. */
uint32_t sapa_session_rights(const struct sapa_user_who *who);
void sapa_session_json(const struct sapa_session *session, struct sapa_json *out);

/* ---- in memory, by hash ---- */

struct sapa_sessions {
    struct sapa_table by_hash;
};

void sapa_sessions_init(struct sapa_sessions *sessions);
void sapa_sessions_done(struct sapa_sessions *sessions);
/** Those that have not ended, into an empty one. */
SAPA_MUST_CHECK sapa_rc sapa_sessions_load(struct sapa_sessions *sessions, struct sapa_store *store, int64_t now_us);
/** One more; the one whose place in the store it took is gone. */
SAPA_MUST_CHECK sapa_rc sapa_sessions_add(struct sapa_sessions *sessions, const struct sapa_session *session);
/** By number. @retval false  there is none */
bool sapa_sessions_remove(struct sapa_sessions *sessions, uint64_t id);
/** "Bearer sapa_…", or its hash. NULL: none of ours, or over. Lives until the next change. */
const struct sapa_session *sapa_sessions_find(const struct sapa_sessions *sessions, struct sapa_str header, int64_t now_us);
const struct sapa_session *sapa_sessions_find_hash(const struct sapa_sessions *sessions, const uint8_t hash[32], int64_t now_us);
/** Walk: start with *cursor = 0; NULL at the end. */
const struct sapa_session *sapa_sessions_next(const struct sapa_sessions *sessions, uint32_t *cursor);

/* ---- how often somebody may try ---- */

/** Wrong passwords are counted per user and source, per user, and per source, each for five minutes from its first. */
struct sapa_tries {
    struct sapa_table of;
    int64_t over_us; /* none of them is over before */
};
enum { SAPA_TRIES_MAX = 65536, SAPA_TRIES_BOTH = 5, SAPA_TRIES_USER = 50, SAPA_TRIES_SOURCE = 20 };
#define SAPA_TRIES_US (INT64_C(300) * 1000000)

void sapa_tries_init(struct sapa_tries *tries);
void sapa_tries_done(struct sapa_tries *tries);
/** So many more may be tried before somebody has to wait. */
uint64_t sapa_tries_left(const struct sapa_tries *tries, struct sapa_str user, struct sapa_str source, int64_t now_us);
/** @return 0: he may try; else so long not (microseconds) */
int64_t sapa_tries_wait_us(const struct sapa_tries *tries, struct sapa_str user, struct sapa_str source, int64_t now_us);
void sapa_tries_failed(struct sapa_tries *tries, struct sapa_str user, struct sapa_str source, int64_t now_us);
/**
 * He has it right: what was counted of him from there is forgotten. Once for each name in five minutes it also makes up for
 * one that was wrong from there: a whole office comes in from one address in the morning, and some of them mistype.
 */
void sapa_tries_good(struct sapa_tries *tries, struct sapa_str user, struct sapa_str source, int64_t now_us);

#endif
