#include "channel/voice/voice_impl.h"

/*
 * Trunks: their addresses (RFC 3263; names are looked up again every minute) and whether these answer OPTIONS. Any
 * answer is a sign of life; two silences in a row and calls go by others first; when none of a trunk's addresses answers
 * there is an alarm. A call that fails at one address goes on at the next of the same trunk, then by the next trunk.
 * Some carriers want us registered: that is kept up here, with credentials for each challenge.
 */
enum { RESOLVE_US = 60000000, RESOLVE_FAILED_US = 5000000, RETRY_US = 5000000, REGISTER_RETRY_US = 300000000, SILENT_US = 5000000 };

/* ---- where it is ---- */

static struct sapa_str host_of(const struct sapa_trunk *trunk, unsigned host)
{
    return host == 0 ? trunk->host : trunk->also[host - 1];
}

static unsigned hosts_of(const struct sapa_trunk *trunk)
{
    return trunk->host.n > 0 ? 1u + trunk->also_count : 0;
}

static uint32_t place_id(const struct sapa_sip_place *place)
{
    const uint8_t head[4] = { place->kind, place->ip.family, (uint8_t)(place->ip.port >> 8), (uint8_t)place->ip.port };
    const uint32_t crc = sapa_crc32c(sapa_crc32c(0, head, sizeof(head)), place->ip.bytes, sizeof(place->ip.bytes));
    return crc ? crc : 1;
}

static struct voice_place *watched(struct voice_trunk *t, uint32_t id)
{
    for (uint8_t i = 0; i < t->place_count; i++)
        if (t->watched[i].id == id)
            return &t->watched[i];
    return NULL;
}

/* One host's addresses instead of those that it had; what is known of the same address stays. */
static void put_places(struct voice_trunk *t, uint8_t host, const struct sapa_sip_place *places, size_t count)
{
    const struct voice_trunk old = *t;
    t->place_count = 0;
    for (uint8_t i = 0; i < old.place_count && old.watched[i].host < host; i++) {
        t->places[t->place_count] = old.places[i];
        t->watched[t->place_count++] = old.watched[i];
    }
    for (size_t i = 0; i < count && t->place_count < VOICE_PLACES_MAX; i++) {
        struct sapa_sip_place place = places[i];
        place.rank |= (uint32_t)host << 24;
        place.group = (uint8_t)(place.group + host * SAPA_SIP_PLACES_MAX);
        const uint32_t id = place_id(&place);
        const struct voice_place *before = NULL;
        for (uint8_t n = 0; n < old.place_count && !before; n++)
            before = old.watched[n].id == id ? &old.watched[n] : NULL;
        if (watched(t, id))
            continue; /* two names of one address */
        t->places[t->place_count] = place;
        t->watched[t->place_count] = before ? *before : (struct voice_place){ .id = id };
        t->watched[t->place_count++].host = host;
    }
    for (uint8_t i = 0; i < old.place_count; i++)
        if (old.watched[i].host > host && t->place_count < VOICE_PLACES_MAX && !watched(t, old.watched[i].id)) {
            t->places[t->place_count] = old.places[i];
            t->watched[t->place_count++] = old.watched[i];
        }
}

static void located(void *ctx, sapa_rc rc, const struct sapa_sip_place *places, size_t count)
{
    struct voice_trunk_host *host = ctx;
    struct sapa_voice *v = host->trunk->voice;
    host->locate = NULL;
    host->due_us = sapa_voice_now(v) + (rc == SAPA_OK ? RESOLVE_US : RESOLVE_FAILED_US);
    if (rc == SAPA_OK) /* else the old addresses stay */
        put_places(host->trunk, (uint8_t)(host - host->trunk->hosts), places, count);
}

static uint8_t kind_of(const struct sapa_trunk *trunk)
{
    static const uint8_t kinds[] = { SAPA_SIP_FLOW_UDP, SAPA_SIP_FLOW_TCP, SAPA_SIP_FLOW_TLS, SAPA_SIP_FLOW_NONE };
    return trunk->transport < SAPA_COUNT(kinds) ? kinds[trunk->transport] : SAPA_SIP_FLOW_UDP;
}

