/**
 * @file channel/prompt/wav_fuzz.c
 * Any bytes as an uploaded recording: read whole and by pieces, resampled, levelled, encoded.
 */
#include <stdlib.h>

#include "channel/prompt/sound.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *reason = NULL;
    struct sapa_sound sound;
    struct sapa_wav wav;
    float samples[64];

    if (sapa_wav_parse(bytes, size, &wav, &reason) != SAPA_OK) {
        sapa_assert(reason != NULL);
        return 0;
    }
    for (size_t at = 0; at < wav.frames; at += SAPA_COUNT(samples)) {
        sapa_wav_mono(&wav, at, SAPA_MIN(SAPA_COUNT(samples), wav.frames - at), samples);
        for (size_t i = 0; i < SAPA_MIN(SAPA_COUNT(samples), wav.frames - at); i++)
            sapa_assert(samples[i] >= -1 && samples[i] <= 1);
    }
    if (sapa_sound_of_wav(&wav, &sound) != SAPA_OK)
        return 0;
    sapa_sound_trim(&sound);
    if (sound.n > 0 && sapa_sound_level(&sound, -20) == SAPA_OK) {
        uint8_t *g711 = malloc(sound.n);
        sapa_assert(sapa_sound_peak_db(&sound) < -0.9f);
        if (g711)
            sapa_sound_alaw(&sound, g711);
        free(g711);
    }
    sapa_sound_free(&sound);
    return 0;
}
