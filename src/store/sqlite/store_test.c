#include "store/sqlite/fault.h"
#include "store/sqlite/test_util.h"

#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#include "rt/file.h"
#include "store/sqlite/sqlite_impl.h"

static void first_start_makes_a_store(void **state)
{
    char path[128], id[33];
    unsigned mode;

    (void)state;
    struct sapa_store *store = open_store();
    assert_int_equal(strlen(sapa_store_id(store)), 32);
    (void)sapa_str_copy(sapa_str_of(sapa_store_id(store)), id, sizeof(id));
    assert_int_equal(sapa_store_tail(store).seq, 0);
    sapa_store_close(store);
    snprintf(path, sizeof(path), "%s/master.key", test_folder);
    assert_int_equal(sapa_file_mode(path, &mode), SAPA_OK);
    assert_int_equal(mode, 0600);
    snprintf(path, sizeof(path), "%s/sapa.db", test_folder);
    assert_int_equal(sapa_file_mode(path, &mode), SAPA_OK);
    assert_int_equal(mode, 0600);
    store = open_store();
    assert_string_equal(sapa_store_id(store), id);
    sapa_store_close(store);
}

static void master_key_is_guarded(void **state)
{
    char path[128], other[128], text[512];
    static const char foreign[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

    (void)state;
    sapa_store_close(open_store());
    snprintf(path, sizeof(path), "%s/master.key", test_folder);
    snprintf(other, sizeof(other), "%s/away", test_folder);
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(open_refused(text, sizeof(text)), SAPA_ECORRUPT);
    assert_non_null(strstr(text, "is missing"));
    assert_false(sapa_file_exists(path)); /* none is made up */
    assert_int_equal(sapa_file_write(path, foreign, 65, 0600), SAPA_OK);
    assert_int_equal(open_refused(text, sizeof(text)), SAPA_ECORRUPT);
    assert_non_null(strstr(text, "not the key of this store"));
    assert_int_equal(sapa_file_write(path, "xyz\n", 4, 0600), SAPA_OK);
    assert_int_equal(open_refused(text, sizeof(text)), SAPA_ECORRUPT);
    assert_non_null(strstr(text, "64 hex digits"));
    assert_int_equal(rename(other, path), 0);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(open_refused(text, sizeof(text)), SAPA_EDENIED);
    assert_non_null(strstr(text, "chmod 600"));
    assert_int_equal(chmod(path, 0600), 0);
    sapa_store_close(open_store());
}

/* Several settings at once, on a disk that fails at each of its writes in turn: all of them are there afterwards, or none. */
static void settings_at_once(void **state)
{
    enum { COUNT = 12, SIZE = 3000 };
    static char values[2][SIZE + 1], keys[COUNT][8], value[SIZE + 1];
    struct sapa_setting of[COUNT], bad[] = { { "good", "1" }, { "store_id", "2" } };
    const struct sapa_store_opts opts = { .folder = test_folder, .build = "test", .vfs = sapa_fault_register() };
    struct sapa_store *store;
    bool came = false;

    (void)state;
    memset(values[0], 'a', SIZE);
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(keys[i], sizeof(keys[i]), "k%zu", i);
        of[i] = (struct sapa_setting){ keys[i], values[0] };
    }
    sapa_fault_clear();
    assert_int_equal(sapa_store_open_sqlite(&opts, NULL, &store), SAPA_OK);
    assert_int_equal(sapa_store_set_all(store, of, COUNT), SAPA_OK);
    assert_int_equal(sapa_store_set_all(store, bad, 2), SAPA_EDENIED);
    assert_int_equal(sapa_store_setting(store, "good", value, sizeof(value)), SAPA_ENOENT);
    sapa_store_close(store);
    memset(values[1], 'b', SIZE);
    for (long writes = 0; writes < 200 && !came; writes++) {
        assert_int_equal(sapa_store_open_sqlite(&opts, NULL, &store), SAPA_OK);
        for (size_t i = 0; i < COUNT; i++)
            of[i].value = i % 3 == 0 ? NULL : values[1];
        atomic_store(&sapa_fault_plan()->writes_left, writes);
        came = sapa_store_set_all(store, of, COUNT) == SAPA_OK;
        sapa_fault_clear();
        sapa_store_close(store);
        assert_int_equal(sapa_store_open_sqlite(&opts, NULL, &store), SAPA_OK);
        for (size_t i = 0; i < COUNT; i++) {
            const sapa_rc rc = sapa_store_setting(store, keys[i], value, sizeof(value));
            assert_int_equal(rc, came && i % 3 == 0 ? SAPA_ENOENT : SAPA_OK);
            if (rc == SAPA_OK)
                assert_int_equal(value[SIZE - 1], came ? 'b' : 'a');
        }
        sapa_store_close(store);
        assert_true(came || writes < 199);
    }
    assert_true(came);
}

