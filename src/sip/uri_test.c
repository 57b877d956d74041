#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sip/uri.h"

#define EQ(slice, text) assert_true(sapa_str_eq((slice), sapa_str_of(text)))

static void test_good_uris(void **state)
{
    (void)state;
    static const struct {
        const char *text, *user, *host;
        uint16_t port;
        const char *params;
    } good[] = {
        { "sip:alice@example.com", "alice", "example.com", 0, "" },
        { "sip:example.com", "", "example.com", 0, "" },
        { "SIPS:a:pw@h:5061;transport=tls?x=y", "a", "h", 5061, "transport=tls" },
        { "sip:[2001:db8::1]:5070;lr", "", "2001:db8::1", 5070, "lr" },
        { "sip:*21#@10.0.0.1", "*21#", "10.0.0.1", 0, "" },
        { "sip:user;par=u%40example.net@example.com", "user;par=u%40example.net", "example.com", 0, "" },
        { "sip:+62-21/5550100@gw_1.example.com", "+62-21/5550100", "gw_1.example.com", 0, "" },
        { "tel:+62215550100;phone-context=x", "+62215550100", "", 0, "phone-context=x" },
        { "urn:service:sos", "", "", 0, "" },
    };
    for (size_t i = 0; i < SAPA_COUNT(good); i++) {
        struct sapa_sip_uri uri;
        assert_int_equal(sapa_sip_uri_parse(sapa_str_of(good[i].text), &uri), SAPA_OK);
        EQ(uri.all, good[i].text);
        EQ(uri.user, good[i].user);
        EQ(uri.host, good[i].host);
        EQ(uri.params, good[i].params);
        assert_int_equal(uri.port, good[i].port);
    }
}

static void test_bad_uris(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "sip", "sip:", ":x", "1sip:x", "sip:@h", "sip:a@", "sip:a@b@c", "sip:a b@c", "sip:a@h:", "sip:a@h:0", "sip:a@h:65536",
        "sip:a@h:5x", "sip:a@[::1", "sip:a@[]", "sip:a@[zz]", "sip:a%4@h", "sip:a%zz@h", "sip:<a>@h", "sip:a@h\x01", "sip:a\"@h", "tel:",
        "tel:hello", "foo:", "sip:a@h i", "sip:a@h@", "sip: a@h",
    };
    struct sapa_sip_uri uri = { .port = 77 };

    for (size_t i = 0; i < SAPA_COUNT(bad); i++)
        assert_int_equal(sapa_sip_uri_parse(sapa_str_of(bad[i]), &uri), SAPA_EINVAL);
    assert_int_equal(uri.port, 77); /* written on success only */
}

static bool same(const char *a, const char *b)
{
    struct sapa_sip_uri x, y;

    assert_int_equal(sapa_sip_uri_parse(sapa_str_of(a), &x), SAPA_OK);
    assert_int_equal(sapa_sip_uri_parse(sapa_str_of(b), &y), SAPA_OK);
    assert_int_equal(sapa_sip_uri_eq(&x, &y), sapa_sip_uri_eq(&y, &x));
    return sapa_sip_uri_eq(&x, &y);
}

static void test_equality(void **state)
{
    (void)state; /* the examples of RFC 3261 19.1.4, as far as they are about URIs without headers */
    assert_true(same("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtlanTa.CoM;Transport=tcp"));
    assert_true(same("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"));
    assert_true(same("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"));
    assert_true(same("sip:alice@atlanta.com?subject=a", "sip:alice@atlanta.com?Subject=a"));
    assert_false(same("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"));
    assert_false(same("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"));
    assert_false(same("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"));
    assert_false(same("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"));
    assert_false(same("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next"));
    assert_false(same("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"));
    assert_false(same("sip:a@h", "sips:a@h"));
    assert_false(same("sip:a@h", "sip:h"));
}

static void test_addrs(void **state)
{
    (void)state;
    struct sapa_sip_addr a;

    assert_int_equal(sapa_sip_addr_parse(SAPA_STR("\"Mr. \\\"X\\\", <y>\" <sip:x@h;lr>;tag=12;a=\"q;\\\"w\""), &a), SAPA_OK);
    EQ(a.display, "Mr. \\\"X\\\", <y>");
    EQ(a.uri.user, "x");
    EQ(a.uri.params, "lr");
    EQ(a.tag, "12");
    struct sapa_str value;
    assert_true(sapa_sip_params_get(a.params, SAPA_STR("A"), &value));
    EQ(value, "q;\\\"w");
    assert_int_equal(sapa_sip_addr_parse(SAPA_STR("sip:x@h;tag=12 ; b"), &a), SAPA_OK);
    EQ(a.uri.params, ""); /* without < > parameters belong to the header */
    EQ(a.tag, "12");
    assert_true(sapa_sip_params_get(a.params, SAPA_STR("b"), NULL));
    assert_int_equal(sapa_sip_addr_parse(SAPA_STR("B\xc3\xbcro Toko <tel:110>"), &a), SAPA_OK);
    EQ(a.display, "B\xc3\xbcro Toko");
    assert_int_equal(sapa_sip_addr_parse(SAPA_STR("*"), &a), SAPA_OK);
    assert_true(a.star);
    assert_int_equal(sapa_sip_addr_parse(SAPA_STR("<sip:x@h>;"), &a), SAPA_OK); /* seen in the field */
    static const char *const bad[] = { "", "\"x <sip:a@b>", "\"x\" sip:a@b", "x, y <sip:a@b>", "<sip:a@b", "<sip:a@b> x", "< sip:a@b>",
                                       "<sip:a@b >", "<sip:a@b>;;x", "<sip:a@b>;x=\"y", "<sip:a@b>;=y", "sip:a@b?c=d", "<>", "<sip:a@b>,<sip:c@d>" };
    for (size_t i = 0; i < SAPA_COUNT(bad); i++)
        assert_int_equal(sapa_sip_addr_parse(sapa_str_of(bad[i]), &a), SAPA_EINVAL);
}

