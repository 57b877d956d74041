/*
 * UDP, TCP and TLS on a loop. Datagrams are taken in batches; a connection keeps a growing buffer only while
 * a message is incomplete or the peer does not read. Sending never calls back: a connection that breaks
 * while something is sent is closed at the end of the turn, and the stack told then.
 */
#include "sip/net.h"

#include <stdlib.h>

#include "rt/loop.h"
#include "base/log.h"
#include "rt/socket.h"
#include "rt/tls.h"
#include "sip/guard.h"

enum {
    DATAGRAMS = 32, /* a batch */
    BATCHES = 4,    /* of a socket in one turn, so that others have theirs */
    DATAGRAM_SIZE = 65536,
    LOCALS = 1024, /* remembered "which address do we use towards" */
    LOCALS_US = 30000000, /* for so long: routes change */
    READ_SIZE = 16384,
    BUFFER_MAX = 131072, /* bytes of a connection that are not framed yet */
    HALF_MESSAGE_US = 20000000,
    CONNECT_US = 10000000, /* with its handshake */
    TLS_NAMES = 256,
    SWEEP_US = 1000000,
    RETRY_AFTER_S = 5,
};

struct socket {
    struct sapa_sip_net *net;
    uint8_t kind, index;
    int fd;
    struct sapa_watch watch;
    struct sapa_sip_ip bound, advertise; /* advertise.family 0: by peer */
};

struct conn {
    struct sapa_sip_net *net;
    uint32_t index, generation, next_free;
    bool used, connecting, dying;
    bool shaking; /* TLS: the handshake is not through */
    uint8_t kind;
    struct sapa_tls *tls; /* NULL: plain */
    int fd;
    struct sapa_watch watch;
    struct sapa_sip_ip local, remote;
    char *in;
    size_t in_n, in_size;
    char *out;
    size_t out_at, out_n, out_size;
    int64_t active_us;  /* last byte in or out */
    int64_t partial_us; /* since when a message is incomplete; 0: none */
};

struct sapa_sip_net {
    struct sapa_sip_net_opts opts;
    struct sapa_sip_stack *stack;
    struct socket sockets[SAPA_SIP_SOCKETS_MAX];
    unsigned socket_count;
    struct conn **conns;
    uint32_t conn_slots, conn_free, conn_count;
    struct {
        struct sapa_sip_ip peer, local; /* local.family 0: there is no way to it */
        int64_t until_us;
    } locals[LOCALS];
    struct {
        sapa_sip_foreign_send_fn *send;
        void *ctx;
    } foreign[SAPA_SIP_FLOW_KIND_COUNT];
    struct sapa_tls_context *tls;
    int64_t tls_said_us; /* a failed handshake is logged, one a second */
    struct {
        struct sapa_sip_ip remote; /* family 0: free */
        char name[129];
    } tls_names[TLS_NAMES];
    unsigned tls_name_next; /* given up when all are taken */
    struct sapa_deferred turn_end;
    struct sapa_timer timer;
    int64_t sweep_us;
    bool any_dying;
    struct sapa_packet packets[DATAGRAMS];
    char *datagrams;
};

/* --- addresses --------------------------------------------------------------------------------------------------- */

struct sapa_sip_ip sapa_sip_ip_of_addr(const struct sapa_addr *given)
{
    struct sapa_addr addr = *given;
    struct sapa_sip_ip ip = { 0 };

    sapa_addr_unmap(&addr);
    if (!sapa_addr_is_set(&addr))
        return ip;
    ip.port = sapa_addr_port(&addr);
    if (sapa_addr_is_v6(&addr)) {
        ip.family = 6;
        memcpy(ip.bytes, &addr.v6.sin6_addr, 16);
        ip.scope = addr.v6.sin6_scope_id;
    } else {
        ip.family = 4;
        memcpy(ip.bytes, &addr.v4.sin_addr, 4);
    }
    return ip;
}

struct sapa_addr sapa_sip_addr_of_ip(const struct sapa_sip_ip *ip)
{
    struct sapa_addr addr = { 0 };

    if (ip->family == 6) {
        addr.v6.sin6_family = AF_INET6;
        memcpy(&addr.v6.sin6_addr, ip->bytes, 16);
        addr.v6.sin6_scope_id = ip->scope;
    } else if (ip->family == 4) {
        addr.v4.sin_family = AF_INET;
        memcpy(&addr.v4.sin_addr, ip->bytes, 4);
    } else {
        return addr;
    }
    sapa_addr_set_port(&addr, ip->port);
    return addr;
}

