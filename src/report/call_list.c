/* Call records as a list: one line or row each, the same columns on the terminal and in a workbook. */
#include "report/print.h"
#include "report/text_impl.h"
#include "report/words.h"

/*  X(ID, key, name id, name en, cells on a terminal, kind of cell)  */
#define CALL_COLUMNS(X) \
    X(ARRIVED, "arrived", "Mulai", "Began", 19, MOMENT) \
    X(CONTACT, "contact", "Kontak", "Contact", 20, TEXT) \
    X(DIRECTION, "direction", "Arah", "Direction", 9, TEXT) \
    X(PARTY, "party_type", "Pihak", "Party", 15, TEXT) \
    X(CLIENT, "client", "Klien", "Client", 14, TEXT) \
    X(NUMBER, "number", "Nomor", "Number", 14, TEXT) \
    X(ADDRESS, "address", "Pelanggan", "Customer", 14, TEXT) \
    X(QUEUE, "queue", "Antrean", "Queue", 16, TEXT) \
    X(AGENTS, "agents", "Yang ikut bicara", "Who took part", 20, TEXT) \
    X(OUTSIDE, "outside", "Pihak luar", "Outside", 10, NUMBER) \
    X(WAIT, "queue_ms", "Tunggu", "Waited", 8, NUMBER) \
    X(TALK, "talk_ms", "Bicara", "Talk", 8, NUMBER) \
    X(HOLD, "hold_ms", "Tahan", "Hold", 8, NUMBER) \
    X(WRAPUP, "wrapup_ms", "Wrap-up", "Wrap-up", 8, NUMBER) \
    X(TRANSFERS, "transfers", "Alihan", "Transfers", 44, TEXT) \
    X(CONFERENCE, "conference", "Konferensi", "Conference", 10, TEXT) \
    X(OUTCOME, "outcome", "Hasil", "Outcome", 28, TEXT) \
    X(MERGED, "merged_into", "Berlanjut di", "Went on in", 20, TEXT)

enum column {
#define X(id, key, name_id, name_en, cells, kind) COLUMN_##id,
    CALL_COLUMNS(X)
#undef X
    COLUMN_COUNT
};

static const struct {
    const char *key, *name[SAPA_LANGUAGE_COUNT];
    uint32_t cells;
    uint8_t kind;
} columns[COLUMN_COUNT] = {
#define X(id, key, name_id, name_en, cells, kind) { key, { name_id, name_en }, cells, SAPA_CELL_##kind },
    CALL_COLUMNS(X)
#undef X
};

static struct sapa_cell text_cell(struct sapa_str text)
{
    return (struct sapa_cell){ .kind = text.n > 0 ? SAPA_CELL_TEXT : SAPA_CELL_EMPTY, .text = text };
}

static struct sapa_cell ms_cell(uint32_t ms)
{
    return (struct sapa_cell){ .kind = SAPA_CELL_NUMBER, .unit = SAPA_UNIT_MS, .value = ms };
}

static struct sapa_cell id_cell(uint64_t id, struct sapa_text *buf)
{
    if (id != 0)
        sapa_text_printf(buf, "%llu", (unsigned long long)id);
    return text_cell(sapa_text_str(buf));
}

/* `buf` is room for a text that is put together. */
static struct sapa_cell cell_of(const struct sapa_call *call, const struct sapa_call_show *show, enum column column,
                                struct sapa_text *buf)
{
    const enum sapa_language language = show->language;
    const bool id = language == SAPA_LANGUAGE_ID;

