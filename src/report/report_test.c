#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "report/fixture_impl.h"
#include "report/report.h"

static struct gen gen; /* large: not on the stack */

struct feed {
    struct sapa_report *report;
    sapa_rc rc;
    struct sapa_record *kept; /* all records, when asked for */
    size_t count, room;
};

static void feed_one(void *ctx, const struct sapa_record *record)
{
    struct feed *feed = ctx;

    if (feed->report && feed->rc == SAPA_OK)
        feed->rc = sapa_report_fold(feed->report, record);
    if (!feed->kept)
        return;
    assert_true(feed->count < feed->room);
    memcpy(&feed->kept[feed->count++], record, sapa_record_size(record));
}

static void make_log(uint64_t seed, unsigned turns, uint32_t pace_ms, const char *hash, struct feed *feed)
{
    gen_begin(&gen, seed);
    gen.emit = feed_one;
    gen.ctx = feed;
    gen_start(&gen, hash);
    for (unsigned i = 0; i < turns; i++)
        gen_turn(&gen, pace_ms);
}

static int by_size(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* A percentile is as good as its bucket is. */
static void about(uint64_t value, uint64_t exact)
{
    assert_true(value >= exact && (value - exact) * 256 <= exact);
}

#define SUM(kind, dim, row) assert_int_equal(sapa_intervals_sum(&report.intervals, kind, dim, &(row)), SAPA_OK)
#define M(row, id) ((uint64_t)(row).m.of[SAPA_M_##id])

/* What the generator counted for itself is what the folds find; every identity holds. */
static void against_truth(uint64_t seed, unsigned turns, uint32_t pace_ms, enum sapa_grain grain, uint32_t zone)
{
    const struct sapa_centre centre = fix_centre(zone);
    const struct sapa_report_options options = {
        .centre = fix_find, .ctx = (void *)&centre, .check = true, .interval = { .grain = grain },
    };
    struct sapa_report report;
    struct feed feed = { .report = &report };
    struct sapa_row row;

    sapa_report_init(&report, sapa_memory_heap(), &options);
    make_log(seed, turns, pace_ms, centre.hash, &feed);
    assert_int_equal(feed.rc, SAPA_OK);
    assert_int_equal(sapa_report_end(&report, 0), SAPA_OK);

    SUM(SAPA_ROWS_TOTAL, SAPA_NONE, row);
    assert_int_equal(M(row, OFFERED), gen.offered);
    assert_int_equal(M(row, ANSWERED), gen.outcomes[SAPA_OUTCOME_ANSWERED]);
    assert_int_equal(M(row, ABANDONED_MENU), gen.outcomes[SAPA_OUTCOME_ABANDONED_FLOW]);
    assert_int_equal(M(row, ABANDONED_QUEUE), gen.outcomes[SAPA_OUTCOME_ABANDONED_QUEUE]);
    assert_int_equal(M(row, ABANDONED_RINGING), gen.outcomes[SAPA_OUTCOME_ABANDONED_RINGING]);
    assert_int_equal(M(row, CONTAINED), gen.outcomes[SAPA_OUTCOME_CONTAINED]);
    assert_int_equal(M(row, SYSTEM_FAULT), gen.outcomes[SAPA_OUTCOME_SYSTEM_FAULT]);
    assert_int_equal(M(row, CALLBACK), gen.outcomes[SAPA_OUTCOME_CALLBACK_KEPT]);
    assert_int_equal(M(row, TALK), gen.talk_ms);
    assert_int_equal(M(row, HOLD), gen.hold_ms);
    assert_int_equal(M(row, OFFERS), gen.offers);
    assert_int_equal(M(row, OFFERS_ACCEPTED), gen.accepted);
    /* Each part that is over for good stands in the distribution of handling, and no other. */
    uint64_t wrapping = 0;
    for (uint32_t a = 0; a < FIX_AGENTS; a++)
        wrapping += gen.agents[a].doing == SAPA_ASSIGNMENT_WRAPUP;
    assert_int_equal(row.dists[SAPA_DIST_HANDLE].total + wrapping, M(row, HANDLED));
    for (uint32_t q = 0; q < FIX_QUEUES; q++) {
        SUM(SAPA_ROWS_QUEUES, q, row);
        assert_int_equal(M(row, OFFERED), gen.queue_offered[q]);
        assert_int_equal(M(row, ANSWERED), gen.queue_left[q][SAPA_DEQUEUE_CONNECTED]);
        assert_int_equal(M(row, ABANDONED), gen.queue_left[q][SAPA_DEQUEUE_ABANDONED]);
        assert_int_equal(M(row, OVERFLOWED), gen.queue_left[q][SAPA_DEQUEUE_OVERFLOW_WAIT]);
        assert_int_equal(M(row, CALLBACK), gen.queue_left[q][SAPA_DEQUEUE_CALLBACK]);
        assert_int_equal(row.wait_count, gen.wait_count[q]);
        uint32_t *waits = gen.waits[q];
        const uint32_t n = gen.wait_count[q];
        qsort(waits, n, sizeof(*waits), by_size);
        if (n > 0) {
            about(row.wait_p50_ms, waits[(n * 50 + 99) / 100 - 1]);
            about(row.wait_p90_ms, waits[(n * 90 + 99) / 100 - 1]);
            for (unsigned percent = 1; percent <= 100; percent++)
                about(sapa_hist_percentile(&row.dists[SAPA_DIST_WAIT], percent), waits[(n * percent + 99) / 100 - 1]);
            uint64_t in_level = 0, sum = 0;
            for (uint32_t i = 0; i < n; i++) {
                in_level += waits[i] <= fix_queues[q].service_level_ms;
                sum += waits[i];
            }
            assert_int_equal(M(row, ANSWERED_IN_LEVEL), in_level);
            assert_int_equal(M(row, WAIT_ANSWERED), sum);
        }
    }
    for (uint32_t a = 0; a < FIX_AGENTS; a++) {
        SUM(SAPA_ROWS_AGENTS, a, row);
        const struct gen_agent *agent = &gen.agents[a];
        int64_t talk_us = gen.agent_talk_us[a], handling_us = gen.agent_handling_us[a];
        int64_t ready_us = gen.presence_us[a][SAPA_PRESENCE_READY];
        if (agent->doing == SAPA_ASSIGNMENT_TALKING && !agent->dialling)
            talk_us += gen.now_us - agent->doing_us;
        if (agent->doing >= SAPA_ASSIGNMENT_TALKING && !agent->dialling)
            handling_us += gen.now_us - agent->doing_us;
        if (agent->presence == SAPA_PRESENCE_READY)
            ready_us += gen.now_us - agent->since_us;
        assert_int_equal(M(row, TALK), (talk_us + 500) / 1000);
        assert_int_equal(M(row, HANDLING), (handling_us + 500) / 1000);
        assert_int_equal(M(row, READY), (ready_us + 500) / 1000);
        const int64_t parts = row.m.of[SAPA_M_READY] + row.m.of[SAPA_M_NOT_READY] - row.m.of[SAPA_M_LOGGED_IN];
        assert_in_range(parts + 1, 0, 2);
    }
    struct fix_lines lines;
    uint64_t findings = 1;
    fix_lines_init(&lines);
    assert_int_equal(sapa_report_check(&report, &lines.lines, &findings), SAPA_OK);
    if (findings != 0)
        fail_msg("seed %llu:\n%s", (unsigned long long)seed, lines.text);
    free(lines.text);
    for (unsigned i = SAPA_OUTCOME_ANSWERED; i <= SAPA_OUTCOME_OVERFLOW_ENDED && turns > 50000; i++)
        assert_true(gen.outcomes[i] > 10); /* the generator does all of it */
    /* Nothing is left behind by what is over. */
    uint32_t talking = 0;
    for (uint32_t a = 0; a < FIX_AGENTS; a++)
        talking += gen.agents[a].doing >= SAPA_ASSIGNMENT_TALKING;
    assert_true(report.intervals.parts.count <= talking + 1);
    assert_true(report.intervals.contacts.count <= GEN_CONTACTS);
    sapa_report_done(&report);
}

static void test_random_logs(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++)
        against_truth(seed, 3000, seed % 3 ? 3000 : 40000, seed & 1 ? SAPA_GRAIN_QUARTER : SAPA_GRAIN_DAY, seed % 2);
    against_truth(99, 60000, 2000, SAPA_GRAIN_QUARTER, 0);
}