static bool is_wildcard(const struct sapa_sip_ip *ip)
{
    static const uint8_t none[16];

    return memcmp(ip->bytes, none, ip->family == 6 ? 16 : 4) == 0;
}

static int64_t now_of(const struct sapa_sip_net *net)
{
    return sapa_loop_now_us(net->opts.loop);
}

/* The address that the kernel would send from, remembered for a while; family 0: there is no way. */
static struct sapa_sip_ip routed_towards(struct sapa_sip_net *net, const struct sapa_sip_ip *peer)
{
    unsigned slot = peer->family;

    for (int i = 0; i < 16; i++)
        slot = slot * 31 + peer->bytes[i];
    slot %= LOCALS;
    if (net->locals[slot].until_us <= now_of(net) ||
        !sapa_sip_ip_same_host(&net->locals[slot].peer, peer)) {
        struct sapa_addr found;
        const struct sapa_addr to = sapa_sip_addr_of_ip(peer);
        net->locals[slot].peer = *peer;
        net->locals[slot].until_us = now_of(net) + LOCALS_US;
        net->locals[slot].local = sapa_addr_local_for(&to, &found) == SAPA_OK
                                      ? sapa_sip_ip_of_addr(&found)
                                      : (struct sapa_sip_ip){ 0 };
    }
    return net->locals[slot].local;
}

/* What we say our address is, towards this peer. */
static struct sapa_sip_ip local_towards(struct sapa_sip_net *net, const struct socket *socket,
                                        const struct sapa_sip_ip *peer)
{
    if (socket->advertise.family)
        return socket->advertise;
    if (!is_wildcard(&socket->bound))
        return socket->bound;
    struct sapa_sip_ip local = routed_towards(net, peer);
    if (!local.family)
        return socket->bound;
    local.port = socket->bound.port;
    return local;
}

/* --- timers ---------------------------------------------------------------------------------------------------------- */

int64_t sapa_sip_net_next_due(const struct sapa_sip_net *net)
{
    const int64_t due = net->stack ? sapa_sip_stack_next_due(net->stack) : INT64_MAX;

    return net->conn_count > 0 ? SAPA_MIN(due, net->sweep_us) : due;
}

static void on_timer(void *ctx)
{
    struct sapa_sip_net *net = ctx;

    sapa_sip_net_run_due(net, now_of(net));
}

static void set_timer(struct sapa_sip_net *net)
{
    const int64_t due = sapa_sip_net_next_due(net);

    if (due == INT64_MAX)
        sapa_timer_cancel(net->opts.loop, &net->timer);
    else
        sapa_timer_set_at(net->opts.loop, &net->timer, SAPA_MAX(due, 0), on_timer, net);
}

static void close_dying(struct sapa_sip_net *net);

static void turn_end(void *ctx)
{
    struct sapa_sip_net *net = ctx;

    close_dying(net);
    set_timer(net);
}

static void touched(struct sapa_sip_net *net)
{
    sapa_loop_defer(net->opts.loop, &net->turn_end, turn_end, net);
}

/* --- connections ------------------------------------------------------------------------------------------------------- */

static struct sapa_sip_flow flow_of(const struct conn *c)
{
    return (struct sapa_sip_flow){ .kind = c->kind,
                                   .conn = c->index + 1,
                                   .generation = c->generation,
                                   .local = c->local,
                                   .remote = c->remote };
}

static struct conn *conn_of(const struct sapa_sip_net *net, const struct sapa_sip_flow *flow)
{
    if (flow->conn == 0 || flow->conn > net->conn_slots)
        return NULL;
    struct conn *c = net->conns[flow->conn - 1];
    return c->used && c->generation == flow->generation && !c->dying ? c : NULL;
}

static sapa_rc conn_read(struct conn *c, char *buf, size_t size, size_t *ret_n)
{
    return c->tls ? sapa_tls_read(c->tls, buf, size, ret_n) : sapa_socket_read(c->fd, buf, size, ret_n);
}

static sapa_rc conn_write(struct conn *c, const char *buf, size_t size, size_t *ret_n)
{
    return c->tls ? sapa_tls_write(c->tls, buf, size, ret_n) : sapa_socket_write(c->fd, buf, size, ret_n);
}

