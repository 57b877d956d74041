/*
 * Who takes whom.
 *
 * Demand is split into classes: one queue at one step of its requirement. Supply is split into
 * groups: agents with the same skills, team (that in which they work now) and clients; who was put on a queue or taken off it by
 * hand is a group by himself. Who may take what depends on class and
 * group only, so it is computed once and kept as bits; beside it stand, per channel, the groups
 * with a free agent and the classes with somebody who waits. A contact that seeks looks at the
 * heads of the groups that are in both sets; an agent who seeks looks at the first of each class
 * that is in both. Whoever was set free by a step is matched when the step settles, and each match
 * is made from both sides: the best contact for the agent, then the best agent for that contact.
 *
 * sapa_route_fit() and sapa_route_free() are the only places that know the rules; the sets are
 * filled from them and explanations quote them.
 */
#include "core/core_impl.h"

#include <string.h>

/* ---- the rules ---- */

static const uint8_t *levels_of(const struct sapa_core *core, uint32_t agent)
{
    return core->levels + (size_t)agent * core->skills_max;
}

enum sapa_why sapa_route_fit(const struct sapa_core *core, uint32_t agent, uint32_t class_index,
                             uint32_t *a, uint32_t *b)
{
    const struct core_class *class = &core->classes[class_index];
    const struct sapa_queue *q = core_queue_of(core, class->queue);
    const struct sapa_step *step = &q->steps[class->step];
    const struct sapa_agent *description = &core->centre->agents[agent];

    sapa_assert(class_index < core->class_count);
    sapa_assert(step->need_count <= SAPA_NEEDS_MAX);
    *a = *b = 0;
    if (q->client < CLIENTS_MAX && !(description->clients >> q->client & 1)) {
        *a = q->client;
        return SAPA_WHY_CLIENT;
    }
    switch (sapa_change_serves(core, agent, class->queue)) {
    case SAPA_SERVES_YES: return SAPA_WHY_CHOSEN;
    case SAPA_SERVES_NO: return SAPA_WHY_QUEUE;
    default: break;
    }
    if (step->team != SAPA_NONE && core->agents[agent].team != step->team) {
        *a = step->team;
        return SAPA_WHY_TEAM;
    }
    for (unsigned i = 0; i < step->need_count; i++) {
        const struct sapa_need *need = &step->needs[i];
        const uint8_t level = levels_of(core, agent)[need->skill];
        if (level < need->level_min || level == 0) {
            *a = need->skill;
            *b = level;
            return SAPA_WHY_SKILL;
        }
    }
    return SAPA_WHY_CHOSEN;
}

/* What an agent who cannot take more is doing with a channel. */
static enum sapa_why busy_with(const struct sapa_core *core, uint32_t agent, unsigned channel,
                               int64_t now_us, enum sapa_why busy, uint32_t *a, uint32_t *b)
{
    enum sapa_why why = SAPA_WHY_WRAPUP;

    *a = channel;
    *b = 0;
    for (uint32_t i = core->agents[agent].work; i != SAPA_NONE; i = core->works[i].next_of_agent) {
        const struct core_work *w = &core->works[i];
        if (w->channel != channel)
            continue;
        if (w->state == SAPA_ASSIGNMENT_TALKING || w->state == SAPA_ASSIGNMENT_HELD)
            return busy;
        if (w->state == SAPA_ASSIGNMENT_OFFERED)
            why = SAPA_WHY_OFFERED;
        *b = (uint32_t)core_ms(w->due_us - now_us);
    }
    *a = *b;
    *b = 0;
    return why;
}