static void resolve(struct sapa_voice *v, struct voice_trunk *t, const struct sapa_trunk *trunk, unsigned host)
{
    const uint8_t kind = kind_of(trunk);
    const uint16_t port = trunk->port ? trunk->port : kind == SAPA_SIP_FLOW_TLS ? 5061 : 5060;
    struct sapa_sip_place place = { .kind = kind ? kind : SAPA_SIP_FLOW_UDP };
    t->hosts[host].due_us = INT64_MAX;
    if (sapa_sip_ip_parse(host_of(trunk, host), port, &place.ip) == SAPA_OK) {
        put_places(t, (uint8_t)host, &place, 1);
        return;
    }
    const struct sapa_sip_locate_ask question = { .host = host_of(trunk, host), .port = trunk->port, .kind = kind };
    if (!v->dns || sapa_sip_locate(v->loop, v->dns, &question, located, &t->hosts[host], &t->hosts[host].locate) != SAPA_OK)
        t->hosts[host].due_us = sapa_voice_now(v) + RESOLVE_FAILED_US;
}

void sapa_voice_trunks_stop(struct sapa_voice *v)
{
    for (size_t i = 0; i < VOICE_TRUNKS_MAX; i++)
        for (size_t n = 0; n < SAPA_TRUNK_HOSTS_MAX; n++) {
            sapa_sip_locate_cancel(v->trunks[i].hosts[n].locate);
            v->trunks[i].hosts[n].locate = NULL;
        }
}

void sapa_voice_trunks_resolver(struct sapa_voice *v)
{
    char servers[256];
    struct sapa_text text;
    struct sapa_dns *dns = NULL;
    sapa_voice_trunks_stop(v);
    sapa_text_init(&text, servers, sizeof(servers));
    for (size_t i = 0; i < v->centre->system.name_servers.n; i++)
        if (v->centre->system.name_servers.p[i] != ' ')
            sapa_text_char(&text, v->centre->system.name_servers.p[i]);
    /* A trunk that is not found is looked up again soon: rather a short patience for each question. */
    const struct sapa_dns_opts opts = { .servers = text.n > 0 && !text.cut ? servers : NULL, .timeout_ms = 1000, .tries = 2 };
    const sapa_rc rc = sapa_dns_new(v->loop, &opts, &dns);
    if (rc != SAPA_OK) {
        sapa_log(SAPA_LOG_ERROR, "voice.dns", "%s", sapa_rc_text(rc));
        return; /* the one before goes on */
    }
    sapa_dns_free(v->dns);
    v->dns = dns;
}

static bool same_place(const struct sapa_trunk *a, const struct sapa_trunk *b)
{
    bool same = sapa_str_eq(a->host, b->host) && a->also_count == b->also_count && a->port == b->port && a->transport == b->transport;
    for (uint8_t i = 0; same && i < a->also_count; i++)
        same = sapa_str_eq(a->also[i], b->also[i]);
    return same;
}

void sapa_voice_trunks_map(struct sapa_voice *v, const struct sapa_centre *old)
{
    static struct voice_trunk before[VOICE_TRUNKS_MAX]; /* of this thread alone */
    if (old && !sapa_str_eq(old->system.name_servers, v->centre->system.name_servers))
        sapa_voice_trunks_resolver(v);
    sapa_voice_trunks_stop(v);
    memcpy(before, v->trunks, sizeof(before));
    for (uint32_t i = 0; i < VOICE_TRUNKS_MAX; i++) {
        v->trunks[i] = (struct voice_trunk){ .voice = v };
        for (size_t n = 0; n < SAPA_TRUNK_HOSTS_MAX; n++)
            v->trunks[i].hosts[n] = (struct voice_trunk_host){ .trunk = &v->trunks[i], .due_us = INT64_MAX };
    }
    for (uint32_t i = 0; old && i < old->trunks_count && i < VOICE_TRUNKS_MAX; i++) {
        const uint32_t now = SAPA_FIND(v->centre, trunks, old->trunks[i].key);
        if (now >= VOICE_TRUNKS_MAX)
            continue;
        struct voice_trunk *t = &v->trunks[now];
        const struct sapa_trunk *was = &old->trunks[i], *is = &v->centre->trunks[now];
        t->calls = before[i].calls;
        t->alarm = before[i].alarm;
        if (!same_place(was, is))
            continue;
        t->down = before[i].down;
        t->since_us = before[i].since_us;
        t->last_status = before[i].last_status;
        t->failed_us = before[i].failed_us;
        t->place_count = before[i].place_count;
        memcpy(t->places, before[i].places, sizeof(t->places));
        memcpy(t->watched, before[i].watched, sizeof(t->watched));
        for (uint8_t n = 0; n < t->place_count; n++)
            t->watched[n].asked = false; /* its answer would name an old number */
        if (sapa_str_eq(was->user, is->user) && sapa_str_eq(was->domain, is->domain))
            t->registration = before[i].registration;
        t->registration.under_way = false;
    }
    for (uint32_t i = 0; i < v->centre->trunks_count && i < VOICE_TRUNKS_MAX; i++)
        for (unsigned n = 0; n < hosts_of(&v->centre->trunks[i]); n++)
            resolve(v, &v->trunks[i], &v->centre->trunks[i], n);
}

