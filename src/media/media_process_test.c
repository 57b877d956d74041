/* The media process as control and phones see it: its socket, and RTP on loopback. */
#include "media/process_fake_impl.h"

/* --- tests --- */

static void test_relay_leaves_payload_untouched(void **state)
{
    struct control control;
    struct call call;
    struct packet packet;
    uint8_t octets[FRAME];
    uint16_t seq = 0;
    uint32_t timestamp = 0;

    (void)state;
    control_open(&control);
    call_open(&control, &call, SAPA_CODEC_PCMA, SAPA_CODEC_PCMA);
    for (unsigned i = 0; i < 40; i++) {
        fill(octets, 1, i);
        phone_send(&call.customer, octets);
        assert_true(phone_receive(&call.agent, &packet, WAIT_MS));
        assert_int_equal(packet.rtp.payload_size, FRAME);
        assert_memory_equal(packet.payload, octets, FRAME);
        assert_int_equal(packet.rtp.type, SAPA_RTP_PCMA);
        assert_int_equal(packet.rtp.marker, i == 0);
        assert_int_not_equal(packet.rtp.ssrc, call.customer.ssrc);
        if (i > 0) {
            assert_int_equal(packet.rtp.seq, (uint16_t)(seq + 1));
            assert_int_equal(packet.rtp.timestamp, timestamp + FRAME);
        }
        seq = packet.rtp.seq;
        timestamp = packet.rtp.timestamp;
        fill(octets, 2, i);
        phone_send(&call.agent, octets);
        assert_true(phone_receive(&call.customer, &packet, WAIT_MS));
        assert_memory_equal(packet.payload, octets, FRAME);
    }
    /* A gap of the source stays a gap; a copy is not sent twice. */
    call.customer.seq += 2;
    call.customer.timestamp += 2 * FRAME;
    phone_send(&call.customer, octets);
    assert_true(phone_receive(&call.agent, &packet, WAIT_MS));
    assert_int_equal(packet.rtp.seq, (uint16_t)(seq + 3));
    assert_int_equal(packet.rtp.timestamp, timestamp + 3 * FRAME);
    call.customer.seq--;
    send_from(call.customer.fd, &call.customer, SAPA_RTP_PCMA, call.customer.timestamp - FRAME, octets, FRAME);
    assert_false(phone_receive(&call.agent, &packet, 50));

    const struct sapa_media_message closed = call_close(&control, &call);
    assert_int_equal(closed.u.quality.packets, 41);
    assert_int_equal(closed.u.quality.lost, 2);
    assert_int_equal(closed.u.quality.sent, 40);
    control_close(&control);
}

static void test_conversion(void **state)
{
    struct control control;
    struct call call;
    struct packet packet;
    uint8_t octets[FRAME], expected[FRAME];

    (void)state;
    control_open(&control);
    call_open(&control, &call, SAPA_CODEC_PCMA, SAPA_CODEC_PCMU);
    fill(octets, 3, 0);
    phone_send(&call.customer, octets);
    assert_true(phone_receive(&call.agent, &packet, WAIT_MS));
    sapa_g711_convert(SAPA_CODEC_PCMA, octets, FRAME, SAPA_CODEC_PCMU, expected);
    assert_int_equal(packet.rtp.type, SAPA_RTP_PCMU);
    assert_memory_equal(packet.payload, expected, FRAME);
    phone_send(&call.agent, octets);
    assert_true(phone_receive(&call.customer, &packet, WAIT_MS));
    sapa_g711_convert(SAPA_CODEC_PCMU, octets, FRAME, SAPA_CODEC_PCMA, expected);
    assert_int_equal(packet.rtp.type, SAPA_RTP_PCMA);
    assert_memory_equal(packet.payload, expected, FRAME);
    (void)call_close(&control, &call);
    control_close(&control);
}

static void test_ipv6(void **state)
{
    struct control control;
    struct phone a, b;
    struct packet packet;
    uint8_t octets[FRAME];
    const uint64_t contact = next_id++;
    const struct phone_options one = { .leg = next_id++, .contact = contact, .codec = SAPA_CODEC_PCMU, .v6 = true };
    const struct phone_options two = { .leg = next_id++, .contact = contact, .codec = SAPA_CODEC_PCMU, .side = 1 };

    (void)state;
    control_open(&control);
    phone_open(&control, &a, &one);
    phone_open(&control, &b, &two);
    order(&control, SAPA_MEDIA_BRIDGE, a.leg, b.leg);
    (void)barrier(&control);
    fill(octets, 1, 1);
    phone_send(&a, octets);
    assert_true(phone_receive(&b, &packet, WAIT_MS));
    phone_send(&b, octets);
    assert_true(phone_receive(&a, &packet, WAIT_MS));
    assert_memory_equal(packet.payload, octets, FRAME);
    order(&control, SAPA_MEDIA_LEG_CLOSE, a.leg, 0);
    order(&control, SAPA_MEDIA_LEG_CLOSE, b.leg, 0);
    (void)await(&control, SAPA_MEDIA_LEG_CLOSED);
    (void)await(&control, SAPA_MEDIA_LEG_CLOSED);
    phone_close(&a);
    phone_close(&b);
    control_close(&control);
}

/* A leg that is bridged with itself hears itself, whatever its codec; then it is as any other. */
static void test_echo(void **state)
{
    static const uint8_t codecs[] = { SAPA_CODEC_PCMA, SAPA_CODEC_OPUS };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(codecs); i++) {
        struct control control;
        struct phone one;
        struct packet packet;
        uint8_t octets[FRAME];
        const uint64_t leg = next_id++;
        const struct phone_options options = { .leg = leg, .contact = next_id++, .codec = codecs[i] };

        control_open(&control);
        phone_open(&control, &one, &options);
        order(&control, SAPA_MEDIA_BRIDGE, one.leg, one.leg);
        (void)barrier(&control);
        for (unsigned n = 1; n < 5; n++) {
            fill(octets, n, 0);
            phone_send(&one, octets);
            assert_true(phone_receive(&one, &packet, WAIT_MS));
            assert_memory_equal(packet.payload, octets, FRAME);
        }
        order(&control, SAPA_MEDIA_BRIDGE, one.leg, one.leg); /* said again */
        order(&control, SAPA_MEDIA_UNBRIDGE, one.leg, 0);
        (void)barrier(&control);
        phone_send(&one, octets);
        assert_false(phone_receive(&one, &packet, 60));
        order(&control, SAPA_MEDIA_BRIDGE, one.leg, one.leg);
        order(&control, SAPA_MEDIA_LEG_CLOSE, one.leg, 0);
        assert_true(await(&control, SAPA_MEDIA_LEG_CLOSED).u.quality.packets >= 5);
        phone_close(&one);
        control_close(&control);
    }
}

