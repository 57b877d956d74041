#include "channel/voice/voice_impl.h"

#include <stdlib.h>

/*
 * Who hears whom. Nothing here is a step from one conversation to the next: after each change the parties of a
 * contact are looked at as they are, two who talk are bridged, three and more are mixed, and the media process is
 * told what differs from what it was told before. So commands may come in any order, and be lost with a process.
 */

struct party {
    struct voice_leg *leg;
    bool held;
    uint8_t role; /* of a supervisor */
};

static bool takes_part(const struct voice_leg *leg, const struct voice_contact *c)
{
    return leg && leg->state == LEG_UP && voice_talks_in(leg) == c;
}

static size_t parties_of(const struct voice_contact *c, struct party ret[VOICE_PARTIES_MAX])
{
    size_t n = 0;

    if (takes_part(c->customer, c))
        ret[n++] = (struct party){ .leg = c->customer };
    for (const struct voice_offer *o = c->offers; o && n < VOICE_PARTIES_MAX; o = o->next)
        if (!o->over && o->connected && !o->supervises && takes_part(o->winner, c))
            ret[n++] = (struct party){ .leg = o->winner, .held = o->held };
    for (struct voice_leg *leg = c->outside; leg && n < VOICE_PARTIES_MAX; leg = leg->next)
        if (leg->connected && takes_part(leg, c))
            ret[n++] = (struct party){ .leg = leg };
    return n;
}

/* Who hears the parties without being one: behind them in the same list. Returns how many there are now. */
static size_t supervisors_of(const struct voice_contact *c, struct party ret[VOICE_PARTIES_MAX], size_t n)
{
    for (const struct voice_offer *o = c->offers; o && n < VOICE_PARTIES_MAX; o = o->next) {
        if (o->over || !o->connected || !o->supervises || !takes_part(o->winner, c))
            continue;
        const enum sapa_supervision does = (enum sapa_supervision)(o->supervises - 1);
        ret[n++] = (struct party){ .leg = o->winner,
                                   .role = does == SAPA_SUPERVISION_BARGE     ? SAPA_MEDIA_ROLE_PARTY
                                           : does == SAPA_SUPERVISION_WHISPER ? SAPA_MEDIA_ROLE_WHISPER
                                                                              : SAPA_MEDIA_ROLE_LISTEN };
    }
    return n;
}

static void tell(struct sapa_voice *v, struct sapa_media_message *m)
{
    if (sapa_voice_media_send(v, m) != SAPA_OK)
        v->stats.late_commands++;
}

/* What is heard before a call is answered stays: who speaks there is no party yet. */
static bool is_early(const struct sapa_voice *v, const struct voice_leg *leg)
{
    const struct voice_leg *other = sapa_voice_find(&v->legs, leg->bridged);

    return other && (leg->state < LEG_UP || other->state < LEG_UP);
}

void sapa_voice_leg_alone(struct sapa_voice *v, struct voice_leg *leg)
{
    struct sapa_media_message m = { .op = leg->mix ? SAPA_MEDIA_MIX_LEAVE : SAPA_MEDIA_UNBRIDGE,
                                    .contact = voice_talks_in(leg)->id, .leg = leg->id };

    if (!leg->mix && !sapa_voice_find(&v->legs, leg->bridged)) {
        leg->bridged = 0;
        return;
    }
    tell(v, &m);
    sapa_voice_leg_part(v, leg);
}

/* Who only hears two others changes nothing for them: what one of them is told meanwhile goes on. */
static void mix(struct sapa_voice *v, struct voice_contact *c, const struct party *parties, size_t n, bool conference)
{
    if (!c->mix)
        c->mix = sapa_voice_id(v);
    for (size_t i = 0; i < n; i++) {
        struct voice_leg *leg = parties[i].leg;
        const uint8_t role = parties[i].held ? SAPA_MEDIA_ROLE_HELD : parties[i].role;
        struct sapa_media_message m = { .op = SAPA_MEDIA_STOP, .contact = c->id, .leg = leg->id };
        if (leg->mix == c->mix && leg->role == role)
            continue;
        if (conference || (leg->mix && leg->role == SAPA_MEDIA_ROLE_HELD)) {
            tell(v, &m); /* music of one who was held, a word: they talk now */
            leg->said++;
        }
        m.op = SAPA_MEDIA_MIX_JOIN;
        m.u.mix.mix = c->mix;
        m.u.mix.role = role;
        tell(v, &m);
        sapa_voice_leg_part(v, leg);
        leg->mix = c->mix;
        leg->role = role;
    }
}

