#include "http/totp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/kept.h"
#include "rt/crypto.h"

enum { WINDOW = 1, SEALED_SIZE = SAPA_TOTP_SECRET_SIZE + SAPA_SEAL_EXTRA, RECOVERY_CHARS = SAPA_TOTP_RECOVERY_SIZE - 1, VALUE_MAX = 4096 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"; /* RFC 4648 6 */

uint32_t sapa_totp_code(const void *secret, size_t size, uint64_t step, unsigned digits)
{
    uint8_t message[8], mac[SAPA_SHA1_SIZE];
    uint32_t modulus = 1;

    for (unsigned i = 0; i < 8; i++)
        message[i] = (uint8_t)(step >> (56 - 8 * i));
    sapa_hmac_sha1(secret, size, message, sizeof(message), "", 0, mac);
    const unsigned at = mac[19] & 15; /* RFC 4226 5.3: dynamic truncation */
    const uint32_t bits = (uint32_t)(mac[at] & 0x7f) << 24 | (uint32_t)mac[at + 1] << 16 | (uint32_t)mac[at + 2] << 8 | mac[at + 3];
    for (unsigned i = 0; i < digits; i++)
        modulus *= 10;
    sapa_wipe(mac, sizeof(mac));
    return bits % modulus;
}

static void base32(const uint8_t *bytes, size_t size, char *text)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t n = 0;

    for (size_t i = 0; i < size; i++) {
        bits = bits << 8 | bytes[i];
        for (held += 8; held >= 5; held -= 5)
            text[n++] = alphabet[bits >> (held - 5) & 31];
    }
    if (held > 0)
        text[n++] = alphabet[bits << (5 - held) & 31];
    text[n] = '\0';
}

/* ---- what is kept ---- */

struct kept {
    bool on, pending;
    uint8_t secret[SAPA_TOTP_SECRET_SIZE], next[SAPA_TOTP_SECRET_SIZE];
    uint64_t last_step; /* used already, and all before it */
    unsigned recovery_count, next_recovery_count;
    uint8_t recovery[SAPA_TOTP_RECOVERY][32], next_recovery[SAPA_TOTP_RECOVERY][32];
};

static bool setting_of(struct sapa_str user, char buf[SAPA_STORE_KEY_MAX + 1])
{
    struct sapa_text text;

    for (size_t i = 0; i < user.n; i++) {
        const char c = user.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_'))
            return false;
    }
    sapa_text_init(&text, buf, SAPA_STORE_KEY_MAX + 1);
    sapa_text_printf(&text, "user.totp." SAPA_STR_FMT, SAPA_STR_ARG(user));
    return user.n > 0 && !text.cut;
}

static json_t *sealed_of(const struct sapa_key *key, const char *setting, const uint8_t secret[SAPA_TOTP_SECRET_SIZE])
{
    uint8_t sealed[SEALED_SIZE];
    char hex[2 * SEALED_SIZE + 1];

    sapa_seal(key, setting, strlen(setting), secret, SAPA_TOTP_SECRET_SIZE, sealed);
    return json_string(sapa_hex(sealed, sizeof(sealed), hex));
}

static bool open_secret(const struct sapa_key *key, const char *setting, const json_t *hex, uint8_t secret[SAPA_TOTP_SECRET_SIZE])
{
    uint8_t sealed[SEALED_SIZE];

    return json_is_string(hex) && sapa_unhex(json_string_value(hex), sealed, sizeof(sealed)) &&
           sapa_unseal(key, setting, strlen(setting), sealed, sizeof(sealed), secret) == SAPA_OK;
}

static json_t *hashes_of(const uint8_t hashes[][32], unsigned count)
{
    json_t *list = json_array();
    char hex[65];

    for (unsigned i = 0; i < count; i++)
        (void)json_array_append_new(list, json_string(sapa_hex(hashes[i], 32, hex)));
    return list;
}

static bool read_hashes(const json_t *list, uint8_t hashes[][32], unsigned *ret_count)
{
    *ret_count = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *hex = json_string_value(json_array_get(list, i));
        if (!hex || *ret_count == SAPA_TOTP_RECOVERY || !sapa_unhex(hex, hashes[(*ret_count)++], 32))
            return false;
    }
    return true;
}

