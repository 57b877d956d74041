/**
 * @file http/answer_impl.h
 * What the parts of an answer share: answer.c decides which of them a request needs.
 * Room    http, internal.   Thread  the web thread's.
 */
#ifndef SAPA_HTTP_ANSWER_IMPL_H
#define SAPA_HTTP_ANSWER_IMPL_H

#include "http/web_impl.h"

/* Of what a request wishes of its job, besides its parameters; each NULL when it is another route. */
struct web_wish {
    const struct sapa_token *token;
    const struct sapa_hook *hook;
    struct sapa_web_work *login; /* its ids become the job's */
    uint64_t into;
    const char *note;
    uint64_t match; /* with `note`; of tasks: when they are due */
    bool task_done;
};

/* ---- answer.c ---- */

/* "" when it is not given. */
const char *sapa_web_param(const struct web_request *rq, const char *name);
uint64_t sapa_web_param_number(const struct web_request *rq, const char *name, uint64_t otherwise);
/* The agent of the path, as far as the token may see it; else answered and SAPA_NONE. */
uint32_t sapa_web_param_agent(struct web_request *rq);
/* Members of a checked body. "" and 0 when they are not there. */
const char *sapa_web_body_text(const json_t *body, const char *name);
uint64_t sapa_web_body_id(const json_t *body, const char *name);
/* Who did it, for the log. */
struct sapa_str sapa_web_by(const struct web_request *rq);
/* Living contacts of others, and contacts of other clients, are not there. */
bool sapa_web_contact_is_hidden(const struct web_request *rq);
/* One's own tasks, or anybody's with the right agents; else answered. */
bool sapa_web_may_work(struct web_request *rq);
/* The agent of the path is who asks; else answered. */
bool sapa_web_is_own_agent(struct web_request *rq);

/* ---- problem.c ---- */

/* `more`: further members, as "name":value with commas between. */
void sapa_web_problem_with(struct web_request *rq, unsigned status, const char *code, struct sapa_str detail, struct sapa_str more);

/* ---- who.c, live.c, breaks.c, metrics.c: routes that read what is in memory ---- */

void sapa_web_me(struct web_request *rq);
void sapa_web_live(struct web_request *rq);
/* What the centre was asked for is there. */
void sapa_web_live_now(struct web_request *rq);
void sapa_web_reasons(struct web_request *rq);
/* How many, and until when: what an agent is told who may not have a break now. */
void sapa_web_no_break(struct web_request *rq, sapa_rc rc);
void sapa_web_health(struct web_request *rq);
void sapa_web_readiness(struct web_request *rq);
void sapa_web_metrics(struct web_request *rq);
/* What this thread knows of the technical state, for the job that knows the rest. */
sapa_rc sapa_web_system_of(const struct sapa_web *web, struct sapa_web_work *work);

/* ---- shared.c ---- */

/* sapa_web_live_now() as soon as that is new enough. */
void sapa_web_shared_wanted(struct web_request *rq, unsigned kind);
void sapa_web_shared_came(struct sapa_web *web, const struct sapa_web_reply *reply, const void *data, size_t size);

/* As the centre told last; NULL: it did not. */
const struct sapa_web_time *sapa_web_time_of(const struct sapa_web *web, uint64_t contact);

/* ---- ask.c ---- */

/* @param audit  NULL: nothing is recorded */
sapa_rc sapa_web_ask_centre(struct sapa_web *web, const struct sapa_web_ask *ask, const struct sapa_record *audit);
/* A question, or an audit record alone; answered when the centre replies. */
void sapa_web_ask_for(struct web_request *rq, enum sapa_web_ask_kind kind, uint64_t contact, const struct sapa_record *audit);
/* The same with inputs of types of one size, and with a description to be loaded. */
void sapa_web_ask_inputs(struct web_request *rq, enum sapa_web_ask_kind kind, uint64_t contact, const struct sapa_record *audit,
                         const struct sapa_record *inputs, size_t count, const struct sapa_web_reload *reload);
/* Who did what with which outcome. */
void sapa_web_audit_of(const struct web_request *rq, sapa_rc rc, struct sapa_record *ret);
/* Who tried in vain stands in the log as well; nobody waits for that. */
void sapa_web_log_refused(struct web_request *rq);
/* It waits no longer for anybody. */
void sapa_web_wait_end(struct web_request *rq);
/* The answer to a write; `more` as with problems. */
void sapa_web_done(struct sapa_json *out, uint64_t seq, const char *more);
bool sapa_web_is_apply(const struct web_request *rq);
void sapa_web_set_etag(struct web_request *rq, const char *hash);

/* ---- idempotent.c ---- */

/* True: there is no answer yet and this one may go on to make it. False: answered. */
bool sapa_web_idempotent_begin(struct web_request *rq);
/* It is answered: kept under its key. */
void sapa_web_idempotent_end(struct web_request *rq);
/* Its answer holds a secret, or its body does: neither is kept. */
/** Its answer has a secret that is shown once, of something that stays. */
bool sapa_web_makes_secret(enum sapa_route_id route);
bool sapa_web_lends_secret(enum sapa_route_id route);
/* At the start: what was answered before it. */
void sapa_web_remembered(struct sapa_web *web, const struct sapa_web_work *work);

/* ---- work.c, write.c ---- */

/* A job for the pool, which answers. @param wish  NULL: its parameters say all */
void sapa_web_job(struct web_request *rq, const struct web_wish *wish);
/* For jobs of the web thread's own. */
void sapa_web_job_run(void *ctx);
/* Methods other than GET. */
void sapa_web_answer_write(struct web_request *rq);

#endif
