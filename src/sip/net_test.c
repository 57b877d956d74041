/* Real sockets on loopback: two stacks talk over UDP and TCP, IPv4 and IPv6; framing, limits, closing. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rt/loop.h"
#include "rt/socket.h"
#include "rt/tls.h"
#include "sip/dialog.h"
#include "sip/guard.h"
#include "sip/net.h"

struct side {
    struct sapa_sip_net *net;
    struct sapa_sip_stack *stack;
    struct sapa_sip_ip udp, tcp;
    unsigned requests, responses, failures, closed, acks;
    int status;
    bool keep; /* answered calls are not ended at once */
    sapa_sip_dialog_id dialog;
    struct sapa_sip_flow flow;
};
static struct sapa_loop *loop;

static void on_event(void *ctx, const struct sapa_sip_event *event)
{
    struct side *side = ctx;

    switch (event->kind) {
    case SAPA_SIP_EV_REQUEST:
    case SAPA_SIP_EV_DIALOG_REQUEST:
        side->requests++;
        side->flow = *event->flow;
        assert_int_equal(sapa_sip_respond(side->stack, event->tx, 200, NULL, event->now_us), SAPA_OK);
        break;
    case SAPA_SIP_EV_INVITE: {
        const struct sapa_sip_spec spec = { .body = SAPA_STR("v=0\r\n") };
        side->requests++;
        assert_int_equal(sapa_sip_call_answer(side->stack, event->tx, 200, &spec, event->now_us), SAPA_OK);
        break;
    }
    case SAPA_SIP_EV_ANSWER: {
        sapa_sip_tx_id bye;
        assert_int_equal(sapa_sip_call_ack(side->stack, event->dialog, NULL, event->now_us), SAPA_OK);
        side->dialog = event->dialog;
        if (side->keep)
            break;
        assert_int_equal(sapa_sip_dialog_send(side->stack, event->dialog, SAPA_SIP_BYE, NULL, event->now_us, &bye), SAPA_OK);
        break;
    }
    case SAPA_SIP_EV_ACK:
        side->acks++;
        break;
    case SAPA_SIP_EV_RESPONSE:
        side->responses++;
        side->status = event->status;
        break;
    case SAPA_SIP_EV_FAILURE:
        side->failures++;
        side->status = event->status;
        break;
    case SAPA_SIP_EV_FLOW_CLOSED:
        side->closed++;
        break;
    default:
        break;
    }
}
static const struct sapa_sip_user_ops user_ops = { .event = on_event };

static void open_side(struct side *side, const char *host, struct sapa_sip_guard *guard, uint32_t per_source)
{
    struct sapa_sip_ip any;
    const struct sapa_sip_net_opts net = { .loop = loop, .guard = guard, .conns_per_source = per_source };

    memset(side, 0, sizeof(*side));
    assert_int_equal(sapa_sip_ip_parse(sapa_str_of(host), 0, &any), SAPA_OK);
    assert_int_equal(sapa_sip_net_open(&net, &side->net), SAPA_OK);
    const struct sapa_sip_stack_opts opts = { .transport = &sapa_sip_net_ops, .transport_ctx = side->net, .user = &user_ops, .user_ctx = side };
    assert_int_equal(sapa_sip_stack_open(&opts, &side->stack), SAPA_OK);
    sapa_sip_net_attach(side->net, side->stack);
    const struct sapa_sip_listen udp = { .kind = SAPA_SIP_FLOW_UDP, .local = any, .fd = -1 };
    const struct sapa_sip_listen tcp = { .kind = SAPA_SIP_FLOW_TCP, .local = any, .fd = -1 };
    assert_int_equal(sapa_sip_net_listen(side->net, &udp, &side->udp), SAPA_OK);
    assert_int_equal(sapa_sip_net_listen(side->net, &tcp, &side->tcp), SAPA_OK);
    assert_int_not_equal(side->udp.port, 0);
}

static void close_side(struct side *side)
{
    sapa_sip_net_close(side->net);
    sapa_sip_stack_close(side->stack);
}

/* Turn until `*value` is `want`, at most 5 s. */
static void until(const unsigned *value, unsigned want)
{
    const int64_t end = sapa_mono_us() + 5000000;

    while (*value != want && sapa_mono_us() < end)
        sapa_loop_run_once(loop, 20000);
    assert_int_equal(*value, want);
}

