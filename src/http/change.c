/*
 * Skills, queues and the team of several agents at once: one request, an input of the core for each change of each agent, and an
 * answer for each agent. What can be judged here is; the core's verdict comes with the reply.
 */
#include "http/calls_impl.h"

#include <stdio.h>
#include <stdlib.h>

#include "rt/clock.h"

enum { AGENTS_MAX = 200, EACH_MAX = SAPA_WEB_CHANGES_MAX };

struct change {
    uint32_t skill, queue; /* one of both, the other is SAPA_NONE; none of both: the team */
    uint32_t team;         /* SAPA_NONE: his own */
    uint8_t level;         /* skill: 0 to 10 or SAPA_LEVEL_DESCRIBED; queue: enum sapa_serves */
};

struct web_changes {
    int64_t until_us;
    size_t change_count, agent_count, input_count;
    struct change changes[2 * EACH_MAX + 1];
    struct one {
        char key[64];
        const char *code; /* NULL: good so far */
        char problem[160];
        uint16_t first, count; /* of its inputs */
    } agents[AGENTS_MAX];
};

static bool is_of_team(const struct change *change)
{
    return change->skill == SAPA_NONE && change->queue == SAPA_NONE;
}

static bool is_described(const struct change *change)
{
    if (is_of_team(change))
        return change->team == SAPA_NONE;
    return change->queue == SAPA_NONE ? change->level == SAPA_LEVEL_DESCRIBED : change->level == SAPA_SERVES_DESCRIBED;
}

/* ---- the request ---- */

/* What is wanted, whosever it is. False: answered. */
static bool read_changes(struct web_request *rq, const json_t *body, struct web_changes *all)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const json_t *skills = json_object_get(body, "skills"), *queues = json_object_get(body, "queues"), *item;
    const json_t *team = json_object_get(body, "team");
    const char *until = json_string_value(json_object_get(body, "until"));
    size_t i;

    if (json_array_size(skills) > EACH_MAX || json_array_size(queues) > EACH_MAX || (json_array_size(skills) + json_array_size(queues) == 0 && !team)) {
        sapa_web_problem(rq, 400, "EINVAL", "1 to %d skills or queues are changed at once, or the team", EACH_MAX);
        return false;
    }
    if (until && (sapa_time_parse(sapa_str_of(until), &all->until_us) != SAPA_OK || all->until_us <= sapa_wall_us())) {
        sapa_web_problem(rq, 400, "EINVAL", "until: a time that is to come");
        return false;
    }
    json_array_foreach(skills, i, item) {
        const char *key = json_string_value(json_object_get(item, "skill"));
        const json_t *level = json_object_get(item, "level");
        struct change *to = &all->changes[all->change_count++];
        *to = (struct change){ .skill = SAPA_FIND(centre, skills, sapa_str_of(key)), .queue = SAPA_NONE,
                               .level = level ? (uint8_t)SAPA_MIN(json_integer_value(level), (json_int_t)100) : SAPA_LEVEL_DESCRIBED };
        if (to->skill == SAPA_NONE || (level && to->level > 10)) {
            sapa_web_problem(rq, 400, to->skill == SAPA_NONE ? "ENOENT" : "EINVAL", to->skill == SAPA_NONE ? "there is no skill \"%s\"" : "%s: a level is 0 to 10", key);
            return false;
        }
    }
    json_array_foreach(queues, i, item) {
        const char *key = json_string_value(json_object_get(item, "queue"));
        const json_t *serves = json_object_get(item, "serves");
        struct change *to = &all->changes[all->change_count++];
        *to = (struct change){ .skill = SAPA_NONE, .queue = SAPA_FIND(centre, queues, sapa_str_of(key)),
                               .level = !serves ? SAPA_SERVES_DESCRIBED : json_is_true(serves) ? SAPA_SERVES_YES : SAPA_SERVES_NO };
        if (to->queue == SAPA_NONE || !sapa_scope_client(&rq->who.scope, centre->queues[to->queue].client)) {
            sapa_web_problem(rq, 400, "ENOENT", "there is no queue \"%s\"", key);
            return false;
        }
    }
    if (team) {
        const char *key = json_string_value(team);
        struct change *to = &all->changes[all->change_count++];
        *to = (struct change){ .skill = SAPA_NONE, .queue = SAPA_NONE, .team = key ? SAPA_FIND(centre, teams, sapa_str_of(key)) : SAPA_NONE };
        if (key && to->team == SAPA_NONE) {
            sapa_web_problem(rq, 400, "ENOENT", "there is no team \"%s\"", key);
            return false;
        }
    }
    for (i = 0; i < all->change_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (all->changes[k].skill == all->changes[i].skill && all->changes[k].queue == all->changes[i].queue) {
                sapa_web_problem(rq, 400, "EINVAL", "a skill or a queue stands there twice");
                return false;
            }
        }
        if (all->until_us && is_described(&all->changes[i])) {
            sapa_web_problem(rq, 400, "EINVAL", "as the description has it: that has no end");
            return false;
        }
    }
    return true;
}

