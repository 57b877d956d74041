/* Cards and notes, read from a real log: what is shown, to whom, and what is left of it after an erasure. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <jansson.h>

#include "app/test_recording_impl.h"
#include "app/test_store_impl.h"
#include "app/web_desk.h"
#include "app/web_work.h"
#include "http/called.h"
#include "http/task.h"
#include "report/card.h"

#define CENTRE \
    "version: 1\n" \
    "system: { name: Test, languages: [id, en], sip_host: sapa }\n" \
    "clients:\n" \
    "  toko: { name: Toko, language: id, desk: { customer: { id: pelanggan, en: customer }, greeting: { id: Selamat datang, en: Welcome } } }\n" \
    "  bank: { name: Bank, language: id }\n" \
    "teams: [red, blue]\n" \
    "roles: { lead: { rights: [supervisor] } }\n" \
    "users: { ratna: { name: Ratna, role: lead, teams: [blue] } }\n" \
    "agents:\n" \
    "  siti: { name: Siti, extension: \"101\", team: red }\n" \
    "  budi: { name: Budi, extension: \"102\", team: blue }\n" \
    "dispositions: { results: { 11: { id: Terjual, en: Sold, group: { id: Penjualan, en: Sales } }, 12: { id: Batal, en: Cancelled } } }\n" \
    "queues:\n" \
    "  sales: { name: Sales, client: toko, dispositions: results, disposition_required: yes, script: { id: Skrip antrean, en: Script of the queue } }\n" \
    "campaigns:\n" \
    "  promo: { name: Promo, client: toko, brand: Toko Prima, queue: sales, script: { id: Sebutkan merek, en: Say the brand } }\n" \
    "  sapa: { name: Sapaan, client: toko }\n" \
    "callers:\n" \
    "  - { what: vip, prefix: \"62811\", priority: 20 }\n" \
    "numbers: { \"100\": { client: toko, flow: main }, \"200\": { client: bank, flow: main }, \"300\": { client: bank, flow: teller } }\n" \
    "flows:\n" \
    "  main:\n" \
    "    start: ask\n" \
    "    variables: { order: text 20, guess: int }\n" \
    "    card: { order: { id: Nomor pesanan, en: Order number }, wait: { id: Penjualan, en: Sales } }\n" \
    "    nodes:\n" \
    "      ask: { do: menu, say: { id: satu, en: one }, keys: { 1: number, 2: wait, 0: wait }, on_timeout: wait }\n" \
    "      number: { do: collect, say: { id: nomor, en: number }, into: order, next: wait, on_timeout: wait }\n" \
    "      wait: { do: queue, queue: sales, on_overflow: bye }\n" \
    "      bye: { do: hangup }\n" \
    "  teller:\n" \
    "    start: wait\n" \
    "    variables: { verified: bool }\n" \
    "    card: { verified: { id: Diperiksa, en: Checked } }\n" \
    "    nodes: { wait: { do: queue, queue: sales, on_overflow: bye }, bye: { do: hangup } }\n"
/* the same in another order: indices mean something else */
#define OTHER "dispositions: { results: { 13: { id: Lain, en: Other }, 11: { id: Terjual, en: Sold }, 12: { id: Batal, en: Cancelled } } }\n"

static struct test_store store;
static struct sapa_centre *centre;
static struct sapa_centre_shelf *shelf;
static uint64_t person;

static void tell_start(const char *text)
{
    char hash[SAPA_HASH_TEXT_SIZE];
    struct sapa_record record;

    assert_int_equal(sapa_store_document_put(store.store, text, strlen(text), hash), SAPA_OK);
    sapa_record_init(&record, SAPA_T_centre_started);
    (void)sapa_sized_set(&record.u.centre_started.centre_hash, sapa_str_of(hash));
    test_store_log(&store, &record);
}

static void tell_arrived(uint64_t contact, uint64_t who, uint32_t client, const char *address)
{
    struct sapa_record record;

    sapa_record_init(&record, SAPA_T_contact_arrived);
    record.u.contact_arrived.contact = contact;
    record.u.contact_arrived.person = who;
    (void)sapa_sized_set(&record.u.contact_arrived.address, sapa_str_of(address));
    (void)sapa_sized_set(&record.u.contact_arrived.name, SAPA_STR("Ani"));
    test_store_log(&store, &record);
    TEST_LOG(&store, contact_new, .contact = contact, .person = who, .client = client, .number = client, .language = SAPA_LANGUAGE_EN);
}

static void tell_value(uint64_t contact, const char *name, const char *value)
{
    struct sapa_record record;

    sapa_record_init(&record, SAPA_T_flow_value);
    record.u.flow_value.contact = contact;
    record.u.flow_value.person = person;
    (void)sapa_sized_set(&record.u.flow_value.name, sapa_str_of(name));
    (void)sapa_sized_set(&record.u.flow_value.value, sapa_str_of(value));
    test_store_log(&store, &record);
}

static void tell_note(uint64_t contact, uint64_t version, struct sapa_str text)
{
    struct sapa_record record;
    const size_t parts = text.n > SAPA_NOTE_PART ? text.n / SAPA_NOTE_PART + 1 : 1;

    for (size_t at = 0, part = 0; part < parts; part++) {
        const size_t n = sapa_note_part(text, at);
        sapa_record_init(&record, SAPA_T_contact_noted);
        record.u.contact_noted = (struct sapa_rec_contact_noted){ .contact = contact, .person = person, .version = version, .part = part, .parts = parts, .agent = 0 };
        (void)sapa_sized_set(&record.u.contact_noted.text, ((struct sapa_str){ text.p + at, n }));
        (void)sapa_sized_set(&record.u.contact_noted.by, SAPA_STR("siti"));
        test_store_log(&store, &record);
        at += n;
    }
}

