/*
 * The stack's tables and the way of a message through it: parse, match a transaction, check as a user
 * agent server should (RFC 3261 8.2, in its order), hand on.
 */
#include "sip/stack_impl.h"

#include <stdlib.h>

#include "sip/secret_impl.h"

enum {
    DEFAULT_TX_MAX = 200000,
    DEFAULT_DIALOG_MAX = 20000,
};

/* --- tables --------------------------------------------------------------------------------------- */

static struct tx *tx_at(const struct sapa_sip_stack *stack, uint32_t index)
{
    return &stack->tx_chunks[index / CHUNK][index % CHUNK];
}

static struct dialog *dialog_at(const struct sapa_sip_stack *stack, uint32_t index)
{
    return &stack->dialog_chunks[index / CHUNK][index % CHUNK];
}

struct tx *sapa_sip_tx_get(const struct sapa_sip_stack *stack, sapa_sip_tx_id id)
{
    const uint32_t slot = (uint32_t)id;

    if (slot == 0 || slot > stack->tx_slots)
        return NULL;
    struct tx *tx = tx_at(stack, slot - 1);
    return tx->kind != TX_FREE && tx->generation == (uint32_t)(id >> 32) ? tx : NULL;
}

struct dialog *sapa_sip_dlg_get(const struct sapa_sip_stack *stack, sapa_sip_dialog_id id)
{
    const uint32_t slot = (uint32_t)id;

    if (slot == 0 || slot > stack->dialog_slots)
        return NULL;
    struct dialog *dialog = dialog_at(stack, slot - 1);
    return dialog->used && dialog->generation == (uint32_t)(id >> 32) ? dialog : NULL;
}

/* One more chunk: the pointer array, the chunk itself, and heap places so that timers never fail. */
static sapa_rc more_tx(struct sapa_sip_stack *stack)
{
    const uint32_t chunks = stack->tx_slots / CHUNK;

    if (sapa_sip_heap_reserve(&stack->heap, stack->tx_slots + stack->dialog_slots + CHUNK) !=
        SAPA_OK)
        return SAPA_ENOMEM;
    if (chunks % 64 == 0) {
        struct tx **grown = realloc(stack->tx_chunks, (chunks + 64) * sizeof(struct tx *));
        if (!grown)
            return SAPA_ENOMEM;
        stack->tx_chunks = grown;
    }
    struct tx *chunk = calloc(CHUNK, sizeof(struct tx));
    if (!chunk)
        return SAPA_ENOMEM;
    stack->tx_chunks[chunks] = chunk;
    for (uint32_t i = CHUNK; i-- > 0;) {
        chunk[i].index = stack->tx_slots + i;
        chunk[i].next_free = stack->tx_free;
        stack->tx_free = chunk[i].index;
    }
    stack->tx_slots += CHUNK;
    return SAPA_OK;
}

static sapa_rc more_dialogs(struct sapa_sip_stack *stack)
{
    const uint32_t chunks = stack->dialog_slots / CHUNK;

    if (sapa_sip_heap_reserve(&stack->heap, stack->tx_slots + stack->dialog_slots + CHUNK) !=
        SAPA_OK)
        return SAPA_ENOMEM;
    if (chunks % 64 == 0) {
        struct dialog **grown =
            realloc(stack->dialog_chunks, (chunks + 64) * sizeof(struct dialog *));
        if (!grown)
            return SAPA_ENOMEM;
        stack->dialog_chunks = grown;
    }
    struct dialog *chunk = calloc(CHUNK, sizeof(struct dialog));
    if (!chunk)
        return SAPA_ENOMEM;
    stack->dialog_chunks[chunks] = chunk;
    for (uint32_t i = CHUNK; i-- > 0;) {
        chunk[i].index = stack->dialog_slots + i;
        chunk[i].next_free = stack->dialog_free;
        stack->dialog_free = chunk[i].index;
    }
    stack->dialog_slots += CHUNK;
    return SAPA_OK;
}

struct tx *sapa_sip_tx_new(struct sapa_sip_stack *stack, enum tx_kind kind, uint64_t key)
{
    if (stack->stats.transactions >= stack->opts.tx_max ||
        (stack->tx_free == SAPA_NONE && more_tx(stack) != SAPA_OK)) {
        stack->stats.tx_limit++;
        return NULL;
    }
    struct tx *tx = tx_at(stack, stack->tx_free);
    if (sapa_sip_map_add(&stack->tx_map, key, tx->index) != SAPA_OK) {
        stack->stats.tx_limit++;
        return NULL;
    }
    stack->tx_free = tx->next_free;
    stack->stats.transactions++;
    *tx = (struct tx){ .index = tx->index,
                       .generation = tx->generation + 1,
                       .kind = (uint8_t)kind,
                       .key = key,
                       .again_us = INT64_MAX,
                       .end_us = INT64_MAX,
                       .extra_us = INT64_MAX };
    return tx;
}

void sapa_sip_tx_free(struct sapa_sip_stack *stack, struct tx *tx)
{
    sapa_assert(tx->kind != TX_FREE);
    sapa_sip_heap_remove(&stack->heap, tx->heap_place);
    sapa_sip_map_remove(&stack->tx_map, tx->key, tx->index);
    if (tx->merge_key)
        sapa_sip_map_remove(&stack->merge_map, tx->merge_key, tx->index);
    free(tx->text);
    free(tx->head);
    tx->text = tx->head = NULL;
    tx->kind = TX_FREE;
    tx->next_free = stack->tx_free;
    stack->tx_free = tx->index;
    stack->stats.transactions--;
}

