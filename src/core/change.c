/*
 * Skills, queues and teams that supervisors change by hand, for good or until a time.
 *
 * A change is one skill of one agent, one queue that he serves or does not, or the team in which he works meanwhile; an
 * agent has as many as are wanted, and one of teams. One
 * that ends in time leaves what was for good before it, else what the description says. Who is put on a queue by hand
 * serves it at every step, whatever his skills and his team; who is taken off it serves it at none.
 */
#include "core/core_impl.h"

#include <string.h>

static uint8_t described_level(const struct sapa_core *core, uint32_t agent, uint32_t skill)
{
    const struct sapa_agent *description = &core->centre->agents[agent];

    for (uint32_t i = 0; i < description->skill_count; i++)
        if (core->centre->levels[description->skill_first + i].skill == skill)
            return core->centre->levels[description->skill_first + i].level;
    return 0;
}

enum sapa_serves sapa_change_serves(const struct sapa_core *core, uint32_t agent, uint32_t queue)
{
    if (core->agents[agent].lent == 0)
        return SAPA_SERVES_DESCRIBED;
    for (uint32_t i = 0; i < core->override_count; i++)
        if (core->overrides[i].agent == agent && core->overrides[i].queue == queue)
            return (enum sapa_serves)core->overrides[i].level;
    return SAPA_SERVES_DESCRIBED;
}

bool sapa_core_serves(const struct sapa_core *core, uint32_t agent, uint32_t queue)
{
    uint32_t a, b;

    if (!core->centre || agent >= core->centre->agents_count || queue >= core->centre->queues_count)
        return false;
    for (uint32_t k = 0; k < core->centre->queues[queue].step_count; k++)
        if (sapa_route_fit(core, agent, core->queues[queue].class_base + k, &a, &b) == SAPA_WHY_CHOSEN)
            return true;
    return false;
}

bool sapa_core_change_next(const struct sapa_core *core, uint32_t agent, uint32_t *cursor, struct sapa_change_view *ret)
{
    while (*cursor < core->override_count) {
        const struct core_override *one = &core->overrides[(*cursor)++];
        if (one->agent != agent)
            continue;
        *ret = (struct sapa_change_view){ .skill = one->skill, .queue = one->queue, .team = core_is_of_team(one) ? one->team : SAPA_NONE,
                                           .level = one->level, .until_us = one->until_us };
        return true;
    }
    return false;
}

/* ---- what changes ---- */

/* The level, how many queues, or the team: whatever groups are made of. He is in no list while it changes. */
static void regroup(struct sapa_core *core, uint32_t agent, void *at, const void *value, size_t size)
{
    struct core_agent *state = &core->agents[agent];
    const uint8_t presence = state->presence;

    sapa_assert(state->group != SAPA_NONE);
    sapa_route_presence(core, agent, presence, SAPA_PRESENCE_OFFLINE);
    state->presence = SAPA_PRESENCE_OFFLINE;
    sapa_route_refresh(core, agent, false);
    sapa_route_leave_group(core, agent);
    memcpy(at, value, size);
    sapa_route_join_group(core, agent);
    state->presence = presence;
    sapa_route_presence(core, agent, SAPA_PRESENCE_OFFLINE, presence);
    sapa_route_refresh(core, agent, false);
    sapa_line_forsake(core, agent);
}

static void set_level(struct sapa_core *core, uint32_t agent, uint32_t skill, uint8_t level)
{
    uint8_t *at = core->levels + (size_t)agent * core->skills_max + skill;

    if (*at != level)
        regroup(core, agent, at, &level, sizeof(level));
}

static void tell(struct sapa_core *core, const struct core_override *one, bool described, const struct sapa_text64 *by)
{
    const struct sapa_text64 nobody = { .n = 0 };

    if (core_is_of_team(one))
        EMIT(core, team_changed, .agent = one->agent, .team = one->team, .described = described, .until_us = one->until_us,
             .by = by ? *by : nobody);
    else if (one->queue == SAPA_NONE)
        EMIT(core, skill_changed, .agent = one->agent, .skill = one->skill, .level = one->level, .described = described,
             .until_us = one->until_us, .by = by ? *by : nobody);
    else
        EMIT(core, serves_changed, .agent = one->agent, .queue = one->queue, .serves = one->level, .until_us = one->until_us,
             .by = by ? *by : nobody);
}

static uint32_t place_of(const struct sapa_core *core, const struct core_override *of)
{
    uint32_t i = 0;

    while (i < core->override_count &&
           (core->overrides[i].agent != of->agent || core->overrides[i].skill != of->skill || core->overrides[i].queue != of->queue))
        i++;
    return i;
}

/* In force from now on. `described`: nothing is changed by hand any more, and the level is the description's. */
static void put(struct sapa_core *core, uint32_t i, const struct core_override *one, bool described, const struct sapa_text64 *by)
{
    const uint32_t before = core->override_count;

    tell(core, one, described, by);
    if (described && i < before) {
        core->override_count--;
        memmove(&core->overrides[i], &core->overrides[i + 1], (core->override_count - i) * sizeof(core->overrides[0]));
    } else if (!described) {
        core->override_count += i == before;
        core->overrides[i] = *one;
    }
    if (core_is_of_team(one)) {
        uint32_t *team = &core->agents[one->agent].team;
        if (*team != one->team)
            regroup(core, one->agent, team, &one->team, sizeof(*team));
        core->quota_dirty = true; /* a place in a break of the team that he leaves */
    } else if (one->queue == SAPA_NONE) {
        set_level(core, one->agent, one->skill, one->level);
    } else {
        uint8_t *lent = &core->agents[one->agent].lent;
        const uint8_t count = (uint8_t)(*lent + core->override_count - before);
        regroup(core, one->agent, lent, &count, sizeof(count));
    }
}

