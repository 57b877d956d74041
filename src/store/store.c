#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "rt/clock.h"
#include "rt/file.h"
#include "rt/random.h"
#include "store/store_impl.h"

enum { TAIL_COMMITS_MAX = 256 };

void sapa_store_say(struct sapa_store *store, const char *fmt, ...)
{
    struct sapa_text text;
    va_list args;

    pthread_mutex_lock(&store->tail_lock);
    sapa_text_init(&text, store->problem, sizeof(store->problem));
    va_start(args, fmt);
    sapa_text_vprintf(&text, fmt, args);
    va_end(args);
    pthread_mutex_unlock(&store->tail_lock);
}

const char *sapa_store_problem(struct sapa_store *store, char *buf, size_t size)
{
    pthread_mutex_lock(&store->tail_lock);
    (void)sapa_str_copy(sapa_str_of(store->problem), buf, size);
    pthread_mutex_unlock(&store->tail_lock);
    return buf;
}

/* Keep the database's sentence beside the result. */
static sapa_rc said(struct sapa_store *store, sapa_rc rc)
{
    char text[256];

    if (rc != SAPA_OK && rc != SAPA_ENOENT && rc != SAPA_ESTATE) {
        store->ops->problem(store->db, text, sizeof(text));
        sapa_store_say(store, "%s", text);
    }
    return rc;
}

/* --- the chain --- */

sapa_rc sapa_commit_hash(const struct sapa_commit_row *row, struct sapa_buffer *scratch, uint8_t ret_hash[32])
{
    scratch->n = 0;
    if (sapa_buffer_reserve(scratch, 32 + 96 + row->frames_size) != SAPA_OK)
        return SAPA_ENOMEM;
    struct sapa_writer w = sapa_writer_of(scratch->p, scratch->size);
    sapa_put_raw(&w, row->prev_hash, 32);
    sapa_put_u64(&w, row->commit);
    sapa_put_u64(&w, row->first_seq);
    sapa_put_u64(&w, row->last_seq);
    sapa_put_i64(&w, row->wall_us);
    sapa_put_u64(&w, row->epoch);
    sapa_put_u64(&w, row->count);
    sapa_put_u64(&w, row->frames_size);
    sapa_put_raw(&w, row->frames, row->frames_size);
    sapa_assert(!w.bad);
    sapa_sha256(w.buf, w.n, ret_hash);
    return SAPA_OK;
}

void sapa_store_moved(struct sapa_store *store, const struct sapa_commit_row *row)
{
    pthread_mutex_lock(&store->tail_lock);
    store->tail.commit = row->commit;
    store->tail.seq = row->last_seq;
    store->tail.at_us = row->wall_us;
    memcpy(store->tail.hash, row->hash, 32);
    pthread_mutex_unlock(&store->tail_lock);
}

struct sapa_log_tail sapa_store_tail(struct sapa_store *store)
{
    struct sapa_commit_row row;

    if (store->read_only && store->ops->tail(store->db, &row) == SAPA_OK)
        sapa_store_moved(store, &row); /* somebody else writes */
    pthread_mutex_lock(&store->tail_lock);
    const struct sapa_log_tail tail = store->tail;
    pthread_mutex_unlock(&store->tail_lock);
    return tail;
}

/* --- opening --- */

/* The seq that the newest good snapshot of any kind holds: what is before it was checked when it was made. */
static uint64_t newest_snapshot(struct sapa_store *store);

