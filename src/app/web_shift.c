#include "app/web_shift.h"

#include <stdlib.h>

#include "app/figures.h"
#include "app/web_job_impl.h"
#include "base/log.h"
#include "http/shift.h"
#include "http/target.h"
#include "rt/clock.h"
#include "rt/file.h"

enum { MISTAKES_SHOWN = 20, CONTACTS_SHOWN = 20, ROWS_MAX = 2000, USUAL_DAYS = 7, FIRST_DAYS = 28, FIRST_FILE_MAX = 65536 };

static const struct sapa_zone *zone_of(const struct sapa_centre *centre)
{
    return centre->system.zone < centre->zones_count ? &centre->zones[centre->system.zone] : NULL;
}

void sapa_shift_time(const struct sapa_zone *zone, int64_t at_s, char buf[24])
{
    const struct sapa_civil civil = sapa_zone_civil(zone, at_s);
    struct sapa_text text;

    sapa_text_init(&text, buf, 24);
    sapa_text_printf(&text, "%04d-%02u-%02uT%02u:%02u", civil.year, civil.month, civil.day, civil.hour, civil.minute);
}

/* Who is lent to a team is planned, and judged, by who leads his own. */
static bool sees(const struct sapa_web_work *work, uint32_t agent)
{
    struct sapa_scope scope = work->scope;

    scope.guest_count = 0;
    return agent != SAPA_NONE && sapa_scope_agent(&scope, work->centre, agent);
}

/* ---- days ---- */

struct days {
    int32_t first, end; /* the last is not included */
    unsigned count;
};

static bool is_day(const char *text, int32_t *ret)
{
    return sapa_zone_date(sapa_str_of(text), ret) == SAPA_OK;
}

static sapa_rc take_days(struct sapa_web_work *work, struct days *ret)
{
    const struct sapa_zone *zone = zone_of(work->centre);
    const char *from = sapa_params_get(&work->params, "from"), *to = sapa_params_get(&work->params, "to");
    int32_t first = sapa_shift_date(zone, sapa_wall_us() / 1000000), end = 0;

    if ((from[0] && !is_day(from, &first)) || (to[0] && !is_day(to, &end)))
        return problem(work, SAPA_EINVAL, "from and to are days: 2026-11-21; to is not included");
    *ret = (struct days){ .first = first };
    for (ret->end = first; (end ? ret->end < end : ret->count < USUAL_DAYS) && ret->count <= SAPA_SHIFTS_DAYS_MAX; ret->count++)
        ret->end = sapa_shift_date_next(zone, ret->end);
    if (ret->count == 0 || ret->count > SAPA_SHIFTS_DAYS_MAX)
        return problem(work, SAPA_EINVAL, "from one day to another after it, %d days at most", SAPA_SHIFTS_DAYS_MAX);
    return SAPA_OK;
}

/* ---- reading a plan ---- */

static sapa_rc list_agent(const struct sapa_web_files *files, struct sapa_web_work *work, uint32_t agent, const struct days *days)
{
    const struct sapa_zone *zone = zone_of(work->centre);
    const struct sapa_str key = work->centre->agents[agent].key;
    struct sapa_plan_day *day = malloc(sizeof(*day));
    struct sapa_plan_head head;
    sapa_rc rc = day ? sapa_plan_head(files->store, &head) : SAPA_ENOMEM;

    for (int32_t date = days->first; rc == SAPA_OK && date < days->end; date = sapa_shift_date_next(zone, date)) {
        rc = date >= head.first && date <= head.last ? sapa_plan_day(files->store, key, date, day) : SAPA_ENOENT;
        for (size_t i = 0; rc == SAPA_OK && i < day->count; i++) {
            char start[24], end[24];
            sapa_shift_time(zone, day->of[i].from_s, start);
            sapa_shift_time(zone, day->of[i].to_s, end);
            sapa_json_open(&work->out, '{');
            sapa_json_add_text(&work->out, "agent", key);
            sapa_json_add_text(&work->out, "activity", sapa_str_of(sapa_activity_name(day->of[i].activity)));
            sapa_json_add_text(&work->out, "start", sapa_str_of(start));
            sapa_json_add_text(&work->out, "end", sapa_str_of(end));
            sapa_json_close(&work->out, '}');
        }
        rc = rc == SAPA_ENOENT ? SAPA_OK : rc;
    }
    free(day);
    return rc;
}

static sapa_rc find_team(struct sapa_web_work *work, uint32_t *ret)
{
    const char *team = sapa_params_get(&work->params, "team");

    *ret = team[0] ? SAPA_FIND(work->centre, teams, sapa_str_of(team)) : SAPA_NONE;
    return team[0] && *ret == SAPA_NONE ? problem(work, SAPA_ENOENT, "there is no team \"%.64s\"", team) : SAPA_OK;
}

