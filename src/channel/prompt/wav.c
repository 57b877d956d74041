#include "channel/prompt/wav.h"

#include <math.h>
#include <string.h>

#include "base/g711.h"

enum {
    CHUNKS_MAX = 256, /* a file with more is no recording */
    EXTENSIBLE = 0xfffe
};

static uint16_t u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/** The rest of a sub-format GUID after its first two bytes: {0000xxxx-0000-0010-8000-00AA00389B71}. */
static const uint8_t guid_tail[14] = { 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71 };

static sapa_rc parse_format(const uint8_t *p, size_t n, struct sapa_wav *wav, const char **reason)
{
    uint16_t format, align;

    if (n < 16) {
        *reason = "the format chunk is too short";
        return SAPA_ECORRUPT;
    }
    format = u16(p);
    wav->channels = u16(p + 2);
    wav->rate = u32(p + 4);
    align = u16(p + 12);
    wav->bits = u16(p + 14);
    if (format == EXTENSIBLE) {
        if (n < 40 || memcmp(p + 26, guid_tail, sizeof(guid_tail)) != 0) {
            *reason = "the extended format is not known";
            return SAPA_EINVAL;
        }
        format = u16(p + 24);
    }
    if (wav->channels < 1 || wav->channels > 2) {
        *reason = "it has neither one nor two channels";
        return SAPA_EINVAL;
    }
    if (wav->rate < 8000 || wav->rate > 48000) {
        *reason = "its rate is not between 8 and 48 kHz";
        return SAPA_EINVAL;
    }
    switch (format) {
    case SAPA_WAV_PCM:
        if (wav->bits != 8 && wav->bits != 16 && wav->bits != 24 && wav->bits != 32)
            goto unknown;
        break;
    case SAPA_WAV_FLOAT:
        if (wav->bits != 32)
            goto unknown;
        break;
    case SAPA_WAV_ALAW:
    case SAPA_WAV_ULAW:
        if (wav->bits != 8)
            goto unknown;
        break;
    default: goto unknown;
    }
    if (align != wav->channels * wav->bits / 8) {
        *reason = "the size of a frame does not fit channels and bits";
        return SAPA_ECORRUPT;
    }
    wav->format = (enum sapa_wav_format)format;
    return SAPA_OK;
unknown:
    *reason = "its encoding is not PCM, float, A-law or u-law";
    return SAPA_EINVAL;
}

sapa_rc sapa_wav_parse(const void *bytes, size_t size, struct sapa_wav *ret, const char **ret_reason)
{
    const uint8_t *p = bytes;
    struct sapa_wav wav = { 0 };
    bool formatted = false;
    size_t at = 12;
    sapa_rc rc;

    if (size < 12 || memcmp(p, "RIFF", 4) != 0 || memcmp(p + 8, "WAVE", 4) != 0) {
        *ret_reason = "it is not a WAV file";
        return SAPA_ECORRUPT;
    }
    for (unsigned chunk = 0; chunk < CHUNKS_MAX && size - at >= 8; chunk++) {
        const uint8_t *id = p + at;
        const uint32_t length = u32(p + at + 4);
        const size_t left = size - at - 8;
        size_t n = length;
        at += 8;
        if (memcmp(id, "data", 4) == 0) {
            if (!formatted) {
                *ret_reason = "the data comes before its format";
                return SAPA_ECORRUPT;
            }
            if (length >= 0x7ffff000)
                n = left; /* written to a pipe: nobody could fill the length in */
            if (n > left) {
                *ret_reason = "the data chunk is cut short";
                return SAPA_ECORRUPT;
            }
            wav.data = p + at;
            wav.frames = n / (wav.channels * wav.bits / 8u);
            if (wav.frames == 0) {
                *ret_reason = "there is no sound in it";
                return SAPA_ECORRUPT;
            }
            *ret = wav;
            return SAPA_OK;
        }
        if (n > left) {
            *ret_reason = "a chunk is longer than the file";
            return SAPA_ECORRUPT;
        }
        if (memcmp(id, "fmt ", 4) == 0) {
            rc = parse_format(p + at, n, &wav, ret_reason);
            if (rc != SAPA_OK)
                return rc;
            formatted = true;
        }
        at += n;
        if (n % 2 == 1 && at < size)
            at++; /* chunks are padded to even length */
    }
    *ret_reason = "there is no data chunk";
    return SAPA_ECORRUPT;
}

static float sample(const struct sapa_wav *wav, const uint8_t *p)
{
    switch (wav->format) {
    case SAPA_WAV_ALAW: return (float)sapa_alaw_decode(*p) / 32768.0f;
    case SAPA_WAV_ULAW: return (float)sapa_ulaw_decode(*p) / 32768.0f;
    case SAPA_WAV_FLOAT: {
        float value;
        const uint32_t word = u32(p);
        memcpy(&value, &word, sizeof(value));
        if (!isfinite(value))
            return 0;
        return value < -1 ? -1 : value > 1 ? 1 : value;
    }
    case SAPA_WAV_PCM: break;
    }
    switch (wav->bits) {
    case 8: return ((float)*p - 128.0f) / 128.0f;
    case 16: return (float)(int16_t)u16(p) / 32768.0f;
    case 24: return (float)(int32_t)((uint32_t)p[0] << 8 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 24) / 2147483648.0f;
    default: return (float)(int32_t)u32(p) / 2147483648.0f;
    }
}

void sapa_wav_mono(const struct sapa_wav *wav, size_t from, size_t n, float *ret_samples)
{
    const size_t width = wav->bits / 8u;
    const uint8_t *p;

    sapa_assert(from <= wav->frames && n <= wav->frames - from);
    p = wav->data + from * width * wav->channels;
    for (size_t i = 0; i < n; i++, p += width * wav->channels) {
        ret_samples[i] = sample(wav, p);
        if (wav->channels == 2)
            ret_samples[i] = (ret_samples[i] + sample(wav, p + width)) / 2;
    }
}
