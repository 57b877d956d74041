/* Calls from beginning to end, with scripted peers, a fake media process and virtual time. */
#include "channel/voice/fake_impl.h"

static void whole_call(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    assert_int_equal(fake_posted(f, SAPA_T_agent_device)->u.agent_device.reachable, 1);

    const uint64_t contact = fake_customer(f, &customer);
    const struct sapa_rec_contact_arrived *arrived = NULL;
    for (size_t i = 0; i < f->posted_count; i++)
        if (f->posted[i].type == SAPA_T_contact_arrived)
            arrived = &f->posted[i].u.contact_arrived;
    assert_int_equal(arrived->number, 0);
    assert_int_equal(arrived->trunk, 0);
    assert_int_equal(arrived->person, 77);
    assert_int_equal(arrived->last_agent, 1);
    assert_int_equal(arrived->party_type, SAPA_PARTY_TYPE_PROSPECT + 1); /* what the look-up said */
    assert_string_equal(arrived->address.p, "6281234567890");
    assert_string_equal(arrived->name.p, "Andi");
    assert_string_equal(arrived->reference.p, customer.call_id);
    assert_int_equal(contact >> 54, 3);
    const struct sapa_media_message *set = fake_media(f, SAPA_MEDIA_LEG_SET);
    assert_int_equal(set->u.leg.codec, SAPA_CODEC_PCMA);
    assert_int_equal(set->u.leg.remote.port, 30000);
    assert_int_equal(set->u.leg.dtmf_type, 101);
    assert_int_equal(set->u.leg.dtmf_inband, 0);
    assert_int_equal(set->u.leg.side, SAPA_SIDE_CUSTOMER);

    /* an announcement of two prompts, and a key */
    uint8_t blob[64];
    struct sapa_writer w = sapa_writer_of(blob, sizeof(blob));
    sapa_segment_put_prompt(&w, SAPA_PROMPT_ID_COUNT);
    sapa_segment_put_text(&w, SAPA_STR("nomor tiga"));
    struct sapa_record play = { .type = SAPA_T_cmd_play, .u.cmd_play = { .contact = contact, .play = 5 } };
    const struct sapa_str segments = { (char *)blob, w.n };
    sapa_sized_set(&play.u.cmd_play.segments, segments);
    fake_command(f, &play);
    const struct sapa_media_message *m = fake_media(f, SAPA_MEDIA_PLAY);
    assert_int_equal(m->u.play.file_count, 2);
    assert_string_equal(m->u.play.files[0], "/cache/welcome");
    assert_string_equal(m->u.play.files[1], "/cache/nomor tiga");
    struct sapa_media_message done = { .op = SAPA_MEDIA_PLAY_DONE, .leg = m->leg, .contact = contact };
    done.u.play.play = 4; /* an older one: of no interest */
    sapa_voice_media_receive(f->voice, &done);
    done.u.play.play = 5;
    sapa_voice_media_receive(f->voice, &done);
    const struct sapa_record *played = fake_posted(f, SAPA_T_play_done);
    assert_int_equal(played->u.play_done.play, 5);
    assert_int_equal(played->u.play_done.failed, 0);
    assert_int_equal(fake_posted_count(f, SAPA_T_play_done), 1);
    struct sapa_media_message key = { .op = SAPA_MEDIA_DIGIT, .leg = m->leg, .contact = contact, .u.dtmf.digit = '1' };
    sapa_voice_media_receive(f->voice, &key);
    assert_string_equal(fake_posted(f, SAPA_T_digit)->u.digit.digit.p, "1");

    /* the agent */
    struct fake_call agent = fake_agent(f, contact, 900, 0);
    const struct fake_sent *invite = NULL;
    for (size_t i = 0; i < f->sent_count && !invite; i++)
        if (strncmp(f->sent[i].text, "INVITE sip:101@198.51.100.7:5060", 32) == 0)
            invite = &f->sent[i];
    assert_non_null(invite);
    assert_non_null(strstr(invite->text, "From: \"Toko Nusantara \xc2\xb7 Penjualan \xc2\xb7 Andi\" <sip:6281234567890@sapa.example>"));
    FAKE_COMMAND(f, cmd_connect, .contact = contact, .offer = 900);
    m = fake_media(f, SAPA_MEDIA_BRIDGE);
    assert_int_equal(m->contact, contact);

    /* the agent holds and comes back */
    fake_request(f, &agent, "INVITE", "", "application/sdp", FAKE_SDP("198.51.100.7", "40000", "8 101", "sendonly"));
    struct fake_sent *ok = fake_want(f, "SIP/2.0 200", agent.call_id);
    assert_non_null(strstr(ok->text, "a=recvonly"));
    fake_request(f, &agent, "ACK", "", "", "");
    const struct sapa_record *held = fake_posted(f, SAPA_T_leg_held);
    assert_int_equal(held->u.leg_held.on, 1);
    assert_int_equal(held->u.leg_held.side, SAPA_SIDE_AGENT);
    assert_int_equal(held->u.leg_held.offer, 900);
    FAKE_COMMAND(f, cmd_hold_music, .contact = contact, .offer = 900, .side = SAPA_SIDE_CUSTOMER, .on = 1, .prompt = 0);
    m = fake_media(f, SAPA_MEDIA_PLAY);
    assert_int_equal(m->u.play.loop, 1);
    fake_request(f, &agent, "INVITE", "", "application/sdp", fake_sdp_agent);
    assert_non_null(strstr(fake_want(f, "SIP/2.0 200", agent.call_id)->text, "a=sendrecv"));
    fake_request(f, &agent, "ACK", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_leg_held)->u.leg_held.on, 0);
    FAKE_COMMAND(f, cmd_hold_music, .contact = contact, .offer = 900, .side = SAPA_SIDE_CUSTOMER, .on = 0);
    fake_media(f, SAPA_MEDIA_STOP);

    /* a refresh without description changes nothing that is held; INFO is a key of the agent */
    fake_request(f, &customer, "UPDATE", "", "", "");
    fake_want(f, "SIP/2.0 200", "UPDATE");
    fake_request(f, &agent, "INFO", "", "application/dtmf-relay", "Signal=#\r\nDuration=160\r\n");
    fake_want(f, "SIP/2.0 200", "INFO");
    const struct sapa_record *digit = fake_posted(f, SAPA_T_digit);
    assert_string_equal(digit->u.digit.digit.p, "#");
    assert_int_equal(digit->u.digit.side, SAPA_SIDE_AGENT);
    assert_int_equal(fake_posted_count(f, SAPA_T_leg_held), 2);

    /* both hang up, the agent first */
    fake_request(f, &agent, "BYE", "", "", "");
    fake_want(f, "SIP/2.0 200", "BYE");
    const struct sapa_record *gone = fake_posted(f, SAPA_T_agent_gone);
    assert_int_equal(gone->u.agent_gone.side, SAPA_SIDE_AGENT);
    assert_int_equal(gone->u.agent_gone.offer, 900);
    fake_request(f, &customer, "BYE", "Reason: Q.850;cause=16;text=\"Terminated\"\r\n", "", "");
    gone = fake_posted(f, SAPA_T_contact_gone);
    assert_int_equal(gone->u.contact_gone.side, SAPA_SIDE_CUSTOMER);
    assert_int_equal(gone->u.contact_gone.cause, 1016);
    assert_int_equal(fake_posted_count(f, SAPA_T_leg_quality), 2);
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
    assert_int_equal(fake_posted_count(f, SAPA_T_contact_gone), 1);
}

static void caller_cancels(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    fake_invite(f, &c, "192.0.2.5", "1500", "", fake_sdp_customer);
    const uint64_t contact = fake_posted(f, SAPA_T_contact_arrived)->u.contact_arrived.contact;
    fake_request(f, &c, "CANCEL", "", "", "");
    fake_want(f, "SIP/2.0 487", c.call_id);
    const struct sapa_record *gone = fake_posted(f, SAPA_T_contact_gone);
    assert_int_equal(gone->u.contact_gone.side, SAPA_SIDE_CUSTOMER);
    assert_int_equal(gone->u.contact_gone.cause, 487);
    FAKE_COMMAND(f, cmd_answer, .contact = contact); /* crossed */
    fake_none(f, "SIP/2.0 200 OK\r\nINVITE", c.call_id);
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_request(f, &c, "ACK", "", "", "");
    fake_assert_empty(f);
}

/* cmd_answer before the media process has a port: the 200 waits for it. */
static void answer_before_port(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    f->media_mute = true;
    fake_invite(f, &c, "192.0.2.5", "1500", "", fake_sdp_customer);
    const uint64_t contact = fake_posted(f, SAPA_T_contact_arrived)->u.contact_arrived.contact;
    FAKE_COMMAND(f, cmd_answer, .contact = contact);
    fake_none(f, "SIP/2.0 200", c.call_id);
    const struct sapa_media_message *open = fake_media(f, SAPA_MEDIA_LEG_OPEN);
    struct sapa_media_message m = { .op = SAPA_MEDIA_LEG_OPENED, .leg = open->leg, .contact = contact };
    m.u.leg.local = open->u.leg.local;
    m.u.leg.local.port = 22222;
    sapa_voice_media_receive(f->voice, &m);
    struct fake_sent *ok = fake_want(f, "SIP/2.0 200", "m=audio 22222 RTP/AVP");
    fake_learn(&c, ok->text);
    f->media_mute = false;
    /* nobody acknowledges: the call ends as the network's fault */
    fake_run(f, 33000000);
    const struct sapa_record *gone = fake_posted(f, SAPA_T_contact_gone);
    assert_int_equal(gone->u.contact_gone.side, SAPA_SIDE_NETWORK);
    fake_reply(f, fake_want(f, "BYE", c.call_id), 200, "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

static void no_port(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    f->media_mute = true;
    fake_invite(f, &c, "192.0.2.5", "1500", "", fake_sdp_customer);
    const uint64_t contact = fake_posted(f, SAPA_T_contact_arrived)->u.contact_arrived.contact;
    struct sapa_media_message m = { .op = SAPA_MEDIA_LEG_OPENED, .leg = fake_media(f, SAPA_MEDIA_LEG_OPEN)->leg, .code = SAPA_ELIMIT };
    sapa_voice_media_receive(f->voice, &m);
    fake_want(f, "SIP/2.0 503", c.call_id);
    assert_int_equal(fake_posted(f, SAPA_T_contact_gone)->u.contact_gone.side, SAPA_SIDE_SYSTEM);
    f->media_mute = false;
    fake_request(f, &c, "ACK", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

static void late_offer(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    fake_invite(f, &c, "192.0.2.5", "1500", "", "");
    const uint64_t contact = fake_posted(f, SAPA_T_contact_arrived)->u.contact_arrived.contact;
    FAKE_COMMAND(f, cmd_answer, .contact = contact);
    struct fake_sent *ok = fake_want(f, "SIP/2.0 200", "RTP/AVP 8 0 101");
    fake_learn(&c, ok->text);
    fake_request(f, &c, "ACK", "", "application/sdp", FAKE_SDP("192.0.2.5", "31000", "0", "sendrecv"));
    fake_posted(f, SAPA_T_contact_answered);
    const struct sapa_media_message *set = fake_media(f, SAPA_MEDIA_LEG_SET);
    assert_int_equal(set->u.leg.codec, SAPA_CODEC_PCMU);
    assert_int_equal(set->u.leg.remote.port, 31000);
    assert_int_equal(set->u.leg.dtmf_inband, 1);
    /* the core hangs up: BYE with the cause, and no word about it to the core */
    FAKE_COMMAND(f, cmd_hangup, .contact = contact, .cause = 16);
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_reply(f, fake_want(f, "BYE", "Reason: Q.850;cause=16"), 200, "", "", "");
    assert_int_equal(fake_posted_count(f, SAPA_T_contact_gone), 0);
    fake_assert_empty(f);
}

static void late_offer_unanswered(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    fake_invite(f, &c, "192.0.2.5", "1500", "", "");
    const uint64_t contact = fake_posted(f, SAPA_T_contact_arrived)->u.contact_arrived.contact;
    FAKE_COMMAND(f, cmd_answer, .contact = contact);
    fake_learn(&c, fake_want(f, "SIP/2.0 200", c.call_id)->text);
    fake_request(f, &c, "ACK", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_contact_gone)->u.contact_gone.side, SAPA_SIDE_NETWORK);
    fake_reply(f, fake_want(f, "BYE", c.call_id), 200, "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

static void reject(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    fake_invite(f, &c, "192.0.2.5", "999", "", fake_sdp_customer); /* no such number: the core refuses it */
    const struct sapa_record *arrived = fake_posted(f, SAPA_T_contact_arrived);
    assert_int_equal(arrived->u.contact_arrived.number, SAPA_NONE);
    const uint64_t contact = arrived->u.contact_arrived.contact;
    FAKE_COMMAND(f, cmd_reject, .contact = contact, .status = 404);
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_want(f, "SIP/2.0 404", c.call_id);
    fake_request(f, &c, "ACK", "", "", "");
    assert_int_equal(fake_posted_count(f, SAPA_T_contact_gone), 0);
    fake_assert_empty(f);
}

static void refused(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    struct sapa_voice_stats stats;
    fake_invite(f, &c, "198.18.0.1", "1500", "", fake_sdp_customer); /* neither trunk nor phone */
    fake_want(f, "SIP/2.0 403", c.call_id);
    fake_request(f, &c, "ACK", "", "", "");
    sapa_voice_refuse(f->voice, true, "disk full");
    fake_invite(f, &c, "192.0.2.5", "1500", "", fake_sdp_customer);
    assert_non_null(strstr(fake_want(f, "SIP/2.0 503", c.call_id)->text, "Retry-After: 5"));
    fake_request(f, &c, "ACK", "", "", "");
    sapa_voice_refuse(f->voice, false, NULL);
    f->post_full = true;
    fake_invite(f, &c, "192.0.2.5", "1500", "", fake_sdp_customer);
    fake_want(f, "SIP/2.0 503", c.call_id);
    fake_request(f, &c, "ACK", "", "", "");
    f->post_full = false;
    fake_run(f, 5000);
    fake_invite(f, &c, "192.0.2.5", "1500", "", FAKE_SDP("192.0.2.5", "30000", "18", "sendrecv"));
    fake_want(f, "SIP/2.0 488", c.call_id);
    fake_request(f, &c, "ACK", "", "", "");
    fake_invite(f, &c, "192.0.2.5", "1500", "", /* keys for SRTP that nobody would use: never answered in the clear */
                "v=0\r\no=- 1 1 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\nm=audio 30000 RTP/SAVPF 8\r\n");
    fake_want(f, "SIP/2.0 488", c.call_id);
    fake_request(f, &c, "ACK", "", "", "");
    fake_invite(f, &c, "192.0.2.5", "1500", "Require: precondition\r\n", fake_sdp_customer);
    assert_non_null(strstr(fake_want(f, "SIP/2.0 420", c.call_id)->text, "Unsupported: precondition"));
    fake_request(f, &c, "ACK", "", "", "");
    sapa_voice_stats_read(f->voice, &stats);
    assert_int_equal(stats.offered, 5); /* 420 never was a call that could be taken */
    assert_int_equal(stats.refused_source, 1);
    assert_int_equal(stats.refused_store, 1);
    assert_int_equal(stats.refused_core, 1);
    assert_int_equal(stats.refused_sdp, 2);
    assert_int_equal(stats.arrived, 0);
    assert_int_equal(fake_posted_count(f, SAPA_T_contact_arrived), 0);
    fake_assert_empty(f);
}

static void limit_of_calls(void **state)
{
    struct fake *f = *state;
    static struct sapa_trunk trunks[2];
    struct fake_call first, second;
    memcpy(trunks, fake_trunks, sizeof(trunks));
    trunks[0].calls_max = 1;
    f->centre.trunks = trunks;
    const uint64_t contact = fake_customer(f, &first);
    fake_invite(f, &second, "192.0.2.6", "1500", "", fake_sdp_customer);
    fake_want(f, "SIP/2.0 503", second.call_id);
    fake_request(f, &second, "ACK", "", "", "");
    fake_request(f, &first, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    const uint64_t again = fake_customer(f, &second); /* the line is free again */
    fake_request(f, &second, "BYE", "Reason: Q.850;cause=38\r\n", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_contact_gone)->u.contact_gone.side, SAPA_SIDE_NETWORK);
    FAKE_COMMAND(f, cmd_forget, .contact = again);
    fake_assert_empty(f);
}

/* ---- offers ---- */

static void offer_failures(void **state)
{
    static const struct { int status; enum sapa_offer_result result; } cases[] = {
        { 486, SAPA_OFFER_BUSY }, { 603, SAPA_OFFER_REFUSED }, { 302, SAPA_OFFER_REFUSED }, { 500, SAPA_OFFER_FAULT }, { 480, SAPA_OFFER_UNREACHABLE },
    };
    struct fake *f = *state;
    struct fake_call customer;
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    const uint64_t contact = fake_customer(f, &customer);
    for (size_t i = 0; i < SAPA_COUNT(cases); i++) {
        FAKE_COMMAND(f, cmd_offer, .offer = 100 + i, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
        fake_reply(f, fake_want(f, "INVITE", "X-Sapa"), cases[i].status, "x", "", "");
        const struct sapa_record *failed = fake_posted(f, SAPA_T_offer_failed);
        assert_int_equal(failed->u.offer_failed.offer, 100 + i);
        assert_int_equal(failed->u.offer_failed.result, cases[i].result);
        assert_int_equal(failed->u.offer_failed.cause, cases[i].status);
    }
    /* 480: the phone says that nobody is there */
    f->posted_seen = 0;
    assert_int_equal(fake_posted(f, SAPA_T_agent_device)->u.agent_device.reachable, 1);
    assert_int_equal(fake_posted(f, SAPA_T_agent_device)->u.agent_device.reachable, 0);
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    assert_int_equal(fake_posted(f, SAPA_T_agent_device)->u.agent_device.reachable, 1);
    /* a phone that says nothing at all */
    FAKE_COMMAND(f, cmd_offer, .offer = 200, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
    fake_run(f, 4100000);
    const struct sapa_record *failed = fake_posted(f, SAPA_T_offer_failed);
    assert_int_equal(failed->u.offer_failed.offer, 200);
    assert_int_equal(failed->u.offer_failed.result, SAPA_OFFER_UNREACHABLE);
    f->posted_seen = 0;
    for (int i = 0; i < 3; i++)
        fake_posted(f, SAPA_T_agent_device);
    assert_int_equal(fake_posted(f, SAPA_T_agent_device)->u.agent_device.reachable, 0);
    /* nobody registered, no such agent */
    FAKE_COMMAND(f, cmd_offer, .offer = 201, .contact = contact, .agent = 1, .queue = 0, .ring_ms = 20000);
    FAKE_COMMAND(f, cmd_offer, .offer = 202, .contact = contact, .agent = 99, .queue = 0, .ring_ms = 20000);
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_failed), SAPA_COUNT(cases) + 3);
    FAKE_COMMAND(f, cmd_hangup, .contact = contact, .cause = 16);
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_reply(f, fake_want(f, "BYE", customer.call_id), 200, "", "", "");
    fake_assert_empty(f);
}

/* The agent answers while the core takes the offer back: ACK and BYE, and the core hears nothing of it. */
static void cancel_race(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    const uint64_t contact = fake_customer(f, &customer);
    FAKE_COMMAND(f, cmd_offer, .offer = 5, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
    const struct fake_sent *invite = fake_want(f, "INVITE", "X-Sapa");
    fake_reply(f, invite, 180, "x", "", "");
    FAKE_COMMAND(f, cmd_offer_cancel, .offer = 5, .elsewhere = 1);
    const struct fake_sent *cancel = fake_want(f, "CANCEL", "Reason: SIP;cause=200;text=\"Call completed elsewhere\"");
    fake_reply(f, invite, 200, "x", "", fake_sdp_agent);
    fake_reply(f, cancel, 481, "x", "", "");
    fake_want(f, "ACK", fake_callee(invite, "x").call_id);
    fake_reply(f, fake_want(f, "BYE", fake_callee(invite, "x").call_id), 200, "", "", "");
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_accepted), 0);
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_failed), 0);
    /* the same with the normal end */
    FAKE_COMMAND(f, cmd_offer, .offer = 6, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
    invite = fake_want(f, "INVITE", "X-Sapa");
    fake_reply(f, invite, 180, "y", "", "");
    FAKE_COMMAND(f, cmd_offer_cancel, .offer = 6);
    cancel = fake_want(f, "CANCEL", fake_callee(invite, "y").call_id);
    assert_null(strstr(cancel->text, "Reason"));
    fake_reply(f, cancel, 200, "y", "", "");
    fake_reply(f, invite, 487, "y", "", "");
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_failed), 0);
    /* the core drops it, and the agent's answer crosses on the way to the core */
    struct fake_call agent = fake_agent(f, contact, 7, 0);
    FAKE_COMMAND(f, cmd_drop_agent, .contact = contact, .offer = 7);
    fake_reply(f, fake_want(f, "BYE", agent.call_id), 200, "", "", "");
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_gone), 0);
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

