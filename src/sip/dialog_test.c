/* Dialogs: both roles against a script and against each other, forks, routes, records. */
#include "sip/fake_impl.h"

enum { EVENTS = 256 };
struct seen {
    enum sapa_sip_event_kind kind;
    int end;
    sapa_sip_tx_id tx;
    sapa_sip_dialog_id dialog, fork_of;
    uint64_t user;
    enum sapa_sip_method method;
    int status;
    char body[64];
};
struct world {
    struct fake_net net;
    struct seen seen[EVENTS];
    size_t count;
};
struct ear {
    struct world *world;
    int end;
};
static struct ear ears[2];

static void on_event(void *ctx, const struct sapa_sip_event *event)
{
    struct ear *ear = ctx;
    struct world *w = ear->world;

    assert_true(w->count < EVENTS);
    struct seen *seen = &w->seen[w->count++];
    *seen = (struct seen){ event->kind, ear->end, event->tx, event->dialog, event->fork_of, event->user, event->method, event->status, "" };
    if (event->msg)
        sapa_str_copy(event->msg->body, seen->body, sizeof(seen->body));
}
static const struct sapa_sip_user_ops user_ops = { .event = on_event };

static struct sapa_sip_stack *new_stack(struct world *w, int end, uint8_t secret)
{
    const struct sapa_sip_stack_opts opts = { .transport = &fake_ops, .transport_ctx = &w->net.ends[end], .user = &user_ops,
                                              .user_ctx = &ears[end], .secret = { secret },
                                              .methods = 1u << SAPA_SIP_INVITE | 1u << SAPA_SIP_ACK | 1u << SAPA_SIP_BYE | 1u << SAPA_SIP_CANCEL |
                                                         1u << SAPA_SIP_INFO | 1u << SAPA_SIP_UPDATE | 1u << SAPA_SIP_OPTIONS | 1u << SAPA_SIP_PRACK,
                                              .supported = "100rel" };
    struct sapa_sip_stack *stack;

    ears[end] = (struct ear){ w, end };
    assert_int_equal(sapa_sip_stack_open(&opts, &stack), SAPA_OK);
    return stack;
}

static struct world *open_world(enum sapa_sip_flow_kind kind, int ends)
{
    struct world *w = calloc(1, sizeof(*w));

    fake_net_init(&w->net, kind, 3);
    for (int i = 0; i < ends; i++)
        w->net.ends[i].stack = new_stack(w, i, (uint8_t)(10 + i));
    return w;
}

static void close_world(struct world *w)
{
    fake_net_done(&w->net);
    free(w);
}

static const struct seen *last(const struct world *w, int end)
{
    for (size_t i = w->count; i-- > 0;) {
        if (w->seen[i].end == end)
            return &w->seen[i];
    }
    fail_msg("no event");
    return NULL;
}

static struct sapa_sip_dialog_info info_of(struct world *w, int end, sapa_sip_dialog_id dialog)
{
    struct sapa_sip_dialog_info info;

    assert_int_equal(sapa_sip_dialog_get(w->net.ends[end].stack, dialog, &info), SAPA_OK);
    return info;
}

static sapa_sip_dialog_id start(struct world *w, struct sapa_str route)
{
    const struct sapa_sip_call call = { .flow = fake_flow(&w->net, 0), .hop = SAPA_SIP_HOP_URI, .uri = SAPA_STR("sip:200@10.0.0.2"),
                                        .from = SAPA_STR("\"Toko, Nusantara\" <sip:100@10.0.0.1>"), .to = SAPA_STR("<sip:200@10.0.0.2>"),
                                        .route = route, .user = 5, .spec = { .body = SAPA_STR("offer") } };
    sapa_sip_dialog_id dialog;
    sapa_sip_tx_id tx;

    assert_int_equal(sapa_sip_call_start(w->net.ends[0].stack, &call, w->net.now_us, &dialog, &tx), SAPA_OK);
    return dialog;
}

/* A call from end 0 to end 1, answered and acknowledged. */
static void connect_call(struct world *w, sapa_sip_dialog_id *ret_a, sapa_sip_dialog_id *ret_b)
{
    const struct sapa_sip_spec answer = { .body = SAPA_STR("answer") };

    *ret_a = start(w, SAPA_STR(""));
    fake_run_ms(&w->net, 10);
    assert_int_equal(last(w, 1)->kind, SAPA_SIP_EV_INVITE);
    assert_string_equal(last(w, 1)->body, "offer");
    *ret_b = last(w, 1)->dialog;
    assert_int_equal(sapa_sip_dialog_user(w->net.ends[1].stack, *ret_b, 9), SAPA_OK);
    const sapa_sip_tx_id invite = last(w, 1)->tx;
    assert_int_equal(sapa_sip_call_answer(w->net.ends[1].stack, invite, 180, NULL, w->net.now_us), SAPA_OK);
    fake_run_ms(&w->net, 10);
    assert_int_equal(last(w, 0)->kind, SAPA_SIP_EV_PROGRESS);
    assert_int_equal(info_of(w, 0, *ret_a).state, SAPA_SIP_DIALOG_EARLY);
    assert_int_equal(sapa_sip_call_answer(w->net.ends[1].stack, invite, 200, &answer, w->net.now_us), SAPA_OK);
    fake_run_ms(&w->net, 10);
    assert_int_equal(last(w, 0)->kind, SAPA_SIP_EV_ANSWER);
    assert_string_equal(last(w, 0)->body, "answer");
    assert_int_equal(last(w, 0)->user, 5);
    assert_true(info_of(w, 1, *ret_b).awaiting_ack);
    assert_int_equal(sapa_sip_call_ack(w->net.ends[0].stack, *ret_a, NULL, w->net.now_us), SAPA_OK);
    fake_run_ms(&w->net, 10);
    assert_int_equal(last(w, 1)->kind, SAPA_SIP_EV_ACK);
    assert_int_equal(last(w, 1)->user, 9);
    assert_false(info_of(w, 1, *ret_b).awaiting_ack);
}

