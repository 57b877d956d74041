/* Routes that change something: from a checked body to an input of the core or a job. */
#include <stdlib.h>

#include "http/answer_impl.h"
#include "http/calls_impl.h"
#include "http/login_impl.h"
#include "http/phone_impl.h"
#include "report/card.h"
#include "rt/crypto.h"

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
    const uint32_t agent = sapa_web_param_agent(rq);
    const char *word = sapa_web_body_text(body, rq->route == SAPA_ROUTE_STATE ? "state" : "action");
    struct sapa_record input;

    if (agent == SAPA_NONE)
        return;
    if (!(rq->who.rights & SAPA_RIGHT_BIT(AGENTS)) && strcmp(rq->who.agent, sapa_web_param(rq, "agent")) != 0) {
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
        const char *reason = sapa_web_body_text(body, "reason");
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
        const char *disposition = sapa_web_body_text(body, "disposition");
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
    const uint32_t agent = sapa_web_param_agent(rq), skill = SAPA_FIND(centre, skills, sapa_str_of(sapa_web_param(rq, "skill")));
    const json_int_t level = json_integer_value(json_object_get(body, "level"));
    const char *until = sapa_web_body_text(body, "until");
    struct sapa_record input;

    if (agent == SAPA_NONE)
        return;
    if (skill == SAPA_NONE) {
        sapa_web_problem(rq, 404, "ENOENT", "there is no skill \"%s\"", sapa_web_param(rq, "skill"));
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
    (void)sapa_sized_set(&input.u.agent_skill.by, sapa_web_by(rq));
    sapa_web_write(rq, &input);
}

static void move_write(struct web_request *rq, const json_t *body)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const struct sapa_mirror_contact *contact = sapa_mirror_contact_find(&rq->web->mirror, sapa_web_param_number(rq, "contact", 0));
    const char *key = sapa_web_body_text(body, "queue");
    const char *agent_key = sapa_web_body_text(body, "agent");
    const uint32_t queue = key[0] ? SAPA_FIND(centre, queues, sapa_str_of(key)) : contact ? contact->view.queue : SAPA_NONE;
    const uint32_t agent = SAPA_FIND(centre, agents, sapa_str_of(agent_key));
    struct sapa_record input;

    if (!contact || !sapa_scope_contact(&rq->who.scope, rq->web->mirror.centre, contact)) {
        sapa_web_problem(rq, 404, "ENOENT", "there is no living contact %s", sapa_web_param(rq, "contact"));
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
    (void)sapa_sized_set(&input.u.contact_move.by, sapa_web_by(rq));
    sapa_web_write(rq, &input);
}

static void switch_write(struct web_request *rq, const json_t *body)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const char *client = sapa_web_body_text(body, "client");
    struct sapa_record input;

    sapa_record_init(&input, SAPA_T_switch_set);
    input.u.switch_set.which = strcmp(sapa_web_param(rq, "switch"), "surge") == 0 ? SAPA_SWITCH_SURGE : SAPA_SWITCH_CLOSED;
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
    (void)sapa_sized_set(&input.u.switch_set.by, sapa_web_by(rq));
    sapa_web_write(rq, &input);
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

static void token_write(struct web_request *rq, const json_t *body)
{
    struct sapa_token wish = { .role = (uint8_t)sapa_role_of(sapa_str_of(sapa_web_body_text(body, "role"))) };
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const char *agent = sapa_web_body_text(body, "agent"), *expires = sapa_web_body_text(body, "expires");

    if (!sapa_str_copy(sapa_str_of(sapa_web_body_text(body, "user")), wish.user, sizeof(wish.user)) ||
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
    (void)sapa_str_copy(sapa_web_by(rq), wish.by, sizeof(wish.by));
    sapa_web_job(rq, &(const struct web_wish){ .token = &wish });
}

static void hook_new_write(struct web_request *rq, const json_t *body)
{
    struct sapa_hook wish = { .replay_from = sapa_web_body_id(body, "from"), .personal = json_is_true(json_object_get(body, "personal")) };
    const json_t *events = json_object_get(body, "events");
    const char *ref = sapa_web_body_text(body, "secret_ref");
    char buf[160];
    struct sapa_text problem;

    sapa_text_init(&problem, buf, sizeof(buf));
    if (sapa_hook_url_check(sapa_str_of(sapa_web_body_text(body, "url")), &problem) != SAPA_OK) {
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
    (void)sapa_str_copy(sapa_str_of(sapa_web_body_text(body, "url")), wish.url, sizeof(wish.url));
    (void)sapa_str_copy(sapa_str_of(ref), wish.secret_ref, sizeof(wish.secret_ref));
    (void)sapa_str_copy(sapa_web_by(rq), wish.by, sizeof(wish.by));
    sapa_web_job(rq, &(const struct web_wish){ .hook = &wish });
}

static void task_write(struct web_request *rq, const json_t *body)
{
    const char *due = sapa_web_body_text(body, "due");
    int64_t due_us = 0;

    if (due[0] && sapa_time_parse(sapa_str_of(due), &due_us) != SAPA_OK)
        due_us = 0; /* judged before */
    if (rq->route != SAPA_ROUTE_TASK_NEW && !json_object_get(body, "due") && !json_is_true(json_object_get(body, "done"))) {
        sapa_web_problem(rq, 400, "EINVAL", "done, or another due time");
        return;
    }
    if (rq->route == SAPA_ROUTE_MY_TASK_SET || sapa_web_may_work(rq))
        sapa_web_job(rq, &(const struct web_wish){ .note = rq->route == SAPA_ROUTE_TASK_NEW ? sapa_web_body_text(body, "text") : NULL, .match = (uint64_t)due_us,
                                       .into = sapa_web_body_id(body, "contact"), .task_done = json_is_true(json_object_get(body, "done")) });
}

enum { RECORDING_MAX_MS = 24 * 3600 * 1000 };

static void coach_write(struct web_request *rq, const json_t *body)
{
    const json_int_t at_ms = json_integer_value(json_object_get(body, "at_ms"));

    if (rq->route == SAPA_ROUTE_COACH_DONE ? !sapa_web_is_own_agent(rq) : sapa_web_param_agent(rq) == SAPA_NONE)
        return;
    if (rq->route != SAPA_ROUTE_COACH_NEW)
        sapa_web_job(rq, NULL);
    else if (!(rq->who.rights & SAPA_RIGHT_BIT(LISTEN)))
        sapa_web_problem(rq, 403, "EDENIED", "who may not hear recordings writes no notes about them");
    else if (at_ms < 0 || at_ms > RECORDING_MAX_MS)
        sapa_web_problem(rq, 400, "EINVAL", "at_ms: 0 to the length of the recording");
    else
        sapa_web_job(rq, &(const struct web_wish){ .note = sapa_web_body_text(body, "text"), .into = sapa_web_body_id(body, "recording"), .match = (uint64_t)at_ms });
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
        sapa_web_audit_of(rq, SAPA_OK, &audit);
        sapa_web_ask_for(rq, SAPA_WEB_ASK_AUDIT, 0, &audit);
    }
}

/* What If-Match names, without its quotes. */
static struct sapa_str match_of(const struct web_request *rq)
{
    struct sapa_str match = sapa_str_of(rq->if_match);

    if (match.n >= 2 && match.p[0] == '"' && match.p[match.n - 1] == '"')
        match.p++, match.n -= 2;
    return match;
}

/* Only over what the writer has seen. False: there is no such number, answered. */
static bool version_of(struct web_request *rq, const char *wanted, uint64_t *ret)
{
    const struct sapa_str match = match_of(rq);

    if (match.n == 0)
        sapa_web_problem(rq, 428, "EINVAL", "If-Match is wanted: %s", wanted);
    else if (sapa_str_u64(match, UINT32_MAX, ret) != SAPA_OK)
        sapa_web_problem(rq, 400, "EINVAL", "If-Match: a version is a number");
    else
        return true;
    return false;
}

/* Only over the version that its writer has seen. */
static void note_write(struct web_request *rq, const json_t *body)
{
    uint64_t version;

    if (!version_of(rq, "the version of the note that this one was made from, \"0\" when there was none", &version))
        return;
    if (rq->who.scope.agent == SAPA_NONE && !(rq->who.rights & SAPA_RIGHT_BIT(SUPERVISE)))
        sapa_web_problem(rq, 403, "EDENIED", "notes are written by agents who took part, and by who has the right supervise");
    else if (sapa_web_contact_is_hidden(rq))
        sapa_web_problem(rq, 404, "ENOENT", "there is no contact %s", sapa_web_param(rq, "contact"));
    else
        sapa_web_job(rq, &(const struct web_wish){ .note = sapa_web_body_text(body, "text"), .match = version });
}

static void ticket_write(struct web_request *rq)
{
    const struct sapa_str match = match_of(rq);
    uint64_t version = 0;

    if (match.n > 0 && sapa_str_u64(match, UINT32_MAX, &version) != SAPA_OK)
        sapa_web_problem(rq, 400, "EINVAL", "If-Match: a version is a number");
    else if (rq->who.scope.agent == SAPA_NONE && !(rq->who.rights & SAPA_RIGHT_BIT(SUPERVISE)))
        sapa_web_problem(rq, 403, "EDENIED", "tickets are written by agents, and by who has the right supervise");
    else
        sapa_web_job(rq, &(const struct web_wish){ .match = version });
}

/* What is said of the person of a contact. */
static void person_write(struct web_request *rq, const json_t *body)
{
    const bool prospect = strcmp(sapa_web_body_text(body, "party_type"), sapa_party_type_name(SAPA_PARTY_TYPE_PROSPECT)) == 0;

    if (rq->who.scope.agent == SAPA_NONE && !(rq->who.rights & SAPA_RIGHT_BIT(SUPERVISE)))
        sapa_web_problem(rq, 403, "EDENIED", "said by agents who took part, and by who has the right supervise");
    else if (sapa_web_contact_is_hidden(rq))
        sapa_web_problem(rq, 404, "ENOENT", "there is no contact %s", sapa_web_param(rq, "contact"));
    else
        sapa_web_job(rq, rq->route == SAPA_ROUTE_CALLED_SET ? &(const struct web_wish){ .note = sapa_web_body_text(body, "called") }
                                                            : &(const struct web_wish){ .match = (prospect ? SAPA_PARTY_TYPE_PROSPECT : SAPA_PARTY_TYPE_CUSTOMER) + UINT64_C(1) });
}

/* All of it at once, and only over the version that was seen: targets, of the whole centre, and plans, of agents whom one sees. */
static void versioned_write(struct web_request *rq)
{
    uint64_t version;

    if (!version_of(rq, "the version that this was made from, as GET says it; \"0\" when there was none", &version))
        return;
    if (rq->route == SAPA_ROUTE_GOALS_PUT && (rq->who.scope.clients != UINT64_MAX || rq->who.scope.team_count > 0))
        sapa_web_problem(rq, 403, "EDENIED", "targets are set for the whole centre, and you see a part of it");
    else
        sapa_web_job(rq, &(const struct web_wish){ .match = version });
}

/* Only over what the writer has seen: somebody else's change is not taken back by accident. */
static void apply_write(struct web_request *rq)
{
    const char *hash = rq->web->mirror.centre->hash;
    const struct sapa_str match = match_of(rq);

    if (match.n == 0)
        sapa_web_problem(rq, 428, "EINVAL", "If-Match is wanted: the hash of the description in force, as GET /api/v1/centre says it (now \"%s\")", hash);
    else if (!sapa_str_eq(match, sapa_str_of(hash)))
        sapa_web_problem(rq, 412, "ESTATE", "another description is in force: \"%s\"; plan again", hash);
    else if (strlen(sapa_web_param(rq, "comment")) > 127)
        sapa_web_problem(rq, 400, "EINVAL", "a comment has 127 bytes at most");
    else
        sapa_web_job(rq, NULL);
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
        sapa_web_job(rq, &(const struct web_wish){ .login = filled });
    free(filled->ids);
    sapa_wipe(filled, sizeof(*filled));
    free(filled);
}

void sapa_web_answer_write(struct web_request *rq)
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
    if (!sapa_web_idempotent_begin(rq)) {
        json_decref(body);
        return;
    }
    switch (rq->route) {
    case SAPA_ROUTE_MOVE: move_write(rq, body); break;
    case SAPA_ROUTE_NOTE: note_write(rq, body); break;
    case SAPA_ROUTE_CALLED_SET:
    case SAPA_ROUTE_PARTY_SET: person_write(rq, body); break;
    case SAPA_ROUTE_NETWORK: network_write(rq, body); break;
    case SAPA_ROUTE_TASK_NEW:
    case SAPA_ROUTE_TASK_SET:
    case SAPA_ROUTE_MY_TASK_SET: task_write(rq, body); break;
    case SAPA_ROUTE_COACH_NEW:
    case SAPA_ROUTE_COACH_DONE:
    case SAPA_ROUTE_COACH_END: coach_write(rq, body); break;
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
    case SAPA_ROUTE_PERSON_MERGE: sapa_web_job(rq, &(const struct web_wish){ .into = sapa_web_body_id(body, "into") }); break;
    case SAPA_ROUTE_HOOK_SET:
        sapa_web_job(rq, &(const struct web_wish){ .hook = &(const struct sapa_hook){ .active = json_is_true(json_object_get(body, "active")) } });
        break;
    case SAPA_ROUTE_HOOK_REPLAY:
        sapa_web_job(rq, &(const struct web_wish){ .hook = &(const struct sapa_hook){ .replay_from = sapa_web_body_id(body, "from") } });
        break;
    case SAPA_ROUTE_CENTRE_APPLY:
    case SAPA_ROUTE_CENTRE_RESTORE: apply_write(rq); break;
    case SAPA_ROUTE_GOALS_PUT:
    case SAPA_ROUTE_SHIFTS_PUT: versioned_write(rq); break;
    case SAPA_ROUTE_TICKET_NEW:
    case SAPA_ROUTE_TICKET_SET:
    case SAPA_ROUTE_TICKET_ENTRY: ticket_write(rq); break;
    case SAPA_ROUTE_ME_PHONE: sapa_web_phone(rq); break;
    case SAPA_ROUTE_WEB_CALL: sapa_web_guest(rq, body); break;
    case SAPA_ROUTE_RELOAD:
        sapa_web_audit_of(rq, SAPA_OK, &audit);
        sapa_web_ask_for(rq, SAPA_WEB_ASK_RELOAD, 0, &audit);
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
    default: sapa_web_job(rq, NULL); break; /* ERASE, TOKEN_END, HOOK_END */
    }
    json_decref(body);
    if (rq->answered && !rq->waits) /* refused before it reached anybody */
        sapa_web_idempotent_end(rq);
}
