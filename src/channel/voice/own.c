#include "channel/voice/voice_impl.h"

#include <stdlib.h>

#include "model/listed.h"
#include "phone/phone.h"

/*
 * Calls that agents place. A phone's INVITE is one as soon as it names a colleague, a queue, one of our numbers or
 * somebody outside: the core is asked (agent_call), and answers it by the same commands as any other contact. What
 * is placed through the API begins with cmd_call, on the line that the agent talks with or by ringing his phone.
 */

/* ---- whom he means ---- */

bool sapa_voice_target_of(const struct sapa_voice *v, struct sapa_str dialled, struct voice_target *ret_target)
{
    char buf[SAPA_PHONE_TEXT_MAX + 1];
    *ret_target = (struct voice_target){ .kind = SAPA_TARGET_AGENT, .index = sapa_voice_agent_of(v, dialled) };
    if (ret_target->index != SAPA_NONE)
        return true;
    ret_target->kind = SAPA_TARGET_NUMBER;
    ret_target->index = sapa_voice_number_of(v, dialled);
    if (ret_target->index != SAPA_NONE)
        return true;
    ret_target->kind = SAPA_TARGET_QUEUE;
    ret_target->index = SAPA_FIND(v->centre, queues, dialled);
    if (ret_target->index != SAPA_NONE)
        return true;
    const struct sapa_str number = sapa_phone_normal(dialled, v->centre->system.country, buf, sizeof(buf));
    for (size_t i = 0; i < number.n; i++)
        if (number.p[i] < '0' || number.p[i] > '9')
            return false;
    ret_target->kind = SAPA_TARGET_OUTSIDE;
    return number.n >= 3 && number.n <= 15 && sapa_str_copy(number, ret_target->number, sizeof(ret_target->number));
}

/* ---- where he takes part ---- */

bool sapa_voice_part_of(const struct voice_leg *leg, struct voice_part *ret_part)
{
    struct voice_contact *c = voice_talks_in(leg);
    const struct voice_offer *o = leg->offer;

    if (!c || leg->state == LEG_OVER)
        return false;
    *ret_part = (struct voice_part){ .contact = c, .leg = (struct voice_leg *)leg, .offer = c->own_offer, .own = true };
    if (leg->lent || (leg->kind == LEG_CUSTOMER && c->own_agent != SAPA_NONE && c->customer == leg))
        return true;
    if (leg->kind != LEG_AGENT || !o || o->over || o->supervises || o->winner != leg)
        return false;
    ret_part->offer = o->id;
    ret_part->own = c->own_agent != SAPA_NONE && o->id == c->own_offer;
    return true;
}

bool sapa_voice_part_talks(const struct voice_part *part)
{
    return !part->own || (part->contact->own_kind == SAPA_TARGET_OUTSIDE && !part->contact->borrowed);
}

static void add_part(struct voice_part part, struct voice_part parts[VOICE_PARTS_MAX], size_t *n)
{
    for (size_t i = 0; i < *n; i++)
        if (parts[i].contact == part.contact && parts[i].offer == part.offer)
            return;
    if (*n < VOICE_PARTS_MAX)
        parts[(*n)++] = part;
}

size_t sapa_voice_parts(const struct sapa_voice *v, uint32_t agent, struct voice_part ret_parts[VOICE_PARTS_MAX])
{
    struct voice_part part;
    size_t n = 0;

    for (uint32_t i = 0; i < v->offers.count; i++) {
        const struct voice_offer *o = ((struct voice_ref *)sapa_table_at(&v->offers, i))->value;
        if (o->agent != agent || o->over || o->supervises || !o->winner || o->winner->state == LEG_OVER)
            continue;
        part = (struct voice_part){ .contact = o->contact, .leg = o->winner, .offer = o->id,
                                    .own = o->contact->own_agent == agent && o->id == o->contact->own_offer };
        add_part(part, ret_parts, &n);
    }
    for (uint32_t i = 0; i < v->contacts.count; i++) {
        struct voice_contact *c = ((struct voice_ref *)sapa_table_at(&v->contacts, i))->value;
        if (c->own_agent == agent && c->customer && c->own_kind != SAPA_TARGET_OUTSIDE &&
            sapa_voice_part_of(c->customer, &part))
            add_part(part, ret_parts, &n);
    }
    return n;
}

/* ---- the core is asked ---- */

