#include "app/breach.h"

#include <stdlib.h>

#include "app/figures.h"
#include "base/log.h"
#include "http/target.h"
#include "http/task.h"
#include "rt/clock.h"

enum {
    EVERY_US = 60 * 1000000,
    AT_ONCE = 50000,    /* records: what keeps the figures fresh does the rest */
    LOOK_AHEAD_S = 3600, /* another description may have another zone */
};
static const char setting[] = "api.breach.judged"; /* the last day, yyyymmdd */

/* ---- a day ---- */

struct day {
    struct sapa_store *store;
    const struct sapa_centre *centre;
    const struct sapa_names *names;
    struct sapa_intervals *rows;
    const struct sapa_goals *goals;
    int64_t from_s;
    int32_t date;
    uint32_t tasks;
    sapa_rc rc;
};

static sapa_rc read_row(struct day *day, enum sapa_rows kind, enum sapa_dim dim, uint32_t index, struct sapa_row *ret)
{
    return sapa_intervals_read(day->rows, kind, kind == SAPA_ROWS_TOTAL ? 0 : sapa_names_dim(day->names, dim, index), day->from_s * 1000000, ret);
}

/* What its agents did, joined; how many were at work. */
static sapa_rc read_team(struct day *day, uint32_t team, struct sapa_row *ret, uint32_t *ret_people)
{
    static struct sapa_row one;

    memset(ret, 0, sizeof(*ret));
    ret->kind = SAPA_ROWS_AGENTS;
    ret->dim = SAPA_NONE;
    *ret_people = 0;
    for (uint32_t i = 0; i < day->centre->agents_count; i++) {
        if (day->centre->agents[i].team != team)
            continue;
        const sapa_rc rc = read_row(day, SAPA_ROWS_AGENTS, SAPA_DIM_AGENT, i, &one);
        if (rc != SAPA_OK)
            return rc;
        *ret_people += one.m.of[SAPA_M_LOGGED_IN] > 0;
        sapa_measures_join(&ret->m, &one.m);
    }
    return SAPA_OK;
}

/* The target that holds on the day, if it is this one, and the row that it is held against; ENOENT: nothing to judge. */
static sapa_rc row_of(struct day *day, const struct sapa_goal *goal, struct sapa_row *row, struct sapa_goal_found *found, bool *ret_enough)
{
    const struct sapa_centre *centre = day->centre;
    const struct sapa_str key = sapa_str_of(goal->key);
    const uint32_t index = goal->scope == SAPA_GOAL_OF_CLIENT  ? SAPA_FIND(centre, clients, key)
                           : goal->scope == SAPA_GOAL_OF_QUEUE ? SAPA_FIND(centre, queues, key)
                           : goal->scope == SAPA_GOAL_OF_TEAM  ? SAPA_FIND(centre, teams, key)
                                                               : 0;
    const enum sapa_rows kind = goal->scope == SAPA_GOAL_OF_CLIENT ? SAPA_ROWS_CLIENTS : goal->scope == SAPA_GOAL_OF_QUEUE ? SAPA_ROWS_QUEUES : SAPA_ROWS_TOTAL;
    uint32_t people = 0;
    sapa_rc rc;

    if (index == SAPA_NONE)
        return SAPA_ENOENT;
    if (goal->scope == SAPA_GOAL_OF_TEAM) {
        rc = read_team(day, index, row, &people);
        *ret_enough = sapa_goal_is_daily(goal->figure) ? people > 0 : row->m.of[SAPA_M_HANDLED] >= SAPA_BREACH_LEAST;
        if (rc == SAPA_OK && !sapa_goal_find_team(day->goals, centre, index, people, goal->figure, day->date, found))
            rc = SAPA_ENOENT;
    } else {
        rc = read_row(day, kind, goal->scope == SAPA_GOAL_OF_CLIENT ? SAPA_DIM_CLIENT : SAPA_DIM_QUEUE, index, row);
        *ret_enough = row->m.of[SAPA_M_OFFERED] >= SAPA_BREACH_LEAST;
        if (rc == SAPA_OK && !sapa_goal_find(day->goals, centre, kind, index, goal->figure, day->date, found))
            rc = SAPA_ENOENT;
    }
    return rc == SAPA_OK && (found->scope != goal->scope || found->from != goal->from) ? SAPA_ENOENT : rc;
}

