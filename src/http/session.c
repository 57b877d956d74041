#include "http/session.h"

#include <stdlib.h>

#include "http/kept.h"
#include "rt/crypto.h"

struct entry {
    uint64_t key; /* first bytes of the hash */
    struct sapa_session session;
};

struct try {
    uint64_t key;
    int64_t since_us;
    uint64_t count;
};

/* ---- as they are kept ---- */

/* Places are used again: a login's is its number modulo their count. */
static uint64_t place_of(uint64_t id)
{
    return (id - SAPA_SESSION_FIRST_ID) % SAPA_SESSIONS_MAX + 1;
}

static sapa_rc last_login(struct sapa_store *store, uint64_t *ret)
{
    return sapa_kept_count(store, "session", ret);
}

static sapa_rc keep(struct sapa_store *store, const struct sapa_session *session)
{
    char hex[65];

    return sapa_kept_put(store, "session", place_of(session->id),
                         json_pack("{s:I,s:s,s:s,s:s,s:I,s:I,s:b}", "id", (json_int_t)session->id, "sha256",
                                   sapa_hex(session->hash, sizeof(session->hash), hex), "user", session->user, "source", session->source,
                                   "created_us", (json_int_t)session->created_us, "expires_us", (json_int_t)session->expires_us,
                                   "factor", session->factor));
}

static sapa_rc read_place(struct sapa_store *store, uint64_t place, struct sapa_session *ret)
{
    struct sapa_session session = { .id = 0 };
    json_t *object;
    sapa_rc rc = sapa_kept_get(store, "session", place, &object);

    if (rc != SAPA_OK)
        return rc;
    const char *hex = json_string_value(json_object_get(object, "sha256"));
    session.id = (uint64_t)json_integer_value(json_object_get(object, "id"));
    session.created_us = json_integer_value(json_object_get(object, "created_us"));
    session.factor = json_is_true(json_object_get(object, "factor"));
    session.expires_us = json_integer_value(json_object_get(object, "expires_us"));
    if (!hex || !sapa_unhex(hex, session.hash, sizeof(session.hash)) || session.id < SAPA_SESSION_FIRST_ID ||
        !sapa_kept_text(object, "user", session.user, sizeof(session.user)) ||
        !sapa_kept_text(object, "source", session.source, sizeof(session.source)))
        rc = SAPA_ECORRUPT;
    json_decref(object);
    if (rc == SAPA_OK)
        *ret = session;
    return rc;
}

/* Of the next login: it takes the place of one that is over, and only when all live that of the oldest. */
static sapa_rc next_login(struct sapa_store *store, int64_t now_us, uint64_t *ret)
{
    struct sapa_session session;
    uint64_t login;
    sapa_rc rc = last_login(store, &login);

    for (unsigned i = 0; rc == SAPA_OK && i < SAPA_SESSIONS_MAX; i++) {
        *ret = login + 1 + i;
        rc = read_place(store, place_of(SAPA_SESSION_FIRST_ID + *ret), &session);
        if (rc == SAPA_ENOENT || (rc == SAPA_OK && session.expires_us <= now_us))
            return SAPA_OK;
    }
    *ret = login + 1;
    return rc == SAPA_ECORRUPT ? SAPA_OK : rc;
}

sapa_rc sapa_session_create(struct sapa_store *store, struct sapa_str user, struct sapa_str source, bool factor, int64_t now_us,
                            char ret_text[SAPA_TOKEN_TEXT_SIZE], struct sapa_session *ret)
{
    struct sapa_session session = { .factor = factor, .created_us = now_us, .expires_us = now_us + SAPA_SESSION_HOURS * INT64_C(3600000000) };
    struct sapa_key secret;
    char text[SAPA_TOKEN_TEXT_SIZE] = "sapa_";
    uint64_t login;
    sapa_rc rc = next_login(store, now_us, &login);

    if (rc != SAPA_OK)
        return rc;
    if (!sapa_str_copy(user, session.user, sizeof(session.user)))
        return SAPA_EINVAL;
    (void)sapa_str_copy(source, session.source, sizeof(session.source));
    sapa_key_random(&secret);
    sapa_hex(secret.bytes, sizeof(secret.bytes), text + 5);
    sapa_wipe(&secret, sizeof(secret));
    sapa_sha256(text, SAPA_TOKEN_TEXT_SIZE - 1, session.hash);
    session.id = SAPA_SESSION_FIRST_ID + login;
    if ((rc = keep(store, &session)) == SAPA_OK && (rc = sapa_kept_count_set(store, "session", login)) == SAPA_OK) {
        memcpy(ret_text, text, sizeof(text));
        *ret = session;
    }
    sapa_wipe(text, sizeof(text));
    return rc;
}