static const struct sapa_web_change *has(const struct sapa_web_agent *view, const struct change *change)
{
    for (unsigned i = 0; i < view->change_count; i++) {
        if (view->changes[i].skill == change->skill && view->changes[i].queue == change->queue)
            return &view->changes[i];
    }
    return NULL;
}

SAPA_PRINTF(3, 4) static void refuse(struct one *one, const char *code, const char *fmt, ...)
{
    va_list args;

    one->code = code;
    va_start(args, fmt);
    vsnprintf(one->problem, sizeof(one->problem), fmt, args);
    va_end(args);
}

/* One agent: what the core would refuse, and what there is nothing to do about. */
static void judge(const struct web_request *rq, struct web_changes *all, struct one *one, uint32_t *ret_agent)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;
    const struct sapa_centre *centre = mirror->centre;
    const uint32_t agent = SAPA_FIND(centre, agents, sapa_str_of(one->key));

    *ret_agent = agent;
    if (agent == SAPA_NONE || !sapa_scope_agent(&rq->who.scope, centre, agent)) {
        refuse(one, "ENOENT", "there is no such agent");
        return;
    }
    uint64_t after = mirror->agents[agent].view.change_count;
    for (size_t i = 0; i < all->change_count; i++) {
        const struct change *change = &all->changes[i];
        if (is_of_team(change) && change->team != SAPA_NONE && change->team == centre->agents[agent].team && all->until_us) {
            refuse(one, "EINVAL", "is in this team already");
            return;
        }
        const uint32_t client = change->queue == SAPA_NONE ? SAPA_NONE : centre->queues[change->queue].client;
        if (client < 64 && change->level == SAPA_SERVES_YES && !(centre->agents[agent].clients >> client & 1)) {
            refuse(one, "EDENIED", "works not for " SAPA_STR_FMT, SAPA_STR_ARG(centre->clients[client].name));
            return;
        }
        after += !is_described(change) && !has(&mirror->agents[agent].view, change);
    }
    if (after > SAPA_WEB_CHANGES_MAX)
        refuse(one, "ELIMIT", "has too many changes at one time: at most %d", SAPA_WEB_CHANGES_MAX);
}

static void input_of(const struct web_request *rq, const struct web_changes *all, const struct change *change, uint32_t agent, struct sapa_record *ret)
{
    if (is_of_team(change)) {
        sapa_record_init(ret, SAPA_T_agent_team);
        ret->u.agent_team = (struct sapa_rec_agent_team){ .agent = agent, .team = change->team, .until_us = all->until_us };
        (void)sapa_sized_set(&ret->u.agent_team.by, sapa_str_of(rq->who.user));
    } else if (change->queue == SAPA_NONE) {
        sapa_record_init(ret, SAPA_T_agent_skill);
        ret->u.agent_skill = (struct sapa_rec_agent_skill){ .agent = agent, .skill = change->skill, .level = change->level, .until_us = all->until_us };
        (void)sapa_sized_set(&ret->u.agent_skill.by, sapa_str_of(rq->who.user));
    } else {
        sapa_record_init(ret, SAPA_T_agent_queue);
        ret->u.agent_queue = (struct sapa_rec_agent_queue){ .agent = agent, .queue = change->queue, .serves = change->level, .until_us = all->until_us };
        (void)sapa_sized_set(&ret->u.agent_queue.by, sapa_str_of(rq->who.user));
    }
}

