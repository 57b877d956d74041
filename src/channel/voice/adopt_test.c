/* The process dies and another takes over: calls that talk, callers who wait, phones that are registered. */
#include <unistd.h>

#include "channel/voice/fake_impl.h"

/* The old process is gone without a word; the media process holds what it held. */
static void kill_control(struct fake *f)
{
    f->inventory_count = 0;
    for (uint32_t i = 0; i < f->voice->legs.count; i++) {
        const struct voice_leg *leg = ((struct voice_ref *)sapa_table_at(&f->voice->legs, i))->value;
        if (leg->media != MEDIA_OPEN)
            continue;
        struct sapa_media_message *m = &f->inventory[f->inventory_count++];
        *m = (struct sapa_media_message){ .op = SAPA_MEDIA_INVENTORY, .leg = leg->id, .contact = leg->contact->id };
        m->u.inventory.local = leg->local;
        m->u.inventory.generation = leg->generation;
        const struct fake_leg *model = fake_leg(f, leg->id);
        m->contact = model->contact;
        m->u.inventory.bridged_with = model->other;
        m->u.inventory.mix = model->mix;
        m->u.inventory.role = model->role;
    }
    sapa_voice_close(f->voice);
    f->voice = NULL;
    f->posted_count = f->posted_seen = 0;
    f->media_count = f->media_seen = f->media_answered = 0;
    for (size_t i = 0; i < f->sent_count; i++)
        f->sent[i].seen = true;
}

static void start_control(struct fake *f, const struct sapa_voice_held *held, size_t held_count)
{
    const struct sapa_record *dialogs[FAKE_DIALOGS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < f->dialog_count; i++)
        if (!f->dialogs[i].u.dialog.closed)
            dialogs[count++] = &f->dialogs[i];
    f->options.epoch++;
    f->options.id_base = (uint64_t)f->options.epoch << 32;
    fake_open_voice(f);
    sapa_voice_adopt(f->voice, dialogs, count, held, held_count);
    assert_false(sapa_voice_ready(f->voice)); /* the inventory is not there yet */
    fake_run(f, 0);
    assert_true(sapa_voice_ready(f->voice));
}

static void talking_call_lives_on(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    struct sapa_voice_stats stats;
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    const uint64_t contact = fake_customer(f, &customer);
    struct fake_call agent = fake_agent(f, contact, 5, 0);
    FAKE_COMMAND(f, cmd_connect, .contact = contact, .offer = 5);
    kill_control(f);
    f->inventory[0].recording = f->inventory[1].recording = 0;
    f->inventory[0].u.inventory.recording = 88;
    const struct sapa_voice_held held[] = {
        { .contact = contact, .what = SAPA_VOICE_HELD_CUSTOMER },
        { .contact = contact, .offer = 5, .what = SAPA_VOICE_HELD_AGENT },
    };
    start_control(f, held, 2);
    sapa_voice_stats_read(f->voice, &stats);
    assert_int_equal(stats.adopted, 2);
    assert_int_equal(stats.orphans, 0);
    assert_int_equal(stats.calls, 1);
    /* nobody notices; that the call is answered is only said again, in case it was never heard, and lines are judged anew */
    assert_int_equal(f->posted_count, fake_posted_count(f, SAPA_T_contact_answered) + fake_posted_count(f, SAPA_T_alarm_raised));
    assert_int_equal(fake_posted_count(f, SAPA_T_alarm_raised), 1);
    for (size_t i = 0; i < f->media_count; i++)
        assert_true(f->media[i].op == SAPA_MEDIA_HELLO || f->media[i].op == SAPA_MEDIA_LIMITS);
    /* hold works, with the description that the old process agreed on and a higher version */
    fake_request(f, &agent, "INVITE", "", "application/sdp", FAKE_SDP("198.51.100.7", "40000", "8 101", "sendonly"));
    const struct fake_sent *ok = fake_want(f, "SIP/2.0 200", agent.call_id);
    assert_non_null(strstr(ok->text, "a=recvonly"));
    assert_non_null(strstr(ok->text, "s=")); /* whole */
    fake_request(f, &agent, "ACK", "", "", "");
    const struct sapa_record *on = fake_posted(f, SAPA_T_leg_held);
    assert_int_equal(on->u.leg_held.contact, contact);
    assert_int_equal(on->u.leg_held.offer, 5);
    /* so does the recorder */
    FAKE_COMMAND(f, cmd_record, .contact = contact, .recording = 88, .action = 1);
    fake_media(f, SAPA_MEDIA_RECORD_PAUSE);
    FAKE_COMMAND(f, cmd_record, .contact = contact, .recording = 88, .action = 3);
    /* and hanging up, by either side */
    fake_request(f, &agent, "BYE", "", "", "");
    fake_want(f, "SIP/2.0 200", "BYE");
    assert_int_equal(fake_posted(f, SAPA_T_agent_gone)->u.agent_gone.offer, 5);
    FAKE_COMMAND(f, cmd_hangup, .contact = contact, .cause = 16);
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    const struct fake_sent *bye = fake_want(f, "BYE sip:peer@192.0.2.5:5060", customer.call_id);
    fake_reply(f, bye, 200, "", "", "");
    fake_run(f, 70000000);
    sapa_voice_stats_read(f->voice, &stats);
    assert_int_equal(stats.dialogs + stats.legs + stats.contacts + stats.calls, 0);
    for (size_t i = 0; i < f->dialog_count; i++)
        assert_int_equal(f->dialogs[i].u.dialog.closed, 1);
}

