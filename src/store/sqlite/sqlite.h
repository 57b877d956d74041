/**
 * @file store/sqlite/sqlite.h
 * The store on SQLite: write-ahead log, FULL sync, one writer.
 *
 * Room    store/sqlite.   Thread  any.   Tests  store/sqlite/store_test.c
 */
#ifndef SAPA_STORE_SQLITE_SQLITE_H
#define SAPA_STORE_SQLITE_SQLITE_H

#include "store/store.h"

/**
 * Open the store in opts->folder, creating or migrating it. Only the end of the chain is checked
 * (since the last snapshot, 256 commits at most): sapa_log_verify() checks all of it.
 *
 * @param problem  gets one sentence when it fails; may be NULL
 * @retval SAPA_EVERSION  made by a newer build   @retval SAPA_ECORRUPT the end of the log, the
 *         database or the master key is not right   @retval SAPA_EDENIED permissions
 */
SAPA_MUST_CHECK sapa_rc sapa_store_open_sqlite(const struct sapa_store_opts *opts, struct sapa_text *problem,
                                               struct sapa_store **ret_store);
/** Version of SQLite, as it is loaded. Static. */
const char *sapa_store_sqlite_version(void);

#endif
