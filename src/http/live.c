/* Routes that read the living state, from the mirror. */
#include <stdlib.h>

#include "http/answer_impl.h"
#include "rt/crypto.h"
#include "rt/pass.h"

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 500 };

/* A filter by key: SAPA_NONE when it is not given. False: there is no such thing for this token; answered. */
#define FILTER(rq, name, plural, visible, ret)                                                              \
    do {                                                                                                    \
        *(ret) = SAPA_NONE;                                                                                 \
        if (sapa_web_param(rq, name)[0]) {                                                                           \
            *(ret) = SAPA_FIND((rq)->web->mirror.centre, plural, sapa_str_of(sapa_web_param(rq, name)));              \
            if (*(ret) == SAPA_NONE || !(visible)) {                                                        \
                sapa_web_problem(rq, 404, "ENOENT", "there is no " name " \"%s\"", sapa_web_param(rq, name));              \
                return;                                                                                     \
            }                                                                                               \
        }                                                                                                   \
    } while (0)

static size_t limit_of(const struct web_request *rq)
{
    return (size_t)SAPA_MIN(SAPA_MAX(sapa_web_param_number(rq, "limit", LIMIT_DEFAULT), UINT64_C(1)), (uint64_t)LIMIT_MAX);
}

static int by_id(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* The `limit` smallest of a stream of ids, and whether there were more: a heap with the largest on top. */
struct smallest {
    uint64_t ids[LIMIT_MAX + 1];
    size_t count, limit;
};

static void smallest_add(struct smallest *s, uint64_t id)
{
    size_t i;

    if (s->count > s->limit) { /* full, one more than wanted */
        if (id >= s->ids[0])
            return;
        for (i = 0;;) { /* sift down in place of the largest */
            size_t child = 2 * i + 1;
            if (child >= s->count)
                break;
            if (child + 1 < s->count && s->ids[child + 1] > s->ids[child])
                child++;
            if (s->ids[child] <= id)
                break;
            s->ids[i] = s->ids[child];
            i = child;
        }
        s->ids[i] = id;
        return;
    }
    for (i = s->count++; i > 0 && s->ids[(i - 1) / 2] < id; i = (i - 1) / 2)
        s->ids[i] = s->ids[(i - 1) / 2];
    s->ids[i] = id;
}

/* Members of a contact's object, if the centre told its times; it may be newer than they are. */
static void add_times(const struct sapa_web *web, uint64_t contact, struct sapa_json *out)
{
    const struct sapa_web_time *found = sapa_web_time_of(web, contact);

    if (!found)
        return;
    sapa_json_add_number(out, "wait_ms", found->wait_ms);
    if (found->position == 0)
        return;
    sapa_json_add_number(out, "position", found->position);
    if (found->ewt_p50_ms == SAPA_NONE) {
        sapa_json_add_null(out, "ewt_p50_ms"), sapa_json_add_null(out, "ewt_p90_ms");
    } else {
        sapa_json_add_number(out, "ewt_p50_ms", found->ewt_p50_ms);
        sapa_json_add_number(out, "ewt_p90_ms", found->ewt_p90_ms);
    }
}

static bool wants_times(const struct web_request *rq)
{
    return strcmp(sapa_web_param(rq, "times"), "true") == 0;
}

static void contacts(struct web_request *rq)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;
    const struct sapa_centre *centre = mirror->centre;
    static struct smallest found; /* the web thread's alone */
    const uint64_t cursor = sapa_web_param_number(rq, "cursor", 0);
    const char *place = sapa_web_param(rq, "place"), *channel = sapa_web_param(rq, "channel"), *party = sapa_web_param(rq, "party_type");
    uint32_t client, queue, agent, number;

    FILTER(rq, "client", clients, sapa_scope_client(&rq->who.scope, client), &client);
    FILTER(rq, "queue", queues, sapa_scope_client(&rq->who.scope, centre->queues[queue].client), &queue);
    FILTER(rq, "agent", agents, sapa_scope_agent(&rq->who.scope, centre, agent), &agent);
    FILTER(rq, "number", numbers, sapa_scope_client(&rq->who.scope, centre->numbers[number].client), &number);
    found.count = 0, found.limit = limit_of(rq);
    for (uint32_t i = 0; i < mirror->contacts.count; i++) {
        const struct sapa_mirror_contact *c = sapa_table_at(&mirror->contacts, i);
        if (c->view.contact <= cursor || !sapa_scope_contact(&rq->who.scope, centre, c) ||
            (client != SAPA_NONE && c->view.client != client) || (queue != SAPA_NONE && c->view.queue != queue) ||
            (agent != SAPA_NONE && c->view.agent != agent) || (number != SAPA_NONE && c->view.number != number) ||
            (place[0] && strcmp(place, sapa_place_name(c->view.place)) != 0) ||
            (channel[0] && strcmp(channel, sapa_channel_name(c->view.channel)) != 0) ||
            (party[0] && (c->party_type == 0 || strcmp(party, sapa_party_type_name(c->party_type - 1u)) != 0)))
            continue;
        smallest_add(&found, c->view.contact);
    }
    qsort(found.ids, found.count, sizeof(found.ids[0]), by_id);
    const size_t shown = SAPA_MIN(found.count, found.limit);
    sapa_json_items(&rq->out);
    for (size_t i = 0; i < shown; i++) {
        sapa_mirror_contact_json(mirror, sapa_mirror_contact_find(mirror, found.ids[i]), (rq->who.rights & SAPA_RIGHT_BIT(PERSON)) != 0, &rq->out);
        if (!wants_times(rq) || rq->out.failed)
            continue;
        sapa_json_reopen(&rq->out);
        add_times(rq->web, found.ids[i], &rq->out);
        sapa_json_close(&rq->out, '}');
    }
    sapa_json_close(&rq->out, ']');
    sapa_json_add_id(&rq->out, "next", found.count > found.limit ? found.ids[shown - 1] : 0);
    sapa_json_close(&rq->out, '}');
    sapa_web_ready(rq);
}

