#include "http/mirror.h"

#include <stdlib.h>

#include "http/ticket.h"

void sapa_mirror_init(struct sapa_mirror *mirror)
{
    *mirror = (struct sapa_mirror){ .centre = NULL };
    sapa_table_init(&mirror->contacts, sapa_memory_heap(), sizeof(struct sapa_mirror_contact), SAPA_WEB_CONTACTS_MAX);
    for (unsigned i = 0; i < SAPA_LIVE_FIGURE_COUNT; i++)
        mirror->live_figures[i] = sapa_figure_find(sapa_str_of(sapa_live_figure_key(i)));
}

void sapa_mirror_done(struct sapa_mirror *mirror)
{
    sapa_table_done(&mirror->contacts);
    free(mirror->agents);
    free(mirror->dirty);
    free(mirror->ends);
    free(mirror->queues);
    free(mirror->queue_dirty);
    free(mirror->standings);
    free(mirror->standing_dirty);
    sapa_mirror_init(mirror);
}

static sapa_rc room_for(void **list, size_t *room, size_t count, size_t item)
{
    if (count < *room)
        return SAPA_OK;
    const size_t wanted = *room ? *room * 2 : 64;
    void *bigger = realloc(*list, wanted * item);
    if (!bigger)
        return SAPA_ENOMEM;
    *list = bigger;
    *room = wanted;
    return SAPA_OK;
}

static sapa_rc mark(struct sapa_mirror *mirror, struct sapa_mirror_contact *contact)
{
    if (contact->dirty)
        return SAPA_OK;
    const sapa_rc rc = room_for((void **)&mirror->dirty, &mirror->dirty_room, mirror->dirty_count, sizeof(*mirror->dirty));
    if (rc != SAPA_OK)
        return rc;
    mirror->dirty[mirror->dirty_count++] = contact->view.contact;
    contact->dirty = 1;
    return SAPA_OK;
}

static sapa_rc contact_at(struct sapa_mirror *mirror, uint64_t id, struct sapa_mirror_contact **ret)
{
    struct sapa_mirror_contact *contact = sapa_table_find(&mirror->contacts, id);
    sapa_rc rc = SAPA_OK;

    if (!contact)
        rc = sapa_table_add(&mirror->contacts, id, &contact);
    if (rc == SAPA_OK)
        *ret = contact;
    return rc;
}

static sapa_rc take_arrived(struct sapa_mirror *mirror, const struct sapa_web_arrived *arrived)
{
    struct sapa_mirror_contact *contact;
    const sapa_rc rc = contact_at(mirror, arrived->contact, &contact);

    if (rc != SAPA_OK)
        return rc;
    const bool is_news = contact->has_view && contact->party_type != arrived->party_type;
    contact->direction = arrived->direction;
    contact->party_type = arrived->party_type;
    memcpy(contact->address, arrived->address, sizeof(contact->address));
    contact->address[sizeof(contact->address) - 1] = '\0';
    return is_news ? mark(mirror, contact) : SAPA_OK;
}

static sapa_rc take_party_type(struct sapa_mirror *mirror, const struct sapa_web_party_type *said)
{
    struct sapa_mirror_contact *contact = sapa_table_find(&mirror->contacts, said->contact);

    if (!contact || contact->party_type == said->party_type || contact->direction == SAPA_DIRECTION_INTERNAL)
        return SAPA_OK;
    contact->party_type = said->party_type;
    return contact->has_view ? mark(mirror, contact) : SAPA_OK;
}

static sapa_rc take_contact(struct sapa_mirror *mirror, const struct sapa_web_contact *view)
{
    struct sapa_mirror_contact *contact;
    const sapa_rc rc = contact_at(mirror, view->contact, &contact);

    if (rc != SAPA_OK)
        return rc;
    contact->seen = 1;
    if (contact->has_view && !mirror->whole_dirty && memcmp(&contact->view, view, sizeof(*view)) == 0)
        return SAPA_OK;
    contact->view = *view;
    contact->has_view = 1;
    return mark(mirror, contact);
}

static sapa_rc take_end(struct sapa_mirror *mirror, struct sapa_mirror_contact *contact)
{
    if (contact->published) { /* else nobody has heard of it */
        const sapa_rc rc = room_for((void **)&mirror->ends, &mirror->end_room, mirror->end_count, sizeof(*mirror->ends));
        if (rc != SAPA_OK)
            return rc;
        struct sapa_mirror_end *end = &mirror->ends[mirror->end_count++];
        *end = (struct sapa_mirror_end){ contact->view.contact, contact->view.client, contact->published_agent, { 0 } };
        memcpy(end->others, contact->published_others, sizeof(end->others));
    }
    sapa_table_remove(&mirror->contacts, contact);
    return SAPA_OK;
}

static sapa_rc take_agent(struct sapa_mirror *mirror, const struct sapa_web_agent *view)
{
    if (!mirror->centre || view->agent >= mirror->centre->agents_count || view->assignment_count > SAPA_WEB_ASSIGNMENTS_MAX)
        return SAPA_EINVAL;
    struct sapa_mirror_agent *agent = &mirror->agents[view->agent];
    if (memcmp(&agent->view, view, sizeof(*view)) != 0) {
        if (agent->view.team != view->team) {
            mirror->teams_version++;
            mirror->broadcasts_dirty = true;
        }
        agent->view = *view;
        agent->dirty = true;
    }
    return SAPA_OK;
}

/* Names may mean other things now: everything is said again. */
static sapa_rc take_centre(struct sapa_mirror *mirror, const struct sapa_web_centre *message)
{
    const struct sapa_centre *centre = message->centre;

    for (uint32_t i = 0; i < mirror->contacts.count; i++)
        ((struct sapa_mirror_contact *)sapa_table_at(&mirror->contacts, i))->seen = 0;
    mirror->resetting = true;
    if (mirror->centre == centre)
        return SAPA_OK; /* the names are the same: only what differs is news */
    struct sapa_mirror_agent *agents = calloc((size_t)centre->agents_count + 1, sizeof(*agents));

    if (!agents)
        return SAPA_ENOMEM;
    for (uint32_t i = 0; i < centre->agents_count; i++) {
        agents[i].view.agent = i;
        agents[i].view.reason = SAPA_NONE;
        agents[i].view.team = centre->agents[i].team;
        agents[i].dirty = true;
    }
    free(mirror->agents);
    mirror->agents = agents;
    mirror->centre = centre;
    memcpy(mirror->clients, message->clients, sizeof(mirror->clients));
    mirror->queue_count = mirror->standing_count = 0; /* the next figures are those of the new description */
    mirror->figures_us = 0;
    mirror->whole_dirty = mirror->switches_dirty = mirror->broadcasts_dirty = mirror->alerts_dirty = mirror->tickets_dirty = true;
    return SAPA_OK;
}

