/*
 * All invariants of the core, asserted: each noun's own, and that everything derived is what the
 * state says. The simulator calls this after every event.
 */
#include "core/core_impl.h"

static void check_work(const struct sapa_core *core, const struct core_work *w)
{
    const bool live = w->state != SAPA_ASSIGNMENT_WRAPUP;
    const bool timed =
        w->state == SAPA_ASSIGNMENT_OFFERED || w->state == SAPA_ASSIGNMENT_WRAPUP || w->dialling;
    const uint32_t slot = core_slot(core, TIMER_WORK, (uint32_t)(w - core->works));

    sapa_assert(w->state > SAPA_ASSIGNMENT_NONE);
    sapa_assert(w->state < SAPA_ASSIGNMENT_COUNT);
    sapa_assert(w->agent < core->centre->agents_count);
    sapa_assert(w->queue < core->centre->queues_count ||
                (w->queue == SAPA_NONE && live && (w->kind >= KIND_OWN || core_talks(w))));
    sapa_assert(w->kind <= KIND_TAKEN);
    sapa_assert(w->kind != KIND_TAKEN || w->connected_us);
    sapa_assert(live == (w->contact != SAPA_NONE));
    sapa_assert(timed == (w->due_us != 0));
    sapa_assert(timed == (core->timers.at[slot] != SAPA_NONE));
    if (live)
        sapa_assert(core->contacts[w->contact].id == w->contact_id);
    if (w->state == SAPA_ASSIGNMENT_HELD)
        sapa_assert(w->held_by_agent || w->held_by_core || w->held_by_customer);
    if (w->state == SAPA_ASSIGNMENT_TALKING)
        sapa_assert(!w->held_by_agent && !w->held_by_core && !w->held_by_customer);
    if (w->dialling)
        sapa_assert((w->kind == KIND_CALLBACK || w->kind == KIND_OWN) && w->state == SAPA_ASSIGNMENT_TALKING && !w->connected_us);
    sapa_assert(sapa_idmap_get(&core->work_map, w->offer) == (uint32_t)(w - core->works));
}

/* Who called whom, and who else takes part. */
static void check_parties(const struct sapa_core *core, const struct core_contact *c, unsigned talking)
{
    const unsigned parties = sapa_party_count(core, c);
    unsigned callers = 0, own = 0, outside = 0;

    for (uint32_t i = c->work; i != SAPA_NONE; i = core->works[i].next_of_contact) {
        const struct core_work *w = &core->works[i];
        own += w->kind == KIND_OWN;
        callers += core_is_caller(c, w);
        if (core_talks(w) && w->connected_us && !core_is_caller(c, w)) {
            sapa_assert(w->music == (parties == 2 && (w->held_by_agent || w->held_by_core)));
            sapa_assert(!w->held_by_customer || parties == 2);
        }
    }
    for (unsigned i = 0; i < SAPA_OUTSIDE_MAX; i++) {
        outside += c->outside[i].attempt != 0;
        sapa_assert(!c->outside[i].talks || c->outside[i].attempt);
        sapa_assert(i == 0 || c->outside[i - 1].attempt || !c->outside[i].attempt);
        sapa_assert(c->outside[i].attempt == 0 || c->outside[i].talks == (c->outside_due_us == 0));
    }
    sapa_assert(parties <= SAPA_PARTIES_MAX);
    sapa_assert(own <= 1 && (own == 0 || c->call));
    sapa_assert(callers == (c->call && c->call != SAPA_TARGET_OUTSIDE + 1)); /* without him there is no such call */
    sapa_assert(callers == 0 || c->callback == NO_CALLBACK);
    sapa_assert(outside == 0 || c->leg);
    sapa_assert(c->outside_due_us == 0 || (outside == 1 && c->place == SAPA_PLACE_FLOW && talking == 0));
    sapa_assert(!c->customer_holds || talking > 0);
    if (!c->beside)
        return;
    const uint32_t held = sapa_idmap_get(&core->work_map, c->beside);
    sapa_assert(c->call && c->call_line == SAPA_LINE_SAME && own == 1 && held != SAPA_NONE);
    sapa_assert(core->works[held].held_by_core && core->works[held].state == SAPA_ASSIGNMENT_HELD);
    sapa_assert(core->works[held].contact != core_index(core, c));
}

