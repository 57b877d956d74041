/**
 * @file store/sqlite/fault.h
 * A disk that can be told to fail: an SQLite VFS over the system's. For tests and drills.
 *
 * Room    store/sqlite.   Thread  any; the plan is shared by the whole process.
 */
#ifndef SAPA_STORE_SQLITE_FAULT_H
#define SAPA_STORE_SQLITE_FAULT_H

#include <stdatomic.h>

#include "base/base.h"

struct sapa_fault {
    atomic_long writes_left; /* then every write fails with an I/O error; negative: never */
    atomic_long syncs_left;  /* the same for syncs */
    atomic_long bytes_left;  /* free space: then every write fails as on a full disk; negative: endless */
    atomic_bool tear;        /* a write that fails leaves its first half behind */
    _Atomic(void (*)(void)) on_sync; /* called in every sync, before it; may take its time */
    atomic_long writes, syncs; /* seen */
};

/** The plan, all good at first. */
struct sapa_fault *sapa_fault_plan(void);
void sapa_fault_clear(void);
/** Register once; returns the name for sapa_store_opts.vfs. NULL when SQLite refuses. */
const char *sapa_fault_register(void);

#endif
