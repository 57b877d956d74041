/* Routes that read or change the store: jobs on the pool, logins in their order, and answers of both. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "http/answer_impl.h"
#include "http/login_impl.h"
#include "report/card.h"
#include "rt/crypto.h"

bool sapa_web_is_login(enum sapa_route_id route)
{
    return route == SAPA_ROUTE_LOGIN || route == SAPA_ROUTE_DEMO_LOGIN || route == SAPA_ROUTE_PASSWORD || route == SAPA_ROUTE_USER_PASSWORD || route == SAPA_ROUTE_USER_CLEAR || route == SAPA_ROUTE_TOTP ||
           route == SAPA_ROUTE_TOTP_CONFIRM || route == SAPA_ROUTE_TOTP_END || route == SAPA_ROUTE_USER_TOTP;
}

static void job_free(struct web_job *job)
{
    sapa_wipe(&job->work.token, sizeof(job->work.token));
    sapa_wipe(job->work.password, sizeof(job->work.password));
    sapa_wipe(job->work.new_password, sizeof(job->work.new_password));
    sapa_wipe(job->work.secret, sizeof(job->work.secret));
    free(job->work.ids);
    free(job->work.hooks);
    free(job->work.missing);
    free(job->work.text);
    sapa_json_done(&job->work.out);
    free(job);
}

void sapa_web_job_run(void *ctx)
{
    struct web_job *job = ctx;
    struct sapa_web *web = job->web; /* the job is not ours any more once it is in the mailbox */

    web->options.ports.work(web->options.ports.ctx, &job->work);
    while (sapa_mailbox_put(web->mailbox, SAPA_WEB_RESULT, &job, sizeof(job)) != SAPA_OK) {
        if (atomic_load(&web->stopping)) { /* nobody would take it */
            if (!sapa_web_is_login(job->work.route)) /* those are known to the thread, which frees them */
                job_free(job);
            return;
        }
        sapa_web_wake(web);
        const struct timespec moment = { .tv_nsec = 2000000 };
        nanosleep(&moment, NULL);
    }
    sapa_web_wake(web);
}

static void job_answer(struct web_request *rq, struct sapa_web_work *done_work);

/* Nothing is urgent about a password: calls go first. */
static void run_password(void *ctx)
{
    sapa_thread_background();
    sapa_web_job_run(ctx);
}

static sapa_rc run_login(struct sapa_web *web, struct web_job *job)
{
    const bool looks = job->work.route == SAPA_ROUTE_LOGIN && !job->work.password_good;

    return looks ? sapa_pool_submit(web->passwords, NULL, run_password, NULL, job) : sapa_pool_submit(web->logins, NULL, sapa_web_job_run, NULL, job);
}

/* It has no more to do. */
static void login_ran(struct sapa_web *web, const struct web_job *job)
{
    for (size_t i = 0; i < web->login_runs; i++) {
        if (web->login_jobs[i] != job)
            continue;
        web->login_jobs[i] = web->login_jobs[--web->login_runs];
        break;
    }
    sapa_web_login_ran(web, &job->work);
}

static void next_login(struct sapa_web *web)
{
    while (web->login_runs < web->login_runs_max && web->logins_first) {
        struct web_job *job = web->logins_first;
        struct web_request *rq = sapa_web_request_of(web, job->request);
        sapa_rc rc = sapa_web_login_may_run(web, &job->work);
        if (rq && rc == SAPA_EAGAIN)
            return; /* one of those that run ends, and asks again */
        web->logins_first = job->next;
        if (!web->logins_first)
            web->logins_last = &web->logins_first;
        web->logins_count--;
        if (rq)
            sapa_web_login_sessions(rq, &job->work);
        if (rq && rc == SAPA_OK) /* who has hung up does not want it any more */
            rc = run_login(web, job);
        if (rq && rc == SAPA_OK) { /* it is the pool's: its result may be there already */
            web->login_jobs[web->login_runs++] = job;
            continue;
        }
        job->work.rc = rc;
        if (rq)
            job_answer(rq, &job->work);
        job_free(job);
    }
}

