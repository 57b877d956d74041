#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "rt/file.h"
#include "store/sqlite/sqlite_impl.h"

enum {
    BUSY_MS = 5000,
    CHECKPOINT_BUSY_MS = 200,
    CHECKPOINT_PAGES = 1000,      /* of 4 KiB: the background thread is asked */
    CHECKPOINT_PAGES_MAX = 8192,  /* it does not keep up: the writer does it itself */
};

static const char *const sql_of[ST_COUNT] = {
#define X(name, sql) [ST_##name] = sql,
    STATEMENTS(X)
#undef X
};

/* --- statements --- */

static void note(struct sqlite_store *store, sqlite3 *db, int code, const char *what)
{
    struct sapa_text text;

    pthread_mutex_lock(&store->lock);
    sapa_text_init(&text, store->problem, sizeof(store->problem));
    sapa_text_printf(&text, "%s: %s", what, sqlite3_errmsg(db));
    if (sqlite3_system_errno(db) != 0 && (code & 0xff) != SQLITE_CORRUPT)
        sapa_text_printf(&text, " (system error %d)", sqlite3_system_errno(db));
    pthread_mutex_unlock(&store->lock);
}

static sqlite3_stmt *get(struct link *link, enum statement which)
{
    sqlite3_stmt **st = &link->statements[which];

    if (!*st && sqlite3_prepare_v3(link->db, sql_of[which], -1, SQLITE_PREPARE_PERSISTENT, st, NULL) != SQLITE_OK)
        return NULL;
    return *st;
}

static void bind_u64(sqlite3_stmt *st, int at, uint64_t value)
{
    if (st)
        sqlite3_bind_int64(st, at, (sqlite3_int64)value);
}

static void bind_bytes(sqlite3_stmt *st, int at, const void *bytes, size_t size)
{
    if (st)
        sqlite3_bind_blob64(st, at, size ? bytes : "", size, SQLITE_STATIC);
}

static void bind_text(sqlite3_stmt *st, int at, const char *text)
{
    if (st)
        sqlite3_bind_text(st, at, text ? text : "", -1, SQLITE_STATIC);
}

/* Run to the end; a statement without rows. */
static sapa_rc run(struct sqlite_store *store, struct link *link, enum statement which)
{
    sqlite3_stmt *st = get(link, which);
    const int code = st ? sqlite3_step(st) : sqlite3_errcode(link->db);
    const sapa_rc rc = sapa_sqlite_rc(link->db, code);

    if (rc != SAPA_OK)
        note(store, link->db, code, sql_of[which]);
    if (st) {
        sqlite3_reset(st);
        sqlite3_clear_bindings(st);
    }
    return rc;
}

/* Step to a row: SAPA_ENOENT when there is none. The caller calls done() afterwards in any case. */
static sapa_rc step(struct sqlite_store *store, struct link *link, enum statement which)
{
    sqlite3_stmt *st = get(link, which);
    const int code = st ? sqlite3_step(st) : sqlite3_errcode(link->db);
    const sapa_rc rc = sapa_sqlite_rc(link->db, code);

    if (rc != SAPA_OK)
        note(store, link->db, code, sql_of[which]);
    return rc != SAPA_OK ? rc : code == SQLITE_ROW ? SAPA_OK : SAPA_ENOENT;
}

static void done(struct link *link, enum statement which)
{
    if (link->statements[which]) {
        sqlite3_reset(link->statements[which]);
        sqlite3_clear_bindings(link->statements[which]);
    }
}

static struct link *begin_read(struct sqlite_store *store)
{
    pthread_mutex_lock(&store->reading.lock);
    return &store->reading;
}

static void end_read(struct sqlite_store *store)
{
    pthread_mutex_unlock(&store->reading.lock);
}

static sapa_rc begin_write(struct sqlite_store *store, struct link **ret_link)
{
    pthread_mutex_lock(&store->writing.lock);
    *ret_link = &store->writing;
    const sapa_rc rc = run(store, &store->writing, ST_BEGIN);
    if (rc != SAPA_OK)
        pthread_mutex_unlock(&store->writing.lock);
    return rc;
}

/* Commit when `rc` is good, else undo. */
static sapa_rc end_write(struct sqlite_store *store, sapa_rc rc)
{
    struct link *link = &store->writing;

    if (rc == SAPA_OK)
        rc = run(store, link, ST_COMMIT);
    if (rc != SAPA_OK && !sqlite3_get_autocommit(link->db)) {
        sqlite3_stmt *rollback = get(link, ST_ROLLBACK);
        if (rollback) {
            sqlite3_step(rollback);
            sqlite3_reset(rollback);
        }
    }
    pthread_mutex_unlock(&store->writing.lock);
    return rc;
}

/* --- the journal --- */

