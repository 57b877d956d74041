/*
 * Fuzz: what the network, the media process and the core may send, in any order. The input is a
 * sequence of steps [what, length, bytes]; templates help it into calls. It must end with nothing left.
 */
#include <stdio.h>
#include <stdlib.h>

#include "channel/voice/voice_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sapa_voice *voice;
static char sent[16][2048]; /* our latest messages */
static unsigned sent_count;
static struct sapa_media_message asked[64];
static unsigned asked_count;
static uint32_t browser; /* the agent's phone is one, by this connection; 0: a desk phone */
static uint64_t contact, second, own; /* the newest contact, the one before, the newest part of an agent's own */

static sapa_rc on_send(void *ctx, const struct sapa_sip_flow *flow, const char *bytes, size_t n)
{
    (void)ctx, (void)flow;
    char *slot = sent[sent_count++ % SAPA_COUNT(sent)];
    (void)sapa_str_copy((struct sapa_str){ bytes, n }, slot, sizeof(sent[0]));
    return SAPA_OK;
}

static struct sapa_sip_flow flow_of(const char *host)
{
    struct sapa_sip_flow flow = { .kind = SAPA_SIP_FLOW_UDP };
    (void)!sapa_sip_ip_parse(SAPA_STR("203.0.113.1"), 5060, &flow.local);
    (void)!sapa_sip_ip_parse(sapa_str_of(host), 5060, &flow.remote);
    if (browser && strcmp(host, "198.51.100.7") == 0) {
        flow.kind = SAPA_SIP_FLOW_WSS;
        flow.conn = browser;
        flow.generation = 1;
    }
    return flow;
}

static sapa_rc on_open(void *ctx, enum sapa_sip_flow_kind kind, const struct sapa_sip_ip *remote, struct sapa_sip_flow *ret)
{
    (void)ctx;
    *ret = flow_of("192.0.2.10");
    ret->kind = (uint8_t)kind;
    ret->remote = *remote;
    return SAPA_OK;
}

static sapa_rc on_post(void *ctx, const struct sapa_record *r)
{
    (void)ctx;
    if (r->type == SAPA_T_contact_arrived)
        contact = r->u.contact_arrived.contact;
    if (r->type == SAPA_T_agent_call) {
        second = contact;
        contact = r->u.agent_call.contact;
        own = r->u.agent_call.offer;
    }
    return SAPA_OK;
}

static sapa_rc on_prompt(void *ctx, const struct sapa_voice_prompt *prompt, uint64_t tag, char *ret_base, size_t n)
{
    (void)ctx, (void)prompt;
    (void)sapa_str_copy(SAPA_STR("/x"), ret_base, n);
    return tag % 3 == 0 ? SAPA_EAGAIN : tag % 7 == 0 ? SAPA_EIO : SAPA_OK;
}

static sapa_rc on_media(void *ctx, const struct sapa_media_message *m)
{
    (void)ctx;
    if (asked_count < SAPA_COUNT(asked))
        asked[asked_count++] = *m;
    return SAPA_OK;
}

static void media_answers(void)
{
    for (unsigned i = 0; i < asked_count; i++) {
        struct sapa_media_message m = asked[i];
        if (m.op == SAPA_MEDIA_LEG_OPEN) {
            m.op = SAPA_MEDIA_LEG_OPENED;
            m.u.leg.local.port = 20000;
        } else if (m.op == SAPA_MEDIA_LEG_CLOSE) {
            m.op = SAPA_MEDIA_LEG_CLOSED;
        } else {
            continue;
        }
        sapa_voice_media_receive(voice, &m);
    }
    asked_count = 0;
}

static void receive(const char *host, const void *bytes, size_t n)
{
    static char buf[65536];
    const struct sapa_sip_flow flow = flow_of(host);
    if (n > sizeof(buf))
        return;
    memcpy(buf, bytes, n);
    if (flow.conn)
        sapa_voice_web_receive(voice, &flow, buf, n);
    else
        sapa_voice_sip_receive(voice, &flow, buf, n);
}

static bool line(const char *text, const char *name, char *ret, size_t size)
{
    const char *at = strstr(text, name);
    if (!at)
        return false;
    at += strlen(name);
    return sapa_str_copy((struct sapa_str){ at, strcspn(at, "\r") }, ret, size);
}

