/* Plans through the API's work: all or nothing, by whom, kept through a restart; the day of an agent and its figures. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <jansson.h>

#include "app/figures.h"
#include "app/test_store_impl.h"
#include "app/web_shift.h"
#include "http/shift.h"

#define EIGHT_US INT64_C(1767574800000000) /* 2026-01-05 08:00 in Jakarta */

static struct test_store store;
static struct sapa_centre *centre;
static char hash[SAPA_HASH_TEXT_SIZE];
static struct sapa_web_files files;
static struct sapa_web_work work;
static const struct sapa_scope everybody = { .clients = UINT64_MAX, .agent = SAPA_NONE }, siti = { .clients = UINT64_MAX, .agent = 0 };
static struct sapa_scope leader; /* of the team blue */

static const char *text_of_centre(void)
{
    static const char mark[] = "skills: { sales: 5 }";
    static char text[8192];
    static const char base[] = TEST_CENTRE "teams: [blue]\nusers: { maya: { name: Maya, role: lead, teams: [blue] } }\nroles: { lead: { rights: [supervisor] } }\n";
    const char *at = strstr(base, mark);

    snprintf(text, sizeof(text), "%.*s%s, team: blue%s", (int)(at - base), base, mark, at + strlen(mark));
    return text;
}

/* Minutes after eight. */
static void log_at(int64_t minutes, struct sapa_record *record)
{
    record->seq = store.committed + 1;
    record->at_us = EIGHT_US + minutes * 60000000;
    assert_int_equal(sapa_log_writer_put(store.writer, record), SAPA_OK);
    sapa_log_writer_flush(store.writer);
    while (store.committed < record->seq)
        sapa_loop_run_once(store.loop, 1000000);
}

