#include "report/goal.h"

const char *sapa_goal_scope_name(unsigned scope)
{
    static const char *const names[] = {
#define X(id, text) text,
        SAPA_GOAL_SCOPES(X)
#undef X
    };

    return scope < SAPA_COUNT(names) ? names[scope] : "?";
}

const char *sapa_goal_state_name(unsigned state)
{
    static const char *const names[] = {
#define X(id, text) text,
        SAPA_GOAL_STATES(X)
#undef X
    };

    return state < SAPA_COUNT(names) ? names[state] : "?";
}

const char *sapa_goal_state_text(unsigned state, enum sapa_language language)
{
    static const char *const texts[SAPA_GOAL_STATE_COUNT][SAPA_LANGUAGE_COUNT] = {
        [SAPA_GOAL_NONE] = { "", "" },
        [SAPA_GOAL_MET] = { "tercapai", "met" },
        [SAPA_GOAL_MISSED] = { "tidak tercapai", "missed" },
        [SAPA_GOAL_OPEN] = { "berjalan", "on the way" },
    };

    return state < SAPA_COUNT(texts) ? texts[state][language] : "?";
}

bool sapa_goal_is_daily(uint32_t figure)
{
    struct sapa_figure info;

    sapa_figure_get(figure, &info);
    return info.kind == SAPA_FIGURE_COUNT || info.kind == SAPA_FIGURE_DURATION;
}

bool sapa_goal_figure_is(uint32_t figure, enum sapa_goal_scope scope)
{
    static const enum sapa_rows rows[] = { [SAPA_GOAL_OF_ALL] = SAPA_ROWS_TOTAL, [SAPA_GOAL_OF_CLIENT] = SAPA_ROWS_CLIENTS,
                                           [SAPA_GOAL_OF_QUEUE] = SAPA_ROWS_QUEUES, [SAPA_GOAL_OF_TEAM] = SAPA_ROWS_AGENTS };
    struct sapa_figure info;

    if (figure >= sapa_figure_count() || (unsigned)scope >= SAPA_COUNT(rows))
        return false;
    sapa_figure_get(figure, &info);
    if (info.better == SAPA_BETTER_NEITHER)
        return false;
    /* for all teams, too */
    return sapa_figure_is_shown(figure, rows[scope]) ||
           (scope == SAPA_GOAL_OF_ALL && !sapa_goal_is_daily(figure) && sapa_figure_is_shown(figure, SAPA_ROWS_AGENTS));
}

static bool take(const struct sapa_goals *goals, enum sapa_goal_scope scope, struct sapa_str key, uint32_t figure, int32_t date,
                 struct sapa_goal_found *ret)
{
    const struct sapa_goal *best = NULL;

    for (uint32_t i = 0; i < goals->count; i++) {
        const struct sapa_goal *goal = &goals->of[i];
        if (goal->scope == scope && goal->figure == figure && goal->from <= date && (goal->to == 0 || date <= goal->to) &&
            (scope == SAPA_GOAL_OF_ALL || sapa_str_eq(key, sapa_str_of(goal->key))) && (!best || goal->from > best->from))
            best = goal;
    }
    if (!best)
        return false;
    struct sapa_figure info;
    sapa_figure_get(figure, &info);
    *ret = (struct sapa_goal_found){ .value = best->value, .from = best->from, .to = best->to, .scope = best->scope, .better = info.better };
    return true;
}

/* What is set for all passes down, but for numbers of a day. */
static bool take_all(const struct sapa_goals *goals, uint32_t figure, int32_t date, struct sapa_goal_found *ret)
{
    return !sapa_goal_is_daily(figure) && take(goals, SAPA_GOAL_OF_ALL, SAPA_STR(""), figure, date, ret);
}

static bool find_queue(const struct sapa_goals *goals, const struct sapa_centre *centre, const struct sapa_queue *queue, uint32_t figure,
                       int32_t date, struct sapa_goal_found *ret)
{
    if (take(goals, SAPA_GOAL_OF_QUEUE, queue->key, figure, date, ret))
        return true;
    if (queue->client < centre->clients_count && !sapa_goal_is_daily(figure) &&
        take(goals, SAPA_GOAL_OF_CLIENT, centre->clients[queue->client].key, figure, date, ret))
        return true;
    if (take_all(goals, figure, date, ret))
        return true;
    struct sapa_figure info;
    sapa_figure_get(figure, &info);
    if (strcmp(info.key, "service_level_1") != 0 || queue->service_level_percent == 0)
        return false;
    *ret = (struct sapa_goal_found){ .value = (int64_t)queue->service_level_percent * 10000, .scope = SAPA_GOAL_OF_DESCRIPTION,
                                     .better = SAPA_BETTER_HIGHER };
    return true;
}