/* An answer or a request in the dialog of one of our latest messages. */
static void counterpart(const uint8_t *p, size_t n)
{
    static unsigned branch;
    static const char *const methods[] = { "ACK", "BYE", "CANCEL", "INVITE", "INFO", "UPDATE", "OPTIONS", "REFER" };
    char via[512], from[512], to[512], call_id[128], cseq[64], out[8192];
    struct sapa_text text;
    if (n < 3)
        return;
    const char *m = sent[p[0] % SAPA_COUNT(sent)];
    if (!line(m, "\r\nVia: ", via, sizeof(via)) || !line(m, "\r\nFrom: ", from, sizeof(from)) || !line(m, "\r\nTo: ", to, sizeof(to)) ||
        !line(m, "\r\nCall-ID: ", call_id, sizeof(call_id)) || !line(m, "\r\nCSeq: ", cseq, sizeof(cseq)))
        return;
    const bool ours = strncmp(m, "SIP/2.0", 7) != 0;
    const char *method = methods[p[1] % SAPA_COUNT(methods)];
    branch += strcmp(method, "CANCEL") != 0;
    sapa_text_init(&text, out, sizeof(out));
    if (ours && p[2] & 1)
        sapa_text_printf(&text, "SIP/2.0 %d X\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s\r\nCSeq: %s\r\n", 100 + p[1] % 6 * 100 + (p[2] >> 1) % 90, via,
                         from, to, strstr(to, ";tag=") ? "" : ";tag=zz", cseq);
    else
        sapa_text_printf(&text, "%s sip:x@203.0.113.1 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKf%u\r\nFrom: %s%s\r\nTo: %s\r\nCSeq: %u %s\r\n", method,
                         branch, ours ? to : from, ours && !strstr(to, ";tag=") ? ";tag=zz" : "",
                         ours ? from : to, strcmp(method, "ACK") == 0 ? 1 : 2 + branch, method);
    sapa_text_printf(&text, "Call-ID: %s\r\nMax-Forwards: 70\r\nContact: <sip:x@192.0.2.5>\r\n", call_id);
    if (n > 3)
        sapa_text_printf(&text, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%.*s", n - 3, (int)(n - 3), (const char *)p + 3);
    else
        sapa_text_printf(&text, "Content-Length: 0\r\n\r\n");
    if (!text.cut)
        receive("192.0.2.5", out, text.n);
}

static void invite(const uint8_t *p, size_t n)
{
    static unsigned count;
    char out[4096];
    struct sapa_text text;
    sapa_text_init(&text, out, sizeof(out));
    count++;
    sapa_text_printf(&text,
                     "INVITE sip:1500@203.0.113.1 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKi%u\r\nFrom: <sip:0812345678@c>;tag=i%u\r\n"
                     "To: <sip:1500@203.0.113.1>\r\nCall-ID: i%u\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContact: <sip:x@192.0.2.5>\r\n", count, count, count);
    if (n > 0)
        sapa_text_printf(&text, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%.*s", n, (int)n, (const char *)p);
    else
        sapa_text_printf(&text, "Content-Length: 0\r\n\r\n");
    if (!text.cut)
        receive("192.0.2.5", out, text.n);
}

/* A record as the core would send one, most of the time about the contact that is there. */
static void command(const uint8_t *p, size_t n, bool real)
{
    static struct sapa_record r;
    if (sapa_record_decode((struct sapa_str){ (const char *)p, n }, (struct sapa_str){ NULL, 0 }, &r) != SAPA_OK)
        return;
    if (real && r.type >= SAPA_T_cmd_ring) {
        if (r.type == SAPA_T_cmd_offer)
            r.u.cmd_offer.contact = contact;
        else if (r.type != SAPA_T_cmd_offer_cancel && r.type != SAPA_T_cmd_agent_reply)
            memcpy(&r.u, &contact, sizeof(contact));
    }
    sapa_voice_command(voice, &r);
}

/* INVITE or REGISTER of the agent's phone, with its password. */
static void phone(const char *method, const char *dialled, const char *extra, struct sapa_str body)
{
    static unsigned count;
    char out[4096], value[500], auth_buf[900], ha1[SAPA_SIP_HEX_SIZE];
    struct sapa_text text, auth;
    struct sapa_sip_digest digest;
    sapa_text_init(&auth, auth_buf, sizeof(auth_buf));
    count++;
    for (unsigned round = 0; round < 2; round++) {
        sapa_text_init(&text, out, sizeof(out));
        sapa_text_printf(&text,
                         "%s sip:%s@s SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKp%u-%u\r\nFrom: <sip:101@s>;tag=p%u\r\n"
                         "To: <sip:%s@s>\r\nCall-ID: p%u\r\nCSeq: %u %s\r\nMax-Forwards: 70\r\nContact: %s\r\n%s%s",
                         method, dialled, count, round, count, method[0] == 'R' ? "101" : dialled, count, round + 1, method,
                         browser ? "<sip:101@x.invalid;transport=ws>;reg-id=1;+sip.instance=\"<i>\"" : "<sip:101@198.51.100.7>", auth_buf, extra);
        sapa_text_printf(&text, "%sContent-Length: %zu\r\n\r\n%.*s", body.n == 0 ? "" : method[0] == 'M' ? "Content-Type: text/plain\r\n" : "Content-Type: application/sdp\r\n", body.n, (int)body.n, body.p);
        if (text.cut)
            return;
        receive("198.51.100.7", out, text.n);
        const char *challenge = sent[(sent_count + SAPA_COUNT(sent) - 1) % SAPA_COUNT(sent)];
        if (round == 1 || !line(challenge, "\r\nWWW-Authenticate: ", value, sizeof(value)) ||
            sapa_sip_digest_parse(sapa_str_of(value), &digest) != SAPA_OK)
            return;
        char uri[100];
        struct sapa_text uri_text;
        sapa_text_init(&uri_text, uri, sizeof(uri));
        sapa_text_printf(&uri_text, "sip:%s@s", dialled);
        sapa_sip_digest_ha1(digest.alg, SAPA_STR("101"), digest.realm, SAPA_STR("p"), ha1);
        const struct sapa_sip_digest_answer answer = {
            .challenge = &digest, .method = sapa_str_of(method), .uri = sapa_text_str(&uri_text), .username = SAPA_STR("101"),
            .ha1_hex = ha1, .nc = 1, .cnonce = SAPA_STR("abcdef"),
        };
        sapa_text_add(&auth, SAPA_STR("Authorization: "));
        sapa_sip_digest_respond(&auth, &answer);
        sapa_text_add(&auth, SAPA_STR("\r\n"));
    }
}

static void phone_call(const uint8_t *p, size_t n)
{
    static const char *const dialled[] = { "08112345678", "101", "1500", "q", "*1", "*04", "*0508", "nobody" };
    char extra[300] = "", call_id[128], to[256], from[256];
    if (n == 0)
        return;
    const char *m = sent[p[0] / 16 % SAPA_COUNT(sent)];
    if (p[0] & 8 && line(m, "\r\nCall-ID: ", call_id, sizeof(call_id)) && line(m, "tag=", to, sizeof(to)) &&
        line(m, "\r\nFrom: ", from, sizeof(from)) && strstr(from, "tag="))
        (void)snprintf(extra, sizeof(extra), "Replaces: %.60s;to-tag=%.60s;from-tag=%.60s\r\n", call_id, to, strstr(from, "tag=") + 4);
    phone("INVITE", dialled[p[0] % SAPA_COUNT(dialled)], extra, (struct sapa_str){ (const char *)p + 1, n - 1 });
}

/* Lamps and texts of the agent's phone, with its password; or a SUBSCRIBE within what one of our latest messages belongs to. */
static void phone_asks(const uint8_t *p, size_t n)
{
    char extra[600], call_id[128], to[256], from[256], out[2048];
    struct sapa_text text;
    if (n < 2)
        return;
    sapa_text_init(&text, extra, sizeof(extra));
    sapa_text_printf(&text, "Event: %s%.*s\r\nExpires: %u\r\n", p[1] & 1 ? "dialog" : "dialog;id=", (int)SAPA_MIN(n - 2, (size_t)60), (const char *)p + 2,
                     (p[1] >> 1) * 61u % 700);
    if (p[0] & 1) {
        phone("SUBSCRIBE", p[0] & 2 ? "101" : "102", extra, (struct sapa_str){ "", 0 });
    } else if (p[0] & 4) {
        phone("MESSAGE", p[0] & 2 ? "101" : "102", "", (struct sapa_str){ (const char *)p + 2, n - 2 });
    } else {
        static unsigned branch;
        const char *m = sent[p[0] / 8 % SAPA_COUNT(sent)];
        if (!line(m, "\r\nCall-ID: ", call_id, sizeof(call_id)) || !line(m, "\r\nTo: ", to, sizeof(to)) || !line(m, "\r\nFrom: ", from, sizeof(from)))
            return;
        const bool ours = strncmp(m, "SIP/2.0", 7) != 0;
        branch++;
        sapa_text_init(&text, out, sizeof(out));
        sapa_text_printf(&text,
                         "SUBSCRIBE sip:101@s SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKs%u\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u SUBSCRIBE\r\n"
                         "Max-Forwards: 70\r\nContact: <sip:101@198.51.100.7>\r\n%sContent-Length: 0\r\n\r\n",
                         branch, ours ? to : from, ours ? from : to, call_id, branch + 100000, extra);
        if (!text.cut)
            receive("198.51.100.7", out, text.n);
    }
}

/* Commands of the core as it sends them, about what is there. */
static void core(const uint8_t *p, size_t n)
{
    struct sapa_record r;
    if (n < 4)
        return;
    const uint64_t c = p[1] & 1 ? second : contact, other = p[1] & 1 ? contact : second;
    const uint64_t offers[] = { 7, 8, own, 0 };
    const uint64_t offer = offers[p[2] % 4];
#define CORE(name, ...) r = (struct sapa_record){ .type = SAPA_T_##name, .u.name = { __VA_ARGS__ } }
    switch (p[0] % 14) {
    case 0: CORE(cmd_offer, .offer = offer, .contact = c, .queue = p[3] / 4 % 2, .kind = p[3] % 4, .ring_ms = 20000); break;
    case 1: CORE(cmd_connect, .contact = c, .offer = offer); break;
    case 2: CORE(cmd_hold, .contact = c, .offer = offer, .on = p[3] & 1); break;
    case 3: CORE(cmd_join, .contact = c, .other = other, .offer = offer, .attempt = p[3]); break;
    case 4: CORE(cmd_drop_agent, .contact = c, .offer = offer); break;
    case 5: CORE(cmd_forget, .contact = c); break;
    case 6: CORE(cmd_call, .contact = p[3] & 16 ? c : (uint64_t)4000 + p[3], .offer = p[3] & 32 ? own : (uint64_t)4100 + p[3], .agent = 0, .line = p[3] % 3, .beside = offer, .kind = p[3] / 4 % 4, .client = 0); break;
    case 7: CORE(cmd_dial, .contact = c, .attempt = p[3] % 4, .kind = p[3] / 4 % 3, .ring_ms = 20000); sapa_sized_set(&r.u.cmd_dial.number, SAPA_STR("62811")); break;
    case 8: CORE(cmd_answer, .contact = c); break;
    case 9: CORE(cmd_ring, .contact = c); break;
    case 10: CORE(cmd_offer_accept, .offer = offer); break;
    case 11: CORE(cmd_hangup, .contact = c, .cause = 16); break;
    case 12: CORE(cmd_dial_cancel, .contact = c, .attempt = p[3] % 4); break;
    default: CORE(cmd_offer_cancel, .offer = offer); break;
    }
    if (r.type == SAPA_T_cmd_call && !(p[3] & 16)) {
        second = contact;
        contact = r.u.cmd_call.contact;
        own = r.u.cmd_call.offer;
    }
    sapa_voice_command(voice, &r);
}

/* What a browser would say, its names and its certificate by `b`. */
static size_t web_sdp(uint8_t b, char *out, size_t size)
{
    struct sapa_text text;
    sapa_text_init(&text, out, size);
    sapa_text_printf(&text, "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF %s\r\nc=IN IP4 0.0.0.0\r\n"
                     "a=ice-ufrag:abc%c\r\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\na=fingerprint:sha-256 ", b & 1 ? "111 126" : "8 126", 'a' + (b >> 1) % 4);
    for (unsigned i = 0; i < 32; i++)
        sapa_text_printf(&text, "%s%02X", i ? ":" : "", (b >> 3) % 4);
    sapa_text_printf(&text, "\r\na=setup:%s\r\na=mid:0\r\na=rtcp-mux\r\na=%s\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:126 telephone-event/8000\r\n",
                     b & 32 ? "active" : "passive", b & 64 ? "sendonly" : "sendrecv");
    return text.n;
}

/* Browsers: their connections and their audio come and go, their pages call and answer. */
static void web(const uint8_t *p, size_t n)
{
    uint8_t buf[1200];
    if (n < 4)
        return;
    switch (p[0] % 5) {
    case 0: browser = p[1] % 4; break;
    case 1: {
        const uint32_t now = browser;
        browser = 1 + p[1] % 3;
        const struct sapa_sip_flow flow = flow_of("198.51.100.7");
        sapa_voice_web_closed(voice, &flow);
        browser = now;
        break;
    }
    case 2: {
        static const sapa_rc codes_of[] = { SAPA_OK, SAPA_ETIMEOUT, SAPA_EDENIED };
        struct sapa_media_message m = { .op = SAPA_MEDIA_CONNECTED, .contact = contact, .code = (int16_t)codes_of[p[2] % 3] };
        m.leg = p[1] < voice->legs.count ? ((struct voice_leg *)((struct voice_ref *)sapa_table_at(&voice->legs, p[1]))->value)->id : 0;
        sapa_voice_media_receive(voice, &m);
        break;
    }
    case 3:
        buf[0] = p[1];
        phone_call(buf, 1 + web_sdp(p[2], (char *)buf + 1, sizeof(buf) - 1));
        break;
    default:
        memcpy(buf, p + 1, 3);
        counterpart(buf, 3 + web_sdp((uint8_t)(p[3] * 31u), (char *)buf + 3, sizeof(buf) - 3));
        break;
    }
}

/* A key of some leg that was opened. */
static void keys(const uint8_t *p, size_t n)
{
    static const char all[] = "0123456789*#";
    for (size_t i = 1; i < n; i++) {
        struct sapa_media_message m = { .op = SAPA_MEDIA_DIGIT, .contact = contact, .u.dtmf.digit = all[p[i] % 12] };
        m.leg = p[0] < voice->legs.count ? ((struct voice_leg *)((struct voice_ref *)sapa_table_at(&voice->legs, p[0]))->value)->id : 0;
        sapa_voice_media_receive(voice, &m);
    }
}

static const struct sapa_client clients[] = { { .key = { "c", 1 }, .name = { "C", 1 } } };
static const struct sapa_number numbers[] = { { .key = { "1500", 4 } } };
static const struct sapa_agent agents[] = { { .key = { "a", 1 }, .extension = { "101", 3 }, .password = { "p", 1 } } };
static const struct sapa_queue queues[] = { { .key = { "q", 1 } }, { .key = { "w", 1 }, .name = { "W", 1 }, .auto_answer = true } };
static const struct sapa_code codes[] = {
    { .prefix = { "*1", 2 } }, { .prefix = { "*02", 3 }, .verb = SAPA_VERB_CONSULT }, { .prefix = { "*03", 3 }, .verb = SAPA_VERB_CONFERENCE },
    { .prefix = { "*04", 3 }, .verb = SAPA_VERB_MERGE }, { .prefix = { "*05", 3 }, .verb = SAPA_VERB_BACK }, { .prefix = { "*08", 3 }, .verb = SAPA_VERB_PASS },
    { .prefix = { "*060", 4 }, .verb = SAPA_VERB_CAMPAIGN }, { .prefix = { "*070", 4 }, .verb = SAPA_VERB_GREETING },
};
static const struct sapa_network networks[] = { { .family = 4, .bits = 24, .address = { 192, 0, 2 } } };
static const struct sapa_trunk trunks[] = { { .key = { "t", 1 }, .host = { "192.0.2.10", 10 }, .also = { { "192.0.2.11", 10 } }, .also_count = 1, .from_count = 1 } };
static const struct sapa_prompt prompts[] = { { .key = { "music", 5 }, .music = 1, .client = SAPA_NONE } };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sapa_sip_transport_ops transport = { .send = on_send, .open = on_open };
    static struct sapa_centre centre;
    struct sapa_clock clock;
    struct sapa_loop *loop;
    struct sapa_reader r = sapa_reader_of(data, size);
    sapa_log_level(SAPA_LOG_ERROR + 1);
    centre = (struct sapa_centre){ .system = { .sip_host = { "s", 1 }, .country = { "ID", 2 } }, .clients = clients, .clients_count = 1, .numbers = numbers,
        .numbers_count = 1, .agents = agents, .agents_count = 1, .codes = codes, .codes_count = SAPA_COUNT(codes), .queues = queues, .queues_count = SAPA_COUNT(queues), .networks = networks,
        .networks_count = 1, .trunks = trunks, .trunks_count = 1, .prompts = prompts, .prompts_count = 1 };
    memset(sent, 0, sizeof(sent));
    sent_count = asked_count = browser = 0;
    contact = second = own = 0;
    sapa_clock_init_manual(&clock, 1000000, INT64_C(1795000000000000));
    if (sapa_loop_new(&clock, &loop) != SAPA_OK)
        abort();
    const struct sapa_voice_options options = {
        .loop = loop, .centre = &centre, .transport = &transport, .node = 1,
        .callbacks = { .post = on_post, .prompt = on_prompt, .media_send = on_media },
    };
    if (sapa_voice_open(&options, &voice) != SAPA_OK)
        abort();
    sapa_voice_media_link(voice, true);
    struct sapa_media_message m = { .op = SAPA_MEDIA_HELLO, .u.hello.version = SAPA_MEDIA_VERSION_WEBRTC, .u.hello.codecs = UINT64_MAX };
    sapa_voice_media_receive(voice, &m);
    m.op = SAPA_MEDIA_INVENTORY_END;
    sapa_voice_media_receive(voice, &m);
    sapa_voice_adopt(voice, NULL, 0, NULL, 0);
    while (sapa_reader_left(&r) > 1) {
        const uint64_t what = sapa_get_u64(&r);
        const struct sapa_str s = sapa_get_str(&r);
        const uint8_t *p = (const uint8_t *)s.p;
        if (r.bad)
            break;
        if (what >= 64) {
            if (what >= 192)
                web(p, s.n);
            else if (what >= 128)
                phone_asks(p, s.n);
            else if (what % 4 == 0)
                phone_call(p, s.n);
            else if (what % 4 == 1)
                core(p, s.n);
            else if (what % 4 == 2)
                keys(p, s.n);
            else
                phone("REGISTER", "s", "", (struct sapa_str){ "", 0 });
            media_answers();
            sapa_loop_advance(loop, 0);
            continue;
        }
        switch (what % 9) {
        case 0: receive("192.0.2.5", p, s.n); break;
        case 1: receive("198.51.100.7", p, s.n); break;
        case 2: invite(p, s.n); break;
        case 3: counterpart(p, s.n); break;
        case 4:
            memset(&m, 0, sizeof(m));
            memcpy(&m, p, SAPA_MIN(s.n, sizeof(m)));
            if (what / 9 % 2 && asked_count > 0)
                m.leg = asked[asked_count - 1].leg;
            sapa_voice_media_receive(voice, &m);
            break;
        case 5: command(p, s.n, what / 9 % 4 != 0); break;
        case 6: media_answers(); break;
        case 7: sapa_loop_advance(loop, (int64_t)(s.n % 64) * 700000); break;
        default: sapa_voice_prompt_ready(voice, s.n, s.n % 2 ? SAPA_OK : SAPA_EIO, "/y"); break;
        }
        sapa_loop_advance(loop, 0);
    }
    sapa_voice_close(voice);
    if (sapa_loop_timers(loop) != 0)
        abort();
    sapa_loop_free(loop);
    return 0;
}
