/*
 * Transactions: the four state machines of RFC 3261 section 17 with the Accepted state of RFC 6026,
 * over reliable and unreliable transports, and the requests and answers of their users.
 *
 * A transaction has three times: again_us (retransmission), end_us (the timer that ends the state)
 * and extra_us (100 Trying of a server; the limit of ringing, then of a CANCEL, of a client).
 */
#include "sip/stack_impl.h"

#include <stdlib.h>

/* --- client -------------------------------------------------------------------------------------------------- */

static void client_start(struct sapa_sip_stack *stack, struct tx *tx,
                         const struct sapa_sip_ip *elsewhere, int64_t now_us)
{
    const sapa_rc rc = sapa_sip_send_anew(stack, &tx->flow, elsewhere, tx->text, tx->text_n);

    tx->interval_ms = (uint32_t)(stack->t1_us / 1000);
    tx->end_us = now_us + 64 * stack->t1_us; /* timers B, F */
    if (!tx->reliable)
        tx->again_us = now_us + stack->t1_us; /* A, E */
    if (rc != SAPA_OK && rc != SAPA_EAGAIN) {
        /* Told from run_due: the caller does not have its id yet. */
        tx->fail_rc = (int8_t)rc;
        tx->again_us = INT64_MAX;
        tx->end_us = now_us;
    }
    sapa_sip_tx_arm(stack, tx);
}

struct tx *sapa_sip_tx_client(struct sapa_sip_stack *stack, enum sapa_sip_method method,
                              uint64_t key, const struct sapa_sip_flow *flow,
                              const struct sapa_sip_ip *elsewhere, bool hold, int64_t now_us)
{
    if (stack->out.cut)
        return NULL;
    struct tx *tx =
        sapa_sip_tx_new(stack, method == SAPA_SIP_INVITE ? TX_CLIENT_INVITE : TX_CLIENT, key);
    if (!tx)
        return NULL;
    tx->method = (uint8_t)method;
    tx->flow = *flow;
    tx->reliable = sapa_sip_flow_reliable(flow);
    tx->text = sapa_sip_copy(stack->out.buf, stack->out.n);
    tx->text_n = (uint32_t)stack->out.n;
    if (!tx->text) {
        sapa_sip_tx_free(stack, tx);
        return NULL;
    }
    tx->held = hold;
    if (!hold)
        client_start(stack, tx, elsewhere, now_us);
    return tx;
}

void sapa_sip_tx_release(struct sapa_sip_stack *stack, struct tx *tx, int64_t now_us)
{
    if (!tx->held)
        return;
    tx->held = false;
    client_start(stack, tx, NULL, now_us);
}

/* The end without a final answer. */
static void client_failed(struct sapa_sip_stack *stack, struct tx *tx, sapa_rc rc, int64_t now_us)
{
    struct dialog *dialog = sapa_sip_dlg_get(stack, tx->dialog);
    const bool quiet =
        tx->quiet || (tx->dialog && (!dialog || dialog->ended)); /* its user is gone */
    const struct sapa_sip_event event = { .kind = SAPA_SIP_EV_FAILURE,
                                          .now_us = now_us,
                                          .tx = tx_id(tx),
                                          .dialog = tx->dialog,
                                          .user = dialog ? dialog->user : tx->user,
                                          .method = (enum sapa_sip_method)tx->method,
                                          .status = rc == SAPA_ETIMEOUT ? 408 : 503,
                                          .rc = rc };

    stack->stats.timeout += rc == SAPA_ETIMEOUT;
    if (dialog) {
        if (dialog->invite_tx == tx_id(tx)) {
            dialog->invite_tx = 0;
            if (dialog->state < SAPA_SIP_DIALOG_CONFIRMED)
                dialog->state = SAPA_SIP_DIALOG_OVER;
        }
    }
    sapa_sip_tx_free(stack, tx);
    if (!quiet)
        sapa_sip_emit(stack, &event);
}

void sapa_sip_tx_broken(struct sapa_sip_stack *stack, struct tx *tx, sapa_rc rc, int64_t now_us)
{
    if (tx->state == TX_CALLING || tx->state == TX_PROCEEDING)
        client_failed(stack, tx, rc, now_us);
}