/* What is waited for next. */
static void arm(struct conn *c)
{
    unsigned events = SAPA_LOOP_READ | (c->out_n > c->out_at ? SAPA_LOOP_WRITE : 0u);

    if (c->connecting)
        events = SAPA_LOOP_WRITE;
    else if (c->tls && (c->shaking || sapa_tls_wants_write(c->tls)))
        events = SAPA_LOOP_READ | (sapa_tls_wants_write(c->tls) ? SAPA_LOOP_WRITE : 0u);
    sapa_watch_set(c->net->opts.loop, &c->watch, events);
}

static struct conn *new_conn(struct sapa_sip_net *net, enum sapa_sip_flow_kind kind)
{
    if (net->conn_count >= net->opts.conns_max)
        return NULL;
    if (net->conn_free == SAPA_NONE) {
        struct conn **grown = realloc(net->conns, (net->conn_slots + 1) * sizeof(struct conn *));
        if (!grown)
            return NULL;
        net->conns = grown;
        struct conn *c = calloc(1, sizeof(*c));
        if (!c)
            return NULL;
        c->index = net->conn_slots;
        c->next_free = SAPA_NONE;
        net->conns[net->conn_slots++] = c;
        net->conn_free = c->index;
    }
    struct conn *c = net->conns[net->conn_free];
    net->conn_free = c->next_free;
    *c = (struct conn){ .net = net,
                        .index = c->index,
                        .generation = c->generation + 1,
                        .used = true,
                        .fd = -1,
                        .kind = (uint8_t)kind,
                        .active_us = now_of(net) };
    if (net->conn_count++ == 0)
        net->sweep_us = now_of(net) + SWEEP_US;
    return c;
}

static void free_conn(struct sapa_sip_net *net, struct conn *c)
{
    sapa_watch_stop(net->opts.loop, &c->watch);
    sapa_tls_free(c->tls);
    c->tls = NULL;
    sapa_fd_close(c->fd);
    free(c->in);
    free(c->out);
    c->in = c->out = NULL;
    c->used = false;
    c->fd = -1;
    c->next_free = net->conn_free;
    net->conn_free = c->index;
    net->conn_count--;
}

static void kill_conn(struct conn *c)
{
    c->dying = true;
    c->net->any_dying = true;
    sapa_watch_set(c->net->opts.loop, &c->watch, 0);
    touched(c->net);
}

static void close_dying(struct sapa_sip_net *net)
{
    while (net->any_dying) {
        net->any_dying = false;
        for (uint32_t i = 0; i < net->conn_slots; i++) {
            struct conn *c = net->conns[i];
            if (!c->used || !c->dying)
                continue;
            const struct sapa_sip_flow flow = flow_of(c);
            free_conn(net, c);
            if (net->stack)
                sapa_sip_stack_flow_closed(net->stack, &flow, now_of(net));
        }
    }
}

static void flush(struct conn *c)
{
    while (c->out_at < c->out_n) {
        size_t n = 0;
        const sapa_rc rc = conn_write(c, c->out + c->out_at, c->out_n - c->out_at, &n);
        if (rc == SAPA_EAGAIN)
            break;
        if (rc != SAPA_OK) {
            kill_conn(c);
            return;
        }
        c->out_at += n;
        c->active_us = now_of(c->net);
    }
    if (c->out_at == c->out_n) {
        free(c->out);
        c->out = NULL;
        c->out_at = c->out_n = c->out_size = 0;
    }
    arm(c);
}

static sapa_rc queue_bytes(struct conn *c, const char *bytes, size_t n)
{
    if (c->out_n - c->out_at + n > c->net->opts.queue_max)
        return SAPA_EAGAIN;
    if (c->out_at > 0) {
        memmove(c->out, c->out + c->out_at, c->out_n - c->out_at);
        c->out_n -= c->out_at;
        c->out_at = 0;
    }
    if (c->out_n + n > c->out_size) {
        const size_t size = SAPA_MAX(c->out_size * 2, c->out_n + n);
        char *out = realloc(c->out, size);
        if (!out)
            return SAPA_EAGAIN;
        c->out = out;
        c->out_size = size;
    }
    memcpy(c->out + c->out_n, bytes, n);
    c->out_n += n;
    arm(c);
    return SAPA_OK;
}

static sapa_rc conn_send(struct conn *c, const char *bytes, size_t n)
{
    size_t sent = 0;

    if (!c->connecting && !c->shaking && c->out_n == c->out_at) {
        const sapa_rc rc = conn_write(c, bytes, n, &sent);
        if (rc != SAPA_OK && rc != SAPA_EAGAIN) {
            kill_conn(c);
            return SAPA_ECLOSED;
        }
        c->active_us = now_of(c->net);
    }
    /* A message that was sent in part must be sent whole: then the limit does not count. */
    if (sent == n)
        return SAPA_OK;
    return queue_bytes(c, bytes + sent, n - sent);
}

