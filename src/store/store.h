/**
 * @file store/store.h
 * What is kept: the log, snapshots of it, settings, documents, clients. People: store/people.h;
 * writing the log from the centre: store/writer.h; reading and verifying it: store/log.h.
 *
 * A store is a folder: the database, `master.key` (0600), `snapshots/`. The database sits behind
 * the ops of store/port.h; sapa_store_open_sqlite() (store/sqlite/sqlite.h) gives one.
 * Room    store.   Thread  any: every call is safe from every thread and may block on the disk,
 *         so the centre's thread uses a pool (people lookups excepted: microseconds).
 * Design  docs/design/log.md   Tests  store/sqlite/store_test.c
 */
#ifndef SAPA_STORE_STORE_H
#define SAPA_STORE_STORE_H

#include "base/str.h"
#include "rt/crypto.h"

struct sapa_store;

enum {
    SAPA_STORE_KEY_MAX = 128,          /* bytes of a setting's key */
    SAPA_STORE_VALUE_MAX = 65536,      /* bytes of a setting's value */
    SAPA_STORE_DOCUMENT_MAX = 16 << 20,
    SAPA_STORE_SNAPSHOT_MAX = 512 << 20,
    SAPA_STORE_SNAPSHOTS_KEPT = 3,     /* of one kind */
    SAPA_HASH_TEXT_SIZE = 65           /* SHA-256 in hex with NUL */
};

struct sapa_store_opts {
    const char *folder;    /* created if need be, 0700 */
    bool read_only;        /* reports, verify: takes no epoch, creates nothing, opens a damaged log too */
    bool repair;           /* open in spite of a damaged log, for sapa_log_quarantine() */
    const char *build;     /* name of this build, stands in migrations and snapshots */
    const char *vfs;       /* SQLite VFS, NULL = the system's; tests put faults here */
};

/** Where the log stands. All zero for an empty log. */
struct sapa_log_tail {
    uint64_t commit;       /* commits so far */
    uint64_t seq;          /* of the last record */
    int64_t at_us;         /* core time of the last record: floor of the clock at start */
    uint8_t hash[32];      /* of the chain */
};

/** Closes everything; NULL is fine. A log writer must have been stopped before. */
void sapa_store_close(struct sapa_store *store);

struct sapa_log_tail sapa_store_tail(struct sapa_store *store);
/** A random name given at creation: which store this is. 32 hex digits. */
const char *sapa_store_id(const struct sapa_store *store);
const char *sapa_store_folder(const struct sapa_store *store);
/** One sentence about the last failure of this store, "" if none. Copied into `buf`, returned. */
const char *sapa_store_problem(struct sapa_store *store, char *buf, size_t size);

/**
 * Fencing: take the next epoch. From now on commits of whoever held an older one fail with
 * SAPA_EDENIED. A control process does this once, after opening.
 * @param who  for people: "host pid 1234"
 */
SAPA_MUST_CHECK sapa_rc sapa_store_take_epoch(struct sapa_store *store, const char *who, uint64_t *ret_epoch);
/** The one we hold, 0 = none. */
uint64_t sapa_store_epoch(const struct sapa_store *store);
/** A key for one purpose, the same as long as master.key lives. */
void sapa_store_key(const struct sapa_store *store, const char *purpose, struct sapa_key *ret_key);

/** Settings. SAPA_ENOENT when there is none. `buf` gets a NUL; SAPA_ELIMIT when it does not fit. */
SAPA_MUST_CHECK sapa_rc sapa_store_setting(struct sapa_store *store, const char *key, char *buf, size_t size);
SAPA_MUST_CHECK sapa_rc sapa_store_set(struct sapa_store *store, const char *key, const char *value);
struct sapa_setting {
    const char *key, *value; /* NULL value: it is gone */
};
/** Several settings at once: after it, and after a crash in between, all of them are so or none is. */
SAPA_MUST_CHECK sapa_rc sapa_store_set_all(struct sapa_store *store, const struct sapa_setting *of, size_t count);
/** A setting that is read, changed and written: no other thread that does so is between these two. Short, and never one in another. */
void sapa_store_settings_begin(struct sapa_store *store);
void sapa_store_settings_end(struct sapa_store *store);
/** It is gone. SAPA_OK also when there was none. */
SAPA_MUST_CHECK sapa_rc sapa_store_unset(struct sapa_store *store, const char *key);
/** Keep a document (a centre description) under its SHA-256. Putting it twice is fine. */
SAPA_MUST_CHECK sapa_rc sapa_store_document_put(struct sapa_store *store, const void *text, size_t size,
                                                char ret_hash[SAPA_HASH_TEXT_SIZE]);
