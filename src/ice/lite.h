/**
 * @file ice/lite.h
 * The answering half of ICE (RFC 8445 section 2.5, ICE-lite): who may speak with us, and from where.
 *
 * The peer is controlling and full: it checks, we answer. A check with our credentials proves an address; one that
 * nominates makes it the selected one. Each good check also is the peer's consent (RFC 7675). A restart is a second pair
 * of credentials: the first holds until an address is nominated with the second.
 *
 * Pure but for the digest: time and addresses come from the caller, who sends what is to be answered.
 * Room    ice: base, rt.   Thread  the owner's.   Tests  ice/lite_test.c
 */
#ifndef SAPA_ICE_LITE_H
#define SAPA_ICE_LITE_H

#include "ice/stun.h"

enum {
    SAPA_ICE_UFRAG_SIZE = 9,       /* with NUL, as the next two */
    SAPA_ICE_PWD_SIZE = 25,
    SAPA_ICE_PEER_UFRAG_SIZE = 33,
    SAPA_ICE_CONSENT_US = 30000000
};

struct sapa_ice_pair {
    char ufrag[SAPA_ICE_UFRAG_SIZE], pwd[SAPA_ICE_PWD_SIZE]; /* ours */
    char peer_ufrag[SAPA_ICE_PEER_UFRAG_SIZE];               /* empty: any */
};

/** Zeroed: nothing yet. Fields may be read. */
struct sapa_ice {
    struct sapa_ice_pair now, next; /* next: of a restart, ufrag empty when there is none */
    struct sapa_addr selected;      /* unset: nothing was nominated */
    int64_t consent_us;             /* last good check */
    bool lapsed;                    /* no consent any more */
    uint64_t checks, refused;
};

/**
 * Credentials as control says them; those that are known get only their `peer_ufrag`, others begin a restart.
 * Returns whether a restart began.
 */
bool sapa_ice_set(struct sapa_ice *ice, const struct sapa_ice_pair *pair);
/** The newest credentials: those of a restart that is under way, else those in use. */
const struct sapa_ice_pair *sapa_ice_newest(const struct sapa_ice *ice);

enum sapa_ice_result {
    SAPA_ICE_IGNORED,   /* none of ours, malformed, not a request */
    SAPA_ICE_REFUSED,   /* answered with an error */
    SAPA_ICE_CHECKED,   /* a good check: this address may speak */
    SAPA_ICE_NOMINATED, /* ... and it became the selected one */
    SAPA_ICE_RESTARTED  /* ... with the credentials of the restart: the old ones are forgotten */
};

/**
 * One STUN message from `from`.
 * @param ret_answer  what to send back there
 * @param ret_size    0: nothing
 */
enum sapa_ice_result sapa_ice_take(struct sapa_ice *ice, const uint8_t *bytes, size_t size, const struct sapa_addr *from,
                                   int64_t now_us, uint8_t ret_answer[SAPA_STUN_OUT_MAX], size_t *ret_size);
/** An address is selected and its owner still wants to hear from us. */
bool sapa_ice_is_up(const struct sapa_ice *ice);
/** Now and then. True once, when consent has just lapsed: no good check for `consent_us` (SAPA_ICE_CONSENT_US but in tests). */
bool sapa_ice_tick(struct sapa_ice *ice, int64_t consent_us, int64_t now_us);
/** Our half of a username "ours:theirs" as the eight octets of a key, zero behind it; 0: none that can be ours. */
uint64_t sapa_ice_key(struct sapa_str username);

#endif
