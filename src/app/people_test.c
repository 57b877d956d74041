/* Who calls, with a real store: told to the log before anything names them, remembered, and never a reason not to answer. */
#include "app/people.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/test_impl.h"
#include "app/test_store_impl.h"

enum { POSTED_MAX = 64 };

struct fixture {
    struct test_store s;
    struct sapa_people *people;
    struct sapa_record posted[POSTED_MAX];
    size_t posted_count;
    sapa_rc post_rc, reserve_rc;
    size_t reserves;
    uint8_t party_type;
};

static sapa_rc reserve(void *ctx, uint32_t client, struct sapa_str address, struct sapa_person_found *ret)
{
    struct fixture *f = ctx;

    f->reserves++;
    if (f->reserve_rc != SAPA_OK)
        return f->reserve_rc;
    return sapa_person_reserve(f->s.store, f->s.client + client, SAPA_IDENTITY_PHONE, address, ret);
}

static sapa_rc post(void *ctx, const struct sapa_record *input)
{
    struct fixture *f = ctx;

    if (f->post_rc != SAPA_OK)
        return f->post_rc;
    assert_true(f->posted_count < POSTED_MAX);
    f->posted[f->posted_count++] = *input;
    return SAPA_OK;
}

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const struct sapa_people_ports ports = { .ctx = f, .reserve = reserve, .post = post };

    test_store_open(&f->s);
    assert_int_equal(sapa_people_new(&ports, &f->people), SAPA_OK);
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;

    sapa_people_free(f->people);
    test_store_close(&f->s);
    free(f);
    return 0;
}

static uint64_t resolve(struct fixture *f, uint32_t client, const char *address, uint32_t *ret_agent)
{
    uint64_t person = 77;
    uint32_t agent = 77;
    uint8_t party_type = 77;

    sapa_people_resolve(f->people, client, sapa_str_of(address), &person, &agent, &party_type);
    f->party_type = party_type;
    if (ret_agent)
        *ret_agent = agent;
    return person;
}

static void test_a_new_person_is_told_first(void **state)
{
    struct fixture *f = *state;
    uint32_t agent;
    const uint64_t person = resolve(f, 0, "628111", &agent);

    assert_true(person != 0);
    assert_int_equal(agent, SAPA_NONE);
    assert_int_equal(f->posted_count, 1);
    const struct sapa_rec_person_known *known = &f->posted[0].u.person_known;
    assert_int_equal(f->posted[0].type, SAPA_T_person_known);
    assert_int_equal(known->person, person);
    assert_int_equal(known->lookup.n, SAPA_LOOKUP_SIZE);
    assert_true(sapa_str_eq(sapa_sized_str(&known->value), SAPA_STR("628111")));
    /* the second call of the same person says nothing new, before and after the commit */
    assert_int_equal(resolve(f, 0, "628111", NULL), person);
    assert_int_equal(f->posted_count, 1);
    test_store_log(&f->s, &f->posted[0]);
    assert_int_equal(resolve(f, 0, "628 111", NULL), person); /* however it is written */
    assert_int_equal(f->posted_count, 1);
    /* what the log got is enough for the store: the identity is the person's */
    uint64_t found;
    assert_int_equal(sapa_person_find(f->s.store, f->s.client, SAPA_IDENTITY_PHONE, SAPA_STR("628111"), &found), SAPA_OK);
    assert_int_equal(found, person);
    /* and so is what was said of the person */
    assert_int_equal(f->party_type, 0);
    TEST_LOG(&f->s, contact_party, .contact = 9, .person = person, .party_type = SAPA_PARTY_TYPE_PROSPECT + 1);
    assert_int_equal(resolve(f, 0, "628111", NULL), person);
    assert_int_equal(f->party_type, SAPA_PARTY_TYPE_PROSPECT + 1);
    resolve(f, 0, "", NULL);
    assert_int_equal(f->party_type, 0);
}

