/* A description from a file: secrets are invented once and kept, mistakes are printed with their line. */
#include "app/centre_file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "app/test_impl.h"

struct fixture {
    char folder[64], centre[100], secrets[100], said[100];
    int err; /* the real standard error while it is caught */
    char text[65536];
};

static void put(const char *path, const char *text)
{
    assert_int_equal(sapa_file_write(path, text, strlen(text), 0600), SAPA_OK);
}

/* Not inlined: gcc 12 then takes what the pointer points to for the pointer itself (-Wdangling-pointer). */
__attribute__((noinline)) static char *get(const char *path)
{
    uint8_t *text = NULL;
    size_t size;

    assert_int_equal(sapa_file_read(path, 1 << 20, &text, &size), SAPA_OK);
    return (char *)text;
}

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    test_folder(f->folder);
    snprintf(f->centre, sizeof(f->centre), "%s/centre.yaml", f->folder);
    snprintf(f->secrets, sizeof(f->secrets), "%s/secrets", f->folder);
    snprintf(f->said, sizeof(f->said), "%s/said", f->folder);
    put(f->centre, TEST_CENTRE);
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;

    test_folder_remove(f->folder);
    free(f);
    return 0;
}

static void catch(struct fixture *f)
{
    fflush(stderr);
    f->err = dup(2);
    const int fd = open(f->said, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_true(fd >= 0);
    dup2(fd, 2);
    close(fd);
}

static const char *caught(struct fixture *f)
{
    fflush(stderr);
    dup2(f->err, 2);
    close(f->err);
    char *text = get(f->said);
    snprintf(f->text, sizeof(f->text), "%s", text);
    free(text);
    return f->text;
}

static sapa_rc read_it(struct fixture *f, bool make, struct sapa_centre **ret, char **ret_text)
{
    const struct sapa_centre_file file = { .path = f->centre, .secrets_path = f->secrets, .make_secrets = make };

    return sapa_centre_file_read(&file, ret, ret_text);
}

static void test_secrets_are_invented_once(void **state)
{
    struct fixture *f = *state;
    struct sapa_centre *first, *second;
    char *text;
    unsigned mode;

    assert_int_equal(read_it(f, true, &first, &text), SAPA_OK);
    assert_string_equal(text, TEST_CENTRE);
    free(text);
    assert_int_equal(first->agents_count, 2);
    assert_int_equal(first->agents[0].password.n, 24);
    assert_false(sapa_str_eq(first->agents[0].password, first->agents[1].password));
    assert_int_equal(sapa_file_mode(f->secrets, &mode), SAPA_OK);
    assert_int_equal(mode, 0600);
    char *kept = get(f->secrets);
    assert_int_equal(read_it(f, true, &second, NULL), SAPA_OK);
    for (uint32_t i = 0; i < 2; i++)
        assert_true(sapa_str_eq(first->agents[i].password, second->agents[i].password));
    assert_string_equal(first->hash, second->hash); /* the hash is of the text alone */
    char *again = get(f->secrets);
    assert_string_equal(kept, again);
    free(kept), free(again);
    sapa_centre_free(first);
    sapa_centre_free(second);
}

/* What stands in the file already stays as it is: values, comments, and a last line without an end. */
static void test_known_secrets_are_kept(void **state)
{
    struct fixture *f = *state;
    struct sapa_centre *centre;

    put(f->secrets, "# ours\nagent-102 = from the owner");
    assert_int_equal(chmod(f->secrets, 0644), 0);
    assert_int_equal(read_it(f, true, &centre, NULL), SAPA_OK);
    assert_true(sapa_str_eq(centre->agents[1].password, SAPA_STR("from the owner")));
    assert_int_equal(centre->agents[0].password.n, 24);
    char *text = get(f->secrets);
    assert_ptr_equal(strstr(text, "# ours\nagent-102 = from the owner\nagent-101 = "), text);
    free(text);
    sapa_centre_free(centre);
    unsigned mode;
    assert_int_equal(sapa_file_mode(f->secrets, &mode), SAPA_OK);
    assert_int_equal(mode, 0600); /* rewritten, and nobody else's to read any more */
    assert_int_equal(read_it(f, false, &centre, NULL), SAPA_OK);
    assert_true(sapa_str_eq(centre->agents[1].password, SAPA_STR("from the owner")));
    sapa_centre_free(centre);
}

/* Lists in files stand beside the description that is served; what comes out of the log needs none. */
static void test_files_beside(void **state)
{
    struct fixture *f = *state;
    struct sapa_centre *centre;
    char list[120], other[120];
    static const char text[] = TEST_CENTRE "do_not_contact: { semua: { file: dnc.txt } }\n";

    snprintf(list, sizeof(list), "%s/dnc.txt", f->folder);
    snprintf(other, sizeof(other), "%s/other.yaml", f->folder);
    put(f->centre, text);
    put(list, "6281200000001\n");
    assert_int_equal(read_it(f, true, &centre, NULL), SAPA_OK);
    assert_int_equal(centre->listed_numbers_count, 1);
    assert_int_equal(centre->listed_numbers[0].number, 6281200000001);
    sapa_centre_free(centre);
    assert_int_equal(sapa_centre_text_compile(sapa_str_of(text), "old", &centre), SAPA_OK);
    assert_int_equal(centre->listed_numbers_count, 0);
    sapa_centre_free(centre);

    /* a key that an earlier build had: the log goes on, the file is refused */
    static const char older[] = TEST_CENTRE "toll_free: yes\n";
    assert_int_equal(sapa_centre_text_compile(sapa_str_of(older), "old", &centre), SAPA_OK);
    sapa_centre_free(centre);
    put(f->centre, older);
    catch(f);
    assert_int_equal(read_it(f, true, &centre, NULL), SAPA_EINVAL);
    assert_non_null(strstr(caught(f), "unknown key \"toll_free\""));
    put(f->centre, text);

    struct sapa_centre_file file = { .path = f->centre, .secrets_path = f->secrets, .beside = "/nowhere/centre.yaml" };
    catch(f);
    assert_int_equal(sapa_centre_file_read(&file, &centre, NULL), SAPA_EINVAL);
    assert_non_null(strstr(caught(f), "do_not_contact.semua.file: \"dnc.txt\" cannot be read"));
    file.path = other;
    file.beside = f->centre;
    put(other, text);
    assert_int_equal(sapa_centre_file_read(&file, &centre, NULL), SAPA_OK);
    assert_int_equal(centre->listed_numbers_count, 1);
    sapa_centre_free(centre);
}

static void test_one_secret_named_twice_is_one(void **state)
{
    struct fixture *f = *state;
    struct sapa_centre *centre;
    char text[] = TEST_CENTRE;

    memcpy(strstr(text, "agent-102"), "agent-101", 9);
    put(f->centre, text);
    assert_int_equal(read_it(f, true, &centre, NULL), SAPA_OK);
    assert_true(sapa_str_eq(centre->agents[0].password, centre->agents[1].password));
    char *kept = get(f->secrets);
    const char *first = strstr(kept, "agent-101");
    assert_non_null(first);
    assert_null(strstr(first + 1, "agent-101"));
    free(kept);
    sapa_centre_free(centre);
}

static void test_nothing_is_invented_without_being_asked(void **state)
{
    struct fixture *f = *state;
    struct sapa_centre *centre = NULL;

    catch(f);
    const sapa_rc rc = read_it(f, false, &centre, NULL);
    const char *said = caught(f);
    assert_int_equal(rc, SAPA_EINVAL);
    assert_null(centre);
    assert_non_null(strstr(said, "agent-101"));
    assert_false(sapa_file_exists(f->secrets));
}

static void test_mistakes_are_printed(void **state)
{
    struct fixture *f = *state;
    struct sapa_centre *centre = NULL;
    char *text = NULL;

    put(f->centre, "version: 1\nclients: { toko: { name: Toko } }\nagents:\n  siti: { nama: Siti, extension: \"101\", "
                   "password: { secret: new } }\n");
    catch(f);
    const sapa_rc rc = read_it(f, true, &centre, &text);
    const char *said = caught(f);
    assert_int_equal(rc, SAPA_EINVAL);
    assert_null(centre);
    assert_null(text);
    assert_non_null(strstr(said, "centre.yaml:4:"));
    assert_non_null(strstr(said, "nama"));
    assert_false(sapa_file_exists(f->secrets)); /* a description with mistakes leaves nothing behind */
}

static void test_files_that_cannot_be_read(void **state)
{
    struct fixture *f = *state;
    struct sapa_centre *centre;

    assert_int_equal(sapa_file_remove(f->centre), SAPA_OK);
    catch(f);
    sapa_rc rc = read_it(f, true, &centre, NULL);
    const char *said = caught(f);
    assert_int_equal(rc, SAPA_ENOENT);
    assert_non_null(strstr(said, f->centre));

    assert_int_equal(mkdir(f->centre, 0700), 0);
    catch(f);
    rc = read_it(f, true, &centre, NULL);
    (void)caught(f);
    assert_int_not_equal(rc, SAPA_OK);
    assert_int_equal(rmdir(f->centre), 0);

    /* too long */
    char *large = malloc(SAPA_CENTRE_TEXT_MAX + 2);
    assert_non_null(large);
    memset(large, ' ', SAPA_CENTRE_TEXT_MAX + 1);
    large[SAPA_CENTRE_TEXT_MAX + 1] = '\0';
    put(f->centre, large);
    free(large);
    catch(f);
    rc = read_it(f, true, &centre, NULL);
    (void)caught(f);
    assert_int_equal(rc, SAPA_ELIMIT);

    /* secrets that cannot be read, or written */
    put(f->centre, TEST_CENTRE);
    assert_int_equal(mkdir(f->secrets, 0700), 0);
    catch(f);
    rc = read_it(f, true, &centre, NULL);
    said = caught(f);
    assert_int_not_equal(rc, SAPA_OK);
    assert_non_null(strstr(said, f->secrets));
    assert_int_equal(rmdir(f->secrets), 0);
    snprintf(f->secrets, sizeof(f->secrets), "%s/nowhere/secrets", f->folder);
    catch(f);
    rc = read_it(f, true, &centre, NULL);
    said = caught(f);
    assert_int_not_equal(rc, SAPA_OK);
    assert_non_null(strstr(said, "cannot write the secrets"));
}

/* An older version out of the log: the same text gives the same hash, and needs no secrets. */
static void test_text_in_memory(void **state)
{
    struct fixture *f = *state;
    struct sapa_centre *centre, *old;

    assert_int_equal(read_it(f, true, &centre, NULL), SAPA_OK);
    assert_int_equal(sapa_centre_text_compile(SAPA_STR(TEST_CENTRE), "old", &old), SAPA_OK);
    assert_string_equal(centre->hash, old->hash);
    assert_true(sapa_str_eq(old->agents[0].password, SAPA_STR("-")));
    sapa_centre_free(old);
    sapa_centre_free(centre);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_secrets_are_invented_once, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_known_secrets_are_kept, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_files_beside, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_one_secret_named_twice_is_one, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_nothing_is_invented_without_being_asked, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_mistakes_are_printed, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_files_that_cannot_be_read, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_text_in_memory, open_fixture, close_fixture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