void sapa_voice_review(struct sapa_voice *v, struct voice_contact *c)
{
    struct party parties[VOICE_PARTIES_MAX];
    const size_t n = parties_of(c, parties), all = supervisors_of(c, parties, n);
    const bool both = n == 2 && !parties[0].held && !parties[1].held;

    if (n >= 3 || (both && all > n)) {
        mix(v, c, parties, all, n >= 3);
        return;
    }
    for (size_t i = n; i < all; i++) /* there is no conversation at the moment */
        sapa_voice_leg_alone(v, parties[i].leg);
    if (both) {
        struct voice_leg *a = parties[0].leg, *b = parties[1].leg;
        const bool plays = (c->music_on[0] || c->music_on[1]) && c->mix && a->mix == c->mix && b->mix == c->mix &&
                           a->role == SAPA_MEDIA_ROLE_PARTY && b->role == SAPA_MEDIA_ROLE_PARTY;
        if (plays) /* a supervisor has left them: alone in the mix they are as if bridged, and music goes on */
            return;
        if (a->mix || b->mix || a->bridged != b->id || b->bridged != a->id)
            sapa_voice_leg_bridge(v, c, a, b);
    } else {
        for (size_t i = 0; i < n; i++)
            if (!is_early(v, parties[i].leg))
                sapa_voice_leg_alone(v, parties[i].leg);
    }
}

/* ---- commands ---- */

static void nothing_plays(struct voice_contact *c)
{
    free(c->pending);
    c->pending = NULL;
    c->play = 0;
    c->music_on[0] = c->music_on[1] = false;
}

static struct voice_leg *outside_up(const struct voice_contact *c)
{
    for (struct voice_leg *leg = c->outside; leg; leg = leg->next)
        if (leg->state == LEG_UP)
            return leg;
    return NULL;
}

void sapa_voice_connect(struct sapa_voice *v, struct voice_contact *c, uint64_t offer)
{
    struct voice_offer *o = sapa_voice_find(&v->offers, offer);
    struct voice_leg *other = o && o->contact == c && !o->over ? o->winner : offer == 0 ? outside_up(c) : NULL;
    struct party parties[VOICE_PARTIES_MAX];

    if (o && other && c->customer && c->customer->state == LEG_NEW && c->customer->answer_wanted) {
        o->connected = true; /* they hear each other with the answer, which waits for its port */
        return;
    }
    if (!c->customer || !other || c->customer->state != LEG_UP) {
        v->stats.late_commands++;
        return;
    }
    if (other->state == LEG_NEW && other->tx) { /* his phone has called, and waits for this */
        o->connected = other->answer_wanted = true;
        if (other->media == MEDIA_OPEN && !sapa_voice_leg_answer(v, other))
            sapa_voice_leg_lost(v, other, SAPA_SIDE_SYSTEM, 500, "answer could not be sent");
    }
    if (other->state != LEG_UP) {
        v->stats.late_commands += other->state == LEG_OVER;
        return;
    }
    nothing_plays(c);
    if (o)
        o->connected = true;
    else
        other->connected = true;
    if (parties_of(c, parties) == 2 && supervisors_of(c, parties, 2) == 2 && !parties[0].held && !parties[1].held)
        sapa_voice_leg_bridge(v, c, parties[0].leg, parties[1].leg); /* said again it ends what plays */
    else
        sapa_voice_review(v, c);
}

