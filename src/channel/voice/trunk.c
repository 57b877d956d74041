#include "channel/voice/voice_impl.h"

/*
 * Trunks: their address (looked up again every minute) and whether they answer OPTIONS. Any answer
 * is a sign of life; two silences in a row raise the alarm, and calls go by other trunks first. Some
 * carriers want us registered: that is kept up here, with credentials for each challenge.
 */
enum { RESOLVE_US = 60000000, RESOLVE_FAILED_US = 5000000, RETRY_US = 5000000, REGISTER_RETRY_US = 300000000, SILENT_US = 5000000 };

static void resolved(void *ctx, sapa_rc rc, const struct sapa_addr *addrs, size_t count)
{
    struct voice_trunk *t = ctx;
    struct sapa_voice *v = t->voice;
    t->query = NULL;
    t->resolve_due_us = sapa_voice_now(v) + (rc == SAPA_OK ? RESOLVE_US : RESOLVE_FAILED_US);
    if (rc != SAPA_OK || count == 0)
        return; /* the old address stays */
    char host[SAPA_ADDR_TEXT_MAX];
    struct sapa_sip_ip ip;
    if (sapa_sip_ip_parse(sapa_str_of(sapa_addr_print_host(&addrs[0], host, sizeof(host))), sapa_addr_port(&addrs[0]), &ip) == SAPA_OK)
        t->ip = ip;
}

static void resolve(struct sapa_voice *v, struct voice_trunk *t, const struct sapa_trunk *trunk)
{
    const uint16_t port = trunk->port ? trunk->port : trunk->transport == 2 ? 5061 : 5060;
    t->resolve_due_us = INT64_MAX;
    if (trunk->host.n == 0 || sapa_sip_ip_parse(trunk->host, port, &t->ip) == SAPA_OK)
        return;
    if (!v->dns || sapa_dns_addr(v->dns, trunk->host, SAPA_DNS_ANY, port, resolved, t, &t->query) != SAPA_OK)
        t->resolve_due_us = sapa_voice_now(v) + RESOLVE_FAILED_US;
}

void sapa_voice_trunks_map(struct sapa_voice *v, const struct sapa_centre *old)
{
    struct voice_trunk before[VOICE_TRUNKS_MAX];
    memcpy(before, v->trunks, sizeof(before));
    for (uint32_t i = 0; i < VOICE_TRUNKS_MAX; i++) {
        if (before[i].query)
            sapa_dns_cancel(before[i].query);
        v->trunks[i] = (struct voice_trunk){ .voice = v };
    }
    for (uint32_t i = 0; old && i < old->trunks_count && i < VOICE_TRUNKS_MAX; i++) {
        const uint32_t now = SAPA_FIND(v->centre, trunks, old->trunks[i].key);
        if (now >= VOICE_TRUNKS_MAX)
            continue;
        v->trunks[now].calls = before[i].calls;
        v->trunks[now].down = before[i].down;
        v->trunks[now].fails = before[i].fails;
        v->trunks[now].ping_due_us = before[i].ping_due_us;
        v->trunks[now].alarm = before[i].alarm;
        const struct sapa_trunk *was = &old->trunks[i], *is = &v->centre->trunks[now];
        if (sapa_str_eq(was->host, is->host) && sapa_str_eq(was->user, is->user) && was->port == is->port &&
            was->transport == is->transport && sapa_str_eq(was->domain, is->domain))
            v->trunks[now].registration = before[i].registration;
        v->trunks[now].registration.under_way = false; /* its answer would name an old number */
    }
    for (uint32_t i = 0; i < v->centre->trunks_count && i < VOICE_TRUNKS_MAX; i++)
        resolve(v, &v->trunks[i], &v->centre->trunks[i]);
}

