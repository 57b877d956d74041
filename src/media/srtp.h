/**
 * @file media/srtp.h
 * SRTP and SRTCP of one leg (RFC 3711, RFC 7714, libsrtp): packets are opened when they come and sealed when they go, everything
 * between sees plain RTP.
 *
 * Room    media.   Thread  the leg's packet thread; made by any.
 * Limits  a replay window of 1,024 packets; any SSRC of the peer
 * Tests   media/srtp_test.c, media/media_process_test.c
 */
#ifndef SAPA_MEDIA_SRTP_H
#define SAPA_MEDIA_SRTP_H

#include "base/base.h"
#include "model/media.h"

enum { SAPA_SRTP_EXTRA = 32 }; /* a sealed packet is at most so much longer */
enum { SAPA_SRTP_GCM_128 = 3 }; /* a suite that only DTLS negotiates (RFC 7714): 16 octets of key, 12 of salt */

struct sapa_srtp;

/** Before the first; again does nothing. Not by two threads at once. */
SAPA_MUST_CHECK sapa_rc sapa_srtp_init(void);
/** `suite` and keys as in LEG_SET, or SAPA_SRTP_GCM_128. SAPA_EINVAL: no such suite; SAPA_ENOMEM. */
SAPA_MUST_CHECK sapa_rc sapa_srtp_new(uint8_t suite, const uint8_t send[SAPA_MEDIA_SRTP_KEY_SIZE],
                                      const uint8_t receive[SAPA_MEDIA_SRTP_KEY_SIZE], struct sapa_srtp **ret_srtp);
/** NULL is fine. */
void sapa_srtp_free(struct sapa_srtp *srtp);
/** Both have the same keys: a session that runs goes on. Either may be NULL. */
bool sapa_srtp_same(const struct sapa_srtp *a, const struct sapa_srtp *b);

/** Open in place. Returns the size of the plain packet; 0: forged, replayed, or none. */
size_t sapa_srtp_open(struct sapa_srtp *srtp, bool rtcp, uint8_t *packet, size_t n);
/** Seal in place; `packet` has room for SAPA_SRTP_EXTRA more. Returns the new size; 0: it may not be sent. */
size_t sapa_srtp_seal(struct sapa_srtp *srtp, bool rtcp, uint8_t *packet, size_t n);

#endif
