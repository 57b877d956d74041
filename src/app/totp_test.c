/* The second factor: the published vectors, and what is kept of it in a real store. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "app/test_store_impl.h"
#include "http/totp.h"

TEST_STORE_FIXTURE(store)
static struct sapa_totp_new made;
#define USER SAPA_STR("siti")
#define NOW INT64_C(1800000010)

/* RFC 6238, appendix B, the rows of SHA-1: eight digits. */
static void the_published_vectors(void **state)
{
    static const struct { int64_t time; uint32_t code; } rows[] = {
        { 59, 94287082 }, { 1111111109, 7081804 }, { 1111111111, 14050471 }, { 1234567890, 89005924 }, { 2000000000, 69279037 }, { INT64_C(20000000000), 65353130 },
    };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(rows); i++) {
        assert_int_equal(sapa_totp_code("12345678901234567890", 20, (uint64_t)rows[i].time / 30, 8), rows[i].code);
        assert_int_equal(sapa_totp_code("12345678901234567890", 20, (uint64_t)rows[i].time / 30, 6), rows[i].code % 1000000);
    }
}

/* As an app reads it: base 32 into bytes. */
static void secret_bytes(const char *text, uint8_t out[20])
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t n = 0;

    assert_int_equal(strlen(text), 32);
    for (; *text; text++) {
        bits = bits << 5 | (uint32_t)(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", *text) - "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
        if ((held += 5) >= 8) {
            held -= 8;
            out[n++] = (uint8_t)(bits >> held);
        }
    }
    assert_int_equal(n, 20);
}

static struct sapa_str code_at(int64_t now_s)
{
    static char buf[8];
    uint8_t secret[20];

    secret_bytes(made.secret, secret);
    snprintf(buf, sizeof(buf), "%06u", (unsigned)sapa_totp_code(secret, 20, (uint64_t)now_s / 30, 6));
    return sapa_str_of(buf);
}

static void turn_on(int64_t now_s)
{
    assert_int_equal(sapa_totp_begin(store.store, USER, SAPA_STR("Pusat & Layanan"), &made), SAPA_OK);
    assert_int_equal(sapa_totp_confirm(store.store, USER, code_at(now_s), now_s), SAPA_OK);
}

static void a_code_counts_once_and_in_its_time(void **state)
{
    char hash[4096];

    (void)state;
    assert_false(sapa_totp_is_on(store.store, USER));
    assert_int_equal(sapa_totp_check(store.store, USER, SAPA_STR("000000"), NOW), SAPA_ENOENT);
    assert_int_equal(sapa_totp_confirm(store.store, USER, SAPA_STR("000000"), NOW), SAPA_ESTATE);
    assert_int_equal(sapa_totp_begin(store.store, USER, SAPA_STR("Pusat & Layanan"), &made), SAPA_OK);
    assert_non_null(strstr(made.uri, "otpauth://totp/Pusat%20%26%20Layanan:siti?secret="));
    assert_non_null(strstr(made.uri, made.secret));
    assert_false(sapa_totp_is_on(store.store, USER)); /* not before a code of it was seen */
    assert_int_equal(sapa_totp_confirm(store.store, USER, SAPA_STR("12345"), NOW), SAPA_EDENIED);
    assert_int_equal(sapa_totp_confirm(store.store, USER, SAPA_STR("1234567"), NOW), SAPA_EDENIED);
    assert_int_equal(sapa_totp_confirm(store.store, USER, code_at(NOW - 300), NOW), SAPA_EDENIED);
    assert_int_equal(sapa_totp_confirm(store.store, USER, code_at(NOW), NOW), SAPA_OK);
    assert_true(sapa_totp_is_on(store.store, USER));

    assert_int_equal(sapa_totp_check(store.store, USER, code_at(NOW), NOW), SAPA_EDENIED); /* it was used to confirm */
    assert_int_equal(sapa_totp_check(store.store, USER, code_at(NOW + 30), NOW + 30), SAPA_OK);
    assert_int_equal(sapa_totp_check(store.store, USER, code_at(NOW + 30), NOW + 30), SAPA_EDENIED);
    assert_int_equal(sapa_totp_check(store.store, USER, code_at(NOW), NOW + 30), SAPA_EDENIED);       /* an older one */
    assert_int_equal(sapa_totp_check(store.store, USER, code_at(NOW + 120), NOW + 60), SAPA_EDENIED); /* two steps ahead */
    assert_int_equal(sapa_totp_check(store.store, USER, code_at(NOW + 90), NOW + 60), SAPA_OK);       /* one step ahead: his clock is fast */
    assert_int_equal(sapa_totp_check(store.store, USER, code_at(NOW + 120), NOW + 150), SAPA_OK);     /* one behind */
    assert_int_equal(sapa_totp_check(store.store, USER, SAPA_STR(""), NOW + 300), SAPA_EDENIED);
    assert_int_equal(sapa_totp_check(store.store, USER, SAPA_STR("-12345"), NOW + 300), SAPA_EDENIED);

    assert_int_equal(sapa_store_setting(store.store, "user.totp.siti", hash, sizeof(hash)), SAPA_OK);
    assert_null(strstr(hash, made.secret)); /* sealed, and recovery codes hashed */
    for (unsigned i = 0; i < SAPA_TOTP_RECOVERY; i++)
        assert_null(strstr(hash, made.recovery[i]));
}

