/* Offers and answers, word by word. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#include "sdp/offer.h"

static struct sapa_sdp sdp;
static char out[4096];
static struct sapa_text text;

static struct sapa_sdp_want g711(void)
{
    return (struct sapa_sdp_want){ .address = SAPA_STR("192.0.2.1"), .port = 20000, .codecs = sapa_sdp_codecs_g711, .codec_count = 3, .ptime_ms = 20 };
}

static sapa_rc answer(struct sapa_sdp_local *local, const struct sapa_sdp_want *want, const char *offer, struct sapa_sdp_agreed *agreed)
{
    static char keep[4096];

    snprintf(keep, sizeof(keep), "%s", offer);
    assert_int_equal(sapa_sdp_parse(sapa_str_of(keep), &sdp), SAPA_OK);
    sapa_text_init(&text, out, sizeof(out));
    return sapa_sdp_answer(local, want, &sdp, &text, agreed);
}

static void test_offer(void **state)
{
    (void)state;
    struct sapa_sdp_local local = { .session_id = 42 };
    struct sapa_sdp_want want = g711();
    static const char golden[] = "v=0\r\no=- 42 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 8 0 101\r\n"
                                 "a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
                                 "a=ptime:20\r\na=sendrecv\r\n";

    sapa_text_init(&text, out, sizeof(out));
    assert_int_equal(sapa_sdp_offer(&local, &want, &text), SAPA_OK);
    assert_string_equal(out, golden);
    /* The same again keeps its version, a change raises it (RFC 3264 8). */
    sapa_text_init(&text, out, sizeof(out));
    assert_int_equal(sapa_sdp_offer(&local, &want, &text), SAPA_OK);
    assert_string_equal(out, golden);
    want.direction = SAPA_SDP_SENDONLY;
    sapa_text_init(&text, out, sizeof(out));
    assert_int_equal(sapa_sdp_offer(&local, &want, &text), SAPA_OK);
    assert_int_equal(local.version, 2);
    assert_non_null(strstr(out, "o=- 42 2 IN IP4"));
    assert_non_null(strstr(out, "a=sendonly\r\n"));
    want.address = SAPA_STR("2001:db8::1");
    sapa_text_init(&text, out, sizeof(out));
    assert_int_equal(sapa_sdp_offer(&local, &want, &text), SAPA_OK);
    assert_non_null(strstr(out, "o=- 42 3 IN IP6 2001:db8::1\r\n"));
    assert_non_null(strstr(out, "c=IN IP6 2001:db8::1\r\n"));
    sapa_text_init(&text, out, 60);
    assert_int_equal(sapa_sdp_offer(&local, &want, &text), SAPA_ELIMIT);
    want.codec_count = 0;
    assert_int_equal(sapa_sdp_offer(&local, &want, &text), SAPA_EINVAL);
}

static void test_answer_golden(void **state)
{
    (void)state;
    struct sapa_sdp_local local = { .session_id = 7 };
    struct sapa_sdp_want want = g711();
    struct sapa_sdp_agreed agreed;

    /* Their order decides; video and the second audio are refused with port 0. */
    assert_int_equal(answer(&local, &want, "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=video 5000 RTP/AVP 31\r\n"
                            "m=audio 6000 RTP/AVP 18 0 8 96 13\r\na=rtpmap:96 telephone-event/8000\r\na=ptime:30\r\nm=audio 7000 RTP/AVP 8\r\n", &agreed), SAPA_OK);
    assert_string_equal(out, "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=video 0 RTP/AVP 31\r\n"
                             "m=audio 20000 RTP/AVP 0 96\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-16\r\n"
                             "a=ptime:20\r\na=sendrecv\r\nm=audio 0 RTP/AVP 8\r\n");
    assert_int_equal(agreed.media_index, 1);
    assert_int_equal(agreed.codec_id, SAPA_SDP_PCMU);
    assert_int_equal(agreed.pt_send, 0);
    assert_true(agreed.dtmf);
    assert_int_equal(agreed.dtmf_pt_send, 96);
    assert_int_equal(agreed.port, 6000);
    assert_int_equal(agreed.rtcp_port, 6001);
    assert_int_equal(agreed.ptime_ms, 30);
    assert_false(agreed.held);
}

