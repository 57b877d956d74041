#include "channel/voice/voice_impl.h"

#include <stdlib.h>

/*
 * Codes dialled from an agent's phone: "*1" ready, "*3" + disposition … The call is answered when the
 * core has replied (so the effect is logged), the confirmation is spoken in the agent's language, and
 * the call ends. An unknown code is refused in words.
 *
 * The same codes are heard on the agent's line while he talks, so that "pause the recording" needs no second
 * line and no hold: from "*" on his keys are kept back, for VOICE_STAR_MS after each. What is a code goes to
 * the core, and a word about it to the agent alone; what is none goes to the customer as it was dialled.
 */

bool sapa_voice_code_is(const struct sapa_voice *v, struct sapa_str dialled)
{
    if (dialled.n > 0 && (dialled.p[0] == '*' || dialled.p[0] == '#'))
        return true;
    for (uint32_t i = 0; i < v->centre->codes_count; i++)
        if (v->centre->codes[i].prefix.n > 0 && sapa_str_starts(dialled, v->centre->codes[i].prefix) &&
            sapa_voice_number_of(v, dialled) == SAPA_NONE)
            return true;
    return false;
}

void sapa_voice_code_free(struct sapa_voice *v, struct voice_call_code *code)
{
    sapa_timer_cancel(v->loop, &code->timer);
    sapa_voice_take(&v->codes, code->request);
    if (code->greeting)
        sapa_voice_greeting_left(v, code);
    free(code);
}

/* ---- what is said ---- */

static void say(struct sapa_voice *v, struct voice_call_code *code, uint32_t prompt, struct sapa_str text)
{
    if (code->talking) { /* one word is enough while he talks */
        struct voice_leg *leg = sapa_voice_find(&v->legs, code->talking);
        if (leg && leg->state == LEG_UP && prompt < v->centre->prompts_count && code->count++ == 0)
            sapa_voice_leg_say(v, leg, prompt, false);
        return;
    }
    if (code->count >= SAPA_COUNT(code->files))
        return;
    const uint8_t i = code->count++;
    const unsigned language = code->agent < v->centre->agents_count ? v->centre->agents[code->agent].language : SAPA_LANGUAGE_ID;
    const struct voice_prompt_wait wait = { .target = code->request, .number = code->round, .index = i, .what = USE_CODE };
    const sapa_rc rc = sapa_voice_prompt_ask(v, prompt, text, language, wait, code->files[i]);
    code->here[i] = rc == SAPA_OK;
    code->waiting += rc == SAPA_EAGAIN;
}

static void say_known(struct sapa_voice *v, struct voice_call_code *code, enum sapa_prompt_id id)
{
    say(v, code, v->system_prompt[id], (struct sapa_str){ NULL, 0 });
}

static void echo_over(void *ctx)
{
    struct voice_call_code *code = ctx;
    sapa_voice_touch(code->voice);
    if (code->leg)
        sapa_voice_leg_end(code->voice, code->leg, 16, NULL);
}

/* He hears himself, for a while: microphone, loudspeaker and the line are tried by nobody but him. */
static void echo_now(struct sapa_voice *v, struct voice_call_code *code)
{
    struct voice_leg *leg = code->leg;
    struct sapa_media_message m = { .op = SAPA_MEDIA_BRIDGE, .contact = leg->contact ? leg->contact->id : leg->id, .leg = leg->id, .other = leg->id, .tag = 1 };

    code->play_done = 1;
    sapa_timer_set(v->loop, &code->timer, (int64_t)VOICE_ECHO_MS * 1000, echo_over, code);
    if (sapa_voice_media_send(v, &m) != SAPA_OK)
        sapa_voice_leg_end(v, leg, 41, NULL);
}

static void play_now(struct sapa_voice *v, struct voice_call_code *code)
{
    struct voice_leg *leg = code->leg;
    if (!leg || leg->state != LEG_UP || !leg->acked || code->play_done)
        return;
    if (code->cut) {
        sapa_voice_leg_end(v, leg, 16, NULL);
        return;
    }
    if (code->verb == SAPA_VERB_ECHO && code->count == 0) {
        echo_now(v, code);
        return;
    }
    if (code->waiting > 0)
        return;
    struct sapa_media_message m = { .op = SAPA_MEDIA_PLAY, .contact = leg->contact ? leg->contact->id : leg->id, .leg = leg->id, .tag = 1 };
    m.u.play.play = ++code->play;
    for (uint8_t i = 0; i < code->count; i++)
        if (code->here[i])
            memcpy(m.u.play.files[m.u.play.file_count++], code->files[i], SAPA_MEDIA_PATH_MAX);
    code->play_done = 1;
    if (m.u.play.file_count == 0 || sapa_voice_media_send(v, &m) != SAPA_OK)
        sapa_voice_leg_end(v, leg, 16, NULL); /* nothing to be said: the state has changed all the same */
}