static void test_wrong_source_is_ignored(void **state)
{
    struct control control;
    struct call call;
    struct packet packet;
    uint8_t octets[FRAME];
    struct phone thief;

    (void)state;
    control_open(&control);
    call_open(&control, &call, SAPA_CODEC_PCMA, SAPA_CODEC_PCMA);
    fill(octets, 1, 0);
    phone_send(&call.customer, octets);
    assert_true(phone_receive(&call.agent, &packet, WAIT_MS));
    /* Another socket of the same host sends to the customer's port. */
    thief = call.customer;
    thief.ssrc ^= 0x5555;
    for (int i = 0; i < 10; i++)
        send_from(call.agent.rtcp_fd, &thief, SAPA_RTP_PCMA, thief.timestamp, octets, FRAME);
    assert_false(phone_receive(&call.agent, &packet, 60));
    fill(octets, 1, 1);
    phone_send(&call.customer, octets);
    assert_true(phone_receive(&call.agent, &packet, WAIT_MS));
    assert_memory_equal(packet.payload, octets, FRAME);
    (void)call_close(&control, &call);
    control_close(&control);
}

/* The signalled address is not the one that packets come from (NAT): latch onto it, and answer there. */
static void test_latching(void **state)
{
    struct control control;
    struct call call;
    struct packet packet;
    uint8_t octets[FRAME];

    (void)state;
    control_open(&control);
    call_open(&control, &call, SAPA_CODEC_PCMA, SAPA_CODEC_PCMA);
    fill(octets, 4, 0);
    /* `addr` was signalled, but the phone speaks from another port. */
    send_from(call.customer.rtcp_fd, &call.customer, SAPA_RTP_PCMA, 0, octets, FRAME);
    assert_true(phone_receive(&call.agent, &packet, WAIT_MS));
    phone_send(&call.agent, octets);
    struct phone moved = call.customer;
    moved.fd = call.customer.rtcp_fd;
    assert_true(phone_receive(&moved, &packet, WAIT_MS));
    /* Early on, the signalled one may still take over. */
    phone_send(&call.customer, octets);
    assert_true(phone_receive(&call.agent, &packet, WAIT_MS));
    phone_send(&call.agent, octets);
    assert_true(phone_receive(&call.customer, &packet, WAIT_MS));
    /* ... and then the other is out. */
    send_from(call.customer.rtcp_fd, &call.customer, SAPA_RTP_PCMA, 999, octets, FRAME);
    assert_false(phone_receive(&call.agent, &packet, 60));
    (void)call_close(&control, &call);
    control_close(&control);
}

static void send_event(struct phone *phone, uint32_t timestamp, unsigned event, uint16_t duration, bool end)
{
    const struct sapa_event payload = { .event = (uint8_t)event, .end = end, .volume = 10, .duration = duration };
    uint8_t bytes[SAPA_EVENT_SIZE];

    sapa_event_put(&payload, bytes);
    send_from(phone->fd, phone, phone->dtmf_type, timestamp, bytes, sizeof(bytes));
}

static void test_events_in(void **state)
{
    struct control control;
    struct call call;
    struct packet packet;
    struct sapa_media_message digit;
    unsigned relayed = 0;

    (void)state;
    control_open(&control);
    call_open(&control, &call, SAPA_CODEC_PCMA, SAPA_CODEC_PCMA);
    for (uint16_t i = 1; i <= 5; i++)
        send_event(&call.customer, 5000, 7, (uint16_t)(160 * i), false);
    for (int i = 0; i < 3; i++)
        send_event(&call.customer, 5000, 7, 960, true);
    digit = await(&control, SAPA_MEDIA_DIGIT);
    assert_int_equal(digit.u.dtmf.digit, '7');
    assert_int_equal(digit.u.dtmf.length_ms, 120);
    assert_int_equal(digit.leg, call.customer.leg);
    while (phone_receive(&call.agent, &packet, 60)) {
        struct sapa_event event;
        assert_int_equal(packet.rtp.type, call.agent.dtmf_type); /* the agent's number for it */
        assert_int_equal(sapa_event_parse(packet.payload, packet.rtp.payload_size, &event), SAPA_OK);
        assert_int_equal(event.event, 7);
        relayed++;
    }
    assert_int_equal(relayed, 8);

    /* We numbered it 102 in our offer, the phone numbers it 96 in its answer and sends as we said (RFC 3264 6.1). */
    leg_set(&control, &call.agent, &(struct phone_options){ .leg = call.agent.leg, .contact = call.contact,
                                                            .side = SAPA_SIDE_AGENT, .dtmf_receive = 102 });
    (void)barrier(&control);
    const uint8_t theirs = call.agent.dtmf_type;
    call.agent.dtmf_type = 102;
    send_event(&call.agent, 6000, 5, 800, true);
    digit = await(&control, SAPA_MEDIA_DIGIT);
    assert_int_equal(digit.u.dtmf.digit, '5');
    assert_int_equal(digit.leg, call.agent.leg);
    call.agent.dtmf_type = theirs;
    send_event(&call.agent, 7000, 6, 800, true); /* … or as it said itself */
    digit = await(&control, SAPA_MEDIA_DIGIT);
    assert_int_equal(digit.u.dtmf.digit, '6');

    /* Held keys are told and not relayed; control passes on what it wants. */
    leg_set(&control, &call.agent, &(struct phone_options){ .leg = call.agent.leg, .contact = call.contact,
                                                            .side = SAPA_SIDE_AGENT, .keys_held = 1 });
    (void)barrier(&control);
    while (phone_receive(&call.customer, &packet, 60))
        ;
    send_event(&call.agent, 8000, 10, 800, true);
    digit = await(&control, SAPA_MEDIA_DIGIT);
    assert_int_equal(digit.u.dtmf.digit, '*');
    assert_false(phone_receive(&call.customer, &packet, 60));

    /* The end is lost. */
    send_event(&call.customer, 9000, 11, 160, false);
    send_event(&call.customer, 9000, 11, 320, false);
    digit = await(&control, SAPA_MEDIA_DIGIT);
    assert_int_equal(digit.u.dtmf.digit, '#');
    assert_int_equal(digit.u.dtmf.length_ms, 40);
    assert_false(has_kept(&control, SAPA_MEDIA_DIGIT));

    /* Secret: reported, not relayed. */
    while (phone_receive(&call.agent, &packet, 20))
        ;
    struct sapa_media_message secret = { .op = SAPA_MEDIA_SECRET, .leg = call.customer.leg, .code = 1 };
    say(&control, &secret);
    (void)barrier(&control);
    send_event(&call.customer, 20000, 3, 800, true);
    digit = await(&control, SAPA_MEDIA_DIGIT);
    assert_int_equal(digit.u.dtmf.digit, '3');
    assert_false(phone_receive(&call.agent, &packet, 60));
    (void)call_close(&control, &call);
    control_close(&control);
}

