#include "report/follow.h"

#include "report/figure.h"

enum { QUARTER_S = 900 };

/* What is followed, and what it is made of. Answers are few: no line of them where there are none. */
static const struct { const char *key; enum sapa_measure count; bool always; } followed[] = {
    { "aht", SAPA_M_HANDLED, true },
    { "wrapup_mean", SAPA_M_HANDLED, true },
    { "transfer_rate", SAPA_M_HANDLED, true },
    { "csat", SAPA_M_SURVEYS_5, false },
    { "nps", SAPA_M_SURVEYS_10, false },
};
static_assert(SAPA_COUNT(followed) <= SAPA_FOLLOW_FIGURES_MAX, "there is room for all of them");

const char *sapa_follow_verdict_name(unsigned verdict)
{
    static const char *const names[] = {
#define X(id, text) text,
        SAPA_FOLLOW_VERDICTS(X)
#undef X
    };

    return verdict < SAPA_COUNT(names) ? names[verdict] : "?";
}

struct sapa_follow_span sapa_follow_span(int64_t at_s)
{
    const int64_t quarter_s = at_s - at_s % QUARTER_S;

    return (struct sapa_follow_span){ quarter_s - SAPA_FOLLOW_DAYS * INT64_C(86400), quarter_s, quarter_s + QUARTER_S };
}

static enum sapa_follow_verdict judge(const struct sapa_follow *one, uint8_t better)
{
    if (one->count_before < SAPA_FOLLOW_LEAST || one->count_since < SAPA_FOLLOW_LEAST)
        return SAPA_FOLLOW_FEW;
    if (better == SAPA_BETTER_NEITHER || one->before == SAPA_KPI_NONE || one->since == SAPA_KPI_NONE)
        return SAPA_FOLLOW_NEITHER;
    if (one->before == one->since)
        return SAPA_FOLLOW_SAME;
    return (one->since > one->before) == (better == SAPA_BETTER_HIGHER) ? SAPA_FOLLOW_BETTER : SAPA_FOLLOW_WORSE;
}

uint32_t sapa_follow_compare(const struct sapa_row *before, const struct sapa_row *since, struct sapa_follow *ret)
{
    uint32_t count = 0;

    for (size_t i = 0; i < SAPA_COUNT(followed); i++) {
        struct sapa_follow *one = &ret[count];
        struct sapa_figure info;
        *one = (struct sapa_follow){ .figure = sapa_figure_find(sapa_str_of(followed[i].key)) };
        one->count_before = before->m.of[followed[i].count];
        one->count_since = since->m.of[followed[i].count];
        if (!followed[i].always && one->count_before == 0 && one->count_since == 0)
            continue;
        one->before = sapa_figure_value(one->figure, before);
        one->since = sapa_figure_value(one->figure, since);
        sapa_figure_get(one->figure, &info);
        one->verdict = (uint8_t)judge(one, info.better);
        count++;
    }
    return count;
}

static sapa_rc sum(const struct sapa_intervals *quarters, const struct sapa_memory *memory, const struct sapa_names *names, uint32_t agent,
                   int64_t from_s, int64_t to_s, struct sapa_row *ret)
{
    const struct sapa_interval_options bounds = { .grain = SAPA_GRAIN_DAY, .kinds = UINT32_C(1) << SAPA_ROWS_AGENTS, .from_s = from_s, .to_s = to_s };
    struct sapa_intervals rows;

    sapa_intervals_init(&rows, memory, names, &bounds);
    sapa_rc rc = sapa_intervals_group(&rows, quarters);
    if (rc == SAPA_OK)
        rc = sapa_intervals_sum(&rows, SAPA_ROWS_AGENTS, agent, ret);
    for (unsigned i = 0; rc == SAPA_OK && i < SAPA_DIST_COUNT; i++)
        ret->dists[i] = (struct sapa_hist){ 0 }; /* they go with the fold; nothing here reads them */
    sapa_intervals_done(&rows);
    return rc;
}

sapa_rc sapa_follow_read(const struct sapa_intervals *quarters, const struct sapa_memory *memory, const struct sapa_names *names, uint32_t agent,
                         int64_t at_s, struct sapa_follow *ret, uint32_t *ret_count)
{
    const struct sapa_follow_span span = sapa_follow_span(at_s);
    struct sapa_row before = { .kind = SAPA_ROWS_AGENTS }, since = { .kind = SAPA_ROWS_AGENTS };
    sapa_rc rc = agent == SAPA_NONE ? SAPA_OK : sum(quarters, memory, names, agent, span.before_s, span.until_s, &before);

    if (rc == SAPA_OK && agent != SAPA_NONE)
        rc = sum(quarters, memory, names, agent, span.since_s, 0, &since);
    if (rc == SAPA_OK)
        *ret_count = sapa_follow_compare(&before, &since, ret);
    return rc;
}
