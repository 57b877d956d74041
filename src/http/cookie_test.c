/* Cookies of sessions: found by their session alone; a page of another site is told from ours. */
#include "http/cookie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECRET "sapa_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "sapa_ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static void the_named_session_is_found(void **state)
{
    const struct sapa_str header = SAPA_STR("theme=dark; sapa-7=" SECRET ";sapa-8=" OTHER "; sapa-x=" SECRET "; __Host-sapa-9=" OTHER "; sapa-7=short");
    char secret[SAPA_TOKEN_TEXT_SIZE];
    uint64_t ids[4];

    (void)state;
    assert_true(sapa_cookie_find(header, 7, false, secret));
    assert_string_equal(secret, SECRET);
    assert_true(sapa_cookie_find(header, 8, false, secret));
    assert_string_equal(secret, OTHER);
    assert_true(sapa_cookie_find(header, 9, false, secret));
    assert_false(sapa_cookie_find(header, 6, false, secret));
    assert_false(sapa_cookie_find(SAPA_STR("sapa-7=short; notsapa-7=" SECRET), 7, false, secret));
    assert_false(sapa_cookie_find(SAPA_STR(""), 7, false, secret));
    assert_int_equal(sapa_cookie_sessions(header, false, ids, 4), 3);
    assert_true(ids[0] == 7 && ids[1] == 8 && ids[2] == 9);
    assert_int_equal(sapa_cookie_sessions(header, false, ids, 2), 2);
    /* over TLS the other name counts for nothing: whoever writes to us without TLS, or has a neighbouring host, can set it */
    assert_false(sapa_cookie_find(header, 7, true, secret));
    assert_true(sapa_cookie_find(header, 9, true, secret));
    assert_int_equal(sapa_cookie_sessions(header, true, ids, 4), 1);
    assert_int_equal(ids[0], 9);
    assert_true(sapa_cookie_find(SAPA_STR("sapa-9=" SECRET "; __Host-sapa-9=" OTHER), 9, true, secret));
    assert_string_equal(secret, OTHER);
}

static void what_is_set_is_found(void **state)
{
    char text[SAPA_COOKIE_TEXT_SIZE], secret[SAPA_TOKEN_TEXT_SIZE];

    (void)state;
    sapa_cookie_set(UINT64_MAX, SAPA_STR(SECRET), 43200, false, text);
    assert_string_equal(text, "sapa-18446744073709551615=" SECRET "; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict");
    assert_true(sapa_cookie_find(sapa_str_of(text), UINT64_MAX, false, secret));
    sapa_cookie_set(12, SAPA_STR(SECRET), 10, true, text);
    assert_string_equal(text, "__Host-sapa-12=" SECRET "; Path=/; Max-Age=10; HttpOnly; SameSite=Strict; Secure");
    sapa_cookie_set(12, SAPA_STR(""), 10, false, text);
    assert_string_equal(text, "sapa-12=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
}

static void other_sites_are_told_from_ours(void **state)
{
    static const struct { const char *origin, *host; bool ours; } of[] = {
        { "http://127.0.0.1:8080", "127.0.0.1:8080", true }, { "https://desk.example.com", "desk.example.com", true },
        { "https://Desk.Example.com", "desk.example.com", true }, { "http://127.0.0.1:8081", "127.0.0.1:8080", false },
        { "https://desk.example.com.evil.org", "desk.example.com", false }, { "https://evil.org", "desk.example.com", false },
        { "null", "desk.example.com", false }, { "", "", false }, { "", "desk.example.com", false }, { "http://", "", false },
        { "file://desk.example.com", "desk.example.com", false }, { "https://desk.example.com/", "desk.example.com", false },
    };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(of); i++)
        assert_int_equal(sapa_origin_is_ours(sapa_str_of(of[i].origin), sapa_str_of(of[i].host)), of[i].ours);
}

static void only_addresses_of_this_machine_are(void **state)
{
    static const char *const here[] = { "localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:8080", "127.9.8.7", "[::1]", "[::1]:80" };
    static const char *const away[] = { "", ":", "localhost.evil.org", "127.0.0.1.evil.org", "127.0.0.1.", "127.0.0", "128.0.0.1", "[::2]", "[::1]x",
                                        "127.0.0.1:x", "127.0.0.256", "evil.org", "[::1].evil.org", "localhost:", "127.0.0.1.5" };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(here); i++)
        assert_true(sapa_host_is_loopback(sapa_str_of(here[i])));
    for (size_t i = 0; i < SAPA_COUNT(away); i++)
        assert_false(sapa_host_is_loopback(sapa_str_of(away[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_named_session_is_found),
        cmocka_unit_test(what_is_set_is_found),
        cmocka_unit_test(other_sites_are_told_from_ours),
        cmocka_unit_test(only_addresses_of_this_machine_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