/* The phone numbers telephone-event in its own way: we send by its number, and know both, in the next life as well. */
static void numbers_of_keys(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    const uint64_t contact = fake_customer(f, &customer);
    FAKE_COMMAND(f, cmd_offer, .offer = 5, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
    const struct fake_sent *invite = fake_want(f, "INVITE", "a=rtpmap:101 telephone-event/8000");
    f->media_seen = f->media_count;
    fake_reply(f, invite, 200, "phone", "",
               "v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 96\r\n"
               "a=rtpmap:96 telephone-event/8000\r\n");
    const struct sapa_media_message *set = fake_media(f, SAPA_MEDIA_LEG_SET);
    assert_int_equal(set->u.leg.dtmf_type, 96);
    assert_int_equal(set->u.leg.dtmf_receive, 101);
    assert_int_equal(set->u.leg.dtmf_inband, 0);
    const uint64_t id = set->leg;
    kill_control(f);
    const struct sapa_voice_held held[] = {
        { .contact = contact, .what = SAPA_VOICE_HELD_CUSTOMER },
        { .contact = contact, .offer = 5, .what = SAPA_VOICE_HELD_AGENT },
    };
    start_control(f, held, 2);
    const struct voice_leg *leg = sapa_voice_find(&f->voice->legs, id);
    assert_non_null(leg);
    assert_int_equal(leg->dtmf_type, 96);
    assert_int_equal(leg->dtmf_receive, 101);
}

/* A caller who waits: the announcement ended meanwhile, which the core must learn. */
static void waiting_caller_lives_on(void **state)
{
    struct fake *f = *state;
    struct fake_call one, two;
    const uint64_t a = fake_customer(f, &one), b = fake_customer(f, &two);
    kill_control(f);
    f->inventory[0].u.inventory.play = 9;
    const struct sapa_voice_held held[] = {
        { .contact = a, .what = SAPA_VOICE_HELD_CUSTOMER, .play = 9 },
        { .contact = b, .what = SAPA_VOICE_HELD_CUSTOMER, .play = 9 },
    };
    start_control(f, held, 2);
    const uint64_t silent = f->inventory[0].contact == a ? b : a;
    const struct sapa_record *done = fake_posted(f, SAPA_T_play_done);
    assert_int_equal(done->u.play_done.contact, silent);
    assert_int_equal(done->u.play_done.play, 9);
    assert_int_equal(fake_posted_count(f, SAPA_T_play_done), 1);
    struct sapa_media_message m = { .op = SAPA_MEDIA_PLAY_DONE, .leg = f->inventory[0].leg };
    m.u.play.play = 9;
    sapa_voice_media_receive(f->voice, &m);
    assert_int_equal(fake_posted(f, SAPA_T_play_done)->u.play_done.contact, f->inventory[0].contact);
    /* offered to an agent, the phone still shows who calls */
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    FAKE_COMMAND(f, cmd_offer, .offer = 70, .contact = a, .agent = 0, .queue = 0, .ring_ms = 20000);
    fake_want(f, "INVITE", "Andi\" <sip:6281234567890@");
    fake_request(f, &one, "BYE", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_contact_gone)->u.contact_gone.side, SAPA_SIDE_CUSTOMER);
}

