/*
 * The web thread's view of the centre, against the core under random traffic:
 *   the mirror that lives on touched objects is the mirror that is sent whole, after every step;
 *   a subscriber who folds the feed has what a new subscriber's snapshot says, at random moments,
 *   with resumes, full mailboxes and new descriptions on the way; clients see their own only.
 */
#include "app/web_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "app/test_impl.h"
#include "http/feed.h"
#include "http/ticket.h"

#define CENTRE                                                                                             \
    "version: 1\n"                                                                                         \
    "system: { name: Test, zone: Asia/Jakarta, languages: [en], sip_host: sapa, contacts_max: 500 }\n"     \
    "clients: { toko: { name: Toko, language: en }, bank: { name: Bank, language: en } }\n"                \
    "skills: [sales]\n"                                                                                    \
    "teams: [red, blue]\n"                                                                                 \
    "users: { ratna: { name: Ratna, role: caller, teams: [red] } }\n"                                      \
    "roles: { caller: { calls: [ { allow: [colleagues, queues, numbers, outside] } ] } }\n"                \
    "agents:\n"                                                                                            \
    "  siti: { name: Siti, extension: \"101\", password: { secret: a }, skills: { sales: 5 }, role: caller, calls_for: toko, team: red }\n" \
    "  budi: { name: Budi, extension: \"102\", password: { secret: a }, skills: { sales: 3 }, role: caller, calls_for: toko }\n" \
    "  dewi: { name: Dewi, extension: \"103\", password: { secret: a }, skills: { sales: 3 }, clients: [bank] }\n" \
    "codes: { \"*1\": ready, \"*2\": not ready, \"*3\": wrap-up done }\n"                                   \
    "reasons: { 1: { en: break } }\n"                                                                      \
    "dispositions: { results: { 11: { en: sold } } }\n"                                                    \
    "queues:\n"                                                                                            \
    "  sales: { name: Sales, client: toko, ring: 5 s, wrapup: 10 s, record: all, dispositions: results }\n" \
    "  other: { name: Other, client: toko, ring: 5 s, wrapup: 0, record: none, dispositions: results }\n"  \
    "  loans: { name: Loans, client: bank, ring: 5 s, wrapup: 10 s, record: all, dispositions: results }\n" \
    "numbers: { \"100\": { client: toko, flow: main }, \"200\": { client: bank, flow: bank } }\n"          \
    "flows:\n"                                                                                             \
    "  main: { start: wait, nodes: { wait: { do: queue, queue: sales, on_overflow: bye }, bye: { do: hangup } } }\n" \
    "  bank: { start: wait, nodes: { wait: { do: queue, queue: loans, on_overflow: bye }, bye: { do: hangup } } }\n"

enum { KNOWN_MAX = 64, SUBS = 5, STEPS = 6000 };

struct sub {
    struct sapa_feed_sub *feed;
    struct sapa_feed_view view;
    json_t *contacts, *agents, *queues, *standings, *switches, *messages, *alerts, *tickets; /* folded */
    char name[48];
    uint64_t n;
    char *text;
    size_t text_n;
    bool wants;
};

struct world {
    struct sapa_centre *centres[2];
    struct sapa_clock clock;
    struct sapa_loop *loop;
    struct sapa_core *core;
    struct sapa_names names;
    struct sapa_live live;
    struct sapa_engine *engine;
    struct sapa_web_link *link, *fresh_link;
    struct sapa_mirror mirror, fresh;
    struct sapa_feed *feed;
    struct sub subs[SUBS];
    uint64_t contacts[KNOWN_MAX], offers[KNOWN_MAX], recordings[KNOWN_MAX];
    unsigned contact_count, offer_count, recording_count;
    uint64_t next_contact, random;
    unsigned puts_until_full; /* 0: never */
    bool to_fresh, logging;
    uint64_t broadcast, party_was; /* of the last that were logged */
    uint64_t alerted, said, heard, resets, snapshots, resumes, replies, paused, outbound, prospects, aimed, changed, guests, strangers;
    struct sapa_web_reply last_reply;
    unsigned reloads;
    sapa_rc reload_rc;
    struct sapa_record audit;
    uint8_t last_data[65536];
    size_t last_size;
};

static uint64_t any(struct world *w, uint64_t below)
{
    w->random ^= w->random << 13, w->random ^= w->random >> 7, w->random ^= w->random << 17;
    return w->random % below;
}

/* ---- ports ---- */

static bool log_ready(void *ctx)
{
    (void)ctx;
    return true;
}

static void log_step(void *ctx, const struct sapa_record *const records[], size_t count, bool last)
{
    struct world *w = ctx;

    for (size_t i = 0; i < count; i++) {
        if (records[i]->type == SAPA_T_broadcast_made)
            w->broadcast = records[i]->u.broadcast_made.message;
        if (records[i]->type == SAPA_T_contact_party)
            w->party_was = records[i]->u.contact_party.was;
        if (records[i]->type == SAPA_T_contact_connected && records[i]->u.contact_connected.recording)
            w->recordings[w->recording_count++ % KNOWN_MAX] = records[i]->u.contact_connected.recording;
    }
    if (w->link)
        sapa_web_link_step(w->link, records, count, last);
}

static sapa_rc command(void *ctx, const struct sapa_record *record)
{
    struct world *w = ctx;

    if (record->type == SAPA_T_cmd_offer)
        w->offers[w->offer_count++ % KNOWN_MAX] = record->u.cmd_offer.offer;
    return SAPA_OK;
}

static sapa_rc put(void *ctx, uint32_t type, const void *data, size_t size)
{
    struct world *w = ctx;

    if (!w->to_fresh && w->puts_until_full > 0 && --w->puts_until_full == 0)
        return SAPA_ELIMIT;
    w->resets += type == SAPA_WEB_RESET && !w->to_fresh;
    if (type < SAPA_WEB_COMMITTED)
        assert_int_equal(sapa_mirror_take(w->to_fresh ? &w->fresh : &w->mirror, type, data, size), SAPA_OK);
    return SAPA_OK;
}

static sapa_rc reply(void *ctx, const struct sapa_web_reply *answer, const void *data, size_t size)
{
    struct world *w = ctx;

    w->last_reply = *answer;
    assert_true(size <= sizeof(w->last_data));
    if (size > 0)
        memcpy(w->last_data, data, size);
    w->last_size = size;
    w->replies++;
    return SAPA_OK;
}

static void wake(void *ctx)
{
    (void)ctx;
}

static sapa_rc input(void *ctx, struct sapa_record *record)
{
    struct world *w = ctx;

    if (record->type == SAPA_T_api_write)
        memcpy(&w->audit, record, sapa_record_size(record));
    assert_int_equal(sapa_engine_input(w->engine, record), SAPA_OK);
    return SAPA_OK;
}

/* Taken, to be in force later. */
static sapa_rc reload_later(void *ctx, const struct sapa_reload *wish)
{
    struct world *w = ctx;

    w->reloads++;
    assert_string_equal(wish->by, "dewi");
    assert_string_equal(wish->comment, "because");
    return w->reload_rc;
}