static sapa_rc list(const struct sapa_web_files *files, struct sapa_web_work *work)
{
    const char *only = sapa_params_get(&work->params, "agent");
    const uint32_t agent = only[0] ? SAPA_FIND(work->centre, agents, sapa_str_of(only)) : SAPA_NONE;
    struct sapa_plan_head head;
    char first[16], end[16];
    struct days days;
    uint32_t team = SAPA_NONE;
    sapa_rc rc = take_days(work, &days);

    if (rc == SAPA_OK && only[0] && !sees(work, agent))
        rc = problem(work, SAPA_ENOENT, "there is no agent \"%.64s\"", only);
    if (rc == SAPA_OK)
        rc = find_team(work, &team);
    if (rc == SAPA_OK)
        rc = sapa_plan_head(files->store, &head);
    if (rc != SAPA_OK)
        return rc;
    sapa_target_date(days.first, first);
    sapa_target_date(days.end, end);
    sapa_json_open(&work->out, '{');
    sapa_json_add_number(&work->out, "version", (int64_t)head.version);
    sapa_json_add_text(&work->out, "from", sapa_str_of(first));
    sapa_json_add_text(&work->out, "to", sapa_str_of(end));
    sapa_json_key(&work->out, "items");
    sapa_json_open(&work->out, '[');
    for (uint32_t i = 0; rc == SAPA_OK && i < work->centre->agents_count; i++) {
        if (sees(work, i) && (!only[0] || i == agent) && (team == SAPA_NONE || work->centre->agents[i].team == team))
            rc = list_agent(files, work, i, &days);
    }
    sapa_json_close(&work->out, ']');
    sapa_json_close(&work->out, '}');
    work->match = head.version; /* its ETag */
    return rc;
}

/* ---- replacing a plan ---- */

struct entry {
    uint32_t agent;
    struct sapa_planned planned; /* `line`: its place among the items, from 1 */
};

struct change {
    const struct sapa_web_files *files;
    struct sapa_web_work *work;
    struct days days;
    struct entry *of;
    size_t count;
    bool *replaced; /* by agent */
    unsigned mistakes;
};

static void mistake(struct change *change, uint32_t line, const char *fmt, ...) SAPA_PRINTF(3, 4);

/* All of them are told, as far as somebody reads them. */
static void mistake(struct change *change, uint32_t line, const char *fmt, ...)
{
    struct sapa_json *out = &change->work->out;
    char reason[200], where[32];
    struct sapa_text text;
    va_list args;

    if (++change->mistakes > MISTAKES_SHOWN)
        return;
    sapa_text_init(&text, where, sizeof(where));
    sapa_text_printf(&text, "items[%u]", line - 1);
    sapa_text_init(&text, reason, sizeof(reason));
    va_start(args, fmt);
    sapa_text_vprintf(&text, fmt, args);
    va_end(args);
    if (change->mistakes == 1) {
        sapa_json_key(out, "errors");
        sapa_json_open(out, '[');
    }
    sapa_json_open(out, '{');
    sapa_json_add_number(out, "line", line);
    sapa_json_add_null(out, "column");
    sapa_json_add_text(out, "where", sapa_str_of(where));
    sapa_json_add_text(out, "reason", sapa_str_of(reason));
    sapa_json_add_null(out, "hint");
    sapa_json_close(out, '}');
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

static void take_item(struct change *change, const json_t *item, uint32_t line)
{
    const struct sapa_centre *centre = change->work->centre;
    const struct sapa_zone *zone = zone_of(centre);
    struct entry *entry = &change->of[change->count];
    const enum sapa_activity activity = sapa_activity_find(sapa_str_of(text_of(item, "activity")));

    *entry = (struct entry){ .agent = SAPA_FIND(centre, agents, sapa_str_of(text_of(item, "agent"))), .planned = { .activity = activity, .line = line } };
    if (!sees(change->work, entry->agent))
        mistake(change, line, "there is no agent \"%.64s\"", text_of(item, "agent"));
    else if (!change->replaced[entry->agent])
        mistake(change, line, "%.64s is not among agents, whose plans are replaced", text_of(item, "agent"));
    else if (activity == SAPA_ACTIVITY_NONE)
        mistake(change, line, "an activity is shift, break, meeting, training or other");
    else if (!sapa_zone_time(text_of(item, "start"), zone, &entry->planned.from_s) || !sapa_zone_time(text_of(item, "end"), zone, &entry->planned.to_s))
        mistake(change, line, "start and end are local times: 2026-11-22T08:00");
    else
        change->count++;
}

static int by_agent(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->agent != y->agent)
        return x->agent < y->agent ? -1 : 1;
    return x->planned.line < y->planned.line ? -1 : x->planned.line > y->planned.line;
}