enum sapa_why sapa_route_free(const struct sapa_core *core, uint32_t agent, unsigned channel,
                              int64_t now_us, uint32_t *a, uint32_t *b)
{
    const struct core_agent *state = &core->agents[agent];

    sapa_assert(agent < core->centre->agents_count);
    sapa_assert(channel < CHANNELS);
    *a = *b = 0;
    if (state->presence == SAPA_PRESENCE_OFFLINE)
        return SAPA_WHY_OFFLINE;
    if (!state->reachable)
        return SAPA_WHY_DEVICE;
    if (state->presence == SAPA_PRESENCE_NOT_READY) {
        *a = state->reason;
        return SAPA_WHY_NOT_READY;
    }
    *a = channel;
    if (state->watching && channel == SAPA_CHANNEL_VOICE) /* he hears a colleague's conversation */
        return SAPA_WHY_BUSY;
    if (state->capacity[channel] == 0)
        return SAPA_WHY_CAPACITY;
    if (state->calls && channel == SAPA_CHANNEL_VOICE) /* of his own or a colleague's, whatever his capacity */
        return busy_with(core, agent, channel, now_us, SAPA_WHY_BUSY, a, b);
    if (state->used_total == 0 && (!state->reserve_voice || channel == SAPA_CHANNEL_VOICE))
        return SAPA_WHY_CHOSEN;
    if (state->used[channel] >= state->capacity[channel])
        return busy_with(core, agent, channel, now_us, SAPA_WHY_BUSY, a, b);
    for (unsigned other = 0; other < CHANNELS; other++)
        if (other != channel && state->used[other] &&
            !(core->centre->interrupts.over[channel] >> other & 1))
            return busy_with(core, agent, other, now_us, SAPA_WHY_INTERRUPT, a, b);
    if (state->used_total >= state->capacity_total)
        return SAPA_WHY_CAPACITY;
    if (state->reserve_voice && channel != SAPA_CHANNEL_VOICE &&
        state->used_total + 1 >= state->capacity_total)
        return SAPA_WHY_RESERVED;
    return SAPA_WHY_CHOSEN;
}

/* While the time runs: all who refused it. Afterwards the last of them only comes after all others. */
static bool avoids(const struct core_contact *c, uint32_t agent, int64_t now_us)
{
    const unsigned first = c->avoid_count && c->avoid_until_us <= now_us ? c->avoid_count - 1u : 0;

    for (unsigned i = first; i < c->avoid_count; i++)
        if (c->avoid[i] == agent)
            return true;
    return false;
}

enum sapa_why sapa_route_judge(const struct sapa_core *core, const struct core_contact *c,
                               uint32_t agent, int64_t now_us, uint32_t *a, uint32_t *b)
{
    const enum sapa_why why = sapa_route_fit(core, agent, c->class_index, a, b);

    return why == SAPA_WHY_CHOSEN ? sapa_route_judge_fitting(core, c, agent, now_us, a, b) : why;
}

enum sapa_why sapa_route_judge_fitting(const struct sapa_core *core, const struct core_contact *c,
                                       uint32_t agent, int64_t now_us, uint32_t *a, uint32_t *b)
{
    const enum sapa_why why = sapa_route_free(core, agent, c->channel, now_us, a, b);

    if (why != SAPA_WHY_CHOSEN)
        return why;
    *a = *b = 0;
    if (c->avoid_until_us > now_us && avoids(c, agent, now_us)) {
        *a = (uint32_t)core_ms(c->avoid_until_us - now_us);
        return SAPA_WHY_JUST_REFUSED;
    }
    if (c->pick == PICK_PREFERRED && agent != c->preferred) {
        *a = c->preferred;
        *b = (uint32_t)core_ms(c->preferred_until_us - now_us);
        return SAPA_WHY_PREFERRED;
    }
    return SAPA_WHY_CHOSEN;
}

bool sapa_route_ahead(const struct sapa_core *core, uint32_t a, uint32_t b, int64_t now_us)
{
    const struct core_contact *x = &core->contacts[a], *y = &core->contacts[b];
    const int64_t age_x = core->queues[x->queue].age_us, age_y = core->queues[y->queue].age_us;

    sapa_assert(a != b);
    if (age_x == age_y) {
        const int64_t unit = age_x ? age_x : INT64_C(1) << 52;
        const int64_t key_x = x->priority * unit - x->queued_us,
                      key_y = y->priority * unit - y->queued_us;
        if (key_x != key_y)
            return key_x > key_y;
    } else { /* priority + waited / age, compared exactly */
        const int64_t unit_x = age_x ? age_x : 1, unit_y = age_y ? age_y : 1;
        const __int128 score_x =
            (__int128)x->priority * unit_x + (age_x ? now_us - x->queued_us : 0);
        const __int128 score_y =
            (__int128)y->priority * unit_y + (age_y ? now_us - y->queued_us : 0);
        const __int128 left = score_x * unit_y, right = score_y * unit_x;
        if (left != right)
            return left > right;
        if (x->queued_us != y->queued_us)
            return x->queued_us < y->queued_us;
    }
    return x->wait_seq < y->wait_seq;
}

/* ---- the lists of free agents ---- */

