/**
 * @file app/test_recording_impl.h
 * A recording as the recorder leaves it, in the folder of a test's store, of the day on which the log of tests is.
 *
 * Room    app, tests only.   Thread  the test's; the writer has its own.
 */
#ifndef SAPA_APP_TEST_RECORDING_IMPL_H
#define SAPA_APP_TEST_RECORDING_IMPL_H

#include <sys/stat.h>

#include "app/recording_key.h"
#include "app/test_store_impl.h"
#include "media/record_writer.h"
#include "media/recording.h"
#include "model/codec.h"

/** Silence of `chunks` chunks (SAPA_RECORDING_FRAMES each), sealed for this person, of the client toko. */
static inline void test_recording_make(struct test_store *s, uint64_t person, uint64_t recording, uint64_t contact, unsigned chunks)
{
    struct sapa_record_params params = { .recording = recording, .contact = contact };
    const struct sapa_record_end ended = { .end = SAPA_RECORDING_COMPLETE, .frames = (uint64_t)chunks * SAPA_RECORDING_FRAMES };
    struct sapa_record_writer_options options = { .event_type = 1, .mailbox_bytes = 1 << 20 };
    struct sapa_record_writer *writer;
    struct sapa_record_file *file;
    struct sapa_record_pool pool;
    struct sapa_record_buffer *buffer;

    params.head = (struct sapa_recording_head){ .channels = 2, .frames_per_chunk = SAPA_RECORDING_FRAMES, .start_us = INT64_C(1767600000000000) };
    snprintf(params.path, sizeof(params.path), "%s/recordings/toko/2026/01/05/%llu.srec", s->folder, (unsigned long long)recording);
    for (char *slash = params.path + strlen(s->folder) + 1; (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
        *slash = '\0';
        (void)mkdir(params.path, 0700);
    }
    sapa_record_pool_init(&pool);
    pool.limit = chunks + 1u;
    if (sapa_recording_key_make(s->store, person, recording, params.key.bytes, params.head.wrapped, &params.head.wrapped_size) != SAPA_OK ||
        sapa_mailbox_new(1 << 16, &options.events) != SAPA_OK || sapa_record_writer_new(&options, &writer) != SAPA_OK ||
        sapa_record_writer_open(writer, &params, &file) != SAPA_OK)
        abort();
    for (unsigned i = 0; i < chunks; i++) {
        if (!(buffer = sapa_record_pool_get(&pool)))
            abort();
        buffer->codecs[0] = buffer->codecs[1] = SAPA_CODEC_PCMA;
        buffer->frames = SAPA_RECORDING_FRAMES;
        buffer->masked = 0;
        memset(buffer->plain, 0xd5, sizeof(buffer->plain));
        if (sapa_record_writer_chunk(writer, file, buffer) != SAPA_OK)
            abort();
    }
    if (sapa_record_writer_end(writer, file, &ended) != SAPA_OK)
        abort();
    sapa_record_writer_free(writer);
    sapa_record_pool_done(&pool);
    sapa_mailbox_free(options.events);
}

#endif
