#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "app/figures.h"
#include "app/test_store_impl.h"

static struct test_store store;
static char hash[SAPA_HASH_TEXT_SIZE];

static void tell_start(void)
{
    struct sapa_record record;

    sapa_record_init(&record, SAPA_T_centre_started);
    (void)sapa_sized_set(&record.u.centre_started.centre_hash, sapa_str_of(hash));
    test_store_log(&store, &record);
}

static int begin(void **state)
{
    (void)state;
    test_store_open(&store);
    assert_int_equal(sapa_store_document_put(store.store, TEST_CENTRE, strlen(TEST_CENTRE), hash), SAPA_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    test_store_close(&store);
    return 0;
}

static void tell_abandoned(uint64_t contact)
{
    TEST_LOG(&store, contact_new, .contact = contact);
    TEST_LOG(&store, contact_queued, .contact = contact, .queue = 0);
    TEST_LOG(&store, contact_dequeued, .contact = contact, .queue = 0, .reason = SAPA_DEQUEUE_ABANDONED);
    TEST_LOG(&store, contact_ended, .contact = contact, .outcome = SAPA_OUTCOME_ABANDONED_QUEUE);
}

static struct sapa_figures *open_folded(void)
{
    struct sapa_figures *figures;
    bool more;

    assert_int_equal(sapa_figures_open(store.folder, &figures), SAPA_OK);
    assert_int_equal(sapa_figures_fold(figures, 0, 0, NULL, &more), SAPA_OK);
    assert_false(more);
    return figures;
}

static void keep(void)
{
    struct sapa_figures *figures = open_folded();

    assert_int_equal(sapa_figures_save(figures), SAPA_OK);
    assert_int_equal(sapa_figures_behind(figures), 0);
    assert_int_equal(sapa_figures_kept(figures), store.committed);
    sapa_figures_close(figures);
}

static void drop_shelf(void)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/figures.db", store.folder);
    assert_int_equal(unlink(path), 0);
}

/* All rows by way of the shelf, and of the log alone: the same. @return what the shelf had already */
static uint64_t compare(int64_t *ret_offered)
{
    struct sapa_figures *kept = open_folded(), *fresh;
    struct sapa_report *by_shelf, *by_log;
    char buf[256], aside[128], path[128];
    struct sapa_text first;
    uint64_t rows, differences;
    struct sapa_row sum;

    assert_int_equal(sapa_figures_rows(kept, UINT32_MAX, 0, 0, &by_shelf), SAPA_OK);
    snprintf(path, sizeof(path), "%s/figures.db", store.folder);
    snprintf(aside, sizeof(aside), "%s/aside", store.folder);
    const bool is_there = rename(path, aside) == 0;
    fresh = open_folded();
    assert_int_equal(sapa_figures_kept(fresh), 0);
    assert_int_equal(sapa_figures_rows(fresh, UINT32_MAX, 0, 0, &by_log), SAPA_OK);
    sapa_text_init(&first, buf, sizeof(buf));
    assert_int_equal(sapa_intervals_compare(&by_log->intervals, &by_shelf->intervals, &rows, &differences, &first), SAPA_OK);
    if (differences != 0)
        fail_msg("%s", buf);
    assert_int_equal(sapa_intervals_sum(&by_log->intervals, SAPA_ROWS_TOTAL, SAPA_NONE, &sum), SAPA_OK);
    *ret_offered = sum.m.of[SAPA_M_OFFERED];
    const uint64_t had = sapa_figures_kept(kept);
    if (is_there)
        assert_int_equal(rename(aside, path), 0);
    sapa_figures_close(fresh);
    sapa_figures_close(kept);
    return had;
}

static void test_shelf_and_log_agree(void **state)
{
    struct sapa_figures *figures;
    int64_t offered;
    bool more;

    (void)state;
    figures = open_folded(); /* an empty log */
    assert_null(sapa_figures_centre(figures));
    assert_int_equal(sapa_figures_save(figures), SAPA_OK);
    sapa_figures_close(figures);

    tell_start();
    TEST_LOG(&store, agent_moved, .agent = 0, .from = SAPA_PRESENCE_OFFLINE, .to = SAPA_PRESENCE_READY, .reason = SAPA_NONE);
    tell_abandoned(1);
    TEST_LOG(&store, contact_new, .contact = 2);
    TEST_LOG(&store, contact_queued, .contact = 2, .queue = 0); /* stands in line while the shelf is saved */
    assert_int_equal(compare(&offered), 0);
    assert_int_equal(offered, 2);
    keep();
    assert_int_equal(compare(&offered), store.committed);
    TEST_LOG(&store, contact_dequeued, .contact = 2, .queue = 0, .reason = SAPA_DEQUEUE_ABANDONED);
    TEST_LOG(&store, contact_ended, .contact = 2, .outcome = SAPA_OUTCOME_ABANDONED_QUEUE);
    TEST_LOG(&store, agent_moved, .agent = 0, .from = SAPA_PRESENCE_READY, .to = SAPA_PRESENCE_NOT_READY, .reason = 0);
    tell_start(); /* a new process, a new look at the names */
    tell_abandoned(3);
    assert_int_equal(compare(&offered), store.committed - 8);
    assert_int_equal(offered, 3);
    keep();
    keep(); /* nothing new */
    assert_int_equal(compare(&offered), store.committed);

    /* In small steps, each of them saved. */
    for (uint64_t contact = 4; contact < 9; contact++)
        tell_abandoned(contact);
    assert_int_equal(sapa_figures_open(store.folder, &figures), SAPA_OK);
    unsigned steps = 0;
    for (more = true; more; steps++) {
        assert_int_equal(sapa_figures_fold(figures, 3, 0, NULL, &more), SAPA_OK);
        assert_int_equal(sapa_figures_save(figures), SAPA_OK);
    }
    assert_true(steps >= 6);
    sapa_figures_close(figures);
    assert_int_equal(compare(&offered), store.committed);
    assert_int_equal(offered, 8);

    /* Up to a record and no further. */
    tell_abandoned(9);
    assert_int_equal(sapa_figures_open(store.folder, &figures), SAPA_OK);
    assert_int_equal(sapa_figures_fold(figures, 0, store.committed - 1, NULL, &more), SAPA_OK);
    assert_int_equal(sapa_figures_behind(figures), 3);
    struct sapa_report *report;
    assert_int_equal(sapa_figures_rows(figures, 1u << SAPA_ROWS_TOTAL, 0, 0, &report), SAPA_OK);
    assert_int_equal(sapa_figures_rows(figures, 1u << SAPA_ROWS_TOTAL, 0, 0, &report), SAPA_ESTATE); /* once */
    assert_int_equal(sapa_figures_fold(figures, 0, 0, NULL, &more), SAPA_ESTATE);
    assert_int_equal(sapa_figures_save(figures), SAPA_ESTATE);
    sapa_figures_close(figures);
}

