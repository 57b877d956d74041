#include <stdlib.h>

#include "http/answer_impl.h"
#include "http/login_impl.h"
#include "rt/crypto.h"

/* ---- who ---- */

static uint64_t clients_of(const struct sapa_centre *centre, uint64_t clients)
{
    const uint64_t all = centre->clients_count >= 64 ? UINT64_MAX : (UINT64_C(1) << centre->clients_count) - 1;

    return (clients & all) == all ? UINT64_MAX : clients & all; /* of all: also what belongs to none */
}

bool sapa_web_who_session(struct sapa_web *web, const struct sapa_session *session, struct web_who *ret)
{
    const struct sapa_centre *centre = web->mirror.centre;
    const uint32_t leads = SAPA_RIGHT_BIT(AGENTS) | SAPA_RIGHT_BIT(SUPERVISE);
    struct sapa_user_who user;

    if (!centre || sapa_user_find(centre, sapa_str_of(session->user), &user) != SAPA_OK)
        return false;
    ret->known = true;
    ret->id = session->id;
    ret->session = session->id;
    ret->expires_us = session->expires_us;
    memcpy(ret->hash, session->hash, sizeof(ret->hash));
    ret->role = SAPA_ROLE_COUNT;
    ret->rights = sapa_session_rights(&user);
    ret->factor = session->factor;
    ret->factor_wanted = user.role < centre->roles_count && centre->roles[user.role].second_factor && !session->factor;
    if (ret->factor_wanted)
        ret->rights = 0; /* he may make one */
    (void)sapa_str_copy(user.key, ret->user, sizeof(ret->user));
    if (user.role < centre->roles_count)
        (void)sapa_str_copy(centre->roles[user.role].key, ret->role_name, sizeof(ret->role_name));
    else
        (void)sapa_str_copy(user.agent != SAPA_NONE ? SAPA_STR("agent") : SAPA_STR("none"), ret->role_name, sizeof(ret->role_name));
    ret->scope.clients = clients_of(centre, user.clients);
    ret->scope.team_first = user.team_first;
    ret->scope.team_count = user.team_count;
    sapa_scope_add_guests(&ret->scope, &web->mirror);
    if (user.phone < centre->agents_count)
        (void)sapa_str_copy(centre->agents[user.phone].key, ret->agent, sizeof(ret->agent));
    if (user.agent != SAPA_NONE) {
        ret->scope.agent = ret->rights & leads ? SAPA_NONE : user.agent;
    }
    return true;
}

/* ---- logging in, passwords ---- */

static struct sapa_str source_of(const struct web_request *rq)
{
    return sapa_str_of(rq->source);
}

static bool may_try(struct web_request *rq, const char *user)
{
    const int64_t wait_us = sapa_tries_wait_us(&rq->web->tries, sapa_str_of(user), source_of(rq), sapa_mono_us());

    if (wait_us <= 0)
        return true;
    rq->retry_s = (unsigned)((wait_us + 999999) / 1000000);
    sapa_web_problem(rq, 429, "ELIMIT", "too many wrong passwords; wait %u seconds", rq->retry_s);
    return false;
}

/* A password or a code is tried. */
static bool tries(enum sapa_route_id route)
{
    return route == SAPA_ROUTE_LOGIN || route == SAPA_ROUTE_PASSWORD || route == SAPA_ROUTE_TOTP || route == SAPA_ROUTE_TOTP_CONFIRM || route == SAPA_ROUTE_TOTP_END;
}

sapa_rc sapa_web_login_may_run(const struct sapa_web *web, const struct sapa_web_work *work)
{
    const struct sapa_str user = sapa_str_of(work->name), source = sapa_str_of(work->source);
    const int64_t now_us = sapa_mono_us();
    uint64_t beside = 0;

    for (size_t i = 0; i < web->login_runs; i++) {
        const struct sapa_web_work *other = &web->login_jobs[i]->work;
        if (strcmp(other->name, work->name) == 0)
            return SAPA_EAGAIN; /* one after the other: of guesses, of sessions that a new password ends */
        beside += tries(other->route) && strcmp(other->source, work->source) == 0;
    }
    if (!tries(work->route))
        return SAPA_OK;
    if (sapa_tries_wait_us(&web->tries, user, source, now_us) > 0)
        return SAPA_ELIMIT;
    return beside == 0 || beside < sapa_tries_left(&web->tries, user, source, now_us) ? SAPA_OK : SAPA_EAGAIN;
}

