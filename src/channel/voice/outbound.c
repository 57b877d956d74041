#include "channel/voice/voice_impl.h"

#include <stdlib.h>

/* ---- rings an agent's phone ---- */

enum { LINE_TRIES = 50, LINE_EVERY_US = 20000 }; /* then the phone may say itself that it is busy */

static const char *const ELSEWHERE = "SIP;cause=200;text=\"Call completed elsewhere\"";

static bool set_target(struct voice_leg *leg, struct sapa_str uri, struct sapa_str route)
{
    if (uri.n + route.n > 4096)
        return false;
    leg->target = malloc(uri.n + route.n + 1);
    if (!leg->target)
        return false;
    memcpy(leg->target, uri.p, uri.n);
    if (route.n > 0)
        memcpy(leg->target + uri.n, route.p, route.n);
    leg->target_n = (uint16_t)uri.n;
    leg->route_n = (uint16_t)route.n;
    return true;
}

/* Who a contact is that an earlier process knew. */
static void recall(struct sapa_voice *v, struct voice_contact *c)
{
    struct sapa_text64 address = { .n = 0 };
    uint32_t number = SAPA_NONE;
    if (c->address[0] || !v->options.callbacks.address ||
        !v->options.callbacks.address(v->options.callbacks.ctx, c->id, &address, &c->person, &number))
        return;
    sapa_str_copy(sapa_sized_str(&address), c->address, sizeof(c->address));
    if (c->number == SAPA_NONE && number < v->centre->numbers_count) {
        c->number = number;
        c->client = v->centre->numbers[number].client;
    }
}

static void phones_silent(void *ctx)
{
    struct voice_offer *o = ctx;
    struct sapa_voice *v = o->voice;
    sapa_voice_touch(v);
    if (!o->legs && !o->over) { /* his browser was awaited in vain */
        sapa_voice_offer_failed(v, o, SAPA_OFFER_UNREACHABLE, 480);
        return;
    }
    for (struct voice_leg *leg = o->legs; leg && !o->over; leg = leg->next) {
        if (leg->state > LEG_CALLING || leg->heard)
            continue;
        const bool asked = leg->state == LEG_CALLING && !o->adopted; /* what an earlier process heard is not known */
        if (asked)
            sapa_voice_device_bad(v, o->agent, leg->device_crc, "no answer to INVITE");
        sapa_voice_outbound_failed(v, leg, asked ? 408 : 500, false);
    }
}

/* One phone of the agent; with a media leg of an earlier process when there is one. */
static void ask_phone(struct sapa_voice *v, struct voice_offer *o, const struct sapa_sip_binding *binding, uint32_t crc)
{
    struct voice_contact *c = o->contact;
    const uint64_t id = sapa_voice_ring_of(v, o->id, crc).leg;
    const struct sapa_media_message *media = o->adopted ? sapa_voice_inventory_of(v, id) : NULL;
    struct voice_leg *leg = sapa_voice_leg_new(v, LEG_AGENT, c, id);
    const bool web = sapa_voice_flow_is_web(&binding->flow) || sapa_voice_uri_is_web(binding->contact);
    if (!leg)
        return;
    if (o->auto_crc == 0 || (web && !o->auto_web)) { /* of several phones one answers by itself: he sits before his browser */
        o->auto_crc = crc;
        o->auto_web = web;
    }
    leg->is_caller = true;
    leg->agent = o->agent;
    leg->offer = o;
    leg->next = o->legs;
    o->legs = leg;
    leg->device_crc = crc;
    leg->flow = binding->flow;
    leg->webrtc = web;
    leg->instance = sapa_voice_instance_hash(binding->instance);
    if (c->customer)
        leg->codec = c->customer->codec;
    const bool good = set_target(leg, binding->contact, binding->path);
    if (media) {
        leg->media = MEDIA_OPEN;
        leg->local = media->u.inventory.local;
        leg->generation = media->u.inventory.generation;
        if (leg->webrtc)
            sapa_voice_web_adopted(v, leg, media);
    }
    if (!good || (!media && sapa_voice_leg_open(v, leg) != SAPA_OK))
        sapa_voice_leg_over(v, leg);
}

/* Those phones whose ports are there. */
static void invite_ready(struct voice_offer *o)
{
    struct sapa_voice *v = o->voice;
    for (struct voice_leg *leg = o->legs, *next; leg && !o->over; leg = next) {
        next = leg->next;
        if (leg->state == LEG_NEW && leg->media == MEDIA_OPEN)
            sapa_voice_invite_agent(v, leg);
    }
}

static void line_free(void *ctx)
{
    struct voice_offer *o = ctx;
    sapa_voice_touch(o->voice);
    invite_ready(o);
}

