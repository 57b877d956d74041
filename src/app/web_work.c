#include "app/system.h"
#include "app/web_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "app/figures.h"
#include "app/log_list.h"
#include "app/recording_key.h"
#include "app/web_coach.h"
#include "app/web_desk.h"
#include "app/web_job_impl.h"
#include "app/web_shift.h"
#include "app/web_target.h"
#include "app/web_ticket.h"
#include "app/web_wall.h"
#include "media/recording.h"
#include "report/call.h"
#include "report/print.h"
#include "report/why.h"
#include "rt/clock.h"
#include "store/history.h"
#include "store/log.h"
#include "store/people.h"

#define HISTORY_KEY "centre.history"
#define DAY_US (INT64_C(86400) * 1000000)
#define BEFORE_US (INT64_C(10) * 1000000) /* a recording's head and the log do not look at the clock at the same moment */

enum {
    SCAN_MAX = 400000,       /* records that one page of a list may read */
    LIMIT_DEFAULT = 50, LIMIT_MAX = 500,
    WAV_HEAD = 44,
    AUDIO_CHUNK = 1 << 20,
    DAYS_BACK = 800,         /* how old a recording may be that is asked for by its number alone */
    STORY_LINES_MAX = 2000,
};

static uint64_t number_of(const struct job *job, const char *name, uint64_t otherwise)
{
    uint64_t number;

    return sapa_str_u64(sapa_str_of(param(job, name)), UINT64_MAX, &number) == SAPA_OK ? number : otherwise;
}

static size_t limit_of(const struct job *job)
{
    return (size_t)SAPA_MIN(SAPA_MAX(number_of(job, "limit", LIMIT_DEFAULT), UINT64_C(1)), (uint64_t)LIMIT_MAX);
}

/* ---- descriptions that were in force: lines "seq at_us hash", the newest last ---- */

sapa_rc sapa_centre_history_add(struct sapa_store *store, uint64_t seq, int64_t at_us, const char *hash)
{
    char *buf = calloc(1, SAPA_STORE_VALUE_MAX + 128);
    sapa_rc rc = buf ? sapa_store_setting(store, HISTORY_KEY, buf, SAPA_STORE_VALUE_MAX) : SAPA_ENOMEM;

    if (rc == SAPA_ENOENT)
        rc = SAPA_OK;
    if (rc == SAPA_OK) {
        const char *from = buf;
        size_t n = strlen(buf);
        while (n > SAPA_STORE_VALUE_MAX - 256) { /* the oldest go */
            const char *end = strchr(from, '\n');
            n -= end ? (size_t)(end + 1 - from) : n;
            from = end ? end + 1 : from + strlen(from);
        }
        memmove(buf, from, n + 1);
        snprintf(buf + n, 128, "%llu %lld %.64s\n", (unsigned long long)seq, (long long)at_us, hash);
        rc = sapa_store_set(store, HISTORY_KEY, buf);
    }
    free(buf);
    return rc;
}

typedef bool history_fn(void *ctx, uint64_t seq, int64_t at_us, struct sapa_str hash);

static sapa_rc history_each(struct job *job, history_fn *fn, void *ctx)
{
    char *buf = calloc(1, SAPA_STORE_VALUE_MAX + 1);
    const sapa_rc rc = buf ? sapa_store_setting(job->files->store, HISTORY_KEY, buf, SAPA_STORE_VALUE_MAX + 1) : SAPA_ENOMEM;
    struct sapa_str rest = sapa_str_of(rc == SAPA_OK ? buf : "");

    while (rest.n > 0) {
        struct sapa_str at, hash;
        const struct sapa_str line = sapa_str_cut(rest, '\n', &rest);
        uint64_t seq, at_us;
        if (sapa_str_u64(sapa_str_cut(line, ' ', &at), UINT64_MAX, &seq) != SAPA_OK ||
            sapa_str_u64(sapa_str_cut(at, ' ', &hash), INT64_MAX, &at_us) != SAPA_OK || !fn(ctx, seq, (int64_t)at_us, hash))
            break;
    }
    free(buf);
    return rc == SAPA_ENOENT ? SAPA_OK : rc;
}

struct in_force {
    uint64_t before, first;
    char hash[65];
};

static bool find_in_force(void *ctx, uint64_t seq, int64_t at_us, struct sapa_str hash)
{
    struct in_force *in_force = ctx;

    (void)at_us;
    in_force->first = in_force->first ? in_force->first : seq;
    if (seq <= in_force->before)
        (void)sapa_str_copy(hash, in_force->hash, sizeof(in_force->hash));
    return true;
}

/* The description in force at a place in the log. */
static sapa_rc centre_at(struct job *job, uint64_t seq, const struct sapa_centre **ret)
{
    struct in_force in_force = { .before = seq };
    struct sapa_log_reader *reader;
    sapa_rc rc = history_each(job, find_in_force, &in_force);

    if (rc == SAPA_OK && in_force.hash[0] == '\0') { /* a log from before there was a history */
        if ((rc = sapa_log_reader_open(job->files->store, 1, &reader)) != SAPA_OK)
            return rc;
        sapa_log_reader_keep_sealed(reader);
        while ((rc = sapa_log_reader_next(reader, job->record)) == SAPA_OK && job->record->seq <= seq) {
            if (job->record->type == SAPA_T_centre_started)
                (void)sapa_str_copy(sapa_sized_str(&job->record->u.centre_started.centre_hash), in_force.hash, sizeof(in_force.hash));
        }
        sapa_log_reader_close(reader);
        rc = rc == SAPA_ENOENT ? SAPA_OK : rc;
    }
    if (rc != SAPA_OK)
        return rc;
    *ret = in_force.hash[0] ? sapa_centre_shelf_get(job->shelf, sapa_str_of(in_force.hash)) : NULL;
    return *ret ? SAPA_OK : SAPA_ENOENT;
}

/* ---- reading the log ---- */

static sapa_rc open_reader(struct job *job, uint64_t seq, bool sealed, struct sapa_log_reader **ret)
{
    const sapa_rc rc = sapa_log_reader_open(job->files->store, seq, ret);

    if (rc == SAPA_OK && sealed)
        sapa_log_reader_keep_sealed(*ret);
    return rc;
}

/* Where a list begins: at the cursor, else at `from`, else a day ago. UINT64_MAX: behind the end. */
static sapa_rc begin_of(struct job *job, uint64_t *ret_seq, int64_t *ret_to_us)
{
    int64_t from_us = sapa_wall_us() - DAY_US, to_us = INT64_MAX;

    if ((param(job, "from")[0] && sapa_time_parse(sapa_str_of(param(job, "from")), &from_us) != SAPA_OK) ||
        (param(job, "to")[0] && sapa_time_parse(sapa_str_of(param(job, "to")), &to_us) != SAPA_OK))
        return problem(job->work, SAPA_EINVAL, "from and to are times like 2026-11-21T08:15:00+07:00");
    *ret_to_us = to_us;
    *ret_seq = number_of(job, "cursor", 0);
    if (*ret_seq != 0)
        return SAPA_OK;
    const sapa_rc rc = sapa_store_seek(job->files->store, from_us, ret_seq);
    if (rc == SAPA_ENOENT) {
        *ret_seq = UINT64_MAX;
        return SAPA_OK;
    }
    return rc;
}

static int64_t from_of(struct job *job)
{
    int64_t from_us = 0;

    return param(job, "from")[0] && sapa_time_parse(sapa_str_of(param(job, "from")), &from_us) == SAPA_OK ? from_us : 0;
}

static void begin_list(struct job *job)
{
    sapa_json_open(job->out, '{');
    sapa_json_key(job->out, "items");
    sapa_json_open(job->out, '[');
}

static void end_list(struct job *job, uint64_t next)
{
    sapa_json_close(job->out, ']');
    sapa_json_add_id(job->out, "next", next);
    sapa_json_close(job->out, '}');
}

/* ---- records of contacts ---- */

static const struct sapa_zone *zone_of(const struct sapa_centre *centre)
{
    return centre && centre->system.zone < centre->zones_count ? &centre->zones[centre->system.zone] : NULL;
}

struct candidate {
    uint64_t contact;
    struct sapa_call *call; /* when it is finished */
};

struct folding {
    struct job *job;
    struct sapa_names names;
    struct sapa_calls calls;
    struct candidate *candidates;
    size_t count, done;
};

static void finished(void *ctx, const struct sapa_call *call)
{
    struct folding *f = ctx;

    for (size_t i = 0; i < f->count; i++) {
        if (f->candidates[i].contact != call->contact || f->candidates[i].call)
            continue;
        f->candidates[i].call = malloc(sizeof(*call));
        if (f->candidates[i].call)
            *f->candidates[i].call = *call;
        f->done++;
        return;
    }
}

static sapa_rc fold(struct folding *f, const struct sapa_record *record)
{
    if (record->type == SAPA_T_centre_started) {
        const struct sapa_centre *centre = sapa_centre_shelf_get(f->job->shelf, sapa_sized_str(&record->u.centre_started.centre_hash));
        if (!centre)
            return SAPA_ENOENT;
        const sapa_rc rc = sapa_names_take(&f->names, centre);
        if (rc != SAPA_OK)
            return rc;
    } else if (sapa_record_contact(record) != 0) { /* other contacts cost nothing but their reading */
        bool wanted = false;
        for (size_t i = 0; i < f->count && !wanted; i++)
            wanted = f->candidates[i].contact == sapa_record_contact(record) ||
                     (record->type == SAPA_T_contact_merged && f->candidates[i].contact == record->u.contact_merged.other);
        if (!wanted)
            return SAPA_OK;
    }
    return sapa_calls_fold(&f->calls, record);
}

/* Fold the candidates from `first` on, until all are finished or the log ends. */
static sapa_rc fold_candidates(struct folding *f, uint64_t first)
{
    const struct sapa_centre *centre;
    struct sapa_log_reader *reader;
    sapa_rc rc = centre_at(f->job, first, &centre);

    if (rc == SAPA_OK)
        rc = sapa_names_take(&f->names, centre);
    if (rc != SAPA_OK || (rc = open_reader(f->job, first, !f->job->work->show_pii, &reader)) != SAPA_OK)
        return rc;
    for (size_t n = 0; n < SCAN_MAX && f->done < f->count; n++) {
        if ((rc = sapa_log_reader_next(reader, f->job->record)) != SAPA_OK || (rc = fold(f, f->job->record)) != SAPA_OK)
            break;
    }
    sapa_log_reader_close(reader);
    if (rc == SAPA_ENOENT)
        rc = SAPA_OK;
    if (rc == SAPA_OK)
        sapa_calls_flush(&f->calls);
    return rc;
}

static void folding_begin(struct folding *f, struct job *job)
{
    *f = (struct folding){ .job = job };
    sapa_names_init(&f->names, sapa_memory_heap());
    sapa_calls_init(&f->calls, sapa_memory_heap(), &f->names);
    f->calls.finished = finished;
    f->calls.ctx = f;
}

static void folding_end(struct folding *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->candidates[i].call);
    free(f->candidates);
    sapa_calls_done(&f->calls);
    sapa_names_done(&f->names);
}