static sapa_rc end_reset(struct sapa_mirror *mirror)
{
    sapa_rc rc = SAPA_OK;

    for (uint32_t i = 0; rc == SAPA_OK && i < mirror->contacts.count;) {
        struct sapa_mirror_contact *contact = sapa_table_at(&mirror->contacts, i);
        if (contact->seen)
            i++;
        else
            rc = take_end(mirror, contact); /* another takes its place */
    }
    mirror->resetting = mirror->whole_dirty = false;
    return rc;
}

sapa_rc sapa_mirror_take(struct sapa_mirror *mirror, uint32_t type, const void *data, size_t size)
{
    struct sapa_mirror_contact *contact;

    switch (type) {
    case SAPA_WEB_RESET:
        return size == sizeof(struct sapa_web_centre) ? take_centre(mirror, data)
                                                      : SAPA_EINVAL;
    case SAPA_WEB_RESET_DONE: return end_reset(mirror);
    case SAPA_WEB_ARRIVED: return size == sizeof(struct sapa_web_arrived) ? take_arrived(mirror, data) : SAPA_EINVAL;
    case SAPA_WEB_PARTY_TYPE: return size == sizeof(struct sapa_web_party_type) ? take_party_type(mirror, data) : SAPA_EINVAL;
    case SAPA_WEB_CONTACT: return size == sizeof(struct sapa_web_contact) ? take_contact(mirror, data) : SAPA_EINVAL;
    case SAPA_WEB_CONTACT_END:
        contact = size == sizeof(uint64_t) ? sapa_table_find(&mirror->contacts, *(const uint64_t *)data) : NULL;
        return contact ? take_end(mirror, contact) : SAPA_OK;
    case SAPA_WEB_AGENT: return size == sizeof(struct sapa_web_agent) ? take_agent(mirror, data) : SAPA_EINVAL;
    case SAPA_WEB_SWITCHES:
        if (size != sizeof(mirror->switches))
            return SAPA_EINVAL;
        mirror->switches_dirty |= memcmp(&mirror->switches, data, size) != 0;
        memcpy(&mirror->switches, data, size);
        return SAPA_OK;
    case SAPA_WEB_ALERTS:
        if (size % sizeof(mirror->alerts[0]) != 0 || size > sizeof(mirror->alerts))
            return SAPA_EINVAL;
        mirror->alerts_dirty |= size != mirror->alert_count * sizeof(mirror->alerts[0]) || (size > 0 && memcmp(mirror->alerts, data, size) != 0);
        if (size > 0)
            memcpy(mirror->alerts, data, size);
        mirror->alert_count = size / sizeof(mirror->alerts[0]);
        return SAPA_OK;
    case SAPA_WEB_BROADCASTS:
        if (size % sizeof(mirror->broadcasts[0]) != 0 || size > sizeof(mirror->broadcasts))
            return SAPA_EINVAL;
        mirror->broadcasts_dirty |= size != mirror->broadcast_count * sizeof(mirror->broadcasts[0]) ||
                                    (size > 0 && memcmp(mirror->broadcasts, data, size) != 0);
        if (size > 0)
            memcpy(mirror->broadcasts, data, size);
        mirror->broadcast_count = size / sizeof(mirror->broadcasts[0]);
        return SAPA_OK;
    case SAPA_WEB_STEP:
        if (size == sizeof(uint64_t))
            mirror->seq = *(const uint64_t *)data;
        return SAPA_OK;
    default: return SAPA_OK;
    }
}

sapa_rc sapa_mirror_figures(struct sapa_mirror *mirror, int64_t at_us, const struct sapa_web_queue *queues, size_t count)
{
    if (count != mirror->queue_count || !mirror->queues) {
        struct sapa_web_queue *fresh = calloc(count + 1, sizeof(*fresh));
        bool *dirty = calloc(count + 1, sizeof(*dirty));
        if (!fresh || !dirty) {
            free(fresh);
            free(dirty);
            return SAPA_ENOMEM;
        }
        free(mirror->queues);
        free(mirror->queue_dirty);
        mirror->queues = fresh, mirror->queue_dirty = dirty, mirror->queue_count = count;
    }
    for (size_t i = 0; i < count; i++) {
        if (mirror->figures_us == 0 || memcmp(&mirror->queues[i], &queues[i], sizeof(queues[i])) != 0)
            mirror->queue_dirty[i] = true;
        mirror->queues[i] = queues[i];
    }
    mirror->figures_us = at_us;
    return SAPA_OK;
}

sapa_rc sapa_mirror_standings(struct sapa_mirror *mirror, int64_t at_us, const struct sapa_web_standing *standings, size_t count)
{
    const struct sapa_centre *centre = mirror->centre;
    const struct sapa_zone *zone = centre && centre->system.zone < centre->zones_count ? &centre->zones[centre->system.zone] : NULL;
    const int32_t date = sapa_goal_date(zone, at_us / 1000000);
    const bool anew = count != mirror->standing_count || !mirror->standings || date != mirror->goal_date;

    if (count != mirror->standing_count || !mirror->standings) {
        struct sapa_web_standing *fresh = calloc(count + 1, sizeof(*fresh));
        bool *dirty = calloc(count + 1, sizeof(*dirty));
        if (!fresh || !dirty) {
            free(fresh);
            free(dirty);
            return SAPA_ENOMEM;
        }
        free(mirror->standings);
        free(mirror->standing_dirty);
        mirror->standings = fresh, mirror->standing_dirty = dirty, mirror->standing_count = count;
    }
    for (size_t i = 0; i < count; i++) {
        if (anew || memcmp(&mirror->standings[i], &standings[i], sizeof(standings[i])) != 0)
            mirror->standing_dirty[i] = true;
        mirror->standings[i] = standings[i];
    }
    mirror->goal_date = date;
    return SAPA_OK;
}

void sapa_mirror_goals(struct sapa_mirror *mirror, const struct sapa_goals *goals)
{
    mirror->goals = *goals;
    for (size_t i = 0; i < mirror->standing_count; i++)
        mirror->standing_dirty[i] = true;
}