static void test_events_out(void **state)
{
    struct control control;
    struct call call;
    struct packet packet;
    struct sapa_event_receiver receiver = { 0 };
    struct sapa_media_message send = { .op = SAPA_MEDIA_SEND_DTMF };
    char heard[8] = "";
    unsigned n = 0, ends = 0;

    (void)state;
    control_open(&control);
    call_open(&control, &call, SAPA_CODEC_PCMA, SAPA_CODEC_PCMA);
    send.leg = call.agent.leg;
    send.u.dtmf.length_ms = 80;
    (void)snprintf(send.u.dtmf.digits, sizeof(send.u.dtmf.digits), "1*D");
    say(&control, &send);
    while (n < 3 && phone_receive(&call.agent, &packet, WAIT_MS)) {
        struct sapa_event event;
        struct sapa_event_digit digits[2];
        assert_int_equal(packet.rtp.type, call.agent.dtmf_type);
        assert_int_equal(sapa_event_parse(packet.payload, packet.rtp.payload_size, &event), SAPA_OK);
        const unsigned got = sapa_event_receive(&receiver, &event, packet.rtp.timestamp, 0, digits);
        for (unsigned i = 0; i < got; i++) {
            assert_int_equal(digits[i].length_ms, 80);
            heard[n++] = digits[i].digit;
        }
        ends += event.end;
    }
    heard[n] = 0;
    assert_string_equal(heard, "1*D");
    assert_true(ends >= 7);
    (void)call_close(&control, &call);
    control_close(&control);
}

static void on_digits(void *ctx, const char *digits, int count)
{
    char *heard = ctx;

    (void)strncat(heard, digits, (size_t)count);
}

/* Towards one that knows no events: tones, and found by an independent ear. */
static void test_tones_out(void **state)
{
    struct control control;
    struct packet packet;
    struct phone phone;
    char heard[16] = "";
    int16_t linear[FRAME];
    struct sapa_media_message send = { .op = SAPA_MEDIA_SEND_DTMF };
    const struct phone_options options = { .leg = next_id, .contact = next_id + 1, .codec = SAPA_CODEC_PCMU };

    (void)state;
    next_id += 2;
    control_open(&control);
    phone_open(&control, &phone, &options);
    (void)barrier(&control);
    send.leg = phone.leg;
    send.u.dtmf.length_ms = 100;
    (void)snprintf(send.u.dtmf.digits, sizeof(send.u.dtmf.digits), "159#");
    say(&control, &send);
    dtmf_rx_state_t *ear = dtmf_rx_init(NULL, on_digits, heard);
    for (int i = 0; i < 32 && phone_receive(&phone, &packet, WAIT_MS); i++) {
        assert_int_equal(packet.rtp.type, SAPA_RTP_PCMU);
        sapa_g711_decode(SAPA_CODEC_PCMU, packet.payload, FRAME, linear);
        dtmf_rx(ear, linear, FRAME);
    }
    dtmf_rx_free(ear);
    assert_string_equal(heard, "159#");
    order(&control, SAPA_MEDIA_LEG_CLOSE, phone.leg, 0);
    (void)await(&control, SAPA_MEDIA_LEG_CLOSED);
    phone_close(&phone);
    control_close(&control);
}

static void test_tones_in(void **state)
{
    struct control control;
    struct phone phone;
    uint8_t octets[FRAME];
    const struct phone_options options = { .leg = next_id, .contact = next_id + 1, .codec = SAPA_CODEC_PCMA,
                                           .inband = 1 };

    (void)state;
    next_id += 2;
    control_open(&control);
    phone_open(&control, &phone, &options);
    (void)barrier(&control);
    for (unsigned i = 0; i < 40; i++) {
        memset(octets, SAPA_G711_ALAW_SILENCE, FRAME);
        if (i >= 10 && i < 16)
            memcpy(octets, sapa_inband_tone(8) + (i - 10) * FRAME, FRAME);
        if (i != 13) /* one is lost on the way: concealed */
            phone_send(&phone, octets);
        else
            phone.seq++, phone.timestamp += FRAME;
        wait_ms(20);
    }
    const struct sapa_media_message digit = await(&control, SAPA_MEDIA_DIGIT);
    assert_int_equal(digit.u.dtmf.digit, '8');
    assert_true(digit.u.dtmf.length_ms >= 60 && digit.u.dtmf.length_ms <= 180);
    assert_false(has_kept(&control, SAPA_MEDIA_DIGIT));
    order(&control, SAPA_MEDIA_LEG_CLOSE, phone.leg, 0);
    (void)await(&control, SAPA_MEDIA_LEG_CLOSED);
    phone_close(&phone);
    control_close(&control);
}

/* A sound file of `frames` frames, each told apart by its first octets. */
static void make_sound(const char *name, const char *law, unsigned seed, unsigned frames, unsigned extra)
{
    char path[160];
    uint8_t octets[FRAME];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s.%s", folder, name, law);
    file = fopen(path, "wb");
    assert_non_null(file);
    for (unsigned i = 0; i < frames; i++) {
        fill(octets, seed, i);
        assert_int_equal(fwrite(octets, 1, FRAME, file), FRAME);
    }
    fill(octets, seed, frames);
    assert_int_equal(fwrite(octets, 1, extra, file), extra);
    assert_int_equal(fclose(file), 0);
}

