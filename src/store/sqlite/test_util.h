/**
 * @file store/sqlite/test_util.h
 * What the tests of the store share: a folder of their own, and records to log.
 */
#ifndef SAPA_STORE_SQLITE_TEST_UTIL_H
#define SAPA_STORE_SQLITE_TEST_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "model/record.h"
#include "store/log.h"
#include "store/people.h"
#include "store/sqlite/sqlite.h"
#include "store/writer.h"

static char test_folder[64];
static const char *test_root = "/tmp";

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int make_folder(void **state)
{
    (void)state;
    snprintf(test_folder, sizeof(test_folder), "%s/sapa-store-test-XXXXXX", test_root);
    return mkdtemp(test_folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
    (void)state;
    return nftw(test_folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline struct sapa_store *open_store_with(const char *vfs, bool read_only)
{
    struct sapa_store *store = NULL;
    char buf[512];
    struct sapa_text problem;
    const struct sapa_store_opts opts = { .folder = test_folder, .build = "test", .vfs = vfs, .read_only = read_only };

    sapa_text_init(&problem, buf, sizeof(buf));
    const sapa_rc rc = sapa_store_open_sqlite(&opts, &problem, &store);
    if (rc != SAPA_OK)
        print_message("%s: %s\n", sapa_rc_name(rc), buf);
    assert_int_equal(rc, SAPA_OK);
    return store;
}

static inline struct sapa_store *open_store(void)
{
    return open_store_with(NULL, false);
}

/* A refused opening: the result and its sentence. */
static inline sapa_rc open_refused(char *buf, size_t size)
{
    struct sapa_store *store = NULL;
    struct sapa_text problem;
    const struct sapa_store_opts opts = { .folder = test_folder, .build = "test" };

    sapa_text_init(&problem, buf, size);
    const sapa_rc rc = sapa_store_open_sqlite(&opts, &problem, &store);
    if (rc == SAPA_OK)
        sapa_store_close(store);
    return rc;
}

static inline struct sapa_record record_tick(uint64_t seq, int64_t at_us)
{
    struct sapa_record record;

    sapa_record_init(&record, SAPA_T_contact_answered);
    record.seq = seq;
    record.at_us = at_us;
    record.u.contact_answered.contact = 1000 + seq;
    record.u.contact_answered.leg = seq * 7;
    return record;
}

static inline struct sapa_record record_of_person(uint64_t seq, int64_t at_us, uint64_t person, const char *digit)
{
    struct sapa_record record;

    sapa_record_init(&record, SAPA_T_digit);
    record.seq = seq;
    record.at_us = at_us;
    record.u.digit.contact = 5;
    record.u.digit.person = person;
    (void)sapa_sized_set(&record.u.digit.digit, sapa_str_of(digit));
    return record;
}

static inline struct sapa_record record_known(uint64_t seq, int64_t at_us, const struct sapa_person_found *found,
                                              const char *value)
{
    struct sapa_record record;

    sapa_record_init(&record, SAPA_T_person_known);
    record.seq = seq;
    record.at_us = at_us;
    record.u.person_known.person = found->person;
    record.u.person_known.client = 99; /* an index of some description: the reservation knows better */
    memcpy(record.u.person_known.lookup.p, found->lookup, SAPA_LOOKUP_SIZE);
    record.u.person_known.lookup.n = SAPA_LOOKUP_SIZE;
    (void)sapa_sized_set(&record.u.person_known.value, sapa_str_of(value));
    return record;
}

/* A centre in small: a loop, a writer, and what it was told. */
struct desk {
    struct sapa_loop *loop;
    struct sapa_store *store;
    struct sapa_log_writer *writer;
    struct sapa_log_status told;
    uint64_t seq;
};

static inline void on_progress(void *ctx, const struct sapa_log_status *status)
{
    struct desk *desk = ctx;

    assert_true(status->committed_seq >= desk->told.committed_seq);
    desk->told = *status;
}

static inline void desk_start(struct desk *desk, struct sapa_store *store, const struct sapa_log_writer_opts *base)
{
    struct sapa_log_writer_opts opts = base ? *base : (struct sapa_log_writer_opts){ .reserve_bytes = UINT64_MAX };
    uint64_t epoch;

    *desk = (struct desk){ .store = store };
    assert_int_equal(sapa_loop_new(NULL, &desk->loop), SAPA_OK);
    assert_int_equal(sapa_store_take_epoch(store, "test", &epoch), SAPA_OK);
    opts.loop = desk->loop;
    opts.progress = on_progress;
    opts.ctx = desk;
    opts.cpu = -1;
    assert_int_equal(sapa_log_writer_start(store, &opts, &desk->writer), SAPA_OK);
    desk->seq = sapa_store_tail(store).seq;
    desk->told.committed_seq = desk->seq;
}

static inline uint64_t desk_stop(struct desk *desk)
{
    const uint64_t seq = sapa_log_writer_stop(desk->writer);

    sapa_loop_free(desk->loop);
    return seq;
}

static inline void desk_put(struct desk *desk, struct sapa_record record)
{
    record.seq = ++desk->seq;
    assert_int_equal(sapa_log_writer_put(desk->writer, &record), SAPA_OK);
}

static inline void desk_wait(struct desk *desk)
{
    sapa_log_writer_flush(desk->writer);
    while (desk->told.committed_seq < desk->seq)
        (void)sapa_loop_run_once(desk->loop, -1);
}

/* `count` plain records from `at_us` on, a microsecond apart, `step` of them a step; waits for the commit. */
static inline void desk_fill(struct desk *desk, size_t count, size_t step, int64_t at_us)
{
    for (size_t i = 0; i < count; i++) {
        desk_put(desk, record_tick(0, at_us + (int64_t)i));
        if ((i + 1) % step == 0)
            sapa_log_writer_flush(desk->writer);
    }
    desk_wait(desk);
}

#endif
