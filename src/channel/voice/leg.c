#include "channel/voice/voice_impl.h"

#include <stdlib.h>

/* ---- small conversions ---- */

static void put_address(struct sapa_text *out, const struct sapa_media_address *a)
{
    char buf[80];
    struct sapa_text text;
    struct sapa_sip_ip ip = { .family = a->family };
    memcpy(ip.bytes, a->address, sizeof(ip.bytes));
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_sip_put_ip(&text, &ip);
    struct sapa_str host = sapa_text_str(&text);
    if (host.n > 2 && host.p[0] == '[')
        host = (struct sapa_str){ host.p + 1, host.n - 2 };
    sapa_text_add(out, host);
}

enum sapa_side sapa_voice_leg_side(const struct voice_leg *leg)
{
    if (leg->code && leg->code->verb == SAPA_VERB_GREETING)
        return SAPA_SIDE_CUSTOMER; /* whose voice a recording with one channel has */
    return leg->kind == LEG_AGENT || leg->kind == LEG_CODE ? SAPA_SIDE_AGENT : SAPA_SIDE_CUSTOMER;
}

/* ---- life ---- */

struct voice_leg *sapa_voice_leg_new(struct sapa_voice *v, enum voice_leg_kind kind, struct voice_contact *c, uint64_t id)
{
    struct voice_leg *leg = calloc(1, sizeof(*leg));
    if (!leg)
        return NULL;
    leg->id = id ? id : sapa_voice_id(v);
    leg->kind = (uint8_t)kind;
    leg->voice = v;
    leg->contact = c;
    leg->agent = leg->trunk = SAPA_NONE;
    leg->codec = SAPA_CODEC_PCMA;
    leg->direction = SAPA_MEDIA_SEND | SAPA_MEDIA_RECEIVE;
    leg->sdp.session_id = leg->id & UINT64_C(0x7fffffffffffffff);
    leg->sdp.version = 1;
    if (!sapa_voice_put(&v->legs, leg->id, leg)) {
        free(leg);
        return NULL;
    }
    if (kind == LEG_CUSTOMER)
        v->calls++;
    if (c)
        c->legs++;
    return leg;
}

/* Ask the media process for a port, on the address that the peer talks to. */
sapa_rc sapa_voice_leg_open(struct sapa_voice *v, struct voice_leg *leg)
{
    sapa_voice_leg_key(leg);
    struct sapa_media_message m = { .op = SAPA_MEDIA_LEG_OPEN, .leg = leg->id };
    if (leg->webrtc) {
        if (!sapa_voice_web_can(v))
            return SAPA_EVERSION;
        sapa_voice_web_begin(v, leg);
        sapa_voice_web_set(leg, &m);
    }
    m.contact = leg->contact ? leg->contact->id : leg->id; /* media keeps legs by contact; a code is alone */
    m.u.leg.local = v->options.media_local;
    if (m.u.leg.local.family == 0) {
        m.u.leg.local.family = leg->flow.local.family;
        memcpy(m.u.leg.local.address, leg->flow.local.bytes, sizeof(m.u.leg.local.address));
    }
    m.u.leg.local.port = 0;
    m.u.leg.side = (uint8_t)sapa_voice_leg_side(leg);
    m.u.leg.codec = SAPA_CODEC_NONE;
    m.u.leg.ptime_ms = 20;
    const sapa_rc rc = sapa_voice_media_send(v, &m);
    if (rc == SAPA_OK)
        leg->media = MEDIA_OPENING;
    return rc;
}

/* Keys travel in the description: only where that is encrypted, and the media process can use them. */
enum sapa_srtp_use sapa_voice_srtp_use(const struct sapa_voice *v, const struct sapa_sip_flow *flow, uint32_t trunk)
{
    const uint8_t wished = trunk < v->centre->trunks_count ? v->centre->trunks[trunk].srtp : v->centre->system.srtp;
    if (flow->kind != SAPA_SIP_FLOW_TLS)
        return SAPA_SRTP_USE_NO;
    if (v->media_version < SAPA_MEDIA_VERSION_SRTP && wished == SAPA_SRTP_USE_PREFER)
        return SAPA_SRTP_USE_NO;
    return (enum sapa_srtp_use)wished;
}

void sapa_voice_leg_key(struct voice_leg *leg)
{
    if (leg->srtp_keyed || leg->flow.kind != SAPA_SIP_FLOW_TLS)
        return;
    sapa_random_bytes(leg->srtp_key, sizeof(leg->srtp_key));
    leg->srtp_keyed = true;
}

