#include "report/shift.h"

#include "report/goal.h"

#define NAME_OF(list, at) ((at) < SAPA_COUNT(list) ? (list)[at] : "?")
#define X(id, text) text,
static const char *const activities[] = { SAPA_ACTIVITIES(X) };
static const char *const verdicts[] = { SAPA_VERDICTS(X) };
#undef X

const char *sapa_activity_name(unsigned activity)
{
    return NAME_OF(activities, activity);
}

enum sapa_activity sapa_activity_find(struct sapa_str name)
{
    unsigned at = 0;

    while (at < SAPA_ACTIVITY_COUNT && !sapa_str_eq(name, sapa_str_of(activities[at])))
        at++;
    return (enum sapa_activity)at;
}

const char *sapa_verdict_name(unsigned verdict)
{
    return NAME_OF(verdicts, verdict);
}

/* ---- a plan ---- */

static bool is_before(const struct sapa_planned *a, const struct sapa_planned *b)
{
    if (a->from_s != b->from_s)
        return a->from_s < b->from_s;
    if ((a->activity == SAPA_ACTIVITY_SHIFT) != (b->activity == SAPA_ACTIVITY_SHIFT))
        return a->activity == SAPA_ACTIVITY_SHIFT;
    return a->to_s < b->to_s;
}

/* A heap sort in place: the room is pure, and qsort may take memory. */
static void sift(struct sapa_planned *of, size_t at, size_t count)
{
    while (2 * at + 1 < count) {
        size_t child = 2 * at + 1;
        if (child + 1 < count && is_before(&of[child], &of[child + 1]))
            child++;
        if (!is_before(&of[at], &of[child]))
            return;
        const struct sapa_planned larger = of[at];
        of[at] = of[child];
        of[child] = larger;
        at = child;
    }
}

void sapa_planned_sort(struct sapa_planned *of, size_t count)
{
    for (size_t i = count / 2; i-- > 0;)
        sift(of, i, count);
    for (size_t left = count; left-- > 1;) {
        const struct sapa_planned last = of[0];
        of[0] = of[left];
        of[left] = last;
        sift(of, 0, left);
    }
}

int32_t sapa_shift_date(const struct sapa_zone *zone, int64_t at_s)
{
    return sapa_goal_date(zone, at_s);
}

int32_t sapa_shift_date_next(const struct sapa_zone *zone, int32_t date)
{
    return sapa_goal_date(zone, sapa_zone_span(zone, SAPA_GRAIN_DAY, sapa_zone_midnight(zone, date)).to_s);
}

/* Index of the last shift at or before; SAPA_NONE. */
static size_t shift_before(const struct sapa_planned *of, size_t at)
{
    while (of[at].activity != SAPA_ACTIVITY_SHIFT && at > 0)
        at--;
    return of[at].activity == SAPA_ACTIVITY_SHIFT ? at : SAPA_NONE;
}

int32_t sapa_planned_date(const struct sapa_planned *of, size_t count, size_t at, const struct sapa_zone *zone)
{
    const size_t shift = at < count ? shift_before(of, at) : SAPA_NONE;

    return shift == SAPA_NONE ? 0 : sapa_shift_date(zone, of[shift].from_s);
}