static void fill_row(sqlite3_stmt *st, struct sapa_commit_row *row)
{
    *row = (struct sapa_commit_row){ .last_seq = (uint64_t)sqlite3_column_int64(st, 0),
                                     .commit = (uint64_t)sqlite3_column_int64(st, 1),
                                     .first_seq = (uint64_t)sqlite3_column_int64(st, 2),
                                     .wall_us = sqlite3_column_int64(st, 3),
                                     .epoch = (uint64_t)sqlite3_column_int64(st, 4),
                                     .count = (uint32_t)sqlite3_column_int64(st, 5) };
    if (sqlite3_column_bytes(st, 6) == 32)
        memcpy(row->prev_hash, sqlite3_column_blob(st, 6), 32);
    if (sqlite3_column_bytes(st, 7) == 32)
        memcpy(row->hash, sqlite3_column_blob(st, 7), 32);
}

static sapa_rc check_place(struct sqlite_store *store, struct link *link, const struct sapa_commit_row *row)
{
    struct sapa_commit_row last = { 0 };
    uint64_t epoch = 0;
    sapa_rc rc = step(store, link, ST_EPOCH_GET);

    if (rc == SAPA_OK)
        epoch = (uint64_t)sqlite3_column_int64(get(link, ST_EPOCH_GET), 0);
    done(link, ST_EPOCH_GET);
    if (rc != SAPA_OK && rc != SAPA_ENOENT)
        return rc;
    if (epoch != row->epoch)
        return SAPA_EDENIED;
    rc = step(store, link, ST_JOURNAL_TAIL);
    if (rc == SAPA_OK)
        fill_row(get(link, ST_JOURNAL_TAIL), &last);
    done(link, ST_JOURNAL_TAIL);
    if (rc != SAPA_OK && rc != SAPA_ENOENT)
        return rc;
    return last.last_seq + 1 == row->first_seq && memcmp(last.hash, row->prev_hash, 32) == 0 ? SAPA_OK : SAPA_ESTATE;
}

static sapa_rc put_person(struct sqlite_store *store, struct link *link, const struct sapa_new_person *person)
{
    sqlite3_stmt *st = get(link, ST_PERSON_PUT);
    sapa_rc rc;

    bind_u64(st, 1, person->person);
    bind_u64(st, 2, person->client);
    bind_u64(st, 3, person->seq);
    rc = run(store, link, ST_PERSON_PUT);
    if (rc == SAPA_OK && !person->has_key) {
        st = get(link, ST_KEY_PUT);
        bind_u64(st, 1, person->person);
        bind_bytes(st, 2, person->wrapped, sizeof(person->wrapped));
        rc = run(store, link, ST_KEY_PUT);
    }
    if (rc == SAPA_OK) {
        st = get(link, ST_IDENTITY_PUT);
        bind_u64(st, 1, person->client);
        bind_u64(st, 2, person->kind);
        bind_bytes(st, 3, person->lookup, sizeof(person->lookup));
        bind_u64(st, 4, person->person);
        bind_bytes(st, 5, person->value, person->value_size);
        rc = run(store, link, ST_IDENTITY_PUT);
    }
    return rc;
}

static sapa_rc put_marks(struct sqlite_store *store, struct link *link, const struct sapa_contact_mark *marks, size_t count)
{
    static const enum statement statements[] = { [SAPA_MARK_BEGIN] = ST_SPAN_BEGIN, [SAPA_MARK_END] = ST_SPAN_END,
                                                 [SAPA_MARK_AFTER] = ST_SPAN_AFTER, [SAPA_MARK_CENTRE] = ST_CENTRE_PUT,
                                                 [SAPA_MARK_MOMENT] = ST_MOMENT_PUT, [SAPA_MARK_PERSON] = ST_PAST_PUT };
    sapa_rc rc = SAPA_OK;

    for (size_t i = 0; rc == SAPA_OK && i < count; i++) {
        const enum statement which = statements[marks[i].what];
        sqlite3_stmt *st = get(link, which);
        bind_u64(st, 1, marks[i].contact);
        bind_u64(st, 2, marks[i].seq);
        if (which == ST_MOMENT_PUT || which == ST_PAST_PUT)
            bind_u64(st, 3, marks[i].value);
        rc = run(store, link, which);
    }
    return rc;
}

static sapa_rc db_marks_put(void *db, const struct sapa_contact_mark *marks, size_t count)
{
    struct sqlite_store *store = db;
    struct link *link;
    const sapa_rc rc = begin_write(store, &link);

    return rc == SAPA_OK ? end_write(store, put_marks(store, link, marks, count)) : rc;
}

