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
