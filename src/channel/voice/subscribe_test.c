/* Lamps of desk phones and short texts between phones: what subscribers are told, what is refused, what outlives a restart. */
#include "channel/voice/fake_impl.h"

#include <unistd.h>

static char journal_path[64], lamps_path[80];

/* A request outside calls from a phone: sent, challenged, sent again with credentials. Returns the final answer. */
static const struct fake_sent *phone_sends(struct fake *f, unsigned agent, const char *host, const char *method, const char *to, const char *extra,
                                           const char *type, const char *body, struct fake_call *ret)
{
    static unsigned count;
    const struct sapa_sip_flow flow = fake_flow(host, 5060);
    const char *extension = agent == 0 ? "101" : "102";
    char all[1200] = "";
    struct fake_call c = { .flow = flow };
    count++;
    snprintf(c.call_id, sizeof(c.call_id), "req%u", count);
    snprintf(c.us, sizeof(c.us), "<sip:%s@sapa.example>;tag=s%u", extension, count);
    snprintf(c.them, sizeof(c.them), "<sip:%s@sapa.example>", to);
    snprintf(c.target, sizeof(c.target), "sip:%s@sapa.example", to);
    for (int round = 0; round < 2; round++) {
        char text[8192];
        c.cseq++;
        snprintf(text, sizeof(text),
                 "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s:5060;branch=z9hG4bKreq%u-%d\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\n"
                 "CSeq: %u %s\r\nContact: <sip:%s@%s:5060>\r\n%s%s%s%s%sContent-Length: %zu\r\n\r\n%s",
                 method, c.target, host, count, round, c.us, c.them, c.call_id, c.cseq, method, extension, host, extra, all, body[0] ? "Content-Type: " : "",
                 body[0] ? type : "", body[0] ? "\r\n" : "", strlen(body), body);
        fake_receive(f, &flow, text);
        const struct fake_sent *challenge = round == 0 ? fake_find(f, "SIP/2.0 401", c.call_id) : NULL;
        if (!challenge)
            break;
        fake_credentials(challenge, method, c.target, agent, all, sizeof(all));
    }
    if (ret)
        *ret = c;
    return fake_find(f, "SIP/2.0", c.call_id);
}

#define LAMP "Event: dialog\r\nAccept: application/dialog-info+xml\r\nExpires: 600\r\n"

static void answered(const struct fake_sent *sent, const char *start)
{
    assert_non_null(sent);
    if (strncmp(sent->text, start, strlen(start)) != 0)
        fail_msg("%s was wanted:\n%s", start, sent->text);
}

/* The next NOTIFY to the phone there; answered unless status is 0. Its version is checked to grow. */
static const struct fake_sent *told(struct fake *f, const char *host, const char *state, int status)
{
    char start[80], part[80];
    snprintf(start, sizeof(start), "NOTIFY sip:%s", host);
    snprintf(part, sizeof(part), "<state>%s</state>", state);
    fake_run(f, 150000);
    const struct fake_sent *sent = fake_want(f, start, part);
    assert_non_null(strstr(sent->text, "Content-Type: application/dialog-info+xml"));
    assert_non_null(strstr(sent->text, "Event: dialog"));
    assert_non_null(strstr(sent->text, "entity=\"sip:102@sapa.example\""));
    assert_non_null(strstr(sent->text, "state=\"full\""));
    if (status)
        fake_reply(f, sent, status, "", "", "");
    return sent;
}

static unsigned document_version(const struct fake_sent *sent)
{
    const char *at = strstr(sent->text, "<dialog-info");
    assert_non_null(at);
    at = strstr(at, "version=\"");
    assert_non_null(at);
    return (unsigned)strtoul(at + 9, NULL, 10);
}

