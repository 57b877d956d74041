#include "channel/voice/voice_impl.h"

#include <stdlib.h>

void sapa_voice_play_done(struct sapa_voice *v, struct voice_contact *c, uint32_t play, bool failed)
{
    struct sapa_record r;
    sapa_record_init(&r, SAPA_T_play_done);
    r.u.play_done.contact = c->id;
    r.u.play_done.play = play;
    r.u.play_done.failed = failed;
    sapa_voice_post(v, &r);
}

/*
 * One prompt (index, or SAPA_NONE and a text). SAPA_OK: its file is in `ret_base` (SAPA_MEDIA_PATH_MAX
 * bytes). SAPA_EAGAIN: sapa_voice_prompt_ready() will come, `wait` says for what.
 */
sapa_rc sapa_voice_prompt_ask(struct sapa_voice *v, uint32_t prompt, struct sapa_str text, unsigned language,
                         struct voice_prompt_wait wait, char *ret_base)
{
    const struct sapa_centre *centre = v->centre;
    struct sapa_voice_prompt p = { .language = (uint8_t)(language < SAPA_LANGUAGE_COUNT ? language : SAPA_LANGUAGE_ID),
                                   .text = text };
    if (prompt != SAPA_NONE) {
        if (prompt >= centre->prompts_count)
            return SAPA_ENOENT;
        const struct sapa_prompt *known = &centre->prompts[prompt];
        if (known->always > 0) /* "for English press two" is said in English, whoever listens */
            p.language = (uint8_t)(known->always - 1);
        p.music = known->music;
        p.name = known->key;
        p.text = known->text[p.language];
        if (known->client < centre->clients_count)
            p.client = centre->clients[known->client].key;
    }
    return sapa_voice_prompt_want(v, &p, wait, ret_base);
}

/* The same of any prompt. */
sapa_rc sapa_voice_prompt_want(struct sapa_voice *v, const struct sapa_voice_prompt *p, struct voice_prompt_wait wait, char *ret_base)
{
    wait.tag = ++v->prompt_tag;
    const sapa_rc rc = v->options.callbacks.prompt(v->options.callbacks.ctx, p, wait.tag, ret_base, SAPA_MEDIA_PATH_MAX);
    if (rc != SAPA_EAGAIN)
        return rc;
    struct voice_prompt_wait *entry;
    const sapa_rc added = sapa_table_add(&v->prompts, wait.tag, &entry);
    if (added != SAPA_OK)
        return added;
    *entry = wait;
    return SAPA_EAGAIN;
}

/* ---- announcements ---- */

static void play_send(struct sapa_voice *v, struct voice_contact *c)
{
    struct voice_play *p = c->pending;
    struct sapa_media_message m = { .op = SAPA_MEDIA_PLAY, .contact = c->id, .tag = p->number };
    m.u.play.play = p->number;
    m.u.play.loop = p->loop;
    for (uint8_t i = 0; i < p->count; i++)
        if (p->here[i])
            memcpy(m.u.play.files[m.u.play.file_count++], p->files[i], SAPA_MEDIA_PATH_MAX);
    const bool possible = m.u.play.file_count > 0 && c->customer && c->customer->state == LEG_UP;
    m.leg = possible ? c->customer->id : 0;
    c->pending = NULL;
    c->play = p->number;
    if (!possible || sapa_voice_media_send(v, &m) != SAPA_OK) {
        c->play = 0;
        sapa_voice_play_done(v, c, p->number, true);
    }
    free(p);
}

void sapa_voice_play(struct sapa_voice *v, const struct sapa_rec_cmd_play *cmd)
{
    struct voice_contact *c = sapa_voice_find(&v->contacts, cmd->contact);
    struct sapa_reader reader = sapa_reader_of(cmd->segments.p, cmd->segments.n);
    uint32_t prompt;
    struct sapa_str text;
    free(c->pending);
    c->play = 0;
    c->pending = calloc(1, sizeof(*c->pending));
    struct voice_play *p = c->pending;
    if (!p) {
        sapa_voice_play_done(v, c, (uint32_t)cmd->play, true);
        return;
    }
    p->number = (uint32_t)cmd->play;
    p->loop = cmd->loop != 0;
    while (p->count < SAPA_MEDIA_FILES_MAX && sapa_segment_next(&reader, &prompt, &text)) {
        const uint8_t i = p->count++;
        const struct voice_prompt_wait wait = { .target = c->id, .number = p->number, .index = i, .what = USE_PLAY };
        const sapa_rc rc = sapa_voice_prompt_ask(v, prompt, text, (unsigned)cmd->language, wait, p->files[i]);
        p->here[i] = rc == SAPA_OK;
        p->waiting += rc == SAPA_EAGAIN;
        if (rc != SAPA_OK && rc != SAPA_EAGAIN)
            sapa_log(SAPA_LOG_WARN, "voice.prompt", "prompt=%u rc=%s", prompt, sapa_rc_name(rc));
    }
    if (p->waiting == 0)
        play_send(v, c);
}

