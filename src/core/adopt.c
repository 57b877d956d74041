/*
 * A centre description takes force.
 *
 * Objects keep their identity by key. First, still under the old description, everything ends that
 * the new one has no place for: agents and queues that are gone. Then agents and queues move to
 * their new numbers, contacts and work follow, and all that is derived is built anew. A contact
 * stays in its flow when the flow has the same shape; otherwise a menu starts again, and a contact
 * in line or in conversation goes on without one.
 */
#include "core/core_impl.h"

#include <string.h>

uint64_t sapa_adopt_key(struct sapa_str key)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < key.n; i++)
        hash = (hash ^ (uint8_t)key.p[i]) * UINT64_C(0x100000001b3);
    return hash ? hash : 1;
}

/* ---- is it whole? The compiler of the text has checked more; this guards our own arrays. ---- */

static bool step_is_whole(const struct sapa_centre *centre, const struct sapa_step *step)
{
    if (step->need_count > SAPA_NEEDS_MAX)
        return false;
    for (unsigned i = 0; i < step->need_count; i++)
        if (step->needs[i].skill >= centre->skills_count)
            return false;
    return step->preferred_skill == SAPA_NONE || step->preferred_skill < centre->skills_count;
}

static bool hours_are_whole(const struct sapa_centre *centre)
{
    for (uint32_t i = 0; i < centre->hours_count; i++) {
        const struct sapa_hours *h = &centre->hours[i];
        if ((uint64_t)h->span_first + h->span_count > centre->spans_count ||
            (uint64_t)h->holiday_first + h->holiday_count > centre->holidays_count)
            return false;
    }
    for (uint32_t i = 0; i < centre->holidays_count; i++)
        if ((uint64_t)centre->holidays[i].span_first + centre->holidays[i].span_count >
            centre->spans_count)
            return false;
    for (uint32_t i = 0; i < centre->spans_count; i++)
        if (centre->spans[i].to_min > 1440 || centre->spans[i].from_min >= centre->spans[i].to_min)
            return false;
    return true;
}

static bool is_whole(const struct sapa_centre *centre)
{
    for (uint32_t q = 0; q < centre->queues_count; q++) {
        const struct sapa_queue *queue = &centre->queues[q];
        if (queue->client >= centre->clients_count || queue->client >= CLIENTS_MAX ||
            queue->step_count < 1 || queue->step_count > SAPA_STEPS_MAX ||
            queue->choice > SAPA_CHOICE_RING_ALL || queue->record >= SAPA_RECORD_COUNT ||
            (uint64_t)queue->overflow_first + queue->overflow_count > centre->overflows_count)
            return false;
        for (unsigned s = 0; s < queue->step_count; s++)
            if (!step_is_whole(centre, &queue->steps[s]))
                return false;
    }
    for (uint32_t i = 0; i < centre->overflows_count; i++) {
        const struct sapa_overflow *rule = &centre->overflows[i];
        if (rule->when > SAPA_OVERFLOW_NO_AGENTS ||
            (rule->queue != SAPA_NONE && rule->queue >= centre->queues_count))
            return false;
    }
    for (uint32_t a = 0; a < centre->agents_count; a++)
        if ((uint64_t)centre->agents[a].skill_first + centre->agents[a].skill_count >
            centre->levels_count)
            return false;
    for (uint32_t i = 0; i < centre->roles_count; i++)
        if ((uint64_t)centre->roles[i].rule_first + centre->roles[i].rule_count > centre->call_rules_count)
            return false;
    for (uint32_t i = 0; i < centre->levels_count; i++)
        if (centre->levels[i].skill >= centre->skills_count)
            return false;
    for (uint32_t i = 0; i < centre->numbers_count; i++) {
        const struct sapa_number *number = &centre->numbers[i];
        if (number->client >= centre->clients_count || number->language >= SAPA_LANGUAGE_COUNT ||
            number->flow >= (centre->flows_count ? centre->flows_count : centre->queues_count))
            return false;
    }
    return hours_are_whole(centre);
}

