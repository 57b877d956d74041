/**
 * @file channel/prompt/sound.h
 * What happens to sound before a caller hears it: resampling, trimming, levelling, G.711, and the tones
 * and the music that we make ourselves.
 *
 * All sound here is mono float, -1 … 1, at 8 kHz once it is in a struct sapa_sound.
 *
 * Room    channel/prompt.   Thread  any (a pool thread): nothing is shared.
 * Tests   channel/prompt/sound_test.c
 */
#ifndef SAPA_CHANNEL_PROMPT_SOUND_H
#define SAPA_CHANNEL_PROMPT_SOUND_H

#include "channel/prompt/wav.h"

enum {
    SAPA_SOUND_RATE = 8000,       /* samples a second */
    SAPA_SOUND_SECONDS_MAX = 600, /* longer recordings are refused */
    SAPA_SOUND_MUSIC_SECONDS = 48 /* of the built-in loop */
};

/** Owned samples; start from { 0 }. */
struct sapa_sound {
    float *samples;
    size_t n;
};

void sapa_sound_free(struct sapa_sound *sound);

/**
 * Resample to 8 kHz (libsoxr, high quality).
 * @retval SAPA_ELIMIT  longer than SAPA_SOUND_SECONDS_MAX
 * @retval SAPA_ENOMEM
 */
SAPA_MUST_CHECK sapa_rc sapa_sound_of_wav(const struct sapa_wav *wav, struct sapa_sound *ret);

/** Root mean square of the frames of 20 ms that are speech (within 25 dB of the loudest), in dB of full scale; -100 for silence. */
float sapa_sound_level_db(const struct sapa_sound *sound);
/** Highest sample, in dB of full scale; -100 for silence. */
float sapa_sound_peak_db(const struct sapa_sound *sound);

/** Cut quiet frames (40 dB below the loudest) at both ends, but leave 60 ms before and 120 ms after. */
void sapa_sound_trim(struct sapa_sound *sound);

/**
 * Take out any DC offset, then scale so that the active level is `level_db`. No peak passes -1 dB: louder
 * ones are bent, not clipped. The gain is kept within ±24 dB.
 * @retval SAPA_EINVAL  there is nothing to be heard (below -60 dB)
 */
SAPA_MUST_CHECK sapa_rc sapa_sound_level(struct sapa_sound *sound, float level_db);

/** ITU-T G.711. `ret` holds sound->n bytes. */
void sapa_sound_alaw(const struct sapa_sound *sound, uint8_t *ret);
void sapa_sound_ulaw(const struct sapa_sound *sound, uint8_t *ret);

/** A tone of `on_ms`, then silence of `off_ms`, 5 ms of slope at each end so that nothing clicks. SAPA_ENOMEM. */
SAPA_MUST_CHECK sapa_rc sapa_sound_tone(unsigned hz, unsigned on_ms, unsigned off_ms, float level_db,
                                        struct sapa_sound *ret);

/**
 * Our own music on hold: soft broken chords over a quiet ground, SAPA_SOUND_MUSIC_SECONDS long, whose end
 * runs into its beginning without a seam. The same samples on every run. SAPA_ENOMEM.
 */
SAPA_MUST_CHECK sapa_rc sapa_sound_music(struct sapa_sound *ret);

#endif
