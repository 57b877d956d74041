/* Both sides over a socket pair, with certificates made by the test. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rt/tls.h"

static char folder[32] = "/tmp/sapa-tls-XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[8][96];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, 96, "%s/%s", folder, name);
    return path;
}

/* A certificate for `names` ("DNS:a,IP:127.0.0.1"), signed by `issuer` (NULL: by itself), ending in `days`. */
struct issued {
    X509 *certificate;
    EVP_PKEY *key;
};

static struct issued issue(const char *file, const char *subject, const char *names, const struct issued *issuer, int days)
{
    static long serial;
    struct issued made = { .certificate = X509_new(), .key = EVP_EC_gen("P-256") };
    X509 *c = made.certificate;
    X509V3_CTX ctx;
    char path[64];

    assert_non_null(made.key);
    X509_set_version(c, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(c), -86400 * 10);
    X509_gmtime_adj(X509_getm_notAfter(c), 86400L * days);
    X509_set_pubkey(c, made.key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC, (const unsigned char *)subject, -1, -1, 0);
    X509_set_issuer_name(c, X509_get_subject_name(issuer ? issuer->certificate : c));
    X509V3_set_ctx(&ctx, issuer ? issuer->certificate : c, c, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, NID_basic_constraints, issuer ? "CA:FALSE" : "critical,CA:TRUE");
    X509_add_ext(c, extension, -1);
    X509_EXTENSION_free(extension);
    if (names) {
        extension = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_alt_name, names);
        assert_non_null(extension);
        X509_add_ext(c, extension, -1);
        X509_EXTENSION_free(extension);
    }
    assert_true(X509_sign(c, issuer ? issuer->key : made.key, EVP_sha256()) > 0);
    snprintf(path, sizeof(path), "%s.pem", file);
    FILE *out = fopen(path_of(path), "w");
    assert_non_null(out);
    PEM_write_X509(out, c);
    fclose(out);
    snprintf(path, sizeof(path), "%s.key", file);
    out = fopen(path_of(path), "w");
    assert_non_null(out);
    PEM_write_PrivateKey(out, made.key, NULL, NULL, 0, NULL, NULL);
    fclose(out);
    return made;
}

static void drop(struct issued *issued)
{
    X509_free(issued->certificate);
    EVP_PKEY_free(issued->key);
}

static int make_certificates(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    struct issued ca = issue("ca", "Test CA", NULL, NULL, 100), other = issue("other", "Other CA", NULL, NULL, 100);
    struct issued one = issue("one", "one", "DNS:sapa.test,DNS:*.sapa.test,IP:127.0.0.1", &ca, 10);
    struct issued two = issue("two", "two", "DNS:bank.test", &ca, 10);
    struct issued old = issue("old", "old", "DNS:sapa.test", &ca, -1);
    struct issued phone = issue("phone", "phone", "DNS:carrier.test", &ca, 10);
    struct issued maker = issue("maker", "maker", "DNS:carrier.test", &other, 10);
    drop(&ca), drop(&other), drop(&one), drop(&two), drop(&old), drop(&phone), drop(&maker);
    return 0;
}

static int remove_certificates(void **state)
{
    static const char *const names[] = { "ca", "other", "one", "two", "old", "phone", "maker" };
    char name[32];
    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(names); i++) {
        snprintf(name, sizeof(name), "%s.pem", names[i]);
        unlink(path_of(name));
        snprintf(name, sizeof(name), "%s.key", names[i]);
        unlink(path_of(name));
    }
    unlink(path_of("junk"));
    return rmdir(folder);
}

static sapa_rc context_of(const char *first, const char *second, const char *trust, char problem[200], struct sapa_tls_context **ret)
{
    struct sapa_tls_options options = { .trust = trust ? path_of(trust) : NULL };
    const char *const names[2] = { first, second };
    char name[32];
    struct sapa_text text;

    for (size_t i = 0; i < 2 && names[i]; i++) {
        snprintf(name, sizeof(name), "%s.pem", names[i]);
        options.certificates[i] = path_of(name);
        snprintf(name, sizeof(name), "%s.key", names[i]);
        options.keys[i] = path_of(name);
        options.count++;
    }
    sapa_text_init(&text, problem, 200);
    return sapa_tls_context_new(&options, &text, ret);
}

