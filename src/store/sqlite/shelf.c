#include "store/sqlite/shelf.h"

#include <stdio.h>
#include <stdlib.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/log.h"
#include "store/sqlite/sqlite_impl.h"

enum { SHELF_VERSION = 1, BUSY_MS = 2000 };

#define SHELF_STATEMENTS(X) \
    X(BEGIN, "BEGIN") \
    X(BEGIN_WRITE, "BEGIN IMMEDIATE") \
    X(COMMIT, "COMMIT") \
    X(ROLLBACK, "ROLLBACK") \
    X(STATE_GET, "SELECT bytes FROM state WHERE id = 1") \
    X(STATE_PUT, "INSERT INTO state(id, bytes) VALUES(1, ?1) ON CONFLICT(id) DO UPDATE SET bytes = ?1") \
    X(GET, "SELECT bytes FROM piece WHERE kind = ?1 AND key = ?2") \
    X(PUT, "INSERT INTO piece(kind, key, bytes) VALUES(?1, ?2, ?3) ON CONFLICT(kind, key) DO UPDATE SET bytes = ?3") \
    X(EACH, "SELECT bytes FROM piece WHERE kind = ?1 AND key >= ?2 AND key < ?3 ORDER BY key") \
    X(CLEAR_STATE, "DELETE FROM state") \
    X(CLEAR_PIECES, "DELETE FROM piece")

enum shelf_statement {
#define X(name, sql) SHELF_##name,
    SHELF_STATEMENTS(X)
#undef X
    SHELF_STATEMENT_COUNT
};

struct sapa_shelf {
    sqlite3 *db;
    sqlite3_stmt *statements[SHELF_STATEMENT_COUNT];
};

static const char schema[] =
    "CREATE TABLE state(id INTEGER PRIMARY KEY CHECK(id = 1), bytes BLOB NOT NULL);"
    "CREATE TABLE piece(kind INTEGER NOT NULL, key INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY(kind, key))"
    " WITHOUT ROWID;"
    "PRAGMA user_version = 1;";

/* The statement, reset and without values; NULL: sqlite3_errcode() says why. */
static sqlite3_stmt *take(struct sapa_shelf *shelf, enum shelf_statement which)
{
    static const char *const sql[] = {
#define X(name, text) [SHELF_##name] = text,
        SHELF_STATEMENTS(X)
#undef X
    };
    sqlite3_stmt **st = &shelf->statements[which];

    if (!*st && sqlite3_prepare_v3(shelf->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, st, NULL) != SQLITE_OK)
        return NULL;
    sqlite3_reset(*st);
    sqlite3_clear_bindings(*st);
    return *st;
}

static sapa_rc rc_of(struct sapa_shelf *shelf, int code)
{
    if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED)
        return SAPA_EAGAIN;
    return sapa_sqlite_rc(shelf->db, code);
}

/* Run a statement that gives no rows. */
static sapa_rc run(struct sapa_shelf *shelf, sqlite3_stmt *st)
{
    const int code = st ? sqlite3_step(st) : sqlite3_errcode(shelf->db);

    if (st)
        sqlite3_reset(st);
    return rc_of(shelf, code);
}

static int version_of(sqlite3 *db, int *ret_version)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL);

    if (code == SQLITE_OK && (code = sqlite3_step(st)) == SQLITE_ROW) {
        *ret_version = sqlite3_column_int(st, 0);
        code = SQLITE_OK;
    }
    sqlite3_finalize(st);
    return code;
}

