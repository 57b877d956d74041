/* Limits of the description against a core and the fold of its day, by the clock of the test. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "app/alerts.h"
#include "app/test_impl.h"

enum { SALES };

#define LIMITED(limits)                                                                                             \
    "version: 1\n"                                                                                                  \
    "system: { name: Test, zone: Asia/Jakarta, languages: [en], sip_host: sapa, agent_alerts: { not_ready: 10 min, talk: 5 min } }\n" \
    "clients: { toko: { name: Toko, language: en } }\n"                                                             \
    "skills: [sales]\n"                                                                                             \
    "agents:\n"                                                                                                     \
    "  siti: { name: Siti, extension: \"101\", password: { secret: a }, skills: { sales: 5 } }\n"                   \
    "  budi: { name: Budi, extension: \"102\", password: { secret: a }, skills: { sales: 3 } }\n"                   \
    "dispositions: { results: { 11: { en: sold } } }\n"                                                             \
    "queues: { sales: { name: Sales, client: toko, ring: 5 s, wrapup: 0, record: none, dispositions: results" limits " } }\n" \
    "numbers: { \"100\": { client: toko, flow: main } }\n"                                                          \
    "flows:\n"                                                                                                      \
    "  main: { start: wait, nodes: { wait: { do: queue, queue: sales, on_overflow: bye }, bye: { do: hangup } } }\n"

struct test {
    struct sapa_centre *centres[2];
    struct sapa_core *core;
    struct sapa_names names;
    struct sapa_live live;
    struct sapa_alerts *alerts;
    int64_t now_us;
    uint64_t seq, contacts, offer;
    unsigned posts;
};

static void emit(void *ctx, const struct sapa_record *record)
{
    static struct sapa_record r;
    struct test *t = ctx;

    if (record->type == SAPA_T_cmd_offer)
        t->offer = record->u.cmd_offer.offer;
    if (sapa_type_is_command(record->type))
        return;
    memcpy(&r, record, sapa_record_size(record));
    r.seq = ++t->seq;
    assert_int_equal(sapa_live_fold(&t->live, &r), SAPA_OK);
}

static void step(struct test *t, struct sapa_record *in)
{
    const struct sapa_core_out out = { emit, t };

    in->at_us = t->now_us;
    in->seq = ++t->seq;
    assert_int_equal(sapa_live_fold(&t->live, in), SAPA_OK);
    sapa_core_step(t->core, in, &out);
    sapa_core_check(t->core);
}

#define IN(t, name, ...)                                      \
    do {                                                      \
        struct sapa_record in_;                               \
        sapa_record_init(&in_, SAPA_T_##name);                \
        in_.u.name = (struct sapa_rec_##name){ __VA_ARGS__ }; \
        step((t), &in_);                                      \
    } while (0)

static void take_centre(struct test *t, unsigned which)
{
    struct sapa_record in;

    assert_int_equal(sapa_core_centre(t->core, t->centres[which]), SAPA_OK);
    assert_int_equal(sapa_names_take(&t->names, t->centres[which]), SAPA_OK);
    sapa_record_init(&in, SAPA_T_centre_started);
    sapa_sized_set(&in.u.centre_started.centre_hash, sapa_str_of(t->centres[which]->hash));
    step(t, &in);
}

static uint64_t arrive(struct test *t)
{
    const uint64_t contact = sapa_id_make(1, ++t->contacts);

    IN(t, contact_arrived, .contact = contact, .last_agent = SAPA_NONE);
    IN(t, contact_answered, .contact = contact, .leg = 1);
    return contact;
}

static void gone(struct test *t, uint64_t contact)
{
    IN(t, contact_gone, .contact = contact, .side = SAPA_SIDE_CUSTOMER);
}

static bool post(void *ctx, struct sapa_record *input)
{
    struct test *t = ctx;

    t->posts++;
    step(t, input);
    return true;
}

static void second(struct test *t)
{
    t->now_us += 1000000;
    while (sapa_core_next_due(t->core) <= t->now_us)
        IN(t, tick, 0);
    sapa_alerts_second(t->alerts, t->core, &t->live, t->now_us, post, t);
}

static void seconds(struct test *t, unsigned n)
{
    while (n-- > 0)
        second(t);
}

static bool on(const struct test *t, enum sapa_alert kind, uint32_t target)
{
    return sapa_core_alert_is_on(t->core, kind, target);
}

static int setup(void **state)
{
    const struct sapa_core_options options = { .contacts_max = 64 };
    struct test *t = calloc(1, sizeof(*t));

    assert_non_null(t);
    t->now_us = INT64_C(1767600000000000);
    t->centres[0] = test_centre(LIMITED(", service_level: { within: 20 s, percent: 80 % }, alerts: { waiting: 4, longest: 1 min, service_level: 80 %, abandoned: 20 % }"));
    t->centres[1] = test_centre(LIMITED(""));
    sapa_names_init(&t->names, sapa_memory_heap());
    sapa_live_init(&t->live, sapa_memory_heap(), &t->names);
    assert_int_equal(sapa_core_new(&options, &t->core), SAPA_OK);
    assert_int_equal(sapa_alerts_new(&t->alerts), SAPA_OK);
    take_centre(t, 0);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct test *t = *state;

    sapa_alerts_free(t->alerts);
    sapa_core_free(t->core);
    sapa_live_done(&t->live);
    sapa_names_done(&t->names);
    sapa_centre_free(t->centres[0]);
    sapa_centre_free(t->centres[1]);
    free(t);
    return 0;
}

static void a_queue_that_grows_and_shrinks(void **state)
{
    struct test *t = *state;
    uint64_t contacts[5];

    for (unsigned i = 0; i < 4; i++)
        contacts[i] = arrive(t);
    second(t);
    assert_false(on(t, SAPA_ALERT_WAITING, SALES)); /* four may wait */
    contacts[4] = arrive(t);
    seconds(t, 3);
    assert_true(on(t, SAPA_ALERT_WAITING, SALES));
    assert_int_equal(t->posts, 1); /* said once */
    gone(t, contacts[4]);
    second(t);
    assert_true(on(t, SAPA_ALERT_WAITING, SALES)); /* four are not three yet */
    gone(t, contacts[3]);
    second(t);
    assert_false(on(t, SAPA_ALERT_WAITING, SALES));
    assert_false(on(t, SAPA_ALERT_LONGEST, SALES));
    seconds(t, 60);
    assert_true(on(t, SAPA_ALERT_LONGEST, SALES));
    for (unsigned i = 0; i < 3; i++)
        gone(t, contacts[i]);
    second(t);
    assert_false(on(t, SAPA_ALERT_LONGEST, SALES));
}