static void hang_up(struct world *w, int end, sapa_sip_dialog_id own, sapa_sip_dialog_id other)
{
    sapa_sip_tx_id tx;

    assert_int_equal(sapa_sip_dialog_send(w->net.ends[end].stack, own, SAPA_SIP_BYE, NULL, w->net.now_us, &tx), SAPA_OK);
    fake_run_ms(&w->net, 10);
    const struct seen *bye = last(w, 1 - end);
    assert_int_equal(bye->kind, SAPA_SIP_EV_DIALOG_REQUEST);
    assert_int_equal(bye->method, SAPA_SIP_BYE);
    assert_true(bye->dialog == other);
    assert_int_equal(sapa_sip_respond(w->net.ends[1 - end].stack, bye->tx, 200, NULL, w->net.now_us), SAPA_OK);
    fake_run_ms(&w->net, 10);
    assert_int_equal(last(w, end)->kind, SAPA_SIP_EV_RESPONSE);
    assert_int_equal(last(w, end)->status, 200);
    sapa_sip_dialog_end(w->net.ends[end].stack, own);
    sapa_sip_dialog_end(w->net.ends[1 - end].stack, other);
    fake_run_ms(&w->net, 40000);
    for (int i = 0; i < 2; i++) {
        struct sapa_sip_stats stats;
        sapa_sip_stack_stats(w->net.ends[i].stack, &stats);
        assert_int_equal(stats.transactions, 0);
        assert_int_equal(stats.dialogs, 0);
    }
}

static void whole_call(enum sapa_sip_flow_kind kind, int who)
{
    struct world *w = open_world(kind, 2);
    sapa_sip_dialog_id a, b;

    connect_call(w, &a, &b);
    hang_up(w, who, who ? b : a, who ? a : b);
    close_world(w);
}

static void test_call_udp(void **state)
{
    (void)state;
    whole_call(SAPA_SIP_FLOW_UDP, 0);
    whole_call(SAPA_SIP_FLOW_UDP, 1);
}

static void test_call_tcp(void **state)
{
    (void)state;
    whole_call(SAPA_SIP_FLOW_TCP, 0);
    whole_call(SAPA_SIP_FLOW_TCP, 1);
}

/* Two of us: a caller who wants provisional answers to be reliable gets them so, and acknowledges. */
static void test_reliable_provisional(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, 2);
    const struct sapa_sip_call call = { .flow = fake_flow(&w->net, 0), .hop = SAPA_SIP_HOP_URI, .uri = SAPA_STR("sip:200@10.0.0.2"),
                                        .from = SAPA_STR("<sip:100@10.0.0.1>"), .to = SAPA_STR("<sip:200@10.0.0.2>"), .user = 5,
                                        .spec = { .body = SAPA_STR("offer"), .headers = SAPA_STR("Require: 100rel\r\n") } };
    const struct sapa_sip_spec early = { .body = SAPA_STR("early") }, answer = { .body = SAPA_STR("answer") };
    sapa_sip_dialog_id a, b;
    sapa_sip_tx_id tx;

    assert_int_equal(sapa_sip_call_start(w->net.ends[0].stack, &call, w->net.now_us, &a, &tx), SAPA_OK);
    fake_run_ms(&w->net, 10);
    b = last(w, 1)->dialog;
    const sapa_sip_tx_id invite = last(w, 1)->tx;
    assert_int_equal(sapa_sip_call_answer(w->net.ends[1].stack, invite, 183, &early, w->net.now_us), SAPA_OK);
    assert_int_equal(sapa_sip_call_answer(w->net.ends[1].stack, invite, 180, NULL, w->net.now_us), SAPA_ESTATE); /* one after the other */
    fake_run_ms(&w->net, 10);
    assert_int_equal(last(w, 0)->kind, SAPA_SIP_EV_PROGRESS);
    assert_string_equal(last(w, 0)->body, "early");
    assert_int_equal(sapa_sip_call_answer(w->net.ends[1].stack, invite, 180, NULL, w->net.now_us), SAPA_OK);
    fake_run_ms(&w->net, 10);
    assert_int_equal(last(w, 0)->status, 180);
    const size_t events = w->count;
    fake_run_ms(&w->net, 5000);
    assert_int_equal(w->count, events); /* acknowledged: not repeated, and the users see nothing of it */
    assert_int_equal(sapa_sip_call_answer(w->net.ends[1].stack, invite, 200, &answer, w->net.now_us), SAPA_OK);
    fake_run_ms(&w->net, 10);
    assert_int_equal(last(w, 0)->kind, SAPA_SIP_EV_ANSWER);
    assert_int_equal(sapa_sip_call_ack(w->net.ends[0].stack, a, NULL, w->net.now_us), SAPA_OK);
    fake_run_ms(&w->net, 10);
    assert_int_equal(last(w, 1)->kind, SAPA_SIP_EV_ACK);
    hang_up(w, 0, a, b);
    close_world(w);
}

#define PRACK_HEAD "Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKp%u\r\nFrom: <sip:x@10.0.0.9>;tag=x\r\nTo: <sip:200@10.0.0.2>%s%s\r\nCall-ID: rel\r\n" \
                   "CSeq: %u %s\r\nContact: <sip:x@10.0.0.9>\r\n%s\r\n"

static void rel_feed(struct world *w, const char *method, unsigned cseq, const char *tag, const char *more)
{
    char text[1024], head[900];
    snprintf(head, sizeof(head), PRACK_HEAD, cseq, tag[0] ? ";tag=" : "", tag, cseq, method, more);
    snprintf(text, sizeof(text), "%s sip:200@10.0.0.2 SIP/2.0\r\n%s", method, head);
    fake_feed(&w->net, text);
}

