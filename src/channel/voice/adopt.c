#include "channel/voice/voice_impl.h"

#include <stdlib.h>

/*
 * Dialogs over a restart. A record holds what this room knows of a leg, then the stack's own record
 * of the dialog. Objects of the description stand by key: indices may differ in the next process.
 */
enum { STATE_VERSION = 6, STATE_VERSION_OLDEST = 1, STRAYS_US = 60 * 1000 * 1000 };

static struct sapa_str key_of(const struct sapa_str *key)
{
    return key ? *key : (struct sapa_str){ NULL, 0 };
}

#define KEY(plural, index) key_of((index) < v->centre->plural##_count ? &v->centre->plural[index].key : NULL)

static void put_media_address(struct sapa_writer *w, const struct sapa_media_address *a)
{
    sapa_put_u64(w, a->family);
    sapa_put_raw(w, a->address, a->family == 4 ? 4 : a->family == 6 ? 16 : 0);
    sapa_put_u64(w, a->port);
}

static struct sapa_media_address get_media_address(struct sapa_reader *r)
{
    struct sapa_media_address a = { .family = (uint8_t)sapa_get_u64(r) };
    const size_t n = a.family == 4 ? 4 : a.family == 6 ? 16 : 0;
    const uint8_t *bytes = sapa_get_raw(r, n);
    if (bytes && n > 0)
        memcpy(a.address, bytes, n);
    a.port = (uint16_t)sapa_get_u64(r);
    return a;
}

/* What makes a contact an agent's own call. */
static void put_own(const struct sapa_voice *v, struct sapa_writer *w, const struct voice_contact *c)
{
    sapa_put_str(w, KEY(agents, c->own_agent));
    sapa_put_u64(w, c->own_offer);
    sapa_put_u64(w, (uint64_t)c->own_kind | (uint64_t)c->own_line << 8);
}

static void put_ip(struct sapa_writer *w, const struct sapa_sip_ip *ip)
{
    sapa_put_u64(w, ip->family);
    sapa_put_raw(w, ip->bytes, ip->family == 4 ? 4 : 16);
    sapa_put_u64(w, ip->port);
}

static struct sapa_sip_ip get_ip(struct sapa_reader *r)
{
    struct sapa_sip_ip ip = { .family = (uint8_t)sapa_get_u64(r) };
    const size_t n = ip.family == 4 ? 4 : 16;
    const uint8_t *bytes = sapa_get_raw(r, n);
    if (bytes)
        memcpy(ip.bytes, bytes, n);
    ip.port = (uint16_t)sapa_get_u64(r);
    return ip;
}

