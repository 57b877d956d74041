#include "app/web_coach.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/figures.h"
#include "app/web_desk.h"
#include "http/coach.h"
#include "http/user.h"
#include "report/figure.h"
#include "report/follow.h"
#include "rt/clock.h"

#define DAY_US (INT64_C(86400) * 1000000)

enum { SHOWN_DAYS = 30, SHOWN_MAX = 30 /* notes whose figures are followed */ };

static struct sapa_str agent_of(const struct job *job)
{
    return sapa_str_of(param(job, "agent"));
}

static uint64_t note_of(const struct job *job)
{
    uint64_t number;

    return sapa_str_u64(sapa_str_of(param(job, "note")), UINT64_MAX, &number) == SAPA_OK ? number : 0;
}

static sapa_rc no_note(struct job *job)
{
    return problem(job->work, SAPA_ENOENT, "there is no coaching note %s for %s", param(job, "note"), param(job, "agent"));
}

static struct sapa_str name_of(const struct sapa_centre *centre, struct sapa_str key)
{
    struct sapa_user_who who;

    return sapa_user_find(centre, key, &who) == SAPA_OK && who.name.n > 0 ? who.name : key;
}

/* What is said about a contact of a client that one does not see is not told; an agent's own is about what he said himself. */
static bool is_told(const struct sapa_web_work *work, const struct sapa_coach_note *note)
{
    return work->scope.agent != SAPA_NONE || sapa_scope_client(&work->scope, SAPA_FIND(work->centre, clients, sapa_str_of(note->client)));
}

static void note_json(const struct sapa_web_work *work, struct sapa_str agent, const struct sapa_coach_note *note, struct sapa_json *out)
{
    sapa_json_open(out, '{');
    sapa_json_add_id(out, "id", note->id);
    sapa_json_add_text(out, "agent", agent);
    sapa_json_add_text(out, "agent_name", name_of(work->centre, agent));
    sapa_json_add_id(out, "recording", note->recording);
    sapa_json_add_id(out, "contact", note->contact);
    sapa_json_add_number(out, "at_ms", note->at_ms);
    sapa_json_add_number(out, "length_ms", note->length_ms);
    if (note->text[0])
        sapa_json_add_text(out, "text", sapa_str_of(note->text));
    else
        sapa_json_add_null(out, "text");
    sapa_json_add_text(out, "by", sapa_str_of(note->by));
    sapa_json_add_text(out, "by_name", name_of(work->centre, sapa_str_of(note->by)));
    sapa_json_add_time(out, "created", note->created_us);
    sapa_json_add_time(out, "done", note->done_us);
    sapa_json_add_bool(out, "own", (work->rights & SAPA_RIGHT_BIT(COACH)) != 0 && strcmp(note->by, work->user) == 0);
    sapa_json_close(out, '}');
}

/* ---- what is to be heard again ---- */

struct writing {
    const struct sapa_web_work *work;
    struct sapa_str agent;
    struct sapa_json *out;
};

static void add_open(void *ctx, const struct sapa_coach_note *note)
{
    const struct writing *to = ctx;

    if (note->done_us == 0 && is_told(to->work, note))
        note_json(to->work, to->agent, note, to->out);
}

static bool is_his(const struct sapa_web_work *work, struct sapa_str agent)
{
    return work->scope.agent < work->centre->agents_count && sapa_str_eq(work->centre->agents[work->scope.agent].key, agent);
}

sapa_rc sapa_web_coach_work(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_str agent)
{
    if (!is_his(work, agent) && !(work->rights & SAPA_RIGHT_BIT(COACH)))
        return SAPA_OK;
    return sapa_coach_each(files->store, agent, 0, add_open, &(struct writing){ work, agent, &work->out });
}

/* ---- marks of a recording ---- */

struct mark {
    struct sapa_str agent;
    struct sapa_coach_note note;
};

struct marks {
    uint64_t recording;
    struct sapa_str agent; /* that is read now */
    struct mark of[SAPA_COACH_SEEN_MAX];
    size_t count;
};

