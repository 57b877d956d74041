/* Browsers as telephones: credentials, descriptions, and what becomes of calls while connections and pages go and come. */
#include "channel/voice/fake_impl.h"

static struct sapa_sip_flow web_flow(uint32_t conn)
{
    struct sapa_sip_flow flow = fake_flow("198.51.100.30", (uint16_t)(40000 + conn));
    flow.kind = SAPA_SIP_FLOW_WSS;
    flow.conn = conn;
    flow.generation = 7;
    flow.local.port = 443;
    return flow;
}

#define PRINT_A "11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00"
#define PRINT_B "21:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00"

/* As Chromium writes it. */
static const char *web_sdp(const char *ufrag, const char *print, const char *setup, const char *codecs, const char *direction)
{
    static char text[3000];
    snprintf(text, sizeof(text),
             "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=extmap-allow-mixed\r\n"
             "a=msid-semantic: WMS s\r\nm=audio 9 UDP/TLS/RTP/SAVPF %s\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
             "a=candidate:1 1 udp 2113937151 198.51.100.30 50000 typ host\r\na=ice-ufrag:%s\r\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\n"
             "a=ice-options:trickle\r\na=fingerprint:sha-256 %s\r\na=setup:%s\r\na=mid:0\r\na=%s\r\na=msid:s t\r\na=rtcp-mux\r\n"
             "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
             "a=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\n",
             codecs, ufrag, print, setup, direction);
    return text;
}

static void mint(struct fake *f, const struct sapa_pass *pass, char user[SAPA_PASS_USER_SIZE], char password[SAPA_PASS_PASSWORD_SIZE])
{
    assert_int_equal(sapa_pass_user(pass, user), SAPA_OK);
    sapa_pass_password(&f->options.pass_key, sapa_str_of(user), password);
}

static int64_t wall_s(struct fake *f)
{
    return sapa_voice_wall(f->voice) / 1000000;
}

/* "Authorization: …" for the newest challenge. */
static void authorize(struct fake *f, const char *method, const char *uri, const char *user, const char *password, char *ret, size_t size)
{
    const struct fake_sent *challenge = fake_want(f, "SIP/2.0 401", "WWW-Authenticate");
    struct sapa_sip_digest digest;
    char ha1[SAPA_SIP_HEX_SIZE], value[600];
    struct sapa_text out;
    fake_header(challenge->text, "WWW-Authenticate", value, sizeof(value));
    assert_int_equal(sapa_sip_digest_parse(sapa_str_of(value), &digest), SAPA_OK);
    assert_int_equal(digest.alg, SAPA_SIP_MD5);
    sapa_sip_digest_ha1(digest.alg, sapa_str_of(user), digest.realm, sapa_str_of(password), ha1);
    const struct sapa_sip_digest_answer answer = {
        .challenge = &digest, .method = sapa_str_of(method), .uri = sapa_str_of(uri), .username = sapa_str_of(user), .ha1_hex = ha1,
        .nc = 1, .cnonce = SAPA_STR("abcdef"),
    };
    sapa_text_init(&out, ret, size);
    sapa_text_add(&out, SAPA_STR("Authorization: "));
    sapa_sip_digest_respond(&out, &answer);
    sapa_text_add(&out, SAPA_STR("\r\n"));
}

/* A page of siti's browser registers as JsSIP does; the status. */
static int web_register(struct fake *f, const struct sapa_sip_flow *flow, const char *instance, const char *user, const char *password, unsigned expires)
{
    static unsigned count;
    char text[2048], auth[1000] = "";
    count++;
    for (int round = 0; round < 2; round++) {
        snprintf(text, sizeof(text),
                 "REGISTER sip:sapa.example SIP/2.0\r\nVia: SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bKw%u-%d\r\nMax-Forwards: 69\r\n"
                 "To: <sip:101@sapa.example>\r\nFrom: <sip:101@sapa.example>;tag=w%u\r\nCall-ID: web-%u\r\nCSeq: %u REGISTER\r\n"
                 "Contact: <sip:x%u@df7jal23ls0d.invalid;transport=ws>;+sip.ice;reg-id=1;+sip.instance=\"<urn:uuid:%s>\";expires=%u\r\n"
                 "Supported: path,gruu,outbound\r\nUser-Agent: JsSIP\r\n%s\r\n",
                 count, round, count, count, count * 2 + (unsigned)round, count, instance, expires, auth);
        fake_receive(f, flow, text);
        if (round == 0)
            authorize(f, "REGISTER", "sip:sapa.example", user, password, auth, sizeof(auth));
    }
    if (fake_find(f, "SIP/2.0 200", "REGISTER"))
        return 200;
    fake_want(f, "SIP/2.0 403", "REGISTER");
    return 403;
}

static char siti_user[SAPA_PASS_USER_SIZE], siti_password[SAPA_PASS_PASSWORD_SIZE];

static void siti_registers(struct fake *f, uint32_t conn, const char *instance)
{
    const struct sapa_sip_flow flow = web_flow(conn);
    const struct sapa_pass pass = { SAPA_PASS_AGENT, wall_s(f) + 3600, 77, 1, SAPA_STR("siti") };
    mint(f, &pass, siti_user, siti_password);
    assert_int_equal(web_register(f, &flow, instance, siti_user, siti_password, 600), 200);
}

static void web_close(struct fake *f, uint32_t conn)
{
    const struct sapa_sip_flow flow = web_flow(conn);
    sapa_voice_web_closed(f->voice, &flow);
    fake_run(f, 0);
}

static unsigned reachable(struct fake *f)
{
    for (size_t i = f->posted_count; i-- > 0;)
        if (f->posted[i].type == SAPA_T_agent_device)
            return (unsigned)f->posted[i].u.agent_device.reachable;
    return 0;
}