void sapa_web_login_ran(struct sapa_web *web, const struct sapa_web_work *work)
{
    const struct sapa_str user = sapa_str_of(work->name), source = sapa_str_of(work->source);

    if (!tries(work->route))
        return;
    if (work->rc == SAPA_EDENIED || (work->route == SAPA_ROUTE_LOGIN && work->rc == SAPA_EAGAIN && work->new_password[0])) /* a wrong code counts like a wrong password */
        sapa_tries_failed(&web->tries, user, source, sapa_mono_us());
    else if (work->rc == SAPA_OK && work->route != SAPA_ROUTE_TOTP)
        sapa_tries_good(&web->tries, user, source, sapa_mono_us());
}

/* Room for sessions of somebody: they end with his password, or the oldest with one too many. */
static bool sessions_of(struct web_request *rq, struct sapa_web_work *work)
{
    const bool begins = rq->route == SAPA_ROUTE_LOGIN || rq->route == SAPA_ROUTE_DEMO_LOGIN;

    work->ids = calloc(begins ? 1 : SAPA_SESSIONS_MAX + 1, sizeof(*work->ids));
    if (!work->ids)
        sapa_web_problem_rc(rq, SAPA_ENOMEM, NULL);
    return work->ids != NULL;
}

/* Whoever has as many sessions as a person may have gives up his oldest with the next. Returns how many: 0, 1. */
static size_t oldest_of_many(const struct sapa_web *web, const char *user, uint64_t *ret)
{
    const struct sapa_session *session;
    uint32_t cursor = 0;
    size_t count = 0;

    while ((session = sapa_sessions_next(&web->sessions, &cursor)) != NULL) {
        if (strcmp(session->user, user) == 0 && session->expires_us > sapa_wall_us())
            *ret = count++ == 0 ? session->id : SAPA_MIN(*ret, session->id);
    }
    return count >= SAPA_SESSIONS_USER_MAX;
}

void sapa_web_login_sessions(const struct web_request *rq, struct sapa_web_work *work)
{
    const uint64_t but = work->route == SAPA_ROUTE_PASSWORD ? rq->who.session : 0;
    const struct sapa_session *session;
    uint32_t cursor = 0;

    work->id_count = 0;
    if (work->route == SAPA_ROUTE_LOGIN || work->route == SAPA_ROUTE_DEMO_LOGIN) {
        if (work->ids)
            work->id_count = oldest_of_many(rq->web, work->name, &work->ids[0]);
        return;
    }
    while (work->ids && (session = sapa_sessions_next(&rq->web->sessions, &cursor)) != NULL) {
        if (session->id != but && strcmp(session->user, work->name) == 0)
            work->ids[work->id_count++] = session->id;
    }
}

/* Nobody gives more than he has: who sets a password can be its user. */
static bool may_set(struct web_request *rq, const char *user)
{
    struct sapa_user_who who;

    if (sapa_user_find(rq->web->mirror.centre, sapa_str_of(user), &who) != SAPA_OK) {
        if (rq->route == SAPA_ROUTE_USER_CLEAR)
            return true; /* whoever left can still be locked out */
        sapa_web_problem(rq, 404, "ENOENT", "there is no user \"%s\"; users and agents stand in the description", user);
        return false;
    }
    if ((sapa_session_rights(&who) & ~rq->who.rights) == 0 && (rq->who.scope.agent == SAPA_NONE || who.agent != SAPA_NONE))
        return true; /* an agent sees himself, a user all: also with the same role */
    sapa_web_problem(rq, 403, "EDENIED", "the user \"%s\" may do more than you", user);
    return false;
}

static bool take(struct web_request *rq, const char *text, char *buf, size_t size)
{
    if (sapa_str_copy(sapa_str_of(text), buf, size))
        return true;
    sapa_web_problem(rq, 400, "EINVAL", "a password has %d bytes at most, a user %d", SAPA_USER_PASSWORD_MAX, SAPA_KEY_MAX);
    return false;
}