static void talk(const char *host, enum sapa_sip_flow_kind kind)
{
    struct side a, b;
    struct sapa_sip_flow flow;
    sapa_sip_tx_id tx;
    sapa_sip_dialog_id dialog;
    char uri[80];
    struct sapa_text text;

    assert_int_equal(sapa_loop_new(NULL, &loop), SAPA_OK);
    sapa_loop_run_once(loop, 0);
    open_side(&a, host, NULL, 0);
    open_side(&b, host, NULL, 0);
    assert_int_equal(sapa_sip_net_ops.open(a.net, kind, kind == SAPA_SIP_FLOW_UDP ? &b.udp : &b.tcp, &flow), SAPA_OK);
    sapa_text_init(&text, uri, sizeof(uri));
    sapa_text_add(&text, SAPA_STR("sip:x@"));
    sapa_sip_put_ip_port(&text, &flow.remote);
    const struct sapa_sip_request options = { .method = SAPA_SIP_OPTIONS, .flow = flow, .uri = sapa_text_str(&text),
                                              .from = SAPA_STR("<sip:a@a>"), .to = SAPA_STR("<sip:b@b>") };
    assert_int_equal(sapa_sip_request_send(a.stack, &options, sapa_loop_now_us(loop), &tx), SAPA_OK);
    until(&a.responses, 1);
    assert_int_equal(a.status, 200);
    assert_int_equal(b.requests, 1);
    const struct sapa_sip_call call = { .flow = flow, .hop = SAPA_SIP_HOP_URI, .uri = sapa_text_str(&text),
                                        .from = SAPA_STR("<sip:a@a>"), .to = SAPA_STR("<sip:b@b>") };
    assert_int_equal(sapa_sip_call_start(a.stack, &call, sapa_loop_now_us(loop), &dialog, &tx), SAPA_OK);
    until(&a.responses, 2); /* of the BYE */
    assert_int_equal(b.acks, 1);
    assert_int_equal(b.requests, 3);
    assert_int_equal(sapa_sip_net_connections(b.net), kind == SAPA_SIP_FLOW_TCP ? 1 : 0);
    close_side(&a);
    if (kind == SAPA_SIP_FLOW_TCP)
        until(&b.closed, 1);
    close_side(&b);
    sapa_loop_free(loop);
}

static void test_udp4(void **state)
{
    (void)state;
    talk("127.0.0.1", SAPA_SIP_FLOW_UDP);
}
static void test_tcp4(void **state)
{
    (void)state;
    talk("127.0.0.1", SAPA_SIP_FLOW_TCP);
}
static void test_udp6(void **state)
{
    (void)state;
    talk("::1", SAPA_SIP_FLOW_UDP);
}
static void test_tcp6(void **state)
{
    (void)state;
    talk("::1", SAPA_SIP_FLOW_TCP);
}

static void listen_at(struct side *side, const char *host, enum sapa_sip_flow_kind kind, struct sapa_sip_ip *ret_bound)
{
    struct sapa_sip_listen more = { .kind = kind, .fd = -1 };

    assert_int_equal(sapa_sip_ip_parse(sapa_str_of(host), 0, &more.local), SAPA_OK);
    assert_int_equal(sapa_sip_net_listen(side->net, &more, ret_bound), SAPA_OK);
}

/* A raw TCP client towards one side. */
static int raw_connect(const struct sapa_sip_ip *to)
{
    const struct sapa_addr peer = sapa_sip_addr_of_ip(to);
    int fd;

    assert_int_equal(sapa_tcp_connect(NULL, &peer, &fd), SAPA_OK);
    for (int i = 0; i < 5; i++)
        sapa_loop_run_once(loop, 5000);
    return fd;
}

static void raw_write(int fd, const char *bytes, size_t n)
{
    size_t sent;

    assert_int_equal(sapa_socket_write(fd, bytes, n, &sent), SAPA_OK);
    assert_int_equal(sent, n);
}

static size_t raw_read(int fd, char *buf, size_t size)
{
    size_t total = 0, n;

    for (int i = 0; i < 10; i++) {
        sapa_loop_run_once(loop, 5000);
        while (total < size - 1 && sapa_socket_read(fd, buf + total, size - 1 - total, &n) == SAPA_OK)
            total += n;
    }
    buf[total] = '\0';
    return total;
}

