/**
 * @file report/report.h
 * All folds together: names, call records, intervals and the check, from one record at a time.
 * `sapa report` and `sapa verify` use this; the running program uses report/live.h and report/call.h.
 *
 * Room    report: base, model; pure.   Thread  the caller's.   Tests  report/report_test.c
 */
#ifndef SAPA_REPORT_REPORT_H
#define SAPA_REPORT_REPORT_H

#include "report/call.h"
#include "report/check.h"
#include "report/interval.h"
#include "report/stretch.h"

struct sapa_report_options {
    /** The description with this hash, borrowed until sapa_report_done(); NULL when it is not known. */
    const struct sapa_centre *(*centre)(void *ctx, struct sapa_str hash);
    void (*finished)(void *ctx, const struct sapa_call *call); /* each call record; may be NULL */
    void *ctx;
    bool stretches;                        /* keep what agents did when; they are summed up in any case */
    bool check;                            /* also look at the identities */
    struct sapa_interval_options interval; /* with `check`: no bounds, all kinds */
};

struct sapa_report {
    struct sapa_report_options options;
    struct sapa_names names;
    struct sapa_calls calls;
    struct sapa_intervals intervals;
    struct sapa_stretches stretches;
    struct sapa_check check;
};

void sapa_report_init(struct sapa_report *report, const struct sapa_memory *memory,
                      const struct sapa_report_options *options);
void sapa_report_done(struct sapa_report *report);
SAPA_MUST_CHECK sapa_rc sapa_report_fold(struct sapa_report *report, const struct sapa_record *record);
/** The log is read: agents' time runs to `now_us` (0: to the last record), lingering records are handed out. */
SAPA_MUST_CHECK sapa_rc sapa_report_end(struct sapa_report *report, int64_t now_us);
/**
 * After sapa_report_end(): one line per identity ("talk: 1,204 checks, good"), then the findings.
 * @param ret_findings  identities broken, 0: every number follows from the log
 */
SAPA_MUST_CHECK sapa_rc sapa_report_check(struct sapa_report *report, const struct sapa_lines *out,
                                          uint64_t *ret_findings);

SAPA_MUST_CHECK sapa_rc sapa_report_save(const struct sapa_report *report, const struct sapa_save *save);
/** Into a fresh report; the description in force is asked for by its hash. */
SAPA_MUST_CHECK sapa_rc sapa_report_load(struct sapa_report *report, const struct sapa_load *load);

#endif