/* A request that copies URI, top Via, From, Call-ID, CSeq number and Route of our INVITE: ACK (17.1.1.3) or CANCEL (9.1). */
static bool put_of_invite(struct sapa_sip_stack *stack, struct tx *tx, struct sapa_str method,
                          struct sapa_str to)
{
    struct sapa_text *out = sapa_sip_begin(stack);
    struct sapa_sip_msg invite;

    /* Our own message, without folding: parsing does not change it. */
    if (sapa_sip_msg_parse(tx->text, tx->text_n, SAPA_SIP_DATAGRAM, &invite) != SAPA_OK)
        return false;
    sapa_sip_put_request_line(out, method, invite.uri.all);
    sapa_sip_put_header(out, SAPA_SIP_H_VIA, invite.via.all);
    sapa_text_add(out, SAPA_STR("Max-Forwards: 70\r\n"));
    sapa_sip_put_copy(out, &invite, SAPA_SIP_H_ROUTE);
    sapa_sip_put_copy(out, &invite, SAPA_SIP_H_FROM);
    sapa_sip_put_header(out, SAPA_SIP_H_TO, to.n > 0 ? to : invite.to.all);
    sapa_sip_put_header(out, SAPA_SIP_H_CALL_ID, invite.call_id);
    sapa_text_printf(out, "CSeq: %u %.*s\r\n", invite.cseq, (int)method.n, method.p);
    return !out->cut;
}

static void send_cancel(struct sapa_sip_stack *stack, struct tx *invite, struct sapa_str reason,
                        int64_t now_us)
{
    struct sapa_sip_msg msg;

    invite->cancel_sent = true;
    invite->extra_us = now_us + 64 * stack->t1_us; /* 9.1: no final answer by then: it is over */
    sapa_sip_tx_arm(stack, invite);
    if (!put_of_invite(stack, invite, SAPA_STR("CANCEL"), SAPA_STR("")))
        return;
    struct sapa_text *out = &stack->out;
    if (reason.n > 0)
        sapa_sip_put_header(out, SAPA_SIP_H_REASON, reason);
    sapa_sip_put_common(stack, out, SAPA_SIP_CANCEL, true);
    sapa_sip_put_body(out, SAPA_STR(""), SAPA_STR(""));
    if (out->cut || sapa_sip_msg_parse(out->buf, out->n, SAPA_SIP_DATAGRAM, &msg) != SAPA_OK)
        return;
    struct tx *tx =
        sapa_sip_tx_client(stack, SAPA_SIP_CANCEL,
                           sapa_sip_client_key(stack, msg.via.branch, SAPA_STR("CANCEL")),
                           &invite->flow, NULL, false, now_us);
    if (tx) {
        tx->quiet = true;
        tx->cseq = invite->cseq;
    }
}

void sapa_sip_tx_cancel(struct sapa_sip_stack *stack, struct tx *tx, struct sapa_str reason,
                        int64_t now_us)
{
    if (tx->cancel_sent)
        return;
    if (tx->state == TX_PROCEEDING)
        send_cancel(stack, tx, reason, now_us);
    else if (tx->state == TX_CALLING)
        tx->cancel_wish = true;
}

/* Final answer other than 2xx to our INVITE: ACK it, and again each time it comes. */
static void ack_refusal(struct sapa_sip_stack *stack, struct tx *tx, const struct sapa_sip_msg *msg,
                        int64_t now_us)
{
    if (put_of_invite(stack, tx, SAPA_STR("ACK"), msg->to.all)) {
        sapa_sip_put_body(&stack->out, SAPA_STR(""), SAPA_STR(""));
        char *ack = stack->out.cut ? NULL : sapa_sip_copy(stack->out.buf, stack->out.n);
        if (ack) {
            free(tx->text);
            tx->text = ack;
            tx->text_n = (uint32_t)stack->out.n;
            (void)sapa_sip_send(stack, &tx->flow, tx->text,
                                tx->text_n); /* they repeat, then we do */
        }
    }
    tx->state = TX_COMPLETED;
    tx->again_us = tx->extra_us = INT64_MAX;
    tx->end_us = tx->reliable ? now_us : now_us + 64 * stack->t1_us; /* D: at least 32 s */
    sapa_sip_tx_arm(stack, tx);
}

