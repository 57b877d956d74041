#include "http/token.h"

#include <stdlib.h>

#include "http/kept.h"
#include "rt/clock.h"
#include "rt/crypto.h"

#define KIND "token"
#define FORGOTTEN "forgotten-token" /* how many of them are not there any more */

/* A token that ended stands in the list for a while; one look at those that have ended takes away so many at most. */
enum { KEPT_DAYS = 90, LOOK_EVERY = 64, FORGET_AT_ONCE = 256 };

struct entry {
    uint64_t key; /* first bytes of the hash */
    struct sapa_token token;
    uint8_t pad[8 - sizeof(struct sapa_token) % 8];
};

/* ---- as it is kept: api.token.N, and where tokens were forgotten, in place of the first of them, who is next ---- */

static sapa_rc keep(struct sapa_store *store, const struct sapa_token *token)
{
    char hex[65];

    return sapa_kept_put(store, KIND, token->id,
                         json_pack("{s:I,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:I}", "id", (json_int_t)token->id, "sha256",
                                   sapa_hex(token->hash, sizeof(token->hash), hex), "user", token->user, "by", token->by,
                                   "agent", token->agent, "clients", token->clients, "role", sapa_role_name(token->role),
                                   "created_us", (json_int_t)token->created_us, "expires_us", (json_int_t)token->expires_us,
                                   "revoked_us", (json_int_t)token->revoked_us));
}

/* SAPA_ENOENT: forgotten. `ret_next` is written in any case: the next number at which there may be one. */
static sapa_rc read_from(struct sapa_store *store, uint64_t id, struct sapa_token *ret, uint64_t *ret_next)
{
    struct sapa_token token = { .id = id };
    char role[32];
    json_t *object;

    *ret_next = id + 1;
    sapa_rc rc = sapa_kept_get(store, KIND, id, &object);
    if (rc != SAPA_OK)
        return rc;
    const char *hex = json_string_value(json_object_get(object, "sha256"));
    const json_int_t next = json_integer_value(json_object_get(object, "next"));
    if (next > (json_int_t)id) {
        *ret_next = (uint64_t)next;
        rc = SAPA_ENOENT;
    } else if (!hex || !sapa_unhex(hex, token.hash, sizeof(token.hash)) || !sapa_kept_text(object, "user", token.user, sizeof(token.user)) ||
               !sapa_kept_text(object, "by", token.by, sizeof(token.by)) || !sapa_kept_text(object, "agent", token.agent, sizeof(token.agent)) ||
               !sapa_kept_text(object, "clients", token.clients, sizeof(token.clients)) || !sapa_kept_text(object, "role", role, sizeof(role))) {
        rc = SAPA_ECORRUPT;
    } else if ((token.role = (uint8_t)sapa_role_of(sapa_str_of(role))) == SAPA_ROLE_COUNT) {
        rc = SAPA_EVERSION; /* a role of a newer build: it may do nothing here */
    }
    token.created_us = json_integer_value(json_object_get(object, "created_us"));
    token.expires_us = json_integer_value(json_object_get(object, "expires_us"));
    token.revoked_us = json_integer_value(json_object_get(object, "revoked_us"));
    json_decref(object);
    if (rc == SAPA_OK)
        *ret = token;
    return rc;
}

static sapa_rc read_one(struct sapa_store *store, uint64_t id, struct sapa_token *ret)
{
    uint64_t next;

    return read_from(store, id, ret, &next);
}

/* ---- forgetting ---- */

/* Since when it opens nothing; INT64_MAX: it lives. */
static int64_t ended_us(const struct sapa_token *token, int64_t now_us)
{
    const int64_t expired_us = token->expires_us != 0 && token->expires_us <= now_us ? token->expires_us : INT64_MAX;

    return SAPA_MIN(expired_us, token->revoked_us != 0 ? token->revoked_us : INT64_MAX);
}

/* From `first` on up to `next` there is none. In this order, so that a walk finds its way whenever the program ends. */
static sapa_rc bridge(struct sapa_store *store, uint64_t first, uint64_t id, uint64_t next)
{
    const sapa_rc rc = sapa_kept_put(store, KIND, first, json_pack("{s:I}", "next", (json_int_t)next));

    return rc == SAPA_OK && id != first ? sapa_kept_drop(store, KIND, id) : rc;
}

/* Forget those that ended before `before_us`, the oldest numbers first. */
static sapa_rc forget_before(struct sapa_store *store, int64_t now_us, int64_t before_us, uint64_t at_most, uint64_t *forgotten)
{
    struct sapa_token token;
    uint64_t count = 0, gap = 0, next, done = 0; /* gap: where the forgotten begin that `id` follows, 0 none */
    sapa_rc rc = sapa_kept_count(store, KIND, &count);

    for (uint64_t id = 1; rc == SAPA_OK && id <= count && done < at_most; id = next) {
        rc = read_from(store, id, &token, &next);
        const bool ends = rc == SAPA_OK && ended_us(&token, now_us) < before_us;
        if (!ends && rc != SAPA_ENOENT) {
            gap = 0;
            rc = rc == SAPA_EVERSION ? SAPA_OK : rc;
            continue;
        }
        rc = ends || gap != 0 ? bridge(store, gap ? gap : id, id, next) : SAPA_OK;
        gap = gap ? gap : id;
        done += ends;
    }
    *forgotten += done;
    return rc == SAPA_OK && done > 0 ? sapa_kept_count_set(store, FORGOTTEN, *forgotten) : rc;
}

