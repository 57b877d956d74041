#include "app/web_target.h"

#include <stdlib.h>

#include "app/web_job_impl.h"
#include "base/log.h"
#include "rt/clock.h"
#include "rt/file.h"

enum { VERSIONS_SHOWN = 100, FILE_MAX = 65536 };

/* ---- what is a target ---- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

static sapa_rc wrong(struct sapa_text *out, size_t at, const char *fmt, ...) SAPA_PRINTF(3, 4);

static sapa_rc wrong(struct sapa_text *out, size_t at, const char *fmt, ...)
{
    va_list args;

    sapa_text_printf(out, "target %zu: ", at + 1);
    va_start(args, fmt);
    sapa_text_vprintf(out, fmt, args);
    va_end(args);
    return SAPA_EINVAL;
}

static bool date_is(const json_t *value)
{
    int32_t date;

    return json_is_string(value) && sapa_zone_date((struct sapa_str){ json_string_value(value), json_string_length(value) }, &date) == SAPA_OK;
}

static sapa_rc check_figure(const json_t *item, size_t at, enum sapa_goal_scope scope, struct sapa_text *out)
{
    const char *key = text_of(item, "figure");
    const uint32_t figure = sapa_figure_find(sapa_str_of(key)), like = figure == SAPA_NONE ? sapa_figure_like(sapa_str_of(key)) : SAPA_NONE;
    struct sapa_figure info;
    int64_t value;

    if (like != SAPA_NONE) {
        sapa_figure_get(like, &info);
        return wrong(out, at, "there is no figure \"%.40s\"; did you mean %s?", key, info.key);
    }
    if (figure == SAPA_NONE)
        return wrong(out, at, "there is no figure \"%.40s\": GET /api/v1/figures has them all", key);
    sapa_figure_get(figure, &info);
    if (info.better == SAPA_BETTER_NEITHER)
        return wrong(out, at, "of %s neither more nor less is better, so nothing can be aimed at", info.key);
    if (!sapa_goal_figure_is(figure, scope))
        return wrong(out, at, "%s is not counted %s", info.key, scope == SAPA_GOAL_OF_TEAM ? "for agents and their teams" : "there");
    if (sapa_target_value(figure, json_object_get(item, "value"), &value))
        return SAPA_OK;
    return info.unit == SAPA_UNIT_RATIO ? wrong(out, at, "value: a share is between 0 and 1: 0.8 is 80 %%")
           : info.unit == SAPA_UNIT_MS  ? wrong(out, at, "value: milliseconds, 0 or more: 20000 are 20 seconds")
                                        : wrong(out, at, "value: a number, 0 or more");
}

static bool is_user(const struct sapa_centre *centre, const json_t *name)
{
    return json_is_string(name) && SAPA_FIND(centre, users, ((struct sapa_str){ json_string_value(name), json_string_length(name) })) != SAPA_NONE;
}

static sapa_rc check_item(const json_t *item, size_t at, const struct sapa_centre *centre, struct sapa_text *out)
{
    const json_t *key = json_object_get(item, "key"), *to = json_object_get(item, "to"), *owner = json_object_get(item, "owner");
    const struct sapa_str name = { json_string_value(key), json_string_length(key) };
    enum sapa_goal_scope scope = SAPA_GOAL_OF_ALL;

    if (!json_is_object(item) || json_object_size(item) != 6 + (owner ? 1u : 0u))
        return wrong(out, at, "scope, key, figure, value, from and to are wanted, perhaps owner, and nothing else");
    while (scope < SAPA_GOAL_OF_DESCRIPTION && strcmp(text_of(item, "scope"), sapa_goal_scope_name(scope)) != 0)
        scope++;
    if (scope == SAPA_GOAL_OF_DESCRIPTION)
        return wrong(out, at, "scope is all, client, queue or team");
    if (scope == SAPA_GOAL_OF_ALL ? !json_is_null(key) : !json_is_string(key))
        return wrong(out, at, "key names the client, queue or team, and is null with all");
    if ((scope == SAPA_GOAL_OF_CLIENT && SAPA_FIND(centre, clients, name) == SAPA_NONE) ||
        (scope == SAPA_GOAL_OF_QUEUE && SAPA_FIND(centre, queues, name) == SAPA_NONE) ||
        (scope == SAPA_GOAL_OF_TEAM && SAPA_FIND(centre, teams, name) == SAPA_NONE))
        return wrong(out, at, "there is no %s \"%.64s\"; take the target out, or name one that there is", sapa_goal_scope_name(scope), name.p);
    const sapa_rc rc = check_figure(item, at, scope, out);
    if (rc != SAPA_OK)
        return rc;
    if (!date_is(json_object_get(item, "from")) || (!json_is_null(to) && !date_is(to)))
        return wrong(out, at, "from and to are days, 2026-11-22; to is null where there is no end");
    if (owner && !json_is_null(owner) && !is_user(centre, owner))
        return wrong(out, at, "owner: a user of the centre's description, who is given a task when it is missed; null where nobody is");
    return SAPA_OK;
}

sapa_rc sapa_target_check(const json_t *items, const struct sapa_centre *centre, struct sapa_text *problem, struct sapa_goals *ret)
{
    const json_t *item;
    size_t i;

    ret->count = 0;
    if (!json_is_array(items) || json_array_size(items) > SAPA_GOALS_MAX) {
        sapa_text_printf(problem, "items: a list of %d targets at most", SAPA_GOALS_MAX);
        return SAPA_EINVAL;
    }
    json_array_foreach((json_t *)(uintptr_t)items, i, item) {
        struct sapa_goal *goal = &ret->of[i];
        const sapa_rc rc = check_item(item, i, centre, problem);
        if (rc != SAPA_OK)
            return rc;
        if (!sapa_target_read(item, goal))
            return wrong(problem, i, "it cannot be read");
        if (goal->to != 0 && goal->to < goal->from)
            return wrong(problem, i, "it ends before it begins: to is before from");
        for (size_t k = 0; k < i; k++) {
            const struct sapa_goal *other = &ret->of[k];
            if (other->scope == goal->scope && other->figure == goal->figure && other->from == goal->from && strcmp(other->key, goal->key) == 0)
                return wrong(problem, i, "target %zu is for the same thing from the same day: keep one of them", k + 1);
        }
        ret->count++;
    }
    return SAPA_OK;
}

/* An agent sees what is meant for him: his team's, and all teams'. */
static bool agent_sees(const struct sapa_goal *goal, const struct sapa_centre *centre, uint32_t agent)
{
    const uint32_t team = agent < centre->agents_count ? centre->agents[agent].team : SAPA_NONE;

    return goal->scope == SAPA_GOAL_OF_ALL ||
           (goal->scope == SAPA_GOAL_OF_TEAM && team < centre->teams_count && sapa_str_eq(centre->teams[team].key, sapa_str_of(goal->key)));
}