struct seen_phones {
    size_t count;
    struct sapa_voice_registration of[4];
};

static void take_phone(void *ctx, const struct sapa_voice_registration *registration)
{
    struct seen_phones *seen = ctx;
    if (seen->count < SAPA_COUNT(seen->of))
        seen->of[seen->count++] = *registration;
}

/* Office or not is told by the address of the phone that was taken in use last: when it changes, and not by renewals. */
static void where_agents_work(void **state)
{
    struct fake *f = *state;
    static const struct sapa_network networks[] = { { .family = 4, .bits = 24, .address = { 192, 0, 2 } }, { .family = 4, .bits = 25, .address = { 198, 51, 100, 0 } } };
    struct seen_phones seen = { 0 };
    f->centre.networks = (struct sapa_network *)(uintptr_t)networks;
    f->centre.networks_count = 2;
    fake_register(f, 0, "198.51.100.7", 5060, 600); /* the description says nothing of offices */
    assert_int_equal(fake_posted(f, SAPA_T_agent_device)->u.agent_device.place, SAPA_WORKPLACE_UNKNOWN);
    f->centre.system.office_first = 1;
    f->centre.system.office_count = 1;
    fake_run(f, 1000000);
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    const struct sapa_record *device = fake_posted(f, SAPA_T_agent_device);
    assert_true(device->u.agent_device.reachable == 1 && device->u.agent_device.place == SAPA_WORKPLACE_OFFICE);
    const int64_t since_us = sapa_voice_wall(f->voice);
    fake_run(f, 5000000);
    fake_register(f, 0, "198.51.100.200", 5062, 600); /* at home, while the desk phone is still there */
    assert_int_equal(fake_posted(f, SAPA_T_agent_device)->u.agent_device.place, SAPA_WORKPLACE_ELSEWHERE);
    const size_t told = fake_posted_count(f, SAPA_T_agent_device);
    fake_run(f, 60000000);
    fake_register(f, 0, "198.51.100.7", 5060, 600); /* the desk phone renews its registration */
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_device), told);
    sapa_voice_registrations(f->voice, take_phone, &seen);
    assert_int_equal(seen.count, 2);
    for (size_t i = 0; i < seen.count; i++) {
        const bool desk = seen.of[i].from.bytes[3] == 7;
        assert_int_equal(seen.of[i].place, desk ? SAPA_WORKPLACE_OFFICE : SAPA_WORKPLACE_ELSEWHERE);
        assert_true(desk ? seen.of[i].since_us < since_us + 1000000 : seen.of[i].since_us >= since_us + 5000000);
        assert_int_equal(seen.of[i].transport, SAPA_SIP_FLOW_UDP);
    }
    fake_register(f, 0, "198.51.100.200", 5062, 0); /* and home again: to the desk */
    assert_int_equal(fake_posted(f, SAPA_T_agent_device)->u.agent_device.place, SAPA_WORKPLACE_OFFICE);
}

/* Two phones of one agent ring; one answers, then the other as well. */
static void two_phones(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    fake_register(f, 0, "198.51.100.8", 5060, 600);
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_device), 1);
    const uint64_t contact = fake_customer(f, &customer);
    FAKE_COMMAND(f, cmd_offer, .offer = 5, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
    const struct fake_sent *one = fake_want(f, "INVITE sip:101@198.51.100.7", ""), *two = fake_want(f, "INVITE sip:101@198.51.100.8", "");
    fake_reply(f, one, 180, "one", "", "");
    fake_reply(f, two, 180, "two", "", "");
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_ringing), 1);
    fake_reply(f, two, 200, "two", "", fake_sdp_agent);
    fake_want(f, "CANCEL", "Call completed elsewhere");
    fake_reply(f, one, 200, "one", "", fake_sdp_agent); /* 200/200 */
    fake_want(f, "ACK", fake_callee(one, "one").call_id);
    fake_reply(f, fake_want(f, "BYE", fake_callee(one, "one").call_id), 200, "", "", "");
    fake_none(f, "BYE", fake_callee(two, "two").call_id);
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_accepted), 1);
    FAKE_COMMAND(f, cmd_connect, .contact = contact, .offer = 5);
    fake_media(f, SAPA_MEDIA_BRIDGE);
    /* one refuses for good: it is refused, the other stops ringing */
    FAKE_COMMAND(f, cmd_drop_agent, .contact = contact, .offer = 5);
    fake_reply(f, fake_want(f, "BYE", fake_callee(two, "two").call_id), 200, "", "", "");
    FAKE_COMMAND(f, cmd_offer, .offer = 6, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
    one = fake_want(f, "INVITE sip:101@198.51.100.7", ""), two = fake_want(f, "INVITE sip:101@198.51.100.8", "");
    fake_reply(f, one, 180, "one", "", "");
    fake_reply(f, two, 603, "two", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_offer_failed)->u.offer_failed.result, SAPA_OFFER_REFUSED);
    fake_reply(f, fake_want(f, "CANCEL", fake_callee(one, "one").call_id), 200, "", "", "");
    fake_reply(f, one, 487, "one", "", "");
    /* one busy, the other answers */
    FAKE_COMMAND(f, cmd_offer, .offer = 7, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
    one = fake_want(f, "INVITE sip:101@198.51.100.7", ""), two = fake_want(f, "INVITE sip:101@198.51.100.8", "");
    fake_reply(f, one, 486, "one", "", "");
    fake_reply(f, two, 200, "two", "", fake_sdp_agent);
    assert_int_equal(fake_posted(f, SAPA_T_offer_accepted)->u.offer_accepted.offer, 7);
    FAKE_COMMAND(f, cmd_hangup, .contact = contact, .cause = 16);
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_reply(f, fake_want(f, "BYE", customer.call_id), 200, "", "", "");
    fake_reply(f, fake_want(f, "BYE", fake_callee(two, "two").call_id), 200, "", "", "");
    fake_assert_empty(f);
}

/* A proxy before the phone forks: two tags on one INVITE, two 200s. */
static void forked_by_a_proxy(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    const uint64_t contact = fake_customer(f, &customer);
    FAKE_COMMAND(f, cmd_offer, .offer = 5, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
    const struct fake_sent *invite = fake_want(f, "INVITE", "X-Sapa");
    fake_reply(f, invite, 180, "a", "", "");
    fake_reply(f, invite, 180, "b", "", "");
    fake_reply(f, invite, 200, "b", "", fake_sdp_agent);
    fake_want(f, "ACK", "tag=b");
    fake_reply(f, invite, 200, "a", "", fake_sdp_agent);
    fake_want(f, "ACK", "tag=a");
    fake_reply(f, fake_want(f, "BYE", "tag=a"), 200, "", "", "");
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_accepted), 1);
    FAKE_COMMAND(f, cmd_drop_agent, .contact = contact, .offer = 5);
    fake_reply(f, fake_want(f, "BYE", "tag=b"), 200, "", "", "");
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

static void answer_without_codec(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    const uint64_t contact = fake_customer(f, &customer);
    FAKE_COMMAND(f, cmd_offer, .offer = 5, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
    const struct fake_sent *invite = fake_want(f, "INVITE", "X-Sapa");
    fake_reply(f, invite, 200, "a", "", FAKE_SDP("198.51.100.7", "40000", "18", "sendrecv"));
    fake_want(f, "ACK", "tag=a");
    fake_reply(f, fake_want(f, "BYE", "tag=a"), 200, "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_offer_failed)->u.offer_failed.result, SAPA_OFFER_FAULT);
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_accepted), 0);
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_reply(f, fake_want(f, "BYE", customer.call_id), 200, "", "", "");
    fake_assert_empty(f);
}

/* ---- sounds ---- */

static void play(struct fake *f, uint64_t contact, uint32_t number, unsigned prompts)
{
    uint8_t blob[64];
    struct sapa_writer w = sapa_writer_of(blob, sizeof(blob));
    for (unsigned i = 0; i < prompts; i++)
        sapa_segment_put_prompt(&w, SAPA_PROMPT_ID_BEEP + i);
    struct sapa_record r = { .type = SAPA_T_cmd_play, .u.cmd_play = { .contact = contact, .play = number } };
    const struct sapa_str segments = { (char *)blob, w.n };
    sapa_sized_set(&r.u.cmd_play.segments, segments);
    fake_command(f, &r);
}

static void prompts_that_come_later(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    const uint64_t contact = fake_customer(f, &customer);
    f->prompt_later = true;
    play(f, contact, 1, 2);
    play(f, contact, 2, 2); /* replaces it before its sounds are there */
    assert_int_equal(f->prompt_count, 4);
    for (size_t i = 0; i < 4; i++) /* one of them cannot be made */
        sapa_voice_prompt_ready(f->voice, f->prompt_tags[i], i == 2 ? SAPA_EIO : SAPA_OK, "/cache/x");
    const struct sapa_media_message *m = fake_media(f, SAPA_MEDIA_PLAY);
    assert_int_equal(m->u.play.play, 2);
    assert_int_equal(m->u.play.file_count, 1);
    sapa_voice_prompt_ready(f->voice, f->prompt_tags[0], SAPA_OK, "/cache/x"); /* twice: of no effect */
    /* nothing of it can be made: the core is told, and not left waiting */
    f->prompt_count = 0;
    play(f, contact, 3, 1);
    sapa_voice_prompt_ready(f->voice, f->prompt_tags[0], SAPA_ETIMEOUT, "");
    const struct sapa_record *done = fake_posted(f, SAPA_T_play_done);
    assert_int_equal(done->u.play_done.play, 3);
    assert_int_equal(done->u.play_done.failed, 1);
    f->prompt_later = false;
    f->prompt_rc = SAPA_ENOENT;
    play(f, contact, 4, 1);
    assert_int_equal(fake_posted(f, SAPA_T_play_done)->u.play_done.failed, 1);
    play(f, contact, 5, 0); /* nothing to play */
    assert_int_equal(fake_posted(f, SAPA_T_play_done)->u.play_done.failed, 1);
    /* the media process cannot read it */
    f->prompt_rc = SAPA_OK;
    play(f, contact, 6, 1);
    m = fake_media(f, SAPA_MEDIA_PLAY);
    struct sapa_media_message error = { .op = SAPA_MEDIA_ERROR, .failed = SAPA_MEDIA_PLAY, .leg = m->leg, .tag = m->tag, .code = SAPA_ENOENT };
    sapa_voice_media_receive(f->voice, &error);
    assert_int_equal(fake_posted(f, SAPA_T_play_done)->u.play_done.failed, 1);
    /* silence: a prompt that comes after it is not played */
    f->prompt_later = true;
    f->prompt_count = 0;
    play(f, contact, 7, 1);
    FAKE_COMMAND(f, cmd_stop_play, .contact = contact);
    fake_media(f, SAPA_MEDIA_STOP);
    const size_t before = f->media_count;
    sapa_voice_prompt_ready(f->voice, f->prompt_tags[0], SAPA_OK, "/cache/x");
    assert_int_equal(f->media_count, before);
    /* and one that comes after the call */
    f->prompt_count = 0;
    play(f, contact, 8, 1);
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_run(f, 0);
    sapa_voice_prompt_ready(f->voice, f->prompt_tags[0], SAPA_OK, "/cache/x");
    play(f, contact, 9, 1); /* the contact is gone: still an end */
    assert_int_equal(f->posted[f->posted_count - 1].u.play_done.play, 9);
    fake_assert_empty(f);
}

