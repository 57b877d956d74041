/**
 * @file ice/stun.h
 * STUN messages (RFC 8489) with the attributes of ICE (RFC 8445): bytes to struct, and the few that are written.
 *
 * Room    ice: base, rt.   Thread  any.
 * Limits  a message of SAPA_STUN_MAX octets, 32 attributes, 8 unknown ones reported
 * Tests   ice/stun_test.c (RFC 5769), ice/stun_fuzz.c
 */
#ifndef SAPA_ICE_STUN_H
#define SAPA_ICE_STUN_H

#include "rt/socket.h"

enum {
    SAPA_STUN_HEAD = 20,
    SAPA_STUN_MAX = 548,           /* octets of a message that is read (RFC 8489 section 6.1: what fits any path) */
    SAPA_STUN_OUT_MAX = 256,       /* octets that the writers may need */
    SAPA_STUN_UNKNOWN_MAX = 8,
    SAPA_STUN_USERNAME_MAX = 128,
    SAPA_STUN_PASSWORD_MAX = 64
};

/* Method binding in the four classes. */
enum {
    SAPA_STUN_REQUEST = 0x0001,
    SAPA_STUN_INDICATION = 0x0011,
    SAPA_STUN_SUCCESS = 0x0101,
    SAPA_STUN_ERROR = 0x0111
};

/** Pointers go into the message that was read. */
struct sapa_stun {
    uint16_t type;
    uint8_t transaction[12];
    struct sapa_str username;      /* empty: none */
    bool has_integrity, has_fingerprint;
    bool use_candidate, controlling, controlled;
    uint64_t tie_breaker;          /* with one of the two */
    uint32_t priority;
    uint16_t error;                /* 300 … 699 in an error response, else 0 */
    struct sapa_addr mapped;       /* XOR-MAPPED-ADDRESS */
    uint16_t unknown[SAPA_STUN_UNKNOWN_MAX]; /* attributes that must be understood and are not */
    unsigned unknown_count;
    size_t integrity_at;           /* offset of MESSAGE-INTEGRITY */
};

/** By its first octets: two zero bits and the magic cookie. RTP and DTLS never look so (RFC 7983). */
bool sapa_stun_is(const uint8_t *bytes, size_t size);
/**
 * @retval SAPA_EINVAL   not STUN, lengths that do not fit, a FINGERPRINT that is wrong or not the last
 * @retval SAPA_ELIMIT   longer than SAPA_STUN_MAX, or too many attributes
 */
SAPA_MUST_CHECK sapa_rc sapa_stun_parse(const uint8_t *bytes, size_t size, struct sapa_stun *ret);
/** MESSAGE-INTEGRITY under this password (short-term credentials). `bytes` as they were parsed. Compares in constant time. */
bool sapa_stun_is_by(const struct sapa_stun *stun, const uint8_t *bytes, const char *password);

/** What to say. */
struct sapa_stun_out {
    uint16_t type;
    uint8_t transaction[12];
    const char *username;          /* NULL: none */
    const struct sapa_addr *mapped; /* NULL: none */
    uint16_t error;                /* 0: none */
    const uint16_t *unknown;       /* with error 420 */
    unsigned unknown_count;
    bool use_candidate, controlling, controlled;
    uint64_t tie_breaker;
    uint32_t priority;             /* 0: none */
    const char *password;          /* NULL: no MESSAGE-INTEGRITY */
};

/** Into SAPA_STUN_OUT_MAX octets, FINGERPRINT at the end. Returns the size. */
size_t sapa_stun_write(const struct sapa_stun_out *out, uint8_t ret_bytes[SAPA_STUN_OUT_MAX]);

#endif
