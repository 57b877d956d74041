#include "channel/voice/voice_impl.h"

#include <stdlib.h>

/*
 * An agent who has answered hears a tone and the name of the queue before he and the customer hear each other
 * (queues.KEY.whisper, auto_answer). Until then the offer is not accepted: the customer stays in line with what he
 * hears there, may give up, and is counted so. Nobody is bridged with anybody, so nothing of it reaches the customer
 * or the recording. A browser is told when the media process and it hear each other; one that never gets so far, its
 * page gone or its network shut, has not answered.
 */

enum {
    PREPARE_US = 2500000,  /* a name that is not spoken by then is not waited for */
    CONNECT_US = 6000000,  /* a browser that cannot be heard by then */
    LONGEST_US = 8000000,  /* of tone and name, then they are connected whatever plays */
    WHISPER_PLAY = 0x40000001, /* never a number of the core's */
};

static const struct sapa_queue *queue_of(const struct sapa_voice *v, const struct voice_offer *o)
{
    return o->kind <= 1 && o->queue < v->centre->queues_count ? &v->centre->queues[o->queue] : NULL;
}

static bool goes_on(const struct voice_offer *o)
{
    return !o->over && o->winner && o->winner->state == LEG_UP;
}

static void accept_now(struct sapa_voice *v, struct voice_offer *o)
{
    sapa_voice_whisper_forget(v, o);
    if (goes_on(o))
        sapa_voice_offer_accepted(v, o);
}

static void too_long(void *ctx)
{
    struct voice_offer *o = ctx;

    sapa_voice_touch(o->voice);
    accept_now(o->voice, o);
}

static bool can_hear(const struct voice_leg *leg)
{
    return !leg->webrtc || leg->web_up;
}

/* Whatever is there of it, as soon as he can hear. */
static void play(struct sapa_voice *v, struct voice_offer *o)
{
    struct voice_play *p = o->whisper;
    const struct voice_leg *leg = o->winner;
    struct sapa_media_message m = { .op = SAPA_MEDIA_PLAY, .contact = o->contact->id, .leg = leg ? leg->id : 0 };

    if (p->number != 0 || !goes_on(o) || !can_hear(leg))
        return;
    p->number = WHISPER_PLAY;
    m.u.play.play = p->number;
    for (uint8_t i = 0; i < p->count; i++)
        if (p->here[i])
            memcpy(m.u.play.files[m.u.play.file_count++], p->files[i], SAPA_MEDIA_PATH_MAX);
    if (m.u.play.file_count == 0 || sapa_voice_media_send(v, &m) != SAPA_OK) {
        accept_now(v, o);
        return;
    }
    sapa_timer_set(v->loop, &o->whispers, LONGEST_US, too_long, o);
}

static void prepared(void *ctx)
{
    struct voice_offer *o = ctx;
    struct sapa_voice *v = o->voice;

    sapa_voice_touch(v);
    if (!goes_on(o)) {
        sapa_voice_whisper_forget(v, o);
    } else if (can_hear(o->winner)) {
        o->whisper->waiting = 0;
        play(v, o);
    } else if (!o->whisper->loop) { /* once more as long: he may be a moment late */
        o->whisper->loop = 1;
        sapa_timer_set(v->loop, &o->whispers, CONNECT_US - PREPARE_US, prepared, o);
    } else {
        sapa_voice_outbound_failed(v, o->winner, 480, false); /* his browser rang and answered, and nobody is heard */
    }
}

static void add(struct sapa_voice *v, struct voice_offer *o, uint32_t prompt, struct sapa_str text)
{
    struct voice_play *p = o->whisper;
    const unsigned language = o->agent < v->centre->agents_count ? v->centre->agents[o->agent].language : SAPA_LANGUAGE_ID;
    const uint8_t i = p->count++;
    const struct voice_prompt_wait wait = { .target = o->id, .index = i, .what = USE_WHISPER };
    const sapa_rc rc = sapa_voice_prompt_ask(v, prompt, text, language, wait, p->files[i]);

    p->here[i] = rc == SAPA_OK;
    p->waiting += rc == SAPA_EAGAIN;
}

bool sapa_voice_whisper_begin(struct sapa_voice *v, struct voice_offer *o)
{
    const struct sapa_queue *queue = queue_of(v, o);
    struct sapa_record r;

    if (!queue || (!queue->whisper && !queue->auto_answer) || (o->whisper = calloc(1, sizeof(*o->whisper))) == NULL)
        return false;
    sapa_record_init(&r, SAPA_T_offer_ringing);
    r.u.offer_ringing.offer = o->id;
    r.u.offer_ringing.answered = 1;
    sapa_voice_post(v, &r);
    add(v, o, v->system_prompt[SAPA_PROMPT_ID_BEEP], (struct sapa_str){ NULL, 0 });
    add(v, o, SAPA_NONE, queue->name);
    sapa_timer_set(v->loop, &o->whispers, PREPARE_US, prepared, o);
    if (o->whisper->waiting == 0)
        play(v, o);
    return true;
}

void sapa_voice_whisper_prompt(struct sapa_voice *v, uint64_t offer, uint8_t index, sapa_rc rc, const char *base)
{
    struct voice_offer *o = sapa_voice_find(&v->offers, offer);
    struct voice_play *p = o ? o->whisper : NULL;

    if (!p || p->number != 0 || index >= p->count || p->here[index] || p->waiting == 0)
        return;
    p->here[index] = rc == SAPA_OK && sapa_str_copy(sapa_str_of(base), p->files[index], SAPA_MEDIA_PATH_MAX);
    if (--p->waiting == 0)
        play(v, o);
}

void sapa_voice_whisper_heard(struct sapa_voice *v, struct voice_offer *o)
{
    if (o->whisper && o->whisper->waiting == 0)
        play(v, o);
}

void sapa_voice_whisper_played(struct sapa_voice *v, struct voice_offer *o, uint32_t number)
{
    if (o->whisper && o->whisper->number != 0 && (number == 0 || number == o->whisper->number))
        accept_now(v, o);
}

void sapa_voice_whisper_forget(struct sapa_voice *v, struct voice_offer *o)
{
    sapa_timer_cancel(v->loop, &o->whispers);
    free(o->whisper);
    o->whisper = NULL;
}