static void until_connections(const struct side *side, unsigned want)
{
    const int64_t end = sapa_mono_us() + 5000000;

    while (sapa_sip_net_connections(side->net) != want && sapa_mono_us() < end)
        sapa_loop_run_once(loop, 20000);
    assert_int_equal(sapa_sip_net_connections(side->net), want);
}

/* --- TLS --- */

static char tls_folder[] = "/tmp/sapa-net-XXXXXX", tls_certificate[48], tls_key[48];

static int make_certificate(void **state)
{
    const struct sapa_str names[] = { SAPA_STR("sapa.test"), SAPA_STR("127.0.0.1") };
    (void)state;
    assert_non_null(mkdtemp(tls_folder));
    snprintf(tls_certificate, sizeof(tls_certificate), "%s/c.pem", tls_folder);
    snprintf(tls_key, sizeof(tls_key), "%s/k.pem", tls_folder);
    return sapa_tls_certificate_make(names, 2, 10, tls_certificate, tls_key);
}

static int remove_certificate(void **state)
{
    (void)state;
    unlink(tls_certificate);
    unlink(tls_key);
    return rmdir(tls_folder);
}

static struct sapa_tls_context *tls_context(bool own, bool trust)
{
    struct sapa_tls_options options = { .certificates = { tls_certificate }, .keys = { tls_key }, .count = own,
                                        .trust = trust ? tls_certificate : NULL };
    struct sapa_tls_context *context;

    assert_int_equal(sapa_tls_context_new(&options, NULL, &context), SAPA_OK);
    return context;
}

static void ask(struct side *from, const struct sapa_sip_flow *flow)
{
    sapa_sip_tx_id tx;
    const struct sapa_sip_request options = { .method = SAPA_SIP_OPTIONS, .flow = *flow, .uri = SAPA_STR("sip:x@127.0.0.1;transport=tls"),
                                              .from = SAPA_STR("<sip:a@a>"), .to = SAPA_STR("<sip:b@b>") };
    assert_int_equal(sapa_sip_request_send(from->stack, &options, sapa_loop_now_us(loop), &tx), SAPA_OK);
}