static sapa_rc check_tail(struct sapa_store *store, const struct sapa_store_opts *opts, struct sapa_text *problem)
{
    struct sapa_commit_row last, row;
    struct sapa_buffer frames = { 0 }, scratch = { 0 };
    uint8_t hash[32], previous[32];
    sapa_rc rc = store->ops->tail(store->db, &last);
    const uint64_t snapshot = newest_snapshot(store);

    if (rc == SAPA_ENOENT)
        last = (struct sapa_commit_row){ 0 };
    else if (rc != SAPA_OK)
        return rc;
    if (opts->read_only || opts->repair) {
        sapa_store_moved(store, &last);
        return SAPA_OK;
    }
    if (snapshot > last.last_seq) {
        sapa_text_printf(problem, "the log ends at record %llu, but a snapshot was taken at %llu: the end of the log is "
                         "missing. Restore the database, or remove the snapshot to go on without those records.",
                         (unsigned long long)last.last_seq, (unsigned long long)snapshot);
        return SAPA_ECORRUPT;
    }
    if (rc == SAPA_ENOENT)
        return SAPA_OK;
    /* From the snapshot on, but never more than the last few hundred: opening must not grow with the log. */
    uint64_t seq = snapshot + 1;
    uint64_t commit_min = last.commit > TAIL_COMMITS_MAX ? last.commit - TAIL_COMMITS_MAX : 0;
    bool has_previous = false;
    rc = SAPA_OK;
    struct sapa_commit_row probe;
    if (store->ops->read(store->db, seq, NULL, &probe) == SAPA_OK && probe.commit < commit_min) {
        /* bisect for the commit where checking starts: commit numbers grow with seq */
        uint64_t low = seq, high = last.last_seq;
        while (low < high) {
            const uint64_t mid = low + (high - low) / 2;
            if ((rc = store->ops->read(store->db, mid, NULL, &probe)) != SAPA_OK)
                goto done;
            if (probe.commit < commit_min)
                low = probe.last_seq + 1;
            else
                high = mid;
        }
        seq = low;
    }
    while (seq <= last.last_seq) {
        if ((rc = store->ops->read(store->db, seq, &frames, &row)) != SAPA_OK ||
            (rc = sapa_commit_hash(&row, &scratch, hash)) != SAPA_OK)
            break;
        const bool linked = !has_previous || memcmp(row.prev_hash, previous, 32) == 0;
        if (memcmp(hash, row.hash, 32) != 0 || !linked) {
            sapa_text_printf(problem, "commit %llu of the log (records %llu to %llu) %s: run `sapa verify`; nothing was "
                             "changed", (unsigned long long)row.commit, (unsigned long long)row.first_seq,
                             (unsigned long long)row.last_seq,
                             linked ? "fails its checksum" : "does not follow from the one before");
            rc = SAPA_ECORRUPT;
            break;
        }
        memcpy(previous, row.hash, 32);
        has_previous = true;
        seq = row.last_seq + 1;
    }
    if (rc == SAPA_OK)
        sapa_store_moved(store, &last);
done:
    sapa_buffer_free(&frames);
    sapa_buffer_free(&scratch);
    return rc;
}

/* master.key: 64 hex digits and a newline, 0600. Made at the first start, never again. */
static sapa_rc load_master_key(struct sapa_store *store, bool database_is_new, struct sapa_text *problem)
{
    char path[4096], hex[66];
    struct sapa_text text;
    uint8_t *data = NULL;
    size_t size;
    unsigned mode;

    sapa_text_init(&text, path, sizeof(path));
    sapa_text_printf(&text, "%s/master.key", store->folder);
    if (text.cut)
        return SAPA_EINVAL;
    sapa_rc rc = sapa_file_read(path, 256, &data, &size);
    if (rc == SAPA_ENOENT && database_is_new && !store->read_only) {
        sapa_key_random(&store->master);
        sapa_hex(store->master.bytes, sizeof(store->master.bytes), hex);
        hex[64] = '\n';
        rc = sapa_file_create(path, hex, 65, 0600);
        sapa_wipe(hex, sizeof(hex));
        if (rc == SAPA_EEXIST)
            rc = SAPA_EAGAIN; /* somebody starts at the same moment */
        if (rc != SAPA_OK)
            sapa_text_printf(problem, "cannot write %s: %s", path, sapa_rc_text(rc));
        return rc;
    }
    if (rc == SAPA_ENOENT) {
        sapa_text_printf(problem, "%s is missing: without it names and numbers in this store cannot be read. Put it back "
                         "from your backup.", path);
        return SAPA_ECORRUPT;
    }
    if (rc != SAPA_OK) {
        sapa_text_printf(problem, "cannot read %s: %s", path, sapa_rc_text(rc));
        return rc;
    }
    rc = sapa_file_mode(path, &mode);
    if (rc == SAPA_OK && (mode & 077) != 0) {
        sapa_text_printf(problem, "%s can be read by others (mode %03o): chmod 600 it", path, mode);
        rc = SAPA_EDENIED;
    }
    for (size_t i = 0; rc == SAPA_OK && i < 64; i++) {
        const char c = i < size ? (char)data[i] : '\0';
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0 || size > 65) {
            sapa_text_printf(problem, "%s is not 64 hex digits", path);
            rc = SAPA_ECORRUPT;
        } else {
            uint8_t *byte = &store->master.bytes[i / 2];
            *byte = (uint8_t)(*byte << 4 | digit);
        }
    }
    sapa_wipe(data, size);
    free(data);
    return rc;
}

