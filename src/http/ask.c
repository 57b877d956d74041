/* Questions and inputs to the centre with their audit records, and what it replies. */
#include <stdio.h>
#include <stdlib.h>

#include "http/answer_impl.h"
#include "http/calls_impl.h"

static size_t padded(const struct sapa_record *record)
{
    return (sapa_record_size(record) + 7) & ~(size_t)7;
}

/* @param inputs  one, or several with NOTE and INPUTS, one behind the other */
static sapa_rc tell_centre(struct sapa_web *web, const struct sapa_web_ask *head, const struct sapa_record *audit,
                           const struct sapa_record *inputs, size_t count, const struct sapa_web_reload *reload)
{
    static uint64_t buffer[(sizeof(struct sapa_web_ask) + sizeof(struct sapa_record) + UINT16_MAX + sizeof(*reload)) / 8 + 2]; /* the web thread's alone */
    struct sapa_web_ask ask = *head;
    uint8_t *bytes = (uint8_t *)buffer;
    size_t n = sizeof(ask), all = 0;

    for (size_t i = 0; i < count; i++)
        all += padded(&inputs[i]);
    sapa_assert(all <= UINT16_MAX);
    ask.audit_size = audit ? (uint16_t)padded(audit) : 0;
    ask.input_size = (uint16_t)all;
    ask.reload_size = reload ? sizeof(*reload) : 0;
    memcpy(bytes, &ask, sizeof(ask));
    if (audit)
        memcpy(bytes + n, audit, sapa_record_size(audit));
    n += ask.audit_size;
    for (size_t i = 0; i < count; n += padded(&inputs[i]), i++)
        memcpy(bytes + n, &inputs[i], sapa_record_size(&inputs[i]));
    if (reload)
        memcpy(bytes + n, reload, sizeof(*reload));
    n += ask.reload_size;
    const sapa_rc rc = web->options.ports.ask(web->options.ports.ctx, bytes, n);
    web->stats.asks++;
    web->stats.asks_refused += rc != SAPA_OK;
    return rc;
}

sapa_rc sapa_web_ask_centre(struct sapa_web *web, const struct sapa_web_ask *ask, const struct sapa_record *audit)
{
    return tell_centre(web, ask, audit, NULL, 0, NULL);
}

void sapa_web_wait_end(struct web_request *rq)
{
    struct web_waiting *waiting = rq->waits ? sapa_table_find(&rq->web->waiting, rq->id) : NULL;

    if (waiting)
        sapa_table_remove(&rq->web->waiting, waiting);
    rq->waits = false;
}

/* A webhook's address may have a password of its target's in its query; a note is about a person, a guest says his name. */
static bool hides_body(enum sapa_route_id route)
{
    return route == SAPA_ROUTE_HOOK_NEW || route == SAPA_ROUTE_NOTE || route == SAPA_ROUTE_WEB_CALL || route == SAPA_ROUTE_TASK_NEW || route == SAPA_ROUTE_COACH_NEW || route == SAPA_ROUTE_FAVOURITES_PUT ||
           route == SAPA_ROUTE_CALLED_SET || sapa_route_writes_ticket(route) || sapa_web_is_login(route) || sapa_route(route)->body == SAPA_SCHEMA_YAML;
}

void sapa_web_audit_of(const struct web_request *rq, sapa_rc rc, struct sapa_record *ret)
{
    struct sapa_rec_api_write *audit = &ret->u.api_write;
    struct sapa_text text;

    sapa_record_init(ret, SAPA_T_api_write);
    audit->request = rq->id;
    (void)sapa_sized_set(&audit->actor, sapa_str_of(rq->who.user));
    (void)sapa_sized_set(&audit->role, sapa_str_of(rq->who.role_name));
    (void)sapa_sized_set(&audit->source, sapa_str_of(rq->source));
    sapa_text_init(&text, audit->what.p, sizeof(audit->what.p));
    sapa_text_printf(&text, "%s %s", sapa_method_name(rq->method), sapa_route(rq->route)->path);
    audit->what.n = (uint16_t)text.n;
    sapa_text_init(&text, audit->detail.p, sizeof(audit->detail.p));
    for (unsigned i = 0; i < rq->params.count; i++)
        sapa_text_printf(&text, "%s%s=%s", i ? " " : "", rq->params.of[i].rule->name, rq->params.of[i].value);
    if (rq->body_n > 0 && !hides_body(rq->route)) { /* other bodies hold keys and times, no secrets and no personal data */
        sapa_text_add(&text, SAPA_STR(" "));
        sapa_text_add(&text, (struct sapa_str){ rq->body, SAPA_MIN(rq->body_n, (size_t)200) });
    }
    while (text.n > 0 && !sapa_str_utf8(sapa_text_str(&text)))
        audit->detail.p[--text.n] = '\0'; /* cut within a character */
    audit->detail.n = (uint16_t)text.n;
    audit->rc = (uint64_t)-rc;
    if (rq->idempotent == 0 || sapa_web_lends_secret(rq->route))
        return;
    const uint64_t hashes[2] = { rq->idempotent, rq->request_hash };
    (void)sapa_sized_set(&audit->idempotent, ((struct sapa_str){ (const char *)hashes, sizeof(hashes) }));
    (void)sapa_sized_set(&audit->answer, sapa_str_of(rq->later || rq->changes ? SAPA_WEB_ANSWER_UNTOLD : rq->answer));
}