static void invite_response(struct sapa_sip_stack *stack, struct tx *tx,
                            const struct sapa_sip_msg *msg, const struct sapa_sip_flow *flow,
                            int64_t now_us)
{
    const sapa_sip_tx_id id = tx_id(tx);

    if (tx->state == TX_COMPLETED) {
        if (msg->status >= 300) { /* our ACK was lost */
            stack->stats.retransmit_in++;
            (void)sapa_sip_send(stack, &tx->flow, tx->text, tx->text_n);
        }
        return;
    }
    if (tx->state == TX_ACCEPTED) {
        if (msg->status < 200 || msg->status >= 300)
            return;
        if (tx->quiet) {
            stack->stats.retransmit_in++;
            sapa_sip_ack_and_bye(stack, &tx->flow, SAPA_SIP_HOP_URI, msg, false, now_us);
        } else {
            sapa_sip_dlg_on_response(stack, tx, msg, flow, now_us);
        }
        return;
    }
    if (msg->status < 200) {
        if (tx->state == TX_CALLING) {
            tx->state = TX_PROCEEDING;
            tx->again_us = tx->end_us = INT64_MAX; /* from here the limit of ringing counts */
            sapa_sip_tx_arm(stack, tx);
        }
        if (tx->cancel_wish && !tx->cancel_sent)
            send_cancel(stack, tx, SAPA_STR(""), now_us);
        if (!tx->quiet)
            sapa_sip_dlg_on_response(stack, tx, msg, flow, now_us);
        return;
    }
    if (msg->status >= 300) {
        ack_refusal(stack, tx, msg, now_us);
        if (!tx->quiet)
            sapa_sip_dlg_on_response(stack, tx, msg, flow, now_us);
        tx = sapa_sip_tx_get(stack, id);
        if (tx)
            tx->quiet = true;
        return;
    }
    tx->state = TX_ACCEPTED;
    tx->again_us = tx->extra_us = INT64_MAX;
    tx->end_us = now_us + 64 * stack->t1_us; /* M */
    sapa_sip_tx_arm(stack, tx);
    if (tx->quiet)
        sapa_sip_ack_and_bye(stack, &tx->flow, SAPA_SIP_HOP_URI, msg, true, now_us);
    else
        sapa_sip_dlg_on_response(stack, tx, msg, flow, now_us);
    tx = sapa_sip_tx_get(stack, id);
    if (tx) { /* answered: the request itself is not needed any more */
        free(tx->text);
        tx->text = NULL;
        tx->text_n = 0;
    }
}

static void other_response(struct sapa_sip_stack *stack, struct tx *tx,
                           const struct sapa_sip_msg *msg, const struct sapa_sip_flow *flow,
                           int64_t now_us)
{
    if (tx->state == TX_COMPLETED) {
        stack->stats.retransmit_in++;
        return;
    }
    if (msg->status < 200) {
        if (tx->state == TX_CALLING) {
            tx->state = TX_PROCEEDING;
            if (!tx->reliable) {
                tx->interval_ms = (uint32_t)(stack->t2_us / 1000);
                tx->again_us = now_us + stack->t2_us;
            }
            sapa_sip_tx_arm(stack, tx);
        }
        return;
    }
    tx->state = TX_COMPLETED;
    tx->again_us = INT64_MAX;
    tx->end_us = tx->reliable ? now_us : now_us + stack->t4_us; /* K */
    sapa_sip_tx_arm(stack, tx);
    free(tx->text);
    tx->text = NULL;
    tx->text_n = 0;
    if (tx->quiet)
        return;
    if (tx->dialog) {
        sapa_sip_dlg_on_response(stack, tx, msg, flow, now_us);
        return;
    }
    const struct sapa_sip_event event = { .kind = SAPA_SIP_EV_RESPONSE,
                                          .now_us = now_us,
                                          .tx = tx_id(tx),
                                          .user = tx->user,
                                          .method = (enum sapa_sip_method)tx->method,
                                          .status = msg->status,
                                          .msg = msg,
                                          .flow = flow };
    sapa_sip_emit(stack, &event);
}

void sapa_sip_tx_on_response(struct sapa_sip_stack *stack, struct tx *tx,
                             const struct sapa_sip_msg *msg, const struct sapa_sip_flow *flow,
                             int64_t now_us)
{
    if (tx->held)
        return; /* never sent: this answers something else */
    if (tx->kind == TX_CLIENT_INVITE)
        invite_response(stack, tx, msg, flow, now_us);
    else
        other_response(stack, tx, msg, flow, now_us);
}

