#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "report/fixture_impl.h"
#include "report/live.h"
#include "report/report.h"

static struct gen gen;

struct feed {
    struct sapa_live live;
    struct sapa_names names;
    struct sapa_report report; /* the same day, as `sapa report` would count it */
    const struct sapa_centre *centre;
};

static void feed_one(void *ctx, const struct sapa_record *record)
{
    struct feed *feed = ctx;

    if (record->type == SAPA_T_centre_started)
        assert_int_equal(sapa_names_take(&feed->names, feed->centre), SAPA_OK);
    assert_int_equal(sapa_live_fold(&feed->live, record), SAPA_OK);
    assert_int_equal(sapa_live_fold(&feed->live, record), SAPA_OK); /* twice is once */
    assert_int_equal(sapa_report_fold(&feed->report, record), SAPA_OK);
}

/* What the generator makes from `seed` goes to both, as soon as it is started. */
static void begin(struct feed *feed, const struct sapa_centre *centre, enum sapa_grain grain, uint64_t seed)
{
    const struct sapa_report_options options = { .centre = fix_find, .ctx = (void *)centre,
                                                 .interval = { .grain = grain } };

    memset(feed, 0, sizeof(*feed));
    feed->centre = centre;
    sapa_names_init(&feed->names, sapa_memory_heap());
    sapa_live_init(&feed->live, sapa_memory_heap(), &feed->names);
    sapa_report_init(&feed->report, sapa_memory_heap(), &options);
    gen_begin(&gen, seed);
    gen.emit = feed_one;
    gen.ctx = feed;
}

static void done(struct feed *feed)
{
    sapa_report_done(&feed->report);
    sapa_live_done(&feed->live);
    sapa_names_done(&feed->names);
}

static struct sapa_view_queue queues[FIX_QUEUES];
static struct sapa_view_agent agents[FIX_AGENTS];
static struct sapa_view_call calls[100];
static struct sapa_view_news news[20];
static const struct sapa_view_room room = { queues, agents, calls, news, FIX_QUEUES, FIX_AGENTS, 100, 20 };

/* The view beside a recount from the generator's own state. */
static void compare(struct feed *feed)
{
    struct sapa_view view;
    unsigned menu = 0, waiting[FIX_QUEUES] = { 0 }, virtual_waiting[FIX_QUEUES] = { 0 }, ringing = 0, talking = 0, open = 0;
    int64_t longest[FIX_QUEUES] = { 0 };
    struct sapa_row row;

    assert_int_equal(sapa_live_view(&feed->live, gen.now_us, SAPA_LANGUAGE_EN, &room, &view), SAPA_OK);
    for (unsigned i = 0; i < GEN_CONTACTS; i++) {
        const struct gen_contact *c = &gen.contacts[i];
        if (c->id == 0)
            continue;
        open++;
        menu += c->place == GEN_FLOW && !c->is_callback;
        talking += c->place == GEN_TALK || c->place == GEN_HELD;
        if (c->place != GEN_QUEUE && c->place != GEN_OFFERED && c->place != GEN_DIAL)
            continue;
        ringing += c->place == GEN_OFFERED && !c->is_virtual;
        if (c->is_virtual) {
            virtual_waiting[c->queue]++;
        } else {
            waiting[c->queue]++;
            longest[c->queue] = SAPA_MAX(longest[c->queue], (gen.now_us - c->queued_us) / 1000);
        }
    }
    assert_int_equal(view.open, open);
    assert_int_equal(view.call_count, open);
    assert_int_equal(view.talking, talking);
    assert_int_equal(view.ringing, ringing);
    assert_true(view.in_menu >= menu);
    for (unsigned q = 0; q < FIX_QUEUES; q++) {
        assert_int_equal(queues[q].waiting, waiting[q]);
        assert_int_equal(queues[q].callbacks_waiting, virtual_waiting[q]);
        assert_int_equal(queues[q].longest_ms, longest[q]);
        assert_int_equal(sapa_intervals_get(&feed->report.intervals, SAPA_ROWS_QUEUES, q, gen.now_us, &row), SAPA_OK);
        assert_int_equal(queues[q].offered, row.m.of[SAPA_M_OFFERED]);
        assert_int_equal(queues[q].answered, row.m.of[SAPA_M_ANSWERED]);
        assert_int_equal(queues[q].service_level, sapa_kpi_service_level(&row.m));
    }
    for (unsigned a = 0; a < FIX_AGENTS; a++) {
        static const uint8_t by_doing[] = { 0, SAPA_DOING_RINGING, SAPA_DOING_TALKING, SAPA_DOING_HOLD, SAPA_DOING_WRAPUP };
        static const uint8_t by_presence[] = { SAPA_DOING_OFFLINE, SAPA_DOING_NOT_READY, SAPA_DOING_READY };
        const struct gen_agent *agent = &gen.agents[a];
        assert_int_equal(agents[a].doing, agent->doing ? by_doing[agent->doing] : by_presence[agent->presence]);
        if (agent->doing != SAPA_ASSIGNMENT_NONE) {
            assert_int_equal(agents[a].contact, agent->contact);
            if (agent->doing != SAPA_ASSIGNMENT_TALKING || !agent->dialling)
                assert_true(agents[a].since_ms >= (gen.now_us - agent->doing_us) / 1000);
        }
        if (agent->presence == SAPA_PRESENCE_NOT_READY)
            assert_true(agents[a].reason[0] != '\0');
    }
    for (uint32_t i = 1; i < view.call_count; i++)
        assert_true(calls[i - 1].age_ms >= calls[i].age_ms);
    for (uint32_t i = 1; i < view.news_count; i++)
        assert_true(news[i - 1].at_us >= news[i].at_us);
}