static void line_of(const char *text, const char *start, char *ret, size_t size)
{
    const char *at = strstr(text, start);
    if (!at)
        fail_msg("no %s in:\n%s", start, text);
    const size_t n = strcspn(at, "\r");
    assert_true(n < size);
    memcpy(ret, at, n);
    ret[n] = '\0';
}

/* A customer on a trunk, connected to siti in her browser. */
static struct fake_call web_talk(struct fake *f, uint64_t *ret_contact, struct fake_call *customer)
{
    const uint64_t contact = fake_customer(f, customer);
    f->posted_seen = f->posted_count;
    FAKE_COMMAND(f, cmd_offer, .offer = 900, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
    const struct fake_sent *invite = fake_want(f, "INVITE", "UDP/TLS/RTP/SAVPF");
    fake_reply(f, invite, 180, "page", "", "");
    fake_reply(f, invite, 200, "page", "", web_sdp("peerA", PRINT_A, "active", "8 126", "sendrecv"));
    struct fake_call call = fake_callee(invite, "page");
    fake_want(f, "ACK", call.call_id);
    assert_int_equal(fake_posted(f, SAPA_T_offer_accepted)->u.offer_accepted.offer, 900);
    FAKE_COMMAND(f, cmd_connect, .contact = contact, .offer = 900);
    assert_true(fake_hears(f, fake_customer_leg(f, contact), fake_offer_leg(f, 900)));
    *ret_contact = contact;
    return call;
}

static void all_gone(struct fake *f, uint64_t contact)
{
    struct sapa_voice_stats stats;
    FAKE_COMMAND(f, cmd_forget, .contact = contact);
    fake_run(f, 70000000);
    sapa_voice_stats_read(f->voice, &stats);
    assert_int_equal(stats.legs, 0);
    assert_int_equal(stats.contacts, 0);
    assert_int_equal(stats.dialogs, 0);
    assert_int_equal(stats.transactions, 0);
}

/* ---- credentials ---- */

static uint64_t dead_session;

static bool session_lives(void *ctx, uint64_t session)
{
    (void)ctx;
    return session != dead_session;
}

static void minted_credentials(void **state)
{
    struct fake *f = *state;
    const struct sapa_sip_flow flow = web_flow(1);
    char user[SAPA_PASS_USER_SIZE], password[SAPA_PASS_PASSWORD_SIZE];
    struct sapa_pass pass = { SAPA_PASS_AGENT, wall_s(f) + 60, 77, 1, SAPA_STR("siti") };

    f->centre.system.digest = 2; /* SHA-256 alone: browsers are asked by MD5 nevertheless */
    mint(f, &pass, user, password);
    assert_int_equal(web_register(f, &flow, "1", user, password, 600), 200);
    assert_int_equal(reachable(f), 1);
    assert_int_equal(web_register(f, &flow, "1", user, "guessed", 600), 403);
    pass.subject = SAPA_STR("john"); /* another's */
    mint(f, &pass, user, password);
    assert_int_equal(web_register(f, &flow, "1", user, password, 600), 403);
    pass.subject = SAPA_STR("siti");
    pass.expires_s = wall_s(f);
    mint(f, &pass, user, password);
    assert_int_equal(web_register(f, &flow, "1", user, password, 600), 403);
    pass.expires_s = wall_s(f) + 60;
    pass.kind = SAPA_PASS_GUEST;
    mint(f, &pass, user, password);
    assert_int_equal(web_register(f, &flow, "1", user, password, 600), 403);
    pass.kind = SAPA_PASS_AGENT;
    mint(f, &pass, user, password);
    user[2] = '9'; /* longer than it was given */
    assert_int_equal(web_register(f, &flow, "1", user, password, 600), 403);
    mint(f, &pass, user, password);
    f->voice->options.callbacks.session_lives = session_lives;
    assert_int_equal(web_register(f, &flow, "1", user, password, 600), 200);
    dead_session = 77;
    assert_int_equal(web_register(f, &flow, "1", user, password, 600), 403);
    dead_session = 0;
    sapa_voice_session_ended(f->voice, 77);
    assert_int_equal(web_register(f, &flow, "1", user, password, 600), 403);
}

static unsigned hung_up;

static sapa_rc count_hang_ups(void *ctx, const struct sapa_sip_flow *flow, const char *bytes, size_t n)
{
    (void)ctx, (void)bytes;
    hung_up += n == 0 && flow->conn == 7;
    return SAPA_OK;
}

/* However many have ended before: his connection is closed, and what he was given holds no more. */
static void a_session_ends_among_many(void **state)
{
    struct fake *f = *state;
    const struct sapa_sip_flow flow = web_flow(7);
    const struct sapa_pass pass = { SAPA_PASS_AGENT, wall_s(f) + 3600, 77, 1, SAPA_STR("siti") };
    char user[SAPA_PASS_USER_SIZE], password[SAPA_PASS_PASSWORD_SIZE], blank[] = "\r\n\r\n";

    f->voice->options.callbacks.web_send = count_hang_ups;
    sapa_voice_web_receive(f->voice, &flow, blank, 4);
    mint(f, &pass, user, password);
    assert_int_equal(web_register(f, &flow, "1", user, password, 600), 200);
    for (uint64_t session = 1000; session < 1000 + 65536; session++)
        sapa_voice_session_ended(f->voice, session);
    hung_up = 0;
    sapa_voice_session_ended(f->voice, 77);
    assert_int_equal(hung_up, 1);
    f->voice->options.callbacks.web_send = NULL;
    assert_int_equal(web_register(f, &flow, "1", user, password, 600), 403);
}

/* Until somebody has shown who he is, his connection is good for what that takes. */
static void strangers_say_little(void **state)
{
    struct fake *f = *state;
    const struct sapa_sip_flow flow = web_flow(7);
    const struct sapa_pass pass = { SAPA_PASS_AGENT, wall_s(f) + 3600, 77, 1, SAPA_STR("siti") };
    char user[SAPA_PASS_USER_SIZE], password[SAPA_PASS_PASSWORD_SIZE];
    unsigned answered[2] = { 0 };

    fake_run(f, 10000000); /* the clock stands at its beginning */
    mint(f, &pass, user, password);
    for (unsigned known = 0; known < 2; known++) {
        const size_t before = f->sent_count;
        for (unsigned i = 0; i < 40; i++) {
            char text[512];
            const int n = snprintf(text, sizeof(text), "OPTIONS sip:sapa.example SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bKo%u-%u\r\n"
                                   "To: <sip:sapa.example>\r\nFrom: <sip:x@sapa.example>;tag=o\r\nCall-ID: o%u-%u\r\nCSeq: 1 OPTIONS\r\n\r\n", known, i, known, i);
            sapa_voice_web_receive(f->voice, &flow, text, (size_t)n);
        }
        fake_run(f, 0);
        for (size_t i = before; i < f->sent_count; i++)
            answered[known] += strncmp(f->sent[i].text, "SIP/2.0 200", 11) == 0;
        fake_run(f, 10000000);
        if (!known)
            assert_int_equal(web_register(f, &flow, "1", user, password, 600), 200);
    }
    assert_int_equal(answered[0], 20);
    assert_int_equal(answered[1], 40);
}

/* A telephone's own password is short and lasts: it is not to be guessed. */
static void guessing_ends_soon(void **state)
{
    struct fake *f = *state;
    struct sapa_sip_flow flow = web_flow(7), elsewhere = web_flow(8);
    const struct sapa_pass pass = { SAPA_PASS_AGENT, wall_s(f) + 3600, 77, 1, SAPA_STR("siti") };
    char user[SAPA_PASS_USER_SIZE], password[SAPA_PASS_PASSWORD_SIZE];

    elsewhere.remote.bytes[3] ^= 1;
    for (unsigned i = 0; i < 9; i++)
        assert_int_equal(web_register(f, &flow, "1", "101", "guessed", 600), 403);
    assert_int_equal(web_register(f, &flow, "1", "101", "rahasia", 600), 200); /* who mistypes is not shut out */
    for (unsigned i = 0; i < 10; i++) {
        flow.conn = 100 + i; /* a connection for each guess helps nobody */
        assert_int_equal(web_register(f, &flow, "1", "101", "guessed", 600), 403);
    }
    assert_int_equal(web_register(f, &flow, "1", "101", "rahasia", 600), 403);
    assert_int_equal(web_register(f, &elsewhere, "1", "101", "rahasia", 600), 200); /* nor is she whose number it is, elsewhere */
    mint(f, &pass, user, password);
    assert_int_equal(web_register(f, &flow, "1", user, password, 600), 200); /* or with what cannot be guessed */
    fake_run(f, 61000000);
    assert_int_equal(web_register(f, &flow, "1", "101", "rahasia", 600), 200);
}

/* ---- an agent's browser ---- */

static void offered_to_a_browser(void **state)
{
    struct fake *f = *state;
    struct fake_call customer, call;
    uint64_t contact;
    char line[200];

    siti_registers(f, 1, "1");
    const size_t sent = f->sent_count;
    call = web_talk(f, &contact, &customer);
    const struct fake_sent *invite = NULL;
    for (size_t i = sent; i < f->sent_count && !invite; i++)
        if (strncmp(f->sent[i].text, "INVITE", 6) == 0)
            invite = &f->sent[i];
    assert_non_null(invite);
    assert_int_equal(invite->flow.conn, 1);
    static const char *const lines[] = {
        "m=audio 20004 UDP/TLS/RTP/SAVPF 8 0 ", "a=ice-lite\r\n", "a=group:BUNDLE 0\r\n", "a=mid:0\r\n", "a=rtcp-mux\r\n", "a=setup:actpass\r\n",
        "a=candidate:1 1 udp 2130706431 203.0.113.1 20004 typ host\r\n", "a=end-of-candidates\r\n", "a=fingerprint:sha-256 A0:A1:A2:", "Via: SIP/2.0/WSS ",
    };
    for (size_t i = 0; i < SAPA_COUNT(lines); i++)
        if (!strstr(invite->text, lines[i]))
            fail_msg("%s is missing in:\n%s", lines[i], invite->text);
    f->media_seen = 0;
    const struct sapa_media_message *set = NULL;
    for (size_t i = 0; i < f->media_count; i++)
        if (f->media[i].op == SAPA_MEDIA_LEG_SET && f->media[i].u.leg.webrtc)
            set = &f->media[i];
    assert_non_null(set);
    snprintf(line, sizeof(line), "a=ice-ufrag:%s\r\n", set->u.leg.ice_ufrag);
    assert_non_null(strstr(invite->text, line));
    assert_string_equal(set->u.leg.peer_ufrag, "peerA");
    assert_int_equal(set->u.leg.peer_hash, SAPA_MEDIA_HASH_SHA256);
    assert_int_equal(set->u.leg.peer_fingerprint[0], 0x11);
    assert_int_equal(set->u.leg.dtls_client, 0);
    assert_int_equal(set->u.leg.codec, SAPA_CODEC_PCMA);
    assert_int_equal(set->u.leg.remote.family, 0);
    /* She holds and resumes by re-INVITE: the same ICE, the same keys. */
    fake_request(f, &call, "INVITE", "", "application/sdp", web_sdp("peerA", PRINT_A, "actpass", "8 126", "sendonly"));
    const struct fake_sent *held = fake_want(f, "SIP/2.0 200", "a=recvonly");
    assert_non_null(strstr(held->text, line));
    assert_non_null(strstr(held->text, "a=setup:passive\r\n"));
    assert_non_null(strstr(held->text, "a=group:BUNDLE 0\r\n"));
    fake_request(f, &call, "ACK", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_leg_held)->u.leg_held.on, 1);
    /* Other names: ICE begins anew on both sides. */
    fake_request(f, &call, "INVITE", "", "application/sdp", web_sdp("peerB", PRINT_A, "actpass", "8 126", "sendrecv"));
    const struct fake_sent *restart = fake_want(f, "SIP/2.0 200", "a=sendrecv");
    assert_null(strstr(restart->text, line));
    fake_request(f, &call, "ACK", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_leg_held)->u.leg_held.on, 0);
    assert_string_equal(f->media[f->media_count - 1].u.leg.peer_ufrag, "peerB");
    /* What it cannot prove is not taken: the talk goes on as it was. */
    fake_request(f, &call, "INVITE", "", "application/sdp", web_sdp("peerB", "11:22", "actpass", "8 126", "sendrecv"));
    fake_want(f, "SIP/2.0 488", call.call_id);
    fake_request(f, &call, "ACK", "", "", "");
    fake_request(f, &call, "BYE", "", "", "");
    fake_want(f, "SIP/2.0 200", "BYE");
    assert_int_equal(fake_posted(f, SAPA_T_agent_gone)->u.agent_gone.side, SAPA_SIDE_AGENT);
    all_gone(f, contact);
}

