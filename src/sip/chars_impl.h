/**
 * @file sip/chars_impl.h
 * Character classes of RFC 3261 section 25.1, one table look-up each.
 *
 * Room sip.   Thread any.
 */
#ifndef SAPA_SIP_CHARS_IMPL_H
#define SAPA_SIP_CHARS_IMPL_H

#include "base/str.h"

enum {
    SAPA_SIP_C_TOKEN = 1,
    SAPA_SIP_C_DIGIT = 2,
    SAPA_SIP_C_ALPHA = 4,
    SAPA_SIP_C_HEX = 8,
    SAPA_SIP_C_URI = 16,  /* anything that may stand in a URI: printable, no space, no < > " */
    SAPA_SIP_C_HOST = 32, /* letters, digits, - . _ */
    SAPA_SIP_C_UNRESERVED = 64,
};
extern const uint8_t sapa_sip_chars[256];

static inline bool is_class(char c, unsigned mask)
{
    return (sapa_sip_chars[(uint8_t)c] & mask) != 0;
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static inline struct sapa_str trim_blanks(struct sapa_str s)
{
    while (s.n > 0 && is_blank(s.p[0]))
        s.p++, s.n--;
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

static inline bool all_class(struct sapa_str s, unsigned mask)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_class(s.p[i], mask))
            return false;
    }
    return true;
}

static inline struct sapa_str slice(struct sapa_str s, size_t from, size_t to)
{
    return (struct sapa_str){ s.p + from, to - from };
}

static inline int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

#endif
