/*
 * WebRTC in the media process, as a page and a stranger see it: checks, handshakes in both roles, sealed audio by its content,
 * restarts and reloads while a bridge and a recording go on, consent, and what must not get in.
 */
#include "media/browser_fake_impl.h"

#include <math.h>

#include "media/coder.h"

enum { THERE = 900, GONE = 250, LOUD = 4000 };

static void open_control(struct control *control)
{
    control_open(control);
    memcpy(media_fingerprint, control->fingerprint, sizeof(media_fingerprint));
}

static struct control media; /* the process, of each test */

static int open_media(void **state)
{
    (void)state;
    open_control(&media);
    return 0;
}

static int close_media(void **state)
{
    (void)state;
    control_close(&media);
    return 0;
}

static void close_leg(struct control *control, uint64_t leg)
{
    order(control, SAPA_MEDIA_LEG_CLOSE, leg, 0);
    for (;;) {
        const struct sapa_media_message closed = await(control, SAPA_MEDIA_LEG_CLOSED);
        if (closed.leg == leg)
            return;
    }
}

/* An agent in a browser, a customer on a plain leg, bridged. */
struct talk {
    struct browser browser;
    struct phone phone;
    uint64_t contact;
};

static void talk_open(struct control *control, struct talk *talk, uint8_t codec)
{
    talk->contact = next_id++;
    const struct phone_options options = { .leg = next_id++, .contact = talk->contact, .codec = SAPA_CODEC_PCMA,
                                           .side = SAPA_SIDE_CUSTOMER, .dtmf_type = 101 };
    browser_open(control, &talk->browser, talk->contact, SAPA_SIDE_AGENT, codec);
    phone_open(control, &talk->phone, &options);
    order(control, SAPA_MEDIA_BRIDGE, talk->phone.leg, talk->browser.leg);
}

static void talk_close(struct control *control, struct talk *talk)
{
    close_leg(control, talk->browser.leg);
    close_leg(control, talk->phone.leg);
    browser_close(&talk->browser);
    phone_close(&talk->phone);
}

static double amplitude_of(const int16_t *samples, size_t n, double hz, double rate)
{
    double re = 0, im = 0;

    for (size_t i = 0; i < n; i++) {
        const double window = 0.5 - 0.5 * cos(2 * 3.14159265358979323846 * (double)i / (double)n);
        re += window * samples[i] * cos(2 * 3.14159265358979323846 * hz * (double)i / rate);
        im += window * samples[i] * sin(2 * 3.14159265358979323846 * hz * (double)i / rate);
    }
    return n ? 4 * sqrt(re * re + im * im) / (double)n : 0;
}

static void tone(int16_t *samples, size_t n, double hz, double rate, uint64_t at)
{
    for (size_t i = 0; i < n; i++)
        samples[i] = (int16_t)(LOUD * sin(2 * 3.14159265358979323846 * hz * (double)(at + i) / rate));
}

/* Both say a tone for so long, each must hear the other's and not its own. */
static void talk_both_ways(struct talk *talk, int frames)
{
    static int16_t at_browser[64 * 320], at_phone[64 * 160];
    const double rate = talk->browser.codec == SAPA_CODEC_OPUS ? 16000 : 8000;
    const struct sapa_encoder_options options = { .codec = talk->browser.codec, .fec = true };
    const size_t each = (size_t)rate / 50;
    struct sapa_encoder *encoder;
    struct sapa_decoder *decoder;
    size_t browser_heard = 0, phone_heard = 0;
    const int64_t begin_us = sapa_mono_us();
    struct packet packet;

    assert_true(frames <= 60);
    assert_int_equal(sapa_encoder_new(&options, &encoder), SAPA_OK);
    assert_int_equal(sapa_decoder_new(talk->browser.codec, &decoder), SAPA_OK);
    for (int i = 0; i < frames; i++) {
        int16_t linear[320];
        uint8_t payload[SAPA_CODER_PAYLOAD_MAX];
        tone(linear, each, 700, rate, (uint64_t)i * each);
        const size_t n = sapa_encoder_run(encoder, linear, payload);
        browser_send(&talk->browser, payload, n);
        tone(linear, FRAME, 1500, 8000, (uint64_t)i * FRAME);
        sapa_g711_encode(SAPA_CODEC_PCMA, linear, FRAME, payload);
        phone_send(&talk->phone, payload);
        const int64_t next_us = begin_us + (i + 1) * 20000;
        do {
            if (browser_receive(&talk->browser, &packet, 1) && packet.rtp.payload_size > 1 && browser_heard < 62 * each)
                browser_heard += sapa_decoder_run(decoder, packet.payload, packet.rtp.payload_size, at_browser + browser_heard);
            if (phone_receive(&talk->phone, &packet, 1) && packet.rtp.payload_size == FRAME && phone_heard < (size_t)62 * FRAME) {
                sapa_g711_decode(SAPA_CODEC_PCMA, packet.payload, FRAME, at_phone + phone_heard);
                phone_heard += FRAME;
            }
        } while (sapa_mono_us() < next_us);
    }
    sapa_encoder_free(encoder);
    sapa_decoder_free(decoder);
    const size_t n = 10; /* the last of them: jitter buffers are settled by then */
    assert_true(browser_heard >= n * each && phone_heard >= n * FRAME);
    const int16_t *last = at_browser + browser_heard - n * each;
    assert_true(amplitude_of(last, n * each, 1500, rate) > THERE);
    assert_true(amplitude_of(last, n * each, 700, rate) < GONE);
    last = at_phone + phone_heard - n * FRAME;
    assert_true(amplitude_of(last, n * FRAME, 700, 8000) > THERE);
    assert_true(amplitude_of(last, n * FRAME, 1500, 8000) < GONE);
}

