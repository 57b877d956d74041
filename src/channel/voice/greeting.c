#include "channel/voice/voice_impl.h"

#include <stdlib.h>

#include "model/rights.h"
#include "rt/random.h"

/*
 * A prompt is spoken in by telephone: "*070" and its digits, then "*1" or "*2" for the language. It is recorded as any
 * conversation is (a file sealed with a key that exists here alone), made into a take that can be heard, and kept or
 * discarded by a key. The files are the affair of who owns the folder of prompts (callbacks.take). Who may: the right
 * "prompts" of his role, and the prompt's client, of a shared one all of them. Each attempt that came so far as to be
 * decided stands in the log as api_write.
 */

enum {
    LONGEST_MS = 180000,
    CHOOSE_MS = 20000,  /* for one of the keys, then it is discarded */
    LAST_WORD_MS = 10000, /* of the recorder, when he has left */
    GREETINGS_MAX = 64,
};

enum stage { SPEAKING, RECORDING, MAKING, CHOOSING, KEEPING, OVER, LEFT };

struct voice_greeting {
    struct sapa_voice_take take;
    struct sapa_voice *voice;
    struct voice_call_code *code; /* NULL: he has hung up */
    char actor[SAPA_KEY_MAX + 1], role[32];
    uint64_t contact;             /* of the media process: the leg that was recorded */
    uint32_t length_ms;
    uint8_t stage;
    struct sapa_timer timer;
};

/* ---- who and what ---- */

static void audit(struct sapa_voice *v, const struct voice_greeting *g, sapa_rc rc, uint32_t version)
{
    struct sapa_record r;
    char buf[256];
    struct sapa_text text;

    sapa_record_init(&r, SAPA_T_api_write);
    r.u.api_write.request = g->take.id;
    sapa_sized_set(&r.u.api_write.actor, sapa_str_of(g->actor));
    sapa_sized_set(&r.u.api_write.role, sapa_str_of(g->role));
    sapa_sized_set(&r.u.api_write.source, SAPA_STR("telephone"));
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_text_printf(&text, "record prompt %s", g->take.name);
    sapa_sized_set(&r.u.api_write.what, sapa_text_str(&text));
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_text_printf(&text, "client=%s language=%s", g->take.client[0] ? g->take.client : "all", sapa_language_name(g->take.language));
    if (rc == SAPA_OK)
        sapa_text_printf(&text, " version=%u length_ms=%u", version, g->length_ms);
    sapa_sized_set(&r.u.api_write.detail, sapa_text_str(&text));
    r.u.api_write.rc = (uint64_t)-rc;
    sapa_voice_post(v, &r);
}

/* "12", "12*2"; false: no such prompt. */
static bool find_prompt(const struct sapa_voice *v, const struct sapa_agent *agent, struct sapa_str dialled, uint32_t *ret_prompt, uint8_t *ret_language)
{
    struct sapa_str language;
    const struct sapa_str dial = sapa_str_cut(dialled, '*', &language);
    uint32_t prompt = 0;

    *ret_language = agent->language < SAPA_LANGUAGE_COUNT ? agent->language : SAPA_LANGUAGE_ID;
    if (sapa_str_eq(language, SAPA_STR("1")) || sapa_str_eq(language, SAPA_STR("2")))
        *ret_language = language.p[0] == '1' ? SAPA_LANGUAGE_ID : SAPA_LANGUAGE_EN;
    else if (language.n > 0)
        return false;
    while (prompt < v->centre->prompts_count && (dial.n == 0 || !sapa_str_eq(v->centre->prompts[prompt].dial, dial)))
        prompt++;
    if (prompt == v->centre->prompts_count)
        return false;
    if (v->centre->prompts[prompt].always > 0)
        *ret_language = (uint8_t)(v->centre->prompts[prompt].always - 1);
    *ret_prompt = prompt;
    return true;
}