/* A cookie is set for a page of this server alone: nobody is logged in as somebody else by a page of another site. */
static bool take_cookie(struct web_request *rq, const json_t *body, struct sapa_web_work *work)
{
    work->cookie = json_is_true(json_object_get(body, "cookie"));
    if (!work->cookie || sapa_web_origin_is_ours(rq->wsi))
        return true;
    sapa_web_problem(rq, 403, "EDENIED", "a session in a cookie is for pages of this server; leave `cookie` out");
    return false;
}

static bool demo_is_open(struct web_request *rq)
{
    const uint8_t demo = rq->web->options.demo;

    if (demo == SAPA_WEB_DEMO_ANY || (demo == SAPA_WEB_DEMO_LOOPBACK && sapa_web_is_loopback(rq->wsi)))
        return true;
    sapa_web_problem(rq, 404, "ENOENT", demo == SAPA_WEB_DEMO_OFF ? "this centre has no logins without a password"
                                                                  : "logins without a password are for browsers on the same machine (serve --demo-logins any)");
    return false;
}

bool sapa_web_login_wish(struct web_request *rq, const json_t *body, struct sapa_web_work *work)
{
    struct sapa_user_who who;

    switch (rq->route) {
    case SAPA_ROUTE_DEMO_LOGIN:
        if (!demo_is_open(rq) || !take_cookie(rq, body, work) || !sessions_of(rq, work))
            return false;
        if (!sapa_str_copy(sapa_str_of(sapa_web_body_text(body, "user")), work->name, sizeof(work->name)) ||
            sapa_user_find(rq->web->mirror.centre, sapa_str_of(work->name), &who) != SAPA_OK) {
            sapa_web_problem(rq, 400, "ENOENT", "there is no user \"%.64s\"", sapa_web_body_text(body, "user"));
            return false;
        }
        return sapa_str_copy(source_of(rq), work->source, sizeof(work->source));
    case SAPA_ROUTE_LOGIN:
        if (!take_cookie(rq, body, work))
            return false;
        if (!take(rq, sapa_web_body_text(body, "user"), work->name, sizeof(work->name)) || !may_try(rq, work->name))
            return false;
        (void)sapa_str_copy(source_of(rq), work->source, sizeof(work->source));
        return take(rq, sapa_web_body_text(body, "password"), work->password, sizeof(work->password)) &&
               take(rq, sapa_web_body_text(body, "code"), work->new_password, sizeof(work->new_password)) && sessions_of(rq, work);
    case SAPA_ROUTE_TOTP:
    case SAPA_ROUTE_TOTP_CONFIRM:
    case SAPA_ROUTE_TOTP_END:
        if (!rq->who.session) {
            sapa_web_problem(rq, 403, "EDENIED", "a token has no second factor; log in");
            return false;
        }
        (void)sapa_str_copy(sapa_str_of(rq->who.user), work->name, sizeof(work->name));
        (void)sapa_str_copy(source_of(rq), work->source, sizeof(work->source));
        return may_try(rq, work->name) && take(rq, sapa_web_body_text(body, "password"), work->password, sizeof(work->password)) &&
               take(rq, sapa_web_body_text(body, "code"), work->new_password, sizeof(work->new_password)) &&
               (rq->route != SAPA_ROUTE_TOTP_CONFIRM || sessions_of(rq, work));
    case SAPA_ROUTE_PASSWORD:
        if (!rq->who.session) {
            sapa_web_problem(rq, 403, "EDENIED", "a token has no password; log in");
            return false;
        }
        (void)sapa_str_copy(sapa_str_of(rq->who.user), work->name, sizeof(work->name));
        (void)sapa_str_copy(source_of(rq), work->source, sizeof(work->source));
        return may_try(rq, work->name) && take(rq, sapa_web_body_text(body, "old"), work->password, sizeof(work->password)) &&
               take(rq, sapa_web_body_text(body, "new"), work->new_password, sizeof(work->new_password)) &&
               sessions_of(rq, work);
    default: /* USER_PASSWORD, USER_CLEAR, USER_TOTP */
        return take(rq, sapa_params_get(&rq->params, "user"), work->name, sizeof(work->name)) && may_set(rq, work->name) &&
               take(rq, sapa_web_body_text(body, "password"), work->new_password, sizeof(work->new_password)) &&
               sessions_of(rq, work);
    }
}

