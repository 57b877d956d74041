/* Calls that agents place, consultations, transfers, conferences, and time when nobody was there: logs by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "report/fixture_impl.h"
#include "report/live.h"
#include "report/print.h"
#include "report/report.h"

struct given {
    struct sapa_centre centre;
    struct sapa_report report, broken; /* the second is saved and loaded after every record */
    struct sapa_live live;
    struct sapa_call calls[8];
    unsigned call_count;
    uint64_t seq, findings;
};

static struct given g;

static const struct sapa_centre *centre_of(void *ctx, struct sapa_str hash)
{
    (void)ctx;
    return fix_find(&g.centre, hash);
}

static void finished(void *ctx, const struct sapa_call *call)
{
    (void)ctx;
    assert_true(g.call_count < SAPA_COUNT(g.calls));
    g.calls[g.call_count++] = *call;
}

static const struct sapa_report_options options = { .centre = centre_of, .finished = finished, .check = true };
static const struct sapa_report_options plain = { .centre = centre_of };

static void fold(const struct sapa_record *record)
{
    struct fix_bytes bytes = { 0 };

    assert_int_equal(sapa_report_fold(&g.report, record), SAPA_OK);
    assert_int_equal(sapa_live_fold(&g.live, record), SAPA_OK);
    assert_int_equal(sapa_report_fold(&g.broken, record), SAPA_OK);
    assert_int_equal(sapa_report_save(&g.broken, &(struct sapa_save){ fix_put, &bytes }), SAPA_OK);
    sapa_report_done(&g.broken);
    sapa_report_init(&g.broken, sapa_memory_heap(), &plain);
    assert_int_equal(sapa_report_load(&g.broken, &(struct sapa_load){ fix_get, &bytes }), SAPA_OK);
    free(bytes.bytes);
}

static void say(const char *lines)
{
    struct sapa_str rest = sapa_str_of(lines);
    struct sapa_record record;

    while (rest.n > 0) {
        const struct sapa_str line = sapa_str_cut(rest, '\n', &rest);
        if (fix_parse(line, &g.seq, &record))
            fold(&record);
    }
}

static void begin(void)
{
    struct sapa_record record;

    memset(&g, 0, sizeof(g));
    g.centre = fix_centre(0);
    sapa_report_init(&g.report, sapa_memory_heap(), &options);
    sapa_report_init(&g.broken, sapa_memory_heap(), &plain);
    sapa_live_init(&g.live, sapa_memory_heap(), &g.report.names);
    sapa_record_init(&record, SAPA_T_centre_started);
    record.seq = ++g.seq;
    record.at_us = (FIX_MIDNIGHT_S + 8 * 3600) * 1000000;
    (void)sapa_sized_set(&record.u.centre_started.centre_hash, sapa_str_of(g.centre.hash));
    fold(&record);
    say("08:59:00 agent_moved agent=0 from=0 to=2 reason=none\n08:59:00 agent_moved agent=1 from=0 to=2 reason=none\n");
}

/* Every sum holds, and the broken fold has come to the same. */
static void end(const char *lines)
{
    struct fix_lines out;
    uint64_t rows, differences = 1;
    char first[200];
    struct sapa_text text;

    say(lines);
    assert_int_equal(sapa_report_end(&g.report, 0), SAPA_OK);
    assert_int_equal(sapa_report_end(&g.broken, 0), SAPA_OK);
    sapa_text_init(&text, first, sizeof(first));
    assert_int_equal(sapa_intervals_compare(&g.report.intervals, &g.broken.intervals, &rows, &differences, &text), SAPA_OK);
    if (differences > 0)
        fail_msg("saved and loaded: %s", first);
    fix_lines_init(&out);
    assert_int_equal(sapa_report_check(&g.report, &out.lines, &g.findings), SAPA_OK);
    if (g.findings > 0)
        fail_msg("%s", out.text);
    free(out.text);
}

static void done(void)
{
    sapa_live_done(&g.live);
    sapa_report_done(&g.report);
    sapa_report_done(&g.broken);
}

static int64_t figure(enum sapa_rows kind, uint32_t dim, const char *key)
{
    const uint32_t at = sapa_figure_find(sapa_str_of(key));
    struct sapa_row row;

    assert_int_not_equal(at, SAPA_NONE);
    assert_int_equal(sapa_intervals_sum(&g.report.intervals, kind, dim, &row), SAPA_OK);
    return sapa_figure_value(at, &row);
}

/* "contacts=2 offered=1": figures of a row. */
static void expect(enum sapa_rows kind, uint32_t dim, const char *figures)
{
    char copy[2000], *rest = NULL;

    assert_true(strlen(figures) < sizeof(copy));
    memcpy(copy, figures, strlen(figures) + 1);
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');
        assert_non_null(value);
        *value++ = '\0';
        if (figure(kind, dim, word) != strtoll(value, NULL, 10))
            fail_msg("%s of row %u/%u is %lld, not %s", word, kind, dim, (long long)figure(kind, dim, word), value);
    }
}
#define CENTRE SAPA_ROWS_TOTAL, SAPA_NONE
#define AGENT(i) SAPA_ROWS_AGENTS, i

/* ---- outward ---- */

#define CALL(at, contact, offer, client)                                                                            \
    at " agent_call contact=" #contact " offer=" #offer " agent=0 line=0 kind=3 target=none client=" #client "\n"   \
    at " contact_new contact=" #contact " client=" #client " direction=1 number=0 flow=none\n"                      \
    at " offer_made offer=" #offer " contact=" #contact " agent=0 queue=none kind=2\n"                              \
    at " assignment_moved agent=0 contact=" #contact " offer=" #offer " from=0 to=1\n"                              \
    at " offer_ended offer=" #offer " contact=" #contact " agent=0 queue=none result=1\n"                           \
    at " assignment_moved agent=0 contact=" #contact " offer=" #offer " from=1 to=2\n"

