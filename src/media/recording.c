#include "media/recording_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "media/g711.h"
#include "rt/file.h"
#include "rt/random.h"

static const char magic[8] = { 'S', 'A', 'P', 'A', 'R', 'E', 'C', '1' };

enum {
    VERSION = 1,
    /* offsets in the head */
    AT_VERSION = 8,
    AT_CHANNELS = 9,
    AT_WRAPPED_SIZE = 10,
    AT_CHUNK_SIZE = 12,
    AT_START = 16,
    AT_NONCE = 24,
    AT_WRAPPED = 40,
    AT_CRC = 252,
    FRAMES_MIN = 80
};

static void put_le(uint8_t *p, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++, value >>= 8)
        p[i] = (uint8_t)value;
}

static uint64_t get_le(const uint8_t *p, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = bytes; i-- > 0;)
        value = value << 8 | p[i];
    return value;
}

static size_t chunk_size_of(const struct sapa_recording_head *head)
{
    return SAPA_RECORDING_CHUNK_HEAD + (size_t)head->channels * head->frames_per_chunk;
}

/* --- encoding --- */

void sapa_recording_begin(const struct sapa_recording_head *head, const struct sapa_key *key,
                          uint8_t ret_bytes[SAPA_RECORDING_HEAD_SIZE], struct sapa_recording_seal *ret_seal)
{
    memset(ret_bytes, 0, SAPA_RECORDING_HEAD_SIZE);
    memcpy(ret_bytes, magic, sizeof(magic));
    ret_bytes[AT_VERSION] = VERSION;
    ret_bytes[AT_CHANNELS] = head->channels;
    ret_bytes[AT_WRAPPED_SIZE] = head->wrapped_size;
    put_le(ret_bytes + AT_CHUNK_SIZE, chunk_size_of(head), 4);
    put_le(ret_bytes + AT_START, (uint64_t)head->start_us, 8);
    sapa_random_bytes(ret_bytes + AT_NONCE, SAPA_RECORDING_NONCE);
    memcpy(ret_bytes + AT_WRAPPED, head->wrapped, head->wrapped_size);
    put_le(ret_bytes + AT_CRC, sapa_crc32c(0, ret_bytes, AT_CRC), 4);

    ret_seal->key = *key;
    memcpy(ret_seal->nonce, ret_bytes + AT_NONCE, SAPA_RECORDING_NONCE);
    sapa_sha256(ret_bytes, SAPA_RECORDING_HEAD_SIZE, ret_seal->head_hash);
}

static void nonce_of(const struct sapa_recording_seal *seal, uint64_t number, bool final, uint8_t ret_nonce[24])
{
    memcpy(ret_nonce, seal->nonce, SAPA_RECORDING_NONCE);
    put_le(ret_nonce + SAPA_RECORDING_NONCE, number, 8);
    ret_nonce[23] = final;
}

void sapa_recording_seal_chunk(const struct sapa_recording_seal *seal, uint64_t number, const uint8_t *plain,
                               size_t size, uint8_t *ret_sealed)
{
    uint8_t nonce[24];

    nonce_of(seal, number, false, nonce);
    sapa_seal_chunk(&seal->key, nonce, seal->head_hash, sizeof(seal->head_hash), plain, size, ret_sealed);
}

void sapa_recording_seal_trailer(const struct sapa_recording_seal *seal,
                                 const struct sapa_recording_trailer *trailer, uint8_t *ret_sealed)
{
    uint8_t plain[SAPA_RECORDING_TRAILER_SIZE] = { 0 };
    uint8_t nonce[24];

    plain[0] = (uint8_t)trailer->end;
    put_le(plain + 8, trailer->frames, 8);
    put_le(plain + 16, trailer->masked_frames, 8);
    put_le(plain + 24, trailer->chunks, 8);
    put_le(plain + 32, (uint64_t)trailer->end_us, 8);
    nonce_of(seal, trailer->chunks, true, nonce);
    sapa_seal_chunk(&seal->key, nonce, seal->head_hash, sizeof(seal->head_hash), plain, sizeof(plain), ret_sealed);
}