sapa_rc sapa_core_centre(struct sapa_core *core, const struct sapa_centre *centre)
{
    uint32_t classes = 0;

    if (centre->agents_count > core->agents_max || centre->queues_count > core->queues_max ||
        centre->skills_count > core->skills_max)
        return SAPA_ELIMIT;
    if (!is_whole(centre))
        return SAPA_EINVAL;
    for (uint32_t q = 0; q < centre->queues_count; q++)
        classes += centre->queues[q].step_count;
    if (classes > core->classes_max)
        return SAPA_ELIMIT;
    core->next_centre = centre;
    return SAPA_OK;
}

/* ---- parts ---- */

void sapa_adopt_agent_init(struct sapa_core *core, struct core_agent *agent)
{
    memset(agent, 0, sizeof(*agent));
    agent->group = agent->work = agent->reason = SAPA_NONE;
    agent->presence = SAPA_PRESENCE_OFFLINE;
    agent->since_us = agent->idle_since_us = core->now_us;
    agent->idle_seq = ++core->idle_seq;
    sapa_tree_init(&agent->preferred);
}

void sapa_adopt_levels(struct sapa_core *core)
{
    const struct sapa_centre *centre = core->centre;

    for (uint32_t a = 0; a < centre->agents_count; a++) {
        uint8_t *levels = core->levels + (size_t)a * core->skills_max;
        const struct sapa_agent *agent = &centre->agents[a];
        memset(levels, 0, centre->skills_count);
        core->agents[a].lent = 0;
        core->agents[a].team = agent->team;
        for (uint32_t i = 0; i < agent->skill_count; i++)
            levels[centre->levels[agent->skill_first + i].skill] =
                centre->levels[agent->skill_first + i].level;
    }
    for (uint32_t i = 0; i < core->override_count; i++) {
        const struct core_override *one = &core->overrides[i];
        sapa_assert(one->agent < centre->agents_count);
        if (core_is_of_team(one))
            core->agents[one->agent].team = one->team;
        else if (one->queue == SAPA_NONE)
            core->levels[(size_t)one->agent * core->skills_max + one->skill] = one->level;
        else
            core->agents[one->agent].lent++;
    }
}

static void queue_shape(struct core_queue *q, const struct sapa_queue *description)
{
    q->age_us = description->age_ms_per_step * INT64_C(1000);
    sapa_tree_init(&q->line);
    q->pickable = q->virtual_waiters = q->ringing = q->talking = 0;
    q->drain_since_us = 0;
}

static void keys_of(struct sapa_core *core)
{
    for (uint32_t a = 0; a < core->centre->agents_count; a++)
        core->agent_keys[a] = sapa_adopt_key(core->centre->agents[a].key);
    for (uint32_t q = 0; q < core->centre->queues_count; q++)
        core->queue_keys[q] = sapa_adopt_key(core->centre->queues[q].key);
}

/* ---- old numbers to new ---- */

static void map_agents(struct sapa_core *core, const struct sapa_centre *next)
{
    sapa_idmap_init(&core->scratch_map, core->scratch_map.slots,
                    sapa_idmap_slots(SAPA_MAX(core->agents_max, core->queues_max)));
    for (uint32_t a = 0; a < next->agents_count; a++) {
        const uint64_t key = sapa_adopt_key(next->agents[a].key);
        if (sapa_idmap_get(&core->scratch_map, key) == SAPA_NONE)
            sapa_idmap_put(&core->scratch_map, key, a);
    }
    for (uint32_t a = 0; a < core->centre->agents_count; a++)
        core->agent_map[a] = sapa_idmap_get(&core->scratch_map, core->agent_keys[a]);
}

static void map_queues(struct sapa_core *core, const struct sapa_centre *next)
{
    sapa_idmap_init(&core->scratch_map, core->scratch_map.slots,
                    sapa_idmap_slots(SAPA_MAX(core->agents_max, core->queues_max)));
    for (uint32_t q = 0; q < next->queues_count; q++) {
        const uint64_t key = sapa_adopt_key(next->queues[q].key);
        if (sapa_idmap_get(&core->scratch_map, key) == SAPA_NONE)
            sapa_idmap_put(&core->scratch_map, key, q);
    }
    for (uint32_t q = 0; q < core->centre->queues_count; q++)
        core->queue_map[q] = sapa_idmap_get(&core->scratch_map, core->queue_keys[q]);
}

static uint32_t mapped(const uint32_t *map, uint32_t index)
{
    return index == SAPA_NONE ? SAPA_NONE : map[index];
}

