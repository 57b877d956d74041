/* The view: the fold's state made flat, with names and the day's figures. */
#include "report/figure.h"
#include "report/kpi.h"
#include "report/live_impl.h"
#include "report/print.h"
#include "report/text_impl.h"
#include "report/words.h"

static const unsigned percents[SAPA_VIEW_PERCENTS] = { 50, 90, 95 };

static uint32_t ms_between(int64_t from_us, int64_t to_us)
{
    const int64_t ms = (to_us - from_us) / 1000;

    return (uint32_t)SAPA_MAX(SAPA_MIN(ms, (int64_t)UINT32_MAX), 0);
}

static int64_t kpi(const char *key, const char *variant, const struct sapa_measures *m)
{
    const struct sapa_kpi *found = sapa_kpi_find(key, variant);

    sapa_assert(found != NULL);
    return found->value(m);
}

static bool has_skill(const struct sapa_centre *centre, const struct sapa_agent *agent,
                      const struct sapa_need *need)
{
    for (uint32_t i = 0; i < agent->skill_count; i++) {
        const struct sapa_agent_skill_level *level = &centre->levels[agent->skill_first + i];
        if (level->skill == need->skill)
            return level->level >= need->level_min;
    }
    return false;
}

void sapa_live_serves(struct sapa_live *live, bool (*serves)(const void *ctx, uint32_t agent, uint32_t queue), const void *ctx)
{
    live->serves = serves;
    live->serves_ctx = ctx;
}

/* May this agent serve the queue in one of its steps? */
static bool may_serve(const struct sapa_live *live, uint32_t queue_index, uint32_t agent_index)
{
    const struct sapa_centre *centre = live->names->centre;
    const struct sapa_queue *queue = &centre->queues[queue_index];
    const struct sapa_agent *agent = &centre->agents[agent_index];

    if (live->serves)
        return live->serves(live->serves_ctx, agent_index, queue_index);
    if (queue->client < 64 && !(agent->clients >> queue->client & 1))
        return false;
    for (unsigned s = 0; s < queue->step_count && s < SAPA_STEPS_MAX; s++) {
        const struct sapa_step *step = &queue->steps[s];
        bool fits = step->team == SAPA_NONE || step->team == agent->team;
        for (unsigned n = 0; n < step->need_count && n < SAPA_NEEDS_MAX && fits; n++)
            fits = has_skill(centre, agent, &step->needs[n]);
        if (fits)
            return true;
    }
    return false;
}

static const struct live_agent *agent_of(const struct sapa_live *live, uint32_t index)
{
    return sapa_table_find(&live->agents, sapa_names_dim(live->names, SAPA_DIM_AGENT, index));
}

static void count_staff(const struct sapa_live *live, uint32_t queue_index, struct sapa_view_queue *view)
{
    const struct sapa_centre *centre = live->names->centre;

    for (uint32_t i = 0; i < centre->agents_count; i++) {
        const struct live_agent *agent = agent_of(live, i);
        const unsigned shown = agent ? agent->shown : SAPA_DOING_OFFLINE;
        if (shown == SAPA_DOING_OFFLINE || !may_serve(live, queue_index, i))
            continue;
        view->agents_ready += shown == SAPA_DOING_READY;
        view->agents_not_ready += shown == SAPA_DOING_NOT_READY;
        view->agents_busy += shown > SAPA_DOING_READY;
    }
}

/* What stands in each queue now. `views` is indexed as the description. */
static void count_lines(const struct sapa_live *live, int64_t now_us, struct sapa_view_queue *views,
                        uint32_t count)
{
    for (uint32_t i = 0; i < live->contacts.count; i++) {
        const struct live_contact *contact = sapa_table_at(&live->contacts, i);
        struct sapa_view_queue *view = NULL;
        for (uint32_t q = 0; q < count && !view; q++)
            if (contact->queue != SAPA_NONE && live->names->dims[SAPA_DIM_QUEUE].of_index[q] == contact->queue)
                view = &views[q];
        if (!view)
            continue;
        view->talking += contact->place == SAPA_PLACE_TALK;
        view->ringing += contact->ringing > 0;
        if (!contact->queued)
            continue;
        if (contact->is_callback) {
            view->callbacks_waiting++;
        } else {
            view->waiting++;
            view->longest_ms = SAPA_MAX(view->longest_ms, ms_between(contact->queued_us, now_us));
        }
    }
}

