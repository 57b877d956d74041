#include "http/hook.h"

#include "http/kept.h"
#include "http/token.h"
#include "rt/clock.h"

static const struct { uint16_t type; bool usual; const char *name; } events[SAPA_HOOK_EVENT_COUNT] = {
#define X(name, usual) { SAPA_T_##name, usual, #name },
    SAPA_HOOK_EVENTS(X)
#undef X
};
_Static_assert(SAPA_HOOK_EVENT_COUNT <= 62, "bits of struct sapa_hook, and JSON has no more integers");

const char *sapa_hook_event_name(unsigned event)
{
    return event < SAPA_HOOK_EVENT_COUNT ? events[event].name : "?";
}

uint64_t sapa_hook_event_bit(unsigned record_type)
{
    static const uint8_t place[SAPA_T_LIMIT] = {
#define X(name, usual) [SAPA_T_##name] = SAPA_HOOK_EVENT_##name + 1,
        SAPA_HOOK_EVENTS(X)
#undef X
    };

    return record_type < SAPA_T_LIMIT && place[record_type] ? UINT64_C(1) << (place[record_type] - 1) : 0;
}

uint64_t sapa_hook_events_usual(void)
{
    uint64_t bits = 0;

    for (unsigned i = 0; i < SAPA_HOOK_EVENT_COUNT; i++)
        bits |= (uint64_t)events[i].usual << i;
    return bits;
}

uint64_t sapa_hook_event_of(struct sapa_str name)
{
    for (unsigned i = 0; i < SAPA_HOOK_EVENT_COUNT; i++) {
        if (sapa_str_eq(name, sapa_str_of(events[i].name)))
            return UINT64_C(1) << i;
    }
    return 0;
}

sapa_rc sapa_hook_url_check(struct sapa_str url, struct sapa_text *problem)
{
    struct sapa_str rest = url, path;
    const char *wrong = NULL;

    if (sapa_str_starts(url, SAPA_STR("https://")))
        rest.p += 8, rest.n -= 8;
    else if (sapa_str_starts(url, SAPA_STR("http://")))
        rest.p += 7, rest.n -= 7;
    else
        wrong = "begins with https:// or http://";
    const struct sapa_str host = wrong ? rest : sapa_str_cut(rest, '/', &path);
    if (!wrong && url.n > SAPA_HOOK_URL_MAX)
        wrong = "has 500 bytes at most";
    if (!wrong && (host.n == 0 || host.p[0] == ':' || sapa_str_find(host, '?', 0) < host.n))
        wrong = "names a host and, behind a slash, a path";
    if (!wrong && sapa_str_find(host, '@', 0) < host.n)
        wrong = "has no user and no password in it: deliveries are signed";
    for (size_t i = 0; !wrong && i < url.n; i++) {
        if (url.p[i] <= ' ' || (uint8_t)url.p[i] >= 0x7f || strchr("#\"<>\\^`{|}", url.p[i]))
            wrong = "has no blanks, no fragment and nothing that is not ASCII";
    }
    if (wrong)
        sapa_text_printf(problem, "url: an address %s", wrong);
    return wrong ? SAPA_EINVAL : SAPA_OK;
}

/* ---- as it is kept ---- */

static json_t *object_of(const struct sapa_hook *hook)
{
    char hex[2 * sizeof(hook->sealed) + 1];

    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:b,s:b}", "url", hook->url, "secret_ref", hook->secret_ref,
                     "secret", sapa_hex(hook->sealed, sizeof(hook->sealed), hex), "clients", hook->clients, "by", hook->by,
                     "events", (json_int_t)hook->events, "turn", (json_int_t)hook->turn, "replay_turn",
                     (json_int_t)hook->replay_turn, "replay_from", (json_int_t)hook->replay_from, "created_us",
                     (json_int_t)hook->created_us, "ended_us", (json_int_t)hook->ended_us, "personal", (int)hook->personal,
                     "active", (int)hook->active);
}