/* --- server ----------------------------------------------------------------------------------------------------- */

struct tx *sapa_sip_tx_server(struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg,
                              const struct sapa_sip_flow *flow, struct sapa_str to_tag,
                              int64_t now_us)
{
    const bool invite = msg->method == SAPA_SIP_INVITE;
    struct sapa_text *out = sapa_sip_begin(stack);

    sapa_sip_put_reply_head(out, msg, flow, to_tag);
    if (invite || msg->method == SAPA_SIP_SUBSCRIBE) /* what makes dialogs */
        sapa_sip_put_copy(out, msg, SAPA_SIP_H_RECORD_ROUTE);
    if (out->cut)
        return NULL;
    struct tx *tx = sapa_sip_tx_new(stack, invite ? TX_SERVER_INVITE : TX_SERVER,
                                    sapa_sip_server_key(stack, msg, msg->method_text));
    if (!tx)
        return NULL;
    tx->method = (uint8_t)msg->method;
    tx->cseq = msg->cseq;
    tx->flow = *flow;
    tx->reliable = sapa_sip_flow_reliable(flow);
    tx->reply_port = sapa_sip_reply_port(msg, flow);
    tx->head = sapa_sip_copy(out->buf, out->n);
    tx->head_n = (uint32_t)out->n;
    if (!tx->head) {
        sapa_sip_tx_free(stack, tx);
        return NULL;
    }
    if (invite)
        tx->extra_us = now_us + stack->opts.trying_ms * 1000LL;
    else
        tx->end_us = now_us + 64 * stack->t1_us; /* nobody waits longer for an answer */
    sapa_sip_tx_arm(stack, tx);
    return tx;
}

/* RFC 3261 18.2.2: the connection of the request, or if it is gone the address that it came from at the port of sent-by. */
static sapa_rc server_send(struct sapa_sip_stack *stack, struct tx *tx, const char *bytes, size_t n)
{
    struct sapa_sip_flow to = tx->flow;
    struct sapa_sip_ip address = tx->flow.remote;

    address.port = tx->reply_port;
    if (tx->reliable)
        return sapa_sip_send_anew(stack, &tx->flow, &address, bytes, n);
    to.remote = address;
    return sapa_sip_send(stack, &to, bytes, n);
}

/* Keep the answer for repeated requests. */
static void keep(struct tx *tx, const char *bytes, size_t n)
{
    char *copy = sapa_sip_copy(bytes, n);

    if (!copy)
        return; /* a repeated request then gets the older answer: no harm */
    free(tx->text);
    tx->text = copy;
    tx->text_n = (uint32_t)n;
}

sapa_rc sapa_sip_tx_reply(struct sapa_sip_stack *stack, struct tx *tx, int status,
                          const char *bytes, size_t n, int64_t now_us)
{
    const bool invite = tx->kind == TX_SERVER_INVITE;

    if (tx->state > TX_PROCEEDING)
        return SAPA_ESTATE;
    tx->status = (int16_t)status;
    const sapa_rc rc = server_send(stack, tx, bytes, n);
    if (status < 200) {
        tx->state = TX_PROCEEDING;
        tx->extra_us = INT64_MAX;
        keep(tx, bytes, n);
    } else if (!invite) {
        tx->state = TX_COMPLETED;
        if (!tx->reliable)
            keep(tx, bytes, n);
        tx->end_us = tx->reliable ? now_us : now_us + 64 * stack->t1_us; /* J */
    } else if (status < 300) {
        tx->state = TX_ACCEPTED; /* the dialog repeats the 2xx */
        tx->extra_us = tx->again_us = INT64_MAX;
        tx->end_us = now_us + 64 * stack->t1_us; /* L */
        free(tx->text);
        tx->text = NULL;
        tx->text_n = 0;
    } else {
        tx->state = TX_COMPLETED;
        keep(tx, bytes, n);
        tx->extra_us = INT64_MAX;
        tx->interval_ms = (uint32_t)(stack->t1_us / 1000);
        tx->again_us = tx->reliable ? INT64_MAX : now_us + stack->t1_us; /* G */
        tx->end_us = now_us + 64 * stack->t1_us;                         /* H */
    }
    if (status >= 200) {
        free(tx->head);
        tx->head = NULL;
        tx->head_n = 0;
    }
    sapa_sip_tx_arm(stack, tx);
    (void)rc; /* a lost answer shows when no ACK comes or the request comes again */
    return SAPA_OK;
}

