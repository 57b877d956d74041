#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "sip/flow.h"
#include "sip/msg.h"

#define EQ(slice, text) assert_true(sapa_str_eq((slice), sapa_str_of(text)))

static struct sapa_sip_msg msg;
static char buffer[70000];

static sapa_rc parse(const char *text, enum sapa_sip_framing framing)
{
    const size_t n = strlen(text);

    memcpy(buffer, text, n);
    return sapa_sip_msg_parse(buffer, n, framing, &msg);
}

#define NEEDED "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x@y\r\nCSeq: 1 OPTIONS\r\n"
#define START "OPTIONS sip:a@b SIP/2.0\r\n"

static void test_request(void **state)
{
    (void)state;
    assert_int_equal(parse("\r\n\r\nINVITE sip:bob@[::1]:5080;lr SIP/2.0\r\nv: SIP/2.0/TCP h:5;branch=z9hG4bK1\r\nf: \"A\" <sip:a@b>;tag=1\r\nt: <sip:c@d>\r\n"
                           "i: x@y\r\nCSeq: 007 INVITE\r\nMax-Forwards: 0068\r\nm: <sip:a@1.2.3.4>\r\nk: path,\r\n\ttimer\r\nSupported: foo\r\n"
                           "X-Own: a\r\nc: application/sdp;x=y\r\nl: 4\r\n\r\nv=0\ntrailing", SAPA_SIP_DATAGRAM), SAPA_OK);
    assert_int_equal(msg.fault, 0);
    assert_true(msg.is_request);
    assert_int_equal(msg.method, SAPA_SIP_INVITE);
    EQ(msg.uri.host, "::1");
    assert_int_equal(msg.cseq, 7);
    assert_int_equal(msg.max_forwards, 68);
    EQ(msg.call_id, "x@y");
    EQ(msg.from.display, "A");
    EQ(msg.from.tag, "1");
    EQ(msg.to.tag, "");
    EQ(msg.body, "v=0\n");
    assert_true(sapa_sip_has_token(&msg, SAPA_SIP_H_SUPPORTED, SAPA_STR("Timer")));
    assert_true(sapa_sip_has_token(&msg, SAPA_SIP_H_SUPPORTED, SAPA_STR("foo")));
    assert_false(sapa_sip_has_token(&msg, SAPA_SIP_H_SUPPORTED, SAPA_STR("fo")));
    assert_true(sapa_sip_content_is(&msg, SAPA_STR("Application/SDP")));
    EQ(sapa_sip_find(&msg, SAPA_STR("x-oWN"))->value, "a");
    assert_null(sapa_sip_find(&msg, SAPA_STR("x-other")));
    struct sapa_sip_addr contact;
    assert_int_equal(sapa_sip_contact(&msg, &contact), SAPA_OK);
    EQ(contact.uri.host, "1.2.3.4");
    uint32_t seconds;
    assert_int_equal(sapa_sip_seconds(&msg, SAPA_SIP_H_EXPIRES, &seconds), SAPA_ENOENT);
}

static void test_response(void **state)
{
    (void)state;
    assert_int_equal(parse("SIP/2.0 180 Ringing now\r\n" NEEDED "Retry-After: 99999999999999;x=y\r\n\r\n", SAPA_SIP_DATAGRAM), SAPA_OK);
    assert_int_equal(msg.fault, 0);
    assert_int_equal(msg.status, 180);
    EQ(msg.reason, "Ringing now");
    assert_int_equal(msg.method, SAPA_SIP_OPTIONS);
    uint32_t seconds;
    assert_int_equal(sapa_sip_seconds(&msg, SAPA_SIP_H_RETRY_AFTER, &seconds), SAPA_OK);
    assert_int_equal(seconds, UINT32_MAX);
    static const char *const bad[] = { "SIP/2.0 99 x", "SIP/2.0 700 x", "SIP/2.0 2000 x", "SIP/2.0 abc x", "SIP/2.0  200 x", "SIP/3.0 200 x", "SIP/2.0 200x y" };
    for (size_t i = 0; i < SAPA_COUNT(bad); i++) {
        char text[600];
        snprintf(text, sizeof(text), "%s\r\n" NEEDED "\r\n", bad[i]);
        assert_int_equal(parse(text, SAPA_SIP_DATAGRAM), SAPA_EINVAL);
    }
}

