/**
 * @file report/stretch.h
 * What each agent did when: stretches of time in which he was ready, talked, wrapped up or was not ready.
 *
 * Sums say how long, stretches say when; held against a plan (report/shift.h) they say whether he kept to it. Who is logged
 * out has none. While the centre stood still nobody has any but who went on talking, and a stretch of SAPA_NONE says so.
 * Stretches are cut at whole hours UTC, so that they can be taken out in pieces of an hour and an agent, and joined again.
 *
 * Room    report: base, model; pure.   Thread  the fold's.   Owner  sapa_stretches_init() .. _done().
 * Tests   report/shift_test.c, report/shift_fuzz.c   Design  docs/design/shifts.md
 */
#ifndef SAPA_REPORT_STRETCH_H
#define SAPA_REPORT_STRETCH_H

#include "base/table.h"
#include "model/record.h"
#include "report/names.h"

/** Numbers stand in pieces. BUSY: talks, holds, rings somebody; with several contacts the one that came last. */
#define SAPA_DIDS(X) X(OUT, "out") X(READY, "ready") X(BUSY, "contact") X(WRAPUP, "wrapup") X(AWAY, "not ready") X(STOPPED, "stopped")

enum sapa_did {
#define X(id, text) SAPA_DID_##id,
    SAPA_DIDS(X)
#undef X
    SAPA_DID_COUNT
};
const char *sapa_did_name(unsigned doing);

struct sapa_stretch {
    int64_t from_us, to_us;
    uint64_t contact;        /* with BUSY and WRAPUP; else 0 */
    uint32_t agent, reason;  /* dimensions; reason with AWAY, else SAPA_NONE */
    uint32_t doing, zero;    /* enum sapa_did, never OUT */
};

struct sapa_stretches {
    const struct sapa_names *names;
    const struct sapa_memory *memory;
    struct sapa_table agents;   /* by dimension: what goes on */
    struct sapa_table held;     /* assignments that are not over, by offer */
    struct sapa_stretch *of;    /* over, in the order of their ends */
    uint32_t count, room;
    bool keeps;                 /* false: they are counted and summed up (below), and let go */
    uint64_t total, digest;     /* of all that were over: the same stretches in any order, the same sum */
    uint64_t seq;
    int64_t now_us;
    sapa_rc failed;             /* sticky */
};

void sapa_stretches_init(struct sapa_stretches *fold, const struct sapa_memory *memory, const struct sapa_names *names, bool keeps);
void sapa_stretches_done(struct sapa_stretches *fold);
/** As sapa_calls_fold(). */
SAPA_MUST_CHECK sapa_rc sapa_stretches_fold(struct sapa_stretches *fold, const struct sapa_record *record);
/** Time has come so far: what goes on has a stretch up to now. Never backwards. */
SAPA_MUST_CHECK sapa_rc sapa_stretches_until(struct sapa_stretches *fold, int64_t now_us);

/** Of all pieces whose hour begins at from_s or later the keys are no smaller. */
uint64_t sapa_stretch_key_min(int64_t from_s);
enum { SAPA_STRETCH_PIECE_MAX = 262144 }; /* bytes */
/** As sapa_intervals_drain(), by hour and agent. */
SAPA_MUST_CHECK sapa_rc sapa_stretches_drain(struct sapa_stretches *fold, bool (*stored)(void *ctx, uint64_t key, struct sapa_str *ret),
                                             bool (*put)(void *ctx, uint64_t key, struct sapa_str piece), void *ctx);
/** @retval SAPA_ECORRUPT  no such piece; nothing changed */
SAPA_MUST_CHECK sapa_rc sapa_stretches_join(struct sapa_stretches *fold, struct sapa_str piece);
/** By agent, then by time; what follows without a gap and says the same is one. After it nothing is folded any more. */
void sapa_stretches_sort(struct sapa_stretches *fold);
/** Of one agent after sorting; `*ret_count` of them from the result on. */
const struct sapa_stretch *sapa_stretches_of(const struct sapa_stretches *fold, uint32_t agent, uint32_t *ret_count);
/** Have two folds had the same stretches, however they came? By their sums: neither need have kept them. */
bool sapa_stretches_same(const struct sapa_stretches *a, const struct sapa_stretches *b);

SAPA_MUST_CHECK sapa_rc sapa_stretches_save(const struct sapa_stretches *fold, const struct sapa_save *save);
/** Into a fold fresh from sapa_stretches_init(). */
SAPA_MUST_CHECK sapa_rc sapa_stretches_load(struct sapa_stretches *fold, const struct sapa_load *load);

#endif
