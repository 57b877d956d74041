#include "app/figures.h"

#include <stdlib.h>

#include "http/shift.h"
#include "store/port.h"
#include "store/sqlite/shelf.h"

enum { STATE_MARK = 0x53474946, STATE_VERSION = 2 /* 2: stretches */, STATE_HEAD = 24 + 32 + 32, PROGRESS_EVERY = 100000, /* "FIGS" */
       STRETCHES_KIND = 64 /* on the shelf, beside enum sapa_rows */ };

struct sapa_figures {
    char folder[512];
    struct sapa_log_open log;
    struct sapa_shelf *shelf; /* read-only, in a transaction; NULL: there is none that can be used */
    struct sapa_report report;
    uint64_t base;            /* the shelf has the log up to here; 0: nothing */
    uint64_t seq;             /* folded up to here */
    bool read;                /* rows of the shelf are joined: no going on */
};

/* ---- the state on the shelf: which log, how far, and what was going on ---- */

struct state_head {
    uint64_t seq;
    char store[33];
    uint8_t chain[32];
};

static bool take_head(struct sapa_reader *in, struct state_head *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (sapa_get_fixed32(in) != STATE_MARK || sapa_get_u64(in) != STATE_VERSION || sapa_get_fixed32(in) != sapa_row_schema())
        return false;
    ret->seq = sapa_get_u64(in);
    const uint8_t *store = sapa_get_raw(in, 32), *chain = sapa_get_raw(in, sizeof(ret->chain));
    if (in->bad)
        return false;
    memcpy(ret->store, store, 32);
    memcpy(ret->chain, chain, sizeof(ret->chain));
    return true;
}

static bool get_bytes(void *ctx, void *bytes, size_t n)
{
    const uint8_t *from = sapa_get_raw(ctx, n);

    if (!from)
        return false;
    memcpy(bytes, from, n);
    return true;
}

static bool put_bytes(void *ctx, const void *bytes, size_t n)
{
    struct sapa_buffer *to = ctx;

    if (sapa_buffer_reserve(to, n) != SAPA_OK)
        return false;
    memcpy(to->p + to->n, bytes, n);
    to->n += n;
    return true;
}

static void begin_report(struct sapa_figures *figures)
{
    const struct sapa_report_options options = { .centre = sapa_log_centre, .ctx = &figures->log, .stretches = true };

    sapa_report_init(&figures->report, sapa_memory_heap(), &options);
    figures->base = figures->seq = 0;
}

/* Is it of this very log, as far as it goes? A log whose end was cut off and written again is another one. */
static bool is_of_log(const struct sapa_figures *figures, const struct state_head *head)
{
    uint8_t chain[32];

    return head->seq > 0 && strncmp(head->store, sapa_store_id(figures->log.store), 32) == 0
        && head->seq <= sapa_store_tail(figures->log.store).seq
        && sapa_store_chain(figures->log.store, head->seq, chain) == SAPA_OK && memcmp(chain, head->chain, sizeof(chain)) == 0;
}

static void load_state(struct sapa_figures *figures)
{
    struct state_head head;
    struct sapa_str bytes;

    if (sapa_shelf_state(figures->shelf, &bytes) != SAPA_OK)
        return;
    struct sapa_reader in = sapa_reader_of(bytes.p, bytes.n);
    if (!take_head(&in, &head) || !is_of_log(figures, &head))
        return;
    if (sapa_report_load(&figures->report, &(struct sapa_load){ get_bytes, &in }) == SAPA_OK && sapa_reader_left(&in) == 0) {
        figures->base = figures->seq = head.seq;
        return;
    }
    sapa_report_done(&figures->report);
    begin_report(figures);
}

sapa_rc sapa_figures_open(const char *data, struct sapa_figures **ret_figures)
{
    struct sapa_figures *figures = calloc(1, sizeof(*figures));
    struct sapa_text folder;

    if (!figures)
        return SAPA_ENOMEM;
    sapa_text_init(&folder, figures->folder, sizeof(figures->folder));
    sapa_text_add(&folder, sapa_str_of(data));
    const sapa_rc rc = folder.cut ? SAPA_EINVAL : sapa_log_open(data, &figures->log);
    if (rc != SAPA_OK) {
        free(figures);
        return rc;
    }
    begin_report(figures);
    if (sapa_shelf_open(data, true, &figures->shelf) == SAPA_OK && sapa_shelf_begin(figures->shelf, false) == SAPA_OK) {
        load_state(figures);
    } else {
        sapa_shelf_close(figures->shelf);
        figures->shelf = NULL;
    }
    *ret_figures = figures;
    return SAPA_OK;
}