/* Desk phone and browser ring together; who answers has it. */
static void two_phones(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;

    siti_registers(f, 1, "1");
    fake_register(f, 0, "198.51.100.7", 5060, 600);
    const uint64_t contact = fake_customer(f, &customer);
    FAKE_COMMAND(f, cmd_offer, .offer = 900, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
    const struct fake_sent *browser = fake_want(f, "INVITE", "UDP/TLS/RTP/SAVPF"), *desk = fake_want(f, "INVITE", "RTP/AVP 8");
    fake_reply(f, browser, 180, "b", "", "");
    fake_reply(f, desk, 180, "d", "", "");
    fake_reply(f, desk, 200, "d", "", fake_sdp_agent);
    fake_want(f, "CANCEL", "SIP/2.0/WSS");
    fake_reply(f, browser, 487, "b", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_offer_accepted)->u.offer_accepted.offer, 900);
    /* The browser goes: the desk phone is enough. */
    web_close(f, 1);
    fake_run(f, 10000000);
    assert_int_equal(reachable(f), 1);
    all_gone(f, contact);
}

static void flow_lost_while_ringing(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;

    siti_registers(f, 1, "1");
    const uint64_t contact = fake_customer(f, &customer);
    FAKE_COMMAND(f, cmd_offer, .offer = 900, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
    fake_reply(f, fake_want(f, "INVITE", "UDP/TLS"), 180, "b", "", "");
    f->posted_seen = f->posted_count;
    web_close(f, 1);
    assert_int_equal(fake_posted(f, SAPA_T_offer_failed)->u.offer_failed.result, SAPA_OFFER_UNREACHABLE); /* at once */
    assert_int_equal(reachable(f), 1); /* but for five seconds nobody says that she is away */
    /* What comes meanwhile waits for her page … */
    FAKE_COMMAND(f, cmd_offer, .offer = 901, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
    fake_none(f, "INVITE", "UDP/TLS");
    fake_run(f, 2000000);
    siti_registers(f, 2, "1");
    const struct fake_sent *invite = fake_want(f, "INVITE", "UDP/TLS");
    assert_int_equal(invite->flow.conn, 2);
    fake_reply(f, invite, 180, "c", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_offer_ringing)->u.offer_ringing.offer, 901);
    FAKE_COMMAND(f, cmd_offer_cancel, .offer = 901);
    fake_reply(f, invite, 487, "c", "", "");
    fake_run(f, 10000000);
    assert_int_equal(reachable(f), 1);
    /* … or it does not come. */
    web_close(f, 2);
    FAKE_COMMAND(f, cmd_offer, .offer = 902, .contact = contact, .agent = 0, .queue = 0, .ring_ms = 20000);
    fake_run(f, 4500000);
    assert_int_equal(fake_posted(f, SAPA_T_offer_failed)->u.offer_failed.offer, 902);
    fake_run(f, 2000000);
    assert_int_equal(reachable(f), 0);
    all_gone(f, contact);
}

static const struct fake_sent *whispered(struct fake *f, uint64_t contact, uint64_t offer)
{
    FAKE_COMMAND(f, cmd_offer, .offer = offer, .contact = contact, .agent = 0, .queue = 2, .ring_ms = 20000);
    const struct fake_sent *invite = fake_want(f, "INVITE", "UDP/TLS"), *desk = fake_want(f, "INVITE sip:101@198.51.100.7", "");
    assert_non_null(strstr(invite->text, "Answer-Mode: Auto"));
    assert_null(strstr(desk->text, "Answer-Mode"));
    fake_reply(f, desk, 180, "desk", "", "");
    fake_reply(f, invite, 180, "page", "", "");
    fake_reply(f, invite, 200, "page", "", web_sdp("peerA", PRINT_A, "active", "8 126", "sendrecv"));
    fake_want(f, "ACK", fake_callee(invite, "page").call_id);
    fake_reply(f, fake_want(f, "CANCEL", fake_callee(desk, "desk").call_id), 200, "", "", "");
    fake_reply(f, desk, 487, "desk", "", "");
    return invite;
}

/* Of a browser and a desk phone the browser answers by itself. It is told the queue when it can be heard; who never can be has not answered. */
static void whispered_to_a_browser(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;

    fake_register(f, 0, "198.51.100.7", 5060, 600);
    siti_registers(f, 1, "1");
    const uint64_t contact = fake_customer(f, &customer);
    const struct fake_sent *page = whispered(f, contact, 901);
    const uint64_t leg = fake_offer_leg(f, 901);
    assert_string_equal(fake_plays(f, leg), "");
    fake_run(f, 3000000);
    assert_string_equal(fake_plays(f, leg), "");
    const struct sapa_media_message up = { .op = SAPA_MEDIA_CONNECTED, .leg = leg, .contact = contact };
    sapa_voice_media_receive(f->voice, &up);
    fake_run(f, 0);
    const struct sapa_media_message *m = fake_media(f, SAPA_MEDIA_PLAY);
    assert_int_equal(m->leg, leg);
    assert_string_equal(m->u.play.files[1], "/cache/Layanan Cepat");
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_accepted), 0);
    struct sapa_media_message done = { .op = SAPA_MEDIA_PLAY_DONE, .leg = leg, .contact = contact };
    done.u.play.play = m->u.play.play;
    sapa_voice_media_receive(f->voice, &done);
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_accepted), 1);
    FAKE_COMMAND(f, cmd_drop_agent, .contact = contact, .offer = 901);
    fake_reply(f, fake_want(f, "BYE", fake_callee(page, "page").call_id), 200, "", "", "");

    page = whispered(f, contact, 902);
    fake_run(f, 5500000);
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_failed), 0);
    fake_run(f, 1000000);
    assert_int_equal(fake_posted(f, SAPA_T_offer_failed)->u.offer_failed.result, SAPA_OFFER_UNREACHABLE);
    assert_int_equal(fake_posted_count(f, SAPA_T_offer_accepted), 1);
    fake_reply(f, fake_want(f, "BYE", fake_callee(page, "page").call_id), 200, "", "", "");
    all_gone(f, contact);
}

