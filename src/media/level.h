/**
 * @file media/level.h
 * Levels in a mix: who speaks, how loud he is made, and a sum that never clips.
 *
 * A speaker is brought towards -23 dBFS (rms while he speaks), slowly and by at most 12 dB either way, so that nobody drowns
 * the others. What is mixed goes through a limiter: gain falls at once when a frame would go over, and comes back
 * within a third of a second.
 * Room    media.   Thread  the owner's.   Tests  media/level_test.c
 */
#ifndef SAPA_MEDIA_LEVEL_H
#define SAPA_MEDIA_LEVEL_H

#include "base/base.h"

enum { SAPA_LEVEL_ONE = 4096 /* a gain of 1 */, SAPA_LEVEL_FRAME_MAX = 320 };

/** Zeroed = nothing heard. */
struct sapa_level {
    uint32_t noise;      /* rms of the quietest, rising slowly */
    uint32_t speech;     /* rms while he speaks; 0: not known yet */
    uint32_t gain;       /* of the last frame; 0: SAPA_LEVEL_ONE */
    uint16_t hold;       /* frames until he counts as silent */
};

/** One frame of 20 ms. True: he speaks (150 ms longer than the sound lasts). */
bool sapa_level_note(struct sapa_level *level, const int16_t *frame, size_t n);
/** Gain towards the common level, by what was noted; from the last frame's gain to the new one without a step. */
void sapa_level_apply(struct sapa_level *level, int16_t *frame, size_t n);

/** Zeroed = nothing so far. */
struct sapa_limiter {
    uint32_t gain;       /* 0: SAPA_LEVEL_ONE */
};

/** A sum into what can be sent. */
void sapa_limiter_run(struct sapa_limiter *limiter, const int32_t *sum, size_t n, int16_t *ret_frame);

#endif