/* The store knows a hash of its key, so that a foreign key is found at once and not at the first unsealing. */
static sapa_rc check_identity(struct sapa_store *store, bool is_new, struct sapa_text *problem)
{
    struct sapa_buffer value = { 0 };
    struct sapa_key check;
    char hex[SAPA_HASH_TEXT_SIZE];
    sapa_rc rc;

    sapa_key_derive(&store->master, "sapa master key check", &check);
    sapa_key_derive(&store->master, "sapa identity lookup", &store->lookup_key);
    sapa_key_derive(&store->master, "sapa nobody", &store->nobody);
    sapa_hex(check.bytes, sizeof(check.bytes), hex);
    if (is_new && !store->read_only) {
        uint8_t id[16];
        sapa_random_bytes(id, sizeof(id));
        sapa_hex(id, sizeof(id), store->id);
        rc = store->ops->setting_put(store->db, "master_key_check", hex, 64, sapa_wall_us());
        if (rc == SAPA_OK)
            rc = store->ops->setting_put(store->db, "store_id", store->id, 32, sapa_wall_us());
        return rc;
    }
    rc = store->ops->setting_get(store->db, "master_key_check", &value);
    if (rc == SAPA_OK && (value.n != 64 || memcmp(value.p, hex, 64) != 0)) {
        sapa_text_printf(problem, "%s/master.key is not the key of this store", store->folder);
        rc = SAPA_ECORRUPT;
    }
    if (rc == SAPA_OK)
        rc = store->ops->setting_get(store->db, "store_id", &value);
    if (rc == SAPA_OK)
        (void)sapa_str_copy((struct sapa_str){ (const char *)value.p, value.n }, store->id, sizeof(store->id));
    sapa_buffer_free(&value);
    return rc == SAPA_ENOENT ? SAPA_ECORRUPT : rc;
}

sapa_rc sapa_store_new(const struct sapa_store_ops *ops, void *db, const struct sapa_store_opts *opts,
                       struct sapa_text *problem, struct sapa_store **ret_store)
{
    struct sapa_store *store = calloc(1, sizeof(*store));
    struct sapa_buffer value = { 0 };
    char nothing[2];
    struct sapa_text ignored;
    sapa_rc rc;

