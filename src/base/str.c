#include "base/str.h"

#include <stdio.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool sapa_str_ieq(struct sapa_str a, struct sapa_str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    }
    return true;
}

bool sapa_str_starts(struct sapa_str s, struct sapa_str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct sapa_str sapa_str_trim(struct sapa_str s)
{
    while (s.n > 0 && is_space(s.p[0]))
        s.p++, s.n--;
    while (s.n > 0 && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

size_t sapa_str_find(struct sapa_str s, char c, size_t from)
{
    if (from >= s.n)
        return s.n;
    const char *hit = memchr(s.p + from, c, s.n - from);
    return hit ? (size_t)(hit - s.p) : s.n;
}

struct sapa_str sapa_str_cut(struct sapa_str s, char c, struct sapa_str *rest)
{
    const size_t at = sapa_str_find(s, c, 0);

    *rest = at < s.n ? (struct sapa_str){ s.p + at + 1, s.n - at - 1 } : (struct sapa_str){ NULL, 0 };
    return (struct sapa_str){ s.p, at };
}

sapa_rc sapa_str_u64(struct sapa_str s, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;

    if (s.n == 0)
        return SAPA_EINVAL;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return SAPA_EINVAL;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(s.p[i] - '0'), &value))
            return SAPA_EINVAL;
    }
    if (value > max)
        return SAPA_EINVAL;
    *ret = value;
    return SAPA_OK;
}

bool sapa_str_copy(struct sapa_str s, char *buf, size_t size)
{
    sapa_assert(size > 0);
    const size_t n = SAPA_MIN(s.n, size - 1);

    if (n > 0)
        memcpy(buf, s.p, n);
    buf[n] = '\0';
    return n == s.n;
}

size_t sapa_str_utf8_length(struct sapa_str s)
{
    size_t i = 0;

    while (i < s.n) {
        const uint8_t lead = (uint8_t)s.p[i];
        const size_t more = lead < 0x80 ? 0 : lead >= 0xc2 && lead < 0xe0 ? 1
                          : (lead & 0xf0) == 0xe0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : 9;
        if (lead == 0 || more == 9 || more >= s.n - i)
            return i;
        for (size_t k = 1; k <= more; k++) {
            if (((uint8_t)s.p[i + k] & 0xc0) != 0x80)
                return i;
        }
        const uint8_t next = more ? (uint8_t)s.p[i + 1] : 0;
        if ((lead == 0xe0 && next < 0xa0) || (lead == 0xed && next > 0x9f) ||
            (lead == 0xf0 && next < 0x90) || (lead == 0xf4 && next > 0x8f))
            return i;
        i += more + 1;
    }
    return i;
}

bool sapa_str_utf8(struct sapa_str s)
{
    return sapa_str_utf8_length(s) == s.n;
}

void sapa_text_init(struct sapa_text *text, char *buf, size_t size)
{
    sapa_assert(size > 0);
    *text = (struct sapa_text){ .buf = buf, .size = size };
    buf[0] = '\0';
}

void sapa_text_add(struct sapa_text *text, struct sapa_str s)
{
    const size_t room = text->size - 1 - text->n;
    const size_t n = SAPA_MIN(s.n, room);

    if (n > 0)
        memcpy(text->buf + text->n, s.p, n);
    text->n += n;
    text->buf[text->n] = '\0';
    text->cut |= n < s.n;
}

void sapa_text_char(struct sapa_text *text, char c)
{
    sapa_text_add(text, (struct sapa_str){ &c, 1 });
}

void sapa_text_vprintf(struct sapa_text *text, const char *fmt, va_list args)
{
    const size_t room = text->size - text->n;
    const int n = vsnprintf(text->buf + text->n, room, fmt, args);

    sapa_assert(n >= 0);
    text->cut |= (size_t)n >= room;
    text->n += SAPA_MIN((size_t)n, room - 1);
}

void sapa_text_printf(struct sapa_text *text, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    sapa_text_vprintf(text, fmt, args);
    va_end(args);
}