/* One contact from the door to the wrap-up, siti talked. */
static void tell_past(uint64_t contact, uint64_t disposition)
{
    tell_arrived(contact, person, 0, "62811234567");
    TEST_LOG(&store, contact_queued, .contact = contact, .queue = 0);
    TEST_LOG(&store, contact_connected, .contact = contact, .agent = 0, .queue = 0, .recording = contact + 5000);
    TEST_LOG(&store, contact_ended, .contact = contact, .outcome = SAPA_OUTCOME_ANSWERED, .queue = 0);
    struct sapa_record ended;
    sapa_record_init(&ended, SAPA_T_recording_state);
    ended.u.recording_state = (struct sapa_rec_recording_state){ .contact = contact, .recording = contact + 5000, .state = 3, .recorded_ms = 61000 };
    (void)sapa_sized_set(&ended.u.recording_state.path, SAPA_STR("toko/2026/01/05/x.srec"));
    test_store_log(&store, &ended);
    TEST_LOG(&store, wrapup_ended, .contact = contact, .agent = 0, .queue = 0, .disposition = disposition);
}

static int begin(void **state)
{
    (void)state;
    test_store_open(&store);
    centre = test_centre(CENTRE);
    assert_int_equal(sapa_centre_shelf_new(store.store, &shelf), SAPA_OK);
    tell_start(CENTRE);
    person = test_store_person(&store, "62811234567");
    return 0;
}

static int end(void **state)
{
    (void)state;
    sapa_centre_shelf_free(shelf);
    sapa_centre_free(centre);
    test_store_close(&store);
    return 0;
}

static struct sapa_web_work work;

static void set_param(const char *name, uint64_t value)
{
    static struct sapa_field_rule rules[4];
    const unsigned i = work.params.count++;

    rules[i] = (struct sapa_field_rule){ .name = name };
    work.params.of[i].rule = &rules[i];
    snprintf(work.params.of[i].value, SAPA_ROUTE_VALUE_MAX, "%llu", (unsigned long long)value);
}

enum who { ADMIN, VIEWER, SITI, BUDI, OF_BANK, LEADS_BLUE };

static void wish(enum sapa_route_id route, uint64_t contact, enum who who)
{
    memset(&work, 0, sizeof(work));
    work.route = route;
    work.centre = centre;
    work.scope = (struct sapa_scope){ .clients = who == OF_BANK ? 2 : UINT64_MAX, .agent = who == SITI ? 0 : who == BUDI ? 1 : SAPA_NONE,
                                       .team_count = who == LEADS_BLUE };
    work.show_pii = who == ADMIN || who == OF_BANK;
    work.agent = work.scope.agent;
    set_param("contact", contact);
}

static json_t *run(sapa_rc wanted)
{
    const struct sapa_web_files files = { .store = store.store };
    json_t *body = NULL;

    assert_int_equal(sapa_web_desk(&files, &work, shelf), wanted);
    if (wanted == SAPA_OK && work.out.n > 0)
        assert_non_null(body = json_loadb(work.out.p, work.out.n, 0, NULL));
    sapa_json_done(&work.out);
    return body;
}

static const json_t *at(const json_t *json, const char *path)
{
    char buf[128];
    struct sapa_str rest = sapa_str_of(path);

    while (rest.n > 0 && json) {
        (void)sapa_str_copy(sapa_str_cut(rest, '.', &rest), buf, sizeof(buf));
        json = buf[0] >= '0' && buf[0] <= '9' ? json_array_get(json, (size_t)atoll(buf)) : json_object_get(json, buf);
    }
    return json;
}

static void expect(const json_t *json, const char *path, const char *wanted)
{
    const json_t *value = at(json, path);

    assert_non_null(value);
    if (!wanted)
        assert_true(json_is_null(value));
    else
        assert_string_equal(json_string_value(value), wanted);
}

/* Where a flow can find out who he is, it is said from the first moment that it is not known yet. */
static void a_card_says_whether_it_is_known_who_he_is(void **state)
{
    (void)state;
    TEST_LOG(&store, contact_new, .contact = 601, .client = 1, .number = 2, .flow = 1, .person = person);
    TEST_LOG(&store, contact_queued, .contact = 601, .queue = 0);
    wish(SAPA_ROUTE_CARD, 601, ADMIN);
    json_t *card = run(SAPA_OK);
    assert_int_equal(json_array_size(at(card, "items")), 1);
    expect(card, "items.0.id", "verified");
    expect(card, "items.0.value", "false");
    json_decref(card);
    tell_value(601, "verified", "true");
    wish(SAPA_ROUTE_CARD, 601, ADMIN);
    card = run(SAPA_OK);
    assert_int_equal(json_array_size(at(card, "items")), 1);
    expect(card, "items.0.value", "true");
    json_decref(card);
}

