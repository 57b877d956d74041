/*
 * Calls that agents place, consultation, attended transfer, conference: with scripted peers, the core's commands by
 * hand, and a media process that knows who hears whom.
 */
#include "channel/voice/fake_impl.h"

static int setup(void **state)
{
    fake_new((struct fake **)state);
    struct fake *f = *state;
    fake_register(f, 0, "198.51.100.7", 5060, 7200);
    fake_register(f, 1, "198.51.100.9", 5060, 7200);
    return 0;
}

/* Nor in the media process. */
static void assert_empty(struct fake *f)
{
    fake_assert_empty(f);
    assert_int_equal(f->leg_count, 0);
}

static void bye_from_us(struct fake *f, const struct fake_call *c)
{
    fake_reply(f, fake_want(f, "BYE", c->call_id), 200, "", "", "");
}

/* ---- a phone calls ---- */

static void outside(void **state)
{
    struct fake *f = *state;
    struct fake_call phone;
    fake_phone_call(f, &phone, 0, "198.51.100.7", "0811-2345-678", "");
    const struct sapa_rec_agent_call call = fake_posted(f, SAPA_T_agent_call)->u.agent_call;
    assert_int_equal(call.agent, 0);
    assert_int_equal(call.line, SAPA_LINE_OWN);
    assert_int_equal(call.kind, SAPA_TARGET_OUTSIDE);
    assert_int_equal(call.target, SAPA_NONE);
    assert_string_equal(call.address.p, "628112345678");
    assert_int_equal(call.number_type, 2); /* mobile */
    assert_int_equal(call.listed, 5); /* for whom it is on a list: the core knows the client */
    assert_string_equal(call.reference.p, phone.call_id);
    assert_int_equal(call.beside, 0);
    assert_true(call.contact != 0 && call.offer != 0 && call.request != 0);
    assert_int_equal(fake_posted_count(f, SAPA_T_contact_arrived), 0);
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = call.request, .verb = 255, .rc = 0);
    FAKE_COMMAND(f, cmd_call, .contact = call.contact, .offer = call.offer, .agent = 0, .line = SAPA_LINE_OWN, .kind = SAPA_TARGET_OUTSIDE, .target = SAPA_NONE, .client = 1);
    const struct fake_sent *invite = fake_dial(f, call.contact, 1, 2, "628112345678");
    assert_non_null(strstr(invite->text, "From: \"Bank Sejahtera\" <sip:62215550100@")); /* for whom, and with whose number */
    fake_none(f, "SIP/2.0 18", phone.call_id);
    fake_reply(f, invite, 180, "t", "", "");
    fake_want(f, "SIP/2.0 180", phone.call_id);
    assert_int_equal(fake_posted(f, SAPA_T_dial_progress)->u.dial_progress.state, 0);
    fake_reply(f, invite, 183, "t", "", fake_sdp_customer);
    const struct fake_sent *early = fake_want(f, "SIP/2.0 183", phone.call_id);
    const char *described = strstr(early->text, "\r\n\r\n");
    assert_non_null(strstr(described, "m=audio"));
    assert_true(fake_hears(f, fake_offer_leg(f, call.offer), fake_customer_leg(f, call.contact)));
    fake_reply(f, invite, 200, "t", "", "");
    const struct sapa_record *progress = fake_posted(f, SAPA_T_dial_progress);
    assert_int_equal(progress->u.dial_progress.state, 1);
    assert_int_equal(progress->u.dial_progress.attempt, 1);
    fake_none(f, "SIP/2.0 200", phone.call_id); /* it is answered when the log says so */
    FAKE_COMMAND(f, cmd_connect, .contact = call.contact, .offer = call.offer);
    const struct fake_sent *ok = fake_want(f, "SIP/2.0 200", phone.call_id);
    assert_string_equal(strstr(ok->text, "\r\n\r\n"), described); /* RFC 3261 13.2.1: the same answer */
    fake_learn(&phone, ok->text);
    fake_request(f, &phone, "ACK", "", "", "");
    assert_true(fake_hears(f, fake_offer_leg(f, call.offer), fake_customer_leg(f, call.contact)));
    assert_int_equal(fake_posted_count(f, SAPA_T_contact_answered), 0);
    /* he hangs up */
    fake_request(f, &phone, "BYE", "", "", "");
    const struct sapa_record *gone = fake_posted(f, SAPA_T_agent_gone);
    assert_int_equal(gone->u.agent_gone.contact, call.contact);
    assert_int_equal(gone->u.agent_gone.offer, call.offer);
    FAKE_COMMAND(f, cmd_hangup, .contact = call.contact, .cause = 16);
    FAKE_COMMAND(f, cmd_forget, .contact = call.contact);
    fake_reply(f, fake_want(f, "BYE", "tag=t"), 200, "", "", "");
    assert_int_equal(fake_posted_count(f, SAPA_T_contact_gone), 0);
    assert_empty(f);
}

/* Not reached, given up, not allowed, answered by the other side's hang-up: what the phone hears of it. */
static void outside_in_vain(void **state)
{
    struct fake *f = *state;
    struct fake_call phone;
    /* busy */
    fake_phone_call(f, &phone, 0, "198.51.100.7", "08112345678", "");
    struct sapa_rec_agent_call call = fake_posted(f, SAPA_T_agent_call)->u.agent_call;
    const struct fake_sent *invite = fake_dial(f, call.contact, 1, 2, "628112345678");
    fake_reply(f, invite, 486, "t", "", "");
    const struct sapa_record *progress = fake_posted(f, SAPA_T_dial_progress);
    assert_int_equal(progress->u.dial_progress.state, 2);
    assert_int_equal(progress->u.dial_progress.cause, 486);
    FAKE_COMMAND(f, cmd_drop_agent, .contact = call.contact, .offer = call.offer);
    FAKE_COMMAND(f, cmd_forget, .contact = call.contact);
    fake_want(f, "SIP/2.0 486", phone.call_id);
    fake_request(f, &phone, "ACK", "", "", "");
    /* he gives up while it rings; the answer crosses */
    fake_phone_call(f, &phone, 0, "198.51.100.7", "08112345678", "");
    call = fake_posted(f, SAPA_T_agent_call)->u.agent_call;
    invite = fake_dial(f, call.contact, 1, 2, "628112345678");
    fake_reply(f, invite, 180, "u", "", "");
    fake_request(f, &phone, "CANCEL", "", "", "");
    fake_want(f, "SIP/2.0 487", phone.call_id);
    fake_request(f, &phone, "ACK", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_agent_gone)->u.agent_gone.offer, call.offer);
    fake_reply(f, invite, 200, "u", "", fake_sdp_customer);
    FAKE_COMMAND(f, cmd_connect, .contact = call.contact, .offer = call.offer); /* decided before it was heard of */
    FAKE_COMMAND(f, cmd_hangup, .contact = call.contact, .cause = 16);
    FAKE_COMMAND(f, cmd_forget, .contact = call.contact);
    fake_reply(f, fake_want(f, "BYE", "tag=u"), 200, "", "", "");
    /* no right to */
    fake_phone_call(f, &phone, 0, "198.51.100.7", "0809-1-234567", "");
    call = fake_posted(f, SAPA_T_agent_call)->u.agent_call;
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = call.request, .verb = 255, .rc = (uint64_t)-SAPA_EDENIED, .code = SAPA_DENIAL_RIGHT);
    FAKE_COMMAND(f, cmd_reject, .contact = call.contact, .status = 403);
    FAKE_COMMAND(f, cmd_forget, .contact = call.contact);
    const struct fake_sent *no = fake_want(f, "SIP/2.0 403 no right to call this kind of number", phone.call_id);
    assert_non_null(strstr(no->text, "Reason: SIP;cause=403;text=\"no right to call this kind of number\""));
    fake_request(f, &phone, "ACK", "", "", "");
    /* nobody that could be called; the log's mailbox is full */
    fake_phone_call(f, &phone, 0, "198.51.100.7", "nobody", "");
    fake_want(f, "SIP/2.0 404", phone.call_id);
    fake_request(f, &phone, "ACK", "", "", "");
    f->post_full = true;
    fake_phone_call(f, &phone, 0, "198.51.100.7", "08112345678", "");
    fake_want(f, "SIP/2.0 503", phone.call_id);
    f->post_full = false;
    fake_request(f, &phone, "ACK", "", "", "");
    fake_phone_call(f, &phone, 0, "198.51.100.7", "102", "");
    call = fake_posted(f, SAPA_T_agent_call)->u.agent_call;
    FAKE_COMMAND(f, cmd_hangup, .contact = call.contact, .cause = 17); /* the colleague refuses */
    FAKE_COMMAND(f, cmd_forget, .contact = call.contact);
    fake_want(f, "SIP/2.0 486", phone.call_id);
    fake_request(f, &phone, "ACK", "", "", "");
    assert_int_equal(f->voice->stats.refused_target, 1);
    assert_empty(f);
}