/* One frame from the page arrives at the customer, as it is. */
static void expect_through(struct talk *talk, unsigned number)
{
    struct packet packet;
    uint8_t octets[FRAME], expected[FRAME];
    const int64_t until_us = sapa_mono_us() + WAIT_MS * 1000;

    fill(octets, 5, number);
    sapa_g711_convert(talk->browser.codec, octets, FRAME, SAPA_CODEC_PCMA, expected);
    browser_send(&talk->browser, octets, FRAME);
    while (sapa_mono_us() < until_us)
        if (phone_receive(&talk->phone, &packet, 100) && packet.rtp.payload_size == FRAME &&
            memcmp(packet.payload, expected, FRAME) == 0)
            return;
    fail_msg("frame %u never came", number);
}

static void expect_silence(struct talk *talk)
{
    struct packet packet;

    while (phone_receive(&talk->phone, &packet, 60))
        assert_int_not_equal(packet.rtp.payload_size, FRAME);
}

/* They talk, as a test of it shows. */
static void talk_begin(struct talk *talk, uint8_t codec)
{
    talk_open(&media, talk, codec);
    browser_connect(&media, &talk->browser);
    expect_through(talk, 1);
}

/* --- tests --- */

static void test_g711_both_roles(void **state)
{
    struct talk talk;

    (void)state;
    for (unsigned client = 0; client < 2; client++) {
        talk_open(&media, &talk, SAPA_CODEC_PCMU);
        struct sapa_media_message set = browser_set_message(&talk.browser);
        set.u.leg.dtls_client = !client; /* media begins */
        say(&media, &set);
        (void)barrier(&media);
        browser_proves(&talk.browser, false);
        browser_proves(&talk.browser, true);
        browser_shakes_hands(&talk.browser, client);
        expect_connected(&media, &talk.browser, SAPA_OK);
        talk_both_ways(&talk, 30);
        talk_close(&media, &talk);
    }
}

static void test_opus(void **state)
{
    struct talk talk;

    (void)state;
    talk_open(&media, &talk, SAPA_CODEC_OPUS);
    browser_connect(&media, &talk.browser);
    talk_both_ways(&talk, 50);
    talk_close(&media, &talk);
}

static void test_ipv6(void **state)
{
    struct browser browser;
    struct sapa_addr any;

    (void)state;
    browser_open(&media, &browser, next_id++, SAPA_SIDE_AGENT, SAPA_CODEC_PCMU);
    const struct sapa_addr v4 = browser.to;
    close_leg(&media, browser.leg);
    browser.leg = next_id++;
    close(browser.fd);
    assert_int_equal(sapa_addr_parse(SAPA_STR("::1"), 0, &any), SAPA_OK);
    assert_int_equal(sapa_udp_open(&any, NULL, &browser.fd), SAPA_OK);
    assert_int_equal(sapa_socket_local(browser.fd, &browser.addr), SAPA_OK);
    struct sapa_media_message open = browser_open_message(&browser);
    open.u.leg.local = sapa_media_of_addr(&any);
    say(&media, &open);
    const struct sapa_media_message opened = await(&media, SAPA_MEDIA_LEG_OPENED);
    assert_int_equal(opened.code, 0);
    browser.to = sapa_addr_of_media(&opened.u.leg.local);
    assert_true(sapa_addr_is_v6(&browser.to) && !sapa_addr_equal(&browser.to, &v4));
    browser_connect(&media, &browser); /* XOR-MAPPED-ADDRESS is looked at there */
    close_leg(&media, browser.leg);
    browser_close(&browser);
}

/* Two pages with each other, on one port; digits; a plain prompt; statistics and RTCP on the same port. */
static void test_shared_port(void **state)
{
    struct browser a, b;
    struct packet packet;
    uint8_t octets[FRAME], bytes[SAPA_EVENT_SIZE];
    const uint64_t contact = next_id++;

    (void)state;
    browser_open(&media, &a, contact, SAPA_SIDE_CUSTOMER, SAPA_CODEC_PCMU);
    browser_open(&media, &b, contact, SAPA_SIDE_AGENT, SAPA_CODEC_PCMU);
    assert_true(sapa_addr_equal(&a.to, &b.to));
    browser_connect(&media, &a);
    browser_connect(&media, &b);
    order(&media, SAPA_MEDIA_BRIDGE, a.leg, b.leg);
    (void)barrier(&media);
    for (unsigned i = 0; i < 10; i++) {
        fill(octets, 1, i);
        browser_send(&a, octets, FRAME);
        assert_true(browser_receive(&b, &packet, WAIT_MS));
        assert_memory_equal(packet.payload, octets, FRAME);
        fill(octets, 2, i);
        browser_send(&b, octets, FRAME);
        assert_true(browser_receive(&a, &packet, WAIT_MS));
        assert_memory_equal(packet.payload, octets, FRAME);
    }
    const struct sapa_event event = { .event = 5, .end = true, .volume = 10, .duration = 800 };
    sapa_event_put(&event, bytes);
    browser_send_type(&a, 101, bytes, sizeof(bytes));
    const struct sapa_media_message digit = await(&media, SAPA_MEDIA_DIGIT);
    assert_int_equal(digit.u.dtmf.digit, '5');
    assert_int_equal(digit.leg, a.leg);
    order(&media, SAPA_MEDIA_LEG_CLOSE, a.leg, 0);
    const struct sapa_media_message closed = await(&media, SAPA_MEDIA_LEG_CLOSED);
    assert_int_equal(closed.u.quality.packets, 11);
    assert_int_equal(closed.u.quality.sent, 10);
    close_leg(&media, b.leg);
    browser_close(&a);
    browser_close(&b);
}

