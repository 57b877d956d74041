#include "channel/voice/voice_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * The lamps of desk phones (RFC 6665, RFC 4235): an agent's phone subscribes to the dialogs of colleagues' extensions
 * and is told idle, ringing, talking. Every document is the full state: one dialog, the farthest of his phones; who
 * calls is not told. What is on his lines is read from the legs, at most ten times a second, and each subscriber has
 * one NOTIFY under way; so whatever happens meanwhile, the last one tells how things are.
 *
 * Subscriptions outlive the process: each is written with its dialog (sapa_sip_dialog_export) into a journal beside
 * that of registrations when it begins, is refreshed and ends. After a restart all are told anew.
 */
enum {
    EXPIRES_MIN_S = 60, EXPIRES_MAX_S = 3600, LOOK_US = 100000,
    CSEQ_GAP = 100000, /* NOTIFYs and versions since the last line of the journal, at most */
    ENTRY_MAX = SAPA_SIP_DIALOG_RECORD_MAX + 256, JOURNAL_GROWN = 1 << 20,
};

static const char *const TYPE = "application/dialog-info+xml";

struct voice_watch {
    uint64_t id;
    uint32_t watcher, target; /* agents */
    sapa_sip_dialog_id dialog;
    int64_t expires_us;       /* UTC */
    uint32_t version;
    uint16_t open;            /* NOTIFYs without answer */
    uint8_t told;             /* enum voice_lamp */
    bool fresh;               /* it wants a document, changed or not */
    bool over;
    char event_id[40];        /* parameter id of Event */
    struct voice_watch *next_dead;
};

static void respond(struct sapa_voice *v, const struct sapa_sip_event *ev, int status, struct sapa_str headers)
{
    const struct sapa_sip_spec spec = { .headers = headers };
    if (sapa_sip_respond(v->stack, ev->tx, status, &spec, ev->now_us) != SAPA_OK)
        v->stats.late_commands++;
}

/* ---- journal ---- */

static bool put_entry(const struct sapa_voice *v, const struct voice_watch *w, struct sapa_writer *out)
{
    uint8_t buf[ENTRY_MAX], record[SAPA_SIP_DIALOG_RECORD_MAX];
    struct sapa_writer entry = sapa_writer_of(buf, sizeof(buf));
    size_t n = 0;
    if (!w->over && (w->watcher >= v->centre->agents_count || w->target >= v->centre->agents_count ||
                     sapa_sip_dialog_export(v->stack, w->dialog, record, sizeof(record), &n) != SAPA_OK))
        return false;
    sapa_put_u64(&entry, w->id);
    sapa_put_str(&entry, w->over ? SAPA_STR("") : v->centre->agents[w->watcher].extension);
    sapa_put_str(&entry, w->over ? SAPA_STR("") : v->centre->agents[w->target].extension);
    sapa_put_u64(&entry, (uint64_t)w->expires_us);
    sapa_put_u64(&entry, w->version);
    sapa_put_str(&entry, sapa_str_of(w->event_id));
    sapa_put_str(&entry, (struct sapa_str){ (const char *)record, n });
    sapa_put_fixed32(out, (uint32_t)entry.n);
    sapa_put_fixed32(out, sapa_crc32c(0, buf, entry.n));
    sapa_put_raw(out, buf, entry.n);
    return !entry.bad && !out->bad;
}

static struct voice_watch *watch_at(const struct sapa_voice *v, uint32_t i)
{
    return ((struct voice_ref *)sapa_table_at(&v->watches, i))->value;
}

static sapa_rc rewrite(struct sapa_voice *v)
{
    const size_t size = (size_t)v->watches.count * (ENTRY_MAX + 8) + 64;
    uint8_t *buf = malloc(size);
    if (!buf)
        return SAPA_ENOMEM;
    struct sapa_writer w = sapa_writer_of(buf, size);
    for (uint32_t i = 0; i < v->watches.count; i++)
        if (!watch_at(v, i)->over)
            (void)put_entry(v, watch_at(v, i), &w);
    const sapa_rc rc = sapa_file_write(v->watches_path, buf, w.n, 0600);
    free(buf);
    if (rc != SAPA_OK)
        return rc;
    sapa_fd_close(v->watches_fd);
    v->watches_fd = open(v->watches_path, O_WRONLY | O_APPEND | O_CLOEXEC);
    v->watches_bytes = v->watches_live = w.n;
    return v->watches_fd >= 0 ? SAPA_OK : SAPA_EIO;
}

