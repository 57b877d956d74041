/* Published vectors, and a server and a client that talk to each other. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#include "sip/digest.h"

static struct sapa_sip_msg message;
static char buffer[4096];

/* A request (or response) with one more header line. */
static const struct sapa_sip_msg *message_of(const char *start, const char *method, const char *line)
{
    const int n = snprintf(buffer, sizeof(buffer), "%s\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n"
                           "Call-ID: c\r\nCSeq: 1 %s\r\n%s\r\n", start, method, line);

    assert_int_equal(sapa_sip_msg_parse(buffer, (size_t)n, SAPA_SIP_DATAGRAM, &message), SAPA_OK);
    return &message;
}

static void respond(const char *challenge, const char *method, const char *uri, const char *user, const char *password,
                    const char *cnonce, uint32_t nc, char *out, size_t size)
{
    struct sapa_sip_digest c;
    char ha1[SAPA_SIP_HEX_SIZE];
    struct sapa_text text;

    assert_int_equal(sapa_sip_digest_parse(sapa_str_of(challenge), &c), SAPA_OK);
    sapa_sip_digest_ha1(c.alg, sapa_str_of(user), c.realm, sapa_str_of(password), ha1);
    const struct sapa_sip_digest_answer answer = { .challenge = &c, .method = sapa_str_of(method), .uri = sapa_str_of(uri),
                                                   .username = sapa_str_of(user), .ha1_hex = ha1, .nc = nc, .cnonce = sapa_str_of(cnonce) };
    sapa_text_init(&text, out, size);
    sapa_sip_digest_respond(&text, &answer);
    assert_false(text.cut);
}

