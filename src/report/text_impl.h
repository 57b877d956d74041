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

#endif
