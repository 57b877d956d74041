/**
 * @file sdp/crypto.h
 * Keys for SRTP in a description (SDES, RFC 4568): a=crypto lines of the two suites that every phone has.
 *
 * Room    sdp: base only.
 * Thread  any (pure).
 * Design  docs/design/sip.md#sdp
 * Tests   sdp/crypto_test.c, sdp/sdp_fuzz.c
 */
#ifndef SAPA_SDP_CRYPTO_H
#define SAPA_SDP_CRYPTO_H

#include "base/str.h"

enum { SAPA_SDP_KEY_SIZE = 30 }; /* master key and salt (RFC 3711) */

enum sapa_srtp_suite {
    SAPA_SRTP_NONE,
    SAPA_SRTP_AES128_SHA1_80, /* AES_CM_128_HMAC_SHA1_80 */
    SAPA_SRTP_AES128_SHA1_32, /* AES_CM_128_HMAC_SHA1_32 */
    SAPA_SRTP_SUITE_COUNT
};

struct sapa_sdp_crypto {
    uint8_t suite; /* enum sapa_srtp_suite; NONE: no key */
    uint32_t tag;
    uint8_t key[SAPA_SDP_KEY_SIZE]; /* of who wrote the line, for what they send */
};

/** The first line in `media` (all lines of a section) that we can use: a suite of ours, one key, no MKI, no parameter that changes the packets. False: none. */
bool sapa_sdp_crypto_pick(struct sapa_str media, struct sapa_sdp_crypto *ret_crypto);
/** "a=crypto:TAG SUITE inline:KEY\r\n". */
void sapa_sdp_crypto_put(struct sapa_text *out, uint32_t tag, enum sapa_srtp_suite suite, const uint8_t key[SAPA_SDP_KEY_SIZE]);

#endif