static void agents(struct web_request *rq)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;
    const struct sapa_centre *centre = mirror->centre;
    const char *presence = sapa_web_param(rq, "presence");
    const size_t limit = limit_of(rq);
    uint32_t client, queue, i = (uint32_t)SAPA_MIN(sapa_web_param_number(rq, "cursor", 0), (uint64_t)centre->agents_count);
    size_t shown = 0;

    FILTER(rq, "client", clients, sapa_scope_client(&rq->who.scope, client), &client);
    FILTER(rq, "queue", queues, sapa_scope_client(&rq->who.scope, centre->queues[queue].client), &queue);
    sapa_json_items(&rq->out);
    for (; i < centre->agents_count && shown < limit; i++) {
        if (!sapa_scope_agent(&rq->who.scope, centre, i) ||
            (client != SAPA_NONE && (client >= 64 || !(centre->agents[i].clients >> client & 1))) ||
            (queue != SAPA_NONE && !sapa_mirror_serves(mirror, i, queue)) ||
            (presence[0] && strcmp(presence, sapa_presence_name(mirror->agents[i].view.presence)) != 0))
            continue;
        sapa_mirror_agent_json(mirror, i, &rq->who.scope, &rq->out);
        shown++;
    }
    sapa_json_close(&rq->out, ']');
    sapa_json_add_id(&rq->out, "next", i < centre->agents_count ? i : 0);
    sapa_json_close(&rq->out, '}');
    sapa_web_ready(rq);
}

static void agent_one(struct web_request *rq)
{
    const uint32_t agent = sapa_web_param_agent(rq);

    if (agent == SAPA_NONE)
        return;
    sapa_mirror_agent_json(&rq->web->mirror, agent, &rq->who.scope, &rq->out);
    sapa_web_ready(rq);
}

