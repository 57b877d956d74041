/* What Linux says of processes in /proc: numbers that this file reads and nobody else. */
#include "rt/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "rt/file.h"

enum { PATH_SIZE = 64, STAT_START = 22, STAT_USER = 14, STAT_SYSTEM = 15, STAT_THREADS = 20, STAT_RESIDENT = 24, STAT_FIELDS = 25 };

/* A small file of /proc: its size is not known before. */
static sapa_rc read_small(const char *path, char *buf, size_t size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    ssize_t got = fd >= 0 ? 1 : -1;

    if (fd < 0)
        return sapa_rc_of_errno(errno);
    while (n + 1 < size && ((got = read(fd, buf + n, size - 1 - n)) > 0 || (got < 0 && errno == EINTR)))
        n += got > 0 ? (size_t)got : 0;
    const int error = errno;
    close(fd);
    buf[n] = '\0';
    return got < 0 && n == 0 ? sapa_rc_of_errno(error) : SAPA_OK;
}

/* When the machine was started, in UTC: processes are counted from there. */
static int64_t boot_us(void)
{
    struct timespec wall, since;

    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_BOOTTIME, &since);
    return ((int64_t)wall.tv_sec - since.tv_sec) * 1000000 + (wall.tv_nsec - since.tv_nsec) / 1000;
}

/* Numbers of /proc/PID/stat by their place, which begin behind the name: that may hold blanks and brackets. */
static bool read_stat(int pid, uint64_t ret[STAT_FIELDS])
{
    char path[PATH_SIZE], buf[1024];

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    const char *at = read_small(path, buf, sizeof(buf)) == SAPA_OK ? strrchr(buf, ')') : NULL;
    if (!at || at[1] != ' ' || at[2] == 'Z')
        return false;
    at += 3; /* the state, a letter */
    for (int i = 4; i < STAT_FIELDS; i++) {
        char *end;
        ret[i] = strtoull(at, &end, 10);
        if (end == at)
            return false;
        at = end;
    }
    return true;
}

static void read_name(int pid, char *buf, size_t size)
{
    char path[PATH_SIZE], line[512] = "";

    snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
    if (read_small(path, line, sizeof(line)) != SAPA_OK)
        line[0] = '\0';
    const char *first = line + strnlen(line, sizeof(line) - 1) + 1; /* behind the program's own name */
    snprintf(buf, size, "%s", first < line + sizeof(line) && line[0] ? first : "");
}

static uint32_t count_descriptors(int pid)
{
    char path[PATH_SIZE];
    uint32_t count = 0;

    snprintf(path, sizeof(path), "/proc/%d/fd", pid);
    DIR *folder = opendir(path);
    if (!folder)
        return UINT32_MAX;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count > 2 ? count - 2 : 0; /* . and .. */
}

static uint32_t limit_of(int pid)
{
    struct rlimit files;

    return prlimit(pid, RLIMIT_NOFILE, NULL, &files) != 0 ? UINT32_MAX : (uint32_t)SAPA_MIN(files.rlim_cur, (rlim_t)UINT32_MAX);
}

static bool is_other_program(int pid)
{
    char path[PATH_SIZE];
    struct stat own, its;

    snprintf(path, sizeof(path), "/proc/%d/exe", pid);
    return stat("/proc/self/exe", &own) == 0 && stat(path, &its) == 0 && (own.st_ino != its.st_ino || own.st_dev != its.st_dev);
}

sapa_rc sapa_process_look(int pid, struct sapa_process_facts *ret_facts)
{
    const uint64_t ticks = (uint64_t)SAPA_MAX(sysconf(_SC_CLK_TCK), 1), page = (uint64_t)SAPA_MAX(sysconf(_SC_PAGESIZE), 1);
    uint64_t stat[STAT_FIELDS];

    if (pid <= 0 || !read_stat(pid, stat))
        return SAPA_ENOENT;
    *ret_facts = (struct sapa_process_facts){
        .pid = pid,
        .started_us = boot_us() + (int64_t)(stat[STAT_START] * 1000000 / ticks),
        .memory_bytes = stat[STAT_RESIDENT] * page,
        .cpu_ms = (stat[STAT_USER] + stat[STAT_SYSTEM]) * 1000 / ticks,
        .threads = (uint32_t)stat[STAT_THREADS],
        .descriptors = count_descriptors(pid),
        .descriptors_max = limit_of(pid),
        .other_program = is_other_program(pid),
    };
    read_name(pid, ret_facts->name, sizeof(ret_facts->name));
    return SAPA_OK;
}

size_t sapa_process_children(int pid, int *ret_pids, size_t max)
{
    char path[PATH_SIZE], buf[1024];
    size_t count = 0;

    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
    if (pid <= 0 || read_small(path, buf, sizeof(buf)) != SAPA_OK)
        return 0;
    for (char *at = buf, *end; count < max; at = end) {
        const unsigned long child = strtoul(at, &end, 10);
        if (end == at)
            break;
        if (child > 0 && child <= INT32_MAX)
            ret_pids[count++] = (int)child;
    }
    return count;
}
