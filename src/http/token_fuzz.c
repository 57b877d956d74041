/* Fuzz: the Authorization header. Whatever is sent, nobody gets in who has no token. */
#include "http/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sapa_tokens tokens;

    if (!tokens.by_hash.memory)
        sapa_tokens_init(&tokens);
    sapa_assert(sapa_tokens_find(&tokens, (struct sapa_str){ (const char *)data, size }, 1) == NULL);
    return 0;
}
