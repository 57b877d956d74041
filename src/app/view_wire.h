/**
 * @file app/view_wire.h
 * A live view through the console: bytes as hexadecimal text in rows small enough for one message.
 *
 * Room    app.   Thread  any.
 */
#ifndef SAPA_APP_VIEW_WIRE_H
#define SAPA_APP_VIEW_WIRE_H

#include "app/console.h"
#include "report/live.h"

enum { SAPA_VIEW_BYTES_MAX = 512 * 1024, SAPA_VIEW_QUEUES = 256, SAPA_VIEW_AGENTS = 512, SAPA_VIEW_CALLS = 64,
       SAPA_VIEW_NEWS = 32 };

/** Memory for one view of the usual size. */
struct sapa_view_memory {
    struct sapa_view_queue queues[SAPA_VIEW_QUEUES];
    struct sapa_view_agent agents[SAPA_VIEW_AGENTS];
    struct sapa_view_call calls[SAPA_VIEW_CALLS];
    struct sapa_view_news news[SAPA_VIEW_NEWS];
};
struct sapa_view_room sapa_view_room_of(struct sapa_view_memory *memory);

void sapa_view_send(struct sapa_console_reply *reply, const struct sapa_view *view);

/** Ask the centre in `data` for its view. `error` gets the sentence. Lists live in `memory`. */
SAPA_MUST_CHECK sapa_rc sapa_view_ask(const char *data, enum sapa_language language, struct sapa_view_memory *memory,
                                      struct sapa_view *ret, struct sapa_text *error);

#endif
