/*
 * The 49 messages of RFC 4475 through parser, checks, registrar and digest: what each is answered with.
 * The messages are outside the repository (SAPA_TEST_DATA/sip-torture-rfc4475); without them the test is skipped.
 */
#include "sip/fake_impl.h"

#include "sip/digest.h"
#include "sip/registrar.h"

#ifndef SAPA_SOURCE_DIR
#define SAPA_SOURCE_DIR "."
#endif

enum { DROPPED = 0, PARSED = 1 }; /* else: the status of the answer */

static const struct {
    const char *name;
    int expect;
    const char *why; /* section of RFC 4475 and its reason */
} table[] = {
    { "wsinv", 481, "3.1.1.1 well formed; its To-tag names no dialog of ours" },
    { "intmeth", 501, "3.1.1.2 well formed; a method that nobody knows" },
    { "esc01", 200, "3.1.1.3 escapes" },
    { "escnull", 200, "3.1.1.4 escaped NULs in URIs: two contacts" },
    { "esc02", 501, "3.1.1.5 '%' means nothing in a method" },
    { "lwsdisp", 200, "3.1.1.6 no blank before <" },
    { "longreq", 200, "3.1.1.7 long values" },
    { "dblreq", 200, "3.1.1.8 what follows the body in a datagram is ignored" },
    { "semiuri", 200, "3.1.1.9 parameters in a user part" },
    { "transports", 200, "3.1.1.10 odd transports" },
    { "mpart01", 200, "3.1.1.11 multipart MESSAGE" },
    { "unreason", PARSED, "3.1.1.12 odd reason phrase" },
    { "noreason", PARSED, "3.1.1.13 no reason phrase" },
    { "badinv01", 400, "3.1.2.1 empty parameters" },
    { "clerr", 400, "3.1.2.2 Content-Length larger than the message" },
    { "ncl", 400, "3.1.2.3 negative Content-Length" },
    { "scalar02", 400, "3.1.2.4 numbers out of range" },
    { "scalarlg", DROPPED, "3.1.2.5 numbers out of range in a response" },
    { "quotbal", 400, "3.1.2.6 unbalanced quotes" },
    { "ltgtruri", 400, "3.1.2.7 < > around the Request-URI" },
    { "lwsruri", 400, "3.1.2.8 blank in the Request-URI" },
    { "lwsstart", 400, "3.1.2.9 several blanks in the start line" },
    { "trws", 400, "3.1.2.10 blanks after the start line" },
    { "escruri", 400, "3.1.2.11 headers in the Request-URI" },
    { "baddate", 200, "3.1.2.12 a Date that nobody needs" },
    { "regbadct", 400, "3.1.2.13 a '?' in a Contact without < >" },
    { "badaspec", 400, "3.1.2.14 blanks within < >" },
    { "baddn", 400, "3.1.2.15 a comma in a display name without quotes" },
    { "badvers", 505, "3.1.2.16 version 7.0" },
    { "mismatch01", 400, "3.1.2.17 CSeq names another method" },
    { "mismatch02", 400, "3.1.2.18 the same with an unknown method" },
    { "bigcode", DROPPED, "3.1.2.19 a status of ten digits" },
    { "badbranch", 200, "3.2.1 a branch of nothing but the cookie: as of RFC 2543" },
    { "insuf", 400, "3.3.1 From, To, Call-ID missing" },
    { "unkscm", 416, "3.3.2 unknown scheme in the Request-URI" },
    { "novelsc", 416, "3.3.3 known scheme that is not for SIP" },
    { "unksm2", 416, "3.3.4 REGISTER of an address of record that is no SIP URI" },
    { "bext01", 420, "3.3.5 Require of unknown extensions" },
    { "invut", 415, "3.3.6 unknown body type" },
    { "regaut01", 401, "3.3.7 unknown authentication scheme" },
    { "multi01", 400, "3.3.8 several values of single headers" },
    { "mcl01", 400, "3.3.9 two Content-Lengths" },
    { "bcast", DROPPED, "3.3.10 a response with a Via that is not ours" },
    { "zeromf", 200, "3.3.11 Max-Forwards 0 at its destination" },
    { "cparam01", 200, "3.3.12 unknown Contact header parameter" },
    { "cparam02", 200, "3.3.13 unknown Contact URI parameter" },
    { "regescrt", 200, "3.3.14 escaped headers in a Contact" },
    { "sdp01", 406, "3.3.15 Accept without application/sdp" },
    { "inv2543", 200, "3.4.1 an INVITE of RFC 2543" },
};

static char directory[512];

struct world {
    struct fake_net net;
    struct sapa_sip_registrar *registrar;
    struct sapa_sip_digest_server *digest;
    unsigned events;
};

static int answer_register(struct world *w, const struct sapa_sip_event *event, struct sapa_text *headers)
{
    struct sapa_sip_register_result result;
    struct sapa_sip_digest digest;

    if (sapa_sip_first(event->msg, SAPA_SIP_H_AUTHORIZATION) &&
        sapa_sip_digest_of(event->msg, false, SAPA_STR("sapa"), &digest) == SAPA_ENOENT) {
        sapa_text_add(headers, SAPA_STR("WWW-Authenticate: "));
        sapa_sip_digest_challenge(w->digest, headers, SAPA_SIP_MD5, SAPA_STR("sapa"), false, event->now_us);
        sapa_text_add(headers, SAPA_STR("\r\n"));
        return 401;
    }
    sapa_sip_registrar_update(w->registrar, event->msg->to.uri.user, event->msg, event->flow, event->now_us, &result);
    sapa_sip_registrar_put(w->registrar, event->msg->to.uri.user, event->now_us, headers);
    return result.status;
}

