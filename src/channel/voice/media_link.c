#include "channel/voice/voice_impl.h"

#include <errno.h>
#include <stdlib.h>

/*
 * The line to the media process: a local socket of whole messages, connected again and again while
 * it is down. Requests that the socket does not take at once wait in order.
 */
enum { RETRY_US = 50000, QUEUE_MAX = 20000, BATCH = 256 };

struct queued {
    struct queued *next;
    size_t size;
    uint8_t bytes[];
};

struct voice_media_link {
    struct sapa_voice *voice;
    char path[SAPA_VOICE_PATH_MAX];
    int fd;
    struct sapa_watch watch;
    struct queued *first, **last;
    uint32_t queued;
};

static void retry(void *ctx);
static void readable(void *ctx, int fd, unsigned events);

static void hang_up(struct sapa_voice *v)
{
    struct voice_media_link *link = v->link;
    if (link->fd < 0)
        return;
    sapa_watch_stop(v->loop, &link->watch);
    sapa_fd_close(link->fd);
    link->fd = -1;
    while (link->first) {
        struct queued *q = link->first;
        link->first = q->next;
        free(q);
    }
    link->last = &link->first;
    link->queued = 0;
}

static void lost(struct sapa_voice *v)
{
    hang_up(v);
    if (!v->fenced)
        sapa_timer_set(v->loop, &v->media_retry, RETRY_US, retry, v);
    sapa_voice_media_link_state(v, false);
}

static void retry(void *ctx)
{
    struct sapa_voice *v = ctx;
    struct voice_media_link *link = v->link;
    if (sapa_unix_connect(link->path, &link->fd) != SAPA_OK) {
        link->fd = -1;
        sapa_timer_set(v->loop, &v->media_retry, RETRY_US, retry, v);
        return;
    }
    link->watch = (struct sapa_watch){ .fd = 0 };
    if (sapa_watch_start(v->loop, &link->watch, link->fd, SAPA_LOOP_READ, readable, v) != SAPA_OK) {
        sapa_fd_close(link->fd);
        link->fd = -1;
        sapa_timer_set(v->loop, &v->media_retry, RETRY_US, retry, v);
        return;
    }
    sapa_voice_media_link_state(v, true);
}

static void flush(struct sapa_voice *v)
{
    struct voice_media_link *link = v->link;
    while (link->first) {
        struct queued *q = link->first;
        const sapa_rc rc = sapa_unix_send(link->fd, q->bytes, q->size, NULL, 0);
        if (rc == SAPA_EAGAIN)
            return;
        if (rc != SAPA_OK) {
            lost(v);
            return;
        }
        link->first = q->next;
        if (!link->first)
            link->last = &link->first;
        link->queued--;
        free(q);
    }
    sapa_watch_set(v->loop, &link->watch, SAPA_LOOP_READ);
}

static void readable(void *ctx, int fd, unsigned events)
{
    struct sapa_voice *v = ctx;
    struct voice_media_link *link = v->link;
    if (events & SAPA_LOOP_WRITE)
        flush(v);
    for (int i = 0; i < BATCH && link->fd == fd; i++) {
        struct sapa_media_message m;
        size_t n, fds;
        memset(&m, 0, sizeof(m));
        const sapa_rc rc = sapa_unix_receive(fd, &m, sizeof(m), &n, NULL, 0, &fds);
        if (rc == SAPA_EAGAIN)
            return;
        if (rc == SAPA_ELIMIT)
            continue;
        if (rc != SAPA_OK || n < offsetof(struct sapa_media_message, u)) {
            lost(v);
            return;
        }
        sapa_voice_media_message(v, &m);
        sapa_voice_touch(v);
    }
}