static void add_mark(void *ctx, const struct sapa_coach_note *note)
{
    struct marks *marks = ctx;

    if (note->recording == marks->recording && marks->count < SAPA_COUNT(marks->of))
        marks->of[marks->count++] = (struct mark){ marks->agent, *note };
}

static int by_moment(const void *a, const void *b)
{
    const struct sapa_coach_note *x = &((const struct mark *)a)->note, *y = &((const struct mark *)b)->note;

    return x->at_ms != y->at_ms ? (x->at_ms < y->at_ms ? -1 : 1) : x->created_us < y->created_us ? -1 : x->created_us > y->created_us;
}

/* Who took part, is there still, and belongs to who asks. */
static bool may_get(const struct sapa_web_work *work, struct sapa_str key)
{
    const uint32_t agent = SAPA_FIND(work->centre, agents, key);

    return agent != SAPA_NONE && sapa_scope_agent(&work->scope, work->centre, agent);
}

static void marks_json(struct job *job, const struct sapa_card *card, struct marks *marks)
{
    const bool coaches = (job->work->rights & SAPA_RIGHT_BIT(COACH)) != 0;

    qsort(marks->of, marks->count, sizeof(marks->of[0]), by_moment);
    sapa_json_open(job->out, '{');
    sapa_json_key(job->out, "items");
    sapa_json_open(job->out, '[');
    for (size_t i = 0; i < marks->count; i++)
        note_json(job->work, marks->of[i].agent, &marks->of[i].note, job->out);
    sapa_json_close(job->out, ']');
    sapa_json_key(job->out, "agents");
    sapa_json_open(job->out, '[');
    if (coaches && card->agent.n > 0 && may_get(job->work, card->agent))
        sapa_json_text(job->out, card->agent);
    for (unsigned i = 0; coaches && i < card->agent_count; i++) {
        if (!sapa_str_eq(card->agents[i], card->agent) && may_get(job->work, card->agents[i]))
            sapa_json_text(job->out, card->agents[i]);
    }
    sapa_json_close(job->out, ']');
    sapa_json_close(job->out, '}');
}

/* Where it was recorded is in the log: whose agents the notes can be for. Those of colleagues are none of an agent's business. */
static sapa_rc read_marks(struct job *job, struct sapa_card *card, struct marks *marks)
{
    const struct sapa_web_work *work = job->work;
    uint64_t contact = 0;
    int64_t length_ms;
    sapa_rc rc = sapa_str_u64(sapa_str_of(param(job, "recording")), UINT64_MAX, &marks->recording);

    if (rc == SAPA_OK)
        rc = sapa_web_recording(job, marks->recording, &contact, &length_ms);
    if (rc == SAPA_OK)
        rc = sapa_web_desk_card(job->files, job->work, job->shelf, contact, card);
    for (unsigned i = 0; rc == SAPA_OK && i < card->agent_count; i++) {
        if (work->scope.agent != SAPA_NONE && !is_his(work, card->agents[i]))
            continue;
        marks->agent = card->agents[i];
        rc = sapa_coach_each(job->files->store, marks->agent, card->arrived_us, add_mark, marks);
    }
    return rc;
}

static sapa_rc marks(struct job *job)
{
    struct marks *marks = calloc(1, sizeof(*marks));
    struct sapa_card *card = calloc(1, sizeof(*card));
    const sapa_rc rc = marks && card ? read_marks(job, card, marks) : SAPA_ENOMEM;

    if (rc == SAPA_OK)
        marks_json(job, card, marks);
    if (marks)
        sapa_wipe(marks, sizeof(*marks));
    if (card)
        sapa_wipe(card, sizeof(*card));
    free(marks);
    free(card);
    return rc;
}

/* ---- writing ---- */