/* May this token see the record? By keys: indices and dimensions are of another time. */
static bool call_is_visible(const struct sapa_web_work *work, const struct sapa_names *names, const struct sapa_call *call)
{
    const uint32_t client = SAPA_FIND(work->centre, clients, sapa_names_key(names, SAPA_DIM_CLIENT, call->client));

    if (!sapa_scope_client(&work->scope, client))
        return false;
    if (work->scope.agent == SAPA_NONE && (work->scope.team_count == 0 || call->part_count == 0))
        return true; /* what nobody ever had in hand is every leader's business */
    for (unsigned i = 0; i < call->part_count; i++) {
        const uint32_t agent = SAPA_FIND(work->centre, agents, sapa_names_key(names, SAPA_DIM_AGENT, call->parts[i].agent));
        if (work->scope.agent == SAPA_NONE ? agent != SAPA_NONE && sapa_scope_team(&work->scope, work->centre, work->centre->agents[agent].team)
                                           : agent == work->scope.agent)
            return true;
    }
    return false;
}

static bool is_key(const struct folding *f, const char *name, enum sapa_dim kind, uint32_t dim)
{
    const char *wanted = param(f->job, name);

    return wanted[0] == '\0' || sapa_str_eq(sapa_names_key(&f->names, kind, dim), sapa_str_of(wanted));
}

/* enum sapa_party_type + 1, as was said last, also after the record was closed; 0: from before it was known. */
static unsigned party_of(const struct folding *f, const struct sapa_call *call)
{
    uint8_t said = 0;

    return sapa_contact_party_type_said(f->job->files->store, call->contact, &said) == SAPA_OK && said != 0 ? said : call->party_type;
}

static bool is_party(const struct folding *f, const struct sapa_call *call)
{
    const char *wanted = param(f->job, "party_type");
    const unsigned party = wanted[0] ? party_of(f, call) : 0;

    return wanted[0] == '\0' || (party != 0 && strcmp(wanted, sapa_party_type_name(party - 1u)) == 0);
}

static void call_json(const struct folding *f, const struct sapa_call *call)
{
    const struct sapa_centre *centre = f->names.centre;
    struct sapa_call_show show = {
        .names = &f->names, .language = SAPA_LANGUAGE_EN, .show_pii = f->job->work->show_pii,
        .zone = centre && centre->system.zone < centre->zones_count ? &centre->zones[centre->system.zone] : NULL,
    };
    char *buf = malloc(16384);
    struct sapa_text text;

    if (!buf) {
        f->job->out->failed = true;
        return;
    }
    show.party_type = (uint8_t)party_of(f, call);
    sapa_text_init(&text, buf, 16384);
    sapa_call_json(call, &show, &text);
    sapa_json_raw(f->job->out, sapa_text_str(&text));
    free(buf);
}

static sapa_rc past(struct job *job)
{
    struct folding f;
    struct sapa_log_reader *reader;
    const size_t limit = limit_of(job);
    const char *channel = param(job, "channel"), *outcome = param(job, "outcome");
    const int64_t from_us = from_of(job);
    uint64_t seq, first = 0, next = 0;
    int64_t to_us;
    sapa_rc rc = begin_of(job, &seq, &to_us);

    if (rc != SAPA_OK)
        return rc;
    folding_begin(&f, job);
    f.candidates = calloc(limit, sizeof(*f.candidates));
    rc = f.candidates ? SAPA_OK : SAPA_ENOMEM;
    if (rc == SAPA_OK && seq != UINT64_MAX && (rc = open_reader(job, seq, true, &reader)) == SAPA_OK) {
        for (size_t n = 0; (rc = sapa_log_reader_next(reader, job->record)) == SAPA_OK && job->record->at_us < to_us; n++) {
            if (n == SCAN_MAX || f.count == limit) { /* there is more, or may be */
                next = job->record->seq;
                break;
            }
            /* contact_arrived stands in front of contact_new: the address is in it */
            const bool placed = job->record->type == SAPA_T_agent_call; /* by an agent; of one that is denied nothing will be found */
            if ((!placed && job->record->type != SAPA_T_contact_arrived) || job->record->at_us < from_us)
                continue;
            first = first ? first : job->record->seq;
            f.candidates[f.count++].contact = placed ? job->record->u.agent_call.contact : job->record->u.contact_arrived.contact;
        }
        sapa_log_reader_close(reader);
        rc = rc == SAPA_ENOENT ? SAPA_OK : rc;
    }
    if (rc == SAPA_OK && first != 0)
        rc = fold_candidates(&f, first);
    begin_list(job);
    for (size_t i = 0; rc == SAPA_OK && i < f.count; i++) {
        const struct sapa_call *call = f.candidates[i].call;
        if (!call || !call_is_visible(job->work, &f.names, call) || !is_key(&f, "client", SAPA_DIM_CLIENT, call->client) ||
            !is_key(&f, "queue", SAPA_DIM_QUEUE, call->queue) || !is_key(&f, "agent", SAPA_DIM_AGENT, call->agent) ||
            !is_key(&f, "number", SAPA_DIM_NUMBER, call->number) ||
            (channel[0] && strcmp(channel, sapa_channel_name(call->channel)) != 0) ||
            (outcome[0] && strcmp(outcome, sapa_outcome_name(call->outcome)) != 0) || !is_party(&f, call))
            continue;
        call_json(&f, call);
    }
    end_list(job, next);
    folding_end(&f);
    return rc;
}

/* ---- what a figure is made of: the fold of reports tells what each contact adds to the row of a queue or an agent ---- */

/* Read before the time that is asked for: who came then may have joined a queue later, or an agent may have talked with him at last. */
enum { COUNTED_BEFORE_S = 4 * 3600, COUNTED_TEAM_BEFORE_S = 24 * 3600, COUNTED_READ_MAX = 4000000 };

/* The counts that a figure is of. */
static const struct {
    enum sapa_live_figure figure;
    enum sapa_measure of[2];
} made_of[] = {
    { SAPA_LIVE_OFFERED, { SAPA_M_OFFERED, SAPA_M_OFFERED } },
    { SAPA_LIVE_ANSWERED, { SAPA_M_ANSWERED, SAPA_M_ANSWERED } },
    { SAPA_LIVE_ABANDONED, { SAPA_M_ABANDONED, SAPA_M_ABANDONED } },
    { SAPA_LIVE_OVERFLOWED, { SAPA_M_OVERFLOWED, SAPA_M_OVERFLOWED } },
    { SAPA_LIVE_CALLBACK, { SAPA_M_CALLBACK, SAPA_M_CALLBACK } },
    { SAPA_LIVE_HANDLED, { SAPA_M_HANDLED, SAPA_M_HANDLED } },
    { SAPA_LIVE_TRANSFERS, { SAPA_M_TRANSFERS, SAPA_M_TRANSFERS } },
    { SAPA_LIVE_SERVICE_LEVEL, { SAPA_M_ANSWERED, SAPA_M_ABANDONED } },
    { SAPA_LIVE_ANSWER_RATE, { SAPA_M_OFFERED, SAPA_M_OFFERED } },
    { SAPA_LIVE_ABANDON_RATE, { SAPA_M_OFFERED, SAPA_M_OFFERED } },
    { SAPA_LIVE_ASA, { SAPA_M_ANSWERED, SAPA_M_ANSWERED } },
    { SAPA_LIVE_AHT, { SAPA_M_HANDLED, SAPA_M_HANDLED } },
    { SAPA_LIVE_WAIT_MAX, { SAPA_M_OFFERED, SAPA_M_OFFERED } },
    { SAPA_LIVE_WRAPUP_MEAN, { SAPA_M_HANDLED, SAPA_M_HANDLED } },
    { SAPA_LIVE_OCCUPANCY, { SAPA_M_HANDLED, SAPA_M_HANDLED } }, /* made of time: these are what it went into */
};
static_assert(SAPA_COUNT(made_of) == SAPA_LIVE_FIGURE_COUNT, "each figure is made of something");

struct counted {
    uint64_t contact; /* key */
    int64_t times, in_level;
    uint64_t order; /* of the first count */
};

struct counting {
    struct job *job;
    const struct sapa_names *names;
    const enum sapa_measure *of;
    struct sapa_table contacts; /* struct counted */
    int64_t total;
    enum sapa_rows kind; /* AGENTS: of a team, else QUEUES */
    bool failed;
};

/* Of whom the figure is asked, and may be seen. */
static bool is_of_queues(const struct counting *counting, uint32_t dim)
{
    const struct sapa_web_work *work = counting->job->work;
    const uint32_t queue = SAPA_FIND(work->centre, queues, sapa_names_key(counting->names, SAPA_DIM_QUEUE, dim));
    const uint32_t client = queue == SAPA_NONE ? SAPA_NONE : work->centre->queues[queue].client;
    const char *queue_key = param(counting->job, "queue"), *client_key = param(counting->job, "client");

    return queue != SAPA_NONE && sapa_scope_client(&work->scope, client) &&
           (!queue_key[0] || sapa_str_eq(work->centre->queues[queue].key, sapa_str_of(queue_key))) &&
           (!client_key[0] || (client < work->centre->clients_count && sapa_str_eq(work->centre->clients[client].key, sapa_str_of(client_key))));
}

static bool is_of_team(const struct counting *counting, uint32_t dim)
{
    const struct sapa_web_work *work = counting->job->work;
    const uint32_t agent = SAPA_FIND(work->centre, agents, sapa_names_key(counting->names, SAPA_DIM_AGENT, dim));
    const uint32_t team = agent == SAPA_NONE ? SAPA_NONE : work->centre->agents[agent].team;

    return team < work->centre->teams_count && sapa_str_eq(work->centre->teams[team].key, sapa_str_of(param(counting->job, "team")));
}

static void count_one(void *ctx, enum sapa_rows kind, uint32_t dim, uint64_t contact, enum sapa_measure measure, int64_t value)
{
    struct counting *counting = ctx;
    const bool wanted = measure == counting->of[0] || measure == counting->of[1];

    if (kind != counting->kind || (!wanted && measure != SAPA_M_ANSWERED_IN_LEVEL && measure != SAPA_M_ABANDONED_IN_LEVEL) || contact == 0 ||
        !(kind == SAPA_ROWS_AGENTS ? is_of_team(counting, dim) : is_of_queues(counting, dim)))
        return;
    struct counted *one = sapa_table_find(&counting->contacts, contact);
    if (!one && sapa_table_add(&counting->contacts, contact, &one) != SAPA_OK) {
        counting->failed = true;
        return;
    }
    if (one->order == 0)
        one->order = counting->contacts.count;
    one->times += wanted ? value : 0;
    one->in_level += wanted ? 0 : value;
    counting->total += wanted ? value : 0;
}