void sapa_voice_code_again(struct voice_call_code *code)
{
    code->count = code->waiting = code->play_done = 0;
    memset(code->here, 0, sizeof(code->here));
    code->round++;
}

void sapa_voice_code_say(struct sapa_voice *v, struct voice_call_code *code, enum sapa_prompt_id id)
{
    say_known(v, code, id);
}

void sapa_voice_code_say_take(struct sapa_voice *v, struct voice_call_code *code, uint64_t take, unsigned language)
{
    char name[24];
    struct sapa_text text;

    if (code->count >= SAPA_COUNT(code->files))
        return;
    sapa_text_init(&text, name, sizeof(name));
    sapa_text_printf(&text, "%llu", (unsigned long long)take);
    const uint8_t i = code->count++;
    const struct sapa_voice_prompt p = { .language = (uint8_t)language, .client = SAPA_STR(SAPA_VOICE_TAKES), .name = sapa_text_str(&text) };
    const struct voice_prompt_wait wait = { .target = code->request, .number = code->round, .index = i, .what = USE_CODE };
    const sapa_rc rc = sapa_voice_prompt_want(v, &p, wait, code->files[i]);
    code->here[i] = rc == SAPA_OK;
    code->waiting += rc == SAPA_EAGAIN;
}

void sapa_voice_code_speak(struct sapa_voice *v, struct voice_call_code *code)
{
    play_now(v, code);
}

/* The reply is decided: answer the call, and speak. */
static void answer(struct sapa_voice *v, struct voice_call_code *code)
{
    struct voice_leg *leg = code->leg;
    sapa_timer_cancel(v->loop, &code->timer);
    if (!leg || leg->state != LEG_NEW)
        return;
    leg->answer_wanted = true;
    if (leg->media == MEDIA_OPEN && !sapa_voice_leg_answer(v, leg))
        sapa_voice_leg_end(v, leg, 41, NULL);
}

void sapa_voice_code_ready(struct sapa_voice *v, struct voice_leg *leg)
{
    if (leg->code)
        play_now(v, leg->code);
}

void sapa_voice_code_prompt(struct sapa_voice *v, uint64_t request, uint32_t round, uint8_t index, sapa_rc rc, const char *base)
{
    struct voice_call_code *code = sapa_voice_find(&v->codes, request);
    if (!code || index >= SAPA_COUNT(code->here) || round != code->round)
        return;
    code->here[index] = rc == SAPA_OK && sapa_str_copy(sapa_str_of(base), code->files[index], SAPA_MEDIA_PATH_MAX);
    if (code->waiting > 0)
        code->waiting--;
    play_now(v, code);
}

bool sapa_voice_code_yield(struct sapa_voice *v, uint32_t agent)
{
    bool busy = false;
    for (uint32_t i = 0; i < v->codes.count; i++) {
        struct voice_call_code *code = ((struct voice_ref *)sapa_table_at(&v->codes, i))->value;
        struct voice_leg *leg = code->leg;
        if (code->agent != agent || !leg || leg->state == LEG_OVER)
            continue;
        code->cut = true;
        if (leg->state == LEG_UP && leg->acked)
            sapa_voice_leg_end(v, leg, 16, NULL); /* the leg stays in the table until the media process has let go */
        else
            busy = true; /* no BYE before the ACK (RFC 3261 15): it ends there */
    }
    return busy;
}

void sapa_voice_code_played(struct sapa_voice *v, struct voice_leg *leg)
{
    if (leg->code->greeting)
        sapa_voice_greeting_played(v, leg->code);
    else
        sapa_voice_leg_end(v, leg, 16, NULL);
}

/* ---- the core's reply ---- */

