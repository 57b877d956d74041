#include "store/sqlite/test_util.h"

#include <string.h>

#include "rt/crypto.h"
#include "rt/file.h"

static struct sapa_person_found reserve(struct sapa_store *store, uint64_t client, const char *value)
{
    struct sapa_person_found found;

    assert_int_equal(sapa_person_reserve(store, client, SAPA_IDENTITY_PHONE, sapa_str_of(value), &found), SAPA_OK);
    return found;
}

static uint64_t find(struct sapa_store *store, uint64_t client, const char *value)
{
    uint64_t person;
    const sapa_rc rc = sapa_person_find(store, client, SAPA_IDENTITY_PHONE, sapa_str_of(value), &person);

    assert_true(rc == SAPA_OK || rc == SAPA_ENOENT);
    return rc == SAPA_OK ? person : 0;
}

/* Reserve, log and commit one person. */
static uint64_t meet(struct desk *desk, uint64_t client, const char *value)
{
    const struct sapa_person_found found = reserve(desk->store, client, value);

    assert_true(found.is_new);
    desk_put(desk, record_known(0, 1000 + (int64_t)desk->seq, &found, value));
    desk_wait(desk);
    return found.person;
}

static void normal_forms(void **state)
{
    static const struct {
        enum sapa_identity_kind kind;
        const char *in, *out;
    } cases[] = {
        { SAPA_IDENTITY_PHONE, " +62 (21) 555-01.23 ", "+62215550123" },
        { SAPA_IDENTITY_PHONE, "0062215550123", "+62215550123" },
        { SAPA_IDENTITY_PHONE, "0215550123", "0215550123" },
        { SAPA_IDENTITY_PHONE, "anonymous", "anonymous" },
        { SAPA_IDENTITY_PHONE, " - ", NULL },
        { SAPA_IDENTITY_MAIL, "Budi@Example.COM", "budi@example.com" },
        { SAPA_IDENTITY_HANDLE, "Budi-S", "Budi-S" },
        { SAPA_IDENTITY_HANDLE, "", NULL },
        { SAPA_IDENTITY_HANDLE, "\xff\xfe", NULL },
    };
    char buf[SAPA_IDENTITY_MAX + 1], long_text[200];
    struct sapa_str out;

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(cases); i++) {
        const sapa_rc rc = sapa_identity_normalise(cases[i].kind, sapa_str_of(cases[i].in), buf, sizeof(buf), &out);
        assert_int_equal(rc, cases[i].out ? SAPA_OK : SAPA_EINVAL);
        if (cases[i].out)
            assert_true(sapa_str_eq(out, sapa_str_of(cases[i].out)));
    }
    memset(long_text, 'x', sizeof(long_text));
    assert_int_equal(sapa_identity_normalise(SAPA_IDENTITY_HANDLE, (struct sapa_str){ long_text, 128 }, buf,
                                             sizeof(buf), &out), SAPA_EINVAL);
    assert_int_equal(sapa_identity_normalise(SAPA_IDENTITY_HANDLE, (struct sapa_str){ long_text, 127 }, buf,
                                             sizeof(buf), &out), SAPA_OK);
}

static void person_begins_with_its_commit(void **state)
{
    struct sapa_store *store = open_store();
    struct desk desk;

    (void)state;
    desk_start(&desk, store, NULL);
    assert_int_equal(find(store, 1, "+62215550123"), 0);
    const struct sapa_person_found a = reserve(store, 1, "+62215550123");
    const struct sapa_person_found again = reserve(store, 1, "+62 21 555 0123");
    const struct sapa_person_found other_client = reserve(store, 2, "+62215550123");
    assert_true(a.is_new && !again.is_new && other_client.is_new);
    assert_int_equal(a.person, again.person);
    assert_memory_equal(a.lookup, again.lookup, sizeof(a.lookup));
    assert_true(a.person != other_client.person);
    assert_memory_not_equal(a.lookup, other_client.lookup, sizeof(a.lookup));
    assert_int_equal(find(store, 1, "+62215550123"), a.person); /* held in memory */

    desk_put(&desk, record_known(0, 1000, &a, "+62215550123"));
    desk_put(&desk, record_of_person(0, 1001, a.person, "7")); /* sealed with a key made in the same commit */
    desk_wait(&desk);
    desk_stop(&desk);
    sapa_store_close(store);

    store = open_store(); /* the one that was logged exists, the other one never did */
    assert_int_equal(find(store, 1, "0062215550123"), a.person);
    assert_int_equal(find(store, 2, "+62215550123"), 0);
    struct sapa_log_reader *reader;
    struct sapa_record record;
    assert_int_equal(sapa_log_reader_open(store, 2, &reader), SAPA_OK);
    assert_int_equal(sapa_log_reader_next(reader, &record), SAPA_OK);
    assert_int_equal(record.flags & SAPA_RECORD_ERASED, 0);
    assert_true(sapa_str_eq(sapa_sized_str(&record.u.digit.digit), SAPA_STR("7")));
    sapa_log_reader_close(reader);
    assert_true(reserve(store, 1, "0815").person > a.person); /* ids are not given twice */
    sapa_store_close(store);
}