static void test_outward(void **state)
{
    (void)state;
    begin();
    say(CALL("09:00:00", 10, 20, 0)
        "09:00:10 dial_progress contact=10 attempt=1 state=1 trunk=1\n"
        "09:00:10 contact_connected contact=10 offer=20 agent=0 queue=0 policy=0\n"
        "09:01:11 contact_parted contact=10 offer=20 agent=0 queue=0 talk_ms=61000 side=1\n"
        "09:01:11 assignment_moved agent=0 contact=10 offer=20 from=2 to=4 was_ms=71000\n"
        "09:01:11 contact_ended contact=10 client=0 outcome=16 side=1 total_ms=71000 answered=1\n"
        "09:01:21 wrapup_ended contact=10 offer=20 agent=0 queue=0 wrapup_ms=10000 disposition=0\n"
        "09:01:21 assignment_moved agent=0 contact=10 offer=20 from=4 to=0 was_ms=10000\n");
    /* nobody answers */
    say(CALL("09:02:00", 11, 21, 0)
        "09:02:20 dial_progress contact=11 attempt=1 state=2 cause=486\n"
        "09:02:20 assignment_moved agent=0 contact=11 offer=21 from=2 to=0\n"
        "09:02:20 contact_ended contact=11 client=0 outcome=15 side=0 cause=486 total_ms=20000\n");
    /* over a trunk without a tariff; a fault of ours ends it in the middle of the talk */
    say(CALL("09:03:00", 12, 22, 1)
        "09:03:01 dial_progress contact=12 attempt=1 state=1 trunk=2\n"
        "09:03:01 contact_connected contact=12 offer=22 agent=0 queue=none\n"
        "09:03:06 contact_parted contact=12 offer=22 agent=0 queue=none talk_ms=5000 side=4\n"
        "09:03:06 assignment_moved agent=0 contact=12 offer=22 from=2 to=0\n"
        "09:03:06 contact_ended contact=12 client=1 outcome=12 side=4 total_ms=6000 answered=1\n");
    /* lost before anybody answered */
    say(CALL("09:04:00", 13, 23, 1)
        "09:04:05 assignment_moved agent=0 contact=13 offer=23 from=2 to=0\n"
        "09:04:05 contact_ended contact=13 client=1 outcome=12 side=3 total_ms=5000\n");
    /* denied, and one that goes on */
    say("09:05:00 call_denied agent=0 why=2 kind=3 client=1\n"
        "09:05:01 call_denied agent=1 why=1 kind=3 client=none\n" CALL("09:06:00", 14, 24, 0));
    end("09:06:30 tick\n");
    expect(CENTRE, "contacts=5 offered=0 outbound=5 outbound_reached=2 outbound_unreached=1 outbound_other=1 outbound_open=1 "
                   "outbound_passed=0 internal=0 handled=2 outbound_handled=2 received=0 solved=1 talk_ms=66000 outbound_talk_ms=66000 "
                   "internal_talk_ms=0 wrapup_ms=10000 offers=0 offers_accepted=0 calls_denied=2 outbound_cost=130000 "
                   "outbound_charged_ms=61000 outbound_charged_calls=1 cost=0 charged_calls=0 outbound_reach_rate=500000 "
                   "outbound_talk_mean=33000 solved_rate=500000 cost_per_outbound=130000 by_network=1 by_system=1 "
                   "outbound_agent_cost=76000 cost_per_outbound_handled=103000"); /* 71 s and 5 s at 10 a second, beside the line */
    expect(SAPA_ROWS_CLIENTS, 0, "outbound=3 outbound_cost=130000 outbound_agent_cost=71000 cost_per_outbound_handled=201000 calls_denied=0");
    expect(SAPA_ROWS_CLIENTS, 1, "outbound=2 outbound_cost=0 outbound_agent_cost=5000 calls_denied=1");
    /* ringing: 10 + 20 + 1 + 5 + 30 s */
    expect(AGENT(0), "calls_placed=5 calls_reached=2 handled=2 outbound_handled=2 received=0 solved=1 talk_ms=66000 ringing_ms=66000 "
                     "handling_ms=76000 calls_denied=1 internal_placed=0 outbound_talk_ms=66000 reach_rate=400000 offers=0");
    expect(AGENT(1), "calls_placed=0 calls_denied=1 handled=0");
    assert_int_equal(figure(SAPA_ROWS_QUEUES, SAPA_NONE, "handled"), 0); /* they stood in no line */
    expect(SAPA_ROWS_TRUNKS, 0, "outbound_lines=1 outbound_line_ms=61000 outbound_charged_calls=1 outbound_cost=130000 cost_per_outbound=130000");
    expect(SAPA_ROWS_TRUNKS, 1, "outbound_lines=1 outbound_line_ms=5000 outbound_charged_calls=0 outbound_cost=0");
    done();
}

/* Two questions of two scales: each in its own figures, and in those of who is judged. */
static void test_answers(void **state)
{
    (void)state;
    begin();
    say("09:00:00 contact_new contact=10 client=1 direction=0 number=1 flow=none\n"
        "09:00:01 contact_queued contact=10 queue=2 position=1\n"
        "09:00:01 offer_made offer=20 contact=10 agent=1 queue=2\n"
        "09:00:01 assignment_moved agent=1 contact=10 offer=20 from=0 to=1\n"
        "09:00:05 offer_ended offer=20 contact=10 agent=1 queue=2 result=1 ring_ms=4000\n"
        "09:00:05 assignment_moved agent=1 contact=10 offer=20 from=1 to=2 was_ms=4000\n"
        "09:00:05 contact_dequeued contact=10 queue=2 reason=0 wait_ms=4000\n"
        "09:00:05 contact_connected contact=10 offer=20 agent=1 queue=2 policy=0 wait_ms=4000\n"
        "09:00:35 contact_parted contact=10 offer=20 agent=1 queue=2 talk_ms=30000 side=0\n"
        "09:00:35 assignment_moved agent=1 contact=10 offer=20 from=2 to=0 was_ms=30000\n"
        "09:00:40 survey_answered contact=10 agent=1 queue=2 question=puas answer=4 scale=5\n"
        "09:00:45 survey_answered contact=10 agent=1 queue=2 question=saran answer=9 scale=10\n"
        "09:00:50 survey_answered contact=10 agent=1 queue=2 question=usaha answer=3 scale=7\n"
        "09:00:55 survey_answered contact=10 agent=1 queue=2 question=lama answer=2\n" /* of an earlier build: which scale is not known */
        "09:00:56 contact_ended contact=10 client=1 outcome=1 side=0 total_ms=56000 queue_ms=4000 answered=1\n");
    end("09:10:00 tick\n");
    static const char figures[] = "surveys=4 survey_sum=18 surveys_10=1 promoters=1 detractors=0 surveys_5=1 top_two=1 surveys_7=1 effort_sum=3 "
                                  "nps=100000000 csat=1000000 ces=3000000";
    expect(CENTRE, figures);
    expect(SAPA_ROWS_QUEUES, 2, figures);
    expect(AGENT(1), figures);
    expect(AGENT(0), "surveys=0");
    done();
}