static sapa_rc link_send(struct sapa_voice *v, const struct sapa_media_message *m)
{
    struct voice_media_link *link = v->link;
    const size_t size = sapa_media_message_size(m);
    if (link->fd < 0)
        return SAPA_ECLOSED;
    if (!link->first) {
        const sapa_rc rc = sapa_unix_send(link->fd, m, size, NULL, 0);
        if (rc != SAPA_EAGAIN)
            return rc;
    }
    struct queued *q = link->queued < QUEUE_MAX ? malloc(sizeof(*q) + size) : NULL;
    if (!q)
        return SAPA_ELIMIT;
    q->next = NULL;
    q->size = size;
    memcpy(q->bytes, m, size);
    *link->last = q;
    link->last = &q->next;
    link->queued++;
    sapa_watch_set(v->loop, &link->watch, SAPA_LOOP_READ | SAPA_LOOP_WRITE);
    return SAPA_OK;
}

sapa_rc sapa_voice_media_open(struct sapa_voice *v)
{
    if (v->options.callbacks.media_send)
        return SAPA_OK;
    v->link = calloc(1, sizeof(*v->link));
    if (!v->link)
        return SAPA_ENOMEM;
    v->link->voice = v;
    v->link->fd = -1;
    v->link->last = &v->link->first;
    if (!sapa_str_copy(sapa_str_of(v->options.media_path), v->link->path, sizeof(v->link->path)))
        return SAPA_EINVAL;
    sapa_timer_set(v->loop, &v->media_retry, 0, retry, v);
    return SAPA_OK;
}

void sapa_voice_media_close(struct sapa_voice *v)
{
    if (!v->link)
        return;
    hang_up(v);
    free(v->link);
    v->link = NULL;
}

sapa_rc sapa_voice_media_send(struct sapa_voice *v, struct sapa_media_message *m)
{
    m->epoch = v->options.epoch;
    if (!v->media_linked || (!v->media_up && m->op != SAPA_MEDIA_HELLO))
        return SAPA_ECLOSED;
    return v->link ? link_send(v, m) : v->options.callbacks.media_send(v->options.callbacks.ctx, m);
}

/* ---- the process comes and goes ---- */

void sapa_voice_media_legs_lost(struct sapa_voice *v, bool (*there)(const struct sapa_voice *v, const struct voice_leg *leg), const char *why)
{
    /* Customers first: an agent's end would put one who talks back in the line, where he is then lost as one who waits. */
    for (unsigned customers = 2; customers-- > 0;) {
        for (uint32_t i = 0; i < v->legs.count; i++) {
            struct voice_leg *leg = ((struct voice_ref *)sapa_table_at(&v->legs, i))->value;
            if (leg->media == MEDIA_NONE || (leg->kind == LEG_CUSTOMER) != (customers == 1) || (there && there(v, leg)))
                continue;
            leg->media = MEDIA_NONE;
            if (leg->state == LEG_OVER) { /* only its last word was waited for */
                leg->next_dead = v->dead_legs;
                v->dead_legs = leg;
                sapa_voice_touch(v);
            } else {
                sapa_voice_leg_lost(v, leg, SAPA_SIDE_SYSTEM, 500, why);
            }
        }
    }
}

static void each_leg_lost(struct sapa_voice *v)
{
    sapa_voice_media_legs_lost(v, NULL, "media process lost");
    for (uint32_t i = 0; i < v->contacts.count; i++)
        sapa_voice_recording_failed(v, ((struct voice_ref *)sapa_table_at(&v->contacts, i))->value);
}