static void offer_start(struct sapa_voice *v, const struct sapa_rec_cmd_offer *cmd, bool adopted)
{
    struct voice_contact *c = sapa_voice_find(&v->contacts, cmd->contact);
    if (!c && (cmd->kind == 1 || cmd->kind == 2)) { /* from before a restart: the agent is asked first */
        c = sapa_voice_contact_new(v, cmd->contact);
        if (c) {
            c->arrived = true;
            recall(v, c);
        }
    }
    struct voice_offer *o = c && cmd->agent < v->centre->agents_count && !sapa_voice_find(&v->offers, cmd->offer)
                                ? sapa_voice_offer_new(v, c, cmd->offer, (uint32_t)cmd->agent) : NULL;
    if (!o) {
        struct sapa_record r;
        sapa_record_init(&r, SAPA_T_offer_failed);
        r.u.offer_failed.offer = cmd->offer;
        r.u.offer_failed.result = SAPA_OFFER_FAULT;
        r.u.offer_failed.cause = 500;
        sapa_voice_post(v, &r);
        return;
    }
    o->queue = (uint32_t)cmd->queue;
    o->ring_ms = (uint32_t)cmd->ring_ms;
    o->kind = (uint8_t)cmd->kind;
    o->adopted = adopted;
    o->supervises = o->kind == VOICE_KIND_SUPERVISOR ? SAPA_SUPERVISION_LISTEN + 1 : 0;
    if (!o->supervises)
        v->agents[o->agent].last_queue = o->queue;
    v->stats.offers++;
    struct sapa_sip_binding bindings[VOICE_DEVICES_MAX];
    const size_t count = sapa_sip_registrar_lookup(v->registrar, v->centre->agents[o->agent].extension, sapa_voice_wall(v),
                                                   bindings, VOICE_DEVICES_MAX);
    size_t good = 0;
    for (size_t i = 0; i < count; i++)
        good += !sapa_voice_device_is_bad(v, o->agent, sapa_voice_device_crc(bindings[i].contact));
    for (size_t i = 0; i < count; i++) {
        const uint32_t crc = sapa_voice_device_crc(bindings[i].contact);
        if (good > 0 && sapa_voice_device_is_bad(v, o->agent, crc))
            continue;
        ask_phone(v, o, &bindings[i], crc);
    }
    if (adopted)
        invite_ready(o);
    if (o->over)
        return;
    for (struct voice_leg *leg = o->legs; leg; leg = leg->next)
        if (leg->state != LEG_OVER) {
            sapa_timer_set(v->loop, &o->silence, (int64_t)v->options.phone_answer_ms * 1000, phones_silent, o);
            return;
        }
    if (count == 0 && v->agents[o->agent].gap_until_us > sapa_voice_now(v)) { /* his page is being loaded anew */
        sapa_timer_set(v->loop, &o->silence, (int64_t)v->options.phone_answer_ms * 1000, phones_silent, o);
        return;
    }
    sapa_voice_offer_failed(v, o, count == 0 ? SAPA_OFFER_UNREACHABLE : SAPA_OFFER_FAULT, count == 0 ? 480 : 500);
}

void sapa_voice_offers_registered(struct sapa_voice *v, uint32_t agent)
{
    struct sapa_sip_binding bindings[VOICE_DEVICES_MAX];
    for (uint32_t i = 0; i < v->offers.count; i++) {
        struct voice_offer *o = ((struct voice_ref *)sapa_table_at(&v->offers, i))->value;
        if (o->agent != agent || o->over || o->legs || o->winner || o->lent || !sapa_timer_is_set(&o->silence))
            continue;
        const size_t count = sapa_sip_registrar_lookup(v->registrar, v->centre->agents[agent].extension, sapa_voice_wall(v), bindings,
                                                       VOICE_DEVICES_MAX);
        for (size_t n = 0; n < count; n++)
            ask_phone(v, o, &bindings[n], sapa_voice_device_crc(bindings[n].contact));
        if (o->legs)
            sapa_timer_set(v->loop, &o->silence, (int64_t)v->options.phone_answer_ms * 1000, phones_silent, o);
    }
}

void sapa_voice_offer_command(struct sapa_voice *v, const struct sapa_rec_cmd_offer *cmd)
{
    offer_start(v, cmd, false);
}

bool sapa_voice_offer_adopt(struct sapa_voice *v, const struct sapa_voice_held *held)
{
    const struct sapa_rec_cmd_offer cmd = { .offer = held->offer, .contact = held->contact, .agent = held->agent,
                                            .queue = held->queue, .kind = held->kind, .ring_ms = held->ring_ms };
    const struct voice_contact *c = sapa_voice_find(&v->contacts, held->contact);
    const bool first = held->kind == 1 || held->kind == 2; /* the agent is asked first */
    if (v->media_up && ((c && c->customer && c->customer->state == LEG_UP) || first)) {
        v->stats.adopted++;
        offer_start(v, &cmd, true);
        return true;
    }
    sapa_voice_ring_cancel(v, held->offer, held->agent);
    return false;
}

/* "Toko Nusantara · Penjualan · Andi" <sip:62812…@host>: what the phone shows. */
static void put_caller(const struct sapa_voice *v, const struct voice_contact *c, uint32_t queue, struct sapa_text *out)
{
    char buf[160];
    struct sapa_text name;
    sapa_text_init(&name, buf, sizeof(buf));
    if (c->own_agent != SAPA_NONE && c->own_kind == SAPA_TARGET_QUEUE && c->own_target < v->centre->queues_count)
        queue = c->own_target; /* whom he calls: he knows himself */
    if (c->client < v->centre->clients_count)
        sapa_text_add(&name, v->centre->clients[c->client].name);
    if (queue < v->centre->queues_count) {
        sapa_text_printf(&name, "%s", name.n ? " · " : "");
        sapa_text_add(&name, v->centre->queues[queue].name);
    }
    if (c->name[0]) {
        sapa_text_printf(&name, "%s", name.n ? " · " : "");
        sapa_text_add(&name, sapa_str_of(c->name));
    }
    if (name.n > 0 && !name.cut) {
        sapa_sip_put_quoted(out, sapa_text_str(&name));
        sapa_text_char(out, ' ');
    }
    sapa_text_add(out, SAPA_STR("<sip:"));
    if (c->address[0])
        sapa_sip_put_user(out, sapa_str_of(c->address));
    else
        sapa_text_add(out, SAPA_STR("anonymous"));
    sapa_text_char(out, '@');
    sapa_text_add(out, c->address[0] ? v->centre->system.sip_host : SAPA_STR("anonymous.invalid"));
    sapa_text_char(out, '>');
}