void sapa_voice_leg_want(const struct sapa_voice *v, const struct voice_leg *leg, struct sapa_sdp_want *ret_want, char host[64],
                         struct sapa_sdp_codec codecs[SAPA_SDP_CODECS_MAX])
{
    const struct sapa_media_address *said = v->options.media_advertise.family == leg->local.family
                                                ? &v->options.media_advertise : &leg->local;
    struct sapa_text text;
    sapa_text_init(&text, host, 64);
    put_address(&text, said);
    *ret_want = (struct sapa_sdp_want){
        .address = sapa_text_str(&text),
        .port = leg->local.port,
        .direction = SAPA_SDP_SENDRECV,
        .codecs = codecs,
        .codec_count = sapa_voice_codecs(v, leg->codec, false, codecs),
        .ptime_ms = 20,
    };
    if (leg->webrtc) {
        ret_want->web = &leg->web;
        ret_want->rtcp_mux = true;
        return;
    }
    const enum sapa_srtp_use use = sapa_voice_srtp_use(v, &leg->flow, leg->trunk);
    if (use == SAPA_SRTP_USE_NO || !leg->srtp_keyed)
        return;
    ret_want->secure = true;
    ret_want->secure_only = use == SAPA_SRTP_USE_REQUIRE;
    ret_want->srtp_key = leg->srtp_key;
    /* Once agreed, what we offer again is as it was. */
    ret_want->offer_secure = ret_want->secure_only || (leg->started ? leg->secure : !leg->srtp_off);
}

void sapa_voice_leg_agree(struct voice_leg *leg, const struct sapa_sdp_want *want, const struct sapa_sdp_agreed *agreed)
{
    struct sapa_sip_ip ip;
    sapa_voice_web_agree(leg, agreed);
    if (!leg->webrtc && sapa_sip_ip_parse(agreed->address, agreed->port, &ip) == SAPA_OK) {
        static const uint8_t zero[16];
        if (memcmp(ip.bytes, zero, ip.family == 4 ? 4 : 16) != 0) { /* 0.0.0.0 only holds */
            leg->remote.family = ip.family;
            memcpy(leg->remote.address, ip.bytes, sizeof(leg->remote.address));
            leg->remote.port = agreed->port;
            leg->remote_rtcp = agreed->rtcp_port;
        }
    }
    sapa_voice_codec_agree(leg, want, agreed);
    leg->secure = agreed->secure;
    leg->srtp_in = agreed->crypto;
    const bool events = agreed->dtmf && agreed->dtmf_pt_send >= 96 && agreed->dtmf_pt_send <= 127;
    leg->dtmf_type = events ? agreed->dtmf_pt_send : 0;
    leg->dtmf_receive = events && agreed->dtmf_pt_receive >= 96 && agreed->dtmf_pt_receive <= 127 ? agreed->dtmf_pt_receive : 0;
    switch (agreed->direction) {
    case SAPA_SDP_SENDONLY: leg->direction = SAPA_MEDIA_SEND; break;
    case SAPA_SDP_RECVONLY: leg->direction = SAPA_MEDIA_RECEIVE; break;
    case SAPA_SDP_INACTIVE: leg->direction = 0; break;
    default: leg->direction = SAPA_MEDIA_SEND | SAPA_MEDIA_RECEIVE; break;
    }
    leg->held = agreed->held;
}