/* The calls of a campaign, whoever places them: reached, talked, what they cost, and what was denied. */
static void test_campaigns(void **state)
{
    (void)state;
    begin();
    say("09:00:00 agent_call contact=10 offer=20 agent=0 line=0 kind=3 target=none client=none campaign=2\n"
        "09:00:00 contact_new contact=10 client=1 direction=1 number=0 flow=none campaign=2\n"
        "09:00:00 offer_made offer=20 contact=10 agent=0 queue=none kind=2\n"
        "09:00:00 assignment_moved agent=0 contact=10 offer=20 from=0 to=1\n"
        "09:00:00 offer_ended offer=20 contact=10 agent=0 queue=none result=1\n"
        "09:00:00 assignment_moved agent=0 contact=10 offer=20 from=1 to=2\n"
        "09:00:10 dial_progress contact=10 attempt=1 state=1 trunk=1\n"
        "09:00:10 contact_connected contact=10 offer=20 agent=0 queue=none policy=0\n"
        "09:01:11 contact_parted contact=10 offer=20 agent=0 queue=none talk_ms=61000 side=1\n"
        "09:01:11 assignment_moved agent=0 contact=10 offer=20 from=2 to=0 was_ms=71000\n"
        "09:01:11 contact_ended contact=10 client=1 outcome=16 side=1 total_ms=71000 answered=1\n");
    say(CALL("09:02:00", 11, 21, 1) /* for none */
        "09:02:20 dial_progress contact=11 attempt=1 state=2 cause=486\n"
        "09:02:20 assignment_moved agent=0 contact=11 offer=21 from=2 to=0\n"
        "09:02:20 contact_ended contact=11 client=1 outcome=15 side=0 cause=486 total_ms=20000\n"
        "09:05:00 call_denied agent=0 why=3 kind=3 client=1 campaign=2\n");
    end("09:06:30 tick\n");
    expect(SAPA_ROWS_CAMPAIGNS, 1, "contacts=1 outbound=1 outbound_reached=1 outbound_unreached=0 talk_ms=61000 outbound_handled=1 "
                                   "outbound_cost=130000 outbound_line_ms=61000 calls_denied=1 outbound_reach_rate=1000000");
    expect(SAPA_ROWS_CAMPAIGNS, 0, "contacts=0 outbound=0 calls_denied=0");
    expect(SAPA_ROWS_CLIENTS, 1, "outbound=2 outbound_reached=1 calls_denied=1");
    assert_int_equal(g.call_count, 2);
    assert_int_equal(g.calls[0].campaign, 1);
    assert_int_equal(g.calls[1].campaign, SAPA_NONE);
    assert_string_equal(sapa_names_text(&g.report.names, SAPA_DIM_CAMPAIGN, 1, SAPA_LANGUAGE_EN).p, "Sapaan");
    done();
}

#define BEGAN_US (FIX_MIDNIGHT_S + 9 * 3600) * 1000000
#define OVER " began_us=1795226400000000 client=bank number=622150001\n"

