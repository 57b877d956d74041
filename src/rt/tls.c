/*
 * OpenSSL behind a narrow face. The bytes go through a BIO of our own, so that a broken connection
 * never raises SIGPIPE; reads and writes may move their buffers.
 */
#include "rt/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <arpa/inet.h>
#include <stdlib.h>
#include <time.h>

#include "rt/file.h"

struct sapa_tls_context {
    _Atomic unsigned holders;
    SSL_CTX *ssl[SAPA_TLS_CERTIFICATES_MAX]; /* one a certificate; the first also for clients */
    X509 *own[SAPA_TLS_CERTIFICATES_MAX];    /* borrowed from ssl */
    size_t count;
    BIO_METHOD *method;
};

struct sapa_tls {
    struct sapa_tls_context *context;
    SSL *ssl;
    bool wants_write, failed;
    const char *problem;
};

/* --- bytes --- */

static int bio_write(BIO *bio, const char *bytes, int n)
{
    size_t sent = 0;
    int fd;

    BIO_clear_retry_flags(bio);
    BIO_get_fd(bio, &fd);
    const sapa_rc rc = n > 0 ? sapa_socket_write(fd, bytes, (size_t)n, &sent) : SAPA_OK;
    if (rc == SAPA_EAGAIN)
        BIO_set_retry_write(bio);
    return rc == SAPA_OK ? (int)sent : -1;
}

static int bio_read(BIO *bio, char *bytes, int n)
{
    size_t got = 0;
    int fd;

    BIO_clear_retry_flags(bio);
    BIO_get_fd(bio, &fd);
    const sapa_rc rc = n > 0 ? sapa_socket_read(fd, bytes, (size_t)n, &got) : SAPA_OK;
    if (rc == SAPA_EAGAIN)
        BIO_set_retry_read(bio);
    return rc == SAPA_OK ? (int)got : rc == SAPA_ECLOSED ? 0 : -1;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    switch (command) {
    case BIO_C_GET_FD:
        *(int *)pointer = (int)(intptr_t)BIO_get_data(bio);
        return 1;
    case BIO_C_SET_FD:
        BIO_set_data(bio, (void *)(intptr_t)*(int *)pointer);
        BIO_set_init(bio, 1);
        return 1;
    case BIO_CTRL_FLUSH: return 1;
    default: (void)number; return 0;
    }
}

static BIO_METHOD *bytes_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "sapa");

    if (method && BIO_meth_set_write(method, bio_write) && BIO_meth_set_read(method, bio_read) &&
        BIO_meth_set_ctrl(method, bio_control))
        return method;
    BIO_meth_free(method);
    return NULL;
}

/* --- contexts --- */

static void say(struct sapa_text *problem, const char *file, const char *what)
{
    if (problem)
        sapa_text_printf(problem, "%s: %s", file, what);
    ERR_clear_error();
}

/* The certificate that the peer's name asks for. */
static int on_server_name(SSL *ssl, int *alert, void *arg)
{
    const struct sapa_tls_context *context = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)alert;

    for (size_t i = 0; name && i < context->count; i++) {
        if (X509_check_host(context->own[i], name, 0, 0, NULL) == 1) {
            SSL_set_SSL_CTX(ssl, context->ssl[i]);
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_NOACK;
}

static SSL_CTX *new_ssl(const struct sapa_tls_options *options, struct sapa_tls_context *context)
{
    static const unsigned char id[] = "sapa";
    SSL_CTX *ssl = SSL_CTX_new(TLS_method());

    if (!ssl)
        return NULL;
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF); /* who resumes shows a ticket: nothing is kept here */
    SSL_CTX_set_num_tickets(ssl, 1);
    SSL_CTX_set_verify_depth(ssl, 6);
    SSL_CTX_set_tlsext_servername_callback(ssl, on_server_name);
    SSL_CTX_set_tlsext_servername_arg(ssl, context);
    if (SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) != 1 || SSL_CTX_set_session_id_context(ssl, id, sizeof(id) - 1) != 1 ||
        (options->trust ? SSL_CTX_load_verify_locations(ssl, options->trust, NULL) : SSL_CTX_set_default_verify_paths(ssl)) != 1) {
        SSL_CTX_free(ssl);
        return NULL;
    }
    return ssl;
}