static void flow_lost_while_talking(void **state)
{
    struct fake *f = *state;
    struct fake_call customer, call;
    uint64_t contact;

    siti_registers(f, 1, "1");
    call = web_talk(f, &contact, &customer);
    const uint64_t leg = fake_offer_leg(f, 900);
    web_close(f, 1);
    const struct sapa_media_message silent = { .op = SAPA_MEDIA_SILENT, .leg = leg, .contact = contact, .code = 10 };
    sapa_voice_media_receive(f->voice, &silent);
    fake_run(f, 50000000);
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_gone), 0);
    assert_true(fake_hears(f, fake_customer_leg(f, contact), leg));
    assert_int_equal(reachable(f), 0); /* but for a new offer she is not there */
    siti_registers(f, 2, "2");         /* another browser of hers: not this call's */
    fake_run(f, 1000000);
    assert_int_equal(((const struct voice_leg *)sapa_voice_find(&f->voice->legs, leg))->flow.conn, 1);
    siti_registers(f, 3, "1");
    assert_int_equal(reachable(f), 1);
    fake_run(f, 20000000);
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_gone), 0);
    /* ICE begins anew over the new connection; then we reach her there as well. */
    call.flow = web_flow(3);
    fake_request(f, &call, "INVITE", "", "application/sdp", web_sdp("peerC", PRINT_A, "actpass", "8 126", "sendrecv"));
    fake_want(f, "SIP/2.0 200", call.call_id);
    fake_request(f, &call, "ACK", "", "", "");
    assert_int_equal(fake_offer_leg(f, 900), leg);
    FAKE_COMMAND(f, cmd_drop_agent, .contact = contact, .offer = 900);
    assert_int_equal(fake_want(f, "BYE", call.call_id)->flow.conn, 3);
    all_gone(f, contact);
}

