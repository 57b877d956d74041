/**
 * @file media/recorder.h
 * The packet thread's half of a recording: places audio on the time line of the contact, two channels,
 * masks what must not be heard, and hands full chunks to the writer.
 *
 * A packet is placed by its RTP timestamp, tied to the time of arrival of the stream's first; what never
 * comes is silence. The tie is renewed when the two drift apart by more than 20 ms or jump by 200 ms. Packets
 * may come SAPA_RECORDER_HOLD_MS late. No function allocates except through the pool.
 * Room    media.   Thread  the packet thread's.   Design  docs/design/recording.md   Tests  media/recorder_test.c
 */
#ifndef SAPA_MEDIA_RECORDER_H
#define SAPA_MEDIA_RECORDER_H

#include "media/record_writer.h"

enum { SAPA_RECORDER_HOLD_MS = 128 };

struct sapa_recorder_channel {
    bool anchored;
    bool secret;           /* what comes is not to be heard */
    uint32_t ssrc;
    uint32_t anchor_timestamp;
    int64_t anchor;        /* position of that timestamp */
    int64_t not_before;    /* audio before this position came out of a mask */
    int32_t late_min;      /* least lateness seen in this window */
    uint16_t window;       /* packets in it */
};

struct sapa_recorder {
    struct sapa_record_writer *writer;
    struct sapa_record_file *file;
    struct sapa_record_pool *pool;
    int64_t start_us;              /* mono */
    uint64_t done;                 /* frames handed over: position of chunk[0] */
    uint64_t frames_max;
    uint64_t masked;               /* frames counted so far */
    uint64_t mask_from;            /* begin of what is masked and not in `masked` yet; UINT64_MAX: not masked now */
    uint8_t channels;
    bool paused;
    bool ending;                   /* only `unsent` and `last` are to be delivered */
    struct sapa_record_buffer *chunk[2]; /* that begin at done and at done + SAPA_RECORDING_FRAMES; NULL: silence so far */
    struct sapa_record_buffer *unsent; /* the writer was behind; oldest first */
    struct sapa_recorder_channel channel[2];
    uint32_t mask_count[2];        /* of `masked`, how many lie in chunk[0] and chunk[1] */
    struct sapa_record_end last;
};

/** `recorder` is filled anew. `frames_max` > 0. */
void sapa_recorder_begin(struct sapa_recorder *recorder, struct sapa_record_writer *writer,
                         struct sapa_record_file *file, struct sapa_record_pool *pool, unsigned channels,
                         uint64_t frames_max, int64_t now_us);
/** One packet of G.711. */
void sapa_recorder_audio(struct sapa_recorder *recorder, unsigned channel, uint8_t codec, uint32_t ssrc,
                         uint32_t timestamp, const uint8_t *octets, size_t n, int64_t now_us);
/** Masked as a whole, or one channel's audio (secret digits); both count as masked time. */
void sapa_recorder_pause(struct sapa_recorder *recorder, bool on, int64_t now_us);
void sapa_recorder_secret(struct sapa_recorder *recorder, unsigned channel, bool on, int64_t now_us);
/**
 * Hand over what is complete. Call at least every 100 ms.
 * @retval SAPA_OK  @retval SAPA_ESTATE frames_max is reached: end it  @retval SAPA_ELIMIT the writer is too far
 *         behind: give it up
 */
SAPA_MUST_CHECK sapa_rc sapa_recorder_turn(struct sapa_recorder *recorder, int64_t now_us);
/** Hand over the rest. Call again on the next turn while it says SAPA_EAGAIN (the writer is behind). Then forget `recorder`. */
SAPA_MUST_CHECK sapa_rc sapa_recorder_end(struct sapa_recorder *recorder, enum sapa_recording_end end,
                                          int64_t now_us);
/** The meter, exact in sample times. */
void sapa_recorder_meter(const struct sapa_recorder *recorder, int64_t now_us, uint64_t *ret_frames,
                         uint64_t *ret_masked);

#endif
