/*
 * The live view as it comes from whoever answers: refused, or drawn within the terminal, and the same when it is
 * written again.
 */
#include <stdlib.h>

#include "app/view_read.h"
#include "report/print.h"
#include "report/top.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(void *ctx, struct sapa_str line)
{
    (void)ctx;
    for (size_t i = 0; i < line.n; i++) /* no colours were asked for: nothing steers the terminal */
        sapa_assert((uint8_t)line.p[i] >= 0x20 && line.p[i] != 0x7f);
}

/* Written, and read again. */
static json_t *written(const struct sapa_view *view, struct sapa_text *text)
{
    sapa_text_init(text, text->buf, SAPA_VIEW_JSON_MAX);
    sapa_view_json(view, text);
    sapa_assert(!text->cut);
    json_t *json = json_loadb(text->buf, text->n, JSON_REJECT_DUPLICATES, NULL);
    sapa_assert(json != NULL);
    return json;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sapa_view_memory memory;
    static char buf[2][SAPA_VIEW_JSON_MAX];
    struct sapa_text text = { .buf = buf[0] }, again = { .buf = buf[1] };
    struct sapa_view view;
    json_t *json = json_loadb((const char *)data, size, 0, NULL);
    const sapa_rc rc = sapa_view_read(json, &memory, &view);

    json_decref(json);
    if (rc != SAPA_OK)
        return 0;
    sapa_top_print(&view, &(struct sapa_top_options){ .columns = 90, .rows = 50 }, &(struct sapa_lines){ within, NULL });
    json = written(&view, &text);
    sapa_assert(sapa_view_read(json, &memory, &view) == SAPA_OK);
    json_decref(json);
    json_decref(written(&view, &again));
    sapa_assert(text.n == again.n && memcmp(buf[0], buf[1], text.n) == 0);
    return 0;
}
