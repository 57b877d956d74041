/**
 * @file http/token.h
 * Who may do what: roles with their rights, and the tokens that carry them.
 *
 * A token is "sapa_" and 256 random bits in hex; what is kept is its SHA-256, in the store's settings
 * (`api.token.N`). It belongs to a user (a name), has one role, and is bound to clients (none: all of
 * them) and, for the role agent, to one agent. Revoking is for good; nothing is ever removed.
 *
 * Room    http: base, rt, model, store.   Thread  the functions on a store: any; a struct sapa_tokens: its owner's.
 * Design  docs/design/http.md             Tests   http/token_test.c, http/token_fuzz.c
 */
#ifndef SAPA_HTTP_TOKEN_H
#define SAPA_HTTP_TOKEN_H

#include "base/table.h"
#include "http/json.h"
#include "model/centre.h"
#include "store/store.h"

/*  X(ID, "name in the description of the API", "what it allows")  */
#define SAPA_RIGHTS(X) \
    X(LIVE, "live", "see contacts, queues, agents, switches") \
    X(PERSON, "person", "see callers' numbers in full and find people") \
    X(REPORT, "report", "read reports") \
    X(RECORDING, "recording", "list recordings") \
    X(LISTEN, "listen", "hear recordings") \
    X(CENTRE, "centre", "read the centre description and its versions") \
    X(AUDIT, "audit", "read who changed what") \
    X(SELF, "self", "change the state of one's own agent, and handle one's own contacts") \
    X(AGENTS, "agents", "change the state of any agent") \
    X(CONTACTS, "contacts", "move contacts") \
    X(SWITCH, "switch", "switch surge and closed") \
    X(ERASE, "erase", "erase a person for good") \
    X(RELOAD, "reload", "read the centre description again") \
    X(TOKENS, "tokens", "create, list and revoke tokens") \
    X(METRICS, "metrics", "read metrics") \
    X(WEBHOOKS, "webhooks", "create, see and change webhooks") \
    X(CONFIGURE, "configure", "change the centre description") \
    X(SUPERVISE, "supervise", "place calls for any agent, and handle the contacts in any agent's hands") \
    X(USERS, "users", "see users and sessions, set passwords, end sessions") \
    X(MERGE, "merge", "say that two persons are one, and take it back")

enum sapa_right {
#define X(id, name, text) SAPA_RIGHT_##id,
    SAPA_RIGHTS(X)
#undef X
    SAPA_RIGHT_COUNT
};
#define SAPA_RIGHT_BIT(id) (UINT32_C(1) << SAPA_RIGHT_##id)

/*  X(ID, "name", rights)  */
#define SAPA_ROLES(X) \
    X(ADMIN, "admin", (UINT32_C(1) << SAPA_RIGHT_COUNT) - 1) \
    X(SUPERVISOR, "supervisor", SAPA_RIGHT_BIT(LIVE) | SAPA_RIGHT_BIT(PERSON) | SAPA_RIGHT_BIT(REPORT) | \
      SAPA_RIGHT_BIT(RECORDING) | SAPA_RIGHT_BIT(LISTEN) | SAPA_RIGHT_BIT(CENTRE) | SAPA_RIGHT_BIT(SELF) | \
      SAPA_RIGHT_BIT(AGENTS) | SAPA_RIGHT_BIT(CONTACTS) | SAPA_RIGHT_BIT(SWITCH) | SAPA_RIGHT_BIT(SUPERVISE)) \
    X(AGENT, "agent", SAPA_RIGHT_BIT(LIVE) | SAPA_RIGHT_BIT(SELF)) \
    X(VIEWER, "viewer", SAPA_RIGHT_BIT(LIVE) | SAPA_RIGHT_BIT(REPORT)) \
    X(AUDITOR, "auditor", SAPA_RIGHT_BIT(LIVE) | SAPA_RIGHT_BIT(REPORT) | SAPA_RIGHT_BIT(CENTRE) | \
      SAPA_RIGHT_BIT(AUDIT) | SAPA_RIGHT_BIT(RECORDING)) \
    X(MONITOR, "monitor", SAPA_RIGHT_BIT(METRICS))

enum sapa_role {
#define X(id, name, rights) SAPA_ROLE_##id,
    SAPA_ROLES(X)
#undef X
    SAPA_ROLE_COUNT
};

enum {
    SAPA_TOKEN_TEXT_SIZE = 5 + 64 + 1, /* "sapa_", hex, NUL */
    SAPA_TOKENS_MAX = 10000,
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

const char *sapa_role_name(unsigned role);
/** SAPA_ROLE_COUNT when there is none of this name. */
enum sapa_role sapa_role_of(struct sapa_str name);
uint32_t sapa_role_rights(unsigned role);
const char *sapa_right_name(unsigned right);
const char *sapa_right_text(unsigned right);

/**
 * Make a token like `wish` (user, by, agent, clients, role, expires_us count). One maker at a time.
 * @param ret_text  the secret: shown once, kept nowhere
 * @retval SAPA_EINVAL  no user, an unknown role, a role agent without agent   @retval SAPA_ELIMIT  too many
 */
SAPA_MUST_CHECK sapa_rc sapa_token_create(struct sapa_store *store, const struct sapa_token *wish,
                                          char ret_text[SAPA_TOKEN_TEXT_SIZE], struct sapa_token *ret);
/** @retval SAPA_ENOENT   @retval SAPA_ESTATE  it is already */
SAPA_MUST_CHECK sapa_rc sapa_token_revoke(struct sapa_store *store, uint64_t id);
/** Every token in order of its id, also revoked ones. */
typedef void sapa_token_fn(void *ctx, const struct sapa_token *token);
SAPA_MUST_CHECK sapa_rc sapa_token_each(struct sapa_store *store, sapa_token_fn *fn, void *ctx);
/** As a JSON object, without the hash. */
void sapa_token_json(const struct sapa_token *token, struct sapa_json *out);

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
/** Bit i: client i of the description. */
uint64_t sapa_token_clients(const struct sapa_token *token, const struct sapa_centre *centre);

#endif
