#include "http/route.h"

#include <stdlib.h>

#include "http/schema_impl.h"

static const char *const methods[SAPA_METHOD_COUNT] = { "GET", "POST", "PUT", "DELETE" };

static const struct sapa_route routes[SAPA_ROUTE_COUNT] = {
#define X(id, method, path, right, params, body, reply, status, text) \
    { #id, path, params, text, SAPA_##method, SAPA_RIGHT_##right, SAPA_SCHEMA_##body, SAPA_SCHEMA_##reply, status },
    SAPA_ROUTES(X)
#undef X
};

const char *sapa_method_name(unsigned method)
{
    return method < SAPA_METHOD_COUNT ? methods[method] : "?";
}

const struct sapa_route *sapa_route(unsigned id)
{
    sapa_assert(id < SAPA_ROUTE_COUNT);
    return &routes[id];
}

bool sapa_route_is_open(enum sapa_route_id id)
{
    return routes[id].right == SAPA_RIGHT_COUNT && id != SAPA_ROUTE_ME && id != SAPA_ROUTE_LOGOUT && id != SAPA_ROUTE_PASSWORD &&
           id != SAPA_ROUTE_TOTP && id != SAPA_ROUTE_TOTP_CONFIRM && id != SAPA_ROUTE_TOTP_END;
}

const char *sapa_params_get(const struct sapa_params *params, const char *name)
{
    for (unsigned i = 0; i < params->count; i++) {
        if (strcmp(params->of[i].rule->name, name) == 0)
            return params->of[i].value;
    }
    return "";
}

/* ---- values ---- */

static bool digits_at(struct sapa_str text, size_t at, unsigned n, int *ret)
{
    int value = 0;

    if (at + n > text.n)
        return false;
    for (unsigned i = 0; i < n; i++) {
        if (text.p[at + i] < '0' || text.p[at + i] > '9')
            return false;
        value = value * 10 + (text.p[at + i] - '0');
    }
    *ret = value;
    return true;
}

/* Days since 1970 of a civil date (H. Hinnant). */
static int64_t days_of(int year, int month, int day)
{
    const int64_t y = year - (month <= 2);
    const int64_t era = (y >= 0 ? y : y - 399) / 400;
    const int64_t yoe = y - era * 400;
    const int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

sapa_rc sapa_time_parse(struct sapa_str text, int64_t *ret_us)
{
    static const int lengths[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int year, month, day, hour, minute, second, zone_h = 0, zone_m = 0;
    int64_t us = 0;
    size_t at = 19;

    if (text.n < 20 || !digits_at(text, 0, 4, &year) || !digits_at(text, 5, 2, &month) || !digits_at(text, 8, 2, &day) ||
        !digits_at(text, 11, 2, &hour) || !digits_at(text, 14, 2, &minute) || !digits_at(text, 17, 2, &second) ||
        text.p[4] != '-' || text.p[7] != '-' || (text.p[10] != 'T' && text.p[10] != 't' && text.p[10] != ' ') ||
        text.p[13] != ':' || text.p[16] != ':')
        return SAPA_EINVAL;
    if (year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1 || day > lengths[month - 1] || hour > 23 ||
        minute > 59 || second > 59 || (month == 2 && day == 29 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0))))
        return SAPA_EINVAL;
    if (text.p[at] == '.') {
        int64_t unit = 100000;
        const size_t first = ++at;
        for (; at < text.n && text.p[at] >= '0' && text.p[at] <= '9'; at++, unit /= 10)
            us += (text.p[at] - '0') * unit;
        if (at == first)
            return SAPA_EINVAL;
    }
    if (at >= text.n)
        return SAPA_EINVAL;
    int sign = 0;
    if (text.p[at] == '+' || text.p[at] == '-' || text.p[at] == ' ') { /* a plus sign that a query string made a blank */
        sign = text.p[at] == '-' ? -1 : 1;
        if (text.n != at + 6 || !digits_at(text, at + 1, 2, &zone_h) || text.p[at + 3] != ':' ||
            !digits_at(text, at + 4, 2, &zone_m) || zone_h > 23 || zone_m > 59)
            return SAPA_EINVAL;
    } else if ((text.p[at] != 'Z' && text.p[at] != 'z') || text.n != at + 1) {
        return SAPA_EINVAL;
    }
    const int64_t seconds = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second -
                            sign * (zone_h * 3600 + zone_m * 60);
    *ret_us = seconds * 1000000 + us;
    return SAPA_OK;
}

static bool one_of(const char *choices, struct sapa_str value)
{
    struct sapa_str rest = sapa_str_of(choices);

    if (rest.n > 0 && rest.p[rest.n - 1] == '?') /* null, too: judged before */
        rest.n--;
    while (rest.n > 0) {
        if (sapa_str_eq(sapa_str_cut(rest, '|', &rest), value))
            return true;
    }
    return false;
}

/* "2026-11-21" or "2026-11-21T08:15": local time, judged by whoever knows the zone. */
static bool is_date(struct sapa_str value)
{
    int number;

    return (value.n == 10 || (value.n == 16 && value.p[10] == 'T' && digits_at(value, 11, 2, &number) &&
                              value.p[13] == ':' && digits_at(value, 14, 2, &number))) &&
           digits_at(value, 0, 4, &number) && value.p[4] == '-' && digits_at(value, 5, 2, &number) && value.p[7] == '-' &&
           digits_at(value, 8, 2, &number);
}

static bool value_is(const char *type, struct sapa_str value)
{
    uint64_t number;
    int64_t at_us;

    type += *type == '~';
    if (value.n == 0 || value.n >= SAPA_ROUTE_VALUE_MAX || !sapa_str_utf8(value))
        return false;
    if (strchr(type, '|'))
        return one_of(type, value);
    if (strcmp(type, "id") == 0)
        return sapa_str_u64(value, UINT64_MAX, &number) == SAPA_OK && number > 0;
    if (strcmp(type, "integer") == 0)
        return sapa_str_u64(value, 1000000000, &number) == SAPA_OK;
    if (strcmp(type, "time") == 0)
        return sapa_time_parse(value, &at_us) == SAPA_OK;
    if (strcmp(type, "date") == 0)
        return is_date(value);
    for (size_t i = 0; i < value.n; i++) {
        if ((uint8_t)value.p[i] < ' ' || value.p[i] == 0x7f)
            return false;
    }
    return true;
}

static const struct sapa_field_rule *rule_of(const char *name, size_t n)
{
    for (size_t i = 0; i < SAPA_COUNT(sapa_param_rules); i++) {
        if (strlen(sapa_param_rules[i].name) == n && memcmp(sapa_param_rules[i].name, name, n) == 0)
            return &sapa_param_rules[i];
    }
    return NULL;
}

static sapa_rc add(struct sapa_params *params, const struct sapa_field_rule *rule, struct sapa_str value,
                   struct sapa_text *problem)
{
    if (params->count == SAPA_ROUTE_PARAMS_MAX || !value_is(rule->type, value)) {
        sapa_text_printf(problem, "%s wants %s", rule->name, rule->text);
        return SAPA_EINVAL;
    }
    params->of[params->count].rule = rule;
    (void)sapa_str_copy(value, params->of[params->count].value, SAPA_ROUTE_VALUE_MAX);
    params->count++;
    return SAPA_OK;
}

/* ---- paths ---- */

/* Does the path fit? Values of {parameters} are collected, unjudged. */
static bool fits(const char *pattern, struct sapa_str path, struct sapa_str names[2], struct sapa_str values[2], unsigned *ret_count)
{
    struct sapa_str want = sapa_str_of(pattern);
    unsigned count = 0;

    while (want.n > 0 || path.n > 0) {
        const struct sapa_str one = sapa_str_cut(want, '/', &want), got = sapa_str_cut(path, '/', &path);
        if (one.n > 2 && one.p[0] == '{') {
            if (got.n == 0 || count == 2)
                return false;
            names[count] = (struct sapa_str){ one.p + 1, one.n - 2 };
            values[count++] = got;
        } else if (!sapa_str_eq(one, got)) {
            return false;
        }
        if ((want.p == NULL) != (path.p == NULL))
            return false;
        if (want.p == NULL)
            break;
    }
    *ret_count = count;
    return true;
}

static bool all_good(const struct sapa_str names[2], const struct sapa_str values[2], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct sapa_field_rule *rule = rule_of(names[i].p, names[i].n);
        sapa_assert(rule != NULL); /* route_test looks at every route */
        if (!value_is(rule->type, values[i]))
            return false;
    }
    return true;
}