void sapa_voice_hold(struct sapa_voice *v, struct voice_contact *c, const struct sapa_rec_cmd_hold *cmd)
{
    struct voice_offer *o = sapa_voice_find(&v->offers, cmd->offer);
    struct party parties[VOICE_PARTIES_MAX];

    if (!o || o->contact != c || o->over) {
        v->stats.late_commands++;
        return;
    }
    o->held = cmd->on != 0;
    if (!cmd->on) {
        o->connected = true;
        c->music_on[0] = c->music_on[1] = false;
        if (o->winner && o->winner->lent && !o->lent)
            sapa_voice_line_return(v, o->winner->lent);
    }
    sapa_voice_review(v, c);
    const size_t n = parties_of(c, parties);
    const struct party *left = NULL;
    size_t talking = 0;
    for (size_t i = 0; i < n; i++)
        if (!parties[i].held) {
            talking++;
            left = &parties[i];
        }
    if (!cmd->on || talking != 1)
        return;
    const uint32_t prompt = cmd->prompt < v->centre->prompts_count ? (uint32_t)cmd->prompt : v->system_prompt[SAPA_PROMPT_ID_MUSIC];
    if (left->leg != c->customer)
        sapa_voice_leg_say(v, left->leg, prompt, true); /* the customer's comes by cmd_hold_music */
}

void sapa_voice_join(struct sapa_voice *v, struct voice_contact *c, const struct sapa_rec_cmd_join *cmd)
{
    struct voice_contact *from = sapa_voice_find(&v->contacts, cmd->other);
    struct voice_offer *o = sapa_voice_find(&v->offers, cmd->offer);
    struct voice_leg *leg = o ? o->winner : from ? from->customer : NULL;

    if (!from || from == c || !leg || leg->state != LEG_UP || leg->lent || (o ? o->contact != from || o->over : cmd->offer != 0)) {
        v->stats.late_commands++;
        return;
    }
    if (o) {
        struct voice_offer **at = &from->offers;
        while (*at != o)
            at = &(*at)->next;
        *at = o->next;
        o->next = c->offers;
        c->offers = o;
        o->contact = c;
        o->connected = true;
        o->held = false;
        for (struct voice_leg *each = o->legs; each; each = each->next)
            sapa_voice_leg_move(v, each, c, false);
    } else {
        from->customer = NULL;
        v->calls--;
        leg->kind = LEG_OUTSIDE;
        leg->attempt = (uint32_t)cmd->attempt;
        leg->connected = true;
        sapa_voice_leg_move(v, leg, c, false);
        sapa_voice_outside_add(c, leg);
    }
    c->joined = o ? o->id : cmd->attempt;
    nothing_plays(from);
    sapa_voice_leg_log(v, leg, false);
    sapa_voice_review(v, from);
    sapa_voice_review(v, c);
    sapa_voice_contact_check(v, from);
}

void sapa_voice_supervise(struct sapa_voice *v, struct voice_contact *c, const struct sapa_rec_cmd_supervise *cmd)
{
    struct voice_offer *o = sapa_voice_find(&v->offers, cmd->offer);

    if (!o || o->contact != c || o->over || !o->winner || o->winner->state != LEG_UP || !o->supervises ||
        cmd->mode >= SAPA_SUPERVISION_END) {
        v->stats.late_commands++;
        return;
    }
    o->connected = true;
    if (cmd->mode == SAPA_SUPERVISION_TAKEOVER) {
        o->supervises = 0;
        o->kind = 3;
        sapa_voice_leg_log(v, o->winner, false);
    } else {
        o->supervises = (uint8_t)(cmd->mode + 1);
    }
    sapa_voice_review(v, c);
}

/* ---- lines that are lent ---- */

/* It is no offer's any more, and that offer is over. */
static void leave_offer(struct sapa_voice *v, struct voice_leg *leg)
{
    struct voice_offer *o = leg->offer;
    struct voice_leg **at = &o->legs;

    while (*at != leg)
        at = &(*at)->next;
    *at = leg->next;
    leg->next = NULL;
    leg->offer = NULL;
    o->winner = NULL;
    o->over = true;
    sapa_timer_cancel(v->loop, &o->silence);
    sapa_timer_cancel(v->loop, &o->line);
    if (!o->legs) {
        o->next_dead = v->dead_offers;
        v->dead_offers = o;
        sapa_voice_touch(v);
    }
}

