/* The parent's look at its children, in injected time. */
#include "app/heartbeat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { S = 1000000 };

static void test_silence(void **state)
{
    struct sapa_heartbeat h = { .beats = false };

    (void)state;
    for (int64_t at = 100; at < 400; at++) /* a start over a long log */
        assert_false(sapa_heartbeat_is_late(&h, at * S));
    sapa_heartbeat_take(&h, SAPA_HEARTBEAT_ALIVE, 400 * INT64_C(1000000));
    for (int64_t at = 400; at <= 405; at++)
        assert_false(sapa_heartbeat_is_late(&h, at * S));
    assert_true(sapa_heartbeat_is_late(&h, 406 * INT64_C(1000000)));
    sapa_heartbeat_take(&h, SAPA_HEARTBEAT_ALIVE, 406 * INT64_C(1000000));
    assert_false(sapa_heartbeat_is_late(&h, 407 * INT64_C(1000000)));
    sapa_heartbeat_take(&h, SAPA_HEARTBEAT_ENDS, 408 * INT64_C(1000000)); /* writes its snapshot, as long as it takes */
    for (int64_t at = 408; at < 500; at++)
        assert_false(sapa_heartbeat_is_late(&h, at * S));
}

/* The parent itself stood still: nobody is to blame before a whole limit more. */
static void test_everything_stood_still(void **state)
{
    struct sapa_heartbeat h = { .beats = false };

    (void)state;
    sapa_heartbeat_take(&h, SAPA_HEARTBEAT_ALIVE, 10 * S);
    assert_false(sapa_heartbeat_is_late(&h, 11 * S));
    assert_false(sapa_heartbeat_is_late(&h, 71 * S));
    for (int64_t at = 72; at <= 76; at++)
        assert_false(sapa_heartbeat_is_late(&h, at * S));
    assert_true(sapa_heartbeat_is_late(&h, 77 * S));
}

static void test_traced(void **state)
{
    (void)state;
    int go[2];
    char byte;
    assert_int_equal(pipe(go), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(go[1]);
        _exit(read(go[0], &byte, 1) >= 0 ? 0 : 1);
    }
    close(go[0]);
    assert_false(sapa_heartbeat_is_traced(child));
    if (ptrace(PTRACE_SEIZE, child, NULL, NULL) == 0) /* where the machine allows it */
        assert_true(sapa_heartbeat_is_traced(child));
    close(go[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_false(sapa_heartbeat_is_traced(child));
}

/* The mark says when somebody was there last. */
static void test_mark(void **state)
{
    char path[] = "/tmp/sapa-heartbeat-XXXXXX";
    const int fd = mkstemp(path);
    const struct timespec then[2] = { { 1000, 0 }, { 1000, 5000 } };
    int64_t at_us = 0;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(sapa_heartbeat_marked(path, &at_us), SAPA_ENOENT);
    sapa_heartbeat_mark(path); /* makes it */
    assert_int_equal(sapa_heartbeat_marked(path, &at_us), SAPA_OK);
    assert_int_equal(futimens(fd, then), 0); /* of the file that is gone: no matter */
    assert_int_equal(utimensat(AT_FDCWD, path, then, 0), 0);
    assert_int_equal(sapa_heartbeat_marked(path, &at_us), SAPA_OK);
    assert_int_equal(at_us, INT64_C(1000000005));
    sapa_heartbeat_mark(path); /* renews it */
    assert_int_equal(sapa_heartbeat_marked(path, &at_us), SAPA_OK);
    assert_true(at_us > INT64_C(1600000000000000));
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silence), cmocka_unit_test(test_everything_stood_still), cmocka_unit_test(test_traced),
        cmocka_unit_test(test_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
