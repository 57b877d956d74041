#include "http/shift.h"

#include <stdlib.h>

#include "http/kept.h"

static const char head_key[] = "api.shifts";

static bool kind_of(struct sapa_str agent, char buf[SAPA_STORE_KEY_MAX])
{
    struct sapa_text text;

    sapa_text_init(&text, buf, SAPA_STORE_KEY_MAX - 32); /* "api." before it, a date behind */
    sapa_text_printf(&text, "shift." SAPA_STR_FMT, SAPA_STR_ARG(agent));
    return agent.n > 0 && !text.cut;
}

sapa_rc sapa_plan_head(struct sapa_store *store, struct sapa_plan_head *ret)
{
    char text[128];
    sapa_rc rc = sapa_store_setting(store, head_key, text, sizeof(text));

    *ret = (struct sapa_plan_head){ .version = 0 };
    if (rc == SAPA_ENOENT)
        return SAPA_OK;
    json_t *head = rc == SAPA_OK ? json_loads(text, 0, NULL) : NULL;
    const json_int_t version = json_integer_value(json_object_get(head, "version"));
    if (rc == SAPA_OK && version <= 0)
        rc = SAPA_ECORRUPT;
    if (rc == SAPA_OK)
        *ret = (struct sapa_plan_head){ .version = (uint64_t)version, .first = (int32_t)json_integer_value(json_object_get(head, "first")),
                                        .last = (int32_t)json_integer_value(json_object_get(head, "last")) };
    json_decref(head);
    return rc;
}

static bool read_entry(const json_t *item, struct sapa_planned *ret)
{
    const json_int_t activity = json_integer_value(json_array_get(item, 0));

    *ret = (struct sapa_planned){ .activity = (uint32_t)activity, .from_s = json_integer_value(json_array_get(item, 1)),
                                  .to_s = json_integer_value(json_array_get(item, 2)) };
    return json_array_size(item) == 3 && activity >= 0 && activity < SAPA_ACTIVITY_COUNT && ret->from_s > 0 && ret->from_s < ret->to_s &&
           ret->to_s - ret->from_s <= SAPA_SHIFT_LENGTH_MAX_S;
}

sapa_rc sapa_plan_day(struct sapa_store *store, struct sapa_str agent, int32_t date, struct sapa_plan_day *ret)
{
    char kind[SAPA_STORE_KEY_MAX];
    json_t *object = NULL, *item;
    sapa_rc rc = kind_of(agent, kind) && date > 0 ? sapa_kept_get(store, kind, (uint64_t)date, &object) : SAPA_ENOENT;
    size_t i;

    if (rc != SAPA_OK)
        return rc;
    ret->count = 0;
    ret->changed_us = json_integer_value(json_object_get(object, "changed_us"));
    if (!sapa_kept_text(object, "by", ret->by, sizeof(ret->by)))
        rc = SAPA_ECORRUPT;
    json_array_foreach(json_object_get(object, "items"), i, item) {
        if (ret->count == SAPA_SHIFT_DAY_MAX || !read_entry(item, &ret->of[ret->count]))
            rc = SAPA_ECORRUPT;
        else
            ret->count++;
    }
    json_decref(object);
    return rc;
}

/* ---- writing ---- */

static sapa_rc add(struct sapa_plan_writing *writing, char *key, char *value)
{
    if (key && writing->count == writing->room) {
        const size_t room = writing->room ? 2 * writing->room : 64;
        struct sapa_setting *grown = realloc(writing->of, room * sizeof(*grown));
        if (grown)
            writing->of = grown, writing->room = room;
    }
    if (!key || writing->count == writing->room) {
        free(key);
        free(value);
        return SAPA_ENOMEM;
    }
    writing->of[writing->count++] = (struct sapa_setting){ key, value };
    return SAPA_OK;
}