/* Against a script: repeated until the right PRACK, and given up without one. */
static void test_prack(void **state)
{
    (void)state;
    for (int acknowledged = 1; acknowledged >= 0; acknowledged--) {
        struct world *w = open_world(SAPA_SIP_FLOW_UDP, 1);
        char tag[40], rack[80];
        unsigned rseq;
        rel_feed(w, "INVITE", 1, "", "Require: 100rel\r\n");
        const sapa_sip_tx_id invite = last(w, 0)->tx;
        const sapa_sip_dialog_id dialog = last(w, 0)->dialog;
        assert_int_equal(sapa_sip_call_answer(w->net.ends[0].stack, invite, 180, NULL, w->net.now_us), SAPA_OK);
        assert_string_equal(fake_header(fake_last(&w->net), "Require"), "100rel");
        rseq = (unsigned)strtoul(fake_header(fake_last(&w->net), "RSeq"), NULL, 10);
        assert_true(rseq > 0);
        snprintf(tag, sizeof(tag), "%s", strstr(fake_header(fake_last(&w->net), "To"), "tag=") + 4);
        fake_run_ms(&w->net, 1600);
        assert_int_equal(fake_count(&w->net, "SIP/2.0 180"), 3); /* 0, 0.5, 1.5 s */
        snprintf(rack, sizeof(rack), "RAck: %u 1 INVITE\r\n", rseq + 1);
        rel_feed(w, "PRACK", 2, tag, rack);
        assert_int_equal(strncmp(fake_last(&w->net), "SIP/2.0 481", 11), 0);
        if (acknowledged) {
            snprintf(rack, sizeof(rack), "RAck: %u 1 INVITE\r\n", rseq);
            rel_feed(w, "PRACK", 3, tag, rack);
            assert_int_equal(strncmp(fake_last(&w->net), "SIP/2.0 200", 11), 0);
            fake_run_ms(&w->net, 20000);
            assert_int_equal(fake_count(&w->net, "SIP/2.0 180"), 3);
            assert_int_equal(last(w, 0)->kind, SAPA_SIP_EV_INVITE);
        } else {
            fake_run_ms(&w->net, 40000);
            assert_int_equal(last(w, 0)->kind, SAPA_SIP_EV_ACK_TIMEOUT);
        }
        assert_int_equal(sapa_sip_respond(w->net.ends[0].stack, invite, 480, NULL, w->net.now_us), SAPA_OK);
        sapa_sip_dialog_end(w->net.ends[0].stack, dialog);
        close_world(w);
    }
}

static void re_invite(struct world *w, int end, sapa_sip_dialog_id own, sapa_sip_dialog_id other)
{
    const struct sapa_sip_spec hold = { .body = SAPA_STR("hold") }, held = { .body = SAPA_STR("held") };
    sapa_sip_tx_id tx;

    assert_int_equal(sapa_sip_dialog_send(w->net.ends[end].stack, own, SAPA_SIP_INVITE, &hold, w->net.now_us, &tx), SAPA_OK);
    fake_run_ms(&w->net, 10);
    assert_int_equal(last(w, 1 - end)->kind, SAPA_SIP_EV_REINVITE);
    assert_true(last(w, 1 - end)->dialog == other);
    assert_string_equal(last(w, 1 - end)->body, "hold");
    assert_int_equal(sapa_sip_call_answer(w->net.ends[1 - end].stack, last(w, 1 - end)->tx, 200, &held, w->net.now_us), SAPA_OK);
    fake_run_ms(&w->net, 10);
    assert_int_equal(last(w, end)->kind, SAPA_SIP_EV_ANSWER);
    assert_true(last(w, end)->dialog == own);
    assert_int_equal(sapa_sip_call_ack(w->net.ends[end].stack, own, NULL, w->net.now_us), SAPA_OK);
    fake_run_ms(&w->net, 10);
    assert_int_equal(last(w, 1 - end)->kind, SAPA_SIP_EV_ACK);
}

static void test_re_invite(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, 2);
    sapa_sip_dialog_id a, b;

    connect_call(w, &a, &b);
    re_invite(w, 0, a, b);
    re_invite(w, 1, b, a);
    re_invite(w, 0, a, b);
    hang_up(w, 1, b, a);
    close_world(w);
}

static void test_re_invite_refused(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, 2);
    sapa_sip_dialog_id a, b;
    sapa_sip_tx_id tx;

    connect_call(w, &a, &b);
    assert_int_equal(sapa_sip_dialog_send(w->net.ends[0].stack, a, SAPA_SIP_INVITE, NULL, w->net.now_us, &tx), SAPA_OK);
    assert_int_equal(sapa_sip_dialog_send(w->net.ends[0].stack, a, SAPA_SIP_INVITE, NULL, w->net.now_us, &tx), SAPA_ESTATE);
    fake_run_ms(&w->net, 10);
    assert_int_equal(sapa_sip_call_answer(w->net.ends[1].stack, last(w, 1)->tx, 488, NULL, w->net.now_us), SAPA_OK);
    fake_run_ms(&w->net, 10);
    assert_int_equal(last(w, 0)->kind, SAPA_SIP_EV_RESPONSE);
    assert_int_equal(last(w, 0)->status, 488);
    assert_int_equal(info_of(w, 0, a).state, SAPA_SIP_DIALOG_CONFIRMED); /* the call goes on (14.1) */
    assert_int_equal(info_of(w, 1, b).state, SAPA_SIP_DIALOG_CONFIRMED);
    re_invite(w, 1, b, a);
    hang_up(w, 0, a, b);
    close_world(w);
}

static void test_glare(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, 2);
    sapa_sip_dialog_id a, b;
    sapa_sip_tx_id tx;

    connect_call(w, &a, &b);
    assert_int_equal(sapa_sip_dialog_send(w->net.ends[0].stack, a, SAPA_SIP_INVITE, NULL, w->net.now_us, &tx), SAPA_OK);
    assert_int_equal(sapa_sip_dialog_send(w->net.ends[1].stack, b, SAPA_SIP_INVITE, NULL, w->net.now_us, &tx), SAPA_OK);
    fake_run_ms(&w->net, 10);
    assert_int_equal(last(w, 0)->status, 491);
    assert_int_equal(last(w, 1)->status, 491);
    re_invite(w, 0, a, b);
    hang_up(w, 0, a, b);
    close_world(w);
}