static void want_write(void *connection)
{
    ((struct sub *)connection)->wants = true;
}

/* ---- the world ---- */

static void start_centre(struct world *w, unsigned which)
{
    struct sapa_record record;
    const uint64_t clients[64] = { 1, 2 };

    assert_int_equal(sapa_core_centre(w->core, w->centres[which]), SAPA_OK);
    if (w->link)
        sapa_web_link_clients(w->link, clients);
    sapa_record_init(&record, SAPA_T_centre_started);
    (void)sapa_sized_set(&record.u.centre_started.centre_hash, sapa_str_of(w->centres[which]->hash));
    (void)input(w, &record);
}

static void open_world(struct world *w, uint64_t seed)
{
    const struct sapa_core_options core = { .contacts_max = 600 };

    memset(w, 0, sizeof(*w));
    w->random = seed;
    w->centres[0] = test_centre(CENTRE);
    w->centres[1] = test_centre(CENTRE "\n# the same, another version\n");
    sapa_clock_init_manual(&w->clock, 1000000, INT64_C(1767600000000000));
    assert_int_equal(sapa_loop_new(&w->clock, &w->loop), SAPA_OK);
    assert_int_equal(sapa_core_new(&core, &w->core), SAPA_OK);
    sapa_names_init(&w->names, sapa_memory_heap());
    sapa_live_init(&w->live, sapa_memory_heap(), &w->names);
    const struct sapa_engine_options engine = {
        .loop = w->loop, .core = w->core, .live = &w->live, .names = &w->names,
        .ports = { .ctx = w, .log_ready = log_ready, .log = log_step, .command = command },
    };
    assert_int_equal(sapa_engine_new(&engine, &w->engine), SAPA_OK);
    const struct sapa_web_link_options link = {
        .loop = w->loop, .core = w->core, .engine = w->engine, .live = &w->live,
        .ports = { .ctx = w, .put = put, .reply = reply, .wake = wake, .input = input, .reload = reload_later },
    };
    assert_int_equal(sapa_web_link_open(&link, &w->link), SAPA_OK);
    assert_int_equal(sapa_web_link_open(&link, &w->fresh_link), SAPA_OK);
    sapa_mirror_init(&w->mirror);
    sapa_mirror_init(&w->fresh);
    assert_int_equal(sapa_feed_new(&w->mirror, want_write, &w->feed), SAPA_OK);
    start_centre(w, 0);
    sapa_engine_start(w->engine);
}

/* What it has folded. */
static void forget_sub(struct sub *sub)
{
    json_t *const all[] = { sub->contacts, sub->agents, sub->queues, sub->standings, sub->switches, sub->messages, sub->alerts, sub->tickets };

    for (size_t i = 0; i < SAPA_COUNT(all); i++)
        json_decref(all[i]);
    free(sub->text);
}

static void close_world(struct world *w)
{
    for (unsigned i = 0; i < SUBS; i++) {
        if (w->subs[i].feed)
            sapa_feed_leave(w->feed, w->subs[i].feed);
        forget_sub(&w->subs[i]);
    }
    sapa_feed_free(w->feed);
    sapa_mirror_done(&w->mirror);
    sapa_mirror_done(&w->fresh);
    sapa_web_link_close(w->link);
    sapa_web_link_close(w->fresh_link);
    sapa_engine_free(w->engine);
    sapa_live_done(&w->live);
    sapa_names_done(&w->names);
    sapa_core_free(w->core);
    sapa_loop_free(w->loop);
    sapa_centre_free(w->centres[0]);
    sapa_centre_free(w->centres[1]);
}

static uint64_t pick(struct world *w, const uint64_t *list, unsigned count)
{
    if (count > 0 && any(w, 4)) /* of the newest three */
        return list[(count - 1 - any(w, SAPA_MIN(count, 3u))) % KNOWN_MAX];
    return count ? list[any(w, SAPA_MIN(count, (unsigned)KNOWN_MAX))] : 0;
}

static uint64_t living(struct world *w)
{
    struct sapa_contact_view view;
    uint32_t cursor = (uint32_t)any(w, 8);

    return sapa_core_contact_next(w->core, &cursor, sapa_core_now(w->core), &view) ? view.contact : pick(w, w->contacts, w->contact_count);
}

/* Something happens; much of it is late or impossible, as in life. */
/* One that somebody talks with, if there is any. */
static uint64_t talking(struct world *w)
{
    struct sapa_contact_view view;

    for (uint32_t cursor = 0; sapa_core_contact_next(w->core, &cursor, sapa_core_now(w->core), &view);)
        if (view.place == SAPA_PLACE_TALK)
            return view.contact;
    return living(w);
}

