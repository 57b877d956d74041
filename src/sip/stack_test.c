/* Transactions in every state, on virtual time; a script plays the other end. */
#include "sip/fake_impl.h"

enum { EVENTS = 64 };
struct seen {
    enum sapa_sip_event_kind kind;
    sapa_sip_tx_id tx;
    sapa_sip_dialog_id dialog, fork_of;
    uint64_t user;
    enum sapa_sip_method method;
    int status;
    sapa_rc rc;
};
struct world {
    struct fake_net net;
    struct seen seen[EVENTS];
    size_t count;
};

static void on_event(void *ctx, const struct sapa_sip_event *event)
{
    struct world *w = ctx;

    assert_true(w->count < EVENTS);
    w->seen[w->count++] = (struct seen){ event->kind, event->tx, event->dialog, event->fork_of, event->user, event->method, event->status, event->rc };
}
static const struct sapa_sip_user_ops user_ops = { .event = on_event };

static struct world *open_world(enum sapa_sip_flow_kind kind, const struct sapa_sip_stack_opts *more)
{
    struct world *w = calloc(1, sizeof(*w));
    struct sapa_sip_stack_opts opts = more ? *more : (struct sapa_sip_stack_opts){ 0 };

    fake_net_init(&w->net, kind, 7);
    opts.transport = &fake_ops;
    opts.transport_ctx = &w->net.ends[0];
    opts.user = &user_ops;
    opts.user_ctx = w;
    opts.secret[0] = 42;
    assert_int_equal(sapa_sip_stack_open(&opts, &w->net.ends[0].stack), SAPA_OK);
    return w;
}

static void close_world(struct world *w)
{
    fake_net_done(&w->net);
    free(w);
}

static struct sapa_sip_stack *stack_of(struct world *w)
{
    return w->net.ends[0].stack;
}

static uint32_t transactions(struct world *w)
{
    struct sapa_sip_stats stats;

    sapa_sip_stack_stats(stack_of(w), &stats);
    return stats.transactions;
}

static void feed(struct world *w, const char *fmt, ...)
{
    char text[8192];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    fake_feed(&w->net, text);
}

#define REQUEST(method, branch, cseq)                                                              \
    method " sip:100@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2:5060;branch=" branch ";rport\r\n" \
    "From: <sip:a@x>;tag=fa\r\nTo: <sip:b@y>\r\nCall-ID: c1@x\r\nCSeq: " cseq " " method "\r\n"      \
    "Contact: <sip:a@10.0.0.2:5060>\r\nContent-Length: 0\r\n\r\n"

static void reply(struct world *w, const char *request, int status, const char *to_tag, const char *more)
{
    char to[1200];

    snprintf(to, sizeof(to), "%s%s%s", fake_header(request, "To"), *to_tag ? ";tag=" : "", to_tag);
    feed(w, "SIP/2.0 %d x\r\nVia: %s\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n%sContent-Length: 0\r\n\r\n", status,
         fake_header(request, "Via"), fake_header(request, "From"), to, fake_header(request, "Call-ID"),
         fake_header(request, "CSeq"), more);
}

static sapa_sip_tx_id options(struct world *w)
{
    struct sapa_sip_request request = { .method = SAPA_SIP_OPTIONS, .flow = fake_flow(&w->net, 0), .uri = SAPA_STR("sip:trunk"),
                                        .from = SAPA_STR("<sip:me@here>"), .to = SAPA_STR("<sip:trunk>"), .user = 77 };
    sapa_sip_tx_id tx = 0;

    assert_int_equal(sapa_sip_request_send(stack_of(w), &request, w->net.now_us, &tx), SAPA_OK);
    return tx;
}

static void start_call(struct world *w, uint32_t ring_ms, sapa_sip_dialog_id *dialog, sapa_sip_tx_id *tx)
{
    struct sapa_sip_call call = { .flow = fake_flow(&w->net, 0), .uri = SAPA_STR("sip:200@10.0.0.2"), .from = SAPA_STR("\"Shop\" <sip:100@10.0.0.1>"),
                                  .to = SAPA_STR("<sip:200@10.0.0.2>"), .user = 5, .ring_ms = ring_ms,
                                  .spec = { .body = SAPA_STR("v=0\r\n") } };

    assert_int_equal(sapa_sip_call_start(stack_of(w), &call, w->net.now_us, dialog, tx), SAPA_OK);
}

/* --- client, non-INVITE (figure 6) */