/* What the far end is: by the record, by the old rule where there is none; said otherwise while it goes on, or too late. */
static void test_party_types(void **state)
{
    (void)state;
    begin();
    say("09:00:00 contact_new contact=1 client=1 direction=0 number=0 party_type=1\n"
        "09:00:00 contact_new contact=2 client=1 direction=0 number=0 party_type=2\n"
        "09:00:00 contact_new contact=3 client=1 direction=0 number=0\n"  /* from before */
        "09:00:01 contact_party contact=1 person=7 party_type=2\n"
        "09:00:01 contact_party contact=1 person=7 party_type=2\n"        /* it is already */
        "09:00:02 contact_party contact=2 person=8 party_type=1\n"
        "09:00:02 contact_party contact=2 person=8 party_type=9\n"        /* that is nothing */
        "09:00:02 contact_party contact=99 person=8 party_type=1\n"       /* that is no contact */
        "09:00:03 contact_ended contact=1 client=1 outcome=2 side=0 total_ms=3000\n"
        "09:00:03 contact_ended contact=2 client=1 outcome=2 side=0 total_ms=3000\n"
        "09:00:03 contact_ended contact=3 client=1 outcome=2 side=0 total_ms=3000\n"
        "09:00:09 contact_party contact=1 person=7 party_type=1\n");      /* over, from before records said where it counts */
    expect(CENTRE, "contacts=3 party_customers=2 party_prospects=1 internal=0");
    /* for a campaign, from before; and in the wrap-up of one that is over somebody knows better */
    say("09:10:00 agent_call contact=10 offer=20 agent=0 line=0 kind=3 target=none client=none campaign=2\n"
        "09:10:00 contact_new contact=10 client=1 direction=1 number=0 flow=none campaign=2\n"
        "09:10:00 offer_made offer=20 contact=10 agent=0 queue=none kind=2\n"
        "09:10:00 assignment_moved agent=0 contact=10 offer=20 from=0 to=1\n"
        "09:10:00 offer_ended offer=20 contact=10 agent=0 queue=none result=1\n"
        "09:10:00 assignment_moved agent=0 contact=10 offer=20 from=1 to=2\n"
        "09:10:10 dial_progress contact=10 attempt=1 state=1 trunk=1\n"
        "09:10:10 contact_connected contact=10 offer=20 agent=0 queue=none policy=0\n"
        "09:11:10 contact_parted contact=10 offer=20 agent=0 queue=none talk_ms=60000 side=1\n"
        "09:11:10 assignment_moved agent=0 contact=10 offer=20 from=2 to=4 was_ms=70000\n"
        "09:11:10 contact_ended contact=10 client=1 outcome=16 side=1 total_ms=70000 answered=1\n");
    expect(SAPA_ROWS_CAMPAIGNS, 1, "contacts=1 party_prospects=1 party_customers=0");
    say("09:11:15 contact_party contact=10 person=9 party_type=1 agent=0\n");
    expect(SAPA_ROWS_CAMPAIGNS, 1, "contacts=1 party_prospects=0 party_customers=1");
    say("09:11:20 wrapup_ended contact=10 offer=20 agent=0 queue=none wrapup_ms=10000 disposition=none\n"
        "09:11:20 assignment_moved agent=0 contact=10 offer=20 from=4 to=0 was_ms=10000\n"
        "09:12:00 agent_call contact=11 offer=21 agent=0 line=0 kind=2 target=1 client=none\n"
        "09:12:00 contact_new contact=11 client=none direction=2 number=none flow=none party_type=3\n"
        "09:12:00 contact_party contact=11 person=0 party_type=1\n" /* among colleagues there is none */
        "09:12:05 contact_ended contact=11 client=none outcome=15 side=1 total_ms=5000\n"
        "09:15:00 tick\n");
    expect(CENTRE, "contacts=5 party_customers=3 party_prospects=1 internal=1");
    /* long over, and somebody says otherwise, takes it back, and says what is so already: it counts where it began */
    say("09:40:00 contact_party contact=2 person=8 party_type=2 was=1" OVER);
    expect(CENTRE, "contacts=5 party_customers=2 party_prospects=2 internal=1");
    expect(SAPA_ROWS_CLIENTS, 1, "contacts=4 party_customers=2 party_prospects=2");
    expect(SAPA_ROWS_CLIENTS, 0, "contacts=0 party_customers=0 party_prospects=0");
    expect(SAPA_ROWS_NUMBERS, 0, "contacts=4 party_customers=2 party_prospects=2");
    struct sapa_row row;
    assert_int_equal(sapa_intervals_get(&g.report.intervals, SAPA_ROWS_TOTAL, 0, BEGAN_US, &row), SAPA_OK);
    assert_int_equal(row.m.of[SAPA_M_PARTY_PROSPECTS], 2);
    assert_int_equal(sapa_intervals_get(&g.live.today, SAPA_ROWS_TOTAL, 0, BEGAN_US, &row), SAPA_OK);
    assert_int_equal(row.m.of[SAPA_M_PARTY_PROSPECTS], 2);
    say("09:40:01 contact_party contact=2 person=8 party_type=1 was=2" OVER
        "09:40:02 contact_party contact=2 person=8 party_type=1 was=1" OVER
        "09:40:02 contact_party contact=2 person=8 party_type=1 was=3" OVER /* a record that makes no sense */
        "09:40:02 contact_party contact=2 person=8 party_type=1 was=4" OVER);
    end("09:45:00 tick\n");
    expect(CENTRE, "contacts=5 party_customers=3 party_prospects=1 internal=1");
    assert_int_equal(g.call_count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(g.calls[i].party_type, g.calls[i].contact == 1 ? SAPA_PARTY_TYPE_PROSPECT + 1 : g.calls[i].contact == 3 ? 0
                                                : g.calls[i].contact == 11 ? SAPA_PARTY_TYPE_INTERNAL + 1 : SAPA_PARTY_TYPE_CUSTOMER + 1);
    done();
}

/* ---- asking somebody ---- */

/* Siti talks with a caller since 09:00:20, and asks Budi at 09:01:00, who answers five seconds later. */
#define TALKS                                                                                                   \
    "09:00:00 contact_arrived contact=1 number=0\n"                                                             \
    "09:00:00 contact_new contact=1 client=0 number=0\n"                                                        \
    "09:00:00 contact_queued contact=1 queue=0 position=1\n"                                                    \
    "09:00:10 offer_made offer=5 contact=1 agent=0 queue=0 wait_ms=10000\n"                                     \
    "09:00:10 assignment_moved agent=0 contact=1 offer=5 from=0 to=1\n"                                         \
    "09:00:20 offer_ended offer=5 contact=1 agent=0 queue=0 result=1 ring_ms=10000\n"                           \
    "09:00:20 assignment_moved agent=0 contact=1 offer=5 from=1 to=2 was_ms=10000\n"                            \
    "09:00:20 contact_dequeued contact=1 queue=0 reason=0 wait_ms=20000\n"                                      \
    "09:00:20 contact_connected contact=1 offer=5 agent=0 queue=0 wait_ms=20000\n"
#define ASKS                                                                                                    \
    "09:01:00 agent_call contact=11 offer=21 agent=0 line=1 beside=5 kind=2 target=1 client=none\n"             \
    "09:01:00 hold_changed contact=1 offer=5 agent=0 side=1 on=1\n"                                             \
    "09:01:00 assignment_moved agent=0 contact=1 offer=5 from=2 to=3 was_ms=40000\n"                            \
    "09:01:00 contact_new contact=11 client=none direction=2 number=none flow=none\n"                           \
    "09:01:00 offer_made offer=21 contact=11 agent=0 queue=none kind=2\n"                                       \
    "09:01:00 assignment_moved agent=0 contact=11 offer=21 from=0 to=1\n"                                       \
    "09:01:00 offer_ended offer=21 contact=11 agent=0 queue=none result=1\n"                                    \
    "09:01:00 assignment_moved agent=0 contact=11 offer=21 from=1 to=2\n"                                       \
    "09:01:00 offer_made offer=22 contact=11 agent=1 queue=none kind=3\n"                                       \
    "09:01:00 assignment_moved agent=1 contact=11 offer=22 from=0 to=1\n"
#define ANSWERS                                                                                                 \
    "09:01:05 offer_ended offer=22 contact=11 agent=1 queue=none result=1 ring_ms=5000\n"                       \
    "09:01:05 assignment_moved agent=1 contact=11 offer=22 from=1 to=2 was_ms=5000\n"                           \
    "09:01:05 contact_connected contact=11 offer=22 agent=1 queue=none\n"                                       \
    "09:01:05 contact_connected contact=11 offer=21 agent=0 queue=none\n"
/* Half a minute later Budi comes into the caller's conversation, and the consultation ends in it. */
#define JOINS(conference)                                                                                       \
    "09:01:35 contact_merged contact=1 other=11 agent=0 conference=" #conference "\n"                           \
    "09:01:35 contact_parted contact=11 offer=22 agent=1 queue=none talk_ms=30000 side=1\n"                     \
    "09:01:35 party_joined contact=1 offer=22 agent=1 queue=0 parties=3\n"                                      \
    "09:01:35 contact_parted contact=11 offer=21 agent=0 queue=none talk_ms=30000 side=1\n"                     \
    "09:01:35 assignment_moved agent=0 contact=11 offer=21 from=2 to=0 was_ms=35000\n"                          \
    "09:01:35 contact_ended contact=11 client=none outcome=14 side=1 total_ms=35000 answered=1\n"               \
    "09:01:35 hold_changed contact=1 offer=5 agent=0 side=1 on=0 held_ms=35000\n"
#define BUDI_ENDS                                                                                               \
    "09:02:35 contact_parted contact=1 offer=22 agent=1 queue=0 talk_ms=60000 side=0\n"                         \
    "09:02:35 assignment_moved agent=1 contact=1 offer=22 from=2 to=4 was_ms=90000\n"
#define CALLER_ENDS                                                                                             \
    "09:02:35 contact_ended contact=1 client=0 outcome=1 side=0 queue=0 total_ms=155000 queue_ms=20000 answered=1\n" \
    "09:02:45 wrapup_ended contact=1 offer=22 agent=1 queue=0 wrapup_ms=10000 disposition=0\n"                  \
    "09:02:45 assignment_moved agent=1 contact=1 offer=22 from=4 to=0 was_ms=10000\n"

static void test_transfer_after_asking(void **state)
{
    char buf[16384];
    struct sapa_text text;

    (void)state;
    begin();
    say(TALKS ASKS);
    struct sapa_view view;
    const struct sapa_view_room room = { 0 };
    assert_int_equal(sapa_live_view(&g.live, g.live.now_us, SAPA_LANGUAGE_EN, &room, &view), SAPA_OK);
    assert_int_equal(view.open, 2);
    assert_int_equal(view.internal, 1);
    assert_int_equal(view.answered, 1); /* a consultation is no answered caller */
    say(ANSWERS JOINS(0)
        "09:01:35 contact_parted contact=1 offer=5 agent=0 queue=0 talk_ms=40000 hold_ms=35000 side=1\n"
        "09:01:35 assignment_moved agent=0 contact=1 offer=5 from=3 to=4 was_ms=35000\n"
        "09:01:35 contact_transferred contact=1 offer=5 agent=0 queue=0 kind=2 target=1 asked=1 other=11\n"
        "09:01:45 wrapup_ended contact=1 offer=5 agent=0 queue=0 wrapup_ms=10000 disposition=1\n"
        "09:01:45 assignment_moved agent=0 contact=1 offer=5 from=4 to=0 was_ms=10000\n" BUDI_ENDS CALLER_ENDS);
    end("09:10:00 tick\n09:20:00 tick\n");
    expect(CENTRE, "contacts=2 offered=1 answered=1 internal=1 internal_reached=1 handled=2 received=2 outbound_handled=0 talk_ms=100000 "
                   "hold_ms=35000 internal_talk_ms=60000 wrapup_ms=20000 transfers=1 transfers_asked=1 transfers_blind=0 "
                   "transfers_to_agent=1 transfers_received=1 transfers_open=0 transfers_lost=0 passed_on=1 consultations=1 "
                   "conferences=0 transfer_rate=500000 transfer_asked_rate=1000000 transfer_lost_rate=0 offers=1 solved=1 by_agent=0");
    expect(SAPA_ROWS_QUEUES, 0, "offered=1 answered=1 handled=2 talk_ms=100000 transfers=1 transfers_received=1");
    expect(AGENT(0), "talk_ms=40000 hold_ms=35000 internal_talk_ms=30000 wrapup_ms=10000 handling_ms=85000 handled=1 internal_parts=1 "
                     "internal_placed=1 transfers=1 transfers_received=0 passed_on=1 consultations=1 ringing_ms=10000");
    expect(AGENT(1), "talk_ms=60000 internal_talk_ms=30000 wrapup_ms=10000 handling_ms=100000 handled=1 received=1 internal_parts=1 "
                     "transfers_received=1 transfers=0 ringing_ms=5000 solved=1");
    assert_int_equal(figure(CENTRE, "handling_p99_ms"), 85000); /* each part by itself: Budi's 70 s, Siti's 85 s */
    /* the record of the caller's contact, and of the consultation */
    assert_int_equal(g.call_count, 2);
    const struct sapa_call *call = &g.calls[g.calls[0].contact == 1 ? 0 : 1], *asked = &g.calls[g.calls[0].contact == 1 ? 1 : 0];
    assert_int_equal(call->transfer_count, 1);
    assert_true(call->transfers[0].asked);
    assert_int_equal(call->transfers[0].target, 1);
    assert_int_equal(call->part_count, 2);
    assert_int_equal(call->parties_max, 3);
    assert_false(call->conference);
    assert_int_equal(call->conversation_ms, 135000); /* once, whoever talks */
    assert_int_equal(call->merged_from, 11);
    assert_int_equal(asked->merged_into, 1);
    assert_int_equal(asked->outcome, SAPA_OUTCOME_MERGED);
    const struct sapa_call_show show = { &g.report.names, &fix_zones[0], SAPA_LANGUAGE_EN, true, 0 };
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_call_agents(call, &show, &text);
    assert_string_equal(buf, "siti budi");
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_call_transfers(call, &show, SAPA_LANGUAGE_EN, &text);
    assert_string_equal(buf, "siti asked agent budi");
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_call_transfers(call, &show, SAPA_LANGUAGE_ID, &text);
    assert_string_equal(buf, "siti setelah bertanya ke agen budi");
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_call_json(call, &show, &text);
    assert_non_null(strstr(buf, "\"transfers\":[{\"how\":\"asked\",\"to\":\"agent\",\"agent\":\"siti\",\"target\":\"budi\",\"consultation\":\"11\""));
    assert_non_null(strstr(buf, "\"role\":\"joined\""));
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_call_list(call, &show, &text);
    assert_non_null(strstr(buf, "siti budi"));
    assert_non_null(strstr(buf, "siti asked agent budi"));
    assert_non_null(strstr(buf, "inbound"));
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_call_csv(call, &show, &text);
    assert_non_null(strstr(buf, ",inbound,\"siti budi\",\"siti asked agent budi\",0,0,"));
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_call_csv(asked, &show, &text);
    assert_non_null(strstr(buf, ",internal,\"siti budi\",\"\",0,0,1"));
    done();
}

/* Both talk with the caller at once: both are counted, the contact once. */
static void test_conference(void **state)
{
    (void)state;
    begin();
    say(TALKS ASKS ANSWERS JOINS(1)
        "09:01:35 assignment_moved agent=0 contact=1 offer=5 from=3 to=2 was_ms=35000\n");
    struct sapa_view_queue queues[FIX_QUEUES];
    struct sapa_view_agent agents[FIX_AGENTS];
    struct sapa_view view;
    const struct sapa_view_room room = { .queues = queues, .agents = agents, .queue_size = FIX_QUEUES, .agent_size = FIX_AGENTS };
    assert_int_equal(sapa_live_view(&g.live, g.live.now_us, SAPA_LANGUAGE_EN, &room, &view), SAPA_OK);
    assert_int_equal(queues[0].talking, 1);
    assert_int_equal(view.talking, 1);
    assert_int_equal(agents[0].doing, SAPA_DOING_TALKING);
    assert_int_equal(agents[0].contact, 1); /* his own consultation is over */
    assert_int_equal(agents[1].doing, SAPA_DOING_TALKING);
    say("09:02:05 contact_parted contact=1 offer=5 agent=0 queue=0 talk_ms=70000 hold_ms=35000 side=1\n"
        "09:02:05 assignment_moved agent=0 contact=1 offer=5 from=2 to=0 was_ms=30000\n" BUDI_ENDS CALLER_ENDS);
    end("09:10:00 tick\n09:20:00 tick\n");
    expect(CENTRE, "contacts=2 offered=1 answered=1 handled=2 talk_ms=130000 hold_ms=35000 internal_talk_ms=60000 conferences=1 transfers=0 "
                   "passed_on=0 conversation_ms=135000");
    expect(AGENT(0), "talk_ms=70000 hold_ms=35000 internal_talk_ms=30000 handling_ms=105000 conferences=1");
    expect(AGENT(1), "talk_ms=60000 internal_talk_ms=30000 handling_ms=100000 conferences=0");
    done();
}

/* Nobody answers the consultation: he goes back to the caller. Another is given the caller while it still rings. */
static void test_not_reached(void **state)
{
    (void)state;
    begin();
    say(TALKS ASKS
        "09:01:30 offer_ended offer=22 contact=11 agent=1 queue=none result=3 ring_ms=30000\n"
        "09:01:30 assignment_moved agent=1 contact=11 offer=22 from=1 to=0 was_ms=30000\n"
        "09:01:30 assignment_moved agent=0 contact=11 offer=21 from=2 to=0 was_ms=30000\n"
        "09:01:30 contact_ended contact=11 client=none outcome=15 side=4 total_ms=30000\n"
        "09:01:30 hold_changed contact=1 offer=5 agent=0 side=1 on=0 held_ms=30000\n"
        "09:01:30 assignment_moved agent=0 contact=1 offer=5 from=3 to=2 was_ms=30000\n"
        "09:01:40 agent_call contact=12 offer=23 agent=0 line=1 beside=5 kind=0 target=1 client=none\n"
        "09:01:40 hold_changed contact=1 offer=5 agent=0 side=1 on=1\n"
        "09:01:40 assignment_moved agent=0 contact=1 offer=5 from=2 to=3 was_ms=10000\n"
        "09:01:40 contact_new contact=12 client=none direction=2 number=none flow=none\n"
        "09:01:40 offer_made offer=23 contact=12 agent=0 queue=none kind=2\n"
        "09:01:40 assignment_moved agent=0 contact=12 offer=23 from=0 to=1\n"
        "09:01:40 offer_ended offer=23 contact=12 agent=0 queue=none result=1\n"
        "09:01:40 assignment_moved agent=0 contact=12 offer=23 from=1 to=2\n"
        "09:01:40 contact_queued contact=12 queue=1 position=1\n"
        /* he passes his caller on to that line: blind after all */
        "09:01:50 contact_dequeued contact=12 queue=1 reason=7 wait_ms=10000\n"
        "09:01:50 contact_merged contact=1 other=12 agent=0 conference=0\n"
        "09:01:50 assignment_moved agent=0 contact=12 offer=23 from=2 to=0 was_ms=10000\n"
        "09:01:50 contact_ended contact=12 client=none outcome=14 side=1 total_ms=10000 queue_ms=10000\n"
        "09:01:50 hold_changed contact=1 offer=5 agent=0 side=1 on=0 held_ms=10000\n"
        "09:01:50 contact_parted contact=1 offer=5 agent=0 queue=0 talk_ms=50000 hold_ms=40000 side=1\n"
        "09:01:50 assignment_moved agent=0 contact=1 offer=5 from=3 to=0 was_ms=10000\n"
        "09:01:50 contact_transferred contact=1 offer=5 agent=0 queue=0 kind=0 target=1 other=12\n"
        "09:01:50 contact_queued contact=1 queue=1 position=1\n");
    assert_int_equal(figure(CENTRE, "transfers_open"), 1);
    /* ... and the caller gives up there */
    end("09:02:00 contact_dequeued contact=1 queue=1 reason=1 wait_ms=10000\n"
        "09:02:00 contact_ended contact=1 client=0 outcome=1 side=0 total_ms=120000 queue_ms=30000 answered=1\n09:10:00 tick\n");
    expect(CENTRE, "contacts=3 internal=2 internal_unreached=1 internal_passed=1 transfers=1 transfers_blind=1 transfers_to_queue=1 "
                   "transfers_lost=1 transfers_open=0 transfers_received=0 consultations=2 handled=1 talk_ms=50000 hold_ms=40000 "
                   "internal_talk_ms=0 transfer_lost_rate=1000000");
    expect(SAPA_ROWS_QUEUES, 0, "transfers=1 transfers_lost=1 transferred_in=0");
    expect(SAPA_ROWS_QUEUES, 1, "transfers=0 transferred_in=1 offered=2 abandoned=1 left_by_flow=1");
    expect(AGENT(0), "handling_ms=90000 internal_parts=0 internal_placed=2");
    expect(AGENT(1), "ringing_ms=30000 offers=0 offers_missed=0"); /* no offer of work */
    done();
}

/* Somebody outside is asked, and gets the caller: his line costs until the end, in one piece. */
static void test_transfer_outside(void **state)
{
    (void)state;
    begin();
    say(TALKS
        "09:01:00 agent_call contact=11 offer=21 agent=0 line=1 beside=5 kind=3 target=none client=0\n"
        "09:01:00 hold_changed contact=1 offer=5 agent=0 side=1 on=1\n"
        "09:01:00 assignment_moved agent=0 contact=1 offer=5 from=2 to=3 was_ms=40000\n"
        "09:01:00 contact_new contact=11 client=0 direction=1 number=0 flow=none\n"
        "09:01:00 offer_made offer=21 contact=11 agent=0 queue=none kind=2\n"
        "09:01:00 assignment_moved agent=0 contact=11 offer=21 from=0 to=1\n"
        "09:01:00 offer_ended offer=21 contact=11 agent=0 queue=none result=1\n"
        "09:01:00 assignment_moved agent=0 contact=11 offer=21 from=1 to=2\n"
        "09:01:10 dial_progress contact=11 attempt=1 state=1 trunk=1\n"
        "09:01:10 contact_connected contact=11 offer=21 agent=0 queue=none\n"
        "09:01:40 contact_merged contact=1 other=11 agent=0 conference=0\n"
        "09:01:40 party_joined contact=1 offer=0 agent=none attempt=7 queue=none parties=3\n"
        "09:01:40 contact_parted contact=11 offer=21 agent=0 queue=none talk_ms=30000 side=1\n"
        "09:01:40 assignment_moved agent=0 contact=11 offer=21 from=2 to=0 was_ms=40000\n"
        "09:01:40 contact_ended contact=11 client=0 outcome=14 side=1 total_ms=40000 answered=1\n"
        "09:01:40 hold_changed contact=1 offer=5 agent=0 side=1 on=0 held_ms=40000\n"
        "09:01:40 contact_parted contact=1 offer=5 agent=0 queue=0 talk_ms=40000 hold_ms=40000 side=1\n"
        "09:01:40 assignment_moved agent=0 contact=1 offer=5 from=3 to=0 was_ms=40000\n"
        "09:01:40 contact_transferred contact=1 offer=5 agent=0 queue=0 kind=3 target=none asked=1 other=11\n");
    assert_int_equal(figure(CENTRE, "outbound_charged_calls"), 0);
    end("09:03:30 dial_progress contact=1 attempt=7 state=3\n"
        "09:03:30 party_left contact=1 attempt=7 side=0 talk_ms=110000\n"
        "09:03:31 contact_ended contact=1 client=0 outcome=10 side=0 total_ms=211000 queue_ms=20000 answered=1\n09:10:00 tick\n");
    /* 140 s of line: three pulses of a minute */
    expect(CENTRE, "outbound=1 outbound_reached=1 outbound_charged_calls=1 outbound_charged_ms=140000 outbound_cost=190000 transfers=1 "
                   "transfers_asked=1 transfers_to_outside=1 transfers_outside=1 answered=1 transferred=0 answered_in_level=1 handled=2 outbound_handled=1 consultations=1");
    assert_int_equal(g.calls[1].outside_count, 1);
    assert_true(g.calls[1].outsides[0].left_us != 0);
    done();
}

/* To a menu, which serves it, or takes a message, or does not keep the caller. */
static void test_transfer_to_a_menu(void **state)
{
    static const struct { const char *what, *end; const char *figures; } ways[] = {
        { "", "09:01:30 contact_ended contact=1 client=0 outcome=1 side=2 total_ms=90000 queue_ms=20000 answered=1\n",
          "transfers_menu=1 transfers_lost=0" },
        { "09:01:20 voicemail_left contact=1 recording=9 length_ms=5000 queue=0\n",
          "09:01:30 contact_ended contact=1 client=0 outcome=1 side=0 total_ms=90000 queue_ms=20000 answered=1\n",
          "transfers_menu=1 transfers_lost=0" },
        { "", "09:01:30 contact_ended contact=1 client=0 outcome=1 side=0 total_ms=90000 queue_ms=20000 answered=1\n",
          "transfers_menu=0 transfers_lost=1" },
    };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(ways); i++) {
        begin();
        say(TALKS
            "09:01:00 contact_transferred contact=1 offer=5 agent=0 queue=0 kind=1 target=2\n"
            "09:01:00 contact_parted contact=1 offer=5 agent=0 queue=0 talk_ms=40000 side=1\n"
            "09:01:00 assignment_moved agent=0 contact=1 offer=5 from=2 to=0 was_ms=40000\n"
            "09:01:00 flow_step contact=1 node=1\n");
        say(ways[i].what);
        end(ways[i].end);
        expect(CENTRE, "transfers=1 transfers_to_number=1 transfers_blind=1 transfers_open=0 transfers_received=0");
        expect(CENTRE, ways[i].figures);
        expect(SAPA_ROWS_QUEUES, 0, ways[i].figures);
        done();
    }
}

