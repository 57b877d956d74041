#include "http/user.h"

#include <sodium.h>
#include <string.h>

/* OWASP, Password Storage Cheat Sheet: Argon2id with 19 MiB and 2 passes at least. */
enum { MEMORY_BYTES = 19 << 20, PASSES = 2 };

static const char kind[] = "$argon2id$";

sapa_rc sapa_user_find(const struct sapa_centre *centre, struct sapa_str key, struct sapa_user_who *ret)
{
    struct sapa_user_who who = { .key = key, .role = SAPA_NONE, .user = SAPA_FIND(centre, users, key), .agent = SAPA_NONE, .phone = SAPA_NONE };

    if (who.user != SAPA_NONE) {
        const struct sapa_user *user = &centre->users[who.user];
        who.key = user->key;
        who.name = user->name;
        who.role = user->role;
        who.clients = user->clients;
        who.phone = user->agent;
        who.team_first = user->team_first;
        who.team_count = user->team_count;
    } else {
        who.agent = SAPA_FIND(centre, agents, key);
        if (who.agent == SAPA_NONE)
            return SAPA_ENOENT;
        const struct sapa_agent *agent = &centre->agents[who.agent];
        who.key = agent->key;
        who.name = agent->name;
        who.role = agent->role;
        who.clients = agent->clients;
        who.phone = who.agent;
    }
    if (who.role < centre->roles_count)
        who.rights = centre->roles[who.role].rights;
    *ret = who;
    return SAPA_OK;
}

/* The key of the setting; false: no key of anybody. */
static bool setting_of(struct sapa_str key, char buf[SAPA_STORE_KEY_MAX + 1])
{
    struct sapa_text text;

    for (size_t i = 0; i < key.n; i++)
        if (!((key.p[i] >= 'a' && key.p[i] <= 'z') || (key.p[i] >= 'A' && key.p[i] <= 'Z') || (key.p[i] >= '0' && key.p[i] <= '9') ||
              key.p[i] == '.' || key.p[i] == '-' || key.p[i] == '_'))
            return false;
    sapa_text_init(&text, buf, SAPA_STORE_KEY_MAX + 1);
    sapa_text_printf(&text, "user.password." SAPA_STR_FMT, SAPA_STR_ARG(key));
    return key.n > 0 && key.n <= SAPA_KEY_MAX;
}

static bool is_password(struct sapa_str s)
{
    size_t characters = 0;

    if (s.n > SAPA_USER_PASSWORD_MAX || !sapa_str_utf8(s))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return false;
        characters += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    }
    return characters >= SAPA_USER_PASSWORD_MIN;
}

sapa_rc sapa_user_password_hash(struct sapa_str password, char ret_hash[SAPA_USER_HASH_SIZE])
{
    char hash[crypto_pwhash_argon2id_STRBYTES];

    _Static_assert(crypto_pwhash_argon2id_STRBYTES <= SAPA_USER_HASH_SIZE, "the hash fits");
    if (!is_password(password) || sodium_init() < 0)
        return SAPA_EINVAL;
    if (crypto_pwhash_argon2id_str(hash, password.p, password.n, PASSES, MEMORY_BYTES) != 0)
        return SAPA_ENOMEM;
    memcpy(ret_hash, hash, sizeof(hash));
    return SAPA_OK;
}

sapa_rc sapa_user_password_keep(struct sapa_store *store, struct sapa_str key, const char *hash)
{
    char setting[SAPA_STORE_KEY_MAX + 1];

    if (!setting_of(key, setting) || strnlen(hash, SAPA_USER_HASH_SIZE) == SAPA_USER_HASH_SIZE ||
        !sapa_str_starts(sapa_str_of(hash), sapa_str_of(kind)) || crypto_pwhash_argon2id_str_needs_rehash(hash, PASSES, MEMORY_BYTES) != 0)
        return SAPA_EINVAL;
    return sapa_store_set(store, setting, hash);
}

sapa_rc sapa_user_password_clear(struct sapa_store *store, struct sapa_str key)
{
    char setting[SAPA_STORE_KEY_MAX + 1];

    return setting_of(key, setting) ? sapa_store_set(store, setting, "") : SAPA_EINVAL;
}

static sapa_rc read_hash(struct sapa_store *store, struct sapa_str key, char hash[SAPA_USER_HASH_SIZE])
{
    char setting[SAPA_STORE_KEY_MAX + 1];

    hash[0] = '\0';
    if (!setting_of(key, setting))
        return SAPA_ENOENT;
    const sapa_rc rc = sapa_store_setting(store, setting, hash, SAPA_USER_HASH_SIZE);
    return rc == SAPA_OK && hash[0] == '\0' ? SAPA_ENOENT : rc;
}

bool sapa_user_password_set(struct sapa_store *store, struct sapa_str key)
{
    char hash[SAPA_USER_HASH_SIZE];

    return read_hash(store, key, hash) == SAPA_OK;
}

sapa_rc sapa_user_password_check(struct sapa_store *store, struct sapa_str key, struct sapa_str password)
{
    const unsigned char salt[crypto_pwhash_argon2id_SALTBYTES] = { 0 };
    const char *text = password.n ? password.p : "";
    char hash[SAPA_USER_HASH_SIZE];
    unsigned char out[32];
    const sapa_rc rc = read_hash(store, key, hash);

    if (rc != SAPA_OK && rc != SAPA_ENOENT)
        return rc;
    if (sodium_init() < 0 || password.n > SAPA_USER_PASSWORD_MAX)
        return SAPA_EDENIED;
    if (rc == SAPA_OK)
        return crypto_pwhash_argon2id_str_verify(hash, text, password.n) == 0 ? SAPA_OK : SAPA_EDENIED;
    /* nobody: it takes as long */
    return crypto_pwhash_argon2id(out, sizeof(out), text, password.n, salt, PASSES, MEMORY_BYTES, crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0
               ? SAPA_EDENIED
               : SAPA_ENOMEM;
}