    if (!store) {
        ops->close(db);
        return SAPA_ENOMEM;
    }
    if (!problem) {
        sapa_text_init(&ignored, nothing, sizeof(nothing));
        problem = &ignored;
    }
    store->ops = ops;
    store->db = db;
    store->read_only = opts->read_only;
    pthread_mutex_init(&store->tail_lock, NULL);
    pthread_mutex_init(&store->people.lock, NULL);
    store->folder = strdup(opts->folder);
    (void)sapa_str_copy(sapa_str_of(opts->build ? opts->build : "unnamed"), store->build, sizeof(store->build));
    if (!store->folder) {
        rc = SAPA_ENOMEM;
        goto fail;
    }
    /* The key file comes before the check value: a crash between the two leaves a store that opens. */
    rc = ops->setting_get(db, "master_key_check", &value);
    const bool is_new = rc == SAPA_ENOENT;
    sapa_buffer_free(&value);
    if ((rc != SAPA_OK && !is_new) || (rc = load_master_key(store, is_new, problem)) != SAPA_OK ||
        (rc = check_identity(store, is_new, problem)) != SAPA_OK || (rc = check_tail(store, opts, problem)) != SAPA_OK ||
        (rc = sapa_people_init(store)) != SAPA_OK)
        goto fail;
    *ret_store = store;
    return SAPA_OK;
fail:
    if (problem->n == 0) {
        char text[256];
        ops->problem(db, text, sizeof(text));
        sapa_text_printf(problem, "%s", text[0] ? text : sapa_rc_text(rc));
    }
    sapa_store_close(store);
    return rc;
}

void sapa_store_close(struct sapa_store *store)
{
    if (!store)
        return;
    sapa_people_done(store);
    store->ops->close(store->db);
    pthread_mutex_destroy(&store->tail_lock);
    pthread_mutex_destroy(&store->people.lock);
    sapa_wipe(&store->master, sizeof(store->master));
    sapa_wipe(&store->lookup_key, sizeof(store->lookup_key));
    sapa_wipe(&store->nobody, sizeof(store->nobody));
    free(store->folder);
    free(store);
}

const char *sapa_store_id(const struct sapa_store *store)
{
    return store->id;
}

const char *sapa_store_folder(const struct sapa_store *store)
{
    return store->folder;
}

sapa_rc sapa_store_take_epoch(struct sapa_store *store, const char *who, uint64_t *ret_epoch)
{
    uint64_t epoch;

    if (store->read_only)
        return SAPA_ESTATE;
    const sapa_rc rc = said(store, store->ops->take_epoch(store->db, who, sapa_wall_us(), &epoch));
    if (rc != SAPA_OK)
        return rc;
    /* Whoever held the last epoch may have written since we opened; from here on nobody else can. */
    struct sapa_commit_row last;
    sapa_rc after = store->ops->tail(store->db, &last);
    if (after == SAPA_OK)
        sapa_store_moved(store, &last);
    if (after == SAPA_OK || after == SAPA_ENOENT)
        after = sapa_people_init(store); /* it may have made persons too */
    if (after == SAPA_OK)
        after = sapa_history_index(store);
    if (after != SAPA_OK)
        return said(store, after);
    store->epoch = epoch;
    *ret_epoch = epoch;
    return SAPA_OK;
}

uint64_t sapa_store_epoch(const struct sapa_store *store)
{
    return store->epoch;
}

void sapa_store_key(const struct sapa_store *store, const char *purpose, struct sapa_key *ret_key)
{
    sapa_key_derive(&store->master, purpose, ret_key);
}

/* --- settings, documents, clients, index --- */

sapa_rc sapa_store_setting(struct sapa_store *store, const char *key, char *buf, size_t size)
{
    struct sapa_buffer value = { 0 };
    sapa_rc rc = said(store, store->ops->setting_get(store->db, key, &value));

    if (rc == SAPA_OK && value.n >= size)
        rc = SAPA_ELIMIT;
    if (rc == SAPA_OK)
        (void)sapa_str_copy((struct sapa_str){ (const char *)value.p, value.n }, buf, size);
    sapa_buffer_free(&value);
    return rc;
}

/* One for all stores: a process writes to one. */
static pthread_mutex_t settings_lock = PTHREAD_MUTEX_INITIALIZER;

void sapa_store_settings_begin(struct sapa_store *store)
{
    (void)store;
    pthread_mutex_lock(&settings_lock);
}

void sapa_store_settings_end(struct sapa_store *store)
{
    (void)store;
    pthread_mutex_unlock(&settings_lock);
}