static void test_fold_is_recount(void **state)
{
    const struct sapa_centre centre = fix_centre(0);

    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct feed feed;
        begin(&feed, &centre, SAPA_GRAIN_DAY, seed);
        gen_start(&gen, centre.hash);
        for (unsigned i = 0; i < 3000; i++) {
            gen_turn(&gen, seed % 2 ? 3000 : 90000); /* the slow ones run over several midnights */
            if (i % 7 == 0)
                compare(&feed);
        }
        done(&feed);
    }
}

/* The recent minutes beside the quarter hours of a report that saw the same: what came in the last thirty minutes. */
static void test_recent_is_the_report(void **state)
{
    const struct sapa_centre centre = fix_centre(0);
    uint64_t seen = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct feed feed;
        begin(&feed, &centre, SAPA_GRAIN_MINUTE, seed);
        gen_start(&gen, centre.hash);
        for (unsigned i = 0; i < 2500; i++) {
            gen_turn(&gen, seed % 2 ? 4000 : 40000);
            if (i % 53 != 0)
                continue;
            gen.now_us += i % 3 == 0 ? 200000000 : 0; /* nobody did anything for a while */
            const int64_t now_us = gen.now_us;
            assert_int_equal(sapa_live_until(&feed.live, now_us), SAPA_OK);
            for (unsigned q = 0; q < FIX_QUEUES; q++) {
                struct sapa_measures want = { { 0 } }, got, day;
                struct sapa_live_values values, wanted;
                struct sapa_row row;
                for (unsigned minute = 0; minute < 30; minute++) {
                    assert_int_equal(sapa_intervals_get(&feed.report.intervals, SAPA_ROWS_QUEUES, q, now_us - minute * INT64_C(60000000), &row), SAPA_OK);
                    sapa_measures_join(&want, &row.m);
                }
                assert_int_equal(sapa_live_measures(&feed.live, q, SAPA_LIVE_RECENT, now_us, &got), SAPA_OK);
                sapa_live_values(&feed.live, SAPA_ROWS_QUEUES, &got, &values);
                sapa_live_values(&feed.live, SAPA_ROWS_QUEUES, &want, &wanted);
                assert_memory_equal(&values, &wanted, sizeof(values));
                assert_int_equal(values.of[SAPA_LIVE_OFFERED], want.of[SAPA_M_OFFERED]);
                assert_int_equal(values.of[SAPA_LIVE_SERVICE_LEVEL], sapa_kpi_service_level(&want));
                assert_int_equal(sapa_live_measures(&feed.live, q, SAPA_LIVE_TODAY, now_us, &day), SAPA_OK);
                seen += (uint64_t)got.of[SAPA_M_OFFERED] > 0 && day.of[SAPA_M_OFFERED] > got.of[SAPA_M_OFFERED];
            }
        }
        done(&feed);
    }
    assert_true(seen > 50); /* else nothing was compared that differs from the day */
}