/* The same while she holds: it is still she who holds when she is back, and who resumes. */
static void flow_lost_while_held(void **state)
{
    struct fake *f = *state;
    struct fake_call customer, call;
    uint64_t contact;

    siti_registers(f, 1, "1");
    call = web_talk(f, &contact, &customer);
    fake_request(f, &call, "INVITE", "", "application/sdp", web_sdp("peerA", PRINT_A, "actpass", "8 126", "sendonly"));
    fake_want(f, "SIP/2.0 200", "a=recvonly");
    fake_request(f, &call, "ACK", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_leg_held)->u.leg_held.on, 1);
    web_close(f, 1);
    fake_run(f, 40000000);
    siti_registers(f, 2, "1");
    fake_run(f, 30000000);
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_gone), 0);
    assert_int_equal(fake_posted_count(f, SAPA_T_leg_held), 1);
    call.flow = web_flow(2);
    fake_request(f, &call, "INVITE", "", "application/sdp", web_sdp("peerB", PRINT_A, "actpass", "8 126", "sendrecv"));
    fake_want(f, "SIP/2.0 200", "a=sendrecv");
    fake_request(f, &call, "ACK", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_leg_held)->u.leg_held.on, 0);
    all_gone(f, contact);
}

/* He does not come back: the customer goes back to his line, by a fault that is nobody's. */
static void flow_lost_for_good(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    uint64_t contact;

    siti_registers(f, 1, "1");
    (void)web_talk(f, &contact, &customer);
    f->posted_seen = f->posted_count;
    web_close(f, 1);
    fake_run(f, 59000000);
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_gone), 0);
    fake_run(f, 2000000);
    const struct sapa_record *gone = fake_posted(f, SAPA_T_agent_gone);
    assert_int_equal(gone->u.agent_gone.offer, 900);
    assert_int_equal(gone->u.agent_gone.side, SAPA_SIDE_NETWORK);
    assert_int_equal(fake_posted_count(f, SAPA_T_contact_gone), 0);
    all_gone(f, contact);
}

/* The connection stands, and no audio comes: consent is lost and found, or not. */
static void audio_lost(void **state)
{
    struct fake *f = *state;
    struct fake_call customer;
    uint64_t contact;

    siti_registers(f, 1, "1");
    (void)web_talk(f, &contact, &customer);
    struct sapa_media_message m = { .op = SAPA_MEDIA_CONNECTED, .leg = fake_offer_leg(f, 900), .contact = contact, .code = SAPA_ETIMEOUT };
    sapa_voice_media_receive(f->voice, &m);
    fake_run(f, 25000000);
    m.code = SAPA_OK;
    sapa_voice_media_receive(f->voice, &m);
    fake_run(f, 20000000);
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_gone), 0);
    m.code = SAPA_ETIMEOUT;
    sapa_voice_media_receive(f->voice, &m);
    fake_run(f, 32000000);
    assert_int_equal(fake_posted(f, SAPA_T_agent_gone)->u.agent_gone.side, SAPA_SIDE_NETWORK);
    fake_want(f, "BYE", "SIP/2.0/WSS");
    all_gone(f, contact);
}

