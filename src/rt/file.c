#include "rt/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/str.h"
#include "rt/random.h"

enum { PATH_SIZE = 4096 };

sapa_rc sapa_rc_of_errno(int error)
{
    switch (error) {
    case 0:
        return SAPA_OK;
    case ENOENT:
    case ENOTDIR:
        return SAPA_ENOENT;
    case EACCES:
    case EPERM:
    case EROFS:
        return SAPA_EDENIED;
    case EEXIST:
    case EADDRINUSE:
        return SAPA_EEXIST;
    case ENOSPC:
    case EDQUOT:
        return SAPA_EFULL;
    case ENOMEM:
    case ENOBUFS:
        return SAPA_ENOMEM;
    case EMFILE:
    case ENFILE:
        return SAPA_ELIMIT;
    case EAGAIN:
    case EINTR:
        return SAPA_EAGAIN;
    case EINVAL:
    case ENAMETOOLONG:
        return SAPA_EINVAL;
    case EPIPE:
    case ECONNRESET:
    case ECONNREFUSED:
    case ENOTCONN:
        return SAPA_ECLOSED;
    case ETIMEDOUT:
        return SAPA_ETIMEOUT;
    default:
        return SAPA_EIO;
    }
}

sapa_rc sapa_fd_write_all(int fd, const void *data, size_t size)
{
    const uint8_t *at = data;

    while (size > 0) {
        const ssize_t n = write(fd, at, size);
        if (n < 0 && errno != EINTR)
            return sapa_rc_of_errno(errno);
        if (n > 0) {
            at += n;
            size -= (size_t)n;
        }
    }
    return SAPA_OK;
}

sapa_rc sapa_file_read(const char *path, size_t size_max, uint8_t **ret_data, size_t *ret_size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    uint8_t *data = NULL;
    size_t n = 0, size = 4096;
    sapa_rc rc = SAPA_OK;

    if (fd < 0)
        return sapa_rc_of_errno(errno);
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
        size = (uintmax_t)st.st_size > size_max ? size_max : (size_t)st.st_size;
    for (;;) {
        if (!data || n == size) { /* one byte more than `size` tells "just fits" from "too long" */
            size = data ? SAPA_MIN(size * 2, size_max) : SAPA_MIN(size, size_max);
            uint8_t *more = realloc(data, size + 2);
            if (!more) {
                rc = SAPA_ENOMEM;
                goto fail;
            }
            data = more;
        }
        const ssize_t got = read(fd, data + n, size - n + 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            rc = errno == EISDIR ? SAPA_EINVAL : sapa_rc_of_errno(errno);
            goto fail;
        }
        if (got == 0)
            break;
        n += (size_t)got;
        if (n > size_max) {
            rc = SAPA_ELIMIT;
            goto fail;
        }
        if (n > size)
            size = n; /* the spare byte is used; grow next */
    }
    close(fd);
    data[n] = '\0';
    *ret_data = data;
    *ret_size = n;
    return SAPA_OK;
fail:
    close(fd);
    free(data);
    return rc;
}

sapa_rc sapa_folder_sync(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return sapa_rc_of_errno(errno);
    const sapa_rc rc = fsync(fd) == 0 ? SAPA_OK : sapa_rc_of_errno(errno);
    close(fd);
    return rc;
}

static sapa_rc sync_parent(const char *path)
{
    char parent[PATH_SIZE];
    const char *slash = strrchr(path, '/');

    if (!slash)
        return sapa_folder_sync(".");
    if (slash == path)
        return sapa_folder_sync("/");
    if (!sapa_str_copy((struct sapa_str){ path, (size_t)(slash - path) }, parent, sizeof(parent)))
        return SAPA_EINVAL;
    return sapa_folder_sync(parent);
}

static sapa_rc write_synced(const char *path, const void *data, size_t size, unsigned mode)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    if (fd < 0)
        return sapa_rc_of_errno(errno);
    sapa_rc rc = sapa_fd_write_all(fd, data, size);
    if (rc == SAPA_OK && fchmod(fd, mode) != 0) /* the umask may have taken bits */
        rc = sapa_rc_of_errno(errno);
    if (rc == SAPA_OK && fsync(fd) != 0)
        rc = sapa_rc_of_errno(errno);
    if (close(fd) != 0 && rc == SAPA_OK)
        rc = sapa_rc_of_errno(errno);
    return rc;
}

static sapa_rc place_file(const char *path, const void *data, size_t size, unsigned mode, bool may_replace)
{
    char temporary[PATH_SIZE], tag[9];
    struct sapa_text text;

    sapa_random_text(tag, 8);
    sapa_text_init(&text, temporary, sizeof(temporary));
    sapa_text_printf(&text, "%s.%s.tmp", path, tag);
    if (text.cut)
        return SAPA_EINVAL;
    sapa_rc rc = write_synced(temporary, data, size, mode);
    if (rc == SAPA_OK && may_replace && rename(temporary, path) != 0)
        rc = sapa_rc_of_errno(errno);
    if (rc == SAPA_OK && !may_replace && link(temporary, path) != 0)
        rc = sapa_rc_of_errno(errno);
    if (rc != SAPA_OK || !may_replace)
        (void)unlink(temporary);
    return rc == SAPA_OK ? sync_parent(path) : rc;
}

sapa_rc sapa_file_write(const char *path, const void *data, size_t size, unsigned mode)
{
    return place_file(path, data, size, mode, true);
}

sapa_rc sapa_file_create(const char *path, const void *data, size_t size, unsigned mode)
{
    return place_file(path, data, size, mode, false);
}

sapa_rc sapa_folder_make(const char *path, unsigned mode)
{
    char part[PATH_SIZE];
    struct stat st;

    if (path[0] == '\0' || !sapa_str_copy(sapa_str_of(path), part, sizeof(part)))
        return SAPA_EINVAL;
    for (char *at = part + 1;; at++) {
        const char c = *at;
        if (c != '/' && c != '\0')
            continue;
        *at = '\0';
        if (mkdir(part, mode) != 0 && errno != EEXIST)
            return sapa_rc_of_errno(errno);
        *at = c;
        if (c == '\0')
            break;
    }
    if (stat(path, &st) != 0)
        return sapa_rc_of_errno(errno);
    return S_ISDIR(st.st_mode) ? SAPA_OK : SAPA_EEXIST;
}

sapa_rc sapa_disk_free(const char *path, uint64_t *ret_bytes)
{
    struct statvfs st;

    if (statvfs(path, &st) != 0)
        return sapa_rc_of_errno(errno);
    *ret_bytes = (uint64_t)st.f_bavail * st.f_frsize;
    return SAPA_OK;
}

sapa_rc sapa_disk_size(const char *path, uint64_t *ret_bytes)
{
    struct statvfs st;

    if (statvfs(path, &st) != 0)
        return sapa_rc_of_errno(errno);
    *ret_bytes = (uint64_t)st.f_blocks * st.f_frsize;
    return SAPA_OK;
}

sapa_rc sapa_file_size(const char *path, uint64_t *ret_bytes)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return sapa_rc_of_errno(errno);
    *ret_bytes = (uint64_t)st.st_size;
    return SAPA_OK;
}

bool sapa_file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

sapa_rc sapa_file_mode(const char *path, unsigned *ret_mode)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return sapa_rc_of_errno(errno);
    *ret_mode = st.st_mode & 07777;
    return SAPA_OK;
}

sapa_rc sapa_file_remove(const char *path)
{
    return unlink(path) == 0 || errno == ENOENT ? SAPA_OK : sapa_rc_of_errno(errno);
}
