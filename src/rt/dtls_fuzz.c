/*
 * Datagrams of DTLS from whoever knows a leg's address: an association never comes through without a handshake, what it
 * answers fits a datagram, and a ClientHello's random lies within it. Datagrams: two octets of length, then so many.
 */
#include "rt/dtls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void sent(void *owner, const void *datagram, size_t size)
{
    (void)datagram;
    ++*(unsigned *)owner;
    sapa_assert(size > 0 && size <= 1200);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sapa_dtls_context *context;
    struct sapa_dtls_result result;
    struct sapa_dtls *dtls;
    unsigned answers = 0;
    int64_t now_us = 1;

    if (!context)
        sapa_assert(sapa_dtls_context_new(&context) == SAPA_OK);
    sapa_assert(sapa_dtls_new(context, false, sent, &answers, now_us, &dtls) == SAPA_OK);
    for (size_t at = 0; at + 2 <= size && answers < 100;) {
        const size_t n = SAPA_MIN((size_t)(data[at] << 8 | data[at + 1]), size - at - 2);
        const uint8_t *bytes = data + at + 2, *random = sapa_dtls_client_random(bytes, n);
        sapa_assert(!random || (random > bytes && random + SAPA_DTLS_RANDOM_SIZE <= bytes + n));
        if (sapa_dtls_is(bytes, n) && sapa_dtls_take(dtls, bytes, n, now_us) != SAPA_EAGAIN)
            break;
        sapa_assert(sapa_dtls_result(dtls, &result) == SAPA_ESTATE);
        at += 2 + n;
        now_us += 600000;
        if (sapa_dtls_tick(dtls, now_us) != SAPA_EAGAIN)
            break;
    }
    sapa_dtls_free(dtls);
    return 0;
}
