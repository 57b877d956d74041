/*
 * What agents and those who lead them say to each other: a raised hand, and messages to many.
 *
 * Nothing of it concerns routing. It is here because it is part of the state that everybody sees, outlives a restart
 * and stands in the log. A hand is an agent's; he takes it down, logging out does too, and a supervisor who comes into
 * the contact that it is about takes it. Of messages the last few are kept, and of each agent the newest that he has read.
 */
#include "core/core_impl.h"

#include <string.h>

/* ---- hands ---- */

static struct core_hand *hand_of(struct sapa_core *core, uint32_t agent)
{
    for (uint32_t i = 0; core->agents[agent].asks && i < HANDS_MAX; i++)
        if (core->hands[i].up && core->hands[i].agent == agent)
            return &core->hands[i];
    return NULL;
}

static void tell(struct sapa_core *core, const struct core_hand *hand, enum sapa_hand from, enum sapa_hand to, int64_t since_us,
                 const struct sapa_text64 *by)
{
    EMIT(core, hand_changed, .agent = hand->agent, .contact = hand->contact, .from = from, .to = to,
         .was_ms = from == SAPA_HAND_DOWN ? 0 : core_ms(core->now_us - since_us), .by = by ? *by : (struct sapa_text64){ .n = 0 });
}

/* What he has in hand: rather what he talks with. */
static uint64_t contact_in_hand(const struct sapa_core *core, uint32_t agent)
{
    uint64_t found = 0;

    for (uint32_t i = core->agents[agent].work; i != SAPA_NONE; i = core->works[i].next_of_agent) {
        if (core->works[i].state == SAPA_ASSIGNMENT_TALKING)
            return core->works[i].contact_id;
        found = found ? found : core->works[i].contact_id;
    }
    return found;
}

static sapa_rc raise_hand(struct sapa_core *core, uint32_t agent, const struct sapa_text64 *by)
{
    uint32_t i = 0;

    if (core->agents[agent].presence == SAPA_PRESENCE_OFFLINE)
        return SAPA_ESTATE;
    while (i < HANDS_MAX && core->hands[i].up)
        i++;
    if (i == HANDS_MAX)
        return SAPA_ELIMIT;
    core->hands[i] = (struct core_hand){ .agent = agent, .up = true, .state = SAPA_HAND_RAISED, .since_us = core->now_us,
                                         .contact = contact_in_hand(core, agent) };
    core->agents[agent].asks = true;
    core->hand_count++;
    tell(core, &core->hands[i], SAPA_HAND_DOWN, SAPA_HAND_RAISED, core->now_us, by);
    return SAPA_OK;
}

static void take_down(struct sapa_core *core, struct core_hand *hand, const struct sapa_text64 *by)
{
    tell(core, hand, hand->state, SAPA_HAND_DOWN, hand->since_us, by);
    core->agents[hand->agent].asks = false;
    hand->up = false;
    core->hand_count--;
}

static void take(struct sapa_core *core, struct core_hand *hand, const struct sapa_text64 *by)
{
    tell(core, hand, SAPA_HAND_RAISED, SAPA_HAND_TAKEN, hand->since_us, by);
    hand->state = SAPA_HAND_TAKEN;
    hand->since_us = core->now_us;
    hand->by = *by;
}

sapa_rc sapa_help_on_hand(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_hand *in = &record->u.hand;

    if (in->agent >= core->centre->agents_count || in->state >= SAPA_HAND_COUNT)
        return SAPA_EINVAL;
    struct core_hand *hand = hand_of(core, (uint32_t)in->agent);
    if (in->state == SAPA_HAND_RAISED)
        return hand ? SAPA_ESTATE : raise_hand(core, (uint32_t)in->agent, &in->by);
    if (!hand || hand->state == in->state)
        return SAPA_ESTATE;
    if (in->state == SAPA_HAND_TAKEN)
        take(core, hand, &in->by);
    else
        take_down(core, hand, &in->by);
    return SAPA_OK;
}

void sapa_help_comes(struct sapa_core *core, const struct core_contact *c, const struct sapa_text64 *by)
{
    for (uint32_t i = 0; core->hand_count > 0 && i < HANDS_MAX; i++)
        if (core->hands[i].up && core->hands[i].state == SAPA_HAND_RAISED && core->hands[i].contact == c->id)
            take(core, &core->hands[i], by);
}

void sapa_help_drop(struct sapa_core *core, uint32_t agent)
{
    struct core_hand *hand = hand_of(core, agent);

    if (hand)
        take_down(core, hand, NULL);
}

/* ---- messages to many ---- */