static void test_tls(void **state)
{
    (void)state;
    struct side a, b;
    struct sapa_sip_ip there;
    struct sapa_sip_flow flow;
    sapa_sip_dialog_id dialog;
    sapa_sip_tx_id tx;
    struct sapa_tls_context *server = tls_context(true, true), *client = tls_context(true, true), *stranger = tls_context(false, false);

    assert_int_equal(sapa_loop_new(NULL, &loop), SAPA_OK);
    sapa_loop_run_once(loop, 0);
    open_side(&a, "127.0.0.1", NULL, 0);
    open_side(&b, "127.0.0.1", NULL, 0);
    listen_at(&b, "127.0.0.1", SAPA_SIP_FLOW_TLS, &there);
    assert_int_equal(sapa_sip_net_ops.open(a.net, SAPA_SIP_FLOW_TLS, &there, &flow), SAPA_ENOENT); /* no certificates yet */
    sapa_sip_net_tls(a.net, client);
    sapa_sip_net_tls(b.net, server);

    /* by address, then by name; then a whole call */
    assert_int_equal(sapa_sip_net_ops.open(a.net, SAPA_SIP_FLOW_TLS, &there, &flow), SAPA_OK);
    assert_int_equal(flow.kind, SAPA_SIP_FLOW_TLS);
    ask(&a, &flow);
    until(&a.responses, 1);
    assert_int_equal(a.status, 200);
    assert_true(sapa_sip_net_peer_is(b.net, &b.flow, SAPA_STR("sapa.test"))); /* it showed a certificate as a client */
    assert_false(sapa_sip_net_peer_is(b.net, &b.flow, SAPA_STR("bank.test")));
    assert_true(sapa_sip_net_peer_is(a.net, &flow, SAPA_STR("sapa.test")));
    const struct sapa_sip_call call = { .flow = flow, .hop = SAPA_SIP_HOP_FLOW, .uri = SAPA_STR("sip:x@127.0.0.1"),
                                        .from = SAPA_STR("<sip:a@a>"), .to = SAPA_STR("<sip:b@b>") };
    assert_int_equal(sapa_sip_call_start(a.stack, &call, sapa_loop_now_us(loop), &dialog, &tx), SAPA_OK);
    until(&b.acks, 1);
    until(&a.responses, 2);
    assert_int_equal(sapa_sip_net_connections(a.net), 1);

    /* new certificates: what lives goes on */
    struct sapa_tls_context *next = tls_context(true, true);
    sapa_sip_net_tls(b.net, next);
    sapa_tls_context_release(next);
    sapa_tls_context_release(server);
    ask(&a, &flow);
    until(&a.responses, 3);

    /* the name that must answer is another one: nobody is talked to */
    close_side(&a);
    until(&b.closed, 1);
    open_side(&a, "127.0.0.1", NULL, 0);
    sapa_sip_net_tls(a.net, client);
    assert_int_equal(sapa_sip_net_tls_name(a.net, &there, SAPA_STR("bank.test")), SAPA_OK);
    assert_int_equal(sapa_sip_net_ops.open(a.net, SAPA_SIP_FLOW_TLS, &there, &flow), SAPA_OK);
    const unsigned before = b.requests;
    ask(&a, &flow);
    until(&a.failures, 1);
    assert_int_equal(a.status, 503);
    assert_int_equal(b.requests, before);
    struct sapa_sip_ip other = there; /* a carrier whose records change for months does not fill the memory of names */
    for (unsigned i = 0; i < 600; i++) {
        other.port = (uint16_t)(1 + i);
        assert_int_equal(sapa_sip_net_tls_name(a.net, &other, SAPA_STR("carrier.test")), SAPA_OK);
    }
    assert_int_equal(sapa_sip_net_tls_name(a.net, &there, SAPA_STR("sapa.test")), SAPA_OK);
    assert_int_equal(sapa_sip_net_ops.open(a.net, SAPA_SIP_FLOW_TLS, &there, &flow), SAPA_OK);
    ask(&a, &flow);
    until(&a.responses, 1);
    sapa_sip_net_tls(a.net, stranger); /* nor one whom nobody vouches for */
    assert_int_equal(sapa_sip_net_tls_name(a.net, &there, SAPA_STR("")), SAPA_OK);
    close_side(&a);
    open_side(&a, "127.0.0.1", NULL, 0);
    sapa_sip_net_tls(a.net, stranger);
    assert_int_equal(sapa_sip_net_ops.open(a.net, SAPA_SIP_FLOW_TLS, &there, &flow), SAPA_OK);
    ask(&a, &flow);
    until(&a.failures, 1);

    /* plain text, or nothing at all, on the port */
    const int raw = raw_connect(&there);
    raw_write(raw, "OPTIONS sip:x SIP/2.0\r\n\r\n", 25);
    const int mute = raw_connect(&there);
    until_connections(&b, 1);
    close(raw);
    sapa_sip_net_run_due(b.net, sapa_loop_now_us(loop) + 11000000);
    until_connections(&b, 0);
    close(mute);
    close_side(&a);
    close_side(&b);
    sapa_tls_context_release(client);
    sapa_tls_context_release(stranger);
    sapa_loop_free(loop);
}

static void test_wildcard_local(void **state)
{
    (void)state;
    struct side a;
    struct sapa_sip_flow flow;
    struct sapa_sip_ip peer;

    assert_int_equal(sapa_loop_new(NULL, &loop), SAPA_OK);
    open_side(&a, "0.0.0.0", NULL, 0);
    assert_int_equal(sapa_sip_ip_parse(SAPA_STR("127.0.0.9"), 5999, &peer), SAPA_OK);
    assert_int_equal(sapa_sip_net_ops.open(a.net, SAPA_SIP_FLOW_UDP, &peer, &flow), SAPA_OK);
    assert_int_equal(flow.local.bytes[0], 127); /* what the kernel would use, not 0.0.0.0 */
    assert_int_equal(flow.local.port, a.udp.port);
    close_side(&a);
    sapa_loop_free(loop);
}