static sapa_rc db_commit(void *db, const struct sapa_commit *commit)
{
    struct sqlite_store *store = db;
    const struct sapa_commit_row *row = &commit->row;
    struct link *link;
    sapa_rc rc = begin_write(store, &link);

    if (rc != SAPA_OK)
        return rc;
    rc = check_place(store, link, row);
    if (rc == SAPA_OK) {
        sqlite3_stmt *st = get(link, ST_JOURNAL_PUT);
        bind_u64(st, 1, row->last_seq);
        bind_u64(st, 2, row->commit);
        bind_u64(st, 3, row->first_seq);
        bind_u64(st, 4, (uint64_t)row->wall_us);
        bind_u64(st, 5, row->epoch);
        bind_u64(st, 6, row->count);
        bind_bytes(st, 7, row->prev_hash, 32);
        bind_bytes(st, 8, row->hash, 32);
        bind_bytes(st, 9, row->frames, row->frames_size);
        rc = run(store, link, ST_JOURNAL_PUT);
    }
    for (size_t i = 0; rc == SAPA_OK && i < commit->person_count; i++)
        rc = put_person(store, link, &commit->persons[i]);
    if (rc == SAPA_OK)
        rc = put_marks(store, link, commit->marks, commit->mark_count);
    return end_write(store, rc);
}

static sapa_rc read_row(struct sqlite_store *store, enum statement which, uint64_t seq, struct sapa_buffer *frames,
                        struct sapa_commit_row *ret)
{
    struct link *link = begin_read(store);
    sqlite3_stmt *st = get(link, which);

    if (which != ST_JOURNAL_TAIL)
        bind_u64(st, 1, SAPA_MIN(seq, (uint64_t)INT64_MAX));
    sapa_rc rc = step(store, link, which);
    if (rc == SAPA_OK && frames) {
        const void *bytes = sqlite3_column_blob(st, 8);
        const size_t size = (size_t)sqlite3_column_bytes(st, 8);
        frames->n = 0;
        if (size > 0 && !bytes)
            rc = SAPA_ENOMEM;
        else if ((rc = sapa_buffer_reserve(frames, size + 1)) == SAPA_OK && size > 0)
            memcpy(frames->p, bytes, size);
        if (rc == SAPA_OK)
            frames->n = size;
    }
    if (rc == SAPA_OK) {
        fill_row(st, ret);
        ret->frames = frames ? frames->p : NULL;
        ret->frames_size = frames ? frames->n : 0;
    }
    done(link, which);
    end_read(store);
    return rc;
}

static sapa_rc db_tail(void *db, struct sapa_commit_row *ret)
{
    return read_row(db, ST_JOURNAL_TAIL, 0, NULL, ret);
}

static sapa_rc db_read(void *db, uint64_t seq, struct sapa_buffer *frames, struct sapa_commit_row *ret)
{
    return read_row(db, frames ? ST_JOURNAL_READ : ST_JOURNAL_HEAD, seq, frames, ret);
}

static sapa_rc db_read_before(void *db, uint64_t seq, struct sapa_commit_row *ret)
{
    return read_row(db, ST_JOURNAL_BEFORE, seq, NULL, ret);
}

static sapa_rc db_quarantine(void *db, uint64_t seq, const char *reason, int64_t wall_us, uint64_t *ret_commits)
{
    struct sqlite_store *store = db;
    struct link *link;
    uint64_t commits = 0;
    sapa_rc rc = begin_write(store, &link);

    if (rc != SAPA_OK)
        return rc;
    sqlite3_stmt *st = get(link, ST_JOURNAL_MOVE);
    bind_u64(st, 1, seq);
    bind_text(st, 2, reason);
    bind_u64(st, 3, (uint64_t)wall_us);
    rc = run(store, link, ST_JOURNAL_MOVE);
    if (rc == SAPA_OK) {
        bind_u64(get(link, ST_JOURNAL_CUT), 1, seq);
        rc = run(store, link, ST_JOURNAL_CUT);
        commits = (uint64_t)sqlite3_changes64(link->db);
    }
    static const enum statement cuts[] = { ST_CENTRE_CUT, ST_MOMENT_CUT, ST_PAST_CUT };
    for (size_t i = 0; rc == SAPA_OK && i < SAPA_COUNT(cuts); i++) {
        bind_u64(get(link, cuts[i]), 1, seq);
        rc = run(store, link, cuts[i]);
    }
    rc = end_write(store, rc);
    if (rc == SAPA_OK)
        *ret_commits = commits;
    return rc;
}

static sapa_rc db_contact_span(void *db, uint64_t contact, uint64_t *ret_first, uint64_t *ret_last)
{
    struct sqlite_store *store = db;
    struct link *link = begin_read(store);
    sqlite3_stmt *st = get(link, ST_SPAN_GET);

    bind_u64(st, 1, contact);
    const sapa_rc rc = step(store, link, ST_SPAN_GET);
    if (rc == SAPA_OK) {
        *ret_first = (uint64_t)sqlite3_column_int64(st, 0);
        *ret_last = (uint64_t)sqlite3_column_int64(st, 1);
    }
    done(link, ST_SPAN_GET);
    end_read(store);
    return rc;
}

