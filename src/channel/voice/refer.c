#include "channel/voice/voice_impl.h"

#include <stdlib.h>

/*
 * Blind transfer by the phone's own key (RFC 3515): an agent's phone sends REFER, the core passes the contact on to a
 * queue, the flow of a number or a colleague, and what came of it goes back in NOTIFY. The BYE follows from the
 * core's own command. Attended transfer (Replaces) is not done.
 */

/* What a Refer-To names. False: nothing that we know. */
static bool target_of(const struct sapa_voice *v, struct sapa_str user, uint64_t *ret_kind, uint64_t *ret_target)
{
    const uint32_t agent = sapa_voice_agent_of(v, user), number = sapa_voice_number_of(v, user);
    const uint32_t queue = SAPA_FIND(v->centre, queues, user);
    *ret_kind = agent != SAPA_NONE ? 2 : number != SAPA_NONE ? 1 : 0;
    *ret_target = agent != SAPA_NONE ? agent : number != SAPA_NONE ? number : queue;
    return *ret_target != SAPA_NONE;
}

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

void sapa_voice_refer(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev)
{
    struct sapa_sip_addr to;
    char user_buf[128];
    struct sapa_str user, rest;
    uint64_t kind, target;
    if (leg->kind != LEG_AGENT || leg->state != LEG_UP || !leg->offer || leg->offer->winner != leg || leg->offer->over) {
        respond(v, ev->tx, 403, ev->now_us); /* a caller is not served by sending him elsewhere at his own word */
        return;
    }
    if (sapa_sip_addr_parse(sapa_sip_value(ev->msg, SAPA_SIP_H_REFER_TO), &to) != SAPA_OK || to.star ||
        to.uri.scheme == SAPA_SIP_SCHEME_OTHER) {
        respond(v, ev->tx, 400, ev->now_us);
        return;
    }
    if (to.uri.headers.n > 0) { /* "?Replaces=…" */
        respond(v, ev->tx, 501, ev->now_us);
        return;
    }
    const struct sapa_str plain = sapa_str_cut(to.uri.user, ';', &rest);
    if (sapa_sip_unescape(plain, user_buf, sizeof(user_buf), &user) != SAPA_OK || !target_of(v, user, &kind, &target)) {
        respond(v, ev->tx, 404, ev->now_us);
        return;
    }
    struct voice_call_code *code = calloc(1, sizeof(*code));
    if (code) {
        code->request = sapa_voice_id(v);
        code->voice = v;
        code->agent = leg->offer->agent;
        code->refer = leg->id;
    }
    if (!code || !sapa_voice_put(&v->codes, code->request, code)) {
        free(code);
        respond(v, ev->tx, 503, ev->now_us);
        return;
    }
    respond(v, ev->tx, 202, ev->now_us);
    notify(v, leg, 100, false);
    sapa_timer_set(v->loop, &code->timer, (int64_t)VOICE_CODE_REPLY_MS * 1000, no_reply, code);
    struct sapa_record r;
    sapa_record_init(&r, SAPA_T_contact_passed);
    r.u.contact_passed.contact = leg->contact->id;
    r.u.contact_passed.offer = leg->offer->id;
    r.u.contact_passed.kind = kind;
    r.u.contact_passed.target = target;
    r.u.contact_passed.request = code->request;
    sapa_voice_post(v, &r);
}