static size_t write_state(struct sapa_voice *v, const struct voice_leg *leg, char *buf, size_t size, bool names)
{
    const struct voice_contact *c = leg->contact;
    const struct voice_offer *o = leg->offer;
    uint8_t sip[SAPA_SIP_DIALOG_RECORD_MAX];
    size_t sip_n = 0;
    const bool calling = leg->state == LEG_CALLING;
    struct sapa_writer w = sapa_writer_of(buf, size);
    if (!calling && sapa_sip_dialog_export(v->stack, leg->dialog, sip, sizeof(sip), &sip_n) != SAPA_OK)
        return 0;
    sapa_put_u64(&w, STATE_VERSION);
    sapa_put_u64(&w, leg->kind);
    sapa_put_u64(&w, (uint64_t)leg->is_caller | (uint64_t)leg->acked << 1 | (uint64_t)leg->held << 2 |
                         (uint64_t)leg->started << 3 | (uint64_t)leg->late_offer << 4 | (uint64_t)calling << 5);
    sapa_put_u64(&w, leg->direction);
    sapa_put_u64(&w, leg->codec);
    sapa_put_u64(&w, leg->dtmf_type);
    sapa_put_u64(&w, leg->dtmf_receive);
    sapa_put_u64(&w, leg->session_s);
    sapa_put_u64(&w, leg->session_min_s);
    sapa_put_u64(&w, (uint64_t)leg->session_ours | (uint64_t)leg->takes_update << 1 | (uint64_t)leg->secure << 2);
    sapa_put_u64(&w, (uint64_t)leg->type_send | (uint64_t)leg->type_receive << 8 | (uint64_t)leg->dtmf_khz << 16 |
                         (uint64_t)leg->noise << 24 | (uint64_t)leg->opus_fec << 25 | (uint64_t)leg->opus_kbps << 32);
    sapa_put_u64(&w, leg->codecs);
    put_media_address(&w, &leg->local);
    put_media_address(&w, &leg->remote);
    sapa_put_u64(&w, leg->remote_rtcp);
    sapa_put_u64(&w, leg->sdp.session_id);
    sapa_put_u64(&w, leg->sdp.version);
    sapa_put_fixed32(&w, leg->sdp.last_crc);
    sapa_put_u64(&w, leg->device_crc);
    sapa_put_str(&w, KEY(agents, leg->agent));
    sapa_put_str(&w, KEY(trunks, leg->trunk));
    sapa_put_str(&w, KEY(queues, o ? o->queue : SAPA_NONE));
    sapa_put_u64(&w, o ? o->kind : 0);
    sapa_put_str(&w, KEY(clients, c->client));
    sapa_put_str(&w, KEY(numbers, c->number));
    sapa_put_u64(&w, c->direction);
    sapa_put_u64(&w, leg->kind == LEG_OUTSIDE && leg->attempt ? leg->attempt : c->attempt);
    sapa_put_u64(&w, c->dial_kind);
    sapa_put_str(&w, names ? sapa_str_of(c->address) : (struct sapa_str){ NULL, 0 });
    sapa_put_str(&w, names ? sapa_str_of(c->name) : (struct sapa_str){ NULL, 0 });
    sapa_put_str(&w, (struct sapa_str){ (const char *)sip, sip_n });
    put_own(v, &w, c);
    sapa_put_u64(&w, leg->lent ? leg->lent->id : 0);
    if (leg->lent)
        put_own(v, &w, leg->lent);
    sapa_put_u64(&w, leg->webrtc);
    if (leg->webrtc) { /* the media process says the rest */
        sapa_put_str(&w, sapa_str_of(leg->peer_ufrag));
        sapa_put_str(&w, sapa_str_of(leg->mid));
        sapa_put_u64(&w, leg->instance);
        sapa_put_u64(&w, leg->guest);
    }
    if (calling) {
        put_ip(&w, &leg->flow.local);
        put_ip(&w, &leg->flow.remote);
        sapa_put_str(&w, sapa_str_of(c->dial));
        sapa_put_str(&w, KEY(numbers, c->dial_from));
        sapa_put_u64(&w, c->dial_ring_ms);
        sapa_put_u64(&w, (uint64_t)sapa_voice_wall(v));
        sapa_put_u64(&w, leg->invites);
    }
    return w.bad ? 0 : w.n;
}

/* Into `buf` for the record `dialog`; 0 when the dialog is not confirmed or too large. */
size_t sapa_voice_state_write(struct sapa_voice *v, const struct voice_leg *leg, char *buf, size_t size)
{
    const size_t n = write_state(v, leg, buf, size, true);
    return n ? n : write_state(v, leg, buf, size, false);
}

struct own {
    struct sapa_str agent;
    uint64_t offer;
    uint8_t kind, line;
};

struct state {
    struct voice_leg leg; /* only its values */
    struct sapa_str agent, trunk, queue, client, number, address, name, sip;
    uint8_t offer_kind, direction, dial_kind;
    uint32_t attempt;
    struct own own, lent_own;
    uint64_t lent;
    bool calling; /* our INVITE was out: */
    struct sapa_sip_ip from, to;
    struct sapa_str dial, dial_from;
    uint64_t ring_ms;
    int64_t called_us; /* wall */
};

static struct own get_own(struct sapa_reader *r)
{
    struct own own = { .agent = sapa_get_str(r) };
    own.offer = sapa_get_u64(r);
    const uint64_t kinds = sapa_get_u64(r);
    own.kind = (uint8_t)SAPA_MIN(kinds & 0xff, (uint64_t)SAPA_TARGET_OUTSIDE);
    own.line = (uint8_t)SAPA_MIN(kinds >> 8 & 0xff, (uint64_t)SAPA_LINE_RING);
    return own;
}

static void set_own(const struct sapa_voice *v, struct voice_contact *c, const struct own *own)
{
    c->own_agent = own->agent.n > 0 ? SAPA_FIND(v->centre, agents, own->agent) : SAPA_NONE;
    c->own_offer = own->offer;
    c->own_kind = own->kind;
    c->own_line = own->line;
    if (c->own_agent != SAPA_NONE)
        c->direction = own->kind == SAPA_TARGET_OUTSIDE ? SAPA_DIRECTION_OUTBOUND : SAPA_DIRECTION_INTERNAL;
}

