#include "model/codec.h"

#include "base/str.h"

/*
 * Opus: one channel, wideband, with forward error correction (RFC 7587 6.1). What is spoken over a telephone has
 * nothing above 8 kHz, and 24 kbit/s carry it with the correction.
 */
static const struct sapa_codec_info table[] = {
    { .id = SAPA_CODEC_PCMA, .type = 8, .channels = 1, .is_static = true, .clock_hz = 8000, .sample_hz = 8000,
      .name = "PCMA" },
    { .id = SAPA_CODEC_PCMU, .type = 0, .channels = 1, .is_static = true, .clock_hz = 8000, .sample_hz = 8000,
      .name = "PCMU" },
    { .id = SAPA_CODEC_G722, .type = 9, .channels = 1, .is_static = true, .clock_hz = 8000, .sample_hz = 16000,
      .name = "G722" },
    { .id = SAPA_CODEC_OPUS, .type = 111, .channels = 2, .clock_hz = 48000, .sample_hz = 16000, .name = "opus",
      .fmtp = "maxplaybackrate=16000;sprop-maxcapturerate=16000;maxaveragebitrate=24000;useinbandfec=1" },
    { .id = SAPA_CODEC_G729, .type = 18, .channels = 1, .is_static = true, .clock_hz = 8000, .sample_hz = 8000,
      .name = "G729", .fmtp = "annexb=no" },
};

const struct sapa_codec_info *sapa_codec_at(size_t i)
{
    return i < SAPA_COUNT(table) ? &table[i] : NULL;
}

const struct sapa_codec_info *sapa_codec_info(uint8_t codec)
{
    for (size_t i = 0; i < SAPA_COUNT(table); i++)
        if (table[i].id == codec)
            return &table[i];
    return NULL;
}

const struct sapa_codec_info *sapa_codec_find(const char *name, size_t size, uint32_t clock_hz)
{
    for (size_t i = 0; i < SAPA_COUNT(table); i++)
        if (table[i].clock_hz == clock_hz && sapa_str_ieq(sapa_str_of(table[i].name), (struct sapa_str){ name, size }))
            return &table[i];
    return NULL;
}
