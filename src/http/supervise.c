/*
 * Supervisors in conversations, as inputs of the core: each mode asks its own right.
 *
 * A supervisor's phone is an agent's: his own, or with the right `supervise` any that he sees.
 */
#include "http/calls_impl.h"

#include <stdio.h>

static bool may_do(struct web_request *rq, const json_t *body, enum sapa_supervision *ret)
{
    static const uint32_t rights[] = {
        [SAPA_SUPERVISION_LISTEN] = SAPA_RIGHT_BIT(HEAR),
        [SAPA_SUPERVISION_WHISPER] = SAPA_RIGHT_BIT(WHISPER),
        [SAPA_SUPERVISION_BARGE] = SAPA_RIGHT_BIT(BARGE),
        [SAPA_SUPERVISION_TAKEOVER] = SAPA_RIGHT_BIT(TAKEOVER),
    };
    const char *mode = json_string_value(json_object_get(body, "mode"));

    for (*ret = 0; *ret < SAPA_SUPERVISION_END && strcmp(mode, sapa_supervision_name(*ret)) != 0;)
        ++*ret;
    sapa_assert(*ret < SAPA_SUPERVISION_END); /* the schema allows no other */
    if (rq->who.rights & rights[*ret])
        return true;
    sapa_web_problem(rq, 403, "EDENIED", "not without the right %s", *ret == SAPA_SUPERVISION_LISTEN ? "hear" : mode);
    return false;
}

/* Whose phone is used: `key`, or his own. SAPA_NONE: answered. */
static uint32_t phone_of(struct web_request *rq, struct sapa_str key)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const bool own = key.n == 0 || sapa_str_eq(key, sapa_str_of(rq->who.agent));
    const uint32_t agent = own && rq->who.agent[0] == '\0' ? SAPA_NONE : SAPA_FIND(centre, agents, own ? sapa_str_of(rq->who.agent) : key);

    if (agent != SAPA_NONE && (own || (sapa_scope_agent(&rq->who.scope, centre, agent) && (rq->who.rights & SAPA_RIGHT_BIT(SUPERVISE)))))
        return agent;
    if (key.n == 0)
        sapa_web_problem(rq, 400, "EINVAL", "phone: the key of the agent whose phone is rung; there is none of one's own");
    else if (agent == SAPA_NONE || !sapa_scope_agent(&rq->who.scope, centre, agent))
        sapa_web_problem(rq, 400, "ENOENT", "there is no agent \"" SAPA_STR_FMT "\"", SAPA_STR_ARG(key));
    else
        sapa_web_problem(rq, 403, "EDENIED", "only one's own phone, without the right supervise");
    return SAPA_NONE;
}

static void post(struct web_request *rq, uint64_t supervision, uint64_t contact, uint32_t agent, enum sapa_supervision mode)
{
    struct sapa_record input;

    sapa_record_init(&input, SAPA_T_supervise);
    input.u.supervise.supervision = supervision;
    input.u.supervise.contact = contact;
    input.u.supervise.agent = agent;
    input.u.supervise.mode = mode;
    (void)sapa_sized_set(&input.u.supervise.by, sapa_str_of(rq->who.user));
    sapa_web_write(rq, &input);
}

static void begin(struct web_request *rq, const json_t *body)
{
    const char *text = sapa_params_get(&rq->params, "contact");
    const struct sapa_mirror_contact *contact;
    enum sapa_supervision mode;
    uint64_t id = 0;

    contact = sapa_str_u64(sapa_str_of(text), UINT64_MAX, &id) == SAPA_OK ? sapa_mirror_contact_find(&rq->web->mirror, id) : NULL;
    if (!contact || !sapa_scope_contact(&rq->who.scope, rq->web->mirror.centre, contact)) {
        sapa_web_problem(rq, 404, "ENOENT", "there is no living contact %s", text);
        return;
    }
    if (!may_do(rq, body, &mode))
        return;
    const uint32_t agent = phone_of(rq, sapa_str_of(json_string_value(json_object_get(body, "phone"))));
    if (agent == SAPA_NONE)
        return;
    const struct sapa_web_supervision *now = &rq->web->mirror.agents[agent].view.supervision;
    const uint64_t supervision = now->supervision && now->contact == contact->view.contact ? now->supervision : sapa_web_new_id(rq);
    if (supervision == 0)
        return;
    snprintf(rq->answer, sizeof(rq->answer), "\"supervision\":\"%llu\"", (unsigned long long)supervision);
    post(rq, supervision, contact->view.contact, agent, mode);
}

void sapa_web_supervise(struct web_request *rq, const json_t *body)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;
    const char *text = sapa_params_get(&rq->params, "supervision");
    enum sapa_supervision mode = SAPA_SUPERVISION_END;
    uint64_t id;

    if (rq->route == SAPA_ROUTE_SUPERVISE) {
        begin(rq, body);
        return;
    }
    if (sapa_str_u64(sapa_str_of(text), UINT64_MAX, &id) != SAPA_OK)
        id = 0;
    for (uint32_t i = 0; id && i < mirror->centre->agents_count; i++) {
        const struct sapa_web_supervision *one = &mirror->agents[i].view.supervision;
        const struct sapa_mirror_contact *contact = one->supervision == id ? sapa_mirror_contact_find(mirror, one->contact) : NULL;
        if (!contact || !sapa_scope_contact(&rq->who.scope, mirror->centre, contact) ||
            (!sapa_scope_agent(&rq->who.scope, mirror->centre, i) && !sapa_str_eq(mirror->centre->agents[i].key, sapa_str_of(rq->who.agent))))
            continue;
        if (phone_of(rq, mirror->centre->agents[i].key) == SAPA_NONE)
            return;
        if (rq->route == SAPA_ROUTE_SUPERVISION_END || may_do(rq, body, &mode))
            post(rq, id, one->contact, i, mode);
        return;
    }
    sapa_web_problem(rq, 404, "ENOENT", "there is no supervision %s", text);
}