#define LOG(minutes, name, ...)                                   \
    do {                                                          \
        struct sapa_record record_;                               \
        sapa_record_init(&record_, SAPA_T_##name);                \
        record_.u.name = (struct sapa_rec_##name){ __VA_ARGS__ }; \
        log_at(minutes, &record_);                                \
    } while (0)

static int begin(void **state)
{
    struct sapa_record record;

    (void)state;
    test_store_open(&store);
    centre = test_centre(text_of_centre());
    assert_int_equal(sapa_store_document_put(store.store, text_of_centre(), strlen(text_of_centre()), hash), SAPA_OK);
    sapa_record_init(&record, SAPA_T_centre_started);
    (void)sapa_sized_set(&record.u.centre_started.centre_hash, sapa_str_of(hash));
    log_at(-60, &record);
    files = (struct sapa_web_files){ .store = store.store, .data = store.folder };
    leader = (struct sapa_scope){ .clients = UINT64_MAX, .agent = SAPA_NONE, .team_first = centre->users[0].team_first, .team_count = 1 };
    return 0;
}

static int end(void **state)
{
    (void)state;
    sapa_centre_free(centre);
    test_store_close(&store);
    return 0;
}

static void set(const char *name, const char *value)
{
    static struct sapa_field_rule rules[8];
    struct sapa_param *param = &work.params.of[work.params.count];

    rules[work.params.count] = (struct sapa_field_rule){ .name = name };
    param->rule = &rules[work.params.count++];
    snprintf(param->value, sizeof(param->value), "%s", value);
}

static void wish(enum sapa_route_id route, const struct sapa_scope *scope, const char *from, const char *to)
{
    work = (struct sapa_web_work){ .route = route, .centre = centre, .scope = *scope, .user = "maya" };
    if (from)
        set("from", from);
    if (to)
        set("to", to);
}

static sapa_rc put_as(const struct sapa_scope *scope, uint64_t match, const char *body)
{
    wish(SAPA_ROUTE_SHIFTS_PUT, scope, "2026-01-05", "2026-01-07");
    work.match = match;
    work.text = strdup(body);
    work.text_n = strlen(body);
    const sapa_rc rc = sapa_web_shift(&files, &work);
    free(work.text);
    return rc;
}

static sapa_rc put(uint64_t match, const char *body)
{
    return put_as(&everybody, match, body);
}

static void forget(void)
{
    sapa_json_done(&work.out);
    work.out = (struct sapa_json){ .p = NULL };
}

static json_t *answer(void)
{
    assert_int_equal(sapa_web_shift(&files, &work), SAPA_OK);
    json_t *reply = json_loadb(work.out.p, work.out.n, 0, NULL);
    assert_non_null(reply);
    forget();
    return reply;
}

#define E(agent, activity, start, end) "{\"agent\":\"" agent "\",\"activity\":\"" activity "\",\"start\":\"2026-01-" start "\",\"end\":\"2026-01-" end "\"}"
#define PLAN \
    "{\"agents\":[\"siti\",\"budi\"],\"items\":[" E("siti", "break", "05T12:00", "05T12:30") "," E("siti", "shift", "05T08:00", "05T16:00") "," \
    E("budi", "shift", "06T22:00", "07T06:00") "," E("budi", "break", "07T02:00", "07T02:30") "]}"

static size_t count_as(const struct sapa_scope *scope)
{
    wish(SAPA_ROUTE_SHIFTS, scope, "2026-01-01", "2026-02-01");
    json_t *reply = answer();
    const size_t count = json_array_size(json_object_get(reply, "items"));
    json_decref(reply);
    return count;
}

/* What is written is read back as it was; a version each time; after a restart it is there. */
static void a_plan_is_kept(void **state)
{
    (void)state;
    assert_int_equal(count_as(&everybody), 0);
    assert_int_equal(work.match, 0);
    assert_int_equal(put(0, PLAN), SAPA_OK);
    assert_string_equal(work.answer, "\"version\":1,\"entries\":4");
    assert_int_equal(put(0, PLAN), SAPA_ESTATE);
    assert_int_equal(work.status, 412);
    wish(SAPA_ROUTE_SHIFTS, &everybody, "2026-01-05", "2026-01-07");
    json_t *reply = answer(), *items = json_object_get(reply, "items");
    assert_int_equal(json_array_size(items), 4);
    char *text = json_dumps(json_array_get(items, 0), JSON_COMPACT);
    assert_string_equal(text, E("siti", "shift", "05T08:00", "05T16:00"));
    free(text);
    text = json_dumps(json_array_get(items, 3), JSON_COMPACT);
    assert_string_equal(text, E("budi", "break", "07T02:00", "07T02:30")); /* of the shift before */
    free(text);
    json_decref(reply);
    /* a day on which nothing is planned any more is gone; the version goes on */
    assert_int_equal(put(1, "{\"agents\":[\"budi\"],\"items\":[]}"), SAPA_OK);
    assert_int_equal(count_as(&everybody), 2);
    assert_int_equal(work.match, 2);

    const struct sapa_store_opts options = { .folder = store.folder, .build = "test" };
    (void)sapa_log_writer_stop(store.writer);
    sapa_store_close(store.store);
    uint64_t epoch;
    if (sapa_store_open_sqlite(&options, NULL, &store.store) != SAPA_OK || sapa_store_take_epoch(store.store, "test", &epoch) != SAPA_OK)
        abort();
    const struct sapa_log_writer_opts writer = { .progress = test_store_progress, .ctx = &store, .reserve_bytes = UINT64_MAX, .cpu = -1, .loop = store.loop };
    assert_int_equal(sapa_log_writer_start(store.store, &writer, &store.writer), SAPA_OK);
    files.store = store.store;
    assert_int_equal(count_as(&everybody), 2);
    assert_int_equal(work.match, 2);
}

static void a_wrong_plan_changes_nothing(void **state)
{
    static const struct { const char *body, *says; } bad[] = {
        { "{\"agents\":[],\"items\":[]}", "agents: those" },
        { "{\"agents\":[\"ghost\"],\"items\":[]}", "no agent \"ghost\"" },
        { "{\"agents\":[\"siti\"],\"items\":[" E("budi", "shift", "05T08:00", "05T16:00") "]}", "items[0]|not among agents" },
        { "{\"agents\":[\"siti\"],\"items\":[" E("siti", "shift", "05T08:00", "05T16:00") "," E("siti", "nap", "05T08:00", "05T16:00") "]}", "items[1]|an activity is" },
        { "{\"agents\":[\"siti\"],\"items\":[" E("siti", "shift", "05T8", "05T16:00") "]}", "items[0]|local times" },
        { "{\"agents\":[\"siti\"],\"items\":[" E("siti", "shift", "07T08:00", "07T16:00") "]}", "items[0]|one of the days" },
        { "{\"agents\":[\"siti\"],\"items\":[" E("siti", "break", "05T08:00", "05T08:10") "," E("siti", "shift", "05T09:00", "05T16:00") "]}", "items[0]|lie in a shift" },
        { "{\"agents\":[\"siti\"],\"items\":[" E("siti", "shift", "06T20:00", "07T04:00") "]}", "items[0]|day after begins" },
        { "{\"agents\":[\"siti\"],\"items\":[" E("siti", "shift", "05T01:00", "05T08:00") "]}", "items[0]|day before ends" },
    };
    char *all;

    (void)state;
    wish(SAPA_ROUTE_SHIFTS_PUT, &everybody, "2026-01-04", "2026-01-05"); /* neighbours that stay */
    work.text = strdup("{\"agents\":[\"siti\"],\"items\":[" E("siti", "shift", "04T22:00", "05T02:00") "]}");
    work.text_n = strlen(work.text);
    assert_int_equal(sapa_web_shift(&files, &work), SAPA_OK);
    free(work.text);
    wish(SAPA_ROUTE_SHIFTS_PUT, &everybody, "2026-01-07", "2026-01-08");
    work.match = 1;
    work.text = strdup("{\"agents\":[\"siti\"],\"items\":[" E("siti", "shift", "07T03:00", "07T07:00") "]}");
    work.text_n = strlen(work.text);
    assert_int_equal(sapa_web_shift(&files, &work), SAPA_OK);
    free(work.text);
    for (size_t i = 0; i < SAPA_COUNT(bad); i++) {
        char says[64];
        snprintf(says, sizeof(says), "%s", bad[i].says);
        char *reason = strchr(says, '|');
        if (reason)
            *reason++ = '\0';
        assert_int_equal(put(2, bad[i].body), SAPA_EINVAL);
        all = work.has_mistakes ? strndup(work.out.p, work.out.n) : strdup(work.problem);
        if (!strstr(all, says) || (reason && !strstr(all, reason)) || work.has_mistakes != (reason != NULL))
            fail_msg("%zu: %s", i, all);
        free(all);
        forget();
    }
    assert_int_equal(count_as(&everybody), 2);
    assert_int_equal(work.match, 2);
    wish(SAPA_ROUTE_SHIFTS, &everybody, "2026-01-01", "2026-06-01");
    assert_int_equal(sapa_web_shift(&files, &work), SAPA_EINVAL); /* 93 days */
    wish(SAPA_ROUTE_SHIFTS, &everybody, "2026-01-02", "2026-01-02");
    assert_int_equal(sapa_web_shift(&files, &work), SAPA_EINVAL);
}

/* A leader plans his team; an agent reads his own. */
static void who_plans_whom(void **state)
{
    (void)state;
    assert_int_equal(put(0, PLAN), SAPA_OK);
    assert_int_equal(put_as(&leader, 1, PLAN), SAPA_EINVAL); /* budi is of no team of his */
    forget();
    assert_int_equal(put_as(&leader, 1, "{\"agents\":[\"siti\"],\"items\":[" E("siti", "shift", "05T08:00", "05T16:00") "]}"), SAPA_OK);
    assert_int_equal(count_as(&leader), 1);
    assert_int_equal(count_as(&siti), 1);
    assert_int_equal(count_as(&everybody), 3); /* budi's are as they were */
    wish(SAPA_ROUTE_AGENT_DAY, &siti, NULL, NULL);
    set("agent", "budi");
    assert_int_equal(sapa_web_shift(&files, &work), SAPA_ENOENT);
}

static void log_a_day(void)
{
    LOG(0, agent_moved, .agent = 0, .from = SAPA_PRESENCE_OFFLINE, .to = SAPA_PRESENCE_READY, .reason = SAPA_NONE);
    LOG(235, assignment_moved, .agent = 0, .contact = 71, .offer = 5, .from = SAPA_ASSIGNMENT_NONE, .to = SAPA_ASSIGNMENT_TALKING);
    LOG(245, assignment_moved, .agent = 0, .contact = 71, .offer = 5, .from = SAPA_ASSIGNMENT_TALKING, .to = SAPA_ASSIGNMENT_NONE);
    LOG(245, agent_moved, .agent = 0, .from = SAPA_PRESENCE_READY, .to = SAPA_PRESENCE_NOT_READY, .reason = 0);
    LOG(275, agent_moved, .agent = 0, .from = SAPA_PRESENCE_NOT_READY, .to = SAPA_PRESENCE_READY, .reason = SAPA_NONE);
    LOG(420, agent_moved, .agent = 0, .from = SAPA_PRESENCE_READY, .to = SAPA_PRESENCE_OFFLINE, .reason = SAPA_NONE); /* an hour early */
    LOG(700, switch_changed, .which = 0, .client = SAPA_NONE, .on = 0);
}

static double ratio(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    assert_true(json_is_number(value));
    return json_number_value(value);
}

/* Busy and absent are told apart, with the contact; the figures are those of the report, also by way of the shelf. */
static void the_day_of_an_agent(void **state)
{
    struct sapa_figures *figures;
    bool more;

    (void)state;
    log_a_day();
    wish(SAPA_ROUTE_AGENT_DAY, &leader, NULL, NULL);
    set("agent", "siti");
    set("day", "2026-01-05");
    json_t *reply = answer();
    assert_true(json_is_null(json_object_get(reply, "adherence")) && json_is_null(json_object_get(reply, "conformance"))); /* no plan, no figure */
    assert_int_equal(json_array_size(json_object_get(reply, "items")), 4);
    json_decref(reply);
    assert_int_equal(put(0, PLAN), SAPA_OK); /* planned afterwards: the past is judged by it */
    for (unsigned kept = 0; kept < 2; kept++) {
        static const char *const verdicts[] = { "as planned", "busy", "as planned", "absent", "as planned", "absent" };
        wish(SAPA_ROUTE_AGENT_DAY, &leader, NULL, NULL);
        set("agent", "siti");
        set("day", "2026-01-05");
        reply = answer();
        const json_t *items = json_object_get(reply, "items");
        assert_int_equal(json_array_size(items), SAPA_COUNT(verdicts));
        for (size_t i = 0; i < SAPA_COUNT(verdicts); i++)
            assert_string_equal(json_string_value(json_object_get(json_array_get(items, i), "verdict")), verdicts[i]);
        assert_string_equal(json_string_value(json_array_get(json_object_get(json_array_get(items, 1), "contacts"), 0)), "71");
        assert_string_equal(json_string_value(json_object_get(json_array_get(items, 1), "from")), "2026-01-05T05:00:00.000Z");
        assert_string_equal(json_string_value(json_object_get(json_array_get(items, 3), "reason")), "1");
        assert_int_equal(json_array_size(json_object_get(reply, "plan")), 2);
        assert_int_equal(json_integer_value(json_object_get(reply, "scheduled_ms")), 480 * 60000);
        assert_int_equal(json_integer_value(json_object_get(reply, "in_schedule_ms")), (480 - 5 - 5 - 60) * 60000);
        assert_true(ratio(reply, "adherence") > 0.8541 && ratio(reply, "adherence") < 0.8542); /* 410 of 480 */
        assert_true(ratio(reply, "conformance") > 0.8666 && ratio(reply, "conformance") < 0.8667); /* 390 of 450 */
        json_decref(reply);
        assert_int_equal(sapa_figures_open(store.folder, &figures), SAPA_OK);
        assert_int_equal(sapa_figures_fold(figures, 0, 0, NULL, &more), SAPA_OK);
        assert_int_equal(sapa_figures_save(figures), SAPA_OK);
        sapa_figures_close(figures);
    }
    wish(SAPA_ROUTE_ADHERENCE, &leader, NULL, NULL);
    set("day", "2026-01-05");
    reply = answer();
    assert_int_equal(json_array_size(json_object_get(reply, "agents")), 1);
    const json_t *team = json_array_get(json_object_get(reply, "teams"), 0);
    assert_string_equal(json_string_value(json_object_get(team, "team")), "blue");
    assert_true(ratio(team, "adherence") > 0.8541 && ratio(team, "adherence") < 0.8542);
    json_decref(reply);
    wish(SAPA_ROUTE_ADHERENCE, &siti, NULL, NULL); /* of his team an agent sees himself */
    set("day", "2026-01-05");
    reply = answer();
    assert_true(json_array_size(json_object_get(reply, "agents")) == 1 && json_array_size(json_object_get(reply, "teams")) == 0);
    json_decref(reply);
    const struct sapa_scope bound = { .clients = 1, .agent = SAPA_NONE };
    wish(SAPA_ROUTE_ADHERENCE, &bound, NULL, NULL);
    assert_int_equal(sapa_web_shift(&files, &work), SAPA_EDENIED);
    forget();
}

/* As the report has it: the same rows, a figure of agents; and what is kept is what the log says, plan or not. */
static void reports_have_it(void **state)
{
    struct sapa_figures *figures;
    struct sapa_report *report;
    struct sapa_row row;
    bool more;

    (void)state;
    log_a_day();
    assert_int_equal(put(0, PLAN), SAPA_OK);
    assert_int_equal(sapa_figures_open(store.folder, &figures), SAPA_OK);
    assert_int_equal(sapa_figures_fold(figures, 0, 0, NULL, &more), SAPA_OK);
    assert_int_equal(sapa_figures_rows(figures, UINT32_C(1) << SAPA_ROWS_AGENTS, EIGHT_US / 1000000, EIGHT_US / 1000000 + 7200, &report), SAPA_OK);
    assert_int_equal(sapa_intervals_get(&report->intervals, SAPA_ROWS_AGENTS, sapa_names_find(&report->names, SAPA_DIM_AGENT, SAPA_STR("siti")), EIGHT_US, &row), SAPA_OK);
    assert_true(row.m.of[SAPA_M_SCHEDULED] == 900000 && row.m.of[SAPA_M_IN_SCHEDULE] == 900000);
    assert_int_equal(sapa_intervals_get(&report->intervals, SAPA_ROWS_AGENTS, sapa_names_find(&report->names, SAPA_DIM_AGENT, SAPA_STR("siti")), EIGHT_US + INT64_C(7200000000), &row), SAPA_OK);
    assert_true(row.m.of[SAPA_M_SCHEDULED] == 0); /* behind the time that was asked for */
    sapa_figures_close(figures);
    assert_int_equal(sapa_figures_open(store.folder, &figures), SAPA_OK);
    assert_int_equal(sapa_figures_fold(figures, 0, 0, NULL, &more), SAPA_OK);
    assert_int_equal(sapa_figures_rows_of_log(figures, UINT32_MAX, 0, 0, false, &report), SAPA_OK);
    assert_int_equal(sapa_intervals_sum(&report->intervals, SAPA_ROWS_AGENTS, SAPA_NONE, &row), SAPA_OK);
    assert_true(row.m.of[SAPA_M_SCHEDULED] == 0 && row.m.of[SAPA_M_LOGGED_IN] > 0 && report->stretches.total > 0);
    sapa_figures_close(figures);
}

static void first(const char *text)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/shifts.csv", store.folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    sapa_shift_first(store.store, path, centre, EIGHT_US);
}

/* Every day gets what a file has, where nothing is planned; who has lines of his own has those. */
static void a_plan_to_begin_with(void **state)
{
    struct sapa_plan_day day;
    struct sapa_plan_head head;

    (void)state;
    first("agent,start,end,activity\n*,08:00,16:00,nap\n");
    first("agent,start,end,activity\n*,08:00,16:00,shift\n*,2026-01-05T08:00,16:00,break\n");
    first("agent,start,end,activity\n*,08:00,16:00,shift\n*,16:00,16:15,break\n");
    assert_int_equal(count_as(&everybody), 0); /* nothing of a file that is wrong */
    assert_int_equal(put(0, "{\"agents\":[\"budi\"],\"items\":[" E("budi", "shift", "05T07:00", "05T08:00") "]}"), SAPA_OK);
    first("agent,start,end,activity\n*,08:00,16:00,shift\n*,12:00,12:30,break\nsiti,07:00,07:30,shift\nsiti,07:45,23:45,shift\nsiti,07:50,08:00,break\n"); /* at eight */
    assert_int_equal(sapa_plan_day(store.store, SAPA_STR("siti"), 20260105, &day), SAPA_OK);
    assert_true(day.count == 1 && day.of[0].from_s == EIGHT_US / 1000000 && day.of[0].to_s == EIGHT_US / 1000000 + 15 * 3600 + 2700); /* what has passed is not planned */
    assert_true(sapa_plan_day(store.store, SAPA_STR("siti"), 20260106, &day) == SAPA_OK && day.count == 3);
    assert_int_equal(sapa_plan_day(store.store, SAPA_STR("budi"), 20260105, &day), SAPA_OK);
    assert_true(day.count == 1 && strcmp(day.by, "maya") == 0);
    assert_int_equal(sapa_plan_day(store.store, SAPA_STR("budi"), 20260106, &day), SAPA_OK);
    assert_true(day.count == 2 && day.of[1].activity == SAPA_ACTIVITY_BREAK && strcmp(day.by, "sapa") == 0);
    assert_int_equal(sapa_plan_day(store.store, SAPA_STR("budi"), 20260201, &day), SAPA_OK);
    assert_int_equal(sapa_plan_head(store.store, &head), SAPA_OK);
    assert_true(head.version == 2 && head.first == 20260105 && head.last == 20260201);
    first("agent,start,end,activity\n*,08:00,16:00,shift\n");
    assert_int_equal(sapa_plan_head(store.store, &head), SAPA_OK);
    assert_int_equal(head.version, 2); /* all days have one */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = { T(a_plan_is_kept), T(a_wrong_plan_changes_nothing), T(who_plans_whom), T(the_day_of_an_agent), T(reports_have_it), T(a_plan_to_begin_with) };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