/* Teams of the fixture's people: two and two. */
static struct sapa_centre two_teams(struct sapa_agent people[FIX_AGENTS])
{
    static const struct sapa_team teams[] = { { { "pagi", 4 } }, { { "malam", 5 } } };
    struct sapa_centre centre = fix_centre(0);

    memcpy(people, fix_agents, sizeof(fix_agents));
    for (uint32_t a = 0; a < FIX_AGENTS; a++)
        people[a].team = a & 1;
    centre.agents = people;
    centre.teams = teams, centre.teams_count = 2;
    return centre;
}

/* A centre that stood still for two months: the minutes of that time are not made, only to be forgotten at once. */
static void test_long_sleep(void **state)
{
    struct sapa_agent people[FIX_AGENTS];
    const struct sapa_centre centre = two_teams(people);
    struct feed feed;

    (void)state;
    begin(&feed, &centre, SAPA_GRAIN_DAY, 1);
    gen_start(&gen, centre.hash);
    for (unsigned i = 0; i < 500; i++)
        gen_turn(&gen, 4000);
    assert_int_equal(sapa_live_until(&feed.live, gen.now_us + INT64_C(60) * 86400 * 1000000), SAPA_OK);
    assert_in_range(feed.live.recent.agent_rows.count, 1, 2 * SAPA_LIVE_RECENT_MIN); /* two teams */
    assert_in_range(feed.live.recent.agent_rows.room, 1, 1000);
    done(&feed);
}

/* The same for teams: the minutes of a report of their people, joined. What is loaded goes on alike. */
static void test_recent_of_teams(void **state)
{
    struct sapa_agent people[FIX_AGENTS];
    const struct sapa_centre centre = two_teams(people);
    uint64_t seen = 0, apart = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct feed feed;
        begin(&feed, &centre, SAPA_GRAIN_MINUTE, seed);
        gen_start(&gen, centre.hash);
        for (unsigned i = 0; i < 2500; i++) {
            struct sapa_measures got[2], day;
            gen_turn(&gen, seed % 2 ? 4000 : 40000);
            if (i % 53 != 0)
                continue;
            gen.now_us += i % 3 == 0 ? 200000000 : 0;
            const int64_t now_us = gen.now_us;
            assert_int_equal(sapa_live_until(&feed.live, now_us), SAPA_OK);
            assert_int_equal(sapa_intervals_until(&feed.report.intervals, now_us), SAPA_OK);
            if (i % 5 == 0) {
                struct fix_bytes bytes = { 0 };
                assert_int_equal(sapa_live_save(&feed.live, &(struct sapa_save){ fix_put, &bytes }), SAPA_OK);
                sapa_live_done(&feed.live);
                sapa_live_init(&feed.live, sapa_memory_heap(), &feed.names);
                assert_int_equal(sapa_live_load(&feed.live, &(struct sapa_load){ fix_get, &bytes }), SAPA_OK);
                free(bytes.bytes);
            }
            for (uint32_t team = 0; team < 2; team++) {
                struct sapa_measures want = { { 0 } };
                struct sapa_live_values values, wanted;
                struct sapa_row row;
                uint32_t count, again;
                for (unsigned minute = 0; minute < 30; minute++) {
                    for (uint32_t a = team; a < FIX_AGENTS; a += 2) {
                        assert_int_equal(sapa_intervals_get(&feed.report.intervals, SAPA_ROWS_AGENTS, a, now_us - minute * INT64_C(60000000), &row), SAPA_OK);
                        sapa_measures_join(&want, &row.m);
                    }
                }
                assert_int_equal(sapa_live_team(&feed.live, team, SAPA_LIVE_RECENT, now_us, &got[team], &count), SAPA_OK);
                sapa_live_values(&feed.live, SAPA_ROWS_AGENTS, &got[team], &values);
                sapa_live_values(&feed.live, SAPA_ROWS_AGENTS, &want, &wanted);
                for (unsigned f = 0; f < SAPA_LIVE_FIGURE_COUNT; f++) /* each row's times are rounded to a millisecond: here of a team, there of each agent */
                    assert_true(llabs(values.of[f] - wanted.of[f]) <= (f == SAPA_LIVE_OCCUPANCY ? 100 : f == SAPA_LIVE_AHT || f == SAPA_LIVE_WRAPUP_MEAN ? 60 : 0));
                assert_int_equal(values.of[SAPA_LIVE_HANDLED], want.of[SAPA_M_HANDLED]);
                assert_true((values.of[SAPA_LIVE_AHT] == SAPA_KPI_NONE) == (wanted.of[SAPA_LIVE_AHT] == SAPA_KPI_NONE));
                assert_int_equal(values.of[SAPA_LIVE_OFFERED], SAPA_KPI_NONE); /* people have it not */
                assert_int_equal(sapa_live_team(&feed.live, team, SAPA_LIVE_TODAY, now_us, &day, &again), SAPA_OK);
                assert_int_equal(count, again);
                seen += got[team].of[SAPA_M_HANDLED] > 0 && day.of[SAPA_M_HANDLED] > got[team].of[SAPA_M_HANDLED];
            }
            apart += got[0].of[SAPA_M_HANDLED] != got[1].of[SAPA_M_HANDLED];
        }
        done(&feed);
    }
    assert_true(seen > 50 && apart > 50);
}

