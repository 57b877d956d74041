/*
 * Presence, and what agents ask for by dialled code.
 *
 * Readiness cannot lie: a phone that is not reachable takes its agent out of ready, and puts him
 * back when it returns, unless he asked for something else meanwhile. An offer that rings is
 * withdrawn when its agent stops being ready; a conversation goes on.
 */
#include "core/core_impl.h"

#include <string.h>

/* `calls`: those of his own and of colleagues too, for which he need not be ready. */
static void end_offers(struct sapa_core *core, uint32_t agent, enum sapa_offer_result result, bool calls)
{
    for (uint32_t i = core->agents[agent].work, next; i != SAPA_NONE; i = next) {
        next = core->works[i].next_of_agent;
        if (core->works[i].state == SAPA_ASSIGNMENT_OFFERED && (calls || core->works[i].kind < KIND_OWN))
            sapa_offer_end(core, &core->works[i], result, 0, true);
    }
}

void sapa_agent_move(struct sapa_core *core, uint32_t agent, enum sapa_presence to, uint32_t reason,
                     unsigned by)
{
    struct core_agent *state = &core->agents[agent];
    const uint8_t from = state->presence;

    sapa_assert(to < SAPA_PRESENCE_COUNT);
    sapa_assert(from != to || state->reason != reason);
    EMIT(core, agent_moved, .agent = agent, .from = from, .to = to, .reason = reason,
         .was_ms = core_ms(core->now_us - state->since_us), .by = by);
    sapa_quota_leave(core, agent);
    if (from == SAPA_PRESENCE_OFFLINE) {
        state->login_us = core->now_us;
        state->busy_us = 0;
        state->contacts = 0;
        if (state->busy_since_us)
            state->busy_since_us = core->now_us;
    }
    state->presence = (uint8_t)to;
    state->reason = reason;
    state->since_us = core->now_us;
    if (to == SAPA_PRESENCE_OFFLINE)
        sapa_help_drop(core, agent);
    sapa_route_presence(core, agent, from, (uint8_t)to);
    if (to != SAPA_PRESENCE_READY) {
        sapa_line_forsake(core, agent);
        end_offers(core, agent, state->reachable ? SAPA_OFFER_WITHDRAWN : SAPA_OFFER_UNREACHABLE,
                   !state->reachable || to == SAPA_PRESENCE_OFFLINE);
    }
    sapa_route_refresh(core, agent, to == SAPA_PRESENCE_READY);
}

/* What can be recorded: of two contacts in hand the one that he talks with. */
static struct core_work *recordable(struct sapa_core *core, uint32_t agent)
{
    struct core_work *found = NULL;

    for (uint32_t i = core->agents[agent].work; i != SAPA_NONE; i = core->works[i].next_of_agent) {
        struct core_work *w = &core->works[i];
        if (!core_talks(w) || (w->kind >= KIND_OWN && (!w->connected_us || core_is_caller(&core->contacts[w->contact], w))))
            continue;
        if (!found || (core->agents[agent].calls && found->state == SAPA_ASSIGNMENT_HELD))
            found = w;
    }
    return found;
}

/* The oldest wrap-up. */
static struct core_work *oldest(struct sapa_core *core, uint32_t agent)
{
    for (uint32_t i = core->agents[agent].work; i != SAPA_NONE; i = core->works[i].next_of_agent)
        if (core->works[i].state == SAPA_ASSIGNMENT_WRAPUP)
            return &core->works[i];
    return NULL;
}

static bool lacks_disposition(struct sapa_core *core, const struct core_work *w)
{
    return w->disposition == SAPA_NONE && core_queue_of(core, w->queue)->disposition_required;
}

static void end_wrapups(struct sapa_core *core, uint32_t agent, uint32_t how)
{
    for (struct core_work *w; (w = oldest(core, agent)) != NULL;)
        sapa_work_end_wrapup(core, w, how);
}