struct dialog *sapa_sip_dlg_new(struct sapa_sip_stack *stack)
{
    if (stack->stats.dialogs >= stack->opts.dialog_max ||
        (stack->dialog_free == SAPA_NONE && more_dialogs(stack) != SAPA_OK)) {
        stack->stats.dialog_limit++;
        return NULL;
    }
    struct dialog *dialog = dialog_at(stack, stack->dialog_free);
    stack->dialog_free = dialog->next_free;
    stack->stats.dialogs++;
    *dialog = (struct dialog){ .index = dialog->index,
                               .generation = dialog->generation + 1,
                               .used = true,
                               .reply_again_us = INT64_MAX,
                               .reply_end_us = INT64_MAX,
                               .ack_end_us = INT64_MAX };
    return dialog;
}

void sapa_sip_dlg_free(struct sapa_sip_stack *stack, struct dialog *dialog)
{
    sapa_assert(dialog->used);
    sapa_sip_heap_remove(&stack->heap, dialog->heap_place);
    if (dialog->key)
        sapa_sip_map_remove(&stack->dialog_map, dialog->key, dialog->index);
    free(dialog->text);
    free(dialog->reply);
    free(dialog->ack);
    dialog->text = dialog->reply = dialog->ack = NULL;
    dialog->used = false;
    dialog->next_free = stack->dialog_free;
    stack->dialog_free = dialog->index;
    stack->stats.dialogs--;
}

static void heap_moved(void *ctx, uint32_t ref, uint32_t place)
{
    struct sapa_sip_stack *stack = ctx;

    if (ref & 1)
        dialog_at(stack, ref / 2)->heap_place = place;
    else
        tx_at(stack, ref / 2)->heap_place = place;
}

void sapa_sip_tx_arm(struct sapa_sip_stack *stack, struct tx *tx)
{
    sapa_sip_heap_set(&stack->heap, tx->index * 2, tx->heap_place,
                      SAPA_MIN(tx->again_us, SAPA_MIN(tx->end_us, tx->extra_us)));
}

void sapa_sip_dlg_arm(struct sapa_sip_stack *stack, struct dialog *dialog)
{
    sapa_sip_heap_set(&stack->heap, dialog->index * 2 + 1, dialog->heap_place,
                      SAPA_MIN(dialog->ack_end_us,
                               SAPA_MIN(dialog->reply_again_us, dialog->reply_end_us)));
}

/* --- open, close, small things --------------------------------------------------------------------- */

static uint32_t or_default(uint32_t value, uint32_t usual)
{
    return value ? value : usual;
}

sapa_rc sapa_sip_stack_open(const struct sapa_sip_stack_opts *opts,
                            struct sapa_sip_stack **ret_stack)
{
    if (!opts->transport || !opts->user || opts->tx_max > 4000000 || opts->dialog_max > 4000000)
        return SAPA_EINVAL;
    struct sapa_sip_stack *stack = calloc(1, sizeof(*stack));
    if (!stack)
        return SAPA_ENOMEM;
    stack->opts = *opts;
    secret_fill(stack->opts.secret);
    stack->opts.tx_max = or_default(opts->tx_max, DEFAULT_TX_MAX);
    stack->opts.dialog_max = or_default(opts->dialog_max, DEFAULT_DIALOG_MAX);
    stack->opts.trying_ms = or_default(opts->trying_ms, 200);
    stack->opts.invite_ms = or_default(opts->invite_ms, 180000);
    if (!stack->opts.accept)
        stack->opts.accept = "application/sdp";
    if (!stack->opts.methods) {
        stack->opts.methods = 1u << SAPA_SIP_INVITE | 1u << SAPA_SIP_ACK | 1u << SAPA_SIP_BYE |
                              1u << SAPA_SIP_CANCEL | 1u << SAPA_SIP_REGISTER |
                              1u << SAPA_SIP_OPTIONS | 1u << SAPA_SIP_INFO;
    }
    stack->t1_us = or_default(opts->t1_ms, 500) * 1000LL;
    stack->t2_us = or_default(opts->t2_ms, 4000) * 1000LL;
    stack->t4_us = or_default(opts->t4_ms, 5000) * 1000LL;
    stack->tx_free = stack->dialog_free = SAPA_NONE;
    stack->heap.moved = heap_moved;
    stack->heap.ctx = stack;
    sapa_text_init(&stack->allow, stack->allow_buf, sizeof(stack->allow_buf));
    for (int i = 1; i < SAPA_SIP_METHOD_COUNT; i++) {
        if (stack->opts.methods >> i & 1)
            sapa_text_printf(&stack->allow, "%s%s", stack->allow.n ? ", " : "",
                             sapa_sip_method_name((enum sapa_sip_method)i));
    }
    *ret_stack = stack;
    return SAPA_OK;
}

void sapa_sip_stack_close(struct sapa_sip_stack *stack)
{
    if (!stack)
        return;
    for (uint32_t i = 0; i < stack->tx_slots; i++) {
        free(tx_at(stack, i)->text);
        free(tx_at(stack, i)->head);
    }
    for (uint32_t i = 0; i < stack->dialog_slots; i++) {
        struct dialog *dialog = dialog_at(stack, i);
        free(dialog->text);
        free(dialog->reply);
        free(dialog->ack);
    }
    for (uint32_t i = 0; i < stack->tx_slots / CHUNK; i++)
        free(stack->tx_chunks[i]);
    for (uint32_t i = 0; i < stack->dialog_slots / CHUNK; i++)
        free(stack->dialog_chunks[i]);
    free(stack->tx_chunks);
    free(stack->dialog_chunks);
    sapa_sip_map_free(&stack->tx_map);
    sapa_sip_map_free(&stack->merge_map);
    sapa_sip_map_free(&stack->dialog_map);
    sapa_sip_heap_free(&stack->heap);
    free(stack);
}

