/**
 * @file sip/guard.h
 * Limits per source address: a token bucket for messages, in a table of fixed size.
 *
 * IPv4 addresses count by themselves, IPv6 by their /64. When the table is full the least recently
 * seen source goes; a source that is new starts with a full bucket.
 *
 * Room    sip: base and rt only.   Thread  the SIP thread only.   Tests  sip/guard_test.c
 */
#ifndef SAPA_SIP_GUARD_H
#define SAPA_SIP_GUARD_H

#include "sip/flow.h"

struct sapa_sip_guard;
struct sapa_sip_guard_opts {
    uint32_t sources_max; /* 0: 4,096 */
    uint32_t per_s;       /* messages per second and source; 0: 200 */
    uint32_t burst;       /* 0: 400 */
    uint8_t secret[16];   /* random; all zero: drawn from the system */
};
enum sapa_sip_guard_verdict {
    SAPA_SIP_GUARD_PASS,
    SAPA_SIP_GUARD_REFUSE, /* above the rate: requests get 503 with Retry-After */
    SAPA_SIP_GUARD_DROP,   /* far above it (a second burst is spent too): silence */
};
SAPA_MUST_CHECK sapa_rc sapa_sip_guard_open(const struct sapa_sip_guard_opts *opts,
                                            struct sapa_sip_guard **ret_guard);
void sapa_sip_guard_close(struct sapa_sip_guard *guard);
/** One more message of this source. */
enum sapa_sip_guard_verdict sapa_sip_guard_take(struct sapa_sip_guard *guard,
                                                const struct sapa_sip_ip *source, int64_t now_us);
/** A source without limits: a trunk by its address. SAPA_ELIMIT: more than 256. */
SAPA_MUST_CHECK sapa_rc sapa_sip_guard_trust(struct sapa_sip_guard *guard,
                                             const struct sapa_sip_ip *source);
uint64_t sapa_sip_guard_refused(
    const struct sapa_sip_guard *guard); /* messages refused or dropped */

#endif
