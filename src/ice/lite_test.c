/* An agent and its peer: who is let in, nomination, consent, restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ice/lite.h"
#include "rt/crypto.h"

static const struct sapa_ice_pair first = { "abcd", "abcdefghijklmnopqrstuv", "peer" };
static const struct sapa_ice_pair second = { "wxyz1234", "ABCDEFGHIJKLMNOPQRSTUVWX", "" };

struct fixture {
    struct sapa_ice ice;
    struct sapa_addr here, there;
    uint8_t answer[SAPA_STUN_OUT_MAX];
    struct sapa_stun said; /* in `answer` */
    size_t n;
};

static void set_up(struct fixture *f)
{
    *f = (struct fixture){ 0 };
    assert_int_equal(sapa_addr_parse(SAPA_STR("192.0.2.1:4000"), 0, &f->here), SAPA_OK);
    assert_int_equal(sapa_addr_parse(SAPA_STR("[2001:db8::1]:4001"), 0, &f->there), SAPA_OK);
    assert_false(sapa_ice_set(&f->ice, &first));
}

static enum sapa_ice_result check(struct fixture *f, struct sapa_stun_out out, const struct sapa_addr *from, int64_t now_us)
{
    uint8_t bytes[SAPA_STUN_OUT_MAX];

    memcpy(out.transaction, "transaction!", 12);
    const size_t n = sapa_stun_write(&out, bytes);
    const enum sapa_ice_result result = sapa_ice_take(&f->ice, bytes, n, from, now_us, f->answer, &f->n);
    if (f->n > 0) {
        assert_int_equal(sapa_stun_parse(f->answer, f->n, &f->said), SAPA_OK);
        assert_memory_equal(f->said.transaction, "transaction!", 12);
        assert_true(f->said.has_fingerprint);
    }
    return result;
}

static struct sapa_stun_out good(const struct sapa_ice_pair *pair, const char *username, bool nominates)
{
    return (struct sapa_stun_out){ .type = SAPA_STUN_REQUEST, .username = username, .password = pair->pwd, .controlling = true,
                                   .tie_breaker = 1, .priority = 1, .use_candidate = nominates };
}

static void test_check_and_nomination(void **state)
{
    struct fixture f;

    (void)state;
    set_up(&f);
    assert_int_equal(check(&f, good(&first, "abcd:peer", false), &f.here, 1), SAPA_ICE_CHECKED);
    assert_int_equal(f.said.type, SAPA_STUN_SUCCESS);
    assert_true(sapa_addr_equal(&f.said.mapped, &f.here));
    assert_true(sapa_stun_is_by(&f.said, f.answer, first.pwd));
    assert_false(sapa_ice_is_up(&f.ice));
    assert_int_equal(check(&f, good(&first, "abcd:peer", true), &f.there, 2), SAPA_ICE_NOMINATED);
    assert_true(sapa_addr_equal(&f.said.mapped, &f.there));
    assert_true(sapa_ice_is_up(&f.ice) && sapa_addr_equal(&f.ice.selected, &f.there));
    assert_int_equal(check(&f, good(&first, "abcd:peer", true), &f.there, 3), SAPA_ICE_CHECKED); /* it is already */
    assert_int_equal(check(&f, good(&first, "abcd:peer", true), &f.here, 4), SAPA_ICE_NOMINATED);
    assert_true(sapa_addr_equal(&f.ice.selected, &f.here));
}

