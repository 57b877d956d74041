/**
 * @file media/browser_fake_impl.h
 * The other half of WebRTC, for tests: checks with a full agent's role, either role of DTLS, SRTP, on one socket.
 *
 * Room    media, tests only.
 */
#ifndef SAPA_MEDIA_BROWSER_FAKE_IMPL_H
#define SAPA_MEDIA_BROWSER_FAKE_IMPL_H

#pragma GCC diagnostic ignored "-Wunused-function"

#include "ice/stun.h"
#include "media/process_fake_impl.h"
#include "media/srtp.h"
#include "rt/dtls.h"

struct browser {
    uint64_t leg, contact;
    uint8_t side, codec, type;
    int fd;
    struct sapa_addr addr, to;          /* its own; media's shared port */
    char ufrag[SAPA_MEDIA_UFRAG_SIZE], pwd[SAPA_MEDIA_PWD_SIZE]; /* media's */
    char own[SAPA_MEDIA_PEER_UFRAG_SIZE];
    struct sapa_dtls_context *context;  /* its certificate */
    struct sapa_dtls *dtls;
    bool is_up;                         /* the association is through */
    uint32_t lose;                      /* bit n: the n-th of its datagrams of DTLS is lost */
    unsigned dtls_sent;
    struct sapa_srtp *srtp;
    struct sapa_dtls_result result;
    unsigned answered;                  /* checks with a good answer */
    uint16_t last_error;                /* of an error response */
    int64_t checked_us;                 /* a good check was last sent; 0: none yet */
    bool mute;                          /* does not go on with checks, as a page would */
    uint16_t seq;
    uint32_t timestamp, ssrc;
};

static uint8_t media_fingerprint[SAPA_DTLS_FINGERPRINT_SIZE];

static void browser_send_dtls(void *owner, const void *datagram, size_t size)
{
    struct browser *browser = owner;
    const unsigned n = browser->dtls_sent++;

    if (n < 32 && (browser->lose >> n & 1))
        return;
    assert_int_equal(sapa_udp_send_one(browser->fd, &browser->to, datagram, size), SAPA_OK);
}

static void browser_socket(struct browser *browser)
{
    struct sapa_addr any;

    assert_int_equal(sapa_addr_parse(SAPA_STR("127.0.0.1"), 0, &any), SAPA_OK);
    assert_int_equal(sapa_udp_open(&any, NULL, &browser->fd), SAPA_OK);
    assert_int_equal(sapa_socket_local(browser->fd, &browser->addr), SAPA_OK);
}

/* Our fragment and password for it, as control makes them. */
static void browser_credentials(struct browser *browser)
{
    sapa_random_text(browser->ufrag, sizeof(browser->ufrag) - 1);
    sapa_random_text(browser->pwd, sizeof(browser->pwd) - 1);
}

static struct sapa_media_message browser_set_message(const struct browser *browser)
{
    struct sapa_media_message set = { .op = SAPA_MEDIA_LEG_SET, .leg = browser->leg, .contact = browser->contact };

    set.u.leg.webrtc = 1;
    set.u.leg.codec = browser->codec;
    set.u.leg.type_send = set.u.leg.type_receive = browser->type;
    set.u.leg.dtmf_type = 101;
    set.u.leg.opus_fec = 1;
    set.u.leg.direction = SAPA_MEDIA_SEND | SAPA_MEDIA_RECEIVE;
    set.u.leg.side = browser->side;
    memcpy(set.u.leg.ice_ufrag, browser->ufrag, sizeof(set.u.leg.ice_ufrag));
    memcpy(set.u.leg.ice_pwd, browser->pwd, sizeof(set.u.leg.ice_pwd));
    memcpy(set.u.leg.peer_ufrag, browser->own, sizeof(set.u.leg.peer_ufrag));
    set.u.leg.peer_hash = SAPA_MEDIA_HASH_SHA256;
    memcpy(set.u.leg.peer_fingerprint, sapa_dtls_fingerprint(browser->context), SAPA_DTLS_FINGERPRINT_SIZE);
    return set;
}

static struct sapa_media_message browser_open_message(const struct browser *browser)
{
    struct sapa_media_message open = { .op = SAPA_MEDIA_LEG_OPEN, .leg = browser->leg, .contact = browser->contact,
                                       .tag = (uint32_t)browser->leg };

    open.u.leg.local = (struct sapa_media_address){ .family = 4, .address = { 127, 0, 0, 1 } };
    open.u.leg.webrtc = 1;
    open.u.leg.codec = browser->codec;
    open.u.leg.side = browser->side;
    memcpy(open.u.leg.ice_ufrag, browser->ufrag, sizeof(open.u.leg.ice_ufrag));
    memcpy(open.u.leg.ice_pwd, browser->pwd, sizeof(open.u.leg.ice_pwd));
    return open;
}