static void lamp_of_a_colleague(void **state)
{
    struct fake *f = *state;
    struct fake_call customer, phone;
    fake_register(f, 1, "198.51.100.9", 5060, 600);
    const struct fake_sent *ok = phone_sends(f, 0, "198.51.100.7", "SUBSCRIBE", "102", LAMP, "", "", &phone);
    answered(ok, "SIP/2.0 200");
    assert_non_null(strstr(ok->text, "Expires: 600"));
    fake_learn(&phone, ok->text);
    const struct fake_sent *first = told(f, "101@198.51.100.7", "terminated", 200);
    assert_non_null(strstr(first->text, "Subscription-State: active;expires=600"));
    assert_int_equal(document_version(first), 0);
    fake_run(f, 3000000);
    fake_none(f, "NOTIFY", ""); /* nothing happened */

    /* rings, is answered, is over */
    const uint64_t contact = fake_customer(f, &customer);
    FAKE_COMMAND(f, cmd_offer, .offer = 7, .contact = contact, .agent = 1, .queue = 0, .ring_ms = 20000);
    const struct fake_sent *invite = fake_want(f, "INVITE sip:102@198.51.100.9", "");
    fake_run(f, 200000);
    fake_none(f, "NOTIFY", ""); /* it does not ring yet */
    fake_reply(f, invite, 180, "p", "", "");
    const struct fake_sent *early = told(f, "101@198.51.100.7", "early", 0);
    assert_non_null(strstr(early->text, "direction=\"recipient\""));
    assert_int_equal(document_version(early), 1);
    assert_null(strstr(early->text, "62812")); /* who calls is nobody's business */
    /* the next one waits for this one's answer, and then tells what is, not what was */
    fake_reply(f, invite, 200, "p", "", fake_sdp_agent);
    struct fake_call agent = fake_callee(invite, "p");
    fake_want(f, "ACK", agent.call_id);
    fake_run(f, 200000);
    fake_none(f, "NOTIFY", "confirmed");
    fake_reply(f, early, 200, "", "", "");
    const struct fake_sent *talks = told(f, "101@198.51.100.7", "confirmed", 200);
    assert_int_equal(document_version(talks), 2);
    fake_request(f, &agent, "BYE", "", "", "");
    assert_int_equal(document_version(told(f, "101@198.51.100.7", "terminated", 200)), 3);

    /* refreshed: the same again; ended: the last word */
    fake_run(f, 300000000);
    fake_request(f, &phone, "SUBSCRIBE", LAMP, "", "");
    assert_non_null(strstr(fake_want(f, "SIP/2.0 200", "SUBSCRIBE")->text, "Contact: <sip:102@"));
    assert_non_null(strstr(told(f, "peer@192.0.2.5", "terminated", 200)->text, "active;expires=600"));
    fake_run(f, 400000000);
    fake_request(f, &phone, "SUBSCRIBE", "Event: presence\r\nExpires: 600\r\n", "", "");
    fake_want(f, "SIP/2.0 489", "");
    fake_request(f, &phone, "SUBSCRIBE", "Event: dialog\r\nExpires: 0\r\n", "", "");
    fake_want(f, "SIP/2.0 200", "SUBSCRIBE");
    assert_non_null(strstr(told(f, "peer@192.0.2.5", "terminated", 200)->text, "Subscription-State: terminated;reason=timeout"));
    fake_request(f, &phone, "SUBSCRIBE", LAMP, "", "");
    fake_want(f, "SIP/2.0 481", "");
    fake_request(f, &customer, "BYE", "", "", "");
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_run(f, 70000000);
    struct sapa_voice_stats stats;
    sapa_voice_stats_read(f->voice, &stats);
    assert_int_equal(stats.dialogs + stats.transactions, 0);
    assert_int_equal(f->voice->watches.count, 0);
}

/* The colleague calls somebody himself: busy from the first moment, and the lamp says that he placed the call. */
static void calls_himself(void **state)
{
    struct fake *f = *state;
    struct fake_call own;
    fake_register(f, 1, "198.51.100.9", 5060, 600);
    answered(phone_sends(f, 0, "198.51.100.7", "SUBSCRIBE", "102", LAMP, "", "", NULL), "SIP/2.0 200");
    told(f, "101@198.51.100.7", "terminated", 200);
    (void)phone_sends(f, 1, "198.51.100.9", "INVITE", "0811222333", "", "application/sdp", fake_sdp_agent, &own);
    const struct sapa_record *asked = fake_posted(f, SAPA_T_agent_call);
    assert_int_equal(asked->u.agent_call.agent, 1);
    assert_non_null(strstr(told(f, "101@198.51.100.7", "early", 200)->text, "direction=\"initiator\""));
    const uint64_t contact = asked->u.agent_call.contact;
    FAKE_COMMAND(f, cmd_reject, .contact = contact, .status = 403);
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    told(f, "101@198.51.100.7", "terminated", 200);
}

/* Through proxies: they see that they stay on the way, and NOTIFY takes it. */
static void through_proxies(void **state)
{
    struct fake *f = *state;
    const struct fake_sent *ok = phone_sends(f, 0, "198.51.100.7", "SUBSCRIBE", "102",
                                             LAMP "Record-Route: <sip:198.51.100.1;lr>\r\nRecord-Route: <sip:198.51.100.2;lr>\r\n", "", "", NULL);
    answered(ok, "SIP/2.0 200");
    assert_non_null(strstr(ok->text, "Record-Route: <sip:198.51.100.1;lr>\r\nRecord-Route: <sip:198.51.100.2;lr>\r\n"));
    assert_non_null(strstr(told(f, "101@198.51.100.7", "terminated", 200)->text, "Route: <sip:198.51.100.1;lr>,<sip:198.51.100.2;lr>\r\n"));
}