void sapa_voice_end_calls(struct sapa_voice *v, const char *why)
{
    sapa_voice_touch(v);
    /* Customers first, and as the centre's own doing: an agent's end would put a customer who talks back in the line. */
    for (uint32_t i = 0; i < v->legs.count; i++) {
        struct voice_leg *leg = ((struct voice_ref *)sapa_table_at(&v->legs, i))->value;
        if (leg->lent && leg->lent->customer == leg)
            sapa_voice_contact_gone(v, leg->lent, SAPA_SIDE_FLOW, 503, why);
        if (leg->kind != LEG_CUSTOMER || leg->state == LEG_OVER || (leg->is_caller && !leg->acked))
            continue;
        sapa_voice_contact_gone(v, leg->contact, SAPA_SIDE_FLOW, 503, why);
        sapa_voice_leg_end(v, leg, 41, why);
    }
    for (uint32_t i = 0; i < v->offers.count; i++) { /* who was asked or talked for them goes without a word to the core */
        struct voice_offer *o = ((struct voice_ref *)sapa_table_at(&v->offers, i))->value;
        if (o->over || !o->contact->gone)
            continue;
        if (o->winner) {
            o->over = true;
            sapa_voice_leg_end(v, o->winner, 41, why);
        } else {
            sapa_voice_offer_cancel(v, o, false);
        }
    }
    for (uint32_t i = 0; i < v->legs.count; i++)
        sapa_voice_leg_lost(v, ((struct voice_ref *)sapa_table_at(&v->legs, i))->value, SAPA_SIDE_SYSTEM, 503, why);
}

static void grace_over(void *ctx)
{
    struct sapa_voice *v = ctx;
    sapa_voice_touch(v);
    if (!v->media_alarm) {
        v->media_alarm = true;
        sapa_voice_alarm(v, SAPA_ALARM_MEDIA_LOST, true, 0, "the media process does not answer: its calls are lost, new ones are refused");
    }
    if (v->adopt != ADOPT_DONE)
        sapa_voice_adopt_try(v, true);
    else
        each_leg_lost(v);
}

void sapa_voice_media_link_state(struct sapa_voice *v, bool up)
{
    sapa_voice_touch(v);
    v->media_linked = up;
    if (up) {
        struct sapa_media_message m = { .op = SAPA_MEDIA_HELLO };
        m.u.hello.epoch = v->options.epoch;
        v->inventory_count = 0;
        if (sapa_voice_media_send(v, &m) != SAPA_OK)
            v->stats.late_commands++;
        return;
    }
    v->media_up = false;
    if (!sapa_timer_is_set(&v->media_timer))
        sapa_timer_set(v->loop, &v->media_timer, (int64_t)v->options.media_grace_ms * 1000, grace_over, v);
}

void sapa_voice_media_link(struct sapa_voice *v, bool up)
{
    sapa_voice_media_link_state(v, up);
}

static void on_hello(struct sapa_voice *v, const struct sapa_media_message *m)
{
    const bool other = v->media_generation != 0 && v->media_generation != m->u.hello.generation;
    v->media_generation = m->u.hello.generation;
    v->media_codecs = m->u.hello.codecs;
    v->media_version = m->u.hello.version;
    memcpy(v->media_fingerprint, m->u.hello.fingerprint, sizeof(v->media_fingerprint));
    v->inventory_count = 0;
    if (!other)
        return;
    v->media_restarts++;
    /* A new process: what the old one held is gone. The alarm ends when the inventory is complete. */
    if (!v->media_alarm) {
        v->media_alarm = true;
        sapa_voice_alarm(v, SAPA_ALARM_MEDIA_LOST, true, 0, "the media process was started anew: the calls that it held are lost");
    }
    each_leg_lost(v);
}

static void on_inventory(struct sapa_voice *v, const struct sapa_media_message *m)
{
    if (v->inventory_count == v->inventory_size) {
        const uint32_t size = v->inventory_size ? v->inventory_size * 2 : 64;
        struct sapa_media_message *more = realloc(v->inventory, size * sizeof(*more));
        if (!more)
            return;
        v->inventory = more;
        v->inventory_size = size;
    }
    v->inventory[v->inventory_count++] = *m;
}

void sapa_voice_media_limits(struct sapa_voice *v)
{
    struct sapa_media_message m = { .op = SAPA_MEDIA_LIMITS };
    m.u.limits.quality_mos_x100 = v->centre->system.quality_alarm_mos_x100;
    m.u.limits.quality_window_ms = v->centre->system.quality_alarm_ms;
    if (v->media_up && sapa_voice_media_send(v, &m) != SAPA_OK)
        v->stats.late_commands++;
}

