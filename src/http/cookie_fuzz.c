/* Fuzz: Cookie, Origin and Host. What is found is a secret's length; a stranger's origin is never ours. */
#include "http/cookie.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sapa_str text = { (const char *)data, size };
    char secret[SAPA_TOKEN_TEXT_SIZE];
    uint64_t ids[SAPA_COOKIES_MAX];

    for (unsigned secure = 0; secure < 2; secure++) {
        const size_t count = sapa_cookie_sessions(text, secure, ids, SAPA_COUNT(ids));
        for (size_t i = 0; i < count; i++) {
            if (sapa_cookie_find(text, ids[i], secure, secret))
                sapa_assert(strlen(secret) <= SAPA_TOKEN_TEXT_SIZE - 1);
        }
    }
    sapa_assert(!sapa_origin_is_ours(text, SAPA_STR("")));
    (void)sapa_host_is_loopback(text);
    return 0;
}