/* Open what is there; for writing, an empty file becomes a shelf. */
static sapa_rc try_open(const char *path, bool read_only, struct sapa_shelf *shelf)
{
    int version = -1;
    int code = sqlite3_open_v2(path, &shelf->db,
                               read_only ? SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX
                                         : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(shelf->db, BUSY_MS);
        code = read_only ? SQLITE_OK
                         : sqlite3_exec(shelf->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
    }
    if (code == SQLITE_OK)
        code = version_of(shelf->db, &version);
    if (code == SQLITE_OK && version == 0 && !read_only) {
        code = sqlite3_exec(shelf->db, schema, NULL, NULL, NULL);
        version = SHELF_VERSION;
    }
    if (code != SQLITE_OK)
        return (code & 0xff) == SQLITE_CANTOPEN && read_only ? SAPA_ENOENT : rc_of(shelf, code);
    return version == SHELF_VERSION ? SAPA_OK : SAPA_EVERSION;
}

static void drop(const char *path)
{
    static const char *const ends[] = { "", "-wal", "-shm" };
    char name[4200];

    for (size_t i = 0; i < SAPA_COUNT(ends); i++) {
        snprintf(name, sizeof(name), "%s%s", path, ends[i]);
        (void)unlink(name);
    }
}

sapa_rc sapa_shelf_open(const char *folder, bool read_only, struct sapa_shelf **ret_shelf)
{
    struct sapa_shelf *shelf = calloc(1, sizeof(*shelf));
    char path[4096];
    struct sapa_text text;

    sapa_text_init(&text, path, sizeof(path));
    sapa_text_printf(&text, "%s/figures.db", folder);
    if (!shelf || text.cut) {
        free(shelf);
        return shelf ? SAPA_EINVAL : SAPA_ENOMEM;
    }
    sapa_rc rc = try_open(path, read_only, shelf);
    if (!read_only && (rc == SAPA_ECORRUPT || rc == SAPA_EVERSION)) {
        sapa_log(SAPA_LOG_WARN, "figures.shelf", "file=%s %s: made anew from the log", path, sapa_rc_text(rc));
        sqlite3_close(shelf->db);
        shelf->db = NULL;
        drop(path);
        rc = try_open(path, false, shelf);
    }
    if (rc != SAPA_OK) {
        sapa_shelf_close(shelf);
        return rc;
    }
    *ret_shelf = shelf;
    return SAPA_OK;
}

void sapa_shelf_close(struct sapa_shelf *shelf)
{
    if (!shelf)
        return;
    for (unsigned i = 0; i < SHELF_STATEMENT_COUNT; i++)
        sqlite3_finalize(shelf->statements[i]);
    sqlite3_close(shelf->db);
    free(shelf);
}

sapa_rc sapa_shelf_begin(struct sapa_shelf *shelf, bool write)
{
    return run(shelf, take(shelf, write ? SHELF_BEGIN_WRITE : SHELF_BEGIN));
}

sapa_rc sapa_shelf_end(struct sapa_shelf *shelf, bool keep)
{
    sapa_rc rc = SAPA_OK;

    if (shelf->statements[SHELF_STATE_GET])
        sqlite3_reset(shelf->statements[SHELF_STATE_GET]);
    if (shelf->statements[SHELF_GET])
        sqlite3_reset(shelf->statements[SHELF_GET]);
    if (keep)
        rc = run(shelf, take(shelf, SHELF_COMMIT));
    if (!sqlite3_get_autocommit(shelf->db)) {
        const sapa_rc undone = run(shelf, take(shelf, SHELF_ROLLBACK));
        rc = rc == SAPA_OK ? undone : rc;
    }
    return rc;
}

/* The bytes of the row that `st` stands at after one step. */
static sapa_rc one_row(struct sapa_shelf *shelf, sqlite3_stmt *st, struct sapa_str *ret)
{
    const int code = st ? sqlite3_step(st) : sqlite3_errcode(shelf->db);

    if (code != SQLITE_ROW)
        return code == SQLITE_DONE ? SAPA_ENOENT : rc_of(shelf, code);
    const void *bytes = sqlite3_column_blob(st, 0);
    *ret = (struct sapa_str){ bytes ? bytes : "", (size_t)sqlite3_column_bytes(st, 0) };
    return SAPA_OK;
}

sapa_rc sapa_shelf_state(struct sapa_shelf *shelf, struct sapa_str *ret_state)
{
    return one_row(shelf, take(shelf, SHELF_STATE_GET), ret_state);
}

sapa_rc sapa_shelf_state_put(struct sapa_shelf *shelf, struct sapa_str state)
{
    sqlite3_stmt *st = take(shelf, SHELF_STATE_PUT);

    if (st)
        sqlite3_bind_blob64(st, 1, state.p, state.n, SQLITE_STATIC);
    return run(shelf, st);
}

sapa_rc sapa_shelf_get(struct sapa_shelf *shelf, uint32_t kind, uint64_t key, struct sapa_str *ret_piece)
{
    sqlite3_stmt *st = take(shelf, SHELF_GET);

    if (st) {
        sqlite3_bind_int64(st, 1, kind);
        sqlite3_bind_int64(st, 2, (sqlite3_int64)key);
    }
    return one_row(shelf, st, ret_piece);
}

sapa_rc sapa_shelf_put(struct sapa_shelf *shelf, uint32_t kind, uint64_t key, struct sapa_str piece)
{
    sqlite3_stmt *st = take(shelf, SHELF_PUT);

    if (st) {
        sqlite3_bind_int64(st, 1, kind);
        sqlite3_bind_int64(st, 2, (sqlite3_int64)key);
        sqlite3_bind_blob64(st, 3, piece.p, piece.n, SQLITE_STATIC);
    }
    return run(shelf, st);
}

sapa_rc sapa_shelf_each(struct sapa_shelf *shelf, uint32_t kind, uint64_t from, uint64_t to, sapa_shelf_piece_fn *fn,
                        void *ctx)
{
    sqlite3_stmt *st = take(shelf, SHELF_EACH);
    struct sapa_str piece;
    sapa_rc rc;

    if (st) {
        sqlite3_bind_int64(st, 1, kind);
        sqlite3_bind_int64(st, 2, (sqlite3_int64)SAPA_MIN(from, (uint64_t)INT64_MAX));
        sqlite3_bind_int64(st, 3, (sqlite3_int64)SAPA_MIN(to, (uint64_t)INT64_MAX));
    }
    while ((rc = one_row(shelf, st, &piece)) == SAPA_OK)
        if (!fn(ctx, piece))
            break;
    if (st)
        sqlite3_reset(st);
    return rc == SAPA_ENOENT ? SAPA_OK : rc;
}

sapa_rc sapa_shelf_clear(struct sapa_shelf *shelf)
{
    const sapa_rc rc = run(shelf, take(shelf, SHELF_CLEAR_STATE));

    return rc == SAPA_OK ? run(shelf, take(shelf, SHELF_CLEAR_PIECES)) : rc;
}
