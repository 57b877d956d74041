/*
 * The door: memory, dispatch of inputs, and the order of what follows from one of them.
 *
 * One input is handled in three parts: its handler changes the state of what it names; then flows
 * that wait for the result of something they asked for get it; then the step settles: agents and
 * contacts that were set free are matched by the rules. So two that are set free by one input are
 * never matched in the order in which the code happened to free them.
 */
#include "core/core_impl.h"

#include <string.h>

/* ---- memory ---- */

enum { LINE = 64 }; /* bytes of a cache line */

/* Carves arrays out of one block: first to learn its size (base NULL), then for good. */
struct carver {
    uint8_t *base;
    size_t n;
};

static void *carve(struct carver *carver, size_t count, size_t size)
{
    void *at = carver->base ? carver->base + carver->n : NULL;

    carver->n += (count * size + LINE - 1) / LINE * LINE;
    return at;
}

static void carve_all(struct sapa_core *core, struct carver *carver)
{
    const size_t contacts = core->contacts_max, works = core->works_max, agents = core->agents_max;
    const size_t queues = core->queues_max, classes = core->classes_max;
    const size_t group_words = (agents + 63) / 64, class_words = (classes + 63) / 64;
    const size_t slots = 2 * contacts + works + queues + 1 + WATCHES_MAX;

    core->contacts = carve(carver, contacts, sizeof(*core->contacts));
    core->works = carve(carver, works, sizeof(*core->works));
    core->agents = carve(carver, agents, sizeof(*core->agents));
    core->agents_spare = carve(carver, agents, sizeof(*core->agents));
    core->queues = carve(carver, queues, sizeof(*core->queues));
    core->queues_spare = carve(carver, queues, sizeof(*core->queues));
    core->levels = carve(carver, agents, core->skills_max);
    core->agent_keys = carve(carver, agents, sizeof(uint64_t));
    core->queue_keys = carve(carver, queues, sizeof(uint64_t));
    core->line = carve(carver, contacts, sizeof(*core->line));
    core->pick = carve(carver, contacts, sizeof(*core->pick));
    core->timers.heap = carve(carver, slots, sizeof(*core->timers.heap));
    core->timers.at = carve(carver, slots, sizeof(uint32_t));
    core->contact_map.slots =
        carve(carver, sapa_idmap_slots((uint32_t)contacts), sizeof(struct sapa_idmap_slot));
    core->work_map.slots =
        carve(carver, sapa_idmap_slots((uint32_t)works), sizeof(struct sapa_idmap_slot));
    core->party_map.slots =
        carve(carver, sapa_idmap_slots(PARTIES_MAX), sizeof(struct sapa_idmap_slot));
    core->group_map.slots =
        carve(carver, sapa_idmap_slots((uint32_t)agents), sizeof(struct sapa_idmap_slot));
    core->scratch_map.slots = carve(carver, sapa_idmap_slots((uint32_t)SAPA_MAX(agents, queues)),
                                    sizeof(struct sapa_idmap_slot));
    core->classes = carve(carver, classes, sizeof(*core->classes));
    core->tops = carve(carver, CHANNELS * classes, sizeof(*core->tops));
    core->groups = carve(carver, agents, sizeof(*core->groups));
    core->class_groups = carve(carver, classes * group_words, sizeof(uint64_t));
    core->group_classes = carve(carver, agents * class_words, sizeof(uint64_t));
    core->open_groups = carve(carver, CHANNELS * group_words, sizeof(uint64_t));
    core->waiting_classes = carve(carver, CHANNELS * class_words, sizeof(uint64_t));
    core->agent_map = carve(carver, agents, sizeof(uint32_t));
    core->queue_map = carve(carver, queues, sizeof(uint32_t));
    core->group_free = carve(carver, agents, sizeof(uint32_t));
    core->group_of = carve(carver, agents, sizeof(uint32_t));
    core->living = carve(carver, contacts, sizeof(uint32_t));
    core->living_at = carve(carver, contacts, sizeof(uint32_t));
    core->freed = carve(carver, agents, sizeof(uint32_t));
    core->seeking = carve(carver, contacts, sizeof(uint32_t));
}

