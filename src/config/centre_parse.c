#include "config/centre_parse.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/colour.h"
#include "config/compile_impl.h"
#include "phone/phone.h"

/* Whoever holds a centre holds its arena. */
struct owned_centre {
    struct sapa_centre centre;
    struct sapa_arena arena;
};

enum { HOLIDAYS_MAX = 100000, DIALLED_MAX = 24, PROMPT_KEY_MAX = 63, PROMPT_TEXT_MAX = 1000 };

/* "agents:" and nothing below it: a section that is empty, or all in comments. */
static bool is_empty(const struct sapa_compile *c, uint32_t node)
{
    return node == SAPA_NONE ||
           (sapa_tree(c, node)->kind == SAPA_TREE_TEXT && sapa_tree(c, node)->text.n == 0);
}

uint32_t sapa_section_map(struct sapa_compile *c, enum sapa_section section)
{
    const uint32_t node = is_empty(c, c->section[section]) ? SAPA_NONE : c->section[section];

    return node != SAPA_NONE && sapa_is_map(c, node, sapa_section_names[section]) ? node
                                                                                  : SAPA_NONE;
}

uint32_t sapa_section_list(struct sapa_compile *c, enum sapa_section section)
{
    const uint32_t node = is_empty(c, c->section[section]) ? SAPA_NONE : c->section[section];

    return node != SAPA_NONE && sapa_is_list(c, node, sapa_section_names[section]) ? node
                                                                                   : SAPA_NONE;
}

uint32_t sapa_tree_count(const struct sapa_compile *c, uint32_t node)
{
    return node == SAPA_NONE ? 0 : sapa_tree(c, node)->count;
}

void *sapa_table_take(struct sapa_compile *c, uint32_t node, size_t size, uint32_t max)
{
    if (sapa_tree_count(c, node) > max)
        sapa_find_key(c, node, "take some out, or serve two centres", "there are %u of them; at most %u are allowed",
                      sapa_tree_count(c, node), max);
    return sapa_compile_take(c, (size_t)sapa_tree_count(c, node) * size + 1);
}

/* ---- system ---- */

struct zones {
    SAPA_VEC(struct sapa_zone) list;
};

static uint32_t zone_index(struct sapa_compile *c, struct zones *zones, uint32_t node,
                           struct sapa_str name)
{
    for (uint32_t i = 0; i < zones->list.n; i++) {
        if (sapa_str_eq(zones->list.at[i].name, name))
            return i;
    }
    struct sapa_zone zone;
    if (!sapa_zone_read(c, node, name, &zone))
        return 0;
    *SAPA_VEC_PUSH(c, &zones->list) = zone;
    return zones->list.n - 1;
}

/* A list of words out of `names`, as bits. */
static uint32_t read_bits(struct sapa_compile *c, uint32_t node, const char *const *names,
                          unsigned count, const char *what)
{
    uint32_t bits = 0;
    struct sapa_str text;

    if (!sapa_is_list(c, node, what))
        return 0;
    for SAPA_TREE_EACH(c, child, node) {
        unsigned i = 0;
        if (!sapa_read_text(c, child, 1, 32, &text))
            continue;
        while (i < count && !sapa_str_ieq(text, sapa_str_of(names[i])))
            i++;
        if (i < count) {
            bits |= UINT32_C(1) << i;
            continue;
        }
        char hint[128];
        struct sapa_text out;
        sapa_text_init(&out, hint, sizeof(hint));
        for (i = 0; i < count; i++)
            sapa_text_printf(&out, "%s%s", i ? ", " : "one of: ", names[i]);
        sapa_find(c, child, 0, hint, "\"" SAPA_STR_FMT "\" is not possible here",
                  SAPA_STR_ARG(text));
    }
    return bits;
}

static bool parse_network(struct sapa_str s, struct sapa_network *ret)
{
    struct sapa_str bits;
    char host[64];
    uint64_t length;
    const struct sapa_str address = sapa_str_cut(s, '/', &bits);

    *ret = (struct sapa_network){ 0 };
    if (!sapa_str_copy(address, host, sizeof(host)))
        return false;
    ret->family = inet_pton(AF_INET, host, ret->address) == 1    ? 4
                  : inet_pton(AF_INET6, host, ret->address) == 1 ? 6
                                                                 : 0;
    const unsigned max = ret->family == 4 ? 32 : 128;
    length = max;
    if (ret->family == 0 || (address.n < s.n && sapa_str_u64(bits, max, &length) != SAPA_OK))
        return false;
    ret->bits = (uint8_t)length;
    return true;
}

/* "192.0.2.53, [2001:db8::53]:5353" */
static void check_name_servers(struct sapa_compile *c, uint32_t node, struct sapa_str list)
{
    struct sapa_str one, rest = list;
    while (rest.n > 0) {
        struct sapa_network address;
        struct sapa_str host, port = { NULL, 0 };
        uint64_t number = 53;
        one = sapa_str_trim(sapa_str_cut(rest, ',', &rest));
        if (one.n > 0 && one.p[0] == '[') {
            host = sapa_str_cut((struct sapa_str){ one.p + 1, one.n - 1 }, ']', &port);
            port = port.n > 0 && port.p[0] == ':' ? (struct sapa_str){ port.p + 1, port.n - 1 } : port;
        } else {
            const size_t colon = sapa_str_find(one, ':', 0);
            const bool v6 = colon < one.n && sapa_str_find(one, ':', colon + 1) < one.n;
            host = v6 ? one : sapa_str_cut(one, ':', &port);
        }
        if (sapa_str_find(host, '/', 0) < host.n || !parse_network(host, &address) ||
            (port.n > 0 && (sapa_str_u64(port, 65535, &number) != SAPA_OK || number == 0))) {
            sapa_find(c, node, 0, "write \"192.0.2.53, 192.0.2.54:5353\"", "\"" SAPA_STR_FMT "\" is no address of a name server",
                      SAPA_STR_ARG(one));
            return;
        }
    }
}

static void compile_system(struct sapa_compile *c, struct zones *zones)
{
    static const char *const languages[] = { "id", "en" }, *const digests[] = { "MD5", "SHA-256" };
    const uint32_t node = sapa_section_map(c, SAPA_SECTION_SYSTEM);
    struct sapa_system *system = &c->centre->system;
    const uint32_t zone = sapa_field_get(c, node, "zone"),
                   spoken = sapa_field_get(c, node, "languages"),
                   digest = sapa_field_get(c, node, "digest");
    struct sapa_str name = SAPA_STR("Asia/Jakarta");

    _Static_assert(SAPA_LANGUAGE_ID == 0 && SAPA_LANGUAGE_EN == 1, "bits of system.languages");
    sapa_fields_read(c, node, SAPA_OBJECT_SYSTEM, UINT32_MAX, system);
    sapa_fields_read(c, sapa_field_get(c, node, "agent_alerts"), SAPA_OBJECT_AGENT_ALERTS, UINT32_MAX, system);
    system->languages = spoken == SAPA_NONE
                            ? 3
                            : read_bits(c, spoken, languages, SAPA_COUNT(languages), "languages");
    system->digest =
        digest == SAPA_NONE ? 3 : read_bits(c, digest, digests, SAPA_COUNT(digests), "algorithms");
    if (spoken != SAPA_NONE && system->languages == 0)
        sapa_find(c, spoken, 0, "[id] or [id, en]", "at least one language is needed");
    if (zone == SAPA_NONE || sapa_read_text(c, zone, 1, 64, &name))
        system->zone =
            zone_index(c, zones, zone == SAPA_NONE ? c->section[SAPA_SECTION_VERSION] : zone, name);
    if (!sapa_phone_country_known(system->country))
        sapa_find(c, sapa_field_get(c, node, "country"), 0, "two capitals of ISO 3166-1: ID, SG, US",
                  "\"" SAPA_STR_FMT "\" is no country with a numbering plan", SAPA_STR_ARG(system->country));
    if (system->name_servers.n > 0)
        check_name_servers(c, sapa_field_get(c, node, "name_servers"), system->name_servers);
    if (system->register_min_s > system->register_max_s)
        sapa_find_key(c, node, "a phone may choose between the two", "register_min is longer than register_max");
}

static void compile_interrupts(struct sapa_compile *c)
{
    static const char *const names[] = {
#define X(id, text) text,
        SAPA_CHANNELS(X)
#undef X
    };

    for SAPA_TREE_EACH(c, child, sapa_section_map(c, SAPA_SECTION_INTERRUPTS)) {
        unsigned i = 0;
        while (i < SAPA_CHANNEL_COUNT &&
               !sapa_str_eq(sapa_tree(c, child)->key, sapa_str_of(names[i])))
            i++;
        if (i == SAPA_CHANNEL_COUNT)
            sapa_find_key(c, child, "voice, chat, email, sms, message, social, video or ticket",
                          "\"" SAPA_STR_FMT "\" is no channel",
                          SAPA_STR_ARG(sapa_tree(c, child)->key));
        else
            c->centre->interrupts.over[i] =
                (uint8_t)read_bits(c, child, names, SAPA_CHANNEL_COUNT, "channels");
    }
}

