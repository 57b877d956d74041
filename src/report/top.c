#include "report/top.h"

#include "report/print.h"
#include "report/words.h"

enum { LINE_SIZE = 4096 };

/* ECMA-48 (ANSI) colours; the terminal's own palette, so that light and dark both work. */
#define PLAIN ""
#define BOLD "1"
#define DIM "2"
#define RED "31"
#define GREEN "32"
#define YELLOW "33"
#define CYAN "36"
#define ALARM "1;37;41"
#define HEAD "7"

struct screen {
    const struct sapa_view *view;
    const struct sapa_top_options *options;
    const struct sapa_lines *out;
    uint16_t columns, rows;
    uint16_t row;       /* lines given */
    uint32_t used;      /* cells of the present line */
    bool id;            /* Indonesian */
    struct sapa_text line;
    char buf[LINE_SIZE];
};

static void begin(struct screen *s)
{
    sapa_text_init(&s->line, s->buf, sizeof(s->buf));
    s->used = 0;
}

/* Add text in `cells` cells, cut at the right edge. 0 cells: as many as it takes. */
static void put(struct screen *s, const char *colour, struct sapa_str text, uint32_t cells, bool right)
{
    const uint32_t left = s->columns - s->used;
    const uint32_t want = cells ? cells : sapa_print_cells(text);
    const uint32_t take = SAPA_MIN(want, left);
    const bool is_coloured = s->options->colour && colour[0] != '\0';

    if (take == 0)
        return;
    if (is_coloured)
        sapa_text_printf(&s->line, "\x1b[%sm", colour);
    sapa_print_pad(&s->line, text, take, right && take == want);
    if (is_coloured)
        sapa_text_add(&s->line, SAPA_STR("\x1b[0m"));
    s->used += take;
}

static void say(struct screen *s, const char *colour, const char *text)
{
    put(s, colour, sapa_str_of(text), 0, false);
}

static void putf(struct screen *s, const char *colour, uint32_t cells, bool right, const char *fmt, ...)
    SAPA_PRINTF(5, 6);

static void putf(struct screen *s, const char *colour, uint32_t cells, bool right, const char *fmt, ...)
{
    char buf[256];
    struct sapa_text text;
    va_list args;

    sapa_text_init(&text, buf, sizeof(buf));
    va_start(args, fmt);
    sapa_text_vprintf(&text, fmt, args);
    va_end(args);
    put(s, colour, sapa_text_str(&text), cells, right);
}

static void put_ms(struct screen *s, const char *colour, int64_t ms, uint32_t cells)
{
    char buf[40];
    struct sapa_text text;

    sapa_text_init(&text, buf, sizeof(buf));
    sapa_kpi_print(&text, SAPA_UNIT_MS, ms, s->view->language);
    put(s, colour, sapa_text_str(&text), cells, true);
}

static void put_share(struct screen *s, const char *colour, int64_t share, uint32_t cells)
{
    char buf[40];
    struct sapa_text text;

    sapa_text_init(&text, buf, sizeof(buf));
    sapa_kpi_print(&text, SAPA_UNIT_RATIO, share, s->view->language);
    put(s, colour, sapa_text_str(&text), cells, true);
}

static void end(struct screen *s)
{
    if (s->row >= s->rows)
        return;
    struct sapa_str line = sapa_text_str(&s->line);
    while (line.n > 0 && line.p[line.n - 1] == ' ')
        line.n--;
    s->row++;
    s->out->line(s->out->ctx, line);
}

/* A bar over the whole width. */
static void heading(struct screen *s, const char *text)
{
    begin(s);
    put(s, HEAD, sapa_str_of(text), s->columns, false);
    end(s);
}

/* One column of a table: what its heading says and how many cells it has. */
struct column {
    uint32_t cells;
    bool right;
    const char *heading[SAPA_LANGUAGE_COUNT];
};

static void headings(struct screen *s, const struct column *columns, size_t count)
{
    char buf[LINE_SIZE];
    struct sapa_text text;

    sapa_text_init(&text, buf, sizeof(buf));
    for (size_t i = 0; i < count; i++)
        sapa_print_pad(&text, sapa_str_of(columns[i].heading[s->view->language]), columns[i].cells, columns[i].right);
    heading(s, buf);
}

/* ---- the parts ---- */

