/**
 * @file sip/flow.h
 * Where messages come from and go to: network addresses, flows, and the port to the transports.
 *
 * A flow is a value: kind, the two addresses, and for connections an id with a generation, so that
 * a reused connection slot is never mistaken for the old one. UDP, TCP are made by sip/net.h; TLS
 * and WebSocket connections come from outside with their own ids (sapa_sip_net_foreign).
 *
 * Room    sip: base and rt only.
 * Thread  the SIP thread.
 * Design  docs/design/sip.md#transport
 */
#ifndef SAPA_SIP_FLOW_H
#define SAPA_SIP_FLOW_H

#include "base/str.h"

struct sapa_sip_ip {
    uint8_t family;    /* 4, 6; 0: none */
    uint8_t bytes[16]; /* network order; IPv4 in the first four */
    uint16_t port;     /* host order */
    uint32_t scope;    /* IPv6 link-local scope, else 0 */
};

/** "192.0.2.1", "2001:db8::1" or "[2001:db8::1]"; an IPv4-mapped IPv6 address becomes IPv4. SAPA_EINVAL for a name. */
SAPA_MUST_CHECK sapa_rc sapa_sip_ip_parse(struct sapa_str host, uint16_t port,
                                          struct sapa_sip_ip *ret_ip);
bool sapa_sip_ip_eq(const struct sapa_sip_ip *a,
                    const struct sapa_sip_ip *b); /* address and port */
bool sapa_sip_ip_same_host(const struct sapa_sip_ip *a,
                           const struct sapa_sip_ip *b); /* address only */
/** As a URI host: "192.0.2.1" or "[2001:db8::1]", without port. */
void sapa_sip_put_ip(struct sapa_text *out, const struct sapa_sip_ip *ip);
/** With ":port". */
void sapa_sip_put_ip_port(struct sapa_text *out, const struct sapa_sip_ip *ip);

enum sapa_sip_flow_kind {
    SAPA_SIP_FLOW_NONE,
    SAPA_SIP_FLOW_UDP,
    SAPA_SIP_FLOW_TCP,
    SAPA_SIP_FLOW_TLS,
    SAPA_SIP_FLOW_WS,
    SAPA_SIP_FLOW_WSS,
    SAPA_SIP_FLOW_KIND_COUNT
};

struct sapa_sip_flow {
    uint8_t kind;              /* enum sapa_sip_flow_kind */
    uint8_t socket;            /* UDP: index of our socket */
    uint32_t conn;             /* connections: id; UDP: 0 */
    uint32_t generation;       /* connections: of the id */
    struct sapa_sip_ip local;  /* what to advertise in Via and Contact */
    struct sapa_sip_ip remote; /* where the peer's packets come from */
};

bool sapa_sip_flow_eq(const struct sapa_sip_flow *a, const struct sapa_sip_flow *b);
bool sapa_sip_flow_reliable(const struct sapa_sip_flow *flow);
const char *sapa_sip_flow_name(enum sapa_sip_flow_kind kind); /* "UDP" … as in Via */
enum sapa_sip_flow_kind sapa_sip_flow_kind_of(
    struct sapa_str name); /* "udp" …, case ignored; NONE if unknown */
/** "<sip:USER@IP:PORT;transport=tcp>" (user as written in a URI, empty: none), the Contact of ours that a peer on this flow can reach. */
void sapa_sip_put_contact(struct sapa_text *out, const struct sapa_sip_flow *flow,
                          struct sapa_str user);

/** How the stack reaches the network. Implemented by sip/net.h for real, by tests as a fake. */
struct sapa_sip_transport_ops {
    /**
     * Send one whole message. Must not call back into the stack.
     * SAPA_OK: sent, queued or lost by the network. SAPA_ECLOSED: the connection is gone.
     * SAPA_EAGAIN, SAPA_ELIMIT: the peer does not read, its queue is full. SAPA_EIO: refused.
     */
    sapa_rc (*send)(void *ctx, const struct sapa_sip_flow *flow, const char *bytes, size_t n);
    /**
     * A flow of `kind` to `remote`: UDP at once; TCP an existing connection or a new one that is
     * being opened (what is sent waits for it). SAPA_ENOENT: no such socket; SAPA_ELIMIT.
     * WS, WSS and foreign kinds: SAPA_ENOENT.
     */
    sapa_rc (*open)(void *ctx, enum sapa_sip_flow_kind kind, const struct sapa_sip_ip *remote,
                    struct sapa_sip_flow *ret_flow);
};

#endif
