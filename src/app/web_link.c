#include "app/web_link.h"

#include <stdlib.h>

#include "base/log.h"
#include "core/right.h"
#include "model/listed.h"

enum {
    RESET_AGAIN_US = 100 * 1000,
    REPLIES_MAX = 16384,
    VIEW_QUEUES = SAPA_QUEUES_MAX,
    VIEW_TEAMS = 64, /* that stand with the figures; more are in reports */
    NOTED_MAX = 65536,
};

/* What of a contact went to the log last, version of its note and party type, 0 neither: what the store says may be of the commit before. */
struct noted {
    uint64_t contact, version, party_type;
};

/* An answer that waits for the log. */
struct waiting {
    struct sapa_web_reply reply;
};

/* A new description that was taken, and waits for its moment. */
struct reloading {
    bool on;
    struct sapa_web_ask ask;
    struct sapa_record audit;
};

struct sapa_web_link {
    struct sapa_web_link_options options;
    struct reloading reloading;
    struct sapa_deferred reloaded;
    uint64_t untold[64]; /* persons reserved here, whom the log could not be told of yet */
    size_t untold_next;
    uint64_t starts; /* of descriptions */
    uint64_t clients[64];
    struct sapa_timer reset_timer;
    bool lost;               /* the web thread does not have everything: a reset will come */
    /* of the step at hand */
    uint64_t *contacts;
    size_t contact_count, contact_room;
    uint32_t *agents;
    size_t agent_count, agent_room;
    bool switches, centre, broadcasts, alerts;
    struct sapa_web_arrived arrived;
    sapa_rc refused;         /* of the input that is asked for at the moment */
    uint32_t denial;         /* likewise: enum sapa_call_denial */
    /* answers, in order of their place in the log */
    struct waiting *replies;
    size_t reply_first, reply_count;
    struct sapa_view_queue *view_queues;
    struct sapa_web_queue *queues;
    struct sapa_table noted; /* struct noted */
    uint32_t noted_forget;
    struct sapa_measures (*of_clients)[SAPA_LIVE_PERIODS]; /* joined; behind them those of all */
    struct sapa_view_memory *view;
    char *view_text; /* SAPA_VIEW_JSON_MAX */
};

static int64_t now_us(const struct sapa_web_link *link)
{
    return sapa_clock_core_us(sapa_loop_clock(link->options.loop));
}

/* ---- sending ---- */

static void reset_again(void *ctx);

static void lose(struct sapa_web_link *link)
{
    if (!link->lost)
        sapa_timer_set(link->options.loop, &link->reset_timer, RESET_AGAIN_US, reset_again, link);
    link->lost = true;
}

static void put(struct sapa_web_link *link, uint32_t type, const void *data, size_t size)
{
    if (!link->lost && link->options.ports.put(link->options.ports.ctx, type, data, size) != SAPA_OK)
        lose(link);
}

/* How a contact began: somebody called, or an agent did. */
static struct sapa_web_arrived arrived_of(const struct sapa_record *record)
{
    const bool called = record->type == SAPA_T_agent_call;
    const struct sapa_rec_contact_arrived *in = &record->u.contact_arrived;
    const struct sapa_rec_agent_call *call = &record->u.agent_call;
    struct sapa_web_arrived arrived = { .contact = called ? call->contact : in->contact };

    arrived.party_type = (uint8_t)SAPA_MIN(called ? call->party_type : in->party_type, (uint64_t)SAPA_PARTY_TYPE_COUNT);
    arrived.direction = !called ? (uint8_t)in->direction : call->kind == SAPA_TARGET_OUTSIDE ? SAPA_DIRECTION_OUTBOUND : SAPA_DIRECTION_INTERNAL;
    (void)sapa_str_copy(called ? sapa_sized_str(&call->address) : sapa_sized_str(&in->address), arrived.address, sizeof(arrived.address));
    return arrived;
}

static void send_arrived(struct sapa_web_link *link, const struct sapa_record *record)
{
    const struct sapa_web_arrived arrived = arrived_of(record);

    put(link, SAPA_WEB_ARRIVED, &arrived, sizeof(arrived));
}

static void send_contact(struct sapa_web_link *link, uint64_t id)
{
    struct sapa_contact_view view;

    if (sapa_core_contact_get(link->options.core, id, sapa_core_now(link->options.core), &view) != SAPA_OK) {
        put(link, SAPA_WEB_CONTACT_END, &id, sizeof(id));
        return;
    }
    struct sapa_web_contact contact;
    memset(&contact, 0, sizeof(contact)); /* compared byte by byte */
    contact.contact = view.contact;
    contact.person = view.person;
    contact.offer = view.offer;
    contact.recording = view.recording;
    contact.arrived_us = view.arrived_us;
    contact.since_us = view.since_us;
    contact.client = view.client;
    contact.number = view.number;
    contact.queue = view.queue;
    contact.agent = view.agent;
    contact.priority = view.priority;
    contact.channel = view.channel;
    contact.place = view.place;
    contact.language = view.language;
    contact.callback = view.callback;
    contact.answered = view.answered;
    contact.held = view.held;
    contact.recording_paused = view.recording_paused;
    uint32_t agents[SAPA_WEB_OTHERS_MAX + 1];
    const uint32_t n = sapa_core_contact_agents(link->options.core, id, agents, SAPA_COUNT(agents));
    for (uint32_t i = 0, other = 0; i < n && other < SAPA_WEB_OTHERS_MAX; i++) {
        if (agents[i] != view.agent)
            contact.others[other++] = agents[i] + 1;
    }
    put(link, SAPA_WEB_CONTACT, &contact, sizeof(contact));
}

static uint32_t client_of_contact(const struct sapa_web_link *link, uint64_t contact)
{
    struct sapa_contact_view view;

    return sapa_core_contact_get(link->options.core, contact, sapa_core_now(link->options.core), &view) == SAPA_OK ? view.client : SAPA_NONE;
}