void sapa_voice_leg_set(struct sapa_voice *v, struct voice_leg *leg)
{
    struct sapa_media_message m = { .op = SAPA_MEDIA_LEG_SET, .leg = leg->id };
    m.contact = leg->contact ? leg->contact->id : leg->id; /* media keeps legs by contact; a code is alone */
    m.u.leg.local = leg->local;
    m.u.leg.remote = leg->remote;
    m.u.leg.remote_rtcp_port = leg->remote_rtcp;
    m.u.leg.codec = leg->codec;
    m.u.leg.dtmf_type = leg->dtmf_type;
    m.u.leg.dtmf_receive = leg->dtmf_receive;
    m.u.leg.dtmf_inband = leg->dtmf_type == 0 || (leg->trunk < v->centre->trunks_count && v->centre->trunks[leg->trunk].inband_dtmf);
    m.u.leg.keys_held = (leg->kind == LEG_AGENT || (leg->kind == LEG_CUSTOMER && leg->agent != SAPA_NONE)) && leg->dtmf_type != 0;
    m.u.leg.direction = leg->direction;
    m.u.leg.side = (uint8_t)sapa_voice_leg_side(leg);
    m.u.leg.ptime_ms = 20;
    m.u.leg.generation = leg->generation + 1;
    m.u.leg.type_send = leg->type_send;
    m.u.leg.type_receive = leg->type_receive;
    m.u.leg.dtmf_khz = leg->dtmf_khz;
    m.u.leg.comfort = leg->noise;
    m.u.leg.opus_fec = leg->opus_fec;
    m.u.leg.opus_kbps = leg->opus_kbps;
    if (leg->webrtc) {
        sapa_voice_web_set(leg, &m);
    } else if (leg->secure) {
        m.u.leg.srtp = leg->srtp_in.suite == SAPA_SRTP_AES128_SHA1_80 ? SAPA_MEDIA_SRTP_SHA1_80 : SAPA_MEDIA_SRTP_SHA1_32;
        memcpy(m.u.leg.srtp_send, leg->srtp_key, sizeof(m.u.leg.srtp_send));
        memcpy(m.u.leg.srtp_receive, leg->srtp_in.key, sizeof(m.u.leg.srtp_receive));
    }
    leg->started = true;
    if (sapa_voice_media_send(v, &m) != SAPA_OK)
        v->stats.late_commands++;
}

static struct voice_leg *bridged_with(const struct sapa_voice *v, const struct voice_leg *leg)
{
    struct voice_leg *other = sapa_voice_find(&v->legs, leg->bridged);
    return other && other->bridged == leg->id ? other : NULL;
}

void sapa_voice_leg_part(const struct sapa_voice *v, struct voice_leg *leg)
{
    struct voice_leg *other = bridged_with(v, leg);
    if (other)
        other->bridged = 0;
    leg->bridged = leg->mix = 0;
}

/* Both hear each other from now on; whom they heard before is alone again. */
void sapa_voice_leg_bridge(struct sapa_voice *v, struct voice_contact *c, struct voice_leg *a, struct voice_leg *b)
{
    struct sapa_media_message m = { .op = SAPA_MEDIA_BRIDGE, .contact = c->id, .leg = a->id, .other = b->id };
    if (sapa_voice_media_send(v, &m) != SAPA_OK) {
        v->stats.late_commands++;
        return;
    }
    sapa_voice_leg_part(v, a);
    sapa_voice_leg_part(v, b);
    a->bridged = b->id;
    b->bridged = a->id;
    a->said++; /* what plays has ended */
    b->said++;
    sapa_voice_codec_meet(v, a, b);
}

static void send_keys(struct sapa_voice *v, const struct voice_leg *from, const struct voice_leg *to, struct sapa_str keys)
{
    if (to->state == LEG_OVER || !to->started || !(to->direction & SAPA_MEDIA_SEND))
        return;
    struct sapa_media_message m = { .op = SAPA_MEDIA_SEND_DTMF, .contact = from->contact->id, .leg = to->id };
    m.u.dtmf.digit = keys.p[0];
    m.u.dtmf.length_ms = 100;
    if (!sapa_str_copy(keys, m.u.dtmf.digits, sizeof(m.u.dtmf.digits)) || sapa_voice_media_send(v, &m) != SAPA_OK)
        v->stats.late_commands++;
}

/* Keys that the media process does not pass on (INFO; an agent's; events of three and more), for whom `from` talks with: as
   each of these lines takes them. */
void sapa_voice_leg_keys(struct sapa_voice *v, struct voice_leg *from, struct sapa_str keys)
{
    if (from->mix) {
        for (uint32_t i = 0; i < v->legs.count && from->role == SAPA_MEDIA_ROLE_PARTY; i++) {
            const struct voice_leg *leg = ((struct voice_ref *)sapa_table_at(&v->legs, i))->value;
            if (leg != from && leg->mix == from->mix && leg->role == SAPA_MEDIA_ROLE_PARTY)
                send_keys(v, from, leg, keys);
        }
        return;
    }
    const struct voice_leg *other = bridged_with(v, from);
    if (other)
        send_keys(v, from, other, keys);
}