/* Two pages and a telephone in one conversation, then a prompt for one of them: as with any legs. */
static void test_conference_and_prompt(void **state)
{
    enum { FRAMES = 40, LAST = 10 };
    static const double tones[3] = { 700, 1100, 1500 };
    static int16_t heard[3][70 * FRAME];
    struct browser pages[2];
    struct phone phone;
    struct packet packet;
    size_t n[3] = { 0 };
    const uint64_t contact = next_id++, mix = next_id++;
    const struct phone_options options = { .leg = next_id++, .contact = contact, .codec = SAPA_CODEC_PCMA,
                                           .side = SAPA_SIDE_CUSTOMER, .dtmf_type = 101 };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        browser_open(&media, &pages[i], contact, SAPA_SIDE_AGENT, SAPA_CODEC_PCMU);
        browser_connect(&media, &pages[i]);
    }
    phone_open(&media, &phone, &options);
    const uint64_t legs[3] = { pages[0].leg, pages[1].leg, phone.leg };
    for (unsigned i = 0; i < 3; i++) {
        struct sapa_media_message join = { .op = SAPA_MEDIA_MIX_JOIN, .leg = legs[i] };
        join.u.mix.mix = mix;
        say(&media, &join);
    }
    (void)barrier(&media);
    const int64_t begin_us = sapa_mono_us();
    for (unsigned frame = 0; frame < FRAMES; frame++) {
        for (unsigned i = 0; i < 3; i++) {
            int16_t linear[FRAME];
            uint8_t octets[FRAME];
            tone(linear, FRAME, tones[i], 8000, (uint64_t)frame * FRAME);
            sapa_g711_encode(i < 2 ? SAPA_CODEC_PCMU : SAPA_CODEC_PCMA, linear, FRAME, octets);
            i < 2 ? browser_send(&pages[i], octets, FRAME) : phone_send(&phone, octets);
        }
        do {
            for (unsigned i = 0; i < 3; i++) {
                const bool got = i < 2 ? browser_receive(&pages[i], &packet, 1) : phone_receive(&phone, &packet, 1);
                if (!got || packet.rtp.payload_size != FRAME || n[i] + FRAME > SAPA_COUNT(heard[i]))
                    continue;
                sapa_g711_decode(i < 2 ? SAPA_CODEC_PCMU : SAPA_CODEC_PCMA, packet.payload, FRAME, heard[i] + n[i]);
                n[i] += FRAME;
            }
        } while (sapa_mono_us() < begin_us + (frame + 1) * 20000);
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_true(n[i] >= (size_t)LAST * FRAME);
        for (unsigned k = 0; k < 3; k++) {
            const double level = amplitude_of(heard[i] + n[i] - LAST * FRAME, LAST * FRAME, tones[k], 8000);
            assert_true(k == i ? level < GONE : level > THERE);
        }
    }
    order(&media, SAPA_MEDIA_MIX_LEAVE, pages[0].leg, 0);
    char name[128];
    uint8_t octets[FRAME], prompt[5 * FRAME];
    struct sapa_media_message play = { .op = SAPA_MEDIA_PLAY, .leg = pages[0].leg };
    for (unsigned i = 0; i < 5; i++)
        fill(prompt + i * FRAME, 7, i);
    (void)snprintf(name, sizeof(name), "%s/prompt.ulaw", folder);
    assert_int_equal(sapa_file_write(name, prompt, sizeof(prompt), 0600), SAPA_OK);
    play.u.play.play = 1;
    play.u.play.file_count = 1;
    (void)snprintf(play.u.play.files[0], sizeof(play.u.play.files[0]), "%s/prompt", folder);
    say(&media, &play);
    assert_int_equal(await(&media, SAPA_MEDIA_PLAY_DONE).code, 0);
    unsigned found = 0;
    fill(octets, 7, found);
    while (found < 5 && browser_receive(&pages[0], &packet, 500))
        if (packet.rtp.payload_size == FRAME && memcmp(packet.payload, octets, FRAME) == 0)
            fill(octets, 7, ++found);
    assert_int_equal(found, 5);
    for (unsigned i = 0; i < 2; i++) {
        close_leg(&media, pages[i].leg);
        browser_close(&pages[i]);
    }
    close_leg(&media, phone.leg);
    phone_close(&phone);
}