/* A conversation of a queue that is gone is booked to another of the same client. */
static uint32_t stand_in(const struct sapa_core *core, const struct sapa_centre *next,
                         uint32_t queue)
{
    const uint32_t client = core->centre->queues[queue].client;

    sapa_assert(next->queues_count > 0);
    for (uint32_t q = 0; q < next->queues_count; q++)
        if (sapa_str_eq(next->clients[next->queues[q].client].key,
                        core->centre->clients[client].key))
            return q;
    return 0;
}

/* ---- what the new description has no place for ends under the old one ---- */

static void retire_agent(struct sapa_core *core, uint32_t agent)
{
    while (core->agents[agent].work != SAPA_NONE) {
        struct core_work *w = &core->works[core->agents[agent].work];
        if (w->state == SAPA_ASSIGNMENT_OFFERED) {
            sapa_offer_end(core, w, SAPA_OFFER_WITHDRAWN, 0, true);
        } else if (w->state == SAPA_ASSIGNMENT_WRAPUP) {
            sapa_work_end_wrapup(core, w, 2);
        } else {
            struct sapa_record gone = { .type = SAPA_T_agent_gone };
            gone.u.agent_gone = (struct sapa_rec_agent_gone){ .contact = w->contact_id,
                                                              .offer = w->offer,
                                                              .side = SAPA_SIDE_SYSTEM };
            if (!core_is_caller(&core->contacts[w->contact], w) && !(w->dialling && w->kind == KIND_OWN))
                EMIT(core, cmd_drop_agent, .contact = w->contact_id, .offer = w->offer);
            const sapa_rc rc = sapa_work_on_gone(core, &gone);
            sapa_assert(rc == SAPA_OK);
        }
    }
    sapa_watch_retire(core, agent);
    if (core->agents[agent].presence != SAPA_PRESENCE_OFFLINE)
        sapa_agent_move(core, agent, SAPA_PRESENCE_OFFLINE, SAPA_NONE, 3);
}

static void retire_contact(struct sapa_core *core, struct core_contact *c, bool all)
{
    if (all) {
        sapa_contact_hangup(core, c,
                            c->answered ? SAPA_OUTCOME_ANSWERED : SAPA_OUTCOME_OVERFLOW_ENDED,
                            SAPA_SIDE_SYSTEM, 0);
        return;
    }
    if (!c->queued || core->queue_map[c->queue] != SAPA_NONE)
        return;
    if (sapa_work_talking(core, c)) /* a callback that is being dialled: the attempt goes on, booked elsewhere */
        return;
    sapa_offer_end_all(core, c, NULL, SAPA_OFFER_WITHDRAWN);
    if (c->callback != NO_CALLBACK) {
        sapa_contact_hangup(core, c, SAPA_OUTCOME_CALLBACK_FAILED, SAPA_SIDE_SYSTEM, 0);
    } else {
        sapa_line_leave(core, c, SAPA_DEQUEUE_NO_AGENTS);
        sapa_line_tell(core, c, SAPA_DEQUEUE_NO_AGENTS);
    }
}

/* ---- moving over ---- */

static void move_agents(struct sapa_core *core, const struct sapa_centre *next)
{
    struct core_agent *agents = core->agents_spare;

    for (uint32_t a = 0; a < next->agents_count; a++)
        sapa_adopt_agent_init(core, &agents[a]);
    for (uint32_t a = 0; a < core->centre->agents_count; a++) {
        const uint32_t to = core->agent_map[a];
        if (to == SAPA_NONE)
            continue;
        agents[to] = core->agents[a];
        const uint32_t reason = agents[to].reason;
        agents[to].reason = reason < core->centre->reasons_count
                                ? SAPA_FIND(next, reasons, core->centre->reasons[reason].key)
                                : SAPA_NONE;
    }
    core->agents_spare = core->agents;
    core->agents = agents;
    sapa_quota_adopt(core, next);
}