sapa_rc sapa_plan_write(struct sapa_plan_writing *writing, struct sapa_str agent, int32_t date, const struct sapa_planned *of, size_t count, const char *by,
                        int64_t changed_us)
{
    char kind[SAPA_STORE_KEY_MAX], *key = malloc(SAPA_STORE_KEY_MAX + 1), *value = NULL;
    struct sapa_text text;

    if (!key)
        return SAPA_ENOMEM;
    if (!kind_of(agent, kind) || date <= 0 || count > SAPA_SHIFT_DAY_MAX) {
        free(key);
        return SAPA_EINVAL;
    }
    sapa_text_init(&text, key, SAPA_STORE_KEY_MAX + 1);
    sapa_text_printf(&text, "api.%s.%d", kind, date);
    if (count > 0) {
        json_t *items = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(items, json_pack("[i,I,I]", (int)of[i].activity, (json_int_t)of[i].from_s, (json_int_t)of[i].to_s));
        json_t *object = json_pack("{s:s,s:I,s:o}", "by", by, "changed_us", (json_int_t)changed_us, "items", items);
        value = object ? json_dumps(object, JSON_COMPACT) : NULL;
        json_decref(object);
        if (!value) {
            free(key);
            return SAPA_ENOMEM;
        }
        writing->first = writing->first ? SAPA_MIN(writing->first, date) : date;
        writing->last = SAPA_MAX(writing->last, date);
    }
    return add(writing, key, value);
}

sapa_rc sapa_plan_commit(struct sapa_store *store, struct sapa_plan_writing *writing, uint64_t before, uint64_t *ret_version)
{
    struct sapa_plan_head head;
    char value[128], *key, *copy;
    struct sapa_text text;
    sapa_rc rc = sapa_plan_head(store, &head);

    if (rc == SAPA_OK && head.version != before)
        rc = SAPA_ESTATE;
    if (rc != SAPA_OK)
        return rc;
    if (writing->first > 0) {
        head.first = head.first ? SAPA_MIN(head.first, writing->first) : writing->first;
        head.last = SAPA_MAX(head.last, writing->last);
    }
    sapa_text_init(&text, value, sizeof(value));
    sapa_text_printf(&text, "{\"version\":%llu,\"first\":%d,\"last\":%d}", (unsigned long long)head.version + 1, head.first, head.last);
    key = strdup(head_key);
    copy = strdup(value);
    if (!copy) {
        free(key);
        return SAPA_ENOMEM;
    }
    rc = add(writing, key, copy);
    if (rc == SAPA_OK)
        rc = sapa_store_set_all(store, writing->of, writing->count);
    if (rc == SAPA_OK)
        *ret_version = head.version + 1;
    return rc;
}

void sapa_plan_writing_done(struct sapa_plan_writing *writing)
{
    for (size_t i = 0; i < writing->count; i++) {
        free((char *)(uintptr_t)writing->of[i].key);
        free((char *)(uintptr_t)writing->of[i].value);
    }
    free(writing->of);
    *writing = (struct sapa_plan_writing){ .count = 0 };
}

/* ---- reading ---- */

sapa_rc sapa_plan_load(struct sapa_store *store, const struct sapa_zone *zone, struct sapa_str agent, int32_t first, int32_t last,
                       struct sapa_planned **ret, size_t *ret_count)
{
    struct sapa_plan_day *day = malloc(sizeof(*day));
    struct sapa_plan_head head;
    struct sapa_planned *of = NULL;
    size_t count = 0;
    unsigned days = 0;
    sapa_rc rc = day ? sapa_plan_head(store, &head) : SAPA_ENOMEM;

    if (rc == SAPA_OK) {
        first = SAPA_MAX(first, head.first);
        last = SAPA_MIN(last, head.last);
    }
    for (int32_t date = first; rc == SAPA_OK && head.first > 0 && date <= last; date = sapa_shift_date_next(zone, date)) {
        if (++days > SAPA_PLAN_DAYS_MAX) {
            rc = SAPA_ELIMIT;
            break;
        }
        rc = sapa_plan_day(store, agent, date, day);
        struct sapa_planned *grown = rc == SAPA_OK && day->count > 0 ? realloc(of, (count + day->count) * sizeof(*of)) : of;
        if (rc == SAPA_OK && day->count > 0 && !grown) {
            rc = SAPA_ENOMEM;
        } else if (rc == SAPA_OK) {
            of = grown;
            for (size_t i = 0; i < day->count; i++)
                of[count++] = day->of[i];
        }
        rc = rc == SAPA_ENOENT ? SAPA_OK : rc;
    }
    free(day);
    if (rc != SAPA_OK) {
        free(of);
        return rc;
    }
    *ret = of;
    *ret_count = count;
    return SAPA_OK;
}
