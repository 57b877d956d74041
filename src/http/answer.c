/* What each route does. Live state comes from the mirror, the log from the pool, decisions from the centre. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "http/calls_impl.h"
#include "http/login_impl.h"
#include "report/card.h"
#include "http/phone_impl.h"
#include "report/zone.h"
#include "rt/crypto.h"
#include "rt/pass.h"

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 500 };

#define IDEMPOTENT_US (INT64_C(24) * 3600 * 1000000)

/* ---- problems (RFC 9457) ---- */

static const char *title_of(unsigned status)
{
    switch (status) {
    case 400: return "the request is malformed";
    case 401: return "who are you?";
    case 403: return "not allowed";
    case 404: return "there is no such thing";
    case 405: return "not this method";
    case 409: return "not possible in the present state";
    case 412: return "it is not as it was meant to be";
    case 428: return "it must be said what is meant to be in force";
    case 411: return "how long is the body?";
    case 413: return "the body is too large";
    case 416: return "no such range";
    case 422: return "it cannot be taken";
    case 426: return "this is a WebSocket";
    case 429: return "too many requests";
    case 503: return "not now";
    default: return "it did not work";
    }
}

/* `more`: further members, as "name":value with commas between. */
static void problem_with(struct web_request *rq, unsigned status, const char *code, struct sapa_str detail, struct sapa_str more)
{
    char id[24];

    snprintf(id, sizeof(id), "%llu", (unsigned long long)rq->id);
    sapa_json_reset(&rq->out);
    sapa_json_open(&rq->out, '{');
    sapa_json_add_text(&rq->out, "type", SAPA_STR("about:blank"));
    sapa_json_add_text(&rq->out, "title", sapa_str_of(title_of(status)));
    sapa_json_add_number(&rq->out, "status", status);
    if (detail.n > 0)
        sapa_json_add_text(&rq->out, "detail", detail);
    sapa_json_add_text(&rq->out, "code", sapa_str_of(code));
    sapa_json_add_text(&rq->out, "request", sapa_str_of(id));
    if (more.n > 0)
        sapa_json_raw(&rq->out, more);
    sapa_json_close(&rq->out, '}');
    rq->status = status;
    rq->content_type = "application/problem+json";
    rq->stream_at = rq->stream_end = 0;
    if (rq->out.failed) { /* no memory even for this: an empty answer */
        sapa_json_done(&rq->out);
    }
    rq->answered = true;
    lws_callback_on_writable(rq->wsi);
}

void sapa_web_problem(struct web_request *rq, unsigned status, const char *code, const char *fmt, ...)
{
    char detail[512];
    struct sapa_text text;
    va_list args;

    sapa_text_init(&text, detail, sizeof(detail));
    va_start(args, fmt);
    sapa_text_vprintf(&text, fmt, args);
    va_end(args);
    problem_with(rq, status, code, sapa_text_str(&text), (struct sapa_str){ NULL, 0 });
}

void sapa_web_problem_rc(struct web_request *rq, sapa_rc rc, const char *detail)
{
    static const struct { sapa_rc rc; unsigned status; } table[] = {
#define X(name, number, http, again, text) { SAPA_##name, http },
        SAPA_RCS(X)
#undef X
    };
    unsigned status = 500;

    for (size_t i = 0; i < SAPA_COUNT(table); i++) {
        if (table[i].rc == rc)
            status = table[i].status;
    }
    if (status == 505 || status == 507 || status == 410 || status == 202)
        status = status == 507 ? 503 : status == 410 ? 404 : 500;
    sapa_web_problem(rq, status, sapa_rc_name(rc), "%s", detail && detail[0] ? detail : sapa_rc_text(rc));
}

/* ---- who ---- */

static void who_of_token(struct sapa_web *web, const struct sapa_token *token, struct web_who *ret)
{
    ret->known = true;
    ret->id = token->id;
    ret->role = token->role;
    (void)sapa_str_copy(sapa_str_of(sapa_role_name(token->role)), ret->role_name, sizeof(ret->role_name));
    ret->rights = sapa_role_rights(token->role);
    ret->expires_us = token->expires_us;
    memcpy(ret->user, token->user, sizeof(ret->user));
    memcpy(ret->agent, token->agent, sizeof(ret->agent));
    if (web->mirror.centre) {
        ret->scope.clients = sapa_token_clients(token, web->mirror.centre);
        if (token->role == SAPA_ROLE_AGENT) {
            ret->scope.agent = SAPA_FIND(web->mirror.centre, agents, sapa_str_of(token->agent));
            if (ret->scope.agent == SAPA_NONE) /* of whom nobody knows: sees nothing */
                ret->scope.agent = SAPA_NONE - 1;
        }
    }
}

static void who_of_hash(struct sapa_web *web, const uint8_t hash[32], struct web_who *ret)
{
    const int64_t now_us = sapa_wall_us();
    const struct sapa_token *token = sapa_tokens_find_hash(&web->tokens, hash, now_us);
    const struct sapa_session *session = token ? NULL : sapa_sessions_find_hash(&web->sessions, hash, now_us);

    *ret = (struct web_who){ .scope.agent = SAPA_NONE };
    if (token)
        who_of_token(web, token, ret);
    else if (session)
        (void)sapa_web_who_session(web, session, ret);
    memcpy(ret->hash, hash, sizeof(ret->hash));
}

void sapa_web_who_of(struct sapa_web *web, struct sapa_str header, struct web_who *ret)
{
    uint8_t hash[32];

    if (header.n > 0 && sapa_token_hash(header, hash))
        who_of_hash(web, hash, ret);
    else
        *ret = (struct web_who){ .scope.agent = SAPA_NONE };
}

void sapa_web_who_local(struct sapa_str name, struct web_who *ret)
{
    bool good = name.n > 0 && name.n < sizeof(ret->user);

    *ret = (struct web_who){ .known = true, .role = SAPA_ROLE_ADMIN, .role_name = "console", .user = "console",
                             .rights = sapa_role_rights(SAPA_ROLE_ADMIN), .scope = { .clients = UINT64_MAX, .agent = SAPA_NONE } };
    for (size_t i = 0; i < name.n && good; i++)
        good = (uint8_t)name.p[i] > ' ' && (uint8_t)name.p[i] < 0x7f && name.p[i] != ',' && name.p[i] != '"';
    if (good)
        (void)sapa_str_copy(name, ret->user, sizeof(ret->user));
}

bool sapa_web_who_sees(struct sapa_web *web, const struct web_who *who)
{
    const uint32_t seen = SAPA_RIGHT_BIT(LIVE) | SAPA_RIGHT_BIT(PERSON) | SAPA_RIGHT_BIT(WALL);
    struct web_who now;

    who_of_hash(web, who->hash, &now);
    return now.known && (now.rights & seen) == (who->rights & seen) && sapa_scope_same(&now.scope, &who->scope);
}

static void me(struct web_request *rq)
{
    struct sapa_json *out = &rq->out;
    const struct sapa_centre *centre = rq->web->mirror.centre;

    sapa_json_open(out, '{');
    sapa_json_add_text(out, "user", sapa_str_of(rq->who.user));
    sapa_json_add_text(out, "name", sapa_web_name_of(rq));
    sapa_json_add_text(out, "role", sapa_str_of(rq->who.role_name));
    if (rq->who.agent[0])
        sapa_json_add_text(out, "agent", sapa_str_of(rq->who.agent));
    else
        sapa_json_add_null(out, "agent");
    sapa_json_key(out, "clients");
    if (rq->who.scope.clients == UINT64_MAX) {
        sapa_json_null(out);
    } else {
        sapa_json_open(out, '[');
        for (uint32_t i = 0; centre && i < centre->clients_count; i++) {
            if (sapa_scope_client(&rq->who.scope, i))
                sapa_json_text(out, centre->clients[i].key);
        }
        sapa_json_close(out, ']');
    }
    sapa_json_key(out, "teams");
    if (rq->who.scope.team_count == 0) {
        sapa_json_null(out);
    } else {
        sapa_json_open(out, '[');
        for (uint32_t i = 0; centre && i < centre->teams_count; i++) {
            if (sapa_scope_team(&rq->who.scope, centre, i))
                sapa_json_text(out, centre->teams[i].key);
        }
        sapa_json_close(out, ']');
    }
    sapa_rights_json(rq->who.rights, out);
    sapa_json_add_id(out, "session", rq->who.session);
    sapa_json_add_time(out, "expires", rq->who.expires_us);
    sapa_json_add_time(out, "now", sapa_wall_us());
    sapa_json_add_text(out, "second_factor", rq->who.factor_wanted ? SAPA_STR("wanted") : rq->who.factor ? SAPA_STR("used") : SAPA_STR("none"));
    sapa_json_close(out, '}');
    sapa_web_ready(rq);
}

/* ---- parameters ---- */

static const char *param(const struct web_request *rq, const char *name)
{
    return sapa_params_get(&rq->params, name);
}

static uint64_t number_of(const struct web_request *rq, const char *name, uint64_t otherwise)
{
    uint64_t number;

    return sapa_str_u64(sapa_str_of(param(rq, name)), UINT64_MAX, &number) == SAPA_OK ? number : otherwise;
}

static size_t limit_of(const struct web_request *rq)
{
    return (size_t)SAPA_MIN(SAPA_MAX(number_of(rq, "limit", LIMIT_DEFAULT), UINT64_C(1)), (uint64_t)LIMIT_MAX);
}

/* A filter by key: SAPA_NONE when it is not given. False: there is no such thing for this token; answered. */
#define FILTER(rq, name, plural, visible, ret)                                                              \
    do {                                                                                                    \
        *(ret) = SAPA_NONE;                                                                                 \
        if (param(rq, name)[0]) {                                                                           \
            *(ret) = SAPA_FIND((rq)->web->mirror.centre, plural, sapa_str_of(param(rq, name)));              \
            if (*(ret) == SAPA_NONE || !(visible)) {                                                        \
                sapa_web_problem(rq, 404, "ENOENT", "there is no " name " \"%s\"", param(rq, name));              \
                return;                                                                                     \
            }                                                                                               \
        }                                                                                                   \
    } while (0)

struct wish;
static void work(struct web_request *rq, const struct wish *wish);

/* ---- live state ---- */

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

static int by_contact(const void *a, const void *b)
{
    return by_id(&((const struct sapa_web_time *)a)->contact, &((const struct sapa_web_time *)b)->contact);
}

/* Members of a contact's object, if the centre told its times; it may be newer than they are. */
static void add_times(const struct sapa_web *web, uint64_t contact, struct sapa_json *out)
{
    const struct sapa_web_time wanted = { .contact = contact };
    const struct sapa_web_time *found = bsearch(&wanted, web->times, web->time_count, sizeof(wanted), by_contact);

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
    return strcmp(param(rq, "times"), "true") == 0;
}

static void contacts(struct web_request *rq)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;
    const struct sapa_centre *centre = mirror->centre;
    static struct smallest found; /* the web thread's alone */
    const uint64_t cursor = number_of(rq, "cursor", 0);
    const char *place = param(rq, "place"), *channel = param(rq, "channel");
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
            (channel[0] && strcmp(channel, sapa_channel_name(c->view.channel)) != 0))
            continue;
        smallest_add(&found, c->view.contact);
    }
    qsort(found.ids, found.count, sizeof(found.ids[0]), by_id);
    const size_t shown = SAPA_MIN(found.count, found.limit);
    sapa_json_open(&rq->out, '{');
    sapa_json_key(&rq->out, "items");
    sapa_json_open(&rq->out, '[');
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
    const char *presence = param(rq, "presence");
    const size_t limit = limit_of(rq);
    uint32_t client, queue, i = (uint32_t)SAPA_MIN(number_of(rq, "cursor", 0), (uint64_t)centre->agents_count);
    size_t shown = 0;

    FILTER(rq, "client", clients, sapa_scope_client(&rq->who.scope, client), &client);
    FILTER(rq, "queue", queues, sapa_scope_client(&rq->who.scope, centre->queues[queue].client), &queue);
    sapa_json_open(&rq->out, '{');
    sapa_json_key(&rq->out, "items");
    sapa_json_open(&rq->out, '[');
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

/* The agent of the path, as far as the token may see it; else answered and SAPA_NONE. */
static uint32_t agent_of(struct web_request *rq)
{
    const uint32_t agent = SAPA_FIND(rq->web->mirror.centre, agents, sapa_str_of(param(rq, "agent")));

    if (agent != SAPA_NONE && sapa_scope_agent(&rq->who.scope, rq->web->mirror.centre, agent))
        return agent;
    sapa_web_problem(rq, 404, "ENOENT", "there is no agent \"%s\"", param(rq, "agent"));
    return SAPA_NONE;
}

static void agent_one(struct web_request *rq)
{
    const uint32_t agent = agent_of(rq);

    if (agent == SAPA_NONE)
        return;
    sapa_mirror_agent_json(&rq->web->mirror, agent, &rq->who.scope, &rq->out);
    sapa_web_ready(rq);
}

/* Is it the caller's own page that asks? The same words for what is not his and what is not there. */
static bool place_is_his(struct web_request *rq)
{
    char proof[SAPA_PASS_PASSWORD_SIZE];
    const char *given = param(rq, "proof");

    sapa_pass_place(&rq->web->options.phone_key, number_of(rq, "contact", 0), proof);
    const bool his = strlen(given) == strlen(proof) && sapa_equal_secret(given, proof, strlen(proof));
    sapa_wipe(proof, sizeof(proof));
    if (!his)
        sapa_web_problem(rq, 404, "ENOENT", "there is no call of yours with this number");
    return his;
}

