/* What technical staff is told: trunks, telephones, certificates, disk; and how the disk fills. */
#include "app/system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "app/test_store_impl.h"

#define HOUR_US (INT64_C(3600) * 1000000)
#define GB UINT64_C(1000000000)
#define S(text) { text, sizeof(text) - 1 }

/* ---- how the disk fills ---- */

static void growth_is_of_a_day(void **state)
{
    struct sapa_disk_samples samples = { 0 };
    uint64_t per_day = 7;

    (void)state;
    assert_int_equal(sapa_disk_growth(&samples, &per_day), SAPA_EAGAIN);
    sapa_disk_add(&samples, (struct sapa_disk_sample){ 1000 * HOUR_US, 100 * GB });
    assert_int_equal(sapa_disk_growth(&samples, &per_day), SAPA_EAGAIN);
    sapa_disk_add(&samples, (struct sapa_disk_sample){ 1000 * HOUR_US + HOUR_US - 1000000, 99 * GB });
    assert_int_equal(sapa_disk_growth(&samples, &per_day), SAPA_EAGAIN); /* a second is missing */
    assert_int_equal(per_day, 7);
    sapa_disk_add(&samples, (struct sapa_disk_sample){ 1002 * HOUR_US, 99 * GB });
    assert_int_equal(sapa_disk_growth(&samples, &per_day), SAPA_OK);
    assert_int_equal(per_day, 12 * GB);
    sapa_disk_add(&samples, (struct sapa_disk_sample){ 1003 * HOUR_US, 120 * GB }); /* somebody has cleared up */
    assert_int_equal(sapa_disk_growth(&samples, &per_day), SAPA_OK);
    assert_int_equal(per_day, 0);
    sapa_disk_add(&samples, (struct sapa_disk_sample){ 1026 * HOUR_US + 1, 96 * GB });
    assert_int_equal(samples.count, 2); /* what was more than a day before it has gone */
    assert_int_equal(samples.of[0].at_us, 1003 * HOUR_US);
    sapa_disk_add(&samples, (struct sapa_disk_sample){ 5 * HOUR_US, 96 * GB }); /* the clock went back */
    assert_int_equal(samples.count, 1);
}

static void samples_are_bounded_and_come_back(void **state)
{
    static char buf[SAPA_DISK_SAMPLES_MAX * 44], cut[64];
    struct sapa_disk_samples samples = { 0 }, again;
    struct sapa_text text;

    (void)state;
    for (int i = 1; i <= 400; i++)
        sapa_disk_add(&samples, (struct sapa_disk_sample){ i * INT64_C(60000000), 1000 - (uint64_t)i });
    assert_int_equal(samples.count, SAPA_DISK_SAMPLES_MAX);
    assert_int_equal(samples.of[SAPA_DISK_SAMPLES_MAX - 1].free_bytes, 600);
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_disk_print(&samples, &text);
    assert_false(text.cut);
    sapa_disk_parse(sapa_text_str(&text), &again);
    assert_int_equal(again.count, samples.count);
    assert_memory_equal(again.of, samples.of, samples.count * sizeof(samples.of[0]));
    static const struct { const char *text; size_t count; } bad[] = {
        { "", 0 }, { "1 2", 0 }, { "x 2\n", 0 }, { "1 2\n3\n", 1 }, { "1 2\n4 -1\n", 1 }, { "99999999999999999999 1\n", 0 }, { "\n", 0 }, { "1 2\n2 3\n", 2 },
    };
    for (size_t i = 0; i < SAPA_COUNT(bad); i++) {
        sapa_disk_parse(sapa_str_of(bad[i].text), &again);
        assert_int_equal(again.count, bad[i].count);
    }
    sapa_text_init(&text, cut, sizeof(cut));
    sapa_disk_print(&samples, &text);
    assert_true(text.cut);
}

/* ---- the answer ---- */

static struct sapa_agent agents[] = { { .key = S("siti"), .name = S("Siti Rahayu"), .extension = S("101") },
                                      { .key = S("budi"), .name = S("Budi Santoso"), .extension = S("102") } };
static const struct sapa_centre centre = { .hash = "abc", .system = { .name = S("Demo"), .quality_alarm_mos_x100 = 360 }, .agents = agents, .agents_count = 2 };

struct report {
    struct sapa_slot *slot;
    struct sapa_system_head head;
    struct sapa_system_trunk trunks[5];
    struct sapa_system_device devices[2];
    bool silent;
};

