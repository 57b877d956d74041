/* Tickets through the API's jobs, over a real log: who opens them from what, who sees them, that clients stay apart, what a card and the work say. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <jansson.h>

#include "app/test_store_impl.h"
#include "app/web_work.h"
#include "http/ticket.h"

#define CENTRE \
    "version: 1\n" \
    "system: { name: Test, languages: [id, en], sip_host: sapa }\n" \
    "clients: { toko: { name: Toko, language: id }, bank: { name: Bank, language: id } }\n" \
    "teams: [red, blue]\n" \
    "roles: { leader: { rights: [supervisor] } }\n" \
    "users: { ratna: { name: Ratna, role: leader, teams: [blue] } }\n" \
    "skills: [loans]\n" \
    "agents:\n" \
    "  siti: { name: Siti, extension: \"101\", team: red }\n" \
    "  budi: { name: Budi, extension: \"102\", team: blue }\n" \
    "  dewi: { name: Dewi, extension: \"103\", team: blue, clients: [bank] }\n" \
    "queues: { sales: { name: Sales, client: toko, steps: [ { team: blue } ] }, loans: { name: Loans, client: bank } }\n" \
    "numbers: { \"100\": { client: toko, flow: main } }\n" \
    "flows: { main: { start: wait, nodes: { wait: { do: queue, queue: sales, on_overflow: bye }, bye: { do: hangup } } } }\n"

enum { CONTACT = 101, RINGS = 102, STRANGER = 103 };

static struct test_store store;
static struct sapa_centre *centre;
static struct sapa_web_work work;
static uint64_t person, other;

static void tell_arrival(uint64_t contact, uint64_t who)
{
    struct sapa_record record;

    sapa_record_init(&record, SAPA_T_contact_arrived);
    record.u.contact_arrived.contact = contact;
    record.u.contact_arrived.person = who;
    (void)sapa_sized_set(&record.u.contact_arrived.address, SAPA_STR("62811234567"));
    test_store_log(&store, &record);
    TEST_LOG(&store, contact_new, .contact = contact, .person = who, .client = 0, .number = 0);
    TEST_LOG(&store, contact_queued, .contact = contact, .queue = 0);
}

/* siti has talked with a customer of toko; he calls again, and rings at budi. Somebody withholds his number. */
static int begin(void **state)
{
    char hash[SAPA_HASH_TEXT_SIZE];
    struct sapa_record record;

    (void)state;
    test_store_open(&store);
    centre = test_centre(CENTRE);
    assert_int_equal(sapa_store_document_put(store.store, CENTRE, strlen(CENTRE), hash), SAPA_OK);
    assert_int_equal(sapa_centre_history_add(store.store, 1, INT64_C(1767600000000000), hash), SAPA_OK);
    sapa_record_init(&record, SAPA_T_centre_started);
    (void)sapa_sized_set(&record.u.centre_started.centre_hash, sapa_str_of(hash));
    test_store_log(&store, &record);
    person = test_store_person(&store, "62811234567");
    other = test_store_person(&store, "62811234568");
    tell_arrival(CONTACT, person);
    TEST_LOG(&store, contact_connected, .contact = CONTACT, .agent = 0, .queue = 0);
    TEST_LOG(&store, contact_ended, .contact = CONTACT, .outcome = SAPA_OUTCOME_ANSWERED, .queue = 0);
    tell_arrival(RINGS, person);
    tell_arrival(STRANGER, 0);
    TEST_LOG(&store, contact_connected, .contact = STRANGER, .agent = 0, .queue = 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sapa_centre_free(centre);
    test_store_close(&store);
    return 0;
}

enum who { ADMIN, VIEWER, OF_BANK, LEADS_BLUE, SITI, BUDI, DEWI };

static json_t *ask(enum sapa_route_id route, enum who who, const char *name, const char *value, const char *body, sapa_rc wanted)
{
    static struct sapa_field_rule rule;
    static const char *const users[] = { "admin", "viewer", "bank", "ratna", "siti", "budi", "dewi" };
    const struct sapa_web_files files = { .store = store.store, .data = store.folder };
    json_t *reply = NULL;

    memset(&work, 0, sizeof(work));
    work.route = route;
    work.centre = centre;
    work.clients[0] = store.client;
    work.clients[1] = store.client + 1;
    work.scope = (struct sapa_scope){ .clients = who == OF_BANK ? 2 : UINT64_MAX, .agent = who >= SITI ? (uint32_t)who - SITI : SAPA_NONE, .team_count = who == LEADS_BLUE };
    work.show_pii = who == ADMIN;
    work.agent = work.scope.agent;
    snprintf(work.user, sizeof(work.user), "%s", users[who]);
    rule.name = name;
    work.params.of[0].rule = &rule;
    work.params.count = name ? 1 : 0;
    if (name)
        snprintf(work.params.of[0].value, SAPA_ROUTE_VALUE_MAX, "%s", value);
    if (who == BUDI)
        work.in_hand[work.in_hand_count++] = RINGS;
    work.text = body ? strdup(body) : NULL;
    work.text_n = body ? strlen(body) : 0;
    sapa_web_work(&files, &work);
    assert_int_equal(work.rc, wanted);
    if (work.out.n > 0 && wanted == SAPA_OK)
        assert_non_null(reply = json_loadb(work.out.p, work.out.n, 0, NULL));
    sapa_json_done(&work.out);
    free(work.text);
    return reply;
}

static void do_write(enum sapa_route_id route, enum who who, const char *ticket, const char *body, sapa_rc wanted)
{
    assert_null(ask(route, who, ticket ? "ticket" : NULL, ticket, body, wanted));
}

/* "3 1": the numbers of a list. */
static const char *numbers(json_t *reply, const char *key)
{
    static char text[256];
    const json_t *items = json_object_get(reply, key);

    assert_true(json_is_array(items));
    text[0] = '\0';
    for (size_t i = 0; i < json_array_size(items); i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "", json_string_value(json_object_get(json_array_get(items, i), "id")));
    json_decref(reply);
    return text;
}

#define NEW "{\"contact\":\"101\",\"subject\":\"Kartu hilang\",\"text\":\"di Blok M\"}"

static void who_sees_a_ticket(void **state)
{
    (void)state;
    do_write(SAPA_ROUTE_TICKET_NEW, SITI, NULL, NEW, SAPA_OK);
    assert_string_equal(work.answer, "\"ticket\":\"1\",\"version\":1");
    assert_int_equal(work.ticket.number, 1); /* told to the feed */
    assert_string_equal(work.ticket.owner, "siti");
    do_write(SAPA_ROUTE_TICKET_NEW, DEWI, NULL, NEW, SAPA_ENOENT);
    do_write(SAPA_ROUTE_TICKET_NEW, OF_BANK, NULL, NEW, SAPA_ENOENT);
    do_write(SAPA_ROUTE_TICKET_NEW, SITI, NULL, "{\"contact\":\"103\",\"subject\":\"x\"}", SAPA_ESTATE); /* nobody knows who it is */
    do_write(SAPA_ROUTE_TICKET_NEW, SITI, NULL, "{\"contact\":\"102\",\"subject\":\"x\"}", SAPA_ENOENT); /* it is not at his desk */

    json_t *seen = ask(SAPA_ROUTE_TICKET, SITI, "ticket", "1", NULL, SAPA_OK);
    const json_t *ticket = json_object_get(seen, "ticket");
    assert_string_equal(json_string_value(json_object_get(ticket, "subject")), "Kartu hilang");
    assert_string_equal(json_string_value(json_object_get(ticket, "owner_name")), "Siti");
    assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(seen, "entries"), 0), "text")), "di Blok M");
    json_decref(seen);
    json_decref(ask(SAPA_ROUTE_TICKET, BUDI, "ticket", "1", NULL, SAPA_OK)); /* the person rings at his desk */
    json_decref(ask(SAPA_ROUTE_TICKET, ADMIN, "ticket", "1", NULL, SAPA_OK));
    ask(SAPA_ROUTE_TICKET, OF_BANK, "ticket", "1", NULL, SAPA_ENOENT);
    ask(SAPA_ROUTE_TICKET, LEADS_BLUE, "ticket", "1", NULL, SAPA_ENOENT); /* one of the red team has it */
    ask(SAPA_ROUTE_TICKET, DEWI, "ticket", "1", NULL, SAPA_ENOENT);
    ask(SAPA_ROUTE_TICKET, ADMIN, "ticket", "2", NULL, SAPA_ENOENT);
    seen = ask(SAPA_ROUTE_TICKET, VIEWER, "ticket", "1", NULL, SAPA_OK);
    assert_true(json_is_null(json_object_get(json_object_get(seen, "ticket"), "subject")));
    assert_true(json_is_null(json_object_get(json_array_get(json_object_get(seen, "entries"), 0), "text")));
    json_decref(seen);

    /* lists say what may be read one by one */
    char id[24];
    snprintf(id, sizeof(id), "%llu", (unsigned long long)person);
    assert_string_equal(numbers(ask(SAPA_ROUTE_TICKETS, BUDI, "person", id, NULL, SAPA_OK), "items"), "1");
    assert_string_equal(numbers(ask(SAPA_ROUTE_TICKETS, DEWI, "person", id, NULL, SAPA_OK), "items"), "");
    assert_string_equal(numbers(ask(SAPA_ROUTE_TICKETS, OF_BANK, NULL, NULL, NULL, SAPA_OK), "items"), "");
    assert_string_equal(numbers(ask(SAPA_ROUTE_TICKETS, ADMIN, NULL, NULL, NULL, SAPA_OK), "items"), "1");
    assert_string_equal(numbers(ask(SAPA_ROUTE_TICKETS, SITI, "agent", "siti", NULL, SAPA_OK), "items"), "1");
    ask(SAPA_ROUTE_TICKETS, BUDI, "agent", "siti", NULL, SAPA_EDENIED);
    ask(SAPA_ROUTE_TICKETS, BUDI, NULL, NULL, NULL, SAPA_EDENIED);
}