/* ---- a way there ---- */

static sapa_rc open_place(struct sapa_voice *v, uint32_t index, const struct sapa_sip_place *place, unsigned host, struct sapa_sip_flow *ret_flow)
{
    const struct sapa_trunk *trunk = &v->centre->trunks[index];
    struct sapa_sip_ip numeric;
    if (!v->net)
        return v->options.transport->open(v->options.transport_ctx, place->kind, &place->ip, ret_flow);
    if (place->kind == SAPA_SIP_FLOW_TLS) { /* it must be who it is called in the description, whatever name servers say */
        const struct sapa_str name = trunk->tls_name.n > 0 ? trunk->tls_name
                                     : sapa_sip_ip_parse(host_of(trunk, host), 0, &numeric) == SAPA_OK ? (struct sapa_str){ NULL, 0 }
                                                                                                       : host_of(trunk, host);
        const sapa_rc rc = sapa_sip_net_tls_name(v->net, &place->ip, name);
        if (rc != SAPA_OK)
            return rc;
    }
    return sapa_sip_net_ops.open(v->net, place->kind, &place->ip, ret_flow);
}

/* The place to try after `after` (0: the first of all) in the order of this seed; those that are down only where nothing else is wanted. */
static sapa_rc choose(struct sapa_voice *v, uint32_t index, uint64_t seed, uint32_t after, bool also_down, struct sapa_sip_flow *ret_flow, uint32_t *ret_place)
{
    const struct voice_trunk *t = &v->trunks[index];
    uint8_t order[VOICE_PLACES_MAX];
    size_t i = 0;
    sapa_sip_places_order(t->places, t->place_count, seed, order);
    for (; after != 0 && i < t->place_count; i++)
        if (t->watched[order[i]].id == after) {
            i++;
            break;
        }
    for (; i < t->place_count; i++) {
        const struct voice_place *w = &t->watched[order[i]];
        if ((w->down && !also_down) || (ret_flow && open_place(v, index, &t->places[order[i]], w->host, ret_flow) != SAPA_OK))
            continue;
        *ret_place = w->id;
        return SAPA_OK;
    }
    return SAPA_ENOENT;
}

static uint64_t seed_of(const struct voice_contact *c)
{
    return c->id ^ (uint64_t)c->attempt << 48;
}

sapa_rc sapa_voice_trunk_way(struct sapa_voice *v, struct voice_leg *leg)
{
    struct voice_contact *c = leg->contact;
    const bool on = c->dial_after.place != 0 && c->dial_after.trunk == leg->trunk && c->dial_after.attempt == c->attempt;
    const uint32_t after = on ? c->dial_after.place : 0;
    c->dial_after.place = 0;
    return choose(v, leg->trunk, seed_of(c), after, false, &leg->flow, &leg->place);
}

uint32_t sapa_voice_trunk_after(struct sapa_voice *v, const struct voice_leg *leg)
{
    struct voice_contact *c = leg->contact;
    uint32_t place;
    if (leg->trunk >= v->centre->trunks_count || leg->trunk >= VOICE_TRUNKS_MAX)
        return SAPA_NONE;
    struct voice_place *w = watched(&v->trunks[leg->trunk], leg->place);
    if (w && v->options.ping_ms != UINT32_MAX)
        w->ping_due_us = SAPA_MIN(w->ping_due_us, sapa_voice_now(v)); /* is it there at all? */
    if (!w || choose(v, leg->trunk, seed_of(c), leg->place, false, NULL, &place) != SAPA_OK)
        return leg->trunk + 1;
    c->dial_after.attempt = c->attempt;
    c->dial_after.trunk = leg->trunk;
    c->dial_after.place = leg->place;
    return leg->trunk;
}

struct sapa_str sapa_voice_trunk_host(const struct sapa_voice *v, const struct voice_leg *leg)
{
    const struct voice_trunk *t = &v->trunks[leg->trunk];
    for (uint8_t i = 0; i < t->place_count; i++)
        if (t->watched[i].id == leg->place)
            return host_of(&v->centre->trunks[leg->trunk], t->watched[i].host);
    return v->centre->trunks[leg->trunk].host;
}