static void link_open(struct sapa_core *core, uint32_t agent, unsigned channel)
{
    struct core_agent *state = &core->agents[agent];
    struct core_group *group = &core->groups[state->group];
    uint32_t before = group->tail[channel];

    if (before != SAPA_NONE && core->agents[before].idle_seq > state->idle_seq) {
        /* he keeps an old place (his offer came to nothing): that is near the head */
        before = SAPA_NONE;
        for (uint32_t i = group->head[channel];
             i != SAPA_NONE && core->agents[i].idle_seq < state->idle_seq;
             i = core->agents[i].link[channel].after)
            before = i;
    }
    const uint32_t after =
        before == SAPA_NONE ? group->head[channel] : core->agents[before].link[channel].after;
    state->link[channel] = (struct core_link){ before, after };
    if (before == SAPA_NONE)
        group->head[channel] = agent;
    else
        core->agents[before].link[channel].after = agent;
    if (after == SAPA_NONE)
        group->tail[channel] = agent;
    else
        core->agents[after].link[channel].before = agent;
    core->open_groups[channel * core->group_words + state->group / 64] |= UINT64_C(1)
                                                                          << state->group % 64;
    core->open_words[channel][state->group / 4096] |= UINT64_C(1) << state->group / 64 % 64;
}

static void unlink_open(struct sapa_core *core, uint32_t agent, unsigned channel)
{
    struct core_agent *state = &core->agents[agent];
    struct core_group *group = &core->groups[state->group];
    const struct core_link link = state->link[channel];

    if (link.before == SAPA_NONE)
        group->head[channel] = link.after;
    else
        core->agents[link.before].link[channel].after = link.after;
    if (link.after == SAPA_NONE)
        group->tail[channel] = link.before;
    else
        core->agents[link.after].link[channel].before = link.before;
    if (group->head[channel] != SAPA_NONE)
        return;
    uint64_t *word = &core->open_groups[channel * core->group_words + state->group / 64];
    *word &= ~(UINT64_C(1) << state->group % 64);
    if (*word == 0)
        core->open_words[channel][state->group / 4096] &= ~(UINT64_C(1) << state->group / 64 % 64);
}

static uint8_t open_now(const struct sapa_core *core, uint32_t agent)
{
    const struct core_agent *state = &core->agents[agent];
    uint8_t open = 0;
    uint32_t a, b;

    if (state->presence != SAPA_PRESENCE_READY || !state->reachable)
        return 0;
    for (unsigned channel = 0; channel < CHANNELS; channel++)
        if (state->capacity[channel] &&
            sapa_route_free(core, agent, channel, core->now_us, &a, &b) == SAPA_WHY_CHOSEN)
            open |= (uint8_t)(1u << channel);
    return open;
}

static void set_open(struct sapa_core *core, uint32_t agent, uint8_t open)
{
    struct core_agent *state = &core->agents[agent];

    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        const uint8_t bit = (uint8_t)(1u << channel);
        if (!((state->open ^ open) & bit))
            continue;
        if (open & bit)
            link_open(core, agent, channel);
        else
            unlink_open(core, agent, channel);
    }
    state->open = open;
}

void sapa_route_refresh(struct sapa_core *core, uint32_t agent, bool tail)
{
    struct core_agent *state = &core->agents[agent];

    sapa_assert(agent < core->centre->agents_count);
    if (tail) {
        set_open(core, agent, 0);
        state->idle_seq = ++core->idle_seq;
        state->idle_since_us = core->now_us;
    }
    set_open(core, agent, open_now(core, agent));
    if (state->open && !state->freed) {
        state->freed = true;
        core->freed[core->freed_count++] = agent;
    }
}

/* ---- groups ---- */

static uint64_t signature_of(const struct sapa_core *core, uint32_t agent)
{
    const struct sapa_agent *description = &core->centre->agents[agent];
    const uint8_t *levels = levels_of(core, agent);
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ description->clients;

    hash = (hash ^ core->agents[agent].team) * UINT64_C(0x9E3779B97F4A7C15);
    for (uint32_t i = 0; i < core->centre->skills_count; i++)
        hash = (hash ^ levels[i]) * UINT64_C(0x100000001b3);
    if (core->agents[agent].lent)
        hash = (hash ^ agent) * UINT64_C(0xd6e8feb86659fd93) + 1;
    return hash ? hash : 1;
}

static bool same_supply(const struct sapa_core *core, uint32_t a, uint32_t b)
{
    const struct sapa_agent *x = &core->centre->agents[a], *y = &core->centre->agents[b];

    return core->agents[a].lent == 0 && core->agents[b].lent == 0 && x->clients == y->clients && core->agents[a].team == core->agents[b].team &&
           memcmp(levels_of(core, a), levels_of(core, b), core->centre->skills_count) == 0;
}