/* What we originate leaves from the address that the kernel would use, not from whatever was opened first. */
static void test_several_sockets(void **state)
{
    (void)state;
    struct side a, b;
    struct sapa_sip_ip second, wild, outside;
    struct sapa_sip_flow flow;
    sapa_sip_tx_id tx;

    assert_int_equal(sapa_loop_new(NULL, &loop), SAPA_OK);
    sapa_loop_run_once(loop, 0);
    open_side(&a, "127.0.0.2", NULL, 0);
    open_side(&b, "127.0.0.1", NULL, 0);
    assert_int_equal(sapa_sip_ip_parse(SAPA_STR("192.0.2.77"), 5060, &outside), SAPA_OK);
    assert_int_equal(sapa_sip_net_ops.open(a.net, SAPA_SIP_FLOW_UDP, &outside, &flow), SAPA_ENOENT); /* nobody there would hear us */
    listen_at(&a, "127.0.0.1", SAPA_SIP_FLOW_UDP, &second);
    assert_int_equal(sapa_sip_net_ops.open(a.net, SAPA_SIP_FLOW_UDP, &b.udp, &flow), SAPA_OK);
    assert_true(sapa_sip_ip_eq(&flow.local, &second));
    const struct sapa_sip_request options = { .method = SAPA_SIP_OPTIONS, .flow = flow, .uri = SAPA_STR("sip:x@127.0.0.1"),
                                              .from = SAPA_STR("<sip:a@a>"), .to = SAPA_STR("<sip:b@b>") };
    assert_int_equal(sapa_sip_request_send(a.stack, &options, sapa_loop_now_us(loop), &tx), SAPA_OK);
    until(&a.responses, 1);
    assert_true(sapa_sip_ip_eq(&b.flow.remote, &second)); /* on the wire as well */
    listen_at(&a, "0.0.0.0", SAPA_SIP_FLOW_UDP, &wild);
    assert_int_equal(sapa_sip_net_ops.open(a.net, SAPA_SIP_FLOW_UDP, &b.udp, &flow), SAPA_OK);
    assert_int_equal(flow.local.port, second.port);
    assert_int_equal(sapa_sip_net_ops.open(a.net, SAPA_SIP_FLOW_UDP, &outside, &flow), SAPA_OK);
    assert_int_equal(flow.local.port, wild.port);
    close_side(&a);
    close_side(&b);
    sapa_loop_free(loop);
}

/* A dialog speaks from the socket that it began on, whatever its peer's Contact says, and in its next life too. */
static void test_dialog_keeps_socket(void **state)
{
    (void)state;
    struct side a, b;
    struct sapa_sip_ip second;
    struct sapa_sip_flow flow;
    sapa_sip_dialog_id dialog, again;
    sapa_sip_tx_id tx;
    uint8_t record[SAPA_SIP_DIALOG_RECORD_MAX];
    size_t n;

    assert_int_equal(sapa_loop_new(NULL, &loop), SAPA_OK);
    sapa_loop_run_once(loop, 0);
    open_side(&a, "127.0.0.1", NULL, 0);
    open_side(&b, "127.0.0.1", NULL, 0);
    listen_at(&a, "127.0.0.3", SAPA_SIP_FLOW_UDP, &second); /* never what the kernel would choose */
    assert_int_equal(sapa_sip_net_ops.open(a.net, SAPA_SIP_FLOW_UDP, &b.udp, &flow), SAPA_OK);
    flow.socket = 2;
    flow.local = second;
    a.keep = true;
    const struct sapa_sip_call call = { .flow = flow, .hop = SAPA_SIP_HOP_URI, .uri = SAPA_STR("sip:x@127.0.0.1:1"),
                                        .from = SAPA_STR("<sip:a@a>"), .to = SAPA_STR("<sip:b@b>") };
    assert_int_equal(sapa_sip_call_start(a.stack, &call, sapa_loop_now_us(loop), &dialog, &tx), SAPA_OK);
    until(&b.acks, 1);
    assert_int_equal(sapa_sip_dialog_export(a.stack, a.dialog, record, sizeof(record), &n), SAPA_OK);
    sapa_sip_dialog_end(a.stack, a.dialog);
    assert_int_equal(sapa_sip_dialog_import(a.stack, record, n, 1, 0, &again), SAPA_OK);
    assert_int_equal(sapa_sip_dialog_send(a.stack, again, SAPA_SIP_INFO, NULL, sapa_loop_now_us(loop), &tx), SAPA_OK);
    until(&a.responses, 1);
    assert_true(sapa_sip_ip_eq(&b.flow.remote, &second));
    sapa_sip_dialog_end(a.stack, again);
    close_side(&a);
    close_side(&b);
    sapa_loop_free(loop);
}