void sapa_sip_tx_on_repeat(struct sapa_sip_stack *stack, struct tx *tx)
{
    if (tx->text && (tx->state == TX_PROCEEDING || tx->state == TX_COMPLETED)) {
        stack->stats.retransmit_out++;
        (void)server_send(stack, tx, tx->text, tx->text_n); /* it will come again */
    }
}

void sapa_sip_tx_on_ack(struct sapa_sip_stack *stack, struct tx *tx, int64_t now_us)
{
    if (tx->kind != TX_SERVER_INVITE || tx->state != TX_COMPLETED) {
        stack->stats.stray_ack += tx->state != TX_CONFIRMED;
        return;
    }
    tx->state = TX_CONFIRMED;
    tx->again_us = INT64_MAX;
    tx->end_us = tx->reliable ? now_us : now_us + stack->t4_us; /* I */
    free(tx->text);
    tx->text = NULL;
    tx->text_n = 0;
    sapa_sip_tx_arm(stack, tx);
}

/* --- timers ------------------------------------------------------------------------------------------------------- */

static void again(struct sapa_sip_stack *stack, struct tx *tx, int64_t now_us)
{
    const bool client = tx->kind == TX_CLIENT || tx->kind == TX_CLIENT_INVITE;

    if (tx->prack_open && now_us >= tx->prack_end_us) { /* whoever asks for it and does not acknowledge is not there */
        tx->prack_open = false;
        tx->again_us = INT64_MAX;
        sapa_sip_tx_arm(stack, tx);
        stack->stats.ack_timeout++;
        const struct dialog *dialog = sapa_sip_dlg_get(stack, tx->dialog);
        const struct sapa_sip_event event = { .kind = SAPA_SIP_EV_ACK_TIMEOUT,
                                              .now_us = now_us,
                                              .tx = tx_id(tx),
                                              .dialog = tx->dialog,
                                              .user = dialog ? dialog->user : 0,
                                              .method = SAPA_SIP_INVITE,
                                              .status = 408,
                                              .rc = SAPA_ETIMEOUT };
        if (dialog && !tx->quiet)
            sapa_sip_emit(stack, &event);
        return;
    }
    stack->stats.retransmit_out++;
    const sapa_rc rc = client ? sapa_sip_send(stack, &tx->flow, tx->text, tx->text_n)
                              : server_send(stack, tx, tx->text, tx->text_n);
    if (client && rc == SAPA_EIO) {
        tx->fail_rc = SAPA_EIO;
        tx->again_us = INT64_MAX;
        tx->end_us = now_us;
        sapa_sip_tx_arm(stack, tx);
        return;
    }
    /* Timer A doubles without bound, E and G up to T2. */
    const uint32_t limit =
        tx->kind == TX_CLIENT_INVITE ? UINT32_MAX / 2 : (uint32_t)(stack->t2_us / 1000);
    tx->interval_ms = SAPA_MIN(tx->interval_ms * 2, limit);
    tx->again_us = now_us + tx->interval_ms * 1000LL;
    sapa_sip_tx_arm(stack, tx);
}

