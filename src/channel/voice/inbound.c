#include "channel/voice/voice_impl.h"
#include "phone/phone.h"

#include <stdlib.h>

struct sapa_str sapa_voice_uri_user(const struct sapa_sip_uri *uri, char *buf, size_t size)
{
    struct sapa_str plain = { NULL, 0 };
    struct sapa_str user = uri->user, rest;
    user = sapa_str_cut(user, ';', &rest); /* parameters of a telephone number (RFC 3261 19.1.6) */
    return sapa_sip_unescape(user, buf, size, &plain) == SAPA_OK ? plain : (struct sapa_str){ NULL, 0 };
}

static bool in_network(const struct sapa_network *net, const struct sapa_sip_ip *ip)
{
    return sapa_network_has(net, ip->family, ip->bytes);
}

uint8_t sapa_voice_workplace(const struct sapa_voice *v, const struct sapa_sip_ip *ip)
{
    const struct sapa_system *system = &v->centre->system;
    for (uint32_t i = 0; i < system->office_count; i++)
        if (in_network(&v->centre->networks[system->office_first + i], ip))
            return SAPA_WORKPLACE_OFFICE;
    return system->office_count > 0 && ip->family != 0 ? SAPA_WORKPLACE_ELSEWHERE : SAPA_WORKPLACE_UNKNOWN;
}

/* The trunk that calls come from here, by its certificate or by its address; SAPA_NONE: none. */
uint32_t sapa_voice_trunk_of(const struct sapa_voice *v, const struct sapa_sip_flow *flow)
{
    const struct sapa_sip_ip *ip = &flow->remote;
    if (sapa_voice_flow_is_web(flow))
        return SAPA_NONE;
    for (uint32_t i = 0; v->net && flow->kind == SAPA_SIP_FLOW_TLS && i < v->centre->trunks_count && i < VOICE_TRUNKS_MAX; i++)
        if (sapa_sip_net_peer_is(v->net, flow, v->centre->trunks[i].tls_name))
            return i;
    for (uint32_t i = 0; i < v->centre->trunks_count && i < VOICE_TRUNKS_MAX; i++) {
        const struct sapa_trunk *trunk = &v->centre->trunks[i];
        for (uint32_t n = 0; n < trunk->from_count; n++)
            if (in_network(&v->centre->networks[trunk->from_first + n], ip))
                return i;
        if (trunk->registers && v->trunks[i].registration.on && sapa_voice_trunk_is_at(v, i, ip))
            return i;
    }
    return SAPA_NONE;
}

/* Trunks carry many calls, and proxies many phones, from one address: no limit per source for them. */
void sapa_voice_trust(struct sapa_voice *v, const struct sapa_sip_ip *ip)
{
    const uint64_t key = sapa_voice_hash((struct sapa_str){ (const char *)ip->bytes, sizeof(ip->bytes) });
    if (v->guard && !sapa_table_find(&v->trusted, key) && sapa_voice_put(&v->trusted, key, v) &&
        sapa_sip_guard_trust(v->guard, ip) != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "voice.trust", "too many trunk addresses");
}

/* ---- who is it ---- */

/*
 * One challenge, of one algorithm: phones in wide use give up at a challenge they do not know (libre 2, SIPp)
 * or answer the last one only (JsSIP), so a list of two loses phones in either order. Where both algorithms
 * are allowed it is MD5, unless the phone has shown that it can do SHA-256.
 */
static void challenge(struct sapa_voice *v, const struct sapa_sip_event *ev, bool stale, bool sha256)
{
    const bool md5_allowed = (v->centre->system.digest & 3) != 2 || sapa_voice_flow_is_web(ev->flow); /* what browsers' stacks know */
    const bool sha256_allowed = v->centre->system.digest & 2;
    sapa_voice_challenge(v, ev, stale, sha256_allowed && (sha256 || !md5_allowed) ? SAPA_SIP_SHA256 : SAPA_SIP_MD5);
}