sapa_rc sapa_store_set(struct sapa_store *store, const char *key, const char *value)
{
    const size_t key_size = strlen(key), size = strlen(value);

    if (store->read_only)
        return SAPA_ESTATE;
    if (key_size == 0 || key_size > SAPA_STORE_KEY_MAX || size > SAPA_STORE_VALUE_MAX)
        return SAPA_EINVAL;
    if (strcmp(key, "master_key_check") == 0 || strcmp(key, "store_id") == 0)
        return SAPA_EDENIED;
    return said(store, store->ops->setting_put(store->db, key, value, size, sapa_wall_us()));
}

sapa_rc sapa_store_set_all(struct sapa_store *store, const struct sapa_setting *of, size_t count)
{
    if (store->read_only)
        return SAPA_ESTATE;
    for (size_t i = 0; i < count; i++) {
        const size_t key_size = strlen(of[i].key), size = of[i].value ? strlen(of[i].value) : 0;
        if (key_size == 0 || key_size > SAPA_STORE_KEY_MAX || size > SAPA_STORE_VALUE_MAX)
            return SAPA_EINVAL;
        if (strcmp(of[i].key, "master_key_check") == 0 || strcmp(of[i].key, "store_id") == 0)
            return SAPA_EDENIED;
    }
    return said(store, store->ops->settings_put(store->db, of, count, sapa_wall_us()));
}

sapa_rc sapa_store_unset(struct sapa_store *store, const char *key)
{
    if (store->read_only)
        return SAPA_ESTATE;
    if (strcmp(key, "master_key_check") == 0 || strcmp(key, "store_id") == 0)
        return SAPA_EDENIED;
    return said(store, store->ops->setting_delete(store->db, key));
}

sapa_rc sapa_store_document_put(struct sapa_store *store, const void *text, size_t size,
                                char ret_hash[SAPA_HASH_TEXT_SIZE])
{
    uint8_t hash[32];
    char hex[SAPA_HASH_TEXT_SIZE];

    if (store->read_only)
        return SAPA_ESTATE;
    if (size > SAPA_STORE_DOCUMENT_MAX)
        return SAPA_ELIMIT;
    sapa_sha256(text, size, hash);
    sapa_hex(hash, sizeof(hash), hex);
    const sapa_rc rc = said(store, store->ops->document_put(store->db, hex, text, size, sapa_wall_us()));
    if (rc == SAPA_OK)
        memcpy(ret_hash, hex, sizeof(hex));
    return rc;
}

sapa_rc sapa_store_document(struct sapa_store *store, const char *hash, uint8_t **ret_text, size_t *ret_size)
{
    struct sapa_buffer text = { 0 };
    uint8_t found[32];
    char hex[SAPA_HASH_TEXT_SIZE];
    sapa_rc rc = said(store, store->ops->document_get(store->db, hash, &text));

    if (rc == SAPA_OK)
        rc = sapa_buffer_reserve(&text, 1);
    if (rc == SAPA_OK) {
        sapa_sha256(text.p, text.n, found);
        if (strcmp(sapa_hex(found, sizeof(found), hex), hash) != 0) {
            sapa_store_say(store, "document %.64s is damaged", hash);
            rc = SAPA_ECORRUPT;
        }
    }
    if (rc != SAPA_OK) {
        sapa_buffer_free(&text);
        return rc;
    }
    text.p[text.n] = '\0';
    *ret_text = text.p;
    *ret_size = text.n;
    return SAPA_OK;
}

sapa_rc sapa_store_client(struct sapa_store *store, const char *key, const char *name, uint64_t *ret_client)
{
    if (store->read_only)
        return SAPA_ESTATE;
    if (key[0] == '\0' || strlen(key) > SAPA_STORE_KEY_MAX || strlen(name) > SAPA_STORE_VALUE_MAX)
        return SAPA_EINVAL;
    return said(store, store->ops->client(store->db, key, name, sapa_wall_us(), ret_client));
}