static void a_card_tells_who_it_is_and_what_was(void **state)
{
    (void)state;
    tell_past(101, 0);
    TEST_LOG(&store, survey_answered, .contact = 101, .agent = 0, .queue = 0, .answer = 2, .scale = 5);
    TEST_LOG(&store, survey_answered, .contact = 101, .agent = 0, .queue = 0, .answer = 10, .scale = 10); /* the question behind it */
    TEST_LOG(&store, survey_answered, .contact = 102, .agent = 0, .queue = 0, .answer = 3, .scale = 0);   /* of what is not known */
    tell_note(101, 1, SAPA_STR("first"));
    tell_note(101, 2, SAPA_STR("wants to be called Bu Ani"));
    tell_past(102, SAPA_NONE);
    tell_arrived(103, person, 0, "62811234567");
    TEST_LOG(&store, flow_step, .contact = 103, .flow = 0, .node = 1, .via = '1', .language = SAPA_LANGUAGE_EN); /* nothing that the flow shows */
    tell_value(103, "order", "4711");
    tell_value(103, "order", "4712"); /* typed once more */
    tell_value(103, "guess", "3");    /* the flow does not show it */
    TEST_LOG(&store, flow_step, .contact = 103, .flow = 0, .node = 2, .via = '2', .language = SAPA_LANGUAGE_EN);
    TEST_LOG(&store, contact_queued, .contact = 103, .queue = 0);

    wish(SAPA_ROUTE_CARD, 103, ADMIN);
    json_t *card = run(SAPA_OK);
    expect(card, "client", "toko");
    expect(card, "client_name", "Toko");
    expect(card, "customer", "pelanggan");
    expect(card, "greeting", "Welcome"); /* in the language of who is greeted */
    expect(card, "name", "Ani");
    expect(card, "address", "62811234567");
    expect(card, "identities.0.value", "62811234567");
    expect(card, "queue", "sales");
    expect(card, "ended", NULL);
    expect(card, "note", NULL);
    assert_true(json_is_true(at(card, "vip")));
    assert_int_equal(json_array_size(at(card, "items")), 2);
    expect(card, "items.0.text", "Nomor pesanan");
    expect(card, "items.0.value", "4712");
    expect(card, "items.0.key", NULL);
    expect(card, "items.1.id", "wait");
    expect(card, "items.1.key", "2");
    assert_int_equal(json_array_size(at(card, "history")), 2);
    expect(card, "history.0.contact", "102");
    expect(card, "history.0.disposition", NULL);
    assert_true(json_is_null(at(card, "history.0.survey")));
    assert_int_equal(json_integer_value(at(card, "history.1.survey")), 2); /* its first question */
    assert_int_equal(json_integer_value(at(card, "history.1.survey_scale")), 5);
    expect(card, "history.0.note", NULL);
    expect(card, "history.1.contact", "101");
    expect(card, "history.1.agent", "siti");
    expect(card, "history.1.outcome", "answered");
    expect(card, "history.1.disposition_text", "Terjual");
    expect(card, "history.1.recordings.0.id", "5101");
    expect(card, "history.1.note.text", "wants to be called Bu Ani");
    assert_int_equal(json_integer_value(at(card, "history.1.note.version")), 2);
    assert_false(json_is_true(at(card, "more")));
    json_decref(card);

    wish(SAPA_ROUTE_CARD, 103, ADMIN);
    set_param("limit", 1);
    card = run(SAPA_OK);
    assert_int_equal(json_array_size(at(card, "history")), 1);
    assert_true(json_is_true(at(card, "more")));
    json_decref(card);
}

static void tell_placed(uint64_t contact, uint64_t campaign)
{
    struct sapa_record record;

    sapa_record_init(&record, SAPA_T_agent_call);
    record.u.agent_call = (struct sapa_rec_agent_call){ .contact = contact, .offer = contact + 7000, .kind = SAPA_TARGET_OUTSIDE, .person = person,
                                                        .target = SAPA_NONE, .client = 0, .campaign = campaign };
    (void)sapa_sized_set(&record.u.agent_call.address, SAPA_STR("62811234567"));
    test_store_log(&store, &record);
    TEST_LOG(&store, contact_new, .contact = contact, .person = person, .client = 0, .number = 0, .flow = SAPA_NONE,
             .direction = SAPA_DIRECTION_OUTBOUND, .language = SAPA_LANGUAGE_EN, .campaign = campaign);
    TEST_LOG(&store, contact_connected, .contact = contact, .agent = 0, .queue = 0);
}

/* Who calls for a campaign has its brand and its script before him; without one of its own, the queue's. */
static void a_card_of_a_campaign(void **state)
{
    (void)state;
    tell_placed(201, 1);
    tell_placed(202, 2);
    tell_placed(203, 0);
    wish(SAPA_ROUTE_CARD, 201, SITI);
    json_t *card = run(SAPA_OK);
    expect(card, "campaign", "promo");
    expect(card, "campaign_name", "Promo");
    expect(card, "brand", "Toko Prima");
    expect(card, "script", "Say the brand");
    expect(card, "direction", "outbound");
    json_decref(card);
    wish(SAPA_ROUTE_CARD, 202, SITI);
    card = run(SAPA_OK);
    expect(card, "campaign", "sapa");
    expect(card, "brand", NULL);
    expect(card, "script", "Script of the queue");
    json_decref(card);
    wish(SAPA_ROUTE_CARD, 203, SITI);
    card = run(SAPA_OK);
    expect(card, "campaign", NULL);
    expect(card, "campaign_name", NULL);
    expect(card, "brand", NULL);
    expect(card, "script", "Script of the queue");
    json_decref(card);
}