static void on_inventory_end(struct sapa_voice *v)
{
    v->media_up = true;
    sapa_voice_media_limits(v);
    sapa_timer_cancel(v->loop, &v->media_timer);
    if (v->media_alarm) {
        v->media_alarm = false;
        sapa_voice_alarm(v, SAPA_ALARM_MEDIA_LOST, false, 0, "the media process answers again");
    }
    sapa_voice_media_inventory_done(v);
}

/* ---- what it says about legs ---- */

static void post_quality(struct sapa_voice *v, const struct voice_leg *leg, const struct sapa_media_message *m, bool final)
{
    struct sapa_record r;
    if (!leg->contact)
        return;
    sapa_record_init(&r, SAPA_T_leg_quality);
    r.u.leg_quality.contact = leg->contact->id;
    r.u.leg_quality.leg = leg->id;
    r.u.leg_quality.side = sapa_voice_leg_side(leg);
    r.u.leg_quality.final = final;
    r.u.leg_quality.packets = m->u.quality.packets;
    r.u.leg_quality.lost = m->u.quality.lost;
    r.u.leg_quality.jitter_us = m->u.quality.jitter_us;
    r.u.leg_quality.jitter_max_us = m->u.quality.jitter_max_us;
    r.u.leg_quality.mos_x100 = m->u.quality.mos_x100;
    r.u.leg_quality.mos_min_x100 = m->u.quality.mos_min_x100;
    r.u.leg_quality.sent = m->u.quality.sent;
    r.u.leg_quality.rtt_us = m->u.quality.rtt_us;
    r.u.leg_quality.heard_lost = m->u.quality.heard_lost;
    r.u.leg_quality.heard_fraction = m->u.quality.heard_fraction;
    r.u.leg_quality.heard_jitter_us = m->u.quality.heard_jitter_us;
    r.u.leg_quality.heard_mos_x100 = m->u.quality.heard_mos_x100;
    r.u.leg_quality.heard_mos_min_x100 = m->u.quality.heard_mos_min_x100;
    sapa_voice_post(v, &r);
}

static void on_opened(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_media_message *m)
{
    if (leg->media != MEDIA_OPENING)
        return;
    if (m->code != 0) {
        leg->media = MEDIA_NONE;
        sapa_log(SAPA_LOG_ERROR, "voice.media", "leg_open=%s", sapa_rc_name(m->code));
        sapa_voice_leg_lost(v, leg, SAPA_SIDE_SYSTEM, 503, "no media port");
        return;
    }
    leg->media = MEDIA_OPEN;
    leg->local = m->u.leg.local;
    if (leg->kind == LEG_AGENT && leg->is_caller)
        sapa_voice_invite_agent(v, leg);
    else if (leg->is_caller)
        sapa_voice_invite_outside(v, leg);
    else if (leg->answer_wanted && !sapa_voice_leg_answer(v, leg))
        sapa_voice_leg_lost(v, leg, SAPA_SIDE_SYSTEM, 500, "answer could not be sent");
}

static void on_closed(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_media_message *m)
{
    const bool wanted = leg->media == MEDIA_CLOSING;
    if (leg->media == MEDIA_NONE)
        return;
    leg->media = MEDIA_NONE;
    if (leg->started && m->op == SAPA_MEDIA_LEG_CLOSED)
        post_quality(v, leg, m, true);
    if (leg->state != LEG_OVER)
        sapa_voice_leg_lost(v, leg, SAPA_SIDE_SYSTEM, 500, "media leg lost");
    else if (wanted) {
        leg->next_dead = v->dead_legs;
        v->dead_legs = leg;
        sapa_voice_touch(v);
    }
}

/* The line of an agent needs attention, or no longer: who leads sees it. */
static void post_line(struct sapa_voice *v, const struct voice_leg *leg, bool on, uint64_t mos_x100)
{
    struct sapa_record r;

    if (leg->agent >= v->centre->agents_count || sapa_voice_leg_side(leg) != SAPA_SIDE_AGENT)
        return;
    sapa_record_init(&r, SAPA_T_alert);
    r.u.alert.kind = SAPA_ALERT_LINE;
    r.u.alert.target = leg->agent;
    r.u.alert.state = on ? SAPA_ALERT_STATE_ON : SAPA_ALERT_STATE_OVER;
    r.u.alert.value = mos_x100;
    r.u.alert.limit = v->centre->system.quality_alarm_mos_x100;
    sapa_voice_post(v, &r);
}