/* ---- nobody was there ---- */

/* Siti wraps up and Budi waits, ready, when the machine is switched off for an hour. */
static void test_stopped(void **state)
{
    struct sapa_view_agent agents[FIX_AGENTS];
    struct sapa_view view;
    const struct sapa_view_room room = { .agents = agents, .agent_size = FIX_AGENTS };

    (void)state;
    for (unsigned whole = 0; whole < 2; whole++) {
        struct sapa_record record;
        begin();
        say(TALKS
            "09:01:00 contact_parted contact=1 offer=5 agent=0 queue=0 talk_ms=40000 side=0\n"
            "09:01:00 assignment_moved agent=0 contact=1 offer=5 from=2 to=4 was_ms=40000\n"
            "09:01:00 contact_ended contact=1 client=0 outcome=1 side=0 total_ms=60000 queue_ms=20000 answered=1\n"
            "09:01:05 tick\n");
        sapa_record_init(&record, SAPA_T_centre_started);
        record.seq = ++g.seq;
        record.at_us = (FIX_MIDNIGHT_S + 10 * 3600 + 70) * 1000000; /* 10:01:10 */
        (void)sapa_sized_set(&record.u.centre_started.centre_hash, sapa_str_of(g.centre.hash));
        record.u.centre_started.stopped_us = record.at_us - INT64_C(3600) * 1000000;
        record.u.centre_started.whole = whole;
        fold(&record);
        assert_int_equal(sapa_live_view(&g.live, g.live.now_us, SAPA_LANGUAGE_EN, &room, &view), SAPA_OK);
        assert_int_equal(agents[0].since_ms, 10000);
        assert_int_equal(agents[1].since_ms, 130000);
        end("10:01:20 wrapup_ended contact=1 offer=5 agent=0 queue=0 wrapup_ms=20000\n"
            "10:01:20 assignment_moved agent=0 contact=1 offer=5 from=4 to=0 was_ms=20000\n"
            "10:02:10 agent_moved agent=1 from=2 to=0 reason=none was_ms=190000\n"
            "10:02:10 agent_moved agent=0 from=2 to=0 reason=none was_ms=190000\n");
        expect(AGENT(0), "wrapup_ms=20000 handling_ms=60000 logged_in_ms=190000 ready_ms=190000");
        expect(AGENT(1), "idle_ms=190000 logged_in_ms=190000");
        done();
    }
}