/* What the far end is: as it was when it began, then as somebody says on the card; it is kept with the contact. */
static void customer_or_prospect(void **state)
{
    (void)state;
    tell_past(101, 0); /* from before it was known */
    tell_placed(201, 1);
    TEST_LOG(&store, contact_party, .contact = 201, .person = person, .party_type = SAPA_PARTY_TYPE_PROSPECT + 1);
    TEST_LOG(&store, contact_new, .contact = 301, .direction = SAPA_DIRECTION_INTERNAL, .party_type = SAPA_PARTY_TYPE_INTERNAL + 1);
    TEST_LOG(&store, contact_new, .contact = 103, .person = person, .client = 0, .number = 0, .party_type = SAPA_PARTY_TYPE_CUSTOMER + 1);
    wish(SAPA_ROUTE_CARD, 103, ADMIN);
    json_t *card = run(SAPA_OK);
    expect(card, "party_type", "customer");
    expect(card, "history.0.contact", "201");
    expect(card, "history.0.party_type", "prospect");
    expect(card, "history.1.contact", "101");
    expect(card, "history.1.party_type", NULL);
    json_decref(card);

    wish(SAPA_ROUTE_PARTY_SET, 201, SITI);
    work.match = SAPA_PARTY_TYPE_CUSTOMER + 1;
    assert_null(run(SAPA_OK));
    assert_true(work.note.contact == 201 && work.note.person == person && work.note.agent == 0);
    assert_int_equal(work.counted_as.was, SAPA_PARTY_TYPE_PROSPECT + 1); /* the last word, not what it began as */
    assert_true(work.counted_as.began_us > 0);
    assert_string_equal(work.counted_as.client, "toko");
    assert_string_equal(work.counted_as.campaign, "promo");
    wish(SAPA_ROUTE_PARTY_SET, 101, ADMIN);
    assert_null(run(SAPA_OK));
    assert_int_equal(work.counted_as.was, SAPA_PARTY_TYPE_CUSTOMER + 1); /* as the figures count one from before */
    assert_string_equal(work.counted_as.number, "100");
    wish(SAPA_ROUTE_PARTY_SET, 201, BUDI); /* not in his hands */
    assert_null(run(SAPA_ENOENT));
    wish(SAPA_ROUTE_PARTY_SET, 201, OF_BANK);
    assert_null(run(SAPA_ENOENT));
    wish(SAPA_ROUTE_PARTY_SET, 301, ADMIN); /* among colleagues */
    assert_null(run(SAPA_ESTATE));
    assert_non_null(strstr(work.problem, "colleagues"));
    assert_int_equal(sapa_person_erase(store.store, person, "test"), SAPA_OK);
    wish(SAPA_ROUTE_PARTY_SET, 201, ADMIN);
    assert_null(run(SAPA_ESTATE));
    assert_non_null(strstr(work.problem, "erased"));
}

static void say_called(uint64_t contact, enum who by, const char *text, sapa_rc wanted)
{
    char buf[SAPA_CALLED_MAX + 2];

    wish(SAPA_ROUTE_CALLED_SET, contact, by);
    assert_true(sapa_str_copy(sapa_str_of(text), buf, sizeof(buf)));
    work.text = buf, work.text_n = strlen(text);
    assert_null(run(wanted));
}

static void is_called(uint64_t contact, enum who who, const char *wanted)
{
    wish(SAPA_ROUTE_CARD, contact, who);
    work.living = true;
    json_t *card = run(SAPA_OK);
    expect(card, "called", wanted);
    json_decref(card);
}

/* As he likes to be called, from the next ring on, whoever answers; until he is erased. */
static void a_person_is_called_as_he_likes(void **state)
{
    char longer[SAPA_CALLED_MAX + 2];

    (void)state;
    tell_past(101, 0);
    tell_arrived(301, 0, 0, "");
    is_called(101, SITI, NULL);
    say_called(101, SITI, "Bu Ani", SAPA_OK);
    tell_past(102, 0);
    is_called(102, BUDI, "Bu Ani");
    is_called(102, VIEWER, NULL); /* words are not for everybody */
    say_called(102, BUDI, "x", SAPA_ENOENT); /* not in his hands */
    say_called(102, OF_BANK, "x", SAPA_ENOENT);
    say_called(301, ADMIN, "x", SAPA_ESTATE); /* whoever that was */
    memset(longer, 'a', sizeof(longer) - 1), longer[sizeof(longer) - 1] = '\0';
    say_called(102, SITI, longer, SAPA_EINVAL);
    say_called(102, SITI, "Bu\nAni", SAPA_EINVAL);
    is_called(102, SITI, "Bu Ani");
    say_called(102, SITI, "", SAPA_OK);
    is_called(102, SITI, NULL);
    say_called(102, SITI, longer + 1, SAPA_OK); /* as long as may be */
    is_called(101, SITI, longer + 1);
    assert_int_equal(sapa_person_erase(store.store, person, "test"), SAPA_OK);
    is_called(102, SITI, NULL);
}

/* One line of time: whoever called whom. */
static void both_directions_are_one_history(void **state)
{
    (void)state;
    tell_past(101, 0);    /* they called us */
    tell_placed(201, 1);  /* we called them */
    tell_arrived(103, person, 0, "62811234567");
    wish(SAPA_ROUTE_CARD, 103, ADMIN);
    json_t *card = run(SAPA_OK);
    assert_int_equal(json_array_size(at(card, "history")), 2);
    expect(card, "history.0.contact", "201");
    expect(card, "history.0.direction", "outbound");
    expect(card, "history.0.agent", "siti");
    expect(card, "history.1.contact", "101");
    expect(card, "history.1.direction", "inbound");
    json_decref(card);
}

