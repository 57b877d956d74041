/* What is a wallboard, and who may make it. Storing and links: test/scenario/94-wall. */
#include "app/web_wall.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define S(text) { text, sizeof(text) - 1 }

static struct sapa_client clients[] = { { .key = S("toko") }, { .key = S("bank") } };
static struct sapa_queue queues[] = { { .key = S("toko.penjualan"), .client = 0 }, { .key = S("bank.kartu"), .client = 1 } };
static struct sapa_team teams[] = { { .key = S("toko") }, { .key = S("bank") } };
static struct sapa_user_team user_teams[] = { { .team = 0 } };
static const struct sapa_centre centre = { .clients = clients, .clients_count = 2, .queues = queues, .queues_count = 2,
                                          .teams = teams, .teams_count = 2, .user_teams = user_teams, .user_teams_count = 1 };

static const struct sapa_scope everybody = { .clients = UINT64_MAX, .agent = SAPA_NONE }, shop = { .clients = 1, .agent = SAPA_NONE };
static const struct sapa_scope leader = { .clients = UINT64_MAX, .agent = SAPA_NONE, .team_first = 0, .team_count = 1 };
static char said[256];
static uint64_t seen;

static sapa_rc check(const char *text, const struct sapa_scope *scope)
{
    json_t *board = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    struct sapa_text problem;

    assert_non_null(board);
    sapa_text_init(&problem, said, sizeof(said));
    const sapa_rc rc = sapa_wall_check(board, &centre, scope, &problem, &seen);
    json_decref(board);
    return rc;
}

/* A board of one tile. */
static sapa_rc tile(const char *text, const struct sapa_scope *scope)
{
    char board[512];

    snprintf(board, sizeof(board), "{\"title\":\"A\",\"seconds\":20,\"pages\":[{\"title\":\"B\",\"tiles\":[%s]}]}", text);
    return check(board, scope);
}

#define TILE(scope, key, figure, period, warn, bad) \
    "{\"scope\":" scope ",\"key\":" key ",\"figure\":" figure ",\"period\":" period ",\"warn\":" warn ",\"bad\":" bad "}"
#define WAITING TILE("\"all\"", "null", "\"waiting\"", "\"now\"", "5", "10")

static void good_boards(void **state)
{
    (void)state;
    assert_int_equal(tile(WAITING, &everybody), SAPA_OK);
    assert_true(seen == UINT64_MAX);
    assert_int_equal(tile(TILE("\"queue\"", "\"toko.penjualan\"", "\"service_level_1\"", "\"recent\"", "0.8", "0.7"), &shop), SAPA_OK);
    assert_true(seen == 1);
    assert_int_equal(tile(TILE("\"client\"", "\"bank\"", "\"asa\"", "\"today\"", "null", "null"), &everybody), SAPA_OK);
    assert_true(seen == 2);
    assert_int_equal(tile(TILE("\"client\"", "\"bank\"", "\"oldest\"", "\"now\"", "60000", "null") "," TILE("\"queue\"", "\"toko.penjualan\"", "\"talking\"", "\"now\"", "null", "null"), &everybody), SAPA_OK);
    assert_true(seen == 3);
    for (unsigned i = 0; i < SAPA_LIVE_FIGURE_COUNT; i++) { /* whatever the server counts, a screen can show */
        char one[256];
        snprintf(one, sizeof(one), "{\"scope\":\"all\",\"key\":null,\"figure\":\"%s\",\"period\":\"today\",\"warn\":null,\"bad\":null}", sapa_live_figure_key(i));
        assert_int_equal(tile(one, &everybody), SAPA_OK);
    }
}

/* Of people: what is counted for agents, of today and lately, for who sees all clients and that team. */
static void tiles_of_teams(void **state)
{
    static const char *const of_people[] = { "handled", "aht", "occupancy", "wrapup_mean", "transfers" }; /* those of web/wall/model.ts */
    char one[256];

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(of_people); i++) {
        snprintf(one, sizeof(one), "{\"scope\":\"team\",\"key\":\"toko\",\"figure\":\"%s\",\"period\":\"today\",\"warn\":null,\"bad\":null}", of_people[i]);
        assert_int_equal(tile(one, &everybody), SAPA_OK);
        assert_true(seen == UINT64_MAX);
    }
    assert_int_equal(tile(TILE("\"team\"", "\"toko\"", "\"handled\"", "\"today\"", "null", "null"), &leader), SAPA_OK);
    assert_int_equal(tile(TILE("\"team\"", "\"bank\"", "\"handled\"", "\"today\"", "null", "null"), &leader), SAPA_EINVAL);
    assert_int_equal(tile(TILE("\"team\"", "\"toko\"", "\"handled\"", "\"today\"", "null", "null"), &shop), SAPA_EINVAL);
    assert_int_equal(tile(TILE("\"team\"", "\"gone\"", "\"handled\"", "\"today\"", "null", "null"), &everybody), SAPA_EINVAL);
    assert_int_equal(tile(TILE("\"team\"", "null", "\"handled\"", "\"today\"", "null", "null"), &everybody), SAPA_EINVAL);
    assert_int_equal(tile(TILE("\"team\"", "\"toko\"", "\"handled\"", "\"recent\"", "null", "null"), &everybody), SAPA_OK);
    assert_int_equal(tile(TILE("\"team\"", "\"toko\"", "\"asa\"", "\"recent\"", "null", "null"), &everybody), SAPA_EINVAL);
    assert_int_equal(tile(TILE("\"team\"", "\"toko\"", "\"asa\"", "\"today\"", "null", "null"), &everybody), SAPA_EINVAL);
    assert_int_equal(tile(TILE("\"team\"", "\"toko\"", "\"waiting\"", "\"now\"", "null", "null"), &everybody), SAPA_EINVAL);
}

