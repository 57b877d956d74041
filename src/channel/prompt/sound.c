#include "channel/prompt/sound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <soxr.h>

#include "base/g711.h"

enum { FRAME = SAPA_SOUND_RATE / 50, BLOCK = 8192 };

static const float silence_db = -100.0f;
static const float tau = 6.28318530718f;

void sapa_sound_free(struct sapa_sound *sound)
{
    free(sound->samples);
    *sound = (struct sapa_sound){ 0 };
}

static sapa_rc sound_of_size(size_t n, struct sapa_sound *ret)
{
    float *samples = calloc(n > 0 ? n : 1, sizeof(*samples));

    if (!samples)
        return SAPA_ENOMEM;
    *ret = (struct sapa_sound){ samples, n };
    return SAPA_OK;
}

/* --- resampling --- */

/** Block by block, so that ten minutes of 48 kHz never stand in memory as floats. */
static sapa_rc resample(const struct sapa_wav *wav, soxr_t soxr, struct sapa_sound *sound)
{
    const size_t room = sound->n;
    float block[BLOCK];
    size_t taken = 0, made = 0, got = 0;

    while (taken < wav->frames) {
        const size_t n = SAPA_MIN((size_t)BLOCK, wav->frames - taken);
        size_t used = 0;
        sapa_wav_mono(wav, taken, n, block);
        if (soxr_process(soxr, block, n, &used, sound->samples + made, room - made, &got))
            return SAPA_EIO;
        made += got;
        taken += used;
        if (used == 0 && got == 0)
            break; /* the output is full: rounding left a sample too many */
    }
    do { /* what the filter still holds */
        if (soxr_process(soxr, NULL, 0, NULL, sound->samples + made, room - made, &got))
            return SAPA_EIO;
        made += got;
    } while (got > 0 && made < room);
    sound->n = made;
    return made > 0 ? SAPA_OK : SAPA_EINVAL;
}

sapa_rc sapa_sound_of_wav(const struct sapa_wav *wav, struct sapa_sound *ret)
{
    const uint64_t n = ((uint64_t)wav->frames * SAPA_SOUND_RATE + wav->rate - 1) / wav->rate;
    struct sapa_sound sound;
    soxr_error_t error = NULL;
    sapa_rc rc;

    if (wav->frames > (size_t)SAPA_SOUND_SECONDS_MAX * wav->rate)
        return SAPA_ELIMIT;
    rc = sound_of_size((size_t)n, &sound);
    if (rc != SAPA_OK)
        return rc;
    if (wav->rate == SAPA_SOUND_RATE) {
        sapa_wav_mono(wav, 0, wav->frames, sound.samples);
    } else {
        const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
        soxr_t soxr = soxr_create(wav->rate, SAPA_SOUND_RATE, 1, &error, NULL, &quality, NULL);
        rc = soxr && !error ? resample(wav, soxr, &sound) : SAPA_ENOMEM;
        if (soxr)
            soxr_delete(soxr);
    }
    if (rc != SAPA_OK) {
        sapa_sound_free(&sound);
        return rc;
    }
    *ret = sound;
    return SAPA_OK;
}

/* --- level --- */

static float to_db(double power)
{
    return power > 1e-10 ? (float)(10 * log10(power)) : silence_db;
}

static double frame_power(const struct sapa_sound *sound, size_t frame)
{
    const size_t from = frame * FRAME;
    const size_t n = SAPA_MIN((size_t)FRAME, sound->n - from);
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)sound->samples[from + i] * sound->samples[from + i];
    return sum / (double)n;
}

static size_t frame_count(const struct sapa_sound *sound)
{
    return (sound->n + FRAME - 1) / FRAME;
}

static double loudest_power(const struct sapa_sound *sound)
{
    double loudest = 0;

    for (size_t frame = 0; frame < frame_count(sound); frame++)
        loudest = fmax(loudest, frame_power(sound, frame));
    return loudest;
}