char *sapa_sip_copy(const char *bytes, size_t n)
{
    char *copy = malloc(n ? n : 1);

    if (copy && n)
        memcpy(copy, bytes, n);
    return copy;
}

void sapa_sip_token(struct sapa_sip_stack *stack, char *ret_token)
{
    static const char hex[] = "0123456789abcdef";
    struct sapa_sip_hash hash;

    sapa_sip_hash_begin(&hash, stack->opts.secret);
    sapa_sip_hash_str(&hash, SAPA_STR("token"));
    sapa_sip_hash_u64(&hash, ++stack->counter);
    const uint64_t value = sapa_sip_hash_end(&hash);
    for (int i = 0; i < 16; i++)
        ret_token[i] = hex[value >> (i * 4) & 15];
    ret_token[16] = '\0';
}

void sapa_sip_stack_stats(const struct sapa_sip_stack *stack, struct sapa_sip_stats *ret_stats)
{
    *ret_stats = stack->stats;
}

void sapa_sip_stack_end_strays(struct sapa_sip_stack *stack, int64_t until_us)
{
    stack->strays_until_us = until_us;
}

void sapa_sip_stack_refuse(struct sapa_sip_stack *stack, uint32_t retry_after_s)
{
    stack->retry_after_s = retry_after_s;
}

sapa_rc sapa_sip_tx_flow(const struct sapa_sip_stack *stack, sapa_sip_tx_id id,
                         struct sapa_sip_flow *ret_flow)
{
    const struct tx *tx = sapa_sip_tx_get(stack, id);

    if (!tx)
        return SAPA_ENOENT;
    *ret_flow = tx->flow;
    return SAPA_OK;
}

sapa_rc sapa_sip_tx_user(struct sapa_sip_stack *stack, sapa_sip_tx_id id, uint64_t user)
{
    struct tx *tx = sapa_sip_tx_get(stack, id);

    if (!tx)
        return SAPA_ENOENT;
    tx->user = user;
    return SAPA_OK;
}

sapa_rc sapa_sip_send(struct sapa_sip_stack *stack, const struct sapa_sip_flow *flow,
                      const char *bytes, size_t n)
{
    const sapa_rc rc = stack->opts.transport->send(stack->opts.transport_ctx, flow, bytes, n);

    if (rc == SAPA_OK)
        stack->stats.sent++;
    else
        stack->stats.transport_error++;
    return rc;
}

sapa_rc sapa_sip_send_anew(struct sapa_sip_stack *stack, struct sapa_sip_flow *flow,
                           const struct sapa_sip_ip *elsewhere, const char *bytes, size_t n)
{
    struct sapa_sip_flow fresh;
    const sapa_rc rc = sapa_sip_send(stack, flow, bytes, n);

    if (rc != SAPA_ECLOSED || !sapa_sip_flow_reliable(flow) ||
        stack->opts.transport->open(stack->opts.transport_ctx, (enum sapa_sip_flow_kind)flow->kind,
                                    elsewhere ? elsewhere : &flow->remote, &fresh) != SAPA_OK)
        return rc;
    *flow = fresh;
    return sapa_sip_send(stack, flow, bytes, n);
}

void sapa_sip_emit(struct sapa_sip_stack *stack, const struct sapa_sip_event *event)
{
    stack->opts.user->event(stack->opts.user_ctx, event);
}

/* --- timers ----------------------------------------------------------------------------------------- */

int64_t sapa_sip_stack_next_due(const struct sapa_sip_stack *stack)
{
    return stack->heap.count ? stack->heap.items[0].due_us : INT64_MAX;
}

void sapa_sip_stack_run_due(struct sapa_sip_stack *stack, int64_t now_us)
{
    while (stack->heap.count > 0 && stack->heap.items[0].due_us <= now_us) {
        const uint32_t ref = stack->heap.items[0].ref;
        if (ref & 1)
            sapa_sip_dlg_due(stack, dialog_at(stack, ref / 2), now_us);
        else
            sapa_sip_tx_due(stack, tx_at(stack, ref / 2), now_us);
    }
}

/* --- keys -------------------------------------------------------------------------------------------- */

static bool has_cookie(struct sapa_str branch)
{
    return branch.n > 7 && sapa_str_ieq((struct sapa_str){ branch.p, 7 }, SAPA_STR("z9hG4bK"));
}

uint64_t sapa_sip_client_key(const struct sapa_sip_stack *stack, struct sapa_str branch,
                             struct sapa_str method)
{
    struct sapa_sip_hash hash;

    sapa_sip_hash_begin(&hash, stack->opts.secret);
    sapa_sip_hash_str(&hash, SAPA_STR("client"));
    sapa_sip_hash_istr(&hash, branch);
    sapa_sip_hash_str(&hash, method);
    return sapa_sip_hash_end(&hash);
}

uint64_t sapa_sip_server_key(const struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg,
                             struct sapa_str method)
{
    struct sapa_sip_hash hash;

    sapa_sip_hash_begin(&hash, stack->opts.secret);
    if (has_cookie(msg->via.branch)) {
        sapa_sip_hash_str(&hash, SAPA_STR("server"));
        sapa_sip_hash_istr(&hash, msg->via.branch);
        sapa_sip_hash_istr(&hash, msg->via.host);
        sapa_sip_hash_u64(&hash, msg->via.port);
    } else { /* RFC 3261 17.2.3, of RFC 2543 */
        sapa_sip_hash_str(&hash, SAPA_STR("server 2543"));
        sapa_sip_hash_str(&hash, msg->uri.all);
        sapa_sip_hash_str(&hash, msg->from.tag);
        sapa_sip_hash_str(&hash, msg->call_id);
        sapa_sip_hash_u64(&hash, msg->cseq);
        sapa_sip_hash_str(&hash, msg->via.all);
    }
    sapa_sip_hash_str(&hash, method);
    return sapa_sip_hash_end(&hash);
}

