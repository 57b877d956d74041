#include "report/print.h"

/* ---- cells ---- */

/* The next character of UTF-8 text; what is malformed counts as one character of one byte. */
static uint32_t next_character(struct sapa_str text, size_t *at)
{
    const uint8_t *p = (const uint8_t *)text.p + *at;
    const size_t left = text.n - *at;
    const unsigned n = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 1;
    uint32_t c = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));

    if (n > left) {
        *at += 1;
        return 0xfffd;
    }
    for (unsigned i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            *at += 1;
            return 0xfffd;
        }
        c = c << 6 | (p[i] & 0x3f);
    }
    *at += n;
    return p[0] >= 0x80 && n == 1 ? 0xfffd : c;
}

/* After Unicode TR 11, in blocks: what a terminal shows in two cells, and what in none. */
static uint32_t cells_of(uint32_t c)
{
    static const struct { uint32_t from, to, cells; } blocks[] = {
        { 0x300, 0x36f, 0 }, { 0x1100, 0x115f, 2 }, { 0x200b, 0x200f, 0 }, { 0x2e80, 0xa4cf, 2 },
        { 0xac00, 0xd7a3, 2 }, { 0xf900, 0xfaff, 2 }, { 0xfe00, 0xfe0f, 0 }, { 0xfe30, 0xfe6f, 2 },
        { 0xff00, 0xff60, 2 }, { 0xffe0, 0xffe6, 2 }, { 0x1f300, 0x1faff, 2 }, { 0x20000, 0x3fffd, 2 },
    };

    for (size_t i = 0; i < SAPA_COUNT(blocks) && c >= blocks[i].from; i++)
        if (c <= blocks[i].to)
            return blocks[i].cells;
    return 1;
}

uint32_t sapa_print_cells(struct sapa_str text)
{
    uint32_t cells = 0;

    for (size_t at = 0; at < text.n;)
        cells += cells_of(next_character(text, &at));
    return cells;
}

void sapa_print_pad(struct sapa_text *out, struct sapa_str text, uint32_t cells, bool right)
{
    const uint32_t whole = sapa_print_cells(text);
    uint32_t used = 0;

    for (; right && used + whole < cells; used++)
        sapa_text_char(out, ' ');
    for (size_t at = 0; at < text.n;) {
        const size_t from = at;
        const uint32_t c = next_character(text, &at);
        if (used + cells_of(c) > cells)
            break;
        used += cells_of(c);
        /* Names come from people: nothing of them may steer a terminal. */
        if (c < 0x20 || c == 0xfffd || (c >= 0x7f && c < 0xa0))
            sapa_text_char(out, '?');
        else
            sapa_text_add(out, (struct sapa_str){ text.p + from, at - from });
    }
    for (; used < cells; used++)
        sapa_text_char(out, ' ');
}

void sapa_print_ms(struct sapa_text *out, int64_t ms)
{
    const int64_t seconds = (ms < 0 ? -ms : ms) / 1000;

    if (ms < 0 && seconds > 0)
        sapa_text_char(out, '-');
    if (seconds >= 3600)
        sapa_text_printf(out, "%lld:%02lld:%02lld", (long long)(seconds / 3600), (long long)(seconds / 60 % 60),
                         (long long)(seconds % 60));
    else
        sapa_text_printf(out, "%02lld:%02lld", (long long)(seconds / 60), (long long)(seconds % 60));
}

/* ---- columns ---- */

enum column_kind { MEASURE, KPI, WAIT_P50, WAIT_P90, FIRST_IN, LAST_OUT };

struct column {
    enum column_kind kind;
    uint16_t measure;
    const char *kpi, *variant;
    const char *heading[SAPA_LANGUAGE_COUNT];
    bool always; /* also when it is zero everywhere */
};

#define COUNTED(id, name_id, name_en, always_) { MEASURE, SAPA_M_##id, NULL, NULL, { name_id, name_en }, always_ }
#define COMPUTED(key, variant_, name_id, name_en, always_) { KPI, 0, key, variant_, { name_id, name_en }, always_ }

