/**
 * @file app/log_list.h
 * Lists that are made of the log itself, record by record: finished calls one by one, and what callers did in the nodes of flows.
 * `sapa report --calls` and `--nodes` beside the log, and the API's reports of these names, are the same code.
 *
 * Room    app.   Thread  any; one list at a time of a struct sapa_log_open.
 * Design  docs/design/figures.md   Tests  test/scenario/80-figures, test/scenario/80-api
 */
#ifndef SAPA_APP_LOG_LIST_H
#define SAPA_APP_LOG_LIST_H

#include "app/log_open.h"
#include "app/xlsx.h"
#include "report/call.h"
#include "report/nodes.h"

enum sapa_calls_format { SAPA_CALLS_TEXT, SAPA_CALLS_CSV, SAPA_CALLS_JSON, SAPA_CALLS_XLSX };

/** Which calls, and how. */
struct sapa_calls_wish {
    const char *only;           /* "": all; else a client, number, queue or agent who took part, by its key */
    int64_t from_s, to_s;       /* began in [from_s, to_s); to_s 0: no end */
    enum sapa_calls_format format;
    enum sapa_language language;
    bool show_numbers;
    const struct sapa_lines *lines; /* of all but XLSX; without ends of line */
    struct sapa_xlsx *xlsx;         /* of XLSX: gets a sheet; borrowed */
    bool (*is_seen)(void *ctx, const struct sapa_names *names, const struct sapa_call *call); /* NULL: all are */
    void *ctx;
};
/**
 * The log is read from the beginning of the time that was asked for, with the description that was in force then, until
 * every call that began in it is finished.
 */
SAPA_MUST_CHECK sapa_rc sapa_list_calls(struct sapa_log_open *log, const struct sapa_calls_wish *wish);

/** The table of nodes. `progress` (NULL: none) is told now and then how many records are read. @retval SAPA_ENOENT  nobody was in a flow with the key `only` */
SAPA_MUST_CHECK sapa_rc sapa_list_nodes(struct sapa_log_open *log, int64_t from_s, int64_t to_s, enum sapa_format format,
                                        enum sapa_language language, const char *only, void (*progress)(uint64_t records),
                                        const struct sapa_lines *lines);

#endif