static void bad_tiles(void **state)
{
    static const char *const wrong[] = {
        "null", "1", "[]", "{}",
        TILE("\"centre\"", "null", "\"waiting\"", "\"now\"", "5", "10"),
        TILE("\"all\"", "\"toko\"", "\"waiting\"", "\"now\"", "5", "10"),
        TILE("\"client\"", "null", "\"waiting\"", "\"now\"", "5", "10"),
        TILE("\"client\"", "\"nobody\"", "\"waiting\"", "\"now\"", "5", "10"),
        TILE("\"client\"", "7", "\"waiting\"", "\"now\"", "5", "10"),
        TILE("\"queue\"", "\"toko\"", "\"waiting\"", "\"now\"", "5", "10"),
        TILE("\"all\"", "null", "\"waiting\"", "\"today\"", "5", "10"),
        TILE("\"all\"", "null", "\"asa\"", "\"now\"", "5", "10"),
        TILE("\"all\"", "null", "\"best_agent\"", "\"today\"", "5", "10"),
        TILE("\"all\"", "null", "null", "\"today\"", "5", "10"),
        TILE("\"all\"", "null", "\"waiting\"", "\"year\"", "5", "10"),
        TILE("\"all\"", "null", "\"waiting\"", "\"now\"", "-1", "10"),
        TILE("\"all\"", "null", "\"waiting\"", "\"now\"", "\"5\"", "10"),
        TILE("\"all\"", "null", "\"waiting\"", "\"now\"", "null", "10"),
        TILE("\"all\"", "null", "\"waiting\"", "\"now\"", "5", "1e13"),
        "{\"scope\":\"all\",\"key\":null,\"figure\":\"waiting\",\"period\":\"now\",\"warn\":null}",
        "{\"scope\":\"all\",\"key\":null,\"figure\":\"waiting\",\"period\":\"now\",\"warn\":null,\"bad\":null,\"more\":1}",
    };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(wrong); i++) {
        assert_int_equal(tile(wrong[i], &everybody), SAPA_EINVAL);
        assert_non_null(strstr(said, "page 1, tile 1"));
    }
    /* what one does not see, one cannot put on a wall */
    assert_int_equal(tile(WAITING, &shop), SAPA_EINVAL);
    assert_int_equal(tile(TILE("\"client\"", "\"bank\"", "\"asa\"", "\"today\"", "null", "null"), &shop), SAPA_EINVAL);
    assert_int_equal(tile(TILE("\"queue\"", "\"bank.kartu\"", "\"asa\"", "\"today\"", "null", "null"), &shop), SAPA_EINVAL);
    assert_non_null(strstr(said, "no such queue")); /* not even that there is one */
}

static void bad_boards(void **state)
{
#define PAGE "{\"title\":\"B\",\"tiles\":[" WAITING "]}"
    static const char *const wrong[] = {
        "{}", "[]", "{\"title\":\"\",\"seconds\":20,\"pages\":[" PAGE "]}", "{\"title\":\"A\\u0007\",\"seconds\":20,\"pages\":[" PAGE "]}",
        "{\"title\":\"0123456789012345678901234567890123456789012345678901234567890\",\"seconds\":20,\"pages\":[" PAGE "]}",
        "{\"title\":\"A\",\"seconds\":4,\"pages\":[" PAGE "]}", "{\"title\":\"A\",\"seconds\":601,\"pages\":[" PAGE "]}",
        "{\"title\":\"A\",\"seconds\":20,\"pages\":[]}", "{\"title\":\"A\",\"seconds\":20,\"pages\":{}}", "{\"title\":\"A\",\"seconds\":20,\"pages\":[1]}",
        "{\"title\":\"A\",\"seconds\":20,\"pages\":[{\"title\":\"B\",\"tiles\":[]}]}", "{\"title\":\"A\",\"seconds\":20,\"pages\":[{\"tiles\":[" WAITING "]}]}",
        "{\"title\":\"A\",\"seconds\":20,\"pages\":[" PAGE "," PAGE "," PAGE "," PAGE "," PAGE "," PAGE "," PAGE "," PAGE "," PAGE "]}",
        "{\"title\":\"A\",\"seconds\":20,\"pages\":[{\"title\":\"B\",\"tiles\":[" WAITING "," WAITING "," WAITING "," WAITING "," WAITING "," WAITING "," WAITING "," WAITING "]}]}",
    };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(wrong); i++)
        assert_int_equal(check(wrong[i], &everybody), SAPA_EINVAL);
}

static void keys(void **state)
{
    (void)state;
    assert_true(sapa_wall_key_is(SAPA_STR("lantai-2")));
    static const char *const wrong[] = { "", "2", "-a", "A", "a b", "a.b", "a/b", "ä", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddx" };
    for (size_t i = 0; i < SAPA_COUNT(wrong); i++)
        assert_false(sapa_wall_key_is(sapa_str_of(wrong[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_boards), cmocka_unit_test(tiles_of_teams), cmocka_unit_test(bad_tiles), cmocka_unit_test(bad_boards), cmocka_unit_test(keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
