/*
 * The reader of recordings. The input is a file; in a second round its chunks are sealed anew with the head
 * that it brings, so that the fuzzer gets behind the cipher and its numbers reach the reader's arithmetic.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media/recording_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/tmp/sapa-recording-fuzz-XXXXXX";

static void remove_it(void)
{
    (void)unlink(path);
}

static void read_it(const struct sapa_key *key)
{
    struct sapa_recording_info info;
    struct sapa_recording_head head;
    struct sapa_recording *recording;
    static int16_t pcm[2 * 1000];
    size_t frames = 0;

    (void)!sapa_recording_head_read(path, &head);
    if (sapa_recording_open(path, key, &recording))
        return;
    if (sapa_recording_verify(recording, &info) == SAPA_OK)
        sapa_assert(info.recorded_ms + info.masked_ms == info.frames * 1000 / SAPA_RECORDING_RATE);
    if (sapa_recording_read_pcm(recording, sapa_recording_frames(recording) / 2, 1000, pcm, &frames) ==
        SAPA_OK)
        sapa_assert(frames <= 1000);
    sapa_recording_close(recording);
}

static void write_it(int fd, const void *bytes, size_t size)
{
    (void)!pwrite(fd, bytes, size, 0);
    (void)!ftruncate(fd, (off_t)size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    const struct sapa_key key = { { 1 } };

    if (fd < 0) {
        fd = mkstemp(path);
        if (fd < 0 || sapa_crypto_init() || atexit(remove_it))
            abort();
    }
    write_it(fd, data, size);
    read_it(&key);

    /* A head of our own from the first two octets, then chunks whose plain text is the input. */
    if (size < 2)
        return 0;
    const uint8_t channels = (uint8_t)(1 + (data[0] & 1));
    const uint32_t per_chunk = 80 + data[1];
    const struct sapa_recording_head head = { .channels = channels, .frames_per_chunk = per_chunk };
    const size_t plain = SAPA_RECORDING_CHUNK_HEAD + (size_t)channels * per_chunk;
    const size_t chunks = SAPA_MIN((size - 2) / plain + 1, (size_t)16);
    static uint8_t file[SAPA_RECORDING_HEAD_SIZE + 16 * (16 + 2 * 335 + 16) + 80], chunk[16 + 2 * 335];
    struct sapa_recording_seal seal;
    sapa_recording_begin(&head, &key, file, &seal);
    size_t at = SAPA_RECORDING_HEAD_SIZE;
    for (size_t k = 0; k < chunks; k++) {
        const size_t from = 2 + k * plain, n = SAPA_MIN(plain, size - SAPA_MIN(from, size));
        memset(chunk, 0, sizeof(chunk));
        memcpy(chunk, data + from, n);
        sapa_recording_seal_chunk(&seal, k, chunk, plain, file + at);
        at += plain + SAPA_RECORDING_TAG;
    }
    struct sapa_recording_trailer trailer = { .end = SAPA_RECORDING_COMPLETE, .chunks = chunks };
    memcpy(&trailer.frames, data, SAPA_MIN(size, sizeof(trailer.frames)));
    sapa_recording_seal_trailer(&seal, &trailer, file + at);
    if (data[0] & 2)
        at += SAPA_RECORDING_TRAILER_SIZE + SAPA_RECORDING_TAG;
    write_it(fd, file, at);
    read_it(&key);
    return 0;
}