sapa_rc sapa_route_find(unsigned method, struct sapa_str path, struct sapa_params *params, struct sapa_text *problem,
                        enum sapa_route_id *ret_id)
{
    struct sapa_str names[2], values[2];
    unsigned count;
    bool other = false;

    params->count = 0;
    if (path.n == 0 || path.n > SAPA_ROUTE_PATH_MAX)
        return SAPA_ENOENT;
    for (unsigned i = 0; i < SAPA_ROUTE_COUNT; i++) { /* fixed words stand in the table before {parameters} */
        if (!fits(routes[i].path, path, names, values, &count) || !all_good(names, values, count))
            continue; /* what cannot be the name of anything, is not there */
        if (routes[i].method != method) {
            other = true;
            continue;
        }
        for (unsigned k = 0; k < count; k++) {
            const struct sapa_field_rule *rule = rule_of(names[k].p, names[k].n);
            const sapa_rc rc = add(params, rule, values[k], problem);
            if (rc != SAPA_OK)
                return rc;
        }
        *ret_id = (enum sapa_route_id)i;
        return SAPA_OK;
    }
    return other ? SAPA_EDENIED : SAPA_ENOENT;
}

sapa_rc sapa_route_query(enum sapa_route_id id, struct sapa_str name, struct sapa_str value, struct sapa_params *params,
                         struct sapa_text *problem)
{
    struct sapa_str rest = sapa_str_of(routes[id].params);