static sapa_rc load(SSL_CTX *ssl, const char *certificate, const char *key, struct sapa_text *problem)
{
    if (SSL_CTX_use_certificate_chain_file(ssl, certificate) != 1) {
        FILE *file = fopen(certificate, "r");
        say(problem, certificate, file ? "no certificate in PEM form" : "cannot be read");
        if (file)
            fclose(file);
        return file ? SAPA_EINVAL : SAPA_ENOENT;
    }
    if (SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ssl) != 1) {
        FILE *file = fopen(key, "r");
        say(problem, key, file ? "no key in PEM form, or not that of the certificate" : "cannot be read");
        if (file)
            fclose(file);
        return file ? SAPA_EINVAL : SAPA_ENOENT;
    }
    /* Once, not in every handshake (SSL_MODE_NO_AUTO_CHAIN): it reads the folder of the system's authorities each time. */
    (void)SSL_CTX_build_cert_chain(ssl, SSL_BUILD_CHAIN_FLAG_UNTRUSTED | SSL_BUILD_CHAIN_FLAG_NO_ROOT | SSL_BUILD_CHAIN_FLAG_IGNORE_ERROR |
                                            SSL_BUILD_CHAIN_FLAG_CLEAR_ERROR);
    if (X509_cmp_current_time(X509_get0_notAfter(SSL_CTX_get0_certificate(ssl))) < 0) {
        say(problem, certificate, "the certificate has expired");
        return SAPA_ETIMEOUT;
    }
    return SAPA_OK;
}

sapa_rc sapa_tls_context_new(const struct sapa_tls_options *options, struct sapa_text *problem,
                             struct sapa_tls_context **ret_context)
{
    struct sapa_tls_context *context = options->count <= SAPA_TLS_CERTIFICATES_MAX ? calloc(1, sizeof(*context)) : NULL;
    sapa_rc rc = SAPA_OK;

    if (!context)
        return SAPA_ENOMEM;
    context->holders = 1;
    context->method = bytes_method();
    for (size_t i = 0; rc == SAPA_OK && i < SAPA_MAX(options->count, (size_t)1); i++) {
        context->ssl[i] = new_ssl(options, context);
        if (!context->ssl[i]) {
            if (options->trust)
                say(problem, options->trust, "no certificates of authorities in PEM form");
            rc = options->trust ? SAPA_EINVAL : SAPA_ENOMEM;
        } else if (options->count > 0) {
            rc = load(context->ssl[i], options->certificates[i], options->keys[i], problem);
            context->own[i] = SSL_CTX_get0_certificate(context->ssl[i]);
            context->count += rc == SAPA_OK;
        }
    }
    if (!context->method)
        rc = SAPA_ENOMEM;
    if (rc != SAPA_OK) {
        sapa_tls_context_release(context);
        return rc;
    }
    *ret_context = context;
    return SAPA_OK;
}

struct sapa_tls_context *sapa_tls_context_keep(struct sapa_tls_context *context)
{
    context->holders++;
    return context;
}

void sapa_tls_context_release(struct sapa_tls_context *context)
{
    if (!context || --context->holders > 0)
        return;
    for (size_t i = 0; i < SAPA_TLS_CERTIFICATES_MAX; i++)
        SSL_CTX_free(context->ssl[i]);
    BIO_meth_free(context->method);
    free(context);
}

/* --- a certificate of our own --- */