/* An hour that can be reckoned by hand: half of it is gone from the recent minutes, none of it from the day. */
static void test_team_in_a_known_hour(void **state)
{
    struct sapa_agent people[FIX_AGENTS];
    const struct sapa_centre centre = two_teams(people);
    const int64_t nine_us = (FIX_MIDNIGHT_S + 9 * 3600) * INT64_C(1000000), minute_us = 60000000;
    struct sapa_measures recent, day;
    struct sapa_live_values values;
    struct feed feed;
    uint32_t count;

    (void)state;
    begin(&feed, &centre, SAPA_GRAIN_DAY, 1);
    gen.now_us = nine_us;
    gen_start(&gen, centre.hash);
    gen_presence(&gen, 0, SAPA_PRESENCE_READY); /* Siti, in the first team, and Budi, in the other */
    gen_presence(&gen, 1, SAPA_PRESENCE_READY);
    for (unsigned i = 0; i < 2; i++) { /* Siti talks 09:10 to 09:20 and 09:40 to 09:46 */
        gen.now_us = nine_us + (i ? 40 : 10) * minute_us;
        gen_doing(&gen, 0, SAPA_ASSIGNMENT_TALKING);
        gen.now_us = nine_us + (i ? 46 : 20) * minute_us;
        gen_doing(&gen, 0, SAPA_ASSIGNMENT_NONE);
    }
    gen.now_us = nine_us + 60 * minute_us - 1; /* the last moment of 09:59: recent is 09:30 to 10:00 */
    assert_int_equal(sapa_live_until(&feed.live, gen.now_us), SAPA_OK);
    assert_int_equal(sapa_live_team(&feed.live, 0, SAPA_LIVE_RECENT, gen.now_us, &recent, &count), SAPA_OK);
    assert_int_equal(sapa_live_team(&feed.live, 0, SAPA_LIVE_TODAY, gen.now_us, &day, &count), SAPA_OK);
    assert_int_equal(count, 1);
    sapa_live_values(&feed.live, SAPA_ROWS_AGENTS, &recent, &values);
    assert_in_range(values.of[SAPA_LIVE_OCCUPANCY], 199999, 200001); /* 6 of 30 minutes */
    sapa_live_values(&feed.live, SAPA_ROWS_AGENTS, &day, &values);
    assert_in_range(values.of[SAPA_LIVE_OCCUPANCY], 266665, 266668); /* 16 of 60 */
    assert_int_equal(sapa_live_team(&feed.live, 1, SAPA_LIVE_RECENT, gen.now_us, &recent, &count), SAPA_OK);
    sapa_live_values(&feed.live, SAPA_ROWS_AGENTS, &recent, &values);
    assert_int_equal(values.of[SAPA_LIVE_OCCUPANCY], 0);

    /* The people change places between the teams: the day is of who is in a team now, recent minutes of who was then. */
    struct sapa_agent moved[FIX_AGENTS];
    struct sapa_centre next = two_teams(moved);
    for (uint32_t a = 0; a < FIX_AGENTS; a++)
        moved[a].team = !(a & 1);
    assert_int_equal(sapa_names_take(&feed.names, &next), SAPA_OK);
    assert_int_equal(sapa_live_team(&feed.live, 0, SAPA_LIVE_RECENT, gen.now_us, &recent, &count), SAPA_OK);
    sapa_live_values(&feed.live, SAPA_ROWS_AGENTS, &recent, &values);
    assert_in_range(values.of[SAPA_LIVE_OCCUPANCY], 199999, 200001);
    assert_int_equal(sapa_live_team(&feed.live, 1, SAPA_LIVE_TODAY, gen.now_us, &day, &count), SAPA_OK);
    sapa_live_values(&feed.live, SAPA_ROWS_AGENTS, &day, &values);
    assert_in_range(values.of[SAPA_LIVE_OCCUPANCY], 266665, 266668);
    done(&feed);
}