static void test_client_other_udp(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, NULL);
    options(w);
    /* E: 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5; F at 32 s */
    fake_run_ms(&w->net, 3600);
    assert_int_equal(w->net.sent_count, 4);
    fake_run_ms(&w->net, 28300);
    assert_int_equal(w->net.sent_count, 11);
    assert_int_equal(w->count, 0);
    fake_run_ms(&w->net, 200);
    assert_int_equal(w->count, 1);
    assert_int_equal(w->seen[0].kind, SAPA_SIP_EV_FAILURE);
    assert_int_equal(w->seen[0].rc, SAPA_ETIMEOUT);
    assert_int_equal(w->seen[0].status, 408);
    assert_int_equal(w->seen[0].user, 77);
    assert_int_equal(transactions(w), 0);
    close_world(w);
}

static void test_client_other_proceeding_completed(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, NULL);
    const sapa_sip_tx_id tx = options(w);
    char *request = strdup(w->net.sent[0]);
    reply(w, request, 100, "", "");
    fake_run_ms(&w->net, 3900); /* every T2 from now on */
    assert_int_equal(w->net.sent_count, 1);
    fake_run_ms(&w->net, 200);
    assert_int_equal(w->net.sent_count, 2);
    reply(w, request, 200, "tb", "");
    assert_int_equal(w->count, 1);
    assert_int_equal(w->seen[0].kind, SAPA_SIP_EV_RESPONSE);
    assert_true(w->seen[0].tx == tx);
    reply(w, request, 200, "tb", ""); /* repeated: absorbed for T4 */
    assert_int_equal(w->count, 1);
    fake_run_ms(&w->net, 4900);
    assert_int_equal(transactions(w), 1);
    fake_run_ms(&w->net, 200);
    assert_int_equal(transactions(w), 0);
    reply(w, request, 200, "tb", "");
    assert_int_equal(w->count, 1);
    free(request);
    close_world(w);
}

static void test_client_other_tcp(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_TCP, NULL);
    options(w);
    fake_run_ms(&w->net, 31900);
    assert_int_equal(w->net.sent_count, 1); /* no retransmission */
    char *request = strdup(w->net.sent[0]);
    reply(w, request, 200, "tb", "");
    fake_run_ms(&w->net, 1);
    assert_int_equal(w->count, 1);
    assert_int_equal(transactions(w), 0);
    options(w);
    const struct sapa_sip_flow flow = fake_flow(&w->net, 0);
    sapa_sip_stack_flow_closed(stack_of(w), &flow, w->net.now_us);
    assert_int_equal(w->count, 3);
    assert_int_equal(w->seen[1].kind, SAPA_SIP_EV_FAILURE);
    assert_int_equal(w->seen[1].rc, SAPA_ECLOSED);
    assert_int_equal(w->seen[1].status, 503);
    assert_int_equal(w->seen[2].kind, SAPA_SIP_EV_FLOW_CLOSED);
    free(request);
    close_world(w);
}

static void test_client_send_fails(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_TCP, NULL);
    struct sapa_sip_flow flow = fake_flow(&w->net, 0);
    struct sapa_sip_request request = { .method = SAPA_SIP_OPTIONS, .flow = flow, .uri = SAPA_STR("sip:trunk"),
                                        .from = SAPA_STR("<sip:me@here>"), .to = SAPA_STR("<sip:trunk>") };
    sapa_sip_tx_id tx;
    w->net.generation++; /* the connection is another one now: opened anew */
    assert_int_equal(sapa_sip_request_send(stack_of(w), &request, w->net.now_us, &tx), SAPA_OK);
    assert_int_equal(w->net.sent_count, 1);
    w->net.closed = true;
    w->net.generation++;
    assert_int_equal(sapa_sip_request_send(stack_of(w), &request, w->net.now_us, &tx), SAPA_OK);
    assert_int_equal(w->count, 0); /* never from within the call */
    fake_run_ms(&w->net, 1);
    assert_int_equal(w->count, 1);
    assert_int_equal(w->seen[0].rc, SAPA_ECLOSED);
    close_world(w);
}

/* --- client, INVITE (figure 5, RFC 6026) */

static void test_client_invite_timer_a_b(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, NULL);
    sapa_sip_dialog_id d;
    sapa_sip_tx_id tx;
    start_call(w, 0, &d, &tx);
    fake_run_ms(&w->net, 31900); /* 0, .5, 1.5, 3.5, 7.5, 15.5, 31.5 */
    assert_int_equal(fake_count(&w->net, "INVITE"), 7);
    fake_run_ms(&w->net, 200);
    assert_int_equal(w->count, 1);
    assert_int_equal(w->seen[0].kind, SAPA_SIP_EV_FAILURE);
    assert_int_equal(w->seen[0].user, 5);
    assert_true(w->seen[0].dialog == d);
    struct sapa_sip_dialog_info info;
    assert_int_equal(sapa_sip_dialog_get(stack_of(w), d, &info), SAPA_OK);
    assert_int_equal(info.state, SAPA_SIP_DIALOG_OVER);
    sapa_sip_dialog_end(stack_of(w), d);
    assert_int_equal(sapa_sip_dialog_get(stack_of(w), d, &info), SAPA_ENOENT);
    close_world(w);
}

