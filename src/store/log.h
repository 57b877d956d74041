/**
 * @file store/log.h
 * Reading the log, verifying it, and repairing its end, never in silence.
 *
 * Room    store.   Thread  a reader belongs to one thread; any number of readers.
 * Design  docs/design/log.md   Tests  store/sqlite/log_test.c
 */
#ifndef SAPA_STORE_LOG_H
#define SAPA_STORE_LOG_H

#include "model/record.h"
#include "store/store.h"

struct sapa_log_reader;

/** @param from_seq  first record wanted; 0 and 1 are the beginning */
SAPA_MUST_CHECK sapa_rc sapa_log_reader_open(struct sapa_store *store, uint64_t from_seq,
                                             struct sapa_log_reader **ret_reader);
void sapa_log_reader_close(struct sapa_log_reader *reader);
/**
 * The next record, with personal fields opened (SAPA_RECORD_ERASED where the key is gone).
 * @retval SAPA_ENOENT    the end for now: asking again later goes on behind it
 * @retval SAPA_ECORRUPT  a frame fails its check: sapa_store_problem() says which
 * @retval SAPA_EVERSION  a record of a newer build
 */
SAPA_MUST_CHECK sapa_rc sapa_log_reader_next(struct sapa_log_reader *reader, struct sapa_record *ret_record);
/** Go on at another place, forwards or backwards: cheap within the commit at hand. */
void sapa_log_reader_seek(struct sapa_log_reader *reader, uint64_t seq);
/** Leave personal fields sealed (empty, not marked erased): faster, for folds that need none. Before the first next. */
void sapa_log_reader_keep_sealed(struct sapa_log_reader *reader);
/** The next encoded record as it stands in the log, for byte-for-byte comparison. Valid until the next call. */
SAPA_MUST_CHECK sapa_rc sapa_log_reader_next_raw(struct sapa_log_reader *reader, struct sapa_str *ret_clear);

struct sapa_log_report {
    bool good;
    uint64_t commits, records, bytes;
    uint64_t erased;        /* records whose person is erased */
    uint64_t bad_commit;    /* 0 = none */
    uint64_t bad_seq;       /* first record that cannot be trusted */
    char text[512];         /* one sentence for a person, good or bad */
};

struct sapa_log_verify_opts {
    uint64_t from_seq;      /* 0 = from the beginning */
    bool open_personal;     /* also check that sealed fields open (or are erased) */
    void (*progress)(void *ctx, uint64_t records); /* every 100,000 or so; may be NULL */
    void *ctx;
};

/**
 * Walk the chain: hashes, checksums, gaps in seq, time that steps back, frames that do not decode.
 * SAPA_OK when the walk could be done, whatever it found; see ret_report->good.
 */
SAPA_MUST_CHECK sapa_rc sapa_log_verify(struct sapa_store *store, const struct sapa_log_verify_opts *opts,
                                        struct sapa_log_report *ret_report);
/**
 * Move every commit from the one that holds `seq` to the end into a quarantine table. An explicit
 * act of a person after verify: what was promised in those commits is lost and must be said.
 */
SAPA_MUST_CHECK sapa_rc sapa_log_quarantine(struct sapa_store *store, uint64_t seq, const char *reason,
                                            uint64_t *ret_commits);

#endif
