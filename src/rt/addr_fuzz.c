/* Addresses and networks as text from outside: whatever parses prints to something that parses to the same. */
#include "rt/socket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sapa_str text = { (const char *)data, size };
    struct sapa_addr addr, again;
    struct sapa_net net;
    char buf[SAPA_ADDR_TEXT_MAX];

    (void)sapa_addr_is_numeric(text);
    if (sapa_addr_parse(text, 5060, &addr) == SAPA_OK) {
        sapa_assert(sapa_addr_parse(sapa_str_of(sapa_addr_print(&addr, buf, sizeof(buf))), 1, &again) == SAPA_OK);
        sapa_assert(sapa_addr_equal(&addr, &again));
        sapa_assert(sapa_addr_hash(&addr, 7) == sapa_addr_hash(&again, 7));
    }
    if (sapa_net_parse(text, &net) == SAPA_OK)
        sapa_assert(sapa_net_has(&net, &net.addr));
    return 0;
}