void sapa_mirror_ticket(struct sapa_mirror *mirror, const struct sapa_web_ticket *ticket)
{
    size_t at = 0;

    while (at < mirror->ticket_count && mirror->tickets[at].number != ticket->number)
        at++;
    if (at == mirror->ticket_count && mirror->ticket_count < SAPA_WEB_TICKETS_MAX)
        mirror->ticket_count++;
    at = SAPA_MIN(at, mirror->ticket_count - 1);
    memmove(&mirror->tickets[1], &mirror->tickets[0], at * sizeof(mirror->tickets[0]));
    mirror->tickets[0] = *ticket;
    mirror->tickets_dirty = true;
}

void sapa_mirror_clean(struct sapa_mirror *mirror)
{
    for (size_t i = 0; i < mirror->standing_count; i++)
        mirror->standing_dirty[i] = false;
    for (size_t i = 0; i < mirror->dirty_count; i++) {
        struct sapa_mirror_contact *contact = sapa_table_find(&mirror->contacts, mirror->dirty[i]);
        if (contact) {
            contact->dirty = 0;
            contact->published = 1;
            contact->published_agent = contact->view.agent;
            memcpy(contact->published_others, contact->view.others, sizeof(contact->published_others));
        }
    }
    for (uint32_t i = 0; mirror->centre && i < mirror->centre->agents_count; i++)
        mirror->agents[i].dirty = false;
    for (size_t i = 0; i < mirror->queue_count; i++)
        mirror->queue_dirty[i] = false;
    mirror->dirty_count = mirror->end_count = 0;
    mirror->switches_dirty = mirror->broadcasts_dirty = mirror->alerts_dirty = mirror->tickets_dirty = false;
}

const struct sapa_mirror_contact *sapa_mirror_contact_find(const struct sapa_mirror *mirror, uint64_t contact)
{
    const struct sapa_mirror_contact *found = sapa_table_find(&mirror->contacts, contact);

    return found && found->has_view ? found : NULL;
}

/* ---- who sees what ---- */

bool sapa_scope_client(const struct sapa_scope *scope, uint32_t client)
{
    return scope->clients == UINT64_MAX || (client < 64 && (scope->clients >> client & 1));
}

bool sapa_scope_whole(const struct sapa_scope *scope)
{
    return scope->clients == UINT64_MAX && scope->agent == SAPA_NONE && scope->team_count == 0;
}

bool sapa_scope_same(const struct sapa_scope *a, const struct sapa_scope *b)
{
    return a->clients == b->clients && a->agent == b->agent && a->team_first == b->team_first && a->team_count == b->team_count &&
           a->guest_count == b->guest_count && memcmp(a->guests, b->guests, a->guest_count * sizeof(a->guests[0])) == 0;
}

bool sapa_scope_team(const struct sapa_scope *scope, const struct sapa_centre *centre, uint32_t team)
{
    bool found = scope->team_count == 0;

    for (uint32_t i = 0; i < scope->team_count && !found && scope->team_first + i < centre->user_teams_count; i++)
        found = centre->user_teams[scope->team_first + i].team == team;
    return found;
}

void sapa_scope_add_guests(struct sapa_scope *scope, const struct sapa_mirror *mirror)
{
    const struct sapa_centre *centre = mirror->centre;

    scope->guest_count = 0;
    for (uint32_t i = 0; scope->team_count > 0 && centre && i < centre->agents_count && scope->guest_count < SAPA_SCOPE_GUESTS_MAX; i++) {
        const uint32_t team = mirror->agents[i].view.team;
        if (team != centre->agents[i].team && team < centre->teams_count && sapa_scope_team(scope, centre, team))
            scope->guests[scope->guest_count++] = i;
    }
}

static bool is_guest(const struct sapa_scope *scope, uint32_t agent)
{
    bool found = false;

    for (uint32_t i = 0; i < scope->guest_count && !found; i++)
        found = scope->guests[i] == agent;
    return found;
}

/* Of the teams that he leads, or lent to them. */
static bool leads(const struct sapa_scope *scope, const struct sapa_centre *centre, uint32_t agent)
{
    return sapa_scope_team(scope, centre, centre->agents[agent].team) || is_guest(scope, agent);
}

bool sapa_scope_part(const struct sapa_scope *scope, const struct sapa_centre *centre, uint32_t client, uint32_t agent)
{
    if (sapa_scope_client(scope, client))
        return true;
    if (client < centre->clients_count || agent >= centre->agents_count)
        return false;
    return scope->agent != SAPA_NONE ? scope->agent == agent : scope->team_count > 0 && leads(scope, centre, agent);
}

/* What nobody has in hand concerns whoever leads agents that may get it. */
static bool in_hand(const struct sapa_scope *scope, const struct sapa_centre *centre, uint32_t client, uint32_t agent)
{
    if (!sapa_scope_part(scope, centre, client, agent) || (scope->agent != SAPA_NONE && agent != scope->agent))
        return false;
    return scope->team_count == 0 || agent >= centre->agents_count || leads(scope, centre, agent);
}

bool sapa_scope_hands(const struct sapa_scope *scope, const struct sapa_centre *centre, uint32_t client, uint32_t agent,
                      const uint32_t others[SAPA_WEB_OTHERS_MAX])
{
    bool found = in_hand(scope, centre, client, agent);

    for (unsigned i = 0; i < SAPA_WEB_OTHERS_MAX && others[i] && !found; i++)
        found = in_hand(scope, centre, client, others[i] - 1);
    return found;
}

bool sapa_scope_contact(const struct sapa_scope *scope, const struct sapa_centre *centre, const struct sapa_mirror_contact *contact)
{
    return contact->has_view && sapa_scope_hands(scope, centre, contact->view.client, contact->view.agent, contact->view.others);
}

bool sapa_scope_agent(const struct sapa_scope *scope, const struct sapa_centre *centre, uint32_t agent)
{
    if (agent >= centre->agents_count || (scope->agent != SAPA_NONE && scope->agent != agent))
        return false;
    if (is_guest(scope, agent)) /* whatever clients he works for: with whom he talks is another matter */
        return true;
    return sapa_scope_team(scope, centre, centre->agents[agent].team) &&
           (scope->clients == UINT64_MAX || (centre->agents[agent].clients & scope->clients) != 0);
}

/* ---- rendering ---- */