static bool put_offer(struct sapa_voice *v, struct voice_leg *leg, struct sapa_text *sdp)
{
    struct sapa_sdp_codec codecs[SAPA_SDP_CODECS_MAX];
    struct sapa_sdp_want want;
    char host[64];
    sapa_voice_leg_want(v, leg, &want, host, codecs);
    return sapa_sdp_offer(&leg->sdp, &want, sdp) == SAPA_OK;
}

/* Is this phone to answer without its agent? Who supervises asked for it a moment ago. */
static bool answers_itself(const struct sapa_voice *v, const struct voice_leg *leg)
{
    const struct voice_offer *o = leg->offer;

    return o->supervises || (o->kind <= 1 && o->queue < v->centre->queues_count && v->centre->queues[o->queue].auto_answer &&
                             leg->device_crc == o->auto_crc);
}

/* What the phone is told beside the caller. */
static void put_offer_head(const struct sapa_voice *v, const struct voice_leg *leg, struct sapa_text *out)
{
    const struct voice_offer *o = leg->offer;
    const struct voice_contact *c = leg->contact;
    char id[24];
    struct sapa_text number;
    sapa_text_init(&number, id, sizeof(id));
    sapa_text_printf(&number, "%llu", (unsigned long long)c->id);
    sapa_sip_put_named(out, SAPA_STR("X-Sapa-Contact"), sapa_text_str(&number));
    if (o->queue < v->centre->queues_count)
        sapa_sip_put_named(out, SAPA_STR("X-Sapa-Queue"), v->centre->queues[o->queue].key);
    /* Should we die while it rings and nobody come after us: it gives up by itself (RFC 3261 13.3.1). */
    sapa_sip_put_number(out, SAPA_SIP_H_EXPIRES, o->ring_ms / 1000 + 5);
    const bool itself = answers_itself(v, leg);
    if (v->options.alert_info)
        sapa_sip_put_header(out, SAPA_SIP_H_ALERT_INFO, sapa_str_of(v->options.alert_info));
    else if (itself)
        sapa_sip_put_header(out, SAPA_SIP_H_ALERT_INFO, SAPA_STR("<http://localhost>;info=alert-autoanswer;delay=0"));
    if (itself) { /* RFC 5373, and the two ways of desk phones that came before it */
        sapa_sip_put_named(out, SAPA_STR("Call-Info"), SAPA_STR("<sip:localhost>;answer-after=0"));
        sapa_sip_put_named(out, SAPA_STR("Answer-Mode"), SAPA_STR("Auto"));
    }
}

/* Its port is there: the INVITE leaves, after the agent's line is free. */
void sapa_voice_invite_agent(struct sapa_voice *v, struct voice_leg *leg)
{
    const bool ghost = leg->offer->agent < v->centre->agents_count &&
                       sapa_voice_now(v) < v->agents[leg->offer->agent].ghost_until_us;
    if ((sapa_voice_code_yield(v, leg->offer->agent) || ghost) && leg->offer->line_tries < LINE_TRIES) {
        leg->offer->line_tries++;
        sapa_timer_set(v->loop, &leg->offer->line, LINE_EVERY_US, line_free, leg->offer);
        return;
    }

    char body[VOICE_SDP_MAX], from_buf[512], to_buf[256], head_buf[VOICE_HEADERS_MAX];
    struct sapa_text sdp, from, to, head;
    struct voice_offer *o = leg->offer;
    struct voice_contact *c = leg->contact;
    sapa_sip_tx_id tx;
    sapa_text_init(&sdp, body, sizeof(body));
    sapa_text_init(&from, from_buf, sizeof(from_buf));
    sapa_text_init(&to, to_buf, sizeof(to_buf));
    sapa_text_init(&head, head_buf, sizeof(head_buf));
    put_caller(v, c, o->queue, &from);
    sapa_text_add(&to, SAPA_STR("<sip:"));
    if (o->agent < v->centre->agents_count)
        sapa_sip_put_user(&to, v->centre->agents[o->agent].extension);
    sapa_text_char(&to, '@');
    sapa_text_add(&to, v->centre->system.sip_host);
    sapa_text_char(&to, '>');
    put_offer_head(v, leg, &head);
    const struct voice_ring ring = sapa_voice_ring_of(v, o->id, leg->device_crc);
    const struct sapa_sip_call call = {
        .flow = leg->flow,
        .hop = SAPA_SIP_HOP_FLOW,
        .call_id = sapa_str_of(ring.call_id),
        .from_tag = sapa_str_of(ring.tag),
        .branch = sapa_str_of(ring.branch),
        .uri = { leg->target, leg->target_n },
        .route = { leg->target + leg->target_n, leg->route_n },
        .from = sapa_text_str(&from),
        .to = sapa_text_str(&to),
        .spec = { .headers = sapa_text_str(&head), .body = sapa_text_str(&sdp) },
        .user = leg->id,
        .ring_ms = o->ring_ms + 10000, /* the core cancels; this is for when it cannot */
    };
    struct sapa_sip_call filled = call;
    const bool good = put_offer(v, leg, &sdp);
    filled.spec.body = sapa_text_str(&sdp);
    filled.from = sapa_text_str(&from);
    if (!good || from.cut || to.cut || head.cut ||
        sapa_sip_call_start(v->stack, &filled, sapa_voice_now(v), &leg->dialog, &tx) != SAPA_OK) {
        sapa_voice_outbound_failed(v, leg, 500, false);
        return;
    }
    leg->state = LEG_CALLING;
    leg->called_us = sapa_voice_now(v);
}

