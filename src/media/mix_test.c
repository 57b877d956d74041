/*
 * Who hears whom, by tones: each phone says one of its own, in its own codec, and what it hears is taken apart. Calls of two
 * codecs, conferences and their roles, what plays over them, what is recorded, and each way from one to the other.
 */
#include "media/process_fake_impl.h"

#include <math.h>

#include "media/coder.h"

enum { HEARD_MAX = 16000 * 4, LOUD = 4000, THERE = 900, GONE = 140 };

struct speaker {
    struct phone phone;
    double hz;
    bool mute;               /* sends nothing */
    uint8_t type;
    uint32_t rate, clock_khz;
    uint64_t samples;        /* said */
    struct sapa_encoder *encoder;
    struct sapa_decoder *decoder;
    int16_t heard[HEARD_MAX];
    size_t count;
    unsigned comfort;        /* packets of comfort noise */
    unsigned packets;
    uint8_t last[256];       /* payload said last, and heard last */
    size_t last_size;
    uint8_t last_heard[256];
    size_t last_heard_size;
    unsigned drop_every;     /* each n-th packet is lost on the way to media; 0: none */
    unsigned frames;
};

static struct speaker speakers[5];

static void speaker_set(struct control *control, struct speaker *speaker, uint64_t contact, uint8_t side, uint8_t codec,
                        uint8_t comfort)
{
    struct sapa_media_message set = { .op = SAPA_MEDIA_LEG_SET, .leg = speaker->phone.leg, .contact = contact };
    const struct sapa_codec_info *info = sapa_codec_info(codec);
    const struct sapa_encoder_options options = { .codec = codec, .fec = true };

    sapa_encoder_free(speaker->encoder);
    sapa_decoder_free(speaker->decoder);
    assert_int_equal(sapa_encoder_new(&options, &speaker->encoder), SAPA_OK);
    assert_int_equal(sapa_decoder_new(codec, &speaker->decoder), SAPA_OK);
    speaker->phone.codec = codec;
    speaker->rate = info->sample_hz;
    speaker->clock_khz = sapa_codec_clock_khz(codec);
    speaker->type = info->is_static ? info->type : (uint8_t)(100 + speaker->phone.leg % 20);
    set.u.leg.remote = sapa_media_of_addr(&speaker->phone.addr);
    set.u.leg.codec = codec;
    set.u.leg.type_send = set.u.leg.type_receive = speaker->type;
    set.u.leg.dtmf_type = speaker->phone.dtmf_type;
    set.u.leg.direction = SAPA_MEDIA_SEND | SAPA_MEDIA_RECEIVE;
    set.u.leg.side = side;
    set.u.leg.comfort = comfort;
    set.u.leg.opus_fec = 1;
    say(control, &set);
}

static void speaker_open(struct control *control, struct speaker *speaker, uint64_t contact, uint8_t side,
                         uint8_t codec, double hz)
{
    const struct phone_options options = { .leg = next_id++, .contact = contact, .codec = SAPA_CODEC_NONE, .side = side,
                                           .dtmf_type = 96 };

    memset(speaker, 0, sizeof(*speaker));
    phone_open(control, &speaker->phone, &options);
    speaker->hz = hz;
    speaker_set(control, speaker, contact, side, codec, 0);
}

static void speaker_close(struct control *control, struct speaker *speaker)
{
    order(control, SAPA_MEDIA_LEG_CLOSE, speaker->phone.leg, 0);
    (void)await(control, SAPA_MEDIA_LEG_CLOSED);
    phone_close(&speaker->phone);
    sapa_encoder_free(speaker->encoder);
    sapa_decoder_free(speaker->decoder);
}

static void speak(struct speaker *speaker)
{
    int16_t frame[SAPA_CODER_FRAME];
    uint8_t payload[SAPA_CODER_PAYLOAD_MAX];
    const size_t n = speaker->rate / 50;

    for (size_t i = 0; i < n; i++)
        frame[i] = (int16_t)(LOUD * sin(2 * 3.14159265358979323846 * speaker->hz *
                                        (double)(speaker->samples + i) / speaker->rate));
    speaker->samples += n;
    const size_t size = sapa_encoder_run(speaker->encoder, frame, payload);
    assert_true(size > 0 && size <= sizeof(speaker->last));
    memcpy(speaker->last, payload, size);
    speaker->last_size = size;
    speaker->frames++;
    if (speaker->drop_every && speaker->frames % speaker->drop_every == 0)
        speaker->phone.seq++;
    else
        send_from(speaker->phone.fd, &speaker->phone, speaker->type, speaker->phone.timestamp, payload, size);
    speaker->phone.timestamp += 20 * speaker->clock_khz;
}

static void hear(struct speaker *speaker)
{
    struct packet packet;

    while (phone_receive(&speaker->phone, &packet, 0)) {
        if (packet.rtp.type == SAPA_RTP_COMFORT_NOISE) {
            speaker->comfort++;
            continue;
        }
        if (packet.rtp.type != speaker->type || speaker->count + SAPA_CODER_SAMPLES_MAX > HEARD_MAX)
            continue;
        speaker->packets++;
        memcpy(speaker->last_heard, packet.payload, SAPA_MIN(packet.rtp.payload_size, (uint16_t)256));
        speaker->last_heard_size = packet.rtp.payload_size;
        speaker->count += sapa_decoder_run(speaker->decoder, packet.payload, packet.rtp.payload_size,
                                           speaker->heard + speaker->count);
    }
}

/* All speak for so long, and what each hears is kept. */
static void scene(unsigned count, int ms)
{
    const int64_t begin_us = sapa_mono_us();

    for (unsigned i = 0; i < count; i++) {
        hear(&speakers[i]);
        speakers[i].count = speakers[i].packets = speakers[i].comfort = 0;
    }
    for (int at = 0; at < ms; at += 20) {
        for (unsigned i = 0; i < count; i++)
            if (!speakers[i].mute)
                speak(&speakers[i]);
        const int64_t left_us = begin_us + (at + 20) * 1000 - sapa_mono_us();
        if (left_us > 0)
            wait_ms((int)(left_us / 1000) + 1);
        for (unsigned i = 0; i < count; i++)
            hear(&speakers[i]);
    }
}

