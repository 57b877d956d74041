/*
 * OpenSSL keeps its own time for retransmissions. The timer that it sets is told to our BIO by a pointer to its place:
 * when our clock says so, that place is set into the past, and OpenSSL finds that its time is over. OpenSSL 3.2 hands out a
 * copy; there its own clock holds, with the same delays.
 */
#include "rt/dtls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "rt/crypto.h"
#include "rt/random.h"

enum {
    LINK_MTU = 1228,       /* 1,200 octets of a datagram over IPv4: what Chromium keeps to as well */
    IP_UDP_HEAD = 28,
    FIRST_US = 100000,
    LONGEST_US = 3200000,
    CERTIFICATE_MAX = 16384,
    VALID_DAYS = 3650
};

struct sapa_dtls_context {
    SSL_CTX *ssl;
    BIO_METHOD *method;
    uint8_t fingerprint[SAPA_DTLS_FINGERPRINT_SIZE];
};

struct sapa_dtls {
    SSL *ssl;
    sapa_dtls_send_fn *send;
    void *owner;
    bool is_client, is_up;
    sapa_rc failed;             /* OK: not */
    const uint8_t *datagram;    /* that is being taken; NULL: none */
    size_t size;
    int64_t now_us, due_us;
    unsigned delay_us;          /* of the timer that runs */
    struct timeval *timer;      /* OpenSSL's; NULL: not known */
};

/* --- datagrams --- */

static int bio_write(BIO *bio, const char *bytes, int n)
{
    struct sapa_dtls *dtls = BIO_get_data(bio);

    if (n > 0)
        dtls->send(dtls->owner, bytes, (size_t)n);
    return n;
}

static int bio_read(BIO *bio, char *bytes, int n)
{
    struct sapa_dtls *dtls = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (!dtls->datagram || n <= 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    const size_t got = SAPA_MIN(dtls->size, (size_t)n);
    memcpy(bytes, dtls->datagram, got);
    dtls->datagram = NULL;
    return (int)got;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    struct sapa_dtls *dtls = BIO_get_data(bio);

    (void)number;
    switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD: return IP_UDP_HEAD;
    case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT: {
        struct timeval *timer = pointer;
        const bool runs = timer->tv_sec != 0 || timer->tv_usec != 0;
        dtls->due_us = runs ? dtls->now_us + dtls->delay_us : INT64_MAX;
#if OPENSSL_VERSION_NUMBER < 0x30200000L
        dtls->timer = timer;
#endif
        return 1;
    }
    default: return 0;
    }
}

static unsigned timer_delay(SSL *ssl, unsigned last_us)
{
    struct sapa_dtls *dtls = SSL_get_app_data(ssl);

    dtls->delay_us = last_us == 0 ? FIRST_US : SAPA_MIN(2 * last_us, (unsigned)LONGEST_US);
    return dtls->delay_us;
}

/* --- the context --- */

/* Any certificate will do: its digest is compared with what was signalled, by the caller. */
static int accept_any(int good, X509_STORE_CTX *store)
{
    (void)good;
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

static X509 *make_certificate(EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    X509_NAME *name = certificate ? X509_get_subject_name(certificate) : NULL;
    static const unsigned char common[] = "sapa";

    if (name && X509_set_version(certificate, 2) &&
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), sapa_random_u64() >> 1) &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), -86400) &&
        X509_time_adj_ex(X509_getm_notAfter(certificate), VALID_DAYS, 0, NULL) &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1, -1, 0) &&
        X509_set_issuer_name(certificate, name) && X509_set_pubkey(certificate, key) &&
        X509_sign(certificate, key, EVP_sha256()) > 0)
        return certificate;
    X509_free(certificate);
    return NULL;
}

