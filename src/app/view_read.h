/**
 * @file app/view_read.h
 * The live view out of its JSON (GET /api/v1/view), as `sapa top` draws it.
 *
 * Room    app.   Thread  any.   Tests  app/view_read_test.c, app/view_read_fuzz.c
 */
#ifndef SAPA_APP_VIEW_READ_H
#define SAPA_APP_VIEW_READ_H

#include <jansson.h>

#include "report/live.h"

/**
 * Members that are missing or of another type are 0 or have no meaning, as those of another build may be; texts are
 * cut to their room. Lists live in `memory`; what is more than fits is left out.
 * @retval SAPA_EINVAL  it is no object
 */
SAPA_MUST_CHECK sapa_rc sapa_view_read(const json_t *json, struct sapa_view_memory *memory, struct sapa_view *ret);

#endif