static bool file_has(const char *name, const char *needle, size_t n)
{
    char path[128];
    uint8_t *data;
    size_t size;
    bool has = false;

    snprintf(path, sizeof(path), "%s/%s", test_folder, name);
    if (sapa_file_read(path, 64 << 20, &data, &size) != SAPA_OK)
        return false;
    has = memmem(data, size, needle, n) != NULL;
    free(data);
    return has;
}

static void nothing_personal_stands_in_the_clear(void **state)
{
    struct sapa_store *store = open_store();
    struct desk desk;

    (void)state;
    desk_start(&desk, store, NULL);
    const uint64_t person = meet(&desk, 1, "+62215550123");
    desk_put(&desk, record_of_person(0, 2000, person, "#*0987"));
    desk_wait(&desk);
    assert_false(file_has("sapa.db-wal", "62215550123", 11));
    assert_false(file_has("sapa.db-wal", "#*0987", 6));
    assert_int_equal(sapa_store_checkpoint(store), SAPA_OK);
    assert_true(file_has("sapa.db", "journal", 7));
    assert_false(file_has("sapa.db", "62215550123", 11));
    assert_false(file_has("sapa.db", "#*0987", 6));
    /* somebody without a key: the text is dropped and counted, never written in the clear */
    desk_put(&desk, record_of_person(0, 2001, 424242, "SECRET"));
    desk_put(&desk, record_of_person(0, 2001, 0, "SECRET")); /* of nobody: the store's own key seals it */
    desk_wait(&desk);
    assert_int_equal(sapa_log_writer_status(desk.writer).erased_drops, 1);
    assert_false(file_has("sapa.db-wal", "SECRET", 6));
    struct sapa_log_reader *reader;
    struct sapa_record record;
    assert_int_equal(sapa_log_reader_open(store, desk.seq, &reader), SAPA_OK);
    assert_int_equal(sapa_log_reader_next(reader, &record), SAPA_OK);
    assert_true(sapa_str_eq(sapa_sized_str(&record.u.digit.digit), SAPA_STR("SECRET")));
    sapa_log_reader_close(reader);
    desk_stop(&desk);
    sapa_store_close(store);
}

struct heard {
    int count;
    char text[512];
};

static void hear(void *ctx, enum sapa_identity_kind kind, struct sapa_str value)
{
    struct heard *heard = ctx;

    assert_int_equal(kind, SAPA_IDENTITY_PHONE);
    heard->count++;
    snprintf(heard->text + strlen(heard->text), sizeof(heard->text) - strlen(heard->text), SAPA_STR_FMT " ",
             SAPA_STR_ARG(value));
}