/* An hour at the desk, half an hour at home, and a phone that was gone for a while in between: what is known last counts. */
static void test_where_agents_work(void **state)
{
    (void)state;
    begin();
    say("09:00:00 agent_device agent=0 reachable=1 reason=registered place=1\n"
        "09:20:00 agent_device agent=0 reachable=0 reason=gone place=0\n"
        "09:25:00 agent_device agent=0 reachable=1 reason=registered place=1\n"
        "10:00:00 agent_device agent=0 reachable=1 reason=registered place=2\n"
        "10:10:00 agent_moved agent=0 from=2 to=1 reason=none was_ms=4260000\n");
    end("10:30:00 agent_moved agent=0 from=1 to=0 reason=none was_ms=1200000\n"
        "10:40:00 agent_moved agent=1 from=2 to=0 reason=none was_ms=6060000\n");
    expect(AGENT(0), "office_ms=3600000 elsewhere_ms=1800000 logged_in_ms=5460000");
    expect(AGENT(1), "office_ms=0 elsewhere_ms=0 logged_in_ms=6060000");
    done();
}

/* Only the program that routes was gone: who talked meanwhile keeps his time; with the media process nobody does. */
static void test_stopped_while_talking(void **state)
{
    (void)state;
    for (unsigned whole = 0; whole < 2; whole++) {
        struct sapa_record record;
        begin();
        say(TALKS "09:01:05 tick\n");
        sapa_record_init(&record, SAPA_T_centre_started);
        record.seq = ++g.seq;
        record.at_us = (FIX_MIDNIGHT_S + 9 * 3600 + 120) * 1000000; /* 09:02:00 */
        (void)sapa_sized_set(&record.u.centre_started.centre_hash, sapa_str_of(g.centre.hash));
        record.u.centre_started.stopped_us = record.at_us - INT64_C(50) * 1000000;
        record.u.centre_started.whole = whole;
        fold(&record);
        end(whole ? "09:02:01 contact_parted contact=1 offer=5 agent=0 queue=0 talk_ms=51000 side=4\n"
                    "09:02:01 assignment_moved agent=0 contact=1 offer=5 from=2 to=0 was_ms=51000\n"
                    "09:02:01 contact_ended contact=1 client=0 outcome=1 side=4 total_ms=121000 queue_ms=20000 answered=1\n"
                    "09:02:09 agent_moved agent=0 from=2 to=0 reason=none was_ms=139000\n"
                  : "09:02:01 contact_parted contact=1 offer=5 agent=0 queue=0 talk_ms=101000 side=0\n"
                    "09:02:01 assignment_moved agent=0 contact=1 offer=5 from=2 to=0 was_ms=101000\n"
                    "09:02:01 contact_ended contact=1 client=0 outcome=1 side=0 total_ms=121000 queue_ms=20000 answered=1\n"
                    "09:02:09 agent_moved agent=0 from=2 to=0 reason=none was_ms=189000\n");
        expect(AGENT(0), whole ? "talk_ms=51000 logged_in_ms=139000" : "talk_ms=101000 logged_in_ms=189000");
        expect(AGENT(1), "logged_in_ms=139000");
        assert_int_equal(g.call_count, 1);
        assert_int_equal(g.calls[0].conversation_ms, whole ? 51000 : 101000);
        done();
    }
}