static bool put_names(X509 *certificate, const struct sapa_str *names, size_t count)
{
    char buf[8 * 144];
    struct sapa_text text;
    X509V3_CTX ctx;

    sapa_text_init(&text, buf, sizeof(buf));
    for (size_t i = 0; i < count; i++) {
        struct sapa_addr addr;
        for (size_t k = 0; k < names[i].n; k++) {
            const char c = names[i].p[k];
            if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':'))
                return false;
        }
        if (names[i].n == 0 || names[i].n > 128)
            return false;
        const bool is_address = sapa_addr_parse(names[i], 0, &addr) == SAPA_OK;
        sapa_text_printf(&text, "%s%s:%.*s", i ? "," : "", is_address ? "IP" : "DNS", (int)names[i].n, names[i].p);
    }
    X509V3_set_ctx(&ctx, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = text.cut ? NULL : X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_alt_name, buf);
    const bool good = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

static sapa_rc write_pem(const char *path, X509 *certificate, EVP_PKEY *key)
{
    BIO *out = BIO_new(BIO_s_mem());
    char *bytes = NULL;

    if (!out || (certificate ? PEM_write_bio_X509(out, certificate) : PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL)) != 1) {
        BIO_free(out);
        return SAPA_ENOMEM;
    }
    const long n = BIO_get_mem_data(out, &bytes);
    const sapa_rc rc = sapa_file_write(path, (const uint8_t *)bytes, (size_t)n, 0600);
    BIO_free(out);
    return rc;
}

sapa_rc sapa_tls_certificate_make(const struct sapa_str *names, size_t count, unsigned days, const char *certificate_path,
                                  const char *key_path)
{
    X509 *c = X509_new();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    uint64_t serial;
    sapa_rc rc = SAPA_ENOMEM;

    if (c && key && RAND_bytes((unsigned char *)&serial, sizeof(serial)) == 1 && X509_set_version(c, 2) == 1 &&
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(c), serial >> 1) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(c), -86400) && X509_gmtime_adj(X509_getm_notAfter(c), 86400L * (long)days) &&
        X509_set_pubkey(c, key) == 1 &&
        X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC, (const unsigned char *)"Sapa", -1, -1, 0) == 1 &&
        X509_set_issuer_name(c, X509_get_subject_name(c)) == 1) {
        rc = SAPA_EINVAL;
        if (count > 0 && count <= 8 && put_names(c, names, count))
            rc = X509_sign(c, key, EVP_sha256()) > 0 ? SAPA_OK : SAPA_ENOMEM;
        if (rc == SAPA_OK)
            rc = write_pem(key_path, NULL, key);
        if (rc == SAPA_OK)
            rc = write_pem(certificate_path, c, NULL);
    }
    ERR_clear_error();
    X509_free(c);
    EVP_PKEY_free(key);
    return rc;
}

/* --- what stands in one --- */

static int64_t time_of(const ASN1_TIME *time)
{
    struct tm parts;

    return time && ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) * 1000000 : 0;
}

static bool text_of(const X509_NAME *name, int nid, char *buf, size_t size)
{
    return X509_NAME_get_text_by_NID((X509_NAME *)(uintptr_t)name, nid, buf, (int)size) > 0;
}

/* A name behind the others, if it is one and there is room for the whole of it. */
static void add_name(struct sapa_text *out, struct sapa_str name)
{
    const size_t before = out->n;

    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] > '~')
            return;
    if (name.n == 0 || out->n + name.n + 2 > 255)
        return;
    sapa_text_printf(out, "%s%.*s", before > 0 ? " " : "", (int)name.n, name.p);
}

static void names_of(X509 *certificate, char *buf, size_t size)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    struct sapa_text out;

    sapa_text_init(&out, buf, size);
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        char host[SAPA_ADDR_TEXT_MAX];
        if (name->type == GEN_DNS) {
            add_name(&out, (struct sapa_str){ (const char *)ASN1_STRING_get0_data(name->d.dNSName), (size_t)ASN1_STRING_length(name->d.dNSName) });
        } else if (name->type == GEN_IPADD) {
            const int n = ASN1_STRING_length(name->d.iPAddress);
            if ((n == 4 || n == 16) && inet_ntop(n == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress), host, sizeof(host)))
                add_name(&out, sapa_str_of(host));
        }
    }
    GENERAL_NAMES_free(names);
    if (out.n == 0 && !text_of(X509_get_subject_name(certificate), NID_commonName, buf, size))
        buf[0] = '\0';
}

