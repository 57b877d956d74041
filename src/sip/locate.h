/**
 * @file sip/locate.h
 * Where a SIP server is (RFC 3263): NAPTR → SRV → A and AAAA, in an order that spreads load (RFC 2782).
 *
 * A host with a port, or a numeric one, is only looked up as an address. A host alone: its NAPTR records name
 * the services; without any that fit, the usual names are asked for (_sip._udp …); without those the host itself.
 * At most 1 + 4 + 8 questions are asked, whatever the answers say, and the whole ends within its time limit.
 * Answers are parsed by c-ares; what is taken of them is limited here.
 *
 * Room    sip: base and rt only.
 * Thread  the loop's.
 * Design  docs/design/sip.md
 * Tests   sip/locate_test.c (a name server of its own, which lies, loops, floods and is silent)
 */
#ifndef SAPA_SIP_LOCATE_H
#define SAPA_SIP_LOCATE_H

#include "sip/flow.h"

struct sapa_dns;  /* rt/dns.h */
struct sapa_loop; /* rt/loop.h */
struct sapa_sip_locate;

enum { SAPA_SIP_PLACES_MAX = 8 };

/** One address to try. */
struct sapa_sip_place {
    uint8_t kind;    /* enum sapa_sip_flow_kind: UDP, TCP or TLS */
    uint8_t group;   /* places of one SRV record share it, and stand together */
    uint16_t weight; /* among groups of a rank */
    uint32_t rank;   /* lower ones first: order of NAPTR in bits 16 to 18, priority of SRV below */
    struct sapa_sip_ip ip;
};

struct sapa_sip_locate_ask {
    struct sapa_str host; /* <= 253 bytes */
    uint16_t port;        /* 0: not given */
    uint8_t kind;         /* enum sapa_sip_flow_kind; NONE: what their records prefer of UDP, TCP and TLS */
    uint32_t time_ms;     /* 0: 10,000 */
};

/** rc: OK with count >= 1; SAPA_ENOENT nothing there, SAPA_ETIMEOUT, SAPA_ECLOSED. The array lives during the call, the locate no more. */
typedef void sapa_sip_locate_fn(void *ctx, sapa_rc rc, const struct sapa_sip_place *places, size_t count);

/** The answer never comes within the call. SAPA_EINVAL: no host name; SAPA_ELIMIT: too many questions open; SAPA_ENOMEM. */
SAPA_MUST_CHECK sapa_rc sapa_sip_locate(struct sapa_loop *loop, struct sapa_dns *dns, const struct sapa_sip_locate_ask *ask,
                                        sapa_sip_locate_fn *fn, void *ctx, struct sapa_sip_locate **ret_locate);
/** The answer will not come. Only before it has come. NULL is fine. */
void sapa_sip_locate_cancel(struct sapa_sip_locate *locate);

/**
 * The order in which to try places (count <= 64): by rank, groups of a rank by weight as RFC 2782 has it, drawn from
 * `seed`, so that the same seed gives the same order. `ret_order` gets `count` indices.
 */
void sapa_sip_places_order(const struct sapa_sip_place *places, size_t count, uint64_t seed, uint8_t *ret_order);

#endif
