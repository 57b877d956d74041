/**
 * @file report/print.h
 * `sapa report`: rows of figures as aligned text, CSV (RFC 4180) or JSON.
 *
 * Room    report: base, model; pure.   Thread  any.   Tests  report/print_test.c
 */
#ifndef SAPA_REPORT_PRINT_H
#define SAPA_REPORT_PRINT_H

#include "report/interval.h"

enum sapa_format { SAPA_FORMAT_TEXT, SAPA_FORMAT_CSV, SAPA_FORMAT_JSON };

struct sapa_print_options {
    enum sapa_format format;
    enum sapa_language language; /* of headings */
    bool every_column;           /* text: also those that are zero in every row */
    struct sapa_str only;        /* key of one queue, agent, …; empty: all */
};

/**
 * A whole report of one kind: heading, a row per interval and dimension, and the sum. CSV has every
 * measure and KPI under its key; text leaves out columns that say nothing; JSON is one object a line.
 */
SAPA_MUST_CHECK sapa_rc sapa_report_print(struct sapa_intervals *fold, enum sapa_rows kind,
                                          const struct sapa_print_options *options,
                                          const struct sapa_lines *out);

/** Cells a UTF-8 text takes on a terminal: combining marks 0, East Asian wide 2. */
uint32_t sapa_print_cells(struct sapa_str text);
/** Add `text` cut or filled to exactly `cells`; `right` puts the filling before it. */
void sapa_print_pad(struct sapa_text *out, struct sapa_str text, uint32_t cells, bool right);
/** "00:01:23", from an hour on "1:02:03"; days are hours. */
void sapa_print_ms(struct sapa_text *out, int64_t ms);

/** The reference page of the dictionary (docs/ref/kpi.md), in Markdown. */
void sapa_print_dictionary(const struct sapa_lines *out);

#endif