void sapa_voice_line_alarm(struct sapa_voice *v, struct voice_leg *leg, bool on, const char *text)
{
    if (leg->bad_line == on)
        return;
    leg->bad_line = on;
    if (on)
        v->bad_lines++;
    else
        v->bad_lines--;
    if (!on)
        post_line(v, leg, false, 0);
    if (v->bad_lines == (on ? 1 : 0))
        sapa_voice_alarm(v, SAPA_ALARM_LINE_QUALITY, on, leg->contact ? leg->contact->id : 0, text);
}

static void on_quality(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_media_message *m)
{
    char text[120];
    struct sapa_text out;
    post_quality(v, leg, m, false);
    sapa_text_init(&out, text, sizeof(text));
    sapa_text_printf(&out, "%s's line: MOS %u.%02u, lost %llu of %llu packets", sapa_side_name(sapa_voice_leg_side(leg)),
                     m->u.quality.mos_x100 / 100u, m->u.quality.mos_x100 % 100u, (unsigned long long)m->u.quality.lost,
                     (unsigned long long)(m->u.quality.packets + m->u.quality.lost));
    const uint16_t mos = m->u.quality.mos_x100, heard = m->u.quality.heard_mos_x100;
    const bool known = leg->bad_line; /* not of a leg that was adopted */
    sapa_voice_line_alarm(v, leg, m->code != 0, text);
    if (m->code != 0 || !known)
        post_line(v, leg, m->code != 0, heard && (!mos || heard < mos) ? heard : mos); /* of the direction that is worse */
}

/* Silence may be a dead peer: ask within the dialog (RFC 3261 11). The answer decides. */
static void on_silent(struct sapa_voice *v, struct voice_leg *leg)
{
    sapa_sip_tx_id tx;
    if (leg->webrtc) /* consent tells (RFC 7675) */
        return;
    if (leg->state != LEG_UP || leg->held || leg->asking || !(leg->direction & SAPA_MEDIA_RECEIVE))
        return;
    const sapa_rc rc = sapa_sip_dialog_send(v->stack, leg->dialog, SAPA_SIP_OPTIONS, NULL, sapa_voice_now(v), &tx);
    leg->asking = rc == SAPA_OK;
}

static void on_error(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_media_message *m)
{
    sapa_log(SAPA_LOG_WARN, "voice.media", "op=%u rc=%s leg=%llu", m->failed, sapa_rc_name(m->code), (unsigned long long)m->leg);
    if (m->failed == SAPA_MEDIA_RECORD) {
        struct voice_contact *c = sapa_voice_find(&v->contacts, m->contact);
        if (c && c->recording == m->recording)
            sapa_voice_recording_failed(v, c);
        return;
    }
    if (!leg)
        return;
    switch (m->failed) {
    case SAPA_MEDIA_LEG_OPEN:
        if (leg->media == MEDIA_OPENING) {
            on_opened(v, leg, m);
            break;
        }
        on_closed(v, leg, m); /* it was to be opened by another thread, and could not */
        break;
    case SAPA_MEDIA_LEG_MOVE:
    case SAPA_MEDIA_LEG_CLOSE: on_closed(v, leg, m); break;
    case SAPA_MEDIA_LEG_SET:
        if (leg->state != LEG_OVER)
            sapa_voice_leg_lost(v, leg, SAPA_SIDE_SYSTEM, 500, "media leg refused");
        break;
    case SAPA_MEDIA_PLAY:
        if (leg->code) {
            sapa_voice_code_played(v, leg);
        } else if (leg->offer && leg->offer->whisper && leg->offer->winner == leg) {
            sapa_voice_whisper_played(v, leg->offer, 0);
        } else if (voice_talks_in(leg) && voice_talks_in(leg)->play == m->tag && m->tag != 0) {
            struct voice_contact *c = voice_talks_in(leg);
            c->play = 0;
            sapa_voice_play_done(v, c, m->tag, true);
        }
        break;
    default: break;
    }
}

