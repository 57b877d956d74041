/**
 * @file base/str.h
 * Text: borrowed slices, and a bounded builder that never overruns and never allocates.
 *
 * Room    base: libc only.   Thread  any.   Tests  base/str_test.c
 */
#ifndef SAPA_BASE_STR_H
#define SAPA_BASE_STR_H

#include <stdarg.h>
#include <string.h>

#include "base/base.h"

/** A borrowed slice, not NUL-terminated; `p` may be NULL when `n` is 0. */
struct sapa_str {
    const char *p;
    size_t n;
};

#define SAPA_STR(literal) ((struct sapa_str){ (literal), sizeof(literal) - 1 })
#define SAPA_STR_FMT "%.*s"
#define SAPA_STR_ARG(s) (int)(s).n, ((s).p ? (s).p : "")

static inline struct sapa_str sapa_str_of(const char *text)
{
    return (struct sapa_str){ text, text ? strlen(text) : 0 };
}

static inline bool sapa_str_eq(struct sapa_str a, struct sapa_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/** ASCII case is ignored. */
bool sapa_str_ieq(struct sapa_str a, struct sapa_str b);
bool sapa_str_starts(struct sapa_str s, struct sapa_str prefix);
/** Without spaces, tabs, CR and LF at both ends. */
struct sapa_str sapa_str_trim(struct sapa_str s);
/** Position of `c` at or after `from`; s.n when it is not there. */
size_t sapa_str_find(struct sapa_str s, char c, size_t from);
/** Split at the first `c`: the part before it is returned, `*rest` gets what follows it (empty if none). */
struct sapa_str sapa_str_cut(struct sapa_str s, char c, struct sapa_str *rest);
/** Decimal digits only, the whole slice, 0..max. SAPA_EINVAL otherwise; written on success only. */
SAPA_MUST_CHECK sapa_rc sapa_str_u64(struct sapa_str s, uint64_t max, uint64_t *ret);
/** Copy with NUL into `buf`, cut at size - 1. Returns false when it was cut. */
bool sapa_str_copy(struct sapa_str s, char *buf, size_t size);
/** How many bytes of its begin are well-formed UTF-8 without NUL (RFC 3629: no surrogates, no overlong forms). */
size_t sapa_str_utf8_length(struct sapa_str s);
/** All of it is. */
bool sapa_str_utf8(struct sapa_str s);

/** A bounded builder over memory of the caller. What does not fit is dropped and `cut` is set. */
struct sapa_text {
    char *buf; /* always NUL-terminated when size > 0 */
    size_t size;
    size_t n;
    bool cut;
};

void sapa_text_init(struct sapa_text *text, char *buf, size_t size);
void sapa_text_add(struct sapa_text *text, struct sapa_str s);
void sapa_text_char(struct sapa_text *text, char c);
void sapa_text_printf(struct sapa_text *text, const char *fmt, ...) SAPA_PRINTF(2, 3);
void sapa_text_vprintf(struct sapa_text *text, const char *fmt, va_list args) SAPA_PRINTF(2, 0);
static inline struct sapa_str sapa_text_str(const struct sapa_text *text)
{
    return (struct sapa_str){ text->buf, text->n };
}

#endif