/* The page is loaded anew in the middle of a sentence, also while she holds: the leg stays, its dialog is another. */
static void reloaded(void **state)
{
    struct fake *f = *state;
    struct fake_call customer, call, next;
    uint64_t contact;
    char replaces[700], auth[1200], tag[40], ours[40];

    siti_registers(f, 1, "1");
    call = web_talk(f, &contact, &customer);
    const uint64_t leg = fake_offer_leg(f, 900);
    line_of(call.them, "tag=", ours, sizeof(ours));
    snprintf(tag, sizeof(tag), "page");
    for (uint32_t round = 0; round < 2; round++) {
        fake_request(f, &call, "INVITE", "", "application/sdp", web_sdp("peerA", PRINT_A, "actpass", "8 126", "sendonly"));
        fake_want(f, "SIP/2.0 200", "a=recvonly");
        fake_request(f, &call, "ACK", "", "", "");
        const size_t before = f->posted_count;
        web_close(f, 1 + round);
        fake_run(f, 1500000);
        siti_registers(f, 2 + round, "1");
        next = (struct fake_call){ .flow = web_flow(2 + round) };
        snprintf(next.call_id, sizeof(next.call_id), "reload%u", round);
        snprintf(next.us, sizeof(next.us), "<sip:101@sapa.example>;tag=reload");
        snprintf(next.them, sizeof(next.them), "<sip:62812@sapa.example>");
        snprintf(next.target, sizeof(next.target), "sip:62812@sapa.example");
        snprintf(replaces, sizeof(replaces), "Replaces: %s;to-tag=%s;from-tag=%s\r\nRequire: replaces\r\n", call.call_id, round ? tag : ours + 4, round ? ours : tag);
        fake_request(f, &next, "INVITE", replaces, "application/sdp", web_sdp("peerN", PRINT_B, "actpass", "8 126", "sendrecv"));
        authorize(f, "INVITE", next.target, siti_user, siti_password, auth, sizeof(auth));
        next.branch--;
        fake_request(f, &next, "ACK", "", "", "");
        snprintf(auth + strlen(auth), sizeof(auth) - strlen(auth), "%s", replaces);
        const size_t media = f->media_count;
        fake_request(f, &next, "INVITE", auth, "application/sdp", web_sdp("peerN", PRINT_B, "actpass", "8 126", "sendrecv"));
        const struct fake_sent *ok = fake_want(f, "SIP/2.0 200", next.call_id);
        assert_non_null(strstr(ok->text, "UDP/TLS/RTP/SAVPF 8"));
        fake_learn(&next, ok->text);
        fake_request(f, &next, "ACK", "", "", "");
        assert_int_equal(fake_offer_leg(f, 900), leg);
        assert_true(fake_hears(f, fake_customer_leg(f, contact), leg));
        bool set = false;
        for (size_t i = media; i < f->media_count; i++) {
            assert_int_not_equal(f->media[i].op, SAPA_MEDIA_LEG_CLOSE);
            set |= f->media[i].op == SAPA_MEDIA_LEG_SET && f->media[i].leg == leg && f->media[i].u.leg.peer_fingerprint[0] == 0x21;
        }
        assert_true(set);
        assert_non_null(fake_want(f, "BYE", call.call_id));
        size_t told = 0; /* the core heard that she holds no more, and nothing else */
        for (size_t i = before; i < f->posted_count; i++)
            told += f->posted[i].type != SAPA_T_leg_held && f->posted[i].type != SAPA_T_agent_device;
        assert_int_equal(told, 0);
        assert_int_equal(f->posted[f->posted_count - 1].type, SAPA_T_leg_held);
        assert_int_equal(f->posted[f->posted_count - 1].u.leg_held.on, 0);
        /* the next round replaces this dialog, whose tags are the other way round */
        call = next;
        line_of(next.them, "tag=", ours, sizeof(ours));
        memmove(ours, ours + 4, strlen(ours) - 3);
        snprintf(tag, sizeof(tag), "reload");
    }
    /* Somebody else's, or nothing: as ever. */
    fake_request(f, &call, "BYE", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_agent_gone)->u.agent_gone.side, SAPA_SIDE_AGENT);
    all_gone(f, contact);
}

/* ---- a customer's browser ---- */

static uint64_t guest_serial;
static char guest_user[SAPA_PASS_USER_SIZE], guest_password[SAPA_PASS_PASSWORD_SIZE];

static void guest_mint(struct fake *f, uint64_t serial, int64_t for_s)
{
    const struct sapa_pass pass = { SAPA_PASS_GUEST, wall_s(f) + for_s, 0, serial, SAPA_STR("62215550100") };
    guest_serial = serial;
    mint(f, &pass, guest_user, guest_password);
}

