/*
 * A live stack with a call in each direction is fed messages. The input is cut at "\n--\n"; in each piece
 * $L $R $C $B stand for our tag, their tag, the Call-ID and the branch of a call of ours, so that the fuzzer
 * gets into dialogs; a piece that begins with '+' lets its length in seconds pass. The user answers all.
 */
#include <stdlib.h>

#include "sip/dialog.h"
#include "sip/registrar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char branch[64];
static struct sapa_sip_registrar *registrar;
static struct sapa_sip_stack *stack;
static sapa_sip_dialog_id dialogs[64];
static unsigned dialog_count, turn;

static sapa_rc take(void *ctx, const struct sapa_sip_flow *flow, const char *bytes, size_t n)
{
    static struct sapa_sip_msg msg;
    static char copy[SAPA_SIP_MSG_SIZE_MAX];
    (void)ctx;
    (void)flow;

    sapa_assert(n <= sizeof(copy));
    memcpy(copy, bytes, n);
    /* Whatever we send is well formed as long as what it answers was. */
    if (sapa_sip_msg_parse(copy, n, SAPA_SIP_DATAGRAM, &msg) == SAPA_OK && msg.is_request) {
        sapa_assert(msg.fault == 0);
        if (msg.method == SAPA_SIP_INVITE)
            sapa_str_copy(msg.via.branch, branch, sizeof(branch));
    }
    return SAPA_OK;
}

static sapa_rc open_flow(void *ctx, enum sapa_sip_flow_kind kind, const struct sapa_sip_ip *remote,
                         struct sapa_sip_flow *ret_flow)
{
    (void)ctx;
    *ret_flow =
        (struct sapa_sip_flow){ .kind = (uint8_t)kind, .local = *remote, .remote = *remote };
    return SAPA_OK;
}
static const struct sapa_sip_transport_ops ops = { .send = take, .open = open_flow };

static void on_event(void *ctx, const struct sapa_sip_event *event)
{
    static const int answers[] = { 200, 180, 404, 200, 486, 200 };
    const struct sapa_sip_spec spec = { .body = SAPA_STR("v=0\r\n") };
    struct sapa_sip_register_result result;
    sapa_sip_tx_id tx;
    (void)ctx;

    if (event->dialog && dialog_count < SAPA_COUNT(dialogs))
        dialogs[dialog_count++] = event->dialog;
    switch (event->kind) {
    case SAPA_SIP_EV_REQUEST:
        if (event->method == SAPA_SIP_REGISTER)
            sapa_sip_registrar_update(registrar, event->msg->to.uri.user, event->msg, event->flow,
                                      event->now_us, &result);
        (void)!sapa_sip_respond(stack, event->tx, 200, NULL, event->now_us);
        break;
    case SAPA_SIP_EV_INVITE:
    case SAPA_SIP_EV_REINVITE:
    case SAPA_SIP_EV_DIALOG_REQUEST:
    case SAPA_SIP_EV_CANCEL:
        (void)!sapa_sip_respond(stack, event->tx, answers[turn++ % SAPA_COUNT(answers)], &spec,
                                event->now_us);
        if (turn % 5 == 0)
            sapa_sip_dialog_end(stack, event->dialog);
        break;
    case SAPA_SIP_EV_ANSWER:
        (void)!sapa_sip_call_ack(stack, event->dialog, NULL, event->now_us);
        if (turn++ % 3 == 0)
            (void)!sapa_sip_dialog_send(stack, event->dialog, SAPA_SIP_BYE, NULL, event->now_us,
                                        &tx);
        break;
    case SAPA_SIP_EV_RESPONSE:
        if (event->status == 401)
            (void)!sapa_sip_call_retry(stack, event->dialog, (struct sapa_str){ NULL, 0 }, &spec,
                                       event->now_us, &tx);
        break;
    case SAPA_SIP_EV_ACK:
        (void)!sapa_sip_dialog_send(stack, event->dialog, SAPA_SIP_INVITE, &spec, event->now_us,
                                    &tx);
        break;
    default: break;
    }
}
static const struct sapa_sip_user_ops user = { .event = on_event };