bool sapa_target_is_seen(const struct sapa_goal *goal, const struct sapa_centre *centre, const struct sapa_scope *scope)
{
    const struct sapa_str key = sapa_str_of(goal->key);
    uint32_t at;

    if (scope->agent != SAPA_NONE)
        return agent_sees(goal, centre, scope->agent);
    switch (goal->scope) {
    case SAPA_GOAL_OF_CLIENT:
        at = SAPA_FIND(centre, clients, key);
        return at == SAPA_NONE ? scope->clients == UINT64_MAX : sapa_scope_client(scope, at);
    case SAPA_GOAL_OF_QUEUE:
        at = SAPA_FIND(centre, queues, key);
        return at == SAPA_NONE ? scope->clients == UINT64_MAX : sapa_scope_client(scope, centre->queues[at].client);
    case SAPA_GOAL_OF_TEAM:
        at = SAPA_FIND(centre, teams, key);
        if (scope->team_count > 0)
            return at != SAPA_NONE && sapa_scope_team(scope, centre, at);
        return scope->clients == UINT64_MAX;
    default: return true;
    }
}

/* ---- routes ---- */

static sapa_rc say(struct sapa_web_work *work, json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;

    json_decref(value);
    if (!text)
        return SAPA_ENOMEM;
    sapa_json_bytes(&work->out, text, strlen(text));
    free(text);
    return SAPA_OK;
}

