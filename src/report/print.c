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

struct column {
    const char *key; /* of the figure */
    const char *heading[SAPA_LANGUAGE_COUNT];
    bool always;     /* also when it is zero everywhere */
};

static const struct column contact_columns[] = {
    { "offered", { "Masuk", "Offered" }, true },
    { "answered", { "Jawab", "Answered" }, true },
    { "abandoned", { "Tinggal", "Abandoned" }, true },
    { "abandoned_menu", { "(menu)", "(menu)" }, false },
    { "abandoned_queue", { "(antre)", "(queue)" }, false },
    { "abandoned_ringing", { "(dering)", "(ringing)" }, false },
    { "abandoned_short", { "(singkat)", "(short)" }, false },
    { "contained", { "Mandiri", "Contained" }, false },
    { "closed", { "Tutup", "Closed" }, false },
    { "voicemail", { "Pesan", "Voicemail" }, false },
    { "callback", { "TelpBalik", "Callback" }, false },
    { "callback_failed", { "TBgagal", "CBfailed" }, false },
    { "transferred", { "Alih", "Transferred" }, false },
    { "overflowed", { "Luap", "Overflowed" }, false },
    { "moved", { "Pindah", "Moved" }, false },
    { "left_by_flow", { "Alur", "ByFlow" }, false },
    { "no_agents", { "TanpaAgen", "NoAgents" }, false },
    { "refused", { "Tolak", "Refused" }, false },
    { "system_fault", { "Gangguan", "Faults" }, false },
    { "open", { "Jalan", "Open" }, false },
    { "outbound", { "Keluar", "Outbound" }, false },
    { "outbound_reached", { "(sambung)", "(reached)" }, false },
    { "internal", { "Internal", "Internal" }, false },
    { "party_prospects", { "Calon", "Prospects" }, false },
    { "transfers", { "Alihan", "PassedOn" }, false },
    { "transfers_lost", { "(hilang)", "(lost)" }, false },
    { "transferred_in", { "AlihMasuk", "PassedIn" }, false },
    { "conferences", { "Konferensi", "Conferences" }, false },
    { "calls_denied", { "Terlarang", "Denied" }, false },
    { "overflowed_in", { "LuapMasuk", "OverIn" }, false },
    { "callbacks_queued", { "TBantre", "CBqueued" }, false },
    { "messages", { "PesanAntre", "Messages" }, false },
    { "service_level_1", { "SL", "SL" }, true },
    { "surge_ms", { "Lonjakan", "Surge" }, false },
    { "service_level_surge", { "SLlonjak", "SLsurge" }, false },
    { "service_level_calm", { "SLbiasa", "SLcalm" }, false },
    { "asa", { "ASA", "ASA" }, true },
    { "wait_p50_ms", { "Tunggu50", "Wait50" }, false },
    { "wait_p90_ms", { "Tunggu90", "Wait90" }, false },
    { "wait_max_ms", { "Terlama", "Longest" }, true },
    { "aht", { "AHT", "AHT" }, true },
    { "charged_calls", { "Berbiaya", "Charged" }, false },
    { "cost", { "Biaya", "Cost" }, false },
    { "outbound_cost", { "BiayaKeluar", "OutCost" }, false },
    { "outbound_agent_cost", { "BiayaAgen", "AgentCost" }, false },
    { "unrecorded_ms", { "TakTerekam", "Unrecorded" }, false },
    { "csat", { "Puas", "CSAT" }, false },
};

static const struct column agent_columns[] = {
    { "first_in", { "Datang", "In" }, false },
    { "last_out", { "Pulang", "Out" }, false },
    { "logged_in_ms", { "Kerja", "LoggedIn" }, true },
    { "idle_ms", { "Menganggur", "Idle" }, true },
    { "ringing_ms", { "Ditawari", "Offered" }, false },
    { "talk_ms", { "Bicara", "Talk" }, true },
    { "hold_ms", { "Tahan", "Hold" }, false },
    { "wrapup_ms", { "WrapUp", "WrapUp" }, true },
    { "not_ready_ms", { "TakSiap", "NotReady" }, true },
    { "office_ms", { "Kantor", "Office" }, false },
    { "elsewhere_ms", { "DiLuar", "Elsewhere" }, false },
    { "internal_talk_ms", { "Internal", "Internal" }, false },
    { "handled", { "Ditangani", "Handled" }, true },
    { "received", { "Masuk", "Received" }, false },
    { "solved", { "Tuntas", "Solved" }, false },
    { "calls_placed", { "Keluar", "Placed" }, false },
    { "calls_reached", { "(sambung)", "(reached)" }, false },
    { "internal_placed", { "KeRekan", "ToCollgs" }, false },
    { "offers", { "Tawaran", "Offers" }, true },
    { "offers_accepted", { "Terima", "Accepted" }, false },
    { "offers_missed", { "Lewat", "Missed" }, true },
    { "offers_refused", { "Tolak", "Declined" }, false },
    { "offers_failed", { "Gagal", "Failed" }, false },
    { "transfers", { "Alihan", "PassedOn" }, false },
    { "transfers_received", { "AlihMasuk", "PassedIn" }, false },
    { "consultations", { "Tanya", "Asked" }, false },
    { "conferences", { "Konferensi", "Conferences" }, false },
    { "calls_denied", { "Terlarang", "Denied" }, false },
    { "occupancy", { "Okupansi", "Occupancy" }, true },
    { "surveys", { "Survei", "Surveys" }, false },
    { "csat", { "Puas", "CSAT" }, false },
    { "nps", { "NPS", "NPS" }, false },
    { "aht", { "AHT", "AHT" }, true },
};