static void test_client_invite_refused(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, NULL);
    sapa_sip_dialog_id d;
    sapa_sip_tx_id tx;
    start_call(w, 0, &d, &tx);
    char *invite = strdup(w->net.sent[0]);
    reply(w, invite, 100, "", "");
    fake_run_ms(&w->net, 60000); /* proceeding: no retransmission, no timer B */
    assert_int_equal(w->net.sent_count, 1);
    reply(w, invite, 486, "tb", "");
    assert_int_equal(fake_count(&w->net, "ACK sip:200@10.0.0.2 SIP/2.0"), 1);
    const char *ack = fake_last(&w->net);
    assert_string_equal(fake_header(ack, "Via"), fake_header(invite, "Via")); /* same branch (17.1.1.3) */
    assert_string_equal(fake_header(ack, "To"), "<sip:200@10.0.0.2>;tag=tb");
    assert_string_equal(fake_header(ack, "CSeq"), "1 ACK");
    assert_int_equal(w->count, 2);
    assert_int_equal(w->seen[0].kind, SAPA_SIP_EV_PROGRESS);
    assert_int_equal(w->seen[1].kind, SAPA_SIP_EV_RESPONSE);
    assert_int_equal(w->seen[1].status, 486);
    reply(w, invite, 486, "tb", ""); /* our ACK was lost */
    assert_int_equal(fake_count(&w->net, "ACK"), 2);
    assert_int_equal(w->count, 2);
    fake_run_ms(&w->net, 31900);
    assert_int_equal(transactions(w), 1); /* D */
    fake_run_ms(&w->net, 200);
    assert_int_equal(transactions(w), 0);
    sapa_sip_dialog_end(stack_of(w), d);
    free(invite);
    close_world(w);
}

static void test_client_invite_accepted(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, NULL);
    sapa_sip_dialog_id d;
    sapa_sip_tx_id tx;
    start_call(w, 0, &d, &tx);
    char *invite = strdup(w->net.sent[0]);
    reply(w, invite, 180, "tb", "Contact: <sip:200@10.0.0.2:5060>\r\n");
    reply(w, invite, 200, "tb", "Contact: <sip:200@10.0.0.2:5060>\r\n");
    assert_int_equal(w->seen[1].kind, SAPA_SIP_EV_ANSWER);
    reply(w, invite, 200, "tb", "Contact: <sip:200@10.0.0.2:5060>\r\n"); /* before we have ACKed: silence */
    assert_int_equal(fake_count(&w->net, "ACK"), 0);
    assert_int_equal(sapa_sip_call_ack(stack_of(w), d, NULL, w->net.now_us), SAPA_OK);
    assert_int_equal(fake_count(&w->net, "ACK sip:200@10.0.0.2:5060 SIP/2.0"), 1);
    reply(w, invite, 200, "tb", "Contact: <sip:200@10.0.0.2:5060>\r\n");
    assert_int_equal(fake_count(&w->net, "ACK"), 2);
    assert_int_equal(w->count, 2);
    assert_string_not_equal(fake_header(fake_last(&w->net), "Via"), fake_header(invite, "Via")); /* its own branch */
    /* A late 486 of the same branch changes nothing any more. */
    reply(w, invite, 486, "tc", "");
    assert_int_equal(w->count, 2);
    fake_run_ms(&w->net, 32100); /* M */
    assert_int_equal(transactions(w), 0);
    sapa_sip_dialog_end(stack_of(w), d);
    free(invite);
    close_world(w);
}

