#include "channel/voice/voice_impl.h"

#include <stdlib.h>

struct voice_contact *sapa_voice_contact_new(struct sapa_voice *v, uint64_t id)
{
    struct voice_contact *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->id = id ? id : sapa_voice_id(v);
    c->client = c->number = c->trunk = c->dial_from = c->own_agent = c->own_target = SAPA_NONE;
    if (!sapa_voice_put(&v->contacts, c->id, c)) {
        free(c);
        return NULL;
    }
    return c;
}

void sapa_voice_contact_free(struct voice_contact *c)
{
    if (c->secret) {
        sapa_wipe(c->secret, SAPA_VOICE_SECRET_MAX);
        free(c->secret);
    }
    free(c->recording_path);
    free(c->earlier_path);
    free(c->pending);
    free(c);
}

/* Freed at the end of the turn when the core has forgotten it and no leg points here any more. */
void sapa_voice_contact_check(struct sapa_voice *v, struct voice_contact *c)
{
    if (c->dead || !(c->forgotten || !c->arrived) || c->legs > 0 || c->offers || c->borrowed ||
        (c->recording && !c->recording_off && v->media_up))
        return;
    c->dead = true;
    c->next_dead = v->dead_contacts;
    v->dead_contacts = c;
    sapa_voice_touch(v);
}

void sapa_voice_contact_gone(struct sapa_voice *v, struct voice_contact *c, enum sapa_side side, int cause, const char *reason)
{
    if (side == SAPA_SIDE_CUSTOMER)
        v->stats.gone_customer++;
    else if (side == SAPA_SIDE_NETWORK)
        v->stats.gone_network++;
    else
        v->stats.gone_system++;
    if (c->gone || !c->arrived)
        return;
    c->gone = true;
    struct sapa_record r;
    sapa_record_init(&r, SAPA_T_contact_gone);
    r.u.contact_gone.contact = c->id;
    r.u.contact_gone.side = side;
    r.u.contact_gone.cause = (uint64_t)cause;
    sapa_sized_set(&r.u.contact_gone.reason, sapa_str_of(reason));
    sapa_voice_post(v, &r);
}

struct voice_offer *sapa_voice_offer_new(struct sapa_voice *v, struct voice_contact *c, uint64_t id, uint32_t agent)
{
    struct voice_offer *o = calloc(1, sizeof(*o));
    if (!o)
        return NULL;
    o->id = id;
    o->contact = c;
    o->agent = agent;
    o->queue = SAPA_NONE;
    o->voice = v;
    if (!sapa_voice_put(&v->offers, id, o)) {
        free(o);
        return NULL;
    }
    o->next = c->offers;
    c->offers = o;
    return o;
}

void sapa_voice_offer_free(struct sapa_voice *v, struct voice_offer *o)
{
    struct voice_contact *c = o->contact;
    struct voice_offer **at = &c->offers;
    while (*at != o)
        at = &(*at)->next;
    *at = o->next;
    sapa_voice_whisper_forget(v, o);
    sapa_timer_cancel(v->loop, &o->silence);
    sapa_timer_cancel(v->loop, &o->line);
    sapa_voice_take(&v->offers, o->id);
    free(o);
    sapa_voice_contact_check(v, c);
}

void sapa_voice_offer_failed(struct sapa_voice *v, struct voice_offer *o, enum sapa_offer_result result, int cause)
{
    if (o->over)
        return;
    o->over = true;
    sapa_voice_whisper_forget(v, o);
    sapa_timer_cancel(v->loop, &o->silence);
    sapa_timer_cancel(v->loop, &o->line);
    struct sapa_record r;
    sapa_record_init(&r, SAPA_T_offer_failed);
    r.u.offer_failed.offer = o->id;
    r.u.offer_failed.result = result;
    r.u.offer_failed.cause = (uint64_t)cause;
    sapa_voice_post(v, &r);
    for (struct voice_leg *leg = o->legs; leg; leg = leg->next)
        sapa_voice_leg_end(v, leg, 16, NULL);
    if (!o->legs) {
        o->next_dead = v->dead_offers;
        v->dead_offers = o;
        sapa_voice_touch(v);
    }
}

void sapa_voice_agent_gone(struct sapa_voice *v, struct voice_offer *o, enum sapa_side side, int cause)
{
    if (o->over)
        return;
    o->over = true;
    struct sapa_record r;
    if (o->whisper) { /* he has hung up before he was connected, or is gone: for the centre it still rang */
        sapa_voice_whisper_forget(v, o);
        sapa_record_init(&r, SAPA_T_offer_failed);
        r.u.offer_failed.offer = o->id;
        r.u.offer_failed.result = side == SAPA_SIDE_AGENT ? SAPA_OFFER_REFUSED : SAPA_OFFER_UNREACHABLE;
        r.u.offer_failed.cause = side == SAPA_SIDE_AGENT ? 603 : 480;
        sapa_voice_post(v, &r);
        return;
    }
    sapa_record_init(&r, SAPA_T_agent_gone);
    r.u.agent_gone.contact = o->contact->id;
    r.u.agent_gone.offer = o->id;
    r.u.agent_gone.side = side;
    r.u.agent_gone.cause = (uint64_t)cause;
    sapa_voice_post(v, &r);
}

void sapa_voice_dial_progress(struct sapa_voice *v, struct voice_contact *c, unsigned state, int cause, enum sapa_side side, uint64_t leg)
{
    struct sapa_record r;
    c->unreached = c->unreached && state != 1;
    sapa_record_init(&r, SAPA_T_dial_progress);
    r.u.dial_progress.contact = c->id;
    const struct voice_leg *of = sapa_voice_find(&v->legs, leg);
    r.u.dial_progress.attempt = of && of->attempt ? of->attempt : c->attempt;
    if (state == 2)
        c->dial_status = cause;
    r.u.dial_progress.state = state;
    r.u.dial_progress.cause = (uint64_t)cause;
    r.u.dial_progress.side = side;
    r.u.dial_progress.leg = leg;
    const struct voice_leg *placed = c->outside && c->outside->id == leg ? c->outside : c->customer;
    if (state == 1 && placed && placed->id == leg && placed->trunk < v->centre->trunks_count)
        r.u.dial_progress.trunk = placed->trunk + UINT64_C(1);
    sapa_voice_post(v, &r);
}
