#include "media/record_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "media/g711.h"
#include "rt/file.h"
#include "rt/socket.h"
#include "rt/thread.h"

enum {
    MSG_OPEN = 1,
    MSG_CHUNK,
    MSG_END,
    SYNC_EACH = 4,    /* so many files that ended are synced one by one; more, all at once */
    ROUND_US = 15000, /* the writer looks by the clock: no packet thread pays for waking it */
    RETRY_US = 250000, /* on a full disk */
    NICE = 5          /* packets go first */
};

struct sapa_record_file {
    struct sapa_record_file *next; /* among those that wait for space, or for a sync */
    struct sapa_record_writer *writer;
    struct sapa_record_buffer *waiting, *waiting_last; /* to be written, oldest first */
    dev_t device;
    struct sapa_record_params params;
    uint8_t *head; /* until it is written: it is large */
    struct sapa_recording_seal seal;
    struct sapa_sha256 hash;
    struct sapa_record_event event; /* the last report, filled when it ends */
    struct sapa_record_end end;     /* once `ending`, with its time */
    int64_t end_us;
    int fd;
    size_t part;  /* bytes of the piece at hand that are written */
    uint64_t chunks, bytes;
    bool begun;   /* the head is written */
    bool ending;
    bool stuck;   /* in writer->full */
    bool failed;
    bool counted; /* in writer->files */
};

struct sapa_record_writer {
    struct sapa_record_writer_options options;
    struct sapa_loop *loop;
    struct sapa_mailbox *inbox;
    struct sapa_thread *thread;
    struct sapa_timer round;
    size_t files;                      /* open; without any the writer sleeps */
    struct sapa_posted waking;
    _Atomic(bool) is_waking;
    struct sapa_pool *syncs;           /* a sync may take long: chunks of others need not wait for it */
    struct sapa_record_file *full;     /* the disk has no space for them */
    int64_t retry_us;                  /* mono: when they try again; 0: there are none */
    struct sapa_record_file *ended;    /* wait for the next sync */
    struct sapa_record_file *syncing;  /* are being synced: all that ended while the last sync went on */
    bool stopping;
    uint8_t sealed[SAPA_RECORDING_CHUNK_MAX];
};

struct chunk_message {
    struct sapa_record_file *file;
    struct sapa_record_buffer *buffer;
};

struct end_message {
    struct sapa_record_file *file;
    struct sapa_record_end end;
};

/* --- the disk --- */