/*
 * "Answer now" for a phone that rings (NOTIFY with Event: talk, as desk phones take it): the 200 comes as ever, if it
 * comes at all. A phone that does not know it goes on ringing.
 */
static void tell_talk(struct sapa_voice *v, struct voice_leg *leg)
{
    const struct sapa_sip_spec spec = { .headers = SAPA_STR("Event: talk\r\nSubscription-State: active\r\n") };
    sapa_sip_tx_id tx;
    if (sapa_sip_dialog_send(v->stack, leg->dialog, SAPA_SIP_NOTIFY, &spec, sapa_voice_now(v), &tx) != SAPA_OK)
        v->stats.late_commands++;
}

void sapa_voice_offer_accept(struct sapa_voice *v, struct voice_offer *o)
{
    o->accept = true;
    for (struct voice_leg *leg = o->legs; leg; leg = leg->next)
        if (leg->state == LEG_CALLING && leg->ringing)
            tell_talk(v, leg);
}

void sapa_voice_offer_cancel(struct sapa_voice *v, struct voice_offer *o, bool elsewhere)
{
    const int64_t now = sapa_voice_now(v);
    if (o->lent) {
        sapa_voice_line_return(v, o->contact);
        return;
    }
    o->over = true;
    sapa_voice_whisper_forget(v, o);
    sapa_timer_cancel(v->loop, &o->silence);
    sapa_timer_cancel(v->loop, &o->line);
    for (struct voice_leg *leg = o->legs; leg; leg = leg->next) {
        if (leg->state == LEG_CALLING) {
            if (!leg->heard && now - leg->called_us > 2000000)
                sapa_voice_device_bad(v, o->agent, leg->device_crc, "no answer to INVITE");
            const struct sapa_str reason = elsewhere ? sapa_str_of(ELSEWHERE) : (struct sapa_str){ NULL, 0 };
            if (sapa_sip_call_cancel(v->stack, leg->dialog, reason, now) != SAPA_OK)
                v->stats.late_commands++;
            sapa_voice_leg_over(v, leg);
        } else {
            sapa_voice_leg_end(v, leg, 16, NULL);
        }
    }
    if (!o->legs) {
        o->next_dead = v->dead_offers;
        v->dead_offers = o;
        sapa_voice_touch(v);
    }
}

/* ---- places a call through a trunk ---- */

/* Through the first trunk from `first_trunk` on that has a line; says so when there is none. */
void sapa_voice_dial_next(struct sapa_voice *v, struct voice_contact *c, uint32_t first_trunk, int cause)
{
    const uint32_t count = SAPA_MIN(v->centre->trunks_count, (uint32_t)VOICE_TRUNKS_MAX);
    for (uint32_t i = first_trunk; i < count; i++) {
        struct voice_trunk *t = &v->trunks[i];
        const struct sapa_trunk *trunk = &v->centre->trunks[i];
        if (!sapa_voice_trunk_good(v, i) || (trunk->calls_max > 0 && t->calls >= trunk->calls_max))
            continue;
        struct voice_leg *leg = sapa_voice_leg_new(v, c->dial_kind == 1 ? LEG_OUTSIDE : LEG_CUSTOMER, c, 0);
        if (!leg)
            break;
        leg->is_caller = true;
        leg->trunk = i;
        leg->attempt = c->attempt;
        t->calls++;
        if (c->dial_kind == 1)
            sapa_voice_outside_add(c, leg);
        else
            c->customer = leg;
        if (c->dial_kind == 1 && c->customer)
            leg->codec = c->customer->codec;
        if (sapa_voice_trunk_way(v, leg) == SAPA_OK && sapa_voice_leg_open(v, leg) == SAPA_OK)
            return;
        sapa_voice_leg_over(v, leg);
    }
    sapa_voice_dial_progress(v, c, 2, cause, SAPA_SIDE_NETWORK, 0);
}

void sapa_voice_dial_command(struct sapa_voice *v, const struct sapa_rec_cmd_dial *cmd)
{
    struct voice_contact *c = sapa_voice_find(&v->contacts, cmd->contact);
    if (!c) {
        c = sapa_voice_contact_new(v, cmd->contact);
        if (!c)
            return;
        c->arrived = true;
    }
    recall(v, c);
    c->attempt = (uint32_t)cmd->attempt;
    c->dial_kind = (uint8_t)cmd->kind;
    c->dial_from = (uint32_t)SAPA_MIN(cmd->from, (uint64_t)SAPA_NONE);
    c->dial_ring_ms = (uint32_t)cmd->ring_ms;
    sapa_str_copy(cmd->number.n ? sapa_sized_str(&cmd->number) : sapa_str_of(c->address), c->dial, sizeof(c->dial));
    v->stats.dials++;
    struct voice_leg *old = c->dial_kind == 1 ? c->outside : c->customer;
    while (old && c->dial_kind == 1 && old->connected) /* who talks in it goes on */
        old = old->next;
    c->dial_status = 0;
    if (c->dial[0] == '\0' || !v->media_up || (old && c->dial_kind != 1)) {
        sapa_voice_dial_progress(v, c, 2, c->dial[0] ? 503 : 484, SAPA_SIDE_SYSTEM, 0);
        return;
    }
    if (old)
        sapa_voice_leg_end(v, old, 16, NULL);
    if (c->dial_kind != 1) {
        c->gone = false;
        c->unreached = true;
    }
    if (c->dial_kind == 0)
        sapa_voice_agent_note(v, c, v->system_prompt[SAPA_PROMPT_ID_CALLBACK_AGENT]);
    sapa_voice_dial_next(v, c, 0, 503);
}