/* A colleague by his extension; the caller's phone is the contact's customer. */
static void colleague(void **state)
{
    struct fake *f = *state;
    struct fake_call phone, other;
    fake_phone_call(f, &phone, 0, "198.51.100.7", "102", "");
    const struct sapa_rec_agent_call call = fake_posted(f, SAPA_T_agent_call)->u.agent_call;
    assert_int_equal(call.kind, SAPA_TARGET_AGENT);
    assert_int_equal(call.target, 1);
    assert_int_equal(call.address.n, 0);
    FAKE_COMMAND(f, cmd_ring, .contact = call.contact);
    fake_want(f, "SIP/2.0 180", phone.call_id);
    FAKE_COMMAND(f, cmd_offer, .offer = 70, .contact = call.contact, .agent = 1, .queue = SAPA_NONE, .kind = 3, .ring_ms = 30000);
    const struct fake_sent *invite = fake_want(f, "INVITE sip:102@198.51.100.9", "From: \"siti\" <sip:101@sapa.example>");
    fake_reply(f, invite, 200, "b", "", fake_sdp_agent);
    other = fake_callee(invite, "b");
    FAKE_COMMAND(f, cmd_answer, .contact = call.contact);
    fake_learn(&phone, fake_want(f, "SIP/2.0 200", phone.call_id)->text);
    fake_request(f, &phone, "ACK", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_contact_answered)->u.contact_answered.contact, call.contact);
    FAKE_COMMAND(f, cmd_connect, .contact = call.contact, .offer = 70);
    assert_true(fake_hears(f, fake_customer_leg(f, call.contact), fake_offer_leg(f, 70)));
    fake_request(f, &phone, "BYE", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_contact_gone)->u.contact_gone.contact, call.contact);
    FAKE_COMMAND(f, cmd_drop_agent, .contact = call.contact, .offer = 70);
    FAKE_COMMAND(f, cmd_forget, .contact = call.contact);
    bye_from_us(f, &other);
    /* a number of ours, a queue */
    static const struct { const char *dialled; unsigned kind, target; } table[] = {
        { "1500", SAPA_TARGET_NUMBER, 1 }, { "+62215550100", SAPA_TARGET_NUMBER, 0 }, { "bank.kartu", SAPA_TARGET_QUEUE, 1 },
        { "112", SAPA_TARGET_OUTSIDE, SAPA_NONE },
    };
    for (size_t i = 0; i < SAPA_COUNT(table); i++) {
        fake_phone_call(f, &phone, 0, "198.51.100.7", table[i].dialled, "");
        const struct sapa_record *asked = fake_posted(f, SAPA_T_agent_call);
        assert_int_equal(asked->u.agent_call.kind, table[i].kind);
        assert_int_equal(asked->u.agent_call.target, table[i].target);
        FAKE_COMMAND(f, cmd_reject, .contact = asked->u.agent_call.contact, .status = 403);
        FAKE_COMMAND(f, cmd_forget, .contact = asked->u.agent_call.contact);
        fake_want(f, "SIP/2.0 403", phone.call_id);
        fake_request(f, &phone, "ACK", "", "", "");
    }
    assert_empty(f);
}

/* ---- asking on the same line ---- */

struct story {
    struct fake_call customer, agent, other;
    uint64_t x, y, own; /* contact, consultation, his own part in it */
    uint64_t line, caller;
};

static void talking(struct fake *f, struct story *s)
{
    s->x = fake_customer(f, &s->customer);
    s->agent = fake_agent(f, s->x, 5, 0);
    FAKE_COMMAND(f, cmd_connect, .contact = s->x, .offer = 5);
    s->line = fake_offer_leg(f, 5);
    s->caller = fake_customer_leg(f, s->x);
    assert_true(fake_hears(f, s->line, s->caller));
}

/* "*02…#": what the core does with it. */
static void asks(struct fake *f, struct story *s, const char *keys, unsigned kind, uint64_t target)
{
    fake_press(f, s->line, keys);
    const struct sapa_rec_agent_call call = fake_posted(f, SAPA_T_agent_call)->u.agent_call;
    assert_int_equal(call.line, SAPA_LINE_SAME);
    assert_int_equal(call.beside, 5);
    assert_int_equal(call.kind, kind);
    assert_int_equal(call.target, target);
    s->y = call.contact;
    s->own = call.offer;
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = call.request, .verb = 255, .rc = 0);
    FAKE_COMMAND(f, cmd_hold, .contact = s->x, .offer = 5, .on = 1, .prompt = 0);
    FAKE_COMMAND(f, cmd_hold_music, .contact = s->x, .offer = 5, .side = SAPA_SIDE_CUSTOMER, .on = 1, .prompt = 0);
    FAKE_COMMAND(f, cmd_call, .contact = s->y, .offer = s->own, .agent = 0, .line = SAPA_LINE_SAME, .beside = 5, .kind = kind, .target = target, .client = 0);
    assert_string_equal(fake_plays(f, s->caller), "/cache/music");
    assert_int_equal(fake_leg(f, s->line)->contact, s->y);
}

static void consults(struct fake *f, struct story *s)
{
    talking(f, s);
    asks(f, s, "*02102#", SAPA_TARGET_AGENT, 1);
    FAKE_COMMAND(f, cmd_ring, .contact = s->y);
    assert_string_equal(fake_plays(f, s->line), "/cache/ringback");
    s->other = fake_answers(f, s->y, 70, 1, 3);
    const size_t before = f->posted_count;
    FAKE_COMMAND(f, cmd_answer, .contact = s->y);
    f->posted_seen = before;
    assert_int_equal(fake_posted(f, SAPA_T_contact_answered)->u.contact_answered.contact, s->y);
    FAKE_COMMAND(f, cmd_connect, .contact = s->y, .offer = 70);
    assert_true(fake_hears(f, s->line, fake_offer_leg(f, 70)));
    assert_false(fake_hears(f, s->line, s->caller));
    assert_string_equal(fake_plays(f, s->line), "");
    assert_string_equal(fake_plays(f, s->caller), "/cache/music");
}