void sapa_voice_challenge(struct sapa_voice *v, const struct sapa_sip_event *ev, bool stale, enum sapa_sip_digest_alg alg)
{
    char buf[512], value_buf[400];
    struct sapa_text head, value;
    sapa_text_init(&head, buf, sizeof(buf));
    sapa_text_init(&value, value_buf, sizeof(value_buf));
    sapa_sip_digest_challenge(v->digest, &value, alg, v->centre->system.sip_host, stale, ev->now_us);
    sapa_sip_put_header(&head, SAPA_SIP_H_WWW_AUTHENTICATE, sapa_text_str(&value));
    const struct sapa_sip_spec spec = { .headers = sapa_text_str(&head) };
    if (sapa_sip_respond(v->stack, ev->tx, 401, &spec, ev->now_us) != SAPA_OK)
        v->stats.late_commands++;
}

/* Digest of a phone. True: it is the agent's. False: the request has been answered. */
bool sapa_voice_authenticate(struct sapa_voice *v, const struct sapa_sip_event *ev, bool is_call, uint32_t agent)
{
    struct sapa_sip_digest digest;
    const struct sapa_system *system = &v->centre->system;
    const uint32_t algs = (system->digest & 3 ? system->digest & 3 : 1u) | (sapa_voice_flow_is_web(ev->flow) ? 1u : 0u);
    sapa_rc rc = sapa_sip_digest_of(ev->msg, false, system->sip_host, &digest);
    if (rc == SAPA_OK && (algs & 1u << digest.alg)) {
        char ha1[SAPA_SIP_HEX_SIZE], minted[SAPA_PASS_PASSWORD_SIZE];
        const struct sapa_agent *a = agent < v->centre->agents_count ? &v->centre->agents[agent] : NULL;
        const bool own = a && a->password.n > 0 && sapa_str_eq(digest.username, a->extension);
        const bool known = own ? !sapa_voice_guesses(v, ev->flow, agent) : sapa_voice_pass_known(v, digest.username, a, minted);
        if (known)
            sapa_sip_digest_ha1(digest.alg, digest.username, system->sip_host, own ? a->password : sapa_str_of(minted), ha1);
        rc = sapa_sip_digest_check(v->digest, &digest, ev->msg, digest.alg, known ? ha1 : NULL, ev->now_us);
        sapa_wipe(ha1, sizeof(ha1));
        sapa_wipe(minted, sizeof(minted));
        if (own && rc != SAPA_EAGAIN)
            sapa_voice_guessed(v, ev->flow, agent, rc == SAPA_OK);
        if (rc == SAPA_OK) {
            sapa_voice_pass_used(v, ev->flow, digest.username);
            return true;
        }
        if (rc == SAPA_EAGAIN) {
            challenge(v, ev, true, digest.alg == SAPA_SIP_SHA256);
            return false;
        }
        if (is_call) {
            v->stats.offered++;
            v->stats.refused_auth++;
        } else {
            v->stats.register_denied++;
        }
        if (sapa_sip_respond(v->stack, ev->tx, 403, NULL, ev->now_us) != SAPA_OK)
            v->stats.late_commands++;
        return false;
    }
    if (rc == SAPA_EINVAL) {
        if (sapa_sip_respond(v->stack, ev->tx, 400, NULL, ev->now_us) != SAPA_OK)
            v->stats.late_commands++;
    } else {
        challenge(v, ev, false, rc == SAPA_OK && digest.alg == SAPA_SIP_SHA256);
    }
    return false;
}

static bool registered_from(const struct sapa_voice *v, uint32_t agent, const struct sapa_sip_flow *flow)
{
    struct sapa_sip_binding bindings[VOICE_DEVICES_MAX];
    const size_t count = sapa_sip_registrar_lookup(v->registrar, v->centre->agents[agent].extension, sapa_voice_wall(v),
                                                   bindings, VOICE_DEVICES_MAX);
    for (size_t i = 0; i < count; i++)
        if (sapa_sip_ip_eq(&bindings[i].flow.remote, &flow->remote))
            return true;
    return false;
}

