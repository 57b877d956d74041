#include "rt/clock.h"

#include <time.h>

static int64_t read_us(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t sapa_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t sapa_wall_us(void)
{
    return read_us(CLOCK_REALTIME);
}

void sapa_clock_init(struct sapa_clock *clock)
{
    *clock = (struct sapa_clock){ 0 };
}

void sapa_clock_init_manual(struct sapa_clock *clock, int64_t mono_us, int64_t wall_us)
{
    *clock = (struct sapa_clock){ .manual = true, .mono_us = mono_us, .wall_us = wall_us };
}

int64_t sapa_clock_mono_us(const struct sapa_clock *clock)
{
    return clock->manual ? clock->mono_us : sapa_mono_us();
}

int64_t sapa_clock_wall_us(const struct sapa_clock *clock)
{
    return clock->manual ? clock->wall_us : sapa_wall_us();
}

int64_t sapa_clock_core_us(struct sapa_clock *clock)
{
    const int64_t wall_us = sapa_clock_wall_us(clock), mono_us = sapa_clock_mono_us(clock);
    const int64_t slewed_us = clock->base_us + (mono_us - clock->base_mono_us) / 10 * 9;

    if (wall_us >= slewed_us || clock->base_us == 0) {
        clock->base_us = wall_us;
        clock->base_mono_us = mono_us;
        clock->core_us = SAPA_MAX(clock->core_us, wall_us);
    } else {
        clock->core_us = SAPA_MAX(clock->core_us, slewed_us);
    }
    return clock->core_us;
}

void sapa_clock_core_floor(struct sapa_clock *clock, int64_t core_us)
{
    if (core_us <= clock->core_us)
        return;
    clock->core_us = clock->base_us = core_us;
    clock->base_mono_us = sapa_clock_mono_us(clock);
}

void sapa_clock_advance(struct sapa_clock *clock, int64_t us)
{
    sapa_assert(clock->manual);
    sapa_assert(us >= 0);
    clock->mono_us += us;
    clock->wall_us += us;
}

void sapa_clock_step_wall(struct sapa_clock *clock, int64_t us)
{
    sapa_assert(clock->manual);
    clock->wall_us += us;
}