static uint64_t merge_key(const struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg)
{
    struct sapa_sip_hash hash;

    sapa_sip_hash_begin(&hash, stack->opts.secret);
    sapa_sip_hash_str(&hash, SAPA_STR("merge"));
    sapa_sip_hash_str(&hash, msg->from.tag);
    sapa_sip_hash_str(&hash, msg->call_id);
    sapa_sip_hash_u64(&hash, msg->cseq);
    sapa_sip_hash_str(&hash, msg->cseq_method);
    return sapa_sip_hash_end(&hash);
}

static struct tx *find_tx(const struct sapa_sip_stack *stack, uint64_t key)
{
    size_t cursor = SIZE_MAX;
    uint32_t index;

    return sapa_sip_map_next(&stack->tx_map, key, &cursor, &index) ? tx_at(stack, index) : NULL;
}

/* --- building ------------------------------------------------------------------------------------------ */

struct sapa_text *sapa_sip_begin(struct sapa_sip_stack *stack)
{
    sapa_text_init(&stack->out, stack->out_buf, sizeof(stack->out_buf));
    return &stack->out;
}

void sapa_sip_put_own_via(struct sapa_sip_stack *stack, struct sapa_text *out,
                          const struct sapa_sip_flow *flow, enum sapa_sip_method method,
                          struct sapa_str method_text, uint64_t *ret_key)
{
    char branch[7 + 65] = "z9hG4bK";
    const struct sapa_str given = stack->branch_next;

    stack->branch_next = (struct sapa_str){ NULL, 0 };
    if (given.n == 0 || !sapa_str_copy(given, branch + 7, sizeof(branch) - 7))
        sapa_sip_token(stack, branch + 7);
    const struct sapa_str text = sapa_str_of(branch);
    sapa_text_add(out, SAPA_STR("Via: SIP/2.0/"));
    sapa_text_add(out, sapa_str_of(sapa_sip_flow_name(flow->kind)));
    sapa_text_char(out, ' ');
    sapa_sip_put_ip_port(out, &flow->local);
    sapa_text_add(out, SAPA_STR(";rport;branch="));
    sapa_text_add(out, text);
    sapa_text_add(out, SAPA_STR("\r\nMax-Forwards: 70\r\n"));
    if (ret_key)
        *ret_key = sapa_sip_client_key(stack, text,
                                       method == SAPA_SIP_OTHER
                                           ? method_text
                                           : sapa_str_of(sapa_sip_method_name(method)));
}

void sapa_sip_put_common(struct sapa_sip_stack *stack, struct sapa_text *out,
                         enum sapa_sip_method method, bool request)
{
    if (method == SAPA_SIP_INVITE || method == SAPA_SIP_OPTIONS || method == SAPA_SIP_UPDATE) {
        sapa_sip_put_header(out, SAPA_SIP_H_ALLOW, sapa_text_str(&stack->allow));
        if (method == SAPA_SIP_OPTIONS && !request)
            sapa_sip_put_header(out, SAPA_SIP_H_ACCEPT, sapa_str_of(stack->opts.accept));
        if (stack->opts.supported)
            sapa_sip_put_header(out, SAPA_SIP_H_SUPPORTED, sapa_str_of(stack->opts.supported));
    }
    if (stack->opts.product)
        sapa_sip_put_header(out, request ? SAPA_SIP_H_USER_AGENT : SAPA_SIP_H_SERVER,
                            sapa_str_of(stack->opts.product));
}

/* The top Via with received and rport filled in (RFC 3261 18.2.1, RFC 3581), the others as they are. */
static void put_vias(struct sapa_text *out, const struct sapa_sip_msg *msg,
                     const struct sapa_sip_flow *flow)
{
    const struct sapa_sip_via *via = &msg->via;
    const struct sapa_sip_line *line = sapa_sip_first(msg, SAPA_SIP_H_VIA);
    struct sapa_sip_ip sent_by;

    if (via->host.n == 0) { /* could not be parsed: give it back as it came */
        sapa_sip_put_copy(out, msg, SAPA_SIP_H_VIA);
        return;
    }
    const bool same = sapa_sip_ip_parse(via->host, 0, &sent_by) == SAPA_OK &&
                      sapa_sip_ip_same_host(&sent_by, &flow->remote);
    sapa_text_add(out, SAPA_STR("Via: "));
    if (same && !via->has_rport && via->received.n == 0) {
        sapa_text_add(out, via->all);
    } else {
        const size_t head = via->params.n > 0 ? (size_t)(via->params.p - via->all.p) : via->all.n;
        struct sapa_str first = { via->all.p, head };
        struct sapa_str rest = via->params;
        struct sapa_sip_param param;
        while (first.n > 0 && (first.p[first.n - 1] == ';' || first.p[first.n - 1] == ' ' ||
                               first.p[first.n - 1] == '\t'))
            first.n--;
        sapa_text_add(out, first);
        while (sapa_sip_params_next(&rest, &param)) {
            if (sapa_str_ieq(param.name, SAPA_STR("received")) ||
                sapa_str_ieq(param.name, SAPA_STR("rport")))
                continue;
            sapa_text_char(out, ';');
            sapa_text_add(out, param.name);
            if (param.has_value) {
                sapa_text_add(out, param.quoted ? SAPA_STR("=\"") : SAPA_STR("="));
                sapa_text_add(out, param.value);
                if (param.quoted)
                    sapa_text_char(out, '"');
            }
        }
        sapa_text_add(out, SAPA_STR(";received="));
        struct sapa_text ip;
        char buf[64];
        sapa_text_init(&ip, buf, sizeof(buf));
        sapa_sip_put_ip(&ip, &flow->remote);
        struct sapa_str bare = sapa_text_str(&ip);
        if (bare.n > 2 && bare.p[0] == '[')
            bare = (struct sapa_str){ bare.p + 1, bare.n - 2 };
        sapa_text_add(out, bare);
        if (via->has_rport)
            sapa_text_printf(out, ";rport=%u", flow->remote.port);
    }
    /* What else stands in the first line, then the other lines. */
    const char *end = line->value.p + line->value.n;
    const char *after = via->all.p + via->all.n;
    if (after < end)
        sapa_text_add(out, (struct sapa_str){ after, (size_t)(end - after) });
    sapa_text_add(out, SAPA_STR("\r\n"));
    while ((line = sapa_sip_next(msg, line))) {
        sapa_text_add(out, SAPA_STR("Via: "));
        sapa_text_add(out, line->value);
        sapa_text_add(out, SAPA_STR("\r\n"));
    }
}