sapa_rc sapa_core_new(const struct sapa_core_options *options, struct sapa_core **ret)
{
    const struct sapa_memory *memory = options->memory ? options->memory : sapa_memory_heap();
    const uint32_t queues = options->queues_max ? options->queues_max : SAPA_QUEUES_MAX;
    struct sapa_core shape = {
        .memory = memory,
        .contacts_max = options->contacts_max ? options->contacts_max : 20000,
        .agents_max = options->agents_max ? options->agents_max : SAPA_AGENTS_MAX,
        .queues_max = queues,
        .classes_max = options->classes_max ? options->classes_max : 4 * queues,
        .skills_max = options->skills_max ? options->skills_max : SAPA_SKILLS_MAX,
    };
    struct carver carver = { 0 };

    if (shape.contacts_max > 1000000 || shape.agents_max > SAPA_AGENTS_MAX ||
        queues > SAPA_QUEUES_MAX || shape.classes_max > SAPA_QUEUES_MAX * SAPA_STEPS_MAX ||
        shape.skills_max > SAPA_SKILLS_MAX)
        return SAPA_EINVAL;
    /* an agent may have work in wrap-up after its contact is gone, and a call of his own beside it */
    shape.works_max = shape.contacts_max + 3 * shape.agents_max + 2 * SAPA_CORE_RING_ALL_MAX;
    carve(&carver, 1, sizeof(shape));
    carve_all(&shape, &carver);
    uint8_t *block = memory->resize(memory->ctx, NULL, carver.n + LINE);
    if (!block)
        return SAPA_ENOMEM;
    carver.base =
        block + (LINE - (uintptr_t)block % LINE) % LINE; /* arrays begin with a cache line */
    carver.n = 0;
    struct sapa_core *core = carve(&carver, 1, sizeof(shape));
    *core = shape;
    core->block = block;
    carve_all(core, &carver);
    sapa_idmap_init(&core->contact_map, core->contact_map.slots,
                    sapa_idmap_slots(core->contacts_max));
    sapa_idmap_init(&core->work_map, core->work_map.slots, sapa_idmap_slots(core->works_max));
    sapa_idmap_init(&core->party_map, core->party_map.slots, sapa_idmap_slots(PARTIES_MAX));
    core->contact_free = core->work_free = SAPA_NONE;
    core->id_next = 1;
    for (uint32_t q = 0; q < core->queues_max; q++)
        core->timers.at[core_slot(core, TIMER_QUEUE, q)] = SAPA_NONE;
    core->timers.at[core_slot(core, TIMER_SKILL, 0)] = SAPA_NONE;
    for (uint32_t i = 0; i < WATCHES_MAX; i++)
        core->timers.at[core_slot(core, TIMER_WATCH, i)] = SAPA_NONE;
    *ret = core;
    return SAPA_OK;
}

void sapa_core_free(struct sapa_core *core)
{
    if (core)
        core->memory->resize(core->memory->ctx, core->block, 0);
}

const struct sapa_centre *sapa_core_centre_now(const struct sapa_core *core)
{
    return core->centre;
}

int64_t sapa_core_next_due(const struct sapa_core *core)
{
    return sapa_core_timer_next_us(&core->timers);
}

int64_t sapa_core_now(const struct sapa_core *core)
{
    return core->now_us;
}

uint64_t sapa_core_id(struct sapa_core *core)
{
    sapa_assert(core->id_next > 0);
    return sapa_id_make(0, core->id_next++);
}

/* ---- output ---- */

struct sapa_record *sapa_core_record(struct sapa_core *core, enum sapa_type type)
{
    struct sapa_record *record = &core->record;

    sapa_assert(core->out != NULL);
    sapa_assert(!sapa_type_is_input(type));
    record->type = (uint16_t)type;
    record->flags = 0;
    record->reserved = 0;
    record->seq = 0;
    record->at_us = core->now_us;
    return record;
}

void sapa_core_emit(struct sapa_core *core)
{
    core->out->emit(core->out->ctx, &core->record);
}

/* ---- timers and switches ---- */

