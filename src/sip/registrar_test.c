#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#include "sip/registrar.h"

static struct sapa_sip_registrar *registrar;
static struct sapa_sip_flow flow = { .kind = SAPA_SIP_FLOW_UDP, .remote = { .family = 4, .bytes = { 10, 0, 0, 9 }, .port = 5062 } };
static const int64_t S = 1000000;

static int setup(void **state)
{
    (void)state;
    const struct sapa_sip_registrar_opts opts = { .contacts_max = 3, .expires_min_s = 60, .aor_max = 4 };
    return sapa_sip_registrar_open(&opts, &registrar) == SAPA_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    sapa_sip_registrar_close(registrar);
    return 0;
}

static char echoed[512]; /* the Path lines of the answer */

static struct sapa_sip_register_result update_as(const char *aor, const char *call_id, unsigned cseq, int64_t now, const char *lines)
{
    static struct sapa_sip_msg msg;
    struct sapa_text path;
    static char buf[8192];
    struct sapa_sip_register_result result;
    const int n = snprintf(buf, sizeof(buf), "REGISTER sip:shop SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:%s@shop>;tag=1\r\n"
                           "To: <sip:%s@shop>\r\nCall-ID: %s\r\nCSeq: %u REGISTER\r\n%s\r\n", aor, aor, call_id, cseq, lines);

    assert_int_equal(sapa_sip_msg_parse(buf, (size_t)n, SAPA_SIP_DATAGRAM, &msg), SAPA_OK);
    assert_int_equal(msg.fault, 0);
    sapa_sip_registrar_update(registrar, sapa_str_of(aor), &msg, &flow, now, &result);
    sapa_text_init(&path, echoed, sizeof(echoed));
    sapa_sip_registrar_put_path(&msg, &path);
    return result;
}

static struct sapa_sip_register_result update(unsigned cseq, int64_t now, const char *lines)
{
    return update_as("1001", "c1", cseq, now, lines);
}

static size_t lookup(int64_t now, struct sapa_sip_binding *bindings)
{
    return sapa_sip_registrar_lookup(registrar, SAPA_STR("1001"), now, bindings, SAPA_SIP_CONTACTS_MAX);
}

static void test_bind_refresh_expire(void **state)
{
    (void)state;
    struct sapa_sip_binding b[SAPA_SIP_CONTACTS_MAX];
    char buf[512];
    struct sapa_text text;

    struct sapa_sip_register_result r = update(1, 0, "Contact: <sip:1001@10.0.0.9:5062>;expires=120;q=0.5\r\nUser-Agent: baresip\r\n");
    assert_int_equal(r.status, 200);
    assert_int_equal(r.added, 1);
    assert_int_equal(lookup(0, b), 1);
    assert_true(sapa_str_eq(b[0].contact, SAPA_STR("sip:1001@10.0.0.9:5062")));
    assert_true(sapa_str_eq(b[0].user_agent, SAPA_STR("baresip")));
    assert_int_equal(b[0].q_milli, 500);
    assert_int_equal(b[0].flow.remote.port, 5062);
    assert_int_equal(b[0].expires_us, 120 * S);
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_sip_registrar_put(registrar, SAPA_STR("1001"), 20 * S, &text);
    assert_string_equal(buf, "Contact: <sip:1001@10.0.0.9:5062>;expires=100;q=0.500\r\n");
    /* Case and escapes do not make another contact. */
    r = update(2, 10 * S, "Contact: <SIP:1%3001@10.0.0.9:5062>\r\nExpires: 3000\r\n");
    assert_int_equal(r.refreshed, 1);
    assert_int_equal(r.bindings, 1);
    assert_int_equal(lookup(3009 * S, b), 1);
    assert_int_equal(lookup(3010 * S, b), 0);
    assert_int_equal(sapa_sip_registrar_next_due(registrar), 3010 * S);
    assert_int_equal(sapa_sip_registrar_run_due(registrar, 3010 * S, NULL, NULL), 1);
    assert_true(sapa_sip_registrar_next_due(registrar) == INT64_MAX);
}