sapa_rc sapa_planned_check(const struct sapa_planned *of, size_t count, const struct sapa_zone *zone, size_t *ret_wrong, struct sapa_text *problem)
{
    size_t shift = SAPA_NONE, last = SAPA_NONE, of_day = 0;
    int32_t day = 0;

    for (size_t i = 0; i < count; i++) {
        const struct sapa_planned *one = &of[i];
        const char *wrong = NULL;
        if (one->to_s <= one->from_s)
            wrong = "it ends before it begins: a shift over midnight ends on the next day";
        else if (one->activity != SAPA_ACTIVITY_SHIFT && (shift == SAPA_NONE || one->to_s > of[shift].to_s))
            wrong = "it does not lie in a shift of this agent";
        else if (one->activity != SAPA_ACTIVITY_SHIFT && last != SAPA_NONE && one->from_s < of[last].to_s)
            wrong = "it begins before what is planned before it ends";
        else if (one->activity == SAPA_ACTIVITY_SHIFT && shift != SAPA_NONE && one->from_s < of[shift].to_s)
            wrong = "it begins before the shift before it ends";
        else if (one->to_s - one->from_s > SAPA_SHIFT_LENGTH_MAX_S)
            wrong = "it is longer than 16 hours";
        if (!wrong && one->activity == SAPA_ACTIVITY_SHIFT) {
            const int32_t date = sapa_shift_date(zone, one->from_s);
            of_day = date == day ? of_day : 0;
            day = date;
            shift = i;
        } else if (!wrong) {
            last = i;
        }
        if (!wrong && ++of_day > SAPA_SHIFT_DAY_MAX)
            wrong = "an agent's day has 32 entries at most";
        if (wrong) {
            sapa_text_add(problem, sapa_str_of(wrong));
            *ret_wrong = i;
            return SAPA_EINVAL;
        }
    }
    return SAPA_OK;
}

bool sapa_shift_window(const struct sapa_planned *of, size_t count, const struct sapa_zone *zone, size_t *at, struct sapa_span *ret)
{
    struct sapa_span window = { 0, 0 };

    for (; *at < count; ++*at) {
        const struct sapa_planned *one = &of[*at];
        if (one->activity != SAPA_ACTIVITY_SHIFT)
            continue;
        const struct sapa_span day = sapa_zone_span(zone, SAPA_GRAIN_DAY, one->from_s);
        if (window.to_s > 0 && day.from_s > window.to_s)
            break;
        window.from_s = window.to_s > 0 ? window.from_s : day.from_s;
        window.to_s = SAPA_MAX(window.to_s, SAPA_MAX(day.to_s, one->to_s));
    }
    *ret = window;
    return window.to_s > 0;
}

/* ---- the walk ---- */

/* What of one side holds at a moment, and until when that is so. */
struct side {
    const struct sapa_planned *plan;
    const struct sapa_stretch *stretches;
    size_t count, at;
    bool shifts; /* of a plan: shifts alone, or all else */
};

/* SAPA_NONE: nothing. `*until` is brought down to the next border. */
static size_t holds(struct side *side, int64_t at_us, int64_t *until_us)
{
    for (; side->at < side->count; side->at++) {
        int64_t from_us, to_us;
        if (side->plan) {
            const struct sapa_planned *one = &side->plan[side->at];
            from_us = one->from_s * 1000000;
            to_us = (one->activity == SAPA_ACTIVITY_SHIFT) == side->shifts ? one->to_s * 1000000 : INT64_MIN;
        } else {
            from_us = side->stretches[side->at].from_us;
            to_us = side->stretches[side->at].to_us;
        }
        if (to_us <= at_us)
            continue;
        *until_us = SAPA_MIN(*until_us, from_us > at_us ? from_us : to_us);
        return from_us > at_us ? SAPA_NONE : side->at;
    }
    return SAPA_NONE;
}

static enum sapa_verdict judge(unsigned activity, unsigned doing)
{
    const bool has_contact = doing == SAPA_DID_BUSY || doing == SAPA_DID_WRAPUP, is_there = doing == SAPA_DID_READY || has_contact;

    if (doing == SAPA_DID_STOPPED)
        return SAPA_VERDICT_UNKNOWN;
    if (activity == SAPA_ACTIVITY_SHIFT)
        return is_there ? SAPA_VERDICT_PLANNED : SAPA_VERDICT_ABSENT;
    if (has_contact)
        return SAPA_VERDICT_BUSY;
    if (activity == SAPA_ACTIVITY_NONE)
        return doing == SAPA_DID_OUT ? SAPA_VERDICT_NONE : SAPA_VERDICT_UNPLANNED;
    return is_there ? SAPA_VERDICT_AT_WORK : SAPA_VERDICT_PLANNED;
}