static sapa_rc judge(struct job *job, struct sapa_card *card, struct sapa_coach_note *note)
{
    const struct sapa_str agent = agent_of(job);
    sapa_rc rc = sapa_web_recording(job, note->recording, &note->contact, &note->length_ms);

    if (rc == SAPA_OK)
        rc = sapa_web_desk_card(job->files, job->work, job->shelf, note->contact, card);
    if (rc != SAPA_OK)
        return rc;
    if (!sapa_card_has_agent(card, agent))
        return problem(job->work, SAPA_ESTATE, "%s took no part in what was recorded there", param(job, "agent"));
    if (note->at_ms > note->length_ms)
        return problem(job->work, SAPA_EINVAL, "at_ms: the recording ends at %lld", (long long)note->length_ms);
    note->person = card->person;
    return sapa_str_copy(card->client, note->client, sizeof(note->client)) ? SAPA_OK : SAPA_EINVAL;
}

static sapa_rc write_new(struct job *job)
{
    struct sapa_web_work *work = job->work;
    struct sapa_coach_note note = { .recording = work->into, .at_ms = (int64_t)work->match, .created_us = sapa_wall_us() };
    struct sapa_card *card = calloc(1, sizeof(*card));
    uint64_t id = 0;
    sapa_rc rc = card ? judge(job, card, &note) : SAPA_ENOMEM;

    if (card)
        sapa_wipe(card, sizeof(*card));
    free(card);
    if (rc != SAPA_OK)
        return rc;
    (void)sapa_str_copy(sapa_str_of(work->user), note.by, sizeof(note.by));
    rc = sapa_str_copy((struct sapa_str){ work->text, work->text_n }, note.text, sizeof(note.text))
             ? sapa_coach_add(job->files->store, agent_of(job), &note, &id)
             : SAPA_EINVAL;
    sapa_wipe(note.text, sizeof(note.text));
    if (rc == SAPA_OK)
        snprintf(work->answer, sizeof(work->answer), "\"note\":\"%llu\"", (unsigned long long)id);
    return rc == SAPA_EINVAL   ? problem(work, rc, "a coaching note has 1 to %d bytes of text, with line ends but no other control characters", SAPA_COACH_TEXT_MAX)
           : rc == SAPA_ELIMIT ? problem(work, SAPA_ESTATE, "%d notes wait for this agent: first some have to be heard", SAPA_COACH_OPEN_MAX)
           : rc == SAPA_ENOENT ? problem(work, SAPA_ESTATE, "the person was erased: nothing more is kept")
                               : rc;
}

static sapa_rc write_done(struct job *job)
{
    const sapa_rc rc = sapa_coach_done(job->files->store, agent_of(job), note_of(job), sapa_wall_us());

    return rc == SAPA_ENOENT ? no_note(job) : rc;
}

static sapa_rc write_end(struct job *job)
{
    const sapa_rc rc = sapa_coach_end(job->files->store, agent_of(job), note_of(job), job->work->user);

    return rc == SAPA_ENOENT ? no_note(job) : rc == SAPA_EDENIED ? problem(job->work, rc, "only who has written it takes it back") : rc;
}

sapa_rc sapa_web_coach_recording(struct job *job, uint64_t *ret_recording)
{
    struct sapa_coach_note note;
    const sapa_rc rc = sapa_coach_get(job->files->store, agent_of(job), note_of(job), &note);

    if (rc == SAPA_OK)
        *ret_recording = note.recording;
    sapa_wipe(&note, sizeof(note));
    return rc == SAPA_ENOENT ? no_note(job) : rc;
}

/* ---- what came of them ---- */

struct list {
    const struct sapa_web_work *work;
    struct sapa_coach_note of[SHOWN_MAX];
    size_t count;
};

static void add_shown(void *ctx, const struct sapa_coach_note *note)
{
    struct list *list = ctx;

    if (list->count < SHOWN_MAX && is_told(list->work, note))
        list->of[list->count++] = *note;
}

static void figure_json(const struct sapa_follow *one, struct sapa_json *out)
{
    struct sapa_figure info;

    sapa_figure_get(one->figure, &info);
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "figure", sapa_str_of(info.key));
    sapa_json_add_text(out, "unit", sapa_str_of(sapa_unit_name((enum sapa_unit)info.unit)));
    sapa_json_key(out, "before");
    sapa_figure_json(one->figure, one->before, out);
    sapa_json_key(out, "since");
    sapa_figure_json(one->figure, one->since, out);
    sapa_json_add_number(out, "count_before", one->count_before);
    sapa_json_add_number(out, "count_since", one->count_since);
    sapa_json_add_text(out, "verdict", sapa_str_of(sapa_follow_verdict_name(one->verdict)));
    sapa_json_close(out, '}');
}