/* What goes on, of the centre, a client, a queue, beside the view. */
static void test_now(void **state)
{
    const struct sapa_centre centre = fix_centre(0);
    struct feed feed;
    struct sapa_view view;
    struct sapa_live_now now, all;

    (void)state;
    begin(&feed, &centre, SAPA_GRAIN_DAY, 3);
    gen_start(&gen, centre.hash);
    for (unsigned i = 0; i < 900; i++) {
        unsigned waiting = 0;
        gen_turn(&gen, 3000);
        assert_int_equal(sapa_live_view(&feed.live, gen.now_us, SAPA_LANGUAGE_EN, &room, &view), SAPA_OK);
        sapa_live_now(&feed.live, SAPA_ROWS_TOTAL, 0, &all);
        for (unsigned q = 0; q < FIX_QUEUES; q++) {
            sapa_live_now(&feed.live, SAPA_ROWS_QUEUES, q, &now);
            assert_int_equal(now.waiting, queues[q].waiting);
            assert_int_equal(now.callbacks_waiting, queues[q].callbacks_waiting);
            assert_int_equal(now.talking, queues[q].talking);
            assert_int_equal(now.oldest_us ? (gen.now_us - now.oldest_us) / 1000 : 0, queues[q].longest_ms);
            assert_int_equal(now.agents_ready, queues[q].agents_ready);
            assert_int_equal(now.agents_busy, queues[q].agents_busy);
            waiting += now.waiting;
        }
        assert_int_equal(all.waiting, waiting);
        assert_int_equal(all.talking, view.talking);
        assert_int_equal(all.agents_ready, view.agents_ready);
        assert_int_equal(all.agents_busy + all.agents_not_ready + all.agents_ready + view.agents_offline, FIX_AGENTS);
    }
    done(&feed);
}

static void test_midnight(void **state)
{
    const struct sapa_centre centre = fix_centre(0);
    struct feed feed;
    struct sapa_view view;

    (void)state;
    begin(&feed, &centre, SAPA_GRAIN_DAY, 4);
    gen_start(&gen, centre.hash);
    for (unsigned i = 0; i < 500; i++)
        gen_turn(&gen, 2000);
    assert_int_equal(sapa_live_view(&feed.live, gen.now_us, SAPA_LANGUAGE_ID, &room, &view), SAPA_OK);
    assert_true(view.offered > 10);
    const uint32_t open = view.open;
    /* Nobody does anything until the next day: today is empty, what goes on still goes on. */
    assert_int_equal(sapa_live_view(&feed.live, (FIX_MIDNIGHT_S + 86400) * INT64_C(1000000), SAPA_LANGUAGE_ID, &room, &view), SAPA_OK);
    assert_int_equal(view.offered, 0);
    assert_int_equal(view.service_level, SAPA_KPI_NONE);
    assert_int_equal(view.open, open);
    done(&feed);
}