static uint32_t audience_size(const struct sapa_centre *centre, uint64_t kind)
{
    return kind == SAPA_AUDIENCE_TEAM || kind == SAPA_AUDIENCE_LEADERS ? centre->teams_count
           : kind == SAPA_AUDIENCE_QUEUE ? centre->queues_count
           : kind == SAPA_AUDIENCE_AGENT ? centre->agents_count
                                         : 0;
}

static void forget(struct sapa_core *core, uint32_t at)
{
    core->broadcast_count--;
    memmove(&core->broadcasts[at], &core->broadcasts[at + 1], (core->broadcast_count - at) * sizeof(core->broadcasts[0]));
}

/* What has to go for another one: rather what agents said to their leaders, so that they take nobody else's word away. */
static uint32_t least(const struct sapa_core *core)
{
    for (uint32_t i = 0; i < core->broadcast_count; i++)
        if (core->broadcasts[i].kind == SAPA_AUDIENCE_LEADERS)
            return i;
    return 0;
}

sapa_rc sapa_help_on_broadcast(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_broadcast *in = &record->u.broadcast;

    if (in->kind >= SAPA_AUDIENCE_COUNT || in->text.n == 0 || in->until_us <= core->now_us ||
        (in->kind == SAPA_AUDIENCE_ALL ? in->target != SAPA_NONE : in->target >= audience_size(core->centre, in->kind)))
        return SAPA_EINVAL;
    for (uint32_t i = 0; i < core->broadcast_count;)
        if (core->broadcasts[i].until_us <= core->now_us)
            forget(core, i);
        else
            i++;
    if (core->broadcast_count == SAPA_CORE_BROADCASTS_MAX)
        forget(core, least(core));
    struct core_broadcast *one = &core->broadcasts[core->broadcast_count++];
    *one = (struct core_broadcast){ .id = sapa_core_id(core), .at_us = core->now_us, .until_us = in->until_us,
                                    .kind = (uint8_t)in->kind, .target = (uint32_t)in->target, .text = in->text, .by = in->by };
    EMIT(core, broadcast_made, .message = one->id, .kind = one->kind, .target = one->target, .until_us = one->until_us,
         .text = one->text, .by = one->by);
    return SAPA_OK;
}

sapa_rc sapa_help_on_read(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_broadcast_read *in = &record->u.broadcast_read;
    bool known = false;

    if (in->agent >= core->centre->agents_count)
        return SAPA_EINVAL;
    for (uint32_t i = 0; i < core->broadcast_count; i++)
        known |= core->broadcasts[i].id == in->message;
    if (!known)
        return SAPA_ENOENT;
    if (core->agents[in->agent].read >= in->message)
        return SAPA_ESTATE;
    core->agents[in->agent].read = in->message;
    EMIT(core, broadcast_seen, .agent = in->agent, .message = in->message);
    return SAPA_OK;
}

/* ---- alerts: measured outside, kept here ---- */

static bool is_of_queue(unsigned kind)
{
    return kind <= SAPA_ALERT_ABANDONED;
}

static struct core_alert *alert_of(struct sapa_core *core, uint64_t kind, uint64_t target)
{
    for (uint32_t i = 0; core->alert_count > 0 && i < ALERTS_MAX; i++)
        if (core->alerts[i].up && core->alerts[i].kind == kind && core->alerts[i].target == target)
            return &core->alerts[i];
    return NULL;
}

static void alert_moves(struct sapa_core *core, struct core_alert *alert, enum sapa_alert_state to, uint64_t value,
                        const struct sapa_text64 *by)
{
    EMIT(core, alert_changed, .kind = alert->kind, .target = alert->target, .from = alert->state, .to = to, .value = value,
         .limit = alert->limit, .was_ms = core_ms(core->now_us - alert->since_us), .by = by ? *by : (struct sapa_text64){ .n = 0 });
    alert->state = (uint8_t)to;
    alert->since_us = core->now_us;
}