void sapa_figures_close(struct sapa_figures *figures)
{
    if (!figures)
        return;
    sapa_report_done(&figures->report);
    sapa_shelf_close(figures->shelf);
    sapa_log_close(&figures->log);
    free(figures);
}

/* ---- folding ---- */

struct folding {
    struct sapa_figures *figures;
    uint64_t records, records_max, seq_max;
    void (*progress)(uint64_t records);
    bool more;
    sapa_rc rc;
};

static bool fold_record(void *ctx, const struct sapa_record *record)
{
    struct folding *folding = ctx;
    struct sapa_figures *figures = folding->figures;

    if (folding->seq_max != 0 && record->seq > folding->seq_max)
        return false;
    folding->rc = sapa_report_fold(&figures->report, record);
    if (folding->rc != SAPA_OK)
        return false;
    figures->seq = record->seq;
    if (++folding->records % PROGRESS_EVERY == 0 && folding->progress)
        folding->progress(folding->records);
    folding->more = folding->records == folding->records_max;
    return !folding->more;
}

sapa_rc sapa_figures_fold(struct sapa_figures *figures, uint64_t records_max, uint64_t seq_max,
                          void (*progress)(uint64_t records), bool *ret_more)
{
    struct folding folding = { figures, 0, records_max, seq_max, progress, false, SAPA_OK };

    if (figures->read)
        return SAPA_ESTATE;
    const sapa_rc rc = sapa_log_each(&figures->log, figures->seq + 1, true, fold_record, &folding);
    *ret_more = folding.more;
    return rc != SAPA_OK ? rc : folding.rc;
}

struct sapa_store *sapa_figures_store(const struct sapa_figures *figures)
{
    return figures->log.store;
}

uint64_t sapa_figures_behind(const struct sapa_figures *figures)
{
    return figures->seq - figures->base;
}

uint64_t sapa_figures_kept(const struct sapa_figures *figures)
{
    return figures->base;
}

const struct sapa_centre *sapa_figures_centre(const struct sapa_figures *figures)
{
    return figures->report.names.centre;
}

/* ---- saving ---- */

static bool stored_piece(void *ctx, struct sapa_row_place place, struct sapa_str *ret)
{
    return sapa_shelf_get(ctx, place.kind, place.key, ret) == SAPA_OK;
}

static bool put_piece(void *ctx, struct sapa_row_place place, struct sapa_str piece)
{
    return sapa_shelf_put(ctx, place.kind, place.key, piece) == SAPA_OK;
}

static bool stored_stretches(void *ctx, uint64_t key, struct sapa_str *ret)
{
    return sapa_shelf_get(ctx, STRETCHES_KIND, key, ret) == SAPA_OK;
}

static bool put_stretches(void *ctx, uint64_t key, struct sapa_str piece)
{
    return sapa_shelf_put(ctx, STRETCHES_KIND, key, piece) == SAPA_OK;
}

static sapa_rc put_state(struct sapa_figures *figures, struct sapa_shelf *shelf)
{
    struct sapa_buffer buffer = { 0 };
    uint8_t chain[32], head[STATE_HEAD];
    sapa_rc rc = sapa_store_chain(figures->log.store, figures->seq, chain);

    if (rc != SAPA_OK)
        return rc;
    struct sapa_writer out = sapa_writer_of(head, sizeof(head));
    sapa_put_fixed32(&out, STATE_MARK);
    sapa_put_u64(&out, STATE_VERSION);
    sapa_put_fixed32(&out, sapa_row_schema());
    sapa_put_u64(&out, figures->seq);
    sapa_put_raw(&out, sapa_store_id(figures->log.store), 32);
    sapa_put_raw(&out, chain, sizeof(chain));
    sapa_assert(!out.bad);
    rc = put_bytes(&buffer, head, out.n) ? SAPA_OK : SAPA_ENOMEM;
    if (rc == SAPA_OK)
        rc = sapa_report_save(&figures->report, &(struct sapa_save){ put_bytes, &buffer });
    if (rc == SAPA_OK)
        rc = sapa_shelf_state_put(shelf, (struct sapa_str){ (const char *)buffer.p, buffer.n });
    sapa_buffer_free(&buffer);
    return rc;
}