static void test_save_load(void **state)
{
    const struct sapa_centre centre = fix_centre(0);
    static char once[65536], again[65536];
    struct sapa_text text;
    struct sapa_view view;
    struct feed feed;

    (void)state;
    begin(&feed, &centre, SAPA_GRAIN_DAY, 9);
    gen_start(&gen, centre.hash);
    for (unsigned turn = 0; turn < 600; turn++) {
        struct fix_bytes bytes = { 0 };
        gen_turn(&gen, 3000);
        if (turn % 50 != 0)
            continue;
        assert_int_equal(sapa_live_view(&feed.live, gen.now_us, SAPA_LANGUAGE_EN, &room, &view), SAPA_OK);
        sapa_text_init(&text, once, sizeof(once));
        sapa_view_json(&view, &text);
        assert_false(text.cut);
        assert_int_equal(sapa_live_save(&feed.live, &(struct sapa_save){ fix_put, &bytes }), SAPA_OK);
        for (size_t cut = 0; cut < bytes.n; cut += bytes.n / 13 + 1) {
            struct fix_bytes part = { bytes.bytes, cut, cut, 0 };
            struct sapa_live other;
            sapa_live_init(&other, sapa_memory_heap(), &feed.names);
            assert_int_not_equal(sapa_live_load(&other, &(struct sapa_load){ fix_get, &part }), SAPA_OK);
            sapa_live_done(&other);
        }
        sapa_live_done(&feed.live);
        sapa_live_init(&feed.live, sapa_memory_heap(), &feed.names);
        assert_int_equal(sapa_live_load(&feed.live, &(struct sapa_load){ fix_get, &bytes }), SAPA_OK);
        free(bytes.bytes);
        assert_int_equal(sapa_live_view(&feed.live, gen.now_us, SAPA_LANGUAGE_EN, &room, &view), SAPA_OK);
        sapa_text_init(&text, again, sizeof(again));
        sapa_view_json(&view, &text);
        assert_string_equal(once, again);
    }
    done(&feed);
}

static void test_staff_of_queues(void **state)
{
    const struct sapa_centre centre = fix_centre(0);
    struct sapa_view view;
    struct feed feed;

    (void)state;
    begin(&feed, &centre, SAPA_GRAIN_DAY, 1);
    gen_start(&gen, centre.hash);
    for (uint32_t a = 0; a < FIX_AGENTS; a++)
        gen_presence(&gen, a, SAPA_PRESENCE_READY);
    gen_presence(&gen, 1, SAPA_PRESENCE_NOT_READY);
    assert_int_equal(sapa_live_view(&feed.live, gen.now_us, SAPA_LANGUAGE_EN, &room, &view), SAPA_OK);
    /* Penjualan is the shop's: Siti, Dewi ready, Budi not; Agus is not granted it. */
    assert_int_equal(queues[0].agents_ready, 2);
    assert_int_equal(queues[0].agents_not_ready, 1);
    /* Kartu wants english 3, later 2: Siti (4) and Budi (2). */
    assert_int_equal(queues[1].agents_ready, 1);
    assert_int_equal(queues[1].agents_not_ready, 1);
    assert_int_equal(queues[2].agents_ready, 2); /* Siti, Agus: Dewi is not granted the bank */
    assert_int_equal(view.agents_ready, 3);
    done(&feed);
}

/* A contact that comes and ends on this side. */
static void end_one(struct feed *feed, uint64_t id, enum sapa_side side, enum sapa_outcome outcome)
{
    struct sapa_record record;

    sapa_record_init(&record, SAPA_T_contact_new);
    record.u.contact_new.contact = id;
    record.at_us = feed->live.now_us;
    assert_int_equal(sapa_live_fold(&feed->live, &record), SAPA_OK);
    sapa_record_init(&record, SAPA_T_contact_ended);
    record.u.contact_ended.contact = id;
    record.u.contact_ended.side = side;
    record.u.contact_ended.outcome = outcome;
    record.at_us = feed->live.now_us;
    assert_int_equal(sapa_live_fold(&feed->live, &record), SAPA_OK);
}