static void extra_due(struct sapa_sip_stack *stack, struct tx *tx, int64_t now_us)
{
    tx->extra_us = INT64_MAX;
    if (tx->kind == TX_SERVER_INVITE) {
        sapa_sip_tx_arm(stack, tx);
        if (tx->quiet) /* its dialog was ended without an answer */
            sapa_sip_respond_plain(stack, tx_id(tx), tx->cancelled ? 487 : 480, now_us);
        else if (tx->state == TX_CALLING)
            sapa_sip_respond_plain(stack, tx_id(tx), 100, now_us);
        return;
    }
    sapa_sip_tx_arm(stack, tx);
    if (tx->cancel_sent) { /* a cancelled INVITE that never got its answer */
        client_failed(stack, tx, SAPA_ETIMEOUT, now_us);
    } else if (tx->state == TX_PROCEEDING) {
        tx->timed_out = true;
        send_cancel(stack, tx, SAPA_STR(""), now_us);
    } else {
        /* It rang nowhere: the user hears now, a late answer is ended quietly. */
        struct dialog *dialog = sapa_sip_dlg_get(stack, tx->dialog);
        const struct sapa_sip_event event = { .kind = SAPA_SIP_EV_FAILURE,
                                              .now_us = now_us,
                                              .tx = tx_id(tx),
                                              .dialog = tx->dialog,
                                              .user = dialog ? dialog->user : tx->user,
                                              .method = SAPA_SIP_INVITE,
                                              .status = 408,
                                              .rc = SAPA_ETIMEOUT };
        const bool quiet = tx->quiet;
        tx->quiet = tx->cancel_wish = true;
        tx->dialog = 0;
        if (dialog) {
            dialog->invite_tx = 0;
            if (dialog->state < SAPA_SIP_DIALOG_CONFIRMED)
                dialog->state = SAPA_SIP_DIALOG_OVER;
        }
        stack->stats.timeout++;
        if (!quiet)
            sapa_sip_emit(stack, &event);
    }
}

void sapa_sip_tx_due(struct sapa_sip_stack *stack, struct tx *tx, int64_t now_us)
{
    if (tx->end_us <= now_us) {
        const bool waiting = tx->state == TX_CALLING || tx->state == TX_PROCEEDING;
        if ((tx->kind == TX_CLIENT || tx->kind == TX_CLIENT_INVITE) && waiting)
            client_failed(stack, tx, tx->fail_rc ? (sapa_rc)tx->fail_rc : SAPA_ETIMEOUT, now_us);
        else
            sapa_sip_tx_free(stack, tx);
    } else if (tx->extra_us <= now_us) {
        extra_due(stack, tx, now_us);
    } else {
        again(stack, tx, now_us);
    }
}

/* --- the user's side ------------------------------------------------------------------------------------------------ */

static const struct sapa_sip_spec nothing = { 0 };

sapa_rc sapa_sip_respond(struct sapa_sip_stack *stack, sapa_sip_tx_id id, int status,
                         const struct sapa_sip_spec *spec, int64_t now_us)
{
    struct tx *tx = sapa_sip_tx_get(stack, id);

    if (status < 100 || status > 699)
        return SAPA_EINVAL;
    if (!tx || (tx->kind != TX_SERVER && tx->kind != TX_SERVER_INVITE))
        return SAPA_ENOENT;
    if (tx->state > TX_PROCEEDING)
        return SAPA_ESTATE;
    if (!spec)
        spec = &nothing;
    const bool invite = tx->kind == TX_SERVER_INVITE;
    struct dialog *dialog = sapa_sip_dlg_get(stack, tx->dialog);
    struct sapa_text *out = sapa_sip_begin(stack);
    sapa_sip_put_status_line(out, status, spec->reason);
    sapa_text_add(out, (struct sapa_str){ tx->head, tx->head_n });
    if (dialog && status > 100 && status < 300 && (invite || tx->method == SAPA_SIP_UPDATE || tx->method == SAPA_SIP_REFER))
        sapa_sip_put_header(out, SAPA_SIP_H_CONTACT, sapa_sip_dlg_text(dialog, D_CONTACT));
    const bool reliable = invite && dialog && tx->wants_prack && status > 100 && status < 200;
    if (reliable && tx->prack_open)
        return SAPA_ESTATE; /* one after the other (RFC 3262 3) */
    const bool allow = status > 100 && status < 300 && (invite || tx->method == SAPA_SIP_OPTIONS);
    sapa_sip_put_common(stack, out, allow ? (enum sapa_sip_method)tx->method : SAPA_SIP_OTHER,
                        false);
    if (reliable) {
        dialog->local_rseq = dialog->local_rseq ? dialog->local_rseq + 1
                                                : 1 + (uint32_t)(stack->counter * 2654435761u & 0x3fffffff);
        sapa_text_printf(out, "Require: 100rel\r\nRSeq: %u\r\n", dialog->local_rseq);
    }
    sapa_text_add(out, spec->headers);
    sapa_sip_put_body(out, spec->content_type, spec->body);
    if (out->cut)
        return SAPA_ELIMIT;
    const sapa_rc rc = sapa_sip_tx_reply(stack, tx, status, out->buf, out->n, now_us);
    if (rc != SAPA_OK)
        return rc;
    tx->prack_open = reliable;
    if (reliable) { /* on every transport (RFC 3262 3) */
        tx->interval_ms = (uint32_t)(stack->t1_us / 1000);
        tx->again_us = now_us + stack->t1_us;
        tx->prack_end_us = now_us + 64 * stack->t1_us;
        sapa_sip_tx_arm(stack, tx);
    }
    if (invite && dialog && status >= 200) {
        dialog->invite_tx = 0;
        if (status < 300)
            sapa_sip_dlg_answered(stack, dialog, tx, now_us);
        else if (dialog->state < SAPA_SIP_DIALOG_CONFIRMED)
            dialog->state = SAPA_SIP_DIALOG_OVER;
    }
    return rc;
}

