/* Raised hands, messages to agents, alerts that somebody sees to, as inputs of the core. */
#include "http/calls_impl.h"
#include "rt/clock.h"

enum { LASTS_S = 8 * 3600, TEXT_MAX = 500, LINES_MAX = 5, LINE_EVERY_S = 60 };

/* The agent of the path, whom one may act for: oneself, or with the right agents anybody that one sees. SAPA_NONE: answered. */
static uint32_t agent_of(struct web_request *rq)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const char *key = sapa_params_get(&rq->params, "agent");
    const uint32_t agent = SAPA_FIND(centre, agents, sapa_str_of(key));

    if (agent == SAPA_NONE || !sapa_scope_agent(&rq->who.scope, centre, agent)) {
        sapa_web_problem(rq, 404, "ENOENT", "there is no agent \"%s\"", key);
        return SAPA_NONE;
    }
    if (strcmp(rq->who.agent, key) == 0 || (rq->route != SAPA_ROUTE_HELP_ASK && (rq->who.rights & SAPA_RIGHT_BIT(AGENTS))))
        return agent;
    sapa_web_problem(rq, 403, "EDENIED",
                     rq->route == SAPA_ROUTE_HELP_ASK ? "only one's own hand" : "only one's own hand, without the right agents");
    return SAPA_NONE;
}

static void hand(struct web_request *rq)
{
    const uint32_t agent = agent_of(rq);
    struct sapa_record input;

    if (agent == SAPA_NONE)
        return;
    sapa_record_init(&input, SAPA_T_hand);
    input.u.hand.agent = agent;
    input.u.hand.state = rq->route == SAPA_ROUTE_HELP_ASK    ? SAPA_HAND_RAISED
                         : rq->route == SAPA_ROUTE_HELP_TAKE ? SAPA_HAND_TAKEN
                                                             : SAPA_HAND_DOWN;
    (void)sapa_sized_set(&input.u.hand.by, sapa_str_of(rq->who.user));
    sapa_web_write(rq, &input);
}

/* To whom. False: answered. */
static bool audience(struct web_request *rq, const json_t *body, struct sapa_rec_broadcast *in)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const char *to = json_string_value(json_object_get(body, "to")), *key = json_string_value(json_object_get(body, "key"));
    const struct sapa_str name = sapa_str_of(key);
    bool seen = true;

    while (in->kind < SAPA_AUDIENCE_AGENT && strcmp(to, sapa_audience_name((unsigned)in->kind)) != 0)
        in->kind++;
    in->target = SAPA_NONE;
    if ((in->kind == SAPA_AUDIENCE_ALL) != (key == NULL)) {
        sapa_web_problem(rq, 400, "EINVAL", "key: of the team, queue or agent; none with all");
        return false;
    }
    switch ((enum sapa_audience)in->kind) {
    case SAPA_AUDIENCE_TEAM:
        in->target = SAPA_FIND(centre, teams, name);
        seen = in->target != SAPA_NONE && sapa_scope_team(&rq->who.scope, centre, (uint32_t)in->target);
        break;
    case SAPA_AUDIENCE_QUEUE:
        in->target = SAPA_FIND(centre, queues, name);
        seen = in->target != SAPA_NONE && sapa_scope_client(&rq->who.scope, centre->queues[in->target].client);
        break;
    case SAPA_AUDIENCE_AGENT:
        in->target = SAPA_FIND(centre, agents, name);
        seen = in->target != SAPA_NONE && sapa_scope_agent(&rq->who.scope, centre, (uint32_t)in->target);
        break;
    default:
        if (sapa_scope_whole(&rq->who.scope))
            break;
        sapa_web_problem(rq, 403, "EDENIED", "to all is for who leads all: name a team, a queue or an agent");
        return false;
    }
    if (!seen)
        sapa_web_problem(rq, 400, "ENOENT", "there is no %s \"%s\"", to, key);
    return seen;
}

static void message(struct web_request *rq, const json_t *body)
{
    const char *text = json_string_value(json_object_get(body, "text")), *until = json_string_value(json_object_get(body, "until"));
    struct sapa_record input;

    sapa_record_init(&input, SAPA_T_broadcast);
    struct sapa_rec_broadcast *in = &input.u.broadcast;
    if (!audience(rq, body, in))
        return;
    in->until_us = sapa_wall_us() + LASTS_S * INT64_C(1000000);
    if (until && (sapa_time_parse(sapa_str_of(until), &in->until_us) != SAPA_OK || in->until_us <= sapa_wall_us())) {
        sapa_web_problem(rq, 400, "EINVAL", "until: a time to come");
        return;
    }
    if (strlen(text) == 0 || strlen(text) > TEXT_MAX || !sapa_sized_set(&in->text, sapa_str_of(text))) {
        sapa_web_problem(rq, 400, "EINVAL", "text: 1 to %d bytes", TEXT_MAX);
        return;
    }
    (void)sapa_sized_set(&in->by, sapa_str_of(rq->who.user));
    sapa_web_write(rq, &input);
}

