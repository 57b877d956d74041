/*
 * Digest authentication. A nonce is 12 hex digits of time (milliseconds), 8 of a counter and 16 of a
 * MAC over both and the realm: nothing is stored to issue one. Nonces that were answered rightly
 * are kept in a table of small buckets with the counts seen, as a window of 64 like IPsec's. When an
 * entry is pushed out, whatever was issued before it in that bucket is stale from then on, so that
 * forgetting never lets a replay through.
 */
#include "sip/digest.h"

#include <stdlib.h>

#include "rt/crypto.h"
#include "sip/chars_impl.h"
#include "sip/map_impl.h"
#include "sip/secret_impl.h"

enum { WAYS = 4, NONCE_SIZE = 36, INPUT_MAX = 4096 };

struct used {
    uint64_t id; /* 0: free */
    int64_t issued_ms;
    uint64_t window; /* bit k: count nc_max - k was seen */
    uint32_t nc_max;
};
struct bucket {
    struct used used[WAYS];
    int64_t floor_ms; /* nonces issued up to then are stale unless they stand here */
};

struct sapa_sip_digest_server {
    struct sapa_sip_digest_opts opts;
    uint32_t counter;
    size_t buckets; /* power of two */
    struct bucket table[];
};

/* Hex of the digest of `n` bytes; writes SAPA_SIP_HEX_SIZE bytes at most. */
static void digest_hex(enum sapa_sip_digest_alg alg, const void *data, size_t n, char *ret_hex)
{
    uint8_t sum[SAPA_SHA256_SIZE];

    if (alg == SAPA_SIP_SHA256) {
        sapa_sha256(data, n, sum);
        sapa_hex(sum, SAPA_SHA256_SIZE, ret_hex);
    } else {
        sapa_md5(data, n, sum);
        sapa_hex(sum, SAPA_MD5_SIZE, ret_hex);
    }
}

void sapa_sip_digest_ha1(enum sapa_sip_digest_alg alg, struct sapa_str user, struct sapa_str realm,
                         struct sapa_str password, char *ret_hex)
{
    char buf[INPUT_MAX];
    struct sapa_text text;

    sapa_text_init(&text, buf, sizeof(buf));
    sapa_text_add(&text, user);
    sapa_text_char(&text, ':');
    sapa_text_add(&text, realm);
    sapa_text_char(&text, ':');
    sapa_text_add(&text, password);
    digest_hex(alg, text.buf, text.n, ret_hex);
    sapa_wipe(buf, sizeof(buf));
}

/* request-digest of RFC 7616 3.4.1, or of RFC 2069 without qop. False: the parts are too long. */
static bool response_of(const struct sapa_sip_digest *d, enum sapa_sip_digest_alg alg,
                        struct sapa_str method, const char *ha1_hex, char *ret_hex)
{
    char buf[INPUT_MAX], ha2[SAPA_SIP_HEX_SIZE];
    struct sapa_text text;

    sapa_text_init(&text, buf, sizeof(buf));
    sapa_text_add(&text, method);
    sapa_text_char(&text, ':');
    sapa_text_add(&text, d->uri);
    if (text.cut)
        return false;
    digest_hex(alg, text.buf, text.n, ha2);
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_text_add(&text, sapa_str_of(ha1_hex));
    sapa_text_char(&text, ':');
    sapa_text_add(&text, d->nonce);
    if (d->has_qop) {
        sapa_text_printf(&text, ":%08x:", d->nc);
        sapa_text_add(&text, d->cnonce);
        sapa_text_add(&text, SAPA_STR(":auth"));
    }
    sapa_text_char(&text, ':');
    sapa_text_add(&text, sapa_str_of(ha2));
    if (text.cut)
        return false;
    digest_hex(alg, text.buf, text.n, ret_hex);
    return true;
}

/* --- parsing ------------------------------------------------------------------------------------------------------ */

static bool nc_of(struct sapa_str text, uint32_t *ret_nc)
{
    uint32_t nc = 0;

    if (text.n != 8)
        return false;
    for (size_t i = 0; i < 8; i++) {
        if (hex_value(text.p[i]) < 0)
            return false;
        nc = nc << 4 | (uint32_t)hex_value(text.p[i]);
    }
    *ret_nc = nc;
    return true;
}

static bool qop_has_auth(struct sapa_str list)
{
    struct sapa_str value;

    while (sapa_sip_list_next(&list, &value)) {
        if (sapa_str_ieq(value, SAPA_STR("auth")))
            return true;
    }
    return false;
}