/* Is it the caller's own page that asks? The same words for what is not his and what is not there. */
static bool place_is_his(struct web_request *rq)
{
    char proof[SAPA_PASS_PASSWORD_SIZE];
    const char *given = sapa_web_param(rq, "proof");

    sapa_pass_place(&rq->web->options.phone_key, sapa_web_param_number(rq, "contact", 0), proof);
    const bool his = strlen(given) == strlen(proof) && sapa_equal_secret(given, proof, strlen(proof));
    sapa_wipe(proof, sizeof(proof));
    if (!his)
        sapa_web_problem(rq, 404, "ENOENT", "there is no call of yours with this number");
    return his;
}

static void web_place(struct web_request *rq)
{
    const struct sapa_mirror_contact *contact = sapa_mirror_contact_find(&rq->web->mirror, sapa_web_param_number(rq, "contact", 0));
    const struct sapa_web_time *found = sapa_web_time_of(rq->web, sapa_web_param_number(rq, "contact", 0));
    const bool in_line = contact && found && found->position > 0, known = in_line && found->ewt_p50_ms != SAPA_NONE;
    static const char *const names[] = { "position", "ewt_p50_ms", "ewt_p90_ms" };

    sapa_json_open(&rq->out, '{');
    sapa_json_add_text(&rq->out, "place", sapa_str_of(contact ? sapa_place_name(contact->view.place) : "ended"));
    for (size_t i = 0; i < SAPA_COUNT(names); i++) {
        if (i == 0 ? in_line : known)
            sapa_json_add_number(&rq->out, names[i], i == 0 ? found->position : i == 1 ? found->ewt_p50_ms : found->ewt_p90_ms);
        else
            sapa_json_add_null(&rq->out, names[i]);
    }
    sapa_json_close(&rq->out, '}');
    sapa_web_ready(rq);
}

/* Whom the customers' page can call. Nobody has logged in: nothing else of the description is told. */
static void colour(struct sapa_json *out, const char *key, uint32_t value)
{
    char text[8];

    snprintf(text, sizeof(text), "#%06x", (unsigned)(value & 0xffffff));
    sapa_json_add_text(out, key, sapa_str_of(text));
}

/* How the page of a client looks. */
static void brand(struct sapa_json *out, const struct sapa_client *client)
{
    sapa_json_add_text(out, "name", client->page_name.n > 0 ? client->page_name : client->name);
    sapa_json_key(out, "greeting");
    if (client->page_greeting[SAPA_LANGUAGE_ID].n == 0 && client->page_greeting[SAPA_LANGUAGE_EN].n == 0) {
        sapa_json_null(out);
    } else {
        sapa_json_open(out, '{');
        for (unsigned i = 0; i < SAPA_LANGUAGE_COUNT; i++)
            sapa_json_add_text(out, sapa_language_name(i), client->page_greeting[i]);
        sapa_json_close(out, '}');
    }
    colour(out, "colour", client->page_colour);
    colour(out, "colour_dark", client->page_colour_dark);
}

static void web_numbers(struct web_request *rq)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;

    sapa_json_items(&rq->out);
    for (uint32_t i = 0; i < centre->numbers_count; i++) {
        const struct sapa_number *number = &centre->numbers[i];
        if (!number->web || number->client >= centre->clients_count)
            continue;
        sapa_json_open(&rq->out, '{');
        sapa_json_add_text(&rq->out, "number", number->key);
        sapa_json_add_text(&rq->out, "client", centre->clients[number->client].key);
        brand(&rq->out, &centre->clients[number->client]);
        sapa_json_add_text(&rq->out, "language", sapa_str_of(sapa_language_name(number->language)));
        sapa_json_close(&rq->out, '}');
    }
    sapa_json_items_end(&rq->out);
    sapa_web_ready(rq);
}

