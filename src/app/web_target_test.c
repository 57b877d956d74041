/* What can be a target, who sees it, and that versions are kept. */
#include "app/web_target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/test_store_impl.h"

#define S(text) { text, sizeof(text) - 1 }

static struct sapa_client clients[] = { { .key = S("toko") }, { .key = S("bank") } };
static struct sapa_queue queues[] = { { .key = S("toko.penjualan"), .client = 0 }, { .key = S("bank.kartu"), .client = 1 } };
static struct sapa_team teams[] = { { .key = S("toko") }, { .key = S("bank") } };
static struct sapa_agent agents[] = { { .key = S("siti"), .team = 0 }, { .key = S("dewi"), .team = 1 } };
static struct sapa_user_team user_teams[] = { { .team = 0 } };
static struct sapa_user users[] = { { .key = S("maya"), .name = S("Maya") }, { .key = S("sari"), .name = S("Sari") } };
static const struct sapa_centre centre = {
    .users = users, .users_count = 2,
    .clients = clients, .clients_count = 2, .queues = queues, .queues_count = 2, .teams = teams, .teams_count = 2,
    .agents = agents, .agents_count = 2, .user_teams = user_teams, .user_teams_count = 1,
};
static const struct sapa_scope everybody = { .clients = UINT64_MAX, .agent = SAPA_NONE }, shop = { .clients = 1, .agent = SAPA_NONE },
                               leader = { .clients = 1, .agent = SAPA_NONE, .team_first = 0, .team_count = 1 }, siti = { .clients = 1, .agent = 0 };
static char said[512];
static struct sapa_goals goals;

static sapa_rc check(const char *items)
{
    json_t *list = json_loads(items, JSON_REJECT_DUPLICATES, NULL);
    struct sapa_text problem;

    assert_non_null(list);
    sapa_text_init(&problem, said, sizeof(said));
    const sapa_rc rc = sapa_target_check(list, &centre, &problem, &goals);
    json_decref(list);
    return rc;
}

#define ONE(scope, key, figure, value, from, to) \
    "{\"scope\":" scope ",\"key\":" key ",\"figure\":" figure ",\"value\":" value ",\"from\":" from ",\"to\":" to "}"
#define LEVEL ONE("\"queue\"", "\"toko.penjualan\"", "\"service_level_1\"", "0.8", "\"2026-01-01\"", "null")

#define OWNED(owner) \
    "{\"scope\":\"all\",\"key\":null,\"figure\":\"aht\",\"value\":1,\"from\":\"2026-01-01\",\"to\":null,\"owner\":" owner "}"

static void good_targets(void **state)
{
    (void)state;
    assert_int_equal(check("[" LEVEL "]"), SAPA_OK);
    assert_int_equal(goals.count, 1);
    assert_true(goals.of[0].value == 800000 && goals.of[0].from == 20260101 && goals.of[0].to == 0);
    /* from another day it is another one; and overlapping is what campaigns do */
    assert_int_equal(check("[" LEVEL "," ONE("\"queue\"", "\"toko.penjualan\"", "\"service_level_1\"", "0.9", "\"2026-12-01\"", "\"2026-12-24\"") "]"), SAPA_OK);
    assert_int_equal(check("[" ONE("\"all\"", "null", "\"nps\"", "-5.5", "\"2026-01-01\"", "null") "," ONE("\"team\"", "\"bank\"", "\"handled\"", "45", "\"2026-01-01\"", "null") "," ONE("\"client\"", "\"bank\"", "\"cost_per_call\"", "1250.5", "\"2026-01-01\"", "null") "]"), SAPA_OK);
    assert_true(goals.of[0].value == -5500000 && goals.of[1].value == 45 && goals.of[2].value == 125050);
    assert_int_equal(check("[]"), SAPA_OK);
    assert_int_equal(goals.count, 0);
}

