#include "report/card.h"

#include "model/flow.h"
#include "model/listed.h"

enum { FLOWS_MAX = 64 };

/* ---- what a flow shows ---- */

static const struct sapa_flow_card *of_variable(const struct sapa_flow *flow, struct sapa_str name)
{
    for (uint32_t i = 0; i < flow->cards_count; i++) {
        if (flow->cards[i].variable < flow->variables_count && sapa_str_eq(flow->variables[flow->cards[i].variable].name, name))
            return &flow->cards[i];
    }
    return NULL;
}

/* Values go along from flow to flow: the flow where the contact began, and those that it leads to, may show one. */
static const struct sapa_flow_card *card_of_value(const struct sapa_centre *centre, uint32_t flow, struct sapa_str name)
{
    uint32_t reached[FLOWS_MAX] = { flow }, count = flow < centre->flows_count;

    for (uint32_t i = 0; i < count; i++) {
        const struct sapa_flow *at = &centre->flows[reached[i]];
        const struct sapa_flow_card *found = of_variable(at, name);
        if (found)
            return found;
        for (uint32_t k = 0; k < at->nodes_count; k++) {
            uint32_t next = at->nodes[k].kind == SAPA_NODE_FLOW ? at->nodes[k].flow : SAPA_NONE;
            for (uint32_t known = 0; known < count; known++)
                next = reached[known] == next ? SAPA_NONE : next;
            if (next < centre->flows_count && count < FLOWS_MAX)
                reached[count++] = next;
        }
    }
    return NULL;
}

static struct sapa_card_item *item_of(struct sapa_card *card, struct sapa_str key)
{
    for (unsigned i = 0; i < card->item_count; i++) {
        if (sapa_str_eq(card->items[i].key, key))
            return &card->items[i];
    }
    return card->item_count < SAPA_CARD_ITEMS_MAX ? &card->items[card->item_count++] : NULL;
}

static void show_value(struct sapa_card *card, const struct sapa_centre *centre, struct sapa_str name, struct sapa_str value)
{
    const struct sapa_flow_card *shown = card_of_value(centre, card->flow, name);
    struct sapa_str key = { NULL, 0 };

    for (uint32_t i = 0; shown && i < centre->flows_count && key.n == 0; i++) { /* a slice that outlives the record */
        if (of_variable(&centre->flows[i], name) == shown)
            key = centre->flows[i].variables[shown->variable].name;
    }
    struct sapa_card_item *item = key.n ? item_of(card, key) : NULL;
    if (!item)
        return;
    *item = (struct sapa_card_item){ .key = key };
    memcpy(item->text, shown->text, sizeof(item->text));
    (void)sapa_str_copy(value, item->value, sizeof(item->value));
}

static void typed(struct sapa_card *card, const struct sapa_centre *centre, const struct sapa_rec_flow_value *in)
{
    show_value(card, centre, sapa_sized_str(&in->name), sapa_sized_str(&in->value));
}

static void stepped(struct sapa_card *card, const struct sapa_centre *centre, const struct sapa_rec_flow_step *in)
{
    if (in->via == 0 || in->flow >= centre->flows_count)
        return;
    const struct sapa_flow *flow = &centre->flows[in->flow];
    card->language = (uint8_t)in->language;
    for (uint32_t i = 0; i < flow->cards_count; i++) {
        if (flow->cards[i].node != in->node || in->node >= flow->nodes_count)
            continue;
        struct sapa_card_item *item = item_of(card, flow->nodes[in->node].key);
        if (!item)
            return;
        *item = (struct sapa_card_item){ .key = flow->nodes[in->node].key, .chosen = true, .via = (char)in->via };
        memcpy(item->text, flow->cards[i].text, sizeof(item->text));
    }
}

/* ---- its course ---- */

static void took_part(struct sapa_card *card, struct sapa_str agent)
{
    if (agent.n > 0 && !sapa_card_has_agent(card, agent) && card->agent_count < SAPA_CARD_AGENTS_MAX)
        card->agents[card->agent_count++] = agent;
}

static void set_agent(struct sapa_card *card, const struct sapa_centre *centre, uint64_t agent, uint64_t queue)
{
    if (agent < centre->agents_count) {
        card->agent = centre->agents[agent].key;
        card->agent_name = centre->agents[agent].name;
    }
    if (queue < centre->queues_count)
        card->queue = centre->queues[queue].key;
}