static void end_all(struct fake *f, struct story *s)
{
    fake_request(f, &s->customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = s->x);
    while (true) { /* whoever is still there is told to go */
        struct fake_sent *bye = fake_find(f, "BYE", "");
        if (!bye)
            break;
        fake_reply(f, bye, 200, "", "", "");
    }
    assert_empty(f);
}

static void consultation_and_transfer(void **state)
{
    for (int drop_first = 0; drop_first < 2; drop_first++) {
        struct fake *f = *state;
        struct story s;
        consults(f, &s);
        fake_press(f, s.line, "*04");
        const struct sapa_record *merge = fake_posted(f, SAPA_T_call_command);
        assert_int_equal(merge->u.call_command.verb, SAPA_CALL_VERB_MERGE);
        assert_int_equal(merge->u.call_command.offer, 5);
        assert_int_equal(merge->u.call_command.other, s.y);
        FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = merge->u.call_command.request, .verb = 255, .rc = 0);
        const uint64_t b = fake_offer_leg(f, 70);
        if (drop_first) {
            FAKE_COMMAND(f, cmd_drop_agent, .contact = s.x, .offer = 5);
            FAKE_COMMAND(f, cmd_join, .contact = s.x, .other = s.y, .offer = 70);
            FAKE_COMMAND(f, cmd_forget, .contact = s.y);
        } else {
            FAKE_COMMAND(f, cmd_join, .contact = s.x, .other = s.y, .offer = 70);
            FAKE_COMMAND(f, cmd_forget, .contact = s.y);
            FAKE_COMMAND(f, cmd_drop_agent, .contact = s.x, .offer = 5);
        }
        bye_from_us(f, &s.agent);
        fake_none(f, "BYE", "");
        assert_true(fake_hears(f, s.caller, b));
        assert_string_equal(fake_plays(f, s.caller), "");
        assert_int_equal(fake_posted_count(f, SAPA_T_agent_gone) + fake_posted_count(f, SAPA_T_contact_gone), 0);
        /* and B's line is X's now: in the log as well */
        for (size_t i = 0; i < f->dialog_count; i++)
            if (f->dialogs[i].u.dialog.leg == b) {
                assert_int_equal(f->dialogs[i].u.dialog.contact, s.x);
                assert_int_equal(f->dialogs[i].u.dialog.offer, 70);
            }
        fake_request(f, &s.other, "BYE", "", "", "");
        const struct sapa_record *gone = fake_posted(f, SAPA_T_agent_gone);
        assert_int_equal(gone->u.agent_gone.contact, s.x);
        assert_int_equal(gone->u.agent_gone.offer, 70);
        end_all(f, &s);
        f->dialog_count = f->posted_count = f->posted_seen = f->sent_count = f->media_count = f->media_seen = f->media_answered = 0;
    }
}

static void consultation_and_back(void **state)
{
    struct fake *f = *state;
    struct story s;
    consults(f, &s);
    fake_press(f, s.line, "*05");
    const struct sapa_record *back = fake_posted(f, SAPA_T_call_command);
    assert_int_equal(back->u.call_command.verb, SAPA_CALL_VERB_HANGUP);
    assert_int_equal(back->u.call_command.offer, s.own);
    FAKE_COMMAND(f, cmd_hangup, .contact = s.y, .cause = 16);
    FAKE_COMMAND(f, cmd_drop_agent, .contact = s.y, .offer = 70);
    FAKE_COMMAND(f, cmd_forget, .contact = s.y);
    FAKE_COMMAND(f, cmd_hold, .contact = s.x, .offer = 5, .on = 0);
    bye_from_us(f, &s.other);
    fake_none(f, "BYE", "");
    assert_true(fake_hears(f, s.line, s.caller));
    assert_string_equal(fake_plays(f, s.caller), "");
    fake_press(f, s.line, "*05"); /* nothing to come back from */
    assert_string_equal(fake_plays(f, s.line), "/cache/agent.refused");
    assert_int_equal(fake_posted_count(f, SAPA_T_call_command), 1);
    end_all(f, &s);
}

/* Who is sent this key, since `from`. */
static unsigned keyed(const struct fake *f, size_t from, uint64_t leg, char key)
{
    unsigned count = 0;
    for (size_t i = from; i < f->media_count; i++)
        count += f->media[i].op == SAPA_MEDIA_SEND_DTMF && f->media[i].leg == leg && f->media[i].u.dtmf.digit == key;
    return count;
}

static void conference(void **state)
{
    struct fake *f = *state;
    struct story s;
    consults(f, &s);
    fake_press(f, s.line, "*03");
    const struct sapa_record *r = fake_posted(f, SAPA_T_call_command);
    assert_int_equal(r->u.call_command.verb, SAPA_CALL_VERB_CONFERENCE);
    assert_int_equal(r->u.call_command.other, s.y);
    const uint64_t b = fake_offer_leg(f, 70);
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = r->u.call_command.request, .verb = 255, .rc = 0);
    FAKE_COMMAND(f, cmd_join, .contact = s.x, .other = s.y, .offer = 70);
    FAKE_COMMAND(f, cmd_forget, .contact = s.y);
    FAKE_COMMAND(f, cmd_hold, .contact = s.x, .offer = 5, .on = 0);
    fake_none(f, "BYE", "");
    assert_true(fake_hears(f, s.line, b) && fake_hears(f, s.line, s.caller) && fake_hears(f, s.caller, b));
    assert_string_equal(fake_plays(f, s.caller), "");
    /* an outside party as fourth, through the flow's own dial: nobody is disturbed */
    const struct fake_sent *invite = fake_dial(f, s.x, 9, 1, "62811");
    fake_reply(f, invite, 200, "o", "", fake_sdp_customer);
    const struct voice_contact *c = sapa_voice_find(&f->voice->contacts, s.x);
    const uint64_t o = c->outside->id;
    assert_true(fake_hears(f, o, s.caller) && fake_hears(f, o, b) && fake_hears(f, o, s.line));
    /* a key that is no code reaches all the others, whoever presses it: the media process passes none on in a mix */
    size_t from = f->media_count;
    fake_press(f, s.line, "5");
    fake_press(f, s.caller, "6");
    fake_press(f, o, "7");
    assert_true(keyed(f, from, s.caller, '5') == 1 && keyed(f, from, b, '5') == 1 && keyed(f, from, o, '5') == 1 && keyed(f, from, s.line, '5') == 0);
    assert_true(keyed(f, from, s.caller, '6') == 0 && keyed(f, from, b, '6') == 1 && keyed(f, from, o, '6') == 1 && keyed(f, from, s.line, '6') == 1);
    assert_true(keyed(f, from, s.caller, '7') == 1 && keyed(f, from, b, '7') == 1 && keyed(f, from, o, '7') == 0 && keyed(f, from, s.line, '7') == 1);
    FAKE_COMMAND(f, cmd_secret, .contact = s.x, .on = 1);
    from = f->media_count;
    fake_press(f, s.caller, "8");
    assert_int_equal(keyed(f, from, s.line, '8') + keyed(f, from, b, '8') + keyed(f, from, o, '8'), 0);
    FAKE_COMMAND(f, cmd_secret, .contact = s.x, .on = 0);
    /* B is held: it concerns him alone */
    FAKE_COMMAND(f, cmd_hold, .contact = s.x, .offer = 70, .on = 1, .prompt = 0);
    assert_false(fake_hears(f, b, s.caller));
    from = f->media_count;
    fake_press(f, s.line, "5");
    fake_press(f, b, "6");
    assert_true(keyed(f, from, s.caller, '5') == 1 && keyed(f, from, b, '5') == 0 && keyed(f, from, s.caller, '6') == 0);
    assert_true(fake_hears(f, s.line, s.caller) && fake_hears(f, s.line, o));
    assert_string_equal(fake_plays(f, s.caller), "");
    FAKE_COMMAND(f, cmd_hold, .contact = s.x, .offer = 70, .on = 0);
    assert_true(fake_hears(f, b, s.caller));
    /* the fourth hangs up, then A drops B by code: what is left is a bridge again */
    struct fake_call outside = fake_callee(invite, "o");
    fake_request(f, &outside, "BYE", "", "", "");
    f->posted_seen = f->posted_count - 2;
    const struct sapa_record *progress = fake_posted(f, SAPA_T_dial_progress);
    assert_int_equal(progress->u.dial_progress.state, 3);
    assert_int_equal(progress->u.dial_progress.attempt, 9);
    fake_press(f, s.line, "*05");
    r = fake_posted(f, SAPA_T_call_command);
    assert_int_equal(r->u.call_command.verb, SAPA_CALL_VERB_DROP);
    assert_int_equal(r->u.call_command.other, 70);
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = r->u.call_command.request, .verb = 255, .rc = 0);
    FAKE_COMMAND(f, cmd_drop_agent, .contact = s.x, .offer = 70);
    bye_from_us(f, &s.other);
    assert_int_equal(fake_leg(f, s.line)->mix, 0);
    assert_true(fake_hears(f, s.line, s.caller));
    end_all(f, &s);
}

