#include "model/listed.h"

enum { DIGITS_MIN = 4, DIGITS_MAX = 15 };

bool sapa_listed_parse(struct sapa_str text, uint64_t *ret)
{
    uint64_t number = 0;
    unsigned digits = 0;

    for (size_t i = 0; i < text.n; i++) {
        const char c = text.p[i];
        if (c >= '0' && c <= '9') {
            if (++digits > DIGITS_MAX || (digits == 1 && c == '0'))
                return false;
            number = number * 10 + (uint64_t)(c - '0');
        } else if (!(c == '+' && i == 0) && c != ' ' && c != '-' && c != '.' && c != '(' && c != ')') {
            return false;
        }
    }
    if (digits < DIGITS_MIN)
        return false;
    *ret = number;
    return true;
}

uint64_t sapa_listed(const struct sapa_centre *centre, struct sapa_str number)
{
    uint32_t from = 0, to = centre->listed_numbers_count;
    uint64_t wanted;

    if (!sapa_listed_parse(number, &wanted))
        return 0;
    while (from < to) {
        const uint32_t middle = from + (to - from) / 2;
        const struct sapa_listed_number *at = &centre->listed_numbers[middle];
        if (at->number == wanted)
            return at->clients;
        if (at->number < wanted)
            from = middle + 1;
        else
            to = middle;
    }
    return 0;
}

uint64_t sapa_listed_for(const struct sapa_centre *centre, struct sapa_str number, uint32_t campaign)
{
    const uint64_t listed = sapa_listed(centre, number);
    uint32_t from = 0, to = centre->campaign_listed_count;
    uint64_t wanted;

    if (campaign >= centre->campaigns_count || centre->campaigns[campaign].client >= SAPA_CLIENTS_MAX ||
        !sapa_listed_parse(number, &wanted))
        return listed;
    while (from < to) {
        const uint32_t middle = from + (to - from) / 2;
        const struct sapa_campaign_listed *at = &centre->campaign_listed[middle];
        if (at->campaign == campaign && at->number == wanted)
            return listed | UINT64_C(1) << centre->campaigns[campaign].client;
        if (at->campaign < campaign || (at->campaign == campaign && at->number < wanted))
            from = middle + 1;
        else
            to = middle;
    }
    return listed;
}

uint32_t sapa_campaign_of(const struct sapa_centre *centre, uint32_t agent, uint64_t named, uint64_t client, bool beside)
{
    if (named > 0)
        return named <= SAPA_NONE ? (uint32_t)(named - 1) : SAPA_NONE - 1; /* one that is not there stays one */
    if (beside || agent >= centre->agents_count || centre->agents[agent].campaign >= centre->campaigns_count)
        return SAPA_NONE;
    const uint32_t own = centre->agents[agent].campaign;
    return client >= centre->clients_count || client == centre->campaigns[own].client ? own : SAPA_NONE;
}

const struct sapa_caller_rule *sapa_caller_rule_find(const struct sapa_centre *centre, uint32_t client, struct sapa_str address)
{
    const struct sapa_caller_rule *best = NULL;

    for (uint32_t i = 0; i < centre->caller_rules_count; i++) {
        const struct sapa_caller_rule *rule = &centre->caller_rules[i];
        if ((rule->client == SAPA_NONE || rule->client == client) && sapa_str_starts(address, rule->prefix) &&
            (!best || rule->prefix.n > best->prefix.n || (rule->prefix.n == best->prefix.n && rule->what > best->what)))
            best = rule;
    }
    return best;
}