static void compile_addresses(struct sapa_compile *c)
{
    struct sapa_str url;

    for SAPA_TREE_EACH(c, child, sapa_section_map(c, SAPA_SECTION_ADDRESSES)) {
        if (!sapa_key_good(c, child, 32) || !sapa_read_text(c, child, 8, 200, &url))
            continue;
        if ((!sapa_str_starts(url, SAPA_STR("http://")) &&
             !sapa_str_starts(url, SAPA_STR("https://"))) ||
            sapa_str_find(url, '{', 0) < url.n || sapa_str_find(url, ' ', 0) < url.n)
            sapa_find(c, child, 0, "\"https://example.com/api\"",
                      "\"" SAPA_STR_FMT "\" is no web address", SAPA_STR_ARG(url));
    }
}

/* ---- hours ---- */

struct spans {
    SAPA_VEC(struct sapa_hours_span) list;
};

/* `ret_unknown`: the word that is no day. */
static bool parse_days(struct sapa_str s, uint8_t *ret, struct sapa_str *ret_unknown)
{
    static const char *const names[7] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
    uint8_t days = 0;

    if (sapa_str_ieq(s, SAPA_STR("daily"))) {
        *ret = 0x7f;
        return true;
    }
    while (s.n > 0) {
        struct sapa_str last;
        const struct sapa_str part = sapa_str_cut(s, ',', &s);
        const struct sapa_str first = sapa_str_trim(sapa_str_cut(part, '-', &last));
        unsigned from = 0, to = 0;
        last = sapa_str_trim(last);
        while (from < 7 && !sapa_str_ieq(first, sapa_str_of(names[from])))
            from++;
        if (last.n == 0)
            to = from;
        else
            while (to < 7 && !sapa_str_ieq(last, sapa_str_of(names[to])))
                to++;
        if (from == 7 || to == 7) {
            *ret_unknown = from == 7 ? first : last;
            return false;
        }
        for (unsigned day = from;; day = (day + 1) % 7) { /* Sat-Mon goes round */
            days |= (uint8_t)(1u << day);
            if (day == to)
                break;
        }
    }
    *ret = days;
    return days != 0;
}

/* "08:00-17:00". What is wrong with it, or NULL. */
static const char *times_wrong(struct sapa_str s, bool one_day, uint16_t *ret_from, uint16_t *ret_to)
{
    struct sapa_str last;
    const struct sapa_str first = sapa_str_trim(sapa_str_cut(s, '-', &last));

    if (!sapa_parse_clock(first, ret_from) || !sapa_parse_clock(sapa_str_trim(last), ret_to) || *ret_from == 1440)
        return "times go from 00:00 to 24:00";
    if (*ret_from == *ret_to)
        return "they end when they begin";
    return one_day && *ret_to < *ret_from ? "they end before they begin" : NULL;
}

static void read_spans(struct sapa_compile *c, uint32_t node, bool weekdays, struct spans *spans)
{
    if (!sapa_is_list(c, node,
                      weekdays ? "a list of \"Mon-Fri 08:00-17:00\"" : "a list of \"09:00-12:00\""))
        return;
    for SAPA_TREE_EACH(c, child, node) {
        struct sapa_str text, times;
        struct sapa_hours_span span = { .weekdays = 0x7f };
        if (!sapa_read_text(c, child, 1, 64, &text))
            continue;
        size_t space = text.n; /* days end at the last space before the first digit */
        for (size_t i = 0; i < text.n && !(text.p[i] >= '0' && text.p[i] <= '9'); i++) {
            if (text.p[i] == ' ')
                space = i;
        }
        times = weekdays && space < text.n
                    ? (struct sapa_str){ text.p + space + 1, text.n - space - 1 }
                    : text;
        const char *wrong = times_wrong(times, !weekdays, &span.from_min, &span.to_min);
        struct sapa_str unknown = { "", 0 };
        if (weekdays && (space == text.n || !parse_days(sapa_str_trim((struct sapa_str){ text.p, space }), &span.weekdays, &unknown)))
            wrong = unknown.n > 0 ? "is no day of the week" : "the days are missing";
        if (wrong) {
            sapa_find(
                c, child, 0,
                weekdays
                    ? "write \"Mon-Fri 08:00-17:00\", \"Sat,Sun 09:00-12:00\" or \"daily 00:00-24:00\""
                    : "write \"09:00-12:00\"",
                "\"" SAPA_STR_FMT "\" are no hours: " SAPA_STR_FMT "%s%s", SAPA_STR_ARG(text), SAPA_STR_ARG(unknown),
                unknown.n > 0 ? " " : "", wrong);
            continue;
        }
        if (span.to_min > span.from_min) {
            *SAPA_VEC_PUSH(c, &spans->list) = span;
        } else { /* over midnight: the evening, and the morning of the days after */
            const uint16_t to = span.to_min;
            span.to_min = 1440;
            *SAPA_VEC_PUSH(c, &spans->list) = span;
            span.from_min = 0;
            span.to_min = to;
            span.weekdays = (uint8_t)((span.weekdays << 1 | span.weekdays >> 6) & 0x7f);
            if (to > 0)
                *SAPA_VEC_PUSH(c, &spans->list) = span;
        }
    }
}

struct holidays {
    SAPA_VEC(struct sapa_holiday) list;
    struct calendar {
        uint32_t first, count;
    } * calendars, standard[SAPA_CALENDAR_COUNT]; /* of the document; of the program, empty until it is named */
};

static int holiday_order(const void *a, const void *b)
{
    const struct sapa_holiday *x = a, *y = b;

    return (x->date > y->date) - (x->date < y->date);
}

static void compile_holidays(struct sapa_compile *c, struct spans *spans, struct holidays *holidays)
{
    const uint32_t section = sapa_section_map(c, SAPA_SECTION_HOLIDAYS);

    holidays->calendars =
        sapa_compile_scratch(c, (size_t)sapa_tree_count(c, section) * sizeof(*holidays->calendars) + 1);
    for SAPA_TREE_EACH(c, child, section) {
        struct calendar *calendar = &holidays->calendars[sapa_tree(c, child)->ordinal];
        calendar->first = holidays->list.n;
        if (!sapa_key_good(c, child, SAPA_KEY_MAX) || !sapa_is_list(c, child, "a list of days"))
            continue;
        for SAPA_TREE_EACH(c, day, child) {
            struct sapa_holiday holiday = { .span_first = spans->list.n };
            struct sapa_str text;
            sapa_fields_read(c, day, SAPA_OBJECT_HOLIDAY, UINT32_MAX, &holiday);
            const uint32_t date = sapa_field_get(c, day, "date"),
                           open = sapa_field_get(c, day, "open");
            if (date != SAPA_NONE && sapa_read_text(c, date, 1, 32, &text) &&
                !sapa_parse_date(text, &holiday.date))
                sapa_find(c, date, 0, "write 2026-08-17", "\"" SAPA_STR_FMT "\" is no day",
                          SAPA_STR_ARG(text));
            if (open != SAPA_NONE)
                read_spans(c, open, false, spans);
            holiday.span_count = spans->list.n - holiday.span_first;
            for (uint32_t i = calendar->first;
                 i < holidays->list.n && holiday.date && i < calendar->first + 1000; i++) {
                if (holidays->list.at[i].date == holiday.date)
                    sapa_find(c, date, 0, "keep one of the two",
                              "this day stands in the calendar already");
            }
            *SAPA_VEC_PUSH(c, &holidays->list) = holiday;
        }
        calendar->count = holidays->list.n - calendar->first;
        if (calendar->count > 1000)
            sapa_find_key(c, child, "make a second calendar: hours take several", "a calendar has at most 1,000 days");
        if (calendar->count > 0)
            qsort(&holidays->list.at[calendar->first], calendar->count, sizeof(struct sapa_holiday),
                  holiday_order);
    }
}

/* What `node` names: of the document, else of the program (its bit goes into *bits); without days when there is none. */
static struct calendar one_calendar(struct sapa_compile *c, struct holidays *holidays, uint32_t node, uint8_t *bits)
{
    const uint32_t section = c->section[SAPA_SECTION_HOLIDAYS];
    const bool own = section != SAPA_NONE && sapa_tree(c, section)->kind == SAPA_TREE_MAP;
    const struct sapa_tree_node *name = sapa_tree(c, node);

    for (unsigned i = 0; i < SAPA_CALENDAR_COUNT; i++) {
        struct calendar *standard = &holidays->standard[i];
        struct sapa_holiday day = { .span_count = 0 };
        if (name->kind != SAPA_TREE_TEXT || !sapa_str_eq(name->text, sapa_str_of(sapa_calendar_key(i))) ||
            (own && sapa_tree_get(c, section, name->text) != SAPA_NONE))
            continue;
        *bits |= (uint8_t)(1u << i);
        if (standard->count > 0)
            return *standard;
        standard->first = holidays->list.n;
        for (; sapa_calendar_day(i, standard->count, &day.date, &day.name); standard->count++)
            *SAPA_VEC_PUSH(c, &holidays->list) = day;
        return *standard;
    }
    const uint32_t one = sapa_read_ref(c, node, SAPA_SECTION_HOLIDAYS);
    return own && one < sapa_tree_count(c, section) ? holidays->calendars[one] : (struct calendar){ 0, 0 };
}