static void what_is_wrong_is_said(void **state)
{
    static const struct { const char *items, *says; } bad[] = {
        { "{}", "a list" },
        { "[3]", "target 1: scope, key" },
        { "[" ONE("\"floor\"", "null", "\"aht\"", "1", "\"2026-01-01\"", "null") "]", "scope is all, client" },
        { "[" ONE("\"all\"", "\"toko\"", "\"aht\"", "1", "\"2026-01-01\"", "null") "]", "null with all" },
        { "[" ONE("\"queue\"", "null", "\"aht\"", "1", "\"2026-01-01\"", "null") "]", "key names" },
        { "[" ONE("\"queue\"", "\"toko\"", "\"aht\"", "1", "\"2026-01-01\"", "null") "]", "there is no queue \"toko\"" },
        { "[" LEVEL "," ONE("\"team\"", "\"hantu\"", "\"aht\"", "1", "\"2026-01-01\"", "null") "]", "target 2: there is no team" },
        { "[" ONE("\"all\"", "null", "\"service_level\"", "1", "\"2026-01-01\"", "null") "]", "did you mean service_level_1?" },
        { "[" ONE("\"all\"", "null", "\"zzzzzzzz\"", "1", "\"2026-01-01\"", "null") "]", "GET /api/v1/figures" },
        { "[" ONE("\"all\"", "null", "\"offered\"", "1", "\"2026-01-01\"", "null") "]", "neither more nor less" },
        { "[" ONE("\"team\"", "\"toko\"", "\"asa\"", "1", "\"2026-01-01\"", "null") "]", "not counted for agents" },
        { "[" ONE("\"queue\"", "\"toko.penjualan\"", "\"occupancy\"", "1", "\"2026-01-01\"", "null") "]", "not counted there" },
        { "[" ONE("\"all\"", "null", "\"service_level_1\"", "80", "\"2026-01-01\"", "null") "]", "0.8 is 80 %" },
        { "[" ONE("\"all\"", "null", "\"asa\"", "-1", "\"2026-01-01\"", "null") "]", "20000 are 20 seconds" },
        { "[" ONE("\"all\"", "null", "\"handled\"", "\"40\"", "\"2026-01-01\"", "null") "]", "a number, 0 or more" },
        { "[" ONE("\"all\"", "null", "\"handled\"", "1e300", "\"2026-01-01\"", "null") "]", "a number, 0 or more" },
        { "[" ONE("\"all\"", "null", "\"aht\"", "1", "\"2026-02-30\"", "null") "]", "are days" },
        { "[" ONE("\"all\"", "null", "\"aht\"", "1", "\"2026-01-01\"", "7") "]", "are days" },
        { "[" ONE("\"all\"", "null", "\"aht\"", "1", "\"2026-01-02\"", "\"2026-01-01\"") "]", "ends before it begins" },
        { "[" LEVEL "," LEVEL "]", "target 2: target 1 is for the same thing" },
        { "[" OWNED("\"siti\"") "]", "owner: a user of" }, /* an agent leads nobody */
        { "[" OWNED("7") "]", "owner: a user of" },
    };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(bad); i++) {
        assert_int_equal(check(bad[i].items), SAPA_EINVAL);
        if (!strstr(said, bad[i].says))
            fail_msg("%s: \"%s\" does not say \"%s\"", bad[i].items, said, bad[i].says);
    }
}

static bool seen(enum sapa_goal_scope scope, const char *key, const struct sapa_scope *by)
{
    struct sapa_goal goal = { .scope = (uint8_t)scope };

    assert_true(sapa_str_copy(sapa_str_of(key), goal.key, sizeof(goal.key)));
    return sapa_target_is_seen(&goal, &centre, by);
}

static void who_sees_what(void **state)
{
    (void)state;
    assert_true(seen(SAPA_GOAL_OF_ALL, "", &everybody) && seen(SAPA_GOAL_OF_ALL, "", &leader) && seen(SAPA_GOAL_OF_ALL, "", &siti));
    assert_true(seen(SAPA_GOAL_OF_TEAM, "bank", &everybody) && seen(SAPA_GOAL_OF_QUEUE, "gone", &everybody));
    assert_true(seen(SAPA_GOAL_OF_TEAM, "toko", &leader) && !seen(SAPA_GOAL_OF_TEAM, "bank", &leader));
    assert_true(seen(SAPA_GOAL_OF_QUEUE, "toko.penjualan", &leader) && !seen(SAPA_GOAL_OF_QUEUE, "bank.kartu", &leader));
    assert_true(seen(SAPA_GOAL_OF_CLIENT, "toko", &shop) && !seen(SAPA_GOAL_OF_CLIENT, "bank", &shop) && !seen(SAPA_GOAL_OF_TEAM, "toko", &shop));
    assert_true(seen(SAPA_GOAL_OF_TEAM, "toko", &siti) && !seen(SAPA_GOAL_OF_TEAM, "bank", &siti) && !seen(SAPA_GOAL_OF_QUEUE, "toko.penjualan", &siti));
}

static struct sapa_web_work work;

static sapa_rc put(const struct sapa_web_files *files, uint64_t match, const char *body)
{
    work = (struct sapa_web_work){ .route = SAPA_ROUTE_GOALS_PUT, .centre = &centre, .scope = everybody, .match = match, .user = "maya",
                                   .text = strdup(body), .text_n = strlen(body) };
    const sapa_rc rc = sapa_web_target(files, &work);
    free(work.text);
    return rc;
}

static json_t *get(const struct sapa_web_files *files, enum sapa_route_id route, const struct sapa_scope *scope)
{
    work = (struct sapa_web_work){ .route = route, .centre = &centre, .scope = *scope };
    assert_int_equal(sapa_web_target(files, &work), SAPA_OK);
    json_t *reply = json_loadb(work.out.p, work.out.n, 0, NULL);
    assert_non_null(reply);
    sapa_json_done(&work.out);
    return reply;
}