    while (rest.n > 0) {
        const struct sapa_str one = sapa_str_cut(rest, ' ', &rest);
        if (!sapa_str_eq(one, name))
            continue;
        const struct sapa_field_rule *rule = rule_of(name.p, name.n);
        sapa_assert(rule != NULL);
        if (sapa_params_get(params, rule->name)[0]) {
            sapa_text_printf(problem, "%s is given twice", rule->name);
            return SAPA_EINVAL;
        }
        return add(params, rule, value, problem);
    }
    sapa_text_printf(problem, "there is no parameter \"" SAPA_STR_FMT "\" here", (int)SAPA_MIN(name.n, (size_t)40), name.p ? name.p : "");
    return SAPA_EINVAL;
}

/* ---- bodies ---- */

static bool json_is(const char *type, const json_t *value)
{
    const size_t n = strlen(type);
    int64_t at_us;
    uint64_t number;

    if (type[n - 1] == '?' && json_is_null(value))
        return true;
    if (strncmp(type, "array:string", 12) == 0) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            if (!json_is_string(json_array_get(value, i)) || json_string_length(json_array_get(value, i)) >= SAPA_ROUTE_VALUE_MAX)
                return false;
        }
        return json_is_array(value);
    }
    if (strncmp(type, "array:", 6) == 0)
        return json_is_array(value); /* of objects: judged by whoever takes them */
    if (strncmp(type, "boolean", 7) == 0)
        return json_is_boolean(value);
    if (strncmp(type, "integer", 7) == 0)
        return json_is_integer(value) && json_integer_value(value) >= 0;
    const struct sapa_str text = { json_string_value(value), json_string_length(value) };
    if (strncmp(type, "note", 4) == 0)
        return json_is_string(value) && text.n <= SAPA_ROUTE_NOTE_MAX && !memchr(text.p, 0, text.n);
    if (!json_is_string(value) || text.n >= (strncmp(type, "text", 4) == 0 ? SAPA_ROUTE_TEXT_MAX : SAPA_ROUTE_VALUE_MAX) ||
        memchr(text.p, 0, text.n))
        return false;
    if (strchr(type, '|'))
        return one_of(type, text);
    if (strncmp(type, "time", 4) == 0)
        return sapa_time_parse(text, &at_us) == SAPA_OK;
    if (strncmp(type, "id", 2) == 0)
        return sapa_str_u64(text, UINT64_MAX, &number) == SAPA_OK && number > 0;
    return text.n > 0;
}

/* A word that is none of those there are: which they are. */
static void name_choices(struct sapa_text *problem, const char *field, const char *word, const char *type)
{
    struct sapa_str rest = { type, strcspn(type, "?") };

    sapa_text_printf(problem, "%s: \"%s\" is none of ", field, word);
    while (rest.n > 0) {
        sapa_text_add(problem, sapa_str_cut(rest, '|', &rest));
        sapa_text_add(problem, rest.n > 0 ? SAPA_STR(", ") : SAPA_STR(""));
    }
}

sapa_rc sapa_route_body(enum sapa_route_id id, struct sapa_str text, struct sapa_text *problem, json_t **ret_body)
{
    const struct sapa_schema_rule *schema = &sapa_schema_rules[routes[id].body];
    json_error_t error;
    json_t *body = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &error);
    size_t known = 0;

    if (!json_is_object(body)) {
        json_decref(body);
        sapa_text_printf(problem, "the body is no JSON object");
        return SAPA_EINVAL;
    }
    for (size_t i = 0; i < schema->count; i++) {
        const struct sapa_field_rule *field = &schema->fields[i];
        const char *type = field->type + (field->type[0] == '~');
        const json_t *value = json_object_get(body, field->name);
        known += value != NULL;
        if (value ? json_is(type, value) : field->type[0] == '~')
            continue;
        if (value && json_is_string(value) && strchr(type, '|') && json_string_length(value) <= 60)
            name_choices(problem, field->name, json_string_value(value), type);
        else
            sapa_text_printf(problem, "%s %s: %s", field->name, value ? "is malformed" : "is missing", field->text);
        json_decref(body);
        return SAPA_EINVAL;
    }
    if (known != json_object_size(body)) {
        sapa_text_printf(problem, "the body has members that are not known here");
        json_decref(body);
        return SAPA_EINVAL;
    }
    *ret_body = body;
    return SAPA_OK;
}