/* Does the shelf stand where ours stood when it was opened? */
static bool is_where_it_was(const struct sapa_figures *figures, struct sapa_shelf *shelf)
{
    struct state_head head;
    struct sapa_str bytes;

    if (sapa_shelf_state(shelf, &bytes) != SAPA_OK)
        return figures->base == 0;
    struct sapa_reader in = sapa_reader_of(bytes.p, bytes.n);
    const bool good = take_head(&in, &head) && is_of_log(figures, &head);
    return good ? head.seq == figures->base : figures->base == 0;
}

static sapa_rc save_into(struct sapa_figures *figures, struct sapa_shelf *shelf)
{
    sapa_rc rc = sapa_shelf_begin(shelf, true);

    if (rc != SAPA_OK)
        return rc;
    if (!is_where_it_was(figures, shelf))
        rc = SAPA_ESTATE;
    if (rc == SAPA_OK && figures->base == 0)
        rc = sapa_shelf_clear(shelf);
    if (rc == SAPA_OK)
        rc = sapa_intervals_drain(&figures->report.intervals, figures->base == 0 ? NULL : stored_piece, put_piece, shelf);
    if (rc == SAPA_OK)
        rc = sapa_stretches_drain(&figures->report.stretches, figures->base == 0 ? NULL : stored_stretches, put_stretches, shelf);
    if (rc == SAPA_OK)
        rc = put_state(figures, shelf);
    const sapa_rc ended = sapa_shelf_end(shelf, rc == SAPA_OK);
    return rc == SAPA_OK ? ended : rc;
}

sapa_rc sapa_figures_save(struct sapa_figures *figures)
{
    struct sapa_shelf *shelf;

    if (figures->read)
        return SAPA_ESTATE;
    if (figures->seq == figures->base)
        return SAPA_OK;
    sapa_shelf_close(figures->shelf); /* and its look at an older moment */
    figures->shelf = NULL;
    sapa_rc rc = sapa_shelf_open(figures->folder, false, &shelf);
    if (rc != SAPA_OK)
        return rc;
    rc = save_into(figures, shelf);
    sapa_shelf_close(shelf);
    if (rc != SAPA_OK)
        return rc;
    figures->base = figures->seq;
    if (sapa_shelf_open(figures->folder, true, &figures->shelf) != SAPA_OK)
        return SAPA_EIO;
    return sapa_shelf_begin(figures->shelf, false);
}

/* ---- reading ---- */

struct joining {
    struct sapa_intervals *rows;
    struct sapa_stretches *stretches;
    sapa_rc rc;
};

static bool join_piece(void *ctx, struct sapa_str piece)
{
    struct joining *joining = ctx;

    joining->rc = sapa_intervals_join(joining->rows, piece);
    return joining->rc == SAPA_OK;
}

static bool join_stretches(void *ctx, struct sapa_str piece)
{
    struct joining *joining = ctx;

    joining->rc = sapa_stretches_join(joining->stretches, piece);
    return joining->rc == SAPA_OK;
}

sapa_rc sapa_figures_rows_of_log(struct sapa_figures *figures, uint32_t kinds, int64_t from_s, int64_t to_s, enum sapa_figures_stretches stretches,
                                 struct sapa_report **ret_report)
{
    struct joining joining = { &figures->report.intervals, &figures->report.stretches, SAPA_OK };
    const uint64_t from = sapa_row_key_min(from_s), to = to_s == 0 ? UINT64_MAX : sapa_row_key_min(to_s + 59);
    struct state_head head;
    struct sapa_str bytes;
    sapa_rc rc = SAPA_OK;

