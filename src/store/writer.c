#include "store/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "rt/file.h"
#include "rt/thread.h"
#include "store/store_impl.h"

enum { CHUNK_SIZE = 65536, DISK_CHECK_US = 1000000, FRAMES_KEPT = 4 << 20 };

/* One record on its way to the writer: the header, the clear part, the personal part, padded to 8. */
struct item {
    uint32_t size;      /* of all of it */
    uint16_t clear_size, pii_size;
    uint16_t type;
    bool step_ends;     /* a commit may end here */
    struct sapa_marking marking;
    uint64_t seq, person, contact;
    int64_t at_us;
};

struct chunk {
    struct chunk *next;
    size_t n;
    _Alignas(8) uint8_t bytes[CHUNK_SIZE];
};

struct queue {
    struct chunk *first, *last;
};

struct batch {
    struct sapa_buffer frames, scratch;
    struct sapa_buffer persons, keys, marks; /* arrays of sapa_new_person, sapa_key, sapa_contact_mark */
    uint64_t first_seq, last_seq;
    int64_t at_us;
    uint32_t count;
    size_t backlog; /* bytes of the items in it */
    struct sapa_commit_row row;
};

struct sapa_log_writer {
    struct sapa_store *store;
    struct sapa_log_writer_opts opts;
    struct sapa_thread *thread;

    /* the centre's thread alone */
    struct sapa_buffer open; /* items since the last flush */
    size_t open_last;        /* where the last of them stands */
    uint64_t next_seq;

    /* the writer's thread alone */
    struct queue taken;
    size_t taken_at; /* in the first chunk */
    struct batch batch;
    struct key_cache cache;
    struct sapa_log_tail tail;
    int64_t disk_checked_us;

    pthread_mutex_t lock; /* guards everything below */
    pthread_cond_t wake;
    struct queue queue; /* flushed, not taken yet */
    bool waiting, stopping, retry_now;
    bool posted_pending;
    struct sapa_posted posted;
    struct sapa_log_status status;
};

const char *sapa_log_state_name(enum sapa_log_state state)
{
    switch (state) {
    case SAPA_LOG_GOOD:
        return "good";
    case SAPA_LOG_LOW:
        return "disk nearly full";
    case SAPA_LOG_FULL:
        return "disk full";
    case SAPA_LOG_FAILED:
        return "disk refuses";
    case SAPA_LOG_FENCED:
        return "another process has taken over";
    }
    return "?";
}

/* --- telling the centre --- */

static void tell(void *ctx)
{
    struct sapa_log_writer *writer = ctx;

    pthread_mutex_lock(&writer->lock);
    writer->posted_pending = false;
    const struct sapa_log_status status = writer->status;
    pthread_mutex_unlock(&writer->lock);
    writer->opts.progress(writer->opts.ctx, &status);
}

/* Under the lock. */
static void judge(struct sapa_log_writer *writer)
{
    struct sapa_log_status *status = &writer->status;

    status->accepts_new = status->state == SAPA_LOG_GOOD && status->backlog_bytes <= writer->opts.backlog_max_bytes / 2;
}

static void post(struct sapa_log_writer *writer)
{
    judge(writer);
    if (writer->posted_pending || !writer->opts.progress)
        return;
    writer->posted_pending = true;
    sapa_loop_post(writer->opts.loop, &writer->posted, tell, writer);
}

static void set_state(struct sapa_log_writer *writer, enum sapa_log_state state)
{
    pthread_mutex_lock(&writer->lock);
    const enum sapa_log_state before = writer->status.state;
    writer->status.state = state;
    if (before != state)
        post(writer);
    pthread_mutex_unlock(&writer->lock);
    if (before != state)
        sapa_log(state == SAPA_LOG_GOOD ? SAPA_LOG_INFO : SAPA_LOG_ERROR, "store.state", "from=\"%s\" to=\"%s\"",
                 sapa_log_state_name(before), sapa_log_state_name(state));
}

/* --- the centre's side --- */

