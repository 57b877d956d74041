#include "channel/voice/voice_impl.h"

#include <stdlib.h>

/*
 * Short texts between agents' phones (RFC 3428): handed on to every phone of the colleague at once; the first that
 * takes it makes it good. Nothing is stored and nothing is logged: who has no phone there is not reached.
 */
enum { BODY_MAX = 4096, OPEN_MAX = 500, OPEN_EACH = 4, WAIT_US = 10000000 };

struct voice_message {
    uint64_t id;
    uint32_t from;       /* agent */
    uint8_t open;        /* phones that have not answered */
    bool done;           /* its sender has his answer */
    int status;          /* best answer so far */
    int64_t until_us;
    sapa_sip_tx_id tx;
};

static void respond(struct sapa_voice *v, sapa_sip_tx_id tx, int status, struct sapa_str headers)
{
    const struct sapa_sip_spec spec = { .headers = headers };
    if (sapa_sip_respond(v->stack, tx, status, &spec, sapa_voice_now(v)) != SAPA_OK)
        v->stats.late_commands++;
}

static struct voice_message *message_at(const struct sapa_voice *v, uint32_t i)
{
    return ((struct voice_ref *)sapa_table_at(&v->messages, i))->value;
}

static void finish(struct sapa_voice *v, struct voice_message *m, int status)
{
    if (!m->done)
        respond(v, m->tx, status, SAPA_STR(""));
    m->done = true;
    if (m->open > 0)
        return; /* the other phones' answers find it */
    sapa_voice_take(&v->messages, m->id);
    free(m);
}

static uint32_t open_of(const struct sapa_voice *v, uint32_t agent)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < v->messages.count; i++)
        count += message_at(v, i)->from == agent && !message_at(v, i)->done;
    return count;
}

static bool hand_on(struct sapa_voice *v, const struct voice_message *m, const struct sapa_sip_event *ev, const struct sapa_sip_binding *b, uint32_t target)
{
    char from_buf[320], to_buf[200];
    struct sapa_text from, to;
    sapa_sip_tx_id tx;
    sapa_text_init(&from, from_buf, sizeof(from_buf));
    sapa_text_init(&to, to_buf, sizeof(to_buf));
    sapa_sip_put_quoted(&from, v->centre->agents[m->from].name); /* who he is, not what his phone says */
    sapa_text_add(&from, SAPA_STR(" <sip:"));
    sapa_sip_put_user(&from, v->centre->agents[m->from].extension);
    sapa_text_printf(&from, "@" SAPA_STR_FMT ">", SAPA_STR_ARG(v->centre->system.sip_host));
    sapa_text_add(&to, SAPA_STR("<sip:"));
    sapa_sip_put_user(&to, v->centre->agents[target].extension);
    sapa_text_printf(&to, "@" SAPA_STR_FMT ">", SAPA_STR_ARG(v->centre->system.sip_host));
    const struct sapa_sip_request request = {
        .method = SAPA_SIP_MESSAGE, .flow = b->flow, .uri = b->contact, .from = sapa_text_str(&from), .to = sapa_text_str(&to),
        .route = b->path, .spec = { .content_type = sapa_sip_value(ev->msg, SAPA_SIP_H_CONTENT_TYPE), .body = ev->msg->body },
        .user = voice_ask(ASK_MESSAGE, 0, (uint32_t)m->id),
    };
    return !from.cut && !to.cut && sapa_sip_request_send(v->stack, &request, sapa_voice_now(v), &tx) == SAPA_OK;
}

void sapa_voice_message(struct sapa_voice *v, const struct sapa_sip_event *ev)
{
    char from_buf[128], to_buf[128];
    uint32_t from;
    if (!sapa_voice_from_phone(v, ev, from_buf, sizeof(from_buf), &from))
        return;
    const uint32_t target = sapa_voice_agent_of(v, sapa_voice_uri_user(&ev->msg->uri, to_buf, sizeof(to_buf)));
    if (target == SAPA_NONE) {
        respond(v, ev->tx, 404, SAPA_STR(""));
        return;
    }
    if (!sapa_sip_content_is(ev->msg, SAPA_STR("text/plain")) || sapa_sip_value(ev->msg, SAPA_SIP_H_CONTENT_ENCODING).n > 0) {
        respond(v, ev->tx, 415, SAPA_STR("Accept: text/plain\r\nAccept-Encoding: identity\r\n"));
        return;
    }
    if (ev->msg->body.n > BODY_MAX) {
        respond(v, ev->tx, 413, SAPA_STR(""));
        return;
    }
    if (v->messages.count >= OPEN_MAX || open_of(v, from) >= OPEN_EACH) {
        respond(v, ev->tx, 503, SAPA_STR("Retry-After: 5\r\n"));
        return;
    }
    struct sapa_sip_binding bindings[VOICE_DEVICES_MAX];
    const size_t count = sapa_sip_registrar_lookup(v->registrar, v->centre->agents[target].extension, sapa_voice_wall(v), bindings, VOICE_DEVICES_MAX);
    struct voice_message *m = calloc(1, sizeof(*m));
    if (!m) {
        respond(v, ev->tx, 503, SAPA_STR("Retry-After: 5\r\n"));
        return;
    }
    v->message_count += v->message_count == UINT32_MAX ? 2 : 1; /* 0 is no id */
    *m = (struct voice_message){ .id = v->message_count, .from = from, .status = 480, .tx = ev->tx, .until_us = sapa_voice_now(v) + WAIT_US };
    if (!sapa_voice_put(&v->messages, m->id, m)) {
        free(m);
        respond(v, ev->tx, 503, SAPA_STR("Retry-After: 5\r\n"));
        return;
    }
    for (size_t i = 0; i < count; i++)
        m->open += hand_on(v, m, ev, &bindings[i], target);
    if (m->open == 0)
        finish(v, m, 480);
}

void sapa_voice_message_answer(struct sapa_voice *v, const struct sapa_sip_event *ev)
{
    struct voice_message *m = sapa_voice_find(&v->messages, ev->user >> 32);
    if (!m || m->open == 0)
        return;
    m->open--;
    const bool answered = ev->kind == SAPA_SIP_EV_RESPONSE;
    if (answered && ev->status < 300)
        m->status = 200;
    else if (answered && m->status == 480 && ev->status != 408 && ev->status < 700 && ev->status != 401 && ev->status != 407)
        m->status = ev->status; /* what a phone says against it tells more than its absence */
    if (m->status == 200 || m->open == 0)
        finish(v, m, m->status);
}

void sapa_voice_messages_second(struct sapa_voice *v)
{
    const int64_t now = sapa_voice_now(v);
    for (uint32_t i = 0; i < v->messages.count; i++) {
        struct voice_message *m = message_at(v, i);
        if (!m->done && m->until_us <= now)
            finish(v, m, m->status); /* phones are still open: it stays in the table */
    }
}

void sapa_voice_messages_map(struct sapa_voice *v, const struct sapa_centre *old)
{
    for (uint32_t i = 0; i < v->messages.count; i++) {
        struct voice_message *m = message_at(v, i);
        m->from = m->from < old->agents_count ? SAPA_FIND(v->centre, agents, old->agents[m->from].key) : SAPA_NONE;
    }
}

void sapa_voice_messages_close(struct sapa_voice *v)
{
    for (uint32_t i = 0; i < v->messages.count; i++)
        free(message_at(v, i));
    sapa_table_done(&v->messages);
}