static void settings_documents_and_clients(void **state)
{
    char value[64], hash[SAPA_HASH_TEXT_SIZE], again[SAPA_HASH_TEXT_SIZE];
    uint8_t *text;
    size_t size;
    uint64_t toko, bank, same;

    (void)state;
    struct sapa_store *store = open_store();
    assert_int_equal(sapa_store_setting(store, "a", value, sizeof(value)), SAPA_ENOENT);
    assert_int_equal(sapa_store_set(store, "a", "one"), SAPA_OK);
    assert_int_equal(sapa_store_set(store, "a", "two"), SAPA_OK);
    assert_int_equal(sapa_store_setting(store, "a", value, sizeof(value)), SAPA_OK);
    assert_string_equal(value, "two");
    assert_int_equal(sapa_store_setting(store, "a", value, 3), SAPA_ELIMIT);
    assert_int_equal(sapa_store_unset(store, "a"), SAPA_OK);
    assert_int_equal(sapa_store_unset(store, "a"), SAPA_OK);
    assert_int_equal(sapa_store_setting(store, "a", value, sizeof(value)), SAPA_ENOENT);
    assert_int_equal(sapa_store_unset(store, "store_id"), SAPA_EDENIED);
    assert_int_equal(sapa_store_set(store, "", "x"), SAPA_EINVAL);
    assert_int_equal(sapa_store_set(store, "store_id", "x"), SAPA_EDENIED);

    assert_int_equal(sapa_store_document_put(store, "centre: 1\n", 10, hash), SAPA_OK);
    assert_int_equal(sapa_store_document_put(store, "centre: 1\n", 10, again), SAPA_OK);
    assert_string_equal(hash, again);
    assert_int_equal(sapa_store_document(store, hash, &text, &size), SAPA_OK);
    assert_string_equal((char *)text, "centre: 1\n");
    free(text);
    hash[0] = hash[0] == 'a' ? 'b' : 'a';
    assert_int_equal(sapa_store_document(store, hash, &text, &size), SAPA_ENOENT);

    assert_int_equal(sapa_store_client(store, "toko", "Toko", &toko), SAPA_OK);
    assert_int_equal(sapa_store_client(store, "bank", "Bank", &bank), SAPA_OK);
    assert_int_equal(sapa_store_client(store, "toko", "Toko Nusantara", &same), SAPA_OK);
    assert_true(toko == same && toko != bank && toko > 0);
    sapa_store_close(store);
    store = open_store();
    assert_int_equal(sapa_store_client(store, "bank", "Bank", &same), SAPA_OK);
    assert_true(same == bank);
    sapa_store_close(store);
}

static void read_only_changes_nothing(void **state)
{
    uint64_t epoch;
    char text[512];
    struct sapa_store *none = NULL;
    struct sapa_text problem;
    const struct sapa_store_opts opts = { .folder = test_folder, .read_only = true };

    (void)state;
    sapa_text_init(&problem, text, sizeof(text));
    assert_int_equal(sapa_store_open_sqlite(&opts, &problem, &none), SAPA_ENOENT);
    assert_non_null(strstr(text, "no sapa.db"));
    struct sapa_store *store = open_store();
    struct desk desk;
    desk_start(&desk, store, NULL);
    desk_fill(&desk, 3, 1, 1000);
    struct sapa_store *reader = open_store_with(NULL, true);
    assert_int_equal(sapa_store_tail(reader).seq, 3);
    desk_fill(&desk, 2, 1, 2000);
    assert_int_equal(sapa_store_tail(reader).seq, 5); /* sees what is written beside it */
    assert_int_equal(sapa_store_take_epoch(reader, "x", &epoch), SAPA_ESTATE);
    assert_int_equal(sapa_store_set(reader, "a", "b"), SAPA_ESTATE);
    sapa_store_close(reader);
    desk_stop(&desk);
    sapa_store_close(store);
}

/* --- snapshots --- */

static void put_snapshot(struct sapa_store *store, uint64_t seq, const char *blob)
{
    assert_int_equal(sapa_store_snapshot_put(store, "core", 3, seq, blob, strlen(blob)), SAPA_OK);
}

static void expect_snapshot(struct sapa_store *store, uint64_t seq_max, uint64_t seq, const char *blob)
{
    struct sapa_snapshot snapshot;

    assert_int_equal(sapa_store_snapshot(store, "core", 3, seq_max, &snapshot), SAPA_OK);
    assert_int_equal(snapshot.seq, seq);
    assert_string_equal(snapshot.build, "test");
    assert_int_equal(snapshot.size, strlen(blob));
    assert_memory_equal(snapshot.blob, blob, snapshot.size);
    free(snapshot.blob);
}

