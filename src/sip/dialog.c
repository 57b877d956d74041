/*
 * Dialogs (RFC 3261 12) and what INVITE calls need of them: forks, 2xx and ACK from end to end,
 * re-INVITE, route sets, export and import.
 *
 * A dialog keeps its texts in one block, so that a confirmed call costs two allocations: the block and
 * a share of a chunk. It is found by Call-ID and our tag; forks of one INVITE share that key.
 */
#include "sip/stack_impl.h"

#include <stdlib.h>

#include "base/bytes.h"

static const struct sapa_sip_spec nothing = { 0 };

/* --- texts ------------------------------------------------------------------------------------------------------- */

struct sapa_str sapa_sip_dlg_text(const struct dialog *dialog, enum dialog_text which)
{
    size_t at = 0;

    if (!dialog->text)
        return (struct sapa_str){ NULL, 0 };
    for (int i = 0; i < (int)which; i++)
        at += dialog->text_n[i];
    return (struct sapa_str){ dialog->text + at, dialog->text_n[which] };
}

static sapa_rc set_texts(struct dialog *dialog, const struct sapa_str texts[D_COUNT])
{
    size_t n = 0;

    for (int i = 0; i < D_COUNT; i++)
        n += texts[i].n;
    if (n > SAPA_SIP_DIALOG_TEXT_MAX)
        return SAPA_EINVAL;
    char *block = malloc(n ? n : 1);
    if (!block)
        return SAPA_ENOMEM;
    char *at = block;
    for (int i = 0; i < D_COUNT; i++) {
        if (texts[i].n > 0)
            memcpy(at, texts[i].p, texts[i].n);
        at += texts[i].n;
        dialog->text_n[i] = (uint16_t)texts[i].n;
    }
    free(dialog->text);
    dialog->text = block;
    return SAPA_OK;
}

static sapa_rc set_text(struct dialog *dialog, enum dialog_text which, struct sapa_str text)
{
    struct sapa_str texts[D_COUNT];

    if (sapa_str_eq(text, sapa_sip_dlg_text(dialog, which)))
        return SAPA_OK;
    for (int i = 0; i < D_COUNT; i++)
        texts[i] = i == (int)which ? text : sapa_sip_dlg_text(dialog, (enum dialog_text)i);
    return set_texts(dialog, texts);
}

static uint64_t dialog_key(const struct sapa_sip_stack *stack, struct sapa_str call_id,
                           struct sapa_str local_tag)
{
    struct sapa_sip_hash hash;

    sapa_sip_hash_begin(&hash, stack->opts.secret);
    sapa_sip_hash_str(&hash, SAPA_STR("dialog"));
    sapa_sip_hash_str(&hash, call_id);
    sapa_sip_hash_str(&hash, local_tag);
    return sapa_sip_hash_end(&hash);
}

static sapa_rc enter(struct sapa_sip_stack *stack, struct dialog *dialog)
{
    dialog->key = dialog_key(stack, sapa_sip_dlg_text(dialog, D_CALL_ID),
                             sapa_sip_dlg_text(dialog, D_LOCAL_TAG));
    const sapa_rc rc = sapa_sip_map_add(&stack->dialog_map, dialog->key, dialog->index);
    if (rc != SAPA_OK)
        dialog->key = 0;
    return rc;
}

struct dialog *sapa_sip_dlg_match(const struct sapa_sip_stack *stack, struct sapa_str call_id,
                                  struct sapa_str local_tag, struct sapa_str remote_tag)
{
    const uint64_t key = dialog_key(stack, call_id, local_tag);
    size_t cursor = SIZE_MAX;
    uint32_t index;

    while (sapa_sip_map_next(&stack->dialog_map, key, &cursor, &index)) {
        struct dialog *dialog = &stack->dialog_chunks[index / CHUNK][index % CHUNK];
        if (sapa_str_eq(sapa_sip_dlg_text(dialog, D_REMOTE_TAG), remote_tag) &&
            sapa_str_eq(sapa_sip_dlg_text(dialog, D_LOCAL_TAG), local_tag) &&
            sapa_str_eq(sapa_sip_dlg_text(dialog, D_CALL_ID), call_id))
            return dialog;
    }
    return NULL;
}

/* As the user sees it: one that was ended is gone, even if it still waits for an ACK. */
static struct dialog *user_dialog(const struct sapa_sip_stack *stack, sapa_sip_dialog_id id)
{
    struct dialog *dialog = sapa_sip_dlg_get(stack, id);

    return dialog && !dialog->ended ? dialog : NULL;
}

sapa_sip_dialog_id sapa_sip_dialog_find(const struct sapa_sip_stack *stack, struct sapa_str call_id,
                                        struct sapa_str local_tag, struct sapa_str remote_tag)
{
    const struct dialog *dialog = sapa_sip_dlg_match(stack, call_id, local_tag, remote_tag);

    return dialog && !dialog->ended ? dialog_id(dialog) : 0;
}

/* From or To as it is repeated in requests: display name and URI, without parameters. */
static void put_addr(struct sapa_text *out, const struct sapa_sip_addr *addr, bool display)
{
    if (display && addr->display.n > 0) {
        const bool quoted = addr->all.p[0] == '"';
        if (quoted)
            sapa_text_char(out, '"');
        sapa_text_add(out, addr->display);
        sapa_text_add(out, quoted ? SAPA_STR("\" ") : SAPA_STR(" "));
    }
    sapa_text_char(out, '<');
    sapa_text_add(out, addr->uri.all);
    sapa_text_char(out, '>');
}

/* The values of a header, comma-separated, forwards or backwards. */
static bool put_route_set(struct sapa_text *out, const struct sapa_sip_msg *msg,
                          enum sapa_sip_header id, bool backwards)
{
    struct sapa_str values[SAPA_SIP_VIAS_MAX];
    size_t count = 0;
    struct sapa_sip_iter iter = sapa_sip_iter_of(msg, id);

    while (count < SAPA_COUNT(values) && sapa_sip_iter_next(&iter, &values[count]))
        count++;
    struct sapa_str more;
    if (sapa_sip_iter_next(&iter, &more))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            sapa_text_char(out, ',');
        sapa_text_add(out, values[backwards ? count - 1 - i : i]);
    }
    return !out->cut;
}

/* A URI as it may stand in a request line: without its headers part (19.1.5). */
static struct sapa_str without_headers(const struct sapa_sip_uri *uri)
{
    return (struct sapa_str){ uri->all.p, uri->headers.n > 0
                                              ? (size_t)(uri->headers.p - 1 - uri->all.p)
                                              : uri->all.n };
}

/* Their Contact as a remote target; false when it is none. */
static bool target_of(const struct sapa_sip_msg *msg, struct sapa_str *ret_target)
{
    struct sapa_sip_addr contact;

    if (sapa_sip_contact(msg, &contact) != SAPA_OK || contact.star ||
        contact.uri.scheme == SAPA_SIP_SCHEME_OTHER)
        return false;
    *ret_target = without_headers(&contact.uri);
    return true;
}

/* Their Contact as the remote target (12.2.1.1); kept as it is when there is none. */
void sapa_sip_dlg_refresh(struct dialog *dialog, const struct sapa_sip_msg *msg)
{
    struct sapa_str target;

    if (target_of(msg, &target) && set_text(dialog, D_TARGET, target) != SAPA_OK)
        return; /* too long: the old one stays */
}

/* --- making dialogs --------------------------------------------------------------------------------------------------- */

