/*
 * Calls that agents place and what they do with the contacts in their hands, as inputs of the core.
 *
 * What the core refuses is known from the events of the step (`refused`, `call_denied`), so no request number is
 * given: nobody else need know that the API asked. Who is called is found, or becomes known, on the centre's thread
 * (app/web_link.c), where the log is told of a new person before anything names it.
 */
#include <stdio.h>

#include "http/answer_impl.h"
#include "http/calls_impl.h"
#include "model/listed.h"
#include "phone/phone.h"

enum { API_NODE = 1000, DIGITS_MAX = 15, CALLS_OF_EPOCH_MAX = 1 << 30 };

/* The epoch of earlier processes was another. */
uint64_t sapa_web_new_id(struct web_request *rq)
{
    struct sapa_web *web = rq->web;

    if (web->last_id < CALLS_OF_EPOCH_MAX)
        return sapa_id_make(API_NODE, web->options.epoch << 32 | ++web->last_id);
    sapa_web_problem(rq, 503, "ELIMIT", "no more calls are placed by this process; it wants to be started again");
    return 0;
}

/* ---- whose ---- */

/* One's own agent, or the right to handle others' contacts; else answered. */
static bool may_act(struct web_request *rq, uint32_t agent)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;

    if ((rq->who.rights & SAPA_RIGHT_BIT(SUPERVISE)) || sapa_str_eq(sapa_str_of(rq->who.agent), centre->agents[agent].key))
        return true;
    sapa_web_problem(rq, 403, "EDENIED", "only one's own calls, without the right supervise");
    return false;
}

struct part {
    uint32_t agent;
    uint64_t offer, contact;
};

/* The agent's part in a contact that the path names, as far as the token may see it; else answered. */
static bool part_of(struct web_request *rq, struct part *ret)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;
    const char *text = sapa_params_get(&rq->params, "offer");
    uint64_t offer = 0;

    if (sapa_str_u64(sapa_str_of(text), UINT64_MAX, &offer) != SAPA_OK)
        offer = 0;
    for (uint32_t i = 0; offer && i < mirror->centre->agents_count; i++) {
        const struct sapa_web_agent *view = &mirror->agents[i].view;
        for (unsigned k = 0; k < view->assignment_count; k++) {
            if (view->assignments[k].offer != offer)
                continue;
            const struct sapa_mirror_contact *contact = sapa_mirror_contact_find(mirror, view->assignments[k].contact);
            if (!contact || !sapa_scope_agent(&rq->who.scope, mirror->centre, i) ||
                !sapa_scope_part(&rq->who.scope, mirror->centre, contact->view.client, i))
                break;
            *ret = (struct part){ i, offer, view->assignments[k].contact };
            return may_act(rq, i);
        }
    }
    sapa_web_problem(rq, 404, "ENOENT", "there is no offer %s in anybody's hands", text);
    return false;
}

/* ---- where to ---- */

struct where {
    enum sapa_target kind;
    uint32_t target;
    char number[DIGITS_MAX + 1];
};

/* As it is dialled in the country of the centre, into digits of E.164. */
static bool take_digits(const struct sapa_centre *centre, const char *text, char buf[DIGITS_MAX + 1])
{
    char normal_buf[SAPA_PHONE_TEXT_MAX + 1];
    const struct sapa_str normal = sapa_phone_normal(sapa_str_of(text), centre->system.country, normal_buf, sizeof(normal_buf));

    for (size_t i = 0; i < normal.n; i++) {
        if (normal.p[i] < '0' || normal.p[i] > '9')
            return false;
    }
    return normal.n >= 2 && sapa_str_copy(normal, buf, DIGITS_MAX + 1);
}

/* False: answered. */
static bool where_of(struct web_request *rq, const json_t *body, struct where *ret)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const char *kind = json_string_value(json_object_get(body, "kind")), *to = json_string_value(json_object_get(body, "to"));
    const struct sapa_str key = sapa_str_of(to);
    bool seen;

    *ret = (struct where){ .target = SAPA_NONE };
    while (ret->kind < SAPA_TARGET_OUTSIDE && strcmp(kind, sapa_target_name(ret->kind)) != 0)
        ret->kind++;
    switch (ret->kind) {
    case SAPA_TARGET_QUEUE:
        ret->target = SAPA_FIND(centre, queues, key);
        seen = ret->target != SAPA_NONE && sapa_scope_client(&rq->who.scope, centre->queues[ret->target].client);
        break;
    case SAPA_TARGET_NUMBER:
        ret->target = SAPA_FIND(centre, numbers, key);
        seen = ret->target != SAPA_NONE && sapa_scope_client(&rq->who.scope, centre->numbers[ret->target].client);
        break;
    case SAPA_TARGET_AGENT: /* colleagues may be called by those who see only themselves */
        ret->target = SAPA_FIND(centre, agents, key);
        seen = ret->target != SAPA_NONE;
        break;
    default: seen = take_digits(centre, to, ret->number);
    }
    if (!seen)
        sapa_web_problem(rq, 400, ret->kind == SAPA_TARGET_OUTSIDE ? "EINVAL" : "ENOENT",
                         ret->kind == SAPA_TARGET_OUTSIDE ? "to: a telephone number of 2 to 15 digits, not \"%.40s\"" : "there is no such target: \"%.60s\"", to);
    return seen;
}