/* Agents and numbers outside in the same conversation, but not him who placed it: he is its customer. */
static void take_parties(const struct sapa_web_link *link, uint32_t index, struct sapa_web_assignment *to)
{
    uint32_t agents[2 * SAPA_PARTIES_MAX];
    const uint32_t n = sapa_core_contact_agents(link->options.core, to->contact, agents, SAPA_COUNT(agents));
    struct sapa_contact_view contact;

    if (sapa_core_contact_get(link->options.core, to->contact, sapa_core_now(link->options.core), &contact) != SAPA_OK)
        return;
    for (uint32_t i = 0; i < n; i++) {
        struct sapa_assignment_view one;
        uint32_t cursor = 0;
        while (agents[i] != index && to->party_count < SAPA_PARTIES_MAX &&
               sapa_core_assignment_next(link->options.core, agents[i], &cursor, &one)) {
            if (one.contact == to->contact && (one.state == SAPA_ASSIGNMENT_TALKING || one.state == SAPA_ASSIGNMENT_HELD) && !one.calls)
                to->parties[to->party_count++] = (struct sapa_web_party){ .party = one.offer, .agent = agents[i] };
        }
    }
    for (unsigned i = 0; i < SAPA_OUTSIDE_MAX && to->party_count < SAPA_PARTIES_MAX; i++) {
        if (contact.outside[i])
            to->parties[to->party_count++] = (struct sapa_web_party){ .party = contact.outside[i], .agent = SAPA_NONE };
    }
}

static void send_agent(struct sapa_web_link *link, uint32_t index)
{
    struct sapa_agent_view view;
    struct sapa_assignment_view one;
    struct sapa_web_agent agent;
    uint32_t cursor = 0;

    if (sapa_core_agent_get(link->options.core, index, sapa_core_now(link->options.core), &view) != SAPA_OK)
        return;
    memset(&agent, 0, sizeof(agent));
    agent.agent = index;
    agent.reason = view.reason;
    agent.since_us = view.since_us;
    agent.contacts = view.contacts;
    agent.presence = view.presence;
    agent.reachable = view.reachable;
    agent.booked = view.booked;
    agent.used_date = view.used_date;
    agent.team = view.team;
    memcpy(agent.used_ms, view.used_ms, sizeof(agent.used_ms));
    while (agent.assignment_count < SAPA_WEB_ASSIGNMENTS_MAX &&
           sapa_core_assignment_next(link->options.core, index, &cursor, &one)) {
        struct sapa_web_assignment *to = &agent.assignments[agent.assignment_count++];
        to->offer = one.offer;
        to->contact = one.contact;
        to->since_us = one.since_us;
        to->due_us = one.due_us;
        to->queue = one.queue;
        to->state = one.state;
        to->channel = one.channel;
        to->disposition = one.disposition;
        to->extended = one.extended;
        to->kind = one.kind;
        if (one.state == SAPA_ASSIGNMENT_TALKING || one.state == SAPA_ASSIGNMENT_HELD)
            take_parties(link, index, to);
    }
    struct sapa_change_view change;
    cursor = 0;
    while (agent.change_count < SAPA_WEB_CHANGES_MAX && sapa_core_change_next(link->options.core, index, &cursor, &change)) {
        struct sapa_web_change *to = &agent.changes[agent.change_count++];
        to->until_us = change.until_us;
        to->skill = change.skill;
        to->queue = change.queue;
        to->team = change.team;
        to->level = change.level;
    }
    struct sapa_watch_view watch;
    if (sapa_core_watch_of(link->options.core, index, &watch)) {
        agent.supervision.supervision = watch.supervision;
        agent.supervision.contact = watch.contact;
        agent.supervision.client = client_of_contact(link, watch.contact);
        agent.supervision.since_us = watch.since_us;
        agent.supervision.mode = watch.mode;
        agent.supervision.on = watch.up;
    }
    agent.help.state = view.hand;
    agent.help.contact = view.hand_contact;
    agent.help.client = view.hand_contact ? client_of_contact(link, view.hand_contact) : SAPA_NONE;
    agent.help.since_us = view.hand_since_us;
    (void)sapa_str_copy(sapa_sized_str(&view.hand_by), agent.help.by, sizeof(agent.help.by));
    agent.read = view.read;
    agent.heard = sapa_core_is_heard(link->options.core, index);
    put(link, SAPA_WEB_AGENT, &agent, sizeof(agent));
}

static void send_broadcasts(struct sapa_web_link *link)
{
    static struct sapa_web_broadcast all[SAPA_WEB_BROADCASTS_MAX];
    struct sapa_broadcast_view view;
    uint32_t cursor = 0, n = 0;

    memset(all, 0, sizeof(all)); /* compared byte by byte */
    while (n < SAPA_COUNT(all) && sapa_core_broadcast_next(link->options.core, &cursor, &view)) {
        all[n].id = view.id;
        all[n].at_us = view.at_us;
        all[n].until_us = view.until_us;
        all[n].kind = view.kind;
        all[n].target = view.target;
        (void)sapa_str_copy(sapa_sized_str(view.text), all[n].text, sizeof(all[n].text));
        (void)sapa_str_copy(sapa_sized_str(view.by), all[n].by, sizeof(all[n].by));
        n++;
    }
    put(link, SAPA_WEB_BROADCASTS, all, n * sizeof(all[0]));
}

static void send_alerts(struct sapa_web_link *link)
{
    static struct sapa_web_alert all[SAPA_WEB_ALERTS_MAX];
    struct sapa_alert_view view;
    uint32_t cursor = 0, n = 0;

    memset(all, 0, sizeof(all)); /* compared byte by byte */
    while (n < SAPA_COUNT(all) && sapa_core_alert_next(link->options.core, &cursor, &view)) {
        all[n].value = view.value;
        all[n].limit = view.limit;
        all[n].on_us = view.on_us;
        all[n].target = view.target;
        all[n].kind = view.kind;
        all[n].state = view.state;
        (void)sapa_str_copy(sapa_sized_str(view.by), all[n].by, sizeof(all[n].by));
        n++;
    }
    put(link, SAPA_WEB_ALERTS, all, n * sizeof(all[0]));
}

static void send_switches(struct sapa_web_link *link)
{
    const struct sapa_centre *centre = sapa_core_centre_now(link->options.core);
    struct sapa_web_switches switches;

    memset(&switches, 0, sizeof(switches));
    switches.surge_all = sapa_core_switch_on(link->options.core, SAPA_SWITCH_SURGE, SAPA_NONE);
    switches.closed_all = sapa_core_switch_on(link->options.core, SAPA_SWITCH_CLOSED, SAPA_NONE);
    for (uint32_t i = 0; i < centre->clients_count && i < 64; i++) {
        if (sapa_core_switch_on(link->options.core, SAPA_SWITCH_SURGE, i))
            switches.surge |= UINT64_C(1) << i;
        if (sapa_core_switch_on(link->options.core, SAPA_SWITCH_CLOSED, i))
            switches.closed |= UINT64_C(1) << i;
    }
    put(link, SAPA_WEB_SWITCHES, &switches, sizeof(switches));
}