static void connected(struct sapa_card *card, const struct sapa_centre *centre, int64_t at_us, uint64_t agent, uint64_t queue)
{
    card->connected_us = card->connected_us ? card->connected_us : at_us;
    if (agent < centre->agents_count)
        took_part(card, centre->agents[agent].key);
    if (card->disposition.n == 0)
        set_agent(card, centre, agent, queue);
}

static void wrapped(struct sapa_card *card, const struct sapa_centre *centre, const struct sapa_rec_wrapup_ended *in)
{
    if (in->disposition >= centre->dispositions_count)
        return;
    card->disposition = centre->dispositions[in->disposition].key;
    memcpy(card->disposition_text, centre->dispositions[in->disposition].name, sizeof(card->disposition_text));
    set_agent(card, centre, in->agent, in->queue);
}

static void opened(struct sapa_card *card, const struct sapa_centre *centre, const struct sapa_record *record)
{
    const struct sapa_rec_contact_new *in = &record->u.contact_new;

    card->contact = in->contact;
    card->person = in->person;
    card->began = true;
    card->opened_us = record->at_us;
    card->arrived_us = card->arrived_us ? card->arrived_us : record->at_us;
    card->channel = (uint8_t)in->channel;
    card->direction = (uint8_t)in->direction;
    card->party_type = (uint8_t)SAPA_MIN(in->party_type, (uint64_t)SAPA_PARTY_TYPE_COUNT);
    card->language = (uint8_t)in->language;
    card->flow = in->flow < centre->flows_count ? (uint32_t)in->flow : SAPA_NONE;
    card->client_index = in->client < centre->clients_count ? (uint32_t)in->client : SAPA_NONE;
    if (card->client_index != SAPA_NONE)
        card->client = centre->clients[card->client_index].key;
    if (in->number < centre->numbers_count)
        card->number = centre->numbers[in->number].key;
    if (in->campaign > 0 && in->campaign <= centre->campaigns_count)
        card->campaign = centre->campaigns[in->campaign - 1].key;
    show_value(card, centre, SAPA_STR("verified"), SAPA_STR("false")); /* where a flow can find out who he is: until it has */
    const struct sapa_caller_rule *rule =
        card->address[0] ? sapa_caller_rule_find(centre, card->client_index, sapa_str_of(card->address)) : NULL;
    card->vip = card->direction == SAPA_DIRECTION_INBOUND && rule && rule->what == SAPA_CALLER_VIP;
}

static void recorded(struct sapa_card *card, const struct sapa_rec_recording_state *in)
{
    for (unsigned i = 0; i < card->recording_count; i++) {
        if (card->recordings[i].recording == in->recording)
            return;
    }
    if (in->recording != 0 && in->state >= 3 && in->state <= 5 && card->recording_count < SAPA_CARD_RECORDINGS_MAX)
        card->recordings[card->recording_count++] = (struct sapa_card_recording){ in->recording, in->recorded_ms, in->state == 3 };
}

/* ---- its note ---- */

static void noted(struct sapa_card_note *note, const struct sapa_centre *centre, const struct sapa_record *record)
{
    const struct sapa_rec_contact_noted *in = &record->u.contact_noted;

    if (in->part == 0) {
        *note = (struct sapa_card_note){ .version = in->version, .at_us = record->at_us };
        if (in->agent < centre->agents_count)
            note->agent = centre->agents[in->agent].key;
        (void)sapa_str_copy(sapa_sized_str(&in->by), note->by, sizeof(note->by));
    }
    if (in->version != note->version || in->part != note->parts || note->parts >= SAPA_NOTE_PARTS)
        return; /* its head is not there */
    const size_t n = SAPA_MIN((size_t)in->text.n, sizeof(note->text) - 1 - note->n);
    if (n > 0)
        memcpy(note->text + note->n, in->text.p, n);
    note->n += n;
    note->text[note->n] = '\0';
    note->parts++;
    note->whole = note->parts == in->parts;
    note->erased |= (record->flags & SAPA_RECORD_ERASED) != 0;
}