static void orphans_are_ended(void **state)
{
    struct fake *f = *state;
    struct fake_call one, two, ringing;
    struct sapa_voice_stats stats;
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    const uint64_t a = fake_customer(f, &one), b = fake_customer(f, &two);
    fake_invite(f, &ringing, "192.0.2.5", "1500", "", fake_sdp_customer); /* unanswered: dies with its transaction */
    const uint64_t c = fake_posted(f, SAPA_T_contact_arrived)->u.contact_arrived.contact;
    FAKE_COMMAND(f, cmd_offer, .offer = 5, .contact = a, .agent = 0, .queue = 0, .ring_ms = 20000);
    kill_control(f);
    /* the media process has lost a's leg; it holds that of the unanswered call, and of the ringing agent */
    for (size_t i = 0; i < f->inventory_count; i++)
        if (f->inventory[i].contact == a && f->inventory[i].leg == f->dialogs[0].u.dialog.leg)
            f->inventory[i] = f->inventory[--f->inventory_count];
    const struct sapa_voice_held held[] = {
        { .contact = a, .what = SAPA_VOICE_HELD_CUSTOMER },
        { .contact = b, .what = SAPA_VOICE_HELD_CUSTOMER },
        { .contact = c, .what = SAPA_VOICE_HELD_CUSTOMER },
        { .contact = a, .offer = 5, .what = SAPA_VOICE_HELD_RINGING },
        { .contact = b, .offer = 3, .what = SAPA_VOICE_HELD_DIAL },
    };
    start_control(f, held, 5);
    const struct fake_sent *bye = fake_want(f, "BYE", one.call_id);
    fake_reply(f, bye, 200, "", "", "");
    const struct sapa_record *gone = fake_posted(f, SAPA_T_contact_gone);
    assert_int_equal(gone->u.contact_gone.contact, a);
    assert_int_equal(gone->u.contact_gone.side, SAPA_SIDE_SYSTEM);
    assert_int_equal(fake_posted(f, SAPA_T_contact_gone)->u.contact_gone.contact, c);
    assert_int_equal(fake_posted(f, SAPA_T_offer_failed)->u.offer_failed.offer, 5);
    const struct sapa_record *dial = fake_posted(f, SAPA_T_dial_progress);
    assert_int_equal(dial->u.dial_progress.attempt, 3);
    assert_int_equal(dial->u.dial_progress.state, 2);
    size_t closed = 0;
    for (size_t i = 0; i < f->media_count; i++)
        closed += f->media[i].op == SAPA_MEDIA_LEG_CLOSE;
    assert_int_equal(closed, 2);
    sapa_voice_stats_read(f->voice, &stats);
    assert_int_equal(stats.adopted, 1);
    assert_int_equal(stats.calls, 1);
    fake_none(f, "BYE", two.call_id);
}

/* Nothing else is in the folder: registrations, and the lamps of phones. */
static void remove_journals(const char *folder, const char *path)
{
    char lamps[96];

    snprintf(lamps, sizeof(lamps), "%s.lamps", path);
    assert_int_equal(sapa_file_remove(path), SAPA_OK);
    assert_int_equal(sapa_file_remove(lamps), SAPA_OK);
    assert_int_equal(rmdir(folder), 0);
}

static void with_registrations(struct fake *f, char *folder, char *path, size_t size)
{
    assert_non_null(mkdtemp(folder));
    snprintf(path, size, "%s/registrations", folder);
    sapa_voice_close(f->voice);
    f->options.registrations_path = path;
    fake_open_voice(f);
    sapa_voice_adopt(f->voice, NULL, 0, NULL, 0);
    fake_run(f, 0);
}

static void same_header(const char *a, const char *b, const char *name)
{
    char one[400], two[400];
    fake_header(a, name, one, sizeof(one));
    fake_header(b, name, two, sizeof(two));
    assert_string_equal(one, two);
}

/* Killed while a phone rings: the successor says the same INVITE again, and the phone never knows. */
static void ringing_goes_on(void **state)
{
    struct fake *f = *state;
    char folder[] = "/tmp/sapa-voice-XXXXXX", path[64];
    struct fake_call customer;
    with_registrations(f, folder, path, sizeof(path));
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    const uint64_t contact = fake_customer(f, &customer);
    FAKE_COMMAND(f, cmd_offer, .offer = 5, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
    const struct fake_sent first = *fake_want(f, "INVITE", "X-Sapa-Queue: toko.penjualan");
    fake_reply(f, &first, 180, "phone", "", "");
    kill_control(f);
    const struct sapa_voice_held held[] = {
        { .contact = contact, .what = SAPA_VOICE_HELD_CUSTOMER },
        { .contact = contact, .offer = 5, .what = SAPA_VOICE_HELD_RINGING, .agent = 0, .queue = 0, .ring_ms = 20000 },
    };
    start_control(f, held, 2);
    const struct fake_sent again = *fake_want(f, "INVITE", "X-Sapa-Queue: toko.penjualan");
    static const char *const same[] = { "Via", "From", "To", "Call-ID", "CSeq", "Contact" };
    for (size_t i = 0; i < SAPA_COUNT(same); i++)
        same_header(first.text, again.text, same[i]);
    assert_string_equal(strstr(first.text, "\r\n\r\n"), strstr(again.text, "\r\n\r\n")); /* the same port */
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_failed), 0);
    fake_none(f, "CANCEL", "");
    fake_reply(f, &first, 200, "phone", "", fake_sdp_agent);
    assert_int_equal(fake_posted(f, SAPA_T_offer_accepted)->u.offer_accepted.offer, 5);
    fake_want(f, "ACK", "");
    FAKE_COMMAND(f, cmd_connect, .contact = contact, .offer = 5);
    fake_media(f, SAPA_MEDIA_BRIDGE);
    remove_journals(folder, path);
}