static bool read_state(const struct sapa_rec_dialog *record, struct state *ret)
{
    struct sapa_reader r = sapa_reader_of(record->state.p, record->state.n);
    memset(ret, 0, sizeof(*ret));
    const uint64_t version = sapa_get_u64(&r); /* one of the program before this one as well: calls live through an upgrade */
    if (version < STATE_VERSION_OLDEST || version > STATE_VERSION)
        return false;
    struct voice_leg *leg = &ret->leg;
    leg->kind = (uint8_t)sapa_get_u64(&r);
    const uint64_t flags = sapa_get_u64(&r);
    leg->is_caller = flags & 1;
    leg->acked = flags >> 1 & 1;
    leg->held = flags >> 2 & 1;
    leg->started = flags >> 3 & 1;
    leg->late_offer = flags >> 4 & 1;
    ret->calling = flags >> 5 & 1;
    leg->direction = (uint8_t)sapa_get_u64(&r);
    leg->codec = (uint8_t)sapa_get_u64(&r);
    leg->dtmf_type = (uint8_t)sapa_get_u64(&r);
    leg->dtmf_receive = version >= 2 ? (uint8_t)sapa_get_u64(&r) : leg->dtmf_type;
    if (version >= 3) {
        leg->session_s = (uint32_t)sapa_get_u64(&r);
        leg->session_min_s = (uint32_t)sapa_get_u64(&r);
        const uint64_t session = sapa_get_u64(&r);
        leg->session_ours = session & 1;
        leg->takes_update = session >> 1 & 1;
        leg->secure = session >> 2 & 1;
    }
    if (version >= 4) {
        const uint64_t types = sapa_get_u64(&r);
        leg->type_send = types & 0x7f;
        leg->type_receive = types >> 8 & 0x7f;
        leg->dtmf_khz = types >> 16 & 0xff;
        leg->noise = types >> 24 & 1;
        leg->opus_fec = types >> 25 & 1;
        leg->opus_kbps = types >> 32 & 0xffff;
        leg->codecs = (uint32_t)sapa_get_u64(&r);
    }
    leg->local = get_media_address(&r);
    leg->remote = get_media_address(&r);
    leg->remote_rtcp = (uint16_t)sapa_get_u64(&r);
    leg->sdp.session_id = sapa_get_u64(&r);
    leg->sdp.version = sapa_get_u64(&r);
    leg->sdp.last_crc = sapa_get_fixed32(&r);
    leg->device_crc = (uint32_t)sapa_get_u64(&r);
    ret->agent = sapa_get_str(&r);
    ret->trunk = sapa_get_str(&r);
    ret->queue = sapa_get_str(&r);
    ret->offer_kind = (uint8_t)sapa_get_u64(&r);
    ret->client = sapa_get_str(&r);
    ret->number = sapa_get_str(&r);
    ret->direction = (uint8_t)sapa_get_u64(&r);
    ret->attempt = (uint32_t)sapa_get_u64(&r);
    ret->dial_kind = (uint8_t)sapa_get_u64(&r);
    ret->address = sapa_get_str(&r);
    ret->name = sapa_get_str(&r);
    ret->sip = sapa_get_str(&r);
    if (version >= 5) {
        ret->own = get_own(&r);
        ret->lent = sapa_get_u64(&r);
        if (ret->lent)
            ret->lent_own = get_own(&r);
    }
    leg->webrtc = version >= 6 && sapa_get_u64(&r) == 1;
    if (leg->webrtc) {
        const struct sapa_str ufrag = sapa_get_str(&r), mid = sapa_get_str(&r);
        leg->instance = sapa_get_u64(&r);
        leg->guest = sapa_get_u64(&r);
        r.bad |= !sapa_str_copy(ufrag, leg->peer_ufrag, sizeof(leg->peer_ufrag)) || !sapa_str_copy(mid, leg->mid, sizeof(leg->mid));
    }
    if (ret->calling) {
        ret->from = get_ip(&r);
        ret->to = get_ip(&r);
        ret->dial = sapa_get_str(&r);
        ret->dial_from = sapa_get_str(&r);
        ret->ring_ms = sapa_get_u64(&r);
        ret->called_us = (int64_t)sapa_get_u64(&r);
        const uint64_t invites = sapa_get_u64(&r);
        leg->invites = (uint8_t)SAPA_MIN(invites, (uint64_t)UINT8_MAX);
    }
    return !r.bad && leg->kind <= LEG_OUTSIDE && record->leg != 0 && record->contact != 0 &&
           (leg->kind != LEG_AGENT || record->offer != 0) &&
           (!ret->calling || (leg->kind != LEG_AGENT && !ret->lent && ret->to.port != 0 && (ret->to.family == 4 || ret->to.family == 6)));
}

