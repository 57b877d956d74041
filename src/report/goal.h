/**
 * @file report/goal.h
 * Targets: what a figure of the dictionary shall be, for the centre, a client, a queue or a team, from a day on. (In the
 * code they are goals: a `sapa_target` is whom a call goes to.)
 *
 * Of those for the same thing and figure, the newest that covers the day holds: the one that began last. Where nothing is
 * set for a queue, what is set for its client counts, then what is set for all; so do teams with what is set for all.
 * Numbers of a day (contacts handled) are not passed down like that, for a queue's day is not its client's. What a
 * team is to reach is meant for each of its agents: means and shares as they are, numbers of a day each.
 *
 * Room    report: base, model; pure.   Thread  any.   Owner  the caller's: flat.
 * Tests   report/goal_test.c   Design  docs/design/targets.md
 */
#ifndef SAPA_REPORT_GOAL_H
#define SAPA_REPORT_GOAL_H

#include "report/figure.h"

enum { SAPA_GOALS_MAX = 256 };

/*  X(ID, "word"): for what it is set. DESCRIPTION: nobody has set one, and it is the service level of the queue's description.  */
#define SAPA_GOAL_SCOPES(X) X(ALL, "all") X(CLIENT, "client") X(QUEUE, "queue") X(TEAM, "team") X(DESCRIPTION, "description")
enum sapa_goal_scope {
#define X(id, text) SAPA_GOAL_OF_##id,
    SAPA_GOAL_SCOPES(X)
#undef X
    SAPA_GOAL_SCOPE_COUNT
};
/** "?" where there is none. Static storage. */
const char *sapa_goal_scope_name(unsigned scope);

/*  X(ID, "word"). OPEN: a number of a day that goes on, and is not reached yet. NONE: the figure has no value.  */
#define SAPA_GOAL_STATES(X) X(NONE, "none") X(MET, "met") X(MISSED, "missed") X(OPEN, "open")
enum sapa_goal_state {
#define X(id, text) SAPA_GOAL_##id,
    SAPA_GOAL_STATES(X)
#undef X
    SAPA_GOAL_STATE_COUNT
};
const char *sapa_goal_state_name(unsigned state);
const char *sapa_goal_state_text(unsigned state, enum sapa_language language); /* for people; "" of NONE */

struct sapa_goal {
    int64_t value;       /* in the unit of its figure: millionths of shares */
    uint32_t figure;     /* its place in the dictionary */
    int32_t from, to;    /* yyyymmdd, both included; to 0: no end */
    uint8_t scope;       /* enum sapa_goal_scope, never DESCRIPTION */
    char key[SAPA_KEY_MAX + 1]; /* of the client, queue, team; "" of all */
    char owner[SAPA_KEY_MAX + 1]; /* the user who answers for it, and is given a task when it is missed; "": nobody */
};

struct sapa_goals {
    uint32_t count;
    struct sapa_goal of[SAPA_GOALS_MAX];
};

/** Can it be a target: does more of it, or less, count as better, and has a row of this scope it? */
bool sapa_goal_figure_is(uint32_t figure, enum sapa_goal_scope scope);
/** A sum over the day (contacts handled), not a mean or a share. */
bool sapa_goal_is_daily(uint32_t figure);

/** What holds. */
struct sapa_goal_found {
    int64_t value;
    int32_t from, to; /* 0: of the description */
    uint8_t scope, better; /* enum sapa_goal_scope, enum sapa_better */
};

/**
 * The target of a row on a day.
 * @param kind   TOTAL, CLIENTS, QUEUES or AGENTS (his team's, for himself); others have none
 * @param index  of the client, queue, agent in the description
 * @param date   yyyymmdd
 */
bool sapa_goal_find(const struct sapa_goals *goals, const struct sapa_centre *centre, enum sapa_rows kind, uint32_t index,
                    uint32_t figure, int32_t date, struct sapa_goal_found *ret);
/** Is anything set that rows of this kind are held against? */
bool sapa_goals_reach(const struct sapa_goals *goals, enum sapa_rows kind, uint32_t figure);
/** The target of a whole team. @param people  of it, at work that day: numbers of the day are for each */
bool sapa_goal_find_team(const struct sapa_goals *goals, const struct sapa_centre *centre, uint32_t team, uint32_t people,
                         uint32_t figure, int32_t date, struct sapa_goal_found *ret);
/** @param actual  in the figure's unit, or SAPA_KPI_NONE   @param over  the day has ended: what is missing stays missing */
enum sapa_goal_state sapa_goal_judge(const struct sapa_goal_found *goal, uint32_t figure, int64_t actual, bool over);

/** Local date of a moment, yyyymmdd. */
int32_t sapa_goal_date(const struct sapa_zone *zone, int64_t at_s);

#endif
