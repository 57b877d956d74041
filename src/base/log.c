#include "base/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

static atomic_int level_min = SAPA_LOG_INFO;
static const char *role = "sapa";

void sapa_log_level(enum sapa_log_level level)
{
    atomic_store(&level_min, (int)level);
}

void sapa_log_role(const char *name)
{
    role = name;
}

void sapa_log(enum sapa_log_level level, const char *event, const char *fmt, ...)
{
    static const char *const names[] = { "debug", "info", "warn", "error" };
    char line[1024];
    struct sapa_text text;
    struct timespec now;
    struct tm utc;
    va_list args;

    if ((int)level < atomic_load(&level_min))
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    sapa_text_init(&text, line, sizeof(line) - 1); /* room for the newline */
    sapa_text_printf(&text, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s %s %s ", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     now.tv_nsec / 1000000, role, names[level], event);
    va_start(args, fmt);
    sapa_text_vprintf(&text, fmt, args);
    va_end(args);
    line[text.n] = '\n';
    if (write(STDERR_FILENO, line, text.n + 1) < 0)
        return; /* nobody left to tell */
}

const char *sapa_log_pii(const char *plain, char *buf, size_t size)
{
    const struct sapa_str s = sapa_str_of(plain);
    struct sapa_text text;

    sapa_text_init(&text, buf, size);
    if (s.n > 4)
        sapa_text_printf(&text, "***%.2s", s.p + s.n - 2);
    else
        sapa_text_add(&text, SAPA_STR("***"));
    return buf;
}
