#include "media/srtp.h"

#include <srtp2/srtp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "rt/crypto.h"

enum { WINDOW = 1024 };

struct sapa_srtp {
    srtp_t in, out;
    uint8_t suite;
    uint8_t send[SAPA_MEDIA_SRTP_KEY_SIZE], receive[SAPA_MEDIA_SRTP_KEY_SIZE];
};

sapa_rc sapa_srtp_init(void)
{
    static atomic_bool done; /* the library's second start fails */

    if (atomic_load(&done))
        return SAPA_OK;
    if (srtp_init() != srtp_err_status_ok)
        return SAPA_EIO;
    atomic_store(&done, true);
    return SAPA_OK;
}

static bool session(srtp_t *ret, uint8_t suite, uint8_t *key, srtp_ssrc_type_t which)
{
    srtp_policy_t policy;

    memset(&policy, 0, sizeof(policy));
    if (suite == SAPA_SRTP_GCM_128) {
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    } else if (suite == SAPA_MEDIA_SRTP_SHA1_80) {
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
        srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
    } else {
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy.rtp);
        srtp_crypto_policy_set_rtcp_default(&policy.rtcp); /* SRTCP has 80 bits in either (RFC 4568 6.2.2) */
    }
    policy.ssrc.type = which;
    policy.key = key;
    policy.window_size = WINDOW;
    return srtp_create(ret, &policy) == srtp_err_status_ok;
}

sapa_rc sapa_srtp_new(uint8_t suite, const uint8_t send[SAPA_MEDIA_SRTP_KEY_SIZE],
                      const uint8_t receive[SAPA_MEDIA_SRTP_KEY_SIZE], struct sapa_srtp **ret_srtp)
{
    _Static_assert(SAPA_MEDIA_SRTP_KEY_SIZE == SRTP_AES_ICM_128_KEY_LEN_WSALT, "key and salt");
    _Static_assert(SAPA_SRTP_EXTRA >= SRTP_MAX_TAG_LEN + 4, "tag, and the index of SRTCP");

    if (suite == SAPA_MEDIA_SRTP_NONE || suite > SAPA_SRTP_GCM_128)
        return SAPA_EINVAL;
    struct sapa_srtp *srtp = calloc(1, sizeof(*srtp));
    if (!srtp)
        return SAPA_ENOMEM;
    srtp->suite = suite;
    memcpy(srtp->send, send, sizeof(srtp->send));
    memcpy(srtp->receive, receive, sizeof(srtp->receive));
    if (!session(&srtp->out, suite, srtp->send, ssrc_any_outbound) || !session(&srtp->in, suite, srtp->receive, ssrc_any_inbound)) {
        sapa_srtp_free(srtp);
        return SAPA_ENOMEM;
    }
    *ret_srtp = srtp;
    return SAPA_OK;
}

void sapa_srtp_free(struct sapa_srtp *srtp)
{
    if (!srtp)
        return;
    if (srtp->in)
        (void)srtp_dealloc(srtp->in);
    if (srtp->out)
        (void)srtp_dealloc(srtp->out);
    sapa_wipe(srtp, sizeof(*srtp));
    free(srtp);
}

bool sapa_srtp_same(const struct sapa_srtp *a, const struct sapa_srtp *b)
{
    if (!a || !b)
        return a == b;
    return a->suite == b->suite && sapa_equal_secret(a->send, b->send, sizeof(a->send)) &&
           sapa_equal_secret(a->receive, b->receive, sizeof(a->receive));
}

size_t sapa_srtp_open(struct sapa_srtp *srtp, bool rtcp, uint8_t *packet, size_t n)
{
    int size = (int)n;
    const srtp_err_status_t status = rtcp ? srtp_unprotect_rtcp(srtp->in, packet, &size) : srtp_unprotect(srtp->in, packet, &size);

    return status == srtp_err_status_ok && size > 0 ? (size_t)size : 0;
}

size_t sapa_srtp_seal(struct sapa_srtp *srtp, bool rtcp, uint8_t *packet, size_t n)
{
    int size = (int)n;
    const srtp_err_status_t status = rtcp ? srtp_protect_rtcp(srtp->out, packet, &size) : srtp_protect(srtp->out, packet, &size);

    return status == srtp_err_status_ok && size > 0 ? (size_t)size : 0;
}