/* The new session's; of the browser's others the oldest are taken away, and those that are over. */
static void set_cookies(struct web_request *rq, const struct sapa_web_work *work)
{
    uint64_t others[SAPA_COOKIES_MAX * 4];
    const size_t count = sapa_web_cookies(rq->web, rq->wsi, others);
    const bool secure = sapa_web_is_secure(rq->web, rq->wsi);
    size_t living = 0, set = 0;

    sapa_cookie_set(work->session.id, sapa_str_of(work->secret), SAPA_SESSION_HOURS * 3600, secure, rq->cookies[set++]);
    for (size_t i = count; i-- > 0 && set < SAPA_COUNT(rq->cookies);) {
        const struct sapa_session *session;
        uint32_t cursor = 0;
        while ((session = sapa_sessions_next(&rq->web->sessions, &cursor)) != NULL && session->id != others[i])
            ;
        if (!session || ++living >= SAPA_COOKIES_MAX)
            sapa_cookie_set(others[i], SAPA_STR(""), 0, secure, rq->cookies[set++]);
    }
}

bool sapa_web_login_done(struct web_request *rq, struct sapa_web_work *work)
{
    struct sapa_web *web = rq->web;

    if (work->rc == SAPA_ELIMIT && rq->route != SAPA_ROUTE_DEMO_LOGIN && !may_try(rq, work->name))
        return false; /* what came before it was wrong too often */
    if (work->rc == SAPA_EDENIED) { /* the same words whether there is such a user or not */
        web->stats.wrong_passwords++;
        sapa_web_problem(rq, rq->route == SAPA_ROUTE_LOGIN ? 401 : 403, "EDENIED",
                         rq->route == SAPA_ROUTE_TOTP_CONFIRM ? "the code is wrong"
                         : rq->route == SAPA_ROUTE_TOTP_END ? "the password or the code is wrong"
                                                            : "the user or the password is wrong");
        return false;
    }
    if (rq->route == SAPA_ROUTE_LOGIN && work->rc == SAPA_EAGAIN) { /* the password is right */
        web->stats.wrong_passwords += work->new_password[0] != '\0';
        sapa_web_problem(rq, 401, "EAGAIN", work->new_password[0] ? "the code is wrong, or it was used already" : "a code of the second factor is wanted: \"code\"");
        return false;
    }
    if (work->rc != SAPA_OK)
        return true;
    if (rq->route != SAPA_ROUTE_LOGIN && rq->route != SAPA_ROUTE_DEMO_LOGIN)
        return true;
    if (work->cookie)
        set_cookies(rq, work);
    struct web_who who = { .scope.agent = SAPA_NONE };
    if (!sapa_web_who_session(web, &work->session, &who)) { /* the description has changed this moment */
        sapa_web_problem(rq, 401, "EDENIED", "the user or the password is wrong");
        return false;
    }
    rq->who = who; /* in the audit record */
    return true;
}

bool sapa_web_logout_wish(struct web_request *rq, struct sapa_web_work *work)
{
    const struct sapa_session *session;
    uint64_t id = rq->who.session;
    uint32_t cursor = 0;

    if (rq->route == SAPA_ROUTE_SESSION_END &&
        sapa_str_u64(sapa_str_of(sapa_params_get(&rq->params, "session")), UINT64_MAX, &id) != SAPA_OK)
        id = 0;
    while ((session = sapa_sessions_next(&rq->web->sessions, &cursor)) != NULL) {
        if (session->id != id || id == 0)
            continue;
        if (rq->who.by_cookie && rq->who.session == id)
            sapa_cookie_set(id, SAPA_STR(""), 0, sapa_web_is_secure(rq->web, rq->wsi), rq->cookies[0]);
        work->ids = calloc(1, sizeof(*work->ids));
        if (!work->ids) {
            sapa_web_problem_rc(rq, SAPA_ENOMEM, NULL);
            return false;
        }
        work->ids[0] = id;
        work->id_count = 1;
        return true;
    }
    if (rq->route == SAPA_ROUTE_LOGOUT)
        sapa_web_problem(rq, 409, "ESTATE", "this is a token, no session; DELETE /api/v1/tokens/{token} revokes it");
    else
        sapa_web_problem(rq, 404, "ENOENT", "there is no session %s", sapa_params_get(&rq->params, "session"));
    return false;
}