static sapa_rc read_kept(struct sapa_store *store, struct sapa_str user, struct kept *ret)
{
    char setting[SAPA_STORE_KEY_MAX + 1], value[VALUE_MAX];
    struct sapa_key key;
    sapa_rc rc = setting_of(user, setting) ? sapa_store_setting(store, setting, value, sizeof(value)) : SAPA_EINVAL;

    memset(ret, 0, sizeof(*ret));
    if (rc == SAPA_ENOENT || (rc == SAPA_OK && value[0] == '\0'))
        return SAPA_OK;
    if (rc != SAPA_OK)
        return rc;
    json_t *object = json_loads(value, 0, NULL);
    const json_t *secret = json_object_get(object, "secret"), *next = json_object_get(object, "next");
    sapa_store_key(store, "totp", &key);
    ret->on = secret != NULL;
    ret->pending = next != NULL;
    ret->last_step = (uint64_t)json_integer_value(json_object_get(object, "last"));
    if (!object || (secret && !open_secret(&key, setting, secret, ret->secret)) || (next && !open_secret(&key, setting, next, ret->next)) ||
        !read_hashes(json_object_get(object, "recovery"), ret->recovery, &ret->recovery_count) ||
        !read_hashes(json_object_get(object, "next_recovery"), ret->next_recovery, &ret->next_recovery_count))
        rc = SAPA_ECORRUPT;
    sapa_wipe(&key, sizeof(key));
    json_decref(object);
    return rc;
}

static sapa_rc write_kept(struct sapa_store *store, struct sapa_str user, const struct kept *kept)
{
    char setting[SAPA_STORE_KEY_MAX + 1];
    json_t *object = json_object();
    struct sapa_key key;

    if (!setting_of(user, setting) || !object) {
        json_decref(object);
        return SAPA_EINVAL;
    }
    sapa_store_key(store, "totp", &key);
    if (kept->on) {
        (void)json_object_set_new(object, "secret", sealed_of(&key, setting, kept->secret));
        (void)json_object_set_new(object, "recovery", hashes_of(kept->recovery, kept->recovery_count));
    }
    if (kept->pending) {
        (void)json_object_set_new(object, "next", sealed_of(&key, setting, kept->next));
        (void)json_object_set_new(object, "next_recovery", hashes_of(kept->next_recovery, kept->next_recovery_count));
    }
    (void)json_object_set_new(object, "last", json_integer((json_int_t)kept->last_step));
    sapa_wipe(&key, sizeof(key));
    char *text = json_dumps(object, JSON_COMPACT);
    const sapa_rc rc = text ? sapa_store_set(store, setting, text) : SAPA_ENOMEM;
    free(text);
    json_decref(object);
    return rc;
}

/* ---- codes ---- */

static bool digits_of(struct sapa_str code, uint32_t *ret)
{
    uint64_t number;

    if (code.n != SAPA_TOTP_DIGITS || sapa_str_u64(code, 999999, &number) != SAPA_OK)
        return false;
    *ret = (uint32_t)number;
    return true;
}

/* The step of a code within the window, later than `last`; 0: none. All are looked at, whichever it is. */
static uint64_t step_of(const uint8_t secret[SAPA_TOTP_SECRET_SIZE], uint32_t code, int64_t now_s, uint64_t last)
{
    const uint64_t now = (uint64_t)SAPA_MAX(now_s, INT64_C(0)) / SAPA_TOTP_STEP_S;
    uint64_t found = 0;

    for (uint64_t step = now > WINDOW ? now - WINDOW : 1; step <= now + WINDOW; step++) {
        const uint32_t good = sapa_totp_code(secret, SAPA_TOTP_SECRET_SIZE, step, SAPA_TOTP_DIGITS);
        if (sapa_equal_secret(&good, &code, sizeof(good)) && step > last)
            found = step;
    }
    return found;
}

/* Upper case, without blanks and hyphens. 60 random bits: a hash of the plain kind is enough. */
static bool recovery_hash(struct sapa_store *store, struct sapa_str code, uint8_t hash[32])
{
    char plain[RECOVERY_CHARS];
    struct sapa_key key;
    size_t n = 0;

    for (size_t i = 0; i < code.n; i++) {
        const char c = code.p[i] >= 'a' && code.p[i] <= 'z' ? (char)(code.p[i] - 32) : code.p[i];
        if (c == ' ' || c == '-')
            continue;
        if (n == sizeof(plain) || !memchr(alphabet, c, 32))
            return false;
        plain[n++] = c;
    }
    if (n != sizeof(plain))
        return false;
    sapa_store_key(store, "totp-recovery", &key);
    sapa_hmac_sha256(key.bytes, sizeof(key.bytes), plain, n, hash);
    sapa_wipe(&key, sizeof(key));
    return true;
}

bool sapa_totp_is_on(struct sapa_store *store, struct sapa_str user)
{
    struct kept kept;
    const sapa_rc rc = read_kept(store, user, &kept);
    const bool on = kept.on || (rc != SAPA_OK && rc != SAPA_EINVAL); /* what cannot be read is not passed by */

    sapa_wipe(&kept, sizeof(kept));
    return on;
}