static uint32_t open_group(struct sapa_core *core, uint32_t agent, uint64_t signature)
{
    const uint32_t g =
        core->group_free_count ? core->group_free[--core->group_free_count] : core->group_top++;
    struct core_group *group = &core->groups[g];
    uint32_t a, b;

    sapa_assert(g < core->agents_max);
    *group = (struct core_group){ .sample = agent, .signature = signature };
    for (unsigned channel = 0; channel < CHANNELS; channel++)
        group->head[channel] = group->tail[channel] = SAPA_NONE;
    sapa_idmap_put(&core->group_map, signature, g);
    memset(&core->group_classes[(size_t)g * core->class_words], 0,
           core->class_words * sizeof(uint64_t));
    for (uint32_t k = 0; k < core->class_count; k++) {
        uint64_t *word = &core->class_groups[(size_t)k * core->group_words + g / 64];
        *word &= ~(UINT64_C(1) << g % 64);
        if (sapa_route_fit(core, agent, k, &a, &b) != SAPA_WHY_CHOSEN)
            continue;
        *word |= UINT64_C(1) << g % 64;
        core->group_classes[(size_t)g * core->class_words + k / 64] |= UINT64_C(1) << k % 64;
    }
    return g;
}

/* Run `body` for each class k that group g may take. */
#define EACH_CLASS(core, g, k, ...)                                                             \
    for (uint32_t word_ = 0; word_ < (core)->class_words; word_++)                              \
        for (uint64_t bits_ = (core)->group_classes[(size_t)(g) * (core)->class_words + word_]; \
             bits_; bits_ &= bits_ - 1) {                                                       \
            const uint32_t k = word_ * 64 + (uint32_t)__builtin_ctzll(bits_);                   \
            __VA_ARGS__                                                                         \
        }

void sapa_route_join_group(struct sapa_core *core, uint32_t agent)
{
    struct core_agent *state = &core->agents[agent];
    uint64_t signature = signature_of(core, agent);
    uint32_t g;

    sapa_assert(state->group == SAPA_NONE);
    while ((g = sapa_idmap_get(&core->group_map, signature)) != SAPA_NONE &&
           !same_supply(core, agent, core->groups[g].sample))
        signature = signature * UINT64_C(0x9E3779B97F4A7C15) + 1; /* two supplies, one hash */
    if (g == SAPA_NONE)
        g = open_group(core, agent, signature);
    core->groups[g].members++;
    state->group = core->group_of[agent] = g;
    EACH_CLASS(core, g, k,
               core->classes[k].first_agent = SAPA_MIN(core->classes[k].first_agent, agent);)
}

void sapa_route_leave_group(struct sapa_core *core, uint32_t agent)
{
    struct core_agent *state = &core->agents[agent];
    const uint32_t g = state->group;
    struct core_group *group = &core->groups[g];

    sapa_assert(state->open == 0);
    sapa_assert(group->members > 0);
    state->group = SAPA_NONE;
    group->members--;
    /* whom explanations begin with: the lowest agent who fits */
    EACH_CLASS(core, g, k, {
        if (core->classes[k].first_agent == agent) {
            uint32_t next = agent + 1;
            while (next < core->centre->agents_count &&
                   (core->agents[next].group == SAPA_NONE ||
                    !(core->group_classes[(size_t)core->agents[next].group * core->class_words +
                                          k / 64] >>
                          k % 64 &
                      1)))
                next++;
            core->classes[k].first_agent = next < core->centre->agents_count ? next : SAPA_NONE;
        }
    })
    if (group->members == 0) {
        sapa_idmap_remove(&core->group_map, group->signature);
        for (uint32_t k = 0; k < core->class_count; k++)
            core->class_groups[(size_t)k * core->group_words + g / 64] &= ~(UINT64_C(1) << g % 64);
        core->group_free[core->group_free_count++] = g;
    } else if (group->sample ==
               agent) { /* another member; rare, and only when a skill is changed by hand */
        uint32_t other = 0;
        while (core->agents[other].group != g)
            other++;
        group->sample = other;
    }
}

