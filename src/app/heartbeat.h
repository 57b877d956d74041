/**
 * @file app/heartbeat.h
 * Is a child still alive, and not only there? Control and media write a byte a second to a pipe of the parent.
 *
 * It begins with the first byte ("ready"): the start may take as long as it needs. Silence of five seconds says that
 * the child is frozen (SIGSTOP, a dead lock, an endless loop); then it is killed and started again.
 *
 * Room    app.   Thread  main of serve.   Owner  serve.c   Tests  app/heartbeat_test.c, app/serve_test.c
 */
#ifndef SAPA_APP_HEARTBEAT_H
#define SAPA_APP_HEARTBEAT_H

#include "base/base.h"

enum {
    SAPA_HEARTBEAT_EVERY_US = 1000 * 1000,
    SAPA_HEARTBEAT_LIMIT_US = 5 * 1000 * 1000,
};

/** Bytes on the pipe. */
enum { SAPA_HEARTBEAT_ENDS = 0, SAPA_HEARTBEAT_ALIVE = 1 };

/** All zero: not begun. Times are monotonic. */
struct sapa_heartbeat {
    bool beats;
    int64_t last_us;   /* byte */
    int64_t looked_us; /* call of sapa_heartbeat_is_late() */
};

/** A byte came: ALIVE, or ENDS (the child is about to end by itself and takes its time). */
void sapa_heartbeat_take(struct sapa_heartbeat *heartbeat, uint8_t byte, int64_t now_us);
/**
 * Call every SAPA_HEARTBEAT_EVERY_US. True: silent for too long. Should the caller itself not have been called for
 * longer than that (the whole machine stood still) the time counts anew: the child had no chance either.
 */
bool sapa_heartbeat_is_late(struct sapa_heartbeat *heartbeat, int64_t now_us);

/**
 * Control also leaves a mark beside the log every second: an empty file whose time of change says how long it lived.
 * A start that finds it knows since when the centre was not there, and that nobody worked meanwhile.
 */
void sapa_heartbeat_mark(const char *path);
/** Wall time of the last mark. @retval SAPA_ENOENT  there is none */
SAPA_MUST_CHECK sapa_rc sapa_heartbeat_marked(const char *path, int64_t *ret_wall_us);
/** A debugger holds it (Linux: TracerPid): silence is no fault. */
bool sapa_heartbeat_is_traced(int pid);

#endif