/* What came in [from_s, to_s) adds to those rows as long as it lives, so the log is read to its end, or to the day's end after. */
static sapa_rc count_all(struct job *job, struct sapa_names *names, const struct sapa_interval_options *options, int64_t before_s, bool *ret_cut)
{
    const struct sapa_centre *centre;
    struct sapa_log_reader *reader;
    struct sapa_intervals rows;
    uint64_t seq;
    sapa_rc rc = sapa_store_seek(job->files->store, (options->from_s - before_s) * 1000000, &seq);
    const int64_t last_us = options->to_s ? (options->to_s + COUNTED_TEAM_BEFORE_S) * 1000000 : INT64_MAX;

    *ret_cut = false;
    if (rc == SAPA_ENOENT)
        return SAPA_OK;
    if (rc != SAPA_OK || (rc = centre_at(job, seq, &centre)) != SAPA_OK || (rc = sapa_names_take(names, centre)) != SAPA_OK ||
        (rc = open_reader(job, seq, true, &reader)) != SAPA_OK)
        return rc;
    sapa_intervals_init(&rows, sapa_memory_heap(), names, options);
    for (size_t n = 0; rc == SAPA_OK && (rc = sapa_log_reader_next(reader, job->record)) == SAPA_OK && job->record->at_us < last_us; n++) {
        if (n == COUNTED_READ_MAX) {
            *ret_cut = true;
            break;
        }
        if (job->record->type == SAPA_T_centre_started) {
            centre = sapa_centre_shelf_get(job->shelf, sapa_sized_str(&job->record->u.centre_started.centre_hash));
            rc = centre ? sapa_names_take(names, centre) : SAPA_ENOENT;
        }
        if (rc == SAPA_OK)
            rc = sapa_intervals_fold(&rows, job->record);
    }
    sapa_intervals_done(&rows);
    sapa_log_reader_close(reader);
    return rc == SAPA_ENOENT ? SAPA_OK : rc;
}

static int by_order(const void *a, const void *b)
{
    const struct counted *x = *(const struct counted *const *)a, *y = *(const struct counted *const *)b;

    return x->order > y->order ? -1 : x->order < y->order;
}

/* A page of them: the newest that may be seen, from behind the cursor on, with their records. */
static sapa_rc counted_items(struct job *job, const struct counting *counting, uint64_t *ret_next)
{
    struct folding f;
    const size_t limit = limit_of(job);
    const uint64_t cursor = number_of(job, "cursor", 0);
    const struct counted **sorted = calloc((size_t)counting->contacts.count + 1, sizeof(*sorted)), *behind = NULL;
    uint64_t first = UINT64_MAX, from, last;
    size_t count = 0, at = 0;
    sapa_rc rc;

    folding_begin(&f, job);
    f.candidates = calloc(limit, sizeof(*f.candidates));
    rc = f.candidates && sorted ? SAPA_OK : SAPA_ENOMEM;
    for (uint32_t i = 0; rc == SAPA_OK && i < counting->contacts.count; i++) {
        const struct counted *one = sapa_table_at(&counting->contacts, i);
        behind = cursor && one->contact == cursor ? one : behind;
        if (one->times > 0)
            sorted[count++] = one;
    }
    if (rc == SAPA_OK)
        qsort(sorted, count, sizeof(*sorted), by_order);
    while (cursor && at < count && (!behind || sorted[at]->order >= behind->order)) /* it has left what is recent: so have those after it */
        at++;
    for (; rc == SAPA_OK && at < count && f.count < limit; at++) {
        if (sapa_store_contact_span(job->files->store, sorted[at]->contact, &from, &last) == SAPA_OK) {
            f.candidates[f.count++].contact = sorted[at]->contact;
            first = SAPA_MIN(first, from);
        }
    }
    *ret_next = rc == SAPA_OK && at < count && f.count > 0 ? f.candidates[f.count - 1].contact : 0;
    if (rc == SAPA_OK && f.count > 0)
        rc = fold_candidates(&f, first > 1 ? first - 1 : first); /* its arrival stands just before */
    for (size_t i = 0; rc == SAPA_OK && i < f.count; i++) {
        const struct sapa_call *call = f.candidates[i].call ? f.candidates[i].call : sapa_calls_find(&f.calls, f.candidates[i].contact);
        const struct counted *one = sapa_table_find(&counting->contacts, f.candidates[i].contact);
        if (!call || !call_is_visible(job->work, &f.names, call))
            continue;
        sapa_json_open(job->out, '{');
        sapa_json_add_id(job->out, "contact", one->contact);
        sapa_json_add_number(job->out, "times", one->times);
        sapa_json_add_bool(job->out, "in_level", one->in_level > 0);
        sapa_json_key(job->out, "record");
        call_json(&f, call);
        sapa_json_close(job->out, '}');
    }
    folding_end(&f);
    free(sorted);
    return rc;
}

/* Today or the last thirty minutes as the live figures have them; a day, or a quarter of an hour, as reports do. */
static sapa_rc counted_time(struct job *job, struct sapa_interval_options *ret)
{
    const struct sapa_zone *zone = zone_of(job->work->centre);
    const int64_t now_s = sapa_wall_us() / 1000000;
    const char *day = param(job, "day"), *period = param(job, "period");
    const bool recent = strcmp(period, "recent") == 0, quarter = strcmp(period, "quarter") == 0;
    int32_t date;

    if (day[0] && sapa_zone_date(sapa_str_of(day), &date) != SAPA_OK)
        return problem(job->work, SAPA_EINVAL, "day: a date, as in 2026-11-21");
    if (quarter && (day[0] || from_of(job) == 0))
        return problem(job->work, SAPA_EINVAL, "quarter: from is a moment in it, as in 2026-11-21T08:15:00+07:00");
    ret->grain = recent || quarter ? SAPA_GRAIN_MINUTE : SAPA_GRAIN_DAY;
    if (recent && !day[0]) {
        ret->from_s = sapa_zone_span(zone, SAPA_GRAIN_MINUTE, now_s).from_s - (SAPA_LIVE_RECENT_MIN - 1) * 60;
        return SAPA_OK;
    }
    const struct sapa_span span = quarter ? sapa_zone_span(zone, SAPA_GRAIN_QUARTER, from_of(job) / 1000000)
                                          : sapa_zone_span(zone, SAPA_GRAIN_DAY, day[0] ? sapa_zone_midnight(zone, date) : now_s);
    ret->grain = quarter ? SAPA_GRAIN_MINUTE : SAPA_GRAIN_DAY;
    ret->from_s = span.from_s;
    ret->to_s = span.to_s;
    return SAPA_OK;
}

static sapa_rc counted(struct job *job)
{
    const struct sapa_web_work *work = job->work;
    const char *team = param(job, "team");
    const uint32_t team_index = team[0] ? SAPA_FIND(work->centre, teams, sapa_str_of(team)) : SAPA_NONE;
    struct counting counting = { .job = job, .kind = team[0] ? SAPA_ROWS_AGENTS : SAPA_ROWS_QUEUES };
    struct sapa_interval_options options = { .kinds = UINT32_C(1) << counting.kind, .counted = count_one, .counted_ctx = &counting };
    struct sapa_names names;
    uint64_t next = 0;
    bool cut;

    for (size_t i = 0; i < SAPA_COUNT(made_of); i++) {
        if (strcmp(param(job, "figure"), sapa_live_figure_key(made_of[i].figure)) == 0)
            counting.of = made_of[i].of;
    }
    if (!counting.of)
        return problem(job->work, SAPA_ENOENT, "there is no live figure \"%s\"", param(job, "figure"));
    if (team[0] && (team_index == SAPA_NONE || work->scope.agent != SAPA_NONE || !sapa_scope_team(&work->scope, work->centre, team_index)))
        return problem(job->work, SAPA_ENOENT, "there is no team \"%s\"", team);
    sapa_rc rc = counted_time(job, &options);
    if (rc != SAPA_OK)
        return rc;
    sapa_names_init(&names, sapa_memory_heap());
    counting.names = &names;
    sapa_table_init(&counting.contacts, sapa_memory_heap(), sizeof(struct counted), 1000000);
    rc = count_all(job, &names, &options, team[0] ? COUNTED_TEAM_BEFORE_S : COUNTED_BEFORE_S, &cut);
    if (rc == SAPA_OK && counting.failed)
        rc = SAPA_ENOMEM;
    if (rc == SAPA_OK) {
        int64_t contacts = 0;
        for (uint32_t i = 0; i < counting.contacts.count; i++)
            contacts += ((const struct counted *)sapa_table_at(&counting.contacts, i))->times > 0;
        sapa_json_open(job->out, '{');
        sapa_json_add_text(job->out, "figure", sapa_str_of(param(job, "figure")));
        sapa_json_add_time(job->out, "from", options.from_s * 1000000);
        sapa_json_add_time(job->out, "to", options.to_s * 1000000);
        sapa_json_add_number(job->out, "total", counting.total);
        sapa_json_add_number(job->out, "contacts", contacts);
        sapa_json_key(job->out, "items");
        sapa_json_open(job->out, '[');
        rc = counted_items(job, &counting, &next);
        sapa_json_close(job->out, ']');
        sapa_json_add_id(job->out, "next", next);
        sapa_json_add_bool(job->out, "cut", cut);
        sapa_json_close(job->out, '}');
    }
    sapa_table_done(&counting.contacts);
    sapa_names_done(&names);
    return rc;
}

static sapa_rc contact(struct job *job)
{
    struct folding f;
    uint64_t first, last;
    const uint64_t id = number_of(job, "contact", 0);
    sapa_rc rc = sapa_store_contact_span(job->files->store, id, &first, &last);

    if (rc != SAPA_OK)
        return rc;
    folding_begin(&f, job);
    f.candidates = calloc(1, sizeof(*f.candidates));
    rc = f.candidates ? SAPA_OK : SAPA_ENOMEM;
    if (rc == SAPA_OK) {
        f.candidates[0].contact = id;
        f.count = 1;
        /* the span begins with contact_new; its arrival stands just before, in the same step */
        rc = fold_candidates(&f, first > 1 ? first - 1 : first);
    }
    const struct sapa_call *call = rc == SAPA_OK ? (f.candidates[0].call ? f.candidates[0].call : sapa_calls_find(&f.calls, id)) : NULL;
    if (rc == SAPA_OK && (!call || !call_is_visible(job->work, &f.names, call)))
        rc = SAPA_ENOENT;
    if (rc == SAPA_OK) { /* members of an object: the web thread adds what lives */
        sapa_json_key(job->out, "record");
        call_json(&f, call);
        sapa_json_key(job->out, "note");
        rc = sapa_web_desk_note(job->files, job->work, job->shelf, id);
    }
    folding_end(&f);
    return rc;
}

/* ---- why ---- */

static void add_line(void *ctx, struct sapa_str line)
{
    struct sapa_json *out = ctx;

    sapa_json_text(out, line);
}

static void why_head(struct job *job, uint64_t id)
{
    const struct sapa_web_why *why = &job->work->why;
    struct sapa_json *out = job->out;

    sapa_json_open(out, '{');
    sapa_json_add_id(out, "contact", id);
    if (!job->work->why_living) {
        sapa_json_add_null(out, "place"), sapa_json_add_null(out, "position"), sapa_json_add_null(out, "wait_ms");
        sapa_json_add_null(out, "ewt_p50_ms"), sapa_json_add_null(out, "ewt_p90_ms");
    } else {
        sapa_json_add_text(out, "place", sapa_str_of(sapa_place_name(why->place)));
        if (why->position)
            sapa_json_add_number(out, "position", why->position);
        else
            sapa_json_add_null(out, "position");
        sapa_json_add_number(out, "wait_ms", why->wait_ms);
        const bool expected = why->position > 0 && why->ewt_p50_ms != SAPA_NONE;
        sapa_json_key(out, "ewt_p50_ms");
        if (expected)
            sapa_json_number(out, why->ewt_p50_ms);
        else
            sapa_json_null(out);
        sapa_json_key(out, "ewt_p90_ms");
        if (expected)
            sapa_json_number(out, why->ewt_p90_ms);
        else
            sapa_json_null(out);
    }
    sapa_json_key(out, "lines");
    sapa_json_open(out, '[');
}

