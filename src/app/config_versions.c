#include "app/config_versions.h"

#include <stdlib.h>

#include "store/log.h"

static sapa_rc read_start(struct sapa_store *store, uint64_t seq, struct sapa_record *record, struct sapa_config_version *ret)
{
    struct sapa_log_reader *reader;
    sapa_rc rc = sapa_log_reader_open(store, seq, &reader);

    if (rc != SAPA_OK)
        return rc;
    sapa_log_reader_keep_sealed(reader);
    rc = sapa_log_reader_next(reader, record);
    sapa_log_reader_close(reader);
    if (rc == SAPA_OK && record->type != SAPA_T_centre_started)
        rc = SAPA_ECORRUPT;
    if (rc == SAPA_OK)
        *ret = (struct sapa_config_version){ seq, record->at_us, record->u.centre_started.centre_hash,
                                             record->u.centre_started.by, record->u.centre_started.comment };
    return rc;
}

/* Backwards through the starts of the log, then in order. */
sapa_rc sapa_config_versions(struct sapa_store *store, struct sapa_config_version **ret, size_t *ret_count)
{
    struct sapa_config_version *of = calloc(SAPA_CONFIG_VERSIONS_MAX, sizeof(*of));
    struct sapa_record *record = malloc(sizeof(*record));
    uint64_t seq = UINT64_MAX;
    size_t n = 0, count = 0;
    sapa_rc rc = of && record ? SAPA_OK : SAPA_ENOMEM;

    while (rc == SAPA_OK && n < SAPA_CONFIG_VERSIONS_MAX && (rc = sapa_store_centre_start(store, seq, &seq)) == SAPA_OK) {
        rc = read_start(store, seq, record, &of[n++]);
        if (--seq == 0)
            break;
    }
    free(record);
    if (rc != SAPA_OK && rc != SAPA_ENOENT) {
        free(of);
        return rc;
    }
    for (size_t i = 0; i < n / 2; i++) {
        const struct sapa_config_version swap = of[i];
        of[i] = of[n - 1 - i];
        of[n - 1 - i] = swap;
    }
    for (size_t i = 0; i < n; i++) {
        if (count == 0 || !sapa_str_eq(sapa_sized_str(&of[i].hash), sapa_sized_str(&of[count - 1].hash)))
            of[count++] = of[i];
    }
    *ret = of;
    *ret_count = count;
    return SAPA_OK;
}