/*
 * A call outside that he placed himself is a talk like any other: the codes find whom they mean, on whichever line he presses
 * them, and neither "back" nor "drop" lets the customer go.
 */
static void asks_during_a_call_of_his_own(void **state)
{
    struct fake *f = *state;
    struct fake_call phone, other;
    fake_phone_call(f, &phone, 0, "198.51.100.7", "08112345678", "");
    const struct sapa_rec_agent_call call = fake_posted(f, SAPA_T_agent_call)->u.agent_call;
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = call.request, .verb = 255, .rc = 0);
    FAKE_COMMAND(f, cmd_call, .contact = call.contact, .offer = call.offer, .agent = 0, .line = SAPA_LINE_OWN, .kind = SAPA_TARGET_OUTSIDE, .target = SAPA_NONE, .client = 1);
    fake_reply(f, fake_dial(f, call.contact, 1, 2, "628112345678"), 200, "t", "", fake_sdp_customer);
    FAKE_COMMAND(f, cmd_connect, .contact = call.contact, .offer = call.offer);
    fake_learn(&phone, fake_want(f, "SIP/2.0 200", phone.call_id)->text);
    fake_request(f, &phone, "ACK", "", "", "");
    const uint64_t line = fake_offer_leg(f, call.offer), caller = fake_customer_leg(f, call.contact);

    fake_press(f, line, "*05"); /* nobody was asked: the customer stays */
    assert_int_equal(fake_posted_count(f, SAPA_T_call_command), 0);
    assert_string_equal(fake_plays(f, line), "/cache/agent.refused");

    f->posted_seen = f->posted_count;
    fake_press(f, line, "*02102#");
    const struct sapa_rec_agent_call asked = fake_posted(f, SAPA_T_agent_call)->u.agent_call;
    assert_int_equal(asked.line, SAPA_LINE_SAME);
    assert_int_equal(asked.beside, call.offer);
    assert_int_equal(asked.kind, SAPA_TARGET_AGENT);
    assert_int_equal(asked.target, 1);
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = asked.request, .verb = 255, .rc = 0);
    FAKE_COMMAND(f, cmd_hold, .contact = call.contact, .offer = call.offer, .on = 1, .prompt = 0);
    FAKE_COMMAND(f, cmd_call, .contact = asked.contact, .offer = asked.offer, .agent = 0, .line = SAPA_LINE_SAME, .beside = call.offer, .kind = SAPA_TARGET_AGENT, .target = 1, .client = 1);
    FAKE_COMMAND(f, cmd_ring, .contact = asked.contact);
    other = fake_answers(f, asked.contact, 70, 1, 3);
    FAKE_COMMAND(f, cmd_answer, .contact = asked.contact);
    FAKE_COMMAND(f, cmd_connect, .contact = asked.contact, .offer = 70);
    const uint64_t b = fake_offer_leg(f, 70);
    assert_true(fake_hears(f, line, b) && !fake_hears(f, line, caller));

    static const struct { const char *keys; unsigned verb; bool back; } table[] = {
        { "*05", SAPA_CALL_VERB_HANGUP, true }, { "*04", SAPA_CALL_VERB_MERGE, false }, { "*03", SAPA_CALL_VERB_CONFERENCE, false },
    };
    for (size_t i = 0; i < SAPA_COUNT(table); i++) {
        f->posted_seen = f->posted_count;
        fake_press(f, line, table[i].keys);
        const struct sapa_rec_call_command told = fake_posted(f, SAPA_T_call_command)->u.call_command;
        assert_int_equal(told.verb, table[i].verb);
        assert_int_equal(told.offer, table[i].back ? asked.offer : call.offer);
        assert_int_equal(told.other, table[i].back ? 0 : asked.contact);
        FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = told.request, .verb = 255, .rc = 0);
    }
    FAKE_COMMAND(f, cmd_join, .contact = call.contact, .other = asked.contact, .offer = 70);
    FAKE_COMMAND(f, cmd_forget, .contact = asked.contact);
    FAKE_COMMAND(f, cmd_hold, .contact = call.contact, .offer = call.offer, .on = 0);
    assert_true(fake_hears(f, line, b) && fake_hears(f, line, caller) && fake_hears(f, caller, b));

    f->posted_seen = f->posted_count;
    fake_press(f, line, "*05"); /* who came last leaves, not the customer */
    const struct sapa_rec_call_command drop = fake_posted(f, SAPA_T_call_command)->u.call_command;
    assert_int_equal(drop.verb, SAPA_CALL_VERB_DROP);
    assert_int_equal(drop.offer, call.offer);
    assert_int_equal(drop.other, 70);
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = drop.request, .verb = 255, .rc = 0);
    FAKE_COMMAND(f, cmd_drop_agent, .contact = call.contact, .offer = 70);
    bye_from_us(f, &other);
    assert_true(fake_hears(f, line, caller));
    fake_request(f, &phone, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_hangup, .contact = call.contact, .cause = 16);
    FAKE_COMMAND(f, cmd_forget, .contact = call.contact);
    fake_reply(f, fake_want(f, "BYE", "tag=t"), 200, "", "", "");
    assert_empty(f);
}

/* Somebody outside is asked on the same line, and taken into the contact. */
static void consultation_outside(void **state)
{
    struct fake *f = *state;
    struct story s;
    talking(f, &s);
    asks(f, &s, "*0208112345678#", SAPA_TARGET_OUTSIDE, SAPA_NONE);
    const struct fake_sent *invite = fake_dial(f, s.y, 1, 2, "628112345678");
    fake_reply(f, invite, 180, "o", "", "");
    assert_string_equal(fake_plays(f, s.line), "/cache/ringback");
    fake_reply(f, invite, 200, "o", "", fake_sdp_customer);
    FAKE_COMMAND(f, cmd_connect, .contact = s.y, .offer = s.own);
    const uint64_t o = fake_customer_leg(f, s.y);
    assert_true(fake_hears(f, s.line, o));
    assert_string_equal(fake_plays(f, s.line), "");
    assert_string_equal(fake_plays(f, s.caller), "/cache/music");
    fake_press(f, s.line, "5"); /* keys go to whom he talks with */
    const struct sapa_media_message *key = fake_media(f, SAPA_MEDIA_SEND_DTMF);
    assert_int_equal(key->leg, o);
    /* merge: customer and outsider alone */
    FAKE_COMMAND(f, cmd_join, .contact = s.x, .other = s.y, .offer = 0, .attempt = 4);
    FAKE_COMMAND(f, cmd_forget, .contact = s.y);
    FAKE_COMMAND(f, cmd_drop_agent, .contact = s.x, .offer = 5);
    bye_from_us(f, &s.agent);
    fake_none(f, "BYE", "");
    assert_true(fake_hears(f, s.caller, o));
    struct fake_call outside = fake_callee(invite, "o");
    f->posted_seen = f->posted_count;
    fake_request(f, &outside, "BYE", "", "", "");
    const struct sapa_record *progress = fake_posted(f, SAPA_T_dial_progress);
    assert_int_equal(progress->u.dial_progress.contact, s.x);
    assert_int_equal(progress->u.dial_progress.attempt, 4);
    assert_int_equal(progress->u.dial_progress.state, 3);
    end_all(f, &s);
}