float sapa_sound_level_db(const struct sapa_sound *sound)
{
    const double floor = loudest_power(sound) * pow(10, -25 / 10.0);
    double sum = 0;
    size_t active = 0;

    for (size_t frame = 0; frame < frame_count(sound); frame++) {
        const double power = frame_power(sound, frame);
        if (power > 0 && power >= floor) {
            sum += power;
            active++;
        }
    }
    return active > 0 ? to_db(sum / (double)active) : silence_db;
}

float sapa_sound_peak_db(const struct sapa_sound *sound)
{
    float peak = 0;

    for (size_t i = 0; i < sound->n; i++)
        peak = fmaxf(peak, fabsf(sound->samples[i]));
    return to_db((double)peak * peak);
}

void sapa_sound_trim(struct sapa_sound *sound)
{
    const double floor = loudest_power(sound) * 1e-4;
    const size_t before = 3, after = 6; /* frames that are left standing */
    const size_t frames = frame_count(sound);
    size_t first = 0, last = frames;
    size_t from, to;

    if (!(floor > 0))
        return;
    while (first < frames && frame_power(sound, first) < floor)
        first++;
    while (last > first && frame_power(sound, last - 1) < floor)
        last--;
    from = (first > before ? first - before : 0) * FRAME;
    to = SAPA_MIN((last + after) * FRAME, sound->n);
    memmove(sound->samples, sound->samples + from, (to - from) * sizeof(*sound->samples));
    sound->n = to - from;
}

/** Straight up to 0.7, then bent so that it never reaches 0.89 (-1 dB). */
static float bend(float x)
{
    const float knee = 0.7f, top = 0.89f;
    const float size = fabsf(x);

    if (size <= knee)
        return x;
    return copysignf(knee + (top - knee) * tanhf((size - knee) / (top - knee)), x);
}

sapa_rc sapa_sound_level(struct sapa_sound *sound, float level_db)
{
    double mean = 0;
    float level, gain_db, gain;

    for (size_t i = 0; i < sound->n; i++)
        mean += sound->samples[i];
    mean = sound->n > 0 ? mean / (double)sound->n : 0;
    for (size_t i = 0; i < sound->n; i++)
        sound->samples[i] -= (float)mean;
    level = sapa_sound_level_db(sound);
    if (level < -60)
        return SAPA_EINVAL;
    gain_db = fminf(fmaxf(level_db - level, -24), 24);
    gain = powf(10, gain_db / 20);
    for (size_t i = 0; i < sound->n; i++)
        sound->samples[i] = bend(sound->samples[i] * gain);
    return SAPA_OK;
}

/* --- G.711 --- */

static int16_t to_linear(float sample)
{
    const float scaled = sample * 32767.0f;

    return scaled >= 32767 ? 32767 : scaled <= -32768 ? -32768 : (int16_t)lrintf(scaled);
}

void sapa_sound_alaw(const struct sapa_sound *sound, uint8_t *ret)
{
    for (size_t i = 0; i < sound->n; i++)
        ret[i] = sapa_alaw_encode(to_linear(sound->samples[i]));
}

void sapa_sound_ulaw(const struct sapa_sound *sound, uint8_t *ret)
{
    for (size_t i = 0; i < sound->n; i++)
        ret[i] = sapa_ulaw_encode(to_linear(sound->samples[i]));
}

/* --- what we make ourselves --- */

sapa_rc sapa_sound_tone(unsigned hz, unsigned on_ms, unsigned off_ms, float level_db, struct sapa_sound *ret)
{
    const size_t on = (size_t)on_ms * SAPA_SOUND_RATE / 1000;
    const size_t slope = SAPA_MIN((size_t)SAPA_SOUND_RATE / 200, on / 2);
    /* A sine's root mean square is 3 dB below its peak. */
    const float peak = powf(10, (level_db + 3.01f) / 20);
    const sapa_rc rc = sound_of_size(on + (size_t)off_ms * SAPA_SOUND_RATE / 1000, ret);

    if (rc != SAPA_OK)
        return rc;
    for (size_t i = 0; i < on; i++) {
        const size_t edge = SAPA_MIN(i, on - 1 - i);
        const float rise = edge < slope ? (float)edge / (float)slope : 1;
        ret->samples[i] = peak * rise * sinf(tau * (float)(i * hz % SAPA_SOUND_RATE) / SAPA_SOUND_RATE);
    }
    return SAPA_OK;
}