static void move_queues(struct sapa_core *core, const struct sapa_centre *next)
{
    struct core_queue *queues = core->queues_spare;

    memset(queues, 0, next->queues_count * sizeof(*queues));
    for (uint32_t q = 0; q < next->queues_count; q++)
        queues[q].rr_last = SAPA_NONE;
    for (uint32_t q = 0; q < core->centre->queues_count; q++) {
        sapa_core_timer_clear(&core->timers, core_slot(core, TIMER_QUEUE, q));
        if (core->queue_map[q] == SAPA_NONE)
            continue;
        struct core_queue *to = &queues[core->queue_map[q]];
        to->rates = core->queues[q].rates;
        to->rr_last = mapped(core->agent_map, core->queues[q].rr_last);
    }
    for (uint32_t q = 0; q < next->queues_count; q++)
        queue_shape(&queues[q], &next->queues[q]);
    core->queues_spare = core->queues;
    core->queues = queues;
}

static void move_overrides(struct sapa_core *core, const struct sapa_centre *next)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < core->override_count; i++) {
        struct core_override override = core->overrides[i];
        override.agent = core->agent_map[override.agent];
        if (core_is_of_team(&override)) {
            override.team = SAPA_FIND(next, teams, core->centre->teams[override.team].key);
            if (override.team_beneath != SAPA_NONE)
                override.team_beneath = SAPA_FIND(next, teams, core->centre->teams[override.team_beneath].key);
            if (override.agent != SAPA_NONE && override.team != SAPA_NONE && override.team != next->agents[override.agent].team)
                core->overrides[kept++] = override;
            continue;
        }
        if (override.queue != SAPA_NONE)
            override.queue = core->queue_map[override.queue];
        else
            override.skill = SAPA_FIND(next, skills, core->centre->skills[override.skill].key);
        if (override.agent != SAPA_NONE && (override.queue != SAPA_NONE || override.skill != SAPA_NONE))
            core->overrides[kept++] = override;
    }
    core->override_count = kept;
}

static void move_switches(struct sapa_core *core, const struct sapa_centre *next)
{
    uint64_t surge = 0, closed = 0;

    for (uint32_t i = 0; i < SAPA_MIN(core->centre->clients_count, (uint32_t)CLIENTS_MAX); i++) {
        const uint32_t to = SAPA_FIND(next, clients, core->centre->clients[i].key);
        if (to >= CLIENTS_MAX)
            continue;
        surge |= (core->surge >> i & 1) << to;
        closed |= (core->closed >> i & 1) << to;
    }
    core->surge = surge;
    core->closed = closed;
}

static bool same_shape(const struct sapa_flow *a, const struct sapa_flow *b)
{
    if (a->nodes_count != b->nodes_count || a->variables_count != b->variables_count ||
        a->text_size != b->text_size)
        return false;
    for (uint32_t i = 0; i < a->nodes_count; i++)
        if (a->nodes[i].kind != b->nodes[i].kind || !sapa_str_eq(a->nodes[i].key, b->nodes[i].key))
            return false;
    for (uint32_t i = 0; i < a->variables_count; i++)
        if (a->variables[i].type != b->variables[i].type ||
            a->variables[i].at != b->variables[i].at ||
            !sapa_str_eq(a->variables[i].name, b->variables[i].name))
            return false;
    return true;
}

/* The same flow in the new description; SAPA_NONE when it is gone or has changed its shape. */
static uint32_t flow_in(const struct sapa_core *core, const struct sapa_centre *next, uint32_t flow)
{
    if (flow >= core->centre->flows_count)
        return SAPA_NONE;
    const uint32_t to = SAPA_FIND(next, flows, core->centre->flows[flow].key);
    return to != SAPA_NONE && same_shape(&core->centre->flows[flow], &next->flows[to]) ? to
                                                                                       : SAPA_NONE;
}