/* While he asks: the customer leaves, his line breaks, whom he asks leaves, nobody answers. */
static void consultation_breaks(void **state)
{
    for (int what = 0; what < 4; what++) {
        struct fake *f = *state;
        struct story s;
        if (what < 3)
            consults(f, &s);
        if (what == 0) { /* the customer: they talk on, and then the line is Y's */
            fake_request(f, &s.customer, "BYE", "", "", "");
            assert_int_equal(fake_posted(f, SAPA_T_contact_gone)->u.contact_gone.contact, s.x);
            FAKE_COMMAND(f, cmd_drop_agent, .contact = s.x, .offer = 5);
            FAKE_COMMAND(f, cmd_forget, .contact = s.x);
            fake_none(f, "BYE", "");
            assert_true(fake_hears(f, s.line, fake_offer_leg(f, 70)));
            fake_request(f, &s.agent, "BYE", "", "", "");
            assert_int_equal(fake_posted(f, SAPA_T_contact_gone)->u.contact_gone.contact, s.y);
            FAKE_COMMAND(f, cmd_drop_agent, .contact = s.y, .offer = 70);
            FAKE_COMMAND(f, cmd_forget, .contact = s.y);
            bye_from_us(f, &s.other);
        } else if (what == 1) { /* his line: both lose him */
            fake_request(f, &s.agent, "BYE", "", "", "");
            assert_int_equal(fake_posted(f, SAPA_T_contact_gone)->u.contact_gone.contact, s.y);
            assert_int_equal(fake_posted(f, SAPA_T_agent_gone)->u.agent_gone.contact, s.x);
            FAKE_COMMAND(f, cmd_drop_agent, .contact = s.y, .offer = 70);
            FAKE_COMMAND(f, cmd_forget, .contact = s.y);
            bye_from_us(f, &s.other);
            assert_string_equal(fake_plays(f, s.caller), "/cache/music");
        } else if (what == 2) { /* whom he asks */
            fake_request(f, &s.other, "BYE", "", "", "");
            assert_int_equal(fake_posted(f, SAPA_T_agent_gone)->u.agent_gone.contact, s.y);
            FAKE_COMMAND(f, cmd_hangup, .contact = s.y, .cause = 16);
            FAKE_COMMAND(f, cmd_forget, .contact = s.y);
            FAKE_COMMAND(f, cmd_hold, .contact = s.x, .offer = 5, .on = 0);
            assert_true(fake_hears(f, s.line, s.caller));
        } else { /* nobody answers outside */
            talking(f, &s);
            asks(f, &s, "*0208112345678#", SAPA_TARGET_OUTSIDE, SAPA_NONE);
            fake_reply(f, fake_dial(f, s.y, 1, 2, "628112345678"), 486, "o", "", "");
            FAKE_COMMAND(f, cmd_drop_agent, .contact = s.y, .offer = s.own);
            FAKE_COMMAND(f, cmd_forget, .contact = s.y);
            FAKE_COMMAND(f, cmd_hold, .contact = s.x, .offer = 5, .on = 0);
            fake_none(f, "BYE", "");
            assert_true(fake_hears(f, s.line, s.caller));
        }
        if (what == 0)
            assert_empty(f);
        else
            end_all(f, &s);
        f->dialog_count = f->posted_count = f->posted_seen = f->sent_count = f->media_count = f->media_seen = f->media_answered = 0;
    }
}

/* What is not possible is said, to him alone. */
static void codes_refused(void **state)
{
    struct fake *f = *state;
    struct story s;
    talking(f, &s);
    fake_press(f, s.line, "*04"); /* nobody asked */
    assert_string_equal(fake_plays(f, s.line), "/cache/agent.refused");
    fake_press(f, s.line, "*02#");
    assert_string_equal(fake_plays(f, s.line), "/cache/agent.unknown-target");
    fake_press(f, s.line, "*0208112345678"); /* without an end: after its time */
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_call), 0);
    fake_run(f, 3900000);
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_call), 0);
    fake_run(f, 200000);
    const struct sapa_record *call = fake_posted(f, SAPA_T_agent_call);
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = call->u.agent_call.request, .verb = 255, .rc = (uint64_t)-SAPA_EDENIED, .code = SAPA_DENIAL_HOURS);
    assert_string_equal(fake_plays(f, s.line), "/cache/agent.not-allowed");
    fake_press(f, s.line, "*02102#");
    call = fake_posted(f, SAPA_T_agent_call);
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = call->u.agent_call.request, .verb = 255, .rc = (uint64_t)-SAPA_EDENIED, .code = SAPA_DENIAL_TARGET);
    assert_string_equal(fake_plays(f, s.line), "/cache/agent.refused");
    assert_true(fake_hears(f, s.line, s.caller)); /* none of it was heard by the customer */
    for (size_t i = 0; i < f->media_count; i++)
        assert_int_not_equal(f->media[i].op, SAPA_MEDIA_SEND_DTMF);
    /* blind, to somebody outside and to a colleague */
    fake_press(f, s.line, "*0808112345678#");
    const struct sapa_record *passed = fake_posted(f, SAPA_T_contact_passed);
    assert_int_equal(passed->u.contact_passed.kind, SAPA_TARGET_OUTSIDE);
    assert_string_equal(passed->u.contact_passed.address.p, "628112345678");
    assert_int_equal(passed->u.contact_passed.listed, 5);
    assert_int_equal(passed->u.contact_passed.number_type, 2);
    assert_int_equal(passed->u.contact_passed.offer, 5);
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = passed->u.contact_passed.request, .verb = 255, .rc = (uint64_t)-SAPA_ELIMIT);
    assert_string_equal(fake_plays(f, s.line), "/cache/agent.refused");
    fake_press(f, s.line, "*08102#");
    passed = fake_posted(f, SAPA_T_contact_passed);
    assert_int_equal(passed->u.contact_passed.kind, SAPA_TARGET_AGENT);
    assert_int_equal(passed->u.contact_passed.target, 1);
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = passed->u.contact_passed.request, .verb = 255, .rc = 0);
    FAKE_COMMAND(f, cmd_drop_agent, .contact = s.x, .offer = 5);
    bye_from_us(f, &s.agent);
    end_all(f, &s);
}