static bool set_up(SSL_CTX *ssl, uint8_t *ret_fingerprint)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = key ? make_certificate(key) : NULL;
    unsigned n = 0;

    SSL_CTX_set_options(ssl, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
    SSL_CTX_set_max_cert_list(ssl, CERTIFICATE_MAX);
    SSL_CTX_set_read_ahead(ssl, 1);
    const bool good = certificate && SSL_CTX_set_min_proto_version(ssl, DTLS1_2_VERSION) &&
                      SSL_CTX_set_cipher_list(ssl, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK") &&
                      SSL_CTX_set1_groups_list(ssl, "X25519:P-256:P-384") && SSL_CTX_use_certificate(ssl, certificate) &&
                      SSL_CTX_use_PrivateKey(ssl, key) &&
                      /* this one returns 0 when all is well */
                      SSL_CTX_set_tlsext_use_srtp(ssl, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80") == 0 &&
                      X509_digest(certificate, EVP_sha256(), ret_fingerprint, &n) && n == SAPA_DTLS_FINGERPRINT_SIZE;
    X509_free(certificate);
    EVP_PKEY_free(key);
    return good;
}

sapa_rc sapa_dtls_context_new(struct sapa_dtls_context **ret_context)
{
    struct sapa_dtls_context *context = calloc(1, sizeof(*context));

    if (!context)
        return SAPA_ENOMEM;
    context->ssl = SSL_CTX_new(DTLS_method());
    context->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "sapa datagrams");
    const bool good = context->ssl && context->method && BIO_meth_set_write(context->method, bio_write) &&
                      BIO_meth_set_read(context->method, bio_read) && BIO_meth_set_ctrl(context->method, bio_control) &&
                      set_up(context->ssl, context->fingerprint);
    ERR_clear_error();
    if (!good) {
        sapa_dtls_context_free(context);
        return SAPA_EIO;
    }
    *ret_context = context;
    return SAPA_OK;
}

void sapa_dtls_context_free(struct sapa_dtls_context *context)
{
    if (!context)
        return;
    SSL_CTX_free(context->ssl);
    BIO_meth_free(context->method);
    free(context);
}

const uint8_t *sapa_dtls_fingerprint(const struct sapa_dtls_context *context)
{
    return context->fingerprint;
}

/* --- an association --- */

/* As far as it goes with what is there. Whatever of the datagram is left (more than the handshake) is of no use. */
static sapa_rc advance(struct sapa_dtls *dtls)
{
    char nothing[64];

    if (dtls->failed)
        return dtls->failed;
    /* Once it is through reading goes on: a peer that did not get our last flight says its own again, and we then ours. */
    const int result = dtls->is_up ? SSL_read(dtls->ssl, nothing, sizeof(nothing)) : SSL_do_handshake(dtls->ssl);
    const int error = result > 0 ? SSL_ERROR_NONE : SSL_get_error(dtls->ssl, result);
    ERR_clear_error();
    if (result > 0 && !dtls->is_up)
        dtls->is_up = true;
    if (error == SSL_ERROR_ZERO_RETURN)
        dtls->failed = SAPA_ECLOSED;
    else if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        dtls->failed = SAPA_EIO;
    return dtls->failed ? dtls->failed : dtls->is_up ? SAPA_OK : SAPA_EAGAIN;
}

sapa_rc sapa_dtls_new(struct sapa_dtls_context *context, bool is_client, sapa_dtls_send_fn *send, void *owner,
                      int64_t now_us, struct sapa_dtls **ret_dtls)
{
    struct sapa_dtls *dtls = calloc(1, sizeof(*dtls));

    if (!dtls)
        return SAPA_ENOMEM;
    *dtls = (struct sapa_dtls){ .send = send, .owner = owner, .is_client = is_client, .now_us = now_us, .due_us = INT64_MAX };
    dtls->ssl = SSL_new(context->ssl);
    BIO *bio = dtls->ssl ? BIO_new(context->method) : NULL;
    if (!bio) {
        sapa_dtls_free(dtls);
        return SAPA_ENOMEM;
    }
    BIO_set_data(bio, dtls);
    BIO_set_init(bio, 1);
    SSL_set_bio(dtls->ssl, bio, bio);
    SSL_set_app_data(dtls->ssl, dtls);
    DTLS_set_link_mtu(dtls->ssl, LINK_MTU);
    DTLS_set_timer_cb(dtls->ssl, timer_delay);
    if (is_client) {
        SSL_set_connect_state(dtls->ssl);
        if (advance(dtls) != SAPA_EAGAIN) {
            sapa_dtls_free(dtls);
            return SAPA_ENOMEM;
        }
    } else {
        SSL_set_accept_state(dtls->ssl);
    }
    *ret_dtls = dtls;
    return SAPA_OK;
}

void sapa_dtls_free(struct sapa_dtls *dtls)
{
    if (!dtls)
        return;
    if (dtls->ssl) {
        SSL_set_quiet_shutdown(dtls->ssl, 1);
        SSL_free(dtls->ssl);
    }
    ERR_clear_error();
    free(dtls);
}

sapa_rc sapa_dtls_take(struct sapa_dtls *dtls, const void *datagram, size_t size, int64_t now_us)
{
    dtls->now_us = now_us;
    dtls->datagram = datagram;
    dtls->size = size;
    const bool was_up = dtls->is_up;
    sapa_rc rc = advance(dtls);
    /* What came behind the last record of the handshake in the same datagram, a good-bye for example. */
    if (rc == SAPA_OK && !was_up)
        rc = advance(dtls);
    dtls->datagram = NULL;
    return rc;
}

int64_t sapa_dtls_due_us(const struct sapa_dtls *dtls)
{
    return dtls->failed ? INT64_MAX : dtls->due_us;
}

sapa_rc sapa_dtls_tick(struct sapa_dtls *dtls, int64_t now_us)
{
    dtls->now_us = now_us;
    if (now_us >= sapa_dtls_due_us(dtls)) {
        if (dtls->timer && (dtls->timer->tv_sec || dtls->timer->tv_usec))
            *dtls->timer = (struct timeval){ .tv_sec = 1 };
        else
            dtls->due_us = now_us + FIRST_US; /* OpenSSL's own clock holds: ask it again soon */
        if (DTLSv1_handle_timeout(dtls->ssl) < 0)
            dtls->failed = SAPA_EIO;
        ERR_clear_error();
    }
    return dtls->failed ? dtls->failed : dtls->is_up ? SAPA_OK : SAPA_EAGAIN;
}

void sapa_dtls_close(struct sapa_dtls *dtls)
{
    if (dtls->is_up && !dtls->failed)
        (void)SSL_shutdown(dtls->ssl);
    ERR_clear_error();
}

sapa_rc sapa_dtls_result(const struct sapa_dtls *dtls, struct sapa_dtls_result *ret)
{
    static const char label[] = "EXTRACTOR-dtls_srtp";
    struct sapa_dtls_result result = { 0 };
    uint8_t material[60];
    unsigned n[3];

    if (!dtls->is_up)
        return SAPA_ESTATE;
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(dtls->ssl);
    const X509 *certificate = SSL_get0_peer_certificate(dtls->ssl);
    if (!profile || !certificate || (profile->id != SRTP_AES128_CM_SHA1_80 && profile->id != SRTP_AEAD_AES_128_GCM))
        return SAPA_EDENIED;
    result.profile = (uint16_t)profile->id;
    const size_t salt = result.profile == SAPA_DTLS_AEAD_AES_128_GCM ? 12 : 14;
    const bool good = SSL_export_keying_material(dtls->ssl, material, 2 * (16 + salt), label, sizeof(label) - 1, NULL, 0, 0) == 1 &&
                      X509_digest(certificate, EVP_sha256(), result.sha256, &n[0]) &&
                      X509_digest(certificate, EVP_sha384(), result.sha384, &n[1]) &&
                      X509_digest(certificate, EVP_sha512(), result.sha512, &n[2]);
    ERR_clear_error();
    if (!good)
        return SAPA_EDENIED;
    /* client's key, server's key, client's salt, server's salt (RFC 5764 section 4.2) */
    uint8_t *const client = dtls->is_client ? result.send : result.receive;
    uint8_t *const server = dtls->is_client ? result.receive : result.send;
    memcpy(client, material, 16);
    memcpy(server, material + 16, 16);
    memcpy(client + 16, material + 32, salt);
    memcpy(server + 16, material + 32 + salt, salt);
    sapa_wipe(material, sizeof(material));
    *ret = result;
    return SAPA_OK;
}

const uint8_t *sapa_dtls_client_random(const uint8_t *bytes, size_t size)
{
    enum { HANDSHAKE = 22, RECORD = 13, HEAD = 12, VERSION = 2, CLIENT_HELLO = 1 };

    if (size < RECORD + HEAD + VERSION + SAPA_DTLS_RANDOM_SIZE || bytes[0] != HANDSHAKE || bytes[3] || bytes[4] ||
        bytes[RECORD] != CLIENT_HELLO)
        return NULL;
    const uint8_t *head = bytes + RECORD;
    if (head[4] || head[5] || head[6] || head[7] || head[8]) /* message_seq 0, fragment_offset 0 */
        return NULL;
    return head + HEAD + VERSION;
}