static void test_many_contacts(void **state)
{
    (void)state;
    struct sapa_sip_binding b[SAPA_SIP_CONTACTS_MAX];

    update(1, 0, "Contact: <sip:a@1.1.1.1>;q=0.3, <sip:b@1.1.1.1>;q=0.9\r\nContact: <sip:c@1.1.1.1>\r\n");
    assert_int_equal(lookup(0, b), 3);
    assert_true(sapa_str_eq(b[0].contact, SAPA_STR("sip:c@1.1.1.1")));
    assert_true(sapa_str_eq(b[1].contact, SAPA_STR("sip:b@1.1.1.1")));
    assert_true(sapa_str_eq(b[2].contact, SAPA_STR("sip:a@1.1.1.1")));
    update(2, 5 * S, "Contact: <sip:b@1.1.1.1>\r\n");
    update(3, 6 * S, "Contact: <sip:c@1.1.1.1>\r\n");
    /* One more than allowed: the oldest goes. */
    struct sapa_sip_register_result r = update_as("1001", "c2", 1, 7 * S, "Contact: <sip:d@1.1.1.1>\r\n");
    assert_int_equal(r.status, 200);
    assert_int_equal(r.removed, 1);
    assert_int_equal(lookup(7 * S, b), 3);
    assert_true(sapa_str_eq(b[0].contact, SAPA_STR("sip:d@1.1.1.1"))); /* newest first at equal q */
    assert_true(sapa_str_eq(b[2].contact, SAPA_STR("sip:b@1.1.1.1")));
    r = update(9, 8 * S, "Contact: <sip:1@x>, <sip:2@x>, <sip:3@x>, <sip:4@x>\r\n");
    assert_int_equal(r.status, 403);
    assert_int_equal(lookup(8 * S, b), 3); /* nothing of it */
}

static void test_remove(void **state)
{
    (void)state;
    struct sapa_sip_binding b[SAPA_SIP_CONTACTS_MAX];

    update(1, 0, "Contact: <sip:a@1.1.1.1>, <sip:b@1.1.1.1>\r\n");
    struct sapa_sip_register_result r = update(2, 0, "Contact: <sip:a@1.1.1.1>;expires=0\r\n");
    assert_int_equal(r.removed, 1);
    assert_int_equal(r.bindings, 1);
    assert_int_equal(update(3, 0, "Contact: *\r\n").status, 400);                       /* without Expires: 0 */
    assert_int_equal(update(3, 0, "Contact: *\r\nExpires: 60\r\n").status, 400);
    assert_int_equal(update(3, 0, "Contact: *, <sip:x@y>\r\nExpires: 0\r\n").status, 400);
    assert_int_equal(lookup(0, b), 1);
    r = update(3, 0, "Contact: *\r\nExpires: 0\r\n");
    assert_int_equal(r.status, 200);
    assert_int_equal(r.removed, 1);
    assert_int_equal(lookup(0, b), 0);
    assert_int_equal(update(4, 0, "Contact: *\r\nExpires: 0\r\n").status, 200);
    r = update(5, 0, ""); /* a question */
    assert_int_equal(r.status, 200);
    assert_int_equal(r.bindings, 0);
}

static void test_order_and_limits(void **state)
{
    (void)state;
    struct sapa_sip_binding b[SAPA_SIP_CONTACTS_MAX];

    update(5, 0, "Contact: <sip:a@1.1.1.1>\r\n");
    assert_int_equal(update(5, S, "Contact: <sip:a@1.1.1.1>;expires=0\r\n").status, 500);
    assert_int_equal(update(4, S, "Contact: *\r\nExpires: 0\r\n").status, 500);
    assert_int_equal(lookup(S, b), 1);
    assert_int_equal(update_as("1001", "other", 1, S, "Contact: <sip:a@1.1.1.1>;expires=0\r\n").status, 200);
    /* 423 takes nothing of the request */
    struct sapa_sip_register_result r = update(6, 0, "Contact: <sip:a@1.1.1.1>\r\nContact: <sip:b@1.1.1.1>;expires=59\r\n");
    assert_int_equal(r.status, 423);
    assert_int_equal(r.min_expires_s, 60);
    assert_int_equal(lookup(S, b), 0);
    assert_int_equal(update(7, 0, "Contact: <sip:a@1.1.1.1>;expires=99999999999999\r\n").status, 200);
    assert_int_equal(lookup(S, b), 1);
    assert_int_equal(b[0].expires_us, 3600 * S);
    assert_int_equal(update(8, 0, "Contact: <mailto:a@b>\r\n").status, 400);
    for (int i = 0; i < 3; i++) {
        char aor[8];
        snprintf(aor, sizeof(aor), "20%d", i);
        assert_int_equal(update_as(aor, "x", 1, 0, "Contact: <sip:a@1.1.1.1>\r\n").status, 200);
    }
    assert_int_equal(update_as("299", "x", 1, 0, "Contact: <sip:a@1.1.1.1>\r\n").status, 503); /* aor_max */
    assert_int_equal(update_as("299", "x", 1, 0, "").status, 200);
}