static void test_no_sip(void **state)
{
    (void)state;
    assert_int_equal(parse("", SAPA_SIP_DATAGRAM), SAPA_EMORE);
    assert_int_equal(parse("\r\n\r\n", SAPA_SIP_DATAGRAM), SAPA_EMORE);
    static const char *const bad[] = { "x", "hello world\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01 binary \r\n\r\n",
                                       START "\r\n", START "Via: nonsense\r\n", "OPTIONS\r\n\r\n" };
    for (size_t i = 0; i + 1 < SAPA_COUNT(bad); i++) {
        const sapa_rc rc = parse(bad[i], SAPA_SIP_DATAGRAM);
        assert_true(rc == SAPA_EINVAL || (rc == SAPA_OK && msg.fault == 400));
    }
    memset(buffer, 'a', sizeof(buffer));
    assert_int_equal(sapa_sip_msg_parse(buffer, SAPA_SIP_MSG_SIZE_MAX + 1, SAPA_SIP_DATAGRAM, &msg), SAPA_ELIMIT);
    assert_int_equal(sapa_sip_msg_parse(buffer, SAPA_SIP_MSG_SIZE_MAX, SAPA_SIP_DATAGRAM, &msg), SAPA_EINVAL);
}

static void test_faults(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int fault;
    } bad[] = {
        { START NEEDED "Max-Forwards: 256\r\n\r\n", 400 }, { START NEEDED "Max-Forwards: x\r\n\r\n", 400 },
        { START NEEDED "CSeq: 2 OPTIONS\r\n\r\n", 400 }, { START NEEDED "no colon here\r\n\r\n", 400 },
        { START NEEDED ": empty name\r\n\r\n", 400 }, { START NEEDED "b\xc3\xa4" "d: name\r\n\r\n", 400 },
        { START NEEDED "Content-Length: 5\r\n\r\nabc", 400 }, { START NEEDED "Content-Length: 1\r\nl: 1\r\n\r\nabc", 400 },
        { START NEEDED "Contact: <sip:a\r\n\r\n", 400 }, { START NEEDED "Record-Route: sip:a\r\n\r\n", 400 },
        { START NEEDED "Via: x\r\n\r\n", 400 }, { START NEEDED "X: a\rb\r\n\r\n", 400 },
        { "OPTIONS http://x SIP/2.0\r\n" NEEDED "\r\n", 416 }, { "OPTIONS sip:a@b SIP/2.1\r\n" NEEDED "\r\n", 505 },
        { "BYE sip:a@b SIP/2.0\r\n" NEEDED "\r\n", 400 },
    };
    for (size_t i = 0; i < SAPA_COUNT(bad); i++) {
        assert_int_equal(parse(bad[i].text, SAPA_SIP_DATAGRAM), SAPA_OK);
        assert_int_equal(msg.fault, bad[i].fault);
        assert_non_null(msg.fault_text);
    }
    assert_int_equal(parse(START NEEDED "\r\n", SAPA_SIP_DATAGRAM), SAPA_OK);
    assert_int_equal(msg.fault, 0);
    assert_int_equal(parse(START NEEDED "\r\n", SAPA_SIP_STREAM), SAPA_OK);
    assert_int_equal(msg.fault, 400); /* a stream needs Content-Length */
    assert_int_equal(parse(START NEEDED, SAPA_SIP_DATAGRAM), SAPA_OK); /* the empty line is cut off: tolerated */
    assert_int_equal(msg.fault, 0);
    assert_int_equal(parse("OPTIONS sip:a@b SIP/2.0\n" "Via: SIP/2.0/UDP h;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\nTo: <sip:c@d>\nCall-ID: x@y\nCSeq: 1 OPTIONS\n\nbody",
                           SAPA_SIP_DATAGRAM), SAPA_OK); /* bare LF */
    assert_int_equal(msg.fault, 0);
    EQ(msg.body, "body");
}