/* Everything, under the place in the log that the core stands at. */
static void send_all(struct sapa_web_link *link)
{
    static struct sapa_record record;
    struct sapa_web_centre centre = { .centre = sapa_core_centre_now(link->options.core) };
    struct sapa_contact_view view;
    const uint64_t seq = sapa_engine_stats(link->options.engine).seq;
    uint32_t cursor = 0;

    if (!centre.centre)
        return;
    memcpy(centre.clients, link->clients, sizeof(centre.clients));
    link->lost = false;
    put(link, SAPA_WEB_RESET, &centre, sizeof(centre));
    while (!link->lost && sapa_engine_arrived_next(link->options.engine, &cursor, &record))
        send_arrived(link, &record);
    cursor = 0;
    while (!link->lost && sapa_core_contact_next(link->options.core, &cursor, sapa_core_now(link->options.core), &view))
        send_contact(link, view.contact);
    for (uint32_t i = 0; !link->lost && i < centre.centre->agents_count; i++)
        send_agent(link, i);
    send_switches(link);
    send_broadcasts(link);
    send_alerts(link);
    put(link, SAPA_WEB_RESET_DONE, NULL, 0);
    put(link, SAPA_WEB_STEP, &seq, sizeof(seq));
    const uint64_t committed = sapa_engine_stats(link->options.engine).committed;
    put(link, SAPA_WEB_COMMITTED, &committed, sizeof(committed));
    link->options.ports.wake(link->options.ports.ctx);
}

static void reset_again(void *ctx)
{
    send_all(ctx);
}

/* ---- steps ---- */

static bool room_for(void **list, size_t *room, size_t count, size_t item)
{
    if (count < *room)
        return true;
    const size_t wanted = *room ? *room * 2 : 64;
    void *bigger = realloc(*list, wanted * item);
    if (!bigger)
        return false;
    *list = bigger;
    *room = wanted;
    return true;
}

static void touch_contact(struct sapa_web_link *link, uint64_t contact)
{
    for (size_t i = link->contact_count; contact && i-- > 0 && link->contact_count - i < 32;) {
        if (link->contacts[i] == contact)
            return;
    }
    if (contact == 0)
        return;
    if (room_for((void **)&link->contacts, &link->contact_room, link->contact_count, sizeof(*link->contacts)))
        link->contacts[link->contact_count++] = contact;
    else
        lose(link);
}

static void touch_agent(struct sapa_web_link *link, uint64_t agent)
{
    struct sapa_assignment_view one;
    uint32_t cursor = 0;

    if (agent >= SAPA_AGENTS_MAX)
        return;
    for (size_t i = link->agent_count; i-- > 0 && link->agent_count - i < 32;) {
        if (link->agents[i] == agent)
            return;
    }
    if (room_for((void **)&link->agents, &link->agent_room, link->agent_count, sizeof(*link->agents)))
        link->agents[link->agent_count++] = (uint32_t)agent;
    else
        lose(link);
    while (sapa_core_assignment_next(link->options.core, (uint32_t)agent, &cursor, &one))
        touch_contact(link, one.contact);
}

/* Whether they are heard, and who talks with them, is shown to them. */
static void touch_talkers(struct sapa_web_link *link, uint64_t contact)
{
    uint32_t agents[2 * SAPA_PARTIES_MAX];
    const uint32_t n = sapa_core_contact_agents(link->options.core, contact, agents, SAPA_COUNT(agents));

    for (uint32_t i = 0; i < n; i++)
        touch_agent(link, agents[i]);
}

static void touch(struct sapa_web_link *link, const struct sapa_record *record)
{
    touch_contact(link, sapa_record_contact(record));
    switch (record->type) {
    case SAPA_T_contact_new: {
        /* its arrival stands in front of it, in the same step */
        link->arrived.party_type = (uint8_t)SAPA_MIN(record->u.contact_new.party_type, (uint64_t)SAPA_PARTY_TYPE_COUNT);
        if (link->arrived.contact == record->u.contact_new.contact)
            put(link, SAPA_WEB_ARRIVED, &link->arrived, sizeof(link->arrived));
        break;
    }
    case SAPA_T_contact_party: {
        const struct sapa_web_party_type said = { record->u.contact_party.contact, (uint8_t)record->u.contact_party.party_type, { 0 } };
        if (record->u.contact_party.party_type <= SAPA_PARTY_TYPE_COUNT)
            put(link, SAPA_WEB_PARTY_TYPE, &said, sizeof(said));
        break;
    }
    case SAPA_T_contact_arrived:
    case SAPA_T_agent_call: link->arrived = arrived_of(record); break;
    case SAPA_T_agent_moved: touch_agent(link, record->u.agent_moved.agent); break;
    case SAPA_T_assignment_moved: touch_agent(link, record->u.assignment_moved.agent); break;
    case SAPA_T_break_booked: touch_agent(link, record->u.break_booked.agent); break;
    case SAPA_T_agent_device: touch_agent(link, record->u.agent_device.agent); break;
    case SAPA_T_agent_command: touch_agent(link, record->u.agent_command.agent); break;
    case SAPA_T_call_command: touch_agent(link, record->u.call_command.agent); break;
    case SAPA_T_contact_parted:
        touch_agent(link, record->u.contact_parted.agent);
        touch_talkers(link, record->u.contact_parted.contact);
        break;
    case SAPA_T_contact_connected: touch_agent(link, record->u.contact_connected.agent); break;
    case SAPA_T_party_joined:
        touch_agent(link, record->u.party_joined.agent);
        touch_talkers(link, record->u.party_joined.contact);
        break;
    case SAPA_T_party_left: touch_talkers(link, record->u.party_left.contact); break;
    case SAPA_T_supervision_began: touch_agent(link, record->u.supervision_began.agent); break;
    case SAPA_T_supervision_changed:
        touch_agent(link, record->u.supervision_changed.agent);
        touch_talkers(link, record->u.supervision_changed.contact);
        break;
    case SAPA_T_supervision_ended:
        touch_agent(link, record->u.supervision_ended.agent);
        touch_talkers(link, record->u.supervision_ended.contact);
        break;
    case SAPA_T_contact_merged:
        touch_agent(link, record->u.contact_merged.agent);
        touch_contact(link, record->u.contact_merged.other);
        touch_talkers(link, record->u.contact_merged.contact);
        break;
    case SAPA_T_switch_changed: link->switches = true; break;
    case SAPA_T_hand_changed: touch_agent(link, record->u.hand_changed.agent); break;
    case SAPA_T_skill_changed: touch_agent(link, record->u.skill_changed.agent); break;
    case SAPA_T_team_changed: touch_agent(link, record->u.team_changed.agent); break;
    case SAPA_T_serves_changed: touch_agent(link, record->u.serves_changed.agent); break;
    case SAPA_T_broadcast_made: link->broadcasts = true; break;
    case SAPA_T_alert_changed: link->alerts = true; break;
    case SAPA_T_broadcast_seen: touch_agent(link, record->u.broadcast_seen.agent); break;
    case SAPA_T_centre_started:
        link->centre = true;
        link->starts++;
        break;
    case SAPA_T_call_denied: link->denial = (uint32_t)record->u.call_denied.why; break;
    case SAPA_T_refused: link->refused = (sapa_rc)-(int)record->u.refused.rc; break;
    default: break;
    }
}