static void who_writes_a_ticket(void **state)
{
    (void)state;
    do_write(SAPA_ROUTE_TICKET_NEW, SITI, NULL, NEW, SAPA_OK);
    do_write(SAPA_ROUTE_TICKET_ENTRY, BUDI, "1", "{\"text\":\"ia menelepon lagi\",\"contact\":\"102\"}", SAPA_OK);
    do_write(SAPA_ROUTE_TICKET_ENTRY, BUDI, "1", "{\"text\":\"x\",\"contact\":\"101\"}", SAPA_ENOENT); /* not his contact */
    do_write(SAPA_ROUTE_TICKET_ENTRY, SITI, "1", "{\"text\":\"x\",\"contact\":\"103\"}", SAPA_ESTATE); /* of somebody else */
    do_write(SAPA_ROUTE_TICKET_ENTRY, DEWI, "1", "{\"text\":\"x\"}", SAPA_ENOENT);
    do_write(SAPA_ROUTE_TICKET_SET, OF_BANK, "1", "{\"status\":\"resolved\"}", SAPA_ENOENT);
    do_write(SAPA_ROUTE_TICKET_SET, SITI, "1", "{}", SAPA_EINVAL);
    do_write(SAPA_ROUTE_TICKET_SET, SITI, "1", "{\"owner_kind\":\"agent\",\"owner\":\"dewi\"}", SAPA_EINVAL); /* of another client */
    do_write(SAPA_ROUTE_TICKET_SET, SITI, "1", "{\"owner_kind\":\"queue\",\"owner\":\"loans\"}", SAPA_EINVAL);
    do_write(SAPA_ROUTE_TICKET_SET, SITI, "1", "{\"owner_kind\":\"queue\"}", SAPA_EINVAL);
    assert_string_equal(numbers(ask(SAPA_ROUTE_WORK, SITI, "agent", "siti", NULL, SAPA_OK), "tickets"), "1");
    do_write(SAPA_ROUTE_TICKET_SET, SITI, "1", "{\"owner_kind\":\"queue\",\"owner\":\"sales\"}", SAPA_OK);
    assert_string_equal(numbers(ask(SAPA_ROUTE_WORK, SITI, "agent", "siti", NULL, SAPA_OK), "tickets"), "");
    assert_string_equal(numbers(ask(SAPA_ROUTE_TICKETS, BUDI, "queue", "sales", NULL, SAPA_OK), "items"), "1"); /* whose people are the blue team */
    json_decref(ask(SAPA_ROUTE_TICKET, LEADS_BLUE, "ticket", "1", NULL, SAPA_OK));

    ask(SAPA_ROUTE_CARD, DEWI, "contact", "101", NULL, SAPA_ENOENT);
    json_decref(ask(SAPA_ROUTE_CARD, BUDI, "contact", "101", NULL, SAPA_OK)); /* the ticket is his queue's: he has to know whose it is */
    do_write(SAPA_ROUTE_TICKET_SET, SITI, "1", "{\"owner_kind\":\"agent\",\"owner\":\"siti\"}", SAPA_OK);
    ask(SAPA_ROUTE_CARD, BUDI, "contact", "101", NULL, SAPA_ENOENT);

    /* his team has it, and its client is not his */
    do_write(SAPA_ROUTE_TICKET_SET, SITI, "1", "{\"owner_kind\":\"team\",\"owner\":\"blue\"}", SAPA_OK);
    ask(SAPA_ROUTE_TICKET, DEWI, "ticket", "1", NULL, SAPA_ENOENT);
    assert_string_equal(numbers(ask(SAPA_ROUTE_TICKETS, DEWI, "team", "blue", NULL, SAPA_OK), "items"), "");
    assert_string_equal(numbers(ask(SAPA_ROUTE_TICKETS, BUDI, "team", "blue", NULL, SAPA_OK), "items"), "1");

    /* the card of who calls has it, and says in which earlier contact it was */
    json_t *card = ask(SAPA_ROUTE_CARD, ADMIN, "contact", "102", NULL, SAPA_OK);
    const json_t *earlier = json_array_get(json_object_get(card, "history"), 0);
    assert_string_equal(json_string_value(json_array_get(json_object_get(earlier, "tickets"), 0)), "1");
    assert_string_equal(numbers(card, "tickets"), "1");
    do_write(SAPA_ROUTE_TICKET_SET, BUDI, "1", "{\"status\":\"resolved\",\"contact\":\"102\"}", SAPA_OK);
    assert_string_equal(numbers(ask(SAPA_ROUTE_CARD, ADMIN, "contact", "102", NULL, SAPA_OK), "tickets"), "");
    json_t *seen = ask(SAPA_ROUTE_TICKET, SITI, "ticket", "1", NULL, SAPA_OK);
    assert_int_equal(json_array_size(json_object_get(seen, "contacts")), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(seen, "entries"), 5), "by_name")), "Budi");
    json_decref(seen);

    /* who was erased has no tickets any more */
    do_write(SAPA_ROUTE_TICKET_SET, SITI, "1", "{\"status\":\"open\",\"owner_kind\":\"agent\",\"owner\":\"siti\"}", SAPA_OK);
    assert_int_equal(sapa_person_erase(store.store, person, "test"), SAPA_OK);
    ask(SAPA_ROUTE_TICKET, ADMIN, "ticket", "1", NULL, SAPA_ENOENT);
    do_write(SAPA_ROUTE_TICKET_SET, ADMIN, "1", "{\"status\":\"open\"}", SAPA_ENOENT);
    assert_string_equal(numbers(ask(SAPA_ROUTE_WORK, SITI, "agent", "siti", NULL, SAPA_OK), "tickets"), "");
    assert_string_equal(numbers(ask(SAPA_ROUTE_TICKETS, ADMIN, NULL, NULL, NULL, SAPA_OK), "items"), "");
    do_write(SAPA_ROUTE_TICKET_NEW, SITI, NULL, NEW, SAPA_ESTATE);
    char body[80];
    snprintf(body, sizeof(body), "{\"person\":\"%llu\",\"subject\":\"Tagihan\"}", (unsigned long long)other);
    do_write(SAPA_ROUTE_TICKET_NEW, SITI, NULL, body, SAPA_ENOENT); /* with whom he never talked */
    do_write(SAPA_ROUTE_TICKET_NEW, ADMIN, NULL, body, SAPA_OK);
    assert_string_equal(work.answer, "\"ticket\":\"2\",\"version\":1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_sees_a_ticket, begin, end),
        cmocka_unit_test_setup_teardown(who_writes_a_ticket, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