    switch (column) {
    case COLUMN_ARRIVED:
        return (struct sapa_cell){ .kind = SAPA_CELL_MOMENT, .unit = SAPA_UNIT_MOMENT, .value = call->arrived_us,
                                   .offset_s = sapa_zone_offset(show->zone, call->arrived_us / 1000000) };
    case COLUMN_CONTACT: return id_cell(call->contact, buf);
    case COLUMN_DIRECTION: return text_cell(sapa_str_of(sapa_word_direction(call->direction, language)));
    case COLUMN_PARTY: return text_cell(sapa_str_of(sapa_call_party_type(call, show) ? sapa_word_party_type(sapa_call_party_type(call, show) - 1u, language) : ""));
    case COLUMN_CLIENT:
        return text_cell(call->client == SAPA_NONE ? SAPA_STR("") : sapa_names_key(show->names, SAPA_DIM_CLIENT, call->client));
    case COLUMN_NUMBER:
        return text_cell(call->number == SAPA_NONE ? SAPA_STR("") : sapa_names_key(show->names, SAPA_DIM_NUMBER, call->number));
    case COLUMN_ADDRESS:
        return text_cell(show->show_pii || call->address[0] == '\0' ? sapa_str_of(call->address) : SAPA_STR("***"));
    case COLUMN_QUEUE:
        return text_cell(call->queue == SAPA_NONE ? SAPA_STR("") : sapa_names_key(show->names, SAPA_DIM_QUEUE, call->queue));
    case COLUMN_AGENTS: sapa_call_agents(call, show, buf); return text_cell(sapa_text_str(buf));
    case COLUMN_OUTSIDE:
        return (struct sapa_cell){ .kind = SAPA_CELL_NUMBER, .unit = SAPA_UNIT_COUNT, .value = call->outside_count };
    case COLUMN_WAIT: return ms_cell(call->queue_ms);
    case COLUMN_TALK: return ms_cell(call->talk_ms);
    case COLUMN_HOLD: return ms_cell(call->hold_ms);
    case COLUMN_WRAPUP: return ms_cell(call->wrapup_ms);
    case COLUMN_TRANSFERS: sapa_call_transfers(call, show, show->language, buf); return text_cell(sapa_text_str(buf));
    case COLUMN_CONFERENCE: return text_cell(!call->conference ? SAPA_STR("") : id ? SAPA_STR("ya") : SAPA_STR("yes"));
    case COLUMN_OUTCOME: return text_cell(sapa_str_of(sapa_word_outcome(call->outcome, language)));
    case COLUMN_MERGED: return id_cell(call->merged_into, buf);
    case COLUMN_COUNT: break;
    }
    return (struct sapa_cell){ .kind = SAPA_CELL_EMPTY };
}

void sapa_call_list_head(const struct sapa_call_show *show, struct sapa_text *out)
{
    for (unsigned i = 0; i < COLUMN_COUNT; i++) {
        sapa_print_pad(out, sapa_str_of(columns[i].name[show->language]), columns[i].cells, columns[i].kind == SAPA_CELL_NUMBER);
        sapa_text_add(out, i + 1 < COLUMN_COUNT ? SAPA_STR("  ") : SAPA_STR(""));
    }
}

void sapa_call_list(const struct sapa_call *call, const struct sapa_call_show *show, struct sapa_text *out)
{
    char buf[512], value[40];
    struct sapa_text room, text;

    for (unsigned i = 0; i < COLUMN_COUNT; i++) {
        sapa_text_init(&room, buf, sizeof(buf));
        const struct sapa_cell cell = cell_of(call, show, (enum column)i, &room);
        const struct sapa_civil civil = sapa_zone_civil(show->zone, call->arrived_us / 1000000);
        struct sapa_str shown = cell.text;
        sapa_text_init(&text, value, sizeof(value));
        if (cell.kind == SAPA_CELL_MOMENT)
            sapa_text_printf(&text, "%04d-%02u-%02u %02u:%02u:%02u", civil.year, civil.month, civil.day, civil.hour,
                             civil.minute, civil.second);
        else if (cell.kind == SAPA_CELL_NUMBER)
            sapa_kpi_print(&text, cell.unit, cell.value, show->language);
        if (cell.kind != SAPA_CELL_TEXT)
            shown = sapa_text_str(&text);
        sapa_print_pad(out, shown, columns[i].cells, columns[i].kind == SAPA_CELL_NUMBER);
        sapa_text_add(out, i + 1 < COLUMN_COUNT ? SAPA_STR("  ") : SAPA_STR(""));
    }
    while (out->n > 0 && out->buf[out->n - 1] == ' ')
        out->buf[--out->n] = '\0';
}

void sapa_call_sheet_head(const struct sapa_sheet *sheet, enum sapa_language language)
{
    for (unsigned i = 0; i < COLUMN_COUNT; i++)
        sheet->column(sheet->ctx, i, columns[i].key, columns[i].name[language], (enum sapa_cell_kind)columns[i].kind,
                      i >= COLUMN_WAIT && i <= COLUMN_WRAPUP ? SAPA_UNIT_MS : SAPA_UNIT_COUNT);
}

void sapa_call_sheet(const struct sapa_call *call, const struct sapa_call_show *show, uint32_t row, const struct sapa_sheet *sheet)
{
    char buf[512];
    struct sapa_text room;

    for (unsigned i = 0; i < COLUMN_COUNT; i++) {
        sapa_text_init(&room, buf, sizeof(buf));
        const struct sapa_cell cell = cell_of(call, show, (enum column)i, &room);
        sheet->cell(sheet->ctx, row, i, &cell);
    }
}