static void add_escaped(struct sapa_text *text, struct sapa_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        const char c = s.p[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_')
            sapa_text_char(text, c);
        else
            sapa_text_printf(text, "%%%02X", (uint8_t)c);
    }
}

sapa_rc sapa_totp_begin(struct sapa_store *store, struct sapa_str user, struct sapa_str issuer, struct sapa_totp_new *ret)
{
    struct kept kept;
    struct sapa_key random;
    struct sapa_text uri;
    sapa_rc rc = read_kept(store, user, &kept);

    if (rc != SAPA_OK)
        return rc;
    sapa_key_random(&random);
    memcpy(kept.next, random.bytes, sizeof(kept.next));
    base32(kept.next, sizeof(kept.next), ret->secret);
    for (unsigned i = 0; i < SAPA_TOTP_RECOVERY; i++) {
        char text[16];
        sapa_key_random(&random);
        base32(random.bytes, 8, text);
        memcpy(ret->recovery[i], text, RECOVERY_CHARS);
        ret->recovery[i][RECOVERY_CHARS] = '\0';
        (void)recovery_hash(store, sapa_str_of(ret->recovery[i]), kept.next_recovery[i]);
    }
    sapa_wipe(&random, sizeof(random));
    kept.next_recovery_count = SAPA_TOTP_RECOVERY;
    kept.pending = true;
    sapa_text_init(&uri, ret->uri, sizeof(ret->uri));
    sapa_text_add(&uri, SAPA_STR("otpauth://totp/"));
    add_escaped(&uri, issuer);
    sapa_text_add(&uri, SAPA_STR(":"));
    add_escaped(&uri, user);
    sapa_text_printf(&uri, "?secret=%s&issuer=", ret->secret);
    add_escaped(&uri, issuer);
    sapa_text_printf(&uri, "&algorithm=SHA1&digits=%d&period=%d", SAPA_TOTP_DIGITS, SAPA_TOTP_STEP_S);
    rc = write_kept(store, user, &kept);
    sapa_wipe(&kept, sizeof(kept));
    return rc;
}

sapa_rc sapa_totp_confirm(struct sapa_store *store, struct sapa_str user, struct sapa_str code, int64_t now_s)
{
    struct kept kept;
    uint32_t number;
    sapa_rc rc = read_kept(store, user, &kept);

    if (rc == SAPA_OK && !kept.pending)
        rc = SAPA_ESTATE;
    const uint64_t step = rc == SAPA_OK && digits_of(code, &number) ? step_of(kept.next, number, now_s, 0) : 0;
    if (rc == SAPA_OK && step == 0)
        rc = SAPA_EDENIED;
    if (rc == SAPA_OK) {
        memcpy(kept.secret, kept.next, sizeof(kept.secret));
        memcpy(kept.recovery, kept.next_recovery, sizeof(kept.recovery));
        kept.recovery_count = kept.next_recovery_count;
        kept.last_step = step;
        kept.on = true, kept.pending = false;
        rc = write_kept(store, user, &kept);
    }
    sapa_wipe(&kept, sizeof(kept));
    return rc;
}

sapa_rc sapa_totp_check(struct sapa_store *store, struct sapa_str user, struct sapa_str code, int64_t now_s)
{
    struct kept kept;
    uint8_t hash[32];
    uint32_t number;
    sapa_rc rc = read_kept(store, user, &kept);

    if (rc == SAPA_OK && !kept.on)
        rc = SAPA_ENOENT;
    if (rc == SAPA_OK && digits_of(code, &number)) {
        const uint64_t step = step_of(kept.secret, number, now_s, kept.last_step);
        kept.last_step = step;
        rc = step ? write_kept(store, user, &kept) : SAPA_EDENIED;
    } else if (rc == SAPA_OK) {
        unsigned found = kept.recovery_count;
        if (recovery_hash(store, code, hash)) {
            for (unsigned i = 0; i < kept.recovery_count; i++)
                found = sapa_equal_secret(hash, kept.recovery[i], sizeof(hash)) ? i : found;
        }
        rc = SAPA_EDENIED;
        if (found < kept.recovery_count) {
            memmove(&kept.recovery[found], &kept.recovery[found + 1], (kept.recovery_count - found - 1) * sizeof(kept.recovery[0]));
            kept.recovery_count--;
            rc = write_kept(store, user, &kept);
        }
    }
    sapa_wipe(&kept, sizeof(kept));
    return rc;
}

sapa_rc sapa_totp_clear(struct sapa_store *store, struct sapa_str user)
{
    char setting[SAPA_STORE_KEY_MAX + 1];

    return setting_of(user, setting) ? sapa_store_set(store, setting, "") : SAPA_EINVAL;
}
