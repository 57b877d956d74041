/*
 * Coaching notes in a real store over a real log and a recording: who writes them about what, who sees and hears them,
 * that they are finished and taken back, and what is left of them after an erasure.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <jansson.h>

#include "app/test_recording_impl.h"
#include "app/web_work.h"
#include "http/coach.h"

#define CENTRE \
    "version: 1\n" \
    "system: { name: Test, languages: [id, en], sip_host: sapa }\n" \
    "clients: { toko: { name: Toko, language: id }, bank: { name: Bank, language: id } }\n" \
    "teams: [red, blue]\n" \
    "roles: { coach: { rights: [trainer] } }\n" \
    "users: { ratna: { name: Ratna, role: coach, teams: [blue] }, wati: { name: Wati Lestari, role: coach } }\n" \
    "agents:\n" \
    "  siti: { name: Siti, extension: \"101\", team: red }\n" \
    "  budi: { name: Budi, extension: \"102\", team: blue }\n" \
    "queues: { sales: { name: Sales, client: toko } }\n" \
    "numbers: { \"100\": { client: toko, flow: main } }\n" \
    "flows: { main: { start: wait, nodes: { wait: { do: queue, queue: sales, on_overflow: bye }, bye: { do: hangup } } } }\n"

enum { CONTACT = 101, RECORDING = 5101, CHUNKS = 8, LENGTH_MS = CHUNKS * SAPA_RECORDING_FRAMES * 1000 / SAPA_RECORDING_RATE };

static struct test_store store;
static struct sapa_centre *centre;
static struct sapa_web_work work;
static uint64_t person;

static void tell_start(void)
{
    char hash[SAPA_HASH_TEXT_SIZE];
    struct sapa_record record;

    assert_int_equal(sapa_store_document_put(store.store, CENTRE, strlen(CENTRE), hash), SAPA_OK);
    assert_int_equal(sapa_centre_history_add(store.store, 1, INT64_C(1767600000000000), hash), SAPA_OK);
    sapa_record_init(&record, SAPA_T_centre_started);
    (void)sapa_sized_set(&record.u.centre_started.centre_hash, sapa_str_of(hash));
    test_store_log(&store, &record);
}


/* siti talked with a customer of toko. */
static void tell_contact(void)
{
    struct sapa_record record;

    sapa_record_init(&record, SAPA_T_contact_arrived);
    record.u.contact_arrived.contact = CONTACT;
    record.u.contact_arrived.person = person;
    test_store_log(&store, &record);
    TEST_LOG(&store, contact_new, .contact = CONTACT, .person = person, .client = 0, .number = 0);
    TEST_LOG(&store, contact_queued, .contact = CONTACT, .queue = 0);
    TEST_LOG(&store, contact_connected, .contact = CONTACT, .agent = 0, .queue = 0, .recording = RECORDING);
    TEST_LOG(&store, contact_ended, .contact = CONTACT, .outcome = SAPA_OUTCOME_ANSWERED, .queue = 0);
    sapa_record_init(&record, SAPA_T_recording_state);
    record.u.recording_state = (struct sapa_rec_recording_state){ .contact = CONTACT, .recording = RECORDING, .state = 3, .recorded_ms = LENGTH_MS };
    (void)sapa_sized_set(&record.u.recording_state.path, SAPA_STR("toko/2026/01/05/5101.srec"));
    test_store_log(&store, &record);
}

static int begin(void **state)
{
    (void)state;
    test_store_open(&store);
    centre = test_centre(CENTRE);
    tell_start();
    person = test_store_person(&store, "62811234567");
    tell_contact();
    test_recording_make(&store, person, RECORDING, CONTACT, CHUNKS);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sapa_centre_free(centre);
    test_store_close(&store);
    return 0;
}

enum who { WATI, OTHER_COACH, LISTENER, SITI, BUDI, OF_BANK, LEADS_BLUE };