static void reload_done(void *ctx);

void sapa_web_link_step(struct sapa_web_link *link, const struct sapa_record *const records[], size_t count, bool last)
{
    for (size_t i = 0; i < count; i++)
        touch(link, records[i]);
    if (!last || count == 0)
        return;
    const uint64_t seq = records[count - 1]->seq;
    if (link->centre) {
        if (link->reloading.on) /* not from within the step */
            sapa_loop_defer(link->options.loop, &link->reloaded, reload_done, link);
        link->centre = false;
        if (!link->lost)
            send_all(link);
    } else if (link->contact_count + link->agent_count > 0 || link->switches || link->broadcasts || link->alerts) {
        for (size_t i = 0; i < link->contact_count; i++)
            send_contact(link, link->contacts[i]);
        for (size_t i = 0; i < link->agent_count; i++)
            send_agent(link, link->agents[i]);
        if (link->switches)
            send_switches(link);
        if (link->broadcasts)
            send_broadcasts(link);
        if (link->alerts)
            send_alerts(link);
        put(link, SAPA_WEB_STEP, &seq, sizeof(seq));
    }
    link->contact_count = link->agent_count = 0;
    link->switches = link->broadcasts = link->alerts = false;
    link->arrived.contact = 0;
}

/* ---- answers ---- */

static void send_replies(struct sapa_web_link *link, uint64_t committed)
{
    while (link->reply_count > 0) {
        const struct sapa_web_reply *reply = &link->replies[link->reply_first].reply;
        if (reply->seq > committed || link->options.ports.reply(link->options.ports.ctx, reply, NULL, 0) != SAPA_OK)
            return;
        link->reply_first = (link->reply_first + 1) % REPLIES_MAX;
        link->reply_count--;
    }
}

void sapa_web_link_committed(struct sapa_web_link *link, uint64_t seq)
{
    put(link, SAPA_WEB_COMMITTED, &seq, sizeof(seq));
    send_replies(link, seq);
    link->options.ports.wake(link->options.ports.ctx);
}

static void reply_now(struct sapa_web_link *link, const struct sapa_web_ask *ask, sapa_rc rc, const void *data, size_t size)
{
    const struct sapa_web_reply reply = { .request = ask->request, .rc = rc, .kind = ask->kind };

    if (link->options.ports.reply(link->options.ports.ctx, &reply, data, size) != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "web.reply", "the web thread is busy: a question stays unanswered, ignoring");
    link->options.ports.wake(link->options.ports.ctx);
}

/* The answer leaves when all of it is safe. */
static void reply_committed(struct sapa_web_link *link, const struct sapa_web_ask *ask, sapa_rc rc, uint32_t denial, const uint64_t *refused)
{
    const struct sapa_engine_stats stats = sapa_engine_stats(link->options.engine);
    struct sapa_web_reply reply = { .request = ask->request, .seq = stats.seq, .rc = rc, .kind = ask->kind, .denial = denial };

    if (refused)
        memcpy(reply.refused, refused, sizeof(reply.refused));
    link->replies[(link->reply_first + link->reply_count++) % REPLIES_MAX].reply = reply;
    if (stats.committed >= stats.seq)
        sapa_web_link_committed(link, stats.committed);
}

static void log_audit(struct sapa_web_link *link, struct sapa_record *audit, sapa_rc rc)
{
    audit->u.api_write.rc = audit->u.api_write.rc ? audit->u.api_write.rc : (uint64_t)-rc;
    if (link->options.ports.input(link->options.ports.ctx, audit) != SAPA_OK)
        sapa_log(SAPA_LOG_ERROR, "web.audit", "the log takes no audit record at the moment, ignoring");
}

/* ---- who is called ---- */

/* For whom he calls, as the core will find it; SAPA_NONE: he may not, and nobody need become known for that. */
static uint32_t client_of_call(const struct sapa_web_link *link, const struct sapa_rec_agent_call *in)
{
    const struct sapa_centre *centre = sapa_core_centre_now(link->options.core);
    struct sapa_call_wish wish = {
        .agent = (uint32_t)in->agent, .kind = (enum sapa_target)in->kind, .target = SAPA_NONE, .number = sapa_sized_str(&in->address),
        .client = (uint32_t)in->client, .beside = SAPA_NONE, .listed = in->listed, .number_type = (uint8_t)SAPA_MIN(in->number_type, (uint64_t)UINT8_MAX),
    };
    struct sapa_assignment_view one;
    uint32_t cursor = 0, client = SAPA_NONE, from;

    if (in->agent >= centre->agents_count || in->kind != SAPA_TARGET_OUTSIDE)
        return SAPA_NONE;
    struct sapa_agent_view view;
    if (sapa_core_agent_get(link->options.core, wish.agent, now_us(link), &view) == SAPA_OK)
        wish.team = view.team + 1; /* none is 0 */
    while (in->beside && sapa_core_assignment_next(link->options.core, wish.agent, &cursor, &one)) {
        if (one.offer == in->beside)
            wish.beside = client_of_contact(link, one.contact);
    }
    wish.campaign = sapa_campaign_of(centre, wish.agent, in->campaign, in->client, in->beside != 0) + 1;
    return sapa_right_to_call(centre, &wish, now_us(link), &client, &from) == SAPA_DENIAL_NONE ? client : SAPA_NONE;
}

