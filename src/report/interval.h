/**
 * @file report/interval.h
 * Figures per quarter hour (or longer), per queue, agent, client and number.
 *
 * What counts where: a contact stands in the interval in which it *arrived* (a stay in a queue: in
 * which it joined the queue), with everything that becomes of it, so that each row adds up exactly:
 *     offered = answered + abandoned + contained + … + open.
 * Time of agents stands in the interval in which it passed, so that an hour has at most sixty minutes.
 * Talk of a contact is attributed to its arrival, talk of an agent is split at the borders; each agent's
 * part stands in the distribution of handling where the agent parted.
 * Distributions are kept in buckets (report/hist.h): rows can be joined, and memory does not grow with calls.
 *
 * Rows are sums, so they can be taken out in pieces (`sapa_intervals_drain()`), kept elsewhere and joined
 * again in any order: that is how a month is read without its log (docs/design/figures.md).
 *
 * Room    report: base, model; pure.   Thread  the fold's.   Owner  sapa_intervals_init() .. _done().
 * Tests   report/interval_test.c, report_test.c   Design  docs/design/numbers.md
 */
#ifndef SAPA_REPORT_INTERVAL_H
#define SAPA_REPORT_INTERVAL_H

#include "base/table.h"
#include "report/call.h"
#include "report/hist.h"
#include "report/kpi.h"
#include "report/names.h"
#include "report/zone.h"

/** What a row is about. TOTAL is the whole centre; REASON is one agent's not-ready reason; TRUNK has lines that we placed;
 *  CAMPAIGN the calls that agents placed for it. Numbers stand in snapshots. */
enum sapa_rows {
    SAPA_ROWS_TOTAL, SAPA_ROWS_CLIENTS, SAPA_ROWS_NUMBERS, SAPA_ROWS_QUEUES, SAPA_ROWS_AGENTS,
    SAPA_ROWS_REASONS, SAPA_ROWS_TRUNKS, SAPA_ROWS_CAMPAIGNS, SAPA_ROWS_COUNT
};

struct sapa_interval_options {
    enum sapa_grain grain;
    const struct sapa_zone *zone; /* NULL: that of the description in force */
    int64_t from_s, to_s;         /* rows that begin in [from_s, to_s) are kept; to_s 0: no end */
    uint32_t kinds;               /* bit 1 << enum sapa_rows; 0: all */
    uint32_t rows_max;            /* 0: 4 million */
    bool by_team;                 /* rows of agents are of their teams as they are described, all joined; `dim` is of a team */
    /* NULL, or told what each contact adds to the row of a queue or an agent that is kept: whoever wants to know what a figure is made of */
    void (*counted)(void *ctx, enum sapa_rows kind, uint32_t dim, uint64_t contact, enum sapa_measure measure, int64_t value);
    void *counted_ctx;
};

/** One row, made for the caller. */
struct sapa_row {
    struct sapa_span span;
    enum sapa_rows kind;
    uint32_t dim;                 /* of client, number, queue or agent; SAPA_NONE for "unknown" */
    uint32_t reason;              /* with SAPA_ROWS_REASONS */
    struct sapa_measures m;
    struct sapa_hist dists[SAPA_DIST_COUNT]; /* enum sapa_dist; entries live as long as the row */
    uint32_t wait_count;          /* of the answered */
    uint32_t wait_p50_ms, wait_p90_ms;
    int64_t first_in_us, last_out_us; /* agents: first login, last logout in the interval; 0 none */
};

struct sapa_intervals {
    const struct sapa_names *names;
    struct sapa_interval_options options;
    const struct sapa_memory *memory;
    uint64_t seq;
    int64_t now_us;
    struct sapa_span span;        /* the last interval looked up */
    struct sapa_table rows;       /* of contacts: struct contact_row of interval.c */
    struct sapa_table agent_rows;
    struct sapa_table contacts;   /* open */
    struct sapa_table offers;     /* open */
    struct sapa_table parts;      /* agents' parts that are open */
    struct sapa_table agents;     /* by dimension */
    struct sapa_table lines;      /* that we have placed, answered */
    uint64_t about;               /* contact of the record that is folded, 0 none */
    uint64_t line_last;           /* key of the last line */
    struct sapa_interval_calling { /* the agent_call that the next contact_new belongs to */
        uint64_t contact, agent, beside;
    } calling;
    struct sapa_table surges;     /* switches that are on: 0 for all clients, else the client's dimension + 1 */
    int64_t surged_us;            /* surges before this are in the rows */
    void *chunks;                 /* of distributions, see interval.c */
    uint32_t chunk_room, chunk_used;
    uint32_t *entries;            /* of the row that is being read */
    uint32_t entry_room;
    uint64_t *dense;              /* scratch: counts by bucket */
    sapa_rc failed;               /* sticky: figures would be wrong from then on */
};

void sapa_intervals_init(struct sapa_intervals *fold, const struct sapa_memory *memory,
                         const struct sapa_names *names, const struct sapa_interval_options *options);
void sapa_intervals_done(struct sapa_intervals *fold);
/** As sapa_calls_fold(). */
SAPA_MUST_CHECK sapa_rc sapa_intervals_fold(struct sapa_intervals *fold, const struct sapa_record *record);
/** A finished call record of the same log: its recording meter, audio legs and survey answers. What fails
 *  here makes every later call fail. */