/* A lamp that is not kept over a restart is lit again when its phone subscribes anew: no reason to refuse it. */
static void journal(struct sapa_voice *v, const struct voice_watch *watch)
{
    uint8_t buf[ENTRY_MAX + 16];
    struct sapa_writer w = sapa_writer_of(buf, sizeof(buf));
    if (v->watches_fd < 0 || !put_entry(v, watch, &w))
        return;
    if (sapa_fd_write_all(v->watches_fd, buf, w.n) != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "voice.lamps", "write=failed");
    v->watches_bytes += w.n;
    if (v->watches_bytes > v->watches_live * 4 + JOURNAL_GROWN && rewrite(v) != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "voice.lamps", "rewrite=failed");
}

/* ---- life of one ---- */

static void drop(struct sapa_voice *v, struct voice_watch *w)
{
    if (w->over && !w->dialog)
        return; /* it waits for the end of the turn */
    if (!w->over) {
        w->over = true;
        journal(v, w);
    }
    sapa_sip_dialog_end(v->stack, w->dialog);
    w->dialog = 0;
    w->next_dead = v->dead_watches;
    v->dead_watches = w;
    sapa_voice_touch(v);
}

void sapa_voice_watches_turn_end(struct sapa_voice *v)
{
    while (v->dead_watches) {
        struct voice_watch *w = v->dead_watches;
        v->dead_watches = w->next_dead;
        sapa_voice_take(&v->watches, w->id);
        free(w);
    }
}

static void put_xml(struct sapa_text *out, struct sapa_str text)
{
    for (size_t i = 0; i < text.n; i++)
        switch (text.p[i]) {
        case '&': sapa_text_add(out, SAPA_STR("&amp;")); break;
        case '<': sapa_text_add(out, SAPA_STR("&lt;")); break;
        case '>': sapa_text_add(out, SAPA_STR("&gt;")); break;
        case '"': sapa_text_add(out, SAPA_STR("&quot;")); break;
        default: sapa_text_char(out, text.p[i]);
        }
}

/* An idle extension is told as a dialog that is over: some phones leave a lamp on that a document says nothing about. */
static void put_document(const struct sapa_voice *v, const struct voice_watch *w, uint8_t lamp, struct sapa_text *out)
{
    static const char *const states[] = { "terminated", "early", "confirmed" };
    char user_buf[160];
    struct sapa_text user;
    sapa_text_init(&user, user_buf, sizeof(user_buf));
    sapa_sip_put_user(&user, v->centre->agents[w->target].extension);
    sapa_text_printf(out, "<?xml version=\"1.0\"?>\r\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"%u\" state=\"full\" entity=\"sip:",
                     w->version);
    put_xml(out, sapa_text_str(&user));
    sapa_text_char(out, '@');
    put_xml(out, v->centre->system.sip_host);
    sapa_text_add(out, SAPA_STR("\">\r\n<dialog id=\""));
    put_xml(out, v->centre->agents[w->target].extension);
    sapa_text_char(out, '"');
    if (lamp & VOICE_LAMP_STATE)
        sapa_text_printf(out, " direction=\"%s\"", lamp & VOICE_LAMP_CALLER ? "initiator" : "recipient");
    sapa_text_printf(out, "><state>%s</state></dialog>\r\n</dialog-info>\r\n", states[lamp & VOICE_LAMP_STATE]);
}

/* `ends`: the last word, with this reason (RFC 6665 4.1.3); NULL: it goes on. */
static void notify(struct sapa_voice *v, struct voice_watch *w, const char *ends)
{
    char body_buf[1024], head_buf[256];
    struct sapa_text body, head;
    sapa_sip_tx_id tx;
    const bool there = w->target < v->centre->agents_count;
    const uint8_t lamp = there ? v->agents[w->target].lamp : 0;
    sapa_text_init(&body, body_buf, sizeof(body_buf));
    sapa_text_init(&head, head_buf, sizeof(head_buf));
    sapa_text_printf(&head, "Event: dialog%s%s\r\n", w->event_id[0] ? ";id=" : "", w->event_id);
    if (ends) {
        sapa_text_printf(&head, "Subscription-State: terminated;reason=%s\r\n", ends);
        w->over = true;
        journal(v, w);
    } else {
        const int64_t left_s = (w->expires_us - sapa_voice_wall(v)) / 1000000;
        sapa_text_printf(&head, "Subscription-State: active;expires=%lld\r\n", (long long)SAPA_MAX(left_s, 0));
    }
    if (there)
        put_document(v, w, lamp, &body);
    w->told = lamp;
    w->fresh = false;
    w->version++;
    const struct sapa_sip_spec spec = { .headers = sapa_text_str(&head), .body = sapa_text_str(&body), .content_type = sapa_str_of(TYPE) };
    if (!head.cut && !body.cut && sapa_sip_dialog_send(v->stack, w->dialog, SAPA_SIP_NOTIFY, &spec, sapa_voice_now(v), &tx) == SAPA_OK)
        w->open++;
    else
        drop(v, w);
}