static void test_vectors(void **state)
{
    (void)state;
    char out[1024];

    /* RFC 2617 3.5 */
    respond("Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
            "GET", "/dir/index.html", "Mufasa", "Circle Of Life", "0a4f113b", 1, out, sizeof(out));
    assert_non_null(strstr(out, "response=\"6629fae49393a05397450978507c4ef1\""));
    assert_non_null(strstr(out, "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""));
    assert_non_null(strstr(out, "nc=00000001"));
    /* RFC 7616 3.9.1 */
    const char *nonce = "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\"";
    char challenge[512];
    snprintf(challenge, sizeof(challenge), "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, %s", nonce);
    respond(challenge, "GET", "/dir/index.html", "Mufasa", "Circle of Life", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", 1, out, sizeof(out));
    assert_non_null(strstr(out, "response=\"8ca523f5e9506fed4657c9700eebdbec\""));
    snprintf(challenge, sizeof(challenge), "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, %s", nonce);
    respond(challenge, "GET", "/dir/index.html", "Mufasa", "Circle of Life", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", 1, out, sizeof(out));
    assert_non_null(strstr(out, "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""));
}

static void test_parse(void **state)
{
    (void)state;
    struct sapa_sip_digest d;

    assert_int_equal(sapa_sip_digest_parse(SAPA_STR("Basic abc"), &d), SAPA_ENOENT);
    assert_int_equal(sapa_sip_digest_parse(SAPA_STR("NoOneKnowsThisScheme opaque-data=here"), &d), SAPA_ENOENT);
    assert_int_equal(sapa_sip_digest_parse(SAPA_STR("Digest realm=\"x\""), &d), SAPA_EINVAL);
    assert_int_equal(sapa_sip_digest_parse(SAPA_STR("Digest realm=\"x\",nonce=\"y\",algorithm=MD5-sess"), &d), SAPA_ENOENT);
    assert_int_equal(sapa_sip_digest_parse(SAPA_STR("Digest realm=\"x\",nonce=\"y\",nc=zz"), &d), SAPA_EINVAL);
    assert_int_equal(sapa_sip_digest_parse(SAPA_STR("digest  username=\"a, b\" , realm = \"x\",nonce=\"y\",uri=\"sip:q\",nc=0000000a,qop=auth,stale=TRUE"), &d), SAPA_OK);
    assert_true(sapa_str_eq(d.username, SAPA_STR("a, b")));
    assert_int_equal(d.nc, 10);
    assert_true(d.qop_auth && d.stale);
}

static struct sapa_sip_digest_server *server;

/* What the server says to these credentials. */
static sapa_rc check(const char *credentials, const char *method, enum sapa_sip_digest_alg alg, const char *user, const char *password, int64_t now_us)
{
    char line[1200], start[80], ha1[SAPA_SIP_HEX_SIZE];
    struct sapa_sip_digest d;

    snprintf(line, sizeof(line), "Authorization: %s\r\n", credentials);
    snprintf(start, sizeof(start), "%s sip:shop SIP/2.0", method);
    const struct sapa_sip_msg *msg = message_of(start, method, line);
    const sapa_rc rc = sapa_sip_digest_of(msg, false, SAPA_STR("shop"), &d);
    if (rc != SAPA_OK)
        return rc;
    if (user)
        sapa_sip_digest_ha1(alg, sapa_str_of(user), SAPA_STR("shop"), sapa_str_of(password), ha1);
    return sapa_sip_digest_check(server, &d, msg, alg, user ? ha1 : NULL, now_us);
}

static void challenge(enum sapa_sip_digest_alg alg, int64_t now_us, char *buf, size_t size)
{
    struct sapa_text text;

    sapa_text_init(&text, buf, size);
    sapa_sip_digest_challenge(server, &text, alg, SAPA_STR("shop"), false, now_us);
}

static void both(enum sapa_sip_digest_alg alg)
{
    const struct sapa_sip_digest_opts opts = { .secret = { 1 }, .nonce_ms = 1000 };
    const int64_t now = 5000000;
    char c[512], out[1024], second[1024];

    assert_int_equal(sapa_sip_digest_open(&opts, &server), SAPA_OK);
    challenge(alg, now, c, sizeof(c));
    respond(c, "REGISTER", "sip:shop", "1001", "secret", "cn", 1, out, sizeof(out));
    assert_int_equal(check(out, "REGISTER", alg, "1001", "wrong", now), SAPA_EDENIED);
    assert_int_equal(check(out, "REGISTER", alg, NULL, NULL, now), SAPA_EDENIED);
    assert_int_equal(check(out, "INVITE", alg, "1001", "secret", now), SAPA_EDENIED); /* made for another method */
    assert_int_equal(check(out, "REGISTER", alg == SAPA_SIP_MD5 ? SAPA_SIP_SHA256 : SAPA_SIP_MD5, "1001", "secret", now), SAPA_EDENIED);
    assert_int_equal(check(out, "REGISTER", alg, "1001", "secret", now), SAPA_OK); /* wrong tries have not used the count up */
    assert_int_equal(check(out, "REGISTER", alg, "1001", "secret", now), SAPA_EAGAIN); /* replayed */
    /* Counts may come in disorder, each once. */
    respond(c, "REGISTER", "sip:shop", "1001", "secret", "cn", 9, out, sizeof(out));
    respond(c, "REGISTER", "sip:shop", "1001", "secret", "cn", 4, second, sizeof(second));
    assert_int_equal(check(out, "REGISTER", alg, "1001", "secret", now), SAPA_OK);
    assert_int_equal(check(second, "REGISTER", alg, "1001", "secret", now), SAPA_OK);
    assert_int_equal(check(second, "REGISTER", alg, "1001", "secret", now), SAPA_EAGAIN);
    respond(c, "REGISTER", "sip:shop", "1001", "secret", "cn", 500, out, sizeof(out));
    assert_int_equal(check(out, "REGISTER", alg, "1001", "secret", now), SAPA_OK);
    respond(c, "REGISTER", "sip:shop", "1001", "secret", "cn", 400, out, sizeof(out)); /* too far behind */
    assert_int_equal(check(out, "REGISTER", alg, "1001", "secret", now), SAPA_EAGAIN);
    /* Old, foreign and forged nonces. */
    respond(c, "REGISTER", "sip:shop", "1001", "secret", "cn", 501, out, sizeof(out));
    assert_int_equal(check(out, "REGISTER", alg, "1001", "secret", now + 1001000), SAPA_EAGAIN);
    assert_int_equal(check(out, "REGISTER", alg, "1001", "secret", now - 1000000), SAPA_EAGAIN);
    respond(alg == SAPA_SIP_MD5 ? "Digest realm=\"shop\",nonce=\"000000001388000000010123456789abcdef\",qop=\"auth\""
                                : "Digest realm=\"shop\",nonce=\"xyz\",qop=\"auth\",algorithm=SHA-256",
            "REGISTER", "sip:shop", "1001", "secret", "cn", 1, out, sizeof(out));
    assert_int_equal(check(out, "REGISTER", alg, "1001", "secret", now), SAPA_EAGAIN);
    sapa_sip_digest_close(server);
}

static void test_md5(void **state)
{
    (void)state;
    both(SAPA_SIP_MD5);
}

static void test_sha256(void **state)
{
    (void)state;
    both(SAPA_SIP_SHA256);
}

static void test_legacy(void **state)
{
    (void)state;
    struct sapa_sip_digest_opts opts = { .secret = { 1 } };
    char c[512], out[1024];

    for (int refuse = 0; refuse < 2; refuse++) {
        opts.refuse_legacy = refuse;
        assert_int_equal(sapa_sip_digest_open(&opts, &server), SAPA_OK);
        challenge(SAPA_SIP_MD5, 0, c, sizeof(c));
        *strstr(c, ",qop") = '\0'; /* a phone that does not know qop */
        respond(c, "REGISTER", "sip:shop", "1001", "secret", "", 0, out, sizeof(out));
        assert_null(strstr(out, "nc="));
        assert_int_equal(check(out, "REGISTER", SAPA_SIP_MD5, "1001", "secret", 0), refuse ? SAPA_EDENIED : SAPA_OK);
        assert_int_equal(check(out, "REGISTER", SAPA_SIP_MD5, "1001", "secret", 0), refuse ? SAPA_EDENIED : SAPA_EAGAIN);
        sapa_sip_digest_close(server);
    }
}

/* With a table of four entries nonces are forgotten; what is forgotten can never be replayed. */
static void test_forgetting_is_safe(void **state)
{
    (void)state;
    const struct sapa_sip_digest_opts opts = { .secret = { 1 }, .nonces_max = 4, .nonce_ms = 100000 };
    static char outs[20][1024];
    char c[512];
    unsigned accepted = 0;

    assert_int_equal(sapa_sip_digest_open(&opts, &server), SAPA_OK);
    for (int i = 0; i < 20; i++) {
        challenge(SAPA_SIP_MD5, 1000000 + i * 1000, c, sizeof(c));
        respond(c, "REGISTER", "sip:shop", "1001", "secret", "cn", 1, outs[i], sizeof(outs[i]));
        accepted += check(outs[i], "REGISTER", SAPA_SIP_MD5, "1001", "secret", 2000000) == SAPA_OK;
    }
    assert_int_equal(accepted, 20);
    for (int i = 0; i < 20; i++)
        assert_int_equal(check(outs[i], "REGISTER", SAPA_SIP_MD5, "1001", "secret", 2000000), SAPA_EAGAIN);
    sapa_sip_digest_close(server);
}

static void test_pick(void **state)
{
    (void)state;
    struct sapa_sip_digest d;
    bool proxy;

    const struct sapa_sip_msg *msg = message_of("SIP/2.0 401 Unauthorized", "INVITE",
        "WWW-Authenticate: Digest realm=\"r\",nonce=\"1\",algorithm=AKAv1-MD5\r\n"
        "WWW-Authenticate: Digest realm=\"r\",nonce=\"2\",algorithm=SHA-256,qop=\"auth\"\r\n"
        "WWW-Authenticate: Digest realm=\"r\",nonce=\"3\",algorithm=MD5,qop=\"auth\"\r\n");
    assert_int_equal(sapa_sip_digest_pick(msg, &d, &proxy), SAPA_OK);
    assert_int_equal(d.alg, SAPA_SIP_SHA256);
    assert_false(proxy);
    msg = message_of("SIP/2.0 407 Proxy", "INVITE", "Proxy-Authenticate: Digest realm=\"r\",nonce=\"3\"\r\n");
    assert_int_equal(sapa_sip_digest_pick(msg, &d, &proxy), SAPA_OK);
    assert_true(proxy);
    msg = message_of("SIP/2.0 401 Unauthorized", "INVITE", "WWW-Authenticate: Digest realm=\"r\",nonce=\"3\",qop=\"auth-int\"\r\n");
    assert_int_equal(sapa_sip_digest_pick(msg, &d, &proxy), SAPA_ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_vectors), cmocka_unit_test(test_parse), cmocka_unit_test(test_md5),
                                        cmocka_unit_test(test_sha256), cmocka_unit_test(test_legacy),
                                        cmocka_unit_test(test_forgetting_is_safe), cmocka_unit_test(test_pick) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