/* Hand a received message on, as far as its source may. False: the connection should end. */
static bool deliver(struct sapa_sip_net *net, const struct sapa_sip_flow *flow, char *bytes,
                    size_t n, int64_t now_us)
{
    const enum sapa_sip_guard_verdict verdict =
        net->opts.guard ? sapa_sip_guard_take(net->opts.guard, &flow->remote, now_us)
                        : SAPA_SIP_GUARD_PASS;

    if (verdict == SAPA_SIP_GUARD_PASS)
        sapa_sip_stack_receive(net->stack, flow, bytes, n, now_us);
    else if (verdict == SAPA_SIP_GUARD_REFUSE)
        sapa_sip_stack_receive_refused(net->stack, flow, bytes, n, RETRY_AFTER_S, now_us);
    return verdict != SAPA_SIP_GUARD_DROP;
}

/* Every whole message in the buffer. The stack may send and thereby kill the connection meanwhile. */
static void take_frames(struct conn *c)
{
    struct sapa_sip_net *net = c->net;
    const int64_t now_us = now_of(net);
    const struct sapa_sip_flow flow = flow_of(c);
    size_t at = 0;

    while (at < c->in_n && !c->dying) {
        struct sapa_sip_frame frame;
        const sapa_rc rc = sapa_sip_frame_find(c->in + at, c->in_n - at, &frame);
        at += frame.skip;
        if (frame.ping)
            (void)conn_send(c, "\r\n",
                            2); /* RFC 5626: a pong; if it cannot be sent nobody waits for it */
        if (rc == SAPA_EMORE)
            break;
        if (rc != SAPA_OK || !deliver(net, &flow, c->in + at, frame.size, now_us)) {
            kill_conn(c);
            return;
        }
        at += frame.size;
    }
    c->in_n -= at;
    memmove(c->in, c->in + at, c->in_n);
    if (c->in_n == 0) {
        c->partial_us = 0;
        free(c->in);
        c->in = NULL;
        c->in_size = 0;
    } else if (at > 0 || c->partial_us == 0) {
        c->partial_us = now_us;
    }
}

static void conn_readable(struct conn *c)
{
    for (int i = 0; (i < BATCHES || (c->tls && sapa_tls_pending(c->tls))) && !c->dying; i++) {
        size_t n = 0;
        if (c->in_size - c->in_n < READ_SIZE / 2) {
            const size_t size = SAPA_MAX(c->in_size * 2, (size_t)READ_SIZE);
            char *in = size <= BUFFER_MAX ? realloc(c->in, size) : NULL;
            if (!in) {
                kill_conn(c);
                return;
            }
            c->in = in;
            c->in_size = size;
        }
        const sapa_rc rc = conn_read(c, c->in + c->in_n, c->in_size - c->in_n, &n);
        if (rc == SAPA_EAGAIN)
            break;
        if (rc != SAPA_OK) {
            kill_conn(c);
            return;
        }
        c->in_n += n;
        c->active_us = now_of(c->net);
        take_frames(c);
    }
    if (c->in_n == 0) {
        free(c->in);
        c->in = NULL;
        c->in_size = 0;
    }
}

static void shake(struct conn *c)
{
    const sapa_rc rc = sapa_tls_handshake(c->tls);

    if (rc == SAPA_OK) {
        c->shaking = false;
        c->active_us = now_of(c->net);
    } else if (rc == SAPA_EAGAIN) {
        arm(c);
    } else {
        char text[64] = "";
        struct sapa_text peer;
        sapa_text_init(&peer, text, sizeof(text));
        sapa_sip_put_ip_port(&peer, &c->remote);
        if (now_of(c->net) - c->net->tls_said_us < SWEEP_US) {
            kill_conn(c);
            return;
        }
        c->net->tls_said_us = now_of(c->net);
        sapa_log(SAPA_LOG_INFO, "sip.tls", "peer=%s handshake=failed why=\"%s\"", text, sapa_tls_problem(c->tls));
        kill_conn(c);
    }
}

