/**
 * @file report/print.h
 * `sapa report`: rows of figures as aligned text, CSV (RFC 4180), JSON, or cells for a spreadsheet.
 *
 * Room    report: base, model; pure.   Thread  any.   Tests  report/print_test.c
 */
#ifndef SAPA_REPORT_PRINT_H
#define SAPA_REPORT_PRINT_H

#include "report/goal.h"

enum sapa_format { SAPA_FORMAT_TEXT, SAPA_FORMAT_CSV, SAPA_FORMAT_JSON };

struct sapa_print_options {
    enum sapa_format format;
    enum sapa_language language; /* of headings */
    bool every_column;           /* text: also those that are zero in every row */
    struct sapa_str only;        /* key of one queue, agent, …; empty: all */
    const uint32_t *figures;     /* these, in this order (report/figure.h); those that the rows have not are left out */
    uint32_t figure_count;       /* 0: the usual ones; at most SAPA_PRINT_FIGURES_MAX */
    const struct sapa_goals *goals; /* beside each figure that a target is set for: the target and how it stands; NULL: none */
    int64_t now_us;              /* with goals: an interval that ends later is not over */
};
enum { SAPA_PRINT_FIGURES_MAX = 200 };

/**
 * A whole report of one kind: heading, a row per interval and dimension, and the sum. CSV has every
 * measure and KPI under its key; text leaves out columns that say nothing; JSON is one object a line.
 */
SAPA_MUST_CHECK sapa_rc sapa_report_print(struct sapa_intervals *fold, enum sapa_rows kind,
                                          const struct sapa_print_options *options,
                                          const struct sapa_lines *out);

/** A cell of a sheet, typed. */
enum sapa_cell_kind {
    SAPA_CELL_EMPTY, SAPA_CELL_TEXT,
    SAPA_CELL_MOMENT,  /* value: UTC microseconds; offset_s: to be shown with */
    SAPA_CELL_NUMBER,  /* value: as unit says */
};
struct sapa_cell {
    enum sapa_cell_kind kind;
    enum sapa_unit unit;
    struct sapa_str text; /* lives for the call */
    int64_t value;
    int32_t offset_s;
};

/** Where a sheet goes: a column by its machine key, name and unit; then cells, row by row from 0. */
struct sapa_sheet {
    void (*column)(void *ctx, uint32_t at, const char *key, const char *name, enum sapa_cell_kind kind, enum sapa_unit unit);
    void (*cell)(void *ctx, uint32_t row, uint32_t at, const struct sapa_cell *cell);
    void *ctx;
};
/** The rows that sapa_report_print() would write as CSV, with names of columns in the language of the options. */
SAPA_MUST_CHECK sapa_rc sapa_report_sheet(struct sapa_intervals *fold, enum sapa_rows kind,
                                          const struct sapa_print_options *options, const struct sapa_sheet *sheet);
/**
 * Calls one by one, finished ones: heading and a line of each (direction, who took part, transfers, outcome), and the
 * same columns as a sheet. 2 KiB of room for a line.
 */
void sapa_call_list_head(const struct sapa_call_show *show, struct sapa_text *out);
void sapa_call_list(const struct sapa_call *call, const struct sapa_call_show *show, struct sapa_text *out);
void sapa_call_sheet_head(const struct sapa_sheet *sheet, enum sapa_language language);
/** @param row  from 0 */
void sapa_call_sheet(const struct sapa_call *call, const struct sapa_call_show *show, uint32_t row, const struct sapa_sheet *sheet);
/** "queue", "agent" …: what rows of a kind are called by machines. Static storage. */
const char *sapa_rows_key(enum sapa_rows kind);
/** "Antrean", "Queue" … Static storage. */
const char *sapa_rows_name(enum sapa_rows kind, enum sapa_language language);
/** "queues", "agents" …: what their table is called by machines. Static storage. */
const char *sapa_rows_table(enum sapa_rows kind);

/** Cells a UTF-8 text takes on a terminal: combining marks 0, East Asian wide 2. */
uint32_t sapa_print_cells(struct sapa_str text);
/** Add `text` cut or filled to exactly `cells`; `right` puts the filling before it. */
void sapa_print_pad(struct sapa_text *out, struct sapa_str text, uint32_t cells, bool right);
/** "00:01:23", from an hour on "1:02:03"; days are hours. */
void sapa_print_ms(struct sapa_text *out, int64_t ms);

enum sapa_dictionary { SAPA_DICTIONARY_TEXT, SAPA_DICTIONARY_CSV, SAPA_DICTIONARY_JSON, SAPA_DICTIONARY_MARKDOWN };
/**
 * The dictionary of figures. Markdown is the reference page docs/ref/figures.md.
 * @param figures  these only; count 0: all
 */
void sapa_print_dictionary(enum sapa_dictionary format, enum sapa_language language, const uint32_t *figures,
                           uint32_t figure_count, const struct sapa_lines *out);

#endif