sapa_rc sapa_log_writer_put(struct sapa_log_writer *writer, const struct sapa_record *record)
{
    uint8_t pii_bytes[SAPA_RECORD_ENCODED_MAX];
    struct item item = { .type = record->type, .seq = record->seq, .at_us = record->at_us, .marking = sapa_marking_of(record),
                         .person = sapa_record_person(record), .contact = sapa_record_contact(record) };

    sapa_assert(record->seq == writer->next_seq);
    sapa_assert(!sapa_type_is_command(record->type));
    pthread_mutex_lock(&writer->lock);
    const size_t backlog = writer->status.backlog_bytes;
    pthread_mutex_unlock(&writer->lock);
    if (backlog + writer->open.n >= writer->opts.backlog_max_bytes)
        return SAPA_ELIMIT;
    if (sapa_buffer_reserve(&writer->open, sizeof(item) + 2 * SAPA_RECORD_ENCODED_MAX + 8) != SAPA_OK)
        return SAPA_ENOMEM;
    uint8_t *at = writer->open.p + writer->open.n;
    struct sapa_writer clear = sapa_writer_of(at + sizeof(item), SAPA_RECORD_ENCODED_MAX);
    struct sapa_writer pii = sapa_writer_of(pii_bytes, sizeof(pii_bytes));
    sapa_record_encode(record, &clear, &pii);
    if (clear.bad || pii.bad)
        return SAPA_EINVAL;
    memcpy(clear.buf + clear.n, pii_bytes, pii.n);
    sapa_wipe(pii_bytes, pii.n);
    item.clear_size = (uint16_t)clear.n;
    item.pii_size = (uint16_t)pii.n;
    item.size = (uint32_t)((sizeof(item) + clear.n + pii.n + 7) & ~(size_t)7);
    memcpy(at, &item, sizeof(item));
    writer->open_last = writer->open.n;
    writer->open.n += item.size;
    writer->next_seq++;
    return SAPA_OK;
}

static bool append(struct queue *queue, const uint8_t *bytes, size_t size)
{
    if (!queue->last || queue->last->n + size > CHUNK_SIZE) {
        struct chunk *chunk = malloc(sizeof(*chunk));
        if (!chunk)
            return false;
        chunk->next = NULL;
        chunk->n = 0;
        if (queue->last)
            queue->last->next = chunk;
        else
            queue->first = chunk;
        queue->last = chunk;
    }
    memcpy(queue->last->bytes + queue->last->n, bytes, size);
    queue->last->n += size;
    return true;
}

void sapa_log_writer_flush(struct sapa_log_writer *writer)
{
    struct item item;
    bool ok = true;

    if (writer->open.n == 0)
        return;
    memcpy(&item, writer->open.p + writer->open_last, sizeof(item));
    item.step_ends = true;
    memcpy(writer->open.p + writer->open_last, &item, sizeof(item));
    pthread_mutex_lock(&writer->lock);
    for (size_t at = 0; at < writer->open.n && ok; at += item.size) {
        memcpy(&item, writer->open.p + at, sizeof(item));
        ok = append(&writer->queue, writer->open.p + at, item.size);
    }
    sapa_assert(ok); /* memory for what the core has already decided: without it there is no going on */
    writer->status.backlog_bytes += writer->open.n;
    writer->status.backlog_high_bytes = SAPA_MAX(writer->status.backlog_high_bytes, writer->status.backlog_bytes);
    judge(writer);
    if (writer->waiting) {
        writer->waiting = false;
        pthread_cond_signal(&writer->wake);
    }
    pthread_mutex_unlock(&writer->lock);
    writer->open.n = 0;
}

struct sapa_log_status sapa_log_writer_status(struct sapa_log_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    const struct sapa_log_status status = writer->status;
    pthread_mutex_unlock(&writer->lock);
    return status;
}

void sapa_log_writer_retry(struct sapa_log_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    writer->retry_now = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
}

/* --- the writer's side: waiting --- */

static struct timespec deadline(int64_t after_us)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    const int64_t us = (int64_t)at.tv_nsec / 1000 + after_us;
    at.tv_sec += us / 1000000;
    at.tv_nsec = us % 1000000 * 1000;
    return at;
}

