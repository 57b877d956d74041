#include "store/sqlite/test_util.h"

#include <pthread.h>
#include <string.h>

#include "rt/clock.h"
#include "store/sqlite/fault.h"

static const char *vfs;

static int fault_folder(void **state)
{
    vfs = sapa_fault_register();
    sapa_fault_clear();
    return vfs ? make_folder(state) : -1;
}

static int fault_done(void **state)
{
    sapa_fault_clear();
    return remove_folder(state);
}

static void verify_good(uint64_t records)
{
    struct sapa_store *store = open_store_with(NULL, true);
    struct sapa_log_report report;

    assert_int_equal(sapa_log_verify(store, NULL, &report), SAPA_OK);
    if (!report.good)
        print_message("%s\n", report.text);
    assert_true(report.good);
    assert_int_equal(report.records, records);
    sapa_store_close(store);
}

static void wait_for_state(struct desk *desk, enum sapa_log_state state)
{
    while (desk->told.state != state)
        (void)sapa_loop_run_once(desk->loop, -1);
}

static const struct sapa_log_writer_opts QUICK = { .reserve_bytes = UINT64_MAX, .retry_us = 1000 };

/* --- holding a sync, so that a backlog can gather --- */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_moved = PTHREAD_COND_INITIALIZER;
static bool gate_shut, gate_reached;

static void wait_at_gate(void)
{
    pthread_mutex_lock(&gate);
    gate_reached = true;
    pthread_cond_broadcast(&gate_moved);
    while (gate_shut)
        pthread_cond_wait(&gate_moved, &gate);
    pthread_mutex_unlock(&gate);
}

static void shut_gate(void)
{
    gate_shut = true;
    gate_reached = false;
    atomic_store(&sapa_fault_plan()->on_sync, wait_at_gate);
}

static void wait_until_held(void)
{
    pthread_mutex_lock(&gate);
    while (!gate_reached)
        pthread_cond_wait(&gate_moved, &gate);
    pthread_mutex_unlock(&gate);
}

static void open_gate(void)
{
    atomic_store(&sapa_fault_plan()->on_sync, NULL);
    pthread_mutex_lock(&gate);
    gate_shut = false;
    pthread_cond_broadcast(&gate_moved);
    pthread_mutex_unlock(&gate);
}

static void backlog_becomes_one_commit(void **state)
{
    struct sapa_store *store = open_store_with(vfs, false);
    struct desk desk;

    (void)state;
    desk_start(&desk, store, &QUICK);
    shut_gate();
    desk_put(&desk, record_tick(0, 1));
    sapa_log_writer_flush(desk.writer);
    wait_until_held();
    for (int i = 0; i < 500; i++) {
        desk_put(&desk, record_tick(0, 2));
        sapa_log_writer_flush(desk.writer);
    }
    desk_put(&desk, record_tick(0, 3)); /* not flushed: belongs to no commit yet */
    assert_int_equal(sapa_log_writer_status(desk.writer).committed_seq, 0);
    const int64_t start_us = sapa_mono_us();
    while (sapa_mono_us() - start_us < 11000) {
    }
    open_gate();
    while (desk.told.committed_seq < 501)
        (void)sapa_loop_run_once(desk.loop, -1);
    assert_int_equal(desk.told.commits, 2);
    assert_int_equal(desk.told.committed_seq, 501);
    assert_in_range(desk.told.slow_commits, 1, 2); /* an alarm, and nothing else; the disk may add one */
    assert_int_equal(desk.told.state, SAPA_LOG_GOOD);
    assert_true(desk.told.longest_commit_us > 10000);
    assert_int_equal(desk_stop(&desk), 502); /* stop flushes */
    sapa_store_close(store);
    verify_good(502);
}

static void backlog_is_bounded_and_said_in_time(void **state)
{
    const struct sapa_log_writer_opts opts = { .reserve_bytes = UINT64_MAX, .backlog_max_bytes = 100000 };
    struct sapa_store *store = open_store_with(vfs, false);
    struct desk desk;
    sapa_rc rc = SAPA_OK;

    (void)state;
    desk_start(&desk, store, &opts);
    assert_true(sapa_log_writer_status(desk.writer).accepts_new);
    shut_gate();
    uint64_t warned_at = 0, seq = 0;
    while (rc == SAPA_OK) {
        struct sapa_record record = record_tick(seq + 1, 1);
        rc = sapa_log_writer_put(desk.writer, &record);
        seq += rc == SAPA_OK;
        sapa_log_writer_flush(desk.writer);
        if (warned_at == 0 && !sapa_log_writer_status(desk.writer).accepts_new)
            warned_at = seq;
    }
    assert_int_equal(rc, SAPA_ELIMIT);
    assert_in_range(warned_at, seq * 45 / 100, seq * 55 / 100);
    open_gate();
    desk.seq = seq;
    desk_wait(&desk);
    assert_true(sapa_log_writer_status(desk.writer).accepts_new);
    assert_int_equal(sapa_log_writer_status(desk.writer).backlog_bytes, 0);
    desk_put(&desk, record_tick(0, 1));
    desk_wait(&desk);
    desk_stop(&desk);
    sapa_store_close(store);
    verify_good(seq + 1);
}