/* The identity that is shown: the number asked for, else that of the client. */
static struct sapa_str identity(const struct sapa_voice *v, const struct voice_contact *c)
{
    uint32_t number = c->dial_from;
    if (number >= v->centre->numbers_count && c->client < v->centre->clients_count)
        number = v->centre->clients[c->client].number;
    if (number >= v->centre->numbers_count)
        number = c->number;
    return number < v->centre->numbers_count ? v->centre->numbers[number].key : SAPA_STR("anonymous");
}

static void put_outside_uri(const struct sapa_voice *v, const struct voice_leg *leg, struct sapa_text *uri)
{
    const struct sapa_trunk *trunk = &v->centre->trunks[leg->trunk];
    struct sapa_sip_ip ip;
    sapa_text_add(uri, SAPA_STR("sip:"));
    sapa_sip_put_user(uri, sapa_str_of(leg->contact->dial));
    sapa_text_char(uri, '@');
    const struct sapa_str host = sapa_voice_trunk_host(v, leg);
    if (sapa_sip_ip_parse(host, 0, &ip) == SAPA_OK)
        sapa_sip_put_ip(uri, &ip);
    else
        sapa_text_add(uri, host);
    if (trunk->port != 0 && trunk->port != (leg->flow.kind == SAPA_SIP_FLOW_TLS ? 5061 : 5060))
        sapa_text_printf(uri, ":%u", trunk->port);
    if (leg->flow.kind != SAPA_SIP_FLOW_UDP)
        sapa_text_add(uri, leg->flow.kind == SAPA_SIP_FLOW_TCP ? SAPA_STR(";transport=tcp") : SAPA_STR(";transport=tls"));
}

/*
 * Who calls, for the carrier (RFC 3325): the number that is ours there, also when the shown one is withheld.
 * A client without a number calls anonymously.
 */
static void put_identity(const struct sapa_voice *v, const struct voice_leg *leg, struct sapa_text *head)
{
    const struct sapa_trunk *trunk = &v->centre->trunks[leg->trunk];
    const struct sapa_str number = identity(v, leg->contact);
    const bool hidden = sapa_str_eq(number, SAPA_STR("anonymous"));
    const struct sapa_str user = hidden ? trunk->user : number;
    if (user.n > 0) {
        sapa_text_add(head, SAPA_STR("P-Asserted-Identity: <sip:"));
        sapa_sip_put_user(head, user);
        sapa_text_char(head, '@');
        sapa_text_add(head, trunk->domain.n > 0 ? trunk->domain : trunk->host);
        sapa_text_add(head, SAPA_STR(">\r\n"));
    }
    if (hidden)
        sapa_text_add(head, SAPA_STR("Privacy: id\r\n"));
}

/* Number and name that are shown; where no number is, no name either (RFC 3323 4.1.1.3). */
static void put_from(const struct sapa_voice *v, const struct voice_leg *leg, struct sapa_text *from)
{
    const struct sapa_trunk *trunk = &v->centre->trunks[leg->trunk];
    const struct voice_contact *c = leg->contact;
    const struct sapa_str number = identity(v, c);

    if (sapa_str_eq(number, SAPA_STR("anonymous"))) {
        sapa_text_add(from, SAPA_STR("\"Anonymous\" <sip:anonymous@anonymous.invalid>"));
        return;
    }
    if (c->brand[0] || c->client < v->centre->clients_count) {
        sapa_sip_put_quoted(from, c->brand[0] ? sapa_str_of(c->brand) : v->centre->clients[c->client].name);
        sapa_text_char(from, ' ');
    }
    sapa_text_add(from, SAPA_STR("<sip:"));
    sapa_sip_put_user(from, number);
    sapa_text_char(from, '@');
    sapa_text_add(from, trunk->domain.n > 0 ? trunk->domain : trunk->user.n > 0 ? trunk->host : v->centre->system.sip_host);
    sapa_text_char(from, '>');
}

/*
 * The INVITE, or (`before`) what an earlier process sent as the same: then only its answers are taken, and it can be
 * cancelled. Its names follow from the leg's id, so nothing of the wire is written down but where it went.
 */
static bool start_outside(struct sapa_voice *v, struct voice_leg *leg, bool before, uint32_t ring_ms)
{
    char body[VOICE_SDP_MAX], from_buf[512], to_buf[384], uri_buf[384], head_buf[512];
    struct sapa_text sdp, from, to, uri, head;
    sapa_sip_tx_id tx;
    sapa_text_init(&sdp, body, sizeof(body));
    sapa_text_init(&from, from_buf, sizeof(from_buf));
    sapa_text_init(&to, to_buf, sizeof(to_buf));
    sapa_text_init(&uri, uri_buf, sizeof(uri_buf));
    if (leg->trunk >= v->centre->trunks_count || !put_offer(v, leg, &sdp))
        return false;
    sapa_text_init(&head, head_buf, sizeof(head_buf));
    put_identity(v, leg, &head);
    sapa_voice_session_ask(leg, &head);
    put_outside_uri(v, leg, &uri);
    leg->invites = SAPA_MAX(leg->invites, 1);
    const struct voice_ring names = sapa_voice_ring_of(v, leg->id, 0), newest = sapa_voice_ring_of(v, leg->id, leg->invites - 1u);
    sapa_text_printf(&to, "<" SAPA_STR_FMT ">", SAPA_STR_ARG(sapa_text_str(&uri)));
    put_from(v, leg, &from);
    const struct sapa_sip_call call = {
        .flow = leg->flow,
        .hop = SAPA_SIP_HOP_URI,
        .uri = sapa_text_str(&uri),
        .from = sapa_text_str(&from),
        .to = sapa_text_str(&to),
        .spec = { .headers = sapa_text_str(&head), .body = sapa_text_str(&sdp) },
        .user = leg->id,
        .ring_ms = ring_ms,
        .call_id = sapa_str_of(names.call_id),
        .from_tag = sapa_str_of(names.tag),
        .branch = sapa_str_of(newest.branch),
        .sent_before = before,
        .cseq = leg->invites,
    };
    if (uri.cut || head.cut || from.cut || to.cut ||
        sapa_sip_call_start(v->stack, &call, sapa_voice_now(v), &leg->dialog, &tx) != SAPA_OK)
        return false;
    leg->state = LEG_CALLING;
    leg->called_us = sapa_voice_now(v);
    return true;
}