/* An agent asks a colleague on the line of his call: X is on hold, Y is where they talk. */
struct asking {
    struct fake_call customer, agent, other;
    uint64_t x, y, own, line, caller, b;
};

static void ask(struct fake *f, struct asking *s)
{
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    fake_register(f, 1, "198.51.100.9", 5060, 600);
    s->x = fake_customer(f, &s->customer);
    s->agent = fake_agent(f, s->x, 5, 0);
    FAKE_COMMAND(f, cmd_connect, .contact = s->x, .offer = 5);
    s->line = fake_offer_leg(f, 5);
    s->caller = fake_customer_leg(f, s->x);
    fake_press(f, s->line, "*02102#");
    const struct sapa_record *call = fake_posted(f, SAPA_T_agent_call);
    s->y = call->u.agent_call.contact;
    s->own = call->u.agent_call.offer;
    FAKE_COMMAND(f, cmd_hold, .contact = s->x, .offer = 5, .on = 1, .prompt = 0);
    FAKE_COMMAND(f, cmd_call, .contact = s->y, .offer = s->own, .agent = 0, .line = SAPA_LINE_SAME, .beside = 5, .kind = SAPA_TARGET_AGENT, .target = 1, .client = 0);
    s->other = fake_answers(f, s->y, 70, 1, 3);
    FAKE_COMMAND(f, cmd_connect, .contact = s->y, .offer = 70);
    s->b = fake_offer_leg(f, 70);
    assert_true(fake_hears(f, s->line, s->b));
}

static void nothing_was_moved(const struct fake *f)
{
    for (size_t i = 0; i < f->media_count; i++)
        assert_true(f->media[i].op == SAPA_MEDIA_HELLO || f->media[i].op == SAPA_MEDIA_LIMITS);
}

static void consultation_lives_on(void **state)
{
    struct fake *f = *state;
    struct asking s;
    ask(f, &s);
    kill_control(f);
    const struct sapa_voice_held held[] = {
        { .contact = s.x, .what = SAPA_VOICE_HELD_CUSTOMER },
        { .contact = s.x, .offer = 5, .what = SAPA_VOICE_HELD_AGENT },
        { .contact = s.y, .what = SAPA_VOICE_HELD_CUSTOMER },
        { .contact = s.y, .offer = s.own, .what = SAPA_VOICE_HELD_AGENT, .talking = true },
        { .contact = s.y, .offer = 70, .what = SAPA_VOICE_HELD_AGENT, .talking = true },
    };
    start_control(f, held, 5);
    nothing_was_moved(f);
    assert_true(fake_hears(f, s.line, s.b));
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_gone) + fake_posted_count(f, SAPA_T_contact_gone), 0);
    /* the codes go on where they were */
    fake_press(f, s.line, "*04");
    const struct sapa_record *merge = fake_posted(f, SAPA_T_call_command);
    assert_int_equal(merge->u.call_command.offer, 5);
    assert_int_equal(merge->u.call_command.other, s.y);
    FAKE_COMMAND(f, cmd_join, .contact = s.x, .other = s.y, .offer = 70);
    FAKE_COMMAND(f, cmd_forget, .contact = s.y);
    FAKE_COMMAND(f, cmd_drop_agent, .contact = s.x, .offer = 5);
    fake_reply(f, fake_want(f, "BYE", s.agent.call_id), 200, "", "", "");
    assert_true(fake_hears(f, s.caller, s.b));
}

/* The same, and he goes back to the customer. */
static void consultation_lives_on_and_ends(void **state)
{
    struct fake *f = *state;
    struct asking s;
    ask(f, &s);
    kill_control(f);
    const struct sapa_voice_held held[] = {
        { .contact = s.x, .what = SAPA_VOICE_HELD_CUSTOMER },
        { .contact = s.x, .offer = 5, .what = SAPA_VOICE_HELD_AGENT },
        { .contact = s.y, .what = SAPA_VOICE_HELD_CUSTOMER },
        { .contact = s.y, .offer = 70, .what = SAPA_VOICE_HELD_AGENT, .talking = true },
    };
    start_control(f, held, 4);
    fake_request(f, &s.other, "BYE", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_agent_gone)->u.agent_gone.contact, s.y);
    FAKE_COMMAND(f, cmd_hangup, .contact = s.y, .cause = 16);
    FAKE_COMMAND(f, cmd_forget, .contact = s.y);
    FAKE_COMMAND(f, cmd_hold, .contact = s.x, .offer = 5, .on = 0);
    fake_none(f, "BYE", "");
    assert_true(fake_hears(f, s.line, s.caller));
}