sapa_rc sapa_token_forget(struct sapa_store *store, uint64_t max, int64_t now_us, uint64_t *ret_left)
{
    uint64_t count = 0, forgotten = 0;
    sapa_rc rc = sapa_kept_count(store, KIND, &count);

    if (rc == SAPA_OK)
        rc = sapa_kept_count(store, FORGOTTEN, &forgotten);
    if (rc == SAPA_OK)
        rc = forget_before(store, now_us, now_us - KEPT_DAYS * INT64_C(86400000000), FORGET_AT_ONCE, &forgotten);
    if (rc == SAPA_OK && count - forgotten >= max)
        rc = forget_before(store, now_us, now_us, SAPA_MIN(count - forgotten - max + 1, (uint64_t)FORGET_AT_ONCE), &forgotten);
    if (rc == SAPA_OK)
        *ret_left = count - forgotten;
    return rc;
}

/* A word that may stand in a list: letters, digits, - _ . @ and what is not ASCII. */
static bool is_word(struct sapa_str text, bool commas)
{
    for (size_t i = 0; i < text.n; i++) {
        const uint8_t c = (uint8_t)text.p[i];
        if (c <= ' ' || c == 0x7f || c == '"' || (c == ',' && !commas))
            return false;
    }
    return sapa_str_utf8(text);
}

sapa_rc sapa_token_create(struct sapa_store *store, const struct sapa_token *wish, char ret_text[SAPA_TOKEN_TEXT_SIZE],
                          struct sapa_token *ret)
{
    struct sapa_token token = *wish;
    struct sapa_key secret;
    char text[SAPA_TOKEN_TEXT_SIZE] = "sapa_";
    uint64_t count = 0, forgotten = 0;

    if (token.role >= SAPA_ROLE_COUNT || token.user[0] == '\0' || (token.role == SAPA_ROLE_AGENT && token.agent[0] == '\0') ||
        !is_word(sapa_str_of(token.user), false) || !is_word(sapa_str_of(token.by), false) ||
        !is_word(sapa_str_of(token.agent), false) || !is_word(sapa_str_of(token.clients), true))
        return SAPA_EINVAL;
    sapa_rc rc = sapa_kept_count(store, KIND, &count);
    if (rc == SAPA_OK)
        rc = sapa_kept_count(store, FORGOTTEN, &forgotten);
    uint64_t left = count - forgotten;
    if (rc == SAPA_OK && (left >= SAPA_TOKENS_MAX || count % LOOK_EVERY == LOOK_EVERY - 1))
        rc = sapa_token_forget(store, SAPA_TOKENS_MAX, sapa_wall_us(), &left);
    if (rc == SAPA_OK && (left >= SAPA_TOKENS_MAX || count >= SAPA_TOKENS_EVER_MAX))
        rc = SAPA_ELIMIT;
    if (rc != SAPA_OK)
        return rc;
    sapa_key_random(&secret);
    sapa_hex(secret.bytes, sizeof(secret.bytes), text + 5);
    sapa_wipe(&secret, sizeof(secret));
    sapa_sha256(text, SAPA_TOKEN_TEXT_SIZE - 1, token.hash);
    token.id = count + 1;
    token.created_us = sapa_wall_us();
    token.revoked_us = 0;
    if ((rc = keep(store, &token)) == SAPA_OK && (rc = sapa_kept_count_set(store, KIND, token.id)) == SAPA_OK) {
        memcpy(ret_text, text, sizeof(text));
        *ret = token;
    }
    sapa_wipe(text, sizeof(text));
    return rc;
}

bool sapa_token_lives(struct sapa_store *store, uint64_t id, int64_t now_us)
{
    struct sapa_token token;

    return read_one(store, id, &token) == SAPA_OK && ended_us(&token, now_us) == INT64_MAX;
}

sapa_rc sapa_token_revoke(struct sapa_store *store, uint64_t id)
{
    struct sapa_token token;
    sapa_rc rc = read_one(store, id, &token);

    if (rc == SAPA_OK && token.revoked_us != 0)
        rc = SAPA_ESTATE;
    if (rc != SAPA_OK)
        return rc;
    token.revoked_us = sapa_wall_us();
    return keep(store, &token);
}

sapa_rc sapa_token_each(struct sapa_store *store, sapa_token_fn *fn, void *ctx)
{
    struct sapa_token token;
    uint64_t count = 0, next;
    sapa_rc rc = sapa_kept_count(store, KIND, &count);

    for (uint64_t id = 1; rc == SAPA_OK && id <= count; id = next) {
        rc = read_from(store, id, &token, &next);
        if (rc == SAPA_OK)
            fn(ctx, &token);
        else if (rc == SAPA_ENOENT || rc == SAPA_EVERSION)
            rc = SAPA_OK;
    }
    return rc;
}