static void numbers(struct web_request *rq)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    uint32_t client;

    FILTER(rq, "client", clients, sapa_scope_client(&rq->who.scope, client), &client);
    sapa_json_items(&rq->out);
    for (uint32_t i = 0; i < centre->numbers_count; i++) {
        const struct sapa_number *number = &centre->numbers[i];
        if (!sapa_scope_client(&rq->who.scope, number->client) || (client != SAPA_NONE && number->client != client))
            continue;
        sapa_json_open(&rq->out, '{');
        sapa_json_add_text(&rq->out, "id", number->key);
        if (number->client < centre->clients_count)
            sapa_json_add_text(&rq->out, "client", centre->clients[number->client].key);
        else
            sapa_json_add_null(&rq->out, "client");
        sapa_json_add_text(&rq->out, "language", sapa_str_of(sapa_language_name(number->language)));
        sapa_json_add_number(&rq->out, "priority", number->priority);
        sapa_json_close(&rq->out, '}');
    }
    sapa_json_items_end(&rq->out);
    sapa_web_ready(rq);
}

/* Whose favourites: somebody who may be seen. */
static void dispositions(struct web_request *rq)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const char *key = sapa_web_param(rq, "agent")[0] ? sapa_web_param(rq, "agent") : rq->who.agent;
    const uint32_t queue = SAPA_FIND(centre, queues, sapa_str_of(sapa_web_param(rq, "queue")));

    rq->disposes_agent = key[0] ? SAPA_FIND(centre, agents, sapa_str_of(key)) : SAPA_NONE;
    if (queue == SAPA_NONE || !sapa_scope_client(&rq->who.scope, centre->queues[queue].client))
        sapa_web_problem(rq, 404, "ENOENT", "there is no queue \"%s\"", sapa_web_param(rq, "queue"));
    else if (key[0] && (rq->disposes_agent == SAPA_NONE || !sapa_scope_agent(&rq->who.scope, centre, rq->disposes_agent)))
        sapa_web_problem(rq, 404, "ENOENT", "there is no agent \"%s\"", key);
    else
        sapa_web_job(rq, NULL);
}

static void messages(struct web_request *rq)
{
    sapa_json_open(&rq->out, '{');
    sapa_json_key(&rq->out, "items");
    (rq->route == SAPA_ROUTE_ALERTS ? sapa_mirror_alerts_json : sapa_mirror_broadcasts_json)(&rq->web->mirror, &rq->who.scope, &rq->out);
    sapa_json_close(&rq->out, '}');
    sapa_web_ready(rq);
}

static void switches(struct web_request *rq)
{
    sapa_json_open(&rq->out, '{');
    sapa_json_key(&rq->out, "items");
    sapa_mirror_switches_json(&rq->web->mirror, &rq->who.scope, &rq->out);
    sapa_json_close(&rq->out, '}');
    sapa_web_ready(rq);
}

static void standings(struct web_request *rq)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;
    const struct sapa_centre *centre = mirror->centre;
    uint32_t client;

    FILTER(rq, "client", clients, sapa_scope_client(&rq->who.scope, client), &client);
    sapa_json_items(&rq->out);
    for (size_t i = 0; i < mirror->standing_count; i++) {
        const struct sapa_web_standing *one = &mirror->standings[i];
        const uint32_t of = one->kind == SAPA_ROWS_CLIENTS ? one->index : one->kind == SAPA_ROWS_QUEUES && one->index < centre->queues_count ? centre->queues[one->index].client : SAPA_NONE;
        if (sapa_scope_standing(&rq->who.scope, mirror, i) && (client == SAPA_NONE || of == client))
            sapa_mirror_standing_json(mirror, i, &rq->out);
    }
    sapa_json_close(&rq->out, ']');
    sapa_json_key(&rq->out, "at");
    sapa_json_time(&rq->out, mirror->figures_us);
    sapa_json_close(&rq->out, '}');
    sapa_web_ready(rq);
}

