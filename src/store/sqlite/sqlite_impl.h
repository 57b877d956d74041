/**
 * @file store/sqlite/sqlite_impl.h
 * What the files of store/sqlite share.
 *
 * Room    store/sqlite.   Thread  see each part.
 */
#ifndef SAPA_STORE_SQLITE_SQLITE_IMPL_H
#define SAPA_STORE_SQLITE_SQLITE_IMPL_H

#include <pthread.h>
#include <sqlite3.h>

#include "rt/thread.h"
#include "store/port.h"

/* Every statement by name; each connection prepares what it uses, once. */
#define STATEMENTS(X) \
    X(BEGIN, "BEGIN IMMEDIATE") \
    X(COMMIT, "COMMIT") \
    X(ROLLBACK, "ROLLBACK") \
    X(EPOCH_GET, "SELECT epoch FROM lease WHERE id = 1") \
    X(EPOCH_PUT, "INSERT INTO lease(id, epoch, who, since_us) VALUES(1, ?1, ?2, ?3) " \
                 "ON CONFLICT(id) DO UPDATE SET epoch = ?1, who = ?2, since_us = ?3") \
    X(JOURNAL_PUT, "INSERT INTO journal(last_seq, commit_id, first_seq, wall_us, epoch, count, prev_hash, hash, frames) " \
                   "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)") \
    X(JOURNAL_TAIL, "SELECT last_seq, commit_id, first_seq, wall_us, epoch, count, prev_hash, hash FROM journal " \
                    "ORDER BY last_seq DESC LIMIT 1") \
    X(JOURNAL_READ, "SELECT last_seq, commit_id, first_seq, wall_us, epoch, count, prev_hash, hash, frames FROM journal " \
                    "WHERE last_seq >= ?1 ORDER BY last_seq LIMIT 1") \
    X(JOURNAL_HEAD, "SELECT last_seq, commit_id, first_seq, wall_us, epoch, count, prev_hash, hash FROM journal " \
                    "WHERE last_seq >= ?1 ORDER BY last_seq LIMIT 1") \
    X(JOURNAL_BEFORE, "SELECT last_seq, commit_id, first_seq, wall_us, epoch, count, prev_hash, hash FROM journal " \
                      "WHERE last_seq < ?1 ORDER BY last_seq DESC LIMIT 1") \
    X(JOURNAL_MOVE, "INSERT INTO journal_quarantine SELECT *, ?2, ?3 FROM journal WHERE last_seq >= ?1") \
    X(JOURNAL_CUT, "DELETE FROM journal WHERE last_seq >= ?1") \
    X(SPAN_BEGIN, "INSERT INTO contact_span(contact, first_seq, last_seq) VALUES(?1, ?2, 0) ON CONFLICT DO NOTHING") \
    X(SPAN_END, "UPDATE contact_span SET last_seq = ?2 WHERE contact = ?1") \
    X(SPAN_AFTER, "UPDATE contact_span SET last_seq = ?2 WHERE contact = ?1 AND last_seq > 0") \
    X(CENTRE_PUT, "INSERT INTO centre_start(seq) VALUES(?2) ON CONFLICT DO NOTHING") \
    X(CENTRE_GET, "SELECT seq FROM centre_start WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1") \
    X(CENTRE_CUT, "DELETE FROM centre_start WHERE seq >= ?1") \
    X(MOMENT_PUT, "INSERT INTO contact_moment(contact, kind, seq) VALUES(?1, ?3, ?2) ON CONFLICT DO NOTHING") \
    X(MOMENT_EACH, "SELECT contact, seq FROM contact_moment WHERE contact = ?1 AND kind = ?2 ORDER BY seq DESC LIMIT ?3") \
    X(MOMENT_CUT, "DELETE FROM contact_moment WHERE seq >= ?1") \
    X(PAST_PUT, "INSERT INTO person_contact(person, seq, contact) SELECT ?3, ?2, ?1 WHERE NOT EXISTS " \
                "(SELECT 1 FROM person WHERE id = ?3 AND erased_us IS NOT NULL) ON CONFLICT DO NOTHING") \
    X(PAST_EACH, "SELECT contact, seq FROM person_contact WHERE person = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3") \
    X(PAST_CUT, "DELETE FROM person_contact WHERE seq >= ?1") \
    X(PAST_FORGET, "DELETE FROM person_contact WHERE person = ?1") \
    X(SPAN_GET, "SELECT first_seq, last_seq FROM contact_span WHERE contact = ?1") \
    X(SETTING_GET, "SELECT value FROM setting WHERE key = ?1") \
    X(SETTING_DELETE, "DELETE FROM setting WHERE key = ?1") \
    X(SETTING_PUT, "INSERT INTO setting(key, value, wall_us) VALUES(?1, ?2, ?3) " \
                   "ON CONFLICT(key) DO UPDATE SET value = ?2, wall_us = ?3") \
    X(DOCUMENT_GET, "SELECT text FROM document WHERE hash = ?1") \
    X(DOCUMENT_PUT, "INSERT INTO document(hash, text, wall_us) VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING") \
    X(CLIENT_PUT, "INSERT INTO client(key, name, created_us) VALUES(?1, ?2, ?3) " \
                  "ON CONFLICT(key) DO UPDATE SET name = ?2 RETURNING id") \
    X(PERSON_PUT, "INSERT INTO person(id, client, created_seq) VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING") \
    X(PERSON_LAST, "SELECT coalesce(max(id), 0) FROM person") \
    X(PERSON_GET, "SELECT client, erased_us IS NOT NULL FROM person WHERE id = ?1") \
    X(PERSON_ERASE, "UPDATE person SET erased_us = ?2, erased_by = ?3 WHERE id = ?1 AND erased_us IS NULL") \
    X(KEY_PUT, "INSERT INTO person_key(person, wrapped) VALUES(?1, ?2) ON CONFLICT DO NOTHING") \
    X(KEY_GET, "SELECT wrapped FROM person_key WHERE person = ?1") \
    X(KEY_CUT, "DELETE FROM person_key WHERE person = ?1") \
    X(IDENTITY_PUT, "INSERT INTO identity(client, kind, lookup, person, value) VALUES(?1, ?2, ?3, ?4, ?5) " \
                    "ON CONFLICT DO NOTHING") \
    X(IDENTITY_FIND, "SELECT person FROM identity WHERE client = ?1 AND kind = ?2 AND lookup = ?3") \
    X(IDENTITY_EACH, "SELECT kind, value FROM identity WHERE person = ?1 ORDER BY kind, lookup") \
    X(IDENTITY_CUT, "DELETE FROM identity WHERE person = ?1") \
    X(MERGE_PUT, "INSERT INTO person_merge(from_person, into_person, wall_us, by) VALUES(?1, ?2, ?3, ?4) RETURNING id") \
    X(MERGE_STATE, "SELECT undone_us IS NOT NULL FROM person_merge WHERE id = ?1") \
    X(MERGE_UNDO, "UPDATE person_merge SET undone_us = ?2, undone_by = ?3 WHERE id = ?1") \
    X(MERGED_INTO, "SELECT into_person FROM person_merge WHERE from_person = ?1 AND undone_us IS NULL") \
    X(MERGED_EACH, "SELECT from_person FROM person_merge WHERE into_person = ?1 AND undone_us IS NULL ORDER BY id")

