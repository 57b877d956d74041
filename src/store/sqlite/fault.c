#include "store/sqlite/fault.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct fault_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct, in the same memory */
};

static struct sapa_fault plan = { .writes_left = -1, .syncs_left = -1, .bytes_left = -1 };

struct sapa_fault *sapa_fault_plan(void)
{
    return &plan;
}

void sapa_fault_clear(void)
{
    atomic_store(&plan.writes_left, -1);
    atomic_store(&plan.syncs_left, -1);
    atomic_store(&plan.bytes_left, -1);
    atomic_store(&plan.tear, false);
    atomic_store(&plan.on_sync, NULL);
}

/* Take `n` from what is left; false when it does not suffice. */
static bool spend(atomic_long *left, long n)
{
    long now = atomic_load(left);

    do {
        if (now < 0)
            return true;
        if (now < n)
            return false;
    } while (!atomic_compare_exchange_weak(left, &now, now - n));
    return true;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct fault_file *)(void *)file)->real;
}

static int f_close(sqlite3_file *f) { return real_of(f)->pMethods->xClose(real_of(f)); }
static int f_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at) { return real_of(f)->pMethods->xRead(real_of(f), p, n, at); }
static int f_truncate(sqlite3_file *f, sqlite3_int64 n) { return real_of(f)->pMethods->xTruncate(real_of(f), n); }
static int f_size(sqlite3_file *f, sqlite3_int64 *n) { return real_of(f)->pMethods->xFileSize(real_of(f), n); }
static int f_lock(sqlite3_file *f, int how) { return real_of(f)->pMethods->xLock(real_of(f), how); }
static int f_unlock(sqlite3_file *f, int how) { return real_of(f)->pMethods->xUnlock(real_of(f), how); }
static int f_reserved(sqlite3_file *f, int *out) { return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out); }
static int f_control(sqlite3_file *f, int op, void *arg) { return real_of(f)->pMethods->xFileControl(real_of(f), op, arg); }
static int f_sector(sqlite3_file *f) { return real_of(f)->pMethods->xSectorSize(real_of(f)); }
static int f_device(sqlite3_file *f) { return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f)); }
static int f_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}
static int f_shm_lock(sqlite3_file *f, int at, int n, int flags) { return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags); }
static void f_shm_barrier(sqlite3_file *f) { real_of(f)->pMethods->xShmBarrier(real_of(f)); }
static int f_shm_unmap(sqlite3_file *f, int remove) { return real_of(f)->pMethods->xShmUnmap(real_of(f), remove); }

static int f_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    int code = SQLITE_OK;

    atomic_fetch_add(&plan.writes, 1);
    if (!spend(&plan.writes_left, 1))
        code = SQLITE_IOERR_WRITE;
    else if (!spend(&plan.bytes_left, n))
        code = SQLITE_FULL;
    if (code == SQLITE_OK)
        return real_of(f)->pMethods->xWrite(real_of(f), p, n, at);
    if (atomic_load(&plan.tear))
        (void)real_of(f)->pMethods->xWrite(real_of(f), p, n / 2, at);
    return code;
}

static int f_sync(sqlite3_file *f, int flags)
{
    void (*hook)(void) = atomic_load(&plan.on_sync);

    atomic_fetch_add(&plan.syncs, 1);
    if (hook)
        hook();
    if (!spend(&plan.syncs_left, 1))
        return SQLITE_IOERR_FSYNC;
    return real_of(f)->pMethods->xSync(real_of(f), flags);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, .xClose = f_close, .xRead = f_read, .xWrite = f_write, .xTruncate = f_truncate, .xSync = f_sync,
    .xFileSize = f_size, .xLock = f_lock, .xUnlock = f_unlock, .xCheckReservedLock = f_reserved,
    .xFileControl = f_control, .xSectorSize = f_sector, .xDeviceCharacteristics = f_device, .xShmMap = f_shm_map,
    .xShmLock = f_shm_lock, .xShmBarrier = f_shm_barrier, .xShmUnmap = f_shm_unmap,
};

static sqlite3_vfs vfs;
static sqlite3_vfs *real_vfs;
static int registered = SQLITE_ERROR;

static int v_open(sqlite3_vfs *v, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    struct fault_file *f = (void *)file;

    (void)v;
    f->real = (sqlite3_file *)(void *)(f + 1);
    f->base.pMethods = NULL;
    f->real->pMethods = NULL;
    const int code = real_vfs->xOpen(real_vfs, name, f->real, flags, out_flags);
    if (f->real->pMethods) /* also after a failure: then the file must be closed */
        f->base.pMethods = &methods;
    return code;
}

static void do_register(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    if (!real_vfs)
        return;
    vfs = *real_vfs; /* everything that is not about one file goes straight to the system's */
    vfs.zName = "sapa-fault";
    vfs.pNext = NULL;
    vfs.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
    vfs.xOpen = v_open;
    registered = sqlite3_vfs_register(&vfs, 0);
}

const char *sapa_fault_register(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, do_register);
    return registered == SQLITE_OK ? vfs.zName : NULL;
}
