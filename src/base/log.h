/**
 * @file base/log.h
 * One line a fact: an event name and key=value pairs, written to standard error.
 *
 * Libraries and pure rooms do not log; the one who handles an error logs it, once.
 * Room    base: libc only.   Thread  any (one write call a line).
 */
#ifndef SAPA_BASE_LOG_H
#define SAPA_BASE_LOG_H

#include "base/base.h"

enum sapa_log_level { SAPA_LOG_DEBUG, SAPA_LOG_INFO, SAPA_LOG_WARN, SAPA_LOG_ERROR };

/**
 * @param event  dotted name, "sip.register"
 * @param fmt    key=value pairs; personal data (numbers, names) goes through sapa_log_pii()
 */
void sapa_log(enum sapa_log_level level, const char *event, const char *fmt, ...) SAPA_PRINTF(3, 4);

/** Lines below `level` are dropped. Process-wide; starts at INFO. */
void sapa_log_level(enum sapa_log_level level);
/** Who speaks, "control" or "media"; static string. Process-wide. */
void sapa_log_role(const char *role);
/** A person's number or name as it may stand in a log: all but the last two characters hidden. Writes to `buf` (>= 8 bytes) and returns it. */
const char *sapa_log_pii(const char *text, char *buf, size_t size);

#endif
