/* From a complete request to what answers it. */
#include "http/answer_impl.h"
#include "http/login_impl.h"

const char *sapa_web_param(const struct web_request *rq, const char *name)
{
    return sapa_params_get(&rq->params, name);
}

uint64_t sapa_web_param_number(const struct web_request *rq, const char *name, uint64_t otherwise)
{
    uint64_t number;

    return sapa_str_u64(sapa_str_of(sapa_web_param(rq, name)), UINT64_MAX, &number) == SAPA_OK ? number : otherwise;
}

uint32_t sapa_web_param_agent(struct web_request *rq)
{
    const uint32_t agent = SAPA_FIND(rq->web->mirror.centre, agents, sapa_str_of(sapa_web_param(rq, "agent")));

    if (agent != SAPA_NONE && sapa_scope_agent(&rq->who.scope, rq->web->mirror.centre, agent))
        return agent;
    sapa_web_problem(rq, 404, "ENOENT", "there is no agent \"%s\"", sapa_web_param(rq, "agent"));
    return SAPA_NONE;
}

const char *sapa_web_body_text(const json_t *body, const char *name)
{
    const char *text = json_string_value(json_object_get(body, name));

    return text ? text : "";
}

uint64_t sapa_web_body_id(const json_t *body, const char *name)
{
    uint64_t id;

    return sapa_str_u64(sapa_str_of(sapa_web_body_text(body, name)), UINT64_MAX, &id) == SAPA_OK ? id : 0;
}

struct sapa_str sapa_web_by(const struct web_request *rq)
{
    return sapa_str_of(rq->who.user);
}

bool sapa_web_may_work(struct web_request *rq)
{
    if (sapa_web_param_agent(rq) == SAPA_NONE)
        return false;
    if ((rq->who.rights & SAPA_RIGHT_BIT(AGENTS)) || strcmp(rq->who.agent, sapa_web_param(rq, "agent")) == 0)
        return true;
    sapa_web_problem(rq, 403, "EDENIED", "only one's own tasks, without the right agents");
    return false;
}

bool sapa_web_is_own_agent(struct web_request *rq)
{
    if (sapa_web_param_agent(rq) == SAPA_NONE)
        return false;
    if (strcmp(rq->who.agent, sapa_web_param(rq, "agent")) == 0)
        return true;
    sapa_web_problem(rq, 403, "EDENIED", "only what is for one's own agent");
    return false;
}

static void openapi(struct web_request *rq)
{
    if (rq->web->openapi.n == 0)
        sapa_openapi(&rq->web->openapi);
    sapa_json_bytes(&rq->out, rq->web->openapi.p, rq->web->openapi.n);
    sapa_web_ready(rq);
}

bool sapa_web_contact_is_hidden(const struct web_request *rq)
{
    const struct sapa_mirror_contact *contact = sapa_mirror_contact_find(&rq->web->mirror, sapa_web_param_number(rq, "contact", 0));

    return contact && !sapa_scope_contact(&rq->who.scope, rq->web->mirror.centre, contact);
}

void sapa_web_answer(struct web_request *rq)
{
    rq->status = sapa_route(rq->route)->status;
    switch (rq->route) {
    case SAPA_ROUTE_HEALTH: sapa_web_health(rq); return;
    case SAPA_ROUTE_READY: sapa_web_readiness(rq); return;
    case SAPA_ROUTE_OPENAPI: openapi(rq); return;
    case SAPA_ROUTE_METRICS: sapa_web_metrics(rq); return;
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
                                                rq->route == SAPA_ROUTE_MERGE_END || rq->route == SAPA_ROUTE_NETWORKS || rq->route == SAPA_ROUTE_SYSTEM)) {
        sapa_web_problem(rq, 403, "EDENIED", "this is about the whole centre, and you are bound to some of it");
        return;
    }
    if (rq->method != SAPA_GET) {
        sapa_web_answer_write(rq);
        return;
    }
    switch (rq->route) {
    case SAPA_ROUTE_ME: sapa_web_me(rq); return;
    case SAPA_ROUTE_VIEW:
    case SAPA_ROUTE_CONTACTS:
    case SAPA_ROUTE_AGENTS:
    case SAPA_ROUTE_AGENT:
    case SAPA_ROUTE_QUEUES:
    case SAPA_ROUTE_STANDINGS:
    case SAPA_ROUTE_QUEUE:
    case SAPA_ROUTE_WEB_NUMBERS:
    case SAPA_ROUTE_WEB_PLACE:
    case SAPA_ROUTE_NUMBERS:
    case SAPA_ROUTE_DISPOSITIONS:
    case SAPA_ROUTE_SWITCHES:
    case SAPA_ROUTE_ALERTS:
    case SAPA_ROUTE_MESSAGES: sapa_web_live(rq); return;
    case SAPA_ROUTE_FIGURES: sapa_web_figures(rq); return;
    case SAPA_ROUTE_REASONS: sapa_web_reasons(rq); return;
    case SAPA_ROUTE_WORK:
        if (!sapa_web_may_work(rq))
            return;
        break;
    case SAPA_ROUTE_COACH_NOTES:
        if (sapa_web_param_agent(rq) == SAPA_NONE)
            return;
        break;
    case SAPA_ROUTE_COACH_AUDIO:
        if (!sapa_web_is_own_agent(rq))
            return;
        break;
    case SAPA_ROUTE_ROLES: sapa_web_roles(rq); return;
    case SAPA_ROUTE_SESSIONS: sapa_web_sessions(rq); return;
    case SAPA_ROUTE_DEMO: sapa_web_demo(rq); return;
    case SAPA_ROUTE_DIRECTORY: sapa_web_directory(rq); return;
    case SAPA_ROUTE_CONTACT:
    case SAPA_ROUTE_CARD:
    case SAPA_ROUTE_WHY:
        if (sapa_web_contact_is_hidden(rq)) {
            sapa_web_problem(rq, 404, "ENOENT", "there is no contact %s", sapa_web_param(rq, "contact"));
            return;
        }
        if (rq->route == SAPA_ROUTE_WHY) {
            sapa_web_ask_for(rq, SAPA_WEB_ASK_WHY, sapa_web_param_number(rq, "contact", 0), NULL);
            return;
        }
        break;
    default: break;
    }
    sapa_web_job(rq, NULL);
}