static void test_refusals(void **state)
{
    struct fixture f;
    struct sapa_stun_out out;

    (void)state;
    set_up(&f);
    out = good(&first, "abcd:peer", true);
    out.password = NULL; /* no integrity */
    assert_int_equal(check(&f, out, &f.here, 1), SAPA_ICE_REFUSED);
    assert_int_equal(f.said.error, 400);
    assert_false(f.said.has_integrity);
    out = good(&first, "abcd:peer", true);
    out.username = NULL;
    assert_int_equal(check(&f, out, &f.here, 1), SAPA_ICE_REFUSED);
    assert_int_equal(f.said.error, 400);
    out = good(&first, "abcd:peer", true);
    out.password = second.pwd;
    assert_int_equal(check(&f, out, &f.here, 1), SAPA_ICE_REFUSED);
    assert_int_equal(f.said.error, 401);
    static const char *const strangers[] = { "abcd:else", "abcd", "abcx:peer", ":peer", "abcd:peer2", "abcde:peer" };
    for (size_t i = 0; i < SAPA_COUNT(strangers); i++) {
        assert_int_equal(check(&f, good(&first, strangers[i], true), &f.here, 1), SAPA_ICE_REFUSED);
        assert_int_equal(f.said.error, 401);
    }
    out = good(&first, "abcd:peer", true);
    out.controlling = false;
    out.controlled = true;
    assert_int_equal(check(&f, out, &f.here, 1), SAPA_ICE_REFUSED);
    assert_int_equal(f.said.error, 487);
    assert_true(sapa_stun_is_by(&f.said, f.answer, first.pwd));
    out = good(&first, "abcd:peer", true); /* answers and indications are nothing to answer */
    out.type = SAPA_STUN_SUCCESS;
    assert_int_equal(check(&f, out, &f.here, 1), SAPA_ICE_IGNORED);
    assert_int_equal(f.n, 0);
    out.type = SAPA_STUN_INDICATION;
    assert_int_equal(check(&f, out, &f.here, 1), SAPA_ICE_IGNORED);
    assert_false(sapa_addr_is_set(&f.ice.selected));
    assert_int_equal(f.ice.checks, 0);

    /* an attribute that must be understood, first as somebody changed it on the way, then signed */
    uint8_t bytes[SAPA_STUN_OUT_MAX];
    out = good(&first, "abcd:peer", true);
    size_t n = sapa_stun_write(&out, bytes) - 8; /* without the fingerprint */
    size_t at = SAPA_STUN_HEAD;
    while (bytes[at] != 0 || bytes[at + 1] != 0x24) /* PRIORITY */
        at += 4;
    bytes[at] = 0x77;
    bytes[3] = (uint8_t)(n - SAPA_STUN_HEAD);
    assert_int_equal(sapa_ice_take(&f.ice, bytes, n, &f.here, 1, f.answer, &f.n), SAPA_ICE_REFUSED);
    assert_int_equal(sapa_stun_parse(f.answer, f.n, &f.said), SAPA_OK);
    assert_int_equal(f.said.error, 401);
    sapa_hmac_sha1(first.pwd, strlen(first.pwd), bytes, n - 24, "", 0, bytes + n - 20);
    assert_int_equal(sapa_ice_take(&f.ice, bytes, n, &f.here, 1, f.answer, &f.n), SAPA_ICE_REFUSED);
    assert_int_equal(sapa_stun_parse(f.answer, f.n, &f.said), SAPA_OK);
    assert_int_equal(f.said.error, 420);
    assert_true(sapa_stun_is_by(&f.said, f.answer, first.pwd));
    static const uint8_t unknown[] = { 0x00, 0x0a, 0x00, 0x02, 0x77, 0x24 }; /* UNKNOWN-ATTRIBUTES */
    assert_non_null(memmem(f.answer, f.n, unknown, sizeof(unknown)));
    assert_false(sapa_addr_is_set(&f.ice.selected));
}

static void test_any_peer(void **state)
{
    struct fixture f;
    struct sapa_ice_pair pair = first;

    (void)state;
    set_up(&f);
    pair.peer_ufrag[0] = 0;
    assert_false(sapa_ice_set(&f.ice, &pair));
    assert_int_equal(check(&f, good(&first, "abcd:whoever", true), &f.here, 1), SAPA_ICE_NOMINATED);
    assert_false(sapa_ice_set(&f.ice, &first)); /* now it is known who */
    assert_int_equal(check(&f, good(&first, "abcd:whoever", true), &f.there, 1), SAPA_ICE_REFUSED);
    assert_int_equal(check(&f, good(&first, "abcd:peer", true), &f.there, 1), SAPA_ICE_NOMINATED);
}