static sapa_rc on_tick(struct sapa_core *core, const struct sapa_record *in)
{
    (void)in;
    for (unsigned i = 0;
         i < SAPA_CORE_TIMERS_A_STEP && sapa_core_timer_next_us(&core->timers) <= core->now_us;
         i++) {
        const uint32_t slot = core->timers.heap[0].slot;
        const uint32_t flows = core->contacts_max, works = 2 * core->contacts_max;
        const uint32_t queues = works + core->works_max, skill = queues + core->queues_max;
        if (slot < flows) { /* most often armed again: moved in the heap rather than taken out */
            core->contacts[slot].due_us = 0;
            sapa_line_review(core, &core->contacts[slot]);
            if (core->contacts[slot].due_us == 0)
                sapa_core_timer_clear(&core->timers, slot);
            sapa_port_pending(core);
            sapa_route_settle(core);
            continue;
        }
        sapa_core_timer_clear(&core->timers, slot);
        if (slot < works) {
            struct core_contact *c = &core->contacts[slot - flows];
            sapa_assert(c->id != 0);
            c->flow_due_us = 0;
            sapa_port_event(core, c, &(struct sapa_flow_event){ .kind = SAPA_FLOW_TIMER });
        } else if (slot < queues) {
            sapa_work_timer(core, &core->works[slot - works]);
        } else if (slot < skill) {
            sapa_line_review_queue(core, slot - queues);
        } else if (slot == skill) {
            sapa_change_timer(core);
        } else {
            sapa_watch_timer(core, &core->watches[slot - skill - 1]);
        }
        sapa_port_pending(core);
        sapa_quota_settle(core);
        sapa_route_settle(core);
    }
    return SAPA_OK;
}

static sapa_rc on_switch(struct sapa_core *core, const struct sapa_record *in)
{
    const struct sapa_rec_switch_set *set = &in->u.switch_set;
    const bool all = set->client == SAPA_NONE;

    if (set->which >= SAPA_SWITCH_COUNT || set->on > 1)
        return SAPA_EINVAL;
    if (!all && set->client >= SAPA_MIN(core->centre->clients_count, (uint32_t)CLIENTS_MAX))
        return SAPA_ENOENT;
    uint64_t *bits = set->which == SAPA_SWITCH_SURGE ? &core->surge : &core->closed;
    bool *every = set->which == SAPA_SWITCH_SURGE ? &core->surge_all : &core->closed_all;
    const uint64_t bit = all ? 0 : UINT64_C(1) << set->client;
    if (all ? *every == (bool)set->on : ((*bits & bit) != 0) == (bool)set->on)
        return SAPA_ESTATE;
    if (all)
        *every = set->on;
    else
        *bits ^= bit;
    EMIT(core, switch_changed, .which = set->which, .client = set->client, .on = set->on);
    /* virtual waiters of a queue that opens or closes: their places are looked at again */
    for (uint32_t i = 0; set->which == SAPA_SWITCH_CLOSED && i < core->contact_count; i++) {
        struct core_contact *c = &core->contacts[core->living[i]];
        if (c->in_line && c->callback != NO_CALLBACK) {
            sapa_line_remove(core, c);
            sapa_line_insert(core, c);
            sapa_route_seek(core, c);
        }
    }
    return SAPA_OK;
}

bool sapa_core_switch_on(const struct sapa_core *core, enum sapa_switch which, uint32_t client)
{
    const uint64_t bits = which == SAPA_SWITCH_SURGE ? core->surge : core->closed;
    const bool all = which == SAPA_SWITCH_SURGE ? core->surge_all : core->closed_all;

    sapa_assert(which < SAPA_SWITCH_COUNT);
    return all || (client < CLIENTS_MAX && (bits >> client & 1));
}

static sapa_rc on_recording(struct sapa_core *core, const struct sapa_record *in)
{
    const struct sapa_rec_recording_state *state = &in->u.recording_state;
    struct core_contact *c = sapa_contact_find(core, state->contact);

    if (c && c->message && c->message == state->recording && state->state >= 3 &&
        state->state <= 5) {
        EMIT(core, voicemail_left, .contact = c->id, .recording = c->message,
             .length_ms = state->recorded_ms, .queue = c->message_queue);
        c->message = 0;
        sapa_port_event(core, c, &(struct sapa_flow_event){ .kind = SAPA_FLOW_RECORD_DONE });
    }
    return SAPA_OK; /* reports are always welcome, also late ones */
}

static sapa_rc on_report(struct sapa_core *core, const struct sapa_record *in)
{
    (void)core, (void)in;
    return SAPA_OK;
}

/* ---- the door ---- */

typedef sapa_rc handler(struct sapa_core *core, const struct sapa_record *in);