struct looking {
    const struct sapa_task_breach *breach;
    bool found;
};

static void compare(void *ctx, const struct sapa_task *task)
{
    struct looking *looking = ctx;
    const struct sapa_task_breach *a = looking->breach, *b = &task->breach;

    looking->found |= a->date == b->date && a->scope == b->scope && strcmp(a->key, b->key) == 0 && strcmp(a->figure, b->figure) == 0;
}

/* In a unit that people read: 62.5 %, 1:05, 40. */
static void add_value(struct sapa_text *text, unsigned unit, int64_t value)
{
    if (unit == SAPA_UNIT_RATIO)
        sapa_text_printf(text, "%lld.%lld %%", (long long)(value / 10000), (long long)(value / 1000 % 10));
    else if (unit == SAPA_UNIT_MS)
        sapa_text_printf(text, "%lld:%02lld", (long long)(value / 60000), (long long)(value / 1000 % 60));
    else if (unit == SAPA_UNIT_MONEY)
        sapa_text_printf(text, "%lld", (long long)(value / 100));
    else if (unit == SAPA_UNIT_POINTS)
        sapa_text_printf(text, "%lld.%lld", (long long)(value / 1000000), (long long)((value < 0 ? -value : value) / 100000 % 10));
    else
        sapa_text_printf(text, "%lld", (long long)value);
}

static void add_task(struct day *day, const struct sapa_goal *goal, const struct sapa_goal_found *found, int64_t value)
{
    const enum sapa_language language = day->centre->system.languages >> SAPA_LANGUAGE_ID & 1 ? SAPA_LANGUAGE_ID : SAPA_LANGUAGE_EN;
    static struct sapa_task task;
    struct sapa_figure info;
    struct sapa_text text;
    char date[16];
    uint64_t id;

    sapa_figure_get(goal->figure, &info);
    task = (struct sapa_task){ .created_us = sapa_wall_us(), .by = "sapa",
                               .breach = { .value = value, .target = found->value, .date = day->date, .scope = goal->scope } };
    (void)sapa_str_copy(sapa_str_of(info.key), task.breach.figure, sizeof(task.breach.figure));
    (void)sapa_str_copy(sapa_str_of(goal->key), task.breach.key, sizeof(task.breach.key));
    struct looking looking = { .breach = &task.breach };
    day->rc = sapa_task_each(day->store, sapa_str_of(goal->owner), compare, &looking);
    if (day->rc != SAPA_OK || looking.found) /* made before, by a process that ended then */
        return;
    sapa_target_date(day->date, date);
    sapa_text_init(&text, task.text, sizeof(task.text));
    sapa_text_printf(&text, "%s, %s%s%s: ", date, info.name[language], goal->key[0] ? ", " : "", goal->key);
    add_value(&text, info.unit, value);
    sapa_text_printf(&text, " (target %s ", found->better == SAPA_BETTER_LOWER ? "<=" : ">=");
    add_value(&text, info.unit, found->value);
    sapa_text_add(&text, SAPA_STR(")"));
    day->rc = sapa_task_add(day->store, sapa_str_of(goal->owner), &task, &id);
    if (day->rc == SAPA_ELIMIT) {
        sapa_log(SAPA_LOG_WARN, "breach.full", "owner=%s has %d tasks; %s is left out", goal->owner, SAPA_TASKS_MAX, task.text);
        day->rc = SAPA_OK;
    } else if (day->rc == SAPA_OK) {
        day->tasks++;
    }
}