static void test_consent(void **state)
{
    struct fixture f;

    (void)state;
    set_up(&f);
    assert_false(sapa_ice_tick(&f.ice, SAPA_ICE_CONSENT_US, INT64_MAX)); /* nobody is there who could take it back */
    assert_int_equal(check(&f, good(&first, "abcd:peer", true), &f.here, 1000), SAPA_ICE_NOMINATED);
    assert_false(sapa_ice_tick(&f.ice, SAPA_ICE_CONSENT_US, 999 + SAPA_ICE_CONSENT_US));
    assert_int_equal(check(&f, good(&first, "abcd:peer", false), &f.there, 2000), SAPA_ICE_CHECKED);
    assert_false(sapa_ice_tick(&f.ice, SAPA_ICE_CONSENT_US, 1999 + SAPA_ICE_CONSENT_US));
    assert_true(sapa_ice_is_up(&f.ice));
    assert_true(sapa_ice_tick(&f.ice, SAPA_ICE_CONSENT_US, 2000 + SAPA_ICE_CONSENT_US));
    assert_false(sapa_ice_tick(&f.ice, SAPA_ICE_CONSENT_US, 2001 + SAPA_ICE_CONSENT_US)); /* said once */
    assert_false(sapa_ice_is_up(&f.ice));
    struct sapa_stun_out wrong = good(&second, "abcd:peer", true);
    assert_int_equal(check(&f, wrong, &f.here, 3000 + SAPA_ICE_CONSENT_US), SAPA_ICE_REFUSED);
    assert_false(sapa_ice_is_up(&f.ice));
    assert_int_equal(check(&f, good(&first, "abcd:peer", false), &f.here, 3000 + SAPA_ICE_CONSENT_US), SAPA_ICE_CHECKED);
    assert_true(sapa_ice_is_up(&f.ice));
}

static void test_restart(void **state)
{
    struct fixture f;

    (void)state;
    set_up(&f);
    assert_int_equal(check(&f, good(&first, "abcd:peer", true), &f.here, 1), SAPA_ICE_NOMINATED);
    assert_true(sapa_ice_set(&f.ice, &second));
    assert_string_equal(sapa_ice_newest(&f.ice)->ufrag, "wxyz1234");
    assert_false(sapa_ice_set(&f.ice, &second)); /* said again */
    /* the old one holds, and the new one is checked beside it */
    assert_int_equal(check(&f, good(&first, "abcd:peer", true), &f.here, 2), SAPA_ICE_CHECKED);
    assert_int_equal(check(&f, good(&second, "wxyz1234:new", false), &f.there, 3), SAPA_ICE_CHECKED);
    assert_true(sapa_addr_equal(&f.ice.selected, &f.here));
    assert_int_equal(check(&f, good(&first, "wxyz1234:new", true), &f.there, 3), SAPA_ICE_REFUSED); /* the old password */
    assert_int_equal(check(&f, good(&second, "wxyz1234:new", true), &f.there, 4), SAPA_ICE_RESTARTED);
    assert_true(sapa_addr_equal(&f.ice.selected, &f.there));
    assert_int_equal(check(&f, good(&first, "abcd:peer", true), &f.here, 5), SAPA_ICE_REFUSED); /* forgotten */
    assert_true(sapa_addr_equal(&f.ice.selected, &f.there));
    assert_string_equal(sapa_ice_newest(&f.ice)->ufrag, "wxyz1234");
}

static void test_keys(void **state)
{
    uint64_t key = 0;

    (void)state;
    memcpy(&key, "abcd", 4);
    assert_true(sapa_ice_key(SAPA_STR("abcd:x")) == key);
    assert_true(sapa_ice_key(SAPA_STR("abcd")) == key);
    memcpy(&key, "abcdefgh", 8);
    assert_true(sapa_ice_key(SAPA_STR("abcdefgh:x")) == key);
    assert_true(sapa_ice_key(SAPA_STR("abcdefghi:x")) == 0);
    assert_true(sapa_ice_key(SAPA_STR(":x")) == 0);
    assert_true(sapa_ice_key((struct sapa_str){ 0 }) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_and_nomination), cmocka_unit_test(test_refusals), cmocka_unit_test(test_any_peer),
        cmocka_unit_test(test_consent),              cmocka_unit_test(test_restart),  cmocka_unit_test(test_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
