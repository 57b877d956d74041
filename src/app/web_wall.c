#include "app/web_wall.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/web_job_impl.h"
#include "http/token.h"
#include "rt/clock.h"

enum { TEXT_MAX = 32768, TITLE_MAX = 60 };

struct boards {
    const struct sapa_web_files *files;
    struct sapa_web_work *work;
    json_t *list; /* [{"id","version","first","tokens":[…]}]; first: the oldest version that is kept, 1 without */
};

bool sapa_wall_key_is(struct sapa_str key)
{
    for (size_t i = 0; i < key.n; i++) {
        const char c = key.p[i];
        if (!(c >= 'a' && c <= 'z') && (i == 0 || (c != '-' && !(c >= '0' && c <= '9'))))
            return false;
    }
    return key.n > 0 && key.n <= SAPA_WALL_KEY_MAX;
}

/* ---- what is a board ---- */

static bool text_is(const json_t *value, size_t most)
{
    const struct sapa_str text = { json_string_value(value), json_string_length(value) };

    if (!json_is_string(value) || text.n == 0 || text.n > most)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if ((uint8_t)text.p[i] < ' ' || text.p[i] == 0x7f)
            return false;
    }
    return true;
}

static bool is_word(const json_t *value, const char *word)
{
    return json_is_string(value) && strcmp(json_string_value(value), word) == 0;
}

static bool is_figure(const char *figure, bool now)
{
    static const char *const nows[] = { "waiting", "callbacks_waiting", "ringing", "talking", "oldest", "agents_ready", "agents_busy", "agents_not_ready" };

    for (size_t i = 0; now && i < SAPA_COUNT(nows); i++) {
        if (strcmp(figure, nows[i]) == 0)
            return true;
    }
    for (unsigned i = 0; !now && i < SAPA_LIVE_FIGURE_COUNT; i++) {
        if (strcmp(figure, sapa_live_figure_key(i)) == 0)
            return true;
    }
    return false;
}

static sapa_rc wrong(struct sapa_text *out, size_t page, size_t tile, const char *what)
{
    sapa_text_printf(out, "page %zu, tile %zu: %s", page + 1, tile + 1, what);
    return SAPA_EINVAL;
}

static bool is_limit(const json_t *value)
{
    return json_is_null(value) || (json_is_number(value) && json_number_value(value) >= 0 && json_number_value(value) <= 1e12);
}

static sapa_rc check_tile(const json_t *tile, const struct sapa_centre *centre, const struct sapa_scope *scope, size_t page, size_t at,
                          struct sapa_text *out, uint64_t *clients)
{
    const json_t *of = json_object_get(tile, "scope"), *key = json_object_get(tile, "key"), *period = json_object_get(tile, "period");
    const json_t *figure = json_object_get(tile, "figure"), *warn = json_object_get(tile, "warn"), *bad = json_object_get(tile, "bad");
    const bool all = is_word(of, "all"), client = is_word(of, "client"), queue = is_word(of, "queue"), team = is_word(of, "team"), now = is_word(period, "now");
    const struct sapa_str name = { json_string_value(key), json_string_length(key) };

    if (json_object_size(tile) != 6 || (!all && !client && !queue && !team) || (!now && !is_word(period, "today") && !is_word(period, "recent")))
        return wrong(out, page, at, "scope (all, client, queue, team), key, figure, period (now, today, recent), warn and bad are wanted, and nothing else");
    if (all ? !json_is_null(key) : !json_is_string(key))
        return wrong(out, page, at, "key names the client, the queue or the team, and is null with all");
    if (!json_is_string(figure) || !is_figure(json_string_value(figure), now))
        return wrong(out, page, at, "there is no such figure for this period");
    if (!is_limit(warn) || !is_limit(bad) || (json_is_null(warn) && !json_is_null(bad)))
        return wrong(out, page, at, "warn and bad are numbers or null; bad needs warn");
    if (all) {
        *clients = UINT64_MAX;
        return scope->clients == UINT64_MAX ? SAPA_OK : wrong(out, page, at, "figures of the whole centre are for who sees all clients");
    }
    if (team) {
        const uint32_t which = SAPA_FIND(centre, teams, name);
        *clients = UINT64_MAX; /* its people may work for any of them */
        if (which == SAPA_NONE || scope->clients != UINT64_MAX || !sapa_scope_team(scope, centre, which))
            return wrong(out, page, at, "there is no such team");
        return !now && sapa_figure_is_shown(sapa_figure_find(sapa_str_of(json_string_value(figure))), SAPA_ROWS_AGENTS)
                   ? SAPA_OK
                   : wrong(out, page, at, "of a team there are figures of agents, of today and of the last 30 minutes");
    }
    const uint32_t index = client ? SAPA_FIND(centre, clients, name) : SAPA_FIND(centre, queues, name);
    const uint32_t whose = index == SAPA_NONE || client ? index : centre->queues[index].client;
    if (index == SAPA_NONE || !sapa_scope_client(scope, whose))
        return wrong(out, page, at, client ? "there is no such client" : "there is no such queue");
    *clients |= whose < 64 ? UINT64_C(1) << whose : UINT64_MAX;
    return SAPA_OK;
}