static sapa_rc add_login(struct sapa_web *web, struct web_job *job)
{
    if (web->logins_count == WEB_LOGINS_MAX)
        return SAPA_ELIMIT;
    job->next = NULL;
    *web->logins_last = job;
    web->logins_last = &job->next;
    web->logins_count++;
    next_login(web);
    return SAPA_OK;
}

void sapa_web_logins_drop(struct sapa_web *web)
{
    while (web->logins_first) {
        struct web_job *job = web->logins_first;
        web->logins_first = job->next;
        job_free(job);
    }
    while (web->login_runs > 0)
        job_free(web->login_jobs[--web->login_runs]);
}

static sapa_rc take_wish(const struct sapa_web *web, struct sapa_web_work *work, const struct web_wish *wish)
{
    if (wish && wish->token)
        work->token = *wish->token;
    if (wish && wish->hook)
        work->hook = *wish->hook;
    work->into = wish ? wish->into : 0;
    if (wish && wish->login) {
        memcpy(work->name, wish->login->name, sizeof(work->name));
        memcpy(work->password, wish->login->password, sizeof(work->password));
        memcpy(work->new_password, wish->login->new_password, sizeof(work->new_password));
        memcpy(work->source, wish->login->source, sizeof(work->source));
        work->cookie = wish->login->cookie;
        work->ids = wish->login->ids;
        work->id_count = wish->login->id_count;
        wish->login->ids = NULL;
    }
    work->match = wish ? wish->match : 0;
    work->task_done = wish && wish->task_done;
    if (wish && wish->note) {
        work->text_n = strlen(wish->note);
        work->text = malloc(work->text_n + 1);
        if (!work->text)
            return SAPA_ENOMEM;
        memcpy(work->text, wish->note, work->text_n + 1);
    }
    if ((work->route != SAPA_ROUTE_HOOK && work->route != SAPA_ROUTE_HOOKS && work->route != SAPA_ROUTE_SYSTEM) || web->hook_count == 0)
        return SAPA_OK;
    work->hooks = malloc(web->hook_count * sizeof(*work->hooks));
    if (!work->hooks)
        return SAPA_ENOMEM;
    memcpy(work->hooks, web->hooks, web->hook_count * sizeof(*work->hooks));
    work->hook_count = web->hook_count;
    return SAPA_OK;
}

/* Of a card: what lives is known here. */
static void fill_living(const struct web_request *rq, struct sapa_web_work *work)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;
    const struct sapa_mirror_contact *contact = sapa_mirror_contact_find(mirror, sapa_web_param_number(rq, "contact", 0));

    work->agent = rq->who.agent[0] ? SAPA_FIND(mirror->centre, agents, sapa_str_of(rq->who.agent)) : SAPA_NONE;
    work->living = contact && contact->has_view && sapa_scope_contact(&rq->who.scope, mirror->centre, contact);
    if (rq->route != SAPA_ROUTE_CARD || !work->living || contact->view.person == 0)
        return;
    for (uint32_t i = 0; i < mirror->contacts.count && work->callback_count < SAPA_WEB_CALLBACKS_MAX; i++) {
        const struct sapa_mirror_contact *other = sapa_table_at(&mirror->contacts, i);
        if (other->has_view && other != contact && other->view.person == contact->view.person && other->view.callback != 255)
            work->callbacks[work->callback_count++] = other->view.contact;
    }
}

/* Whose recordings an agent may hear follows from whom he talks with. */
static void fill_in_hand(const struct web_request *rq, struct sapa_web_work *work)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;

    if (rq->who.scope.agent >= mirror->centre->agents_count)
        return;
    const struct sapa_web_agent *view = &mirror->agents[rq->who.scope.agent].view;
    for (unsigned i = 0; i < view->assignment_count; i++)
        work->in_hand[work->in_hand_count++] = view->assignments[i].contact;
}

