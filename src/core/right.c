#include "core/right.h"

#include "core/hours.h"

enum { NATIONAL_MIN = 7 }; /* digits: shorter ones are services, dialled as they are */

/* The bits of clients that the agent is granted and that there are. */
static uint64_t granted(const struct sapa_centre *centre, const struct sapa_agent *agent)
{
    const uint64_t all = centre->clients_count >= SAPA_CLIENTS_MAX ? UINT64_MAX : (UINT64_C(1) << centre->clients_count) - 1;

    return agent->clients & all;
}

static bool is_number(struct sapa_str s)
{
    bool digits = s.n > 0;

    for (size_t i = 0; i < s.n && digits; i++)
        digits = s.p[i] >= '0' && s.p[i] <= '9';
    return digits;
}

/* What the rules of a role say of one call; `client` SAPA_NONE: for nobody (a colleague). */
static enum sapa_call_denial by_rules(const struct sapa_centre *centre, uint32_t role, const struct sapa_call_wish *wish,
                                      uint32_t client, int64_t now_us)
{
    enum sapa_call_denial best = SAPA_DENIAL_RIGHT;
    size_t longest = 0; /* of what counts so far: a prefix of n digits is n + 1, a type of number 1, "outside" 0 */
    const bool untyped = wish->number_type == 0 && wish->number.n >= NATIONAL_MIN;
    bool any = false, type_denied = false;

    if (role >= centre->roles_count)
        return SAPA_DENIAL_RIGHT;
    for (uint32_t i = 0; i < centre->roles[role].rule_count; i++) {
        const struct sapa_call_rule *rule = &centre->call_rules[centre->roles[role].rule_first + i];
        if (rule->kind != wish->kind || (client != SAPA_NONE && !(rule->clients >> client & 1)) ||
            (wish->kind == SAPA_TARGET_OUTSIDE && !sapa_str_starts(wish->number, rule->prefix)))
            continue;
        if (rule->number_type != 0 && untyped && !rule->allow && sapa_hours_open(centre, rule->hours, now_us))
            type_denied = true; /* it may be of that type */
        if (rule->number_type != 0 && (wish->number_type == 0 || rule->number_type != wish->number_type + 1))
            continue;
        const bool open = sapa_hours_open(centre, rule->hours, now_us);
        const enum sapa_call_denial says = !rule->allow ? SAPA_DENIAL_RIGHT : open ? SAPA_DENIAL_NONE : SAPA_DENIAL_HOURS;
        const size_t length = rule->prefix.n > 0 ? rule->prefix.n + 1 : rule->number_type != 0;
        if (!rule->allow && !open)
            continue;
        if (!rule->allow && rule->number_type != 0)
            return SAPA_DENIAL_RIGHT;
        if (!any || length > longest ||
            (length == longest && best != SAPA_DENIAL_RIGHT && says != SAPA_DENIAL_HOURS))
            best = says;
        longest = SAPA_MAX(longest, length);
        any = true;
    }
    if (type_denied && longest <= 1)
        return SAPA_DENIAL_RIGHT;
    return best;
}

/* For whom a call outside is; SAPA_NONE: it is not clear, or for nobody that he may call for. */
static uint32_t choose_client(const struct sapa_centre *centre, const struct sapa_agent *agent,
                              const struct sapa_call_wish *wish, int64_t now_us, enum sapa_call_denial *ret_why)
{
    uint32_t only = SAPA_NONE;

    if (wish->campaign > 0) {
        only = centre->campaigns[wish->campaign - 1].client;
        return wish->client == SAPA_NONE || wish->client == only ? only : SAPA_NONE;
    }
    if (wish->client != SAPA_NONE)
        return wish->client;
    if (wish->beside != SAPA_NONE)
        return wish->beside;
    if (agent->calls_for != SAPA_NONE)
        return agent->calls_for;
    *ret_why = granted(centre, agent) ? SAPA_DENIAL_RIGHT : SAPA_DENIAL_CLIENT;
    for (uint32_t i = 0; i < centre->clients_count && i < SAPA_CLIENTS_MAX; i++) {
        if (!(granted(centre, agent) >> i & 1) ||
            by_rules(centre, agent->role, wish, i, now_us) == SAPA_DENIAL_RIGHT)
            continue;
        if (only != SAPA_NONE) {
            *ret_why = SAPA_DENIAL_CLIENT;
            return SAPA_NONE;
        }
        only = i;
    }
    return only;
}

enum sapa_call_denial sapa_right_to_call(const struct sapa_centre *centre, const struct sapa_call_wish *wish,
                                         int64_t now_us, uint32_t *ret_client, uint32_t *ret_from)
{
    enum sapa_call_denial denial = SAPA_DENIAL_CLIENT;
    uint32_t client = SAPA_NONE, from = SAPA_NONE;

    if (wish->agent >= centre->agents_count)
        return SAPA_DENIAL_RIGHT;
    const struct sapa_agent *agent = &centre->agents[wish->agent];
    switch (wish->kind) {
    case SAPA_TARGET_AGENT:
        if (wish->target >= centre->agents_count || wish->target == wish->agent)
            return SAPA_DENIAL_TARGET;
        break;
    case SAPA_TARGET_QUEUE:
        if (wish->target >= centre->queues_count)
            return SAPA_DENIAL_TARGET;
        client = centre->queues[wish->target].client;
        break;
    case SAPA_TARGET_NUMBER:
        if (wish->target >= centre->numbers_count)
            return SAPA_DENIAL_TARGET;
        client = centre->numbers[wish->target].client;
        break;
    case SAPA_TARGET_OUTSIDE:
        if (!is_number(wish->number) || (wish->number.p[0] == '0' && wish->number.n >= NATIONAL_MIN) || wish->campaign > centre->campaigns_count)
            return SAPA_DENIAL_TARGET;
        client = choose_client(centre, agent, wish, now_us, &denial);
        if (client == SAPA_NONE)
            return denial;
        break;
    case SAPA_TARGET_COUNT:
    default: return SAPA_DENIAL_TARGET;
    }
    if (wish->kind != SAPA_TARGET_AGENT && (client >= centre->clients_count || !(granted(centre, agent) >> client & 1)))
        return SAPA_DENIAL_CLIENT;
    denial = by_rules(centre, agent->role, wish, client, now_us);
    if (denial != SAPA_DENIAL_NONE)
        return denial;
    if (wish->kind == SAPA_TARGET_OUTSIDE) {
        const struct sapa_campaign *campaign = wish->campaign > 0 ? &centre->campaigns[wish->campaign - 1] : NULL;
        if (campaign && campaign->team != SAPA_NONE && campaign->team != (wish->team > 0 ? wish->team - 1 : agent->team))
            return SAPA_DENIAL_RIGHT;
        if (!sapa_hours_open(centre, centre->clients[client].calls_hours, now_us) ||
            (campaign && !sapa_hours_open(centre, campaign->hours, now_us)))
            return SAPA_DENIAL_HOURS;
        if (wish->listed >> client & 1)
            return SAPA_DENIAL_LISTED;
        from = campaign && campaign->number != SAPA_NONE ? campaign->number : centre->clients[client].number;
    }
    *ret_client = client;
    *ret_from = from;
    return SAPA_DENIAL_NONE;
}
