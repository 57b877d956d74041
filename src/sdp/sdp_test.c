#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#include "sdp/sdp.h"

#define EQ(slice, text) assert_true(sapa_str_eq((slice), sapa_str_of(text)))

static struct sapa_sdp sdp;

static sapa_rc parse(const char *text)
{
    return sapa_sdp_parse(sapa_str_of(text), &sdp);
}

static void test_phone(void **state)
{
    (void)state;
    assert_int_equal(parse("v=0\r\no=- 3890 17 IN IP4 10.1.1.5\r\ns=call\r\nc=IN IP4 10.1.1.5\r\nt=0 0\r\na=sendonly\r\n"
                           "m=audio 40000 RTP/AVP 8 0 101 96\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
                           "a=fmtp:101 0-15\r\na=rtpmap:96 opus/48000/2\r\na=ptime:20\r\na=rtcp:40077 IN IP4 10.1.1.6\r\n"
                           "m=video 40002/2 RTP/AVP 31\r\nc=IN IP6 2001:db8::5\r\na=inactive\r\n"), SAPA_OK);
    assert_int_equal(sdp.media_count, 2);
    assert_int_equal(sdp.origin_version, 17);
    EQ(sdp.origin_session, "3890");
    const struct sapa_sdp_media *m = &sdp.media[0];
    assert_int_equal(m->type, SAPA_SDP_AUDIO);
    assert_int_equal(m->port, 40000);
    assert_int_equal(m->direction, SAPA_SDP_SENDONLY); /* of the session */
    assert_true(sapa_sdp_is_hold(m));
    assert_int_equal(m->format_count, 4);
    EQ(m->formats[1].name, "PCMU"); /* static, without rtpmap */
    assert_int_equal(m->formats[1].rate_hz, 8000);
    EQ(m->formats[2].fmtp, "0-15");
    assert_int_equal(m->formats[3].channels, 2);
    assert_int_equal(m->ptime_ms, 20);
    assert_int_equal(m->rtcp_port, 40077);
    EQ(m->rtcp_address.text, "10.1.1.6");
    assert_int_equal(sdp.media[1].address.family, 6);
    assert_int_equal(sdp.media[1].direction, SAPA_SDP_INACTIVE);
    EQ(sdp.media[1].text, "m=video 40002/2 RTP/AVP 31\r\nc=IN IP6 2001:db8::5\r\na=inactive\r\n");
}

static void test_browser(void **state)
{
    (void)state;
    assert_int_equal(parse("v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=extmap-allow-mixed\r\n"
                           "a=msid-semantic: WMS s\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\nc=IN IP4 0.0.0.0\r\n"
                           "a=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:4ZcD\r\na=ice-pwd:2/1muCWoOi3uLifh0NuRHlpB\r\na=ice-options:trickle\r\n"
                           "a=fingerprint:sha-256 AB:CD\r\na=setup:actpass\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
                           "a=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\na=rtpmap:110 telephone-event/48000\r\n"
                           "a=rtpmap:126 telephone-event/8000\r\na=ssrc:1234567 cname:x\r\na=ssrc:99 cname:y\r\na=candidate:1 1 udp 2113937151 1.2.3.4 5 typ host\r\n"
                           "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n"), SAPA_OK);
    const struct sapa_sdp_media *m = &sdp.media[0];
    EQ(sdp.bundle, "0 1");
    EQ(m->ice_ufrag, "4ZcD");
    EQ(m->fingerprint_hash, "sha-256");
    EQ(m->fingerprint, "AB:CD");
    EQ(m->setup, "actpass");
    EQ(m->mid, "0");
    assert_true(m->rtcp_mux);
    assert_true(m->ssrc_given);
    assert_int_equal(m->ssrc, 1234567);
    EQ(m->formats[0].fmtp, "minptime=10;useinbandfec=1");
    assert_int_equal(sdp.media[1].type, SAPA_SDP_APPLICATION);
    assert_int_equal(sdp.media[1].format_count, 0);
    EQ(sdp.media[1].formats_text, "webrtc-datachannel");
    struct sapa_str cursor = m->text, value;
    assert_true(sapa_sdp_attribute_next(&cursor, SAPA_STR("candidate"), &value));
    EQ(value, "1 1 udp 2113937151 1.2.3.4 5 typ host");
    assert_false(sapa_sdp_attribute_next(&cursor, SAPA_STR("candidate"), &value));
}