/* It was decided and logged that the colleague comes into X, and then we died. */
static void transfer_is_carried_out(void **state)
{
    struct fake *f = *state;
    struct asking s;
    ask(f, &s);
    kill_control(f);
    const struct sapa_voice_held held[] = {
        { .contact = s.x, .what = SAPA_VOICE_HELD_CUSTOMER },
        { .contact = s.x, .offer = 70, .what = SAPA_VOICE_HELD_AGENT, .talking = true },
    };
    start_control(f, held, 2);
    fake_reply(f, fake_want(f, "BYE", s.agent.call_id), 200, "", "", "");
    assert_true(fake_hears(f, s.caller, s.b));
    fake_none(f, "BYE", "");
}

static void conference_lives_on(void **state)
{
    struct fake *f = *state;
    struct asking s;
    ask(f, &s);
    FAKE_COMMAND(f, cmd_join, .contact = s.x, .other = s.y, .offer = 70);
    FAKE_COMMAND(f, cmd_forget, .contact = s.y);
    FAKE_COMMAND(f, cmd_hold, .contact = s.x, .offer = 5, .on = 0);
    const struct fake_sent *invite = fake_dial(f, s.x, 9, 1, "62811");
    fake_reply(f, invite, 200, "o", "", fake_sdp_customer);
    struct fake_call outside = fake_callee(invite, "o");
    const uint64_t o = ((struct voice_contact *)sapa_voice_find(&f->voice->contacts, s.x))->outside->id;
    FAKE_COMMAND(f, cmd_hold, .contact = s.x, .offer = 70, .on = 1, .prompt = 0);
    assert_true(fake_hears(f, o, s.line) && fake_hears(f, o, s.caller) && !fake_hears(f, o, s.b));
    kill_control(f);
    const struct sapa_voice_held held[] = {
        { .contact = s.x, .what = SAPA_VOICE_HELD_CUSTOMER },
        { .contact = s.x, .offer = 5, .what = SAPA_VOICE_HELD_AGENT, .talking = true },
        { .contact = s.x, .offer = 70, .what = SAPA_VOICE_HELD_AGENT },
        { .contact = s.x, .offer = 9, .what = SAPA_VOICE_HELD_DIAL },
    };
    start_control(f, held, 4);
    nothing_was_moved(f);
    assert_int_equal(fake_posted_count(f, SAPA_T_dial_progress) + fake_posted_count(f, SAPA_T_agent_gone), 0);
    FAKE_COMMAND(f, cmd_hold, .contact = s.x, .offer = 70, .on = 0);
    assert_true(fake_hears(f, o, s.b) && fake_hears(f, s.line, s.b));
    fake_press(f, s.line, "*05"); /* who came last is not known any more: somebody else than he and the customer */
    const struct sapa_record *drop = fake_posted(f, SAPA_T_call_command);
    assert_int_equal(drop->u.call_command.verb, SAPA_CALL_VERB_DROP);
    assert_true(drop->u.call_command.other == 70 || drop->u.call_command.other == 9);
    outside.branch += 100;
    fake_request(f, &outside, "BYE", "", "", "");
    const struct sapa_record *progress = fake_posted(f, SAPA_T_dial_progress);
    assert_int_equal(progress->u.dial_progress.attempt, 9);
    assert_int_equal(progress->u.dial_progress.state, 3);
    fake_request(f, &s.agent, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_drop_agent, .contact = s.x, .offer = 5);
    assert_true(fake_hears(f, s.caller, s.b));
    assert_int_equal(fake_leg(f, s.b)->mix, 0);
}