static void test_info_and_order(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, 2);
    const struct sapa_sip_spec dtmf = { .content_type = SAPA_STR("application/dtmf-relay"), .body = SAPA_STR("Signal=5") };
    sapa_sip_dialog_id a, b;
    sapa_sip_tx_id tx;

    connect_call(w, &a, &b);
    assert_int_equal(sapa_sip_dialog_send(w->net.ends[0].stack, a, SAPA_SIP_INFO, &dtmf, w->net.now_us, &tx), SAPA_OK);
    fake_run_ms(&w->net, 10);
    assert_int_equal(last(w, 1)->method, SAPA_SIP_INFO);
    assert_string_equal(last(w, 1)->body, "Signal=5");
    assert_int_equal(sapa_sip_respond(w->net.ends[1].stack, last(w, 1)->tx, 200, NULL, w->net.now_us), SAPA_OK);
    fake_run_ms(&w->net, 10);
    /* A lower CSeq is refused with 500 (12.2.2). */
    const struct sapa_sip_dialog_info info = info_of(w, 1, b);
    char text[1024];
    const struct sapa_sip_flow flow = { .kind = SAPA_SIP_FLOW_UDP, .local = w->net.ends[1].ip, .remote = w->net.ends[0].ip };
    const int n = snprintf(text, sizeof(text), "INFO sip:x@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKold\r\nFrom: <sip:a@x>;tag=%.*s\r\n"
                           "To: <sip:b@x>;tag=%.*s\r\nCall-ID: %.*s\r\nCSeq: 1 INFO\r\nContent-Length: 0\r\n\r\n", SAPA_STR_ARG(info.remote_tag),
                           SAPA_STR_ARG(info.local_tag), SAPA_STR_ARG(info.call_id));
    const size_t before = w->count;
    sapa_sip_stack_receive(w->net.ends[1].stack, &flow, text, (size_t)n, w->net.now_us);
    assert_int_equal(w->count, before);
    struct sapa_sip_stats stats;
    sapa_sip_stack_stats(w->net.ends[1].stack, &stats);
    assert_int_equal(stats.out_of_order, 1);
    hang_up(w, 0, a, b);
    close_world(w);
}

/* --- against a script */

static void answer(struct world *w, const char *request, int status, const char *tag, const char *more)
{
    char text[4096];

    snprintf(text, sizeof(text), "SIP/2.0 %d x\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=%s\r\nCall-ID: %s\r\nCSeq: %s\r\n%sContent-Length: 0\r\n\r\n",
             status, fake_header(request, "Via"), fake_header(request, "From"), fake_header(request, "To"), tag,
             fake_header(request, "Call-ID"), fake_header(request, "CSeq"), more);
    fake_feed(&w->net, text);
}

static void test_route_set(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, 1);
    sapa_sip_tx_id tx;
    const sapa_sip_dialog_id d = start(w, SAPA_STR("<sip:10.0.0.9;lr>"));
    char *invite = strdup(fake_last(&w->net));

    assert_string_equal(fake_header(invite, "Route"), "<sip:10.0.0.9;lr>");
    assert_non_null(strstr(invite, "INVITE sip:200@10.0.0.2 SIP/2.0\r\n"));
    answer(w, invite, 200, "tb", "Contact: <sip:200@10.0.0.7:5070>\r\nRecord-Route: <sip:10.0.0.3;lr>, <sip:10.0.0.4;lr>\r\nRecord-Route: <sip:10.0.0.5:5090;lr>\r\n");
    assert_int_equal(sapa_sip_call_ack(w->net.ends[0].stack, d, NULL, w->net.now_us), SAPA_OK);
    /* Reversed (12.1.2), the target in the request line, sent to the first route. */
    assert_string_equal(fake_header(fake_last(&w->net), "Route"), "<sip:10.0.0.5:5090;lr>,<sip:10.0.0.4;lr>,<sip:10.0.0.3;lr>");
    assert_non_null(strstr(fake_last(&w->net), "ACK sip:200@10.0.0.7:5070 SIP/2.0\r\n"));
    assert_int_equal(w->net.sent_flow[w->net.sent_count - 1].remote.port, 5090);
    assert_int_equal(w->net.sent_flow[w->net.sent_count - 1].remote.bytes[3], 5);
    assert_int_equal(sapa_sip_dialog_send(w->net.ends[0].stack, d, SAPA_SIP_BYE, NULL, w->net.now_us, &tx), SAPA_OK);
    assert_string_equal(fake_header(fake_last(&w->net), "CSeq"), "2 BYE");
    assert_string_equal(fake_header(fake_last(&w->net), "From"), fake_header(invite, "From"));
    sapa_sip_dialog_end(w->net.ends[0].stack, d);
    free(invite);
    close_world(w);
}

static void test_strict_router(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, 1);
    const sapa_sip_dialog_id d = start(w, SAPA_STR(""));
    char *invite = strdup(fake_last(&w->net));

    answer(w, invite, 200, "tb", "Contact: <sip:200@10.0.0.7>\r\nRecord-Route: <sip:10.0.0.3;lr>, <sip:10.0.0.4>\r\n");
    assert_int_equal(sapa_sip_call_ack(w->net.ends[0].stack, d, NULL, w->net.now_us), SAPA_OK);
    assert_non_null(strstr(fake_last(&w->net), "ACK sip:10.0.0.4 SIP/2.0\r\n"));
    assert_string_equal(fake_header(fake_last(&w->net), "Route"), "<sip:10.0.0.3;lr>,<sip:200@10.0.0.7>");
    sapa_sip_dialog_end(w->net.ends[0].stack, d);
    free(invite);
    close_world(w);
}

static void test_forks(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, 1);
    struct sapa_sip_stack *stack = w->net.ends[0].stack;
    const sapa_sip_dialog_id d = start(w, SAPA_STR(""));
    char *invite = strdup(fake_last(&w->net));

    answer(w, invite, 180, "t1", "Contact: <sip:1@10.0.0.2>\r\n");
    answer(w, invite, 183, "t2", "Contact: <sip:2@10.0.0.2>\r\n");
    assert_true(w->seen[0].dialog == d && w->seen[0].fork_of == 0);
    const sapa_sip_dialog_id fork = w->seen[1].dialog;
    assert_true(fork != d && w->seen[1].fork_of == d && w->seen[1].user == 5);
    answer(w, invite, 180, "t2", "Contact: <sip:2@10.0.0.2>\r\n");
    assert_true(w->seen[2].dialog == fork);
    answer(w, invite, 200, "t2", "Contact: <sip:2@10.0.0.2>\r\n");
    assert_int_equal(w->seen[3].kind, SAPA_SIP_EV_ANSWER);
    assert_true(w->seen[3].dialog == fork);
    assert_int_equal(sapa_sip_call_ack(stack, fork, NULL, w->net.now_us), SAPA_OK);
    assert_non_null(strstr(fake_last(&w->net), "ACK sip:2@10.0.0.2 SIP/2.0\r\n"));
    assert_int_equal(sapa_sip_call_ack(stack, d, NULL, w->net.now_us), SAPA_ESTATE);
    /* A third phone answers too (13.2.2.4): ACK and BYE are the user's. */
    answer(w, invite, 200, "t3", "Contact: <sip:3@10.0.0.2>\r\n");
    assert_int_equal(w->seen[4].kind, SAPA_SIP_EV_ANSWER);
    const sapa_sip_dialog_id third = w->seen[4].dialog;
    assert_true(third != d && third != fork);
    assert_int_equal(sapa_sip_call_ack(stack, third, NULL, w->net.now_us), SAPA_OK);
    /* The first is ended; a repeated 2xx of the fork is still ACKed, one of a fourth phone is ended for us. */
    sapa_sip_dialog_end(stack, d);
    const size_t acks = fake_count(&w->net, "ACK sip:2@");
    answer(w, invite, 200, "t2", "Contact: <sip:2@10.0.0.2>\r\n");
    assert_int_equal(fake_count(&w->net, "ACK sip:2@"), acks + 1);
    answer(w, invite, 200, "t4", "Contact: <sip:4@10.0.0.2>\r\n");
    assert_int_equal(fake_count(&w->net, "ACK sip:4@"), 1);
    assert_int_equal(fake_count(&w->net, "BYE sip:4@"), 1);
    assert_int_equal(w->count, 5);
    sapa_sip_dialog_end(stack, fork);
    sapa_sip_dialog_end(stack, third);
    free(invite);
    close_world(w);
}