static const struct column contact_columns[] = {
    COUNTED(OFFERED, "Masuk", "Offered", true),
    COUNTED(ANSWERED, "Jawab", "Answered", true),
    COUNTED(ABANDONED, "Tinggal", "Abandoned", true),
    COUNTED(ABANDONED_MENU, "(menu)", "(menu)", false),
    COUNTED(ABANDONED_QUEUE, "(antre)", "(queue)", false),
    COUNTED(ABANDONED_RINGING, "(dering)", "(ringing)", false),
    COUNTED(ABANDONED_SHORT, "(singkat)", "(short)", false),
    COUNTED(CONTAINED, "Mandiri", "Contained", false),
    COUNTED(CLOSED, "Tutup", "Closed", false),
    COUNTED(VOICEMAIL, "Pesan", "Voicemail", false),
    COUNTED(CALLBACK, "TelpBalik", "Callback", false),
    COUNTED(CALLBACK_FAILED, "TBgagal", "CBfailed", false),
    COUNTED(TRANSFERRED, "Alih", "Transferred", false),
    COUNTED(OVERFLOWED, "Luap", "Overflowed", false),
    COUNTED(MOVED, "Pindah", "Moved", false),
    COUNTED(LEFT_BY_FLOW, "Alur", "ByFlow", false),
    COUNTED(NO_AGENTS, "TanpaAgen", "NoAgents", false),
    COUNTED(REFUSED, "Tolak", "Refused", false),
    COUNTED(SYSTEM_FAULT, "Gangguan", "Faults", false),
    COUNTED(OPEN, "Jalan", "Open", false),
    COUNTED(OUTBOUND, "Keluar", "Outbound", false),
    COUNTED(OVERFLOWED_IN, "LuapMasuk", "OverIn", false),
    COUNTED(CALLBACKS_QUEUED, "TBantre", "CBqueued", false),
    COUNTED(MESSAGES, "PesanAntre", "Messages", false),
    COMPUTED("service_level", "", "SL", "SL", true),
    COUNTED(SURGE, "Lonjakan", "Surge", false),
    COMPUTED("service_level_surge", "", "SLlonjak", "SLsurge", false),
    COMPUTED("service_level_calm", "", "SLbiasa", "SLcalm", false),
    COMPUTED("asa", "", "ASA", "ASA", true),
    { WAIT_P50, 0, NULL, NULL, { "Tunggu50", "Wait50" }, false },
    { WAIT_P90, 0, NULL, NULL, { "Tunggu90", "Wait90" }, false },
    COUNTED(WAIT_MAX, "Terlama", "Longest", true),
    COMPUTED("aht", "", "AHT", "AHT", true),
    COUNTED(UNRECORDED, "TakTerekam", "Unrecorded", false),
};

static const struct column agent_columns[] = {
    { FIRST_IN, 0, NULL, NULL, { "Datang", "In" }, false },
    { LAST_OUT, 0, NULL, NULL, { "Pulang", "Out" }, false },
    COUNTED(LOGGED_IN, "Kerja", "LoggedIn", true),
    COUNTED(IDLE, "Menganggur", "Idle", true),
    COUNTED(RINGING, "Ditawari", "Offered", false),
    COUNTED(TALK, "Bicara", "Talk", true),
    COUNTED(HOLD, "Tahan", "Hold", false),
    COUNTED(WRAPUP, "WrapUp", "WrapUp", true),
    COUNTED(NOT_READY, "TakSiap", "NotReady", true),
    COUNTED(HANDLED, "Ditangani", "Handled", true),
    COUNTED(OFFERS, "Tawaran", "Offers", true),
    COUNTED(OFFERS_ACCEPTED, "Terima", "Accepted", false),
    COUNTED(OFFERS_MISSED, "Lewat", "Missed", true),
    COUNTED(OFFERS_REFUSED, "Tolak", "Declined", false),
    COUNTED(OFFERS_FAILED, "Gagal", "Failed", false),
    COUNTED(PASSED_ON, "Teruskan", "PassedOn", false),
    COMPUTED("occupancy", "", "Okupansi", "Occupancy", true),
    COMPUTED("aht", "", "AHT", "AHT", true),
};