static const struct column trunk_columns[] = {
    { "outbound_lines", { "Saluran", "Lines" }, true },
    { "outbound_line_ms", { "Lama", "Time" }, true },
    { "outbound_charged_calls", { "Berbiaya", "Charged" }, true },
    { "outbound_cost", { "Biaya", "Cost" }, true },
    { "cost_per_outbound", { "Rata-rata", "Each" }, true },
};

static const struct column campaign_columns[] = {
    { "outbound", { "Keluar", "Placed" }, true },
    { "outbound_reached", { "Sambung", "Reached" }, true },
    { "outbound_unreached", { "TakSambung", "NotReached" }, true },
    { "party_prospects", { "Calon", "Prospects" }, false },
    { "calls_denied", { "Terlarang", "Denied" }, true },
    { "outbound_handled", { "Ditangani", "Handled" }, true },
    { "talk_ms", { "Bicara", "Talk" }, true },
    { "hold_ms", { "Tahan", "Hold" }, false },
    { "wrapup_ms", { "WrapUp", "WrapUp" }, true },
    { "outbound_line_ms", { "Saluran", "LineTime" }, false },
    { "outbound_cost", { "Biaya", "Cost" }, true },
    { "outbound_agent_cost", { "BiayaAgen", "AgentCost" }, false },
    { "cost_per_outbound_handled", { "Rata-rata", "Each" }, false },
    { "unrecorded_ms", { "TakTerekam", "Unrecorded" }, false },
};

static const struct column reason_columns[] = { { "not_ready_ms", { "Lama", "Time" }, true } };

static const char *const kind_keys[] = { "total", "client", "number", "queue", "agent", "agent", "trunk", "campaign" };
static const char *const kind_names[SAPA_ROWS_COUNT][SAPA_LANGUAGE_COUNT] = {
    { "Pusat layanan", "Centre" }, { "Klien", "Client" }, { "Nomor", "Number" }, { "Antrean", "Queue" },
    { "Agen", "Agent" }, { "Agen", "Agent" }, { "Trunk", "Trunk" }, { "Kampanye", "Campaign" },
};
static const enum sapa_dim kind_dims[] = {
    SAPA_DIM_TOTAL, SAPA_DIM_CLIENT, SAPA_DIM_NUMBER, SAPA_DIM_QUEUE, SAPA_DIM_AGENT, SAPA_DIM_AGENT,
    SAPA_DIM_TRUNK, SAPA_DIM_CAMPAIGN,
};

enum { LINE_SIZE = 16384, NAME_CELLS = 32 };

const char *sapa_rows_key(enum sapa_rows kind)
{
    return kind == SAPA_ROWS_REASONS ? "reason" : kind_keys[kind];
}

const char *sapa_rows_table(enum sapa_rows kind)
{
    static const char *const keys[SAPA_ROWS_COUNT] = {
        [SAPA_ROWS_TOTAL] = "total",     [SAPA_ROWS_QUEUES] = "queues", [SAPA_ROWS_AGENTS] = "agents",   [SAPA_ROWS_CLIENTS] = "clients",
        [SAPA_ROWS_NUMBERS] = "numbers", [SAPA_ROWS_TRUNKS] = "trunks", [SAPA_ROWS_REASONS] = "reasons", [SAPA_ROWS_CAMPAIGNS] = "campaigns",
    };

    return keys[kind];
}

const char *sapa_rows_name(enum sapa_rows kind, enum sapa_language language)
{
    if (kind == SAPA_ROWS_REASONS)
        return language == SAPA_LANGUAGE_ID ? "Alasan" : "Reason";
    return kind_names[kind][language];
}