static struct sapa_tls_context *good_context(const char *first, const char *second, const char *trust)
{
    struct sapa_tls_context *context;
    char problem[200];

    if (context_of(first, second, trust, problem, &context) != SAPA_OK)
        fail_msg("%s", problem);
    return context;
}

struct pair {
    int fds[2];
    struct sapa_tls *server, *client;
    sapa_rc server_rc, client_rc;
};

static void shake(struct pair *p, struct sapa_tls_context *server, struct sapa_tls_context *client, const char *name)
{
    struct sapa_addr peer;

    assert_int_equal(sapa_addr_parse(sapa_str_of("127.0.0.1"), 5061, &peer), SAPA_OK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p->fds), 0);
    assert_int_equal(sapa_tls_accept(server, p->fds[0], &p->server), SAPA_OK);
    assert_int_equal(sapa_tls_connect(client, p->fds[1], name, &peer, &p->client), SAPA_OK);
    p->server_rc = p->client_rc = SAPA_EAGAIN;
    for (int i = 0; i < 20; i++) {
        if (p->client_rc == SAPA_EAGAIN)
            p->client_rc = sapa_tls_handshake(p->client);
        if (p->server_rc == SAPA_EAGAIN)
            p->server_rc = sapa_tls_handshake(p->server);
    }
}

static void part(struct pair *p)
{
    sapa_tls_free(p->server);
    sapa_tls_free(p->client);
    close(p->fds[0]);
    close(p->fds[1]);
}

static void carry(struct sapa_tls *from, struct sapa_tls *to, size_t size)
{
    char *out = malloc(size), *in = malloc(size);
    size_t sent = 0, got = 0, n;

    assert_true(out && in);
    for (size_t i = 0; i < size; i++)
        out[i] = (char)(i * 7 + size);
    while (got < size) {
        sapa_rc rc = sent < size ? sapa_tls_write(from, out + sent, size - sent, &n) : SAPA_EAGAIN;
        if (rc == SAPA_OK)
            sent += n;
        else
            assert_int_equal(rc, SAPA_EAGAIN);
        rc = sapa_tls_read(to, in + got, size - got, &n);
        if (rc == SAPA_OK)
            got += n;
        else
            assert_int_equal(rc, SAPA_EAGAIN);
    }
    assert_memory_equal(in, out, size);
    free(in);
    free(out);
}

static void test_both_ways(void **state)
{
    (void)state;
    struct sapa_tls_context *server = good_context("one", NULL, "ca.pem"), *client = good_context(NULL, NULL, "ca.pem");
    struct pair p;
    char byte;
    size_t n;

    static const char *const names[] = { "sapa.test", "jakarta.sapa.test", NULL /* by address */ };
    for (size_t i = 0; i < SAPA_COUNT(names); i++) {
        shake(&p, server, client, names[i]);
        assert_int_equal(p.client_rc, SAPA_OK);
        assert_int_equal(p.server_rc, SAPA_OK);
        assert_true(sapa_tls_is_up(p.server) && sapa_tls_is_up(p.client));
        carry(p.client, p.server, 1);
        carry(p.client, p.server, 500000); /* more than the socket takes at once */
        carry(p.server, p.client, 500000);
        assert_int_equal(sapa_tls_read(p.server, &byte, 1, &n), SAPA_EAGAIN);
        sapa_tls_free(p.client);
        p.client = NULL;
        close(p.fds[1]);
        assert_int_equal(sapa_tls_read(p.server, &byte, 1, &n), SAPA_ECLOSED);
        assert_int_equal(sapa_tls_write(p.server, "x", 1, &n), SAPA_ECLOSED); /* and no SIGPIPE */
        p.fds[1] = -1;
        part(&p);
    }
    sapa_tls_context_release(client);
    sapa_tls_context_release(server);
}

/* A server that is not who we called is not talked to. */
static void test_wrong_server(void **state)
{
    (void)state;
    struct sapa_tls_context *server = good_context("one", NULL, "ca.pem"), *stranger = good_context("maker", NULL, "ca.pem"),
                            *client = good_context(NULL, NULL, "ca.pem");
    struct pair p;

    shake(&p, server, client, "bank.test");
    assert_int_equal(p.client_rc, SAPA_EDENIED);
    assert_string_equal(sapa_tls_problem(p.client), "hostname mismatch");
    assert_int_not_equal(p.server_rc, SAPA_EAGAIN);
    part(&p);
    shake(&p, stranger, client, "carrier.test"); /* the right name, of an authority that we do not know */
    assert_int_equal(p.client_rc, SAPA_EDENIED);
    part(&p);
    shake(&p, stranger, client, NULL);
    assert_int_equal(p.client_rc, SAPA_EDENIED);
    part(&p);
    sapa_tls_context_release(client);
    sapa_tls_context_release(stranger);
    sapa_tls_context_release(server);
}