static void on_conn(void *ctx, int fd, unsigned events)
{
    struct conn *c = ctx;
    (void)fd;

    if (c->dying)
        return;
    touched(c->net);
    if (c->connecting && (events & (SAPA_LOOP_WRITE | SAPA_LOOP_HANGUP))) {
        if (sapa_socket_error(c->fd) != SAPA_OK) {
            kill_conn(c);
            return;
        }
        c->connecting = false;
        if (!c->shaking)
            c->active_us = now_of(c->net);
    }
    if (c->shaking && !c->connecting) {
        shake(c);
        if (c->shaking || c->dying)
            return;
        flush(c); /* and what came with the last of it is there already */
        events |= SAPA_LOOP_READ;
    }
    if (events & SAPA_LOOP_WRITE)
        flush(c);
    if (!c->dying && (events & (SAPA_LOOP_READ | SAPA_LOOP_HANGUP)))
        conn_readable(c);
}

static unsigned from_source(const struct sapa_sip_net *net, const struct sapa_sip_ip *ip)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < net->conn_slots; i++)
        count += net->conns[i]->used && sapa_sip_ip_same_host(&net->conns[i]->remote, ip);
    return count;
}

static void on_accept(void *ctx, int fd, unsigned events)
{
    struct socket *socket = ctx;
    struct sapa_sip_net *net = socket->net;
    (void)events;

    for (int i = 0; i < 64; i++) {
        struct sapa_addr peer;
        int got;
        if (sapa_tcp_accept(fd, &got, &peer) != SAPA_OK)
            break;
        const struct sapa_sip_ip remote = sapa_sip_ip_of_addr(&peer);
        struct conn *c =
            from_source(net, &remote) < net->opts.conns_per_source &&
                    (socket->kind != SAPA_SIP_FLOW_TLS || net->tls)
                ? new_conn(net, (enum sapa_sip_flow_kind)socket->kind)
                : NULL;
        if (!c) {
            sapa_fd_close(got);
            continue;
        }
        c->fd = got;
        c->remote = remote;
        c->local = local_towards(net, socket, &remote);
        c->shaking = socket->kind == SAPA_SIP_FLOW_TLS;
        if ((c->shaking && sapa_tls_accept(net->tls, got, &c->tls) != SAPA_OK) ||
            sapa_watch_start(net->opts.loop, &c->watch, got, SAPA_LOOP_READ, on_conn, c) != SAPA_OK)
            free_conn(net, c);
    }
    touched(net);
}

/* --- datagrams ---------------------------------------------------------------------------------------------------------- */

static void on_datagrams(void *ctx, int fd, unsigned events)
{
    struct socket *socket = ctx;
    struct sapa_sip_net *net = socket->net;
    const int64_t now_us = now_of(net);
    (void)events;

    for (int batch = 0; batch < BATCHES; batch++) {
        for (int i = 0; i < DATAGRAMS; i++) {
            net->packets[i].data = (uint8_t *)net->datagrams + (size_t)i * DATAGRAM_SIZE;
            net->packets[i].size_max = DATAGRAM_SIZE;
        }
        const size_t count = sapa_udp_receive(fd, net->packets, DATAGRAMS);
        for (size_t i = 0; i < count; i++) {
            struct sapa_packet *p = &net->packets[i];
            struct sapa_sip_flow flow = { .kind = SAPA_SIP_FLOW_UDP,
                                          .socket = socket->index,
                                          .remote = sapa_sip_ip_of_addr(&p->peer) };
            if (p->cut || p->size == 0 || flow.remote.port == 0 || sapa_addr_is_multicast(&p->peer))
                continue;
            flow.local = local_towards(net, socket, &flow.remote);
            (void)deliver(net, &flow, (char *)p->data, p->size,
                          now_us); /* a datagram has no connection to end */
        }
        if (count < DATAGRAMS)
            break;
    }
    touched(net);
}

/* --- transport ops --------------------------------------------------------------------------------------------------------- */

static sapa_rc net_send(void *ctx, const struct sapa_sip_flow *flow, const char *bytes, size_t n)
{
    struct sapa_sip_net *net = ctx;

    if (flow->kind >= SAPA_SIP_FLOW_KIND_COUNT)
        return SAPA_EIO;
    touched(net);
    if (net->foreign[flow->kind].send)
        return net->foreign[flow->kind].send(net->foreign[flow->kind].ctx, flow, bytes, n);
    if (flow->kind == SAPA_SIP_FLOW_UDP) {
        if (flow->socket >= net->socket_count ||
            net->sockets[flow->socket].kind != SAPA_SIP_FLOW_UDP)
            return SAPA_EIO;
        const struct sapa_addr to = sapa_sip_addr_of_ip(&flow->remote);
        const sapa_rc rc = sapa_udp_send_one(net->sockets[flow->socket].fd, &to, bytes, n);
        /* Full buffers and passing ICMP errors are losses like any other. */
        return rc == SAPA_EAGAIN || rc == SAPA_ECLOSED ? SAPA_OK : rc;
    }
    struct conn *c = conn_of(net, flow);
    return c ? conn_send(c, bytes, n) : SAPA_ECLOSED;
}