/* The handshake is through before the fingerprint is known: audio waits for it. */
static void test_fingerprint_comes_late(void **state)
{
    struct talk talk;
    uint8_t octets[FRAME] = { 0 };

    (void)state;
    talk_open(&media, &talk, SAPA_CODEC_PCMU);
    struct sapa_media_message set = browser_set_message(&talk.browser);
    const struct sapa_media_message full = set;
    set.u.leg.peer_hash = SAPA_MEDIA_HASH_NONE;
    set.u.leg.peer_ufrag[0] = 0; /* neither is who checks */
    memset(set.u.leg.peer_ufrag, 0, sizeof(set.u.leg.peer_ufrag));
    say(&media, &set);
    (void)barrier(&media);
    browser_proves(&talk.browser, true);
    browser_shakes_hands(&talk.browser, true);
    browser_send(&talk.browser, octets, FRAME);
    expect_silence(&talk);
    assert_false(has_kept(&media, SAPA_MEDIA_CONNECTED));
    struct sapa_media_message known = full;
    say(&media, &known);
    expect_connected(&media, &talk.browser, SAPA_OK);
    expect_through(&talk, 1);
    talk_close(&media, &talk);
}

static void test_wrong_fingerprint(void **state)
{
    struct talk talk;
    uint8_t octets[FRAME] = { 0 };

    (void)state;
    talk_open(&media, &talk, SAPA_CODEC_PCMU);
    struct sapa_media_message set = browser_set_message(&talk.browser);
    set.u.leg.peer_fingerprint[31] ^= 1;
    say(&media, &set);
    (void)barrier(&media);
    browser_proves(&talk.browser, true);
    browser_shakes_hands(&talk.browser, true); /* the page cannot know */
    expect_connected(&media, &talk.browser, SAPA_EDENIED);
    browser_send(&talk.browser, octets, FRAME);
    expect_silence(&talk);
    /* The right one is said: the page may try again. */
    set.u.leg.peer_fingerprint[31] ^= 1;
    say(&media, &set);
    (void)barrier(&media);
    browser_drop_association(&talk.browser);
    browser_shakes_hands(&talk.browser, true);
    expect_connected(&media, &talk.browser, SAPA_OK);
    expect_through(&talk, 2);
    talk_close(&media, &talk);
}

/* SHA-512 and SHA-384 as well. */
static void test_hashes(void **state)
{
    struct browser browser;

    (void)state;
    for (uint8_t hash = SAPA_MEDIA_HASH_SHA384; hash <= SAPA_MEDIA_HASH_SHA512; hash++) {
        browser_open(&media, &browser, next_id++, SAPA_SIDE_AGENT, SAPA_CODEC_PCMU);
        struct sapa_media_message set = browser_set_message(&browser);
        set.u.leg.peer_hash = SAPA_MEDIA_HASH_NONE;
        say(&media, &set);
        (void)barrier(&media);
        browser_proves(&browser, true);
        browser_shakes_hands(&browser, true);
        /* What a second association of ours with the same certificate shows us of it. */
        struct sapa_dtls *client, *server;
        struct browser mirror[2] = { { .fd = browser.fd, .to = browser.addr }, { .fd = browser.fd, .to = browser.addr } };
        struct sapa_dtls_result result;
        uint8_t bytes[2048];
        assert_int_equal(sapa_dtls_new(browser.context, false, browser_send_dtls, &mirror[0], 0, &server), SAPA_OK);
        assert_int_equal(sapa_dtls_new(browser.context, true, browser_send_dtls, &mirror[1], 0, &client), SAPA_OK);
        struct sapa_dtls *to[2] = { server, client };
        for (unsigned turn = 0; sapa_dtls_result(server, &result); turn++) {
            struct pollfd wait = { .fd = browser.fd, .events = POLLIN };
            assert_true(turn < 200); /* a busy machine takes its time */
            const unsigned before = mirror[turn % 2].dtls_sent;
            while (poll(&wait, 1, 20) > 0) {
                const ssize_t n = recv(browser.fd, bytes, sizeof(bytes), 0);
                (void)!sapa_dtls_take(to[turn % 2], bytes, (size_t)n, 0);
                if (mirror[turn % 2].dtls_sent != before)
                    break;
            }
        }
        sapa_dtls_free(client);
        sapa_dtls_free(server);
        set.u.leg.peer_hash = hash;
        memcpy(set.u.leg.peer_fingerprint, hash == SAPA_MEDIA_HASH_SHA384 ? result.sha384 : result.sha512,
               hash == SAPA_MEDIA_HASH_SHA384 ? 48 : 64);
        say(&media, &set);
        expect_connected(&media, &browser, SAPA_OK);
        close_leg(&media, browser.leg);
        browser_close(&browser);
    }
}

/* Each datagram of the handshake is lost once, from either side's first flight on (media's are lost by the page not reading them). */
static void test_lost_flights(void **state)
{
    struct talk talk;

    (void)state;
    for (unsigned lost = 0; lost < 4; lost++) {
        talk_open(&media, &talk, SAPA_CODEC_PCMU);
        talk.browser.lose = (uint32_t)1 << lost;
        browser_connect(&media, &talk.browser);
        expect_through(&talk, lost);
        talk_close(&media, &talk);
    }
}