/* The confirmed dialog as it is now, for the log. */
void sapa_voice_leg_log(struct sapa_voice *v, struct voice_leg *leg, bool closed)
{
    if (leg->kind == LEG_CODE || (closed && !leg->logged))
        return;
    struct sapa_record r;
    sapa_record_init(&r, SAPA_T_dialog);
    r.u.dialog.contact = leg->contact ? leg->contact->id : 0;
    r.u.dialog.person = leg->contact ? leg->contact->person : 0;
    r.u.dialog.offer = leg->offer ? leg->offer->id : 0;
    r.u.dialog.leg = leg->id;
    r.u.dialog.generation = ++leg->generation;
    r.u.dialog.closed = closed;
    if (!closed) {
        const size_t n = sapa_voice_state_write(v, leg, r.u.dialog.state.p, sizeof(r.u.dialog.state.p) - 1);
        if (n == 0) {
            sapa_log(SAPA_LOG_WARN, "voice.dialog", "leg=%llu not_logged=1", (unsigned long long)leg->id);
            return;
        }
        r.u.dialog.state.n = (uint16_t)n;
        leg->logged = true;
    }
    sapa_voice_post(v, &r);
}

void sapa_voice_leg_media_close(struct sapa_voice *v, struct voice_leg *leg)
{
    if (leg->media != MEDIA_OPENING && leg->media != MEDIA_OPEN)
        return;
    struct sapa_media_message m = { .op = SAPA_MEDIA_LEG_CLOSE, .leg = leg->id };
    m.contact = leg->contact ? leg->contact->id : leg->id; /* media keeps legs by contact; a code is alone */
    leg->media = sapa_voice_media_send(v, &m) == SAPA_OK ? MEDIA_CLOSING : MEDIA_NONE;
}

static void let_go(struct sapa_voice *v, struct voice_leg *leg)
{
    leg->next_dead = v->dead_legs;
    v->dead_legs = leg;
    sapa_voice_touch(v);
}

/* SIP is through with it. It stays until the media process has said what it sounded like. */
void sapa_voice_leg_over(struct sapa_voice *v, struct voice_leg *leg)
{
    if (leg->state == LEG_OVER)
        return;
    leg->state = LEG_OVER;
    leg->tx = 0;
    sapa_voice_leg_part(v, leg);
    sapa_voice_star_forget(v, leg);
    sapa_voice_line_alarm(v, leg, false, "the leg with the bad line is closed");
    for (uint8_t i = 0; i < leg->fork_count; i++)
        sapa_sip_dialog_end(v->stack, leg->forks[i]);
    leg->fork_count = 0;
    if (leg->dialog)
        sapa_sip_dialog_end(v->stack, leg->dialog);
    leg->dialog = 0;
    free(leg->body);
    leg->body = NULL;
    if (leg->logged)
        sapa_voice_leg_log(v, leg, true);
    if (leg->trunk != SAPA_NONE && leg->trunk < VOICE_TRUNKS_MAX && v->trunks[leg->trunk].calls > 0)
        v->trunks[leg->trunk].calls--;
    if (leg->kind == LEG_OUTSIDE)
        for (struct voice_leg **at = &leg->contact->outside; *at; at = &(*at)->next)
            if (*at == leg) {
                *at = leg->next;
                break;
            }
    if (leg->kind == LEG_CUSTOMER && leg->contact && leg->contact->customer == leg)
        leg->contact->customer = NULL;
    if (leg->kind == LEG_CUSTOMER)
        v->calls--;
    if (leg->lent)
        sapa_voice_line_return(v, leg->lent);
    sapa_voice_leg_media_close(v, leg);
    if (leg->media == MEDIA_NONE)
        let_go(v, leg);
    if (leg->contact)
        sapa_voice_review(v, leg->contact);
}

/* We end it: with what its state wants. Nothing is told to the core. */
void sapa_voice_leg_end(struct sapa_voice *v, struct voice_leg *leg, int q850, const char *text)
{
    char buf[160], reason[160];
    struct sapa_text headers, value;
    const int64_t now = sapa_voice_now(v);
    sapa_rc rc = SAPA_OK;
    if (leg->state == LEG_OVER)
        return;
    sapa_text_init(&value, reason, sizeof(reason));
    sapa_text_printf(&value, "Q.850;cause=%d", q850);
    if (text) {
        sapa_text_printf(&value, ";text=");
        sapa_sip_put_quoted(&value, sapa_str_of(text));
    }
    sapa_text_init(&headers, buf, sizeof(buf));
    sapa_sip_put_header(&headers, SAPA_SIP_H_REASON, sapa_text_str(&value));
    const struct sapa_sip_spec spec = { .headers = sapa_text_str(&headers) };
    if (leg->state == LEG_NEW && leg->tx) {
        const int dialled = leg->kind == LEG_AGENT ? leg->contact->dial_status : 0; /* what he called has said so */
        const int status = dialled >= 400 && dialled < 700 ? dialled : q850 == 17 ? 486 : q850 == 21 ? 603 : q850 == 16 ? 480 : 503;
        rc = sapa_sip_respond(v->stack, leg->tx, status, &spec, now);
    } else if (leg->state == LEG_CALLING) {
        rc = sapa_sip_call_cancel(v->stack, leg->dialog, sapa_text_str(&value), now);
    } else if (leg->state == LEG_UP) {
        sapa_sip_tx_id tx;
        rc = sapa_sip_dialog_send(v->stack, leg->dialog, SAPA_SIP_BYE, &spec, now, &tx);
    }
    if (rc != SAPA_OK)
        v->stats.late_commands++;
    sapa_voice_leg_over(v, leg);
}

