#include "http/task.h"

#include <stdlib.h>
#include <string.h>

#include "http/kept.h"
#include "rt/crypto.h"

static const struct sapa_str context = { "task", 4 };

static bool setting_of(struct sapa_str agent, char buf[SAPA_STORE_KEY_MAX + 1])
{
    struct sapa_text text;

    sapa_text_init(&text, buf, SAPA_STORE_KEY_MAX + 1);
    sapa_text_printf(&text, "desk.task." SAPA_STR_FMT, SAPA_STR_ARG(agent));
    return agent.n > 0 && !text.cut;
}

static sapa_rc read_list(struct sapa_store *store, const char *setting, json_t **ret)
{
    char *value = malloc(SAPA_STORE_VALUE_MAX + 1);
    sapa_rc rc = value ? sapa_store_setting(store, setting, value, SAPA_STORE_VALUE_MAX + 1) : SAPA_ENOMEM;

    if (rc == SAPA_ENOENT)
        *ret = json_pack("{s:I,s:[]}", "last", (json_int_t)0, "tasks");
    else if (rc == SAPA_OK)
        *ret = json_loads(value, 0, NULL);
    if (rc == SAPA_ENOENT || rc == SAPA_OK)
        rc = *ret && json_is_array(json_object_get(*ret, "tasks")) ? SAPA_OK : SAPA_ECORRUPT;
    free(value);
    return rc;
}

static sapa_rc write_list(struct sapa_store *store, const char *setting, const json_t *list)
{
    char *text = json_dumps(list, JSON_COMPACT);
    const sapa_rc rc = !text ? SAPA_ENOMEM : strlen(text) > SAPA_STORE_VALUE_MAX ? SAPA_ELIMIT : sapa_store_set(store, setting, text);

    free(text);
    return rc;
}

static sapa_rc add(struct sapa_store *store, struct sapa_str agent, const struct sapa_task *task, uint64_t *ret_id)
{
    uint8_t sealed[SAPA_TASK_TEXT_MAX + SAPA_SEAL_EXTRA];
    char setting[SAPA_STORE_KEY_MAX + 1], hex[2 * sizeof(sealed) + 1], contact[24], person[24];
    const size_t n = strnlen(task->text, sizeof(task->text));
    json_t *list = NULL;

    if (!setting_of(agent, setting) || n == 0 || n > SAPA_TASK_TEXT_MAX || !sapa_str_utf8((struct sapa_str){ task->text, n }))
        return SAPA_EINVAL;
    for (size_t i = 0; i < n; i++) {
        if ((uint8_t)task->text[i] < ' ' || task->text[i] == 0x7f)
            return SAPA_EINVAL;
    }
    sapa_rc rc = read_list(store, setting, &list);
    json_t *tasks = json_object_get(list, "tasks");
    if (rc == SAPA_OK && json_array_size(tasks) >= SAPA_TASKS_MAX)
        rc = SAPA_ELIMIT;
    if (rc == SAPA_OK)
        rc = sapa_person_seal(store, task->person, context, task->text, n, sealed);
    if (rc == SAPA_OK) {
        const json_int_t id = json_integer_value(json_object_get(list, "last")) + 1;
        struct sapa_text text;
        sapa_text_init(&text, contact, sizeof(contact));
        sapa_text_printf(&text, "%llu", (unsigned long long)task->contact);
        sapa_text_init(&text, person, sizeof(person));
        sapa_text_printf(&text, "%llu", (unsigned long long)task->person);
        json_t *one = json_pack("{s:I,s:s,s:s,s:I,s:I,s:s,s:s}", "id", id, "contact", contact, "person", person, "created_us",
                                (json_int_t)task->created_us, "due_us", (json_int_t)task->due_us, "by", task->by, "text",
                                sapa_hex(sealed, n + SAPA_SEAL_EXTRA, hex));
        if (one && task->breach.figure[0])
            json_object_set_new(one, "breach", json_pack("{s:s,s:i,s:s,s:i,s:I,s:I}", "figure", task->breach.figure, "scope", (int)task->breach.scope, "key",
                                                         task->breach.key, "date", (int)task->breach.date, "value", (json_int_t)task->breach.value, "target",
                                                         (json_int_t)task->breach.target));
        rc = one && json_array_append_new(tasks, one) == 0 && json_object_set_new(list, "last", json_integer(id)) == 0
                 ? write_list(store, setting, list)
                 : SAPA_ENOMEM;
        if (rc == SAPA_OK)
            *ret_id = (uint64_t)id;
    }
    json_decref(list);
    return rc;
}

sapa_rc sapa_task_add(struct sapa_store *store, struct sapa_str agent, const struct sapa_task *task, uint64_t *ret_id)
{
    sapa_store_settings_begin(store); /* read, changed, written: by the API's pool, and by the centre's (app/breach.c) */
    const sapa_rc rc = add(store, agent, task, ret_id);
    sapa_store_settings_end(store);
    return rc;
}