static const struct column reason_columns[] = { COUNTED(NOT_READY, "Lama", "Time", true) };

static const char *const kind_keys[] = { "total", "client", "number", "queue", "agent", "agent" };
static const char *const kind_names[SAPA_ROWS_COUNT][SAPA_LANGUAGE_COUNT] = {
    { "Pusat layanan", "Centre" }, { "Klien", "Client" }, { "Nomor", "Number" }, { "Antrean", "Queue" },
    { "Agen", "Agent" }, { "Agen", "Agent" },
};
static const enum sapa_dim kind_dims[] = {
    SAPA_DIM_TOTAL, SAPA_DIM_CLIENT, SAPA_DIM_NUMBER, SAPA_DIM_QUEUE, SAPA_DIM_AGENT, SAPA_DIM_AGENT,
};

enum { COLUMNS_MAX = 40, LINE_SIZE = 8192 };
static_assert(SAPA_COUNT(contact_columns) <= COLUMNS_MAX, "bits of a set of columns");

struct printer {
    const struct sapa_intervals *fold;
    const struct sapa_print_options *options;
    const struct sapa_lines *out;
    const struct sapa_zone *zone;
    const struct column *columns;
    uint32_t column_count;
    enum sapa_rows kind;
    uint32_t only;           /* dimension, or SAPA_NONE for all */
    uint64_t shown;          /* bit per column */
    uint32_t widths[COLUMNS_MAX];
    uint32_t name_width, reason_width, time_width;
    uint32_t rows;
};

static bool is_meant(const struct printer *p, const struct sapa_row *row)
{
    return p->options->only.n == 0 || row->dim == p->only;
}

static bool row_is_empty(const struct column *column, const struct sapa_row *row)
{
    switch (column->kind) {
    case MEASURE: return row->m.of[column->measure] == 0;
    case KPI: return sapa_kpi_find(column->kpi, column->variant)->value(&row->m) == SAPA_KPI_NONE;
    case WAIT_P50:
    case WAIT_P90: return row->wait_count == 0;
    case FIRST_IN: return row->first_in_us == 0;
    case LAST_OUT: return row->last_out_us == 0;
    }
    return true;
}

static void put_clock(const struct printer *p, int64_t at_us, struct sapa_text *out)
{
    const struct sapa_civil civil = sapa_zone_civil(p->zone, at_us / 1000000);

    if (at_us != 0)
        sapa_text_printf(out, "%02u:%02u", civil.hour, civil.minute);
}

static void put_value(const struct printer *p, const struct column *column, const struct sapa_row *row,
                      struct sapa_text *out)
{
    const enum sapa_language language = p->options->language;
    const struct sapa_kpi *kpi;

    switch (column->kind) {
    case MEASURE:
        sapa_kpi_print(out, sapa_measure_info(column->measure)->unit, row->m.of[column->measure], language);
        break;
    case KPI:
        kpi = sapa_kpi_find(column->kpi, column->variant);
        sapa_kpi_print(out, kpi->unit, kpi->value(&row->m), language);
        break;
    case WAIT_P50: sapa_kpi_print(out, SAPA_UNIT_MS, row->wait_count ? row->wait_p50_ms : SAPA_KPI_NONE, language); break;
    case WAIT_P90: sapa_kpi_print(out, SAPA_UNIT_MS, row->wait_count ? row->wait_p90_ms : SAPA_KPI_NONE, language); break;
    case FIRST_IN: put_clock(p, row->first_in_us, out); break;
    case LAST_OUT: put_clock(p, row->last_out_us, out); break;
    }
}