void sapa_voice_invite_outside(struct sapa_voice *v, struct voice_leg *leg)
{
    if (!start_outside(v, leg, false, leg->contact->dial_ring_ms))
        sapa_voice_outbound_failed(v, leg, 500, false);
    else if (leg->flow.kind == SAPA_SIP_FLOW_UDP) /* its answers find the process that comes after this one */
        sapa_voice_leg_log(v, leg, false);
}

bool sapa_voice_outside_adopt(struct sapa_voice *v, struct voice_leg *leg, uint32_t ring_ms)
{
    leg->heard = leg->ringing = true; /* as far as we know */
    return start_outside(v, leg, true, ring_ms);
}

/* The same INVITE again, with what they want; under a name that the next process finds too. */
static bool ask_again(struct sapa_voice *v, struct voice_leg *leg, struct sapa_sip_spec spec, int64_t now_us)
{
    const struct voice_ring names = sapa_voice_ring_of(v, leg->id, leg->invites);
    sapa_sip_tx_id tx;
    if (leg->kind != LEG_AGENT)
        spec.branch = sapa_str_of(names.branch);
    if (sapa_sip_call_retry(v->stack, leg->dialog, (struct sapa_str){ NULL, 0 }, &spec, now_us, &tx) != SAPA_OK)
        return false;
    leg->invites++;
    if (leg->logged)
        sapa_voice_leg_log(v, leg, false);
    return true;
}

/* 401, 407: the same INVITE again with credentials. False: it cannot be done. */
static bool try_credentials(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev)
{
    if ((ev->status != 401 && ev->status != 407) || leg->kind == LEG_AGENT || leg->trunk >= v->centre->trunks_count ||
        leg->auth_tries >= VOICE_AUTH_TRIES)
        return false;
    char uri_buf[384], head_buf[2048], body[VOICE_SDP_MAX];
    struct sapa_text uri, head, sdp;
    leg->auth_tries++;
    leg->early = 0;
    sapa_text_init(&uri, uri_buf, sizeof(uri_buf));
    sapa_text_init(&head, head_buf, sizeof(head_buf));
    sapa_text_init(&sdp, body, sizeof(body));
    put_outside_uri(v, leg, &uri);
    put_identity(v, leg, &head);
    sapa_voice_session_ask(leg, &head);
    if (!sapa_voice_trunk_credentials(v, &v->centre->trunks[leg->trunk], ev->msg, SAPA_STR("INVITE"), sapa_text_str(&uri), &head) ||
        !put_offer(v, leg, &sdp))
        return false;
    const struct sapa_sip_spec spec = { .headers = sapa_text_str(&head), .body = sapa_text_str(&sdp) };
    return ask_again(v, leg, spec, ev->now_us);
}

/* 422: the same INVITE again, with the time that they want. */
static bool try_longer_session(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev)
{
    char head_buf[1024], body[VOICE_SDP_MAX];
    struct sapa_text head, sdp;
    if (leg->kind == LEG_AGENT || leg->trunk >= v->centre->trunks_count || !sapa_voice_session_too_small(leg, ev))
        return false;
    sapa_text_init(&head, head_buf, sizeof(head_buf));
    sapa_text_init(&sdp, body, sizeof(body));
    put_identity(v, leg, &head);
    sapa_voice_session_ask(leg, &head);
    const bool good = put_offer(v, leg, &sdp) && !head.cut;
    const struct sapa_sip_spec spec = { .headers = sapa_text_str(&head), .body = sapa_text_str(&sdp) };
    leg->early = 0;
    return good && ask_again(v, leg, spec, ev->now_us);
}

/* Encryption was offered and refused: plain, where the description of the centre allows it. */
static bool try_plain(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev)
{
    char head_buf[1024], body[VOICE_SDP_MAX];
    struct sapa_text head, sdp;
    if ((ev->status != 488 && ev->status != 415 && ev->status != 606) || leg->srtp_off ||
        sapa_voice_srtp_use(v, &leg->flow, leg->trunk) != SAPA_SRTP_USE_PREFER)
        return false;
    leg->srtp_off = true;
    leg->early = 0;
    sapa_text_init(&head, head_buf, sizeof(head_buf));
    sapa_text_init(&sdp, body, sizeof(body));
    if (leg->kind == LEG_AGENT) {
        put_offer_head(v, leg, &head);
    } else {
        put_identity(v, leg, &head);
        sapa_voice_session_ask(leg, &head);
    }
    const bool good = put_offer(v, leg, &sdp) && !head.cut;
    const struct sapa_sip_spec spec = { .headers = sapa_text_str(&head), .body = sapa_text_str(&sdp) };
    return good && ask_again(v, leg, spec, ev->now_us);
}

/* ---- what comes back to our INVITEs ---- */