static sapa_rc view_queues(struct sapa_live *live, int64_t now_us, enum sapa_language language,
                           struct sapa_view *view, uint32_t size)
{
    const struct sapa_centre *centre = live->names->centre;
    const uint32_t count = centre ? SAPA_MIN(size, centre->queues_count) : 0;

    for (uint32_t i = 0; i < count; i++) {
        const uint32_t dim = sapa_names_dim(live->names, SAPA_DIM_QUEUE, i);
        const struct sapa_queue *queue = &centre->queues[i];
        struct sapa_view_queue *out = &view->queues[i];
        struct sapa_row row;
        const sapa_rc rc = sapa_intervals_read(&live->today, SAPA_ROWS_QUEUES, dim, now_us, &row);
        if (rc != SAPA_OK)
            return rc;
        memset(out, 0, sizeof(*out));
        fit_text(queue->key, out->key, sizeof(out->key));
        fit_text(sapa_names_text(live->names, SAPA_DIM_QUEUE, dim, language), out->name, sizeof(out->name));
        fit_text(sapa_names_text(live->names, SAPA_DIM_CLIENT,
                                 sapa_names_dim(live->names, SAPA_DIM_CLIENT, queue->client), language),
                 out->client, sizeof(out->client));
        out->level_ms = queue->service_level_ms;
        out->level_percent = queue->service_level_percent;
        out->offered = (uint64_t)row.m.of[SAPA_M_OFFERED];
        out->answered = (uint64_t)row.m.of[SAPA_M_ANSWERED];
        out->abandoned = (uint64_t)row.m.of[SAPA_M_ABANDONED];
        out->abandoned_short = (uint64_t)row.m.of[SAPA_M_ABANDONED_SHORT];
        out->overflowed = (uint64_t)row.m.of[SAPA_M_OVERFLOWED];
        out->callbacks = (uint64_t)row.m.of[SAPA_M_CALLBACK];
        out->service_level = sapa_kpi_service_level(&row.m);
        out->abandon_rate = kpi("abandon_rate", "short excluded", &row.m);
        out->asa_ms = kpi("asa", "", &row.m);
        for (unsigned p = 0; p < SAPA_VIEW_PERCENTS; p++) {
            out->wait_ms[p] = sapa_figure_percentile(SAPA_DIST_WAIT, percents[p], &row);
            out->handling_ms[p] = sapa_figure_percentile(SAPA_DIST_HANDLE, percents[p], &row);
        }
        out->transfers = (uint64_t)row.m.of[SAPA_M_TRANSFERS];
        count_staff(live, i, out);
    }
    view->queue_count = count;
    count_lines(live, now_us, view->queues, count);
    return SAPA_OK;
}

static sapa_rc view_agents(struct sapa_live *live, int64_t now_us, enum sapa_language language,
                           struct sapa_view *view, uint32_t size)
{
    const struct sapa_centre *centre = live->names->centre;
    const uint32_t count = centre ? SAPA_MIN(size, centre->agents_count) : 0;

    for (uint32_t i = 0; i < count; i++) {
        const uint32_t dim = sapa_names_dim(live->names, SAPA_DIM_AGENT, i);
        const struct live_agent *agent = sapa_table_find(&live->agents, dim);
        const struct live_contact *contact =
            agent && agent->contact ? sapa_table_find(&live->contacts, agent->contact) : NULL;
        struct sapa_view_agent *out = &view->agents[i];
        struct sapa_row row;
        const sapa_rc rc = sapa_intervals_get(&live->today, SAPA_ROWS_AGENTS, dim, now_us, &row);
        if (rc != SAPA_OK)
            return rc;
        memset(out, 0, sizeof(*out));
        fit_text(centre->agents[i].key, out->key, sizeof(out->key));
        fit_text(sapa_names_text(live->names, SAPA_DIM_AGENT, dim, language), out->name, sizeof(out->name));
        fit_text(centre->agents[i].extension, out->extension, sizeof(out->extension));
        out->handled = (uint32_t)row.m.of[SAPA_M_HANDLED];
        out->missed = (uint32_t)(row.m.of[SAPA_M_OFFERS_MISSED] + row.m.of[SAPA_M_OFFERS_REFUSED]);
        out->occupancy = kpi("occupancy", "", &row.m);
        if (!agent)
            continue;
        out->doing = agent->shown;
        out->presence = agent->presence;
        out->device = agent->device;
        out->contact = agent->contact;
        out->since_ms = agent->since_us ? ms_between(agent->since_us, now_us) : 0;
        if (agent->presence == SAPA_PRESENCE_NOT_READY && agent->reason != SAPA_NONE)
            fit_text(sapa_names_text(live->names, SAPA_DIM_REASON, agent->reason, language), out->reason,
                     sizeof(out->reason));
        if (contact && contact->queue != SAPA_NONE)
            fit_text(sapa_names_text(live->names, SAPA_DIM_QUEUE, contact->queue, language), out->queue,
                     sizeof(out->queue));
    }
    view->agent_count = count;
    return SAPA_OK;
}