static void test_connect_refused(void **state)
{
    (void)state;
    struct side a;
    struct sapa_sip_flow flow;
    struct sapa_sip_ip peer;
    sapa_sip_tx_id tx;
    int fd;
    struct sapa_addr addr, bound;

    assert_int_equal(sapa_loop_new(NULL, &loop), SAPA_OK);
    sapa_loop_run_once(loop, 0);
    open_side(&a, "127.0.0.1", NULL, 0);
    assert_int_equal(sapa_addr_parse(SAPA_STR("127.0.0.1"), 0, &addr), SAPA_OK);
    assert_int_equal(sapa_tcp_listen(&addr, &fd), SAPA_OK); /* a port that is surely closed then */
    assert_int_equal(sapa_socket_local(fd, &bound), SAPA_OK);
    sapa_fd_close(fd);
    peer = sapa_sip_ip_of_addr(&bound);
    assert_int_equal(sapa_sip_net_ops.open(a.net, SAPA_SIP_FLOW_TCP, &peer, &flow), SAPA_OK);
    const struct sapa_sip_request options = { .method = SAPA_SIP_OPTIONS, .flow = flow, .uri = SAPA_STR("sip:x"),
                                              .from = SAPA_STR("<sip:a@a>"), .to = SAPA_STR("<sip:b@b>") };
    assert_int_equal(sapa_sip_request_send(a.stack, &options, sapa_loop_now_us(loop), &tx), SAPA_OK);
    until(&a.failures, 1);
    assert_int_equal(a.status, 503);
    assert_int_equal(sapa_sip_net_connections(a.net), 0);
    close_side(&a);
    sapa_loop_free(loop);
}

#define MESSAGE(cseq)                                                                              \
    "OPTIONS sip:x@y SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKraw" cseq "\r\nFrom: <sip:a@x>;tag=1\r\n" \
    "To: <sip:b@y>\r\nCall-ID: raw" cseq "\r\nCSeq: 1 OPTIONS\r\nContent-Length: 3\r\n\r\nabc"

static void test_stream_framing(void **state)
{
    (void)state;
    struct side a;
    char buf[4096];

    assert_int_equal(sapa_loop_new(NULL, &loop), SAPA_OK);
    sapa_loop_run_once(loop, 0);
    open_side(&a, "127.0.0.1", NULL, 2);
    const int fd = raw_connect(&a.tcp);
    raw_write(fd, "\r\n\r\n", 4); /* ping, pong */
    assert_int_equal(raw_read(fd, buf, sizeof(buf)), 2);
    assert_string_equal(buf, "\r\n");
    /* One message in single bytes, then two and a half at once, then the rest. */
    for (const char *p = MESSAGE("1"); *p; p++) {
        raw_write(fd, p, 1);
        sapa_loop_run_once(loop, 0);
    }
    until(&a.requests, 1);
    const char three[] = MESSAGE("2") MESSAGE("3") MESSAGE("4");
    raw_write(fd, three, sizeof(three) - 1 - 50);
    until(&a.requests, 3);
    raw_write(fd, three + sizeof(three) - 1 - 50, 50);
    until(&a.requests, 4);
    (void)raw_read(fd, buf, sizeof(buf));
    /* Limits: the third connection of one source is closed at once. */
    const int second = raw_connect(&a.tcp), third = raw_connect(&a.tcp);
    assert_int_equal(sapa_sip_net_connections(a.net), 2);
    size_t n;
    assert_int_equal(sapa_socket_read(third, buf, sizeof(buf), &n), SAPA_ECLOSED);
    /* What cannot be framed ends the connection. */
    raw_write(second, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27);
    until(&a.closed, 1);
    assert_int_equal(sapa_sip_net_connections(a.net), 1);
    sapa_fd_close(fd);
    sapa_fd_close(second);
    sapa_fd_close(third);
    until(&a.closed, 2);
    close_side(&a);
    sapa_loop_free(loop);
}

