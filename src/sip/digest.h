/**
 * @file sip/digest.h
 * HTTP digest for SIP: RFC 7616 and RFC 8760 (SHA-256), compatible with RFC 2617 and 2069 (MD5).
 *
 * Server nonces hold a time and a MAC, so that issuing one costs no memory; a bounded table of the
 * nonces in use refuses replayed nonce counts. Passwords are never needed: HA1 is enough.
 *
 * Room    sip: base and rt only.
 * Thread  the SIP thread (one server object); the pure functions: any.
 * Tests   sip/digest_test.c (vectors of RFC 2617, RFC 7616)
 */
#ifndef SAPA_SIP_DIGEST_H
#define SAPA_SIP_DIGEST_H

#include "sip/msg.h"

enum sapa_sip_digest_alg { SAPA_SIP_MD5, SAPA_SIP_SHA256, SAPA_SIP_DIGEST_ALG_COUNT };
enum { SAPA_SIP_HEX_SIZE = 65 }; /* a digest in hex, with NUL */

/** HA1 = H(user:realm:password), lower-case hex with NUL into `ret_hex` (SAPA_SIP_HEX_SIZE bytes). */
void sapa_sip_digest_ha1(enum sapa_sip_digest_alg alg, struct sapa_str user, struct sapa_str realm,
                         struct sapa_str password, char *ret_hex);

/** Parsed Authorization, Proxy-Authorization (credentials) or WWW-, Proxy-Authenticate (challenge). */
struct sapa_sip_digest {
    enum sapa_sip_digest_alg alg; /* MD5 when not given */
    struct sapa_str username, realm, nonce, uri, response, cnonce, opaque;
    bool qop_auth; /* credentials: qop=auth; challenge: auth is offered */
    bool has_qop;  /* any qop was given */
    uint32_t nc;
    bool stale;
};
/** SAPA_ENOENT: not the Digest scheme, or an algorithm that is neither MD5 nor SHA-256. SAPA_EINVAL: malformed. */
SAPA_MUST_CHECK sapa_rc sapa_sip_digest_parse(struct sapa_str value,
                                              struct sapa_sip_digest *ret_digest);

/* --- server ----------------------------------------------------------------------------------- */

struct sapa_sip_digest_server;
struct sapa_sip_digest_opts {
    uint8_t secret[16];  /* random; all zero: drawn from the system */
    uint32_t nonce_ms;   /* life of a nonce; 0: 300,000 */
    uint32_t nonces_max; /* nonces in use that are remembered; 0: 16,384 */
    bool refuse_legacy;  /* do not take answers without qop (RFC 2069) */
};
SAPA_MUST_CHECK sapa_rc sapa_sip_digest_open(const struct sapa_sip_digest_opts *opts,
                                             struct sapa_sip_digest_server **ret_server);
void sapa_sip_digest_close(struct sapa_sip_digest_server *server);

/** Append a challenge's value ("Digest realm=…"). For several algorithms write several headers, strongest first; some browsers' stacks answer only the last one. */
void sapa_sip_digest_challenge(struct sapa_sip_digest_server *server, struct sapa_text *out,
                               enum sapa_sip_digest_alg alg, struct sapa_str realm, bool stale,
                               int64_t now_us);
/**
 * The credentials of `realm` in a request (Authorization, or Proxy-Authorization when `proxy`).
 * SAPA_ENOENT: none (challenge it); SAPA_EINVAL: malformed (400).
 */
SAPA_MUST_CHECK sapa_rc sapa_sip_digest_of(const struct sapa_sip_msg *msg, bool proxy,
                                           struct sapa_str realm,
                                           struct sapa_sip_digest *ret_digest);
/**
 * Check credentials. `ha1_hex` is of the algorithm `alg` configured for the account; NULL (no such
 * account) costs the same time and is denied.
 *
 * @retval SAPA_OK       they are right
 * @retval SAPA_EAGAIN   right, but the nonce is old, unknown or its count was used: challenge with stale=true
 * @retval SAPA_EDENIED  wrong: challenge again, or 403
 */
SAPA_MUST_CHECK sapa_rc sapa_sip_digest_check(struct sapa_sip_digest_server *server,
                                              const struct sapa_sip_digest *digest,
                                              const struct sapa_sip_msg *msg,
                                              enum sapa_sip_digest_alg alg, const char *ha1_hex,
                                              int64_t now_us);

/* --- client ----------------------------------------------------------------------------------- */

struct sapa_sip_digest_answer {
    const struct sapa_sip_digest *challenge;
    struct sapa_str method, uri; /* as in the request line */
    struct sapa_str username;
    const char *ha1_hex;    /* of the challenge's algorithm and realm */
    uint32_t nc;            /* 1 for the first use of a nonce */
    struct sapa_str cnonce; /* a fresh token; used with qop */
};
/** The challenge to answer in a 401 or 407: SHA-256 before MD5. SAPA_ENOENT: none we can answer. `ret_proxy`: answer in Proxy-Authorization. */
SAPA_MUST_CHECK sapa_rc sapa_sip_digest_pick(const struct sapa_sip_msg *msg,
                                             struct sapa_sip_digest *ret_challenge,
                                             bool *ret_proxy);
/** Append the value of (Proxy-)Authorization. */
void sapa_sip_digest_respond(struct sapa_text *out, const struct sapa_sip_digest_answer *answer);

#endif