/* No interval of an agent holds more time than it has; quarters joined are the day. */
static void row_fits(void *ctx, const struct sapa_row *row)
{
    unsigned *count = ctx;
    const int64_t length_ms = (row->span.to_s - row->span.from_s) * 1000;

    ++*count;
    assert_true(row->m.of[SAPA_M_LOGGED_IN] <= length_ms);
    assert_true(row->m.of[SAPA_M_HANDLING] <= length_ms);
    assert_true(row->m.of[SAPA_M_HANDLING] + row->m.of[SAPA_M_IDLE] + row->m.of[SAPA_M_RINGING] <= length_ms + 2);
}

static void test_intervals_hold_their_time(void **state)
{
    const struct sapa_centre centre = fix_centre(0);
    struct sapa_report_options options = { .centre = fix_find, .ctx = (void *)&centre };
    struct sapa_report report;
    struct sapa_row sums[2];
    unsigned count = 0;

    (void)state;
    for (unsigned grain = 0; grain < 2; grain++) { /* quarters, days */
        struct feed feed = { .report = &report };
        options.interval.grain = (enum sapa_grain)grain;
        sapa_report_init(&report, sapa_memory_heap(), &options);
        make_log(7, 20000, 10000, centre.hash, &feed);
        assert_int_equal(sapa_report_end(&report, 0), SAPA_OK);
        assert_int_equal(sapa_intervals_each(&report.intervals, SAPA_ROWS_AGENTS, row_fits, &count), SAPA_OK);
        SUM(SAPA_ROWS_AGENTS, SAPA_NONE, sums[grain]);
        sapa_report_done(&report);
    }
    assert_true(count > 100);
    assert_memory_equal(&sums[0].m, &sums[1].m, sizeof(sums[0].m));
}