/* Does a shift of the day before reach into the first one, or the last one into a shift of the day after? */
static sapa_rc check_neighbours(struct change *change, struct sapa_str agent, const struct sapa_planned *of, size_t count)
{
    const struct sapa_zone *zone = zone_of(change->work->centre);
    const int32_t before = sapa_shift_date(zone, sapa_zone_midnight(zone, change->days.first) - 1);
    struct sapa_plan_day *day = malloc(sizeof(*day));
    int64_t end_s = 0;
    size_t last = 0;
    sapa_rc rc = day ? sapa_plan_day(change->files->store, agent, before, day) : SAPA_ENOMEM;

    for (size_t i = 0; rc == SAPA_OK && i < day->count; i++)
        end_s = SAPA_MAX(end_s, day->of[i].to_s);
    if (rc == SAPA_OK && end_s > of[0].from_s)
        mistake(change, of[0].line, "it begins before the shift of the day before ends, which stays");
    if (rc == SAPA_OK || rc == SAPA_ENOENT)
        rc = sapa_plan_day(change->files->store, agent, change->days.end, day);
    for (size_t i = 1; i < count; i++)
        last = of[i].to_s > of[last].to_s ? i : last;
    if (rc == SAPA_OK && day->count > 0 && of[last].to_s > day->of[0].from_s)
        mistake(change, of[last].line, "it ends after the shift of the day after begins, which stays");
    free(day);
    return rc == SAPA_ENOENT ? SAPA_OK : rc;
}

/* One agent's entries, sorted and judged, go into the days that they belong to; days without are emptied. */
static sapa_rc write_agent(struct change *change, uint32_t agent, struct sapa_planned *of, size_t count, struct sapa_plan_writing *writing)
{
    const struct sapa_zone *zone = zone_of(change->work->centre);
    const struct sapa_str key = change->work->centre->agents[agent].key;
    struct sapa_plan_day *day = NULL;
    char wrong_buf[128];
    struct sapa_text wrong_text;
    struct sapa_plan_head head;
    size_t wrong = 0, at = 0;
    sapa_rc rc = sapa_plan_head(change->files->store, &head);

    sapa_text_init(&wrong_text, wrong_buf, sizeof(wrong_buf));
    sapa_planned_sort(of, count);
    if (rc == SAPA_OK && sapa_planned_check(of, count, zone, &wrong, &wrong_text) != SAPA_OK) {
        mistake(change, of[wrong].line, "%s", wrong_buf);
        return SAPA_OK;
    }
    for (size_t i = 0; i < count; i++) {
        const int32_t date = sapa_planned_date(of, count, i, zone);
        if (date < change->days.first || date >= change->days.end) {
            mistake(change, of[i].line, "its shift does not begin on one of the days that are replaced");
            return SAPA_OK;
        }
    }
    if (rc == SAPA_OK && count > 0)
        rc = check_neighbours(change, key, of, count);
    day = malloc(sizeof(*day));
    rc = rc == SAPA_OK && !day ? SAPA_ENOMEM : rc;
    for (int32_t date = change->days.first; rc == SAPA_OK && date < change->days.end; date = sapa_shift_date_next(zone, date)) {
        size_t end = at;
        while (end < count && sapa_planned_date(of, count, end, zone) == date)
            end++;
        if (end == at) /* what is not there need not be taken away */
            rc = date < head.first || date > head.last ? SAPA_ENOENT : sapa_plan_day(change->files->store, key, date, day);
        if (rc == SAPA_OK || rc == SAPA_ECORRUPT)
            rc = sapa_plan_write(writing, key, date, of + at, end - at, change->work->user, sapa_wall_us());
        rc = rc == SAPA_ENOENT ? SAPA_OK : rc;
        at = end;
    }
    free(day);
    return rc;
}

static sapa_rc write_all(struct change *change, struct sapa_plan_writing *writing)
{
    struct sapa_planned *of = malloc((change->count + 1) * sizeof(*of));
    size_t at = 0;
    sapa_rc rc = of ? SAPA_OK : SAPA_ENOMEM;

    for (uint32_t agent = 0; rc == SAPA_OK && agent < change->work->centre->agents_count; agent++) {
        size_t count = 0;
        for (; at < change->count && change->of[at].agent == agent; at++)
            of[count++] = change->of[at].planned;
        if (change->replaced[agent])
            rc = write_agent(change, agent, of, count, writing);
    }
    free(of);
    return rc;
}

static sapa_rc take_agents(struct change *change, const json_t *agents)
{
    struct sapa_web_work *work = change->work;
    const json_t *one;
    size_t i;

    if (json_array_size(agents) == 0 || json_array_size(agents) > SAPA_SHIFTS_AGENTS_MAX)
        return problem(work, SAPA_EINVAL, "agents: those whose plans of these days are replaced, 1 to %d", SAPA_SHIFTS_AGENTS_MAX);
    json_array_foreach((json_t *)(uintptr_t)agents, i, one) {
        const uint32_t agent = SAPA_FIND(work->centre, agents, sapa_str_of(json_string_value(one) ? json_string_value(one) : ""));
        if (!sees(work, agent))
            return problem(work, SAPA_EINVAL, "agents: there is no agent \"%.64s\"", json_string_value(one) ? json_string_value(one) : "");
        change->replaced[agent] = true;
    }
    return SAPA_OK;
}