const struct sapa_media_message *sapa_voice_inventory_of(const struct sapa_voice *v, uint64_t leg)
{
    for (uint32_t i = 0; i < v->inventory_count; i++)
        if (v->inventory[i].leg == leg)
            return &v->inventory[i];
    return NULL;
}

static struct voice_contact *contact_of(struct sapa_voice *v, const struct sapa_rec_dialog *record, const struct state *state)
{
    struct voice_contact *c = sapa_voice_find(&v->contacts, record->contact);
    if (!c)
        c = sapa_voice_contact_new(v, record->contact);
    if (!c)
        return NULL;
    c->arrived = true;
    c->person = record->person;
    c->direction = state->direction;
    c->client = SAPA_FIND(v->centre, clients, state->client);
    c->number = SAPA_FIND(v->centre, numbers, state->number);
    c->attempt = SAPA_MAX(c->attempt, state->attempt);
    c->dial_kind = state->dial_kind;
    if (state->address.n > 0)
        sapa_str_copy(state->address, c->address, sizeof(c->address));
    if (state->name.n > 0)
        sapa_str_copy(state->name, c->name, sizeof(c->name));
    if (c->own_agent == SAPA_NONE)
        set_own(v, c, &state->own);
    return c;
}

/* The dialog without its media leg is worth nothing: say good-bye. */
static void end_orphan(struct sapa_voice *v, struct sapa_str sip)
{
    sapa_sip_dialog_id dialog;
    sapa_sip_tx_id tx;
    const struct sapa_sip_spec spec = { .headers = SAPA_STR("Reason: Q.850;cause=41;text=\"restarted\"\r\n") };
    v->stats.orphans++;
    if (sapa_sip_dialog_import(v->stack, (const uint8_t *)sip.p, sip.n, 0, 0, &dialog) != SAPA_OK)
        return;
    if (sapa_sip_dialog_send(v->stack, dialog, SAPA_SIP_BYE, &spec, sapa_voice_now(v), &tx) != SAPA_OK)
        v->stats.late_commands++;
    sapa_sip_dialog_end(v->stack, dialog);
}

static void close_media(struct sapa_voice *v, const struct sapa_media_message *inventory)
{
    struct sapa_media_message m = { .op = SAPA_MEDIA_LEG_CLOSE, .leg = inventory->leg, .contact = inventory->contact };
    v->stats.orphans++;
    if (sapa_voice_media_send(v, &m) != SAPA_OK)
        v->stats.late_commands++;
}

/* The contact in which this line was asking somebody; its other people may come later, or be gone. */
static void adopt_lent(struct sapa_voice *v, struct voice_leg *leg, const struct state *state)
{
    struct voice_contact *c = sapa_voice_find(&v->contacts, state->lent);
    const bool outside = state->lent_own.kind == SAPA_TARGET_OUTSIDE;
    const bool talks = leg->bridged != 0 || leg->mix != 0;

    if (leg->offer)
        leg->offer->connected = true; /* whoever lent it talks in its own contact as soon as it is back */
    if (leg->offer)
        leg->offer->held = true;
    if (!c)
        c = sapa_voice_contact_new(v, state->lent);
    if (!c || c == leg->contact || c->borrowed || (!outside && c->customer))
        return;
    c->arrived = true;
    if (c->client == SAPA_NONE)
        c->client = leg->contact->client;
    set_own(v, c, &state->lent_own);
    if (leg->mix)
        c->mix = leg->mix;
    if (outside) {
        struct voice_offer *o = sapa_voice_offer_new(v, c, c->own_offer, leg->agent);
        if (!o)
            return;
        o->kind = 2;
        o->lent = true;
        o->winner = leg;
        o->connected = talks;
    } else {
        c->customer = leg;
    }
    leg->lent = c;
    c->borrowed = leg;
}

/* It rings on at the carrier, as long as it would have; the answer comes to us. */
static bool ring_on(struct sapa_voice *v, struct voice_leg *leg, const struct state *state)
{
    struct voice_contact *c = leg->contact;
    const int64_t passed_ms = (sapa_voice_wall(v) - state->called_us) / 1000;
    c->dial_from = SAPA_FIND(v->centre, numbers, state->dial_from);
    c->dial_ring_ms = (uint32_t)SAPA_MIN(state->ring_ms, (uint64_t)600000);
    c->attempt = leg->attempt;
    c->unreached = leg->kind == LEG_CUSTOMER;
    leg->is_caller = true;
    leg->state = LEG_NEW;
    leg->flow = (struct sapa_sip_flow){ .kind = SAPA_SIP_FLOW_UDP, .local = state->from, .remote = state->to };
    return sapa_str_copy(state->dial, c->dial, sizeof(c->dial)) && passed_ms >= 0 && (uint64_t)passed_ms < c->dial_ring_ms &&
           sapa_voice_outside_adopt(v, leg, c->dial_ring_ms - (uint32_t)passed_ms);
}