bool sapa_voice_from_phone(struct sapa_voice *v, const struct sapa_sip_event *ev, char *user_buf, size_t size, uint32_t *ret_agent)
{
    const uint32_t agent = sapa_voice_agent_of(v, sapa_voice_uri_user(&ev->msg->from.uri, user_buf, size));
    const bool shown = sapa_sip_first(ev->msg, SAPA_SIP_H_AUTHORIZATION) != NULL;
    if (sapa_voice_trunk_of(v, ev->flow) != SAPA_NONE && !shown && (agent == SAPA_NONE || !registered_from(v, agent, ev->flow))) {
        if (sapa_sip_respond(v->stack, ev->tx, 403, NULL, ev->now_us) != SAPA_OK)
            v->stats.late_commands++;
        return false;
    }
    if (!sapa_voice_authenticate(v, ev, false, agent))
        return false;
    *ret_agent = agent;
    return true;
}

/* ---- an offered call ---- */

void sapa_voice_call_refuse(struct sapa_voice *v, const struct sapa_sip_event *ev, int status, uint64_t *counter)
{
    char buf[64];
    struct sapa_text head;
    sapa_text_init(&head, buf, sizeof(buf));
    if (status == 503)
        sapa_sip_put_number(&head, SAPA_SIP_H_RETRY_AFTER, VOICE_RETRY_AFTER_S);
    const struct sapa_sip_spec spec = { .headers = sapa_text_str(&head) };
    (*counter)++;
    if (sapa_sip_respond(v->stack, ev->tx, status, &spec, ev->now_us) != SAPA_OK)
        v->stats.late_commands++;
    sapa_sip_dialog_end(v->stack, ev->dialog);
}

/* An offer in the INVITE must leave something to agree on (RFC 3261 13.3.1.3: else 488). */
static bool offer_is_good(const struct sapa_voice *v, const struct sapa_sip_event *ev, uint32_t trunk)
{
    static const uint8_t any_key[SAPA_SDP_KEY_SIZE];
    const struct sapa_sip_msg *msg = ev->msg;
    const enum sapa_srtp_use use = sapa_voice_srtp_use(v, ev->flow, trunk);
    struct sapa_sdp_codec codecs[SAPA_SDP_CODECS_MAX];
    struct sapa_sdp sdp;
    struct sapa_sdp_agreed agreed;
    const struct sapa_sdp_want want = {
        .address = SAPA_STR("127.0.0.1"), .port = 9, .codecs = codecs,
        .codec_count = sapa_voice_codecs(v, SAPA_CODEC_PCMA, false, codecs),
        .secure = use != SAPA_SRTP_USE_NO, .secure_only = use == SAPA_SRTP_USE_REQUIRE, .srtp_key = any_key,
    };
    static const uint8_t any_print[32];
    const struct sapa_sdp_web web = { SAPA_STR("sapa"), SAPA_STR("0123456789012345678901"), any_print, SAPA_STR("0") };
    struct sapa_sdp_want web_want = want;
    web_want.web = &web;
    web_want.rtcp_mux = true;
    web_want.secure = web_want.secure_only = false;
    if (msg->body.n > 0 && sapa_voice_invite_is_web(ev))
        return sapa_voice_web_can(v) && sapa_sdp_parse(msg->body, &sdp) == SAPA_OK &&
               sapa_sdp_match(&web_want, &sdp, &agreed) == SAPA_OK && sapa_voice_web_good(&agreed);
    return msg->body.n == 0 ||
           (sapa_sdp_parse(msg->body, &sdp) == SAPA_OK && sapa_sdp_match(&want, &sdp, &agreed) == SAPA_OK);
}