static void ends(void **state)
{
    struct fake *f = *state;
    struct fake_call phone;
    /* by its time */
    answered(phone_sends(f, 0, "198.51.100.7", "SUBSCRIBE", "102", "Event: dialog;id=7\r\nExpires: 60\r\n", "", "", &phone), "SIP/2.0 200");
    assert_non_null(strstr(told(f, "101@198.51.100.7", "terminated", 200)->text, "Event: dialog;id=7\r\n"));
    fake_run(f, 61000000);
    const struct fake_sent *last = fake_want(f, "NOTIFY", "Subscription-State: terminated;reason=timeout");
    fake_reply(f, last, 200, "", "", "");
    assert_int_equal(f->voice->watches.count, 0);
    while (fake_find(f, "NOTIFY", ""))
        ; /* its repetitions */
    /* the phone knows nothing of it */
    answered(phone_sends(f, 0, "198.51.100.7", "SUBSCRIBE", "102", LAMP, "", "", NULL), "SIP/2.0 200");
    told(f, "101@198.51.100.7", "terminated", 481);
    assert_int_equal(f->voice->watches.count, 0);
    /* nobody answers */
    answered(phone_sends(f, 0, "198.51.100.7", "SUBSCRIBE", "102", LAMP, "", "", NULL), "SIP/2.0 200");
    told(f, "101@198.51.100.7", "terminated", 0);
    fake_run(f, 40000000);
    assert_int_equal(f->voice->watches.count, 0);
    while (fake_find(f, "NOTIFY", ""))
        ;
    /* asked for once (RFC 6665 4.4.3) */
    answered(phone_sends(f, 0, "198.51.100.7", "SUBSCRIBE", "102", "Event: dialog\r\nExpires: 0\r\n", "", "", NULL), "SIP/2.0 200");
    assert_non_null(strstr(told(f, "101@198.51.100.7", "terminated", 200)->text, "Subscription-State: terminated"));
    assert_int_equal(f->voice->watches.count, 0);
    /* the phone was started anew: its older subscription gives way */
    for (int i = 0; i < 5; i++) {
        answered(phone_sends(f, 0, "198.51.100.7", "SUBSCRIBE", "102", LAMP, "", "", NULL), "SIP/2.0 200");
        told(f, "101@198.51.100.7", "terminated", 200);
    }
    assert_int_equal(f->voice->watches.count, 1);
    /* the colleague is in the description no more */
    static struct sapa_centre next;
    next = f->centre;
    next.agents_count = 1;
    sapa_voice_centre(f->voice, &next);
    last = fake_want(f, "NOTIFY", "Subscription-State: terminated;reason=noresource");
    fake_reply(f, last, 200, "", "", "");
    assert_int_equal(f->voice->watches.count, 0);
    fake_run(f, 70000000);
    struct sapa_voice_stats stats;
    sapa_voice_stats_read(f->voice, &stats);
    assert_int_equal(stats.dialogs + stats.transactions, 0);
}