static void test_fork_flood(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, 1);
    struct sapa_sip_stats stats;
    const sapa_sip_dialog_id d = start(w, SAPA_STR(""));
    char *invite = strdup(fake_last(&w->net)), tag[16];

    for (int i = 0; i < 100; i++) {
        snprintf(tag, sizeof(tag), "t%d", i);
        answer(w, invite, 180, tag, "Contact: <sip:1@10.0.0.2>\r\n");
    }
    sapa_sip_stack_stats(w->net.ends[0].stack, &stats);
    assert_int_equal(stats.dialogs, 1 + SAPA_SIP_FORKS_MAX);
    assert_int_equal(w->count, 1 + SAPA_SIP_FORKS_MAX);
    answer(w, invite, 200, "t99", "Contact: <sip:1@10.0.0.2>\r\n"); /* beyond the limit and answered: ended */
    assert_int_equal(fake_count(&w->net, "BYE"), 1);
    assert_int_equal(last(w, 0)->kind, SAPA_SIP_EV_FAILURE);
    assert_true(last(w, 0)->dialog == d);
    for (size_t i = 0; i < w->count; i++)
        sapa_sip_dialog_end(w->net.ends[0].stack, w->seen[i].dialog);
    free(invite);
    close_world(w);
}

static void test_retry_with_credentials(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, 1);
    const sapa_sip_dialog_id d = start(w, SAPA_STR(""));
    char *invite = strdup(fake_last(&w->net));
    const struct sapa_sip_spec spec = { .headers = SAPA_STR("Authorization: Digest x\r\n"), .body = SAPA_STR("offer") };
    sapa_sip_tx_id tx;

    answer(w, invite, 401, "t1", "");
    assert_int_equal(w->seen[0].status, 401);
    assert_int_equal(sapa_sip_call_retry(w->net.ends[0].stack, d, SAPA_STR(""), &spec, w->net.now_us, &tx), SAPA_OK);
    assert_string_equal(fake_header(fake_last(&w->net), "CSeq"), "2 INVITE");
    assert_string_equal(fake_header(fake_last(&w->net), "From"), fake_header(invite, "From"));
    assert_string_equal(fake_header(fake_last(&w->net), "Call-ID"), fake_header(invite, "Call-ID"));
    assert_string_equal(fake_header(fake_last(&w->net), "To"), "<sip:200@10.0.0.2>"); /* no tag of the refusal */
    assert_string_equal(fake_header(fake_last(&w->net), "Authorization"), "Digest x");
    answer(w, fake_last(&w->net), 200, "t2", "Contact: <sip:2@10.0.0.2>\r\n");
    assert_int_equal(w->seen[1].kind, SAPA_SIP_EV_ANSWER);
    sapa_sip_dialog_end(w->net.ends[0].stack, d);
    free(invite);
    close_world(w);
}