bool sapa_voice_trunk_is_at(const struct sapa_voice *v, uint32_t index, const struct sapa_sip_ip *ip)
{
    const struct voice_trunk *t = &v->trunks[index];
    for (uint8_t i = 0; i < t->place_count; i++)
        if (sapa_sip_ip_same_host(&t->places[i].ip, ip))
            return true;
    return false;
}

/* ---- does it answer? ---- */

static void ask(struct sapa_voice *v, uint32_t index, uint8_t at)
{
    struct voice_trunk *t = &v->trunks[index];
    struct sapa_sip_flow flow;
    char uri_buf[320], from_buf[320], to_buf[340];
    struct sapa_text uri, from, to;
    sapa_sip_tx_id tx;
    if (open_place(v, index, &t->places[at], t->watched[at].host, &flow) != SAPA_OK) {
        sapa_voice_trunk_answer(v, index, t->watched[at].id, false);
        return;
    }
    sapa_text_init(&uri, uri_buf, sizeof(uri_buf));
    sapa_text_init(&from, from_buf, sizeof(from_buf));
    sapa_text_init(&to, to_buf, sizeof(to_buf));
    sapa_text_add(&uri, SAPA_STR("sip:"));
    sapa_sip_put_ip_port(&uri, &t->places[at].ip);
    if (flow.kind != SAPA_SIP_FLOW_UDP)
        sapa_text_add(&uri, flow.kind == SAPA_SIP_FLOW_TCP ? SAPA_STR(";transport=tcp") : SAPA_STR(";transport=tls"));
    sapa_text_printf(&to, "<%s>", uri_buf);
    sapa_text_printf(&from, "<sip:" SAPA_STR_FMT ">", SAPA_STR_ARG(v->centre->system.sip_host));
    const struct sapa_sip_request request = {
        .method = SAPA_SIP_OPTIONS, .flow = flow, .uri = sapa_text_str(&uri), .from = sapa_text_str(&from),
        .to = sapa_text_str(&to), .user = voice_ask(ASK_TRUNK, index, t->watched[at].id),
    };
    t->watched[at].asked_us = sapa_voice_now(v);
    t->watched[at].asked = sapa_sip_request_send(v->stack, &request, sapa_voice_now(v), &tx) == SAPA_OK;
}