static void web_place(struct web_request *rq)
{
    const struct sapa_mirror_contact *contact = sapa_mirror_contact_find(&rq->web->mirror, number_of(rq, "contact", 0));
    const struct sapa_web_time wanted = { .contact = number_of(rq, "contact", 0) };
    const struct sapa_web_time *found = bsearch(&wanted, rq->web->times, rq->web->time_count, sizeof(wanted), by_contact);
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
static void web_numbers(struct web_request *rq)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;

    sapa_json_open(&rq->out, '{');
    sapa_json_key(&rq->out, "items");
    sapa_json_open(&rq->out, '[');
    for (uint32_t i = 0; i < centre->numbers_count; i++) {
        const struct sapa_number *number = &centre->numbers[i];
        if (!number->web || number->client >= centre->clients_count)
            continue;
        sapa_json_open(&rq->out, '{');
        sapa_json_add_text(&rq->out, "number", number->key);
        sapa_json_add_text(&rq->out, "client", centre->clients[number->client].key);
        sapa_json_add_text(&rq->out, "name", centre->clients[number->client].name);
        sapa_json_add_text(&rq->out, "language", sapa_str_of(sapa_language_name(number->language)));
        sapa_json_close(&rq->out, '}');
    }
    sapa_json_close(&rq->out, ']');
    sapa_json_close(&rq->out, '}');
    sapa_web_ready(rq);
}

static void numbers(struct web_request *rq)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    uint32_t client;

    FILTER(rq, "client", clients, sapa_scope_client(&rq->who.scope, client), &client);
    sapa_json_open(&rq->out, '{');
    sapa_json_key(&rq->out, "items");
    sapa_json_open(&rq->out, '[');
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
    sapa_json_close(&rq->out, ']');
    sapa_json_close(&rq->out, '}');
    sapa_web_ready(rq);
}

/* Whose favourites: somebody who may be seen. */
static void dispositions(struct web_request *rq)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const char *key = param(rq, "agent")[0] ? param(rq, "agent") : rq->who.agent;
    const uint32_t queue = SAPA_FIND(centre, queues, sapa_str_of(param(rq, "queue")));

    rq->disposes_agent = key[0] ? SAPA_FIND(centre, agents, sapa_str_of(key)) : SAPA_NONE;
    if (queue == SAPA_NONE || !sapa_scope_client(&rq->who.scope, centre->queues[queue].client))
        sapa_web_problem(rq, 404, "ENOENT", "there is no queue \"%s\"", param(rq, "queue"));
    else if (key[0] && (rq->disposes_agent == SAPA_NONE || !sapa_scope_agent(&rq->who.scope, centre, rq->disposes_agent)))
        sapa_web_problem(rq, 404, "ENOENT", "there is no agent \"%s\"", key);
    else
        work(rq, NULL);
}

/* ---- breaks ---- */

/* Of a team (SAPA_NONE: without one): how many are in it, how many stand in line; since when the first is in it. */
static void count_reason(const struct sapa_mirror *mirror, uint32_t team, uint32_t reason, uint32_t *ret_now, uint32_t *ret_line, int64_t *ret_since_us)
{
    *ret_now = *ret_line = 0, *ret_since_us = INT64_MAX;
    for (uint32_t i = 0; i < mirror->centre->agents_count; i++) {
        const struct sapa_web_agent *agent = &mirror->agents[i].view;
        if (mirror->centre->agents[i].team != team)
            continue;
        *ret_line += agent->booked == reason;
        if (agent->presence != SAPA_PRESENCE_NOT_READY || agent->reason != reason)
            continue;
        ++*ret_now;
        *ret_since_us = SAPA_MIN(*ret_since_us, agent->since_us);
    }
}

static struct sapa_civil local_of(const struct sapa_centre *centre, int64_t at_us)
{
    return sapa_zone_civil(centre->system.zone < centre->zones_count ? &centre->zones[centre->system.zone] : NULL, at_us / 1000000);
}

/* As core/quota.c counts it. */
static int64_t used_ms(const struct sapa_mirror *mirror, uint32_t agent, uint32_t reason, int64_t now_us)
{
    const struct sapa_web_agent *view = &mirror->agents[agent].view;
    const struct sapa_reason *quota = &mirror->centre->reasons[reason];
    const struct sapa_civil now = local_of(mirror->centre, now_us);
    const int64_t midnight_us = now_us - ((now.hour * 60 + now.minute) * INT64_C(60) + now.second) * 1000000 - now_us % 1000000;
    int64_t used = 0;

    if (quota->quota && view->used_date == now.year * 10000 + (int32_t)now.month * 100 + (int32_t)now.day)
        used = view->used_ms[quota->quota - 1];
    if (view->presence == SAPA_PRESENCE_NOT_READY && view->reason == reason)
        used += SAPA_MAX(now_us - SAPA_MAX(view->since_us, midnight_us), INT64_C(0)) / 1000;
    return used;
}

static void add_limit(struct sapa_json *out, const char *key, uint32_t limit)
{
    if (limit)
        sapa_json_add_number(out, key, limit);
    else
        sapa_json_add_null(out, key);
}

static void reasons(struct web_request *rq)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;
    const struct sapa_centre *centre = mirror->centre;
    const char *key = param(rq, "agent")[0] ? param(rq, "agent") : rq->who.agent;
    const uint32_t agent = key[0] ? SAPA_FIND(centre, agents, sapa_str_of(key)) : SAPA_NONE;
    const enum sapa_language language = strcmp(param(rq, "language"), "en") == 0 ? SAPA_LANGUAGE_EN : SAPA_LANGUAGE_ID;
    struct sapa_json *out = &rq->out;

    if (key[0] && (agent == SAPA_NONE || !sapa_scope_agent(&rq->who.scope, centre, agent))) {
        sapa_web_problem(rq, 404, "ENOENT", "there is no agent \"%s\"", key);
        return;
    }
    sapa_json_open(out, '{');
    sapa_json_key(out, "items");
    sapa_json_open(out, '[');
    for (uint32_t i = 0; i < centre->reasons_count; i++) {
        const struct sapa_reason *one = &centre->reasons[i];
        uint32_t now, line;
        int64_t since_us;
        count_reason(mirror, agent < centre->agents_count ? centre->agents[agent].team : SAPA_NONE, i, &now, &line, &since_us);
        sapa_json_open(out, '{');
        sapa_json_add_text(out, "id", one->key);
        sapa_json_add_text(out, "text", one->name[language].n ? one->name[language] : one->name[!language].n ? one->name[!language] : one->key);
        add_limit(out, "team_max", one->team_max);
        sapa_json_add_number(out, "team_now", now);
        sapa_json_add_number(out, "line", line);
        add_limit(out, "daily_ms", one->daily_ms);
        if (agent < centre->agents_count)
            sapa_json_add_number(out, "used_ms", used_ms(mirror, agent, i, sapa_wall_us()));
        else
            sapa_json_add_null(out, "used_ms");
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
    sapa_json_close(out, '}');
    sapa_web_ready(rq);
}

/* How many, and until when: what an agent is told who may not have a break now. */
static void no_break(struct web_request *rq, sapa_rc rc)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;
    const struct sapa_centre *centre = mirror->centre;
    const uint32_t agent = SAPA_FIND(centre, agents, sapa_str_of(param(rq, "agent"))), reason = rq->wanted_reason;
    uint32_t now, line;
    int64_t since_us;

    if (agent == SAPA_NONE || reason >= centre->reasons_count) {
        sapa_web_problem_rc(rq, rc, NULL);
        return;
    }
    const struct sapa_reason *quota = &centre->reasons[reason];
    const int64_t used = used_ms(mirror, agent, reason, sapa_wall_us());
    count_reason(mirror, centre->agents[agent].team, reason, &now, &line, &since_us);
    if (rc == SAPA_EDENIED) {
        sapa_web_problem(rq, 409, "EDENIED", "%lld of %lld minutes of today are used; again from midnight", (long long)(used / 60000), (long long)quota->daily_ms / 60000);
        return;
    }
    const struct sapa_civil since = local_of(centre, since_us == INT64_MAX ? sapa_wall_us() : since_us);
    sapa_web_problem(rq, 409, "ELIMIT", "%u of %u of the team are in it, the first since %02u:%02u, and %u stand in line; book it to go when there is a place",
                     now, quota->team_max, since.hour, since.minute, line);
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

/* ---- figures: asked of the centre at most once a second, whoever wants them ---- */

static void standings(struct web_request *rq)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;
    const struct sapa_centre *centre = mirror->centre;
    uint32_t client;

    FILTER(rq, "client", clients, sapa_scope_client(&rq->who.scope, client), &client);
    sapa_json_open(&rq->out, '{');
    sapa_json_key(&rq->out, "items");
    sapa_json_open(&rq->out, '[');
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
    const char *one = param(rq, "queue");
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
    sapa_json_open(&rq->out, '{');
    sapa_json_key(&rq->out, "items");
    sapa_json_open(&rq->out, '[');
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

static size_t padded(const struct sapa_record *record)
{
    return (sapa_record_size(record) + 7) & ~(size_t)7;
}

/* @param input  one; several of types of one size one after the other with NOTE and INPUTS */
static sapa_rc ask_with_inputs(struct sapa_web *web, const struct sapa_web_ask *head, const struct sapa_record *audit,
                               const struct sapa_record *inputs, size_t count, const struct sapa_web_reload *reload)
{
    static uint64_t buffer[(sizeof(struct sapa_web_ask) + sizeof(struct sapa_record) + UINT16_MAX + sizeof(*reload)) / 8 + 2]; /* the web thread's alone */
    struct sapa_web_ask ask = *head;
    uint8_t *bytes = (uint8_t *)buffer;
    size_t n = sizeof(ask);

    sapa_assert(count == 0 || count * padded(&inputs[0]) <= UINT16_MAX);
    ask.audit_size = audit ? (uint16_t)padded(audit) : 0;
    ask.input_size = count ? (uint16_t)(count * padded(&inputs[0])) : 0;
    ask.reload_size = reload ? sizeof(*reload) : 0;
    memcpy(bytes, &ask, sizeof(ask));
    if (audit)
        memcpy(bytes + n, audit, sapa_record_size(audit));
    n += ask.audit_size;
    for (size_t i = 0; i < count; i++)
        memcpy(bytes + n + i * padded(&inputs[0]), &inputs[i], sapa_record_size(&inputs[i]));
    n += ask.input_size;
    if (reload)
        memcpy(bytes + n, reload, sizeof(*reload));
    n += ask.reload_size;
    const sapa_rc rc = web->options.ports.ask(web->options.ports.ctx, bytes, n);
    web->stats.asks++;
    web->stats.asks_refused += rc != SAPA_OK;
    return rc;
}

static sapa_rc ask_centre(struct sapa_web *web, const struct sapa_web_ask *head, const struct sapa_record *audit,
                          const struct sapa_record *input, const struct sapa_web_reload *reload)
{
    return ask_with_inputs(web, head, audit, input, input != NULL, reload);
}

void sapa_web_shared_ask(struct sapa_web *web, unsigned kind)
{
    struct web_shared *shared = &web->shared[kind];
    const int64_t now_us = sapa_mono_us();

    if (shared->asked != 0 && now_us - shared->at_us < 3000000)
        return; /* on its way */
    const struct sapa_web_ask ask = {
        .request = web->next_request++,
        .kind = kind == WEB_SHARED_FIGURES ? SAPA_WEB_ASK_FIGURES : kind == WEB_SHARED_TIMES ? SAPA_WEB_ASK_TIMES : SAPA_WEB_ASK_VIEW,
        .contact = kind >= WEB_SHARED_VIEW ? kind - WEB_SHARED_VIEW : 0,
    };
    shared->at_us = now_us;
    shared->seq = web->mirror.seq;
    shared->covered = shared->count;
    shared->asked = ask_centre(web, &ask, NULL, NULL, NULL) == SAPA_OK ? ask.request : 0;
}

static int64_t shared_rest_us(unsigned kind)
{
    return INT64_C(1000) * (kind == WEB_SHARED_FIGURES ? 0 : kind == WEB_SHARED_TIMES ? WEB_TIMES_MS : WEB_VIEW_MS);
}

void sapa_web_shared_again(struct sapa_web *web)
{
    for (unsigned kind = 0; kind < WEB_SHARED_COUNT; kind++) {
        const struct web_shared *shared = &web->shared[kind];
        const int64_t left_us = shared->at_us ? shared->at_us + shared_rest_us(kind) - sapa_mono_us() : 0;
        if (shared->count == 0 || (shared->asked != 0 && shared->covered == shared->count))
            continue;
        if (left_us > 0)
            sapa_web_later(web, (uint64_t)left_us / 1000 + 1);
        else
            sapa_web_shared_ask(web, kind);
    }
}

/* What was asked before the state changed is told nobody who asks after it; figures may be a second old. */
static bool shared_is_fresh(const struct sapa_web *web, unsigned kind)
{
    const struct web_shared *shared = &web->shared[kind];

    return shared->asked == 0 && shared->at_us != 0 &&
           sapa_mono_us() - (kind == WEB_SHARED_FIGURES ? web->queues_us : shared->at_us) < WEB_FIGURES_MS * INT64_C(1000) &&
           (kind == WEB_SHARED_FIGURES ? web->mirror.figures_us != 0 : shared->seq == web->mirror.seq);
}

static void view(struct web_request *rq);