/* A campaign is named by its digits after the code: as a call, and beside a contact. */
static void campaign(void **state)
{
    struct fake *f = *state;
    struct fake_call phone;
    struct story s;
    fake_phone_call(f, &phone, 0, "198.51.100.7", "*060*7*0811-9999-999", "");
    const struct sapa_rec_agent_call call = fake_posted(f, SAPA_T_agent_call)->u.agent_call;
    assert_int_equal(call.kind, SAPA_TARGET_OUTSIDE);
    assert_int_equal(call.campaign, 2);
    assert_int_equal(call.party_type, SAPA_PARTY_TYPE_PROSPECT + 1); /* what the look-up said */
    assert_int_equal(call.client, SAPA_NONE); /* the core knows whose it is */
    assert_string_equal(call.address.p, "628119999999");
    assert_int_equal(call.listed, 2); /* on the campaign's list: as on its client's */
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = call.request, .verb = 255, .rc = (uint64_t)-SAPA_EDENIED, .code = SAPA_DENIAL_LISTED);
    FAKE_COMMAND(f, cmd_reject, .contact = call.contact, .status = 403);
    FAKE_COMMAND(f, cmd_forget, .contact = call.contact);
    fake_want(f, "SIP/2.0 403", phone.call_id);
    fake_request(f, &phone, "ACK", "", "", "");
    /* who is called sees its brand */
    fake_phone_call(f, &phone, 0, "198.51.100.7", "*060*7*0811-2345-678", "");
    const struct sapa_rec_agent_call shown = fake_posted(f, SAPA_T_agent_call)->u.agent_call;
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = shown.request, .verb = 255, .rc = 0);
    FAKE_COMMAND(f, cmd_call, .contact = shown.contact, .offer = shown.offer, .agent = 0, .line = SAPA_LINE_OWN, .kind = SAPA_TARGET_OUTSIDE, .target = SAPA_NONE, .client = 1, .campaign = 2);
    const struct fake_sent *invite = fake_dial(f, shown.contact, 1, 2, "628112345678");
    assert_non_null(strstr(invite->text, "\r\nFrom: \"Bank \\\"Peduli\\\"\" <sip:62215550100@"));
    fake_reply(f, invite, 486, "t", "", "");
    FAKE_COMMAND(f, cmd_reject, .contact = shown.contact, .status = 486);
    FAKE_COMMAND(f, cmd_forget, .contact = shown.contact);
    fake_request(f, &phone, "ACK", "", "", "");
    /* no such campaign, nobody to call, a colleague: said in words, and the core is not asked */
    static const char *const bad[] = { "*0608*08112345678", "*0607", "*0607*", "*060", "*0607*102", "*060**08112345678" };
    for (size_t i = 0; i < SAPA_COUNT(bad); i++) {
        const size_t asked = fake_posted_count(f, SAPA_T_agent_call);
        fake_phone_call(f, &phone, 0, "198.51.100.7", bad[i], "");
        fake_learn(&phone, fake_want(f, "SIP/2.0 200", phone.call_id)->text);
        fake_request(f, &phone, "ACK", "", "", "");
        assert_int_equal(fake_posted_count(f, SAPA_T_agent_call), asked);
        fake_request(f, &phone, "BYE", "", "", "");
    }
    /* in the middle of a talk it is asked for the campaign, on the same line */
    talking(f, &s);
    fake_press(f, s.line, "*0607*08112345678#");
    const struct sapa_rec_agent_call beside = fake_posted(f, SAPA_T_agent_call)->u.agent_call;
    assert_int_equal(beside.line, SAPA_LINE_SAME);
    assert_int_equal(beside.beside, 5);
    assert_int_equal(beside.campaign, 2);
    assert_int_equal(beside.listed, 5);
    FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = beside.request, .verb = 255, .rc = (uint64_t)-SAPA_EDENIED, .code = SAPA_DENIAL_RIGHT);
    assert_string_equal(fake_plays(f, s.line), "/cache/agent.not-allowed");
    fake_press(f, s.line, "*0609*08112345678#");
    assert_string_equal(fake_plays(f, s.line), "/cache/agent.unknown-target");
    end_all(f, &s);
}

/* ---- the phone's own keys: a second line, REFER with Replaces ---- */

static void refer_with_replaces(void **state)
{
    for (int way = 0; way < 2; way++) { /* on the customer's line, or on the colleague's */
        struct fake *f = *state;
        struct story s;
        struct fake_call second;
        char extra[500], their_tag[100], our_tag[100];
        talking(f, &s);
        fake_phone_call(f, &second, 0, "198.51.100.7", "102", "");
        const struct sapa_rec_agent_call call = fake_posted(f, SAPA_T_agent_call)->u.agent_call;
        assert_int_equal(call.beside, 5);
        FAKE_COMMAND(f, cmd_answer, .contact = call.contact);
        fake_learn(&second, fake_want(f, "SIP/2.0 200", second.call_id)->text);
        fake_request(f, &second, "ACK", "", "", "");
        s.other = fake_answers(f, call.contact, 70, 1, 3);
        FAKE_COMMAND(f, cmd_connect, .contact = call.contact, .offer = 70);
        const uint64_t b = fake_offer_leg(f, 70);
        assert_true(fake_hears(f, fake_customer_leg(f, call.contact), b));

        /* whose tags: of the dialog that is replaced, as the one who gets the INVITE would see it (RFC 5589 7.1) */
        const struct fake_call *on = way ? &second : &s.agent, *named = way ? &s.agent : &second;
        snprintf(our_tag, sizeof(our_tag), "%s", strstr(named->them, ";tag=") + 5);
        snprintf(their_tag, sizeof(their_tag), "%s", strstr(named->us, ";tag=") + 5);
        struct fake_call refer_on = *on;
        static const char *const wrong[] = { "nocall%3Bto-tag%3Da%3Bfrom-tag%3Db", "x", "a%3Bto-tag%3Db" };
        for (size_t i = 0; i < SAPA_COUNT(wrong); i++) {
            snprintf(extra, sizeof(extra), "Refer-To: <sip:102@sapa.example?Replaces=%s>\r\n", wrong[i]);
            fake_request(f, &refer_on, "REFER", extra, "", "");
            fake_want(f, "SIP/2.0 481", "REFER");
        }
        snprintf(extra, sizeof(extra), "Refer-To: <sip:102@sapa.example?Replaces=%s%%3Bto-tag%%3D%s%%3Bfrom-tag%%3D%s>\r\n",
                 named->call_id, our_tag, their_tag);
        fake_request(f, &refer_on, "REFER", extra, "", "");
        fake_want(f, "SIP/2.0 202", "REFER");
        fake_reply(f, fake_want(f, "NOTIFY", "SIP/2.0 100"), 200, "", "", "");
        const struct sapa_record *merge = fake_posted(f, SAPA_T_call_command);
        assert_int_equal(merge->u.call_command.verb, SAPA_CALL_VERB_MERGE);
        assert_int_equal(merge->u.call_command.offer, 5);
        assert_int_equal(merge->u.call_command.other, call.contact);
        assert_int_equal(merge->u.call_command.agent, 0);
        FAKE_COMMAND(f, cmd_agent_reply, .agent = 0, .request = merge->u.call_command.request, .verb = 255, .rc = 0);
        const struct fake_sent *done = fake_want(f, "NOTIFY", "SIP/2.0 200");
        assert_non_null(strstr(done->text, on->call_id));
        fake_reply(f, done, 200, "", "", "");
        FAKE_COMMAND(f, cmd_join, .contact = s.x, .other = call.contact, .offer = 70);
        FAKE_COMMAND(f, cmd_drop_agent, .contact = s.x, .offer = 5);
        FAKE_COMMAND(f, cmd_forget, .contact = call.contact);
        bye_from_us(f, &s.agent);
        bye_from_us(f, &second);
        fake_none(f, "BYE", "");
        assert_true(fake_hears(f, s.caller, b));
        fake_request(f, &s.other, "BYE", "", "", "");
        end_all(f, &s);
        f->dialog_count = f->posted_count = f->posted_seen = f->sent_count = f->media_count = f->media_seen = f->media_answered = 0;
    }
}

