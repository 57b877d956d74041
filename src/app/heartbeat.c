#include "app/heartbeat.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void sapa_heartbeat_take(struct sapa_heartbeat *heartbeat, uint8_t byte, int64_t now_us)
{
    heartbeat->beats = byte != SAPA_HEARTBEAT_ENDS;
    heartbeat->last_us = now_us;
}

bool sapa_heartbeat_is_late(struct sapa_heartbeat *heartbeat, int64_t now_us)
{
    const int64_t away_us = now_us - heartbeat->looked_us;

    heartbeat->looked_us = now_us;
    if (away_us > 3 * SAPA_HEARTBEAT_EVERY_US)
        heartbeat->last_us = now_us;
    return heartbeat->beats && now_us - heartbeat->last_us > SAPA_HEARTBEAT_LIMIT_US;
}

void sapa_heartbeat_mark(const char *path)
{
    if (utimensat(AT_FDCWD, path, NULL, 0) == 0)
        return;
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
}

sapa_rc sapa_heartbeat_marked(const char *path, int64_t *ret_wall_us)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return SAPA_ENOENT;
    *ret_wall_us = (int64_t)info.st_mtim.tv_sec * 1000000 + info.st_mtim.tv_nsec / 1000;
    return SAPA_OK;
}

bool sapa_heartbeat_is_traced(int pid)
{
    char path[64], text[4096];

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    const char *tracer = strstr(text, "TracerPid:");
    return tracer && strspn(tracer + strlen("TracerPid:"), " \t0\n") < strcspn(tracer + strlen("TracerPid:"), "\n");
}