static void happen(struct world *w)
{
    struct sapa_record r;
    struct sapa_watch_view watch;
    uint32_t cursor = 0;
    sapa_record_init(&r, SAPA_T_tick);
    switch (any(w, 29)) {
    case 28:
        sapa_record_init(&r, SAPA_T_agent_team);
        r.u.agent_team.agent = any(w, 3);
        r.u.agent_team.team = any(w, 3) ? any(w, 2) : SAPA_NONE;
        r.u.agent_team.until_us = any(w, 2) ? (sapa_core_now(w->core) + (int64_t)any(w, 60) * 1000000) : 0;
        (void)sapa_sized_set(&r.u.agent_team.by, SAPA_STR("ratna"));
        break;
    case 26:
        sapa_record_init(&r, SAPA_T_alert);
        r.u.alert.kind = any(w, SAPA_ALERT_COUNT);
        r.u.alert.target = any(w, 3);
        r.u.alert.state = any(w, SAPA_ALERT_STATE_COUNT);
        r.u.alert.value = any(w, 100);
        (void)sapa_sized_set(&r.u.alert.by, SAPA_STR("ratna"));
        break;
    case 20:
    case 21:
    case 22:
        sapa_record_init(&r, SAPA_T_supervise);
        r.u.supervise.mode = any(w, SAPA_SUPERVISION_COUNT);
        r.u.supervise.agent = any(w, 3);
        r.u.supervise.contact = talking(w);
        r.u.supervise.supervision = sapa_id_make(1000, ++w->next_contact);
        if (sapa_core_watch_next(w->core, &cursor, &watch) && any(w, 2)) {
            r.u.supervise.supervision = watch.supervision;
            r.u.supervise.contact = watch.contact;
            r.u.supervise.agent = watch.agent;
        }
        break;
    case 23:
        sapa_record_init(&r, SAPA_T_hand);
        r.u.hand.agent = any(w, 3);
        r.u.hand.state = any(w, SAPA_HAND_COUNT);
        (void)sapa_sized_set(&r.u.hand.by, SAPA_STR("ratna"));
        break;
    case 24:
        sapa_record_init(&r, SAPA_T_broadcast);
        r.u.broadcast.kind = any(w, SAPA_AUDIENCE_COUNT);
        r.u.broadcast.target = r.u.broadcast.kind == SAPA_AUDIENCE_ALL ? SAPA_NONE : any(w, 3);
        r.u.broadcast.until_us = sapa_core_now(w->core) + (int64_t)any(w, 600) * 1000000;
        (void)sapa_sized_set(&r.u.broadcast.text, SAPA_STR("Please be ready"));
        break;
    case 25:
        sapa_record_init(&r, SAPA_T_broadcast_read);
        r.u.broadcast_read.agent = any(w, 3);
        r.u.broadcast_read.message = w->broadcast;
        break;
    case 27:
        sapa_record_init(&r, SAPA_T_contact_party);
        r.u.contact_party.contact = living(w);
        r.u.contact_party.party_type = SAPA_PARTY_TYPE_CUSTOMER + 1 + any(w, 2);
        r.u.contact_party.agent = SAPA_NONE;
        break;
    case 0:
    case 1:
    case 2:
        sapa_record_init(&r, SAPA_T_contact_arrived);
        r.u.contact_arrived.contact = sapa_id_make(1, ++w->next_contact);
        r.u.contact_arrived.number = any(w, 3); /* 2: there is no such number */
        r.u.contact_arrived.person = any(w, 5);
        r.u.contact_arrived.last_agent = SAPA_NONE;
        (void)sapa_sized_set(&r.u.contact_arrived.address, SAPA_STR("+62811999123"));
        w->contacts[w->contact_count++ % KNOWN_MAX] = r.u.contact_arrived.contact;
        break;
    case 3:
        sapa_record_init(&r, SAPA_T_contact_answered);
        r.u.contact_answered.contact = living(w);
        break;
    case 4:
    case 5:
        if (any(w, 2))
            return;
        sapa_record_init(&r, SAPA_T_contact_gone);
        r.u.contact_gone.contact = living(w);
        break;
    case 6:
    case 7:
    case 8:
        sapa_record_init(&r, SAPA_T_offer_accepted);
        r.u.offer_accepted.offer = sapa_core_watch_next(w->core, &cursor, &watch) && any(w, 2) ? watch.supervision : pick(w, w->offers, w->offer_count);
        r.u.offer_accepted.leg = ++w->next_contact;
        break;
    case 9:
        sapa_record_init(&r, SAPA_T_offer_failed);
        r.u.offer_failed.offer = pick(w, w->offers, w->offer_count);
        r.u.offer_failed.result = SAPA_OFFER_REFUSED;
        break;
    case 10:
        sapa_record_init(&r, SAPA_T_agent_gone);
        r.u.agent_gone.contact = living(w);
        r.u.agent_gone.offer = pick(w, w->offers, w->offer_count);
        r.u.agent_gone.side = SAPA_SIDE_AGENT;
        break;
    case 11:
        sapa_record_init(&r, SAPA_T_leg_held);
        r.u.leg_held.contact = living(w);
        r.u.leg_held.offer = pick(w, w->offers, w->offer_count);
        r.u.leg_held.side = SAPA_SIDE_AGENT;
        r.u.leg_held.on = any(w, 2);
        break;
    case 12:
        sapa_record_init(&r, SAPA_T_agent_device);
        r.u.agent_device.agent = any(w, 3);
        r.u.agent_device.reachable = any(w, 16) != 0;
        break;
    case 13:
        sapa_record_init(&r, SAPA_T_agent_command);
        r.u.agent_command.agent = any(w, 3);
        r.u.agent_command.verb = any(w, 4) ? SAPA_VERB_READY : any(w, 2) ? SAPA_VERB_RECORD_PAUSE : any(w, SAPA_VERB_COUNT);
        r.u.agent_command.code = any(w, 2) ? SAPA_NONE : 0;
        break;
    case 14:
        if (any(w, 4)) {
            sapa_record_init(&r, SAPA_T_contact_move);
            r.u.contact_move.contact = living(w);
            r.u.contact_move.queue = any(w, 3);
        } else {
            sapa_record_init(&r, SAPA_T_switch_set);
            r.u.switch_set.which = any(w, 8) ? SAPA_SWITCH_SURGE : SAPA_SWITCH_CLOSED;
            r.u.switch_set.client = any(w, 3) ? any(w, 2) : SAPA_NONE;
            r.u.switch_set.on = r.u.switch_set.which == SAPA_SWITCH_SURGE ? any(w, 2) : any(w, 6) == 0;
        }
        break;
    case 16:
    case 17:
        if (any(w, 6))
            return;
        sapa_record_init(&r, SAPA_T_agent_call);
        r.u.agent_call.contact = sapa_id_make(1000, ++w->next_contact);
        r.u.agent_call.offer = sapa_id_make(1000, ++w->next_contact);
        r.u.agent_call.agent = any(w, 3);
        r.u.agent_call.line = any(w, 3);
        r.u.agent_call.beside = pick(w, w->offers, w->offer_count);
        r.u.agent_call.kind = any(w, 3) ? SAPA_TARGET_OUTSIDE : any(w, SAPA_TARGET_COUNT);
        r.u.agent_call.target = r.u.agent_call.kind == SAPA_TARGET_OUTSIDE ? SAPA_NONE : any(w, 3);
        r.u.agent_call.client = SAPA_NONE;
        if (r.u.agent_call.kind == SAPA_TARGET_OUTSIDE)
            (void)sapa_sized_set(&r.u.agent_call.address, SAPA_STR("62811000111"));
        w->contacts[w->contact_count++ % KNOWN_MAX] = r.u.agent_call.contact;
        w->offers[w->offer_count++ % KNOWN_MAX] = r.u.agent_call.offer;
        break;
    case 18:
        sapa_record_init(&r, SAPA_T_call_command);
        r.u.call_command.agent = any(w, 3);
        r.u.call_command.offer = pick(w, w->offers, w->offer_count);
        r.u.call_command.verb = any(w, SAPA_CALL_VERB_COUNT);
        r.u.call_command.other = any(w, 2) ? living(w) : pick(w, w->offers, w->offer_count);
        break;
    case 19:
        sapa_record_init(&r, SAPA_T_dial_progress);
        r.u.dial_progress.contact = living(w);
        r.u.dial_progress.attempt = 1 + any(w, 2);
        r.u.dial_progress.state = any(w, 4);
        break;
    default: sapa_loop_advance(w->loop, (int64_t)any(w, 4000000)); return;
    }
    (void)input(w, &r);
}

/* ---- the mirror against the core ---- */