void sapa_web_logout_done(struct sapa_web *web, const struct sapa_web_work *work)
{
    for (size_t i = 0; work->rc == SAPA_OK && i < work->id_count; i++)
        (void)sapa_sessions_remove(&web->sessions, work->ids[i]);
    for (size_t i = 0; work->rc == SAPA_OK && i < work->id_count && web->options.ports.ended; i++)
        web->options.ports.ended(web->options.ports.ctx, work->ids[i]);
}

/* ---- lists ---- */

static void role_json(struct sapa_json *out, struct sapa_str key, bool built_in, uint32_t rights)
{
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "id", key);
    sapa_json_add_bool(out, "built_in", built_in);
    sapa_rights_json(rights, out);
    sapa_json_close(out, '}');
}

void sapa_web_roles(struct web_request *rq)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    struct sapa_json *out = &rq->out;

    sapa_json_items(out);
    for (unsigned i = 0; i < SAPA_ROLE_COUNT; i++)
        role_json(out, sapa_str_of(sapa_role_name(i)), true, sapa_role_rights(i));
    for (uint32_t i = 0; i < centre->roles_count; i++)
        role_json(out, centre->roles[i].key, false, centre->roles[i].rights);
    sapa_json_close(out, ']');
    sapa_json_key(out, "rights");
    sapa_json_open(out, '[');
    for (unsigned i = 0; i < SAPA_RIGHT_COUNT; i++) {
        sapa_json_open(out, '{');
        sapa_json_add_text(out, "id", sapa_str_of(sapa_right_name(i)));
        sapa_json_add_text(out, "text", sapa_str_of(sapa_right_text(i)));
        sapa_json_close(out, '}');
    }
    sapa_json_items_end(out);
    sapa_web_ready(rq);
}

void sapa_web_sessions(struct web_request *rq)
{
    const struct sapa_session *session;
    struct sapa_json *out = &rq->out;
    const int64_t now_us = sapa_wall_us();
    uint32_t cursor = 0;

    sapa_json_items(out);
    while ((session = sapa_sessions_next(&rq->web->sessions, &cursor)) != NULL) {
        if (session->expires_us > now_us)
            sapa_session_json(session, out);
    }
    sapa_json_items_end(out);
    sapa_web_ready(rq);
}

/* ---- what pages need of the description ---- */

struct sapa_str sapa_web_name_of(const struct web_request *rq)
{
    struct sapa_user_who who;

    if (rq->who.session && rq->web->mirror.centre && sapa_user_find(rq->web->mirror.centre, sapa_str_of(rq->who.user), &who) == SAPA_OK)
        return who.name;
    return sapa_str_of(rq->who.user);
}

static void key_or_null(struct sapa_json *out, const char *name, bool there, struct sapa_str key)
{
    if (there)
        sapa_json_add_text(out, name, key);
    else
        sapa_json_add_null(out, name);
}

static void clients_json(struct sapa_json *out, const struct sapa_centre *centre, uint64_t clients)
{
    sapa_json_key(out, "clients");
    sapa_json_open(out, '[');
    for (uint32_t i = 0; i < centre->clients_count && i < 64; i++) {
        if (clients >> i & 1)
            sapa_json_text(out, centre->clients[i].key);
    }
    sapa_json_close(out, ']');
}

static void demo_person(struct sapa_json *out, const struct sapa_mirror *mirror, struct sapa_str key)
{
    const struct sapa_centre *centre = mirror->centre;
    struct sapa_user_who who;

    if (sapa_user_find(centre, key, &who) != SAPA_OK)
        return;
    const uint32_t rights = sapa_session_rights(&who);
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "id", key);
    sapa_json_add_text(out, "name", who.name);
    sapa_json_add_bool(out, "agent", who.agent != SAPA_NONE);
    key_or_null(out, "role", who.role < centre->roles_count, who.role < centre->roles_count ? centre->roles[who.role].key : SAPA_STR(""));
    const uint32_t team = who.agent != SAPA_NONE ? centre->agents[who.agent].team : SAPA_NONE;
    key_or_null(out, "team", team < centre->teams_count, team < centre->teams_count ? centre->teams[team].key : SAPA_STR(""));
    clients_json(out, centre, who.clients);
    sapa_rights_json(rights, out);
    sapa_json_add_bool(out, "free", who.agent != SAPA_NONE && !mirror->agents[who.agent].view.reachable &&
                                        mirror->agents[who.agent].view.presence == SAPA_PRESENCE_OFFLINE);
    sapa_json_close(out, '}');
}

