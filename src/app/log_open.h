/**
 * @file app/log_open.h
 * The log for commands that only read it: opened read-only beside a running centre.
 *
 * Room    app.   Thread  one.
 */
#ifndef SAPA_APP_LOG_OPEN_H
#define SAPA_APP_LOG_OPEN_H

#include "app/centre_shelf.h"
#include "store/log.h"
#include "store/store.h"

struct sapa_log_open {
    struct sapa_store *store;
    struct sapa_centre_shelf *shelf; /* descriptions that records refer to */
};

/** Says what is wrong on standard error. */
SAPA_MUST_CHECK sapa_rc sapa_log_open(const char *data, struct sapa_log_open *ret);
void sapa_log_close(struct sapa_log_open *log);

/**
 * Every record from `from_seq` on, in order. Stops when `fn` returns false.
 * @param sealed  leave personal fields closed: faster
 * @retval SAPA_ECORRUPT, SAPA_EVERSION  said on standard error
 */
typedef bool sapa_log_record_fn(void *ctx, const struct sapa_record *record);
SAPA_MUST_CHECK sapa_rc sapa_log_each(const struct sapa_log_open *log, uint64_t from_seq, bool sealed,
                                      sapa_log_record_fn *fn, void *ctx);

/** For folds: the description with this hash. `ctx` is the struct sapa_log_open. */
const struct sapa_centre *sapa_log_centre(void *ctx, struct sapa_str hash);

#endif