/* As the SIP thread does it. */
static bool ask(void *ctx)
{
    struct report *report = ctx;
    uint8_t bytes[sizeof(report->head) + sizeof(report->trunks) + sizeof(report->devices)];

    if (report->silent)
        return false;
    memcpy(bytes, &report->head, sizeof(report->head));
    memcpy(bytes + sizeof(report->head), report->trunks, sizeof(report->trunks));
    memcpy(bytes + sizeof(report->head) + sizeof(report->trunks), report->devices, sizeof(report->devices));
    return sapa_slot_put(report->slot, bytes, sizeof(bytes)) == SAPA_OK;
}

static json_t *answer(const struct sapa_system_sources *sources, struct sapa_web_work *work)
{
    work->out = (struct sapa_json){ .p = NULL };
    assert_int_equal(sapa_web_system(sources, work), SAPA_OK);
    json_t *object = json_loadb(work->out.p, work->out.n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    sapa_json_done(&work->out);
    return object;
}

static const char *text_at(const json_t *object, const char *list, size_t at, const char *key)
{
    return json_string_value(json_object_get(json_array_get(json_object_get(object, list), at), key));
}

static void tells_what_is_there(void **state)
{
    struct test_store *s = *state;
    static struct report report;
    static struct sapa_web_work work;
    bool missing[] = { false, true };
    char certificate[128], key[128];
    const struct sapa_str names[] = { SAPA_STR("centre.example") };

    snprintf(certificate, sizeof(certificate), "%s/c.pem", s->folder);
    snprintf(key, sizeof(key), "%s/k.pem", s->folder);
    assert_int_equal(sapa_tls_certificate_make(names, 1, 30, certificate, key), SAPA_OK);
    assert_int_equal(sapa_slot_new(&report.slot), SAPA_OK);
    report.head = (struct sapa_system_head){ .trunks = 5, .devices = 2, .voice = { .media_up = true, .media_restarts = 2, .media_version = 5 },
                                             .media = { .at_us = 1, .legs = 4, .recordings = 3, .delay_p99_us = 250, .packets_dropped = 6 } };
    static const char *const keys[] = { "good", "silent", "refused", "new", "in" };
    for (size_t i = 0; i < 5; i++)
        snprintf(report.trunks[i].key, sizeof(report.trunks[i].key), "%s", keys[i]);
    report.trunks[0].state = (struct sapa_voice_trunk_state){ .known = true, .since_us = HOUR_US, .addresses = 2, .addresses_down = 1, .rtt_us = 900, .calls = 3, .calls_max = 30 };
    report.trunks[1].state = (struct sapa_voice_trunk_state){ .known = true, .down = true, .since_us = HOUR_US, .last_status = 408, .failed_us = HOUR_US };
    report.trunks[2].state = (struct sapa_voice_trunk_state){ .known = true, .since_us = HOUR_US, .registers = true, .last_status = 403, .failed_us = HOUR_US };
    report.trunks[3].state = (struct sapa_voice_trunk_state){ .known = true };
    report.trunks[4].state = (struct sapa_voice_trunk_state){ .inbound = true };
    report.devices[0] = (struct sapa_system_device){ .agent = "siti", .user_agent = "Sapa desk, Chrome 120", .from = "10.0.0.7", .transport = SAPA_SIP_FLOW_WSS,
                                                     .place = SAPA_WORKPLACE_ELSEWHERE, .reachable = true, .since_us = HOUR_US, .expires_us = 2 * HOUR_US };
    report.devices[1] = (struct sapa_system_device){ .agent = "who has gone", .from = "10.0.0.8", .transport = SAPA_SIP_FLOW_UDP };
    work = (struct sapa_web_work){ .route = SAPA_ROUTE_SYSTEM, .centre = &centre, .missing = missing,
                                   .system = { .version = "1.2", .log_text = "good", .ready = true, .alarms = 1u << SAPA_ALARM_TRUNK_DOWN, .committed = 9 } };
    struct sapa_system_sources sources = { .store = s->store, .slot = report.slot, .ctx = &report, .ask = ask, .parent = getpid(),
                                           .certificates = { certificate, "/no/such/file.pem" }, .certificate_count = 2 };
    json_t *object = answer(&sources, &work);
    static const char *const states[] = { "up", "down", "refused", "unknown", "inbound" };
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(text_at(object, "trunks", i, "state"), states[i]);
    assert_int_equal(json_array_size(json_object_get(object, "devices")), 1); /* of whom the description knows nothing, nothing is told */
    assert_string_equal(text_at(object, "devices", 0, "name"), "Siti Rahayu");
    assert_string_equal(text_at(object, "devices", 0, "place"), "elsewhere");
    assert_string_equal(text_at(object, "devices", 0, "transport"), "wss");
    assert_true(json_is_true(json_object_get(json_array_get(json_object_get(object, "devices"), 0), "browser")));
    assert_string_equal(text_at(object, "without_device", 0, "name"), "Budi Santoso");
    assert_string_equal(json_string_value(json_array_get(json_object_get(object, "alarms"), 0)), "trunk down");
    assert_string_equal(text_at(object, "certificates", 0, "names"), "centre.example");
    assert_null(text_at(object, "certificates", 0, "problem"));
    assert_string_equal(text_at(object, "certificates", 1, "use"), "sip");
    assert_non_null(text_at(object, "certificates", 1, "problem"));
    const json_t *media = json_object_get(object, "media"), *disk = json_object_get(object, "disk");
    assert_int_equal(json_integer_value(json_object_get(media, "restarts")), 2);
    assert_int_equal(json_integer_value(json_object_get(media, "delay_p99_us")), 250);
    assert_true(json_is_null(json_object_get(disk, "day_bytes")) && json_integer_value(json_object_get(disk, "log_bytes")) > 0);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(json_object_get(object, "processes"), 0), "pid")), getpid());
    json_decref(object);
    /* The disk fills by 24 GB a day. */
    assert_int_equal(sapa_store_set(s->store, "disk.free", "0 100000000000\n3600000000 99000000000\n"), SAPA_OK);
    report.silent = true; /* and there is no SIP thread yet */
    object = answer(&sources, &work);
    disk = json_object_get(object, "disk");
    assert_int_equal(json_integer_value(json_object_get(disk, "day_bytes")), 24 * GB);
    assert_int_equal(json_integer_value(json_object_get(disk, "days_left")), json_integer_value(json_object_get(disk, "free_bytes")) / (int64_t)(24 * GB));
    assert_true(json_is_null(json_object_get(object, "media")));
    assert_int_equal(json_array_size(json_object_get(object, "trunks")), 0);
    json_decref(object);
    sapa_slot_free(report.slot);
}