static void press(struct fake *f, uint64_t leg, uint64_t contact, const char *keys)
{
    for (; *keys; keys++) {
        struct sapa_media_message m = { .op = SAPA_MEDIA_DIGIT, .leg = leg, .contact = contact, .u.dtmf.digit = *keys };
        sapa_voice_media_receive(f->voice, &m);
    }
}

static void secret_digits(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    char buf[SAPA_VOICE_SECRET_MAX];
    const uint64_t contact = fake_customer(f, &customer);
    const uint64_t leg = fake_media(f, SAPA_MEDIA_LEG_OPEN)->leg;
    FAKE_COMMAND(f, cmd_secret, .contact = contact, .on = 1);
    assert_int_equal(fake_media(f, SAPA_MEDIA_SECRET)->code, 1);
    press(f, leg, contact, "123456#");
    FAKE_COMMAND(f, cmd_secret, .contact = contact, .on = 0);
    press(f, leg, contact, "7");
    for (int i = 0; i < 6; i++) {
        const struct sapa_record *digit = fake_posted(f, SAPA_T_digit);
        assert_string_equal(digit->u.digit.digit.p, "?");
        assert_int_equal(digit->u.digit.secrets, i + 1);
    }
    assert_string_equal(fake_posted(f, SAPA_T_digit)->u.digit.digit.p, "#");
    assert_string_equal(fake_posted(f, SAPA_T_digit)->u.digit.digit.p, "7");
    assert_int_equal(sapa_voice_secret(f->voice, contact, buf, sizeof(buf)), 6);
    assert_memory_equal(buf, "123456", 6);
    FAKE_COMMAND(f, cmd_secret, .contact = contact, .on = 1); /* the next collection begins empty */
    assert_int_equal(sapa_voice_secret(f->voice, contact, buf, sizeof(buf)), 0);
    for (int i = 0; i < 100; i++)
        press(f, leg, contact, "9");
    assert_int_equal(sapa_voice_secret(f->voice, contact, buf, sizeof(buf)), SAPA_VOICE_SECRET_MAX);
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_run(f, 0);
    assert_int_equal(sapa_voice_secret(f->voice, contact, buf, sizeof(buf)), 0);
    fake_assert_empty(f);
}

/* ---- calls that we place ---- */

static void callback_with_credentials(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    const uint64_t contact = fake_customer(f, &customer);
    fake_request(f, &customer, "BYE", "", "", "");
    fake_posted(f, SAPA_T_contact_gone); /* no forget: it waits for its callback */
    fake_run(f, 60000000);
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    struct fake_call agent = fake_agent(f, contact, 50, 0); /* the agent is asked first */
    FAKE_COMMAND(f, cmd_dial, .contact = contact, .attempt = 1, .kind = 0, .from = 0, .ring_ms = 30000);
    const struct fake_sent *invite = fake_want(f, "INVITE sip:6281234567890@192.0.2.10 SIP/2.0", "sip:62215550100@192.0.2.10");
    const struct sapa_media_message *note = fake_media(f, SAPA_MEDIA_PLAY); /* the agent hears that it is being done */
    assert_string_equal(note->u.play.files[0], "/cache/callback.agent");
    assert_int_equal(note->u.play.loop, 0);
    fake_reply(f, invite, 407, "t", "Proxy-Authenticate: Digest realm=\"carrier\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\r\n", "");
    invite = fake_want(f, "INVITE", "Proxy-Authorization: Digest");
    assert_non_null(strstr(invite->text, "username=\"sapa\""));
    fake_reply(f, invite, 183, "t", "", fake_sdp_customer);
    assert_int_equal(fake_posted(f, SAPA_T_dial_progress)->u.dial_progress.state, 0);
    const struct sapa_media_message *set = fake_media(f, SAPA_MEDIA_LEG_SET); /* the agent hears the carrier's ringing */
    assert_int_equal(set->u.leg.remote.port, 30000);
    const struct sapa_media_message *early = fake_media(f, SAPA_MEDIA_BRIDGE);
    assert_int_equal(early->other, set->leg);
    fake_reply(f, invite, 180, "t", "", "");
    fake_reply(f, invite, 200, "t", "", ""); /* its description came early */
    const struct sapa_record *progress = fake_posted(f, SAPA_T_dial_progress);
    assert_int_equal(progress->u.dial_progress.state, 1);
    assert_int_equal(progress->u.dial_progress.attempt, 1);
    assert_true(progress->u.dial_progress.leg != 0);
    FAKE_COMMAND(f, cmd_connect, .contact = contact, .offer = 50);
    const struct sapa_media_message *bridge = fake_media(f, SAPA_MEDIA_BRIDGE);
    assert_int_equal(bridge->leg, progress->u.dial_progress.leg);
    struct fake_call called = fake_callee(invite, "t");
    called.cseq = 10;
    fake_request(f, &called, "BYE", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_contact_gone)->u.contact_gone.side, SAPA_SIDE_CUSTOMER);
    FAKE_COMMAND(f, cmd_drop_agent, .contact = contact, .offer = 50);
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_reply(f, fake_want(f, "BYE", agent.call_id), 200, "", "", "");
    fake_assert_empty(f);
}

/* Nobody answers a callback: the agent is told so before his line is free, unless the next offer is there already. */
static void callback_not_reached(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    for (unsigned turn = 0; turn < 2; turn++) {
        const uint64_t contact = fake_customer(f, &customer);
        fake_request(f, &customer, "BYE", "", "", "");
        struct fake_call agent = fake_agent(f, contact, 50 + turn, 0);
        FAKE_COMMAND(f, cmd_dial, .contact = contact, .attempt = 1, .kind = 0, .from = 0, .ring_ms = 30000);
        assert_string_equal(fake_media(f, SAPA_MEDIA_PLAY)->u.play.files[0], "/cache/callback.agent");
        fake_reply(f, fake_want(f, "INVITE sip:6281234567890@192.0.2.10 SIP/2.0", ""), 486, "t", "", "");
        assert_int_equal(fake_posted(f, SAPA_T_dial_progress)->u.dial_progress.state, 2);
        FAKE_COMMAND(f, cmd_drop_agent, .contact = contact, .offer = 50 + turn);
        FAKE_COMMAND(f, cmd_forget, .contact = contact);
        struct sapa_media_message m = *fake_media(f, SAPA_MEDIA_PLAY);
        assert_string_equal(m.u.play.files[0], "/cache/callback.not-reached");
        fake_none(f, "BYE", agent.call_id);
        if (turn == 0) {
            struct sapa_media_message done = { .op = SAPA_MEDIA_PLAY_DONE, .leg = m.leg };
            done.u.play.play = 0x80000001; /* of the word before it, which it replaced */
            sapa_voice_media_receive(f->voice, &done);
            fake_none(f, "BYE", agent.call_id);
            done.u.play.play = 1;
            sapa_voice_media_receive(f->voice, &done);
            fake_reply(f, fake_want(f, "BYE", agent.call_id), 200, "", "", "");
        } else {
            const uint64_t next = fake_customer(f, &customer);
            FAKE_COMMAND(f, cmd_offer, .offer = 60, .contact = next, .agent = 0, .queue = 0, .ring_ms = 20000);
            fake_reply(f, fake_want(f, "BYE", agent.call_id), 200, "", "", "");
            fake_reply(f, fake_want(f, "INVITE", "X-Sapa"), 486, "x", "", "");
            fake_request(f, &customer, "BYE", "", "", "");
            FAKE_COMMAND(f, cmd_forget, .contact = next);
        }
    }
    fake_assert_empty(f);
}

static void trunks_in_trouble(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    const uint64_t contact = fake_customer(f, &customer);
    struct sapa_record dial = { .type = SAPA_T_cmd_dial, .u.cmd_dial = { .contact = contact, .attempt = 1, .kind = 1, .from = SAPA_NONE, .ring_ms = 30000 } };
    sapa_sized_set(&dial.u.cmd_dial.number, SAPA_STR("62811"));
    fake_command(f, &dial);
    const struct fake_sent *invite = fake_want(f, "INVITE sip:62811@192.0.2.10 SIP/2.0", "");
    fake_reply(f, invite, 503, "t", "", ""); /* on to the next */
    invite = fake_want(f, "INVITE sip:62811@192.0.2.20:5062 SIP/2.0", "");
    fake_reply(f, invite, 180, "u", "", "");
    fake_reply(f, invite, 200, "u", "", fake_sdp_customer);
    assert_int_equal(fake_posted(f, SAPA_T_dial_progress)->u.dial_progress.state, 0);
    assert_int_equal(fake_posted(f, SAPA_T_dial_progress)->u.dial_progress.state, 1);
    fake_media(f, SAPA_MEDIA_BRIDGE); /* caller and outside talk */
    struct fake_call outside = fake_callee(invite, "u");
    fake_request(f, &outside, "BYE", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_dial_progress)->u.dial_progress.state, 3);
    /* busy: no other trunk is tried; and given up by the core while it rings */
    dial.u.cmd_dial.attempt = 2;
    fake_command(f, &dial);
    fake_reply(f, fake_want(f, "INVITE sip:62811@192.0.2.10 SIP/2.0", ""), 486, "v", "", "");
    const struct sapa_record *progress = fake_posted(f, SAPA_T_dial_progress);
    assert_int_equal(progress->u.dial_progress.state, 2);
    assert_int_equal(progress->u.dial_progress.cause, 486);
    /* it rang until the carrier had enough: the customer does not answer, and no other trunk makes him */
    dial.u.cmd_dial.attempt = 3;
    fake_command(f, &dial);
    invite = fake_want(f, "INVITE sip:62811@192.0.2.10 SIP/2.0", "");
    fake_reply(f, invite, 180, "x", "", "");
    fake_reply(f, invite, 408, "x", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_dial_progress)->u.dial_progress.state, 0);
    progress = fake_posted(f, SAPA_T_dial_progress);
    assert_int_equal(progress->u.dial_progress.state, 2);
    assert_int_equal(progress->u.dial_progress.cause, 408);
    assert_int_equal(progress->u.dial_progress.side, SAPA_SIDE_CUSTOMER);
    dial.u.cmd_dial.attempt = 4;
    fake_command(f, &dial);
    invite = fake_want(f, "INVITE sip:62811@192.0.2.10 SIP/2.0", "");
    fake_reply(f, invite, 180, "w", "", "");
    FAKE_COMMAND(f, cmd_dial_cancel, .contact = contact, .attempt = 4);
    fake_reply(f, fake_want(f, "CANCEL", ""), 200, "w", "", "");
    fake_reply(f, invite, 487, "w", "", "");
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

/* A carrier that wants us registered: credentials, its times, refusals, calls that come to our Contact. */
static void registers_at_a_carrier(void **state)
{
    struct fake *f = *state;
    static struct sapa_trunk trunks[2];
    memcpy(trunks, fake_trunks, sizeof(trunks));
    trunks[1] = (struct sapa_trunk){ .key = { "two", 3 }, .host = { "198.51.100.200", 14 }, .registers = 1, .register_s = 600,
                                     .user = { "62215550100", 11 }, .password = { "pass", 4 }, .domain = { "ims.example", 11 } };
    f->centre.trunks = trunks;
    sapa_voice_centre(f->voice, &f->centre);
    assert_false(sapa_voice_trunk_good(f->voice, 1));
    fake_run(f, 1000000);
    const struct fake_sent *one = fake_want(f, "REGISTER sip:ims.example SIP/2.0", "To: <sip:62215550100@ims.example>");
    assert_non_null(strstr(one->text, "Contact: <sip:62215550100@203.0.113.1:5060>"));
    assert_non_null(strstr(one->text, "Expires: 600"));
    assert_null(strstr(one->text, "Authorization"));
    char call_id[100], again[100];
    fake_header(one->text, "Call-ID", call_id, sizeof(call_id));
    fake_reply(f, one, 401, "r", "WWW-Authenticate: Digest realm=\"ims\", nonce=\"n1\", algorithm=SHA-256, qop=\"auth\"\r\n", "");
    one = fake_want(f, "REGISTER", "Authorization: Digest");
    assert_non_null(strstr(one->text, "algorithm=SHA-256"));
    assert_non_null(strstr(one->text, "uri=\"sip:ims.example\""));
    assert_non_null(strstr(one->text, "CSeq: 2 REGISTER"));
    fake_header(one->text, "Call-ID", again, sizeof(again));
    assert_string_equal(again, call_id);
    fake_reply(f, one, 200, "r", "Contact: <sip:other@203.0.113.9>;expires=7, <sip:62215550100@203.0.113.1:5060>;expires=120\r\n", "");
    while (fake_find(f, "REGISTER", "Expires"))
        ; /* its repetitions */
    assert_true(sapa_voice_trunk_good(f->voice, 1));

    /* a call comes to our Contact, from where we registered: it is the trunk's, and its number stands in To */
    struct fake_call c = { .flow = fake_flow("198.51.100.200", 5060), .call_id = "reg-call", .us = "<sip:0812@ims.example>;tag=p",
                           .them = "<sip:+62215550100@ims.example>", .target = "sip:62215550100@203.0.113.1:5060" };
    fake_request(f, &c, "INVITE", "", "application/sdp", fake_sdp_customer);
    const struct sapa_record *arrived = fake_posted(f, SAPA_T_contact_arrived);
    assert_int_equal(arrived->u.contact_arrived.trunk, 1);
    assert_int_equal(arrived->u.contact_arrived.number, 0);
    FAKE_COMMAND(f, cmd_reject, .contact = arrived->u.contact_arrived.contact, .status = 486);
    fake_request(f, &c, "ACK", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = arrived->u.contact_arrived.contact);

    /* renewed in time, by the carrier's own time */
    fake_run(f, 57000000);
    fake_none(f, "REGISTER", "");
    fake_run(f, 4000000);
    one = fake_want(f, "REGISTER", "CSeq: 3 REGISTER");
    fake_reply(f, one, 423, "r", "Min-Expires: 900\r\n", "");
    while (fake_find(f, "REGISTER", "Expires"))
        ; /* its repetitions */
    fake_run(f, 1000000);
    one = fake_want(f, "REGISTER", "Expires: 900");
    assert_true(sapa_voice_trunk_good(f->voice, 1)); /* the one before still holds */
    fake_reply(f, one, 200, "r", "Expires: 900\r\n", "");
    while (fake_find(f, "REGISTER", "Expires"))
        ; /* its repetitions */
    fake_run(f, 800000000);
    fake_none(f, "REGISTER", "");
    fake_run(f, 41000000);
    /* refused: said with its reason, tried again later, and good again */
    one = fake_want(f, "REGISTER", "");
    fake_reply(f, one, 403, "r", "", "");
    while (fake_find(f, "REGISTER", "Expires"))
        ; /* its repetitions */
    assert_false(sapa_voice_trunk_good(f->voice, 1));
    fake_run(f, 6000000);
    fake_reply(f, fake_want(f, "REGISTER", ""), 403, "r", "", "");
    while (fake_find(f, "REGISTER", "Expires"))
        ; /* its repetitions */
    const struct sapa_record *alarm = fake_posted(f, SAPA_T_alarm_raised);
    assert_int_equal(alarm->u.alarm_raised.on, 1);
    assert_non_null(strstr(alarm->u.alarm_raised.text.p, "trunk two does not take our registration (403)"));
    fake_run(f, 9000000);
    fake_none(f, "REGISTER", "");
    fake_run(f, 2000000);
    fake_reply(f, fake_want(f, "REGISTER", ""), 200, "r", "", "");
    while (fake_find(f, "REGISTER", "Expires"))
        ; /* its repetitions */
    assert_int_equal(fake_posted(f, SAPA_T_alarm_raised)->u.alarm_raised.on, 0);
    assert_true(sapa_voice_trunk_good(f->voice, 1));
    f->centre.trunks = fake_trunks;
    sapa_voice_centre(f->voice, &f->centre);
    fake_assert_empty(f);
}