static sapa_rc no_contact(struct job *job, uint64_t id)
{
    return problem(job->work, SAPA_ENOENT, "there is no contact %llu", (unsigned long long)id);
}

static sapa_rc why(struct job *job)
{
    const uint64_t id = number_of(job, "contact", 0);
    const enum sapa_language language = strcmp(param(job, "language"), "id") == 0 ? SAPA_LANGUAGE_ID : SAPA_LANGUAGE_EN;
    const struct sapa_centre *centre;
    const struct sapa_lines lines = { add_line, job->out };
    struct sapa_log_reader *reader;
    struct sapa_story story;
    uint64_t first, last;
    bool known = false, hidden = false;
    sapa_rc rc = sapa_store_contact_span(job->files->store, id, &first, &last);

    if (rc == SAPA_ENOENT)
        return no_contact(job, id);
    if (rc == SAPA_OK)
        rc = centre_at(job, first, &centre);
    if (rc != SAPA_OK || (rc = open_reader(job, first, true, &reader)) != SAPA_OK)
        return rc;
    const struct sapa_why_words words = { .centre = centre, .language = language };
    sapa_story_init(&story, id, &words, zone_of(centre));
    why_head(job, id);
    for (size_t n = 0; n < SCAN_MAX && story.lines < STORY_LINES_MAX && !hidden; n++) {
        if ((rc = sapa_log_reader_next(reader, job->record)) != SAPA_OK || (last != 0 && job->record->seq > last))
            break;
        if (job->record->type == SAPA_T_centre_started) {
            story.words.centre = sapa_centre_shelf_get(job->shelf, sapa_sized_str(&job->record->u.centre_started.centre_hash));
            story.zone = zone_of(story.words.centre);
        }
        if (job->record->type == SAPA_T_contact_new && job->record->u.contact_new.contact == id) {
            const uint64_t index = job->record->u.contact_new.client;
            const struct sapa_centre *then = story.words.centre;
            const struct sapa_str key = then && index < then->clients_count ? then->clients[index].key : SAPA_STR("");
            known = true;
            hidden = !sapa_scope_client(&job->work->scope, SAPA_FIND(job->work->centre, clients, key)) ||
                     ((job->work->scope.agent != SAPA_NONE || job->work->scope.team_count > 0) && !job->work->why_living);
        }
        sapa_story_fold(&story, job->record, &lines);
    }
    sapa_log_reader_close(reader);
    if (!known || hidden)
        return no_contact(job, id);
    if (rc == SAPA_ENOENT)
        rc = SAPA_OK;
    if (job->work->why_living && job->work->why_record.type == SAPA_T_why)
        sapa_story_now(&story, &job->work->why_record, &lines);
    sapa_json_close(job->out, ']');
    sapa_json_close(job->out, '}');
    return rc;
}

/* ---- people ---- */

static void add_identity(void *ctx, enum sapa_identity_kind kind, struct sapa_str value)
{
    static const char *const kinds[] = { "phone", "mail", "handle" };
    struct sapa_json *out = ctx;

    sapa_json_open(out, '{');
    sapa_json_add_text(out, "kind", sapa_str_of(kind < SAPA_COUNT(kinds) ? kinds[kind] : "?"));
    sapa_json_add_text(out, "value", value);
    sapa_json_close(out, '}');
}

static sapa_rc person_json(struct job *job, uint64_t person, uint32_t client)
{
    sapa_json_open(job->out, '{');
    sapa_json_add_id(job->out, "id", person);
    sapa_json_add_text(job->out, "client", job->work->centre->clients[client].key);
    sapa_json_key(job->out, "identities");
    sapa_json_open(job->out, '[');
    const sapa_rc rc = sapa_person_identities(job->files->store, person, add_identity, job->out);
    sapa_json_close(job->out, ']');
    sapa_json_close(job->out, '}');
    return rc;
}

static sapa_rc people(struct job *job)
{
    const struct sapa_centre *centre = job->work->centre;
    const char *phone = param(job, "phone"), *client = param(job, "client");
    sapa_rc rc = SAPA_OK;

    if (phone[0] == '\0')
        return problem(job->work, SAPA_EINVAL, "phone is missing: a telephone number");
    sapa_json_open(job->out, '{');
    sapa_json_key(job->out, "items");
    sapa_json_open(job->out, '[');
    for (uint32_t i = 0; rc == SAPA_OK && i < centre->clients_count && i < SAPA_COUNT(job->work->clients); i++) {
        uint64_t person;
        if (!sapa_scope_client(&job->work->scope, i) || (client[0] && !sapa_str_eq(centre->clients[i].key, sapa_str_of(client))))
            continue;
        rc = sapa_person_find(job->files->store, job->work->clients[i], SAPA_IDENTITY_PHONE, sapa_str_of(phone), &person);
        if (rc == SAPA_OK)
            rc = person_json(job, person, i);
        rc = rc == SAPA_ENOENT ? SAPA_OK : rc;
    }
    sapa_json_close(job->out, ']');
    sapa_json_close(job->out, '}');
    return rc;
}

/* The client of a person that this token may see. */
static sapa_rc person_client(struct job *job, uint64_t person, uint32_t *ret)
{
    uint64_t client;
    const sapa_rc rc = sapa_person_client(job->files->store, person, &client);

    for (uint32_t i = 0; rc == SAPA_OK && i < job->work->centre->clients_count && i < SAPA_COUNT(job->work->clients); i++) {
        if (job->work->clients[i] == client && sapa_scope_client(&job->work->scope, i)) {
            *ret = i;
            return SAPA_OK;
        }
    }
    return problem(job->work, rc == SAPA_OK ? SAPA_ENOENT : rc, "there is no person %llu", (unsigned long long)person);
}

static sapa_rc person(struct job *job)
{
    const uint64_t id = number_of(job, "person", 0);
    uint32_t client;
    const sapa_rc rc = person_client(job, id, &client);

    return rc == SAPA_OK ? person_json(job, id, client) : rc;
}

static sapa_rc erase(struct job *job)
{
    const uint64_t id = number_of(job, "person", 0);
    uint32_t client;
    sapa_rc rc = person_client(job, id, &client);

    return rc == SAPA_OK ? sapa_person_erase(job->files->store, id, job->work->user) : rc;
}

static sapa_rc merge(struct job *job)
{
    const uint64_t id = number_of(job, "person", 0);
    uint32_t client, other;
    uint64_t made;
    sapa_rc rc = person_client(job, id, &client);

    if (rc == SAPA_OK)
        rc = person_client(job, job->work->into, &other);
    if (rc == SAPA_OK)
        rc = sapa_person_merge(job->files->store, id, job->work->into, job->work->user, &made);
    if (rc == SAPA_EINVAL)
        return problem(job->work, rc, "two persons of the same client can be one, and nobody but himself is himself");
    if (rc == SAPA_EEXIST || rc == SAPA_ESTATE)
        return problem(job->work, rc, rc == SAPA_EEXIST ? "they are the same already" : "one of them is erased");
    if (rc == SAPA_OK)
        snprintf(job->work->answer, sizeof(job->work->answer), "\"merge\":\"%llu\"", (unsigned long long)made);
    return rc;
}

static sapa_rc merge_end(struct job *job)
{
    const sapa_rc rc = sapa_person_unmerge(job->files->store, number_of(job, "merge", 0), job->work->user);

    return rc == SAPA_ENOENT   ? problem(job->work, rc, "there is no merge %s", param(job, "merge"))
           : rc == SAPA_ESTATE ? problem(job->work, rc, "it is taken back already")
                               : rc;
}

/* ---- reports ---- */

struct report_out {
    struct sapa_json *out;
    enum sapa_format format;
    bool skip_head;
};

static void report_line(void *ctx, struct sapa_str line)
{
    struct report_out *to = ctx;

    if (to->format == SAPA_FORMAT_JSON) {
        sapa_json_raw(to->out, line);
    } else if (to->skip_head) {
        to->skip_head = false;
    } else {
        const struct sapa_str end = to->format == SAPA_FORMAT_CSV ? SAPA_STR("\r\n") : SAPA_STR("\n");
        sapa_json_bytes(to->out, line.p, line.n);
        sapa_json_bytes(to->out, end.p, end.n);
    }
}

/* Of what a token that is bound to clients may see: each queue, client or number of theirs. */
static sapa_rc report_bound(struct job *job, struct sapa_intervals *intervals, enum sapa_rows rows, struct sapa_print_options *print,
                            struct report_out *to)
{
    const struct sapa_centre *centre = job->work->centre;
    const uint32_t count = rows == SAPA_ROWS_QUEUES      ? centre->queues_count
                           : rows == SAPA_ROWS_AGENTS    ? centre->agents_count
                           : rows == SAPA_ROWS_CLIENTS   ? centre->clients_count
                           : rows == SAPA_ROWS_CAMPAIGNS ? centre->campaigns_count
                                                         : centre->numbers_count;
    const struct sapa_lines lines = { report_line, to };
    const struct sapa_str only = print->only;
    sapa_rc rc = SAPA_OK;
    bool any = false;

    for (uint32_t i = 0; rc == SAPA_OK && i < count; i++) {
        const uint32_t client = rows == SAPA_ROWS_QUEUES      ? centre->queues[i].client
                                : rows == SAPA_ROWS_AGENTS    ? SAPA_NONE
                                : rows == SAPA_ROWS_CLIENTS   ? i
                                : rows == SAPA_ROWS_CAMPAIGNS ? centre->campaigns[i].client
                                                              : centre->numbers[i].client;
        const struct sapa_str key = rows == SAPA_ROWS_QUEUES      ? centre->queues[i].key
                                    : rows == SAPA_ROWS_AGENTS    ? centre->agents[i].key
                                    : rows == SAPA_ROWS_CLIENTS   ? centre->clients[i].key
                                    : rows == SAPA_ROWS_CAMPAIGNS ? centre->campaigns[i].key
                                                                  : centre->numbers[i].key;
        const bool seen = rows == SAPA_ROWS_AGENTS ? sapa_scope_agent(&job->work->scope, centre, i) : sapa_scope_client(&job->work->scope, client);
        if (!seen || (only.n > 0 && !sapa_str_eq(only, key)))
            continue;
        print->only = key;
        to->skip_head = any && to->format == SAPA_FORMAT_CSV;
        rc = sapa_report_print(intervals, rows, print, &lines);
        any |= rc == SAPA_OK;
        rc = rc == SAPA_ENOENT ? SAPA_OK : rc;
    }
    return rc == SAPA_OK && only.n > 0 && !any ? SAPA_ENOENT : rc;
}