static void merge_is_reversible_bit_by_bit(void **state)
{
    struct sapa_store *store = open_store();
    struct desk desk;
    uint64_t m1, m2, m3, now;

    (void)state;
    desk_start(&desk, store, NULL);
    const uint64_t a = meet(&desk, 1, "0811"), b = meet(&desk, 1, "0812"), c = meet(&desk, 1, "0813");
    const uint64_t foreign = meet(&desk, 2, "0811");
    uint8_t sealed[5 + SAPA_SEAL_EXTRA], plain[5];
    assert_int_equal(sapa_person_seal(store, a, SAPA_STR("note"), "hello", 5, sealed), SAPA_OK);

    assert_int_equal(sapa_person_merge(store, a, foreign, "op", &m1), SAPA_EINVAL);
    assert_int_equal(sapa_person_merge(store, a, a, "op", &m1), SAPA_EEXIST);
    assert_int_equal(sapa_person_merge(store, a, 999, "op", &m1), SAPA_ENOENT);
    assert_int_equal(sapa_person_merge(store, a, b, "op", &m1), SAPA_OK);
    assert_int_equal(sapa_person_merge(store, b, a, "op", &m2), SAPA_EEXIST); /* no rings */
    assert_int_equal(sapa_person_merge(store, b, c, "op", &m2), SAPA_OK);
    assert_int_equal(sapa_person_merge(store, c, a, "op", &m3), SAPA_EEXIST);
    assert_int_equal(find(store, 1, "0811"), c);
    assert_int_equal(find(store, 1, "0812"), c);
    assert_int_equal(sapa_person_resolve(store, a, &now), SAPA_OK);
    assert_int_equal(now, c);
    struct heard heard = { 0 };
    assert_int_equal(sapa_person_identities(store, a, hear, &heard), SAPA_OK);
    assert_int_equal(heard.count, 3);
    assert_non_null(strstr(heard.text, "0811 "));
    assert_non_null(strstr(heard.text, "0813 "));
    assert_int_equal(sapa_person_unseal(store, a, SAPA_STR("note"), sealed, sizeof(sealed), plain), SAPA_OK);

    assert_int_equal(sapa_person_unmerge(store, m1, "op"), SAPA_OK); /* not the last one first */
    assert_int_equal(sapa_person_unmerge(store, m1, "op"), SAPA_ESTATE);
    assert_int_equal(sapa_person_unmerge(store, 999, "op"), SAPA_ENOENT);
    assert_int_equal(find(store, 1, "0811"), a);
    assert_int_equal(find(store, 1, "0812"), c);
    assert_int_equal(sapa_person_unmerge(store, m2, "op"), SAPA_OK);
    assert_int_equal(find(store, 1, "0812"), b);
    heard = (struct heard){ 0 };
    assert_int_equal(sapa_person_identities(store, a, hear, &heard), SAPA_OK);
    assert_string_equal(heard.text, "0811 ");
    assert_int_equal(sapa_person_unseal(store, a, SAPA_STR("note"), sealed, sizeof(sealed), plain), SAPA_OK);
    assert_memory_equal(plain, "hello", 5);
    assert_int_equal(sapa_person_unseal(store, b, SAPA_STR("note"), sealed, sizeof(sealed), plain), SAPA_ECORRUPT);
    assert_int_equal(sapa_person_unseal(store, 0, SAPA_STR("note"), sealed, sizeof(sealed), plain), SAPA_ECORRUPT);
    assert_int_equal(sapa_person_seal(store, 0, SAPA_STR("note"), "nobod", 5, sealed), SAPA_OK);
    assert_int_equal(sapa_person_unseal(store, 0, SAPA_STR("note"), sealed, sizeof(sealed), plain), SAPA_OK);
    assert_memory_equal(plain, "nobod", 5);
    assert_int_equal(sapa_person_seal(store, a, SAPA_STR("note"), "hello", 5, sealed), SAPA_OK);
    assert_int_equal(sapa_person_merge(store, a, b, "op", &m1), SAPA_OK); /* and again */
    assert_int_equal(find(store, 1, "0811"), b);
    desk_stop(&desk);
    sapa_store_close(store);
}