void sapa_voice_leg_free(struct sapa_voice *v, struct voice_leg *leg)
{
    struct voice_contact *c = leg->contact;
    struct voice_offer *o = leg->offer;
    sapa_voice_take(&v->legs, leg->id);
    if (leg->code) {
        leg->code->leg = NULL;
        sapa_voice_code_free(v, leg->code);
    }
    if (o) {
        struct voice_leg **at = &o->legs;
        while (*at != leg)
            at = &(*at)->next;
        *at = leg->next;
        if (o->winner == leg)
            o->winner = NULL;
        if (!o->legs && o->over) {
            o->next_dead = v->dead_offers;
            v->dead_offers = o;
        }
    }
    free(leg->body);
    free(leg->target);
    sapa_wipe(leg->srtp_key, sizeof(leg->srtp_key));
    sapa_wipe(&leg->srtp_in, sizeof(leg->srtp_in));
    free(leg);
    if (c) {
        c->legs--;
        sapa_voice_contact_check(v, c);
    }
}

/* It went away without the core having asked for it: tell, by what it was. SIP is left to the caller. */
static void report(struct sapa_voice *v, struct voice_leg *leg, enum sapa_side side, int cause, const char *reason)
{
    struct voice_contact *c = leg->contact;
    if (leg->replaces) /* the other one still talks */
        return;
    if (leg->lent && leg->lent->customer == leg)
        sapa_voice_contact_gone(v, leg->lent, side == SAPA_SIDE_AGENT ? SAPA_SIDE_CUSTOMER : side, cause, reason);
    for (struct voice_offer *o = leg->lent ? leg->lent->offers : NULL; o; o = o->next)
        if (o->lent && o->winner == leg)
            sapa_voice_agent_gone(v, o, side, cause);
    switch (leg->kind) {
    case LEG_CUSTOMER:
        if (leg->is_caller && !leg->acked)
            sapa_voice_dial_progress(v, c, 2, cause, side, leg->id);
        else
            sapa_voice_contact_gone(v, c, side, cause, reason);
        break;
    case LEG_OUTSIDE:
        sapa_voice_dial_progress(v, c, leg->state == LEG_UP ? 3 : 2, cause, side, leg->id);
        break;
    case LEG_AGENT:
        if (leg->offer->winner == leg)
            sapa_voice_agent_gone(v, leg->offer, side, cause);
        else
            sapa_voice_outbound_failed(v, leg, cause >= 300 && cause < 700 ? cause : 500, false);
        break;
    default:
        break;
    }
}

void sapa_voice_leg_lost(struct sapa_voice *v, struct voice_leg *leg, enum sapa_side side, int cause, const char *reason)
{
    if (leg->state == LEG_OVER)
        return;
    report(v, leg, side, cause, reason);
    sapa_voice_leg_end(v, leg, side == SAPA_SIDE_SYSTEM ? 41 : 16, reason);
}

/* ---- answering the caller ---- */

