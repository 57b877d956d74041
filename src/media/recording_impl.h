/**
 * @file media/recording_impl.h
 * Encoding of the recording file, for its writer and its reader.
 *
 * Room    media.   Thread  any.
 */
#ifndef SAPA_MEDIA_RECORDING_IMPL_H
#define SAPA_MEDIA_RECORDING_IMPL_H

#include "media/recording.h"

enum {
    SAPA_RECORDING_NONCE = 15,
    SAPA_RECORDING_CHUNK_SIZE_2 = SAPA_RECORDING_CHUNK_HEAD + 2 * SAPA_RECORDING_FRAMES,
};

/** What binds and numbers the chunks of one file. */
struct sapa_recording_seal {
    struct sapa_key key;
    uint8_t head_hash[SAPA_SHA256_SIZE];
    uint8_t nonce[SAPA_RECORDING_NONCE];
};

struct sapa_recording_trailer {
    enum sapa_recording_end end;
    uint64_t frames, masked_frames, chunks;
    int64_t end_us; /* UTC */
};

/** A fresh nonce is drawn. `ret_bytes` gets the head as it stands in the file. */
void sapa_recording_begin(const struct sapa_recording_head *head, const struct sapa_key *key,
                          uint8_t ret_bytes[SAPA_RECORDING_HEAD_SIZE], struct sapa_recording_seal *ret_seal);
/** `ret_sealed` gets size + SAPA_RECORDING_TAG bytes. */
void sapa_recording_seal_chunk(const struct sapa_recording_seal *seal, uint64_t number, const uint8_t *plain,
                               size_t size, uint8_t *ret_sealed);
/** SAPA_RECORDING_TRAILER_SIZE + SAPA_RECORDING_TAG bytes; its chunks field is its number. */
void sapa_recording_seal_trailer(const struct sapa_recording_seal *seal,
                                 const struct sapa_recording_trailer *trailer, uint8_t *ret_sealed);
/** Fill the chunk's first SAPA_RECORDING_CHUNK_HEAD bytes. */
void sapa_recording_put_chunk_head(uint8_t *plain, const uint8_t codecs[2], uint32_t frames, uint32_t masked);

#endif