static void browser_open(struct control *control, struct browser *browser, uint64_t contact, uint8_t side, uint8_t codec)
{
    *browser = (struct browser){ .leg = next_id++, .contact = contact, .side = side, .codec = codec, .own = "abcd",
                                 .type = codec == SAPA_CODEC_OPUS ? 111 : 0, .ssrc = (uint32_t)sapa_random_u64() };
    browser_credentials(browser);
    browser_socket(browser);
    assert_int_equal(sapa_dtls_context_new(&browser->context), SAPA_OK);
    struct sapa_media_message open = browser_open_message(browser);
    say(control, &open);
    const struct sapa_media_message opened = await(control, SAPA_MEDIA_LEG_OPENED);
    assert_int_equal(opened.code, 0);
    browser->to = sapa_addr_of_media(&opened.u.leg.local);
}

static void browser_drop_association(struct browser *browser)
{
    sapa_dtls_free(browser->dtls);
    sapa_srtp_free(browser->srtp);
    browser->dtls = NULL;
    browser->srtp = NULL;
    browser->is_up = false;
    browser->dtls_sent = 0;
}

/* The page is gone and another takes its place: another port, another certificate. */
static void browser_reload(struct browser *browser)
{
    browser_drop_association(browser);
    sapa_dtls_context_free(browser->context);
    assert_int_equal(sapa_dtls_context_new(&browser->context), SAPA_OK);
    close(browser->fd);
    browser_socket(browser);
    browser->ssrc = (uint32_t)sapa_random_u64();
    browser->seq = 0;
    browser->checked_us = 0;
}

static void browser_close(struct browser *browser)
{
    browser_drop_association(browser);
    sapa_dtls_context_free(browser->context);
    close(browser->fd);
}

static struct sapa_stun_out browser_request(const struct browser *browser, bool nominates, char username[64])
{
    struct sapa_stun_out out = { .type = SAPA_STUN_REQUEST, .controlling = true, .tie_breaker = 7, .priority = 0x6e0001ff,
                                 .use_candidate = nominates, .password = browser->pwd, .username = username };

    (void)snprintf(username, 64, "%s:%s", browser->ufrag, browser->own);
    sapa_random_bytes(out.transaction, sizeof(out.transaction));
    return out;
}

static void browser_check(struct browser *browser, bool nominates)
{
    uint8_t bytes[SAPA_STUN_OUT_MAX];
    char username[64];
    const struct sapa_stun_out out = browser_request(browser, nominates, username);
    const size_t n = sapa_stun_write(&out, bytes);

    browser->checked_us = sapa_mono_us();
    assert_int_equal(sapa_udp_send_one(browser->fd, &browser->to, bytes, n), SAPA_OK);
}

/* What keeps consent, each half second. */
static void browser_goes_on(struct browser *browser)
{
    if (browser->checked_us && !browser->mute && sapa_mono_us() - browser->checked_us > 500000)
        browser_check(browser, false);
}

static void browser_on_stun(struct browser *browser, const uint8_t *bytes, size_t n)
{
    struct sapa_stun stun;

    assert_int_equal(sapa_stun_parse(bytes, n, &stun), SAPA_OK);
    if (stun.type == SAPA_STUN_ERROR) {
        browser->last_error = stun.error;
        return;
    }
    assert_int_equal(stun.type, SAPA_STUN_SUCCESS);
    assert_true(sapa_stun_is_by(&stun, bytes, browser->pwd) && stun.has_fingerprint);
    assert_true(sapa_addr_equal(&stun.mapped, &browser->addr));
    browser->answered++;
}

static void browser_on_dtls(struct browser *browser, const uint8_t *bytes, size_t n)
{
    if (!browser->dtls) /* passive: the first that comes */
        assert_int_equal(sapa_dtls_new(browser->context, false, browser_send_dtls, browser, sapa_mono_us(), &browser->dtls),
                         SAPA_OK);
    const sapa_rc rc = sapa_dtls_take(browser->dtls, bytes, n, sapa_mono_us());
    if (rc || browser->is_up)
        return;
    browser->is_up = true;
    assert_int_equal(sapa_dtls_result(browser->dtls, &browser->result), SAPA_OK);
    assert_memory_equal(browser->result.sha256, media_fingerprint, sizeof(media_fingerprint));
    assert_int_equal(browser->result.profile, SAPA_DTLS_AEAD_AES_128_GCM);
    assert_int_equal(sapa_srtp_new(SAPA_SRTP_GCM_128, browser->result.send, browser->result.receive, &browser->srtp), SAPA_OK);
}