static void test_uas_nat_and_target(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, 1);
    struct sapa_sip_stack *stack = w->net.ends[0].stack;
    sapa_sip_tx_id tx;

    /* Behind a NAT: sent-by and Contact are private, only the flow leads back. */
    fake_feed(&w->net, "INVITE sip:100@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.5:5060;branch=z9hG4bKn;rport\r\nFrom: <sip:a@x>;tag=fa\r\n"
                       "To: <sip:b@y>\r\nCall-ID: n1\r\nCSeq: 7 INVITE\r\nContact: <sip:a@192.168.1.5:5060>\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(sapa_sip_call_answer(stack, w->seen[0].tx, 200, NULL, w->net.now_us), SAPA_OK);
    char ack[1024];
    snprintf(ack, sizeof(ack), "ACK sip:100@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.5:5060;branch=z9hG4bKn2;rport\r\nFrom: <sip:a@x>;tag=fa\r\n"
             "To: %s\r\nCall-ID: n1\r\nCSeq: 7 ACK\r\nContent-Length: 0\r\n\r\n", fake_header(fake_last(&w->net), "To"));
    fake_feed(&w->net, ack);
    assert_int_equal(sapa_sip_dialog_send(stack, w->seen[0].dialog, SAPA_SIP_INFO, NULL, w->net.now_us, &tx), SAPA_OK);
    assert_non_null(strstr(fake_last(&w->net), "INFO sip:a@192.168.1.5:5060 SIP/2.0\r\n"));
    assert_int_equal(w->net.sent_flow[w->net.sent_count - 1].remote.bytes[0], 10);
    /* A direct peer with another port in its Contact: there. */
    fake_feed(&w->net, "INVITE sip:100@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKd;rport\r\nFrom: <sip:a@x>;tag=fb\r\n"
                       "To: <sip:b@y>\r\nCall-ID: n2\r\nCSeq: 7 INVITE\r\nContact: <sip:a@10.0.0.2:5080>\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(sapa_sip_call_answer(stack, w->seen[w->count - 1].tx, 200, NULL, w->net.now_us), SAPA_OK);
    const sapa_sip_dialog_id d = w->seen[w->count - 1].dialog;
    assert_int_equal(sapa_sip_dialog_send(stack, d, SAPA_SIP_INFO, NULL, w->net.now_us, &tx), SAPA_OK);
    assert_int_equal(w->net.sent_flow[w->net.sent_count - 1].remote.port, 5080);
    sapa_sip_dialog_end(stack, w->seen[0].dialog);
    sapa_sip_dialog_end(stack, d);
    close_world(w);
}

static void test_early_bye(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, 1);
    struct sapa_sip_stack *stack = w->net.ends[0].stack;

    fake_feed(&w->net, "INVITE sip:100@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKe\r\nFrom: <sip:a@x>;tag=fa\r\n"
                       "To: <sip:b@y>\r\nCall-ID: e1\r\nCSeq: 7 INVITE\r\nContact: <sip:a@10.0.0.2>\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(sapa_sip_call_answer(stack, w->seen[0].tx, 180, NULL, w->net.now_us), SAPA_OK);
    char bye[1024];
    snprintf(bye, sizeof(bye), "BYE sip:100@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKe2\r\nFrom: <sip:a@x>;tag=fa\r\n"
             "To: %s\r\nCall-ID: e1\r\nCSeq: 8 BYE\r\nContent-Length: 0\r\n\r\n", fake_header(fake_last(&w->net), "To"));
    fake_feed(&w->net, bye);
    assert_int_equal(w->seen[1].method, SAPA_SIP_BYE);
    assert_int_equal(fake_count(&w->net, "SIP/2.0 487"), 1); /* the INVITE ends with it (15.1.2) */
    sapa_sip_dialog_end(stack, w->seen[0].dialog);
    close_world(w);
}

static void test_bye_waits_for_ack(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, 2);
    sapa_sip_tx_id tx;
    struct sapa_sip_dialog_info info;
    const sapa_sip_dialog_id a = start(w, SAPA_STR(""));

    fake_run_ms(&w->net, 10);
    const sapa_sip_dialog_id b = last(w, 1)->dialog;
    assert_int_equal(sapa_sip_call_answer(w->net.ends[1].stack, last(w, 1)->tx, 200, NULL, w->net.now_us), SAPA_OK);
    /* Hung up before the ACK, and forgotten at once: the BYE goes out after it all the same. */
    assert_int_equal(sapa_sip_dialog_send(w->net.ends[1].stack, b, SAPA_SIP_BYE, NULL, w->net.now_us, &tx), SAPA_OK);
    sapa_sip_dialog_end(w->net.ends[1].stack, b);
    assert_int_equal(sapa_sip_dialog_get(w->net.ends[1].stack, b, &info), SAPA_ENOENT);
    const size_t events_b = w->count;
    fake_run_ms(&w->net, 10);
    assert_int_equal(last(w, 0)->kind, SAPA_SIP_EV_ANSWER);
    fake_run_ms(&w->net, 300);
    assert_int_equal(last(w, 0)->kind, SAPA_SIP_EV_ANSWER); /* no BYE yet */
    assert_int_equal(sapa_sip_call_ack(w->net.ends[0].stack, a, NULL, w->net.now_us), SAPA_OK);
    fake_run_ms(&w->net, 10);
    assert_int_equal(last(w, 0)->method, SAPA_SIP_BYE);
    assert_int_equal(sapa_sip_respond(w->net.ends[0].stack, last(w, 0)->tx, 200, NULL, w->net.now_us), SAPA_OK);
    sapa_sip_dialog_end(w->net.ends[0].stack, a);
    fake_run_ms(&w->net, 40000);
    for (size_t i = events_b; i < w->count; i++)
        assert_int_equal(w->seen[i].end, 0); /* end 1 had forgotten it */
    struct sapa_sip_stats stats;
    sapa_sip_stack_stats(w->net.ends[1].stack, &stats);
    assert_int_equal(stats.dialogs, 0);
    assert_int_equal(stats.transactions, 0);
    close_world(w);
}

/* The process of one end dies and another takes its dialogs over. */
static void adopt(int end)
{
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, 2);
    sapa_sip_dialog_id ids[2];
    uint8_t record[SAPA_SIP_DIALOG_RECORD_MAX];
    size_t n = 0;

    connect_call(w, &ids[0], &ids[1]);
    re_invite(w, 1, ids[1], ids[0]);
    assert_int_equal(sapa_sip_dialog_export(w->net.ends[end].stack, ids[end], record, sizeof(record), &n), SAPA_OK);
    assert_in_range(n, 50, 400);
    assert_int_equal(sapa_sip_dialog_export(w->net.ends[end].stack, ids[end], record, n - 1, &n), SAPA_ELIMIT);
    assert_int_equal(sapa_sip_dialog_export(w->net.ends[end].stack, ids[end], record, sizeof(record), &n), SAPA_OK);

    sapa_sip_stack_close(w->net.ends[end].stack);
    w->net.ends[end].stack = new_stack(w, end, 99); /* other secret, other tokens */
    sapa_sip_dialog_id id;
    assert_int_equal(sapa_sip_dialog_import(w->net.ends[end].stack, record, n, 1234, 0, &id), SAPA_OK);
    assert_int_equal(sapa_sip_dialog_import(w->net.ends[end].stack, record, n, 1234, 0, &id), SAPA_EEXIST);
    for (size_t i = 0; i < n; i++) { /* any byte changed is noticed */
        uint8_t bad[SAPA_SIP_DIALOG_RECORD_MAX];
        sapa_sip_dialog_id other;
        memcpy(bad, record, n);
        bad[i] ^= 0x20;
        assert_int_equal(sapa_sip_dialog_import(w->net.ends[end].stack, bad, n, 1, 0, &other), SAPA_ECORRUPT);
        assert_int_equal(sapa_sip_dialog_import(w->net.ends[end].stack, record, i, 1, 0, &other), SAPA_ECORRUPT);
    }
    assert_int_equal(info_of(w, end, id).state, SAPA_SIP_DIALOG_CONFIRMED);
    assert_int_equal(info_of(w, end, id).user, 1234);
    ids[end] = id;
    re_invite(w, end, ids[end], ids[1 - end]); /* hold works, in both directions, and so does the end */
    re_invite(w, 1 - end, ids[1 - end], ids[end]);
    assert_int_equal(last(w, end)->user, 1234);
    hang_up(w, end, ids[end], ids[1 - end]);
    close_world(w);
}