static void test_vias(void **state)
{
    (void)state;
    struct sapa_sip_via v;

    assert_int_equal(sapa_sip_via_parse(SAPA_STR("SIP  / 2.0  / TCP     spindle.example.com : 5070  ;  branch  =   z9hG4bK9ikj8 ; rport;received=1.2.3.4"), &v), SAPA_OK);
    EQ(v.transport, "TCP");
    EQ(v.host, "spindle.example.com");
    assert_int_equal(v.port, 5070);
    EQ(v.branch, "z9hG4bK9ikj8");
    EQ(v.received, "1.2.3.4");
    assert_true(v.has_rport);
    assert_int_equal(v.rport, 0);
    assert_int_equal(sapa_sip_via_parse(SAPA_STR("SIP/2.0/UDP [::1]:5060;rport=99"), &v), SAPA_OK);
    assert_true(v.host_is_ip6);
    assert_int_equal(v.rport, 99);
    static const char *const bad[] = { "", "SIP/2.0 h", "SIP/2.0/UDP", "SIP/2.0/UDPh;x", "HTTP/2.0/UDP h", "SIP/2.0/UDP h;;x", "SIP/2.0/UDP h:x",
                                       "SIP/2.0/UDP [::1;x", "SIP/2.0/UDP h x" };
    for (size_t i = 0; i < SAPA_COUNT(bad); i++)
        assert_int_equal(sapa_sip_via_parse(sapa_str_of(bad[i]), &v), SAPA_EINVAL);
}

static void test_lists(void **state)
{
    (void)state;
    struct sapa_str cursor = SAPA_STR(" a , \"b, c\" <x,y>;q=\",\" ,, <d,e>,"), value;
    static const char *const want[] = { "a", "\"b, c\" <x,y>;q=\",\"", "", "<d,e>" };
    size_t i = 0;

    while (sapa_sip_list_next(&cursor, &value)) {
        assert_true(i < SAPA_COUNT(want));
        EQ(value, want[i++]);
    }
    assert_int_equal(i, SAPA_COUNT(want));
}

static void test_escapes(void **state)
{
    (void)state;
    char buf[32], out[64];
    struct sapa_str plain;
    struct sapa_text text;

    assert_int_equal(sapa_sip_unescape(SAPA_STR("a%20b%c3%A9"), buf, sizeof(buf), &plain), SAPA_OK);
    EQ(plain, "a b\xc3\xa9");
    assert_int_equal(sapa_sip_unescape(SAPA_STR("%00"), buf, sizeof(buf), &plain), SAPA_EINVAL);
    assert_int_equal(sapa_sip_unescape(SAPA_STR("%2"), buf, sizeof(buf), &plain), SAPA_EINVAL);
    assert_int_equal(sapa_sip_unescape(SAPA_STR("%"), buf, sizeof(buf), &plain), SAPA_EINVAL);
    assert_int_equal(sapa_sip_unescape(SAPA_STR("%41"), buf, 1, &plain), SAPA_OK);
    EQ(plain, "A");
    assert_int_equal(sapa_sip_unescape(SAPA_STR("abc"), buf, 2, &plain), SAPA_ELIMIT);
    sapa_text_init(&text, out, sizeof(out));
    sapa_sip_put_user(&text, SAPA_STR("+62 #1@x;y"));
    assert_string_equal(out, "+62%20%231%40x;y");
    sapa_text_init(&text, out, sizeof(out));
    sapa_sip_put_quoted(&text, SAPA_STR("a\"b\\c\r\nd"));
    assert_string_equal(out, "\"a\\\"b\\\\cd\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_uris), cmocka_unit_test(test_bad_uris), cmocka_unit_test(test_equality), cmocka_unit_test(test_addrs),
        cmocka_unit_test(test_vias), cmocka_unit_test(test_lists), cmocka_unit_test(test_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