/* The oldest `size` of the open contacts, in order: kept sorted while they are gathered. */
static void view_calls(const struct sapa_live *live, int64_t now_us, enum sapa_language language,
                       struct sapa_view *view, uint32_t size)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < live->contacts.count && size > 0; i++) {
        const struct live_contact *contact = sapa_table_at(&live->contacts, i);
        const uint32_t age_ms = ms_between(contact->opened_us, now_us);
        uint32_t at = count;
        while (at > 0 && (view->calls[at - 1].age_ms < age_ms
                          || (view->calls[at - 1].age_ms == age_ms && view->calls[at - 1].contact > contact->contact)))
            at--;
        if (at == size)
            continue;
        count += count < size;
        memmove(&view->calls[at + 1], &view->calls[at], (count - 1 - at) * sizeof(view->calls[0]));
        struct sapa_view_call *out = &view->calls[at];
        memset(out, 0, sizeof(*out));
        out->contact = contact->contact;
        out->age_ms = age_ms;
        out->here_ms = ms_between(contact->since_us, now_us);
        out->place = contact->place;
        out->channel = contact->channel;
        out->direction = contact->direction;
        fit_text(sapa_names_text(live->names, SAPA_DIM_CLIENT, contact->client, language), out->client,
                 sizeof(out->client));
        fit_text(sapa_names_key(live->names, SAPA_DIM_NUMBER, contact->number), out->number, sizeof(out->number));
        if (contact->queue != SAPA_NONE)
            fit_text(sapa_names_text(live->names, SAPA_DIM_QUEUE, contact->queue, language), out->queue,
                     sizeof(out->queue));
        if (contact->agent != SAPA_NONE && (contact->place == SAPA_PLACE_TALK || contact->ringing > 0))
            fit_text(sapa_names_text(live->names, SAPA_DIM_AGENT, contact->agent, language), out->agent,
                     sizeof(out->agent));
    }
    view->call_count = count;
}

/* ---- news in words ---- */

static void say(const struct sapa_live *live, const struct sapa_live_news *item, enum sapa_language language,
                struct sapa_text *out)
{
    const bool id = language == SAPA_LANGUAGE_ID;
    const struct sapa_str agent = sapa_names_text(live->names, SAPA_DIM_AGENT, item->agent, language);
    const struct sapa_str queue = sapa_names_text(live->names, SAPA_DIM_QUEUE, item->queue, language);