sapa_rc sapa_sip_dlg_of_invite(struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg,
                               const struct sapa_sip_flow *flow, struct sapa_str local_tag,
                               struct dialog **ret_dialog)
{
    char local[SAPA_SIP_DIALOG_TEXT_MAX + 1], remote[SAPA_SIP_DIALOG_TEXT_MAX + 1],
        route[SAPA_SIP_DIALOG_TEXT_MAX + 1], own[256];
    struct sapa_text local_text, remote_text, route_text, own_text;
    struct sapa_str target;
    struct sapa_sip_ip sent_by;

    sapa_text_init(&local_text, local, sizeof(local));
    sapa_text_init(&remote_text, remote, sizeof(remote));
    sapa_text_init(&route_text, route, sizeof(route));
    sapa_text_init(&own_text, own, sizeof(own));
    put_addr(&local_text, &msg->to, false);
    put_addr(&remote_text, &msg->from, false);
    sapa_sip_put_contact(&own_text, flow,
                         msg->uri.scheme == SAPA_SIP_SCHEME_TEL ? (struct sapa_str){ NULL, 0 }
                                                                : msg->uri.user);
    if (own_text.cut) {
        sapa_text_init(&own_text, own, sizeof(own));
        sapa_sip_put_contact(&own_text, flow, (struct sapa_str){ NULL, 0 });
    }
    if (!put_route_set(&route_text, msg, SAPA_SIP_H_RECORD_ROUTE, false) || local_text.cut ||
        remote_text.cut)
        return SAPA_EINVAL;
    if (!target_of(msg, &target)) { /* RFC 2543 callers may have no Contact */
        if (msg->from.uri.scheme == SAPA_SIP_SCHEME_OTHER)
            return SAPA_ECORRUPT;
        target = without_headers(&msg->from.uri);
    }
    const struct sapa_str texts[D_COUNT] = {
        [D_CALL_ID] = msg->call_id,
        [D_LOCAL_TAG] = local_tag,
        [D_REMOTE_TAG] = msg->from.tag,
        [D_LOCAL] = sapa_text_str(&local_text),
        [D_REMOTE] = sapa_text_str(&remote_text),
        [D_TARGET] = target,
        [D_ROUTE] = sapa_text_str(&route_text),
        [D_CONTACT] = sapa_text_str(&own_text),
    };
    struct dialog *dialog = sapa_sip_dlg_new(stack);
    if (!dialog)
        return SAPA_ELIMIT;
    sapa_rc rc = set_texts(dialog, texts);
    if (rc == SAPA_OK)
        rc = enter(stack, dialog);
    if (rc != SAPA_OK) {
        sapa_sip_dlg_free(stack, dialog);
        return rc;
    }
    dialog->is_uas = true;
    dialog->state = SAPA_SIP_DIALOG_EARLY;
    dialog->flow = *flow;
    dialog->remote_cseq = msg->cseq;
    dialog->remote_cseq_set = true;
    /* Behind a NAT, or on a connection, only the flow itself leads back. */
    const bool direct = sapa_sip_ip_parse(msg->via.host, 0, &sent_by) == SAPA_OK &&
                        sapa_sip_ip_same_host(&sent_by, &flow->remote);
    dialog->hop = !sapa_sip_flow_reliable(flow) && (direct || route_text.n > 0) ? SAPA_SIP_HOP_URI
                                                                                : SAPA_SIP_HOP_FLOW;
    *ret_dialog = dialog;
    return SAPA_OK;
}

/* The To-tag that every answer of this transaction has: the end of the To line that was made for it. */
static struct sapa_str reply_tag(const struct tx *tx)
{
    const struct sapa_str head = { tx->head, tx->head_n };

    for (size_t at = 0; at < head.n;) {
        const size_t end = sapa_str_find(head, '\r', at);
        const struct sapa_str line = { head.p + at, end - at };
        if (sapa_str_starts(line, SAPA_STR("To: ")) && line.n > 20)
            return (struct sapa_str){ line.p + line.n - 16, 16 };
        at = end + 2;
    }
    return (struct sapa_str){ NULL, 0 };
}

sapa_rc sapa_sip_dialog_of_subscribe(struct sapa_sip_stack *stack, const struct sapa_sip_event *event,
                                     uint64_t user, sapa_sip_dialog_id *ret_dialog)
{
    const struct tx *tx = sapa_sip_tx_get(stack, event->tx);
    struct dialog *dialog;

    if (!tx || !event->msg)
        return SAPA_ENOENT;
    const struct sapa_str tag = reply_tag(tx);
    if (tx->kind != TX_SERVER || tx->method != SAPA_SIP_SUBSCRIBE || tx->dialog || tag.n == 0)
        return SAPA_ESTATE;
    const sapa_rc rc = sapa_sip_dlg_of_invite(stack, event->msg, event->flow, tag, &dialog);
    if (rc != SAPA_OK)
        return rc;
    dialog->state = SAPA_SIP_DIALOG_CONFIRMED;
    dialog->user = user;
    *ret_dialog = dialog_id(dialog);
    return SAPA_OK;
}

static bool value_good(struct sapa_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
            return false;
    }
    return true;
}

/* A tag or branch of the user's: letters and digits, or nothing. */
static bool token_good(struct sapa_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        const char k = s.p[i];
        if (!((k >= '0' && k <= '9') || (k >= 'a' && k <= 'z') || (k >= 'A' && k <= 'Z')))
            return false;
    }
    return s.n <= 64;
}

static bool addr_good(struct sapa_str text)
{
    struct sapa_sip_addr addr;

    return value_good(text) && sapa_sip_addr_parse(text, &addr) == SAPA_OK && !addr.star &&
           addr.tag.n == 0;
}

static bool route_good(struct sapa_str route)
{
    struct sapa_str cursor = route, value;
    struct sapa_sip_addr addr;

    if (!value_good(route))
        return false;
    while (sapa_sip_list_next(&cursor, &value)) {
        if (sapa_sip_addr_parse(value, &addr) != SAPA_OK || !addr.bracketed ||
            addr.uri.scheme == SAPA_SIP_SCHEME_OTHER)
            return false;
    }
    return true;
}

/* --- requests in a dialog ------------------------------------------------------------------------------------------------ */

/* The first route and whether it is a loose router. */
static bool first_route(const struct dialog *dialog, struct sapa_sip_addr *ret_first,
                        bool *ret_loose, struct sapa_str *ret_rest)
{
    struct sapa_str cursor = sapa_sip_dlg_text(dialog, D_ROUTE), value;

    if (!sapa_sip_list_next(&cursor, &value) || sapa_sip_addr_parse(value, ret_first) != SAPA_OK)
        return false;
    *ret_loose = sapa_sip_uri_param(&ret_first->uri, SAPA_STR("lr"), NULL);
    *ret_rest = cursor;
    return true;
}

/* Address and transport of the first route, else of the remote target. False: they are not numeric. */
static bool next_address(const struct dialog *dialog, struct sapa_sip_ip *ret_ip,
                         enum sapa_sip_flow_kind *ret_kind)
{
    struct sapa_sip_addr first;
    struct sapa_sip_uri uri;
    struct sapa_str rest, transport;
    bool loose;

