#include "app/view_read.h"

#include <math.h>

#include "http/route.h"
#include "report/kpi.h"

static uint64_t clamped(const json_t *value, uint64_t max)
{
    const json_int_t number = json_integer_value(value);

    return number < 0 ? 0 : SAPA_MIN((uint64_t)number, max);
}

static uint32_t alarms_of(const json_t *list)
{
    uint32_t alarms = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        for (unsigned k = 0; name && k < SAPA_ALARM_COUNT; k++)
            alarms |= strcmp(name, sapa_alarm_name(k)) == 0 ? UINT32_C(1) << k : 0;
    }
    return alarms;
}

static uint8_t word_of(unsigned kind, const json_t *value)
{
    const char *text = json_string_value(value), *word;

    for (unsigned i = 0; text && (word = sapa_view_word(kind, i)); i++) {
        if (strcmp(word, text) == 0)
            return (uint8_t)i;
    }
    return 0;
}

static int64_t time_of(const json_t *value)
{
    const char *text = json_string_value(value);
    int64_t at_us = 0;

    return text && sapa_time_parse(sapa_str_of(text), &at_us) == SAPA_OK ? at_us : 0;
}

static int64_t ratio_of(const json_t *value)
{
    const double share = json_number_value(value);

    return json_is_number(value) && share >= 0 && share <= 1000 ? llround(share * 1000000) : SAPA_KPI_NONE;
}

static uint64_t wide_of(unsigned kind, const json_t *value)
{
    const char *text = json_string_value(value);
    uint64_t id = 0;

    switch (kind) {
    case SAPA_VIEW_ID: return text && sapa_str_u64(sapa_str_of(text), UINT64_MAX, &id) == SAPA_OK ? id : 0;
    case SAPA_VIEW_ANY: return json_is_true(value);
    case SAPA_VIEW_TIME: return (uint64_t)time_of(value);
    case SAPA_VIEW_RATIO: return (uint64_t)ratio_of(value);
    case SAPA_VIEW_MS: return json_is_integer(value) ? clamped(value, INT64_MAX / 1000000) : (uint64_t)SAPA_KPI_NONE;
    default: return clamped(value, INT64_MAX);
    }
}

static void read_text(const json_t *value, char *buf, size_t size)
{
    const char *text = json_string_value(value);
    struct sapa_str cut = { text ? text : "", text ? SAPA_MIN(json_string_length(value), size - 1) : 0 };

    while (cut.n > 0 && !sapa_str_utf8(cut)) /* cut within a character */
        cut.n--;
    memcpy(buf, cut.p, cut.n);
    buf[cut.n] = '\0';
}

static void read_field(const struct sapa_view_field *field, const json_t *value, void *to)
{
    char *at = (char *)to + field->offset;

    if (field->kind == SAPA_VIEW_TEXT) {
        read_text(value, at, field->size);
    } else if (field->size == sizeof(uint64_t)) {
        const uint64_t wide = wide_of(field->kind, value);
        memcpy(at, &wide, sizeof(wide));
    } else if (field->kind == SAPA_VIEW_EAST) {
        const json_int_t east = json_integer_value(value);
        const int32_t seconds = east < -86400 || east > 86400 ? 0 : (int32_t)east;
        memcpy(at, &seconds, sizeof(seconds));
    } else if (field->size == sizeof(uint32_t)) {
        const uint32_t narrow = field->kind == SAPA_VIEW_ALARMS ? alarms_of(value) : (uint32_t)clamped(value, UINT32_MAX);
        memcpy(at, &narrow, sizeof(narrow));
    } else {
        *(uint8_t *)at = field->kind == SAPA_VIEW_FLAG ? json_is_true(value) : word_of(field->kind, value);
    }
}

static uint32_t read_part(const json_t *json, unsigned which, void *to, uint32_t room)
{
    const struct sapa_view_part *part = sapa_view_part(which);
    const json_t *list = part->name ? json_object_get(json, part->name) : NULL;
    const uint32_t count = part->name ? (uint32_t)SAPA_MIN(json_array_size(list), (size_t)room) : 1;

    for (uint32_t i = 0; i < count; i++) {
        const json_t *one = part->name ? json_array_get(list, i) : json;
        memset((char *)to + i * part->size, 0, part->size);
        for (size_t k = 0; k < part->count; k++)
            read_field(&part->fields[k], json_object_get(one, part->fields[k].name), (char *)to + i * part->size);
    }
    return count;
}

sapa_rc sapa_view_read(const json_t *json, struct sapa_view_memory *memory, struct sapa_view *ret)
{
    if (!json_is_object(json))
        return SAPA_EINVAL;
    (void)read_part(json, 0, ret, 1);
    ret->queues = memory->queues, ret->agents = memory->agents, ret->calls = memory->calls, ret->news = memory->news;
    ret->queue_count = read_part(json, 1, ret->queues, SAPA_VIEW_QUEUES);
    ret->agent_count = read_part(json, 2, ret->agents, SAPA_VIEW_AGENTS);
    ret->call_count = read_part(json, 3, ret->calls, SAPA_VIEW_CALLS);
    ret->news_count = read_part(json, 4, ret->news, SAPA_VIEW_NEWS);
    return SAPA_OK;
}
