#include "base/bytes.h"

#ifdef __SSE4_2__
#include <nmmintrin.h>
#endif

void sapa_put_raw(struct sapa_writer *w, const void *bytes, size_t n)
{
    if (w->bad || n > w->size - w->n) {
        w->bad = true;
        return;
    }
    if (n > 0)
        memcpy(w->buf + w->n, bytes, n);
    w->n += n;
}

void sapa_put_u64(struct sapa_writer *w, uint64_t value)
{
    uint8_t bytes[10];
    size_t n = 0;

    do {
        bytes[n++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
    } while (value > 0);
    sapa_put_raw(w, bytes, n);
}

void sapa_put_i64(struct sapa_writer *w, int64_t value)
{
    sapa_put_u64(w, ((uint64_t)value << 1) ^ (uint64_t)(value >> 63));
}

void sapa_put_fixed32(struct sapa_writer *w, uint32_t value)
{
    const uint8_t bytes[4] = { (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                               (uint8_t)(value >> 24) };
    sapa_put_raw(w, bytes, sizeof(bytes));
}

void sapa_put_str(struct sapa_writer *w, struct sapa_str s)
{
    const size_t before = w->n;

    sapa_put_u64(w, s.n);
    sapa_put_raw(w, s.p, s.n);
    if (w->bad)
        w->n = before;
}

const uint8_t *sapa_get_raw(struct sapa_reader *r, size_t n)
{
    if (r->bad || n > r->size - r->at) {
        r->bad = true;
        return NULL;
    }
    r->at += n;
    return r->buf + r->at - n;
}

uint64_t sapa_get_u64(struct sapa_reader *r)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        const uint8_t *byte = sapa_get_raw(r, 1);
        if (!byte)
            return 0;
        if (shift == 63 && (*byte & 0x7f) > 1)
            break; /* more than 64 bits */
        value |= (uint64_t)(*byte & 0x7f) << shift;
        if (!(*byte & 0x80))
            return value;
    }
    r->bad = true;
    return 0;
}

int64_t sapa_get_i64(struct sapa_reader *r)
{
    const uint64_t zigzag = sapa_get_u64(r);

    return (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
}

uint32_t sapa_get_fixed32(struct sapa_reader *r)
{
    const uint8_t *b = sapa_get_raw(r, 4);

    return b ? (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24 : 0;
}

struct sapa_str sapa_get_str(struct sapa_reader *r)
{
    const uint64_t n = sapa_get_u64(r);
    const uint8_t *bytes = sapa_get_raw(r, n);

    return bytes ? (struct sapa_str){ (const char *)bytes, n } : (struct sapa_str){ NULL, 0 };
}

uint32_t sapa_crc32c(uint32_t crc, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;

    crc = ~crc;
#ifdef __SSE4_2__
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        crc = (uint32_t)_mm_crc32_u64(crc, word);
    }
    for (; n > 0; n--)
        crc = _mm_crc32_u8(crc, *p++);
#else
    for (; n > 0; n--) {
        crc ^= *p++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1)));
    }
#endif
    return ~crc;
}
