/**
 * @file report/live_impl.h
 * What the live fold keeps of a contact and of an agent, for live.c and live_view.c.
 * Room    report, internal.
 */
#ifndef SAPA_REPORT_LIVE_IMPL_H
#define SAPA_REPORT_LIVE_IMPL_H

#include "report/live.h"

struct live_contact {
    uint64_t contact;
    int64_t opened_us;
    int64_t since_us;      /* in this place */
    int64_t queued_us;     /* 0: in no queue */
    uint32_t client, number, queue, agent; /* dimensions */
    uint32_t ringing;      /* open offers */
    uint32_t talking;
    uint8_t place, channel;
    uint8_t direction;     /* enum sapa_direction */
    bool is_callback;      /* its leg is gone: it waits to be called */
    bool queued;
    bool answered;         /* an agent talks or has talked */
};

struct live_agent {
    uint64_t dim;
    int64_t since_us;      /* what is shown */
    uint64_t contact;      /* in hand, the one that he turned to last */
    uint64_t before;       /* that he has beside it: on hold while he asks; 0 none */
    uint32_t reason;
    uint32_t doing[SAPA_ASSIGNMENT_COUNT];
    uint8_t presence;
    uint8_t shown;         /* enum sapa_view_doing */
    bool device;
};

/* A new local day: yesterday's rows go, what is going on stays. */
SAPA_MUST_CHECK sapa_rc sapa_live_turn_day(struct sapa_live *live, int64_t at_us);

#endif