/* Verbs about calls: they become inputs of their own, of other parts of a conversation than one. */
static bool is_call(uint8_t verb)
{
    return verb >= SAPA_VERB_CONSULT && verb <= SAPA_VERB_CAMPAIGN;
}

static bool takes_target(uint8_t verb)
{
    return verb == SAPA_VERB_CONSULT || verb == SAPA_VERB_PASS || verb == SAPA_VERB_CAMPAIGN;
}

/* What was done is heard; what was not is said. */
static void say_call(struct sapa_voice *v, struct voice_call_code *code, const struct sapa_rec_cmd_agent_reply *reply)
{
    if (reply->rc == 0 && !code->talking)
        say_known(v, code, SAPA_PROMPT_ID_AGENT_DONE);
    else if (reply->rc == (uint64_t)-SAPA_EDENIED && reply->code != SAPA_DENIAL_BUSY && reply->code != SAPA_DENIAL_TARGET)
        say_known(v, code, SAPA_PROMPT_ID_AGENT_NOT_ALLOWED);
    else if (reply->rc == (uint64_t)-SAPA_ENOENT)
        say_known(v, code, SAPA_PROMPT_ID_AGENT_UNKNOWN_TARGET);
    else if (reply->rc != 0)
        say_known(v, code, SAPA_PROMPT_ID_AGENT_REFUSED);
}

static void say_reason(struct sapa_voice *v, struct voice_call_code *code, uint64_t reason)
{
    const struct sapa_agent *agent = code->agent < v->centre->agents_count ? &v->centre->agents[code->agent] : NULL;
    const unsigned language = agent && agent->language < SAPA_LANGUAGE_COUNT ? agent->language : SAPA_LANGUAGE_ID;
    if (reason < v->centre->reasons_count)
        say(v, code, SAPA_NONE, v->centre->reasons[reason].name[language]);
}

/* What was asked for is so, now or since before. */
static void say_done(struct sapa_voice *v, struct voice_call_code *code, const struct sapa_rec_cmd_agent_reply *reply)
{
    static const uint8_t done[SAPA_VERB_COUNT] = {
        [SAPA_VERB_READY] = SAPA_PROMPT_ID_AGENT_READY,
        [SAPA_VERB_NOT_READY] = SAPA_PROMPT_ID_AGENT_NOT_READY,
        [SAPA_VERB_WRAPUP_DONE] = SAPA_PROMPT_ID_AGENT_WRAPUP_DONE,
        [SAPA_VERB_WRAPUP_EXTEND] = SAPA_PROMPT_ID_AGENT_WRAPUP_EXTENDED,
        [SAPA_VERB_LOGOUT] = SAPA_PROMPT_ID_AGENT_LOGGED_OUT,
        [SAPA_VERB_RECORD_PAUSE] = SAPA_PROMPT_ID_AGENT_RECORD_PAUSED,
        [SAPA_VERB_RECORD_RESUME] = SAPA_PROMPT_ID_AGENT_RECORD_RESUMED,
        [SAPA_VERB_RECORD_START] = SAPA_PROMPT_ID_AGENT_RECORD_STARTED,
    };
    if (code->verb == SAPA_VERB_READY && reply->presence != SAPA_PRESENCE_READY) {
        say_known(v, code, SAPA_PROMPT_ID_AGENT_UNREACHABLE); /* he will be, when his phone is registered */
    } else if (code->verb == SAPA_VERB_NOT_READY && code->code < v->centre->reasons_count) {
        say_known(v, code, SAPA_PROMPT_ID_AGENT_NOT_READY_FOR);
        say_reason(v, code, code->code);
    } else {
        say_known(v, code, done[code->verb]);
    }
}

static void say_status(struct sapa_voice *v, struct voice_call_code *code, const struct sapa_rec_cmd_agent_reply *reply)
{
    if (reply->wrapup) {
        say_known(v, code, SAPA_PROMPT_ID_AGENT_STATUS_WRAPUP);
        if (reply->presence == SAPA_PRESENCE_NOT_READY)
            say_known(v, code, SAPA_PROMPT_ID_AGENT_NOT_READY);
    } else if (reply->presence == SAPA_PRESENCE_READY) {
        say_known(v, code, SAPA_PROMPT_ID_AGENT_STATUS_READY);
    } else if (reply->presence == SAPA_PRESENCE_NOT_READY) {
        say_known(v, code, SAPA_PROMPT_ID_AGENT_STATUS_NOT_READY);
        say_reason(v, code, reply->code);
    } else {
        say_known(v, code, SAPA_PROMPT_ID_AGENT_STATUS_OFFLINE);
    }
}