void sapa_sip_put_reply_head(struct sapa_text *out, const struct sapa_sip_msg *msg,
                             const struct sapa_sip_flow *flow, struct sapa_str to_tag)
{
    const struct sapa_sip_line *to = sapa_sip_first(msg, SAPA_SIP_H_TO);

    put_vias(out, msg, flow);
    sapa_sip_put_copy(out, msg, SAPA_SIP_H_FROM);
    if (to) {
        sapa_text_add(out, SAPA_STR("To: "));
        sapa_text_add(out, to->value);
        if (msg->to.all.n > 0 && msg->to.tag.n == 0 && to_tag.n > 0) {
            sapa_text_add(out, SAPA_STR(";tag="));
            sapa_text_add(out, to_tag);
        }
        sapa_text_add(out, SAPA_STR("\r\n"));
    }
    if (msg->call_id.n > 0)
        sapa_sip_put_header(out, SAPA_SIP_H_CALL_ID, msg->call_id);
    sapa_sip_put_copy(out, msg, SAPA_SIP_H_CSEQ);
}

/* RFC 3261 18.2.2, RFC 3581 4: where answers to a datagram go. */
uint16_t sapa_sip_reply_port(const struct sapa_sip_msg *msg, const struct sapa_sip_flow *flow)
{
    const bool udp =
        flow->kind ==
        SAPA_SIP_FLOW_UDP; /* on a connection: for a new one, if this is gone by then */

    if ((msg->via.has_rport && udp) || msg->via.host.n == 0)
        return flow->remote.port;
    return msg->via.port ? msg->via.port : 5060;
}

void sapa_sip_reply_stateless(struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg,
                              const struct sapa_sip_flow *flow, int status, const char *reason,
                              struct sapa_str headers)
{
    struct sapa_text *out = sapa_sip_begin(stack);
    struct sapa_sip_flow to = *flow;
    struct sapa_sip_hash hash;
    char tag[17];

    /* The tag is a function of the request, so that its retransmission gets the same answer. */
    sapa_sip_hash_begin(&hash, stack->opts.secret);
    sapa_sip_hash_str(&hash, SAPA_STR("tag"));
    sapa_sip_hash_str(&hash, msg->call_id);
    sapa_sip_hash_str(&hash, msg->via.branch);
    struct sapa_text text;
    sapa_text_init(&text, tag, sizeof(tag));
    sapa_text_printf(&text, "%016llx", (unsigned long long)sapa_sip_hash_end(&hash));
    sapa_sip_put_status_line(out, status,
                             reason ? sapa_str_of(reason) : (struct sapa_str){ NULL, 0 });
    sapa_sip_put_reply_head(out, msg, flow, sapa_text_str(&text));
    sapa_sip_put_common(stack, out, SAPA_SIP_OTHER, false);
    sapa_text_add(out, headers);
    sapa_sip_put_body(out, SAPA_STR(""), SAPA_STR(""));
    if (out->cut)
        return;
    if (flow->kind == SAPA_SIP_FLOW_UDP)
        to.remote.port = sapa_sip_reply_port(msg, flow);
    (void)sapa_sip_send(stack, &to, out->buf, out->n); /* counted; there is nobody to tell */
}

/* --- incoming requests ------------------------------------------------------------------------------------ */

static bool token_in(const char *list, struct sapa_str token)
{
    struct sapa_str cursor = sapa_str_of(list), value;

    while (sapa_sip_list_next(&cursor, &value)) {
        if (sapa_str_ieq(value, token))
            return true;
    }
    return false;
}

/* "type/subtype", "type/ *" or "* / *" of an Accept header covers a type that we can send. */
static bool accept_covers(const struct sapa_sip_msg *msg, const char *types)
{
    struct sapa_sip_iter iter = sapa_sip_iter_of(msg, SAPA_SIP_H_ACCEPT);
    struct sapa_str value, rest;

    if (!sapa_sip_first(msg, SAPA_SIP_H_ACCEPT))
        return true;
    while (sapa_sip_iter_next(&iter, &value)) {
        value = sapa_str_trim(sapa_str_cut(value, ';', &rest));
        if (sapa_str_eq(value, SAPA_STR("*/*")) || token_in(types, value))
            return true;
        const size_t slash = sapa_str_find(value, '/', 0);
        if (slash + 2 == value.n && value.p[slash + 1] == '*') {
            struct sapa_str cursor = sapa_str_of(types), type;
            while (sapa_sip_list_next(&cursor, &type)) {
                if (type.n > slash && sapa_str_ieq((struct sapa_str){ type.p, slash + 1 },
                                                   (struct sapa_str){ value.p, slash + 1 }))
                    return true;
            }
        }
    }
    return false;
}