void sapa_route_presence(struct sapa_core *core, uint32_t agent, uint8_t from, uint8_t to)
{
    const uint32_t g = core->agents[agent].group;
    const int staffed = (to == SAPA_PRESENCE_READY) - (from == SAPA_PRESENCE_READY);
    const int logged_in = (to != SAPA_PRESENCE_OFFLINE) - (from != SAPA_PRESENCE_OFFLINE);

    sapa_assert(g != SAPA_NONE);
    if (staffed == 0 && logged_in == 0)
        return;
    EACH_CLASS(core, g, k, {
        struct core_class *class = &core->classes[k];
        if (staffed)
            sapa_line_account(core, class->queue);
        class->staffed = (uint32_t)((int)class->staffed + staffed);
        class->logged_in = (uint32_t)((int)class->logged_in + logged_in);
        struct core_queue *q = &core->queues[class->queue];
        if (logged_in < 0 && class->logged_in == 0 && q->line.root != SAPA_NONE &&
            q->review_us == 0) {
            q->review_us = core->now_us;
            sapa_core_timer_set(&core->timers, core_slot(core, TIMER_QUEUE, class->queue),
                                q->review_us, class->queue);
        }
    })
}

/* Agents by idle_seq, longest idle first: a heap sort, so that lists are built by appending. */
static void sort_by_idleness(const struct sapa_core *core, uint32_t *order, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    for (uint32_t start = n / 2 + n; start-- > 1;) {
        uint32_t size = n, at = start;
        if (start >= n) {
            at = start - n;
        } else {
            const uint32_t top = order[0];
            order[0] = order[start];
            order[start] = top;
            size = start;
            at = 0;
        }
        for (uint32_t child; (child = 2 * at + 1) < size; at = child) {
            if (child + 1 < size &&
                core->agents[order[child + 1]].idle_seq > core->agents[order[child]].idle_seq)
                child++;
            if (core->agents[order[at]].idle_seq >= core->agents[order[child]].idle_seq)
                break;
            const uint32_t swap = order[at];
            order[at] = order[child];
            order[child] = swap;
        }
    }
}

void sapa_route_rebuild(struct sapa_core *core)
{
    const struct sapa_centre *centre = core->centre;
    uint32_t base = 0;

    for (uint32_t q = 0; q < centre->queues_count; q++) {
        core->queues[q].class_base = base;
        for (uint8_t s = 0; s < centre->queues[q].step_count; s++, base++) {
            core->classes[base] =
                (struct core_class){ .queue = q, .step = s, .first_agent = SAPA_NONE };
        }
    }
    core->class_count = base;
    for (size_t i = 0; i < (size_t)CHANNELS * base; i++)
        core->tops[i].first = SAPA_NONE;
    core->class_words = (base + 63) / 64;
    core->group_words = (centre->agents_count + 63) / 64;
    core->group_top = core->group_free_count = 0;
    memset(core->class_groups, 0, (size_t)base * core->group_words * sizeof(uint64_t));
    memset(core->open_groups, 0, (size_t)CHANNELS * core->group_words * sizeof(uint64_t));
    memset(core->open_words, 0, sizeof(core->open_words));
    memset(core->waiting_classes, 0, (size_t)CHANNELS * core->class_words * sizeof(uint64_t));
    sapa_idmap_init(&core->group_map, core->group_map.slots,
                    sapa_idmap_slots(centre->agents_count + 1));
    for (uint32_t agent = 0; agent < centre->agents_count; agent++) {
        core->agents[agent].group = SAPA_NONE;
        core->agents[agent].open = 0;
        core->agents[agent].freed = false;
        memcpy(core->agents[agent].capacity, centre->agents[agent].capacity, CHANNELS);
        core->agents[agent].capacity_total = centre->agents[agent].capacity_total;
        core->agents[agent].reserve_voice = centre->agents[agent].reserve_voice;
        sapa_tree_init(&core->agents[agent].preferred);
    }
    core->freed_count = 0;
    for (uint32_t agent = 0; agent < centre->agents_count; agent++) {
        sapa_route_join_group(core, agent);
        sapa_route_presence(core, agent, SAPA_PRESENCE_OFFLINE, core->agents[agent].presence);
    }
    sort_by_idleness(core, core->agent_map, centre->agents_count);
    for (uint32_t i = 0; i < centre->agents_count; i++)
        set_open(core, core->agent_map[i], open_now(core, core->agent_map[i]));
}

/* ---- choosing an agent ---- */