sapa_rc sapa_voice_trunk_flow(struct sapa_voice *v, uint32_t index, struct sapa_sip_flow *ret_flow)
{
    static const enum sapa_sip_flow_kind kinds[] = { SAPA_SIP_FLOW_UDP, SAPA_SIP_FLOW_TCP, SAPA_SIP_FLOW_TLS };
    const struct sapa_trunk *trunk = &v->centre->trunks[index];
    const struct sapa_sip_ip *ip = &v->trunks[index].ip;
    const enum sapa_sip_flow_kind kind = trunk->transport < SAPA_COUNT(kinds) ? kinds[trunk->transport] : SAPA_SIP_FLOW_UDP;
    struct sapa_sip_ip numeric;
    if (!v->net)
        return v->options.transport->open(v->options.transport_ctx, kind, ip, ret_flow);
    if (kind == SAPA_SIP_FLOW_TLS) { /* it must be who it is called in the description */
        const struct sapa_str name = trunk->tls_name.n > 0 ? trunk->tls_name
                                     : sapa_sip_ip_parse(trunk->host, 0, &numeric) == SAPA_OK ? (struct sapa_str){ NULL, 0 } : trunk->host;
        const sapa_rc rc = sapa_sip_net_tls_name(v->net, ip, name);
        if (rc != SAPA_OK)
            return rc;
    }
    return sapa_sip_net_ops.open(v->net, kind, ip, ret_flow);
}

static void ask(struct sapa_voice *v, uint32_t index)
{
    struct voice_trunk *t = &v->trunks[index];
    struct sapa_sip_flow flow;
    char uri_buf[320], from_buf[320], to_buf[340];
    struct sapa_text uri, from, to;
    sapa_sip_tx_id tx;
    if (sapa_voice_trunk_flow(v, index, &flow) != SAPA_OK) {
        sapa_voice_trunk_answer(v, index, false);
        return;
    }
    sapa_text_init(&uri, uri_buf, sizeof(uri_buf));
    sapa_text_init(&from, from_buf, sizeof(from_buf));
    sapa_text_init(&to, to_buf, sizeof(to_buf));
    sapa_text_add(&uri, SAPA_STR("sip:"));
    sapa_sip_put_ip_port(&uri, &t->ip);
    if (flow.kind != SAPA_SIP_FLOW_UDP)
        sapa_text_add(&uri, flow.kind == SAPA_SIP_FLOW_TCP ? SAPA_STR(";transport=tcp") : SAPA_STR(";transport=tls"));
    sapa_text_printf(&to, "<%s>", uri_buf);
    sapa_text_printf(&from, "<sip:" SAPA_STR_FMT ">", SAPA_STR_ARG(v->centre->system.sip_host));
    const struct sapa_sip_request request = {
        .method = SAPA_SIP_OPTIONS, .flow = flow, .uri = sapa_text_str(&uri), .from = sapa_text_str(&from),
        .to = sapa_text_str(&to), .user = voice_ask(ASK_TRUNK, index, 0),
    };
    t->asked = sapa_sip_request_send(v->stack, &request, sapa_voice_now(v), &tx) == SAPA_OK;
}

/* The alarm of a trunk: it does not answer, or does not take our registration (`status`). */
static void judge(struct sapa_voice *v, uint32_t index, int status)
{
    struct voice_trunk *t = &v->trunks[index];
    const struct sapa_trunk *trunk = &v->centre->trunks[index];
    const bool refused = trunk->registers && !t->registration.on && t->registration.fails > 1;
    const bool bad = t->down || refused;
    if (bad == t->alarm)
        return;
    t->alarm = bad;
    char text[160];
    struct sapa_text out;
    sapa_text_init(&out, text, sizeof(text));
    sapa_text_printf(&out, "trunk " SAPA_STR_FMT, SAPA_STR_ARG(trunk->key));
    if (!bad)
        sapa_text_add(&out, SAPA_STR(" answers again"));
    else if (!refused || status == 0 || status == 408)
        sapa_text_add(&out, SAPA_STR(" does not answer: check the line to the carrier"));
    else
        sapa_text_printf(&out, " does not take our registration (%d): check user and password", status);
    sapa_voice_alarm(v, SAPA_ALARM_TRUNK_DOWN, bad, 0, text);
}