/* A part that says what it should not is found. */
static void test_lies(void **state)
{
    static const char *const lies[] = {
        "09:05:00 contact_new contact=50 client=0 direction=7 number=0\n",
        "09:05:00 contact_transferred contact=50 offer=1 agent=0 kind=0 target=0\n", /* of a contact that is not open */
        "09:05:00 contact_new contact=50 client=0 direction=1 number=0\n"
        "09:05:01 contact_ended contact=50 client=0 outcome=16 side=1 total_ms=1000\n", /* reached, and nobody talked */
        "09:05:00 contact_new contact=50 client=0 direction=1 number=0\n"
        "09:05:01 contact_ended contact=50 client=0 outcome=14 side=1 total_ms=1000\n", /* went on, and nowhere */
        "09:05:00 contact_new contact=50 client=0 direction=1 number=0\n", /* and no agent placed it */
        TALKS "09:05:00 party_left contact=1 attempt=3 side=0\n",
        TALKS "09:05:00 party_joined contact=1 offer=77 agent=1 queue=0 parties=3\n",
    };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(lies); i++) {
        struct fix_lines out;
        begin();
        say(lies[i]);
        assert_int_equal(sapa_report_end(&g.report, 0), SAPA_OK);
        fix_lines_init(&out);
        assert_int_equal(sapa_report_check(&g.report, &out.lines, &g.findings), SAPA_OK);
        if (g.findings == 0)
            fail_msg("unnoticed: %s", lies[i]);
        free(out.text);
        done();
    }
}