/* Caller's number and name: of P-Asserted-Identity where a trunk vouches for it (RFC 3325), else From. */
static void read_caller(struct sapa_voice *v, const struct sapa_sip_msg *msg, bool from_trunk, struct voice_contact *c)
{
    struct sapa_sip_addr addr = msg->from, asserted;
    char user_buf[128], number_buf[64];
    struct sapa_sip_iter iter = sapa_sip_iter_of(msg, SAPA_SIP_H_P_ASSERTED_IDENTITY);
    struct sapa_str value;
    if (from_trunk && sapa_sip_iter_next(&iter, &value) && sapa_sip_addr_parse(value, &asserted) == SAPA_OK)
        addr = asserted;
    const struct sapa_str user = sapa_voice_uri_user(&addr.uri, user_buf, sizeof(user_buf));
    const bool hidden = sapa_sip_has_token(msg, SAPA_SIP_H_PRIVACY, SAPA_STR("id")) ||
                        sapa_str_ieq(user, SAPA_STR("anonymous")) || !sapa_str_utf8(user);
    if (hidden)
        return;
    const struct sapa_str number = sapa_phone_normal(user, v->centre->system.country, number_buf, sizeof(number_buf));
    sapa_str_copy(number, c->address, sizeof(c->address));
    struct sapa_str display = addr.display.n ? addr.display : msg->from.display;
    if (display.n > 0 && display.n < sizeof(c->name) && sapa_str_utf8(display)) {
        struct sapa_text name; /* without the escapes of a quoted string */
        sapa_text_init(&name, c->name, sizeof(c->name));
        for (size_t i = 0; i < display.n; i++) {
            if (display.p[i] == '\\' && i + 1 < display.n)
                i++;
            if ((unsigned char)display.p[i] >= 0x20)
                sapa_text_char(&name, display.p[i]);
        }
    }
}

static bool post_arrived(struct sapa_voice *v, const struct voice_contact *c, uint32_t last_agent, uint8_t party_type, struct sapa_str call_id)
{
    struct sapa_record r;
    sapa_record_init(&r, SAPA_T_contact_arrived);
    struct sapa_rec_contact_arrived *a = &r.u.contact_arrived;
    a->contact = c->id;
    a->channel = SAPA_CHANNEL_VOICE;
    a->direction = c->direction;
    a->number = c->number;
    a->person = c->person;
    a->trunk = c->trunk;
    a->last_agent = last_agent;
    a->party_type = party_type;
    sapa_sized_set(&a->address, sapa_str_of(c->address));
    sapa_sized_set(&a->name, sapa_str_of(c->name));
    sapa_sized_set(&a->reference, call_id);
    return !v->post_first && v->options.callbacks.post(v->options.callbacks.ctx, &r) == SAPA_OK;
}