void sapa_voice_trunk_answer(struct sapa_voice *v, uint32_t index, bool alive)
{
    if (index >= v->centre->trunks_count || index >= VOICE_TRUNKS_MAX)
        return;
    struct voice_trunk *t = &v->trunks[index];
    t->asked = false;
    if (!alive && v->options.ping_ms != UINT32_MAX) /* soon again: is it down, is it back? */
        t->ping_due_us = SAPA_MIN(t->ping_due_us, sapa_voice_now(v) + RETRY_US);
    t->fails = alive ? 0 : (uint8_t)SAPA_MIN(t->fails + 1, 100);
    t->down = t->fails >= 2;
    judge(v, index, 0);
}

/* ---- registration ---- */

bool sapa_voice_trunk_good(const struct sapa_voice *v, uint32_t index)
{
    const struct voice_trunk *t = &v->trunks[index];
    return t->ip.family != 0 && !t->down && (!v->centre->trunks[index].registers || t->registration.on);
}

bool sapa_voice_trunk_credentials(struct sapa_voice *v, const struct sapa_trunk *trunk, const struct sapa_sip_msg *msg,
                                  struct sapa_str method, struct sapa_str uri, struct sapa_text *head)
{
    struct sapa_sip_digest challenge;
    bool proxy;
    char ha1[SAPA_SIP_HEX_SIZE], cnonce[17], value_buf[1024];
    struct sapa_text value;
    if (trunk->user.n == 0 || sapa_sip_digest_pick(msg, &challenge, &proxy) != SAPA_OK)
        return false;
    sapa_text_init(&value, value_buf, sizeof(value_buf));
    sapa_sip_digest_ha1(challenge.alg, trunk->user, challenge.realm, trunk->password, ha1);
    sapa_sip_token(v->stack, cnonce);
    const struct sapa_sip_digest_answer answer = {
        .challenge = &challenge, .method = method, .uri = uri, .username = trunk->user, .ha1_hex = ha1, .nc = 1,
        .cnonce = sapa_str_of(cnonce),
    };
    sapa_sip_digest_respond(&value, &answer);
    sapa_wipe(ha1, sizeof(ha1));
    sapa_sip_put_header(head, proxy ? SAPA_SIP_H_PROXY_AUTHORIZATION : SAPA_SIP_H_AUTHORIZATION, sapa_text_str(&value));
    return !value.cut && !head->cut;
}

static struct sapa_str domain_of(const struct sapa_trunk *trunk)
{
    return trunk->domain.n > 0 ? trunk->domain : trunk->host;
}

/* A host as a URI has it: brackets for IPv6. */
static void put_host(struct sapa_text *out, struct sapa_str host)
{
    struct sapa_sip_ip ip;
    if (sapa_sip_ip_parse(host, 0, &ip) == SAPA_OK)
        sapa_sip_put_ip(out, &ip);
    else
        sapa_text_add(out, host);
}