static void test_tolerated(void **state)
{
    (void)state;
    /* bare LF, missing s= and t=, a version of 30 digits, rubbish between */
    assert_int_equal(parse("v=0\no=x 1 123456789012345678901234567890 IN IP4 h\nc=IN IP4 h.example.com\nm =video 1 RTP/AVP 1\nm=audio 5 RTP/AVP 0\nk=\nz\na=rtpmap:0\na=rtpmap:300 x/1\na=rtpmap:0 /\n"), SAPA_OK);
    assert_int_equal(sdp.media_count, 1);
    EQ(sdp.media[0].address.text, "h.example.com");
    EQ(sdp.media[0].formats[0].name, "PCMU");
    assert_int_equal(parse("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\n"), SAPA_OK);
    assert_int_equal(sdp.media_count, 0);
    /* 40 formats: 32 are kept */
    char text[1024];
    int n = snprintf(text, sizeof(text), "v=0\no=- 1 1 IN IP4 1.2.3.4\nm=audio 5 RTP/AVP");
    for (int i = 0; i < 40; i++)
        n += snprintf(text + n, sizeof(text) - (size_t)n, " %d", i);
    assert_int_equal(parse(text), SAPA_OK);
    assert_int_equal(sdp.media[0].format_count, SAPA_SDP_FORMATS_MAX);
}

static void test_refused(void **state)
{
    (void)state;
#define HEAD "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\n"
    static const char *const bad[] = {
        "", "hello", "v=1\r\n", "o=- 1 1 IN IP4 1.2.3.4\r\n", "v=0\r\n", "v=0\r\no=-\r\n", "v=0\r\no=- 1 x IN IP4 h\r\n", HEAD "m=audio\r\n",
        HEAD "m=audio x RTP/AVP 0\r\n", HEAD "m=audio 65536 RTP/AVP 0\r\n", HEAD "m=audio 5 RTP/AVP 128\r\n", HEAD "m=audio 5 RTP/AVP x\r\n",
        HEAD "c=IN IP5 x\r\n", HEAD "c=IN IP4\r\n", HEAD "c=XX IP4 1.2.3.4\r\n", HEAD "o=- 1 1 IN IP4 1.2.3.4\r\n", HEAD "m=audio 5 RTP/AVP 0\r\no=- 1 1 IN IP4 1\r\n",
    };
    for (size_t i = 0; i < SAPA_COUNT(bad); i++)
        assert_int_equal(parse(bad[i]), SAPA_EINVAL);
    char text[2048];
    int n = snprintf(text, sizeof(text), HEAD);
    for (int i = 0; i <= SAPA_SDP_MEDIA_MAX; i++)
        n += snprintf(text + n, sizeof(text) - (size_t)n, "m=audio 5 RTP/AVP 0\r\n");
    assert_int_equal(parse(text), SAPA_ELIMIT);
    static char big[SAPA_SDP_SIZE_MAX + 1];
    assert_int_equal(sapa_sdp_parse((struct sapa_str){ big, sizeof(big) }, &sdp), SAPA_ELIMIT);
}

static void test_hold(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        bool hold;
    } cases[] = { { "", false }, { "a=sendonly\r\n", true }, { "a=inactive\r\n", true }, { "a=recvonly\r\n", false }, { "c=IN IP4 0.0.0.0\r\n", true },
                  { "c=IN IP6 ::\r\n", true }, { "c=IN IP6 ::1\r\n", false }, { "a=sendonly\r\na=sendrecv\r\n", false } };
    for (size_t i = 0; i < SAPA_COUNT(cases); i++) {
        char text[512];
        snprintf(text, sizeof(text), HEAD "c=IN IP4 1.2.3.4\r\nm=audio 5 RTP/AVP 0\r\n%s", cases[i].lines);
        assert_int_equal(parse(text), SAPA_OK);
        assert_int_equal(sapa_sdp_is_hold(&sdp.media[0]), cases[i].hold);
    }
    assert_int_equal(sapa_sdp_reverse(SAPA_SDP_SENDONLY), SAPA_SDP_RECVONLY);
    assert_int_equal(sapa_sdp_reverse(SAPA_SDP_INACTIVE), SAPA_SDP_INACTIVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_phone), cmocka_unit_test(test_browser), cmocka_unit_test(test_tolerated),
                                        cmocka_unit_test(test_refused), cmocka_unit_test(test_hold) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