static void test_answer_refused(void **state)
{
    (void)state;
    struct sapa_sdp_local local = { .session_id = 7 };
    struct sapa_sdp_want want = g711();
    struct sapa_sdp_agreed agreed;
#define OFFER "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n"
    static const char *const none[] = { OFFER, OFFER "m=audio 6000 RTP/AVP 18 4\r\n", OFFER "m=audio 0 RTP/AVP 8\r\n", OFFER "m=video 6000 RTP/AVP 8\r\n",
                                        OFFER "m=audio 6000 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n", OFFER "m=audio 6000 TCP/RTP/AVP 8\r\n",
                                        "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\nm=audio 6000 RTP/AVP 8\r\n", OFFER "m=audio 6000 RTP/AVP 8\r\na=rtpmap:8 PCMA/16000\r\n" };
    for (size_t i = 0; i < SAPA_COUNT(none); i++)
        assert_int_equal(answer(&local, &want, none[i], &agreed), SAPA_ENOENT);
    assert_int_equal(local.version, 0);
}

static void test_directions(void **state)
{
    (void)state;
    static const char *const names[] = { "sendrecv", "sendonly", "recvonly", "inactive" };
    /* rows: what we want; columns: what they offer (RFC 3264 6.1) */
    static const enum sapa_sdp_direction table[4][4] = {
        { SAPA_SDP_SENDRECV, SAPA_SDP_RECVONLY, SAPA_SDP_SENDONLY, SAPA_SDP_INACTIVE },
        { SAPA_SDP_SENDONLY, SAPA_SDP_INACTIVE, SAPA_SDP_SENDONLY, SAPA_SDP_INACTIVE },
        { SAPA_SDP_RECVONLY, SAPA_SDP_RECVONLY, SAPA_SDP_INACTIVE, SAPA_SDP_INACTIVE },
        { SAPA_SDP_INACTIVE, SAPA_SDP_INACTIVE, SAPA_SDP_INACTIVE, SAPA_SDP_INACTIVE },
    };
    for (int ours = 0; ours < 4; ours++) {
        for (int theirs = 0; theirs < 4; theirs++) {
            struct sapa_sdp_local local = { .session_id = 7 };
            struct sapa_sdp_want want = g711();
            struct sapa_sdp_agreed agreed;
            char offer[512], line[32];
            want.direction = (enum sapa_sdp_direction)ours;
            snprintf(offer, sizeof(offer), OFFER "m=audio 6000 RTP/AVP 8\r\na=%s\r\n", names[theirs]);
            assert_int_equal(answer(&local, &want, offer, &agreed), SAPA_OK);
            assert_int_equal(agreed.direction, table[ours][theirs]);
            snprintf(line, sizeof(line), "a=%s\r\n", names[table[ours][theirs]]);
            assert_non_null(strstr(out, line));
            assert_int_equal(agreed.held, theirs == SAPA_SDP_SENDONLY || theirs == SAPA_SDP_INACTIVE);
        }
    }
    /* The old way of holding: c=0.0.0.0 */
    struct sapa_sdp_local local = { .session_id = 7 };
    struct sapa_sdp_want want = g711();
    struct sapa_sdp_agreed agreed;
    assert_int_equal(answer(&local, &want, OFFER "m=audio 6000 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\n", &agreed), SAPA_OK);
    assert_true(agreed.held);
    assert_int_equal(agreed.direction, SAPA_SDP_RECVONLY);
}

static void test_versions_in_answers(void **state)
{
    (void)state;
    struct sapa_sdp_local local = { .session_id = 7 };
    struct sapa_sdp_want want = g711();
    struct sapa_sdp_agreed agreed;

    assert_int_equal(answer(&local, &want, OFFER "m=audio 6000 RTP/AVP 8\r\n", &agreed), SAPA_OK);
    assert_int_equal(local.version, 1);
    assert_int_equal(answer(&local, &want, OFFER "m=audio 6000 RTP/AVP 8\r\na=sendonly\r\n", &agreed), SAPA_OK); /* hold */
    assert_int_equal(local.version, 2);
    assert_int_equal(answer(&local, &want, OFFER "m=audio 6000 RTP/AVP 8\r\na=sendonly\r\n", &agreed), SAPA_OK);
    assert_int_equal(local.version, 2);
    assert_int_equal(answer(&local, &want, OFFER "m=audio 6000 RTP/AVP 8\r\n", &agreed), SAPA_OK); /* resume */
    assert_int_equal(local.version, 3);
}

