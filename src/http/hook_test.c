/* Addresses that may be called, signatures, and events as the world reads them. */
#include "http/hook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

static void addresses(void **state)
{
    static const char *const good[] = { "https://crm.example/hooks", "http://10.0.0.1:8080/x?y=z", "https://h", "http://[::1]:99/a" };
    static const char *const bad[] = {
        "", "ftp://h/", "https://", "https:///x", "https://:80/", "https://user:secret@h/", "https://h/ x", "https://h/#part",
        "https://h?x", "file:///etc/passwd", "https://h/\xc3\xa9", "HTTPS://h/", "https://h/\"", "gopher://h",
    };
    char buf[200], far[600];
    struct sapa_text problem;

    (void)state;
    sapa_text_init(&problem, buf, sizeof(buf));
    for (size_t i = 0; i < SAPA_COUNT(good); i++)
        assert_int_equal(sapa_hook_url_check(sapa_str_of(good[i]), &problem), SAPA_OK);
    assert_int_equal(problem.n, 0);
    for (size_t i = 0; i < SAPA_COUNT(bad); i++) {
        sapa_text_init(&problem, buf, sizeof(buf));
        assert_int_equal(sapa_hook_url_check(sapa_str_of(bad[i]), &problem), SAPA_EINVAL);
        assert_true(problem.n > 0);
    }
    memset(far, 'a', sizeof(far));
    memcpy(far, "https://h/", 10);
    assert_int_equal(sapa_hook_url_check((struct sapa_str){ far, SAPA_HOOK_URL_MAX }, &problem), SAPA_OK);
    assert_int_equal(sapa_hook_url_check((struct sapa_str){ far, SAPA_HOOK_URL_MAX + 1 }, &problem), SAPA_EINVAL);
}

/* In pieces as in one (RFC 2104 by another way), also with a key longer than a block. */
static void signatures(void **state)
{
    static const char body[] = "{\"webhook\":\"3\",\"events\":[]}";
    char joined[200], hex[65], wanted[65], secret[120];
    uint8_t mac[32];

    (void)state;
    memset(secret, 'k', sizeof(secret));
    for (size_t n = 0; n <= sizeof(secret); n += 20) {
        const int size = snprintf(joined, sizeof(joined), "1795312800.%s", body);
        sapa_hmac_sha256(secret, n, joined, (size_t)size, mac);
        sapa_hook_sign((struct sapa_str){ secret, n }, 1795312800, sapa_str_of(body), hex);
        assert_string_equal(hex, sapa_hex(mac, sizeof(mac), wanted));
    }
}

static json_t *told(const struct sapa_record *record, const struct sapa_centre *centre, bool personal)
{
    struct sapa_json out = { .p = NULL };

    sapa_hook_event_json(record, centre, personal, &out);
    json_t *event = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(event);
    sapa_json_done(&out);
    return event;
}

static const char *text(json_t *event, const char *name)
{
    return json_string_value(json_object_get(json_object_get(event, "data"), name));
}

static void keys_and_words(void **state)
{
    const struct sapa_client clients[] = { { .key = SAPA_STR("toko") }, { .key = SAPA_STR("bank") } };
    const struct sapa_queue queues[] = { { .key = SAPA_STR("sales") } };
    const struct sapa_centre centre = { .clients = clients, .clients_count = 2, .queues = queues, .queues_count = 1 };
    struct sapa_record r;

    (void)state;
    sapa_record_init(&r, SAPA_T_contact_ended);
    r.seq = 4711;
    r.at_us = INT64_C(1767600000000000);
    r.u.contact_ended.contact = 12;
    r.u.contact_ended.client = 1;
    r.u.contact_ended.queue = 0;
    r.u.contact_ended.outcome = SAPA_OUTCOME_ANSWERED;
    r.u.contact_ended.side = SAPA_SIDE_AGENT;
    json_t *event = told(&r, &centre, false);
    assert_string_equal(json_string_value(json_object_get(event, "id")), "4711");
    assert_string_equal(json_string_value(json_object_get(event, "type")), "contact_ended");
    assert_string_equal(text(event, "client"), "bank");
    assert_string_equal(text(event, "queue"), "sales");
    assert_string_equal(text(event, "outcome"), "answered");
    assert_string_equal(text(event, "side"), "agent");
    assert_string_equal(text(event, "contact"), "12");
    json_decref(event);
    r.u.contact_ended.queue = SAPA_NONE;
    event = told(&r, NULL, false); /* a description that cannot be found any more */
    assert_true(json_is_null(json_object_get(json_object_get(event, "data"), "queue")));
    assert_int_equal(json_integer_value(json_object_get(json_object_get(event, "data"), "client")), 1);
    json_decref(event);
    /* who called is told only with the right */
    sapa_record_init(&r, SAPA_T_contact_arrived);
    (void)sapa_sized_set(&r.u.contact_arrived.address, SAPA_STR("+62811999123"));
    r.u.contact_arrived.language = SAPA_LANGUAGE_EN + 1;
    event = told(&r, &centre, false);
    assert_null(json_object_get(json_object_get(event, "data"), "address"));
    assert_null(json_object_get(json_object_get(event, "data"), "name"));
    assert_string_equal(text(event, "language"), "en");
    json_decref(event);
    event = told(&r, &centre, true);
    assert_string_equal(text(event, "address"), "+62811999123");
    json_decref(event);
    r.flags |= SAPA_RECORD_ERASED;
    event = told(&r, &centre, true);
    assert_true(json_is_null(json_object_get(json_object_get(event, "data"), "address")));
    json_decref(event);
    /* every event there is can be told */
    for (unsigned type = 0; type < SAPA_T_LIMIT; type++) {
        if (sapa_hook_event_bit(type) == 0)
            continue;
        sapa_record_init(&r, (enum sapa_type)type);
        event = told(&r, &centre, true);
        assert_int_equal(sapa_hook_event_of(sapa_str_of(json_string_value(json_object_get(event, "type")))), sapa_hook_event_bit(type));
        json_decref(event);
    }
    assert_int_equal(sapa_hook_event_bit(SAPA_T_dialog), 0); /* what phones and carriers said is nobody's business */
    assert_int_equal(sapa_hook_event_bit(SAPA_T_digit), 0);
    assert_int_equal(sapa_hook_event_of(SAPA_STR("person_known")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses), cmocka_unit_test(signatures), cmocka_unit_test(keys_and_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