/* INVITE without and with credentials. */
static void guest_invites(struct fake *f, struct fake_call *c, uint32_t conn, const char *number, const char *extra, const char *ufrag)
{
    static unsigned count;
    char auth[2000];
    *c = (struct fake_call){ .flow = web_flow(conn) };
    snprintf(c->call_id, sizeof(c->call_id), "guest%u", ++count);
    snprintf(c->us, sizeof(c->us), "\"Rina\" <sip:guest-%016llx@sapa.example>;tag=g%u", (unsigned long long)guest_serial, count);
    snprintf(c->them, sizeof(c->them), "<sip:%s@sapa.example>", number);
    snprintf(c->target, sizeof(c->target), "sip:%s@sapa.example", number);
    fake_request(f, c, "INVITE", extra, "application/sdp", web_sdp(ufrag, PRINT_A, "actpass", "111 8 110 126", "sendrecv"));
    authorize(f, "INVITE", c->target, guest_user, guest_password, auth, sizeof(auth));
    c->branch--;
    fake_request(f, c, "ACK", "", "", "");
    snprintf(auth + strlen(auth), sizeof(auth) - strlen(auth), "%s", extra);
    fake_request(f, c, "INVITE", auth, "application/sdp", web_sdp(ufrag, PRINT_A, "actpass", "111 8 110 126", "sendrecv"));
}

static uint64_t guest_talks(struct fake *f, struct fake_call *c, uint32_t conn)
{
    guest_mint(f, 0xabc + conn, 120);
    guest_invites(f, c, conn, "62215550100", "", "guestA");
    const struct sapa_record *arrived = fake_posted(f, SAPA_T_contact_arrived);
    assert_int_equal(arrived->u.contact_arrived.number, 0);
    assert_int_equal(arrived->u.contact_arrived.address.n, 0);
    assert_string_equal(arrived->u.contact_arrived.name.p, "Rina");
    const uint64_t contact = arrived->u.contact_arrived.contact;
    FAKE_COMMAND(f, cmd_answer, .contact = contact);
    const struct fake_sent *ok = fake_want(f, "SIP/2.0 200", c->call_id);
    assert_non_null(strstr(ok->text, "UDP/TLS/RTP/SAVPF"));
    assert_non_null(strstr(ok->text, "a=setup:passive\r\n"));
    char proof[SAPA_PASS_PASSWORD_SIZE], place[96];
    sapa_pass_place(&f->voice->options.pass_key, contact, proof);
    snprintf(place, sizeof(place), "\r\nSapa-Place: %llu %s\r\n", (unsigned long long)contact, proof);
    assert_non_null(strstr(ok->text, place));
    fake_learn(c, ok->text);
    fake_request(f, c, "ACK", "", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_contact_answered)->u.contact_answered.contact, contact);
    return contact;
}

static void guests(void **state)
{
    struct fake *f = *state;
    struct fake_call c, other;
    char replaces[512];

    const uint64_t contact = guest_talks(f, &c, 5);
    const uint64_t leg = fake_customer_leg(f, contact);
    guest_invites(f, &other, 6, "62215550100", "", "guestB"); /* once is once */
    fake_want(f, "SIP/2.0 403", other.call_id);
    guest_mint(f, 2, 120);
    guest_invites(f, &other, 6, "1500", "", "guestB"); /* another number */
    fake_want(f, "SIP/2.0 403", other.call_id);
    guest_mint(f, 3, 0);
    guest_invites(f, &other, 6, "62215550100", "", "guestB"); /* too late */
    fake_want(f, "SIP/2.0 403", other.call_id);
    guest_mint(f, 4, 120);
    guest_serial = 5; /* under another name than it was made for */
    guest_invites(f, &other, 6, "62215550100", "", "guestB");
    fake_want(f, "SIP/2.0 403", other.call_id);
    assert_int_equal(fake_posted_count(f, SAPA_T_contact_arrived), 1);

    /* His page is loaded anew, long after: the call is his. */
    fake_run(f, 300000000);
    guest_mint(f, 0xabc + 5, 120 - 300); /* the same as then */
    web_close(f, 5);
    fake_run(f, 2000000);
    char tags[2][80];
    line_of(c.them, "tag=", tags[0], sizeof(tags[0]));
    line_of(c.us, "tag=", tags[1], sizeof(tags[1]));
    snprintf(replaces, sizeof(replaces), "Replaces: %s;to-tag=%s;from-tag=%s\r\n", c.call_id, tags[0] + 4, tags[1] + 4);
    guest_mint(f, 7, 120); /* not somebody else's */
    guest_invites(f, &other, 7, "62215550100", replaces, "guestC");
    fake_want(f, "SIP/2.0 481", other.call_id);
    const struct sapa_pass then = { SAPA_PASS_GUEST, wall_s(f) - 100, 0, 0xabc + 5, SAPA_STR("62215550100") };
    guest_serial = then.serial;
    mint(f, &then, guest_user, guest_password);
    guest_invites(f, &other, 8, "62215550100", replaces, "guestC");
    const struct fake_sent *ok = fake_want(f, "SIP/2.0 200", other.call_id);
    fake_learn(&other, ok->text);
    fake_request(f, &other, "ACK", "", "", "");
    assert_int_equal(fake_customer_leg(f, contact), leg);
    /* A gap: his next request in the dialog is where he is now. */
    web_close(f, 8);
    fake_run(f, 30000000);
    other.flow = web_flow(9);
    fake_request(f, &other, "INVITE", "", "application/sdp", web_sdp("guestD", PRINT_A, "actpass", "111 8 110 126", "sendrecv"));
    fake_want(f, "SIP/2.0 200", other.call_id);
    fake_request(f, &other, "ACK", "", "", "");
    fake_run(f, 50000000);
    assert_int_equal(fake_posted_count(f, SAPA_T_contact_gone), 0);
    web_close(f, 9);
    fake_run(f, 61000000);
    assert_int_equal(fake_posted(f, SAPA_T_contact_gone)->u.contact_gone.side, SAPA_SIDE_NETWORK);
    all_gone(f, contact);
}