static void test_accept(void **state)
{
    (void)state;
    struct sapa_sdp_want want = g711();
    struct sapa_sdp_agreed agreed;

    /* They number telephone-event as they like: we send theirs, and receive ours. */
    assert_int_equal(sapa_sdp_parse(SAPA_STR(OFFER "m=audio 6000 RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000\r\na=rtcp:6100\r\n"), &sdp), SAPA_OK);
    assert_int_equal(sapa_sdp_accept(&want, &sdp, &agreed), SAPA_OK);
    assert_int_equal(agreed.codec_id, SAPA_SDP_PCMU);
    assert_int_equal(agreed.dtmf_pt_send, 96);
    assert_int_equal(agreed.dtmf_pt_receive, 101);
    assert_int_equal(agreed.rtcp_port, 6100);
    assert_true(sapa_str_eq(agreed.address, SAPA_STR("10.0.0.1")));
    assert_int_equal(sapa_sdp_parse(SAPA_STR(OFFER "m=audio 0 RTP/AVP 0\r\n"), &sdp), SAPA_OK);
    assert_int_equal(sapa_sdp_accept(&want, &sdp, &agreed), SAPA_ENOENT);
}

static void test_other_codecs(void **state)
{
    (void)state;
    /* A browser offers, the table has opus: the same code answers. */
    const struct sapa_sdp_codec codecs[] = { { .id = 50, .name = "OPUS", .rate_hz = 48000, .channels = 2, .pt = 96, .fmtp = "useinbandfec=1" },
                                             { .id = SAPA_SDP_DTMF, .name = "telephone-event", .rate_hz = 8000, .channels = 1, .pt = 101, .is_dtmf = true } };
    struct sapa_sdp_want want = g711();
    struct sapa_sdp_local local = { .session_id = 7 };
    struct sapa_sdp_agreed agreed;

    want.codecs = codecs;
    want.codec_count = 2;
    want.ptime_ms = 0;
    want.rtcp_mux = true;
    want.secure = true;
    want.attributes = SAPA_STR("a=setup:passive\r\n");
    assert_int_equal(answer(&local, &want, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 0 126\r\nc=IN IP4 10.0.0.1\r\na=mid:0\r\n"
                            "a=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:126 telephone-event/8000\r\n", &agreed), SAPA_OK);
    assert_non_null(strstr(out, "m=audio 20000 UDP/TLS/RTP/SAVPF 111 126\r\na=rtpmap:111 OPUS/48000/2\r\na=fmtp:111 useinbandfec=1\r\n"
                                "a=rtpmap:126 telephone-event/8000\r\na=rtcp-mux\r\na=mid:0\r\na=sendrecv\r\na=setup:passive\r\n"));
    assert_int_equal(agreed.codec_id, 50);
    assert_int_equal(agreed.rtcp_port, 9);
    assert_true(agreed.rtcp_mux);
}

/* A stream that was offered encrypted is never answered in the clear. */
static void test_secure_refused(void **state)
{
    (void)state;
    static const char *const profiles[] = { "RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF", "rtp/savp" };
    struct sapa_sdp_want want = g711();
    struct sapa_sdp_local local = { .session_id = 7 };
    struct sapa_sdp_agreed agreed;
    char lines[600];

    for (size_t i = 0; i < SAPA_COUNT(profiles); i++) {
        snprintf(lines, sizeof(lines), "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 9000 %s 8\r\n", profiles[i]);
        assert_int_equal(answer(&local, &want, lines, &agreed), SAPA_ENOENT);
        snprintf(lines, sizeof(lines), "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 9000 %s 8\r\nm=audio 9002 RTP/AVP 8\r\n",
                 profiles[i]);
        assert_int_equal(answer(&local, &want, lines, &agreed), SAPA_OK);
        assert_int_equal(agreed.port, 9002);
        snprintf(lines, sizeof(lines), "m=audio 0 %s 8\r\nm=audio 20000 RTP/AVP 8\r\n", profiles[i]);
        assert_non_null(strstr(out, lines));
    }
}

