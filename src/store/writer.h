/**
 * @file store/writer.h
 * The thread that writes the log: group commit, and what to do when the disk will not.
 *
 * The centre puts records with consecutive seq and flushes at the end of each step. A commit starts
 * when the one before has ended and takes everything flushed by then; a step is never torn between
 * two commits. When a commit fails the backlog stays in memory (bounded) and is tried again until it
 * succeeds: nothing is lost, nothing is reported committed that is not.
 * Room    store.   Thread  put, flush: one thread (the centre's). status: any.
 * Design  docs/design/log.md#group-commit   Tests  store/sqlite/writer_test.c, crash_test.c
 */
#ifndef SAPA_STORE_WRITER_H
#define SAPA_STORE_WRITER_H

#include "model/record.h"
#include "rt/loop.h"
#include "store/store.h"

struct sapa_log_writer;

enum sapa_log_state {
    SAPA_LOG_GOOD,
    SAPA_LOG_LOW,     /* commits work, but space runs out: refuse new work */
    SAPA_LOG_FULL,    /* the disk is full: nothing can be promised; tried again by itself */
    SAPA_LOG_FAILED,  /* the disk refuses; tried again by itself */
    SAPA_LOG_FENCED,  /* another process has taken over: end now, for good */
};

struct sapa_log_status {
    enum sapa_log_state state;
    bool accepts_new;         /* false: answer 503 to new work (state not GOOD, or backlog above half) */
    uint64_t committed_seq;
    uint64_t commits, records;
    uint64_t slow_commits;    /* longer than slow_us: an alarm, not a failure */
    int64_t last_commit_us, longest_commit_us; /* durations */
    size_t backlog_bytes, backlog_high_bytes;
    uint64_t failures;        /* commits that had to be tried again */
    uint64_t erased_drops;    /* personal fields not kept because the person is erased */
};

/** On the loop: something has changed (committed_seq, state); calls are coalesced. */
typedef void sapa_log_progress_fn(void *ctx, const struct sapa_log_status *status);

struct sapa_log_writer_opts {
    struct sapa_loop *loop;      /* where progress is told */
    sapa_log_progress_fn *progress;
    void *ctx;
    size_t backlog_max_bytes;    /* 0 = 256 MiB */
    size_t commit_max_bytes;     /* of frames in one commit, 0 = 1 MiB */
    int64_t slow_us;             /* 0 = 10,000 */
    int64_t retry_us;            /* between tries after a failure, 0 = 250,000 */
    uint64_t reserve_bytes;      /* less free disk than this is LOW; 0 = 64 MiB, UINT64_MAX = do not look */
    int cpu;                     /* pin, -1 = anywhere */
};

/** The store must hold an epoch (SAPA_ESTATE) and outlive the writer. */
SAPA_MUST_CHECK sapa_rc sapa_log_writer_start(struct sapa_store *store, const struct sapa_log_writer_opts *opts,
                                              struct sapa_log_writer **ret_writer);
/**
 * Flush, commit what can be committed, end the thread. A backlog that cannot be written is given up
 * after one try: its records were promised to nobody. NULL is fine.
 * @return  seq that is committed
 */
uint64_t sapa_log_writer_stop(struct sapa_log_writer *writer);

/**
 * Take a record with seq = last one + 1 (asserted). Copied (encoded). Inputs and events only.
 * A person_known whose person was reserved (store/people.h) creates that person in the same commit.
 * @retval SAPA_ELIMIT  backlog_max_bytes: the centre should have refused work at half of it
 */
SAPA_MUST_CHECK sapa_rc sapa_log_writer_put(struct sapa_log_writer *writer, const struct sapa_record *record);
/** What was put since the last flush may now be committed, together. Cheap when nothing was. */
void sapa_log_writer_flush(struct sapa_log_writer *writer);
struct sapa_log_status sapa_log_writer_status(struct sapa_log_writer *writer);
/** Try now instead of waiting for retry_us. */
void sapa_log_writer_retry(struct sapa_log_writer *writer);

/** "good", "disk nearly full" … for people. */
const char *sapa_log_state_name(enum sapa_log_state state);

#endif
