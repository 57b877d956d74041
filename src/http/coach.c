#include "http/coach.h"

#include "http/kept.h"
#include "rt/crypto.h"

enum { KINDS_MAX = 1000000 };

static const struct sapa_str context = { "coach", 5 };

static bool kind_of(struct sapa_str agent, char buf[SAPA_STORE_KEY_MAX])
{
    struct sapa_text text;

    sapa_text_init(&text, buf, SAPA_STORE_KEY_MAX - 32); /* "api." before it, a number behind */
    sapa_text_printf(&text, "coach." SAPA_STR_FMT, SAPA_STR_ARG(agent));
    return agent.n > 0 && !text.cut;
}

static bool is_text(struct sapa_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (((uint8_t)text.p[i] < ' ' && text.p[i] != '\n') || text.p[i] == 0x7f)
            return false;
    }
    return text.n > 0 && text.n <= SAPA_COACH_TEXT_MAX && sapa_str_utf8(text);
}

static uint64_t id_of(const json_t *one, const char *name)
{
    const char *text = json_string_value(json_object_get(one, name));
    uint64_t id;

    return text && sapa_str_u64(sapa_str_of(text), UINT64_MAX, &id) == SAPA_OK ? id : 0;
}

/* What cannot be opened has no text: its person was erased. */
static sapa_rc read_note(struct sapa_store *store, uint64_t id, const json_t *one, struct sapa_coach_note *ret)
{
    const char *hex = json_string_value(json_object_get(one, "text"));
    uint8_t sealed[SAPA_COACH_TEXT_MAX + SAPA_SEAL_EXTRA];
    const size_t n = hex ? strlen(hex) / 2 : 0;

    *ret = (struct sapa_coach_note){
        .id = id, .recording = id_of(one, "recording"), .contact = id_of(one, "contact"), .person = id_of(one, "person"),
        .at_ms = json_integer_value(json_object_get(one, "at_ms")), .length_ms = json_integer_value(json_object_get(one, "length_ms")),
        .created_us = json_integer_value(json_object_get(one, "created_us")), .done_us = json_integer_value(json_object_get(one, "done_us")),
    };
    if (n < SAPA_SEAL_EXTRA || n > sizeof(sealed) || !sapa_unhex(hex, sealed, n) || !sapa_kept_text(one, "by", ret->by, sizeof(ret->by)) ||
        !sapa_kept_text(one, "client", ret->client, sizeof(ret->client)))
        return SAPA_ECORRUPT;
    const sapa_rc rc = sapa_person_unseal(store, ret->person, context, sealed, n, (uint8_t *)ret->text);
    return rc == SAPA_ENOENT ? SAPA_OK : rc;
}

static sapa_rc get(struct sapa_store *store, struct sapa_str agent, uint64_t id, json_t **ret)
{
    char kind[SAPA_STORE_KEY_MAX];
    json_t *one = NULL;
    const sapa_rc rc = kind_of(agent, kind) ? sapa_kept_get(store, kind, id, &one) : SAPA_EINVAL;

    if (rc == SAPA_OK && json_is_true(json_object_get(one, "gone"))) {
        json_decref(one);
        return SAPA_ENOENT;
    }
    if (rc == SAPA_OK)
        *ret = one;
    return rc;
}

sapa_rc sapa_coach_get(struct sapa_store *store, struct sapa_str agent, uint64_t id, struct sapa_coach_note *ret)
{
    json_t *one = NULL;
    sapa_rc rc = get(store, agent, id, &one);

    if (rc == SAPA_OK)
        rc = read_note(store, id, one, ret);
    json_decref(one);
    return rc;
}

static void count_open(void *ctx, const struct sapa_coach_note *note)
{
    *(unsigned *)ctx += note->done_us == 0;
}