/* What a refusal means, by what was asked; OK: it is so already (core/agent.c and core/record.c). */
static enum sapa_prompt_id refusal_of(uint8_t verb, const struct sapa_rec_cmd_agent_reply *reply)
{
    const bool already = reply->rc == (uint64_t)-SAPA_ESTATE, absent = reply->rc == (uint64_t)-SAPA_ENOENT;
    switch ((enum sapa_verb)verb) {
    case SAPA_VERB_READY: return already ? SAPA_PROMPT_ID_COUNT : SAPA_PROMPT_ID_AGENT_REFUSED;
    case SAPA_VERB_NOT_READY:
        return already ? SAPA_PROMPT_ID_COUNT : absent ? SAPA_PROMPT_ID_AGENT_UNKNOWN_REASON : SAPA_PROMPT_ID_AGENT_REFUSED;
    case SAPA_VERB_WRAPUP_DONE:
    case SAPA_VERB_WRAPUP_EXTEND:
        return already  ? SAPA_PROMPT_ID_AGENT_NO_WRAPUP
               : absent ? SAPA_PROMPT_ID_AGENT_UNKNOWN_DISPOSITION
                        : SAPA_PROMPT_ID_AGENT_REFUSED;
    case SAPA_VERB_LOGOUT: /* or he talks */
        return already && reply->presence == SAPA_PRESENCE_OFFLINE ? SAPA_PROMPT_ID_COUNT : SAPA_PROMPT_ID_AGENT_REFUSED;
    case SAPA_VERB_RECORD_PAUSE:
    case SAPA_VERB_RECORD_RESUME:
    case SAPA_VERB_RECORD_START:
        return already ? SAPA_PROMPT_ID_COUNT : absent ? SAPA_PROMPT_ID_AGENT_NO_CALL : SAPA_PROMPT_ID_AGENT_REFUSED;
    case SAPA_VERB_STATUS:
    default: break;
    }
    return SAPA_PROMPT_ID_AGENT_REFUSED;
}

static void say_reply(struct sapa_voice *v, struct voice_call_code *code, const struct sapa_rec_cmd_agent_reply *reply)
{
    const enum sapa_prompt_id refusal = reply->rc != 0 ? refusal_of(code->verb, reply) : SAPA_PROMPT_ID_COUNT;
    if (refusal != SAPA_PROMPT_ID_COUNT)
        say_known(v, code, refusal);
    else if (code->verb == SAPA_VERB_STATUS)
        say_status(v, code, reply);
    else if (code->verb < SAPA_VERB_COUNT)
        say_done(v, code, reply);
}

void sapa_voice_code_reply(struct sapa_voice *v, const struct sapa_rec_cmd_agent_reply *reply)
{
    struct voice_call_code *code = reply->request ? sapa_voice_find(&v->codes, reply->request) : NULL;
    if (!code || code->count > 0) {
        v->stats.late_commands += reply->request != 0;
        return;
    }
    if (code->refer) {
        sapa_voice_refer_reply(v, code, reply);
        return;
    }
    if (is_call(code->verb))
        say_call(v, code, reply);
    else
        say_reply(v, code, reply);
    answer(v, code);
    if (code->talking)
        sapa_voice_code_free(v, code);
}

static void no_reply(void *ctx)
{
    struct voice_call_code *code = ctx;
    sapa_voice_touch(code->voice);
    say_known(code->voice, code, SAPA_PROMPT_ID_AGENT_REFUSED);
    answer(code->voice, code);
    if (code->talking)
        sapa_voice_code_free(code->voice, code);
}

/* ---- a last word ---- */

static void not_said(void *ctx)
{
    struct voice_call_code *code = ctx;
    sapa_voice_touch(code->voice);
    if (code->leg)
        sapa_voice_leg_end(code->voice, code->leg, 16, NULL);
}