sapa_rc sapa_wall_check(const json_t *board, const struct sapa_centre *centre, const struct sapa_scope *scope,
                        struct sapa_text *out, uint64_t *ret_clients)
{
    const json_t *pages = json_object_get(board, "pages"), *page, *tile;
    const json_int_t seconds = json_integer_value(json_object_get(board, "seconds"));
    size_t i, k;

    *ret_clients = 0;
    if (!text_is(json_object_get(board, "title"), TITLE_MAX)) {
        sapa_text_printf(out, "title: a text of 1 to %d bytes", TITLE_MAX);
        return SAPA_EINVAL;
    }
    if (seconds < SAPA_WALL_SECONDS_MIN || seconds > SAPA_WALL_SECONDS_MAX) {
        sapa_text_printf(out, "seconds: %d to %d", SAPA_WALL_SECONDS_MIN, SAPA_WALL_SECONDS_MAX);
        return SAPA_EINVAL;
    }
    if (json_array_size(pages) < 1 || json_array_size(pages) > SAPA_WALL_PAGES_MAX) {
        sapa_text_printf(out, "pages: 1 to %d", SAPA_WALL_PAGES_MAX);
        return SAPA_EINVAL;
    }
    json_array_foreach(pages, i, page) {
        const json_t *tiles = json_object_get(page, "tiles");
        if (json_object_size(page) != 2 || !text_is(json_object_get(page, "title"), TITLE_MAX) || json_array_size(tiles) < 1 ||
            json_array_size(tiles) > SAPA_WALL_TILES_MAX) {
            sapa_text_printf(out, "page %zu: a title of 1 to %d bytes and 1 to %d tiles are wanted", i + 1, TITLE_MAX, SAPA_WALL_TILES_MAX);
            return SAPA_EINVAL;
        }
        json_array_foreach(tiles, k, tile) {
            const sapa_rc rc = check_tile(tile, centre, scope, i, k, out, ret_clients);
            if (rc != SAPA_OK)
                return rc;
        }
    }
    return SAPA_OK;
}

/* ---- as they are kept ---- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

static json_t *entry_of(const json_t *list, const char *id)
{
    json_t *entry;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)list, i, entry) {
        if (strcmp(text_of(entry, "id"), id) == 0)
            return entry;
    }
    return NULL;
}

static sapa_rc get(struct sapa_store *store, const char *key, json_t **ret)
{
    char *text = malloc(TEXT_MAX);
    sapa_rc rc = text ? sapa_store_setting(store, key, text, TEXT_MAX) : SAPA_ENOMEM;

    if (rc == SAPA_OK) {
        *ret = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        rc = *ret ? SAPA_OK : SAPA_ECORRUPT;
    }
    free(text);
    return rc;
}

static sapa_rc put(struct sapa_store *store, const char *key, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    const sapa_rc rc = !text ? SAPA_ENOMEM : strlen(text) >= TEXT_MAX ? SAPA_ELIMIT : sapa_store_set(store, key, text);

    free(text);
    return rc;
}

static const char *key_of(const char *id, json_int_t version, char buf[80])
{
    snprintf(buf, 80, "api.wall.%.40s.%lld", id, (long long)version);
    return buf;
}

static json_int_t oldest(const json_t *entry)
{
    const json_int_t first = json_integer_value(json_object_get(entry, "first"));

    return first > 0 ? first : 1;
}

/* Versions from `first` up to `end`, not included, go. The list does not name them any more: a kill in between leaves them, unseen. */
static sapa_rc forget(struct boards *boards, const char *id, json_int_t first, json_int_t end)
{
    sapa_rc rc = SAPA_OK;

    for (json_int_t version = first; rc == SAPA_OK && version < end; version++) {
        char key[80];
        rc = sapa_store_unset(boards->files->store, key_of(id, version, key));
    }
    return rc;
}

