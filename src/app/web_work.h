/**
 * @file app/web_work.h
 * What the API reads from the log, the store and recordings: on the web thread's pool, one job at a time.
 *
 * Room    app.   Thread  any; jobs share nothing but the store.   Tests  test/scenario/80-api
 */
#ifndef SAPA_APP_WEB_WORK_H
#define SAPA_APP_WEB_WORK_H

#include "http/web.h"
#include "store/store.h"

struct sapa_hooks;
struct sapa_system_sources;

struct sapa_web_files {
    struct sapa_store *store;
    const char *data; /* folder */
    const char *centre; /* file of the description: what it names stands beside it */
    struct sapa_hooks *hooks; /* told when webhooks change; NULL: none are sent */
    const struct sapa_system_sources *system; /* NULL: of this the technical state is not asked */
};

/** Do it; the result stands in `work`. */
void sapa_web_work(const struct sapa_web_files *files, struct sapa_web_work *work);

/** A description comes into force with the record `seq`: remembered, so that readers find it without the log. */
SAPA_MUST_CHECK sapa_rc sapa_centre_history_add(struct sapa_store *store, uint64_t seq, int64_t at_us, const char *hash);

#endif