static void judge(struct day *day, const struct sapa_goal *goal)
{
    static struct sapa_row row;
    struct sapa_goal_found found;
    bool enough = false;

    if (!goal->owner[0] || goal->from > day->date || (goal->to != 0 && goal->to < day->date))
        return;
    const sapa_rc rc = row_of(day, goal, &row, &found, &enough);
    if (rc != SAPA_OK || !enough) {
        day->rc = rc == SAPA_ENOENT ? SAPA_OK : rc;
        return;
    }
    const int64_t value = sapa_figure_value(goal->figure, &row);
    if (sapa_goal_judge(&found, goal->figure, value, true) == SAPA_GOAL_MISSED)
        add_task(day, goal, &found, value);
}

/* ---- the days since the last look ---- */

static sapa_rc judge_days(struct sapa_store *store, struct sapa_figures *figures, const struct sapa_centre *centre, const struct sapa_zone *zone,
                          int64_t from_s, int64_t to_s, uint32_t *ret_tasks)
{
    const uint32_t kinds = 1u << SAPA_ROWS_TOTAL | 1u << SAPA_ROWS_CLIENTS | 1u << SAPA_ROWS_QUEUES | 1u << SAPA_ROWS_AGENTS;
    const struct sapa_interval_options bounds = { .grain = SAPA_GRAIN_DAY, .zone = zone, .from_s = from_s, .to_s = to_s, .kinds = kinds };
    struct sapa_goals *goals = calloc(1, sizeof(*goals));
    struct sapa_report *report;
    struct sapa_intervals rows;
    char text[16];
    sapa_rc rc = goals ? sapa_targets_load(store, goals) : SAPA_ENOMEM;

    if (rc == SAPA_OK)
        rc = sapa_figures_rows(figures, kinds, from_s, to_s, &report);
    if (rc != SAPA_OK) {
        free(goals);
        return rc;
    }
    sapa_intervals_init(&rows, sapa_memory_heap(), &report->names, &bounds);
    rc = sapa_intervals_group(&rows, &report->intervals);
    for (int64_t at_s = from_s; rc == SAPA_OK && at_s < to_s; at_s = sapa_zone_span(zone, SAPA_GRAIN_DAY, at_s).to_s) {
        struct day day = { store, centre, &report->names, &rows, goals, at_s, sapa_goal_date(zone, at_s), 0, SAPA_OK };
        for (uint32_t i = 0; i < goals->count && day.rc == SAPA_OK; i++)
            judge(&day, &goals->of[i]);
        rc = day.rc;
        *ret_tasks += day.tasks;
        snprintf(text, sizeof(text), "%d", day.date);
        if (rc == SAPA_OK)
            rc = sapa_store_set(store, setting, text);
    }
    sapa_intervals_done(&rows);
    free(goals);
    return rc;
}

static sapa_rc look(struct sapa_store *store, struct sapa_figures *figures, int64_t now_us, int64_t *ret_next_us, uint32_t *ret_tasks)
{
    bool more = false;
    sapa_rc rc = sapa_figures_fold(figures, AT_ONCE, 0, NULL, &more);
    const struct sapa_centre *centre = sapa_figures_centre(figures);

    if (rc != SAPA_OK || more || !centre)
        return rc == SAPA_OK ? SAPA_EAGAIN : rc;
    const struct sapa_zone *zone = centre->system.zone < centre->zones_count ? &centre->zones[centre->system.zone] : NULL;
    const struct sapa_span today = sapa_zone_span(zone, SAPA_GRAIN_DAY, now_us / 1000000);
    char text[SAPA_STORE_KEY_MAX];
    uint64_t judged = 0;

    *ret_next_us = SAPA_MIN(today.to_s, now_us / 1000000 + LOOK_AHEAD_S) * 1000000;
    rc = sapa_store_setting(store, setting, text, sizeof(text));
    if (rc == SAPA_OK && sapa_str_u64(sapa_str_of(text), 99991231, &judged) != SAPA_OK)
        rc = SAPA_ECORRUPT;
    if (rc == SAPA_ENOENT) {
        snprintf(text, sizeof(text), "%d", sapa_goal_date(zone, today.from_s - 1));
        return sapa_store_set(store, setting, text);
    }
    if (rc != SAPA_OK)
        return rc;
    int64_t from_s = today.from_s; /* the first day that is not judged */
    for (unsigned i = 0; i < SAPA_BREACH_DAYS_MAX && sapa_goal_date(zone, from_s - 1) > (int32_t)judged; i++)
        from_s = sapa_zone_span(zone, SAPA_GRAIN_DAY, from_s - 1).from_s;
    return from_s < today.from_s ? judge_days(store, figures, centre, zone, from_s, today.from_s, ret_tasks) : SAPA_OK;
}