void sapa_voice_play_stop(struct sapa_voice *v, struct voice_contact *c)
{
    free(c->pending);
    c->pending = NULL;
    c->play = 0;
    if (!c->customer || c->customer->media != MEDIA_OPEN)
        return;
    struct sapa_media_message m = { .op = SAPA_MEDIA_STOP, .contact = c->id, .leg = c->customer->id };
    if (sapa_voice_media_send(v, &m) != SAPA_OK)
        v->stats.late_commands++;
}

/* ---- hold music ---- */

struct voice_leg *sapa_voice_talking_agent(const struct voice_contact *c)
{
    for (const struct voice_offer *o = c->offers; o; o = o->next)
        if (o->winner && !o->supervises && o->winner->state == LEG_UP && voice_talks_in(o->winner) == c)
            return o->winner;
    return NULL;
}

static void music_send(struct sapa_voice *v, struct voice_contact *c, bool agent, bool loop, const char *base)
{
    struct voice_leg *leg = agent ? sapa_voice_talking_agent(c) : c->customer;
    if (!leg || leg->media != MEDIA_OPEN)
        return;
    struct sapa_media_message m = { .op = base ? SAPA_MEDIA_PLAY : SAPA_MEDIA_STOP, .contact = c->id, .leg = leg->id };
    if (base) {
        m.u.play.loop = loop;
        m.u.play.play = UINT32_C(0x80000000) | c->music_wanted[agent]; /* never one of the core's */
        m.u.play.file_count = 1;
        sapa_str_copy(sapa_str_of(base), m.u.play.files[0], SAPA_MEDIA_PATH_MAX);
    }
    if (sapa_voice_media_send(v, &m) != SAPA_OK)
        v->stats.late_commands++;
}

void sapa_voice_hold_music(struct sapa_voice *v, const struct sapa_rec_cmd_hold_music *cmd)
{
    struct voice_contact *c = sapa_voice_find(&v->contacts, cmd->contact);
    const bool agent = cmd->side == SAPA_SIDE_AGENT;
    char base[SAPA_MEDIA_PATH_MAX];
    c->music_wanted[agent]++;
    c->music_on[agent] = cmd->on != 0;
    if (!cmd->on) {
        music_send(v, c, agent, false, NULL);
        return;
    }
    const struct voice_prompt_wait wait = {
        .target = c->id, .number = c->music_wanted[agent], .what = agent ? USE_MUSIC_AGENT : USE_MUSIC_CUSTOMER
    };
    const uint32_t prompt = cmd->prompt < v->centre->prompts_count ? (uint32_t)cmd->prompt : v->system_prompt[SAPA_PROMPT_ID_MUSIC];
    if (sapa_voice_prompt_ask(v, prompt, (struct sapa_str){ NULL, 0 }, SAPA_LANGUAGE_ID, wait, base) == SAPA_OK)
        music_send(v, c, agent, true, base);
}

/* A word for the agent alone, once: "the customer is being called". */
void sapa_voice_agent_note(struct sapa_voice *v, struct voice_contact *c, uint32_t prompt)
{
    const struct voice_leg *leg = sapa_voice_talking_agent(c);
    char base[SAPA_MEDIA_PATH_MAX];
    if (!leg || leg->agent >= v->centre->agents_count)
        return;
    const struct voice_prompt_wait wait = { .target = c->id, .number = ++c->music_wanted[1], .what = USE_NOTE_AGENT };
    c->music_on[1] = true;
    if (sapa_voice_prompt_ask(v, prompt, (struct sapa_str){ NULL, 0 }, v->centre->agents[leg->agent].language,
                              wait, base) == SAPA_OK)
        music_send(v, c, true, false, base);
}

/* ---- for one line alone ---- */

static void say_send(struct sapa_voice *v, const struct voice_leg *leg, bool loop, const char *base)
{
    struct sapa_media_message m = { .op = SAPA_MEDIA_PLAY, .contact = leg->contact->id, .leg = leg->id };
    if (leg->media != MEDIA_OPEN)
        return;
    m.u.play.loop = loop;
    m.u.play.play = UINT32_C(0xc0000000) | (leg->said & 0xffffff); /* never one of the core's */
    m.u.play.file_count = 1;
    sapa_str_copy(sapa_str_of(base), m.u.play.files[0], SAPA_MEDIA_PATH_MAX);
    if (sapa_voice_media_send(v, &m) != SAPA_OK)
        v->stats.late_commands++;
}

void sapa_voice_leg_say(struct sapa_voice *v, struct voice_leg *leg, uint32_t prompt, bool loop)
{
    const unsigned language = leg->agent < v->centre->agents_count ? v->centre->agents[leg->agent].language : SAPA_LANGUAGE_ID;
    const struct voice_prompt_wait wait = { .target = leg->id, .number = ++leg->said, .what = loop ? USE_LEG_LOOP : USE_LEG };
    char base[SAPA_MEDIA_PATH_MAX];
    if (prompt < v->centre->prompts_count &&
        sapa_voice_prompt_ask(v, prompt, (struct sapa_str){ NULL, 0 }, language, wait, base) == SAPA_OK)
        say_send(v, leg, loop, base);
}