/* Our description in an answer, 183 or 200; false when it could not be sent. */
static bool send_answer(struct sapa_voice *v, struct voice_leg *leg, int status)
{
    char body[VOICE_SDP_MAX], host[64];
    struct sapa_text sdp;
    struct sapa_sdp_codec codecs[SAPA_SDP_CODECS_MAX];
    struct sapa_sdp_want want;
    sapa_rc rc;
    sapa_text_init(&sdp, body, sizeof(body));
    sapa_voice_leg_want(v, leg, &want, host, codecs);
    if (leg->body) {
        struct sapa_sdp offer;
        struct sapa_sdp_agreed agreed;
        rc = sapa_sdp_parse((struct sapa_str){ leg->body, leg->body_n }, &offer);
        if (rc == SAPA_OK) {
            sapa_voice_web_meet(v, leg, &offer);
            rc = sapa_sdp_answer(&leg->sdp, &want, &offer, &sdp, &agreed);
        }
        if (rc == SAPA_OK && leg->webrtc && !sapa_voice_web_good(&agreed))
            rc = SAPA_EINVAL;
        if (rc == SAPA_OK)
            sapa_voice_leg_agree(leg, &want, &agreed);
    } else {
        rc = sapa_sdp_offer(&leg->sdp, &want, &sdp);
        leg->late_offer = true;
    }
    if (rc != SAPA_OK)
        return false;
    const bool late = !leg->body;
    char head_buf[160];
    struct sapa_text head;
    sapa_text_init(&head, head_buf, sizeof(head_buf));
    if (status == 200)
        sapa_voice_session_take(v, leg, &leg->session_wish, &head);
    if (leg->guest && leg->contact) { /* his page may ask for his place in line */
        char proof[SAPA_PASS_PASSWORD_SIZE];
        sapa_pass_place(&v->options.pass_key, leg->contact->id, proof);
        sapa_text_printf(&head, "Sapa-Place: %llu %s\r\n", (unsigned long long)leg->contact->id, proof);
    }
    const struct sapa_sip_spec spec = { .headers = sapa_text_str(&head), .body = sapa_text_str(&sdp) };
    if (sapa_sip_call_answer(v->stack, leg->tx, status, &spec, sapa_voice_now(v)) != SAPA_OK)
        return false;
    if (status != 200) {
        sapa_voice_leg_set(v, leg);
        return true;
    }
    leg->tx = 0;
    leg->state = LEG_UP;
    free(leg->body);
    leg->body = NULL;
    if (!late)
        sapa_voice_leg_set(v, leg);
    sapa_voice_leg_log(v, leg, false);
    return true;
}

bool sapa_voice_leg_answer(struct sapa_voice *v, struct voice_leg *leg)
{
    if (!send_answer(v, leg, 200))
        return false;
    if (leg->replaces)
        sapa_voice_replace_done(v, leg);
    else if (leg->contact)
        sapa_voice_review(v, leg->contact);
    return true;
}

bool sapa_voice_leg_progress(struct sapa_voice *v, struct voice_leg *leg)
{
    if (leg->state != LEG_NEW || !leg->tx || leg->media != MEDIA_OPEN || !leg->body || !send_answer(v, leg, 183))
        return false;
    leg->progressed = leg->ringing = true;
    return true;
}

/* Established: our 200 was acknowledged, or theirs came. */
void sapa_voice_leg_answered(struct sapa_voice *v, struct voice_leg *leg)
{
    if (leg->acked)
        return;
    leg->acked = true;
    if (leg->kind == LEG_CODE) {
        sapa_voice_code_ready(v, leg);
        return;
    }
    if (leg->kind != LEG_CUSTOMER || leg->is_caller)
        return;
    struct sapa_record r;
    sapa_record_init(&r, SAPA_T_contact_answered);
    r.u.contact_answered.contact = leg->contact->id;
    r.u.contact_answered.leg = leg->id;
    v->stats.answered++;
    sapa_voice_post(v, &r);
}

/* ---- within the dialog ---- */

void sapa_voice_leg_hold_told(struct sapa_voice *v, const struct voice_leg *leg, bool was)
{
    if (leg->held == was || leg->kind == LEG_OUTSIDE || leg->kind == LEG_CODE || (leg->offer && leg->offer->supervises))
        return;
    struct sapa_record r;
    sapa_record_init(&r, SAPA_T_leg_held);
    r.u.leg_held.contact = voice_talks_in(leg)->id;
    r.u.leg_held.offer = leg->lent ? leg->lent->own_offer : leg->offer ? leg->offer->id : 0;
    r.u.leg_held.side = leg->lent && leg->lent->customer == leg ? SAPA_SIDE_CUSTOMER : sapa_voice_leg_side(leg);
    r.u.leg_held.on = leg->held;
    sapa_voice_post(v, &r);
}

