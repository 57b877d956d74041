#include "rt/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static char folder[64];
static char path[128];

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/sapa-file-test-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/one", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder); /* fails when a temporary file was left behind */
}

static void writes_and_reads_back(void **state)
{
    uint8_t *data, *big = malloc(100000);
    size_t size;
    unsigned mode;

    (void)state;
    assert_int_equal(sapa_file_read(path, 10, &data, &size), SAPA_ENOENT);
    assert_int_equal(sapa_file_write(path, "hello", 5, 0600), SAPA_OK);
    assert_int_equal(sapa_file_mode(path, &mode), SAPA_OK);
    assert_int_equal(mode, 0600);
    assert_int_equal(sapa_file_read(path, 5, &data, &size), SAPA_OK);
    assert_int_equal(size, 5);
    assert_string_equal((char *)data, "hello");
    free(data);
    assert_int_equal(sapa_file_read(path, 4, &data, &size), SAPA_ELIMIT);
    memset(big, 'x', 100000);
    assert_int_equal(sapa_file_write(path, big, 100000, 0644), SAPA_OK);
    assert_int_equal(sapa_file_read(path, 1 << 20, &data, &size), SAPA_OK);
    assert_int_equal(size, 100000);
    assert_memory_equal(data, big, size);
    free(data);
    assert_int_equal(sapa_file_write(path, "", 0, 0644), SAPA_OK);
    assert_int_equal(sapa_file_read(path, 0, &data, &size), SAPA_OK);
    assert_int_equal(size, 0);
    free(data);
    free(big);
}

static void create_does_not_replace(void **state)
{
    uint8_t *data;
    size_t size;

    (void)state;
    assert_int_equal(sapa_file_create(path, "first", 5, 0600), SAPA_OK);
    assert_int_equal(sapa_file_create(path, "second", 6, 0600), SAPA_EEXIST);
    assert_int_equal(sapa_file_read(path, 100, &data, &size), SAPA_OK);
    assert_string_equal((char *)data, "first");
    free(data);
    assert_int_equal(sapa_file_remove(path), SAPA_OK);
    assert_int_equal(sapa_file_remove(path), SAPA_OK);
    assert_false(sapa_file_exists(path));
}

/* /proc files say size 0 and have bytes all the same. */
static void reads_files_of_unknown_size(void **state)
{
    uint8_t *data;
    size_t size;

    (void)state;
    assert_int_equal(sapa_file_read("/proc/self/status", 1 << 20, &data, &size), SAPA_OK);
    assert_memory_equal(data, "Name:", 5);
    assert_true(size > 200);
    free(data);
    assert_int_equal(sapa_file_read("/proc/self/status", 10, &data, &size), SAPA_ELIMIT);
}

static void makes_folders(void **state)
{
    char deep[128];
    uint64_t bytes = 0;

    (void)state;
    snprintf(deep, sizeof(deep), "%s/a/b/c", folder);
    assert_int_equal(sapa_folder_make(deep, 0755), SAPA_OK);
    assert_int_equal(sapa_folder_make(deep, 0755), SAPA_OK);
    assert_true(sapa_file_exists(deep));
    assert_int_equal(sapa_folder_sync(deep), SAPA_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rmdir(deep), 0);
        *strrchr(deep, '/') = '\0';
    }
    assert_int_equal(sapa_file_write(path, "x", 1, 0644), SAPA_OK);
    assert_int_equal(sapa_folder_make(path, 0755), SAPA_EEXIST);
    assert_int_equal(sapa_folder_make("", 0755), SAPA_EINVAL);
    uint64_t all;
    assert_int_equal(sapa_disk_size(folder, &all), SAPA_OK);
    assert_int_equal(sapa_disk_free(folder, &bytes), SAPA_OK);
    assert_true(all > 0 && bytes <= all);
    assert_true(bytes > 0);
}

static void full_disk_is_said_so(void **state)
{
    (void)state;
    assert_int_equal(sapa_rc_of_errno(ENOSPC), SAPA_EFULL);
    FILE *full = fopen("/dev/full", "w");
    if (!full)
        skip();
    assert_int_equal(sapa_fd_write_all(fileno(full), "x", 1), SAPA_EFULL);
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_and_reads_back, setup, teardown),
        cmocka_unit_test_setup_teardown(create_does_not_replace, setup, teardown),
        cmocka_unit_test(reads_files_of_unknown_size),
        cmocka_unit_test_setup_teardown(makes_folders, setup, teardown),
        cmocka_unit_test(full_disk_is_said_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
