#include "store/sqlite/shelf.h"
#include "store/sqlite/test_util.h"

static bool add(void *ctx, struct sapa_str piece)
{
    struct sapa_text *all = ctx;

    sapa_text_add(all, piece);
    return piece.p[0] != '!';
}

static void expect_pieces(struct sapa_shelf *shelf, uint32_t kind, uint64_t from, uint64_t to, const char *expected)
{
    char buf[256];
    struct sapa_text all;

    sapa_text_init(&all, buf, sizeof(buf));
    assert_int_equal(sapa_shelf_each(shelf, kind, from, to, add, &all), SAPA_OK);
    assert_string_equal(buf, expected);
}

static void test_pieces(void **state)
{
    struct sapa_shelf *shelf, *reader;
    struct sapa_str bytes;

    (void)state;
    assert_int_equal(sapa_shelf_open(test_folder, true, &shelf), SAPA_ENOENT);
    assert_int_equal(sapa_shelf_open(test_folder, false, &shelf), SAPA_OK);
    assert_int_equal(sapa_shelf_state(shelf, &bytes), SAPA_ENOENT);
    assert_int_equal(sapa_shelf_begin(shelf, true), SAPA_OK);
    assert_int_equal(sapa_shelf_put(shelf, 3, 20, SAPA_STR("b")), SAPA_OK);
    assert_int_equal(sapa_shelf_put(shelf, 3, 10, SAPA_STR("a")), SAPA_OK);
    assert_int_equal(sapa_shelf_put(shelf, 4, 10, SAPA_STR("x")), SAPA_OK);
    assert_int_equal(sapa_shelf_put(shelf, 3, INT64_MAX - 1, SAPA_STR("z")), SAPA_OK);
    assert_int_equal(sapa_shelf_state_put(shelf, SAPA_STR("one")), SAPA_OK);
    assert_int_equal(sapa_shelf_end(shelf, true), SAPA_OK);

    /* A reader sees one moment, whatever is written meanwhile. */
    assert_int_equal(sapa_shelf_open(test_folder, true, &reader), SAPA_OK);
    assert_int_equal(sapa_shelf_begin(reader, false), SAPA_OK);
    assert_int_equal(sapa_shelf_state(reader, &bytes), SAPA_OK);
    assert_int_equal(sapa_shelf_begin(shelf, true), SAPA_OK);
    assert_int_equal(sapa_shelf_get(shelf, 3, 20, &bytes), SAPA_OK);
    assert_true(sapa_str_eq(bytes, SAPA_STR("b")));
    assert_int_equal(sapa_shelf_put(shelf, 3, 20, SAPA_STR("B")), SAPA_OK);
    assert_int_equal(sapa_shelf_state_put(shelf, SAPA_STR("two")), SAPA_OK);
    assert_int_equal(sapa_shelf_end(shelf, true), SAPA_OK);
    expect_pieces(reader, 3, 0, UINT64_MAX, "abz");
    assert_int_equal(sapa_shelf_state(reader, &bytes), SAPA_OK);
    assert_true(sapa_str_eq(bytes, SAPA_STR("one")));
    assert_int_equal(sapa_shelf_end(reader, false), SAPA_OK);
    expect_pieces(reader, 3, 0, UINT64_MAX, "aBz");
    expect_pieces(reader, 3, 11, 21, "B");
    expect_pieces(reader, 3, 10, 20, "a");
    expect_pieces(reader, 5, 0, UINT64_MAX, "");
    assert_int_not_equal(sapa_shelf_put(reader, 1, 1, SAPA_STR("no")), SAPA_OK);
    sapa_shelf_close(reader);

    /* What is not kept is undone, also when the shelf is closed in between. */
    assert_int_equal(sapa_shelf_begin(shelf, true), SAPA_OK);
    assert_int_equal(sapa_shelf_clear(shelf), SAPA_OK);
    assert_int_equal(sapa_shelf_get(shelf, 3, 10, &bytes), SAPA_ENOENT);
    assert_int_equal(sapa_shelf_end(shelf, false), SAPA_OK);
    expect_pieces(shelf, 3, 0, UINT64_MAX, "aBz");
    assert_int_equal(sapa_shelf_begin(shelf, true), SAPA_OK);
    assert_int_equal(sapa_shelf_clear(shelf), SAPA_OK);
    sapa_shelf_close(shelf);
    assert_int_equal(sapa_shelf_open(test_folder, false, &shelf), SAPA_OK);
    expect_pieces(shelf, 3, 0, UINT64_MAX, "aBz");
    sapa_shelf_close(shelf);
}

/* What is no shelf: readers say so, a writer makes a new one. */
static void test_damage(void **state)
{
    struct sapa_shelf *shelf;
    struct sapa_str bytes;
    char path[128];

    (void)state;
    snprintf(path, sizeof(path), "%s/figures.db", test_folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (unsigned i = 0; i < 2000; i++)
        fputs("not a database", file);
    fclose(file);
    assert_int_equal(sapa_shelf_open(test_folder, true, &shelf), SAPA_ECORRUPT);
    assert_int_equal(sapa_shelf_open(test_folder, false, &shelf), SAPA_OK);
    assert_int_equal(sapa_shelf_state(shelf, &bytes), SAPA_ENOENT);
    assert_int_equal(sapa_shelf_put(shelf, 1, 1, SAPA_STR("new")), SAPA_OK);
    expect_pieces(shelf, 1, 0, 5, "new");
    sapa_shelf_close(shelf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_damage),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