static unsigned gone_count;
static void gone(void *ctx, const struct sapa_sip_binding *binding)
{
    assert_ptr_equal(ctx, &gone_count);
    assert_true(sapa_str_eq(binding->aor, SAPA_STR("1001")));
    gone_count++;
}

static void test_path_and_flow(void **state)
{
    (void)state;
    struct sapa_sip_binding b[SAPA_SIP_CONTACTS_MAX];

    gone_count = 0;
    flow.kind = SAPA_SIP_FLOW_WSS;
    flow.conn = 7;
    flow.generation = 3;
    update(1, 0, "Contact: <sip:x@y.invalid;transport=ws>\r\nPath: <sip:p1;lr>, <sip:p2;lr>\r\nPath: <sip:p3;lr>\r\n");
    assert_string_equal(echoed, "Path: <sip:p1;lr>\r\nPath: <sip:p2;lr>\r\nPath: <sip:p3;lr>\r\n");
    flow.conn = 8;
    update(2, 0, "Contact: <sip:z@y.invalid>\r\n");
    assert_string_equal(echoed, "");
    assert_int_equal(lookup(0, b), 2);
    const struct sapa_sip_binding *with = b[0].path.n ? &b[0] : &b[1];
    assert_true(sapa_str_eq(with->path, SAPA_STR("<sip:p1;lr>,<sip:p2;lr>,<sip:p3;lr>")));
    struct sapa_sip_flow closed = flow;
    closed.generation = 2; /* an older life of the slot: nothing */
    assert_int_equal(sapa_sip_registrar_flow_closed(registrar, &closed, gone, &gone_count), 0);
    assert_int_equal(sapa_sip_registrar_flow_closed(registrar, &flow, gone, &gone_count), 1);
    assert_int_equal(gone_count, 1);
    assert_int_equal(sapa_sip_registrar_drop(registrar, SAPA_STR("1001"), gone, &gone_count), 1);
    assert_int_equal(gone_count, 2);
    flow = (struct sapa_sip_flow){ .kind = SAPA_SIP_FLOW_UDP, .remote = { .family = 4, .bytes = { 10, 0, 0, 9 }, .port = 5062 } };
}

static uint8_t record[SAPA_SIP_BINDING_RECORD_MAX];
static size_t record_n;
static void export_it(void *ctx, const struct sapa_sip_binding *binding)
{
    (void)ctx;
    assert_int_equal(sapa_sip_binding_export(binding, record, sizeof(record), &record_n), SAPA_OK);
    assert_int_equal(sapa_sip_binding_export(binding, record, record_n - 1, &record_n), SAPA_ELIMIT);
    assert_int_equal(sapa_sip_binding_export(binding, record, sizeof(record), &record_n), SAPA_OK);
}

static void test_records(void **state)
{
    (void)state;
    struct sapa_sip_binding b[SAPA_SIP_CONTACTS_MAX];

    update(41, 5 * S, "Contact: <sip:a@1.1.1.1;x=y>;q=0.25\r\nPath: <sip:p1;lr>\r\nExpires: 100\r\nUser-Agent: T\r\n");
    sapa_sip_registrar_each(registrar, export_it, NULL);
    assert_int_equal(sapa_sip_registrar_import(registrar, record, record_n, 6 * S), SAPA_EEXIST);
    teardown(NULL);
    setup(NULL);
    assert_int_equal(sapa_sip_registrar_import(registrar, record, record_n, 105 * S), SAPA_ETIMEOUT);
    for (size_t i = 0; i < record_n; i++) {
        record[i] ^= 1;
        assert_int_equal(sapa_sip_registrar_import(registrar, record, record_n, 6 * S), SAPA_ECORRUPT);
        record[i] ^= 1;
    }
    assert_int_equal(sapa_sip_registrar_import(registrar, record, record_n, 6 * S), SAPA_OK);
    assert_int_equal(lookup(6 * S, b), 1);
    assert_true(sapa_str_eq(b[0].contact, SAPA_STR("sip:a@1.1.1.1;x=y")));
    assert_true(sapa_str_eq(b[0].path, SAPA_STR("<sip:p1;lr>")));
    assert_int_equal(b[0].q_milli, 250);
    assert_int_equal(b[0].flow.remote.port, 5062);
    assert_int_equal(update(41, 7 * S, "Contact: <sip:a@1.1.1.1;x=y>\r\n").status, 500); /* CSeq is remembered */
    assert_int_equal(update(42, 7 * S, "Contact: <sip:a@1.1.1.1;x=y>\r\n").refreshed, 1);
}