/* Who can be named. */
static json_t *owners(const struct sapa_web_work *work)
{
    const struct sapa_centre *centre = work->centre;
    json_t *list = json_array();

    for (uint32_t i = 0; (work->rights & SAPA_RIGHT_BIT(TARGETS)) && i < centre->users_count; i++) {
        const struct sapa_user *user = &centre->users[i];
        json_array_append_new(list, json_pack("{s:s%,s:s%}", "id", user->key.p, user->key.n, "name", user->name.p, user->name.n));
    }
    return list;
}

static sapa_rc list(struct sapa_store *store, struct sapa_web_work *work)
{
    const char *wanted = sapa_params_get(&work->params, "version");
    json_t *document = NULL, *items = json_array(), *item;
    uint64_t now = 0, version = 0;
    sapa_rc rc = sapa_targets_version(store, &now);
    size_t i;

    if (rc == SAPA_OK && wanted[0] && (sapa_str_u64(sapa_str_of(wanted), UINT32_MAX, &version) != SAPA_OK || version < 1 || version > now))
        rc = problem(work, SAPA_ENOENT, now ? "targets have the versions 1 to %llu" : "no targets have been set yet", (unsigned long long)now);
    version = version ? version : now;
    if (rc == SAPA_OK && version > 0)
        rc = sapa_targets_get(store, version, &document);
    if (rc != SAPA_OK) {
        json_decref(items);
        return rc;
    }
    json_array_foreach(json_object_get(document, "items"), i, item) {
        struct sapa_goal goal;
        if (sapa_target_read(item, &goal) && sapa_target_is_seen(&goal, work->centre, &work->scope))
            json_array_append(items, item);
    }
    json_t *changed = json_object_get(document, "changed"), *by = json_object_get(document, "by"), *comment = json_object_get(document, "comment");
    rc = say(work, json_pack("{s:o,s:I,s:O,s:O,s:O,s:o}", "items", items, "version", (json_int_t)version, "changed", changed ? changed : json_null(),
                             "by", by ? by : json_null(), "comment", comment ? comment : json_null(), "owners", owners(work)));
    json_decref(document);
    work->match = version; /* its ETag */
    return rc;
}

static sapa_rc versions(struct sapa_store *store, struct sapa_web_work *work)
{
    json_t *items = json_array();
    uint64_t now = 0;
    sapa_rc rc = sapa_targets_version(store, &now);

    for (uint64_t version = now; rc == SAPA_OK && version > 0 && now - version < VERSIONS_SHOWN; version--) {
        json_t *document = NULL;
        rc = sapa_targets_get(store, version, &document);
        if (rc == SAPA_OK)
            json_array_append_new(items, json_pack("{s:I,s:O,s:O,s:O,s:I}", "version", (json_int_t)version, "changed", json_object_get(document, "changed"),
                                                   "by", json_object_get(document, "by"), "comment", json_object_get(document, "comment"), "count",
                                                   (json_int_t)json_array_size(json_object_get(document, "items"))));
        json_decref(document);
    }
    if (rc != SAPA_OK) {
        json_decref(items);
        return rc;
    }
    return say(work, json_pack("{s:o}", "items", items));
}

/* A document of these items, ready to be kept. Takes no reference. */
static json_t *document_of(json_t *items, const char *comment, const char *by)
{
    struct sapa_json at = { .p = NULL };

    sapa_json_time(&at, sapa_wall_us()); /* in quotes */
    json_t *changed = json_stringn(at.p ? at.p + 1 : "", at.n > 2 ? at.n - 2 : 0);
    sapa_json_done(&at);
    return json_pack("{s:o,s:s,s:o,s:O}", "changed", changed, "by", by, "comment", comment[0] ? json_string(comment) : json_null(), "items", items);
}

