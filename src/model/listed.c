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