static sapa_rc one_param(struct sapa_str name, struct sapa_str value, struct sapa_sip_digest *d)
{
    if (sapa_str_ieq(name, SAPA_STR("username"))) {
        d->username = value;
    } else if (sapa_str_ieq(name, SAPA_STR("realm"))) {
        d->realm = value;
    } else if (sapa_str_ieq(name, SAPA_STR("nonce"))) {
        d->nonce = value;
    } else if (sapa_str_ieq(name, SAPA_STR("uri"))) {
        d->uri = value;
    } else if (sapa_str_ieq(name, SAPA_STR("response"))) {
        d->response = value;
    } else if (sapa_str_ieq(name, SAPA_STR("cnonce"))) {
        d->cnonce = value;
    } else if (sapa_str_ieq(name, SAPA_STR("opaque"))) {
        d->opaque = value;
    } else if (sapa_str_ieq(name, SAPA_STR("stale"))) {
        d->stale = sapa_str_ieq(value, SAPA_STR("true"));
    } else if (sapa_str_ieq(name, SAPA_STR("qop"))) {
        d->has_qop = value.n > 0;
        d->qop_auth = qop_has_auth(value);
    } else if (sapa_str_ieq(name, SAPA_STR("nc"))) {
        return nc_of(value, &d->nc) ? SAPA_OK : SAPA_EINVAL;
    } else if (sapa_str_ieq(name, SAPA_STR("algorithm"))) {
        if (sapa_str_ieq(value, SAPA_STR("MD5")))
            d->alg = SAPA_SIP_MD5;
        else if (sapa_str_ieq(value, SAPA_STR("SHA-256")))
            d->alg = SAPA_SIP_SHA256;
        else
            return SAPA_ENOENT;
    }
    return SAPA_OK;
}

sapa_rc sapa_sip_digest_parse(struct sapa_str value, struct sapa_sip_digest *ret_digest)
{
    struct sapa_sip_digest d = { 0 };
    struct sapa_str rest = value, part;
    sapa_rc rc = SAPA_OK;
    unsigned count = 0;

    value = trim_blanks(value);
    if (value.n < 7 || !sapa_str_ieq(slice(value, 0, 6), SAPA_STR("Digest")) ||
        !is_blank(value.p[6]))
        return SAPA_ENOENT;
    rest = slice(value, 7, value.n);
    while (sapa_sip_list_next(&rest, &part)) {
        struct sapa_sip_param param;
        if (part.n == 0)
            continue;
        if (++count > 32 || !sapa_sip_params_next(&part, &param) || !param.has_value)
            return SAPA_EINVAL;
        const sapa_rc one = one_param(param.name, param.value, &d);
        if (one == SAPA_EINVAL)
            return SAPA_EINVAL;
        if (one != SAPA_OK)
            rc = one;
    }
    if (d.realm.n == 0 || d.nonce.n == 0)
        return SAPA_EINVAL;
    if (rc == SAPA_OK)
        *ret_digest = d;
    return rc;
}

sapa_rc sapa_sip_digest_of(const struct sapa_sip_msg *msg, bool proxy, struct sapa_str realm,
                           struct sapa_sip_digest *ret_digest)
{
    const struct sapa_sip_line *line =
        sapa_sip_first(msg, proxy ? SAPA_SIP_H_PROXY_AUTHORIZATION : SAPA_SIP_H_AUTHORIZATION);
    struct sapa_sip_digest d;

    for (; line; line = sapa_sip_next(msg, line)) {
        const sapa_rc rc = sapa_sip_digest_parse(line->value, &d);
        if (rc == SAPA_EINVAL)
            return SAPA_EINVAL;
        if (rc == SAPA_OK && sapa_str_eq(d.realm, realm)) {
            *ret_digest = d;
            return SAPA_OK;
        }
    }
    return SAPA_ENOENT;
}

/* --- server --------------------------------------------------------------------------------------------------------- */

sapa_rc sapa_sip_digest_open(const struct sapa_sip_digest_opts *opts,
                             struct sapa_sip_digest_server **ret_server)
{
    size_t buckets = 1;
    const uint32_t nonces = opts->nonces_max ? opts->nonces_max : 16384;