/* Several calendars: one list of their days, the first that names a day wins. */
static struct calendar join_calendars(struct sapa_compile *c, struct holidays *holidays, uint32_t node, uint8_t *bits)
{
    const uint32_t before = c->findings->count;

    for SAPA_TREE_EACH(c, child, node)
        (void)one_calendar(c, holidays, child, bits); /* those of the program are loaded before the list begins */
    struct calendar joined = { holidays->list.n, 0 };
    if (c->findings->count > before)
        return joined;
    for SAPA_TREE_EACH(c, child, node) {
        const struct calendar from = one_calendar(c, holidays, child, bits);
        if (holidays->list.n + from.count > HOLIDAYS_MAX) {
            sapa_find(c, node, 0, "let several hours share one calendar",
                      "the calendars have more than %d days together", HOLIDAYS_MAX);
            break;
        }
        const uint32_t sorted = joined.count;
        for (uint32_t i = 0; i < from.count; i++) {
            const struct sapa_holiday day = holidays->list.at[from.first + i];
            if (sorted == 0 || !bsearch(&day, &holidays->list.at[joined.first], sorted, sizeof(day), holiday_order))
                *SAPA_VEC_PUSH(c, &holidays->list) = day;
        }
        joined.count = holidays->list.n - joined.first;
        if (joined.count > 0)
            qsort(&holidays->list.at[joined.first], joined.count, sizeof(struct sapa_holiday), holiday_order);
    }
    return joined;
}

static void compile_hours(struct sapa_compile *c, struct zones *zones)
{
    struct spans spans = { 0 };
    struct holidays holidays = { 0 };
    const uint32_t section = sapa_section_map(c, SAPA_SECTION_HOURS);
    struct sapa_hours *hours = sapa_table_take(c, section, sizeof(*hours), 4096);

    compile_holidays(c, &spans, &holidays);
    for SAPA_TREE_EACH(c, child, section) {
        struct sapa_hours *h = &hours[sapa_tree(c, child)->ordinal];
        struct sapa_str zone;
        h->key = sapa_tree(c, child)->key;
        h->zone = c->centre->system.zone;
        h->span_first = spans.list.n;
        if (!sapa_key_good(c, child, SAPA_KEY_MAX))
            continue;
        sapa_fields_read(c, child, SAPA_OBJECT_HOURS, UINT32_MAX, h);
        const uint32_t zone_at = sapa_field_get(c, child, "zone"),
                       open = sapa_field_get(c, child, "open"),
                       calendar = sapa_field_get(c, child, "holidays");
        if (zone_at != SAPA_NONE && sapa_read_text(c, zone_at, 1, 64, &zone))
            h->zone = zone_index(c, zones, zone_at, zone);
        if (open != SAPA_NONE)
            read_spans(c, open, true, &spans);
        h->span_count = spans.list.n - h->span_first;
        if (calendar != SAPA_NONE) {
            const struct calendar days = sapa_tree(c, calendar)->kind == SAPA_TREE_LIST
                                             ? join_calendars(c, &holidays, calendar, &h->calendars)
                                             : one_calendar(c, &holidays, calendar, &h->calendars);
            h->holiday_first = days.first;
            h->holiday_count = days.count;
        }
    }
    c->centre->hours = hours;
    c->centre->hours_count = sapa_tree_count(c, section);
    c->centre->spans = SAPA_VEC_KEEP(c, &spans.list);
    c->centre->spans_count = spans.list.n;
    c->centre->holidays = SAPA_VEC_KEEP(c, &holidays.list);
    c->centre->holidays_count = holidays.list.n;
}

/* ---- prompts ---- */

/* Digits by which it is spoken in on a telephone: each once, and no music. */
static void check_prompt_dial(struct sapa_compile *c, uint32_t node, const struct sapa_prompt *prompt)
{
    const uint32_t dial = sapa_field_get(c, node, "dial");

    if (dial == SAPA_NONE || prompt->dial.n == 0)
        return;
    if (!sapa_digits_good(prompt->dial, 6))
        sapa_find(c, dial, 0, "1 to 6 digits, with quotes", "\"" SAPA_STR_FMT "\" cannot be dialled", SAPA_STR_ARG(prompt->dial));
    if (prompt->music)
        sapa_find(c, dial, 0, "put the file into the folder of prompts", "music is not spoken in by telephone");
    for (uint32_t i = 0; i < c->prompts.n; i++)
        if (sapa_str_eq(c->prompts.at[i].dial, prompt->dial))
            sapa_find(c, dial, 0, "each prompt has digits of its own", "\"" SAPA_STR_FMT "\" dials \"" SAPA_STR_FMT "\" already",
                      SAPA_STR_ARG(prompt->dial), SAPA_STR_ARG(c->prompts.at[i].key));
}

