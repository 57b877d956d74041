/**
 * @file report/figure.h
 * The dictionary of figures as one list: measures, percentiles, moments and KPIs (report/kpi.h) alike, each
 * with its key, names, unit, definition, formula, edge cases and the rows that have it.
 *
 * `sapa report --figures` chooses from it, `sapa report --definitions` and docs/ref/figures.md are printed from
 * it, and whoever shows a row of an interval (screen, table, file, API) reads values with sapa_figure_value(),
 * so that there is one formula and one number.
 *
 * Room    report: base, model; pure.   Thread  any.   Tests  report/figure_test.c   Design  docs/design/figures.md
 */
#ifndef SAPA_REPORT_FIGURE_H
#define SAPA_REPORT_FIGURE_H

#include "report/interval.h"

/*  X(ID, text)  */
#define SAPA_FIGURE_KINDS(X) \
    X(COUNT, "count") X(DURATION, "duration") X(MAXIMUM, "maximum") X(MONEY, "money") X(PERCENTILE, "percentile") \
    X(MOMENT, "moment") X(MEAN, "mean") X(RATIO, "ratio") X(SCORE, "score")

enum sapa_figure_kind {
#define X(id, text) SAPA_FIGURE_##id,
    SAPA_FIGURE_KINDS(X)
#undef X
    SAPA_FIGURE_KIND_COUNT
};
/** "count", "percentile" … Static storage. */
const char *sapa_figure_kind_name(enum sapa_figure_kind kind);
/** "" for counts, else "ms", "%", "currency" … as machines and dictionaries say it. Static storage. */
const char *sapa_unit_name(enum sapa_unit unit);
/** Bit 1 << enum sapa_rows as words: "centre, client, number, queue". */
void sapa_rows_print(uint32_t rows, struct sapa_text *out);

enum { SAPA_FIGURE_KEY_MAX = 40 };

/*  X(ID, "word"): is more of it better, or less? NEITHER: nobody can say so without knowing why.  */
#define SAPA_BETTERS(X) X(NEITHER, "neither") X(HIGHER, "higher") X(LOWER, "lower")
enum sapa_better {
#define X(id, text) SAPA_BETTER_##id,
    SAPA_BETTERS(X)
#undef X
    SAPA_BETTER_COUNT
};
/** Static storage. */
const char *sapa_better_name(unsigned better);

struct sapa_figure {
    char key[SAPA_FIGURE_KEY_MAX + 1];     /* stable: columns of CSV, members of JSON, --figures */
    uint8_t kind;                          /* enum sapa_figure_kind */
    uint8_t unit;                          /* enum sapa_unit */
    uint8_t better;                        /* enum sapa_better: what a target (report/goal.h) is held against */
    bool is_outer;                         /* needs numbers that the log does not hold (yet): no row has it */
    uint32_t rows;                         /* bit 1 << enum sapa_rows: what has it */
    const char *name[SAPA_LANGUAGE_COUNT];
    const char *text;                      /* definition */
    const char *formula;                   /* "" of what is counted */
    const char *edge;                      /* when there is no value, and the like; may be "" */
};

/** How many there are. */
uint32_t sapa_figure_count(void);
/** @param index  < sapa_figure_count() */
void sapa_figure_get(uint32_t index, struct sapa_figure *ret_figure);
/** Index by key; SAPA_NONE. O(n). */
uint32_t sapa_figure_find(struct sapa_str key);
/** The key that looks most like `key`, for "did you mean"; SAPA_NONE when none does. */
uint32_t sapa_figure_like(struct sapa_str key);
/**
 * "answered,aht" into indices, those alone that the log holds.
 * @param max      room in `ret_figures`
 * @param problem  gets what is wrong, for a person, when it is SAPA_EINVAL
 */
SAPA_MUST_CHECK sapa_rc sapa_figure_list(struct sapa_str text, uint32_t max, struct sapa_text *problem, uint32_t *ret_figures,
                                         uint32_t *ret_count);
/** Has a row of this kind this figure? (Those that repeat another under a foreign name are left out.) */
bool sapa_figure_is_shown(uint32_t index, enum sapa_rows kind);
/** In the unit of the figure; SAPA_KPI_NONE when there is no value. */
int64_t sapa_figure_value(uint32_t index, const struct sapa_row *row);
/** The percentile of a distribution of the row, as the figures give it; SAPA_KPI_NONE without values. */
int64_t sapa_figure_percentile(enum sapa_dist dist, unsigned percent, const struct sapa_row *row);

#endif