static double amplitude_of(const int16_t *samples, size_t n, size_t step, double hz, double rate)
{
    double re = 0, im = 0;

    for (size_t i = 0; i < n; i++) {
        const double window = 0.5 - 0.5 * cos(2 * 3.14159265358979323846 * (double)i / (double)n);
        re += window * samples[i * step] * cos(2 * 3.14159265358979323846 * hz * (double)i / rate);
        im += window * samples[i * step] * sin(2 * 3.14159265358979323846 * hz * (double)i / rate);
    }
    return n ? 4 * sqrt(re * re + im * im) / (double)n : 0;
}

/* Of the last 240 ms that it heard: by then the jitter buffers have what was said in this scene. */
static double strength(const struct speaker *speaker, double hz)
{
    const size_t n = SAPA_MIN(speaker->count, (size_t)speaker->rate * 240 / 1000);

    return amplitude_of(speaker->heard + speaker->count - n, n, 1, hz, speaker->rate);
}

#define HEARS(listener, ...) hears(__LINE__, sizeof(speakers) / sizeof(*speakers), listener, (const int[]){ __VA_ARGS__, -1 })

/* It hears these and none of the others. */
static void hears(int line, size_t all, unsigned listener, const int *whom)
{
    for (size_t i = 0; i < all; i++) {
        bool wanted = false;
        for (const int *who = whom; *who >= 0; who++)
            wanted |= (size_t)*who == i;
        if (speakers[i].hz == 0)
            continue;
        const double level = strength(&speakers[listener], speakers[i].hz);
        if (wanted ? level < THERE : level > GONE)
            fail_msg("line %d: %u %s %zu: %.0f", line, listener, wanted ? "does not hear" : "hears", i, level);
    }
}

#define NOBODY 99

static void join(struct control *control, struct speaker *speaker, uint64_t mix, uint8_t role, uint64_t whisper_to)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_MIX_JOIN, .leg = speaker->phone.leg, .other = whisper_to };

    message.u.mix.mix = mix;
    message.u.mix.role = role;
    say(control, &message);
    (void)barrier(control);
    assert_false(has_kept(control, SAPA_MEDIA_ERROR));
}

static void leave(struct control *control, struct speaker *speaker)
{
    order(control, SAPA_MEDIA_MIX_LEAVE, speaker->phone.leg, 0);
    (void)barrier(control);
}

/* --- recordings --- */

static struct sapa_key recording_key;

static void recording_begin(struct control *control, uint64_t id, uint64_t contact, const char *name, uint16_t beep_s,
                            uint8_t kind)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_RECORD, .recording = id, .contact = contact };

    memset(&recording_key, 0x42, sizeof(recording_key));
    (void)snprintf(message.u.record.path, sizeof(message.u.record.path), "%s/%s", folder, name);
    memcpy(message.u.record.key, recording_key.bytes, sizeof(message.u.record.key));
    message.u.record.wrapped_size = 72;
    message.u.record.beep_s = beep_s;
    message.u.record.kind = kind;
    say(control, &message);
    assert_int_equal(await(control, SAPA_MEDIA_RECORD_STATE).u.record_state.state, SAPA_RECORD_STARTED);
}

static int16_t recorded[8000 * 20 * 2];

static size_t recording_end(struct control *control, uint64_t id, const char *name, size_t channels)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_RECORD_END, .recording = id };
    struct sapa_recording *recording;
    char path[160];
    size_t frames = 0;

    say(control, &message);
    assert_int_equal(await(control, SAPA_MEDIA_RECORD_STATE).u.record_state.state, SAPA_RECORD_ENDED);
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(sapa_recording_open(path, &recording_key, &recording), SAPA_OK);
    assert_int_equal(sapa_recording_get_head(recording)->channels, channels);
    assert_int_equal(sapa_recording_read_pcm(recording, 0, 8000 * 20, recorded, &frames), SAPA_OK);
    sapa_recording_close(recording);
    return frames;
}

static double recorded_level(size_t channels, size_t channel, int from_ms, int to_ms, double hz)
{
    return amplitude_of(recorded + (size_t)from_ms * 8 * channels + channel, (size_t)(to_ms - from_ms) * 8, channels, hz,
                        8000);
}

/* --- two of different codecs --- */

static void test_two_codecs(void **state)
{
    static const uint8_t pairs[][2] = { { SAPA_CODEC_OPUS, SAPA_CODEC_PCMA }, { SAPA_CODEC_PCMU, SAPA_CODEC_G722 },
                                        { SAPA_CODEC_OPUS, SAPA_CODEC_G722 } };
    struct control control;

    (void)state;
    control_open(&control);
    for (size_t i = 0; i < SAPA_COUNT(pairs); i++) {
        const uint64_t contact = next_id++, recording = next_id++;
        char name[32];
        memset(speakers, 0, sizeof(speakers));
        speaker_open(&control, &speakers[0], contact, SAPA_SIDE_CUSTOMER, pairs[i][0], 500);
        speaker_open(&control, &speakers[1], contact, SAPA_SIDE_AGENT, pairs[i][1], 1300);
        order(&control, SAPA_MEDIA_BRIDGE, speakers[0].phone.leg, speakers[1].phone.leg);
        (void)snprintf(name, sizeof(name), "two%zu.rec", i);
        recording_begin(&control, recording, contact, name, 0, 0);
        scene(2, 800);
        HEARS(0, 1);
        HEARS(1, 0);
        /* Level and pitch come through as they were. */
        assert_true(fabs(20 * log10(strength(&speakers[0], 1300) / LOUD)) < 2);
        assert_true(fabs(20 * log10(strength(&speakers[1], 500) / LOUD)) < 2);
        assert_in_range(speakers[0].packets, 30, 42);
        const size_t frames = recording_end(&control, recording, name, 2);
        assert_true(frames >= 6000);
        assert_true(recorded_level(2, 0, 300, 700, 500) > THERE && recorded_level(2, 0, 300, 700, 1300) < GONE);
        assert_true(recorded_level(2, 1, 300, 700, 1300) > THERE && recorded_level(2, 1, 300, 700, 500) < GONE);
        speaker_close(&control, &speakers[0]);
        speaker_close(&control, &speakers[1]);
    }
    control_close(&control);
}