enum statement {
#define X(name, sql) ST_##name,
    STATEMENTS(X)
#undef X
    ST_COUNT
};

/** A connection and its lock; whoever uses it holds the lock. */
struct link {
    sqlite3 *db;
    pthread_mutex_t lock;
    sqlite3_stmt *statements[ST_COUNT];
};

struct sqlite_store {
    struct link writing, reading;
    struct sapa_thread *checkpointer;
    sqlite3 *checkpoint_db; /* the checkpointer's alone */
    pthread_mutex_t lock;   /* guards what follows */
    pthread_cond_t wake;
    bool stopping, wanted;
    char problem[256];
};

enum { SCHEMA_VERSION = 4 };

/** Is it ours, and not newer than we are? Changes nothing. */
SAPA_MUST_CHECK sapa_rc sapa_sqlite_check(sqlite3 *db, struct sapa_text *problem);
/** Bring an opened database from its version up to `version`. Tests make old ones with this. */
SAPA_MUST_CHECK sapa_rc sapa_sqlite_migrate(sqlite3 *db, int version, const char *build, struct sapa_text *problem);
/** user_version of the schema; 0 = empty. */
SAPA_MUST_CHECK sapa_rc sapa_sqlite_version(sqlite3 *db, int *ret_version);
/** The result code for an SQLite one. */
sapa_rc sapa_sqlite_rc(sqlite3 *db, int code);

extern const struct sapa_store_ops sapa_sqlite_ops;

#endif