void sapa_shift_walk(const struct sapa_shift_sides *sides, int64_t from_us, int64_t to_us, void (*piece)(void *ctx, const struct sapa_shift_piece *piece), void *ctx)
{
    struct side shifts = { .plan = sides->plan, .count = sides->plan_count, .shifts = true }, others = { .plan = sides->plan, .count = sides->plan_count };
    struct side done = { .stretches = sides->stretches, .count = sides->stretch_count }, stopped = { .stretches = sides->stopped, .count = sides->stopped_count };

    for (int64_t at_us = from_us; at_us < to_us;) {
        int64_t until_us = to_us;
        const size_t shift = holds(&shifts, at_us, &until_us), other = holds(&others, at_us, &until_us);
        const size_t stretch = holds(&done, at_us, &until_us), stop = holds(&stopped, at_us, &until_us);
        struct sapa_shift_piece one = { .from_us = at_us, .to_us = until_us, .activity = SAPA_ACTIVITY_NONE, .doing = SAPA_DID_OUT, .reason = SAPA_NONE };
        if (other != SAPA_NONE)
            one.activity = sides->plan[other].activity;
        else if (shift != SAPA_NONE)
            one.activity = SAPA_ACTIVITY_SHIFT;
        if (stretch != SAPA_NONE) {
            one.doing = sides->stretches[stretch].doing;
            one.reason = sides->stretches[stretch].reason;
            one.contact = sides->stretches[stretch].contact;
        } else if (stop != SAPA_NONE) {
            one.doing = SAPA_DID_STOPPED;
        }
        one.verdict = judge(one.activity, one.doing);
        piece(ctx, &one);
        at_us = until_us;
    }
}

void sapa_shift_sum(const struct sapa_shift_piece *piece, struct sapa_shift_sums *sums)
{
    const int64_t length_us = piece->to_us - piece->from_us;
    const bool is_there = piece->doing == SAPA_DID_READY || piece->doing == SAPA_DID_BUSY || piece->doing == SAPA_DID_WRAPUP;

    sums->worked_us += is_there ? length_us : 0;
    if (piece->activity == SAPA_ACTIVITY_NONE || piece->verdict == SAPA_VERDICT_UNKNOWN)
        return;
    sums->scheduled_us += length_us;
    sums->scheduled_work_us += piece->activity == SAPA_ACTIVITY_SHIFT ? length_us : 0;
    sums->in_schedule_us += piece->verdict == SAPA_VERDICT_PLANNED ? length_us : 0;
}

/* ---- CSV ---- */

static const char *const columns[] = { "agent", "start", "end", "activity" };

static bool next_line(struct sapa_shift_csv *csv, struct sapa_str *ret)
{
    while (csv->rest.n > 0) {
        struct sapa_str line = sapa_str_cut(csv->rest, '\n', &csv->rest);
        csv->line++;
        line = sapa_str_trim(line);
        if (line.n > 0) {
            *ret = line;
            return true;
        }
    }
    return false;
}

/* One field; quotes are taken off. False: the quote does not end, or something stands behind it. */
static bool next_field(struct sapa_str *rest, char comma, char *buf, size_t size, bool *ret_fits)
{
    size_t n = 0, at = 0;

    *ret_fits = true;
    if (rest->n > 0 && rest->p[0] == '"') {
        bool open = true;
        for (at = 1; at < rest->n && open; at++) {
            if (rest->p[at] == '"' && !(at + 1 < rest->n && rest->p[at + 1] == '"')) {
                open = false;
                continue;
            }
            at += rest->p[at] == '"';
            if (n + 1 < size)
                buf[n++] = rest->p[at];
            else
                *ret_fits = false;
        }
        if (open || (at < rest->n && rest->p[at] != comma))
            return false;
    } else {
        const struct sapa_str field = sapa_str_trim((struct sapa_str){ rest->p, SAPA_MIN(sapa_str_find(*rest, comma, 0), rest->n) });
        at = SAPA_MIN(sapa_str_find(*rest, comma, 0), rest->n);
        *ret_fits = field.n < size;
        n = SAPA_MIN(field.n, size - 1);
        memcpy(buf, field.p, n);
    }
    buf[n] = '\0';
    at = SAPA_MIN(at + 1, rest->n); /* the comma */
    rest->p += at, rest->n -= at;
    return true;
}