/* "2026-11-21", with the quarter's beginning "2026-11-21 10:15". */
static void put_time(const struct printer *p, int64_t at_s, struct sapa_text *out)
{
    const struct sapa_civil civil = sapa_zone_civil(p->zone, at_s);

    sapa_text_printf(out, "%04d-%02u-%02u", civil.year, civil.month, civil.day);
    if (p->fold->options.grain == SAPA_GRAIN_QUARTER)
        sapa_text_printf(out, " %02u:%02u", civil.hour, civil.minute);
}

static void put_rfc3339(const struct printer *p, int64_t at_s, struct sapa_text *out)
{
    const struct sapa_civil civil = sapa_zone_civil(p->zone, at_s);
    const int32_t minutes = civil.offset_s / 60;
    const int32_t size = minutes < 0 ? -minutes : minutes;

    sapa_text_printf(out, "%04d-%02u-%02uT%02u:%02u:%02u%c%02d:%02d", civil.year, civil.month, civil.day, civil.hour,
                     civil.minute, civil.second, minutes < 0 ? '-' : '+', size / 60, size % 60);
}

static void put_rfc3339_or_nothing(const struct printer *p, int64_t at_us, struct sapa_text *out)
{
    if (at_us != 0)
        put_rfc3339(p, at_us / 1000000, out);
}

static struct sapa_str name_of(const struct printer *p, const struct sapa_row *row)
{
    if (p->kind == SAPA_ROWS_TOTAL)
        return sapa_str_of(kind_names[p->kind][p->options->language]);
    return sapa_names_text(p->fold->names, kind_dims[p->kind], row->dim, p->options->language);
}

static struct sapa_str reason_of(const struct printer *p, const struct sapa_row *row)
{
    if (row->reason == SAPA_NONE)
        return p->options->language == SAPA_LANGUAGE_ID ? SAPA_STR("tanpa alasan") : SAPA_STR("no reason");
    return sapa_names_text(p->fold->names, SAPA_DIM_REASON, row->reason, p->options->language);
}

/* ---- text ---- */

static void look_row(struct printer *p, const struct sapa_row *row)
{
    char buf[64];
    struct sapa_text text;

    p->name_width = SAPA_MAX(p->name_width, SAPA_MIN(sapa_print_cells(name_of(p, row)), 32u));
    if (p->kind == SAPA_ROWS_REASONS)
        p->reason_width = SAPA_MAX(p->reason_width, SAPA_MIN(sapa_print_cells(reason_of(p, row)), 32u));
    for (uint32_t i = 0; i < p->column_count; i++) {
        if (p->options->every_column || p->columns[i].always || !row_is_empty(&p->columns[i], row))
            p->shown |= UINT64_C(1) << i;
        sapa_text_init(&text, buf, sizeof(buf));
        put_value(p, &p->columns[i], row, &text);
        p->widths[i] = SAPA_MAX(p->widths[i], sapa_print_cells(sapa_text_str(&text)));
    }
}

static void look(void *ctx, const struct sapa_row *row)
{
    struct printer *p = ctx;

    if (!is_meant(p, row))
        return;
    p->rows++;
    look_row(p, row);
}

static void print_text_line(const struct printer *p, const struct sapa_row *row, struct sapa_str time,
                            struct sapa_str name, struct sapa_str reason)
{
    char buf[LINE_SIZE], value[64];
    struct sapa_text line, text;

    sapa_text_init(&line, buf, sizeof(buf));
    sapa_print_pad(&line, time, p->time_width, false);
    sapa_text_add(&line, SAPA_STR("  "));
    sapa_print_pad(&line, name, p->name_width, false);
    if (p->kind == SAPA_ROWS_REASONS) {
        sapa_text_add(&line, SAPA_STR("  "));
        sapa_print_pad(&line, reason, p->reason_width, false);
    }
    for (uint32_t i = 0; i < p->column_count; i++) {
        if (!(p->shown >> i & 1))
            continue;
        sapa_text_init(&text, value, sizeof(value));
        if (row)
            put_value(p, &p->columns[i], row, &text);
        else
            sapa_text_add(&text, sapa_str_of(p->columns[i].heading[p->options->language]));
        sapa_text_add(&line, SAPA_STR("  "));
        sapa_print_pad(&line, sapa_text_str(&text), p->widths[i], true);
    }
    struct sapa_str whole = sapa_text_str(&line);
    while (whole.n > 0 && whole.p[whole.n - 1] == ' ')
        whole.n--;
    p->out->line(p->out->ctx, whole);
}