void sapa_voice_code_last_word(struct sapa_voice *v, struct voice_leg *leg, enum sapa_prompt_id id)
{
    struct voice_call_code *code =
        v->media_up && leg->state == LEG_UP && leg->media == MEDIA_OPEN && !leg->code ? calloc(1, sizeof(*code)) : NULL;
    if (code) {
        code->request = sapa_voice_id(v);
        code->agent = leg->agent;
        code->voice = v;
        code->leg = leg;
    }
    if (!code || !sapa_voice_put(&v->codes, code->request, code)) {
        free(code);
        sapa_voice_leg_end(v, leg, 16, NULL);
        return;
    }
    leg->code = code;
    sapa_timer_set(v->loop, &code->timer, (int64_t)VOICE_CODE_REPLY_MS * 1000, not_said, code);
    say_known(v, code, id);
    play_now(v, code);
}

/* ---- the call ---- */

/* Dispositions are named per queue: the agent's last queue decides where a key stands twice. */
static uint32_t disposition_of(const struct sapa_voice *v, uint32_t agent, struct sapa_str key)
{
    const struct sapa_centre *centre = v->centre;
    const uint32_t queue = v->agents[agent].last_queue;
    if (queue < centre->queues_count) {
        const struct sapa_queue *q = &centre->queues[queue];
        for (uint32_t i = 0; i < q->disposition_count; i++)
            if (sapa_str_eq(centre->dispositions[q->disposition_first + i].key, key))
                return q->disposition_first + i;
    }
    return SAPA_FIND(centre, dispositions, key);
}

/* The longest code that the dialled begins with, and what stands behind it; NULL: none. */
static const struct sapa_code *code_of(const struct sapa_voice *v, struct sapa_str dialled, struct sapa_str *ret_rest)
{
    const struct sapa_code *best = NULL;
    for (uint32_t i = 0; i < v->centre->codes_count; i++) {
        const struct sapa_code *one = &v->centre->codes[i];
        if (sapa_str_starts(dialled, one->prefix) && (!best || one->prefix.n > best->prefix.n))
            best = one;
    }
    if (!best)
        return NULL;
    struct sapa_str rest = { dialled.p + best->prefix.n, dialled.n - best->prefix.n };
    while (rest.n > 0 && (rest.p[0] == '*' || rest.p[0] == ' ')) /* "*3*12" as well as "*312" */
        rest.p++, rest.n--;
    while (rest.n > 0 && rest.p[rest.n - 1] == '#')
        rest.n--;
    *ret_rest = rest;
    return best;
}

/* "7*08123456789": a campaign, and whom to call for it. */
static bool campaign_of(const struct sapa_voice *v, struct sapa_str rest, struct voice_target *ret_target)
{
    struct sapa_str number;
    const struct sapa_str dial = sapa_str_cut(rest, '*', &number);
    uint32_t campaign = 0;

    while (campaign < v->centre->campaigns_count &&
           (dial.n == 0 || !sapa_str_eq(v->centre->campaigns[campaign].dial, dial)))
        campaign++;
    if (campaign == v->centre->campaigns_count || !sapa_voice_target_of(v, number, ret_target) ||
        ret_target->kind != SAPA_TARGET_OUTSIDE)
        return false;
    ret_target->campaign = campaign + 1;
    return true;
}

bool sapa_voice_code_campaign(const struct sapa_voice *v, struct sapa_str dialled, struct voice_target *ret_target)
{
    struct sapa_str rest;
    const struct sapa_code *code = code_of(v, dialled, &rest);

    return code && code->verb == SAPA_VERB_CAMPAIGN && campaign_of(v, rest, ret_target);
}