/* Above 4 kHz there is something only where both can say and hear it. */
static void test_wideband_stays_wide(void **state)
{
    struct control control;
    const uint64_t contact = next_id++;

    (void)state;
    control_open(&control);
    memset(speakers, 0, sizeof(speakers));
    speaker_open(&control, &speakers[0], contact, SAPA_SIDE_CUSTOMER, SAPA_CODEC_OPUS, 5200);
    speaker_open(&control, &speakers[1], contact, SAPA_SIDE_AGENT, SAPA_CODEC_G722, 5600);
    order(&control, SAPA_MEDIA_BRIDGE, speakers[0].phone.leg, speakers[1].phone.leg);
    scene(2, 800);
    HEARS(0, 1);
    HEARS(1, 0);
    speaker_set(&control, &speakers[1], contact, SAPA_SIDE_AGENT, SAPA_CODEC_PCMA, 0);
    speakers[1].hz = 1000;
    scene(2, 800);
    assert_true(strength(&speakers[0], 1000) > THERE);
    assert_true(strength(&speakers[1], 8000 - 5200) < GONE); /* nothing folds back */
    speaker_close(&control, &speakers[0]);
    speaker_close(&control, &speakers[1]);
    control_close(&control);
}

static void test_same_codec_is_not_touched(void **state)
{
    static const uint8_t codecs[] = { SAPA_CODEC_OPUS, SAPA_CODEC_G722 };
    struct control control;

    (void)state;
    control_open(&control);
    for (size_t i = 0; i < SAPA_COUNT(codecs); i++) {
        const uint64_t contact = next_id++, recording = next_id++;
        char name[32];
        memset(speakers, 0, sizeof(speakers));
        speaker_open(&control, &speakers[0], contact, SAPA_SIDE_CUSTOMER, codecs[i], 500);
        speaker_open(&control, &speakers[1], contact, SAPA_SIDE_AGENT, codecs[i], 1300);
        assert_true(codecs[i] == SAPA_CODEC_G722 || speakers[0].type != speakers[1].type);
        order(&control, SAPA_MEDIA_BRIDGE, speakers[0].phone.leg, speakers[1].phone.leg);
        (void)snprintf(name, sizeof(name), "same%zu.rec", i);
        recording_begin(&control, recording, contact, name, 0, 0);
        speakers[0].drop_every = 9;
        scene(2, 800);
        HEARS(0, 1);
        HEARS(1, 0);
        speakers[0].drop_every = 0;
        scene(2, 100);
        wait_ms(20);
        hear(&speakers[1]);
        assert_int_equal(speakers[1].last_heard_size, speakers[0].last_size);
        assert_memory_equal(speakers[1].last_heard, speakers[0].last, speakers[0].last_size);
        assert_true(recording_end(&control, recording, name, 2) >= 6000);
        assert_true(recorded_level(2, 0, 300, 700, 500) > THERE && recorded_level(2, 0, 300, 700, 1300) < GONE);
        assert_true(recorded_level(2, 1, 300, 700, 1300) > THERE && recorded_level(2, 1, 300, 700, 500) < GONE);
        speaker_close(&control, &speakers[0]);
        speaker_close(&control, &speakers[1]);
    }
    control_close(&control);
}

static void test_lost_packets_are_made_up(void **state)
{
    struct control control;
    const uint64_t contact = next_id++;

    (void)state;
    control_open(&control);
    memset(speakers, 0, sizeof(speakers));
    speaker_open(&control, &speakers[0], contact, SAPA_SIDE_CUSTOMER, SAPA_CODEC_OPUS, 500);
    speaker_open(&control, &speakers[1], contact, SAPA_SIDE_AGENT, SAPA_CODEC_PCMA, 1300);
    order(&control, SAPA_MEDIA_BRIDGE, speakers[0].phone.leg, speakers[1].phone.leg);
    speakers[0].drop_every = speakers[1].drop_every = 5;
    scene(2, 1000);
    assert_true(strength(&speakers[1], 500) > 0.7 * LOUD);
    assert_true(strength(&speakers[0], 1300) > 0.7 * LOUD);
    assert_in_range(speakers[0].packets, 40, 52); /* the clock of the mix sends on */
    speaker_close(&control, &speakers[0]);
    speaker_close(&control, &speakers[1]);
    control_close(&control);
}

/* --- conferences --- */

static uint64_t conference_open(struct control *control, unsigned count, uint64_t *ret_contact)
{
    static const uint8_t codecs[] = { SAPA_CODEC_PCMA, SAPA_CODEC_PCMU, SAPA_CODEC_OPUS, SAPA_CODEC_G722 };
    static const double tones[] = { 500, 800, 1300, 2100, 2900 };
    const uint64_t contact = next_id++;

    memset(speakers, 0, sizeof(speakers));
    for (unsigned i = 0; i < count; i++)
        speaker_open(control, &speakers[i], contact, i == 0 ? SAPA_SIDE_CUSTOMER : SAPA_SIDE_AGENT, codecs[i % 4],
                     tones[i]);
    *ret_contact = contact;
    return next_id++;
}

static void conference_close(struct control *control, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        speaker_close(control, &speakers[i]);
}

