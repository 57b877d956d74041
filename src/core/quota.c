/*
 * Breaks with a quota: how many of a team may be in one at once, and how long a day each agent may.
 *
 * What is used today is kept per agent and reason; the day is that of the centre's zone. Who asks when his team's places
 * are taken is refused, or stands in line: of those in line the first who has nothing in hand goes as soon as a place is
 * free. Nobody is called back from a break that takes too long; that is for people.
 */
#include "core/core_impl.h"
#include "core/hours.h"

#include <string.h>

#define MINUTE_US (INT64_C(60) * 1000000)

/* ---- the day ---- */

struct day {
    int32_t date;
    int64_t midnight_us;
};

/* On a day that a clock change makes longer or shorter the beginning is wrong by that hour. */
static struct day day_of(const struct sapa_core *core, int64_t at_us)
{
    const struct sapa_centre *centre = core->centre;
    const struct sapa_zone *zone = centre->system.zone < centre->zones_count ? &centre->zones[centre->system.zone] : NULL;
    const struct sapa_local local = sapa_local_of(zone, at_us);

    return (struct day){ local.date, at_us - at_us % 1000000 - local.minute_of_day * MINUTE_US - local.second * INT64_C(1000000) };
}

static const struct sapa_reason *quota_of(const struct sapa_core *core, uint32_t reason)
{
    return reason < core->centre->reasons_count && core->centre->reasons[reason].quota ? &core->centre->reasons[reason] : NULL;
}

/* ---- what is used ---- */

int64_t sapa_quota_used_us(const struct sapa_core *core, uint32_t agent, uint32_t reason, int64_t now_us)
{
    const struct core_agent *state = &core->agents[agent];
    const struct sapa_reason *quota = quota_of(core, reason);

    if (!quota)
        return 0;
    const struct day today = day_of(core, now_us);
    int64_t used_us = state->used_date == today.date ? state->used_us[quota->quota - 1] : 0;
    if (state->presence == SAPA_PRESENCE_NOT_READY && state->reason == reason)
        used_us += SAPA_MAX(now_us - SAPA_MAX(state->since_us, today.midnight_us), INT64_C(0));
    return used_us;
}

void sapa_quota_leave(struct sapa_core *core, uint32_t agent)
{
    struct core_agent *state = &core->agents[agent];
    const struct sapa_reason *quota = state->presence == SAPA_PRESENCE_NOT_READY ? quota_of(core, state->reason) : NULL;

    if (!quota)
        return;
    const int64_t used_us = sapa_quota_used_us(core, agent, state->reason, core->now_us);
    const int32_t date = day_of(core, core->now_us).date;
    if (state->used_date != date) {
        memset(state->used_us, 0, sizeof(state->used_us));
        state->used_date = date;
    }
    state->used_us[quota->quota - 1] = used_us;
    core->quota_dirty = true;
}

uint32_t sapa_quota_in_it(const struct sapa_core *core, uint32_t team, uint32_t reason)
{
    uint32_t count = 0;

    for (uint32_t a = 0; a < core->centre->agents_count; a++)
        count += core->agents[a].presence == SAPA_PRESENCE_NOT_READY && core->agents[a].reason == reason && core->agents[a].team == team;
    return count;
}

sapa_rc sapa_quota_may(const struct sapa_core *core, uint32_t agent, uint32_t reason)
{
    const struct sapa_reason *quota = quota_of(core, reason);

    if (!quota)
        return SAPA_OK;
    if (quota->daily_ms && sapa_quota_used_us(core, agent, reason, core->now_us) >= quota->daily_ms * INT64_C(1000))
        return SAPA_EDENIED;
    return quota->team_max && sapa_quota_in_it(core, core->agents[agent].team, reason) >= quota->team_max ? SAPA_ELIMIT : SAPA_OK;
}

/* ---- in line ---- */