    if (first_route(dialog, &first, &loose, &rest))
        uri = first.uri;
    else if (sapa_sip_uri_parse(sapa_sip_dlg_text(dialog, D_TARGET), &uri) != SAPA_OK)
        return false;
    struct sapa_str host = uri.host;
    (void)sapa_sip_uri_param(&uri, SAPA_STR("maddr"), &host);
    *ret_kind = (enum sapa_sip_flow_kind)dialog->flow.kind;
    if (sapa_sip_uri_param(&uri, SAPA_STR("transport"), &transport) &&
        sapa_sip_flow_kind_of(transport) != SAPA_SIP_FLOW_NONE)
        *ret_kind = sapa_sip_flow_kind_of(transport);
    if (uri.scheme == SAPA_SIP_SCHEME_SIPS && *ret_kind != SAPA_SIP_FLOW_WSS)
        *ret_kind = SAPA_SIP_FLOW_TLS;
    const uint16_t port = *ret_kind == SAPA_SIP_FLOW_TLS ? 5061 : 5060;
    return sapa_sip_ip_parse(host, uri.port ? uri.port : port, ret_ip) == SAPA_OK;
}

/* Where to, should the dialog's connection be gone: the address that they gave, if they gave one for this transport. */
static const struct sapa_sip_ip *elsewhere(const struct dialog *dialog, struct sapa_sip_ip *ip)
{
    enum sapa_sip_flow_kind kind;

    return next_address(dialog, ip, &kind) && (uint8_t)kind == dialog->flow.kind ? ip : NULL;
}

/* Where the next request goes. */
static struct sapa_sip_flow next_flow(struct sapa_sip_stack *stack, const struct dialog *dialog)
{
    const struct sapa_sip_flow flow = dialog->flow;
    enum sapa_sip_flow_kind kind;
    struct sapa_sip_ip ip;

    if (dialog->hop == SAPA_SIP_HOP_FLOW || !next_address(dialog, &ip, &kind))
        return flow; /* a name: the user may look it up and set the flow */
    if (kind == (enum sapa_sip_flow_kind)flow.kind && sapa_sip_ip_eq(&ip, &flow.remote))
        return flow;
    struct sapa_sip_flow other = flow;
    if (kind == SAPA_SIP_FLOW_UDP && flow.kind == SAPA_SIP_FLOW_UDP &&
        ip.family == flow.remote.family) { /* from the socket that they know, wherever it goes */
        other.remote = ip;
        return other;
    }
    return stack->opts.transport->open(stack->opts.transport_ctx, kind, &ip, &other) == SAPA_OK
               ? other
               : flow;
}

static bool carries_contact(enum sapa_sip_method method)
{
    return method == SAPA_SIP_INVITE || method == SAPA_SIP_UPDATE || method == SAPA_SIP_REFER ||
           method == SAPA_SIP_SUBSCRIBE || method == SAPA_SIP_NOTIFY;
}

/* Request-URI and Route by 12.2.1.1, then everything that a request of this dialog has. */
static void put_request(struct sapa_sip_stack *stack, const struct dialog *dialog,
                        enum sapa_sip_method method, uint32_t cseq,
                        const struct sapa_sip_flow *flow, const struct sapa_sip_spec *spec,
                        uint64_t *ret_key)
{
    const struct sapa_str name = sapa_str_of(sapa_sip_method_name(method));
    const struct sapa_str target = sapa_sip_dlg_text(dialog, D_TARGET),
                          tag = sapa_sip_dlg_text(dialog, D_REMOTE_TAG);
    struct sapa_text *out = sapa_sip_begin(stack);
    struct sapa_sip_addr first;
    struct sapa_str rest;
    bool loose = true;
    const bool routed = first_route(dialog, &first, &loose, &rest);

    sapa_sip_put_request_line(out, name, routed && !loose ? first.uri.all : target);
    sapa_sip_put_own_via(stack, out, flow, method, name, ret_key);
    if (routed) {
        sapa_text_add(out, SAPA_STR("Route: "));
        if (loose) {
            sapa_text_add(out, sapa_sip_dlg_text(dialog, D_ROUTE));
        } else {
            sapa_text_add(out, rest);
            sapa_text_add(out, rest.n > 0 ? SAPA_STR(",<") : SAPA_STR("<"));
            sapa_text_add(out, target);
            sapa_text_char(out, '>');
        }
        sapa_text_add(out, SAPA_STR("\r\n"));
    }
    sapa_text_add(out, SAPA_STR("From: "));
    sapa_text_add(out, sapa_sip_dlg_text(dialog, D_LOCAL));
    sapa_text_add(out, SAPA_STR(";tag="));
    sapa_text_add(out, sapa_sip_dlg_text(dialog, D_LOCAL_TAG));
    sapa_text_add(out, SAPA_STR("\r\nTo: "));
    sapa_text_add(out, sapa_sip_dlg_text(dialog, D_REMOTE));
    if (tag.n > 0) {
        sapa_text_add(out, SAPA_STR(";tag="));
        sapa_text_add(out, tag);
    }
    sapa_text_add(out, SAPA_STR("\r\n"));
    sapa_sip_put_header(out, SAPA_SIP_H_CALL_ID, sapa_sip_dlg_text(dialog, D_CALL_ID));
    sapa_text_printf(out, "CSeq: %u %s\r\n", cseq, name.p);
    if (carries_contact(method))
        sapa_sip_put_header(out, SAPA_SIP_H_CONTACT, sapa_sip_dlg_text(dialog, D_CONTACT));
    sapa_sip_put_common(stack, out, method, true);
    sapa_text_add(out, spec->headers);
    sapa_sip_put_body(out, spec->content_type, spec->body);
}

static sapa_rc send_invite(struct sapa_sip_stack *stack, struct dialog *dialog,
                           const struct sapa_sip_spec *spec, const struct sapa_sip_flow *flow,
                           bool sent_before, int64_t now_us, sapa_sip_tx_id *ret_tx)
{
    uint64_t key;

    put_request(stack, dialog, SAPA_SIP_INVITE, dialog->local_cseq + 1, flow, spec, &key);
    struct sapa_sip_ip ip;
    struct tx *tx = sapa_sip_tx_client(stack, SAPA_SIP_INVITE, key, flow, elsewhere(dialog, &ip),
                                       sent_before, now_us);
    if (!tx)
        return SAPA_ELIMIT;
    if (sent_before) {
        tx->held = false;
        tx->state = TX_PROCEEDING;
    }
    if (tx->reliable)
        dialog->flow = tx->flow; /* perhaps another connection */
    tx->cseq = ++dialog->local_cseq;
    tx->dialog = dialog_id(dialog);
    tx->extra_us = now_us + (dialog->ring_ms ? dialog->ring_ms : stack->opts.invite_ms) * 1000LL;
    sapa_sip_tx_arm(stack, tx);
    dialog->invite_tx = tx_id(tx);
    *ret_tx = tx_id(tx);
    return SAPA_OK;
}

