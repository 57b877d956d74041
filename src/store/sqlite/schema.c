#include <stdio.h>
#include <unistd.h>

#include "rt/clock.h"
#include "store/sqlite/sqlite_impl.h"
#include "store/sqlite/sqlite.h"

/*
 * Migrations only go forward and are never edited once released: a change is a new entry. Each runs
 * in one transaction with its version number.
 */
static const char *const migrations[SCHEMA_VERSION] = {
    /* 1: the log, documents, people */
    "CREATE TABLE schema_version(version INTEGER PRIMARY KEY, wall_us INTEGER NOT NULL, build TEXT NOT NULL);"
    "CREATE TABLE setting(key TEXT PRIMARY KEY, value BLOB NOT NULL, wall_us INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE lease(id INTEGER PRIMARY KEY CHECK(id = 1), epoch INTEGER NOT NULL, who TEXT NOT NULL,"
    "  since_us INTEGER NOT NULL);"
    /* The row id is last_seq: a log is read by seq, and needs no second index. The blob stands last so
       that headers are read without it. */
    "CREATE TABLE journal(last_seq INTEGER PRIMARY KEY, commit_id INTEGER NOT NULL, first_seq INTEGER NOT NULL,"
    "  wall_us INTEGER NOT NULL, epoch INTEGER NOT NULL, count INTEGER NOT NULL, prev_hash BLOB NOT NULL,"
    "  hash BLOB NOT NULL, frames BLOB NOT NULL);"
    "CREATE TABLE journal_quarantine(last_seq INTEGER NOT NULL, commit_id INTEGER, first_seq INTEGER,"
    "  wall_us INTEGER, epoch INTEGER, count INTEGER, prev_hash BLOB, hash BLOB, frames BLOB,"
    "  reason TEXT NOT NULL, moved_us INTEGER NOT NULL);"
    "CREATE TABLE document(hash TEXT PRIMARY KEY, text BLOB NOT NULL, wall_us INTEGER NOT NULL);"
    "CREATE TABLE client(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
    "  created_us INTEGER NOT NULL);"
    "CREATE TABLE person(id INTEGER PRIMARY KEY, client INTEGER NOT NULL, created_seq INTEGER NOT NULL,"
    "  erased_us INTEGER, erased_by TEXT);"
    "CREATE TABLE person_key(person INTEGER PRIMARY KEY, wrapped BLOB NOT NULL);"
    "CREATE TABLE identity(client INTEGER NOT NULL, kind INTEGER NOT NULL, lookup BLOB NOT NULL,"
    "  person INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY(client, kind, lookup)) WITHOUT ROWID;"
    "CREATE INDEX identity_person ON identity(person);"
    "CREATE TABLE person_merge(id INTEGER PRIMARY KEY, from_person INTEGER NOT NULL, into_person INTEGER NOT NULL,"
    "  wall_us INTEGER NOT NULL, by TEXT NOT NULL, undone_us INTEGER, undone_by TEXT);"
    "CREATE UNIQUE INDEX person_merge_from ON person_merge(from_person) WHERE undone_us IS NULL;"
    "CREATE INDEX person_merge_into ON person_merge(into_person) WHERE undone_us IS NULL;",
    /* 2: where a contact stands in the log, so that `why` and a timeline need not read all of it */
    "CREATE TABLE contact_span(contact INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL);",
    /* 3: where descriptions of the centre came into force, for the same reason */
    "CREATE TABLE centre_start(seq INTEGER PRIMARY KEY);",
    /* 4: the contacts of a person, and the few records of a contact that a history is told from */
    "CREATE TABLE person_contact(person INTEGER NOT NULL, seq INTEGER NOT NULL, contact INTEGER NOT NULL,"
    "  PRIMARY KEY(person, seq)) WITHOUT ROWID;"
    "CREATE TABLE contact_moment(contact INTEGER NOT NULL, kind INTEGER NOT NULL, seq INTEGER NOT NULL,"
    "  PRIMARY KEY(contact, kind, seq)) WITHOUT ROWID;",
};

static_assert(SAPA_COUNT(migrations) == SCHEMA_VERSION, "one entry a version");

sapa_rc sapa_sqlite_rc(sqlite3 *db, int code)
{
    const int os = db ? sqlite3_system_errno(db) : 0;

    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return SAPA_OK;
    case SQLITE_FULL:
        return SAPA_EFULL;
    case SQLITE_IOERR:
        return code == SQLITE_IOERR_NOMEM ? SAPA_ENOMEM : os == 28 /* ENOSPC */ || os == 122 /* EDQUOT */ ? SAPA_EFULL
                                                                                                          : SAPA_EIO;
    case SQLITE_NOMEM:
        return SAPA_ENOMEM;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return SAPA_ECORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return SAPA_EAGAIN;
    case SQLITE_CONSTRAINT:
        return SAPA_EEXIST;
    default:
        return SAPA_EIO;
    }
}

sapa_rc sapa_sqlite_version(sqlite3 *db, int *ret_version)
{
    sqlite3_stmt *st;
    int code = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL);

    if (code == SQLITE_OK && (code = sqlite3_step(st)) == SQLITE_ROW)
        *ret_version = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return sapa_sqlite_rc(db, code);
}

/* The tables of the oldest version but no version number: what came out of a foreign program. */
static sapa_rc check_foreign(sqlite3 *db, struct sapa_text *problem)
{
    sqlite3_stmt *st;
    int code = sqlite3_prepare_v2(db, "SELECT count(*) FROM sqlite_schema", -1, &st, NULL);
    bool foreign = false;

    if (code == SQLITE_OK && (code = sqlite3_step(st)) == SQLITE_ROW)
        foreign = sqlite3_column_int(st, 0) > 0;
    sqlite3_finalize(st);
    if (foreign) {
        sapa_text_printf(problem, "sapa.db is a database of another program");
        return SAPA_ECORRUPT;
    }
    return sapa_sqlite_rc(db, code);
}

sapa_rc sapa_sqlite_check(sqlite3 *db, struct sapa_text *problem)
{
    int now = 0;
    const sapa_rc rc = sapa_sqlite_version(db, &now);

    if (rc == SAPA_OK && now > SCHEMA_VERSION) {
        sapa_text_printf(problem, "sapa.db has schema version %d, this build knows only up to %d: it was opened by a newer "
                         "build before. Use that build; nothing was changed.", now, SCHEMA_VERSION);
        return SAPA_EVERSION;
    }
    return rc == SAPA_OK && now == 0 ? check_foreign(db, problem) : rc;
}

sapa_rc sapa_sqlite_migrate(sqlite3 *db, int version, const char *build, struct sapa_text *problem)
{
    int now = 0;
    sapa_rc rc = sapa_sqlite_version(db, &now);

    for (; rc == SAPA_OK && now < version; now++) {
        char *sql = sqlite3_mprintf("BEGIN IMMEDIATE; %s INSERT INTO schema_version VALUES(%d, %lld, %Q);"
                                    "PRAGMA user_version = %d; COMMIT",
                                    migrations[now], now + 1, (long long)sapa_wall_us(), build ? build : "unnamed",
                                    now + 1);
        if (!sql)
            return SAPA_ENOMEM;
        const int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
        sqlite3_free(sql);
        if (code != SQLITE_OK) {
            sapa_text_printf(problem, "migration to schema version %d failed: %s", now + 1, sqlite3_errmsg(db));
            rc = sapa_sqlite_rc(db, code);
            sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        }
    }
    return rc;
}

const char *sapa_store_sqlite_version(void)
{
    return sqlite3_libversion();
}