static void failed(struct sapa_voice *v, struct voice_trunk *t, int status)
{
    t->last_status = (uint16_t)(status > 0 ? status : 408);
    t->failed_us = sapa_voice_wall(v);
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

void sapa_voice_trunk_answer(struct sapa_voice *v, uint32_t index, uint32_t place, bool alive)
{
    if (index >= v->centre->trunks_count || index >= VOICE_TRUNKS_MAX)
        return;
    struct voice_trunk *t = &v->trunks[index];
    struct voice_place *w = watched(t, place);
    if (!w)
        return; /* its name leads elsewhere by now */
    if (alive && w->asked) /* at least what can be told */
        w->rtt_us = (uint32_t)SAPA_MIN(SAPA_MAX(sapa_voice_now(v) - w->asked_us, 1), UINT32_MAX);
    w->asked = false;
    if (!alive)
        failed(v, t, 408);
    if (!alive && v->options.ping_ms != UINT32_MAX) /* soon again: is it down, is it back? */
        w->ping_due_us = SAPA_MIN(w->ping_due_us, sapa_voice_now(v) + RETRY_US);
    w->fails = alive ? 0 : (uint8_t)SAPA_MIN(w->fails + 1, 100);
    if (w->down != (w->fails >= 2) && t->place_count > 1) { /* of one address the alarm tells */
        char buf[80];
        struct sapa_text at;
        sapa_text_init(&at, buf, sizeof(buf));
        sapa_sip_put_ip_port(&at, &t->places[w - t->watched].ip);
        const struct sapa_str key = v->centre->trunks[index].key;
        if (w->down)
            sapa_log(SAPA_LOG_INFO, "voice.carrier", "trunk=" SAPA_STR_FMT " address=%s answers=again", SAPA_STR_ARG(key), buf);
        else
            sapa_log(SAPA_LOG_WARN, "voice.carrier", "trunk=" SAPA_STR_FMT " address=%s answers=no", SAPA_STR_ARG(key), buf);
    }
    w->down = w->fails >= 2;
    const bool was_down = t->down;
    t->down = true;
    for (uint8_t i = 0; i < t->place_count; i++)
        t->down = t->down && t->watched[i].down;
    if (t->down != was_down || (t->since_us == 0 && alive))
        t->since_us = sapa_voice_wall(v);
    judge(v, index, 0);
}

/* ---- registration ---- */

bool sapa_voice_trunk_good(const struct sapa_voice *v, uint32_t index)
{
    const struct voice_trunk *t = &v->trunks[index];
    return t->place_count > 0 && !t->down && (!v->centre->trunks[index].registers || t->registration.on);
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
    /* After a failure another address comes first; one that is down is better than none. */
    if (!challenge && choose(v, index, (uint64_t)index << 8 | r->fails, 0, t->down, &r->flow, &r->place) != SAPA_OK)
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

/* The address that did not take our registration is as good as silent; another one is asked in the next second. */
static void elsewhere(struct sapa_voice *v, uint32_t index)
{
    struct voice_trunk *t = &v->trunks[index];
    struct voice_place *w = watched(t, t->registration.place);
    if (t->place_count < 2 || !w || w->down)
        return;
    w->fails = 1;
    sapa_voice_trunk_answer(v, index, w->id, false);
    if (!t->down)
        t->registration.due_us = 0;
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
        if (!r->on)
            v->trunks[index].since_us = sapa_voice_wall(v);
        r->on = true;
        r->fails = 0;
        r->due_us = now + (seconds > 120 ? (int64_t)(seconds - 60) : (int64_t)seconds / 2) * 1000000;
    } else {
        if (r->on)
            v->trunks[index].since_us = sapa_voice_wall(v);
        r->on = false;
        r->fails = (uint8_t)SAPA_MIN(r->fails + 1, 100);
        r->due_us = now + SAPA_MIN((int64_t)RETRY_US << SAPA_MIN(r->fails - 1, 6), REGISTER_RETRY_US);
        if (!answered || ev->status == 408 || ev->status == 503) /* by another address at once, if there is one */
            elsewhere(v, index);
        failed(v, &v->trunks[index], answered ? ev->status : 408);
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
            sapa_voice_trunk_answer(v, leg->trunk, leg->place, false);
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
        for (unsigned n = 0; n < SAPA_TRUNK_HOSTS_MAX; n++)
            if (t->hosts[n].due_us <= now && !t->hosts[n].locate)
                resolve(v, t, &v->centre->trunks[i], n);
        struct voice_trunk_registration *r = &t->registration;
        if (v->centre->trunks[i].registers && t->place_count > 0 && !r->under_way && r->due_us <= now && v->adopt == ADOPT_DONE &&
            !send_register(v, i, NULL)) {
            r->due_us = now + RETRY_US;
            r->fails = (uint8_t)SAPA_MIN(r->fails + 1, 100);
            r->on = false;
            judge(v, i, 0);
        }
        for (uint8_t n = 0; n < t->place_count && v->options.ping_ms != UINT32_MAX; n++) {
            struct voice_place *w = &t->watched[n];
            if (w->asked)
                continue;
            if (w->ping_due_us == 0)
                w->ping_due_us = now + 1000000;
            if (w->ping_due_us <= now) {
                w->ping_due_us = now + (int64_t)v->options.ping_ms * 1000;
                ask(v, i, n);
            }
        }
    }
}

void sapa_voice_trunks_each(const struct sapa_voice *v, sapa_voice_trunk_fn *fn, void *ctx)
{
    for (uint32_t i = 0; i < v->centre->trunks_count && i < VOICE_TRUNKS_MAX; i++) {
        const struct voice_trunk *t = &v->trunks[i];
        const struct sapa_trunk *trunk = &v->centre->trunks[i];
        struct sapa_voice_trunk_state state = {
            .key = trunk->key, .host = trunk->host, .known = t->place_count > 0, .down = t->down, .registers = trunk->registers,
            .registered = t->registration.on, .inbound = trunk->host.n == 0, .calls = t->calls, .calls_max = trunk->calls_max,
            .addresses = t->place_count, .last_status = t->last_status, .failed_us = t->failed_us, .since_us = t->since_us,
        };
        for (uint8_t n = 0; n < t->place_count; n++) {
            state.addresses_down += t->watched[n].down;
            if (!t->watched[n].down)
                state.rtt_us = SAPA_MAX(state.rtt_us, t->watched[n].rtt_us);
        }
        fn(ctx, &state);
    }
}
