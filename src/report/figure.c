#include "report/figure.h"

#define ROWS(kind) (1u << SAPA_ROWS_##kind)
enum {
    OF_ARRIVALS = ROWS(TOTAL) | ROWS(CLIENTS) | ROWS(NUMBERS) | ROWS(CAMPAIGNS),
    OF_CONTACTS = OF_ARRIVALS | ROWS(QUEUES),
    OF_AGENTS = ROWS(AGENTS),
};

/* Percentiles of distributions. */
struct percentile {
    const char *key, *name[SAPA_LANGUAGE_COUNT], *text, *formula;
    uint8_t dist, percent;
};

static const struct percentile percentiles[] = {
#define P(id, key_, name_id, name_en, largest_, text_, percent_)                                             \
    { key_ "_p" #percent_ "_ms", { name_id " p" #percent_, name_en " p" #percent_ }, text_,                  \
      "the smallest value that " #percent_ " % of all do not exceed (nearest rank)", SAPA_DIST_##id, percent_ },
#define X(id, key, name_id, name_en, largest, text)                                                 \
    P(id, key, name_id, name_en, largest, text, 50) P(id, key, name_id, name_en, largest, text, 80) \
    P(id, key, name_id, name_en, largest, text, 90) P(id, key, name_id, name_en, largest, text, 95) \
    P(id, key, name_id, name_en, largest, text, 99)
    SAPA_DISTS(X)
#undef X
#undef P
};

static const struct { const char *key, *name[SAPA_LANGUAGE_COUNT], *text; } moments[] = {
    { "first_in", { "Datang", "In" }, "when the agent logged in for the first time in the interval" },
    { "last_out", { "Pulang", "Out" }, "when the agent logged out for the last time in the interval" },
};

enum {
    PERCENTILES_FIRST = SAPA_M_OUTER_FIRST,
    MOMENTS_FIRST = PERCENTILES_FIRST + SAPA_COUNT(percentiles),
    KPIS_FIRST = MOMENTS_FIRST + SAPA_COUNT(moments),
};

/* Figures that a target can be set for. "*" behind it: all that begin so. */
static const struct { const char *key; uint8_t better; } betters[] = {
    { "service_level_*", SAPA_BETTER_HIGHER }, { "answer_rate", SAPA_BETTER_HIGHER }, { "answered", SAPA_BETTER_HIGHER },
    { "handled", SAPA_BETTER_HIGHER }, { "received", SAPA_BETTER_HIGHER }, { "outbound_handled", SAPA_BETTER_HIGHER },
    { "outbound_reached", SAPA_BETTER_HIGHER }, { "outbound_reach_rate", SAPA_BETTER_HIGHER }, { "calls_placed", SAPA_BETTER_HIGHER },
    { "calls_reached", SAPA_BETTER_HIGHER }, { "reach_rate", SAPA_BETTER_HIGHER }, { "solved", SAPA_BETTER_HIGHER },
    { "solved_rate", SAPA_BETTER_HIGHER }, { "callback_kept_rate", SAPA_BETTER_HIGHER }, { "containment", SAPA_BETTER_HIGHER },
    { "recorded_share", SAPA_BETTER_HIGHER }, { "mos", SAPA_BETTER_HIGHER }, { "occupancy", SAPA_BETTER_HIGHER },
    { "availability", SAPA_BETTER_HIGHER }, { "adherence", SAPA_BETTER_HIGHER }, { "conformance", SAPA_BETTER_HIGHER }, { "accept_rate", SAPA_BETTER_HIGHER }, { "nps", SAPA_BETTER_HIGHER },
    { "csat", SAPA_BETTER_HIGHER }, { "surveys", SAPA_BETTER_HIGHER }, { "logged_in_ms", SAPA_BETTER_HIGHER },
    { "abandoned", SAPA_BETTER_LOWER }, { "abandon_rate_*", SAPA_BETTER_LOWER }, { "abandon_wait", SAPA_BETTER_LOWER },
    { "asa", SAPA_BETTER_LOWER }, { "aht", SAPA_BETTER_LOWER }, { "talk_mean", SAPA_BETTER_LOWER },
    { "wrapup_mean", SAPA_BETTER_LOWER }, { "hold_mean", SAPA_BETTER_LOWER }, { "transfer_rate", SAPA_BETTER_LOWER },
    { "transfer_lost_rate", SAPA_BETTER_LOWER }, { "cost_per_*", SAPA_BETTER_LOWER }, { "system_drop_rate", SAPA_BETTER_LOWER },
    { "network_drop_rate", SAPA_BETTER_LOWER }, { "wait_max_ms", SAPA_BETTER_LOWER }, { "wait_p*", SAPA_BETTER_LOWER },
    { "handling_p*", SAPA_BETTER_LOWER }, { "offers_missed", SAPA_BETTER_LOWER }, { "offers_refused", SAPA_BETTER_LOWER },
    { "not_ready_ms", SAPA_BETTER_LOWER },
};

static uint8_t better_of(const char *key)
{
    for (size_t i = 0; i < SAPA_COUNT(betters); i++) {
        const size_t n = strlen(betters[i].key);
        if (betters[i].key[n - 1] == '*' ? strncmp(betters[i].key, key, n - 1) == 0 : strcmp(betters[i].key, key) == 0)
            return betters[i].better;
    }
    return SAPA_BETTER_NEITHER;
}

const char *sapa_better_name(unsigned better)
{
    static const char *const names[] = {
#define X(id, text) text,
        SAPA_BETTERS(X)
#undef X
    };

    return better < SAPA_COUNT(names) ? names[better] : "?";
}

const char *sapa_figure_kind_name(enum sapa_figure_kind kind)
{
    static const char *const names[] = {
#define X(id, text) text,
        SAPA_FIGURE_KINDS(X)
#undef X
    };

    return (unsigned)kind < SAPA_COUNT(names) ? names[kind] : "?";
}

const char *sapa_unit_name(enum sapa_unit unit)
{
    static const char *const names[] = { "", "ms", "ratio", "points", "currency", "time" };

    return (unsigned)unit < SAPA_COUNT(names) ? names[unit] : "?";
}

void sapa_rows_print(uint32_t rows, struct sapa_text *out)
{
    static const char *const names[SAPA_ROWS_COUNT] = { "centre", "client", "number", "queue", "agent", "reason", "trunk", "campaign" };
    bool first = true;

    for (unsigned i = 0; i < SAPA_ROWS_COUNT; i++) {
        if (!(rows >> i & 1))
            continue;
        sapa_text_printf(out, "%s%s", first ? "" : ", ", names[i]);
        first = false;
    }
}

uint32_t sapa_figure_count(void)
{
    uint32_t kpis;

    (void)sapa_kpis(&kpis);
    return KPIS_FIRST + kpis;
}

/* Which rows hold a measure: what becomes of a contact, or of its stay in a queue; an agent's time. */
static uint32_t rows_of(enum sapa_measure measure)
{
    switch (measure) {
    case SAPA_M_ABANDONED_MENU:
    case SAPA_M_CONTAINED:
    case SAPA_M_CLOSED:
    case SAPA_M_VOICEMAIL:
    case SAPA_M_CALLBACK_FAILED:
    case SAPA_M_TRANSFERRED:
    case SAPA_M_REFUSED:
    case SAPA_M_CONTACTS:
    case SAPA_M_OUTBOUND:
    case SAPA_M_OUTBOUND_REACHED:
    case SAPA_M_OUTBOUND_UNREACHED:
    case SAPA_M_OUTBOUND_PASSED:
    case SAPA_M_OUTBOUND_OTHER:
    case SAPA_M_OUTBOUND_OPEN:
    case SAPA_M_INTERNAL:
    case SAPA_M_INTERNAL_REACHED:
    case SAPA_M_INTERNAL_UNREACHED:
    case SAPA_M_INTERNAL_PASSED:
    case SAPA_M_INTERNAL_OTHER:
    case SAPA_M_INTERNAL_OPEN:
    case SAPA_M_MENU:
    case SAPA_M_BY_CUSTOMER:
    case SAPA_M_BY_AGENT:
    case SAPA_M_BY_FLOW:
    case SAPA_M_BY_NETWORK:
    case SAPA_M_BY_SYSTEM:
    case SAPA_M_COST:
    case SAPA_M_CHARGED:
    case SAPA_M_CHARGED_CALLS:
    case SAPA_M_OUTBOUND_AGENT_COST: return OF_ARRIVALS;
    case SAPA_M_OUTBOUND_LINES:
    case SAPA_M_OUTBOUND_LINE_TIME:
    case SAPA_M_OUTBOUND_COST:
    case SAPA_M_OUTBOUND_CHARGED:
    case SAPA_M_OUTBOUND_CHARGED_CALLS: return OF_ARRIVALS | ROWS(TRUNKS);
    /* whose stays in no queue */
    case SAPA_M_OUTBOUND_HANDLED:
    case SAPA_M_OUTBOUND_TALK:
    case SAPA_M_INTERNAL_TALK:
    case SAPA_M_CONSULTATIONS:
    case SAPA_M_CALLS_DENIED: return OF_ARRIVALS | OF_AGENTS;
    case SAPA_M_TRANSFERRED_IN:
    case SAPA_M_MOVED:
    case SAPA_M_LEFT_BY_FLOW:
    case SAPA_M_NO_AGENTS:
    case SAPA_M_OVERFLOWED_IN:
    case SAPA_M_CALLBACKS_QUEUED:
    case SAPA_M_CALLBACKS_ANSWERED:
    case SAPA_M_CALLBACKS_ENDED:
    case SAPA_M_CALLBACKS_OPEN: return ROWS(QUEUES);
    case SAPA_M_SURGE: return OF_CONTACTS & ~(uint32_t)ROWS(CAMPAIGNS);
    case SAPA_M_NOT_READY: return OF_AGENTS | ROWS(REASONS);
    default: break;
    }
    if (measure < SAPA_M_SHARED_FIRST)
        return OF_CONTACTS;
    return measure < SAPA_M_AGENT_FIRST ? OF_CONTACTS | OF_AGENTS : OF_AGENTS;
}

static void get_measure(enum sapa_measure measure, struct sapa_figure *ret)
{
    const struct sapa_measure_info *info = sapa_measure_info(measure);
    struct sapa_text key;

    sapa_text_init(&key, ret->key, sizeof(ret->key));
    sapa_text_add(&key, sapa_str_of(info->key));
    ret->kind = info->is_max ? SAPA_FIGURE_MAXIMUM
              : info->unit == SAPA_UNIT_MS ? SAPA_FIGURE_DURATION
              : info->unit == SAPA_UNIT_MONEY ? SAPA_FIGURE_MONEY : SAPA_FIGURE_COUNT;
    ret->unit = info->unit;
    ret->rows = rows_of(measure);
    ret->name[0] = info->name[0];
    ret->name[1] = info->name[1];
    ret->text = info->text;
    ret->formula = "";
    ret->edge = info->is_max ? "intervals are joined by the largest; 0 when there was none"
                             : "intervals are joined by the sum; 0 when there was none";
}

static void get_percentile(const struct percentile *from, struct sapa_figure *ret)
{
    struct sapa_text key;

    sapa_text_init(&key, ret->key, sizeof(ret->key));
    sapa_text_add(&key, sapa_str_of(from->key));
    ret->kind = SAPA_FIGURE_PERCENTILE;
    ret->unit = SAPA_UNIT_MS;
    ret->rows = from->dist == SAPA_DIST_HANDLE ? OF_CONTACTS | OF_AGENTS : OF_CONTACTS;
    ret->name[0] = from->name[0];
    ret->name[1] = from->name[1];
    ret->text = from->text;
    ret->formula = from->formula;
    ret->edge = "no value without values; never too small and less than 0.4 % too large, also of joined intervals";
}

static void get_kpi(const struct sapa_kpi *kpi, struct sapa_figure *ret)
{
    struct sapa_text key;

    sapa_text_init(&key, ret->key, sizeof(ret->key));
    sapa_kpi_slug(kpi, &key);
    ret->kind = kpi->unit == SAPA_UNIT_RATIO ? SAPA_FIGURE_RATIO
              : kpi->unit == SAPA_UNIT_MS || kpi->unit == SAPA_UNIT_MONEY ? SAPA_FIGURE_MEAN : SAPA_FIGURE_SCORE;
    ret->unit = kpi->unit;
    ret->is_outer = kpi->is_outer;
    ret->rows = kpi->is_outer ? 0
              : (kpi->of & SAPA_KPI_OF_ARRIVALS ? OF_ARRIVALS : 0u) | (kpi->of & SAPA_KPI_OF_QUEUES ? ROWS(QUEUES) : 0u)
                    | (kpi->of & SAPA_KPI_OF_AGENTS ? OF_AGENTS : 0u) | (kpi->of & SAPA_KPI_OF_TRUNKS ? ROWS(TRUNKS) : 0u);
    ret->name[0] = kpi->name[0];
    ret->name[1] = kpi->name[1];
    ret->text = kpi->text;
    ret->formula = kpi->formula;
    ret->edge = kpi->edge;
}

void sapa_figure_get(uint32_t index, struct sapa_figure *ret_figure)
{
    uint32_t kpis;
    const struct sapa_kpi *kpi = sapa_kpis(&kpis);

    sapa_assert(index < KPIS_FIRST + kpis);
    memset(ret_figure, 0, sizeof(*ret_figure));
    if (index < PERCENTILES_FIRST) {
        get_measure((enum sapa_measure)index, ret_figure);
    } else if (index < MOMENTS_FIRST) {
        get_percentile(&percentiles[index - PERCENTILES_FIRST], ret_figure);
    } else if (index < KPIS_FIRST) {
        struct sapa_text key;
        sapa_text_init(&key, ret_figure->key, sizeof(ret_figure->key));
        sapa_text_add(&key, sapa_str_of(moments[index - MOMENTS_FIRST].key));
        ret_figure->kind = SAPA_FIGURE_MOMENT;
        ret_figure->unit = SAPA_UNIT_MOMENT;
        ret_figure->rows = OF_AGENTS;
        ret_figure->name[0] = moments[index - MOMENTS_FIRST].name[0];
        ret_figure->name[1] = moments[index - MOMENTS_FIRST].name[1];
        ret_figure->text = moments[index - MOMENTS_FIRST].text;
        ret_figure->formula = "";
        ret_figure->edge = "no value when it did not happen; intervals are joined by the first, or the last";
    } else {
        get_kpi(&kpi[index - KPIS_FIRST], ret_figure);
    }
    ret_figure->better = better_of(ret_figure->key);
}

uint32_t sapa_figure_find(struct sapa_str key)
{
    struct sapa_figure figure;

    for (uint32_t i = 0; i < sapa_figure_count(); i++) {
        sapa_figure_get(i, &figure);
        if (sapa_str_eq(key, sapa_str_of(figure.key)))
            return i;
    }
    return SAPA_NONE;
}

/* Levenshtein's distance: keys are short. */
static uint32_t distance(struct sapa_str a, struct sapa_str b)
{
    uint32_t row[SAPA_FIGURE_KEY_MAX + 2];

    if (a.n > SAPA_FIGURE_KEY_MAX || b.n > SAPA_FIGURE_KEY_MAX)
        return UINT32_MAX;
    for (uint32_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (uint32_t i = 0; i < a.n; i++) {
        uint32_t corner = row[0];
        row[0] = i + 1;
        for (uint32_t j = 0; j < b.n; j++) {
            const uint32_t change = corner + (a.p[i] != b.p[j]);
            corner = row[j + 1];
            row[j + 1] = SAPA_MIN(SAPA_MIN(row[j], row[j + 1]) + 1, change);
        }
    }
    return row[b.n];
}

uint32_t sapa_figure_like(struct sapa_str key)
{
    struct sapa_figure figure;
    uint32_t best = SAPA_NONE, least = UINT32_MAX;

    for (uint32_t i = 0; i < sapa_figure_count(); i++) {
        sapa_figure_get(i, &figure);
        const struct sapa_str other = sapa_str_of(figure.key);
        uint32_t apart = distance(key, other);
        /* "wait_p90" for "wait_p90_ms", "service_level" for "service_level_1" */
        if (key.n >= 3 && key.n < other.n && memcmp(key.p, other.p, key.n) == 0)
            apart = 1;
        if (apart < least) {
            least = apart;
            best = i;
        }
    }
    return least <= 1 + key.n / 4 ? best : SAPA_NONE;
}

bool sapa_figure_is_shown(uint32_t index, enum sapa_rows kind)
{
    struct sapa_figure figure;

    sapa_figure_get(index, &figure);
    return (figure.rows >> kind & 1) != 0 && strncmp(figure.key, "service_level_cisco", 19) != 0;
}

int64_t sapa_figure_percentile(enum sapa_dist dist, unsigned percent, const struct sapa_row *row)
{
    static const enum sapa_measure largest[SAPA_DIST_COUNT] = { /* no value exceeds it */
#define X(id, key, name_id, name_en, largest_, text) [SAPA_DIST_##id] = SAPA_M_##largest_,
        SAPA_DISTS(X)
#undef X
    };
    const struct sapa_hist *hist = &row->dists[dist];

    if (hist->total == 0)
        return SAPA_KPI_NONE;
    return SAPA_MIN((int64_t)sapa_hist_percentile(hist, percent), row->m.of[largest[dist]]);
}

int64_t sapa_figure_value(uint32_t index, const struct sapa_row *row)
{
    uint32_t kpis;

    if (index < PERCENTILES_FIRST)
        return row->m.of[index];
    if (index < MOMENTS_FIRST) {
        const struct percentile *percentile = &percentiles[index - PERCENTILES_FIRST];
        return sapa_figure_percentile(percentile->dist, percentile->percent, row);
    }
    if (index < KPIS_FIRST) {
        const int64_t at_us = index == MOMENTS_FIRST ? row->first_in_us : row->last_out_us;
        return at_us == 0 ? SAPA_KPI_NONE : at_us;
    }
    return sapa_kpis(&kpis)[index - KPIS_FIRST].value(&row->m);
}

sapa_rc sapa_figure_list(struct sapa_str text, uint32_t max, struct sapa_text *problem, uint32_t *ret_figures, uint32_t *ret_count)
{
    uint32_t count = 0;

    while (text.n > 0) {
        const struct sapa_str key = sapa_str_cut(text, ',', &text);
        const uint32_t at = sapa_figure_find(key), like = sapa_figure_like(key);
        struct sapa_figure figure;
        if (at == SAPA_NONE) {
            sapa_text_printf(problem, "there is no figure \"" SAPA_STR_FMT "\"", SAPA_STR_ARG(key));
            if (like != SAPA_NONE) {
                sapa_figure_get(like, &figure);
                sapa_text_printf(problem, "; did you mean %s?", figure.key);
            }
            return SAPA_EINVAL;
        }
        sapa_figure_get(at, &figure);
        if (figure.is_outer)
            sapa_text_printf(problem, "%s needs numbers that the log does not hold", figure.key);
        else if (count == max)
            sapa_text_printf(problem, "at most %u figures", max);
        if (figure.is_outer || count == max)
            return SAPA_EINVAL;
        ret_figures[count++] = at;
    }
    *ret_count = count;
    return SAPA_OK;
}