    switch (item->type) {
    case SAPA_T_party_joined:
        sapa_text_printf(out, id ? SAPA_STR_FMT " ikut berbicara, %u orang" : SAPA_STR_FMT " joins a conversation, %u talk",
                         SAPA_STR_ARG(agent), item->a);
        break;
    case SAPA_T_contact_transferred: {
        static const enum sapa_dim dims[] = { SAPA_DIM_QUEUE, SAPA_DIM_NUMBER, SAPA_DIM_AGENT };
        const struct sapa_str target = item->a < SAPA_COUNT(dims) ? sapa_names_text(live->names, dims[item->a], item->queue, language)
                                                                  : (id ? SAPA_STR("nomor luar") : SAPA_STR("an outside number"));
        sapa_text_printf(out, id ? SAPA_STR_FMT " mengalihkan ke " SAPA_STR_FMT "%s" : SAPA_STR_FMT " passed a call on to " SAPA_STR_FMT "%s",
                         SAPA_STR_ARG(agent), SAPA_STR_ARG(target), item->b ? (id ? " setelah bertanya" : " after asking") : "");
        break;
    }
    case SAPA_T_call_denied:
        sapa_text_printf(out, id ? SAPA_STR_FMT " tidak boleh menelepon: %s" : SAPA_STR_FMT " may not call: %s", SAPA_STR_ARG(agent),
                         sapa_word_denial(item->a, language));
        break;
    case SAPA_T_contact_connected:
        sapa_text_printf(out, id ? SAPA_STR_FMT " berbicara dengan penelepon dari " SAPA_STR_FMT ", tunggu "
                                 : SAPA_STR_FMT " talks with a caller of " SAPA_STR_FMT ", waited ",
                         SAPA_STR_ARG(agent), SAPA_STR_ARG(queue));
        sapa_print_ms(out, item->a);
        break;
    case SAPA_T_contact_ended:
        if (item->queue != SAPA_NONE)
            sapa_text_printf(out, SAPA_STR_FMT ": ", SAPA_STR_ARG(queue));
        sapa_text_printf(out, "%s (%s)", sapa_word_outcome(item->a, language), sapa_word_side(item->b, language));
        break;
    case SAPA_T_offer_ended:
        sapa_text_printf(out, id ? SAPA_STR_FMT " melewatkan panggilan: %s" : SAPA_STR_FMT " missed a call: %s",
                         SAPA_STR_ARG(agent), sapa_word_offer(item->a, language));
        break;
    case SAPA_T_agent_moved:
        sapa_text_printf(out, SAPA_STR_FMT ": %s", SAPA_STR_ARG(agent), sapa_word_presence(item->a, language));
        if (item->a == SAPA_PRESENCE_NOT_READY && item->queue != SAPA_NONE)
            sapa_text_printf(out, ", " SAPA_STR_FMT,
                             SAPA_STR_ARG(sapa_names_text(live->names, SAPA_DIM_REASON, item->queue, language)));
        if (item->b == 2)
            sapa_text_add(out, id ? SAPA_STR(" (tidak menjawab)") : SAPA_STR(" (did not answer)"));
        else if (item->b == 1 && item->a == SAPA_PRESENCE_READY)
            sapa_text_add(out, id ? SAPA_STR(" (telepon kembali)") : SAPA_STR(" (phone is back)"));
        else if (item->b == 1)
            sapa_text_add(out, id ? SAPA_STR(" (telepon hilang)") : SAPA_STR(" (phone lost)"));
        break;
    case SAPA_T_switch_changed:
        sapa_text_printf(out, "%s %s: " SAPA_STR_FMT, sapa_switch_name(item->a),
                         item->b ? (id ? "nyala" : "on") : (id ? "mati" : "off"),
                         SAPA_STR_ARG(item->queue == SAPA_NONE
                                          ? (id ? SAPA_STR("semua klien") : SAPA_STR("all clients"))
                                          : sapa_names_text(live->names, SAPA_DIM_CLIENT, item->queue, language)));
        break;
    case SAPA_T_alarm_raised:
        sapa_text_printf(out, "%s: %s", item->b ? "ALARM" : (id ? "selesai" : "over"), sapa_alarm_name(item->a));
        break;
    default: break;
    }
}

static void view_news(const struct sapa_live *live, enum sapa_language language, struct sapa_view *view,
                      uint32_t size)
{
    const uint32_t have = SAPA_MIN(live->news_next, (uint32_t)SAPA_LIVE_NEWS_MAX);
    const uint32_t count = SAPA_MIN(size, have);

    for (uint32_t i = 0; i < count; i++) {
        const struct sapa_live_news *item = &live->news[(live->news_next - 1 - i) % SAPA_LIVE_NEWS_MAX];
        struct sapa_text text;
        view->news[i].at_us = item->at_us;
        sapa_text_init(&text, view->news[i].text, sizeof(view->news[i].text));
        say(live, item, language, &text);
    }
    view->news_count = count;
}