static void test_restart_while_talking(void **state)
{
    struct talk talk;

    (void)state;
    talk_begin(&talk, SAPA_CODEC_PCMU);
    struct browser old = talk.browser;
    old.mute = true;
    browser_credentials(&talk.browser);
    talk.browser.checked_us = 0;
    (void)snprintf(talk.browser.own, sizeof(talk.browser.own), "efgh");
    struct sapa_media_message set = browser_set_message(&talk.browser);
    say(&media, &set);
    (void)barrier(&media);
    /* Two more that nobody follows: the last one counts. */
    for (unsigned i = 0; i < 2; i++) {
        browser_credentials(&talk.browser);
        set = browser_set_message(&talk.browser);
        say(&media, &set);
        (void)barrier(&media);
    }
    /* The old pair holds: checks are answered, audio goes through both ways. */
    browser_proves(&old, true);
    old.seq = talk.browser.seq;
    expect_through(&talk, 2);
    /* From another address, with the new pair; the keys are the same. */
    browser_socket(&talk.browser);
    browser_proves(&talk.browser, true);
    expect_through(&talk, 3);
    struct packet packet;
    uint8_t octets[FRAME];
    fill(octets, 9, 9);
    phone_send(&talk.phone, octets);
    assert_true(browser_receive(&talk.browser, &packet, WAIT_MS)); /* at the new place */
    browser_check(&old, true);
    for (int i = 0; i < 50 && old.last_error == 0; i++)
        (void)browser_receive(&old, NULL, 100);
    assert_int_equal(old.last_error, 401); /* the old pair is forgotten */
    close(old.fd);
    assert_false(has_kept(&media, SAPA_MEDIA_CONNECTED));
    talk_close(&media, &talk);
}

/* A page that was loaded again: other address, other certificate, other credentials. Bridge and recording go on. */
static void test_reload(void **state)
{
    struct talk talk;
    struct sapa_media_message record = { .op = SAPA_MEDIA_RECORD };

    (void)state;
    talk_open(&media, &talk, SAPA_CODEC_PCMU);
    record.recording = next_id++;
    record.contact = talk.contact;
    (void)snprintf(record.u.record.path, sizeof(record.u.record.path), "%s/%u.rec", folder, (unsigned)record.recording);
    memset(record.u.record.key, 7, sizeof(record.u.record.key));
    record.u.record.wrapped_size = 72;
    say(&media, &record);
    browser_connect(&media, &talk.browser);
    talk_both_ways(&talk, 40);
    for (unsigned again = 0; again < 3; again++) {
        browser_reload(&talk.browser);
        browser_credentials(&talk.browser);
        struct sapa_media_message set = browser_set_message(&talk.browser);
        const bool early = again == 1; /* it shakes hands before control knows the certificate: our offer, its answer on the way */
        struct sapa_media_message without = set;
        memset(without.u.leg.peer_fingerprint, 0, sizeof(without.u.leg.peer_fingerprint));
        without.u.leg.peer_hash = SAPA_MEDIA_HASH_NONE;
        say(&media, early ? &without : &set);
        (void)barrier(&media);
        browser_proves(&talk.browser, true);
        wait_ms(600); /* a peer begins an association twice a second at most */
        browser_shakes_hands(&talk.browser, true);
        if (early) {
            (void)barrier(&media);
            assert_false(has_kept(&media, SAPA_MEDIA_CONNECTED));
            say(&media, &set);
        }
        expect_connected(&media, &talk.browser, SAPA_OK);
        talk_both_ways(&talk, 30);
    }
    struct sapa_media_message end = { .op = SAPA_MEDIA_RECORD_END, .recording = record.recording };
    say(&media, &end);
    struct sapa_media_message said = await(&media, SAPA_MEDIA_RECORD_STATE);
    while (said.u.record_state.state != SAPA_RECORD_ENDED)
        said = await(&media, SAPA_MEDIA_RECORD_STATE);
    assert_int_equal(said.code, 0);
    assert_true(said.u.record_state.recorded_ms > 2500);
    struct sapa_key key;
    struct sapa_recording *recording;
    struct sapa_recording_info info;
    memset(&key, 7, sizeof(key));
    assert_int_equal(sapa_recording_open(record.u.record.path, &key, &recording), SAPA_OK);
    assert_int_equal(sapa_recording_verify(recording, &info), SAPA_OK);
    assert_int_equal(info.end, SAPA_RECORDING_COMPLETE);
    static int16_t pcm[2 * 1600], agent[1600];
    size_t frames;
    assert_int_equal(sapa_recording_read_pcm(recording, info.frames - 2400, 1600, pcm, &frames), SAPA_OK);
    assert_int_equal(frames, 1600);
    for (size_t i = 0; i < frames; i++)
        agent[i] = pcm[2 * i + 1];
    assert_true(amplitude_of(agent, frames, 700, 8000) > THERE); /* of the last of the pages */
    sapa_recording_close(recording);
    talk_close(&media, &talk);
}