static void play(struct control *control, uint64_t leg, uint32_t number, bool loop, const char *a, const char *b)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_PLAY, .leg = leg, .tag = number };

    message.u.play.play = number;
    message.u.play.loop = loop;
    message.u.play.file_count = b ? 2 : 1;
    (void)snprintf(message.u.play.files[0], SAPA_MEDIA_PATH_MAX, "%s/%s", folder, a);
    if (b)
        (void)snprintf(message.u.play.files[1], SAPA_MEDIA_PATH_MAX, "%s/%s", folder, b);
    say(control, &message);
}

static void test_play(void **state)
{
    struct control control;
    struct phone phone;
    struct packet packet;
    uint8_t octets[FRAME], expected[FRAME];
    struct sapa_media_message done;
    const struct phone_options options = { .leg = next_id, .contact = next_id + 1, .codec = SAPA_CODEC_PCMA };

    (void)state;
    next_id += 2;
    make_sound("one", "alaw", 11, 10, 80);
    make_sound("two", "ulaw", 12, 10, 0); /* of the other law */
    make_sound("music", "alaw", 13, 8, 0);
    control_open(&control);
    phone_open(&control, &phone, &options);
    (void)barrier(&control);
    const int64_t begin_us = sapa_mono_us();
    play(&control, phone.leg, 41, false, "one", "two");
    uint8_t whole[21 * FRAME];
    memset(whole, SAPA_G711_ALAW_SILENCE, sizeof(whole));
    for (unsigned i = 0; i < 11; i++) {
        fill(octets, 11, i);
        memcpy(whole + i * FRAME, octets, i < 10 ? FRAME : 80);
    }
    for (unsigned i = 0; i < 10; i++) {
        fill(octets, 12, i);
        sapa_g711_convert(SAPA_CODEC_PCMU, octets, FRAME, SAPA_CODEC_PCMA, whole + 10 * FRAME + 80 + i * FRAME);
    }
    uint32_t timestamp = 0;
    uint16_t seq = 0;
    for (unsigned i = 0; i < 21; i++) {
        assert_true(phone_receive(&phone, &packet, WAIT_MS));
        assert_memory_equal(packet.payload, whole + i * FRAME, FRAME);
        assert_int_equal(packet.rtp.marker, i == 0);
        if (i > 0) {
            assert_int_equal(packet.rtp.timestamp, timestamp + FRAME);
            assert_int_equal(packet.rtp.seq, (uint16_t)(seq + 1));
        }
        timestamp = packet.rtp.timestamp;
        seq = packet.rtp.seq;
    }
    /* Twenty steps of 20 ms: never early. (Late is the machine's affair.) */
    assert_true(sapa_mono_us() - begin_us >= 399000);
    done = await(&control, SAPA_MEDIA_PLAY_DONE);
    assert_int_equal(done.u.play.play, 41);
    assert_int_equal(done.code, 0);
    assert_false(phone_receive(&phone, &packet, 60));

    /* Music, interrupted by an announcement, goes on from its place. */
    play(&control, phone.leg, 42, true, "music", NULL);
    unsigned at = 0;
    for (; at < 11; at++) {
        assert_true(phone_receive(&phone, &packet, WAIT_MS));
        fill(expected, 13, at % 8);
        assert_memory_equal(packet.payload, expected, FRAME);
    }
    play(&control, phone.leg, 43, false, "one", NULL);
    fill(octets, 11, 0);
    for (;; at++) { /* music until the announcement begins */
        assert_true(phone_receive(&phone, &packet, WAIT_MS));
        if (memcmp(packet.payload, octets, FRAME) == 0)
            break;
        fill(expected, 13, at % 8);
        assert_memory_equal(packet.payload, expected, FRAME);
    }
    done = await(&control, SAPA_MEDIA_PLAY_DONE);
    assert_int_equal(done.u.play.play, 43);
    while (phone_receive(&phone, &packet, 60))
        ;
    play(&control, phone.leg, 44, true, "music", NULL);
    assert_true(phone_receive(&phone, &packet, WAIT_MS));
    fill(expected, 13, at % 8);
    assert_memory_equal(packet.payload, expected, FRAME);
    order(&control, SAPA_MEDIA_STOP, phone.leg, 0);
    (void)barrier(&control);
    while (phone_receive(&phone, &packet, 60))
        ;
    assert_false(has_kept(&control, SAPA_MEDIA_PLAY_DONE));

    play(&control, phone.leg, 45, false, "nothing", NULL);
    done = await(&control, SAPA_MEDIA_PLAY_DONE);
    assert_int_equal(done.code, SAPA_ENOENT);
    play(&control, phone.leg, 46, false, "../../etc/passwd", NULL);
    assert_int_equal(await(&control, SAPA_MEDIA_ERROR).code, SAPA_EINVAL);
    order(&control, SAPA_MEDIA_LEG_CLOSE, phone.leg, 0);
    (void)await(&control, SAPA_MEDIA_LEG_CLOSED);
    phone_close(&phone);
    control_close(&control);
}

static void start_recording(struct control *control, uint64_t id, uint64_t contact, const char *name, uint8_t kind,
                            uint32_t max_ms)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_RECORD, .recording = id, .contact = contact };

    (void)snprintf(message.u.record.path, SAPA_MEDIA_PATH_MAX, "%s/%s", folder, name);
    memset(message.u.record.key, 0x42, sizeof(message.u.record.key));
    memset(message.u.record.wrapped, 0x17, 72);
    message.u.record.wrapped_size = 72;
    message.u.record.kind = kind;
    message.u.record.max_ms = max_ms;
    say(control, &message);
}

static void record_order(struct control *control, uint16_t op, uint64_t id)
{
    struct sapa_media_message message = { .op = op, .recording = id };

    say(control, &message);
}

/* Frames `from`..`to` both ways, 20 ms apart. */
static void talk(struct call *call, unsigned from, unsigned to)
{
    uint8_t octets[FRAME];
    struct packet packet;
    int64_t next_us = sapa_mono_us();

    for (unsigned i = from; i < to; i++) {
        fill(octets, 1, i);
        phone_send(&call->customer, octets);
        fill(octets, 2, i);
        phone_send(&call->agent, octets);
        next_us += 20000;
        while (sapa_mono_us() < next_us)
            wait_ms((int)((next_us - sapa_mono_us()) / 1000) + 1);
        while (phone_receive(&call->agent, &packet, 0))
            ;
        while (phone_receive(&call->customer, &packet, 0))
            ;
    }
}