static void take_call(struct sapa_voice *v, const struct sapa_sip_event *ev, uint32_t trunk, uint32_t number, uint64_t guest)
{
    struct voice_contact *c = sapa_voice_contact_new(v, 0);
    if (!c) {
        sapa_voice_call_refuse(v, ev, 503, &v->stats.refused_busy);
        return;
    }
    uint32_t last_agent = SAPA_NONE;
    uint8_t party_type = 0;
    c->direction = SAPA_DIRECTION_INBOUND;
    c->number = number;
    c->client = number < v->centre->numbers_count ? v->centre->numbers[number].client : SAPA_NONE;
    c->trunk = trunk;
    read_caller(v, ev->msg, trunk != SAPA_NONE, c);
    if (guest)
        c->address[0] = '\0'; /* nobody can be called back by it */
    if (v->options.callbacks.resolve && c->client != SAPA_NONE)
        v->options.callbacks.resolve(v->options.callbacks.ctx, c->client, sapa_str_of(c->address), &c->person, &last_agent, &party_type);
    struct voice_leg *leg = sapa_voice_leg_new(v, LEG_CUSTOMER, c, 0);
    if (!leg) {
        sapa_voice_call_refuse(v, ev, 503, &v->stats.refused_busy);
        sapa_voice_contact_check(v, c);
        return;
    }
    c->customer = leg;
    leg->session_wish = sapa_voice_session_wish(ev->msg);
    sapa_voice_session_allows(leg, ev->msg);
    leg->flow = *ev->flow;
    leg->webrtc = sapa_voice_invite_is_web(ev);
    leg->guest = guest;
    leg->dialog = ev->dialog;
    leg->tx = ev->tx;
    if (ev->msg->body.n > 0) {
        leg->body = malloc(ev->msg->body.n);
        if (leg->body) {
            memcpy(leg->body, ev->msg->body.p, ev->msg->body.n);
            leg->body_n = (uint16_t)ev->msg->body.n;
        }
    }
    uint64_t *reason = NULL;
    leg->trunk = trunk;
    if ((ev->msg->body.n > 0 && !leg->body) || sapa_sip_dialog_user(v->stack, ev->dialog, leg->id) != SAPA_OK)
        reason = &v->stats.refused_busy;
    else if (sapa_voice_leg_open(v, leg) != SAPA_OK)
        reason = &v->stats.refused_media;
    else if (!post_arrived(v, c, last_agent, party_type, ev->msg->call_id))
        reason = &v->stats.refused_core;
    if (reason) {
        leg->dialog = 0;
        leg->trunk = SAPA_NONE; /* not counted yet */
        sapa_voice_call_refuse(v, ev, 503, reason);
        sapa_voice_leg_over(v, leg);
        return;
    }
    if (trunk != SAPA_NONE)
        v->trunks[trunk].calls++;
    c->arrived = true;
    v->stats.arrived++;
}

/* They come again with what we allow: this was no call yet. */
static void refuse_session(struct sapa_voice *v, const struct sapa_sip_event *ev, struct sapa_str headers)
{
    const struct sapa_sip_spec spec = { .headers = headers };
    v->stats.offered--;
    if (sapa_sip_respond(v->stack, ev->tx, 422, &spec, ev->now_us) != SAPA_OK)
        v->stats.late_commands++;
    sapa_sip_dialog_end(v->stack, ev->dialog);
}

/* Somebody in a browser, by credentials for this one call; or by them on his next page. */
static void guest_call(struct sapa_voice *v, const struct sapa_sip_event *ev, uint64_t guest, struct sapa_str dialled)
{
    char more_buf[64];
    struct sapa_text more;
    uint32_t number;
    sapa_text_init(&more, more_buf, sizeof(more_buf));
    const struct sapa_str replaces = sapa_sip_value(ev->msg, SAPA_SIP_H_REPLACES);
    struct voice_leg *old = replaces.n > 0 ? sapa_voice_replaced_by(v, replaces) : NULL;
    if (!sapa_voice_guest_authenticate(v, ev, guest, dialled, old ? old->guest : 0, &number))
        return;
    v->stats.offered++;
    if (v->refusing && !old)
        sapa_voice_call_refuse(v, ev, 503, &v->stats.refused_store);
    else if (!sapa_voice_ready(v))
        sapa_voice_call_refuse(v, ev, 503, &v->stats.refused_media);
    else if (v->calls >= v->options.calls_max && !old)
        sapa_voice_call_refuse(v, ev, 503, &v->stats.refused_busy);
    else if (sapa_voice_session_check(ev->msg, &more) != 0)
        refuse_session(v, ev, sapa_text_str(&more));
    else if (ev->msg->body.n > VOICE_BODY_MAX || !offer_is_good(v, ev, SAPA_NONE))
        sapa_voice_call_refuse(v, ev, 488, &v->stats.refused_sdp);
    else if (replaces.n > 0 && (!old || old->guest != guest || !sapa_voice_swap(v, ev, old)))
        sapa_voice_call_refuse(v, ev, 481, &v->stats.refused_target);
    else if (replaces.n == 0)
        take_call(v, ev, SAPA_NONE, number, guest);
}