/* Callbacks in queues of the clients that an agent serves. */
static void fill_callbacks(const struct web_request *rq, struct sapa_web_work *work)
{
    const struct sapa_mirror *mirror = &rq->web->mirror;
    const uint32_t agent = SAPA_FIND(mirror->centre, agents, sapa_str_of(sapa_web_param(rq, "agent")));

    for (uint32_t i = 0; agent != SAPA_NONE && i < mirror->contacts.count && work->callback_count < SAPA_WEB_CALLBACKS_MAX; i++) {
        const struct sapa_mirror_contact *contact = sapa_table_at(&mirror->contacts, i);
        if (contact->has_view && contact->view.callback != 255 && contact->view.client < 64 &&
            (mirror->centre->agents[agent].clients >> contact->view.client & 1) && sapa_scope_client(&rq->who.scope, contact->view.client))
            work->callbacks[work->callback_count++] = contact->view.contact;
    }
}

/** Is the body of this route read by the engine, as it came? */
static bool goes_with_its_body(enum sapa_route_id route)
{
    switch (route) {
    case SAPA_ROUTE_WALL_PUT:
    case SAPA_ROUTE_GOALS_PUT:
    case SAPA_ROUTE_SHIFTS_PUT:
    case SAPA_ROUTE_FAVOURITES_PUT: return true;
    default: return sapa_route(route)->body == SAPA_SCHEMA_YAML || sapa_route_writes_ticket(route);
    }
}