static bool is_loopback(const struct sapa_sip_ip *ip)
{
    const struct sapa_addr addr = sapa_sip_addr_of_ip(ip);

    return sapa_addr_is_loopback(&addr);
}

/*
 * From which of our sockets something new leaves for this peer: the one bound to the address that the kernel
 * routes from, else one bound to all, else any that can reach it. NULL: none; what is bound to loopback
 * reaches nobody outside.
 */
static const struct socket *socket_for(struct sapa_sip_net *net, enum sapa_sip_flow_kind kind,
                                       const struct sapa_sip_ip *peer)
{
    const bool inside = is_loopback(peer);
    const struct socket *best = NULL;
    unsigned best_rank = 0, candidates = 0;

    for (unsigned i = 0; i < net->socket_count; i++)
        candidates += net->sockets[i].kind == kind && net->sockets[i].bound.family == peer->family;
    for (unsigned i = 0; i < net->socket_count; i++) {
        const struct socket *socket = &net->sockets[i];
        if (socket->kind != kind || socket->bound.family != peer->family ||
            (!inside && is_loopback(&socket->bound)))
            continue;
        unsigned rank = 1;
        if (candidates > 1) {
            const struct sapa_sip_ip source = routed_towards(net, peer);
            rank = source.family && sapa_sip_ip_same_host(&socket->bound, &source) ? 4
                   : is_wildcard(&socket->bound)                                   ? 3
                   : is_loopback(&socket->bound) == inside                         ? 2
                                                                                   : 1;
        }
        if (rank > best_rank) {
            best = socket;
            best_rank = rank;
        }
    }
    return best;
}

static const char *name_of(const struct sapa_sip_net *net, const struct sapa_sip_ip *remote)
{
    for (size_t i = 0; i < TLS_NAMES; i++) {
        if (net->tls_names[i].remote.family && sapa_sip_ip_eq(&net->tls_names[i].remote, remote))
            return net->tls_names[i].name;
    }
    return NULL;
}

static sapa_rc open_stream(struct sapa_sip_net *net, enum sapa_sip_flow_kind kind,
                           const struct sapa_sip_ip *remote, struct sapa_sip_flow *ret_flow)
{
    const struct socket *socket = socket_for(net, kind, remote);
    const struct sapa_addr peer = sapa_sip_addr_of_ip(remote);

    for (uint32_t i = 0; i < net->conn_slots; i++) {
        const struct conn *have = net->conns[i];
        if (have->used && !have->dying && have->kind == kind && sapa_sip_ip_eq(&have->remote, remote)) {
            *ret_flow = flow_of(have);
            return SAPA_OK;
        }
    }
    if (kind == SAPA_SIP_FLOW_TLS && !net->tls)
        return SAPA_ENOENT;
    struct conn *c = new_conn(net, kind);
    if (!c)
        return SAPA_ELIMIT;
    c->remote = *remote;
    c->connecting = true;
    c->shaking = kind == SAPA_SIP_FLOW_TLS;
    /* From the address that we listen on, if it is a certain one. */
    const struct sapa_addr from =
        socket ? sapa_sip_addr_of_ip(&socket->bound) : (struct sapa_addr){ 0 };
    const bool bind = socket && !is_wildcard(&socket->bound);
    if (sapa_tcp_connect(bind ? &from : NULL, &peer, &c->fd) != SAPA_OK ||
        (c->shaking &&
         sapa_tls_connect(net->tls, c->fd, name_of(net, remote), &peer, &c->tls) != SAPA_OK) ||
        sapa_watch_start(net->opts.loop, &c->watch, c->fd, SAPA_LOOP_WRITE, on_conn, c) !=
            SAPA_OK) {
        free_conn(net, c);
        return SAPA_EIO;
    }
    struct sapa_addr local;
    if (socket)
        c->local = local_towards(net, socket, remote);
    else if (sapa_socket_local(c->fd, &local) == SAPA_OK)
        c->local = sapa_sip_ip_of_addr(&local);
    *ret_flow = flow_of(c);
    touched(net);
    return SAPA_OK;
}