static void view_totals(const struct sapa_live *live, struct sapa_view *view, const struct sapa_row *total)
{
    const struct sapa_centre *centre = live->names->centre;

    for (uint32_t i = 0; i < live->contacts.count; i++) {
        const struct live_contact *contact = sapa_table_at(&live->contacts, i);
        view->in_menu += contact->place == SAPA_PLACE_FLOW;
        view->waiting += contact->place == SAPA_PLACE_QUEUE;
        view->ringing += contact->place == SAPA_PLACE_RINGING;
        view->talking += contact->place == SAPA_PLACE_TALK;
        view->callbacks += contact->place == SAPA_PLACE_CALLBACK;
    }
    view->open = live->contacts.count;
    for (uint32_t i = 0; i < live->contacts.count; i++) {
        const struct live_contact *contact = sapa_table_at(&live->contacts, i);
        view->outbound += contact->direction == SAPA_DIRECTION_OUTBOUND;
        view->internal += contact->direction == SAPA_DIRECTION_INTERNAL;
    }
    for (uint32_t i = 0; centre && i < centre->agents_count; i++) {
        const struct live_agent *agent = agent_of(live, i);
        const unsigned shown = agent ? agent->shown : SAPA_DOING_OFFLINE;
        view->agents_ready += shown == SAPA_DOING_READY;
        view->agents_not_ready += shown == SAPA_DOING_NOT_READY;
        view->agents_offline += shown == SAPA_DOING_OFFLINE;
        view->agents_wrapup += shown == SAPA_DOING_WRAPUP;
        view->agents_busy += shown == SAPA_DOING_RINGING || shown == SAPA_DOING_TALKING || shown == SAPA_DOING_HOLD;
    }
    view->offered = (uint64_t)total->m.of[SAPA_M_OFFERED];
    view->answered = (uint64_t)total->m.of[SAPA_M_ANSWERED];
    for (uint32_t i = 0; i < live->contacts.count; i++) { /* whoever talks now is answered, not "open" */
        const struct live_contact *contact = sapa_table_at(&live->contacts, i);
        view->answered += contact->direction == SAPA_DIRECTION_INBOUND && contact->answered && contact->opened_us >= live->today.options.from_s * 1000000;
    }
    view->abandoned = (uint64_t)total->m.of[SAPA_M_ABANDONED];
    view->contained = (uint64_t)total->m.of[SAPA_M_CONTAINED];
    view->system_faults = (uint64_t)(total->m.of[SAPA_M_SYSTEM_FAULT]);
}

/* Of all queues together: a contact that waits no longer counts there at once, not when it ends. */
static sapa_rc view_service_level(struct sapa_live *live, int64_t now_us, struct sapa_view *view)
{
    struct sapa_measures all = { { 0 } };
    struct sapa_row row;

    for (uint32_t dim = 0; dim < live->names->dims[SAPA_DIM_QUEUE].count; dim++) {
        const sapa_rc rc = sapa_intervals_get(&live->today, SAPA_ROWS_QUEUES, dim, now_us, &row);
        if (rc != SAPA_OK)
            return rc;
        sapa_measures_join(&all, &row.m);
    }
    view->service_level = sapa_kpi_service_level(&all);
    return SAPA_OK;
}

sapa_rc sapa_live_view(struct sapa_live *live, int64_t now_us, enum sapa_language language,
                       const struct sapa_view_room *room, struct sapa_view *ret_view)
{
    const struct sapa_centre *centre = live->names->centre;
    struct sapa_view view = { .queues = room->queues, .agents = room->agents, .calls = room->calls,
                              .news = room->news, .language = language };
    struct sapa_row total;

    now_us = SAPA_MAX(now_us, live->now_us);
    view.now_us = now_us;
    sapa_rc rc = sapa_live_until(live, now_us);
    if (rc == SAPA_OK)
        rc = sapa_intervals_get(&live->today, SAPA_ROWS_TOTAL, 0, now_us, &total);
    if (rc == SAPA_OK)
        rc = view_queues(live, now_us, language, &view, room->queue_size);
    if (rc == SAPA_OK)
        rc = view_agents(live, now_us, language, &view, room->agent_size);
    if (rc == SAPA_OK)
        rc = view_service_level(live, now_us, &view);
    if (rc != SAPA_OK)
        return rc;
    if (centre) {
        fit_text(centre->system.name, view.centre, sizeof(view.centre));
        if (centre->system.zone < centre->zones_count)
            view.offset_s = sapa_zone_offset(&centre->zones[centre->system.zone], now_us / 1000000);
    }
    view_totals(live, &view, &total);
    view_calls(live, now_us, language, &view, room->call_size);
    view_news(live, language, &view, room->news_size);
    view.surge = live->surge;
    view.closed = live->closed;
    view.alarms = live->alarms;
    *ret_view = view;
    return SAPA_OK;
}

/* ---- for pages ---- */

static const char *const live_keys[SAPA_LIVE_FIGURE_COUNT] = {
#define X(id, key) key,
    SAPA_LIVE_FIGURES(X)
#undef X
};

const char *sapa_live_figure_key(unsigned figure)
{
    return figure < SAPA_LIVE_FIGURE_COUNT ? live_keys[figure] : "?";
}

void sapa_live_values(const struct sapa_live *live, enum sapa_rows kind, const struct sapa_measures *m, struct sapa_live_values *ret)
{
    const struct sapa_row row = { .kind = kind, .dim = SAPA_NONE, .m = *m };
    const uint32_t of = kind == SAPA_ROWS_AGENTS ? live->of_agents : live->of_queues;

    for (unsigned i = 0; i < SAPA_LIVE_FIGURE_COUNT; i++)
        ret->of[i] = of >> i & 1 ? sapa_figure_value(live->figures[i], &row) : SAPA_KPI_NONE;
}