static void check_help(const struct sapa_core *core)
{
    uint32_t hands = 0, asking = 0;

    for (uint32_t i = 0; i < HANDS_MAX; i++) {
        const struct core_hand *hand = &core->hands[i];
        if (!hand->up)
            continue;
        hands++;
        sapa_assert(hand->agent < core->centre->agents_count && core->agents[hand->agent].asks);
        sapa_assert(core->agents[hand->agent].presence != SAPA_PRESENCE_OFFLINE);
        sapa_assert(hand->state == SAPA_HAND_RAISED || hand->state == SAPA_HAND_TAKEN);
    }
    for (uint32_t a = 0; a < core->centre->agents_count; a++)
        asking += core->agents[a].asks;
    sapa_assert(hands == core->hand_count && asking == hands);
    uint32_t alerts = 0;
    for (uint32_t i = 0; i < ALERTS_MAX; i++) {
        alerts += core->alerts[i].up;
        sapa_assert(!core->alerts[i].up || core->alerts[i].state == SAPA_ALERT_STATE_ON || core->alerts[i].state == SAPA_ALERT_STATE_SEEN);
        for (uint32_t k = 0; core->alerts[i].up && k < i; k++)
            sapa_assert(!core->alerts[k].up || core->alerts[k].kind != core->alerts[i].kind || core->alerts[k].target != core->alerts[i].target);
    }
    sapa_assert(alerts == core->alert_count);
    sapa_assert(core->broadcast_count <= SAPA_CORE_BROADCASTS_MAX);
    for (uint32_t i = 1; i < core->broadcast_count; i++)
        sapa_assert(core->broadcasts[i - 1].id < core->broadcasts[i].id);
}

/* A supervisor is nobody's part and has nothing else on his phone. */
static void check_watches(const struct sapa_core *core, uint32_t *ret_timers)
{
    uint32_t count = 0, watching = 0, watchers = 0;

    for (uint32_t i = 0; i < WATCHES_MAX; i++) {
        const struct core_watch *watch = &core->watches[i];
        const bool timed = core->timers.at[core_slot(core, TIMER_WATCH, i)] != SAPA_NONE;
        sapa_assert(watch->id || !timed);
        if (!watch->id)
            continue;
        count++;
        *ret_timers += timed;
        sapa_assert(core->contacts[watch->contact].id == watch->contact_id);
        sapa_assert(watch->agent < core->centre->agents_count && core->agents[watch->agent].watching);
        sapa_assert(watch->mode < SAPA_SUPERVISION_END && (!watch->up || watch->mode != SAPA_SUPERVISION_TAKEOVER));
        sapa_assert(timed == !watch->up && timed == (watch->due_us != 0));
        sapa_assert(sapa_idmap_get(&core->work_map, watch->id) == SAPA_NONE);
        for (uint32_t w = core->agents[watch->agent].work; w != SAPA_NONE; w = core->works[w].next_of_agent)
            sapa_assert(core->works[w].channel != SAPA_CHANNEL_VOICE || core->works[w].state == SAPA_ASSIGNMENT_WRAPUP);
    }
    for (uint32_t a = 0; a < core->centre->agents_count; a++)
        watching += core->agents[a].watching;
    for (uint32_t i = 0; i < core->contact_count; i++) {
        sapa_assert(core->contacts[core->living[i]].watchers <= SAPA_SUPERVISORS_MAX);
        watchers += core->contacts[core->living[i]].watchers;
    }
    sapa_assert(count == core->watch_count && watching == count && watchers == count);
}