/* For whom he calls when nothing says so, as far as it is plain; SAPA_NONE: the core decides by his rights. */
static uint32_t only_client(const struct sapa_voice *v, uint32_t agent)
{
    const uint32_t count = v->centre->clients_count;
    const uint64_t granted = v->centre->agents[agent].clients & (count < SAPA_CLIENTS_MAX ? (UINT64_C(1) << count) - 1 : UINT64_MAX);
    if (v->centre->agents[agent].calls_for < count)
        return v->centre->agents[agent].calls_for;
    return granted && !(granted & (granted - 1)) ? (uint32_t)__builtin_ctzll(granted) : SAPA_NONE;
}

bool sapa_voice_own_post(struct sapa_voice *v, uint64_t contact, uint64_t offer, uint32_t agent, enum sapa_call_line line,
                         const struct voice_target *target, uint64_t request, struct sapa_str reference)
{
    struct voice_part parts[VOICE_PARTS_MAX];
    const size_t count = sapa_voice_parts(v, agent, parts);
    uint32_t client = SAPA_NONE, campaign, last_agent;
    uint8_t party_type = 0;
    struct sapa_record r;

    sapa_record_init(&r, SAPA_T_agent_call);
    r.u.agent_call.contact = contact;
    r.u.agent_call.offer = offer;
    r.u.agent_call.agent = agent;
    r.u.agent_call.line = line;
    r.u.agent_call.kind = target->kind;
    r.u.agent_call.target = target->index;
    r.u.agent_call.client = SAPA_NONE;
    r.u.agent_call.request = request;
    for (size_t i = 0; i < count; i++)
        if (sapa_voice_part_talks(&parts[i]) && parts[i].leg->state == LEG_UP && (r.u.agent_call.beside == 0 || !parts[i].own)) {
            r.u.agent_call.beside = parts[i].offer;
            client = parts[i].contact->client;
        }
    if (client == SAPA_NONE)
        client = only_client(v, agent);
    if (target->kind == SAPA_TARGET_OUTSIDE) {
        campaign = sapa_campaign_of(v->centre, agent, target->campaign, SAPA_NONE, count > 0);
        client = campaign < v->centre->campaigns_count ? v->centre->campaigns[campaign].client : client;
        r.u.agent_call.campaign = target->campaign;
        sapa_sized_set(&r.u.agent_call.address, sapa_str_of(target->number));
        r.u.agent_call.number_type = sapa_phone_type_of(sapa_str_of(target->number));
        r.u.agent_call.listed = sapa_listed_for(v->centre, sapa_str_of(target->number), campaign);
        if (v->options.callbacks.resolve && client < v->centre->clients_count)
            v->options.callbacks.resolve(v->options.callbacks.ctx, client, sapa_str_of(target->number),
                                         &r.u.agent_call.person, &last_agent, &party_type);
        r.u.agent_call.party_type = party_type;
    }
    sapa_sized_set(&r.u.agent_call.reference, reference);
    return !v->post_first && v->options.callbacks.post(v->options.callbacks.ctx, &r) == SAPA_OK;
}

bool sapa_voice_own_reply(struct sapa_voice *v, const struct sapa_rec_cmd_agent_reply *reply)
{
    struct voice_contact *c = sapa_voice_find(&v->contacts, reply->request);

    if (!c || c->own_agent == SAPA_NONE)
        return false;
    if (reply->rc != 0)
        c->denial = (uint8_t)SAPA_MIN(reply->code, (uint64_t)SAPA_DENIAL_COUNT - 1);
    return true;
}

/* ---- a contact of his own ---- */

/* What a colleague's phone shows is who calls; what his own shows, whom he calls. */
static void name_it(const struct sapa_voice *v, struct voice_contact *c, const char *number)
{
    const struct sapa_agent *agent = &v->centre->agents[c->own_agent];
    const bool outside = c->own_kind == SAPA_TARGET_OUTSIDE;

    c->direction = outside ? SAPA_DIRECTION_OUTBOUND : SAPA_DIRECTION_INTERNAL;
    sapa_str_copy(outside ? sapa_str_of(number) : agent->extension, c->address, sizeof(c->address));
    if (!outside)
        sapa_str_copy(agent->name.n > 0 ? agent->name : agent->key, c->name, sizeof(c->name));
}