static void test_consent(void **state)
{
    struct talk talk;
    struct packet packet;
    uint8_t octets[FRAME] = { 0 };

    (void)state;
    talk_begin(&talk, SAPA_CODEC_PCMU);
    talk.browser.mute = true;
    expect_connected(&media, &talk.browser, SAPA_ETIMEOUT); /* after three seconds here; RFC 7675 says thirty */
    while (browser_receive(&talk.browser, &packet, 20))
        ;
    phone_send(&talk.phone, octets);
    assert_false(browser_receive(&talk.browser, &packet, 100));
    browser_proves(&talk.browser, false); /* there it is again */
    expect_connected(&media, &talk.browser, SAPA_OK);
    phone_send(&talk.phone, octets);
    assert_true(browser_receive(&talk.browser, &packet, WAIT_MS));
    talk_close(&media, &talk);
}

/* One whom nobody ever hears is told of as on other legs: connected or not. */
static void test_silence(void **state)
{
    struct browser browser;
    struct sapa_media_message silent;

    (void)state;
    browser_open(&media, &browser, next_id++, SAPA_SIDE_AGENT, SAPA_CODEC_PCMU);
    struct sapa_media_message set = browser_set_message(&browser);
    say(&media, &set);
    silent = await(&media, SAPA_MEDIA_SILENT);
    assert_int_equal(silent.leg, browser.leg);
    browser_connect(&media, &browser);
    silent = await(&media, SAPA_MEDIA_SILENT); /* after two seconds again */
    assert_int_equal(silent.leg, browser.leg);
    close_leg(&media, browser.leg);
    browser_close(&browser);
}

/* Many at once: each handshake waits for its turn, none is lost. */
static void test_many(void **state)
{
    enum { MANY = 60 };
    static struct browser browsers[MANY];
    const int64_t until_us = sapa_mono_us() + 20000000;
    unsigned up = 0;

    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        browser_open(&media, &browsers[i], next_id++, SAPA_SIDE_AGENT, SAPA_CODEC_PCMU);
        struct sapa_media_message set = browser_set_message(&browsers[i]);
        say(&media, &set);
    }
    (void)barrier(&media);
    for (unsigned i = 0; i < MANY; i++) {
        browser_check(&browsers[i], true);
        assert_int_equal(sapa_dtls_new(browsers[i].context, true, browser_send_dtls, &browsers[i], sapa_mono_us(),
                                       &browsers[i].dtls), SAPA_OK);
    }
    while (up < MANY && sapa_mono_us() < until_us) {
        up = 0;
        for (unsigned i = 0; i < MANY; i++) {
            if (!browsers[i].is_up)
                (void)browser_receive(&browsers[i], NULL, 1);
            up += browsers[i].is_up;
        }
    }
    assert_int_equal(up, MANY);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(await(&media, SAPA_MEDIA_CONNECTED).code, 0);
    for (unsigned i = 0; i < MANY; i++) {
        close_leg(&media, browsers[i].leg);
        browser_close(&browsers[i]);
    }
    assert_int_equal(barrier(&media).u.stats.legs, 0);
}

static void test_strangers(void **state)
{
    struct talk talk;
    struct browser stranger = { .leg = 0 };
    struct packet packet;
    char username[64];
    uint8_t bytes[2048], octets[FRAME] = { 0 };

    (void)state;
    talk_begin(&talk, SAPA_CODEC_PCMU);
    browser_socket(&stranger);
    stranger.to = talk.browser.to;

    /* no integrity; a wrong password; a name that nobody has */
    struct sapa_stun_out out = browser_request(&talk.browser, true, username);
    out.password = NULL;
    size_t n = sapa_stun_write(&out, bytes);
    assert_int_equal(sapa_udp_send_one(stranger.fd, &stranger.to, bytes, n), SAPA_OK);
    for (int i = 0; i < 50 && stranger.last_error == 0; i++)
        (void)browser_receive(&stranger, NULL, 100);
    assert_int_equal(stranger.last_error, 400);
    out.password = "ABCDEFGHIJKLMNOPQRSTUVWX";
    n = sapa_stun_write(&out, bytes);
    assert_int_equal(sapa_udp_send_one(stranger.fd, &stranger.to, bytes, n), SAPA_OK);
    for (int i = 0; i < 50 && stranger.last_error == 400; i++)
        (void)browser_receive(&stranger, NULL, 100);
    assert_int_equal(stranger.last_error, 401);
    out.username = "nobody00:abcd";
    n = sapa_stun_write(&out, bytes);
    assert_int_equal(sapa_udp_send_one(stranger.fd, &stranger.to, bytes, n), SAPA_OK);
    assert_false(browser_receive(&stranger, NULL, 100));

    /* RTP that is sealed rightly, from an address that proved nothing; the same from the right one is taken */
    n = browser_seal(&talk.browser, bytes, SAPA_CODEC_PCMU, octets, FRAME);
    assert_int_equal(sapa_udp_send_one(stranger.fd, &stranger.to, bytes, n), SAPA_OK);
    expect_silence(&talk);
    assert_int_equal(sapa_udp_send_one(talk.browser.fd, &stranger.to, bytes, n), SAPA_OK);
    assert_true(phone_receive(&talk.phone, &packet, WAIT_MS));
    /* … once; not changed, not in the clear */
    assert_int_equal(sapa_udp_send_one(talk.browser.fd, &stranger.to, bytes, n), SAPA_OK);
    n = browser_seal(&talk.browser, bytes, SAPA_CODEC_PCMU, octets, FRAME);
    bytes[40] ^= 1;
    assert_int_equal(sapa_udp_send_one(talk.browser.fd, &stranger.to, bytes, n), SAPA_OK);
    sapa_rtp_put_head(bytes, false, 0, 77, 77, talk.browser.ssrc);
    assert_int_equal(sapa_udp_send_one(talk.browser.fd, &stranger.to, bytes, 172), SAPA_OK);
    expect_silence(&talk);

    /* a ClientHello of a stranger, datagrams of every first octet, of none and of too many */
    assert_int_equal(sapa_dtls_context_new(&stranger.context), SAPA_OK);
    assert_int_equal(sapa_dtls_new(stranger.context, true, browser_send_dtls, &stranger, sapa_mono_us(), &stranger.dtls), SAPA_OK);
    for (unsigned first = 0; first < 256; first++) {
        memset(bytes, (int)first, sizeof(bytes));
        assert_int_equal(sapa_udp_send_one(stranger.fd, &stranger.to, bytes, first % 64), SAPA_OK);
        assert_int_equal(sapa_udp_send_one(talk.browser.fd, &stranger.to, bytes, first % 64), SAPA_OK);
        assert_int_equal(sapa_udp_send_one(talk.browser.fd, &stranger.to, bytes, 1501 + first), SAPA_OK);
    }
    assert_false(browser_receive(&stranger, &packet, 200));
    assert_false(stranger.is_up);
    expect_through(&talk, 3);
    fill(octets, 1, 1);
    phone_send(&talk.phone, octets);
    assert_true(browser_receive(&talk.browser, &packet, WAIT_MS));
    assert_false(has_kept(&media, SAPA_MEDIA_CONNECTED));
    browser_close(&stranger);
    talk_close(&media, &talk);
}