/* `offered`, `talking`: without who called it. */
static void check_place(const struct sapa_core *core, const struct core_contact *c,
                        unsigned offered, unsigned talking)
{
    const bool callback = c->callback != NO_CALLBACK;

    sapa_assert(offered == 0 || talking == 0 || c->calling);
    sapa_assert(!c->calling || (c->call && c->place == SAPA_PLACE_RINGING && !c->queued && offered + talking <= 1));
    sapa_assert(!c->in_line || (offered == 0 && talking == 0)); /* in exactly one place */
    sapa_assert(!c->in_line || c->queued);
    sapa_assert(!c->queued || c->in_line || sapa_offer_rings(core, c) || talking == 1);
    switch ((enum sapa_place)c->place) {
    case SAPA_PLACE_FLOW:
        sapa_assert(offered == 0 && talking == 0);
        sapa_assert(!c->queued || callback);
        break;
    case SAPA_PLACE_QUEUE: sapa_assert(c->in_line && !callback); break;
    case SAPA_PLACE_RINGING: sapa_assert(c->calling || (offered > 0 && c->queued && !callback)); break;
    case SAPA_PLACE_TALK: sapa_assert(talking >= 1 && !c->queued && c->leg); break;
    case SAPA_PLACE_CALLBACK: sapa_assert(callback && !c->leg && c->queued); break;
    case SAPA_PLACE_OUTSIDE: sapa_assert(!c->queued && talking == 0 && c->leg); break;
    default: sapa_assert(c->place == SAPA_PLACE_NEW && false); break;
    }
    if (c->attempt_running)
        sapa_assert(callback && sapa_idmap_get(&core->party_map, c->party) == core_index(core, c));
    if (callback && (offered > 0 || (talking == 1 && c->callback == SAPA_CALLBACK_DIALLING)))
        sapa_assert(c->attempt_running);
}

static void check_contact(const struct sapa_core *core, const struct core_contact *c)
{
    const uint32_t i = core_index(core, c);
    unsigned offered = 0, talking = 0;

    sapa_assert(c->id != 0);
    sapa_assert(sapa_idmap_get(&core->contact_map, c->id) == i);
    sapa_assert(!c->ending && !c->seeking && !c->restart);
    for (uint32_t w = c->work; w != SAPA_NONE; w = core->works[w].next_of_contact) {
        sapa_assert(core->works[w].contact == i);
        if (core->works[w].state == SAPA_ASSIGNMENT_OFFERED)
            offered++;
        else if (!core_is_caller(c, &core->works[w]))
            talking++;
    }
    check_parties(core, c, talking);
    check_place(core, c, offered, talking);
    sapa_assert((core->line[i].size > 0) == c->in_line);
    sapa_assert((core->pick[i].size > 0) == (c->pick == PICK_PREFERRED));
    sapa_assert(core->line[i].own == (c->pick == PICK_CLASS ? core_mark(c->step, c->channel) : 0));
    if (c->pick == PICK_PREFERRED) { /* nobody waits for one who is not there */
        uint32_t a, b;
        sapa_assert(core->agents[c->preferred].presence == SAPA_PRESENCE_READY);
        sapa_assert(sapa_route_fit(core, c->preferred, c->class_index, &a, &b) == SAPA_WHY_CHOSEN);
    }
    if (c->in_line) {
        sapa_assert(core->line[i].key == sapa_line_key(core, c));
        sapa_assert(core->line[i].seq == c->wait_seq);
        sapa_assert(c->class_index == core->queues[c->queue].class_base + c->step);
        sapa_assert(c->pick != PICK_NONE || c->callback != NO_CALLBACK);
        sapa_assert(c->pick != PICK_NONE || c->leg || c->due_us != 0 ||
                    !sapa_line_open(core, c->queue));
    } else {
        sapa_assert(c->pick == PICK_NONE);
    }
    sapa_assert((c->due_us != 0) ==
                (core->timers.at[core_slot(core, TIMER_CONTACT, i)] != SAPA_NONE));
    sapa_assert((c->flow_due_us != 0) ==
                (core->timers.at[core_slot(core, TIMER_FLOW, i)] != SAPA_NONE));
    sapa_assert(c->avoid_count <= AVOID_MAX);
    sapa_assert(!c->recording_paused || c->recording_on);
    sapa_assert(!c->recording_on || c->recording);
}