void sapa_web_job(struct web_request *rq, const struct web_wish *wish)
{
    struct sapa_web *web = rq->web;
    struct web_job *job = calloc(1, sizeof(*job));
    sapa_rc rc = job ? sapa_web_wait(rq) : SAPA_ENOMEM;

    if (rc == SAPA_OK) {
        job->web = web;
        job->request = rq->id;
        job->work = (struct sapa_web_work){
            .route = rq->route, .params = rq->params, .scope = rq->who.scope, .centre = web->mirror.centre,
            .show_pii = (rq->who.rights & SAPA_RIGHT_BIT(PERSON)) != 0, .rights = rq->who.rights, .why = rq->why, .why_living = rq->why_record != NULL,
        };
        if (rq->why_record)
            memcpy(&job->work.why_record, rq->why_record, sapa_record_size(rq->why_record));
        memcpy(job->work.clients, web->mirror.clients, sizeof(job->work.clients));
        memcpy(job->work.user, rq->who.user, sizeof(job->work.user));
        job->work.request = rq->id;
        if (goes_with_its_body(rq->route)) { /* it is the job's now */
            job->work.text = rq->body, job->work.text_n = rq->body_n;
            rq->body = NULL, rq->body_n = rq->body_room = 0;
        }
        rc = take_wish(web, &job->work, wish);
        if (rq->route == SAPA_ROUTE_WORK)
            fill_callbacks(rq, &job->work);
        if (rq->route == SAPA_ROUTE_MY_FIGURES)
            fill_living(rq, &job->work); /* his agent */
        if (rq->route == SAPA_ROUTE_DISPOSITIONS)
            job->work.agent = rq->disposes_agent;
        if (rq->route == SAPA_ROUTE_CARD || rq->route == SAPA_ROUTE_NOTE || rq->route == SAPA_ROUTE_PARTY_SET ||
            rq->route == SAPA_ROUTE_CALLED_SET)
            fill_living(rq, &job->work);
        if (rq->route == SAPA_ROUTE_SYSTEM && rc == SAPA_OK)
            rc = sapa_web_system_of(web, &job->work);
        if (rq->route == SAPA_ROUTE_AUDIO || rq->route == SAPA_ROUTE_RECORDING || rq->route == SAPA_ROUTE_RECORDINGS || rq->route == SAPA_ROUTE_COACH_MARKS ||
            rq->route == SAPA_ROUTE_TICKETS || rq->route == SAPA_ROUTE_TICKET || sapa_route_writes_ticket(rq->route))
            fill_in_hand(rq, &job->work);
        if (sapa_route_is_audio(rq->route)) {
            job->work.goes_on = rq->head_sent;
            job->work.from = rq->head_sent ? rq->stream_at : rq->range_from;
            job->work.to = rq->head_sent ? SAPA_MIN(rq->stream_end, rq->stream_at + WEB_AUDIO_CHUNK)
                                         : rq->has_range ? rq->range_to : UINT64_MAX;
        }
        if (rc == SAPA_OK)
            rc = sapa_web_is_login(rq->route) ? add_login(web, job)
                                              : sapa_pool_submit(rq->method == SAPA_GET ? web->pool : web->writes, NULL, sapa_web_job_run, NULL, job);
    }
    if (rc != SAPA_OK) {
        if (job)
            job_free(job);
        sapa_web_wait_end(rq);
        if (rq->head_sent) { /* in the middle of a recording: all that is left is to end */
            lws_set_timeout(rq->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
            return;
        }
        sapa_web_problem_rc(rq, rc, "too much is being looked up at the moment; try again");
        sapa_web_idempotent_end(rq);
        return;
    }
    web->stats.work++;
}

void sapa_web_stream_next(struct web_request *rq)
{
    rq->answered = false;
    sapa_web_job(rq, NULL);
}

/* A part of a recording. */
static void audio_came(struct web_request *rq, struct sapa_web_work *done_work)
{
    const bool first = !rq->head_sent;

    if (first && done_work->from > done_work->total) {
        sapa_web_problem(rq, 416, "EINVAL", "the recording has %llu bytes", (unsigned long long)done_work->total);
        return;
    }
    if (first) { /* the range as it is: the work has put it right */
        rq->range_from = done_work->from;
        rq->stream_end = done_work->to;
        rq->stream_total = done_work->total;
        rq->status = rq->has_range ? 206 : 200;
        rq->content_type = "audio/wav";
    }
    sapa_json_done(&rq->out);
    rq->out = done_work->out;
    done_work->out = (struct sapa_json){ .p = NULL };
    rq->stream_at = (first ? rq->range_from : rq->stream_at) + rq->out.n;
    rq->sent = 0;
    if (rq->out.n == 0 && !first) {
        lws_set_timeout(rq->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
        return;
    }
    if (first) { /* who hears what people said stands in the log before the first sound leaves */
        static struct sapa_record audit;
        sapa_web_audit_of(rq, SAPA_OK, &audit);
        sapa_web_ask_for(rq, SAPA_WEB_ASK_AUDIT, 0, &audit);
        return;
    }
    sapa_web_ready(rq);
}

/* What was done is told when it stands in the log. */
static void audit_work(struct web_request *rq, struct sapa_web_work *done_work)
{
    static struct sapa_record audit;

    if (done_work->rc == SAPA_OK && done_work->out.n > 0) {
        free(rq->later);
        rq->later = done_work->out.p;
        rq->later_n = done_work->out.n;
        done_work->out = (struct sapa_json){ .p = NULL };
    }
    (void)sapa_str_copy(sapa_str_of(done_work->answer), rq->answer, sizeof(rq->answer));
    sapa_web_audit_of(rq, done_work->rc, &audit);
    if (sapa_web_is_apply(rq))
        sapa_web_ask_inputs(rq, SAPA_WEB_ASK_RELOAD, 0, &audit, NULL, 0, &done_work->reload);
    else
        sapa_web_ask_for(rq, SAPA_WEB_ASK_AUDIT, 0, &audit);
}

/* A note that may be written: its text goes to the log in parts, all of them or none. */
static void note_work(struct web_request *rq, const struct sapa_web_work *done_work)
{
    static struct sapa_record audit, parts[SAPA_NOTE_PARTS]; /* the web thread's alone */
    const struct sapa_web_note *note = &done_work->note;
    const struct sapa_str text = { done_work->text, done_work->text_n };
    size_t count = 0, at = 0;

    do {
        const size_t n = sapa_note_part(text, at);
        struct sapa_rec_contact_noted *part = &parts[count].u.contact_noted;
        sapa_record_init(&parts[count], SAPA_T_contact_noted);
        part->contact = note->contact;
        part->version = note->version;
        part->part = count++;
        part->person = note->person;
        part->agent = note->agent;
        (void)sapa_sized_set(&part->text, ((struct sapa_str){ text.p + at, n }));
        (void)sapa_sized_set(&part->by, sapa_web_by(rq));
        at += n;
    } while (at < text.n && count < SAPA_NOTE_PARTS);
    for (size_t i = 0; i < count; i++)
        parts[i].u.contact_noted.parts = count;
    snprintf(rq->answer, sizeof(rq->answer), "\"version\":%llu", (unsigned long long)note->version);
    snprintf(rq->etag, sizeof(rq->etag), "\"%llu\"", (unsigned long long)note->version);
    sapa_web_audit_of(rq, SAPA_OK, &audit);
    sapa_assert(at == text.n); /* a note that may be written fits */
    sapa_web_ask_inputs(rq, SAPA_WEB_ASK_NOTE, note->contact, &audit, parts, count, NULL);
    sapa_wipe(parts, sizeof(parts));
}

static void party_work(struct web_request *rq, const struct sapa_web_work *done_work)
{
    struct sapa_record input;

    sapa_record_init(&input, SAPA_T_contact_party);
    input.u.contact_party.contact = done_work->note.contact;
    input.u.contact_party.person = done_work->note.person;
    input.u.contact_party.party_type = done_work->match;
    input.u.contact_party.agent = done_work->note.agent;
    (void)sapa_sized_set(&input.u.contact_party.by, sapa_web_by(rq));
    input.u.contact_party.was = done_work->counted_as.was;
    input.u.contact_party.began_us = done_work->counted_as.began_us;
    (void)sapa_sized_set(&input.u.contact_party.client, sapa_str_of(done_work->counted_as.client));
    (void)sapa_sized_set(&input.u.contact_party.number, sapa_str_of(done_work->counted_as.number));
    (void)sapa_sized_set(&input.u.contact_party.campaign, sapa_str_of(done_work->counted_as.campaign));
    sapa_web_write(rq, &input);
}

/* What lives, from the mirror, and what the log says. */
static void detail(struct web_request *rq, const struct sapa_web_work *done_work)
{
    const struct sapa_mirror_contact *contact = sapa_mirror_contact_find(&rq->web->mirror, sapa_web_param_number(rq, "contact", 0));

    if (contact && !sapa_scope_contact(&rq->who.scope, rq->web->mirror.centre, contact))
        contact = NULL;
    if (!contact && done_work->rc != SAPA_OK) {
        sapa_web_problem(rq, 404, "ENOENT", "there is no contact %s", sapa_web_param(rq, "contact"));
        return;
    }
    sapa_json_open(&rq->out, '{');
    sapa_json_key(&rq->out, "live");
    if (contact)
        sapa_mirror_contact_json(&rq->web->mirror, contact, (rq->who.rights & SAPA_RIGHT_BIT(PERSON)) != 0, &rq->out);
    else
        sapa_json_null(&rq->out);
    if (done_work->rc == SAPA_OK)
        sapa_json_raw(&rq->out, sapa_json_str(&done_work->out));
    else
        sapa_json_raw(&rq->out, SAPA_STR("\"record\":null,\"note\":null"));
    sapa_json_close(&rq->out, '}');
    sapa_web_ready(rq);
}

static void job_answer(struct web_request *rq, struct sapa_web_work *done_work)
{
    const bool writes = rq->method != SAPA_GET && rq->route != SAPA_ROUTE_CENTRE_PLAN;

    if (sapa_web_is_login(rq->route) && !sapa_web_login_done(rq, done_work)) {
        sapa_web_wait_end(rq);
        if (rq->status != 429) /* refused unread: the log is nobody's to fill */
            sapa_web_log_refused(rq);
        sapa_web_idempotent_end(rq);
        return;
    }
    if (writes && done_work->rc == SAPA_OK) {
        if (rq->route == SAPA_ROUTE_NOTE)
            note_work(rq, done_work);
        else if (rq->route == SAPA_ROUTE_PARTY_SET)
            party_work(rq, done_work);
        else
            audit_work(rq, done_work);
        return;
    }
    sapa_web_wait_end(rq);
    if (rq->route == SAPA_ROUTE_CONTACT && (done_work->rc == SAPA_OK || done_work->rc == SAPA_ENOENT)) {
        detail(rq, done_work);
        return;
    }
    if (done_work->rc != SAPA_OK && rq->head_sent) {
        lws_set_timeout(rq->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    } else if (done_work->rc != SAPA_OK && done_work->status != 0) {
        sapa_web_problem_with(rq, done_work->status, sapa_rc_name(done_work->rc), sapa_str_of(done_work->problem),
                     done_work->has_mistakes ? sapa_json_str(&done_work->out) : (struct sapa_str){ NULL, 0 });
        sapa_web_idempotent_end(rq);
    } else if (done_work->rc != SAPA_OK) {
        sapa_web_problem_rc(rq, done_work->rc, done_work->problem);
        sapa_web_idempotent_end(rq);
    } else if (sapa_route_is_audio(rq->route)) {
        audio_came(rq, done_work);
    } else {
        sapa_json_done(&rq->out);
        rq->out = done_work->out;
        done_work->out = (struct sapa_json){ .p = NULL };
        if (done_work->content_type)
            rq->content_type = done_work->content_type;
        if (rq->route == SAPA_ROUTE_CENTRE)
            sapa_web_set_etag(rq, done_work->centre->hash);
        if (rq->route == SAPA_ROUTE_GOALS || rq->route == SAPA_ROUTE_SHIFTS)
            snprintf(rq->etag, sizeof(rq->etag), "\"%llu\"", (unsigned long long)done_work->match);
        if (rq->route == SAPA_ROUTE_REPORT_CALLS && strcmp(sapa_web_param(rq, "customers"), "shown") == 0)
            sapa_web_tell_later(rq, &rq->out); /* who took a list of customers' numbers stands in the log before it leaves */
        else
            sapa_web_ready(rq);
    }
}

void sapa_web_job_done(struct sapa_web *web, struct web_job *job)
{
    struct web_request *rq = sapa_web_request_of(web, job->request);

    if (job->work.route == SAPA_ROUTE_LOGIN && job->work.rc == SAPA_OK && job->work.session.id == 0) { /* the password is good */
        const sapa_rc rc = atomic_load(&web->stopping) ? SAPA_ECLOSED : run_login(web, job);
        if (rc == SAPA_OK)
            return;
        job->work.rc = rc;
    }
    if (sapa_web_is_login(job->work.route))
        login_ran(web, job);
    sapa_web_logout_done(web, &job->work);
    if (job->work.route == SAPA_ROUTE_TOKEN_END && job->work.rc == SAPA_OK && web->options.ports.ended)
        web->options.ports.ended(web->options.ports.ctx, strtoull(sapa_params_get(&job->work.params, "token"), NULL, 10));
    if ((job->work.route == SAPA_ROUTE_LOGIN || job->work.route == SAPA_ROUTE_DEMO_LOGIN) && job->work.rc == SAPA_OK && sapa_sessions_add(&web->sessions, &job->work.session) != SAPA_OK)
        job->work.rc = SAPA_ENOMEM;
    if (job->work.route == SAPA_ROUTE_COUNT)
        sapa_web_remembered(web, &job->work);
    const bool ends_tokens = job->work.route == SAPA_ROUTE_TOKEN_END || job->work.route == SAPA_ROUTE_WALL_END || job->work.route == SAPA_ROUTE_WALL_UNLINK;
    if ((job->work.route == SAPA_ROUTE_TOKEN_NEW || job->work.route == SAPA_ROUTE_WALL_LINK || ends_tokens) && job->work.rc == SAPA_OK &&
        sapa_tokens_load(&web->tokens, web->options.store) != SAPA_OK)
        sapa_log(SAPA_LOG_ERROR, "web.tokens", "the tokens cannot be read; those read before stay, ignoring");
    if (job->work.route == SAPA_ROUTE_GOALS_PUT && job->work.rc == SAPA_OK)
        sapa_web_goals_load(web);
    if (sapa_route_writes_ticket(job->work.route) && job->work.rc == SAPA_OK) { /* it is in the store: whoever shows it asks again */
        sapa_mirror_ticket(&web->mirror, &job->work.ticket);
        sapa_feed_tick(web->feed);
    }
    if (ends_tokens || job->work.id_count > 0)
        web->who_version++;
    if (rq)
        job_answer(rq, &job->work);
    job_free(job);
    if (!atomic_load(&web->stopping))
        next_login(web);
}
