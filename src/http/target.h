/**
 * @file http/target.h
 * Targets as they are kept: one document of the centre, a version each time it is changed (docs/adr/0026-targets-are-kept.md).
 *
 * A document is { "version", "changed", "by", "comment", "items": [{ "scope", "key", "figure", "value", "from", "to", "owner" }] },
 * in the store's settings as `api.target.VERSION`. The last version holds; those before stay, for who wants to know.
 *
 * Room    http.   Thread  any; one writer at a time (the pool of writes has one thread).
 * Tests   app/web_target_test.c, test/scenario/80-api   Design  docs/design/targets.md
 */
#ifndef SAPA_HTTP_TARGET_H
#define SAPA_HTTP_TARGET_H

#include <jansson.h>

#include "report/goal.h"
#include "store/store.h"

enum {
    SAPA_TARGET_VERSIONS_MAX = 1000000,
    SAPA_TARGET_COMMENT_MAX = 120, /* bytes */
};

/** A value as the API says it (shares 0 to 1, milliseconds, whole money) in the unit of its figure. False: it cannot be one. */
bool sapa_target_value(uint32_t figure, const json_t *value, int64_t *ret);
/** yyyymmdd as "2026-11-22". */
void sapa_target_date(int32_t date, char buf[16]);
/** Of one item: member by member as the schema has it; unjudged but for what cannot be understood. */
bool sapa_target_read(const json_t *item, struct sapa_goal *ret);

/** The version that holds; 0: none has been set. */
SAPA_MUST_CHECK sapa_rc sapa_targets_version(struct sapa_store *store, uint64_t *ret);
/** A document. The caller frees it. @retval SAPA_ENOENT   @retval SAPA_ECORRUPT */
SAPA_MUST_CHECK sapa_rc sapa_targets_get(struct sapa_store *store, uint64_t version, json_t **ret);
/** The next version. Takes the reference. @retval SAPA_ELIMIT  too large, or too many */
SAPA_MUST_CHECK sapa_rc sapa_targets_add(struct sapa_store *store, json_t *document, uint64_t *ret_version);
/** What holds, ready to be asked; without items when none are set. What this build has no figure for is left out. */
SAPA_MUST_CHECK sapa_rc sapa_targets_load(struct sapa_store *store, struct sapa_goals *ret);

#endif