/* A trunk that says nothing is not waited for: the next one carries the call. */
static void silent_trunk(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    const uint64_t contact = fake_customer(f, &customer);
    struct sapa_record dial = { .type = SAPA_T_cmd_dial, .u.cmd_dial = { .contact = contact, .attempt = 1, .kind = 1, .from = SAPA_NONE, .ring_ms = 60000 } };
    sapa_sized_set(&dial.u.cmd_dial.number, SAPA_STR("62811"));
    fake_command(f, &dial);
    const struct fake_sent *dead = fake_want(f, "INVITE sip:62811@192.0.2.10 SIP/2.0", "P-Asserted-Identity: <sip:62215550100@192.0.2.10>");
    fake_run(f, 4000000);
    fake_none(f, "INVITE sip:62811@192.0.2.20", "");
    fake_run(f, 3000000);
    const struct fake_sent *invite = fake_want(f, "INVITE sip:62811@192.0.2.20:5062 SIP/2.0", "");
    fake_reply(f, invite, 200, "u", "", fake_sdp_customer);
    assert_int_equal(fake_posted(f, SAPA_T_dial_progress)->u.dial_progress.state, 1);
    fake_reply(f, dead, 200, "late", "", fake_sdp_customer); /* and then it does speak: nobody stays hanging there */
    struct fake_call late = fake_callee(dead, "late");
    fake_want(f, "ACK", late.call_id);
    fake_reply(f, fake_want(f, "BYE", late.call_id), 200, "late", "", "");
    struct fake_call outside = fake_callee(invite, "u");
    fake_request(f, &outside, "BYE", "", "", "");
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

/* A withheld number stays withheld both ways (RFC 3323, RFC 3325 §9.3): it enters no record, and ours is asked to be hidden. */
static void privacy(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    fake_invite(f, &customer, "192.0.2.5", "+62215550100", "P-Asserted-Identity: <sip:+6281234567890@carrier.example>\r\nPrivacy: id\r\n", fake_sdp_customer);
    const struct sapa_rec_contact_arrived arrived = fake_posted(f, SAPA_T_contact_arrived)->u.contact_arrived;
    assert_int_equal(arrived.address.n, 0);
    assert_int_equal(arrived.name.n, 0);
    FAKE_COMMAND(f, cmd_answer, .contact = arrived.contact);
    fake_learn(&customer, fake_want(f, "SIP/2.0 200", customer.call_id)->text);
    fake_request(f, &customer, "ACK", "", "", "");

    f->centre.numbers_count = 0; /* nothing that could be shown */
    sapa_voice_centre(f->voice, &f->centre);
    struct sapa_record dial = { .type = SAPA_T_cmd_dial, .u.cmd_dial = { .contact = arrived.contact, .attempt = 1, .kind = 1, .from = SAPA_NONE, .ring_ms = 60000 } };
    sapa_sized_set(&dial.u.cmd_dial.number, SAPA_STR("62811"));
    fake_command(f, &dial);
    const struct fake_sent *invite = fake_want(f, "INVITE sip:62811@", "Privacy: id\r\n");
    assert_non_null(strstr(invite->text, "\r\nFrom: \"Anonymous\" <sip:anonymous@anonymous.invalid>")); /* RFC 3323 4.1.1.3 */
    assert_null(strstr(invite->text, "62215550100"));
    assert_null(strstr(invite->text, "Toko")); /* nor in whose name */
    fake_reply(f, invite, 486, "u", "", "");
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = arrived.contact);
    f->centre.numbers_count = SAPA_COUNT(fake_numbers);
    sapa_voice_centre(f->voice, &f->centre);
    fake_assert_empty(f);
}

#define SRTP_SDP(profile, crypto) "v=0\r\no=- 1 1 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\nm=audio 30000 " profile " 8 101\r\n" \
                                  "a=rtpmap:101 telephone-event/8000\r\n" crypto
#define SRTP_KEY "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n"

/* Blind transfer by the phone's own key. */
static void refer(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    const uint64_t contact = fake_customer(f, &customer);
    struct fake_call agent = fake_agent(f, contact, 5, 0);
    FAKE_COMMAND(f, cmd_connect, .contact = contact, .offer = 5);
    static const struct {
        const char *to;
        int status;
        uint64_t kind, target;
    } table[] = {
        { "Refer-To: <sip:nobody@sapa.example>\r\n", 404, 0, 0 },
        { "Refer-To: <sip:102@sapa.example?Replaces=a%3Bto-tag%3Db>\r\n", 481, 0, 0 },
        { "Refer-To: <mailto:a@b>\r\n", 400, 0, 0 },
        { "", 400, 0, 0 },
        { "Refer-To: <sip:102@sapa.example>\r\n", 202, SAPA_TARGET_AGENT, 1 },
        { "Refer-To: <sip:0811-2345-678@sapa.example>\r\n", 202, SAPA_TARGET_OUTSIDE, SAPA_NONE },
        { "Refer-To: sip:+62215550100@sapa.example\r\n", 202, SAPA_TARGET_NUMBER, 0 },
        { "Refer-To: <sip:bank.kartu@sapa.example>\r\n", 202, SAPA_TARGET_QUEUE, 1 },
    };
    for (size_t i = 0; i < SAPA_COUNT(table); i++) {
        char start[20];
        snprintf(start, sizeof(start), "SIP/2.0 %d", table[i].status);
        fake_request(f, &agent, "REFER", table[i].to, "", "");
        assert_non_null(strstr(fake_want(f, start, "REFER")->text, agent.call_id));
        if (table[i].status != 202) {
            fake_none(f, "NOTIFY", "");
            continue;
        }
        const struct fake_sent *trying = fake_want(f, "NOTIFY", "SIP/2.0 100 Trying");
        assert_non_null(strstr(trying->text, "Subscription-State: active"));
        fake_reply(f, trying, 200, "", "", "");
        const struct sapa_record *passed = fake_posted(f, SAPA_T_contact_passed);
        assert_int_equal(passed->u.contact_passed.contact, contact);
        assert_int_equal(passed->u.contact_passed.offer, 5);
        assert_int_equal(passed->u.contact_passed.kind, table[i].kind);
        assert_int_equal(passed->u.contact_passed.target, table[i].target);
        assert_string_equal(passed->u.contact_passed.address.p, table[i].kind == SAPA_TARGET_OUTSIDE ? "628112345678" : "");
        const bool good = i + 1 == SAPA_COUNT(table);
        FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = passed->u.contact_passed.request, .verb = 255,
                     .rc = good ? 0 : (uint64_t)-SAPA_ESTATE);
        const struct fake_sent *end = fake_want(f, "NOTIFY", good ? "SIP/2.0 200 OK" : "SIP/2.0 480");
        assert_non_null(strstr(end->text, "Subscription-State: terminated"));
        assert_non_null(strstr(end->text, "Content-Type: message/sipfrag"));
        fake_reply(f, end, 200, "", "", "");
    }
    FAKE_COMMAND(f, cmd_drop_agent, .contact = contact, .offer = 5);
    fake_reply(f, fake_want(f, "BYE", agent.call_id), 200, "", "", "");
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_gone), 0);
    fake_request(f, &customer, "REFER", "Refer-To: <sip:102@sapa.example>\r\n", "", "");
    fake_want(f, "SIP/2.0 403", "REFER");
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