static void print_text_row(void *ctx, const struct sapa_row *row)
{
    const struct printer *p = ctx;
    char buf[40];
    struct sapa_text time;

    if (!is_meant(p, row))
        return;
    sapa_text_init(&time, buf, sizeof(buf));
    put_time(p, row->span.from_s, &time);
    print_text_line(p, row, sapa_text_str(&time), name_of(p, row),
                    p->kind == SAPA_ROWS_REASONS ? reason_of(p, row) : (struct sapa_str){ NULL, 0 });
}

static sapa_rc print_text(struct sapa_intervals *fold, struct printer *p)
{
    const bool id = p->options->language == SAPA_LANGUAGE_ID;
    const struct sapa_str empty = { NULL, 0 };
    const struct sapa_str heading = sapa_str_of(kind_names[p->kind][p->options->language]);
    const struct sapa_str reason = id ? SAPA_STR("Alasan") : SAPA_STR("Reason");
    struct sapa_row all;
    sapa_rc rc;

    p->time_width = fold->options.grain == SAPA_GRAIN_QUARTER ? 16 : 10;
    p->name_width = sapa_print_cells(heading);
    p->reason_width = sapa_print_cells(reason);
    for (uint32_t i = 0; i < p->column_count; i++)
        p->widths[i] = sapa_print_cells(sapa_str_of(p->columns[i].heading[p->options->language]));
    rc = sapa_intervals_each(fold, p->kind, look, p);
    if (rc == SAPA_OK)
        rc = sapa_intervals_sum(fold, p->kind, p->options->only.n == 0 ? SAPA_NONE : p->only, &all);
    if (rc != SAPA_OK)
        return rc;
    if (p->rows == 0) {
        p->out->line(p->out->ctx, id ? SAPA_STR("Tidak ada data untuk masa ini.")
                                     : SAPA_STR("Nothing happened in this time."));
        return SAPA_OK;
    }
    all.first_in_us = all.last_out_us = 0; /* of several people and days: says nothing */
    const uint64_t shown = p->shown;
    look_row(p, &all);
    p->shown = shown;
    print_text_line(p, NULL, id ? SAPA_STR("Waktu") : SAPA_STR("Time"), heading, reason);
    rc = sapa_intervals_each(fold, p->kind, print_text_row, p);
    if (rc == SAPA_OK && p->rows > 1)
        print_text_line(p, &all, id ? SAPA_STR("Jumlah") : SAPA_STR("Sum"), empty, empty);
    return rc;
}

/* ---- CSV and JSON ---- */

static void put_csv(struct sapa_text *out, struct sapa_str text)
{
    bool is_plain = true;

    for (size_t i = 0; i < text.n; i++)
        is_plain &= text.p[i] != ',' && text.p[i] != '"' && text.p[i] != '\n' && text.p[i] != '\r';
    /* A spreadsheet would take a leading = + - @ for a formula. */
    const bool is_formula = text.n > 0 && (text.p[0] == '=' || text.p[0] == '+' || text.p[0] == '-' || text.p[0] == '@');
    if (is_plain && !is_formula) {
        sapa_text_add(out, text);
        return;
    }
    sapa_text_char(out, '"');
    if (is_formula)
        sapa_text_char(out, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            sapa_text_char(out, '"');
        sapa_text_char(out, (uint8_t)text.p[i] < 0x20 ? ' ' : text.p[i]); /* a row is a line */
    }
    sapa_text_char(out, '"');
}