static void test_client_cancel(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, NULL);
    sapa_sip_dialog_id d;
    sapa_sip_tx_id tx;
    start_call(w, 0, &d, &tx);
    char *invite = strdup(w->net.sent[0]);
    assert_int_equal(sapa_sip_call_cancel(stack_of(w), d, SAPA_STR(""), w->net.now_us), SAPA_OK);
    assert_int_equal(fake_count(&w->net, "CANCEL"), 0); /* not before a provisional answer (9.1) */
    reply(w, invite, 180, "tb", "");
    assert_int_equal(fake_count(&w->net, "CANCEL sip:200@10.0.0.2 SIP/2.0"), 1);
    char *cancel = strdup(fake_last(&w->net));
    assert_string_equal(fake_header(cancel, "Via"), fake_header(invite, "Via"));
    assert_string_equal(fake_header(cancel, "To"), fake_header(invite, "To"));
    assert_string_equal(fake_header(cancel, "CSeq"), "1 CANCEL");
    reply(w, cancel, 200, "tb", "");
    reply(w, invite, 487, "tb", "");
    assert_int_equal(w->count, 2);
    assert_int_equal(w->seen[1].kind, SAPA_SIP_EV_RESPONSE);
    assert_int_equal(w->seen[1].status, 487);
    assert_int_equal(sapa_sip_call_cancel(stack_of(w), d, SAPA_STR(""), w->net.now_us), SAPA_ESTATE);
    sapa_sip_dialog_end(stack_of(w), d);
    free(invite);
    free(cancel);
    close_world(w);
}

static void test_client_cancel_race(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, NULL);
    sapa_sip_dialog_id d;
    sapa_sip_tx_id tx;
    /* CANCEL and 200 cross: the user gets the answer. */
    start_call(w, 0, &d, &tx);
    char *invite = strdup(fake_last(&w->net));
    reply(w, invite, 180, "tb", "");
    assert_int_equal(sapa_sip_call_cancel(stack_of(w), d, SAPA_STR("Q.850;cause=16"), w->net.now_us), SAPA_OK);
    assert_string_equal(fake_header(fake_last(&w->net), "Reason"), "Q.850;cause=16");
    reply(w, invite, 200, "tb", "Contact: <sip:200@10.0.0.2>\r\n");
    assert_int_equal(w->seen[1].kind, SAPA_SIP_EV_ANSWER);
    sapa_sip_dialog_end(stack_of(w), d);
    free(invite);
    /* The user ended the dialog instead: ACK and BYE go out by themselves. */
    fake_forget(&w->net);
    start_call(w, 0, &d, &tx);
    invite = strdup(fake_last(&w->net));
    reply(w, invite, 180, "tb", "");
    sapa_sip_dialog_end(stack_of(w), d);
    fake_run_ms(&w->net, 0);
    assert_int_equal(fake_count(&w->net, "CANCEL"), 1);
    const size_t before = w->count;
    reply(w, invite, 200, "tb", "Contact: <sip:200@10.0.0.2:5099>\r\nRecord-Route: <sip:10.0.0.2;lr>\r\n");
    assert_int_equal(fake_count(&w->net, "ACK sip:200@10.0.0.2:5099"), 1);
    assert_int_equal(fake_count(&w->net, "BYE sip:200@10.0.0.2:5099"), 1);
    assert_string_equal(fake_header(fake_last(&w->net), "Route"), "<sip:10.0.0.2;lr>");
    assert_string_equal(fake_header(fake_last(&w->net), "CSeq"), "2 BYE");
    assert_int_equal(w->count, before);
    free(invite);
    close_world(w);
}

static void test_client_ring_limit(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, NULL);
    sapa_sip_dialog_id d;
    sapa_sip_tx_id tx;
    /* It rings, nobody answers: CANCEL, then 408. */
    start_call(w, 20000, &d, &tx);
    char *invite = strdup(fake_last(&w->net));
    reply(w, invite, 180, "tb", "");
    fake_run_ms(&w->net, 20100);
    assert_int_equal(fake_count(&w->net, "CANCEL"), 1);
    reply(w, invite, 487, "tb", "");
    assert_int_equal(w->seen[1].kind, SAPA_SIP_EV_FAILURE);
    assert_int_equal(w->seen[1].status, 408);
    sapa_sip_dialog_end(stack_of(w), d);
    free(invite);
    /* Silence: told in time, and a late answer is ended. */
    fake_forget(&w->net);
    start_call(w, 5000, &d, &tx);
    invite = strdup(w->net.sent[0]);
    fake_run_ms(&w->net, 5100);
    assert_int_equal(w->count, 3);
    assert_int_equal(w->seen[2].kind, SAPA_SIP_EV_FAILURE);
    reply(w, invite, 200, "tb", "Contact: <sip:200@10.0.0.2>\r\n");
    assert_int_equal(w->count, 3);
    assert_int_equal(fake_count(&w->net, "BYE"), 1);
    sapa_sip_dialog_end(stack_of(w), d);
    free(invite);
    /* CANCEL without any answer to the INVITE: over after 64*T1. */
    start_call(w, 0, &d, &tx);
    invite = strdup(fake_last(&w->net));
    reply(w, invite, 180, "tb", "");
    assert_int_equal(sapa_sip_call_cancel(stack_of(w), d, SAPA_STR(""), w->net.now_us), SAPA_OK);
    fake_run_ms(&w->net, 32100);
    assert_int_equal(w->seen[w->count - 1].kind, SAPA_SIP_EV_FAILURE);
    sapa_sip_dialog_end(stack_of(w), d);
    free(invite);
    fake_run_ms(&w->net, 40000);
    assert_int_equal(transactions(w), 0);
    close_world(w);
}