/* ---- save and load, repetition ---- */

struct digest {
    uint64_t calls, hash;
};

static void digest_call(void *ctx, const struct sapa_call *call)
{
    struct digest *digest = ctx;

    digest->calls++;
    digest->hash = digest->hash * 1099511628211u ^ sapa_crc32c(0, call, offsetof(struct sapa_call, address)) ^ call->contact;
}

static void digest_row(void *ctx, const struct sapa_row *row)
{
    struct digest *digest = ctx;

    digest->hash = digest->hash * 1099511628211u ^ sapa_crc32c(row->wait_p90_ms, &row->m, sizeof(row->m));
}

struct both {
    const struct sapa_centre *centre;
    struct digest *digest;
};

static const struct sapa_centre *find_of(void *ctx, struct sapa_str hash)
{
    return fix_find((void *)((struct both *)ctx)->centre, hash);
}

static void finished_of(void *ctx, const struct sapa_call *call)
{
    digest_call(((struct both *)ctx)->digest, call);
}

static void finish_digest(struct sapa_report *report, struct digest *digest)
{
    assert_int_equal(sapa_report_end(report, 0), SAPA_OK);
    for (unsigned kind = 0; kind < SAPA_ROWS_COUNT; kind++)
        assert_int_equal(sapa_intervals_each(&report->intervals, kind, digest_row, digest), SAPA_OK);
}

static void test_save_load_and_repetition(void **state)
{
    enum { RECORDS = 24000 };
    const struct sapa_centre centre = fix_centre(0);
    struct feed log = { .kept = malloc(RECORDS * sizeof(struct sapa_record)), .room = RECORDS };
    struct digest straight = { 0 }, broken = { 0 };
    struct both ctx = { &centre, &straight };
    const struct sapa_report_options options = { .centre = find_of, .finished = finished_of, .ctx = &ctx };
    struct sapa_report report;

    (void)state;
    assert_non_null(log.kept);
    make_log(5, 8000, 5000, centre.hash, &log);

    sapa_report_init(&report, sapa_memory_heap(), &options);
    for (size_t i = 0; i < log.count; i++)
        assert_int_equal(sapa_report_fold(&report, &log.kept[i]), SAPA_OK);
    finish_digest(&report, &straight);
    sapa_report_done(&report);
    assert_true(straight.calls > 500);

    /* The same, broken off at twenty points, and with records that come again. */
    ctx.digest = &broken;
    sapa_report_init(&report, sapa_memory_heap(), &options);
    gen.random = 77;
    for (size_t i = 0; i < log.count; i++) {
        assert_int_equal(sapa_report_fold(&report, &log.kept[i]), SAPA_OK);
        if (gen_random(&gen, 10) == 0) /* an old one once more */
            assert_int_equal(sapa_report_fold(&report, &log.kept[gen_random(&gen, (uint32_t)i + 1)]), SAPA_OK);
        if (gen_random(&gen, (uint32_t)log.count / 20) != 0)
            continue;
        struct fix_bytes bytes = { 0 };
        assert_int_equal(sapa_report_save(&report, &(struct sapa_save){ fix_put, &bytes }), SAPA_OK);
        sapa_report_done(&report);
        sapa_report_init(&report, sapa_memory_heap(), &options);
        assert_int_equal(sapa_report_load(&report, &(struct sapa_load){ fix_get, &bytes }), SAPA_OK);
        assert_int_equal(bytes.at, bytes.n);
        free(bytes.bytes);
    }
    finish_digest(&report, &broken);
    assert_int_equal(straight.calls, broken.calls);
    assert_int_equal(straight.hash, broken.hash);

    /* A snapshot that ends too soon is refused, wherever it ends. */
    struct fix_bytes whole = { 0 };
    assert_int_equal(sapa_report_save(&report, &(struct sapa_save){ fix_put, &whole }), SAPA_OK);
    for (unsigned i = 0; i < 200; i++) {
        struct fix_bytes part = { whole.bytes, gen_random(&gen, (uint32_t)whole.n), 0, 0 };
        struct sapa_report other;
        sapa_report_init(&other, sapa_memory_heap(), &options);
        assert_int_not_equal(sapa_report_load(&other, &(struct sapa_load){ fix_get, &part }), SAPA_OK);
        sapa_report_done(&other);
    }
    free(whole.bytes);
    sapa_report_done(&report);
    free(log.kept);
}

