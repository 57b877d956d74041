/* Tokens in a real store: who lives, who is forgotten and when, and that nobody else is. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "app/test_store_impl.h"
#include "http/kept.h"
#include "http/session.h"
#include "http/token.h"
#include "rt/clock.h"

TEST_STORE_FIXTURE(store)

#define DAY_US INT64_C(86400000000)

static_assert((uint64_t)SAPA_TOKENS_EVER_MAX < (uint64_t)SAPA_SESSION_FIRST_ID, "a number is a token's or a session's");

static uint64_t make(int64_t expires_us)
{
    const struct sapa_token wish = { .user = "siti", .by = "rani", .role = SAPA_ROLE_VIEWER, .expires_us = expires_us };
    char text[SAPA_TOKEN_TEXT_SIZE];
    struct sapa_token token;

    assert_int_equal(sapa_token_create(store.store, &wish, text, &token), SAPA_OK);
    return token.id;
}

static void add_id(void *ctx, const struct sapa_token *token)
{
    struct sapa_text *text = ctx;

    sapa_text_printf(text, "%s%llu", text->n ? " " : "", (unsigned long long)token->id);
}

static void are_left(const char *ids)
{
    char buf[2048];
    struct sapa_text text;

    sapa_text_init(&text, buf, sizeof(buf));
    assert_int_equal(sapa_token_each(store.store, add_id, &text), SAPA_OK);
    assert_string_equal(buf, ids);
}

static uint64_t forget(uint64_t max, int64_t now_us)
{
    uint64_t left = 0;

    assert_int_equal(sapa_token_forget(store.store, max, now_us, &left), SAPA_OK);
    return left;
}

static void what_ended_long_ago_is_forgotten(void **state)
{
    const int64_t now_us = sapa_wall_us();

    (void)state;
    for (unsigned i = 1; i <= 9; i++) /* 2, 3, 5, 6, 7 end in a day; 9 in a hundred */
        assert_int_equal(make(i == 1 || i == 4 || i == 8 ? 0 : now_us + (i == 9 ? 100 : 1) * DAY_US), i);
    assert_int_equal(sapa_token_revoke(store.store, 8), SAPA_OK);
    assert_int_equal(forget(100, now_us + 90 * DAY_US), 9); /* a day short */
    assert_int_equal(forget(100, now_us + 92 * DAY_US), 3);
    are_left("1 4 9");
    assert_true(sapa_token_lives(store.store, 1, now_us) && sapa_token_lives(store.store, 9, now_us));
    assert_false(sapa_token_lives(store.store, 2, now_us) || sapa_token_lives(store.store, 6, now_us) || sapa_token_lives(store.store, 0, now_us));
    assert_int_equal(sapa_token_revoke(store.store, 5), SAPA_ENOENT);
    assert_int_equal(sapa_token_revoke(store.store, 7), SAPA_ENOENT);
    /* gaps that come to lie side by side are one: a walk takes one step for each */
    assert_int_equal(sapa_token_revoke(store.store, 4), SAPA_OK);
    assert_int_equal(forget(100, now_us + 95 * DAY_US), 2);
    are_left("1 9");
    json_t *gap = NULL;
    assert_int_equal(sapa_kept_get(store.store, "token", 2, &gap), SAPA_OK);
    assert_int_equal(json_integer_value(json_object_get(gap, "next")), 9);
    json_decref(gap);
    for (uint64_t id = 3; id <= 8; id++)
        assert_int_equal(sapa_kept_get(store.store, "token", id, &gap), SAPA_ENOENT);
    assert_int_equal(make(0), 10); /* numbers are never given again */
    are_left("1 9 10");
}

static void who_lives_has_room(void **state)
{
    const int64_t now_us = sapa_wall_us();

    (void)state;
    for (unsigned i = 1; i <= 6; i++)
        make(i % 2 ? 0 : now_us - 1);
    assert_int_equal(forget(7, now_us), 6);
    assert_int_equal(forget(5, now_us), 4); /* the oldest first, and no more than needed */
    are_left("1 3 5 6");
    assert_int_equal(forget(2, now_us), 3); /* nobody who lives */
    are_left("1 3 5");
}

/* Ten thousand may be kept, and a store that says so has room again as soon as some have ended. */
static void a_full_list_is_looked_through(void **state)
{
    const struct sapa_token wish = { .user = "siti", .by = "rani", .role = SAPA_ROLE_VIEWER };
    char text[SAPA_TOKEN_TEXT_SIZE];
    struct sapa_token token;

    (void)state;
    make(0);
    make(sapa_wall_us() + DAY_US);
    assert_int_equal(sapa_kept_put(store.store, "token", 3, json_pack("{s:i}", "next", SAPA_TOKENS_MAX + 1)), SAPA_OK); /* not to make them all */
    assert_int_equal(sapa_kept_count_set(store.store, "token", SAPA_TOKENS_MAX), SAPA_OK);
    assert_int_equal(sapa_token_create(store.store, &wish, text, &token), SAPA_ELIMIT);
    assert_int_equal(sapa_token_revoke(store.store, 2), SAPA_OK);
    assert_int_equal(sapa_kept_count_set(store.store, "token", SAPA_TOKENS_MAX), SAPA_OK);
    assert_int_equal(make(0), SAPA_TOKENS_MAX + 1);
    are_left("1 10001");
    assert_int_equal(sapa_kept_put(store.store, "token", SAPA_TOKENS_MAX + 2, json_pack("{s:i}", "next", SAPA_TOKENS_EVER_MAX + 1)), SAPA_OK);
    assert_int_equal(sapa_kept_count_set(store.store, "forgotten-token", SAPA_TOKENS_EVER_MAX - 2), SAPA_OK);
    assert_int_equal(sapa_kept_count_set(store.store, "token", SAPA_TOKENS_EVER_MAX), SAPA_OK);
    assert_int_equal(sapa_token_create(store.store, &wish, text, &token), SAPA_ELIMIT);
}

/* Now and then without being asked. */
static void creating_forgets(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 70; i++)
        make(i <= 40 ? 1 : 0);
    are_left("41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 69 70");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_ended_long_ago_is_forgotten, begin, end),
        cmocka_unit_test_setup_teardown(who_lives_has_room, begin, end),
        cmocka_unit_test_setup_teardown(a_full_list_is_looked_through, begin, end),
        cmocka_unit_test_setup_teardown(creating_forgets, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
