/**
 * @file media/plugin.h
 * Loads the shared objects of codec_plugin.h, once, before the threads start.
 *
 * Room    media.   Thread  loading: the one that starts; looking: any.   Tests  media/coder_test.c
 */
#ifndef SAPA_MEDIA_PLUGIN_H
#define SAPA_MEDIA_PLUGIN_H

#include "media/codec_plugin.h"
#include "model/codec.h"

/**
 * @param path  absolute, or relative to the working directory: never searched for
 * @param ret_codec  what it brings
 * @retval SAPA_ENOENT cannot be loaded (`why` says it)  @retval SAPA_EINVAL not a plug-in of this ABI, or incomplete
 * @retval SAPA_EDENIED a codec that is not left to plug-ins  @retval SAPA_EEXIST it is there already
 */
SAPA_MUST_CHECK sapa_rc sapa_plugin_load(const char *path, char *why, size_t why_size, uint8_t *ret_codec);
/** NULL: none for it. */
const struct sapa_codec_plugin *sapa_plugin_of(uint8_t codec);

#endif