/* After a failure. False: we are to stop. */
static bool wait_to_retry(struct sapa_log_writer *writer)
{
    const struct timespec until = deadline(writer->opts.retry_us);

    pthread_mutex_lock(&writer->lock);
    while (!writer->stopping && !writer->retry_now) {
        if (pthread_cond_timedwait(&writer->wake, &writer->lock, &until) == ETIMEDOUT)
            break;
    }
    writer->retry_now = false;
    const bool go_on = !writer->stopping;
    pthread_mutex_unlock(&writer->lock);
    return go_on;
}

static void check_disk(struct sapa_log_writer *writer)
{
    const uint64_t reserve = writer->opts.reserve_bytes;
    const int64_t now_us = sapa_mono_us();
    uint64_t bytes;

    if (reserve == UINT64_MAX || now_us - writer->disk_checked_us < DISK_CHECK_US ||
        sapa_disk_free(sapa_store_folder(writer->store), &bytes) != SAPA_OK)
        return;
    writer->disk_checked_us = now_us;
    const enum sapa_log_state state = writer->status.state; /* only this thread changes it */
    if (state == SAPA_LOG_GOOD && bytes < reserve)
        set_state(writer, SAPA_LOG_LOW);
    else if (state == SAPA_LOG_LOW && bytes >= reserve + reserve / 4) /* not to and fro */
        set_state(writer, SAPA_LOG_GOOD);
}

/* Wait for work and take all of it. False: stopping, and nothing left. */
static bool take_work(struct sapa_log_writer *writer)
{
    check_disk(writer);
    pthread_mutex_lock(&writer->lock);
    while (!writer->queue.first && !writer->stopping) {
        const struct timespec until = deadline(DISK_CHECK_US);
        writer->waiting = true;
        /* a disk is filled by others too, while we have nothing to write */
        if (pthread_cond_timedwait(&writer->wake, &writer->lock, &until) == ETIMEDOUT) {
            pthread_mutex_unlock(&writer->lock);
            check_disk(writer);
            pthread_mutex_lock(&writer->lock);
        }
    }
    writer->waiting = false;
    writer->taken = writer->queue;
    writer->taken_at = 0;
    writer->queue = (struct queue){ 0 };
    pthread_mutex_unlock(&writer->lock);
    return writer->taken.first != NULL;
}

/* --- building a commit --- */

static sapa_rc add_row(struct sapa_buffer *array, const void *row, size_t size)
{
    if (sapa_buffer_reserve(array, size) != SAPA_OK)
        return SAPA_ENOMEM;
    memcpy(array->p + array->n, row, size);
    array->n += size;
    return SAPA_OK;
}

/* A person's key: of this batch's new ones, else from the database. */
static sapa_rc key_for(struct sapa_log_writer *writer, uint64_t person, struct sapa_key *ret_key)
{
    const struct sapa_new_person *persons = (const void *)writer->batch.persons.p;
    const size_t count = writer->batch.persons.n / sizeof(*persons);

    for (;;) {
        const sapa_rc rc = sapa_people_key(writer->store, &writer->cache, person, ret_key);
        if (rc == SAPA_ENOENT) {
            for (size_t i = 0; i < count; i++) {
                if (persons[i].person == person) {
                    memcpy(ret_key, writer->batch.keys.p + i * sizeof(*ret_key), sizeof(*ret_key));
                    return SAPA_OK;
                }
            }
        }
        if (rc == SAPA_OK || rc == SAPA_ENOENT || rc == SAPA_ECORRUPT)
            return rc;
        set_state(writer, rc == SAPA_EFULL ? SAPA_LOG_FULL : SAPA_LOG_FAILED); /* the disk cannot even be read */
        if (!wait_to_retry(writer))
            return rc;
    }
}

static sapa_rc add_person(struct sapa_log_writer *writer, const struct item *item, struct sapa_str clear,
                          struct sapa_str pii)
{
    struct sapa_record record;
    struct sapa_new_person row;
    struct sapa_key key;