static int disk_create(void *ctx, const char *path)
{
    (void)ctx;
    return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static ssize_t disk_write(void *ctx, int fd, const void *data, size_t size)
{
    (void)ctx;
    return write(fd, data, size);
}

static int disk_sync(void *ctx, int fd)
{
    (void)ctx;
    return fdatasync(fd);
}

static int disk_sync_all(void *ctx, int fd)
{
    (void)ctx;
    return syncfs(fd);
}

static const struct sapa_record_disk real_disk = { .create = disk_create, .write = disk_write, .sync = disk_sync,
                                                   .sync_all = disk_sync_all };

static dev_t device_of(int fd)
{
    struct stat stat_buf;

    return fstat(fd, &stat_buf) ? 0 : stat_buf.st_dev;
}

/* One piece of the file. After SAPA_EFULL the same piece again, which goes on where the disk was full. */
static sapa_rc write_piece(struct sapa_record_file *file, const uint8_t *piece, size_t size)
{
    const struct sapa_record_disk *disk = file->writer->options.disk;

    while (file->part < size) {
        const ssize_t n = disk->write(disk->ctx, file->fd, piece + file->part, size - file->part);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? SAPA_EFULL : errno == EFBIG ? SAPA_ELIMIT : sapa_rc_of_errno(errno);
        file->part += (size_t)n;
        file->bytes += (uint64_t)n;
    }
    file->part = 0;
    sapa_sha256_add(&file->hash, piece, size);
    return SAPA_OK;
}

/* --- reports --- */

static void report(struct sapa_record_file *file, enum sapa_record_state state, sapa_rc rc)
{
    const struct sapa_record_writer_options *options = &file->writer->options;

    file->event.recording = file->params.recording;
    file->event.contact = file->params.contact;
    file->event.state = (uint8_t)state;
    file->event.rc = (int16_t)rc;
    file->event.bytes = file->bytes;
    if (sapa_mailbox_put(options->events, options->event_type, &file->event, sizeof(file->event)))
        sapa_log(SAPA_LOG_ERROR, "media.record.report", "recording=%llu lost=mailbox-full",
                 (unsigned long long)file->params.recording);
}

static void fail(struct sapa_record_file *file, sapa_rc rc)
{
    if (file->failed)
        return;
    file->failed = true;
    sapa_log(SAPA_LOG_ERROR, "media.record.failed", "recording=%llu rc=%s bytes=%llu",
             (unsigned long long)file->params.recording, sapa_rc_name(rc), (unsigned long long)file->bytes);
    report(file, SAPA_RECORD_FAILED, rc);
}

static void return_waiting(struct sapa_record_file *file)
{
    while (file->waiting) {
        struct sapa_record_buffer *buffer = file->waiting;
        file->waiting = buffer->next;
        sapa_record_pool_return(buffer);
    }
}

static void forget(struct sapa_record_file *file)
{
    return_waiting(file);
    if (file->counted)
        file->writer->files--;
    free(file->head);
    sapa_fd_close(file->fd);
    sapa_wipe(&file->seal, sizeof(file->seal));
    sapa_wipe(&file->params, sizeof(file->params));
    free(file);
}

/* --- the writer's thread --- */

static sapa_rc write_head(struct sapa_record_file *file)
{
    const struct sapa_record_disk *disk = file->writer->options.disk;

    if (file->fd < 0) {
        file->fd = disk->create(disk->ctx, file->params.path);
        if (file->fd < 0)
            return sapa_rc_of_errno(errno);
        file->device = device_of(file->fd);
    }
    const sapa_rc rc = write_piece(file, file->head, SAPA_RECORDING_HEAD_SIZE);
    if (rc == SAPA_OK) {
        file->begun = true;
        free(file->head);
        file->head = NULL;
        report(file, SAPA_RECORD_STARTED, SAPA_OK);
    }
    return rc;
}

static sapa_rc write_chunk(struct sapa_record_file *file, struct sapa_record_buffer *buffer)
{
    const unsigned channels = file->params.head.channels;
    const size_t size = SAPA_RECORDING_CHUNK_HEAD + (size_t)channels * SAPA_RECORDING_FRAMES;

    for (unsigned channel = 0; channel < channels; channel++)
        if (buffer->codecs[channel] == SAPA_CODEC_NONE) {
            buffer->codecs[channel] = SAPA_CODEC_PCMA;
            memset(buffer->plain + SAPA_RECORDING_CHUNK_HEAD + (size_t)channel * SAPA_RECORDING_FRAMES,
                   SAPA_G711_ALAW_SILENCE, SAPA_RECORDING_FRAMES);
        }
    sapa_recording_put_chunk_head(buffer->plain, buffer->codecs, buffer->frames, buffer->masked);
    sapa_recording_seal_chunk(&file->seal, file->chunks, buffer->plain, size, file->writer->sealed);
    const sapa_rc rc = write_piece(file, file->writer->sealed, size + SAPA_RECORDING_TAG);
    if (rc == SAPA_OK)
        file->chunks++;
    return rc;
}

static sapa_rc write_trailer(struct sapa_record_file *file)
{
    uint8_t sealed[SAPA_RECORDING_TRAILER_SIZE + SAPA_RECORDING_TAG];

    /* the time was noted when the end was known: the same trailer again after a full disk */
    const struct sapa_recording_trailer trailer = { .end = file->end.end, .frames = file->end.frames,
                                                    .masked_frames = file->end.masked_frames, .chunks = file->chunks,
                                                    .end_us = file->end_us };
    sapa_recording_seal_trailer(&file->seal, &trailer, sealed);
    return write_piece(file, sealed, sizeof(sealed));
}

/* Everything that it was given. @retval SAPA_EFULL again later */
static sapa_rc write_waiting(struct sapa_record_file *file)
{
    sapa_rc rc = file->begun ? SAPA_OK : write_head(file);

    while (rc == SAPA_OK && file->waiting) {
        struct sapa_record_buffer *buffer = file->waiting;
        rc = write_chunk(file, buffer);
        if (rc == SAPA_OK) {
            file->waiting = buffer->next;
            sapa_record_pool_return(buffer);
        }
    }
    return rc == SAPA_OK && file->ending ? write_trailer(file) : rc;
}

/* The file goes on as far as the disk lets it. May forget it. */
static void go_on(struct sapa_record_file *file)
{
    struct sapa_record_writer *writer = file->writer;
    const sapa_rc rc = file->failed ? SAPA_OK : write_waiting(file);

    if (rc == SAPA_EFULL && !writer->stopping) {
        if (writer->retry_us == 0) {
            sapa_log(SAPA_LOG_ERROR, "media.record.full", "recording=%llu hint=\"audio is kept in memory for a while\"",
                     (unsigned long long)file->params.recording);
            writer->retry_us = sapa_mono_us() + RETRY_US;
        }
        file->stuck = true;
        file->next = writer->full;
        writer->full = file;
        return;
    }
    if (rc)
        fail(file, rc);
    if (file->failed)
        return_waiting(file);
    if (!file->ending)
        return;
    if (file->failed) {
        forget(file);
        return;
    }
    sapa_sha256_end(&file->hash, file->event.hash);
    file->next = writer->ended;
    writer->ended = file;
}

static void retry_full(struct sapa_record_writer *writer)
{
    struct sapa_record_file *file = writer->full;

    writer->full = NULL;
    while (file) {
        struct sapa_record_file *next = file->next;
        file->stuck = false;
        go_on(file);
        file = next;
    }
    writer->retry_us = writer->full ? sapa_mono_us() + RETRY_US : 0;
}

static void on_open(struct sapa_record_file *file)
{
    file->counted = true;
    file->writer->files++;
    sapa_sha256_begin(&file->hash);
    file->head = malloc(SAPA_RECORDING_HEAD_SIZE);
    if (file->head)
        sapa_recording_begin(&file->params.head, &file->params.key, file->head, &file->seal);
    else
        fail(file, SAPA_ENOMEM);
    sapa_wipe(&file->params.key, sizeof(file->params.key));
    go_on(file);
}

static void on_chunk(struct sapa_record_file *file, struct sapa_record_buffer *buffer)
{
    buffer->next = NULL;
    if (file->waiting)
        file->waiting_last->next = buffer;
    else
        file->waiting = buffer;
    file->waiting_last = buffer;
    if (!file->stuck)
        go_on(file);
}

static void on_end(struct sapa_record_file *file, const struct sapa_record_end *end)
{
    file->ending = true;
    file->end = *end;
    file->end_us = sapa_wall_us();
    file->event.masked_ms = end->masked_frames * 1000 / SAPA_RECORDING_RATE;
    file->event.recorded_ms = end->frames * 1000 / SAPA_RECORDING_RATE - file->event.masked_ms;
    file->failed = file->failed || end->end == SAPA_RECORDING_CUT;
    if (!file->stuck)
        go_on(file);
}

/* On the pool's thread: one sync for all where that is cheaper. Failures are noted in the files. */
static void sync_work(void *ctx)
{
    struct sapa_record_writer *writer = ctx;
    const struct sapa_record_disk *disk = writer->options.disk;
    const dev_t device = writer->syncing->device;
    size_t count = 0;

    for (const struct sapa_record_file *file = writer->syncing; file; file = file->next)
        count++;
    const bool together = disk->sync_all && count > SYNC_EACH;
    const int failed = together ? disk->sync_all(disk->ctx, writer->syncing->fd) : 0;
    for (struct sapa_record_file *file = writer->syncing; file; file = file->next) {
        const bool bad = together && file->device == device ? failed != 0 : disk->sync(disk->ctx, file->fd) != 0;
        file->event.rc = bad ? SAPA_EIO : SAPA_OK;
    }
}

static void sync_ended(struct sapa_record_writer *writer);

static void sync_done(void *ctx, sapa_rc rc)
{
    struct sapa_record_writer *writer = ctx;
    struct sapa_record_file *file = writer->syncing;

    (void)rc; /* the pool ends after us */
    writer->syncing = NULL;
    while (file) {
        struct sapa_record_file *next = file->next;
        if (file->event.rc)
            fail(file, (sapa_rc)file->event.rc);
        else
            report(file, SAPA_RECORD_ENDED, SAPA_OK);
        forget(file);
        file = next;
    }
    sync_ended(writer);
}

static void sync_ended(struct sapa_record_writer *writer)
{
    if (writer->syncing)
        return;
    writer->syncing = writer->ended;
    writer->ended = NULL;
    if (writer->syncing && sapa_pool_submit(writer->syncs, writer->loop, sync_work, sync_done, writer)) {
        sync_work(writer);
        sync_done(writer, SAPA_OK);
    } else if (!writer->syncing && writer->stopping) {
        sapa_loop_stop(writer->loop);
    }
}

static void on_message(void *ctx, uint32_t type, const void *data, size_t size)
{
    (void)ctx;
    (void)size;
    if (type == MSG_OPEN) {
        on_open(*(struct sapa_record_file *const *)data);
    } else if (type == MSG_CHUNK) {
        const struct chunk_message *message = data;
        on_chunk(message->file, message->buffer);
    } else if (type == MSG_END) {
        const struct end_message *message = data;
        on_end(message->file, &message->end);
    }
}

static void on_round(void *ctx)
{
    struct sapa_record_writer *writer = ctx;

    sapa_mailbox_drain(writer->inbox, 0, on_message, writer);
    if (writer->retry_us && sapa_mono_us() >= writer->retry_us)
        retry_full(writer);
    sync_ended(writer);
    if (writer->files > 0)
        sapa_timer_set(writer->loop, &writer->round, ROUND_US, on_round, writer);
}

/* The first file after a rest. */
static void on_wake(void *ctx)
{
    struct sapa_record_writer *writer = ctx;

    atomic_store(&writer->is_waking, false);
    if (!sapa_timer_is_set(&writer->round))
        on_round(writer);
}

static void stop(void *ctx)
{
    struct sapa_record_writer *writer = ctx;

    sapa_timer_cancel(writer->loop, &writer->round);
    while (sapa_mailbox_drain(writer->inbox, 0, on_message, writer) > 0)
        ;
    writer->stopping = true;
    retry_full(writer);
    sync_ended(writer);
}

static void run(void *ctx)
{
    struct sapa_record_writer *writer = ctx;

    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    on_round(writer);
    sapa_loop_run(writer->loop);
}

/* --- from outside --- */

sapa_rc sapa_record_writer_new(const struct sapa_record_writer_options *options,
                               struct sapa_record_writer **ret_writer)
{
    struct sapa_record_writer *writer = calloc(1, sizeof(*writer));

    if (!writer)
        return SAPA_ENOMEM;
    writer->options = *options;
    if (!writer->options.disk)
        writer->options.disk = &real_disk;
    sapa_rc rc = sapa_crypto_init();
    if (rc == SAPA_OK)
        rc = sapa_loop_new(NULL, &writer->loop);
    if (rc == SAPA_OK)
        rc = sapa_mailbox_new(options->mailbox_bytes, &writer->inbox);
    if (rc == SAPA_OK)
        rc = sapa_pool_new("media-sync", 1, 2, &writer->syncs);
    if (rc == SAPA_OK)
        rc = sapa_thread_start("media-writer", -1, run, writer, &writer->thread);
    if (rc) {
        sapa_record_writer_free(writer);
        return rc;
    }
    *ret_writer = writer;
    return SAPA_OK;
}

void sapa_record_writer_free(struct sapa_record_writer *writer)
{
    struct sapa_posted posted = { 0 };

    if (!writer)
        return;
    if (writer->thread) {
        sapa_loop_post(writer->loop, &posted, stop, writer);
        sapa_thread_join(writer->thread);
    }
    sapa_pool_free(writer->syncs);
    if (writer->inbox)
        sapa_mailbox_free(writer->inbox);
    sapa_loop_free(writer->loop);
    free(writer);
}

sapa_rc sapa_record_writer_open(struct sapa_record_writer *writer, const struct sapa_record_params *params,
                                struct sapa_record_file **ret_file)
{
    struct sapa_record_file *file = calloc(1, sizeof(*file));

    if (!file)
        return SAPA_ENOMEM;
    sapa_assert(params->head.frames_per_chunk == SAPA_RECORDING_FRAMES && params->head.channels <= 2);
    *file = (struct sapa_record_file){ .writer = writer, .params = *params, .fd = -1 };
    const sapa_rc rc = sapa_mailbox_put(writer->inbox, MSG_OPEN, &file, sizeof(file));
    if (rc) {
        forget(file);
        return rc;
    }
    if (!atomic_exchange(&writer->is_waking, true))
        sapa_loop_post(writer->loop, &writer->waking, on_wake, writer);
    *ret_file = file;
    return SAPA_OK;
}

sapa_rc sapa_record_writer_chunk(struct sapa_record_writer *writer, struct sapa_record_file *file,
                                 struct sapa_record_buffer *buffer)
{
    const struct chunk_message message = { .file = file, .buffer = buffer };

    return sapa_mailbox_put(writer->inbox, MSG_CHUNK, &message, sizeof(message));
}

sapa_rc sapa_record_writer_end(struct sapa_record_writer *writer, struct sapa_record_file *file,
                               const struct sapa_record_end *end)
{
    const struct end_message message = { .file = file, .end = *end };

    return sapa_mailbox_put(writer->inbox, MSG_END, &message, sizeof(message));
}
