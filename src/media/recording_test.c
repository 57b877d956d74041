#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/g711.h"
#include "media/recording_impl.h"
#include "rt/file.h"

enum { CHUNKS = 5, CHUNK = SAPA_RECORDING_CHUNK_SIZE_2 + SAPA_RECORDING_TAG, LAST = 700 };

static char path[64], wav[80];
static struct sapa_key key;
static uint8_t file[SAPA_RECORDING_HEAD_SIZE + CHUNKS * CHUNK + SAPA_RECORDING_TRAILER_SIZE + SAPA_RECORDING_TAG];

/* A recording made by hand: chunk k of channel c holds octet 16 * k + c. */
static void make(void)
{
    const struct sapa_recording_head head = { .channels = 2, .frames_per_chunk = SAPA_RECORDING_FRAMES,
                                              .start_us = 1700000000000000, .wrapped_size = 3,
                                              .wrapped = { 7, 8, 9 } };
    const struct sapa_recording_trailer trailer = { .end = SAPA_RECORDING_COMPLETE, .chunks = CHUNKS,
                                                    .frames = (CHUNKS - 1) * SAPA_RECORDING_FRAMES + LAST,
                                                    .masked_frames = 100 };
    static const uint8_t codecs[2] = { SAPA_CODEC_PCMA, SAPA_CODEC_PCMU };
    uint8_t plain[SAPA_RECORDING_CHUNK_SIZE_2];
    struct sapa_recording_seal seal;

    memset(&key, 5, sizeof(key));
    sapa_recording_begin(&head, &key, file, &seal);
    for (unsigned k = 0; k < CHUNKS; k++) {
        sapa_recording_put_chunk_head(plain, codecs, k + 1 < CHUNKS ? SAPA_RECORDING_FRAMES : LAST, k == 2 ? 100 : 0);
        for (unsigned c = 0; c < 2; c++)
            memset(plain + SAPA_RECORDING_CHUNK_HEAD + c * SAPA_RECORDING_FRAMES, (int)(16 * k + c),
                   SAPA_RECORDING_FRAMES);
        sapa_recording_seal_chunk(&seal, k, plain, sizeof(plain), file + SAPA_RECORDING_HEAD_SIZE + k * CHUNK);
    }
    sapa_recording_seal_trailer(&seal, &trailer, file + SAPA_RECORDING_HEAD_SIZE + CHUNKS * CHUNK);
}

static void put(size_t size)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(sapa_fd_write_all(fd, file, size), SAPA_OK);
    close(fd);
}

static sapa_rc verify(struct sapa_recording_info *info)
{
    struct sapa_recording *recording;
    sapa_rc rc = sapa_recording_open(path, &key, &recording);

    if (rc)
        return rc;
    rc = sapa_recording_verify(recording, info);
    sapa_recording_close(recording);
    return rc;
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof(path), "/tmp/sapa-recording-test-XXXXXX");
    const int fd = mkstemp(path);
    (void)snprintf(wav, sizeof(wav), "%s.wav", path);
    close(fd);
    make();
    return fd < 0 || sapa_crypto_init() ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(wav);
    return unlink(path);
}

static void test_read(void **state)
{
    struct sapa_recording_head head;
    struct sapa_recording_info info;
    struct sapa_recording *recording;
    int16_t pcm[2 * 300], expected;
    uint8_t hash[SAPA_SHA256_SIZE], octet;
    size_t frames;

    (void)state;
    put(sizeof(file));
    assert_int_equal(sapa_recording_head_read(path, &head), SAPA_OK);
    assert_int_equal(head.channels, 2);
    assert_int_equal(head.start_us, 1700000000000000);
    assert_int_equal(head.wrapped_size, 3);
    assert_int_equal(head.wrapped[2], 9);
    assert_int_equal(verify(&info), SAPA_OK);
    assert_int_equal(info.end, SAPA_RECORDING_COMPLETE);
    assert_int_equal(info.frames, 4 * SAPA_RECORDING_FRAMES + LAST);
    assert_int_equal(info.masked_ms, 12);
    assert_int_equal(info.recorded_ms, info.frames / 8 - 12);
    sapa_sha256(file, sizeof(file), hash);
    assert_memory_equal(info.hash, hash, sizeof(hash));
    /* Anywhere, over the border of two chunks, and at the end. */
    assert_int_equal(sapa_recording_open(path, &key, &recording), SAPA_OK);
    assert_int_equal(sapa_recording_read_pcm(recording, 3 * SAPA_RECORDING_FRAMES - 100, 300, pcm, &frames), SAPA_OK);
    assert_int_equal(frames, 300);
    for (size_t i = 0; i < frames; i++)
        for (unsigned c = 0; c < 2; c++) {
            octet = (uint8_t)(16 * (i < 100 ? 2 : 3) + c);
            sapa_g711_decode(c ? SAPA_CODEC_PCMU : SAPA_CODEC_PCMA, &octet, 1, &expected);
            assert_int_equal(pcm[2 * i + c], expected);
        }
    assert_int_equal(sapa_recording_read_pcm(recording, info.frames - 10, 300, pcm, &frames), SAPA_OK);
    assert_int_equal(frames, 10);
    assert_int_equal(sapa_recording_read_pcm(recording, info.frames, 300, pcm, &frames), SAPA_OK);
    assert_int_equal(frames, 0);
    assert_int_equal(sapa_recording_read_pcm(recording, UINT64_MAX - 5, 300, pcm, &frames), SAPA_OK);
    assert_int_equal(frames, 0);
    sapa_recording_close(recording);
}

