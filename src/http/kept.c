#include "http/kept.h"

#include <stdlib.h>

enum { USUAL_MAX = 8192 }; /* most are small; what is not is read again with more room */

static const char *key_of(const char *kind, uint64_t id, char buf[SAPA_STORE_KEY_MAX + 1])
{
    struct sapa_text text;

    sapa_text_init(&text, buf, SAPA_STORE_KEY_MAX + 1);
    if (id == 0)
        sapa_text_printf(&text, "api.%ss", kind);
    else
        sapa_text_printf(&text, "api.%s.%llu", kind, (unsigned long long)id);
    return buf;
}

sapa_rc sapa_kept_count(struct sapa_store *store, const char *kind, uint64_t *ret)
{
    char text[32], key[SAPA_STORE_KEY_MAX + 1];
    const sapa_rc rc = sapa_store_setting(store, key_of(kind, 0, key), text, sizeof(text));

    if (rc == SAPA_ENOENT) {
        *ret = 0;
        return SAPA_OK;
    }
    return rc == SAPA_OK ? sapa_str_u64(sapa_str_of(text), UINT32_MAX, ret) : rc;
}

sapa_rc sapa_kept_count_set(struct sapa_store *store, const char *kind, uint64_t count)
{
    char text[32], key[SAPA_STORE_KEY_MAX + 1];
    struct sapa_text out;

    sapa_text_init(&out, text, sizeof(text));
    sapa_text_printf(&out, "%llu", (unsigned long long)count);
    return sapa_store_set(store, key_of(kind, 0, key), text);
}

sapa_rc sapa_kept_get(struct sapa_store *store, const char *kind, uint64_t id, json_t **ret)
{
    char usual[USUAL_MAX], key[SAPA_STORE_KEY_MAX + 1], *large = NULL;
    sapa_rc rc = id > 0 ? sapa_store_setting(store, key_of(kind, id, key), usual, sizeof(usual)) : SAPA_ENOENT;

    if (rc == SAPA_ELIMIT) {
        large = malloc(SAPA_STORE_VALUE_MAX + 1);
        rc = large ? sapa_store_setting(store, key, large, SAPA_STORE_VALUE_MAX + 1) : SAPA_ENOMEM;
    }
    json_t *object = rc == SAPA_OK ? json_loads(large ? large : usual, JSON_REJECT_DUPLICATES, NULL) : NULL;
    free(large);
    if (rc != SAPA_OK)
        return rc;
    if (!json_is_object(object)) {
        json_decref(object);
        return SAPA_ECORRUPT;
    }
    *ret = object;
    return SAPA_OK;
}

sapa_rc sapa_kept_put(struct sapa_store *store, const char *kind, uint64_t id, json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL, key[SAPA_STORE_KEY_MAX + 1];
    sapa_rc rc = text ? SAPA_OK : SAPA_EINVAL;

    if (text && strlen(text) > SAPA_STORE_VALUE_MAX)
        rc = SAPA_ELIMIT;
    if (rc == SAPA_OK)
        rc = sapa_store_set(store, key_of(kind, id, key), text);
    free(text);
    json_decref(object);
    return rc;
}

sapa_rc sapa_kept_drop(struct sapa_store *store, const char *kind, uint64_t id)
{
    char key[SAPA_STORE_KEY_MAX + 1];

    return id > 0 ? sapa_store_unset(store, key_of(kind, id, key)) : SAPA_ENOENT;
}

sapa_rc sapa_kept_add(struct sapa_store *store, const char *kind, uint64_t max, json_t *object, uint64_t *ret_id)
{
    uint64_t count = 0;
    sapa_rc rc = sapa_kept_count(store, kind, &count);

    if (rc == SAPA_OK && count >= max)
        rc = SAPA_ELIMIT;
    if (rc != SAPA_OK) {
        json_decref(object);
        return rc;
    }
    if ((rc = sapa_kept_put(store, kind, count + 1, object)) == SAPA_OK &&
        (rc = sapa_kept_count_set(store, kind, count + 1)) == SAPA_OK)
        *ret_id = count + 1;
    return rc;
}

bool sapa_kept_text(const json_t *object, const char *name, char *buf, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));

    return sapa_str_copy(sapa_str_of(text ? text : ""), buf, size);
}

static int nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool sapa_unhex(const char *hex, void *bytes, size_t n)
{
    uint8_t *to = bytes;

    for (size_t i = 0; i < n; i++) {
        const int high = nibble(hex[2 * i]), low = high < 0 ? -1 : nibble(hex[2 * i + 1]);
        if (low < 0)
            return false;
        to[i] = (uint8_t)(high << 4 | low);
    }
    return hex[2 * n] == '\0';
}