/* Checks before there is a transaction, in the order of RFC 3261 8.2. 0: fine. Adds header lines to `more`. */
static int inspect(struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg,
                   struct sapa_text *more)
{
    struct sapa_sip_iter iter;
    struct sapa_str value;
    bool strange = false;

    if (msg->method == SAPA_SIP_OTHER || !(stack->opts.methods >> msg->method & 1)) {
        sapa_sip_put_header(more, SAPA_SIP_H_ALLOW, sapa_text_str(&stack->allow));
        return msg->method == SAPA_SIP_OTHER ? 501 : 405;
    }
    if (msg->method == SAPA_SIP_REGISTER && msg->to.uri.scheme == SAPA_SIP_SCHEME_OTHER)
        return 416;
    iter = sapa_sip_iter_of(msg, SAPA_SIP_H_REQUIRE);
    while (sapa_sip_iter_next(&iter, &value)) {
        if (stack->opts.supported && token_in(stack->opts.supported, value))
            continue;
        sapa_text_add(more, strange ? SAPA_STR(", ") : SAPA_STR("Unsupported: "));
        sapa_text_add(more, value);
        strange = true;
    }
    if (strange) {
        sapa_text_add(more, SAPA_STR("\r\n"));
        return 420;
    }
    if (msg->method == SAPA_SIP_INVITE) {
        struct sapa_str rest;
        const struct sapa_str encoding = sapa_sip_value(msg, SAPA_SIP_H_CONTENT_ENCODING);
        if (encoding.n > 0 && !sapa_str_ieq(encoding, SAPA_STR("identity"))) {
            sapa_text_add(more, SAPA_STR("Accept-Encoding: identity\r\n"));
            return 415;
        }
        value =
            sapa_str_trim(sapa_str_cut(sapa_sip_value(msg, SAPA_SIP_H_CONTENT_TYPE), ';', &rest));
        if (msg->body.n > 0 && !token_in(stack->opts.accept, value)) {
            sapa_sip_put_header(more, SAPA_SIP_H_ACCEPT, sapa_str_of(stack->opts.accept));
            return value.n > 0 ? 415 : 400;
        }
        if (!accept_covers(msg, stack->opts.accept)) {
            sapa_sip_put_header(more, SAPA_SIP_H_ACCEPT, sapa_str_of(stack->opts.accept));
            return 406;
        }
    }
    return 0;
}

static void refuse(struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg,
                   const struct sapa_sip_flow *flow, int status, struct sapa_str headers)
{
    stack->stats.refused++;
    sapa_sip_reply_stateless(stack, msg, flow, status, NULL, headers);
}

static struct sapa_str retry_after(struct sapa_text *text, uint32_t seconds)
{
    sapa_sip_put_number(text, SAPA_SIP_H_RETRY_AFTER, seconds);
    return sapa_text_str(text);
}

static void on_cancel(struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg,
                      const struct sapa_sip_flow *flow, int64_t now_us)
{
    struct tx *invite = find_tx(stack, sapa_sip_server_key(stack, msg, SAPA_STR("INVITE")));
    char tag[17];

    if (!invite || invite->kind != TX_SERVER_INVITE) {
        refuse(stack, msg, flow, 481, SAPA_STR(""));
        return;
    }
    /* The answers to both have the same To-tag (9.2); the dialog knows it. */
    const struct dialog *dialog = sapa_sip_dlg_get(stack, invite->dialog);
    struct sapa_str local = dialog ? sapa_sip_dlg_text(dialog, D_LOCAL_TAG) : SAPA_STR("");
    if (local.n == 0) {
        sapa_sip_token(stack, tag);
        local = sapa_str_of(tag);
    }
    const bool open = invite->state == TX_CALLING || invite->state == TX_PROCEEDING;
    const bool first = open && !invite->cancelled;
    const sapa_sip_tx_id invite_id = tx_id(invite);
    struct sapa_sip_event event = { .kind = SAPA_SIP_EV_CANCEL,
                                    .now_us = now_us,
                                    .tx = invite_id,
                                    .dialog = invite->dialog,
                                    .user = dialog ? dialog->user : invite->user,
                                    .method = SAPA_SIP_INVITE,
                                    .msg = msg,
                                    .flow = flow };
    const bool quiet = invite->quiet;
    invite->cancelled |= open;
    struct tx *tx = sapa_sip_tx_server(stack, msg, flow, local, now_us);
    if (!tx) {
        sapa_sip_reply_stateless(stack, msg, flow, 200, NULL, SAPA_STR(""));
    } else {
        tx->quiet = true;
        sapa_sip_respond_plain(stack, tx_id(tx), 200, now_us); /* a fresh transaction takes it */
    }
    if (first && !quiet)
        sapa_sip_emit(stack, &event);
}

