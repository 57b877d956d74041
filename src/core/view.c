/* Read access for screens and questions. Nothing here changes anything. */
#include "core/core_impl.h"

static void fill_contact(const struct sapa_core *core, const struct core_contact *c, int64_t now_us,
                         struct sapa_contact_view *ret)
{
    int64_t wait_us = c->queue_us;

    now_us = SAPA_MAX(now_us, core->now_us);
    *ret = (struct sapa_contact_view){
        .contact = c->id,
        .person = c->person,
        .channel = c->channel,
        .place = c->place,
        .language = c->language,
        .callback = c->callback,
        .client = c->client,
        .number = c->number,
        .queue = c->queued ? c->queue : SAPA_NONE,
        .agent = SAPA_NONE,
        .recording = c->recording,
        .priority = c->priority,
        .step = c->step,
        .arrived_us = c->arrived_us,
        .since_us = c->since_us,
        .ewt_p50_ms = 0,
        .ewt_p90_ms = 0,
        .answered = c->answered,
        .play = c->has_flow && c->playing ? c->run.play : 0,
        .has_leg = c->leg && !(c->beside && c->call != SAPA_TARGET_OUTSIDE + 1),
        .beside = c->beside,
        .call = c->call,
        .virtual_waiter = c->callback != NO_CALLBACK && c->queued,
        .recording_paused = c->recording_paused,
    };
    if (c->place == SAPA_PLACE_QUEUE || c->place == SAPA_PLACE_RINGING)
        wait_us += now_us - c->since_us;
    else if (c->queued && c->callback != NO_CALLBACK)
        wait_us = now_us - c->queued_us;
    ret->wait_ms = (int64_t)core_ms(wait_us);
    if (c->in_line) {
        const uint32_t ahead = sapa_tree_rank(core->line, core_index(core, c));
        const struct sapa_ewt ewt = sapa_line_ewt(core, c->queue, ahead);
        ret->position = ahead + 1;
        ret->ewt_p50_ms = ewt.p50_ms;
        ret->ewt_p90_ms = ewt.p90_ms;
    }
    for (unsigned i = 0; i < SAPA_OUTSIDE_MAX; i++)
        ret->outside[i] = c->outside[i].attempt;
    if (c->callback == SAPA_CALLBACK_DIALLING || (c->call == SAPA_TARGET_OUTSIDE + 1 && c->calling && !c->leg && c->attempt))
        ret->dialling = c->attempt;
    else if (c->outside[0].attempt) /* told of above */
        ret->dialling = 0;
    else if (c->place == SAPA_PLACE_OUTSIDE || (c->has_flow && c->run.phase == SAPA_FLOW_DIALLING))
        ret->dialling = c->run.attempt;
    const struct core_work *w = NULL;
    for (uint32_t i = c->work; i != SAPA_NONE && !w; i = core->works[i].next_of_contact)
        w = core_is_caller(c, &core->works[i]) ? NULL : &core->works[i];
    if (w) {
        ret->agent = w->agent;
        ret->offer = w->offer;
        ret->queue = w->queue;
        ret->held = w->state == SAPA_ASSIGNMENT_HELD;
    } else if (c->work != SAPA_NONE) { /* nobody but who called */
        ret->agent = core->works[c->work].agent;
        ret->offer = core->works[c->work].offer;
    }
    sapa_assert(ret->wait_ms >= 0);
}

bool sapa_core_contact_next(const struct sapa_core *core, uint32_t *cursor, int64_t now_us,
                            struct sapa_contact_view *ret)
{
    if (*cursor >= core->contact_count)
        return false;
    fill_contact(core, &core->contacts[core->living[(*cursor)++]], now_us, ret);
    return true;
}

sapa_rc sapa_core_contact_get(const struct sapa_core *core, uint64_t contact, int64_t now_us,
                              struct sapa_contact_view *ret)
{
    const uint32_t i = sapa_idmap_get(&core->contact_map, contact);

    if (i == SAPA_NONE)
        return SAPA_ENOENT;
    fill_contact(core, &core->contacts[i], now_us, ret);
    return SAPA_OK;
}

