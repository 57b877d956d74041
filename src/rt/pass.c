#include "rt/pass.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>


static bool subject_good(struct sapa_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        const char k = s.p[i];
        if (!((k >= '0' && k <= '9') || (k >= 'a' && k <= 'z') || (k >= 'A' && k <= 'Z') || k == '.' || k == '_' || k == '+' || k == '-'))
            return false;
    }
    return s.n > 0 && s.n <= SAPA_PASS_SUBJECT_MAX;
}

sapa_rc sapa_pass_user(const struct sapa_pass *pass, char ret_user[SAPA_PASS_USER_SIZE])
{
    if (!subject_good(pass->subject) || (pass->kind != SAPA_PASS_AGENT && pass->kind != SAPA_PASS_GUEST) || pass->expires_s < 0)
        return SAPA_EINVAL;
    snprintf(ret_user, SAPA_PASS_USER_SIZE, "%c-%lld-%016llx-%016llx-" SAPA_STR_FMT, pass->kind, (long long)pass->expires_s,
             (unsigned long long)pass->session, (unsigned long long)pass->serial, SAPA_STR_ARG(pass->subject));
    return SAPA_OK;
}

static bool hex16(struct sapa_str text, uint64_t *ret)
{
    uint64_t value = 0;

    for (size_t i = 0; i < text.n; i++) {
        const char k = text.p[i];
        if (!((k >= '0' && k <= '9') || (k >= 'a' && k <= 'f')))
            return false;
        value = value << 4 | (uint64_t)(k <= '9' ? k - '0' : k - 'a' + 10);
    }
    *ret = value;
    return text.n == 16;
}

sapa_rc sapa_pass_read(struct sapa_str user, struct sapa_pass *ret_pass)
{
    struct sapa_pass pass;
    uint64_t expires;

    if (user.n < 2 || user.n >= SAPA_PASS_USER_SIZE || (user.p[0] != SAPA_PASS_AGENT && user.p[0] != SAPA_PASS_GUEST) || user.p[1] != '-')
        return SAPA_EINVAL;
    pass.kind = user.p[0];
    struct sapa_str rest = { user.p + 2, user.n - 2 };
    const struct sapa_str until = sapa_str_cut(rest, '-', &rest);
    const struct sapa_str session = sapa_str_cut(rest, '-', &rest);
    const struct sapa_str serial = sapa_str_cut(rest, '-', &rest);
    if (sapa_str_u64(until, INT64_MAX / 1000000, &expires) != SAPA_OK || !hex16(session, &pass.session) ||
        !hex16(serial, &pass.serial) || !subject_good(rest))
        return SAPA_EINVAL;
    pass.expires_s = (int64_t)expires;
    pass.subject = rest;
    *ret_pass = pass;
    return SAPA_OK;
}

void sapa_pass_password(const struct sapa_key *key, struct sapa_str user, char ret_password[SAPA_PASS_PASSWORD_SIZE])
{
    uint8_t mac[SAPA_SHA256_SIZE];

    sapa_hmac_sha256(key->bytes, sizeof(key->bytes), user.p, user.n, mac);
    sapa_hex(mac, 16, ret_password);
    sapa_wipe(mac, sizeof(mac));
}

void sapa_pass_turn(struct sapa_str secret, int64_t expires_s, struct sapa_str name, char *ret_user, size_t size,
                    char ret_password[SAPA_PASS_TURN_SIZE])
{
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    snprintf(ret_user, size, "%lld:" SAPA_STR_FMT, (long long)expires_s, SAPA_STR_ARG(name));
    const unsigned char *done = HMAC(EVP_sha1(), secret.p, (int)secret.n, (const uint8_t *)ret_user, strlen(ret_user), mac, &n);
    sapa_assert(done && n == 20);
    (void)EVP_EncodeBlock((uint8_t *)ret_password, mac, (int)n);
}

void sapa_pass_place(const struct sapa_key *key, uint64_t contact, char ret_proof[SAPA_PASS_PASSWORD_SIZE])
{
    char name[32];

    snprintf(name, sizeof(name), "place.%llu", (unsigned long long)contact);
    sapa_pass_password(key, sapa_str_of(name), ret_proof);
}