/* What the code asks for; or, not SAPA_PROMPT_ID_COUNT, why not. */
static enum sapa_prompt_id read_code(struct sapa_voice *v, struct voice_call_code *code, struct sapa_str dialled)
{
    struct sapa_str rest;
    const struct sapa_code *best = code_of(v, dialled, &rest);
    code->code = SAPA_NONE;
    if (sapa_str_eq(dialled, SAPA_STR(VOICE_ECHO)) || (best && best->verb == SAPA_VERB_ECHO)) {
        code->verb = SAPA_VERB_ECHO;
        return code->talking ? SAPA_PROMPT_ID_AGENT_REFUSED : SAPA_PROMPT_ID_COUNT;
    }
    if (!best)
        return SAPA_PROMPT_ID_AGENT_UNKNOWN_CODE;
    code->verb = best->verb;
    if (best->verb == SAPA_VERB_GREETING) /* on a line of its own */
        return code->talking ? SAPA_PROMPT_ID_AGENT_REFUSED : sapa_voice_greeting_new(v, code, rest);
    if (best->verb == SAPA_VERB_CAMPAIGN)
        return campaign_of(v, rest, &code->target) ? SAPA_PROMPT_ID_COUNT : SAPA_PROMPT_ID_AGENT_UNKNOWN_TARGET;
    if (takes_target(best->verb))
        return sapa_voice_target_of(v, rest, &code->target) ? SAPA_PROMPT_ID_COUNT : SAPA_PROMPT_ID_AGENT_UNKNOWN_TARGET;
    if (rest.n == 0)
        return SAPA_PROMPT_ID_COUNT;
    if (best->verb == SAPA_VERB_NOT_READY) {
        code->code = SAPA_FIND(v->centre, reasons, rest);
        return code->code == SAPA_NONE ? SAPA_PROMPT_ID_AGENT_UNKNOWN_REASON : SAPA_PROMPT_ID_COUNT;
    }
    if (best->verb == SAPA_VERB_WRAPUP_DONE) {
        code->code = disposition_of(v, code->agent, rest);
        return code->code == SAPA_NONE ? SAPA_PROMPT_ID_AGENT_UNKNOWN_DISPOSITION : SAPA_PROMPT_ID_COUNT;
    }
    return SAPA_PROMPT_ID_AGENT_UNKNOWN_CODE;
}

static void call_command(struct sapa_voice *v, const struct voice_call_code *code, uint64_t offer, enum sapa_call_verb verb, uint64_t other)
{
    struct sapa_record r;
    sapa_record_init(&r, SAPA_T_call_command);
    r.u.call_command.agent = code->agent;
    r.u.call_command.offer = offer;
    r.u.call_command.verb = verb;
    r.u.call_command.other = other;
    r.u.call_command.request = code->request;
    sapa_voice_post(v, &r);
}

/*
 * His talk with the customer, and the call that he has placed beside it. A call outside that he placed is a talk as well,
 * unless its line is lent by another; of two such the one on hold is, for he speaks on the other.
 */
static void find_parts(const struct sapa_voice *v, uint32_t agent, struct voice_part *ret_main, struct voice_part *ret_own)
{
    struct voice_part parts[VOICE_PARTS_MAX];
    const size_t n = sapa_voice_parts(v, agent, parts);
    *ret_main = *ret_own = (struct voice_part){ .contact = NULL };
    for (size_t i = 0; i < n; i++) {
        const struct voice_part *part = &parts[i];
        if (!sapa_voice_part_talks(part)) {
            if (!ret_own->contact)
                *ret_own = *part;
        } else if (!ret_main->contact) {
            *ret_main = *part;
        } else if (ret_main->own && (!part->own || (part->leg->held && !ret_main->leg->held))) {
            *ret_own = *ret_main;
            *ret_main = *part;
        } else if (!ret_own->contact) {
            *ret_own = *part;
        }
    }
}

/* Who came last into the conversation beside him and the customer; 0: nobody. The lists have the newest first. */
static uint64_t last_party(const struct sapa_voice *v, const struct voice_part *mine)
{
    const struct voice_contact *c = mine->contact;
    const struct voice_offer *joined = c ? sapa_voice_find(&v->offers, c->joined) : NULL;

    if (!c)
        return 0;
    if (c->joined && ((joined && joined->contact == c && !joined->over) || sapa_voice_outside_of(c, c->joined)))
        return c->joined;
    for (const struct voice_offer *o = c->offers; o; o = o->next)
        if (o->id != mine->offer && !o->over && o->connected && !o->supervises)
            return o->id;
    return c->outside && c->outside->connected ? c->outside->attempt : 0;
}

