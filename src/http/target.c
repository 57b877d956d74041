#include "http/target.h"

#include "http/kept.h"

static const char kind[] = "target";

/* More than any centre counts in a day; the rest is a slip. */
static const double most = 1e9;

bool sapa_target_value(uint32_t figure, const json_t *value, int64_t *ret)
{
    const double number = json_number_value(value);
    struct sapa_figure info;

    sapa_figure_get(figure, &info);
    if (!json_is_number(value) || !(number >= -most && number <= most) || (number < 0 && info.unit != SAPA_UNIT_POINTS) ||
        (info.unit == SAPA_UNIT_RATIO && number > 1) || info.unit == SAPA_UNIT_MOMENT)
        return false;
    const double scaled = number * (info.unit == SAPA_UNIT_RATIO || info.unit == SAPA_UNIT_POINTS ? 1e6 : info.unit == SAPA_UNIT_MONEY ? 100 : 1);
    *ret = (int64_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    return true;
}

void sapa_target_date(int32_t date, char buf[16])
{
    struct sapa_text text;

    sapa_text_init(&text, buf, 16);
    sapa_text_printf(&text, "%04d-%02d-%02d", date / 10000, date / 100 % 100, date % 100);
}

static bool date_of(const json_t *value, int32_t *ret)
{
    return json_is_string(value) && sapa_zone_date((struct sapa_str){ json_string_value(value), json_string_length(value) }, ret) == SAPA_OK;
}

bool sapa_target_read(const json_t *item, struct sapa_goal *ret)
{
    const json_t *figure = json_object_get(item, "figure"), *to = json_object_get(item, "to"), *key = json_object_get(item, "key");
    const json_t *scope = json_object_get(item, "scope"), *owner = json_object_get(item, "owner");
    struct sapa_goal goal = { .scope = 0 };

    while (goal.scope < SAPA_GOAL_OF_DESCRIPTION && !(json_is_string(scope) && strcmp(json_string_value(scope), sapa_goal_scope_name(goal.scope)) == 0))
        goal.scope++;
    goal.figure = json_is_string(figure) ? sapa_figure_find(sapa_str_of(json_string_value(figure))) : SAPA_NONE;
    if (goal.scope == SAPA_GOAL_OF_DESCRIPTION || goal.figure == SAPA_NONE || !date_of(json_object_get(item, "from"), &goal.from) ||
        (!json_is_null(to) && !date_of(to, &goal.to)) || !sapa_target_value(goal.figure, json_object_get(item, "value"), &goal.value))
        return false;
    if (goal.scope == SAPA_GOAL_OF_ALL ? !json_is_null(key)
                                       : !json_is_string(key) || !sapa_str_copy(sapa_str_of(json_string_value(key)), goal.key, sizeof(goal.key)))
        return false;
    if (owner && !json_is_null(owner) && (!json_is_string(owner) || !sapa_str_copy(sapa_str_of(json_string_value(owner)), goal.owner, sizeof(goal.owner))))
        return false;
    *ret = goal;
    return true;
}

sapa_rc sapa_targets_version(struct sapa_store *store, uint64_t *ret)
{
    return sapa_kept_count(store, kind, ret);
}

sapa_rc sapa_targets_get(struct sapa_store *store, uint64_t version, json_t **ret)
{
    return sapa_kept_get(store, kind, version, ret);
}

sapa_rc sapa_targets_add(struct sapa_store *store, json_t *document, uint64_t *ret_version)
{
    return sapa_kept_add(store, kind, SAPA_TARGET_VERSIONS_MAX, document, ret_version);
}

sapa_rc sapa_targets_load(struct sapa_store *store, struct sapa_goals *ret)
{
    uint64_t version = 0;
    json_t *document = NULL, *item;
    sapa_rc rc = sapa_targets_version(store, &version);
    size_t i;

    if (rc == SAPA_OK && version > 0)
        rc = sapa_targets_get(store, version, &document);
    if (rc != SAPA_OK)
        return rc;
    ret->count = 0;
    json_array_foreach(json_object_get(document, "items"), i, item) {
        if (ret->count < SAPA_GOALS_MAX && sapa_target_read(item, &ret->of[ret->count]))
            ret->count++;
    }
    json_decref(document);
    return SAPA_OK;
}
