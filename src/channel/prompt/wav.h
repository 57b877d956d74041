/**
 * @file channel/prompt/wav.h
 * Reading RIFF/WAVE recordings that people upload: checked, bounded, turned into mono samples.
 *
 * Formats: PCM of 8, 16, 24 and 32 bits, 32-bit float, A-law and µ-law; one or two channels; 8 to 48 kHz;
 * also as WAVE_FORMAT_EXTENSIBLE (Microsoft, "Multiple channel audio data and WAVE files", 2007).
 *
 * Room    channel/prompt.   Thread  any.   Tests  channel/prompt/wav_test.c, wav_fuzz.c
 */
#ifndef SAPA_CHANNEL_PROMPT_WAV_H
#define SAPA_CHANNEL_PROMPT_WAV_H

#include "base/base.h"

enum sapa_wav_format {
    SAPA_WAV_PCM = 1,
    SAPA_WAV_FLOAT = 3,
    SAPA_WAV_ALAW = 6,
    SAPA_WAV_ULAW = 7
};

/** A checked file. `data` points into the bytes that were parsed. */
struct sapa_wav {
    enum sapa_wav_format format;
    uint32_t rate;     /* samples a second, 8000..48000 */
    uint16_t channels; /* 1..2 */
    uint16_t bits;     /* of one sample of one channel */
    const uint8_t *data;
    size_t frames;     /* samples per channel, >= 1 */
};

/**
 * Check a whole file. A data chunk whose length is unknown (0xffffffff or 0x7ffff000 and up, as programs
 * write that stream to a pipe) ends with the file.
 *
 * @param ret_reason  a sentence fragment on failure ("the data chunk is cut short"); static storage
 * @retval SAPA_ECORRUPT  no RIFF/WAVE file, or damaged
 * @retval SAPA_EINVAL    sound, but of a kind that is not read here
 */
SAPA_MUST_CHECK sapa_rc sapa_wav_parse(const void *bytes, size_t size, struct sapa_wav *ret,
                                       const char **ret_reason);

/**
 * Frames `from` … `from + n` as mono (the mean of both channels), -1 … 1.
 * @param from, n  within wav->frames
 */
void sapa_wav_mono(const struct sapa_wav *wav, size_t from, size_t n, float *ret_samples);

#endif
