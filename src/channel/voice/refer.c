#include "channel/voice/voice_impl.h"
#include "model/listed.h"
#include "phone/phone.h"

#include <stdlib.h>

#include "model/listed.h"

/*
 * Transfer by the phone's own key (RFC 3515): an agent's phone sends REFER, the core passes the contact on to a queue,
 * the flow of a number, a colleague or a number outside, and what came of it goes back in NOTIFY. With Replaces in it
 * (RFC 3891, 5589) it names the phone's other line: the people of both shall talk with each other. All BYEs follow
 * from the core's own commands.
 */

static void notify(struct sapa_voice *v, struct voice_leg *leg, int status, bool last)
{
    char body_buf[80], head_buf[128];
    struct sapa_text body, head;
    sapa_sip_tx_id tx;
    sapa_text_init(&body, body_buf, sizeof(body_buf));
    sapa_text_init(&head, head_buf, sizeof(head_buf));
    sapa_text_printf(&body, "SIP/2.0 %d %s\r\n", status, sapa_sip_reason(status));
    sapa_text_printf(&head, "Event: refer\r\nSubscription-State: %s\r\n", last ? "terminated;reason=noresource" : "active;expires=60");
    const struct sapa_sip_spec spec = { .headers = sapa_text_str(&head), .body = sapa_text_str(&body),
                                        .content_type = SAPA_STR("message/sipfrag;version=2.0") };
    if (leg->state != LEG_UP || sapa_sip_dialog_send(v->stack, leg->dialog, SAPA_SIP_NOTIFY, &spec, sapa_voice_now(v), &tx) != SAPA_OK)
        v->stats.late_commands++;
}

static void finish(struct sapa_voice *v, struct voice_call_code *code, int status)
{
    struct voice_leg *leg = sapa_voice_find(&v->legs, code->refer);
    if (leg)
        notify(v, leg, status, true);
    sapa_voice_code_free(v, code);
}

void sapa_voice_refer_reply(struct sapa_voice *v, struct voice_call_code *code, const struct sapa_rec_cmd_agent_reply *reply)
{
    const int status = reply->rc == 0                                 ? 200
                       : reply->rc == (uint64_t)-SAPA_ELIMIT          ? 486
                       : reply->rc == (uint64_t)-SAPA_ENOENT          ? 404
                       : reply->rc == (uint64_t)-SAPA_EDENIED         ? 603
                       : reply->rc == (uint64_t)-SAPA_ESTATE          ? 480
                                                                      : 500;
    finish(v, code, status);
}

static void no_reply(void *ctx)
{
    struct voice_call_code *code = ctx;
    sapa_voice_touch(code->voice);
    finish(code->voice, code, 503);
}

static void respond(struct sapa_voice *v, sapa_sip_tx_id tx, int status, int64_t now_us)
{
    if (sapa_sip_respond(v->stack, tx, status, NULL, now_us) != SAPA_OK)
        v->stats.late_commands++;
}

void sapa_voice_pass_to(struct sapa_voice *v, struct sapa_record *r, uint32_t client, const struct voice_target *target)
{
    uint32_t last_agent;
    uint8_t party_type;
    r->u.contact_passed.kind = target->kind;
    r->u.contact_passed.target = target->index;
    if (target->kind != SAPA_TARGET_OUTSIDE)
        return;
    sapa_sized_set(&r->u.contact_passed.address, sapa_str_of(target->number));
    r->u.contact_passed.number_type = sapa_phone_type_of(sapa_str_of(target->number));
    r->u.contact_passed.listed = sapa_listed(v->centre, sapa_str_of(target->number));
    if (v->options.callbacks.resolve && client < v->centre->clients_count)
        v->options.callbacks.resolve(v->options.callbacks.ctx, client, sapa_str_of(target->number),
                                     &r->u.contact_passed.person, &last_agent, &party_type);
}