static void report_print(struct job *job, struct sapa_intervals *rows, enum sapa_rows kind, sapa_rc *rc)
{
    const char *word = param(job, "format");
    const enum sapa_format format = strcmp(word, "csv") == 0 ? SAPA_FORMAT_CSV : strcmp(word, "text") == 0 ? SAPA_FORMAT_TEXT : SAPA_FORMAT_JSON;
    struct report_out to = { .out = job->out, .format = format };
    uint32_t chosen[SAPA_PRINT_FIGURES_MAX];
    struct sapa_text wrong;
    struct sapa_goals *goals = malloc(sizeof(*goals));
    struct sapa_print_options print = {
        .now_us = sapa_wall_us(),
        .format = format,
        .every_column = strcmp(param(job, "columns"), "all") == 0,
        .figures = chosen,
        .language = strcmp(param(job, "language"), "en") == 0 ? SAPA_LANGUAGE_EN : SAPA_LANGUAGE_ID,
        .only = sapa_str_of(param(job, "only")),
    };
    const struct sapa_lines lines = { report_line, &to };

    sapa_text_init(&wrong, job->work->problem, sizeof(job->work->problem));
    *rc = goals ? sapa_targets_load(job->files->store, goals) : SAPA_ENOMEM;
    if (*rc == SAPA_OK)
        *rc = sapa_figure_list(sapa_str_of(param(job, "figures")), SAPA_PRINT_FIGURES_MAX, &wrong, chosen, &print.figure_count);
    if (*rc != SAPA_OK) {
        free(goals);
        return;
    }
    print.goals = goals->count > 0 ? goals : NULL;
    if (format != SAPA_FORMAT_JSON) {
        job->work->content_type = format == SAPA_FORMAT_CSV ? "text/csv; charset=utf-8" : "text/plain; charset=utf-8";
    } else {
        sapa_json_open(job->out, '{');
        sapa_json_add_text(job->out, "kind", sapa_str_of(param(job, "report")));
        sapa_json_key(job->out, "items");
        sapa_json_open(job->out, '[');
    }
    *rc = sapa_scope_whole(&job->work->scope) ? sapa_report_print(rows, kind, &print, &lines) : report_bound(job, rows, kind, &print, &to);
    free(goals);
    if (format == SAPA_FORMAT_JSON) {
        sapa_json_close(job->out, ']');
        sapa_json_close(job->out, '}');
    }
    if (*rc == SAPA_ENOENT)
        *rc = problem(job->work, *rc, "there is no row with the key \"%s\"", param(job, "only"));
}

/* What is asked for in the centre's local time; nothing: from the beginning on, without an end. */
static sapa_rc local_bounds(struct job *job, const struct sapa_zone *zone, int64_t *from_s, int64_t *to_s)
{
    const char *day = param(job, "day"), *from = param(job, "from"), *to = param(job, "to");

    if (day[0] && (from[0] || to[0]))
        return problem(job->work, SAPA_EINVAL, "either day, or from and to");
    if (day[0] && !sapa_zone_time(day, zone, from_s))
        return problem(job->work, SAPA_EINVAL, "a day is written 2026-11-21");
    if (day[0])
        *to_s = sapa_zone_span(zone, SAPA_GRAIN_DAY, *from_s).to_s;
    if ((from[0] && !sapa_zone_time(from, zone, from_s)) || (to[0] && !sapa_zone_time(to, zone, to_s)))
        return problem(job->work, SAPA_EINVAL, "from and to are local times: 2026-11-21 or 2026-11-21T08:15");
    if (*to_s != 0 && *to_s <= *from_s)
        return problem(job->work, SAPA_EINVAL, "to is not after from");
    return SAPA_OK;
}

/* The shelf of figures and the records behind it, as `sapa report` reads them. */
static sapa_rc report(struct job *job)
{
    static const struct { const char *name; enum sapa_grain grain; } grains[] = {
        { "15m", SAPA_GRAIN_QUARTER }, { "hour", SAPA_GRAIN_HOUR }, { "day", SAPA_GRAIN_DAY },
        { "week", SAPA_GRAIN_WEEK },   { "month", SAPA_GRAIN_MONTH },
    };
    struct sapa_interval_options bounds = { .grain = SAPA_GRAIN_QUARTER };
    struct sapa_figures *figures = NULL;
    struct sapa_report *report;
    struct sapa_intervals rows;
    enum sapa_rows kind = 0;
    bool more;

    while (kind + 1 < SAPA_ROWS_COUNT && strcmp(sapa_rows_table(kind), param(job, "report")) != 0)
        kind++;
    for (size_t i = 0; i < SAPA_COUNT(grains); i++) {
        if (strcmp(grains[i].name, param(job, "by")) == 0)
            bounds.grain = grains[i].grain;
    }
    const bool leads = job->work->scope.team_count > 0 || job->work->scope.agent != SAPA_NONE; /* his own team's figures or his own, and those of queues */
    if (leads && (kind == SAPA_ROWS_REASONS || kind == SAPA_ROWS_TRUNKS || kind == SAPA_ROWS_TOTAL))
        return problem(job->work, SAPA_EDENIED, "these figures are of several teams together, and you are bound to some of them");
    if (job->work->scope.clients != UINT64_MAX && ((kind == SAPA_ROWS_AGENTS && !leads) || kind == SAPA_ROWS_REASONS || kind == SAPA_ROWS_TRUNKS || kind == SAPA_ROWS_TOTAL))
        return problem(job->work, SAPA_EDENIED, "these figures are of several clients together, and the token is bound to some of them");
    bounds.kinds = UINT32_C(1) << kind;
    sapa_rc rc = sapa_figures_open(job->files->data, &figures);
    if (rc == SAPA_OK)
        rc = sapa_figures_fold(figures, 0, 0, NULL, &more);
    const struct sapa_centre *centre = rc == SAPA_OK ? sapa_figures_centre(figures) : NULL;
    const struct sapa_zone *zone = zone_of(centre);
    if (rc == SAPA_OK)
        rc = local_bounds(job, zone, &bounds.from_s, &bounds.to_s);
    if (rc == SAPA_OK)
        rc = sapa_figures_rows(figures, bounds.kinds, bounds.from_s, bounds.to_s, &report);
    if (rc == SAPA_OK) {
        sapa_intervals_init(&rows, sapa_memory_heap(), &report->names, &bounds);
        rc = sapa_intervals_group(&rows, &report->intervals);
        if (rc == SAPA_OK)
            report_print(job, &rows, kind, &rc);
        sapa_intervals_done(&rows);
    }
    sapa_figures_close(figures);
    return rc;
}

/* ---- lists of the log itself: app/log_list.h ---- */

/* As it was asked for: lines of text or CSV, or items of an object that is left open. */
static enum sapa_format begin_lines(struct job *job, struct report_out *ret)
{
    const char *word = param(job, "format");
    const enum sapa_format format = strcmp(word, "csv") == 0 ? SAPA_FORMAT_CSV : strcmp(word, "text") == 0 ? SAPA_FORMAT_TEXT : SAPA_FORMAT_JSON;

    *ret = (struct report_out){ .out = job->out, .format = format };
    if (format == SAPA_FORMAT_JSON)
        sapa_json_open(job->out, '{'), sapa_json_key(job->out, "items"), sapa_json_open(job->out, '[');
    else
        job->work->content_type = format == SAPA_FORMAT_CSV ? "text/csv; charset=utf-8" : "text/plain; charset=utf-8";
    return format;
}

static enum sapa_language language_of(const struct job *job)
{
    return strcmp(param(job, "language"), "en") == 0 ? SAPA_LANGUAGE_EN : SAPA_LANGUAGE_ID;
}

static bool call_is_seen(void *ctx, const struct sapa_names *names, const struct sapa_call *call)
{
    return call_is_visible(ctx, names, call);
}

static sapa_rc report_calls(struct job *job)
{
    static const enum sapa_calls_format as[] = { [SAPA_FORMAT_TEXT] = SAPA_CALLS_TEXT, [SAPA_FORMAT_CSV] = SAPA_CALLS_CSV, [SAPA_FORMAT_JSON] = SAPA_CALLS_JSON };
    struct sapa_log_open log = { .store = job->files->store, .shelf = job->shelf };
    struct report_out to;
    const struct sapa_lines lines = { report_line, &to };
    struct sapa_calls_wish wish = {
        .only = param(job, "only"), .language = language_of(job), .show_numbers = strcmp(param(job, "customers"), "shown") == 0,
        .lines = &lines, .is_seen = call_is_seen, .ctx = job->work,
    };
    sapa_rc rc = local_bounds(job, zone_of(job->work->centre), &wish.from_s, &wish.to_s);

    if (rc != SAPA_OK)
        return rc;
    if (wish.show_numbers && !job->work->show_pii)
        return problem(job->work, SAPA_EDENIED, "customers' numbers want the right person");
    wish.format = as[begin_lines(job, &to)];
    rc = sapa_list_calls(&log, &wish);
    if (to.format == SAPA_FORMAT_JSON)
        end_list(job, 0);
    return rc == SAPA_OK && job->out->failed ? problem(job->work, SAPA_ELIMIT, "these are too many calls for one answer: ask for a shorter time") : rc;
}

static sapa_rc report_nodes(struct job *job)
{
    struct sapa_log_open log = { .store = job->files->store, .shelf = job->shelf };
    struct report_out to;
    const struct sapa_lines lines = { report_line, &to };
    int64_t from_s = 0, to_s = 0;

    if (!sapa_scope_whole(&job->work->scope))
        return problem(job->work, SAPA_EDENIED, "flows are of several clients together, and you are bound to some of them");
    sapa_rc rc = local_bounds(job, zone_of(job->work->centre), &from_s, &to_s);
    if (rc != SAPA_OK)
        return rc;
    const enum sapa_format format = begin_lines(job, &to);
    rc = sapa_list_nodes(&log, from_s, to_s, format, language_of(job), param(job, "only"), NULL, &lines);
    if (format == SAPA_FORMAT_JSON)
        sapa_json_close(job->out, ']'), sapa_json_close(job->out, '}');
    return rc == SAPA_ENOENT && param(job, "only")[0] ? problem(job->work, rc, "nobody was in a flow with the key \"%s\"", param(job, "only")) : rc;
}

/* What is aimed at for each of his team, and how it stands today. */
static sapa_rc my_targets(struct job *job, struct sapa_intervals *rows, uint32_t dim, int64_t today_s)
{
    const struct sapa_centre *centre = job->work->centre;
    struct sapa_goals *goals = malloc(sizeof(*goals));
    struct sapa_row row = { .kind = SAPA_ROWS_AGENTS };
    sapa_rc rc = goals ? sapa_targets_load(job->files->store, goals) : SAPA_ENOMEM;

    if (rc == SAPA_OK && dim != SAPA_NONE)
        rc = sapa_intervals_sum(rows, SAPA_ROWS_AGENTS, dim, &row);
    sapa_json_key(job->out, "targets");
    sapa_json_open(job->out, '[');
    for (uint32_t i = 0; rc == SAPA_OK && i < sapa_figure_count(); i++) {
        struct sapa_goal_found goal;
        if (sapa_goal_find(goals, centre, SAPA_ROWS_AGENTS, job->work->agent, i, sapa_goal_date(zone_of(centre), today_s), &goal))
            sapa_goal_json(&goal, i, sapa_goal_judge(&goal, i, sapa_figure_value(i, &row), false), SAPA_GOAL_NONE, job->out);
    }
    sapa_json_close(job->out, ']');
    free(goals);
    return rc;
}