static struct voice_offer *borrowing_offer(const struct voice_contact *c)
{
    for (struct voice_offer *o = c->offers; o; o = o->next)
        if (o->lent && !o->over)
            return o;
    return NULL;
}

static void move_media(struct sapa_voice *v, struct voice_leg *leg, const struct voice_contact *to)
{
    struct sapa_media_message m = { .op = SAPA_MEDIA_LEG_MOVE, .contact = to->id, .leg = leg->id };

    /* A media process of before knows no moves: it bridges two all the same where they are on one thread. */
    if ((leg->media == MEDIA_OPEN || leg->media == MEDIA_OPENING) && v->media_version >= SAPA_MEDIA_VERSION_MOVES)
        tell(v, &m);
    sapa_voice_leg_part(v, leg);
}

void sapa_voice_leg_move(struct sapa_voice *v, struct voice_leg *leg, struct voice_contact *c, bool told)
{
    struct voice_contact *from = leg->contact;

    if (!told)
        move_media(v, leg, leg->lent ? leg->lent : c);
    if (from == c)
        return;
    leg->contact = c;
    c->legs++;
    from->legs--;
    sapa_voice_contact_check(v, from);
}

void sapa_voice_line_lend(struct sapa_voice *v, struct voice_leg *leg, struct voice_contact *c)
{
    leg->lent = c;
    c->borrowed = leg;
    move_media(v, leg, c);
    sapa_voice_leg_log(v, leg, false);
    sapa_voice_review(v, leg->contact);
}

void sapa_voice_line_return(struct sapa_voice *v, struct voice_contact *c)
{
    struct voice_leg *leg = c->borrowed;
    struct voice_offer *o = borrowing_offer(c);

    if (!leg)
        return;
    c->borrowed = NULL;
    leg->lent = NULL;
    leg->said++;
    if (c->customer == leg)
        c->customer = NULL;
    if (o) {
        o->winner = NULL;
        o->over = true;
        o->next_dead = v->dead_offers;
        v->dead_offers = o;
    }
    if (leg->state != LEG_OVER) {
        move_media(v, leg, leg->contact);
        sapa_voice_leg_log(v, leg, false);
        sapa_voice_review(v, leg->contact);
    }
    sapa_voice_review(v, c);
    sapa_voice_contact_check(v, c);
    sapa_voice_touch(v);
}

void sapa_voice_line_give(struct sapa_voice *v, struct voice_leg *leg)
{
    struct voice_contact *c = leg->lent;
    struct voice_offer *o = c ? borrowing_offer(c) : NULL;

    if (!c)
        return;
    c->borrowed = NULL;
    leg->lent = NULL;
    if (!o) {
        sapa_voice_line_caller(v, leg, c);
        return;
    }
    leave_offer(v, leg);
    o->lent = false;
    o->legs = leg;
    leg->offer = o;
    sapa_voice_leg_move(v, leg, c, true);
    sapa_voice_leg_log(v, leg, false);
}

void sapa_voice_line_caller(struct sapa_voice *v, struct voice_leg *leg, struct voice_contact *c)
{
    leave_offer(v, leg);
    leg->kind = LEG_CUSTOMER;
    v->calls++;
    c->customer = leg;
    sapa_voice_leg_move(v, leg, c, true);
    sapa_voice_leg_log(v, leg, false);
}

/* ---- outside legs ---- */

struct voice_leg *sapa_voice_outside_of(const struct voice_contact *c, uint64_t attempt)
{
    for (struct voice_leg *leg = c->outside; leg; leg = leg->next)
        if (leg->attempt == attempt)
            return leg;
    return NULL;
}

void sapa_voice_outside_add(struct voice_contact *c, struct voice_leg *leg)
{
    leg->next = c->outside;
    c->outside = leg;
}