static void late_answer(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_msg *msg)
{
    struct sapa_sdp answer;
    struct sapa_sdp_agreed agreed;
    struct sapa_sdp_codec codecs[SAPA_SDP_CODECS_MAX];
    struct sapa_sdp_want want;
    char host[64];
    leg->late_offer = false;
    sapa_voice_leg_want(v, leg, &want, host, codecs);
    sapa_rc rc = msg && msg->body.n > 0 ? sapa_sdp_parse(msg->body, &answer) : SAPA_ENOENT;
    if (rc == SAPA_OK)
        rc = sapa_sdp_accept(&want, &answer, &agreed);
    if (rc == SAPA_OK && leg->webrtc && !sapa_voice_web_good(&agreed))
        rc = SAPA_EINVAL;
    if (rc == SAPA_OK) {
        const bool was = leg->held;
        sapa_voice_leg_agree(leg, &want, &agreed);
        sapa_voice_leg_set(v, leg);
        sapa_voice_leg_hold_told(v, leg, was);
        sapa_voice_leg_log(v, leg, false);
    } else if (!leg->acked) { /* a first offer without an answer leaves nothing to talk over */
        sapa_voice_leg_lost(v, leg, SAPA_SIDE_NETWORK, 488, "no answer to our offer in the ACK");
    }
}

/* A new description within the dialog, by re-INVITE or UPDATE. The answer's body goes to `sdp`; a status to send. */
static int renegotiate(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_msg *msg, struct sapa_text *sdp)
{
    struct sapa_sdp offer;
    struct sapa_sdp_agreed agreed;
    struct sapa_sdp_codec codecs[SAPA_SDP_CODECS_MAX];
    struct sapa_sdp_want want;
    char host[64];
    if (leg->media != MEDIA_OPEN)
        return 500;
    if (msg->body.n > 0 && !sapa_sip_content_is(msg, SAPA_STR("application/sdp")))
        return 415;
    sapa_voice_leg_want(v, leg, &want, host, codecs);
    if (msg->body.n == 0) {
        if (msg->method == SAPA_SIP_UPDATE)
            return 200;
        leg->late_offer = true;
        return sapa_sdp_offer(&leg->sdp, &want, sdp) == SAPA_OK ? 200 : 500;
    }
    if (sapa_sdp_parse(msg->body, &offer) != SAPA_OK)
        return 400;
    sapa_voice_web_meet(v, leg, &offer);
    if (sapa_sdp_answer(&leg->sdp, &want, &offer, sdp, &agreed) != SAPA_OK || (leg->webrtc && !sapa_voice_web_good(&agreed)))
        return 488;
    const bool was = leg->held;
    sapa_voice_leg_agree(leg, &want, &agreed);
    sapa_voice_leg_set(v, leg);
    sapa_voice_leg_hold_told(v, leg, was);
    return 200;
}

static void on_reinvite(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev)
{
    char body[VOICE_SDP_MAX], head_buf[160];
    struct sapa_text sdp, head;
    sapa_text_init(&sdp, body, sizeof(body));
    sapa_text_init(&head, head_buf, sizeof(head_buf));
    int status = sapa_voice_session_check(ev->msg, &head);
    if (status == 0)
        status = renegotiate(v, leg, ev->msg, &sdp);
    if (status == 200) {
        const struct voice_session_wish wish = sapa_voice_session_wish(ev->msg);
        sapa_voice_session_take(v, leg, &wish, &head);
    }
    const struct sapa_sip_spec spec = { .headers = sapa_text_str(&head), .body = status == 200 ? sapa_text_str(&sdp) : (struct sapa_str){ NULL, 0 } };
    if (sapa_sip_call_answer(v->stack, ev->tx, status, &spec, ev->now_us) != SAPA_OK)
        v->stats.late_commands++;
    else if (status == 200)
        sapa_voice_leg_log(v, leg, false);
}

static void on_update(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev)
{
    char body[VOICE_SDP_MAX], head_buf[160];
    struct sapa_text sdp, head;
    sapa_text_init(&sdp, body, sizeof(body));
    sapa_text_init(&head, head_buf, sizeof(head_buf));
    int status = sapa_voice_session_check(ev->msg, &head);
    if (status != 0)
        ; /* too short */
    else if (ev->msg->body.n > 0 && leg->state != LEG_UP)
        status = 491; /* the first offer is not answered yet (RFC 3311 5.2) */
    else
        status = leg->state == LEG_UP ? renegotiate(v, leg, ev->msg, &sdp) : 200;
    if (status == 200 && leg->state == LEG_UP) {
        const struct voice_session_wish wish = sapa_voice_session_wish(ev->msg);
        sapa_voice_session_take(v, leg, &wish, &head);
    }
    const struct sapa_sip_spec spec = { .headers = sapa_text_str(&head), .body = status == 200 ? sapa_text_str(&sdp) : (struct sapa_str){ NULL, 0 } };
    if (sapa_sip_respond(v->stack, ev->tx, status, &spec, ev->now_us) != SAPA_OK)
        v->stats.late_commands++;
    else if (status == 200 && leg->state == LEG_UP)
        sapa_voice_leg_log(v, leg, false);
}