/* The recent minutes joined. */
static sapa_rc recent_measures(struct sapa_live *live, enum sapa_rows kind, uint32_t dim, int64_t now_us, struct sapa_measures *ret)
{
    struct sapa_row row;

    for (unsigned i = 0; i < SAPA_LIVE_RECENT_MIN; i++) {
        const sapa_rc rc = sapa_intervals_get(&live->recent, kind, dim, now_us - (int64_t)i * 60000000, &row);
        if (rc != SAPA_OK)
            return rc;
        sapa_measures_join(ret, &row.m);
    }
    return SAPA_OK;
}

sapa_rc sapa_live_team(struct sapa_live *live, uint32_t team, enum sapa_live_period period, int64_t now_us, struct sapa_measures *ret,
                       uint32_t *ret_people)
{
    const struct sapa_centre *centre = live->names->centre;
    uint32_t people = 0;
    struct sapa_row row;

    now_us = SAPA_MAX(now_us, live->now_us);
    memset(ret, 0, sizeof(*ret));
    for (uint32_t i = 0; centre && i < centre->agents_count; i++) {
        if (centre->agents[i].team != team)
            continue;
        const sapa_rc rc = sapa_intervals_get(&live->today, SAPA_ROWS_AGENTS, sapa_names_dim(live->names, SAPA_DIM_AGENT, i), now_us, &row);
        if (rc != SAPA_OK)
            return rc;
        people += row.m.of[SAPA_M_LOGGED_IN] > 0;
        if (period == SAPA_LIVE_TODAY)
            sapa_measures_join(ret, &row.m);
    }
    *ret_people = people;
    return period == SAPA_LIVE_TODAY ? SAPA_OK : recent_measures(live, SAPA_ROWS_AGENTS, sapa_names_dim(live->names, SAPA_DIM_TEAM, team), now_us, ret);
}

sapa_rc sapa_live_measures(struct sapa_live *live, uint32_t queue, enum sapa_live_period period, int64_t now_us,
                           struct sapa_measures *ret)
{
    const uint32_t dim = sapa_names_dim(live->names, SAPA_DIM_QUEUE, queue);
    struct sapa_row row;
    sapa_rc rc;

    now_us = SAPA_MAX(now_us, live->now_us);
    memset(ret, 0, sizeof(*ret));
    if (period == SAPA_LIVE_TODAY) {
        rc = sapa_intervals_get(&live->today, SAPA_ROWS_QUEUES, dim, now_us, &row);
        if (rc == SAPA_OK)
            *ret = row.m;
        return rc;
    }
    return recent_measures(live, SAPA_ROWS_QUEUES, dim, now_us, ret);
}

static bool is_of(const struct live_contact *contact, enum sapa_rows kind, uint32_t dim)
{
    return kind == SAPA_ROWS_TOTAL || (kind == SAPA_ROWS_CLIENTS ? contact->client : contact->queue) == dim;
}

void sapa_live_now(const struct sapa_live *live, enum sapa_rows kind, uint32_t index, struct sapa_live_now *ret)
{
    const struct sapa_centre *centre = live->names->centre;
    const uint32_t dim = kind == SAPA_ROWS_TOTAL ? 0 : sapa_names_dim(live->names, kind == SAPA_ROWS_CLIENTS ? SAPA_DIM_CLIENT : SAPA_DIM_QUEUE, index);

    memset(ret, 0, sizeof(*ret));
    for (uint32_t i = 0; i < live->contacts.count; i++) {
        const struct live_contact *contact = sapa_table_at(&live->contacts, i);
        if (!is_of(contact, kind, dim))
            continue;
        ret->talking += contact->place == SAPA_PLACE_TALK;
        ret->ringing += contact->ringing > 0;
        ret->callbacks_waiting += contact->queued && contact->is_callback;
        if (!contact->queued || contact->is_callback)
            continue;
        ret->waiting++;
        ret->oldest_us = ret->oldest_us == 0 ? contact->queued_us : SAPA_MIN(ret->oldest_us, contact->queued_us);
    }
    for (uint32_t i = 0; centre && i < centre->agents_count; i++) {
        const struct live_agent *agent = agent_of(live, i);
        const unsigned shown = agent ? agent->shown : SAPA_DOING_OFFLINE;
        if (shown == SAPA_DOING_OFFLINE ||
            (kind == SAPA_ROWS_CLIENTS && !(index < 64 && (centre->agents[i].clients >> index & 1))) ||
            (kind == SAPA_ROWS_QUEUES && !may_serve(live, index, i)))
            continue;
        ret->agents_ready += shown == SAPA_DOING_READY;
        ret->agents_not_ready += shown == SAPA_DOING_NOT_READY;
        ret->agents_busy += shown > SAPA_DOING_READY;
    }
}

