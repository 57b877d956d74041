/**
 * @file base/base.h
 * The handful of words every file uses: result codes, attributes, assertions.
 *
 * Room    base: libc only.
 * Thread  any.
 */
#ifndef SAPA_BASE_BASE_H
#define SAPA_BASE_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SAPA_MUST_CHECK __attribute__((warn_unused_result))
#define SAPA_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define SAPA_CLEANUP(fn) __attribute__((cleanup(fn)))
#define SAPA_NORETURN __attribute__((noreturn))
#define SAPA_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SAPA_MIN(a, b) ((a) < (b) ? (a) : (b))
#define SAPA_MAX(a, b) ((a) > (b) ? (a) : (b))

/** Index into a table of the centre description that points nowhere. */
#define SAPA_NONE UINT32_MAX

/*
 * Every result a function of ours can return. 0 is good, refusals and accidents are negative.
 *   X(name, number, http status, may be tried again, text for a person)
 */
#define SAPA_RCS(X)                                                                \
    X(OK, 0, 200, 0, "done")                                                       \
    X(EINVAL, -1, 400, 0, "a value is out of its range or malformed")              \
    X(ENOMEM, -2, 503, 1, "out of memory")                                         \
    X(ELIMIT, -3, 503, 1, "a configured limit is reached")                         \
    X(EEXIST, -4, 409, 0, "it exists already")                                     \
    X(ENOENT, -5, 404, 0, "there is no such thing")                                \
    X(ESTATE, -6, 409, 0, "not possible in the present state")                     \
    X(EIO, -7, 503, 1, "the operating system or a disk refused")                   \
    X(ECORRUPT, -8, 500, 0, "stored or received data fails its check")             \
    X(EAGAIN, -9, 503, 1, "not now; try again")                                    \
    X(EDENIED, -10, 403, 0, "not allowed")                                         \
    X(ETIMEOUT, -11, 504, 1, "no answer in time")                                  \
    X(EVERSION, -12, 505, 0, "a version this build does not read")                 \
    X(EFULL, -13, 507, 1, "the disk is full")                                      \
    X(EMORE, -14, 202, 1, "incomplete: more input is needed")                      \
    X(ECLOSED, -15, 410, 0, "the other side is gone")

typedef enum sapa_rc {
#define X(name, number, http, again, text) SAPA_##name = (number),
    SAPA_RCS(X)
#undef X
} sapa_rc;

/** "ELIMIT" and so on; "?" for a number that is no code. Static storage. */
const char *sapa_rc_name(sapa_rc rc);
/** One sentence fragment for a person. Static storage. */
const char *sapa_rc_text(sapa_rc rc);

/** Programmer errors only, never anything a peer, a user or a disk can cause. On in production. */
#define sapa_assert(cond) ((cond) ? (void)0 : sapa_assert_failed(#cond, __FILE__, __LINE__))
SAPA_NORETURN void sapa_assert_failed(const char *cond, const char *file, int line);

/** Called once before abort(), for a flight recorder. `hook` may be NULL. Process-wide. */
void sapa_assert_hook(void (*hook)(void));

#endif
