/* People who log in, with a real store: their passwords are kept as hashes, and nobody else's opens. */
#include "http/user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/test_impl.h"
#include "app/test_store_impl.h"
#include "http/kept.h"
#include "http/session.h"
#include "model/rights.h"

static int open_fixture(void **state)
{
    struct test_store *s = calloc(1, sizeof(*s));

    test_store_open(s);
    *state = s;
    return 0;
}

static int close_fixture(void **state)
{
    test_store_close(*state);
    free(*state);
    return 0;
}

static sapa_rc set(struct test_store *s, const char *key, const char *password)
{
    char hash[SAPA_USER_HASH_SIZE];
    const sapa_rc rc = sapa_user_password_hash(sapa_str_of(password), hash);

    return rc == SAPA_OK ? sapa_user_password_keep(s->store, sapa_str_of(key), hash) : rc;
}

static sapa_rc check(struct test_store *s, const char *key, const char *password)
{
    return sapa_user_password_check(s->store, sapa_str_of(key), sapa_str_of(password));
}

static void test_passwords(void **state)
{
    struct test_store *s = *state;
    char kept[256];

    assert_false(sapa_user_password_set(s->store, SAPA_STR("dewi")));
    assert_int_equal(check(s, "dewi", ""), SAPA_EDENIED);
    assert_int_equal(check(s, "dewi", "kata sandi 1"), SAPA_EDENIED);
    assert_int_equal(set(s, "dewi", "kata sandi 1"), SAPA_OK);
    assert_int_equal(set(s, "budi", "kata sandi 1"), SAPA_OK);
    assert_true(sapa_user_password_set(s->store, SAPA_STR("dewi")));
    assert_int_equal(check(s, "dewi", "kata sandi 1"), SAPA_OK);
    assert_int_equal(check(s, "dewi", "kata sandi 2"), SAPA_EDENIED);
    assert_int_equal(check(s, "dewi", "kata sandi 1 "), SAPA_EDENIED);
    assert_int_equal(check(s, "dewi", ""), SAPA_EDENIED);
    assert_int_equal(check(s, "tono", "kata sandi 1"), SAPA_EDENIED);
    assert_int_equal(sapa_store_setting(s->store, "user.password.dewi", kept, sizeof(kept)), SAPA_OK);
    assert_ptr_equal(strstr(kept, "$argon2id$v=19$m=19456,t=2,p=1$"), kept);
    assert_null(strstr(kept, "kata"));
    char other[256];
    assert_int_equal(sapa_store_setting(s->store, "user.password.budi", other, sizeof(other)), SAPA_OK);
    assert_string_not_equal(kept, other); /* each with a salt of its own */
    assert_int_equal(set(s, "dewi", "kata sandi dua"), SAPA_OK); /* the one before is gone */
    assert_int_equal(check(s, "dewi", "kata sandi 1"), SAPA_EDENIED);
    assert_int_equal(check(s, "dewi", "kata sandi dua"), SAPA_OK);
    assert_int_equal(sapa_user_password_clear(s->store, SAPA_STR("dewi")), SAPA_OK);
    assert_false(sapa_user_password_set(s->store, SAPA_STR("dewi")));
    assert_int_equal(check(s, "dewi", "kata sandi dua"), SAPA_EDENIED);
    assert_int_equal(check(s, "dewi", ""), SAPA_EDENIED);
    assert_int_equal(check(s, "budi", "kata sandi 1"), SAPA_OK);
}

static void test_what_is_no_password(void **state)
{
    struct test_store *s = *state;
    char longest[SAPA_USER_PASSWORD_MAX + 2], hash[SAPA_USER_HASH_SIZE];

    assert_int_equal(set(s, "dewi", "sembilan!"), SAPA_EINVAL);       /* 9 characters */
    assert_int_equal(set(s, "dewi", "sepuluh!!!"), SAPA_OK);
    assert_int_equal(set(s, "dewi", "ééééé"), SAPA_EINVAL);           /* 5 characters in 10 bytes */
    assert_int_equal(set(s, "dewi", "tab\tulator and more"), SAPA_EINVAL);
    assert_int_equal(set(s, "dewi", "no \xff\xfe UTF-8 text"), SAPA_EINVAL);
    memset(longest, 'a', sizeof(longest));
    longest[SAPA_USER_PASSWORD_MAX + 1] = '\0';
    assert_int_equal(set(s, "dewi", longest), SAPA_EINVAL);
    assert_int_equal(check(s, "dewi", longest), SAPA_EDENIED);
    longest[SAPA_USER_PASSWORD_MAX] = '\0';
    assert_int_equal(set(s, "dewi", longest), SAPA_OK);
    assert_int_equal(check(s, "dewi", longest), SAPA_OK);
    /* only hashes of ours are kept, only for keys */
    assert_int_equal(sapa_user_password_keep(s->store, SAPA_STR("dewi"), "kata sandi 1"), SAPA_EINVAL);
    assert_int_equal(sapa_user_password_keep(s->store, SAPA_STR("dewi"), "$argon2id$"), SAPA_EINVAL);
    assert_int_equal(sapa_user_password_keep(s->store, SAPA_STR("dewi"), "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG"), SAPA_EINVAL);
    assert_int_equal(sapa_user_password_hash(SAPA_STR("kata sandi 1"), hash), SAPA_OK);
    assert_int_equal(sapa_user_password_keep(s->store, SAPA_STR(""), hash), SAPA_EINVAL);
    assert_int_equal(sapa_user_password_keep(s->store, SAPA_STR("a b"), hash), SAPA_EINVAL);
    assert_int_equal(sapa_user_password_keep(s->store, (struct sapa_str){ longest, SAPA_KEY_MAX + 1 }, hash), SAPA_EINVAL);
    assert_int_equal(check(s, "../x", "kata sandi 1"), SAPA_EDENIED);
}