static sapa_rc net_open(void *ctx, enum sapa_sip_flow_kind kind, const struct sapa_sip_ip *remote,
                        struct sapa_sip_flow *ret_flow)
{
    struct sapa_sip_net *net = ctx;

    if (remote->family != 4 && remote->family != 6)
        return SAPA_EINVAL;
    if (kind < SAPA_SIP_FLOW_KIND_COUNT && net->foreign[kind].send)
        return SAPA_ENOENT; /* only they can open those */
    if (kind == SAPA_SIP_FLOW_TCP || kind == SAPA_SIP_FLOW_TLS)
        return open_stream(net, kind, remote, ret_flow);
    const struct socket *socket =
        kind == SAPA_SIP_FLOW_UDP ? socket_for(net, kind, remote) : NULL;
    if (!socket)
        return SAPA_ENOENT;
    *ret_flow = (struct sapa_sip_flow){ .kind = SAPA_SIP_FLOW_UDP,
                                        .socket = socket->index,
                                        .remote = *remote,
                                        .local = local_towards(net, socket, remote) };
    return SAPA_OK;
}

const struct sapa_sip_transport_ops sapa_sip_net_ops = { .send = net_send, .open = net_open };

/* --- opening and closing ------------------------------------------------------------------------------------------------------ */

sapa_rc sapa_sip_net_open(const struct sapa_sip_net_opts *opts, struct sapa_sip_net **ret_net)
{
    struct sapa_sip_net *net = calloc(1, sizeof(*net));

    if (!net || !opts->loop) {
        free(net);
        return net ? SAPA_EINVAL : SAPA_ENOMEM;
    }
    net->opts = *opts;
    net->opts.conns_max = opts->conns_max ? opts->conns_max : 4096;
    net->opts.conns_per_source = opts->conns_per_source ? opts->conns_per_source : 64;
    net->opts.idle_ms = opts->idle_ms ? opts->idle_ms : 960000;
    net->opts.queue_max = opts->queue_max ? opts->queue_max : 262144;
    net->conn_free = SAPA_NONE;
    net->datagrams =
        malloc((size_t)DATAGRAMS * DATAGRAM_SIZE); /* touched only as far as datagrams are long */
    if (!net->datagrams) {
        free(net);
        return SAPA_ENOMEM;
    }
    *ret_net = net;
    return SAPA_OK;
}

void sapa_sip_net_attach(struct sapa_sip_net *net, struct sapa_sip_stack *stack)
{
    net->stack = stack;
}

void sapa_sip_net_close(struct sapa_sip_net *net)
{
    if (!net)
        return;
    for (unsigned i = 0; i < net->socket_count; i++) {
        sapa_watch_stop(net->opts.loop, &net->sockets[i].watch);
        sapa_fd_close(net->sockets[i].fd);
    }
    for (uint32_t i = 0; i < net->conn_slots; i++) {
        if (net->conns[i]->used)
            free_conn(net, net->conns[i]);
        free(net->conns[i]);
    }
    sapa_loop_undefer(net->opts.loop, &net->turn_end);
    sapa_timer_cancel(net->opts.loop, &net->timer);
    sapa_tls_context_release(net->tls);
    free(net->conns);
    free(net->datagrams);
    free(net);
}

sapa_rc sapa_sip_net_listen(struct sapa_sip_net *net, const struct sapa_sip_listen *listen,
                            struct sapa_sip_ip *ret_bound)
{
    const bool udp = listen->kind == SAPA_SIP_FLOW_UDP;
    const struct sapa_addr want = sapa_sip_addr_of_ip(&listen->local);
    struct sapa_addr bound;
    int fd = listen->fd;
    sapa_rc rc = SAPA_OK;