static void test_clients_do_not_share_people(void **state)
{
    struct fixture *f = *state;
    const uint64_t toko = resolve(f, 0, "628111", NULL), bank = resolve(f, 1, "628111", NULL);

    assert_true(toko != 0 && bank != 0);
    assert_int_not_equal(toko, bank);
    assert_int_equal(f->posted_count, 2);
    assert_int_equal(f->posted[1].u.person_known.client, 1);
}

static void test_nobody_is_nobody(void **state)
{
    struct fixture *f = *state;
    uint32_t agent;

    assert_int_equal(resolve(f, 0, "", &agent), 0);
    assert_int_equal(agent, SAPA_NONE);
    assert_int_equal(f->reserves, 0);
    assert_int_equal(resolve(f, 0, "   ", &agent), 0);   /* no identity at all */
    assert_int_equal(resolve(f, 0, "\xff\xfe", &agent), 0);
    char address[400];
    memset(address, '7', sizeof(address));
    address[399] = '\0';
    assert_int_equal(resolve(f, 0, address, &agent), 0);
    assert_int_equal(f->posted_count, 0);
    f->reserve_rc = SAPA_EIO; /* the disk: the call goes on */
    assert_int_equal(resolve(f, 0, "628111", &agent), 0);
    assert_int_equal(agent, SAPA_NONE);
}

/* The centre was too busy to hear of a new person: the next call must not name somebody the log does not know. */
static void test_who_could_not_be_told_is_told_later(void **state)
{
    struct fixture *f = *state;

    f->post_rc = SAPA_ELIMIT;
    assert_int_equal(resolve(f, 0, "628111", NULL), 0);
    assert_int_equal(resolve(f, 0, "628222", NULL), 0);
    assert_int_equal(resolve(f, 0, "628111", NULL), 0);
    f->post_rc = SAPA_OK;
    const uint64_t person = resolve(f, 0, "628111", NULL);
    assert_true(person != 0);
    assert_int_equal(f->posted_count, 1);
    assert_int_equal(f->posted[0].u.person_known.person, person);
    assert_int_equal(f->posted[0].u.person_known.lookup.n, SAPA_LOOKUP_SIZE);
    const uint64_t other = resolve(f, 0, "628222", NULL);
    assert_int_equal(f->posted_count, 2);
    assert_int_equal(f->posted[1].u.person_known.person, other);
    assert_int_equal(resolve(f, 0, "628111", NULL), person);
    assert_int_equal(f->posted_count, 2);
}

/* ---- last agent, and whose contact it is ---- */

static void arrive(struct fixture *f, uint64_t contact, uint64_t person)
{
    struct sapa_record record;

    sapa_record_init(&record, SAPA_T_contact_arrived);
    record.u.contact_arrived.contact = contact;
    record.u.contact_arrived.person = person;
    sapa_people_note(f->people, &record);
}

static void talk(struct fixture *f, uint64_t contact, uint64_t offer, uint32_t agent)
{
    struct sapa_record record;

    sapa_record_init(&record, SAPA_T_cmd_offer);
    record.u.cmd_offer.contact = contact;
    record.u.cmd_offer.offer = offer;
    record.u.cmd_offer.agent = agent;
    sapa_people_note(f->people, &record);
    sapa_record_init(&record, SAPA_T_cmd_connect);
    record.u.cmd_connect.contact = contact;
    record.u.cmd_connect.offer = offer;
    sapa_people_note(f->people, &record);
}

static void forget(struct fixture *f, uint64_t contact)
{
    struct sapa_record record;

    sapa_record_init(&record, SAPA_T_cmd_forget);
    record.u.cmd_forget.contact = contact;
    sapa_people_note(f->people, &record);
}