/* Audio is encrypted where its keys are, as far as the description of the centre wants it. */
static void srtp_over_tls(void **state)
{
    struct fake *f = *state;
    static struct sapa_trunk trunks[2];
    struct fake_call c;
    memcpy(trunks, fake_trunks, sizeof(trunks));
    trunks[0].transport = trunks[1].transport = 2;
    f->centre.trunks = trunks;
    f->voice->media_version = SAPA_MEDIA_VERSION_SRTP;
    sapa_voice_centre(f->voice, &f->centre);
    for (int use = SAPA_SRTP_USE_PREFER; use <= SAPA_SRTP_USE_REQUIRE; use++) {
        trunks[0].srtp = trunks[1].srtp = (uint8_t)use;
        for (int crypt = 0; crypt < 2; crypt++) {
            c = (struct fake_call){ .flow = fake_flow("192.0.2.5", 5061), .us = "<sip:0812@c.example>;tag=p", .them = "<sip:+62215550100@c.example>",
                                    .target = "sip:+62215550100@203.0.113.1" };
            snprintf(c.call_id, sizeof(c.call_id), "srtp-%d-%d", use, crypt);
            c.flow.kind = SAPA_SIP_FLOW_TLS;
            c.flow.conn = 7;
            fake_request(f, &c, "INVITE", "", "application/sdp", crypt ? SRTP_SDP("RTP/SAVP", SRTP_KEY) : SRTP_SDP("RTP/AVP", ""));
            if (crypt ? use == SAPA_SRTP_USE_NO : use == SAPA_SRTP_USE_REQUIRE) {
                fake_want(f, "SIP/2.0 488", c.call_id);
                fake_request(f, &c, "ACK", "", "", "");
                continue;
            }
            const uint64_t contact = fake_posted(f, SAPA_T_contact_arrived)->u.contact_arrived.contact;
            f->media_seen = f->media_count;
            FAKE_COMMAND(f, cmd_answer, .contact = contact);
            const struct fake_sent *ok = fake_want(f, "SIP/2.0 200", c.call_id);
            assert_true(!strstr(ok->text, " RTP/SAVP 8 101") == !crypt);
            assert_true(!strstr(ok->text, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:") == !crypt);
            const struct sapa_media_message *set = fake_media(f, SAPA_MEDIA_LEG_SET);
            assert_int_equal(set->u.leg.srtp, crypt ? SAPA_MEDIA_SRTP_SHA1_80 : SAPA_MEDIA_SRTP_NONE);
            if (crypt)
                assert_memory_equal(set->u.leg.srtp_receive, "YS___semctl", 11);
            fake_learn(&c, ok->text);
            fake_request(f, &c, "ACK", "", "", "");
            if (crypt) { /* the same keys in the next description, theirs and ours */
                uint8_t key[SAPA_MEDIA_SRTP_KEY_SIZE];
                memcpy(key, set->u.leg.srtp_send, sizeof(key));
                fake_request(f, &c, "INVITE", "", "application/sdp", SRTP_SDP("RTP/SAVP", SRTP_KEY "a=sendonly\r\n"));
                fake_want(f, "SIP/2.0 200", "a=crypto:1");
                assert_memory_equal(fake_media(f, SAPA_MEDIA_LEG_SET)->u.leg.srtp_send, key, sizeof(key));
                fake_request(f, &c, "ACK", "", "", "");
            }
            fake_request(f, &c, "BYE", "", "", "");
            FAKE_COMMAND(f, cmd_forget, .contact = contact);
        }
    }

    /* calls that we place */
    struct fake_call customer;
    trunks[0].transport = 0;
    const uint64_t contact = fake_customer(f, &customer);
    trunks[0].transport = 2;
    struct sapa_record dial = { .type = SAPA_T_cmd_dial, .u.cmd_dial = { .contact = contact, .attempt = 1, .kind = 1, .from = SAPA_NONE, .ring_ms = 30000 } };
    sapa_sized_set(&dial.u.cmd_dial.number, SAPA_STR("62811"));
    trunks[0].srtp = SAPA_SRTP_USE_PREFER;
    fake_command(f, &dial);
    const struct fake_sent *invite = fake_want(f, "INVITE sip:62811@192.0.2.10", "RTP/SAVP");
    assert_non_null(strstr(invite->text, "a=crypto:1 AES_CM_128_HMAC_SHA1_80"));
    fake_reply(f, invite, 488, "x", "", "");
    invite = fake_want(f, "INVITE sip:62811@192.0.2.10", "RTP/AVP"); /* as the description allows */
    assert_null(strstr(invite->text, "crypto"));
    f->media_seen = f->media_count;
    fake_reply(f, invite, 200, "y", "", fake_sdp_customer);
    assert_int_equal(fake_media(f, SAPA_MEDIA_LEG_SET)->u.leg.srtp, SAPA_MEDIA_SRTP_NONE);
    struct fake_call outside = fake_callee(invite, "y");
    fake_request(f, &outside, "BYE", "", "", "");
    trunks[0].srtp = SAPA_SRTP_USE_REQUIRE;
    dial.u.cmd_dial.attempt = 2;
    fake_command(f, &dial);
    invite = fake_want(f, "INVITE sip:62811@192.0.2.10", "RTP/SAVP");
    f->posted_seen = f->posted_count;
    fake_reply(f, invite, 200, "z", "", fake_sdp_customer); /* plain for encrypted: no */
    const struct sapa_record *progress = fake_posted(f, SAPA_T_dial_progress);
    assert_int_equal(progress->u.dial_progress.state, 2);
    assert_int_equal(progress->u.dial_progress.cause, 488);
    fake_reply(f, fake_want(f, "BYE", "tag=z"), 200, "", "", "");
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    f->centre.trunks = fake_trunks;
    sapa_voice_centre(f->voice, &f->centre);
    fake_assert_empty(f);
}

/* Sessions have an end of their own (RFC 4028), whoever refreshes them. */
static void session_of_a_caller(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    fake_invite(f, &c, "192.0.2.5", "+62215550100", "Supported: timer\r\nSession-Expires: 60\r\n", fake_sdp_customer);
    assert_non_null(strstr(fake_want(f, "SIP/2.0 422", c.call_id)->text, "Min-SE: 90"));
    fake_request(f, &c, "ACK", "", "", "");
    for (int theirs = 0; theirs < 2; theirs++) {
        fake_invite(f, &c, "192.0.2.5", "+62215550100", theirs ? "Supported: timer\r\nSession-Expires: 120;refresher=uac\r\nAllow: UPDATE\r\n"
                                                               : "Supported: timer\r\nSession-Expires: 120;refresher=uas\r\nAllow: INVITE, UPDATE\r\n",
                    fake_sdp_customer);
        f->posted_seen = f->posted_count - 1;
        const uint64_t contact = fake_posted(f, SAPA_T_contact_arrived)->u.contact_arrived.contact;
        FAKE_COMMAND(f, cmd_answer, .contact = contact);
        const struct fake_sent *ok = fake_want(f, "SIP/2.0 200", c.call_id);
        assert_non_null(strstr(ok->text, theirs ? "Session-Expires: 120;refresher=uac\r\n" : "Session-Expires: 120;refresher=uas\r\n"));
        assert_true(!strstr(ok->text, "Require: timer") == !theirs);
        fake_learn(&c, ok->text);
        fake_request(f, &c, "ACK", "", "", "");
        if (theirs) { /* they refresh once, and then no more */
            fake_run(f, 60000000);
            fake_request(f, &c, "UPDATE", "Supported: timer\r\nSession-Expires: 120;refresher=uac\r\n", "", "");
            assert_non_null(strstr(fake_want(f, "SIP/2.0 200", "UPDATE")->text, "Session-Expires: 120;refresher=uac"));
            fake_run(f, 80000000);
            assert_int_equal(fake_posted_count(f, SAPA_T_contact_gone), 1);
            fake_run(f, 10000000);
            fake_reply(f, fake_want(f, "BYE", c.call_id), 200, "", "", "");
        } else { /* we refresh, and hear that they are gone */
            fake_run(f, 61000000);
            const struct fake_sent *update = fake_want(f, "UPDATE", c.call_id);
            assert_non_null(strstr(update->text, "Session-Expires: 120;refresher=uac"));
            assert_non_null(strstr(update->text, "Content-Length: 0"));
            fake_reply(f, update, 200, "", "Session-Expires: 120;refresher=uac\r\n", "");
            fake_run(f, 61000000);
            while ((update = fake_find(f, "UPDATE", "Session-Expires")) != NULL)
                fake_reply(f, update, 481, "", "", "");
            fake_reply(f, fake_want(f, "BYE", c.call_id), 200, "", "", "");
        }
        const struct sapa_record *gone = fake_posted(f, SAPA_T_contact_gone);
        assert_int_equal(gone->u.contact_gone.side, SAPA_SIDE_NETWORK);
        assert_int_equal(gone->u.contact_gone.cause, theirs ? 408 : 481);
        FAKE_COMMAND(f, cmd_forget, .contact = contact);
    }
    fake_assert_empty(f);
}

static void session_of_ours(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    const uint64_t contact = fake_customer(f, &customer);
    struct sapa_record dial = { .type = SAPA_T_cmd_dial, .u.cmd_dial = { .contact = contact, .attempt = 1, .kind = 1, .from = SAPA_NONE, .ring_ms = 30000 } };
    sapa_sized_set(&dial.u.cmd_dial.number, SAPA_STR("62811"));
    fake_command(f, &dial);
    const struct fake_sent *invite = fake_want(f, "INVITE sip:62811@192.0.2.10 SIP/2.0", "Session-Expires: 1800\r\n");
    fake_reply(f, invite, 422, "s", "Min-SE: 3600\r\n", "");
    invite = fake_want(f, "INVITE sip:62811@192.0.2.10 SIP/2.0", "Session-Expires: 3600\r\nMin-SE: 3600\r\n");
    fake_reply(f, invite, 200, "t", "Require: timer\r\nSession-Expires: 3600;refresher=uac\r\nAllow: INVITE, BYE\r\n", fake_sdp_customer);
    struct fake_call outside = fake_callee(invite, "t");
    fake_want(f, "ACK", outside.call_id);
    fake_run(f, 1795000000);
    fake_none(f, "INVITE", "");
    fake_run(f, 6000000); /* they do not take UPDATE: a re-INVITE with what holds */
    const struct fake_sent *again = fake_want(f, "INVITE", "Session-Expires: 3600;refresher=uac");
    assert_non_null(strstr(again->text, outside.call_id));
    assert_non_null(strstr(again->text, "m=audio"));
    while (fake_find(f, "INVITE", "m=audio"))
        ;
    f->media_seen = f->media_count;
    fake_reply(f, again, 200, "", "Session-Expires: 3600;refresher=uac\r\n", FAKE_SDP("192.0.2.5", "30044", "8 101", "sendrecv"));
    fake_want(f, "ACK", outside.call_id);
    assert_int_equal(fake_media(f, SAPA_MEDIA_LEG_SET)->u.leg.remote.port, 30044);
    fake_run(f, 1700000000);
    fake_none(f, "INVITE", "");
    outside.cseq = 10;
    fake_request(f, &outside, "BYE", "", "", "");
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

/* What the network plays is heard before the answer; it belongs to its fork. */
static void early_media(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    const uint64_t contact = fake_customer(f, &customer);
    const uint64_t leg = fake_media(f, SAPA_MEDIA_LEG_SET)->leg;
    struct sapa_record dial = { .type = SAPA_T_cmd_dial, .u.cmd_dial = { .contact = contact, .attempt = 1, .kind = 1, .from = SAPA_NONE, .ring_ms = 30000 } };
    sapa_sized_set(&dial.u.cmd_dial.number, SAPA_STR("62811"));
    fake_command(f, &dial);
    const struct fake_sent *invite = fake_want(f, "INVITE sip:62811@192.0.2.10 SIP/2.0", "");
    fake_reply(f, invite, 183, "a", "", FAKE_SDP("192.0.2.61", "30010", "8 101", "sendrecv"));
    const struct sapa_media_message *set = fake_media(f, SAPA_MEDIA_LEG_SET);
    const uint64_t outside = set->leg;
    assert_int_equal(set->u.leg.remote.port, 30010);
    const struct sapa_media_message *bridge = fake_media(f, SAPA_MEDIA_BRIDGE);
    assert_int_equal(bridge->leg, leg);
    assert_int_equal(bridge->other, outside);
    /* another fork speaks and is answered with its own address */
    const size_t before = f->media_count;
    fake_reply(f, invite, 183, "b", "", FAKE_SDP("192.0.2.62", "30020", "8 101", "sendrecv"));
    assert_int_equal(f->media_count, before); /* one at a time is heard */
    fake_reply(f, invite, 200, "b", "", FAKE_SDP("192.0.2.62", "30022", "8 101", "sendrecv"));
    assert_int_equal(fake_media(f, SAPA_MEDIA_LEG_SET)->u.leg.remote.port, 30022);
    assert_int_equal(fake_posted(f, SAPA_T_dial_progress)->u.dial_progress.state, 0);
    assert_int_equal(fake_posted(f, SAPA_T_dial_progress)->u.dial_progress.state, 1);
    struct fake_call called = fake_callee(invite, "b");
    fake_want(f, "ACK", called.call_id);
    called.cseq = 10;
    fake_request(f, &called, "BYE", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_dial_progress)->u.dial_progress.state, 3);
    /* a 200 of one fork without a description is not the answer that another fork gave */
    dial.u.cmd_dial.attempt = 2;
    fake_command(f, &dial);
    invite = fake_want(f, "INVITE sip:62811@192.0.2.10 SIP/2.0", "");
    fake_reply(f, invite, 183, "c", "", FAKE_SDP("192.0.2.61", "30030", "8 101", "sendrecv"));
    fake_reply(f, invite, 200, "d", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_dial_progress)->u.dial_progress.state, 0);
    const struct sapa_record *progress = fake_posted(f, SAPA_T_dial_progress);
    assert_int_equal(progress->u.dial_progress.state, 2);
    assert_int_equal(progress->u.dial_progress.cause, 488);
    called = fake_callee(invite, "d");
    fake_want(f, "ACK", called.call_id);
    fake_reply(f, fake_want(f, "BYE", called.call_id), 200, "d", "", "");
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

/* A key that came by INFO reaches whom the sender talks with, unless it is a secret. */
static void keys_cross(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    const uint64_t contact = fake_customer(f, &customer);
    fake_request(f, &customer, "INFO", "", "application/dtmf-relay", "Signal=4\r\n"); /* nobody is there */
    struct fake_call agent = fake_agent(f, contact, 5, 0);
    FAKE_COMMAND(f, cmd_connect, .contact = contact, .offer = 5);
    const struct sapa_media_message *bridge = fake_media(f, SAPA_MEDIA_BRIDGE);
    for (size_t i = 0; i < f->media_count; i++)
        assert_int_not_equal(f->media[i].op, SAPA_MEDIA_SEND_DTMF);
    fake_request(f, &customer, "INFO", "", "application/dtmf-relay", "Signal=5\r\nDuration=160\r\n");
    const struct sapa_media_message *m = fake_media(f, SAPA_MEDIA_SEND_DTMF);
    assert_int_equal(m->leg, bridge->other);
    assert_string_equal(m->u.dtmf.digits, "5");
    fake_request(f, &agent, "INFO", "", "application/dtmf", "7");
    m = fake_media(f, SAPA_MEDIA_SEND_DTMF);
    assert_int_equal(m->leg, bridge->leg);
    FAKE_COMMAND(f, cmd_secret, .contact = contact, .on = 1);
    const size_t before = f->media_count;
    fake_request(f, &customer, "INFO", "", "application/dtmf", "3");
    assert_int_equal(f->media_count, before);
    FAKE_COMMAND(f, cmd_secret, .contact = contact, .on = 0);
    fake_request(f, &agent, "BYE", "", "", "");
    fake_request(f, &customer, "INFO", "", "application/dtmf", "9"); /* nobody is there any more */
    for (size_t i = before; i < f->media_count; i++)
        assert_int_not_equal(f->media[i].op, SAPA_MEDIA_SEND_DTMF);
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

/* Some carriers promise telephone events and send tones. */
static void tones_of_a_trunk(void **state)
{
    struct fake *f = *state;
    static struct sapa_trunk trunks[2];
    struct fake_call customer;
    memcpy(trunks, fake_trunks, sizeof(trunks));
    trunks[0].inband_dtmf = 1;
    f->centre.trunks = trunks;
    const uint64_t contact = fake_customer(f, &customer);
    const struct sapa_media_message *set = fake_media(f, SAPA_MEDIA_LEG_SET);
    assert_int_equal(set->u.leg.dtmf_type, 101);
    assert_int_equal(set->u.leg.dtmf_inband, 1);
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

/* ---- codes ---- */

static void dial_code(struct fake *f, struct fake_call *c, const char *code)
{
    char auth[600];
    static unsigned count;
    *c = (struct fake_call){ .flow = fake_flow("198.51.100.7", 5060) };
    snprintf(c->call_id, sizeof(c->call_id), "code%u", ++count);
    snprintf(c->us, sizeof(c->us), "<sip:101@sapa.example>;tag=c%u", count);
    snprintf(c->them, sizeof(c->them), "<sip:%s@sapa.example>", code);
    snprintf(c->target, sizeof(c->target), "sip:%s@sapa.example", code);
    fake_request(f, c, "INVITE", "", "application/sdp", fake_sdp_agent);
    fake_credentials(fake_want(f, "SIP/2.0 401", c->call_id), "INVITE", c->target, 0, auth, sizeof(auth));
    c->branch--;
    fake_request(f, c, "ACK", "", "", "");
    fake_request(f, c, "INVITE", auth, "application/sdp", fake_sdp_agent);
}

/* He hears himself until he hangs up, or half a minute is over; the core knows nothing of it. */
static void echo_test(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    for (int hangs_up = 0; hangs_up < 2; hangs_up++) {
        dial_code(f, &c, "*echo");
        fake_learn(&c, fake_want(f, "SIP/2.0 200", c.call_id)->text);
        fake_request(f, &c, "ACK", "", "", "");
        const struct sapa_media_message *m = fake_media(f, SAPA_MEDIA_BRIDGE);
        assert_true(m->leg != 0 && m->other == m->leg);
        if (hangs_up) {
            fake_request(f, &c, "BYE", "", "", "");
        } else {
            fake_run(f, 29000000);
            fake_none(f, "BYE", c.call_id);
            fake_run(f, 2000000);
            fake_reply(f, fake_want(f, "BYE", c.call_id), 200, "", "", "");
        }
    }
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_command), 0);
    fake_assert_empty(f);
}

static void codes(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    /* ready */
    dial_code(f, &c, "*1");
    const struct sapa_record *asked = fake_posted(f, SAPA_T_agent_command);
    assert_int_equal(asked->u.agent_command.agent, 0);
    assert_int_equal(asked->u.agent_command.verb, SAPA_VERB_READY);
    assert_int_equal(asked->u.agent_command.code, SAPA_NONE);
    fake_none(f, "SIP/2.0 200", c.call_id); /* only once the core has decided */
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = asked->u.agent_command.request, .verb = SAPA_VERB_READY, .code = SAPA_NONE, .presence = SAPA_PRESENCE_READY);
    fake_learn(&c, fake_want(f, "SIP/2.0 200", c.call_id)->text);
    fake_request(f, &c, "ACK", "", "", "");
    const struct sapa_media_message *m = fake_media(f, SAPA_MEDIA_PLAY);
    assert_string_equal(m->u.play.files[0], "/cache/agent.ready");
    struct sapa_media_message done = { .op = SAPA_MEDIA_PLAY_DONE, .leg = m->leg };
    done.u.play.play = 1;
    sapa_voice_media_receive(f->voice, &done);
    fake_reply(f, fake_want(f, "BYE", c.call_id), 200, "", "", "");
    /* not ready, with a reason that is spoken; the agent hangs up in the middle */
    dial_code(f, &c, "*21");
    asked = fake_posted(f, SAPA_T_agent_command);
    assert_int_equal(asked->u.agent_command.verb, SAPA_VERB_NOT_READY);
    assert_int_equal(asked->u.agent_command.code, 0);
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = asked->u.agent_command.request, .verb = SAPA_VERB_NOT_READY, .presence = SAPA_PRESENCE_NOT_READY);
    fake_learn(&c, fake_want(f, "SIP/2.0 200", c.call_id)->text);
    fake_request(f, &c, "ACK", "", "", "");
    m = fake_media(f, SAPA_MEDIA_PLAY);
    assert_int_equal(m->u.play.file_count, 2);
    assert_string_equal(m->u.play.files[1], "/cache/Istirahat");
    fake_request(f, &c, "BYE", "", "", "");
    /* a disposition of the queue that the agent served last */
    f->voice->agents[0].last_queue = 1;
    dial_code(f, &c, "*312");
    asked = fake_posted(f, SAPA_T_agent_command);
    assert_int_equal(asked->u.agent_command.verb, SAPA_VERB_WRAPUP_DONE);
    assert_int_equal(asked->u.agent_command.code, 1);
    fake_request(f, &c, "CANCEL", "", "", "");
    fake_want(f, "SIP/2.0 487", c.call_id);
    fake_request(f, &c, "ACK", "", "", "");
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = asked->u.agent_command.request, .verb = SAPA_VERB_WRAPUP_DONE);
    /* unknown reason and unknown code: said so, and the core is not asked */
    static const struct { const char *code, *prompt; } wrong[] = {
        { "*29", "/cache/agent.unknown-reason" }, { "*399", "/cache/agent.unknown-disposition" }, { "#99", "/cache/agent.unknown-code" },
    };
    for (size_t i = 0; i < SAPA_COUNT(wrong); i++) {
        dial_code(f, &c, wrong[i].code);
        fake_learn(&c, fake_want(f, "SIP/2.0 200", c.call_id)->text);
        fake_request(f, &c, "ACK", "", "", "");
        assert_string_equal(fake_media(f, SAPA_MEDIA_PLAY)->u.play.files[0], wrong[i].prompt);
        fake_request(f, &c, "BYE", "", "", "");
    }
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_command), 3);
    /* the core does not reply: "not possible now" */
    dial_code(f, &c, "*1");
    fake_run(f, 5100000);
    fake_learn(&c, fake_want(f, "SIP/2.0 200", c.call_id)->text);
    fake_request(f, &c, "ACK", "", "", "");
    assert_string_equal(fake_media(f, SAPA_MEDIA_PLAY)->u.play.files[0], "/cache/agent.refused");
    fake_request(f, &c, "BYE", "", "", "");
    fake_assert_empty(f);
}

