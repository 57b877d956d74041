#include "store/log.h"

#include <stdlib.h>

#include "rt/clock.h"
#include "store/store_impl.h"

struct sapa_log_reader {
    struct sapa_store *store;
    struct sapa_commit_row row;
    struct sapa_buffer frames;
    size_t at;       /* next frame in `frames` */
    uint64_t next;   /* seq of that frame */
    uint64_t from;   /* records before it are passed over */
    bool loaded;
    bool keep_sealed;
    struct key_cache cache;
};

sapa_rc sapa_log_reader_open(struct sapa_store *store, uint64_t from_seq, struct sapa_log_reader **ret_reader)
{
    struct sapa_log_reader *reader = calloc(1, sizeof(*reader));

    if (!reader)
        return SAPA_ENOMEM;
    reader->store = store;
    reader->from = reader->next = SAPA_MAX(from_seq, UINT64_C(1));
    *ret_reader = reader;
    return SAPA_OK;
}

void sapa_log_reader_close(struct sapa_log_reader *reader)
{
    if (!reader)
        return;
    sapa_buffer_free(&reader->frames);
    sapa_wipe(&reader->cache, sizeof(reader->cache));
    free(reader);
}

void sapa_log_reader_seek(struct sapa_log_reader *reader, uint64_t seq)
{
    reader->from = SAPA_MAX(seq, UINT64_C(1));
    if (reader->loaded && reader->from >= reader->next && reader->from <= reader->row.last_seq)
        return; /* still in front of us */
    reader->loaded = false;
    reader->next = reader->from;
}

void sapa_log_reader_keep_sealed(struct sapa_log_reader *reader)
{
    reader->keep_sealed = true;
}

static sapa_rc next_frame(struct sapa_log_reader *reader, struct frame *ret, uint64_t *ret_seq)
{
    for (;;) {
        if (!reader->loaded) {
            const sapa_rc rc = reader->store->ops->read(reader->store->db, reader->next, &reader->frames, &reader->row);
            if (rc != SAPA_OK)
                return rc;
            reader->loaded = true;
            reader->at = 0;
            reader->next = reader->row.first_seq;
        }
        const sapa_rc rc = sapa_frame_next(reader->frames.p, reader->frames.n, &reader->at, ret);
        if (rc == SAPA_ENOENT) {
            reader->next = reader->row.last_seq + 1;
            reader->loaded = false;
            continue;
        }
        if (rc != SAPA_OK) {
            sapa_store_say(reader->store, "record %llu in commit %llu %s", (unsigned long long)reader->next,
                           (unsigned long long)reader->row.commit,
                           rc == SAPA_EVERSION ? "was written by a newer build" : "fails its checksum");
            return rc;
        }
        const uint64_t seq = reader->next++;
        if (seq < reader->from)
            continue;
        *ret_seq = seq;
        return SAPA_OK;
    }
}

/* The personal part: opened, empty when its key is gone. */
static sapa_rc open_frame(struct sapa_store *store, struct key_cache *cache, const struct frame *frame, uint64_t seq,
                          uint8_t *buf, struct sapa_str *ret_pii)
{
    struct sapa_key key;

    *ret_pii = (struct sapa_str){ NULL, 0 };
    if (frame->sealed.n == 0)
        return SAPA_OK;
    sapa_rc rc = sapa_people_key(store, cache, frame->person, &key);
    if (rc == SAPA_ENOENT)
        return SAPA_OK;
    if (rc == SAPA_OK)
        rc = sapa_frame_open(frame, seq, &key, buf, ret_pii);
    sapa_wipe(&key, sizeof(key));
    return rc;
}

sapa_rc sapa_log_reader_next(struct sapa_log_reader *reader, struct sapa_record *ret_record)
{
    uint8_t buf[FRAME_MAX];
    struct frame frame;
    struct sapa_str pii = { NULL, 0 };
    uint64_t seq;

    sapa_rc rc = next_frame(reader, &frame, &seq);
    if (rc == SAPA_OK && !reader->keep_sealed)
        rc = open_frame(reader->store, &reader->cache, &frame, seq, buf, &pii);
    if (rc == SAPA_OK) {
        rc = sapa_record_decode(frame.clear, pii, ret_record);
        if (rc == SAPA_OK && ret_record->seq != seq)
            rc = SAPA_ECORRUPT;
        if (rc != SAPA_OK)
            sapa_store_say(reader->store, "record %llu cannot be decoded: %s", (unsigned long long)seq, sapa_rc_text(rc));
    }
    if (rc == SAPA_OK && reader->keep_sealed)
        ret_record->flags &= (uint16_t)~SAPA_RECORD_ERASED;
    return rc;
}