/* The next packet of audio, within `timeout_ms`; checks and handshakes are served meanwhile. */
static bool browser_receive(struct browser *browser, struct packet *packet, int timeout_ms)
{
    const int64_t until_us = sapa_mono_us() + timeout_ms * 1000;
    uint8_t bytes[2048];

    for (;;) {
        struct pollfd wait = { .fd = browser->fd, .events = POLLIN };
        const int64_t left_us = until_us - sapa_mono_us();
        if (left_us <= 0)
            return false;
        browser_goes_on(browser);
        if (browser->dtls && !browser->is_up)
            (void)!sapa_dtls_tick(browser->dtls, sapa_mono_us());
        if (poll(&wait, 1, (int)SAPA_MIN(left_us / 1000 + 1, 20)) <= 0)
            continue;
        const ssize_t got = recv(browser->fd, bytes, sizeof(bytes), 0);
        assert_true(got > 0);
        size_t n = (size_t)got;
        if (sapa_stun_is(bytes, n)) {
            browser_on_stun(browser, bytes, n);
            if (!packet)
                return true;
        } else if (sapa_dtls_is(bytes, n)) {
            const bool was_up = browser->is_up;
            browser_on_dtls(browser, bytes, n);
            if (!packet && browser->is_up && !was_up)
                return true;
        } else if (browser->srtp && packet) {
            const bool rtcp = sapa_rtp_is_rtcp(bytes, n);
            n = sapa_srtp_open(browser->srtp, rtcp, bytes, n);
            if (rtcp || n == 0 || n > sizeof(packet->bytes))
                continue;
            memcpy(packet->bytes, bytes, n);
            assert_int_equal(sapa_rtp_parse(packet->bytes, n, &packet->rtp), SAPA_OK);
            packet->payload = packet->bytes + packet->rtp.payload_at;
            return true;
        }
    }
}

static size_t browser_seal(struct browser *browser, uint8_t bytes[600], uint8_t type, const void *payload, size_t n)
{
    sapa_rtp_put_head(bytes, false, type, browser->seq++, browser->timestamp, browser->ssrc);
    memcpy(bytes + SAPA_RTP_HEAD, payload, n);
    n = sapa_srtp_seal(browser->srtp, false, bytes, SAPA_RTP_HEAD + n);
    assert_true(n > 0);
    return n;
}

static void browser_send_type(struct browser *browser, uint8_t type, const void *payload, size_t n)
{
    uint8_t bytes[600];

    browser_goes_on(browser);
    n = browser_seal(browser, bytes, type, payload, n);
    assert_int_equal(sapa_udp_send_one(browser->fd, &browser->to, bytes, n), SAPA_OK);
    browser->timestamp += browser->codec == SAPA_CODEC_OPUS ? 960 : FRAME;
}

static void browser_send(struct browser *browser, const void *payload, size_t n)
{
    browser_send_type(browser, browser->codec == SAPA_CODEC_OPUS ? browser->type : browser->codec, payload, n);
}

/* A check that is answered. */
static void browser_proves(struct browser *browser, bool nominates)
{
    const unsigned before = browser->answered;
    const int64_t until_us = sapa_mono_us() + WAIT_MS * 1000;

    browser_check(browser, nominates);
    while (browser->answered == before && sapa_mono_us() < until_us)
        (void)browser_receive(browser, NULL, 200);
    assert_true(browser->answered > before);
}

/* The handshake in the role of the client (as server: media begins), until it is through. */
static void browser_shakes_hands(struct browser *browser, bool is_client)
{
    const int64_t until_us = sapa_mono_us() + WAIT_MS * 1000;

    if (is_client)
        assert_int_equal(sapa_dtls_new(browser->context, true, browser_send_dtls, browser, sapa_mono_us(), &browser->dtls), SAPA_OK);
    while (!browser->is_up && sapa_mono_us() < until_us)
        (void)browser_receive(browser, NULL, 200);
    assert_true(browser->is_up);
}

static void expect_connected(struct control *control, const struct browser *browser, sapa_rc rc)
{
    const struct sapa_media_message message = await(control, SAPA_MEDIA_CONNECTED);

    assert_int_equal(message.leg, browser->leg);
    assert_int_equal(message.contact, browser->contact);
    assert_int_equal(message.code, rc);
}

/* All that a page does until it can talk. */
static void browser_connect(struct control *control, struct browser *browser)
{
    struct sapa_media_message set = browser_set_message(browser);

    say(control, &set);
    (void)barrier(control);
    browser_proves(browser, true);
    browser_shakes_hands(browser, true);
    expect_connected(control, browser, SAPA_OK);
}

#endif
