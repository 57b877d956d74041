#include "report/live.h"

#include "report/figure.h"
#include "report/live_impl.h"
#include "report/save_impl.h"

enum { LIVE_MARK = 0x56494c53, LIVE_VERSION = 7, ALL_CLIENTS = 63 }; /* "SLIV" */

#define SECONDS_MAX (INT64_C(1) << 38) /* either way, of what is loaded */

void sapa_live_init(struct sapa_live *live, const struct sapa_memory *memory,
                    const struct sapa_names *names)
{
    const struct sapa_interval_options day = {
        .grain = SAPA_GRAIN_DAY,
        .kinds = 1u << SAPA_ROWS_TOTAL | 1u << SAPA_ROWS_QUEUES | 1u << SAPA_ROWS_AGENTS,
    };
    const struct sapa_interval_options minute = {
        .grain = SAPA_GRAIN_MINUTE,
        .kinds = 1u << SAPA_ROWS_QUEUES | 1u << SAPA_ROWS_AGENTS,
        .by_team = true, /* a row of each agent and minute would be thirty times as many as anybody asks for */
    };

    memset(live, 0, sizeof(*live));
    live->names = names;
    for (unsigned i = 0; i < SAPA_LIVE_FIGURE_COUNT; i++) {
        live->figures[i] = sapa_figure_find(sapa_str_of(sapa_live_figure_key(i)));
        sapa_assert(live->figures[i] != SAPA_NONE);
        live->of_queues |= (uint32_t)sapa_figure_is_shown(live->figures[i], SAPA_ROWS_QUEUES) << i;
        live->of_agents |= (uint32_t)sapa_figure_is_shown(live->figures[i], SAPA_ROWS_AGENTS) << i;
    }
    live->day_end_s = live->minute_end_s = INT64_MIN;
    sapa_intervals_init(&live->today, memory, names, &day);
    sapa_intervals_init(&live->recent, memory, names, &minute);
    sapa_table_init(&live->contacts, memory, sizeof(struct live_contact), SAPA_CALLS_MAX);
    sapa_table_init(&live->agents, memory, sizeof(struct live_agent), SAPA_NAMES_PER_DIM_MAX);
}

void sapa_live_done(struct sapa_live *live)
{
    sapa_intervals_done(&live->today);
    sapa_intervals_done(&live->recent);
    sapa_table_done(&live->contacts);
    sapa_table_done(&live->agents);
}

static const struct sapa_zone *zone_of(const struct sapa_live *live)
{
    const struct sapa_centre *centre = live->names->centre;

    return centre && centre->system.zone < centre->zones_count ? &centre->zones[centre->system.zone] : NULL;
}

static uint32_t dim_of(const struct sapa_live *live, enum sapa_dim kind, uint64_t index)
{
    return sapa_names_dim(live->names, kind, index);
}

static void news(struct sapa_live *live, const struct sapa_record *record, struct sapa_live_news item)
{
    item.at_us = record->at_us;
    item.type = record->type;
    live->news[live->news_next++ % SAPA_LIVE_NEWS_MAX] = item;
}

/* ---- contacts ---- */

static void place(struct live_contact *contact, enum sapa_place where, int64_t at_us)
{
    if (contact->place == where)
        return;
    contact->place = (uint8_t)where;
    contact->since_us = at_us;
}

/* Where it stands when nobody rings and nobody talks. */
static void place_back(struct live_contact *contact, int64_t at_us)
{
    if (contact->talking > 0)
        place(contact, SAPA_PLACE_TALK, at_us);
    else if (contact->is_callback)
        place(contact, SAPA_PLACE_CALLBACK, at_us);
    else if (contact->ringing > 0 || (contact->direction == SAPA_DIRECTION_OUTBOUND && !contact->answered))
        place(contact, SAPA_PLACE_RINGING, at_us); /* a call that an agent places rings outside */
    else
        place(contact, contact->queued ? SAPA_PLACE_QUEUE : SAPA_PLACE_FLOW, at_us);
}