/* What a column has of its figure. */
enum { PART_VALUE, PART_TARGET, PART_STATE, COLUMNS_MAX = SAPA_PRINT_FIGURES_MAX + 2 * 64 };

struct printer {
    const struct sapa_intervals *fold;
    const struct sapa_print_options *options;
    const struct sapa_lines *out;
    const struct sapa_zone *zone;
    uint32_t figures[COLUMNS_MAX]; /* one a column, and their units */
    uint8_t units[COLUMNS_MAX], parts[COLUMNS_MAX];
    uint32_t column_count;
    enum sapa_rows kind;
    uint32_t only;           /* dimension, or SAPA_NONE for all */
    const char *headings[COLUMNS_MAX]; /* text only, as what follows */
    bool shown[COLUMNS_MAX];
    uint32_t widths[COLUMNS_MAX];
    uint32_t name_width, reason_width, time_width;
    uint32_t rows;
};

static bool is_meant(const struct printer *p, const struct sapa_row *row)
{
    return p->options->only.n == 0 || row->dim == p->only;
}

static void put_clock(const struct printer *p, int64_t at_us, struct sapa_text *out)
{
    const struct sapa_civil civil = sapa_zone_civil(p->zone, at_us / 1000000);

    if (at_us != 0)
        sapa_text_printf(out, "%02u:%02u", civil.hour, civil.minute);
}

/* ---- targets ---- */

/* What is aimed at when the interval begins. Numbers of a day are held against days alone. */
static bool goal_of(const struct printer *p, uint32_t column, const struct sapa_row *row, struct sapa_goal_found *ret)
{
    const struct sapa_centre *centre = p->fold->names->centre;
    const uint32_t count = !centre                      ? 0
                           : p->kind == SAPA_ROWS_QUEUES  ? centre->queues_count
                           : p->kind == SAPA_ROWS_CLIENTS ? centre->clients_count
                           : p->kind == SAPA_ROWS_AGENTS  ? centre->agents_count
                                                          : 1;
    const int32_t date = sapa_goal_date(p->zone, row->span.from_s);
    uint32_t index = 0;

    while (index < count && p->kind != SAPA_ROWS_TOTAL && sapa_names_dim(p->fold->names, kind_dims[p->kind], index) != row->dim)
        index++;
    if (index >= count || row->span.to_s <= row->span.from_s)
        return false; /* of an earlier description, or the sum of several intervals */
    return (p->fold->options.grain == SAPA_GRAIN_DAY || !sapa_goal_is_daily(p->figures[column])) &&
           sapa_goal_find(p->options->goals, centre, p->kind, index, p->figures[column], date, ret);
}

static enum sapa_goal_state state_of(const struct printer *p, uint32_t column, const struct sapa_row *row)
{
    struct sapa_goal_found goal;

    if (!goal_of(p, column, row, &goal))
        return SAPA_GOAL_NONE;
    return sapa_goal_judge(&goal, p->figures[column], sapa_figure_value(p->figures[column], row), row->span.to_s * 1000000 <= p->options->now_us);
}

/* The figure, or its target. */
static int64_t value_of(const struct printer *p, uint32_t column, const struct sapa_row *row)
{
    struct sapa_goal_found goal;

    if (p->parts[column] == PART_VALUE)
        return sapa_figure_value(p->figures[column], row);
    return goal_of(p, column, row, &goal) ? goal.value : SAPA_KPI_NONE;
}

static void put_value(const struct printer *p, uint32_t column, const struct sapa_row *row, struct sapa_text *out)
{
    if (p->parts[column] == PART_STATE) {
        sapa_text_add(out, sapa_str_of(sapa_goal_state_text(state_of(p, column, row), p->options->language)));
        return;
    }
    const int64_t value = value_of(p, column, row);

    if (p->units[column] != SAPA_UNIT_MOMENT)
        sapa_kpi_print(out, p->units[column], value, p->options->language);
    else if (value != SAPA_KPI_NONE)
        put_clock(p, value, out);
}