static void who_may_not_see_does_not(void **state)
{
    (void)state;
    tell_past(101, 0);
    tell_note(101, 1, SAPA_STR("secret words"));
    tell_arrived(103, person, 0, "62811234567");
    tell_value(103, "order", "4711");

    wish(SAPA_ROUTE_CARD, 103, OF_BANK); /* another client's: it is not there */
    assert_null(run(SAPA_ENOENT));
    wish(SAPA_ROUTE_CARD, 103, BUDI);    /* not in his hands */
    assert_null(run(SAPA_ENOENT));
    wish(SAPA_ROUTE_CARD, 101, BUDI);
    assert_null(run(SAPA_ENOENT));
    wish(SAPA_ROUTE_CARD, 4711, ADMIN);
    assert_null(run(SAPA_ENOENT));
    wish(SAPA_ROUTE_CARD, 101, LEADS_BLUE); /* another team's */
    assert_null(run(SAPA_ENOENT));
    wish(SAPA_ROUTE_TASK_NEW, 101, LEADS_BLUE);
    work.into = 101;
    assert_null(run(SAPA_ENOENT));
    wish(SAPA_ROUTE_CARD, 103, LEADS_BLUE); /* nobody had it in hand yet */
    json_decref(run(SAPA_OK));

    wish(SAPA_ROUTE_CARD, 103, BUDI);
    work.living = true; /* it rings at his place */
    json_t *card = run(SAPA_OK);
    expect(card, "address", "*********67");
    expect(card, "identities.0.value", "*********67");
    expect(card, "name", "Ani");
    expect(card, "items.0.value", "4711");
    expect(card, "history.0.note.text", "secret words");
    json_decref(card);
    wish(SAPA_ROUTE_CARD, 101, SITI); /* it was hers */
    json_decref(run(SAPA_OK));

    wish(SAPA_ROUTE_CARD, 103, VIEWER); /* sees that there is something, and no word of it */
    card = run(SAPA_OK);
    expect(card, "name", NULL);
    expect(card, "address", "*********67");
    expect(card, "items.0.value", NULL);
    expect(card, "history.0.note.text", NULL);
    expect(card, "history.0.note.by", "siti");
    json_decref(card);
}

/* A conference, a takeover: who came later took part as well. */
static void who_joined_took_part(void **state)
{
    (void)state;
    tell_past(101, 0);
    TEST_LOG(&store, party_joined, .contact = 101, .offer = 77, .agent = 1, .queue = 0, .parties = 3);
    TEST_LOG(&store, party_joined, .contact = 101, .offer = 0, .agent = SAPA_NONE, .attempt = 1, .queue = SAPA_NONE, .parties = 4);
    wish(SAPA_ROUTE_CARD, 101, BUDI);
    json_decref(run(SAPA_OK));
    wish(SAPA_ROUTE_CARD, 101, LEADS_BLUE);
    json_decref(run(SAPA_OK));
}

static sapa_rc hear(enum sapa_route_id route, uint64_t recording, enum who who, uint64_t in_hand)
{
    const struct sapa_web_files files = { .store = store.store, .data = store.folder };

    wish(route, 0, who);
    set_param("recording", recording);
    work.to = UINT64_MAX;
    work.in_hand[0] = in_hand;
    work.in_hand_count = in_hand != 0;
    sapa_web_work(&files, &work);
    sapa_json_done(&work.out);
    return work.rc;
}

/* How many recordings somebody has in his list. */
static size_t listed(enum who who)
{
    const struct sapa_web_files files = { .store = store.store, .data = store.folder };

    wish(SAPA_ROUTE_RECORDINGS, 0, who);
    set_param("from", 0);
    snprintf(work.params.of[1].value, SAPA_ROUTE_VALUE_MAX, "2026-01-05T00:00:00Z");
    sapa_web_work(&files, &work);
    assert_int_equal(work.rc, SAPA_OK);
    json_t *list = json_loadb(work.out.p, work.out.n, 0, NULL);
    const size_t count = json_array_size(at(list, "items"));
    json_decref(list);
    sapa_json_done(&work.out);
    return count;
}

static json_t *denied(enum who who, const char *cursor, const char *limit)
{
    const struct sapa_web_files files = { .store = store.store, .data = store.folder };

    wish(SAPA_ROUTE_DENIED, 0, who);
    set_param(cursor ? "cursor" : "from", 0);
    snprintf(work.params.of[1].value, SAPA_ROUTE_VALUE_MAX, "%s", cursor ? cursor : "2026-01-05T00:00:00Z");
    set_param("limit", 0);
    snprintf(work.params.of[2].value, SAPA_ROUTE_VALUE_MAX, "%s", limit);
    sapa_web_work(&files, &work);
    assert_int_equal(work.rc, SAPA_OK);
    json_t *list = json_loadb(work.out.p, work.out.n, 0, NULL);
    assert_non_null(list);
    sapa_json_done(&work.out);
    return list;
}

/* Each by the description that was in force, to whom the agent and the client concern. */
static void denied_calls_are_told_to_whom_they_concern(void **state)
{
    static const struct { enum who who; size_t count; const char *first; } rows[] = {
        { ADMIN, 3, "siti" }, { VIEWER, 3, "siti" }, { SITI, 1, "siti" }, { BUDI, 2, "budi" }, { LEADS_BLUE, 2, "budi" }, { OF_BANK, 1, "budi" },
    };

    (void)state;
    TEST_LOG(&store, call_denied, .agent = 0, .why = SAPA_DENIAL_RIGHT, .kind = SAPA_TARGET_OUTSIDE, .client = 0, .campaign = 1);
    TEST_LOG(&store, call_denied, .agent = 1, .why = SAPA_DENIAL_BUSY, .kind = SAPA_TARGET_AGENT, .client = SAPA_NONE, .contact = 101);
    tell_start(CENTRE);
    TEST_LOG(&store, call_denied, .agent = 1, .why = SAPA_DENIAL_LISTED, .kind = SAPA_TARGET_OUTSIDE, .client = 1);
    for (size_t i = 0; i < SAPA_COUNT(rows); i++) {
        json_t *list = denied(rows[i].who, NULL, "50");
        assert_int_equal(json_array_size(at(list, "items")), rows[i].count);
        expect(list, "items.0.agent", rows[i].first);
        expect(list, "next", NULL);
        json_decref(list);
    }
    json_t *list = denied(ADMIN, NULL, "2");
    expect(list, "items.0.why", "no right to call this kind of number");
    expect(list, "items.0.campaign", "promo");
    expect(list, "items.0.contact", NULL);
    expect(list, "items.1.client", NULL);
    expect(list, "items.1.contact", "101");
    assert_non_null(strstr(json_string_value(at(list, "items.0.text")), "Siti may not call an outside number for Toko: "));
    json_t *rest = denied(ADMIN, json_string_value(at(list, "next")), "2");
    assert_int_equal(json_array_size(at(rest, "items")), 1);
    expect(rest, "items.0.client", "bank");
    json_decref(rest);
    json_decref(list);
}