/* It is there. */
static void shared_answer(struct web_request *rq)
{
    switch (rq->route) {
    case SAPA_ROUTE_VIEW: view(rq); break;
    case SAPA_ROUTE_CONTACTS: contacts(rq); break;
    case SAPA_ROUTE_WEB_PLACE: web_place(rq); break;
    default: queues(rq); break;
    }
}

static void shared_wanted(struct web_request *rq, unsigned kind)
{
    struct sapa_web *web = rq->web;
    struct web_shared *shared = &web->shared[kind];

    if (shared_is_fresh(web, kind)) {
        shared_answer(rq);
        return;
    }
    if (shared->count == shared->room) {
        const size_t room = shared->room ? shared->room * 2 : 64;
        uint64_t *bigger = room <= WEB_REQUESTS_MAX ? realloc(shared->waiters, room * sizeof(*bigger)) : NULL;
        if (!bigger) {
            sapa_web_problem_rc(rq, SAPA_ELIMIT, NULL);
            return;
        }
        shared->waiters = bigger, shared->room = room;
    }
    if (sapa_web_wait(rq) != SAPA_OK) {
        sapa_web_problem_rc(rq, SAPA_ELIMIT, NULL);
        return;
    }
    shared->waiters[shared->count++] = rq->id;
    sapa_web_shared_again(web);
}

static void stop_waiting(struct web_request *rq)
{
    struct web_waiting *waiting = rq->waits ? sapa_table_find(&rq->web->waiting, rq->id) : NULL;

    if (waiting)
        sapa_table_remove(&rq->web->waiting, waiting);
    rq->waits = false;
}

static void figures_came(struct sapa_web *web, const void *data, size_t size)
{
    const struct sapa_web_figures *figures = data;

    if (size < sizeof(*figures) || size != sizeof(*figures) + figures->count * sizeof(struct sapa_web_queue) + figures->standings * sizeof(struct sapa_web_standing))
        return;
    /* of the description that the mirror has? Around a change it may not be, yet or any more */
    const struct sapa_web_queue *queues_of = (const struct sapa_web_queue *)(const void *)(figures + 1);
    const int64_t now_us = sapa_mono_us();
    const bool all = web->shared[WEB_SHARED_FIGURES].count > 0 || web->mirror.figures_us == 0 || now_us - web->queues_us >= (WEB_FIGURES_MS - 100) * INT64_C(1000);
    if (web->mirror.centre && memcmp(figures->centre_hash, web->mirror.centre->hash, sizeof(figures->centre_hash)) == 0 &&
        (!all || sapa_mirror_figures(&web->mirror, figures->at_us, queues_of, figures->count) == SAPA_OK) &&
        sapa_mirror_standings(&web->mirror, figures->at_us, (const struct sapa_web_standing *)(const void *)(queues_of + figures->count), figures->standings) == SAPA_OK)
        sapa_feed_tick(web->feed);
    if (all)
        web->queues_us = now_us;
}

static void times_came(struct sapa_web *web, const void *data, size_t size)
{
    web->time_count = SAPA_MIN(size / sizeof(web->times[0]), SAPA_COUNT(web->times));
    if (web->time_count > 0)
        memcpy(web->times, data, web->time_count * sizeof(web->times[0]));
    qsort(web->times, web->time_count, sizeof(web->times[0]), by_contact);
}

static void view_came(struct web_shared *shared, const void *data, size_t size)
{
    sapa_json_reset(&shared->text);
    sapa_json_bytes(&shared->text, data, size);
}

static void shared_came(struct sapa_web *web, const struct sapa_web_reply *reply, const void *data, size_t size)
{
    unsigned kind = 0;

    while (kind < WEB_SHARED_COUNT && web->shared[kind].asked != reply->request)
        kind++;
    if (kind == WEB_SHARED_COUNT)
        return; /* it was asked again meanwhile */
    struct web_shared *shared = &web->shared[kind];
    shared->asked = 0;
    if (reply->rc != SAPA_OK)
        shared->at_us = 0;
    else if (kind == WEB_SHARED_FIGURES)
        figures_came(web, data, size);
    else if (kind == WEB_SHARED_TIMES)
        times_came(web, data, size);
    else
        view_came(shared, data, size);
    const size_t count = kind == WEB_SHARED_FIGURES ? shared->count : shared->covered;
    for (size_t i = 0; i < count; i++) {
        struct web_request *rq = sapa_web_request_of(web, shared->waiters[i]);
        if (!rq)
            continue;
        stop_waiting(rq);
        if (reply->rc == SAPA_OK)
            shared_answer(rq);
        else
            sapa_web_problem_rc(rq, (sapa_rc)reply->rc, NULL);
    }
    shared->count -= count;
    if (shared->count == 0)
        return;
    memmove(shared->waiters, shared->waiters + count, shared->count * sizeof(*shared->waiters));
    sapa_web_shared_again(web); /* who came meanwhile is told what is asked now */
}

static unsigned view_of(const struct web_request *rq)
{
    return WEB_SHARED_VIEW + (strcmp(param(rq, "language"), "id") == 0 ? SAPA_LANGUAGE_ID : SAPA_LANGUAGE_EN);
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
        shared_wanted(rq, view_of(rq));
}

/* ---- writes ---- */

static void done(struct sapa_json *out, uint64_t seq, const char *more);
static void run_job(void *ctx);

static struct web_idempotent *idempotent_of(struct sapa_web *web, uint64_t key)
{
    return key ? sapa_table_find(&web->idempotent, key) : NULL;
}

void sapa_web_forget_answers(struct sapa_web *web, int64_t now_us)
{
    for (uint32_t i = 0; i < web->idempotent.count;) {
        struct web_idempotent *one = sapa_table_at(&web->idempotent, i);
        if (now_us - one->at_us <= IDEMPOTENT_US && (one->status != 0 || now_us - one->at_us <= 2 * WEB_WAIT_MS * INT64_C(1000))) {
            i++;
            continue;
        }
        free(one->text);
        sapa_table_remove(&web->idempotent, one);
    }
}

/* True: the answer is there already, or there is none yet and this one may go on to make it. */
static bool idempotent_begin(struct web_request *rq)
{
    struct sapa_web *web = rq->web;
    struct web_idempotent *one = idempotent_of(web, rq->idempotent);
    uint8_t hash[32];
    uint64_t body_hash;
    struct sapa_sha256 sha;

    if (rq->idempotent == 0)
        return true;
    sapa_sha256_begin(&sha);
    sapa_sha256_add(&sha, sapa_route(rq->route)->name, strlen(sapa_route(rq->route)->name));
    for (unsigned i = 0; i < rq->params.count; i++)
        sapa_sha256_add(&sha, rq->params.of[i].value, strlen(rq->params.of[i].value) + 1);
    sapa_sha256_add(&sha, rq->body ? rq->body : "", rq->body_n);
    sapa_sha256_end(&sha, hash);
    memcpy(&body_hash, hash, sizeof(body_hash));
    rq->request_hash = body_hash;
    if (!web->remembers) {
        sapa_web_problem(rq, 503, "EAGAIN", "what was done before the restart is still being read; try again");
        return false;
    }
    if (one && one->body_hash != body_hash) {
        sapa_web_problem(rq, 422, "EINVAL", "this Idempotency-Key was used with another request");
        return false;
    }
    if (one && one->status == 0) {
        sapa_web_problem(rq, 409, "EAGAIN", "the first request with this Idempotency-Key is still under way");
        return false;
    }
    if (one && one->rc != SAPA_OK) {
        rq->idempotent = 0;
        sapa_web_problem_rc(rq, (sapa_rc)one->rc, "it was answered so before");
        return false;
    }
    if (one) {
        sapa_json_reset(&rq->out);
        sapa_json_bytes(&rq->out, one->text, one->n);
        rq->status = one->status;
        if (one->status >= 400)
            rq->content_type = "application/problem+json";
        rq->idempotent = 0;
        sapa_web_ready(rq);
        return false;
    }
    if (sapa_table_add(&web->idempotent, rq->idempotent, &one) != SAPA_OK) {
        rq->idempotent = 0;
        sapa_web_problem_rc(rq, SAPA_ELIMIT, "too many idempotency keys are kept; try later, or without one");
        return false;
    }
    one->body_hash = body_hash;
    one->at_us = sapa_mono_us();
    return true;
}

bool sapa_web_is_login(enum sapa_route_id route)
{
    return route == SAPA_ROUTE_LOGIN || route == SAPA_ROUTE_DEMO_LOGIN || route == SAPA_ROUTE_PASSWORD || route == SAPA_ROUTE_USER_PASSWORD || route == SAPA_ROUTE_USER_CLEAR || route == SAPA_ROUTE_TOTP ||
           route == SAPA_ROUTE_TOTP_CONFIRM || route == SAPA_ROUTE_TOTP_END || route == SAPA_ROUTE_USER_TOTP;
}

/* Its answer holds a secret, or its body does: neither is kept. */
static bool has_secrets(enum sapa_route_id route)
{
    return route == SAPA_ROUTE_ME_PHONE || route == SAPA_ROUTE_WEB_CALL || route == SAPA_ROUTE_TOKEN_NEW || route == SAPA_ROUTE_WALL_LINK || route == SAPA_ROUTE_HOOK_NEW || sapa_web_is_login(route);
}

static void idempotent_end(struct web_request *rq)
{
    struct web_idempotent *one = idempotent_of(rq->web, rq->idempotent);

    if (!one)
        return;
    if (rq->status >= 500 || has_secrets(rq->route)) { /* may be tried again; secrets are not kept */
        free(one->text);
        sapa_table_remove(&rq->web->idempotent, one);
        return;
    }
    one->text = malloc(rq->out.n + 1);
    one->n = one->text ? (uint32_t)rq->out.n : 0;
    if (one->text)
        memcpy(one->text, rq->out.p, rq->out.n);
    one->status = rq->status;
}

/* A webhook's address may have a password of its target's in its query; a note is about a person, a guest says his name. */
static bool hides_body(enum sapa_route_id route)
{
    return route == SAPA_ROUTE_HOOK_NEW || route == SAPA_ROUTE_NOTE || route == SAPA_ROUTE_WEB_CALL || route == SAPA_ROUTE_TASK_NEW ||
           sapa_web_is_login(route) || sapa_route(route)->body == SAPA_SCHEMA_YAML;
}

static void audit_of(const struct web_request *rq, sapa_rc rc, struct sapa_record *ret)
{
    struct sapa_rec_api_write *audit = &ret->u.api_write;
    struct sapa_text text;

    sapa_record_init(ret, SAPA_T_api_write);
    audit->request = rq->id;
    (void)sapa_sized_set(&audit->actor, sapa_str_of(rq->who.user));
    (void)sapa_sized_set(&audit->role, sapa_str_of(rq->who.role_name));
    (void)sapa_sized_set(&audit->source, sapa_str_of(rq->source));
    sapa_text_init(&text, audit->what.p, sizeof(audit->what.p));
    sapa_text_printf(&text, "%s %s", sapa_method_name(rq->method), sapa_route(rq->route)->path);
    audit->what.n = (uint16_t)text.n;
    sapa_text_init(&text, audit->detail.p, sizeof(audit->detail.p));
    for (unsigned i = 0; i < rq->params.count; i++)
        sapa_text_printf(&text, "%s%s=%s", i ? " " : "", rq->params.of[i].rule->name, rq->params.of[i].value);
    if (rq->body_n > 0 && !hides_body(rq->route)) { /* other bodies hold keys and times, no secrets and no personal data */
        sapa_text_add(&text, SAPA_STR(" "));
        sapa_text_add(&text, (struct sapa_str){ rq->body, SAPA_MIN(rq->body_n, (size_t)200) });
    }
    while (text.n > 0 && !sapa_str_utf8(sapa_text_str(&text)))
        audit->detail.p[--text.n] = '\0'; /* cut within a character */
    audit->detail.n = (uint16_t)text.n;
    audit->rc = (uint64_t)-rc;
    if (rq->idempotent == 0 || has_secrets(rq->route) || rq->later || rq->changes)
        return;
    const uint64_t hashes[2] = { rq->idempotent, rq->request_hash };
    (void)sapa_sized_set(&audit->idempotent, ((struct sapa_str){ (const char *)hashes, sizeof(hashes) }));
    (void)sapa_sized_set(&audit->answer, sapa_str_of(rq->answer));
}

/* At the start: what was answered before it. */
static void remember(struct sapa_web *web, const struct sapa_web_work *work)
{
    const struct sapa_web_remembered *of = (const struct sapa_web_remembered *)(const void *)work->out.p;

    if (work->rc != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "web.idempotent", "answers before the start cannot be read (%s): what is repeated is done again, ignoring", sapa_rc_name(work->rc));
    for (size_t i = 0; work->rc == SAPA_OK && i < work->out.n / sizeof(*of); i++) {
        struct sapa_json text = { .p = NULL };
        struct web_idempotent *one = idempotent_of(web, of[i].key);
        if (one || sapa_table_add(&web->idempotent, of[i].key, &one) != SAPA_OK)
            continue;
        one->body_hash = of[i].request_hash;
        one->at_us = sapa_mono_us() - of[i].age_us;
        one->rc = of[i].rc;
        one->status = 200;
        if (one->rc == SAPA_OK) {
            done(&text, of[i].seq, of[i].answer);
            one->text = text.p;
            one->n = (uint32_t)text.n;
        }
    }
    web->remembers = true;
}