static bool event_id(struct sapa_str value, char *ret, size_t size)
{
    struct sapa_str params, id;
    const struct sapa_str package = sapa_str_trim(sapa_str_cut(value, ';', &params));
    ret[0] = '\0';
    if (!sapa_str_ieq(package, SAPA_STR("dialog")))
        return false;
    if (!sapa_sip_params_get(params, SAPA_STR("id"), &id))
        return true;
    for (size_t i = 0; i < id.n; i++)
        if (!((id.p[i] >= '0' && id.p[i] <= '9') || ((id.p[i] | 0x20) >= 'a' && (id.p[i] | 0x20) <= 'z') || strchr("-.!%*_+`'~", id.p[i])))
            return false;
    return sapa_str_copy(id, ret, size);
}

static bool accepts(const struct sapa_sip_msg *msg)
{
    struct sapa_sip_iter iter = sapa_sip_iter_of(msg, SAPA_SIP_H_ACCEPT);
    struct sapa_str value, rest;
    bool any = false;
    while (sapa_sip_iter_next(&iter, &value)) {
        any = true;
        value = sapa_str_trim(sapa_str_cut(value, ';', &rest));
        if (sapa_str_ieq(value, sapa_str_of(TYPE)) || sapa_str_eq(value, SAPA_STR("*/*")) || sapa_str_ieq(value, SAPA_STR("application/*")))
            return true;
    }
    return !any;
}

/* How long; 0: no longer, or only now. False: answered 423. */
static bool read_expires(struct sapa_voice *v, const struct sapa_sip_event *ev, uint32_t *ret_s)
{
    uint32_t seconds = EXPIRES_MAX_S;
    if (sapa_sip_seconds(ev->msg, SAPA_SIP_H_EXPIRES, &seconds) != SAPA_OK)
        seconds = EXPIRES_MAX_S;
    if (seconds > 0 && seconds < EXPIRES_MIN_S) {
        char buf[40];
        struct sapa_text head;
        sapa_text_init(&head, buf, sizeof(buf));
        sapa_sip_put_number(&head, SAPA_SIP_H_MIN_EXPIRES, EXPIRES_MIN_S);
        respond(v, ev, 423, sapa_text_str(&head));
        return false;
    }
    *ret_s = SAPA_MIN(seconds, (uint32_t)EXPIRES_MAX_S);
    return true;
}

static void granted(struct sapa_voice *v, const struct sapa_sip_event *ev, uint32_t seconds)
{
    char buf[400];
    struct sapa_text head, contact;
    char contact_buf[320];
    sapa_text_init(&head, buf, sizeof(buf));
    sapa_text_init(&contact, contact_buf, sizeof(contact_buf));
    sapa_sip_put_contact(&contact, ev->flow, ev->msg->uri.user);
    if (contact.cut) {
        sapa_text_init(&contact, contact_buf, sizeof(contact_buf));
        sapa_sip_put_contact(&contact, ev->flow, (struct sapa_str){ NULL, 0 });
    }
    sapa_sip_put_header(&head, SAPA_SIP_H_CONTACT, sapa_text_str(&contact));
    sapa_sip_put_number(&head, SAPA_SIP_H_EXPIRES, seconds);
    respond(v, ev, 200, sapa_text_str(&head));
}

