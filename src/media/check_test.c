#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "media/check.h"

static sapa_rc check(const struct sapa_media_message *message)
{
    struct sapa_media_message got;

    return sapa_media_check(message, sapa_media_message_size(message), &got);
}

static void test_paths(void **state)
{
    static const char *const bad[] = { "", "/", "relative", "/a//b", "/a/../b", "/..", "/a/..", "/a/", "/a\nb", "/a\x7f" };
    static const char *const good[] = { "/a", "/a/b.c", "/a/..b", "/a b/\xc3\xa9" };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(bad); i++)
        assert_false(sapa_media_path_is_good(bad[i], 100, NULL));
    for (size_t i = 0; i < SAPA_COUNT(good); i++)
        assert_true(sapa_media_path_is_good(good[i], 100, NULL));
    assert_true(sapa_media_path_is_good("/data/x", 100, "/data"));
    assert_false(sapa_media_path_is_good("/database/x", 100, "/data"));
    assert_false(sapa_media_path_is_good("/data", 100, "/data"));
    assert_false(sapa_media_path_is_good("/etc/passwd", 100, "/data"));
    assert_false(sapa_media_path_is_good("/abcdef", 5, NULL)); /* no end within its room */
}

static void test_sizes(void **state)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_LEG_CLOSE, .leg = 1 }, got;
    uint8_t long_one[sizeof(message) + 1] = { 0 };

    (void)state;
    const size_t size = sapa_media_message_size(&message);
    assert_int_equal(sapa_media_check(&message, size, &got), SAPA_OK);
    assert_int_equal(sapa_media_check(&message, sizeof(message), &got), SAPA_OK); /* more is cut away */
    assert_int_equal(sapa_media_check(&message, size - 1, &got), SAPA_EINVAL);
    assert_int_equal(sapa_media_check(&message, 0, &got), SAPA_EINVAL);
    assert_int_equal(sapa_media_check(long_one, sizeof(long_one), &got), SAPA_EINVAL);
    message.op = SAPA_MEDIA_LEG_OPEN; /* its union is missing */
    message.contact = 1;
    assert_int_equal(sapa_media_check(&message, size, &got), SAPA_EINVAL);
    message.op = SAPA_MEDIA_PLAY;
    message.u.play.file_count = SAPA_MEDIA_FILES_MAX + 1;
    assert_int_equal(sapa_media_check(&message, sizeof(message), &got), SAPA_EINVAL);
    message.u.play.file_count = SAPA_MEDIA_FILES_MAX;
    assert_int_equal(sapa_media_check(&message, sizeof(message) - 1, &got), SAPA_EINVAL);
    for (unsigned op = SAPA_MEDIA_LEG_OPENED; op < 300; op++) { /* what only media says, and nonsense */
        message.op = (uint16_t)op;
        assert_int_equal(sapa_media_check(&message, sizeof(message), &got), SAPA_EINVAL);
    }
}

static void test_limits(void **state)
{
    static const struct { uint32_t mos, window_ms; sapa_rc rc; } table[] = {
        { 0, 0, SAPA_OK },        { 100, 1000, SAPA_OK },        { 450, SAPA_MEDIA_WINDOW_MS_MAX, SAPA_OK },
        { 99, 1000, SAPA_EINVAL }, { 451, 1000, SAPA_EINVAL },   { 360, SAPA_MEDIA_WINDOW_MS_MAX + 1, SAPA_EINVAL },
        { UINT32_MAX, 0, SAPA_EINVAL },
    };
    struct sapa_media_message message = { .op = SAPA_MEDIA_LIMITS }, got;

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(table); i++) {
        message.u.limits.quality_mos_x100 = table[i].mos;
        message.u.limits.quality_window_ms = table[i].window_ms;
        assert_int_equal(check(&message), table[i].rc);
    }
    assert_int_equal(sapa_media_check(&message, sapa_media_message_size(&message) - 1, &got), SAPA_EINVAL);
}

static void test_leg(void **state)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_LEG_SET, .leg = 1 }, got;
    struct sapa_media_message bad;

    (void)state;
    message.u.leg.remote.family = 4;
    message.u.leg.codec = SAPA_CODEC_PCMA;
    message.u.leg.dtmf_type = 101;
    assert_int_equal(sapa_media_check(&message, sapa_media_message_size(&message), &got), SAPA_OK);
    assert_int_equal(got.u.leg.ptime_ms, 20);