void sapa_web_remember(struct sapa_web *web)
{
    struct web_job *job = calloc(1, sizeof(*job));

    if (job) {
        job->web = web;
        job->work.route = SAPA_ROUTE_COUNT;
    }
    if (!job || sapa_pool_submit(web->pool, NULL, run_job, NULL, job) != SAPA_OK) {
        free(job);
        web->remembers = true;
    }
}

static void ask_with(struct web_request *rq, enum sapa_web_ask_kind kind, uint64_t contact, const struct sapa_record *audit,
                     const struct sapa_record *input, const struct sapa_web_reload *reload)
{
    const struct sapa_web_ask ask = { .request = rq->id, .kind = kind, .contact = contact, .centre = rq->web->mirror.centre };
    sapa_rc rc = sapa_web_wait(rq);

    if (rc == SAPA_OK)
        rc = ask_centre(rq->web, &ask, audit, input, reload);
    if (rc != SAPA_OK) {
        stop_waiting(rq);
        sapa_web_problem_rc(rq, rc, "the centre is overloaded; try again");
        idempotent_end(rq);
    }
}

static void ask_or_fail(struct web_request *rq, enum sapa_web_ask_kind kind, uint64_t contact, const struct sapa_record *audit,
                        const struct sapa_record *input)
{
    ask_with(rq, kind, contact, audit, input, NULL);
}

void sapa_web_write(struct web_request *rq, const struct sapa_record *input)
{
    static struct sapa_record audit;

    audit_of(rq, SAPA_OK, &audit);
    ask_or_fail(rq, SAPA_WEB_ASK_INPUT, 0, &audit, input);
}

void sapa_web_write_all(struct web_request *rq, const struct sapa_record *inputs, size_t count, struct sapa_str detail)
{
    static struct sapa_record audit;
    const struct sapa_web_ask ask = { .request = rq->id, .kind = SAPA_WEB_ASK_INPUTS, .centre = rq->web->mirror.centre };
    struct sapa_text text;

    audit_of(rq, SAPA_OK, &audit);
    sapa_text_init(&text, audit.u.api_write.detail.p, sizeof(audit.u.api_write.detail.p));
    sapa_text_add(&text, detail);
    while (text.n > 0 && !sapa_str_utf8(sapa_text_str(&text)))
        text.n--;
    audit.u.api_write.detail.n = (uint16_t)text.n;
    sapa_rc rc = sapa_web_wait(rq);
    if (rc == SAPA_OK)
        rc = ask_with_inputs(rq->web, &ask, &audit, inputs, count, NULL);
    if (rc != SAPA_OK) {
        stop_waiting(rq);
        sapa_web_problem_rc(rq, rc, "the centre is overloaded; try again");
        idempotent_end(rq);
    }
}

static const char *body_text(const json_t *body, const char *name)
{
    const char *text = json_string_value(json_object_get(body, name));

    return text ? text : "";
}

static struct sapa_str by_of(const struct web_request *rq)
{
    return sapa_str_of(rq->who.user);
}

/* Bodies that name something which is not there. */
static void unknown(struct web_request *rq, const char *what, const char *key)
{
    sapa_web_problem(rq, 400, "ENOENT", "there is no %s \"%s\"", what, key);
}

/* Of what a command on the contact in hand could meet: is anything of a client that one does not see? */
static bool has_another_clients(const struct web_request *rq, uint32_t agent)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const struct sapa_web_agent *view = &rq->web->mirror.agents[agent].view;
    bool other = false;

    for (unsigned i = 0; i < view->assignment_count && rq->who.scope.agent == SAPA_NONE; i++) {
        const uint32_t queue = view->assignments[i].queue;
        other |= queue < centre->queues_count && !sapa_scope_client(&rq->who.scope, centre->queues[queue].client);
    }
    return other;
}

static void agent_write(struct web_request *rq, const json_t *body)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const uint32_t agent = agent_of(rq);
    const char *word = body_text(body, rq->route == SAPA_ROUTE_STATE ? "state" : "action");
    struct sapa_record input;

    if (agent == SAPA_NONE)
        return;
    if (!(rq->who.rights & SAPA_RIGHT_BIT(AGENTS)) && strcmp(rq->who.agent, param(rq, "agent")) != 0) {
        sapa_web_problem(rq, 403, "EDENIED", "only one's own state, without the right agents");
        return;
    }
    if (rq->route != SAPA_ROUTE_STATE && has_another_clients(rq, agent)) {
        sapa_web_problem(rq, 409, "ESTATE", "what the agent has in hand is not of a client of yours");
        return;
    }
    sapa_record_init(&input, SAPA_T_agent_command);
    struct sapa_rec_agent_command *command = &input.u.agent_command;
    command->agent = agent;
    command->code = SAPA_NONE;
    if (rq->route == SAPA_ROUTE_STATE) {
        const char *reason = body_text(body, "reason");
        command->verb = strcmp(word, "ready") == 0 ? SAPA_VERB_READY : strcmp(word, "not_ready") == 0 ? SAPA_VERB_NOT_READY : SAPA_VERB_LOGOUT;
        if (reason[0] && command->verb != SAPA_VERB_NOT_READY) {
            sapa_web_problem(rq, 400, "EINVAL", "a reason goes with not_ready only");
            return;
        }
        if (reason[0] && (command->code = SAPA_FIND(centre, reasons, sapa_str_of(reason))) == SAPA_NONE) {
            unknown(rq, "reason", reason);
            return;
        }
        if (json_is_true(json_object_get(body, "book"))) {
            if (!reason[0]) {
                sapa_web_problem(rq, 400, "EINVAL", "book goes with a reason");
                return;
            }
            command->verb = SAPA_VERB_BOOK;
        }
        rq->wanted_reason = (uint32_t)command->code;
    } else if (rq->route == SAPA_ROUTE_WRAPUP) {
        const char *disposition = body_text(body, "disposition");
        const struct sapa_web_agent *view = &rq->web->mirror.agents[agent].view;
        command->verb = strcmp(word, "done") == 0 ? SAPA_VERB_WRAPUP_DONE : SAPA_VERB_WRAPUP_EXTEND;
        if (disposition[0] && command->verb != SAPA_VERB_WRAPUP_DONE) {
            sapa_web_problem(rq, 400, "EINVAL", "a disposition goes with done only");
            return;
        }
        /* dispositions are named per queue: that of the wrap-up in hand decides */
        for (unsigned i = 0; disposition[0] && i < view->assignment_count && command->code == SAPA_NONE; i++) {
            const struct sapa_web_assignment *one = &view->assignments[i];
            if (one->state != SAPA_ASSIGNMENT_WRAPUP || one->queue >= centre->queues_count)
                continue;
            const struct sapa_queue *queue = &centre->queues[one->queue];
            for (uint32_t k = queue->disposition_first; k < queue->disposition_first + queue->disposition_count; k++) {
                if (sapa_str_eq(centre->dispositions[k].key, sapa_str_of(disposition)))
                    command->code = k;
            }
        }
        if (disposition[0] && command->code == SAPA_NONE) {
            sapa_web_problem(rq, 409, "ESTATE", "the agent has no wrap-up whose queue knows the disposition \"%s\"", disposition);
            return;
        }
    } else {
        command->verb = strcmp(word, "pause") == 0 ? SAPA_VERB_RECORD_PAUSE : strcmp(word, "resume") == 0 ? SAPA_VERB_RECORD_RESUME : SAPA_VERB_RECORD_START;
    }
    sapa_web_write(rq, &input);
}

static void skill_write(struct web_request *rq, const json_t *body)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const uint32_t agent = agent_of(rq), skill = SAPA_FIND(centre, skills, sapa_str_of(param(rq, "skill")));
    const json_int_t level = json_integer_value(json_object_get(body, "level"));
    const char *until = body_text(body, "until");
    struct sapa_record input;

    if (agent == SAPA_NONE)
        return;
    if (skill == SAPA_NONE) {
        sapa_web_problem(rq, 404, "ENOENT", "there is no skill \"%s\"", param(rq, "skill"));
        return;
    }
    if (level > 10) {
        sapa_web_problem(rq, 400, "EINVAL", "a level is 0 to 10");
        return;
    }
    sapa_record_init(&input, SAPA_T_agent_skill);
    input.u.agent_skill.agent = agent;
    input.u.agent_skill.skill = skill;
    input.u.agent_skill.level = (uint64_t)level;
    if (until[0] && sapa_time_parse(sapa_str_of(until), &input.u.agent_skill.until_us) != SAPA_OK)
        input.u.agent_skill.until_us = 0; /* judged before */
    (void)sapa_sized_set(&input.u.agent_skill.by, by_of(rq));
    sapa_web_write(rq, &input);
}

static void move_write(struct web_request *rq, const json_t *body)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const struct sapa_mirror_contact *contact = sapa_mirror_contact_find(&rq->web->mirror, number_of(rq, "contact", 0));
    const char *key = body_text(body, "queue");
    const char *agent_key = body_text(body, "agent");
    const uint32_t queue = key[0] ? SAPA_FIND(centre, queues, sapa_str_of(key)) : contact ? contact->view.queue : SAPA_NONE;
    const uint32_t agent = SAPA_FIND(centre, agents, sapa_str_of(agent_key));
    struct sapa_record input;

    if (!contact || !sapa_scope_contact(&rq->who.scope, rq->web->mirror.centre, contact)) {
        sapa_web_problem(rq, 404, "ENOENT", "there is no living contact %s", param(rq, "contact"));
        return;
    }
    if (queue >= centre->queues_count && !key[0]) {
        sapa_web_problem(rq, 409, "ESTATE", "it stands in no queue");
        return;
    }
    if (queue == SAPA_NONE || !sapa_scope_client(&rq->who.scope, centre->queues[queue].client)) {
        unknown(rq, "queue", key);
        return;
    }
    if (agent_key[0] && (agent == SAPA_NONE || !sapa_scope_agent(&rq->who.scope, centre, agent))) {
        unknown(rq, "agent", agent_key);
        return;
    }
    sapa_record_init(&input, SAPA_T_contact_move);
    input.u.contact_move.agent = agent_key[0] ? agent + 1 : 0;
    input.u.contact_move.front = json_is_true(json_object_get(body, "front"));
    input.u.contact_move.contact = contact->view.contact;
    input.u.contact_move.queue = queue;
    (void)sapa_sized_set(&input.u.contact_move.by, by_of(rq));
    sapa_web_write(rq, &input);
}

static void switch_write(struct web_request *rq, const json_t *body)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const char *client = body_text(body, "client");
    struct sapa_record input;

    sapa_record_init(&input, SAPA_T_switch_set);
    input.u.switch_set.which = strcmp(param(rq, "switch"), "surge") == 0 ? SAPA_SWITCH_SURGE : SAPA_SWITCH_CLOSED;
    input.u.switch_set.on = json_is_true(json_object_get(body, "on"));
    input.u.switch_set.client = client[0] ? SAPA_FIND(centre, clients, sapa_str_of(client)) : SAPA_NONE;
    if (client[0] && (input.u.switch_set.client == SAPA_NONE || !sapa_scope_client(&rq->who.scope, (uint32_t)input.u.switch_set.client))) {
        unknown(rq, "client", client);
        return;
    }
    if (!client[0] && !sapa_scope_whole(&rq->who.scope)) {
        sapa_web_problem(rq, 403, "EDENIED", "this is for all clients, and you are bound to some of the centre: name one");
        return;
    }
    (void)sapa_sized_set(&input.u.switch_set.by, by_of(rq));
    sapa_web_write(rq, &input);
}

static void done(struct sapa_json *out, uint64_t seq, const char *more)
{
    sapa_json_reset(out);
    sapa_json_open(out, '{');
    sapa_json_add_bool(out, "done", true);
    sapa_json_add_id(out, "seq", seq);
    if (more[0])
        sapa_json_raw(out, sapa_str_of(more));
    sapa_json_close(out, '}');
}

/* ---- work on the pool ---- */

static void job_free(struct web_job *job)
{
    sapa_wipe(&job->work.token, sizeof(job->work.token));
    sapa_wipe(job->work.password, sizeof(job->work.password));
    sapa_wipe(job->work.new_password, sizeof(job->work.new_password));
    sapa_wipe(job->work.secret, sizeof(job->work.secret));
    free(job->work.ids);
    free(job->work.hooks);
    free(job->work.text);
    sapa_json_done(&job->work.out);
    free(job);
}

static void run_job(void *ctx)
{
    struct web_job *job = ctx;
    struct sapa_web *web = job->web; /* the job is not ours any more once it is in the mailbox */

    web->options.ports.work(web->options.ports.ctx, &job->work);
    while (sapa_mailbox_put(web->mailbox, SAPA_WEB_RESULT, &job, sizeof(job)) != SAPA_OK) {
        if (atomic_load(&web->stopping)) { /* nobody would take it */
            if (!sapa_web_is_login(job->work.route)) /* those are known to the thread, which frees them */
                job_free(job);
            return;
        }
        sapa_web_wake(web);
        const struct timespec moment = { .tv_nsec = 2000000 };
        nanosleep(&moment, NULL);
    }
    sapa_web_wake(web);
}

/* ---- logins: in their order ---- */

static void job_answer(struct web_request *rq, struct sapa_web_work *done_work);

/* Nothing is urgent about a password: calls go first. */
static void run_password(void *ctx)
{
    sapa_thread_background();
    run_job(ctx);
}