sapa_rc sapa_breach_look(struct sapa_store *store, const char *data, int64_t now_us, int64_t *ret_next_us, uint32_t *ret_tasks)
{
    struct sapa_figures *figures;
    sapa_rc rc = sapa_figures_open(data, &figures);

    *ret_tasks = 0;
    *ret_next_us = now_us + EVERY_US;
    if (rc != SAPA_OK)
        return rc;
    rc = look(store, figures, now_us, ret_next_us, ret_tasks);
    sapa_figures_close(figures);
    return rc;
}

/* ---- now and then ---- */

struct sapa_breaches {
    struct sapa_loop *loop;
    struct sapa_pool *pool;
    struct sapa_store *store;
    struct sapa_timer timer;
    int64_t next_us;
    uint32_t tasks;
    sapa_rc rc, said;
    char data[512];
};

static void work(void *ctx)
{
    struct sapa_breaches *breaches = ctx;
    const int64_t now_us = sapa_wall_us();

    breaches->tasks = 0;
    breaches->rc = now_us < breaches->next_us ? SAPA_OK : sapa_breach_look(breaches->store, breaches->data, now_us, &breaches->next_us, &breaches->tasks);
}

static void again(void *ctx);

static void worked(void *ctx, sapa_rc rc)
{
    struct sapa_breaches *breaches = ctx;

    if (rc != SAPA_OK) /* the pool has ended */
        return;
    if (breaches->tasks > 0)
        sapa_log(SAPA_LOG_INFO, "breach.tasks", "count=%u", (unsigned)breaches->tasks);
    if (breaches->rc != breaches->said && breaches->rc != SAPA_OK && breaches->rc != SAPA_EAGAIN && breaches->rc != SAPA_ESTATE)
        sapa_log(SAPA_LOG_WARN, "breach.look", "%s; targets of ended days are not judged, trying again", sapa_rc_text(breaches->rc));
    breaches->said = breaches->rc;
    sapa_timer_set(breaches->loop, &breaches->timer, EVERY_US, again, breaches);
}

static void again(void *ctx)
{
    struct sapa_breaches *breaches = ctx;

    if (sapa_pool_submit(breaches->pool, breaches->loop, work, worked, breaches) != SAPA_OK)
        sapa_timer_set(breaches->loop, &breaches->timer, EVERY_US, again, breaches);
}

sapa_rc sapa_breaches_start(struct sapa_loop *loop, struct sapa_pool *pool, struct sapa_store *store, const char *data, struct sapa_breaches **ret)
{
    struct sapa_breaches *breaches = calloc(1, sizeof(*breaches));
    struct sapa_text text;

    if (!breaches)
        return SAPA_ENOMEM;
    breaches->loop = loop;
    breaches->pool = pool;
    breaches->store = store;
    sapa_text_init(&text, breaches->data, sizeof(breaches->data));
    sapa_text_add(&text, sapa_str_of(data));
    sapa_timer_set(loop, &breaches->timer, EVERY_US / 3, again, breaches);
    *ret = breaches;
    return SAPA_OK;
}

void sapa_breaches_free(struct sapa_breaches *breaches)
{
    if (!breaches)
        return;
    sapa_timer_cancel(breaches->loop, &breaches->timer);
    free(breaches);
}