/*
 * Somebody with a call of his own says that he is where another one talks from: the one who is heard there stays, for as
 * long as he is heard. Then the address is whose it is now: a NAT gives it to the next.
 */
static void test_an_address_is_not_taken_away(void **state)
{
    struct talk talk;
    struct browser other;
    uint8_t octets[FRAME] = { 0 };

    (void)state;
    talk_begin(&talk, SAPA_CODEC_PCMU);
    browser_open(&media, &other, next_id++, SAPA_SIDE_AGENT, SAPA_CODEC_PCMU);
    while (!sapa_addr_equal(&other.to, &talk.browser.to)) { /* two threads, each with a port: on the same one */
        close_leg(&media, other.leg);
        browser_close(&other);
        browser_open(&media, &other, next_id++, SAPA_SIDE_AGENT, SAPA_CODEC_PCMU);
    }
    struct sapa_media_message set = browser_set_message(&other);
    say(&media, &set);
    (void)barrier(&media);
    const int own = other.fd;
    other.fd = talk.browser.fd; /* forged: its packets come from there */
    for (unsigned i = 0; i < 5; i++) {
        browser_check(&other, true);
        expect_through(&talk, 2 + i);
    }
    talk.browser.mute = true;
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(await(&media, SAPA_MEDIA_CONNECTED).code, SAPA_ETIMEOUT); /* neither is heard any more */
    browser_check(&other, true);
    wait_ms(30);
    browser_send(&talk.browser, octets, FRAME);
    expect_silence(&talk);
    other.fd = own;
    close_leg(&media, other.leg);
    browser_close(&other);
    talk_close(&media, &talk);
}

/* One who knows the password begins again and again: two associations a second at most, and the keys that hold go on. */
static void test_again_and_again(void **state)
{
    enum { SERVER_HELLO = 2, RANDOM_AT = 27 };
    struct talk talk;
    struct pollfd wait;
    uint8_t bytes[2048], randoms[40][32];
    unsigned begun = 0;

    (void)state;
    talk_open(&media, &talk, SAPA_CODEC_PCMU);
    browser_connect(&media, &talk.browser);
    wait_ms(600);
    for (unsigned i = 0; i < 20; i++) { /* from the right address, and never finished */
        struct sapa_dtls *half;
        struct browser other = { .fd = talk.browser.fd, .to = talk.browser.to };
        assert_int_equal(sapa_dtls_new(talk.browser.context, true, browser_send_dtls, &other, sapa_mono_us(), &half), SAPA_OK);
        sapa_dtls_free(half);
        wait = (struct pollfd){ .fd = talk.browser.fd, .events = POLLIN };
        while (poll(&wait, 1, 10) > 0) {
            const ssize_t n = recv(talk.browser.fd, bytes, sizeof(bytes), 0);
            bool known = n < RANDOM_AT + 32 || bytes[0] != 22 || bytes[13] != SERVER_HELLO;
            for (unsigned k = 0; k < begun && !known; k++)
                known = memcmp(randoms[k], bytes + RANDOM_AT, 32) == 0;
            if (!known)
                memcpy(randoms[begun++], bytes + RANDOM_AT, 32);
        }
    }
    assert_true(begun >= 1 && begun <= 5); /* one, where the machine is in time */
    expect_through(&talk, 1);
    assert_false(has_kept(&media, SAPA_MEDIA_CONNECTED));
    talk_close(&media, &talk);
}