bool sapa_goal_find(const struct sapa_goals *goals, const struct sapa_centre *centre, enum sapa_rows kind, uint32_t index,
                    uint32_t figure, int32_t date, struct sapa_goal_found *ret)
{
    switch ((unsigned)kind) {
    case SAPA_ROWS_TOTAL: return take(goals, SAPA_GOAL_OF_ALL, SAPA_STR(""), figure, date, ret);
    case SAPA_ROWS_CLIENTS:
        return index < centre->clients_count &&
               (take(goals, SAPA_GOAL_OF_CLIENT, centre->clients[index].key, figure, date, ret) || take_all(goals, figure, date, ret));
    case SAPA_ROWS_QUEUES: return index < centre->queues_count && find_queue(goals, centre, &centre->queues[index], figure, date, ret);
    case SAPA_ROWS_AGENTS:
        return index < centre->agents_count && sapa_goal_find_team(goals, centre, centre->agents[index].team, 1, figure, date, ret);
    default: return false;
    }
}

bool sapa_goals_reach(const struct sapa_goals *goals, enum sapa_rows kind, uint32_t figure)
{
    static const uint8_t own[] = { [SAPA_ROWS_TOTAL] = SAPA_GOAL_OF_ALL, [SAPA_ROWS_CLIENTS] = SAPA_GOAL_OF_CLIENT,
                                   [SAPA_ROWS_NUMBERS] = SAPA_GOAL_SCOPE_COUNT, [SAPA_ROWS_QUEUES] = SAPA_GOAL_OF_QUEUE,
                                   [SAPA_ROWS_AGENTS] = SAPA_GOAL_OF_TEAM };

    if ((unsigned)kind >= SAPA_COUNT(own) || own[kind] == SAPA_GOAL_SCOPE_COUNT || !sapa_figure_is_shown(figure, kind))
        return false;
    for (uint32_t i = 0; i < goals->count; i++) {
        const struct sapa_goal *goal = &goals->of[i];
        const bool down = goal->scope == SAPA_GOAL_OF_ALL || (goal->scope == SAPA_GOAL_OF_CLIENT && kind == SAPA_ROWS_QUEUES);
        if (goal->figure == figure && (goal->scope == own[kind] || (down && !sapa_goal_is_daily(figure))))
            return true;
    }
    return false;
}

bool sapa_goal_find_team(const struct sapa_goals *goals, const struct sapa_centre *centre, uint32_t team, uint32_t people,
                         uint32_t figure, int32_t date, struct sapa_goal_found *ret)
{
    if (!sapa_figure_is_shown(figure, SAPA_ROWS_AGENTS))
        return false; /* of contacts, not of people */
    if (people == 0 && sapa_goal_is_daily(figure))
        return false; /* nobody is at work, and nothing is not what was aimed at */
    if ((team >= centre->teams_count || !take(goals, SAPA_GOAL_OF_TEAM, centre->teams[team].key, figure, date, ret)) &&
        !take_all(goals, figure, date, ret))
        return false;
    if (sapa_goal_is_daily(figure))
        ret->value *= people; /* at most 10^12 (http/target.h), and 2^16 people */
    return true;
}

enum sapa_goal_state sapa_goal_judge(const struct sapa_goal_found *goal, uint32_t figure, int64_t actual, bool over)
{
    if (actual == SAPA_KPI_NONE)
        return SAPA_GOAL_NONE;
    if (goal->better == SAPA_BETTER_LOWER ? actual <= goal->value : actual >= goal->value)
        return SAPA_GOAL_MET;
    return goal->better == SAPA_BETTER_HIGHER && !over && sapa_goal_is_daily(figure) ? SAPA_GOAL_OPEN : SAPA_GOAL_MISSED;
}

int32_t sapa_goal_date(const struct sapa_zone *zone, int64_t at_s)
{
    const struct sapa_civil civil = sapa_zone_civil(zone, at_s);

    return civil.year * 10000 + civil.month * 100 + civil.day;
}