static char *whole_json(struct world *w, struct sapa_mirror *mirror)
{
    const struct sapa_scope scope = { .clients = UINT64_MAX, .agent = SAPA_NONE };
    struct sapa_json out = { .p = NULL };
    json_t *contacts = json_object(), *all = json_object();

    for (uint32_t i = 0; i < mirror->contacts.count; i++) {
        const struct sapa_mirror_contact *c = sapa_table_at(&mirror->contacts, i);
        char id[24];
        snprintf(id, sizeof(id), "%llu", (unsigned long long)c->view.contact);
        assert_true(c->has_view);
        w->paused += c->view.recording_paused;
        w->outbound += c->direction == SAPA_DIRECTION_OUTBOUND;
        w->prospects += c->party_type == SAPA_PARTY_TYPE_PROSPECT + 1;
        assert_int_equal(c->party_type == SAPA_PARTY_TYPE_INTERNAL + 1, c->direction == SAPA_DIRECTION_INTERNAL);
        sapa_json_reset(&out);
        sapa_mirror_contact_json(mirror, c, true, &out);
        json_object_set_new(contacts, id, json_loadb(out.p, out.n, 0, NULL));
    }
    sapa_json_reset(&out);
    sapa_json_open(&out, '[');
    for (uint32_t i = 0; i < mirror->centre->agents_count; i++)
        sapa_mirror_agent_json(mirror, i, &scope, &out);
    for (uint32_t i = 0; i < mirror->centre->agents_count; i++)
        w->heard += mirror->agents[i].view.heard;
    sapa_mirror_broadcasts_json(mirror, &scope, &out);
    sapa_mirror_alerts_json(mirror, &scope, &out);
    sapa_mirror_switches_json(mirror, &scope, &out);
    sapa_json_close(&out, ']');
    json_object_set_new(all, "contacts", contacts);
    json_object_set_new(all, "rest", json_loadb(out.p, out.n, 0, NULL));
    char *text = json_dumps(all, JSON_SORT_KEYS | JSON_INDENT(1));
    json_decref(all);
    sapa_json_done(&out);
    return text;
}

/* All of it sent by a link that knows nothing. */
static void make_fresh(struct world *w)
{
    struct sapa_record started;
    const struct sapa_record *records[] = { &started };

    sapa_mirror_done(&w->fresh);
    sapa_mirror_init(&w->fresh);
    sapa_record_init(&started, SAPA_T_centre_started);
    started.seq = sapa_engine_stats(w->engine).seq;
    w->to_fresh = true;
    sapa_web_link_step(w->fresh_link, records, 1, true);
    w->to_fresh = false;
}

static void compare_mirror(struct world *w)
{
    make_fresh(w);
    char *mine = whole_json(w, &w->mirror), *theirs = whole_json(w, &w->fresh);
    if (strcmp(mine, theirs) != 0)
        fail_msg("the mirror has drifted\n%s\n--- the core says\n%s", mine, theirs);
    free(mine);
    free(theirs);
}

/* ---- subscribers ---- */

static void join(struct world *w, struct sub *sub, bool resume)
{
    sub->feed = sapa_feed_join(w->feed, sub);
    assert_non_null(sub->feed);
    if (resume)
        sapa_feed_resume(sub->feed, sub->name, sub->n);
    assert_true(sapa_feed_admit(w->feed, sub->feed, &sub->view));
}

static void set_list(json_t **map, const json_t *list)
{
    size_t i;
    json_t *item;

    json_decref(*map);
    *map = json_object();
    json_array_foreach((json_t *)(uintptr_t)list, i, item)
        json_object_set(*map, json_string_value(json_object_get(item, "id")), item);
}

static void fold(struct world *w, struct sub *sub)
{
    json_t *message = json_loadb(sub->text, sub->text_n, JSON_REJECT_DUPLICATES, NULL), *event;
    const char *type = json_string_value(json_object_get(message, "type"));
    const uint64_t n = (uint64_t)json_integer_value(json_object_get(message, "n"));
    size_t i;

    assert_non_null(type);
    if (strcmp(type, "snapshot") == 0) {
        set_list(&sub->contacts, json_object_get(message, "contacts"));
        set_list(&sub->agents, json_object_get(message, "agents"));
        set_list(&sub->queues, json_object_get(message, "queues"));
        set_list(&sub->standings, json_object_get(message, "standings"));
        json_decref(sub->switches);
        sub->switches = json_incref(json_object_get(message, "switches"));
        json_decref(sub->messages);
        sub->messages = json_incref(json_object_get(message, "messages"));
        json_decref(sub->alerts);
        sub->alerts = json_incref(json_object_get(message, "alerts"));
        json_decref(sub->tickets);
        sub->tickets = json_incref(json_object_get(message, "tickets"));
        snprintf(sub->name, sizeof(sub->name), "%s", json_string_value(json_object_get(message, "feed")));
        w->snapshots++;
    } else {
        assert_string_equal(sub->name, json_string_value(json_object_get(message, "feed")));
        assert_true(n > sub->n);
        json_array_foreach(json_object_get(message, "events"), i, event)
        {
            const char *kind = json_string_value(json_object_get(event, "type")), *id = json_string_value(json_object_get(event, "id"));
            json_t *data = json_object_get(event, "data");
            json_t *map = strcmp(kind, "contact") == 0 ? sub->contacts : strcmp(kind, "agent") == 0 ? sub->agents
                          : strcmp(kind, "standing") == 0 ? sub->standings : sub->queues;
            if (strcmp(kind, "switches") == 0) {
                json_decref(sub->switches);
                sub->switches = json_incref(data);
            } else if (strcmp(kind, "alerts") == 0) {
                json_decref(sub->alerts);
                sub->alerts = json_incref(data);
            } else if (strcmp(kind, "tickets") == 0) {
                json_decref(sub->tickets);
                sub->tickets = json_incref(data);
            } else if (strcmp(kind, "messages") == 0) {
                json_decref(sub->messages);
                sub->messages = json_incref(data);
            } else if (json_is_null(data)) {
                assert_int_equal(json_object_del(map, id), 0); /* only what one knew goes */
            } else {
                json_object_set(map, id, data);
            }
        }
    }
    sub->n = n;
    json_decref(message);
}

/* Read some, or everything: in small pieces, as sockets do. */
static void read_feed(struct world *w, struct sub *sub, unsigned parts)
{
    char buf[700];
    struct sapa_feed_part part;

    for (; parts > 0 && sapa_feed_next(w->feed, sub->feed, buf, sizeof(buf), &part); parts--) {
        assert_true(part.first == (sub->text_n == 0));
        sub->text = realloc(sub->text, sub->text_n + part.size);
        assert_non_null(sub->text);
        memcpy(sub->text + sub->text_n, buf, part.size);
        sub->text_n += part.size;
        if (part.last) {
            fold(w, sub);
            sub->text_n = 0;
        }
    }
}

/* Siti is the one of that team; others are lent to it. */
static bool is_led(const struct world *w, const struct sapa_scope *scope, const char *key)
{
    bool found = strcmp(key, "siti") == 0;

    for (uint32_t i = 0; i < scope->guest_count; i++)
        found |= sapa_str_eq(w->mirror.centre->agents[scope->guests[i]].key, sapa_str_of(key));
    return found;
}