sapa_rc sapa_store_contact_span(struct sapa_store *store, uint64_t contact, uint64_t *ret_first, uint64_t *ret_last)
{
    return said(store, store->ops->contact_span(store->db, contact, ret_first, ret_last));
}

sapa_rc sapa_store_centre_start(struct sapa_store *store, uint64_t seq, uint64_t *ret_seq)
{
    return said(store, store->ops->centre_start(store->db, SAPA_MIN(seq, (uint64_t)INT64_MAX), ret_seq));
}

sapa_rc sapa_store_seek(struct sapa_store *store, int64_t at_us, uint64_t *ret_seq)
{
    struct sapa_commit_row row, last;
    sapa_rc rc = said(store, store->ops->tail(store->db, &last));
    uint64_t low = 1, high;

    if (rc != SAPA_OK)
        return rc;
    if (last.wall_us < at_us)
        return SAPA_ENOENT;
    high = last.last_seq; /* the times of commits never step back: bisect for the first that ends at or after at_us */
    while (low < high) {
        if ((rc = said(store, store->ops->read(store->db, low + (high - low) / 2, NULL, &row))) != SAPA_OK)
            return rc;
        if (row.wall_us < at_us)
            low = row.last_seq + 1;
        else
            high = SAPA_MIN(row.first_seq, low + (high - low) / 2);
    }
    if ((rc = said(store, store->ops->read(store->db, low, NULL, &row))) != SAPA_OK)
        return rc;
    *ret_seq = row.first_seq;
    return SAPA_OK;
}

sapa_rc sapa_store_chain(struct sapa_store *store, uint64_t seq, uint8_t ret_hash[32])
{
    struct sapa_commit_row row;
    const sapa_rc rc = store->ops->read(store->db, seq, NULL, &row);

    if (rc == SAPA_OK)
        memcpy(ret_hash, row.hash, sizeof(row.hash));
    return rc == SAPA_ENOENT ? rc : said(store, rc);
}

sapa_rc sapa_store_checkpoint(struct sapa_store *store)
{
    return said(store, store->ops->checkpoint(store->db));
}

/* --- snapshots --- */

/*
 * snapshots/<kind>.<20 digits of seq>.snap: "SAPASNAP", counted kind, version, seq, counted build,
 * counted store id, size, SHA-256 over all before it and the blob, then the blob.
 */
static const char SNAPSHOT_MAGIC[8] = { 'S', 'A', 'P', 'A', 'S', 'N', 'A', 'P' };
enum { SNAPSHOT_HEADER_MAX = 512, SNAPSHOT_FILES_MAX = 64, SNAPSHOT_NAME_MAX = 80 };