static void read_it(struct web_request *rq)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const uint32_t agent = SAPA_FIND(centre, agents, sapa_str_of(rq->who.agent));
    const char *text = sapa_params_get(&rq->params, "message");
    struct sapa_record input;

    if (rq->who.agent[0] == '\0' || agent == SAPA_NONE) {
        sapa_web_problem(rq, 403, "EDENIED", "only agents say that they have read it");
        return;
    }
    sapa_record_init(&input, SAPA_T_broadcast_read);
    input.u.broadcast_read.agent = agent;
    if (sapa_str_u64(sapa_str_of(text), UINT64_MAX, &input.u.broadcast_read.message) != SAPA_OK)
        input.u.broadcast_read.message = 0;
    sapa_web_write(rq, &input);
}

static void seen(struct web_request *rq, const json_t *body)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const char *kind = json_string_value(json_object_get(body, "kind")), *key = json_string_value(json_object_get(body, "key"));
    const struct sapa_str name = sapa_str_of(key);
    struct sapa_record input;

    sapa_record_init(&input, SAPA_T_alert);
    struct sapa_rec_alert *in = &input.u.alert;
    while (in->kind + 1 < SAPA_ALERT_COUNT && strcmp(kind, sapa_alert_name((unsigned)in->kind)) != 0)
        in->kind++;
    in->target = in->kind <= SAPA_ALERT_ABANDONED ? SAPA_FIND(centre, queues, name) : SAPA_FIND(centre, agents, name);
    in->state = SAPA_ALERT_STATE_SEEN;
    if (in->target == SAPA_NONE || !sapa_scope_alert(&rq->who.scope, centre, (unsigned)in->kind, (uint32_t)in->target)) {
        sapa_web_problem(rq, 404, "ENOENT", "there is no such alert");
        return;
    }
    (void)sapa_sized_set(&in->by, sapa_str_of(rq->who.user));
    sapa_web_write(rq, &input);
}

/* A line of an agent to who leads him. Few at a time: they all stand together with what is said to everybody. */
static void to_leaders(struct web_request *rq, const json_t *body)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;
    const char *key = sapa_params_get(&rq->params, "agent"), *text = json_string_value(json_object_get(body, "text"));
    const uint32_t agent = SAPA_FIND(mirror->centre, agents, sapa_str_of(key));
    const int64_t now_us = sapa_wall_us();
    unsigned living = 0;

    if (agent == SAPA_NONE || strcmp(rq->who.agent, key) != 0) {
        sapa_web_problem(rq, 403, "EDENIED", "only one's own words");
        return;
    }
    if (mirror->agents[agent].view.team >= mirror->centre->teams_count) {
        sapa_web_problem(rq, 409, "ESTATE", "\"%s\" is in no team: nobody leads it", key);
        return;
    }
    for (size_t i = 0; i < mirror->broadcast_count; i++) {
        const struct sapa_web_broadcast *one = &mirror->broadcasts[i];
        living += one->kind == SAPA_AUDIENCE_LEADERS && one->at_us > now_us - LINE_EVERY_S * INT64_C(1000000) && strcmp(one->by, rq->who.user) == 0;
    }
    if (living >= LINES_MAX) {
        sapa_web_problem(rq, 429, "ELIMIT", "%d lines in %d seconds at most", LINES_MAX, LINE_EVERY_S);
        return;
    }
    struct sapa_record input;
    sapa_record_init(&input, SAPA_T_broadcast);
    struct sapa_rec_broadcast *in = &input.u.broadcast;
    in->kind = SAPA_AUDIENCE_LEADERS;
    in->target = mirror->agents[agent].view.team;
    in->until_us = now_us + LASTS_S * INT64_C(1000000);
    if (strlen(text) == 0 || strlen(text) > TEXT_MAX || !sapa_sized_set(&in->text, sapa_str_of(text))) {
        sapa_web_problem(rq, 400, "EINVAL", "text: 1 to %d bytes", TEXT_MAX);
        return;
    }
    (void)sapa_sized_set(&in->by, sapa_str_of(rq->who.user));
    sapa_web_write(rq, &input);
}

void sapa_web_help(struct web_request *rq, const json_t *body)
{
    switch (rq->route) {
    case SAPA_ROUTE_MESSAGE_NEW: message(rq, body); break;
    case SAPA_ROUTE_LEADER_MESSAGE: to_leaders(rq, body); break;
    case SAPA_ROUTE_MESSAGE_READ: read_it(rq); break;
    case SAPA_ROUTE_ALERT_SEEN: seen(rq, body); break;
    default: hand(rq); break;
    }
}