static sapa_rc opened(struct sapa_live *live, const struct sapa_record *record)
{
    const struct sapa_rec_contact_new *in = &record->u.contact_new;
    struct live_contact *contact;

    if (sapa_table_find(&live->contacts, in->contact))
        return SAPA_OK;
    const sapa_rc rc = sapa_table_add(&live->contacts, in->contact, &contact);
    if (rc != SAPA_OK)
        return rc;
    contact->opened_us = contact->since_us = record->at_us;
    contact->client = dim_of(live, SAPA_DIM_CLIENT, in->client);
    contact->number = dim_of(live, SAPA_DIM_NUMBER, in->number);
    contact->queue = contact->agent = SAPA_NONE;
    contact->direction = (uint8_t)SAPA_MIN(in->direction, (uint64_t)SAPA_DIRECTION_COUNT);
    contact->place = contact->direction == SAPA_DIRECTION_OUTBOUND ? SAPA_PLACE_RINGING : SAPA_PLACE_FLOW;
    contact->channel = (uint8_t)SAPA_MIN(in->channel, (uint64_t)UINT8_MAX);
    return SAPA_OK;
}

/* The ring of the last ends. One who was turned away at the door is no drop. */
static void count_end(struct sapa_live *live, const struct sapa_rec_contact_ended *in)
{
    uint8_t *slot = &live->drops[live->ended_count % SAPA_LIVE_DROPS_OF];

    if (in->outcome == SAPA_OUTCOME_REFUSED)
        return;
    live->dropped -= *slot;
    *slot = in->side == SAPA_SIDE_SYSTEM;
    live->dropped += *slot;
    live->ended_count++;
}

bool sapa_live_drop_alarm(const struct sapa_live *live, struct sapa_record *ret_input)
{
    const struct sapa_centre *centre = live->names->centre;
    const uint64_t ended = SAPA_MIN(live->ended_count, (uint32_t)SAPA_LIVE_DROPS_OF);
    const bool is_on = (live->alarms >> SAPA_ALARM_SYSTEM_DROPS & 1) != 0;
    struct sapa_text text;

    if (!centre || centre->system.system_drop_percent == 0 || ended < SAPA_LIVE_DROPS_FROM)
        return false;
    const uint64_t share_x100 = live->dropped * UINT64_C(100);
    const uint64_t limit_x100 = centre->system.system_drop_percent * ended;
    if (is_on ? share_x100 * 2 > limit_x100 : share_x100 <= limit_x100)
        return false;
    sapa_record_init(ret_input, SAPA_T_alarm_raised);
    ret_input->u.alarm_raised.kind = SAPA_ALARM_SYSTEM_DROPS;
    ret_input->u.alarm_raised.on = !is_on;
    sapa_text_init(&text, ret_input->u.alarm_raised.text.p, sizeof(ret_input->u.alarm_raised.text.p));
    sapa_text_printf(&text, "%u of the last %u contacts were ended by a fault of ours; see sapa contacts --last 50",
                     live->dropped, (unsigned)ended);
    ret_input->u.alarm_raised.text.n = (uint16_t)text.n;
    return true;
}

/* Of what an agent calls or passes on to: the dimension by the kind of target. */
static uint32_t target_dim(const struct sapa_live *live, uint64_t kind, uint64_t target)
{
    switch (kind) {
    case SAPA_TARGET_QUEUE: return dim_of(live, SAPA_DIM_QUEUE, target);
    case SAPA_TARGET_NUMBER: return dim_of(live, SAPA_DIM_NUMBER, target);
    case SAPA_TARGET_AGENT: return dim_of(live, SAPA_DIM_AGENT, target);
    default: return SAPA_NONE;
    }
}