/* As the server does: whoever sees other agents from now on is let go, and comes back. */
static void see_guests(struct world *w)
{
    for (unsigned i = 0; i < SUBS; i++) {
        struct sapa_scope scope = w->subs[i].view.scope;
        sapa_scope_add_guests(&scope, &w->mirror);
        if (sapa_scope_same(&scope, &w->subs[i].view.scope))
            continue;
        sapa_feed_leave(w->feed, w->subs[i].feed);
        w->subs[i].text_n = 0;
        w->subs[i].view.scope = scope;
        join(w, &w->subs[i], true);
    }
}

static void compare_feed(struct world *w, struct sub *sub)
{
    struct sub other = { .view = sub->view };

    sapa_feed_tick(w->feed);
    read_feed(w, sub, UINT32_MAX);
    join(w, &other, false);
    read_feed(w, &other, UINT32_MAX);
    assert_true(other.n >= sub->n);
    assert_true(json_equal(sub->contacts, other.contacts));
    assert_true(json_equal(sub->agents, other.agents));
    assert_true(json_equal(sub->queues, other.queues));
    assert_true(json_equal(sub->standings, other.standings));
    json_t *standing;
    const char *of;
    json_object_foreach(other.standings, of, standing)
    {
        assert_true(sub->view.scope.agent == SAPA_NONE);
        assert_true(sub->view.scope.team_count == 0 || strcmp(of, "team:blue") != 0);
        w->aimed += json_array_size(json_object_get(standing, "targets"));
    }
    assert_true(json_equal(sub->switches, other.switches));
    assert_true(json_equal(sub->messages, other.messages));
    assert_true(json_equal(sub->alerts, other.alerts));
    assert_true(json_equal(sub->tickets, other.tickets));
    w->changed += json_array_size(other.tickets);
    for (size_t i = 0; i < json_array_size(other.tickets) && sub->view.scope.clients == 2; i++)
        assert_string_equal(json_string_value(json_object_get(json_array_get(other.tickets, i), "client")), "bank");
    w->alerted += json_array_size(other.alerts);
    w->said += json_array_size(other.messages);
    const char *id;
    json_t *contact;
    json_object_foreach(other.contacts, id, contact)
    {
        if (sub->view.scope.clients == 2)
            assert_string_equal(json_string_value(json_object_get(contact, "client")), "bank");
        if (sub->view.scope.clients == 1 && !json_is_null(json_object_get(contact, "client"))) /* colleagues of the team among themselves */
            assert_string_equal(json_string_value(json_object_get(contact, "client")), "toko");
        if (sub->view.scope.agent == 0)
            assert_string_equal(json_string_value(json_object_get(contact, "agent")), "siti");
        if (sub->view.scope.team_count > 0 && json_is_string(json_object_get(contact, "agent")))
            assert_true(is_led(w, &sub->view.scope, json_string_value(json_object_get(contact, "agent"))));
    }
    json_object_foreach(other.agents, id, contact)
    {
        if (sub->view.scope.team_count == 0)
            continue;
        assert_true(is_led(w, &sub->view.scope, id));
        w->guests += strcmp(id, "siti") != 0;
        w->strangers += sub->view.scope.clients == 1 && strcmp(id, "dewi") == 0; /* works for the bank alone */
        if (strcmp(id, "siti") != 0)
            assert_string_equal(json_string_value(json_object_get(contact, "team")), "red");
    }
    sapa_feed_leave(w->feed, other.feed);
    forget_sub(&other);
}

static void figures(struct world *w)
{
    const struct sapa_web_ask ask = { .request = 1, .kind = SAPA_WEB_ASK_FIGURES };

    sapa_web_link_ask(w->link, &ask, sizeof(ask));
    assert_int_equal(w->last_reply.rc, SAPA_OK);
    const struct sapa_web_figures *got = (const struct sapa_web_figures *)(const void *)w->last_data;
    assert_int_equal(got->count, 3);
    assert_int_equal(sapa_mirror_figures(&w->mirror, got->at_us, (const struct sapa_web_queue *)(const void *)(got + 1), got->count), SAPA_OK);
    assert_int_equal(got->standings, 1 + w->centres[0]->clients_count + got->count + w->centres[0]->teams_count);
    assert_int_equal(sapa_mirror_standings(&w->mirror, got->at_us, (const struct sapa_web_standing *)(const void *)((const struct sapa_web_queue *)(const void *)(got + 1) + got->count), got->standings), SAPA_OK);
}

/* Other targets are set, now and then, some of them only for yesterday. */
static void aim(struct world *w)
{
    static struct sapa_goals goals;
    static const char *const figures_of[] = { "service_level_1", "aht", "handled", "asa" };

    goals.count = (uint32_t)any(w, 5);
    for (uint32_t i = 0; i < goals.count; i++) {
        goals.of[i] = (struct sapa_goal){ .figure = sapa_figure_find(sapa_str_of(figures_of[any(w, 4)])), .value = (int64_t)any(w, 1000000), .from = 19700101, .scope = SAPA_GOAL_OF_ALL };
        if (any(w, 3) == 0) {
            goals.of[i].scope = SAPA_GOAL_OF_TEAM;
            snprintf(goals.of[i].key, sizeof(goals.of[i].key), "%s", any(w, 2) ? "red" : "blue");
        }
    }
    sapa_mirror_goals(&w->mirror, &goals);
}

/* A ticket of one of the clients is changed; of one that is not described any more nobody is told. */
static void change_ticket(struct world *w)
{
    static const char *const clients[] = { "toko", "bank", "gone" };
    struct sapa_web_ticket ticket = { .number = 1 + any(w, 40), .version = 1 + any(w, 9), .person = 7, .at_us = 1, .status = (uint8_t)any(w, SAPA_TICKET_STATUS_COUNT),
                                      .owner_kind = (uint8_t)any(w, SAPA_TICKET_OWNER_COUNT) };

    snprintf(ticket.client, sizeof(ticket.client), "%s", clients[any(w, 3)]);
    snprintf(ticket.owner, sizeof(ticket.owner), "%s", ticket.owner_kind == SAPA_TICKET_NOBODY ? "" : "siti");
    sapa_mirror_ticket(&w->mirror, &ticket);
    for (size_t i = 1; i < w->mirror.ticket_count; i++)
        assert_true(w->mirror.tickets[i].number != ticket.number); /* each once */
    assert_int_equal(w->mirror.tickets[0].number, ticket.number);
}

