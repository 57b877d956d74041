#include "http/token.h"

#include <jansson.h>
#include <stdlib.h>

#include "rt/clock.h"
#include "rt/crypto.h"

#define COUNT_KEY "api.tokens"

enum { RECORD_MAX = 4096 };

struct entry {
    uint64_t key; /* first bytes of the hash */
    struct sapa_token token;
    uint8_t pad[8 - sizeof(struct sapa_token) % 8];
};

/* ---- as it is kept ---- */

static const char *key_of(uint64_t id, char buf[40])
{
    struct sapa_text text;

    sapa_text_init(&text, buf, 40);
    sapa_text_printf(&text, "api.token.%llu", (unsigned long long)id);
    return buf;
}

static sapa_rc keep(struct sapa_store *store, const struct sapa_token *token)
{
    char hex[65], key[40];
    json_t *object = json_pack("{s:I,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:I}", "id", (json_int_t)token->id, "sha256",
                               sapa_hex(token->hash, sizeof(token->hash), hex), "user", token->user, "by", token->by,
                               "agent", token->agent, "clients", token->clients, "role", sapa_role_name(token->role),
                               "created_us", (json_int_t)token->created_us, "expires_us", (json_int_t)token->expires_us,
                               "revoked_us", (json_int_t)token->revoked_us);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    const sapa_rc rc = text ? sapa_store_set(store, key_of(token->id, key), text) : SAPA_EINVAL;

    free(text);
    json_decref(object);
    return rc;
}

static int nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool unhex(const char *hex, uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const int high = nibble(hex[2 * i]), low = high < 0 ? -1 : nibble(hex[2 * i + 1]);
        if (low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return hex[2 * n] == '\0';
}

static bool copy(const json_t *object, const char *name, char *buf, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text && sapa_str_copy(sapa_str_of(text), buf, size);
}

static sapa_rc read_one(struct sapa_store *store, uint64_t id, struct sapa_token *ret)
{
    char text[RECORD_MAX], key[40], role[32];
    sapa_rc rc = sapa_store_setting(store, key_of(id, key), text, sizeof(text));
    if (rc != SAPA_OK)
        return rc;
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const char *hex = json_string_value(json_object_get(object, "sha256"));
    struct sapa_token token = { .id = id };

    if (!hex || !unhex(hex, token.hash, sizeof(token.hash)) || !copy(object, "user", token.user, sizeof(token.user)) ||
        !copy(object, "by", token.by, sizeof(token.by)) || !copy(object, "agent", token.agent, sizeof(token.agent)) ||
        !copy(object, "clients", token.clients, sizeof(token.clients)) || !copy(object, "role", role, sizeof(role)))
        rc = SAPA_ECORRUPT;
    else if ((token.role = (uint8_t)sapa_role_of(sapa_str_of(role))) == SAPA_ROLE_COUNT)
        rc = SAPA_EVERSION; /* a role of a newer build: it may do nothing here */
    token.created_us = json_integer_value(json_object_get(object, "created_us"));
    token.expires_us = json_integer_value(json_object_get(object, "expires_us"));
    token.revoked_us = json_integer_value(json_object_get(object, "revoked_us"));
    json_decref(object);
    if (rc == SAPA_OK)
        *ret = token;
    return rc;
}

static sapa_rc count_of(struct sapa_store *store, uint64_t *ret)
{
    char text[32];
    const sapa_rc rc = sapa_store_setting(store, COUNT_KEY, text, sizeof(text));

    if (rc == SAPA_ENOENT) {
        *ret = 0;
        return SAPA_OK;
    }
    return rc == SAPA_OK ? sapa_str_u64(sapa_str_of(text), SAPA_TOKENS_MAX, ret) : rc;
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
    char count_text[32], text[SAPA_TOKEN_TEXT_SIZE] = "sapa_";
    struct sapa_text out;
    uint64_t count;

    if (token.role >= SAPA_ROLE_COUNT || token.user[0] == '\0' || (token.role == SAPA_ROLE_AGENT && token.agent[0] == '\0') ||
        !is_word(sapa_str_of(token.user), false) || !is_word(sapa_str_of(token.by), false) ||
        !is_word(sapa_str_of(token.agent), false) || !is_word(sapa_str_of(token.clients), true))
        return SAPA_EINVAL;
    sapa_rc rc = count_of(store, &count);
    if (rc != SAPA_OK)
        return rc;
    if (count >= SAPA_TOKENS_MAX)
        return SAPA_ELIMIT;
    sapa_key_random(&secret);
    sapa_hex(secret.bytes, sizeof(secret.bytes), text + 5);
    sapa_wipe(&secret, sizeof(secret));
    sapa_sha256(text, SAPA_TOKEN_TEXT_SIZE - 1, token.hash);
    token.id = count + 1;
    token.created_us = sapa_wall_us();
    token.revoked_us = 0;
    sapa_text_init(&out, count_text, sizeof(count_text));
    sapa_text_printf(&out, "%llu", (unsigned long long)token.id);
    if ((rc = keep(store, &token)) == SAPA_OK && (rc = sapa_store_set(store, COUNT_KEY, count_text)) == SAPA_OK) {
        memcpy(ret_text, text, sizeof(text));
        *ret = token;
    }
    sapa_wipe(text, sizeof(text));
    return rc;
}

bool sapa_token_lives(struct sapa_store *store, uint64_t id, int64_t now_us)
{
    struct sapa_token token;

    return id > 0 && id <= SAPA_TOKENS_MAX && read_one(store, id, &token) == SAPA_OK && token.revoked_us == 0 &&
           (token.expires_us == 0 || token.expires_us > now_us);
}

sapa_rc sapa_token_revoke(struct sapa_store *store, uint64_t id)
{
    struct sapa_token token;
    sapa_rc rc = id > 0 && id <= SAPA_TOKENS_MAX ? read_one(store, id, &token) : SAPA_ENOENT;

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
    uint64_t count;
    sapa_rc rc = count_of(store, &count);

    for (uint64_t id = 1; rc == SAPA_OK && id <= count; id++) {
        rc = read_one(store, id, &token);
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