/* Those of this phone for the same lamp give way (it was started anew); how many others this agent has. */
static uint32_t replace_older(struct sapa_voice *v, const struct sapa_sip_event *ev, uint32_t watcher, uint32_t target)
{
    struct sapa_sip_dialog_info info;
    uint32_t count = 0;
    for (uint32_t i = 0; i < v->watches.count; i++) {
        struct voice_watch *w = watch_at(v, i);
        if (w->over || w->watcher != watcher)
            continue;
        if (w->target == target && sapa_sip_dialog_get(v->stack, w->dialog, &info) == SAPA_OK &&
            sapa_sip_ip_eq(&info.flow.remote, &ev->flow->remote))
            drop(v, w);
        else
            count++;
    }
    return count;
}

void sapa_voice_subscribe(struct sapa_voice *v, const struct sapa_sip_event *ev)
{
    char from_buf[128], to_buf[128], id[40];
    uint32_t seconds;
    uint32_t watcher;
    if (!sapa_voice_from_phone(v, ev, from_buf, sizeof(from_buf), &watcher))
        return;
    if (!event_id(sapa_sip_value(ev->msg, SAPA_SIP_H_EVENT), id, sizeof(id))) {
        respond(v, ev, 489, SAPA_STR("Allow-Events: dialog\r\n"));
        return;
    }
    if (!accepts(ev->msg)) {
        respond(v, ev, 406, SAPA_STR(""));
        return;
    }
    const uint32_t target = sapa_voice_agent_of(v, sapa_voice_uri_user(&ev->msg->uri, to_buf, sizeof(to_buf)));
    if (target == SAPA_NONE) {
        respond(v, ev, 404, SAPA_STR(""));
        return;
    }
    if (!read_expires(v, ev, &seconds))
        return;
    if (replace_older(v, ev, watcher, target) >= VOICE_WATCHES_EACH || v->watches.count >= VOICE_WATCHES_MAX) {
        respond(v, ev, 503, SAPA_STR("Retry-After: 60\r\n"));
        return;
    }
    struct voice_watch *w = calloc(1, sizeof(*w));
    sapa_rc rc = w ? SAPA_OK : SAPA_ENOMEM;
    if (w) {
        w->id = sapa_voice_id(v);
        w->watcher = watcher;
        w->target = target;
        w->expires_us = sapa_voice_wall(v) + (int64_t)seconds * 1000000;
        memcpy(w->event_id, id, sizeof(w->event_id));
        rc = sapa_sip_dialog_of_subscribe(v->stack, ev, w->id, &w->dialog);
    }
    if (rc == SAPA_OK && !sapa_voice_put(&v->watches, w->id, w)) {
        sapa_sip_dialog_end(v->stack, w->dialog);
        rc = SAPA_ELIMIT;
    }
    if (rc != SAPA_OK) {
        free(w);
        respond(v, ev, rc == SAPA_EINVAL ? 513 : rc == SAPA_ECORRUPT ? 400 : 503, SAPA_STR(""));
        return;
    }
    if (seconds > 0)
        journal(v, w);
    granted(v, ev, seconds);
    sapa_voice_lamps_look(v);
    notify(v, w, seconds == 0 ? "timeout" : NULL);
}

/* Within its dialog: a refresh, the end, or something that has no place there. */
static void asked(struct sapa_voice *v, struct voice_watch *w, const struct sapa_sip_event *ev)
{
    char id[40];
    uint32_t seconds;
    if (ev->method != SAPA_SIP_SUBSCRIBE || w->over) {
        respond(v, ev, ev->method == SAPA_SIP_SUBSCRIBE ? 481 : 405, SAPA_STR(""));
        return;
    }
    if (!event_id(sapa_sip_value(ev->msg, SAPA_SIP_H_EVENT), id, sizeof(id)) || strcmp(id, w->event_id) != 0) {
        respond(v, ev, 489, SAPA_STR("Allow-Events: dialog\r\n"));
        return;
    }
    if (!read_expires(v, ev, &seconds))
        return;
    w->expires_us = sapa_voice_wall(v) + (int64_t)seconds * 1000000;
    granted(v, ev, seconds);
    if (seconds > 0)
        journal(v, w);
    notify(v, w, seconds == 0 ? "timeout" : NULL);
}