sapa_rc sapa_sip_call_start(struct sapa_sip_stack *stack, const struct sapa_sip_call *call,
                            int64_t now_us, sapa_sip_dialog_id *ret_dialog, sapa_sip_tx_id *ret_tx)
{
    struct sapa_sip_uri uri;
    struct sapa_text own;
    char own_buf[256], tag[17], call_id[17];

    if (sapa_sip_uri_parse(call->uri, &uri) != SAPA_OK || !addr_good(call->from) ||
        !addr_good(call->to) || (call->contact.n > 0 && !addr_good(call->contact)) ||
        !route_good(call->route) || !value_good(call->call_id) || !token_good(call->from_tag) ||
        !token_good(call->branch))
        return SAPA_EINVAL;
    sapa_text_init(&own, own_buf, sizeof(own_buf));
    if (call->contact.n == 0) {
        struct sapa_sip_addr from;
        if (sapa_sip_addr_parse(call->from, &from) != SAPA_OK)
            return SAPA_EINVAL;
        sapa_sip_put_contact(&own, &call->flow, from.uri.user);
        if (own.cut)
            return SAPA_ELIMIT;
    }
    if (call->from_tag.n == 0)
        sapa_sip_token(stack, tag);
    if (call->call_id.n == 0)
        sapa_sip_token(stack, call_id);
    const struct sapa_str texts[D_COUNT] = {
        [D_CALL_ID] = call->call_id.n > 0 ? call->call_id : sapa_str_of(call_id),
        [D_LOCAL_TAG] = call->from_tag.n > 0 ? call->from_tag : sapa_str_of(tag),
        [D_LOCAL] = call->from,
        [D_REMOTE] = call->to,
        [D_TARGET] = without_headers(&uri),
        [D_ROUTE] = call->route,
        [D_CONTACT] = call->contact.n > 0 ? call->contact : sapa_text_str(&own),
    };
    struct dialog *dialog = sapa_sip_dlg_new(stack);
    if (!dialog)
        return SAPA_ELIMIT;
    dialog->flow = call->flow;
    dialog->hop = (uint8_t)call->hop;
    dialog->user = call->user;
    dialog->ring_ms = call->ring_ms;
    dialog->local_cseq = call->sent_before && call->cseq > 1 ? call->cseq - 1 : 0;
    sapa_rc rc = set_texts(dialog, texts);
    if (rc == SAPA_EINVAL)
        rc = SAPA_ELIMIT;
    if (rc == SAPA_OK)
        rc = enter(stack, dialog);
    stack->branch_next = call->branch;
    if (rc == SAPA_OK)
        rc = send_invite(stack, dialog, &call->spec, &call->flow, call->sent_before, now_us, ret_tx);
    stack->branch_next = (struct sapa_str){ NULL, 0 };
    if (rc != SAPA_OK) {
        sapa_sip_dlg_free(stack, dialog);
        return rc;
    }
    *ret_dialog = dialog_id(dialog);
    return SAPA_OK;
}

sapa_rc sapa_sip_call_retry(struct sapa_sip_stack *stack, sapa_sip_dialog_id id,
                            struct sapa_str uri_text, const struct sapa_sip_spec *spec,
                            int64_t now_us, sapa_sip_tx_id *ret_tx)
{
    struct dialog *dialog = user_dialog(stack, id);
    struct sapa_sip_uri uri;

    if (!dialog)
        return SAPA_ENOENT;
    if (dialog->is_uas || dialog->state == SAPA_SIP_DIALOG_CONFIRMED || dialog->invite_tx)
        return SAPA_ESTATE;
    if (uri_text.n > 0) {
        if (sapa_sip_uri_parse(uri_text, &uri) != SAPA_OK)
            return SAPA_EINVAL;
        if (set_text(dialog, D_TARGET, without_headers(&uri)) != SAPA_OK)
            return SAPA_ELIMIT;
    }
    if (set_text(dialog, D_REMOTE_TAG, (struct sapa_str){ NULL, 0 }) != SAPA_OK)
        return SAPA_ENOMEM;
    if (spec && !token_good(spec->branch))
        return SAPA_EINVAL;
    stack->branch_next = spec ? spec->branch : (struct sapa_str){ NULL, 0 };
    const sapa_rc rc =
        send_invite(stack, dialog, spec ? spec : &nothing, &dialog->flow, false, now_us, ret_tx);
    stack->branch_next = (struct sapa_str){ NULL, 0 };
    if (rc == SAPA_OK)
        dialog->state = SAPA_SIP_DIALOG_START;
    return rc;
}

sapa_rc sapa_sip_call_cancel(struct sapa_sip_stack *stack, sapa_sip_dialog_id id,
                             struct sapa_str reason, int64_t now_us)
{
    struct dialog *dialog = user_dialog(stack, id);

    if (!dialog)
        return SAPA_ENOENT;
    struct tx *tx = sapa_sip_tx_get(stack, dialog->invite_tx);
    if (!tx || tx->kind != TX_CLIENT_INVITE || tx->state > TX_PROCEEDING)
        return SAPA_ESTATE;
    sapa_sip_tx_cancel(stack, tx, reason, now_us);
    return SAPA_OK;
}

sapa_rc sapa_sip_call_answer(struct sapa_sip_stack *stack, sapa_sip_tx_id id, int status,
                             const struct sapa_sip_spec *spec, int64_t now_us)
{
    const struct tx *tx = sapa_sip_tx_get(stack, id);

    if (!tx || tx->kind != TX_SERVER_INVITE)
        return SAPA_ENOENT;
    return sapa_sip_respond(stack, id, status, spec, now_us);
}

sapa_rc sapa_sip_call_ack(struct sapa_sip_stack *stack, sapa_sip_dialog_id id,
                          const struct sapa_sip_spec *spec, int64_t now_us)
{
    struct dialog *dialog = user_dialog(stack, id);

    if (!dialog)
        return SAPA_ENOENT;
    if (!dialog->ack_cseq)
        return SAPA_ESTATE; /* no 2xx of theirs */
    struct sapa_sip_flow flow = next_flow(stack, dialog);
    struct sapa_sip_ip ip;
    put_request(stack, dialog, SAPA_SIP_ACK, dialog->ack_cseq, &flow, spec ? spec : &nothing, NULL);
    if (stack->out.cut)
        return SAPA_ELIMIT;
    char *ack = sapa_sip_copy(stack->out.buf, stack->out.n);
    if (!ack)
        return SAPA_ENOMEM;
    free(dialog->ack);
    dialog->ack = ack;
    dialog->ack_n = (uint32_t)stack->out.n;
    const sapa_rc rc = sapa_sip_send_anew(stack, &flow, elsewhere(dialog, &ip), ack, dialog->ack_n);
    dialog->ack_flow = flow;
    dialog->ack_end_us = now_us + 64 * stack->t1_us; /* their 2xx may come again until then */
    sapa_sip_dlg_arm(stack, dialog);
    return rc == SAPA_OK || rc == SAPA_EAGAIN ? SAPA_OK : rc;
}

sapa_rc sapa_sip_dialog_send(struct sapa_sip_stack *stack, sapa_sip_dialog_id id,
                             enum sapa_sip_method method, const struct sapa_sip_spec *spec,
                             int64_t now_us, sapa_sip_tx_id *ret_tx)
{
    struct dialog *dialog = user_dialog(stack, id);
    uint64_t key;

    if (!dialog)
        return SAPA_ENOENT;
    if (method <= SAPA_SIP_OTHER || method >= SAPA_SIP_METHOD_COUNT || method == SAPA_SIP_ACK ||
        method == SAPA_SIP_CANCEL)
        return SAPA_EINVAL;
    if (dialog->state == SAPA_SIP_DIALOG_START || dialog->state == SAPA_SIP_DIALOG_OVER)
        return SAPA_ESTATE;
    if (method == SAPA_SIP_BYE && dialog->is_uas && dialog->state == SAPA_SIP_DIALOG_EARLY)
        return SAPA_ESTATE; /* answer the INVITE instead (15) */
    if (!spec)
        spec = &nothing;
    const struct sapa_sip_flow flow = next_flow(stack, dialog);
    if (method == SAPA_SIP_INVITE) {
        if (dialog->state != SAPA_SIP_DIALOG_CONFIRMED || dialog->invite_tx || dialog->awaiting_ack)
            return SAPA_ESTATE;
        return send_invite(stack, dialog, spec, &flow, false, now_us, ret_tx);
    }
    put_request(stack, dialog, method, dialog->local_cseq + 1, &flow, spec, &key);
    const bool hold = method == SAPA_SIP_BYE && dialog->awaiting_ack;
    struct sapa_sip_ip ip;
    struct tx *tx =
        sapa_sip_tx_client(stack, method, key, &flow, elsewhere(dialog, &ip), hold, now_us);
    if (!tx)
        return SAPA_ELIMIT;
    if (tx->reliable)
        dialog->flow = tx->flow;
    tx->cseq = ++dialog->local_cseq;
    tx->dialog = id;
    if (method == SAPA_SIP_BYE) {
        dialog->state = SAPA_SIP_DIALOG_OVER;
        dialog->bye_sent = true;
        if (hold)
            dialog->held_tx = tx_id(tx);
    }
    *ret_tx = tx_id(tx);
    return SAPA_OK;
}