/* --- server, non-INVITE (figure 8) */

static void test_server_other(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, NULL);
    feed(w, REQUEST("OPTIONS", "z9hG4bKo1", "1"));
    assert_int_equal(w->seen[0].kind, SAPA_SIP_EV_REQUEST);
    assert_int_equal(w->seen[0].method, SAPA_SIP_OPTIONS);
    feed(w, REQUEST("OPTIONS", "z9hG4bKo1", "1")); /* trying: dropped */
    assert_int_equal(w->count, 1);
    assert_int_equal(w->net.sent_count, 0);
    assert_int_equal(sapa_sip_respond(stack_of(w), w->seen[0].tx, 200, NULL, w->net.now_us), SAPA_OK);
    assert_int_equal(sapa_sip_respond(stack_of(w), w->seen[0].tx, 200, NULL, w->net.now_us), SAPA_ESTATE);
    const char *answer = w->net.sent[0];
    assert_non_null(strstr(answer, "received=10.0.0.2;rport=5060"));
    assert_non_null(strstr(fake_header(answer, "To"), ";tag="));
    assert_string_equal(fake_header(answer, "Accept"), "application/sdp");
    feed(w, REQUEST("OPTIONS", "z9hG4bKo1", "1")); /* completed: the same answer */
    assert_int_equal(w->net.sent_count, 2);
    assert_string_equal(w->net.sent[0], w->net.sent[1]);
    fake_run_ms(&w->net, 31900);
    assert_int_equal(transactions(w), 1);
    fake_run_ms(&w->net, 200); /* J */
    assert_int_equal(transactions(w), 0);
    assert_int_equal(sapa_sip_respond(stack_of(w), w->seen[0].tx, 200, NULL, w->net.now_us), SAPA_ENOENT);
    close_world(w);
}

static void test_server_unanswered_goes(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, NULL);
    feed(w, REQUEST("OPTIONS", "z9hG4bKo1", "1"));
    fake_run_ms(&w->net, 32100);
    assert_int_equal(transactions(w), 0);
    close_world(w);
}

static void test_server_reply_route(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, NULL);
    /* without rport: to the port of sent-by, at the address it came from (18.2.2) */
    feed(w, "OPTIONS sip:x@y SIP/2.0\r\nVia: SIP/2.0/UDP host.example.com:7000;branch=z9hG4bKr1, SIP/2.0/TCP other;branch=q\r\n"
            "Via: SIP/2.0/UDP third;branch=z9\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@y>\r\nCall-ID: r1\r\nCSeq: 1 OPTIONS\r\n\r\n");
    assert_int_equal(sapa_sip_respond(stack_of(w), w->seen[0].tx, 404, NULL, w->net.now_us), SAPA_OK);
    assert_int_equal(w->net.sent_flow[0].remote.port, 7000);
    assert_int_equal(w->net.sent_flow[0].remote.bytes[3], 2);
    assert_non_null(strstr(w->net.sent[0],
                           "Via: SIP/2.0/UDP host.example.com:7000;branch=z9hG4bKr1;received=10.0.0.2, SIP/2.0/TCP other;branch=q\r\n"
                           "Via: SIP/2.0/UDP third;branch=z9\r\n"));
    feed(w, "OPTIONS sip:x@y SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKr2\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@y>\r\nCall-ID: r2\r\nCSeq: 1 OPTIONS\r\n\r\n");
    assert_int_equal(sapa_sip_respond(stack_of(w), w->seen[1].tx, 404, NULL, w->net.now_us), SAPA_OK);
    assert_int_equal(w->net.sent_flow[1].remote.port, 5060);
    assert_string_equal(fake_header(w->net.sent[1], "Via"), "SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKr2");
    close_world(w);
}

static void test_server_tcp_gone(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_TCP, NULL);
    feed(w, REQUEST("OPTIONS", "z9hG4bKt1", "1"));
    w->net.generation++; /* the connection is gone, its address takes a new one */
    assert_int_equal(sapa_sip_respond(stack_of(w), w->seen[0].tx, 200, NULL, w->net.now_us), SAPA_OK);
    assert_int_equal(w->net.sent_count, 1);
    assert_int_equal(w->net.sent_flow[0].generation, 2);
    fake_run_ms(&w->net, 1);
    assert_int_equal(transactions(w), 0); /* J is 0 on TCP */
    close_world(w);
}