bool sapa_voice_watch_event(struct sapa_voice *v, const struct sapa_sip_event *ev)
{
    struct voice_watch *w = sapa_voice_find(&v->watches, ev->user);
    if (!w || w->dialog != ev->dialog)
        return false;
    if (ev->kind == SAPA_SIP_EV_DIALOG_REQUEST) {
        asked(v, w, ev);
        return true;
    }
    if ((ev->kind != SAPA_SIP_EV_RESPONSE && ev->kind != SAPA_SIP_EV_FAILURE) || w->open == 0)
        return true;
    w->open--;
    const bool kept = ev->kind == SAPA_SIP_EV_RESPONSE && (ev->status < 300 || ev->status == 491 || ev->status == 500 || ev->status == 503);
    if (!kept || (w->over && w->open == 0)) /* it is not there, or does not know of it (RFC 6665 4.2.2) */
        drop(v, w);
    else if (!w->over && w->open == 0 && (w->fresh || w->told != v->agents[w->target].lamp))
        notify(v, w, NULL);
    return true;
}

/* ---- what is on the lines ---- */

/* Whose line a leg is on, and how; SAPA_NONE: no agent's. */
static uint32_t line_of(const struct sapa_voice *v, const struct voice_leg *leg, uint8_t *ret_lamp)
{
    const bool own = leg->kind == LEG_CUSTOMER && leg->contact &&
                     (leg->agent != SAPA_NONE || (!leg->is_caller && leg->contact->trunk == SAPA_NONE));
    if ((leg->kind != LEG_AGENT && !own) || leg->state == LEG_OVER)
        return SAPA_NONE;
    const bool early = leg->is_caller ? leg->state == LEG_CALLING && leg->ringing : leg->state == LEG_NEW;
    *ret_lamp = (uint8_t)(leg->state == LEG_UP ? VOICE_LAMP_TALKING : early ? VOICE_LAMP_RINGING : VOICE_LAMP_IDLE);
    if (*ret_lamp != VOICE_LAMP_IDLE && !leg->is_caller)
        *ret_lamp |= VOICE_LAMP_CALLER;
    return leg->agent < v->centre->agents_count ? leg->agent : own ? sapa_voice_agent_of(v, sapa_str_of(leg->contact->address)) : SAPA_NONE;
}

void sapa_voice_lamps_look(struct sapa_voice *v)
{
    for (uint32_t i = 0; i < v->centre->agents_count; i++)
        v->agents[i].lamp_next = VOICE_LAMP_IDLE;
    for (uint32_t i = 0; i < v->legs.count; i++) {
        uint8_t lamp = VOICE_LAMP_IDLE;
        const uint32_t agent = line_of(v, ((struct voice_ref *)sapa_table_at(&v->legs, i))->value, &lamp);
        if (agent < v->centre->agents_count && (lamp & VOICE_LAMP_STATE) > (v->agents[agent].lamp_next & VOICE_LAMP_STATE))
            v->agents[agent].lamp_next = lamp;
    }
    for (uint32_t i = 0; i < v->centre->agents_count; i++)
        v->agents[i].lamp = v->agents[i].lamp_next;
}

static void look(void *ctx)
{
    struct sapa_voice *v = ctx;
    sapa_voice_lamps_look(v);
    for (uint32_t i = 0; i < v->watches.count; i++) {
        struct voice_watch *w = watch_at(v, i);
        if (!w->over && w->open == 0 && w->dialog && (w->fresh || w->told != v->agents[w->target].lamp))
            notify(v, w, NULL);
    }
}

/* Something happened: look soon, and once for all that happens until then. */
void sapa_voice_lamps_touch(struct sapa_voice *v)
{
    if (v->watches.count > 0 && v->adopt == ADOPT_DONE && !sapa_timer_is_set(&v->lamp_timer))
        sapa_timer_set(v->loop, &v->lamp_timer, LOOK_US, look, v);
}

void sapa_voice_watches_second(struct sapa_voice *v)
{
    const int64_t wall = sapa_voice_wall(v);
    for (uint32_t i = 0; i < v->watches.count; i++) {
        struct voice_watch *w = watch_at(v, i);
        if (!w->over && w->expires_us <= wall)
            notify(v, w, "timeout");
    }
}

void sapa_voice_watches_flow_closed(struct sapa_voice *v, const struct sapa_sip_flow *flow)
{
    struct sapa_sip_dialog_info info;
    for (uint32_t i = 0; i < v->watches.count; i++) {
        struct voice_watch *w = watch_at(v, i);
        if (w->dialog && sapa_sip_dialog_get(v->stack, w->dialog, &info) == SAPA_OK && sapa_sip_flow_eq(&info.flow, flow))
            drop(v, w);
    }
}

