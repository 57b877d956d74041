#include "channel/voice/voice_impl.h"

/*
 * Trunks: their address (looked up again every minute) and whether they answer OPTIONS. Any answer
 * is a sign of life; two silences in a row raise the alarm, and calls go by other trunks first.
 */
enum { RESOLVE_US = 60000000, RESOLVE_FAILED_US = 5000000, RETRY_US = 5000000 };

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

void sapa_voice_trunk_answer(struct sapa_voice *v, uint32_t index, bool alive)
{
    if (index >= v->centre->trunks_count || index >= VOICE_TRUNKS_MAX)
        return;
    struct voice_trunk *t = &v->trunks[index];
    t->asked = false;
    if (!alive && v->options.ping_ms != UINT32_MAX) /* soon again: is it down, is it back? */
        t->ping_due_us = SAPA_MIN(t->ping_due_us, sapa_voice_now(v) + RETRY_US);
    t->fails = alive ? 0 : (uint8_t)SAPA_MIN(t->fails + 1, 100);
    const bool down = t->fails >= 2;
    if (down == t->down)
        return;
    t->down = down;
    char text[120];
    struct sapa_text out;
    sapa_text_init(&out, text, sizeof(text));
    sapa_text_printf(&out, "trunk " SAPA_STR_FMT "%s", SAPA_STR_ARG(v->centre->trunks[index].key),
                     down ? " does not answer: check the line to the carrier" : " answers again");
    sapa_voice_alarm(v, SAPA_ALARM_TRUNK_DOWN, down, 0, text);
}

void sapa_voice_trunks_second(struct sapa_voice *v)
{
    const int64_t now = sapa_voice_now(v);
    for (uint32_t i = 0; i < v->centre->trunks_count && i < VOICE_TRUNKS_MAX; i++) {
        struct voice_trunk *t = &v->trunks[i];
        if (t->resolve_due_us <= now && !t->query)
            resolve(v, t, &v->centre->trunks[i]);
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