static bool is_untold(struct sapa_web_link *link, uint64_t person, bool forget)
{
    for (size_t i = 0; i < SAPA_COUNT(link->untold); i++) {
        if (link->untold[i] != person)
            continue;
        if (forget)
            link->untold[i] = 0;
        return true;
    }
    return false;
}

/* So that a number outside is sealed with its owner's key. The log learns of a new person before anything names it. */
static void resolve(struct sapa_web_link *link, uint32_t client, struct sapa_str address, uint64_t *ret_person, uint8_t *ret_party_type)
{
    struct sapa_person_found found = { .person = 0 };
    struct sapa_record known;

    if (address.n == 0 || client >= SAPA_COUNT(link->clients) || link->clients[client] == 0 || !link->options.ports.reserve ||
        link->options.ports.reserve(link->options.ports.ctx, link->clients[client], address, &found) != SAPA_OK)
        return;
    if (found.is_new || is_untold(link, found.person, false)) {
        sapa_record_init(&known, SAPA_T_person_known);
        known.u.person_known.person = found.person;
        known.u.person_known.client = client;
        known.u.person_known.identity = SAPA_IDENTITY_PHONE;
        (void)sapa_sized_set(&known.u.person_known.lookup, ((struct sapa_str){ (const char *)found.lookup, SAPA_LOOKUP_SIZE }));
        (void)sapa_sized_set(&known.u.person_known.value, address);
        if (link->options.ports.input(link->options.ports.ctx, &known) != SAPA_OK) {
            if (!is_untold(link, found.person, false))
                link->untold[link->untold_next++ % SAPA_COUNT(link->untold)] = found.person;
            return; /* nor will the log take the call that names him */
        }
        (void)is_untold(link, found.person, true);
    }
    *ret_person = found.person;
    *ret_party_type = found.party_type;
}

static void resolve_input(struct sapa_web_link *link, struct sapa_record *input)
{
    uint8_t party_type = 0;

    if (input->type == SAPA_T_agent_call) {
        resolve(link, client_of_call(link, &input->u.agent_call), sapa_sized_str(&input->u.agent_call.address), &input->u.agent_call.person,
                &party_type);
        input->u.agent_call.party_type = party_type;
    } else if (input->type == SAPA_T_contact_passed) {
        resolve(link, client_of_contact(link, input->u.contact_passed.contact), sapa_sized_str(&input->u.contact_passed.address),
                &input->u.contact_passed.person, &party_type);
    }
}

static bool has_room(struct sapa_web_link *link, const struct sapa_web_ask *ask)
{
    if (link->reply_count < REPLIES_MAX)
        return true;
    reply_now(link, ask, SAPA_ELIMIT, NULL, 0);
    return false;
}

/* NULL: no memory. */
static struct noted *noted_of(struct sapa_web_link *link, uint64_t contact)
{
    struct noted *noted = sapa_table_find(&link->noted, contact);

    if (!noted && link->noted.count == link->noted.limit)
        sapa_table_remove(&link->noted, sapa_table_at(&link->noted, link->noted_forget++ % NOTED_MAX));
    return noted || sapa_table_add(&link->noted, contact, &noted) == SAPA_OK ? noted : NULL;
}

/* Two who say it at once: the second puts right what the first has said. */
static void follow_party(struct sapa_web_link *link, struct sapa_rec_contact_party *in)
{
    struct noted *noted = noted_of(link, in->contact);

    if (noted && noted->party_type != 0)
        in->was = noted->party_type;
    if (noted)
        noted->party_type = in->party_type;
}

static void answer_write(struct sapa_web_link *link, const struct sapa_web_ask *ask, struct sapa_record *audit, struct sapa_record *input)
{
    uint32_t denial = SAPA_DENIAL_NONE;
    sapa_rc rc = SAPA_OK;

    if (!has_room(link, ask))
        return;
    if (input) {
        link->refused = SAPA_OK;
        link->denial = SAPA_DENIAL_NONE;
        resolve_input(link, input);
        if (input->type == SAPA_T_contact_party)
            follow_party(link, &input->u.contact_party);
        rc = link->options.ports.input(link->options.ports.ctx, input);
        if (rc != SAPA_OK) {
            reply_now(link, ask, rc, NULL, 0);
            return;
        }
        rc = link->refused;
        denial = link->denial;
        if (denial != SAPA_DENIAL_NONE)
            rc = denial == SAPA_DENIAL_BUSY || denial == SAPA_DENIAL_OFFLINE ? SAPA_ESTATE : denial == SAPA_DENIAL_TARGET ? SAPA_ENOENT : SAPA_EDENIED;
    }
    if (audit)
        log_audit(link, audit, rc);
    reply_committed(link, ask, rc, denial, NULL);
}

/* Each for itself: what one agent may not have, others may. */
static void answer_writes(struct sapa_web_link *link, const struct sapa_web_ask *ask, struct sapa_record *audit, const uint8_t *bytes)
{
    static struct sapa_record input;
    uint64_t refused[SAPA_COUNT(((struct sapa_web_reply *)NULL)->refused)] = { 0 };
    sapa_rc first = SAPA_OK;

    if (!has_room(link, ask))
        return;
    for (size_t at = 0, n, i = 0; at < ask->input_size; at += n, i++) {
        memcpy(&input, bytes + at, offsetof(struct sapa_record, u));
        n = (sapa_record_size(&input) + 7) & ~(size_t)7;
        sapa_assert((input.type == SAPA_T_agent_skill || input.type == SAPA_T_agent_queue || input.type == SAPA_T_agent_team) && at + n <= ask->input_size && i < SAPA_WEB_INPUTS_MAX);
        memcpy(&input, bytes + at, sapa_record_size(&input));
        link->refused = SAPA_OK;
        sapa_rc rc = link->options.ports.input(link->options.ports.ctx, &input);
        rc = rc == SAPA_OK ? link->refused : rc;
        if (rc == SAPA_OK || rc == SAPA_ESTATE) /* it is so already */
            continue;
        first = first == SAPA_OK ? rc : first;
        refused[i / 64] |= UINT64_C(1) << i % 64;
    }
    log_audit(link, audit, first);
    reply_committed(link, ask, first, SAPA_DENIAL_NONE, refused);
}