sapa_rc sapa_tls_look(const char *path, struct sapa_tls_facts *ret_facts)
{
    uint8_t *bytes;
    size_t n;
    sapa_rc rc = sapa_file_read(path, 1 << 20, &bytes, &n);

    if (rc != SAPA_OK)
        return rc == SAPA_ELIMIT ? SAPA_EINVAL : rc;
    BIO *in = BIO_new_mem_buf(bytes, (int)n);
    X509 *certificate = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
    rc = in ? SAPA_EINVAL : SAPA_ENOMEM;
    if (certificate) {
        struct sapa_tls_facts facts = { .from_us = time_of(X509_get0_notBefore(certificate)), .until_us = time_of(X509_get0_notAfter(certificate)) };
        const X509_NAME *issuer = X509_get_issuer_name(certificate);
        names_of(certificate, facts.names, sizeof(facts.names));
        if (!text_of(issuer, NID_commonName, facts.issuer, sizeof(facts.issuer)) && !text_of(issuer, NID_organizationName, facts.issuer, sizeof(facts.issuer)))
            facts.issuer[0] = '\0';
        facts.own = X509_self_signed(certificate, 1) == 1;
        *ret_facts = facts;
        rc = SAPA_OK;
    }
    X509_free(certificate);
    BIO_free(in);
    free(bytes);
    ERR_clear_error();
    return rc;
}

const char *sapa_tls_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}

/* --- connections --- */

static sapa_rc new_tls(struct sapa_tls_context *context, int fd, struct sapa_tls **ret_tls)
{
    struct sapa_tls *tls = calloc(1, sizeof(*tls));
    BIO *bio = BIO_new(context->method);

    if (tls)
        tls->ssl = SSL_new(context->ssl[0]);
    if (!tls || !tls->ssl || !bio) {
        BIO_free(bio);
        free(tls);
        return SAPA_ENOMEM;
    }
    BIO_set_fd(bio, fd, BIO_NOCLOSE);
    SSL_set_bio(tls->ssl, bio, bio);
    tls->context = sapa_tls_context_keep(context);
    tls->problem = "";
    *ret_tls = tls;
    return SAPA_OK;
}

/* Phones show certificates of their makers: one that we do not trust says nothing, and is as good as none. */
static int on_client_certificate(int good, X509_STORE_CTX *store)
{
    (void)good, (void)store; /* the verdict is kept: SSL_get_verify_result() */
    return 1;
}

sapa_rc sapa_tls_accept(struct sapa_tls_context *context, int fd, struct sapa_tls **ret_tls)
{
    struct sapa_tls *tls;

    if (context->count == 0)
        return SAPA_EINVAL;
    const sapa_rc rc = new_tls(context, fd, &tls);
    if (rc != SAPA_OK)
        return rc;
    SSL_set_verify(tls->ssl, SSL_VERIFY_PEER, on_client_certificate); /* asked for, not demanded */
    SSL_set_accept_state(tls->ssl);
    *ret_tls = tls;
    return SAPA_OK;
}

sapa_rc sapa_tls_connect(struct sapa_tls_context *context, int fd, const char *name, const struct sapa_addr *peer,
                         struct sapa_tls **ret_tls)
{
    struct sapa_tls *tls;
    const sapa_rc rc = new_tls(context, fd, &tls);