static enum sapa_offer_result result_of(int status)
{
    switch (status) {
    case 486: case 600: return SAPA_OFFER_BUSY;
    case 603: case 403: case 302: case 301: case 606: return SAPA_OFFER_REFUSED;
    case 404: case 408: case 410: case 480: case 503: return SAPA_OFFER_UNREACHABLE;
    default: return status >= 600 || (status >= 300 && status < 400) ? SAPA_OFFER_REFUSED : SAPA_OFFER_FAULT;
    }
}

/* What tells most about the person, when several phones of one agent say different things. */
static unsigned weight_of(enum sapa_offer_result result)
{
    switch (result) {
    case SAPA_OFFER_REFUSED: return 4;
    case SAPA_OFFER_BUSY: return 3;
    case SAPA_OFFER_FAULT: return 2;
    case SAPA_OFFER_UNREACHABLE: return 1;
    default: return 0;
    }
}

/* Our INVITE did not succeed. `on_wire`: the other side ended it; else it is ended here. */
void sapa_voice_outbound_failed(struct sapa_voice *v, struct voice_leg *leg, int status, bool on_wire)
{
    struct voice_offer *o = leg->offer;
    struct voice_contact *c = leg->contact;
    const uint32_t next = o ? SAPA_NONE : sapa_voice_trunk_after(v, leg);
    const bool rang = leg->ringing;
    if (on_wire)
        sapa_voice_leg_over(v, leg);
    else
        sapa_voice_leg_end(v, leg, 41, NULL);
    if (o) {
        const bool ghost = status == 486 && o->agent < v->centre->agents_count && v->agents[o->agent].ghost_until_us != 0 &&
                           sapa_voice_now(v) < v->agents[o->agent].ghost_until_us + 4 * VOICE_GHOST_US;
        const enum sapa_offer_result result = ghost ? SAPA_OFFER_FAULT : result_of(status); /* busy with a call of ours */
        if (status == 408 || status == 480 || status == 404 || status == 410)
            sapa_voice_device_bad(v, o->agent, leg->device_crc, status == 408 ? "no answer to INVITE" : "phone says it is not there");
        if (weight_of(result) > weight_of(o->result)) {
            o->result = (uint8_t)result;
            o->cause = status;
        }
        bool living = false;
        for (struct voice_leg *other = o->legs; other; other = other->next)
            living |= other->state != LEG_OVER;
        if (!living || status >= 600)
            sapa_voice_offer_failed(v, o, o->result, o->cause);
    } else if ((status >= 500 && status < 600) || (status == 408 && !rang)) {
        sapa_voice_dial_next(v, c, next, status); /* that address is in trouble: another may not be */
    } else {
        sapa_voice_dial_progress(v, c, 2, status, SAPA_SIDE_CUSTOMER, leg->id);
    }
}

/*
 * A provisional answer with a description (RFC 3960): what the other network plays, ringing or an announcement,
 * is for who waits for this call. The first fork that speaks is heard until one is answered; an agent's phone
 * has nothing to say before that.
 */
static void early_answer(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev)
{
    struct sapa_sdp sdp;
    struct sapa_sdp_agreed agreed;
    struct sapa_sdp_codec codecs[SAPA_SDP_CODECS_MAX];
    struct sapa_sdp_want want;
    char host[64];
    if (leg->early || !ev->msg || ev->msg->body.n == 0 || sapa_sdp_parse(ev->msg->body, &sdp) != SAPA_OK)
        return;
    sapa_voice_leg_want(v, leg, &want, host, codecs);
    if (sapa_sdp_accept(&want, &sdp, &agreed) != SAPA_OK || (leg->webrtc && !sapa_voice_web_good(&agreed)))
        return;
    sapa_voice_leg_agree(leg, &want, &agreed);
    leg->early = ev->dialog;
    if (leg->kind == LEG_CUSTOMER && leg->contact->own_agent != SAPA_NONE) {
        sapa_voice_leg_set(v, leg);
        sapa_voice_own_progress(v, leg->contact, leg);
        return;
    }
    struct voice_leg *listener = leg->kind == LEG_OUTSIDE ? leg->contact->customer
                                 : leg->kind == LEG_CUSTOMER ? sapa_voice_talking_agent(leg->contact) : NULL;
    if (!listener || listener->state != LEG_UP)
        return;
    sapa_voice_leg_set(v, leg);
    sapa_voice_leg_bridge(v, leg->contact, listener, leg);
}

static void on_progress(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev)
{
    leg->heard = true;
    if (ev->dialog != leg->dialog) {
        bool known = false;
        for (uint8_t i = 0; i < leg->fork_count; i++)
            known |= leg->forks[i] == ev->dialog;
        if (!known && leg->fork_count < VOICE_FORKS_MAX)
            leg->forks[leg->fork_count++] = ev->dialog;
        else if (!known)
            sapa_sip_dialog_end(v->stack, ev->dialog);
    }
    if (leg->state != LEG_CALLING || ev->status < 180)
        return;
    early_answer(v, leg, ev);
    if (leg->ringing || (ev->status != 180 && ev->status != 183))
        return;
    leg->ringing = true;
    if (leg->offer && leg->offer->accept)
        tell_talk(v, leg);
    if (!leg->offer && leg->contact->own_agent != SAPA_NONE && !leg->early)
        sapa_voice_own_progress(v, leg->contact, NULL);
    if (leg->offer) {
        if (leg->offer->ringing)
            return;
        leg->offer->ringing = true;
        struct sapa_record r;
        sapa_record_init(&r, SAPA_T_offer_ringing);
        r.u.offer_ringing.offer = leg->offer->id;
        sapa_voice_post(v, &r);
    } else {
        sapa_voice_dial_progress(v, leg->contact, 0, ev->status, SAPA_SIDE_CUSTOMER, leg->id);
    }
}