/* Two who keep the same shelf: the second finds that the first was quicker, and nothing is counted twice. */
static void test_two_keepers(void **state)
{
    int64_t offered;

    (void)state;
    tell_start();
    tell_abandoned(1);
    keep();
    tell_abandoned(2);
    struct sapa_figures *slow = open_folded(), *quick = open_folded();
    tell_abandoned(3);
    assert_int_equal(sapa_figures_save(quick), SAPA_OK);
    assert_int_equal(sapa_figures_save(slow), SAPA_ESTATE);
    sapa_figures_close(slow);
    sapa_figures_close(quick);
    assert_int_equal(compare(&offered), store.committed - 4);
    assert_int_equal(offered, 3);
    /* also when both begin without a shelf */
    drop_shelf();
    slow = open_folded();
    quick = open_folded();
    assert_int_equal(sapa_figures_save(quick), SAPA_OK);
    assert_int_equal(sapa_figures_save(slow), SAPA_ESTATE);
    sapa_figures_close(slow);
    sapa_figures_close(quick);
    assert_int_equal(compare(&offered), store.committed);
    assert_int_equal(offered, 3);
}

static void test_damaged_shelf(void **state)
{
    char path[128];
    int64_t offered;

    (void)state;
    tell_start();
    tell_abandoned(1);
    keep();
    snprintf(path, sizeof(path), "%s/figures.db", store.folder);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    for (unsigned i = 0; i < 4096; i++)
        fputc('x', file);
    fclose(file);
    assert_int_equal(compare(&offered), 0); /* passed over, */
    keep();                                 /* and made anew */
    assert_int_equal(compare(&offered), store.committed);
    assert_int_equal(offered, 1);
}

/* A log whose end was cut off and written again is not the one that the shelf is of. */
static void test_another_log(void **state)
{
    struct sapa_figures *figures;
    uint64_t commits, epoch;
    int64_t offered;

    (void)state;
    tell_start();
    tell_abandoned(1);
    tell_abandoned(2);
    keep();
    const uint64_t kept = store.committed;
    (void)sapa_log_writer_stop(store.writer);
    assert_int_equal(sapa_log_quarantine(store.store, 6, "test", &commits), SAPA_OK);
    sapa_store_close(store.store);
    const struct sapa_store_opts options = { .folder = store.folder, .build = "test" };
    assert_int_equal(sapa_store_open_sqlite(&options, NULL, &store.store), SAPA_OK);
    assert_int_equal(sapa_store_take_epoch(store.store, "test", &epoch), SAPA_OK);
    store.committed = sapa_store_tail(store.store).seq;
    assert_int_equal(store.committed, 5);
    const struct sapa_log_writer_opts writer = { .loop = store.loop, .progress = test_store_progress, .ctx = &store,
                                                 .reserve_bytes = UINT64_MAX, .cpu = -1 };
    assert_int_equal(sapa_log_writer_start(store.store, &writer, &store.writer), SAPA_OK);

    assert_int_equal(sapa_figures_open(store.folder, &figures), SAPA_OK); /* shorter than the shelf */
    assert_int_equal(sapa_figures_kept(figures), 0);
    sapa_figures_close(figures);
    tell_abandoned(3);
    tell_abandoned(4);
    tell_abandoned(5);
    assert_true(store.committed > kept); /* and longer again */
    assert_int_equal(compare(&offered), 0);
    keep();
    assert_int_equal(compare(&offered), store.committed);
    assert_int_equal(offered, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_shelf_and_log_agree, begin, end),
        cmocka_unit_test_setup_teardown(test_two_keepers, begin, end),
        cmocka_unit_test_setup_teardown(test_damaged_shelf, begin, end),
        cmocka_unit_test_setup_teardown(test_another_log, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