sapa_rc sapa_log_reader_next_raw(struct sapa_log_reader *reader, struct sapa_str *ret_clear)
{
    struct frame frame;
    uint64_t seq;
    const sapa_rc rc = next_frame(reader, &frame, &seq);

    if (rc == SAPA_OK)
        *ret_clear = frame.clear;
    return rc;
}

/* --- verify --- */

enum { PROGRESS_EVERY = 100000 };

struct walk {
    struct sapa_store *store;
    const struct sapa_log_verify_opts *opts;
    struct sapa_log_report *report;
    struct sapa_buffer frames, scratch;
    struct key_cache cache;
    struct sapa_commit_row row;
    uint8_t previous[32];
    uint64_t previous_commit, previous_epoch;
    uint64_t next; /* seq that must come */
    int64_t at_us; /* of the record before */
};

static void found(struct walk *walk, uint64_t seq, const char *fmt, ...) SAPA_PRINTF(3, 4);
static void found(struct walk *walk, uint64_t seq, const char *fmt, ...)
{
    struct sapa_text text;
    va_list args;

    walk->report->good = false;
    walk->report->bad_commit = walk->row.commit;
    walk->report->bad_seq = seq;
    sapa_text_init(&text, walk->report->text, sizeof(walk->report->text));
    sapa_text_printf(&text, "bad at record %llu, commit %llu: ", (unsigned long long)seq,
                     (unsigned long long)walk->row.commit);
    va_start(args, fmt);
    sapa_text_vprintf(&text, fmt, args);
    va_end(args);
}

static bool check_row(struct walk *walk)
{
    const struct sapa_commit_row *row = &walk->row;
    uint8_t hash[32];

    if (row->first_seq != walk->next) {
        found(walk, walk->next, "records %llu to %llu are missing", (unsigned long long)walk->next,
              (unsigned long long)row->first_seq - 1);
        return false;
    }
    if (row->commit != walk->previous_commit + 1) {
        found(walk, row->first_seq, "its number does not follow commit %llu", (unsigned long long)walk->previous_commit);
        return false;
    }
    if (memcmp(row->prev_hash, walk->previous, 32) != 0) {
        found(walk, row->first_seq, "it does not follow from the commit before (the chain is broken)");
        return false;
    }
    if (sapa_commit_hash(row, &walk->scratch, hash) != SAPA_OK || memcmp(hash, row->hash, 32) != 0) {
        found(walk, row->first_seq, "the contents of the commit do not match its hash");
        return false;
    }
    if (row->epoch < walk->previous_epoch) {
        found(walk, row->first_seq, "it was written in epoch %llu after one of epoch %llu", (unsigned long long)row->epoch,
              (unsigned long long)walk->previous_epoch);
        return false;
    }
    return true;
}

static bool check_record(struct walk *walk, const struct frame *frame, uint64_t seq)
{
    struct sapa_record record;
    uint8_t buf[FRAME_MAX];
    struct sapa_str pii = { NULL, 0 };

    if (walk->opts->open_personal && open_frame(walk->store, &walk->cache, frame, seq, buf, &pii) != SAPA_OK) {
        found(walk, seq, "its personal part does not open with the key of person %llu", (unsigned long long)frame->person);
        return false;
    }
    const sapa_rc rc = sapa_record_decode(frame->clear, pii, &record);
    if (rc != SAPA_OK) {
        found(walk, seq, "it cannot be decoded: %s", sapa_rc_text(rc));
        return false;
    }
    if (record.seq != seq) {
        found(walk, seq, "it says of itself that it is record %llu", (unsigned long long)record.seq);
        return false;
    }
    if (record.at_us < walk->at_us) {
        found(walk, seq, "its time is %lld us before that of the record in front of it",
              (long long)(walk->at_us - record.at_us));
        return false;
    }
    walk->at_us = record.at_us;
    walk->report->erased += walk->opts->open_personal && frame->sealed.n > 0 && pii.n == 0;
    return true;
}