    if (figures->read)
        return SAPA_ESTATE;
    figures->read = true;
    if (figures->base > 0) { /* after a save another may have been quicker with the next */
        if (sapa_shelf_state(figures->shelf, &bytes) != SAPA_OK)
            return SAPA_EIO;
        struct sapa_reader in = sapa_reader_of(bytes.p, bytes.n);
        if (!take_head(&in, &head) || head.seq != figures->base)
            return SAPA_EAGAIN;
    }
    for (unsigned kind = 0; kind < SAPA_ROWS_COUNT && figures->base > 0 && rc == SAPA_OK; kind++) {
        if (kinds >> kind & 1)
            rc = sapa_shelf_each(figures->shelf, kind, from, to, join_piece, &joining);
        if (rc == SAPA_OK)
            rc = joining.rc;
    }
    figures->report.stretches.keeps = stretches == SAPA_STRETCHES_KEPT;
    if (rc == SAPA_OK && figures->base > 0 && stretches != SAPA_STRETCHES_NOT) /* what began in the hour before reaches into the time */
        rc = sapa_shelf_each(figures->shelf, STRETCHES_KIND, sapa_stretch_key_min(SAPA_MAX(from_s, 3599) - 3599),
                             to_s == 0 ? UINT64_MAX >> 1 : sapa_stretch_key_min(to_s), join_stretches, &joining);
    if (rc == SAPA_OK)
        rc = joining.rc;
    if (rc == SAPA_OK)
        rc = sapa_report_end(&figures->report, 0);
    *ret_report = &figures->report;
    return rc;
}

/* ---- plans ---- */

/* What came of one agent's plan goes into his rows. */
static sapa_rc apply_plan(struct sapa_figures *figures, uint32_t dim, int32_t first, int32_t last, int64_t from_us, int64_t to_us)
{
    struct sapa_report *report = &figures->report;
    const struct sapa_zone *zone = &report->names.centre->zones[report->names.centre->system.zone];
    struct sapa_shift_sides sides = { .plan = NULL };
    struct sapa_planned *plan = NULL;
    sapa_rc rc = sapa_plan_load(figures->log.store, zone, sapa_names_key(&report->names, SAPA_DIM_AGENT, dim), first, last, &plan, &sides.plan_count);

    if (rc == SAPA_OK && sides.plan_count > 0) {
        sides.plan = plan;
        sides.stretches = sapa_stretches_of(&report->stretches, dim, &sides.stretch_count);
        sides.stopped = sapa_stretches_of(&report->stretches, SAPA_NONE, &sides.stopped_count);
        rc = sapa_intervals_planned(&report->intervals, dim, &sides, from_us, to_us);
    }
    free(plan);
    return rc;
}

sapa_rc sapa_figures_rows(struct sapa_figures *figures, uint32_t kinds, int64_t from_s, int64_t to_s, struct sapa_report **ret_report)
{
    struct sapa_report *report = &figures->report;
    struct sapa_plan_head head = { .version = 0 };
    const bool agents = (kinds >> SAPA_ROWS_AGENTS & 1) != 0;
    sapa_rc rc = sapa_plan_head(figures->log.store, &head);

    if (rc == SAPA_OK) /* without a plan nobody asks when */
        rc = sapa_figures_rows_of_log(figures, kinds, from_s, to_s, agents && head.first > 0 ? SAPA_STRETCHES_KEPT : SAPA_STRETCHES_NOT, ret_report);
    if (rc != SAPA_OK || !agents || head.first == 0 || !report->names.centre)
        return rc;
    const struct sapa_zone *zone = &report->names.centre->zones[report->names.centre->system.zone];
    const int64_t now_us = report->intervals.now_us, begun_s = sapa_zone_midnight(zone, head.first);
    from_s = SAPA_MAX(from_s, begun_s);
    to_s = to_s == 0 ? INT64_MAX : sapa_zone_span(zone, SAPA_GRAIN_QUARTER, to_s - 1).to_s; /* rows are whole quarters */
    const int64_t to_us = to_s > now_us / 1000000 ? now_us : to_s * 1000000;
    if (to_us <= from_s * 1000000)
        return SAPA_OK;
    sapa_stretches_sort(&report->stretches);
    /* a shift that began the day before may go over midnight */
    const int32_t first = sapa_shift_date(zone, from_s - SAPA_SHIFT_LENGTH_MAX_S), last = sapa_shift_date(zone, to_us / 1000000);
    for (uint32_t dim = 0; rc == SAPA_OK && dim < report->names.dims[SAPA_DIM_AGENT].count; dim++)
        rc = apply_plan(figures, dim, first, last, from_s * 1000000, to_us);
    return rc;
}