void sapa_clients_json(const char *clients, struct sapa_json *out)
{
    struct sapa_str rest = sapa_str_of(clients);

    sapa_json_key(out, "clients");
    if (rest.n == 0) {
        sapa_json_null(out);
        return;
    }
    sapa_json_open(out, '[');
    while (rest.n > 0)
        sapa_json_text(out, sapa_str_cut(rest, ',', &rest));
    sapa_json_close(out, ']');
}

void sapa_rights_json(uint32_t rights, struct sapa_json *out)
{
    sapa_json_key(out, "rights");
    sapa_json_open(out, '[');
    for (unsigned i = 0; i < SAPA_RIGHT_COUNT; i++) {
        if (rights >> i & 1)
            sapa_json_text(out, sapa_str_of(sapa_right_name(i)));
    }
    sapa_json_close(out, ']');
}

void sapa_token_json(const struct sapa_token *token, struct sapa_json *out)
{
    sapa_json_open(out, '{');
    sapa_json_add_id(out, "id", token->id);
    sapa_json_add_text(out, "user", sapa_str_of(token->user));
    sapa_json_add_text(out, "role", sapa_str_of(sapa_role_name(token->role)));
    if (token->agent[0])
        sapa_json_add_text(out, "agent", sapa_str_of(token->agent));
    else
        sapa_json_add_null(out, "agent");
    sapa_clients_json(token->clients, out);
    sapa_json_add_text(out, "by", sapa_str_of(token->by));
    sapa_json_add_time(out, "created", token->created_us);
    sapa_json_add_time(out, "expires", token->expires_us);
    sapa_json_add_time(out, "revoked", token->revoked_us);
    sapa_json_close(out, '}');
}

/* ---- in memory ---- */

static uint64_t key_of_hash(const uint8_t hash[32])
{
    uint64_t key;

    memcpy(&key, hash, sizeof(key));
    return key;
}

void sapa_tokens_init(struct sapa_tokens *tokens)
{
    sapa_table_init(&tokens->by_hash, sapa_memory_heap(), sizeof(struct entry), SAPA_TOKENS_MAX);
}

void sapa_tokens_done(struct sapa_tokens *tokens)
{
    sapa_table_done(&tokens->by_hash);
}

struct loading {
    struct sapa_tokens tokens;
    sapa_rc rc;
};

static void load_one(void *ctx, const struct sapa_token *token)
{
    struct loading *loading = ctx;
    struct entry *entry;

    if (token->revoked_us != 0 || loading->rc != SAPA_OK)
        return;
    loading->rc = sapa_table_add(&loading->tokens.by_hash, key_of_hash(token->hash), &entry);
    if (loading->rc == SAPA_OK)
        entry->token = *token;
}

sapa_rc sapa_tokens_load(struct sapa_tokens *tokens, struct sapa_store *store)
{
    struct loading loading = { .rc = SAPA_OK };

    sapa_tokens_init(&loading.tokens);
    const sapa_rc rc = sapa_token_each(store, load_one, &loading);
    if (rc != SAPA_OK || loading.rc != SAPA_OK) {
        sapa_tokens_done(&loading.tokens);
        return rc != SAPA_OK ? rc : loading.rc;
    }
    sapa_tokens_done(tokens);
    *tokens = loading.tokens;
    return SAPA_OK;
}

bool sapa_token_hash(struct sapa_str header, uint8_t ret_hash[32])
{
    struct sapa_str word;
    const struct sapa_str scheme = sapa_str_cut(sapa_str_trim(header), ' ', &word);

    word = sapa_str_trim(word);
    if (!sapa_str_ieq(scheme, SAPA_STR("Bearer")) || word.n != SAPA_TOKEN_TEXT_SIZE - 1)
        return false;
    sapa_sha256(word.p, word.n, ret_hash);
    return true;
}

const struct sapa_token *sapa_tokens_find_hash(const struct sapa_tokens *tokens, const uint8_t hash[32], int64_t now_us)
{
    const struct entry *entry = sapa_table_find(&tokens->by_hash, key_of_hash(hash));

    if (!entry || !sapa_equal_secret(entry->token.hash, hash, 32) ||
        (entry->token.expires_us != 0 && entry->token.expires_us <= now_us))
        return NULL;
    return &entry->token;
}

const struct sapa_token *sapa_tokens_find(const struct sapa_tokens *tokens, struct sapa_str header, int64_t now_us)
{
    uint8_t hash[32];

    return sapa_token_hash(header, hash) ? sapa_tokens_find_hash(tokens, hash, now_us) : NULL;
}

uint64_t sapa_token_clients(const struct sapa_token *token, const struct sapa_centre *centre)
{
    struct sapa_str rest = sapa_str_of(token->clients);
    uint64_t mask = 0;

    if (rest.n == 0)
        return UINT64_MAX;
    while (rest.n > 0) {
        const struct sapa_str key = sapa_str_cut(rest, ',', &rest);
        const uint32_t client = SAPA_FIND(centre, clients, key);
        if (client < SAPA_TOKEN_CLIENTS_MAX)
            mask |= UINT64_C(1) << client;
    }
    return mask;
}