static sapa_rc db_centre_start(void *db, uint64_t seq, uint64_t *ret_seq)
{
    struct sqlite_store *store = db;
    struct link *link = begin_read(store);
    sqlite3_stmt *st = get(link, ST_CENTRE_GET);

    bind_u64(st, 1, seq);
    const sapa_rc rc = step(store, link, ST_CENTRE_GET);
    if (rc == SAPA_OK)
        *ret_seq = (uint64_t)sqlite3_column_int64(st, 0);
    done(link, ST_CENTRE_GET);
    end_read(store);
    return rc;
}

/* Rows of (contact, seq): the first two numbers are looked for, the third is the limit. */
static sapa_rc each_contact(struct sqlite_store *store, enum statement which, uint64_t a, uint64_t b, size_t limit,
                            sapa_contact_row_fn *fn, void *ctx)
{
    struct link *link = begin_read(store);
    sqlite3_stmt *st = get(link, which);
    sapa_rc rc;

    bind_u64(st, 1, a);
    bind_u64(st, 2, SAPA_MIN(b, (uint64_t)INT64_MAX));
    bind_u64(st, 3, limit);
    while ((rc = step(store, link, which)) == SAPA_OK)
        fn(ctx, (uint64_t)sqlite3_column_int64(st, 0), (uint64_t)sqlite3_column_int64(st, 1));
    done(link, which);
    end_read(store);
    return rc == SAPA_ENOENT ? SAPA_OK : rc;
}

static sapa_rc db_moments_each(void *db, uint64_t contact, unsigned kind, size_t limit, sapa_contact_row_fn *fn, void *ctx)
{
    return each_contact(db, ST_MOMENT_EACH, contact, kind, limit, fn, ctx);
}

static sapa_rc db_person_contacts(void *db, uint64_t person, uint64_t before, size_t limit, sapa_contact_row_fn *fn, void *ctx)
{
    return each_contact(db, ST_PAST_EACH, person, before, limit, fn, ctx);
}

/* --- small rows --- */

static sapa_rc db_take_epoch(void *db, const char *who, int64_t wall_us, uint64_t *ret_epoch)
{
    struct sqlite_store *store = db;
    struct link *link;
    uint64_t epoch = 0;
    sapa_rc rc = begin_write(store, &link);

    if (rc != SAPA_OK)
        return rc;
    rc = step(store, link, ST_EPOCH_GET);
    if (rc == SAPA_OK)
        epoch = (uint64_t)sqlite3_column_int64(get(link, ST_EPOCH_GET), 0);
    done(link, ST_EPOCH_GET);
    if (rc == SAPA_OK || rc == SAPA_ENOENT) {
        sqlite3_stmt *st = get(link, ST_EPOCH_PUT);
        bind_u64(st, 1, ++epoch);
        bind_text(st, 2, who);
        bind_u64(st, 3, (uint64_t)wall_us);
        rc = run(store, link, ST_EPOCH_PUT);
    }
    rc = end_write(store, rc);
    if (rc == SAPA_OK)
        *ret_epoch = epoch;
    return rc;
}

static sapa_rc get_bytes(struct sqlite_store *store, enum statement which, const char *key, struct sapa_buffer *value)
{
    struct link *link = begin_read(store);
    sqlite3_stmt *st = get(link, which);

    bind_text(st, 1, key);
    sapa_rc rc = step(store, link, which);
    if (rc == SAPA_OK) {
        const void *bytes = sqlite3_column_blob(st, 0);
        const size_t size = (size_t)sqlite3_column_bytes(st, 0);
        value->n = 0;
        rc = sapa_buffer_reserve(value, size + 1);
        if (rc == SAPA_OK && size > 0)
            memcpy(value->p, bytes, size);
        if (rc == SAPA_OK)
            value->n = size;
    }
    done(link, which);
    end_read(store);
    return rc;
}

static sapa_rc put_bytes(struct sqlite_store *store, enum statement which, const char *key, const void *value,
                         size_t size, int64_t wall_us)
{
    struct link *link;
    sapa_rc rc = begin_write(store, &link);

    if (rc != SAPA_OK)
        return rc;
    sqlite3_stmt *st = get(link, which);
    bind_text(st, 1, key);
    bind_bytes(st, 2, value, size);
    bind_u64(st, 3, (uint64_t)wall_us);
    rc = run(store, link, which);
    return end_write(store, rc);
}

static sapa_rc db_setting_get(void *db, const char *key, struct sapa_buffer *value)
{
    return get_bytes(db, ST_SETTING_GET, key, value);
}

static sapa_rc db_setting_put(void *db, const char *key, const void *value, size_t size, int64_t wall_us)
{
    return put_bytes(db, ST_SETTING_PUT, key, value, size, wall_us);
}