/* An agent's own calls: one outward, one to a colleague from a line of its own. */
static void own_calls_live_on(void **state)
{
    struct fake *f = *state;
    struct fake_call one, two;
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    fake_register(f, 1, "198.51.100.9", 5060, 600);
    fake_phone_call(f, &one, 0, "198.51.100.7", "08112345678", "");
    const struct sapa_rec_agent_call out = fake_posted(f, SAPA_T_agent_call)->u.agent_call;
    const struct fake_sent *invite = fake_dial(f, out.contact, 1, 2, "628112345678");
    fake_reply(f, invite, 200, "o", "", fake_sdp_customer);
    struct fake_call outside = fake_callee(invite, "o");
    FAKE_COMMAND(f, cmd_connect, .contact = out.contact, .offer = out.offer);
    fake_learn(&one, fake_want(f, "SIP/2.0 200", one.call_id)->text);
    fake_request(f, &one, "ACK", "", "", "");
    fake_phone_call(f, &two, 1, "198.51.100.9", "1500", "");
    const struct sapa_rec_agent_call in = fake_posted(f, SAPA_T_agent_call)->u.agent_call;
    FAKE_COMMAND(f, cmd_answer, .contact = in.contact);
    fake_learn(&two, fake_want(f, "SIP/2.0 200", two.call_id)->text);
    fake_request(f, &two, "ACK", "", "", "");
    kill_control(f);
    const struct sapa_voice_held held[] = {
        { .contact = out.contact, .what = SAPA_VOICE_HELD_CUSTOMER },
        { .contact = out.contact, .offer = out.offer, .what = SAPA_VOICE_HELD_AGENT, .talking = true },
        { .contact = in.contact, .what = SAPA_VOICE_HELD_CUSTOMER },
        { .contact = in.contact, .offer = in.offer, .what = SAPA_VOICE_HELD_AGENT, .talking = true },
    };
    start_control(f, held, 4);
    nothing_was_moved(f);
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_gone) + fake_posted_count(f, SAPA_T_contact_gone), 0);
    /* a REFER on it is known as an agent's */
    fake_request(f, &two, "REFER", "Refer-To: <sip:101@sapa.example>\r\n", "", "");
    fake_want(f, "SIP/2.0 202", "REFER");
    assert_int_equal(fake_posted(f, SAPA_T_contact_passed)->u.contact_passed.offer, in.offer);
    fake_request(f, &outside, "BYE", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_contact_gone)->u.contact_gone.contact, out.contact);
    fake_request(f, &one, "BYE", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_agent_gone)->u.agent_gone.offer, out.offer);
}

/*
 * Killed while a call through a trunk rings: its answer finds the successor; it can be cancelled; what the core has given
 * up is cancelled at once; what is too old is tried again by the core as ever. The same when it went out again with
 * credentials.
 */
static void calls_through_trunks_ring_on(void **state)
{
    enum { ANSWERED, CANCELLED, GIVEN_UP, TOO_OLD, CASES };
    struct fake *f = *state;
    for (int turn = 0; turn < 2 * CASES; turn++) {
        const int what = turn % CASES;
        const bool credentials = turn >= CASES;
        struct fake_call customer;
        f->dialog_count = f->sent_count = f->inventory_count = 0;
        const uint64_t contact = fake_customer(f, &customer);
        const struct fake_sent *out = fake_dial(f, contact, 3, 1, "62811");
        if (credentials) {
            fake_reply(f, out, 407, "t", "Proxy-Authenticate: Digest realm=\"carrier\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\r\n", "");
            out = fake_want(f, "INVITE", "Proxy-Authorization: Digest");
        }
        const struct fake_sent invite = *out;
        fake_reply(f, &invite, 180, "t", "", "");
        kill_control(f);
        if (what == TOO_OLD)
            sapa_loop_advance(f->loop, 31000000);
        const struct sapa_voice_held held[] = {
            { .contact = contact, .what = SAPA_VOICE_HELD_CUSTOMER },
            { .contact = contact, .offer = 3, .what = SAPA_VOICE_HELD_DIAL },
        };
        start_control(f, held, what == GIVEN_UP ? 1 : 2);
        fake_none(f, "INVITE", ""); /* not a second time */
        if (what == GIVEN_UP) {
            same_header(invite.text, fake_want(f, "CANCEL", "sip:62811@")->text, "Via");
            assert_int_equal(fake_posted_count(f, SAPA_T_dial_progress), 0);
        } else if (what == TOO_OLD) {
            const struct sapa_record *progress = fake_posted(f, SAPA_T_dial_progress);
            assert_int_equal(progress->u.dial_progress.state, 2);
            assert_int_equal(progress->u.dial_progress.side, SAPA_SIDE_SYSTEM);
        } else {
            assert_int_equal(fake_posted_count(f, SAPA_T_dial_progress), 0);
            if (what == CANCELLED) {
                FAKE_COMMAND(f, cmd_dial_cancel, .contact = contact, .attempt = 3);
                const struct fake_sent *cancel = fake_want(f, "CANCEL", "sip:62811@");
                static const char *const same[] = { "Via", "From", "Call-ID" };
                for (size_t i = 0; i < SAPA_COUNT(same); i++)
                    same_header(invite.text, cancel->text, same[i]);
                fake_reply(f, cancel, 200, "t", "", "");
                fake_reply(f, &invite, 487, "t", "", "");
            } else {
                fake_reply(f, &invite, 200, "t", "", fake_sdp_customer);
                const struct fake_sent *ack = fake_want(f, "ACK", "tag=t");
                same_header(invite.text, ack->text, "Call-ID");
                assert_non_null(strstr(ack->text, credentials ? "CSeq: 2 ACK" : "CSeq: 1 ACK"));
                const struct sapa_record *progress = fake_posted(f, SAPA_T_dial_progress);
                assert_int_equal(progress->u.dial_progress.state, 1);
                assert_int_equal(progress->u.dial_progress.attempt, 3);
                assert_true(fake_hears(f, progress->u.dial_progress.leg, fake_customer_leg(f, contact)));
            }
        }
        fake_request(f, &customer, "BYE", "", "", "");
        FAKE_COMMAND(f, cmd_forget, .contact = contact);
        struct fake_sent *bye = fake_find(f, "BYE", "tag=t");
        if (bye)
            fake_reply(f, bye, 200, "", "", "");
        fake_run(f, 70000000);
        for (size_t i = 0; i < f->dialog_count; i++)
            assert_int_equal(f->dialogs[i].u.dialog.closed, 1);
        f->posted_count = f->posted_seen = f->media_count = f->media_seen = f->media_answered = 0;
    }
}