static bool adopt_one(struct sapa_voice *v, const struct sapa_rec_dialog *record)
{
    struct state state;
    if (!read_state(record, &state))
        return false;
    const struct sapa_media_message *media = sapa_voice_inventory_of(v, record->leg);
    if (!media) {
        end_orphan(v, state.sip);
        return false;
    }
    struct voice_contact *c = contact_of(v, record, &state);
    if (c && ((state.leg.kind == LEG_CUSTOMER && c->customer) || (state.leg.kind == LEG_OUTSIDE && sapa_voice_outside_of(c, state.attempt)))) {
        end_orphan(v, state.sip); /* no log of ours says so; a second one would be a call that nobody can end */
        return false;
    }
    struct voice_leg *leg = c ? sapa_voice_leg_new(v, state.leg.kind, c, record->leg) : NULL;
    if (!leg)
        return false;
    const struct voice_leg fresh = *leg;
    *leg = state.leg;
    leg->id = fresh.id;
    leg->voice = v;
    leg->contact = c;
    leg->attempt = leg->kind == LEG_AGENT ? 0 : state.attempt;
    leg->state = LEG_UP;
    leg->media = MEDIA_OPEN;
    leg->logged = true;
    leg->mix = media->u.inventory.mix;
    leg->role = media->u.inventory.role;
    leg->bridged = leg->mix ? 0 : media->u.inventory.bridged_with;
    if (leg->mix && !state.lent)
        c->mix = leg->mix;
    leg->session_s = SAPA_MIN(leg->session_s, 86400u);
    leg->session_due_us = sapa_voice_now(v) + (int64_t)(leg->session_ours ? leg->session_s / 4 : leg->session_s) * 1000000;
    leg->generation = (uint32_t)SAPA_MAX(record->generation, (uint64_t)media->u.inventory.generation);
    leg->agent = SAPA_FIND(v->centre, agents, state.agent);
    leg->trunk = SAPA_FIND(v->centre, trunks, state.trunk);
    if (leg->trunk < VOICE_TRUNKS_MAX)
        v->trunks[leg->trunk].calls++;
    if (leg->kind == LEG_AGENT) {
        struct voice_offer *o = sapa_voice_offer_new(v, c, record->offer, leg->agent);
        if (o) {
            o->legs = o->winner = leg;
            o->kind = state.offer_kind;
            o->supervises = o->kind == VOICE_KIND_SUPERVISOR ? SAPA_SUPERVISION_LISTEN + 1 : 0;
            o->queue = SAPA_FIND(v->centre, queues, state.queue);
            o->ringing = true;
            o->connected = leg->mix != 0 || leg->bridged != 0;
            o->held = leg->mix && leg->role == SAPA_MEDIA_ROLE_HELD;
            leg->offer = o;
            if (leg->agent < v->centre->agents_count)
                v->agents[leg->agent].last_queue = o->queue;
        }
    } else if (leg->kind == LEG_OUTSIDE) {
        leg->connected = !state.calling;
        sapa_voice_outside_add(c, leg);
    } else {
        c->customer = leg;
        c->trunk = leg->trunk;
        c->play = media->u.inventory.looping ? 0 : media->u.inventory.play;
    }
    if (media->u.inventory.recording) {
        c->recording = media->u.inventory.recording;
        c->recording_begun = true;
        c->recording_off = false;
    }
    if (state.calling ? !ring_on(v, leg, &state) : (leg->kind == LEG_AGENT && !leg->offer) ||
        sapa_sip_dialog_import(v->stack, (const uint8_t *)state.sip.p, state.sip.n, leg->id, 0, &leg->dialog) != SAPA_OK) {
        leg->dialog = 0;
        leg->logged = false;
        if (leg->offer)
            leg->offer->over = true;
        v->stats.orphans++;
        sapa_voice_leg_over(v, leg);
        return false;
    }
    struct sapa_sip_dialog_info info;
    if (sapa_sip_dialog_get(v->stack, leg->dialog, &info) == SAPA_OK)
        leg->flow = info.flow;
    if (leg->webrtc)
        sapa_voice_web_adopted(v, leg, media);
    if (sapa_voice_flow_is_web(&leg->flow))
        sapa_voice_gap_begin(v, leg); /* its browser comes again by itself */
    if (state.lent)
        adopt_lent(v, leg, &state);
    sapa_voice_leg_key(leg); /* keys are not written down: the next description brings new ones */
    v->stats.adopted++;
    return true;
}