/* Whatever request for memory fails, the fold says so and can be given back. */
static void test_no_memory(void **state)
{
    const struct sapa_centre centre = fix_centre(0);
    const struct sapa_report_options options = { .centre = fix_find, .ctx = (void *)&centre, .check = true };
    bool is_done = false;

    (void)state;
    for (uint64_t fail_at = 1; !is_done; fail_at++) {
        struct fix_memory memory;
        struct sapa_report report;
        struct feed feed = { .report = &report };
        fix_memory_init(&memory, fail_at);
        sapa_report_init(&report, &memory.memory, &options);
        make_log(3, 300, 3000, centre.hash, &feed);
        if (feed.rc == SAPA_OK)
            feed.rc = sapa_report_end(&report, 0);
        is_done = memory.requests < fail_at;
        assert_int_equal(feed.rc, is_done ? SAPA_OK : SAPA_ENOMEM);
        sapa_report_done(&report);
    }
}

/* ---- the check finds what is wrong ---- */

static uint64_t last_lost; /* recordings */

static uint64_t findings_of(const struct feed *log, const struct sapa_centre *centre, enum sapa_identity identity)
{
    const struct sapa_report_options options = { .centre = fix_find, .ctx = (void *)centre, .check = true };
    struct sapa_report report;
    struct fix_lines lines;
    uint64_t findings, found;

    sapa_report_init(&report, sapa_memory_heap(), &options);
    for (size_t i = 0; i < log->count; i++)
        assert_int_equal(sapa_report_fold(&report, &log->kept[i]), SAPA_OK);
    assert_int_equal(sapa_report_end(&report, 0), SAPA_OK);
    fix_lines_init(&lines);
    assert_int_equal(sapa_report_check(&report, &lines.lines, &findings), SAPA_OK);
    found = report.check.broken[identity];
    last_lost = report.check.lost_recordings;
    if (last_lost > 0)
        assert_non_null(strstr(lines.text, "fault logged"));
    assert_true(found <= findings);
    sapa_report_done(&report);
    free(lines.text);
    return found;
}

static struct sapa_record *nth(const struct feed *log, enum sapa_type type, unsigned n)
{
    for (size_t i = 0; i < log->count; i++)
        if (log->kept[i].type == type && n-- == 0)
            return &log->kept[i];
    fail_msg("the log has no such record");
    return NULL;
}