static bool may_record(const struct sapa_centre *centre, const struct sapa_agent *agent, const struct sapa_prompt *prompt)
{
    const uint64_t all = centre->clients_count >= SAPA_CLIENTS_MAX ? UINT64_MAX : (UINT64_C(1) << centre->clients_count) - 1;
    const uint64_t needed = prompt->client < SAPA_CLIENTS_MAX ? UINT64_C(1) << prompt->client : all;

    return agent->role < centre->roles_count && (centre->roles[agent->role].rights & SAPA_RIGHT_BIT(PROMPTS)) &&
           (agent->clients & needed) == needed;
}

/* ---- takes ---- */

static void forget(struct sapa_voice *v, struct voice_greeting *g)
{
    sapa_timer_cancel(v->loop, &g->timer);
    sapa_voice_take(&v->greetings, g->take.id);
    if (g->code)
        g->code->greeting = NULL;
    sapa_wipe(g, sizeof(*g));
    free(g);
}

static sapa_rc ask(struct sapa_voice *v, struct voice_greeting *g, enum sapa_voice_take_what what)
{
    g->take.what = (uint8_t)what;
    return v->options.callbacks.take(v->options.callbacks.ctx, &g->take);
}

static void discard(struct sapa_voice *v, struct voice_greeting *g)
{
    if (ask(v, g, SAPA_VOICE_TAKE_DISCARD) != SAPA_OK)
        v->stats.late_commands++; /* the next start takes it away */
}

/* The last word to him; his call ends with it. */
static void last_word(struct sapa_voice *v, struct voice_greeting *g, enum sapa_prompt_id id)
{
    sapa_timer_cancel(v->loop, &g->timer);
    g->stage = OVER;
    sapa_voice_code_again(g->code);
    sapa_voice_code_say(v, g->code, id);
    sapa_voice_code_speak(v, g->code);
}

static void chosen_too_late(void *ctx)
{
    struct voice_greeting *g = ctx;

    sapa_voice_touch(g->voice);
    discard(g->voice, g);
    if (g->code)
        last_word(g->voice, g, SAPA_PROMPT_ID_PROMPT_DISCARDED);
    else
        forget(g->voice, g);
}

/* A fresh take: an id, a file and a key of its own. */
static bool begin(struct sapa_voice *v, struct voice_greeting *g)
{
    struct sapa_text path;

    sapa_voice_take(&v->greetings, g->take.id);
    g->take.id = sapa_voice_id(v);
    sapa_random_bytes(g->take.key, sizeof(g->take.key));
    sapa_text_init(&path, g->take.path, sizeof(g->take.path));
    sapa_text_printf(&path, "%s/%s/%llu.srec", v->options.recordings_dir, SAPA_VOICE_TAKES, (unsigned long long)g->take.id);
    g->length_ms = 0;
    g->stage = SPEAKING;
    return !path.cut && sapa_voice_put(&v->greetings, g->take.id, g);
}

static void say_speak(struct sapa_voice *v, struct voice_greeting *g)
{
    sapa_voice_code_say(v, g->code, SAPA_PROMPT_ID_PROMPT_SPEAK);
    sapa_voice_code_say(v, g->code, SAPA_PROMPT_ID_BEEP);
}

enum sapa_prompt_id sapa_voice_greeting_new(struct sapa_voice *v, struct voice_call_code *code, struct sapa_str dialled)
{
    char folder[SAPA_VOICE_PATH_MAX];
    struct sapa_text path;
    uint32_t prompt;
    uint8_t language;