/* True: its menu has to begin again. */
static bool move_run(struct sapa_core *core, const struct sapa_centre *next, struct core_contact *c)
{
    struct sapa_flow_run *run = &c->run;

    if (!c->has_flow)
        return false;
    const bool alive = run->phase != SAPA_FLOW_IDLE && run->phase != SAPA_FLOW_OVER;
    const uint32_t flow = flow_in(core, next, run->flow);
    const uint32_t queue_flow =
        run->queue_node == SAPA_NONE ? 0 : flow_in(core, next, run->queue_flow);
    const uint32_t queue =
        run->queue < core->centre->queues_count ? core->queue_map[run->queue] : SAPA_NONE;
    const bool queue_lost =
        run->queue != SAPA_NONE && queue == SAPA_NONE && (run->flags & SAPA_FLOW_RUN_IN_QUEUE);
    if (flow != SAPA_NONE && queue_flow != SAPA_NONE && !queue_lost) {
        run->flow = flow;
        run->queue_flow = queue_flow;
        run->queue = queue;
        return false;
    }
    if (flow != SAPA_NONE && queue_lost && c->reason) { /* it will be told so in a moment */
        run->flow = flow;
        run->queue_flow = queue_flow != SAPA_NONE ? queue_flow : flow;
        run->queue_node = queue_flow != SAPA_NONE ? run->queue_node : SAPA_NONE;
        run->queue = next->queues_count ? 0 : SAPA_NONE;
        return false;
    }
    memset(run, 0, sizeof(*run));
    run->queue_node = run->queue = SAPA_NONE;
    c->flow_due_us = 0;
    if (alive && c->place == SAPA_PLACE_FLOW && c->outside[0].attempt == 0 && c->leg && next->flows_count > 0 &&
        c->number != SAPA_NONE) {
        c->reason = 0;
        return true;
    }
    c->has_flow = false;
    return false;
}

static void move_contact(struct sapa_core *core, const struct sapa_centre *next,
                         struct core_contact *c)
{
    const struct sapa_centre *old = core->centre;

    c->client = c->client < old->clients_count
                    ? SAPA_FIND(next, clients, old->clients[c->client].key)
                    : SAPA_NONE;
    c->number = c->number < old->numbers_count
                    ? SAPA_FIND(next, numbers, old->numbers[c->number].key)
                    : SAPA_NONE;
    if (c->queue != SAPA_NONE) {
        const uint32_t from = c->queue;
        c->queue = core->queue_map[from];
        if (c->queue == SAPA_NONE && c->work != SAPA_NONE)
            c->queue = stand_in(core, next, from);
    }
    c->last_queue = mapped(core->queue_map, c->last_queue);
    c->judged_queue = mapped(core->queue_map, c->judged_queue);
    c->message_queue =
        c->message_queue < old->queues_count ? core->queue_map[c->message_queue] : SAPA_NONE;
    c->preferred = mapped(core->agent_map, c->preferred);
    c->last_agent = mapped(core->agent_map, c->last_agent);
    c->judged_agent = mapped(core->agent_map, c->judged_agent);
    c->back_queue = mapped(core->queue_map, c->back_queue);
    c->back_agent = mapped(core->agent_map, c->back_agent);
    if (c->call == SAPA_TARGET_QUEUE + 1)
        c->call_target = mapped(core->queue_map, c->call_target);
    else if (c->call == SAPA_TARGET_AGENT + 1)
        c->call_target = mapped(core->agent_map, c->call_target);
    else if (c->call == SAPA_TARGET_NUMBER + 1)
        c->call_target = c->call_target < old->numbers_count
                             ? SAPA_FIND(next, numbers, old->numbers[c->call_target].key)
                             : SAPA_NONE;
    unsigned kept = 0;
    for (unsigned i = 0; i < c->avoid_count; i++)
        if (core->agent_map[c->avoid[i]] != SAPA_NONE)
            c->avoid[kept++] = core->agent_map[c->avoid[i]];
    c->avoid_count = (uint8_t)kept;
    if (c->queued) {
        const struct sapa_queue *q = &next->queues[c->queue];
        c->step = 0;
        while (c->step + 1u < q->step_count &&
               core->now_us - c->entered_us >= q->steps[c->step + 1].after_ms * INT64_C(1000))
            c->step++;
        c->ring_all = q->choice == SAPA_CHOICE_RING_ALL;
    }
}

/* Of the queue: several sets have the same keys. */
static uint32_t disposition_of(const struct sapa_centre *next, uint32_t queue, struct sapa_str key)
{
    const struct sapa_queue *q = queue < next->queues_count ? &next->queues[queue] : NULL;

    for (uint32_t i = 0; q && i < q->disposition_count; i++) {
        if (sapa_str_eq(next->dispositions[q->disposition_first + i].key, key))
            return q->disposition_first + i;
    }
    return SAPA_NONE;
}