/**
 * Add one plucked note: a sine with two fainter harmonics that dies away, the higher ones faster. What
 * would stand after the end goes to the beginning: that is why the loop has no seam.
 */
static void pluck(struct sapa_sound *sound, size_t at, float hz, float peak, float seconds)
{
    const size_t n = (size_t)(seconds * SAPA_SOUND_RATE);
    const float step = tau * hz / SAPA_SOUND_RATE;
    const size_t attack = SAPA_SOUND_RATE / 125;

    for (size_t i = 0; i < n; i++) {
        const float t = (float)i / (float)n;
        const float fade = expf(-4.5f * t) * (1 - t);
        const float rise = i < attack ? (float)i / (float)attack : 1;
        const float phase = step * (float)i;
        const float wave = sinf(phase) + 0.28f * fade * sinf(2 * phase) + 0.12f * fade * fade * sinf(3 * phase);
        sound->samples[(at + i) % sound->n] += peak * rise * fade * wave;
    }
}

/** A chord tone that swells and sinks over its bar and the next one's first half. */
static void hum(struct sapa_sound *sound, size_t at, float hz, float peak, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float swell = sinf(tau / 2 * (float)i / (float)n);
        const float phase = tau * hz * (float)i / SAPA_SOUND_RATE;
        sound->samples[(at + i) % sound->n] += peak * swell * swell * (sinf(phase) + 0.15f * sinf(2 * phase));
    }
}

static float note_hz(int midi)
{
    return 440 * powf(2, (float)(midi - 69) / 12);
}

sapa_rc sapa_sound_music(struct sapa_sound *ret)
{
    /* Sixteen bars of three seconds, eight notes each: C, Am7, Fmaj7, G and relatives, as MIDI notes. */
    static const uint8_t chords[16][4] = {
        { 60, 64, 67, 71 }, { 57, 60, 64, 67 }, { 65, 69, 72, 76 }, { 67, 71, 74, 79 },
        { 64, 67, 71, 74 }, { 57, 60, 64, 71 }, { 62, 65, 69, 72 }, { 67, 71, 74, 77 },
        { 60, 64, 67, 74 }, { 65, 69, 72, 79 }, { 64, 67, 71, 76 }, { 57, 64, 67, 72 },
        { 62, 65, 69, 76 }, { 65, 69, 72, 74 }, { 67, 71, 74, 76 }, { 67, 71, 74, 77 },
    };
    static const uint8_t pattern[2][8] = { { 0, 1, 2, 3, 2, 1, 3, 2 }, { 0, 2, 1, 3, 1, 2, 3, 1 } };
    const size_t bar = (size_t)SAPA_SOUND_RATE * SAPA_SOUND_MUSIC_SECONDS / 16;
    sapa_rc rc = sound_of_size(bar * 16, ret);

    if (rc != SAPA_OK)
        return rc;
    for (size_t b = 0; b < 16; b++) {
        for (size_t i = 0; i < 8; i++) {
            const int note = chords[b][pattern[b % 2][i]] + (b % 8 >= 4 && i == 6 ? 12 : 0);
            const float accent = i == 0 ? 0.30f : i % 2 == 0 ? 0.24f : 0.19f;
            pluck(ret, b * bar + i * bar / 8, note_hz(note), accent, 2.2f);
        }
        hum(ret, b * bar, note_hz(chords[b][0]), 0.07f, bar + bar / 2);
        hum(ret, b * bar, note_hz(chords[b][2]), 0.05f, bar + bar / 2);
    }
    rc = sapa_sound_level(ret, -24);
    if (rc != SAPA_OK)
        sapa_sound_free(ret);
    return rc;
}