static void queues(struct web_request *rq)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;
    const struct sapa_centre *centre = mirror->centre;
    const char *one = sapa_web_param(rq, "queue");
    uint32_t client;

    if (rq->route == SAPA_ROUTE_STANDINGS) {
        standings(rq);
        return;
    }
    FILTER(rq, "client", clients, sapa_scope_client(&rq->who.scope, client), &client);
    if (one[0]) {
        const uint32_t queue = SAPA_FIND(centre, queues, sapa_str_of(one));
        for (size_t i = 0; queue != SAPA_NONE && i < mirror->queue_count; i++) {
            if (mirror->queues[i].queue != queue || !sapa_scope_queue(&rq->who.scope, mirror, i))
                continue;
            sapa_mirror_queue_json(mirror, i, &rq->out);
            sapa_web_ready(rq);
            return;
        }
        sapa_web_problem(rq, 404, "ENOENT", "there is no queue \"%s\"", one);
        return;
    }
    sapa_json_items(&rq->out);
    for (size_t i = 0; i < mirror->queue_count; i++) {
        if (sapa_scope_queue(&rq->who.scope, mirror, i) && (client == SAPA_NONE || centre->queues[mirror->queues[i].queue].client == client))
            sapa_mirror_queue_json(mirror, i, &rq->out);
    }
    sapa_json_close(&rq->out, ']');
    sapa_json_key(&rq->out, "at");
    sapa_json_time(&rq->out, mirror->figures_us);
    sapa_json_close(&rq->out, '}');
    sapa_web_ready(rq);
}

static unsigned view_of(const struct web_request *rq)
{
    return WEB_SHARED_VIEW + (strcmp(sapa_web_param(rq, "language"), "id") == 0 ? SAPA_LANGUAGE_ID : SAPA_LANGUAGE_EN);
}

static void view(struct web_request *rq)
{
    const struct sapa_json *text = &rq->web->shared[view_of(rq)].text;

    sapa_json_bytes(&rq->out, text->p, text->n);
    sapa_web_ready(rq);
}

static void view_wanted(struct web_request *rq)
{
    if (rq->who.scope.clients != UINT64_MAX || rq->who.scope.agent != SAPA_NONE || rq->who.scope.team_count > 0)
        sapa_web_problem(rq, 403, "EDENIED", "this is the whole centre at once, and you are bound to some of it: ask for queues, agents and contacts");
    else
        sapa_web_shared_wanted(rq, view_of(rq));
}

void sapa_web_live_now(struct web_request *rq)
{
    switch (rq->route) {
    case SAPA_ROUTE_VIEW: view(rq); break;
    case SAPA_ROUTE_CONTACTS: contacts(rq); break;
    case SAPA_ROUTE_WEB_PLACE: web_place(rq); break;
    default: queues(rq); break;
    }
}

void sapa_web_live(struct web_request *rq)
{
    switch (rq->route) {
    case SAPA_ROUTE_VIEW: view_wanted(rq); break;
    case SAPA_ROUTE_CONTACTS:
        if (wants_times(rq))
            sapa_web_shared_wanted(rq, WEB_SHARED_TIMES);
        else
            contacts(rq);
        break;
    case SAPA_ROUTE_AGENTS: agents(rq); break;
    case SAPA_ROUTE_AGENT: agent_one(rq); break;
    case SAPA_ROUTE_WEB_NUMBERS: web_numbers(rq); break;
    case SAPA_ROUTE_WEB_PLACE:
        if (place_is_his(rq))
            sapa_web_shared_wanted(rq, WEB_SHARED_TIMES);
        break;
    case SAPA_ROUTE_NUMBERS: numbers(rq); break;
    case SAPA_ROUTE_DISPOSITIONS: dispositions(rq); break;
    case SAPA_ROUTE_SWITCHES: switches(rq); break;
    case SAPA_ROUTE_ALERTS:
    case SAPA_ROUTE_MESSAGES: messages(rq); break;
    default: sapa_web_shared_wanted(rq, WEB_SHARED_FIGURES); break; /* QUEUES, QUEUE, STANDINGS */
    }
}
