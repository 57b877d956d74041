#include "rt/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "rt/socket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

struct watcher {
    struct sapa_loop *loop;
    int pid, status, calls;
};

static void on_exit_seen(void *ctx, int pid, int status)
{
    struct watcher *w = ctx;

    w->pid = pid;
    w->status = status;
    w->calls++;
    sapa_loop_stop(w->loop);
}

static struct sapa_process *spawn(struct watcher *w, const struct sapa_process_opts *opts)
{
    struct sapa_process *process;

    assert_int_equal(sapa_process_spawn(w->loop, opts, on_exit_seen, w, &process), SAPA_OK);
    return process;
}

static int setup(void **state)
{
    struct watcher *w = calloc(1, sizeof(*w));

    *state = w;
    return sapa_loop_new(NULL, &w->loop) == SAPA_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct watcher *w = *state;

    sapa_loop_free(w->loop);
    free(w);
    return 0;
}

static void exit_code_is_reaped(void **state)
{
    struct watcher *w = *state;
    char *argv[] = { "sh", "-c", "exit 7", NULL };
    struct sapa_process *p = spawn(w, &(struct sapa_process_opts){ .program = "sh", .argv = argv });

    sapa_loop_run(w->loop);
    assert_int_equal(w->status, 7);
    assert_int_equal(w->pid, sapa_process_pid(p));
    assert_int_equal(w->calls, 1);
    assert_false(sapa_process_is_running(p));
    assert_int_equal(sapa_process_kill(p, SIGTERM), SAPA_ENOENT);
    sapa_process_free(p);
}

static void killed_child_reports_the_signal(void **state)
{
    struct watcher *w = *state;
    char *argv[] = { "cat", NULL };
    int fds[2];

    assert_int_equal(pipe(fds), 0); /* it waits for what never comes */
    const struct sapa_process_fd map[] = { { fds[0], 0 } };
    struct sapa_process *p =
        spawn(w, &(struct sapa_process_opts){ .program = "cat", .argv = argv, .fds = map, .fd_count = 1 });
    assert_true(sapa_process_is_running(p));
    assert_int_equal(sapa_process_kill(p, SIGKILL), SAPA_OK);
    sapa_loop_run(w->loop);
    assert_int_equal(w->status, -SIGKILL);
    sapa_process_free(p);
    sapa_fd_close(fds[0]);
    sapa_fd_close(fds[1]);
}

static void missing_program_is_said_at_once(void **state)
{
    struct watcher *w = *state;
    char *argv[] = { "x", NULL };
    struct sapa_process *p;

    assert_int_equal(sapa_process_spawn(w->loop, &(struct sapa_process_opts){ .program = "/nonexistent/x", .argv = argv },
                                        on_exit_seen, w, &p), SAPA_ENOENT);
    assert_int_equal(sapa_process_spawn(w->loop, &(struct sapa_process_opts){ .program = "/etc/passwd", .argv = argv },
                                        on_exit_seen, w, &p), SAPA_EDENIED);
}

/* This program itself in the child's role: only the chosen descriptors may be open, at their numbers. */
static int child_main(void)
{
    int open_count = 0;

    for (int fd = 3; fd < 1024; fd++)
        open_count += fcntl(fd, F_GETFD) >= 0;
    const char sum = (char)('0' + open_count);
    return write(5, &sum, 1) == 1 && write(3, "B", 1) == 1 && getenv("SAPA_TEST_CHILD") ? 0 : 1;
}

/* The two descriptors are crossed on purpose: each one's source number may be the other's target. */
static void only_chosen_descriptors_are_inherited(void **state)
{
    struct watcher *w = *state;
    char *argv[] = { "process_test", "child", NULL };
    char *env[] = { "SAPA_TEST_CHILD=1", NULL };
    int a[2], b[2];
    char byte;

    assert_int_equal(pipe(a), 0);
    assert_int_equal(pipe(b), 0);
    const struct sapa_process_fd map[] = { { a[1], 5 }, { b[1], 3 } };
    struct sapa_process *p =
        spawn(w, &(struct sapa_process_opts){ .argv = argv, .env = env, .fds = map, .fd_count = 2 });
    sapa_loop_run(w->loop);
    assert_int_equal(w->status, 0);
    assert_int_equal(read(a[0], &byte, 1), 1);
    assert_int_equal(byte, '2');
    assert_int_equal(read(b[0], &byte, 1), 1);
    assert_int_equal(byte, 'B');
    for (int i = 0; i < 2; i++) {
        close(a[i]);
        close(b[i]);
    }
    sapa_process_free(p);
}

static void on_signal(void *ctx, int number)
{
    struct watcher *w = ctx;

    w->status = number;
    w->calls++;
    sapa_loop_stop(w->loop);
}

static void signals_come_through_the_loop(void **state)
{
    struct watcher *w = *state;
    const int numbers[] = { SIGUSR1, SIGUSR2, 0 };
    struct sapa_signals *signals;

    assert_int_equal(sapa_signals_start(w->loop, numbers, on_signal, w, &signals), SAPA_OK);
    kill(getpid(), SIGUSR2);
    sapa_loop_run(w->loop);
    assert_int_equal(w->status, SIGUSR2);
    assert_int_equal(w->calls, 1);
    sapa_signals_stop(signals);
}

static sapa_rc run_sh(const char *script, const char *input, size_t output_max, int64_t limit_ms,
                      struct sapa_run_result *result)
{
    char *argv[] = { "sh", "-c", (char *)(uintptr_t)script, NULL };
    const struct sapa_run_opts opts = { .program = "sh", .argv = argv, .input = input,
                                        .input_size = input ? strlen(input) : 0,
                                        .output_max = output_max, .limit_ms = limit_ms };