static uint64_t turn_of(const struct sapa_core *core, uint32_t queue, uint32_t agent)
{
    const uint32_t last = core->queues[queue].rr_last, n = core->centre->agents_count;

    return last == SAPA_NONE || last >= n ? agent : (agent + n - last - 1) % n;
}

/* Share of the time since login that he worked, as a fraction compared exactly: a < b? */
static int compare_occupancy(const struct sapa_core *core, uint32_t a, uint32_t b)
{
    int64_t busy[2], time[2];

    for (unsigned i = 0; i < 2; i++) {
        const struct core_agent *agent = &core->agents[i ? b : a];
        busy[i] = agent->busy_us + (agent->busy_since_us ? core->now_us - agent->busy_since_us : 0);
        time[i] = SAPA_MAX(core->now_us - agent->login_us, 1);
    }
    const __int128 left = (__int128)busy[0] * time[1], right = (__int128)busy[1] * time[0];
    return left < right ? -1 : left > right;
}

/* Does agent a stand before b by the rule of this contact's queue? */
static bool agent_before(const struct sapa_core *core, const struct core_contact *c, uint32_t a,
                         uint32_t b)
{
    const struct sapa_queue *q = core_queue_of(core, c->queue);
    const struct sapa_step *step = &q->steps[c->step];
    int order = 0;

    if (step->preferred_skill != SAPA_NONE) {
        const uint8_t x = levels_of(core, a)[step->preferred_skill];
        const uint8_t y = levels_of(core, b)[step->preferred_skill];
        if (x != y)
            return x > y;
    }
    switch ((enum sapa_choice)q->choice) {
    case SAPA_CHOICE_LEAST_OCCUPIED: order = compare_occupancy(core, a, b); break;
    case SAPA_CHOICE_FEWEST_CONTACTS:
        order = (core->agents[a].contacts > core->agents[b].contacts) -
                (core->agents[a].contacts < core->agents[b].contacts);
        break;
    case SAPA_CHOICE_ROUND_ROBIN:
        order = (turn_of(core, c->queue, a) > turn_of(core, c->queue, b)) -
                (turn_of(core, c->queue, a) < turn_of(core, c->queue, b));
        break;
    default: break;
    }
    return order ? order < 0 : core->agents[a].idle_seq < core->agents[b].idle_seq;
}

/* Keep the best `room` agents, best first. */
static void consider(const struct sapa_core *core, const struct core_contact *c, uint32_t agent,
                     uint32_t *best, unsigned *count, unsigned room)
{
    unsigned at = *count;

    if (at == room && !agent_before(core, c, agent, best[at - 1]))
        return;
    if (at < room)
        *count = ++at;
    for (at--; at > 0 && agent_before(core, c, agent, best[at - 1]); at--)
        best[at] = best[at - 1];
    best[at] = agent;
}

/* Run `body` for each word of groups that fit the contact and have somebody open: `bits`, from group `base`. */
#define EACH_OPEN(core, c, base, bits, ...)                                                       \
    do {                                                                                          \
        const uint64_t *fit_ =                                                                    \
            &(core)->class_groups[(size_t)(c)->class_index * (core)->group_words];                \
        const uint64_t *open_ = &(core)->open_groups[(size_t)(c)->channel * (core)->group_words]; \
        for (uint32_t i_ = 0; i_ < ((core)->group_words + 63) / 64; i_++)                         \
            for (uint64_t words_ = (core)->open_words[(c)->channel][i_]; words_;                  \
                 words_ &= words_ - 1) {                                                          \
                const uint32_t word_ = i_ * 64 + (uint32_t)__builtin_ctzll(words_),               \
                               base = word_ * 64;                                                 \
                const uint64_t bits = fit_[word_] & open_[word_];                                 \
                (void)base;                                                                       \
                __VA_ARGS__                                                                       \
            }                                                                                     \
    } while (0)

/* All who may take it now, but those it avoids (`avoided` false) or only those. */
static unsigned collect(const struct sapa_core *core, const struct core_contact *c, bool avoided,
                        uint32_t *best, unsigned room)
{
    const bool in_order =
        c->ring_all || core_queue_of(core, c->queue)->choice == SAPA_CHOICE_LONGEST_IDLE;
    unsigned count = 0, groups = 0;

    EACH_OPEN(core, c, base, bits, groups += (unsigned)__builtin_popcountll(bits););
    if (groups == 0)
        return 0;
    const unsigned each = !in_order                                         ? UINT32_MAX
                          : groups > SAPA_CORE_RING_ALL_MAX && !c->ring_all ? 1
                                                                            : room;
    EACH_OPEN(core, c, base, bits, {
        for (uint64_t left = bits; left; left &= left - 1) {
            const uint32_t g = base + (uint32_t)__builtin_ctzll(left);
            unsigned taken = 0;
            for (uint32_t agent = core->groups[g].head[c->channel];
                 agent != SAPA_NONE && taken < each;
                 agent = core->agents[agent].link[c->channel].after) {
                if (avoids(c, agent, core->now_us) != avoided)
                    continue;
                consider(core, c, agent, best, &count, room);
                taken++;
            }
        }
    });
    return count;
}