static void on_event(void *ctx, const struct sapa_sip_event *event)
{
    struct world *w = ctx;
    char buf[2048];
    struct sapa_text headers;
    int status = 200;

    sapa_text_init(&headers, buf, sizeof(buf));
    w->events++;
    if (event->kind == SAPA_SIP_EV_REQUEST && event->method == SAPA_SIP_REGISTER)
        status = answer_register(w, event, &headers);
    if (event->kind == SAPA_SIP_EV_REQUEST || event->kind == SAPA_SIP_EV_INVITE) {
        const struct sapa_sip_spec spec = { .headers = sapa_text_str(&headers) };
        assert_int_equal(sapa_sip_respond(w->net.ends[0].stack, event->tx, status, &spec, event->now_us), SAPA_OK);
    }
}
static const struct sapa_sip_user_ops user_ops = { .event = on_event };

static size_t load(const char *name, char *buf, size_t size)
{
    char path[640];

    snprintf(path, sizeof(path), "%s/%s.dat", directory, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return 0;
    const size_t n = fread(buf, 1, size, file);
    fclose(file);
    return n;
}

static void test_all(void **state)
{
    (void)state;
    char message[8192];
    unsigned failed = 0;

    if (load(table[0].name, message, sizeof(message)) == 0)
        skip();
    for (size_t i = 0; i < SAPA_COUNT(table); i++) {
        struct world *w = calloc(1, sizeof(*w));
        const struct sapa_sip_registrar_opts registrar = { 0 };
        const struct sapa_sip_digest_opts digest = { 0 };
        struct sapa_sip_stack_opts opts = { .transport = &fake_ops, .user = &user_ops,
                                            .methods = 1u << SAPA_SIP_INVITE | 1u << SAPA_SIP_ACK | 1u << SAPA_SIP_BYE |
                                                       1u << SAPA_SIP_CANCEL | 1u << SAPA_SIP_REGISTER | 1u << SAPA_SIP_OPTIONS |
                                                       1u << SAPA_SIP_MESSAGE };
        fake_net_init(&w->net, SAPA_SIP_FLOW_UDP, 1);
        opts.transport_ctx = &w->net.ends[0];
        opts.user_ctx = w;
        assert_int_equal(sapa_sip_stack_open(&opts, &w->net.ends[0].stack), SAPA_OK);
        assert_int_equal(sapa_sip_registrar_open(&registrar, &w->registrar), SAPA_OK);
        assert_int_equal(sapa_sip_digest_open(&digest, &w->digest), SAPA_OK);

        const size_t n = load(table[i].name, message, sizeof(message));
        assert_true(n > 0);
        char *copy = malloc(n); /* exactly as long, so that a read past it shows */
        memcpy(copy, message, n);
        const struct sapa_sip_flow flow = fake_flow(&w->net, 0);
        sapa_sip_stack_receive(w->net.ends[0].stack, &flow, copy, n, w->net.now_us);

        int got = DROPPED;
        if (w->net.sent_count == 1)
            got = (int)strtol(w->net.sent[0] + 8, NULL, 10);
        else if (w->net.sent_count > 1)
            got = -1;
        if (table[i].expect == PARSED) {
            static struct sapa_sip_msg msg;
            memcpy(copy, message, n);
            got = sapa_sip_msg_parse(copy, n, SAPA_SIP_DATAGRAM, &msg) == SAPA_OK && msg.fault == 0 && got == DROPPED;
        }
        if (got != table[i].expect) {
            print_error("%s: expected %d, got %d (%s)\n%s\n", table[i].name, table[i].expect, got, table[i].why, fake_last(&w->net));
            failed++;
        }
        if (strcmp(table[i].name, "escnull") == 0) {
            struct sapa_sip_binding bindings[4];
            assert_int_equal(sapa_sip_registrar_lookup(w->registrar, SAPA_STR("null-%00-null"), w->net.now_us, bindings, 4), 2);
        }
        free(copy);
        sapa_sip_registrar_close(w->registrar);
        sapa_sip_digest_close(w->digest);
        fake_net_done(&w->net);
        free(w);
    }
    assert_int_equal(failed, 0);
    assert_int_equal(SAPA_COUNT(table), 49);
}

/* Every message cut at every length, and with every byte changed once: nothing but calm is expected. */
static void test_mutilated(void **state)
{
    (void)state;
    static struct sapa_sip_msg msg;
    char message[8192];

    if (load(table[0].name, message, sizeof(message)) == 0)
        skip();
    for (size_t i = 0; i < SAPA_COUNT(table); i++) {
        const size_t n = load(table[i].name, message, sizeof(message));
        for (size_t cut = 0; cut <= n; cut += cut < 700 ? 1 : 97) {
            char *copy = malloc(cut ? cut : 1);
            memcpy(copy, message, cut);
            (void)!sapa_sip_msg_parse(copy, cut, SAPA_SIP_DATAGRAM, &msg);
            free(copy);
        }
        for (size_t at = 0; at < n; at += at < 500 ? 1 : 61) {
            char *copy = malloc(n);
            memcpy(copy, message, n);
            copy[at] = (char)(at * 37 + i);
            (void)!sapa_sip_msg_parse(copy, n, SAPA_SIP_STREAM, &msg);
            free(copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_all), cmocka_unit_test(test_mutilated) };
    const char *data = getenv("SAPA_TEST_DATA");

    snprintf(directory, sizeof(directory), "%s/sip-torture-rfc4475", data ? data : SAPA_SOURCE_DIR "/../shared/data");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