static void about_contact(struct sapa_live *live, struct live_contact *contact,
                          const struct sapa_record *record)
{
    const int64_t at_us = record->at_us;

    switch (record->type) {
    case SAPA_T_contact_queued:
        contact->queued = true;
        contact->is_callback = record->u.contact_queued.virtual_waiter != 0;
        contact->queued_us = at_us;
        contact->queue = dim_of(live, SAPA_DIM_QUEUE, record->u.contact_queued.queue);
        break;
    case SAPA_T_contact_dequeued:
        contact->queued = false;
        break;
    case SAPA_T_callback_changed:
        contact->is_callback = record->u.callback_changed.state != SAPA_CALLBACK_REACHED;
        break;
    case SAPA_T_offer_made:
        contact->ringing++;
        contact->agent = dim_of(live, SAPA_DIM_AGENT, record->u.offer_made.agent);
        break;
    case SAPA_T_offer_ended:
        contact->ringing -= contact->ringing > 0;
        if (record->u.offer_ended.result == SAPA_OFFER_NO_ANSWER || record->u.offer_ended.result == SAPA_OFFER_REFUSED
            || record->u.offer_ended.result == SAPA_OFFER_UNREACHABLE)
            news(live, record, (struct sapa_live_news){
                .contact = contact->contact, .agent = dim_of(live, SAPA_DIM_AGENT, record->u.offer_ended.agent),
                .queue = contact->queue, .a = (uint32_t)record->u.offer_ended.result });
        break;
    case SAPA_T_contact_connected:
        contact->talking++;
        contact->answered = true;
        contact->is_callback = false;
        contact->agent = dim_of(live, SAPA_DIM_AGENT, record->u.contact_connected.agent);
        if (contact->direction != SAPA_DIRECTION_INBOUND) /* nobody has waited */
            break;
        news(live, record, (struct sapa_live_news){
            .contact = contact->contact, .agent = contact->agent, .queue = contact->queue,
            .a = (uint32_t)SAPA_MIN(record->u.contact_connected.wait_ms, (uint64_t)UINT32_MAX) });
        break;
    case SAPA_T_contact_parted:
        contact->talking -= contact->talking > 0;
        break;
    case SAPA_T_party_joined:
        if (record->u.party_joined.offer == 0)
            return;
        contact->talking++;
        contact->answered = true;
        contact->agent = dim_of(live, SAPA_DIM_AGENT, record->u.party_joined.agent);
        news(live, record, (struct sapa_live_news){
            .contact = contact->contact, .agent = contact->agent, .queue = contact->queue,
            .a = (uint32_t)SAPA_MIN(record->u.party_joined.parties, (uint64_t)UINT32_MAX) });
        break;
    case SAPA_T_contact_transferred: {
        const struct sapa_rec_contact_transferred *in = &record->u.contact_transferred;
        news(live, record, (struct sapa_live_news){
            .contact = contact->contact, .agent = dim_of(live, SAPA_DIM_AGENT, in->agent),
            .queue = target_dim(live, in->kind, in->target), .a = (uint32_t)SAPA_MIN(in->kind, (uint64_t)SAPA_TARGET_COUNT),
            .b = in->asked != 0 });
        return;
    }
    case SAPA_T_contact_ended:
        count_end(live, &record->u.contact_ended);
        news(live, record, (struct sapa_live_news){
            .contact = contact->contact, .agent = contact->agent, .queue = contact->queue,
            .a = (uint32_t)record->u.contact_ended.outcome, .b = (uint32_t)record->u.contact_ended.side });
        sapa_table_remove(&live->contacts, contact);
        return;
    default: return;
    }
    place_back(contact, at_us);
}

/* ---- agents ---- */

static sapa_rc agent_at(struct sapa_live *live, uint64_t index, struct live_agent **ret)
{
    const uint32_t dim = dim_of(live, SAPA_DIM_AGENT, index);
    struct live_agent *agent = dim == SAPA_NONE ? NULL : sapa_table_find(&live->agents, dim);
    sapa_rc rc = SAPA_OK;

    if (!agent && dim != SAPA_NONE) {
        rc = sapa_table_add(&live->agents, dim, &agent);
        if (rc == SAPA_OK)
            agent->reason = SAPA_NONE;
        else
            agent = NULL;
    }
    *ret = agent;
    return rc;
}

static enum sapa_view_doing doing_of(const struct live_agent *agent)
{
    if (agent->doing[SAPA_ASSIGNMENT_TALKING] > 0)
        return SAPA_DOING_TALKING;
    if (agent->doing[SAPA_ASSIGNMENT_HELD] > 0)
        return SAPA_DOING_HOLD;
    if (agent->doing[SAPA_ASSIGNMENT_OFFERED] > 0)
        return SAPA_DOING_RINGING;
    if (agent->doing[SAPA_ASSIGNMENT_WRAPUP] > 0)
        return SAPA_DOING_WRAPUP;
    if (agent->presence == SAPA_PRESENCE_READY)
        return SAPA_DOING_READY;
    return agent->presence == SAPA_PRESENCE_NOT_READY ? SAPA_DOING_NOT_READY : SAPA_DOING_OFFLINE;
}

