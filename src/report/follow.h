/**
 * @file report/follow.h
 * How an agent's figures stand before a moment and since: what came of a coaching note.
 *
 * The figures are those of the dictionary, read from the rows of every report; nothing is computed a second way. Rows are
 * quarter hours: the one in which the moment lies is in neither side.
 *
 * Room    report: base, model; pure, integers only.   Thread  any.   Tests   report/follow_test.c
 */
#ifndef SAPA_REPORT_FOLLOW_H
#define SAPA_REPORT_FOLLOW_H

#include "report/interval.h"

enum {
    SAPA_FOLLOW_DAYS = 7,    /* before */
    SAPA_FOLLOW_LEAST = 20,  /* contacts or answers on each side: with fewer nothing is said of a difference */
    SAPA_FOLLOW_FIGURES_MAX = 8,
};

/*  X(ID, "word"): NEITHER: of this figure nobody can say whether more is better, or a side has no value.  */
#define SAPA_FOLLOW_VERDICTS(X) X(FEW, "few") X(NEITHER, "neither") X(SAME, "same") X(BETTER, "better") X(WORSE, "worse")
enum sapa_follow_verdict {
#define X(id, text) SAPA_FOLLOW_##id,
    SAPA_FOLLOW_VERDICTS(X)
#undef X
    SAPA_FOLLOW_VERDICT_COUNT
};
/** Static storage. */
const char *sapa_follow_verdict_name(unsigned verdict);

struct sapa_follow {
    uint32_t figure;                     /* index (report/figure.h) */
    uint8_t verdict;                     /* enum sapa_follow_verdict */
    int64_t before, since;               /* in its unit; SAPA_KPI_NONE */
    int64_t count_before, count_since;   /* of what it is made */
};

struct sapa_follow_span {
    int64_t before_s, until_s, since_s; /* before: [before_s, until_s); since: from since_s on */
};
struct sapa_follow_span sapa_follow_span(int64_t at_s);

/**
 * Handling time, wrap-up, transfers; satisfaction and NPS when somebody has answered on either side.
 * @param ret  room for SAPA_FOLLOW_FIGURES_MAX   @return  how many
 */
uint32_t sapa_follow_compare(const struct sapa_row *before, const struct sapa_row *since, struct sapa_follow *ret);

/**
 * The same out of quarter hours.
 * @param quarters  rows of agents from SAPA_FOLLOW_DAYS before the moment on   @param agent  dimension; SAPA_NONE: he has none yet
 * @retval SAPA_ENOMEM
 */
SAPA_MUST_CHECK sapa_rc sapa_follow_read(const struct sapa_intervals *quarters, const struct sapa_memory *memory, const struct sapa_names *names,
                                         uint32_t agent, int64_t at_s, struct sapa_follow *ret, uint32_t *ret_count);

#endif