/* Of today and one's own agent: the same fold and the same printer. */
static sapa_rc my_figures(struct job *job)
{
    const struct sapa_centre *centre = job->work->centre;
    const int64_t now_us = sapa_wall_us();
    struct sapa_interval_options bounds = { .grain = SAPA_GRAIN_DAY, .kinds = UINT32_C(1) << SAPA_ROWS_AGENTS };
    struct report_out to = { .out = job->out, .format = SAPA_FORMAT_JSON };
    const struct sapa_lines lines = { report_line, &to };
    struct sapa_figures *figures = NULL;
    struct sapa_report *report;
    struct sapa_intervals rows;
    bool more;

    if (job->work->agent >= centre->agents_count)
        return problem(job->work, SAPA_ESTATE, "who is no agent has no figures of his own: GET /api/v1/reports/agents has all");
    const struct sapa_str agent = centre->agents[job->work->agent].key;
    const struct sapa_print_options print = { .format = SAPA_FORMAT_JSON, .language = SAPA_LANGUAGE_EN, .only = agent };
    bounds.from_s = sapa_zone_span(zone_of(centre), SAPA_GRAIN_DAY, now_us / 1000000).from_s;
    sapa_json_open(job->out, '{');
    sapa_json_add_text(job->out, "agent", agent);
    sapa_json_add_time(job->out, "from", bounds.from_s * 1000000);
    sapa_json_add_time(job->out, "at", now_us);
    sapa_json_key(job->out, "figures");
    sapa_rc rc = sapa_figures_open(job->files->data, &figures);
    if (rc == SAPA_OK)
        rc = sapa_figures_fold(figures, 0, 0, NULL, &more);
    if (rc == SAPA_OK)
        rc = sapa_figures_rows(figures, bounds.kinds, bounds.from_s, 0, &report);
    if (rc == SAPA_OK) {
        sapa_intervals_init(&rows, sapa_memory_heap(), &report->names, &bounds);
        rc = sapa_intervals_group(&rows, &report->intervals);
        const size_t before = job->out->n;
        if (rc == SAPA_OK)
            rc = sapa_report_print(&rows, SAPA_ROWS_AGENTS, &print, &lines);
        if (rc == SAPA_ENOENT || (rc == SAPA_OK && job->out->n == before)) {
            sapa_json_null(job->out);
            rc = SAPA_OK;
        }
        if (rc == SAPA_OK)
            rc = my_targets(job, &rows, sapa_names_find(&report->names, SAPA_DIM_AGENT, agent), bounds.from_s);
        sapa_intervals_done(&rows);
    }
    sapa_figures_close(figures);
    sapa_json_close(job->out, '}');
    return rc;
}

/* ---- recordings ---- */

/* As it stands in paths: letters, digits, - and _; everything else is _ (channel/voice/record.c). */
static void folder_of(struct sapa_str key, char buf[SAPA_KEY_MAX + 1])
{
    (void)sapa_str_copy(key, buf, SAPA_KEY_MAX + 1);
    for (char *c = buf; *c; c++) {
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '-' || *c == '_'))
            *c = '_';
    }
}

static uint32_t client_of_path(const struct sapa_centre *centre, struct sapa_str path)
{
    struct sapa_str rest;
    const struct sapa_str folder = sapa_str_cut(path, '/', &rest);
    char buf[SAPA_KEY_MAX + 1];

    for (uint32_t i = 0; path.n > 0 && i < centre->clients_count; i++) {
        folder_of(centre->clients[i].key, buf);
        if (sapa_str_eq(folder, sapa_str_of(buf)))
            return i;
    }
    return SAPA_NONE;
}

struct found_file {
    char path[512];
    uint32_t client;
    int64_t day_us; /* UTC midnight before it began */
};

/* `SAPA_ENOENT`: gone, or its person was erased. */
static sapa_rc open_recording(struct job *job, uint64_t id, const char *path, struct sapa_recording_head *ret_head, struct sapa_recording **ret)
{
    struct sapa_key key;
    sapa_rc rc = sapa_recording_head_read(path, ret_head);

    if (rc == SAPA_OK)
        rc = sapa_recording_key_open(job->files->store, id, ret_head->wrapped, ret_head->wrapped_size, key.bytes);
    if (rc == SAPA_OK)
        rc = sapa_recording_open(path, &key, ret);
    sapa_wipe(&key, sizeof(key));
    return rc == SAPA_ENOENT ? problem(job->work, rc, "there is no recording %llu, or its person was erased", (unsigned long long)id)
           : rc != SAPA_OK   ? problem(job->work, rc, "the recording cannot be opened: %s", sapa_rc_text(rc))
                             : SAPA_OK;
}

/* The whole file, chunk by chunk, against the hash that the log has. Null: it has none. */
static sapa_rc add_intact(struct job *job, const struct sapa_rec_recording_state *state, const char *path)
{
    struct sapa_recording_head head;
    struct sapa_recording_info info;
    struct sapa_recording *open;
    char hash[SAPA_HASH_TEXT_SIZE];
    sapa_rc rc = open_recording(job, state->recording, path, &head, &open);

    if (rc != SAPA_OK)
        return rc;
    rc = sapa_recording_verify(open, &info);
    sapa_recording_close(open);
    if (rc != SAPA_OK && rc != SAPA_ECORRUPT)
        return rc;
    if (rc == SAPA_OK && state->hash.n == 0)
        sapa_json_add_null(job->out, "intact");
    else
        sapa_json_add_bool(job->out, "intact", rc == SAPA_OK && sapa_str_eq(sapa_str_of(sapa_hex(info.hash, sizeof(info.hash), hash)), sapa_sized_str(&state->hash)));
    return SAPA_OK;
}

static void recording_open_json(struct job *job, const struct sapa_record *record, uint32_t client)
{
    const struct sapa_rec_recording_state *state = &record->u.recording_state;
    struct sapa_json *out = job->out;

    sapa_json_open(out, '{');
    sapa_json_add_id(out, "id", state->recording);
    sapa_json_add_id(out, "contact", state->contact);
    if (client < job->work->centre->clients_count)
        sapa_json_add_text(out, "client", job->work->centre->clients[client].key);
    else
        sapa_json_add_null(out, "client");
    sapa_json_add_time(out, "ended", record->at_us);
    sapa_json_add_text(out, "state", sapa_str_of(state->state == 3 ? "complete" : state->state == 5 ? "cut" : "failed"));
    sapa_json_add_number(out, "recorded_ms", (int64_t)state->recorded_ms);
    sapa_json_add_number(out, "masked_ms", (int64_t)state->masked_ms);
    sapa_json_add_number(out, "bytes", (int64_t)state->bytes);
    if (state->hash.n > 0)
        sapa_json_add_text(out, "sha256", sapa_sized_str(&state->hash));
    else
        sapa_json_add_null(out, "sha256");
}

static bool is_ended(const struct sapa_record *record)
{
    return record->type == SAPA_T_recording_state && record->u.recording_state.recording != 0 &&
           record->u.recording_state.state >= 3 && record->u.recording_state.state <= 5;
}

/* A list of what `add` takes of the records in the wished time: it says false for those that are not meant. */
static sapa_rc list_records(struct job *job, bool (*add)(struct job *job))
{
    struct sapa_log_reader *reader;
    const size_t limit = limit_of(job);
    uint64_t seq, next = 0;
    int64_t to_us;
    size_t count = 0;
    const int64_t from_us = from_of(job);
    sapa_rc rc = begin_of(job, &seq, &to_us);

    if (rc != SAPA_OK)
        return rc;
    begin_list(job);
    if (seq != UINT64_MAX && (rc = open_reader(job, seq, true, &reader)) == SAPA_OK) {
        for (size_t n = 0; (rc = sapa_log_reader_next(reader, job->record)) == SAPA_OK && job->record->at_us < to_us; n++) {
            if (n == SCAN_MAX || count == limit) {
                next = job->record->seq;
                break;
            }
            count += job->record->at_us >= from_us && add(job);
        }
        sapa_log_reader_close(reader);
        rc = rc == SAPA_ENOENT ? SAPA_OK : rc;
    }
    end_list(job, next);
    return rc;
}

static bool add_recording(struct job *job)
{
    if (!is_ended(job->record))
        return false;
    const uint32_t client = client_of_path(job->work->centre, sapa_sized_str(&job->record->u.recording_state.path));
    if (!sapa_scope_client(&job->work->scope, client) ||
        sapa_web_desk_hears(job->files, job->work, job->shelf, job->record->u.recording_state.contact) != SAPA_OK)
        return false;
    recording_open_json(job, job->record, client);
    sapa_json_close(job->out, '}');
    return true;
}

static sapa_rc recordings(struct job *job)
{
    return list_records(job, add_recording);
}

static sapa_rc no_recording(struct job *job, uint64_t recording)
{
    return problem(job->work, SAPA_ENOENT, "there is no recording %llu", (unsigned long long)recording);
}

/* The file of a recording: it lies under its client and the UTC day on which it began. */
static sapa_rc find_file(struct job *job, uint64_t recording, struct found_file *ret)
{
    const struct sapa_centre *centre = job->work->centre;
    const int64_t today = sapa_wall_us() / DAY_US;

    for (int64_t day = today; day > today - DAYS_BACK && day >= 0; day--) {
        const struct sapa_civil civil = sapa_zone_civil(NULL, day * 86400);
        for (uint32_t i = 0; i < centre->clients_count; i++) {
            char folder[SAPA_KEY_MAX + 1];
            struct stat st;
            struct sapa_text text;
            if (!sapa_scope_client(&job->work->scope, i))
                continue;
            folder_of(centre->clients[i].key, folder);
            sapa_text_init(&text, ret->path, sizeof(ret->path));
            sapa_text_printf(&text, "%s/recordings/%s/%04d/%02u/%02u/%llu.srec", job->files->data, folder, civil.year,
                             civil.month, civil.day, (unsigned long long)recording);
            if (text.cut || stat(ret->path, &st) != 0 || !S_ISREG(st.st_mode))
                continue;
            ret->client = i;
            ret->day_us = day * DAY_US;
            return SAPA_OK;
        }
    }
    return no_recording(job, recording);
}

/* The contact that it is of: what the log says of it first, from when it began. */
static sapa_rc contact_of_file(struct job *job, uint64_t recording, const struct found_file *file, uint64_t *ret)
{
    struct sapa_recording_head head;
    struct sapa_log_reader *reader;
    uint64_t seq;
    sapa_rc rc = sapa_recording_head_read(file->path, &head);

    if (rc == SAPA_OK)
        rc = sapa_store_seek(job->files->store, head.start_us - BEFORE_US, &seq);
    if (rc != SAPA_OK || (rc = open_reader(job, seq, true, &reader)) != SAPA_OK)
        return rc;
    while ((rc = sapa_log_reader_next(reader, job->record)) == SAPA_OK && job->record->at_us < file->day_us + 3 * DAY_US) {
        if (job->record->type == SAPA_T_recording_state && job->record->u.recording_state.recording == recording)
            break;
    }
    sapa_log_reader_close(reader);
    if (rc == SAPA_OK && job->record->type == SAPA_T_recording_state && job->record->u.recording_state.recording == recording)
        *ret = job->record->u.recording_state.contact;
    else
        rc = rc == SAPA_OK ? SAPA_ENOENT : rc;
    return rc;
}