static uint64_t number(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

static sapa_rc read_one(struct sapa_store *store, uint64_t id, struct sapa_hook *ret)
{
    struct sapa_hook hook = { .id = id };
    json_t *object;
    sapa_rc rc = sapa_kept_get(store, "hook", id, &object);

    if (rc != SAPA_OK)
        return rc;
    const char *hex = json_string_value(json_object_get(object, "secret"));
    if (!hex || !sapa_unhex(hex, hook.sealed, sizeof(hook.sealed)) || !sapa_kept_text(object, "url", hook.url, sizeof(hook.url)) ||
        !sapa_kept_text(object, "secret_ref", hook.secret_ref, sizeof(hook.secret_ref)) ||
        !sapa_kept_text(object, "clients", hook.clients, sizeof(hook.clients)) ||
        !sapa_kept_text(object, "by", hook.by, sizeof(hook.by)))
        rc = SAPA_ECORRUPT;
    hook.events = number(object, "events");
    hook.turn = number(object, "turn");
    hook.replay_turn = number(object, "replay_turn");
    hook.replay_from = number(object, "replay_from");
    hook.created_us = (int64_t)number(object, "created_us");
    hook.ended_us = (int64_t)number(object, "ended_us");
    hook.personal = json_is_true(json_object_get(object, "personal"));
    hook.active = json_is_true(json_object_get(object, "active"));
    json_decref(object);
    if (rc == SAPA_OK)
        *ret = hook;
    return rc;
}

static void secret_key(struct sapa_store *store, struct sapa_key *ret)
{
    sapa_store_key(store, "sapa webhooks", ret);
}

static sapa_rc count_living(struct sapa_store *store, uint64_t count, unsigned *ret)
{
    struct sapa_hook hook;

    *ret = 0;
    for (uint64_t id = 1; id <= count; id++) {
        const sapa_rc rc = read_one(store, id, &hook);
        if (rc != SAPA_OK && rc != SAPA_ENOENT)
            return rc;
        *ret += rc == SAPA_OK && hook.ended_us == 0;
    }
    return SAPA_OK;
}

sapa_rc sapa_hook_create(struct sapa_store *store, const struct sapa_hook *wish, char ret_secret[SAPA_HOOK_SECRET_SIZE],
                         struct sapa_hook *ret)
{
    struct sapa_hook hook = *wish;
    char secret[SAPA_HOOK_SECRET_SIZE] = "";
    uint64_t count;
    unsigned living = 0;
    sapa_rc rc = sapa_kept_count(store, "hook", &count);

    if (rc == SAPA_OK)
        rc = count_living(store, count, &living);
    if (rc != SAPA_OK)
        return rc;
    if (living >= SAPA_HOOKS_MAX)
        return SAPA_ELIMIT;
    memset(hook.sealed, 0, sizeof(hook.sealed));
    if (hook.secret_ref[0] == '\0') {
        struct sapa_key random, key;
        sapa_key_random(&random);
        memcpy(secret, "whsec_", 6);
        sapa_hex(random.bytes, sizeof(random.bytes), secret + 6);
        secret_key(store, &key);
        sapa_seal(&key, "webhook", 7, secret, SAPA_HOOK_SECRET_SIZE - 1, hook.sealed);
        sapa_wipe(&key, sizeof(key));
        sapa_wipe(&random, sizeof(random));
    }
    hook.turn = hook.replay_turn = 1;
    if (hook.replay_from == 0)
        hook.replay_from = sapa_store_tail(store).seq + 1;
    hook.created_us = sapa_wall_us();
    hook.ended_us = 0;
    hook.active = true;
    rc = sapa_kept_add(store, "hook", SAPA_HOOKS_EVER_MAX, object_of(&hook), &hook.id);
    if (rc == SAPA_OK) {
        memcpy(ret_secret, secret, sizeof(secret));
        *ret = hook;
    }
    sapa_wipe(secret, sizeof(secret));
    return rc;
}

sapa_rc sapa_hook_get(struct sapa_store *store, uint64_t id, struct sapa_hook *ret)
{
    struct sapa_hook hook;
    const sapa_rc rc = id <= SAPA_HOOKS_EVER_MAX ? read_one(store, id, &hook) : SAPA_ENOENT;

    if (rc == SAPA_OK && hook.ended_us != 0)
        return SAPA_ENOENT;
    if (rc == SAPA_OK)
        *ret = hook;
    return rc;
}

sapa_rc sapa_hook_change(struct sapa_store *store, struct sapa_hook *hook)
{
    hook->turn++;
    if (hook->ended_us != 0)
        sapa_wipe(hook->sealed, sizeof(hook->sealed));
    return sapa_kept_put(store, "hook", hook->id, object_of(hook));
}

sapa_rc sapa_hook_each(struct sapa_store *store, sapa_hook_fn *fn, void *ctx)
{
    struct sapa_hook hook;
    uint64_t count;
    sapa_rc rc = sapa_kept_count(store, "hook", &count);

    for (uint64_t id = 1; rc == SAPA_OK && id <= count; id++) {
        rc = sapa_hook_get(store, id, &hook);
        if (rc == SAPA_OK)
            fn(ctx, &hook);
        else if (rc == SAPA_ENOENT)
            rc = SAPA_OK;
    }
    return rc;
}

sapa_rc sapa_hook_secret(struct sapa_store *store, const struct sapa_hook *hook, char ret_secret[SAPA_HOOK_SECRET_SIZE])
{
    struct sapa_key key;
    uint8_t plain[SAPA_HOOK_SECRET_SIZE - 1];

    secret_key(store, &key);
    const sapa_rc rc = sapa_unseal(&key, "webhook", 7, hook->sealed, sizeof(hook->sealed), plain);
    sapa_wipe(&key, sizeof(key));
    if (rc == SAPA_OK) {
        memcpy(ret_secret, plain, sizeof(plain));
        ret_secret[sizeof(plain)] = '\0';
    }
    sapa_wipe(plain, sizeof(plain));
    return rc;
}

sapa_rc sapa_hook_place(struct sapa_store *store, const struct sapa_hook *hook, struct sapa_hook_place *ret)
{
    struct sapa_hook_place place = { .turn = 0 };
    json_t *object;
    const sapa_rc rc = sapa_kept_get(store, "hook.place", hook->id, &object);

    if (rc == SAPA_OK) {
        place.turn = number(object, "turn");
        place.offset = number(object, "offset");
        place.delivered = number(object, "delivered");
        place.gone = json_is_true(json_object_get(object, "gone"));
        json_decref(object);
    } else if (rc != SAPA_ENOENT) {
        return rc;
    }
    if (place.turn < hook->turn) {
        if (hook->replay_turn > place.turn)
            place.offset = hook->replay_from - 1;
        place.turn = hook->turn;
        place.gone = false;
    }
    *ret = place;
    return SAPA_OK;
}

sapa_rc sapa_hook_place_set(struct sapa_store *store, uint64_t id, const struct sapa_hook_place *place)
{
    return sapa_kept_put(store, "hook.place", id,
                         json_pack("{s:I,s:I,s:I,s:b}", "turn", (json_int_t)place->turn, "offset", (json_int_t)place->offset,
                                   "delivered", (json_int_t)place->delivered, "gone", (int)place->gone));
}

/* ---- as it is shown ---- */

static void add_or_null(struct sapa_json *out, const char *key, const char *text)
{
    if (text[0])
        sapa_json_add_text(out, key, sapa_str_of(text));
    else
        sapa_json_add_null(out, key);
}

void sapa_hook_json(const struct sapa_hook *hook, const struct sapa_hook_place *place, const struct sapa_hook_state *state,
                    uint64_t last_seq, struct sapa_json *out)
{
    static const char *const kinds[] = { "active", "failing", "paused", "gone" };
    const uint64_t offset = SAPA_MAX(place->offset, state ? state->offset : 0);
    unsigned kind = state ? state->kind : SAPA_HOOK_ACTIVE;

    if (!hook->active)
        kind = SAPA_HOOK_PAUSED;
    else if (place->gone)
        kind = SAPA_HOOK_GONE;
    else if (kind >= SAPA_HOOK_PAUSED)
        kind = SAPA_HOOK_ACTIVE; /* of a moment ago */
    sapa_json_open(out, '{');
    sapa_json_add_id(out, "id", hook->id);
    sapa_json_add_text(out, "url", sapa_str_of(hook->url));
    sapa_json_key(out, "events");
    sapa_json_open(out, '[');
    for (unsigned i = 0; i < SAPA_HOOK_EVENT_COUNT; i++) {
        if (hook->events >> i & 1)
            sapa_json_text(out, sapa_str_of(events[i].name));
    }
    sapa_json_close(out, ']');
    sapa_clients_json(hook->clients, out);
    sapa_json_add_bool(out, "personal", hook->personal);
    add_or_null(out, "secret_ref", hook->secret_ref);
    sapa_json_add_text(out, "by", sapa_str_of(hook->by));
    sapa_json_add_time(out, "created", hook->created_us);
    sapa_json_add_text(out, "state", sapa_str_of(kinds[kind]));
    sapa_json_add_id(out, "offset", offset);
    sapa_json_add_number(out, "lag", last_seq > offset ? (int64_t)(last_seq - offset) : 0);
    sapa_json_add_number(out, "delivered", (int64_t)SAPA_MAX(place->delivered, state ? state->delivered : 0));
    sapa_json_add_number(out, "failures", state ? (int64_t)state->failures : 0);
    sapa_json_key(out, "last_status");
    if (state && state->status)
        sapa_json_number(out, state->status);
    else
        sapa_json_null(out);
    add_or_null(out, "last_error", state ? state->error : "");
    sapa_json_add_time(out, "last_delivery", state ? state->last_us : 0);
    sapa_json_add_time(out, "next_try", state && state->failures ? state->next_us : 0);
    sapa_json_close(out, '}');
}

void sapa_hook_sign(struct sapa_str secret, int64_t timestamp_s, struct sapa_str body, char ret_hex[65])
{
    /* RFC 2104 in pieces, so that a body need not be copied behind its timestamp */
    uint8_t key[64] = { 0 }, pad[64], mac[SAPA_SHA256_SIZE];
    char head[32];
    struct sapa_text text;
    struct sapa_sha256 sha;

    if (secret.n > sizeof(key))
        sapa_sha256(secret.p, secret.n, key);
    else if (secret.n > 0)
        memcpy(key, secret.p, secret.n);
    sapa_text_init(&text, head, sizeof(head));
    sapa_text_printf(&text, "%lld.", (long long)timestamp_s);
    for (size_t i = 0; i < sizeof(pad); i++)
        pad[i] = key[i] ^ 0x36;
    sapa_sha256_begin(&sha);
    sapa_sha256_add(&sha, pad, sizeof(pad));
    sapa_sha256_add(&sha, head, text.n);
    sapa_sha256_add(&sha, body.p, body.n);
    sapa_sha256_end(&sha, mac);
    for (size_t i = 0; i < sizeof(pad); i++)
        pad[i] = key[i] ^ 0x5c;
    sapa_sha256_begin(&sha);
    sapa_sha256_add(&sha, pad, sizeof(pad));
    sapa_sha256_add(&sha, mac, sizeof(mac));
    sapa_sha256_end(&sha, mac);
    sapa_hex(mac, sizeof(mac), ret_hex);
    sapa_wipe(key, sizeof(key));
    sapa_wipe(pad, sizeof(pad));
}