    sapa_assert(net->stack);
    if (net->socket_count == SAPA_SIP_SOCKETS_MAX)
        return SAPA_ELIMIT;
    if ((!udp && listen->kind != SAPA_SIP_FLOW_TCP && listen->kind != SAPA_SIP_FLOW_TLS) || (fd < 0 && listen->local.family == 0))
        return SAPA_EINVAL;
    if (fd < 0) {
        const struct sapa_udp_opts opts = { .receive_bytes = 4 << 20, .send_bytes = 4 << 20 };
        rc = udp ? sapa_udp_open(&want, &opts, &fd) : sapa_tcp_listen(&want, &fd);
    }
    if (rc == SAPA_OK)
        rc = sapa_socket_local(fd, &bound);
    if (rc == SAPA_OK) {
        struct socket *socket = &net->sockets[net->socket_count];
        *socket = (struct socket){ .net = net,
                                   .kind = (uint8_t)listen->kind,
                                   .index = (uint8_t)net->socket_count,
                                   .fd = fd,
                                   .bound = sapa_sip_ip_of_addr(&bound) };
        if (listen->advertise) {
            socket->advertise = *listen->advertise;
            if (socket->advertise.port == 0)
                socket->advertise.port = socket->bound.port;
        }
        rc = sapa_watch_start(net->opts.loop, &socket->watch, fd, SAPA_LOOP_READ,
                              udp ? on_datagrams : on_accept, socket);
        if (rc == SAPA_OK) {
            net->socket_count++;
            if (ret_bound)
                *ret_bound = socket->bound;
            return SAPA_OK;
        }
    }
    if (listen->fd < 0)
        sapa_fd_close(fd);
    return rc == SAPA_EEXIST ? SAPA_EEXIST : SAPA_EIO;
}

/* --- TLS --- */

void sapa_sip_net_tls(struct sapa_sip_net *net, struct sapa_tls_context *context)
{
    sapa_tls_context_release(net->tls);
    net->tls = context ? sapa_tls_context_keep(context) : NULL;
}

sapa_rc sapa_sip_net_tls_name(struct sapa_sip_net *net, const struct sapa_sip_ip *remote, struct sapa_str name)
{
    size_t at = TLS_NAMES;

    if (name.n >= sizeof(net->tls_names[0].name))
        return SAPA_EINVAL;
    for (size_t i = TLS_NAMES; i-- > 0;) {
        if (net->tls_names[i].remote.family == 0 && at == TLS_NAMES)
            at = i;
        if (net->tls_names[i].remote.family && sapa_sip_ip_eq(&net->tls_names[i].remote, remote)) {
            at = i;
            break;
        }
    }
    if (at == TLS_NAMES && name.n == 0)
        return SAPA_OK;
    if (at == TLS_NAMES) /* addresses change with the records of a name: the oldest goes */
        at = net->tls_name_next++ % TLS_NAMES;
    net->tls_names[at].remote = name.n > 0 ? *remote : (struct sapa_sip_ip){ 0 };
    sapa_str_copy(name, net->tls_names[at].name, sizeof(net->tls_names[at].name));
    return SAPA_OK;
}

bool sapa_sip_net_peer_is(const struct sapa_sip_net *net, const struct sapa_sip_flow *flow, struct sapa_str name)
{
    const struct conn *c = flow->kind == SAPA_SIP_FLOW_TLS ? conn_of(net, flow) : NULL;
    char text[129];

    return c && c->tls && !c->shaking && name.n > 0 && sapa_str_copy(name, text, sizeof(text)) &&
           sapa_tls_peer_is(c->tls, text);
}

/* --- foreign connections -------------------------------------------------------------------------------------------------------- */

void sapa_sip_net_foreign(struct sapa_sip_net *net, enum sapa_sip_flow_kind kind,
                          sapa_sip_foreign_send_fn *send, void *ctx)
{
    sapa_assert(kind == SAPA_SIP_FLOW_WS || kind == SAPA_SIP_FLOW_WSS);
    net->foreign[kind].send = send;
    net->foreign[kind].ctx = ctx;
}

void sapa_sip_net_foreign_receive(struct sapa_sip_net *net, const struct sapa_sip_flow *flow,
                                  char *bytes, size_t n, int64_t now_us)
{
    (void)deliver(net, flow, bytes, n, now_us); /* whose connection it is may end it */
    touched(net);
}

/* --- time ------------------------------------------------------------------------------------------------------------------------ */

void sapa_sip_net_run_due(struct sapa_sip_net *net, int64_t now_us)
{
    if (net->conn_count > 0 && net->sweep_us <= now_us) {
        net->sweep_us = now_us + SWEEP_US;
        for (uint32_t i = 0; i < net->conn_slots; i++) {
            struct conn *c = net->conns[i];
            if (!c->used || c->dying)
                continue;
            if (((c->connecting || c->shaking) && now_us - c->active_us > CONNECT_US) ||
                (c->partial_us && now_us - c->partial_us > HALF_MESSAGE_US) ||
                now_us - c->active_us > net->opts.idle_ms * 1000LL)
                kill_conn(c);
        }
    }
    sapa_sip_stack_run_due(net->stack, now_us);
    touched(net);
}

uint32_t sapa_sip_net_connections(const struct sapa_sip_net *net)
{
    return net->conn_count;
}
