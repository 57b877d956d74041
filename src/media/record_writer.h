/**
 * @file media/record_writer.h
 * The thread that seals and writes recordings, so that no packet thread ever waits for a disk.
 *
 * Order of one file: sapa_record_writer_open() by control, then chunks and one end by its packet
 * thread. The writer reports with SAPA_RECORD_EVENT messages into control's mailbox; a failed file
 * takes chunks and the end in silence. Buffers go home to the pool they came from. While the disk is full they
 * stay here, and the file goes on when there is space; the pool's limit says how long that may be.
 * Room    media.   Design  docs/design/recording.md   Tests  media/recorder_test.c
 */
#ifndef SAPA_MEDIA_RECORD_WRITER_H
#define SAPA_MEDIA_RECORD_WRITER_H

#include <sys/types.h>

#include "media/record_pool.h"
#include "rt/mailbox.h"

enum sapa_record_state { /* as in the record recording_state */
    SAPA_RECORD_STARTED,
    SAPA_RECORD_PAUSED,
    SAPA_RECORD_RESUMED,
    SAPA_RECORD_ENDED,
    SAPA_RECORD_FAILED
};

struct sapa_record_file;
struct sapa_record_writer;

/** What the writer tells control. */
struct sapa_record_event {
    uint64_t recording, contact;
    uint8_t state;  /* STARTED, ENDED, FAILED */
    int16_t rc;     /* sapa_rc, with FAILED */
    uint64_t recorded_ms, masked_ms, bytes;
    uint8_t hash[SAPA_SHA256_SIZE];
};

/**
 * System calls, for tests with a disk that fails. Semantics of open(O_CREAT | O_EXCL, 0600), write, and fdatasync;
 * `sync_all` is syncfs() for many files at once, NULL where there is no such thing.
 */
struct sapa_record_disk {
    int (*create)(void *ctx, const char *path);
    ssize_t (*write)(void *ctx, int fd, const void *data, size_t size);
    int (*sync)(void *ctx, int fd);
    int (*sync_all)(void *ctx, int fd);
    void *ctx;
};

struct sapa_record_writer_options {
    struct sapa_mailbox *events;  /* borrowed, outlives the writer */
    uint32_t event_type;          /* of its messages, a struct sapa_record_event */
    size_t mailbox_bytes;
    const struct sapa_record_disk *disk; /* NULL: the real one */
};

SAPA_MUST_CHECK sapa_rc sapa_record_writer_new(const struct sapa_record_writer_options *options,
                                               struct sapa_record_writer **ret_writer);
/** Writes what it was given, ends the thread. Files that were not ended stay cut. NULL is fine. */
void sapa_record_writer_free(struct sapa_record_writer *writer);

struct sapa_record_params {
    uint64_t recording, contact;
    char path[256];
    struct sapa_key key;
    struct sapa_recording_head head; /* its frames_per_chunk is SAPA_RECORDING_FRAMES */
};
/**
 * The file is made by the writer; STARTED or FAILED follows. The handle is the writer's and valid until
 * sapa_record_writer_end() for it. Any thread.
 * @retval SAPA_ELIMIT  the writer is behind
 */
SAPA_MUST_CHECK sapa_rc sapa_record_writer_open(struct sapa_record_writer *writer,
                                                const struct sapa_record_params *params,
                                                struct sapa_record_file **ret_file);
/** Takes the buffer, on success only. @retval SAPA_ELIMIT the writer is behind: try again later */
SAPA_MUST_CHECK sapa_rc sapa_record_writer_chunk(struct sapa_record_writer *writer, struct sapa_record_file *file,
                                                 struct sapa_record_buffer *buffer);
struct sapa_record_end {
    enum sapa_recording_end end; /* CUT: given up; no trailer, no report */
    uint64_t frames, masked_frames;
};
/** The last word about this file. ENDED or FAILED follows, after the disk has it. */
SAPA_MUST_CHECK sapa_rc sapa_record_writer_end(struct sapa_record_writer *writer, struct sapa_record_file *file,
                                               const struct sapa_record_end *end);

#endif