#define BAD(field, value)     bad = message;     bad.field = (value);     assert_int_equal(check(&bad), SAPA_EINVAL)
    BAD(leg, 0);
    BAD(u.leg.remote.family, 5);
    BAD(u.leg.codec, 10);
    BAD(u.leg.dtmf_khz, 16);
    BAD(u.leg.comfort, 2);
    BAD(u.leg.opus_fec, 2);
    BAD(u.leg.dtmf_type, 8);
    BAD(u.leg.dtmf_type, 128);
    BAD(u.leg.dtmf_receive, 95);
    BAD(u.leg.dtmf_receive, 128);
    BAD(u.leg.dtmf_inband, 2);
    BAD(u.leg.keys_held, 2);
    BAD(u.leg.srtp, 3);
    BAD(u.leg.direction, 4);
    BAD(u.leg.side, 9);
    BAD(u.leg.ptime_ms, 15);
    BAD(u.leg.ptime_ms, 70);
    message.u.leg.type_send = 77; /* a static type means its codec */
    assert_int_equal(sapa_media_check(&message, sapa_media_message_size(&message), &got), SAPA_OK);
    assert_int_equal(got.u.leg.type_send, 8);
    assert_int_equal(got.u.leg.dtmf_khz, 8);
    message.u.leg.codec = SAPA_CODEC_OPUS;
    BAD(u.leg.type_send, 95);
    BAD(u.leg.type_receive, 128);
    message.u.leg.type_send = 0;
    message.u.leg.type_receive = 120;
    assert_int_equal(sapa_media_check(&message, sapa_media_message_size(&message), &got), SAPA_OK);
    assert_int_equal(got.u.leg.type_send, 111);
    assert_int_equal(got.u.leg.type_receive, 120);
    message.u.leg.codec = SAPA_CODEC_PCMA;
    /* A control of before says less: it is taken, and what it did not say is nothing. */
    assert_int_equal(sapa_media_check(&message, offsetof(struct sapa_media_message, u.leg.type_send), &got), SAPA_OK);
    assert_int_equal(got.u.leg.opus_kbps, 0);
    assert_int_equal(sapa_media_check(&message, offsetof(struct sapa_media_message, u.leg.type_send) - 1, &got),
                     SAPA_EINVAL);
    message.op = SAPA_MEDIA_LEG_OPEN; /* must say where */
    message.contact = 3;
    assert_int_equal(check(&message), SAPA_EINVAL);
    message.u.leg.local.family = 6;
    assert_int_equal(check(&message), SAPA_OK);
    BAD(contact, 0);
}

static void test_web_leg(void **state)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_LEG_OPEN, .leg = 1, .contact = 2 }, bad;

    (void)state;
    message.u.leg.local.family = 4;
    message.u.leg.webrtc = 1;
    assert_int_equal(check(&message), SAPA_EINVAL); /* without credentials nobody could come */
    memcpy(message.u.leg.ice_ufrag, "abcd", 5);
    memcpy(message.u.leg.ice_pwd, "abcdefghijklmnopqrst+/", 23);
    assert_int_equal(check(&message), SAPA_OK);
    BAD(u.leg.webrtc, 2);
    BAD(u.leg.dtls_client, 2);
    BAD(u.leg.srtp, SAPA_MEDIA_SRTP_SHA1_80); /* its keys come of DTLS */
    BAD(u.leg.peer_hash, SAPA_MEDIA_HASH_SHA512 + 1);
    BAD(u.leg.ice_ufrag[0], 0);
    BAD(u.leg.ice_ufrag[3], 0);
    BAD(u.leg.ice_ufrag[1], ':');
    BAD(u.leg.ice_ufrag[6], 'x'); /* behind its end */
    BAD(u.leg.ice_pwd[21], 0);
    BAD(u.leg.ice_pwd[5], ' ');
    BAD(u.leg.peer_ufrag[0], 'x'); /* too short */
    BAD(u.leg.peer_ufrag[0], '\n');
    bad = message;
    memset(bad.u.leg.ice_ufrag, 'x', sizeof(bad.u.leg.ice_ufrag)); /* no end */
    assert_int_equal(check(&bad), SAPA_EINVAL);
    bad = message;
    memset(bad.u.leg.ice_pwd, 'x', sizeof(bad.u.leg.ice_pwd));
    assert_int_equal(check(&bad), SAPA_EINVAL);
    bad = message;
    memset(bad.u.leg.peer_ufrag, 'x', sizeof(bad.u.leg.peer_ufrag));
    assert_int_equal(check(&bad), SAPA_EINVAL);
    message.op = SAPA_MEDIA_LEG_SET;
    assert_int_equal(check(&message), SAPA_OK);
    memset(message.u.leg.ice_ufrag, 0, sizeof(message.u.leg.ice_ufrag)); /* half a pair */
    assert_int_equal(check(&message), SAPA_EINVAL);
    memset(message.u.leg.ice_pwd, 0, sizeof(message.u.leg.ice_pwd)); /* as they were */
    memset(message.u.leg.peer_ufrag, 'p', sizeof(message.u.leg.peer_ufrag) - 1);
    assert_int_equal(check(&message), SAPA_OK);
}