static void show(struct live_agent *agent, int64_t at_us)
{
    const enum sapa_view_doing doing = doing_of(agent);

    if (agent->shown == doing && agent->since_us != 0)
        return;
    agent->shown = (uint8_t)doing;
    agent->since_us = at_us;
}

/* One contact, or one on hold and another beside it. */
static void take_in_hand(struct live_agent *agent, uint64_t contact, bool on)
{
    if (on && agent->contact != contact) {
        agent->before = agent->contact;
        agent->contact = contact;
    } else if (!on && agent->contact == contact) {
        agent->contact = agent->before;
        agent->before = 0;
    } else if (!on && agent->before == contact) {
        agent->before = 0;
    }
}

static sapa_rc about_agent(struct sapa_live *live, const struct sapa_record *record)
{
    const struct sapa_rec_agent_moved *moved = &record->u.agent_moved;
    const struct sapa_rec_assignment_moved *assigned = &record->u.assignment_moved;
    struct live_agent *agent;
    const sapa_rc rc = agent_at(live, record->type == SAPA_T_agent_moved ? moved->agent
                                      : record->type == SAPA_T_assignment_moved ? assigned->agent
                                                                                : record->u.agent_device.agent,
                                &agent);

    if (!agent)
        return rc;
    if (record->type == SAPA_T_agent_device) {
        agent->device = record->u.agent_device.reachable != 0;
        return SAPA_OK;
    }
    if (record->type == SAPA_T_agent_moved) {
        agent->presence = (uint8_t)SAPA_MIN(moved->to, (uint64_t)SAPA_PRESENCE_COUNT);
        agent->reason = dim_of(live, SAPA_DIM_REASON, moved->reason);
        if (moved->from != moved->to || moved->reason != SAPA_NONE)
            agent->since_us = agent->shown <= SAPA_DOING_READY ? 0 : agent->since_us;
        news(live, record, (struct sapa_live_news){ .agent = (uint32_t)agent->dim, .queue = agent->reason,
                                                    .a = (uint32_t)moved->to, .b = (uint32_t)moved->by });
    } else if (assigned->from < SAPA_ASSIGNMENT_COUNT && assigned->to < SAPA_ASSIGNMENT_COUNT) {
        agent->doing[assigned->from] -= assigned->from != SAPA_ASSIGNMENT_NONE && agent->doing[assigned->from] > 0;
        agent->doing[assigned->to] += assigned->to != SAPA_ASSIGNMENT_NONE;
        take_in_hand(agent, assigned->contact, assigned->to != SAPA_ASSIGNMENT_NONE);
    }
    show(agent, record->at_us);
    return SAPA_OK;
}

/* ---- folding ---- */

static void switched(struct sapa_live *live, const struct sapa_record *record)
{
    const struct sapa_rec_switch_changed *in = &record->u.switch_changed;
    const uint64_t bit = UINT64_C(1) << (in->client >= ALL_CLIENTS ? ALL_CLIENTS : in->client);
    uint64_t *which = in->which == SAPA_SWITCH_SURGE ? &live->surge : &live->closed;

    *which = in->on ? *which | bit : *which & ~bit;
    news(live, record, (struct sapa_live_news){ .a = (uint32_t)in->which, .b = in->on != 0,
                                                .queue = dim_of(live, SAPA_DIM_CLIENT, in->client) });
}

static void alarmed(struct sapa_live *live, const struct sapa_record *record)
{
    const struct sapa_rec_alarm_raised *in = &record->u.alarm_raised;

    if (in->kind >= SAPA_ALARM_COUNT)
        return;
    if (in->on)
        live->alarms |= 1u << in->kind;
    else
        live->alarms &= ~(1u << in->kind);
    news(live, record, (struct sapa_live_news){ .a = (uint32_t)in->kind, .b = in->on != 0, .contact = in->contact });
}