/* A leg goes to a contact of the other thread: its port stays where it is, its datagrams follow. */
static void test_move(void **state)
{
    struct talk talk;
    struct sapa_addr other_port = { 0 };

    (void)state;
    talk_begin(&talk, SAPA_CODEC_PCMU);
    for (unsigned i = 0; i < 8; i++) { /* two threads: some of these are on the other one */
        const uint64_t contact = next_id++;
        struct browser there;
        browser_open(&media, &there, contact, SAPA_SIDE_CUSTOMER, SAPA_CODEC_PCMU);
        if (!sapa_addr_equal(&there.to, &talk.browser.to))
            other_port = there.to;
        close_leg(&media, there.leg);
        browser_close(&there);
        struct sapa_media_message move = { .op = SAPA_MEDIA_LEG_MOVE, .leg = talk.browser.leg, .contact = contact };
        say(&media, &move);
        move.leg = talk.phone.leg;
        say(&media, &move);
        order(&media, SAPA_MEDIA_BRIDGE, talk.phone.leg, talk.browser.leg);
        (void)barrier(&media);
        assert_false(has_kept(&media, SAPA_MEDIA_ERROR));
        talk.contact = talk.browser.contact = contact;
        expect_through(&talk, i);
        browser_proves(&talk.browser, true);
        struct packet packet;
        uint8_t octets[FRAME] = { 0 };
        phone_send(&talk.phone, octets);
        assert_true(browser_receive(&talk.browser, &packet, WAIT_MS));
        /* from another address as well: the thread that reads the port learns it from the one that has the leg */
        close(talk.browser.fd);
        browser_socket(&talk.browser);
        browser_proves(&talk.browser, true);
        wait_ms(30);
        expect_through(&talk, 100 + i);
    }
    assert_true(sapa_addr_is_set(&other_port));
    talk_close(&media, &talk);
}

static void test_inventory(void **state)
{
    struct browser browser;

    (void)state;
    browser_open(&media, &browser, next_id++, SAPA_SIDE_AGENT, SAPA_CODEC_PCMU);
    browser_connect(&media, &browser);
    const struct sapa_media_message set = browser_set_message(&browser);
    control_close(&media);
    open_control(&media);
    const struct sapa_media_message *row = &media.last_inventory;
    assert_int_equal(row->leg, browser.leg);
    assert_int_equal(row->u.inventory.webrtc, 1);
    assert_int_equal(row->u.inventory.connected, 1);
    assert_string_equal(row->u.inventory.ice_ufrag, browser.ufrag);
    assert_string_equal(row->u.inventory.ice_pwd, browser.pwd);
    assert_int_equal(row->u.inventory.peer_hash, SAPA_MEDIA_HASH_SHA256);
    assert_memory_equal(row->u.inventory.peer_fingerprint, set.u.leg.peer_fingerprint, 32);
    const struct sapa_addr local = sapa_addr_of_media(&row->u.inventory.local);
    assert_true(sapa_addr_equal(&local, &browser.to));
    close_leg(&media, browser.leg);
    browser_close(&browser);
}

/* What control may not say. */
static void test_orders(void **state)
{
    struct browser browser, twin;
    struct call call;

    (void)state;
    browser_open(&media, &browser, next_id++, SAPA_SIDE_AGENT, SAPA_CODEC_PCMU);
    twin = browser;
    twin.leg = next_id++;
    struct sapa_media_message open = browser_open_message(&twin); /* the same user fragment */
    say(&media, &open);
    (void)await(&media, SAPA_MEDIA_LEG_OPENED);
    struct sapa_media_message error = await(&media, SAPA_MEDIA_ERROR);
    assert_int_equal(error.code, SAPA_EEXIST);
    assert_int_equal(error.leg, twin.leg);
    close_leg(&media, twin.leg);
    browser_connect(&media, &browser); /* which did not take it away from the first */
    struct sapa_media_message set = browser_set_message(&browser);
    set.u.leg.webrtc = 0;
    say(&media, &set);
    error = await(&media, SAPA_MEDIA_ERROR);
    assert_int_equal(error.code, SAPA_ESTATE);
    call_open(&media, &call, SAPA_CODEC_PCMA, SAPA_CODEC_PCMA);
    set = browser_set_message(&browser);
    set.leg = call.agent.leg;
    say(&media, &set);
    error = await(&media, SAPA_MEDIA_ERROR);
    assert_int_equal(error.code, SAPA_ESTATE);
    (void)call_close(&media, &call);
    close_leg(&media, browser.leg);
    browser_close(&browser);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_media, close_media)
    const struct CMUnitTest tests[] = {
        TEST(test_g711_both_roles),
        TEST(test_opus),
        TEST(test_ipv6),
        TEST(test_shared_port),
        TEST(test_conference_and_prompt),
        TEST(test_fingerprint_comes_late),
        TEST(test_wrong_fingerprint),
        TEST(test_hashes),
        TEST(test_lost_flights),
        TEST(test_restart_while_talking),
        TEST(test_reload),
        TEST(test_consent),
        TEST(test_silence),
        TEST(test_many),
        TEST(test_strangers),
        TEST(test_an_address_is_not_taken_away),
        TEST(test_again_and_again),
        TEST(test_move),
        TEST(test_inventory),
        TEST(test_orders),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    sapa_log_level(SAPA_LOG_ERROR);
    sapa_inband_init();
    return cmocka_run_group_tests(tests, start_process, stop_process);
}