static sapa_rc db_settings_put(void *db, const struct sapa_setting *of, size_t count, int64_t wall_us)
{
    struct sqlite_store *store = db;
    struct link *link;
    sapa_rc rc = begin_write(store, &link);

    if (rc != SAPA_OK)
        return rc;
    for (size_t i = 0; rc == SAPA_OK && i < count; i++) {
        const enum statement which = of[i].value ? ST_SETTING_PUT : ST_SETTING_DELETE;
        sqlite3_stmt *st = get(link, which);
        bind_text(st, 1, of[i].key);
        if (of[i].value) {
            bind_bytes(st, 2, of[i].value, strlen(of[i].value));
            bind_u64(st, 3, (uint64_t)wall_us);
        }
        rc = run(store, link, which);
    }
    return end_write(store, rc);
}

static sapa_rc db_setting_delete(void *db, const char *key)
{
    struct sqlite_store *store = db;
    struct link *link;
    sapa_rc rc = begin_write(store, &link);

    if (rc != SAPA_OK)
        return rc;
    bind_text(get(link, ST_SETTING_DELETE), 1, key);
    rc = run(store, link, ST_SETTING_DELETE);
    return end_write(store, rc);
}

static sapa_rc db_document_get(void *db, const char *hash, struct sapa_buffer *text)
{
    return get_bytes(db, ST_DOCUMENT_GET, hash, text);
}

static sapa_rc db_document_put(void *db, const char *hash, const void *text, size_t size, int64_t wall_us)
{
    return put_bytes(db, ST_DOCUMENT_PUT, hash, text, size, wall_us);
}

static sapa_rc db_client(void *db, const char *key, const char *name, int64_t wall_us, uint64_t *ret_client)
{
    struct sqlite_store *store = db;
    struct link *link;
    uint64_t client = 0;
    sapa_rc rc = begin_write(store, &link);

    if (rc != SAPA_OK)
        return rc;
    sqlite3_stmt *st = get(link, ST_CLIENT_PUT);
    bind_text(st, 1, key);
    bind_text(st, 2, name);
    bind_u64(st, 3, (uint64_t)wall_us);
    rc = step(store, link, ST_CLIENT_PUT);
    if (rc == SAPA_OK)
        client = (uint64_t)sqlite3_column_int64(st, 0);
    done(link, ST_CLIENT_PUT);
    rc = end_write(store, rc);
    if (rc == SAPA_OK)
        *ret_client = client;
    return rc;
}

/* --- people --- */

/* A query with one number in and one out. */
static sapa_rc get_number(struct sqlite_store *store, enum statement which, uint64_t in, uint64_t *ret)
{
    struct link *link = begin_read(store);
    sqlite3_stmt *st = get(link, which);

    if (which != ST_PERSON_LAST)
        bind_u64(st, 1, in);
    const sapa_rc rc = step(store, link, which);
    if (rc == SAPA_OK)
        *ret = (uint64_t)sqlite3_column_int64(st, 0);
    done(link, which);
    end_read(store);
    return rc;
}

static sapa_rc db_person_last(void *db, uint64_t *ret_person)
{
    return get_number(db, ST_PERSON_LAST, 0, ret_person);
}

static sapa_rc db_merged_into(void *db, uint64_t from, uint64_t *ret_into)
{
    return get_number(db, ST_MERGED_INTO, from, ret_into);
}

static sapa_rc db_person_get(void *db, uint64_t person, uint64_t *ret_client, bool *ret_erased)
{
    struct sqlite_store *store = db;
    struct link *link = begin_read(store);
    sqlite3_stmt *st = get(link, ST_PERSON_GET);

    bind_u64(st, 1, person);
    const sapa_rc rc = step(store, link, ST_PERSON_GET);
    if (rc == SAPA_OK) {
        *ret_client = (uint64_t)sqlite3_column_int64(st, 0);
        *ret_erased = sqlite3_column_int(st, 1) != 0;
    }
    done(link, ST_PERSON_GET);
    end_read(store);
    return rc;
}

static sapa_rc db_key_get(void *db, uint64_t person, uint8_t ret_wrapped[SAPA_WRAPPED_KEY_SIZE])
{
    struct sqlite_store *store = db;
    struct link *link = begin_read(store);
    sqlite3_stmt *st = get(link, ST_KEY_GET);

    bind_u64(st, 1, person);
    sapa_rc rc = step(store, link, ST_KEY_GET);
    if (rc == SAPA_OK && sqlite3_column_bytes(st, 0) != SAPA_WRAPPED_KEY_SIZE)
        rc = SAPA_ECORRUPT;
    if (rc == SAPA_OK)
        memcpy(ret_wrapped, sqlite3_column_blob(st, 0), SAPA_WRAPPED_KEY_SIZE);
    done(link, ST_KEY_GET);
    end_read(store);
    return rc;
}