/* What cannot go on is cancelled on the phone, and the phone is not called again before it has stopped. */
static void ghosts_are_cancelled(void **state)
{
    struct fake *f = *state;
    char folder[] = "/tmp/sapa-voice-XXXXXX", path[64];
    struct fake_call one, two;
    with_registrations(f, folder, path, sizeof(path));
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    fake_register(f, 1, "198.51.100.9", 5060, 600);
    const uint64_t a = fake_customer(f, &one), b = fake_customer(f, &two);
    FAKE_COMMAND(f, cmd_offer, .offer = 5, .contact = a, .agent = 0, .queue = 0, .ring_ms = 20000);
    FAKE_COMMAND(f, cmd_offer, .offer = 6, .contact = b, .agent = 1, .queue = 0, .ring_ms = 20000);
    const struct fake_sent first = *fake_want(f, "INVITE", "sip:101@"), second = *fake_want(f, "INVITE", "sip:102@");
    fake_reply(f, &first, 180, "phone", "", "");
    fake_reply(f, &second, 180, "phone", "", "");
    kill_control(f);
    /* a's leg is gone from the media process; the core has ended offer 6, but its command was not carried out */
    for (size_t i = 0; i < f->inventory_count; i++)
        if (f->inventory[i].contact == a)
            f->inventory[i--] = f->inventory[--f->inventory_count];
    const struct sapa_voice_held held[] = {
        { .contact = a, .what = SAPA_VOICE_HELD_CUSTOMER },
        { .contact = b, .what = SAPA_VOICE_HELD_CUSTOMER },
        { .contact = a, .offer = 5, .what = SAPA_VOICE_HELD_RINGING, .agent = 0, .queue = 0, .ring_ms = 20000 },
    };
    start_control(f, held, 3);
    same_header(first.text, fake_want(f, "CANCEL", "sip:101@")->text, "Via");
    same_header(second.text, fake_want(f, "CANCEL", "sip:102@")->text, "Via");
    const struct sapa_record *failed = fake_posted(f, SAPA_T_offer_failed);
    assert_int_equal(failed->u.offer_failed.offer, 5);
    assert_int_equal(failed->u.offer_failed.result, SAPA_OFFER_FAULT);
    assert_int_equal(failed->u.offer_failed.cause, 0);
    FAKE_COMMAND(f, cmd_offer, .offer = 7, .contact = b, .agent = 1, .queue = 0, .ring_ms = 20000);
    fake_none(f, "INVITE", "");
    fake_reply(f, &second, 487, "phone", "", "");
    fake_want(f, "ACK", "sip:102@");
    fake_run(f, 600000);
    const struct fake_sent invite = *fake_want(f, "INVITE", "sip:102@");
    fake_reply(f, &invite, 486, "phone", "", ""); /* busy with the ghost all the same: not the person's doing */
    failed = fake_posted(f, SAPA_T_offer_failed);
    assert_int_equal(failed->u.offer_failed.offer, 7);
    assert_int_equal(failed->u.offer_failed.result, SAPA_OFFER_FAULT);
    remove_journals(folder, path);
}

/* The core ended it, the command was not carried out: what it does not hold is ended now. */
static void what_the_core_does_not_hold(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    fake_customer(f, &customer);
    kill_control(f);
    start_control(f, NULL, 0);
    fake_reply(f, fake_want(f, "BYE", customer.call_id), 200, "", "", "");
    fake_run(f, 70000000);
    struct sapa_voice_stats stats;
    sapa_voice_stats_read(f->voice, &stats);
    assert_int_equal(stats.contacts + stats.legs + stats.dialogs, 0);
    assert_int_equal(fake_posted_count(f, SAPA_T_contact_gone), 0);
}