/* A step is in one commit or not at all, however small commits are. */
static void steps_are_not_torn(void **state)
{
    const struct sapa_log_writer_opts opts = { .reserve_bytes = UINT64_MAX, .commit_max_bytes = 1 };
    struct sapa_store *store = open_store_with(vfs, false);
    struct desk desk;

    (void)state;
    desk_start(&desk, store, &opts);
    shut_gate();
    desk_put(&desk, record_tick(0, 1));
    sapa_log_writer_flush(desk.writer);
    wait_until_held();
    for (int step = 0; step < 20; step++) {
        for (int i = 0; i < 7; i++)
            desk_put(&desk, record_tick(0, 1));
        sapa_log_writer_flush(desk.writer);
    }
    open_gate();
    desk_wait(&desk);
    assert_int_equal(desk.told.commits, 21);
    desk_stop(&desk);
    sapa_store_close(store);
    verify_good(141);
}

static void full_disk_loses_nothing(void **state)
{
    struct sapa_store *store = open_store_with(vfs, false);
    struct desk desk;

    (void)state;
    desk_start(&desk, store, &QUICK);
    desk_fill(&desk, 10, 2, 1);
    atomic_store(&sapa_fault_plan()->tear, true);
    atomic_store(&sapa_fault_plan()->bytes_left, 20000);
    for (int i = 0; i < 1000; i++) {
        desk_put(&desk, record_tick(0, 100));
        sapa_log_writer_flush(desk.writer);
    }
    wait_for_state(&desk, SAPA_LOG_FULL);
    assert_false(desk.told.accepts_new);
    const uint64_t promised = sapa_log_writer_status(desk.writer).committed_seq;
    assert_true(promised < desk.seq);
    verify_good(promised); /* what was told is there, and nothing else */
    char text[256];
    assert_non_null(strstr(sapa_store_problem(store, text, sizeof(text)), "full"));
    uint64_t failures = sapa_log_writer_status(desk.writer).failures;
    while (sapa_log_writer_status(desk.writer).failures < failures + 3) { /* it goes on trying */
    }
    sapa_fault_clear(); /* somebody makes room */
    sapa_log_writer_retry(desk.writer);
    desk_wait(&desk);
    wait_for_state(&desk, SAPA_LOG_GOOD);
    assert_true(desk.told.accepts_new);
    desk_stop(&desk);
    sapa_store_close(store);
    verify_good(1010);
}

static void failing_writes_and_syncs_lose_nothing(void **state)
{
    struct sapa_store *store = open_store_with(vfs, false);
    struct desk desk;

    (void)state;
    desk_start(&desk, store, &QUICK);
    desk_fill(&desk, 10, 10, 1);
    /* every place in turn at which the disk may stop */
    for (int round = 0; round < 40; round++) {
        atomic_store(&sapa_fault_plan()->tear, round % 2 == 0);
        atomic_store(round % 4 < 2 ? &sapa_fault_plan()->writes_left : &sapa_fault_plan()->syncs_left, round / 4);
        while (desk.told.state != SAPA_LOG_FAILED) {
            desk_put(&desk, record_tick(0, 100 + round));
            sapa_log_writer_flush(desk.writer);
            (void)sapa_loop_run_once(desk.loop, 1000);
        }
        assert_false(sapa_log_writer_status(desk.writer).accepts_new);
        const uint64_t promised = sapa_log_writer_status(desk.writer).committed_seq;
        struct sapa_store *reader = open_store_with(NULL, true);
        assert_true(sapa_store_tail(reader).seq >= promised);
        sapa_store_close(reader);
        sapa_fault_clear();
        sapa_log_writer_retry(desk.writer);
        desk_wait(&desk);
        wait_for_state(&desk, SAPA_LOG_GOOD);
    }
    assert_true(sapa_log_writer_status(desk.writer).failures >= 40);
    desk_stop(&desk);
    sapa_store_close(store);
    verify_good(desk.seq);
}

static void stopping_with_a_dead_disk_ends(void **state)
{
    struct sapa_store *store = open_store_with(vfs, false);
    struct desk desk;

    (void)state;
    desk_start(&desk, store, NULL);
    desk_fill(&desk, 10, 10, 1);
    atomic_store(&sapa_fault_plan()->writes_left, 0);
    desk_put(&desk, record_tick(0, 100));
    sapa_log_writer_flush(desk.writer);
    wait_for_state(&desk, SAPA_LOG_FAILED);
    assert_int_equal(desk_stop(&desk), 10); /* and says what is certain */
    sapa_fault_clear();
    sapa_store_close(store);
    verify_good(10);
}