sapa_rc sapa_core_queue_get(const struct sapa_core *core, uint32_t queue, int64_t now_us,
                            struct sapa_queue_view *ret)
{
    if (!core->centre || queue >= core->centre->queues_count)
        return SAPA_ENOENT;
    const struct sapa_queue *description = core_queue_of(core, queue);
    const struct core_queue *q = &core->queues[queue];
    const struct sapa_ewt ewt = sapa_line_ewt(core, queue, sapa_tree_count(core->line, &q->line));
    *ret = (struct sapa_queue_view){
        .waiting = sapa_tree_count(core->line, &q->line),
        .virtual_waiters = q->virtual_waiters,
        .ringing = q->ringing,
        .talking = q->talking,
        .staffed = sapa_line_staffed(core, queue),
        .ewt_p50_ms = ewt.p50_ms,
        .ewt_p90_ms = ewt.p90_ms,
        .handle_ms = (uint32_t)core_ms(
            sapa_ewt_handle_us(&q->rates, description->handle_ms_initial * INT64_C(1000))),
        .patience_ms = (uint32_t)core_ms(
            sapa_ewt_patience_us(&q->rates, description->patience_ms_initial * INT64_C(1000))),
        .open = sapa_line_open(core, queue),
    };
    int64_t oldest_us = INT64_MAX;
    for (uint32_t i = q->line.first; i != SAPA_NONE; i = sapa_tree_next(core->line, i))
        oldest_us = SAPA_MIN(oldest_us, core->contacts[i].queued_us);
    now_us = SAPA_MAX(now_us, core->now_us);
    ret->longest_wait_ms = oldest_us == INT64_MAX ? 0 : (int64_t)core_ms(now_us - oldest_us);
    const uint64_t *fit = &core->class_groups[(size_t)q->class_base * core->group_words];
    for (uint32_t agent = 0; agent < core->centre->agents_count; agent++)
        if ((core->agents[agent].open >> SAPA_CHANNEL_VOICE & 1) &&
            (fit[core->agents[agent].group / 64] >> core->agents[agent].group % 64 & 1))
            ret->idle++;
    if (ret->waiting == 0 && ret->idle > 0)
        ret->ewt_p50_ms = ret->ewt_p90_ms = 0;
    return SAPA_OK;
}

sapa_rc sapa_core_agent_get(const struct sapa_core *core, uint32_t agent, int64_t now_us,
                            struct sapa_agent_view *ret)
{
    if (!core->centre || agent >= core->centre->agents_count)
        return SAPA_ENOENT;
    const struct core_agent *state = &core->agents[agent];
    const int64_t now = SAPA_MAX(now_us, core->now_us);
    const int64_t busy_us =
        state->busy_us + (state->busy_since_us ? now - state->busy_since_us : 0);
    const int64_t logged_in_us = now - state->login_us;
    *ret = (struct sapa_agent_view){
        .presence = state->presence,
        .reachable = state->reachable,
        .reason = state->reason,
        .since_us = state->since_us,
        .idle_since_us = state->idle_since_us,
        .contacts = state->contacts,
        .occupancy_permille = state->presence == SAPA_PRESENCE_OFFLINE || logged_in_us <= 0
                                  ? 0
                                  : (uint32_t)SAPA_MIN(busy_us * 1000 / logged_in_us, 1000),
        .assignments = state->used_total,
        .booked = sapa_quota_booked(core, agent),
        .used_date = state->used_date,
        .team = state->team,
    };
    for (unsigned i = 0; i < SAPA_QUOTAS_MAX; i++)
        ret->used_ms[i] = core_ms(state->used_us[i]);
    sapa_help_view(core, agent, ret);
    return SAPA_OK;
}

static bool has_leg(const struct sapa_core *core, const struct core_work *w)
{
    if (w->contact == SAPA_NONE || w->kind != KIND_OWN)
        return w->contact != SAPA_NONE;
    const struct core_contact *c = &core->contacts[w->contact];
    return c->beside == 0 && (!core_is_caller(c, w) || w->state == SAPA_ASSIGNMENT_OFFERED);
}

bool sapa_core_assignment_next(const struct sapa_core *core, uint32_t agent, uint32_t *cursor,
                               struct sapa_assignment_view *ret)
{
    uint32_t skip = *cursor;

    if (!core->centre || agent >= core->centre->agents_count)
        return false;
    for (uint32_t i = core->agents[agent].work; i != SAPA_NONE; i = core->works[i].next_of_agent) {
        const struct core_work *w = &core->works[i];
        if (skip-- > 0)
            continue;
        *ret = (struct sapa_assignment_view){ .offer = w->offer,
                                              .contact = w->contact_id,
                                              .agent = agent,
                                              .queue = w->queue,
                                              .state = w->state,
                                              .channel = w->channel,
                                              .kind = w->kind,
                                              .has_leg = has_leg(core, w),
                                              .since_us = w->since_us,
                                              .due_us = w->due_us,
                                              .disposition = w->disposition,
                                              .extended = w->extended,
                                              .calls = w->contact != SAPA_NONE && core_is_caller(&core->contacts[w->contact], w) };
        (*cursor)++;
        return true;
    }
    return false;
}