void sapa_sip_dialog_end(struct sapa_sip_stack *stack, sapa_sip_dialog_id id)
{
    struct dialog *dialog = user_dialog(stack, id);

    if (!dialog)
        return;
    struct tx *invite = sapa_sip_tx_get(stack, dialog->invite_tx);
    struct tx *held = sapa_sip_tx_get(stack, dialog->held_tx);
    /* Times are not given here: what must be sent is put due at once and goes out with the next run. */
    if (invite && invite->kind == TX_CLIENT_INVITE) {
        if (invite->dialog == id) {
            invite->quiet = true;
            invite->dialog = 0;
            if (!invite->cancel_sent) {
                invite->cancel_wish = true;
                if (invite->state == TX_PROCEEDING)
                    invite->extra_us = 0;
                sapa_sip_tx_arm(stack, invite);
            }
        }
    } else if (invite) {
        invite->quiet = true;
        invite->dialog = 0;
        invite->extra_us = 0;
        sapa_sip_tx_arm(stack, invite);
    }
    if (held) {
        held->quiet = true;
        held->dialog = 0;
        if (dialog->awaiting_ack) { /* the 2xx and its ACK come first, then the BYE */
            dialog->ended = true;
            return;
        }
        sapa_assert(!held->held); /* it is released when the wait for the ACK ends */
    }
    sapa_sip_dlg_free(stack, dialog);
}

/* --- incoming ---------------------------------------------------------------------------------------------------------------- */

int sapa_sip_dlg_check(struct sapa_sip_stack *stack, struct dialog *dialog,
                       const struct sapa_sip_msg *msg)
{
    if (dialog->remote_cseq_set && msg->cseq <= dialog->remote_cseq) {
        stack->stats.out_of_order++;
        return 500; /* 12.2.2 */
    }
    if (dialog->state == SAPA_SIP_DIALOG_OVER && msg->method != SAPA_SIP_BYE)
        return 481;
    if (msg->method == SAPA_SIP_INVITE) {
        const struct tx *open = sapa_sip_tx_get(stack, dialog->invite_tx);
        if (dialog->state != SAPA_SIP_DIALOG_CONFIRMED)
            return open && open->kind == TX_CLIENT_INVITE ? 491 : 500;
        if (open && open->kind == TX_SERVER_INVITE)
            return 500; /* 14.2 */
        if (open || dialog->awaiting_ack)
            return 491;
    }
    return 0;
}

void sapa_sip_dlg_on_ack(struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg,
                         const struct sapa_sip_flow *flow, int64_t now_us)
{
    struct dialog *dialog = sapa_sip_dlg_match(stack, msg->call_id, msg->to.tag, msg->from.tag);

    if (!dialog || !dialog->awaiting_ack || dialog->reply_cseq != msg->cseq) {
        stack->stats.stray_ack++;
        return;
    }
    dialog->awaiting_ack = false;
    dialog->reply_again_us = dialog->reply_end_us = INT64_MAX;
    free(dialog->reply);
    dialog->reply = NULL;
    dialog->reply_n = 0;
    sapa_sip_dlg_arm(stack, dialog);
    struct tx *held = sapa_sip_tx_get(stack, dialog->held_tx);
    dialog->held_tx = 0;
    if (held)
        sapa_sip_tx_release(stack, held, now_us);
    if (dialog->ended) {
        sapa_sip_dlg_free(stack, dialog);
        return;
    }
    const struct sapa_sip_event event = { .kind = SAPA_SIP_EV_ACK,
                                          .now_us = now_us,
                                          .dialog = dialog_id(dialog),
                                          .user = dialog->user,
                                          .method = SAPA_SIP_ACK,
                                          .msg = msg,
                                          .flow = flow };
    sapa_sip_emit(stack, &event);
}

/* --- reliable provisional answers (RFC 3262) --- */

static bool number_next(struct sapa_str *cursor, uint64_t max, uint64_t *ret_number)
{
    struct sapa_str text = sapa_str_trim(*cursor);
    size_t n = 0;

    while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
        n++;
    *cursor = (struct sapa_str){ text.p + n, text.n - n };
    return sapa_str_u64((struct sapa_str){ text.p, n }, max, ret_number) == SAPA_OK;
}

void sapa_sip_dlg_on_prack(struct sapa_sip_stack *stack, struct dialog *dialog, struct tx *tx,
                           const struct sapa_sip_msg *msg, int64_t now_us)
{
    struct sapa_str rack = sapa_sip_value(msg, SAPA_SIP_H_RACK);
    uint64_t rseq = 0, cseq = 0;
    struct tx *invite = sapa_sip_tx_get(stack, dialog->invite_tx);
    const bool good = number_next(&rack, UINT32_MAX, &rseq) && number_next(&rack, UINT32_MAX, &cseq) &&
                      sapa_str_eq(sapa_str_trim(rack), SAPA_STR("INVITE")) && rseq != 0 &&
                      rseq == dialog->local_rseq;

    if (good && invite && invite->kind == TX_SERVER_INVITE && invite->prack_open) {
        invite->prack_open = false;
        invite->again_us = INT64_MAX;
        sapa_sip_tx_arm(stack, invite);
    }
    /* One that crossed our final answer is as good; an offer in it is not taken. */
    sapa_sip_respond_plain(stack, tx_id(tx), !good ? 481 : msg->body.n > 0 ? 488 : 200, now_us);
}

/* Acknowledge a provisional answer that wants it. False: seen before, or before its time. */
static bool prack(struct sapa_sip_stack *stack, struct dialog *dialog, const struct tx *invite,
                  const struct sapa_sip_msg *msg, int64_t now_us)
{
    struct sapa_str text = sapa_sip_value(msg, SAPA_SIP_H_RSEQ);
    uint64_t rseq, key;
    char buf[64];
    struct sapa_text head;

    if (!sapa_sip_has_token(msg, SAPA_SIP_H_REQUIRE, SAPA_STR("100rel")))
        return true;
    if (!number_next(&text, UINT32_MAX, &rseq) || rseq == 0 ||
        (dialog->remote_rseq && rseq != dialog->remote_rseq + 1))
        return false;
    dialog->remote_rseq = (uint32_t)rseq;
    sapa_text_init(&head, buf, sizeof(buf));
    sapa_text_printf(&head, "RAck: %u %u INVITE\r\n", (unsigned)rseq, invite->cseq);
    const struct sapa_sip_spec spec = { .headers = sapa_text_str(&head) };
    const struct sapa_sip_flow flow = next_flow(stack, dialog);
    struct sapa_sip_ip ip;
    put_request(stack, dialog, SAPA_SIP_PRACK, dialog->local_cseq + 1, &flow, &spec, &key);
    struct tx *tx = sapa_sip_tx_client(stack, SAPA_SIP_PRACK, key, &flow, elsewhere(dialog, &ip), false, now_us);
    if (tx) {
        tx->cseq = ++dialog->local_cseq;
        tx->quiet = true;
    }
    return true;
}