/* Nobody was there: whoever did not talk has been so much shorter in his state. */
static void stopped(struct sapa_live *live, const struct sapa_record *record)
{
    const struct sapa_rec_centre_started *in = &record->u.centre_started;
    const int64_t down_us = record->at_us - in->stopped_us;

    if (in->stopped_us <= 0 || down_us <= 0)
        return;
    for (uint32_t i = 0; i < live->agents.count; i++) {
        struct live_agent *agent = sapa_table_at(&live->agents, i);
        const bool talks = agent->shown == SAPA_DOING_TALKING || agent->shown == SAPA_DOING_HOLD;
        if (agent->since_us != 0 && (in->whole || !talks))
            agent->since_us += down_us;
    }
}

/* A new local day: yesterday's rows go, what is going on stays. */
sapa_rc sapa_live_turn_day(struct sapa_live *live, int64_t at_us)
{
    const struct sapa_span day = sapa_zone_span(zone_of(live), SAPA_GRAIN_DAY, at_us / 1000000);

    live->day_end_s = day.to_s;
    return sapa_intervals_forget(&live->today, day.from_s);
}

static sapa_rc turn_minute(struct sapa_live *live, int64_t at_us)
{
    const struct sapa_span minute = sapa_zone_span(zone_of(live), SAPA_GRAIN_MINUTE, at_us / 1000000);

    live->minute_end_s = minute.to_s;
    return sapa_intervals_forget(&live->recent, minute.from_s - (SAPA_LIVE_RECENT_MIN - 1) * 60);
}

/* A description may bring another zone: then both are looked at anew. */
static sapa_rc turn(struct sapa_live *live, int64_t at_us, bool anew)
{
    sapa_rc rc = anew || at_us / 1000000 >= live->day_end_s ? sapa_live_turn_day(live, at_us) : SAPA_OK;

    if (rc == SAPA_OK && (anew || at_us / 1000000 >= live->minute_end_s))
        rc = turn_minute(live, at_us);
    return rc;
}

sapa_rc sapa_live_until(struct sapa_live *live, int64_t now_us)
{
    live->now_us = SAPA_MAX(live->now_us, now_us);
    sapa_rc rc = turn(live, live->now_us, false);
    if (rc == SAPA_OK)
        rc = sapa_intervals_until(&live->today, live->now_us);
    return rc == SAPA_OK ? sapa_intervals_until(&live->recent, live->now_us) : rc;
}

sapa_rc sapa_live_fold(struct sapa_live *live, const struct sapa_record *record)
{
    struct live_contact *contact = NULL;
    sapa_rc rc = SAPA_OK;

    if (record->seq != 0) {
        if (record->seq <= live->seq)
            return SAPA_OK;
        live->seq = record->seq;
    }
    live->now_us = SAPA_MAX(live->now_us, record->at_us);
    rc = turn(live, live->now_us, record->type == SAPA_T_centre_started);
    if (rc == SAPA_OK)
        rc = sapa_intervals_fold(&live->today, record);
    if (rc == SAPA_OK)
        rc = sapa_intervals_fold(&live->recent, record);
    if (rc != SAPA_OK)
        return rc;
    switch (record->type) {
    case SAPA_T_contact_new: return opened(live, record);
#define C(name)                                                                     \
    case SAPA_T_##name:                                                             \
        contact = sapa_table_find(&live->contacts, record->u.name.contact);         \
        break;
    C(contact_queued) C(contact_dequeued) C(callback_changed) C(offer_made) C(offer_ended)
    C(contact_connected) C(contact_parted) C(contact_ended) C(party_joined) C(contact_transferred)
#undef C
    case SAPA_T_centre_started: stopped(live, record); break;
    case SAPA_T_call_denied:
        news(live, record, (struct sapa_live_news){
            .agent = dim_of(live, SAPA_DIM_AGENT, record->u.call_denied.agent), .queue = SAPA_NONE,
            .a = (uint32_t)SAPA_MIN(record->u.call_denied.why, (uint64_t)SAPA_DENIAL_COUNT) });
        break;
    case SAPA_T_agent_moved:
    case SAPA_T_assignment_moved:
    case SAPA_T_agent_device: return about_agent(live, record);
    case SAPA_T_switch_changed: switched(live, record); break;
    case SAPA_T_alarm_raised: alarmed(live, record); break;
    default: break;
    }
    if (contact)
        about_contact(live, contact, record);
    return SAPA_OK;
}