static void put_json(struct sapa_text *out, struct sapa_str text)
{
    sapa_text_char(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        const uint8_t c = (uint8_t)text.p[i];
        if (c == '"' || c == '\\')
            sapa_text_printf(out, "\\%c", c);
        else if (c < 0x20)
            sapa_text_printf(out, "\\u%04x", c);
        else
            sapa_text_char(out, (char)c);
    }
    sapa_text_char(out, '"');
}

/* A number for programs: ratios and points with six decimals, nothing for what has no value. */
static void put_plain(struct sapa_text *out, enum sapa_unit unit, int64_t value, const char *none)
{
    if (value == SAPA_KPI_NONE)
        sapa_text_add(out, sapa_str_of(none));
    else if (unit == SAPA_UNIT_RATIO || unit == SAPA_UNIT_POINTS)
        sapa_text_printf(out, "%s%lld.%06lld", value < 0 ? "-" : "", (long long)((value < 0 ? -value : value) / 1000000),
                         (long long)((value < 0 ? -value : value) % 1000000));
    else
        sapa_text_printf(out, "%lld", (long long)value);
}

static bool has_measure(enum sapa_rows kind, unsigned measure)
{
    return kind < SAPA_ROWS_AGENTS ? measure < SAPA_M_AGENT_FIRST
                                   : measure >= SAPA_M_SHARED_FIRST && measure < SAPA_M_OUTER_FIRST;
}

/* Which KPIs mean something in rows of this kind; what only repeats another is left out. */
static bool has_kpi(enum sapa_rows kind, const struct sapa_kpi *kpi)
{
    static const char *const of_agents[] = { "aht", "talk_mean", "wrapup_mean", "occupancy", "accept_rate" };

    if (kpi->is_outer || strncmp(kpi->variant, "cisco", 5) == 0)
        return false;
    if (kind < SAPA_ROWS_AGENTS)
        return strcmp(kpi->key, "occupancy") != 0;
    for (size_t i = 0; i < SAPA_COUNT(of_agents); i++)
        if (kind == SAPA_ROWS_AGENTS && strcmp(kpi->key, of_agents[i]) == 0)
            return true;
    return false;
}

static void print_csv_head(const struct printer *p)
{
    char buf[LINE_SIZE];
    struct sapa_text line;
    uint32_t count;
    const struct sapa_kpi *kpis = sapa_kpis(&count);

    sapa_text_init(&line, buf, sizeof(buf));
    sapa_text_printf(&line, "from,to,%s,name", kind_keys[p->kind]);
    if (p->kind == SAPA_ROWS_REASONS)
        sapa_text_add(&line, SAPA_STR(",reason"));
    for (unsigned i = 0; i < SAPA_M_OUTER_FIRST; i++)
        if (has_measure(p->kind, i))
            sapa_text_printf(&line, ",%s", sapa_measure_info(i)->key);
    sapa_text_add(&line, p->kind < SAPA_ROWS_AGENTS ? SAPA_STR(",wait_p50_ms,wait_p90_ms") : SAPA_STR(",first_in,last_out"));
    for (uint32_t i = 0; i < count; i++) {
        if (!has_kpi(p->kind, &kpis[i]))
            continue;
        sapa_text_char(&line, ',');
        sapa_kpi_slug(&kpis[i], &line);
    }
    p->out->line(p->out->ctx, sapa_text_str(&line));
}