void sapa_intervals_call(struct sapa_intervals *fold, const struct sapa_call *call);
struct sapa_shift_sides;
/**
 * What came of an agent's plan is added to his rows: scheduled, in schedule, worked (report/shift.h), for [from_us, to_us) and in the
 * bounds of the fold. The log has no plan: rows that are kept or compared with others are without.
 */
SAPA_MUST_CHECK sapa_rc sapa_intervals_planned(struct sapa_intervals *fold, uint32_t dim, const struct sapa_shift_sides *sides, int64_t from_us, int64_t to_us);
/** Let go of every row that begins before `from_s`, and keep none from then on: for the screen of today. */
SAPA_MUST_CHECK sapa_rc sapa_intervals_forget(struct sapa_intervals *fold, int64_t from_s);
/**
 * The row of one dimension in the interval that holds `at_us`; zeros when nothing happened. O(1):
 * its distributions are empty.
 */
SAPA_MUST_CHECK sapa_rc sapa_intervals_get(struct sapa_intervals *fold, enum sapa_rows kind, uint32_t dim,
                                           int64_t at_us, struct sapa_row *ret_row);
/**
 * The same with its distributions, so that every figure can be read from it: for whoever shows more of a row than
 * the screen does. They live until the next row is read. @retval SAPA_ENOMEM
 */
SAPA_MUST_CHECK sapa_rc sapa_intervals_read(struct sapa_intervals *fold, enum sapa_rows kind, uint32_t dim,
                                            int64_t at_us, struct sapa_row *ret_row);
/** Time has come so far without a record: agents' time up to now is counted. Never backwards. */
SAPA_MUST_CHECK sapa_rc sapa_intervals_until(struct sapa_intervals *fold, int64_t now_us);

/**
 * Every row of a kind, by interval, then by dimension in the order of the description.
 * @param each  the row lives for the call   @retval SAPA_ENOMEM
 */
SAPA_MUST_CHECK sapa_rc sapa_intervals_each(struct sapa_intervals *fold, enum sapa_rows kind,
                                            void (*each)(void *ctx, const struct sapa_row *row), void *ctx);
/** All intervals of one dimension joined into one row; zeros when there is none. SAPA_NONE dim: of all. */
SAPA_MUST_CHECK sapa_rc sapa_intervals_sum(struct sapa_intervals *fold, enum sapa_rows kind, uint32_t dim,
                                           struct sapa_row *ret_row);

/** What a piece of a row is about; pieces of one row have the same place. Orders by kind, then by time. */
struct sapa_row_place {
    enum sapa_rows kind;
    uint64_t key; /* begins with the minute of the interval: see sapa_row_key_min() */
};
/** The smallest key of rows whose interval begins at `from_s` or later. */
uint64_t sapa_row_key_min(int64_t from_s);
enum { SAPA_ROW_PIECE_MAX = 65536 }; /* bytes of a piece */
/** A number that differs when pieces of this build mean something else than those of another. */
uint32_t sapa_row_schema(void);
/**
 * Hand out every row as a piece and let all of them go; what is going on stays, so that folding goes on.
 * `stored` may give the piece that is kept under this place already (false: none): it is joined to the row
 * before the row is handed out, so that `put` replaces it.
 * @retval SAPA_EIO  `put` has refused; the rows are all there still, stored pieces joined: begin anew
 */
SAPA_MUST_CHECK sapa_rc sapa_intervals_drain(struct sapa_intervals *fold,
                                             bool (*stored)(void *ctx, struct sapa_row_place place, struct sapa_str *ret),
                                             bool (*put)(void *ctx, struct sapa_row_place place, struct sapa_str piece),
                                             void *ctx);
/** Join a piece to the rows, if it is wanted (kinds, from_s, to_s). @retval SAPA_ECORRUPT  no such piece; nothing changed */
SAPA_MUST_CHECK sapa_rc sapa_intervals_join(struct sapa_intervals *fold, struct sapa_str piece);
/**
 * Do two folds that should be the same hold the same rows? What is going on is not compared.
 * @param ret_rows         rows looked at
 * @param ret_differences  rows that one has and the other has not, or that say something else
 * @param first            gets the first of them as a sentence
 */
SAPA_MUST_CHECK sapa_rc sapa_intervals_compare(struct sapa_intervals *a, struct sapa_intervals *b, uint64_t *ret_rows,
                                               uint64_t *ret_differences, struct sapa_text *first);
/**
 * Join all rows of `from` that are wanted here into this fold's longer intervals; `from` has quarter hours.
 * Bounds are those of the short intervals: a week that begins before from_s has the days since then.
 */
SAPA_MUST_CHECK sapa_rc sapa_intervals_group(struct sapa_intervals *fold, const struct sapa_intervals *from);

SAPA_MUST_CHECK sapa_rc sapa_intervals_save(const struct sapa_intervals *fold, const struct sapa_save *save);
/** Into a fold fresh from sapa_intervals_init() with the same grain (else SAPA_ESTATE). */
SAPA_MUST_CHECK sapa_rc sapa_intervals_load(struct sapa_intervals *fold, const struct sapa_load *load);

#endif