/* What a response with a To-tag tells about the dialog (12.1.2, 13.2.2.4). */
static void learn(struct dialog *dialog, const struct sapa_sip_msg *msg, bool route_set)
{
    struct sapa_str texts[D_COUNT];
    char route[SAPA_SIP_DIALOG_TEXT_MAX + 1];
    struct sapa_text route_text;

    for (int i = 0; i < D_COUNT; i++)
        texts[i] = sapa_sip_dlg_text(dialog, (enum dialog_text)i);
    texts[D_REMOTE_TAG] = msg->to.tag;
    (void)target_of(msg, &texts[D_TARGET]);
    sapa_text_init(&route_text, route, sizeof(route));
    if (route_set && put_route_set(&route_text, msg, SAPA_SIP_H_RECORD_ROUTE, true))
        texts[D_ROUTE] = sapa_text_str(&route_text);
    if (set_texts(dialog, texts) != SAPA_OK)
        return; /* absurdly long: the older texts stay and the call may still work */
}

/* The dialog of a response to our INVITE; another To-tag makes another one (a fork). NULL: no room. */
static struct dialog *dialog_of(struct sapa_sip_stack *stack, struct dialog *first,
                                const struct sapa_sip_msg *msg)
{
    const struct sapa_str known = sapa_sip_dlg_text(first, D_REMOTE_TAG);
    struct sapa_str texts[D_COUNT];

    if (known.n == 0 || sapa_str_eq(known, msg->to.tag))
        return first;
    struct dialog *fork = sapa_sip_dlg_match(stack, msg->call_id, msg->from.tag, msg->to.tag);
    if (fork)
        return fork;
    fork = first->forks < SAPA_SIP_FORKS_MAX ? sapa_sip_dlg_new(stack) : NULL;
    if (!fork)
        return NULL;
    first->forks++;
    for (int i = 0; i < D_COUNT; i++)
        texts[i] = sapa_sip_dlg_text(first, (enum dialog_text)i);
    texts[D_REMOTE_TAG] = msg->to.tag;
    if (set_texts(fork, texts) != SAPA_OK || enter(stack, fork) != SAPA_OK) {
        sapa_sip_dlg_free(stack, fork);
        return NULL;
    }
    fork->state = SAPA_SIP_DIALOG_START;
    fork->hop = first->hop;
    fork->flow = first->flow;
    fork->user = first->user;
    fork->local_cseq = first->local_cseq;
    return fork;
}

static void on_invite_response(struct sapa_sip_stack *stack, struct tx *tx,
                               const struct sapa_sip_msg *msg, const struct sapa_sip_flow *flow,
                               int64_t now_us)
{
    struct dialog *first = sapa_sip_dlg_get(stack, tx->dialog);
    struct sapa_sip_event event = { .now_us = now_us,
                                    .tx = tx_id(tx),
                                    .method = SAPA_SIP_INVITE,
                                    .status = msg->status,
                                    .msg = msg,
                                    .flow = flow };

    if (!first) { /* ended by the user: a repeated 2xx of a fork that lives on, or one that nobody wants */
        if (msg->status >= 200 && msg->status < 300 && !sapa_sip_dlg_on_repeat(stack, msg))
            sapa_sip_ack_and_bye(stack, &tx->flow, SAPA_SIP_HOP_URI, msg, true, now_us);
        return;
    }
    event.dialog = dialog_id(first);
    event.user = first->user;
    const bool re_invite = first->state == SAPA_SIP_DIALOG_CONFIRMED &&
                           first->ack_cseq != tx->cseq && dialog_id(first) == tx->dialog &&
                           first->invite_tx == tx_id(tx);
    if (msg->status >= 300) {
        if (first->invite_tx == tx_id(tx))
            first->invite_tx = 0;
        if (first->state < SAPA_SIP_DIALOG_CONFIRMED)
            first->state = SAPA_SIP_DIALOG_OVER;
        event.kind = SAPA_SIP_EV_RESPONSE;
        if (tx->timed_out) {
            event.kind = SAPA_SIP_EV_FAILURE;
            event.status = 408;
            event.rc = SAPA_ETIMEOUT;
            stack->stats.timeout++;
        }
        sapa_sip_emit(stack, &event);
        return;
    }
    event.kind = msg->status < 200 ? SAPA_SIP_EV_PROGRESS : SAPA_SIP_EV_ANSWER;
    struct dialog *dialog = first;
    if (!re_invite && msg->to.tag.n > 0 && msg->status > 100) {
        dialog = dialog_of(stack, first, msg);
        if (!dialog) { /* a fork too many: end it if it is answered */
            if (msg->status < 200)
                return;
            const bool open = first->invite_tx == event.tx;
            sapa_sip_ack_and_bye(stack, &tx->flow, SAPA_SIP_HOP_URI, msg, true, now_us);
            if (open) { /* and that was the answer */
                first->invite_tx = 0;
                first->state = SAPA_SIP_DIALOG_OVER;
                event.kind = SAPA_SIP_EV_FAILURE;
                event.status = 503;
                event.rc = SAPA_ELIMIT;
                event.msg = NULL;
                sapa_sip_emit(stack, &event);
            }
            return;
        }
    }
    if (msg->status >= 200 && dialog->ack_cseq == tx->cseq &&
        dialog->state >= SAPA_SIP_DIALOG_CONFIRMED) {
        stack->stats
            .retransmit_in++; /* answered before: our ACK was lost, or has yet to be given */
        if (dialog->ack)
            (void)sapa_sip_send(stack, &dialog->ack_flow, dialog->ack, dialog->ack_n);
        return;
    }
    if (msg->status > 100 && msg->to.tag.n > 0 && !re_invite) {
        if (msg->status >= 200 || dialog->state == SAPA_SIP_DIALOG_START)
            learn(dialog, msg, true);
        if (dialog->state == SAPA_SIP_DIALOG_START)
            dialog->state = SAPA_SIP_DIALOG_EARLY;
        if (msg->status < 200 && !prack(stack, dialog, tx, msg, now_us))
            return;
    } else if (msg->status >= 200) {
        learn(dialog, msg, false);
    }
    if (msg->status >= 200) {
        if (first->invite_tx == tx_id(tx))
            first->invite_tx = 0;
        if (dialog->state < SAPA_SIP_DIALOG_CONFIRMED)
            dialog->state = SAPA_SIP_DIALOG_CONFIRMED;
        dialog->ack_cseq = tx->cseq;
        dialog->local_cseq = SAPA_MAX(dialog->local_cseq, tx->cseq);
        free(dialog->ack);
        dialog->ack = NULL;
        dialog->ack_n = 0;
    }
    if (dialog != first) {
        event.fork_of = dialog_id(first);
        event.dialog = dialog_id(dialog);
    }
    event.user = dialog->user;
    sapa_sip_emit(stack, &event);
}