/** What stands in an INVITE, for a leg that will answer it. False: no memory. */
static bool take_request(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev)
{
    leg->session_wish = sapa_voice_session_wish(ev->msg);
    sapa_voice_session_allows(leg, ev->msg);
    leg->flow = *ev->flow;
    leg->webrtc = sapa_voice_invite_is_web(ev);
    leg->instance = leg->webrtc ? sapa_voice_instance_on(v, leg->agent, ev->flow) : 0;
    leg->dialog = ev->dialog;
    leg->tx = ev->tx;
    if (ev->msg->body.n > 0) {
        leg->body = malloc(ev->msg->body.n);
        if (!leg->body)
            return false;
        memcpy(leg->body, ev->msg->body.p, ev->msg->body.n);
        leg->body_n = (uint16_t)ev->msg->body.n;
    }
    return sapa_sip_dialog_user(v->stack, ev->dialog, leg->id) == SAPA_OK;
}

void sapa_voice_own_invite(struct sapa_voice *v, const struct sapa_sip_event *ev, uint32_t agent, const struct voice_target *target)
{
    const bool outside = target->kind == SAPA_TARGET_OUTSIDE;
    struct voice_contact *c = sapa_voice_contact_new(v, 0);
    struct voice_leg *leg = c ? sapa_voice_leg_new(v, outside ? LEG_AGENT : LEG_CUSTOMER, c, 0) : NULL;
    struct voice_offer *o = NULL;

    if (c) {
        c->own_agent = agent;
        c->own_offer = sapa_voice_id(v);
        c->own_kind = target->kind;
        c->own_target = target->index;
        c->own_line = SAPA_LINE_OWN;
        name_it(v, c, target->number);
    }
    if (leg && outside)
        o = sapa_voice_offer_new(v, c, c->own_offer, agent);
    if (!leg || (outside && !o)) {
        sapa_voice_call_refuse(v, ev, 503, &v->stats.refused_busy);
        if (leg)
            sapa_voice_leg_over(v, leg);
        else if (c)
            sapa_voice_contact_check(v, c);
        return;
    }
    leg->agent = agent;
    if (outside) {
        o->kind = 2;
        o->legs = o->winner = leg;
        leg->offer = o;
    } else {
        c->customer = leg;
    }
    uint64_t *reason = NULL;
    if (!take_request(v, leg, ev))
        reason = &v->stats.refused_busy;
    else if (sapa_voice_leg_open(v, leg) != SAPA_OK)
        reason = &v->stats.refused_media;
    else if (!sapa_voice_own_post(v, c->id, c->own_offer, agent, SAPA_LINE_OWN, target, c->id, ev->msg->call_id))
        reason = &v->stats.refused_core;
    if (reason) {
        leg->dialog = 0;
        if (o)
            o->over = true;
        sapa_voice_call_refuse(v, ev, 503, reason);
        sapa_voice_leg_over(v, leg);
        return;
    }
    c->arrived = true;
    v->stats.arrived++;
}

static void no_line(struct sapa_voice *v, const struct sapa_rec_cmd_call *cmd, struct voice_contact *c)
{
    struct sapa_record r;

    if (c && cmd->kind != SAPA_TARGET_OUTSIDE) {
        sapa_voice_contact_gone(v, c, SAPA_SIDE_SYSTEM, 500, "no line");
        return;
    }
    sapa_record_init(&r, SAPA_T_agent_gone);
    r.u.agent_gone.contact = cmd->contact;
    r.u.agent_gone.offer = cmd->offer;
    r.u.agent_gone.side = SAPA_SIDE_SYSTEM;
    r.u.agent_gone.cause = 500;
    sapa_voice_post(v, &r);
}

/* Kept as text: an index may mean another campaign before somebody answers. */
static void take_brand(const struct sapa_voice *v, struct voice_contact *c, uint64_t campaign)
{
    if (campaign > 0 && campaign <= v->centre->campaigns_count)
        (void)sapa_str_copy(v->centre->campaigns[campaign - 1].brand, c->brand, sizeof(c->brand));
}