static void compile_prompts(struct sapa_compile *c)
{
    static const struct {
        const char *text[SAPA_LANGUAGE_COUNT];
    } standard[SAPA_PROMPT_ID_COUNT] = {
#define X(id, key, indonesian, english) \
    [SAPA_PROMPT_ID_##id] = { { [SAPA_LANGUAGE_ID] = indonesian, [SAPA_LANGUAGE_EN] = english } },
        SAPA_PROMPT_KEYS(X)
#undef X
    };
    const uint32_t section = sapa_section_map(c, SAPA_SECTION_PROMPTS);

    for SAPA_TREE_EACH(c, child, section) {
        struct sapa_prompt prompt = { .key = sapa_tree(c, child)->key, .client = SAPA_NONE };
        if (sapa_key_good(c, child, PROMPT_KEY_MAX) && sapa_is_map(c, child, "a prompt")) {
            sapa_fields_read(c, child, SAPA_OBJECT_PROMPT, UINT32_MAX, &prompt);
            const uint32_t always = sapa_field_get(c, child, "always");
            if (always != SAPA_NONE) {
                static const char *const languages[] = { "id", "en" };
                const struct sapa_tree_node *at = sapa_tree(c, always);
                while (prompt.always < SAPA_LANGUAGE_COUNT &&
                       !sapa_str_eq(at->text, sapa_str_of(languages[prompt.always])))
                    prompt.always++;
                if (prompt.always++ == SAPA_LANGUAGE_COUNT)
                    sapa_find(c, always, 0, "the languages are id and en",
                              "\"" SAPA_STR_FMT "\" is no language", SAPA_STR_ARG(at->text));
            }
            check_prompt_dial(c, child, &prompt);
            for (unsigned i = 0; i < SAPA_LANGUAGE_COUNT; i++) {
                const uint32_t text = sapa_field_get(c, child, sapa_language_name(i));
                const bool wanted = (prompt.always ? prompt.always == i + 1
                                                   : c->centre->system.languages >> i & 1) &&
                                    !prompt.music;
                if (text != SAPA_NONE)
                    (void)sapa_read_text(c, text, 1, PROMPT_TEXT_MAX, &prompt.text[i]);
                else if (wanted)
                    sapa_find_key(c, child, "add it: it is spoken where nothing is recorded",
                                  "the text in %s is missing",
                                  i == SAPA_LANGUAGE_ID ? "Indonesian (id)" : "English (en)");
            }
        }
        for (unsigned i = 0;
             i < SAPA_LANGUAGE_COUNT && prompt.always && prompt.always <= SAPA_LANGUAGE_COUNT; i++)
            prompt.text[i] = prompt.text[prompt.always - 1];
        *SAPA_VEC_PUSH(c, &c->prompts) = prompt;
    }
    for (unsigned i = 0; i < SAPA_PROMPT_ID_COUNT; i++) {
        const struct sapa_str key = sapa_str_of(sapa_prompt_key((enum sapa_prompt_id)i));
        const uint32_t own = section == SAPA_NONE ? SAPA_NONE : sapa_tree_get(c, section, key);
        if (own != SAPA_NONE) {
            c->centre->system_prompt[i] = sapa_tree(c, own)->ordinal;
            continue;
        }
        struct sapa_prompt *prompt = SAPA_VEC_PUSH(c, &c->prompts);
        prompt->key = key;
        prompt->client = SAPA_NONE;
        prompt->music = i == SAPA_PROMPT_ID_MUSIC;
        for (unsigned k = 0; k < SAPA_LANGUAGE_COUNT; k++)
            prompt->text[k] = sapa_str_of(standard[i].text[k]);
        c->centre->system_prompt[i] = c->prompts.n - 1;
    }
}

/* ---- clients, skills, teams, agents ---- */

/* What agents are shown for a client. */
static void compile_desk(struct sapa_compile *c, uint32_t desk, struct sapa_client *client)
{
    sapa_fields_read(c, desk, SAPA_OBJECT_CLIENT_DESK, UINT32_MAX, client);
    const uint32_t customer = sapa_field_get(c, desk, "customer"), greeting = sapa_field_get(c, desk, "greeting");
    if (customer != SAPA_NONE)
        (void)sapa_read_texts(c, customer, 32, client->customer);
    if (greeting != SAPA_NONE)
        (void)sapa_read_texts(c, greeting, 300, client->greeting);
}

/* What stands on it, so that whoever sees badly reads it: at least as WCAG 2.2 says (1.4.3), and a colour that does is named. */
static uint32_t read_colour(struct sapa_compile *c, uint32_t node, bool dark)
{
    struct sapa_str text;
    uint32_t colour;
    char hint[80];

    if (!sapa_read_text(c, node, 1, 32, &text))
        return SAPA_NONE;
    if (sapa_colour_parse(text, &colour) != SAPA_OK) {
        sapa_find(c, node, 0, "write \"#0b5d2e\": a quote, a number sign, two hexadecimal digits each of red, green and blue",
                  "\"" SAPA_STR_FMT "\" is no colour", SAPA_STR_ARG(text));
        return SAPA_NONE;
    }
    const uint32_t words = dark ? SAPA_COLOUR_DARK_WORDS : SAPA_COLOUR_LIGHT_WORDS, contrast = sapa_colour_contrast_x100(colour, words);
    if (contrast >= SAPA_COLOUR_CONTRAST_X100)
        return colour;
    snprintf(hint, sizeof(hint), "%s it: \"#%06x\" has enough", dark ? "lighten" : "darken", (unsigned)sapa_colour_readable(colour, words));
    sapa_find(c, node, 0, hint, "%s words are not legible on \"" SAPA_STR_FMT "\": a contrast of %u.%02u to 1, where 4.50 is the least", dark ? "dark" : "white",
              SAPA_STR_ARG(text), (unsigned)(contrast / 100), (unsigned)(contrast % 100));
    return SAPA_NONE;
}

/* Without colours of their own clients are told apart by these. */
static void usual_colours(struct sapa_client *client, uint32_t ordinal)
{
    static const uint32_t colours[] = { 0x0a5f6b, 0x6a2c91, 0x0b5d2e, 0x8f3a00, 0x1f4b99, 0x8a1c3f, 0x4d5a00, 0x5b4636 };

    client->page_colour = colours[ordinal % SAPA_COUNT(colours)];
    client->page_colour_dark = sapa_colour_readable(client->page_colour, SAPA_COLOUR_DARK_WORDS);
}

static void compile_page(struct sapa_compile *c, uint32_t page, struct sapa_client *client)
{
    sapa_fields_read(c, page, SAPA_OBJECT_CLIENT_PAGE, UINT32_MAX, client);
    const uint32_t greeting = sapa_field_get(c, page, "greeting"), colour = sapa_field_get(c, page, "colour"), dark = sapa_field_get(c, page, "colour_dark");
    if (greeting != SAPA_NONE)
        (void)sapa_read_texts(c, greeting, 200, client->page_greeting);
    if (colour != SAPA_NONE)
        client->page_colour = read_colour(c, colour, false);
    if (dark != SAPA_NONE)
        client->page_colour_dark = read_colour(c, dark, true);
    else if (colour != SAPA_NONE && client->page_colour != SAPA_NONE)
        client->page_colour_dark = sapa_colour_readable(client->page_colour, SAPA_COLOUR_DARK_WORDS);
}

static void compile_clients(struct sapa_compile *c)
{
    const uint32_t section = sapa_section_map(c, SAPA_SECTION_CLIENTS);
    struct sapa_client *clients = sapa_table_take(c, section, sizeof(*clients), SAPA_CLIENTS_MAX);

    for SAPA_TREE_EACH(c, child, section) {
        struct sapa_client *client = &clients[sapa_tree(c, child)->ordinal];
        client->key = sapa_tree(c, child)->key;
        client->hours = client->number = client->calls_queue = client->calls_hours = SAPA_NONE;
        usual_colours(client, sapa_tree(c, child)->ordinal);
        if (!sapa_key_good(c, child, SAPA_KEY_MAX))
            continue;
        sapa_fields_read(c, child, SAPA_OBJECT_CLIENT, UINT32_MAX, client);
        sapa_fields_read(c, sapa_field_get(c, child, "calls"), SAPA_OBJECT_CLIENT_CALLS, UINT32_MAX, client);
        if (sapa_field_get(c, child, "desk") != SAPA_NONE)
            compile_desk(c, sapa_field_get(c, child, "desk"), client);
        if (sapa_field_get(c, child, "page") != SAPA_NONE)
            compile_page(c, sapa_field_get(c, child, "page"), client);
    }
    if (c->section[SAPA_SECTION_CLIENTS] != SAPA_NONE &&
        sapa_tree(c, c->section[SAPA_SECTION_CLIENTS])->count == 0)
        sapa_find_key(c, c->section[SAPA_SECTION_CLIENTS], "own: { name: \"Our company\" }", "at least one client is needed");
    c->centre->clients = clients;
    c->centre->clients_count = sapa_tree_count(c, section);
}

/* A list of words without doubles: skills or teams. Both structs hold nothing but the key. */
static struct sapa_str *compile_words(struct sapa_compile *c, enum sapa_section which, uint32_t max,
                                      uint32_t *ret_count)
{
    const uint32_t section = sapa_section_list(c, which);
    struct sapa_str *words = sapa_table_take(c, section, sizeof(*words), max);

    _Static_assert(sizeof(struct sapa_skill) == sizeof(struct sapa_str), "a skill is its key");
    _Static_assert(sizeof(struct sapa_team) == sizeof(struct sapa_str), "a team is its key");
    for SAPA_TREE_EACH(c, child, section) {
        if (sapa_tree(c, child)->kind != SAPA_TREE_TEXT || !sapa_key_good(c, child, SAPA_KEY_MAX)) {
            if (sapa_tree(c, child)->kind != SAPA_TREE_TEXT)
                sapa_find(c, child, 0, "skills: [bahasa, tagihan]", "a word is expected here");
            continue;
        }
        words[sapa_tree(c, child)->ordinal] = sapa_tree(c, child)->text;
        if (sapa_tree_get(c, section, sapa_tree(c, child)->text) != child)
            sapa_find(c, child, 0, "keep one of the two",
                      "\"" SAPA_STR_FMT "\" stands here a second time",
                      SAPA_STR_ARG(sapa_tree(c, child)->text));
    }
    *ret_count = sapa_tree_count(c, section);
    return words;
}

/* A ref to a skill whose name is the key of `node`. */
static uint32_t skill_of_key(struct sapa_compile *c, uint32_t node)
{
    const struct sapa_str key = sapa_tree(c, node)->key;
    const uint32_t found = sapa_tree_get(c, c->section[SAPA_SECTION_SKILLS], key);
    struct sapa_near near;

    if (found != SAPA_NONE)
        return sapa_tree(c, found)->ordinal;
    sapa_near_start(c, &near, key);
    for SAPA_TREE_EACH(c, child, c->section[SAPA_SECTION_SKILLS])
        sapa_near_try(&near, sapa_tree(c, child)->text);
    sapa_find_key(c, node, near.best.n ? sapa_near_hint(&near) : "add it to skills",
                  "there is no skill \"" SAPA_STR_FMT "\"", SAPA_STR_ARG(key));
    return SAPA_NONE;
}

static int level_order(const void *a, const void *b)
{
    const struct sapa_agent_skill_level *x = a, *y = b;

    return (x->skill > y->skill) - (x->skill < y->skill);
}

bool sapa_digits_good(struct sapa_str s, size_t max)
{
    bool good = s.n > 0 && s.n <= max;

    for (size_t i = 0; i < s.n && good; i++)
        good = s.p[i] >= '0' && s.p[i] <= '9';
    return good;
}

uint64_t sapa_read_clients(struct sapa_compile *c, uint32_t node)
{
    uint64_t bits = 0;

    if (node == SAPA_NONE ||
        (sapa_tree(c, node)->kind == SAPA_TREE_TEXT && sapa_str_eq(sapa_tree(c, node)->text, SAPA_STR("all"))))
        return UINT64_MAX;
    if (!sapa_is_list(c, node, "clients, or all,"))
        return 0;
    for SAPA_TREE_EACH(c, one, node) {
        const uint32_t client = sapa_read_ref(c, one, SAPA_SECTION_CLIENTS);
        if (client < SAPA_CLIENTS_MAX)
            bits |= UINT64_C(1) << client;
    }
    return bits;
}

static void compile_agents(struct sapa_compile *c)
{
    const uint32_t section = sapa_section_map(c, SAPA_SECTION_AGENTS);
    struct sapa_agent *agents = sapa_table_take(c, section, sizeof(*agents), SAPA_AGENTS_MAX);
    SAPA_VEC(struct sapa_agent_skill_level) levels = { 0 };

    for SAPA_TREE_EACH(c, child, section) {
        struct sapa_agent *agent = &agents[sapa_tree(c, child)->ordinal];
        agent->key = sapa_tree(c, child)->key;
        agent->team = agent->role = agent->calls_for = agent->campaign = SAPA_NONE;
        agent->skill_first = levels.n;
        if (!sapa_key_good(c, child, SAPA_KEY_MAX))
            continue;
        sapa_fields_read(c, child, SAPA_OBJECT_AGENT, UINT32_MAX, agent);
        const uint32_t extension = sapa_field_get(c, child, "extension"),
                       skills = sapa_field_get(c, child, "skills"),
                       clients = sapa_field_get(c, child, "clients");
        if (extension != SAPA_NONE && agent->extension.n > 0 &&
            !sapa_digits_good(agent->extension, DIALLED_MAX))
            sapa_find(c, extension, 0, "digits only", "\"" SAPA_STR_FMT "\" cannot be dialled",
                      SAPA_STR_ARG(agent->extension));
        sapa_fields_read(c, sapa_field_get(c, child, "capacity"), SAPA_OBJECT_CAPACITY, UINT32_MAX,
                         agent);
        for SAPA_TREE_EACH(c, skill,
                         skills != SAPA_NONE && sapa_is_map(c, skills, "skills and their levels")
                             ? skills
                             : SAPA_NONE) {
            const uint32_t index = skill_of_key(c, skill);
            int64_t level;
            if (sapa_read_int(c, skill, 1, 10, &level) && index != SAPA_NONE)
                *SAPA_VEC_PUSH(c, &levels) =
                    (struct sapa_agent_skill_level){ index, (uint8_t)level };
        }
        agent->skill_count = levels.n - agent->skill_first;
        if (agent->skill_count > 0)
            qsort(&levels.at[agent->skill_first], agent->skill_count, sizeof(*levels.at),
                  level_order);
        agent->clients = sapa_read_clients(c, clients);
        if (agent->calls_for < SAPA_CLIENTS_MAX && !(agent->clients >> agent->calls_for & 1))
            sapa_find(c, sapa_field_get(c, child, "calls_for"), 0, "add it to his clients, or name one of those",
                      "he is not granted this client");
    }
    c->centre->agents = agents;
    c->centre->agents_count = sapa_tree_count(c, section);
    c->centre->levels = SAPA_VEC_KEEP(c, &levels);
    c->centre->levels_count = levels.n;
}

/* ---- reasons, dispositions, codes ---- */

static bool short_digits(struct sapa_compile *c, uint32_t node)
{
    if (sapa_digits_good(sapa_tree(c, node)->key, 4))
        return true;
    sapa_find_key(c, node, "1 to 4 digits", "\"" SAPA_STR_FMT "\" cannot be dialled after a code",
                  SAPA_STR_ARG(sapa_tree(c, node)->key));
    return false;
}

static void compile_reasons(struct sapa_compile *c)
{
    const uint32_t section = sapa_section_map(c, SAPA_SECTION_REASONS);
    struct sapa_reason *reasons = sapa_table_take(c, section, sizeof(*reasons), 100);
    uint8_t quotas = 0;

    for SAPA_TREE_EACH(c, child, section) {
        struct sapa_reason *reason = &reasons[sapa_tree(c, child)->ordinal];
        reason->key = sapa_tree(c, child)->key;
        if (short_digits(c, child))
            (void)sapa_read_texts_and(c, child, 64, "quota", reason->name);
        const uint32_t quota = sapa_field_get(c, child, "quota");
        if (quota == SAPA_NONE)
            continue;
        sapa_fields_read(c, quota, SAPA_OBJECT_QUOTA, UINT32_MAX, reason);
        if (reason->team_max == 0 && reason->daily_ms == 0)
            sapa_find(c, quota, 0, "{ team: 6 }, { daily: 60 min }, or both", "this quota limits nothing");
        else if (quotas == SAPA_QUOTAS_MAX)
            sapa_find(c, quota, 0, "leave it out where it is not needed", "at most %d reasons have a quota", SAPA_QUOTAS_MAX);
        else
            reason->quota = ++quotas;
    }
    c->centre->reasons = reasons;
    c->centre->reasons_count = sapa_tree_count(c, section);
}

struct sets {
    SAPA_VEC(struct sapa_disposition) list;
    struct calendar *ranges; /* of each set */
};

static void compile_dispositions(struct sapa_compile *c, struct sets *sets)
{
    const uint32_t section = sapa_section_map(c, SAPA_SECTION_DISPOSITIONS);

    sets->ranges =
        sapa_compile_scratch(c, (size_t)sapa_tree_count(c, section) * sizeof(*sets->ranges) + 1);
    for SAPA_TREE_EACH(c, child, section) {
        struct calendar *range = &sets->ranges[sapa_tree(c, child)->ordinal];
        range->first = sets->list.n;
        if (!sapa_key_good(c, child, SAPA_KEY_MAX) ||
            !sapa_is_map(c, child, "dispositions by their digits"))
            continue;
        for SAPA_TREE_EACH(c, one, child) {
            struct sapa_disposition disposition = { .key = sapa_tree(c, one)->key };
            const uint32_t solved = sapa_field_get(c, one, "solved");
            if (short_digits(c, one))
                (void)sapa_read_texts_and(c, one, 64, "solved group", disposition.name);
            const uint32_t group = sapa_field_get(c, one, "group");
            if (group != SAPA_NONE)
                (void)sapa_read_texts(c, group, 64, disposition.group);
            if (solved != SAPA_NONE)
                (void)sapa_read_bool(c, solved, &disposition.solved);
            *SAPA_VEC_PUSH(c, &sets->list) = disposition;
        }
        range->count = sets->list.n - range->first;
    }
    c->centre->dispositions = SAPA_VEC_KEEP(c, &sets->list);
    c->centre->dispositions_count = sets->list.n;
}

static void compile_codes(struct sapa_compile *c)
{
    const uint32_t section = sapa_section_map(c, SAPA_SECTION_CODES);
    struct sapa_code *codes = sapa_table_take(c, section, sizeof(*codes), 100);

    for SAPA_TREE_EACH(c, child, section) {
        struct sapa_code *code = &codes[sapa_tree(c, child)->ordinal];
        struct sapa_near near;
        struct sapa_str text;
        unsigned verb = 0;
        code->prefix = sapa_tree(c, child)->key;
        if (code->prefix.n < 2 || (code->prefix.p[0] != '*' && code->prefix.p[0] != '#') ||
            !sapa_digits_good((struct sapa_str){ code->prefix.p + 1, code->prefix.n - 1 }, 4))
            sapa_find_key(c, child, "write \"*1\", with quotes",
                          "\"" SAPA_STR_FMT "\" is no code: * or # and digits",
                          SAPA_STR_ARG(code->prefix));
        if (!sapa_read_text(c, child, 1, 32, &text))
            continue;
        sapa_near_start(c, &near, text);
        while (verb < SAPA_VERB_COUNT && !sapa_str_eq(text, sapa_str_of(sapa_verb_name(verb))))
            sapa_near_try(&near, sapa_str_of(sapa_verb_name(verb++)));
        if (verb == SAPA_VERB_COUNT)
            sapa_find(
                c, child, 0,
                near.best.n
                    ? sapa_near_hint(&near)
                    : "ready, not ready, wrap-up done, more wrap-up time, log out, say my state, pause recording, resume recording, record, ask, conference, transfer after asking, back, transfer, campaign or record prompt",
                "\"" SAPA_STR_FMT "\" is nothing an agent can ask for", SAPA_STR_ARG(text));
        code->verb = (uint8_t)verb;
        for (uint32_t i = 0; i < sapa_tree(c, child)->ordinal && i < 100; i++) {
            const struct sapa_str other = codes[i].prefix;
            if (!sapa_str_eq(other, code->prefix) &&
                (sapa_str_starts(other, code->prefix) || sapa_str_starts(code->prefix, other)))
                sapa_find_key(c, child, "no code may begin another, because digits can follow it",
                              "\"" SAPA_STR_FMT "\" and \"" SAPA_STR_FMT "\" begin alike",
                              SAPA_STR_ARG(code->prefix), SAPA_STR_ARG(other));
        }
    }
    c->centre->codes = codes;
    c->centre->codes_count = sapa_tree_count(c, section);
}

/* ---- queues ---- */

static void compile_steps(struct sapa_compile *c, uint32_t at, struct sapa_queue *queue)
{
    const uint32_t steps = sapa_field_get(c, at, "steps");

    queue->step_count = 0;
    for SAPA_TREE_EACH(c, child,
                     steps != SAPA_NONE && sapa_is_list(c, steps, "steps") ? steps : SAPA_NONE) {
        if (queue->step_count == SAPA_STEPS_MAX) {
            sapa_find(c, child, 0, "join steps that are close in time", "a queue has at most %d steps", SAPA_STEPS_MAX);
            break;
        }
        struct sapa_step *step = &queue->steps[queue->step_count];
        step->preferred_skill = step->team = SAPA_NONE;
        sapa_fields_read(c, child, SAPA_OBJECT_STEP, UINT32_MAX, step);
        const uint32_t needs = sapa_field_get(c, child, "needs"),
                       prefer = sapa_field_get(c, child, "prefer");
        for SAPA_TREE_EACH(c, need,
                         needs != SAPA_NONE && sapa_is_map(c, needs, "skills and levels")
                             ? needs
                             : SAPA_NONE) {
            const uint32_t skill = skill_of_key(c, need);
            int64_t level;
            if (step->need_count == SAPA_NEEDS_MAX) {
                sapa_find_key(c, need, "one skill may stand for several", "a step needs at most %d skills", SAPA_NEEDS_MAX);
                break;
            }
            if (sapa_read_int(c, need, 1, 10, &level))
                step->needs[step->need_count++] = (struct sapa_need){ skill, (uint8_t)level };
        }
        if (prefer != SAPA_NONE)
            step->preferred_skill = sapa_read_ref(c, prefer, SAPA_SECTION_SKILLS);
        if (queue->step_count == 0 ? step->after_ms != 0
                                   : step->after_ms <= queue->steps[queue->step_count - 1].after_ms)
            sapa_find(c, child, 0, "the first step begins at 0, each further one later",
                      "the steps are not in the order of their times");
        queue->step_count++;
    }
    if (queue->step_count == 0)
        queue->steps[queue->step_count++] =
            (struct sapa_step){ .preferred_skill = SAPA_NONE, .team = SAPA_NONE };
}

struct overflows {
    SAPA_VEC(struct sapa_overflow) list;
};

static void compile_overflows(struct sapa_compile *c, uint32_t at, struct sapa_queue *queue,
                              struct overflows *overflows)
{
    const uint32_t rules = sapa_field_get(c, at, "overflow");

    queue->overflow_first = overflows->list.n;
    for SAPA_TREE_EACH(c, child,
                     rules != SAPA_NONE && sapa_is_list(c, rules, "rules of overflow")
                         ? rules
                         : SAPA_NONE) {
        struct sapa_overflow rule = { .queue = SAPA_NONE };
        int64_t limit = 0;
        sapa_fields_read(c, child, SAPA_OBJECT_OVERFLOW, UINT32_MAX, &rule);
        const uint32_t limit_at = sapa_field_get(c, child, "limit");
        if (limit_at == SAPA_NONE) {
            if (rule.when != SAPA_OVERFLOW_NO_AGENTS)
                sapa_find(c, child, 0, "a duration for wait and expected wait, a number for length",
                          "\"limit\" is missing");
        } else if (rule.when == SAPA_OVERFLOW_LENGTH) {
            (void)sapa_read_int(c, limit_at, 1, 100000, &limit);
        } else if (rule.when != SAPA_OVERFLOW_NO_AGENTS) {
            (void)sapa_read_duration(c, limit_at, 1000, 86400000, &limit);
        } else {
            sapa_find_key(c, limit_at, "take it out", "\"limit\" has no meaning with no agents");
        }
        rule.limit = (uint32_t)limit;
        if (rule.queue != SAPA_NONE && rule.queue == sapa_tree(c, at)->ordinal)
            sapa_find(c, child, 0, "name another queue; a longer search among agents is a step of this one", "a queue cannot overflow into itself");
        *SAPA_VEC_PUSH(c, &overflows->list) = rule;
    }
    queue->overflow_count = overflows->list.n - queue->overflow_first;
    if (queue->overflow_count > 8)
        sapa_find(c, rules, 0, "the first rule that is true counts: take out the others", "a queue has at most 8 rules of overflow");
}

static void compile_record(struct sapa_compile *c, uint32_t at, struct sapa_queue *queue)
{
    const uint32_t node = sapa_field_get(c, at, "record");
    struct sapa_str text;
    int64_t percent;

    queue->record = SAPA_RECORD_ALL;
    if (node == SAPA_NONE || !sapa_read_text(c, node, 1, 32, &text))
        return;
    if (text.p[text.n - 1] == '%') {
        queue->record = SAPA_RECORD_SHARE;
        if (sapa_read_percent(c, node, &percent))
            queue->record_share_percent = (uint8_t)percent;
        return;
    }
    const uint8_t policies[] = { SAPA_RECORD_ALL, SAPA_RECORD_NONE, SAPA_RECORD_ON_DEMAND };
    for (size_t i = 0; i < SAPA_COUNT(policies); i++) {
        if (sapa_str_eq(text, sapa_str_of(sapa_record_policy_name(policies[i])))) {
            queue->record = policies[i];
            return;
        }
    }
    sapa_find(c, node, 0, "all, none, on demand, or a share: \"10 %\"",
              "\"" SAPA_STR_FMT "\" is not possible here", SAPA_STR_ARG(text));
}

/* Overflow from queue to queue must come to an end: a waiting contact would go round. */
static void check_overflow_circles(struct sapa_compile *c, const struct sapa_queue *queues,
                                   uint32_t count, const struct overflows *overflows)
{
    uint8_t *colour = sapa_compile_scratch(c, count + 1);
    uint32_t *path = sapa_compile_scratch(c, (size_t)count * sizeof(*path) + 1);
    uint32_t *next = sapa_compile_scratch(c, (size_t)count * sizeof(*next) + 1);

    for (uint32_t root = 0; root < count; root++) {
        uint32_t depth = 0;
        if (colour[root])
            continue;
        colour[root] = 1;
        path[depth++] = root;
        while (depth > 0) {
            const struct sapa_queue *queue = &queues[path[depth - 1]];
            if (next[path[depth - 1]] == queue->overflow_count) {
                colour[path[--depth]] = 2;
                continue;
            }
            const uint32_t to =
                overflows->list.at[queue->overflow_first + next[path[depth - 1]]++].queue;
            if (to >= count || to == path[depth - 1])
                continue;
            if (colour[to] == 1) {
                uint32_t node = sapa_tree(c, c->section[SAPA_SECTION_QUEUES])->first;
                while (sapa_tree(c, node)->ordinal != path[depth - 1])
                    node = sapa_tree(c, node)->next;
                sapa_find_key(c, node, "let one of them overflow by its flow's on_overflow",
                              "the overflow from here to \"" SAPA_STR_FMT "\" closes a circle",
                              SAPA_STR_ARG(queues[to].key));
            } else if (colour[to] == 0) {
                colour[to] = 1;
                path[depth++] = to;
            }
        }
    }
}

static void compile_queues(struct sapa_compile *c)
{
    const uint32_t section = sapa_section_map(c, SAPA_SECTION_QUEUES);
    struct sapa_queue *queues = sapa_table_take(c, section, sizeof(*queues), SAPA_QUEUES_MAX);
    struct overflows overflows = { 0 };
    struct sets sets = { 0 };
    const uint32_t before = c->findings->count;

    compile_dispositions(c, &sets);
    for SAPA_TREE_EACH(c, child, section) {
        struct sapa_queue *queue = &queues[sapa_tree(c, child)->ordinal];
        queue->key = sapa_tree(c, child)->key;
        queue->hours = queue->music = queue->client = SAPA_NONE;
        queue->overflow_first = overflows.list.n;
        if (!sapa_key_good(c, child, SAPA_KEY_MAX))
            continue;
        sapa_fields_read(c, child, SAPA_OBJECT_QUEUE, UINT32_MAX, queue);
        if (sapa_tree(c, child)->kind != SAPA_TREE_MAP)
            continue;
        sapa_fields_read(c, sapa_field_get(c, child, "service_level"), SAPA_OBJECT_SERVICE,
                         UINT32_MAX, queue);
        sapa_fields_read(c, sapa_field_get(c, child, "alerts"), SAPA_OBJECT_QUEUE_ALERTS, UINT32_MAX, queue);
        const uint32_t script = sapa_field_get(c, child, "script");
        if (script != SAPA_NONE)
            (void)sapa_read_texts(c, script, SAPA_SCRIPT_MAX, queue->script);
        const uint32_t callback = sapa_field_get(c, child, "callback"),
                       dispositions = sapa_field_get(c, child, "dispositions");
        if (callback != SAPA_NONE)
            sapa_fields_read(c, callback, SAPA_OBJECT_CALLBACK, UINT32_MAX, queue);
        compile_steps(c, child, queue);
        compile_overflows(c, child, queue, &overflows);
        compile_record(c, child, queue);
        if (dispositions != SAPA_NONE) {
            const uint32_t set = sapa_read_ref(c, dispositions, SAPA_SECTION_DISPOSITIONS);
            if (set < sapa_tree_count(c, c->section[SAPA_SECTION_DISPOSITIONS]) &&
                sapa_tree(c, c->section[SAPA_SECTION_DISPOSITIONS])->kind == SAPA_TREE_MAP) {
                queue->disposition_first = sets.ranges[set].first;
                queue->disposition_count = sets.ranges[set].count;
            }
        }
        if (queue->disposition_required && dispositions == SAPA_NONE)
            sapa_find(c, sapa_field_get(c, child, "disposition_required"), 0, "name a set under dispositions",
                      "a disposition is required, but the queue has none to choose from");
        if (queue->auto_answer && queue->choice == SAPA_CHOICE_RING_ALL)
            sapa_find(c, sapa_field_get(c, child, "auto_answer"), 0, "choose one agent: another choice, or whisper: yes",
                      "with \"ring all\" every free agent's phone would answer");
        if (queue->music == SAPA_NONE)
            queue->music = c->centre->system_prompt[SAPA_PROMPT_ID_MUSIC];
        else if (queue->music < c->prompts.n && !c->prompts.at[queue->music].music)
            sapa_find(c, sapa_field_get(c, child, "music"), 0, "give the prompt music: yes",
                      "this prompt is no music");
    }
    if (c->findings->count == before)
        check_overflow_circles(c, queues, sapa_tree_count(c, section), &overflows);
    for SAPA_TREE_EACH(c, child, c->centre->clients_count > 0 ? c->section[SAPA_SECTION_CLIENTS] : SAPA_NONE) {
        const uint32_t own = c->centre->clients[sapa_tree(c, child)->ordinal].calls_queue;
        if (own < sapa_tree_count(c, section) && queues[own].client != sapa_tree(c, child)->ordinal)
            sapa_find(c, sapa_field_get(c, sapa_field_get(c, child, "calls"), "queue"), 0, "name a queue with this client",
                      "the queue \"" SAPA_STR_FMT "\" belongs to another client", SAPA_STR_ARG(queues[own].key));
    }
    c->centre->queues = queues;
    c->centre->queues_count = sapa_tree_count(c, section);
    c->centre->overflows = SAPA_VEC_KEEP(c, &overflows.list);
    c->centre->overflows_count = overflows.list.n;
}

/* ---- doors ---- */

/* A name of the DNS (labels of 1 to 63 letters, digits, "-" and "_"; a dot at the end will do), or an address. */
static bool host_good(struct sapa_str host)
{
    struct sapa_network address;
    struct sapa_str rest = host;
    const bool bracketed = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';

    if (bracketed)
        rest = (struct sapa_str){ host.p + 1, host.n - 2 };
    if (bracketed || sapa_str_find(host, ':', 0) < host.n)
        return sapa_str_find(rest, '/', 0) == rest.n && parse_network(rest, &address) && address.family == 6;
    while (rest.n > 0) {
        const struct sapa_str label = sapa_str_cut(rest, '.', &rest);
        if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
            return false;
        for (size_t i = 0; i < label.n; i++) {
            const char c = label.p[i];
            if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
                return false;
        }
    }
    return true;
}

/* One host of a trunk: a name or an address, its port has a key of its own. */
static struct sapa_str trunk_host(struct sapa_compile *c, uint32_t node)
{
    struct sapa_str host = { NULL, 0 };
    if (!sapa_read_text(c, node, 1, 128, &host))
        return host;
    const size_t colon = sapa_str_find(host, ':', 0);
    if (colon < host.n && sapa_str_find(host, ':', colon + 1) == host.n)
        sapa_find(c, node, 0, "host: sip.example.com, port: 5061", "the port of \"" SAPA_STR_FMT "\" has a key of its own",
                  SAPA_STR_ARG(host));
    else if (!host_good(host))
        sapa_find(c, node, 0, "sip.example.com, 192.0.2.1 or \"2001:db8::1\"", "\"" SAPA_STR_FMT "\" is no name of a host and no address",
                  SAPA_STR_ARG(host));
    return host;
}

static void trunk_hosts(struct sapa_compile *c, uint32_t node, struct sapa_trunk *trunk)
{
    if (sapa_tree(c, node)->kind != SAPA_TREE_LIST) {
        trunk->host = trunk_host(c, node);
        return;
    }
    unsigned count = 0;
    for SAPA_TREE_EACH(c, one, node) {
        if (count == SAPA_TRUNK_HOSTS_MAX) {
            sapa_find(c, one, 0, "give the carrier's name instead: its records may hold more", "at most %d hosts",
                      SAPA_TRUNK_HOSTS_MAX);
            break;
        }
        const struct sapa_str host = trunk_host(c, one);
        if (count++ == 0)
            trunk->host = host;
        else
            trunk->also[trunk->also_count++] = host;
    }
}

struct networks { /* as SAPA_VEC() */
    struct sapa_network *at;
    uint32_t n, room;
};

/* A list of address ranges behind those that are there already. */
static void read_networks(struct sapa_compile *c, uint32_t list, struct networks *networks)
{
    for SAPA_TREE_EACH(c, one, list != SAPA_NONE && sapa_is_list(c, list, "addresses") ? list : SAPA_NONE) {
        struct sapa_network network;
        struct sapa_str text;
        if (!sapa_read_text(c, one, 1, 64, &text))
            continue;
        if (parse_network(text, &network))
            *SAPA_VEC_PUSH(c, networks) = network;
        else
            sapa_find(c, one, 0, "write 10.0.0.0/8 or \"2001:db8::/32\"",
                      "\"" SAPA_STR_FMT "\" is no address and no range of them",
                      SAPA_STR_ARG(text));
    }
}

static void compile_trunks(struct sapa_compile *c)
{
    const uint32_t section = sapa_section_map(c, SAPA_SECTION_TRUNKS);
    struct sapa_trunk *trunks = sapa_table_take(c, section, sizeof(*trunks), 1000);
    struct networks networks = { 0 };

    for SAPA_TREE_EACH(c, child, section) {
        struct sapa_trunk *trunk = &trunks[sapa_tree(c, child)->ordinal];
        trunk->key = sapa_tree(c, child)->key;
        trunk->from_first = networks.n;
        if (!sapa_key_good(c, child, SAPA_KEY_MAX))
            continue;
        sapa_fields_read(c, child, SAPA_OBJECT_TRUNK, UINT32_MAX, trunk);
        read_networks(c, sapa_field_get(c, child, "from"), &networks);
        const uint32_t host = sapa_field_get(c, child, "host");
        if (host != SAPA_NONE)
            trunk_hosts(c, host, trunk);
        trunk->from_count = networks.n - trunk->from_first;
        if (trunk->registers && (trunk->host.n == 0 || trunk->user.n == 0))
            sapa_find_key(c, child, "add host, user and password as the carrier gave them",
                          "to register it must be known where, and as whom");
    }
    const uint32_t system = sapa_section_map(c, SAPA_SECTION_SYSTEM);
    c->centre->system.office_first = networks.n;
    read_networks(c, system != SAPA_NONE ? sapa_field_get(c, system, "offices") : SAPA_NONE, &networks);
    c->centre->system.office_count = networks.n - c->centre->system.office_first;
    c->centre->trunks = trunks;
    c->centre->trunks_count = sapa_tree_count(c, section);
    c->centre->networks = SAPA_VEC_KEEP(c, &networks);
    c->centre->networks_count = networks.n;
}

/* They go into a header of HTTP: nothing but schemes, names and ports. */
static bool are_origins(struct sapa_str text)
{
    while (text.n > 0) {
        const struct sapa_str one = sapa_str_cut(text, ' ', &text);
        const size_t scheme = sapa_str_starts(one, SAPA_STR("https://")) ? 8 : sapa_str_starts(one, SAPA_STR("http://")) ? 7 : 0;
        if (one.n > 0 && (scheme == 0 || one.n == scheme))
            return false;
        for (size_t i = scheme; i < one.n; i++) {
            const char k = one.p[i];
            if (!((k >= 'a' && k <= 'z') || (k >= '0' && k <= '9') || k == '.' || k == '-' || k == ':'))
                return false;
        }
    }
    return true;
}

static void compile_numbers(struct sapa_compile *c)
{
    const uint32_t section = sapa_section_map(c, SAPA_SECTION_NUMBERS);
    struct sapa_number *numbers = sapa_table_take(c, section, sizeof(*numbers), 100000);

    for SAPA_TREE_EACH(c, child, section) {
        struct sapa_number *number = &numbers[sapa_tree(c, child)->ordinal];
        struct sapa_str text;
        number->key = sapa_tree(c, child)->key;
        number->client = number->flow = SAPA_NONE;
        if (!sapa_digits_good(number->key, DIALLED_MAX))
            sapa_find_key(c, child, "the digits that arrive, without +",
                          "\"" SAPA_STR_FMT "\" is no number", SAPA_STR_ARG(number->key));
        sapa_fields_read(c, child, SAPA_OBJECT_NUMBER, UINT32_MAX, number);
        if (!are_origins(number->web_frames))
            sapa_find(c, sapa_field_get(c, child, "web_frames"), 0, "\"https://shop.example https://www.shop.example\"",
                      "\"" SAPA_STR_FMT "\" are no addresses of web sites", SAPA_STR_ARG(number->web_frames));
        const uint32_t language = sapa_field_get(c, child, "language");
        if (number->client < c->centre->clients_count)
            number->language = c->centre->clients[number->client].language;
        if (language != SAPA_NONE && sapa_read_text(c, language, 1, 8, &text)) {
            number->language = 0;
            while (number->language < SAPA_LANGUAGE_COUNT &&
                   !sapa_str_eq(text, sapa_str_of(sapa_language_name(number->language))))
                number->language++;
            if (number->language == SAPA_LANGUAGE_COUNT)
                sapa_find(c, language, 0, "the languages are id and en",
                          "\"" SAPA_STR_FMT "\" is no language", SAPA_STR_ARG(text));
        }
    }
    c->centre->numbers = numbers;
    c->centre->numbers_count = sapa_tree_count(c, section);
}

static void compile_callers(struct sapa_compile *c)
{
    const uint32_t section = sapa_section_list(c, SAPA_SECTION_CALLERS);
    struct sapa_caller_rule *rules = sapa_table_take(c, section, sizeof(*rules), 100000);

    for SAPA_TREE_EACH(c, child, section) {
        struct sapa_caller_rule *rule = &rules[sapa_tree(c, child)->ordinal];
        rule->client = SAPA_NONE;
        sapa_fields_read(c, child, SAPA_OBJECT_CALLER, UINT32_MAX, rule);
        const uint32_t prefix = sapa_field_get(c, child, "prefix");
        if (prefix != SAPA_NONE && rule->prefix.n > 0 && !sapa_digits_good(rule->prefix, DIALLED_MAX))
            sapa_find(c, prefix, 0, "E.164 digits without +",
                      "\"" SAPA_STR_FMT "\" is no beginning of a number",
                      SAPA_STR_ARG(rule->prefix));
    }
    c->centre->caller_rules = rules;
    c->centre->caller_rules_count = sapa_tree_count(c, section);
}

/* ---- what can be dialled must be one thing ---- */

struct dialled {
    struct sapa_str digits;
    uint32_t node;
};

static int dialled_order(const void *a, const void *b)
{
    const struct dialled *x = a, *y = b;
    const size_t n = SAPA_MIN(x->digits.n, y->digits.n);
    const int order = n ? memcmp(x->digits.p, y->digits.p, n) : 0;

    return order                        ? order
           : x->digits.n != y->digits.n ? (x->digits.n > y->digits.n) - (x->digits.n < y->digits.n)
                                        : (x->node > y->node) - (x->node < y->node);
}

static void check_dialled(struct sapa_compile *c)
{
    SAPA_VEC(struct dialled) all = { 0 };

    for SAPA_TREE_EACH(c, child, c->section[SAPA_SECTION_AGENTS]) {
        const uint32_t extension = sapa_field_get(c, child, "extension");
        if (extension != SAPA_NONE && sapa_tree(c, extension)->kind == SAPA_TREE_TEXT)
            *SAPA_VEC_PUSH(c, &all) = (struct dialled){ sapa_tree(c, extension)->text, extension };
    }
    for SAPA_TREE_EACH(c, child, c->section[SAPA_SECTION_NUMBERS]) {
        if (sapa_tree(c, child)->key.n > 0)
            *SAPA_VEC_PUSH(c, &all) = (struct dialled){ sapa_tree(c, child)->key, child };
    }
    if (all.n > 1)
        qsort(all.at, all.n, sizeof(*all.at), dialled_order);
    for (uint32_t i = 1; i < all.n; i++) {
        if (sapa_str_eq(all.at[i].digits, all.at[i - 1].digits) &&
            sapa_tree(c, all.at[i].node)->parent != sapa_tree(c, all.at[i - 1].node)->parent)
            sapa_find_key(c, all.at[i].node, "each extension and each number once",
                          "\"" SAPA_STR_FMT "\" can be dialled already (line %u)",
                          SAPA_STR_ARG(all.at[i].digits),
                          sapa_tree(c, all.at[i - 1].node)->key_line);
    }
}

/* ---- the whole ---- */

/** The section of this name. One that is misspelt is read as what it was meant to be: its key is a finding of its own
    (sapa_fields_read), and every mention of what stands in it would be one more. */
static uint32_t find_section(struct sapa_compile *c, const char *name)
{
    const uint32_t found = sapa_field_get(c, 0, name);
    struct sapa_near near;

    if (found != SAPA_NONE || (c->sources && c->sources->was_good))
        return found;
    for SAPA_TREE_EACH(c, child, 0) {
        sapa_near_start(c, &near, sapa_tree(c, child)->key);
        for (unsigned i = 0; i < SAPA_SECTION_COUNT; i++)
            sapa_near_try(&near, sapa_str_of(sapa_section_names[i]));
        if (sapa_str_eq(near.best, sapa_str_of(name)))
            return child;
    }
    return SAPA_NONE;
}

static void compile_sections(struct sapa_compile *c)
{
    struct zones zones = { 0 };
    int64_t version;

    for (unsigned i = 0; i < SAPA_SECTION_COUNT; i++)
        c->section[i] = find_section(c, sapa_section_names[i]);
    sapa_fields_read(c, 0, SAPA_OBJECT_TOP, UINT32_MAX, c->centre);
    if (c->section[SAPA_SECTION_VERSION] != SAPA_NONE &&
        sapa_read_int(c, c->section[SAPA_SECTION_VERSION], 1, INT32_MAX, &version) && version != 1)
        sapa_find(c, c->section[SAPA_SECTION_VERSION], 0, "version: 1",
                  "this program reads version 1 of the language");
    compile_system(c, &zones);
    compile_interrupts(c);
    compile_addresses(c);
    compile_prompts(c);
    compile_hours(c, &zones);
    compile_clients(c);
    c->centre->skills =
        (const struct sapa_skill *)(void *)compile_words(c, SAPA_SECTION_SKILLS, SAPA_SKILLS_MAX,
                                                         &c->centre->skills_count);
    c->centre->teams = (const struct sapa_team *)(void *)compile_words(c, SAPA_SECTION_TEAMS, 1000,
                                                                       &c->centre->teams_count);
    sapa_roles_compile(c);
    sapa_users_compile(c);
    sapa_lists_compile(c);
    compile_agents(c);
    compile_reasons(c);
    compile_codes(c);
    compile_queues(c);
    compile_trunks(c);
    compile_numbers(c);
    sapa_campaigns_compile(c);
    compile_callers(c);
    check_dialled(c);
    if (is_empty(c, c->section[SAPA_SECTION_FLOWS]))
        c->section[SAPA_SECTION_FLOWS] = SAPA_NONE;
    sapa_flows_compile(c);
    c->centre->zones = SAPA_VEC_KEEP(c, &zones.list);
    c->centre->zones_count = zones.list.n;
    c->centre->prompts = SAPA_VEC_KEEP(c, &c->prompts);
    c->centre->prompts_count = c->prompts.n;
}

static void hash_text(struct sapa_str text, char hash[65])
{
    unsigned char sum[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(sum, (const unsigned char *)(text.p ? text.p : ""), text.n);
    (void)sodium_bin2hex(hash, 65, sum, sizeof(sum));
}

static int finding_order(const void *a, const void *b)
{
    const struct sapa_finding *x = a, *y = b;

    return x->line != y->line ? (x->line > y->line) - (x->line < y->line)
                              : (x->column > y->column) - (x->column < y->column);
}

sapa_rc sapa_centre_compile(struct sapa_str text, const struct sapa_centre_sources *sources,
                            struct sapa_findings *findings, struct sapa_centre **ret)
{
    struct sapa_compile *c = calloc(1, sizeof(*c));
    volatile sapa_rc rc = SAPA_ENOMEM;

    findings->count = findings->more = 0;
    if (!c)
        return SAPA_ENOMEM;
    c->sources = sources;
    c->findings = findings;
    if (setjmp(c->out_of_memory) == 0) {
        struct owned_centre *owned = sapa_compile_take(c, sizeof(*owned));
        c->centre = &owned->centre;
        hash_text(text, c->centre->hash);
        if (sapa_tree_parse(c, text))
            compile_sections(c);
        rc = findings->count > 0 ? SAPA_EINVAL : SAPA_OK;
    }
    if (c->event_open)
        yaml_event_delete(&c->event);
    if (c->parser_open)
        yaml_parser_delete(&c->parser);
    free(c->file);
    sapa_arena_free(&c->scratch);
    if (rc == SAPA_OK) {
        struct owned_centre *owned = (struct owned_centre *)c->centre;
        owned->arena = c->keep;
        *ret = &owned->centre;
    } else {
        sapa_arena_free(&c->keep);
        qsort(findings->list, findings->count, sizeof(findings->list[0]), finding_order);
    }
    free(c);
    return rc;
}

void sapa_centre_free(struct sapa_centre *centre)
{
    if (!centre)
        return;
    struct sapa_arena arena = ((struct owned_centre *)centre)->arena;
    sapa_arena_free(&arena); /* the centre itself lies in it */
}

/* ---- secrets ---- */

sapa_rc sapa_secrets_resolve(void *ctx, struct sapa_str name, struct sapa_text *out)
{
    const struct sapa_secrets *secrets = ctx;
    struct sapa_str rest = secrets->text;
    char variable[96] = "SAPA_SECRET_";
    struct sapa_text text = { .buf = variable,
                              .size = sizeof(variable),
                              .n = sizeof("SAPA_SECRET_") - 1 };

    while (rest.n > 0) {
        struct sapa_str value;
        const struct sapa_str line = sapa_str_trim(sapa_str_cut(rest, '\n', &rest));
        if (line.n == 0 || line.p[0] == '#' || sapa_str_find(line, '=', 0) == line.n)
            continue;
        if (sapa_str_eq(sapa_str_trim(sapa_str_cut(line, '=', &value)), name)) {
            sapa_text_add(out, sapa_str_trim(value));
            return SAPA_OK;
        }
    }
    for (size_t i = 0; i < name.n; i++) {
        const char ch = name.p[i];
        sapa_text_char(&text, ch >= 'a' && ch <= 'z' ? (char)(ch - 32)
                              : (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ? ch
                                                                                     : '_');
    }
    const char *value = name.n > 0 && !text.cut ? getenv(variable) : NULL;
    if (!value)
        return SAPA_ENOENT;
    sapa_text_add(out, sapa_str_of(value));
    return SAPA_OK;
}
