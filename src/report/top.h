/**
 * @file report/top.h
 * The screen of `sapa top`: from a view to lines of text, with or without ANSI colours. Pure; the
 * program feeds it and writes the lines to the terminal.
 *
 * Room    report: base, model; pure.   Thread  any.   Tests  report/top_test.c
 */
#ifndef SAPA_REPORT_TOP_H
#define SAPA_REPORT_TOP_H

#include "report/live.h"

struct sapa_top_options {
    uint16_t columns, rows; /* of the terminal; 40..500, 10..500; others are brought into range */
    bool colour;
    uint16_t scroll;        /* agents and calls left out at the top */
};

/** Exactly `rows` lines at most, none wider than `columns` (in cells, not bytes). */
void sapa_top_print(const struct sapa_view *view, const struct sapa_top_options *options,
                    const struct sapa_lines *out);

#endif
