/* Favourites of people in a real store: as they were written, each person's own, and nothing that is none. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "app/test_store_impl.h"
#include "http/favourite.h"

TEST_STORE_FIXTURE(store)

static sapa_rc put(const char *user, const char *body)
{
    char buf[256];
    struct sapa_text problem;

    sapa_text_init(&problem, buf, sizeof(buf));
    const sapa_rc rc = sapa_favourites_put(store.store, sapa_str_of(user), sapa_str_of(body), &problem);
    assert_int_equal(rc == SAPA_EINVAL, problem.n > 0);
    return rc;
}

static const char *all_of(const char *user)
{
    static char seen[2048];
    json_t *items = NULL;

    assert_int_equal(sapa_favourites_get(store.store, sapa_str_of(user), &items), SAPA_OK);
    char *text = json_dumps(items, JSON_COMPACT);
    assert_true(text && sapa_str_copy(sapa_str_of(text), seen, sizeof(seen)));
    free(text);
    json_decref(items);
    return seen;
}

#define ONE(to) "{\"kind\":\"agent\",\"to\":\"" to "\",\"name\":\"Budi\"}"

static void they_are_kept_for_each(void **state)
{
    (void)state;
    assert_string_equal(all_of("siti"), "[]");
    assert_int_equal(put("siti", "{\"items\":[" ONE("budi") ",{\"kind\":\"queue\",\"to\":\"toko.layanan\",\"name\":\"Layanan\"}]}"), SAPA_OK);
    assert_string_equal(all_of("siti"), "[" ONE("budi") ",{\"kind\":\"queue\",\"to\":\"toko.layanan\",\"name\":\"Layanan\"}]");
    assert_string_equal(all_of("budi"), "[]");
    assert_int_equal(put("siti", "{\"items\":[" ONE("dewi") "]}"), SAPA_OK);
    assert_string_equal(all_of("siti"), "[" ONE("dewi") "]");
    assert_int_equal(put("siti", "{\"items\":[]}"), SAPA_OK);
    assert_string_equal(all_of("siti"), "[]");
}

static void what_is_none_is_refused_whole(void **state)
{
    static const char *const bodies[] = {
        "", "[]", "{}", "{\"items\":{}}", "{\"items\":[1]}", "{\"items\":[" ONE("") "]}", "{\"items\":[" ONE("a\\n") "]}",
        "{\"items\":[{\"kind\":\"number\",\"to\":\"1\",\"name\":\"x\"}]}", "{\"items\":[{\"kind\":\"agent\",\"to\":\"budi\"}]}",
        "{\"items\":[" ONE("a") "," ONE("b") "," ONE("c") "," ONE("d") "," ONE("e") "]}", "{\"items\":[" ONE("a") "," ONE("a") "]}",
        "{\"items\":[" ONE("123456789012345678901234567890123456789012345678901234567890123456789012345678901") "]}",
    };
    (void)state;
    assert_int_equal(put("siti", "{\"items\":[" ONE("budi") "]}"), SAPA_OK);
    for (size_t i = 0; i < SAPA_COUNT(bodies); i++)
        assert_int_equal(put("siti", bodies[i]), SAPA_EINVAL);
    assert_string_equal(all_of("siti"), "[" ONE("budi") "]");
    assert_int_equal(put("siti", "{\"items\":[" ONE("a") "," ONE("b") "," ONE("c") "," ONE("d") "]}"), SAPA_OK);
    assert_int_equal(sapa_store_set(store.store, "desk.favourites.rusak", "{}"), SAPA_OK);
    json_t *items = NULL;
    assert_int_equal(sapa_favourites_get(store.store, SAPA_STR("rusak"), &items), SAPA_ECORRUPT);
    assert_null(items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(they_are_kept_for_each, begin, end),
        cmocka_unit_test_setup_teardown(what_is_none_is_refused_whole, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
