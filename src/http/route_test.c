/* The table of routes: it is whole, finds what it should, refuses the rest, and its document is the committed one. */
#include "http/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http/schema_impl.h"
#include "rt/file.h"

static char problem_buf[256];
static struct sapa_text problem;
static struct sapa_params params;
static enum sapa_route_id id;

static sapa_rc find(unsigned method, const char *path)
{
    sapa_text_init(&problem, problem_buf, sizeof(problem_buf));
    return sapa_route_find(method, sapa_str_of(path), &params, &problem, &id);
}

static bool has_rule(struct sapa_str name)
{
    for (size_t i = 0; i < SAPA_PARAM_RULES; i++) {
        if (sapa_str_eq(name, sapa_str_of(sapa_param_rules[i].name)))
            return true;
    }
    return false;
}

static void every_parameter_has_a_rule(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SAPA_ROUTE_COUNT; i++) {
        const struct sapa_route *route = sapa_route(i);
        struct sapa_str rest = sapa_str_of(route->params);
        unsigned in_path = 0;
        while (rest.n > 0)
            assert_true(has_rule(sapa_str_cut(rest, ' ', &rest)));
        rest = sapa_str_of(route->path);
        while (rest.n > 0) {
            const struct sapa_str word = sapa_str_cut(rest, '/', &rest);
            if (word.n > 2 && word.p[0] == '{') {
                assert_true(has_rule((struct sapa_str){ word.p + 1, word.n - 2 }));
                in_path++;
            }
        }
        assert_true(in_path <= 2);
        assert_true((route->body != SAPA_SCHEMA_NONE) <= (route->method != SAPA_GET));
        /* nobody writes without a right, but for what concerns himself */
        assert_true(route->method == SAPA_GET || route->right < SAPA_RIGHT_COUNT || i == SAPA_ROUTE_LOGIN || i == SAPA_ROUTE_DEMO_LOGIN ||
                    i == SAPA_ROUTE_LOGOUT || i == SAPA_ROUTE_PASSWORD || i == SAPA_ROUTE_WEB_CALL || i == SAPA_ROUTE_TOTP ||
                    i == SAPA_ROUTE_TOTP_CONFIRM || i == SAPA_ROUTE_TOTP_END);
        assert_int_equal(sapa_route_is_open((enum sapa_route_id)i), i == SAPA_ROUTE_HEALTH || i == SAPA_ROUTE_READY ||
                                                                        i == SAPA_ROUTE_OPENAPI || i == SAPA_ROUTE_LOGIN ||
                                                                        i == SAPA_ROUTE_DEMO || i == SAPA_ROUTE_DEMO_LOGIN || i == SAPA_ROUTE_WEB_CALL ||
                                                                        i == SAPA_ROUTE_FIGURES || i == SAPA_ROUTE_WEB_NUMBERS || i == SAPA_ROUTE_WEB_PLACE);
    }
}

/* Who sees, hears and reads (a quality analyst) changes nothing of a contact, an agent or anything else but what is his own. */
static void who_only_sees_changes_nothing(void **state)
{
    const uint32_t sees = SAPA_RIGHT_BIT(LIVE) | SAPA_RIGHT_BIT(PERSON) | SAPA_RIGHT_BIT(REPORT) | SAPA_RIGHT_BIT(RECORDING) |
                          SAPA_RIGHT_BIT(LISTEN) | SAPA_RIGHT_BIT(AUDIT) | SAPA_RIGHT_BIT(WALL) | SAPA_RIGHT_BIT(METRICS);

    (void)state;
    for (unsigned i = 0; i < SAPA_ROUTE_COUNT; i++) {
        const struct sapa_route *route = sapa_route(i);
        if (route->method != SAPA_GET && route->right < SAPA_RIGHT_COUNT && strncmp(route->path, "/api/v1/me/", 11) != 0)
            assert_true((sees >> route->right & 1) == 0);
    }
    assert_int_equal(sapa_role_rights(SAPA_ROLE_TRAINER), SAPA_RIGHT_BIT(LIVE) | SAPA_RIGHT_BIT(REPORT) | SAPA_RIGHT_BIT(RECORDING) |
                                                              SAPA_RIGHT_BIT(LISTEN) | SAPA_RIGHT_BIT(COACH));
}

