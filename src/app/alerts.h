/**
 * @file app/alerts.h
 * What needs attention: figures of queues and agents against the limits of the description, once a second.
 *
 * What is measured is what the screen shows: the core's own lines and agents, and for shares the KPIs of report/ over
 * the difference of today's sums between now and half an hour ago. What is on is the core's to remember.
 *
 * Room    app.   Thread  the centre thread's.   Owner  sapa_alerts_new() .. _free().
 * Design  docs/design/supervision.md   Tests   app/alerts_test.c
 */
#ifndef SAPA_APP_ALERTS_H
#define SAPA_APP_ALERTS_H

#include "core/core.h"
#include "report/live.h"

enum {
    SAPA_ALERTS_WINDOW_S = 30 * 60,
    SAPA_ALERTS_STEP_S = 60, /* between two moments that are kept */
    SAPA_ALERTS_LEAST = 5,   /* fewer contacts say nothing of a share */
};

struct sapa_alerts;

SAPA_MUST_CHECK sapa_rc sapa_alerts_new(struct sapa_alerts **ret);
void sapa_alerts_free(struct sapa_alerts *alerts);

/** Takes an input for the core (at_us not set). False: not now; it will be asked again. */
typedef bool sapa_alerts_post(void *ctx, struct sapa_record *input);

/** Once a second. `live` is read; its day may begin anew. */
void sapa_alerts_second(struct sapa_alerts *alerts, const struct sapa_core *core, struct sapa_live *live, int64_t now_us,
                        sapa_alerts_post *post, void *ctx);

#endif
