/**
 * @file media/check.h
 * The door of the media process: is this datagram a message that control may send?
 *
 * Room    media.   Thread  any.   Tests  media/check_test.c, media/check_fuzz.c
 */
#ifndef SAPA_MEDIA_CHECK_H
#define SAPA_MEDIA_CHECK_H

#include "model/media.h"

enum { SAPA_MEDIA_DTMF_MS_MIN = 40, SAPA_MEDIA_DTMF_MS_MAX = 2000, SAPA_MEDIA_WINDOW_MS_MAX = 600000 };

/**
 * Size, op, ids, enumerations, addresses, texts and paths of a message from control. Fields that may
 * be 0 for a default get it (ptime 20 ms, DTMF 100 ms); bytes behind the message's own are zeroed.
 * @retval SAPA_EINVAL  what is wrong is in no way repaired; *ret_message then still has op, tag and
 *                      epoch when they were there (for the answer)
 */
SAPA_MUST_CHECK sapa_rc sapa_media_check(const void *bytes, size_t size, struct sapa_media_message *ret_message);
/**
 * An absolute path without "..", "//", control characters; beneath `folder` when that is not NULL.
 * @param path  `size` bytes, NUL-terminated within them
 */
bool sapa_media_path_is_good(const char *path, size_t size, const char *folder);

#endif
