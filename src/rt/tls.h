/**
 * @file rt/tls.h
 * TLS 1.2 and 1.3 on connected sockets that do not block, both sides (OpenSSL).
 *
 * A context holds our certificates and whom we trust; it is counted, so that a new one can take its
 * place while connections live on with the old (reload). With several certificates the peer's server
 * name (SNI) chooses, the first is for everybody else; the first is also ours as a client.
 *
 * A server asks for a certificate; one that is not trusted is as good as none. A client checks the server's
 * against its name or address. Renegotiation and compression are off.
 *
 * Room    rt.   Thread  a context: any, once made; a connection: one at a time.
 * Tests   rt/tls_test.c (both sides, wrong names, expired, reload), test/scenario/36-tls (OpenSSL's own client)
 */
#ifndef SAPA_RT_TLS_H
#define SAPA_RT_TLS_H

#include "rt/socket.h"

struct sapa_tls_context;
struct sapa_tls;

enum { SAPA_TLS_CERTIFICATES_MAX = 8 };

struct sapa_tls_options {
    /* PEM files, borrowed for the call: chains with our certificate first, and the key of each */
    const char *certificates[SAPA_TLS_CERTIFICATES_MAX];
    const char *keys[SAPA_TLS_CERTIFICATES_MAX];
    size_t count;      /* 0: a client without a certificate; such a context cannot serve */
    const char *trust; /* PEM file of authorities; NULL: those of the system */
};
/**
 * `problem` (may be NULL) gets a sentence about what is wrong, without a full stop.
 * SAPA_ENOENT: a file cannot be read; SAPA_EINVAL: not a certificate, not a key, or not of each other; SAPA_ETIMEOUT: a certificate is expired; SAPA_ENOMEM.
 */
SAPA_MUST_CHECK sapa_rc sapa_tls_context_new(const struct sapa_tls_options *options, struct sapa_text *problem,
                                             struct sapa_tls_context **ret_context);
/**
 * A key (P-256) and a certificate that it signs itself, into two new PEM files of the owner alone: for a first
 * start, until there is a real one. `names` are DNS names and addresses, at most 8; valid from yesterday for `days`.
 * SAPA_EIO: a file cannot be written; SAPA_EINVAL: no names, or a malformed one; SAPA_ENOMEM.
 */
SAPA_MUST_CHECK sapa_rc sapa_tls_certificate_make(const struct sapa_str *names, size_t count, unsigned days,
                                                  const char *certificate_path, const char *key_path);
/** What a certificate says of itself. */
struct sapa_tls_facts {
    char names[256];          /* of whom: DNS names and addresses with blanks between, cut to whole ones; else the common name */
    char issuer[128];         /* common name or organisation */
    int64_t from_us, until_us; /* UTC */
    bool own;                 /* signed with its own key */
};
/** The first certificate of a PEM file. SAPA_ENOENT, SAPA_EDENIED: it cannot be read; SAPA_EINVAL: none is in it. */
SAPA_MUST_CHECK sapa_rc sapa_tls_look(const char *path, struct sapa_tls_facts *ret_facts);
/** Version of the library behind it, as it is loaded. Static. */
const char *sapa_tls_version(void);
/** Another holder. */
struct sapa_tls_context *sapa_tls_context_keep(struct sapa_tls_context *context);
/** The last one frees it. NULL is fine. */
void sapa_tls_context_release(struct sapa_tls_context *context);

/** Serve on a connection that was accepted. `fd` stays the caller's and outlives it. SAPA_EINVAL: the context has no certificate. */
SAPA_MUST_CHECK sapa_rc sapa_tls_accept(struct sapa_tls_context *context, int fd, struct sapa_tls **ret_tls);
/** Be the client of `name` (checked, and sent as SNI); NULL: the certificate must be for `peer`'s address. The socket may still be connecting. */
SAPA_MUST_CHECK sapa_rc sapa_tls_connect(struct sapa_tls_context *context, int fd, const char *name,
                                         const struct sapa_addr *peer, struct sapa_tls **ret_tls);
/** Says good-bye if that is possible at once. NULL is fine. */
void sapa_tls_free(struct sapa_tls *tls);

/**
 * As sapa_socket_read() and _write(); the handshake happens within. Whatever they return, watch for
 * sapa_tls_wants() next. SAPA_EDENIED: the peer's certificate, or ours for the peer, is not good (sapa_tls_problem()).
 */
SAPA_MUST_CHECK sapa_rc sapa_tls_read(struct sapa_tls *tls, void *buf, size_t size, size_t *ret_n);
SAPA_MUST_CHECK sapa_rc sapa_tls_write(struct sapa_tls *tls, const void *buf, size_t size, size_t *ret_n);
/** The handshake alone: SAPA_OK when it is through, SAPA_EAGAIN, or as above. */
SAPA_MUST_CHECK sapa_rc sapa_tls_handshake(struct sapa_tls *tls);
bool sapa_tls_is_up(const struct sapa_tls *tls);
/** The last operation waits to write although it may have been a read (or a handshake). */
bool sapa_tls_wants_write(const struct sapa_tls *tls);
/** Bytes that came and were not read yet: no descriptor tells of them. */
bool sapa_tls_pending(const struct sapa_tls *tls);
/** Why the last operation failed: "certificate has expired". A static text. */
const char *sapa_tls_problem(const struct sapa_tls *tls);
/** The peer has shown a certificate that we trust, and it is for this name (wildcards as RFC 6125). */
bool sapa_tls_peer_is(const struct sapa_tls *tls, const char *name);

#endif
