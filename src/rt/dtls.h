/**
 * @file rt/dtls.h
 * DTLS 1.2 for SRTP (RFC 6347, RFC 5764) by OpenSSL: handshakes over datagrams that the caller moves, with the caller's clock.
 *
 * Who the peer is, is not known here: any certificate passes, and the caller compares its digest with what was signalled
 * (RFC 5763). Nothing but the handshake goes over the association.
 *
 * Room    rt.   Thread  a context: any, once made; an association: one at a time.
 * Limits  certificates of 16 kB; 12 retransmissions of a flight, the first after 100 ms; datagrams of 1,200 octets
 * Tests   rt/dtls_test.c (both roles, each flight lost), rt/dtls_fuzz.c
 */
#ifndef SAPA_RT_DTLS_H
#define SAPA_RT_DTLS_H

#include "base/base.h"

struct sapa_dtls_context;
struct sapa_dtls;

enum {
    SAPA_DTLS_FINGERPRINT_SIZE = 32,
    SAPA_DTLS_DIGEST_MAX = 64,
    SAPA_DTLS_RANDOM_SIZE = 32
};

/** A new P-256 key with a certificate that it signs itself, valid for ten years. @retval SAPA_ENOMEM, SAPA_EIO */
SAPA_MUST_CHECK sapa_rc sapa_dtls_context_new(struct sapa_dtls_context **ret_context);
/** Not while associations are left. NULL is fine. */
void sapa_dtls_context_free(struct sapa_dtls_context *context);
/** SHA-256 of its certificate. */
const uint8_t *sapa_dtls_fingerprint(const struct sapa_dtls_context *context);

/** One datagram for the peer; never fails in a way that matters (it is sent again). */
typedef void sapa_dtls_send_fn(void *owner, const void *datagram, size_t size);

/** `is_client`: begins at once, with the first datagram. */
SAPA_MUST_CHECK sapa_rc sapa_dtls_new(struct sapa_dtls_context *context, bool is_client, sapa_dtls_send_fn *send, void *owner,
                                      int64_t now_us, struct sapa_dtls **ret_dtls);
/** Without a word to the peer. NULL is fine. */
void sapa_dtls_free(struct sapa_dtls *dtls);
/**
 * A datagram that came.
 * @retval SAPA_OK       the handshake is through, now or before
 * @retval SAPA_EAGAIN   it goes on
 * @retval SAPA_ECLOSED  the peer said good-bye
 * @retval SAPA_EIO      it failed; nothing more will come of it
 */
SAPA_MUST_CHECK sapa_rc sapa_dtls_take(struct sapa_dtls *dtls, const void *datagram, size_t size, int64_t now_us);
/** When sapa_dtls_tick() has something to do; INT64_MAX: never. */
int64_t sapa_dtls_due_us(const struct sapa_dtls *dtls);
/** Sends a flight again whose answer is overdue. Results as sapa_dtls_take(). */
SAPA_MUST_CHECK sapa_rc sapa_dtls_tick(struct sapa_dtls *dtls, int64_t now_us);
/** Good-bye, if the handshake is through. */
void sapa_dtls_close(struct sapa_dtls *dtls);

enum sapa_dtls_profile { SAPA_DTLS_AES128_CM_SHA1_80 = 1, SAPA_DTLS_AEAD_AES_128_GCM = 7 }; /* numbers of RFC 5764 and 7714 */

/** What came of it. The caller wipes it. */
struct sapa_dtls_result {
    uint16_t profile;          /* enum sapa_dtls_profile */
    uint8_t send[30], receive[30]; /* master key, then salt (14 octets, 12 with GCM) */
    uint8_t sha256[32], sha384[48], sha512[64]; /* of the peer's certificate */
};

/** @retval SAPA_ESTATE  not through   @retval SAPA_EDENIED  no profile in common, or no certificate */
SAPA_MUST_CHECK sapa_rc sapa_dtls_result(const struct sapa_dtls *dtls, struct sapa_dtls_result *ret);

/** RFC 7983: the first octet of a DTLS record. */
static inline bool sapa_dtls_is(const uint8_t *bytes, size_t size)
{
    return size >= 13 && bytes[0] >= 20 && bytes[0] <= 63;
}
/** The random of a ClientHello that begins an association, by which two are told apart. NULL: it is none. */
const uint8_t *sapa_dtls_client_random(const uint8_t *bytes, size_t size);

#endif