static handler *const handlers[64] = {
    [SAPA_T_centre_started] = sapa_adopt_on_centre,
    [SAPA_T_tick] = on_tick,
    [SAPA_T_contact_arrived] = sapa_contact_on_arrived,
    [SAPA_T_contact_answered] = sapa_contact_on_answered,
    [SAPA_T_contact_gone] = sapa_contact_on_gone,
    [SAPA_T_play_done] = sapa_contact_on_play_done,
    [SAPA_T_digit] = sapa_contact_on_digit,
    [SAPA_T_offer_ringing] = sapa_offer_on_ringing,
    [SAPA_T_offer_accepted] = sapa_offer_on_accepted,
    [SAPA_T_offer_failed] = sapa_offer_on_failed,
    [SAPA_T_agent_gone] = sapa_work_on_gone,
    [SAPA_T_leg_held] = sapa_work_on_held,
    [SAPA_T_agent_device] = sapa_agent_on_device,
    [SAPA_T_agent_command] = sapa_agent_on_command,
    [SAPA_T_lookup_done] = sapa_contact_on_lookup,
    [SAPA_T_dial_progress] = sapa_callback_on_dial,
    [SAPA_T_recording_state] = on_recording,
    [SAPA_T_leg_quality] = on_report,
    [SAPA_T_switch_set] = on_switch,
    [SAPA_T_contact_move] = sapa_contact_on_move,
    [SAPA_T_contact_passed] = sapa_party_on_passed,
    [SAPA_T_agent_call] = sapa_call_on_placed,
    [SAPA_T_call_command] = sapa_party_on_command,
    [SAPA_T_agent_skill] = sapa_change_on_skill,
    [SAPA_T_agent_queue] = sapa_change_on_queue,
    [SAPA_T_agent_team] = sapa_change_on_team,
    [SAPA_T_supervise] = sapa_watch_on_supervise,
    [SAPA_T_hand] = sapa_help_on_hand,
    [SAPA_T_broadcast] = sapa_help_on_broadcast,
    [SAPA_T_alert] = sapa_help_on_alert,
    [SAPA_T_broadcast_read] = sapa_help_on_read,
    [SAPA_T_dialog] = on_report,
    [SAPA_T_alarm_raised] = on_report,
    [SAPA_T_person_known] = on_report,
    [SAPA_T_contact_noted] = on_report,
    [SAPA_T_contact_party] = on_report,
    [SAPA_T_api_write] = on_report,
};

static uint64_t about(const struct sapa_record *in)
{
    switch (in->type) {
    case SAPA_T_offer_ringing: return in->u.offer_ringing.offer;
    case SAPA_T_offer_accepted: return in->u.offer_accepted.offer;
    case SAPA_T_offer_failed: return in->u.offer_failed.offer;
    case SAPA_T_agent_gone: return in->u.agent_gone.offer;
    case SAPA_T_agent_device: return in->u.agent_device.agent;
    case SAPA_T_agent_command: return in->u.agent_command.agent;
    case SAPA_T_agent_skill: return in->u.agent_skill.agent;
    case SAPA_T_agent_queue: return in->u.agent_queue.agent;
    case SAPA_T_agent_team: return in->u.agent_team.agent;
    case SAPA_T_call_command: return in->u.call_command.offer;
    case SAPA_T_supervise: return in->u.supervise.supervision;
    case SAPA_T_hand: return in->u.hand.agent;
    case SAPA_T_broadcast_read: return in->u.broadcast_read.message;
    default: return sapa_record_contact(in);
    }
}

void sapa_core_step(struct sapa_core *core, const struct sapa_record *input,
                    const struct sapa_core_out *out)
{
    handler *handle = input->type < SAPA_COUNT(handlers) ? handlers[input->type] : NULL;
    sapa_rc rc = SAPA_EINVAL;

    sapa_assert(core->out == NULL); /* emit must not call back */
    core->out = out;
    if (input->at_us > core->now_us && input->at_us < INT64_MAX / 4)
        core->now_us = input->at_us;
    if (handle)
        rc = core->centre || input->type == SAPA_T_centre_started ? handle(core, input)
                                                                  : SAPA_ESTATE;
    if (rc != SAPA_OK) {
        EMIT(core, refused, .input = input->type, .rc = (uint64_t)-rc,
             .about = handle ? about(input) : 0);
    } else {
        sapa_port_pending(core);
        sapa_quota_settle(core);
        sapa_route_settle(core);
    }
    core->out = NULL;
    sapa_assert(core->freed_count == 0);
    sapa_assert(core->seeking_count == 0);
}