static void test_server_name(void **state)
{
    (void)state;
    struct sapa_tls_context *server = good_context("one", "two", "ca.pem"), *client = good_context(NULL, NULL, "ca.pem");
    struct pair p;

    shake(&p, server, client, "bank.test"); /* the second, by its name */
    assert_int_equal(p.client_rc, SAPA_OK);
    assert_true(sapa_tls_peer_is(p.client, "bank.test"));
    assert_false(sapa_tls_peer_is(p.client, "sapa.test"));
    part(&p);
    shake(&p, server, client, "sapa.test");
    assert_int_equal(p.client_rc, SAPA_OK);
    part(&p);
    sapa_tls_context_release(client);
    sapa_tls_context_release(server);
}

/* A client's certificate tells who it is, if we trust who says so; otherwise it is as good as none. */
static void test_client_certificate(void **state)
{
    (void)state;
    struct sapa_tls_context *server = good_context("one", NULL, "ca.pem"), *carrier = good_context("phone", NULL, "ca.pem"),
                            *phone = good_context("maker", NULL, "ca.pem");
    struct pair p;

    shake(&p, server, carrier, "sapa.test");
    assert_int_equal(p.server_rc, SAPA_OK);
    assert_true(sapa_tls_peer_is(p.server, "carrier.test"));
    assert_false(sapa_tls_peer_is(p.server, "other.test"));
    part(&p);
    shake(&p, server, phone, "sapa.test");
    assert_int_equal(p.server_rc, SAPA_OK);
    assert_false(sapa_tls_peer_is(p.server, "carrier.test"));
    carry(p.client, p.server, 100);
    part(&p);
    sapa_tls_context_release(phone);
    sapa_tls_context_release(carrier);
    sapa_tls_context_release(server);
}

/* Connections live on with the certificates that they began with. */
static void test_reload(void **state)
{
    (void)state;
    struct sapa_tls_context *server = good_context("one", NULL, "ca.pem"), *client = good_context(NULL, NULL, "ca.pem");
    struct pair p, q;

    shake(&p, server, client, "sapa.test");
    sapa_tls_context_release(server);
    server = good_context("two", NULL, "ca.pem");
    shake(&q, server, client, "bank.test");
    assert_int_equal(q.client_rc, SAPA_OK);
    carry(p.client, p.server, 1000);
    carry(q.server, q.client, 1000);
    part(&p);
    part(&q);
    sapa_tls_context_release(client);
    sapa_tls_context_release(server);
}

static void test_mistakes(void **state)
{
    (void)state;
    struct sapa_tls_context *context = NULL;
    struct sapa_tls *tls;
    char problem[200];
    FILE *junk = fopen(path_of("junk"), "w");

    assert_non_null(junk);
    fputs("-----BEGIN CERTIFICATE-----\nnonsense\n", junk);
    fclose(junk);
    assert_int_equal(context_of("none", NULL, "ca.pem", problem, &context), SAPA_ENOENT);
    assert_non_null(strstr(problem, "none.pem: cannot be read"));
    assert_int_equal(context_of("one", NULL, "junk", problem, &context), SAPA_EINVAL);
    assert_non_null(strstr(problem, "junk: no certificates of authorities"));
    assert_int_equal(context_of("old", NULL, "ca.pem", problem, &context), SAPA_ETIMEOUT);
    assert_non_null(strstr(problem, "has expired"));
    struct sapa_tls_options mixed = { .certificates = { path_of("one.pem") }, .keys = { path_of("two.key") }, .count = 1 };
    struct sapa_text text;
    sapa_text_init(&text, problem, sizeof(problem));
    assert_int_equal(sapa_tls_context_new(&mixed, &text, &context), SAPA_EINVAL);
    assert_non_null(strstr(problem, "two.key: no key in PEM form, or not that of the certificate"));
    assert_null(context);
    context = good_context(NULL, NULL, "ca.pem");
    assert_int_equal(sapa_tls_accept(context, 0, &tls), SAPA_EINVAL);
    sapa_tls_context_release(context);
}