/* Every code in every state: what is said is what is true now. */
static void what_codes_say(void **state)
{
    struct fake *f = *state;
    static const struct {
        const char *code;
        int rc;
        uint64_t presence, reason, wrapup;
        const char *said[3];
    } table[] = {
        { "*1", 0, SAPA_PRESENCE_READY, SAPA_NONE, 0, { "agent.ready" } },
        { "*1", SAPA_ESTATE, SAPA_PRESENCE_READY, SAPA_NONE, 0, { "agent.ready" } }, /* he was already */
        { "*1", 0, SAPA_PRESENCE_NOT_READY, SAPA_NONE, 0, { "agent.unreachable" } }, /* his phone is not registered */
        { "*2", 0, SAPA_PRESENCE_NOT_READY, SAPA_NONE, 0, { "agent.not-ready" } },
        { "*2", SAPA_ESTATE, SAPA_PRESENCE_NOT_READY, SAPA_NONE, 0, { "agent.not-ready" } },
        { "*21", SAPA_ESTATE, SAPA_PRESENCE_NOT_READY, 0, 0, { "agent.not-ready-for", "Istirahat" } },
        { "*21", SAPA_ENOENT, SAPA_PRESENCE_READY, SAPA_NONE, 0, { "agent.unknown-reason" } },
        { "*3", 0, SAPA_PRESENCE_READY, SAPA_NONE, 0, { "agent.wrapup-done" } },
        { "*3", SAPA_ESTATE, SAPA_PRESENCE_READY, SAPA_NONE, 0, { "agent.no-wrapup" } },
        { "*312", SAPA_ENOENT, SAPA_PRESENCE_READY, SAPA_NONE, 1, { "agent.unknown-disposition" } }, /* of another queue */
        { "*4", 0, SAPA_PRESENCE_READY, SAPA_NONE, 1, { "agent.wrapup-extended" } },
        { "*4", SAPA_ESTATE, SAPA_PRESENCE_READY, SAPA_NONE, 0, { "agent.no-wrapup" } },
        { "*4", SAPA_EDENIED, SAPA_PRESENCE_READY, SAPA_NONE, 1, { "agent.refused" } }, /* a second time */
        { "*5", 0, SAPA_PRESENCE_READY, SAPA_NONE, 0, { "agent.status-ready" } },
        { "*5", 0, SAPA_PRESENCE_READY, SAPA_NONE, 1, { "agent.status-wrapup" } },
        { "*5", 0, SAPA_PRESENCE_NOT_READY, SAPA_NONE, 1, { "agent.status-wrapup", "agent.not-ready" } },
        { "*5", 0, SAPA_PRESENCE_NOT_READY, SAPA_NONE, 0, { "agent.status-not-ready" } },
        { "*5", 0, SAPA_PRESENCE_NOT_READY, 0, 0, { "agent.status-not-ready", "Istirahat" } },
        { "*5", 0, SAPA_PRESENCE_OFFLINE, SAPA_NONE, 0, { "agent.status-offline" } },
        { "*6", 0, SAPA_PRESENCE_READY, SAPA_NONE, 0, { "agent.record-paused" } },
        { "*6", SAPA_ESTATE, SAPA_PRESENCE_READY, SAPA_NONE, 0, { "agent.record-paused" } },
        { "*6", SAPA_EDENIED, SAPA_PRESENCE_READY, SAPA_NONE, 0, { "agent.refused" } }, /* nothing is recorded */
        { "*7", 0, SAPA_PRESENCE_READY, SAPA_NONE, 0, { "agent.record-resumed" } },
        { "*7", SAPA_ENOENT, SAPA_PRESENCE_READY, SAPA_NONE, 0, { "agent.no-call" } },
        { "*8", SAPA_ESTATE, SAPA_PRESENCE_READY, SAPA_NONE, 0, { "agent.record-started" } },
        { "*8", SAPA_EDENIED, SAPA_PRESENCE_READY, SAPA_NONE, 0, { "agent.refused" } },
        { "*9", 0, SAPA_PRESENCE_OFFLINE, SAPA_NONE, 0, { "agent.logged-out" } },
        { "*9", SAPA_ESTATE, SAPA_PRESENCE_OFFLINE, SAPA_NONE, 0, { "agent.logged-out" } },
        { "*9", SAPA_ESTATE, SAPA_PRESENCE_READY, SAPA_NONE, 0, { "agent.refused" } }, /* he talks */
    };

    f->voice->agents[0].last_queue = 1;
    for (size_t i = 0; i < SAPA_COUNT(table); i++) {
        struct fake_call c;
        char said[200] = "", expected[200] = "";
        dial_code(f, &c, table[i].code);
        const struct sapa_record *asked = fake_posted(f, SAPA_T_agent_command);
        FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = asked->u.agent_command.request, .verb = asked->u.agent_command.verb,
                     .rc = (uint64_t)-table[i].rc, .code = table[i].reason, .presence = table[i].presence, .wrapup = table[i].wrapup);
        fake_learn(&c, fake_want(f, "SIP/2.0 200", c.call_id)->text);
        fake_request(f, &c, "ACK", "", "", "");
        const struct sapa_media_message *m = fake_media(f, SAPA_MEDIA_PLAY);
        for (unsigned k = 0; k < m->u.play.file_count; k++)
            snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s ", m->u.play.files[k]);
        for (unsigned k = 0; k < 3 && table[i].said[k]; k++)
            snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected), "/cache/%s ", table[i].said[k]);
        if (strcmp(said, expected) != 0)
            fail_msg("%s with %d (row %zu): %s instead of %s", table[i].code, table[i].rc, i, said, expected);
        fake_request(f, &c, "BYE", "", "", "");
    }
    fake_assert_empty(f);
}

static size_t keys_sent(const struct fake *f, char *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < f->media_count; i++)
        if (f->media[i].op == SAPA_MEDIA_SEND_DTMF)
            for (const char *p = f->media[i].u.dtmf.digits; *p; p++)
                ret[n++] = *p;
    ret[n] = '\0';
    return n;
}

/* Codes dialled on the line on which the agent talks: the customer does not get them, but all else. */
static void codes_while_talking(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    char sent[64];
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    const uint64_t contact = fake_customer(f, &customer);
    const struct sapa_media_message *set = fake_media(f, SAPA_MEDIA_LEG_SET);
    assert_int_equal(set->u.leg.keys_held, 0);
    struct fake_call agent = fake_agent(f, contact, 5, 0);
    set = fake_media(f, SAPA_MEDIA_LEG_SET);
    const uint64_t leg = set->leg;
    assert_int_equal(set->u.leg.keys_held, 1);
    FAKE_COMMAND(f, cmd_connect, .contact = contact, .offer = 5);

    press(f, leg, contact, "4"); /* no code: at once */
    keys_sent(f, sent);
    assert_string_equal(sent, "4");
    press(f, leg, contact, "*");
    press(f, leg, contact, "6"); /* whole: at once */
    const struct sapa_record *asked = fake_posted(f, SAPA_T_agent_command);
    assert_int_equal(asked->u.agent_command.verb, SAPA_VERB_RECORD_PAUSE);
    assert_int_equal(asked->u.agent_command.agent, 0);
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = asked->u.agent_command.request, .rc = 0);
    const struct sapa_media_message *note = fake_media(f, SAPA_MEDIA_PLAY); /* a word for the agent alone */
    assert_int_equal(note->leg, leg);
    assert_string_equal(note->u.play.files[0], "/cache/agent.record-paused");
    press(f, leg, contact, "*21"); /* an argument may follow: it waits, then it is one */
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_command), 1);
    fake_run(f, 1400000);
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_command), 1);
    fake_run(f, 200000);
    asked = fake_posted(f, SAPA_T_agent_command);
    assert_int_equal(asked->u.agent_command.verb, SAPA_VERB_NOT_READY);
    assert_int_equal(asked->u.agent_command.code, 0);
    fake_run(f, 6000000); /* nobody replies: that is said */
    assert_string_equal(fake_media(f, SAPA_MEDIA_PLAY)->u.play.files[0], "/cache/agent.refused");
    keys_sent(f, sent);
    assert_string_equal(sent, "4");

    press(f, leg, contact, "*00"); /* none, as soon as that is clear */
    keys_sent(f, sent);
    assert_string_equal(sent, "4*00");
    press(f, leg, contact, "*"); /* and a lone star after its time */
    keys_sent(f, sent);
    assert_string_equal(sent, "4*00");
    fake_run(f, 1600000);
    keys_sent(f, sent);
    assert_string_equal(sent, "4*00*");
    press(f, leg, contact, "*29#"); /* no such reason */
    keys_sent(f, sent);
    assert_string_equal(sent, "4*00**29#");
    fake_request(f, &agent, "INFO", "", "application/dtmf", "*");
    fake_request(f, &agent, "INFO", "", "application/dtmf", "7");
    assert_int_equal(fake_posted(f, SAPA_T_agent_command)->u.agent_command.verb, SAPA_VERB_RECORD_RESUME);
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_command), 3);
    keys_sent(f, sent);
    assert_string_equal(sent, "4*00**29#");
    press(f, leg, contact, "*"); /* he hangs up in the middle of one */
    fake_request(f, &agent, "BYE", "", "", "");
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

/* An offer comes while the agent hears the confirmation of a code: his line is freed first. */
static void an_offer_frees_the_line(void **state)
{
    struct fake *f = *state;
    struct fake_call customer, c;
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    const uint64_t contact = fake_customer(f, &customer);
    dial_code(f, &c, "*1");
    const struct sapa_record *asked = fake_posted(f, SAPA_T_agent_command);
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = asked->u.agent_command.request, .verb = SAPA_VERB_READY, .code = SAPA_NONE, .presence = SAPA_PRESENCE_READY);
    fake_learn(&c, fake_want(f, "SIP/2.0 200", c.call_id)->text);
    FAKE_COMMAND(f, cmd_offer, .offer = 5, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
    fake_none(f, "INVITE", "X-Sapa"); /* the answer is not acknowledged yet: no BYE, so no INVITE */
    fake_request(f, &c, "ACK", "", "", "");
    fake_reply(f, fake_want(f, "BYE", c.call_id), 200, "", "", "");
    fake_run(f, 30000);
    const struct fake_sent *invite = fake_want(f, "INVITE", "X-Sapa");
    fake_reply(f, invite, 486, "x", "", "");
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_failed), 1);
    /* it is being spoken: at once */
    dial_code(f, &c, "*1");
    asked = fake_posted(f, SAPA_T_agent_command);
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = asked->u.agent_command.request, .verb = SAPA_VERB_READY, .code = SAPA_NONE, .presence = SAPA_PRESENCE_READY);
    fake_learn(&c, fake_want(f, "SIP/2.0 200", c.call_id)->text);
    fake_request(f, &c, "ACK", "", "", "");
    FAKE_COMMAND(f, cmd_offer, .offer = 6, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
    fake_reply(f, fake_want(f, "BYE", c.call_id), 200, "", "", "");
    invite = fake_want(f, "INVITE", "X-Sapa");
    fake_reply(f, invite, 486, "y", "", "");
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

/* ---- queues whose name is whispered ---- */

static struct fake_call answers_in(struct fake *f, uint64_t contact, uint64_t offer, uint32_t queue, bool itself)
{
    static const char *const headers[] = { "Answer-Mode: Auto", "Call-Info: <sip:localhost>;answer-after=0", "alert-autoanswer" };
    f->posted_seen = f->posted_count;
    FAKE_COMMAND(f, cmd_offer, .offer = offer, .contact = contact, .agent = 0, .queue = queue, .ring_ms = 20000);
    const struct fake_sent *invite = fake_want(f, "INVITE", "X-Sapa-Queue: bank.");
    for (size_t i = 0; i < SAPA_COUNT(headers); i++)
        assert_int_equal(strstr(invite->text, headers[i]) != NULL, itself);
    fake_reply(f, invite, 180, "phone", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_offer_ringing)->u.offer_ringing.answered, 0);
    fake_reply(f, invite, 200, "phone", "", fake_sdp_agent);
    struct fake_call call = fake_callee(invite, "phone");
    fake_want(f, "ACK", call.call_id);
    assert_int_equal(fake_posted(f, SAPA_T_offer_ringing)->u.offer_ringing.answered, 1);
    return call;
}

/* Said to the agent's leg alone; the offer is accepted when it is over. */
static void hears_name(struct fake *f, uint64_t contact, uint64_t offer, const char *name)
{
    const struct sapa_media_message *m = fake_media(f, SAPA_MEDIA_PLAY);
    assert_int_equal(m->leg, fake_offer_leg(f, offer));
    assert_int_equal(m->u.play.file_count, 2);
    assert_string_equal(m->u.play.files[0], "/cache/beep");
    assert_string_equal(m->u.play.files[1], name);
    assert_false(fake_hears(f, fake_customer_leg(f, contact), m->leg));
    assert_string_equal(fake_plays(f, fake_customer_leg(f, contact)), "");
    struct sapa_media_message done = { .op = SAPA_MEDIA_PLAY_DONE, .leg = m->leg, .contact = contact };
    done.u.play.play = m->u.play.play + 1; /* of something else */
    sapa_voice_media_receive(f->voice, &done);
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_accepted), 0);
    done.u.play.play = m->u.play.play;
    sapa_voice_media_receive(f->voice, &done);
    assert_int_equal(fake_posted(f, SAPA_T_offer_accepted)->u.offer_accepted.offer, offer);
    f->posted_count = f->posted_seen = 0;
    fake_run(f, 30000000);
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_accepted), 0); /* once */
}

static void queue_is_whispered(void **state)
{
    struct fake *f = *state;
    struct fake_call customer, agent;
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    const uint64_t contact = fake_customer(f, &customer);
    agent = answers_in(f, contact, 5, 2, true);
    hears_name(f, contact, 5, "/cache/Layanan Cepat");
    FAKE_COMMAND(f, cmd_connect, .contact = contact, .offer = 5);
    assert_true(fake_hears(f, fake_customer_leg(f, contact), fake_offer_leg(f, 5)));
    FAKE_COMMAND(f, cmd_drop_agent, .contact = contact, .offer = 5);
    fake_reply(f, fake_want(f, "BYE", agent.call_id), 200, "", "", "");
    /* by hand, in a queue that only whispers; a callback's agent as well */
    agent = answers_in(f, contact, 6, 3, false);
    hears_name(f, contact, 6, "/cache/Prioritas");
    FAKE_COMMAND(f, cmd_drop_agent, .contact = contact, .offer = 6);
    fake_reply(f, fake_want(f, "BYE", agent.call_id), 200, "", "", "");
    /* the customer gives up meanwhile: nobody has answered */
    f->posted_count = f->posted_seen = 0;
    agent = answers_in(f, contact, 7, 3, false);
    FAKE_COMMAND(f, cmd_offer_cancel, .offer = 7);
    fake_reply(f, fake_want(f, "BYE", agent.call_id), 200, "", "", "");
    fake_run(f, 30000000);
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_accepted), 0);
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_failed), 0);
    /* the agent does: he has refused */
    agent = answers_in(f, contact, 8, 3, false);
    fake_request(f, &agent, "BYE", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_offer_failed)->u.offer_failed.result, SAPA_OFFER_REFUSED);
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_gone), 0);
    fake_run(f, 30000000);
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_accepted), 0);
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