/* @param quarters  NULL: figures are not for who asks */
static sapa_rc followed_json(struct job *job, const struct sapa_coach_note *note, struct sapa_report *quarters)
{
    const struct sapa_follow_span span = sapa_follow_span(note->created_us / 1000000);
    struct sapa_follow figures[SAPA_FOLLOW_FIGURES_MAX];
    uint32_t count = 0;
    sapa_rc rc = SAPA_OK;

    sapa_json_open(job->out, '{');
    sapa_json_key(job->out, "note");
    note_json(job->work, agent_of(job), note, job->out);
    sapa_json_add_time(job->out, "before", span.before_s * 1000000);
    sapa_json_add_time(job->out, "until", span.until_s * 1000000);
    sapa_json_add_time(job->out, "since", span.since_s * 1000000);
    if (quarters)
        rc = sapa_follow_read(&quarters->intervals, sapa_memory_heap(), &quarters->names,
                              sapa_names_find(&quarters->names, SAPA_DIM_AGENT, agent_of(job)), note->created_us / 1000000, figures, &count);
    if (!quarters) {
        sapa_json_add_null(job->out, "figures");
    } else {
        sapa_json_key(job->out, "figures");
        sapa_json_open(job->out, '[');
        for (uint32_t i = 0; rc == SAPA_OK && i < count; i++)
            figure_json(&figures[i], job->out);
        sapa_json_close(job->out, ']');
    }
    sapa_json_close(job->out, '}');
    return rc;
}

/* The quarter hours behind all of them are read once. */
static sapa_rc list_json(struct job *job, const struct list *list)
{
    const struct sapa_scope *scope = &job->work->scope;
    const bool counts = list->count > 0 && (scope->clients == UINT64_MAX || scope->team_count > 0); /* as GET /api/v1/reports/agents */
    struct sapa_figures *figures = NULL;
    struct sapa_report *quarters = NULL;
    bool more;
    sapa_rc rc = counts ? sapa_figures_open(job->files->data, &figures) : SAPA_OK;

    if (rc == SAPA_OK && counts)
        rc = sapa_figures_fold(figures, 0, 0, NULL, &more);
    if (rc == SAPA_OK && counts)
        rc = sapa_figures_rows(figures, UINT32_C(1) << SAPA_ROWS_AGENTS, sapa_follow_span(list->of[list->count - 1].created_us / 1000000).before_s, 0, &quarters);
    sapa_json_open(job->out, '{');
    sapa_json_key(job->out, "items");
    sapa_json_open(job->out, '[');
    for (size_t i = 0; rc == SAPA_OK && i < list->count; i++)
        rc = followed_json(job, &list->of[i], quarters);
    sapa_json_close(job->out, ']');
    sapa_json_add_number(job->out, "least", SAPA_FOLLOW_LEAST);
    sapa_json_close(job->out, '}');
    sapa_figures_close(figures);
    return rc;
}

static sapa_rc notes(struct job *job)
{
    struct list *list = calloc(1, sizeof(*list));
    sapa_rc rc = SAPA_ENOMEM;

    if (list) {
        list->work = job->work;
        rc = sapa_coach_each(job->files->store, agent_of(job), sapa_wall_us() - SHOWN_DAYS * DAY_US, add_shown, list);
        if (rc == SAPA_OK)
            rc = list_json(job, list);
        sapa_wipe(list, sizeof(*list));
        free(list);
    }
    return rc;
}

sapa_rc sapa_web_coach(struct job *job)
{
    switch (job->work->route) {
    case SAPA_ROUTE_COACH_MARKS: return marks(job);
    case SAPA_ROUTE_COACH_NEW: return write_new(job);
    case SAPA_ROUTE_COACH_DONE: return write_done(job);
    case SAPA_ROUTE_COACH_END: return write_end(job);
    default: return notes(job);
    }
}