static bool is_kind(const char *kind)
{
    const size_t n = strlen(kind);

    for (size_t i = 0; i < n; i++) {
        const char c = kind[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return n > 0 && n < sizeof(((struct sapa_snapshot *)NULL)->kind);
}

/* "<kind>.<seq>.snap": the parts, false when it is something else. */
static bool parse_name(const char *name, struct sapa_str *ret_kind, uint64_t *ret_seq)
{
    struct sapa_str rest, seq, kind = sapa_str_cut(sapa_str_of(name), '.', &rest);

    seq = sapa_str_cut(rest, '.', &rest);
    if (kind.n == 0 || seq.n != 20 || !sapa_str_eq(rest, SAPA_STR("snap")) ||
        sapa_str_u64(seq, UINT64_MAX, ret_seq) != SAPA_OK)
        return false;
    *ret_kind = kind;
    return true;
}

struct snapshot_list {
    struct {
        uint64_t seq;
        char name[SNAPSHOT_NAME_MAX];
    } files[SNAPSHOT_FILES_MAX];
    size_t count;
};

static int newest_first(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? 1 : x > y ? -1 : 0;
}

/* kind NULL: all kinds. The newest ones first. */
static void list_snapshots(struct sapa_store *store, const char *kind, struct snapshot_list *list)
{
    char path[4096];
    struct sapa_text text;

    list->count = 0;
    sapa_text_init(&text, path, sizeof(path));
    sapa_text_printf(&text, "%s/snapshots", store->folder);
    DIR *folder = text.cut ? NULL : opendir(path);
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct sapa_str found;
        uint64_t seq;
        if (!parse_name(entry->d_name, &found, &seq) || strlen(entry->d_name) >= SNAPSHOT_NAME_MAX ||
            (kind && !sapa_str_eq(found, sapa_str_of(kind))) || list->count == SNAPSHOT_FILES_MAX)
            continue;
        list->files[list->count].seq = seq;
        (void)sapa_str_copy(sapa_str_of(entry->d_name), list->files[list->count].name, SNAPSHOT_NAME_MAX);
        list->count++;
    }
    closedir(folder);
    qsort(list->files, list->count, sizeof(list->files[0]), newest_first);
}

static sapa_rc read_snapshot(struct sapa_store *store, const char *name, struct sapa_snapshot *ret)
{
    char path[4096];
    struct sapa_text text;
    struct sapa_snapshot snapshot = { 0 };
    uint8_t *data, hash[32];
    size_t size;

    sapa_text_init(&text, path, sizeof(path));
    sapa_text_printf(&text, "%s/snapshots/%s", store->folder, name);
    const sapa_rc rc = text.cut ? SAPA_EINVAL
                                : sapa_file_read(path, SAPA_STORE_SNAPSHOT_MAX + SNAPSHOT_HEADER_MAX, &data, &size);
    if (rc != SAPA_OK)
        return rc;
    struct sapa_reader r = sapa_reader_of(data, size);
    const uint8_t *magic = sapa_get_raw(&r, sizeof(SNAPSHOT_MAGIC));
    const struct sapa_str kind = sapa_get_str(&r);
    const uint64_t version = sapa_get_u64(&r);
    snapshot.seq = sapa_get_u64(&r);
    const struct sapa_str build = sapa_get_str(&r);
    const struct sapa_str id = sapa_get_str(&r);
    const uint64_t blob_size = sapa_get_u64(&r);
    const size_t header = r.at;
    const uint8_t *expected = sapa_get_raw(&r, 32);
    if (r.bad || memcmp(magic, SNAPSHOT_MAGIC, 8) != 0 || sapa_reader_left(&r) != blob_size ||
        !sapa_str_copy(kind, snapshot.kind, sizeof(snapshot.kind)) || !sapa_str_eq(id, sapa_str_of(store->id)))
        goto corrupt;
    struct sapa_sha256 sha;
    sapa_sha256_begin(&sha);
    sapa_sha256_add(&sha, data, header);
    sapa_sha256_add(&sha, data + r.at, blob_size);
    sapa_sha256_end(&sha, hash);
    if (memcmp(hash, expected, 32) != 0)
        goto corrupt;
    (void)sapa_str_copy(build, snapshot.build, sizeof(snapshot.build));
    snapshot.version = (uint32_t)version;
    memmove(data, data + r.at, blob_size); /* the caller frees what it gets */
    snapshot.blob = data;
    snapshot.size = blob_size;
    *ret = snapshot;
    return SAPA_OK;
corrupt:
    free(data);
    return SAPA_ECORRUPT;
}

static uint64_t newest_snapshot(struct sapa_store *store)
{
    struct snapshot_list list;
    struct sapa_snapshot snapshot;

    list_snapshots(store, NULL, &list);
    for (size_t i = 0; i < list.count; i++) {
        if (read_snapshot(store, list.files[i].name, &snapshot) != SAPA_OK)
            continue;
        free(snapshot.blob);
        return snapshot.seq;
    }
    return 0;
}

sapa_rc sapa_store_snapshot_put(struct sapa_store *store, const char *kind, uint32_t version, uint64_t seq,
                                const void *blob, size_t size)
{
    char path[4096];
    struct sapa_text text;
    struct sapa_sha256 sha;
    struct sapa_buffer file = { 0 };
    uint8_t hash[32];

    if (!is_kind(kind))
        return SAPA_EINVAL;
    if (store->read_only || seq > sapa_store_tail(store).seq)
        return SAPA_ESTATE;
    if (size > SAPA_STORE_SNAPSHOT_MAX)
        return SAPA_ELIMIT;
    if (sapa_buffer_reserve(&file, SNAPSHOT_HEADER_MAX + size) != SAPA_OK)
        return SAPA_ENOMEM;
    struct sapa_writer w = sapa_writer_of(file.p, file.size);
    sapa_put_raw(&w, SNAPSHOT_MAGIC, sizeof(SNAPSHOT_MAGIC));
    sapa_put_str(&w, sapa_str_of(kind));
    sapa_put_u64(&w, version);
    sapa_put_u64(&w, seq);
    sapa_put_str(&w, sapa_str_of(store->build));
    sapa_put_str(&w, sapa_str_of(store->id));
    sapa_put_u64(&w, size);
    sapa_sha256_begin(&sha);
    sapa_sha256_add(&sha, w.buf, w.n);
    sapa_sha256_add(&sha, blob, size);
    sapa_sha256_end(&sha, hash);
    sapa_put_raw(&w, hash, sizeof(hash));
    sapa_put_raw(&w, blob, size);
    sapa_assert(!w.bad);

    sapa_text_init(&text, path, sizeof(path));
    sapa_text_printf(&text, "%s/snapshots", store->folder);
    sapa_rc rc = sapa_folder_make(path, 0700);
    sapa_text_printf(&text, "/%s.%020llu.snap", kind, (unsigned long long)seq);
    if (rc == SAPA_OK)
        rc = text.cut ? SAPA_EINVAL : sapa_file_write(path, w.buf, w.n, 0600);
    sapa_buffer_free(&file);
    if (rc != SAPA_OK) {
        sapa_store_say(store, "cannot write snapshot %s: %s", path, sapa_rc_text(rc));
        return rc;
    }
    struct snapshot_list list;
    list_snapshots(store, kind, &list);
    for (size_t i = SAPA_STORE_SNAPSHOTS_KEPT; i < list.count; i++) {
        sapa_text_init(&text, path, sizeof(path));
        sapa_text_printf(&text, "%s/snapshots/%s", store->folder, list.files[i].name);
        (void)!sapa_file_remove(path);
    }
    return SAPA_OK;
}

sapa_rc sapa_store_snapshot(struct sapa_store *store, const char *kind, uint32_t version, uint64_t seq_max,
                            struct sapa_snapshot *ret_snapshot)
{
    struct snapshot_list list;
    struct sapa_snapshot snapshot;

    if (!is_kind(kind))
        return SAPA_EINVAL;
    list_snapshots(store, kind, &list);
    for (size_t i = 0; i < list.count; i++) {
        if (list.files[i].seq > seq_max)
            continue;
        const sapa_rc rc = read_snapshot(store, list.files[i].name, &snapshot);
        if (rc == SAPA_OK && snapshot.version == version && strcmp(snapshot.kind, kind) == 0 &&
            snapshot.seq == list.files[i].seq) {
            *ret_snapshot = snapshot;
            return SAPA_OK;
        }
        if (rc == SAPA_OK)
            free(snapshot.blob);
        if (rc == SAPA_OK && snapshot.version != version) {
            sapa_log(SAPA_LOG_INFO, "store.snapshot", "file=%s version=%u wanted=%u passed_over=1", list.files[i].name,
                     snapshot.version, version);
            continue;
        }
        atomic_fetch_add(&store->snapshots_damaged, 1);
        sapa_log(SAPA_LOG_WARN, "store.snapshot", "file=%s damaged=1 rc=%s passed_over=1", list.files[i].name,
                 sapa_rc_name(rc));
    }
    return SAPA_ENOENT;
}

uint64_t sapa_store_snapshots_damaged(const struct sapa_store *store)
{
    return atomic_load(&store->snapshots_damaged);
}