/* ---- calls ---- */

static void call(struct web_request *rq, uint32_t agent, enum sapa_call_line line, const struct part *beside, const json_t *body)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const char *client = json_string_value(json_object_get(body, "client")),
               *campaign = json_string_value(json_object_get(body, "campaign"));
    struct sapa_record input;
    struct where where;

    if (!where_of(rq, body, &where))
        return;
    sapa_record_init(&input, SAPA_T_agent_call);
    struct sapa_rec_agent_call *in = &input.u.agent_call;
    in->client = SAPA_NONE;
    if (client && ((in->client = SAPA_FIND(centre, clients, sapa_str_of(client))) == SAPA_NONE ||
                   !sapa_scope_client(&rq->who.scope, (uint32_t)in->client))) {
        sapa_web_problem(rq, 400, "ENOENT", "there is no client \"%s\"", client);
        return;
    }
    if (campaign) {
        const uint32_t index = SAPA_FIND(centre, campaigns, sapa_str_of(campaign));
        if (index == SAPA_NONE || !sapa_scope_client(&rq->who.scope, centre->campaigns[index].client)) {
            sapa_web_problem(rq, 400, "ENOENT", "there is no campaign \"%s\"", campaign);
            return;
        }
        if (where.kind != SAPA_TARGET_OUTSIDE) {
            sapa_web_problem(rq, 400, "EINVAL", "campaign: only with calls outside");
            return;
        }
        in->campaign = index + UINT64_C(1);
    }
    if ((in->contact = sapa_web_new_id(rq)) == 0 || (in->offer = sapa_web_new_id(rq)) == 0)
        return;
    in->agent = agent;
    in->line = line;
    in->beside = beside ? beside->offer : 0;
    in->kind = where.kind;
    in->target = where.target;
    (void)sapa_sized_set(&in->address, sapa_str_of(where.number));
    in->number_type = sapa_phone_type_of(sapa_str_of(where.number));
    in->listed = sapa_listed_for(centre, sapa_str_of(where.number),
                                 sapa_campaign_of(centre, agent, in->campaign, in->client, beside != NULL));
    (void)sapa_sized_set(&in->by, sapa_str_of(rq->who.user));
    snprintf(rq->answer, sizeof(rq->answer), "\"contact\":\"%llu\",\"offer\":\"%llu\"", (unsigned long long)in->contact,
             (unsigned long long)in->offer);
    sapa_web_write(rq, &input);
}

static void transfer(struct web_request *rq, const struct part *part, const json_t *body)
{
    struct sapa_record input;
    struct where where;

    if (!where_of(rq, body, &where))
        return;
    sapa_record_init(&input, SAPA_T_contact_passed);
    struct sapa_rec_contact_passed *in = &input.u.contact_passed;
    in->contact = part->contact;
    in->offer = part->offer;
    in->kind = where.kind;
    in->target = where.target;
    (void)sapa_sized_set(&in->address, sapa_str_of(where.number));
    in->number_type = sapa_phone_type_of(sapa_str_of(where.number));
    in->listed = sapa_listed(rq->web->mirror.centre, sapa_str_of(where.number));
    (void)sapa_sized_set(&in->by, sapa_str_of(rq->who.user));
    sapa_web_write(rq, &input);
}

static void command(struct web_request *rq, const struct part *part, enum sapa_call_verb verb, uint64_t other)
{
    struct sapa_record input;

    sapa_record_init(&input, SAPA_T_call_command);
    input.u.call_command.agent = part->agent;
    input.u.call_command.offer = part->offer;
    input.u.call_command.verb = verb;
    input.u.call_command.other = other;
    (void)sapa_sized_set(&input.u.call_command.by, sapa_str_of(rq->who.user));
    sapa_web_write(rq, &input);
}

/* The second contact is his own, too: what one does not see cannot be named. */
static bool is_seen(struct web_request *rq, uint32_t agent, uint64_t contact)
{
    const struct sapa_mirror_contact *other = sapa_mirror_contact_find(&rq->web->mirror, contact);

    if (other && sapa_scope_part(&rq->who.scope, rq->web->mirror.centre, other->view.client, agent))
        return true;
    sapa_web_problem(rq, 400, "ENOENT", "there is no living contact %llu", (unsigned long long)contact);
    return false;
}

