/**
 * @file app/recording_key.h
 * The key of one recording: random, and wrapped with the key of the person who is heard, so that
 * erasing the person makes the recording unreadable too.
 *
 * Wrapped form: 8 bytes person (little endian), then the sealed key, bound to the recording's id.
 * Room    app.   Thread  any.   Tests  app/recording_key_test.c
 */
#ifndef SAPA_APP_RECORDING_KEY_H
#define SAPA_APP_RECORDING_KEY_H

#include "rt/crypto.h"
#include "store/people.h"

enum { SAPA_RECORDING_WRAPPED_SIZE = 8 + SAPA_KEY_SIZE + SAPA_SEAL_EXTRA };

/** @param person  0: a caller without a number   @retval SAPA_ENOENT  no such person, or erased */
SAPA_MUST_CHECK sapa_rc sapa_recording_key_make(struct sapa_store *store, uint64_t person, uint64_t recording,
                                                uint8_t ret_key[SAPA_KEY_SIZE], uint8_t ret_wrapped[96],
                                                uint8_t *ret_wrapped_size);
/** @retval SAPA_ENOENT  the person is erased   @retval SAPA_ECORRUPT  not of this recording or store */
SAPA_MUST_CHECK sapa_rc sapa_recording_key_open(struct sapa_store *store, uint64_t recording, const uint8_t *wrapped,
                                                size_t size, uint8_t ret_key[SAPA_KEY_SIZE]);

#endif
