/**
 * @file report/text_impl.h
 * Small helpers for text of a fixed size.
 * Room    report, internal.
 */
#ifndef SAPA_REPORT_TEXT_IMPL_H
#define SAPA_REPORT_TEXT_IMPL_H

#include "base/str.h"

/* Copy with NUL, cut where a UTF-8 character ends. */
static inline void fit_text(struct sapa_str s, char *buf, size_t size)
{
    size_t n = SAPA_MIN(s.n, size - 1);

    while (n < s.n && n > 0 && ((uint8_t)s.p[n] & 0xc0) == 0x80)
        n--;
    (void)sapa_str_copy((struct sapa_str){ s.p, n }, buf, size);
}

/* Text of people and of the wire, on its way to a terminal: nothing in it may steer one (C0, DEL, C1). */
static inline void clean_text(struct sapa_text *text)
{
    for (size_t i = 0; i < text->n; i++) {
        const uint8_t c = (uint8_t)text->buf[i];
        const bool is_c1 = c == 0xc2 && i + 1 < text->n && ((uint8_t)text->buf[i + 1] & 0xe0) == 0x80;
        if (c < 0x20 || c == 0x7f || is_c1)
            text->buf[i] = '?';
        if (is_c1)
            text->buf[++i] = '?';
    }
}

#endif
