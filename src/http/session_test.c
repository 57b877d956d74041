/* Sessions in memory, and how often somebody may try a password. */
#include "http/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rt/crypto.h"

static struct sapa_session session_of(unsigned n, char header[SAPA_TOKEN_TEXT_SIZE + 8])
{
    struct sapa_session session = { .id = SAPA_SESSION_FIRST_ID + n, .user = "siti", .expires_us = 1000 };

    snprintf(header, SAPA_TOKEN_TEXT_SIZE + 8, "Bearer sapa_%064x", n);
    sapa_sha256(header + 7, SAPA_TOKEN_TEXT_SIZE - 1, session.hash);
    return session;
}

static void found_until_they_end(void **state)
{
    struct sapa_sessions sessions;
    char header[SAPA_TOKEN_TEXT_SIZE + 8], other[SAPA_TOKEN_TEXT_SIZE + 8];

    (void)state;
    sapa_sessions_init(&sessions);
    const struct sapa_session one = session_of(1, header);
    assert_int_equal(sapa_sessions_add(&sessions, &one), SAPA_OK);
    assert_int_equal(sapa_sessions_add(&sessions, &one), SAPA_EEXIST);
    assert_non_null(sapa_sessions_find(&sessions, sapa_str_of(header), 999));
    assert_null(sapa_sessions_find(&sessions, sapa_str_of(header), 1000)); /* its time is over */
    (void)session_of(2, other);
    assert_null(sapa_sessions_find(&sessions, sapa_str_of(other), 0));
    assert_null(sapa_sessions_find(&sessions, sapa_str_of(header + 7), 0));
    assert_null(sapa_sessions_find(&sessions, sapa_str_of("Bearer sapa_1"), 0));
    assert_false(sapa_sessions_remove(&sessions, one.id + 1));
    assert_true(sapa_sessions_remove(&sessions, one.id));
    assert_null(sapa_sessions_find(&sessions, sapa_str_of(header), 0));
    sapa_sessions_done(&sessions);
}

/* As many logins as one likes: the oldest gives way, and there is always room for the next. */
static void the_oldest_gives_way(void **state)
{
    struct sapa_sessions sessions;
    char header[SAPA_TOKEN_TEXT_SIZE + 8];

    (void)state;
    sapa_sessions_init(&sessions);
    for (unsigned i = 1; i <= SAPA_SESSIONS_MAX + 100; i++) {
        const struct sapa_session one = session_of(i, header);
        assert_int_equal(sapa_sessions_add(&sessions, &one), SAPA_OK);
    }
    assert_int_equal(sessions.by_hash.count, SAPA_SESSIONS_MAX);
    (void)session_of(100, header);
    assert_null(sapa_sessions_find(&sessions, sapa_str_of(header), 0));
    (void)session_of(101, header);
    assert_non_null(sapa_sessions_find(&sessions, sapa_str_of(header), 0));
    sapa_sessions_done(&sessions);
}