static void test_each_lie_is_found(void **state)
{
    enum { RECORDS = 12000 };
    const struct sapa_centre centre = fix_centre(0);
    struct feed log = { .kept = malloc(RECORDS * sizeof(struct sapa_record)), .room = RECORDS };
    struct sapa_record *record, saved;

    (void)state;
    assert_non_null(log.kept);
    make_log(11, 3000, 5000, centre.hash, &log);
    for (unsigned identity = 0; identity < SAPA_IDENTITY_COUNT; identity++)
        assert_int_equal(findings_of(&log, &centre, identity), 0);

#define LIE(type, n, identity, change)                                                    do {                                                                                      record = nth(&log, SAPA_T_##type, n);                                                 memcpy(&saved, record, sapa_record_size(record));                                     change;                                                                               if (findings_of(&log, &centre, SAPA_IDENTITY_##identity) == 0)                            fail_msg("unnoticed: %s", #change);                                               memcpy(record, &saved, sapa_record_size(&saved));                                 } while (0)

    LIE(contact_dequeued, 3, TIME, record->u.contact_dequeued.wait_ms += 5);
    LIE(contact_dequeued, 3, STORY, record->u.contact_dequeued.queue ^= 1);
    LIE(contact_dequeued, 3, OFFERED, record->u.contact_dequeued.reason = 200);
    LIE(contact_dequeued, 3, STORY, record->type = SAPA_T_tick);
    LIE(contact_parted, 2, TIME, record->u.contact_parted.talk_ms += 1000);
    LIE(contact_parted, 2, TALK, record->u.contact_parted.talk_ms += 100000);
    LIE(contact_parted, 2, STORY, record->u.contact_parted.offer = 1);
    LIE(contact_ended, 5, TIME, record->u.contact_ended.total_ms += 10);
    LIE(contact_ended, 5, STORY, record->u.contact_ended.outcome = SAPA_OUTCOME_OPEN);
    LIE(contact_ended, 5, STORY, record->u.contact_ended.answered ^= 1);
    LIE(contact_ended, 5, STORY, record->u.contact_ended.contact = nth(&log, SAPA_T_contact_ended, 4)->u.contact_ended.contact);
    LIE(contact_new, 5, STORY, record->u.contact_new.contact = nth(&log, SAPA_T_contact_new, 4)->u.contact_new.contact);
    LIE(contact_connected, 1, STORY, record->type = SAPA_T_tick);
    LIE(contact_connected, 1, TIME, record->u.contact_connected.wait_ms += 20);
    LIE(contact_ended, 9, TIME, record->u.contact_ended.queue_ms += 20);
    LIE(offer_made, 1, STORY, record->type = SAPA_T_tick);
    LIE(offer_ended, 1, STORY, record->u.offer_ended.agent ^= 1);
    LIE(wrapup_ended, 1, TIME, record->u.wrapup_ended.wrapup_ms += 50);
    LIE(agent_moved, 4, STORY, record->u.agent_moved.from = (record->u.agent_moved.from + 1) % 3);
    LIE(agent_moved, 6, TIME, record->u.agent_moved.was_ms += 50);
    LIE(hold_changed, 0, STORY, record->u.hold_changed.offer = 1);
    LIE(tick, 7, ORDER, record->at_us -= 3600 * INT64_C(1000000));
    unsigned n = 0;
    while (nth(&log, SAPA_T_assignment_moved, n)->u.assignment_moved.to != SAPA_ASSIGNMENT_WRAPUP)
        n++;
    LIE(assignment_moved, n, TALK, record->u.assignment_moved.to = SAPA_ASSIGNMENT_TALKING);
    /* A recording that lacks two seconds. */
    n = 0;
    while (nth(&log, SAPA_T_recording_state, n)->u.recording_state.recorded_ms < 5000)
        n++;
    LIE(recording_state, n, RECORDING, record->u.recording_state.recorded_ms -= 2000);
#undef LIE
    /* One whose recorder failed or was cut short is known to lack: no lie, and counted apart. */
    for (unsigned how = 4; how <= 5; how++) {
        record = nth(&log, SAPA_T_recording_state, n);
        memcpy(&saved, record, sapa_record_size(record));
        record->u.recording_state.state = how;
        record->u.recording_state.recorded_ms -= 2000;
        assert_int_equal(findings_of(&log, &centre, SAPA_IDENTITY_RECORDING), 0);
        assert_int_equal(last_lost, 1);
        memcpy(record, &saved, sapa_record_size(&saved));
    }
    assert_int_equal(findings_of(&log, &centre, SAPA_IDENTITY_RECORDING), 0);
    assert_int_equal(last_lost, 0);
    /* Half a second is within what a meter may miss, and masked time is accounted for. */
    record = nth(&log, SAPA_T_recording_state, n);
    record->u.recording_state.recorded_ms -= 500;
    assert_int_equal(findings_of(&log, &centre, SAPA_IDENTITY_RECORDING), 0);
    record->u.recording_state.recorded_ms -= 3000;
    record->u.recording_state.masked_ms += 3000;
    assert_int_equal(findings_of(&log, &centre, SAPA_IDENTITY_RECORDING), 0);
    free(log.kept);
}