static sapa_rc ready(struct sapa_core *core, uint32_t agent)
{
    struct core_agent *state = &core->agents[agent];

    if (state->presence == SAPA_PRESENCE_READY && !oldest(core, agent)) /* he stays: no break after all */
        return sapa_quota_unbook(core, agent) ? SAPA_OK : SAPA_ESTATE;
    for (uint32_t i = state->work; i != SAPA_NONE; i = core->works[i].next_of_agent) {
        if (core->works[i].state == SAPA_ASSIGNMENT_WRAPUP && lacks_disposition(core, &core->works[i]))
            return SAPA_EDENIED;
    }
    state->resume = false;
    end_wrapups(core, agent, 0);
    if (!state->reachable) { /* he means to be, and will be when his phone is back */
        if (state->presence == SAPA_PRESENCE_OFFLINE)
            sapa_agent_move(core, agent, SAPA_PRESENCE_NOT_READY, SAPA_NONE, 1);
        state->resume = true;
    } else if (state->presence != SAPA_PRESENCE_READY) {
        sapa_agent_move(core, agent, SAPA_PRESENCE_READY, SAPA_NONE, 0);
    }
    return SAPA_OK;
}

static sapa_rc not_ready(struct sapa_core *core, uint32_t agent, uint64_t code)
{
    struct core_agent *state = &core->agents[agent];
    const uint32_t reason = code == SAPA_NONE ? SAPA_NONE : (uint32_t)code;

    if (reason != SAPA_NONE && code >= core->centre->reasons_count)
        return SAPA_ENOENT;
    if (state->presence == SAPA_PRESENCE_NOT_READY && state->reason == reason)
        return SAPA_ESTATE;
    const sapa_rc rc = sapa_quota_may(core, agent, reason);
    if (rc != SAPA_OK)
        return rc;
    (void)sapa_quota_unbook(core, agent);
    state->resume = false;
    sapa_agent_move(core, agent, SAPA_PRESENCE_NOT_READY, reason, 0);
    return SAPA_OK;
}

static sapa_rc book(struct sapa_core *core, uint32_t agent, uint64_t code)
{
    if (code == SAPA_NONE)
        return sapa_quota_unbook(core, agent) ? SAPA_OK : SAPA_ESTATE;
    return code < core->centre->reasons_count ? sapa_quota_book(core, agent, (uint32_t)code) : SAPA_ENOENT;
}

static sapa_rc wrapup_done(struct sapa_core *core, uint32_t agent, uint64_t code)
{
    struct core_work *w = oldest(core, agent);

    if (!w)
        return SAPA_ESTATE;
    if (code != SAPA_NONE) { /* by its place among the dispositions of the queue */
        if (!core_disposes(core_queue_of(core, w->queue), code))
            return SAPA_ENOENT;
        w->disposition = (uint32_t)code;
    }
    if (lacks_disposition(core, w))
        return SAPA_EDENIED;
    sapa_work_end_wrapup(core, w, 0);
    return SAPA_OK;
}

static sapa_rc wrapup_extend(struct sapa_core *core, uint32_t agent)
{
    struct core_work *w = oldest(core, agent);

    if (!w)
        return SAPA_ESTATE;
    if (w->extended)
        return SAPA_EDENIED;
    const uint32_t more_ms = core_queue_of(core, w->queue)->wrapup_extend_ms;
    if (more_ms == 0)
        return SAPA_EDENIED;
    w->extended = true;
    w->due_us += more_ms * INT64_C(1000);
    sapa_core_timer_set(&core->timers, core_slot(core, TIMER_WORK, (uint32_t)(w - core->works)),
                        w->due_us, w->offer);
    return SAPA_OK;
}