/* Another phone takes a talk over (RFC 3891); nobody else's phone can. */
static void invite_with_replaces(void **state)
{
    struct fake *f = *state;
    struct story s;
    struct fake_call taker, thief;
    char extra[400];
    talking(f, &s);
    snprintf(extra, sizeof(extra), "Replaces: %s;to-tag=%s;from-tag=%s\r\n", s.agent.call_id, strstr(s.agent.them, ";tag=") + 5,
             strstr(s.agent.us, ";tag=") + 5);
    fake_phone_call(f, &thief, 1, "198.51.100.9", "101", extra);
    fake_want(f, "SIP/2.0 481", thief.call_id);
    fake_request(f, &thief, "ACK", "", "", "");
    fake_phone_call(f, &taker, 0, "198.51.100.8", "101", extra);
    fake_learn(&taker, fake_want(f, "SIP/2.0 200", taker.call_id)->text);
    fake_request(f, &taker, "ACK", "", "", "");
    bye_from_us(f, &s.agent);
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_gone), 0);
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_call), 0);
    assert_true(fake_hears(f, fake_offer_leg(f, 5), s.caller));
    assert_true(fake_offer_leg(f, 5) != s.line);
    fake_request(f, &taker, "BYE", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_agent_gone)->u.agent_gone.offer, 5);
    fake_phone_call(f, &taker, 0, "198.51.100.8", "101", extra); /* it is gone */
    fake_want(f, "SIP/2.0 481", taker.call_id);
    fake_request(f, &taker, "ACK", "", "", "");
    end_all(f, &s);
}

/* ---- the API's calls: his phone is rung first ---- */

static void phone_first(void **state)
{
    struct fake *f = *state;
    struct fake_call mine, other;
    /* a colleague: his line becomes the caller's */
    const uint64_t y = sapa_id_make(900, 1), own = sapa_id_make(900, 2);
    FAKE_COMMAND(f, cmd_call, .contact = y, .offer = own, .agent = 0, .line = SAPA_LINE_RING, .kind = SAPA_TARGET_AGENT, .target = 1, .client = SAPA_NONE);
    mine = fake_answers(f, y, own, 0, 2);
    FAKE_COMMAND(f, cmd_ring, .contact = y);
    assert_string_equal(fake_plays(f, fake_customer_leg(f, y)), "/cache/ringback");
    other = fake_answers(f, y, 71, 1, 3);
    f->posted_seen = f->posted_count;
    FAKE_COMMAND(f, cmd_answer, .contact = y);
    assert_int_equal(fake_posted(f, SAPA_T_contact_answered)->u.contact_answered.contact, y);
    FAKE_COMMAND(f, cmd_connect, .contact = y, .offer = 71);
    assert_true(fake_hears(f, fake_customer_leg(f, y), fake_offer_leg(f, 71)));
    fake_request(f, &mine, "BYE", "", "", "");
    const struct sapa_record *gone = fake_posted(f, SAPA_T_contact_gone);
    assert_int_equal(gone->u.contact_gone.contact, y);
    assert_int_equal(gone->u.contact_gone.side, SAPA_SIDE_CUSTOMER);
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_gone), 0);
    FAKE_COMMAND(f, cmd_drop_agent, .contact = y, .offer = 71);
    FAKE_COMMAND(f, cmd_forget, .contact = y);
    bye_from_us(f, &other);
    /* somebody outside, who does not answer: he is told, then his line is free */
    const uint64_t z = sapa_id_make(900, 3), part = sapa_id_make(900, 4);
    struct sapa_record call = { .type = SAPA_T_cmd_call, .u.cmd_call = { .contact = z, .offer = part, .agent = 0, .line = SAPA_LINE_RING, .kind = SAPA_TARGET_OUTSIDE, .target = SAPA_NONE, .client = 0 } };
    sapa_sized_set(&call.u.cmd_call.number, SAPA_STR("62811777"));
    fake_command(f, &call);
    const size_t sent = f->sent_count;
    mine = fake_answers(f, z, part, 0, 2);
    assert_non_null(strstr(f->sent[sent].text, "From: \"Toko Nusantara\" <sip:62811777@")); /* his phone shows whom he calls */
    const struct fake_sent *invite = fake_dial(f, z, 1, 2, "62811777");
    fake_reply(f, invite, 180, "o", "", "");
    assert_string_equal(fake_plays(f, fake_offer_leg(f, part)), "/cache/ringback");
    fake_reply(f, invite, 480, "o", "", "");
    FAKE_COMMAND(f, cmd_drop_agent, .contact = z, .offer = part);
    FAKE_COMMAND(f, cmd_forget, .contact = z);
    struct sapa_media_message done = { .op = SAPA_MEDIA_PLAY_DONE, .leg = f->legs[0].id, .u.play.play = 1 };
    assert_string_equal(fake_plays(f, done.leg), "/cache/callback.not-reached");
    sapa_voice_media_receive(f->voice, &done);
    fake_run(f, 0);
    bye_from_us(f, &mine);
    /* a line that is not there any more */
    FAKE_COMMAND(f, cmd_call, .contact = z + 9, .offer = part + 9, .agent = 0, .line = SAPA_LINE_SAME, .beside = 4711, .kind = SAPA_TARGET_AGENT, .target = 1, .client = SAPA_NONE);
    f->posted_seen = f->posted_count - 1;
    assert_int_equal(fake_posted(f, SAPA_T_contact_gone)->u.contact_gone.contact, z + 9);
    FAKE_COMMAND(f, cmd_forget, .contact = z + 9);
    assert_empty(f);
}

/* "Answer" from somewhere else than the phone. */
static void offer_is_accepted_for_him(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    const uint64_t x = fake_customer(f, &customer);
    for (int late = 0; late < 2; late++) { /* before it rings, or after */
        const uint64_t offer = (uint64_t)(30 + late);
        FAKE_COMMAND(f, cmd_offer, .offer = offer, .contact = x, .agent = 0, .queue = 0, .ring_ms = 20000);
        const struct fake_sent *invite = fake_want(f, "INVITE", "X-Sapa-Contact");
        if (late)
            fake_reply(f, invite, 180, "a", "", "");
        FAKE_COMMAND(f, cmd_offer_accept, .offer = offer);
        if (!late) {
            fake_none(f, "NOTIFY", "");
            fake_reply(f, invite, 180, "a", "", "");
        }
        const struct fake_sent *talk = fake_want(f, "NOTIFY", "Event: talk");
        assert_non_null(strstr(talk->text, ";tag=a"));
        fake_reply(f, talk, late ? 489 : 200, "", "", ""); /* who does not know it rings on */
        fake_reply(f, invite, 200, "a", "", fake_sdp_agent);
        assert_int_equal(fake_posted(f, SAPA_T_offer_accepted)->u.offer_accepted.offer, offer);
        FAKE_COMMAND(f, cmd_offer_accept, .offer = offer);
        fake_none(f, "NOTIFY", "");
        FAKE_COMMAND(f, cmd_drop_agent, .contact = x, .offer = offer);
        bye_from_us(f, &(struct fake_call){ .call_id = "" });
    }
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = x);
    assert_empty(f);
}

