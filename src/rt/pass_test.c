#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rt/pass.h"

static void names_come_back(void **state)
{
    char user[SAPA_PASS_USER_SIZE];
    struct sapa_pass back;
    const struct sapa_pass pass = { SAPA_PASS_AGENT, 1795000000, 77, UINT64_MAX, SAPA_STR("siti.a-b_c") };

    (void)state;
    assert_int_equal(sapa_pass_user(&pass, user), SAPA_OK);
    assert_string_equal(user, "a-1795000000-000000000000004d-ffffffffffffffff-siti.a-b_c");
    assert_int_equal(sapa_pass_read(sapa_str_of(user), &back), SAPA_OK);
    assert_int_equal(back.kind, pass.kind);
    assert_int_equal(back.expires_s, pass.expires_s);
    assert_true(back.session == pass.session && back.serial == pass.serial);
    assert_true(sapa_str_eq(back.subject, pass.subject));
}

static void what_is_no_name_is_refused(void **state)
{
    static const char *const bad[] = {
        "", "a", "a-", "x-1-0000000000000000-0000000000000000-a", "a-1-0000000000000000-0000000000000000-", "a-1-000000000000000-0000000000000000-a",
        "a-1-0000000000000000-000000000000000g-a", "a--0000000000000000-0000000000000000-a", "a-1-0000000000000000-0000000000000000-a b",
        "a-1-0000000000000000-0000000000000000-a\"", "a-99999999999999999999-0000000000000000-0000000000000000-a", "101",
        "a-1-0000000000000000-0000000000000000-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    struct sapa_pass back;
    char user[SAPA_PASS_USER_SIZE], longest[SAPA_PASS_SUBJECT_MAX + 2];

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(bad); i++)
        assert_int_equal(sapa_pass_read(sapa_str_of(bad[i]), &back), SAPA_EINVAL);
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    const struct sapa_pass too_long = { SAPA_PASS_GUEST, INT64_MAX / 1000000, UINT64_MAX, UINT64_MAX, sapa_str_of(longest) };
    assert_int_equal(sapa_pass_user(&too_long, user), SAPA_EINVAL);
    struct sapa_pass fits = too_long;
    fits.subject.n--;
    assert_int_equal(sapa_pass_user(&fits, user), SAPA_OK);
    assert_true(strlen(user) < sizeof(user));
    assert_int_equal(sapa_pass_read(sapa_str_of(user), &back), SAPA_OK);
}

static void passwords_are_of_the_name_and_the_key(void **state)
{
    struct sapa_key one, other;
    char a[SAPA_PASS_PASSWORD_SIZE], b[SAPA_PASS_PASSWORD_SIZE];

    (void)state;
    memset(&one, 1, sizeof(one));
    memset(&other, 2, sizeof(other));
    sapa_pass_password(&one, SAPA_STR("a-1-0000000000000000-0000000000000001-siti"), a);
    sapa_pass_password(&one, SAPA_STR("a-1-0000000000000000-0000000000000001-siti"), b);
    assert_string_equal(a, b);
    assert_int_equal(strlen(a), 32);
    sapa_pass_password(&one, SAPA_STR("a-2-0000000000000000-0000000000000001-siti"), b);
    assert_string_not_equal(a, b);
    sapa_pass_password(&other, SAPA_STR("a-1-0000000000000000-0000000000000001-siti"), b);
    assert_string_not_equal(a, b);
}

static void places_are_of_the_contact_and_the_key(void **state)
{
    const struct sapa_key one = { .bytes = { 1 } }, other = { .bytes = { 2 } };
    char a[SAPA_PASS_PASSWORD_SIZE], b[SAPA_PASS_PASSWORD_SIZE];
    struct sapa_pass pass;

    (void)state;
    sapa_pass_place(&one, 7, a);
    sapa_pass_place(&one, 70, b);
    assert_string_not_equal(a, b);
    sapa_pass_place(&other, 7, b);
    assert_string_not_equal(a, b);
    assert_int_equal(sapa_pass_read(SAPA_STR("place.7"), &pass), SAPA_EINVAL); /* nobody's telephone */
}

/* As coturn computes it: base64(hmac(sha1, secret, "1433895918:1234")). */
static void turn_passwords(void **state)
{
    char user[64], password[SAPA_PASS_TURN_SIZE];

    (void)state;
    sapa_pass_turn(SAPA_STR("north"), 1433895918, SAPA_STR("1234"), user, sizeof(user), password);
    assert_string_equal(user, "1433895918:1234");
    assert_string_equal(password, "Tl/bGovPQajrt8xGsBL/54LMvQE=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_come_back),
        cmocka_unit_test(what_is_no_name_is_refused),
        cmocka_unit_test(passwords_are_of_the_name_and_the_key),
        cmocka_unit_test(places_are_of_the_contact_and_the_key),
        cmocka_unit_test(turn_passwords),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