/* The line that "?Replaces=…" names; NULL: there is none, or it is not this agent's. */
static struct voice_leg *replaced(const struct sapa_voice *v, struct sapa_str headers, uint32_t agent)
{
    char buf[400];
    struct sapa_str rest = headers, plain, params, to_tag, from_tag;
    while (rest.n > 0) {
        const struct sapa_str header = sapa_str_cut(rest, '&', &rest);
        struct sapa_str value;
        const struct sapa_str name = sapa_str_cut(header, '=', &value);
        if (!sapa_str_ieq(name, SAPA_STR("Replaces")) || sapa_sip_unescape(value, buf, sizeof(buf), &plain) != SAPA_OK)
            continue;
        const struct sapa_str call_id = sapa_str_trim(sapa_str_cut(plain, ';', &params));
        if (!sapa_sip_params_get(params, SAPA_STR("to-tag"), &to_tag) || !sapa_sip_params_get(params, SAPA_STR("from-tag"), &from_tag))
            return NULL;
        struct voice_leg *leg = sapa_voice_replaced_leg(v, call_id, to_tag, from_tag);
        return leg && leg->agent == agent ? leg : NULL;
    }
    return NULL;
}

static struct voice_call_code *code_for(struct sapa_voice *v, const struct voice_leg *leg)
{
    struct voice_call_code *code = calloc(1, sizeof(*code));
    if (!code)
        return NULL;
    code->request = sapa_voice_id(v);
    code->voice = v;
    code->agent = leg->agent;
    code->refer = leg->id;
    if (sapa_voice_put(&v->codes, code->request, code))
        return code;
    free(code);
    return NULL;
}

void sapa_voice_refer(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev)
{
    struct sapa_sip_addr to;
    struct voice_part part, other = { .contact = NULL };
    struct voice_target target;
    char user_buf[128];
    struct sapa_str user, rest;
    if (leg->state != LEG_UP || leg->agent == SAPA_NONE || !sapa_voice_part_of(leg, &part)) {
        respond(v, ev->tx, 403, ev->now_us); /* a caller is not served by sending him elsewhere at his own word */
        return;
    }
    if (sapa_sip_addr_parse(sapa_sip_value(ev->msg, SAPA_SIP_H_REFER_TO), &to) != SAPA_OK || to.star ||
        to.uri.scheme == SAPA_SIP_SCHEME_OTHER) {
        respond(v, ev->tx, 400, ev->now_us);
        return;
    }
    if (to.uri.headers.n > 0) { /* "?Replaces=…" */
        const struct voice_leg *second = replaced(v, to.uri.headers, leg->agent);
        if (!second || second == leg || !sapa_voice_part_of(second, &other) || other.contact == part.contact) {
            respond(v, ev->tx, 481, ev->now_us);
            return;
        }
        if (part.own && !other.own) { /* whichever way round the phone says it: the customer's contact goes on */
            const struct voice_part swapped = part;
            part = other;
            other = swapped;
        }
    } else {
        const struct sapa_str plain = sapa_str_cut(to.uri.user, ';', &rest);
        if (sapa_sip_unescape(plain, user_buf, sizeof(user_buf), &user) != SAPA_OK || !sapa_voice_target_of(v, user, &target)) {
            respond(v, ev->tx, 404, ev->now_us);
            return;
        }
    }
    struct voice_call_code *code = code_for(v, leg);
    if (!code) {
        respond(v, ev->tx, 503, ev->now_us);
        return;
    }
    respond(v, ev->tx, 202, ev->now_us);
    notify(v, leg, 100, false);
    sapa_timer_set(v->loop, &code->timer, (int64_t)VOICE_CODE_REPLY_MS * 1000, no_reply, code);
    struct sapa_record r;
    if (other.contact) {
        sapa_record_init(&r, SAPA_T_call_command);
        r.u.call_command.agent = leg->agent;
        r.u.call_command.offer = part.offer;
        r.u.call_command.verb = SAPA_CALL_VERB_MERGE;
        r.u.call_command.other = other.contact->id;
        r.u.call_command.request = code->request;
    } else {
        sapa_record_init(&r, SAPA_T_contact_passed);
        r.u.contact_passed.contact = part.contact->id;
        r.u.contact_passed.offer = part.offer;
        r.u.contact_passed.request = code->request;
        sapa_voice_pass_to(v, &r, part.contact->client, &target);
    }
    sapa_voice_post(v, &r);
}