static void wish(enum sapa_route_id route, enum who who, const char *agent, uint64_t note)
{
    static struct sapa_field_rule rules[3] = { { .name = "agent" }, { .name = "note" }, { .name = "recording" } };
    static const char *const users[] = { "wati", "other", "listener", "siti", "budi", "bank", "blue" };

    memset(&work, 0, sizeof(work));
    work.route = route;
    work.centre = centre;
    work.scope = (struct sapa_scope){ .clients = who == OF_BANK ? 2 : UINT64_MAX, .agent = who == SITI ? 0 : who == BUDI ? 1 : SAPA_NONE };
    work.scope.team_count = who == LEADS_BLUE; /* as ratna */
    work.rights = who == SITI || who == BUDI ? 0 : who == LISTENER ? SAPA_RIGHT_BIT(LISTEN) : SAPA_RIGHT_BIT(LISTEN) | SAPA_RIGHT_BIT(COACH);
    work.agent = work.scope.agent;
    work.to = UINT64_MAX;
    snprintf(work.user, sizeof(work.user), "%s", users[who]);
    for (unsigned i = 0; i < 3; i++)
        work.params.of[i].rule = &rules[i];
    work.params.count = 3;
    snprintf(work.params.of[0].value, SAPA_ROUTE_VALUE_MAX, "%s", agent);
    snprintf(work.params.of[1].value, SAPA_ROUTE_VALUE_MAX, "%llu", (unsigned long long)note);
    snprintf(work.params.of[2].value, SAPA_ROUTE_VALUE_MAX, "%d", RECORDING);
    work.into = RECORDING;
}

static json_t *run(sapa_rc wanted)
{
    const struct sapa_web_files files = { .store = store.store, .data = store.folder };
    json_t *body = NULL;

    sapa_web_work(&files, &work);
    assert_int_equal(work.rc, wanted);
    if (wanted == SAPA_OK && work.out.n > 0 && !sapa_route_is_audio(work.route))
        assert_non_null(body = json_loadb(work.out.p, work.out.n, 0, NULL));
    sapa_json_done(&work.out);
    return body;
}

static sapa_rc hear(enum sapa_route_id route, enum who who, const char *agent, uint64_t note)
{
    const struct sapa_web_files files = { .store = store.store, .data = store.folder };

    wish(route, who, agent, note);
    sapa_web_work(&files, &work);
    if (work.rc == SAPA_OK)
        assert_int_equal(work.total, 44 + CHUNKS * SAPA_RECORDING_FRAMES * 4);
    sapa_json_done(&work.out);
    return work.rc;
}

static void put(enum who who, const char *agent, int64_t at_ms, const char *text, sapa_rc wanted)
{
    wish(SAPA_ROUTE_COACH_NEW, who, agent, 0);
    work.text = (char *)(uintptr_t)text, work.text_n = strlen(text);
    work.match = (uint64_t)at_ms;
    assert_null(run(wanted));
}

static size_t marks(enum who who, json_t **ret)
{
    wish(SAPA_ROUTE_COACH_MARKS, who, "", 0);
    json_t *list = run(SAPA_OK);
    const size_t count = json_array_size(json_object_get(list, "items"));

    if (ret)
        *ret = list;
    else
        json_decref(list);
    return count;
}

static const char *text_of(const json_t *list, size_t i, const char *name)
{
    return json_string_value(json_object_get(json_array_get(list, i), name));
}

static void what_is_no_note_is_refused(void **state)
{
    static char text[SAPA_COACH_TEXT_MAX + 2];

    (void)state;
    memset(text, 'a', SAPA_COACH_TEXT_MAX + 1);
    put(WATI, "siti", 0, text, SAPA_EINVAL);
    text[SAPA_COACH_TEXT_MAX] = '\0';
    put(WATI, "siti", LENGTH_MS, text, SAPA_OK);
    put(WATI, "siti", LENGTH_MS + 1, "after its end", SAPA_EINVAL);
    put(WATI, "siti", 0, "", SAPA_EINVAL);
    put(WATI, "siti", 0, "a\x01", SAPA_EINVAL);
    put(WATI, "siti", 0, "a\xff", SAPA_EINVAL);
    put(WATI, "siti", 0, "two\nlines", SAPA_OK);
    put(WATI, "budi", 0, "he took no part", SAPA_ESTATE);
    put(OF_BANK, "siti", 0, "another client's", SAPA_ENOENT);
    put(LEADS_BLUE, "siti", 0, "another team's", SAPA_ENOENT);
    for (unsigned i = 2; i < SAPA_COACH_OPEN_MAX; i++)
        put(WATI, "siti", 0, "one more", SAPA_OK);
    put(WATI, "siti", 0, "too many", SAPA_ESTATE);
    wish(SAPA_ROUTE_COACH_DONE, SITI, "siti", 1);
    assert_null(run(SAPA_OK));
    put(WATI, "siti", 0, "one was heard", SAPA_OK);
}