bool sapa_route_anybody(const struct sapa_core *core, const struct core_contact *c)
{
    EACH_OPEN(core, c, base, bits, if (bits) return true;);
    return false;
}

struct core_pick sapa_route_pick_agent(const struct sapa_core *core, const struct core_contact *c)
{
    enum { ROOM = SAPA_CORE_RING_ALL_MAX };
    struct core_pick pick;
    uint32_t best[ROOM];
    const unsigned room = c->ring_all ? ROOM : 3;
    unsigned count = 0;

    static_assert(ROOM - 1 == SAPA_COUNT(pick.runner), "one chosen, the rest run");
    sapa_assert(c->class_index < core->class_count);
    memset(&pick, 0xff, sizeof(pick));
    if (c->preferred != SAPA_NONE && c->preferred_until_us > core->now_us) {
        uint32_t a, b;
        if ((core->agents[c->preferred].open >> c->channel & 1) &&
            !avoids(c, c->preferred, core->now_us) &&
            sapa_route_fit(core, c->preferred, c->class_index, &a, &b) == SAPA_WHY_CHOSEN)
            pick.agent = c->preferred;
        if (pick.agent != SAPA_NONE || c->pick == PICK_PREFERRED)
            return pick;
    }
    count = collect(core, c, false, best, room);
    if (count == 0 && c->avoid_count && c->avoid_until_us <= core->now_us)
        count = collect(core, c, true, best, room); /* nobody else: ask the same one again */
    if (count > 0)
        pick.agent = best[0];
    for (unsigned i = 1; i < count; i++)
        pick.runner[i - 1] = best[i];
    return pick;
}

/* ---- choosing a contact ---- */

static bool may_take(const struct sapa_core *core, uint32_t contact, uint32_t agent)
{
    const struct core_contact *c = &core->contacts[contact];

    return c->avoid_count == 0 || c->avoid_until_us <= core->now_us ||
           !avoids(c, agent, core->now_us);
}

/* The first of a class that this agent may take; SAPA_NONE when all that were looked at avoid him. */
static uint32_t first_for(const struct sapa_core *core, const struct core_top *top, uint64_t mark,
                          uint32_t agent)
{
    uint32_t i = top->first;

    for (unsigned tries = 0; i != SAPA_NONE && !may_take(core, i, agent); tries++)
        i = tries < WALK_MAX ? sapa_tree_next_with(core->line, i, mark) : SAPA_NONE;
    return i;
}

uint32_t sapa_route_pick_contact(const struct sapa_core *core, uint32_t agent)
{
    const struct core_agent *state = &core->agents[agent];
    struct core_top best = { .first = SAPA_NONE };

    if (state->group == SAPA_NONE)
        return SAPA_NONE;
    const uint64_t *fit = &core->group_classes[(size_t)state->group * core->class_words];
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        if (!(state->open >> channel & 1))
            continue;
        const uint64_t *waiting = &core->waiting_classes[(size_t)channel * core->class_words];
        for (uint32_t word = 0; word < core->class_words; word++) {
            for (uint64_t bits = fit[word] & waiting[word]; bits; bits &= bits - 1) {
                const uint32_t k = word * 64 + (uint32_t)__builtin_ctzll(bits);
                const struct core_top *top = &core->tops[(size_t)channel * core->class_count + k];
                if (best.first != SAPA_NONE && top->age_us == best.age_us &&
                    (top->key != best.key ? top->key < best.key : top->seq > best.seq))
                    continue; /* its first stands behind: so do the others */
                const uint64_t mark = core_mark(core->classes[k].step, channel);
                const uint32_t i = first_for(core, top, mark, agent);
                if (i == SAPA_NONE || (best.first != SAPA_NONE &&
                                       !sapa_route_ahead(core, i, best.first, core->now_us)))
                    continue;
                best = (struct core_top){ .key = core->line[i].key,
                                          .first = i,
                                          .seq = core->line[i].seq,
                                          .age_us = top->age_us };
            }
        }
    }
    uint32_t i = state->preferred.first;
    for (unsigned tries = 0; i != SAPA_NONE && tries < WALK_MAX;
         tries++, i = sapa_tree_next(core->pick, i))
        if ((state->open >> core->contacts[i].channel & 1) &&
            !avoids(&core->contacts[i], agent, core->now_us) &&
            (fit[core->contacts[i].class_index / 64] >> core->contacts[i].class_index % 64 & 1) &&
            (best.first == SAPA_NONE || sapa_route_ahead(core, i, best.first, core->now_us)))
            best.first = i;
    return best.first;
}