/* Its file, if it may be heard. */
static sapa_rc find_recording(struct job *job, uint64_t recording, struct found_file *ret)
{
    const struct sapa_scope *scope = &job->work->scope;
    uint64_t contact;
    sapa_rc rc = find_file(job, recording, ret);

    if (rc != SAPA_OK || job->work->goes_on || (scope->team_count == 0 && scope->agent == SAPA_NONE))
        return rc;
    rc = contact_of_file(job, recording, ret, &contact);
    if (rc == SAPA_OK)
        rc = sapa_web_desk_hears(job->files, job->work, job->shelf, contact);
    return rc == SAPA_ENOENT ? no_recording(job, recording) : rc;
}

static sapa_rc recording(struct job *job)
{
    const uint64_t id = number_of(job, "recording", 0);
    struct found_file file;
    struct sapa_log_reader *reader;
    uint64_t seq;
    sapa_rc rc = find_recording(job, id, &file);

    if (rc == SAPA_OK)
        rc = sapa_store_seek(job->files->store, file.day_us, &seq);
    if (rc != SAPA_OK || (rc = open_reader(job, seq, true, &reader)) != SAPA_OK)
        return rc;
    while ((rc = sapa_log_reader_next(reader, job->record)) == SAPA_OK && job->record->at_us < file.day_us + 3 * DAY_US) {
        if (!is_ended(job->record) || job->record->u.recording_state.recording != id)
            continue;
        recording_open_json(job, job->record, file.client);
        if (strcmp(param(job, "check"), "true") == 0)
            rc = add_intact(job, &job->record->u.recording_state, file.path);
        sapa_json_close(job->out, '}');
        break;
    }
    sapa_log_reader_close(reader);
    if (rc != SAPA_OK && job->out->n > 0)
        return rc;
    if (rc == SAPA_ENOENT || (rc == SAPA_OK && job->out->n == 0))
        rc = problem(job->work, SAPA_ESTATE, "the recording has not ended yet");
    return rc;
}

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)value, at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint64_t value)
{
    put16(at, (unsigned)(value & 0xffff)), put16(at + 2, (unsigned)(value >> 16 & 0xffff));
}

static void wav_head(uint8_t head[WAV_HEAD], unsigned channels, uint64_t bytes)
{
    memcpy(head, "RIFF....WAVEfmt ", 16);
    put32(head + 4, bytes + WAV_HEAD - 8);
    put32(head + 16, 16);
    put16(head + 20, 1);
    put16(head + 22, channels);
    put32(head + 24, SAPA_RECORDING_RATE);
    put32(head + 28, SAPA_RECORDING_RATE * channels * 2);
    put16(head + 32, channels * 2);
    put16(head + 34, 16);
    memcpy(head + 36, "data", 4);
    put32(head + 40, bytes);
}

/* Samples of the bytes from..to of the WAV file. */
static sapa_rc wav_bytes(struct job *job, struct sapa_recording *open, unsigned channels, uint64_t from, uint64_t to, uint64_t total)
{
    uint8_t head[WAV_HEAD];
    const size_t frame = channels * 2;
    int16_t pcm[2 * SAPA_RECORDING_FRAMES];

    wav_head(head, channels, total - WAV_HEAD);
    if (from < WAV_HEAD)
        sapa_json_bytes(job->out, head + from, (size_t)(SAPA_MIN(to, (uint64_t)WAV_HEAD) - from));
    from = SAPA_MAX(from, (uint64_t)WAV_HEAD);
    while (from < to) {
        const uint64_t at = from - WAV_HEAD;
        const size_t skip = (size_t)(at % frame), wanted = (size_t)SAPA_MIN((to - from + skip + frame - 1) / frame, (uint64_t)SAPA_RECORDING_FRAMES);
        size_t frames = 0;
        const sapa_rc rc = sapa_recording_read_pcm(open, at / frame, wanted, pcm, &frames);
        if (rc != SAPA_OK)
            return rc;
        if (frames == 0) { /* cut short: silence, for the length was promised */
            memset(pcm, 0, sizeof(pcm));
            frames = wanted;
        }
        const size_t n = (size_t)SAPA_MIN((uint64_t)(frames * frame - skip), to - from);
        sapa_json_bytes(job->out, (const uint8_t *)pcm + skip, n); /* little endian, as this machine is */
        from += n;
    }
    return SAPA_OK;
}

sapa_rc sapa_web_recording(struct job *job, uint64_t recording, uint64_t *ret_contact, int64_t *ret_length_ms)
{
    struct sapa_recording_head head;
    struct sapa_recording *open = NULL;
    struct found_file file;
    sapa_rc rc = find_recording(job, recording, &file);

    if (rc == SAPA_OK)
        rc = contact_of_file(job, recording, &file, ret_contact);
    if (rc == SAPA_ENOENT)
        return no_recording(job, recording);
    if (rc == SAPA_OK)
        rc = open_recording(job, recording, file.path, &head, &open);
    if (rc != SAPA_OK)
        return rc;
    *ret_length_ms = (int64_t)(sapa_recording_frames(open) * 1000 / SAPA_RECORDING_RATE);
    sapa_recording_close(open);
    return SAPA_OK;
}

/* Of the path; or of a coaching note, which lets its agent hear this one, whatever else he may hear. */
static sapa_rc find_audio(struct job *job, uint64_t *ret_id, struct found_file *ret)
{
    *ret_id = number_of(job, "recording", 0);
    if (job->work->route != SAPA_ROUTE_COACH_AUDIO)
        return find_recording(job, *ret_id, ret);
    const sapa_rc rc = sapa_web_coach_recording(job, ret_id);
    return rc == SAPA_OK ? find_file(job, *ret_id, ret) : rc;
}

static sapa_rc audio(struct job *job)
{
    struct sapa_web_work *work = job->work;
    struct sapa_recording_head head;
    struct sapa_recording *open = NULL;
    struct found_file file;
    uint64_t id;
    sapa_rc rc = find_audio(job, &id, &file);

    if (rc == SAPA_OK)
        rc = open_recording(job, id, file.path, &head, &open);
    if (rc != SAPA_OK)
        return rc;
    work->total = WAV_HEAD + sapa_recording_frames(open) * head.channels * 2;
    if (work->from == UINT64_MAX) { /* the last `to` bytes */
        work->from = work->total - SAPA_MIN(work->to, work->total);
        work->to = work->total;
    }
    if (work->from >= work->total) {
        work->from = work->total + 1; /* no such range */
    } else {
        work->to = SAPA_MIN(work->to, work->total);
        rc = wav_bytes(job, open, head.channels, work->from, SAPA_MIN(work->to, work->from + AUDIO_CHUNK), work->total);
    }
    sapa_recording_close(open);
    return rc;
}

/* ---- the description, audit, tokens ---- */

static sapa_rc centre_text(struct job *job, const char *hash)
{
    uint8_t *text;
    size_t size;
    const sapa_rc rc = strlen(hash) == 64 ? sapa_store_document(job->files->store, hash, &text, &size) : SAPA_ENOENT;

    if (rc != SAPA_OK)
        return problem(job->work, rc, "there is no description %.64s", hash);
    sapa_json_open(job->out, '{');
    sapa_json_add_text(job->out, "hash", sapa_str_of(hash));
    sapa_json_add_text(job->out, "text", (struct sapa_str){ (const char *)text, size });
    sapa_json_close(job->out, '}');
    free(text);
    return SAPA_OK;
}

static void audit_json(struct job *job, const struct sapa_record *record)
{
    const struct sapa_rec_api_write *write = &record->u.api_write;
    struct sapa_json *out = job->out;

    sapa_json_open(out, '{');
    sapa_json_add_id(out, "seq", record->seq);
    sapa_json_add_time(out, "at", record->at_us);
    sapa_json_add_id(out, "request", write->request);
    sapa_json_add_text(out, "actor", sapa_sized_str(&write->actor));
    sapa_json_add_text(out, "role", sapa_sized_str(&write->role));
    sapa_json_add_text(out, "source", sapa_sized_str(&write->source));
    sapa_json_add_text(out, "what", sapa_sized_str(&write->what));
    sapa_json_add_text(out, "detail", sapa_sized_str(&write->detail));
    sapa_json_add_text(out, "result", sapa_str_of(sapa_rc_name((sapa_rc)-(int)write->rc)));
    sapa_json_close(out, '}');
}

static bool add_audit(struct job *job)
{
    if (job->record->type != SAPA_T_api_write)
        return false;
    audit_json(job, job->record);
    return true;
}

/* What a check of a line has shown stands in the audit record of its request, whole. */
static bool add_network(struct job *job)
{
    const struct sapa_rec_api_write *write = &job->record->u.api_write;
    struct sapa_json *out = job->out;
    static const char *const numbers[] = { "rtt_ms", "loss_permille", "jitter_ms", "mos_x100" }, *const words[] = { "codec", "device", "path" };

    if (job->record->type != SAPA_T_api_write || write->rc != 0 ||
        !sapa_str_eq(sapa_sized_str(&write->what), SAPA_STR("POST /api/v1/me/network")))
        return false;
    json_t *body = json_loadb(write->detail.p, write->detail.n, 0, NULL);
    const char *kind = json_string_value(json_object_get(body, "kind"));
    if (!kind) {
        json_decref(body);
        return false;
    }
    sapa_json_open(out, '{');
    sapa_json_add_id(out, "seq", job->record->seq);
    sapa_json_add_time(out, "at", job->record->at_us);
    sapa_json_add_text(out, "user", sapa_sized_str(&write->actor));
    sapa_json_add_text(out, "source", sapa_sized_str(&write->source));
    sapa_json_add_text(out, "kind", sapa_str_of(kind));
    for (size_t i = 0; i < SAPA_COUNT(numbers); i++) {
        const json_t *value = json_object_get(body, numbers[i]);
        if (value)
            sapa_json_add_number(out, numbers[i], json_integer_value(value));
        else
            sapa_json_add_null(out, numbers[i]);
    }
    for (size_t i = 0; i < SAPA_COUNT(words); i++) {
        const char *value = json_string_value(json_object_get(body, words[i]));
        if (value)
            sapa_json_add_text(out, words[i], sapa_str_of(value));
        else
            sapa_json_add_null(out, words[i]);
    }
    sapa_json_close(out, '}');
    json_decref(body);
    return true;
}

static sapa_rc networks(struct job *job)
{
    return list_records(job, add_network);
}