static bool check_frames(struct walk *walk)
{
    const struct sapa_commit_row *row = &walk->row;
    size_t at = 0;
    uint64_t seq = row->first_seq;
    struct frame frame;
    sapa_rc rc;

    while ((rc = sapa_frame_next(row->frames, row->frames_size, &at, &frame)) == SAPA_OK) {
        if (!check_record(walk, &frame, seq))
            return false;
        seq++;
        if (++walk->report->records % PROGRESS_EVERY == 0 && walk->opts->progress)
            walk->opts->progress(walk->opts->ctx, walk->report->records);
    }
    if (rc != SAPA_ENOENT) {
        found(walk, seq, rc == SAPA_EVERSION ? "its frame was written by a newer build" : "its frame fails its checksum");
        return false;
    }
    if (seq != row->last_seq + 1 || seq - row->first_seq != row->count) {
        found(walk, seq, "the commit says it ends at record %llu and holds %u", (unsigned long long)row->last_seq,
              row->count);
        return false;
    }
    if (row->wall_us != walk->at_us) {
        found(walk, row->last_seq, "the time of the commit is not that of its last record");
        return false;
    }
    return true;
}

static sapa_rc start_walk(struct walk *walk, uint64_t from_seq)
{
    struct sapa_commit_row before;

    walk->next = 1;
    walk->at_us = INT64_MIN;
    if (from_seq <= 1)
        return SAPA_OK;
    const sapa_rc rc = walk->store->ops->read_before(walk->store->db, from_seq, &before);
    if (rc == SAPA_ENOENT)
        return SAPA_OK;
    if (rc != SAPA_OK)
        return rc;
    memcpy(walk->previous, before.hash, 32);
    walk->previous_commit = before.commit;
    walk->previous_epoch = before.epoch;
    walk->next = before.last_seq + 1;
    walk->at_us = before.wall_us;
    return SAPA_OK;
}

sapa_rc sapa_log_verify(struct sapa_store *store, const struct sapa_log_verify_opts *opts,
                        struct sapa_log_report *ret_report)
{
    static const struct sapa_log_verify_opts none;
    struct sapa_log_report report = { .good = true };
    struct walk *walk = calloc(1, sizeof(*walk));
    struct sapa_text text;

    if (!walk)
        return SAPA_ENOMEM;
    walk->store = store;
    walk->opts = opts ? opts : &none;
    walk->report = &report;
    sapa_rc rc = start_walk(walk, walk->opts->from_seq);
    while (rc == SAPA_OK && report.good) {
        rc = store->ops->read(store->db, walk->next, &walk->frames, &walk->row);
        if (rc != SAPA_OK)
            break;
        if (!check_row(walk) || !check_frames(walk))
            break;
        memcpy(walk->previous, walk->row.hash, 32);
        walk->previous_commit = walk->row.commit;
        walk->previous_epoch = walk->row.epoch;
        walk->next = walk->row.last_seq + 1;
        report.commits++;
        report.bytes += walk->row.frames_size;
    }
    if (rc == SAPA_ECORRUPT && report.good) {
        char problem[256];
        store->ops->problem(store->db, problem, sizeof(problem));
        walk->row.commit = walk->previous_commit + 1;
        found(walk, walk->next, "the database cannot read it (%s)", problem);
        rc = SAPA_OK;
    }
    if (rc == SAPA_ENOENT)
        rc = SAPA_OK;
    if (rc == SAPA_OK && report.good) {
        sapa_text_init(&text, report.text, sizeof(report.text));
        sapa_text_printf(&text, "good: %llu records in %llu commits, %llu bytes; every commit follows from the one before",
                         (unsigned long long)report.records, (unsigned long long)report.commits,
                         (unsigned long long)report.bytes);
    }
    sapa_buffer_free(&walk->frames);
    sapa_buffer_free(&walk->scratch);
    sapa_wipe(walk, sizeof(*walk));
    free(walk);
    if (rc == SAPA_OK)
        *ret_report = report;
    return rc;
}

sapa_rc sapa_log_quarantine(struct sapa_store *store, uint64_t seq, const char *reason, uint64_t *ret_commits)
{
    struct sapa_commit_row row = { 0 };
    uint64_t commits;

    if (store->read_only)
        return SAPA_ESTATE;
    const sapa_rc rc = store->ops->quarantine(store->db, seq, reason, sapa_wall_us(), &commits);
    if (rc != SAPA_OK)
        return rc;
    if (store->ops->tail(store->db, &row) != SAPA_OK)
        row = (struct sapa_commit_row){ 0 };
    sapa_store_moved(store, &row);
    *ret_commits = commits;
    return SAPA_OK;
}