static sapa_rc set(struct sapa_store *store, struct sapa_str agent, uint64_t id, int64_t due_us, bool done)
{
    char setting[SAPA_STORE_KEY_MAX + 1];
    json_t *list = NULL;
    sapa_rc rc = setting_of(agent, setting) ? read_list(store, setting, &list) : SAPA_EINVAL;
    json_t *tasks = json_object_get(list, "tasks");
    bool found = false;

    for (size_t i = 0; rc == SAPA_OK && i < json_array_size(tasks) && !found; i++) {
        json_t *one = json_array_get(tasks, i);
        if (json_integer_value(json_object_get(one, "id")) != (json_int_t)id)
            continue;
        found = true;
        if (done ? json_array_remove(tasks, i) != 0 : json_object_set_new(one, "due_us", json_integer(due_us)) != 0)
            rc = SAPA_ENOMEM;
    }
    if (rc == SAPA_OK)
        rc = found ? write_list(store, setting, list) : SAPA_ENOENT;
    json_decref(list);
    return rc;
}

sapa_rc sapa_task_set(struct sapa_store *store, struct sapa_str agent, uint64_t id, int64_t due_us, bool done)
{
    sapa_store_settings_begin(store);
    const sapa_rc rc = set(store, agent, id, due_us, done);
    sapa_store_settings_end(store);
    return rc;
}

static bool read_breach(const json_t *breach, struct sapa_task_breach *ret)
{
    ret->value = json_integer_value(json_object_get(breach, "value"));
    ret->target = json_integer_value(json_object_get(breach, "target"));
    ret->date = (int32_t)json_integer_value(json_object_get(breach, "date"));
    ret->scope = (uint8_t)json_integer_value(json_object_get(breach, "scope"));
    return !breach || (sapa_kept_text(breach, "figure", ret->figure, sizeof(ret->figure)) && sapa_kept_text(breach, "key", ret->key, sizeof(ret->key)));
}

static uint64_t id_of(const json_t *one, const char *name)
{
    const char *text = json_string_value(json_object_get(one, name));
    uint64_t id;

    return text && sapa_str_u64(sapa_str_of(text), UINT64_MAX, &id) == SAPA_OK ? id : 0;
}

/* What cannot be opened has no text: its person was erased. */
static sapa_rc read_task(struct sapa_store *store, const json_t *one, struct sapa_task *ret)
{
    const char *hex = json_string_value(json_object_get(one, "text"));
    uint8_t sealed[SAPA_TASK_TEXT_MAX + SAPA_SEAL_EXTRA];
    const size_t n = hex ? strlen(hex) / 2 : 0;

    memset(ret, 0, sizeof(*ret));
    ret->id = (uint64_t)json_integer_value(json_object_get(one, "id"));
    ret->contact = id_of(one, "contact");
    ret->person = id_of(one, "person");
    ret->created_us = json_integer_value(json_object_get(one, "created_us"));
    ret->due_us = json_integer_value(json_object_get(one, "due_us"));
    if (n < SAPA_SEAL_EXTRA || n > sizeof(sealed) || !sapa_unhex(hex, sealed, n) || !sapa_kept_text(one, "by", ret->by, sizeof(ret->by)) ||
        !read_breach(json_object_get(one, "breach"), &ret->breach))
        return SAPA_ECORRUPT;
    const sapa_rc rc = sapa_person_unseal(store, ret->person, context, sealed, n, (uint8_t *)ret->text);
    return rc == SAPA_ENOENT ? SAPA_OK : rc;
}

static int by_due(const void *a, const void *b)
{
    const struct sapa_task *x = a, *y = b;
    const int64_t x_us = x->due_us ? x->due_us : INT64_MAX, y_us = y->due_us ? y->due_us : INT64_MAX;

    return x_us != y_us ? (x_us < y_us ? -1 : 1) : x->id < y->id ? -1 : x->id > y->id;
}

sapa_rc sapa_task_each(struct sapa_store *store, struct sapa_str agent, void (*fn)(void *ctx, const struct sapa_task *task), void *ctx)
{
    char setting[SAPA_STORE_KEY_MAX + 1];
    struct sapa_task *sorted = calloc(SAPA_TASKS_MAX, sizeof(*sorted));
    json_t *list = NULL;
    size_t count = 0;
    sapa_rc rc = !sorted ? SAPA_ENOMEM : setting_of(agent, setting) ? read_list(store, setting, &list) : SAPA_EINVAL;
    const json_t *tasks = json_object_get(list, "tasks");

    for (size_t i = 0; rc == SAPA_OK && i < json_array_size(tasks) && count < SAPA_TASKS_MAX; i++)
        rc = read_task(store, json_array_get(tasks, i), &sorted[count++]);
    if (rc == SAPA_OK) {
        qsort(sorted, count, sizeof(*sorted), by_due);
        for (size_t i = 0; i < count; i++)
            fn(ctx, &sorted[i]);
    }
    if (sorted)
        sapa_wipe(sorted, SAPA_TASKS_MAX * sizeof(*sorted));
    free(sorted);
    json_decref(list);
    return rc;
}