    *result = (struct sapa_run_result){ 0 };
    return sapa_process_run(&opts, result);
}

static void files_are_as_many_as_wanted(void **state)
{
    struct rlimit before, few, now;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 100;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_equal(sapa_process_files(50), 100);
    assert_int_equal(sapa_process_files(150), 150);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
    assert_int_equal(now.rlim_cur, 150);
    assert_int_equal(now.rlim_max, before.rlim_max);
    assert_int_equal(sapa_process_files(UINT64_MAX), before.rlim_max);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void run_collects_output(void **state)
{
    struct sapa_run_result r;

    (void)state;
    assert_int_equal(run_sh("cat; echo done; exit 3", "in,", 100, 20000, &r), SAPA_OK);
    assert_string_equal((char *)r.output, "in,done\n");
    assert_int_equal(r.status, 3);
    free(r.output);
    assert_int_equal(run_sh("true", NULL, 100, 20000, &r), SAPA_OK);
    assert_int_equal(r.output_size, 0);
    free(r.output);
    assert_int_equal(run_sh("kill -9 $$", NULL, 100, 20000, &r), SAPA_OK);
    assert_int_equal(r.status, -9);
    free(r.output);
    assert_int_equal(run_sh("head -c 70000 /dev/zero", NULL, 70000, 20000, &r), SAPA_OK);
    assert_int_equal(r.output_size, 70000);
    free(r.output);
}

static void run_holds_its_limits(void **state)
{
    struct sapa_run_result r;
    char *big = malloc(300001);

    (void)state;
    assert_int_equal(run_sh("yes", NULL, 1000, 20000, &r), SAPA_ELIMIT);
    const int64_t start_us = sapa_mono_us();
    assert_int_equal(run_sh("read x < /dev/zero; cat /dev/zero > /dev/null", NULL, 1000, 50, &r), SAPA_ETIMEOUT);
    assert_true(sapa_mono_us() - start_us < 10000000);
    /* a grandchild that keeps standard output open does not hold us up */
    assert_int_equal(run_sh("(read x < /dev/zero || cat /dev/zero > /dev/null) & echo hi", NULL, 1000, 20000, &r), SAPA_OK);
    assert_string_equal((char *)r.output, "hi\n");
    free(r.output);
    memset(big, 'a', 300000); /* more than a pipe holds, to a reader that goes away */
    big[300000] = '\0';
    assert_int_equal(run_sh("exit 0", big, 1000, 20000, &r), SAPA_OK);
    free(r.output);
    assert_int_equal(run_sh("wc -c", big, 1000, 20000, &r), SAPA_OK);
    assert_string_equal((char *)r.output, "300000\n");
    free(r.output);
    free(big);
    char *argv[] = { "x", NULL };
    assert_int_equal(sapa_process_run(&(struct sapa_run_opts){ .program = "/nonexistent", .argv = argv, .limit_ms = 1000,
                                                               .output_max = 1 }, &r), SAPA_ENOENT);
}

static void ended(void *ctx, int pid, int status)
{
    (void)ctx, (void)pid, (void)status;
}

/* What the system says of ourselves and of a child. */
static void facts_are_those_of_the_process(void **state)
{
    struct watcher *w = *state;
    char *const argv[] = { "sleeper", "60", NULL };
    const struct sapa_process_opts opts = { .program = "/bin/sleep", .argv = argv };
    struct sapa_process *child;
    struct sapa_process_facts own, other, later;
    int pids[8] = { 0 };

    assert_int_equal(sapa_process_look(getpid(), &own), SAPA_OK);
    assert_int_equal(own.pid, getpid());
    assert_true(own.memory_bytes > 100000 && own.threads >= 1 && own.descriptors >= 3 && own.descriptors < own.descriptors_max);
    assert_false(own.other_program);
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(sapa_process_look(getpid(), &later), SAPA_OK);
    assert_int_equal(later.descriptors, own.descriptors + 1);
    assert_in_range(later.started_us - own.started_us + 1000000, 0, 2000000); /* two readings of two clocks */
    assert_int_equal(close(fd), 0);
    assert_int_equal(sapa_process_spawn(w->loop, &opts, ended, NULL, &child), SAPA_OK);
    const size_t count = sapa_process_children(getpid(), pids, 8);
    bool found = false;
    for (size_t i = 0; i < count; i++)
        found |= pids[i] == sapa_process_pid(child);
    assert_true(found);
    assert_int_equal(sapa_process_look(sapa_process_pid(child), &other), SAPA_OK);
    assert_string_equal(other.name, "60");
    assert_true(other.other_program && other.started_us >= own.started_us - 1000000);
    assert_int_equal(sapa_process_kill(child, SIGKILL), SAPA_OK);
    sapa_process_free(child);
    assert_int_equal(sapa_process_look(0, &other), SAPA_ENOENT);
    assert_int_equal(sapa_process_look(INT32_MAX, &other), SAPA_ENOENT);
    assert_int_equal(sapa_process_children(0, pids, 8), 0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "child") == 0)
        return child_main();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(exit_code_is_reaped, setup, teardown),
        cmocka_unit_test_setup_teardown(killed_child_reports_the_signal, setup, teardown),
        cmocka_unit_test_setup_teardown(missing_program_is_said_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(only_chosen_descriptors_are_inherited, setup, teardown),
        cmocka_unit_test_setup_teardown(signals_come_through_the_loop, setup, teardown),
        cmocka_unit_test(files_are_as_many_as_wanted),
        cmocka_unit_test_setup_teardown(facts_are_those_of_the_process, setup, teardown),
        cmocka_unit_test(run_collects_output),
        cmocka_unit_test(run_holds_its_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
