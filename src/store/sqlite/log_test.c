#include "store/sqlite/test_util.h"

#include <sqlite3.h>
#include <string.h>

static void exec(const char *sql)
{
    sqlite3 *db;
    char path[128], *error = NULL;

    snprintf(path, sizeof(path), "%s/sapa.db", test_folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
        print_message("%s\n", error);
    assert_null(error);
    sqlite3_close(db);
}

/* Ten commits of five records; record n has time 1000 + n - 1. */
static void fill(void)
{
    struct sapa_store *store = open_store();
    struct desk desk;

    desk_start(&desk, store, NULL);
    for (int i = 0; i < 10; i++)
        desk_fill(&desk, 5, 5, 1000 + 5 * i);
    desk_stop(&desk);
    assert_int_equal(sapa_store_tail(store).seq, 50);
    assert_int_equal(sapa_store_tail(store).commit, 10);
    assert_int_equal(sapa_store_tail(store).at_us, 1049);
    sapa_store_close(store);
}

static struct sapa_log_report verify(void)
{
    struct sapa_store *store = open_store_with(NULL, true);
    struct sapa_log_report report;

    assert_int_equal(sapa_log_verify(store, &(struct sapa_log_verify_opts){ .open_personal = true }, &report), SAPA_OK);
    sapa_store_close(store);
    return report;
}

static void what_was_written_is_read(void **state)
{
    struct sapa_log_reader *reader;
    struct sapa_record record, expected;

    (void)state;
    fill();
    struct sapa_store *store = open_store();
    assert_int_equal(sapa_log_reader_open(store, 23, &reader), SAPA_OK);
    for (uint64_t seq = 23; seq <= 50; seq++) {
        expected = record_tick(seq, 999 + (int64_t)seq);
        expected.u.contact_answered.contact = 1000; /* the desk numbers after the record is made */
        expected.u.contact_answered.leg = 0;
        assert_int_equal(sapa_log_reader_next(reader, &record), SAPA_OK);
        assert_int_equal(record.seq, seq);
        assert_int_equal(record.at_us, 999 + (int64_t)seq);
        assert_true(sapa_record_equal(&record, &expected));
    }
    assert_int_equal(sapa_log_reader_next(reader, &record), SAPA_ENOENT);
    struct desk desk; /* a reader goes on where the log goes on */
    desk_start(&desk, store, NULL);
    desk_fill(&desk, 1, 1, 2000);
    assert_int_equal(sapa_log_reader_next(reader, &record), SAPA_OK);
    assert_int_equal(record.seq, 51);
    assert_int_equal(sapa_log_reader_next(reader, &record), SAPA_ENOENT);
    sapa_log_reader_close(reader);
    desk_stop(&desk);
    sapa_store_close(store);
    const struct sapa_log_report report = verify();
    assert_true(report.good);
    assert_int_equal(report.records, 51);
    assert_int_equal(report.commits, 11);
}

static void time_is_found(void **state)
{
    uint64_t seq;

    (void)state;
    fill();
    struct sapa_store *store = open_store_with(NULL, true);
    for (int64_t at_us = 990; at_us <= 1049; at_us++) {
        assert_int_equal(sapa_store_seek(store, at_us, &seq), SAPA_OK);
        const int64_t expected = at_us < 1000 ? 1 : (at_us - 1000) / 5 * 5 + 1; /* the commit that holds it */
        assert_int_equal(seq, expected);
    }
    assert_int_equal(sapa_store_seek(store, 1050, &seq), SAPA_ENOENT);
    sapa_store_close(store);
}

/* Every kind of damage, what verify says of it, and whether the store opens. */
static void damage_is_found_and_named(void **state)
{
    static const struct {
        const char *sql;
        uint64_t commit, seq;
        const char *says;
    } cases[] = {
        { "UPDATE journal SET frames = substr(frames, 1, 20) || x'ff' || substr(frames, 22) WHERE commit_id = 4", 4, 16,
          "do not match its hash" },
        { "UPDATE journal SET hash = zeroblob(32) WHERE commit_id = 10", 10, 46, "do not match its hash" },
        { "UPDATE journal SET prev_hash = zeroblob(32) WHERE commit_id = 7", 7, 31, "chain is broken" },
        { "DELETE FROM journal WHERE commit_id = 5", 6, 21, "records 21 to 25 are missing" },
        { "UPDATE journal SET wall_us = wall_us + 1 WHERE commit_id = 3", 3, 11, "do not match its hash" },
        { "UPDATE journal SET count = count + 1 WHERE commit_id = 3", 3, 11, "do not match its hash" },
        { "DELETE FROM journal WHERE commit_id = 1", 2, 1, "records 1 to 5 are missing" },
    };
    char text[512];

    for (size_t i = 0; i < SAPA_COUNT(cases); i++) {
        if (i > 0)
            assert_int_equal(make_folder(state), 0);
        fill();
        exec(cases[i].sql);
        /* a hole at the very beginning is nothing that the end of the chain can show */
        assert_int_equal(open_refused(text, sizeof(text)), cases[i].commit == 2 ? SAPA_OK : SAPA_ECORRUPT);
        if (cases[i].commit != 2)
            assert_non_null(strstr(text, "sapa verify"));
        const struct sapa_log_report report = verify();
        assert_false(report.good);
        assert_int_equal(report.bad_commit, cases[i].commit);
        assert_int_equal(report.bad_seq, cases[i].seq);
        if (!strstr(report.text, cases[i].says))
            print_message("%s\n", report.text);
        assert_non_null(strstr(report.text, cases[i].says));
        if (i + 1 < SAPA_COUNT(cases))
            assert_int_equal(remove_folder(state), 0);
    }
}

/* A commit forged with a good hash of its own, so that only what is inside can give it away. */
static void forged_records_are_found(void **state)
{
    (void)state;
    fill();
    struct sapa_store *store = open_store();
    struct desk desk;
    desk_start(&desk, store, NULL);
    desk_fill(&desk, 3, 3, 500); /* the clock of the caller stepped back: nothing below may hide it */
    desk_stop(&desk);
    sapa_store_close(store);
    const struct sapa_log_report report = verify();
    assert_false(report.good);
    assert_int_equal(report.bad_seq, 51);
    assert_non_null(strstr(report.text, "549 us before"));
}

static void quarantine_is_explicit_and_keeps_everything(void **state)
{
    char text[512];
    uint64_t commits = 0;
    struct sapa_store *store = NULL;
    const struct sapa_store_opts opts = { .folder = test_folder, .repair = true };

    (void)state;
    fill();
    exec("UPDATE journal SET hash = zeroblob(32) WHERE commit_id = 9");
    assert_int_equal(open_refused(text, sizeof(text)), SAPA_ECORRUPT);
    assert_non_null(strstr(text, "commit 9 "));
    assert_int_equal(sapa_store_open_sqlite(&opts, NULL, &store), SAPA_OK);
    assert_int_equal(sapa_log_quarantine(store, 41, "test", &commits), SAPA_OK);
    assert_int_equal(commits, 2);
    assert_int_equal(sapa_store_tail(store).seq, 40);
    sapa_store_close(store);
    store = open_store(); /* and goes on from there */
    struct desk desk;
    desk_start(&desk, store, NULL);
    desk_fill(&desk, 5, 5, 5000);
    desk_stop(&desk);
    sapa_store_close(store);
    const struct sapa_log_report report = verify();
    assert_true(report.good);
    assert_int_equal(report.records, 45);
    exec("CREATE TABLE t AS SELECT CASE WHEN count(*) = 2 AND sum(length(frames)) > 0 THEN 1 END AS n FROM "
         "journal_quarantine; CREATE TABLE strict_t(n NOT NULL); INSERT INTO strict_t SELECT n FROM t");
}

static void snapshot_ahead_of_the_log_is_noticed(void **state)
{
    char text[512];

    (void)state;
    fill();
    struct sapa_store *store = open_store();
    assert_int_equal(sapa_store_snapshot_put(store, "core", 1, 50, "x", 1), SAPA_OK);
    sapa_store_close(store);
    sapa_store_close(open_store());
    exec("DELETE FROM journal WHERE commit_id > 8"); /* an old backup put back, say */
    assert_int_equal(open_refused(text, sizeof(text)), SAPA_ECORRUPT);
    assert_non_null(strstr(text, "the end of the log is missing"));
}

static void starts_of_centres_are_found(void **state)
{
    struct sapa_store *store = open_store();
    struct desk desk;
    struct sapa_record record;
    uint64_t seq;

    (void)state;
    desk_start(&desk, store, NULL);
    desk_fill(&desk, 4, 1, 100);
    for (unsigned i = 0; i < 2; i++) {
        sapa_record_init(&record, SAPA_T_centre_started);
        record.at_us = 200 + i;
        desk_put(&desk, record); /* 5, 9 */
        desk_fill(&desk, 3, 1, 300);
    }
    assert_int_equal(sapa_store_centre_start(store, 4, &seq), SAPA_ENOENT);
    assert_int_equal(sapa_store_centre_start(store, 5, &seq), SAPA_OK);
    assert_int_equal(seq, 5);
    assert_int_equal(sapa_store_centre_start(store, 8, &seq), SAPA_OK);
    assert_int_equal(seq, 5);
    assert_int_equal(sapa_store_centre_start(store, UINT64_MAX, &seq), SAPA_OK);
    assert_int_equal(seq, 9);
    desk_stop(&desk);
    sapa_store_close(store);
}

static void contacts_have_their_span(void **state)
{
    struct sapa_store *store = open_store();
    struct desk desk;
    struct sapa_record record;
    uint64_t first, last;

    (void)state;
    desk_start(&desk, store, NULL);
    desk_fill(&desk, 4, 1, 100);
    sapa_record_init(&record, SAPA_T_contact_arrived);
    record.at_us = 200;
    record.u.contact_arrived.contact = 77;
    desk_put(&desk, record); /* 5 */
    sapa_record_init(&record, SAPA_T_contact_new);
    record.at_us = 200;
    record.u.contact_new.contact = 77;
    desk_put(&desk, record); /* 6 */
    desk_fill(&desk, 2, 1, 300);
    assert_int_equal(sapa_store_contact_span(store, 77, &first, &last), SAPA_OK);
    assert_int_equal(first, 5);
    assert_int_equal(last, 0);
    sapa_record_init(&record, SAPA_T_contact_ended);
    record.at_us = 400;
    record.u.contact_ended.contact = 77;
    desk_put(&desk, record); /* 9 */
    desk_fill(&desk, 1, 1, 500);
    sapa_record_init(&record, SAPA_T_wrapup_ended);
    record.at_us = 600;
    record.u.wrapup_ended.contact = 77;
    desk_put(&desk, record); /* 11 */
    desk_fill(&desk, 1, 1, 700);
    assert_int_equal(sapa_store_contact_span(store, 77, &first, &last), SAPA_OK);
    assert_int_equal(first, 5);
    assert_int_equal(last, 11);
    assert_int_equal(sapa_store_contact_span(store, 78, &first, &last), SAPA_ENOENT);
    desk_stop(&desk);
    sapa_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_is_read, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(time_is_found, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(damage_is_found_and_named, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(forged_records_are_found, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(quarantine_is_explicit_and_keeps_everything, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(snapshot_ahead_of_the_log_is_noticed, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(starts_of_centres_are_found, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(contacts_have_their_span, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