static void log_in(struct test_store *s, const char *user, int64_t now_us, struct sapa_session *ret)
{
    char text[SAPA_TOKEN_TEXT_SIZE];

    assert_int_equal(sapa_session_create(s->store, sapa_str_of(user), SAPA_STR("::1"), false, now_us, text, ret), SAPA_OK);
}

/* Who logs in and out again, as often as he likes, takes nobody's place. */
static void test_others_stay_logged_in(void **state)
{
    struct test_store *s = *state;
    struct sapa_session first, second, again;
    const int64_t hour_us = INT64_C(3600000000);

    log_in(s, "siti", hour_us, &first);
    log_in(s, "budi", 2 * hour_us, &second);
    assert_int_equal(sapa_kept_count_set(s->store, "session", SAPA_SESSIONS_MAX), SAPA_OK); /* so often has somebody logged in */
    log_in(s, "tono", 3 * hour_us, &again);
    assert_true(again.id > second.id); /* the newest has the highest number */
    assert_true(sapa_session_lives(s->store, first.id, 3 * hour_us) && sapa_session_lives(s->store, second.id, 3 * hour_us));
    assert_int_equal(sapa_kept_count_set(s->store, "session", 2 * SAPA_SESSIONS_MAX), SAPA_OK);
    log_in(s, "tono", 13 * hour_us, &again); /* siti's is over by then, and has her place */
    assert_int_equal(again.id, SAPA_SESSION_FIRST_ID + 2 * SAPA_SESSIONS_MAX + 1);
    assert_true(sapa_session_lives(s->store, second.id, 13 * hour_us));
}

static void test_who_is_it(void **state)
{
    static const char text[] =
        "version: 1\n"
        "clients: { a: { name: A }, b: { name: B } }\n"
        "teams: [t, u]\n"
        "roles: { boss: { rights: [supervisor] }, agen: { rights: [live] } }\n"
        "users: { dewi: { name: Dewi L, role: boss, clients: [b], teams: [u] } }\n"
        "agents:\n"
        "  siti: { name: Siti R, extension: \"1\", role: agen, clients: [a] }\n"
        "  tono: { name: Tono, extension: \"2\" }\n";
    struct sapa_centre *centre = test_centre(text);
    struct sapa_user_who who;
    (void)state;

    assert_int_equal(sapa_user_find(centre, SAPA_STR("dewi"), &who), SAPA_OK);
    assert_int_equal(who.user, 0);
    assert_int_equal(who.agent, SAPA_NONE);
    assert_true(sapa_str_eq(who.name, SAPA_STR("Dewi L")));
    assert_int_equal(who.rights, sapa_role_rights(SAPA_ROLE_SUPERVISOR));
    assert_int_equal(who.clients, 2);
    assert_int_equal(who.team_count, 1);
    assert_int_equal(centre->user_teams[who.team_first].team, 1);
    assert_int_equal(sapa_user_find(centre, SAPA_STR("siti"), &who), SAPA_OK);
    assert_int_equal(who.user, SAPA_NONE);
    assert_int_equal(who.agent, 0);
    assert_int_equal(who.rights, SAPA_RIGHT_BIT(LIVE));
    assert_int_equal(who.clients, 1);
    assert_int_equal(sapa_user_find(centre, SAPA_STR("tono"), &who), SAPA_OK);
    assert_int_equal(who.role, SAPA_NONE);
    assert_int_equal(who.rights, 0); /* no role: nothing */
    assert_int_equal(sapa_user_find(centre, SAPA_STR("nobody"), &who), SAPA_ENOENT);
    sapa_centre_free(centre);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_passwords, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_what_is_no_password, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_others_stay_logged_in, open_fixture, close_fixture),
        cmocka_unit_test(test_who_is_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
