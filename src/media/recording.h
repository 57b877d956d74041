/**
 * @file media/recording.h
 * The recording file: encrypted, authenticated in chunks, seekable; writing and reading it.
 *
 *   head     4096 bytes in clear: magic "SAPAREC1", version, channels, chunk size, start (UTC us), wrapped key,
 *            a random nonce, CRC-32C; its SHA-256 is bound to every chunk
 *   chunk k  at 4096 + k * (chunk_size + 16): XChaCha20-Poly1305 of chunk_size bytes: 16 bytes of chunk head
 *            (codec per channel, frames, flags), then the octets of channel 0, then of channel 1;
 *            nonce = file nonce | k | 0. The same size for all, so a moment is found by arithmetic;
 *            ours are 4096 bytes when sealed: whole pages, that the disk likes
 *   trailer  the last, 16 + TRAILER_SIZE bytes, nonce = file nonce | k | 1: how the recording ended and the meter.
 *            A file without it was cut short (process killed, disk full): what is there still plays
 *
 * A changed, moved, doubled or missing chunk fails its check.
 * Room    media.   Thread  any; one handle, one thread.   Design  docs/design/recording.md
 * Tests   media/recording_test.c, media/recording_fuzz.c
 */
#ifndef SAPA_MEDIA_RECORDING_H
#define SAPA_MEDIA_RECORDING_H

#include "rt/crypto.h"

enum {
    SAPA_RECORDING_HEAD_SIZE = 4096,
    SAPA_RECORDING_CHUNK_HEAD = 16,
    SAPA_RECORDING_FRAMES = 2032,      /* sample times a chunk that we write holds: 254 ms */
    SAPA_RECORDING_CHUNK_MAX = 65536,  /* plain bytes of a chunk that we read */
    SAPA_RECORDING_TAG = 16,
    SAPA_RECORDING_TRAILER_SIZE = 64,
    SAPA_RECORDING_WRAPPED_MAX = 96,
    SAPA_RECORDING_RATE = 8000
};

enum sapa_recording_end {
    SAPA_RECORDING_CUT = 0,      /* no trailer: the writer was killed or the disk was full */
    SAPA_RECORDING_COMPLETE = 1,
    SAPA_RECORDING_LIMIT = 2     /* max_ms reached */
};

/** What the clear head says. */
struct sapa_recording_head {
    uint8_t channels;            /* 1 or 2; channel 0 is the customer, 1 the agent */
    uint32_t frames_per_chunk;
    int64_t start_us;            /* UTC */
    uint8_t wrapped_size;
    uint8_t wrapped[SAPA_RECORDING_WRAPPED_MAX];
};

/** Found by reading the whole file. */
struct sapa_recording_info {
    enum sapa_recording_end end;
    uint64_t frames;             /* sample times at 8 kHz, masked ones included */
    uint64_t recorded_ms;        /* not masked */
    uint64_t masked_ms;          /* pause, or secret digits: silence in the file */
    uint64_t bytes;
    uint8_t hash[SAPA_SHA256_SIZE]; /* of the whole file, as in RECORD_STATE */
};

struct sapa_recording; /* a reader */

/** Head only, without any key: to find the wrapped key. @retval SAPA_ENOENT SAPA_ECORRUPT SAPA_EVERSION SAPA_EIO */
SAPA_MUST_CHECK sapa_rc sapa_recording_head_read(const char *path, struct sapa_recording_head *ret_head);

/** @param key  unwrapped. @retval as above; SAPA_ECORRUPT also when the first chunk does not open with this key */
SAPA_MUST_CHECK sapa_rc sapa_recording_open(const char *path, const struct sapa_key *key,
                                            struct sapa_recording **ret_recording);
void sapa_recording_close(struct sapa_recording *recording); /* NULL is fine */
const struct sapa_recording_head *sapa_recording_get_head(const struct sapa_recording *recording);
/** Sample times in the file, from its size; exact when the trailer is there. */
uint64_t sapa_recording_frames(const struct sapa_recording *recording);
/** Check every chunk and the trailer. Reads the whole file. */
SAPA_MUST_CHECK sapa_rc sapa_recording_verify(struct sapa_recording *recording, struct sapa_recording_info *ret_info);
/**
 * Decode up to `frames` sample times from `from`, linear 16 bit, channels interleaved.
 * @param ret_frames  fewer at the end, 0 behind it
 * @retval SAPA_ECORRUPT  a chunk fails its check
 */
SAPA_MUST_CHECK sapa_rc sapa_recording_read_pcm(struct sapa_recording *recording, uint64_t from, size_t frames,
                                                int16_t *ret_pcm, size_t *ret_frames);
/** The whole as RIFF/WAVE, 8 kHz, 16 bit. `wav_path` is replaced. `ret_info` may be NULL. */
SAPA_MUST_CHECK sapa_rc sapa_recording_to_wav(const char *path, const struct sapa_key *key, const char *wav_path,
                                              struct sapa_recording_info *ret_info);

#endif