/* What cannot be said, or not in time, keeps nobody waiting. */
static void whispers_that_fail(void **state)
{
    struct fake *f = *state;
    struct fake_call customer, agent;
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    const uint64_t contact = fake_customer(f, &customer);
    f->prompt_rc = SAPA_ENOENT;
    agent = answers_in(f, contact, 5, 2, true);
    assert_int_equal(fake_posted(f, SAPA_T_offer_accepted)->u.offer_accepted.offer, 5);
    FAKE_COMMAND(f, cmd_drop_agent, .contact = contact, .offer = 5);
    fake_reply(f, fake_want(f, "BYE", agent.call_id), 200, "", "", "");
    f->prompt_rc = SAPA_OK;
    /* never made */
    f->prompt_later = true;
    agent = answers_in(f, contact, 6, 2, true);
    fake_run(f, 2000000);
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_accepted), 1);
    fake_run(f, 1000000);
    assert_int_equal(fake_posted(f, SAPA_T_offer_accepted)->u.offer_accepted.offer, 6);
    for (size_t i = 0; i < f->prompt_count; i++) /* too late: nothing is said into the conversation */
        sapa_voice_prompt_ready(f->voice, f->prompt_tags[i], SAPA_OK, "/cache/late");
    assert_string_equal(fake_plays(f, fake_offer_leg(f, 6)), "");
    FAKE_COMMAND(f, cmd_drop_agent, .contact = contact, .offer = 6);
    fake_reply(f, fake_want(f, "BYE", agent.call_id), 200, "", "", "");
    f->prompt_count = 0;
    /* made a moment later */
    agent = answers_in(f, contact, 7, 2, true);
    assert_int_equal(f->prompt_count, 2);
    sapa_voice_prompt_ready(f->voice, f->prompt_tags[1], SAPA_OK, "/cache/name");
    assert_string_equal(fake_plays(f, fake_offer_leg(f, 7)), "");
    sapa_voice_prompt_ready(f->voice, f->prompt_tags[0], SAPA_OK, "/cache/beep");
    fake_run(f, 0);
    assert_string_equal(fake_plays(f, fake_offer_leg(f, 7)), "/cache/beep");
    f->prompt_later = false;
    /* its end is never said */
    f->posted_seen = f->posted_count;
    fake_run(f, 7000000);
    const size_t before = fake_posted_count(f, SAPA_T_offer_accepted);
    fake_run(f, 2000000);
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_accepted), before + 1);
    FAKE_COMMAND(f, cmd_drop_agent, .contact = contact, .offer = 7);
    fake_reply(f, fake_want(f, "BYE", agent.call_id), 200, "", "", "");
    /* the media process cannot */
    agent = answers_in(f, contact, 8, 3, false);
    const struct sapa_media_message *m = fake_media(f, SAPA_MEDIA_PLAY);
    while (m->leg != fake_offer_leg(f, 8))
        m = fake_media(f, SAPA_MEDIA_PLAY);
    const struct sapa_media_message error = { .op = SAPA_MEDIA_ERROR, .failed = SAPA_MEDIA_PLAY, .leg = m->leg, .tag = m->tag, .code = SAPA_ENOENT };
    sapa_voice_media_receive(f->voice, &error);
    assert_int_equal(fake_posted(f, SAPA_T_offer_accepted)->u.offer_accepted.offer, 8);
    FAKE_COMMAND(f, cmd_drop_agent, .contact = contact, .offer = 8);
    fake_reply(f, fake_want(f, "BYE", agent.call_id), 200, "", "", "");
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

/* Of two desk phones one answers by itself, so that they do not both. */
static void one_phone_answers_itself(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    fake_register(f, 0, "198.51.100.8", 5060, 600);
    const uint64_t contact = fake_customer(f, &customer);
    FAKE_COMMAND(f, cmd_offer, .offer = 5, .contact = contact, .agent = 0, .queue = 2, .ring_ms = 20000);
    const struct fake_sent *one = fake_want(f, "INVITE sip:101@198.51.100.7", ""), *two = fake_want(f, "INVITE sip:101@198.51.100.8", "");
    assert_int_equal((strstr(one->text, "Answer-Mode") != NULL) + (strstr(two->text, "Answer-Mode") != NULL), 1);
    FAKE_COMMAND(f, cmd_offer_cancel, .offer = 5);
    fake_reply(f, one, 487, "one", "", "");
    fake_reply(f, two, 487, "two", "", "");
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

/* ---- phones ---- */

static void registration_ends(void **state)
{
    struct fake *f = *state;
    fake_register(f, 0, "198.51.100.7", 5060, 60);
    assert_int_equal(fake_posted(f, SAPA_T_agent_device)->u.agent_device.reachable, 1);
    fake_register(f, 0, "198.51.100.7", 5060, 60); /* a refresh is no news */
    fake_run(f, 62000000);
    const struct sapa_record *device = fake_posted(f, SAPA_T_agent_device);
    assert_int_equal(device->u.agent_device.reachable, 0);
    assert_string_equal(device->u.agent_device.reason.p, "registration expired");
    fake_register(f, 0, "198.51.100.7", 5060, 60);
    assert_int_equal(fake_posted(f, SAPA_T_agent_device)->u.agent_device.reachable, 1);
    fake_register(f, 0, "198.51.100.7", 5060, 0);
    assert_int_equal(fake_posted(f, SAPA_T_agent_device)->u.agent_device.reachable, 0);
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_device), 4);
    fake_assert_empty(f);
}

static void ping(void **state)
{
    struct fake *f = *state;
    f->voice->options.ping_ms = 30000;
    fake_register(f, 0, "198.51.100.7", 5060, 3600);
    fake_run(f, 31000000);
    const struct fake_sent *options = fake_want(f, "OPTIONS sip:101@198.51.100.7:5060", "");
    fake_reply(f, options, 405, "o", "", ""); /* any answer is one */
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_device), 1);
    fake_run(f, 31000000);
    fake_want(f, "OPTIONS sip:101@", "");
    fake_run(f, 33000000); /* no answer: timer F */
    f->posted_seen = 0;
    fake_posted(f, SAPA_T_agent_device);
    const struct sapa_record *device = fake_posted(f, SAPA_T_agent_device);
    assert_int_equal(device->u.agent_device.reachable, 0);
    assert_string_equal(device->u.agent_device.reason.p, "no answer to OPTIONS");
    for (size_t i = 0; i < f->sent_count; i++)
        f->sent[i].seen = true;
    fake_run(f, 12000000);
    fake_reply(f, fake_want(f, "OPTIONS sip:101@", ""), 200, "o", "", "");
    device = fake_posted(f, SAPA_T_agent_device);
    assert_int_equal(device->u.agent_device.reachable, 1);
    assert_string_equal(device->u.agent_device.reason.p, "answers again");
    /* trunks were asked as well, and nobody answered */
    bool alarm = false;
    for (size_t i = 0; i < f->posted_count; i++)
        alarm |= f->posted[i].type == SAPA_T_alarm_raised && f->posted[i].u.alarm_raised.kind == SAPA_ALARM_TRUNK_DOWN;
    assert_true(alarm);
}

static void wrong_password(void **state)
{
    struct fake *f = *state;
    struct sapa_voice_stats stats;
    const struct sapa_sip_flow flow = fake_flow("198.51.100.66", 5060);
    fake_receive(f, &flow,
                 "REGISTER sip:sapa.example SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.66;branch=z9hG4bKw\r\nMax-Forwards: 70\r\n"
                 "From: <sip:101@sapa.example>;tag=w\r\nTo: <sip:101@sapa.example>\r\nCall-ID: w\r\nCSeq: 1 REGISTER\r\n"
                 "Contact: <sip:101@198.51.100.66>\r\nAuthorization: Digest username=\"101\", realm=\"sapa.example\", nonce=\"x\", "
                 "uri=\"sip:sapa.example\", response=\"0123456789abcdef0123456789abcdef\", cnonce=\"a\", nc=00000001, qop=auth\r\n"
                 "Content-Length: 0\r\n\r\n");
    sapa_voice_stats_read(f->voice, &stats);
    assert_int_equal(stats.registers, 0);
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_device), 0);
    fake_none(f, "SIP/2.0 200", "REGISTER");
    fake_assert_empty(f);
}

/* One challenge, of one algorithm: what phones in use can live with. */
static void algorithms(void **state)
{
    struct fake *f = *state;
    for (uint32_t allowed = 0; allowed < 4; allowed++) {
        f->centre.system.digest = allowed;
        const size_t before = f->sent_count;
        fake_register(f, 0, "198.51.100.7", (uint16_t)(5060 + allowed), 600);
        const char *first = strstr(f->sent[before].text, "WWW-Authenticate:");
        assert_non_null(first);
        assert_null(strstr(first + 1, "WWW-Authenticate:"));
        assert_int_equal(strstr(first, "SHA-256") != NULL, allowed == 2);
    }
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_device), 1);
}

/* ---- recording ---- */

static void recording(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    char folder[] = "/tmp/sapa-voice-XXXXXX", want[200];
    assert_non_null(mkdtemp(folder));
    f->voice->options.recordings_dir = folder;
    const uint64_t contact = fake_customer(f, &customer);
    f->centre.system.recording_tone_s = 1; /* media takes two at least */
    FAKE_COMMAND(f, cmd_record, .contact = contact, .recording = 33, .action = 0);
    const struct sapa_media_message *m = fake_media(f, SAPA_MEDIA_RECORD);
    assert_int_equal(m->u.record.beep_s, SAPA_MEDIA_BEEP_S_MIN);
    snprintf(want, sizeof(want), "%s/toko/2026/11/18/33.srec", folder);
    assert_string_equal(m->u.record.path, want);
    assert_int_equal(m->u.record.wrapped_size, 72);
    assert_int_equal(m->contact, contact);
    FAKE_COMMAND(f, cmd_record, .contact = contact, .recording = 33, .action = 1);
    FAKE_COMMAND(f, cmd_record, .contact = contact, .recording = 33, .action = 2);
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_record, .contact = contact, .recording = 33, .action = 3);
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    for (unsigned i = 0; i < 4; i++) {
        const struct sapa_record *r = fake_posted(f, SAPA_T_recording_state);
        assert_int_equal(r->u.recording_state.state, i);
        assert_string_equal(r->u.recording_state.path.p, "toko/2026/11/18/33.srec");
        assert_true(i == 3 ? r->u.recording_state.hash.n >= 63 : r->u.recording_state.hash.n == 0);
    }
    fake_assert_empty(f);
    /* two after each other, the second before the recorder has said that the first is over: each has its own file */
    const uint64_t moved = fake_customer(f, &customer);
    FAKE_COMMAND(f, cmd_record, .contact = moved, .recording = 35, .action = 0);
    fake_run(f, 0);
    assert_int_equal(fake_posted(f, SAPA_T_recording_state)->u.recording_state.state, 0);
    f->media_mute = true;
    struct sapa_media_message over = { .op = SAPA_MEDIA_RECORD_STATE, .contact = moved, .recording = 35 };
    sapa_voice_command(f->voice, &(struct sapa_record){ .type = SAPA_T_cmd_record, .u.cmd_record = { .contact = moved, .recording = 35, .action = 3 } });
    sapa_voice_command(f->voice, &(struct sapa_record){ .type = SAPA_T_cmd_record, .u.cmd_record = { .contact = moved, .recording = 36, .action = 0 } });
    fake_run(f, 0);
    over.u.record_state.state = 3;
    sapa_voice_media_receive(f->voice, &over);
    over.recording = 36;
    over.u.record_state.state = 0;
    sapa_voice_media_receive(f->voice, &over);
    f->media_mute = false;
    for (unsigned i = 0; i < 2; i++) {
        const struct sapa_record *r = fake_posted(f, SAPA_T_recording_state);
        assert_int_equal(r->u.recording_state.recording, 35 + i);
        assert_string_equal(r->u.recording_state.path.p, i ? "toko/2026/11/18/36.srec" : "toko/2026/11/18/35.srec");
    }
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_record, .contact = moved, .recording = 36, .action = 3);
    assert_string_equal(fake_posted(f, SAPA_T_recording_state)->u.recording_state.path.p, "toko/2026/11/18/36.srec");
    FAKE_COMMAND(f, cmd_forget, .contact = moved);
    fake_assert_empty(f);
    /* no key: not recorded, and said so */
    f->voice->options.recordings_dir = NULL;
    const uint64_t other = fake_customer(f, &customer);
    FAKE_COMMAND(f, cmd_record, .contact = other, .recording = 34, .action = 0);
    assert_int_equal(fake_posted(f, SAPA_T_recording_state)->u.recording_state.state, 4);
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = other);
    fake_assert_empty(f);
    for (const char *const *sub = (const char *const[]){ "/toko/2026/11/18", "/toko/2026/11", "/toko/2026", "/toko", "", NULL }; *sub; sub++) {
        snprintf(want, sizeof(want), "%s%s", folder, *sub);
        assert_int_equal(remove(want), 0);
    }
}

/* ---- troubles ---- */