/* The next version, in all its parts: two who write at once cannot both be right. */
static sapa_rc take_note(struct sapa_web_link *link, const uint8_t *bytes, size_t size)
{
    static struct sapa_record part;
    struct noted *noted = NULL;
    sapa_rc rc = SAPA_OK;

    for (size_t at = 0, n; rc == SAPA_OK && at < size; at += n) {
        const size_t head = offsetof(struct sapa_record, u);
        memcpy(&part, bytes + at, head);
        n = (sapa_record_size(&part) + 7) & ~(size_t)7;
        sapa_assert(part.type == SAPA_T_contact_noted && at + n <= size);
        memcpy(&part, bytes + at, sapa_record_size(&part));
        const struct sapa_rec_contact_noted *in = &part.u.contact_noted;
        if (at == 0) {
            noted = noted_of(link, in->contact);
            if (!noted)
                return SAPA_ENOMEM;
            if (noted->version != 0 && in->version != noted->version + 1)
                return SAPA_EEXIST;
            noted->version = in->version;
        }
        rc = link->options.ports.input(link->options.ports.ctx, &part);
        if (rc != SAPA_OK && at == 0) /* nothing of it stands in the log */
            noted->version--;
    }
    sapa_wipe(&part, sizeof(part));
    return rc;
}

static void answer_note(struct sapa_web_link *link, const struct sapa_web_ask *ask, struct sapa_record *audit, const uint8_t *bytes)
{
    if (!has_room(link, ask))
        return;
    const sapa_rc rc = take_note(link, bytes, ask->input_size);
    log_audit(link, audit, rc);
    reply_committed(link, ask, rc, SAPA_DENIAL_NONE, NULL);
}

/* It is in force: who asked for it is told, and the log knows who it was. */
static void reload_done(void *ctx)
{
    struct sapa_web_link *link = ctx;

    link->reloading.on = false;
    log_audit(link, &link->reloading.audit, SAPA_OK);
    reply_committed(link, &link->reloading.ask, SAPA_OK, SAPA_DENIAL_NONE, NULL);
}

static void answer_reload(struct sapa_web_link *link, const struct sapa_web_ask *ask, struct sapa_record *audit,
                          const struct sapa_web_reload *other)
{
    const struct sapa_centre *centre = sapa_core_centre_now(link->options.core);
    const struct sapa_reload wish = { .file = other->file[0] ? other->file : NULL, .by = audit->u.api_write.actor.p, .comment = other->comment };
    const uint64_t before = link->starts;
    sapa_rc rc = SAPA_OK;

    if (!has_room(link, ask))
        return;
    if (other->if_match[0] && (!centre || strcmp(other->if_match, centre->hash) != 0))
        rc = SAPA_EEXIST;
    else if (link->reloading.on)
        rc = SAPA_EAGAIN;
    else
        rc = link->options.ports.reload(link->options.ports.ctx, &wish);
    if (rc == SAPA_OK && link->starts == before) {
        link->reloading.on = true;
        link->reloading.ask = *ask;
        memcpy(&link->reloading.audit, audit, sapa_record_size(audit));
        return;
    }
    log_audit(link, audit, rc);
    reply_committed(link, ask, rc, SAPA_DENIAL_NONE, NULL);
}

static void answer_why(struct sapa_web_link *link, const struct sapa_web_ask *ask)
{
    struct sapa_contact_view view;
    struct {
        struct sapa_web_why why;
        struct sapa_record record;
    } answer;

    if (sapa_core_contact_get(link->options.core, ask->contact, now_us(link), &view) != SAPA_OK) {
        reply_now(link, ask, SAPA_ENOENT, NULL, 0);
        return;
    }
    memset(&answer.why, 0, sizeof(answer.why));
    answer.why = (struct sapa_web_why){ .place = view.place, .position = view.position, .wait_ms = view.wait_ms,
                                        .ewt_p50_ms = view.ewt_p50_ms, .ewt_p90_ms = view.ewt_p90_ms };
    size_t size = sizeof(answer.why);
    if (sapa_core_why_contact(link->options.core, ask->contact, now_us(link), &answer.record) == SAPA_OK)
        size = offsetof(typeof(answer), record) + sapa_record_size(&answer.record);
    reply_now(link, ask, SAPA_OK, &answer, size);
}

static uint32_t queue_index(const struct sapa_centre *centre, const char *key, uint32_t guess)
{
    const struct sapa_str wanted = sapa_str_of(key);

    for (uint32_t i = 0; i < centre->queues_count; i++) {
        const uint32_t k = (guess + i) % centre->queues_count;
        const struct sapa_str cut = { centre->queues[k].key.p, SAPA_MIN(centre->queues[k].key.n, sizeof(((struct sapa_view_queue *)NULL)->key) - 1) };
        if (sapa_str_eq(cut, wanted))
            return k;
    }
    return SAPA_NONE;
}

static void standing(const struct sapa_web_link *link, enum sapa_rows kind, uint32_t index, const struct sapa_measures m[SAPA_LIVE_PERIODS],
                     struct sapa_web_standing *ret)
{
    memset(ret, 0, sizeof(*ret)); /* padding, too: they are compared byte by byte */
    ret->kind = kind, ret->index = index;
    sapa_live_now(link->options.live, kind, index, &ret->now);
    for (unsigned p = 0; p < SAPA_LIVE_PERIODS; p++)
        sapa_live_values(link->options.live, kind, &m[p], &ret->of[p]);
}

/* A team has no number in `sapa_live_now`: who is ready and who talks stands with its agents. */
static bool team_standing(struct sapa_web_link *link, uint32_t team, int64_t now, struct sapa_web_standing *ret)
{
    struct sapa_measures m;

    memset(ret, 0, sizeof(*ret));
    ret->kind = SAPA_ROWS_AGENTS, ret->index = team;
    for (unsigned p = 0; p < SAPA_LIVE_PERIODS; p++) {
        if (sapa_live_team(link->options.live, team, (enum sapa_live_period)p, now, &m, &ret->people) != SAPA_OK)
            return false;
        sapa_live_values(link->options.live, SAPA_ROWS_AGENTS, &m, &ret->of[p]);
    }
    return true;
}