sapa_rc sapa_session_end(struct sapa_store *store, uint64_t id)
{
    struct sapa_session session;
    sapa_rc rc = id > SAPA_SESSION_FIRST_ID ? read_place(store, place_of(id), &session) : SAPA_ENOENT;

    if (rc == SAPA_ENOENT || (rc == SAPA_OK && session.id != id))
        return SAPA_OK; /* another has its place */
    if (rc != SAPA_OK)
        return rc;
    session.expires_us = 1;
    memset(session.hash, 0, sizeof(session.hash));
    return keep(store, &session);
}

bool sapa_session_lives(struct sapa_store *store, uint64_t id, int64_t now_us)
{
    struct sapa_session session;

    return id > SAPA_SESSION_FIRST_ID && read_place(store, place_of(id), &session) == SAPA_OK && session.id == id &&
           session.expires_us > now_us;
}

uint32_t sapa_session_rights(const struct sapa_user_who *who)
{
    return who->agent != SAPA_NONE && who->role == SAPA_NONE ? sapa_role_rights(SAPA_ROLE_AGENT) : who->rights;
}

void sapa_session_json(const struct sapa_session *session, struct sapa_json *out)
{
    sapa_json_open(out, '{');
    sapa_json_add_id(out, "id", session->id);
    sapa_json_add_text(out, "user", sapa_str_of(session->user));
    sapa_json_add_text(out, "source", sapa_str_of(session->source));
    sapa_json_add_time(out, "created", session->created_us);
    sapa_json_add_time(out, "expires", session->expires_us);
    sapa_json_add_bool(out, "second_factor", session->factor);
    sapa_json_close(out, '}');
}

/* ---- in memory ---- */

static uint64_t key_of_hash(const uint8_t hash[32])
{
    uint64_t key;

    memcpy(&key, hash, sizeof(key));
    return key;
}

void sapa_sessions_init(struct sapa_sessions *sessions)
{
    sapa_table_init(&sessions->by_hash, sapa_memory_heap(), sizeof(struct entry), SAPA_SESSIONS_MAX + 1);
}

void sapa_sessions_done(struct sapa_sessions *sessions)
{
    sapa_table_done(&sessions->by_hash);
}

sapa_rc sapa_sessions_load(struct sapa_sessions *sessions, struct sapa_store *store, int64_t now_us)
{
    struct sapa_session session;
    uint64_t login;
    sapa_rc rc = last_login(store, &login);

    for (uint64_t place = 1; rc == SAPA_OK && place <= SAPA_MIN(login + 1, (uint64_t)SAPA_SESSIONS_MAX); place++) {
        rc = read_place(store, place, &session);
        if (rc == SAPA_OK && session.expires_us > now_us)
            rc = sapa_sessions_add(sessions, &session);
        rc = rc == SAPA_ENOENT ? SAPA_OK : rc;
    }
    return rc;
}

sapa_rc sapa_sessions_add(struct sapa_sessions *sessions, const struct sapa_session *session)
{
    struct entry *entry;

    (void)sapa_sessions_remove(sessions, session->id - SAPA_SESSIONS_MAX);
    if (sapa_table_find(&sessions->by_hash, key_of_hash(session->hash)))
        return SAPA_EEXIST;
    const sapa_rc rc = sapa_table_add(&sessions->by_hash, key_of_hash(session->hash), &entry);
    if (rc == SAPA_OK)
        entry->session = *session;
    return rc;
}

bool sapa_sessions_remove(struct sapa_sessions *sessions, uint64_t id)
{
    for (uint32_t i = 0; i < sessions->by_hash.count; i++) {
        struct entry *entry = sapa_table_at(&sessions->by_hash, i);
        if (entry->session.id != id)
            continue;
        sapa_table_remove(&sessions->by_hash, entry);
        return true;
    }
    return false;
}

const struct sapa_session *sapa_sessions_find_hash(const struct sapa_sessions *sessions, const uint8_t hash[32], int64_t now_us)
{
    const struct entry *entry = sapa_table_find(&sessions->by_hash, key_of_hash(hash));

    return entry && sapa_equal_secret(entry->session.hash, hash, 32) && entry->session.expires_us > now_us ? &entry->session : NULL;
}

const struct sapa_session *sapa_sessions_find(const struct sapa_sessions *sessions, struct sapa_str header, int64_t now_us)
{
    uint8_t hash[32];

    return sapa_token_hash(header, hash) ? sapa_sessions_find_hash(sessions, hash, now_us) : NULL;
}

const struct sapa_session *sapa_sessions_next(const struct sapa_sessions *sessions, uint32_t *cursor)
{
    return *cursor < sessions->by_hash.count ? &((const struct entry *)sapa_table_at(&sessions->by_hash, (*cursor)++))->session : NULL;
}