static void tries_are_counted(void **state)
{
    const struct sapa_str siti = SAPA_STR("siti"), budi = SAPA_STR("budi"), here = SAPA_STR("10.0.0.1"), there = SAPA_STR("10.0.0.2");
    struct sapa_tries tries;
    char name[32];

    (void)state;
    sapa_tries_init(&tries);
    for (unsigned i = 0; i < SAPA_TRIES_BOTH; i++) {
        assert_int_equal(sapa_tries_wait_us(&tries, siti, here, 1000), 0);
        sapa_tries_failed(&tries, siti, here, 1000);
    }
    assert_int_equal(sapa_tries_wait_us(&tries, siti, here, 1000), SAPA_TRIES_US);
    assert_int_equal(sapa_tries_wait_us(&tries, siti, here, 1001), SAPA_TRIES_US - 1);
    /* who guesses does not lock out the one whose name he guesses at, elsewhere */
    assert_int_equal(sapa_tries_wait_us(&tries, siti, there, 1000), 0);
    assert_int_equal(sapa_tries_wait_us(&tries, budi, here, 1000), 0);
    assert_true(sapa_tries_wait_us(&tries, siti, here, 1000 + SAPA_TRIES_US) <= 0);
    /* the right one, and it begins anew */
    sapa_tries_good(&tries, siti, here, 1000);
    assert_int_equal(sapa_tries_wait_us(&tries, siti, here, 1000), 0);
    /* one source with many names; his right one made up for one of his */
    for (unsigned i = SAPA_TRIES_BOTH - 1; i < SAPA_TRIES_SOURCE; i++) {
        assert_int_equal(sapa_tries_wait_us(&tries, budi, here, 1000), 0);
        snprintf(name, sizeof(name), "somebody-%u", i);
        sapa_tries_failed(&tries, sapa_str_of(name), here, 1000);
    }
    assert_true(sapa_tries_wait_us(&tries, budi, here, 1000) > 0);
    /* one name from many sources */
    for (unsigned i = 0; i < SAPA_TRIES_USER; i++) {
        assert_int_equal(sapa_tries_wait_us(&tries, SAPA_STR("dewi"), there, 1000), 0);
        snprintf(name, sizeof(name), "192.0.2.%u", i);
        sapa_tries_failed(&tries, SAPA_STR("dewi"), sapa_str_of(name), 1000);
    }
    assert_true(sapa_tries_wait_us(&tries, SAPA_STR("dewi"), there, 1000) > 0);
    /* however many: bounded, and what is old makes room */
    for (unsigned i = 0; i < 2 * SAPA_TRIES_MAX; i++) {
        snprintf(name, sizeof(name), "%u", i);
        sapa_tries_failed(&tries, sapa_str_of(name), sapa_str_of(name), 2000);
    }
    assert_true(tries.of.count <= SAPA_TRIES_MAX);
    assert_true(sapa_tries_wait_us(&tries, SAPA_STR("dewi"), there, 1000) > 0); /* what was known stays known */
    sapa_tries_failed(&tries, budi, there, 2000 + SAPA_TRIES_US);
    assert_true(tries.of.count <= 3);
    sapa_tries_done(&tries);
}

/* Five hundred come in from one address within minutes, one of ten mistypes first: nobody waits. */
static void an_office_comes_in(void **state)
{
    const struct sapa_str here = SAPA_STR("10.0.0.1");
    struct sapa_tries tries;
    char name[32];

    (void)state;
    sapa_tries_init(&tries);
    assert_int_equal(sapa_tries_left(&tries, SAPA_STR("agent1"), here, 0), SAPA_TRIES_BOTH);
    for (unsigned i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "agent%u", i);
        const struct sapa_str user = sapa_str_of(name);
        assert_int_equal(sapa_tries_wait_us(&tries, user, here, 1000 + i), 0);
        if (i % 10 == 0) {
            sapa_tries_failed(&tries, user, here, 1000 + i);
            assert_int_equal(sapa_tries_left(&tries, user, here, 1000 + i), SAPA_TRIES_BOTH - 1);
        }
        sapa_tries_good(&tries, user, here, 1000 + i);
        assert_int_equal(sapa_tries_left(&tries, user, here, 1000 + i), SAPA_TRIES_BOTH);
    }
    /* but one who knows one password cannot make up with it for all that he guesses */
    for (unsigned i = 0; i < SAPA_TRIES_SOURCE; i++) {
        snprintf(name, sizeof(name), "boss%u", i);
        assert_int_equal(sapa_tries_left(&tries, SAPA_STR("x"), here, 2000), SAPA_MIN(SAPA_TRIES_BOTH, SAPA_TRIES_SOURCE - (int)i));
        sapa_tries_failed(&tries, sapa_str_of(name), here, 2000);
        sapa_tries_good(&tries, SAPA_STR("agent7"), here, 2000);
    }
    assert_int_equal(sapa_tries_left(&tries, SAPA_STR("x"), here, 2000), 0);
    assert_true(sapa_tries_wait_us(&tries, SAPA_STR("x"), here, 2000) > 0);
    assert_int_equal(sapa_tries_left(&tries, SAPA_STR("x"), here, 2000 + SAPA_TRIES_US), SAPA_TRIES_BOTH);
    sapa_tries_done(&tries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_until_they_end), cmocka_unit_test(the_oldest_gives_way), cmocka_unit_test(tries_are_counted), cmocka_unit_test(an_office_comes_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