static void test_server_merged(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, NULL);
    feed(w, REQUEST("OPTIONS", "z9hG4bKm1", "1"));
    feed(w, REQUEST("OPTIONS", "z9hG4bKm2", "1")); /* the same request on another way */
    assert_int_equal(w->count, 1);
    assert_int_equal(fake_count(&w->net, "SIP/2.0 482"), 1);
    feed(w, REQUEST("OPTIONS", "z9hG4bKm3", "2"));
    assert_int_equal(w->count, 2);
    close_world(w);
}

/* --- server, INVITE (figure 7, RFC 6026) */

static void test_server_invite_trying_refused(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, NULL);
    feed(w, REQUEST("INVITE", "z9hG4bKi1", "1"));
    assert_int_equal(w->seen[0].kind, SAPA_SIP_EV_INVITE);
    fake_run_ms(&w->net, 190);
    assert_int_equal(w->net.sent_count, 0);
    fake_run_ms(&w->net, 20);
    assert_int_equal(fake_count(&w->net, "SIP/2.0 100 Trying"), 1);
    feed(w, REQUEST("INVITE", "z9hG4bKi1", "1"));
    assert_int_equal(fake_count(&w->net, "SIP/2.0 100 Trying"), 2);
    assert_int_equal(sapa_sip_call_answer(stack_of(w), w->seen[0].tx, 486, NULL, w->net.now_us), SAPA_OK);
    fake_run_ms(&w->net, 3600); /* G: .5 1.5 3.5 */
    assert_int_equal(fake_count(&w->net, "SIP/2.0 486"), 4);
    feed(w, REQUEST("INVITE", "z9hG4bKi1", "1"));
    assert_int_equal(fake_count(&w->net, "SIP/2.0 486"), 5);
    feed(w, REQUEST("ACK", "z9hG4bKi1", "1"));
    fake_run_ms(&w->net, 4900);
    assert_int_equal(fake_count(&w->net, "SIP/2.0 486"), 5);
    feed(w, REQUEST("ACK", "z9hG4bKi1", "1")); /* confirmed: absorbed */
    feed(w, REQUEST("INVITE", "z9hG4bKi1", "1"));
    assert_int_equal(fake_count(&w->net, "SIP/2.0 486"), 5);
    assert_int_equal(w->count, 1);
    fake_run_ms(&w->net, 200); /* I */
    assert_int_equal(transactions(w), 0);
    sapa_sip_dialog_end(stack_of(w), w->seen[0].dialog);
    close_world(w);
}

static void test_server_invite_no_ack(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, NULL);
    feed(w, REQUEST("INVITE", "z9hG4bKi1", "1"));
    assert_int_equal(sapa_sip_call_answer(stack_of(w), w->seen[0].tx, 503, NULL, w->net.now_us), SAPA_OK);
    fake_run_ms(&w->net, 31900);
    assert_int_equal(fake_count(&w->net, "SIP/2.0 503"), 11);
    fake_run_ms(&w->net, 200); /* H */
    assert_int_equal(transactions(w), 0);
    sapa_sip_dialog_end(stack_of(w), w->seen[0].dialog);
    close_world(w);
}

static void test_server_invite_accepted(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, NULL);
    feed(w, REQUEST("INVITE", "z9hG4bKi1", "1"));
    const struct sapa_sip_spec spec = { .body = SAPA_STR("v=0\r\n") };
    assert_int_equal(sapa_sip_call_answer(stack_of(w), w->seen[0].tx, 180, NULL, w->net.now_us), SAPA_OK);
    assert_int_equal(sapa_sip_call_answer(stack_of(w), w->seen[0].tx, 200, &spec, w->net.now_us), SAPA_OK);
    assert_string_equal(fake_header(w->net.sent[0], "To"), fake_header(w->net.sent[1], "To"));
    assert_string_equal(fake_header(w->net.sent[1], "Contact"), "<sip:100@10.0.0.1:5060>");
    feed(w, REQUEST("INVITE", "z9hG4bKi1", "1")); /* accepted: absorbed, the dialog repeats */
    assert_int_equal(fake_count(&w->net, "SIP/2.0 200"), 1);
    fake_run_ms(&w->net, 1600);
    assert_int_equal(fake_count(&w->net, "SIP/2.0 200"), 3);
    feed(w, "ACK sip:100@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKack;rport\r\nFrom: <sip:a@x>;tag=fa\r\n"
            "To: %s\r\nCall-ID: c1@x\r\nCSeq: 1 ACK\r\n\r\n", fake_header(w->net.sent[1], "To"));
    assert_int_equal(w->count, 2);
    assert_int_equal(w->seen[1].kind, SAPA_SIP_EV_ACK);
    fake_run_ms(&w->net, 40000);
    assert_int_equal(fake_count(&w->net, "SIP/2.0 200"), 3);
    assert_int_equal(w->count, 2);
    assert_int_equal(transactions(w), 0);
    sapa_sip_dialog_end(stack_of(w), w->seen[0].dialog);
    close_world(w);
}

