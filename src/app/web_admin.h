/**
 * @file app/web_admin.h
 * What the API administers: webhooks, and the centre description by the code of `sapa config`. On the web thread's pools, one job at a time.
 *
 * Room    app.   Thread  any; jobs share nothing but the store.   Tests  test/scenario/82-api-webhooks, 83-api-config
 */
#ifndef SAPA_APP_WEB_ADMIN_H
#define SAPA_APP_WEB_ADMIN_H

#include "app/web_work.h"

/** The result goes into `work`; its rc is returned. */
sapa_rc sapa_web_admin(const struct sapa_web_files *files, struct sapa_web_work *work);

#endif
