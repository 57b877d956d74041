/* Reasons for not being ready: how many of a team are in each, and what the day has left. */
#include "http/answer_impl.h"
#include "report/zone.h"

/* Of a team (SAPA_NONE: without one): how many are in it, how many stand in line; since when the first is in it. */
static void count_reason(const struct sapa_mirror *mirror, uint32_t team, uint32_t reason, uint32_t *ret_now, uint32_t *ret_line, int64_t *ret_since_us)
{
    *ret_now = *ret_line = 0, *ret_since_us = INT64_MAX;
    for (uint32_t i = 0; i < mirror->centre->agents_count; i++) {
        const struct sapa_web_agent *agent = &mirror->agents[i].view;
        if (agent->team != team)
            continue;
        *ret_line += agent->booked == reason;
        if (agent->presence != SAPA_PRESENCE_NOT_READY || agent->reason != reason)
            continue;
        ++*ret_now;
        *ret_since_us = SAPA_MIN(*ret_since_us, agent->since_us);
    }
}

static struct sapa_civil local_of(const struct sapa_centre *centre, int64_t at_us)
{
    return sapa_zone_civil(centre->system.zone < centre->zones_count ? &centre->zones[centre->system.zone] : NULL, at_us / 1000000);
}

/* As core/quota.c counts it. */
static int64_t used_ms(const struct sapa_mirror *mirror, uint32_t agent, uint32_t reason, int64_t now_us)
{
    const struct sapa_web_agent *view = &mirror->agents[agent].view;
    const struct sapa_reason *quota = &mirror->centre->reasons[reason];
    const struct sapa_civil now = local_of(mirror->centre, now_us);
    const int64_t midnight_us = now_us - ((now.hour * 60 + now.minute) * INT64_C(60) + now.second) * 1000000 - now_us % 1000000;
    int64_t used = 0;

    if (quota->quota && view->used_date == now.year * 10000 + (int32_t)now.month * 100 + (int32_t)now.day)
        used = view->used_ms[quota->quota - 1];
    if (view->presence == SAPA_PRESENCE_NOT_READY && view->reason == reason)
        used += SAPA_MAX(now_us - SAPA_MAX(view->since_us, midnight_us), INT64_C(0)) / 1000;
    return used;
}

static void add_limit(struct sapa_json *out, const char *key, uint32_t limit)
{
    if (limit)
        sapa_json_add_number(out, key, limit);
    else
        sapa_json_add_null(out, key);
}

void sapa_web_reasons(struct web_request *rq)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;
    const struct sapa_centre *centre = mirror->centre;
    const char *key = sapa_web_param(rq, "agent")[0] ? sapa_web_param(rq, "agent") : rq->who.agent;
    const uint32_t agent = key[0] ? SAPA_FIND(centre, agents, sapa_str_of(key)) : SAPA_NONE;
    const enum sapa_language language = strcmp(sapa_web_param(rq, "language"), "en") == 0 ? SAPA_LANGUAGE_EN : SAPA_LANGUAGE_ID;
    struct sapa_json *out = &rq->out;

    if (key[0] && (agent == SAPA_NONE || !sapa_scope_agent(&rq->who.scope, centre, agent))) {
        sapa_web_problem(rq, 404, "ENOENT", "there is no agent \"%s\"", key);
        return;
    }
    sapa_json_items(out);
    for (uint32_t i = 0; i < centre->reasons_count; i++) {
        const struct sapa_reason *one = &centre->reasons[i];
        uint32_t now, line;
        int64_t since_us;
        count_reason(mirror, agent < centre->agents_count ? mirror->agents[agent].view.team : SAPA_NONE, i, &now, &line, &since_us);
        sapa_json_open(out, '{');
        sapa_json_add_text(out, "id", one->key);
        sapa_json_add_text(out, "text", one->name[language].n ? one->name[language] : one->name[!language].n ? one->name[!language] : one->key);
        add_limit(out, "team_max", one->team_max);
        sapa_json_add_number(out, "team_now", now);
        sapa_json_add_number(out, "line", line);
        add_limit(out, "daily_ms", one->daily_ms);
        if (agent < centre->agents_count)
            sapa_json_add_number(out, "used_ms", used_ms(mirror, agent, i, sapa_wall_us()));
        else
            sapa_json_add_null(out, "used_ms");
        sapa_json_close(out, '}');
    }
    sapa_json_items_end(out);
    sapa_web_ready(rq);
}

void sapa_web_no_break(struct web_request *rq, sapa_rc rc)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;
    const struct sapa_centre *centre = mirror->centre;
    const uint32_t agent = SAPA_FIND(centre, agents, sapa_str_of(sapa_web_param(rq, "agent"))), reason = rq->wanted_reason;
    uint32_t now, line;
    int64_t since_us;

    if (agent == SAPA_NONE || reason >= centre->reasons_count) {
        sapa_web_problem_rc(rq, rc, NULL);
        return;
    }
    const struct sapa_reason *quota = &centre->reasons[reason];
    const int64_t used = used_ms(mirror, agent, reason, sapa_wall_us());
    count_reason(mirror, mirror->agents[agent].view.team, reason, &now, &line, &since_us);
    if (rc == SAPA_EDENIED) {
        sapa_web_problem(rq, 409, "EDENIED", "%lld of %lld minutes of today are used; again from midnight", (long long)(used / 60000), (long long)quota->daily_ms / 60000);
        return;
    }
    const struct sapa_civil since = local_of(centre, since_us == INT64_MAX ? sapa_wall_us() : since_us);
    sapa_web_problem(rq, 409, "ELIMIT", "%u of %u of the team are in it, the first since %02u:%02u, and %u stand in line; book it to go when there is a place",
                     now, quota->team_max, since.hour, since.minute, line);
}