static void in_dialog(struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg,
                      const struct sapa_sip_flow *flow, int64_t now_us)
{
    struct dialog *dialog = sapa_sip_dlg_match(stack, msg->call_id, msg->to.tag, msg->from.tag);
    char buf[64];
    struct sapa_text more;

    sapa_text_init(&more, buf, sizeof(buf));
    if (!dialog || dialog->ended || dialog->state == SAPA_SIP_DIALOG_START) {
        refuse(stack, msg, flow, 481, SAPA_STR(""));
        return;
    }
    const int status = sapa_sip_dlg_check(stack, dialog, msg);
    if (status > 0) {
        if (status == 500)
            sapa_sip_put_number(&more, SAPA_SIP_H_RETRY_AFTER, 1 + stack->counter % 9);
        refuse(stack, msg, flow, status, sapa_text_str(&more));
        return;
    }
    struct tx *tx = sapa_sip_tx_server(stack, msg, flow, SAPA_STR(""), now_us);
    if (!tx) {
        refuse(stack, msg, flow, 503, retry_after(&more, 5));
        return;
    }
    dialog->remote_cseq = msg->cseq;
    dialog->remote_cseq_set = true;
    tx->dialog = dialog_id(dialog);
    if (dialog->hop == SAPA_SIP_HOP_FLOW)
        dialog->flow = *flow; /* it has moved: a new connection, a new port of its NAT */
    if (msg->method == SAPA_SIP_PRACK) {
        sapa_sip_dlg_on_prack(stack, dialog, tx, msg, now_us);
        return;
    }
    if (msg->method == SAPA_SIP_INVITE || msg->method == SAPA_SIP_UPDATE || msg->method == SAPA_SIP_SUBSCRIBE)
        sapa_sip_dlg_refresh(dialog, msg);
    if (msg->method == SAPA_SIP_INVITE)
        dialog->invite_tx = tx_id(tx);
    const sapa_sip_dialog_id id = dialog_id(dialog);
    const sapa_sip_tx_id bye = msg->method == SAPA_SIP_BYE ? tx_id(tx) : 0;
    if (bye) {
        dialog->state = SAPA_SIP_DIALOG_OVER;
        if (!dialog->held_tx) { /* no ACK is missed any more */
            dialog->awaiting_ack = false;
            dialog->reply_again_us = dialog->reply_end_us = INT64_MAX;
            sapa_sip_dlg_arm(stack, dialog);
        }
    }
    const struct sapa_sip_event event = { .kind = msg->method == SAPA_SIP_INVITE
                                                      ? SAPA_SIP_EV_REINVITE
                                                      : SAPA_SIP_EV_DIALOG_REQUEST,
                                          .now_us = now_us,
                                          .tx = tx_id(tx),
                                          .dialog = id,
                                          .user = dialog->user,
                                          .method = msg->method,
                                          .msg = msg,
                                          .flow = flow };
    sapa_sip_emit(stack, &event);
    /* A BYE ends an INVITE of theirs that is still open (15.1.2). */
    if (bye && (dialog = sapa_sip_dlg_get(stack, id)) && dialog->invite_tx) {
        tx = sapa_sip_tx_get(stack, dialog->invite_tx);
        if (tx && tx->kind == TX_SERVER_INVITE)
            sapa_sip_respond_plain(stack, tx_id(tx), 487, now_us); /* it may have its answer */
    }
}

static void new_request(struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg,
                        const struct sapa_sip_flow *flow, int64_t now_us)
{
    const uint64_t merged = msg->from.tag.n > 0 ? merge_key(stack, msg) : 0;
    struct dialog *dialog = NULL;
    size_t cursor = SIZE_MAX;
    uint32_t index;
    char tag[17], buf[64];
    struct sapa_text more;

    sapa_text_init(&more, buf, sizeof(buf));
    if (merged && sapa_sip_map_next(&stack->merge_map, merged, &cursor, &index)) {
        stack->stats.merged++;
        refuse(stack, msg, flow, 482, SAPA_STR(""));
        return;
    }
    if (stack->retry_after_s > 0) {
        refuse(stack, msg, flow, 503, retry_after(&more, stack->retry_after_s));
        return;
    }
    sapa_sip_token(stack, tag);
    if (msg->method == SAPA_SIP_INVITE) {
        const sapa_rc rc = sapa_sip_dlg_of_invite(stack, msg, flow, sapa_str_of(tag), &dialog);
        if (rc != SAPA_OK) {
            if (rc == SAPA_EINVAL || rc == SAPA_ECORRUPT)
                refuse(stack, msg, flow, rc == SAPA_EINVAL ? 513 : 400, SAPA_STR(""));
            else
                refuse(stack, msg, flow, 503, retry_after(&more, 5));
            return;
        }
    }
    struct tx *tx = sapa_sip_tx_server(stack, msg, flow, sapa_str_of(tag), now_us);
    if (!tx) {
        if (dialog)
            sapa_sip_dlg_free(stack, dialog);
        refuse(stack, msg, flow, 503, retry_after(&more, 5));
        return;
    }
    if (merged && sapa_sip_map_add(&stack->merge_map, merged, tx->index) == SAPA_OK)
        tx->merge_key = merged;
    if (dialog) {
        tx->dialog = dialog_id(dialog);
        dialog->invite_tx = tx_id(tx);
        tx->wants_prack = sapa_sip_has_token(msg, SAPA_SIP_H_REQUIRE, SAPA_STR("100rel"));
    }
    const struct sapa_sip_event event = { .kind = dialog ? SAPA_SIP_EV_INVITE : SAPA_SIP_EV_REQUEST,
                                          .now_us = now_us,
                                          .tx = tx_id(tx),
                                          .dialog = dialog ? dialog_id(dialog) : 0,
                                          .method = msg->method,
                                          .msg = msg,
                                          .flow = flow };
    sapa_sip_emit(stack, &event);
}