static void test_the_others(void **state)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_SEND_DTMF, .leg = 1 }, bad, got;

    (void)state;
    message.u.dtmf.digit = '5';
    assert_int_equal(sapa_media_check(&message, sapa_media_message_size(&message), &got), SAPA_OK);
    assert_string_equal(got.u.dtmf.digits, "5");
    assert_int_equal(got.u.dtmf.length_ms, 100);
    BAD(u.dtmf.digit, 'x');
    BAD(u.dtmf.digit, 0);
    BAD(u.dtmf.length_ms, 10);
    BAD(u.dtmf.length_ms, 5000);
    bad = message;
    memset(bad.u.dtmf.digits, '1', sizeof(bad.u.dtmf.digits)); /* no end */
    assert_int_equal(check(&bad), SAPA_EINVAL);

    message = (struct sapa_media_message){ .op = SAPA_MEDIA_RECORD, .recording = 1, .contact = 2 };
    (void)snprintf(message.u.record.path, SAPA_MEDIA_PATH_MAX, "/r/1");
    assert_int_equal(check(&message), SAPA_OK);
    BAD(contact, 0);
    BAD(recording, 0);
    BAD(u.record.kind, 2);
    BAD(u.record.wrapped_size, 97);
    BAD(u.record.path[0], 'x');

    message = (struct sapa_media_message){ .op = SAPA_MEDIA_BRIDGE, .leg = 1, .other = 2 };
    assert_int_equal(check(&message), SAPA_OK);
    message.other = 1; /* it hears itself */
    assert_int_equal(check(&message), SAPA_OK);
    BAD(other, 0);
    message = (struct sapa_media_message){ .op = SAPA_MEDIA_SECRET, .leg = 1, .code = 1 };
    assert_int_equal(check(&message), SAPA_OK);
    BAD(code, 2);
    BAD(code, -1);
    message = (struct sapa_media_message){ .op = SAPA_MEDIA_HELLO };
    assert_int_equal(check(&message), SAPA_EINVAL); /* no epoch */
    message.u.hello.epoch = 1;
    assert_int_equal(check(&message), SAPA_OK);
}

static void test_mix(void **state)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_MIX_JOIN, .leg = 1 };
    struct sapa_media_message bad;

    (void)state;
    message.u.mix.mix = 5;
    message.u.mix.role = SAPA_MEDIA_ROLE_WHISPER;
    message.other = 2;
    assert_int_equal(check(&message), SAPA_OK);
    BAD(leg, 0);
    BAD(other, 1);
    BAD(u.mix.mix, 0);
    BAD(u.mix.role, SAPA_MEDIA_ROLE_COUNT);
    message.op = SAPA_MEDIA_MIX_LEAVE;
    assert_int_equal(check(&message), SAPA_OK);
    BAD(leg, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_paths), cmocka_unit_test(test_sizes),
                                        cmocka_unit_test(test_limits), cmocka_unit_test(test_leg),
                                        cmocka_unit_test(test_web_leg), cmocka_unit_test(test_mix),
                                        cmocka_unit_test(test_the_others) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