/* Opus with events of its clock, of another clock, and comfort noise beside G.711 only. */
static void test_what_rides_along(void **state)
{
    static const struct sapa_sdp_codec codecs[] = {
        { .id = 8, .name = "PCMA", .rate_hz = 8000, .channels = 1, .pt = 8 },
        { .id = 111, .name = "opus", .rate_hz = 48000, .channels = 2, .pt = 111, .fmtp = "useinbandfec=1" },
        { .id = 1, .name = "telephone-event", .rate_hz = 8000, .channels = 1, .pt = 101, .fmtp = "0-16", .is_dtmf = true },
        { .id = 1, .name = "telephone-event", .rate_hz = 48000, .channels = 1, .pt = 102, .fmtp = "0-16", .is_dtmf = true },
        { .id = 2, .name = "CN", .rate_hz = 8000, .channels = 1, .pt = 13, .is_noise = true },
    };
    const struct sapa_sdp_want want = { .address = SAPA_STR("192.0.2.1"), .port = 20000, .codecs = codecs, .codec_count = 5 };
    struct sapa_sdp_local local = { .session_id = 42 };
    struct sapa_sdp_agreed agreed;
#define HEAD "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"

    (void)state;
    assert_int_equal(answer(&local, &want, HEAD "m=audio 4000 RTP/AVP 96 8 13 97 98\r\na=rtpmap:96 opus/48000/2\r\n"
                            "a=fmtp:96 maxaveragebitrate=20000\r\na=rtpmap:97 telephone-event/8000\r\n"
                            "a=rtpmap:98 telephone-event/48000\r\n", &agreed), SAPA_OK);
    assert_non_null(strstr(out, " RTP/AVP 96 98\r\n"));
    assert_non_null(strstr(out, "a=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n"));
    assert_int_equal(agreed.codec_id, 111);
    assert_int_equal(agreed.dtmf_pt_send, 98);
    assert_int_equal(agreed.dtmf_hz, 48000);
    assert_false(agreed.noise);
    assert_int_equal(agreed.others, 3);
    assert_int_equal(agreed.fmtp.n, 23);
    assert_int_equal(answer(&local, &want, HEAD "m=audio 4000 RTP/AVP 96 97\r\na=rtpmap:96 opus/48000\r\n"
                            "a=rtpmap:97 telephone-event/8000\r\n", &agreed), SAPA_OK); /* "/2" left out */
    assert_non_null(strstr(out, " RTP/AVP 96 97\r\n"));
    assert_int_equal(agreed.dtmf_hz, 8000);
    assert_int_equal(answer(&local, &want, HEAD "m=audio 4000 RTP/AVP 8 13 97 98\r\na=rtpmap:97 telephone-event/48000\r\n"
                            "a=rtpmap:98 telephone-event/8000\r\n", &agreed), SAPA_OK);
    assert_non_null(strstr(out, " RTP/AVP 8 13 98\r\n"));
    assert_true(agreed.noise);
    assert_int_equal(answer(&local, &want, HEAD "m=audio 4000 RTP/AVP 13 97\r\na=rtpmap:97 telephone-event/8000\r\n",
                            &agreed), SAPA_ENOENT); /* nothing to talk with */
    /* Noise is not offered. */
    sapa_text_init(&text, out, sizeof(out));
    assert_int_equal(sapa_sdp_offer(&local, &want, &text), SAPA_OK);
    assert_non_null(strstr(out, " RTP/AVP 8 111 101 102\r\n"));
}

#define THEIR_KEY "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
#define SAVP(tag, suite) "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 9000 RTP/SAVP 8\r\n" \
                         "a=crypto:" tag " " suite " inline:" THEIR_KEY "\r\n"