void sapa_voice_own_call(struct sapa_voice *v, const struct sapa_rec_cmd_call *cmd)
{
    struct voice_contact *c = sapa_voice_find(&v->contacts, cmd->contact);
    struct voice_offer *beside = sapa_voice_find(&v->offers, cmd->beside);
    struct voice_leg *leg = beside && !beside->over ? beside->winner : NULL;

    if (c || cmd->agent >= v->centre->agents_count) {
        if (c && c->own_agent != SAPA_NONE) { /* his phone's INVITE has made it */
            c->client = (uint32_t)SAPA_MIN(cmd->client, (uint64_t)SAPA_NONE);
            take_brand(v, c, cmd->campaign);
        } else {
            v->stats.late_commands++;
        }
        return;
    }
    c = sapa_voice_contact_new(v, cmd->contact);
    if (!c) {
        no_line(v, cmd, NULL);
        return;
    }
    c->arrived = true;
    c->own_agent = (uint32_t)cmd->agent;
    c->own_offer = cmd->offer;
    c->own_kind = (uint8_t)cmd->kind;
    c->own_target = (uint32_t)SAPA_MIN(cmd->target, (uint64_t)SAPA_NONE);
    c->own_line = (uint8_t)cmd->line;
    c->client = (uint32_t)SAPA_MIN(cmd->client, (uint64_t)SAPA_NONE);
    take_brand(v, c, cmd->campaign);
    name_it(v, c, cmd->number.p);
    if (cmd->line != SAPA_LINE_SAME)
        return;
    if (!leg || leg->state != LEG_UP || leg->lent || beside->contact == c || beside->agent != c->own_agent) {
        no_line(v, cmd, c);
        return;
    }
    if (cmd->kind != SAPA_TARGET_OUTSIDE) {
        c->customer = leg;
    } else {
        struct voice_offer *o = sapa_voice_offer_new(v, c, cmd->offer, c->own_agent);
        if (!o) {
            no_line(v, cmd, NULL);
            return;
        }
        o->kind = 2;
        o->lent = true;
        o->winner = leg;
    }
    sapa_voice_line_lend(v, leg, c);
}

/* ---- while it rings elsewhere ---- */

struct voice_leg *sapa_voice_own_waiting(const struct voice_contact *c)
{
    struct voice_leg *leg = c->own_agent == SAPA_NONE ? NULL : c->customer;

    for (const struct voice_offer *o = c->offers; o && c->own_kind == SAPA_TARGET_OUTSIDE; o = o->next)
        if (o->id == c->own_offer)
            leg = o->winner;
    return leg && leg->state == LEG_NEW && leg->tx ? leg : NULL;
}

void sapa_voice_own_progress(struct sapa_voice *v, struct voice_contact *c, struct voice_leg *early)
{
    struct voice_leg *leg = sapa_voice_own_waiting(c);
    bool told = false;

    if (leg) {
        if (early && (leg->progressed || sapa_voice_leg_progress(v, leg))) {
            sapa_voice_leg_bridge(v, c, leg, early);
        } else if (!leg->ringing) {
            leg->ringing = true;
            if (sapa_sip_call_answer(v->stack, leg->tx, 180, NULL, sapa_voice_now(v)) != SAPA_OK)
                v->stats.late_commands++;
        }
        return;
    }
    /* His line is up already: he hears what they send, or our ringing. */
    leg = c->own_kind == SAPA_TARGET_OUTSIDE ? sapa_voice_talking_agent(c) : c->customer;
    for (const struct voice_offer *o = c->offers; o; o = o->next)
        told |= o->connected && !o->over; /* he talks */
    if (!leg || leg->state != LEG_UP || told)
        return;
    if (early)
        sapa_voice_leg_bridge(v, c, leg, early);
    else if (!leg->bridged)
        sapa_voice_leg_say(v, leg, v->system_prompt[SAPA_PROMPT_ID_RINGBACK], true);
}

/* ---- Replaces (RFC 3891) ---- */

struct voice_leg *sapa_voice_replaced_leg(const struct sapa_voice *v, struct sapa_str call_id, struct sapa_str to_tag, struct sapa_str from_tag)
{
    sapa_sip_dialog_id dialog = sapa_sip_dialog_find(v->stack, call_id, to_tag, from_tag);
    struct sapa_sip_dialog_info info;

    if (dialog == 0) /* some write the tags as they see them */
        dialog = sapa_sip_dialog_find(v->stack, call_id, from_tag, to_tag);
    if (dialog == 0 || sapa_sip_dialog_get(v->stack, dialog, &info) != SAPA_OK)
        return NULL;
    return sapa_voice_find(&v->legs, info.user);
}

struct voice_leg *sapa_voice_replaced_by(const struct sapa_voice *v, struct sapa_str replaces)
{
    struct sapa_str params, to_tag = { NULL, 0 }, from_tag = { NULL, 0 };
    const struct sapa_str call_id = sapa_str_trim(sapa_str_cut(replaces, ';', &params));
    return sapa_sip_params_get(params, SAPA_STR("to-tag"), &to_tag) && sapa_sip_params_get(params, SAPA_STR("from-tag"), &from_tag)
               ? sapa_voice_replaced_leg(v, call_id, to_tag, from_tag) : NULL;
}