/* Ten million records in seconds: the target is a million a second, without sanitizers. */
static void test_speed(void **state)
{
    enum { RECORDS = 40000, ROUNDS = 12 };
    const struct sapa_centre centre = fix_centre(0);
    const struct sapa_report_options options = { .centre = fix_find, .ctx = (void *)&centre };
    struct feed log = { .kept = malloc(RECORDS * sizeof(struct sapa_record)), .room = RECORDS };
    struct timespec from, to;
    uint64_t folded = 0;

    (void)state;
    assert_non_null(log.kept);
    make_log(21, 13000, 5000, centre.hash, &log);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct sapa_report report;
        sapa_report_init(&report, sapa_memory_heap(), &options);
        for (size_t i = 0; i < log.count; i++)
            assert_int_equal(sapa_report_fold(&report, &log.kept[i]), SAPA_OK);
        folded += log.count;
        sapa_report_done(&report);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    const uint64_t us = (uint64_t)(to.tv_sec - from.tv_sec) * 1000000 + (uint64_t)(to.tv_nsec / 1000) - (uint64_t)(from.tv_nsec / 1000);
    print_message("folded %llu records, %llu a second\n", (unsigned long long)folded,
                  (unsigned long long)(folded * 1000000 / SAPA_MAX(us, UINT64_C(1))));
    assert_true(folded * 1000000 / SAPA_MAX(us, UINT64_C(1)) > 20000); /* sanitized, on a busy machine */
    free(log.kept);
}

/* A surge of one client: its minutes stand in the client's and its queues' rows, and the service level with and
   without it can be compared. A message stands in the figures of the queue it was left for. */