static void recordings_are_heard_by_who_sees_the_contact(void **state)
{
    static const enum sapa_route_id routes[] = { SAPA_ROUTE_RECORDING, SAPA_ROUTE_AUDIO };

    (void)state;
    tell_past(101, 0); /* siti's, who is of the red team */
    test_recording_make(&store, person, 5101, 101, 0);
    tell_arrived(103, person, 0, "62811234567");
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(hear(routes[i], 5101, ADMIN, 0), SAPA_OK);
        assert_int_equal(hear(routes[i], 5101, SITI, 0), SAPA_OK);
        assert_int_equal(hear(routes[i], 5101, OF_BANK, 0), SAPA_ENOENT);
        assert_int_equal(hear(routes[i], 5101, LEADS_BLUE, 0), SAPA_ENOENT);
        assert_int_equal(hear(routes[i], 5101, BUDI, 0), SAPA_ENOENT);
        assert_int_equal(hear(routes[i], 5101, BUDI, 103), SAPA_OK); /* he talks with the same person */
        assert_int_equal(hear(routes[i], 4711, ADMIN, 0), SAPA_ENOENT);
    }
    assert_int_equal(listed(ADMIN), 1);
    assert_int_equal(listed(SITI), 1);
    assert_int_equal(listed(OF_BANK), 0);
    assert_int_equal(listed(LEADS_BLUE), 0);
    assert_int_equal(listed(BUDI), 0);

    wish(SAPA_ROUTE_CARD, 103, LEADS_BLUE); /* what he could not hear is not offered */
    json_t *card = run(SAPA_OK);
    expect(card, "history.0.contact", "101");
    assert_int_equal(json_array_size(at(card, "history.0.recordings")), 0);
    json_decref(card);

    TEST_LOG(&store, contact_connected, .contact = 103, .agent = 1, .queue = 0); /* and he talked with that person */
    TEST_LOG(&store, contact_ended, .contact = 103, .outcome = SAPA_OUTCOME_ANSWERED, .queue = 0);
    assert_int_equal(hear(SAPA_ROUTE_AUDIO, 5101, BUDI, 0), SAPA_OK);
    assert_int_equal(hear(SAPA_ROUTE_AUDIO, 5101, LEADS_BLUE, 0), SAPA_ENOENT);
    TEST_LOG(&store, party_joined, .contact = 101, .offer = 77, .agent = 1, .queue = 0, .parties = 3);
    assert_int_equal(hear(SAPA_ROUTE_AUDIO, 5101, LEADS_BLUE, 0), SAPA_OK);
}

static void a_task_about_another_clients_contact_is_not_told(void **state)
{
    (void)state;
    tell_past(101, 0); /* of toko */
    wish(SAPA_ROUTE_TASK_NEW, 0, ADMIN);
    set_param("agent", 0);
    snprintf(work.params.of[1].value, SAPA_ROUTE_VALUE_MAX, "budi");
    static char text[] = "call Ani back";
    work.text = text, work.text_n = sizeof(text) - 1;
    work.into = 101;
    (void)run(SAPA_OK);
    static const struct { enum who who; const char *text, *contact; } rows[] = { { ADMIN, text, "101" }, { BUDI, text, "101" }, { OF_BANK, NULL, NULL } };
    for (size_t i = 0; i < 3; i++) {
        wish(SAPA_ROUTE_WORK, 0, rows[i].who);
        set_param("agent", 0);
        snprintf(work.params.of[1].value, SAPA_ROUTE_VALUE_MAX, "budi");
        json_t *list = run(SAPA_OK);
        expect(list, "tasks.0.text", rows[i].text);
        expect(list, "tasks.0.contact", rows[i].contact);
        json_decref(list);
    }
}

