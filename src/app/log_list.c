#include "app/log_list.h"

#include <stdlib.h>

#include "report/names.h"
#include "report/print.h"
#include "store/history.h"

enum { LOOK_EVERY = 1000, TELL_EVERY = 100000 }; /* records: behind the end of the time, is anybody of it still open? How far is it? */

/* ---- calls ---- */

struct listing {
    struct sapa_log_open *log;
    const struct sapa_calls_wish *wish;
    struct sapa_names names;
    struct sapa_calls calls;
    const struct sapa_centre *centre;
    struct sapa_call_show show;
    struct sapa_sheet sheet;
    struct sapa_text64 hash; /* of the description in force */
    uint32_t rows;
    uint64_t behind;
    sapa_rc rc;
    char line[16384];
};

static const struct sapa_zone *zone_of(const struct sapa_centre *centre)
{
    return centre && centre->system.zone < centre->zones_count ? &centre->zones[centre->system.zone] : NULL;
}

static bool began_in(const struct listing *l, const struct sapa_call *call)
{
    return call->opened_us >= l->wish->from_s * 1000000 && (l->wish->to_s == 0 || call->opened_us < l->wish->to_s * 1000000);
}

static bool has_key(const struct listing *l, enum sapa_dim kind, uint32_t dim)
{
    return dim != SAPA_NONE && sapa_str_eq(sapa_names_key(&l->names, kind, dim), sapa_str_of(l->wish->only));
}

/* --only KEY: a client, number or queue, or an agent who took part. */
static bool is_meant(const struct listing *l, const struct sapa_call *call)
{
    bool meant = l->wish->only[0] == '\0' || has_key(l, SAPA_DIM_CLIENT, call->client) || has_key(l, SAPA_DIM_NUMBER, call->number);

    for (unsigned i = 0; i < call->visit_count && !meant; i++)
        meant = has_key(l, SAPA_DIM_QUEUE, call->visits[i].queue);
    for (unsigned i = 0; i < call->part_count && !meant; i++)
        meant = has_key(l, SAPA_DIM_AGENT, call->parts[i].agent);
    return meant;
}

static void list_call(void *ctx, const struct sapa_call *call)
{
    struct listing *l = ctx;
    struct sapa_text line;

    if (!began_in(l, call) || !is_meant(l, call) || (l->wish->is_seen && !l->wish->is_seen(l->wish->ctx, &l->names, call)))
        return;
    if (sapa_contact_party_type_said(l->log->store, call->contact, &l->show.party_type) != SAPA_OK)
        l->show.party_type = 0; /* as it was when the record was closed */
    sapa_text_init(&line, l->line, sizeof(l->line));
    switch (l->wish->format) {
    case SAPA_CALLS_TEXT: sapa_call_list(call, &l->show, &line); break;
    case SAPA_CALLS_CSV: sapa_call_csv(call, &l->show, &line); break;
    case SAPA_CALLS_JSON: sapa_call_json(call, &l->show, &line); break;
    case SAPA_CALLS_XLSX: sapa_call_sheet(call, &l->show, l->rows++, &l->sheet); return;
    }
    l->rows++;
    l->wish->lines->line(l->wish->lines->ctx, sapa_text_str(&line));
}

static void list_head(struct listing *l)
{
    char buf[2048];
    struct sapa_text line;

    sapa_text_init(&line, buf, sizeof(buf));
    if (l->wish->format == SAPA_CALLS_XLSX)
        sapa_call_sheet_head(&l->sheet, l->show.language);
    else if (l->wish->format == SAPA_CALLS_TEXT)
        sapa_call_list_head(&l->show, &line);
    else if (l->wish->format == SAPA_CALLS_CSV)
        sapa_call_csv_head(&line);
    if (line.n > 0)
        l->wish->lines->line(l->wish->lines->ctx, sapa_text_str(&line));
}

/* Does a call of the asked time go on? */
static bool is_open(const struct listing *l)
{
    for (uint32_t i = 0; i < l->calls.open.count; i++)
        if (began_in(l, sapa_table_at(&l->calls.open, i)))
            return true;
    return false;
}

static void take_centre(struct listing *l, struct sapa_str hash)
{
    l->centre = sapa_log_centre(l->log, hash);
    l->rc = l->centre ? sapa_names_take(&l->names, l->centre) : SAPA_ENOENT;
    if (l->rc == SAPA_OK)
        l->show.zone = zone_of(l->centre);
}

static bool fold_record(void *ctx, const struct sapa_record *record)
{
    struct listing *l = ctx;

    if (record->type == SAPA_T_centre_started)
        take_centre(l, sapa_sized_str(&record->u.centre_started.centre_hash));
    if (l->rc == SAPA_OK)
        l->rc = sapa_calls_fold(&l->calls, record);
    if (l->rc != SAPA_OK)
        return false;
    if (l->wish->to_s == 0 || record->at_us < l->wish->to_s * 1000000 || ++l->behind % LOOK_EVERY != 0)
        return true;
    return is_open(l);
}