static void test_adopt(void **state)
{
    (void)state;
    adopt(0);
    adopt(1);
}

/* A call over TCP whose connection goes: the next request opens one to the Contact of the other side. */
/* The caller's process dies while the phone rings; the phone is answered: its successor says good-bye. */
static void stray(bool wanted)
{
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, 2);
    const struct sapa_sip_spec answer_spec = { .body = SAPA_STR("answer") };

    (void)start(w, SAPA_STR(""));
    fake_run_ms(&w->net, 10);
    assert_int_equal(last(w, 1)->kind, SAPA_SIP_EV_INVITE);
    const sapa_sip_tx_id invite = last(w, 1)->tx;
    sapa_sip_stack_close(w->net.ends[0].stack);
    w->net.ends[0].stack = new_stack(w, 0, 99);
    if (wanted)
        sapa_sip_stack_end_strays(w->net.ends[0].stack, w->net.now_us + 60000000);
    assert_int_equal(sapa_sip_call_answer(w->net.ends[1].stack, invite, 200, &answer_spec, w->net.now_us), SAPA_OK);
    fake_run_ms(&w->net, 100);
    if (wanted) {
        assert_int_equal(last(w, 1)->kind, SAPA_SIP_EV_DIALOG_REQUEST);
        assert_int_equal(last(w, 1)->method, SAPA_SIP_BYE);
    } else {
        assert_int_equal(last(w, 1)->kind, SAPA_SIP_EV_INVITE); /* nothing came: the phone goes on repeating */
    }
    close_world(w);
}

static void test_stray_answer(void **state)
{
    (void)state;
    stray(true);
    stray(false);
}

/* The caller's process dies while the phone rings; its successor knows how the INVITE was made. */
static void successor(bool again)
{
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, 2);
    struct sapa_sip_call call = { .flow = fake_flow(&w->net, 0), .hop = SAPA_SIP_HOP_FLOW, .uri = SAPA_STR("sip:200@10.0.0.2"),
                                  .from = SAPA_STR("<sip:100@10.0.0.1>"), .to = SAPA_STR("<sip:200@10.0.0.2>"),
                                  .call_id = SAPA_STR("0123456789abcdef"), .from_tag = SAPA_STR("fedcba9876543210"),
                                  .branch = SAPA_STR("aaaabbbbccccdddd"), .user = 5, .spec = { .body = SAPA_STR("offer") } };
    const struct sapa_sip_spec answer_spec = { .body = SAPA_STR("answer") };
    sapa_sip_dialog_id dialog;
    sapa_sip_tx_id tx;

    assert_int_equal(sapa_sip_call_start(w->net.ends[0].stack, &call, w->net.now_us, &dialog, &tx), SAPA_OK);
    fake_run_ms(&w->net, 10);
    const sapa_sip_tx_id invite = last(w, 1)->tx;
    assert_int_equal(sapa_sip_call_answer(w->net.ends[1].stack, invite, 180, NULL, w->net.now_us), SAPA_OK);
    fake_run_ms(&w->net, 10);
    sapa_sip_stack_close(w->net.ends[0].stack);
    w->net.ends[0].stack = new_stack(w, 0, 99);
    const size_t before = w->count;
    call.sent_before = !again;
    assert_int_equal(sapa_sip_call_start(w->net.ends[0].stack, &call, w->net.now_us, &dialog, &tx), SAPA_OK);
    fake_run_ms(&w->net, 10);
    if (again) { /* for the phone it is the same INVITE: it says once more that it rings, and can be answered */
        assert_int_equal(w->count, before + 1);
        assert_int_equal(last(w, 0)->kind, SAPA_SIP_EV_PROGRESS);
        assert_int_equal(last(w, 0)->status, 180);
        assert_int_equal(sapa_sip_call_answer(w->net.ends[1].stack, invite, 200, &answer_spec, w->net.now_us), SAPA_OK);
        fake_run_ms(&w->net, 10);
        assert_int_equal(last(w, 0)->kind, SAPA_SIP_EV_ANSWER);
        assert_int_equal(sapa_sip_call_ack(w->net.ends[0].stack, dialog, NULL, w->net.now_us), SAPA_OK);
        fake_run_ms(&w->net, 10);
        assert_int_equal(last(w, 1)->kind, SAPA_SIP_EV_ACK);
    } else {
        assert_int_equal(w->count, before); /* nothing left */
        assert_int_equal(sapa_sip_call_cancel(w->net.ends[0].stack, dialog, SAPA_STR(""), w->net.now_us), SAPA_OK);
        fake_run_ms(&w->net, 10);
        assert_int_equal(last(w, 1)->kind, SAPA_SIP_EV_CANCEL);
        assert_int_equal(sapa_sip_respond(w->net.ends[1].stack, invite, 487, NULL, w->net.now_us), SAPA_OK);
        fake_run_ms(&w->net, 10);
        assert_int_equal(last(w, 0)->kind, SAPA_SIP_EV_RESPONSE);
        assert_int_equal(last(w, 0)->status, 487);
    }
    sapa_sip_dialog_end(w->net.ends[0].stack, dialog);
    close_world(w);
}

static void test_successor(void **state)
{
    (void)state;
    successor(true);
    successor(false);
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, 1);
    struct sapa_sip_call call = { .flow = fake_flow(&w->net, 0), .uri = SAPA_STR("sip:200@10.0.0.2"), .from = SAPA_STR("<sip:a@b>"),
                                  .to = SAPA_STR("<sip:c@d>"), .branch = SAPA_STR("a\r\nb") };
    sapa_sip_dialog_id dialog;
    sapa_sip_tx_id tx;
    assert_int_equal(sapa_sip_call_start(w->net.ends[0].stack, &call, w->net.now_us, &dialog, &tx), SAPA_EINVAL);
    call.branch = SAPA_STR("");
    call.from_tag = SAPA_STR("a;b");
    assert_int_equal(sapa_sip_call_start(w->net.ends[0].stack, &call, w->net.now_us, &dialog, &tx), SAPA_EINVAL);
    close_world(w);
}