    if (code->agent >= v->centre->agents_count || !code->leg || !v->options.callbacks.take || !v->options.recordings_dir ||
        v->greetings.count >= GREETINGS_MAX)
        return SAPA_PROMPT_ID_AGENT_REFUSED;
    const struct sapa_agent *agent = &v->centre->agents[code->agent];
    if (!find_prompt(v, agent, dialled, &prompt, &language))
        return SAPA_PROMPT_ID_PROMPT_UNKNOWN;
    struct voice_greeting *g = calloc(1, sizeof(*g));
    if (!g)
        return SAPA_PROMPT_ID_AGENT_REFUSED;
    const struct sapa_prompt *known = &v->centre->prompts[prompt];
    g->voice = v;
    g->take.id = sapa_voice_id(v);
    g->take.language = language;
    bool good = sapa_str_copy(known->key, g->take.name, sizeof(g->take.name)) && sapa_str_copy(agent->key, g->actor, sizeof(g->actor)) &&
                (known->client >= v->centre->clients_count ||
                 sapa_str_copy(v->centre->clients[known->client].key, g->take.client, sizeof(g->take.client)));
    if (agent->role < v->centre->roles_count)
        (void)sapa_str_copy(v->centre->roles[agent->role].key, g->role, sizeof(g->role));
    if (good && !may_record(v->centre, agent, known)) {
        audit(v, g, SAPA_EDENIED, 0);
        free(g);
        return SAPA_PROMPT_ID_PROMPT_NOT_ALLOWED;
    }
    sapa_text_init(&path, folder, sizeof(folder));
    sapa_text_printf(&path, "%s/%s", v->options.recordings_dir, SAPA_VOICE_TAKES);
    good = good && !path.cut && sapa_folder_make(folder, 0700) == SAPA_OK;
    if (!good || !begin(v, g)) {
        free(g);
        return SAPA_PROMPT_ID_AGENT_REFUSED;
    }
    g->code = code;
    code->greeting = g;
    say_speak(v, g);
    return SAPA_PROMPT_ID_COUNT;
}

/* ---- step by step ---- */

static void record(struct sapa_voice *v, struct voice_greeting *g)
{
    const struct voice_leg *leg = g->code->leg;
    struct sapa_media_message m = { .op = SAPA_MEDIA_RECORD, .contact = leg->id, .leg = leg->id, .recording = g->take.id };

    g->contact = leg->id;
    m.u.record.kind = 1;
    m.u.record.max_ms = LONGEST_MS;
    (void)sapa_str_copy(sapa_str_of(g->take.path), m.u.record.path, sizeof(m.u.record.path));
    memcpy(m.u.record.key, g->take.key, sizeof(m.u.record.key));
    g->stage = RECORDING;
    if (sapa_voice_media_send(v, &m) != SAPA_OK)
        last_word(v, g, SAPA_PROMPT_ID_AGENT_REFUSED);
    sapa_wipe(m.u.record.key, sizeof(m.u.record.key));
}

static void end_recording(struct sapa_voice *v, const struct voice_greeting *g)
{
    struct sapa_media_message m = { .op = SAPA_MEDIA_RECORD_END, .contact = g->contact, .recording = g->take.id };

    if (sapa_voice_media_send(v, &m) != SAPA_OK)
        v->stats.late_commands++;
}

void sapa_voice_greeting_played(struct sapa_voice *v, struct voice_call_code *code)
{
    struct voice_greeting *g = code->greeting;

    if (g->stage == SPEAKING)
        record(v, g);
    else if (g->stage == OVER)
        sapa_voice_leg_end(v, code->leg, 16, NULL);
}

bool sapa_voice_greeting_recorded(struct sapa_voice *v, const struct sapa_media_message *m)
{
    struct voice_greeting *g = m->recording ? sapa_voice_find(&v->greetings, m->recording) : NULL;
    const bool ended = m->u.record_state.state == 3, failed = m->u.record_state.state == 4;

    if (!g)
        return false;
    if (!ended && !failed)
        return true;
    if (!g->code) {
        discard(v, g);
        forget(v, g);
        return true;
    }
    if (g->stage != RECORDING)
        return true; /* said twice */
    g->length_ms = (uint32_t)SAPA_MIN(m->u.record_state.recorded_ms, (uint64_t)LONGEST_MS);
    g->stage = MAKING;
    if (failed || g->length_ms == 0 || ask(v, g, SAPA_VOICE_TAKE_MAKE) != SAPA_OK) {
        discard(v, g);
        last_word(v, g, SAPA_PROMPT_ID_AGENT_REFUSED);
    }
    return true;
}

