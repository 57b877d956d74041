/**
 * @file http/task.h
 * What somebody has to do and nobody is waiting for: a text, a time, perhaps a contact, or a missed target, that it is about.
 *
 * Kept in the store's settings (`desk.task.KEY` of an agent or a user: no two have the same). A text about a contact is sealed with the key of its person,
 * so an erasure makes it unreadable; other texts with a key of the store. What is done is gone.
 *
 * Room    http.   Thread  any.   Tests   app/task_test.c
 */
#ifndef SAPA_HTTP_TASK_H
#define SAPA_HTTP_TASK_H

#include "report/goal.h"
#include "store/people.h"

enum { SAPA_TASKS_MAX = 40 /* of an agent */, SAPA_TASK_TEXT_MAX = 300 /* bytes */ };

/** A target that was missed, where that is what it is about. */
struct sapa_task_breach {
    char figure[SAPA_FIGURE_KEY_MAX + 1]; /* "": it is about no target */
    char key[SAPA_KEY_MAX + 1];           /* of the client, queue, team; "" of all */
    int64_t value, target;                /* in the unit of the figure */
    int32_t date;                         /* yyyymmdd */
    uint8_t scope;                        /* enum sapa_goal_scope */
};

struct sapa_task {
    uint64_t id;               /* of the agent's */
    uint64_t contact, person;  /* 0: none */
    int64_t created_us, due_us; /* due 0: at any time */
    char by[65];
    char text[SAPA_TASK_TEXT_MAX + 1]; /* empty: its person was erased */
    struct sapa_task_breach breach;
};

/**
 * One more; `id` is given to it.
 * @retval SAPA_EINVAL  no text, too long, or not UTF-8   @retval SAPA_ELIMIT  he has SAPA_TASKS_MAX   @retval SAPA_ENOENT  the person was erased
 */
SAPA_MUST_CHECK sapa_rc sapa_task_add(struct sapa_store *store, struct sapa_str agent, const struct sapa_task *task, uint64_t *ret_id);
/** Another time for it; or `done`: it is gone. SAPA_ENOENT: there is none of this number. */
SAPA_MUST_CHECK sapa_rc sapa_task_set(struct sapa_store *store, struct sapa_str agent, uint64_t id, int64_t due_us, bool done);
/** All of an agent, by due time, those without one last. `fn` is called for each. */
SAPA_MUST_CHECK sapa_rc sapa_task_each(struct sapa_store *store, struct sapa_str agent, void (*fn)(void *ctx, const struct sapa_task *task), void *ctx);

#endif