static void test_surge(void **state)
{
    const struct sapa_centre centre = fix_centre(0);
    const struct sapa_report_options options = {
        .centre = fix_find, .ctx = (void *)&centre, .check = true, .interval = { .grain = SAPA_GRAIN_QUARTER },
    };
    const int64_t eight_us = INT64_C(1795222800000000);
    struct sapa_report report;
    struct sapa_row row;
    struct sapa_record r;
    uint64_t seq = 0;
    (void)state;

#define AT(minutes, type_, ...)                                                      \
    do {                                                                             \
        sapa_record_init(&r, SAPA_T_##type_);                                        \
        r.seq = ++seq;                                                               \
        r.at_us = eight_us + (minutes) * INT64_C(60000000);                          \
        r.u.type_ = (struct sapa_rec_##type_){ __VA_ARGS__ };                        \
        assert_int_equal(sapa_report_fold(&report, &r), SAPA_OK);                    \
    } while (0)
#define ROW(kind, dim, minutes) \
    assert_int_equal(sapa_intervals_get(&report.intervals, kind, dim, eight_us + (minutes) * INT64_C(60000000), &row), SAPA_OK)

    sapa_report_init(&report, sapa_memory_heap(), &options);
    struct sapa_rec_centre_started started = { .epoch = 1 };
    sapa_sized_set(&started.centre_hash, sapa_str_of(centre.hash));
    AT(0, centre_started, .centre_hash = started.centre_hash, .epoch = 1);
    AT(0, contact_new, .contact = 1, .client = 0, .number = 0, .flow = SAPA_NONE);
    AT(0, contact_queued, .contact = 1, .queue = 0);
    AT(0, contact_dequeued, .contact = 1, .queue = 0, .reason = SAPA_DEQUEUE_CONNECTED);
    AT(5, switch_changed, .which = SAPA_SWITCH_SURGE, .client = 0, .on = 1);
    AT(6, contact_new, .contact = 2, .client = 0, .number = 0, .flow = SAPA_NONE);
    AT(6, contact_queued, .contact = 2, .queue = 0);
    AT(8, contact_dequeued, .contact = 2, .queue = 0, .reason = SAPA_DEQUEUE_ABANDONED);
    AT(8, contact_ended, .contact = 2, .client = 0, .outcome = SAPA_OUTCOME_ABANDONED_QUEUE, .queue = 0);
    AT(9, voicemail_left, .contact = 1, .recording = 5, .length_ms = 1000, .queue = 1);
    AT(20, switch_changed, .which = SAPA_SWITCH_SURGE, .client = 0, .on = 0);
    AT(31, switch_changed, .which = SAPA_SWITCH_SURGE, .client = SAPA_NONE, .on = 1);
    assert_int_equal(sapa_report_end(&report, eight_us + INT64_C(33) * 60000000), SAPA_OK);

    ROW(SAPA_ROWS_QUEUES, 0, 0);
    assert_int_equal(M(row, SURGE), 600000);
    assert_int_equal(M(row, SURGE_DECIDED), 1);
    assert_int_equal(M(row, SURGE_MET), 0);
    assert_int_equal(sapa_kpi_find("service_level_surge", "")->value(&row.m), 0);
    assert_int_equal(sapa_kpi_find("service_level_calm", "")->value(&row.m), 1000000);
    assert_int_equal(sapa_kpi_service_level(&row.m), 500000);
    assert_int_equal(M(row, MESSAGES), 0);
    ROW(SAPA_ROWS_QUEUES, 1, 0);
    assert_int_equal(M(row, MESSAGES), 1);
    ROW(SAPA_ROWS_CLIENTS, 0, 0);
    assert_int_equal(M(row, SURGE), 600000);
    assert_int_equal(M(row, SURGE_DECIDED), 1);
    assert_int_equal(M(row, MESSAGES), 1);
    ROW(SAPA_ROWS_CLIENTS, 0, 15);
    assert_int_equal(M(row, SURGE), 300000);
    ROW(SAPA_ROWS_TOTAL, 0, 15);
    assert_int_equal(M(row, SURGE), 300000);
    ROW(SAPA_ROWS_CLIENTS, 1, 0);
    assert_int_equal(M(row, SURGE), 0);
    ROW(SAPA_ROWS_CLIENTS, 1, 30); /* now for all, and it goes on */
    assert_int_equal(M(row, SURGE), 120000);
    ROW(SAPA_ROWS_CLIENTS, 0, 30);
    assert_int_equal(M(row, SURGE), 120000);
    assert_int_equal(sapa_kpi_find("service_level_surge", "")->value(&row.m), SAPA_KPI_NONE);
    assert_int_equal(sapa_kpi_find("service_level_calm", "")->value(&row.m), SAPA_KPI_NONE); /* nothing to compare with */
    sapa_report_done(&report);
#undef AT
#undef ROW
}

static const struct sapa_centre *of_two(void *ctx, struct sapa_str hash)
{
    const struct sapa_centre *centres = ctx;

    return sapa_str_eq(hash, sapa_str_of(centres[0].hash)) ? &centres[0] : &centres[1];
}

/* Queues and agents change their places in the description while contacts wait and ring: nothing is wrong with that. */
static void test_places_change(void **state)
{
    struct sapa_centre centres[2] = { fix_centre(0), fix_centre(0) };
    struct sapa_queue queues[FIX_QUEUES];
    struct sapa_agent agents[FIX_AGENTS];
    const struct sapa_report_options options = { .centre = of_two, .ctx = centres, .check = true };
    struct sapa_report report;
    struct sapa_record r;
    uint64_t seq = 0;
    (void)state;

    for (unsigned i = 0; i < FIX_QUEUES; i++)
        queues[i] = fix_queues[FIX_QUEUES - 1 - i];
    for (unsigned i = 0; i < FIX_AGENTS; i++)
        agents[i] = fix_agents[FIX_AGENTS - 1 - i];
    centres[1].queues = queues, centres[1].agents = agents;
    snprintf(centres[1].hash, sizeof(centres[1].hash), "the-other");
#define AT(type_, ...)                                                           \
    do {                                                                         \
        sapa_record_init(&r, SAPA_T_##type_);                                    \
        r.seq = ++seq;                                                           \
        r.at_us = INT64_C(1795222800000000);                                     \
        r.u.type_ = (struct sapa_rec_##type_){ __VA_ARGS__ };                    \
        assert_int_equal(sapa_report_fold(&report, &r), SAPA_OK);                \
    } while (0)
    sapa_report_init(&report, sapa_memory_heap(), &options);
    struct sapa_rec_centre_started started = { .epoch = 1 };
    sapa_sized_set(&started.centre_hash, sapa_str_of(centres[0].hash));
    AT(centre_started, .centre_hash = started.centre_hash, .epoch = 1);
    for (uint64_t contact = 1; contact <= 2; contact++) {
        AT(contact_new, .contact = contact, .client = 0, .number = 0, .flow = SAPA_NONE);
        AT(contact_queued, .contact = contact, .queue = 0);
    }
    AT(offer_made, .offer = 9, .contact = 2, .agent = 1, .queue = 0);
    sapa_sized_set(&started.centre_hash, sapa_str_of(centres[1].hash));
    AT(centre_started, .centre_hash = started.centre_hash, .epoch = 1);
    AT(contact_dequeued, .contact = 1, .queue = FIX_QUEUES - 1, .reason = SAPA_DEQUEUE_ABANDONED);
    AT(offer_ended, .offer = 9, .contact = 2, .agent = FIX_AGENTS - 2, .result = SAPA_OFFER_ACCEPTED);
    AT(contact_connected, .contact = 2, .offer = 9, .agent = FIX_AGENTS - 2, .queue = FIX_QUEUES - 1);
    assert_int_equal(report.check.broken[SAPA_IDENTITY_STORY], 0);
    AT(contact_dequeued, .contact = 2, .queue = 0, .reason = SAPA_DEQUEUE_CONNECTED); /* that one is another now */
    assert_int_equal(report.check.broken[SAPA_IDENTITY_STORY], 1);
    sapa_report_done(&report);
#undef AT
}

/* A leg that nothing came on has no score: it is neither a bad one nor part of the mean. */
static void test_silent_legs(void **state)
{
    const struct sapa_centre centre = fix_centre(0);
    const struct sapa_report_options options = { .centre = fix_find, .ctx = (void *)&centre };
    const struct sapa_call_show show = { .zone = &fix_zones[0], .language = SAPA_LANGUAGE_EN };
    struct sapa_call_show indonesian = show;
    struct sapa_report report;
    struct sapa_row row;
    struct fix_lines lines;
    char buf[8192];
    struct sapa_text text;

    (void)state;
    sapa_report_init(&report, sapa_memory_heap(), &options);
    assert_int_equal(sapa_names_take(&report.names, &centre), SAPA_OK);
    struct sapa_call call = { .contact = 1, .opened_us = FIX_MIDNIGHT_S * 1000000, .queue = SAPA_NONE, .agent = SAPA_NONE,
                              .leg_count = 3 };
    call.legs[0] = (struct sapa_call_leg){ .packets = 100, .mos_x100 = 430, .mos_min_x100 = 420, .side = SAPA_SIDE_CUSTOMER };
    call.legs[1] = (struct sapa_call_leg){ .side = SAPA_SIDE_AGENT };
    call.legs[2] = (struct sapa_call_leg){ .packets = 100, .lost = 30, .mos_x100 = 300, .mos_min_x100 = 250,
                                           .side = SAPA_SIDE_AGENT };
    sapa_intervals_call(&report.intervals, &call);
    SUM(SAPA_ROWS_TOTAL, SAPA_NONE, row);
    assert_int_equal(M(row, LEGS), 2);
    assert_int_equal(M(row, LEGS_BAD), 1);
    assert_int_equal(M(row, MOS_SUM), 730);

    /* What the peer hears of us is a direction of its own, and bad enough on its own. */
    call.opened_us += INT64_C(86400) * 1000000;
    call.legs[0].heard_mos_x100 = 310;
    call.legs[0].heard_mos_min_x100 = 290;
    call.legs[0].sent = 500;
    call.legs[0].heard_lost = 61;
    sapa_intervals_call(&report.intervals, &call);
    SUM(SAPA_ROWS_TOTAL, SAPA_NONE, row);
    assert_int_equal(M(row, LEGS), 4);
    assert_int_equal(M(row, LEGS_BAD), 3);
    assert_int_equal(M(row, MOS_SUM), 1460);

    call.leg_count = 2;
    indonesian.language = SAPA_LANGUAGE_ID;
    struct sapa_call_show shows[] = { show, indonesian };
    static const char *const heard[] = { "heard by    customer: MOS 3.10 (worst 2.90), lost 61 of 500",
                                         "didengar    pelanggan: MOS 3.10 (terburuk 2.90), hilang 61 dari 500" };
    static const char *const silent[] = { "agent: no audio came", "agen: tak ada suara yang datang" };
    for (size_t i = 0; i < SAPA_COUNT(shows); i++) {
        shows[i].names = &report.names;
        fix_lines_init(&lines);
        sapa_call_print(&call, &shows[i], &lines.lines);
        assert_non_null(strstr(lines.text, silent[i]));
        assert_non_null(strstr(lines.text, "MOS 4.30"));
        assert_non_null(strstr(lines.text, heard[i]));
        assert_null(strstr(lines.text, "MOS 0"));
        free(lines.text);
    }
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_call_csv(&call, &shows[0], &text);
    sapa_text_char(&text, '\0');
    assert_non_null(strstr(buf, ",4.30"));
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_call_json(&call, &shows[0], &text);
    sapa_text_char(&text, '\0');
    assert_non_null(strstr(buf, "\"mos\":4.30,\"mos_min\":4.20,\"heard\":{\"sent\":500,\"lost\":61,\"jitter_us\":0,\"mos\":3.10,\"mos_min\":2.90}}"));
    assert_non_null(strstr(buf, "\"mos\":null,\"mos_min\":null}"));
    sapa_report_done(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_surge),
        cmocka_unit_test(test_places_change),
        cmocka_unit_test(test_random_logs),
        cmocka_unit_test(test_intervals_hold_their_time),
        cmocka_unit_test(test_save_load_and_repetition),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_each_lie_is_found),
        cmocka_unit_test(test_speed),
        cmocka_unit_test(test_silent_legs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