/* The input that such a code is; false: there is nothing to do it with. */
static bool ask_call(struct sapa_voice *v, struct voice_call_code *code)
{
    struct voice_part talk, own;
    struct sapa_record r;

    find_parts(v, code->agent, &talk, &own);
    const struct voice_part *only = talk.contact ? &talk : &own;
    switch ((enum sapa_verb)code->verb) {
    case SAPA_VERB_CAMPAIGN: /* a number outside, asked on behalf of a campaign */
    case SAPA_VERB_CONSULT:
        return code->talking && talk.contact && !own.contact &&
               sapa_voice_own_post(v, sapa_voice_id(v), sapa_voice_id(v), code->agent, SAPA_LINE_SAME, &code->target,
                                   code->request, (struct sapa_str){ NULL, 0 });
    case SAPA_VERB_CONFERENCE:
    case SAPA_VERB_MERGE:
        if (!talk.contact || !own.contact)
            return false;
        call_command(v, code, talk.offer, code->verb == SAPA_VERB_MERGE ? SAPA_CALL_VERB_MERGE : SAPA_CALL_VERB_CONFERENCE,
                     own.contact->id);
        return true;
    case SAPA_VERB_BACK:
        if (own.contact)
            call_command(v, code, own.offer, SAPA_CALL_VERB_HANGUP, 0);
        else if (last_party(v, &talk))
            call_command(v, code, talk.offer, SAPA_CALL_VERB_DROP, last_party(v, &talk));
        return own.contact || last_party(v, &talk);
    default: break;
    }
    if (!only->contact)
        return false;
    sapa_record_init(&r, SAPA_T_contact_passed);
    r.u.contact_passed.contact = only->contact->id;
    r.u.contact_passed.offer = only->offer;
    r.u.contact_passed.request = code->request;
    sapa_voice_pass_to(v, &r, only->contact->client, &code->target);
    sapa_voice_post(v, &r);
    return true;
}

static void ask_core(struct sapa_voice *v, struct voice_call_code *code)
{
    if (is_call(code->verb) && !ask_call(v, code)) {
        say_known(v, code, SAPA_PROMPT_ID_AGENT_REFUSED);
        answer(v, code);
        if (code->talking)
            sapa_voice_code_free(v, code);
        return;
    }
    sapa_timer_set(v->loop, &code->timer, (int64_t)VOICE_CODE_REPLY_MS * 1000, no_reply, code);
    if (is_call(code->verb))
        return;
    struct sapa_record r;
    sapa_record_init(&r, SAPA_T_agent_command);
    r.u.agent_command.agent = code->agent;
    r.u.agent_command.verb = code->verb;
    r.u.agent_command.code = code->code;
    r.u.agent_command.request = code->request;
    sapa_voice_post(v, &r);
}

/* ---- within a conversation ---- */

void sapa_voice_star_forget(struct sapa_voice *v, struct voice_leg *leg)
{
    sapa_timer_cancel(v->loop, &leg->star);
    sapa_wipe(leg->star_keys, sizeof(leg->star_keys));
    leg->star_n = 0;
    leg->star_heard = false;
}

/* No code after all: the other side gets it, if it has not heard it. */
static void star_pass_on(struct sapa_voice *v, struct voice_leg *leg)
{
    if (leg->state == LEG_UP && !leg->star_heard)
        sapa_voice_leg_keys(v, leg, (struct sapa_str){ leg->star_keys, leg->star_n });
    sapa_voice_star_forget(v, leg);
}

static void star_decide(struct sapa_voice *v, struct voice_leg *leg)
{
    struct voice_call_code *code = leg->state == LEG_UP ? calloc(1, sizeof(*code)) : NULL;
    enum sapa_prompt_id problem = SAPA_PROMPT_ID_AGENT_UNKNOWN_CODE;
    if (code) {
        code->voice = v;
        code->agent = leg->agent;
        code->request = sapa_voice_id(v);
        code->talking = leg->id;
        problem = read_code(v, code, (struct sapa_str){ leg->star_keys, leg->star_n });
    }
    if (problem == SAPA_PROMPT_ID_AGENT_UNKNOWN_TARGET || problem == SAPA_PROMPT_ID_AGENT_REFUSED) {
        /* it was meant for us: not to be heard by the other side */
        sapa_voice_leg_say(v, leg, v->system_prompt[problem], false);
        sapa_voice_star_forget(v, leg);
        free(code);
        return;
    }
    if (problem != SAPA_PROMPT_ID_COUNT || !sapa_voice_put(&v->codes, code->request, code)) {
        free(code);
        star_pass_on(v, leg);
        return;
    }
    sapa_voice_star_forget(v, leg);
    ask_core(v, code);
}

static void star_waited(void *ctx)
{
    struct voice_leg *leg = ctx;
    struct sapa_voice *v = leg->voice;
    sapa_voice_touch(v);
    star_decide(v, leg);
}