#define KEY_OF(out, name, centre, plural, index)                                      \
    do {                                                                              \
        if ((index) < (centre)->plural##_count)                                       \
            sapa_json_add_text(out, name, (centre)->plural[index].key);               \
        else                                                                          \
            sapa_json_add_null(out, name);                                            \
    } while (0)

static void add_name(struct sapa_json *out, const char *key, const char *name)
{
    sapa_json_add_text(out, key, sapa_str_of(name));
}

static void add_address(struct sapa_json *out, const char *address, bool show_pii)
{
    char buf[64];
    size_t n = strlen(address);

    if (n == 0) {
        sapa_json_add_null(out, "address");
        return;
    }
    memcpy(buf, address, n + 1);
    for (size_t i = 0; !show_pii && i + 2 < n; i++)
        buf[i] = '*';
    sapa_json_add_text(out, "address", (struct sapa_str){ buf, n });
}

void sapa_mirror_contact_json(const struct sapa_mirror *mirror, const struct sapa_mirror_contact *contact, bool show_pii,
                              struct sapa_json *out)
{
    const struct sapa_centre *centre = mirror->centre;
    const struct sapa_web_contact *c = &contact->view;

    sapa_json_open(out, '{');
    sapa_json_add_id(out, "id", c->contact);
    KEY_OF(out, "client", centre, clients, c->client);
    add_name(out, "channel", sapa_channel_name(c->channel));
    add_name(out, "direction", sapa_direction_name(contact->direction));
    if (contact->party_type > 0)
        add_name(out, "party_type", sapa_party_type_name(contact->party_type - 1u));
    else
        sapa_json_add_null(out, "party_type");
    add_name(out, "place", sapa_place_name(c->place));
    KEY_OF(out, "number", centre, numbers, c->number);
    KEY_OF(out, "queue", centre, queues, c->queue);
    KEY_OF(out, "agent", centre, agents, c->agent);
    sapa_json_add_id(out, "offer", c->offer);
    sapa_json_add_id(out, "person", c->person);
    add_address(out, contact->address, show_pii);
    add_name(out, "language", sapa_language_name(c->language));
    sapa_json_add_number(out, "priority", c->priority);
    sapa_json_add_time(out, "arrived", c->arrived_us);
    sapa_json_add_time(out, "since", c->since_us);
    sapa_json_add_bool(out, "answered", c->answered);
    sapa_json_add_bool(out, "held", c->held);
    if (c->callback < SAPA_CALLBACK_COUNT)
        add_name(out, "callback", sapa_callback_name(c->callback));
    else
        sapa_json_add_null(out, "callback");
    sapa_json_add_id(out, "recording", c->recording);
    sapa_json_add_bool(out, "recording_paused", c->recording_paused);
    sapa_json_close(out, '}');
}

static void add_help(const struct sapa_web_help *help, const struct sapa_scope *scope, struct sapa_json *out)
{
    if (help->state == SAPA_HAND_DOWN) {
        sapa_json_add_null(out, "help");
        return;
    }
    sapa_json_key(out, "help");
    sapa_json_open(out, '{');
    add_name(out, "state", sapa_hand_name(help->state));
    sapa_json_add_id(out, "contact", sapa_scope_client(scope, help->client) ? help->contact : 0);
    sapa_json_add_time(out, "since", help->since_us);
    if (help->by[0])
        add_name(out, "by", help->by);
    else
        sapa_json_add_null(out, "by");
    sapa_json_close(out, '}');
}

/* What is not as the description has it. */
static void add_changes(const struct sapa_mirror *mirror, const struct sapa_web_agent *a, const struct sapa_scope *scope, struct sapa_json *out)
{
    const struct sapa_centre *centre = mirror->centre;

    sapa_json_key(out, "changes");
    sapa_json_open(out, '[');
    for (unsigned i = 0; i < a->change_count; i++) {
        const struct sapa_web_change *one = &a->changes[i];
        if (one->queue < centre->queues_count ? !sapa_scope_client(scope, centre->queues[one->queue].client)
                                              : one->skill >= centre->skills_count && one->team >= centre->teams_count)
            continue;
        sapa_json_open(out, '{');
        KEY_OF(out, "skill", centre, skills, one->skill);
        KEY_OF(out, "queue", centre, queues, one->queue);
        KEY_OF(out, "team", centre, teams, one->team);
        if (one->skill < centre->skills_count)
            sapa_json_add_number(out, "level", one->level);
        else
            sapa_json_add_null(out, "level");
        if (one->queue < centre->queues_count)
            sapa_json_add_bool(out, "serves", one->level == SAPA_SERVES_YES);
        else
            sapa_json_add_null(out, "serves");
        sapa_json_add_time(out, "until", one->until_us);
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
}

static void add_supervision(const struct sapa_web_supervision *one, const struct sapa_scope *scope, struct sapa_json *out)
{
    if (one->supervision == 0) {
        sapa_json_add_null(out, "supervision");
        return;
    }
    sapa_json_key(out, "supervision");
    sapa_json_open(out, '{');
    if (sapa_scope_client(scope, one->client)) {
        sapa_json_add_id(out, "id", one->supervision);
        sapa_json_add_id(out, "contact", one->contact);
    } else { /* his phone is busy, but with whom is another client's affair */
        sapa_json_add_null(out, "id");
        sapa_json_add_null(out, "contact");
    }
    add_name(out, "mode", sapa_supervision_name(one->mode));
    sapa_json_add_bool(out, "on", one->on);
    sapa_json_add_time(out, "since", one->since_us);
    sapa_json_close(out, '}');
}

/* Who else is in it. */
static void add_parties(const struct sapa_centre *centre, const struct sapa_web_assignment *one, bool is_ours, struct sapa_json *out)
{
    sapa_json_key(out, "parties");
    sapa_json_open(out, '[');
    for (uint32_t i = 0; is_ours && i < one->party_count; i++) {
        sapa_json_open(out, '{');
        sapa_json_add_id(out, "party", one->parties[i].party);
        KEY_OF(out, "agent", centre, agents, one->parties[i].agent);
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
}

/* It rings, and his phone is told to answer without him. */
static bool answers_itself(const struct sapa_centre *centre, const struct sapa_web_assignment *one)
{
    return one->state == SAPA_ASSIGNMENT_OFFERED && one->kind <= 1 && one->queue < centre->queues_count && centre->queues[one->queue].auto_answer;
}

void sapa_mirror_agent_json(const struct sapa_mirror *mirror, uint32_t agent, const struct sapa_scope *scope,
                            struct sapa_json *out)
{
    const struct sapa_centre *centre = mirror->centre;
    const struct sapa_agent *description = &centre->agents[agent];
    const struct sapa_web_agent *a = &mirror->agents[agent].view;

    sapa_json_open(out, '{');
    sapa_json_add_text(out, "id", description->key);
    sapa_json_add_text(out, "name", description->name);
    sapa_json_add_text(out, "extension", description->extension);
    KEY_OF(out, "team", centre, teams, a->team);
    KEY_OF(out, "own_team", centre, teams, description->team);
    add_name(out, "presence", sapa_presence_name(a->presence));
    KEY_OF(out, "reason", centre, reasons, a->reason);
    KEY_OF(out, "booked", centre, reasons, a->booked);
    sapa_json_add_time(out, "since", a->since_us);
    sapa_json_add_bool(out, "phone", a->reachable);
    sapa_json_add_number(out, "contacts", a->contacts);
    sapa_json_key(out, "assignments");
    sapa_json_open(out, '[');
    for (unsigned i = 0; i < a->assignment_count; i++) {
        const struct sapa_web_assignment *one = &a->assignments[i];
        const struct sapa_mirror_contact *of = sapa_mirror_contact_find(mirror, one->contact);
        const uint32_t client = one->queue < centre->queues_count ? centre->queues[one->queue].client : of && of->has_view ? of->view.client : SAPA_NONE;
        const bool seen = sapa_scope_part(scope, centre, client, agent);
        if (!seen) { /* busy, but with whom is another client's affair */
            sapa_json_open(out, '{');
            sapa_json_add_null(out, "offer");
            sapa_json_add_null(out, "contact");
            sapa_json_add_null(out, "queue");
        } else {
            sapa_json_open(out, '{');
            sapa_json_add_id(out, "offer", one->offer);
            sapa_json_add_id(out, "contact", one->contact);
            KEY_OF(out, "queue", centre, queues, one->queue);
        }
        add_name(out, "state", sapa_assignment_name(one->state));
        add_name(out, "channel", sapa_channel_name(one->channel));
        sapa_json_add_time(out, "since", one->since_us);
        sapa_json_add_time(out, "due", one->due_us);
        if (seen)
            KEY_OF(out, "disposition", centre, dispositions, one->disposition);
        else
            sapa_json_add_null(out, "disposition");
        sapa_json_add_bool(out, "extended", one->extended);
        add_parties(centre, one, seen, out);
        sapa_json_add_bool(out, "auto_answer", answers_itself(centre, one));
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
    add_supervision(&a->supervision, scope, out);
    add_help(&a->help, scope, out);
    add_changes(mirror, a, scope, out);
    sapa_json_add_id(out, "message_read", a->read);
    if (scope->agent == SAPA_NONE || centre->system.supervision_shown)
        sapa_json_add_bool(out, "heard", a->heard);
    else
        sapa_json_add_null(out, "heard");
    sapa_json_close(out, '}');
}

bool sapa_scope_queue(const struct sapa_scope *scope, const struct sapa_mirror *mirror, size_t queue)
{
    const uint32_t index = queue < mirror->queue_count ? mirror->queues[queue].queue : SAPA_NONE;

    return mirror->centre && index < mirror->centre->queues_count && sapa_scope_client(scope, mirror->centre->queues[index].client);
}

/* ---- messages ---- */

static uint8_t level_of(const struct sapa_centre *centre, const struct sapa_agent *agent, const struct sapa_web_agent *now, uint32_t skill)
{
    for (unsigned i = 0; now && i < now->change_count; i++) {
        if (now->changes[i].skill == skill)
            return now->changes[i].level;
    }
    for (uint32_t k = 0; k < agent->skill_count; k++) {
        if (centre->levels[agent->skill_first + k].skill == skill)
            return centre->levels[agent->skill_first + k].level;
    }
    return 0;
}

/* As he is described, or with what is changed by hand `now`. */
static bool serves(const struct sapa_centre *centre, const struct sapa_agent *agent, const struct sapa_web_agent *now, uint32_t index)
{
    const struct sapa_queue *queue = &centre->queues[index];

    if (queue->client < 64 && !(agent->clients >> queue->client & 1))
        return false;
    for (unsigned i = 0; now && i < now->change_count; i++) {
        if (now->changes[i].queue == index)
            return now->changes[i].level == SAPA_SERVES_YES;
    }
    for (unsigned s = 0; s < queue->step_count; s++) {
        const struct sapa_step *step = &queue->steps[s];
        bool fits = step->team == SAPA_NONE || step->team == (now ? now->team : agent->team);
        for (unsigned i = 0; i < step->need_count && fits; i++) {
            const uint8_t level = level_of(centre, agent, now, step->needs[i].skill);
            fits = level > 0 && level >= step->needs[i].level_min;
        }
        if (fits)
            return true;
    }
    return false;
}

bool sapa_mirror_serves(const struct sapa_mirror *mirror, uint32_t agent, uint32_t queue)
{
    return serves(mirror->centre, &mirror->centre->agents[agent], &mirror->agents[agent].view, queue);
}

bool sapa_centre_serves(const struct sapa_centre *centre, uint32_t agent, uint32_t queue)
{
    return serves(centre, &centre->agents[agent], NULL, queue);
}

static bool is_for(const struct sapa_mirror *mirror, const struct sapa_web_broadcast *one, uint32_t agent)
{
    const struct sapa_centre *centre = mirror->centre;

    if (agent >= centre->agents_count)
        return false;
    switch ((enum sapa_audience)one->kind) {
    case SAPA_AUDIENCE_ALL: return true;
    case SAPA_AUDIENCE_TEAM: return mirror->agents[agent].view.team == one->target;
    case SAPA_AUDIENCE_AGENT: return agent == one->target;
    case SAPA_AUDIENCE_QUEUE: return one->target < centre->queues_count && sapa_centre_serves(centre, agent, one->target);
    default: return false;
    }
}

/* Is anybody of this team, whom one sees? */
static bool has_people(const struct sapa_scope *scope, const struct sapa_centre *centre, uint32_t team)
{
    bool found = false;

    for (uint32_t i = 0; i < centre->agents_count && !found; i++)
        found = centre->agents[i].team == team && sapa_scope_agent(scope, centre, i);
    return found;
}

static bool is_seen(const struct sapa_scope *scope, const struct sapa_mirror *mirror, const struct sapa_web_broadcast *one)
{
    const struct sapa_centre *centre = mirror->centre;
    const bool of_team = one->kind != SAPA_AUDIENCE_ALL && one->kind != SAPA_AUDIENCE_QUEUE && one->kind != SAPA_AUDIENCE_AGENT;

    if (scope->agent == SAPA_NONE && of_team && scope->clients != UINT64_MAX && !has_people(scope, centre, one->target))
        return false;
    if (scope->agent != SAPA_NONE)
        return is_for(mirror, one, scope->agent);
    if (one->kind == SAPA_AUDIENCE_QUEUE)
        return one->target < centre->queues_count && sapa_scope_client(scope, centre->queues[one->target].client);
    if (one->kind == SAPA_AUDIENCE_TEAM || one->kind == SAPA_AUDIENCE_LEADERS)
        return sapa_scope_team(scope, centre, one->target);
    return one->kind != SAPA_AUDIENCE_AGENT || sapa_scope_agent(scope, centre, one->target);
}

void sapa_mirror_broadcasts_json(const struct sapa_mirror *mirror, const struct sapa_scope *scope, struct sapa_json *out)
{
    const struct sapa_centre *centre = mirror->centre;

    sapa_json_open(out, '[');
    for (size_t i = 0; centre && i < mirror->broadcast_count; i++) {
        const struct sapa_web_broadcast *one = &mirror->broadcasts[i];
        if (!is_seen(scope, mirror, one))
            continue;
        sapa_json_open(out, '{');
        sapa_json_add_id(out, "id", one->id);
        sapa_json_add_time(out, "at", one->at_us);
        sapa_json_add_time(out, "until", one->until_us);
        add_name(out, "to", sapa_audience_name(one->kind));
        if (one->kind == SAPA_AUDIENCE_TEAM || one->kind == SAPA_AUDIENCE_LEADERS)
            KEY_OF(out, "key", centre, teams, one->target);
        else if (one->kind == SAPA_AUDIENCE_QUEUE)
            KEY_OF(out, "key", centre, queues, one->target);
        else
            KEY_OF(out, "key", centre, agents, one->target);
        add_name(out, "text", one->text);
        add_name(out, "by", one->by);
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
}

/* ---- tickets ---- */

static bool is_ticket_seen(const struct sapa_scope *scope, const struct sapa_centre *centre, uint32_t client)
{
    if (!sapa_scope_client(scope, client))
        return false;
    return scope->agent == SAPA_NONE || (scope->agent < centre->agents_count && client < 64 && (centre->agents[scope->agent].clients >> client & 1));
}

void sapa_mirror_tickets_json(const struct sapa_mirror *mirror, const struct sapa_scope *scope, struct sapa_json *out)
{
    const struct sapa_centre *centre = mirror->centre;

    sapa_json_open(out, '[');
    for (size_t i = 0; centre && i < mirror->ticket_count; i++) {
        const struct sapa_web_ticket *one = &mirror->tickets[i];
        if (!is_ticket_seen(scope, centre, SAPA_FIND(centre, clients, sapa_str_of(one->client))))
            continue;
        sapa_json_open(out, '{');
        sapa_json_add_id(out, "id", one->number);
        sapa_json_add_number(out, "version", (int64_t)one->version);
        sapa_json_add_time(out, "at", one->at_us);
        sapa_json_add_id(out, "person", one->person);
        add_name(out, "client", one->client);
        add_name(out, "status", sapa_ticket_status_name(one->status));
        if (one->owner_kind == SAPA_TICKET_NOBODY) {
            sapa_json_add_null(out, "owner_kind"), sapa_json_add_null(out, "owner");
        } else {
            add_name(out, "owner_kind", sapa_ticket_owner_name(one->owner_kind));
            add_name(out, "owner", one->owner);
        }
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
}

/* ---- alerts ---- */

bool sapa_scope_alert(const struct sapa_scope *scope, const struct sapa_centre *centre, unsigned kind, uint32_t target)
{
    if (scope->agent != SAPA_NONE)
        return false; /* they are for those who lead */
    if (kind <= SAPA_ALERT_ABANDONED)
        return target < centre->queues_count && sapa_scope_client(scope, centre->queues[target].client);
    return sapa_scope_agent(scope, centre, target);
}

void sapa_mirror_alerts_json(const struct sapa_mirror *mirror, const struct sapa_scope *scope, struct sapa_json *out)
{
    const struct sapa_centre *centre = mirror->centre;

    sapa_json_open(out, '[');
    for (size_t i = 0; centre && i < mirror->alert_count; i++) {
        const struct sapa_web_alert *one = &mirror->alerts[i];
        if (!sapa_scope_alert(scope, centre, one->kind, one->target))
            continue;
        sapa_json_open(out, '{');
        add_name(out, "kind", sapa_alert_name(one->kind));
        if (one->kind <= SAPA_ALERT_ABANDONED) {
            KEY_OF(out, "queue", centre, queues, one->target);
            sapa_json_add_null(out, "agent");
        } else {
            sapa_json_add_null(out, "queue");
            KEY_OF(out, "agent", centre, agents, one->target);
        }
        add_name(out, "state", sapa_alert_state_name(one->state));
        sapa_json_add_time(out, "since", one->on_us);
        sapa_json_add_number(out, "value", (int64_t)one->value);
        sapa_json_add_number(out, "limit", (int64_t)one->limit);
        if (one->by[0])
            add_name(out, "by", one->by);
        else
            sapa_json_add_null(out, "by");
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
}

/* Millionths as a decimal fraction. */
static void add_ratio(struct sapa_json *out, const char *key, int64_t millionths)
{
    char buf[32];
    struct sapa_text text;

    sapa_json_key(out, key);
    if (millionths == INT64_MIN) {
        sapa_json_null(out);
        return;
    }
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_text_printf(&text, "%lld.%06lld", (long long)(millionths / 1000000), (long long)(millionths % 1000000));
    sapa_json_raw(out, sapa_text_str(&text));
}

static void add_or_null(struct sapa_json *out, const char *key, int64_t value, bool is_null)
{
    if (is_null)
        sapa_json_add_null(out, key);
    else
        sapa_json_add_number(out, key, value);
}

void sapa_mirror_queue_json(const struct sapa_mirror *mirror, size_t queue, struct sapa_json *out)
{
    const struct sapa_web_queue *q = &mirror->queues[queue];
    const struct sapa_centre *centre = mirror->centre;
    const struct sapa_queue *description = &centre->queues[q->queue];

    sapa_json_open(out, '{');
    sapa_json_add_text(out, "id", description->key);
    sapa_json_add_text(out, "name", description->name);
    KEY_OF(out, "client", centre, clients, description->client);
    sapa_json_add_bool(out, "open", q->open);
    sapa_json_add_number(out, "waiting", q->waiting);
    sapa_json_add_number(out, "callbacks_waiting", q->callbacks_waiting);
    sapa_json_add_number(out, "ringing", q->ringing);
    sapa_json_add_number(out, "talking", q->talking);
    sapa_json_add_number(out, "longest_ms", q->longest_ms);
    sapa_json_add_number(out, "agents_ready", q->agents_ready);
    sapa_json_add_number(out, "agents_busy", q->agents_busy);
    sapa_json_add_number(out, "agents_not_ready", q->agents_not_ready);
    add_or_null(out, "ewt_p50_ms", q->ewt_p50_ms, q->ewt_p50_ms == SAPA_NONE);
    add_or_null(out, "ewt_p90_ms", q->ewt_p90_ms, q->ewt_p90_ms == SAPA_NONE);
    sapa_json_add_number(out, "level_ms", description->service_level_ms);
    sapa_json_add_number(out, "level_percent", description->service_level_percent);
    sapa_json_add_number(out, "offered", (int64_t)q->offered);
    sapa_json_add_number(out, "answered", (int64_t)q->answered);
    sapa_json_add_number(out, "abandoned", (int64_t)q->abandoned);
    sapa_json_add_number(out, "abandoned_short", (int64_t)q->abandoned_short);
    sapa_json_add_number(out, "overflowed", (int64_t)q->overflowed);
    sapa_json_add_number(out, "callbacks", (int64_t)q->callbacks);
    add_ratio(out, "service_level", q->service_level);
    add_ratio(out, "abandon_rate", q->abandon_rate);
    add_or_null(out, "asa_ms", q->asa_ms, q->asa_ms == INT64_MIN);
    for (unsigned i = 0; i < SAPA_VIEW_PERCENTS; i++) {
        static const char *const waits[SAPA_VIEW_PERCENTS] = { "wait_p50_ms", "wait_p90_ms", "wait_p95_ms" };
        static const char *const handlings[SAPA_VIEW_PERCENTS] = { "handling_p50_ms", "handling_p90_ms", "handling_p95_ms" };
        add_or_null(out, waits[i], q->wait_ms[i], q->wait_ms[i] == INT64_MIN);
        add_or_null(out, handlings[i], q->handling_ms[i], q->handling_ms[i] == INT64_MIN);
    }
    sapa_json_add_number(out, "transfers", (int64_t)q->transfers);
    sapa_json_close(out, '}');
}

bool sapa_scope_standing(const struct sapa_scope *scope, const struct sapa_mirror *mirror, size_t standing)
{
    const struct sapa_web_standing *one = standing < mirror->standing_count ? &mirror->standings[standing] : NULL;

    if (!mirror->centre || !one || scope->agent != SAPA_NONE)
        return false;
    switch (one->kind) {
    case SAPA_ROWS_TOTAL: return scope->clients == UINT64_MAX;
    case SAPA_ROWS_CLIENTS: return one->index < mirror->centre->clients_count && sapa_scope_client(scope, one->index);
    case SAPA_ROWS_AGENTS: /* of people: for who leads them, or sees everybody */
        return one->index < mirror->centre->teams_count && sapa_scope_team(scope, mirror->centre, one->index) &&
               (scope->clients == UINT64_MAX || scope->team_count > 0);
    default: return one->index < mirror->centre->queues_count && sapa_scope_client(scope, mirror->centre->queues[one->index].client);
    }
}

struct sapa_str sapa_mirror_standing_id(const struct sapa_mirror *mirror, size_t standing, struct sapa_text *text)
{
    const struct sapa_web_standing *one = &mirror->standings[standing];
    const struct sapa_centre *centre = mirror->centre;

    if (one->kind == SAPA_ROWS_TOTAL)
        sapa_text_printf(text, "all");
    else if (one->kind == SAPA_ROWS_CLIENTS)
        sapa_text_printf(text, "client:" SAPA_STR_FMT, SAPA_STR_ARG(centre->clients[one->index].key));
    else if (one->kind == SAPA_ROWS_AGENTS)
        sapa_text_printf(text, "team:" SAPA_STR_FMT, SAPA_STR_ARG(centre->teams[one->index].key));
    else
        sapa_text_printf(text, "queue:" SAPA_STR_FMT, SAPA_STR_ARG(centre->queues[one->index].key));
    return sapa_text_str(text);
}

void sapa_figure_json(uint32_t figure, int64_t value, struct sapa_json *out)
{
    struct sapa_figure info;
    char buf[32];
    struct sapa_text text;

    sapa_figure_get(figure, &info);
    sapa_text_init(&text, buf, sizeof(buf));
    if (value == SAPA_KPI_NONE)
        sapa_text_add(&text, SAPA_STR("null"));
    else if (info.unit == SAPA_UNIT_RATIO || info.unit == SAPA_UNIT_POINTS)
        sapa_text_printf(&text, "%s%lld.%06lld", value < 0 ? "-" : "", (long long)((value < 0 ? -value : value) / 1000000), (long long)((value < 0 ? -value : value) % 1000000));
    else if (info.unit == SAPA_UNIT_MONEY)
        sapa_text_printf(&text, "%s%lld.%02lld", value < 0 ? "-" : "", (long long)((value < 0 ? -value : value) / 100), (long long)((value < 0 ? -value : value) % 100));
    else
        sapa_text_printf(&text, "%lld", (long long)value);
    sapa_json_raw(out, sapa_text_str(&text));
}

static void add_date(struct sapa_json *out, const char *key, int32_t date)
{
    char buf[16];
    struct sapa_text text;

    if (date == 0) {
        sapa_json_add_null(out, key);
        return;
    }
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_text_printf(&text, "%04d-%02d-%02d", date / 10000, date / 100 % 100, date % 100);
    sapa_json_add_text(out, key, sapa_text_str(&text));
}

void sapa_goal_json(const struct sapa_goal_found *goal, uint32_t figure, enum sapa_goal_state today, enum sapa_goal_state recent,
                    struct sapa_json *out)
{
    struct sapa_figure info;

    sapa_figure_get(figure, &info);
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "figure", sapa_str_of(info.key));
    sapa_json_key(out, "target");
    sapa_figure_json(figure, goal->value, out);
    add_name(out, "better", sapa_better_name(goal->better));
    add_name(out, "scope", sapa_goal_scope_name(goal->scope));
    add_date(out, "from", goal->from);
    add_date(out, "to", goal->to);
    add_name(out, "today", sapa_goal_state_name(today));
    add_name(out, "recent", sapa_goal_state_name(recent));
    sapa_json_close(out, '}');
}

/* Of the figures that it shows, those that something is aimed at. */
static void add_goals(struct sapa_json *out, const struct sapa_mirror *mirror, const struct sapa_web_standing *one)
{
    sapa_json_key(out, "targets");
    sapa_json_open(out, '[');
    for (unsigned i = 0; i < SAPA_LIVE_FIGURE_COUNT; i++) {
        const uint32_t figure = mirror->live_figures[i];
        const bool daily = sapa_goal_is_daily(figure);
        struct sapa_goal_found goal;
        const bool found = one->kind == SAPA_ROWS_AGENTS
                               ? sapa_goal_find_team(&mirror->goals, mirror->centre, one->index, one->people, figure, mirror->goal_date, &goal)
                               : sapa_goal_find(&mirror->goals, mirror->centre, (enum sapa_rows)one->kind, one->index, figure, mirror->goal_date, &goal);
        if (found)
            sapa_goal_json(&goal, figure, sapa_goal_judge(&goal, figure, one->of[SAPA_LIVE_TODAY].of[i], false),
                           daily ? SAPA_GOAL_NONE : sapa_goal_judge(&goal, figure, one->of[SAPA_LIVE_RECENT].of[i], false), out);
    }
    sapa_json_close(out, ']');
}

static void add_values(struct sapa_json *out, const char *key, const struct sapa_live_values *values)
{
    sapa_json_key(out, key);
    sapa_json_open(out, '{');
    for (unsigned i = 0; i < SAPA_LIVE_FIGURE_COUNT; i++) {
        const char *name = sapa_live_figure_key(i);
        if (i == SAPA_LIVE_SERVICE_LEVEL || i == SAPA_LIVE_ANSWER_RATE || i == SAPA_LIVE_ABANDON_RATE || i == SAPA_LIVE_OCCUPANCY)
            add_ratio(out, name, values->of[i]);
        else
            add_or_null(out, name, values->of[i], values->of[i] == SAPA_KPI_NONE);
    }
    sapa_json_close(out, '}');
}

void sapa_mirror_standing_json(const struct sapa_mirror *mirror, size_t standing, struct sapa_json *out)
{
    const struct sapa_web_standing *one = &mirror->standings[standing];
    const struct sapa_centre *centre = mirror->centre;
    const struct sapa_queue *queue = one->kind == SAPA_ROWS_QUEUES ? &centre->queues[one->index] : NULL;
    const struct sapa_client *client = one->kind == SAPA_ROWS_CLIENTS ? &centre->clients[one->index] : NULL;
    const struct sapa_team *team = one->kind == SAPA_ROWS_AGENTS ? &centre->teams[one->index] : NULL;
    char buf[SAPA_KEY_MAX + 16];
    struct sapa_text text;

    sapa_text_init(&text, buf, sizeof(buf));
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "id", sapa_mirror_standing_id(mirror, standing, &text));
    sapa_json_add_text(out, "scope", queue ? SAPA_STR("queue") : client ? SAPA_STR("client") : team ? SAPA_STR("team") : SAPA_STR("all"));
    if (team) {
        sapa_json_add_text(out, "key", team->key);
        sapa_json_add_text(out, "name", team->key); /* teams have no other */
    } else if (queue || client) {
        sapa_json_add_text(out, "key", queue ? queue->key : client->key);
        sapa_json_add_text(out, "name", queue ? queue->name : client->name);
    } else {
        sapa_json_add_null(out, "key");
        sapa_json_add_null(out, "name");
    }
    KEY_OF(out, "client", centre, clients, queue ? queue->client : client ? one->index : SAPA_NONE);
    sapa_json_add_number(out, "waiting", one->now.waiting);
    sapa_json_add_number(out, "callbacks_waiting", one->now.callbacks_waiting);
    sapa_json_add_number(out, "ringing", one->now.ringing);
    sapa_json_add_number(out, "talking", one->now.talking);
    sapa_json_add_time(out, "oldest", one->now.oldest_us);
    sapa_json_add_number(out, "agents_ready", one->now.agents_ready);
    sapa_json_add_number(out, "agents_busy", one->now.agents_busy);
    sapa_json_add_number(out, "agents_not_ready", one->now.agents_not_ready);
    add_or_null(out, "level_ms", queue ? queue->service_level_ms : 0, !queue);
    add_or_null(out, "level_percent", queue ? queue->service_level_percent : 0, !queue);
    add_values(out, "today", &one->of[SAPA_LIVE_TODAY]);
    add_values(out, "recent", &one->of[SAPA_LIVE_RECENT]);
    add_goals(out, mirror, one);
    sapa_json_close(out, '}');
}

static void switch_json(const struct sapa_mirror *mirror, const struct sapa_scope *scope, struct sapa_json *out,
                        const char *name, uint64_t bits, bool all)
{
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "id", sapa_str_of(name));
    sapa_json_add_bool(out, "all", all);
    sapa_json_key(out, "clients");
    sapa_json_open(out, '[');
    for (uint32_t i = 0; i < mirror->centre->clients_count && i < 64; i++) {
        if ((all || (bits >> i & 1)) && sapa_scope_client(scope, i))
            sapa_json_text(out, mirror->centre->clients[i].key);
    }
    sapa_json_close(out, ']');
    sapa_json_close(out, '}');
}

void sapa_mirror_switches_json(const struct sapa_mirror *mirror, const struct sapa_scope *scope, struct sapa_json *out)
{
    sapa_json_open(out, '[');
    switch_json(mirror, scope, out, "surge", mirror->switches.surge, mirror->switches.surge_all);
    switch_json(mirror, scope, out, "closed", mirror->switches.closed, mirror->switches.closed_all);
    sapa_json_close(out, ']');
}