sapa_rc sapa_coach_add(struct sapa_store *store, struct sapa_str agent, const struct sapa_coach_note *note, uint64_t *ret_id)
{
    uint8_t sealed[SAPA_COACH_TEXT_MAX + SAPA_SEAL_EXTRA];
    char kind[SAPA_STORE_KEY_MAX], hex[2 * sizeof(sealed) + 1], ids[3][24];
    const struct sapa_str words = { note->text, strnlen(note->text, sizeof(note->text)) };
    const uint64_t numbers[3] = { note->recording, note->contact, note->person };
    unsigned open = 0;

    if (!kind_of(agent, kind) || !is_text(words))
        return SAPA_EINVAL;
    sapa_rc rc = sapa_coach_each(store, agent, 0, count_open, &open);
    if (rc == SAPA_OK && open >= SAPA_COACH_OPEN_MAX)
        rc = SAPA_ELIMIT;
    if (rc == SAPA_OK)
        rc = sapa_person_seal(store, note->person, context, words.p, words.n, sealed);
    if (rc != SAPA_OK)
        return rc;
    for (size_t i = 0; i < 3; i++) {
        struct sapa_text text;
        sapa_text_init(&text, ids[i], sizeof(ids[i]));
        sapa_text_printf(&text, "%llu", (unsigned long long)numbers[i]);
    }
    return sapa_kept_add(store, kind, KINDS_MAX,
                         json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:s,s:s,s:s}", "recording", ids[0], "contact", ids[1], "person", ids[2], "at_ms",
                                   (json_int_t)note->at_ms, "length_ms", (json_int_t)note->length_ms, "created_us", (json_int_t)note->created_us,
                                   "done_us", (json_int_t)0, "client", note->client, "by", note->by, "text", sapa_hex(sealed, words.n + SAPA_SEAL_EXTRA, hex)),
                         ret_id);
}

sapa_rc sapa_coach_done(struct sapa_store *store, struct sapa_str agent, uint64_t id, int64_t at_us)
{
    char kind[SAPA_STORE_KEY_MAX];
    json_t *one = NULL;
    sapa_rc rc = kind_of(agent, kind) ? get(store, agent, id, &one) : SAPA_EINVAL;

    if (rc == SAPA_OK && json_integer_value(json_object_get(one, "done_us")) == 0) {
        if (json_object_set_new(one, "done_us", json_integer(at_us)) == 0)
            return sapa_kept_put(store, kind, id, one);
        rc = SAPA_ENOMEM;
    }
    json_decref(one);
    return rc;
}

sapa_rc sapa_coach_end(struct sapa_store *store, struct sapa_str agent, uint64_t id, const char *by)
{
    char kind[SAPA_STORE_KEY_MAX];
    json_t *one = NULL;
    sapa_rc rc = kind_of(agent, kind) ? get(store, agent, id, &one) : SAPA_EINVAL;
    const char *author = json_string_value(json_object_get(one, "by"));

    if (rc == SAPA_OK && (!author || strcmp(author, by) != 0))
        rc = SAPA_EDENIED;
    json_decref(one);
    return rc == SAPA_OK ? sapa_kept_put(store, kind, id, json_pack("{s:b}", "gone", 1)) : rc; /* its number is not given again */
}

sapa_rc sapa_coach_each(struct sapa_store *store, struct sapa_str agent, int64_t since_us,
                        void (*fn)(void *ctx, const struct sapa_coach_note *note), void *ctx)
{
    char kind[SAPA_STORE_KEY_MAX];
    struct sapa_coach_note note;
    uint64_t count = 0;
    sapa_rc rc = kind_of(agent, kind) ? sapa_kept_count(store, kind, &count) : SAPA_EINVAL;

    for (uint64_t id = count; rc == SAPA_OK && id > 0 && count - id < SAPA_COACH_SEEN_MAX; id--) {
        rc = sapa_coach_get(store, agent, id, &note);
        if (rc == SAPA_OK && note.created_us < since_us)
            break;
        if (rc == SAPA_OK)
            fn(ctx, &note);
        rc = rc == SAPA_ENOENT ? SAPA_OK : rc; /* taken back */
    }
    sapa_wipe(&note, sizeof(note));
    return rc;
}