static void move_works(struct sapa_core *core, const struct sapa_centre *next)
{
    const struct sapa_centre *old = core->centre;

    for (uint32_t i = 0; i < core->work_top; i++) {
        struct core_work *w = &core->works[i];
        if (!w->offer)
            continue;
        const uint32_t queue = mapped(core->queue_map, w->queue);
        w->agent = core->agent_map[w->agent];
        if (w->queue != SAPA_NONE)
            w->queue = queue != SAPA_NONE ? queue : stand_in(core, next, w->queue);
        if (w->disposition < old->dispositions_count)
            w->disposition = disposition_of(next, w->queue, old->dispositions[w->disposition].key);
        sapa_assert(w->agent < next->agents_count);
    }
    for (uint32_t i = 0; i < WATCHES_MAX; i++)
        if (core->watches[i].id)
            core->watches[i].agent = core->agent_map[core->watches[i].agent];
}

void sapa_adopt_count(struct sapa_core *core)
{
    for (uint32_t q = 0; q < core->centre->queues_count; q++)
        core->queues[q].ringing = core->queues[q].talking = 0;
    for (uint32_t i = 0; i < core->contact_count; i++) {
        const struct core_contact *c = &core->contacts[core->living[i]];
        if (sapa_offer_rings(core, c))
            core->queues[c->queue].ringing++;
        for (uint32_t w = c->work; w != SAPA_NONE; w = core->works[w].next_of_contact)
            if (core_talks(&core->works[w]) && core->works[w].queue != SAPA_NONE)
                core->queues[core->works[w].queue].talking++;
    }
}

void sapa_adopt_rebuild(struct sapa_core *core)
{
    sapa_adopt_levels(core);
    keys_of(core);
    sapa_route_rebuild(core);
    sapa_adopt_count(core);
    sapa_change_arm(core);
}

/* ---- the input ---- */

static void first_time(struct sapa_core *core)
{
    core->centre = core->next_centre;
    core->next_centre = NULL;
    for (uint32_t a = 0; a < core->centre->agents_count; a++)
        sapa_adopt_agent_init(core, &core->agents[a]);
    memset(core->queues, 0, core->centre->queues_count * sizeof(*core->queues));
    for (uint32_t q = 0; q < core->centre->queues_count; q++) {
        core->queues[q].rr_last = SAPA_NONE;
        queue_shape(&core->queues[q], &core->centre->queues[q]);
    }
    sapa_adopt_rebuild(core);
}

static void replace(struct sapa_core *core)
{
    const struct sapa_centre *next = core->next_centre;
    uint32_t i = 0;

    map_agents(core, next);
    map_queues(core, next);
    for (uint32_t a = 0; a < core->centre->agents_count; a++)
        if (core->agent_map[a] == SAPA_NONE)
            retire_agent(core, a);
    while (i < core->contact_count) {
        const uint32_t contact = core->living[i];
        retire_contact(core, &core->contacts[contact], next->queues_count == 0);
        if (i < core->contact_count && core->living[i] == contact)
            i++; /* else it is gone, and another stands here */
    }
    if (next->queues_count == 0) /* nothing left that a wrap-up could belong to */
        for (uint32_t w = 0; w < core->work_top; w++)
            if (core->works[w].offer)
                sapa_work_end_wrapup(core, &core->works[w], 2);
    /* out of every tree and list; in_line stays as the note of who stands in line */
    for (i = 0; i < core->contact_count; i++) {
        struct core_contact *c = &core->contacts[core->living[i]];
        const bool in_line = c->in_line;
        if (in_line)
            sapa_line_remove(core, c);
        c->in_line = in_line;
        c->seeking = false;
    }
    core->seeking_count = 0;
    move_overrides(core, next);
    sapa_help_move(core, next);
    move_switches(core, next);
    for (i = 0; i < core->contact_count; i++)
        move_contact(core, next, &core->contacts[core->living[i]]);
    move_works(core, next);
    for (i = 0; i < core->contact_count; i++)
        core->contacts[core->living[i]].restart =
            move_run(core, next, &core->contacts[core->living[i]]);
    move_agents(core, next);
    move_queues(core, next);
    core->centre = next;
    core->next_centre = NULL;
    sapa_adopt_rebuild(core);
    for (i = 0; i < core->contact_count; i++) {
        struct core_contact *c = &core->contacts[core->living[i]];
        if (c->in_line) {
            c->in_line = false;
            sapa_line_insert(core, c);
        } else if (c->queued) {
            c->class_index = core->queues[c->queue].class_base + c->step;
        }
        if (c->flow_due_us == 0)
            sapa_core_timer_clear(&core->timers, core_slot(core, TIMER_FLOW, core->living[i]));
    }
    for (uint32_t a = 0; a < core->centre->agents_count; a++)
        sapa_route_refresh(core, a, false);
    for (i = 0; i < core->contact_count;) { /* menus that have to begin again */
        struct core_contact *c = &core->contacts[core->living[i]];
        const uint64_t id = c->id;
        if (c->restart) {
            c->restart = false;
            sapa_port_begin(core, c, core->centre->numbers[c->number].flow);
        }
        if (i < core->contact_count && core->contacts[core->living[i]].id == id)
            i++;
    }
    for (i = 0; i < core->contact_count; i++)
        sapa_route_seek(core, &core->contacts[core->living[i]]);
}