/* Nobody's desk but the telephone of somebody who leads. */
static bool is_users_phone(const struct sapa_centre *centre, uint32_t agent)
{
    for (uint32_t i = 0; i < centre->users_count; i++) {
        if (centre->users[i].agent == agent)
            return true;
    }
    return false;
}

void sapa_web_demo(struct web_request *rq)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    struct sapa_json *out = &rq->out;

    if (!demo_is_open(rq))
        return;
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "name", centre->system.name);
    sapa_json_key(out, "items");
    sapa_json_open(out, '[');
    for (uint32_t i = 0; i < centre->users_count; i++)
        demo_person(out, &rq->web->mirror, centre->users[i].key);
    for (uint32_t i = 0; i < centre->agents_count; i++) {
        if (!is_users_phone(centre, i))
            demo_person(out, &rq->web->mirror, centre->agents[i].key);
    }
    sapa_json_close(out, ']');
    sapa_json_close(out, '}');
    sapa_web_ready(rq);
}

/* Is it the telephone of somebody who leads the team in which who asks works now? */
static bool leads(const struct web_request *rq, uint32_t agent)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const uint32_t own = SAPA_FIND(centre, agents, sapa_str_of(rq->who.agent));
    bool found = false;

    for (uint32_t i = 0; i < centre->users_count && own != SAPA_NONE && own != agent && !found; i++) {
        const struct sapa_user *user = &centre->users[i];
        const struct sapa_scope scope = { .team_first = user->team_first, .team_count = user->team_count };
        found = user->agent == agent && user->role < centre->roles_count && (centre->roles[user->role].rights & SAPA_RIGHT_BIT(AGENTS)) &&
                sapa_scope_team(&scope, centre, rq->web->mirror.agents[own].view.team);
    }
    return found;
}

static void words_json(struct sapa_json *out, const struct sapa_str name[SAPA_LANGUAGE_COUNT])
{
    sapa_json_add_text(out, "id_name", name[SAPA_LANGUAGE_ID]);
    sapa_json_add_text(out, "en_name", name[SAPA_LANGUAGE_EN]);
}

static void queue_names(struct sapa_json *out, const struct sapa_centre *centre, const struct sapa_queue *queue)
{
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "id", queue->key);
    sapa_json_add_text(out, "name", queue->name);
    key_or_null(out, "client", queue->client < centre->clients_count,
                queue->client < centre->clients_count ? centre->clients[queue->client].key : SAPA_STR(""));
    sapa_json_add_number(out, "wrapup_ms", queue->wrapup_ms);
    sapa_json_add_number(out, "extend_ms", queue->wrapup_extend_ms);
    sapa_json_key(out, "dispositions");
    sapa_json_open(out, '[');
    for (uint32_t i = queue->disposition_first; i < queue->disposition_first + queue->disposition_count; i++) {
        sapa_json_open(out, '{');
        sapa_json_add_text(out, "id", centre->dispositions[i].key);
        words_json(out, centre->dispositions[i].name);
        sapa_json_add_bool(out, "solved", centre->dispositions[i].solved);
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
    sapa_json_close(out, '}');
}