/* ---- what the core holds and what lives ---- */

static void post_dead(struct sapa_voice *v, const struct sapa_voice_held *held)
{
    struct sapa_record r;
    switch (held->what) {
    case SAPA_VOICE_HELD_CUSTOMER:
        v->stats.gone_system++;
        sapa_record_init(&r, SAPA_T_contact_gone);
        r.u.contact_gone.contact = held->contact;
        r.u.contact_gone.side = SAPA_SIDE_SYSTEM;
        r.u.contact_gone.cause = 500;
        sapa_sized_set(&r.u.contact_gone.reason, SAPA_STR("lost in a restart"));
        break;
    case SAPA_VOICE_HELD_RINGING:
        sapa_record_init(&r, SAPA_T_offer_failed);
        r.u.offer_failed.offer = held->offer;
        r.u.offer_failed.result = SAPA_OFFER_FAULT;
        r.u.offer_failed.cause = 0; /* ours alone: nobody is passed over for it */
        break;
    case SAPA_VOICE_HELD_AGENT:
        sapa_record_init(&r, SAPA_T_agent_gone);
        r.u.agent_gone.contact = held->contact;
        r.u.agent_gone.offer = held->offer;
        r.u.agent_gone.side = SAPA_SIDE_SYSTEM;
        r.u.agent_gone.cause = 500;
        break;
    default:
        sapa_record_init(&r, SAPA_T_dial_progress);
        r.u.dial_progress.contact = held->contact;
        r.u.dial_progress.attempt = held->offer;
        r.u.dial_progress.state = 2;
        r.u.dial_progress.cause = 500;
        r.u.dial_progress.side = SAPA_SIDE_SYSTEM;
        break;
    }
    sapa_voice_post(v, &r);
}

static void post_closed(struct sapa_voice *v, const struct sapa_rec_dialog *record)
{
    struct sapa_record r;
    sapa_record_init(&r, SAPA_T_dialog);
    r.u.dialog = *record;
    r.u.dialog.state.n = 0;
    r.u.dialog.generation++;
    r.u.dialog.closed = 1;
    sapa_voice_post(v, &r);
}

static bool lives(const struct sapa_voice *v, const struct sapa_voice_held *held)
{
    const struct voice_contact *c = sapa_voice_find(&v->contacts, held->contact);
    const struct voice_offer *o = sapa_voice_find(&v->offers, held->offer);
    switch (held->what) {
    case SAPA_VOICE_HELD_CUSTOMER: return c && c->customer && c->customer->state == LEG_UP;
    case SAPA_VOICE_HELD_RINGING: return o != NULL; /* it goes on ringing, or has said how it ended */
    case SAPA_VOICE_HELD_AGENT:
        if (c && c->own_offer == held->offer && c->own_kind != SAPA_TARGET_OUTSIDE) /* his line is the caller's leg */
            return c->customer && c->customer->state == LEG_UP;
        return o && o->winner && o->winner->state == LEG_UP;
    default:
        if (c && c->outside)
            return sapa_voice_outside_of(c, held->offer) != NULL;
        return c && c->customer && c->customer->is_caller && (c->customer->state == LEG_UP || c->customer->state == LEG_CALLING);
    }
}