void sapa_recording_put_chunk_head(uint8_t *plain, const uint8_t codecs[2], uint32_t frames, uint32_t masked)
{
    memset(plain, 0, SAPA_RECORDING_CHUNK_HEAD);
    plain[0] = codecs[0];
    plain[1] = codecs[1];
    put_le(plain + 4, frames, 4);
    put_le(plain + 8, masked, 4);
}

/* --- reading --- */

struct sapa_recording {
    int fd;
    struct sapa_recording_head head;
    struct sapa_recording_seal seal;
    size_t chunk_size;     /* plain */
    uint64_t file_size;
    uint64_t chunks;
    uint64_t frames;
    bool has_trailer;
    struct sapa_recording_trailer trailer;
    uint64_t loaded;       /* chunk in `plain`; UINT64_MAX none */
    uint8_t *plain, *sealed;
};

static sapa_rc read_at(int fd, uint64_t at, void *buf, size_t size)
{
    uint8_t *p = buf;

    while (size > 0) {
        const ssize_t n = pread(fd, p, size, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return SAPA_EIO;
        if (n == 0)
            return SAPA_ECORRUPT;
        p += n;
        at += (uint64_t)n;
        size -= (size_t)n;
    }
    return SAPA_OK;
}

static sapa_rc parse_head(const uint8_t *bytes, struct sapa_recording_head *ret)
{
    struct sapa_recording_head head = { 0 };

    if (memcmp(bytes, magic, sizeof(magic)) != 0)
        return SAPA_ECORRUPT;
    if (bytes[AT_VERSION] != VERSION)
        return SAPA_EVERSION;
    if (get_le(bytes + AT_CRC, 4) != sapa_crc32c(0, bytes, AT_CRC))
        return SAPA_ECORRUPT;
    head.channels = bytes[AT_CHANNELS];
    head.wrapped_size = bytes[AT_WRAPPED_SIZE];
    const uint64_t chunk_size = get_le(bytes + AT_CHUNK_SIZE, 4);
    if (head.channels < 1 || head.channels > 2 || head.wrapped_size > SAPA_RECORDING_WRAPPED_MAX ||
        chunk_size > SAPA_RECORDING_CHUNK_MAX || chunk_size < SAPA_RECORDING_CHUNK_HEAD)
        return SAPA_ECORRUPT;
    head.frames_per_chunk = (uint32_t)(chunk_size - SAPA_RECORDING_CHUNK_HEAD) / head.channels;
    if (head.frames_per_chunk < FRAMES_MIN || chunk_size_of(&head) != chunk_size)
        return SAPA_ECORRUPT;
    head.start_us = (int64_t)get_le(bytes + AT_START, 8);
    memcpy(head.wrapped, bytes + AT_WRAPPED, head.wrapped_size);
    *ret = head;
    return SAPA_OK;
}

static sapa_rc open_file(const char *path, int *ret_fd, uint8_t bytes[SAPA_RECORDING_HEAD_SIZE],
                         struct sapa_recording_head *ret_head)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return sapa_rc_of_errno(errno);
    sapa_rc rc = read_at(fd, 0, bytes, SAPA_RECORDING_HEAD_SIZE);
    if (rc == SAPA_OK)
        rc = parse_head(bytes, ret_head);
    if (rc) {
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return SAPA_OK;
}

sapa_rc sapa_recording_head_read(const char *path, struct sapa_recording_head *ret_head)
{
    uint8_t bytes[SAPA_RECORDING_HEAD_SIZE];
    int fd;
    const sapa_rc rc = open_file(path, &fd, bytes, ret_head);

    if (rc == SAPA_OK)
        close(fd);
    return rc;
}

static uint64_t chunk_at(const struct sapa_recording *recording, uint64_t number)
{
    return SAPA_RECORDING_HEAD_SIZE + number * (recording->chunk_size + SAPA_RECORDING_TAG);
}

static uint32_t chunk_frames(const struct sapa_recording *recording)
{
    return (uint32_t)get_le(recording->plain + 4, 4);
}

static uint32_t chunk_masked(const struct sapa_recording *recording)
{
    return (uint32_t)get_le(recording->plain + 8, 4);
}

/* Afterwards `plain` holds chunk `number`, checked. `hash`, if any, goes over the sealed bytes. */
static sapa_rc load(struct sapa_recording *recording, uint64_t number, struct sapa_sha256 *hash)
{
    uint8_t nonce[24];

    if (recording->loaded == number && !hash)
        return SAPA_OK;
    recording->loaded = UINT64_MAX;
    const size_t size = recording->chunk_size + SAPA_RECORDING_TAG;
    sapa_rc rc = read_at(recording->fd, chunk_at(recording, number), recording->sealed, size);
    if (rc)
        return rc;
    if (hash)
        sapa_sha256_add(hash, recording->sealed, size);
    nonce_of(&recording->seal, number, false, nonce);
    rc = sapa_unseal_chunk(&recording->seal.key, nonce, recording->seal.head_hash, SAPA_SHA256_SIZE,
                           recording->sealed, size, recording->plain);
    if (rc)
        return rc;
    /* Sealed by our own writer, yet a number from a file is checked before it is used. */
    const uint32_t per_chunk = recording->head.frames_per_chunk;
    if (chunk_frames(recording) > per_chunk || chunk_masked(recording) > chunk_frames(recording) ||
        (chunk_frames(recording) < per_chunk && number + 1 < recording->chunks))
        return SAPA_ECORRUPT;
    recording->loaded = number;
    return SAPA_OK;
}

static sapa_rc load_trailer(struct sapa_recording *recording)
{
    uint8_t sealed[SAPA_RECORDING_TRAILER_SIZE + SAPA_RECORDING_TAG], plain[SAPA_RECORDING_TRAILER_SIZE];
    uint8_t nonce[24];

    sapa_rc rc = read_at(recording->fd, chunk_at(recording, recording->chunks), sealed, sizeof(sealed));
    if (rc)
        return rc;
    nonce_of(&recording->seal, recording->chunks, true, nonce);
    rc = sapa_unseal_chunk(&recording->seal.key, nonce, recording->seal.head_hash, SAPA_SHA256_SIZE, sealed,
                           sizeof(sealed), plain);
    if (rc)
        return rc;
    const struct sapa_recording_trailer trailer = {
        .end = plain[0] == SAPA_RECORDING_LIMIT ? SAPA_RECORDING_LIMIT : SAPA_RECORDING_COMPLETE,
        .frames = get_le(plain + 8, 8),
        .masked_frames = get_le(plain + 16, 8),
        .chunks = get_le(plain + 24, 8),
        .end_us = (int64_t)get_le(plain + 32, 8),
    };
    const uint64_t room = recording->chunks * recording->head.frames_per_chunk;
    if (trailer.chunks != recording->chunks || trailer.frames > room || trailer.masked_frames > trailer.frames)
        return SAPA_ECORRUPT;
    recording->trailer = trailer;
    recording->has_trailer = true;
    return SAPA_OK;
}

static sapa_rc measure(struct sapa_recording *recording)
{
    struct stat stat_buf;

    if (fstat(recording->fd, &stat_buf))
        return SAPA_EIO;
    recording->file_size = (uint64_t)stat_buf.st_size;
    const uint64_t body = recording->file_size - SAPA_RECORDING_HEAD_SIZE;
    const size_t sealed = recording->chunk_size + SAPA_RECORDING_TAG;
    recording->chunks = body / sealed;
    /* A rest that is no trailer is the piece of a chunk that a crash left. */
    if (body % sealed == SAPA_RECORDING_TRAILER_SIZE + SAPA_RECORDING_TAG)
        (void)load_trailer(recording);
    if (recording->has_trailer) {
        recording->frames = recording->trailer.frames;
    } else if (recording->chunks > 0) {
        const sapa_rc rc = load(recording, recording->chunks - 1, NULL);
        if (rc)
            return rc;
        recording->frames = (recording->chunks - 1) * recording->head.frames_per_chunk + chunk_frames(recording);
    }
    return recording->chunks > 0 ? load(recording, 0, NULL) : SAPA_OK;
}

sapa_rc sapa_recording_open(const char *path, const struct sapa_key *key, struct sapa_recording **ret_recording)
{
    struct sapa_recording *recording = calloc(1, sizeof(*recording));
    uint8_t bytes[SAPA_RECORDING_HEAD_SIZE];

    if (!recording)
        return SAPA_ENOMEM;
    recording->fd = -1;
    recording->loaded = UINT64_MAX;
    sapa_rc rc = open_file(path, &recording->fd, bytes, &recording->head);
    if (rc)
        goto fail;
    recording->chunk_size = chunk_size_of(&recording->head);
    recording->seal.key = *key;
    memcpy(recording->seal.nonce, bytes + AT_NONCE, SAPA_RECORDING_NONCE);
    sapa_sha256(bytes, sizeof(bytes), recording->seal.head_hash);
    recording->plain = malloc(recording->chunk_size);
    recording->sealed = malloc(recording->chunk_size + SAPA_RECORDING_TAG);
    rc = SAPA_ENOMEM;
    if (!recording->plain || !recording->sealed)
        goto fail;
    rc = measure(recording);
    if (rc)
        goto fail;
    *ret_recording = recording;
    return SAPA_OK;
fail:
    sapa_recording_close(recording);
    return rc;
}

void sapa_recording_close(struct sapa_recording *recording)
{
    if (!recording)
        return;
    if (recording->fd >= 0)
        close(recording->fd);
    sapa_wipe(&recording->seal, sizeof(recording->seal));
    free(recording->plain);
    free(recording->sealed);
    free(recording);
}

const struct sapa_recording_head *sapa_recording_get_head(const struct sapa_recording *recording)
{
    return &recording->head;
}

uint64_t sapa_recording_frames(const struct sapa_recording *recording)
{
    return recording->frames;
}

sapa_rc sapa_recording_verify(struct sapa_recording *recording, struct sapa_recording_info *ret_info)
{
    struct sapa_recording_info info = { .bytes = recording->file_size };
    struct sapa_sha256 hash;
    uint8_t bytes[SAPA_RECORDING_HEAD_SIZE];
    uint64_t masked = 0;

    sapa_sha256_begin(&hash);
    sapa_rc rc = read_at(recording->fd, 0, bytes, sizeof(bytes));
    if (rc)
        return rc;
    sapa_sha256_add(&hash, bytes, sizeof(bytes));
    for (uint64_t k = 0; k < recording->chunks; k++) {
        rc = load(recording, k, &hash);
        if (rc)
            return rc;
        info.frames += chunk_frames(recording);
        masked += chunk_masked(recording);
    }
    uint64_t at = chunk_at(recording, recording->chunks);
    while (at < recording->file_size) {
        const size_t n = (size_t)SAPA_MIN(recording->file_size - at, (uint64_t)sizeof(bytes));
        rc = read_at(recording->fd, at, bytes, n);
        if (rc)
            return rc;
        sapa_sha256_add(&hash, bytes, n);
        at += n;
    }
    if (recording->has_trailer) {
        if (info.frames != recording->trailer.frames || masked != recording->trailer.masked_frames)
            return SAPA_ECORRUPT;
        info.end = recording->trailer.end;
    }
    info.masked_ms = masked * 1000 / SAPA_RECORDING_RATE;
    info.recorded_ms = info.frames * 1000 / SAPA_RECORDING_RATE - info.masked_ms;
    sapa_sha256_end(&hash, info.hash);
    *ret_info = info;
    return SAPA_OK;
}

sapa_rc sapa_recording_read_pcm(struct sapa_recording *recording, uint64_t from, size_t frames, int16_t *ret_pcm,
                                size_t *ret_frames)
{
    const uint32_t per_chunk = recording->head.frames_per_chunk;
    const unsigned channels = recording->head.channels;
    size_t n = 0;

    while (n < frames && from + n < recording->frames) {
        const uint64_t number = (from + n) / per_chunk;
        const uint32_t begin = (uint32_t)((from + n) % per_chunk);
        const sapa_rc rc = load(recording, number, NULL);
        if (rc)
            return rc;
        if (begin >= chunk_frames(recording))
            break;
        const size_t take = SAPA_MIN(frames - n, (size_t)(chunk_frames(recording) - begin));
        for (unsigned channel = 0; channel < channels; channel++) {
            const uint8_t *octets = recording->plain + SAPA_RECORDING_CHUNK_HEAD + (size_t)channel * per_chunk + begin;
            const uint8_t codec = recording->plain[channel];
            for (size_t i = 0; i < take; i++)
                sapa_g711_decode(codec, octets + i, 1, &ret_pcm[(n + i) * channels + channel]);
        }
        n += take;
    }
    *ret_frames = n;
    return SAPA_OK;
}

static void wav_head(uint8_t head[44], unsigned channels, uint64_t frames)
{
    const uint64_t data = SAPA_MIN(frames * channels * 2, (uint64_t)UINT32_MAX - 36);

    memcpy(head, "RIFF....WAVEfmt ", 16);
    put_le(head + 4, 36 + data, 4);
    put_le(head + 16, 16, 4);
    put_le(head + 20, 1, 2);
    put_le(head + 22, channels, 2);
    put_le(head + 24, SAPA_RECORDING_RATE, 4);
    put_le(head + 28, (uint64_t)SAPA_RECORDING_RATE * channels * 2, 4);
    put_le(head + 32, channels * 2, 2);
    put_le(head + 34, 16, 2);
    memcpy(head + 36, "data", 4);
    put_le(head + 40, data, 4);
}

static sapa_rc write_wav(struct sapa_recording *recording, int fd)
{
    enum { STEP = 2048 };
    int16_t pcm[STEP * 2];
    uint8_t bytes[STEP * 4];
    const unsigned channels = recording->head.channels;

    wav_head(bytes, channels, recording->frames);
    sapa_rc rc = sapa_fd_write_all(fd, bytes, 44);
    for (uint64_t from = 0; rc == SAPA_OK && from < recording->frames;) {
        size_t n = 0;
        rc = sapa_recording_read_pcm(recording, from, STEP, pcm, &n);
        if (rc || n == 0)
            break;
        for (size_t i = 0; i < n * channels; i++)
            put_le(bytes + 2 * i, (uint16_t)pcm[i], 2);
        rc = sapa_fd_write_all(fd, bytes, n * channels * 2);
        from += n;
    }
    return rc;
}

sapa_rc sapa_recording_to_wav(const char *path, const struct sapa_key *key, const char *wav_path,
                              struct sapa_recording_info *ret_info)
{
    struct sapa_recording *recording;
    struct sapa_recording_info info;

    sapa_rc rc = sapa_recording_open(path, key, &recording);
    if (rc)
        return rc;
    rc = sapa_recording_verify(recording, &info);
    if (rc == SAPA_OK) {
        const int fd = open(wav_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        rc = fd < 0 ? sapa_rc_of_errno(errno) : write_wav(recording, fd);
        if (fd >= 0 && close(fd) && rc == SAPA_OK)
            rc = SAPA_EIO;
    }
    sapa_recording_close(recording);
    if (rc == SAPA_OK && ret_info)
        *ret_info = info;
    return rc;
}