static void paths_are_found(void **state)
{
    (void)state;
    assert_int_equal(find(SAPA_GET, "/api/v1/contacts"), SAPA_OK);
    assert_int_equal(id, SAPA_ROUTE_CONTACTS);
    assert_int_equal(find(SAPA_GET, "/api/v1/contacts/past"), SAPA_OK);
    assert_int_equal(id, SAPA_ROUTE_PAST);
    assert_int_equal(find(SAPA_GET, "/api/v1/contacts/4711/why"), SAPA_OK);
    assert_int_equal(id, SAPA_ROUTE_WHY);
    assert_string_equal(sapa_params_get(&params, "contact"), "4711");
    assert_int_equal(find(SAPA_PUT, "/api/v1/agents/siti/skills/a.b"), SAPA_OK);
    assert_string_equal(sapa_params_get(&params, "skill"), "a.b");
    assert_int_equal(find(SAPA_DELETE, "/api/v1/contacts"), SAPA_EDENIED);
    static const char *const nothing[] = { "", "/", "/api", "/api/v1/contacts/", "/api/v1/contacts/0", "/api/v1/contacts/x",
                                           "/api/v1/contacts//why", "/api/v1/contacts/1/why/2", "api/v1/contacts", "//health",
                                           "/health/", "/api/v1/switches/light", "/api/v1/contacts/18446744073709551616" };
    for (size_t i = 0; i < SAPA_COUNT(nothing); i++)
        assert_int_equal(find(SAPA_GET, nothing[i]), SAPA_ENOENT);
}

static sapa_rc query(const char *name, const char *value)
{
    return sapa_route_query(id, sapa_str_of(name), sapa_str_of(value), &params, &problem);
}

static void queries_are_judged(void **state)
{
    (void)state;
    assert_int_equal(find(SAPA_GET, "/api/v1/contacts"), SAPA_OK);
    assert_int_equal(query("limit", "7"), SAPA_OK);
    assert_int_equal(query("limit", "8"), SAPA_EINVAL);
    assert_non_null(strstr(problem_buf, "twice"));
    assert_int_equal(query("colour", "red"), SAPA_EINVAL);
    assert_int_equal(query("place", "nowhere"), SAPA_EINVAL);
    assert_int_equal(query("place", "talk"), SAPA_OK);
    assert_int_equal(query("cursor", "-1"), SAPA_EINVAL);
    assert_int_equal(query("queue", "a\x01"), SAPA_EINVAL);
    assert_int_equal(query("from", "x"), SAPA_EINVAL); /* not of this route */
}

static sapa_rc body(enum sapa_route_id route, const char *text)
{
    json_t *read = NULL;

    sapa_text_init(&problem, problem_buf, sizeof(problem_buf));
    const sapa_rc rc = sapa_route_body(route, sapa_str_of(text), &problem, &read);
    json_decref(read);
    return rc;
}

