/* Datagrams at an agent with known credentials: what is answered, and that only a check with the password moves anything. */
#include "ice/lite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sapa_ice_pair pair = { .ufrag = "evtj", .pwd = "VOkJxbRl1RmTxUk/WvJxBt" };
    struct sapa_ice ice = { 0 };
    struct sapa_addr from = { 0 };
    struct sapa_stun stun;
    uint8_t answer[SAPA_STUN_OUT_MAX];
    size_t n;

    from.v4.sin_family = AF_INET;
    (void)sapa_ice_set(&ice, &pair);
    const enum sapa_ice_result result = sapa_ice_take(&ice, data, size, &from, 1, answer, &n);
    sapa_assert(n <= sizeof(answer) && (n > 0) == (result != SAPA_ICE_IGNORED));
    if (n > 0)
        sapa_assert(sapa_stun_parse(answer, n, &stun) == SAPA_OK && stun.has_fingerprint);
    if (sapa_stun_parse(data, size, &stun))
        return 0;
    const bool proved = sapa_stun_is_by(&stun, data, pair.pwd);
    sapa_assert(proved || result <= SAPA_ICE_REFUSED);
    sapa_assert(!sapa_addr_is_set(&ice.selected) || (proved && stun.use_candidate));
    sapa_assert(stun.username.n <= SAPA_STUN_USERNAME_MAX && stun.unknown_count <= SAPA_STUN_UNKNOWN_MAX);
    (void)sapa_ice_key(stun.username);
    return 0;
}