    sapa_rc rc = sapa_record_decode(clear, pii, &record);
    if (rc != SAPA_OK)
        return rc;
    rc = key_for(writer, item->person, &key);
    if (rc != SAPA_OK && rc != SAPA_ENOENT)
        return rc;
    if (rc == SAPA_ENOENT && sapa_person_is_erased(writer->store, item->person))
        return SAPA_OK; /* it stays erased */
    rc = sapa_people_begin(writer->store, &record.u.person_known, item->seq, rc == SAPA_OK, &key, &row);
    if (rc == SAPA_OK)
        rc = add_row(&writer->batch.persons, &row, sizeof(row));
    if (rc == SAPA_OK)
        rc = add_row(&writer->batch.keys, &key, sizeof(key));
    sapa_wipe(&key, sizeof(key));
    return rc;
}

static sapa_rc add_marks(struct sapa_log_writer *writer, const struct item *item)
{
    struct sapa_contact_mark marks[SAPA_MARKS_MAX];
    const size_t count = sapa_marks_of(item->type, item->contact, item->person, item->seq, &item->marking, marks);
    sapa_rc rc = SAPA_OK;

    for (size_t i = 0; rc == SAPA_OK && i < count; i++)
        rc = add_row(&writer->batch.marks, &marks[i], sizeof(marks[i]));
    return rc;
}

static sapa_rc add_item(struct sapa_log_writer *writer, const struct item *item, const uint8_t *bytes)
{
    struct batch *batch = &writer->batch;
    const struct sapa_str clear = { (const char *)bytes, item->clear_size };
    struct sapa_str pii = { (const char *)bytes + item->clear_size, item->pii_size };
    struct sapa_key key;
    bool has_key = false;
    sapa_rc rc = SAPA_OK;

    if (item->type == SAPA_T_person_known)
        rc = add_person(writer, item, clear, pii);
    if (rc == SAPA_OK && pii.n > 0) {
        rc = key_for(writer, item->person, &key);
        has_key = rc == SAPA_OK;
        if (rc == SAPA_ENOENT || rc == SAPA_ECORRUPT)
            rc = SAPA_OK;
    }
    if (pii.n > 0 && !has_key && rc == SAPA_OK) {
        /* erased meanwhile, or unknown: personal text is never written in the clear */
        pthread_mutex_lock(&writer->lock);
        writer->status.erased_drops++;
        pthread_mutex_unlock(&writer->lock);
        pii.n = 0;
    }
    if (rc == SAPA_OK)
        rc = sapa_frame_add(&batch->frames, item->seq, clear, item->person, has_key ? &key : NULL, pii);
    if (has_key)
        sapa_wipe(&key, sizeof(key));
    return rc == SAPA_OK ? add_marks(writer, item) : rc;
}

static void reset_batch(struct batch *batch)
{
    if (batch->frames.size > FRAMES_KEPT) {
        sapa_buffer_free(&batch->frames);
        sapa_buffer_free(&batch->scratch);
    }
    if (batch->keys.n > 0)
        sapa_wipe(batch->keys.p, batch->keys.n);
    batch->frames.n = batch->persons.n = batch->keys.n = batch->marks.n = 0;
    batch->count = 0;
    batch->backlog = 0;
}

/* Fill the batch from what was taken, up to a step's end at or behind commit_max_bytes. False: nothing left. */
static bool build_batch(struct sapa_log_writer *writer, sapa_rc *ret_rc)
{
    struct batch *batch = &writer->batch;
    struct item item = { 0 };

    reset_batch(batch);
    *ret_rc = SAPA_OK;
    while (writer->taken.first && !(item.step_ends && batch->frames.n >= writer->opts.commit_max_bytes)) {
        struct chunk *chunk = writer->taken.first;
        memcpy(&item, chunk->bytes + writer->taken_at, sizeof(item));
        *ret_rc = add_item(writer, &item, chunk->bytes + writer->taken_at + sizeof(item));
        if (*ret_rc != SAPA_OK)
            return false;
        if (batch->count++ == 0)
            batch->first_seq = item.seq;
        batch->last_seq = item.seq;
        batch->at_us = item.at_us;
        batch->backlog += item.size;
        writer->taken_at += item.size;
        if (writer->taken_at == chunk->n) {
            writer->taken.first = chunk->next;
            writer->taken_at = 0;
            sapa_wipe(chunk->bytes, chunk->n); /* personal text stood there */
            free(chunk);
        }
    }
    return batch->count > 0;
}

