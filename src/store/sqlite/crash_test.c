/*
 * A process writes, is killed with -9 at any moment, and the store must open, verify, and hold every
 * record that was reported committed. Many times over the same store.
 */
#include "store/sqlite/test_util.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "rt/clock.h"
#include "rt/process.h"
#include "rt/random.h"

struct shared {
    _Atomic uint64_t acknowledged; /* written by the child when the writer has told it */
    _Atomic uint64_t persons;
};

static void tell_parent(void *ctx, const struct sapa_log_status *status)
{
    struct shared *shared = ctx;

    shared->acknowledged = status->committed_seq;
}

/* The child: steps of one to nine records, some with a new person, as fast as it goes, until killed. */
SAPA_NORETURN static void child(struct shared *shared)
{
    struct sapa_loop *loop;
    struct sapa_store *store = open_store();
    struct sapa_log_writer *writer;
    struct sapa_log_writer_opts opts = { .reserve_bytes = UINT64_MAX, .progress = tell_parent, .ctx = shared, .cpu = -1 };
    uint64_t epoch;

    if (sapa_loop_new(NULL, &loop) != SAPA_OK || sapa_store_take_epoch(store, "child", &epoch) != SAPA_OK)
        _exit(3);
    opts.loop = loop;
    if (sapa_log_writer_start(store, &opts, &writer) != SAPA_OK)
        _exit(4);
    int64_t at_us = sapa_store_tail(store).at_us;
    for (uint64_t seq = sapa_store_tail(store).seq + 1;;) {
        const size_t step = 1 + seq % 9;
        for (size_t i = 0; i < step; i++, seq++) {
            struct sapa_record record = record_tick(seq, at_us++);
            if (seq % 50 == 0) {
                struct sapa_person_found found;
                char number[32];
                snprintf(number, sizeof(number), "+62%llu", (unsigned long long)seq);
                if (sapa_person_reserve(store, 1, SAPA_IDENTITY_PHONE, sapa_str_of(number), &found) != SAPA_OK)
                    _exit(5);
                record = record_known(seq, at_us, &found, number);
                shared->persons++;
            }
            while (sapa_log_writer_put(writer, &record) != SAPA_OK)
                (void)sapa_loop_run_once(loop, 0);
        }
        sapa_log_writer_flush(writer);
        (void)sapa_loop_run_once(loop, 0);
        while (sapa_log_writer_status(writer).backlog_bytes > 20000)
            (void)sapa_loop_run_once(loop, 1000);
    }
}

static void check_persons(struct sapa_store *store, uint64_t last_seq)
{
    char number[32];
    uint64_t person;

    for (uint64_t seq = 50; seq <= last_seq; seq += 50) {
        snprintf(number, sizeof(number), "+62%llu", (unsigned long long)seq);
        assert_int_equal(sapa_person_find(store, 1, SAPA_IDENTITY_PHONE, sapa_str_of(number), &person), SAPA_OK);
    }
    snprintf(number, sizeof(number), "+62%llu", (unsigned long long)(last_seq / 50 + 1) * 50);
    assert_int_equal(sapa_person_find(store, 1, SAPA_IDENTITY_PHONE, sapa_str_of(number), &person), SAPA_ENOENT);
}

static void killed_at_any_moment(void **state)
{
    const char *rounds_text = getenv("SAPA_CRASH_ROUNDS");
    const unsigned rounds = rounds_text ? (unsigned)strtoul(rounds_text, NULL, 10) : 30;
    struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t last = 0;

    (void)state;
    assert_ptr_not_equal(shared, MAP_FAILED);
    for (unsigned round = 0; round < rounds; round++) {
        shared->acknowledged = last;
        const uint64_t until = last + sapa_random_u64() % 2000;
        const int64_t extra_us = (int64_t)(sapa_random_u64() % 5000);
        const pid_t pid = fork();
        if (pid == 0)
            child(shared);
        assert_true(pid > 0);
        while (shared->acknowledged < until && waitpid(pid, NULL, WNOHANG) == 0) {
        }
        const int64_t start_us = sapa_mono_us();
        while (sapa_mono_us() - start_us < extra_us) {
        }
        int status = 0;
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));

        struct sapa_store *store = open_store();
        struct sapa_log_report report;
        assert_int_equal(sapa_log_verify(store, &(struct sapa_log_verify_opts){ .open_personal = true }, &report), SAPA_OK);
        if (!report.good)
            print_message("round %u: %s\n", round, report.text);
        assert_true(report.good);
        assert_int_equal(report.erased, 0);
        last = sapa_store_tail(store).seq;
        assert_true(last >= shared->acknowledged);
        assert_int_equal(report.records, last);
        check_persons(store, last);
        sapa_store_close(store);
    }
    print_message("%u kills, %llu records, nothing lost\n", rounds, (unsigned long long)last);
    munmap(shared, sizeof(*shared));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(killed_at_any_moment, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