static bool comment_is(const char *comment)
{
    for (size_t i = 0; comment[i]; i++) {
        if ((uint8_t)comment[i] < ' ' || comment[i] == 0x7f)
            return false;
    }
    return strlen(comment) <= SAPA_TARGET_COMMENT_MAX;
}

/* Who sets a target answers for it, unless he names somebody, or nobody (null). */
static void own(json_t *items, const struct sapa_centre *centre, const char *user)
{
    const uint32_t who = SAPA_FIND(centre, users, sapa_str_of(user));
    json_t *item;
    size_t i;

    json_array_foreach(items, i, item) {
        if (who != SAPA_NONE && !json_object_get(item, "owner"))
            json_object_set_new(item, "owner", json_string(user));
    }
}

static sapa_rc change(struct sapa_store *store, struct sapa_web_work *work)
{
    json_t *body = json_loadb(work->text ? work->text : "", work->text_n, JSON_REJECT_DUPLICATES, NULL), *items = json_object_get(body, "items");
    struct sapa_goals *goals = malloc(sizeof(*goals));
    uint64_t now = 0, version = 0;
    struct sapa_text text;
    sapa_rc rc = goals ? sapa_targets_version(store, &now) : SAPA_ENOMEM;

    sapa_text_init(&text, work->problem, sizeof(work->problem));
    if (rc == SAPA_OK)
        rc = body ? sapa_target_check(items, work->centre, &text, goals) : SAPA_EINVAL;
    if (rc == SAPA_OK && !comment_is(text_of(body, "comment")))
        rc = problem(work, SAPA_EINVAL, "comment: %d bytes at most, on one line", SAPA_TARGET_COMMENT_MAX);
    if (rc == SAPA_OK && work->match != now) {
        work->status = 412;
        rc = problem(work, SAPA_ESTATE, "somebody has set targets meanwhile: they are version %llu; read them again", (unsigned long long)now);
    }
    if (rc == SAPA_OK)
        own(items, work->centre, work->user);
    if (rc == SAPA_OK)
        rc = sapa_targets_add(store, document_of(items, text_of(body, "comment"), work->user), &version);
    if (rc == SAPA_OK)
        snprintf(work->answer, sizeof(work->answer), "\"version\":%llu", (unsigned long long)version);
    free(goals);
    json_decref(body);
    return rc;
}

sapa_rc sapa_web_target(const struct sapa_web_files *files, struct sapa_web_work *work)
{
    switch (work->route) {
    case SAPA_ROUTE_GOALS_PUT: return change(files->store, work);
    case SAPA_ROUTE_GOAL_VERSIONS: return versions(files->store, work);
    default: return list(files->store, work);
    }
}

/* ---- the first start ---- */

void sapa_target_first(struct sapa_store *store, const char *path, const struct sapa_centre *centre)
{
    struct sapa_goals *goals = malloc(sizeof(*goals));
    char buf[256];
    struct sapa_text text;
    uint64_t version = 0;
    json_t *body = NULL;
    json_error_t error;
    sapa_rc rc = goals ? sapa_targets_version(store, &version) : SAPA_ENOMEM;

    sapa_text_init(&text, buf, sizeof(buf));
    if (rc != SAPA_OK || version > 0) {
        free(goals);
        return;
    }
    body = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!body)
        sapa_text_printf(&text, "line %d: %s", error.line, error.text);
    rc = body ? sapa_target_check(json_object_get(body, "items"), centre, &text, goals) : SAPA_EINVAL;
    if (rc == SAPA_OK && !comment_is(text_of(body, "comment")))
        rc = SAPA_EINVAL;
    if (rc == SAPA_OK)
        rc = sapa_targets_add(store, document_of(json_object_get(body, "items"), text_of(body, "comment"), "sapa"), &version);
    if (rc != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "targets.first", "file=%s %s %s; no targets are set, ignoring", path, sapa_rc_name(rc), buf);
    json_decref(body);
    free(goals);
}
