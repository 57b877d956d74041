/**
 * @file app/figures.h
 * The rows of all quarter hours, kept on a shelf beside the log and brought up to date from it.
 *
 * A report needs the rows of its time and the few records behind them, not the whole log. The running centre keeps
 * the shelf fresh (app/figures_keeper.h); a report that finds it old brings it up to date itself. What is kept
 * follows from the log and from nothing else: `sapa verify` computes all of it again, and it may be deleted.
 *
 * Room    app.   Thread  one at a time.   Owner  open .. close.
 * Tests   app/figures_test.c   Design  docs/design/figures.md
 */
#ifndef SAPA_APP_FIGURES_H
#define SAPA_APP_FIGURES_H

#include "app/log_open.h"
#include "report/report.h"

struct sapa_figures;

/**
 * Open log and shelf of a folder and take up where the shelf ends: at the beginning of the log when there is no
 * shelf, or none that this build reads, or one of another log. Says on standard error why the log cannot be opened.
 */
SAPA_MUST_CHECK sapa_rc sapa_figures_open(const char *data, struct sapa_figures **ret_figures);
/** NULL is fine. Nothing is saved by closing. */
void sapa_figures_close(struct sapa_figures *figures);

/**
 * Fold what the log has beyond, at most `records_max` records (0: to the end) and none after `seq_max` (0: all).
 * @param progress   called now and then; may be NULL
 * @param ret_more   stopped by records_max: there may be more
 */
SAPA_MUST_CHECK sapa_rc sapa_figures_fold(struct sapa_figures *figures, uint64_t records_max, uint64_t seq_max,
                                          void (*progress)(uint64_t records), bool *ret_more);
/** Records folded that the shelf does not have yet. */
uint64_t sapa_figures_behind(const struct sapa_figures *figures);
/** The last record that the shelf has. */
uint64_t sapa_figures_kept(const struct sapa_figures *figures);

/** The description in force at the end of what was folded; NULL: the log is empty. Lives as long as the figures. */
const struct sapa_centre *sapa_figures_centre(const struct sapa_figures *figures);

/** The open store of the folder: what is kept beside the log, targets for one. Lives as long as the figures. */
struct sapa_store *sapa_figures_store(const struct sapa_figures *figures);

/**
 * Put what was folded onto the shelf. Whatever fails: the shelf is as it was, and these figures are to be closed.
 * @retval SAPA_ESTATE   another has brought the shelf further meanwhile, or rows were read already
 * @retval SAPA_EAGAIN   another is at it   @retval SAPA_EDENIED, SAPA_EIO  the folder cannot be written
 */
SAPA_MUST_CHECK sapa_rc sapa_figures_save(struct sapa_figures *figures);

/**
 * As sapa_figures_rows(), but what the log says alone: without what came of planned shifts (http/shift.h).
 * @param stretches  what of agents' stretches of the time is in the report: nothing that was shelved, their sums, or they themselves
 */
enum sapa_figures_stretches { SAPA_STRETCHES_NOT, SAPA_STRETCHES_SUMMED, SAPA_STRETCHES_KEPT };
SAPA_MUST_CHECK sapa_rc sapa_figures_rows_of_log(struct sapa_figures *figures, uint32_t kinds, int64_t from_s, int64_t to_s, enum sapa_figures_stretches stretches,
                                                 struct sapa_report **ret_report);
/**
 * All rows of these kinds (bits 1 << enum sapa_rows) whose quarter begins in [from_s, to_s) (to_s 0: no end), as of
 * the end of what was folded, agents' time up to the last record. Once, at the end: nothing can be folded or saved
 * behind it.
 * Rows of agents tell of their plans, too; their stretches of the time are in the report, sorted, if anything was ever planned.
 * @param ret_report  its intervals hold them, in quarters, and maybe more; lives as long as the figures
 */
SAPA_MUST_CHECK sapa_rc sapa_figures_rows(struct sapa_figures *figures, uint32_t kinds, int64_t from_s, int64_t to_s,
                                          struct sapa_report **ret_report);

#endif