/* What the keys so far may be: none, a code that nothing can follow, one that may go on, one and a part of a number. */
enum star { STAR_NONE, STAR_OPEN, STAR_TARGET, STAR_WHOLE };
static enum star star_is(const struct sapa_voice *v, struct sapa_str keys)
{
    enum star best = STAR_NONE;
    for (uint32_t i = 0; i < v->centre->codes_count; i++) {
        const struct sapa_code *one = &v->centre->codes[i];
        const bool target = takes_target(one->verb);
        const bool argument = target || one->verb == SAPA_VERB_NOT_READY || one->verb == SAPA_VERB_WRAPUP_DONE;
        if (sapa_str_eq(one->prefix, keys) && !argument)
            best = SAPA_MAX(best, STAR_WHOLE);
        else if (target && sapa_str_starts(keys, one->prefix))
            return STAR_TARGET;
        else if (sapa_str_starts(one->prefix, keys) || (argument && sapa_str_starts(keys, one->prefix)))
            return STAR_OPEN;
    }
    return best;
}

/* A key of an agent who talks. `heard`: it was a tone, which is in the audio. */
void sapa_voice_agent_key(struct sapa_voice *v, struct voice_leg *leg, char digit, bool heard)
{
    if (leg->star_n == 0 && digit != '*') {
        if (!heard)
            sapa_voice_leg_keys(v, leg, (struct sapa_str){ &digit, 1 });
        return;
    }
    if (leg->star_n == VOICE_STAR_MAX)
        star_pass_on(v, leg);
    leg->star_keys[leg->star_n++] = digit;
    leg->star_heard |= heard;
    const enum star is = star_is(v, (struct sapa_str){ leg->star_keys, leg->star_n });
    if (digit == '#' || is == STAR_WHOLE)
        star_decide(v, leg);
    else if (is == STAR_NONE)
        star_pass_on(v, leg);
    else
        sapa_timer_set(v->loop, &leg->star, (int64_t)(is == STAR_TARGET ? VOICE_TARGET_MS : VOICE_STAR_MS) * 1000, star_waited, leg);
}

/* ---- a call of its own ---- */

void sapa_voice_code_call(struct sapa_voice *v, const struct sapa_sip_event *ev, uint32_t agent, struct sapa_str dialled)
{
    struct voice_call_code *code = v->media_up && ev->msg->body.n <= VOICE_BODY_MAX ? calloc(1, sizeof(*code)) : NULL;
    struct voice_leg *leg = code ? sapa_voice_leg_new(v, LEG_CODE, NULL, 0) : NULL;
    if (!leg) {
        free(code);
        if (sapa_sip_respond(v->stack, ev->tx, 503, NULL, ev->now_us) != SAPA_OK)
            v->stats.late_commands++;
        sapa_sip_dialog_end(v->stack, ev->dialog);
        return;
    }
    code->request = sapa_voice_id(v);
    code->agent = leg->agent = agent;
    code->leg = leg;
    code->voice = v;
    leg->code = code;
    leg->flow = *ev->flow;
    leg->webrtc = sapa_voice_invite_is_web(ev);
    leg->dialog = ev->dialog;
    leg->tx = ev->tx;
    if (ev->msg->body.n > 0) {
        leg->body = malloc(ev->msg->body.n);
        leg->body_n = (uint16_t)ev->msg->body.n;
        if (leg->body)
            memcpy(leg->body, ev->msg->body.p, leg->body_n);
    }
    if (!sapa_voice_put(&v->codes, code->request, code) || (ev->msg->body.n > 0 && !leg->body) ||
        sapa_sip_dialog_user(v->stack, ev->dialog, leg->id) != SAPA_OK) {
        sapa_voice_leg_end(v, leg, 41, NULL);
        return;
    }
    const enum sapa_prompt_id refusal = read_code(v, code, dialled); /* it also says which side the line is */
    if (sapa_voice_leg_open(v, leg) != SAPA_OK) {
        sapa_voice_leg_end(v, leg, 41, NULL);
        return;
    }
    if (refusal != SAPA_PROMPT_ID_COUNT) {
        say_known(v, code, refusal);
        answer(v, code);
        return;
    }
    if (code->greeting || code->verb == SAPA_VERB_ECHO) {
        answer(v, code);
        return;
    }
    ask_core(v, code);
}