static void run(uint64_t seed)
{
    static struct world w;
    unsigned centre = 0;

    open_world(&w, seed);
    w.subs[0].view = (struct sapa_feed_view){ .scope = { .clients = UINT64_MAX, .agent = SAPA_NONE }, .show_pii = true };
    w.subs[1].view = (struct sapa_feed_view){ .scope = { .clients = 2, .agent = SAPA_NONE } };
    w.subs[2].view = (struct sapa_feed_view){ .scope = { .clients = UINT64_MAX } };
    w.subs[3].view = (struct sapa_feed_view){ .scope = { .clients = UINT64_MAX, .agent = SAPA_NONE, .team_count = 1 } };
    w.subs[4].view = (struct sapa_feed_view){ .scope = { .clients = 1, .agent = SAPA_NONE, .team_count = 1 } }; /* the shop's, of that team */
    for (unsigned i = 0; i < SUBS; i++)
        join(&w, &w.subs[i], false);
    for (unsigned step = 0; step < STEPS; step++) {
        happen(&w);
        sapa_web_link_committed(w.link, sapa_engine_stats(w.engine).seq);
        sapa_engine_committed(w.engine, sapa_engine_stats(w.engine).seq);
        see_guests(&w);
        if (any(&w, 700) == 0)
            w.puts_until_full = 1 + (unsigned)any(&w, 12);
        if (any(&w, 1500) == 0)
            start_centre(&w, centre = !centre);
        if (w.puts_until_full == 0 && any(&w, 10) == 0) {
            sapa_loop_advance(w.loop, 200000); /* a reset that was due is done */
            compare_mirror(&w);
        }
        if (any(&w, 40) == 0)
            figures(&w);
        if (any(&w, 120) == 0)
            aim(&w);
        if (any(&w, 60) == 0)
            change_ticket(&w);
        if (any(&w, 3) == 0)
            sapa_feed_tick(w.feed);
        if (any(&w, 20) == 0)
            sapa_feed_beat(w.feed);
        struct sub *sub = &w.subs[any(&w, SUBS)];
        if (any(&w, 30) == 0) { /* the connection breaks, perhaps in the middle of a message, and comes back */
            sapa_feed_leave(w.feed, sub->feed);
            sub->text_n = 0;
            join(&w, sub, any(&w, 4) != 0);
            w.resumes++;
        }
        if (any(&w, 4) == 0)
            read_feed(&w, sub, 1 + (unsigned)any(&w, 40));
        if (any(&w, 25) == 0)
            compare_feed(&w, sub);
    }
    assert_true(w.paused > 0);
    assert_true(w.outbound > 100);
    assert_true(w.prospects > 100);
    assert_true(w.aimed > 20);
    assert_true(w.guests > 10 && w.strangers > 3);
    assert_true(w.said > 20 && w.heard > 20 && w.alerted > 20);
    assert_true(w.changed > 100 && w.mirror.ticket_count == SAPA_WEB_TICKETS_MAX);
    assert_true(w.resets > 3);
    assert_true(w.resumes > 50);
    assert_true(w.snapshots < w.resumes + 600); /* most resumes need none */
    close_world(&w);
}

static void nothing_drifts(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* one thread: minutes in which there is nothing to see */
#endif
    run(0x9e3779b97f4a7c15);
    run(4711);
}

/* Who reads nothing falls behind, and is told everything when he reads again. */
static void who_falls_behind_begins_again(void **state)
{
    static struct world w;

    (void)state;
    open_world(&w, 99);
    w.subs[0].view = (struct sapa_feed_view){ .scope = { .clients = UINT64_MAX, .agent = SAPA_NONE } };
    join(&w, &w.subs[0], false);
    sapa_feed_tick(w.feed);
    read_feed(&w, &w.subs[0], UINT32_MAX);
    assert_int_equal(w.snapshots, 1);
    for (unsigned i = 0; sapa_feed_stats(w.feed).ticks < 16 * SAPA_FEED_RING_FRAMES; i++) {
        happen(&w);
        sapa_web_link_committed(w.link, sapa_engine_stats(w.engine).seq);
        sapa_feed_tick(w.feed);
    }
    const uint64_t before = w.snapshots;
    compare_feed(&w, &w.subs[0]);
    assert_int_equal(w.snapshots, before + 2); /* his, and that of the one he is compared with */
    assert_true(sapa_feed_stats(w.feed).behind >= 1);
    close_world(&w);
}

/* Every agent's desk is a view of its own: none is turned away, nor kept out by those who have gone, and together they keep no more than there is room for. */
static void every_desk_has_a_view(void **state)
{
    static struct world w;
    static struct sub desks[SAPA_FEED_SUBS_MAX];

    (void)state;
    open_world(&w, 5);
    for (uint64_t day = 0; day < 2; day++) {
        for (uint64_t i = 0; i < SAPA_FEED_SUBS_MAX; i++) {
            desks[i].view = (struct sapa_feed_view){ .scope = { .clients = (day * SAPA_FEED_SUBS_MAX + i + 1) << 2, .agent = SAPA_NONE } };
            join(&w, &desks[i], false);
        }
        assert_null(sapa_feed_join(w.feed, &desks[0]));
        assert_int_equal(sapa_feed_stats(w.feed).rings, SAPA_FEED_SUBS_MAX);
        for (uint64_t i = 0; day == 0 && i < SAPA_FEED_SUBS_MAX; i++)
            sapa_feed_leave(w.feed, desks[i].feed);
    }
    read_feed(&w, &desks[7], UINT32_MAX);
    w.mirror.broadcast_count = SAPA_WEB_BROADCASTS_MAX;
    uint64_t most = 0;
    for (unsigned tick = 0; tick < 5; tick++) {
        for (unsigned i = 0; i < SAPA_WEB_BROADCASTS_MAX; i++) {
            struct sapa_web_broadcast *one = &w.mirror.broadcasts[i];
            *one = (struct sapa_web_broadcast){ .id = 100 * tick + i + 1, .kind = SAPA_AUDIENCE_ALL };
            memset(one->text, 'a', sizeof(one->text) - 1);
        }
        w.mirror.broadcasts_dirty = true;
        sapa_feed_tick(w.feed);
        most = SAPA_MAX(most, sapa_feed_stats(w.feed).bytes);
        assert_true(sapa_feed_stats(w.feed).bytes <= SAPA_FEED_BYTES);
    }
    assert_true(most > SAPA_FEED_BYTES - (1 << 20));
    for (size_t i = 0; i < 20; i++) {
        read_feed(&w, &desks[i], UINT32_MAX);
        assert_int_equal(json_array_size(desks[i].messages), SAPA_WEB_BROADCASTS_MAX);
        assert_string_equal(json_string_value(json_object_get(json_array_get(desks[i].messages, 0), "id")), "401");
    }
    for (size_t i = 0; i < SAPA_FEED_SUBS_MAX; i++) {
        sapa_feed_leave(w.feed, desks[i].feed);
        forget_sub(&desks[i]);
    }
    close_world(&w);
}