static void low_disk_refuses_work_before_it_is_full(void **state)
{
    const struct sapa_log_writer_opts opts = { .reserve_bytes = UINT64_MAX - 1 }; /* no disk has that much */
    struct sapa_store *store = open_store_with(vfs, false);
    struct desk desk;

    (void)state;
    desk_start(&desk, store, &opts);
    wait_for_state(&desk, SAPA_LOG_LOW);
    desk_fill(&desk, 10, 1, 1); /* what goes on is still written */
    assert_int_equal(desk.told.state, SAPA_LOG_LOW);
    assert_false(desk.told.accepts_new);
    desk_stop(&desk);
    sapa_store_close(store);
    verify_good(10);
}

static void whoever_has_the_older_epoch_is_fenced(void **state)
{
    struct sapa_store *old = open_store_with(vfs, false), *new = NULL;
    struct desk desk, heir;

    (void)state;
    desk_start(&desk, old, &QUICK);
    desk_fill(&desk, 10, 1, 1);
    new = open_store_with(vfs, false);
    desk_fill(&desk, 10, 1, 20);
    desk_start(&heir, new, &QUICK); /* takes the epoch, and the tail as it is by then */
    assert_int_equal(heir.seq, 20);
    assert_true(sapa_store_epoch(new) > sapa_store_epoch(old));
    desk_put(&desk, record_tick(0, 50));
    sapa_log_writer_flush(desk.writer);
    wait_for_state(&desk, SAPA_LOG_FENCED);
    assert_int_equal(sapa_log_writer_status(desk.writer).committed_seq, 20);
    desk_fill(&heir, 5, 1, 60);
    desk_stop(&desk);
    sapa_store_close(old);
    desk_stop(&heir);
    sapa_store_close(new);
    verify_good(25);
}

/* The writer's numbers: printed, not judged, for build machines differ. SAPA_STORE_RECORDS=10000000 for the real thing. */
static void throughput(void **state)
{
    const char *wanted = getenv("SAPA_STORE_RECORDS");
    const char *commit_bytes = getenv("SAPA_STORE_COMMIT_BYTES");
    const size_t records = wanted ? strtoul(wanted, NULL, 10) : 50000;
    const struct sapa_log_writer_opts opts = { .reserve_bytes = UINT64_MAX,
                                               .commit_max_bytes = commit_bytes ? strtoul(commit_bytes, NULL, 10) : 0 };
    struct sapa_store *store = open_store_with(NULL, false);
    struct desk desk;

    (void)state;
    desk_start(&desk, store, &opts);
    int64_t start_us = sapa_mono_us();
    for (size_t i = 0; i < records; i++) {
        desk_put(&desk, record_tick(0, (int64_t)i));
        if ((i + 1) % 10 == 0)
            sapa_log_writer_flush(desk.writer);
        while (!sapa_log_writer_status(desk.writer).accepts_new)
            (void)sapa_loop_run_once(desk.loop, -1);
    }
    desk_wait(&desk);
    int64_t took_us = sapa_mono_us() - start_us;
    const struct sapa_log_status status = sapa_log_writer_status(desk.writer);
    print_message("store: %.0f records/s in %llu commits, longest %lld us\n", (double)records * 1e6 / (double)took_us,
                  (unsigned long long)status.commits, (long long)status.longest_commit_us);
    desk_stop(&desk);
    start_us = sapa_mono_us();
    sapa_store_close(store);
    print_message("store: closed in %lld us\n", (long long)(sapa_mono_us() - start_us));
    start_us = sapa_mono_us();
    sapa_store_close(open_store());
    print_message("store: opened in %lld us\n", (long long)(sapa_mono_us() - start_us));
    start_us = sapa_mono_us();
    verify_good(records);
    print_message("store: verified in %lld us\n", (long long)(sapa_mono_us() - start_us));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(backlog_becomes_one_commit, fault_folder, fault_done),
        cmocka_unit_test_setup_teardown(backlog_is_bounded_and_said_in_time, fault_folder, fault_done),
        cmocka_unit_test_setup_teardown(steps_are_not_torn, fault_folder, fault_done),
        cmocka_unit_test_setup_teardown(full_disk_loses_nothing, fault_folder, fault_done),
        cmocka_unit_test_setup_teardown(failing_writes_and_syncs_lose_nothing, fault_folder, fault_done),
        cmocka_unit_test_setup_teardown(stopping_with_a_dead_disk_ends, fault_folder, fault_done),
        cmocka_unit_test_setup_teardown(low_disk_refuses_work_before_it_is_full, fault_folder, fault_done),
        cmocka_unit_test_setup_teardown(whoever_has_the_older_epoch_is_fenced, fault_folder, fault_done),
        cmocka_unit_test_setup_teardown(throughput, fault_folder, fault_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
