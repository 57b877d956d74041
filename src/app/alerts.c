#include "app/alerts.h"

#include <stdlib.h>

#include "report/kpi.h"

enum { MOMENTS = SAPA_ALERTS_WINDOW_S / SAPA_ALERTS_STEP_S + 1 };

/* Sums of a queue's day, minute by minute. */
struct moments {
    int64_t at_us[MOMENTS]; /* 0: none */
    struct sapa_measures of[MOMENTS];
    unsigned next;
};

struct sapa_alerts {
    char hash[65];            /* of the description that the queues below are of */
    struct moments **queues;  /* NULL where nobody asks for shares */
    uint32_t queue_count;
};

struct second {
    const struct sapa_core *core;
    int64_t now_us;
    sapa_alerts_post *post;
    void *ctx;
};

static void forget(struct sapa_alerts *alerts)
{
    for (uint32_t i = 0; i < alerts->queue_count; i++)
        free(alerts->queues[i]);
    free(alerts->queues);
    alerts->queues = NULL;
    alerts->queue_count = 0;
}

sapa_rc sapa_alerts_new(struct sapa_alerts **ret)
{
    struct sapa_alerts *alerts = calloc(1, sizeof(*alerts));

    if (!alerts)
        return SAPA_ENOMEM;
    *ret = alerts;
    return SAPA_OK;
}

void sapa_alerts_free(struct sapa_alerts *alerts)
{
    if (!alerts)
        return;
    forget(alerts);
    free(alerts);
}

/* ---- one figure against its limit ---- */

/* It comes when `bad`, and goes when `good`: between the two it stays as it is. */
static void judge(const struct second *s, enum sapa_alert kind, uint32_t target, bool bad, bool good, int64_t value, uint64_t limit)
{
    const bool on = sapa_core_alert_is_on(s->core, kind, target);
    struct sapa_record input;

    if (on ? !good : !bad)
        return;
    sapa_record_init(&input, SAPA_T_alert);
    input.u.alert.kind = kind;
    input.u.alert.target = target;
    input.u.alert.state = on ? SAPA_ALERT_STATE_OVER : SAPA_ALERT_STATE_ON;
    input.u.alert.value = value > 0 ? (uint64_t)value : 0;
    input.u.alert.limit = limit;
    (void)s->post(s->ctx, &input); /* asked again in a second */
}

static void judge_above(const struct second *s, enum sapa_alert kind, uint32_t target, int64_t value, int64_t limit)
{
    judge(s, kind, target, limit > 0 && value > limit, limit == 0 || value * 4 <= limit * 3, value, (uint64_t)limit);
}

/* ---- shares of the last half hour ---- */

static struct moments *moments_of(struct sapa_alerts *alerts, const struct sapa_centre *centre, uint32_t queue)
{
    if (strcmp(alerts->hash, centre->hash) != 0) { /* queues may have other numbers: half an hour from here on */
        forget(alerts);
        alerts->queues = calloc((size_t)centre->queues_count + 1, sizeof(*alerts->queues));
        if (!alerts->queues)
            return NULL;
        alerts->queue_count = centre->queues_count;
        memcpy(alerts->hash, centre->hash, sizeof(alerts->hash));
    }
    if (queue >= alerts->queue_count)
        return NULL;
    if (!alerts->queues[queue])
        alerts->queues[queue] = calloc(1, sizeof(struct moments));
    return alerts->queues[queue];
}

/* What came since the oldest moment that is kept. */
static struct sapa_measures since(struct moments *m, const struct sapa_measures *now, int64_t now_us)
{
    struct sapa_measures of = *now;
    unsigned oldest = MOMENTS;

    for (unsigned i = 0; i < MOMENTS; i++) {
        if (m->at_us[i] == 0 || now_us - m->at_us[i] > (SAPA_ALERTS_WINDOW_S + SAPA_ALERTS_STEP_S) * INT64_C(1000000))
            continue;
        if (oldest == MOMENTS || m->at_us[i] < m->at_us[oldest])
            oldest = i;
    }
    for (unsigned i = 0; oldest < MOMENTS && i < SAPA_M_COUNT; i++)
        of.of[i] -= m->of[oldest].of[i];
    const unsigned newest = (m->next + MOMENTS - 1) % MOMENTS;
    if (m->at_us[newest] == 0 || now_us - m->at_us[newest] >= SAPA_ALERTS_STEP_S * INT64_C(1000000)) {
        m->at_us[m->next] = now_us;
        m->of[m->next] = *now;
        m->next = (m->next + 1) % MOMENTS;
    }
    return of;
}