/* --- committing --- */

static sapa_rc commit(struct sapa_log_writer *writer)
{
    struct batch *batch = &writer->batch;
    struct sapa_commit_row *row = &batch->row;
    const struct sapa_commit commit = {
        .row = { .commit = writer->tail.commit + 1, .first_seq = batch->first_seq, .last_seq = batch->last_seq,
                 .wall_us = batch->at_us, .epoch = writer->store->epoch, .count = batch->count,
                 .frames = batch->frames.p, .frames_size = batch->frames.n },
        .persons = (const void *)batch->persons.p,
        .person_count = batch->persons.n / sizeof(struct sapa_new_person),
        .marks = (const void *)batch->marks.p,
        .mark_count = batch->marks.n / sizeof(struct sapa_contact_mark),
    };
    struct sapa_commit full = commit;

    memcpy(full.row.prev_hash, writer->tail.hash, 32);
    const sapa_rc rc = sapa_commit_hash(&full.row, &batch->scratch, full.row.hash);
    if (rc != SAPA_OK)
        return rc;
    *row = full.row;
    return writer->store->ops->commit(writer->store->db, &full);
}

/*
 * A commit whose answer was lost may stand in the database all the same. SAPA_OK: it does, and is on
 * the disk for certain; SAPA_ENOENT: it does not; anything else: cannot be told now.
 */
static sapa_rc look_again(struct sapa_log_writer *writer)
{
    struct sapa_commit_row last;
    const sapa_rc rc = writer->store->ops->tail(writer->store->db, &last);

    if (rc != SAPA_OK)
        return rc;
    if (last.last_seq != writer->batch.last_seq || memcmp(last.hash, writer->batch.row.hash, 32) != 0)
        return SAPA_ENOENT;
    return writer->store->ops->checkpoint(writer->store->db);
}

static void committed(struct sapa_log_writer *writer, int64_t took_us)
{
    struct batch *batch = &writer->batch;
    const struct sapa_new_person *persons = (const void *)batch->persons.p;
    struct sapa_log_status *status = &writer->status;

    for (size_t i = 0; i < batch->persons.n / sizeof(*persons); i++) {
        struct sapa_key key;
        memcpy(&key, batch->keys.p + i * sizeof(key), sizeof(key));
        sapa_people_settle(writer->store, &persons[i]);
        sapa_key_cache_put(writer->store, &writer->cache, persons[i].person, &key);
        sapa_wipe(&key, sizeof(key));
    }
    writer->tail.commit = batch->row.commit;
    writer->tail.seq = batch->row.last_seq;
    memcpy(writer->tail.hash, batch->row.hash, 32);
    sapa_store_moved(writer->store, &batch->row);
    if (status->state == SAPA_LOG_FULL || status->state == SAPA_LOG_FAILED) {
        writer->disk_checked_us = 0;
        set_state(writer, SAPA_LOG_GOOD);
    }
    pthread_mutex_lock(&writer->lock);
    status->committed_seq = batch->last_seq;
    status->commits++;
    status->records += batch->count;
    status->last_commit_us = took_us;
    status->longest_commit_us = SAPA_MAX(status->longest_commit_us, took_us);
    status->slow_commits += took_us > writer->opts.slow_us;
    status->backlog_bytes -= batch->backlog;
    post(writer);
    pthread_mutex_unlock(&writer->lock);
}

static void failed(struct sapa_log_writer *writer, sapa_rc rc)
{
    char problem[256];

    writer->store->ops->problem(writer->store->db, problem, sizeof(problem));
    sapa_store_say(writer->store, "%s", problem);
    pthread_mutex_lock(&writer->lock);
    const uint64_t failures = writer->status.failures++;
    pthread_mutex_unlock(&writer->lock);
    if (failures % 100 == 0)
        sapa_log(SAPA_LOG_ERROR, "store.commit", "rc=%s records=%u problem=\"%s\"", sapa_rc_name(rc),
                 writer->batch.count, problem);
    set_state(writer, rc == SAPA_EFULL ? SAPA_LOG_FULL : SAPA_LOG_FAILED);
}