/* Two, three, four, and back to two, who are relayed again; recorded all the time. */
static void test_two_three_four_and_back(void **state)
{
    struct control control;
    uint64_t contact;
    const uint64_t recording = next_id++;

    (void)state;
    control_open(&control);
    const uint64_t mix = conference_open(&control, 4, &contact);
    order(&control, SAPA_MEDIA_BRIDGE, speakers[0].phone.leg, speakers[1].phone.leg);
    recording_begin(&control, recording, contact, "conference.rec", 0, 0);
    const int64_t begin_us = sapa_mono_us();
    scene(4, 500);
    HEARS(0, 1);
    HEARS(1, 0);
    HEARS(2, NOBODY);
    HEARS(3, NOBODY);
    for (unsigned i = 0; i < 3; i++)
        join(&control, &speakers[i], mix, SAPA_MEDIA_ROLE_PARTY, 0);
    const int three_ms = (int)((sapa_mono_us() - begin_us) / 1000);
    scene(4, 700);
    HEARS(0, 1, 2);
    HEARS(1, 0, 2);
    HEARS(2, 0, 1);
    HEARS(3, NOBODY);
    assert_int_equal(await(&control, SAPA_MEDIA_SPEAKER).u.mix.mix, mix);
    join(&control, &speakers[3], mix, SAPA_MEDIA_ROLE_PARTY, 0);
    scene(4, 700);
    HEARS(0, 1, 2, 3);
    HEARS(1, 0, 2, 3);
    HEARS(2, 0, 1, 3);
    HEARS(3, 0, 1, 2);
    leave(&control, &speakers[2]);
    leave(&control, &speakers[3]);
    const int two_ms = (int)((sapa_mono_us() - begin_us) / 1000);
    scene(4, 500);
    HEARS(0, 1);
    HEARS(1, 0);
    HEARS(2, NOBODY);
    HEARS(3, NOBODY);
    /* Relayed again: A-law in, the same sound as mu-law out, octet by octet. */
    uint8_t converted[FRAME];
    wait_ms(20);
    hear(&speakers[1]);
    sapa_g711_convert(SAPA_CODEC_PCMA, speakers[0].last, FRAME, SAPA_CODEC_PCMU, converted);
    assert_memory_equal(speakers[1].last_heard, converted, FRAME);
    assert_true(recording_end(&control, recording, "conference.rec", 2) > (size_t)two_ms * 8 + 3200);
    assert_true(recorded_level(2, 0, 100, two_ms + 400, 500) > THERE);
    assert_true(recorded_level(2, 1, 100, 450, 800) > THERE && recorded_level(2, 1, 100, 450, 1300) < GONE);
    assert_true(recorded_level(2, 1, three_ms + 300, three_ms + 600, 800) > THERE);
    assert_true(recorded_level(2, 1, three_ms + 300, three_ms + 600, 1300) > THERE);
    assert_true(recorded_level(2, 1, three_ms + 300, three_ms + 600, 500) < GONE);
    assert_true(recorded_level(2, 0, three_ms + 300, three_ms + 600, 800) < GONE);
    assert_true(recorded_level(2, 1, two_ms + 150, two_ms + 400, 800) > THERE);
    assert_true(recorded_level(2, 1, two_ms + 150, two_ms + 400, 1300) < GONE);
    conference_close(&control, 4);
    control_close(&control);
}

static void test_roles(void **state)
{
    struct control control;
    uint64_t contact;
    const uint64_t recording = next_id++;

    (void)state;
    control_open(&control);
    /* 0 the customer, 1 the agent, 2 the supervisor (Opus), 3 another agent (G.722) */
    const uint64_t mix = conference_open(&control, 4, &contact);
    recording_begin(&control, recording, contact, "roles.rec", 0, 0);
    const int64_t begin_us = sapa_mono_us();
    join(&control, &speakers[0], mix, SAPA_MEDIA_ROLE_PARTY, 0);
    join(&control, &speakers[1], mix, SAPA_MEDIA_ROLE_PARTY, 0);
    join(&control, &speakers[2], mix, SAPA_MEDIA_ROLE_LISTEN, 0);
    scene(4, 600);
    HEARS(0, 1);
    HEARS(1, 0);
    HEARS(2, 0, 1);
    join(&control, &speakers[2], mix, SAPA_MEDIA_ROLE_WHISPER, 0);
    const int whisper_ms = (int)((sapa_mono_us() - begin_us) / 1000);
    scene(4, 600);
    HEARS(0, 1);
    HEARS(1, 0, 2);
    HEARS(2, 0, 1);
    /* To one of two agents alone. */
    join(&control, &speakers[3], mix, SAPA_MEDIA_ROLE_PARTY, 0);
    join(&control, &speakers[2], mix, SAPA_MEDIA_ROLE_WHISPER, speakers[3].phone.leg);
    scene(4, 600);
    HEARS(0, 1, 3);
    HEARS(1, 0, 3);
    HEARS(2, 0, 1, 3);
    HEARS(3, 0, 1, 2);
    const size_t frames = recording_end(&control, recording, "roles.rec", 2);
    assert_true(frames > 12000);
    assert_true(recorded_level(2, 1, whisper_ms + 200, whisper_ms + 550, 800) > THERE);
    assert_true(recorded_level(2, 1, whisper_ms, (int)(frames / 8), 1300) < GONE); /* nobody whispered to the customer */
    /* Barging in; then the other agent is muted; then the customer held. */
    join(&control, &speakers[2], mix, SAPA_MEDIA_ROLE_PARTY, 0);
    join(&control, &speakers[3], mix, SAPA_MEDIA_ROLE_MUTED, 0);
    scene(4, 600);
    HEARS(0, 1, 2);
    HEARS(1, 0, 2);
    HEARS(2, 0, 1);
    HEARS(3, 0, 1, 2);
    join(&control, &speakers[3], mix, SAPA_MEDIA_ROLE_PARTY, 0);
    join(&control, &speakers[0], mix, SAPA_MEDIA_ROLE_HELD, 0);
    scene(4, 600);
    HEARS(0, NOBODY);
    HEARS(1, 2, 3);
    HEARS(2, 1, 3);
    HEARS(3, 1, 2);
    conference_close(&control, 4);
    control_close(&control);
}