/* Position of frame `i` of `phone` in one channel of decoded audio; -1 when it is not there. */
static long find_frame(const int16_t *pcm, size_t frames, unsigned channel, uint8_t codec, unsigned phone, unsigned i)
{
    uint8_t octets[FRAME];
    int16_t linear[FRAME];

    fill(octets, phone, i);
    sapa_g711_decode(codec, octets, FRAME, linear);
    for (size_t at = 0; at + FRAME <= frames; at++) {
        size_t n = 0;
        while (n < FRAME && pcm[(at + n) * 2 + channel] == linear[n])
            n++;
        if (n == FRAME)
            return (long)at;
    }
    return -1;
}

static void test_record(void **state)
{
    struct control control;
    struct call call;
    struct sapa_media_message said, end;
    struct sapa_recording *recording;
    struct sapa_recording_info info;
    struct sapa_key key;
    char path[160];
    static int16_t pcm[8000 * 10 * 2];
    size_t frames = 0;
    const uint64_t id = next_id++;

    (void)state;
    memset(&key, 0x42, sizeof(key));
    control_open(&control);
    call_open(&control, &call, SAPA_CODEC_PCMA, SAPA_CODEC_PCMU);
    start_recording(&control, id, call.contact, "call.rec", 0, 0);
    said = await(&control, SAPA_MEDIA_RECORD_STATE);
    assert_int_equal(said.u.record_state.state, SAPA_RECORD_STARTED);
    assert_int_equal(said.recording, id);
    talk(&call, 0, 30);
    record_order(&control, SAPA_MEDIA_RECORD_PAUSE, id);
    said = await(&control, SAPA_MEDIA_RECORD_STATE);
    assert_int_equal(said.u.record_state.state, SAPA_RECORD_PAUSED);
    talk(&call, 30, 50);
    record_order(&control, SAPA_MEDIA_RECORD_RESUME, id);
    said = await(&control, SAPA_MEDIA_RECORD_STATE);
    assert_int_equal(said.u.record_state.state, SAPA_RECORD_RESUMED);
    assert_true(said.u.record_state.masked_ms >= 380);
    talk(&call, 50, 60);
    /* On hold the recording goes on: the bridge is cut, both still send. */
    order(&control, SAPA_MEDIA_UNBRIDGE, call.customer.leg, 0);
    (void)barrier(&control);
    talk(&call, 60, 70);
    record_order(&control, SAPA_MEDIA_RECORD_END, id);
    end = await(&control, SAPA_MEDIA_RECORD_STATE);
    assert_int_equal(end.u.record_state.state, SAPA_RECORD_ENDED);

    (void)snprintf(path, sizeof(path), "%s/call.rec", folder);
    assert_int_equal(sapa_recording_open(path, &key, &recording), SAPA_OK);
    assert_int_equal(sapa_recording_get_head(recording)->channels, 2);
    assert_int_equal(sapa_recording_get_head(recording)->wrapped_size, 72);
    assert_int_equal(sapa_recording_verify(recording, &info), SAPA_OK);
    assert_int_equal(info.end, SAPA_RECORDING_COMPLETE);
    assert_int_equal(info.recorded_ms, end.u.record_state.recorded_ms);
    assert_int_equal(info.masked_ms, end.u.record_state.masked_ms);
    assert_int_equal(info.bytes, end.u.record_state.bytes);
    assert_memory_equal(info.hash, end.u.record_state.hash, 32);
    assert_true(info.recorded_ms + info.masked_ms >= 1380);
    assert_int_equal(info.frames * 1000 / 8000, info.recorded_ms + info.masked_ms);
    assert_int_equal(sapa_recording_read_pcm(recording, 0, 80000, pcm, &frames), SAPA_OK);
    assert_int_equal(frames, info.frames);
    long last[2] = { -1, -1 };
    for (unsigned i = 0; i < 70; i++) {
        const long at[2] = { find_frame(pcm, frames, 0, SAPA_CODEC_PCMA, 1, i),
                             find_frame(pcm, frames, 1, SAPA_CODEC_PCMU, 2, i) };
        for (int channel = 0; channel < 2; channel++) {
            if (i > 30 && i < 49)
                assert_int_equal(at[channel], -1); /* masked */
            else if ((i > 0 && i < 29) || (i > 51 && i < 69)) /* the first was spoken before the start */
                assert_true(at[channel] > last[channel]); /* there, in order */
            last[channel] = SAPA_MAX(last[channel], at[channel]);
        }
        if (at[0] >= 0 && at[1] >= 0) /* the two sides stand side by side */
            assert_true(labs(at[0] - at[1]) <= 8 * 30);
    }
    /* Masked time is silence of the same length. */
    const long gap = find_frame(pcm, frames, 0, SAPA_CODEC_PCMA, 1, 52) -
                     find_frame(pcm, frames, 0, SAPA_CODEC_PCMA, 1, 28);
    assert_true(gap >= 23 * FRAME && gap <= 40 * FRAME);
    sapa_recording_close(recording);

    (void)snprintf(path, sizeof(path), "%s/call.wav", folder);
    char source[160];
    (void)snprintf(source, sizeof(source), "%s/call.rec", folder);
    assert_int_equal(sapa_recording_to_wav(source, &key, path, NULL), SAPA_OK);
    struct stat wav;
    assert_int_equal(stat(path, &wav), 0);
    assert_int_equal(wav.st_size, 44 + info.frames * 4);
    (void)call_close(&control, &call);
    control_close(&control);
}

static void test_voicemail_ends_by_itself(void **state)
{
    struct control control;
    struct call call;
    struct sapa_recording *recording;
    struct sapa_recording_info info;
    struct sapa_key key;
    char path[160];
    const uint64_t id = next_id++;

    (void)state;
    memset(&key, 0x42, sizeof(key));
    control_open(&control);
    call_open(&control, &call, SAPA_CODEC_PCMA, SAPA_CODEC_PCMA);
    start_recording(&control, id, call.contact, "mail.rec", 1, 500);
    assert_int_equal(await(&control, SAPA_MEDIA_RECORD_STATE).u.record_state.state, SAPA_RECORD_STARTED);
    talk(&call, 0, 20);
    const struct sapa_media_message end = await(&control, SAPA_MEDIA_RECORD_STATE);
    assert_int_equal(end.u.record_state.state, SAPA_RECORD_ENDED);
    assert_int_equal(end.u.record_state.recorded_ms, 500);
    (void)snprintf(path, sizeof(path), "%s/mail.rec", folder);
    assert_int_equal(sapa_recording_open(path, &key, &recording), SAPA_OK);
    assert_int_equal(sapa_recording_get_head(recording)->channels, 1);
    assert_int_equal(sapa_recording_verify(recording, &info), SAPA_OK);
    assert_int_equal(info.end, SAPA_RECORDING_LIMIT);
    assert_int_equal(info.frames, 4000);
    sapa_recording_close(recording);
    record_order(&control, SAPA_MEDIA_RECORD_END, id);
    assert_int_equal(await(&control, SAPA_MEDIA_ERROR).code, SAPA_ENOENT);
    (void)call_close(&control, &call);
    control_close(&control);
}

