/* Whose contacts they are, and where what tells of them stands: written with the log, made anew from it, forgotten. */
#include "store/history.h"

#include <sqlite3.h>

#include "store/sqlite/test_util.h"

static struct desk desk;
static uint64_t shop;

static uint64_t person(const char *number, int64_t at_us)
{
    struct sapa_person_found found;

    assert_int_equal(sapa_person_reserve(desk.store, shop, SAPA_IDENTITY_PHONE, sapa_str_of(number), &found), SAPA_OK);
    desk_put(&desk, record_known(0, at_us, &found, number));
    desk_wait(&desk);
    return found.person;
}

#define PUT(name, at, ...)                                              \
    do {                                                                \
        struct sapa_record record_;                                     \
        sapa_record_init(&record_, SAPA_T_##name);                      \
        record_.at_us = (at);                                           \
        record_.u.name = (struct sapa_rec_##name){ __VA_ARGS__ };       \
        desk_put(&desk, record_);                                       \
    } while (0)

/* Five records that are found again, and two that are not. */
static void contact(uint64_t id, uint64_t who, int64_t at_us)
{
    PUT(contact_arrived, at_us, .contact = id, .person = who);
    PUT(contact_new, at_us, .contact = id, .person = who);
    PUT(flow_step, at_us, .contact = id);
    PUT(flow_step, at_us, .contact = id, .via = '2');
    PUT(contact_queued, at_us, .contact = id);
    PUT(leg_quality, at_us, .contact = id);
    PUT(contact_ended, at_us, .contact = id);
    desk_wait(&desk);
}

static size_t moments(uint64_t id, enum sapa_moment kind, uint64_t seqs[SAPA_MOMENTS_MAX])
{
    size_t count = 99;

    assert_int_equal(sapa_contact_moments(desk.store, id, kind, seqs, SAPA_MOMENTS_MAX, &count), SAPA_OK);
    return count;
}

static void expect_contacts(uint64_t who, uint64_t before, const uint64_t *wanted, size_t count)
{
    struct sapa_past_contact past[SAPA_HISTORY_MAX];
    size_t found = 99;

    assert_int_equal(sapa_person_contacts(desk.store, who, before, past, SAPA_HISTORY_MAX, &found), SAPA_OK);
    assert_int_equal(found, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(past[i].contact, wanted[i]);
}
#define CONTACTS(who, before, ...)                                                                   \
    do {                                                                                             \
        const uint64_t wanted_[] = { __VA_ARGS__ };                                                  \
        expect_contacts(who, before, wanted_, sizeof(wanted_) / sizeof(wanted_[0]));                 \
    } while (0)

static const uint64_t high = UINT64_C(1000) << 54 | 7; /* ids of the API's node have the highest bit */

static void rows_follow_the_log(void **state)
{
    uint64_t seqs[SAPA_MOMENTS_MAX], merge;
    struct sapa_past_contact past[2];
    size_t count;

    (void)state;
    desk_start(&desk, open_store(), NULL);
    assert_int_equal(sapa_store_client(desk.store, "toko", "Toko", &shop), SAPA_OK);
    const uint64_t ani = person("+62811", 10), adi = person("+62812", 10);
    contact(101, ani, 20);
    contact(high, adi, 30);
    contact(103, ani, 40);
    contact(104, 0, 50); /* nobody's */
    CONTACTS(ani, UINT64_MAX, 103, 101);
    CONTACTS(adi, UINT64_MAX, high);
    assert_int_equal(sapa_person_contacts(desk.store, ani, UINT64_MAX, past, 1, &count), SAPA_OK);
    assert_int_equal(count, 1);
    CONTACTS(ani, past[0].seq, 101); /* before that one */

    assert_int_equal(moments(high, SAPA_MOMENT_BEGIN, seqs), 2);
    assert_int_equal(seqs[1], seqs[0] + 1);
    assert_int_equal(moments(high, SAPA_MOMENT_FLOW, seqs), 1);
    assert_int_equal(moments(high, SAPA_MOMENT_WORK, seqs), 2);
    assert_int_equal(moments(high, SAPA_MOMENT_NOTE, seqs), 0);
    assert_int_equal(moments(4711, SAPA_MOMENT_BEGIN, seqs), 0);
    for (unsigned i = 1; i <= 5; i++) /* of many the last ones count */
        PUT(contact_noted, 60, .contact = 101, .person = ani, .version = i, .parts = 1);
    desk_wait(&desk);
    assert_int_equal(sapa_contact_moments(desk.store, 101, SAPA_MOMENT_NOTE, seqs, 2, &count), SAPA_OK);
    assert_int_equal(count, 2);
    assert_int_equal(seqs[1], desk.seq);
    assert_int_equal(seqs[0], desk.seq - 1);

    /* two who are one have one history, until it is taken back */
    assert_int_equal(sapa_person_merge(desk.store, adi, ani, "test", &merge), SAPA_OK);
    CONTACTS(ani, UINT64_MAX, 103, high, 101);
    CONTACTS(adi, UINT64_MAX, 103, high, 101);
    assert_int_equal(sapa_person_unmerge(desk.store, merge, "test"), SAPA_OK);
    CONTACTS(ani, UINT64_MAX, 103, 101);

    /* an erased one has none */
    assert_int_equal(sapa_person_erase(desk.store, ani, "test"), SAPA_OK);
    assert_int_equal(sapa_person_contacts(desk.store, ani, UINT64_MAX, past, 2, &count), SAPA_ENOENT);
    CONTACTS(adi, UINT64_MAX, high);
    (void)desk_stop(&desk);
    sapa_store_close(desk.store);
}

static void sql(const char *text)
{
    char path[128];
    sqlite3 *db;

    snprintf(path, sizeof(path), "%s/sapa.db", test_folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static int rows(const char *query)
{
    char path[128];
    sqlite3 *db;
    sqlite3_stmt *st;

    snprintf(path, sizeof(path), "%s/sapa.db", test_folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, query, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    const int count = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return count;
}

static int said(uint64_t who)
{
    uint8_t type = 77;

    assert_int_equal(sapa_person_party_type(desk.store, who, &type), SAPA_OK);
    return type;
}

static int said_of_contact(uint64_t id)
{
    uint8_t type = 77;

    assert_int_equal(sapa_contact_party_type_said(desk.store, id, &type), SAPA_OK);
    return type;
}

/* Customer or prospect: the last word counts, for the person and for the contact on whose card it stands. */
static void what_was_said_of_somebody_is_kept(void **state)
{
    enum { NOTHING, CUSTOMER, PROSPECT };
    struct sapa_person_found found;
    uint64_t merge;
    uint8_t type;

    (void)state;
    desk_start(&desk, open_store(), NULL);
    assert_int_equal(sapa_store_client(desk.store, "toko", "Toko", &shop), SAPA_OK);
    const uint64_t ani = person("+62811", 10), adi = person("+62812", 10);
    contact(101, ani, 20);
    contact(102, ani, 30);
    contact(103, adi, 40);
    desk_wait(&desk);
    assert_int_equal(said(ani), NOTHING);
    PUT(contact_party, 50, .contact = 101, .person = ani, .party_type = SAPA_PARTY_TYPE_PROSPECT + 1);
    PUT(contact_party, 51, .contact = 103, .person = adi, .party_type = SAPA_PARTY_TYPE_INTERNAL + 1); /* that is nobody's */
    PUT(contact_party, 52, .contact = 104, .person = 0, .party_type = SAPA_PARTY_TYPE_PROSPECT + 1);   /* a withheld number */
    desk_wait(&desk);
    assert_int_equal(said(ani), PROSPECT);
    assert_int_equal(said(adi), NOTHING);
    assert_int_equal(said_of_contact(101), PROSPECT);
    assert_int_equal(said_of_contact(102), NOTHING);
    assert_int_equal(said_of_contact(104), PROSPECT);
    PUT(contact_party, 60, .contact = 102, .person = ani, .party_type = SAPA_PARTY_TYPE_CUSTOMER + 1);
    desk_wait(&desk);
    assert_int_equal(said(ani), CUSTOMER);
    assert_int_equal(said_of_contact(101), PROSPECT); /* it was one then */
    assert_int_equal(said_of_contact(102), CUSTOMER);
    /* who looks the number up is told */
    assert_int_equal(sapa_person_reserve(desk.store, shop, SAPA_IDENTITY_PHONE, SAPA_STR("+62811"), &found), SAPA_OK);
    assert_int_equal(found.party_type, CUSTOMER);
    assert_int_equal(sapa_person_reserve(desk.store, shop, SAPA_IDENTITY_PHONE, SAPA_STR("+62812"), &found), SAPA_OK);
    assert_int_equal(found.party_type, NOTHING);
    assert_int_equal(sapa_person_reserve(desk.store, shop, SAPA_IDENTITY_PHONE, SAPA_STR("+62813"), &found), SAPA_OK);
    assert_int_equal(found.party_type, NOTHING);
    /* two who are one: the last word of both, until it is taken back */
    assert_int_equal(sapa_person_merge(desk.store, adi, ani, "test", &merge), SAPA_OK);
    assert_int_equal(said(adi), CUSTOMER);
    PUT(contact_party, 70, .contact = 103, .person = adi, .party_type = SAPA_PARTY_TYPE_PROSPECT + 1);
    desk_wait(&desk);
    assert_int_equal(said(ani), PROSPECT);
    assert_int_equal(sapa_person_unmerge(desk.store, merge, "test"), SAPA_OK);
    assert_int_equal(said(ani), CUSTOMER);
    assert_int_equal(said(adi), PROSPECT);
    /* made anew from the log it is the same */
    (void)desk_stop(&desk);
    sapa_store_close(desk.store);
    sql("DELETE FROM contact_moment; DELETE FROM person_contact; DELETE FROM centre_start; DELETE FROM setting WHERE key = 'index.history'");
    desk_start(&desk, open_store(), NULL);
    assert_int_equal(said(ani), CUSTOMER);
    assert_int_equal(said(adi), PROSPECT);
    assert_int_equal(said_of_contact(101), PROSPECT);
    assert_int_equal(sapa_person_erase(desk.store, ani, "test"), SAPA_OK);
    assert_int_equal(sapa_person_party_type(desk.store, ani, &type), SAPA_ENOENT);
    (void)desk_stop(&desk);
    sapa_store_close(desk.store);
}

static void they_are_made_anew_from_the_log(void **state)
{
    uint64_t seqs[SAPA_MOMENTS_MAX], before, commits;

    (void)state;
    desk_start(&desk, open_store(), NULL);
    assert_int_equal(sapa_store_client(desk.store, "toko", "Toko", &shop), SAPA_OK);
    const uint64_t ani = person("+62811", 10), adi = person("+62812", 10);
    PUT(centre_started, 15);
    for (uint64_t i = 0; i < 600; i++) /* more than one batch */
        contact(1000 + i, i % 2 ? ani : adi, 20 + (int64_t)i);
    assert_int_equal(sapa_person_erase(desk.store, adi, "test"), SAPA_OK);
    (void)desk_stop(&desk);
    sapa_store_close(desk.store);
    const int moment_rows = rows("SELECT count(*) FROM contact_moment");
    assert_int_equal(moment_rows, 600 * 5);

    /* a log from before there were such tables: the erased stay forgotten */
    sql("DELETE FROM contact_moment; DELETE FROM person_contact; DELETE FROM centre_start; DELETE FROM setting WHERE key = 'index.history'");
    desk_start(&desk, open_store(), NULL);
    assert_int_equal(rows("SELECT count(*) FROM contact_moment"), moment_rows);
    assert_int_equal(rows("SELECT count(*) FROM person_contact"), 300);
    assert_int_equal(rows("SELECT count(*) FROM centre_start"), 1);
    assert_int_equal(moments(1599, SAPA_MOMENT_WORK, seqs), 2);
    before = seqs[0];
    (void)desk_stop(&desk);

    /* what is moved out of the log is not pointed to any more */
    assert_int_equal(sapa_log_quarantine(desk.store, before, "test", &commits), SAPA_OK);
    assert_true(commits > 0);
    assert_int_equal(moments(1599, SAPA_MOMENT_WORK, seqs), 0);
    sapa_store_close(desk.store);
}

static void a_reader_goes_where_it_is_sent(void **state)
{
    struct sapa_log_reader *reader;
    struct sapa_record record;

    (void)state;
    desk_start(&desk, open_store(), NULL);
    desk_fill(&desk, 50, 50, 100); /* one commit */
    desk_fill(&desk, 50, 1, 200);
    assert_int_equal(sapa_log_reader_open(desk.store, 1, &reader), SAPA_OK);
    static const uint64_t places[] = { 7, 8, 20, 3, 50, 51, 99, 52, 100, 1 };
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        sapa_log_reader_seek(reader, places[i]);
        assert_int_equal(sapa_log_reader_next(reader, &record), SAPA_OK);
        assert_int_equal(record.seq, places[i]);
    }
    assert_int_equal(sapa_log_reader_next(reader, &record), SAPA_OK);
    assert_int_equal(record.seq, 2);
    sapa_log_reader_seek(reader, 101);
    assert_int_equal(sapa_log_reader_next(reader, &record), SAPA_ENOENT);
    sapa_log_reader_seek(reader, 0);
    assert_int_equal(sapa_log_reader_next(reader, &record), SAPA_OK);
    assert_int_equal(record.seq, 1);
    sapa_log_reader_close(reader);
    (void)desk_stop(&desk);
    sapa_store_close(desk.store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_follow_the_log, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(they_are_made_anew_from_the_log, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_was_said_of_somebody_is_kept, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_reader_goes_where_it_is_sent, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