static void print_csv_row(void *ctx, const struct sapa_row *row)
{
    const struct printer *p = ctx;
    char buf[LINE_SIZE];
    struct sapa_text line;
    uint32_t count;
    const struct sapa_kpi *kpis = sapa_kpis(&count);

    if (!is_meant(p, row))
        return;
    sapa_text_init(&line, buf, sizeof(buf));
    put_rfc3339(p, row->span.from_s, &line);
    sapa_text_char(&line, ',');
    put_rfc3339(p, row->span.to_s, &line);
    sapa_text_char(&line, ',');
    put_csv(&line, sapa_names_key(p->fold->names, kind_dims[p->kind], row->dim));
    sapa_text_char(&line, ',');
    put_csv(&line, name_of(p, row));
    if (p->kind == SAPA_ROWS_REASONS) {
        sapa_text_char(&line, ',');
        put_csv(&line, reason_of(p, row));
    }
    for (unsigned i = 0; i < SAPA_M_OUTER_FIRST; i++)
        if (has_measure(p->kind, i))
            sapa_text_printf(&line, ",%lld", (long long)row->m.of[i]);
    sapa_text_char(&line, ',');
    if (row->wait_count > 0)
        sapa_text_printf(&line, "%u,%u", row->wait_p50_ms, row->wait_p90_ms);
    else
        put_rfc3339_or_nothing(p, row->first_in_us, &line);
    if (row->wait_count == 0) {
        sapa_text_char(&line, ',');
        put_rfc3339_or_nothing(p, row->last_out_us, &line);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!has_kpi(p->kind, &kpis[i]))
            continue;
        sapa_text_char(&line, ',');
        put_plain(&line, kpis[i].unit, kpis[i].value(&row->m), "");
    }
    p->out->line(p->out->ctx, sapa_text_str(&line));
}

static void print_json_row(void *ctx, const struct sapa_row *row)
{
    const struct printer *p = ctx;
    char buf[LINE_SIZE];
    struct sapa_text line;
    uint32_t count;
    const struct sapa_kpi *kpis = sapa_kpis(&count);

    if (!is_meant(p, row))
        return;
    sapa_text_init(&line, buf, sizeof(buf));
    sapa_text_add(&line, SAPA_STR("{\"from\":\""));
    put_rfc3339(p, row->span.from_s, &line);
    sapa_text_add(&line, SAPA_STR("\",\"to\":\""));
    put_rfc3339(p, row->span.to_s, &line);
    sapa_text_printf(&line, "\",\"%s\":", kind_keys[p->kind]);
    put_json(&line, sapa_names_key(p->fold->names, kind_dims[p->kind], row->dim));
    sapa_text_add(&line, SAPA_STR(",\"name\":"));
    put_json(&line, name_of(p, row));
    if (p->kind == SAPA_ROWS_REASONS) {
        sapa_text_add(&line, SAPA_STR(",\"reason\":"));
        put_json(&line, reason_of(p, row));
    }
    for (unsigned i = 0; i < SAPA_M_OUTER_FIRST; i++)
        if (has_measure(p->kind, i))
            sapa_text_printf(&line, ",\"%s\":%lld", sapa_measure_info(i)->key, (long long)row->m.of[i]);
    if (row->wait_count > 0)
        sapa_text_printf(&line, ",\"wait_p50_ms\":%u,\"wait_p90_ms\":%u", row->wait_p50_ms, row->wait_p90_ms);
    if (row->first_in_us) {
        sapa_text_add(&line, SAPA_STR(",\"first_in\":\""));
        put_rfc3339(p, row->first_in_us / 1000000, &line);
        sapa_text_char(&line, '"');
    }
    if (row->last_out_us) {
        sapa_text_add(&line, SAPA_STR(",\"last_out\":\""));
        put_rfc3339(p, row->last_out_us / 1000000, &line);
        sapa_text_char(&line, '"');
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!has_kpi(p->kind, &kpis[i]))
            continue;
        sapa_text_add(&line, SAPA_STR(",\""));
        sapa_kpi_slug(&kpis[i], &line);
        sapa_text_add(&line, SAPA_STR("\":"));
        put_plain(&line, kpis[i].unit, kpis[i].value(&row->m), "null");
    }
    sapa_text_char(&line, '}');
    p->out->line(p->out->ctx, sapa_text_str(&line));
}

