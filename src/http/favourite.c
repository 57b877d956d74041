#include "http/favourite.h"

#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 8192 }; /* four of them, each letter escaped */

static bool setting_of(struct sapa_str user, char buf[SAPA_STORE_KEY_MAX + 1])
{
    struct sapa_text text;

    sapa_text_init(&text, buf, SAPA_STORE_KEY_MAX + 1);
    sapa_text_printf(&text, "desk.favourites." SAPA_STR_FMT, SAPA_STR_ARG(user));
    return user.n > 0 && !text.cut;
}

sapa_rc sapa_favourites_get(struct sapa_store *store, struct sapa_str user, json_t **ret_items)
{
    char setting[SAPA_STORE_KEY_MAX + 1], value[VALUE_MAX];
    const sapa_rc rc = setting_of(user, setting) ? sapa_store_setting(store, setting, value, sizeof(value)) : SAPA_EINVAL;
    json_t *items = rc == SAPA_ENOENT ? json_array() : rc == SAPA_OK ? json_loads(value, 0, NULL) : NULL;

    if (rc != SAPA_OK && rc != SAPA_ENOENT)
        return rc;
    if (!json_is_array(items)) {
        json_decref(items);
        return SAPA_ECORRUPT;
    }
    *ret_items = items;
    return SAPA_OK;
}

static const char *text_of(const json_t *one, const char *name)
{
    const char *text = json_string_value(json_object_get(one, name));
    const size_t n = text ? strlen(text) : 0;
    bool good = n > 0 && n <= SAPA_FAVOURITE_TEXT_MAX;

    for (size_t i = 0; i < n && good; i++)
        good = (uint8_t)text[i] >= ' ' && text[i] != 0x7f;
    return good ? text : NULL;
}

/* What is not known is left out. NULL: it is none. */
static json_t *favourite_of(const json_t *one)
{
    static const char *const kinds[] = { "queue", "agent", "outside" };
    const char *kind = text_of(one, "kind"), *to = text_of(one, "to"), *name = text_of(one, "name");
    bool known = false;

    for (size_t i = 0; i < SAPA_COUNT(kinds) && kind; i++)
        known |= strcmp(kind, kinds[i]) == 0;
    return known && to && name ? json_pack("{s:s,s:s,s:s}", "kind", kind, "to", to, "name", name) : NULL;
}

static bool is_in(const json_t *items, const json_t *one)
{
    bool found = false;

    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *other = json_array_get(items, i);
        found |= json_equal(json_object_get(other, "kind"), json_object_get(one, "kind")) &&
                 json_equal(json_object_get(other, "to"), json_object_get(one, "to"));
    }
    return found;
}

sapa_rc sapa_favourites_put(struct sapa_store *store, struct sapa_str user, struct sapa_str body, struct sapa_text *problem)
{
    char setting[SAPA_STORE_KEY_MAX + 1];
    json_t *read = json_loadb(body.n ? body.p : "", body.n, JSON_REJECT_DUPLICATES, NULL), *kept = json_array();
    const json_t *items = json_object_get(read, "items");
    sapa_rc rc = !kept ? SAPA_ENOMEM : setting_of(user, setting) ? SAPA_OK : SAPA_EINVAL;

    if (rc == SAPA_OK && (!json_is_array(items) || json_array_size(items) > SAPA_FAVOURITES_MAX)) {
        sapa_text_printf(problem, "items: a list of %d targets at most", SAPA_FAVOURITES_MAX);
        rc = SAPA_EINVAL;
    }
    for (size_t i = 0; rc == SAPA_OK && i < json_array_size(items); i++) {
        json_t *one = favourite_of(json_array_get(items, i));
        if (!one || is_in(kept, one)) {
            sapa_text_printf(problem, "items[%zu]: kind (queue, agent, outside), to and name of %d bytes at most, each target once", i,
                             SAPA_FAVOURITE_TEXT_MAX);
            rc = SAPA_EINVAL;
            json_decref(one);
        } else if (json_array_append_new(kept, one) != 0) {
            rc = SAPA_ENOMEM;
        }
    }
    if (rc == SAPA_OK) {
        char *text = json_dumps(kept, JSON_COMPACT);
        rc = text ? sapa_store_set(store, setting, text) : SAPA_ENOMEM;
        free(text);
    }
    json_decref(kept);
    json_decref(read);
    return rc;
}
