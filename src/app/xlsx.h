/**
 * @file app/xlsx.h
 * Tables of figures as a workbook (Office Open XML), on libxlsxwriter: typed cells (moments, durations, percent,
 * money), a heading that stays, a filter, and a sheet with the definitions of what is shown.
 *
 * Text is written as text: nothing in a cell is ever a formula.
 *
 * Room    app.   Thread  one.   Owner  open .. close.   Tests  test/scenario/80-report
 */
#ifndef SAPA_APP_XLSX_H
#define SAPA_APP_XLSX_H

#include "report/print.h"

struct sapa_xlsx;

/** The file is written by closing. @param currency  "IDR": stands in headings of money; borrowed */
SAPA_MUST_CHECK sapa_rc sapa_xlsx_open(const char *path, enum sapa_language language, struct sapa_str currency,
                                       struct sapa_xlsx **ret_xlsx);
/** A sheet for the next table; what is put into `*ret_sheet` goes there until the next call. At most 1,048,575 rows. */
SAPA_MUST_CHECK sapa_rc sapa_xlsx_add(struct sapa_xlsx *xlsx, const char *name, struct sapa_sheet *ret_sheet);
/**
 * Definitions of every figure that was shown, the file written, everything freed.
 * @param problem  gets one sentence when it fails
 * @retval SAPA_EIO  the file could not be written   @retval SAPA_ELIMIT  more rows than a sheet holds
 */
SAPA_MUST_CHECK sapa_rc sapa_xlsx_close(struct sapa_xlsx *xlsx, struct sapa_text *problem);

#endif