    if (nonces > 1u << 22)
        return SAPA_EINVAL;
    while (buckets * WAYS < nonces)
        buckets *= 2;
    struct sapa_sip_digest_server *server =
        calloc(1, sizeof(*server) + buckets * sizeof(server->table[0]));
    if (!server)
        return SAPA_ENOMEM;
    server->opts = *opts;
    secret_fill(server->opts.secret);
    if (!server->opts.nonce_ms)
        server->opts.nonce_ms = 300000;
    server->buckets = buckets;
    for (size_t i = 0; i < buckets; i++)
        server->table[i].floor_ms = -1;
    *ret_server = server;
    return SAPA_OK;
}

void sapa_sip_digest_close(struct sapa_sip_digest_server *server)
{
    if (server)
        sapa_wipe(server->opts.secret, sizeof(server->opts.secret));
    free(server);
}

static void put_hex(struct sapa_text *out, uint64_t value, int digits)
{
    static const char hex[] = "0123456789abcdef";

    while (digits-- > 0)
        sapa_text_char(out, hex[value >> (digits * 4) & 15]);
}

static uint64_t nonce_mac(const struct sapa_sip_digest_server *server, struct sapa_str head,
                          struct sapa_str realm)
{
    struct sapa_sip_hash hash;

    sapa_sip_hash_begin(&hash, server->opts.secret);
    sapa_sip_hash_str(&hash, head);
    sapa_sip_hash_str(&hash, realm);
    return sapa_sip_hash_end(&hash);
}

void sapa_sip_digest_challenge(struct sapa_sip_digest_server *server, struct sapa_text *out,
                               enum sapa_sip_digest_alg alg, struct sapa_str realm, bool stale,
                               int64_t now_us)
{
    char buf[NONCE_SIZE + 1];
    struct sapa_text nonce;

    sapa_text_init(&nonce, buf, sizeof(buf));
    put_hex(&nonce, (uint64_t)(now_us / 1000), 12);
    put_hex(&nonce, ++server->counter, 8);
    put_hex(&nonce, nonce_mac(server, sapa_text_str(&nonce), realm), 16);
    sapa_text_add(out, SAPA_STR("Digest realm=\""));
    sapa_text_add(out, realm);
    sapa_text_add(out, SAPA_STR("\",nonce=\""));
    sapa_text_add(out, sapa_text_str(&nonce));
    sapa_text_add(out, alg == SAPA_SIP_SHA256 ? SAPA_STR("\",algorithm=SHA-256")
                                              : SAPA_STR("\",algorithm=MD5"));
    sapa_text_add(out, SAPA_STR(",qop=\"auth\""));
    if (stale)
        sapa_text_add(out, SAPA_STR(",stale=true"));
}

static bool hex_of(struct sapa_str text, uint64_t *ret_value)
{
    uint64_t value = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (hex_value(text.p[i]) < 0)
            return false;
        value = value << 4 | (uint64_t)hex_value(text.p[i]);
    }
    *ret_value = value;
    return true;
}

/* Is the count new for this nonce? Notes it. Legacy answers come without a count: a nonce serves one of them. */
static bool count_is_new(struct sapa_sip_digest_server *server, uint64_t id, int64_t issued_ms,
                         uint32_t nc)
{
    struct bucket *bucket = &server->table[(id ^ id >> 32) & (server->buckets - 1)];
    struct used *slot = NULL;

    for (int i = 0; i < WAYS; i++) {
        struct used *used = &bucket->used[i];
        if (used->id == id) {
            if (nc > used->nc_max) {
                const uint32_t step = nc - used->nc_max;
                used->window = step < 64 ? used->window << step | 1 : 1;
                used->nc_max = nc;
                return true;
            }
            const uint32_t back = used->nc_max - nc;
            if (back >= 64 || used->window >> back & 1)
                return false;
            used->window |= 1ull << back;
            return true;
        }
        if (!slot || used->issued_ms < slot->issued_ms || used->id == 0)
            slot = !slot || slot->id != 0 ? used : slot;
    }
    if (issued_ms <= bucket->floor_ms)
        return false; /* it may have been used and forgotten */
    if (slot->id != 0)
        bucket->floor_ms = SAPA_MAX(bucket->floor_ms, slot->issued_ms);
    *slot = (struct used){ .id = id, .issued_ms = issued_ms, .window = 1, .nc_max = nc };
    return true;
}

sapa_rc sapa_sip_digest_check(struct sapa_sip_digest_server *server,
                              const struct sapa_sip_digest *digest, const struct sapa_sip_msg *msg,
                              enum sapa_sip_digest_alg alg, const char *ha1_hex, int64_t now_us)
{
    static const char nobody[] = "0000000000000000000000000000000000000000000000000000000000000000";
    char expected[SAPA_SIP_HEX_SIZE];
    uint64_t issued_ms, mac, counter;
    const size_t size = alg == SAPA_SIP_SHA256 ? 64 : 32;