    if (rc != SAPA_OK)
        return rc;
    SSL_set_verify(tls->ssl, SSL_VERIFY_PEER, NULL);
    SSL_set_connect_state(tls->ssl);
    X509_VERIFY_PARAM *param = SSL_get0_param(tls->ssl);
    const bool v6 = sapa_addr_is_v6(peer);
    if (name ? SSL_set_tlsext_host_name(tls->ssl, name) != 1 || X509_VERIFY_PARAM_set1_host(param, name, 0) != 1
             : X509_VERIFY_PARAM_set1_ip(param, v6 ? (const unsigned char *)&peer->v6.sin6_addr : (const unsigned char *)&peer->v4.sin_addr,
                                         v6 ? 16 : 4) != 1) {
        sapa_tls_free(tls);
        return SAPA_ENOMEM;
    }
    *ret_tls = tls;
    return SAPA_OK;
}

void sapa_tls_free(struct sapa_tls *tls)
{
    if (!tls)
        return;
    ERR_clear_error();
    if (!tls->failed && SSL_is_init_finished(tls->ssl))
        (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
    SSL_free(tls->ssl);
    sapa_tls_context_release(tls->context);
    free(tls);
}

/* What an operation's failure means. */
static sapa_rc result_of(struct sapa_tls *tls, int result)
{
    const int error = SSL_get_error(tls->ssl, result);

    tls->wants_write = error == SSL_ERROR_WANT_WRITE;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return SAPA_EAGAIN;
    tls->failed = true;
    if (error == SSL_ERROR_ZERO_RETURN)
        return SAPA_ECLOSED;
    const long verified = SSL_get_verify_result(tls->ssl);
    const unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    tls->problem = verified != X509_V_OK && !SSL_is_server(tls->ssl) ? X509_verify_cert_error_string(verified) : reason ? reason : "connection lost";
    ERR_clear_error();
    return error == SSL_ERROR_SSL && !SSL_is_init_finished(tls->ssl) ? SAPA_EDENIED : SAPA_ECLOSED;
}

sapa_rc sapa_tls_read(struct sapa_tls *tls, void *buf, size_t size, size_t *ret_n)
{
    size_t n = 0;

    if (tls->failed)
        return SAPA_ECLOSED;
    ERR_clear_error();
    const int result = SSL_read_ex(tls->ssl, buf, size, &n);
    if (result != 1)
        return result_of(tls, result);
    tls->wants_write = false;
    *ret_n = n;
    return SAPA_OK;
}

sapa_rc sapa_tls_write(struct sapa_tls *tls, const void *buf, size_t size, size_t *ret_n)
{
    size_t n = 0;

    if (tls->failed)
        return SAPA_ECLOSED;
    ERR_clear_error();
    const int result = SSL_write_ex(tls->ssl, buf, size, &n);
    if (result != 1)
        return result_of(tls, result);
    tls->wants_write = false;
    *ret_n = n;
    return SAPA_OK;
}

sapa_rc sapa_tls_handshake(struct sapa_tls *tls)
{
    if (tls->failed)
        return SAPA_ECLOSED;
    if (SSL_is_init_finished(tls->ssl))
        return SAPA_OK;
    ERR_clear_error();
    const int result = SSL_do_handshake(tls->ssl);
    if (result != 1)
        return result_of(tls, result);
    tls->wants_write = false;
    return SAPA_OK;
}

bool sapa_tls_is_up(const struct sapa_tls *tls)
{
    return SSL_is_init_finished(tls->ssl);
}

bool sapa_tls_wants_write(const struct sapa_tls *tls)
{
    return tls->wants_write;
}

bool sapa_tls_pending(const struct sapa_tls *tls)
{
    return SSL_pending(tls->ssl) > 0;
}

const char *sapa_tls_problem(const struct sapa_tls *tls)
{
    return tls->problem;
}

bool sapa_tls_peer_is(const struct sapa_tls *tls, const char *name)
{
    X509 *peer = SSL_is_init_finished(tls->ssl) ? SSL_get0_peer_certificate(tls->ssl) : NULL;

    return peer && SSL_get_verify_result(tls->ssl) == X509_V_OK && X509_check_host(peer, name, 0, 0, NULL) == 1;
}