void sapa_voice_prompt_ready(struct sapa_voice *v, uint64_t tag, sapa_rc rc, const char *base)
{
    const struct voice_prompt_wait *found = sapa_table_find(&v->prompts, tag);
    if (!found)
        return;
    const struct voice_prompt_wait wait = *found;
    sapa_table_remove(&v->prompts, sapa_table_find(&v->prompts, tag));
    sapa_voice_touch(v);
    if (wait.what == USE_CODE) {
        sapa_voice_code_prompt(v, wait.target, wait.number, wait.index, rc, base);
        return;
    }
    if (wait.what == USE_WHISPER) {
        sapa_voice_whisper_prompt(v, wait.target, wait.index, rc, base);
        return;
    }
    if (wait.what == USE_LEG || wait.what == USE_LEG_LOOP) {
        const struct voice_leg *leg = sapa_voice_find(&v->legs, wait.target);
        if (leg && leg->state == LEG_UP && leg->said == wait.number && rc == SAPA_OK)
            say_send(v, leg, wait.what == USE_LEG_LOOP, base);
        return;
    }
    struct voice_contact *c = sapa_voice_find(&v->contacts, wait.target);
    if (!c)
        return;
    if (wait.what != USE_PLAY) {
        const bool agent = wait.what != USE_MUSIC_CUSTOMER;
        if (rc == SAPA_OK && c->music_on[agent] && c->music_wanted[agent] == wait.number)
            music_send(v, c, agent, wait.what != USE_NOTE_AGENT, base);
        return;
    }
    struct voice_play *p = c->pending;
    if (!p || p->number != wait.number || p->here[wait.index])
        return; /* replaced meanwhile */
    p->here[wait.index] = rc == SAPA_OK && sapa_str_copy(sapa_str_of(base), p->files[wait.index], SAPA_MEDIA_PATH_MAX);
    if (--p->waiting == 0)
        play_send(v, c);
}

/* ---- keys ---- */

void sapa_voice_secret_set(struct sapa_voice *v, struct voice_contact *c, bool on)
{
    if (on) {
        if (!c->secret)
            c->secret = calloc(1, SAPA_VOICE_SECRET_MAX);
        else
            sapa_wipe(c->secret, SAPA_VOICE_SECRET_MAX);
        c->secret_n = 0;
    }
    c->secret_on = on;
    if (!c->customer)
        return;
    struct sapa_media_message m = { .op = SAPA_MEDIA_SECRET, .code = on, .contact = c->id, .leg = c->customer->id };
    if (sapa_voice_media_send(v, &m) != SAPA_OK)
        v->stats.late_commands++;
}

size_t sapa_voice_secret(const struct sapa_voice *v, uint64_t contact, char *buf, size_t size)
{
    const struct voice_contact *c = sapa_voice_find(&v->contacts, contact);
    if (!c || !c->secret || c->secret_n > size)
        return 0;
    memcpy(buf, c->secret, c->secret_n);
    return c->secret_n;
}

/* A key, however it was sent. In secret mode digits stay here and the log sees a question mark. */
void sapa_voice_digit(struct sapa_voice *v, struct voice_leg *leg, char digit, enum voice_key_by by)
{
    struct voice_contact *c = voice_talks_in(leg);
    const bool caller = c && c->customer == leg;
    if (leg->code && leg->code->greeting) {
        sapa_voice_greeting_key(v, leg->code, digit);
        return;
    }
    const bool passed_on = by == KEY_INFO || (by == KEY_EVENT && leg->mix); /* by us; a tone is in the audio */
    if (c && leg->kind == LEG_OUTSIDE && passed_on)
        sapa_voice_leg_keys(v, leg, (struct sapa_str){ &digit, 1 });
    if (!c || leg->kind == LEG_OUTSIDE || leg->kind == LEG_CODE || (leg->kind == LEG_AGENT && leg->offer->winner != leg))
        return;
    if (leg->kind == LEG_AGENT || (caller && c->own_agent != SAPA_NONE))
        sapa_voice_agent_key(v, leg, digit, by == KEY_TONE);
    else if (passed_on && !c->secret_on)
        sapa_voice_leg_keys(v, leg, (struct sapa_str){ &digit, 1 });
    struct sapa_record r;
    sapa_record_init(&r, SAPA_T_digit);
    r.u.digit.contact = c->id;
    r.u.digit.side = caller ? SAPA_SIDE_CUSTOMER : sapa_voice_leg_side(leg);
    r.u.digit.person = c->person;
    if (c->secret_on && caller && digit != '#' && digit != '*') {
        if (c->secret && c->secret_n < SAPA_VOICE_SECRET_MAX)
            c->secret[c->secret_n++] = digit;
        digit = '?';
    }
    r.u.digit.secrets = c->secret_n;
    const struct sapa_str key = { &digit, 1 };
    sapa_sized_set(&r.u.digit.digit, key);
    sapa_voice_post(v, &r);
}
