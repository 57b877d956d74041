/* Fuzz: the first message of a subscriber. */
#include "http/feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sapa_feed_hello hello;

    if (sapa_feed_hello_parse((struct sapa_str){ (const char *)data, size }, &hello) == SAPA_OK)
        sapa_assert(strlen(hello.token) < sizeof(hello.token) && strlen(hello.feed) < sizeof(hello.feed));
    return 0;
}