/* One piece with its '$' filled in. Returns its size. */
static size_t fill(const uint8_t *data, size_t n, const struct sapa_sip_dialog_info *info,
                   char *out, size_t size)
{
    struct sapa_text text;

    sapa_text_init(&text, out, size);
    for (size_t i = 0; i < n; i++) {
        if (data[i] == '$' && i + 1 < n) {
            switch (data[++i]) {
            case 'L': sapa_text_add(&text, info->local_tag); break;
            case 'R': sapa_text_add(&text, info->remote_tag); break;
            case 'C': sapa_text_add(&text, info->call_id); break;
            case 'B': sapa_text_add(&text, sapa_str_of(branch)); break;
            default: sapa_text_char(&text, (char)data[i]);
            }
        } else {
            sapa_text_char(&text, (char)data[i]);
        }
    }
    return text.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char out[SAPA_SIP_MSG_SIZE_MAX];
    const struct sapa_sip_stack_opts opts = { .transport = &ops,
                                              .user = &user,
                                              .secret = { 1 },
                                              .tx_max = 40,
                                              .dialog_max = 20,
                                              .supported = "path",
                                              .product = "fuzz",
                                              .methods = 0xffff & ~(1u << SAPA_SIP_OTHER) };
    const struct sapa_sip_registrar_opts registrar_opts = { .aor_max = 8 };
    struct sapa_sip_flow flow = { .kind = SAPA_SIP_FLOW_UDP,
                                  .local = { .family = 4, .bytes = { 10, 0, 0, 1 }, .port = 5060 },
                                  .remote = {
                                      .family = 4, .bytes = { 10, 0, 0, 2 }, .port = 5060 } };
    const struct sapa_sip_call call = { .flow = flow,
                                        .hop = SAPA_SIP_HOP_URI,
                                        .uri = SAPA_STR("sip:200@10.0.0.2"),
                                        .from = SAPA_STR("<sip:100@10.0.0.1>"),
                                        .to = SAPA_STR("<sip:200@10.0.0.2>") };
    sapa_sip_dialog_id dialog;
    sapa_sip_tx_id tx;
    int64_t now_us = 1000000;

    dialog_count = turn = 0;
    if (sapa_sip_stack_open(&opts, &stack) != SAPA_OK ||
        sapa_sip_registrar_open(&registrar_opts, &registrar) != SAPA_OK ||
        sapa_sip_call_start(stack, &call, now_us, &dialog, &tx) != SAPA_OK)
        abort();
    dialogs[dialog_count++] = dialog;
    for (unsigned piece = 0; size > 0 && piece < 64; piece++) {
        size_t n = 0;
        while (n < size && !(size - n >= 4 && memcmp(data + n, "\n--\n", 4) == 0))
            n++;
        if (n > 0 && data[0] == '+') {
            now_us += (int64_t)n * 1000000;
            sapa_sip_stack_run_due(stack, now_us);
        } else {
            struct sapa_sip_dialog_info info = { 0 };
            for (unsigned i = dialog_count; i-- > 0;) {
                if (sapa_sip_dialog_get(stack, dialogs[i], &info) == SAPA_OK)
                    break;
            }
            const size_t filled = fill(data, n, &info, out, sizeof(out));
            sapa_sip_stack_receive(stack, &flow, out, filled, now_us);
        }
        for (unsigned i = 0; i < dialog_count; i++) {
            uint8_t record[SAPA_SIP_DIALOG_RECORD_MAX];
            size_t record_n;
            sapa_sip_dialog_id other;
            if (sapa_sip_dialog_export(stack, dialogs[i], record, sizeof(record), &record_n) ==
                SAPA_OK)
                sapa_assert(sapa_sip_dialog_import(stack, record, record_n, 0, 0, &other) ==
                            SAPA_EEXIST);
        }
        const size_t step = n + 4 < size ? n + 4 : size;
        data += step;
        size -= step;
    }
    for (unsigned i = 0; i < dialog_count; i++)
        sapa_sip_dialog_end(stack, dialogs[i]);
    for (int i = 0; i < 40; i++)
        sapa_sip_stack_run_due(stack, now_us += 5000000);
    struct sapa_sip_stats stats;
    sapa_sip_stack_stats(stack, &stats);
    sapa_assert(stats.transactions == 0); /* nothing stays behind */
    sapa_sip_stack_close(stack);
    sapa_sip_registrar_close(registrar);
    return 0;
}
