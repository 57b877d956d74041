/**
 * @file rt/file.h
 * Whole files, safely: bounded reads, writes that are there completely or not at all.
 *
 * Room    rt.   Thread  any; all of it may block on the disk.   Tests  rt/file_test.c
 * Results: SAPA_ENOENT, SAPA_EDENIED, SAPA_EFULL (disk or quota), SAPA_EIO.
 */
#ifndef SAPA_RT_FILE_H
#define SAPA_RT_FILE_H

#include "base/base.h"

/** errno of a failed file or socket call as a result code. */
sapa_rc sapa_rc_of_errno(int error);

/**
 * @param size_max   SAPA_ELIMIT when it is longer
 * @param ret_data   heap, with a NUL after the last byte; free()
 */
SAPA_MUST_CHECK sapa_rc sapa_file_read(const char *path, size_t size_max, uint8_t **ret_data, size_t *ret_size);
/** Temporary file beside it, write, fsync, rename, fsync of the folder. `mode` e.g. 0600. */
SAPA_MUST_CHECK sapa_rc sapa_file_write(const char *path, const void *data, size_t size, unsigned mode);
/** Like sapa_file_write() but SAPA_EEXIST when it is there already: one of two racing writers wins. */
SAPA_MUST_CHECK sapa_rc sapa_file_create(const char *path, const void *data, size_t size, unsigned mode);
/** The folder and its parents; fine when it is there. */
SAPA_MUST_CHECK sapa_rc sapa_folder_make(const char *path, unsigned mode);
SAPA_MUST_CHECK sapa_rc sapa_folder_sync(const char *path);
/** Bytes an ordinary user can still write on the file system of `path`. */
SAPA_MUST_CHECK sapa_rc sapa_disk_free(const char *path, uint64_t *ret_bytes);
/** Bytes of the whole file system of `path`. */
SAPA_MUST_CHECK sapa_rc sapa_disk_size(const char *path, uint64_t *ret_bytes);
/** Bytes of a file. */
SAPA_MUST_CHECK sapa_rc sapa_file_size(const char *path, uint64_t *ret_bytes);
bool sapa_file_exists(const char *path);
/** Permission bits. */
SAPA_MUST_CHECK sapa_rc sapa_file_mode(const char *path, unsigned *ret_mode);
/** Removing what is not there is fine. */
SAPA_MUST_CHECK sapa_rc sapa_file_remove(const char *path);
/** Write all of it, going on after short writes and EINTR. For files and pipes that block. */
SAPA_MUST_CHECK sapa_rc sapa_fd_write_all(int fd, const void *data, size_t size);

#endif