/* Until it is committed. False: given up, because we are fenced or stopping. */
static bool commit_batch(struct sapa_log_writer *writer)
{
    for (bool again = false;; again = true) {
        const int64_t start_us = sapa_mono_us();
        sapa_rc rc = again ? look_again(writer) : SAPA_ENOENT;
        if (rc == SAPA_ENOENT)
            rc = commit(writer);
        if (rc == SAPA_OK) {
            committed(writer, sapa_mono_us() - start_us);
            return true;
        }
        if (rc == SAPA_EDENIED || rc == SAPA_ESTATE) {
            set_state(writer, SAPA_LOG_FENCED);
            return false;
        }
        failed(writer, rc);
        if (!wait_to_retry(writer))
            return false;
    }
}

static void free_queue(struct queue *queue)
{
    while (queue->first) {
        struct chunk *chunk = queue->first;
        queue->first = chunk->next;
        sapa_wipe(chunk->bytes, chunk->n);
        free(chunk);
    }
    queue->last = NULL;
}

static void writer_main(void *ctx)
{
    struct sapa_log_writer *writer = ctx;
    bool go_on = true;
    sapa_rc rc = SAPA_OK;

    while (go_on && take_work(writer)) {
        while (go_on && build_batch(writer, &rc))
            go_on = commit_batch(writer);
        if (rc != SAPA_OK) {
            /* out of memory, or a record that cannot be read back: the centre must not go on promising */
            sapa_log(SAPA_LOG_ERROR, "store.writer", "rc=%s", sapa_rc_name(rc));
            set_state(writer, SAPA_LOG_FENCED);
            go_on = false;
        }
    }
}

/* --- start and stop --- */

sapa_rc sapa_log_writer_start(struct sapa_store *store, const struct sapa_log_writer_opts *opts,
                              struct sapa_log_writer **ret_writer)
{
    pthread_condattr_t attributes;

    if (store->read_only || store->epoch == 0)
        return SAPA_ESTATE;
    struct sapa_log_writer *writer = calloc(1, sizeof(*writer));
    if (!writer)
        return SAPA_ENOMEM;
    writer->store = store;
    writer->opts = *opts;
    if (writer->opts.backlog_max_bytes == 0)
        writer->opts.backlog_max_bytes = (size_t)256 << 20;
    if (writer->opts.commit_max_bytes == 0)
        writer->opts.commit_max_bytes = 1 << 20;
    if (writer->opts.slow_us == 0)
        writer->opts.slow_us = 10000;
    if (writer->opts.retry_us == 0)
        writer->opts.retry_us = 250000;
    if (writer->opts.reserve_bytes == 0)
        writer->opts.reserve_bytes = (uint64_t)64 << 20;
    writer->tail = sapa_store_tail(store);
    writer->next_seq = writer->tail.seq + 1;
    writer->status.committed_seq = writer->tail.seq;
    writer->disk_checked_us = INT64_MIN / 2;
    judge(writer);
    pthread_mutex_init(&writer->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    const sapa_rc rc = sapa_thread_start("store", writer->opts.cpu, writer_main, writer, &writer->thread);
    if (rc != SAPA_OK) {
        (void)sapa_log_writer_stop(writer);
        return rc;
    }
    *ret_writer = writer;
    return SAPA_OK;
}

uint64_t sapa_log_writer_stop(struct sapa_log_writer *writer)
{
    if (!writer)
        return 0;
    sapa_log_writer_flush(writer);
    pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->lock);
    sapa_thread_join(writer->thread);
    if (writer->posted_pending)
        (void)sapa_loop_unpost(writer->opts.loop, &writer->posted);
    const uint64_t seq = writer->status.committed_seq;
    free_queue(&writer->queue);
    free_queue(&writer->taken);
    reset_batch(&writer->batch);
    sapa_buffer_free(&writer->batch.frames);
    sapa_buffer_free(&writer->batch.scratch);
    sapa_buffer_free(&writer->batch.persons);
    sapa_buffer_free(&writer->batch.keys);
    sapa_buffer_free(&writer->batch.marks);
    sapa_buffer_free(&writer->open);
    sapa_wipe(&writer->cache, sizeof(writer->cache));
    pthread_cond_destroy(&writer->wake);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
    return seq;
}