/* ---- tries ---- */

/* Of both, of the user, of the source: wrong ones; of both: right ones. */
enum { BOTH, USER, SOURCE, KEYS, RIGHT = KEYS };

static uint64_t key_of(unsigned kind, struct sapa_str user, struct sapa_str source)
{
    static const char kinds[KEYS + 1] = { 'b', 'u', 's', 'r' };
    struct sapa_sha256 sha;
    uint8_t hash[32];
    uint64_t key;

    sapa_sha256_begin(&sha);
    sapa_sha256_add(&sha, &kinds[kind], 1);
    if (kind != SOURCE)
        sapa_sha256_add(&sha, user.p ? user.p : "", user.n);
    sapa_sha256_add(&sha, "", 1);
    if (kind != USER)
        sapa_sha256_add(&sha, source.p ? source.p : "", source.n);
    sapa_sha256_end(&sha, hash);
    memcpy(&key, hash, sizeof(key));
    return key;
}

static const uint64_t limits[KEYS] = { SAPA_TRIES_BOTH, SAPA_TRIES_USER, SAPA_TRIES_SOURCE };

void sapa_tries_init(struct sapa_tries *tries)
{
    tries->over_us = 0;
    sapa_table_init(&tries->of, sapa_memory_heap(), sizeof(struct try), SAPA_TRIES_MAX);
}

void sapa_tries_done(struct sapa_tries *tries)
{
    sapa_table_done(&tries->of);
}

int64_t sapa_tries_wait_us(const struct sapa_tries *tries, struct sapa_str user, struct sapa_str source, int64_t now_us)
{
    int64_t wait_us = 0;

    for (unsigned i = 0; i < KEYS; i++) {
        const struct try *one = sapa_table_find(&tries->of, key_of(i, user, source));
        if (one && one->count >= limits[i])
            wait_us = SAPA_MAX(wait_us, one->since_us + SAPA_TRIES_US - now_us);
    }
    return wait_us;
}

uint64_t sapa_tries_left(const struct sapa_tries *tries, struct sapa_str user, struct sapa_str source, int64_t now_us)
{
    uint64_t left = UINT64_MAX;

    for (unsigned i = 0; i < KEYS; i++) {
        const struct try *one = sapa_table_find(&tries->of, key_of(i, user, source));
        const uint64_t count = one && now_us - one->since_us < SAPA_TRIES_US ? one->count : 0;
        left = SAPA_MIN(left, limits[i] - SAPA_MIN(limits[i], count));
    }
    return left;
}

/* A look at all of them only when one is over: who fills the table must not make each try dear. */
static void forget_old(struct sapa_tries *tries, int64_t now_us)
{
    int64_t oldest_us = now_us;

    if (now_us < tries->over_us)
        return;
    for (uint32_t i = 0; i < tries->of.count;) {
        struct try *one = sapa_table_at(&tries->of, i);
        if (now_us - one->since_us >= SAPA_TRIES_US)
            sapa_table_remove(&tries->of, one);
        else
            oldest_us = SAPA_MIN(oldest_us, one->since_us), i++;
    }
    tries->over_us = oldest_us + SAPA_TRIES_US;
}

/* How many with this one; 0: there are so many at once that this is not counted, and those that are known stay known. */
static uint64_t count_one(struct sapa_tries *tries, uint64_t key, int64_t now_us)
{
    struct try *one = sapa_table_find(&tries->of, key);

    if (!one && sapa_table_add(&tries->of, key, &one) != SAPA_OK)
        return 0;
    if (one->count == 0 || now_us - one->since_us >= SAPA_TRIES_US) {
        one->since_us = now_us;
        one->count = 0;
    }
    return ++one->count;
}

void sapa_tries_failed(struct sapa_tries *tries, struct sapa_str user, struct sapa_str source, int64_t now_us)
{
    if (tries->of.count + KEYS > SAPA_TRIES_MAX)
        forget_old(tries, now_us);
    for (unsigned i = 0; i < KEYS; i++)
        (void)count_one(tries, key_of(i, user, source), now_us);
}

void sapa_tries_good(struct sapa_tries *tries, struct sapa_str user, struct sapa_str source, int64_t now_us)
{
    struct try *one = sapa_table_find(&tries->of, key_of(BOTH, user, source));

    if (one)
        sapa_table_remove(&tries->of, one);
    if (tries->of.count == SAPA_TRIES_MAX)
        forget_old(tries, now_us);
    if (count_one(tries, key_of(RIGHT, user, source), now_us) != 1)
        return;
    one = sapa_table_find(&tries->of, key_of(SOURCE, user, source));
    if (one)
        one->count -= one->count > 0;
}