void sapa_web_ask_inputs(struct web_request *rq, enum sapa_web_ask_kind kind, uint64_t contact, const struct sapa_record *audit,
                         const struct sapa_record *inputs, size_t count, const struct sapa_web_reload *reload)
{
    const struct sapa_web_ask ask = { .request = rq->id, .kind = kind, .contact = contact, .centre = rq->web->mirror.centre };
    sapa_rc rc = sapa_web_wait(rq);

    if (rc == SAPA_OK)
        rc = tell_centre(rq->web, &ask, audit, inputs, count, reload);
    if (rc != SAPA_OK) {
        sapa_web_wait_end(rq);
        sapa_web_problem_rc(rq, rc, "the centre is overloaded; try again");
        sapa_web_idempotent_end(rq);
    }
}

void sapa_web_ask_for(struct web_request *rq, enum sapa_web_ask_kind kind, uint64_t contact, const struct sapa_record *audit)
{
    sapa_web_ask_inputs(rq, kind, contact, audit, NULL, 0, NULL);
}

void sapa_web_write(struct web_request *rq, const struct sapa_record *input)
{
    static struct sapa_record audit;

    sapa_web_audit_of(rq, SAPA_OK, &audit);
    sapa_web_ask_inputs(rq, SAPA_WEB_ASK_INPUT, 0, &audit, input, 1, NULL);
}

void sapa_web_write_all(struct web_request *rq, const struct sapa_record *inputs, size_t count, struct sapa_str detail)
{
    static struct sapa_record audit;
    struct sapa_text text;

    sapa_web_audit_of(rq, SAPA_OK, &audit);
    sapa_text_init(&text, audit.u.api_write.detail.p, sizeof(audit.u.api_write.detail.p));
    sapa_text_add(&text, detail);
    while (text.n > 0 && !sapa_str_utf8(sapa_text_str(&text)))
        text.n--;
    audit.u.api_write.detail.n = (uint16_t)text.n;
    sapa_web_ask_inputs(rq, SAPA_WEB_ASK_INPUTS, 0, &audit, inputs, count, NULL);
}

void sapa_web_done(struct sapa_json *out, uint64_t seq, const char *more)
{
    sapa_json_reset(out);
    sapa_json_open(out, '{');
    sapa_json_add_bool(out, "done", true);
    sapa_json_add_id(out, "seq", seq);
    if (more[0])
        sapa_json_raw(out, sapa_str_of(more));
    sapa_json_close(out, '}');
}

bool sapa_web_is_apply(const struct web_request *rq)
{
    return rq->route == SAPA_ROUTE_CENTRE_APPLY || rq->route == SAPA_ROUTE_CENTRE_RESTORE;
}

void sapa_web_tell_later(struct web_request *rq, struct sapa_json *answer)
{
    static struct sapa_record audit;

    free(rq->later);
    rq->later = answer->p;
    rq->later_n = answer->n;
    *answer = (struct sapa_json){ .p = NULL };
    sapa_web_audit_of(rq, SAPA_OK, &audit);
    sapa_web_ask_for(rq, SAPA_WEB_ASK_AUDIT, 0, &audit);
}

void sapa_web_log_refused(struct web_request *rq)
{
    static struct sapa_record audit;
    const struct sapa_web_ask ask = { .kind = SAPA_WEB_ASK_AUDIT, .centre = rq->web->mirror.centre };

    sapa_web_audit_of(rq, SAPA_EDENIED, &audit);
    (void)sapa_web_ask_centre(rq->web, &ask, &audit);
}

