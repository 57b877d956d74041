/**
 * @file app/test_store_impl.h
 * A real store in a folder of its own, with a writer whose loop the test turns.
 *
 * Room    app, tests only.   Thread  the test's; the writer has its own.
 */
#ifndef SAPA_APP_TEST_STORE_IMPL_H
#define SAPA_APP_TEST_STORE_IMPL_H

#include "app/test_impl.h"
#include "store/people.h"
#include "store/sqlite/sqlite.h"
#include "store/writer.h"

struct test_store {
    char folder[64];
    struct sapa_store *store;
    struct sapa_loop *loop;
    struct sapa_log_writer *writer;
    uint64_t client, committed;
};

static inline void test_store_progress(void *ctx, const struct sapa_log_status *status)
{
    ((struct test_store *)ctx)->committed = status->committed_seq;
}

static inline void test_store_open_at(struct test_store *s)
{
    const struct sapa_store_opts options = { .folder = s->folder, .build = "test" };
    const struct sapa_log_writer_opts writer = { .progress = test_store_progress, .ctx = s, .reserve_bytes = UINT64_MAX, .cpu = -1 };
    struct sapa_log_writer_opts with_loop = writer;
    uint64_t epoch;

    if (sapa_loop_new(NULL, &s->loop) != SAPA_OK || sapa_store_open_sqlite(&options, NULL, &s->store) != SAPA_OK ||
        sapa_store_take_epoch(s->store, "test", &epoch) != SAPA_OK ||
        sapa_store_client(s->store, "toko", "Toko", &s->client) != SAPA_OK)
        abort();
    with_loop.loop = s->loop;
    if (sapa_log_writer_start(s->store, &with_loop, &s->writer) != SAPA_OK)
        abort();
    s->committed = sapa_store_tail(s->store).seq;
}

static inline void test_store_open(struct test_store *s)
{
    (void)test_folder(s->folder);
    test_store_open_at(s);
}

/** Log a record and wait until it is safe. */
static inline void test_store_log(struct test_store *s, struct sapa_record *record)
{
    record->seq = s->committed + 1;
    record->at_us = INT64_C(1767600000000000) + (int64_t)record->seq;
    if (sapa_log_writer_put(s->writer, record) != SAPA_OK)
        abort();
    sapa_log_writer_flush(s->writer);
    while (s->committed < record->seq)
        sapa_loop_run_once(s->loop, 1000000);
}

/** Log a record of this type with these fields. */
#define TEST_LOG(store, name, ...)                                \
    do {                                                          \
        struct sapa_record record_;                               \
        sapa_record_init(&record_, SAPA_T_##name);                \
        record_.u.name = (struct sapa_rec_##name){ __VA_ARGS__ }; \
        test_store_log(store, &record_);                          \
    } while (0)

/** A person with this number who exists in the log. */
static inline uint64_t test_store_person(struct test_store *s, const char *number)
{
    struct sapa_person_found found;
    struct sapa_record known;

    if (sapa_person_reserve(s->store, s->client, SAPA_IDENTITY_PHONE, sapa_str_of(number), &found) != SAPA_OK)
        abort();
    sapa_record_init(&known, SAPA_T_person_known);
    known.u.person_known.person = found.person;
    (void)sapa_sized_set(&known.u.person_known.lookup, ((struct sapa_str){ (const char *)found.lookup, SAPA_LOOKUP_SIZE }));
    (void)sapa_sized_set(&known.u.person_known.value, sapa_str_of(number));
    test_store_log(s, &known);
    return found.person;
}

static inline void test_store_shut(struct test_store *s)
{
    (void)sapa_log_writer_stop(s->writer);
    sapa_store_close(s->store);
    sapa_loop_free(s->loop);
}

/** As after a restart. */
static inline void test_store_reopen(struct test_store *s)
{
    test_store_shut(s);
    test_store_open_at(s);
}

static inline void test_store_close(struct test_store *s)
{
    test_store_shut(s);
    test_folder_remove(s->folder);
}

/** `begin` and `end` of tests that want nothing but an empty store. */
#define TEST_STORE_FIXTURE(store)           \
    static struct test_store store;         \
    static int begin(void **state)          \
    {                                       \
        (void)state;                        \
        test_store_open(&store);            \
        return 0;                           \
    }                                       \
    static int end(void **state)            \
    {                                       \
        (void)state;                        \
        test_store_close(&store);           \
        return 0;                           \
    }

#endif