/* Hours of nothing: each desk hears so at every beat, none of it is kept twice, and whoever comes back goes on where he was. */
static void quiet_desks_cost_little(void **state)
{
    static struct world w;
    struct sub desks[2] = { { .view = { .scope = { .clients = UINT64_MAX } } }, { .view = { .scope = { .clients = UINT64_MAX, .agent = SAPA_NONE } } } };
    uint64_t left_n = 0;

    (void)state;
    open_world(&w, 7);
    for (unsigned i = 0; i < 2; i++)
        join(&w, &desks[i], false);
    sapa_feed_tick(w.feed);
    read_feed(&w, &desks[0], UINT32_MAX);
    read_feed(&w, &desks[1], UINT32_MAX);
    assert_int_equal(w.snapshots, 2);
    for (unsigned beat = 0; beat < 3 * SAPA_FEED_RING_FRAMES; beat++) {
        const uint64_t before_n = desks[0].n;
        if (beat == 10) { /* the other's network is gone */
            sapa_feed_leave(w.feed, desks[1].feed);
            left_n = desks[1].n;
        }
        sapa_feed_beat(w.feed);
        read_feed(&w, &desks[0], UINT32_MAX);
        assert_true(desks[0].n > before_n);
        assert_true(sapa_feed_stats(w.feed).bytes < 600);
        if (beat < 10)
            read_feed(&w, &desks[1], UINT32_MAX);
    }
    assert_int_equal(desks[1].n, left_n);
    join(&w, &desks[1], true);
    sapa_feed_beat(w.feed);
    read_feed(&w, &desks[1], UINT32_MAX);
    assert_true(desks[1].n > left_n);
    assert_int_equal(w.snapshots, 2);
    for (unsigned i = 0; i < 2; i++) {
        sapa_feed_leave(w.feed, desks[i].feed);
        forget_sub(&desks[i]);
    }
    close_world(&w);
}

/* A screen on a wall shows figures; what is said to agents and what needs attention is not for passers-by. */
static void walls_see_no_messages(void **state)
{
    static struct world w;
    struct sub wall = { .view = { .scope = { .clients = UINT64_MAX, .agent = SAPA_NONE }, .standings_only = true } };

    (void)state;
    open_world(&w, 6);
    w.mirror.broadcasts[0] = (struct sapa_web_broadcast){ .id = 1, .kind = SAPA_AUDIENCE_ALL, .text = "Dewi is ill" };
    w.mirror.alerts[0] = (struct sapa_web_alert){ .kind = SAPA_ALERT_ABANDONED };
    w.mirror.broadcast_count = w.mirror.alert_count = 1;
    w.mirror.broadcasts_dirty = w.mirror.alerts_dirty = true;
    sapa_feed_tick(w.feed);
    join(&w, &wall, false);
    read_feed(&w, &wall, UINT32_MAX);
    assert_int_equal(w.snapshots, 1);
    assert_int_equal(json_array_size(wall.messages), 0);
    assert_int_equal(json_array_size(wall.alerts), 0);
    sapa_feed_leave(w.feed, wall.feed);
    forget_sub(&wall);
    close_world(&w);
}

/* A write is told when it is committed, never before, and with what the core said. */
static void writes_wait_for_the_log(void **state)
{
    static struct world w;
    struct {
        struct sapa_web_ask ask;
        struct sapa_record records[2];
    } message;
    struct sapa_record *audit = &message.records[0];

    (void)state;
    open_world(&w, 1);
    sapa_web_link_committed(w.link, sapa_engine_stats(w.engine).seq);
    memset(&message, 0, sizeof(message));
    sapa_record_init(audit, SAPA_T_api_write);
    const size_t audit_size = (sapa_record_size(audit) + 7) & ~(size_t)7;
    struct sapa_record *in = (struct sapa_record *)(void *)((uint8_t *)audit + audit_size);
    for (unsigned turn = 0; turn < 2; turn++) {
        sapa_record_init(in, SAPA_T_switch_set);
        in->u.switch_set.which = SAPA_SWITCH_SURGE;
        in->u.switch_set.client = SAPA_NONE;
        in->u.switch_set.on = 1;
        message.ask = (struct sapa_web_ask){ .request = 7 + turn, .kind = SAPA_WEB_ASK_INPUT, .centre = w.centres[0],
                                             .audit_size = (uint16_t)audit_size,
                                             .input_size = (uint16_t)((sapa_record_size(in) + 7) & ~(size_t)7) };
        const uint64_t before = w.replies, seq = sapa_engine_stats(w.engine).seq;
        sapa_web_link_ask(w.link, &message, sizeof(message.ask) + message.ask.audit_size + message.ask.input_size);
        assert_int_equal(w.replies, before);
        sapa_web_link_committed(w.link, seq + 2);
        assert_int_equal(w.replies, before);
        sapa_web_link_committed(w.link, seq + 3);
        assert_int_equal(w.replies, before + 1);
        assert_int_equal(w.last_reply.request, 7 + turn);
        assert_int_equal(w.last_reply.rc, turn ? SAPA_ESTATE : SAPA_OK);
        assert_int_equal(w.last_reply.seq, seq + 3); /* input, event, audit */
        assert_true(w.mirror.switches.surge_all);
    }
    /* indices of another description are refused */
    message.ask.centre = w.centres[1];
    sapa_web_link_ask(w.link, &message, sizeof(message.ask) + message.ask.audit_size + message.ask.input_size);
    assert_int_equal(w.last_reply.rc, SAPA_EAGAIN);
    close_world(&w);
}

static void ask_reload(struct world *w, uint64_t request, const char *if_match)
{
    struct sapa_record audit;
    struct sapa_web_reload reload;
    uint8_t message[sizeof(struct sapa_web_ask) + sizeof(audit) + sizeof(reload) + 16];
    size_t n = sizeof(struct sapa_web_ask);

    sapa_record_init(&audit, SAPA_T_api_write);
    (void)sapa_sized_set(&audit.u.api_write.actor, SAPA_STR("dewi"));
    memset(&reload, 0, sizeof(reload));
    (void)sapa_str_copy(SAPA_STR("because"), reload.comment, sizeof(reload.comment));
    (void)sapa_str_copy(sapa_str_of(if_match), reload.if_match, sizeof(reload.if_match));
    const struct sapa_web_ask ask = { .request = request, .kind = SAPA_WEB_ASK_RELOAD, .centre = w->centres[0],
                                      .audit_size = (uint16_t)((sapa_record_size(&audit) + 7) & ~(size_t)7), .reload_size = sizeof(reload) };
    memset(message, 0, sizeof(message));
    memcpy(message, &ask, sizeof(ask));
    memcpy(message + n, &audit, sapa_record_size(&audit));
    n += ask.audit_size;
    memcpy(message + n, &reload, sizeof(reload));
    sapa_web_link_ask(w->link, message, n + sizeof(reload));
}