static void test_server_invite_ack_timeout(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, NULL);
    feed(w, REQUEST("INVITE", "z9hG4bKi1", "1"));
    assert_int_equal(sapa_sip_call_answer(stack_of(w), w->seen[0].tx, 200, NULL, w->net.now_us), SAPA_OK);
    /* A BYE wanted meanwhile waits for the end of it. */
    sapa_sip_tx_id bye;
    assert_int_equal(sapa_sip_dialog_send(stack_of(w), w->seen[0].dialog, SAPA_SIP_BYE, NULL, w->net.now_us, &bye), SAPA_OK);
    fake_run_ms(&w->net, 31900);
    assert_int_equal(fake_count(&w->net, "BYE"), 0);
    assert_int_equal(w->count, 1);
    fake_run_ms(&w->net, 200);
    assert_int_equal(w->count, 2);
    assert_int_equal(w->seen[1].kind, SAPA_SIP_EV_ACK_TIMEOUT);
    assert_int_equal(fake_count(&w->net, "BYE"), 1);
    sapa_sip_dialog_end(stack_of(w), w->seen[0].dialog);
    close_world(w);
}

static void test_server_cancel(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, NULL);
    feed(w, REQUEST("CANCEL", "z9hG4bKnone", "1"));
    assert_int_equal(fake_count(&w->net, "SIP/2.0 481"), 1);
    feed(w, REQUEST("INVITE", "z9hG4bKi1", "1"));
    feed(w, REQUEST("CANCEL", "z9hG4bKi1", "1"));
    assert_int_equal(fake_count(&w->net, "SIP/2.0 200"), 1);
    char *to = strdup(fake_header(fake_last(&w->net), "To"));
    assert_int_equal(w->count, 2);
    assert_int_equal(w->seen[1].kind, SAPA_SIP_EV_CANCEL);
    assert_true(w->seen[1].tx == w->seen[0].tx);
    feed(w, REQUEST("CANCEL", "z9hG4bKi1", "1")); /* repeated */
    assert_int_equal(fake_count(&w->net, "SIP/2.0 200"), 2);
    assert_int_equal(w->count, 2);
    assert_int_equal(sapa_sip_call_answer(stack_of(w), w->seen[0].tx, 487, NULL, w->net.now_us), SAPA_OK);
    assert_string_equal(fake_header(fake_last(&w->net), "To"), to);
    free(to);
    feed(w, REQUEST("ACK", "z9hG4bKi1", "1"));
    sapa_sip_dialog_end(stack_of(w), w->seen[0].dialog);
    /* Too late: the final answer is out; 200 to the CANCEL and nothing else. */
    feed(w, REQUEST("INVITE", "z9hG4bKi2", "2"));
    assert_int_equal(sapa_sip_call_answer(stack_of(w), w->seen[2].tx, 200, NULL, w->net.now_us), SAPA_OK);
    feed(w, REQUEST("CANCEL", "z9hG4bKi2", "2"));
    assert_int_equal(w->count, 3);
    sapa_sip_dialog_end(stack_of(w), w->seen[2].dialog);
    close_world(w);
}

static void test_end_unanswered(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, NULL);
    feed(w, REQUEST("INVITE", "z9hG4bKi1", "1"));
    sapa_sip_dialog_end(stack_of(w), w->seen[0].dialog);
    fake_run_ms(&w->net, 1);
    assert_int_equal(fake_count(&w->net, "SIP/2.0 480"), 1); /* a caller is never left without an answer */
    close_world(w);
}

/* --- limits and refusals */

static void test_limits(void **state)
{
    (void)state;
    const struct sapa_sip_stack_opts opts = { .tx_max = 2, .dialog_max = 1 };
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, &opts);
    feed(w, REQUEST("INVITE", "z9hG4bK1", "1"));
    feed(w, REQUEST("INVITE", "z9hG4bK2", "2")); /* dialogs */
    assert_int_equal(fake_count(&w->net, "SIP/2.0 503"), 1);
    assert_non_null(strstr(fake_last(&w->net), "Retry-After: "));
    feed(w, REQUEST("OPTIONS", "z9hG4bK3", "3"));
    feed(w, REQUEST("OPTIONS", "z9hG4bK4", "4")); /* transactions */
    assert_int_equal(fake_count(&w->net, "SIP/2.0 503"), 2);
    assert_int_equal(w->count, 2);
    sapa_sip_dialog_end(stack_of(w), w->seen[0].dialog);
    close_world(w);
}

