#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "report/fixture_impl.h"
#include "report/report.h"

static struct gen gen; /* large: not on the stack */

/* ---- a few records by hand: what counts where ---- */

struct hand {
    struct sapa_centre centre;
    struct sapa_names names;
    struct sapa_intervals fold;
    uint64_t seq;
};

static void hand_begin(struct hand *hand, uint32_t zone, enum sapa_grain grain, const struct sapa_number *numbers)
{
    hand->centre = fix_centre(zone);
    if (numbers)
        hand->centre.numbers = numbers;
    sapa_names_init(&hand->names, sapa_memory_heap());
    assert_int_equal(sapa_names_take(&hand->names, &hand->centre), SAPA_OK);
    sapa_intervals_init(&hand->fold, sapa_memory_heap(), &hand->names, &(struct sapa_interval_options){ .grain = grain });
    hand->seq = 0;
}

static void hand_done(struct hand *hand)
{
    sapa_intervals_done(&hand->fold);
    sapa_names_done(&hand->names);
}

#define TELL(hand, at_ms, name, ...)                                                   \
    do {                                                                               \
        struct sapa_record record_;                                                    \
        sapa_record_init(&record_, SAPA_T_##name);                                     \
        record_.at_us = (at_ms) * INT64_C(1000);                                       \
        record_.seq = ++(hand)->seq;                                                   \
        record_.u.name = (struct sapa_rec_##name){ __VA_ARGS__ };                      \
        assert_int_equal(sapa_intervals_fold(&(hand)->fold, &record_), SAPA_OK);       \
    } while (0)

static struct sapa_row row_at(struct hand *hand, enum sapa_rows kind, uint32_t dim, int64_t at_s)
{
    struct sapa_row row;

    assert_int_equal(sapa_intervals_get(&hand->fold, kind, dim, at_s * 1000000, &row), SAPA_OK);
    return row;
}
#define OF(row, id) ((row).m.of[SAPA_M_##id])

/*
 * A call comes at 07:59:59, joins the queue at 08:14:59.999, is answered at 08:15:00.001 and talks until 08:45:00,
 * wraps up until 08:46: the contact counts at 07:45, its stay at 08:00, the agent's time is cut at the borders, and
 * the agent's part stands where the agent parted.
 */
static void test_borders(void **state)
{
    static struct hand hand;
    const int64_t eight = FIX_MIDNIGHT_S * 1000 + 8 * 3600000;

    (void)state;
    hand_begin(&hand, 0, SAPA_GRAIN_QUARTER, NULL);
    TELL(&hand, eight - 3600000, agent_moved, .agent = 0, .from = SAPA_PRESENCE_OFFLINE, .to = SAPA_PRESENCE_READY,
         .reason = SAPA_NONE);
    TELL(&hand, eight - 1000, contact_new, .contact = 1, .client = 0, .number = 0);
    TELL(&hand, eight + 899999, contact_queued, .contact = 1, .queue = 0);
    TELL(&hand, eight + 899999, offer_made, .offer = 9, .contact = 1, .agent = 0, .queue = 0);
    TELL(&hand, eight + 899999, assignment_moved, .agent = 0, .contact = 1, .offer = 9, .from = SAPA_ASSIGNMENT_NONE,
         .to = SAPA_ASSIGNMENT_OFFERED);
    TELL(&hand, eight + 900001, offer_ended, .offer = 9, .contact = 1, .agent = 0, .queue = 0,
         .result = SAPA_OFFER_ACCEPTED, .ring_ms = 2);
    TELL(&hand, eight + 900001, assignment_moved, .agent = 0, .contact = 1, .offer = 9, .from = SAPA_ASSIGNMENT_OFFERED,
         .to = SAPA_ASSIGNMENT_TALKING);
    TELL(&hand, eight + 900001, contact_dequeued, .contact = 1, .queue = 0, .reason = SAPA_DEQUEUE_CONNECTED, .wait_ms = 2);
    TELL(&hand, eight + 900001, contact_connected, .contact = 1, .offer = 9, .agent = 0, .queue = 0, .wait_ms = 2);
    TELL(&hand, eight + 2700000, contact_parted, .contact = 1, .offer = 9, .agent = 0, .queue = 0, .talk_ms = 1799999);
    TELL(&hand, eight + 2700000, assignment_moved, .agent = 0, .contact = 1, .offer = 9,
         .from = SAPA_ASSIGNMENT_TALKING, .to = SAPA_ASSIGNMENT_WRAPUP);
    TELL(&hand, eight + 2700000, contact_ended, .contact = 1, .outcome = SAPA_OUTCOME_ANSWERED, .answered = 1);
    TELL(&hand, eight + 2760000, wrapup_ended, .contact = 1, .offer = 9, .agent = 0, .queue = 0, .wrapup_ms = 60000);
    TELL(&hand, eight + 2760000, assignment_moved, .agent = 0, .contact = 1, .offer = 9, .from = SAPA_ASSIGNMENT_WRAPUP,
         .to = SAPA_ASSIGNMENT_NONE);

    const int64_t at = eight / 1000;
    struct sapa_row row = row_at(&hand, SAPA_ROWS_CLIENTS, 0, at - 1);
    assert_int_equal(row.span.from_s, at - 900);
    assert_int_equal(OF(row, OFFERED), 1); /* the contact: where it came, */
    assert_int_equal(OF(row, ANSWERED), 1);
    assert_int_equal(OF(row, TALK), 1799999); /* with all of its talk */
    assert_int_equal(OF(row, WRAPUP), 60000);
    assert_int_equal(OF(row_at(&hand, SAPA_ROWS_CLIENTS, 0, at), OFFERED), 0);
    row = row_at(&hand, SAPA_ROWS_QUEUES, 0, at + 899);
    assert_int_equal(OF(row, OFFERED), 1); /* the stay: where it began, one millisecond before the border */
    assert_int_equal(OF(row, ANSWERED_IN_LEVEL), 1);
    assert_int_equal(OF(row, WAIT_ANSWERED), 2);
    assert_int_equal(OF(row, TALK), 1799999);
    assert_int_equal(OF(row_at(&hand, SAPA_ROWS_QUEUES, 0, at + 900), OFFERED), 0);
    /* the agent's time: where it passed */
    assert_int_equal(OF(row_at(&hand, SAPA_ROWS_AGENTS, 0, at + 899), TALK), 0);
    assert_int_equal(OF(row_at(&hand, SAPA_ROWS_AGENTS, 0, at + 899), RINGING), 1);
    assert_int_equal(OF(row_at(&hand, SAPA_ROWS_AGENTS, 0, at + 900), RINGING), 1);
    assert_int_equal(OF(row_at(&hand, SAPA_ROWS_AGENTS, 0, at + 900), TALK), 899999);
    assert_int_equal(OF(row_at(&hand, SAPA_ROWS_AGENTS, 0, at + 1800), TALK), 900000);
    assert_int_equal(OF(row_at(&hand, SAPA_ROWS_AGENTS, 0, at + 1800), HANDLED), 0);
    row = row_at(&hand, SAPA_ROWS_AGENTS, 0, at + 2700);
    assert_int_equal(OF(row, TALK), 0); /* parted on the border: the next interval begins there */
    assert_int_equal(OF(row, HANDLED), 1);
    assert_int_equal(OF(row, WRAPUP), 60000);
    assert_int_equal(OF(row, HANDLING_MAX), 1859999);
    for (unsigned kind = SAPA_ROWS_TOTAL; kind <= SAPA_ROWS_AGENTS; kind++) {
        assert_int_equal(sapa_intervals_sum(&hand.fold, kind, SAPA_NONE, &row), SAPA_OK);
        assert_int_equal(row.dists[SAPA_DIST_HANDLE].total, 1);
        assert_int_equal(sapa_hist_bucket(sapa_hist_percentile(&row.dists[SAPA_DIST_HANDLE], 99)), sapa_hist_bucket(1859999));
        assert_int_equal(row.dists[SAPA_DIST_WAIT].total, kind == SAPA_ROWS_AGENTS ? 0 : 1);
        assert_int_equal(row.dists[SAPA_DIST_PATIENCE].total, 0);
    }
    hand_done(&hand);
}

/* Who waits exactly as long as a bucket is wide is in it; who leaves in the menu, by overflow or by a fault is in none. */
static void test_waits_by_bucket(void **state)
{
    static const struct { int64_t wait_ms; unsigned bucket; } waits[] = { { 10000, 0 }, { 10001, 1 }, { 30000, 2 }, { 120001, 5 }, { 300001, 6 } };
    static const struct { enum sapa_dequeue left; enum sapa_outcome outcome; } ends[] = {
        { SAPA_DEQUEUE_CONNECTED, SAPA_OUTCOME_ANSWERED }, { SAPA_DEQUEUE_ABANDONED, SAPA_OUTCOME_ABANDONED_QUEUE },
        { SAPA_DEQUEUE_FAULT, SAPA_OUTCOME_SYSTEM_FAULT }, { SAPA_DEQUEUE_OVERFLOW_WAIT, SAPA_OUTCOME_OVERFLOW_ENDED },
    };
    static struct hand hand;
    const int64_t at = FIX_MIDNIGHT_S * 1000;
    uint64_t contact = 0;

    (void)state;
    hand_begin(&hand, 0, SAPA_GRAIN_DAY, NULL);
    for (size_t i = 0; i < SAPA_COUNT(waits); i++) {
        for (size_t k = 0; k < SAPA_COUNT(ends); k++) {
            contact++;
            TELL(&hand, at, contact_new, .contact = contact);
            TELL(&hand, at, contact_queued, .contact = contact, .queue = 0);
            TELL(&hand, at + waits[i].wait_ms, contact_dequeued, .contact = contact, .queue = 0, .reason = ends[k].left);
            TELL(&hand, at + waits[i].wait_ms, contact_ended, .contact = contact, .outcome = ends[k].outcome);
        }
    }
    TELL(&hand, at, contact_new, .contact = 1000);
    TELL(&hand, at + 5000, contact_ended, .contact = 1000, .outcome = SAPA_OUTCOME_ABANDONED_FLOW);
    for (unsigned kind = SAPA_ROWS_TOTAL; kind <= SAPA_ROWS_QUEUES; kind++) {
        const struct sapa_row row = row_at(&hand, kind, 0, at / 1000);
        unsigned at_bucket = 0;
        for (unsigned b = 0; b < SAPA_WAIT_BUCKETS; b++) {
            const bool here = at_bucket < SAPA_COUNT(waits) && waits[at_bucket].bucket == b;
            assert_int_equal(row.m.of[SAPA_M_ANSWERED_WAIT_10 + b], here);
            assert_int_equal(row.m.of[SAPA_M_ABANDONED_WAIT_10 + b], here);
            at_bucket += here;
        }
        assert_int_equal(at_bucket, SAPA_COUNT(waits));
        assert_int_equal(OF(row, ABANDONED) - OF(row, ABANDONED_MENU), SAPA_COUNT(waits));
        assert_int_equal(OF(row, SYSTEM_FAULT), SAPA_COUNT(waits));
    }
    hand_done(&hand);
}

/* The record of the wrap-up's end may come before or after the agent's assignment ends: the part counts once. */
static void test_part_is_over_once(void **state)
{
    (void)state;
    for (unsigned late = 0; late < 2; late++) {
        static struct hand hand;
        const int64_t at = FIX_MIDNIGHT_S * 1000;
        struct sapa_row row;
        hand_begin(&hand, 0, SAPA_GRAIN_DAY, NULL);
        TELL(&hand, at, contact_new, .contact = 1);
        TELL(&hand, at, offer_made, .offer = 9, .contact = 1, .agent = 0);
        TELL(&hand, at, offer_ended, .offer = 9, .contact = 1, .agent = 0, .result = SAPA_OFFER_ACCEPTED);
        TELL(&hand, at, contact_connected, .contact = 1, .offer = 9, .agent = 0);
        TELL(&hand, at + 100, contact_parted, .contact = 1, .offer = 9, .agent = 0, .talk_ms = 60, .hold_ms = 40);
        TELL(&hand, at + 100, assignment_moved, .agent = 0, .contact = 1, .offer = 9, .from = SAPA_ASSIGNMENT_TALKING,
             .to = SAPA_ASSIGNMENT_WRAPUP);
        assert_int_equal(sapa_intervals_sum(&hand.fold, SAPA_ROWS_AGENTS, 0, &row), SAPA_OK);
        assert_int_equal(row.dists[SAPA_DIST_HANDLE].total, 0); /* not before its wrap-up is over */
        for (unsigned i = 0; i < 2; i++) {
            if (i == late)
                TELL(&hand, at + 300, wrapup_ended, .contact = 1, .offer = 9, .agent = 0, .wrapup_ms = 200);
            else
                TELL(&hand, at + 300, assignment_moved, .agent = 0, .contact = 1, .offer = 9,
                     .from = SAPA_ASSIGNMENT_WRAPUP, .to = SAPA_ASSIGNMENT_NONE);
        }
        for (unsigned kind = SAPA_ROWS_TOTAL; kind <= SAPA_ROWS_AGENTS; kind += SAPA_ROWS_AGENTS - SAPA_ROWS_TOTAL) {
            assert_int_equal(sapa_intervals_sum(&hand.fold, kind, 0, &row), SAPA_OK);
            assert_int_equal(row.dists[SAPA_DIST_HANDLE].total, 1);
            assert_int_equal(sapa_hist_percentile(&row.dists[SAPA_DIST_HANDLE], 50), 300);
            assert_int_equal(OF(row, HANDLING_MAX), 300);
        }
        hand_done(&hand);
    }
}

/* What a number costs: each answered call, each begun pulse, until the line ends; who is not answered costs nothing. */
static void test_cost(void **state)
{
    static struct hand hand;
    struct sapa_number numbers[FIX_NUMBERS];
    const int64_t at = FIX_MIDNIGHT_S * 1000 + 9 * 3600000;

    (void)state;
    memcpy(numbers, fix_numbers, sizeof(numbers));
    numbers[0].cost_call = 150;
    numbers[0].cost_minute = 700;
    numbers[0].cost_pulse_ms = 6000;
    hand_begin(&hand, 0, SAPA_GRAIN_DAY, numbers);
    /* 61.2 s: eleven pulses of six seconds at 70 each, and 150 for the call */
    TELL(&hand, at, contact_new, .contact = 1, .number = 0);
    TELL(&hand, at + 1000, contact_answered, .contact = 1);
    TELL(&hand, at + 62200, contact_gone, .contact = 1);
    TELL(&hand, at + 62200, contact_ended, .contact = 1, .outcome = SAPA_OUTCOME_CONTAINED);
    /* never answered */
    TELL(&hand, at, contact_new, .contact = 2, .number = 0);
    TELL(&hand, at + 5000, contact_ended, .contact = 2, .outcome = SAPA_OUTCOME_ABANDONED_FLOW);
    /* the line ends with "call me back", the contact an hour later; ended by us: six seconds are one pulse */
    TELL(&hand, at, contact_new, .contact = 3, .number = 0);
    TELL(&hand, at, contact_answered, .contact = 3);
    TELL(&hand, at + 6000, contact_gone, .contact = 3);
    TELL(&hand, at + 3600000, contact_ended, .contact = 3, .outcome = SAPA_OUTCOME_CALLBACK_KEPT);
    /* a number without tariff */
    TELL(&hand, at, contact_new, .contact = 4, .client = 1, .number = 1);
    TELL(&hand, at, contact_answered, .contact = 4);
    TELL(&hand, at + 6000, contact_ended, .contact = 4, .outcome = SAPA_OUTCOME_CONTAINED);

    struct sapa_row row = row_at(&hand, SAPA_ROWS_NUMBERS, 0, at / 1000);
    assert_int_equal(OF(row, CHARGED_CALLS), 2);
    assert_int_equal(OF(row, CHARGED), 61200 + 6000);
    assert_int_equal(OF(row, COST), (150 + 11 * 70 + 150 + 70) * 100);
    assert_int_equal(sapa_kpi_find("cost_per_call", "")->value(&row.m), 57000);
    row = row_at(&hand, SAPA_ROWS_NUMBERS, 1, at / 1000);
    assert_int_equal(OF(row, COST), 0);
    assert_int_equal(sapa_kpi_find("cost_per_call", "")->value(&row.m), SAPA_KPI_NONE);
    row = row_at(&hand, SAPA_ROWS_TOTAL, 0, at / 1000);
    assert_int_equal(OF(row, CHARGED_CALLS), 2);
    row = row_at(&hand, SAPA_ROWS_CLIENTS, 0, at / 1000);
    assert_int_equal(OF(row, CHARGED_CALLS), 2);
    hand_done(&hand);
}

/* ---- rows in pieces, longer intervals ---- */

struct shelf {
    struct { uint64_t key; char *bytes; size_t n; } rows[200000];
    uint32_t count;
    bool full;
};
static struct shelf shelf;

static bool stored(void *ctx, struct sapa_row_place place, struct sapa_str *ret)
{
    struct shelf *from = ctx;

    for (uint32_t i = 0; i < from->count; i++) {
        if (from->rows[i].key != place.key)
            continue;
        *ret = (struct sapa_str){ from->rows[i].bytes, from->rows[i].n };
        return true;
    }
    return false;
}

static bool put(void *ctx, struct sapa_row_place place, struct sapa_str piece)
{
    struct shelf *to = ctx;
    uint32_t i = 0;

    if (to->full)
        return false;
    while (i < to->count && to->rows[i].key != place.key)
        i++;
    assert_true(i < SAPA_COUNT(to->rows));
    if (i == to->count)
        to->rows[to->count++].key = place.key;
    free(to->rows[i].bytes);
    to->rows[i].bytes = malloc(piece.n);
    assert_non_null(to->rows[i].bytes);
    memcpy(to->rows[i].bytes, piece.p, piece.n);
    to->rows[i].n = piece.n;
    return true;
}

static void shelf_clear(void)
{
    for (uint32_t i = 0; i < shelf.count; i++)
        free(shelf.rows[i].bytes);
    memset(&shelf, 0, sizeof(shelf));
}

/* Everything that rows say, in one number; and how many there are. */
struct digest {
    uint64_t hash, rows;
};

static void digest_row(void *ctx, const struct sapa_row *row)
{
    struct digest *digest = ctx;
    uint32_t crc = sapa_crc32c(row->dim, &row->m, sizeof(row->m));
    const int64_t rest[] = { row->span.from_s, row->span.to_s, row->first_in_us, row->last_out_us, row->reason,
                             row->wait_count, row->wait_p50_ms, row->wait_p90_ms };

    crc = sapa_crc32c(crc, rest, sizeof(rest));
    for (unsigned d = 0; d < SAPA_DIST_COUNT; d++)
        for (unsigned percent = 1; percent <= 100; percent++) {
            const uint32_t value = sapa_hist_percentile(&row->dists[d], percent);
            crc = sapa_crc32c(crc, &value, sizeof(value));
        }
    digest->hash = (digest->hash * 1099511628211u) ^ crc;
    digest->rows++;
}

static struct digest digest_of(struct sapa_intervals *fold)
{
    struct digest digest = { 0 };

    for (unsigned kind = 0; kind < SAPA_ROWS_COUNT; kind++)
        assert_int_equal(sapa_intervals_each(fold, kind, digest_row, &digest), SAPA_OK);
    return digest;
}

static void same(struct digest a, struct digest b)
{
    assert_int_equal(a.rows, b.rows);
    assert_int_equal(a.hash, b.hash);
}

static void fold_to(void *ctx, const struct sapa_record *record)
{
    struct sapa_report **reports = ctx;

    for (; *reports; reports++)
        assert_int_equal(sapa_report_fold(*reports, record), SAPA_OK);
}

/*
 * Three folds read the same random log: quarters, days, and quarters that are drained to a shelf now and then. At the
 * end the shelf's pieces are the quarters, and the quarters joined are the days, weeks and months, in zones with and
 * without summer time.
 */
static void against_shelf(uint64_t seed, uint32_t zone, uint32_t pace_ms, unsigned turns)
{
    const struct sapa_centre centre = fix_centre(zone);
    struct sapa_report_options options = { .centre = fix_find, .ctx = (void *)&centre };
    static struct sapa_report quarters, days, drained;
    struct sapa_report *all[] = { &quarters, &days, &drained, NULL };

    sapa_report_init(&quarters, sapa_memory_heap(), &options);
    sapa_report_init(&drained, sapa_memory_heap(), &options);
    options.interval.grain = SAPA_GRAIN_DAY;
    sapa_report_init(&days, sapa_memory_heap(), &options);
    gen_begin(&gen, seed);
    gen.emit = fold_to;
    gen.ctx = all;
    gen_start(&gen, centre.hash);
    for (unsigned i = 0; i < turns; i++) {
        gen_turn(&gen, pace_ms);
        if (i % (turns / 7) == 0)
            assert_int_equal(sapa_intervals_drain(&drained.intervals, stored, put, &shelf), SAPA_OK);
        if (i == turns / 2) { /* and when the shelf is full nothing is lost */
            struct sapa_row before, after;
            assert_int_equal(sapa_intervals_sum(&drained.intervals, SAPA_ROWS_QUEUES, SAPA_NONE, &before), SAPA_OK);
            shelf.full = true;
            assert_int_equal(sapa_intervals_drain(&drained.intervals, NULL, put, &shelf), SAPA_EIO);
            shelf.full = false;
            assert_int_equal(sapa_intervals_sum(&drained.intervals, SAPA_ROWS_QUEUES, SAPA_NONE, &after), SAPA_OK);
            assert_memory_equal(&before.m, &after.m, sizeof(before.m));
        }
    }
    for (struct sapa_report **one = all; *one; one++)
        assert_int_equal(sapa_report_end(*one, 0), SAPA_OK);
    for (uint32_t i = 0; i < shelf.count; i++)
        assert_int_equal(sapa_intervals_join(&drained.intervals, (struct sapa_str){ shelf.rows[i].bytes, shelf.rows[i].n }),
                         SAPA_OK);
    same(digest_of(&quarters.intervals), digest_of(&drained.intervals));
    char buf[256];
    struct sapa_text text;
    uint64_t rows, differences;
    sapa_text_init(&text, buf, sizeof(buf));
    assert_int_equal(sapa_intervals_compare(&quarters.intervals, &drained.intervals, &rows, &differences, &text), SAPA_OK);
    assert_int_equal(rows, digest_of(&quarters.intervals).rows);
    assert_int_equal(differences, 0);
    /* One piece too many is one row that differs, and one row that is missing another. */
    assert_int_equal(sapa_intervals_join(&drained.intervals, (struct sapa_str){ shelf.rows[0].bytes, shelf.rows[0].n }), SAPA_OK);
    assert_int_equal(sapa_intervals_compare(&quarters.intervals, &drained.intervals, &rows, &differences, &text), SAPA_OK);
    assert_int_equal(differences, 1);
    assert_true(text.n > 0);
    assert_true(digest_of(&quarters.intervals).rows > 100);

    struct sapa_intervals grouped;
    struct sapa_row whole, sum;
    for (unsigned grain = 0; grain < SAPA_GRAIN_COUNT; grain++) {
        sapa_intervals_init(&grouped, sapa_memory_heap(), &quarters.names, &(struct sapa_interval_options){ .grain = grain });
        assert_int_equal(sapa_intervals_group(&grouped, &quarters.intervals), SAPA_OK);
        if (grain == SAPA_GRAIN_DAY)
            same(digest_of(&grouped), digest_of(&days.intervals));
        if (grain == SAPA_GRAIN_QUARTER)
            same(digest_of(&grouped), digest_of(&quarters.intervals));
        for (unsigned kind = 0; kind < SAPA_ROWS_COUNT; kind++) { /* whatever the interval: the same sums */
            assert_int_equal(sapa_intervals_sum(&quarters.intervals, kind, SAPA_NONE, &sum), SAPA_OK);
            const uint32_t p95 = sapa_hist_percentile(&sum.dists[SAPA_DIST_HANDLE], 95);
            assert_int_equal(sapa_intervals_sum(&grouped, kind, SAPA_NONE, &whole), SAPA_OK);
            assert_memory_equal(&whole.m, &sum.m, sizeof(sum.m));
            assert_int_equal(sapa_hist_percentile(&whole.dists[SAPA_DIST_HANDLE], 95), p95);
        }
        sapa_intervals_done(&grouped);
    }
    shelf_clear();
    for (struct sapa_report **one = all; *one; one++)
        sapa_report_done(*one);
}

static void test_pieces_and_groups(void **state)
{
    (void)state;
    against_shelf(31, 0, 60000, 4000);
    against_shelf(32, 1, 400000, 4000); /* weeks; Berlin's clocks change on the way */
    against_shelf(33, 1, 20000, 6000);
}

/* A damaged piece is refused or joined as it is, and nothing breaks. */
static void test_damaged_pieces(void **state)
{
    static struct hand hand;
    char bytes[4096];
    uint64_t random = 88172645463325252, refused = 0;

    (void)state;
    hand_begin(&hand, 0, SAPA_GRAIN_QUARTER, NULL);
    TELL(&hand, FIX_MIDNIGHT_S * 1000, contact_new, .contact = 1, .client = 0, .number = 0);
    TELL(&hand, FIX_MIDNIGHT_S * 1000, contact_queued, .contact = 1, .queue = 0);
    TELL(&hand, FIX_MIDNIGHT_S * 1000 + 50000, contact_dequeued, .contact = 1, .queue = 0,
         .reason = SAPA_DEQUEUE_CONNECTED, .wait_ms = 50000);
    assert_int_equal(sapa_intervals_drain(&hand.fold, NULL, put, &shelf), SAPA_OK);
    assert_true(shelf.count >= 2);
    for (unsigned i = 0; i < 20000; i++) {
        const uint32_t which = i % shelf.count;
        size_t n = shelf.rows[which].n;
        memcpy(bytes, shelf.rows[which].bytes, n);
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        if (i % 3 == 0)
            n = random % n;
        else
            bytes[random % n] = (char)(random >> 32);
        refused += sapa_intervals_join(&hand.fold, (struct sapa_str){ bytes, n }) == SAPA_ECORRUPT;
    }
    assert_true(refused > 6000);
    shelf_clear();
    hand_done(&hand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_borders),
        cmocka_unit_test(test_waits_by_bucket),
        cmocka_unit_test(test_part_is_over_once),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_pieces_and_groups),
        cmocka_unit_test(test_damaged_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