static void bodies_are_judged(void **state)
{
    (void)state;
    assert_int_equal(body(SAPA_ROUTE_STATE, "{\"state\":\"ready\"}"), SAPA_OK);
    assert_int_equal(body(SAPA_ROUTE_STATE, "{\"state\":\"not_ready\",\"reason\":\"1\"}"), SAPA_OK);
    assert_int_equal(body(SAPA_ROUTE_SKILL, "{\"level\":3,\"until\":\"2030-01-02T03:04:05+07:00\"}"), SAPA_OK);
    assert_int_equal(body(SAPA_ROUTE_TOKEN_NEW, "{\"user\":\"a\",\"role\":\"viewer\",\"clients\":[\"x\"]}"), SAPA_OK);
    static const char *const wrong[] = {
        "", "{", "[]", "null", "{}", "{\"state\":\"busy\"}", "{\"state\":1}", "{\"state\":\"ready\",\"x\":1}",
        "{\"state\":\"ready\",\"state\":\"ready\"}", "{\"state\":\"ready\",\"reason\":null}", "{\"state\":\"ready\",\"reason\":\"\"}",
        "{\"state\":\"ready\\u0000\"}", "{\"state\":\"ready\"}x",
    };
    for (size_t i = 0; i < SAPA_COUNT(wrong); i++)
        assert_int_equal(body(SAPA_ROUTE_STATE, wrong[i]), SAPA_EINVAL);
    assert_int_equal(body(SAPA_ROUTE_TOKEN_NEW, "{\"user\":\"a\",\"role\":\"king\"}"), SAPA_EINVAL);
    assert_non_null(strstr(problem_buf, "role: \"king\" is none of admin, supervisor, agent, "));
    assert_int_equal(body(SAPA_ROUTE_TOKEN_NEW, "{\"user\":\"a\",\"role\":4}"), SAPA_EINVAL);
    assert_non_null(strstr(problem_buf, "role is malformed: admin, supervisor"));
    assert_int_equal(body(SAPA_ROUTE_SKILL, "{\"level\":-1}"), SAPA_EINVAL);
    assert_int_equal(body(SAPA_ROUTE_SKILL, "{\"level\":1.5}"), SAPA_EINVAL);
    assert_int_equal(body(SAPA_ROUTE_TOKEN_NEW, "{\"user\":\"a\",\"role\":\"viewer\",\"clients\":[1]}"), SAPA_EINVAL);
}

static void times_are_read(void **state)
{
    int64_t us = 0;

    (void)state;
    assert_int_equal(sapa_time_parse(SAPA_STR("2023-11-14T22:13:20Z"), &us), SAPA_OK);
    assert_true(us == INT64_C(1700000000000000));
    assert_int_equal(sapa_time_parse(SAPA_STR("2023-11-15T05:13:20.25+07:00"), &us), SAPA_OK);
    assert_true(us == INT64_C(1700000000250000));
    assert_int_equal(sapa_time_parse(SAPA_STR("2024-02-29T00:00:00Z"), &us), SAPA_OK);
    static const char *const wrong[] = { "", "2023-11-14", "2023-11-14T22:13:20", "2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z",
                                         "2023-11-14T24:00:00Z", "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20+7:00", "2023-11-14T22:13:20Zx",
                                         "2023-11-14T22:13:20.5", "0000-01-01T00:00:00Z" };
    for (size_t i = 0; i < SAPA_COUNT(wrong); i++)
        assert_int_equal(sapa_time_parse(sapa_str_of(wrong[i]), &us), SAPA_EINVAL);
}

/* Every $ref leads somewhere. */
static void follow(const json_t *document, const json_t *value)
{
    const char *key;
    json_t *member;
    size_t i;

    json_object_foreach((json_t *)(uintptr_t)value, key, member) {
        if (strcmp(key, "$ref") == 0) {
            const char *name = strrchr(json_string_value(member), '/') + 1;
            assert_non_null(json_object_get(json_object_get(json_object_get(document, "components"), "schemas"), name));
        }
        follow(document, member);
    }
    json_array_foreach((json_t *)(uintptr_t)value, i, member) follow(document, member);
}

static void the_document_is_the_committed_one(void **state)
{
    struct sapa_json out = { .p = NULL };
    uint8_t *text = NULL;
    size_t size;

    (void)state;
    sapa_openapi(&out);
    assert_false(out.failed);
    json_t *now = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(now);
    follow(now, now);
    assert_int_equal(sapa_file_read(SAPA_SOURCE_DIR "/docs/ref/openapi.json", 4 << 20, &text, &size), SAPA_OK);
    json_t *committed = json_loadb((char *)text, size, 0, NULL);
    if (!json_equal(now, committed))
        fail_msg("docs/ref/openapi.json is stale: run make docs");
    json_decref(now);
    json_decref(committed);
    free(text);
    sapa_json_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_parameter_has_a_rule), cmocka_unit_test(who_only_sees_changes_nothing), cmocka_unit_test(paths_are_found), cmocka_unit_test(queries_are_judged),
        cmocka_unit_test(bodies_are_judged), cmocka_unit_test(times_are_read), cmocka_unit_test(the_document_is_the_committed_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