static void marks_are_seen_by_who_may_hear(void **state)
{
    json_t *list;

    (void)state;
    put(WATI, "siti", 1500, "Tenang sekali.", SAPA_OK);
    put(OTHER_COACH, "siti", 200, "Salamnya terlalu cepat.", SAPA_OK);
    assert_int_equal(marks(WATI, &list), 2);
    const json_t *items = json_object_get(list, "items");
    assert_string_equal(text_of(items, 0, "text"), "Salamnya terlalu cepat."); /* by their moments */
    assert_int_equal(json_integer_value(json_object_get(json_array_get(items, 0), "at_ms")), 200);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(items, 0), "length_ms")), LENGTH_MS);
    assert_false(json_is_true(json_object_get(json_array_get(items, 0), "own")));
    assert_string_equal(text_of(items, 1, "by_name"), "Wati Lestari");
    assert_string_equal(text_of(items, 1, "agent_name"), "Siti");
    assert_true(json_is_true(json_object_get(json_array_get(items, 1), "own")));
    assert_int_equal(json_array_size(json_object_get(list, "agents")), 1);
    json_decref(list);
    assert_int_equal(marks(LISTENER, &list), 2); /* who only hears reads, and is offered nobody to write to */
    assert_int_equal(json_array_size(json_object_get(list, "agents")), 0);
    json_decref(list);
    assert_int_equal(marks(SITI, NULL), 2);
    wish(SAPA_ROUTE_COACH_MARKS, BUDI, "", 0);
    assert_null(run(SAPA_ENOENT));
    wish(SAPA_ROUTE_COACH_MARKS, OF_BANK, "", 0);
    assert_null(run(SAPA_ENOENT));
    wish(SAPA_ROUTE_COACH_MARKS, LEADS_BLUE, "", 0);
    assert_null(run(SAPA_ENOENT));
    TEST_LOG(&store, party_joined, .contact = CONTACT, .offer = 77, .agent = 1, .queue = 0, .parties = 3);
    assert_int_equal(marks(BUDI, NULL), 0); /* hears it now, but what is said to a colleague is not for him */
    assert_int_equal(marks(LEADS_BLUE, &list), 2);
    assert_string_equal(json_string_value(json_array_get(json_object_get(list, "agents"), 0)), "budi");
    assert_int_equal(json_array_size(json_object_get(list, "agents")), 1); /* writes to those of his team */
    json_decref(list);
}

static size_t in_work(enum who who, const char *agent)
{
    wish(SAPA_ROUTE_WORK, who, agent, 0);
    json_t *list = run(SAPA_OK);
    const size_t count = json_array_size(json_object_get(list, "coaching"));
    json_decref(list);
    return count;
}