/* The one for a first start serves whom it names and nobody else. */
static void test_own_certificate(void **state)
{
    (void)state;
    const struct sapa_str names[] = { SAPA_STR("sapa.test"), SAPA_STR("127.0.0.1"), SAPA_STR("::1") };
    const struct sapa_str bad = SAPA_STR("x,IP:1.2.3.4");
    struct pair p;

    assert_int_equal(sapa_tls_certificate_make(names, 3, 30, path_of("self.pem"), path_of("self.key")), SAPA_OK);
    assert_int_equal(sapa_tls_certificate_make(&bad, 1, 30, path_of("bad.pem"), path_of("bad.key")), SAPA_EINVAL);
    assert_int_equal(sapa_tls_certificate_make(names, 0, 30, path_of("bad.pem"), path_of("bad.key")), SAPA_EINVAL);
    assert_int_equal(sapa_tls_certificate_make(names, 3, 30, path_of("no/self.pem"), path_of("no/self.key")), SAPA_ENOENT);
    struct sapa_tls_facts facts;
    assert_int_equal(sapa_tls_look(path_of("self.pem"), &facts), SAPA_OK);
    assert_string_equal(facts.names, "sapa.test 127.0.0.1 ::1");
    assert_string_equal(facts.issuer, "Sapa");
    assert_true(facts.own);
    assert_int_equal(facts.until_us - facts.from_us, INT64_C(31) * 86400 * 1000000);
    assert_int_equal(sapa_tls_look(path_of("self.key"), &facts), SAPA_EINVAL);
    assert_int_equal(sapa_tls_look(path_of("none.pem"), &facts), SAPA_ENOENT);
    assert_int_equal(sapa_tls_look(path_of("one.pem"), &facts), SAPA_OK);
    assert_false(facts.own); /* an authority has signed it */
    struct sapa_tls_context *server = good_context("self", NULL, NULL), *client = good_context(NULL, NULL, "self.pem"),
                            *stranger = good_context(NULL, NULL, "ca.pem");
    shake(&p, server, client, "sapa.test");
    assert_int_equal(p.client_rc, SAPA_OK);
    part(&p);
    shake(&p, server, client, NULL);
    assert_int_equal(p.client_rc, SAPA_OK);
    part(&p);
    shake(&p, server, client, "bank.test");
    assert_int_equal(p.client_rc, SAPA_EDENIED);
    part(&p);
    shake(&p, server, stranger, "sapa.test");
    assert_int_equal(p.client_rc, SAPA_EDENIED);
    part(&p);
    sapa_tls_context_release(server);
    sapa_tls_context_release(client);
    sapa_tls_context_release(stranger);
    assert_int_equal(unlink(path_of("self.pem")), 0);
    assert_int_equal(unlink(path_of("self.key")), 0);
}

/* Whatever comes instead of a handshake ends the connection. */
static void test_hostile_bytes(void **state)
{
    (void)state;
    static const char *const bytes[] = { "OPTIONS sip:a SIP/2.0\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03garbage", "\x16\x03\x01\xff\xff" };
    struct sapa_tls_context *server = good_context("one", NULL, "ca.pem");

    for (size_t i = 0; i < SAPA_COUNT(bytes); i++) {
        int fds[2];
        struct sapa_tls *tls;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
        assert_int_equal(sapa_tls_accept(server, fds[0], &tls), SAPA_OK);
        assert_true(write(fds[1], bytes[i], i == 1 ? 18 : strlen(bytes[i])) > 0);
        shutdown(fds[1], SHUT_WR);
        sapa_rc rc = SAPA_EAGAIN;
        for (int n = 0; n < 5 && rc == SAPA_EAGAIN; n++)
            rc = sapa_tls_handshake(tls);
        assert_true(rc == SAPA_EDENIED || rc == SAPA_ECLOSED);
        sapa_tls_free(tls);
        close(fds[0]);
        close(fds[1]);
    }
    sapa_tls_context_release(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways), cmocka_unit_test(test_wrong_server), cmocka_unit_test(test_server_name),
        cmocka_unit_test(test_client_certificate), cmocka_unit_test(test_reload), cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_own_certificate), cmocka_unit_test(test_hostile_bytes),
    };
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
