/**
 * @file media/jitter.h
 * Jitter buffer: packets in as they come, frames of 20 ms out in order and in time.
 *
 * Used only where audio is decoded; plain relay leaves jitter to the phones. The delay follows the
 * network: up by 20 ms when a packet came too late to be played, down by 10 ms after five good seconds.
 * Room    media.   Thread  the owner's.   Tests  media/jitter_test.c
 */
#ifndef SAPA_MEDIA_JITTER_H
#define SAPA_MEDIA_JITTER_H

#include "base/base.h"

enum {
    SAPA_JITTER_FRAME = 160,    /* octets of a frame: 20 ms */
    SAPA_JITTER_RING = 4096,    /* octets: 512 ms */
    SAPA_JITTER_MS_MIN = 40,
    SAPA_JITTER_MS_MAX = 240
};

/** Zeroed = nothing received. Fields are private but for the counters. */
struct sapa_jitter {
    bool started;
    uint32_t next;          /* timestamp of the next frame out */
    int64_t next_us;        /* when it is due */
    uint32_t delay_ms;
    int64_t good_since_us;
    uint32_t end;           /* timestamp behind the newest octet */
    uint64_t late, lost, played; /* octets too late; frames concealed; frames given */
    uint8_t octets[SAPA_JITTER_RING];
    uint64_t valid[SAPA_JITTER_RING / 64];
};

enum sapa_jitter_result {
    SAPA_JITTER_WAIT,  /* the next frame is not due */
    SAPA_JITTER_AUDIO, /* a frame; at most half of it was missing and is silence */
    SAPA_JITTER_LOST   /* conceal a frame */
};

/** Returns false when it came too late altogether. */
bool sapa_jitter_put(struct sapa_jitter *jitter, uint32_t timestamp, const uint8_t *octets, size_t n, int64_t now_us);
/**
 * Call until WAIT. `silence` is the octet that stands for what is missing inside a frame. Nothing is lost when nothing more was sent:
 * behind the newest packet it waits.
 */
enum sapa_jitter_result sapa_jitter_get(struct sapa_jitter *jitter, int64_t now_us, uint8_t silence,
                                        uint8_t ret_frame[SAPA_JITTER_FRAME]);

#endif