static void test_failed_write_ends_the_recording_only(void **state)
{
    struct control control;
    struct call call;
    struct packet packet;
    uint8_t octets[FRAME];
    const struct rlimit small = { 20000, RLIM_INFINITY }, none = { RLIM_INFINITY, RLIM_INFINITY };
    const uint64_t id = next_id++;

    (void)state;
    (void)signal(SIGXFSZ, SIG_IGN);
    control_open(&control);
    call_open(&control, &call, SAPA_CODEC_PCMA, SAPA_CODEC_PCMA);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    start_recording(&control, id, call.contact, "full.rec", 0, 0);
    assert_int_equal(await(&control, SAPA_MEDIA_RECORD_STATE).u.record_state.state, SAPA_RECORD_STARTED);
    talk(&call, 0, 80);
    const struct sapa_media_message failed = await(&control, SAPA_MEDIA_RECORD_STATE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_int_equal(failed.u.record_state.state, SAPA_RECORD_FAILED);
    assert_int_equal(failed.code, SAPA_ELIMIT);
    fill(octets, 1, 5);
    phone_send(&call.customer, octets);
    assert_true(phone_receive(&call.agent, &packet, WAIT_MS));
    assert_memory_equal(packet.payload, octets, FRAME);
    /* The contact can be recorded again. */
    start_recording(&control, id + 100000, call.contact, "again.rec", 0, 0);
    assert_int_equal(await(&control, SAPA_MEDIA_RECORD_STATE).u.record_state.state, SAPA_RECORD_STARTED);
    record_order(&control, SAPA_MEDIA_RECORD_END, id + 100000);
    assert_int_equal(await(&control, SAPA_MEDIA_RECORD_STATE).u.record_state.state, SAPA_RECORD_ENDED);
    /* Never over a file that is there. */
    start_recording(&control, id + 100001, call.contact, "again.rec", 0, 0);
    const struct sapa_media_message there = await(&control, SAPA_MEDIA_RECORD_STATE);
    assert_int_equal(there.u.record_state.state, SAPA_RECORD_FAILED);
    assert_int_equal(there.code, SAPA_EEXIST);
    (void)call_close(&control, &call);
    control_close(&control);
}

static void test_control_may_die(void **state)
{
    struct control first, second;
    struct call call;
    struct packet packet;
    uint8_t octets[FRAME];
    const uint64_t id = next_id++;

    (void)state;
    control_open(&first);
    call_open(&first, &call, SAPA_CODEC_PCMA, SAPA_CODEC_PCMA);
    start_recording(&first, id, call.contact, "outlive.rec", 0, 0);
    (void)await(&first, SAPA_MEDIA_RECORD_STATE);
    control_close(&first);

    talk(&call, 0, 10);
    fill(octets, 1, 77);
    phone_send(&call.customer, octets);
    do
        assert_true(phone_receive(&call.agent, &packet, WAIT_MS));
    while (memcmp(packet.payload, octets, FRAME) != 0);
    send_event(&call.customer, 5000, 5, 800, true); /* nobody hears it now */

    control_open(&second);
    assert_int_equal(second.generation, first.generation);
    assert_int_equal(second.inventory, 2);
    assert_int_equal(second.last_inventory.contact, call.contact);
    assert_int_equal(second.last_inventory.u.inventory.recording, id);
    assert_int_equal(second.last_inventory.u.inventory.generation, 5);
    assert_true(second.last_inventory.u.inventory.bridged_with == call.customer.leg ||
                second.last_inventory.u.inventory.bridged_with == call.agent.leg);
    assert_int_equal(await(&second, SAPA_MEDIA_DIGIT).u.dtmf.digit, '5');
    record_order(&second, SAPA_MEDIA_RECORD_END, id);
    const struct sapa_media_message end = await(&second, SAPA_MEDIA_RECORD_STATE);
    assert_int_equal(end.u.record_state.state, SAPA_RECORD_ENDED);
    assert_true(end.u.record_state.recorded_ms >= 180);
    (void)call_close(&second, &call);
    control_close(&second);
}

static void test_fencing(void **state)
{
    struct control old, new;
    struct sapa_media_message message;

    (void)state;
    control_open(&old);
    control_open(&new);
    assert_int_equal(await(&old, SAPA_MEDIA_FENCED).epoch, new.epoch);
    order(&old, SAPA_MEDIA_STOP, 1, 0);
    message = await(&old, SAPA_MEDIA_FENCED);
    assert_int_equal(message.failed, SAPA_MEDIA_STOP);
    struct sapa_media_message hello = { .op = SAPA_MEDIA_HELLO };
    hello.u.hello.epoch = old.epoch;
    say(&old, &hello);
    assert_int_equal(await(&old, SAPA_MEDIA_FENCED).failed, SAPA_MEDIA_HELLO);
    (void)barrier(&new);
    control_close(&old);
    control_close(&new);
}

static void test_malformed_messages(void **state)
{
    struct control control, stranger;
    struct sapa_media_message message = { .op = SAPA_MEDIA_STOP, .leg = 1 };
    uint8_t noise[3000];

    (void)state;
    control_connect(&stranger); /* never says hello */
    say(&stranger, &message);
    assert_int_equal(await(&stranger, SAPA_MEDIA_ERROR).code, SAPA_ESTATE);
    control_close(&stranger);

    control_open(&control);
    for (unsigned i = 0; i < 200; i++) {
        sapa_random_bytes(noise, sizeof(noise));
        (void)!sapa_unix_send(control.fd, noise, sapa_random_u64() % sizeof(noise) + 1, NULL, 0);
        struct sapa_media_message answer;
        while (receive(control.fd, &answer, 0))
            ;
    }
    order(&control, SAPA_MEDIA_STOP, 0xdeadbeef, 0);
    do
        message = await(&control, SAPA_MEDIA_ERROR);
    while (message.leg != 0xdeadbeef);
    assert_int_equal(message.code, SAPA_ENOENT);
    order(&control, SAPA_MEDIA_BRIDGE, 0, 0);
    assert_int_equal(await(&control, SAPA_MEDIA_ERROR).code, SAPA_EINVAL);
    (void)barrier(&control);
    control_close(&control);
}

static void test_rtcp(void **state)
{
    struct control control;
    struct call call;
    uint8_t octets[FRAME], bytes[512];
    struct sapa_rtcp rtcp;
    bool has_report = false;
    struct packet packet;

    (void)state;
    control_open(&control);
    call_open(&control, &call, SAPA_CODEC_PCMA, SAPA_CODEC_PCMA);
    /* What the agent's phone reports tells the round trip. */
    fill(octets, 1, 1);
    phone_send(&call.customer, octets);
    assert_true(phone_receive(&call.agent, &packet, WAIT_MS));
    const struct sapa_rtcp_block block = { .ssrc = packet.rtp.ssrc, .jitter = 8,
                                           .last_sr = (uint32_t)(sapa_rtcp_ntp(sapa_wall_us() - 80000) >> 16),
                                           .delay_since_sr = 65536 / 50 };
    const struct sapa_rtcp_out out = { .ssrc = call.agent.ssrc, .cname = "phone", .block = &block };
    struct sapa_addr to = call.agent.to;
    sapa_addr_set_port(&to, (uint16_t)(sapa_addr_port(&to) + 1));
    const size_t n = sapa_rtcp_write(&out, bytes);
    phone_send(&call.agent, octets);
    assert_true(phone_receive(&call.customer, &packet, WAIT_MS)); /* the leg has latched */
    assert_int_equal(sapa_udp_send_one(call.agent.rtcp_fd, &to, bytes, n), SAPA_OK);
    (void)barrier(&control);
    /* Its own report comes to where that one came from, at the latest as a goodbye. */
    order(&control, SAPA_MEDIA_LEG_CLOSE, call.agent.leg, 0);
    const struct sapa_media_message closed = await(&control, SAPA_MEDIA_LEG_CLOSED);
    assert_true(closed.u.quality.rtt_us >= 50000 && closed.u.quality.rtt_us <= 400000);
    assert_true(closed.u.quality.mos_x100 > 350);
    struct pollfd wait = { .fd = call.agent.rtcp_fd, .events = POLLIN };
    while (poll(&wait, 1, 200) > 0) {
        const ssize_t got = recv(call.agent.rtcp_fd, bytes, sizeof(bytes), 0);
        assert_int_equal(sapa_rtcp_parse(bytes, (size_t)got, call.agent.ssrc, &rtcp), SAPA_OK);
        has_report |= rtcp.has_block && rtcp.has_sender && rtcp.bye;
    }
    assert_true(has_report);
    order(&control, SAPA_MEDIA_LEG_CLOSE, call.customer.leg, 0);
    (void)await(&control, SAPA_MEDIA_LEG_CLOSED);
    phone_close(&call.customer);
    phone_close(&call.agent);
    control_close(&control);
}

/* One packet in three is lost for some seconds: alarm; then nothing comes at all: SILENT. */
static void test_bad_line(void **state)
{
    struct control control;
    struct call call;
    struct sapa_media_message said;
    uint8_t octets[FRAME];

    (void)state;
    control_open(&control);
    call_open(&control, &call, SAPA_CODEC_PCMA, SAPA_CODEC_PCMA);
    fill(octets, 1, 1);
    for (unsigned i = 0; i < 400; i++) {
        struct sapa_media_message message;
        if (i % 3 == 0)
            call.customer.seq++, call.customer.timestamp += FRAME;
        phone_send(&call.customer, octets);
        wait_ms(20);
        if (receive(control.fd, &message, 0)) {
            control.kept[control.kept_count++] = message;
            if (message.op == SAPA_MEDIA_QUALITY)
                break;
        }
    }
    said = await(&control, SAPA_MEDIA_QUALITY);
    assert_int_equal(said.code, 1);
    assert_int_equal(said.leg, call.customer.leg);
    assert_true(said.u.quality.lost > 20);
    do
        said = await(&control, SAPA_MEDIA_SILENT);
    while (said.leg != call.customer.leg);
    assert_true(said.code >= 2);
    said = call_close(&control, &call);
    assert_true(said.u.quality.mos_x100 < 310);
    assert_true(said.u.quality.mos_min_x100 >= 100 && said.u.quality.mos_min_x100 <= said.u.quality.mos_x100);
    assert_true(said.u.quality.talk_ms > 2000);
    control_close(&control);
}

static void limit(struct control *control, uint32_t mos_x100, uint32_t window_ms)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_LIMITS };

    message.u.limits.quality_mos_x100 = mos_x100;
    message.u.limits.quality_window_ms = window_ms;
    say(control, &message);
}