static sapa_rc run_login(struct sapa_web *web, struct web_job *job)
{
    const bool looks = job->work.route == SAPA_ROUTE_LOGIN && !job->work.password_good;

    return looks ? sapa_pool_submit(web->passwords, NULL, run_password, NULL, job) : sapa_pool_submit(web->logins, NULL, run_job, NULL, job);
}

/* It has no more to do. */
static void login_ran(struct sapa_web *web, const struct web_job *job)
{
    for (size_t i = 0; i < web->login_runs; i++) {
        if (web->login_jobs[i] != job)
            continue;
        web->login_jobs[i] = web->login_jobs[--web->login_runs];
        break;
    }
    sapa_web_login_ran(web, &job->work);
}

static void next_login(struct sapa_web *web)
{
    while (web->login_runs < web->login_runs_max && web->logins_first) {
        struct web_job *job = web->logins_first;
        struct web_request *rq = sapa_web_request_of(web, job->request);
        sapa_rc rc = sapa_web_login_may_run(web, &job->work);
        if (rq && rc == SAPA_EAGAIN)
            return; /* one of those that run ends, and asks again */
        web->logins_first = job->next;
        if (!web->logins_first)
            web->logins_last = &web->logins_first;
        web->logins_count--;
        if (rq)
            sapa_web_login_sessions(rq, &job->work);
        if (rq && rc == SAPA_OK) /* who has hung up does not want it any more */
            rc = run_login(web, job);
        if (rq && rc == SAPA_OK) { /* it is the pool's: its result may be there already */
            web->login_jobs[web->login_runs++] = job;
            continue;
        }
        job->work.rc = rc;
        if (rq)
            job_answer(rq, &job->work);
        job_free(job);
    }
}

static sapa_rc add_login(struct sapa_web *web, struct web_job *job)
{
    if (web->logins_count == WEB_LOGINS_MAX)
        return SAPA_ELIMIT;
    job->next = NULL;
    *web->logins_last = job;
    web->logins_last = &job->next;
    web->logins_count++;
    next_login(web);
    return SAPA_OK;
}

void sapa_web_logins_drop(struct sapa_web *web)
{
    while (web->logins_first) {
        struct web_job *job = web->logins_first;
        web->logins_first = job->next;
        job_free(job);
    }
    while (web->login_runs > 0)
        job_free(web->login_jobs[--web->login_runs]);
}

/* Of what a request wishes, besides its parameters; each NULL when it is another route. */
struct wish {
    const struct sapa_token *token;
    const struct sapa_hook *hook;
    struct sapa_web_work *login; /* its ids become the job's */
    uint64_t into;
    const char *note;
    uint64_t match; /* with `note`; of tasks: when they are due */
    bool task_done;
};

static sapa_rc take_wish(const struct sapa_web *web, struct sapa_web_work *work, const struct wish *wish)
{
    if (wish && wish->token)
        work->token = *wish->token;
    if (wish && wish->hook)
        work->hook = *wish->hook;
    work->into = wish ? wish->into : 0;
    if (wish && wish->login) {
        memcpy(work->name, wish->login->name, sizeof(work->name));
        memcpy(work->password, wish->login->password, sizeof(work->password));
        memcpy(work->new_password, wish->login->new_password, sizeof(work->new_password));
        memcpy(work->source, wish->login->source, sizeof(work->source));
        work->cookie = wish->login->cookie;
        work->ids = wish->login->ids;
        work->id_count = wish->login->id_count;
        wish->login->ids = NULL;
    }
    work->match = wish ? wish->match : 0;
    work->task_done = wish && wish->task_done;
    if (wish && wish->note) {
        work->text_n = strlen(wish->note);
        work->text = malloc(work->text_n + 1);
        if (!work->text)
            return SAPA_ENOMEM;
        memcpy(work->text, wish->note, work->text_n + 1);
    }
    if ((work->route != SAPA_ROUTE_HOOK && work->route != SAPA_ROUTE_HOOKS) || web->hook_count == 0)
        return SAPA_OK;
    work->hooks = malloc(web->hook_count * sizeof(*work->hooks));
    if (!work->hooks)
        return SAPA_ENOMEM;
    memcpy(work->hooks, web->hooks, web->hook_count * sizeof(*work->hooks));
    work->hook_count = web->hook_count;
    return SAPA_OK;
}

/* Of a card: what lives is known here. */
static void fill_living(const struct web_request *rq, struct sapa_web_work *work)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;
    const struct sapa_mirror_contact *contact = sapa_mirror_contact_find(mirror, number_of(rq, "contact", 0));

    work->agent = rq->who.agent[0] ? SAPA_FIND(mirror->centre, agents, sapa_str_of(rq->who.agent)) : SAPA_NONE;
    work->living = contact && contact->has_view && sapa_scope_contact(&rq->who.scope, mirror->centre, contact);
    if (rq->route != SAPA_ROUTE_CARD || !work->living || contact->view.person == 0)
        return;
    for (uint32_t i = 0; i < mirror->contacts.count && work->callback_count < SAPA_WEB_CALLBACKS_MAX; i++) {
        const struct sapa_mirror_contact *other = sapa_table_at(&mirror->contacts, i);
        if (other->has_view && other != contact && other->view.person == contact->view.person && other->view.callback != 255)
            work->callbacks[work->callback_count++] = other->view.contact;
    }
}

/* Whose recordings an agent may hear follows from whom he talks with. */
static void fill_in_hand(const struct web_request *rq, struct sapa_web_work *work)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;

    if (rq->who.scope.agent >= mirror->centre->agents_count)
        return;
    const struct sapa_web_agent *view = &mirror->agents[rq->who.scope.agent].view;
    for (unsigned i = 0; i < view->assignment_count; i++)
        work->in_hand[work->in_hand_count++] = view->assignments[i].contact;
}

/* Callbacks in queues of the clients that an agent serves. */
static void fill_callbacks(const struct web_request *rq, struct sapa_web_work *work)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;
    const uint32_t agent = SAPA_FIND(mirror->centre, agents, sapa_str_of(param(rq, "agent")));

    for (uint32_t i = 0; agent != SAPA_NONE && i < mirror->contacts.count && work->callback_count < SAPA_WEB_CALLBACKS_MAX; i++) {
        const struct sapa_mirror_contact *contact = sapa_table_at(&mirror->contacts, i);
        if (contact->has_view && contact->view.callback != 255 && contact->view.client < 64 &&
            (mirror->centre->agents[agent].clients >> contact->view.client & 1) && sapa_scope_client(&rq->who.scope, contact->view.client))
            work->callbacks[work->callback_count++] = contact->view.contact;
    }
}