static void check_agent(const struct sapa_core *core, uint32_t agent)
{
    const struct core_agent *state = &core->agents[agent];
    const struct sapa_agent *description = &core->centre->agents[agent];
    unsigned used[CHANNELS] = { 0 }, total = 0, calls = 0, own = 0;
    uint32_t a, b;

    for (uint32_t w = state->work; w != SAPA_NONE; w = core->works[w].next_of_agent) {
        sapa_assert(core->works[w].agent == agent);
        used[core->works[w].channel]++;
        total++;
        calls += core->works[w].kind >= KIND_OWN && core->works[w].state != SAPA_ASSIGNMENT_WRAPUP;
        own += core->works[w].kind == KIND_OWN && core->works[w].state != SAPA_ASSIGNMENT_WRAPUP;
    }
    sapa_assert(calls == state->calls && calls <= 2 && own <= 2);
    sapa_assert(total == state->used_total);
    sapa_assert((total > 0) == (state->busy_since_us != 0));
    sapa_assert(!state->freed);
    sapa_assert(state->presence < SAPA_PRESENCE_COUNT);
    uint32_t team = description->team, queues = 0;
    for (uint32_t i = 0; i < core->override_count; i++) {
        if (core->overrides[i].agent != agent)
            continue;
        queues += core->overrides[i].queue != SAPA_NONE;
        if (core_is_of_team(&core->overrides[i])) {
            sapa_assert(team == description->team && core->overrides[i].team != team); /* one, and not his own */
            team = core->overrides[i].team;
        }
    }
    sapa_assert(state->team == team && state->lent == queues);
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        const bool open =
            state->presence == SAPA_PRESENCE_READY && description->capacity[channel] &&
            sapa_route_free(core, agent, channel, core->now_us, &a, &b) == SAPA_WHY_CHOSEN;
        sapa_assert(used[channel] == state->used[channel]);
        sapa_assert(open == (state->open >> channel & 1));
    }
    sapa_assert(state->group != SAPA_NONE);
    for (uint32_t k = 0; k < core->class_count; k++) { /* the bits say what the rule says */
        const bool fit = sapa_route_fit(core, agent, k, &a, &b) == SAPA_WHY_CHOSEN;
        sapa_assert(
            fit ==
            (core->group_classes[(size_t)state->group * core->class_words + k / 64] >> k % 64 & 1));
        sapa_assert(fit == (core->class_groups[(size_t)k * core->group_words + state->group / 64] >>
                                state->group % 64 &
                            1));
        if (fit)
            sapa_assert(core->classes[k].first_agent <= agent);
    }
    sapa_tree_check(core->pick, &state->preferred);
}

static void check_groups(const struct sapa_core *core)
{
    uint32_t members = 0;

    for (uint32_t g = 0; g < core->group_top; g++) {
        const struct core_group *group = &core->groups[g];
        members += group->members;
        if (group->members == 0)
            continue;
        sapa_assert(core->agents[group->sample].group == g);
        for (unsigned channel = 0; channel < CHANNELS; channel++) {
            uint32_t before = SAPA_NONE;
            for (uint32_t i = group->head[channel]; i != SAPA_NONE;
                 i = core->agents[i].link[channel].after) {
                sapa_assert(core->agents[i].group == g);
                sapa_assert(core->agents[i].open >> channel & 1);
                sapa_assert(core->agents[i].link[channel].before == before);
                if (before != SAPA_NONE)
                    sapa_assert(core->agents[before].idle_seq < core->agents[i].idle_seq);
                before = i;
            }
            sapa_assert(group->tail[channel] == before);
            sapa_assert((before != SAPA_NONE) ==
                        (core->open_groups[channel * core->group_words + g / 64] >> g % 64 & 1));
        }
    }
    sapa_assert(members == core->centre->agents_count);
}

static void check_queue(const struct sapa_core *core, uint32_t queue)
{
    const struct core_queue *q = &core->queues[queue];
    uint32_t pickable = 0, virtual_waiters = 0, ringing = 0, talking = 0;

    for (uint32_t i = 0; i < core->contact_count; i++) {
        const struct core_contact *c = &core->contacts[core->living[i]];
        ringing += c->queue == queue && sapa_offer_rings(core, c);
        for (uint32_t w = c->work; w != SAPA_NONE; w = core->works[w].next_of_contact)
            talking += core->works[w].queue == queue && core_talks(&core->works[w]);
    }
    sapa_assert(ringing == q->ringing && talking == q->talking);

    sapa_tree_check(core->line, &q->line);
    for (uint32_t i = q->line.first; i != SAPA_NONE; i = sapa_tree_next(core->line, i)) {
        sapa_assert(core->contacts[i].queue == queue);
        pickable += core->contacts[i].pick == PICK_CLASS;
        virtual_waiters += core->contacts[i].callback != NO_CALLBACK;
    }
    sapa_assert(pickable == q->pickable);
    sapa_assert(virtual_waiters == q->virtual_waiters);
    sapa_assert((q->drain_since_us != 0) == (q->pickable != 0));
    sapa_assert((q->review_us != 0) ==
                (core->timers.at[core_slot(core, TIMER_QUEUE, queue)] != SAPA_NONE));
}

