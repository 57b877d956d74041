/**
 * @file app/config_versions.h
 * The versions of the centre description: those that came into force, as the log has them.
 *
 * A start with the description of before is no version. Room  app.   Thread  any.
 * Tests   test/scenario/47-config, test/scenario/83-api-config
 */
#ifndef SAPA_APP_CONFIG_VERSIONS_H
#define SAPA_APP_CONFIG_VERSIONS_H

#include "model/record.h"
#include "store/store.h"

struct sapa_config_version {
    uint64_t seq;
    int64_t at_us;
    struct sapa_text64 hash, by;
    struct sapa_text128 comment;
};

enum { SAPA_CONFIG_VERSIONS_MAX = 10000 };

/** The oldest first; the newest SAPA_CONFIG_VERSIONS_MAX starts are looked at. @param ret  heap; free() */
SAPA_MUST_CHECK sapa_rc sapa_config_versions(struct sapa_store *store, struct sapa_config_version **ret, size_t *ret_count);

#endif