static sapa_rc judge(struct change *change, const json_t *body, struct sapa_plan_writing *writing)
{
    struct sapa_web_work *work = change->work;
    const json_t *items = json_object_get(body, "items"), *item;
    size_t i;
    sapa_rc rc = body ? take_days(work, &change->days) : SAPA_EINVAL;

    if (rc == SAPA_OK)
        rc = take_agents(change, json_object_get(body, "agents"));
    if (rc == SAPA_OK && json_array_size(items) > SAPA_SHIFTS_ITEMS_MAX)
        rc = problem(work, SAPA_EINVAL, "items: %d at once at most", SAPA_SHIFTS_ITEMS_MAX);
    if (rc != SAPA_OK)
        return rc;
    json_array_foreach((json_t *)(uintptr_t)items, i, item)
        take_item(change, item, (uint32_t)i + 1);
    if (change->count > 0)
        qsort(change->of, change->count, sizeof(*change->of), by_agent);
    if (change->mistakes == 0) /* else what lies in what would be said of half of a plan */
        rc = write_all(change, writing);
    if (rc == SAPA_OK && change->mistakes > 0) {
        sapa_json_close(&work->out, ']');
        sapa_json_add_number(&work->out, "more", change->mistakes > MISTAKES_SHOWN ? change->mistakes - MISTAKES_SHOWN : 0);
        work->has_mistakes = true;
        work->status = 422;
        rc = problem(work, SAPA_EINVAL, "the plan has %u mistake%s; nothing was changed", change->mistakes, change->mistakes == 1 ? "" : "s");
    }
    return rc;
}

static sapa_rc replace(const struct sapa_web_files *files, struct sapa_web_work *work)
{
    json_t *body = json_loadb(work->text ? work->text : "", work->text_n, JSON_REJECT_DUPLICATES, NULL);
    struct change change = { .files = files, .work = work };
    struct sapa_plan_writing writing = { .count = 0 };
    struct sapa_plan_head head;
    uint64_t version = 0;
    sapa_rc rc = sapa_plan_head(files->store, &head);

    change.of = calloc(json_array_size(json_object_get(body, "items")) + 1, sizeof(*change.of));
    change.replaced = calloc(work->centre->agents_count + 1, sizeof(*change.replaced));
    if (rc == SAPA_OK && (!change.of || !change.replaced))
        rc = SAPA_ENOMEM;
    if (rc == SAPA_OK && work->match != head.version) {
        work->status = 412;
        rc = problem(work, SAPA_ESTATE, "somebody has planned meanwhile: the plan is version %llu; read it again", (unsigned long long)head.version);
    }
    if (rc == SAPA_OK)
        rc = judge(&change, body, &writing);
    if (rc == SAPA_OK)
        rc = sapa_plan_commit(files->store, &writing, head.version, &version);
    if (rc == SAPA_OK)
        snprintf(work->answer, sizeof(work->answer), "\"version\":%llu,\"entries\":%zu", (unsigned long long)version, change.count);
    sapa_plan_writing_done(&writing);
    free(change.of);
    free(change.replaced);
    json_decref(body);
    return rc;
}

/* ---- figures of a day ---- */

static const char *const day_figures[] = { "adherence", "conformance", "availability", "occupancy", "scheduled_ms", "scheduled_work_ms", "in_schedule_ms", "worked_ms", "logged_in_ms" };

static void figures_json(const struct sapa_measures *m, struct sapa_json *out)
{
    const struct sapa_row row = { .kind = SAPA_ROWS_AGENTS, .m = *m };

    for (size_t i = 0; i < SAPA_COUNT(day_figures); i++) {
        const uint32_t figure = sapa_figure_find(sapa_str_of(day_figures[i]));
        sapa_json_key(out, day_figures[i]);
        sapa_figure_json(figure, sapa_figure_value(figure, &row), out);
    }
}

struct reading {
    struct sapa_figures *figures;
    struct sapa_report *report;
    const struct sapa_zone *zone;
    struct sapa_span day;
    int32_t date;
    struct sapa_intervals rows; /* of the day */
    bool has_rows;
};

/* Whose figures are of several clients together is seen by who sees all, leads teams, or is the agent. */
static sapa_rc open_day(const struct sapa_web_files *files, struct sapa_web_work *work, struct reading *ret)
{
    const char *day = sapa_params_get(&work->params, "day");
    const struct sapa_scope *scope = &work->scope;
    const int64_t now_s = sapa_wall_us() / 1000000;
    bool more;

    *ret = (struct reading){ .zone = zone_of(work->centre) };
    if (scope->clients != UINT64_MAX && scope->team_count == 0 && scope->agent == SAPA_NONE)
        return problem(work, SAPA_EDENIED, "an agent's day is of several clients together, and you are bound to some of them");
    ret->date = sapa_shift_date(ret->zone, now_s);
    if (day[0] && !is_day(day, &ret->date))
        return problem(work, SAPA_EINVAL, "a day is written 2026-11-21");
    ret->day = sapa_zone_span(ret->zone, SAPA_GRAIN_DAY, sapa_zone_midnight(ret->zone, ret->date));
    sapa_rc rc = sapa_figures_open(files->data, &ret->figures);
    if (rc == SAPA_OK)
        rc = sapa_figures_fold(ret->figures, 0, 0, NULL, &more);
    return rc;
}