/* All, clients, queues, teams. Rows of queues are joined: a contact counts when it is answered, not when it ends. */
static bool standings(struct sapa_web_link *link, const struct sapa_centre *centre, int64_t now, struct sapa_web_standing *out, uint64_t *ret_count)
{
    const uint32_t clients = SAPA_MIN(centre->clients_count, (uint32_t)SAPA_CLIENTS_MAX);
    const uint32_t queues = SAPA_MIN(centre->queues_count, (uint32_t)VIEW_QUEUES);
    const uint32_t teams = SAPA_MIN(centre->teams_count, (uint32_t)VIEW_TEAMS);

    memset(link->of_clients, 0, (SAPA_CLIENTS_MAX + 1) * sizeof(*link->of_clients));
    for (uint32_t i = 0; i < queues; i++) {
        const uint32_t client = centre->queues[i].client;
        struct sapa_measures m[SAPA_LIVE_PERIODS];
        for (unsigned p = 0; p < SAPA_LIVE_PERIODS; p++) {
            if (sapa_live_measures(link->options.live, i, (enum sapa_live_period)p, now, &m[p]) != SAPA_OK)
                return false;
            sapa_measures_join(&link->of_clients[SAPA_CLIENTS_MAX][p], &m[p]);
            if (client < clients)
                sapa_measures_join(&link->of_clients[client][p], &m[p]);
        }
        standing(link, SAPA_ROWS_QUEUES, i, m, &out[1 + clients + i]);
    }
    for (uint32_t i = 0; i < clients; i++)
        standing(link, SAPA_ROWS_CLIENTS, i, link->of_clients[i], &out[1 + i]);
    standing(link, SAPA_ROWS_TOTAL, 0, link->of_clients[SAPA_CLIENTS_MAX], &out[0]);
    for (uint32_t i = 0; i < teams; i++) {
        if (!team_standing(link, i, now, &out[1 + clients + queues + i]))
            return false;
    }
    *ret_count = 1 + clients + queues + teams;
    return true;
}

static void answer_figures(struct sapa_web_link *link, const struct sapa_web_ask *ask)
{
    const struct sapa_centre *centre = sapa_core_centre_now(link->options.core);
    const struct sapa_view_room room = { .queues = link->view_queues, .queue_size = VIEW_QUEUES };
    struct sapa_web_figures *figures = (struct sapa_web_figures *)(void *)link->queues;
    struct sapa_web_queue *out = (struct sapa_web_queue *)(void *)(figures + 1);
    const int64_t now = now_us(link);
    struct sapa_view view;

    if (!centre || sapa_live_view(link->options.live, now, SAPA_LANGUAGE_EN, &room, &view) != SAPA_OK) {
        reply_now(link, ask, SAPA_EAGAIN, NULL, 0);
        return;
    }
    memset(figures, 0, sizeof(*figures) + (size_t)view.queue_count * sizeof(*out));
    for (uint32_t i = 0; i < view.queue_count; i++) {
        const struct sapa_view_queue *q = &view.queues[i];
        const uint32_t index = queue_index(centre, q->key, i);
        struct sapa_queue_view core;
        if (index == SAPA_NONE || sapa_core_queue_get(link->options.core, index, now, &core) != SAPA_OK)
            continue; /* of an earlier description */
        out[figures->count++] = (struct sapa_web_queue){
            .queue = index, .open = core.open, .waiting = q->waiting, .callbacks_waiting = q->callbacks_waiting,
            .ringing = q->ringing, .talking = q->talking, .longest_ms = q->longest_ms, .agents_ready = q->agents_ready,
            .agents_busy = q->agents_busy, .agents_not_ready = q->agents_not_ready, .ewt_p50_ms = core.ewt_p50_ms,
            .ewt_p90_ms = core.ewt_p90_ms, .offered = q->offered, .answered = q->answered, .abandoned = q->abandoned,
            .abandoned_short = q->abandoned_short, .overflowed = q->overflowed, .callbacks = q->callbacks,
            .service_level = q->service_level, .abandon_rate = q->abandon_rate, .asa_ms = q->asa_ms, .transfers = q->transfers,
        };
        memcpy(out[figures->count - 1].wait_ms, q->wait_ms, sizeof(q->wait_ms));
        memcpy(out[figures->count - 1].handling_ms, q->handling_ms, sizeof(q->handling_ms));
    }
    if (!standings(link, centre, now, (struct sapa_web_standing *)(void *)(out + figures->count), &figures->standings)) {
        reply_now(link, ask, SAPA_EAGAIN, NULL, 0);
        return;
    }
    figures->at_us = now;
    memcpy(figures->centre_hash, centre->hash, sizeof(figures->centre_hash));
    reply_now(link, ask, SAPA_OK, figures, sizeof(*figures) + figures->count * sizeof(*out) + figures->standings * sizeof(struct sapa_web_standing));
}

static void answer_times(struct sapa_web_link *link, const struct sapa_web_ask *ask)
{
    static struct sapa_web_time times[SAPA_WEB_TIMES_MAX]; /* the centre thread's alone */
    struct sapa_contact_view view;
    uint32_t cursor = 0;
    size_t count = 0;

    while (count < SAPA_COUNT(times) && sapa_core_contact_next(link->options.core, &cursor, now_us(link), &view)) {
        times[count++] = (struct sapa_web_time){ .contact = view.contact, .wait_ms = view.wait_ms, .position = view.position,
                                                 .ewt_p50_ms = view.ewt_p50_ms, .ewt_p90_ms = view.ewt_p90_ms };
    }
    reply_now(link, ask, SAPA_OK, times, count * sizeof(times[0]));
}

/* What waits for a moment only is no news; what a full disk keeps waiting may never have happened after a kill. */
static uint64_t unwritten(const struct sapa_web_link *link)
{
    const struct sapa_engine_stats engine = sapa_engine_stats(link->options.engine);
    const enum sapa_log_state state = link->options.writer ? sapa_log_writer_status(link->options.writer).state : SAPA_LOG_GOOD;

    return state == SAPA_LOG_FULL || state == SAPA_LOG_FAILED ? engine.seq - engine.committed : 0;
}

