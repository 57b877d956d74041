/**
 * @file app/web_job_impl.h
 * One job of the web thread's pools, as web_work.c, web_admin.c, web_desk.c and web_wall.c do them.
 * Room    app, internal.   Thread  the job's.
 */
#ifndef SAPA_APP_WEB_JOB_IMPL_H
#define SAPA_APP_WEB_JOB_IMPL_H

#include "app/centre_shelf.h"
#include "app/web_work.h"

struct job {
    const struct sapa_web_files *files;
    struct sapa_web_work *work;
    struct sapa_json *out;
    struct sapa_centre_shelf *shelf; /* of this job */
    struct sapa_record *record;
    const struct sapa_centre *then;  /* in force at the record, where a list wants it; NULL */
};

/* What the answer says is wrong; returns `rc`. */
static inline sapa_rc problem(struct sapa_web_work *work, sapa_rc rc, const char *fmt, ...) SAPA_PRINTF(3, 4);

static inline sapa_rc problem(struct sapa_web_work *work, sapa_rc rc, const char *fmt, ...)
{
    struct sapa_text text;
    va_list args;

    sapa_text_init(&text, work->problem, sizeof(work->problem));
    va_start(args, fmt);
    sapa_text_vprintf(&text, fmt, args);
    va_end(args);
    return rc;
}

static inline const char *param(const struct job *job, const char *name)
{
    return sapa_params_get(&job->work->params, name);
}

/** A recording that may be heard: the contact that it is of, and how long it is. SAPA_ENOENT: it is not there, or not for who asks. */
SAPA_MUST_CHECK sapa_rc sapa_web_recording(struct job *job, uint64_t recording, uint64_t *ret_contact, int64_t *ret_length_ms);

/** Administration: webhooks, the centre description, people. The result goes into job->work; its rc is returned. */
sapa_rc sapa_web_admin(struct job *job);

#endif
