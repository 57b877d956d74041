/**
 * @file rt/random.h
 * Entropy of the system.
 *
 * Room    rt.   Thread  any.   Tests  rt/crypto_test.c
 */
#ifndef SAPA_RT_RANDOM_H
#define SAPA_RT_RANDOM_H

#include "base/base.h"

/** getrandom(2). Cannot fail once the system is up (a failure aborts). */
void sapa_random_bytes(void *buf, size_t size);
uint64_t sapa_random_u64(void);
/** `count` characters of [0-9a-z] and a NUL into `buf` (count + 1 bytes); 5.17 bits each. Tags, branches, nonces. */
void sapa_random_text(char *buf, size_t count);

#endif