void sapa_voice_watches_map(struct sapa_voice *v, const struct sapa_centre *old)
{
    for (uint32_t i = 0; i < v->watches.count; i++) {
        struct voice_watch *w = watch_at(v, i);
        const uint32_t target = w->target < old->agents_count ? SAPA_FIND(v->centre, agents, old->agents[w->target].key) : SAPA_NONE;
        const uint32_t watcher = w->watcher < old->agents_count ? SAPA_FIND(v->centre, agents, old->agents[w->watcher].key) : SAPA_NONE;
        const bool same = target != SAPA_NONE && sapa_str_eq(v->centre->agents[target].extension, old->agents[w->target].extension);
        w->watcher = watcher;
        w->target = target;
        if (!w->over && (!same || watcher == SAPA_NONE)) {
            w->target = SAPA_NONE;
            notify(v, w, watcher == SAPA_NONE ? "rejected" : "noresource");
        }
    }
}

/* ---- over a restart ---- */

static void load_entry(struct sapa_voice *v, struct sapa_str entry)
{
    struct sapa_reader r = sapa_reader_of(entry.p, entry.n);
    const uint64_t id = sapa_get_u64(&r);
    const uint32_t watcher = sapa_voice_agent_of(v, sapa_get_str(&r)), target = sapa_voice_agent_of(v, sapa_get_str(&r));
    const int64_t expires_us = (int64_t)sapa_get_u64(&r);
    const uint64_t version = sapa_get_u64(&r);
    const struct sapa_str event = sapa_get_str(&r), record = sapa_get_str(&r);
    struct voice_watch *w = r.bad ? NULL : sapa_voice_find(&v->watches, id);
    if (w) { /* a later line of the same */
        sapa_sip_dialog_end(v->stack, w->dialog);
        sapa_voice_take(&v->watches, id);
        free(w);
    }
    if (r.bad || record.n == 0 || watcher == SAPA_NONE || target == SAPA_NONE || expires_us <= sapa_voice_wall(v) ||
        version > UINT32_MAX - 2 * CSEQ_GAP || v->watches.count >= VOICE_WATCHES_MAX)
        return;
    w = calloc(1, sizeof(*w));
    if (!w)
        return;
    w->id = id;
    w->watcher = watcher;
    w->target = target;
    w->expires_us = expires_us;
    w->version = (uint32_t)version + CSEQ_GAP;
    w->fresh = true;
    if (!sapa_str_copy(event, w->event_id, sizeof(w->event_id)) ||
        sapa_sip_dialog_import(v->stack, (const uint8_t *)record.p, record.n, id, CSEQ_GAP, &w->dialog) != SAPA_OK) {
        free(w);
        return;
    }
    if (!sapa_voice_put(&v->watches, id, w)) {
        sapa_sip_dialog_end(v->stack, w->dialog);
        free(w);
    }
}

sapa_rc sapa_voice_watches_open(struct sapa_voice *v)
{
    uint8_t *data;
    size_t size;
    struct sapa_text path;
    if (!v->options.registrations_path)
        return SAPA_OK;
    sapa_text_init(&path, v->watches_path, sizeof(v->watches_path));
    sapa_text_printf(&path, "%s.lamps", v->options.registrations_path);
    if (path.cut)
        return SAPA_EINVAL;
    if (sapa_file_read(v->watches_path, (size_t)1 << 28, &data, &size) == SAPA_OK) {
        struct sapa_reader r = sapa_reader_of(data, size);
        while (sapa_reader_left(&r) > 0) {
            const uint32_t n = sapa_get_fixed32(&r), crc = sapa_get_fixed32(&r);
            const uint8_t *bytes = n <= ENTRY_MAX ? sapa_get_raw(&r, n) : NULL;
            if (!bytes || sapa_crc32c(0, bytes, n) != crc)
                break; /* the end was cut by a crash; what came before is good */
            load_entry(v, (struct sapa_str){ (const char *)bytes, n });
        }
        free(data);
    }
    return rewrite(v);
}

void sapa_voice_watches_close(struct sapa_voice *v)
{
    sapa_timer_cancel(v->loop, &v->lamp_timer);
    sapa_fd_close(v->watches_fd);
    v->watches_fd = -1;
    for (uint32_t i = 0; i < v->watches.count; i++)
        free(watch_at(v, i));
    sapa_table_done(&v->watches);
}