static void media_process_is_gone_too(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    const uint64_t contact = fake_customer(f, &customer);
    kill_control(f);
    const struct sapa_record *dialog = &f->dialogs[0];
    const struct sapa_voice_held held = { .contact = contact, .what = SAPA_VOICE_HELD_CUSTOMER };
    assert_int_equal(sapa_voice_open(&f->options, &f->voice), SAPA_OK);
    sapa_voice_adopt(f->voice, &dialog, 1, &held, 1);
    fake_run(f, 1000000);
    assert_int_equal(f->posted_count, 0);
    fake_run(f, 1100000);
    fake_want(f, "BYE", customer.call_id);
    assert_int_equal(fake_posted(f, SAPA_T_contact_gone)->u.contact_gone.side, SAPA_SIDE_SYSTEM);
    assert_false(sapa_voice_ready(f->voice));
    sapa_voice_media_link(f->voice, true);
    fake_run(f, 0);
    assert_true(sapa_voice_ready(f->voice));
}

/* A record that is damaged, cut or of a later build never does harm. */
static void damaged_records(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    fake_customer(f, &customer);
    kill_control(f);
    const struct sapa_record whole = f->dialogs[0];
    const size_t n = whole.u.dialog.state.n;
    assert_true(n > 100 && n < 1000);
    for (size_t i = 0; i < n; i += 3) {
        for (int what = 0; what < 2; what++) {
            struct sapa_record bad = whole;
            const struct sapa_record *dialog = &bad;
            if (what == 0)
                bad.u.dialog.state.n = (uint16_t)i;
            else
                bad.u.dialog.state.p[i] = (char)(bad.u.dialog.state.p[i] ^ 0xff);
            f->sent_count = f->media_count = f->media_answered = f->posted_count = 0;
            f->dialog_count = 0;
            fake_open_voice(f);
            sapa_voice_adopt(f->voice, &dialog, 1, NULL, 0);
            fake_run(f, 0);
            assert_true(sapa_voice_ready(f->voice));
            sapa_voice_close(f->voice);
        }
    }
    f->sent_count = f->media_count = f->media_answered = 0;
    fake_open_voice(f);
}

static void registrations_live_on(void **state)
{
    struct fake *f = *state;
    char folder[] = "/tmp/sapa-voice-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/registrations", folder);
    sapa_voice_close(f->voice);
    f->options.registrations_path = path;
    fake_open_voice(f);
    sapa_voice_adopt(f->voice, NULL, 0, NULL, 0);
    fake_run(f, 0);
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    fake_register(f, 0, "198.51.100.8", 5060, 600);
    fake_register(f, 1, "198.51.100.9", 5060, 60);
    kill_control(f);
    sapa_loop_advance(f->loop, 61000000); /* the second agent's registration ends while nobody looks */
    start_control(f, NULL, 0);
    struct sapa_voice_stats stats;
    sapa_voice_stats_read(f->voice, &stats);
    const struct sapa_record *device = fake_posted(f, SAPA_T_agent_device);
    assert_int_equal(device->u.agent_device.agent, 0);
    assert_int_equal(device->u.agent_device.reachable, 1);
    device = fake_posted(f, SAPA_T_agent_device);
    assert_int_equal(device->u.agent_device.agent, 1);
    assert_int_equal(device->u.agent_device.reachable, 0);
    struct fake_call customer;
    const uint64_t contact = fake_customer(f, &customer);
    FAKE_COMMAND(f, cmd_offer, .offer = 5, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
    fake_want(f, "INVITE sip:101@198.51.100.7", "");
    fake_want(f, "INVITE sip:101@198.51.100.8", "");
    /* a journal whose end was cut is read up to there */
    kill_control(f);
    uint8_t *data;
    size_t size;
    assert_int_equal(sapa_file_read(path, 1 << 20, &data, &size), SAPA_OK);
    assert_true(size > 20);
    assert_int_equal(sapa_file_write(path, data, size - 3, 0600), SAPA_OK);
    free(data);
    f->dialog_count = 0;
    f->inventory_count = 0;
    start_control(f, NULL, 0);
    remove_journals(folder, path);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST(talking_call_lives_on), TEST(numbers_of_keys), TEST(waiting_caller_lives_on), TEST(orphans_are_ended), TEST(ringing_goes_on), TEST(ghosts_are_cancelled),
        TEST(what_the_core_does_not_hold), TEST(media_process_is_gone_too), TEST(damaged_records),
        TEST(registrations_live_on), TEST(consultation_lives_on), TEST(consultation_lives_on_and_ends), TEST(transfer_is_carried_out),
        TEST(conference_lives_on), TEST(own_calls_live_on), TEST(calls_through_trunks_ring_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