static void take_out(struct sapa_core *core, uint32_t place, uint32_t how)
{
    const struct core_booking booking = core->bookings[place];

    core->booking_count--;
    memmove(&core->bookings[place], &core->bookings[place + 1], (core->booking_count - place) * sizeof(core->bookings[0]));
    EMIT(core, break_booked, .agent = booking.agent, .reason = booking.reason, .how = how);
}

uint32_t sapa_quota_booked(const struct sapa_core *core, uint32_t agent)
{
    for (uint32_t i = 0; i < core->booking_count; i++) {
        if (core->bookings[i].agent == agent)
            return core->bookings[i].reason;
    }
    return SAPA_NONE;
}

bool sapa_quota_unbook(struct sapa_core *core, uint32_t agent)
{
    for (uint32_t i = 0; i < core->booking_count; i++) {
        if (core->bookings[i].agent != agent)
            continue;
        take_out(core, i, 1);
        return true;
    }
    return false;
}

sapa_rc sapa_quota_book(struct sapa_core *core, uint32_t agent, uint32_t reason)
{
    if (core->agents[agent].presence == SAPA_PRESENCE_OFFLINE || sapa_quota_booked(core, agent) == reason)
        return SAPA_ESTATE;
    if (core->agents[agent].presence == SAPA_PRESENCE_NOT_READY && core->agents[agent].reason == reason)
        return SAPA_ESTATE;
    const sapa_rc rc = sapa_quota_may(core, agent, reason);
    if (rc != SAPA_OK && rc != SAPA_ELIMIT)
        return rc;
    (void)sapa_quota_unbook(core, agent);
    if (core->booking_count == BOOKINGS_MAX)
        return SAPA_ELIMIT;
    core->bookings[core->booking_count++] = (struct core_booking){ agent, reason };
    core->quota_dirty = true;
    EMIT(core, break_booked, .agent = agent, .reason = reason, .how = 0);
    return SAPA_OK; /* with a place and nothing in hand he goes at the end of this step */
}

void sapa_quota_settle(struct sapa_core *core)
{
    while (core->quota_dirty) { /* who leaves another break for this one has freed a place there: the line is one shorter then */
        core->quota_dirty = false;
        for (uint32_t i = 0; i < core->booking_count;) {
            const struct core_booking booking = core->bookings[i];
            if (core->agents[booking.agent].used_total > 0 || sapa_quota_may(core, booking.agent, booking.reason) != SAPA_OK) {
                i++;
                continue;
            }
            take_out(core, i, 2);
            core->agents[booking.agent].resume = false;
            sapa_agent_move(core, booking.agent, SAPA_PRESENCE_NOT_READY, booking.reason, 2);
        }
    }
}

/* ---- another description ---- */

void sapa_quota_adopt(struct sapa_core *core, const struct sapa_centre *next)
{
    const struct sapa_centre *old = core->centre;
    uint32_t kept = 0;

    for (uint32_t a = 0; a < next->agents_count; a++) { /* they stand at their new places already */
        int64_t used_us[SAPA_QUOTAS_MAX] = { 0 };
        for (uint32_t r = 0; r < old->reasons_count; r++) {
            const uint32_t to = old->reasons[r].quota ? SAPA_FIND(next, reasons, old->reasons[r].key) : SAPA_NONE;
            if (to != SAPA_NONE && next->reasons[to].quota)
                used_us[next->reasons[to].quota - 1] = core->agents[a].used_us[old->reasons[r].quota - 1];
        }
        memcpy(core->agents[a].used_us, used_us, sizeof(used_us));
    }
    for (uint32_t i = 0; i < core->booking_count; i++) {
        const uint32_t agent = core->agent_map[core->bookings[i].agent];
        const uint32_t reason = SAPA_FIND(next, reasons, old->reasons[core->bookings[i].reason].key);
        if (agent != SAPA_NONE && reason != SAPA_NONE)
            core->bookings[kept++] = (struct core_booking){ agent, reason };
    }
    core->booking_count = kept;
    core->quota_dirty = true;
}