/* The list of who is logged in, whatever he is: a user's own, an agent's own. A missed target says which, and of what day. */
static void own_tasks_are_of_who_is_logged_in(void **state)
{
    const struct sapa_task missed = { .text = "missed", .by = "sapa", .created_us = 1,
                                      .breach = { .figure = "service_level_1", .key = "sales", .value = 625000, .target = 800000, .date = 20261121, .scope = SAPA_GOAL_OF_QUEUE } };
    const struct sapa_task other = { .text = "his own", .by = "budi", .created_us = 1 };
    uint64_t id;

    (void)state;
    assert_int_equal(sapa_task_add(store.store, SAPA_STR("maya"), &missed, &id), SAPA_OK);
    assert_int_equal(sapa_task_add(store.store, SAPA_STR("budi"), &other, &id), SAPA_OK);
    wish(SAPA_ROUTE_MY_TASKS, 0, ADMIN);
    snprintf(work.user, sizeof(work.user), "maya");
    json_t *list = run(SAPA_OK);
    expect(list, "items.0.text", "missed");
    expect(list, "items.0.breach.figure", "service_level_1");
    expect(list, "items.0.breach.scope", "queue");
    expect(list, "items.0.breach.key", "sales");
    expect(list, "items.0.breach.day", "2026-11-21");
    assert_true(json_number_value(json_object_get(json_object_get(json_array_get(json_object_get(list, "items"), 0), "breach"), "value")) == 0.625);
    json_decref(list);
    wish(SAPA_ROUTE_MY_TASKS, 0, BUDI); /* by a token of another name */
    snprintf(work.user, sizeof(work.user), "softphone");
    list = run(SAPA_OK);
    expect(list, "items.0.text", "his own");
    expect(list, "items.0.breach", NULL);
    json_decref(list);
    wish(SAPA_ROUTE_MY_TASK_SET, 0, ADMIN);
    snprintf(work.user, sizeof(work.user), "maya");
    set_param("task", 1);
    work.task_done = true;
    (void)run(SAPA_OK);
    wish(SAPA_ROUTE_MY_TASK_SET, 0, ADMIN);
    snprintf(work.user, sizeof(work.user), "maya");
    set_param("task", 1);
    work.task_done = true;
    (void)run(SAPA_ENOENT);
}

static void an_older_description_names_what_it_named(void **state)
{
    static char text[4096];
    const char *line = strstr(CENTRE, "dispositions:");

    (void)state;
    tell_past(101, 0); /* 11, sold */
    const size_t head = (size_t)(line - CENTRE);
    snprintf(text, sizeof(text), "%.*s%s%s", (int)head, CENTRE, OTHER, strchr(line, '\n') + 1);
    tell_start(text);
    tell_past(102, 0); /* 13, other */
    tell_arrived(103, person, 0, "62811234567");
    wish(SAPA_ROUTE_CARD, 103, ADMIN); /* the one in force is the first */
    json_t *card = run(SAPA_OK);
    expect(card, "history.0.disposition", "13");
    expect(card, "history.1.disposition", "11");
    json_decref(card);
}

static void open_callbacks_are_told_once(void **state)
{
    (void)state;
    tell_past(100, 0);
    tell_arrived(101, person, 0, "62811234567");
    TEST_LOG(&store, contact_queued, .contact = 101, .queue = 0);
    TEST_LOG(&store, callback_changed, .contact = 101, .state = SAPA_CALLBACK_RETRY, .attempt = 1, .due_us = INT64_C(1767700000000000));
    tell_arrived(102, person, 0, "62811234567"); /* this one is over */
    TEST_LOG(&store, callback_changed, .contact = 102, .state = SAPA_CALLBACK_REACHED, .attempt = 1);
    TEST_LOG(&store, contact_ended, .contact = 102, .outcome = SAPA_OUTCOME_CALLBACK_KEPT);
    tell_arrived(103, person, 0, "62811234567");
    wish(SAPA_ROUTE_CARD, 103, ADMIN);
    work.callbacks[0] = 101;
    work.callback_count = 1;
    json_t *card = run(SAPA_OK);
    assert_int_equal(json_array_size(at(card, "callbacks")), 1);
    expect(card, "callbacks.0.contact", "101");
    expect(card, "callbacks.0.state", "will be tried again");
    expect(card, "callbacks.0.due", "2026-01-06T11:46:40.000Z");
    json_decref(card);
}

static void note_wish(uint64_t contact, enum who who, uint64_t match, const char *text, size_t n)
{
    static char buf[8192];

    wish(SAPA_ROUTE_NOTE, contact, who);
    memcpy(buf, text, n);
    buf[n] = '\0';
    work.text = buf;
    work.text_n = n;
    work.match = match;
}

static void notes_are_judged(void **state)
{
    char text[4200];

    (void)state;
    tell_past(101, 0);
    note_wish(101, SITI, 0, "x", 1);
    (void)run(SAPA_OK);
    assert_int_equal(work.note.version, 1);
    assert_int_equal(work.note.person, person);
    assert_int_equal(work.note.agent, 0);
    note_wish(101, BUDI, 0, "x", 1);
    (void)run(SAPA_ENOENT);
    note_wish(101, SITI, 1, "x", 1); /* there is none yet */
    (void)run(SAPA_ESTATE);
    assert_int_equal(work.status, 412);
    memset(text, 'a', sizeof(text));
    note_wish(101, SITI, 0, text, SAPA_NOTE_MAX);
    (void)run(SAPA_OK);
    note_wish(101, SITI, 0, text, SAPA_NOTE_MAX + 1);
    (void)run(SAPA_EINVAL);
    note_wish(101, SITI, 0, "a\x01", 2);
    (void)run(SAPA_EINVAL);
    note_wish(101, SITI, 0, "a\xff", 2);
    (void)run(SAPA_EINVAL);
    note_wish(101, SITI, 0, "a\n\tb", 4);
    (void)run(SAPA_OK);
    note_wish(101, ADMIN, 0, "", 0); /* takes it away */
    (void)run(SAPA_OK);
    tell_note(101, 1, SAPA_STR("x"));
    note_wish(101, SITI, 0, "x", 1);
    (void)run(SAPA_ESTATE);
    note_wish(101, SITI, 1, "x", 1);
    (void)run(SAPA_OK);
    assert_int_equal(work.note.version, 2);
    assert_int_equal(sapa_person_erase(store.store, person, "test"), SAPA_OK);
    note_wish(101, SITI, 1, "x", 1);
    (void)run(SAPA_ESTATE);
    assert_int_equal(work.status, 0);
}