/* ---- as JSON ---- */

struct sapa_view_room sapa_view_room_of(struct sapa_view_memory *memory)
{
    return (struct sapa_view_room){
        .queues = memory->queues, .agents = memory->agents, .calls = memory->calls, .news = memory->news,
        .queue_size = SAPA_VIEW_QUEUES, .agent_size = SAPA_VIEW_AGENTS, .call_size = SAPA_VIEW_CALLS,
        .news_size = SAPA_VIEW_NEWS,
    };
}

#define FIELD(type, kind, member, name) { name, offsetof(struct type, member), sizeof(((struct type *)NULL)->member), SAPA_VIEW_##kind },
#define VIEW(kind, member, name, text) FIELD(sapa_view, kind, member, name)
#define QUEUE(kind, member, name, text) FIELD(sapa_view_queue, kind, member, name)
#define AGENT(kind, member, name, text) FIELD(sapa_view_agent, kind, member, name)
#define CALL(kind, member, name, text) FIELD(sapa_view_call, kind, member, name)
#define NEWS(kind, member, name, text) FIELD(sapa_view_news, kind, member, name)
static const struct sapa_view_field view_fields[] = { SAPA_VIEW_FIELDS(VIEW) }, queue_fields[] = { SAPA_VIEW_QUEUE_FIELDS(QUEUE) },
                                    agent_fields[] = { SAPA_VIEW_AGENT_FIELDS(AGENT) }, call_fields[] = { SAPA_VIEW_CALL_FIELDS(CALL) },
                                    news_fields[] = { SAPA_VIEW_NEWS_FIELDS(NEWS) };

const struct sapa_view_part *sapa_view_part(unsigned which)
{
    static const struct sapa_view_part parts[SAPA_VIEW_PARTS] = {
        { NULL, view_fields, SAPA_COUNT(view_fields), sizeof(struct sapa_view) },
        { "queues", queue_fields, SAPA_COUNT(queue_fields), sizeof(struct sapa_view_queue) },
        { "agents", agent_fields, SAPA_COUNT(agent_fields), sizeof(struct sapa_view_agent) },
        { "calls", call_fields, SAPA_COUNT(call_fields), sizeof(struct sapa_view_call) },
        { "news", news_fields, SAPA_COUNT(news_fields), sizeof(struct sapa_view_news) },
    };

    sapa_assert(which < SAPA_VIEW_PARTS);
    return &parts[which];
}

const char *sapa_view_word(unsigned kind, unsigned value)
{
    static const char *const doings[] = { "offline", "not ready", "ready", "ringing", "talking", "on hold", "wrap-up" };

    switch (kind) {
    case SAPA_VIEW_LANGUAGE: return value < SAPA_LANGUAGE_COUNT ? sapa_language_name(value) : NULL;
    case SAPA_VIEW_DOING: return value < SAPA_COUNT(doings) ? doings[value] : NULL;
    case SAPA_VIEW_PRESENCE: return value < SAPA_PRESENCE_COUNT ? sapa_presence_name(value) : NULL;
    case SAPA_VIEW_PLACE: return value < SAPA_PLACE_COUNT ? sapa_place_name(value) : NULL;
    case SAPA_VIEW_CHANNEL: return value < SAPA_CHANNEL_COUNT ? sapa_channel_name(value) : NULL;
    case SAPA_VIEW_DIRECTION: return value < SAPA_DIRECTION_COUNT ? sapa_direction_name(value) : NULL;
    default: return NULL;
    }
}

static void put_string(struct sapa_text *out, const char *text)
{
    sapa_text_char(out, '"');
    for (const char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\')
            sapa_text_printf(out, "\\%c", *p);
        else if ((uint8_t)*p < 0x20)
            sapa_text_printf(out, "\\u%04x", (uint8_t)*p);
        else
            sapa_text_char(out, *p);
    }
    sapa_text_char(out, '"');
}

