/**
 * @file base/memory.h
 * Where a pure room gets memory from: one function of the caller, so that the room itself names no
 * allocator and a test can let the Nth request fail.
 *
 * Room    base: libc only.   Thread  that of whoever owns the memory.   Tests  base/table_test.c
 */
#ifndef SAPA_BASE_MEMORY_H
#define SAPA_BASE_MEMORY_H

#include "base/base.h"

/** `resize` behaves as realloc(); size 0 frees and returns NULL. Not zeroed. */
struct sapa_memory {
    void *(*resize)(void *ctx, void *old, size_t size);
    void *ctx;
};

/** The process's heap (realloc and free). Static storage; thread-safe as malloc is. */
const struct sapa_memory *sapa_memory_heap(void);

#endif
