/**
 * @file http/token.h
 * Who may do what: the tokens that carry a role with its rights (model/rights.h).
 *
 * A token is "sapa_" and 256 random bits in hex; what is kept is its SHA-256, in the store's settings
 * (`api.token.N`). It belongs to a user (a name), has one role, and is bound to clients (none: all of
 * them) and, for the role agent, to one agent. Revoking is for good. What was revoked or has expired stays
 * in the list for 90 days, or less when there are 10,000; who made and revoked it stays in the audit log.
 * Numbers are never given again.
 *
 * Room    http: base, rt, model, store.   Thread  the functions on a store: any; a struct sapa_tokens: its owner's.
 * Design  docs/design/http.md             Tests   app/token_test.c, http/token_fuzz.c
 */
#ifndef SAPA_HTTP_TOKEN_H
#define SAPA_HTTP_TOKEN_H

#include "base/table.h"
#include "http/json.h"
#include "model/centre.h"
#include "model/rights.h"
#include "store/store.h"

enum {
    SAPA_TOKEN_TEXT_SIZE = 5 + 64 + 1, /* "sapa_", hex, NUL */
    SAPA_TOKENS_MAX = 10000,            /* that are kept */
    SAPA_TOKENS_EVER_MAX = (1 << 20) - 1, /* above are the numbers of sessions */
    SAPA_TOKEN_CLIENTS_MAX = 64,
};

struct sapa_token {
    uint64_t id;                /* 1.. */
    uint8_t hash[32];           /* SHA-256 of the token's text */
    char user[65];
    char by[65];                /* who made it */
    char agent[SAPA_KEY_MAX + 1]; /* empty: none */
    char clients[1024];         /* keys with commas between; empty: all */
    int64_t created_us, expires_us, revoked_us; /* 0: never */
    uint8_t role;               /* enum sapa_role */
};

/**
 * Make a token like `wish` (user, by, agent, clients, role, expires_us count). One maker at a time.
 * @param ret_text  the secret: shown once, kept nowhere
 * @retval SAPA_EINVAL  no user, an unknown role, a role agent without agent   @retval SAPA_ELIMIT  too many
 */
SAPA_MUST_CHECK sapa_rc sapa_token_create(struct sapa_store *store, const struct sapa_token *wish,
                                          char ret_text[SAPA_TOKEN_TEXT_SIZE], struct sapa_token *ret);
/**
 * Forget what ended long ago, and of the rest what has ended, too, until fewer than `max` are left. Creating does
 * it now and then; some hundreds at once at most.
 * @param ret_left  how many there are
 */
SAPA_MUST_CHECK sapa_rc sapa_token_forget(struct sapa_store *store, uint64_t max, int64_t now_us, uint64_t *ret_left);
/** @retval SAPA_ENOENT   @retval SAPA_ESTATE  it is already */
SAPA_MUST_CHECK sapa_rc sapa_token_revoke(struct sapa_store *store, uint64_t id);
/** Neither revoked nor expired, as the store has it. Any thread. */
bool sapa_token_lives(struct sapa_store *store, uint64_t id, int64_t now_us);
/** Every token in order of its id, also revoked ones. */
typedef void sapa_token_fn(void *ctx, const struct sapa_token *token);
SAPA_MUST_CHECK sapa_rc sapa_token_each(struct sapa_store *store, sapa_token_fn *fn, void *ctx);
/** As a JSON object, without the hash. */
void sapa_token_json(const struct sapa_token *token, struct sapa_json *out);
/** The member "clients" of keys with commas between; null for none, which are all. */
void sapa_clients_json(const char *clients, struct sapa_json *out);
/** The member "rights": their names. */
void sapa_rights_json(uint32_t rights, struct sapa_json *out);

/* ---- in memory, by hash ---- */

struct sapa_tokens {
    struct sapa_table by_hash;
};

void sapa_tokens_init(struct sapa_tokens *tokens);
void sapa_tokens_done(struct sapa_tokens *tokens);
/** Read all again. On failure they are as before. */
SAPA_MUST_CHECK sapa_rc sapa_tokens_load(struct sapa_tokens *tokens, struct sapa_store *store);
/** "Bearer sapa_…" as it stands in the header. NULL: none of ours, revoked or expired. Lives until the next load. */
const struct sapa_token *sapa_tokens_find(const struct sapa_tokens *tokens, struct sapa_str header, int64_t now_us);
/** SHA-256 of the text behind "Bearer ". @retval false  the header holds no such text */
bool sapa_token_hash(struct sapa_str header, uint8_t ret_hash[32]);
/** By that. */
const struct sapa_token *sapa_tokens_find_hash(const struct sapa_tokens *tokens, const uint8_t hash[32], int64_t now_us);
/** Bit i: client i of the description. */
uint64_t sapa_token_clients(const struct sapa_token *token, const struct sapa_centre *centre);

#endif