/* ---- matching ---- */

/* False: nobody can be rung. True: its phone rings, or it may not be picked any more. */
static bool offer(struct sapa_core *core, struct core_contact *c)
{
    int64_t due;

    if (c->callback != NO_CALLBACK && !sapa_callback_ready(core, c, &due)) {
        sapa_line_remove(core, c); /* the queue has closed, or the same person is being called */
        sapa_line_insert(core, c);
        sapa_assert(c->pick == PICK_NONE);
        return true;
    }
    const struct core_pick pick = sapa_route_pick_agent(core, c);
    if (pick.agent == SAPA_NONE || core->work_count + SAPA_CORE_RING_ALL_MAX > core->works_max)
        return false;
    sapa_assert(c->in_line);
    sapa_assert(c->pick != PICK_NONE);
    core->queues[c->queue].rr_last = pick.agent;
    sapa_line_take(core, c);
    sapa_offer_make(core, c, pick.agent, &pick);
    for (unsigned i = 0; c->ring_all && i < SAPA_COUNT(pick.runner) && pick.runner[i] != SAPA_NONE;
         i++)
        sapa_offer_make(core, c, pick.runner[i], &pick);
    return true;
}

void sapa_route_seek(struct sapa_core *core, struct core_contact *c)
{
    if (!c->seeking && c->in_line) {
        c->seeking = true;
        core->seeking[core->seeking_count++] = core_index(core, c);
    }
    sapa_assert(core->seeking_count <= core->contacts_max);
}

/*
 * The contact that stands before all others which any of the freed agents may take goes first, and
 * to the agent whom its own rule chooses; then the next. So nobody is overtaken at any agent.
 */
static void settle_agents(struct sapa_core *core)
{
    while (core->freed_count > 0) {
        const uint32_t looked = SAPA_MIN(core->freed_count, (uint32_t)FREED_AT_ONCE);
        uint32_t best = SAPA_NONE, keep = 0;
        for (uint32_t i = 0; i < core->freed_count; i++) {
            const uint32_t agent = core->freed[i];
            if (i < looked) {
                const uint32_t contact =
                    core->agents[agent].open ? sapa_route_pick_contact(core, agent) : SAPA_NONE;
                if (contact == SAPA_NONE) {
                    core->agents[agent].freed = false;
                    continue;
                }
                if (best == SAPA_NONE ||
                    (contact != best && sapa_route_ahead(core, contact, best, core->now_us)))
                    best = contact;
            }
            core->freed[keep++] = agent;
        }
        core->freed_count = keep;
        if (best == SAPA_NONE || offer(core, &core->contacts[best]))
            continue;
        for (uint32_t i = 0; i < core->freed_count; i++) /* no room for more work at all */
            core->agents[core->freed[i]].freed = false;
        core->freed_count = 0;
    }
}

void sapa_route_settle(struct sapa_core *core)
{
    settle_agents(core);
    while (core->seeking_count > 0) {
        uint32_t best = 0;
        for (uint32_t i = 1; i < core->seeking_count; i++) {
            struct core_contact *x = &core->contacts[core->seeking[i]],
                                *y = &core->contacts[core->seeking[best]];
            if (x->in_line && (!y->in_line || sapa_route_ahead(core, core->seeking[i],
                                                               core->seeking[best], core->now_us)))
                best = i;
        }
        struct core_contact *c = &core->contacts[core->seeking[best]];
        core->seeking[best] = core->seeking[--core->seeking_count];
        c->seeking = false;
        if (c->in_line && (c->pick == PICK_NONE || !offer(core, c)))
            sapa_why_wait(core, c);
        settle_agents(core); /* who was rung may have room for more on another channel */
    }
    sapa_assert(core->freed_count == 0);
}