static void offer_choice(struct sapa_voice *v, struct voice_greeting *g)
{
    g->stage = CHOOSING;
    sapa_voice_code_again(g->code);
    sapa_voice_code_say_take(v, g->code, g->take.id, g->take.language);
    sapa_voice_code_say(v, g->code, SAPA_PROMPT_ID_PROMPT_CHOOSE);
    sapa_voice_code_speak(v, g->code);
    sapa_timer_set(v->loop, &g->timer, (int64_t)(g->length_ms + CHOOSE_MS) * 1000, chosen_too_late, g);
}

void sapa_voice_take_done(struct sapa_voice *v, uint64_t id, sapa_rc rc, uint32_t version)
{
    struct voice_greeting *g = sapa_voice_find(&v->greetings, id);

    if (!g || (g->stage != MAKING && g->stage != KEEPING && g->stage != LEFT)) {
        v->stats.late_commands++;
        return;
    }
    sapa_voice_touch(v);
    const bool kept = g->take.what == SAPA_VOICE_TAKE_KEEP;
    if (kept)
        audit(v, g, rc, version);
    if (rc != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "voice.take", "prompt=%s: %s", g->take.name, sapa_rc_text(rc));
    if (!g->code) { /* he has hung up: what he had chosen holds */
        if (!kept || rc != SAPA_OK)
            discard(v, g);
        forget(v, g);
    } else if (rc != SAPA_OK) {
        discard(v, g);
        last_word(v, g, SAPA_PROMPT_ID_AGENT_REFUSED);
    } else if (kept) {
        last_word(v, g, SAPA_PROMPT_ID_PROMPT_KEPT);
    } else {
        offer_choice(v, g);
    }
}

void sapa_voice_greeting_key(struct sapa_voice *v, struct voice_call_code *code, char digit)
{
    struct voice_greeting *g = code->greeting;

    if (g->stage == RECORDING) {
        if (digit == '#')
            end_recording(v, g);
        return;
    }
    if (g->stage != CHOOSING)
        return;
    switch (digit) {
    case '1':
        sapa_timer_cancel(v->loop, &g->timer);
        g->stage = KEEPING;
        if (ask(v, g, SAPA_VOICE_TAKE_KEEP) != SAPA_OK) {
            discard(v, g);
            last_word(v, g, SAPA_PROMPT_ID_AGENT_REFUSED);
        }
        return;
    case '2':
        sapa_timer_cancel(v->loop, &g->timer);
        discard(v, g);
        if (!begin(v, g)) {
            last_word(v, g, SAPA_PROMPT_ID_AGENT_REFUSED);
            return;
        }
        sapa_voice_code_again(code);
        say_speak(v, g);
        sapa_voice_code_speak(v, code);
        return;
    case '3':
        discard(v, g);
        last_word(v, g, SAPA_PROMPT_ID_PROMPT_DISCARDED);
        return;
    default: return;
    }
}

void sapa_voice_greeting_left(struct sapa_voice *v, struct voice_call_code *code)
{
    struct voice_greeting *g = code->greeting;

    code->greeting = NULL;
    g->code = NULL;
    sapa_timer_cancel(v->loop, &g->timer);
    switch ((enum stage)g->stage) {
    case RECORDING:
        end_recording(v, g);
        sapa_timer_set(v->loop, &g->timer, (int64_t)LAST_WORD_MS * 1000, chosen_too_late, g);
        return;
    case MAKING:
    case KEEPING: g->stage = LEFT; return;
    case CHOOSING: discard(v, g); break;
    case SPEAKING:
    case OVER:
    case LEFT:
    default: break;
    }
    forget(v, g);
}

void sapa_voice_greetings_close(struct sapa_voice *v)
{
    while (v->greetings.count > 0)
        forget(v, ((struct voice_ref *)sapa_table_at(&v->greetings, 0))->value);
    sapa_table_done(&v->greetings);
}