/* Who sets a target answers for it, unless he says otherwise; who may set them is told whom he can name. */
static void targets_have_owners(void **state)
{
    static struct test_store store;

    (void)state;
    test_store_open(&store);
    const struct sapa_web_files files = { .store = store.store };
    assert_int_equal(put(&files, 0, "{\"items\":[" LEVEL "," OWNED("\"sari\"") "," ONE("\"team\"", "\"bank\"", "\"aht\"", "1000", "\"2026-01-01\"", "null") "]}"), SAPA_OK);
    assert_int_equal(put(&files, 1, "{\"items\":[" LEVEL "," OWNED("null") "]}"), SAPA_OK);
    work = (struct sapa_web_work){ .route = SAPA_ROUTE_GOALS, .centre = &centre, .scope = everybody, .rights = SAPA_RIGHT_BIT(TARGETS) };
    assert_int_equal(sapa_web_target(&files, &work), SAPA_OK);
    json_t *reply = json_loadb(work.out.p, work.out.n, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(reply, "owners")), 2);
    sapa_json_done(&work.out);
    json_decref(reply);
    reply = get(&files, SAPA_ROUTE_GOALS, &everybody);
    assert_int_equal(json_array_size(json_object_get(reply, "owners")), 0);
    json_decref(reply);
    assert_int_equal(sapa_targets_load(store.store, &goals), SAPA_OK);
    assert_string_equal(goals.of[0].owner, "maya");
    assert_string_equal(goals.of[1].owner, "");
    json_t *first;
    assert_int_equal(sapa_targets_get(store.store, 1, &first), SAPA_OK);
    assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(first, "items"), 1), "owner")), "sari");
    json_decref(first);
    test_store_close(&store);
}

static size_t count_of(json_t *reply)
{
    const size_t count = json_array_size(json_object_get(reply, "items"));

    json_decref(reply);
    return count;
}

/* Over what its writer has seen alone; what was before stays. */
static void versions_are_kept(void **state)
{
    static struct test_store store;
    static char large[60000];
    struct sapa_text text;

    (void)state;
    test_store_open(&store);
    const struct sapa_web_files files = { .store = store.store };
    assert_int_equal(count_of(get(&files, SAPA_ROUTE_GOALS, &everybody)), 0);
    assert_int_equal(work.match, 0);
    assert_int_equal(put(&files, 0, "{\"items\":[" LEVEL "," ONE("\"team\"", "\"bank\"", "\"aht\"", "1000", "\"2026-01-01\"", "null") "],\"comment\":\"awal tahun\"}"), SAPA_OK);
    assert_string_equal(work.answer, "\"version\":1");
    assert_int_equal(put(&files, 0, "{\"items\":[]}"), SAPA_ESTATE);
    assert_int_equal(work.status, 412);
    assert_int_equal(put(&files, 1, "{\"items\":[],\"comment\":\"a\\nb\"}"), SAPA_EINVAL);
    assert_int_equal(put(&files, 1, "{\"items\":[" LEVEL "]}"), SAPA_OK);
    assert_int_equal(count_of(get(&files, SAPA_ROUTE_GOALS, &everybody)), 1);
    assert_int_equal(work.match, 2);
    assert_int_equal(count_of(get(&files, SAPA_ROUTE_GOAL_VERSIONS, &everybody)), 2);
    assert_int_equal(count_of(get(&files, SAPA_ROUTE_GOALS, &siti)), 0);
    assert_int_equal(sapa_targets_load(store.store, &goals), SAPA_OK);
    assert_int_equal(goals.count, 1);

    sapa_text_init(&text, large, sizeof(large)); /* as many as there can be are kept, too */
    sapa_text_add(&text, SAPA_STR("{\"items\":["));
    for (unsigned i = 0; i < SAPA_GOALS_MAX; i++)
        sapa_text_printf(&text, "%s" "{\"scope\":\"queue\",\"key\":\"toko.penjualan\",\"figure\":\"asa\",\"value\":20000,\"from\":\"%04u-01-01\",\"to\":null}", i ? "," : "", 1900 + i);
    sapa_text_add(&text, SAPA_STR("]}"));
    assert_false(text.cut);
    assert_int_equal(put(&files, 2, large), SAPA_OK);
    assert_int_equal(sapa_targets_load(store.store, &goals), SAPA_OK);
    assert_int_equal(goals.count, SAPA_GOALS_MAX);
    test_store_close(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_targets), cmocka_unit_test(what_is_wrong_is_said), cmocka_unit_test(who_sees_what), cmocka_unit_test(versions_are_kept),
        cmocka_unit_test(targets_have_owners),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