/* Where a webhook posts to is told, the rest of its address is not: there may be secrets in it. */
static void hooks_tell_no_secrets(void **state)
{
    struct test_store *s = *state;
    static struct sapa_web_work work;
    struct sapa_hook wish = { .url = "https://hooks.example:8443/in?token=geheim", .by = "yusuf", .events = 1, .active = true };
    struct sapa_hook made;
    char secret[SAPA_HOOK_SECRET_SIZE];
    struct sapa_hook_state told;
    const struct sapa_system_sources sources = { .store = s->store };

    assert_int_equal(sapa_hook_create(s->store, &wish, secret, &made), SAPA_OK);
    told = (struct sapa_hook_state){ .id = made.id, .offset = 3, .kind = SAPA_HOOK_FAILING, .failures = 2, .error = "status 500" };
    work = (struct sapa_web_work){ .route = SAPA_ROUTE_SYSTEM, .centre = &centre, .hooks = &told, .hook_count = 1, .system = { .committed = 10 } };
    work.out = (struct sapa_json){ .p = NULL };
    assert_int_equal(sapa_web_system(&sources, &work), SAPA_OK);
    json_t *object = json_loadb(work.out.p, work.out.n, 0, NULL);
    assert_string_equal(text_at(object, "webhooks", 0, "host"), "hooks.example:8443");
    assert_string_equal(text_at(object, "webhooks", 0, "state"), "failing");
    assert_string_equal(text_at(object, "webhooks", 0, "last_error"), "status 500");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(json_object_get(object, "webhooks"), 0), "lag")), 7);
    assert_null(memmem(work.out.p, work.out.n, "geheim", 6));
    json_decref(object);
    sapa_json_done(&work.out);
}

static int setup(void **state)
{
    static struct test_store store;

    test_store_open(&store);
    *state = &store;
    return 0;
}

static int teardown(void **state)
{
    test_store_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(growth_is_of_a_day), cmocka_unit_test(samples_are_bounded_and_come_back),
        cmocka_unit_test_setup_teardown(tells_what_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(hooks_tell_no_secrets, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
