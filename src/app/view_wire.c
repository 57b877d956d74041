#include "app/view_wire.h"

#include <stdlib.h>

#include "rt/crypto.h"

enum { PART_BYTES = 24000, ASK_LIMIT_MS = 3000 };

struct sapa_view_room sapa_view_room_of(struct sapa_view_memory *memory)
{
    return (struct sapa_view_room){
        .queues = memory->queues, .agents = memory->agents, .calls = memory->calls, .news = memory->news,
        .queue_size = SAPA_VIEW_QUEUES, .agent_size = SAPA_VIEW_AGENTS, .call_size = SAPA_VIEW_CALLS,
        .news_size = SAPA_VIEW_NEWS,
    };
}

void sapa_view_send(struct sapa_console_reply *reply, const struct sapa_view *view)
{
    uint8_t *bytes = malloc(SAPA_VIEW_BYTES_MAX);
    char *hex = malloc(2 * PART_BYTES + 1);
    struct sapa_writer w = sapa_writer_of(bytes, SAPA_VIEW_BYTES_MAX);

    if (bytes && hex)
        sapa_view_encode(view, &w);
    if (!bytes || !hex || w.bad) {
        sapa_console_error(reply, "the view is too large for this command");
    } else {
        for (size_t at = 0; at < w.n; at += PART_BYTES) {
            sapa_hex(bytes + at, SAPA_MIN(w.n - at, (size_t)PART_BYTES), hex);
            sapa_console_row(reply, json_pack("{s:s}", "part", hex));
        }
    }
    free(hex);
    free(bytes);
}

struct parts {
    uint8_t *bytes;
    size_t n;
    bool bad;
};

static int nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void take_part(void *ctx, const json_t *row)
{
    struct parts *parts = ctx;
    const char *hex = json_string_value(json_object_get(row, "part"));

    for (; hex && hex[0] && hex[1]; hex += 2) {
        const int high = nibble(hex[0]), low = nibble(hex[1]);
        if (high < 0 || low < 0 || parts->n == SAPA_VIEW_BYTES_MAX) {
            parts->bad = true;
            return;
        }
        parts->bytes[parts->n++] = (uint8_t)(high << 4 | low);
    }
}

sapa_rc sapa_view_ask(const char *data, enum sapa_language language, struct sapa_view_memory *memory,
                      struct sapa_view *ret, struct sapa_text *error)
{
    struct parts parts = { .bytes = malloc(SAPA_VIEW_BYTES_MAX) };
    char path[512];
    struct sapa_text text;

    if (!parts.bytes)
        return SAPA_ENOMEM;
    sapa_text_init(&text, path, sizeof(path));
    sapa_text_printf(&text, "%s/console.sock", data);
    sapa_rc rc = sapa_console_ask(path, json_pack("{s:s,s:s}", "do", "top", "language", sapa_language_name(language)),
                                  ASK_LIMIT_MS, take_part, &parts, error);
    if (rc == SAPA_OK) {
        struct sapa_reader reader = sapa_reader_of(parts.bytes, parts.n);
        const struct sapa_view_room room = sapa_view_room_of(memory);
        rc = parts.bad ? SAPA_ECORRUPT : sapa_view_decode(&reader, &room, ret);
        if (rc != SAPA_OK)
            sapa_text_add(error, SAPA_STR("the centre answers in a form that this build does not read; use the build that serves"));
    }
    free(parts.bytes);
    return rc;
}