static void damage(const char *name, long at)
{
    char path[192];

    snprintf(path, sizeof(path), "%s/%s", test_folder, name);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    const int c = fgetc(file);
    assert_int_equal(fseek(file, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    fputc(c ^ 0x40, file);
    fclose(file);
}

static void snapshots_fall_back_to_older_ones(void **state)
{
    struct sapa_snapshot none;
    struct desk desk;

    (void)state;
    struct sapa_store *store = open_store();
    assert_int_equal(sapa_store_snapshot(store, "core", 3, UINT64_MAX, &none), SAPA_ENOENT);
    assert_int_equal(sapa_store_snapshot_put(store, "core", 3, 1, "x", 1), SAPA_ESTATE); /* ahead of the log */
    desk_start(&desk, store, NULL);
    desk_fill(&desk, 50, 10, 1000);
    put_snapshot(store, 10, "ten");
    put_snapshot(store, 20, "twenty");
    put_snapshot(store, 30, "thirty");
    put_snapshot(store, 40, "forty");
    expect_snapshot(store, UINT64_MAX, 40, "forty");
    expect_snapshot(store, 39, 30, "thirty");
    assert_int_equal(sapa_store_snapshot(store, "core", 3, 15, &none), SAPA_ENOENT); /* the fourth oldest is gone */
    assert_int_equal(sapa_store_snapshot(store, "core", 4, UINT64_MAX, &none), SAPA_ENOENT); /* another version */
    assert_int_equal(sapa_store_snapshot_put(store, "../x", 1, 1, "x", 1), SAPA_EINVAL);
    assert_int_equal(sapa_store_snapshots_damaged(store), 0);
    damage("snapshots/core.00000000000000000040.snap", -2);
    expect_snapshot(store, UINT64_MAX, 30, "thirty");
    damage("snapshots/core.00000000000000000030.snap", 12);
    expect_snapshot(store, UINT64_MAX, 20, "twenty");
    char path[192];
    snprintf(path, sizeof(path), "%s/snapshots/core.00000000000000000020.snap", test_folder);
    assert_int_equal(truncate(path, 40), 0);
    assert_int_equal(sapa_store_snapshot(store, "core", 3, UINT64_MAX, &none), SAPA_ENOENT);
    assert_int_equal(sapa_store_snapshots_damaged(store), 1 + 2 + 3);
    desk_stop(&desk);
    sapa_store_close(store);
}

/* --- migrations --- */

static void exec(sqlite3 *db, const char *sql)
{
    char *error = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
        print_message("%s\n", error);
    assert_null(error);
}

static sqlite3 *open_raw(void)
{
    sqlite3 *db;
    char path[128];

    snprintf(path, sizeof(path), "%s/sapa.db", test_folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

static void old_schema_is_brought_up_to_date(void **state)
{
    char nothing[256], value[64];
    struct sapa_text problem;
    uint64_t first, last, client;

    (void)state;
    sqlite3 *db = open_raw();
    sapa_text_init(&problem, nothing, sizeof(nothing));
    assert_int_equal(sapa_sqlite_migrate(db, 1, "old build", &problem), SAPA_OK);
    exec(db, "INSERT INTO setting VALUES('colour', 'green', 5); INSERT INTO client VALUES(7, 'toko', 'Toko', 5)");
    sqlite3_close(db);

    struct sapa_store *store = open_store();
    assert_int_equal(sapa_store_setting(store, "colour", value, sizeof(value)), SAPA_OK);
    assert_string_equal(value, "green");
    assert_int_equal(sapa_store_client(store, "toko", "Toko", &client), SAPA_OK);
    assert_int_equal(client, 7);
    assert_int_equal(sapa_store_contact_span(store, 1, &first, &last), SAPA_ENOENT); /* the new table answers */
    sapa_store_close(store);

    db = open_raw();
    int version;
    assert_int_equal(sapa_sqlite_version(db, &version), SAPA_OK);
    assert_int_equal(version, SCHEMA_VERSION);
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT group_concat(build) FROM schema_version", -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(st, 0), "old build,test,test,test");
    sqlite3_finalize(st);
    sqlite3_close(db);
}

static void newer_and_foreign_databases_are_refused(void **state)
{
    char text[512];

    (void)state;
    sqlite3 *db = open_raw();
    exec(db, "CREATE TABLE theirs(a)");
    sqlite3_close(db);
    assert_int_equal(open_refused(text, sizeof(text)), SAPA_ECORRUPT);
    assert_non_null(strstr(text, "another program"));
    db = open_raw();
    exec(db, "DROP TABLE theirs; PRAGMA user_version = 99");
    sqlite3_close(db);
    assert_int_equal(open_refused(text, sizeof(text)), SAPA_EVERSION);
    assert_non_null(strstr(text, "schema version 99"));
    assert_non_null(strstr(text, "newer build"));
    char path[128];
    snprintf(path, sizeof(path), "%s/sapa.db", test_folder);
    assert_int_equal(sapa_file_write(path, "this is not a database at all, not even a small one.....", 56, 0600), SAPA_OK);
    assert_int_equal(open_refused(text, sizeof(text)), SAPA_ECORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(first_start_makes_a_store, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(master_key_is_guarded, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(settings_at_once, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(settings_documents_and_clients, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(read_only_changes_nothing, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(snapshots_fall_back_to_older_ones, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(old_schema_is_brought_up_to_date, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(newer_and_foreign_databases_are_refused, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