/*
 * A page that was loaded anew, or another, takes the call of a browser up: the leg stays what it is for everybody else,
 * and only its dialog is another; ICE and DTLS begin anew by the new description.
 */
bool sapa_voice_swap(struct sapa_voice *v, const struct sapa_sip_event *ev, struct voice_leg *leg)
{
    const sapa_sip_dialog_id before = leg->dialog;
    sapa_sip_tx_id tx;

    if (!leg->webrtc || leg->state != LEG_UP || leg->media != MEDIA_OPEN || ev->msg->body.n == 0 || !sapa_voice_invite_is_web(ev))
        return false;
    const bool held = leg->held;
    if (!take_request(v, leg, ev)) {
        leg->dialog = before;
        leg->tx = 0;
        return false;
    }
    leg->gap_us = leg->media_gap_us = 0;
    leg->leaves = false;
    leg->offered_again = leg->refreshing = leg->asking = false;
    v->stats.arrived++;
    if (!sapa_voice_leg_answer(v, leg)) {
        if (sapa_sip_respond(v->stack, ev->tx, 500, NULL, ev->now_us) != SAPA_OK)
            v->stats.late_commands++;
        sapa_sip_dialog_end(v->stack, ev->dialog);
        free(leg->body);
        leg->body = NULL;
        leg->dialog = before;
        leg->tx = 0;
        sapa_voice_gap_begin(v, leg);
        return true;
    }
    sapa_voice_leg_hold_told(v, leg, held);
    const struct sapa_sip_spec spec = { .headers = SAPA_STR("Reason: Q.850;cause=16;text=\"replaced\"\r\n") };
    if (sapa_sip_dialog_send(v->stack, before, SAPA_SIP_BYE, &spec, ev->now_us, &tx) != SAPA_OK)
        v->stats.late_commands++;
    sapa_sip_dialog_end(v->stack, before);
    return true;
}

/* Another phone of the same agent, or another line, takes a talk over. */
void sapa_voice_replace_invite(struct sapa_voice *v, const struct sapa_sip_event *ev, uint32_t agent, struct sapa_str replaces)
{
    struct sapa_str params, text, none;
    (void)sapa_str_cut(replaces, ';', &params);
    const bool whole = sapa_sip_params_get(params, SAPA_STR("to-tag"), &text) && sapa_sip_params_get(params, SAPA_STR("from-tag"), &text);
    struct voice_leg *old = whole ? sapa_voice_replaced_by(v, replaces) : NULL;
    struct voice_part part;

    if (old && old->agent == agent && sapa_voice_swap(v, ev, old))
        return;

    if (!whole || !old || old->agent != agent || old->state != LEG_UP || !sapa_voice_part_of(old, &part) || old->lent) {
        sapa_voice_call_refuse(v, ev, whole ? 481 : 400, &v->stats.refused_target);
        return;
    }
    if (sapa_sip_params_get(params, SAPA_STR("early-only"), &none)) {
        sapa_voice_call_refuse(v, ev, 486, &v->stats.refused_target);
        return;
    }
    struct voice_leg *leg = sapa_voice_leg_new(v, old->kind, old->contact, 0);
    if (!leg) {
        sapa_voice_call_refuse(v, ev, 503, &v->stats.refused_busy);
        return;
    }
    leg->agent = agent;
    leg->codec = old->codec;
    if (old->offer) {
        leg->offer = old->offer;
        leg->next = old->offer->legs;
        old->offer->legs = leg;
    }
    leg->replaces = old->id;
    leg->answer_wanted = true; /* as soon as its port is there */
    v->stats.arrived++;
    if (!take_request(v, leg, ev) || sapa_voice_leg_open(v, leg) != SAPA_OK)
        sapa_voice_leg_end(v, leg, 41, NULL);
}

void sapa_voice_replace_done(struct sapa_voice *v, struct voice_leg *leg)
{
    struct voice_leg *old = sapa_voice_find(&v->legs, leg->replaces);
    struct voice_contact *c = leg->contact;

    leg->replaces = 0;
    if (!old || old->state != LEG_UP || (leg->offer ? leg->offer->over || leg->offer->winner != old : c->customer != old)) {
        leg->acked = true;
        sapa_voice_leg_end(v, leg, 16, "nothing to be replaced any more");
        return;
    }
    leg->acked = true; /* the conversation is established since long */
    if (leg->offer)
        leg->offer->winner = leg;
    else
        c->customer = leg;
    sapa_voice_leg_end(v, old, 16, "replaced");
    sapa_voice_review(v, c);
}