/* --- what plays --- */

static void write_tone(const char *name, double hz, int ms)
{
    char path[160];
    static int16_t linear[8000 * 4];
    static uint8_t octets[8000 * 4];
    const size_t n = (size_t)ms * 8;

    for (size_t i = 0; i < n; i++)
        linear[i] = (int16_t)(LOUD * sin(2 * 3.14159265358979323846 * hz * (double)i / 8000));
    sapa_g711_encode(SAPA_CODEC_PCMA, linear, n, octets);
    (void)snprintf(path, sizeof(path), "%s/%s.alaw", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(octets, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void play(struct control *control, const struct speaker *speaker, const char *name, int how, bool loop)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_PLAY, .leg = speaker->phone.leg, .code = (int16_t)how };

    message.u.play.play = (uint32_t)next_id++;
    message.u.play.loop = loop;
    message.u.play.file_count = 1;
    (void)snprintf(message.u.play.files[0], SAPA_MEDIA_PATH_MAX, "%s/%s", folder, name);
    say(control, &message);
    (void)barrier(control);
}

static void test_play_to_every_codec(void **state)
{
    static const uint8_t codecs[] = { SAPA_CODEC_PCMU, SAPA_CODEC_G722, SAPA_CODEC_OPUS };
    struct control control;

    (void)state;
    control_open(&control);
    write_tone("music", 2500, 700);
    for (size_t i = 0; i < SAPA_COUNT(codecs); i++) {
        memset(speakers, 0, sizeof(speakers));
        speaker_open(&control, &speakers[0], next_id++, SAPA_SIDE_CUSTOMER, codecs[i], 500);
        play(&control, &speakers[0], "music", SAPA_MEDIA_PLAY_ALONE, false);
        scene(1, 620);
        assert_true(strength(&speakers[0], 2500) > 0.7 * LOUD);
        assert_int_equal(await(&control, SAPA_MEDIA_PLAY_DONE).leg, speakers[0].phone.leg);
        speaker_close(&control, &speakers[0]);
    }
    control_close(&control);
}

static void test_music_for_the_held_one(void **state)
{
    struct control control;
    uint64_t contact;

    (void)state;
    control_open(&control);
    const uint64_t mix = conference_open(&control, 3, &contact);
    write_tone("music", 2500, 700);
    for (unsigned i = 0; i < 3; i++)
        join(&control, &speakers[i], mix, i == 0 ? SAPA_MEDIA_ROLE_HELD : SAPA_MEDIA_ROLE_PARTY, 0);
    play(&control, &speakers[0], "music", SAPA_MEDIA_PLAY_ALONE, true);
    scene(3, 600);
    HEARS(0, NOBODY);
    HEARS(1, 2);
    HEARS(2, 1);
    assert_true(strength(&speakers[0], 2500) > THERE && strength(&speakers[1], 2500) < GONE);
    order(&control, SAPA_MEDIA_STOP, speakers[0].phone.leg, 0);
    join(&control, &speakers[0], mix, SAPA_MEDIA_ROLE_PARTY, 0);
    scene(3, 600);
    HEARS(0, 1, 2);
    HEARS(1, 0, 2);
    assert_true(strength(&speakers[0], 2500) < GONE);
    conference_close(&control, 3);
    control_close(&control);
}

/* To one, to all; over a conference and over two who are relayed, and are again behind it. */
static void test_announcements_into_a_call(void **state)
{
    struct control control;
    uint64_t contact;
    const uint64_t recording = next_id++;

    (void)state;
    control_open(&control);
    const uint64_t mix = conference_open(&control, 3, &contact);
    write_tone("word", 2500, 900);
    order(&control, SAPA_MEDIA_BRIDGE, speakers[0].phone.leg, speakers[1].phone.leg);
    recording_begin(&control, recording, contact, "over.rec", 0, 0);
    scene(2, 200);
    play(&control, &speakers[0], "word", SAPA_MEDIA_PLAY_OVER, false);
    scene(2, 700);
    HEARS(0, 1);
    HEARS(1, 0);
    assert_true(strength(&speakers[0], 2500) > THERE && strength(&speakers[1], 2500) < GONE);
    scene(2, 500);
    assert_int_equal(await(&control, SAPA_MEDIA_PLAY_DONE).leg, speakers[0].phone.leg);
    uint8_t converted[FRAME];
    wait_ms(20);
    hear(&speakers[1]);
    sapa_g711_convert(SAPA_CODEC_PCMA, speakers[0].last, FRAME, SAPA_CODEC_PCMU, converted);
    assert_memory_equal(speakers[1].last_heard, converted, FRAME);
    play(&control, &speakers[1], "word", SAPA_MEDIA_PLAY_ALL, false);
    scene(2, 700);
    HEARS(0, 1);
    HEARS(1, 0);
    assert_true(strength(&speakers[0], 2500) > THERE && strength(&speakers[1], 2500) > THERE);
    scene(2, 400);
    assert_int_equal(await(&control, SAPA_MEDIA_PLAY_DONE).leg, speakers[1].phone.leg);
    for (unsigned i = 0; i < 3; i++)
        join(&control, &speakers[i], mix, SAPA_MEDIA_ROLE_PARTY, 0);
    play(&control, &speakers[2], "word", SAPA_MEDIA_PLAY_ALL, false);
    scene(3, 700);
    HEARS(0, 1, 2);
    HEARS(2, 0, 1);
    for (unsigned i = 0; i < 3; i++)
        assert_true(strength(&speakers[i], 2500) > THERE);
    order(&control, SAPA_MEDIA_STOP, speakers[2].phone.leg, 0);
    scene(3, 500);
    assert_true(strength(&speakers[0], 2500) < GONE);
    const size_t frames = recording_end(&control, recording, "over.rec", 2);
    for (size_t channel = 0; channel < 2; channel++) /* nobody said it */
        assert_true(recorded_level(2, channel, 0, (int)(frames / 8), 2500) < GONE);
    conference_close(&control, 3);
    control_close(&control);
}

static void test_tone_while_recorded(void **state)
{
    struct control control;
    uint64_t contact;

    (void)state;
    control_open(&control);
    for (int mixed = 0; mixed < 2; mixed++) {
        const uint64_t recording = next_id++;
        const uint64_t mix = conference_open(&control, 3, &contact);
        char name[32];
        (void)snprintf(name, sizeof(name), "beep%d.rec", mixed);
        if (mixed)
            for (unsigned i = 0; i < 3; i++)
                join(&control, &speakers[i], mix, SAPA_MEDIA_ROLE_PARTY, 0);
        else
            order(&control, SAPA_MEDIA_BRIDGE, speakers[0].phone.leg, speakers[1].phone.leg);
        recording_begin(&control, recording, contact, name, 2, 0);
        scene(2 + (unsigned)mixed, 1600);
        for (unsigned i = 0; i < 2 + (unsigned)mixed; i++) {
            double most = 0; /* 200 ms of 1,400 Hz, somewhere */
            for (size_t at = 0; at + speakers[i].rate / 10 < speakers[i].count; at += speakers[i].rate / 50)
                most = SAPA_MAX(most, amplitude_of(speakers[i].heard + at, speakers[i].rate / 10, 1, 1400,
                                                   speakers[i].rate));
            if (most < 700)
                fail_msg("%u of %s hears no tone: %.0f", i, mixed ? "three" : "two", most);
        }
        HEARS(0, 1, mixed ? 2 : NOBODY);
        const size_t frames = recording_end(&control, recording, name, 2);
        for (size_t at = 0; !mixed && at + 100 < frames / 8; at += 20) /* nobody said it */
            for (size_t channel = 0; channel < 2; channel++)
                assert_true(recorded_level(2, channel, (int)at, (int)at + 100, 1400) < 700);
        conference_close(&control, 3);
    }
    control_close(&control);
}

/* Opus cannot be written into: it is decoded for the tone, and left alone again when the recording is over. */
static void test_tone_into_opus(void **state)
{
    struct control control;
    const uint64_t contact = next_id++, recording = next_id++;
    double most = 0;

    (void)state;
    control_open(&control);
    memset(speakers, 0, sizeof(speakers));
    speaker_open(&control, &speakers[0], contact, SAPA_SIDE_CUSTOMER, SAPA_CODEC_OPUS, 500);
    speaker_open(&control, &speakers[1], contact, SAPA_SIDE_AGENT, SAPA_CODEC_OPUS, 800);
    order(&control, SAPA_MEDIA_BRIDGE, speakers[0].phone.leg, speakers[1].phone.leg);
    recording_begin(&control, recording, contact, "opusbeep.rec", 2, 0);
    scene(2, 1600);
    HEARS(0, 1);
    for (size_t at = 0; at + speakers[0].rate / 10 < speakers[0].count; at += speakers[0].rate / 50)
        most = SAPA_MAX(most, amplitude_of(speakers[0].heard + at, speakers[0].rate / 10, 1, 1400, speakers[0].rate));
    assert_true(most > 700);
    (void)recording_end(&control, recording, "opusbeep.rec", 2);
    assert_true(recorded_level(2, 0, 300, 1400, 500) > THERE && recorded_level(2, 1, 300, 1400, 800) > THERE);
    scene(2, 300);
    wait_ms(20);
    hear(&speakers[1]);
    assert_int_equal(speakers[1].last_heard_size, speakers[0].last_size);
    assert_memory_equal(speakers[1].last_heard, speakers[0].last, speakers[0].last_size);
    speaker_close(&control, &speakers[0]);
    speaker_close(&control, &speakers[1]);
    control_close(&control);
}

/* --- other things --- */

static void test_control_may_die_in_a_conference(void **state)
{
    struct control control, next;
    uint64_t contact;

    (void)state;
    control_open(&control);
    const uint64_t mix = conference_open(&control, 3, &contact);
    for (unsigned i = 0; i < 3; i++)
        join(&control, &speakers[i], mix, i == 2 ? SAPA_MEDIA_ROLE_WHISPER : SAPA_MEDIA_ROLE_PARTY,
             i == 2 ? speakers[1].phone.leg : 0);
    control_close(&control);
    scene(3, 600);
    HEARS(0, 1);
    HEARS(1, 0, 2);
    control_connect(&next);
    struct sapa_media_message hello = { .op = SAPA_MEDIA_HELLO };
    hello.u.hello.epoch = next.epoch;
    say(&next, &hello);
    assert_true(await(&next, SAPA_MEDIA_HELLO).u.hello.version >= SAPA_MEDIA_VERSION_MIXES);
    (void)await(&next, SAPA_MEDIA_INVENTORY_END);
    unsigned seen = 0;
    while (has_kept(&next, SAPA_MEDIA_INVENTORY)) {
        const struct sapa_media_message one = await(&next, SAPA_MEDIA_INVENTORY);
        for (unsigned i = 0; i < 3; i++)
            if (one.leg == speakers[i].phone.leg) {
                seen++;
                assert_int_equal(one.u.inventory.mix, mix);
                assert_int_equal(one.u.inventory.codec, speakers[i].phone.codec);
                assert_int_equal(one.u.inventory.role, i == 2 ? SAPA_MEDIA_ROLE_WHISPER : SAPA_MEDIA_ROLE_PARTY);
                assert_int_equal(one.u.inventory.whisper_to, i == 2 ? speakers[1].phone.leg : 0);
            }
    }
    assert_int_equal(seen, 3);
    join(&next, &speakers[2], mix, SAPA_MEDIA_ROLE_PARTY, 0);
    scene(3, 600);
    HEARS(0, 1, 2);
    conference_close(&next, 3);
    control_close(&next);
}

static void test_secret_stays_secret(void **state)
{
    struct control control;
    uint64_t contact;
    struct sapa_media_message secret = { .op = SAPA_MEDIA_SECRET, .code = 1 };
    const uint64_t recording = next_id++;

    (void)state;
    control_open(&control);
    const uint64_t mix = conference_open(&control, 3, &contact);
    for (unsigned i = 0; i < 3; i++)
        join(&control, &speakers[i], mix, SAPA_MEDIA_ROLE_PARTY, 0);
    secret.leg = speakers[0].phone.leg;
    say(&control, &secret);
    recording_begin(&control, recording, contact, "secret.rec", 0, 0);
    scene(3, 600);
    HEARS(0, 1, 2);
    HEARS(1, 2);
    HEARS(2, 1);
    const size_t frames = recording_end(&control, recording, "secret.rec", 2);
    assert_true(recorded_level(2, 0, 0, (int)(frames / 8), 500) < GONE);
    assert_true(recorded_level(2, 1, 200, 500, 800) > THERE);
    conference_close(&control, 3);
    control_close(&control);
}

static void send_digit(struct speaker *speaker, unsigned event)
{
    struct sapa_event tone = { .event = (uint8_t)event, .volume = 10 };
    uint8_t payload[SAPA_EVENT_SIZE];

    for (unsigned i = 1; i <= 8; i++) {
        tone.duration = (uint16_t)(i * 160);
        tone.end = i >= 6;
        sapa_event_put(&tone, payload);
        send_from(speaker->phone.fd, &speaker->phone, speaker->phone.dtmf_type, speaker->phone.timestamp, payload,
                  sizeof(payload));
        wait_ms(5);
    }
    speaker->phone.timestamp += 1280;
}

/* Keys reach control, and the other side, whatever its codec. */
static void test_keys_between_codecs(void **state)
{
    struct control control;
    const uint64_t contact = next_id++;
    struct packet packet;
    unsigned events = 0;

    (void)state;
    control_open(&control);
    memset(speakers, 0, sizeof(speakers));
    speaker_open(&control, &speakers[0], contact, SAPA_SIDE_CUSTOMER, SAPA_CODEC_PCMA, 500);
    speaker_open(&control, &speakers[1], contact, SAPA_SIDE_AGENT, SAPA_CODEC_OPUS, 1300);
    order(&control, SAPA_MEDIA_BRIDGE, speakers[0].phone.leg, speakers[1].phone.leg);
    scene(2, 200);
    send_digit(&speakers[0], 7);
    assert_int_equal(await(&control, SAPA_MEDIA_DIGIT).u.dtmf.digit, '7');
    while (phone_receive(&speakers[1].phone, &packet, 300))
        if (packet.rtp.type == speakers[1].phone.dtmf_type) {
            assert_int_equal(packet.payload[0], 7);
            if (packet.payload[1] & 0x80 && ++events == SAPA_EVENT_END_PACKETS)
                break;
        }
    assert_int_equal(events, SAPA_EVENT_END_PACKETS);
    speaker_close(&control, &speakers[0]);
    speaker_close(&control, &speakers[1]);
    control_close(&control);
}

/* RFC 3389: heard as noise in a mix; said where nobody speaks, to one who takes it. */
static void test_comfort_noise(void **state)
{
    struct control control;
    uint64_t contact;
    const uint8_t level = 40;

    (void)state;
    control_open(&control);
    const uint64_t mix = conference_open(&control, 3, &contact);
    speaker_set(&control, &speakers[0], contact, SAPA_SIDE_CUSTOMER, SAPA_CODEC_PCMA, 1);
    for (unsigned i = 0; i < 3; i++)
        join(&control, &speakers[i], mix, SAPA_MEDIA_ROLE_PARTY, 0);
    scene(3, 300);
    speakers[0].mute = true;
    send_from(speakers[0].phone.fd, &speakers[0].phone, SAPA_RTP_COMFORT_NOISE, speakers[0].phone.timestamp, &level, 1);
    speakers[1].mute = speakers[2].mute = true;
    scene(3, 700);
    double power = 0;
    const size_t n = (size_t)speakers[1].rate / 10;
    for (size_t i = 0; i < n; i++)
        power += pow(speakers[1].heard[speakers[1].count - n + i], 2);
    assert_in_range((unsigned)sqrt(power / (double)n), 100, 600); /* -40 dBov: 328, as the level control leaves it */
    assert_int_equal(speakers[0].comfort, 1);
    assert_in_range(speakers[0].packets, 5, 25); /* then nothing more */
    speakers[1].mute = false;
    scene(3, 500);
    HEARS(0, 1);
    conference_close(&control, 3);
    control_close(&control);
}

static void test_voicemail_of_every_codec(void **state)
{
    static const uint8_t codecs[] = { SAPA_CODEC_OPUS, SAPA_CODEC_G722 };
    struct control control;

    (void)state;
    control_open(&control);
    for (size_t i = 0; i < SAPA_COUNT(codecs); i++) {
        const uint64_t contact = next_id++, recording = next_id++;
        char name[32];
        memset(speakers, 0, sizeof(speakers));
        speaker_open(&control, &speakers[0], contact, SAPA_SIDE_CUSTOMER, codecs[i], 700);
        (void)snprintf(name, sizeof(name), "mail%zu.rec", i);
        recording_begin(&control, recording, contact, name, 0, 1);
        scene(1, 600);
        assert_true(recording_end(&control, recording, name, 1) > 4000);
        assert_true(recorded_level(1, 0, 150, 550, 700) > 0.7 * LOUD);
        speaker_close(&control, &speakers[0]);
    }
    control_close(&control);
}

static void test_what_is_refused(void **state)
{
    struct control control;
    uint64_t contact;
    struct sapa_media_message message = { .op = SAPA_MEDIA_MIX_JOIN };

    (void)state;
    control_open(&control);
    const uint64_t mix = conference_open(&control, 2, &contact);
    join(&control, &speakers[0], mix, SAPA_MEDIA_ROLE_PARTY, 0);
    message.leg = 999999;
    message.u.mix.mix = mix;
    say(&control, &message);
    assert_int_equal(await(&control, SAPA_MEDIA_ERROR).code, SAPA_ENOENT);
    struct sapa_media_message set = { .op = SAPA_MEDIA_LEG_SET, .leg = speakers[1].phone.leg, .contact = contact };
    set.u.leg.codec = SAPA_CODEC_G729; /* no plug-in was loaded */
    say(&control, &set);
    assert_int_equal(await(&control, SAPA_MEDIA_ERROR).code, SAPA_ENOENT);
    order(&control, SAPA_MEDIA_MIX_LEAVE, speakers[1].phone.leg, 0); /* in none: nothing happens */
    /* A bridge takes one out of a mix of control's. */
    order(&control, SAPA_MEDIA_BRIDGE, speakers[0].phone.leg, speakers[1].phone.leg);
    scene(2, 400);
    HEARS(0, 1);
    HEARS(1, 0);
    order(&control, SAPA_MEDIA_UNBRIDGE, speakers[0].phone.leg, 0);
    (void)barrier(&control);
    scene(2, 400);
    HEARS(0, NOBODY);
    assert_false(has_kept(&control, SAPA_MEDIA_ERROR));
    conference_close(&control, 2);
    assert_int_equal(barrier(&control).u.stats.bridges, 0);
    control_close(&control);
}

/* Somebody comes from another contact, of any thread, and goes back; each contact's recording has its own people. */
static void test_a_leg_moves(void **state)
{
    struct control control;

    (void)state;
    control_open(&control);
    for (int turn = 0; turn < 4; turn++) { /* ids that count up: both threads, in both directions */
        const uint64_t a = next_id++, b = next_id++, mix = next_id++;
        char names[2][32];
        for (int i = 0; i < 2; i++)
            (void)snprintf(names[i], sizeof(names[i]), "move_%d_%d.srec", turn, i);
        memset(speakers, 0, sizeof(speakers));
        speaker_open(&control, &speakers[0], a, SAPA_SIDE_CUSTOMER, SAPA_CODEC_PCMA, 500);
        speaker_open(&control, &speakers[1], a, SAPA_SIDE_AGENT, SAPA_CODEC_PCMA, 1300);
        speaker_open(&control, &speakers[2], b, SAPA_SIDE_AGENT, turn % 2 ? SAPA_CODEC_OPUS : SAPA_CODEC_PCMA, 2100);
        recording_begin(&control, a, a, names[0], 0, 0);
        recording_begin(&control, b, b, names[1], 0, 0);
        order(&control, SAPA_MEDIA_BRIDGE, speakers[0].phone.leg, speakers[1].phone.leg);
        scene(3, 400);
        HEARS(0, 1);
        HEARS(1, 0);
        HEARS(2, NOBODY);
        /* 1 asks 2: what is said after the move is done after it, and nobody waits for an answer */
        struct sapa_media_message move = { .op = SAPA_MEDIA_LEG_MOVE, .leg = speakers[1].phone.leg, .contact = b };
        say(&control, &move);
        order(&control, SAPA_MEDIA_BRIDGE, speakers[1].phone.leg, speakers[2].phone.leg);
        (void)barrier(&control);
        assert_false(has_kept(&control, SAPA_MEDIA_ERROR));
        scene(3, 500);
        HEARS(0, NOBODY);
        HEARS(1, 2);
        HEARS(2, 1);
        /* back, and 2 with it: a conference */
        move.contact = a;
        say(&control, &move);
        move.leg = speakers[2].phone.leg;
        say(&control, &move);
        for (unsigned i = 0; i < 3; i++)
            join(&control, &speakers[i], mix, SAPA_MEDIA_ROLE_PARTY, 0);
        scene(3, 600);
        HEARS(0, 1, 2);
        HEARS(1, 0, 2);
        HEARS(2, 0, 1);
        const size_t frames = recording_end(&control, a, names[0], 2);
        assert_true(frames > 8 * 1300 && frames < 8 * 3000);
        const int end = (int)(frames / 8);
        assert_true(recorded_level(2, 0, end - 300, end - 50, 500) > THERE);
        assert_true(recorded_level(2, 1, end - 300, end - 50, 1300) > THERE);
        assert_true(recorded_level(2, 1, end - 300, end - 50, 2100) > THERE);
        assert_true(recorded_level(2, 1, 150, 350, 1300) > THERE);
        assert_true(recorded_level(2, 1, end - 950, end - 700, 1300) < GONE); /* he was elsewhere */
        assert_true(recorded_level(2, 1, end - 950, end - 700, 2100) < GONE);
        (void)recording_end(&control, b, names[1], 2);
        assert_true(recorded_level(2, 0, 600, 800, 500) < GONE);
        conference_close(&control, 3);
        assert_int_equal(barrier(&control).u.stats.legs, 0);
    }
    struct sapa_media_message none = { .op = SAPA_MEDIA_LEG_MOVE, .leg = 4711, .contact = 5 };
    say(&control, &none);
    assert_int_equal(await(&control, SAPA_MEDIA_ERROR).code, SAPA_ENOENT);
    control_close(&control);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_codecs),
        cmocka_unit_test(test_wideband_stays_wide),
        cmocka_unit_test(test_same_codec_is_not_touched),
        cmocka_unit_test(test_lost_packets_are_made_up),
        cmocka_unit_test(test_two_three_four_and_back),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_play_to_every_codec),
        cmocka_unit_test(test_music_for_the_held_one),
        cmocka_unit_test(test_announcements_into_a_call),
        cmocka_unit_test(test_tone_while_recorded),
        cmocka_unit_test(test_tone_into_opus),
        cmocka_unit_test(test_control_may_die_in_a_conference),
        cmocka_unit_test(test_secret_stays_secret),
        cmocka_unit_test(test_keys_between_codecs),
        cmocka_unit_test(test_comfort_noise),
        cmocka_unit_test(test_voicemail_of_every_codec),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_a_leg_moves),
    };

    sapa_log_level(SAPA_LOG_ERROR);
    return cmocka_run_group_tests(tests, start_process, stop_process);
}
