/* Which codec a leg speaks: what the phone offers, what two have in common, what a media process of before can do. */
#include "channel/voice/fake_impl.h"

static const char sdp_opus[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\n"
                               "m=audio 30000 RTP/AVP 107 100 101\r\na=rtpmap:107 opus/48000/2\r\n"
                               "a=fmtp:107 useinbandfec=1;maxaveragebitrate=16000\r\n"
                               "a=rtpmap:100 telephone-event/8000\r\na=rtpmap:101 telephone-event/48000\r\n";
static const char sdp_opus_and_alaw[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\n"
                                        "m=audio 30000 RTP/AVP 107 9 8 13 101\r\na=rtpmap:107 opus/48000/2\r\n"
                                        "a=rtpmap:101 telephone-event/8000\r\n";

static int setup(void **state)
{
    fake_new((struct fake **)state);
    (*(struct fake **)state)->voice->media_codecs = 0xf; /* all but G.729 */
    return 0;
}

static uint64_t answered(struct fake *f, struct fake_call *c, const char *sdp, const char *wanted)
{
    fake_invite(f, c, "192.0.2.5", "1500", "", sdp);
    const uint64_t contact = fake_posted(f, SAPA_T_contact_arrived)->u.contact_arrived.contact;
    FAKE_COMMAND(f, cmd_answer, .contact = contact);
    struct fake_sent *ok = fake_want(f, "SIP/2.0 200", c->call_id);
    assert_non_null(strstr(ok->text, wanted));
    fake_learn(c, ok->text);
    fake_request(f, c, "ACK", "", "", "");
    fake_posted(f, SAPA_T_contact_answered);
    return contact;
}

static const struct sapa_media_message *agent_set; /* what media was told of the agent */

static struct fake_call agent_answers(struct fake *f, uint64_t contact, const char *offered, const char *sdp)
{
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    f->posted_seen = f->posted_count;
    FAKE_COMMAND(f, cmd_offer, .offer = 900, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
    const struct fake_sent *invite = fake_want(f, "INVITE", "X-Sapa-Queue: toko.penjualan");
    assert_non_null(strstr(invite->text, offered));
    fake_reply(f, invite, 200, "phone", "", sdp);
    struct fake_call call = fake_callee(invite, "phone");
    fake_want(f, "ACK", call.call_id);
    do
        agent_set = fake_media(f, SAPA_MEDIA_LEG_SET);
    while (agent_set->u.leg.side != SAPA_SIDE_AGENT);
    FAKE_COMMAND(f, cmd_connect, .contact = contact, .offer = 900);
    fake_media(f, SAPA_MEDIA_BRIDGE);
    return call;
}

static void opus_alone_is_served(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    const uint64_t contact = answered(f, &c, sdp_opus, " RTP/AVP 107 101\r\n");
    const struct sapa_media_message *set = fake_media(f, SAPA_MEDIA_LEG_SET);
    assert_int_equal(set->u.leg.codec, SAPA_CODEC_OPUS);
    assert_int_equal(set->u.leg.type_send, 107);
    assert_int_equal(set->u.leg.type_receive, 107);
    assert_int_equal(set->u.leg.dtmf_type, 101); /* of the codec's clock (RFC 4733 2.1) */
    assert_int_equal(set->u.leg.dtmf_khz, 48);
    assert_int_equal(set->u.leg.opus_fec, 1);
    assert_int_equal(set->u.leg.opus_kbps, 16);
    assert_int_equal(set->u.leg.dtmf_inband, 0);
    /* The agent's phone does not know Opus: nothing in common, media decodes; no new offer to anybody. */
    (void)agent_answers(f, contact, " RTP/AVP 111 8 0 9 101 102\r\n", fake_sdp_agent);
    assert_int_equal(agent_set->u.leg.codec, SAPA_CODEC_PCMA);
    fake_none(f, "INVITE", c.call_id);
}

static void what_both_know_is_agreed_upon(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    const uint64_t contact = answered(f, &c, sdp_opus_and_alaw, " RTP/AVP 107 101\r\n");
    const struct sapa_media_message *set = fake_media(f, SAPA_MEDIA_LEG_SET);
    assert_int_equal(set->u.leg.codec, SAPA_CODEC_OPUS);
    assert_int_equal(set->u.leg.dtmf_khz, 8); /* the only one that it has */
    (void)agent_answers(f, contact, " RTP/AVP 111 8 0 9 101 102\r\n", fake_sdp_agent);
    struct fake_sent *again = fake_want(f, "INVITE", c.call_id);
    assert_non_null(strstr(again->text, " RTP/AVP 8 101\r\n"));
    fake_reply(f, again, 200, "", "", FAKE_SDP("192.0.2.5", "30000", "8 101", "sendrecv"));
    fake_want(f, "ACK", c.call_id);
    do
        set = fake_media(f, SAPA_MEDIA_LEG_SET);
    while (set->u.leg.remote.port != 30000);
    assert_int_equal(set->u.leg.codec, SAPA_CODEC_PCMA);
}

static void who_refuses_goes_on_as_before(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    const uint64_t contact = answered(f, &c, sdp_opus_and_alaw, " RTP/AVP 107 101\r\n");
    (void)agent_answers(f, contact, "RTP/AVP", fake_sdp_agent);
    struct fake_sent *again = fake_want(f, "INVITE", c.call_id);
    fake_reply(f, again, 488, "", "", "");
    fake_want(f, "ACK", c.call_id);
    fake_none(f, "BYE", c.call_id);
    assert_int_equal(fake_posted_count(f, SAPA_T_contact_gone), 0);
}

static void the_same_codec_needs_no_word(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    const uint64_t contact = answered(f, &c, sdp_opus, " RTP/AVP 107 101\r\n");
    (void)agent_answers(f, contact, " RTP/AVP 111 8 0 9 101 102\r\n",
                        "v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n"
                        "m=audio 40000 RTP/AVP 96 99\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:99 telephone-event/48000\r\n");
    assert_int_equal(agent_set->u.leg.codec, SAPA_CODEC_OPUS);
    assert_int_equal(agent_set->u.leg.type_send, 96);
    assert_int_equal(agent_set->u.leg.type_receive, 111); /* as we numbered it (RFC 3264 6.1) */
    assert_int_equal(agent_set->u.leg.dtmf_type, 99);
    assert_int_equal(agent_set->u.leg.dtmf_receive, 102);
    fake_none(f, "INVITE", c.call_id);
}

/* Our offer in the 200 names all; G.722 stands with its clock of 8000. Comfort noise is taken, not offered. */
static void late_offer_has_all(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    fake_invite(f, &c, "192.0.2.5", "1500", "", "");
    const uint64_t contact = fake_posted(f, SAPA_T_contact_arrived)->u.contact_arrived.contact;
    FAKE_COMMAND(f, cmd_answer, .contact = contact);
    struct fake_sent *ok = fake_want(f, "SIP/2.0 200", " RTP/AVP 8 0 9 111 101 102\r\n");
    assert_non_null(strstr(ok->text, "a=rtpmap:9 G722/8000\r\n"));
    assert_non_null(strstr(ok->text, "a=rtpmap:111 opus/48000/2\r\n"));
    assert_non_null(strstr(ok->text, "a=rtpmap:102 telephone-event/48000\r\n"));
    fake_learn(&c, ok->text);
    fake_request(f, &c, "ACK", "", "application/sdp", FAKE_SDP("192.0.2.5", "31000", "9 101", "sendrecv"));
    const struct sapa_media_message *set = fake_media(f, SAPA_MEDIA_LEG_SET);
    assert_int_equal(set->u.leg.codec, SAPA_CODEC_G722);
    assert_int_equal(set->u.leg.type_send, 9);
}

static void comfort_noise_is_taken(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    (void)answered(f, &c, FAKE_SDP("192.0.2.5", "30000", "8 13 101", "sendrecv"), " RTP/AVP 8 13 101\r\n");
    assert_int_equal(fake_media(f, SAPA_MEDIA_LEG_SET)->u.leg.comfort, 1);
}

/* It outlived an upgrade: it knows G.711 alone. */
static void media_of_before(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    f->voice->media_codecs = 0;
    fake_invite(f, &c, "192.0.2.5", "1500", "", sdp_opus);
    fake_want(f, "SIP/2.0 488", c.call_id);
    fake_request(f, &c, "ACK", "", "", "");
    (void)answered(f, &c, sdp_opus_and_alaw, " RTP/AVP 8 101\r\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST(opus_alone_is_served), TEST(what_both_know_is_agreed_upon), TEST(who_refuses_goes_on_as_before),
        TEST(the_same_codec_needs_no_word), TEST(late_offer_has_all), TEST(comfort_noise_is_taken), TEST(media_of_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