static void print_title(struct screen *s)
{
    static const char *const days[SAPA_LANGUAGE_COUNT][7] = {
        { "Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu" },
        { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" },
    };
    const struct sapa_view *v = s->view;
    const struct sapa_civil civil = sapa_zone_civil(NULL, v->now_us / 1000000 + v->offset_s);

    begin(s);
    putf(s, BOLD, 0, false, "Sapa  %s  ", v->centre);
    putf(s, PLAIN, 0, false, "%s %04d-%02u-%02u %02u:%02u:%02u", days[v->language][civil.weekday], civil.year,
         civil.month, civil.day, civil.hour, civil.minute, civil.second);
    for (unsigned i = 0; i < SAPA_ALARM_COUNT; i++) {
        if (!(v->alarms >> i & 1))
            continue;
        say(s, PLAIN, "  ");
        putf(s, ALARM, 0, false, " %s ", sapa_alarm_name(i));
    }
    if (v->unwritten > 0)
        putf(s, ALARM, 0, false, s->id ? "  %llu catatan belum tersimpan, terhitung di sini " : "  %llu records counted here are not on the disk yet ",
             (unsigned long long)v->unwritten);
    if (v->surge)
        say(s, ALARM, s->id ? "  LONJAKAN " : "  SURGE ");
    if (v->closed)
        say(s, ALARM, s->id ? "  DITUTUP " : "  CLOSED BY HAND ");
    end(s);
}

static void print_sums(struct screen *s)
{
    const struct sapa_view *v = s->view;

    begin(s);
    putf(s, BOLD, 0, false, s->id ? "Kontak %u" : "Contacts %u", v->open);
    putf(s, PLAIN, 0, false, s->id ? ": menu %u · antre " : ": menu %u · waiting ", v->in_menu);
    putf(s, v->waiting > 0 ? YELLOW : PLAIN, 0, false, "%u", v->waiting);
    putf(s, PLAIN, 0, false, s->id ? " · berdering %u · bicara " : " · ringing %u · talking ", v->ringing);
    putf(s, GREEN, 0, false, "%u", v->talking);
    putf(s, PLAIN, 0, false, s->id ? " · telepon balik %u" : " · callbacks %u", v->callbacks);
    if (v->outbound + v->internal > 0)
        putf(s, PLAIN, 0, false, s->id ? "; keluar %u · internal %u" : "; outbound %u · internal %u", v->outbound, v->internal);
    end(s);
    begin(s);
    putf(s, BOLD, 0, false, s->id ? "Agen" : "Agents");
    putf(s, PLAIN, 0, false, s->id ? ": siap " : ": ready ");
    putf(s, GREEN, 0, false, "%u", v->agents_ready);
    putf(s, PLAIN, 0, false, s->id ? " · sibuk %u · wrap-up %u · tidak siap %u · keluar %u"
                                   : " · busy %u · wrap-up %u · not ready %u · off %u",
         v->agents_busy, v->agents_wrapup, v->agents_not_ready, v->agents_offline);
    end(s);
    begin(s);
    putf(s, BOLD, 0, false, s->id ? "Hari ini" : "Today");
    putf(s, PLAIN, 0, false, s->id ? ": masuk %llu · terjawab %llu · ditinggalkan %llu · selesai di menu %llu · SL "
                                   : ": offered %llu · answered %llu · abandoned %llu · served by the menu %llu · SL ",
         (unsigned long long)v->offered, (unsigned long long)v->answered, (unsigned long long)v->abandoned,
         (unsigned long long)v->contained);
    put_share(s, BOLD, v->service_level, 0);
    putf(s, PLAIN, 0, false, s->id ? " · gangguan sistem " : " · system faults ");
    putf(s, v->system_faults > 0 ? RED : PLAIN, 0, false, "%llu", (unsigned long long)v->system_faults);
    end(s);
}

enum { PERCENTILE_CELLS = 10 };

static void print_queues(struct screen *s, uint32_t count)
{
    const uint32_t name_cells = s->columns >= 110 ? 24 : 16;
    const struct column columns[] = {
        { name_cells, false, { "Antrean", "Queue" } }, { 7, true, { "Antre", "Wait" } },
        { 9, true, { "Terlama", "Longest" } }, { 8, true, { "Bicara", "Talk" } }, { 7, true, { "Siap", "Ready" } },
        { 7, true, { "Sibuk", "Busy" } }, { 9, true, { "Masuk", "Offered" } }, { 7, true, { "Jawab", "Answ" } },
        { 9, true, { "Tinggal", "Aband" } }, { 9, true, { "SL", "SL" } }, { 8, true, { "ASA", "ASA" } },
        /* as many of these as the terminal has room for */
        { PERCENTILE_CELLS, true, { "Tunggu90", "Wait90" } }, { PERCENTILE_CELLS, true, { "Tunggu95", "Wait95" } },
        { PERCENTILE_CELLS, true, { "Tunggu50", "Wait50" } }, { PERCENTILE_CELLS, true, { "Tangan90", "Handle90" } },
        { PERCENTILE_CELLS, true, { "Tangan95", "Handle95" } }, { PERCENTILE_CELLS, true, { "Tangan50", "Handle50" } },
    };
    const uint32_t fixed = name_cells + 80, all = 2 * SAPA_VIEW_PERCENTS;
    const uint32_t extra = s->columns > fixed ? SAPA_MIN((s->columns - fixed) / PERCENTILE_CELLS, all) : 0;

    if (count == 0)
        return;
    headings(s, columns, SAPA_COUNT(columns) - all + extra);
    for (uint32_t i = 0; i < count; i++) {
        const struct sapa_view_queue *q = &s->view->queues[i];
        const bool is_late = q->level_ms > 0 && q->longest_ms > q->level_ms;
        const bool is_low = q->service_level != SAPA_KPI_NONE
            && q->service_level < (int64_t)q->level_percent * 10000;
        begin(s);
        put(s, PLAIN, sapa_str_of(q->name), name_cells, false);
        putf(s, is_late ? RED : q->waiting ? YELLOW : DIM, 7, true, "%u", q->waiting);
        put_ms(s, is_late ? RED : PLAIN, q->waiting ? (int64_t)q->longest_ms : SAPA_KPI_NONE, 9);
        putf(s, q->talking ? GREEN : DIM, 8, true, "%u", q->talking);
        putf(s, q->agents_ready ? GREEN : DIM, 7, true, "%u", q->agents_ready);
        putf(s, PLAIN, 7, true, "%u", q->agents_busy);
        putf(s, PLAIN, 9, true, "%llu", (unsigned long long)q->offered);
        putf(s, PLAIN, 7, true, "%llu", (unsigned long long)q->answered);
        putf(s, PLAIN, 9, true, "%llu", (unsigned long long)q->abandoned);
        put_share(s, is_low ? RED : PLAIN, q->service_level, 9);
        put_ms(s, PLAIN, q->asa_ms, 8);
        for (uint32_t k = 0; k < extra; k++) {
            static const uint8_t order[SAPA_VIEW_PERCENTS] = { 1, 2, 0 }; /* 90, 95, 50 */
            const int64_t *of = k < SAPA_VIEW_PERCENTS ? q->wait_ms : q->handling_ms;
            put_ms(s, PLAIN, of[order[k % SAPA_VIEW_PERCENTS]], PERCENTILE_CELLS);
        }
        end(s);
    }
}

static void print_agents(struct screen *s, uint32_t from, uint32_t count)
{
    static const struct { const char *text[SAPA_LANGUAGE_COUNT]; const char *colour; } doings[] = {
        [SAPA_DOING_OFFLINE] = { { "keluar", "off" }, DIM },
        [SAPA_DOING_NOT_READY] = { { "tidak siap", "not ready" }, YELLOW },
        [SAPA_DOING_READY] = { { "siap", "ready" }, GREEN },
        [SAPA_DOING_RINGING] = { { "berdering", "ringing" }, CYAN },
        [SAPA_DOING_TALKING] = { { "bicara", "talking" }, BOLD },
        [SAPA_DOING_HOLD] = { { "menahan", "on hold" }, YELLOW },
        [SAPA_DOING_WRAPUP] = { { "wrap-up", "wrap-up" }, CYAN },
    };

    static const struct column columns[] = {
        { 20, false, { "Agen", "Agent" } }, { 6, true, { "Ext", "Ext" } }, { 2, false, { "", "" } },
        { 11, false, { "Keadaan", "State" } }, { 8, true, { "Sejak", "Since" } }, { 2, false, { "", "" } },
        { 24, false, { "Alasan / antrean", "Reason / queue" } }, { 10, true, { "Ditangani", "Handled" } },
        { 10, true, { "Terlewat", "Missed" } }, { 10, true, { "Okupansi", "Occupancy" } },
    };

    if (count == 0)
        return;
    headings(s, columns, SAPA_COUNT(columns));
    for (uint32_t i = from; i < from + count; i++) {
        const struct sapa_view_agent *a = &s->view->agents[i];
        const unsigned doing = a->doing < SAPA_COUNT(doings) ? a->doing : SAPA_DOING_OFFLINE;
        begin(s);
        put(s, doing == SAPA_DOING_OFFLINE ? DIM : PLAIN, sapa_str_of(a->name), 20, false);
        put(s, DIM, sapa_str_of(a->extension), 6, true);
        say(s, PLAIN, "  ");
        put(s, doings[doing].colour, sapa_str_of(doings[doing].text[s->view->language]), 11, false);
        put_ms(s, PLAIN, doing == SAPA_DOING_OFFLINE ? SAPA_KPI_NONE : (int64_t)a->since_ms, 8);
        say(s, PLAIN, "  ");
        put(s, PLAIN, sapa_str_of(a->reason[0] ? a->reason : a->queue), 24, false);
        putf(s, PLAIN, 10, true, "%u", a->handled);
        putf(s, a->missed ? YELLOW : PLAIN, 10, true, "%u", a->missed);
        put_share(s, PLAIN, a->occupancy, 10);
        if (!a->device && doing != SAPA_DOING_OFFLINE)
            say(s, RED, s->id ? "  telepon hilang" : "  no phone");
        end(s);
    }
}

static void print_calls(struct screen *s, uint32_t from, uint32_t count)
{
    static const struct column columns[] = {
        { 20, false, { "Kontak", "Contact" } }, { 8, true, { "Umur", "Age" } }, { 2, false, { "", "" } },
        { 13, false, { "Tempat", "Place" } }, { 8, true, { "Di sini", "Here" } }, { 2, false, { "", "" } },
        { 20, false, { "Klien", "Client" } }, { 20, false, { "Antrean", "Queue" } },
        { 20, false, { "Agen", "Agent" } },
    };

    if (count == 0)
        return;
    headings(s, columns, SAPA_COUNT(columns));
    for (uint32_t i = from; i < from + count; i++) {
        const struct sapa_view_call *c = &s->view->calls[i];
        begin(s);
        putf(s, DIM, 20, false, "%llu", (unsigned long long)c->contact);
        put_ms(s, PLAIN, c->age_ms, 8);
        say(s, PLAIN, "  ");
        put(s, c->place == SAPA_PLACE_TALK ? GREEN : c->place == SAPA_PLACE_QUEUE ? YELLOW : PLAIN,
            sapa_str_of(c->direction == SAPA_DIRECTION_INBOUND || c->place == SAPA_PLACE_QUEUE
                            ? sapa_word_place(c->place, s->view->language)
                            : sapa_word_direction(c->direction, s->view->language)), 13, false);
        put_ms(s, PLAIN, c->here_ms, 8);
        say(s, PLAIN, "  ");
        put(s, PLAIN, sapa_str_of(c->client), 19, false);
        say(s, PLAIN, " ");
        put(s, PLAIN, sapa_str_of(c->queue), 19, false);
        say(s, PLAIN, " ");
        put(s, PLAIN, sapa_str_of(c->agent), 20, false);
        end(s);
    }
}

static void print_news(struct screen *s, uint32_t count)
{
    if (count == 0)
        return;
    heading(s, s->id ? "Baru saja" : "Just now");
    for (uint32_t i = 0; i < count; i++) {
        const struct sapa_view_news *n = &s->view->news[i];
        const struct sapa_civil civil = sapa_zone_civil(NULL, n->at_us / 1000000 + s->view->offset_s);
        begin(s);
        putf(s, DIM, 0, false, "%02u:%02u:%02u  ", civil.hour, civil.minute, civil.second);
        put(s, PLAIN, sapa_str_of(n->text), 0, false);
        end(s);
    }
}

static uint32_t clamp(uint32_t value, uint32_t low, uint32_t high)
{
    return SAPA_MAX(low, SAPA_MIN(value, high));
}

void sapa_top_print(const struct sapa_view *view, const struct sapa_top_options *options,
                    const struct sapa_lines *out)
{
    struct screen s = {
        .view = view, .options = options, .out = out, .id = view->language == SAPA_LANGUAGE_ID,
        .columns = (uint16_t)clamp(options->columns, 40, 500), .rows = (uint16_t)clamp(options->rows, 10, 500),
    };
    uint32_t left = s.rows - 4u;

    print_title(&s);
    print_sums(&s);
    /* Each part gets its heading and what it needs; queues first, then agents, then calls, then news. */
    const uint32_t queues = SAPA_MIN(view->queue_count, left > 1 ? SAPA_MAX(left / 3, 2u) - 1 : 0u);
    left -= queues ? queues + 1 : 0;
    const uint32_t agent_from = SAPA_MIN((uint32_t)options->scroll, view->agent_count);
    const uint32_t agents = SAPA_MIN(view->agent_count - agent_from, left > 8 ? left * 3 / 5 : left > 1 ? left - 1 : 0);
    left -= agents ? agents + 1 : 0;
    const uint32_t calls = SAPA_MIN(view->call_count, left > 6 ? left - 5 : 0);
    left -= calls ? calls + 1 : 0;
    const uint32_t lines = SAPA_MIN(view->news_count, left > 1 ? left - 1 : 0);
    print_queues(&s, queues);
    print_agents(&s, agent_from, agents);
    print_calls(&s, 0, calls);
    print_news(&s, lines);
}