/* A new description is answered when it is in force, with its audit record; and only over the one that was meant. */
static void reloads_are_answered_when_in_force(void **state)
{
    static struct world w;

    (void)state;
    open_world(&w, 1);
    sapa_web_link_committed(w.link, sapa_engine_stats(w.engine).seq);
    ask_reload(&w, 1, w.centres[1]->hash); /* that one is not in force */
    sapa_web_link_committed(w.link, sapa_engine_stats(w.engine).seq);
    assert_int_equal(w.last_reply.request, 1);
    assert_int_equal(w.last_reply.rc, SAPA_EEXIST);
    assert_int_equal(w.reloads, 0);
    assert_int_equal(w.audit.u.api_write.rc, (uint64_t)-SAPA_EEXIST);
    w.audit.type = 0;
    ask_reload(&w, 2, w.centres[0]->hash);
    sapa_web_link_committed(w.link, sapa_engine_stats(w.engine).seq);
    assert_int_equal(w.reloads, 1);
    assert_int_equal(w.last_reply.request, 1); /* not yet */
    assert_int_equal(w.audit.type, 0);
    ask_reload(&w, 3, "");
    sapa_web_link_committed(w.link, sapa_engine_stats(w.engine).seq);
    assert_int_equal(w.last_reply.request, 3); /* one at a time */
    assert_int_equal(w.last_reply.rc, SAPA_EAGAIN);
    start_centre(&w, 1);
    sapa_loop_advance(w.loop, 1000);
    assert_int_equal(w.last_reply.request, 3); /* in force, but not in the log */
    sapa_web_link_committed(w.link, sapa_engine_stats(w.engine).seq);
    assert_int_equal(w.last_reply.request, 2);
    assert_int_equal(w.last_reply.rc, SAPA_OK);
    assert_int_equal(w.audit.u.api_write.rc, 0);
    assert_int_equal(w.last_reply.seq, sapa_engine_stats(w.engine).seq); /* its audit record */
    w.reload_rc = SAPA_EINVAL; /* one with mistakes is answered at once */
    ask_reload(&w, 4, w.centres[1]->hash);
    sapa_web_link_committed(w.link, sapa_engine_stats(w.engine).seq);
    assert_int_equal(w.last_reply.request, 4);
    assert_int_equal(w.last_reply.rc, SAPA_EINVAL);
    close_world(&w);
}

static sapa_rc ask_note(struct world *w, uint64_t contact, uint64_t version, unsigned parts)
{
    static struct sapa_record audit, part;
    static uint64_t buffer[16384 / 8];
    uint8_t *message = (uint8_t *)buffer;
    size_t n = sizeof(struct sapa_web_ask);

    sapa_record_init(&audit, SAPA_T_api_write);
    sapa_record_init(&part, SAPA_T_contact_noted);
    const size_t audit_size = (sapa_record_size(&audit) + 7) & ~(size_t)7, part_size = (sapa_record_size(&part) + 7) & ~(size_t)7;
    const struct sapa_web_ask ask = { .request = 1, .kind = SAPA_WEB_ASK_NOTE, .contact = contact, .centre = w->centres[0],
                                      .audit_size = (uint16_t)audit_size, .input_size = (uint16_t)(parts * part_size) };
    memset(buffer, 0, sizeof(buffer));
    memcpy(message, &ask, n);
    memcpy(message + n, &audit, sapa_record_size(&audit));
    n += audit_size;
    for (unsigned i = 0; i < parts; i++, n += part_size) {
        part.u.contact_noted = (struct sapa_rec_contact_noted){ .contact = contact, .version = version, .part = i, .parts = parts };
        memcpy(message + n, &part, sapa_record_size(&part));
    }
    sapa_web_link_ask(w->link, message, n);
    sapa_web_link_committed(w->link, sapa_engine_stats(w->engine).seq);
    return (sapa_rc)w->last_reply.rc;
}

/* Two who have read the same version cannot both write the next one, also before the first is in the store. */
static void notes_have_one_next_version(void **state)
{
    static struct world w;

    (void)state;
    open_world(&w, 1);
    const uint64_t seq = sapa_engine_stats(w.engine).seq;
    assert_int_equal(ask_note(&w, 4711, 5, 3), SAPA_OK); /* version 4 stood in the store */
    assert_int_equal(sapa_engine_stats(w.engine).seq, seq + 4); /* its parts and the audit record */
    assert_int_equal(w.last_reply.seq, seq + 4);
    assert_int_equal(ask_note(&w, 4711, 5, 1), SAPA_EEXIST);
    assert_int_equal(w.audit.u.api_write.rc, (uint64_t)-SAPA_EEXIST);
    assert_int_equal(ask_note(&w, 4711, 7, 1), SAPA_EEXIST);
    assert_int_equal(ask_note(&w, 4712, 5, 1), SAPA_OK); /* another contact */
    assert_int_equal(ask_note(&w, 4711, 6, 1), SAPA_OK);
    close_world(&w);
}

/* Says that it is `party_type`; the store, asked a moment ago, said that it was `was`. What does the log say that it was? */
static uint64_t say_party(struct world *w, uint64_t contact, uint64_t party_type, uint64_t was)
{
    struct {
        struct sapa_web_ask ask;
        struct sapa_record records[2];
    } message;
    struct sapa_record *audit = &message.records[0];

    memset(&message, 0, sizeof(message));
    sapa_record_init(audit, SAPA_T_api_write);
    const size_t audit_size = (sapa_record_size(audit) + 7) & ~(size_t)7;
    struct sapa_record *in = (struct sapa_record *)(void *)((uint8_t *)audit + audit_size);
    sapa_record_init(in, SAPA_T_contact_party);
    in->u.contact_party.contact = contact;
    in->u.contact_party.party_type = party_type;
    in->u.contact_party.was = was;
    message.ask = (struct sapa_web_ask){ .request = 7, .kind = SAPA_WEB_ASK_INPUT, .centre = w->centres[0], .audit_size = (uint16_t)audit_size,
                                         .input_size = (uint16_t)((sapa_record_size(in) + 7) & ~(size_t)7) };
    sapa_web_link_ask(w->link, &message, sizeof(message.ask) + message.ask.audit_size + message.ask.input_size);
    sapa_web_link_committed(w->link, sapa_engine_stats(w->engine).seq);
    assert_int_equal(w->last_reply.rc, SAPA_OK);
    return w->party_was;
}

/* The store may not know yet what was said a moment ago: figures would count a contact twice. */
static void who_says_it_second_corrects_the_first(void **state)
{
    static struct world w;

    (void)state;
    open_world(&w, 1);
    assert_int_equal(say_party(&w, 4711, 2, 1), 1);
    assert_int_equal(say_party(&w, 4711, 2, 1), 2);
    assert_int_equal(say_party(&w, 4711, 1, 1), 2);
    assert_int_equal(say_party(&w, 4712, 1, 2), 2); /* another contact */
    assert_int_equal(ask_note(&w, 4711, 5, 3), SAPA_OK); /* its note has nothing to do with it */
    assert_int_equal(say_party(&w, 4711, 2, 2), 1);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_have_one_next_version), cmocka_unit_test(who_says_it_second_corrects_the_first),
        cmocka_unit_test(nothing_drifts), cmocka_unit_test(who_falls_behind_begins_again),
        cmocka_unit_test(every_desk_has_a_view), cmocka_unit_test(quiet_desks_cost_little), cmocka_unit_test(walls_see_no_messages), cmocka_unit_test(writes_wait_for_the_log),
        cmocka_unit_test(reloads_are_answered_when_in_force),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