/* RFC 5626: a phone that says which one it is has one binding, wherever it comes from. */
static void test_instances(void **state)
{
    (void)state;
    struct sapa_sip_binding b[SAPA_SIP_CONTACTS_MAX];
    size_t n;

    update_as("1001", "c1", 1, 0, "Contact: <sip:x1@a.invalid;transport=ws>;reg-id=1;+sip.instance=\"<urn:uuid:1>\"\r\n");
    update_as("1001", "c2", 1, S, "Contact: <sip:desk@10.0.0.9>\r\n");
    update_as("1001", "c3", 1, 2 * S, "Contact: <sip:y1@b.invalid;transport=ws>;reg-id=1;+sip.instance=\"<urn:uuid:2>\"\r\n");
    assert_int_equal(lookup(2 * S, b), 3);
    struct sapa_sip_register_result r =
        update_as("1001", "c4", 1, 3 * S, "Contact: <sip:x2@c.invalid;transport=ws>;reg-id=1;+sip.instance=\"<urn:uuid:1>\"\r\n");
    assert_int_equal(r.status, 200);
    assert_int_equal(r.removed, 1);
    assert_int_equal(r.bindings, 3);
    assert_int_equal(lookup(3 * S, b), 3);
    assert_true(sapa_str_eq(b[0].contact, SAPA_STR("sip:x2@c.invalid;transport=ws")));
    assert_true(sapa_str_eq(b[0].instance, SAPA_STR("<urn:uuid:1>")));
    /* Without reg-id it says no more than who made it: two lines of one desk phone stay two. */
    update_as("1002", "d1", 1, 0, "Contact: <sip:l1@10.0.0.8>;+sip.instance=\"<urn:uuid:3>\"\r\n");
    r = update_as("1002", "d2", 1, 0, "Contact: <sip:l2@10.0.0.8>;+sip.instance=\"<urn:uuid:3>\"\r\n");
    assert_int_equal(r.bindings, 2);
    /* It comes back with its record, but for a browser's. */
    assert_int_equal(sapa_sip_binding_export(&b[0], record, sizeof(record), &n), SAPA_OK);
    sapa_sip_registrar_drop(registrar, SAPA_STR("1001"), NULL, NULL);
    assert_int_equal(sapa_sip_registrar_import(registrar, record, n, 4 * S), SAPA_OK);
    assert_int_equal(lookup(4 * S, b), 1);
    assert_true(sapa_str_eq(b[0].instance, SAPA_STR("<urn:uuid:1>")));
    struct sapa_sip_binding web = b[0];
    web.flow.kind = SAPA_SIP_FLOW_WSS;
    assert_int_equal(sapa_sip_binding_export(&web, record, sizeof(record), &n), SAPA_OK);
    assert_int_equal(sapa_sip_registrar_import(registrar, record, n, 4 * S), SAPA_ECLOSED);
}

static void test_crowd(void **state)
{
    (void)state;
    const struct sapa_sip_registrar_opts opts = { .aor_max = 20000 };
    char aor[16];

    teardown(NULL);
    assert_int_equal(sapa_sip_registrar_open(&opts, &registrar), SAPA_OK);
    for (int i = 0; i < 3000; i++) {
        snprintf(aor, sizeof(aor), "%d", i);
        assert_int_equal(update_as(aor, "c", 1, i * S, "Contact: <sip:a@1.1.1.1>\r\nExpires: 600\r\n").status, 200);
    }
    assert_int_equal(sapa_sip_registrar_run_due(registrar, 1599 * S + 500000, NULL, NULL), 1000);
    for (int i = 0; i < 3000; i += 7) {
        struct sapa_sip_binding b;
        snprintf(aor, sizeof(aor), "%d", i);
        assert_int_equal(sapa_sip_registrar_lookup(registrar, sapa_str_of(aor), 1600 * S, &b, 1), i < 1000 || i == 1000 ? 0 : 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bind_refresh_expire, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_contacts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order_and_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_path_and_flow, setup, teardown),
        cmocka_unit_test_setup_teardown(test_records, setup, teardown),
        cmocka_unit_test_setup_teardown(test_instances, setup, teardown),
        cmocka_unit_test_setup_teardown(test_crowd, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