static void check_class(const struct sapa_core *core, uint32_t k)
{
    const struct core_class *class = &core->classes[k];
    uint32_t staffed = 0, logged_in = 0, a, b;

    for (uint32_t agent = 0; agent < core->centre->agents_count; agent++) {
        if (sapa_route_fit(core, agent, k, &a, &b) != SAPA_WHY_CHOSEN)
            continue;
        staffed += core->agents[agent].presence == SAPA_PRESENCE_READY;
        logged_in += core->agents[agent].presence != SAPA_PRESENCE_OFFLINE;
    }
    sapa_assert(staffed == class->staffed);
    sapa_assert(logged_in == class->logged_in);
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        const struct core_top *top = &core->tops[(size_t)channel * core->class_count + k];
        const uint32_t first = sapa_tree_first_with(core->line, &core->queues[class->queue].line,
                                                    core_mark(class->step, channel));
        sapa_assert(top->first == first);
        sapa_assert((first != SAPA_NONE) ==
                    (core->waiting_classes[channel * core->class_words + k / 64] >> k % 64 & 1));
        if (first == SAPA_NONE)
            continue;
        sapa_assert(top->key == core->line[first].key);
        sapa_assert(top->seq == core->line[first].seq);
        sapa_assert(top->age_us == core->queues[class->queue].age_us);
    }
}

/* Nobody waits while somebody who may take him now is free, unless his review is due but not yet come. */
static void check_matching(const struct sapa_core *core)
{
    uint32_t a, b;

    for (uint32_t i = 0; i < core->contact_count; i++) {
        const struct core_contact *c = &core->contacts[core->living[i]];
        if (!c->in_line || c->pick == PICK_NONE || (c->due_us && c->due_us <= core->now_us))
            continue;
        for (uint32_t agent = 0; agent < core->centre->agents_count; agent++)
            sapa_assert(sapa_route_judge(core, c, agent, core->now_us, &a, &b) != SAPA_WHY_CHOSEN);
    }
}

void sapa_core_check(const struct sapa_core *core)
{
    uint32_t works = 0, timers = core->timers.at[core_slot(core, TIMER_SKILL, 0)] != SAPA_NONE,
             parties = 0;

    sapa_assert(core->out == NULL);
    sapa_core_timer_check(&core->timers);
    if (!core->centre)
        return;
    sapa_assert(core->contact_count == core->contact_map.count);
    sapa_assert(core->work_count == core->work_map.count);
    for (uint32_t i = 0; i < core->contact_count; i++) {
        const struct core_contact *c = &core->contacts[core->living[i]];
        sapa_assert(core->living_at[core->living[i]] == i);
        check_contact(core, c);
        timers += (c->due_us != 0) + (c->flow_due_us != 0);
        parties += c->attempt_running;
    }
    for (uint32_t i = 0; i < core->work_top; i++) {
        if (!core->works[i].offer)
            continue;
        check_work(core, &core->works[i]);
        timers += core->works[i].due_us != 0;
        works++;
    }
    sapa_assert(works == core->work_count);
    sapa_assert(parties == core->party_map.count);
    for (uint32_t q = 0; q < core->centre->queues_count; q++) {
        check_queue(core, q);
        timers += core->queues[q].review_us != 0;
    }
    check_watches(core, &timers);
    check_help(core);
    sapa_assert(timers == core->timers.count); /* no timer without an owner */
    for (uint32_t a = 0; a < core->centre->agents_count; a++)
        check_agent(core, a);
    for (uint32_t k = 0; k < core->class_count; k++)
        check_class(core, k);
    check_groups(core);
    check_matching(core);
}
