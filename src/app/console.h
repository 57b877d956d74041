/**
 * @file app/console.h
 * The local door through which the program's own commands ask a running centre.
 *
 * A SOCK_SEQPACKET socket in the data folder (mode 0600: the owner only). A request is one JSON
 * object, {"do": "top", …}. The answer is any number of JSON objects and then {"end": true}, or
 * {"error": "sentence"}. Every message is at most SAPA_CONSOLE_MESSAGE_MAX bytes.
 *
 * Room    app.   Thread  server: the centre thread; client: any.   Tests  app/console_test.c
 */
#ifndef SAPA_APP_CONSOLE_H
#define SAPA_APP_CONSOLE_H

#include <jansson.h>

#include "base/str.h"
#include "rt/loop.h"

enum { SAPA_CONSOLE_MESSAGE_MAX = 60000, SAPA_CONSOLE_CLIENTS_MAX = 32 };

struct sapa_console;
struct sapa_console_reply;

/** Answer `request` (borrowed) with sapa_console_row() as often as needed; the end is sent for you. */
typedef void sapa_console_fn(void *ctx, const json_t *request, struct sapa_console_reply *reply);

/** @retval SAPA_EEXIST  another process answers there   @retval SAPA_EIO  refused by the system */
SAPA_MUST_CHECK sapa_rc sapa_console_open(struct sapa_loop *loop, const char *path, sapa_console_fn *fn, void *ctx,
                                          struct sapa_console **ret);
void sapa_console_close(struct sapa_console *console);

/** One object of the answer; takes the reference. A client that does not read is dropped. */
void sapa_console_row(struct sapa_console_reply *reply, json_t *row);
/** The answer is an error instead; a sentence for a person. */
void sapa_console_error(struct sapa_console_reply *reply, const char *fmt, ...) SAPA_PRINTF(2, 3);

/** One object of the answer, borrowed. */
typedef void sapa_console_row_fn(void *ctx, const json_t *row);

/**
 * Ask and wait for the whole answer, `limit_ms` at most. Takes the reference of `request`.
 * @param error  gets the sentence when it is not SAPA_OK
 */
SAPA_MUST_CHECK sapa_rc sapa_console_ask(const char *path, json_t *request, int64_t limit_ms, sapa_console_row_fn *fn,
                                         void *ctx, struct sapa_text *error);

#endif