sapa_rc sapa_help_on_alert(struct sapa_core *core, const struct sapa_record *record)
{
    const struct sapa_rec_alert *in = &record->u.alert;
    uint32_t i = 0;

    if (in->kind >= SAPA_ALERT_COUNT || in->state >= SAPA_ALERT_STATE_COUNT ||
        in->target >= (is_of_queue((unsigned)in->kind) ? core->centre->queues_count : core->centre->agents_count))
        return SAPA_EINVAL;
    struct core_alert *alert = alert_of(core, in->kind, in->target);
    if (in->state != SAPA_ALERT_STATE_ON) {
        if (!alert)
            return SAPA_ENOENT;
        if (alert->state == in->state)
            return SAPA_ESTATE;
        if (in->state == SAPA_ALERT_STATE_SEEN)
            alert->by = in->by;
        alert_moves(core, alert, (enum sapa_alert_state)in->state, in->state == SAPA_ALERT_STATE_SEEN ? alert->value : in->value, &in->by);
        if (in->state == SAPA_ALERT_STATE_OVER) {
            alert->up = false;
            core->alert_count--;
        }
        return SAPA_OK;
    }
    if (alert)
        return SAPA_ESTATE;
    while (i < ALERTS_MAX && core->alerts[i].up)
        i++;
    if (i == ALERTS_MAX)
        return SAPA_ELIMIT;
    alert = &core->alerts[i];
    *alert = (struct core_alert){ .up = true, .kind = (uint8_t)in->kind, .state = SAPA_ALERT_STATE_OVER, .target = (uint32_t)in->target,
                                  .on_us = core->now_us, .since_us = core->now_us, .value = in->value, .limit = in->limit };
    core->alert_count++;
    alert_moves(core, alert, SAPA_ALERT_STATE_ON, in->value, NULL);
    return SAPA_OK;
}

bool sapa_core_alert_next(const struct sapa_core *core, uint32_t *cursor, struct sapa_alert_view *ret)
{
    while (core->alert_count > 0 && *cursor < ALERTS_MAX) {
        const struct core_alert *one = &core->alerts[(*cursor)++];
        if (!one->up)
            continue;
        *ret = (struct sapa_alert_view){ .kind = one->kind, .state = one->state, .target = one->target, .on_us = one->on_us,
                                         .value = one->value, .limit = one->limit, .by = &one->by };
        return true;
    }
    return false;
}

bool sapa_core_alert_is_on(const struct sapa_core *core, enum sapa_alert kind, uint32_t target)
{
    for (uint32_t i = 0; core->alert_count > 0 && i < ALERTS_MAX; i++)
        if (core->alerts[i].up && core->alerts[i].kind == kind && core->alerts[i].target == target)
            return true;
    return false;
}

/* ---- another description ---- */

void sapa_help_move(struct sapa_core *core, const struct sapa_centre *next)
{
    const struct sapa_centre *old = core->centre;

    for (uint32_t i = 0; i < HANDS_MAX; i++)
        if (core->hands[i].up)
            core->hands[i].agent = core->agent_map[core->hands[i].agent];
    for (uint32_t i = 0; i < ALERTS_MAX; i++) {
        struct core_alert *alert = &core->alerts[i];
        if (!alert->up)
            continue;
        const uint32_t to = (is_of_queue(alert->kind) ? core->queue_map : core->agent_map)[alert->target];
        if (to == SAPA_NONE) { /* what it was about is gone */
            alert_moves(core, alert, SAPA_ALERT_STATE_OVER, 0, NULL);
            alert->up = false;
            core->alert_count--;
        }
        alert->target = to;
    }
    for (uint32_t i = 0; i < core->broadcast_count;) {
        struct core_broadcast *one = &core->broadcasts[i];
        if (one->kind == SAPA_AUDIENCE_TEAM)
            one->target = SAPA_FIND(next, teams, old->teams[one->target].key);
        else if (one->kind == SAPA_AUDIENCE_QUEUE)
            one->target = core->queue_map[one->target];
        else if (one->kind == SAPA_AUDIENCE_AGENT)
            one->target = core->agent_map[one->target];
        if (one->kind != SAPA_AUDIENCE_ALL && one->target == SAPA_NONE)
            forget(core, i); /* nobody is left whom it was for */
        else
            i++;
    }
}

/* ---- views ---- */

void sapa_help_view(const struct sapa_core *core, uint32_t agent, struct sapa_agent_view *ret)
{
    ret->read = core->agents[agent].read;
    for (uint32_t i = 0; core->agents[agent].asks && i < HANDS_MAX; i++) {
        const struct core_hand *hand = &core->hands[i];
        if (!hand->up || hand->agent != agent)
            continue;
        ret->hand = hand->state;
        ret->hand_contact = hand->contact;
        ret->hand_since_us = hand->since_us;
        ret->hand_by = hand->by;
    }
}

bool sapa_core_broadcast_next(const struct sapa_core *core, uint32_t *cursor, struct sapa_broadcast_view *ret)
{
    if (*cursor >= core->broadcast_count)
        return false;
    const struct core_broadcast *one = &core->broadcasts[(*cursor)++];
    *ret = (struct sapa_broadcast_view){ .id = one->id, .at_us = one->at_us, .until_us = one->until_us, .kind = one->kind,
                                         .target = one->target, .text = &one->text, .by = &one->by };
    return true;
}