/* What changes, then for whom: the list may be long. */
static void describe(const struct web_request *rq, const struct web_changes *all, const json_t *body, struct sapa_text *out)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const char *until = json_string_value(json_object_get(body, "until"));

    for (size_t i = 0; i < all->change_count; i++) {
        const struct change *change = &all->changes[i];
        const struct sapa_str key = is_of_team(change) ? SAPA_STR("team") : change->queue == SAPA_NONE ? centre->skills[change->skill].key : centre->queues[change->queue].key;
        sapa_text_printf(out, "%s" SAPA_STR_FMT "=", i ? " " : "", SAPA_STR_ARG(key));
        if (is_described(change))
            sapa_text_add(out, SAPA_STR("described"));
        else if (is_of_team(change))
            sapa_text_add(out, centre->teams[change->team].key);
        else if (change->queue == SAPA_NONE)
            sapa_text_printf(out, "%u", change->level);
        else
            sapa_text_add(out, sapa_str_of(sapa_serves_name(change->level)));
    }
    sapa_text_printf(out, "%s%s:", until ? " until=" : "", until ? until : "");
    for (size_t i = 0; i < all->agent_count; i++)
        sapa_text_printf(out, " %s%s", all->agents[i].key, all->agents[i].code ? " (no)" : "");
}

void sapa_web_change(struct web_request *rq, const json_t *body)
{
    static struct sapa_record inputs[SAPA_WEB_INPUTS_MAX]; /* the web thread's alone */
    static char detail[4096];
    const json_t *agents = json_object_get(body, "agents"), *item;
    struct web_changes *all = calloc(1, sizeof(*all));
    struct sapa_text text;
    size_t i;

    free(rq->changes);
    rq->changes = all;
    if (!all) {
        sapa_web_problem_rc(rq, SAPA_ENOMEM, NULL);
        return;
    }
    if (!read_changes(rq, body, all))
        return;
    if (json_array_size(agents) < 1 || json_array_size(agents) > AGENTS_MAX || json_array_size(agents) * all->change_count > SAPA_WEB_INPUTS_MAX) {
        sapa_web_problem(rq, 400, "EINVAL", "1 to %d agents, and at most %d changes of all together", AGENTS_MAX, SAPA_WEB_INPUTS_MAX);
        return;
    }
    json_array_foreach(agents, i, item) {
        struct one *one = &all->agents[all->agent_count++];
        uint32_t agent;
        if (!sapa_str_copy(sapa_str_of(json_string_value(item)), one->key, sizeof(one->key)))
            one->key[sizeof(one->key) - 1] = '\0';
        judge(rq, all, one, &agent);
        for (size_t k = 0; k + 1 < all->agent_count && !one->code; k++) {
            if (strcmp(all->agents[k].key, one->key) == 0)
                refuse(one, "EINVAL", "stands there twice");
        }
        one->first = (uint16_t)all->input_count;
        for (size_t k = 0; k < all->change_count && !one->code; k++) {
            if (!is_described(&all->changes[k]) || has(&rq->web->mirror.agents[agent].view, &all->changes[k]))
                input_of(rq, all, &all->changes[k], agent, &inputs[all->input_count++]);
        }
        one->count = (uint16_t)(all->input_count - one->first);
    }
    sapa_text_init(&text, detail, sizeof(detail));
    describe(rq, all, body, &text);
    sapa_web_write_all(rq, inputs, all->input_count, sapa_text_str(&text));
}

/* ---- the answer ---- */

void sapa_web_changed(struct web_request *rq, const struct sapa_web_reply *reply)
{
    struct web_changes *all = rq->changes;

    sapa_json_items(&rq->out);
    for (size_t i = 0; i < all->agent_count; i++) {
        struct one *one = &all->agents[i];
        unsigned refused = 0;
        for (unsigned k = one->first; k < one->first + one->count; k++)
            refused += reply->refused[k / 64] >> k % 64 & 1;
        if (refused)
            refuse(one, sapa_rc_name((sapa_rc)reply->rc), "%u of %u not changed: %s", refused, one->count, sapa_rc_text((sapa_rc)reply->rc));
        sapa_json_open(&rq->out, '{');
        sapa_json_add_text(&rq->out, "agent", sapa_str_of(one->key));
        sapa_json_add_bool(&rq->out, "done", one->code == NULL);
        if (one->code) {
            sapa_json_add_text(&rq->out, "code", sapa_str_of(one->code));
            sapa_json_add_text(&rq->out, "problem", sapa_str_of(one->problem));
        } else {
            sapa_json_add_null(&rq->out, "code");
            sapa_json_add_null(&rq->out, "problem");
        }
        sapa_json_close(&rq->out, '}');
    }
    sapa_json_close(&rq->out, ']');
    sapa_json_add_id(&rq->out, "seq", reply->seq);
    sapa_json_close(&rq->out, '}');
    sapa_web_ready(rq);
}