/* Rows and what the agents did when: the latter also where nothing was ever planned. */
static sapa_rc read_day(const struct sapa_web_files *files, struct reading *reading)
{
    const uint32_t agents = UINT32_C(1) << SAPA_ROWS_AGENTS;
    const struct sapa_interval_options bounds = { .grain = SAPA_GRAIN_DAY, .kinds = agents, .from_s = reading->day.from_s, .to_s = reading->day.to_s };
    struct sapa_plan_head head;
    sapa_rc rc = sapa_plan_head(files->store, &head);

    if (rc == SAPA_OK && head.first > 0) {
        rc = sapa_figures_rows(reading->figures, agents, reading->day.from_s, reading->day.to_s, &reading->report);
    } else if (rc == SAPA_OK) {
        rc = sapa_figures_rows_of_log(reading->figures, agents, reading->day.from_s, reading->day.to_s, SAPA_STRETCHES_KEPT, &reading->report);
    }
    if (rc != SAPA_OK)
        return rc;
    sapa_stretches_sort(&reading->report->stretches);
    sapa_intervals_init(&reading->rows, sapa_memory_heap(), &reading->report->names, &bounds);
    reading->has_rows = true;
    return sapa_intervals_group(&reading->rows, &reading->report->intervals);
}

static void close_day(struct reading *reading)
{
    if (reading->has_rows)
        sapa_intervals_done(&reading->rows);
    sapa_figures_close(reading->figures);
}

static sapa_rc read_sums(struct reading *reading, struct sapa_str agent, struct sapa_measures *ret)
{
    const uint32_t dim = sapa_names_find(&reading->report->names, SAPA_DIM_AGENT, agent);
    struct sapa_row row;

    *ret = (struct sapa_measures){ .of = { 0 } };
    if (dim == SAPA_NONE)
        return SAPA_OK;
    const sapa_rc rc = sapa_intervals_sum(&reading->rows, SAPA_ROWS_AGENTS, dim, &row);
    if (rc == SAPA_OK)
        *ret = row.m;
    return rc;
}

/* ---- the day of an agent ---- */

/* A line of the list: what may differ from one contact to the next is one as long as plan and verdict stay. */
struct line {
    struct sapa_shift_piece piece;
    uint64_t contacts[CONTACTS_SHOWN];
    unsigned contact_count;
};

struct lines {
    struct line *of;
    size_t count;
    bool full;
};

static bool works(unsigned doing)
{
    return doing == SAPA_DID_READY || doing == SAPA_DID_BUSY || doing == SAPA_DID_WRAPUP;
}

static bool is_same(const struct sapa_shift_piece *a, const struct sapa_shift_piece *b)
{
    const bool with_contacts = (a->doing == SAPA_DID_BUSY || a->doing == SAPA_DID_WRAPUP) && (b->doing == SAPA_DID_BUSY || b->doing == SAPA_DID_WRAPUP);

    return a->activity == b->activity && a->verdict == b->verdict && a->reason == b->reason &&
           (a->doing == b->doing || with_contacts || (a->verdict == SAPA_VERDICT_PLANNED && works(a->doing) && works(b->doing)));
}

static void add_contact(struct line *line, uint64_t contact)
{
    for (unsigned i = 0; i < SAPA_MIN(line->contact_count, (unsigned)CONTACTS_SHOWN); i++) {
        if (line->contacts[i] == contact)
            return;
    }
    if (line->contact_count < CONTACTS_SHOWN)
        line->contacts[line->contact_count] = contact;
    line->contact_count++;
}

static void add_piece(void *ctx, const struct sapa_shift_piece *piece)
{
    struct lines *lines = ctx;
    struct line *last = lines->count > 0 ? &lines->of[lines->count - 1] : NULL;

    if (!last || !is_same(&last->piece, piece)) {
        lines->full |= lines->count == ROWS_MAX;
        if (lines->full)
            return;
        last = &lines->of[lines->count++];
        *last = (struct line){ .piece = *piece };
    }
    last->piece.to_us = piece->to_us;
    if (piece->contact)
        add_contact(last, piece->contact);
}

