/**
 * @file http/user.h
 * People who log in: users of the centre description and its agents, and their passwords.
 *
 * A password never stands in the description. What is kept, in the store's settings (`user.password.KEY`), is its
 * Argon2id hash (RFC 9106) with a salt of its own. A check takes 19 MiB and about 30 ms on purpose (the parameters
 * that OWASP's cheat sheet on storing passwords names), so it belongs on a pool, a few at once, behind a limit of tries.
 *
 * Room    http.   Thread  any: every call may block.   Tests   app/user_test.c
 */
#ifndef SAPA_HTTP_USER_H
#define SAPA_HTTP_USER_H

#include "model/centre.h"
#include "store/store.h"

enum {
    SAPA_USER_PASSWORD_MIN = 10,   /* characters */
    SAPA_USER_PASSWORD_MAX = 256,  /* bytes */
    SAPA_USER_HASH_SIZE = 128,     /* with NUL */
};

/** Somebody by his key. */
struct sapa_user_who {
    struct sapa_str key, name;
    uint32_t user;      /* index, or SAPA_NONE */
    uint32_t agent;     /* index, or SAPA_NONE: one of the two is set */
    uint32_t phone;     /* agent whose telephone and calls are his: himself, or a user's; SAPA_NONE */
    uint32_t role;      /* of the description; SAPA_NONE: none, and so no rights */
    uint32_t rights;    /* bits of enum sapa_right */
    uint64_t clients;   /* bits */
    uint32_t team_first, team_count; /* in centre->user_teams; none: of all */
};

/** @retval SAPA_ENOENT  neither a user nor an agent */
SAPA_MUST_CHECK sapa_rc sapa_user_find(const struct sapa_centre *centre, struct sapa_str key, struct sapa_user_who *ret);

/**
 * What is kept of a password.
 * @retval SAPA_EINVAL  too short, too long, not UTF-8, or with control characters   @retval SAPA_ENOMEM
 */
SAPA_MUST_CHECK sapa_rc sapa_user_password_hash(struct sapa_str password, char ret_hash[SAPA_USER_HASH_SIZE]);
/** Keep a hash made above for somebody; the password before is gone. SAPA_EINVAL: it is none, or no key. */
SAPA_MUST_CHECK sapa_rc sapa_user_password_keep(struct sapa_store *store, struct sapa_str key, const char *hash);
/** Nobody logs in by this key any more. Also when nobody could. */
SAPA_MUST_CHECK sapa_rc sapa_user_password_clear(struct sapa_store *store, struct sapa_str key);
/** Is there one? */
bool sapa_user_password_set(struct sapa_store *store, struct sapa_str key);
/**
 * @retval SAPA_OK       it is his
 * @retval SAPA_EDENIED  it is not, or he has none: the same answer after the same time. Others: the store
 */
SAPA_MUST_CHECK sapa_rc sapa_user_password_check(struct sapa_store *store, struct sapa_str key, struct sapa_str password);

#endif