/* The note is the task: there until it is heard, and the coach sees when. */
static void a_note_stands_in_the_work_until_it_is_done(void **state)
{
    json_t *list;

    (void)state;
    put(WATI, "siti", 1500, "Tenang sekali.", SAPA_OK);
    assert_int_equal(in_work(SITI, "siti"), 1);
    assert_int_equal(in_work(WATI, "siti"), 1);
    assert_int_equal(in_work(LISTENER, "siti"), 0); /* without the right coach */
    assert_int_equal(in_work(OF_BANK, "siti"), 0);
    wish(SAPA_ROUTE_COACH_NOTES, WATI, "siti", 0);
    list = run(SAPA_OK);
    const json_t *one = json_array_get(json_object_get(list, "items"), 0);
    assert_true(json_is_null(json_object_get(json_object_get(one, "note"), "done")));
    assert_int_equal(json_array_size(json_object_get(one, "figures")), 3);
    assert_string_equal(text_of(json_object_get(one, "figures"), 0, "verdict"), "few");
    json_decref(list);
    wish(SAPA_ROUTE_COACH_DONE, SITI, "siti", 2);
    assert_null(run(SAPA_ENOENT));
    for (int i = 0; i < 2; i++) { /* again: the first time counts */
        wish(SAPA_ROUTE_COACH_DONE, SITI, "siti", 1);
        assert_null(run(SAPA_OK));
    }
    assert_int_equal(in_work(SITI, "siti"), 0);
    wish(SAPA_ROUTE_COACH_NOTES, WATI, "siti", 0);
    list = run(SAPA_OK);
    one = json_array_get(json_object_get(list, "items"), 0);
    assert_true(json_is_string(json_object_get(json_object_get(one, "note"), "done")));
    json_decref(list);
    wish(SAPA_ROUTE_COACH_NOTES, OF_BANK, "siti", 0); /* about a client that is not his */
    list = run(SAPA_OK);
    assert_int_equal(json_array_size(json_object_get(list, "items")), 0);
    json_decref(list);
}

/* Whoever a note is for may hear that one recording, and no other way of hearing comes with it; taken back, it is over. */
static void a_note_lets_its_agent_hear(void **state)
{
    (void)state;
    assert_int_equal(hear(SAPA_ROUTE_COACH_AUDIO, SITI, "siti", 1), SAPA_ENOENT);
    put(WATI, "siti", 1500, "Tenang sekali.", SAPA_OK);
    assert_int_equal(hear(SAPA_ROUTE_COACH_AUDIO, SITI, "siti", 1), SAPA_OK);
    assert_int_equal(hear(SAPA_ROUTE_COACH_AUDIO, BUDI, "budi", 1), SAPA_ENOENT); /* his own number 1: there is none */
    assert_int_equal(hear(SAPA_ROUTE_AUDIO, BUDI, "budi", 1), SAPA_ENOENT);
    wish(SAPA_ROUTE_COACH_END, OTHER_COACH, "siti", 1);
    assert_null(run(SAPA_EDENIED)); /* another's */
    wish(SAPA_ROUTE_COACH_END, WATI, "siti", 1);
    assert_null(run(SAPA_OK));
    assert_int_equal(hear(SAPA_ROUTE_COACH_AUDIO, SITI, "siti", 1), SAPA_ENOENT);
    assert_int_equal(in_work(SITI, "siti"), 0);
    assert_int_equal(marks(WATI, NULL), 0);
    wish(SAPA_ROUTE_COACH_END, WATI, "siti", 1);
    assert_null(run(SAPA_ENOENT));
    put(WATI, "siti", 0, "the next has the next number", SAPA_OK);
    assert_string_equal(work.answer, "\"note\":\"2\"");
}

/* What is kept is sealed, and goes with the person in the recording. */
static void a_text_goes_with_its_person(void **state)
{
    char value[4096];
    json_t *list;

    (void)state;
    put(WATI, "siti", 1500, "Ibu Ani marah di sini.", SAPA_OK);
    assert_int_equal(sapa_store_setting(store.store, "api.coach.siti.1", value, sizeof(value)), SAPA_OK);
    assert_null(strstr(value, "Ani"));
    assert_int_equal(sapa_person_erase(store.store, person, "test"), SAPA_OK);
    wish(SAPA_ROUTE_WORK, SITI, "siti", 0);
    list = run(SAPA_OK);
    assert_true(json_is_null(json_object_get(json_array_get(json_object_get(list, "coaching"), 0), "text")));
    json_decref(list);
    assert_int_equal(hear(SAPA_ROUTE_COACH_AUDIO, SITI, "siti", 1), SAPA_ENOENT);
    put(WATI, "siti", 0, "nothing more is kept", SAPA_ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_no_note_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(marks_are_seen_by_who_may_hear, begin, end),
        cmocka_unit_test_setup_teardown(a_note_stands_in_the_work_until_it_is_done, begin, end),
        cmocka_unit_test_setup_teardown(a_note_lets_its_agent_hear, begin, end),
        cmocka_unit_test_setup_teardown(a_text_goes_with_its_person, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