static void judge_shares(struct sapa_alerts *alerts, const struct second *s, struct sapa_live *live, uint32_t index)
{
    const struct sapa_centre *centre = sapa_core_centre_now(s->core);
    const struct sapa_queue *queue = &centre->queues[index];
    struct moments *m = moments_of(alerts, centre, index);
    static struct sapa_row row;

    if (!m || sapa_intervals_get(&live->today, SAPA_ROWS_QUEUES, sapa_names_dim(live->names, SAPA_DIM_QUEUE, index), s->now_us, &row) != SAPA_OK)
        return;
    const unsigned newest = (m->next + MOMENTS - 1) % MOMENTS;
    if (m->at_us[newest] != 0 && row.m.of[SAPA_M_OFFERED] < m->of[newest].of[SAPA_M_OFFERED])
        memset(m, 0, sizeof(*m)); /* another day */
    const struct sapa_measures of = since(m, &row.m, s->now_us);
    const bool says = of.of[SAPA_M_OFFERED] >= SAPA_ALERTS_LEAST;
    const int64_t level = sapa_kpi_service_level(&of), limit = queue->alert_level_percent * INT64_C(10000);
    const bool known = says && level != SAPA_KPI_NONE;
    judge(s, SAPA_ALERT_LEVEL, index, limit > 0 && known && level < limit, limit == 0 || !known || level >= SAPA_MIN(limit + 30000, 1000000),
          known ? level : 0, (uint64_t)limit);
    const struct sapa_kpi *abandoned = sapa_kpi_find("abandon_rate", "short excluded");
    const int64_t rate = abandoned ? abandoned->value(&of) : SAPA_KPI_NONE, most = queue->alert_abandoned_percent * INT64_C(10000);
    judge_above(s, SAPA_ALERT_ABANDONED, index, says && rate != SAPA_KPI_NONE ? rate : 0, most);
}

/* ---- once a second ---- */

static void judge_agent(const struct second *s, uint32_t agent)
{
    const struct sapa_system *system = &sapa_core_centre_now(s->core)->system;
    struct sapa_assignment_view one;
    struct sapa_agent_view view;
    uint32_t cursor = 0;
    int64_t talk_us = 0;

    if (sapa_core_agent_get(s->core, agent, s->now_us, &view) != SAPA_OK)
        return;
    const int64_t away_ms = view.presence == SAPA_PRESENCE_NOT_READY && view.assignments == 0 ? (s->now_us - view.since_us) / 1000 : 0;
    while (sapa_core_assignment_next(s->core, agent, &cursor, &one)) {
        if (one.state == SAPA_ASSIGNMENT_TALKING && one.channel == SAPA_CHANNEL_VOICE)
            talk_us = SAPA_MAX(talk_us, s->now_us - one.since_us);
    }
    judge(s, SAPA_ALERT_NOT_READY, agent, system->alert_not_ready_ms && away_ms > system->alert_not_ready_ms,
          !system->alert_not_ready_ms || away_ms <= system->alert_not_ready_ms, away_ms, system->alert_not_ready_ms);
    if (view.assignments == 0) /* its begin and end come with the call (channel/voice); its end here where that was missed */
        judge(s, SAPA_ALERT_LINE, agent, false, true, 0, 0);
    judge(s, SAPA_ALERT_TALK, agent, system->alert_talk_ms && talk_us / 1000 > system->alert_talk_ms,
          !system->alert_talk_ms || talk_us / 1000 <= system->alert_talk_ms, talk_us / 1000, system->alert_talk_ms);
}

void sapa_alerts_second(struct sapa_alerts *alerts, const struct sapa_core *core, struct sapa_live *live, int64_t now_us,
                        sapa_alerts_post *post, void *ctx)
{
    const struct sapa_centre *centre = sapa_core_centre_now(core);
    const struct second s = { core, now_us, post, ctx };
    struct sapa_alert_view on;
    uint32_t cursor = 0;
    const bool any = sapa_core_alert_next(core, &cursor, &on);

    for (uint32_t i = 0; centre && i < centre->queues_count; i++) {
        const struct sapa_queue *queue = &centre->queues[i];
        struct sapa_queue_view view;
        if ((any || queue->alert_waiting || queue->alert_longest_ms) && sapa_core_queue_get(core, i, now_us, &view) == SAPA_OK) {
            judge_above(&s, SAPA_ALERT_WAITING, i, view.waiting, queue->alert_waiting);
            judge_above(&s, SAPA_ALERT_LONGEST, i, view.longest_wait_ms, queue->alert_longest_ms);
        }
        if (any || queue->alert_level_percent || queue->alert_abandoned_percent)
            judge_shares(alerts, &s, live, i);
    }
    for (uint32_t i = 0; centre && (any || centre->system.alert_not_ready_ms || centre->system.alert_talk_ms) && i < centre->agents_count; i++)
        judge_agent(&s, i);
}
