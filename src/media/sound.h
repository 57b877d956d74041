/**
 * @file media/sound.h
 * Prompts and music in memory: raw G.711 files, read once and shared by all who play them.
 *
 * A file is known by device, inode, size and time of change, so that one that was replaced (rename
 * over it) is read anew while those who play the old one finish it. The octets are copied, not
 * mapped: a file that is cut while it plays cannot hurt, and no packet thread ever waits for a disk.
 * Room    media.   Thread  the control thread's; the octets of a held sound: any.
 * Tests   media/sound_test.c
 */
#ifndef SAPA_MEDIA_SOUND_H
#define SAPA_MEDIA_SOUND_H

#include "model/media.h"

enum { SAPA_SOUND_SIZE_MAX = 32 << 20 }; /* octets of one file: over an hour */

struct sapa_sound {
    const uint8_t *octets;
    size_t size;
    uint8_t codec; /* SAPA_CODEC_PCMA or SAPA_CODEC_PCMU */
};

struct sapa_sounds;

/** @param bytes_max  of octets kept; sounds that are held count, but never leave */
SAPA_MUST_CHECK sapa_rc sapa_sounds_new(size_t bytes_max, struct sapa_sounds **ret_sounds);
/** Nothing may be held. NULL is fine. */
void sapa_sounds_free(struct sapa_sounds *sounds);
/**
 * Hold NAME.alaw or NAME.ulaw; the one that is `codec` is tried first.
 * @retval SAPA_ENOENT  neither is there (or it is empty)  @retval SAPA_ELIMIT too big, or the memory is held
 */
SAPA_MUST_CHECK sapa_rc sapa_sounds_hold(struct sapa_sounds *sounds, const char *name, uint8_t codec,
                                         const struct sapa_sound **ret_sound);
void sapa_sounds_release(struct sapa_sounds *sounds, const struct sapa_sound *sound);
/** Octets in memory now. */
size_t sapa_sounds_bytes(const struct sapa_sounds *sounds);

#endif