size_t sapa_note_part(struct sapa_str text, size_t at)
{
    size_t n = text.n - SAPA_MIN(at, text.n);

    if (n <= SAPA_NOTE_PART)
        return n;
    n = SAPA_NOTE_PART;
    while (n > SAPA_NOTE_PART - 3 && ((uint8_t)text.p[at + n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* ---- records ---- */

bool sapa_card_has_agent(const struct sapa_card *card, struct sapa_str agent)
{
    for (unsigned i = 0; i < card->agent_count; i++) {
        if (sapa_str_eq(card->agents[i], agent))
            return true;
    }
    return false;
}

void sapa_card_fold(struct sapa_card *card, const struct sapa_centre *centre, const struct sapa_record *record)
{
    switch (record->type) {
    case SAPA_T_contact_arrived:
        card->arrived_us = record->at_us;
        card->erased |= (record->flags & SAPA_RECORD_ERASED) != 0;
        (void)sapa_str_copy(sapa_sized_str(&record->u.contact_arrived.address), card->address, sizeof(card->address));
        (void)sapa_str_copy(sapa_sized_str(&record->u.contact_arrived.name), card->name, sizeof(card->name));
        break;
    case SAPA_T_agent_call:
        card->arrived_us = record->at_us;
        card->erased |= (record->flags & SAPA_RECORD_ERASED) != 0;
        (void)sapa_str_copy(sapa_sized_str(&record->u.agent_call.address), card->address, sizeof(card->address));
        if (record->u.agent_call.agent < centre->agents_count) {
            took_part(card, centre->agents[record->u.agent_call.agent].key);
            set_agent(card, centre, record->u.agent_call.agent, SAPA_NONE);
        }
        break;
    case SAPA_T_contact_new: opened(card, centre, record); break;
    case SAPA_T_flow_value: typed(card, centre, &record->u.flow_value); break;
    case SAPA_T_flow_step: stepped(card, centre, &record->u.flow_step); break;
    case SAPA_T_contact_queued:
        card->queued_us = card->queued_us ? card->queued_us : record->at_us;
        if (card->connected_us == 0)
            set_agent(card, centre, SAPA_NONE, record->u.contact_queued.queue);
        break;
    case SAPA_T_contact_connected:
        connected(card, centre, record->at_us, record->u.contact_connected.agent, record->u.contact_connected.queue);
        break;
    case SAPA_T_party_joined: /* a conference, a transfer after asking, a takeover */
        if (record->u.party_joined.offer != 0)
            connected(card, centre, record->at_us, record->u.party_joined.agent, record->u.party_joined.queue);
        break;
    case SAPA_T_wrapup_ended: wrapped(card, centre, &record->u.wrapup_ended); break;
    case SAPA_T_callback_changed:
        card->callback = (uint8_t)(SAPA_MIN(record->u.callback_changed.state, (uint64_t)SAPA_CALLBACK_COUNT - 1) + 1);
        card->callback_attempt = (unsigned)SAPA_MIN(record->u.callback_changed.attempt, UINT64_C(255));
        card->callback_due_us = record->u.callback_changed.due_us;
        break;
    case SAPA_T_contact_ended:
        card->ended = true;
        card->ended_us = record->at_us;
        card->outcome = (uint8_t)SAPA_MIN(record->u.contact_ended.outcome, (uint64_t)SAPA_OUTCOME_COUNT - 1);
        break;
    case SAPA_T_recording_state: recorded(card, &record->u.recording_state); break;
    case SAPA_T_contact_party:
        if (card->direction != SAPA_DIRECTION_INTERNAL && record->u.contact_party.party_type <= SAPA_PARTY_TYPE_INTERNAL)
            card->party_type = (uint8_t)record->u.contact_party.party_type;
        break;
    case SAPA_T_survey_answered: /* the first question is what he thinks of it; what follows asks why */
        if (card->survey_scale == 0 && record->u.survey_answered.scale <= 10 && record->u.survey_answered.answer <= record->u.survey_answered.scale) {
            card->survey = (uint8_t)record->u.survey_answered.answer;
            card->survey_scale = (uint8_t)record->u.survey_answered.scale;
        }
        break;
    case SAPA_T_contact_noted: noted(&card->note, centre, record); break;
    default: break;
    }
}
