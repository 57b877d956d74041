/* Wallboards as a page sends them: refused with a word, or within their limits and what their maker may see. */
#include "app/web_wall.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define S(text) { text, sizeof(text) - 1 }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sapa_client clients[] = { { .key = S("toko") }, { .key = S("bank") } };
    static struct sapa_queue queues[] = { { .key = S("toko.penjualan"), .client = 0 }, { .key = S("bank.kartu"), .client = 1 } };
    static const struct sapa_centre centre = { .clients = clients, .clients_count = 2, .queues = queues, .queues_count = 2 };
    static const struct sapa_scope scopes[] = { { .clients = UINT64_MAX, .agent = SAPA_NONE }, { .clients = 1, .agent = SAPA_NONE } };
    json_t *board = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    char problem[256];

    for (size_t i = 0; i < SAPA_COUNT(scopes); i++) {
        struct sapa_text text;
        uint64_t seen = 0;
        sapa_text_init(&text, problem, sizeof(problem));
        const sapa_rc rc = sapa_wall_check(board, &centre, &scopes[i], &text, &seen);
        sapa_assert(rc == SAPA_OK || text.n > 0);
        sapa_assert(rc != SAPA_OK || ((seen & ~scopes[i].clients) == 0 && json_array_size(json_object_get(board, "pages")) <= SAPA_WALL_PAGES_MAX));
    }
    json_decref(board);
    (void)sapa_wall_key_is((struct sapa_str){ (const char *)data, size });
    return 0;
}
