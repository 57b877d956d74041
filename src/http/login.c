#include "http/login_impl.h"

#include <stdlib.h>

#include "rt/crypto.h"

static const char *text_of(const json_t *body, const char *name)
{
    const char *text = json_string_value(json_object_get(body, name));

    return text ? text : "";
}

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
    (void)sapa_str_copy(user.key, ret->user, sizeof(ret->user));
    if (user.role < centre->roles_count)
        (void)sapa_str_copy(centre->roles[user.role].key, ret->role_name, sizeof(ret->role_name));
    else
        (void)sapa_str_copy(user.agent != SAPA_NONE ? SAPA_STR("agent") : SAPA_STR("none"), ret->role_name, sizeof(ret->role_name));
    ret->scope.clients = clients_of(centre, user.clients);
    if (user.agent != SAPA_NONE) {
        (void)sapa_str_copy(user.key, ret->agent, sizeof(ret->agent));
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

/* Sessions of somebody, but for one: they end with his password. */
static bool sessions_of(struct web_request *rq, const char *user, uint64_t but, struct sapa_web_work *work)
{
    const struct sapa_session *session;
    uint32_t cursor = 0;

    work->ids = calloc(SAPA_SESSIONS_MAX + 1, sizeof(*work->ids));
    if (!work->ids) {
        sapa_web_problem_rc(rq, SAPA_ENOMEM, NULL);
        return false;
    }
    while ((session = sapa_sessions_next(&rq->web->sessions, &cursor)) != NULL) {
        if (session->id != but && strcmp(session->user, user) == 0)
            work->ids[work->id_count++] = session->id;
    }
    return true;
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
    if ((sapa_session_rights(&who) & ~rq->who.rights) == 0)
        return true;
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

bool sapa_web_login_wish(struct web_request *rq, const json_t *body, struct sapa_web_work *work)
{
    switch (rq->route) {
    case SAPA_ROUTE_LOGIN:
        if (!take(rq, text_of(body, "user"), work->name, sizeof(work->name)) || !may_try(rq, work->name))
            return false;
        (void)sapa_str_copy(source_of(rq), work->source, sizeof(work->source));
        return take(rq, text_of(body, "password"), work->password, sizeof(work->password));
    case SAPA_ROUTE_PASSWORD:
        if (!rq->who.session) {
            sapa_web_problem(rq, 403, "EDENIED", "a token has no password; log in");
            return false;
        }
        (void)sapa_str_copy(sapa_str_of(rq->who.user), work->name, sizeof(work->name));
        return may_try(rq, work->name) && take(rq, text_of(body, "old"), work->password, sizeof(work->password)) &&
               take(rq, text_of(body, "new"), work->new_password, sizeof(work->new_password)) &&
               sessions_of(rq, work->name, rq->who.session, work);
    default: /* USER_PASSWORD, USER_CLEAR */
        return take(rq, sapa_params_get(&rq->params, "user"), work->name, sizeof(work->name)) && may_set(rq, work->name) &&
               take(rq, text_of(body, "password"), work->new_password, sizeof(work->new_password)) &&
               sessions_of(rq, work->name, 0, work);
    }
}

bool sapa_web_login_done(struct web_request *rq, struct sapa_web_work *work)
{
    struct sapa_web *web = rq->web;
    const struct sapa_str user = sapa_str_of(work->name);

    if (work->rc == SAPA_EDENIED) { /* the same words whether there is such a user or not */
        sapa_tries_failed(&web->tries, user, source_of(rq), sapa_mono_us());
        web->stats.wrong_passwords++;
        sapa_web_problem(rq, rq->route == SAPA_ROUTE_LOGIN ? 401 : 403, "EDENIED", "the user or the password is wrong");
        return false;
    }
    if (work->rc != SAPA_OK)
        return true;
    if (rq->route == SAPA_ROUTE_LOGIN || rq->route == SAPA_ROUTE_PASSWORD)
        sapa_tries_good(&web->tries, user, source_of(rq));
    if (rq->route != SAPA_ROUTE_LOGIN)
        return true;
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

    sapa_json_open(out, '{');
    sapa_json_key(out, "items");
    sapa_json_open(out, '[');
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
    sapa_json_close(out, ']');
    sapa_json_close(out, '}');
    sapa_web_ready(rq);
}

void sapa_web_sessions(struct web_request *rq)
{
    const struct sapa_session *session;
    struct sapa_json *out = &rq->out;
    const int64_t now_us = sapa_wall_us();
    uint32_t cursor = 0;

    sapa_json_open(out, '{');
    sapa_json_key(out, "items");
    sapa_json_open(out, '[');
    while ((session = sapa_sessions_next(&rq->web->sessions, &cursor)) != NULL) {
        if (session->expires_us > now_us)
            sapa_session_json(session, out);
    }
    sapa_json_close(out, ']');
    sapa_json_close(out, '}');
    sapa_web_ready(rq);
}