sapa_rc sapa_report_print(struct sapa_intervals *fold, enum sapa_rows kind,
                          const struct sapa_print_options *options, const struct sapa_lines *out)
{
    const struct sapa_centre *centre = fold->names->centre;
    struct printer p = {
        .fold = fold, .options = options, .out = out, .kind = kind, .zone = fold->options.zone, .only = SAPA_NONE,
        .columns = kind == SAPA_ROWS_AGENTS ? agent_columns
                 : kind == SAPA_ROWS_REASONS ? reason_columns : contact_columns,
        .column_count = kind == SAPA_ROWS_AGENTS ? SAPA_COUNT(agent_columns)
                      : kind == SAPA_ROWS_REASONS ? SAPA_COUNT(reason_columns) : SAPA_COUNT(contact_columns),
    };

    if (!p.zone && centre && centre->system.zone < centre->zones_count)
        p.zone = &centre->zones[centre->system.zone];
    if (options->only.n > 0) {
        p.only = sapa_names_find(fold->names, kind_dims[kind], options->only);
        if (p.only == SAPA_NONE)
            return SAPA_ENOENT;
    }
    if (options->format == SAPA_FORMAT_TEXT)
        return print_text(fold, &p);
    if (options->format == SAPA_FORMAT_JSON)
        return sapa_intervals_each(fold, kind, print_json_row, &p);
    print_csv_head(&p);
    return sapa_intervals_each(fold, kind, print_csv_row, &p);
}

/* ---- the dictionary ---- */

static void say(const struct sapa_lines *out, const char *fmt, ...) SAPA_PRINTF(2, 3);

static void say(const struct sapa_lines *out, const char *fmt, ...)
{
    char buf[1024];
    struct sapa_text line;
    va_list args;

    sapa_text_init(&line, buf, sizeof(buf));
    va_start(args, fmt);
    sapa_text_vprintf(&line, fmt, args);
    va_end(args);
    out->line(out->ctx, sapa_text_str(&line));
}

void sapa_print_dictionary(const struct sapa_lines *out)
{
    static const char *const units[] = { "count", "ms", "ratio", "points" };
    uint32_t count;
    const struct sapa_kpi *kpis = sapa_kpis(&count);

    say(out, "# Numbers: the dictionary");
    say(out, "%s", "");
    say(out, "Every number that Sapa shows is counted or computed here and nowhere else. This page is printed from");
    say(out, "`src/report/kpi.h` and `kpi.c`; a test keeps it true. How and when things are counted is told in");
    say(out, "[numbers](../design/numbers.md).");
    say(out, "%s", "");
    say(out, "## Computed");
    say(out, "%s", "");
    say(out, "| key | variant | name | nama | unit | formula | what it means |");
    say(out, "|---|---|---|---|---|---|---|");
    for (uint32_t i = 0; i < count; i++)
        say(out, "| `%s` | %s | %s | %s | %s | `%s` | %s%s |", kpis[i].key, kpis[i].variant,
            kpis[i].name[SAPA_LANGUAGE_EN], kpis[i].name[SAPA_LANGUAGE_ID], units[kpis[i].unit], kpis[i].formula,
            kpis[i].text, kpis[i].is_outer ? (kpis[i].text[0] ? "; needs numbers from outside the log" : "needs numbers from outside the log") : "");
    say(out, "%s", "");
    say(out, "Ratios are kept in millionths, rounded half up. A KPI whose divisor is zero has no value and is shown as –.");
    say(out, "%s", "");
    say(out, "## Counted");
    say(out, "%s", "");
    say(out, "| key | name | nama | unit | what is counted |");
    say(out, "|---|---|---|---|---|");
    for (unsigned i = 0; i < SAPA_M_COUNT; i++) {
        const struct sapa_measure_info *info = sapa_measure_info(i);
        say(out, "| `%s` | %s | %s | %s | %s%s |", info->key, info->name[SAPA_LANGUAGE_EN],
            info->name[SAPA_LANGUAGE_ID], units[info->unit], info->text, info->is_max ? " (rows are joined by the largest)" : "");
    }
}