void sapa_sip_respond_plain(struct sapa_sip_stack *stack, sapa_sip_tx_id tx, int status,
                            int64_t now_us)
{
    if (sapa_sip_respond(stack, tx, status, NULL, now_us) != SAPA_OK)
        return; /* answered already, or lost: the other side asks again */
}

/* A text that goes into a start line or a header as it is: nothing that ends the line. */
static bool clean(struct sapa_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
            return false;
    }
    return true;
}

sapa_rc sapa_sip_request_send(struct sapa_sip_stack *stack, const struct sapa_sip_request *request,
                              int64_t now_us, sapa_sip_tx_id *ret_tx)
{
    struct sapa_sip_uri uri;
    struct sapa_sip_addr addr;
    char token[17];
    uint64_t key;

    if (request->method <= SAPA_SIP_OTHER || request->method >= SAPA_SIP_METHOD_COUNT ||
        request->method == SAPA_SIP_INVITE || request->method == SAPA_SIP_ACK ||
        request->method == SAPA_SIP_CANCEL || !clean(request->call_id) ||
        !clean(request->from_tag) || !clean(request->from) ||
        sapa_sip_uri_parse(request->uri, &uri) != SAPA_OK ||
        sapa_sip_addr_parse(request->from, &addr) != SAPA_OK ||
        sapa_sip_addr_parse(request->to, &addr) != SAPA_OK)
        return SAPA_EINVAL;
    const struct sapa_str method = sapa_str_of(sapa_sip_method_name(request->method));
    const uint32_t cseq = request->cseq ? request->cseq : 1;
    struct sapa_text *out = sapa_sip_begin(stack);
    sapa_sip_put_request_line(out, method, request->uri);
    sapa_sip_put_own_via(stack, out, &request->flow, request->method, method, &key);
    if (request->route.n > 0)
        sapa_sip_put_header(out, SAPA_SIP_H_ROUTE, request->route);
    sapa_text_add(out, SAPA_STR("From: "));
    sapa_text_add(out, request->from);
    sapa_text_add(out, SAPA_STR(";tag="));
    if (request->from_tag.n == 0)
        sapa_sip_token(stack, token);
    sapa_text_add(out, request->from_tag.n > 0 ? request->from_tag : sapa_str_of(token));
    sapa_text_add(out, SAPA_STR("\r\n"));
    sapa_sip_put_header(out, SAPA_SIP_H_TO, request->to);
    if (request->call_id.n == 0)
        sapa_sip_token(stack, token);
    sapa_sip_put_header(out, SAPA_SIP_H_CALL_ID,
                        request->call_id.n > 0 ? request->call_id : sapa_str_of(token));
    sapa_text_printf(out, "CSeq: %u %s\r\n", cseq, method.p);
    if (request->contact.n > 0)
        sapa_sip_put_header(out, SAPA_SIP_H_CONTACT, request->contact);
    sapa_sip_put_common(stack, out, request->method, true);
    sapa_text_add(out, request->spec.headers);
    sapa_sip_put_body(out, request->spec.content_type, request->spec.body);
    if (out->cut)
        return SAPA_ELIMIT;
    struct tx *tx =
        sapa_sip_tx_client(stack, request->method, key, &request->flow, NULL, false, now_us);
    if (!tx)
        return SAPA_ELIMIT;
    tx->cseq = cseq;
    tx->user = request->user;
    *ret_tx = tx_id(tx);
    return SAPA_OK;
}