/* Keys in the description (RFC 4568), both ways. */
static void test_sdes(void **state)
{
    (void)state;
    static const uint8_t key[SAPA_SDP_KEY_SIZE] = { 0 };
    struct sapa_sdp_want want = g711();
    struct sapa_sdp_local local = { .session_id = 7 };
    struct sapa_sdp_agreed agreed;

    want.secure = true;
    want.srtp_key = key;
    assert_int_equal(answer(&local, &want, SAVP("3", "AES_CM_128_HMAC_SHA1_32"), &agreed), SAPA_OK);
    assert_true(agreed.secure);
    assert_int_equal(agreed.crypto.suite, SAPA_SRTP_AES128_SHA1_32);
    assert_memory_equal(agreed.crypto.key, "YS___semctl", 11);
    assert_non_null(strstr(out, "m=audio 20000 RTP/SAVP 8\r\n"));
    assert_non_null(strstr(out, "a=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"));
    assert_int_equal(answer(&local, &want, SAVP("3", "F8_128_HMAC_SHA1_80"), &agreed), SAPA_ENOENT); /* no key that we can use */
    assert_int_equal(answer(&local, &want, "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 8\r\n", &agreed), SAPA_OK);
    assert_false(agreed.secure);
    assert_null(strstr(out, "crypto"));
    want.secure_only = true;
    assert_int_equal(answer(&local, &want, "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 8\r\n", &agreed), SAPA_ENOENT);

    want.offer_secure = true;
    sapa_text_init(&text, out, sizeof(out));
    assert_int_equal(sapa_sdp_offer(&local, &want, &text), SAPA_OK);
    assert_non_null(strstr(out, "m=audio 20000 RTP/SAVP 8 0 101\r\n"));
    assert_non_null(strstr(out, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA"));
    static const struct {
        const char *answer;
        sapa_rc rc;
    } answers[] = {
        { SAVP("1", "AES_CM_128_HMAC_SHA1_80"), SAPA_OK },
        { SAVP("2", "AES_CM_128_HMAC_SHA1_80"), SAPA_ENOENT },
        { SAVP("1", "AES_CM_128_HMAC_SHA1_32"), SAPA_ENOENT },
        { "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP 8\r\n", SAPA_ENOENT }, /* no way down */
    };
    for (size_t i = 0; i < SAPA_COUNT(answers); i++) {
        assert_int_equal(sapa_sdp_parse(sapa_str_of(answers[i].answer), &sdp), SAPA_OK);
        assert_int_equal(sapa_sdp_accept(&want, &sdp, &agreed), answers[i].rc);
    }
    want.offer_secure = want.secure_only = false; /* and what was offered plain is not answered with keys */
    assert_int_equal(sapa_sdp_parse(sapa_str_of(answers[0].answer), &sdp), SAPA_OK);
    assert_int_equal(sapa_sdp_accept(&want, &sdp, &agreed), SAPA_ENOENT);
    want.offer_secure = true;
    want.srtp_key = NULL;
    sapa_text_init(&text, out, sizeof(out));
    assert_int_equal(sapa_sdp_offer(&local, &want, &text), SAPA_EINVAL);
}

/* ---- browsers ---- */

#define BROWSER(setup, more)                                                                                                            \
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 8 126\r\nc=IN IP4 0.0.0.0\r\n" \
    "a=ice-ufrag:zAbC\r\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\na=fingerprint:sha-256 AA:BB\r\na=setup:" setup "\r\na=mid:0\r\n"         \
    "a=sendrecv\r\n" more "a=rtpmap:111 opus/48000/2\r\na=rtpmap:126 telephone-event/8000\r\n"
#define VIDEO "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n"

static void test_web(void **state)
{
    (void)state;
    static const uint8_t print[32] = { 0x0f, 0xf0, [31] = 0x01 };
    const struct sapa_sdp_web web = { .ufrag = SAPA_STR("ours1234"), .pwd = SAPA_STR("0123456789012345678901"), .fingerprint = print, .mid = SAPA_STR("0") };
    struct sapa_sdp_local local = { .session_id = 42 };
    struct sapa_sdp_want want = g711();
    struct sapa_sdp_agreed agreed;
    static char keep[4096];
    static const char golden[] =
        "v=0\r\no=- 42 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\na=ice-lite\r\na=group:BUNDLE 0\r\n"
        "m=audio 20000 UDP/TLS/RTP/SAVPF 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
        "a=fmtp:101 0-16\r\na=ptime:20\r\na=rtcp-mux\r\na=mid:0\r\na=sendrecv\r\na=msid:sapa audio\r\na=ice-ufrag:ours1234\r\n"
        "a=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 0F:F0:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:"
        "00:00:00:00:00:01\r\na=setup:actpass\r\na=candidate:1 1 udp 2130706431 192.0.2.1 20000 typ host\r\na=end-of-candidates\r\n";

    want.web = &web;
    want.rtcp_mux = true;
    sapa_text_init(&text, out, sizeof(out));
    assert_int_equal(sapa_sdp_offer(&local, &want, &text), SAPA_OK);
    assert_string_equal(out, golden);
    /* Their answer says who begins DTLS. */
    snprintf(keep, sizeof(keep), "%s", BROWSER("active", "a=rtcp-mux\r\n"));
    assert_int_equal(sapa_sdp_parse(sapa_str_of(keep), &sdp), SAPA_OK);
    assert_int_equal(sapa_sdp_accept(&want, &sdp, &agreed), SAPA_OK);
    assert_false(agreed.dtls_client);
    assert_true(agreed.secure && !agreed.held && agreed.crypto.suite == SAPA_SRTP_NONE);
    assert_true(sapa_str_eq(agreed.ufrag, SAPA_STR("zAbC")) && sapa_str_eq(agreed.fingerprint, SAPA_STR("AA:BB")));
    snprintf(keep, sizeof(keep), "%s", BROWSER("passive", "a=rtcp-mux\r\n"));
    assert_int_equal(sapa_sdp_parse(sapa_str_of(keep), &sdp), SAPA_OK);
    assert_int_equal(sapa_sdp_accept(&want, &sdp, &agreed), SAPA_OK);
    assert_true(agreed.dtls_client);
    /* Our answer: the group without what is refused, and we wait for their DTLS unless they wait for ours. */
    assert_int_equal(answer(&local, &want, BROWSER("actpass", "a=rtcp-mux\r\n") VIDEO, &agreed), SAPA_OK);
    assert_non_null(strstr(out, "a=group:BUNDLE 0\r\n"));
    assert_non_null(strstr(out, "a=setup:passive\r\n"));
    assert_non_null(strstr(out, "m=audio 20000 UDP/TLS/RTP/SAVPF 8 126\r\n"));
    assert_non_null(strstr(out, "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n"));
    assert_int_equal(answer(&local, &want, BROWSER("passive", "a=rtcp-mux\r\n"), &agreed), SAPA_OK);
    assert_non_null(strstr(out, "a=setup:active\r\n"));
    /* Nothing less: no rtcp-mux, no ICE, plain or SDES lines; and a browser's line is for nobody else. */
    assert_int_equal(answer(&local, &want, BROWSER("actpass", ""), &agreed), SAPA_ENOENT);
    static const char *const others[] = {
        "m=audio 9 RTP/AVP 8\r\n",
        "m=audio 9 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n",
        "m=audio 9 UDP/TLS/RTP/SAVPF 8\r\na=rtcp-mux\r\na=fingerprint:sha-256 AA:BB\r\n",
    };
    for (size_t i = 0; i < SAPA_COUNT(others); i++) {
        char offer[500];
        snprintf(offer, sizeof(offer), "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n%s", others[i]);
        assert_int_equal(answer(&local, &want, offer, &agreed), SAPA_ENOENT);
    }
    want.web = NULL;
    assert_int_equal(answer(&local, &want, BROWSER("actpass", "a=rtcp-mux\r\n"), &agreed), SAPA_ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_what_rides_along), cmocka_unit_test(test_offer), cmocka_unit_test(test_answer_golden), cmocka_unit_test(test_answer_refused),
                                        cmocka_unit_test(test_directions), cmocka_unit_test(test_versions_in_answers), cmocka_unit_test(test_accept),
                                        cmocka_unit_test(test_other_codecs), cmocka_unit_test(test_secure_refused), cmocka_unit_test(test_sdes), cmocka_unit_test(test_web) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