sapa_rc sapa_shift_csv_open(struct sapa_shift_csv *csv, struct sapa_str text, struct sapa_text *problem)
{
    uint32_t seen = 0;
    struct sapa_str line;

    *csv = (struct sapa_shift_csv){ .rest = text, .comma = ',' };
    if (sapa_str_starts(text, SAPA_STR("\xef\xbb\xbf")))
        csv->rest.p += 3, csv->rest.n -= 3;
    if (!next_line(csv, &line)) {
        sapa_text_add(problem, SAPA_STR("there is nothing in it; the first line is agent,start,end,activity"));
        return SAPA_EINVAL;
    }
    if (sapa_str_find(line, ';', 0) < line.n)
        csv->comma = ';';
    while (line.n > 0) {
        char name[16];
        unsigned column = 0;
        bool fits;
        const bool good = next_field(&line, csv->comma, name, sizeof(name), &fits) && fits;
        while (good && column < SAPA_COUNT(columns) && !sapa_str_ieq(sapa_str_of(name), sapa_str_of(columns[column])))
            column++;
        if (!good || column == SAPA_COUNT(columns) || (seen >> column & 1)) {
            sapa_text_add(problem, SAPA_STR("the first line names the columns: agent,start,end,activity, each once and nothing else"));
            return SAPA_EINVAL;
        }
        seen |= 1u << column;
        csv->of[csv->fields++] = (uint8_t)column;
    }
    if (csv->fields != SAPA_COUNT(columns)) {
        sapa_text_add(problem, SAPA_STR("the first line names the columns: agent,start,end,activity, each once and nothing else"));
        return SAPA_EINVAL;
    }
    return SAPA_OK;
}

sapa_rc sapa_shift_csv_next(struct sapa_shift_csv *csv, struct sapa_shift_line *ret, struct sapa_text *problem)
{
    struct sapa_str line;

    memset(ret, 0, sizeof(*ret));
    if (!next_line(csv, &line))
        return SAPA_ENOENT;
    ret->line = csv->line;
    for (unsigned i = 0; i < csv->fields; i++) {
        static const size_t sizes[] = { sizeof(ret->agent), sizeof(ret->start), sizeof(ret->end), sizeof(ret->activity) };
        char *const bufs[] = { ret->agent, ret->start, ret->end, ret->activity };
        const unsigned column = csv->of[i];
        bool fits = true;
        if (line.n == 0 || !next_field(&line, csv->comma, bufs[column], sizes[column], &fits)) {
            sapa_text_printf(problem, "agent, start, end and activity are wanted, with %c between them", csv->comma);
            return SAPA_EINVAL;
        }
        if (!fits || bufs[column][0] == '\0') {
            sapa_text_printf(problem, "%s is %s", columns[column], fits ? "empty" : "too long");
            return SAPA_EINVAL;
        }
    }
    if (line.n > 0) {
        sapa_text_add(problem, SAPA_STR("more stands there than the first line has columns"));
        return SAPA_EINVAL;
    }
    for (char *c = ret->start; *c; c++)
        *c = *c == ' ' ? 'T' : *c;
    for (char *c = ret->end; *c; c++)
        *c = *c == ' ' ? 'T' : *c;
    return SAPA_OK;
}