/*
 * The program was not there since `from_us`, and no minute of that is anybody's: what lasts (presence, an offer, wrap-up
 * and its limit) begins so much later. Who talked on meanwhile keeps his time, unless nobody can have (`whole`).
 */
static void skip_stop(struct sapa_core *core, int64_t from_us, bool whole)
{
    const int64_t down_us = core->now_us - from_us;

    if (from_us <= 0 || down_us <= 0)
        return;
    for (uint32_t q = 0; q < core->centre->queues_count; q++)
        if (core->queues[q].drain_since_us) /* nobody served it: that says nothing of how long it takes */
            core->queues[q].drain_since_us += down_us;
    for (uint32_t i = 0; i < core->contact_count && whole; i++)
        for (unsigned p = 0; p < SAPA_OUTSIDE_MAX; p++)
            core->contacts[core->living[i]].outside[p].since_us += down_us;
    for (uint32_t i = 0; i < HANDS_MAX; i++)
        if (core->hands[i].up)
            core->hands[i].since_us += down_us;
    for (uint32_t i = 0; i < WATCHES_MAX; i++)
        if (core->watches[i].id && (whole || !core->watches[i].up)) {
            core->watches[i].since_us += down_us;
            core->watches[i].up_us += down_us;
        }
    for (uint32_t a = 0; a < core->centre->agents_count; a++) {
        struct core_agent *agent = &core->agents[a];
        bool talks = false;
        for (uint32_t i = agent->work; i != SAPA_NONE; i = core->works[i].next_of_agent) {
            struct core_work *w = &core->works[i];
            const bool talking = w->connected_us != 0 && w->state != SAPA_ASSIGNMENT_WRAPUP;
            talks |= talking;
            if (talking && !whole)
                continue;
            w->since_us += down_us;
            w->made_us += down_us;
            if (w->connected_us)
                w->connected_us += down_us;
            if (w->state == SAPA_ASSIGNMENT_WRAPUP && w->due_us) {
                w->due_us += down_us;
                sapa_core_timer_set(&core->timers, core_slot(core, TIMER_WORK, i), w->due_us, w->offer);
            }
        }
        if (talks && !whole)
            continue;
        agent->since_us += down_us;
        agent->login_us += down_us;
        agent->idle_since_us += down_us;
        if (agent->busy_since_us)
            agent->busy_since_us += down_us;
    }
}

sapa_rc sapa_adopt_on_centre(struct sapa_core *core, const struct sapa_record *in)
{
    const struct sapa_str hash = sapa_sized_str(&in->u.centre_started.centre_hash);

    if (core->centre) {
        skip_stop(core, in->u.centre_started.stopped_us, in->u.centre_started.whole != 0);
        sapa_offer_on_start(core);
    }
    if (core->next_centre && sapa_str_eq(hash, sapa_str_of(core->next_centre->hash))) {
        if (core->centre)
            replace(core);
        else
            first_time(core);
        return SAPA_OK;
    }
    if (core->centre && sapa_str_eq(hash, sapa_str_of(core->centre->hash)))
        return SAPA_OK; /* the program starts again with what is in force */
    return SAPA_ENOENT;
}