void sapa_web_set_etag(struct web_request *rq, const char *hash)
{
    snprintf(rq->etag, sizeof(rq->etag), "\"%.64s\"", hash);
}

static void reply_write(struct web_request *rq, const struct sapa_web_reply *reply)
{
    sapa_web_wait_end(rq);
    if (sapa_web_is_apply(rq) && reply->rc == SAPA_OK && rq->web->mirror.centre)
        sapa_web_set_etag(rq, rq->web->mirror.centre->hash);
    if (sapa_route_is_audio(rq->route) && reply->rc == SAPA_OK) {
        sapa_web_ready(rq);
    } else if (reply->kind == SAPA_WEB_ASK_INPUTS && reply->seq > 0) {
        sapa_web_changed(rq, reply);
    } else if (reply->denial != SAPA_DENIAL_NONE) {
        sapa_web_call_denied(rq, (sapa_rc)reply->rc, reply->denial);
    } else if (rq->route == SAPA_ROUTE_NOTE && reply->rc == SAPA_EEXIST) {
        rq->etag[0] = '\0';
        sapa_web_problem(rq, 412, "ESTATE", "somebody has written it this moment: read it again");
    } else if (sapa_web_is_apply(rq) && reply->rc == SAPA_EEXIST) {
        sapa_web_problem(rq, 412, "ESTATE", "another description is in force by now: plan again");
    } else if (rq->route == SAPA_ROUTE_STATE && (reply->rc == SAPA_EDENIED || reply->rc == SAPA_ELIMIT) && rq->wanted_reason != SAPA_NONE) {
        sapa_web_no_break(rq, (sapa_rc)reply->rc);
    } else if (reply->rc != SAPA_OK) {
        const bool brings = rq->route == SAPA_ROUTE_RELOAD || sapa_web_is_apply(rq);
        sapa_web_problem_rc(rq, (sapa_rc)reply->rc,
                            brings && reply->rc == SAPA_EIO      ? "the description's file cannot be written; the one before stays in force"
                            : brings && reply->rc != SAPA_EAGAIN ? "the description has mistakes or does not fit; the one before stays in force. sapa check FILE says where"
                            : reply->rc == SAPA_EDENIED && (rq->route == SAPA_ROUTE_WRAPUP || rq->route == SAPA_ROUTE_STATE) ? "the queue wants a disposition first, or there is no further extension"
                            : reply->rc == SAPA_ESTATE && rq->route == SAPA_ROUTE_SWITCH ? "the switch stands so already"
                            : reply->rc == SAPA_ESTATE           ? "the present state does not allow it, or it is so already"
                                                                 : NULL);
    } else if (rq->later) {
        sapa_json_reset(&rq->out);
        sapa_json_bytes(&rq->out, rq->later, rq->later_n);
        sapa_web_ready(rq);
    } else {
        sapa_web_done(&rq->out, reply->seq, rq->answer);
        sapa_web_ready(rq);
    }
    sapa_web_idempotent_end(rq);
}

static void reply_why(struct web_request *rq, const struct sapa_web_reply *reply, const void *data, size_t size)
{
    if (reply->rc == SAPA_OK && size >= sizeof(rq->why)) {
        memcpy(&rq->why, data, sizeof(rq->why));
        rq->why_record = calloc(1, sizeof(*rq->why_record));
        if (!rq->why_record) {
            sapa_web_wait_end(rq);
            sapa_web_problem_rc(rq, SAPA_ENOMEM, NULL);
            return;
        }
        memcpy(rq->why_record, (const uint8_t *)data + sizeof(rq->why), SAPA_MIN(size - sizeof(rq->why), sizeof(*rq->why_record)));
        if (size == sizeof(rq->why))
            sapa_record_init(rq->why_record, SAPA_T_tick); /* it lives, but stands in no line */
    }
    sapa_web_job(rq, NULL);
}

void sapa_web_centre_replied(struct sapa_web *web, const struct sapa_web_reply *reply, const void *data, size_t size)
{
    if (reply->kind == SAPA_WEB_ASK_FIGURES || reply->kind == SAPA_WEB_ASK_TIMES || reply->kind == SAPA_WEB_ASK_VIEW) {
        sapa_web_shared_came(web, reply, data, size);
        return;
    }
    struct web_request *rq = sapa_web_request_of(web, reply->request);
    if (!rq)
        return; /* the connection is gone, or it was told that nobody answers */
    if (reply->kind == SAPA_WEB_ASK_WHY)
        reply_why(rq, reply, data, size);
    else
        reply_write(rq, reply);
}