static void media_process_lost(void **state)
{
    struct fake *f = *state;
    struct fake_call customer, ringing;
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    const uint64_t contact = fake_customer(f, &customer);
    struct fake_call agent = fake_agent(f, contact, 5, 0);
    /* a short absence of the same process costs nothing */
    sapa_voice_media_link(f->voice, false);
    fake_invite(f, &ringing, "192.0.2.5", "1500", "", fake_sdp_customer);
    fake_want(f, "SIP/2.0 503", ringing.call_id);
    fake_request(f, &ringing, "ACK", "", "", "");
    for (size_t i = 0; i < f->voice->legs.count; i++) {
        const struct voice_leg *leg = ((struct voice_ref *)sapa_table_at(&f->voice->legs, (uint32_t)i))->value;
        f->inventory[f->inventory_count++] = (struct sapa_media_message){ .op = SAPA_MEDIA_INVENTORY, .leg = leg->id, .contact = contact };
    }
    f->inventory[f->inventory_count++] = (struct sapa_media_message){ .op = SAPA_MEDIA_INVENTORY, .leg = 12345, .contact = 1 };
    fake_run(f, 1000000);
    sapa_voice_media_link(f->voice, true);
    fake_run(f, 5000000);
    assert_true(sapa_voice_ready(f->voice));
    assert_int_equal(fake_posted_count(f, SAPA_T_contact_gone), 0);
    assert_int_equal(fake_media(f, SAPA_MEDIA_LEG_CLOSE)->leg, 12345); /* nobody's */
    /* a new process knows nothing of them */
    sapa_voice_media_link(f->voice, false);
    f->media_generation++;
    f->inventory_count = 0;
    sapa_voice_media_link(f->voice, true);
    fake_run(f, 0);
    assert_int_equal(fake_posted(f, SAPA_T_contact_gone)->u.contact_gone.side, SAPA_SIDE_SYSTEM);
    f->posted_seen = 0;
    assert_int_equal(fake_posted(f, SAPA_T_agent_gone)->u.agent_gone.side, SAPA_SIDE_SYSTEM);
    fake_reply(f, fake_want(f, "BYE", customer.call_id), 200, "", "", "");
    fake_reply(f, fake_want(f, "BYE", agent.call_id), 200, "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
    /* it stays away: its calls end after the time of grace, with an alarm */
    const uint64_t other = fake_customer(f, &customer);
    sapa_voice_media_link(f->voice, false);
    fake_run(f, 2100000);
    f->posted_seen = 0;
    assert_int_equal(fake_posted(f, SAPA_T_alarm_raised)->u.alarm_raised.kind, SAPA_ALARM_MEDIA_LOST);
    assert_int_equal(fake_posted_count(f, SAPA_T_contact_gone), 2);
    fake_reply(f, fake_want(f, "BYE", customer.call_id), 200, "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = other);
    sapa_voice_media_link(f->voice, true);
    fake_run(f, 0);
    assert_int_equal(fake_posted_count(f, SAPA_T_alarm_raised), 4); /* raised and over, twice */
    fake_assert_empty(f);
}

static void silent_line(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    const uint64_t contact = fake_customer(f, &customer);
    struct sapa_media_message m = { .op = SAPA_MEDIA_SILENT, .leg = fake_media(f, SAPA_MEDIA_LEG_OPEN)->leg, .contact = contact, .code = 20 };
    sapa_voice_media_receive(f->voice, &m);
    fake_run(f, 0);
    fake_reply(f, fake_want(f, "OPTIONS", customer.call_id), 200, "", "", ""); /* mute, but there */
    assert_int_equal(fake_posted_count(f, SAPA_T_contact_gone), 0);
    sapa_voice_media_receive(f->voice, &m);
    sapa_voice_media_receive(f->voice, &m); /* asked once */
    fake_run(f, 0);
    fake_want(f, "OPTIONS", customer.call_id);
    fake_none(f, "OPTIONS", customer.call_id);
    fake_run(f, 33000000);
    const struct sapa_record *gone = fake_posted(f, SAPA_T_contact_gone);
    assert_int_equal(gone->u.contact_gone.side, SAPA_SIDE_NETWORK);
    fake_want(f, "BYE", customer.call_id);
    /* line quality: alarm and figures */
    m.op = SAPA_MEDIA_QUALITY;
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

static void poor_line(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    const uint64_t contact = fake_customer(f, &customer);
    struct sapa_media_message m = { .op = SAPA_MEDIA_QUALITY, .leg = fake_media(f, SAPA_MEDIA_LEG_OPEN)->leg, .contact = contact, .code = 1 };
    m.u.quality.mos_x100 = 290;
    m.u.quality.packets = 900;
    m.u.quality.lost = 100;
    sapa_voice_media_receive(f->voice, &m);
    const struct sapa_record *quality = fake_posted(f, SAPA_T_leg_quality);
    assert_int_equal(quality->u.leg_quality.final, 0);
    assert_int_equal(quality->u.leg_quality.mos_x100, 290);
    const struct sapa_record *alarm = fake_posted(f, SAPA_T_alarm_raised);
    assert_int_equal(alarm->u.alarm_raised.on, 1);
    assert_int_equal(alarm->u.alarm_raised.contact, contact);
    fake_request(f, &customer, "BYE", "", "", "");
    assert_int_equal(fake_posted_count(f, SAPA_T_alarm_raised), 2); /* it ends with the leg */
    assert_int_equal(fake_posted(f, SAPA_T_alarm_raised)->u.alarm_raised.on, 0);
    quality = fake_posted(f, SAPA_T_leg_quality);
    assert_int_equal(quality->u.leg_quality.final, 1);
    assert_int_equal(quality->u.leg_quality.lost, 2);
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

/* Whoever leads hears of the agent's line, in its worse direction; it is over with the alarm, or with the leg. */
static void poor_line_of_an_agent(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    fake_register(f, 0, "198.51.100.7", 5060, 7200);
    const uint64_t contact = fake_customer(f, &customer);
    struct fake_call agent = fake_agent(f, contact, 5, 0);
    FAKE_COMMAND(f, cmd_connect, .contact = contact, .offer = 5);
    uint64_t leg = 0;
    for (uint32_t i = 0; i < f->voice->legs.count; i++) {
        const struct voice_leg *one = ((struct voice_ref *)sapa_table_at(&f->voice->legs, i))->value;
        if (one->kind == LEG_AGENT)
            leg = one->id;
    }
    struct sapa_media_message m = { .op = SAPA_MEDIA_QUALITY, .leg = leg, .contact = contact, .code = 1 };
    m.u.quality.mos_x100 = 420;
    m.u.quality.heard_mos_x100 = 210;
    sapa_voice_media_receive(f->voice, &m);
    const struct sapa_record *alert = fake_posted(f, SAPA_T_alert);
    assert_int_equal(alert->u.alert.kind, SAPA_ALERT_LINE);
    assert_int_equal(alert->u.alert.target, 0);
    assert_int_equal(alert->u.alert.state, SAPA_ALERT_STATE_ON);
    assert_int_equal(alert->u.alert.value, 210);
    m.code = 0;
    sapa_voice_media_receive(f->voice, &m);
    assert_int_equal(fake_posted(f, SAPA_T_alert)->u.alert.state, SAPA_ALERT_STATE_OVER);
    sapa_voice_media_receive(f->voice, &m); /* as after a restart, when it began before */
    assert_int_equal(fake_posted(f, SAPA_T_alert)->u.alert.state, SAPA_ALERT_STATE_OVER);
    m.code = 1;
    sapa_voice_media_receive(f->voice, &m);
    assert_int_equal(fake_posted(f, SAPA_T_alert)->u.alert.state, SAPA_ALERT_STATE_ON);
    fake_request(f, &agent, "BYE", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_alert)->u.alert.state, SAPA_ALERT_STATE_OVER);
    assert_int_equal(fake_posted_count(f, SAPA_T_alert), 5);
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

/* When a line is called bad stands in the description: media learns it when it comes and when that changes. */
/* Whatever order the lines stand in: a customer whose agent was said to be gone first would be put back in the line. */
static void customers_are_lost_first(void **state)
{
    for (int grace = 0; grace < 2; grace++) {
        struct fake *f = *state;
        struct fake_call customer, code;
        fake_register(f, 0, "198.51.100.7", 5060, 7200);
        fake_register(f, 1, "198.51.100.9", 5060, 7200);
        dial_code(f, &code, "*5");
        const uint64_t contact = fake_customer(f, &customer);
        struct fake_call agent = fake_agent(f, contact, 5 + (uint64_t)grace, 1);
        FAKE_COMMAND(f, cmd_connect, .contact = contact, .offer = 5 + (uint64_t)grace);
        fake_request(f, &code, "CANCEL", "", "", "");
        fake_want(f, "SIP/2.0 487", code.call_id);
        fake_request(f, &code, "ACK", "", "", "");
        fake_run(f, 0);
        assert_int_equal(((struct voice_leg *)((struct voice_ref *)sapa_table_at(&f->voice->legs, 0))->value)->kind, LEG_AGENT); /* the last has its place */
        const size_t from = f->posted_count;
        sapa_voice_media_link(f->voice, false);
        f->media_generation++;
        f->inventory_count = 0;
        if (grace)
            fake_run(f, 3000000); /* nobody comes back in time */
        sapa_voice_media_link(f->voice, true);
        fake_run(f, 0);
        size_t gone = SIZE_MAX, parted = SIZE_MAX;
        for (size_t i = from; i < f->posted_count; i++) {
            gone = f->posted[i].type == SAPA_T_contact_gone ? SAPA_MIN(gone, i) : gone;
            parted = f->posted[i].type == SAPA_T_agent_gone ? SAPA_MIN(parted, i) : parted;
        }
        assert_true(gone != SIZE_MAX && gone < parted);
        FAKE_COMMAND(f, cmd_forget, .contact = contact);
        fake_reply(f, fake_want(f, "BYE", customer.call_id), 200, "", "", "");
        fake_reply(f, fake_want(f, "BYE", agent.call_id), 200, "", "", "");
        fake_run(f, 40000000);
    }
}

static void media_learns_the_limits(void **state)
{
    struct fake *f = *state;
    struct sapa_centre other = *f->options.centre;
    f->media_seen = f->media_count;
    sapa_voice_media_link(f->voice, false);
    sapa_voice_media_link(f->voice, true);
    fake_run(f, 0);
    const struct sapa_media_message *m = fake_media(f, SAPA_MEDIA_LIMITS);
    assert_int_equal(m->u.limits.quality_mos_x100, 360);
    assert_int_equal(m->u.limits.quality_window_ms, 10000);
    other.system.quality_alarm_mos_x100 = 330;
    other.system.quality_alarm_ms = 20000;
    sapa_voice_centre(f->voice, &other);
    m = fake_media(f, SAPA_MEDIA_LIMITS);
    assert_int_equal(m->u.limits.quality_mos_x100, 330);
    assert_int_equal(m->u.limits.quality_window_ms, 20000);
    sapa_voice_centre(f->voice, f->options.centre);
    fake_assert_empty(f);
}

/* The centre's mailbox is full for a while: nothing is lost, and nothing overtakes. */
static void centre_is_slow(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    struct sapa_voice_stats stats;
    const uint64_t contact = fake_customer(f, &customer);
    const uint64_t leg = fake_media(f, SAPA_MEDIA_LEG_OPEN)->leg;
    f->post_full = true;
    press(f, leg, contact, "12");
    fake_run(f, 3000);
    press(f, leg, contact, "3");
    fake_request(f, &customer, "BYE", "", "", "");
    fake_run(f, 10000);
    assert_int_equal(fake_posted_count(f, SAPA_T_digit), 0);
    f->post_full = false;
    press(f, leg, contact, ""); /* nothing */
    fake_run(f, 10000);
    for (const char *key = "123"; *key; key++)
        assert_int_equal(fake_posted(f, SAPA_T_digit)->u.digit.digit.p[0], *key);
    fake_posted(f, SAPA_T_contact_gone);
    sapa_voice_stats_read(f->voice, &stats);
    assert_true(stats.post_retries >= 4);
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

/* Another description: indices move, calls go on. */
static void new_description(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    static struct sapa_centre next;
    static const struct sapa_agent agents[] = {
        { .key = { "john", 4 }, .extension = { "102", 3 }, .password = { "secret", 6 } },
        { .key = { "siti", 4 }, .extension = { "101", 3 }, .password = { "rahasia", 7 } },
    };
    static const struct sapa_number numbers[] = { { .key = { "62215550100", 11 }, .client = 0 } };
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    const uint64_t contact = fake_customer(f, &customer);
    next = f->centre;
    next.agents = agents;
    next.numbers = numbers;
    next.numbers_count = 1;
    sapa_voice_centre(f->voice, &next);
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_device), 1);
    struct fake_call agent = fake_agent(f, contact, 5, 1);
    assert_non_null(agent.call_id);
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_drop_agent, .contact = contact, .offer = 5);
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_reply(f, fake_want(f, "BYE", agent.call_id), 200, "", "", "");
    fake_assert_empty(f);
}

/* Hold in all its dialects, by the customer. */
static void hold_dialects(void **state)
{
    static const char *const holds[] = {
        FAKE_SDP("192.0.2.5", "30000", "8 101", "sendonly"), FAKE_SDP("192.0.2.5", "30000", "8 101", "inactive"), FAKE_SDP("0.0.0.0", "30000", "8 101", "sendrecv"),
    };
    struct fake *f = *state;
    struct fake_call c;
    const uint64_t contact = fake_customer(f, &c);
    for (size_t i = 0; i < SAPA_COUNT(holds); i++) {
        fake_request(f, &c, "INVITE", "", "application/sdp", holds[i]);
        fake_want(f, "SIP/2.0 200", "INVITE");
        fake_request(f, &c, "ACK", "", "", "");
        const struct sapa_record *held = fake_posted(f, SAPA_T_leg_held);
        assert_int_equal(held->u.leg_held.on, 1);
        assert_int_equal(held->u.leg_held.side, SAPA_SIDE_CUSTOMER);
        assert_int_equal(held->u.leg_held.offer, 0);
        /* back by a re-INVITE without description: ours goes out, theirs comes in the ACK */
        fake_request(f, &c, "INVITE", "", "", "");
        struct fake_sent *ok = fake_want(f, "SIP/2.0 200", "INVITE");
        assert_non_null(strstr(ok->text, "a=sendrecv"));
        fake_request(f, &c, "ACK", "", "application/sdp", fake_sdp_customer);
        assert_int_equal(fake_posted(f, SAPA_T_leg_held)->u.leg_held.on, 0);
    }
    /* nothing in common: 488, and the call goes on as it was */
    fake_request(f, &c, "INVITE", "", "application/sdp", FAKE_SDP("192.0.2.5", "30000", "18", "sendrecv"));
    fake_want(f, "SIP/2.0 488", c.call_id);
    fake_request(f, &c, "ACK", "", "", "");
    fake_request(f, &c, "REFER", "Refer-To: <sip:x@y>\r\n", "", "");
    fake_none(f, "SIP/2.0 202", "");
    fake_request(f, &c, "BYE", "", "", "");
    fake_posted(f, SAPA_T_contact_gone);
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_assert_empty(f);
}

/* A polite stop: the customers' ends first and as the centre's own doing; agents' legs go with them, nothing is told twice. */
static void the_centre_stops(void **state)
{
    struct fake *f = *state;
    struct fake_call talking, ringing;
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    fake_register(f, 1, "198.51.100.9", 5060, 600);
    const uint64_t a = fake_customer(f, &talking);
    fake_agent(f, a, 5, 0);
    FAKE_COMMAND(f, cmd_connect, .contact = a, .offer = 5);
    const uint64_t b = fake_customer(f, &ringing);
    FAKE_COMMAND(f, cmd_offer, .offer = 6, .contact = b, .agent = 1, .queue = 0, .ring_ms = 20000);
    fake_reply(f, fake_want(f, "INVITE", "sip:102@"), 180, "phone", "", "");
    f->posted_seen = f->posted_count;
    const size_t before = f->posted_count;
    sapa_voice_end_calls(f->voice, "the centre is stopping");
    fake_run(f, 0);
    size_t gone = 0;
    for (size_t i = before; i < f->posted_count; i++) {
        const struct sapa_record *r = &f->posted[i];
        assert_int_not_equal(r->type, SAPA_T_agent_gone);
        assert_int_not_equal(r->type, SAPA_T_offer_failed);
        if (r->type != SAPA_T_contact_gone)
            continue;
        gone++;
        assert_int_equal(r->u.contact_gone.side, SAPA_SIDE_FLOW);
        assert_true(r->u.contact_gone.contact == a || r->u.contact_gone.contact == b);
    }
    assert_int_equal(gone, 2);
    fake_want(f, "BYE", talking.call_id);
    fake_want(f, "BYE", ringing.call_id);
    fake_want(f, "BYE", "sip:phone@198.51.100.7");
    fake_want(f, "CANCEL", "sip:102@");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST(whole_call), TEST(caller_cancels), TEST(answer_before_port), TEST(no_port), TEST(late_offer),
        TEST(late_offer_unanswered), TEST(reject), TEST(refused), TEST(limit_of_calls), TEST(offer_failures),
        TEST(cancel_race), TEST(two_phones), TEST(forked_by_a_proxy), TEST(answer_without_codec),
        TEST(prompts_that_come_later), TEST(secret_digits), TEST(callback_with_credentials),
        TEST(trunks_in_trouble), TEST(registers_at_a_carrier), TEST(silent_trunk), TEST(privacy), TEST(refer), TEST(srtp_over_tls), TEST(session_of_a_caller), TEST(session_of_ours), TEST(early_media), TEST(keys_cross), TEST(tones_of_a_trunk), TEST(echo_test), TEST(codes), TEST(codes_while_talking), TEST(an_offer_frees_the_line), TEST(registration_ends), TEST(ping), TEST(wrong_password), TEST(algorithms),
        TEST(recording), TEST(media_process_lost), TEST(silent_line), TEST(poor_line), TEST(poor_line_of_an_agent), TEST(customers_are_lost_first), TEST(media_learns_the_limits), TEST(centre_is_slow), TEST(callback_not_reached), TEST(what_codes_say),
        TEST(new_description), TEST(the_centre_stops), TEST(hold_dialects), TEST(where_agents_work),
        TEST(queue_is_whispered), TEST(whispers_that_fail), TEST(one_phone_answers_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