static void work(struct web_request *rq, const struct wish *wish)
{
    struct sapa_web *web = rq->web;
    struct web_job *job = calloc(1, sizeof(*job));
    sapa_rc rc = job ? sapa_web_wait(rq) : SAPA_ENOMEM;

    if (rc == SAPA_OK) {
        job->web = web;
        job->request = rq->id;
        job->work = (struct sapa_web_work){
            .route = rq->route, .params = rq->params, .scope = rq->who.scope, .centre = web->mirror.centre,
            .show_pii = (rq->who.rights & SAPA_RIGHT_BIT(PERSON)) != 0, .rights = rq->who.rights, .why = rq->why, .why_living = rq->why_record != NULL,
        };
        if (rq->why_record)
            memcpy(&job->work.why_record, rq->why_record, sapa_record_size(rq->why_record));
        memcpy(job->work.clients, web->mirror.clients, sizeof(job->work.clients));
        memcpy(job->work.user, rq->who.user, sizeof(job->work.user));
        job->work.request = rq->id;
        if (sapa_route(rq->route)->body == SAPA_SCHEMA_YAML || rq->route == SAPA_ROUTE_WALL_PUT || rq->route == SAPA_ROUTE_GOALS_PUT) { /* it is the job's now */
            job->work.text = rq->body, job->work.text_n = rq->body_n;
            rq->body = NULL, rq->body_n = rq->body_room = 0;
        }
        rc = take_wish(web, &job->work, wish);
        if (rq->route == SAPA_ROUTE_WORK)
            fill_callbacks(rq, &job->work);
        if (rq->route == SAPA_ROUTE_MY_FIGURES)
            fill_living(rq, &job->work); /* his agent */
        if (rq->route == SAPA_ROUTE_DISPOSITIONS)
            job->work.agent = rq->disposes_agent;
        if (rq->route == SAPA_ROUTE_CARD || rq->route == SAPA_ROUTE_NOTE)
            fill_living(rq, &job->work);
        if (rq->route == SAPA_ROUTE_AUDIO || rq->route == SAPA_ROUTE_RECORDING || rq->route == SAPA_ROUTE_RECORDINGS)
            fill_in_hand(rq, &job->work);
        if (rq->route == SAPA_ROUTE_AUDIO) {
            job->work.goes_on = rq->head_sent;
            job->work.from = rq->head_sent ? rq->stream_at : rq->range_from;
            job->work.to = rq->head_sent ? SAPA_MIN(rq->stream_end, rq->stream_at + WEB_AUDIO_CHUNK)
                                         : rq->has_range ? rq->range_to : UINT64_MAX;
        }
        if (rc == SAPA_OK)
            rc = sapa_web_is_login(rq->route) ? add_login(web, job)
                                              : sapa_pool_submit(rq->method == SAPA_GET ? web->pool : web->writes, NULL, run_job, NULL, job);
    }
    if (rc != SAPA_OK) {
        if (job)
            job_free(job);
        stop_waiting(rq);
        if (rq->head_sent) { /* in the middle of a recording: all that is left is to end */
            lws_set_timeout(rq->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
            return;
        }
        sapa_web_problem_rc(rq, rc, "too much is being looked up at the moment; try again");
        idempotent_end(rq);
        return;
    }
    web->stats.work++;
}

void sapa_web_stream_next(struct web_request *rq)
{
    rq->answered = false;
    work(rq, NULL);
}

/* A part of a recording. */
static void audio_came(struct web_request *rq, struct sapa_web_work *done_work)
{
    const bool first = !rq->head_sent;

    if (first && done_work->from > done_work->total) {
        sapa_web_problem(rq, 416, "EINVAL", "the recording has %llu bytes", (unsigned long long)done_work->total);
        return;
    }
    if (first) { /* the range as it is: the work has put it right */
        rq->range_from = done_work->from;
        rq->stream_end = done_work->to;
        rq->stream_total = done_work->total;
        rq->status = rq->has_range ? 206 : 200;
        rq->content_type = "audio/wav";
    }
    sapa_json_done(&rq->out);
    rq->out = done_work->out;
    done_work->out = (struct sapa_json){ .p = NULL };
    rq->stream_at = (first ? rq->range_from : rq->stream_at) + rq->out.n;
    rq->sent = 0;
    if (rq->out.n == 0 && !first) {
        lws_set_timeout(rq->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
        return;
    }
    if (first) { /* who hears what people said stands in the log before the first sound leaves */
        static struct sapa_record audit;
        audit_of(rq, SAPA_OK, &audit);
        ask_or_fail(rq, SAPA_WEB_ASK_AUDIT, 0, &audit, NULL);
        return;
    }
    sapa_web_ready(rq);
}

static bool is_apply(const struct web_request *rq)
{
    return rq->route == SAPA_ROUTE_CENTRE_APPLY || rq->route == SAPA_ROUTE_CENTRE_RESTORE;
}

/* What was done is told when it stands in the log. */
static void audit_work(struct web_request *rq, struct sapa_web_work *done_work)
{
    static struct sapa_record audit;

    if (done_work->rc == SAPA_OK && done_work->out.n > 0) {
        free(rq->later);
        rq->later = done_work->out.p;
        rq->later_n = done_work->out.n;
        done_work->out = (struct sapa_json){ .p = NULL };
    }
    (void)sapa_str_copy(sapa_str_of(done_work->answer), rq->answer, sizeof(rq->answer));
    audit_of(rq, done_work->rc, &audit);
    if (is_apply(rq))
        ask_with(rq, SAPA_WEB_ASK_RELOAD, 0, &audit, NULL, &done_work->reload);
    else
        ask_or_fail(rq, SAPA_WEB_ASK_AUDIT, 0, &audit, NULL);
}

/* A note that may be written: its text goes to the log in parts, all of them or none. */
static void note_work(struct web_request *rq, const struct sapa_web_work *done_work)
{
    static struct sapa_record audit, parts[SAPA_NOTE_PARTS]; /* the web thread's alone */
    const struct sapa_web_note *note = &done_work->note;
    const struct sapa_str text = { done_work->text, done_work->text_n };
    size_t count = 0, at = 0;

    do {
        const size_t n = sapa_note_part(text, at);
        struct sapa_rec_contact_noted *part = &parts[count].u.contact_noted;
        sapa_record_init(&parts[count], SAPA_T_contact_noted);
        part->contact = note->contact;
        part->version = note->version;
        part->part = count++;
        part->person = note->person;
        part->agent = note->agent;
        (void)sapa_sized_set(&part->text, ((struct sapa_str){ text.p + at, n }));
        (void)sapa_sized_set(&part->by, by_of(rq));
        at += n;
    } while (at < text.n && count < SAPA_NOTE_PARTS);
    for (size_t i = 0; i < count; i++)
        parts[i].u.contact_noted.parts = count;
    snprintf(rq->answer, sizeof(rq->answer), "\"version\":%llu", (unsigned long long)note->version);
    snprintf(rq->etag, sizeof(rq->etag), "\"%llu\"", (unsigned long long)note->version);
    audit_of(rq, SAPA_OK, &audit);
    const struct sapa_web_ask ask = { .request = rq->id, .kind = SAPA_WEB_ASK_NOTE, .contact = note->contact, .centre = rq->web->mirror.centre };
    const sapa_rc rc = at < text.n ? SAPA_ELIMIT : ask_with_inputs(rq->web, &ask, &audit, parts, count, NULL);
    sapa_wipe(parts, sizeof(parts));
    if (rc != SAPA_OK) {
        stop_waiting(rq);
        sapa_web_problem_rc(rq, rc, "the centre is overloaded; try again");
        idempotent_end(rq);
    }
}

void sapa_web_tell_later(struct web_request *rq, struct sapa_json *answer)
{
    static struct sapa_record audit;

    free(rq->later);
    rq->later = answer->p;
    rq->later_n = answer->n;
    *answer = (struct sapa_json){ .p = NULL };
    audit_of(rq, SAPA_OK, &audit);
    ask_or_fail(rq, SAPA_WEB_ASK_AUDIT, 0, &audit, NULL);
}

/* What lives, from the mirror, and what the log says. */
static void detail(struct web_request *rq, const struct sapa_web_work *done_work)
{
    const struct sapa_mirror_contact *contact = sapa_mirror_contact_find(&rq->web->mirror, number_of(rq, "contact", 0));

    if (contact && !sapa_scope_contact(&rq->who.scope, rq->web->mirror.centre, contact))
        contact = NULL;
    if (!contact && done_work->rc != SAPA_OK) {
        sapa_web_problem(rq, 404, "ENOENT", "there is no contact %s", param(rq, "contact"));
        return;
    }
    sapa_json_open(&rq->out, '{');
    sapa_json_key(&rq->out, "live");
    if (contact)
        sapa_mirror_contact_json(&rq->web->mirror, contact, (rq->who.rights & SAPA_RIGHT_BIT(PERSON)) != 0, &rq->out);
    else
        sapa_json_null(&rq->out);
    if (done_work->rc == SAPA_OK)
        sapa_json_raw(&rq->out, sapa_json_str(&done_work->out));
    else
        sapa_json_raw(&rq->out, SAPA_STR("\"record\":null,\"note\":null"));
    sapa_json_close(&rq->out, '}');
    sapa_web_ready(rq);
}

/* Who tried in vain stands in the log as well; nobody waits for that. */
static void log_refused(struct web_request *rq)
{
    static struct sapa_record audit;
    const struct sapa_web_ask ask = { .kind = SAPA_WEB_ASK_AUDIT, .centre = rq->web->mirror.centre };

    audit_of(rq, SAPA_EDENIED, &audit);
    (void)ask_centre(rq->web, &ask, &audit, NULL, NULL);
}

static void set_etag(struct web_request *rq, const char *hash)
{
    snprintf(rq->etag, sizeof(rq->etag), "\"%.64s\"", hash);
}

static void job_answer(struct web_request *rq, struct sapa_web_work *done_work)
{
    const bool writes = rq->method != SAPA_GET && rq->route != SAPA_ROUTE_CENTRE_PLAN;

    if (sapa_web_is_login(rq->route) && !sapa_web_login_done(rq, done_work)) {
        stop_waiting(rq);
        if (rq->status != 429) /* refused unread: the log is nobody's to fill */
            log_refused(rq);
        idempotent_end(rq);
        return;
    }
    if (writes && done_work->rc == SAPA_OK) {
        if (rq->route == SAPA_ROUTE_NOTE)
            note_work(rq, done_work);
        else
            audit_work(rq, done_work);
        return;
    }
    stop_waiting(rq);
    if (rq->route == SAPA_ROUTE_CONTACT && (done_work->rc == SAPA_OK || done_work->rc == SAPA_ENOENT)) {
        detail(rq, done_work);
        return;
    }
    if (done_work->rc != SAPA_OK && rq->head_sent) {
        lws_set_timeout(rq->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    } else if (done_work->rc != SAPA_OK && done_work->status != 0) {
        problem_with(rq, done_work->status, sapa_rc_name(done_work->rc), sapa_str_of(done_work->problem),
                     done_work->has_mistakes ? sapa_json_str(&done_work->out) : (struct sapa_str){ NULL, 0 });
        idempotent_end(rq);
    } else if (done_work->rc != SAPA_OK) {
        sapa_web_problem_rc(rq, done_work->rc, done_work->problem);
        idempotent_end(rq);
    } else if (rq->route == SAPA_ROUTE_AUDIO) {
        audio_came(rq, done_work);
    } else {
        sapa_json_done(&rq->out);
        rq->out = done_work->out;
        done_work->out = (struct sapa_json){ .p = NULL };
        if (done_work->content_type)
            rq->content_type = done_work->content_type;
        if (rq->route == SAPA_ROUTE_CENTRE)
            set_etag(rq, done_work->centre->hash);
        if (rq->route == SAPA_ROUTE_GOALS)
            snprintf(rq->etag, sizeof(rq->etag), "\"%llu\"", (unsigned long long)done_work->match);
        sapa_web_ready(rq);
    }
}

void sapa_web_job_done(struct sapa_web *web, struct web_job *job)
{
    struct web_request *rq = sapa_web_request_of(web, job->request);

    if (job->work.route == SAPA_ROUTE_LOGIN && job->work.rc == SAPA_OK && job->work.session.id == 0) { /* the password is good */
        const sapa_rc rc = atomic_load(&web->stopping) ? SAPA_ECLOSED : run_login(web, job);
        if (rc == SAPA_OK)
            return;
        job->work.rc = rc;
    }
    if (sapa_web_is_login(job->work.route))
        login_ran(web, job);
    sapa_web_logout_done(web, &job->work);
    if (job->work.route == SAPA_ROUTE_TOKEN_END && job->work.rc == SAPA_OK && web->options.ports.ended)
        web->options.ports.ended(web->options.ports.ctx, strtoull(sapa_params_get(&job->work.params, "token"), NULL, 10));
    if ((job->work.route == SAPA_ROUTE_LOGIN || job->work.route == SAPA_ROUTE_DEMO_LOGIN) && job->work.rc == SAPA_OK && sapa_sessions_add(&web->sessions, &job->work.session) != SAPA_OK)
        job->work.rc = SAPA_ENOMEM;
    if (job->work.route == SAPA_ROUTE_COUNT)
        remember(web, &job->work);
    const bool ends_tokens = job->work.route == SAPA_ROUTE_TOKEN_END || job->work.route == SAPA_ROUTE_WALL_END || job->work.route == SAPA_ROUTE_WALL_UNLINK;
    if ((job->work.route == SAPA_ROUTE_TOKEN_NEW || job->work.route == SAPA_ROUTE_WALL_LINK || ends_tokens) && job->work.rc == SAPA_OK &&
        sapa_tokens_load(&web->tokens, web->options.store) != SAPA_OK)
        sapa_log(SAPA_LOG_ERROR, "web.tokens", "the tokens cannot be read; those read before stay, ignoring");
    if (job->work.route == SAPA_ROUTE_GOALS_PUT && job->work.rc == SAPA_OK)
        sapa_web_goals_load(web);
    if (ends_tokens || job->work.id_count > 0)
        web->who_version++;
    if (rq)
        job_answer(rq, &job->work);
    job_free(job);
    if (!atomic_load(&web->stopping))
        next_login(web);
}

/* A list of clients into "a,b". False: answered. */
static bool client_list(struct web_request *rq, const json_t *clients, char *buf, size_t size)
{
    struct sapa_text list;

    sapa_text_init(&list, buf, size);
    for (size_t i = 0; i < json_array_size(clients); i++) {
        const char *key = json_string_value(json_array_get(clients, i));
        if (SAPA_FIND(rq->web->mirror.centre, clients, sapa_str_of(key)) == SAPA_NONE) {
            unknown(rq, "client", key);
            return false;
        }
        sapa_text_printf(&list, "%s%s", i ? "," : "", key);
    }
    if (list.cut || (clients && json_array_size(clients) == 0)) {
        sapa_web_problem(rq, 400, "EINVAL", "clients: one or more keys, or left out for all of them");
        return false;
    }
    return true;
}

static uint64_t body_id(const json_t *body, const char *name)
{
    uint64_t id;

    return sapa_str_u64(sapa_str_of(body_text(body, name)), UINT64_MAX, &id) == SAPA_OK ? id : 0;
}

static void token_write(struct web_request *rq, const json_t *body)
{
    struct sapa_token wish = { .role = (uint8_t)sapa_role_of(sapa_str_of(body_text(body, "role"))) };
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const char *agent = body_text(body, "agent"), *expires = body_text(body, "expires");

    if (!sapa_str_copy(sapa_str_of(body_text(body, "user")), wish.user, sizeof(wish.user)) ||
        !sapa_str_copy(sapa_str_of(agent), wish.agent, sizeof(wish.agent))) {
        sapa_web_problem(rq, 400, "EINVAL", "a user or agent has 64 bytes at most");
        return;
    }
    if (agent[0] && SAPA_FIND(centre, agents, sapa_str_of(agent)) == SAPA_NONE) {
        unknown(rq, "agent", agent);
        return;
    }
    if ((sapa_role_rights(wish.role) & ~rq->who.rights) != 0 || rq->who.scope.agent != SAPA_NONE) { /* nobody gives more than he has */
        sapa_web_problem(rq, 403, "EDENIED", "a token of the role %s may do more than you", sapa_role_name(wish.role));
        return;
    }
    if (!client_list(rq, json_object_get(body, "clients"), wish.clients, sizeof(wish.clients)))
        return;
    if (expires[0] && sapa_time_parse(sapa_str_of(expires), &wish.expires_us) != SAPA_OK)
        wish.expires_us = 0; /* judged before */
    (void)sapa_str_copy(by_of(rq), wish.by, sizeof(wish.by));
    work(rq, &(const struct wish){ .token = &wish });
}

static void hook_new_write(struct web_request *rq, const json_t *body)
{
    struct sapa_hook wish = { .replay_from = body_id(body, "from"), .personal = json_is_true(json_object_get(body, "personal")) };
    const json_t *events = json_object_get(body, "events");
    const char *ref = body_text(body, "secret_ref");
    char buf[160];
    struct sapa_text problem;

    sapa_text_init(&problem, buf, sizeof(buf));
    if (sapa_hook_url_check(sapa_str_of(body_text(body, "url")), &problem) != SAPA_OK) {
        sapa_web_problem(rq, 400, "EINVAL", "%s", buf);
        return;
    }
    if (wish.personal && !(rq->who.rights & SAPA_RIGHT_BIT(PERSON))) {
        sapa_web_problem(rq, 403, "EDENIED", "personal data is only for who has the right person");
        return;
    }
    if (ref[0] && (!sapa_str_starts(sapa_str_of(ref), SAPA_STR("webhook.")) || strlen(ref) >= sizeof(wish.secret_ref))) {
        sapa_web_problem(rq, 400, "EINVAL", "secret_ref: a name like webhook.NAME; other secrets are none of a webhook's business");
        return;
    }
    for (size_t i = 0; i < json_array_size(events); i++) {
        const char *name = json_string_value(json_array_get(events, i));
        const uint64_t bit = sapa_hook_event_of(sapa_str_of(name));
        if (bit == 0) {
            unknown(rq, "event", name);
            return;
        }
        wish.events |= bit;
    }
    if (events && wish.events == 0) {
        sapa_web_problem(rq, 400, "EINVAL", "events: one or more types, or left out for the usual ones");
        return;
    }
    wish.events = wish.events ? wish.events : sapa_hook_events_usual();
    if (!client_list(rq, json_object_get(body, "clients"), wish.clients, sizeof(wish.clients)))
        return;
    (void)sapa_str_copy(sapa_str_of(body_text(body, "url")), wish.url, sizeof(wish.url));
    (void)sapa_str_copy(sapa_str_of(ref), wish.secret_ref, sizeof(wish.secret_ref));
    (void)sapa_str_copy(by_of(rq), wish.by, sizeof(wish.by));
    work(rq, &(const struct wish){ .hook = &wish });
}

static bool contact_is_hidden(const struct web_request *rq);

/* One's own, or anybody's with the right agents; else answered. */
static bool may_work(struct web_request *rq)
{
    if (agent_of(rq) == SAPA_NONE)
        return false;
    if ((rq->who.rights & SAPA_RIGHT_BIT(AGENTS)) || strcmp(rq->who.agent, param(rq, "agent")) == 0)
        return true;
    sapa_web_problem(rq, 403, "EDENIED", "only one's own tasks, without the right agents");
    return false;
}

static void task_write(struct web_request *rq, const json_t *body)
{
    const char *due = body_text(body, "due");
    int64_t due_us = 0;

    if (due[0] && sapa_time_parse(sapa_str_of(due), &due_us) != SAPA_OK)
        due_us = 0; /* judged before */
    if (rq->route == SAPA_ROUTE_TASK_SET && !json_object_get(body, "due") && !json_is_true(json_object_get(body, "done"))) {
        sapa_web_problem(rq, 400, "EINVAL", "done, or another due time");
        return;
    }
    if (may_work(rq))
        work(rq, &(const struct wish){ .note = rq->route == SAPA_ROUTE_TASK_NEW ? body_text(body, "text") : NULL, .match = (uint64_t)due_us,
                                       .into = body_id(body, "contact"), .task_done = json_is_true(json_object_get(body, "done")) });
}

enum { NETWORK_BODY_MAX = 200 }; /* it stands whole in the audit record: that is where it is kept */

static bool is_within(const json_t *body, const char *name, json_int_t lowest, json_int_t highest)
{
    const json_t *value = json_object_get(body, name);

    return !value || (json_integer_value(value) >= lowest && json_integer_value(value) <= highest);
}

static void network_write(struct web_request *rq, const json_t *body)
{
    static struct sapa_record audit;

    if (!rq->who.session && !rq->who.agent[0]) {
        sapa_web_problem(rq, 403, "EDENIED", "this is about the line of somebody who works at a desk");
    } else if (rq->body_n > NETWORK_BODY_MAX || !is_within(body, "rtt_ms", 0, 60000) || !is_within(body, "loss_permille", 0, 1000) ||
               !is_within(body, "jitter_ms", 0, 60000) || !is_within(body, "mos_x100", 100, 450)) {
        sapa_web_problem(rq, 400, "EINVAL", "at most %d bytes; rtt_ms and jitter_ms to 60000, loss_permille to 1000, mos_x100 from 100 to 450", NETWORK_BODY_MAX);
    } else {
        audit_of(rq, SAPA_OK, &audit);
        ask_or_fail(rq, SAPA_WEB_ASK_AUDIT, 0, &audit, NULL);
    }
}

/* Only over the version that its writer has seen. */
static void note_write(struct web_request *rq, const json_t *body)
{
    struct sapa_str match = sapa_str_of(rq->if_match);
    uint64_t version;

    if (match.n >= 2 && match.p[0] == '"' && match.p[match.n - 1] == '"')
        match.p++, match.n -= 2;
    if (match.n == 0)
        sapa_web_problem(rq, 428, "EINVAL", "If-Match is wanted: the version of the note that this one was made from, \"0\" when there was none");
    else if (sapa_str_u64(match, UINT32_MAX, &version) != SAPA_OK)
        sapa_web_problem(rq, 400, "EINVAL", "If-Match: a version is a number");
    else if (rq->who.scope.agent == SAPA_NONE && !(rq->who.rights & SAPA_RIGHT_BIT(SUPERVISE)))
        sapa_web_problem(rq, 403, "EDENIED", "notes are written by agents who took part, and by who has the right supervise");
    else if (contact_is_hidden(rq))
        sapa_web_problem(rq, 404, "ENOENT", "there is no contact %s", param(rq, "contact"));
    else
        work(rq, &(const struct wish){ .note = body_text(body, "text"), .match = version });
}

/* All of them at once, and only over the version that was seen. */
static void goals_write(struct web_request *rq)
{
    struct sapa_str match = sapa_str_of(rq->if_match);
    uint64_t version;

    if (match.n >= 2 && match.p[0] == '"' && match.p[match.n - 1] == '"')
        match.p++, match.n -= 2;
    if (match.n == 0)
        sapa_web_problem(rq, 428, "EINVAL", "If-Match is wanted: the version of the targets that these were made from, \"0\" when there were none");
    else if (sapa_str_u64(match, UINT32_MAX, &version) != SAPA_OK)
        sapa_web_problem(rq, 400, "EINVAL", "If-Match: a version is a number");
    else if (rq->who.scope.clients != UINT64_MAX || rq->who.scope.team_count > 0)
        sapa_web_problem(rq, 403, "EDENIED", "targets are set for the whole centre, and you see a part of it");
    else
        work(rq, &(const struct wish){ .match = version });
}

/* Only over what the writer has seen: somebody else's change is not taken back by accident. */
static void apply_write(struct web_request *rq)
{
    const char *hash = rq->web->mirror.centre->hash;
    struct sapa_str match = sapa_str_of(rq->if_match);

    if (match.n >= 2 && match.p[0] == '"' && match.p[match.n - 1] == '"')
        match.p++, match.n -= 2;
    if (match.n == 0)
        sapa_web_problem(rq, 428, "EINVAL", "If-Match is wanted: the hash of the description in force, as GET /api/v1/centre says it (now \"%s\")", hash);
    else if (!sapa_str_eq(match, sapa_str_of(hash)))
        sapa_web_problem(rq, 412, "ESTATE", "another description is in force: \"%s\"; plan again", hash);
    else if (strlen(param(rq, "comment")) > 127)
        sapa_web_problem(rq, 400, "EINVAL", "a comment has 127 bytes at most");
    else
        work(rq, NULL);
}

/* ---- what the centre replies ---- */

static void reply_write(struct web_request *rq, const struct sapa_web_reply *reply)
{
    stop_waiting(rq);
    if (is_apply(rq) && reply->rc == SAPA_OK && rq->web->mirror.centre)
        set_etag(rq, rq->web->mirror.centre->hash);
    if (rq->route == SAPA_ROUTE_AUDIO && reply->rc == SAPA_OK) {
        sapa_web_ready(rq);
    } else if (reply->kind == SAPA_WEB_ASK_INPUTS && reply->seq > 0) {
        sapa_web_changed(rq, reply);
    } else if (reply->denial != SAPA_DENIAL_NONE) {
        sapa_web_call_denied(rq, (sapa_rc)reply->rc, reply->denial);
    } else if (rq->route == SAPA_ROUTE_NOTE && reply->rc == SAPA_EEXIST) {
        rq->etag[0] = '\0';
        sapa_web_problem(rq, 412, "ESTATE", "somebody has written it this moment: read it again");
    } else if (is_apply(rq) && reply->rc == SAPA_EEXIST) {
        sapa_web_problem(rq, 412, "ESTATE", "another description is in force by now: plan again");
    } else if (rq->route == SAPA_ROUTE_STATE && (reply->rc == SAPA_EDENIED || reply->rc == SAPA_ELIMIT) && rq->wanted_reason != SAPA_NONE) {
        no_break(rq, (sapa_rc)reply->rc);
    } else if (reply->rc != SAPA_OK) {
        const bool brings = rq->route == SAPA_ROUTE_RELOAD || is_apply(rq);
        sapa_web_problem_rc(rq, (sapa_rc)reply->rc,
                            brings && reply->rc == SAPA_EIO      ? "the description's file cannot be written; the one before stays in force"
                            : brings && reply->rc != SAPA_EAGAIN ? "the description has mistakes or does not fit; the one before stays in force. sapa check FILE says where"
                            : reply->rc == SAPA_EDENIED && (rq->route == SAPA_ROUTE_WRAPUP || rq->route == SAPA_ROUTE_STATE) ? "the queue wants a disposition first, or there is no further extension"
                            : reply->rc == SAPA_ESTATE && rq->route == SAPA_ROUTE_SWITCH ? "the switch stands so already"
                            : reply->rc == SAPA_ESTATE           ? "the present state does not allow it, or it is so already"
                                                                 : NULL);
    } else if (rq->later) {
        sapa_json_reset(&rq->out);
        sapa_json_bytes(&rq->out, rq->later, rq->later_n);
        sapa_web_ready(rq);
    } else {
        done(&rq->out, reply->seq, rq->answer);
        sapa_web_ready(rq);
    }
    idempotent_end(rq);
}

static void reply_why(struct web_request *rq, const struct sapa_web_reply *reply, const void *data, size_t size)
{
    if (reply->rc == SAPA_OK && size >= sizeof(rq->why)) {
        memcpy(&rq->why, data, sizeof(rq->why));
        rq->why_record = calloc(1, sizeof(*rq->why_record));
        if (!rq->why_record) {
            stop_waiting(rq);
            sapa_web_problem_rc(rq, SAPA_ENOMEM, NULL);
            return;
        }
        memcpy(rq->why_record, (const uint8_t *)data + sizeof(rq->why), SAPA_MIN(size - sizeof(rq->why), sizeof(*rq->why_record)));
        if (size == sizeof(rq->why))
            sapa_record_init(rq->why_record, SAPA_T_tick); /* it lives, but stands in no line */
    }
    work(rq, NULL);
}

void sapa_web_centre_replied(struct sapa_web *web, const struct sapa_web_reply *reply, const void *data, size_t size)
{
    if (reply->kind == SAPA_WEB_ASK_FIGURES || reply->kind == SAPA_WEB_ASK_TIMES || reply->kind == SAPA_WEB_ASK_VIEW) {
        shared_came(web, reply, data, size);
        return;
    }
    struct web_request *rq = sapa_web_request_of(web, reply->request);
    if (!rq)
        return; /* the connection is gone, or it was told that nobody answers */
    if (reply->kind == SAPA_WEB_ASK_WHY)
        reply_why(rq, reply, data, size);
    else
        reply_write(rq, reply);
}

/* ---- health and metrics ---- */

static bool is_ready(const struct sapa_web *web)
{
    return web->mirror.centre && web->has_state && web->state.accepts_new;
}

static void ready(struct web_request *rq)
{
    const struct sapa_web *web = rq->web;

    rq->status = is_ready(web) ? 200 : 503;
    sapa_json_open(&rq->out, '{');
    sapa_json_add_bool(&rq->out, "ready", is_ready(web));
    sapa_json_add_text(&rq->out, "log", sapa_str_of(web->has_state ? web->state.log_text : "starting"));
    if (web->mirror.centre)
        sapa_json_add_text(&rq->out, "centre", sapa_str_of(web->mirror.centre->hash));
    else
        sapa_json_add_null(&rq->out, "centre");
    sapa_json_close(&rq->out, '}');
    sapa_web_ready(rq);
}

static void metric(struct sapa_json *out, const char *name, const char *kind, const char *help, uint64_t value)
{
    sapa_json_printf(out, "# HELP sapa_%s %s\n# TYPE sapa_%s %s\nsapa_%s %llu\n", name, help, name, kind, name, (unsigned long long)value);
}

static void hook_metrics(const struct sapa_web *web, struct sapa_json *out)
{
    static const struct { const char *name, *kind, *help; } rows[] = {
        { "webhook_lag", "gauge", "records of the log that a webhook is behind" },
        { "webhook_delivered_total", "counter", "events delivered, ever" },
        { "webhook_failures_total", "counter", "deliveries that failed since the start" },
        { "webhook_failing", "gauge", "1: its last delivery failed, or its target is gone" },
    };

    for (size_t k = 0; web->hook_count > 0 && k < SAPA_COUNT(rows); k++) {
        sapa_json_printf(out, "# HELP sapa_%s %s\n# TYPE sapa_%s %s\n", rows[k].name, rows[k].help, rows[k].name, rows[k].kind);
        for (size_t i = 0; i < web->hook_count; i++) {
            const struct sapa_hook_state *state = &web->hooks[i];
            const uint64_t seq = web->state.committed, values[] = {
                seq > state->offset ? seq - state->offset : 0, state->delivered, state->failures_total,
                state->kind == SAPA_HOOK_FAILING || state->kind == SAPA_HOOK_GONE,
            };
            sapa_json_printf(out, "sapa_%s{webhook=\"%llu\"} %llu\n", rows[k].name, (unsigned long long)state->id, (unsigned long long)values[k]);
        }
    }
}

static void metrics(struct web_request *rq)
{
    const struct sapa_web *web = rq->web;
    const struct web_stats *s = &web->stats;
    const struct sapa_feed_stats feed = sapa_feed_stats(web->feed);
    const struct sapa_mailbox_stats mailbox = sapa_mailbox_stats(web->mailbox);
    uint32_t places[SAPA_PLACE_COUNT] = { 0 }, presences[SAPA_PRESENCE_COUNT] = { 0 };
    struct sapa_json *out = &rq->out;

    for (uint32_t i = 0; i < web->mirror.contacts.count; i++) {
        const struct sapa_mirror_contact *c = sapa_table_at(&web->mirror.contacts, i);
        if (c->has_view && c->view.place < SAPA_PLACE_COUNT)
            places[c->view.place]++;
    }
    for (uint32_t i = 0; web->mirror.centre && i < web->mirror.centre->agents_count; i++)
        presences[SAPA_MIN(web->mirror.agents[i].view.presence, (unsigned)SAPA_PRESENCE_COUNT - 1)]++;
    sapa_json_printf(out, "# HELP sapa_contacts living contacts by place\n# TYPE sapa_contacts gauge\n");
    for (unsigned i = 0; i < SAPA_PLACE_ENDED; i++)
        sapa_json_printf(out, "sapa_contacts{place=\"%s\"} %u\n", sapa_place_name(i), places[i]);
    sapa_json_printf(out, "# HELP sapa_agents agents by presence\n# TYPE sapa_agents gauge\n");
    for (unsigned i = 0; i < SAPA_PRESENCE_COUNT; i++)
        sapa_json_printf(out, "sapa_agents{presence=\"%s\"} %u\n", sapa_presence_name(i), presences[i]);
    metric(out, "ready", "gauge", "1: calls can be taken", is_ready(web));
    metric(out, "inputs_total", "counter", "inputs of the core", web->state.inputs);
    metric(out, "events_total", "counter", "events of the core", web->state.events);
    metric(out, "commands_total", "counter", "commands of the core", web->state.commands);
    metric(out, "refused_total", "counter", "inputs that changed nothing", web->state.refused);
    metric(out, "log_seq", "gauge", "last place given in the log", web->state.seq);
    metric(out, "log_committed_seq", "gauge", "last place that is safe", web->state.committed);
    metric(out, "log_commits_total", "counter", "commits", web->state.commits);
    metric(out, "log_slow_commits_total", "counter", "commits longer than 10 ms", web->state.slow_commits);
    metric(out, "log_failures_total", "counter", "commits that were tried again", web->state.failures);
    metric(out, "log_longest_commit_us", "gauge", "longest commit", (uint64_t)web->state.longest_commit_us);
    metric(out, "commands_held", "gauge", "commands that wait for the log", web->state.held);
    sapa_json_printf(out, "# HELP sapa_http_requests_total requests by hundreds of their status\n# TYPE sapa_http_requests_total counter\n");
    for (unsigned i = 1; i < SAPA_COUNT(s->requests); i++)
        sapa_json_printf(out, "sapa_http_requests_total{status=\"%uxx\"} %llu\n", i, (unsigned long long)s->requests[i]);
    metric(out, "http_slow_total", "counter", "requests answered after more than 100 ms", s->slow);
    metric(out, "http_connections", "gauge", "open connections", s->connections);
    metric(out, "http_refused_total", "counter", "connections refused by a limit", s->refused);
    metric(out, "http_too_fast_total", "counter", "requests refused by the rate of their source", s->too_fast);
    metric(out, "http_wrong_tokens_total", "counter", "requests with a token that is none", s->wrong_tokens);
    metric(out, "http_sip_connections", "gauge", "WebSockets of browsers' telephones now", rq->web->phones.count);
    metric(out, "http_sip_in_total", "counter", "SIP messages from browsers", s->sip_in);
    metric(out, "http_sip_out_total", "counter", "SIP messages to browsers", s->sip_out);
    metric(out, "http_sip_refused_total", "counter", "WebSockets of SIP refused or ended for what they sent", s->sip_refused);
    metric(out, "http_wrong_passwords_total", "counter", "logins with a wrong user or password", s->wrong_passwords);
    metric(out, "http_sessions", "gauge", "people logged in", web->sessions.by_hash.count);
    metric(out, "http_asks_total", "counter", "questions to the centre", s->asks);
    metric(out, "http_asks_refused_total", "counter", "questions that its mailbox had no room for", s->asks_refused);
    metric(out, "http_work_total", "counter", "jobs given to the pool", s->work);
    metric(out, "http_resets_total", "counter", "times that the whole state was sent again", s->resets);
    metric(out, "http_mailbox_bytes", "gauge", "of the centre's messages that wait", mailbox.depth_bytes);
    metric(out, "http_mailbox_high_bytes", "gauge", "most there ever were", mailbox.high_bytes);
    metric(out, "feed_subscribers", "gauge", "subscribers of the live feed", feed.subscribers);
    metric(out, "feed_rings", "gauge", "different views among them", feed.rings);
    metric(out, "feed_bytes", "gauge", "of messages kept for who comes back", feed.bytes);
    metric(out, "feed_messages_total", "counter", "messages to subscribers", feed.messages);
    metric(out, "feed_snapshots_total", "counter", "of those, snapshots", feed.snapshots);
    metric(out, "feed_behind_total", "counter", "of those, for subscribers that fell behind", feed.behind);
    hook_metrics(web, out);
    rq->content_type = "text/plain; version=0.0.4";
    sapa_web_ready(rq);
}

/* ---- the door ---- */

static void health(struct web_request *rq)
{
    sapa_json_open(&rq->out, '{');
    sapa_json_add_bool(&rq->out, "alive", true);
    sapa_json_add_text(&rq->out, "version", sapa_str_of(rq->web->options.version));
    sapa_json_close(&rq->out, '}');
    sapa_web_ready(rq);
}

static void openapi(struct web_request *rq)
{
    if (rq->web->openapi.n == 0)
        sapa_openapi(&rq->web->openapi);
    sapa_json_bytes(&rq->out, rq->web->openapi.p, rq->web->openapi.n);
    sapa_web_ready(rq);
}

/* Living contacts of others, and contacts of other clients, are not there. */
static bool contact_is_hidden(const struct web_request *rq)
{
    const struct sapa_mirror_contact *contact = sapa_mirror_contact_find(&rq->web->mirror, number_of(rq, "contact", 0));

    return contact && !sapa_scope_contact(&rq->who.scope, rq->web->mirror.centre, contact);
}

static void login_write(struct web_request *rq, const json_t *body)
{
    struct sapa_web_work *filled = calloc(1, sizeof(*filled));
    const bool ends = rq->route == SAPA_ROUTE_LOGOUT || rq->route == SAPA_ROUTE_SESSION_END;

    if (!filled) {
        sapa_web_problem_rc(rq, SAPA_ENOMEM, NULL);
        return;
    }
    if (ends ? sapa_web_logout_wish(rq, filled) : sapa_web_login_wish(rq, body, filled))
        work(rq, &(const struct wish){ .login = filled });
    free(filled->ids);
    sapa_wipe(filled, sizeof(*filled));
    free(filled);
}

static void answer_write(struct web_request *rq)
{
    const struct sapa_route *route = sapa_route(rq->route);
    static struct sapa_record audit;
    json_t *body = NULL;
    char buf[256];
    struct sapa_text problem;

    sapa_text_init(&problem, buf, sizeof(buf));
    if (route->body < SAPA_SCHEMA_COUNT &&
        sapa_route_body(rq->route, (struct sapa_str){ rq->body, rq->body_n }, &problem, &body) != SAPA_OK) {
        sapa_web_problem(rq, 400, "EINVAL", "%s", buf);
        return;
    }
    if (!idempotent_begin(rq)) {
        json_decref(body);
        return;
    }
    switch (rq->route) {
    case SAPA_ROUTE_MOVE: move_write(rq, body); break;
    case SAPA_ROUTE_NOTE: note_write(rq, body); break;
    case SAPA_ROUTE_NETWORK: network_write(rq, body); break;
    case SAPA_ROUTE_TASK_NEW:
    case SAPA_ROUTE_TASK_SET: task_write(rq, body); break;
    case SAPA_ROUTE_STATE:
    case SAPA_ROUTE_WRAPUP:
    case SAPA_ROUTE_RECORD: agent_write(rq, body); break;
    case SAPA_ROUTE_SKILL: skill_write(rq, body); break;
    case SAPA_ROUTE_CHANGES: sapa_web_change(rq, body); break;
    case SAPA_ROUTE_SWITCH: switch_write(rq, body); break;
    case SAPA_ROUTE_TOKEN_NEW: token_write(rq, body); break;
    case SAPA_ROUTE_HOOK_NEW: hook_new_write(rq, body); break;
    case SAPA_ROUTE_LOGIN:
    case SAPA_ROUTE_DEMO_LOGIN:
    case SAPA_ROUTE_PASSWORD:
    case SAPA_ROUTE_USER_PASSWORD:
    case SAPA_ROUTE_USER_CLEAR:
    case SAPA_ROUTE_TOTP:
    case SAPA_ROUTE_TOTP_CONFIRM:
    case SAPA_ROUTE_TOTP_END:
    case SAPA_ROUTE_USER_TOTP:
    case SAPA_ROUTE_LOGOUT:
    case SAPA_ROUTE_SESSION_END: login_write(rq, body); break;
    case SAPA_ROUTE_PERSON_MERGE: work(rq, &(const struct wish){ .into = body_id(body, "into") }); break;
    case SAPA_ROUTE_HOOK_SET:
        work(rq, &(const struct wish){ .hook = &(const struct sapa_hook){ .active = json_is_true(json_object_get(body, "active")) } });
        break;
    case SAPA_ROUTE_HOOK_REPLAY:
        work(rq, &(const struct wish){ .hook = &(const struct sapa_hook){ .replay_from = body_id(body, "from") } });
        break;
    case SAPA_ROUTE_CENTRE_APPLY:
    case SAPA_ROUTE_CENTRE_RESTORE: apply_write(rq); break;
    case SAPA_ROUTE_GOALS_PUT: goals_write(rq); break;
    case SAPA_ROUTE_ME_PHONE: sapa_web_phone(rq); break;
    case SAPA_ROUTE_WEB_CALL: sapa_web_guest(rq, body); break;
    case SAPA_ROUTE_RELOAD:
        audit_of(rq, SAPA_OK, &audit);
        ask_or_fail(rq, SAPA_WEB_ASK_RELOAD, 0, &audit, NULL);
        break;
    case SAPA_ROUTE_CALL:
    case SAPA_ROUTE_OFFER_DISPOSITION:
    case SAPA_ROUTE_OFFER_ACCEPT:
    case SAPA_ROUTE_OFFER_REFUSE:
    case SAPA_ROUTE_OFFER_HOLD:
    case SAPA_ROUTE_OFFER_RESUME:
    case SAPA_ROUTE_OFFER_HANGUP:
    case SAPA_ROUTE_OFFER_LEAVE:
    case SAPA_ROUTE_OFFER_TRANSFER:
    case SAPA_ROUTE_OFFER_CONSULT:
    case SAPA_ROUTE_OFFER_MERGE:
    case SAPA_ROUTE_OFFER_CONFERENCE:
    case SAPA_ROUTE_OFFER_DROP: sapa_web_call(rq, body); break;
    case SAPA_ROUTE_HELP_ASK:
    case SAPA_ROUTE_HELP_TAKE:
    case SAPA_ROUTE_HELP_END:
    case SAPA_ROUTE_ALERT_SEEN:
    case SAPA_ROUTE_MESSAGE_NEW:
    case SAPA_ROUTE_LEADER_MESSAGE:
    case SAPA_ROUTE_MESSAGE_READ: sapa_web_help(rq, body); break;
    case SAPA_ROUTE_SUPERVISE:
    case SAPA_ROUTE_SUPERVISION_SET:
    case SAPA_ROUTE_SUPERVISION_END: sapa_web_supervise(rq, body); break;
    default: work(rq, NULL); break; /* ERASE, TOKEN_END, HOOK_END */
    }
    json_decref(body);
    if (rq->answered && !rq->waits) /* refused before it reached anybody */
        idempotent_end(rq);
}

void sapa_web_answer(struct web_request *rq)
{
    rq->status = sapa_route(rq->route)->status;
    switch (rq->route) {
    case SAPA_ROUTE_HEALTH: health(rq); return;
    case SAPA_ROUTE_READY: ready(rq); return;
    case SAPA_ROUTE_OPENAPI: openapi(rq); return;
    case SAPA_ROUTE_METRICS: metrics(rq); return;
    case SAPA_ROUTE_LIVE: sapa_web_problem(rq, 426, "EINVAL", "connect with a WebSocket"); return;
    default: break;
    }
    if (!rq->web->mirror.centre) {
        sapa_web_problem(rq, 503, "EAGAIN", "the centre is still starting");
        return;
    }
    const unsigned right = sapa_route(rq->route)->right;
    if ((rq->who.scope.clients != UINT64_MAX || rq->who.scope.team_count > 0) && (right == SAPA_RIGHT_TOKENS || right == SAPA_RIGHT_CENTRE || right == SAPA_RIGHT_AUDIT || right == SAPA_RIGHT_RELOAD ||
                                                right == SAPA_RIGHT_WEBHOOKS || right == SAPA_RIGHT_CONFIGURE || right == SAPA_RIGHT_USERS ||
                                                rq->route == SAPA_ROUTE_MERGE_END || rq->route == SAPA_ROUTE_NETWORKS)) {
        sapa_web_problem(rq, 403, "EDENIED", "this is about the whole centre, and you are bound to some of it");
        return;
    }
    if (rq->method != SAPA_GET) {
        answer_write(rq);
        return;
    }
    switch (rq->route) {
    case SAPA_ROUTE_ME: me(rq); return;
    case SAPA_ROUTE_VIEW: view_wanted(rq); return;
    case SAPA_ROUTE_CONTACTS:
        if (wants_times(rq))
            shared_wanted(rq, WEB_SHARED_TIMES);
        else
            contacts(rq);
        return;
    case SAPA_ROUTE_AGENTS: agents(rq); return;
    case SAPA_ROUTE_AGENT: agent_one(rq); return;
    case SAPA_ROUTE_QUEUES:
    case SAPA_ROUTE_STANDINGS:
    case SAPA_ROUTE_QUEUE: shared_wanted(rq, WEB_SHARED_FIGURES); return;
    case SAPA_ROUTE_FIGURES: sapa_web_figures(rq); return;
    case SAPA_ROUTE_WEB_NUMBERS: web_numbers(rq); return;
    case SAPA_ROUTE_WEB_PLACE:
        if (place_is_his(rq))
            shared_wanted(rq, WEB_SHARED_TIMES);
        return;
    case SAPA_ROUTE_NUMBERS: numbers(rq); return;
    case SAPA_ROUTE_DISPOSITIONS: dispositions(rq); return;
    case SAPA_ROUTE_REASONS: reasons(rq); return;
    case SAPA_ROUTE_WORK:
        if (!may_work(rq))
            return;
        break;
    case SAPA_ROUTE_SWITCHES: switches(rq); return;
    case SAPA_ROUTE_ALERTS:
    case SAPA_ROUTE_MESSAGES: messages(rq); return;
    case SAPA_ROUTE_ROLES: sapa_web_roles(rq); return;
    case SAPA_ROUTE_SESSIONS: sapa_web_sessions(rq); return;
    case SAPA_ROUTE_DEMO: sapa_web_demo(rq); return;
    case SAPA_ROUTE_DIRECTORY: sapa_web_directory(rq); return;
    case SAPA_ROUTE_CONTACT:
    case SAPA_ROUTE_CARD:
    case SAPA_ROUTE_WHY:
        if (contact_is_hidden(rq)) {
            sapa_web_problem(rq, 404, "ENOENT", "there is no contact %s", param(rq, "contact"));
            return;
        }
        if (rq->route == SAPA_ROUTE_WHY) {
            ask_or_fail(rq, SAPA_WEB_ASK_WHY, number_of(rq, "contact", 0), NULL, NULL);
            return;
        }
        break;
    default: break;
    }
    work(rq, NULL);
}