static void shares_of_the_last_half_hour(void **state)
{
    struct test *t = *state;

    second(t); /* what came before the first look is not known */
    for (unsigned i = 0; i < 4; i++) {
        const uint64_t contact = arrive(t);
        seconds(t, 30);
        gone(t, contact);
        second(t);
    }
    assert_false(on(t, SAPA_ALERT_LEVEL, SALES)); /* four say nothing */
    const uint64_t fifth = arrive(t);
    seconds(t, 30);
    gone(t, fifth);
    second(t);
    assert_true(on(t, SAPA_ALERT_LEVEL, SALES));
    assert_true(on(t, SAPA_ALERT_ABANDONED, SALES));
    seconds(t, 1000);
    assert_true(on(t, SAPA_ALERT_LEVEL, SALES)); /* the half hour still holds them */
    seconds(t, 1000);
    assert_false(on(t, SAPA_ALERT_LEVEL, SALES)); /* though the day does */
    assert_false(on(t, SAPA_ALERT_ABANDONED, SALES));
}

static void agents_who_are_away_or_talk_too_long(void **state)
{
    struct test *t = *state;

    IN(t, agent_device, .agent = 0, .reachable = 1);
    IN(t, agent_command, .agent = 0, .verb = SAPA_VERB_READY, .code = SAPA_NONE);
    IN(t, agent_command, .agent = 0, .verb = SAPA_VERB_NOT_READY, .code = SAPA_NONE);
    seconds(t, 600);
    assert_false(on(t, SAPA_ALERT_NOT_READY, 0));
    second(t);
    assert_true(on(t, SAPA_ALERT_NOT_READY, 0));
    assert_false(on(t, SAPA_ALERT_NOT_READY, 1)); /* he is not there at all */
    IN(t, alert, .kind = SAPA_ALERT_NOT_READY, .target = 0, .state = SAPA_ALERT_STATE_SEEN);
    seconds(t, 2);
    assert_true(on(t, SAPA_ALERT_NOT_READY, 0)); /* seen is not over */
    IN(t, agent_command, .agent = 0, .verb = SAPA_VERB_READY, .code = SAPA_NONE);
    second(t);
    assert_false(on(t, SAPA_ALERT_NOT_READY, 0));
    const uint64_t contact = arrive(t);
    IN(t, offer_accepted, .offer = t->offer, .leg = 1);
    seconds(t, 300);
    assert_false(on(t, SAPA_ALERT_TALK, 0));
    second(t);
    assert_true(on(t, SAPA_ALERT_TALK, 0));
    gone(t, contact);
    second(t);
    assert_false(on(t, SAPA_ALERT_TALK, 0));
}

/* What voice says of a line holds while there is a call, even where its end was missed. */
static void bad_lines(void **state)
{
    struct test *t = *state;

    IN(t, agent_device, .agent = 0, .reachable = 1);
    IN(t, agent_command, .agent = 0, .verb = SAPA_VERB_READY, .code = SAPA_NONE);
    const uint64_t contact = arrive(t);
    IN(t, offer_accepted, .offer = t->offer, .leg = 1);
    IN(t, alert, .kind = SAPA_ALERT_LINE, .target = 0, .state = SAPA_ALERT_STATE_ON, .value = 210, .limit = 360);
    seconds(t, 3);
    assert_true(on(t, SAPA_ALERT_LINE, 0));
    gone(t, contact);
    second(t);
    assert_false(on(t, SAPA_ALERT_LINE, 0));
}

static void limits_that_are_taken_back(void **state)
{
    struct test *t = *state;

    for (unsigned i = 0; i < 5; i++)
        (void)arrive(t);
    second(t);
    assert_true(on(t, SAPA_ALERT_WAITING, SALES));
    take_centre(t, 1);
    second(t);
    assert_false(on(t, SAPA_ALERT_WAITING, SALES));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_queue_that_grows_and_shrinks),
        TEST(shares_of_the_last_half_hour),
        TEST(agents_who_are_away_or_talk_too_long), TEST(bad_lines),
        TEST(limits_that_are_taken_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