/* A 2xx that nobody wants any more: another fork was faster. */
static void turn_away(struct sapa_voice *v, sapa_sip_dialog_id dialog, int64_t now_us)
{
    sapa_sip_tx_id tx;
    if (sapa_sip_call_ack(v->stack, dialog, NULL, now_us) != SAPA_OK ||
        sapa_sip_dialog_send(v->stack, dialog, SAPA_SIP_BYE, NULL, now_us, &tx) != SAPA_OK)
        v->stats.late_commands++;
    sapa_sip_dialog_end(v->stack, dialog);
}

static bool take_answer(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_msg *msg)
{
    struct sapa_sdp sdp;
    struct sapa_sdp_agreed agreed;
    struct sapa_sdp_codec codecs[SAPA_SDP_CODECS_MAX];
    struct sapa_sdp_want want;
    char host[64];
    if (msg->body.n == 0) /* then it was said before, by the same fork: another one's address is not its */
        return leg->early != 0 && leg->early == leg->dialog;
    sapa_voice_leg_want(v, leg, &want, host, codecs);
    if (sapa_sdp_parse(msg->body, &sdp) != SAPA_OK || sapa_sdp_accept(&want, &sdp, &agreed) != SAPA_OK ||
        (leg->webrtc && !sapa_voice_web_good(&agreed)))
        return false;
    sapa_voice_leg_agree(leg, &want, &agreed);
    return true;
}

void sapa_voice_offer_accepted(struct sapa_voice *v, struct voice_offer *o)
{
    struct voice_leg *leg = o->winner;
    struct sapa_record r;
    sapa_record_init(&r, SAPA_T_offer_accepted);
    r.u.offer_accepted.offer = o->id;
    r.u.offer_accepted.leg = leg->id;
    v->stats.accepted++;
    sapa_voice_post(v, &r);
    if (leg->contact->own_agent != SAPA_NONE && leg->contact->own_offer == o->id && leg->contact->own_kind != SAPA_TARGET_OUTSIDE)
        sapa_voice_line_caller(v, leg, leg->contact); /* he rang himself first, and calls from here */
}

static void on_answer(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev)
{
    if (leg->state != LEG_CALLING) {
        if (ev->dialog == leg->dialog && leg->offered_again)
            sapa_voice_codec_answer(v, leg, ev);
        else if (ev->dialog != leg->dialog)
            turn_away(v, ev->dialog, ev->now_us);
        return;
    }
    leg->heard = true;
    for (uint8_t i = 0; i < leg->fork_count; i++)
        if (leg->forks[i] == ev->dialog)
            leg->forks[i--] = leg->forks[--leg->fork_count];
    if (ev->dialog != leg->dialog) { /* a fork won: the others go */
        sapa_sip_dialog_end(v->stack, leg->dialog);
        leg->dialog = ev->dialog;
    }
    if (sapa_sip_call_ack(v->stack, leg->dialog, NULL, ev->now_us) != SAPA_OK)
        v->stats.late_commands++;
    leg->state = LEG_UP;
    free(leg->target);
    leg->target = NULL;
    if (!take_answer(v, leg, ev->msg)) {
        sapa_voice_outbound_failed(v, leg, 488, false);
        return;
    }
    leg->acked = true;
    sapa_voice_session_allows(leg, ev->msg);
    sapa_voice_session_answered(v, leg, ev->msg);
    sapa_voice_leg_set(v, leg);
    if (leg->offer) {
        struct voice_offer *o = leg->offer;
        o->winner = leg;
        sapa_timer_cancel(v->loop, &o->silence);
        for (struct voice_leg *other = o->legs; other; other = other->next) {
            if (other == leg || other->state == LEG_OVER)
                continue;
            if (other->state == LEG_CALLING &&
                sapa_sip_call_cancel(v->stack, other->dialog, sapa_str_of(ELSEWHERE), ev->now_us) != SAPA_OK)
                v->stats.late_commands++;
            sapa_voice_leg_over(v, other);
        }
        sapa_voice_leg_log(v, leg, false);
        if (!sapa_voice_whisper_begin(v, o))
            sapa_voice_offer_accepted(v, o);
        return;
    }
    sapa_voice_leg_log(v, leg, false);
    if (leg->kind == LEG_OUTSIDE) {
        leg->connected = true;
        sapa_voice_review(v, leg->contact);
    }
    sapa_voice_dial_progress(v, leg->contact, 1, 200, SAPA_SIDE_CUSTOMER, leg->id);
}

void sapa_voice_outbound_event(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev)
{
    switch (ev->kind) {
    case SAPA_SIP_EV_PROGRESS:
        on_progress(v, leg, ev);
        return;
    case SAPA_SIP_EV_ANSWER:
        on_answer(v, leg, ev);
        return;
    case SAPA_SIP_EV_RESPONSE:
        leg->heard = true;
        if (leg->state == LEG_UP && leg->offered_again)
            sapa_voice_codec_answer(v, leg, ev);
        if (leg->state == LEG_CALLING && !try_credentials(v, leg, ev) && !try_longer_session(v, leg, ev) &&
            !try_plain(v, leg, ev))
            sapa_voice_outbound_failed(v, leg, ev->status, true);
        return;
    case SAPA_SIP_EV_FAILURE:
        leg->offered_again = false;
        if (leg->state == LEG_CALLING)
            sapa_voice_outbound_failed(v, leg, ev->status, true);
        return;
    default:
        return;
    }
}
