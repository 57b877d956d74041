/**
 * @file sip/net.h
 * The real transports: UDP, TCP and TLS, IPv4 and IPv6, on a loop of rt; and the seam for connections
 * that others keep (WebSocket).
 *
 * Received bytes go through the guard, are framed, and reach the stack by sapa_sip_stack_receive().
 *
 * Room    sip: base and rt only.
 * Thread  the SIP thread, whose loop it is.
 * Design  docs/design/sip.md#transport
 * Tests   sip/net_test.c (loopback)
 */
#ifndef SAPA_SIP_NET_H
#define SAPA_SIP_NET_H

#include "sip/stack.h"

struct sapa_addr; /* rt/socket.h */
struct sapa_loop; /* rt/loop.h */
struct sapa_sip_guard;
struct sapa_sip_net;
struct sapa_tls_context; /* rt/tls.h */

enum { SAPA_SIP_SOCKETS_MAX = 10 };

struct sapa_sip_net_opts {
    struct sapa_loop *loop;
    struct sapa_sip_guard *guard; /* may be NULL: no limits */
    uint32_t conns_max;           /* TCP and TLS connections; 0: 4,096 */
    uint32_t conns_per_source;    /* 0: 64 */
    uint32_t
        idle_ms; /* a connection without any bytes is closed; 0: 960,000. Half-received messages: 20 s */
    uint32_t queue_max; /* unsent bytes of a connection; 0: 262,144 */
};
SAPA_MUST_CHECK sapa_rc sapa_sip_net_open(const struct sapa_sip_net_opts *opts,
                                          struct sapa_sip_net **ret_net);
void sapa_sip_net_close(struct sapa_sip_net *net);

/** Give it its stack (opened with sapa_sip_net_ops and the net as transport_ctx) before any socket. */
void sapa_sip_net_attach(struct sapa_sip_net *net, struct sapa_sip_stack *stack);
extern const struct sapa_sip_transport_ops sapa_sip_net_ops;

/**
 * Listen. `kind` UDP, TCP or TLS (connections are accepted once sapa_sip_net_tls() was called); `local` address and port (port 0: any; 0.0.0.0 and :: allowed).
 * `advertise`: what to put into Via and Contact; NULL: the bound address, or for 0.0.0.0 and :: the one the kernel would use towards the peer.
 * `fd` >= 0: an open, bound (TCP: listening) socket, taken over by the net except when it fails; -1: open one.
 * `ret_bound` (may be NULL): the address bound, with its port.
 * SAPA_EEXIST: the port is taken; SAPA_EIO: the system refuses; SAPA_ELIMIT: more than SAPA_SIP_SOCKETS_MAX.
 */
struct sapa_sip_listen {
    enum sapa_sip_flow_kind kind;
    struct sapa_sip_ip local;
    const struct sapa_sip_ip *advertise;
    int fd;
};
SAPA_MUST_CHECK sapa_rc sapa_sip_net_listen(struct sapa_sip_net *net,
                                            const struct sapa_sip_listen *listen,
                                            struct sapa_sip_ip *ret_bound);

/**
 * Certificates for TLS from now on, for what is accepted and what is opened; connections that live keep theirs.
 * The net is another holder of it. NULL: no TLS.
 */
void sapa_sip_net_tls(struct sapa_sip_net *net, struct sapa_tls_context *context);
/** Who must answer at this address when we open TLS to it; forgotten with NULL. Without: the certificate must be for the address. 256 are remembered, the oldest gives way: say it before each opening. SAPA_EINVAL: too long. */
SAPA_MUST_CHECK sapa_rc sapa_sip_net_tls_name(struct sapa_sip_net *net, const struct sapa_sip_ip *remote, struct sapa_str name);
/** The peer of this connection has shown a certificate that we trust and that is for this name. */
bool sapa_sip_net_peer_is(const struct sapa_sip_net *net, const struct sapa_sip_flow *flow, struct sapa_str name);

/**
 * A connection kept by somebody else in this thread or another (WebSocket): messages for it are handed to `send`.
 * Its incoming messages go to sapa_sip_net_foreign_receive(), its end to sapa_sip_stack_flow_closed().
 */
typedef sapa_rc sapa_sip_foreign_send_fn(void *ctx, const struct sapa_sip_flow *flow,
                                         const char *bytes, size_t n);
void sapa_sip_net_foreign(struct sapa_sip_net *net, enum sapa_sip_flow_kind kind,
                          sapa_sip_foreign_send_fn *send, void *ctx);
/** One whole message (WebSocket frame) of a foreign connection; passes the guard. `bytes` is changed. */
void sapa_sip_net_foreign_receive(struct sapa_sip_net *net, const struct sapa_sip_flow *flow,
                                  char *bytes, size_t n, int64_t now_us);

/** rt's form of an address and ours. */
struct sapa_sip_ip sapa_sip_ip_of_addr(const struct sapa_addr *addr);
struct sapa_addr sapa_sip_addr_of_ip(const struct sapa_sip_ip *ip);

/**
 * Idle connections, then the stack's timers. The net runs these by itself from a timer on its loop, set anew
 * after everything it receives or sends; a user that changes timers without sending may call them as well.
 */
int64_t sapa_sip_net_next_due(const struct sapa_sip_net *net);
void sapa_sip_net_run_due(struct sapa_sip_net *net, int64_t now_us);

uint32_t sapa_sip_net_connections(const struct sapa_sip_net *net);

#endif