/* When a line is called bad is control's to say, of calls that live too: a clean one is, and then not any more. */
static void test_limits(void **state)
{
    struct control control;
    struct call call;
    uint8_t octets[FRAME];
    unsigned said = 0;

    (void)state;
    control_open(&control);
    call_open(&control, &call, SAPA_CODEC_PCMA, SAPA_CODEC_PCMA);
    limit(&control, 450, 2000);
    fill(octets, 1, 1);
    for (unsigned i = 0; i < 500 && said < 2; i++) {
        struct sapa_media_message message;
        phone_send(&call.customer, octets);
        wait_ms(20);
        while (receive(control.fd, &message, 0)) {
            if (message.op != SAPA_MEDIA_QUALITY)
                continue;
            assert_int_equal(message.code, said == 0);
            assert_int_equal(message.leg, call.customer.leg);
            said++;
            limit(&control, 100, 0);
        }
    }
    assert_int_equal(said, 2);
    limit(&control, 310, 2000);
    (void)call_close(&control, &call);
    control_close(&control);
}

static void report_loss(struct phone *phone, uint32_t about, uint8_t fraction, int32_t lost, uint32_t jitter)
{
    const struct sapa_rtcp_block block = { .ssrc = about, .fraction_lost = fraction, .lost = lost, .jitter = jitter };
    const struct sapa_rtcp_out out = { .ssrc = phone->ssrc, .cname = "phone", .block = &block };
    struct sapa_addr to = phone->to;
    uint8_t bytes[512];

    sapa_addr_set_port(&to, (uint16_t)(sapa_addr_port(&to) + 1));
    assert_int_equal(sapa_udp_send_one(phone->rtcp_fd, &to, bytes, sapa_rtcp_write(&out, bytes)), SAPA_OK);
}