static void test_tcp_reconnect(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_TCP, 1);
    struct sapa_sip_stack *stack = w->net.ends[0].stack;
    sapa_sip_tx_id tx;

    fake_feed(&w->net, "INVITE sip:100@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.0.2:40000;branch=z9hG4bKt\r\nFrom: <sip:a@x>;tag=fa\r\n"
                       "To: <sip:b@y>\r\nCall-ID: t1\r\nCSeq: 7 INVITE\r\nContact: <sip:a@10.0.0.2:5070;transport=tcp>\r\nContent-Length: 0\r\n\r\n");
    w->net.generation++; /* gone before the answer: it goes to the address of sent-by */
    assert_int_equal(sapa_sip_call_answer(stack, w->seen[0].tx, 200, NULL, w->net.now_us), SAPA_OK);
    assert_int_equal(w->net.sent_flow[0].remote.port, 40000);
    char ack[1024];
    snprintf(ack, sizeof(ack), "ACK sip:100@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.0.2:40000;branch=z9hG4bKt2\r\nFrom: <sip:a@x>;tag=fa\r\n"
             "To: %s\r\nCall-ID: t1\r\nCSeq: 7 ACK\r\nContent-Length: 0\r\n\r\n", fake_header(fake_last(&w->net), "To"));
    fake_feed(&w->net, ack);
    w->net.generation++;
    assert_int_equal(sapa_sip_dialog_send(stack, w->seen[0].dialog, SAPA_SIP_INFO, NULL, w->net.now_us, &tx), SAPA_OK);
    assert_int_equal(fake_count(&w->net, "INFO"), 1);
    assert_int_equal(w->net.sent_flow[w->net.sent_count - 1].remote.port, 5070);
    assert_int_equal(sapa_sip_dialog_send(stack, w->seen[0].dialog, SAPA_SIP_INFO, NULL, w->net.now_us, &tx), SAPA_OK);
    assert_int_equal(w->net.sent_flow[w->net.sent_count - 1].generation, 3); /* and is kept */
    sapa_sip_dialog_end(stack, w->seen[0].dialog);
    close_world(w);
}

/* A Contact with headers, routes with an unknown scheme. */
static void test_odd_targets(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, 1);
    const sapa_sip_dialog_id d = start(w, SAPA_STR(""));
    char *invite = strdup(fake_last(&w->net));

    answer(w, invite, 200, "tb", "Contact: <sip:x@10.0.0.2>\r\nRecord-Route: <urn:x>\r\n");
    assert_int_equal(w->count, 0); /* malformed: dropped */
    answer(w, invite, 200, "tb", "Contact: <sip:x@10.0.0.2?Route=%3Csip:evil%3E>\r\n");
    assert_int_equal(sapa_sip_call_ack(w->net.ends[0].stack, d, NULL, w->net.now_us), SAPA_OK);
    assert_non_null(strstr(fake_last(&w->net), "ACK sip:x@10.0.0.2 SIP/2.0\r\n"));
    sapa_sip_dialog_end(w->net.ends[0].stack, d);
    free(invite);
    close_world(w);
}

static void test_bad_arguments(void **state)
{
    (void)state;
    struct world *w = open_world(SAPA_SIP_FLOW_UDP, 1);
    struct sapa_sip_call call = { .flow = fake_flow(&w->net, 0), .uri = SAPA_STR("sip:200@10.0.0.2"), .from = SAPA_STR("<sip:100@x>"),
                                  .to = SAPA_STR("<sip:200@x>") };
    struct sapa_sip_call bad;
    sapa_sip_dialog_id d;
    sapa_sip_tx_id tx;
    uint8_t record[64];
    size_t n;

    bad = call, bad.uri = SAPA_STR("nonsense");
    assert_int_equal(sapa_sip_call_start(w->net.ends[0].stack, &bad, w->net.now_us, &d, &tx), SAPA_EINVAL);
    bad = call, bad.from = SAPA_STR("<sip:a@b>\r\nEvil: yes");
    assert_int_equal(sapa_sip_call_start(w->net.ends[0].stack, &bad, w->net.now_us, &d, &tx), SAPA_EINVAL);
    bad = call, bad.route = SAPA_STR("sip:no-brackets");
    assert_int_equal(sapa_sip_call_start(w->net.ends[0].stack, &bad, w->net.now_us, &d, &tx), SAPA_EINVAL);
    bad = call, bad.call_id = SAPA_STR("a\r\nb");
    assert_int_equal(sapa_sip_call_start(w->net.ends[0].stack, &bad, w->net.now_us, &d, &tx), SAPA_EINVAL);
    assert_int_equal(w->net.sent_count, 0);
    assert_int_equal(sapa_sip_call_start(w->net.ends[0].stack, &call, w->net.now_us, &d, &tx), SAPA_OK);
    assert_int_equal(sapa_sip_dialog_send(w->net.ends[0].stack, d, SAPA_SIP_BYE, NULL, w->net.now_us, &tx), SAPA_ESTATE);
    assert_int_equal(sapa_sip_dialog_export(w->net.ends[0].stack, d, record, sizeof(record), &n), SAPA_ESTATE);
    assert_int_equal(sapa_sip_call_ack(w->net.ends[0].stack, d, NULL, w->net.now_us), SAPA_ESTATE);
    assert_int_equal(sapa_sip_call_ack(w->net.ends[0].stack, d + 1, NULL, w->net.now_us), SAPA_ENOENT);
    sapa_sip_dialog_end(w->net.ends[0].stack, d);
    sapa_sip_dialog_end(w->net.ends[0].stack, d);
    sapa_sip_dialog_end(w->net.ends[0].stack, 0);
    close_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call_udp), cmocka_unit_test(test_call_tcp), cmocka_unit_test(test_reliable_provisional), cmocka_unit_test(test_prack), cmocka_unit_test(test_re_invite),
        cmocka_unit_test(test_re_invite_refused), cmocka_unit_test(test_glare), cmocka_unit_test(test_info_and_order),
        cmocka_unit_test(test_route_set), cmocka_unit_test(test_strict_router), cmocka_unit_test(test_forks),
        cmocka_unit_test(test_fork_flood),
        cmocka_unit_test(test_retry_with_credentials), cmocka_unit_test(test_uas_nat_and_target), cmocka_unit_test(test_early_bye),
        cmocka_unit_test(test_bye_waits_for_ack), cmocka_unit_test(test_adopt), cmocka_unit_test(test_stray_answer), cmocka_unit_test(test_successor), cmocka_unit_test(test_tcp_reconnect),
        cmocka_unit_test(test_odd_targets), cmocka_unit_test(test_bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