static sapa_rc read_list(struct boards *boards)
{
    const sapa_rc rc = get(boards->files->store, "api.walls", &boards->list);

    if (rc == SAPA_ENOENT)
        boards->list = json_array();
    return rc == SAPA_ENOENT ? (boards->list ? SAPA_OK : SAPA_ENOMEM) : rc;
}

/* A board that this description has no queue for any more is shown still, so that it can be mended. */
static uint64_t clients_of(const struct boards *boards, const json_t *board)
{
    const struct sapa_centre *centre = boards->work->centre;
    const json_t *page, *tile;
    uint64_t clients = 0;
    size_t i, k;

    json_array_foreach(json_object_get(board, "pages"), i, page) {
        json_array_foreach(json_object_get(page, "tiles"), k, tile) {
            const struct sapa_str name = sapa_str_of(text_of(tile, "key"));
            const uint32_t client = SAPA_FIND(centre, clients, name), queue = SAPA_FIND(centre, queues, name);
            const uint32_t whose = is_word(json_object_get(tile, "scope"), "client") ? client : queue != SAPA_NONE ? centre->queues[queue].client : SAPA_NONE;
            if (is_word(json_object_get(tile, "scope"), "all") || is_word(json_object_get(tile, "scope"), "team"))
                clients = UINT64_MAX;
            else if (whose < 64)
                clients |= UINT64_C(1) << whose;
        }
    }
    return clients;
}

/* A screen sees its own board; others see those whose figures they may see. */
static bool may_see(const struct boards *boards, const char *id, const json_t *board)
{
    const struct sapa_web_work *work = boards->work;

    if (!(work->rights & SAPA_RIGHT_BIT(LIVE)))
        return strncmp(work->user, "wall.", 5) == 0 && strcmp(work->user + 5, id) == 0;
    return (clients_of(boards, board) & ~work->scope.clients) == 0;
}

static json_t *shown(const json_t *board, const json_t *entry)
{
    json_t *out = json_deep_copy(board);

    if (out)
        json_object_set_new(out, "links", json_integer((json_int_t)json_array_size(json_object_get(entry, "tokens"))));
    return out;
}

static sapa_rc say(struct boards *boards, json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;

    json_decref(value);
    if (!text)
        return SAPA_ENOMEM;
    sapa_json_bytes(&boards->work->out, text, strlen(text));
    free(text);
    return SAPA_OK;
}

static sapa_rc none(struct boards *boards)
{
    return problem(boards->work, SAPA_ENOENT, "there is no wallboard \"%.64s\"", sapa_params_get(&boards->work->params, "board"));
}

static sapa_rc list(struct boards *boards)
{
    json_t *items = json_array(), *entry;
    size_t i;

    json_array_foreach(boards->list, i, entry) {
        char key[80];
        json_t *board;
        const sapa_rc rc = get(boards->files->store, key_of(text_of(entry, "id"), json_integer_value(json_object_get(entry, "version")), key), &board);
        if (rc != SAPA_OK) {
            json_decref(items);
            return rc;
        }
        if (may_see(boards, text_of(entry, "id"), board))
            json_array_append_new(items, shown(board, entry));
        json_decref(board);
    }
    return say(boards, json_pack("{s:o}", "items", items));
}

static sapa_rc one(struct boards *boards)
{
    const char *id = sapa_params_get(&boards->work->params, "board"), *wanted = sapa_params_get(&boards->work->params, "version");
    const json_t *entry = entry_of(boards->list, id);
    char key[80];
    json_t *board;

    if (!entry)
        return none(boards);
    const json_int_t now = json_integer_value(json_object_get(entry, "version")), version = wanted[0] ? atoll(wanted) : now;
    if (version < oldest(entry) || version > now)
        return problem(boards->work, SAPA_ENOENT, "this wallboard has the versions %lld to %lld", (long long)oldest(entry), (long long)now);
    const sapa_rc rc = get(boards->files->store, key_of(id, version, key), &board);
    if (rc != SAPA_OK)
        return rc;
    json_t *out = may_see(boards, id, board) ? shown(board, entry) : NULL;
    json_decref(board);
    return out ? say(boards, out) : none(boards);
}