static sapa_rc logout(struct sapa_core *core, uint32_t agent)
{
    if (core->agents[agent].presence == SAPA_PRESENCE_OFFLINE)
        return SAPA_ESTATE;
    for (uint32_t i = core->agents[agent].work; i != SAPA_NONE; i = core->works[i].next_of_agent)
        if (core_talks(&core->works[i]))
            return SAPA_ESTATE; /* not while somebody is on the line */
    core->agents[agent].resume = false;
    (void)sapa_quota_unbook(core, agent);
    sapa_agent_move(core, agent, SAPA_PRESENCE_OFFLINE, SAPA_NONE, 0);
    end_wrapups(core, agent, 2);
    sapa_assert(core->agents[agent].work == SAPA_NONE);
    return SAPA_OK;
}

static sapa_rc record(struct sapa_core *core, uint32_t agent, enum sapa_verb verb)
{
    struct core_work *w = recordable(core, agent);

    if (!w || w->dialling)
        return SAPA_ENOENT;
    return sapa_recording_command(core, &core->contacts[w->contact], verb);
}

sapa_rc sapa_agent_on_command(struct sapa_core *core, const struct sapa_record *in)
{
    const struct sapa_rec_agent_command *command = &in->u.agent_command;
    sapa_rc rc = SAPA_OK;

    /* later verbs are codes within a conversation: the channel makes other inputs of them */
    if (command->agent >= core->centre->agents_count || (command->verb > SAPA_VERB_RECORD_START && command->verb != SAPA_VERB_BOOK))
        return SAPA_EINVAL;
    const uint32_t agent = (uint32_t)command->agent;
    switch ((enum sapa_verb)command->verb) {
    case SAPA_VERB_READY: rc = ready(core, agent); break;
    case SAPA_VERB_NOT_READY: rc = not_ready(core, agent, command->code); break;
    case SAPA_VERB_WRAPUP_DONE: rc = wrapup_done(core, agent, command->code); break;
    case SAPA_VERB_WRAPUP_EXTEND: rc = wrapup_extend(core, agent); break;
    case SAPA_VERB_BOOK: rc = book(core, agent, command->code); break;
    case SAPA_VERB_LOGOUT: rc = logout(core, agent); break;
    case SAPA_VERB_STATUS: break;
    default: rc = record(core, agent, command->verb); break;
    }
    /* who asks gets his answer in words, also a refusal */
    if (command->request)
        EMIT(core, cmd_agent_reply, .agent = agent, .request = command->request,
             .rc = (uint64_t)-rc, .verb = command->verb,
             .code = command->verb == SAPA_VERB_STATUS ? core->agents[agent].reason : command->code,
             .presence = core->agents[agent].presence, .wrapup = oldest(core, agent) != NULL);
    return rc;
}

sapa_rc sapa_agent_on_device(struct sapa_core *core, const struct sapa_record *in)
{
    const struct sapa_rec_agent_device *device = &in->u.agent_device;

    if (device->agent >= core->centre->agents_count || device->reachable > 1 || device->place >= SAPA_WORKPLACE_COUNT)
        return SAPA_EINVAL;
    const uint32_t agent = (uint32_t)device->agent;
    struct core_agent *state = &core->agents[agent];
    if (state->reachable == (bool)device->reachable)
        return device->reachable && device->place != SAPA_WORKPLACE_UNKNOWN ? SAPA_OK : SAPA_ESTATE; /* elsewhere: only the log wants to know */
    state->reachable = device->reachable;
    if (!state->reachable && state->presence == SAPA_PRESENCE_READY) {
        sapa_agent_move(core, agent, SAPA_PRESENCE_NOT_READY, SAPA_NONE, 1);
        state->resume = true;
    } else if (state->reachable && state->resume) {
        state->resume = false;
        sapa_agent_move(core, agent, SAPA_PRESENCE_READY, SAPA_NONE, 1);
    } else {
        if (!state->reachable)
            end_offers(core, agent, SAPA_OFFER_UNREACHABLE, true);
        sapa_route_refresh(core, agent, false);
    }
    return SAPA_OK;
}