static void test_refusals(void **state)
{
    (void)state;
    const struct sapa_sip_stack_opts opts = { .supported = "path, timer", .product = "Sapa" };
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, &opts);
#define HEAD "Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK%d\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@y>%s\r\nCall-ID: r%d\r\n"
    feed(w, "OPTIONS sip:x@y SIP/2.0\r\n" HEAD "CSeq: 1 OPTIONS\r\nRequire: path, 100rel, foo\r\n\r\n", 1, "", 1);
    assert_int_equal(fake_count(&w->net, "SIP/2.0 420 Bad Extension"), 1);
    assert_string_equal(fake_header(fake_last(&w->net), "Unsupported"), "100rel, foo");
    assert_string_equal(fake_header(fake_last(&w->net), "Server"), "Sapa");
    feed(w, "PUBLISH sip:x@y SIP/2.0\r\n" HEAD "CSeq: 1 PUBLISH\r\n\r\n", 2, "", 2);
    assert_int_equal(fake_count(&w->net, "SIP/2.0 405"), 1);
    assert_string_equal(fake_header(fake_last(&w->net), "Allow"), "INVITE, ACK, BYE, CANCEL, REGISTER, OPTIONS, INFO");
    feed(w, "DANCE sip:x@y SIP/2.0\r\n" HEAD "CSeq: 1 DANCE\r\n\r\n", 3, "", 3);
    assert_int_equal(fake_count(&w->net, "SIP/2.0 501"), 1);
    feed(w, "BYE sip:x@y SIP/2.0\r\n" HEAD "CSeq: 1 BYE\r\n\r\n", 4, ";tag=zz", 4);
    assert_int_equal(fake_count(&w->net, "SIP/2.0 481"), 1);
    feed(w, "ACK sip:x@y SIP/2.0\r\n" HEAD "CSeq: 1 ACK\r\n\r\n", 5, ";tag=zz", 5);
    feed(w, "INVITE sip:x@y SIP/2.0\r\n" HEAD "CSeq: 1 INVITE\r\nContent-Encoding: gzip\r\nContent-Type: application/sdp\r\n\r\nx", 6, "", 6);
    assert_int_equal(fake_count(&w->net, "SIP/2.0 415"), 1);
    feed(w, "INVITE sip:x@y SIP/2.0\r\n" HEAD "CSeq: 1 INVITE\r\nAccept: text/plain, application/*\r\n\r\n", 7, "", 7);
    assert_int_equal(w->count, 1);
    sapa_sip_stack_refuse(stack_of(w), 9);
    feed(w, "OPTIONS sip:x@y SIP/2.0\r\n" HEAD "CSeq: 1 OPTIONS\r\n\r\n", 8, "", 8);
    assert_int_equal(fake_count(&w->net, "SIP/2.0 503"), 1);
    assert_string_equal(fake_header(fake_last(&w->net), "Retry-After"), "9");
    assert_int_equal(w->net.sent_count, 6);
    sapa_sip_dialog_end(stack_of(w), w->seen[0].dialog);
    close_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_other_udp), cmocka_unit_test(test_client_other_proceeding_completed),
        cmocka_unit_test(test_client_other_tcp), cmocka_unit_test(test_client_send_fails),
        cmocka_unit_test(test_client_invite_timer_a_b), cmocka_unit_test(test_client_invite_refused),
        cmocka_unit_test(test_client_invite_accepted), cmocka_unit_test(test_client_cancel),
        cmocka_unit_test(test_client_cancel_race), cmocka_unit_test(test_client_ring_limit),
        cmocka_unit_test(test_server_other), cmocka_unit_test(test_server_unanswered_goes),
        cmocka_unit_test(test_server_reply_route), cmocka_unit_test(test_server_tcp_gone),
        cmocka_unit_test(test_server_merged), cmocka_unit_test(test_server_invite_trying_refused),
        cmocka_unit_test(test_server_invite_no_ack), cmocka_unit_test(test_server_invite_accepted),
        cmocka_unit_test(test_server_invite_ack_timeout), cmocka_unit_test(test_server_cancel),
        cmocka_unit_test(test_end_unanswered), cmocka_unit_test(test_limits), cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