/** The text is checked against its hash (SAPA_ECORRUPT). Heap with a NUL behind; free(). */
SAPA_MUST_CHECK sapa_rc sapa_store_document(struct sapa_store *store, const char *hash, uint8_t **ret_text,
                                            size_t *ret_size);

/** Stable number of a client (1..) by its key; made when new, the name is kept up to date. */
SAPA_MUST_CHECK sapa_rc sapa_store_client(struct sapa_store *store, const char *key, const char *name,
                                          uint64_t *ret_client);

/**
 * First and last record that speak of a contact, for quick reading; `*ret_last` 0: not over yet,
 * read to the end. SAPA_ENOENT: no such contact.
 */
SAPA_MUST_CHECK sapa_rc sapa_store_contact_span(struct sapa_store *store, uint64_t contact, uint64_t *ret_first,
                                                uint64_t *ret_last);
/**
 * The centre_started record in force at `seq`: the last one up to it. SAPA_ENOENT: none is known (there
 * is none, or it was written by a build before this index: then the log itself must be read).
 */
SAPA_MUST_CHECK sapa_rc sapa_store_centre_start(struct sapa_store *store, uint64_t seq, uint64_t *ret_seq);
/** First record at or after this core time (to the commit: it may be a little earlier). SAPA_ENOENT: none. */
SAPA_MUST_CHECK sapa_rc sapa_store_seek(struct sapa_store *store, int64_t at_us, uint64_t *ret_seq);

/* --- snapshots: files beside the database, written whole or not at all --- */

struct sapa_snapshot {
    char kind[32];        /* "core", "report" … letters, digits, - */
    uint32_t version;     /* of the blob's format */
    uint64_t seq;         /* the log up to here is in it */
    char build[64];
    uint8_t *blob;        /* heap; free() */
    size_t size;
};

/**
 * Keep a snapshot; older ones beyond SAPA_STORE_SNAPSHOTS_KEPT of its kind are removed.
 * @retval SAPA_ESTATE  the log is not committed up to seq: it would say more than the log
 */
SAPA_MUST_CHECK sapa_rc sapa_store_snapshot_put(struct sapa_store *store, const char *kind, uint32_t version,
                                                uint64_t seq, const void *blob, size_t size);
/**
 * The newest good one of this kind and version at or before `seq_max`. Damaged ones and those of
 * another store are passed over with a warning in the log output. SAPA_ENOENT: replay from the start.
 */
SAPA_MUST_CHECK sapa_rc sapa_store_snapshot(struct sapa_store *store, const char *kind, uint32_t version,
                                            uint64_t seq_max, struct sapa_snapshot *ret_snapshot);
/** How many were passed over as damaged since opening. */
uint64_t sapa_store_snapshots_damaged(const struct sapa_store *store);

/**
 * The hash of the commit that holds record `seq`: whoever keeps something computed from the log up to `seq` keeps
 * this with it, and knows later whether it is still the same log. SAPA_ENOENT: the log does not reach so far.
 */
SAPA_MUST_CHECK sapa_rc sapa_store_chain(struct sapa_store *store, uint64_t seq, uint8_t ret_hash[32]);

/** Move what is in the write-ahead file into the database now. Also done by itself. */
SAPA_MUST_CHECK sapa_rc sapa_store_checkpoint(struct sapa_store *store);

#endif