/* All that comes is clean, but the agent's phone reports that half of ours is lost: that is a bad line too. */
static void test_heard_badly(void **state)
{
    struct control control;
    struct call call;
    struct packet packet;
    struct sapa_media_message message = { 0 };
    uint8_t octets[FRAME];
    unsigned said = 0;

    (void)state;
    control_open(&control);
    call_open(&control, &call, SAPA_CODEC_PCMA, SAPA_CODEC_PCMA);
    limit(&control, 310, 2000);
    fill(octets, 1, 1);
    phone_send(&call.agent, octets); /* the leg latches */
    phone_send(&call.customer, octets);
    assert_true(phone_receive(&call.agent, &packet, WAIT_MS));
    for (unsigned i = 0; i < 600 && said < 2; i++) {
        phone_send(&call.customer, octets);
        phone_send(&call.agent, octets);
        if (i % 50 == 49)
            report_loss(&call.agent, packet.rtp.ssrc, said ? 0 : 128, 0x7fffff, UINT32_MAX * (said == 0 && i == 49));
        wait_ms(20);
        while (receive(control.fd, &message, 0)) {
            if (message.op != SAPA_MEDIA_QUALITY)
                continue;
            assert_int_equal(message.code, said == 0);
            assert_int_equal(message.leg, call.agent.leg);
            said++;
        }
    }
    assert_int_equal(said, 2);
    order(&control, SAPA_MEDIA_LEG_CLOSE, call.agent.leg, 0);
    message = await(&control, SAPA_MEDIA_LEG_CLOSED);
    assert_int_equal(message.u.quality.lost, 0);
    assert_true(message.u.quality.mos_x100 > 400);
    assert_true(message.u.quality.heard_lost > 0 && message.u.quality.heard_lost <= message.u.quality.sent);
    assert_true(message.u.quality.heard_mos_x100 >= 100 && message.u.quality.heard_mos_x100 < 400);
    assert_true(message.u.quality.heard_mos_min_x100 <= message.u.quality.heard_mos_x100);
    assert_int_equal(message.u.quality.heard_fraction, 0);
    order(&control, SAPA_MEDIA_LEG_CLOSE, call.customer.leg, 0);
    message = await(&control, SAPA_MEDIA_LEG_CLOSED);
    assert_int_equal(message.u.quality.heard_mos_x100, 0); /* it reported nothing */
    phone_close(&call.customer);
    phone_close(&call.agent);
    control_close(&control);
}

/* kill -9: what was spoken more than half a second before is in the file, and it opens. */
static void test_killed(void **state)
{
    struct control control;
    struct phone phone;
    struct sapa_recording *recording;
    struct sapa_recording_info info;
    struct sapa_key key;
    char path[160], number[16], byte;
    int ready[2];
    const struct phone_options options = { .leg = 1, .contact = 1, .codec = SAPA_CODEC_PCMA };

    (void)state;
    memset(&key, 0x42, sizeof(key));
    assert_int_equal(pipe(ready), 0);
    (void)snprintf(number, sizeof(number), "%d", ready[1]);
    (void)snprintf(path, sizeof(path), "%s/killed.sock", folder);
    const pid_t pid = fork();
    if (pid == 0) {
        execl("/proc/self/exe", "media_process_test", "serve", path, number, (char *)NULL);
        _exit(127);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    control = (struct control){ .epoch = 1 };
    assert_int_equal(sapa_unix_connect(path, &control.fd), SAPA_OK);
    struct sapa_media_message hello = { .op = SAPA_MEDIA_HELLO };
    hello.u.hello.epoch = 1;
    say(&control, &hello);
    phone_open(&control, &phone, &options);
    start_recording(&control, 1, 1, "killed.rec", 1, 0);
    assert_int_equal(await(&control, SAPA_MEDIA_RECORD_STATE).u.record_state.state, SAPA_RECORD_STARTED);
    const int64_t begin_us = sapa_mono_us();
    uint8_t octets[FRAME];
    for (unsigned i = 0; i < 75; i++) {
        fill(octets, 1, i);
        phone_send(&phone, octets);
        wait_ms(20);
    }
    const int64_t spoken_ms = (sapa_mono_us() - begin_us) / 1000;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    (void)snprintf(path, sizeof(path), "%s/killed.rec", folder);
    assert_int_equal(sapa_recording_open(path, &key, &recording), SAPA_OK);
    assert_int_equal(sapa_recording_verify(recording, &info), SAPA_OK);
    assert_int_equal(info.end, SAPA_RECORDING_CUT);
    assert_true((int64_t)info.recorded_ms >= spoken_ms - 1000 && info.recorded_ms > 250);
    sapa_recording_close(recording);
    phone_close(&phone);
    control_close(&control);
}

static int serve(const char *path, const char *ready_fd)
{
    const struct sapa_media_options options = { .socket_path = path, .threads = 1,
                                                .ready_fd = (int)strtol(ready_fd, NULL, 10),
                                                .port_min = (uint16_t)(28000 + getpid() % 200 * 20) };

    return sapa_media_main(&options);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relay_leaves_payload_untouched),
        cmocka_unit_test(test_conversion),
        cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_wrong_source_is_ignored),
        cmocka_unit_test(test_latching),
        cmocka_unit_test(test_events_in),
        cmocka_unit_test(test_events_out),
        cmocka_unit_test(test_tones_out),
        cmocka_unit_test(test_tones_in),
        cmocka_unit_test(test_play),
        cmocka_unit_test(test_record),
        cmocka_unit_test(test_voicemail_ends_by_itself),
        cmocka_unit_test(test_failed_write_ends_the_recording_only),
        cmocka_unit_test(test_control_may_die),
        cmocka_unit_test(test_fencing),
        cmocka_unit_test(test_malformed_messages),
        cmocka_unit_test(test_rtcp),
        cmocka_unit_test(test_bad_line),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_heard_badly),
        cmocka_unit_test(test_killed),
    };

    sapa_log_level(SAPA_LOG_ERROR);
    if (argc == 4)
        return serve(argv[2], argv[3]);
    return cmocka_run_group_tests(tests, start_process, stop_process);
}