static void answer_view(struct sapa_web_link *link, const struct sapa_web_ask *ask)
{
    const struct sapa_view_room room = sapa_view_room_of(link->view);
    struct sapa_text text;
    struct sapa_view view;

    if (sapa_live_view(link->options.live, now_us(link), (enum sapa_language)ask->contact, &room, &view) != SAPA_OK) {
        reply_now(link, ask, SAPA_ENOMEM, NULL, 0);
        return;
    }
    view.unwritten = unwritten(link);
    sapa_text_init(&text, link->view_text, SAPA_VIEW_JSON_MAX);
    sapa_view_json(&view, &text);
    if (text.cut)
        reply_now(link, ask, SAPA_ELIMIT, NULL, 0);
    else
        reply_now(link, ask, SAPA_OK, text.buf, text.n);
}

void sapa_web_link_ask(struct sapa_web_link *link, const void *message, size_t size)
{
    static struct sapa_record audit, input;
    struct sapa_web_reload reload;
    struct sapa_web_ask ask;

    memset(&reload, 0, sizeof(reload));
    sapa_assert(size >= sizeof(ask)); /* our own thread sends it */
    memcpy(&ask, message, sizeof(ask));
    sapa_assert(size == sizeof(ask) + ask.audit_size + ask.input_size + ask.reload_size && ask.reload_size <= sizeof(reload) && ask.audit_size <= sizeof(audit) + 8 &&
                (ask.kind == SAPA_WEB_ASK_NOTE || ask.kind == SAPA_WEB_ASK_INPUTS || ask.input_size <= sizeof(input) + 8));
    const uint8_t *bytes = (const uint8_t *)message + sizeof(ask);
    memcpy(&audit, bytes, SAPA_MIN((size_t)ask.audit_size, sizeof(audit)));
    memcpy(&input, bytes + ask.audit_size, SAPA_MIN((size_t)ask.input_size, sizeof(input)));
    memcpy(&reload, bytes + ask.audit_size + ask.input_size, ask.reload_size);
    if (ask.kind == SAPA_WEB_ASK_RELOAD) {
        answer_reload(link, &ask, &audit, &reload);
    } else if (ask.kind == SAPA_WEB_ASK_WHY) {
        answer_why(link, &ask);
    } else if (ask.kind == SAPA_WEB_ASK_FIGURES) {
        answer_figures(link, &ask);
    } else if (ask.kind == SAPA_WEB_ASK_NOTE && ask.centre == sapa_core_centre_now(link->options.core)) {
        answer_note(link, &ask, &audit, bytes + ask.audit_size);
    } else if (ask.kind == SAPA_WEB_ASK_TIMES) {
        answer_times(link, &ask);
    } else if (ask.kind == SAPA_WEB_ASK_VIEW) {
        answer_view(link, &ask);
    } else if (ask.input_size > 0 && ask.centre != sapa_core_centre_now(link->options.core)) {
        reply_now(link, &ask, SAPA_EAGAIN, NULL, 0); /* the indices in it mean something else by now */
    } else if (ask.kind == SAPA_WEB_ASK_INPUTS) {
        answer_writes(link, &ask, &audit, bytes + ask.audit_size);
    } else {
        answer_write(link, &ask, ask.audit_size ? &audit : NULL, ask.input_size ? &input : NULL);
    }
}

/* ---- life ---- */

void sapa_web_link_clients(struct sapa_web_link *link, const uint64_t clients[64])
{
    memcpy(link->clients, clients, sizeof(link->clients));
}

void sapa_web_link_second(struct sapa_web_link *link, bool serving)
{
    const struct sapa_engine_stats engine = sapa_engine_stats(link->options.engine);
    struct sapa_web_state state;

    memset(&state, 0, sizeof(state));
    state.inputs = engine.inputs, state.events = engine.events, state.commands = engine.commands;
    state.refused = engine.refused, state.seq = engine.seq, state.committed = engine.committed, state.held = engine.held;
    state.accepts_new = serving;
    state.alarms = link->options.live->alarms;
    if (link->options.writer) {
        const struct sapa_log_status log = sapa_log_writer_status(link->options.writer);
        state.commits = log.commits, state.slow_commits = log.slow_commits, state.failures = log.failures;
        state.longest_commit_us = log.longest_commit_us;
        state.log_state = (uint32_t)log.state;
        state.accepts_new = serving && log.accepts_new;
        (void)sapa_str_copy(sapa_str_of(sapa_log_state_name(log.state)), state.log_text, sizeof(state.log_text));
    }
    (void)link->options.ports.put(link->options.ports.ctx, SAPA_WEB_STATE, &state, sizeof(state));
    send_replies(link, engine.committed);
    link->options.ports.wake(link->options.ports.ctx);
}

sapa_rc sapa_web_link_open(const struct sapa_web_link_options *options, struct sapa_web_link **ret)
{
    struct sapa_web_link *link = calloc(1, sizeof(*link));

    if (!link)
        return SAPA_ENOMEM;
    link->options = *options;
    link->replies = calloc(REPLIES_MAX, sizeof(*link->replies));
    link->view_queues = calloc(VIEW_QUEUES, sizeof(*link->view_queues));
    link->queues = malloc(sizeof(struct sapa_web_figures) + VIEW_QUEUES * sizeof(*link->queues) + (VIEW_QUEUES + SAPA_CLIENTS_MAX + VIEW_TEAMS + 1) * sizeof(struct sapa_web_standing));
    link->of_clients = malloc((SAPA_CLIENTS_MAX + 1) * sizeof(*link->of_clients));
    link->view = calloc(1, sizeof(*link->view));
    link->view_text = malloc(SAPA_VIEW_JSON_MAX);
    if (!link->replies || !link->view_queues || !link->queues || !link->of_clients || !link->view || !link->view_text) {
        sapa_web_link_close(link);
        return SAPA_ENOMEM;
    }
    sapa_table_init(&link->noted, sapa_memory_heap(), sizeof(struct noted), NOTED_MAX);
    *ret = link;
    return SAPA_OK;
}

void sapa_web_link_close(struct sapa_web_link *link)
{
    if (!link)
        return;
    sapa_timer_cancel(link->options.loop, &link->reset_timer);
    sapa_loop_undefer(link->options.loop, &link->reloaded);
    free(link->contacts);
    free(link->agents);
    free(link->replies);
    free(link->view_queues);
    free(link->queues);
    sapa_table_done(&link->noted);
    free(link->of_clients);
    free(link->view);
    free(link->view_text);
    free(link);
}