static sapa_rc db_identity_find(void *db, uint64_t client, unsigned kind, const uint8_t lookup[SAPA_LOOKUP_SIZE],
                                uint64_t *ret_person)
{
    struct sqlite_store *store = db;
    struct link *link = begin_read(store);
    sqlite3_stmt *st = get(link, ST_IDENTITY_FIND);

    bind_u64(st, 1, client);
    bind_u64(st, 2, kind);
    bind_bytes(st, 3, lookup, SAPA_LOOKUP_SIZE);
    const sapa_rc rc = step(store, link, ST_IDENTITY_FIND);
    if (rc == SAPA_OK)
        *ret_person = (uint64_t)sqlite3_column_int64(st, 0);
    done(link, ST_IDENTITY_FIND);
    end_read(store);
    return rc;
}

static sapa_rc db_identity_each(void *db, uint64_t person, sapa_identity_row_fn *fn, void *ctx)
{
    struct sqlite_store *store = db;
    struct link *link = begin_read(store);
    sqlite3_stmt *st = get(link, ST_IDENTITY_EACH);
    sapa_rc rc;

    bind_u64(st, 1, person);
    while ((rc = step(store, link, ST_IDENTITY_EACH)) == SAPA_OK)
        fn(ctx, (unsigned)sqlite3_column_int(st, 0), sqlite3_column_blob(st, 1), (size_t)sqlite3_column_bytes(st, 1));
    done(link, ST_IDENTITY_EACH);
    end_read(store);
    return rc == SAPA_ENOENT ? SAPA_OK : rc;
}

static sapa_rc db_merged_each(void *db, uint64_t into, sapa_person_row_fn *fn, void *ctx)
{
    struct sqlite_store *store = db;
    struct link *link = begin_read(store);
    sqlite3_stmt *st = get(link, ST_MERGED_EACH);
    sapa_rc rc;

    bind_u64(st, 1, into);
    while ((rc = step(store, link, ST_MERGED_EACH)) == SAPA_OK)
        fn(ctx, (uint64_t)sqlite3_column_int64(st, 0));
    done(link, ST_MERGED_EACH);
    end_read(store);
    return rc == SAPA_ENOENT ? SAPA_OK : rc;
}

static sapa_rc db_merge_add(void *db, uint64_t from, uint64_t into, const char *by, int64_t wall_us,
                            uint64_t *ret_merge)
{
    struct sqlite_store *store = db;
    struct link *link;
    uint64_t merge = 0;
    sapa_rc rc = begin_write(store, &link);

    if (rc != SAPA_OK)
        return rc;
    sqlite3_stmt *st = get(link, ST_MERGE_PUT);
    bind_u64(st, 1, from);
    bind_u64(st, 2, into);
    bind_u64(st, 3, (uint64_t)wall_us);
    bind_text(st, 4, by);
    rc = step(store, link, ST_MERGE_PUT);
    if (rc == SAPA_OK)
        merge = (uint64_t)sqlite3_column_int64(st, 0);
    done(link, ST_MERGE_PUT);
    rc = end_write(store, rc);
    if (rc == SAPA_OK)
        *ret_merge = merge;
    return rc;
}

static sapa_rc db_merge_undo(void *db, uint64_t merge, const char *by, int64_t wall_us)
{
    struct sqlite_store *store = db;
    struct link *link;
    sapa_rc rc = begin_write(store, &link);

    if (rc != SAPA_OK)
        return rc;
    bind_u64(get(link, ST_MERGE_STATE), 1, merge);
    rc = step(store, link, ST_MERGE_STATE);
    if (rc == SAPA_OK && sqlite3_column_int(get(link, ST_MERGE_STATE), 0) != 0)
        rc = SAPA_ESTATE;
    done(link, ST_MERGE_STATE);
    if (rc == SAPA_OK) {
        sqlite3_stmt *st = get(link, ST_MERGE_UNDO);
        bind_u64(st, 1, merge);
        bind_u64(st, 2, (uint64_t)wall_us);
        bind_text(st, 3, by);
        rc = run(store, link, ST_MERGE_UNDO);
    }
    return end_write(store, rc);
}

static sapa_rc db_erase(void *db, const uint64_t *persons, size_t count, const char *by, int64_t wall_us)
{
    struct sqlite_store *store = db;
    struct link *link;
    sapa_rc rc = begin_write(store, &link);

    if (rc != SAPA_OK)
        return rc;
    for (size_t i = 0; rc == SAPA_OK && i < count; i++) {
        bind_u64(get(link, ST_KEY_CUT), 1, persons[i]);
        rc = run(store, link, ST_KEY_CUT);
        if (rc == SAPA_OK) {
            bind_u64(get(link, ST_IDENTITY_CUT), 1, persons[i]);
            rc = run(store, link, ST_IDENTITY_CUT);
        }
        if (rc == SAPA_OK) {
            bind_u64(get(link, ST_PAST_FORGET), 1, persons[i]);
            rc = run(store, link, ST_PAST_FORGET);
        }
        if (rc == SAPA_OK) {
            sqlite3_stmt *st = get(link, ST_PERSON_ERASE);
            bind_u64(st, 1, persons[i]);
            bind_u64(st, 2, (uint64_t)wall_us);
            bind_text(st, 3, by);
            rc = run(store, link, ST_PERSON_ERASE);
        }
    }
    return end_write(store, rc);
}

