/**
 * @file base/bytes.h
 * Bounded reading and writing of binary records: LEB128 integers, counted bytes, CRC-32C.
 *
 * Both cursors go bad instead of overrunning: check `bad` once, at the end.
 * Room    base: libc only.   Thread  any.   Tests  base/bytes_test.c
 */
#ifndef SAPA_BASE_BYTES_H
#define SAPA_BASE_BYTES_H

#include "base/str.h"

struct sapa_writer {
    uint8_t *buf;
    size_t size;
    size_t n;
    bool bad; /* something did not fit; n stays at the last whole item */
};

struct sapa_reader {
    const uint8_t *buf;
    size_t size;
    size_t at;
    bool bad; /* something was missing or malformed; every later read gives 0 */
};

static inline struct sapa_writer sapa_writer_of(void *buf, size_t size)
{
    return (struct sapa_writer){ .buf = buf, .size = size };
}

static inline struct sapa_reader sapa_reader_of(const void *buf, size_t size)
{
    return (struct sapa_reader){ .buf = buf, .size = size };
}

static inline size_t sapa_reader_left(const struct sapa_reader *r)
{
    return r->bad ? 0 : r->size - r->at;
}

void sapa_put_u64(struct sapa_writer *w, uint64_t value); /* LEB128, 1..10 bytes */
void sapa_put_i64(struct sapa_writer *w, int64_t value);  /* zigzag LEB128 */
void sapa_put_fixed32(struct sapa_writer *w, uint32_t value); /* little endian */
void sapa_put_raw(struct sapa_writer *w, const void *bytes, size_t n);
void sapa_put_str(struct sapa_writer *w, struct sapa_str s); /* count, then bytes */

uint64_t sapa_get_u64(struct sapa_reader *r);
int64_t sapa_get_i64(struct sapa_reader *r);
uint32_t sapa_get_fixed32(struct sapa_reader *r);
const uint8_t *sapa_get_raw(struct sapa_reader *r, size_t n); /* into the buffer; NULL when bad */
struct sapa_str sapa_get_str(struct sapa_reader *r);          /* into the buffer */

/** CRC-32C (Castagnoli, RFC 3720 appendix B.4) continued from `crc`; start with 0. */
uint32_t sapa_crc32c(uint32_t crc, const void *bytes, size_t n);

#endif