/* Parts of any text are put together as it was. */
static void long_notes_are_whole(void **state)
{
    char text[SAPA_NOTE_MAX + 1];
    size_t n = 0;

    (void)state;
    tell_past(101, 0);
    while (n + 4 <= SAPA_NOTE_MAX) {
        memcpy(text + n, n % 3 ? "\xf0\x9f\x98\x80" : "\xe2\x82\xac", n % 3 ? 4 : 3); /* of four bytes and of three */
        n += n % 3 ? 4 : 3;
    }
    text[n] = '\0';
    tell_note(101, 1, (struct sapa_str){ text, n });
    wish(SAPA_ROUTE_CARD, 101, ADMIN);
    json_t *card = run(SAPA_OK);
    expect(card, "note.text", text);
    json_decref(card);
    /* the next one is not whole: its second part never came */
    struct sapa_record record;
    sapa_record_init(&record, SAPA_T_contact_noted);
    record.u.contact_noted = (struct sapa_rec_contact_noted){ .contact = 101, .person = person, .version = 2, .part = 0, .parts = 2, .agent = SAPA_NONE };
    (void)sapa_sized_set(&record.u.contact_noted.text, SAPA_STR("half"));
    test_store_log(&store, &record);
    wish(SAPA_ROUTE_CARD, 101, ADMIN);
    card = run(SAPA_OK);
    expect(card, "note.text", NULL);
    assert_int_equal(json_integer_value(at(card, "note.version")), 2);
    json_decref(card);
}

static void the_commonest_come_first(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 6; i++) /* siti: 11 twice, 12 four times; budi: 11 three times */
        TEST_LOG(&store, wrapup_ended, .contact = 100 + i, .agent = 0, .queue = 0, .disposition = i < 2 ? 0 : 1);
    for (uint64_t i = 0; i < 3; i++)
        TEST_LOG(&store, wrapup_ended, .contact = 200 + i, .agent = 1, .queue = 0, .disposition = 0);
    static const struct { enum who who; const char *first, *second; } rows[] = { { ADMIN, "11", "12" }, { SITI, "12", "11" }, { BUDI, "11", "12" } };
    for (size_t i = 0; i < 3; i++) {
        wish(SAPA_ROUTE_DISPOSITIONS, 1, rows[i].who);
        set_param("queue", 0);
        snprintf(work.params.of[1].value, SAPA_ROUTE_VALUE_MAX, "sales");
        json_t *list = run(SAPA_OK);
        expect(list, "items.0.id", "11");
        expect(list, "items.0.group", "Penjualan");
        expect(list, "items.1.group", NULL);
        expect(list, "favourites.0", rows[i].first);
        expect(list, "favourites.1", rows[i].second);
        assert_int_equal(json_array_size(at(list, "favourites")), 2);
        assert_true(json_is_true(at(list, "required")));
        json_decref(list);
    }
    TEST_LOG(&store, wrapup_ended, .contact = 300, .agent = 0, .queue = 0, .disposition = SAPA_NONE); /* none counts for nothing */
}

static void nothing_is_left_of_who_is_erased(void **state)
{
    (void)state;
    tell_past(101, 0);
    tell_note(101, 1, SAPA_STR("words"));
    tell_past(102, 0);
    tell_value(102, "order", "4711");
    assert_int_equal(sapa_person_erase(store.store, person, "test"), SAPA_OK);
    wish(SAPA_ROUTE_CARD, 102, ADMIN);
    json_t *card = run(SAPA_OK);
    expect(card, "name", NULL);
    expect(card, "address", NULL);
    expect(card, "items.0.value", NULL);
    assert_int_equal(json_array_size(at(card, "identities")), 0);
    assert_int_equal(json_array_size(at(card, "history")), 0);
    json_decref(card);
    wish(SAPA_ROUTE_CARD, 101, ADMIN);
    card = run(SAPA_OK);
    expect(card, "note.text", NULL);
    json_decref(card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_card_says_whether_it_is_known_who_he_is, begin, end),
        cmocka_unit_test_setup_teardown(a_card_tells_who_it_is_and_what_was, begin, end),
        cmocka_unit_test_setup_teardown(who_may_not_see_does_not, begin, end),
        cmocka_unit_test_setup_teardown(a_card_of_a_campaign, begin, end),
        cmocka_unit_test_setup_teardown(both_directions_are_one_history, begin, end), cmocka_unit_test_setup_teardown(a_person_is_called_as_he_likes, begin, end),
        cmocka_unit_test_setup_teardown(customer_or_prospect, begin, end),
        cmocka_unit_test_setup_teardown(who_joined_took_part, begin, end),
        cmocka_unit_test_setup_teardown(recordings_are_heard_by_who_sees_the_contact, begin, end),
        cmocka_unit_test_setup_teardown(denied_calls_are_told_to_whom_they_concern, begin, end),
        cmocka_unit_test_setup_teardown(a_task_about_another_clients_contact_is_not_told, begin, end),
        cmocka_unit_test_setup_teardown(own_tasks_are_of_who_is_logged_in, begin, end),
        cmocka_unit_test_setup_teardown(an_older_description_names_what_it_named, begin, end),
        cmocka_unit_test_setup_teardown(open_callbacks_are_told_once, begin, end),
        cmocka_unit_test_setup_teardown(notes_are_judged, begin, end),
        cmocka_unit_test_setup_teardown(long_notes_are_whole, begin, end),
        cmocka_unit_test_setup_teardown(the_commonest_come_first, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_left_of_who_is_erased, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
