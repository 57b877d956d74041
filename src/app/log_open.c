#include "app/log_open.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "store/sqlite/sqlite.h"

sapa_rc sapa_log_open(const char *data, struct sapa_log_open *ret)
{
    const struct sapa_store_opts options = { .folder = data, .read_only = true, .build = "reader" };
    char buf[512];
    struct sapa_text problem;
    struct sapa_log_open log = { 0 };

    sapa_text_init(&problem, buf, sizeof(buf));
    sapa_rc rc = sapa_store_open_sqlite(&options, &problem, &log.store);
    if (rc != SAPA_OK) {
        if (access(data, R_OK | X_OK) != 0 && errno == EACCES)
            fprintf(stderr, "sapa: %s belongs to another user; run this as the user who started the centre (sudo -u USER …)\n", data);
        else
            fprintf(stderr, "sapa: cannot open the log in %s: %s\n", data, buf);
        return rc;
    }
    rc = sapa_centre_shelf_new(log.store, &log.shelf);
    if (rc != SAPA_OK) {
        sapa_store_close(log.store);
        return rc;
    }
    *ret = log;
    return SAPA_OK;
}

void sapa_log_close(struct sapa_log_open *log)
{
    sapa_centre_shelf_free(log->shelf);
    sapa_store_close(log->store);
}

sapa_rc sapa_log_each(const struct sapa_log_open *log, uint64_t from_seq, bool sealed, sapa_log_record_fn *fn, void *ctx)
{
    struct sapa_record record;
    struct sapa_log_reader *reader;
    char problem[512];
    sapa_rc rc = sapa_log_reader_open(log->store, from_seq, &reader);

    if (rc != SAPA_OK)
        return rc;
    if (sealed)
        sapa_log_reader_keep_sealed(reader);
    bool more = true;
    while (more && (rc = sapa_log_reader_next(reader, &record)) == SAPA_OK)
        more = fn(ctx, &record);
    sapa_log_reader_close(reader);
    if (rc == SAPA_OK || rc == SAPA_ENOENT)
        return SAPA_OK;
    fprintf(stderr, "sapa: the log cannot be read any further: %s\n",
            sapa_store_problem(log->store, problem, sizeof(problem)));
    return rc;
}

const struct sapa_centre *sapa_log_centre(void *ctx, struct sapa_str hash)
{
    const struct sapa_log_open *log = ctx;

    return sapa_centre_shelf_get(log->shelf, hash);
}