static void refused(void **state)
{
    struct fake *f = *state;
    static const struct { const char *to, *extra, *start; } cases[] = {
        { "102", "Event: message-summary\r\n", "SIP/2.0 489" },
        { "102", "", "SIP/2.0 489" },
        { "102", "Event: dialog;id=\"<\"\r\n", "SIP/2.0 489" },
        { "109", LAMP, "SIP/2.0 404" },
        { "102", "Event: dialog\r\nExpires: 5\r\n", "SIP/2.0 423" },
        { "102", "Event: dialog\r\nAccept: application/pidf+xml\r\n", "SIP/2.0 406" },
        { "102", "Event: dialog\r\nRequire: eventlist\r\n", "SIP/2.0 420" },
    };
    for (size_t i = 0; i < SAPA_COUNT(cases); i++)
        answered(phone_sends(f, 0, "198.51.100.7", "SUBSCRIBE", cases[i].to, cases[i].extra, "", "", NULL), cases[i].start);
    /* a trunk has no lamps, and no agent writes from there */
    struct fake_call c = { .flow = fake_flow("192.0.2.5", 5060), .call_id = "t1", .us = "<sip:0812@x>;tag=1", .them = "<sip:102@sapa.example>", .target = "sip:102@sapa.example" };
    fake_request(f, &c, "SUBSCRIBE", LAMP, "", "");
    fake_want(f, "SIP/2.0 403", "t1");
    fake_request(f, &c, "MESSAGE", "", "text/plain", "beli");
    fake_want(f, "SIP/2.0 403", "t1");
    /* a wrong password */
    char extra[300];
    snprintf(extra, sizeof(extra), "%sAuthorization: Digest username=\"101\", realm=\"sapa.example\", nonce=\"x\", uri=\"sip:102@sapa.example\", response=\"%032d\"\r\n", LAMP, 0);
    struct fake_call stranger = { .flow = fake_flow("198.18.0.1", 5060), .call_id = "t2", .us = "<sip:101@sapa.example>;tag=1", .them = "<sip:102@sapa.example>", .target = "sip:102@sapa.example" };
    fake_request(f, &stranger, "SUBSCRIBE", extra, "", "");
    fake_want(f, "SIP/2.0 403", "t2");
    assert_int_equal(f->voice->watches.count, 0);
    /* limit of one agent: other addresses of the same phone's user */
    for (unsigned i = 0; i <= VOICE_WATCHES_EACH; i++) {
        char host[20];
        snprintf(host, sizeof(host), "198.51.%u.%u", 101 + i / 100, 1 + i % 100);
        const struct fake_sent *sent = phone_sends(f, 0, host, "SUBSCRIBE", "102", LAMP, "", "", NULL);
        answered(sent, i < VOICE_WATCHES_EACH ? "SIP/2.0 200" : "SIP/2.0 503");
        f->sent_count = 0;
    }
    assert_int_equal(f->voice->watches.count, VOICE_WATCHES_EACH);
}

/* Control dies while a lamp is lit: the next process tells all that is, with a higher CSeq and version, in the same dialog. */
static void over_a_restart(void **state)
{
    struct fake *f = *state;
    struct fake_call phone, gone;
    snprintf(journal_path, sizeof(journal_path), "/tmp/sapa-lamps-%d", (int)getpid());
    snprintf(lamps_path, sizeof(lamps_path), "%s.lamps", journal_path);
    unlink(journal_path);
    unlink(lamps_path);
    sapa_voice_close(f->voice);
    f->options.registrations_path = journal_path;
    fake_open_voice(f);
    sapa_voice_adopt(f->voice, NULL, 0, NULL, 0);
    fake_run(f, 0);
    fake_learn(&phone, phone_sends(f, 0, "198.51.100.7", "SUBSCRIBE", "102", LAMP, "", "", &phone)->text);
    told(f, "101@198.51.100.7", "terminated", 200);
    fake_learn(&gone, phone_sends(f, 0, "198.51.100.8", "SUBSCRIBE", "102", LAMP, "", "", &gone)->text);
    told(f, "101@198.51.100.8", "terminated", 200);
    fake_request(f, &gone, "SUBSCRIBE", "Event: dialog\r\nExpires: 0\r\n", "", "");
    told(f, "peer@192.0.2.5", "terminated", 200);

    for (int life = 0; life < 2; life++) {
        sapa_voice_close(f->voice);
        if (life == 1) { /* the end of the journal was cut */
            FILE *file = fopen(lamps_path, "ab");
            assert_non_null(file);
            fwrite("\x40\0\0\0half", 1, 8, file);
            fclose(file);
        }
        f->options.epoch++;
        f->options.id_base = (uint64_t)f->options.epoch << 32;
        fake_open_voice(f);
        fake_run(f, 0);
        fake_run(f, 500000);
        fake_none(f, "NOTIFY", ""); /* not before calls are adopted: what is on the lines is not known yet */
        sapa_voice_adopt(f->voice, NULL, 0, NULL, 0);
        fake_run(f, 0);
        const struct fake_sent *again = told(f, "101@198.51.100.7", "terminated", 200);
        char cseq[40], call_id[80];
        fake_header(again->text, "CSeq", cseq, sizeof(cseq));
        fake_header(again->text, "Call-ID", call_id, sizeof(call_id));
        assert_string_equal(call_id, phone.call_id);
        assert_true(strtoul(cseq, NULL, 10) > (unsigned long)(life + 1) * 100000);
        assert_true(document_version(again) >= (unsigned)(life + 1) * 100000);
        fake_none(f, "NOTIFY", "");
        assert_int_equal(f->voice->watches.count, 1);
    }
    fake_request(f, &phone, "SUBSCRIBE", LAMP, "", ""); /* and it is refreshed as if nothing had been */
    fake_want(f, "SIP/2.0 200", "SUBSCRIBE");
    told(f, "peer@192.0.2.5", "terminated", 200);
    sapa_voice_close(f->voice);
    char kept[8192], spoilt[8192];
    FILE *file = fopen(lamps_path, "rb");
    assert_non_null(file);
    const size_t n = fread(kept, 1, sizeof(kept), file);
    fclose(file);
    assert_true(n > 100 && n < sizeof(kept));
    memcpy(spoilt, kept, n);
    spoilt[8 + 12] ^= 4; /* who watches */
    for (int good = 0; good < 2; good++) {
        file = fopen(lamps_path, "wb");
        assert_non_null(file);
        fwrite(good ? kept : spoilt, 1, n, file);
        fclose(file);
        fake_open_voice(f);
        assert_int_equal(f->voice->watches.count, good);
        sapa_voice_close(f->voice);
    }
    f->media_answered = f->media_count;
    fake_run(f, 700000000); /* it expires while nobody is there */
    fake_open_voice(f);
    assert_int_equal(f->voice->watches.count, 0);
    unlink(journal_path);
    unlink(lamps_path);
}