static void test_limits(void **state)
{
    (void)state;
    char *at = buffer;

    at += snprintf(at, sizeof(buffer), START NEEDED);
    for (int i = 0; i < SAPA_SIP_HEADERS_MAX; i++)
        at += snprintf(at, 20, "X-%d: y\r\n", i);
    at += snprintf(at, 3, "\r\n");
    assert_int_equal(sapa_sip_msg_parse(buffer, (size_t)(at - buffer), SAPA_SIP_DATAGRAM, &msg), SAPA_OK);
    assert_int_equal(msg.fault, 513);
    assert_int_equal(msg.line_count, SAPA_SIP_HEADERS_MAX);

    at = buffer + snprintf(buffer, sizeof(buffer), START NEEDED "X: ");
    memset(at, 'x', SAPA_SIP_VALUE_SIZE_MAX + 1);
    at += SAPA_SIP_VALUE_SIZE_MAX + 1;
    at += snprintf(at, 5, "\r\n\r\n");
    assert_int_equal(sapa_sip_msg_parse(buffer, (size_t)(at - buffer), SAPA_SIP_DATAGRAM, &msg), SAPA_OK);
    assert_int_equal(msg.fault, 513);

    at = buffer + snprintf(buffer, sizeof(buffer), START NEEDED "Via: ");
    for (int i = 0; i < SAPA_SIP_VIAS_MAX; i++)
        at += snprintf(at, 40, "%sSIP/2.0/UDP h%d", i ? "," : "", i);
    at += snprintf(at, 5, "\r\n\r\n");
    assert_int_equal(sapa_sip_msg_parse(buffer, (size_t)(at - buffer), SAPA_SIP_DATAGRAM, &msg), SAPA_OK);
    assert_int_equal(msg.fault, 400);
}

static void test_frames(void **state)
{
    (void)state;
    const char text[] = START NEEDED "Content-Length: 4\r\n\r\nbody" START NEEDED "l : 0\r\n\r\nrest";
    const size_t first = strlen(START NEEDED "Content-Length: 4\r\n\r\nbody");
    struct sapa_sip_frame frame;

    for (size_t n = 0; n < first; n++)
        assert_int_equal(sapa_sip_frame_find(text, n, &frame), SAPA_EMORE);
    for (size_t n = first; n < sizeof(text); n++) {
        assert_int_equal(sapa_sip_frame_find(text, n, &frame), SAPA_OK);
        assert_int_equal(frame.size, first);
    }
    assert_int_equal(sapa_sip_frame_find(text + first, sizeof(text) - 1 - first, &frame), SAPA_OK);
    assert_int_equal(sapa_sip_frame_find("\r\n\r\nOPT", 7, &frame), SAPA_EMORE);
    assert_int_equal(frame.skip, 4);
    assert_true(frame.ping);
    static const char *const bad[] = { START NEEDED "\r\n", START "Content-Length: x\r\n\r\n", START "l: 1\r\nContent-Length: 1\r\n\r\n",
                                       START "Content-Length: -1\r\n\r\n" };
    for (size_t i = 0; i < SAPA_COUNT(bad); i++)
        assert_int_equal(sapa_sip_frame_find(bad[i], strlen(bad[i]), &frame), SAPA_EINVAL);
    const char *big = START "Content-Length: 70000\r\n\r\n";
    assert_int_equal(sapa_sip_frame_find(big, strlen(big), &frame), SAPA_ELIMIT);
    memset(buffer, 'a', 40000);
    assert_int_equal(sapa_sip_frame_find(buffer, 40000, &frame), SAPA_ELIMIT);
}