static void on_play_done(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_media_message *m)
{
    if (leg->code) {
        if (m->u.play.play == leg->code->play) /* not what it replaced */
            sapa_voice_code_played(v, leg);
        return;
    }
    if (leg->offer && leg->offer->whisper && leg->offer->winner == leg) {
        sapa_voice_whisper_played(v, leg->offer, m->u.play.play);
        return;
    }
    struct voice_contact *c = voice_talks_in(leg);
    if (!c || c->customer != leg || c->play == 0 || c->play != m->u.play.play)
        return;
    c->play = 0;
    sapa_voice_play_done(v, c, m->u.play.play, m->code != 0);
}

static void on_stats(struct sapa_voice *v, const struct sapa_media_message *m)
{
    v->media_stats = (struct sapa_voice_media_stats){
        .at_us = sapa_voice_wall(v), .legs = m->u.stats.legs, .recordings = m->u.stats.recordings, .delay_p99_us = m->u.stats.delay_p99_us,
        .packets_in = m->u.stats.packets_in, .packets_dropped = m->u.stats.packets_dropped,
    };
}

void sapa_voice_media_ask(struct sapa_voice *v)
{
    struct sapa_media_message m = { .op = SAPA_MEDIA_STATS };
    if (v->media_up && sapa_voice_media_send(v, &m) != SAPA_OK)
        v->stats.late_commands++;
}

void sapa_voice_media_stats_read(const struct sapa_voice *v, struct sapa_voice_media_stats *ret_stats)
{
    *ret_stats = v->media_stats;
}

void sapa_voice_media_message(struct sapa_voice *v, const struct sapa_media_message *m)
{
    struct voice_leg *leg = sapa_voice_find(&v->legs, m->leg);
    switch (m->op) {
    case SAPA_MEDIA_HELLO: on_hello(v, m); return;
    case SAPA_MEDIA_INVENTORY: on_inventory(v, m); return;
    case SAPA_MEDIA_INVENTORY_END: on_inventory_end(v); return;
    case SAPA_MEDIA_RECORD_STATE: sapa_voice_record_state(v, m); return;
    case SAPA_MEDIA_ERROR: on_error(v, leg, m); return;
    case SAPA_MEDIA_STATS_REPLY: on_stats(v, m); return;
    case SAPA_MEDIA_FENCED:
        sapa_log(SAPA_LOG_ERROR, "voice.media", "fenced=1: a newer control process is in charge");
        v->fenced = true;
        sapa_voice_refuse(v, true, "a newer control process is in charge");
        return;
    default: break;
    }
    if (!leg)
        return;
    switch (m->op) {
    case SAPA_MEDIA_LEG_OPENED: on_opened(v, leg, m); break;
    case SAPA_MEDIA_LEG_CLOSED: on_closed(v, leg, m); break;
    case SAPA_MEDIA_QUALITY: on_quality(v, leg, m); break;
    case SAPA_MEDIA_PLAY_DONE: on_play_done(v, leg, m); break;
    case SAPA_MEDIA_SILENT: on_silent(v, leg); break;
    case SAPA_MEDIA_CONNECTED: sapa_voice_web_connected(v, leg, m); break;
    case SAPA_MEDIA_DIGIT:
        if (leg->state == LEG_UP)
            sapa_voice_digit(v, leg, m->u.dtmf.digit, leg->dtmf_type ? KEY_EVENT : KEY_TONE);
        break;
    default: break;
    }
}

void sapa_voice_media_receive(struct sapa_voice *v, const struct sapa_media_message *m)
{
    sapa_voice_media_message(v, m);
    sapa_voice_touch(v);
}