static void line_json(const struct reading *reading, const struct line *line, struct sapa_json *out)
{
    const struct sapa_shift_piece *piece = &line->piece;

    sapa_json_open(out, '{');
    sapa_json_add_time(out, "from", piece->from_us);
    sapa_json_add_time(out, "to", piece->to_us);
    if (piece->activity == SAPA_ACTIVITY_NONE)
        sapa_json_add_null(out, "planned");
    else
        sapa_json_add_text(out, "planned", sapa_str_of(sapa_activity_name(piece->activity)));
    sapa_json_add_text(out, "actual", sapa_str_of(piece->verdict == SAPA_VERDICT_PLANNED && works(piece->doing) ? "work" : sapa_did_name(piece->doing)));
    if (piece->reason == SAPA_NONE)
        sapa_json_add_null(out, "reason");
    else
        sapa_json_add_text(out, "reason", sapa_names_key(&reading->report->names, SAPA_DIM_REASON, piece->reason));
    sapa_json_add_text(out, "verdict", sapa_str_of(sapa_verdict_name(piece->verdict)));
    sapa_json_add_number(out, "contact_count", line->contact_count);
    sapa_json_key(out, "contacts");
    sapa_json_open(out, '[');
    for (unsigned i = 0; i < SAPA_MIN(line->contact_count, (unsigned)CONTACTS_SHOWN); i++)
        sapa_json_id(out, line->contacts[i]);
    sapa_json_close(out, ']');
    sapa_json_close(out, '}');
}