/* In wrap-up, too, when the contact itself is over. */
static void dispose(struct web_request *rq, const json_t *body)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;
    const struct sapa_centre *centre = mirror->centre;
    const char *text = sapa_params_get(&rq->params, "offer"), *key = json_string_value(json_object_get(body, "disposition"));
    uint64_t offer = 0, chosen = 0;

    if (sapa_str_u64(sapa_str_of(text), UINT64_MAX, &offer) != SAPA_OK)
        offer = 0;
    for (uint32_t i = 0; offer && i < centre->agents_count; i++) {
        const struct sapa_web_agent *view = &mirror->agents[i].view;
        for (unsigned k = 0; k < view->assignment_count; k++) {
            const uint32_t queue = view->assignments[k].queue;
            if (view->assignments[k].offer != offer || !sapa_scope_agent(&rq->who.scope, centre, i) ||
                (queue < centre->queues_count && !sapa_scope_client(&rq->who.scope, centre->queues[queue].client)))
                continue;
            if (!may_act(rq, i))
                return;
            for (uint32_t d = 0; key && queue < centre->queues_count && d < centre->queues[queue].disposition_count; d++) {
                if (sapa_str_eq(centre->dispositions[centre->queues[queue].disposition_first + d].key, sapa_str_of(key)))
                    chosen = centre->queues[queue].disposition_first + d + 1;
            }
            if (key && chosen == 0)
                sapa_web_problem(rq, 400, "ENOENT", "the queue of this contact has no disposition \"%s\"", key);
            else
                command(rq, &(const struct part){ i, offer, view->assignments[k].contact }, SAPA_CALL_VERB_DISPOSE, chosen);
            return;
        }
    }
    sapa_web_problem(rq, 404, "ENOENT", "there is no offer %s in anybody's hands", text);
}

void sapa_web_call(struct web_request *rq, const json_t *body)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    struct part part;

    if (rq->route == SAPA_ROUTE_CALL) {
        const char *key = sapa_params_get(&rq->params, "agent");
        const uint32_t agent = SAPA_FIND(centre, agents, sapa_str_of(key));
        if (agent == SAPA_NONE || !sapa_scope_agent(&rq->who.scope, centre, agent))
            sapa_web_problem(rq, 404, "ENOENT", "there is no agent \"%s\"", key);
        else if (may_act(rq, agent))
            call(rq, agent, SAPA_LINE_RING, NULL, body);
        return;
    }
    if (rq->route == SAPA_ROUTE_OFFER_DISPOSITION) {
        dispose(rq, body);
        return;
    }
    if (!part_of(rq, &part))
        return;
    switch (rq->route) {
    case SAPA_ROUTE_OFFER_ACCEPT: command(rq, &part, SAPA_CALL_VERB_ACCEPT, 0); break;
    case SAPA_ROUTE_OFFER_REFUSE: command(rq, &part, SAPA_CALL_VERB_REFUSE, 0); break;
    case SAPA_ROUTE_OFFER_HOLD: command(rq, &part, SAPA_CALL_VERB_HOLD, 0); break;
    case SAPA_ROUTE_OFFER_RESUME: command(rq, &part, SAPA_CALL_VERB_RESUME, 0); break;
    case SAPA_ROUTE_OFFER_HANGUP: command(rq, &part, SAPA_CALL_VERB_HANGUP, 0); break;
    case SAPA_ROUTE_OFFER_LEAVE: command(rq, &part, SAPA_CALL_VERB_LEAVE, 0); break;
    case SAPA_ROUTE_OFFER_CONSULT: call(rq, part.agent, SAPA_LINE_SAME, &part, body); break;
    case SAPA_ROUTE_OFFER_TRANSFER: transfer(rq, &part, body); break;
    case SAPA_ROUTE_OFFER_DROP: command(rq, &part, SAPA_CALL_VERB_DROP, sapa_web_body_id(body, "party")); break;
    default: {
        const uint64_t other = sapa_web_body_id(body, "contact");
        if (is_seen(rq, part.agent, other))
            command(rq, &part, rq->route == SAPA_ROUTE_OFFER_MERGE ? SAPA_CALL_VERB_MERGE : SAPA_CALL_VERB_CONFERENCE, other);
    }
    }
}

/* ---- what came of it ---- */

void sapa_web_call_denied(struct web_request *rq, sapa_rc rc, unsigned why)
{
    char detail[96];
    struct sapa_text text;

    sapa_text_init(&text, detail, sizeof(detail));
    sapa_text_printf(&text, "the call is not placed: %s", sapa_call_denial_name(why));
    sapa_web_problem_rc(rq, rc, detail);
}