static void settle(struct sapa_voice *v, const struct sapa_voice_held *held)
{
    struct sapa_record r;
    struct voice_contact *c = sapa_voice_find(&v->contacts, held->contact);
    struct voice_offer *o = sapa_voice_find(&v->offers, held->offer);
    if (held->what == SAPA_VOICE_HELD_RECORDING) {
        bool runs = false;
        for (uint32_t i = 0; i < v->inventory_count; i++)
            runs |= v->inventory[i].u.inventory.recording == held->offer;
        if (!runs && v->options.callbacks.recording_lost)
            v->options.callbacks.recording_lost(v->options.callbacks.ctx, held->offer);
        return;
    }
    if (held->what == SAPA_VOICE_HELD_RINGING && o && o->winner) { /* accepted, but the core never heard */
        sapa_record_init(&r, SAPA_T_offer_accepted);
        r.u.offer_accepted.offer = o->id;
        r.u.offer_accepted.leg = o->winner->id;
        sapa_voice_post(v, &r);
        return;
    }
    if (!lives(v, held)) {
        post_dead(v, held);
        return;
    }
    if (held->what == SAPA_VOICE_HELD_AGENT && o && o->contact->id != held->contact) { /* two contacts became one, as above */
        const struct sapa_record join = { .type = SAPA_T_cmd_join,
                                          .u.cmd_join = { .contact = held->contact, .other = o->contact->id, .offer = held->offer } };
        sapa_voice_command(v, &join);
    }
    if (held->what == SAPA_VOICE_HELD_AGENT && o && o->supervises) { /* what he does there is the core's to say */
        const struct sapa_record does = { .type = SAPA_T_cmd_supervise,
                                          .u.cmd_supervise = { .contact = held->contact, .offer = held->offer,
                                                               .mode = held->kind == VOICE_KIND_SUPERVISOR && held->supervision
                                                                           ? held->supervision - 1u
                                                                           : SAPA_SUPERVISION_TAKEOVER } };
        sapa_voice_command(v, &does);
    } else if (held->what == SAPA_VOICE_HELD_AGENT && held->talking && o) { /* decided and logged, perhaps not carried out */
        const struct sapa_media_message *media = sapa_voice_inventory_of(v, o->winner->id);
        if (media && media->u.inventory.bridged_with == 0 && media->u.inventory.mix == 0) {
            const struct sapa_record connect = { .type = SAPA_T_cmd_connect,
                                                 .u.cmd_connect = { .contact = held->contact, .offer = held->offer } };
            sapa_voice_command(v, &connect);
        }
    }
    if (held->what != SAPA_VOICE_HELD_CUSTOMER)
        return;
    /* Answered, but perhaps the core never heard: an answer twice is only refused. */
    if (!c->customer->is_caller && !c->customer->acked && !c->customer->lent) {
        c->customer->acked = true;
        sapa_record_init(&r, SAPA_T_contact_answered);
        r.u.contact_answered.contact = c->id;
        r.u.contact_answered.leg = c->customer->id;
        sapa_voice_post(v, &r);
    }
    /* The announcement that the core waits for ended while nobody listened. */
    const struct sapa_media_message *media = sapa_voice_inventory_of(v, c->customer->id);
    if (held->play != 0 && media && media->u.inventory.play != held->play)
        sapa_voice_play_done(v, c, held->play, false);
}

/* ---- the moment ---- */

void sapa_voice_adopt(struct sapa_voice *v, const struct sapa_record *const dialogs[], size_t count,
                      const struct sapa_voice_held *held, size_t held_count)
{
    sapa_voice_touch(v);
    if (v->adopt_called)
        return;
    v->adopt_called = true;
    v->adopt = ADOPT_GATHERING;
    v->adopt_dialogs = calloc(count + 1, sizeof(*v->adopt_dialogs));
    v->adopt_held = calloc(held_count + 1, sizeof(*v->adopt_held));
    sapa_assert(v->adopt_dialogs && v->adopt_held);
    for (size_t i = 0; i < count; i++)
        if (dialogs[i]->type == SAPA_T_dialog)
            memcpy(&v->adopt_dialogs[v->adopt_count++], dialogs[i], sapa_record_size(dialogs[i]));
    if (held_count > 0)
        memcpy(v->adopt_held, held, held_count * sizeof(*held));
    v->adopt_held_count = held_count;
    if (!v->media_up && !sapa_timer_is_set(&v->media_timer) && !v->media_linked)
        sapa_voice_media_link_state(v, false); /* starts the time of grace */
    sapa_voice_adopt_try(v, false);
}