/* The centre stops while he asks: whoever is there is told, and nothing of it looks like a fault or a person's doing. */
static void the_centre_stops(void **state)
{
    struct fake *f = *state;
    struct story s;
    consults(f, &s);
    const size_t before = f->posted_count;
    sapa_voice_end_calls(f->voice, "the centre is stopping");
    fake_run(f, 0);
    size_t gone = 0;
    for (size_t i = before; i < f->posted_count; i++) {
        const struct sapa_record *r = &f->posted[i];
        assert_int_not_equal(r->type, SAPA_T_agent_gone);
        if (r->type == SAPA_T_contact_gone) {
            assert_int_equal(r->u.contact_gone.side, SAPA_SIDE_FLOW);
            gone++;
        }
    }
    assert_int_equal(gone, 2);
    bye_from_us(f, &s.customer);
    bye_from_us(f, &s.agent);
    bye_from_us(f, &s.other);
    FAKE_COMMAND(f, cmd_forget, .contact = s.x);
    FAKE_COMMAND(f, cmd_forget, .contact = s.y);
    assert_empty(f);
}

/* A media process of the program before this one: nothing is asked of it that it does not know. */
static void media_of_before(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    f->voice->media_version = SAPA_MEDIA_VERSION_SRTP;
    const uint64_t x = fake_customer(f, &customer);
    struct fake_call agent = fake_agent(f, x, 5, 0);
    FAKE_COMMAND(f, cmd_connect, .contact = x, .offer = 5);
    FAKE_COMMAND(f, cmd_call, .contact = 4711, .offer = 4712, .agent = 0, .line = SAPA_LINE_SAME, .beside = 5, .kind = SAPA_TARGET_AGENT, .target = 1, .client = 0);
    FAKE_COMMAND(f, cmd_forget, .contact = 4711);
    for (size_t i = 0; i < f->media_count; i++)
        assert_int_not_equal(f->media[i].op, SAPA_MEDIA_LEG_MOVE);
    assert_true(fake_hears(f, fake_offer_leg(f, 5), fake_customer_leg(f, x)));
    fake_request(f, &agent, "BYE", "", "", "");
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = x);
    assert_empty(f);
}

/* What this supervisor's leg is in the mix of the two; they are parties of it. */
static unsigned role_in(struct fake *f, uint64_t contact, uint64_t supervisor)
{
    const struct fake_leg *leg = fake_leg(f, fake_offer_leg(f, supervisor));
    assert_true(leg->mix != 0 && leg->mix == fake_leg(f, fake_customer_leg(f, contact))->mix);
    assert_true(fake_hears(f, fake_offer_leg(f, 5), fake_customer_leg(f, contact)));
    return leg->role;
}

/* He comes and goes; what plays to them goes on, and what he does with his phone concerns nobody. */
static void supervisor(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    const uint64_t x = fake_customer(f, &customer);
    struct fake_call agent = fake_agent(f, x, 5, 0);
    FAKE_COMMAND(f, cmd_connect, .contact = x, .offer = 5);
    FAKE_COMMAND(f, cmd_hold_music, .contact = x, .offer = 5, .side = SAPA_SIDE_CUSTOMER, .on = 1, .prompt = 0); /* the agent's phone holds */
    const char *music = fake_plays(f, fake_customer_leg(f, x));
    assert_string_not_equal(music, "");
    struct fake_call leader = fake_answers(f, x, 90, 1, 4);
    bool told = false;
    for (size_t i = 0; i < f->sent_count; i++)
        told |= strstr(f->sent[i].text, leader.call_id) && strstr(f->sent[i].text, "Answer-Mode: Auto");
    assert_true(told);
    assert_true(fake_leg(f, fake_offer_leg(f, 90))->mix == 0); /* he hears nobody before it is decided */
    FAKE_COMMAND(f, cmd_supervise, .contact = x, .offer = 90, .mode = SAPA_SUPERVISION_LISTEN);
    assert_int_equal(role_in(f, x, 90), SAPA_MEDIA_ROLE_LISTEN);
    assert_string_equal(fake_plays(f, fake_customer_leg(f, x)), music);
    FAKE_COMMAND(f, cmd_supervise, .contact = x, .offer = 90, .mode = SAPA_SUPERVISION_WHISPER);
    assert_int_equal(role_in(f, x, 90), SAPA_MEDIA_ROLE_WHISPER);
    FAKE_COMMAND(f, cmd_supervise, .contact = x, .offer = 90, .mode = SAPA_SUPERVISION_BARGE);
    assert_int_equal(role_in(f, x, 90), SAPA_MEDIA_ROLE_PARTY);
    assert_string_equal(fake_plays(f, fake_customer_leg(f, x)), music);
    FAKE_COMMAND(f, cmd_hold_music, .contact = x, .offer = 5, .side = SAPA_SIDE_CUSTOMER, .on = 0);
    /* held by command: there is no conversation to be heard */
    FAKE_COMMAND(f, cmd_hold, .contact = x, .offer = 5, .on = 1, .prompt = 0);
    assert_true(fake_leg(f, fake_offer_leg(f, 90))->mix == 0);
    FAKE_COMMAND(f, cmd_hold, .contact = x, .offer = 5, .on = 0);
    assert_int_equal(role_in(f, x, 90), SAPA_MEDIA_ROLE_PARTY);
    /* codes for a call in hand are not for him, and his hold is nobody's */
    const size_t before = f->posted_count;
    fake_press(f, fake_offer_leg(f, 90), "*05");
    fake_request(f, &leader, "INVITE", "", "application/sdp", "v=0\r\no=- 1 2 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\na=sendonly\r\n");
    fake_want(f, "SIP/2.0 200", leader.call_id);
    fake_request(f, &leader, "ACK", "", "", "");
    for (size_t i = before; i < f->posted_count; i++)
        assert_true(f->posted[i].type == SAPA_T_dialog || f->posted[i].type == SAPA_T_digit);
    /* he goes: they are as before */
    FAKE_COMMAND(f, cmd_drop_agent, .contact = x, .offer = 90);
    bye_from_us(f, &leader);
    assert_true(fake_hears(f, fake_offer_leg(f, 5), fake_customer_leg(f, x)));
    assert_int_equal(fake_leg(f, fake_customer_leg(f, x))->mix, 0);
    /* another time he takes over, with the same leg */
    leader = fake_answers(f, x, 91, 1, 4);
    FAKE_COMMAND(f, cmd_supervise, .contact = x, .offer = 91, .mode = SAPA_SUPERVISION_TAKEOVER);
    FAKE_COMMAND(f, cmd_drop_agent, .contact = x, .offer = 5);
    bye_from_us(f, &agent);
    assert_true(fake_hears(f, fake_offer_leg(f, 91), fake_customer_leg(f, x)));
    FAKE_COMMAND(f, cmd_supervise, .contact = x, .offer = 91, .mode = SAPA_SUPERVISION_LISTEN); /* too late: he is no supervisor any more */
    assert_true(fake_hears(f, fake_offer_leg(f, 91), fake_customer_leg(f, x)));
    fake_request(f, &leader, "BYE", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_agent_gone)->u.agent_gone.offer, 91);
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = x);
    assert_empty(f);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST(outside), TEST(outside_in_vain), TEST(colleague), TEST(consultation_and_transfer), TEST(consultation_and_back),
        TEST(conference), TEST(asks_during_a_call_of_his_own), TEST(consultation_outside), TEST(consultation_breaks), TEST(codes_refused), TEST(campaign),
        TEST(refer_with_replaces), TEST(invite_with_replaces), TEST(phone_first), TEST(offer_is_accepted_for_him), TEST(the_centre_stops), TEST(media_of_before),
        TEST(supervisor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
