/* Idempotency-Key: what was answered is answered again, over a restart too. */
#include <stdlib.h>

#include "base/log.h"
#include "http/answer_impl.h"
#include "rt/crypto.h"

#define IDEMPOTENT_US (INT64_C(24) * 3600 * 1000000)

static struct web_idempotent *idempotent_of(struct sapa_web *web, uint64_t key)
{
    return key ? sapa_table_find(&web->idempotent, key) : NULL;
}

void sapa_web_forget_answers(struct sapa_web *web, int64_t now_us)
{
    for (uint32_t i = 0; i < web->idempotent.count;) {
        struct web_idempotent *one = sapa_table_at(&web->idempotent, i);
        if (now_us - one->at_us <= IDEMPOTENT_US && (one->status != 0 || now_us - one->at_us <= 2 * WEB_WAIT_MS * INT64_C(1000))) {
            i++;
            continue;
        }
        free(one->text);
        sapa_table_remove(&web->idempotent, one);
    }
}

bool sapa_web_idempotent_begin(struct web_request *rq)
{
    struct sapa_web *web = rq->web;
    struct web_idempotent *one = idempotent_of(web, rq->idempotent);
    uint8_t hash[32];
    uint64_t body_hash;
    struct sapa_sha256 sha;

    if (rq->idempotent == 0)
        return true;
    sapa_sha256_begin(&sha);
    sapa_sha256_add(&sha, sapa_route(rq->route)->name, strlen(sapa_route(rq->route)->name));
    for (unsigned i = 0; i < rq->params.count; i++)
        sapa_sha256_add(&sha, rq->params.of[i].value, strlen(rq->params.of[i].value) + 1);
    sapa_sha256_add(&sha, rq->body ? rq->body : "", rq->body_n);
    sapa_sha256_end(&sha, hash);
    memcpy(&body_hash, hash, sizeof(body_hash));
    rq->request_hash = body_hash;
    if (!web->remembers) {
        sapa_web_problem(rq, 503, "EAGAIN", "what was done before the restart is still being read; try again");
        return false;
    }
    if (one && one->body_hash != body_hash) {
        sapa_web_problem(rq, 422, "EINVAL", "this Idempotency-Key was used with another request");
        return false;
    }
    if (one && one->status == 0) {
        sapa_web_problem(rq, 409, "EAGAIN", "the first request with this Idempotency-Key is still under way");
        return false;
    }
    if (one && one->rc != SAPA_OK) {
        rq->idempotent = 0;
        sapa_web_problem_rc(rq, (sapa_rc)one->rc,
                            sapa_web_makes_secret(rq->route) && one->rc == SAPA_ESTATE
                                ? "it was done before, and its secret is shown once and kept nowhere: end what was made, and ask with another Idempotency-Key"
                            : one->text == NULL && one->rc == SAPA_ESTATE
                                ? "it was answered before the program's last start: done, and the answer is not kept, or not possible then; see what there is"
                                : "it was answered so before");
        return false;
    }
    if (one) {
        sapa_json_reset(&rq->out);
        sapa_json_bytes(&rq->out, one->text, one->n);
        rq->status = one->status == 200 ? sapa_route(rq->route)->status : one->status; /* of before the start it is not known which */
        if (one->status >= 400)
            rq->content_type = "application/problem+json";
        rq->idempotent = 0;
        sapa_web_ready(rq);
        return false;
    }
    if (sapa_table_add(&web->idempotent, rq->idempotent, &one) != SAPA_OK) {
        rq->idempotent = 0;
        sapa_web_problem_rc(rq, SAPA_ELIMIT, "too many idempotency keys are kept; try later, or without one");
        return false;
    }
    one->body_hash = body_hash;
    one->at_us = sapa_mono_us();
    return true;
}

bool sapa_web_makes_secret(enum sapa_route_id route)
{
    return route == SAPA_ROUTE_TOKEN_NEW || route == SAPA_ROUTE_WALL_LINK || route == SAPA_ROUTE_HOOK_NEW;
}

/* What a repetition may get anew: the first ends by itself soon. */
bool sapa_web_lends_secret(enum sapa_route_id route)
{
    return route == SAPA_ROUTE_ME_PHONE || route == SAPA_ROUTE_WEB_CALL || sapa_web_is_login(route);
}

void sapa_web_idempotent_end(struct web_request *rq)
{
    struct web_idempotent *one = idempotent_of(rq->web, rq->idempotent);

    if (!one)
        return;
    if (rq->status >= 500 || sapa_web_lends_secret(rq->route)) { /* may be tried again */
        free(one->text);
        sapa_table_remove(&rq->web->idempotent, one);
        return;
    }
    one->status = rq->status;
    if (rq->status < 400 && sapa_web_makes_secret(rq->route)) { /* done once, and its answer is not kept */
        one->rc = SAPA_ESTATE;
        return;
    }
    one->text = malloc(rq->out.n + 1);
    one->n = one->text ? (uint32_t)rq->out.n : 0;
    if (one->text)
        memcpy(one->text, rq->out.p, rq->out.n);
}

void sapa_web_remembered(struct sapa_web *web, const struct sapa_web_work *work)
{
    const struct sapa_web_remembered *of = (const struct sapa_web_remembered *)(const void *)work->out.p;

    if (work->rc != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "web.idempotent", "answers before the start cannot be read (%s): what is repeated is done again, ignoring", sapa_rc_name(work->rc));
    for (size_t i = 0; work->rc == SAPA_OK && i < work->out.n / sizeof(*of); i++) {
        struct sapa_json text = { .p = NULL };
        struct web_idempotent *one = idempotent_of(web, of[i].key);
        if (one || sapa_table_add(&web->idempotent, of[i].key, &one) != SAPA_OK)
            continue;
        one->body_hash = of[i].request_hash;
        one->at_us = sapa_mono_us() - of[i].age_us;
        one->rc = of[i].rc;
        one->status = 200;
        if (one->rc == SAPA_OK) {
            sapa_web_done(&text, of[i].seq, of[i].answer);
            one->text = text.p;
            one->n = (uint32_t)text.n;
        }
    }
    web->remembers = true;
}

void sapa_web_remember(struct sapa_web *web)
{
    struct web_job *job = calloc(1, sizeof(*job));

    if (job) {
        job->web = web;
        job->work.route = SAPA_ROUTE_COUNT;
    }
    if (!job || sapa_pool_submit(web->pool, NULL, sapa_web_job_run, NULL, job) != SAPA_OK) {
        free(job);
        web->remembers = true;
    }
}