/* A page that says that it goes is awaited for seconds: loaded anew it is there by then, and nobody talks into silence. */
static void guest_page_goes(void **state)
{
    struct fake *f = *state;
    struct fake_call c;

    const uint64_t contact = guest_talks(f, &c, 5);
    fake_request(f, &c, "INFO", "Content-Type: application/sapa-leaving\r\n", "", "");
    fake_want(f, "SIP/2.0 200", c.call_id);
    fake_run(f, 20000000); /* he has stayed after all */
    assert_int_equal(fake_posted_count(f, SAPA_T_contact_gone), 0);
    web_close(f, 5);
    fake_run(f, 11000000);
    assert_int_equal(fake_posted_count(f, SAPA_T_contact_gone), 0);
    fake_run(f, 3000000);
    assert_int_equal(fake_posted(f, SAPA_T_contact_gone)->u.contact_gone.contact, contact);
    all_gone(f, contact);
}

/* Who goes before he is answered has given up. */
static void guest_leaves_early(void **state)
{
    struct fake *f = *state;
    struct fake_call c;

    guest_mint(f, 1, 120);
    guest_invites(f, &c, 5, "62215550100", "", "guestA");
    const uint64_t contact = fake_posted(f, SAPA_T_contact_arrived)->u.contact_arrived.contact;
    web_close(f, 5);
    assert_int_equal(fake_posted(f, SAPA_T_contact_gone)->u.contact_gone.contact, contact);
    all_gone(f, contact);
}

static void without_a_media_process_that_can(void **state)
{
    struct fake *f = *state;
    struct fake_call c;

    f->voice->media_version = SAPA_MEDIA_VERSION_MOVES;
    guest_mint(f, 1, 120);
    guest_invites(f, &c, 5, "62215550100", "", "guestA");
    fake_want(f, "SIP/2.0 488", c.call_id);
    assert_int_equal(fake_posted_count(f, SAPA_T_contact_arrived), 0);
}

/* ---- after a restart of control ---- */

static void adopted(void **state)
{
    struct fake *f = *state;
    struct fake_call customer, call;
    uint64_t contact;
    struct sapa_record dialogs[4];
    const struct sapa_record *list[4];
    size_t count = 0;

    siti_registers(f, 1, "1");
    call = web_talk(f, &contact, &customer);
    const uint64_t legs[2] = { fake_customer_leg(f, contact), fake_offer_leg(f, 900) };
    char ufrag[SAPA_MEDIA_UFRAG_SIZE], pwd[SAPA_MEDIA_PWD_SIZE];
    const struct voice_leg *before = sapa_voice_find(&f->voice->legs, legs[1]);
    memcpy(ufrag, before->ice_ufrag, sizeof(ufrag));
    memcpy(pwd, before->ice_pwd, sizeof(pwd));
    for (size_t i = 0; i < f->dialog_count; i++)
        if (!f->dialogs[i].u.dialog.closed) {
            dialogs[count] = f->dialogs[i];
            list[count] = &dialogs[count];
            count++;
        }
    assert_int_equal(count, 2);
    sapa_voice_close(f->voice);
    f->inventory_count = 2;
    for (size_t i = 0; i < 2; i++) {
        f->inventory[i] = (struct sapa_media_message){ .op = SAPA_MEDIA_INVENTORY, .leg = legs[i], .contact = contact };
        f->inventory[i].u.inventory.bridged_with = legs[1 - i];
        f->inventory[i].u.inventory.local = (struct sapa_media_address){ .family = 4, .address = { 203, 0, 113, 1 }, .port = (uint16_t)(20002 + 2 * i) };
    }
    f->inventory[1].u.inventory.webrtc = 1;
    memcpy(f->inventory[1].u.inventory.ice_ufrag, ufrag, sizeof(ufrag));
    memcpy(f->inventory[1].u.inventory.ice_pwd, pwd, sizeof(pwd));
    f->inventory[1].u.inventory.peer_hash = SAPA_MEDIA_HASH_SHA256;
    f->posted_count = f->posted_seen = f->sent_count = f->media_count = f->media_answered = f->media_seen = f->dialog_count = 0;
    fake_open_voice(f);
    const struct sapa_voice_held held[] = { { .contact = contact, .what = SAPA_VOICE_HELD_CUSTOMER },
                                            { .contact = contact, .offer = 900, .what = SAPA_VOICE_HELD_AGENT, .talking = true } };
    sapa_voice_adopt(f->voice, list, count, held, 2);
    fake_run(f, 0);
    assert_true(sapa_voice_ready(f->voice));
    assert_int_equal(fake_offer_leg(f, 900), legs[1]);
    fake_run(f, 30000000);
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_gone), 0);
    siti_registers(f, 2, "1"); /* her page comes back; connections are counted anew */
    fake_run(f, 40000000);
    assert_int_equal(fake_posted_count(f, SAPA_T_agent_gone), 0);
    /* Our re-INVITEs and answers have the names that the media process knows. */
    call.flow = web_flow(2);
    fake_request(f, &call, "INVITE", "", "application/sdp", web_sdp("peerA", PRINT_A, "actpass", "8 126", "sendrecv"));
    assert_non_null(strstr(fake_want(f, "SIP/2.0 200", call.call_id)->text, ufrag));
    fake_request(f, &call, "ACK", "", "", "");
    FAKE_COMMAND(f, cmd_drop_agent, .contact = contact, .offer = 900);
    assert_int_equal(fake_want(f, "BYE", call.call_id)->flow.conn, 2);
    all_gone(f, contact);
}

static int set_up(void **state)
{
    struct fake *f;
    fake_new(&f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fake_free(*state);
    return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(minted_credentials), TEST(a_session_ends_among_many), TEST(guessing_ends_soon), TEST(strangers_say_little), TEST(offered_to_a_browser), TEST(two_phones), TEST(flow_lost_while_ringing), TEST(whispered_to_a_browser), TEST(flow_lost_while_talking), TEST(flow_lost_while_held),
        TEST(flow_lost_for_good), TEST(audio_lost), TEST(reloaded), TEST(guests), TEST(guest_page_goes), TEST(guest_leaves_early),
        TEST(without_a_media_process_that_can), TEST(adopted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