    if ((digest->has_qop && !digest->qop_auth) ||
        (!digest->has_qop && server->opts.refuse_legacy) || digest->alg != alg ||
        digest->response.n != size || (digest->has_qop && digest->nc == 0))
        return SAPA_EDENIED;
    if (!response_of(digest, alg, msg->method_text, ha1_hex ? ha1_hex : nobody, expected))
        return SAPA_EDENIED;
    char given[SAPA_SIP_HEX_SIZE];
    for (size_t i = 0; i < size; i++) /* some send capitals */
        given[i] = digest->response.p[i] >= 'A' && digest->response.p[i] <= 'F'
                       ? (char)(digest->response.p[i] + 32)
                       : digest->response.p[i];
    if (!sapa_equal_secret(given, expected, size) || !ha1_hex)
        return SAPA_EDENIED;

    const struct sapa_str nonce = digest->nonce;
    if (nonce.n != NONCE_SIZE || !hex_of(slice(nonce, 0, 12), &issued_ms) ||
        !hex_of(slice(nonce, 12, 20), &counter) || !hex_of(slice(nonce, 20, 36), &mac) ||
        mac != nonce_mac(server, slice(nonce, 0, 20), digest->realm))
        return SAPA_EAGAIN;
    const int64_t age_ms = now_us / 1000 - (int64_t)issued_ms;
    if (age_ms < 0 || age_ms > server->opts.nonce_ms)
        return SAPA_EAGAIN;
    return count_is_new(server, mac, (int64_t)issued_ms, digest->has_qop ? digest->nc : 1)
               ? SAPA_OK
               : SAPA_EAGAIN;
}

/* --- client ----------------------------------------------------------------------------------------------------------- */

sapa_rc sapa_sip_digest_pick(const struct sapa_sip_msg *msg, struct sapa_sip_digest *ret_challenge,
                             bool *ret_proxy)
{
    static const enum sapa_sip_header ids[] = { SAPA_SIP_H_WWW_AUTHENTICATE,
                                                SAPA_SIP_H_PROXY_AUTHENTICATE };
    struct sapa_sip_digest d;
    bool found = false;

    for (int proxy = 0; proxy < 2; proxy++) {
        for (const struct sapa_sip_line *line = sapa_sip_first(msg, ids[proxy]); line;
             line = sapa_sip_next(msg, line)) {
            if (sapa_sip_digest_parse(line->value, &d) != SAPA_OK || (d.has_qop && !d.qop_auth))
                continue;
            if (!found || d.alg > ret_challenge->alg) {
                *ret_challenge = d;
                *ret_proxy = proxy;
                found = true;
            }
        }
    }
    return found ? SAPA_OK : SAPA_ENOENT;
}

void sapa_sip_digest_respond(struct sapa_text *out, const struct sapa_sip_digest_answer *answer)
{
    const struct sapa_sip_digest *c = answer->challenge;
    struct sapa_sip_digest d = *c;
    char response[SAPA_SIP_HEX_SIZE];

    d.uri = answer->uri;
    d.cnonce = answer->cnonce;
    d.nc = answer->nc;
    if (!response_of(&d, c->alg, answer->method, answer->ha1_hex, response)) {
        out->cut = true;
        return;
    }
    sapa_text_add(out, SAPA_STR("Digest username=\""));
    sapa_text_add(out, answer->username);
    sapa_text_add(out, SAPA_STR("\",realm=\""));
    sapa_text_add(out, c->realm);
    sapa_text_add(out, SAPA_STR("\",nonce=\""));
    sapa_text_add(out, c->nonce);
    sapa_text_add(out, SAPA_STR("\",uri=\""));
    sapa_text_add(out, answer->uri);
    sapa_text_printf(out, "\",response=\"%s\"", response);
    sapa_text_add(out, c->alg == SAPA_SIP_SHA256 ? SAPA_STR(",algorithm=SHA-256")
                                                 : SAPA_STR(",algorithm=MD5"));
    if (c->has_qop) {
        sapa_text_add(out, SAPA_STR(",qop=auth,cnonce=\""));
        sapa_text_add(out, answer->cnonce);
        sapa_text_printf(out, "\",nc=%08x", answer->nc);
    }
    if (c->opaque.n > 0) {
        sapa_text_add(out, SAPA_STR(",opaque=\""));
        sapa_text_add(out, c->opaque);
        sapa_text_char(out, '"');
    }
}