static void plan_json(const struct reading *reading, const struct sapa_planned *plan, size_t count, struct sapa_json *out)
{
    sapa_json_key(out, "plan");
    sapa_json_open(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (sapa_planned_date(plan, count, i, reading->zone) != reading->date)
            continue;
        sapa_json_open(out, '{');
        sapa_json_add_text(out, "activity", sapa_str_of(sapa_activity_name(plan[i].activity)));
        sapa_json_add_time(out, "from", plan[i].from_s * 1000000);
        sapa_json_add_time(out, "to", plan[i].to_s * 1000000);
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
}

/* From local midnight to the next, or to the end of a shift that goes over it; no further than the log. */
static sapa_rc day_json(const struct sapa_web_files *files, struct sapa_web_work *work, struct reading *reading, struct sapa_str agent)
{
    const int32_t before = sapa_shift_date(reading->zone, reading->day.from_s - 1);
    const uint32_t dim = sapa_names_find(&reading->report->names, SAPA_DIM_AGENT, agent);
    struct sapa_shift_sides sides = { .plan = NULL };
    struct sapa_planned *plan = NULL;
    struct sapa_measures m;
    struct lines lines = { .of = calloc(ROWS_MAX, sizeof(*lines.of)) };
    int64_t to_us = SAPA_MIN(reading->day.to_s * 1000000, reading->report->intervals.now_us);
    sapa_rc rc = lines.of ? sapa_plan_load(files->store, reading->zone, agent, before, reading->date, &plan, &sides.plan_count) : SAPA_ENOMEM;

    if (rc == SAPA_OK)
        rc = read_sums(reading, agent, &m);
    if (rc != SAPA_OK) {
        free(lines.of);
        free(plan);
        return rc;
    }
    sides.plan = plan;
    if (dim != SAPA_NONE)
        sides.stretches = sapa_stretches_of(&reading->report->stretches, dim, &sides.stretch_count);
    sides.stopped = sapa_stretches_of(&reading->report->stretches, SAPA_NONE, &sides.stopped_count);
    sapa_shift_walk(&sides, reading->day.from_s * 1000000, to_us, add_piece, &lines);
    plan_json(reading, plan, sides.plan_count, &work->out);
    sapa_json_key(&work->out, "items");
    sapa_json_open(&work->out, '[');
    for (size_t i = 0; i < lines.count; i++) {
        if (lines.of[i].piece.verdict != SAPA_VERDICT_NONE)
            line_json(reading, &lines.of[i], &work->out);
    }
    sapa_json_close(&work->out, ']');
    sapa_json_add_bool(&work->out, "cut", lines.full);
    figures_json(&m, &work->out);
    free(lines.of);
    free(plan);
    return SAPA_OK;
}

static sapa_rc agent_day(const struct sapa_web_files *files, struct sapa_web_work *work)
{
    const struct sapa_str key = sapa_str_of(sapa_params_get(&work->params, "agent"));
    const uint32_t agent = SAPA_FIND(work->centre, agents, key);
    struct reading reading = { .figures = NULL };
    char date[16];
    sapa_rc rc = sees(work, agent) ? open_day(files, work, &reading) : problem(work, SAPA_ENOENT, "there is no agent \"" SAPA_STR_FMT "\"", SAPA_STR_ARG(key));

    if (rc == SAPA_OK)
        rc = read_day(files, &reading);
    if (rc == SAPA_OK) {
        sapa_target_date(reading.date, date);
        sapa_json_open(&work->out, '{');
        sapa_json_add_text(&work->out, "agent", key);
        sapa_json_add_text(&work->out, "name", work->centre->agents[agent].name);
        sapa_json_add_text(&work->out, "day", sapa_str_of(date));
        sapa_json_add_time(&work->out, "until", reading.report->intervals.now_us);
        rc = day_json(files, work, &reading, key);
        sapa_json_close(&work->out, '}');
    }
    close_day(&reading);
    return rc;
}

/* ---- all of them ---- */

static sapa_rc adherence(const struct sapa_web_files *files, struct sapa_web_work *work)
{
    const struct sapa_centre *centre = work->centre;
    struct sapa_measures *teams = calloc(centre->teams_count + 1, sizeof(*teams)), m;
    bool *any = calloc(centre->teams_count + 1, sizeof(*any));
    struct reading reading = { .figures = NULL };
    uint32_t team = SAPA_NONE;
    char date[16];
    sapa_rc rc = teams && any ? find_team(work, &team) : SAPA_ENOMEM;

    if (rc == SAPA_OK)
        rc = open_day(files, work, &reading);
    if (rc == SAPA_OK)
        rc = read_day(files, &reading);
    if (rc == SAPA_OK) {
        sapa_target_date(reading.date, date);
        sapa_json_open(&work->out, '{');
        sapa_json_add_text(&work->out, "day", sapa_str_of(date));
        sapa_json_add_time(&work->out, "until", reading.report->intervals.now_us);
        sapa_json_key(&work->out, "agents");
        sapa_json_open(&work->out, '[');
        for (uint32_t i = 0; rc == SAPA_OK && i < centre->agents_count; i++) {
            const uint32_t of = centre->agents[i].team;
            if (!sees(work, i) || (team != SAPA_NONE && of != team) || (rc = read_sums(&reading, centre->agents[i].key, &m)) != SAPA_OK ||
                (m.of[SAPA_M_SCHEDULED] == 0 && m.of[SAPA_M_LOGGED_IN] == 0))
                continue;
            if (of < centre->teams_count) {
                sapa_measures_join(&teams[of], &m);
                any[of] = true;
            }
            sapa_json_open(&work->out, '{');
            sapa_json_add_text(&work->out, "agent", centre->agents[i].key);
            sapa_json_add_text(&work->out, "name", centre->agents[i].name);
            if (of < centre->teams_count)
                sapa_json_add_text(&work->out, "team", centre->teams[of].key);
            else
                sapa_json_add_null(&work->out, "team");
            figures_json(&m, &work->out);
            sapa_json_close(&work->out, '}');
        }
        sapa_json_close(&work->out, ']');
        sapa_json_key(&work->out, "teams");
        sapa_json_open(&work->out, '[');
        for (uint32_t i = 0; i < centre->teams_count; i++) {
            if (!any[i] || work->scope.agent != SAPA_NONE) /* of his team an agent sees himself */
                continue;
            sapa_json_open(&work->out, '{');
            sapa_json_add_text(&work->out, "team", centre->teams[i].key);
            figures_json(&teams[i], &work->out);
            sapa_json_close(&work->out, '}');
        }
        sapa_json_close(&work->out, ']');
        sapa_json_close(&work->out, '}');
    }
    close_day(&reading);
    free(teams);
    free(any);
    return rc;
}

/* ---- a plan for every day ---- */

struct pattern {
    struct { char agent[SAPA_KEY_MAX + 1]; uint32_t from_min, to_min, activity, line; } of[512];
    size_t count;
};

static bool is_clock(const char *text, uint32_t *ret_min)
{
    struct sapa_str minute;
    const struct sapa_str hour = sapa_str_cut(sapa_str_of(text), ':', &minute);
    uint64_t h, m;

    if (sapa_str_u64(hour, 23, &h) != SAPA_OK || minute.n != 2 || sapa_str_u64(minute, 59, &m) != SAPA_OK)
        return false;
    *ret_min = (uint32_t)(60 * h + m);
    return true;
}

static sapa_rc read_pattern(struct pattern *pattern, struct sapa_str text, struct sapa_text *wrong)
{
    struct sapa_shift_csv csv;
    struct sapa_shift_line line;
    sapa_rc rc = sapa_shift_csv_open(&csv, text, wrong);

    while (rc == SAPA_OK && (rc = sapa_shift_csv_next(&csv, &line, wrong)) == SAPA_OK) {
        const size_t at = pattern->count;
        if (at == SAPA_COUNT(pattern->of))
            return SAPA_ELIMIT;
        pattern->of[at].line = line.line;
        pattern->of[at].activity = sapa_activity_find(sapa_str_of(line.activity));
        if (pattern->of[at].activity == SAPA_ACTIVITY_NONE || !is_clock(line.start, &pattern->of[at].from_min) || !is_clock(line.end, &pattern->of[at].to_min)) {
            sapa_text_printf(wrong, "line %u: times of the clock, 08:00, and shift, break, meeting, training or other are wanted", line.line);
            return SAPA_EINVAL;
        }
        pattern->of[at].to_min = pattern->of[at].to_min == 0 ? 24 * 60 : pattern->of[at].to_min;
        (void)sapa_str_copy(sapa_str_of(line.agent), pattern->of[at].agent, sizeof(pattern->of[at].agent));
        pattern->count++;
    }
    return rc == SAPA_ENOENT ? SAPA_OK : rc;
}

/* What has passed is not planned: nobody knew of it. */
static bool is_to_come(struct sapa_planned *one, int64_t from_s)
{
    if (one->activity == SAPA_ACTIVITY_SHIFT)
        one->from_s = SAPA_MAX(one->from_s, from_s);
    return one->from_s >= from_s && one->from_s < one->to_s;
}

/* His lines, or those of everybody, from a moment on. */
static size_t lines_of(const struct pattern *pattern, struct sapa_str agent, int64_t midnight_s, int64_t from_s, struct sapa_planned ret[SAPA_SHIFT_DAY_MAX])
{
    size_t count = 0;

    bool own = false;

    for (size_t i = 0; i < pattern->count; i++)
        own |= sapa_str_eq(sapa_str_of(pattern->of[i].agent), agent);
    for (size_t i = 0; i < pattern->count && count < SAPA_SHIFT_DAY_MAX; i++) {
        ret[count] = (struct sapa_planned){ midnight_s + 60 * (int64_t)pattern->of[i].from_min, midnight_s + 60 * (int64_t)pattern->of[i].to_min,
                                            pattern->of[i].activity, pattern->of[i].line };
        count += sapa_str_eq(sapa_str_of(pattern->of[i].agent), own ? agent : SAPA_STR("*")) && is_to_come(&ret[count], from_s);
    }
    sapa_planned_sort(ret, count);
    return count;
}

static sapa_rc plan_days(struct sapa_store *store, const struct pattern *pattern, const struct sapa_centre *centre, int64_t now_us,
                         struct sapa_plan_writing *writing, struct sapa_text *wrong)
{
    const struct sapa_zone *zone = zone_of(centre);
    struct sapa_plan_day *day = malloc(sizeof(*day));
    struct sapa_planned of[SAPA_SHIFT_DAY_MAX];
    int32_t date = sapa_shift_date(zone, now_us / 1000000);
    size_t at;
    sapa_rc rc = day ? SAPA_OK : SAPA_ENOMEM;

    for (unsigned i = 0; rc == SAPA_OK && i < FIRST_DAYS; i++, date = sapa_shift_date_next(zone, date)) {
        for (uint32_t agent = 0; rc == SAPA_OK && agent < centre->agents_count; agent++) {
            const size_t count = lines_of(pattern, centre->agents[agent].key, sapa_zone_midnight(zone, date), now_us / 1000000 / 60 * 60, of);
            rc = sapa_plan_day(store, centre->agents[agent].key, date, day);
            if (rc != SAPA_ENOENT || count == 0) {
                rc = rc == SAPA_ENOENT ? SAPA_OK : rc;
                continue;
            }
            sapa_text_init(wrong, wrong->buf, wrong->size);
            rc = sapa_planned_check(of, count, zone, &at, wrong);
            if (rc == SAPA_OK)
                rc = sapa_plan_write(writing, centre->agents[agent].key, date, of, count, "sapa", now_us);
        }
    }
    free(day);
    return rc;
}

void sapa_shift_first(struct sapa_store *store, const char *path, const struct sapa_centre *centre, int64_t now_us)
{
    struct pattern *pattern = calloc(1, sizeof(*pattern));
    struct sapa_plan_writing writing = { .count = 0 };
    struct sapa_plan_head head;
    char buf[256];
    struct sapa_text wrong;
    uint8_t *text = NULL;
    size_t size = 0;
    uint64_t version;
    sapa_rc rc = pattern ? sapa_file_read(path, FIRST_FILE_MAX, &text, &size) : SAPA_ENOMEM;

    sapa_text_init(&wrong, buf, sizeof(buf));
    if (rc == SAPA_OK)
        rc = read_pattern(pattern, (struct sapa_str){ (const char *)text, size }, &wrong);
    if (rc == SAPA_OK)
        rc = plan_days(store, pattern, centre, now_us, &writing, &wrong);
    if (rc == SAPA_OK)
        rc = sapa_plan_head(store, &head);
    if (rc == SAPA_OK && writing.count > 0)
        rc = sapa_plan_commit(store, &writing, head.version, &version);
    if (rc != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "shifts.first", "file=%s %s %s; nothing is planned, ignoring", path, sapa_rc_name(rc), buf);
    sapa_plan_writing_done(&writing);
    free(text);
    free(pattern);
}

sapa_rc sapa_web_shift(const struct sapa_web_files *files, struct sapa_web_work *work)
{
    switch (work->route) {
    case SAPA_ROUTE_SHIFTS_PUT: return replace(files, work);
    case SAPA_ROUTE_AGENT_DAY: return agent_day(files, work);
    case SAPA_ROUTE_ADHERENCE: return adherence(files, work);
    default: return list(files, work);
    }
}