/* ---- saving ---- */

struct live_head {
    uint64_t seq;
    int64_t now_us, day_end_s, from_s, minute_end_s, recent_from_s;
    uint64_t surge, closed;
    uint32_t alarms, news_next;
    struct sapa_live_news news[SAPA_LIVE_NEWS_MAX];
    uint32_t ended_count, dropped;
    uint8_t drops[SAPA_LIVE_DROPS_OF];
};

sapa_rc sapa_live_save(const struct sapa_live *live, const struct sapa_save *save)
{
    struct live_head head;
    sapa_rc rc;

    memset(&head, 0, sizeof(head));
    head.seq = live->seq;
    head.now_us = live->now_us;
    head.day_end_s = live->day_end_s;
    head.from_s = live->today.options.from_s;
    head.minute_end_s = live->minute_end_s;
    head.recent_from_s = live->recent.options.from_s;
    head.surge = live->surge;
    head.closed = live->closed;
    head.alarms = live->alarms;
    head.news_next = live->news_next;
    memcpy(head.news, live->news, sizeof(head.news));
    head.ended_count = live->ended_count;
    head.dropped = live->dropped;
    memcpy(head.drops, live->drops, sizeof(head.drops));
    rc = save_head(save, LIVE_MARK, LIVE_VERSION, sizeof(head));
    if (rc == SAPA_OK && !save->put(save->ctx, &head, sizeof(head)))
        rc = SAPA_EIO;
    if (rc == SAPA_OK)
        rc = save_table(save, &live->contacts);
    if (rc == SAPA_OK)
        rc = save_table(save, &live->agents);
    if (rc == SAPA_OK)
        rc = sapa_intervals_save(&live->today, save);
    return rc == SAPA_OK ? sapa_intervals_save(&live->recent, save) : rc;
}

static bool sane_contact(const void *entry)
{
    const struct live_contact *contact = entry;

    return is_bool(&contact->is_callback) && is_bool(&contact->queued) && is_bool(&contact->answered);
}

static bool sane_agent(const void *entry)
{
    return is_bool(&((const struct live_agent *)entry)->device);
}

sapa_rc sapa_live_load(struct sapa_live *live, const struct sapa_load *load)
{
    struct live_head head;
    sapa_rc rc = load_head(load, LIVE_MARK, LIVE_VERSION, sizeof(head));

    if (rc != SAPA_OK)
        return rc;
    if (!load->get(load->ctx, &head, sizeof(head)))
        return SAPA_ECORRUPT;
    if (head.minute_end_s < -SECONDS_MAX || head.minute_end_s > SECONDS_MAX || head.recent_from_s < -SECONDS_MAX || head.recent_from_s > SECONDS_MAX)
        return SAPA_ECORRUPT;
    if (head.from_s < -SECONDS_MAX || head.from_s > SECONDS_MAX || head.day_end_s < -SECONDS_MAX || head.day_end_s > SECONDS_MAX)
        return SAPA_ECORRUPT;
    live->seq = head.seq;
    live->now_us = head.now_us;
    live->day_end_s = head.day_end_s;
    live->today.options.from_s = head.from_s;
    live->minute_end_s = head.minute_end_s;
    live->recent.options.from_s = head.recent_from_s;
    live->surge = head.surge;
    live->closed = head.closed;
    live->alarms = head.alarms;
    live->news_next = head.news_next;
    memcpy(live->news, head.news, sizeof(head.news));
    live->ended_count = head.ended_count;
    live->dropped = 0; /* counted, not believed: it is subtracted from */
    for (unsigned i = 0; i < SAPA_LIVE_DROPS_OF; i++)
        live->dropped += live->drops[i] = head.drops[i] != 0;
    rc = load_table(load, &live->contacts, sane_contact);
    if (rc == SAPA_OK)
        rc = load_table(load, &live->agents, sane_agent);
    if (rc == SAPA_OK)
        rc = sapa_intervals_load(&live->today, load);
    return rc == SAPA_OK ? sapa_intervals_load(&live->recent, load) : rc;
}
