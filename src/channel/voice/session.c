#include "channel/voice/voice_impl.h"

/*
 * Session timers (RFC 4028): a call whose other end died without a word does not live for ever, also while it is
 * held and no audio tells. Who refreshes is agreed in the answer; we do it by UPDATE where the peer takes it, else by
 * a re-INVITE with the description that holds.
 */
enum { SESSION_S = 1800, SESSION_MIN_S = 90, RETRY_S = 5 };

static bool has_timer(const struct sapa_sip_msg *msg)
{
    return sapa_sip_has_token(msg, SAPA_SIP_H_SUPPORTED, SAPA_STR("timer"));
}

/* 'a' the sender of the request refreshes, 's' its receiver, 0 not said. */
static char refresher_of(const struct sapa_sip_msg *msg)
{
    struct sapa_str params, text;
    (void)sapa_str_cut(sapa_sip_value(msg, SAPA_SIP_H_SESSION_EXPIRES), ';', &params);
    if (!sapa_sip_params_get(params, SAPA_STR("refresher"), &text))
        return 0;
    return sapa_str_ieq(text, SAPA_STR("uac")) ? 'a' : sapa_str_ieq(text, SAPA_STR("uas")) ? 's' : 0;
}

static void arm(struct sapa_voice *v, struct voice_leg *leg, uint32_t seconds, bool ours)
{
    const uint32_t early = SAPA_MIN(32u, seconds / 3);
    leg->session_s = seconds;
    leg->session_ours = ours;
    leg->session_due_us = seconds == 0 ? 0 : sapa_voice_now(v) + (int64_t)(ours ? seconds / 2 : seconds - early) * 1000000;
}

int sapa_voice_session_check(const struct sapa_sip_msg *msg, struct sapa_text *head)
{
    uint32_t seconds;
    if (sapa_sip_seconds(msg, SAPA_SIP_H_SESSION_EXPIRES, &seconds) != SAPA_OK || seconds >= SESSION_MIN_S || !has_timer(msg))
        return 0;
    sapa_sip_put_number(head, SAPA_SIP_H_MIN_SE, SESSION_MIN_S);
    return 422;
}

void sapa_voice_session_ask(const struct voice_leg *leg, struct sapa_text *head)
{
    sapa_text_printf(head, "Session-Expires: %u%s\r\n", SAPA_MAX(leg->session_s ? leg->session_s : SESSION_S, leg->session_min_s),
                     leg->state == LEG_UP ? ";refresher=uac" : "");
    if (leg->session_min_s)
        sapa_sip_put_number(head, SAPA_SIP_H_MIN_SE, leg->session_min_s);
}

/* Their INVITE, re-INVITE or UPDATE is being answered with 2xx. */
void sapa_voice_session_take(struct sapa_voice *v, struct voice_leg *leg, const struct voice_session_wish *wish, struct sapa_text *head)
{
    if (wish->seconds == 0) {
        arm(v, leg, 0, false);
        return;
    }
    const uint32_t seconds = SAPA_MAX(wish->seconds, (uint32_t)SESSION_MIN_S); /* a proxy's wish; theirs is refused before */
    const bool ours = wish->refresher == 's' || !wish->supported;
    arm(v, leg, seconds, ours);
    if (!ours)
        sapa_text_add(head, SAPA_STR("Require: timer\r\n"));
    sapa_text_printf(head, "Session-Expires: %u;refresher=%s\r\n", seconds, ours ? "uas" : "uac");
}

struct voice_session_wish sapa_voice_session_wish(const struct sapa_sip_msg *msg)
{
    struct voice_session_wish wish = { .supported = has_timer(msg), .refresher = refresher_of(msg) };
    if (sapa_sip_seconds(msg, SAPA_SIP_H_SESSION_EXPIRES, &wish.seconds) != SAPA_OK)
        wish.seconds = 0;
    return wish;
}

/* A 2xx to a request of ours that asked. */
void sapa_voice_session_answered(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_msg *msg)
{
    uint32_t seconds;
    if (msg && sapa_sip_seconds(msg, SAPA_SIP_H_SESSION_EXPIRES, &seconds) == SAPA_OK && seconds > 0)
        arm(v, leg, SAPA_MAX(seconds, 10u), refresher_of(msg) != 's');
    else
        arm(v, leg, 0, false); /* they do not do it: nothing to keep */
}

void sapa_voice_session_allows(struct voice_leg *leg, const struct sapa_sip_msg *msg)
{
    leg->takes_update |= sapa_sip_has_token(msg, SAPA_SIP_H_ALLOW, SAPA_STR("UPDATE"));
}