void sapa_sip_dlg_on_response(struct sapa_sip_stack *stack, struct tx *tx,
                              const struct sapa_sip_msg *msg, const struct sapa_sip_flow *flow,
                              int64_t now_us)
{
    if (tx->kind == TX_CLIENT_INVITE) {
        on_invite_response(stack, tx, msg, flow, now_us);
        return;
    }
    struct dialog *dialog = sapa_sip_dlg_get(stack, tx->dialog);
    if (!dialog || dialog->ended)
        return;
    if (tx->method == SAPA_SIP_UPDATE && msg->status >= 200 && msg->status < 300)
        sapa_sip_dlg_refresh(dialog, msg);
    const struct sapa_sip_event event = { .kind = SAPA_SIP_EV_RESPONSE,
                                          .now_us = now_us,
                                          .tx = tx_id(tx),
                                          .dialog = tx->dialog,
                                          .user = dialog->user,
                                          .method = (enum sapa_sip_method)tx->method,
                                          .status = msg->status,
                                          .msg = msg,
                                          .flow = flow };
    sapa_sip_emit(stack, &event);
}

bool sapa_sip_dlg_on_repeat(struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg)
{
    const struct dialog *dialog =
        sapa_sip_dlg_match(stack, msg->call_id, msg->from.tag, msg->to.tag);

    if (!dialog)
        return false;
    if (dialog->ack && dialog->ack_cseq == msg->cseq)
        (void)sapa_sip_send(stack, &dialog->ack_flow, dialog->ack,
                            dialog->ack_n); /* it will come again */
    return true;
}

void sapa_sip_dlg_answered(struct sapa_sip_stack *stack, struct dialog *dialog, struct tx *tx,
                           int64_t now_us)
{
    if (dialog->state < SAPA_SIP_DIALOG_CONFIRMED)
        dialog->state = SAPA_SIP_DIALOG_CONFIRMED;
    free(dialog->reply);
    dialog->reply = sapa_sip_copy(stack->out.buf, stack->out.n);
    dialog->reply_n = (uint32_t)stack->out.n;
    dialog->reply_cseq = tx->cseq;
    dialog->reply_flow = tx->flow;
    if (tx->flow.kind == SAPA_SIP_FLOW_UDP)
        dialog->reply_flow.remote.port = tx->reply_port;
    dialog->awaiting_ack = true;
    dialog->reply_interval_ms = (uint32_t)(stack->t1_us / 1000);
    dialog->reply_again_us =
        dialog->reply ? now_us + stack->t1_us : INT64_MAX; /* on TCP as well (13.3.1.4) */
    dialog->reply_end_us = now_us + 64 * stack->t1_us;
    sapa_sip_dlg_arm(stack, dialog);
}

void sapa_sip_dlg_due(struct sapa_sip_stack *stack, struct dialog *dialog, int64_t now_us)
{
    if (dialog->ack_end_us <= now_us) {
        free(dialog->ack);
        dialog->ack = NULL;
        dialog->ack_n = 0;
        dialog->ack_end_us = INT64_MAX;
        sapa_sip_dlg_arm(stack, dialog);
        return;
    }
    if (dialog->reply_end_us > now_us) {
        stack->stats.retransmit_out++;
        (void)sapa_sip_send(stack, &dialog->reply_flow, dialog->reply,
                            dialog->reply_n); /* repeated until ACK */
        dialog->reply_interval_ms =
            SAPA_MIN(dialog->reply_interval_ms * 2, (uint32_t)(stack->t2_us / 1000));
        dialog->reply_again_us = now_us + dialog->reply_interval_ms * 1000LL;
        sapa_sip_dlg_arm(stack, dialog);
        return;
    }
    dialog->reply_again_us = dialog->reply_end_us = INT64_MAX;
    sapa_sip_dlg_arm(stack, dialog);
    free(dialog->reply);
    dialog->reply = NULL;
    dialog->awaiting_ack = false;
    stack->stats.ack_timeout++;
    struct tx *held = sapa_sip_tx_get(stack, dialog->held_tx);
    dialog->held_tx = 0;
    if (held)
        sapa_sip_tx_release(stack, held, now_us);
    if (dialog->ended) {
        sapa_sip_dlg_free(stack, dialog);
        return;
    }
    const struct sapa_sip_event event = { .kind = SAPA_SIP_EV_ACK_TIMEOUT,
                                          .now_us = now_us,
                                          .dialog = dialog_id(dialog),
                                          .user = dialog->user,
                                          .method = SAPA_SIP_INVITE,
                                          .status = 408,
                                          .rc = SAPA_ETIMEOUT };
    sapa_sip_emit(stack, &event);
}

void sapa_sip_ack_and_bye(struct sapa_sip_stack *stack, const struct sapa_sip_flow *from, enum sapa_sip_hop hop,
                          const struct sapa_sip_msg *msg, bool bye, int64_t now_us)
{
    /* A dialog just long enough to write the two requests. */
    struct dialog once = { .flow = *from, .hop = hop };
    char local[SAPA_SIP_DIALOG_TEXT_MAX + 1], remote[SAPA_SIP_DIALOG_TEXT_MAX + 1];
    struct sapa_text local_text, remote_text;
    struct sapa_str texts[D_COUNT] = {
        [D_CALL_ID] = msg->call_id, [D_LOCAL_TAG] = msg->from.tag, [D_REMOTE_TAG] = msg->to.tag
    };
    uint64_t key;

    sapa_text_init(&local_text, local, sizeof(local));
    sapa_text_init(&remote_text, remote, sizeof(remote));
    put_addr(&local_text, &msg->from, false);
    put_addr(&remote_text, &msg->to, false);
    texts[D_LOCAL] = sapa_text_str(&local_text);
    texts[D_REMOTE] = sapa_text_str(&remote_text);
    if (!target_of(msg, &texts[D_TARGET])) {
        if (msg->to.uri.scheme == SAPA_SIP_SCHEME_OTHER)
            return; /* nowhere to send anything */
        texts[D_TARGET] = without_headers(&msg->to.uri);
    }
    if (local_text.cut || remote_text.cut || set_texts(&once, texts) != SAPA_OK)
        return;
    learn(&once, msg, true);
    if (sapa_sip_flow_reliable(&once.flow))
        once.hop = SAPA_SIP_HOP_FLOW;
    const struct sapa_sip_flow flow = next_flow(stack, &once);
    put_request(stack, &once, SAPA_SIP_ACK, msg->cseq, &flow, &nothing, NULL);
    if (!stack->out.cut)
        (void)sapa_sip_send(stack, &flow, stack->out.buf,
                            stack->out.n); /* they repeat, then we do */
    if (bye) {
        put_request(stack, &once, SAPA_SIP_BYE, msg->cseq + 1, &flow, &nothing, &key);
        struct tx *end = sapa_sip_tx_client(stack, SAPA_SIP_BYE, key, &flow, NULL, false, now_us);
        if (end) {
            end->quiet = true;
            end->cseq = msg->cseq + 1;
        }
    }
    free(once.text);
}

/* --- views ---------------------------------------------------------------------------------------------------------------------- */

sapa_rc sapa_sip_dialog_get(const struct sapa_sip_stack *stack, sapa_sip_dialog_id id,
                            struct sapa_sip_dialog_info *ret_info)
{
    const struct dialog *dialog = user_dialog(stack, id);