static void erased_means_unreadable_and_still_verified(void **state)
{
    struct sapa_store *store = open_store();
    struct desk desk;
    uint64_t merge;
    uint8_t sealed[5 + SAPA_SEAL_EXTRA], plain[5];

    (void)state;
    desk_start(&desk, store, NULL);
    const uint64_t a = meet(&desk, 1, "0811"), b = meet(&desk, 1, "0812"), c = meet(&desk, 1, "0813");
    desk_put(&desk, record_of_person(0, 2000, a, "1"));
    desk_put(&desk, record_of_person(0, 2000, b, "2"));
    desk_put(&desk, record_of_person(0, 2000, c, "3"));
    desk_wait(&desk);
    assert_int_equal(sapa_person_seal(store, a, SAPA_STR("x"), "hello", 5, sealed), SAPA_OK);
    assert_int_equal(sapa_person_merge(store, a, b, "op", &merge), SAPA_OK);
    assert_int_equal(sapa_person_erase(store, 999, "op"), SAPA_ENOENT);
    assert_int_equal(sapa_person_erase(store, a, "op"), SAPA_OK); /* a is b: both go */
    assert_true(sapa_person_is_erased(store, a) && sapa_person_is_erased(store, b));
    assert_false(sapa_person_is_erased(store, c));
    assert_int_equal(find(store, 1, "0811"), 0);
    assert_int_equal(find(store, 1, "0812"), 0);
    assert_int_equal(find(store, 1, "0813"), c);
    assert_int_equal(sapa_person_unseal(store, a, SAPA_STR("x"), sealed, sizeof(sealed), plain), SAPA_ENOENT);
    assert_int_equal(sapa_person_seal(store, a, SAPA_STR("x"), "hello", 5, sealed), SAPA_ENOENT);
    assert_int_equal(sapa_person_merge(store, c, a, "op", &merge), SAPA_ESTATE);

    /* the writer had the key in its cache: what comes now is not sealed with it any more */
    desk_put(&desk, record_of_person(0, 2001, a, "9"));
    desk_wait(&desk);
    assert_int_equal(sapa_log_writer_status(desk.writer).erased_drops, 1);

    struct sapa_log_reader *reader;
    struct sapa_record record;
    const char *expected[] = { NULL, NULL, "3" };
    assert_int_equal(sapa_log_reader_open(store, 4, &reader), SAPA_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sapa_log_reader_next(reader, &record), SAPA_OK);
        assert_int_equal((record.flags & SAPA_RECORD_ERASED) != 0, expected[i] == NULL);
        assert_true(sapa_str_eq(sapa_sized_str(&record.u.digit.digit), sapa_str_of(expected[i])));
    }
    sapa_log_reader_close(reader);
    struct sapa_log_report report;
    assert_int_equal(sapa_log_verify(store, &(struct sapa_log_verify_opts){ .open_personal = true }, &report), SAPA_OK);
    assert_true(report.good);
    assert_int_equal(report.erased, 4); /* two known, two digits */

    /* the same number calls again: somebody new */
    const uint64_t again = meet(&desk, 1, "0811");
    assert_true(again > c);
    desk_stop(&desk);
    sapa_store_close(store);
}

static void identity_of_many(void **state)
{
    enum { MANY = 3000 };
    struct sapa_store *store = open_store();
    struct desk desk;
    uint64_t *persons = calloc(MANY, sizeof(*persons));
    char number[32];

    (void)state;
    desk_start(&desk, store, NULL);
    for (int i = 0; i < MANY; i++) { /* all reserved at once: the table grows and shrinks again */
        snprintf(number, sizeof(number), "+6281%07d", i);
        const struct sapa_person_found found = reserve(store, 1, number);
        persons[i] = found.person;
        desk_put(&desk, record_known(0, 5000, &found, number));
        if (i % 7 == 0)
            sapa_log_writer_flush(desk.writer);
    }
    for (int i = 0; i < MANY; i++) {
        snprintf(number, sizeof(number), "+6281%07d", i);
        assert_int_equal(find(store, 1, number), persons[i]);
        if (i == MANY / 2)
            desk_wait(&desk);
    }
    desk_stop(&desk);
    sapa_store_close(store);
    store = open_store();
    for (int i = 0; i < MANY; i++) {
        snprintf(number, sizeof(number), "+6281%07d", i);
        assert_int_equal(find(store, 1, number), persons[i]);
    }
    free(persons);
    sapa_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal_forms),
        cmocka_unit_test_setup_teardown(person_begins_with_its_commit, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(nothing_personal_stands_in_the_clear, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(merge_is_reversible_bit_by_bit, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(erased_means_unreadable_and_still_verified, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(identity_of_many, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