static void refresh(struct sapa_voice *v, struct voice_leg *leg)
{
    char head_buf[160], body[VOICE_SDP_MAX], host[64];
    struct sapa_text head, sdp;
    struct sapa_sdp_codec codecs[SAPA_SDP_CODECS_MAX];
    struct sapa_sdp_want want;
    sapa_sip_tx_id tx;
    sapa_text_init(&head, head_buf, sizeof(head_buf));
    sapa_text_init(&sdp, body, sizeof(body));
    sapa_voice_session_ask(leg, &head);
    leg->session_due_us = sapa_voice_now(v) + (int64_t)RETRY_S * 1000000; /* should it cross something of theirs */
    if (leg->offered_again)
        return; /* that is one as well, when it is answered */
    if (!leg->takes_update) {
        sapa_voice_leg_want(v, leg, &want, host, codecs);
        if (sapa_sdp_offer(&leg->sdp, &want, &sdp) != SAPA_OK)
            return;
    }
    const struct sapa_sip_spec spec = { .headers = sapa_text_str(&head), .body = sapa_text_str(&sdp) };
    leg->refreshing = sapa_sip_dialog_send(v->stack, leg->dialog, leg->takes_update ? SAPA_SIP_UPDATE : SAPA_SIP_INVITE, &spec,
                                           sapa_voice_now(v), &tx) == SAPA_OK;
    if (leg->refreshing)
        leg->session_due_us = sapa_voice_now(v) + (int64_t)(leg->session_s / 2) * 1000000; /* then it is over */
}

/* What came of a refresh. True: it was one. */
bool sapa_voice_session_event(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev)
{
    if (!leg->refreshing || leg->state != LEG_UP || (ev->method != SAPA_SIP_UPDATE && ev->method != SAPA_SIP_INVITE) ||
        ev->dialog != leg->dialog || ev->kind == SAPA_SIP_EV_PROGRESS)
        return false;
    leg->refreshing = false;
    if (leg->webrtc && ev->kind == SAPA_SIP_EV_FAILURE && ev->rc == SAPA_ECLOSED) { /* it may have another connection in a moment */
        sapa_voice_gap_begin(v, leg);
        leg->session_due_us = ev->now_us + (int64_t)RETRY_S * 1000000;
        return true;
    }
    const bool good = ev->kind == SAPA_SIP_EV_ANSWER || (ev->kind == SAPA_SIP_EV_RESPONSE && ev->status < 300);
    if (good) {
        if (ev->kind == SAPA_SIP_EV_ANSWER) {
            struct sapa_sdp sdp;
            struct sapa_sdp_agreed agreed;
            struct sapa_sdp_codec codecs[SAPA_SDP_CODECS_MAX];
            struct sapa_sdp_want want;
            char host[64];
            if (sapa_sip_call_ack(v->stack, leg->dialog, NULL, ev->now_us) != SAPA_OK)
                v->stats.late_commands++;
            sapa_voice_leg_want(v, leg, &want, host, codecs);
            if (ev->msg->body.n > 0 && sapa_sdp_parse(ev->msg->body, &sdp) == SAPA_OK && sapa_sdp_accept(&want, &sdp, &agreed) == SAPA_OK &&
                (!leg->webrtc || sapa_voice_web_good(&agreed))) {
                const bool held = leg->held;
                sapa_voice_leg_agree(leg, &want, &agreed);
                leg->held = held; /* who holds us says so himself; an answer only repeats it */
                sapa_voice_leg_set(v, leg);
            }
        }
        const uint32_t before = leg->session_s;
        sapa_voice_session_answered(v, leg, ev->msg);
        if (leg->session_s == 0)
            arm(v, leg, before, true); /* answered without a word about it: it is alive, that is what was asked */
        sapa_voice_leg_log(v, leg, false);
        return true;
    }
    if (ev->kind == SAPA_SIP_EV_RESPONSE && (ev->status == 405 || ev->status == 501)) {
        leg->takes_update = false;
        leg->session_due_us = ev->now_us;
    } else if (ev->kind == SAPA_SIP_EV_RESPONSE && ev->status == 422 &&
               sapa_sip_seconds(ev->msg, SAPA_SIP_H_MIN_SE, &leg->session_min_s) == SAPA_OK && leg->session_min_s <= 86400) {
        leg->session_due_us = ev->now_us;
    } else if (ev->kind == SAPA_SIP_EV_FAILURE || ev->status == 408 || ev->status == 481) {
        sapa_voice_leg_lost(v, leg, SAPA_SIDE_NETWORK, ev->kind == SAPA_SIP_EV_FAILURE ? 408 : ev->status, "session refresh not answered");
    } else {
        leg->session_due_us = ev->now_us + (int64_t)RETRY_S * 1000000; /* 491, 500 … : later */
    }
    return true;
}

/* 422 to our INVITE: what they want at least. True: the INVITE may be tried again. */
bool sapa_voice_session_too_small(struct voice_leg *leg, const struct sapa_sip_event *ev)
{
    uint32_t seconds;
    if (ev->status != 422 || leg->session_min_s || sapa_sip_seconds(ev->msg, SAPA_SIP_H_MIN_SE, &seconds) != SAPA_OK ||
        seconds <= SESSION_S || seconds > 86400)
        return false;
    leg->session_min_s = seconds;
    return true;
}

void sapa_voice_session_second(struct sapa_voice *v, struct voice_leg *leg)
{
    if (leg->session_s == 0 || leg->state != LEG_UP || leg->session_due_us > sapa_voice_now(v))
        return;
    if (sapa_voice_in_gap(leg))
        leg->session_due_us = sapa_voice_now(v) + (int64_t)RETRY_S * 1000000; /* the gap has a limit of its own */
    else if (leg->session_ours && !leg->refreshing)
        refresh(v, leg);
    else
        sapa_voice_leg_lost(v, leg, SAPA_SIDE_NETWORK, 408, "session expired");
}