    if (!dialog)
        return SAPA_ENOENT;
    *ret_info =
        (struct sapa_sip_dialog_info){ .state = (enum sapa_sip_dialog_state)dialog->state,
                                       .is_uas = dialog->is_uas,
                                       .user = dialog->user,
                                       .call_id = sapa_sip_dlg_text(dialog, D_CALL_ID),
                                       .local_tag = sapa_sip_dlg_text(dialog, D_LOCAL_TAG),
                                       .remote_tag = sapa_sip_dlg_text(dialog, D_REMOTE_TAG),
                                       .local_addr = sapa_sip_dlg_text(dialog, D_LOCAL),
                                       .remote_addr = sapa_sip_dlg_text(dialog, D_REMOTE),
                                       .remote_target = sapa_sip_dlg_text(dialog, D_TARGET),
                                       .route = sapa_sip_dlg_text(dialog, D_ROUTE),
                                       .local_cseq = dialog->local_cseq,
                                       .remote_cseq = dialog->remote_cseq,
                                       .flow = dialog->flow,
                                       .invite_tx = dialog->invite_tx,
                                       .awaiting_ack = dialog->awaiting_ack };
    return SAPA_OK;
}

sapa_rc sapa_sip_dialog_user(struct sapa_sip_stack *stack, sapa_sip_dialog_id id, uint64_t user)
{
    struct dialog *dialog = user_dialog(stack, id);

    if (!dialog)
        return SAPA_ENOENT;
    dialog->user = user;
    return SAPA_OK;
}

sapa_rc sapa_sip_dialog_flow(struct sapa_sip_stack *stack, sapa_sip_dialog_id id,
                             const struct sapa_sip_flow *flow)
{
    struct dialog *dialog = user_dialog(stack, id);

    if (!dialog)
        return SAPA_ENOENT;
    dialog->flow = *flow;
    dialog->hop = SAPA_SIP_HOP_FLOW;
    return SAPA_OK;
}

/* --- records ---------------------------------------------------------------------------------------------------------------------- */

enum { RECORD_VERSION = 1 };

static void put_ip(struct sapa_writer *w, const struct sapa_sip_ip *ip)
{
    sapa_put_u64(w, ip->family);
    sapa_put_raw(w, ip->bytes, ip->family == 6 ? 16 : ip->family == 4 ? 4 : 0);
    sapa_put_u64(w, ip->port);
    sapa_put_u64(w, ip->scope);
}

static struct sapa_sip_ip get_ip(struct sapa_reader *r)
{
    struct sapa_sip_ip ip = { 0 };
    const uint64_t family = sapa_get_u64(r);
    const size_t n = family == 6 ? 16 : family == 4 ? 4 : 0;
    const uint8_t *bytes = sapa_get_raw(r, n);

    r->bad |= n == 0 && family != 0;
    if (bytes && n > 0)
        memcpy(ip.bytes, bytes, n);
    ip.family = (uint8_t)family;
    ip.port = (uint16_t)sapa_get_u64(r);
    ip.scope = (uint32_t)sapa_get_u64(r);
    return ip;
}

sapa_rc sapa_sip_dialog_export(const struct sapa_sip_stack *stack, sapa_sip_dialog_id id,
                               uint8_t *buf, size_t size, size_t *ret_n)
{
    const struct dialog *dialog = user_dialog(stack, id);
    struct sapa_writer w = sapa_writer_of(buf, SAPA_MIN(size, (size_t)SAPA_SIP_DIALOG_RECORD_MAX));

    if (!dialog)
        return SAPA_ENOENT;
    if (dialog->state != SAPA_SIP_DIALOG_CONFIRMED)
        return SAPA_ESTATE;
    sapa_put_u64(&w, RECORD_VERSION);
    sapa_put_u64(&w, (dialog->is_uas ? 1 : 0) | (dialog->remote_cseq_set ? 2 : 0) |
                         (uint64_t)dialog->hop << 2);
    sapa_put_u64(&w, dialog->local_cseq);
    sapa_put_u64(&w, dialog->remote_cseq);
    sapa_put_u64(&w, dialog->flow.kind);
    sapa_put_u64(&w, dialog->flow.socket);
    put_ip(&w, &dialog->flow.local);
    put_ip(&w, &dialog->flow.remote);
    for (int i = 0; i < D_COUNT; i++)
        sapa_put_str(&w, sapa_sip_dlg_text(dialog, (enum dialog_text)i));
    sapa_put_fixed32(&w, sapa_crc32c(0, buf, w.n));
    if (w.bad)
        return SAPA_ELIMIT;
    *ret_n = w.n;
    return SAPA_OK;
}

sapa_rc sapa_sip_dialog_import(struct sapa_sip_stack *stack, const uint8_t *record, size_t n,
                               uint64_t user, uint32_t cseq_gap, sapa_sip_dialog_id *ret_dialog)
{
    struct sapa_reader r = sapa_reader_of(record, n);
    struct sapa_str texts[D_COUNT];
    struct sapa_sip_flow flow = { 0 };

    if (n < 5 || n > SAPA_SIP_DIALOG_RECORD_MAX)
        return SAPA_ECORRUPT;
    struct sapa_reader tail = sapa_reader_of(record + n - 4, 4);
    if (sapa_get_fixed32(&tail) != sapa_crc32c(0, record, n - 4))
        return SAPA_ECORRUPT;
    if (sapa_get_u64(&r) != RECORD_VERSION)
        return SAPA_EVERSION;
    const uint64_t flags = sapa_get_u64(&r);
    const uint64_t local_cseq = sapa_get_u64(&r), remote_cseq = sapa_get_u64(&r);
    flow.kind = (uint8_t)sapa_get_u64(&r);
    flow.socket = (uint8_t)sapa_get_u64(&r);
    flow.local = get_ip(&r);
    flow.remote = get_ip(&r);
    for (int i = 0; i < D_COUNT; i++)
        texts[i] = sapa_get_str(&r);
    if (r.bad || sapa_reader_left(&r) != 4 || flow.kind == 0 ||
        flow.kind >= SAPA_SIP_FLOW_KIND_COUNT || flags > 7 || local_cseq > INT32_MAX ||
        remote_cseq > INT32_MAX || texts[D_CALL_ID].n == 0 || texts[D_LOCAL_TAG].n == 0)
        return SAPA_ECORRUPT;
    if (sapa_sip_dlg_match(stack, texts[D_CALL_ID], texts[D_LOCAL_TAG], texts[D_REMOTE_TAG]))
        return SAPA_EEXIST;
    struct dialog *dialog = sapa_sip_dlg_new(stack);
    if (!dialog)
        return SAPA_ELIMIT;
    const sapa_rc rc = set_texts(dialog, texts);
    if (rc != SAPA_OK || enter(stack, dialog) != SAPA_OK) {
        sapa_sip_dlg_free(stack, dialog);
        return rc != SAPA_OK ? SAPA_ECORRUPT : SAPA_ENOMEM;
    }
    /* Sockets have their places again, and the peer knows which one; a connection is opened when it is needed
       (its id is of another life). */
    dialog->is_uas = flags & 1;
    dialog->remote_cseq_set = flags & 2;
    dialog->hop = (uint8_t)(flags >> 2);
    dialog->local_cseq = (uint32_t)local_cseq + (cseq_gap ? cseq_gap : 100);
    dialog->remote_cseq = (uint32_t)remote_cseq;
    dialog->state = SAPA_SIP_DIALOG_CONFIRMED;
    dialog->flow = flow;
    dialog->user = user;
    *ret_dialog = dialog_id(dialog);
    return SAPA_OK;
}