/* ---- texts ---- */

static void message_to_a_colleague(void **state)
{
    struct fake *f = *state;
    answered(phone_sends(f, 0, "198.51.100.7", "MESSAGE", "102", "", "text/plain;charset=UTF-8", "halo", NULL), "SIP/2.0 480"); /* no phone there */
    answered(phone_sends(f, 0, "198.51.100.7", "MESSAGE", "109", "", "text/plain", "halo", NULL), "SIP/2.0 404");
    answered(phone_sends(f, 0, "198.51.100.7", "MESSAGE", "102", "", "image/png", "halo", NULL), "SIP/2.0 415");
    fake_register(f, 1, "198.51.100.9", 5060, 600);
    fake_register(f, 1, "198.51.100.10", 5060, 600);
    static char large[4200];
    memset(large, 'x', 4097);
    f->sent_count = 0;
    answered(phone_sends(f, 0, "198.51.100.7", "MESSAGE", "102", "", "text/plain", large, NULL), "SIP/2.0 413");

    struct fake_call sender;
    assert_null(phone_sends(f, 0, "198.51.100.7", "MESSAGE", "102", "", "text/plain;charset=UTF-8", "halo, apa kabar?", &sender));
    const struct fake_sent *one = fake_want(f, "MESSAGE sip:102@198.51.100.9", "\r\n\r\nhalo, apa kabar?"),
                           *two = fake_want(f, "MESSAGE sip:102@198.51.100.10", "Content-Type: text/plain;charset=UTF-8");
    assert_non_null(strstr(one->text, "<sip:101@sapa.example>"));
    assert_null(strstr(one->text, "Contact:"));       /* RFC 3428 5 */
    assert_null(strstr(one->text, "Authorization:")); /* nobody else's business */
    fake_reply(f, one, 486, "m", "", "");
    fake_none(f, "SIP/2.0", sender.call_id);
    fake_reply(f, two, 200, "m", "", "");
    fake_want(f, "SIP/2.0 200", sender.call_id);
    /* both against it: the first word that says something */
    assert_null(phone_sends(f, 0, "198.51.100.7", "MESSAGE", "102", "", "text/plain", "dua", &sender));
    fake_reply(f, fake_want(f, "MESSAGE sip:102@198.51.100.9", "dua"), 408, "m", "", "");
    fake_reply(f, fake_want(f, "MESSAGE sip:102@198.51.100.10", "dua"), 405, "m", "", "");
    fake_want(f, "SIP/2.0 405", sender.call_id);
    /* silence: the sender does not wait for the end of our patience */
    assert_null(phone_sends(f, 0, "198.51.100.7", "MESSAGE", "102", "", "text/plain", "tiga", &sender));
    fake_run(f, 11000000);
    fake_want(f, "SIP/2.0 480", sender.call_id);
    fake_run(f, 70000000);
    assert_int_equal(f->voice->messages.count, 0);
    /* so many at once and not more */
    while (fake_find(f, "MESSAGE", ""))
        ;
    for (int i = 0; i < 5; i++) {
        const struct fake_sent *sent = phone_sends(f, 0, "198.51.100.7", "MESSAGE", "102", "", "text/plain", "banyak", NULL);
        assert_true((sent != NULL) == (i == 4));
        if (sent)
            answered(sent, "SIP/2.0 503");
    }
    fake_run(f, 70000000);
    struct sapa_voice_stats stats;
    sapa_voice_stats_read(f->voice, &stats);
    assert_int_equal(stats.transactions, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST(lamp_of_a_colleague), TEST(calls_himself), TEST(through_proxies), TEST(ends), TEST(refused), TEST(over_a_restart), TEST(message_to_a_colleague),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
