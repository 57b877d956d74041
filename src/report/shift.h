/**
 * @file report/shift.h
 * Planned shifts of an agent, and what came of them: plan and stretches (report/stretch.h) walked side by side.
 *
 * A shift is work on the phone from one moment to another; inside it lie breaks, meetings, training and other things off
 * the phone. It belongs to the local day on which it begins, also when it ends on the next. From one walk come the figures
 * (scheduled, in schedule, worked) and the list of a day with its deviations, so that they cannot differ.
 *
 * Room    report: base, model; pure.   Thread  any.   Tests  report/shift_test.c, report/shift_fuzz.c   Design  docs/design/shifts.md
 */
#ifndef SAPA_REPORT_SHIFT_H
#define SAPA_REPORT_SHIFT_H

#include "report/stretch.h"
#include "report/zone.h"

/** Numbers stand in the store. */
#define SAPA_ACTIVITIES(X) X(SHIFT, "shift") X(BREAK, "break") X(MEETING, "meeting") X(TRAINING, "training") X(OTHER, "other")

enum sapa_activity {
#define X(id, text) SAPA_ACTIVITY_##id,
    SAPA_ACTIVITIES(X)
#undef X
    SAPA_ACTIVITY_COUNT,
    SAPA_ACTIVITY_NONE = SAPA_ACTIVITY_COUNT /* nothing is planned */
};
const char *sapa_activity_name(unsigned activity);
/** SAPA_ACTIVITY_NONE: there is no such one. */
enum sapa_activity sapa_activity_find(struct sapa_str name);

enum {
    SAPA_SHIFT_DAY_MAX = 32,       /* entries of an agent that belong to one day */
    SAPA_SHIFT_LENGTH_MAX_S = 16 * 3600,
};

/** One entry of a plan. */
struct sapa_planned {
    int64_t from_s, to_s;
    uint32_t activity; /* enum sapa_activity; SHIFT: work, but where another entry lies in it */
    uint32_t line;     /* where it was read; for messages */
};

/** By time; a shift before what lies in it. */
void sapa_planned_sort(struct sapa_planned *of, size_t count);
/**
 * Are the sorted entries of one agent a plan? Shifts do not overlap, each other entry lies in a shift, those do not overlap.
 * @param ret_wrong  the entry that is wrong   @param problem  how, in a sentence
 */
SAPA_MUST_CHECK sapa_rc sapa_planned_check(const struct sapa_planned *of, size_t count, const struct sapa_zone *zone, size_t *ret_wrong, struct sapa_text *problem);
/** The local day (yyyymmdd) that an entry of a checked plan belongs to: that on which its shift begins. */
int32_t sapa_planned_date(const struct sapa_planned *of, size_t count, size_t at, const struct sapa_zone *zone);
/** yyyymmdd of a moment. */
int32_t sapa_shift_date(const struct sapa_zone *zone, int64_t at_s);
/** The next local day. */
int32_t sapa_shift_date_next(const struct sapa_zone *zone, int32_t date);

/* What a deviation is. */
#define SAPA_VERDICTS(X) \
    X(NONE, "none") X(PLANNED, "as planned") X(BUSY, "busy") X(ABSENT, "absent") X(AT_WORK, "at work") X(UNPLANNED, "unplanned") X(UNKNOWN, "unknown")

/**
 * NONE: nothing was planned and nobody was there. BUSY: in a contact or in wrap-up where no work was planned. ABSENT: logged out
 * or not ready where work was. AT_WORK: ready, nothing in hand, where a break or something else was. UNPLANNED: logged in outside
 * every shift. UNKNOWN: the centre stood still.
 */
enum sapa_verdict {
#define X(id, text) SAPA_VERDICT_##id,
    SAPA_VERDICTS(X)
#undef X
    SAPA_VERDICT_COUNT
};
const char *sapa_verdict_name(unsigned verdict);

/** A piece of the walk in which neither plan nor doing changes. */
struct sapa_shift_piece {
    int64_t from_us, to_us;
    uint64_t contact;
    uint32_t activity; /* enum sapa_activity, NONE */
    uint32_t doing;    /* enum sapa_did */
    uint32_t reason;   /* dimension */
    uint32_t verdict;  /* enum sapa_verdict */
};

struct sapa_shift_sides {
    const struct sapa_planned *plan;      /* checked, sorted, of one agent */
    size_t plan_count;
    const struct sapa_stretch *stretches; /* sorted, of this agent */
    uint32_t stretch_count;
    const struct sapa_stretch *stopped;   /* sorted, of SAPA_NONE */
    uint32_t stopped_count;
};
/** Every moment of [from_us, to_us) once, in order. O(entries + stretches). */
void sapa_shift_walk(const struct sapa_shift_sides *sides, int64_t from_us, int64_t to_us, void (*piece)(void *ctx, const struct sapa_shift_piece *piece), void *ctx);

/** What a piece adds to the figures. Microseconds. */
struct sapa_shift_sums {
    int64_t scheduled_us, scheduled_work_us, in_schedule_us, worked_us;
};
void sapa_shift_sum(const struct sapa_shift_piece *piece, struct sapa_shift_sums *sums);
/**
 * The stretch of time in which work counts for a plan, from `*at` on: the local days of its shifts, to the end of those that
 * go over midnight; days that touch are one. False: there is none any more. `*at` 0 at first.
 */
bool sapa_shift_window(const struct sapa_planned *of, size_t count, const struct sapa_zone *zone, size_t *at, struct sapa_span *ret);

/**
 * A plan as CSV: a heading `agent,start,end,activity` (in any order, also with `;`), then an entry a line; times are
 * local, 2026-11-22T08:00 or with a blank. Quotes as in RFC 4180, on one line. Empty lines, a byte order mark and CR are fine.
 */
struct sapa_shift_csv {
    struct sapa_str rest;
    uint32_t line;
    char comma;
    uint8_t of[4]; /* which field stands where */
    uint32_t fields;
};
struct sapa_shift_line {
    char agent[SAPA_KEY_MAX + 1], start[24], end[24], activity[16];
    uint32_t line;
};
/** @retval SAPA_EINVAL  the heading is wrong: `problem` tells */
SAPA_MUST_CHECK sapa_rc sapa_shift_csv_open(struct sapa_shift_csv *csv, struct sapa_str text, struct sapa_text *problem);
/** @retval SAPA_ENOENT  the end   @retval SAPA_EINVAL  this line is wrong (`ret->line`, `problem`); the next may be good */
SAPA_MUST_CHECK sapa_rc sapa_shift_csv_next(struct sapa_shift_csv *csv, struct sapa_shift_line *ret, struct sapa_text *problem);

#endif