static void test_the_last_agent(void **state)
{
    struct fixture *f = *state;
    uint32_t agent;
    const uint64_t person = resolve(f, 0, "628111", NULL), other = resolve(f, 0, "628222", NULL);

    arrive(f, 100, person);
    arrive(f, 101, other);
    arrive(f, 102, 0);
    assert_int_equal(sapa_people_of_contact(f->people, 100), person);
    assert_int_equal(sapa_people_of_contact(f->people, 102), 0);
    assert_int_equal(sapa_people_of_contact(f->people, 999), 0);
    talk(f, 100, 1, 3);
    talk(f, 102, 2, 4);
    forget(f, 100);
    assert_int_equal(sapa_people_of_contact(f->people, 100), 0);
    (void)resolve(f, 0, "628111", &agent);
    assert_int_equal(agent, 3);
    (void)resolve(f, 0, "628222", &agent); /* has not talked yet */
    assert_int_equal(agent, SAPA_NONE);
    arrive(f, 103, person);
    talk(f, 103, 5, 0);
    (void)resolve(f, 0, "628111", &agent);
    assert_int_equal(agent, 0);
    /* an offer that was not answered is no conversation */
    struct sapa_record record;
    sapa_record_init(&record, SAPA_T_cmd_offer);
    record.u.cmd_offer.contact = 103;
    record.u.cmd_offer.offer = 6;
    record.u.cmd_offer.agent = 9;
    sapa_people_note(f->people, &record);
    (void)resolve(f, 0, "628111", &agent);
    assert_int_equal(agent, 0);
}

/* What the log remembers is as good as what was seen here, and newer talks replace it. */
static void test_the_last_agent_of_an_earlier_process(void **state)
{
    struct fixture *f = *state;
    uint32_t agent;
    const uint64_t person = resolve(f, 0, "628111", NULL);

    sapa_people_talked(f->people, person, 2);
    (void)resolve(f, 0, "628111", &agent);
    assert_int_equal(agent, 2);
    arrive(f, 100, person);
    talk(f, 100, 1, 3);
    (void)resolve(f, 0, "628111", &agent);
    assert_int_equal(agent, 3);
}

/* In a new description agent 3 may be number 1, or gone. */
static void test_agents_get_new_numbers(void **state)
{
    struct fixture *f = *state;
    static const uint32_t map[] = { SAPA_NONE, 0, 2, 1 };
    uint32_t agent;
    const uint64_t person = resolve(f, 0, "628111", NULL), other = resolve(f, 0, "628222", NULL),
                   third = resolve(f, 0, "628333", NULL);

    arrive(f, 100, person), talk(f, 100, 1, 3);
    arrive(f, 101, other), talk(f, 101, 2, 0);
    arrive(f, 102, third), talk(f, 102, 3, 4); /* beyond the map */
    sapa_people_renumber(f->people, map, SAPA_COUNT(map));
    (void)resolve(f, 0, "628111", &agent);
    assert_int_equal(agent, 1);
    (void)resolve(f, 0, "628222", &agent);
    assert_int_equal(agent, SAPA_NONE);
    (void)resolve(f, 0, "628333", &agent);
    assert_int_equal(agent, SAPA_NONE);
}

/* More people than are kept: some are forgotten, none is mistaken for another. */
static void test_caches_forget_and_never_mix_up(void **state)
{
    struct fixture *f = *state;
    size_t known = 0;

    for (uint64_t contact = 1; contact <= 3 * SAPA_PEOPLE_KEPT_MAX; contact++)
        arrive(f, contact, contact + 5000000);
    for (uint64_t contact = 1; contact <= 3 * SAPA_PEOPLE_KEPT_MAX; contact++) {
        const uint64_t person = sapa_people_of_contact(f->people, contact);
        assert_true(person == 0 || person == contact + 5000000);
        known += person != 0;
    }
    assert_true(known > SAPA_PEOPLE_KEPT_MAX / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_new_person_is_told_first, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_clients_do_not_share_people, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_nobody_is_nobody, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_who_could_not_be_told_is_told_later, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_the_last_agent, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_the_last_agent_of_an_earlier_process, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_agents_get_new_numbers, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_caches_forget_and_never_mix_up, open_fixture, close_fixture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
