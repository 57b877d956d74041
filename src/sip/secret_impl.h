/**
 * @file sip/secret_impl.h
 * A key that its owner may leave out.
 *
 * Room sip.   Thread any.
 */
#ifndef SAPA_SIP_SECRET_IMPL_H
#define SAPA_SIP_SECRET_IMPL_H

#include <string.h>

#include "rt/random.h"

static inline void secret_fill(uint8_t secret[16])
{
    static const uint8_t none[16];

    if (memcmp(secret, none, 16) == 0)
        sapa_random_bytes(secret, 16);
}

#endif