/* "2026-11-21", with the beginning of what is shorter "2026-11-21 10:15", of a month "2026-11". */
static void put_time(const struct printer *p, int64_t at_s, struct sapa_text *out)
{
    const struct sapa_civil civil = sapa_zone_civil(p->zone, at_s);

    const enum sapa_grain grain = p->fold->options.grain;

    sapa_text_printf(out, "%04d-%02u", civil.year, civil.month);
    if (grain != SAPA_GRAIN_MONTH)
        sapa_text_printf(out, "-%02u", civil.day);
    if (grain == SAPA_GRAIN_QUARTER || grain == SAPA_GRAIN_HOUR)
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

    p->name_width = SAPA_MAX(p->name_width, SAPA_MIN(sapa_print_cells(name_of(p, row)), (uint32_t)NAME_CELLS));
    if (p->kind == SAPA_ROWS_REASONS)
        p->reason_width = SAPA_MAX(p->reason_width, SAPA_MIN(sapa_print_cells(reason_of(p, row)), (uint32_t)NAME_CELLS));
    for (uint32_t i = 0; i < p->column_count; i++) {
        const int64_t value = value_of(p, i, row);
        p->shown[i] |= value != SAPA_KPI_NONE && (value != 0 || p->parts[i] != PART_VALUE);
        sapa_text_init(&text, buf, sizeof(buf));
        put_value(p, i, row, &text);
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

/* "m:s" below the heading of a duration, and so on. */
static struct sapa_str unit_of(const struct printer *p, uint32_t column)
{
    const struct sapa_centre *centre = p->fold->names->centre;

    if (p->parts[column] == PART_STATE)
        return SAPA_STR("");
    switch ((enum sapa_unit)p->units[column]) {
    case SAPA_UNIT_MS: return p->options->language == SAPA_LANGUAGE_ID ? SAPA_STR("m:d") : SAPA_STR("m:s");
    case SAPA_UNIT_RATIO: return SAPA_STR("%");
    case SAPA_UNIT_MOMENT: return p->options->language == SAPA_LANGUAGE_ID ? SAPA_STR("j:m") : SAPA_STR("h:m");
    case SAPA_UNIT_MONEY: return centre && centre->system.currency.n > 0 ? centre->system.currency : SAPA_STR("IDR");
    case SAPA_UNIT_COUNT:
    case SAPA_UNIT_POINTS: break;
    }
    return SAPA_STR("");
}

/* Values of a row, or without one headings, or units below them. */
static void print_text_line(const struct printer *p, const struct sapa_row *row, bool units, struct sapa_str time,
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
        if (!p->shown[i])
            continue;
        sapa_text_init(&text, value, sizeof(value));
        if (row)
            put_value(p, i, row, &text);
        else
            sapa_text_add(&text, units ? unit_of(p, i) : sapa_str_of(p->headings[i]));
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
    print_text_line(p, row, false, sapa_text_str(&time), name_of(p, row),
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

    p->time_width = fold->options.grain == SAPA_GRAIN_QUARTER || fold->options.grain == SAPA_GRAIN_HOUR ? 16 : 10;
    p->name_width = sapa_print_cells(heading);
    p->reason_width = sapa_print_cells(reason);
    for (uint32_t i = 0; i < p->column_count; i++)
        p->widths[i] = SAPA_MAX(sapa_print_cells(sapa_str_of(p->headings[i])), sapa_print_cells(unit_of(p, i)));
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
    all.span.to_s = all.span.from_s; /* of several intervals: nothing is aimed at for it */
    bool shown[COLUMNS_MAX];
    memcpy(shown, p->shown, sizeof(shown));
    look_row(p, &all);
    memcpy(p->shown, shown, sizeof(shown));
    print_text_line(p, NULL, false, id ? SAPA_STR("Waktu") : SAPA_STR("Time"), heading, reason);
    print_text_line(p, NULL, true, empty, empty, empty);
    rc = sapa_intervals_each(fold, p->kind, print_text_row, p);
    if (rc == SAPA_OK && p->rows > 1) /* once more: its distributions lived until the next row was read */
        rc = sapa_intervals_sum(fold, p->kind, p->options->only.n == 0 ? SAPA_NONE : p->only, &all);
    all.first_in_us = all.last_out_us = 0;
    all.span.to_s = all.span.from_s;
    if (rc == SAPA_OK && p->rows > 1)
        print_text_line(p, &all, false, id ? SAPA_STR("Jumlah") : SAPA_STR("Sum"), empty, empty);
    return rc;
}

/* ---- CSV and JSON ---- */

static void put_csv(struct sapa_text *out, struct sapa_str text)
{
    bool is_plain = true;

    for (size_t i = 0; i < text.n; i++)
        is_plain &= text.p[i] != ',' && text.p[i] != '"' && text.p[i] != '\n' && text.p[i] != '\r';
    /* A spreadsheet would take a leading = + - @ for a formula, and skips white space before it. */
    const char first = text.n > 0 ? text.p[0] : 'a';
    const bool is_formula = first == '=' || first == '+' || first == '-' || first == '@' || (uint8_t)first <= 0x20;
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
    else if (unit == SAPA_UNIT_MONEY)
        sapa_text_printf(out, "%s%lld.%02lld", value < 0 ? "-" : "", (long long)((value < 0 ? -value : value) / 100),
                         (long long)((value < 0 ? -value : value) % 100));
    else if (unit == SAPA_UNIT_RATIO || unit == SAPA_UNIT_POINTS)
        sapa_text_printf(out, "%s%lld.%06lld", value < 0 ? "-" : "", (long long)((value < 0 ? -value : value) / 1000000),
                         (long long)((value < 0 ? -value : value) % 1000000));
    else
        sapa_text_printf(out, "%lld", (long long)value);
}

/* A moment, or the number of a figure. */
static void put_figure(const struct printer *p, uint32_t column, const struct sapa_row *row, const char *quote,
                       const char *none, struct sapa_text *out)
{
    if (p->parts[column] == PART_STATE) {
        sapa_text_printf(out, "%s%s%s", quote, sapa_goal_state_name(state_of(p, column, row)), quote);
        return;
    }
    const int64_t value = value_of(p, column, row);

    if (p->units[column] != SAPA_UNIT_MOMENT || value == SAPA_KPI_NONE) {
        put_plain(out, p->units[column], value, none);
        return;
    }
    sapa_text_add(out, sapa_str_of(quote));
    put_rfc3339(p, value / 1000000, out);
    sapa_text_add(out, sapa_str_of(quote));
}

/* "asa", "asa_target", "asa_state" */
static const char *behind(const struct printer *p, uint32_t column)
{
    return p->parts[column] == PART_TARGET ? "_target" : p->parts[column] == PART_STATE ? "_state" : "";
}

static void print_csv_head(const struct printer *p)
{
    char buf[LINE_SIZE];
    struct sapa_text line;
    struct sapa_figure figure;

    sapa_text_init(&line, buf, sizeof(buf));
    sapa_text_printf(&line, "from,to,%s,name", kind_keys[p->kind]);
    if (p->kind == SAPA_ROWS_REASONS)
        sapa_text_add(&line, SAPA_STR(",reason"));
    for (uint32_t i = 0; i < p->column_count; i++) {
        sapa_figure_get(p->figures[i], &figure);
        sapa_text_printf(&line, ",%s%s", figure.key, behind(p, i));
    }
    p->out->line(p->out->ctx, sapa_text_str(&line));
}

static void print_csv_row(void *ctx, const struct sapa_row *row)
{
    const struct printer *p = ctx;
    char buf[LINE_SIZE];
    struct sapa_text line;

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
    for (uint32_t i = 0; i < p->column_count; i++) {
        sapa_text_char(&line, ',');
        put_figure(p, i, row, "", "", &line);
    }
    p->out->line(p->out->ctx, sapa_text_str(&line));
}

static void print_json_row(void *ctx, const struct sapa_row *row)
{
    const struct printer *p = ctx;
    char buf[LINE_SIZE];
    struct sapa_text line;
    struct sapa_figure figure;

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
    for (uint32_t i = 0; i < p->column_count; i++) {
        sapa_figure_get(p->figures[i], &figure);
        sapa_text_printf(&line, ",\"%s%s\":", figure.key, behind(p, i));
        put_figure(p, i, row, "\"", "null", &line);
    }
    sapa_text_char(&line, '}');
    p->out->line(p->out->ctx, sapa_text_str(&line));
}

/* ---- sheets ---- */

struct sheet_of {
    const struct printer *printer;
    const struct sapa_sheet *sheet;
    uint32_t row;
};

static void sheet_row(void *ctx, const struct sapa_row *row)
{
    struct sheet_of *to = ctx;
    const struct printer *p = to->printer;
    uint32_t at = 0;

    if (!is_meant(p, row))
        return;
    const int64_t moments[] = { row->span.from_s, row->span.to_s };
    for (unsigned i = 0; i < 2; i++) {
        const struct sapa_cell cell = { .kind = SAPA_CELL_MOMENT, .unit = SAPA_UNIT_MOMENT, .value = moments[i] * 1000000,
                                        .offset_s = sapa_zone_offset(p->zone, moments[i]) };
        to->sheet->cell(to->sheet->ctx, to->row, at++, &cell);
    }
    const struct sapa_str texts[] = {
        sapa_names_key(p->fold->names, kind_dims[p->kind], row->dim), name_of(p, row),
        p->kind == SAPA_ROWS_REASONS ? reason_of(p, row) : SAPA_STR(""),
    };
    for (unsigned i = 0; i < (p->kind == SAPA_ROWS_REASONS ? 3u : 2u); i++)
        to->sheet->cell(to->sheet->ctx, to->row, at++, &(struct sapa_cell){ .kind = SAPA_CELL_TEXT, .text = texts[i] });
    for (uint32_t i = 0; i < p->column_count; i++) {
        if (p->parts[i] == PART_STATE) {
            const struct sapa_str state = sapa_str_of(sapa_goal_state_text(state_of(p, i, row), p->options->language));
            to->sheet->cell(to->sheet->ctx, to->row, at++, &(struct sapa_cell){ .kind = SAPA_CELL_TEXT, .text = state });
            continue;
        }
        struct sapa_cell cell = { .unit = p->units[i], .value = value_of(p, i, row) };
        cell.kind = cell.value == SAPA_KPI_NONE ? SAPA_CELL_EMPTY
                  : cell.unit == SAPA_UNIT_MOMENT ? SAPA_CELL_MOMENT : SAPA_CELL_NUMBER;
        if (cell.kind == SAPA_CELL_MOMENT)
            cell.offset_s = sapa_zone_offset(p->zone, cell.value / 1000000);
        to->sheet->cell(to->sheet->ctx, to->row, at++, &cell);
    }
    to->row++;
}

static void sheet_head(const struct printer *p, const struct sapa_sheet *sheet)
{
    static const struct { const char *key, *name[SAPA_LANGUAGE_COUNT]; } fixed[] = {
        { "from", { "Dari", "From" } }, { "to", { "Sampai", "To" } }, { "key", { "Kunci", "Key" } },
    };
    const enum sapa_language language = p->options->language;
    struct sapa_figure figure;
    uint32_t at = 0;

    for (; at < SAPA_COUNT(fixed); at++)
        sheet->column(sheet->ctx, at, at == 2 ? kind_keys[p->kind] : fixed[at].key, fixed[at].name[language],
                      at < 2 ? SAPA_CELL_MOMENT : SAPA_CELL_TEXT, SAPA_UNIT_MOMENT);
    sheet->column(sheet->ctx, at++, "name", kind_names[p->kind][language], SAPA_CELL_TEXT, SAPA_UNIT_COUNT);
    if (p->kind == SAPA_ROWS_REASONS)
        sheet->column(sheet->ctx, at++, "reason", sapa_rows_name(p->kind, language), SAPA_CELL_TEXT, SAPA_UNIT_COUNT);
    for (uint32_t i = 0; i < p->column_count; i++) {
        char key[SAPA_FIGURE_KEY_MAX + 16], name[160];
        struct sapa_text text;
        sapa_figure_get(p->figures[i], &figure);
        sapa_text_init(&text, key, sizeof(key));
        sapa_text_printf(&text, "%s%s", figure.key, behind(p, i));
        sapa_text_init(&text, name, sizeof(name));
        sapa_text_printf(&text, "%s%s", figure.name[language], p->parts[i] == PART_TARGET ? ": target" : p->parts[i] == PART_STATE ? ": status" : "");
        sheet->column(sheet->ctx, at++, key, name, p->parts[i] == PART_STATE ? SAPA_CELL_TEXT : SAPA_CELL_NUMBER,
                      p->parts[i] == PART_STATE ? SAPA_UNIT_COUNT : p->units[i]);
    }
}

/* ---- all of them ---- */

static void add_column(struct printer *p, uint32_t figure, const char *heading, bool always)
{
    const bool aimed = p->options->goals && sapa_goals_reach(p->options->goals, p->kind, figure);
    struct sapa_figure info;

    if (p->column_count + (aimed ? 3u : 1u) > COLUMNS_MAX)
        return;
    sapa_figure_get(figure, &info);
    for (unsigned part = PART_VALUE; part <= (aimed ? PART_STATE : PART_VALUE); part++) {
        p->figures[p->column_count] = figure;
        p->units[p->column_count] = info.unit;
        p->parts[p->column_count] = (uint8_t)part;
        p->headings[p->column_count] = part == PART_TARGET ? "(target)" : part == PART_STATE ? "(status)" : heading ? heading : info.name[p->options->language];
        p->shown[p->column_count++] = part == PART_VALUE && always;
    }
}

static bool has_column(const struct printer *p, uint32_t figure)
{
    bool found = false;

    for (uint32_t i = 0; i < p->column_count && !found; i++)
        found = p->figures[i] == figure;
    return found;
}

static void choose_columns(struct printer *p)
{
    static const struct { const struct column *columns; uint32_t count; } usual[SAPA_ROWS_COUNT] = {
        [SAPA_ROWS_TOTAL ... SAPA_ROWS_QUEUES] = { contact_columns, SAPA_COUNT(contact_columns) },
        [SAPA_ROWS_AGENTS] = { agent_columns, SAPA_COUNT(agent_columns) },
        [SAPA_ROWS_REASONS] = { reason_columns, SAPA_COUNT(reason_columns) },
        [SAPA_ROWS_TRUNKS] = { trunk_columns, SAPA_COUNT(trunk_columns) },
        [SAPA_ROWS_CAMPAIGNS] = { campaign_columns, SAPA_COUNT(campaign_columns) },
    };
    const struct sapa_print_options *options = p->options;

    for (uint32_t i = 0; i < options->figure_count; i++)
        if (sapa_figure_is_shown(options->figures[i], p->kind))
            add_column(p, options->figures[i], NULL, true);
    if (options->figure_count > 0)
        return;
    if (options->format != SAPA_FORMAT_TEXT) {
        for (uint32_t i = 0; i < sapa_figure_count(); i++)
            if (sapa_figure_is_shown(i, p->kind))
                add_column(p, i, NULL, true);
        return;
    }
    for (uint32_t i = 0; i < usual[p->kind].count; i++) {
        const struct column *column = &usual[p->kind].columns[i];
        const uint32_t figure = sapa_figure_find(sapa_str_of(column->key));
        sapa_assert(figure != SAPA_NONE);
        /* when somebody came and went says something of a day */
        const bool is_moment = strcmp(column->key, "first_in") == 0 || strcmp(column->key, "last_out") == 0;
        const enum sapa_grain grain = p->fold->options.grain;
        if (sapa_figure_is_shown(figure, p->kind) && !(is_moment && (grain == SAPA_GRAIN_WEEK || grain == SAPA_GRAIN_MONTH)))
            add_column(p, figure, column->heading[options->language], column->always || options->every_column);
    }
    for (uint32_t i = 0; options->goals && i < options->goals->count; i++) { /* what is aimed at is looked at, too */
        const uint32_t figure = options->goals->of[i].figure;
        if (sapa_goals_reach(options->goals, p->kind, figure) && !has_column(p, figure))
            add_column(p, figure, NULL, true);
    }
}

static sapa_rc begin(struct sapa_intervals *fold, enum sapa_rows kind, const struct sapa_print_options *options,
                     const struct sapa_lines *out, struct printer *p)
{
    const struct sapa_centre *centre = fold->names->centre;

    *p = (struct printer){ .fold = fold, .options = options, .out = out, .kind = kind, .zone = fold->options.zone,
                           .only = SAPA_NONE };
    if (!p->zone && centre && centre->system.zone < centre->zones_count)
        p->zone = &centre->zones[centre->system.zone];
    if (options->only.n > 0) {
        p->only = sapa_names_find(fold->names, kind_dims[kind], options->only);
        if (p->only == SAPA_NONE)
            return SAPA_ENOENT;
    }
    choose_columns(p);
    return SAPA_OK;
}

sapa_rc sapa_report_sheet(struct sapa_intervals *fold, enum sapa_rows kind, const struct sapa_print_options *options,
                          const struct sapa_sheet *sheet)
{
    struct printer p;
    struct sheet_of to = { &p, sheet, 0 };
    const sapa_rc rc = begin(fold, kind, options, NULL, &p);

    if (rc != SAPA_OK)
        return rc;
    sheet_head(&p, sheet);
    return sapa_intervals_each(fold, kind, sheet_row, &to);
}

sapa_rc sapa_report_print(struct sapa_intervals *fold, enum sapa_rows kind,
                          const struct sapa_print_options *options, const struct sapa_lines *out)
{
    struct printer p;
    const sapa_rc rc = begin(fold, kind, options, out, &p);

    if (rc != SAPA_OK)
        return rc;
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

static void say_edge(const struct sapa_figure *figure, struct sapa_text *out)
{
    const bool divides = figure->kind == SAPA_FIGURE_RATIO || figure->kind == SAPA_FIGURE_MEAN || figure->kind == SAPA_FIGURE_SCORE;

    if (divides)
        sapa_text_add(out, SAPA_STR("no value (–) when there is nothing to divide by"));
    if (figure->edge[0])
        sapa_text_printf(out, "%s%s", divides ? "; " : "", figure->edge);
    if (figure->is_outer)
        sapa_text_printf(out, "%sneeds numbers from outside the log", divides || figure->edge[0] ? "; " : "");
    else if (figure->better != SAPA_BETTER_NEITHER)
        sapa_text_printf(out, "%starget: %s is better", divides || figure->edge[0] ? "; " : "", sapa_better_name(figure->better));
}

static void define_text(const struct sapa_figure *figure, enum sapa_language language, struct sapa_str rows,
                        struct sapa_str edge, const struct sapa_lines *out)
{
    say(out, "%s: %s", figure->key, figure->name[language]);
    if (figure->text[0])
        say(out, "  %s", figure->text);
    if (figure->formula[0])
        say(out, "  = %s", figure->formula);
    say(out, "  %s%s%s%s" SAPA_STR_FMT, sapa_figure_kind_name(figure->kind), sapa_unit_name(figure->unit)[0] ? ", " : "",
        sapa_unit_name(figure->unit), rows.n > 0 ? "; rows: " : "", SAPA_STR_ARG(rows));
    if (edge.n > 0)
        say(out, "  " SAPA_STR_FMT, SAPA_STR_ARG(edge));
}

static void define_fields(const struct sapa_figure *figure, bool json, struct sapa_str rows, struct sapa_str edge,
                          const struct sapa_lines *out)
{
    static const char *const keys[] = { "key", "name_id", "name_en", "kind", "unit", "rows", "definition", "formula", "edge" };
    const struct sapa_str fields[] = {
        sapa_str_of(figure->key), sapa_str_of(figure->name[SAPA_LANGUAGE_ID]), sapa_str_of(figure->name[SAPA_LANGUAGE_EN]),
        sapa_str_of(sapa_figure_kind_name(figure->kind)), sapa_str_of(sapa_unit_name(figure->unit)), rows,
        sapa_str_of(figure->text), sapa_str_of(figure->formula), edge,
    };
    char buf[2048];
    struct sapa_text line;

    sapa_text_init(&line, buf, sizeof(buf));
    for (unsigned i = 0; i < SAPA_COUNT(keys); i++) {
        if (json) {
            sapa_text_printf(&line, "%s\"%s\":", i == 0 ? "{" : ",", keys[i]);
            put_json(&line, fields[i]);
        } else {
            if (i > 0)
                sapa_text_char(&line, ',');
            put_csv(&line, fields[i]);
        }
    }
    if (json)
        sapa_text_char(&line, '}');
    out->line(out->ctx, sapa_text_str(&line));
}

static void define(uint32_t index, enum sapa_dictionary format, enum sapa_language language, const struct sapa_lines *out)
{
    struct sapa_figure figure;
    char rows_buf[80], edge_buf[400];
    struct sapa_text rows, edge;

    sapa_figure_get(index, &figure);
    sapa_text_init(&rows, rows_buf, sizeof(rows_buf));
    sapa_rows_print(figure.rows, &rows);
    sapa_text_init(&edge, edge_buf, sizeof(edge_buf));
    say_edge(&figure, &edge);
    switch (format) {
    case SAPA_DICTIONARY_TEXT: define_text(&figure, language, sapa_text_str(&rows), sapa_text_str(&edge), out); break;
    case SAPA_DICTIONARY_CSV:
    case SAPA_DICTIONARY_JSON:
        define_fields(&figure, format == SAPA_DICTIONARY_JSON, sapa_text_str(&rows), sapa_text_str(&edge), out);
        break;
    case SAPA_DICTIONARY_MARKDOWN:
        say(out, "| `%s` | %s | %s | %s | %s | " SAPA_STR_FMT " | %s%s%s%s | " SAPA_STR_FMT " |", figure.key,
            figure.name[SAPA_LANGUAGE_EN], figure.name[SAPA_LANGUAGE_ID], sapa_figure_kind_name(figure.kind),
            sapa_unit_name(figure.unit), SAPA_STR_ARG(sapa_text_str(&rows)), figure.text,
            figure.text[0] && figure.formula[0] ? ": " : "", figure.formula[0] ? "= " : "", figure.formula,
            SAPA_STR_ARG(sapa_text_str(&edge)));
        break;
    }
}

void sapa_print_dictionary(enum sapa_dictionary format, enum sapa_language language, const uint32_t *figures,
                           uint32_t figure_count, const struct sapa_lines *out)
{
    const uint32_t count = figure_count == 0 ? sapa_figure_count() : figure_count;

    if (format == SAPA_DICTIONARY_MARKDOWN) {
        say(out, "# Figures");
        say(out, "%s", "");
        say(out, "Every number that Sapa shows is counted or computed here and nowhere else. This page is what");
        say(out, "`sapa report --definitions` prints. How and when things are counted is told in");
        say(out, "[numbers](../design/numbers.md), how rows are kept in [figures](../design/figures.md).");
        say(out, "%s", "");
        say(out, "Durations are kept in milliseconds, ratios in millionths, money in hundredths of the centre's currency, all");
        say(out, "rounded half up. The service level that screens and tables show is `service_level_1`; its limit is that of");
        say(out, "the queue.");
        say(out, "%s", "");
        say(out, "| key | name | nama | kind | unit | rows | what it means | edge cases |");
        say(out, "|---|---|---|---|---|---|---|---|");
    } else if (format == SAPA_DICTIONARY_CSV) {
        say(out, "key,name_id,name_en,kind,unit,rows,definition,formula,edge");
    }
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && format == SAPA_DICTIONARY_TEXT)
            say(out, "%s", "");
        define(figure_count == 0 ? i : figures[i], format, language, out);
    }
}
