/*
 * The live screen as it comes over the console's wire, from whoever answers there: refused, or printed
 * within the terminal and as JSON, and the same when it is sent on.
 */
#include <stdlib.h>

#include "report/fixture_impl.h"
#include "report/live.h"
#include "report/top.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { QUEUES = 5, AGENTS = 6, CALLS = 7, NEWS = 8, COLUMNS = 90 };

static void within(void *ctx, struct sapa_str line)
{
    (void)ctx;
    for (size_t i = 0; i < line.n; i++) /* no colours were asked for: nothing steers the terminal */
        sapa_assert((uint8_t)line.p[i] >= 0x20 && line.p[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sapa_view_queue queues[2][QUEUES];
    static struct sapa_view_agent agents[2][AGENTS];
    static struct sapa_view_call calls[2][CALLS];
    static struct sapa_view_news news[2][NEWS];
    static char json[1 << 16];
    static uint8_t wire[1 << 16];
    struct sapa_view view, again;
    struct sapa_text text;
    struct sapa_reader in = sapa_reader_of(data, size);
    struct sapa_view_room room[2];

    for (unsigned i = 0; i < 2; i++)
        room[i] = (struct sapa_view_room){ queues[i], agents[i], calls[i], news[i], QUEUES, AGENTS, CALLS, NEWS };
    if (sapa_view_decode(&in, &room[0], &view) != SAPA_OK)
        return 0;
    sapa_top_print(&view, &(struct sapa_top_options){ .columns = COLUMNS, .rows = 50 }, &(struct sapa_lines){ within, NULL });
    sapa_text_init(&text, json, sizeof(json));
    sapa_view_json(&view, &text);
    struct sapa_writer out = sapa_writer_of(wire, sizeof(wire));
    sapa_view_encode(&view, &out);
    sapa_assert(!out.bad);
    in = sapa_reader_of(wire, out.n);
    sapa_assert(sapa_view_decode(&in, &room[1], &again) == SAPA_OK);
    sapa_assert(sapa_reader_left(&in) == 0);
    sapa_assert(again.queue_count == view.queue_count && again.agent_count == view.agent_count);
    sapa_assert(view.call_count == 0 || memcmp(calls[0], calls[1], view.call_count * sizeof(calls[0][0])) == 0);
    return 0;
}