/* --- checkpoints --- */

/*
 * The write-ahead file is emptied by a thread of its own, so that a commit waits for one sync, not
 * for the whole database. PASSIVE never blocks the writer; once all of it is copied the next commit
 * starts the file over. When commits come faster than that, the writer itself copies the little rest.
 */
static int on_wal(void *ctx, sqlite3 *db, const char *name, int pages)
{
    struct sqlite_store *store = ctx;

    if (pages >= CHECKPOINT_PAGES_MAX) {
        (void)sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    } else if (pages >= CHECKPOINT_PAGES) {
        pthread_mutex_lock(&store->lock);
        store->wanted = true;
        pthread_cond_signal(&store->wake);
        pthread_mutex_unlock(&store->lock);
    }
    return SQLITE_OK; /* a failed checkpoint is no failed commit */
}

static void checkpoint_main(void *ctx)
{
    struct sqlite_store *store = ctx;

    pthread_mutex_lock(&store->lock);
    for (;;) {
        while (!store->wanted && !store->stopping)
            pthread_cond_wait(&store->wake, &store->lock);
        if (store->stopping)
            break;
        store->wanted = false;
        pthread_mutex_unlock(&store->lock);
        (void)sqlite3_wal_checkpoint_v2(store->checkpoint_db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        pthread_mutex_lock(&store->lock);
    }
    pthread_mutex_unlock(&store->lock);
}

static sapa_rc db_checkpoint(void *db)
{
    struct sqlite_store *store = db;

    pthread_mutex_lock(&store->writing.lock);
    sqlite3_busy_timeout(store->writing.db, CHECKPOINT_BUSY_MS); /* commits wait for this: a slow reader is not waited for */
    const int code = sqlite3_wal_checkpoint_v2(store->writing.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_timeout(store->writing.db, BUSY_MS);
    const sapa_rc rc = sapa_sqlite_rc(store->writing.db, code);
    if (rc != SAPA_OK)
        note(store, store->writing.db, code, "checkpoint");
    pthread_mutex_unlock(&store->writing.lock);
    return rc;
}

/* --- opening and closing --- */

static void close_link(struct link *link)
{
    for (int i = 0; i < ST_COUNT; i++)
        sqlite3_finalize(link->statements[i]);
    sqlite3_close(link->db);
    pthread_mutex_destroy(&link->lock);
}

static void db_close(void *db)
{
    struct sqlite_store *store = db;

    if (store->checkpointer) {
        pthread_mutex_lock(&store->lock);
        store->stopping = true;
        pthread_cond_signal(&store->wake);
        pthread_mutex_unlock(&store->lock);
        sapa_thread_join(store->checkpointer);
    }
    sqlite3_close(store->checkpoint_db);
    close_link(&store->reading);
    close_link(&store->writing);
    pthread_cond_destroy(&store->wake);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

static void db_problem(void *db, char *buf, size_t size)
{
    struct sqlite_store *store = db;

    pthread_mutex_lock(&store->lock);
    (void)sapa_str_copy(sapa_str_of(store->problem), buf, size);
    pthread_mutex_unlock(&store->lock);
}

const struct sapa_store_ops sapa_sqlite_ops = {
    .close = db_close,
    .problem = db_problem,
    .commit = db_commit,
    .tail = db_tail,
    .read = db_read,
    .read_before = db_read_before,
    .quarantine = db_quarantine,
    .contact_span = db_contact_span,
    .centre_start = db_centre_start,
    .marks_put = db_marks_put,
    .moments_each = db_moments_each,
    .person_contacts = db_person_contacts,
    .checkpoint = db_checkpoint,
    .take_epoch = db_take_epoch,
    .setting_get = db_setting_get,
    .setting_put = db_setting_put,
    .settings_put = db_settings_put,
    .setting_delete = db_setting_delete,
    .document_get = db_document_get,
    .document_put = db_document_put,
    .client = db_client,
    .person_last = db_person_last,
    .person_get = db_person_get,
    .key_get = db_key_get,
    .identity_find = db_identity_find,
    .identity_each = db_identity_each,
    .merge_add = db_merge_add,
    .merge_undo = db_merge_undo,
    .merged_into = db_merged_into,
    .merged_each = db_merged_each,
    .erase = db_erase,
};

/* FULL: a commit is on the disk before it is told. secure_delete: an erased key is overwritten. */
static const char SETUP[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
                            "PRAGMA secure_delete = ON; PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY;"
                            "PRAGMA journal_size_limit = 67108864";
static const char SETUP_READER[] = "PRAGMA query_only = ON; PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY";

static sapa_rc open_link(const char *path, const char *vfs, bool create, const char *setup, sqlite3 **ret_db,
                         struct sapa_text *problem)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
    sqlite3 *db = NULL;
    int code = sqlite3_open_v2(path, &db, flags, vfs);

    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(db, BUSY_MS);
        sqlite3_extended_result_codes(db, 1);
        code = sqlite3_exec(db, setup, NULL, NULL, NULL);
    }
    if (code != SQLITE_OK) {
        sapa_text_printf(problem, "cannot open %s: %s", path, db ? sqlite3_errmsg(db) : "out of memory");
        const sapa_rc rc = (code & 0xff) == SQLITE_CANTOPEN && !create ? SAPA_ENOENT
                         : (code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_READONLY ? SAPA_EDENIED
                                                                                                 : sapa_sqlite_rc(db, code);
        sqlite3_close(db);
        return rc;
    }
    *ret_db = db;
    return SAPA_OK;
}

static sapa_rc open_all(struct sqlite_store *store, const struct sapa_store_opts *opts, const char *path,
                        struct sapa_text *problem)
{
    int version;
    sapa_rc rc = open_link(path, opts->vfs, !opts->read_only, "", &store->writing.db, problem);

    if (rc == SAPA_OK)
        rc = sapa_sqlite_check(store->writing.db, problem);
    if (rc != SAPA_OK)
        return rc;
    const int code = sqlite3_exec(store->writing.db, opts->read_only ? SETUP_READER : SETUP, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return sapa_sqlite_rc(store->writing.db, code);
    if (opts->read_only) {
        rc = sapa_sqlite_version(store->writing.db, &version);
        if (rc == SAPA_OK && version < SCHEMA_VERSION) {
            sapa_text_printf(problem, "%s has schema version %d, this build reads %d: start the centre once to migrate it",
                             path, version, SCHEMA_VERSION);
            return SAPA_EVERSION;
        }
    }
    if (rc == SAPA_OK)
        rc = sapa_sqlite_migrate(store->writing.db, SCHEMA_VERSION, opts->build, problem);
    if (rc == SAPA_OK)
        rc = open_link(path, opts->vfs, false, SETUP_READER, &store->reading.db, problem);
    if (rc != SAPA_OK || opts->read_only)
        return rc;
    rc = open_link(path, opts->vfs, false, "PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = FULL",
                   &store->checkpoint_db, problem);
    if (rc != SAPA_OK)
        return rc;
    sqlite3_wal_hook(store->writing.db, on_wal, store);
    return sapa_thread_start("store-copy", -1, checkpoint_main, store, &store->checkpointer);
}

sapa_rc sapa_store_open_sqlite(const struct sapa_store_opts *opts, struct sapa_text *problem,
                               struct sapa_store **ret_store)
{
    char path[4096], nothing[256];
    struct sapa_text text, ignored;

    if (!problem) {
        sapa_text_init(&ignored, nothing, sizeof(nothing));
        problem = &ignored;
    }
    sapa_text_init(&text, path, sizeof(path));
    sapa_text_printf(&text, "%s/sapa.db", opts->folder);
    if (text.cut)
        return SAPA_EINVAL;
    sapa_rc rc = opts->read_only ? SAPA_OK : sapa_folder_make(opts->folder, 0700);
    if (rc != SAPA_OK) {
        sapa_text_printf(problem, "cannot make the folder %s: %s", opts->folder, sapa_rc_text(rc));
        return rc;
    }
    if (opts->read_only && !sapa_file_exists(path)) {
        sapa_text_printf(problem, "there is no sapa.db in %s; --data DIR names the folder of a centre", opts->folder);
        return SAPA_ENOENT;
    }
    if (!opts->read_only && !sapa_file_exists(path)) {
        rc = sapa_file_create(path, "", 0, 0600); /* SQLite would let everybody read it */
        if (rc != SAPA_OK && rc != SAPA_EEXIST) {
            sapa_text_printf(problem, "cannot make %s: %s", path, sapa_rc_text(rc));
            return rc;
        }
    }
    struct sqlite_store *store = calloc(1, sizeof(*store));
    if (!store)
        return SAPA_ENOMEM;
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->wake, NULL);
    pthread_mutex_init(&store->writing.lock, NULL);
    pthread_mutex_init(&store->reading.lock, NULL);
    rc = open_all(store, opts, path, problem);
    if (rc != SAPA_OK) {
        if (problem->n == 0 && store->writing.db)
            sapa_text_printf(problem, "cannot open %s: %s", path, sqlite3_errmsg(store->writing.db));
        db_close(store);
        return rc;
    }
    return sapa_store_new(&sapa_sqlite_ops, store, opts, problem, ret_store);
}