static void respond(struct sapa_voice *v, sapa_sip_tx_id tx, int status, int64_t now_us)
{
    if (sapa_sip_respond(v->stack, tx, status, NULL, now_us) != SAPA_OK)
        v->stats.late_commands++;
}

/* They hang up. */
static void on_bye(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev)
{
    struct sapa_text64 text = { .n = 0 };
    const int cause = sapa_voice_reason_cause(ev->msg, &text);
    respond(v, ev->tx, 200, ev->now_us);
    if (leg->state == LEG_NEW && leg->tx) { /* BYE of an early dialog (RFC 3261 15.1.2) */
        respond(v, leg->tx, 487, ev->now_us);
        leg->tx = 0;
    }
    report(v, leg, sapa_voice_side_of_cause(cause, sapa_voice_leg_side(leg)), cause, text.n ? text.p : "");
    sapa_voice_leg_over(v, leg);
}

static void on_cancel(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev)
{
    if (leg->state != LEG_NEW || leg->tx != ev->tx)
        return;
    struct sapa_text64 text = { .n = 0 };
    const int cause = ev->msg ? sapa_voice_reason_cause(ev->msg, &text) : 0;
    respond(v, ev->tx, 487, ev->now_us);
    leg->tx = 0;
    report(v, leg, sapa_voice_side_of_cause(cause, sapa_voice_leg_side(leg)), cause ? cause : 487, "cancelled");
    sapa_voice_leg_over(v, leg);
}

static void on_request(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev)
{
    switch (ev->method) {
    case SAPA_SIP_BYE: on_bye(v, leg, ev); break;
    case SAPA_SIP_UPDATE: on_update(v, leg, ev); break;
    case SAPA_SIP_INFO: {
        const char digit = sapa_voice_info_digit(ev->msg);
        respond(v, ev->tx, digit || ev->msg->body.n == 0 ? 200 : 415, ev->now_us);
        if (digit && leg->state == LEG_UP)
            sapa_voice_digit(v, leg, digit, KEY_INFO);
        leg->leaves = leg->guest && sapa_sip_content_is(ev->msg, SAPA_STR("application/sapa-leaving"));
        break;
    }
    case SAPA_SIP_REFER: sapa_voice_refer(v, leg, ev); break;
    case SAPA_SIP_OPTIONS: respond(v, ev->tx, 200, ev->now_us); break;
    default: respond(v, ev->tx, 501, ev->now_us); break;
    }
}

void sapa_voice_leg_event(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev)
{
    if (sapa_voice_session_event(v, leg, ev))
        return;
    switch (ev->kind) {
    case SAPA_SIP_EV_CANCEL:
        on_cancel(v, leg, ev);
        return;
    case SAPA_SIP_EV_ACK:
        if (leg->late_offer)
            late_answer(v, leg, ev->msg);
        if (leg->state == LEG_UP)
            sapa_voice_leg_answered(v, leg);
        return;
    case SAPA_SIP_EV_ACK_TIMEOUT:
        sapa_voice_leg_lost(v, leg, SAPA_SIDE_NETWORK, 408, "no ACK");
        return;
    case SAPA_SIP_EV_REINVITE:
        on_reinvite(v, leg, ev);
        return;
    case SAPA_SIP_EV_DIALOG_REQUEST:
        on_request(v, leg, ev);
        return;
    case SAPA_SIP_EV_PROGRESS:
    case SAPA_SIP_EV_ANSWER:
        sapa_voice_outbound_event(v, leg, ev);
        return;
    case SAPA_SIP_EV_RESPONSE:
    case SAPA_SIP_EV_FAILURE:
        if (ev->method == SAPA_SIP_INVITE) {
            sapa_voice_outbound_event(v, leg, ev);
        } else if (ev->method == SAPA_SIP_OPTIONS && leg->asking) {
            leg->asking = false;
            if (leg->webrtc && ev->kind == SAPA_SIP_EV_FAILURE && ev->rc == SAPA_ECLOSED)
                sapa_voice_gap_begin(v, leg);
            else if (ev->kind == SAPA_SIP_EV_FAILURE || ev->status == 408 || ev->status == 481)
                sapa_voice_leg_lost(v, leg, SAPA_SIDE_NETWORK, ev->kind == SAPA_SIP_EV_FAILURE ? 408 : ev->status,
                               "silent and not answering");
        }
        return;
    default:
        return;
    }
}