static bool first_hash(void *ctx, const struct sapa_record *record)
{
    struct listing *l = ctx;

    if (record->type == SAPA_T_centre_started)
        l->hash = record->u.centre_started.centre_hash;
    return false;
}

/* Where reading begins, and the description that was in force there. */
static sapa_rc find_start(struct listing *l, uint64_t *ret_seq)
{
    uint64_t seq = 1, start;
    sapa_rc rc = l->wish->from_s > 0 ? sapa_store_seek(l->log->store, l->wish->from_s * 1000000, &seq) : SAPA_OK;

    if (rc == SAPA_OK && seq > 1) {
        rc = sapa_store_centre_start(l->log->store, seq, &start);
        if (rc == SAPA_OK)
            rc = sapa_log_each(l->log, start, true, first_hash, l);
        if (rc == SAPA_OK) {
            take_centre(l, sapa_sized_str(&l->hash));
            rc = l->rc;
        }
        if (rc == SAPA_ENOENT) { /* a log that an older build began: from its start */
            seq = 1;
            rc = SAPA_OK;
        }
    }
    *ret_seq = seq;
    return rc;
}

static sapa_rc list_all(struct listing *l)
{
    uint64_t seq = 1;
    sapa_rc rc = find_start(l, &seq);
    const bool nothing = rc == SAPA_ENOENT; /* that late */

    if (rc != SAPA_OK && !nothing)
        return rc;
    if (l->wish->format == SAPA_CALLS_XLSX &&
        (rc = sapa_xlsx_add(l->wish->xlsx, l->show.language == SAPA_LANGUAGE_ID ? "Panggilan" : "Calls", &l->sheet)) != SAPA_OK)
        return rc;
    list_head(l);
    if (nothing)
        return SAPA_OK;
    l->rc = SAPA_OK;
    rc = sapa_log_each(l->log, seq, !l->show.show_pii, fold_record, l);
    rc = rc == SAPA_OK ? l->rc : rc;
    if (rc == SAPA_OK)
        sapa_calls_flush(&l->calls);
    return rc;
}

sapa_rc sapa_list_calls(struct sapa_log_open *log, const struct sapa_calls_wish *wish)
{
    struct listing *l = calloc(1, sizeof(*l));

    if (!l)
        return SAPA_ENOMEM;
    l->log = log;
    l->wish = wish;
    l->show = (struct sapa_call_show){ .names = &l->names, .language = wish->language, .show_pii = wish->show_numbers };
    sapa_names_init(&l->names, sapa_memory_heap());
    sapa_calls_init(&l->calls, sapa_memory_heap(), &l->names);
    l->calls.finished = list_call;
    l->calls.ctx = l;
    const sapa_rc rc = list_all(l);
    sapa_calls_done(&l->calls);
    sapa_names_done(&l->names);
    free(l);
    return rc;
}

/* ---- nodes ---- */

struct node_folding {
    struct sapa_log_open *log;
    struct sapa_nodes nodes;
    void (*progress)(uint64_t records);
    uint64_t records;
    sapa_rc rc;
};

static bool fold_nodes(void *ctx, const struct sapa_record *record)
{
    struct node_folding *folding = ctx;

    if (++folding->records % TELL_EVERY == 0 && folding->progress)
        folding->progress(folding->records);
    if (record->type == SAPA_T_centre_started) {
        const struct sapa_centre *centre = sapa_log_centre(folding->log, sapa_sized_str(&record->u.centre_started.centre_hash));
        folding->rc = centre ? sapa_nodes_take(&folding->nodes, centre) : SAPA_ENOENT;
    }
    if (folding->rc == SAPA_OK)
        folding->rc = sapa_nodes_fold(&folding->nodes, record);
    return folding->rc == SAPA_OK;
}

sapa_rc sapa_list_nodes(struct sapa_log_open *log, int64_t from_s, int64_t to_s, enum sapa_format format, enum sapa_language language,
                        const char *only, void (*progress)(uint64_t records), const struct sapa_lines *lines)
{
    struct node_folding folding = { .log = log, .progress = progress };

    sapa_nodes_init(&folding.nodes, sapa_memory_heap(), from_s * 1000000, to_s * 1000000);
    sapa_rc rc = sapa_log_each(log, 1, true, fold_nodes, &folding);
    rc = rc != SAPA_OK ? rc : folding.rc;
    if (rc == SAPA_OK)
        rc = sapa_nodes_print(&folding.nodes, format, language, sapa_str_of(only), lines);
    sapa_nodes_done(&folding.nodes);
    return rc;
}