/* `challenge`: the 401 or 407 that this answers; NULL: the first of a round. */
static bool send_register(struct sapa_voice *v, uint32_t index, const struct sapa_sip_msg *challenge)
{
    struct voice_trunk *t = &v->trunks[index];
    struct voice_trunk_registration *r = &t->registration;
    const struct sapa_trunk *trunk = &v->centre->trunks[index];
    char uri_buf[160], address_buf[320], contact_buf[320], head_buf[1300];
    struct sapa_text uri, address, contact, head;
    sapa_sip_tx_id tx;
    if (!challenge && sapa_voice_trunk_flow(v, index, &r->flow) != SAPA_OK)
        return false;
    if (!r->call_id[0]) {
        sapa_sip_token(v->stack, r->call_id);
        sapa_sip_token(v->stack, r->tag);
    }
    sapa_text_init(&uri, uri_buf, sizeof(uri_buf));
    sapa_text_init(&address, address_buf, sizeof(address_buf));
    sapa_text_init(&contact, contact_buf, sizeof(contact_buf));
    sapa_text_init(&head, head_buf, sizeof(head_buf));
    sapa_text_add(&uri, SAPA_STR("sip:"));
    put_host(&uri, domain_of(trunk));
    sapa_text_add(&address, SAPA_STR("<sip:"));
    sapa_sip_put_user(&address, trunk->user);
    sapa_text_char(&address, '@');
    put_host(&address, domain_of(trunk));
    sapa_text_char(&address, '>');
    char user_buf[200];
    struct sapa_text user;
    sapa_text_init(&user, user_buf, sizeof(user_buf));
    sapa_sip_put_user(&user, trunk->user);
    sapa_sip_put_contact(&contact, &r->flow, sapa_text_str(&user));
    sapa_sip_put_number(&head, SAPA_SIP_H_EXPIRES, SAPA_MAX(r->for_s, trunk->register_s ? trunk->register_s : 600));
    if (challenge && !sapa_voice_trunk_credentials(v, trunk, challenge, SAPA_STR("REGISTER"), sapa_text_str(&uri), &head))
        return false;
    const struct sapa_sip_request request = {
        .method = SAPA_SIP_REGISTER, .flow = r->flow, .uri = sapa_text_str(&uri), .from = sapa_text_str(&address),
        .to = sapa_text_str(&address), .from_tag = sapa_str_of(r->tag), .call_id = sapa_str_of(r->call_id), .cseq = ++r->cseq,
        .contact = sapa_text_str(&contact), .spec = { .headers = sapa_text_str(&head) },
        .user = voice_ask(ASK_REGISTER, index, 0),
    };
    r->under_way = !uri.cut && !address.cut && !contact.cut && !head.cut &&
                   sapa_sip_request_send(v->stack, &request, sapa_voice_now(v), &tx) == SAPA_OK;
    return r->under_way;
}

/* How long they know us: what stands beside our Contact, else in Expires. */
static uint32_t granted(const struct sapa_sip_msg *msg, const struct sapa_trunk *trunk, uint32_t asked)
{
    struct sapa_sip_iter iter = sapa_sip_iter_of(msg, SAPA_SIP_H_CONTACT);
    struct sapa_str value, text;
    uint32_t seconds = asked;
    uint64_t number;
    (void)!sapa_sip_seconds(msg, SAPA_SIP_H_EXPIRES, &seconds);
    while (sapa_sip_iter_next(&iter, &value)) {
        struct sapa_sip_addr contact;
        char buf[128];
        struct sapa_str user;
        if (sapa_sip_addr_parse(value, &contact) == SAPA_OK && !contact.star &&
            sapa_sip_unescape(contact.uri.user, buf, sizeof(buf), &user) == SAPA_OK && sapa_str_eq(user, trunk->user) &&
            sapa_sip_params_get(contact.params, SAPA_STR("expires"), &text) && sapa_str_u64(text, UINT32_MAX, &number) == SAPA_OK)
            seconds = (uint32_t)number;
    }
    return SAPA_MIN(SAPA_MAX(seconds, 10u), 86400u);
}