/* The board that is there now, if he may see it. */
static sapa_rc present(struct boards *boards, json_t **ret_entry, uint64_t *ret_clients)
{
    const char *id = sapa_params_get(&boards->work->params, "board");
    json_t *entry = entry_of(boards->list, id), *board;
    char key[80];

    if (!entry)
        return none(boards);
    const sapa_rc rc = get(boards->files->store, key_of(id, json_integer_value(json_object_get(entry, "version")), key), &board);
    if (rc != SAPA_OK)
        return rc;
    const bool seen = may_see(boards, id, board);
    *ret_clients = clients_of(boards, board);
    json_decref(board);
    if (!seen)
        return none(boards);
    *ret_entry = entry;
    return SAPA_OK;
}

static sapa_rc change(struct boards *boards)
{
    struct sapa_web_work *work = boards->work;
    const char *id = sapa_params_get(&work->params, "board");
    json_t *board = json_loadb(work->text ? work->text : "", work->text_n, JSON_REJECT_DUPLICATES, NULL), *entry = NULL;
    const json_int_t from = json_integer_value(json_object_get(board, "version"));
    struct sapa_text text;
    uint64_t clients, before;
    struct sapa_json at = { .p = NULL };
    json_int_t first = 0, end = 0;
    char key[80];
    sapa_rc rc;

    sapa_text_init(&text, work->problem, sizeof(work->problem));
    rc = !board ? SAPA_EINVAL : sapa_wall_check(board, work->centre, &work->scope, &text, &clients);
    if (rc == SAPA_OK && !sapa_wall_key_is(sapa_str_of(id)))
        rc = problem(boards->work, SAPA_EINVAL, "the key of a wallboard has small letters, digits and dashes, begins with a letter and has %d bytes at most", SAPA_WALL_KEY_MAX);
    if (rc == SAPA_OK && entry_of(boards->list, id))
        rc = present(boards, &entry, &before);
    const json_int_t now = json_integer_value(json_object_get(entry, "version"));
    if (rc == SAPA_OK && from != now)
        rc = problem(boards->work, SAPA_ESTATE, now ? "somebody has changed it meanwhile: it is version %lld" : "there is no such wallboard to be changed, version %lld", (long long)now);
    if (rc == SAPA_OK && entry && (clients & ~before) != 0 && json_array_size(json_object_get(entry, "tokens")) > 0)
        rc = problem(boards->work, SAPA_ESTATE, "its links are for screens that may see less: end them first, then make new ones");
    if (rc == SAPA_OK && !entry && json_array_size(boards->list) >= SAPA_WALLS_MAX)
        rc = problem(boards->work, SAPA_ELIMIT, "there are %d wallboards already", SAPA_WALLS_MAX);
    if (rc != SAPA_OK) {
        json_decref(board);
        return rc;
    }
    sapa_json_time(&at, sapa_wall_us()); /* in quotes */
    json_object_set_new(board, "id", json_string(id));
    json_object_set_new(board, "version", json_integer(now + 1));
    json_object_set_new(board, "changed", json_stringn(at.p ? at.p + 1 : "", at.n > 2 ? at.n - 2 : 0));
    sapa_json_done(&at);
    json_object_set_new(board, "by", json_string(work->user));
    rc = put(boards->files->store, key_of(id, now + 1, key), board);
    json_decref(board);
    if (rc == SAPA_OK) {
        if (entry) {
            first = oldest(entry);
            end = SAPA_MAX(first, now + 2 - SAPA_WALL_VERSIONS_MAX);
            json_object_set_new(entry, "version", json_integer(now + 1));
            json_object_set_new(entry, "first", json_integer(end));
        } else {
            json_array_append_new(boards->list, json_pack("{s:s,s:i,s:[]}", "id", id, "version", 1, "tokens"));
        }
        rc = put(boards->files->store, "api.walls", boards->list);
        if (rc == SAPA_OK)
            rc = forget(boards, id, first, end);
    }
    return rc;
}

static sapa_rc revoke(struct boards *boards, json_t *entry)
{
    json_t *tokens = json_object_get(entry, "tokens"), *id;
    size_t i;

    json_array_foreach(tokens, i, id) {
        const sapa_rc rc = sapa_token_revoke(boards->files->store, (uint64_t)json_integer_value(id));
        if (rc != SAPA_OK && rc != SAPA_ESTATE && rc != SAPA_ENOENT) /* somebody has ended it already */
            return rc;
    }
    json_array_clear(tokens);
    return SAPA_OK;
}