static void on_request(struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg,
                       const struct sapa_sip_flow *flow, uint32_t refuse_s, int64_t now_us)
{
    char buf[2048];
    struct sapa_text more;

    if (msg->fault > 0) {
        stack->stats.faulty++;
        if (msg->method != SAPA_SIP_ACK)
            sapa_sip_reply_stateless(stack, msg, flow, msg->fault, msg->fault_text, SAPA_STR(""));
        return;
    }
    const bool ack = msg->method == SAPA_SIP_ACK;
    struct tx *tx =
        find_tx(stack,
                sapa_sip_server_key(stack, msg, ack ? SAPA_STR("INVITE") : msg->method_text));
    if (tx && tx->kind != TX_SERVER && tx->kind != TX_SERVER_INVITE)
        tx = NULL;
    if (ack) {
        if (tx && tx->state != TX_ACCEPTED)
            sapa_sip_tx_on_ack(stack, tx, now_us);
        else
            sapa_sip_dlg_on_ack(stack, msg, flow, now_us);
        return;
    }
    if (tx) {
        stack->stats.retransmit_in++;
        sapa_sip_tx_on_repeat(stack, tx);
        return;
    }
    if (refuse_s > 0) {
        sapa_text_init(&more, buf, sizeof(buf));
        refuse(stack, msg, flow, 503, retry_after(&more, refuse_s));
        return;
    }
    if (msg->method == SAPA_SIP_CANCEL) {
        on_cancel(stack, msg, flow, now_us);
        return;
    }
    sapa_text_init(&more, buf, sizeof(buf));
    const int status = inspect(stack, msg, &more);
    if (status > 0)
        refuse(stack, msg, flow, status, more.cut ? SAPA_STR("") : sapa_text_str(&more));
    else if (msg->to.tag.n > 0 && msg->method != SAPA_SIP_REGISTER)
        in_dialog(stack, msg, flow, now_us);
    else
        new_request(stack, msg, flow, now_us);
}

static void on_response(struct sapa_sip_stack *stack, const struct sapa_sip_msg *msg,
                        const struct sapa_sip_flow *flow, int64_t now_us)
{
    struct sapa_sip_iter iter = sapa_sip_iter_of(msg, SAPA_SIP_H_VIA);
    struct sapa_str via;
    unsigned vias = 0;

    if (msg->fault > 0) {
        stack->stats.faulty++;
        return;
    }
    while (sapa_sip_iter_next(&iter, &via))
        vias++;
    if (vias != 1) { /* not for us (8.1.3.3) */
        stack->stats.stray_response++;
        return;
    }
    struct tx *tx = find_tx(stack, sapa_sip_client_key(stack, msg->via.branch, msg->cseq_method));
    if (tx && (tx->kind == TX_CLIENT || tx->kind == TX_CLIENT_INVITE) && tx->cseq == msg->cseq) {
        sapa_sip_tx_on_response(stack, tx, msg, flow, now_us);
        return;
    }
    stack->stats.stray_response++;
    if (msg->method == SAPA_SIP_INVITE && msg->status >= 200 && msg->status < 300 &&
        !sapa_sip_dlg_on_repeat(stack, msg) && now_us < stack->strays_until_us)
        sapa_sip_ack_and_bye(stack, flow, SAPA_SIP_HOP_FLOW, msg, true, now_us);
}

static void receive(struct sapa_sip_stack *stack, const struct sapa_sip_flow *flow, char *bytes,
                    size_t n, uint32_t refuse_s, int64_t now_us)
{
    const bool stream = flow->kind == SAPA_SIP_FLOW_TCP || flow->kind == SAPA_SIP_FLOW_TLS;
    struct sapa_sip_msg msg;

    stack->stats.received++;
    switch (sapa_sip_msg_parse(bytes, n, stream ? SAPA_SIP_STREAM : SAPA_SIP_DATAGRAM, &msg)) {
    case SAPA_OK:
        if (msg.is_request)
            on_request(stack, &msg, flow, refuse_s, now_us);
        else
            on_response(stack, &msg, flow, now_us);
        break;
    case SAPA_EMORE: stack->stats.keepalive++; break;
    default: stack->stats.unparsable++;
    }
}

void sapa_sip_stack_receive(struct sapa_sip_stack *stack, const struct sapa_sip_flow *flow,
                            char *bytes, size_t n, int64_t now_us)
{
    receive(stack, flow, bytes, n, 0, now_us);
}

void sapa_sip_stack_receive_refused(struct sapa_sip_stack *stack, const struct sapa_sip_flow *flow,
                                    char *bytes, size_t n, uint32_t retry_after_s, int64_t now_us)
{
    receive(stack, flow, bytes, n, SAPA_MAX(retry_after_s, 1), now_us);
}

/* --- flows ------------------------------------------------------------------------------------------------- */

/* O(transactions): a connection's end is rare against its messages. */
static void break_clients(struct sapa_sip_stack *stack, const struct sapa_sip_flow *flow,
                          sapa_rc rc, int64_t now_us)
{
    for (uint32_t i = 0; i < stack->tx_slots; i++) {
        struct tx *tx = tx_at(stack, i);
        if ((tx->kind == TX_CLIENT || tx->kind == TX_CLIENT_INVITE) && !tx->held &&
            sapa_sip_flow_eq(&tx->flow, flow))
            sapa_sip_tx_broken(stack, tx, rc, now_us);
    }
}

void sapa_sip_stack_flow_closed(struct sapa_sip_stack *stack, const struct sapa_sip_flow *flow,
                                int64_t now_us)
{
    break_clients(stack, flow, SAPA_ECLOSED, now_us);
    sapa_sip_emit(stack, &(struct sapa_sip_event){
                             .kind = SAPA_SIP_EV_FLOW_CLOSED, .now_us = now_us, .flow = flow });
}

void sapa_sip_stack_unreachable(struct sapa_sip_stack *stack, const struct sapa_sip_flow *flow,
                                int64_t now_us)
{
    break_clients(stack, flow, SAPA_EIO, now_us);
}