/* Once both sides are known; or, `give_up`, without the media process. */
void sapa_voice_adopt_try(struct sapa_voice *v, bool give_up)
{
    if (v->adopt != ADOPT_GATHERING || (!v->media_up && !give_up))
        return;
    v->adopt = ADOPT_DONE;
    if (v->adopt_count > 0) /* an alarm of the process before; what is still bad is said again */
        sapa_voice_alarm(v, SAPA_ALARM_LINE_QUALITY, false, 0, "lines are judged anew after a restart");
    if (v->adopt_count > 0) /* a phone that rang when we died may still be answered: nobody would be there */
        sapa_sip_stack_end_strays(v->stack, sapa_voice_now(v) + STRAYS_US);
    if (!v->media_up)
        v->inventory_count = 0;
    for (size_t i = 0; i < v->adopt_count; i++) {
        const struct sapa_rec_dialog *record = &v->adopt_dialogs[i].u.dialog;
        if (!record->closed && !adopt_one(v, record))
            post_closed(v, record);
    }
    sapa_voice_listen_now(v); /* nothing is read before the next turn */
    for (size_t i = 0; i < v->adopt_held_count; i++) {
        const struct sapa_voice_held *held = &v->adopt_held[i];
        if (held->what == SAPA_VOICE_HELD_RINGING && !sapa_voice_find(&v->offers, held->offer) &&
            !sapa_voice_offer_adopt(v, held))
            v->stats.orphans++;
    }
    for (uint32_t i = 0; i < v->inventory_count; i++)
        if (!sapa_voice_find(&v->legs, v->inventory[i].leg)) {
            sapa_voice_ring_cancel_leg(v, v->inventory[i].leg);
            close_media(v, &v->inventory[i]);
        }
    for (size_t i = 0; i < v->adopt_held_count; i++)
        settle(v, &v->adopt_held[i]);
    /* What lives but is unknown to the core, because its end was logged and not carried out: end it. */
    for (uint32_t i = 0; i < v->contacts.count; i++) {
        struct voice_contact *c = ((struct voice_ref *)sapa_table_at(&v->contacts, i))->value;
        bool held = false;
        for (size_t n = 0; n < v->adopt_held_count && !held; n++)
            held = v->adopt_held[n].contact == c->id && v->adopt_held[n].what != SAPA_VOICE_HELD_RECORDING;
        if (held)
            continue;
        const struct sapa_record r = { .type = SAPA_T_cmd_forget, .u.cmd_forget = { .contact = c->id } };
        sapa_voice_command(v, &r);
    }
    for (uint32_t i = 0; i < v->legs.count; i++) { /* and a call that was placed for one that goes on */
        struct voice_leg *leg = ((struct voice_ref *)sapa_table_at(&v->legs, i))->value;
        bool held = leg->state != LEG_CALLING || leg->kind == LEG_AGENT || !leg->contact || leg->contact->forgotten;
        for (size_t n = 0; n < v->adopt_held_count && !held; n++)
            held = v->adopt_held[n].contact == leg->contact->id && v->adopt_held[n].offer == leg->attempt &&
                   v->adopt_held[n].what == SAPA_VOICE_HELD_DIAL;
        if (!held)
            sapa_voice_leg_end(v, leg, 16, NULL);
    }
    for (uint32_t i = 0; i < v->offers.count; i++) { /* the same with a part of one that goes on */
        const struct voice_offer *o = ((struct voice_ref *)sapa_table_at(&v->offers, i))->value;
        bool held = o->over || o->lent; /* what is lent ends with its contact */
        for (size_t n = 0; n < v->adopt_held_count && !held; n++)
            held = v->adopt_held[n].offer == o->id && v->adopt_held[n].what <= SAPA_VOICE_HELD_AGENT;
        if (held)
            continue;
        const struct sapa_record r = { .type = SAPA_T_cmd_drop_agent, .u.cmd_drop_agent = { .contact = o->contact->id, .offer = o->id } };
        sapa_voice_command(v, &r);
    }
    for (uint32_t i = 0; i < v->inventory_count; i++) {
        struct voice_leg *leg = sapa_voice_find(&v->legs, v->inventory[i].leg);
        if (leg && leg->contact && v->inventory[i].contact != voice_talks_in(leg)->id)
            sapa_voice_leg_move(v, leg, leg->contact, false);
    }
    /* Who hears whom: where a change was decided and not carried out, or somebody is gone. */
    for (uint32_t i = 0; i < v->contacts.count; i++)
        sapa_voice_review(v, ((struct voice_ref *)sapa_table_at(&v->contacts, i))->value);
    free(v->adopt_dialogs);
    free(v->adopt_held);
    v->adopt_dialogs = NULL;
    v->adopt_held = NULL;
    v->adopt_count = v->adopt_held_count = 0;
    sapa_voice_agents_restore(v);
    sapa_log(SAPA_LOG_INFO, "voice.adopt", "adopted=%llu orphans=%llu", (unsigned long long)v->stats.adopted,
             (unsigned long long)v->stats.orphans);
}

static bool is_in_inventory(const struct sapa_voice *v, const struct voice_leg *leg)
{
    return sapa_voice_inventory_of(v, leg->id) != NULL;
}

/* The media process is there (again) and has said what it holds. */
void sapa_voice_media_inventory_done(struct sapa_voice *v)
{
    if (v->adopt != ADOPT_DONE) {
        sapa_voice_adopt_try(v, false);
        return;
    }
    for (uint32_t i = 0; i < v->inventory_count; i++)
        if (!sapa_voice_find(&v->legs, v->inventory[i].leg))
            close_media(v, &v->inventory[i]);
    sapa_voice_media_legs_lost(v, is_in_inventory, "media leg lost");
}