void sapa_voice_trunk_registered(struct sapa_voice *v, uint32_t index, const struct sapa_sip_event *ev)
{
    if (index >= v->centre->trunks_count || index >= VOICE_TRUNKS_MAX || !v->centre->trunks[index].registers)
        return;
    struct voice_trunk_registration *r = &v->trunks[index].registration;
    const struct sapa_trunk *trunk = &v->centre->trunks[index];
    const int64_t now = sapa_voice_now(v);
    const bool answered = ev->kind == SAPA_SIP_EV_RESPONSE;
    r->under_way = false;
    if (answered && (ev->status == 401 || ev->status == 407) && r->auth_tries < VOICE_AUTH_TRIES) {
        r->auth_tries++;
        if (send_register(v, index, ev->msg))
            return;
    }
    r->auth_tries = 0;
    if (answered && ev->status == 423 && sapa_sip_seconds(ev->msg, SAPA_SIP_H_MIN_EXPIRES, &r->for_s) == SAPA_OK &&
        r->for_s <= 86400 && r->fails < 3) {
        r->fails++;
        r->due_us = 0;
        return;
    }
    if (answered && ev->status >= 200 && ev->status < 300) {
        const uint32_t seconds = granted(ev->msg, trunk, SAPA_MAX(r->for_s, trunk->register_s));
        r->on = true;
        r->fails = 0;
        r->due_us = now + (seconds > 120 ? (int64_t)(seconds - 60) : (int64_t)seconds / 2) * 1000000;
    } else {
        r->on = false;
        r->fails = (uint8_t)SAPA_MIN(r->fails + 1, 100);
        r->due_us = now + SAPA_MIN((int64_t)RETRY_US << SAPA_MIN(r->fails - 1, 6), REGISTER_RETRY_US);
    }
    judge(v, index, answered ? ev->status : 408);
}

void sapa_voice_trunks_flow_closed(struct sapa_voice *v, const struct sapa_sip_flow *flow)
{
    for (uint32_t i = 0; i < v->centre->trunks_count && i < VOICE_TRUNKS_MAX; i++) {
        struct voice_trunk_registration *r = &v->trunks[i].registration;
        if (v->centre->trunks[i].registers && r->on && sapa_sip_flow_eq(&r->flow, flow))
            r->due_us = 0; /* calls would come by the connection that is gone */
    }
}

/*
 * A trunk that says nothing at all to an INVITE is not waited for until the transaction ends (32 s): another may
 * carry the call. And sessions that are due.
 */
static void legs_second(struct sapa_voice *v, int64_t now)
{
    for (uint32_t i = 0; i < v->legs.count; i++) {
        struct voice_leg *leg = ((struct voice_ref *)sapa_table_at(&v->legs, i))->value;
        const uint32_t count = v->legs.count;
        if (leg->trunk != SAPA_NONE && leg->is_caller && leg->state == LEG_CALLING && !leg->heard && now - leg->called_us >= SILENT_US) {
            sapa_voice_trunk_answer(v, leg->trunk, false);
            sapa_voice_outbound_failed(v, leg, 408, false);
        } else {
            sapa_voice_session_second(v, leg);
        }
        if (v->legs.count != count)
            return; /* the table has changed: the others in the next second */
    }
}

void sapa_voice_trunks_second(struct sapa_voice *v)
{
    const int64_t now = sapa_voice_now(v);
    legs_second(v, now);
    for (uint32_t i = 0; i < v->centre->trunks_count && i < VOICE_TRUNKS_MAX; i++) {
        struct voice_trunk *t = &v->trunks[i];
        if (t->resolve_due_us <= now && !t->query)
            resolve(v, t, &v->centre->trunks[i]);
        struct voice_trunk_registration *r = &t->registration;
        if (v->centre->trunks[i].registers && t->ip.family != 0 && !r->under_way && r->due_us <= now && v->adopt == ADOPT_DONE &&
            !send_register(v, i, NULL)) {
            r->due_us = now + RETRY_US;
            r->fails = (uint8_t)SAPA_MIN(r->fails + 1, 100);
            r->on = false;
            judge(v, i, 0);
        }
        if (v->options.ping_ms == UINT32_MAX || t->ip.family == 0 || t->asked)
            continue;
        if (t->ping_due_us == 0)
            t->ping_due_us = now + 1000000;
        if (t->ping_due_us <= now) {
            t->ping_due_us = now + (int64_t)v->options.ping_ms * 1000;
            ask(v, i);
        }
    }
}