void sapa_change_arm(struct sapa_core *core)
{
    int64_t due = INT64_MAX;

    for (uint32_t i = 0; i < core->override_count; i++)
        if (core->overrides[i].until_us)
            due = SAPA_MIN(due, core->overrides[i].until_us);
    sapa_core_timer_set(&core->timers, core_slot(core, TIMER_SKILL, 0), due, 0);
}

/* What is there when the one at `i` ends. */
static struct core_override after(const struct sapa_core *core, uint32_t i, bool *ret_described)
{
    struct core_override next = core->overrides[i];

    next.until_us = 0;
    if (core_is_of_team(&next)) {
        const uint32_t own = core->centre->agents[next.agent].team;
        *ret_described = next.team_beneath == SAPA_NONE || next.team_beneath == own;
        next.team = *ret_described ? own : next.team_beneath;
        next.team_beneath = SAPA_NONE;
        return next;
    }
    *ret_described = next.beneath == SAPA_LEVEL_DESCRIBED;
    if (!*ret_described)
        next.level = next.beneath;
    else
        next.level = next.queue == SAPA_NONE ? described_level(core, next.agent, next.skill) : SAPA_SERVES_DESCRIBED;
    next.beneath = SAPA_LEVEL_DESCRIBED;
    return next;
}

void sapa_change_timer(struct sapa_core *core)
{
    for (uint32_t i = 0; i < core->override_count;) {
        bool described;
        if (!core->overrides[i].until_us || core->overrides[i].until_us > core->now_us) {
            i++;
            continue;
        }
        const struct core_override next = after(core, i, &described);
        put(core, i, &next, described, NULL); /* the next one stands at i then, or this one without an end */
    }
    sapa_change_arm(core);
}

static sapa_rc change(struct sapa_core *core, struct core_override *one, bool described, const struct sapa_text64 *by)
{
    const uint32_t i = place_of(core, one);

    if (one->until_us && (described || one->until_us <= core->now_us))
        return SAPA_EINVAL;
    if (described && i == core->override_count)
        return SAPA_ESTATE;
    if (i == OVERRIDES_MAX || (one->queue != SAPA_NONE && i == core->override_count && core->agents[one->agent].lent == UINT8_MAX))
        return SAPA_ELIMIT;
    one->beneath = SAPA_LEVEL_DESCRIBED;
    one->team_beneath = SAPA_NONE;
    if (one->until_us && i < core->override_count) {
        one->beneath = core->overrides[i].until_us ? core->overrides[i].beneath : core->overrides[i].level;
        one->team_beneath = core->overrides[i].until_us ? core->overrides[i].team_beneath : core->overrides[i].team;
    }
    put(core, i, one, described, by);
    sapa_change_arm(core);
    return SAPA_OK;
}

sapa_rc sapa_change_on_skill(struct sapa_core *core, const struct sapa_record *in)
{
    const struct sapa_rec_agent_skill *set = &in->u.agent_skill;
    const bool described = set->level == SAPA_LEVEL_DESCRIBED;

    if (set->agent >= core->centre->agents_count || set->skill >= core->centre->skills_count || (set->level > 10 && !described))
        return SAPA_EINVAL;
    struct core_override one = { .agent = (uint32_t)set->agent, .skill = (uint32_t)set->skill, .queue = SAPA_NONE, .until_us = set->until_us };
    one.level = described ? described_level(core, one.agent, one.skill) : (uint8_t)set->level;
    return change(core, &one, described, &set->by);
}

sapa_rc sapa_change_on_queue(struct sapa_core *core, const struct sapa_record *in)
{
    const struct sapa_rec_agent_queue *set = &in->u.agent_queue;

    if (set->agent >= core->centre->agents_count || set->queue >= core->centre->queues_count || set->serves >= SAPA_SERVES_COUNT)
        return SAPA_EINVAL;
    struct core_override one = { .agent = (uint32_t)set->agent, .skill = SAPA_NONE, .queue = (uint32_t)set->queue,
                                 .level = (uint8_t)set->serves, .until_us = set->until_us };
    const uint32_t client = core->centre->queues[one.queue].client;
    if (set->serves == SAPA_SERVES_YES && client < CLIENTS_MAX && !(core->centre->agents[one.agent].clients >> client & 1))
        return SAPA_EDENIED; /* not even for an hour */
    return change(core, &one, set->serves == SAPA_SERVES_DESCRIBED, &set->by);
}

static uint32_t lent_to_teams(const struct sapa_core *core)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < core->override_count; i++)
        count += core_is_of_team(&core->overrides[i]);
    return count;
}

sapa_rc sapa_change_on_team(struct sapa_core *core, const struct sapa_record *in)
{
    const struct sapa_rec_agent_team *set = &in->u.agent_team;

    if (set->agent >= core->centre->agents_count || (set->team >= core->centre->teams_count && set->team != SAPA_NONE))
        return SAPA_EINVAL;
    struct core_override one = { .agent = (uint32_t)set->agent, .skill = SAPA_NONE, .queue = SAPA_NONE, .team = (uint32_t)set->team,
                                 .until_us = set->until_us };
    const uint32_t own = core->centre->agents[one.agent].team;
    const bool described = one.team == SAPA_NONE || one.team == own;
    if (described) { /* back in his own there is nothing to end */
        one.team = own;
        one.until_us = 0;
    } else if (place_of(core, &one) == core->override_count && lent_to_teams(core) >= SAPA_CORE_LENT_MAX) {
        return SAPA_ELIMIT;
    }
    return change(core, &one, described, &set->by);
}