static void test_writing(void **state)
{
    (void)state;
    char out[4096];
    struct sapa_text text;

    sapa_text_init(&text, out, sizeof(out));
    sapa_sip_put_status_line(&text, 486, SAPA_STR(""));
    sapa_sip_put_header(&text, SAPA_SIP_H_CALL_ID, SAPA_STR("a\r\nEvil: b"));
    sapa_sip_put_number(&text, SAPA_SIP_H_EXPIRES, 0);
    sapa_sip_put_body(&text, SAPA_STR(""), SAPA_STR(""));
    assert_string_equal(out, "SIP/2.0 486 Busy Here\r\nCall-ID: a  Evil: b\r\nExpires: 0\r\nContent-Length: 0\r\n\r\n");
    /* Written again from its parsed form it reads the same. */
    assert_int_equal(parse("INVITE sip:bob@h SIP/2.0\r\nv: SIP/2.0/TCP h:5;branch=z9hG4bK1\r\nf: \"A\" <sip:a@b>;tag=1\r\nt: <sip:c@d>\r\n"
                           "i: x@y\r\nCSeq: 7 INVITE\r\nX-Own: a\r\n  b\r\nc: text/x\r\nl: 4\r\n\r\nv=0\n", SAPA_SIP_DATAGRAM), SAPA_OK);
    sapa_text_init(&text, out, sizeof(out));
    sapa_sip_put_msg(&text, &msg);
    assert_string_equal(out, "INVITE sip:bob@h SIP/2.0\r\nVia: SIP/2.0/TCP h:5;branch=z9hG4bK1\r\nFrom: \"A\" <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n"
                             "Call-ID: x@y\r\nCSeq: 7 INVITE\r\nX-Own: a    b\r\nContent-Type: text/x\r\nContent-Length: 4\r\n\r\nv=0\n");
    assert_string_equal(sapa_sip_reason(499), "Request Failure");
    assert_int_equal(sapa_sip_method_of(SAPA_STR("invite")), SAPA_SIP_OTHER); /* methods mind the case */
}

static void test_flows(void **state)
{
    (void)state;
    char out[128];
    struct sapa_text text;
    struct sapa_sip_ip ip, other;
    struct sapa_sip_flow flow = { .kind = SAPA_SIP_FLOW_TCP };

    assert_int_equal(sapa_sip_ip_parse(SAPA_STR("::ffff:192.0.2.7"), 5060, &ip), SAPA_OK);
    assert_int_equal(sapa_sip_ip_parse(SAPA_STR("192.0.2.7"), 5060, &other), SAPA_OK);
    assert_true(sapa_sip_ip_eq(&ip, &other)); /* a mapped address is the IPv4 one */
    assert_int_equal(sapa_sip_ip_parse(SAPA_STR("[2001:db8::1]"), 5061, &flow.local), SAPA_OK);
    assert_int_equal(sapa_sip_ip_parse(SAPA_STR("example.com"), 1, &ip), SAPA_EINVAL);
    assert_int_equal(sapa_sip_ip_parse(SAPA_STR("1.2.3"), 1, &ip), SAPA_EINVAL);
    assert_int_equal(sapa_sip_ip_parse(SAPA_STR(""), 1, &ip), SAPA_EINVAL);
    sapa_text_init(&text, out, sizeof(out));
    sapa_sip_put_contact(&text, &flow, SAPA_STR("sapa"));
    assert_string_equal(out, "<sip:sapa@[2001:db8::1]:5061;transport=tcp>");
    sapa_text_init(&text, out, sizeof(out));
    sapa_sip_put_ip_port(&text, &other);
    assert_string_equal(out, "192.0.2.7:5060");
    assert_int_equal(sapa_sip_flow_kind_of(SAPA_STR("wss")), SAPA_SIP_FLOW_WSS);
    assert_int_equal(sapa_sip_flow_kind_of(SAPA_STR("SCTP")), SAPA_SIP_FLOW_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request), cmocka_unit_test(test_response), cmocka_unit_test(test_no_sip), cmocka_unit_test(test_faults),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_frames), cmocka_unit_test(test_writing), cmocka_unit_test(test_flows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
