#include "rt/random.h"

#include <errno.h>
#include <sys/random.h>

void sapa_random_bytes(void *buf, size_t size)
{
    uint8_t *at = buf;

    while (size > 0) {
        const ssize_t n = getrandom(at, size, 0);
        sapa_assert(n > 0 || errno == EINTR);
        if (n > 0) {
            at += n;
            size -= (size_t)n;
        }
    }
}

uint64_t sapa_random_u64(void)
{
    uint64_t value;

    sapa_random_bytes(&value, sizeof(value));
    return value;
}

void sapa_random_text(char *buf, size_t count)
{
    static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    enum { LETTERS = sizeof(alphabet) - 1, FAIR = 256 / LETTERS * LETTERS };
    uint8_t bytes[64];
    size_t left = 0;

    for (size_t i = 0; i < count;) {
        if (left == 0)
            sapa_random_bytes(bytes, left = sizeof(bytes));
        const uint8_t byte = bytes[--left];
        if (byte < FAIR) /* the rest would favour the first letters */
            buf[i++] = alphabet[byte % LETTERS];
    }
    buf[count] = '\0';
}