static void a_lost_phone(void **state)
{
    char lower[32];

    (void)state;
    turn_on(NOW);
    snprintf(lower, sizeof(lower), "%.4s-%.4s %.4s", made.recovery[3], made.recovery[3] + 4, made.recovery[3] + 8);
    for (char *c = lower; *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
    assert_int_equal(sapa_totp_check(store.store, USER, sapa_str_of(lower), NOW), SAPA_OK);
    assert_int_equal(sapa_totp_check(store.store, USER, sapa_str_of(lower), NOW), SAPA_EDENIED); /* each once */
    assert_int_equal(sapa_totp_check(store.store, USER, sapa_str_of(made.recovery[0]), NOW), SAPA_OK);
    assert_int_equal(sapa_totp_check(store.store, USER, SAPA_STR("AAAAAAAAAAAA"), NOW), SAPA_EDENIED);
    assert_int_equal(sapa_totp_check(store.store, USER, sapa_str_of(made.recovery[9]), NOW), SAPA_OK);

    const struct sapa_totp_new before = made; /* a new phone: the old one holds until the new one is shown to work */
    assert_int_equal(sapa_totp_begin(store.store, USER, SAPA_STR("Sapa"), &made), SAPA_OK);
    assert_int_equal(sapa_totp_check(store.store, USER, sapa_str_of(before.recovery[1]), NOW), SAPA_OK);
    assert_int_equal(sapa_totp_check(store.store, USER, sapa_str_of(made.recovery[1]), NOW), SAPA_EDENIED);
    assert_int_equal(sapa_totp_confirm(store.store, USER, code_at(NOW), NOW), SAPA_OK);
    assert_int_equal(sapa_totp_check(store.store, USER, sapa_str_of(before.recovery[2]), NOW), SAPA_EDENIED);
    assert_int_equal(sapa_totp_check(store.store, USER, sapa_str_of(made.recovery[1]), NOW), SAPA_OK);

    assert_int_equal(sapa_totp_clear(store.store, USER), SAPA_OK);
    assert_false(sapa_totp_is_on(store.store, USER));
    assert_int_equal(sapa_totp_check(store.store, USER, sapa_str_of(made.recovery[2]), NOW), SAPA_ENOENT);
    assert_int_equal(sapa_store_set(store.store, "user.totp.siti", "{\"secret\":\"00\"}"), SAPA_OK);
    assert_true(sapa_totp_is_on(store.store, USER)); /* what cannot be read is not passed by */
    assert_int_equal(sapa_totp_check(store.store, USER, SAPA_STR("000000"), NOW), SAPA_ECORRUPT);
    assert_int_equal(sapa_totp_begin(store.store, SAPA_STR("a/b"), SAPA_STR("Sapa"), &made), SAPA_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_vectors),
        cmocka_unit_test_setup_teardown(a_code_counts_once_and_in_its_time, begin, end),
        cmocka_unit_test_setup_teardown(a_lost_phone, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