static void put_time(struct sapa_text *out, int64_t at_us)
{
    const struct sapa_civil civil = sapa_zone_civil(NULL, at_us / 1000000);

    sapa_text_printf(out, "\"%04d-%02u-%02uT%02u:%02u:%02u.%03lldZ\"", civil.year, civil.month, civil.day, civil.hour,
                     civil.minute, civil.second, (long long)(at_us / 1000 % 1000));
}

static void put_id(struct sapa_text *out, uint64_t id)
{
    if (id == 0)
        sapa_text_add(out, SAPA_STR("null"));
    else
        sapa_text_printf(out, "\"%llu\"", (unsigned long long)id);
}

static void put_alarms(struct sapa_text *out, uint32_t alarms)
{
    sapa_text_char(out, '[');
    for (unsigned i = 0, n = 0; i < SAPA_ALARM_COUNT; i++) {
        if (alarms >> i & 1)
            sapa_text_printf(out, "%s\"%s\"", n++ ? "," : "", sapa_alarm_name(i));
    }
    sapa_text_char(out, ']');
}

static void put_number(struct sapa_text *out, unsigned kind, int64_t value)
{
    if ((kind == SAPA_VIEW_MS || kind == SAPA_VIEW_RATIO) && value == SAPA_KPI_NONE)
        sapa_text_add(out, SAPA_STR("null"));
    else if (kind == SAPA_VIEW_RATIO)
        sapa_text_printf(out, "%lld.%06lld", (long long)(value / 1000000), (long long)(value % 1000000));
    else
        sapa_text_printf(out, "%lld", (long long)value);
}

static void put_field(struct sapa_text *out, const struct sapa_view_field *field, const void *of)
{
    const char *at = (const char *)of + field->offset;
    const char *word = field->size == 1 ? sapa_view_word(field->kind, *(const uint8_t *)at) : NULL;
    int64_t wide = 0;
    uint32_t narrow = 0;

    if (field->size == sizeof(wide))
        memcpy(&wide, at, sizeof(wide));
    else if (field->size == sizeof(narrow))
        memcpy(&narrow, at, sizeof(narrow));
    switch (field->kind) {
    case SAPA_VIEW_TEXT: put_string(out, at); break;
    case SAPA_VIEW_TIME: put_time(out, wide); break;
    case SAPA_VIEW_ALARMS: put_alarms(out, narrow); break;
    case SAPA_VIEW_COUNT: sapa_text_printf(out, "%u", narrow); break;
    case SAPA_VIEW_EAST: sapa_text_printf(out, "%d", (int)narrow); break;
    case SAPA_VIEW_FLAG: sapa_text_add(out, *at ? SAPA_STR("true") : SAPA_STR("false")); break;
    case SAPA_VIEW_ANY: sapa_text_add(out, wide ? SAPA_STR("true") : SAPA_STR("false")); break;
    case SAPA_VIEW_ID: put_id(out, (uint64_t)wide); break;
    case SAPA_VIEW_TOTAL:
    case SAPA_VIEW_MS:
    case SAPA_VIEW_RATIO: put_number(out, field->kind, wide); break;
    default: put_string(out, word ? word : "?"); break;
    }
}

static void put_part(struct sapa_text *out, const struct sapa_view_part *part, const void *of)
{
    sapa_text_char(out, '{');
    for (size_t i = 0; i < part->count; i++) {
        sapa_text_printf(out, "%s\"%s\":", i ? "," : "", part->fields[i].name);
        put_field(out, &part->fields[i], of);
    }
}

void sapa_view_json(const struct sapa_view *view, struct sapa_text *out)
{
    const struct { const void *of; uint32_t count; } lists[SAPA_VIEW_PARTS] = {
        { NULL, 0 }, { view->queues, view->queue_count }, { view->agents, view->agent_count }, { view->calls, view->call_count },
        { view->news, view->news_count },
    };

    put_part(out, sapa_view_part(0), view);
    for (unsigned which = 1; which < SAPA_VIEW_PARTS; which++) {
        const struct sapa_view_part *part = sapa_view_part(which);
        sapa_text_printf(out, ",\"%s\":[", part->name);
        for (uint32_t i = 0; i < lists[which].count; i++) {
            if (i > 0)
                sapa_text_char(out, ',');
            put_part(out, part, (const char *)lists[which].of + i * part->size);
            sapa_text_char(out, '}');
        }
        sapa_text_char(out, ']');
    }
    sapa_text_char(out, '}');
}