static void test_drop_alarm(void **state)
{
    struct sapa_centre centre = fix_centre(0);
    struct sapa_record alarm;
    struct feed feed;
    uint64_t id = 1;

    (void)state;
    centre.system.system_drop_percent = 2;
    begin(&feed, &centre, SAPA_GRAIN_DAY, 1);
    gen_start(&gen, centre.hash);
    for (; id <= 19; id++) /* all of nineteen: too few to say anything */
        end_one(&feed, id, SAPA_SIDE_SYSTEM, SAPA_OUTCOME_SYSTEM_FAULT);
    assert_false(sapa_live_drop_alarm(&feed.live, &alarm));
    for (; id <= 219; id++) /* and forgotten when two hundred good ones follow */
        end_one(&feed, id, id & 1 ? SAPA_SIDE_CUSTOMER : SAPA_SIDE_NETWORK, SAPA_OUTCOME_ANSWERED);
    assert_int_equal(feed.live.dropped, 0);
    for (unsigned i = 0; i < 100; i++, id++) /* refused at the door: none of them is a drop */
        end_one(&feed, id, SAPA_SIDE_SYSTEM, SAPA_OUTCOME_REFUSED);
    assert_int_equal(feed.live.dropped, 0);
    for (unsigned i = 0; i < 4; i++, id++) /* two in a hundred is the limit, and still good */
        end_one(&feed, id, SAPA_SIDE_SYSTEM, SAPA_OUTCOME_ANSWERED);
    assert_false(sapa_live_drop_alarm(&feed.live, &alarm));
    end_one(&feed, id++, SAPA_SIDE_SYSTEM, SAPA_OUTCOME_ANSWERED);
    assert_true(sapa_live_drop_alarm(&feed.live, &alarm));
    assert_int_equal(alarm.u.alarm_raised.on, 1);
    assert_int_equal(alarm.u.alarm_raised.kind, SAPA_ALARM_SYSTEM_DROPS);
    assert_string_equal(alarm.u.alarm_raised.text.p,
                        "5 of the last 200 contacts were ended by a fault of ours; see sapa contacts --last 50");
    assert_true(sapa_live_drop_alarm(&feed.live, &alarm)); /* until it has come back through the log */
    alarm.at_us = feed.live.now_us;
    assert_int_equal(sapa_live_fold(&feed.live, &alarm), SAPA_OK);
    assert_false(sapa_live_drop_alarm(&feed.live, &alarm));
    struct sapa_view view; /* the figure of the screen is the report's: calls that were answered are not lost */
    assert_int_equal(sapa_live_view(&feed.live, gen.now_us, SAPA_LANGUAGE_EN, &room, &view), SAPA_OK);
    assert_int_equal(view.system_faults, 19);
    for (unsigned i = 0; i < 195; i++, id++)
        end_one(&feed, id, SAPA_SIDE_CUSTOMER, SAPA_OUTCOME_ANSWERED);
    assert_false(sapa_live_drop_alarm(&feed.live, &alarm)); /* five are still among them */
    for (unsigned i = 0; i < 3; i++, id++)
        end_one(&feed, id, SAPA_SIDE_CUSTOMER, SAPA_OUTCOME_ANSWERED);
    assert_true(sapa_live_drop_alarm(&feed.live, &alarm));
    assert_int_equal(alarm.u.alarm_raised.on, 0);
    done(&feed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fold_is_recount), cmocka_unit_test(test_recent_is_the_report),
        cmocka_unit_test(test_recent_of_teams), cmocka_unit_test(test_team_in_a_known_hour), cmocka_unit_test(test_long_sleep), cmocka_unit_test(test_now),
        cmocka_unit_test(test_midnight),
        cmocka_unit_test(test_save_load),
        cmocka_unit_test(test_staff_of_queues),
        cmocka_unit_test(test_drop_alarm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