static void test_wav(void **state)
{
    uint8_t *data;
    size_t size;

    (void)state;
    put(sizeof(file));
    assert_int_equal(sapa_recording_to_wav(path, &key, wav, NULL), SAPA_OK);
    assert_int_equal(sapa_file_read(wav, 1 << 20, &data, &size), SAPA_OK);
    assert_int_equal(size, 44 + 4 * (4 * SAPA_RECORDING_FRAMES + LAST));
    assert_memory_equal(data, "RIFF", 4);
    assert_memory_equal(data + 36, "data", 4);
    assert_int_equal(data[22], 2);
    free(data);
}

/* One changed bit anywhere is found. */
static void test_tampering(void **state)
{
    struct sapa_recording_info info;

    (void)state;
    for (size_t at = 0; at < sizeof(file); at += 509) {
        file[at] ^= 0x10;
        put(sizeof(file));
        const sapa_rc rc = verify(&info);
        /* A spoilt trailer looks like one that was never written. */
        if (at >= SAPA_RECORDING_HEAD_SIZE + CHUNKS * CHUNK)
            assert_true(rc == SAPA_OK && info.end == SAPA_RECORDING_CUT);
        else
            assert_true(rc == SAPA_ECORRUPT || rc == SAPA_EVERSION);
        file[at] ^= 0x10;
    }
    /* Two chunks change places; one is doubled; one is taken out. */
    static uint8_t spare[sizeof(file)];
    memcpy(spare, file, sizeof(file));
    uint8_t *const chunk = file + SAPA_RECORDING_HEAD_SIZE;
    memcpy(chunk + CHUNK, spare + SAPA_RECORDING_HEAD_SIZE + 2 * CHUNK, CHUNK);
    memcpy(chunk + 2 * CHUNK, spare + SAPA_RECORDING_HEAD_SIZE + CHUNK, CHUNK);
    put(sizeof(file));
    assert_int_equal(verify(&info), SAPA_ECORRUPT);
    memcpy(chunk + CHUNK, chunk, CHUNK);
    put(sizeof(file));
    assert_int_equal(verify(&info), SAPA_ECORRUPT);
    memcpy(file, spare, sizeof(file));
    memmove(chunk + CHUNK, chunk + 2 * CHUNK, sizeof(file) - SAPA_RECORDING_HEAD_SIZE - 2 * CHUNK);
    put(sizeof(file) - CHUNK);
    assert_int_equal(verify(&info), SAPA_ECORRUPT);
    memcpy(file, spare, sizeof(file));
}

/* Wherever a crash cut it: the whole chunks play, and nobody takes it for complete. */
static void test_truncation(void **state)
{
    struct sapa_recording_info info;

    (void)state;
    for (size_t size = 0; size < sizeof(file); size += 333) {
        put(size);
        const sapa_rc rc = verify(&info);
        if (size < SAPA_RECORDING_HEAD_SIZE) {
            assert_int_equal(rc, SAPA_ECORRUPT);
            continue;
        }
        assert_int_equal(rc, SAPA_OK);
        assert_int_equal(info.end, SAPA_RECORDING_CUT);
        const size_t whole = SAPA_MIN((size - SAPA_RECORDING_HEAD_SIZE) / CHUNK, (size_t)CHUNKS);
        assert_int_equal(info.frames, whole == CHUNKS ? 4 * SAPA_RECORDING_FRAMES + LAST
                                                      : whole * SAPA_RECORDING_FRAMES);
    }
}

static void test_wrong_key(void **state)
{
    struct sapa_recording_info info;

    (void)state;
    put(sizeof(file));
    key.bytes[31] ^= 1;
    assert_int_equal(verify(&info), SAPA_ECORRUPT);
    key.bytes[31] ^= 1;
    assert_int_equal(verify(&info), SAPA_OK);
    assert_int_equal(sapa_recording_to_wav("/nonexistent/x", &key, wav, NULL), SAPA_ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_read), cmocka_unit_test(test_wav),
                                        cmocka_unit_test(test_tampering), cmocka_unit_test(test_truncation),
                                        cmocka_unit_test(test_wrong_key) };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