/* For which one's agent may call: his team's or everybody's, of his clients. Who is no agent sees those of his clients. */
static void campaigns_json(const struct web_request *rq, struct sapa_json *out)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const uint32_t own = SAPA_FIND(centre, agents, sapa_str_of(rq->who.agent));

    sapa_json_open(out, '[');
    for (uint32_t i = 0; i < centre->campaigns_count; i++) {
        const struct sapa_campaign *one = &centre->campaigns[i];
        const struct sapa_client *client = &centre->clients[one->client];
        const uint32_t number = one->number != SAPA_NONE ? one->number : client->number;
        if (!sapa_scope_client(&rq->who.scope, one->client) ||
            (own != SAPA_NONE && (!(centre->agents[own].clients >> one->client & 1) ||
                                  (one->team != SAPA_NONE && one->team != rq->web->mirror.agents[own].view.team))))
            continue;
        sapa_json_open(out, '{');
        sapa_json_add_text(out, "id", one->key);
        sapa_json_add_text(out, "name", one->name);
        sapa_json_add_text(out, "client", client->key);
        key_or_null(out, "brand", one->brand.n > 0, one->brand);
        key_or_null(out, "number", number < centre->numbers_count, number < centre->numbers_count ? centre->numbers[number].key : SAPA_STR(""));
        sapa_json_add_bool(out, "own", own != SAPA_NONE && centre->agents[own].campaign == i);
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
}

/* Names, for all who see the live state: of one's own clients; of colleagues, whom anybody may call. */
void sapa_web_directory(struct web_request *rq)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const struct sapa_str zone = centre->system.zone < centre->zones_count ? centre->zones[centre->system.zone].name : SAPA_STR("UTC");
    struct sapa_json *out = &rq->out;

    sapa_json_open(out, '{');
    sapa_json_add_text(out, "name", centre->system.name);
    sapa_json_add_text(out, "zone", zone);
    sapa_json_add_text(out, "currency", centre->system.currency);
    sapa_json_key(out, "clients");
    sapa_json_open(out, '[');
    for (uint32_t i = 0; i < centre->clients_count; i++) {
        if (!sapa_scope_client(&rq->who.scope, i))
            continue;
        sapa_json_open(out, '{');
        sapa_json_add_text(out, "id", centre->clients[i].key);
        sapa_json_add_text(out, "name", centre->clients[i].name);
        sapa_json_add_text(out, "language", sapa_str_of(sapa_language_name(centre->clients[i].language)));
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
    sapa_json_key(out, "queues");
    sapa_json_open(out, '[');
    for (uint32_t i = 0; i < centre->queues_count; i++) {
        if (sapa_scope_client(&rq->who.scope, centre->queues[i].client))
            queue_names(out, centre, &centre->queues[i]);
    }
    sapa_json_close(out, ']');
    sapa_json_key(out, "reasons");
    sapa_json_open(out, '[');
    for (uint32_t i = 0; i < centre->reasons_count; i++) {
        sapa_json_open(out, '{');
        sapa_json_add_text(out, "id", centre->reasons[i].key);
        words_json(out, centre->reasons[i].name);
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
    sapa_json_key(out, "agents");
    sapa_json_open(out, '[');
    for (uint32_t i = 0; i < centre->agents_count; i++) {
        const struct sapa_agent *agent = &centre->agents[i];
        if (rq->who.scope.agent == SAPA_NONE && rq->who.scope.clients != UINT64_MAX && !(agent->clients & rq->who.scope.clients))
            continue; /* who sees one client's people does not see another's */
        sapa_json_open(out, '{');
        sapa_json_add_text(out, "id", agent->key);
        sapa_json_add_text(out, "name", agent->name);
        sapa_json_add_text(out, "extension", agent->extension);
        key_or_null(out, "team", agent->team < centre->teams_count, agent->team < centre->teams_count ? centre->teams[agent->team].key : SAPA_STR(""));
        sapa_json_add_bool(out, "ready", rq->web->mirror.agents[i].view.presence == SAPA_PRESENCE_READY);
        sapa_json_add_bool(out, "busy", rq->web->mirror.agents[i].view.assignment_count > 0);
        sapa_json_add_bool(out, "leads", leads(rq, i));
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
    sapa_json_key(out, "skills");
    sapa_json_open(out, '[');
    for (uint32_t i = 0; i < centre->skills_count; i++)
        sapa_json_text(out, centre->skills[i].key);
    sapa_json_close(out, ']');
    sapa_json_key(out, "teams");
    sapa_json_open(out, '[');
    for (uint32_t i = 0; i < centre->teams_count; i++)
        sapa_json_text(out, centre->teams[i].key);
    sapa_json_close(out, ']');
    sapa_json_key(out, "campaigns");
    campaigns_json(rq, out);
    sapa_json_close(out, '}');
    sapa_web_ready(rq);
}