/* ---- what the fuzz targets begin with: made here with SAPA_WRITE=1, and of this version ---- */

static struct fix_bytes seed(const char *name, const struct fix_bytes *fresh)
{
    struct fix_bytes have = { 0 };
    char path[512], part[4096];
    size_t n;

    snprintf(path, sizeof(path), "%s/test/fuzz/%s", SAPA_SOURCE_DIR, name);
    FILE *file = fopen(path, getenv("SAPA_WRITE") ? "w+" : "r");
    assert_non_null(file);
    if (getenv("SAPA_WRITE")) {
        assert_int_equal(fwrite(fresh->bytes, 1, fresh->n, file), fresh->n);
        rewind(file);
    }
    while ((n = fread(part, 1, sizeof(part), file)) > 0)
        assert_true(fix_put(&have, part, n));
    fclose(file);
    return have;
}

static void test_seeds(void **state)
{
    struct fix_bytes live = { 0 }, report = { 0 }, bytes;
    struct sapa_names names;
    struct sapa_live loaded;

    (void)state;
    begin();
    say(TALKS ASKS ANSWERS CALL("09:01:10", 12, 23, 0)
        "09:01:20 dial_progress contact=12 attempt=1 state=1 trunk=1\n"
        "09:01:20 contact_connected contact=12 offer=23 agent=0 queue=none\n");
    assert_true(fix_put(&live, "\0", 1));
    assert_int_equal(sapa_names_save(&g.report.names, &(struct sapa_save){ fix_put, &live }), SAPA_OK);
    assert_int_equal(sapa_live_save(&g.live, &(struct sapa_save){ fix_put, &live }), SAPA_OK);
    assert_true(fix_put(&report, "\1", 1));
    assert_int_equal(sapa_report_save(&g.broken, &(struct sapa_save){ fix_put, &report }), SAPA_OK);

    static struct sapa_view_queue queues[FIX_QUEUES];
    static struct sapa_view_agent agents[FIX_AGENTS];
    static struct sapa_view_call calls[4];
    static struct sapa_view_news news[8];
    static char json[1 << 16];
    const struct sapa_view_room room = { queues, agents, calls, news, FIX_QUEUES, FIX_AGENTS, 4, 8 };
    struct sapa_view view;
    struct sapa_text out;
    assert_int_equal(sapa_live_view(&g.live, g.live.now_us, SAPA_LANGUAGE_EN, &room, &view), SAPA_OK);
    sapa_text_init(&out, json, sizeof(json));
    sapa_view_json(&view, &out);
    assert_int_equal(view.outbound, 1);
    bytes = seed("app_view_read_fuzz/view", &(struct fix_bytes){ .bytes = (uint8_t *)json, .n = out.n });
    assert_int_equal(bytes.n, out.n); /* what the seed says is what is written */
    assert_memory_equal(bytes.bytes, json, out.n);
    free(bytes.bytes);

    bytes = seed("report_live_load_fuzz/live", &live);
    bytes.at = 1;
    sapa_names_init(&names, sapa_memory_heap());
    assert_int_equal(sapa_names_load(&names, &(struct sapa_load){ fix_get, &bytes }), SAPA_OK);
    assert_int_equal(sapa_names_take(&names, &g.centre), SAPA_OK);
    sapa_live_init(&loaded, sapa_memory_heap(), &names);
    assert_int_equal(sapa_live_load(&loaded, &(struct sapa_load){ fix_get, &bytes }), SAPA_OK);
    sapa_live_done(&loaded);
    sapa_names_done(&names);
    free(bytes.bytes);
    bytes = seed("report_live_load_fuzz/report", &report);
    bytes.at = 1;
    sapa_report_done(&g.broken);
    sapa_report_init(&g.broken, sapa_memory_heap(), &plain);
    assert_int_equal(sapa_report_load(&g.broken, &(struct sapa_load){ fix_get, &bytes }), SAPA_OK);
    assert_int_equal(g.broken.intervals.lines.count, 1);
    free(bytes.bytes);
    free(live.bytes);
    free(report.bytes);
    done();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outward), cmocka_unit_test(test_answers), cmocka_unit_test(test_campaigns), cmocka_unit_test(test_party_types), cmocka_unit_test(test_transfer_after_asking), cmocka_unit_test(test_conference),
        cmocka_unit_test(test_not_reached), cmocka_unit_test(test_transfer_outside), cmocka_unit_test(test_transfer_to_a_menu),
        cmocka_unit_test(test_stopped), cmocka_unit_test(test_where_agents_work),
        cmocka_unit_test(test_stopped_while_talking), cmocka_unit_test(test_lies), cmocka_unit_test(test_seeds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