void sapa_voice_inbound(struct sapa_voice *v, const struct sapa_sip_event *ev)
{
    char dialled_buf[128], from_buf[128];
    const struct sapa_sip_msg *msg = ev->msg;
    char more_buf[64];
    struct sapa_text more;
    sapa_text_init(&more, more_buf, sizeof(more_buf));
    const struct sapa_str dialled = sapa_voice_uri_user(&msg->uri, dialled_buf, sizeof(dialled_buf));
    const struct sapa_str from = sapa_voice_uri_user(&msg->from.uri, from_buf, sizeof(from_buf));
    const uint64_t guest = sapa_voice_guest_of(from);
    if (guest) {
        guest_call(v, ev, guest, dialled);
        return;
    }
    const bool code = sapa_voice_code_is(v, dialled);
    const uint32_t from_agent = sapa_voice_agent_of(v, from);
    uint32_t trunk = sapa_voice_trunk_of(v, ev->flow);
    struct voice_target target;
    /* A phone is asked for its password; a trunk's call is never, even if the caller's number looks like an extension. */
    const bool phone = code || (from_agent != SAPA_NONE &&
                                (trunk == SAPA_NONE || sapa_sip_first(msg, SAPA_SIP_H_AUTHORIZATION) ||
                                 registered_from(v, from_agent, ev->flow)));
    if (phone) {
        if (!sapa_voice_authenticate(v, ev, true, from_agent)) {
            sapa_sip_dialog_end(v->stack, ev->dialog);
            return;
        }
        trunk = SAPA_NONE;
        if (code && !sapa_voice_code_campaign(v, dialled, &target)) {
            sapa_voice_code_call(v, ev, from_agent, dialled);
            return;
        }
    }
    v->stats.offered++;
    if (!phone && trunk == SAPA_NONE) {
        sapa_voice_call_refuse(v, ev, 403, &v->stats.refused_source);
        return;
    }
    if (trunk != SAPA_NONE)
        sapa_voice_trust(v, &ev->flow->remote);
    const struct sapa_str replaces = sapa_sip_value(msg, SAPA_SIP_H_REPLACES);
    if (phone && !code && replaces.n == 0 && !sapa_voice_target_of(v, dialled, &target)) {
        sapa_voice_call_refuse(v, ev, 404, &v->stats.refused_target);
        return;
    }
    /* Unknown numbers and blocked callers go to the core as well: it refuses them, and the log has them. */
    uint32_t number = sapa_voice_number_of(v, dialled);
    if (number == SAPA_NONE && trunk != SAPA_NONE && v->centre->trunks[trunk].registers &&
        sapa_str_eq(dialled, v->centre->trunks[trunk].user)) { /* sent to our Contact: the number stands in To */
        char to_buf[128];
        number = sapa_voice_number_of(v, sapa_voice_uri_user(&msg->to.uri, to_buf, sizeof(to_buf)));
    }
    if (v->refusing)
        sapa_voice_call_refuse(v, ev, 503, &v->stats.refused_store);
    else if (!sapa_voice_ready(v))
        sapa_voice_call_refuse(v, ev, 503, &v->stats.refused_media);
    else if (v->calls >= v->options.calls_max ||
             (trunk != SAPA_NONE && v->centre->trunks[trunk].calls_max > 0 &&
              v->trunks[trunk].calls >= v->centre->trunks[trunk].calls_max))
        sapa_voice_call_refuse(v, ev, 503, &v->stats.refused_busy);
    else if (sapa_voice_session_check(msg, &more) != 0)
        refuse_session(v, ev, sapa_text_str(&more));
    else if (msg->body.n > VOICE_BODY_MAX || !offer_is_good(v, ev, trunk))
        sapa_voice_call_refuse(v, ev, 488, &v->stats.refused_sdp);
    else if (phone && replaces.n > 0)
        sapa_voice_replace_invite(v, ev, from_agent, replaces);
    else if (phone)
        sapa_voice_own_invite(v, ev, from_agent, &target);
    else
        take_call(v, ev, trunk, number, 0);
}