static sapa_rc end(struct boards *boards)
{
    json_t *entry = NULL;
    uint64_t clients;
    size_t i;
    json_t *each;
    json_int_t first = 1, last = 0;
    char id[SAPA_WALL_KEY_MAX + 1] = "";
    sapa_rc rc = present(boards, &entry, &clients);

    if (rc == SAPA_OK)
        rc = revoke(boards, entry);
    if (rc != SAPA_OK)
        return rc;
    if (boards->work->route == SAPA_ROUTE_WALL_END) {
        snprintf(id, sizeof(id), "%.40s", text_of(entry, "id"));
        first = oldest(entry);
        last = json_integer_value(json_object_get(entry, "version"));
        json_array_foreach(boards->list, i, each) {
            if (each == entry)
                break;
        }
        json_array_remove(boards->list, i);
    }
    rc = put(boards->files->store, "api.walls", boards->list);
    return rc == SAPA_OK ? forget(boards, id, first, last + 1) : rc;
}

static sapa_rc link_new(struct boards *boards)
{
    struct sapa_web_work *work = boards->work;
    const char *id = sapa_params_get(&work->params, "board");
    struct sapa_token wish = { .role = SAPA_ROLE_WALL }, token;
    char secret[SAPA_TOKEN_TEXT_SIZE], path[160];
    json_t *entry = NULL;
    uint64_t clients;
    struct sapa_text list_text;
    sapa_rc rc = present(boards, &entry, &clients);

    if (rc != SAPA_OK)
        return rc;
    if (json_array_size(json_object_get(entry, "tokens")) >= SAPA_WALL_LINKS_MAX)
        return problem(boards->work, SAPA_ELIMIT, "it has %d links already: end them first", SAPA_WALL_LINKS_MAX);
    sapa_text_init(&list_text, wish.clients, sizeof(wish.clients));
    for (uint32_t i = 0; clients != UINT64_MAX && i < work->centre->clients_count && i < 64; i++) {
        if (clients >> i & 1)
            sapa_text_printf(&list_text, "%s" SAPA_STR_FMT, list_text.n ? "," : "", SAPA_STR_ARG(work->centre->clients[i].key));
    }
    if (clients == 0 || list_text.cut)
        return problem(boards->work, SAPA_ESTATE, "nothing that it shows is in the centre's description any more");
    snprintf(wish.user, sizeof(wish.user), "wall.%.40s", id);
    (void)sapa_str_copy(sapa_str_of(work->user), wish.by, sizeof(wish.by));
    rc = sapa_token_create(boards->files->store, &wish, secret, &token);
    if (rc == SAPA_OK) {
        json_array_append_new(json_object_get(entry, "tokens"), json_integer((json_int_t)token.id));
        rc = put(boards->files->store, "api.walls", boards->list);
    }
    if (rc != SAPA_OK)
        return rc;
    snprintf(path, sizeof(path), "/wall#%.40s/%s", id, secret);
    sapa_json_open(&work->out, '{');
    sapa_json_add_text(&work->out, "secret", sapa_str_of(secret));
    sapa_json_add_text(&work->out, "path", sapa_str_of(path));
    sapa_json_key(&work->out, "token");
    sapa_token_json(&token, &work->out);
    sapa_json_close(&work->out, '}');
    sapa_wipe(secret, sizeof(secret));
    sapa_wipe(path, sizeof(path));
    return SAPA_OK;
}

sapa_rc sapa_web_wall(const struct sapa_web_files *files, struct sapa_web_work *work)
{
    struct boards boards = { files, work, NULL };
    sapa_rc rc = read_list(&boards);

    if (rc == SAPA_OK) {
        switch (work->route) {
        case SAPA_ROUTE_WALLS: rc = list(&boards); break;
        case SAPA_ROUTE_WALL: rc = one(&boards); break;
        case SAPA_ROUTE_WALL_PUT: rc = change(&boards); break;
        case SAPA_ROUTE_WALL_LINK: rc = link_new(&boards); break;
        default: rc = end(&boards); break; /* WALL_END, WALL_UNLINK */
        }
    }
    json_decref(boards.list);
    return rc;
}