/* Answers of the last day to requests with an Idempotency-Key, the newest of each. */
static sapa_rc remembered(struct job *job)
{
    const int64_t now_us = sapa_wall_us();
    struct sapa_log_reader *reader;
    uint64_t seq;
    sapa_rc rc = sapa_store_seek(job->files->store, now_us - DAY_US, &seq);

    if (rc != SAPA_OK)
        return rc == SAPA_ENOENT ? SAPA_OK : rc;
    if ((rc = open_reader(job, seq, true, &reader)) != SAPA_OK)
        return rc;
    while ((rc = sapa_log_reader_next(reader, job->record)) == SAPA_OK) {
        const struct sapa_rec_api_write *write = &job->record->u.api_write;
        struct sapa_web_remembered one;
        if (job->record->type != SAPA_T_api_write || write->idempotent.n != 2 * sizeof(uint64_t) || job->record->at_us < now_us - DAY_US)
            continue;
        const int32_t result = (int32_t)-(int64_t)write->rc;
        if (result == SAPA_EAGAIN || result == SAPA_ELIMIT || result == SAPA_EIO || result == SAPA_ENOMEM)
            continue; /* may be tried again */
        memset(&one, 0, sizeof(one));
        memcpy(&one.key, write->idempotent.p, sizeof(one.key));
        memcpy(&one.request_hash, write->idempotent.p + sizeof(one.key), sizeof(one.request_hash));
        one.seq = job->record->seq;
        one.age_us = now_us - job->record->at_us;
        one.rc = result;
        (void)sapa_str_copy(sapa_sized_str(&write->answer), one.answer, sizeof(one.answer));
        if (result == SAPA_OK && strcmp(one.answer, SAPA_WEB_ANSWER_UNTOLD) == 0)
            one.rc = SAPA_ESTATE;
        sapa_json_bytes(job->out, &one, sizeof(one));
    }
    sapa_log_reader_close(reader);
    return rc == SAPA_ENOENT ? SAPA_OK : rc;
}

static sapa_rc audits(struct job *job)
{
    return list_records(job, add_audit);
}

/* Times and names as they were then; may who asks see it? By keys of now. */
static bool add_denied(struct job *job)
{
    static const uint32_t nobody[SAPA_WEB_OTHERS_MAX] = { 0 };
    const struct sapa_rec_call_denied *in = &job->record->u.call_denied;
    const struct sapa_web_work *work = job->work;
    const char *only_agent = param(job, "agent"), *only_client = param(job, "client");
    char buf[400];
    struct sapa_text line;

    if (job->record->type == SAPA_T_centre_started)
        job->then = sapa_centre_shelf_get(job->shelf, sapa_sized_str(&job->record->u.centre_started.centre_hash));
    if (job->record->type != SAPA_T_call_denied || !job->then)
        return false;
    const struct sapa_centre *then = job->then;
    const struct sapa_str agent = in->agent < then->agents_count ? then->agents[in->agent].key : SAPA_STR(""),
                          client = in->client < then->clients_count ? then->clients[in->client].key : SAPA_STR("");
    if ((only_agent[0] && !sapa_str_eq(agent, sapa_str_of(only_agent))) || (only_client[0] && !sapa_str_eq(client, sapa_str_of(only_client))) ||
        !sapa_scope_hands(&work->scope, work->centre, SAPA_FIND(work->centre, clients, client), SAPA_FIND(work->centre, agents, agent), nobody))
        return false;
    const struct sapa_why_words words = { .centre = then, .language = strcmp(param(job, "language"), "id") == 0 ? SAPA_LANGUAGE_ID : SAPA_LANGUAGE_EN };
    sapa_text_init(&line, buf, sizeof(buf));
    sapa_denied_print(job->record, &words, zone_of(then), &line);
    sapa_json_open(job->out, '{');
    sapa_json_add_id(job->out, "seq", job->record->seq);
    sapa_json_add_time(job->out, "at", job->record->at_us);
    sapa_json_add_word(job->out, "agent", agent);
    sapa_json_add_text(job->out, "why", sapa_str_of(sapa_call_denial_name((unsigned)in->why)));
    sapa_json_add_text(job->out, "kind", sapa_str_of(sapa_target_name((unsigned)in->kind)));
    sapa_json_add_word(job->out, "client", client);
    sapa_json_add_word(job->out, "campaign", in->campaign > 0 && in->campaign <= then->campaigns_count ? then->campaigns[in->campaign - 1].key : SAPA_STR(""));
    sapa_json_add_id(job->out, "contact", in->contact);
    sapa_json_add_text(job->out, "text", sapa_text_str(&line));
    sapa_json_close(job->out, '}');
    return true;
}

static sapa_rc denied(struct job *job)
{
    uint64_t seq;
    int64_t to_us;
    sapa_rc rc = begin_of(job, &seq, &to_us);

    if (rc == SAPA_OK && seq != UINT64_MAX)
        rc = centre_at(job, seq, &job->then);
    return rc == SAPA_OK || rc == SAPA_ENOENT ? list_records(job, add_denied) : rc; /* none yet: it comes with the first record */
}

static void add_token(void *ctx, const struct sapa_token *token)
{
    sapa_token_json(token, ctx);
}

static sapa_rc tokens(struct job *job)
{
    sapa_json_open(job->out, '{');
    sapa_json_key(job->out, "items");
    sapa_json_open(job->out, '[');
    const sapa_rc rc = sapa_token_each(job->files->store, add_token, job->out);
    sapa_json_close(job->out, ']');
    sapa_json_close(job->out, '}');
    return rc;
}

static sapa_rc token_new(struct job *job)
{
    char secret[SAPA_TOKEN_TEXT_SIZE];
    struct sapa_token token;
    const sapa_rc rc = sapa_token_create(job->files->store, &job->work->token, secret, &token);

    if (rc != SAPA_OK)
        return rc == SAPA_EINVAL ? problem(job->work, rc, "a user and a role are wanted, and an agent for the role agent; names are without blanks and commas") : rc;
    sapa_json_open(job->out, '{');
    sapa_json_add_text(job->out, "secret", sapa_str_of(secret));
    sapa_json_key(job->out, "token");
    sapa_token_json(&token, job->out);
    sapa_json_close(job->out, '}');
    sapa_wipe(secret, sizeof(secret));
    return SAPA_OK;
}

static sapa_rc token_end(struct job *job)
{
    const sapa_rc rc = sapa_token_revoke(job->files->store, number_of(job, "token", 0));

    if (rc == SAPA_ENOENT)
        return problem(job->work, rc, "there is no token %s", param(job, "token"));
    else if (rc == SAPA_ESTATE)
        return problem(job->work, rc, "the token is revoked already");
    return rc;
}

void sapa_web_work(const struct sapa_web_files *files, struct sapa_web_work *work)
{
    struct job job = { .files = files, .work = work, .out = &work->out, .record = malloc(sizeof(struct sapa_record)) };

    job.shelf = sapa_centre_shelf_of_thread(files->store);
    work->rc = job.record && job.shelf ? SAPA_OK : SAPA_ENOMEM;
    if (work->rc == SAPA_OK) {
        switch (work->route) {
        case SAPA_ROUTE_PAST: work->rc = past(&job); break;
        case SAPA_ROUTE_COUNTED: work->rc = counted(&job); break;
        case SAPA_ROUTE_CONTACT: work->rc = contact(&job); break;
        case SAPA_ROUTE_WORK:
        case SAPA_ROUTE_TASK_NEW:
        case SAPA_ROUTE_TASK_SET:
        case SAPA_ROUTE_FAVOURITES:
        case SAPA_ROUTE_FAVOURITES_PUT:
        case SAPA_ROUTE_MY_TASKS:
        case SAPA_ROUTE_MY_TASK_SET:
        case SAPA_ROUTE_DISPOSITIONS:
        case SAPA_ROUTE_CARD:
        case SAPA_ROUTE_CALLED_SET:
        case SAPA_ROUTE_PARTY_SET:
        case SAPA_ROUTE_NOTE: work->rc = sapa_web_desk(files, work, job.shelf); break;
        case SAPA_ROUTE_WHY: work->rc = why(&job); break;
        case SAPA_ROUTE_PEOPLE: work->rc = people(&job); break;
        case SAPA_ROUTE_PERSON: work->rc = person(&job); break;
        case SAPA_ROUTE_ERASE: work->rc = erase(&job); break;
        case SAPA_ROUTE_PERSON_MERGE: work->rc = merge(&job); break;
        case SAPA_ROUTE_MERGE_END: work->rc = merge_end(&job); break;
        case SAPA_ROUTE_MY_FIGURES: work->rc = my_figures(&job); break;
        case SAPA_ROUTE_NETWORKS: work->rc = networks(&job); break;
        case SAPA_ROUTE_SYSTEM: work->rc = files->system ? sapa_web_system(files->system, work) : SAPA_ENOENT; break;
        case SAPA_ROUTE_REPORT: work->rc = report(&job); break;
        case SAPA_ROUTE_REPORT_CALLS: work->rc = report_calls(&job); break;
        case SAPA_ROUTE_REPORT_NODES: work->rc = report_nodes(&job); break;
        case SAPA_ROUTE_RECORDINGS: work->rc = recordings(&job); break;
        case SAPA_ROUTE_RECORDING: work->rc = recording(&job); break;
        case SAPA_ROUTE_AUDIO:
        case SAPA_ROUTE_COACH_AUDIO: work->rc = audio(&job); break;
        case SAPA_ROUTE_COACH_MARKS:
        case SAPA_ROUTE_COACH_NOTES:
        case SAPA_ROUTE_COACH_NEW:
        case SAPA_ROUTE_COACH_DONE:
        case SAPA_ROUTE_COACH_END: work->rc = sapa_web_coach(&job); break;
        case SAPA_ROUTE_TICKETS:
        case SAPA_ROUTE_TICKET:
        case SAPA_ROUTE_TICKET_NEW:
        case SAPA_ROUTE_TICKET_SET:
        case SAPA_ROUTE_TICKET_ENTRY: work->rc = sapa_web_ticket(&job); break;
        case SAPA_ROUTE_CENTRE: work->rc = centre_text(&job, work->centre->hash); break;
        case SAPA_ROUTE_VERSION: work->rc = centre_text(&job, param(&job, "hash")); break;
        case SAPA_ROUTE_AUDIT: work->rc = audits(&job); break;
        case SAPA_ROUTE_DENIED: work->rc = denied(&job); break;
        case SAPA_ROUTE_COUNT: work->rc = remembered(&job); break;
        case SAPA_ROUTE_TOKENS: work->rc = tokens(&job); break;
        case SAPA_ROUTE_TOKEN_NEW: work->rc = token_new(&job); break;
        case SAPA_ROUTE_TOKEN_END: work->rc = token_end(&job); break;
        case SAPA_ROUTE_WALLS:
        case SAPA_ROUTE_WALL:
        case SAPA_ROUTE_WALL_PUT:
        case SAPA_ROUTE_WALL_END:
        case SAPA_ROUTE_WALL_LINK:
        case SAPA_ROUTE_WALL_UNLINK: work->rc = sapa_web_wall(files, work); break;
        case SAPA_ROUTE_GOALS:
        case SAPA_ROUTE_GOALS_PUT:
        case SAPA_ROUTE_GOAL_VERSIONS: work->rc = sapa_web_target(files, work); break;
        case SAPA_ROUTE_SHIFTS:
        case SAPA_ROUTE_SHIFTS_PUT:
        case SAPA_ROUTE_AGENT_DAY:
        case SAPA_ROUTE_ADHERENCE: work->rc = sapa_web_shift(files, work); break;
        default: work->rc = sapa_web_admin(&job); break;
        }
    }
    free(job.record);
}