/* On a clock in our hand: a half message is not waited for, nor a silent connection. */
static void test_idle(void **state)
{
    (void)state;
    struct side a;
    struct sapa_clock clock;

    sapa_clock_init_manual(&clock, 1000000, 0);
    assert_int_equal(sapa_loop_new(&clock, &loop), SAPA_OK);
    open_side(&a, "127.0.0.1", NULL, 0);
    const int half = raw_connect(&a.tcp), silent = raw_connect(&a.tcp);
    raw_write(half, "OPTIONS sip:a", 13);
    for (int i = 0; i < 20 && sapa_sip_net_connections(a.net) < 2; i++)
        sapa_loop_run_once(loop, 5000);
    sapa_loop_run_once(loop, 5000);
    sapa_loop_run_once(loop, 5000);
    assert_int_equal(sapa_sip_net_connections(a.net), 2);
    sapa_loop_advance(loop, 19000000);
    sapa_loop_run_once(loop, 0);
    assert_int_equal(sapa_sip_net_connections(a.net), 2);
    sapa_loop_advance(loop, 3000000);
    sapa_loop_run_once(loop, 0);
    assert_int_equal(sapa_sip_net_connections(a.net), 1);
    assert_int_equal(a.closed, 1);
    sapa_loop_advance(loop, 960000000);
    sapa_loop_run_once(loop, 0);
    assert_int_equal(sapa_sip_net_connections(a.net), 0);
    assert_int_equal(a.closed, 2);
    sapa_fd_close(half);
    sapa_fd_close(silent);
    close_side(&a);
    sapa_loop_free(loop);
}

static void test_guard_refuses(void **state)
{
    (void)state;
    struct side a, b;
    struct sapa_sip_guard *guard;
    struct sapa_sip_flow flow;
    sapa_sip_tx_id tx;
    const struct sapa_sip_guard_opts opts = { .per_s = 1, .burst = 3 };

    assert_int_equal(sapa_loop_new(NULL, &loop), SAPA_OK);
    sapa_loop_run_once(loop, 0);
    assert_int_equal(sapa_sip_guard_open(&opts, &guard), SAPA_OK);
    open_side(&a, "127.0.0.1", NULL, 0);
    open_side(&b, "127.0.0.1", guard, 0);
    assert_int_equal(sapa_sip_net_ops.open(a.net, SAPA_SIP_FLOW_UDP, &b.udp, &flow), SAPA_OK);
    const struct sapa_sip_request options = { .method = SAPA_SIP_OPTIONS, .flow = flow, .uri = SAPA_STR("sip:x@y"),
                                              .from = SAPA_STR("<sip:a@a>"), .to = SAPA_STR("<sip:b@b>") };
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(sapa_sip_request_send(a.stack, &options, sapa_loop_now_us(loop), &tx), SAPA_OK);
        until(&a.responses, i + 1);
        assert_int_equal(a.status, i < 3 ? 200 : 503);
    }
    assert_int_equal(b.requests, 3);
    close_side(&a);
    close_side(&b);
    sapa_sip_guard_close(guard);
    sapa_loop_free(loop);
}

static void test_given_fd(void **state)
{
    (void)state;
    struct side a;
    struct sapa_addr addr;
    struct sapa_sip_ip bound;
    int fd;

    assert_int_equal(sapa_loop_new(NULL, &loop), SAPA_OK);
    open_side(&a, "127.0.0.1", NULL, 0);
    assert_int_equal(sapa_addr_parse(SAPA_STR("127.0.0.1"), 0, &addr), SAPA_OK);
    assert_int_equal(sapa_udp_open(&addr, NULL, &fd), SAPA_OK);
    const struct sapa_sip_listen given = { .kind = SAPA_SIP_FLOW_UDP, .fd = fd };
    assert_int_equal(sapa_sip_net_listen(a.net, &given, &bound), SAPA_OK);
    assert_int_not_equal(bound.port, 0);
    close_side(&a);
    sapa_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_udp4), cmocka_unit_test(test_tcp4), cmocka_unit_test(test_udp6), cmocka_unit_test(test_tcp6),
        cmocka_unit_test(test_tls), cmocka_unit_test(test_wildcard_local), cmocka_unit_test(test_several_sockets), cmocka_unit_test(test_dialog_keeps_socket), cmocka_unit_test(test_connect_refused), cmocka_unit_test(test_stream_framing),
        cmocka_unit_test(test_idle), cmocka_unit_test(test_guard_refuses), cmocka_unit_test(test_given_fd),
    };
    return cmocka_run_group_tests(tests, make_certificate, remove_certificate);
}
