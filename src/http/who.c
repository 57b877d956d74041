/* Who asks: from a token or a session to rights and a scope. */
#include "http/answer_impl.h"
#include "http/login_impl.h"

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

void sapa_web_me(struct web_request *rq)
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
