#include "core/flow.h"

#include "core/expr.h"
#include "model/segment.h"
#include "speech/say.h"

enum {
    PLAY_BYTES_MAX = 1000, /* of segments in one play command; a cmd_play holds 1,024 */
    SENTENCE_MAX = 600,    /* bytes of one spoken text */
    URL_MAX = 500,
    NUMBER_MAX = 40,
    PASSED_MAX = 2000, /* nodes in one run: a caller cannot keep a flow busy for ever */
    SECOND_US = 1000000,
    MS_US = 1000,
    GRACE_MS = 2000,      /* longer than who does the work needs to give up by himself */
    SURVEY_GAP_MS = 2000, /* for the 0 of a 10 */
    CALLBACK_DIGITS_MIN = 5,
    CALLBACK_DIGITS_MAX = 15, /* E.164 */
    CALLBACK_TIMEOUT_MS = 8000,
};

/* Stages of a callback dialogue and of a look-up. */
enum { CALLBACK_CONFIRM, CALLBACK_ENTER, CALLBACK_READ_BACK, CALLBACK_ACCEPTED };
enum { LOOKUP_SPEAKING = 1, LOOKUP_GOOD = 2, LOOKUP_BAD = 4 };

struct machine {
    const struct sapa_flow_env *env;
    struct sapa_flow_run *run;
    bool answered;
};

static const uint32_t STOP = SAPA_NONE; /* no next node: it waits for an event, or is over */

static const struct sapa_flow *flow_of(const struct machine *m)
{
    return &m->env->centre->flows[m->run->flow];
}

static const struct sapa_flow_node *node_of(const struct machine *m)
{
    return &flow_of(m)->nodes[m->run->node];
}

static void set_timer(struct machine *m, int64_t at_us)
{
    if (m->run->timer_us == at_us)
        return;
    m->run->timer_us = at_us;
    m->env->ops->set_timer(m->env->ctx, at_us);
}

static void set_timer_ms(struct machine *m, uint32_t ms)
{
    set_timer(m, m->env->now_us + (int64_t)ms * MS_US);
}

static void secret_off(struct machine *m)
{
    if (m->run->flags & SAPA_FLOW_RUN_SECRET) {
        m->run->flags &= (uint16_t)~SAPA_FLOW_RUN_SECRET;
        m->env->ops->secret(m->env->ctx, false);
    }
}

/* ---- variables ---- */

/* Cut where a character begins. */
static size_t cut_utf8(struct sapa_str s, size_t size)
{
    if (s.n <= size)
        return s.n;
    while (size > 0 && ((uint8_t)s.p[size] & 0xc0) == 0x80)
        size--;
    return size;
}

static void store(struct machine *m, uint32_t variable, int64_t number, struct sapa_str text,
                  bool tell)
{
    const struct sapa_flow_variable *v = &flow_of(m)->variables[variable];
    char buf[SAPA_FLOW_TEXT_MAX + 1];
    struct sapa_text out;

    if (v->type == SAPA_VALUE_TEXT) {
        const size_t n = cut_utf8(text, v->size);
        if (n > 0)
            memmove(m->run->text + v->at, text.p, n); /* may come from another variable */
        m->run->values[variable].number = (int64_t)n;
    } else {
        m->run->values[variable].number = number;
    }
    if (!tell || v->type == SAPA_VALUE_SECRET)
        return;
    sapa_text_init(&out, buf, sizeof(buf));
    sapa_flow_value_text(flow_of(m), m->run, variable, &out);
    m->env->ops->value(m->env->ctx, v->name, sapa_text_str(&out));
}

static bool two_digits(struct sapa_str s, uint64_t max, int64_t *ret)
{
    uint64_t value;

    if (s.n == 0 || s.n > 2 || sapa_str_u64(s, max, &value) != SAPA_OK)
        return false;
    *ret = (int64_t)value;
    return true;
}

/* "1250000.5" in minor units of two digits; "-3" too. */
static bool money_of(struct sapa_str s, int64_t *ret)
{
    struct sapa_str cents;
    uint64_t whole, part = 0;
    const bool minus = s.n > 0 && s.p[0] == '-';

    if (minus)
        s.p++, s.n--;
    const bool point = sapa_str_find(s, '.', 0) < s.n;
    const struct sapa_str units = sapa_str_cut(s, '.', &cents);
    if (sapa_str_u64(units, INT64_MAX / 1000, &whole) != SAPA_OK ||
        (point && (cents.n < 1 || cents.n > 2)) ||
        (point && sapa_str_u64(cents, 99, &part) != SAPA_OK))
        return false;
    if (cents.n == 1)
        part *= 10;
    *ret = (int64_t)(whole * 100 + part) * (minus ? -1 : 1);
    return true;
}

/* What another system says, as a value of a type. */
static bool parse_value(uint8_t type, struct sapa_str s, int64_t *ret)
{
    const bool minus = s.n > 0 && s.p[0] == '-';
    struct sapa_str rest;
    uint64_t number;
    int64_t minutes;

    switch (type) {
    case SAPA_VALUE_TEXT: *ret = 0; return sapa_str_utf8(s);
    case SAPA_VALUE_INT:
    case SAPA_VALUE_DURATION:
        if (sapa_str_u64((struct sapa_str){ s.p + minus, s.n - minus }, INT64_MAX / 1000,
                         &number) != SAPA_OK)
            return false;
        *ret = (int64_t)number * (minus ? -1 : 1) * (type == SAPA_VALUE_DURATION ? 1000 : 1);
        return true;
    case SAPA_VALUE_BOOL:
        *ret = sapa_str_eq(s, SAPA_STR("true")) || sapa_str_eq(s, SAPA_STR("1")) ||
               sapa_str_eq(s, SAPA_STR("yes"));
        return *ret || sapa_str_eq(s, SAPA_STR("false")) || sapa_str_eq(s, SAPA_STR("0")) ||
               sapa_str_eq(s, SAPA_STR("no"));
    case SAPA_VALUE_MONEY: return money_of(s, ret);
    case SAPA_VALUE_DATE: { /* 2026-08-17 */
        char digits[8];
        if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-')
            return false;
        memcpy(digits, s.p, 4);
        memcpy(digits + 4, s.p + 5, 2);
        memcpy(digits + 6, s.p + 8, 2);
        if (sapa_str_u64((struct sapa_str){ digits, 8 }, 99991231, &number) != SAPA_OK ||
            number % 100 < 1 || number % 100 > 31 || number / 100 % 100 < 1 ||
            number / 100 % 100 > 12 || number < 10000000)
            return false;
        *ret = (int64_t)number;
        return true;
    }
    case SAPA_VALUE_TIME: /* 14:30 */
        if (!two_digits(sapa_str_cut(s, ':', &rest), 23, ret) || !two_digits(rest, 59, &minutes))
            return false;
        *ret = *ret * 60 + minutes;
        return true;
    default: return false;
    }
}

/* ---- speaking ---- */

static void say_value(struct machine *m, struct sapa_text *text, const struct sapa_expr *expr,
                      uint8_t format, const struct sapa_expr_result *value)
{
    const enum sapa_say_lang lang =
        m->run->language == SAPA_LANGUAGE_EN ? SAPA_SAY_EN : SAPA_SAY_ID;
    const struct sapa_str currency =
        format == SAPA_FORMAT_RUPIAH ? SAPA_STR("IDR") : m->env->centre->system.currency;

    if (format == SAPA_FORMAT_PLAIN) {
        switch (expr->type) {
        case SAPA_VALUE_TEXT: sapa_text_add(text, value->text); return;
        case SAPA_VALUE_MONEY: format = SAPA_FORMAT_MONEY; break;
        case SAPA_VALUE_DATE: format = SAPA_FORMAT_DATE; break;
        case SAPA_VALUE_TIME: format = SAPA_FORMAT_TIME; break;
        case SAPA_VALUE_DURATION: format = SAPA_FORMAT_DURATION; break;
        default: format = SAPA_FORMAT_CARDINAL; break;
        }
    }
    switch ((enum sapa_say_format)format) {
    case SAPA_FORMAT_PLAIN:
    case SAPA_FORMAT_CARDINAL: sapa_say_cardinal(text, lang, value->number); break;
    case SAPA_FORMAT_ORDINAL: sapa_say_ordinal(text, lang, value->number); break;
    case SAPA_FORMAT_DIGITS: {
        char digits[24];
        struct sapa_text number;
        sapa_text_init(&number, digits, sizeof(digits));
        if (expr->type != SAPA_VALUE_TEXT) {
            sapa_text_printf(&number, "%lld", (long long)value->number);
            sapa_say_digits(text, lang, sapa_text_str(&number), 0);
        } else {
            sapa_say_digits(text, lang,
                            (struct sapa_str){ value->text.p, SAPA_MIN(value->text.n, 40u) }, 3);
        }
        break;
    }
    case SAPA_FORMAT_MONEY:
    case SAPA_FORMAT_RUPIAH:
        if (sapa_say_money(text, lang, value->number, currency) != SAPA_OK)
            sapa_say_cardinal(text, lang, value->number / 100);
        break;
    case SAPA_FORMAT_DATE: {
        const struct sapa_say_date date = { .year = (int32_t)(value->number / 10000),
                                            .month = (uint8_t)(value->number / 100 % 100),
                                            .day = (uint8_t)(value->number % 100),
                                            .weekday = true };
        if (sapa_say_date(text, lang, &date) != SAPA_OK)
            sapa_say_cardinal(text, lang, value->number);
        break;
    }
    case SAPA_FORMAT_TIME: {
        const int64_t minutes = value->number >= 0 && value->number <= 1440 ? value->number : 0;
        if (sapa_say_time(text, lang, (uint8_t)(minutes / 60), (uint8_t)(minutes % 60)) != SAPA_OK)
            sapa_say_cardinal(text, lang, minutes);
        break;
    }
    case SAPA_FORMAT_DURATION: sapa_say_duration(text, lang, value->number / 1000); break;
    case SAPA_FORMAT_WAIT: sapa_say_wait(text, lang, value->number / 1000); break;
    case SAPA_FORMAT_POSITION:
        sapa_say_position(text, lang,
                          value->number < 1 ? 1 : (uint32_t)SAPA_MIN(value->number, 1000000));
        break;
    case SAPA_FORMAT_COUNT: break;
    }
}

/* Where in `s` the next sentence begins, searching from `from`; SIZE_MAX: none does. */
static size_t next_sentence(struct sapa_str s, size_t from)
{
    for (size_t i = from; i < s.n; i++) {
        if (s.p[i] != '.' && s.p[i] != '!' && s.p[i] != '?')
            continue;
        if (i + 1 == s.n || s.p[i + 1] == ' ')
            return i + 1;
    }
    return SIZE_MAX;
}

/*
 * A value that does not exist takes its sentence along, for half of one is heard as something else;
 * the other sentences are still worth hearing.
 */
static void render(struct machine *m, const struct sapa_flow_part *part, struct sapa_text *text)
{
    const struct sapa_flow *flow = flow_of(m);
    const uint8_t language = m->run->language;
    size_t sentence = text->n; /* where the present one begins */
    bool skips = false;

    for (uint32_t i = 0; i < part->text[language].count; i++) {
        const struct sapa_flow_piece *piece = &flow->pieces[part->text[language].first + i];
        struct sapa_str words = piece->text;
        struct sapa_expr_result value;

        if (piece->expr != SAPA_NONE) {
            if (!skips && sapa_expr_eval(m->env, flow, m->run, piece->expr, &value) == SAPA_OK) {
                say_value(m, text, &flow->exprs[piece->expr], piece->format, &value);
            } else if (!skips) {
                skips = true;
                text->n = sentence;
                text->buf[sentence] = '\0';
            }
            continue;
        }
        if (skips) {
            const size_t end = next_sentence(words, 0);
            if (end == SIZE_MAX)
                continue;
            skips = false;
            words = (struct sapa_str){ words.p + end, words.n - end };
            while (text->n == 0 && words.n > 0 && words.p[0] == ' ')
                words.p++, words.n--;
        }
        const size_t before = text->n;
        sapa_text_add(text, words);
        for (size_t at = 0; (at = next_sentence(words, at)) != SIZE_MAX;)
            sentence = SAPA_MIN(before + at, text->n);
    }
}

struct speech {
    struct sapa_writer w;
    unsigned count;
    uint8_t buf[PLAY_BYTES_MAX];
};

static void speech_init(struct speech *speech)
{
    speech->w = sapa_writer_of(speech->buf, sizeof(speech->buf));
    speech->count = 0;
}

static void speech_prompt(struct speech *speech, uint32_t prompt)
{
    if (prompt != SAPA_NONE && speech->count++ < SAPA_SEGMENTS_MAX)
        sapa_segment_put_prompt(&speech->w, prompt);
}

static void speech_say(struct machine *m, struct speech *speech, struct sapa_flow_say say)
{
    for (uint32_t i = 0; i < say.count; i++) {
        const struct sapa_flow_part *part = &flow_of(m)->parts[say.first + i];
        if (part->prompt != SAPA_NONE) {
            speech_prompt(speech, part->prompt);
            continue;
        }
        char buf[SENTENCE_MAX];
        struct sapa_text text;
        sapa_text_init(&text, buf, sizeof(buf));
        render(m, part, &text);
        /* whole or not at all: a tag without its text would spoil what is there */
        if (text.n > 0 && text.n + 4 <= speech->w.size - speech->w.n &&
            speech->count++ < SAPA_SEGMENTS_MAX)
            sapa_segment_put_text(&speech->w, sapa_text_str(&text));
    }
}

/* False: there was nothing to play. */
static bool speech_play(struct machine *m, struct speech *speech, bool loop)
{
    if (speech->w.n == 0)
        return false;
    m->run->play++;
    m->env->ops->play(m->env->ctx, m->run->play, loop, m->run->language,
                      (struct sapa_str){ (const char *)speech->buf, speech->w.n });
    return true;
}

static bool speak(struct machine *m, struct sapa_flow_say say)
{
    struct speech speech;

    speech_init(&speech);
    speech_say(m, &speech, say);
    return speech_play(m, &speech, false);
}

static void play_music(struct machine *m)
{
    const struct sapa_flow *of = &m->env->centre->flows[m->run->queue_flow];
    struct speech speech;

    m->run->flags &= (uint16_t)~SAPA_FLOW_RUN_ANNOUNCING;
    speech_init(&speech);
    speech_prompt(&speech, of->nodes[m->run->queue_node].music);
    if (!speech_play(m, &speech, true))
        m->env->ops->stop_play(m->env->ctx);
}

/* ---- leaving ---- */

static void leave_queue(struct machine *m)
{
    if (m->run->flags & SAPA_FLOW_RUN_IN_QUEUE) {
        m->run->flags &= (uint16_t)~SAPA_FLOW_RUN_IN_QUEUE;
        m->env->ops->leave_queue(m->env->ctx);
    }
}

/* Nobody came for him. What he was told before did not do either. */
static void overflowed(struct machine *m)
{
    m->run->flags |= SAPA_FLOW_RUN_OVERFLOWED;
    m->run->flags &= (uint16_t)~SAPA_FLOW_RUN_SERVED;
}

static uint32_t sip_status(uint32_t cause)
{
    switch (cause) { /* RFC 3398 section 7.2.6.1 turned around */
    case 1: return 404;
    case 17: return 486;
    case 21: return 603;
    case 34:
    case 38:
    case 41:
    case 42: return 503;
    default: return 480;
    }
}

static uint32_t end(struct machine *m, uint32_t cause, enum sapa_outcome outcome)
{
    struct sapa_flow_run *run = m->run;

    secret_off(m);
    set_timer(m, 0);
    run->phase = SAPA_FLOW_OVER;
    if (run->flags & SAPA_FLOW_RUN_CALLBACK)
        outcome = SAPA_OUTCOME_OPEN;
    else
        leave_queue(m);
    if (m->answered)
        m->env->ops->hangup(m->env->ctx, cause, outcome);
    else
        m->env->ops->reject(m->env->ctx, sip_status(cause), outcome);
    return STOP;
}

static uint32_t fault_over(struct machine *m)
{
    return end(m, 41, SAPA_OUTCOME_SYSTEM_FAULT); /* temporary failure */
}

/* Last words that no node holds. False: there is nobody to hear them, or nothing to say. */
static bool last_words(struct machine *m, enum sapa_prompt_id id, uint16_t flag)
{
    struct speech speech;

    if (!m->answered)
        return false;
    secret_off(m);
    set_timer(m, 0);
    if (!(m->run->flags & SAPA_FLOW_RUN_CALLBACK))
        leave_queue(m);
    speech_init(&speech);
    speech_prompt(&speech, m->env->centre->system_prompt[id]);
    if (!speech_play(m, &speech, false))
        return false;
    m->run->flags |= flag;
    m->run->phase = SAPA_FLOW_GOODBYE;
    return true;
}

static uint32_t fault(struct machine *m)
{
    return last_words(m, SAPA_PROMPT_ID_SYSTEM_FAULT, SAPA_FLOW_RUN_FAULT) ? STOP : fault_over(m);
}

/* No way leads on from here: goodbye. Who waits for a callback has had his goodbye. */
static uint32_t part(struct machine *m)
{
    if (!(m->run->flags & SAPA_FLOW_RUN_CALLBACK) &&
        last_words(m, SAPA_PROMPT_ID_GOODBYE, SAPA_FLOW_RUN_GOODBYE))
        return STOP;
    return end(m, 16, sapa_flow_outcome(m->run));
}

/* The way out named `edge`, or (where the node has none) goodbye. */
static uint32_t out(struct machine *m, enum sapa_flow_edge edge)
{
    const uint32_t node = node_of(m)->edge[edge];

    secret_off(m);
    set_timer(m, 0);
    return node != SAPA_NONE ? node : part(m);
}

static uint32_t out_or(struct machine *m, enum sapa_flow_edge edge, enum sapa_flow_edge other)
{
    return out(m, node_of(m)->edge[edge] != SAPA_NONE ? edge : other);
}

/* ---- nodes ---- */

static uint32_t enter_node(struct machine *m);

/* Say and listen, or listen at once when there is nothing to say. */
static uint32_t ask(struct machine *m, struct speech *speech, uint32_t timeout_ms)
{
    m->run->digits_n = 0;
    if (speech_play(m, speech, false)) {
        m->run->phase = SAPA_FLOW_SPEAKING;
        set_timer(m, 0);
    } else {
        m->run->phase = SAPA_FLOW_LISTENING;
        set_timer_ms(m, timeout_ms);
    }
    return STOP;
}

static uint32_t listening_ms(const struct machine *m)
{
    return node_of(m)->kind == SAPA_NODE_CALLBACK ? CALLBACK_TIMEOUT_MS : node_of(m)->timeout_ms;
}

static struct sapa_flow_say callback_say(const struct machine *m)
{
    const struct sapa_flow_node *node = node_of(m);

    return m->run->stage == CALLBACK_CONFIRM     ? node->say
           : m->run->stage == CALLBACK_ENTER     ? node->again
           : m->run->stage == CALLBACK_READ_BACK ? node->announce
                                                 : node->offer;
}

static uint32_t ask_callback(struct machine *m, enum sapa_prompt_id *before)
{
    struct speech speech;
    const uint8_t digits_n = m->run->digits_n;

    speech_init(&speech);
    if (before)
        speech_prompt(&speech, m->env->centre->system_prompt[*before]);
    speech_say(m, &speech, callback_say(m));
    ask(m, &speech, CALLBACK_TIMEOUT_MS);
    if (m->run->stage == CALLBACK_READ_BACK)
        m->run->digits_n = digits_n; /* they are what is read back */
    return STOP;
}

static void vault(struct machine *m)
{
    m->run->flags |= SAPA_FLOW_RUN_SECRET;
    m->run->secrets = 0;
    m->env->ops->secret(m->env->ctx, true);
}

/* Nobody pressed, or the wrong thing. */
static uint32_t again(struct machine *m, enum sapa_flow_edge edge)
{
    const struct sapa_flow_node *node = node_of(m);
    enum sapa_prompt_id before =
        edge == SAPA_EDGE_TIMEOUT ? SAPA_PROMPT_ID_MENU_TIMEOUT : SAPA_PROMPT_ID_MENU_INVALID;
    struct speech speech;

    if (m->run->tries >= node->retries) {
        switch (node->kind) {
        case SAPA_NODE_SURVEY: return out_or(m, SAPA_EDGE_TIMEOUT, SAPA_EDGE_NEXT);
        case SAPA_NODE_CALLBACK:
            return out(m, SAPA_EDGE_FAILED); /* often back to the queue, in the old place */
        default:
            return out_or(m, edge,
                          edge == SAPA_EDGE_TIMEOUT ? SAPA_EDGE_INVALID : SAPA_EDGE_TIMEOUT);
        }
    }
    m->run->tries++;
    if (node->kind == SAPA_NODE_CALLBACK)
        return ask_callback(m, &before);
    if (node->secret)
        vault(m);
    speech_init(&speech);
    speech_prompt(&speech, m->env->centre->system_prompt[before]);
    speech_say(m, &speech, node->again.count ? node->again : node->say);
    return ask(m, &speech, node->timeout_ms);
}

/* Earliest of what a waiting caller is to hear. */
static void schedule_waiting(struct machine *m)
{
    const struct sapa_flow_run *run = m->run;
    int64_t due = 0;
    const int64_t times[] = { run->announce_us, run->offer_us, run->limit_us };

    for (size_t i = 0; i < SAPA_COUNT(times); i++) {
        if (times[i] != 0 && (due == 0 || times[i] < due))
            due = times[i];
    }
    set_timer(m, due);
}

static int64_t after_ms(const struct machine *m, uint32_t ms)
{
    return ms ? m->env->now_us + (int64_t)ms * MS_US : 0;
}

static uint32_t enter_queue(struct machine *m)
{
    const struct sapa_flow_node *node = node_of(m);
    struct sapa_flow_run *run = m->run;
    const bool stays = (run->flags & SAPA_FLOW_RUN_IN_QUEUE) && run->queue == node->queue;

    run->phase = SAPA_FLOW_WAITING;
    if (!stays || run->queue_node != run->node || run->queue_flow != run->flow) {
        run->flags &= (uint16_t)~SAPA_FLOW_RUN_OFFERED;
        run->offer_us = after_ms(m, node->offer_after_ms);
        run->limit_us = after_ms(m, node->max_ms);
    }
    run->queue_node = run->node;
    run->queue_flow = run->flow;
    run->queue = node->queue;
    run->announce_us = after_ms(m, node->announce_every_ms);
    if (!stays) {
        run->flags |= SAPA_FLOW_RUN_IN_QUEUE;
        run->flags &= (uint16_t)~SAPA_FLOW_RUN_OVERFLOWED;
        m->env->ops->enter_queue(m->env->ctx, node->queue, node->priority_add,
                                 node->to_last_agent && m->env->last_agent != SAPA_NONE
                                     ? m->env->last_agent
                                     : node->agent);
    }
    if (!stays && speak(m, node->say))
        run->flags |= SAPA_FLOW_RUN_ANNOUNCING;
    else
        play_music(m);
    schedule_waiting(m);
    return STOP;
}

static uint32_t waiting_timer(struct machine *m)
{
    struct sapa_flow_run *run = m->run;
    const struct sapa_flow_node *node = node_of(m);
    const int64_t now_us = m->env->now_us;

    if (run->limit_us != 0 && now_us >= run->limit_us) {
        run->limit_us = 0;
        leave_queue(m);
        overflowed(m);
        return out_or(m, SAPA_EDGE_TIMEOUT, SAPA_EDGE_OVERFLOW);
    }
    if (run->offer_us != 0 && now_us >= run->offer_us) {
        if (run->flags & SAPA_FLOW_RUN_ANNOUNCING) {
            run->offer_us = now_us + SECOND_US; /* let it finish */
        } else {
            run->offer_us = 0;
            run->flags |= SAPA_FLOW_RUN_OFFERED;
            if (speak(m, node->offer))
                run->flags |= SAPA_FLOW_RUN_ANNOUNCING;
        }
    } else if (run->announce_us != 0 && now_us >= run->announce_us) {
        run->announce_us = now_us + (int64_t)node->announce_every_ms * MS_US;
        if (!(run->flags & SAPA_FLOW_RUN_ANNOUNCING) && speak(m, node->announce))
            run->flags |= SAPA_FLOW_RUN_ANNOUNCING;
    }
    schedule_waiting(m);
    return STOP;
}

static uint32_t assign(struct machine *m)
{
    const struct sapa_flow *flow = flow_of(m);
    const struct sapa_flow_node *node = node_of(m);
    bool good = true;

    for (uint32_t i = 0; i < node->assign_count; i++) {
        const struct sapa_flow_assign *set = &flow->assigns[node->assign_first + i];
        struct sapa_expr_result value;
        good &=
            sapa_expr_eval(m->env, flow, m->run, set->expr, &value) == SAPA_OK; /* else 0, empty */
        store(m, set->variable, value.number, value.text, true);
    }
    return good ? out(m, SAPA_EDGE_NEXT) : out_or(m, SAPA_EDGE_FAILED, SAPA_EDGE_NEXT);
}

static uint32_t branch(struct machine *m)
{
    const struct sapa_flow *flow = flow_of(m);
    const struct sapa_flow_node *node = node_of(m);

    for (uint32_t i = 0; i < node->case_count; i++) {
        const struct sapa_flow_case *one = &flow->cases[node->case_first + i];
        struct sapa_expr_result value;
        if (sapa_expr_eval(m->env, flow, m->run, one->expr, &value) == SAPA_OK && value.number)
            return one->node;
    }
    return out(m, SAPA_EDGE_NEXT);
}

static uint32_t by_hours(struct machine *m)
{
    const struct sapa_centre *centre = m->env->centre;
    const struct sapa_flow_node *node = node_of(m);
    uint32_t hours = node->hours;
    bool holiday = false;

    if (hours == SAPA_NONE && m->env->client < centre->clients_count)
        hours = centre->clients[m->env->client].hours;
    if (!m->env->closed &&
        (hours == SAPA_NONE || m->env->hours_open(m->env->ctx, hours, m->env->now_us, &holiday))) {
        m->run->flags &= (uint16_t)~SAPA_FLOW_RUN_CLOSED;
        return out(m, SAPA_EDGE_OPEN);
    }
    m->run->flags |= SAPA_FLOW_RUN_CLOSED;
    return holiday && !m->env->closed ? out_or(m, SAPA_EDGE_HOLIDAY, SAPA_EDGE_CLOSED)
                                      : out(m, SAPA_EDGE_CLOSED);
}

static void add_percent(struct sapa_text *text, struct sapa_str s)
{
    for (size_t i = 0; i < s.n; i++) { /* RFC 3986 section 2.3 */
        const char c = s.p[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            c == '-' || c == '.' || c == '_' || c == '~')
            sapa_text_char(text, c);
        else
            sapa_text_printf(text, "%%%02X", (unsigned)(uint8_t)c);
    }
}

static void add_dialable(struct sapa_text *text, struct sapa_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '*' || s.p[i] == '#' ||
            (s.p[i] == '+' && text->n == 0))
            sapa_text_char(text, s.p[i]);
    }
}

/* The url of a look-up, or a number to dial: values in their plain form. False: something is missing. */
static bool fill(struct machine *m, bool url, struct sapa_text *text)
{
    const struct sapa_flow *flow = flow_of(m);
    const struct sapa_flow_part *part = &flow->parts[node_of(m)->url.first];

    for (uint32_t i = 0; i < part->text[0].count; i++) {
        const struct sapa_flow_piece *piece = &flow->pieces[part->text[0].first + i];
        struct sapa_expr_result value;
        char digits[24];
        struct sapa_text number;

        if (piece->expr == SAPA_NONE) {
            sapa_text_add(text, piece->text);
            continue;
        }
        if (flow->exprs[piece->expr].type == SAPA_VALUE_SECRET) {
            sapa_text_add(text, SAPA_STR("{secret}"));
            continue;
        }
        if (sapa_expr_eval(m->env, flow, m->run, piece->expr, &value) != SAPA_OK)
            return false;
        sapa_text_init(&number, digits, sizeof(digits));
        if (flow->exprs[piece->expr].type != SAPA_VALUE_TEXT) {
            sapa_text_printf(&number, "%lld", (long long)value.number);
            value.text = sapa_text_str(&number);
        }
        if (url)
            add_percent(text, value.text);
        else
            add_dialable(text, value.text);
    }
    return !text->cut && text->n > 0;
}

static uint32_t lookup_over(struct machine *m)
{
    if (!(m->run->stage & (LOOKUP_GOOD | LOOKUP_BAD)) || (m->run->stage & LOOKUP_SPEAKING))
        return STOP; /* still asking, or still speaking */
    if ((m->run->stage & LOOKUP_GOOD) && node_of(m)->contained)
        m->run->flags |= SAPA_FLOW_RUN_SERVED;
    return out(m, m->run->stage & LOOKUP_GOOD ? SAPA_EDGE_NEXT : SAPA_EDGE_FAILED);
}

static uint32_t enter_lookup(struct machine *m)
{
    const struct sapa_flow_node *node = node_of(m);
    char buf[URL_MAX];
    struct sapa_text url;

    sapa_text_init(&url, buf, sizeof(buf));
    if (!fill(m, true, &url))
        return out(m, SAPA_EDGE_FAILED);
    m->run->phase = SAPA_FLOW_LOOKING_UP;
    m->run->lookup++;
    m->env->ops->lookup(m->env->ctx, m->run->lookup, node->timeout_ms, sapa_text_str(&url));
    m->run->stage = speak(m, node->say) ? LOOKUP_SPEAKING : 0;
    set_timer_ms(m, node->timeout_ms + GRACE_MS);
    return STOP;
}

/* Find `name` among "name=value" lines. */
static bool line_value(struct sapa_str lines, struct sapa_str name, struct sapa_str *ret)
{
    while (lines.n > 0) {
        struct sapa_str value;
        const struct sapa_str line = sapa_str_cut(lines, '\n', &lines);
        if (sapa_str_eq(sapa_str_trim(sapa_str_cut(line, '=', &value)), name)) {
            *ret = sapa_str_trim(value);
            return true;
        }
    }
    return false;
}

static uint32_t lookup_done(struct machine *m, const struct sapa_flow_event *event)
{
    const struct sapa_flow *flow = flow_of(m);
    const struct sapa_flow_node *node = node_of(m);
    bool good = event->result == SAPA_OK;
    int64_t number;
    struct sapa_str text;

    /* all or nothing: half an answer would be spoken as if it were whole */
    for (uint32_t i = 0; good && i < node->assign_count; i++) {
        const struct sapa_flow_variable *v =
            &flow->variables[flow->assigns[node->assign_first + i].variable];
        good = line_value(event->values, v->name, &text) && parse_value(v->type, text, &number);
    }
    for (uint32_t i = 0; good && i < node->assign_count; i++) {
        const uint32_t variable = flow->assigns[node->assign_first + i].variable;
        if (line_value(event->values, flow->variables[variable].name, &text) &&
            parse_value(flow->variables[variable].type, text, &number))
            store(m, variable, number, text, true);
    }
    m->run->stage |= good ? LOOKUP_GOOD : LOOKUP_BAD;
    return lookup_over(m);
}

/* ---- outside numbers ---- */

static uint32_t dial(struct machine *m)
{
    const struct sapa_flow *flow = flow_of(m);
    const struct sapa_flow_node *node = node_of(m);
    char buf[NUMBER_MAX + 1];
    struct sapa_text number;

    sapa_text_init(&number, buf, sizeof(buf));
    if (node->kind == SAPA_NODE_ONCALL) {
        if (m->run->stage >= node->try_count)
            return out(m, SAPA_EDGE_FAILED);
        sapa_text_add(&number, flow->texts[node->try_first + m->run->stage]);
    } else if (m->run->stage > 0 || !fill(m, false, &number)) {
        return out(m, SAPA_EDGE_FAILED);
    }
    m->run->phase = SAPA_FLOW_DIALLING;
    m->run->attempt++;
    m->env->ops->dial(m->env->ctx, m->run->attempt, sapa_text_str(&number), node->ring_ms);
    set_timer_ms(m, node->ring_ms + GRACE_MS);
    return STOP;
}

/* The log says who was tried and who answered. */
static void tried(struct machine *m, uint32_t result)
{
    const struct sapa_flow_node *node = node_of(m);
    const uint8_t place = m->run->stage;

    m->env->ops->tried(m->env->ctx, m->run->attempt, place + 1u, result,
                       node->kind == SAPA_NODE_ONCALL && place < node->try_count
                           ? flow_of(m)->texts[node->try_first + place]
                           : (struct sapa_str){ NULL, 0 });
}

static uint32_t dial_result(struct machine *m, int32_t state)
{
    switch (state) {
    case 0: return STOP;
    case 1:
        set_timer(m, 0);
        tried(m, 0);
        m->run->phase = SAPA_FLOW_TALKING;
        m->run->flags |= SAPA_FLOW_RUN_OUTSIDE;
        return STOP;
    case 2:
        tried(m, m->run->timer_us == 0 ? 2 : 1);
        m->run->stage++; /* the next on the list; a transfer has no other */
        return dial(m);
    default: return out(m, SAPA_EDGE_AFTER);
    }
}

/* ---- messages ---- */

static uint32_t message_over(struct machine *m, bool stopped_itself)
{
    if (!stopped_itself)
        m->env->ops->record_stop(m->env->ctx);
    return out(m, SAPA_EDGE_NEXT);
}

/* ---- callback ---- */

static uint32_t callback_accept(struct machine *m)
{
    const struct sapa_flow_node *node = node_of(m);
    struct sapa_flow_run *run = m->run;
    const bool other = run->stage == CALLBACK_READ_BACK;
    const uint32_t queue = run->flags & SAPA_FLOW_RUN_IN_QUEUE ? run->queue
                           : node->queue != SAPA_NONE          ? node->queue
                                                               : run->queue;

    if (queue == SAPA_NONE)
        return out(m, SAPA_EDGE_FAILED);
    run->flags |= SAPA_FLOW_RUN_CALLBACK;
    run->flags &= (uint16_t)~SAPA_FLOW_RUN_IN_QUEUE;
    run->queue = queue;
    run->stage = CALLBACK_ACCEPTED;
    run->phase = SAPA_FLOW_GOODBYE;
    set_timer(m, 0);
    m->env->ops->request_callback(m->env->ctx, queue,
                                  (struct sapa_str){ run->digits, other ? run->digits_n : 0 });
    return speak(m, node->offer) ? STOP : out(m, SAPA_EDGE_NEXT);
}

static uint32_t callback_digit(struct machine *m, char digit)
{
    struct sapa_flow_run *run = m->run;

    if (run->stage == CALLBACK_ENTER) {
        if (digit >= '0' && digit <= '9') {
            run->digits[run->digits_n++] = digit;
            if (run->digits_n < CALLBACK_DIGITS_MAX) {
                run->phase = SAPA_FLOW_LISTENING;
                set_timer_ms(m, CALLBACK_TIMEOUT_MS);
                return STOP;
            }
        } else if (digit != '#' || run->digits_n < CALLBACK_DIGITS_MIN) {
            return again(m, SAPA_EDGE_INVALID);
        }
        run->stage = CALLBACK_READ_BACK;
        return ask_callback(m, NULL);
    }
    if (digit == '1')
        return callback_accept(m);
    if (digit != '2')
        return again(m, SAPA_EDGE_INVALID);
    run->stage = CALLBACK_ENTER;
    return ask_callback(m, NULL);
}

/* ---- digits ---- */

static uint32_t collected(struct machine *m)
{
    const struct sapa_flow_node *node = node_of(m);
    struct sapa_flow_run *run = m->run;
    struct sapa_expr_result value;

    if (node->variable != SAPA_NONE)
        store(m, node->variable, run->secrets, (struct sapa_str){ run->digits, run->digits_n },
              node->expr == SAPA_NONE);
    if (node->expr != SAPA_NONE) {
        if (sapa_expr_eval(m->env, flow_of(m), run, node->expr, &value) != SAPA_OK || !value.number)
            return again(m, SAPA_EDGE_INVALID);
        if (node->variable != SAPA_NONE)
            store(m, node->variable, run->secrets, (struct sapa_str){ run->digits, run->digits_n },
                  true);
    }
    return out(m, SAPA_EDGE_NEXT);
}

static uint32_t collect_digit(struct machine *m, char digit, uint32_t secrets)
{
    const struct sapa_flow_node *node = node_of(m);
    struct sapa_flow_run *run = m->run;
    unsigned n = run->digits_n;

    if (node->terminator && digit == node->terminator)
        return (node->secret ? run->secrets : n) >= node->digits_min ? collected(m)
                                                                     : again(m, SAPA_EDGE_INVALID);
    if (node->secret) {
        run->secrets = (uint16_t)SAPA_MIN(secrets, (uint32_t)UINT16_MAX);
        n = run->secrets;
    } else {
        if (digit < '0' || digit > '9')
            return again(m, SAPA_EDGE_INVALID);
        run->digits[run->digits_n++] = digit;
        n = run->digits_n;
    }
    if (n >= node->digits_max)
        return collected(m);
    run->phase = SAPA_FLOW_LISTENING;
    set_timer_ms(m, node->timeout_ms);
    return STOP;
}

static unsigned survey_value(const struct sapa_flow_run *run)
{
    unsigned value = 0;

    for (uint8_t i = 0; i < run->digits_n; i++)
        value = value * 10 + (unsigned)(run->digits[i] - '0');
    return value;
}

static uint32_t survey_done(struct machine *m)
{
    const struct sapa_flow_node *node = node_of(m);
    const unsigned value = survey_value(m->run);

    if (m->run->digits_n == 0 || value < node->digits_min || value > node->digits_max)
        return again(m, SAPA_EDGE_INVALID);
    m->env->ops->survey(m->env->ctx, node->name, value, node->digits_max);
    return out(m, SAPA_EDGE_NEXT);
}

static uint32_t survey_digit(struct machine *m, char digit)
{
    const struct sapa_flow_node *node = node_of(m);
    struct sapa_flow_run *run = m->run;

    if (digit == '#' && run->digits_n > 0)
        return survey_done(m);
    if (digit < '0' || digit > '9')
        return again(m, SAPA_EDGE_INVALID);
    run->digits[run->digits_n++] = digit;
    /* could another digit still follow? */
    if (run->digits_n >= 3 || survey_value(run) == 0 || survey_value(run) * 10 > node->digits_max)
        return survey_done(m);
    run->phase = SAPA_FLOW_LISTENING;
    set_timer_ms(m, SURVEY_GAP_MS);
    return STOP;
}

static uint32_t menu_digit(struct machine *m, char digit)
{
    const struct sapa_flow_node *node = node_of(m);

    for (uint32_t i = 0; i < node->key_count; i++) {
        const struct sapa_flow_key *key = &flow_of(m)->keys[node->key_first + i];
        if (key->key == digit) {
            set_timer(m, 0);
            return key->node;
        }
    }
    return again(m, SAPA_EDGE_INVALID);
}

/* A key while speaking or listening. */
static uint32_t pressed(struct machine *m, const struct sapa_flow_event *event, bool *ret_taken)
{
    const struct sapa_flow_node *node = node_of(m);
    const bool speaking = m->run->phase == SAPA_FLOW_SPEAKING;
    const bool listens = node->kind == SAPA_NODE_MENU || node->kind == SAPA_NODE_COLLECT ||
                         node->kind == SAPA_NODE_SURVEY || node->kind == SAPA_NODE_CALLBACK;

    if (!listens || (speaking && !node->barge_in && node->kind != SAPA_NODE_CALLBACK)) {
        *ret_taken = false;
        return STOP;
    }
    if (speaking) {
        m->run->play++; /* what is playing is of no interest any more */
        m->env->ops->stop_play(m->env->ctx);
    }
    switch (node->kind) {
    case SAPA_NODE_MENU: return menu_digit(m, event->digit);
    case SAPA_NODE_COLLECT: return collect_digit(m, event->digit, event->secrets);
    case SAPA_NODE_SURVEY: return survey_digit(m, event->digit);
    default: return callback_digit(m, event->digit);
    }
}

static uint32_t silence(struct machine *m)
{
    const struct sapa_flow_node *node = node_of(m);
    const unsigned n = node->secret ? m->run->secrets : m->run->digits_n;

    if (node->kind == SAPA_NODE_COLLECT && n > 0 && n >= node->digits_min)
        return collected(m);
    if (node->kind == SAPA_NODE_SURVEY && n > 0)
        return survey_done(m);
    if (node->kind == SAPA_NODE_CALLBACK && m->run->stage == CALLBACK_ENTER &&
        n >= CALLBACK_DIGITS_MIN)
        return callback_digit(m, '#');
    return again(m, SAPA_EDGE_TIMEOUT);
}

/* ---- entering ---- */

static bool needs_answer(const struct sapa_flow_node *node)
{
    switch (node->kind) {
    case SAPA_NODE_SAY:
    case SAPA_NODE_MENU:
    case SAPA_NODE_COLLECT:
    case SAPA_NODE_QUEUE:
    case SAPA_NODE_TRANSFER:
    case SAPA_NODE_VOICEMAIL:
    case SAPA_NODE_CALLBACK:
    case SAPA_NODE_RECORD:
    case SAPA_NODE_SURVEY:
    case SAPA_NODE_ONCALL: return true;
    case SAPA_NODE_LOOKUP:
    case SAPA_NODE_HANGUP: return node->say.count > 0;
    default: return false;
    }
}

/* In these one does not wait for an agent any more. */
static bool gives_up_place(const struct sapa_flow_node *node)
{
    switch (node->kind) {
    case SAPA_NODE_TRANSFER:
    case SAPA_NODE_VOICEMAIL:
    case SAPA_NODE_RECORD:
    case SAPA_NODE_SURVEY:
    case SAPA_NODE_ONCALL:
    case SAPA_NODE_HANGUP: return true;
    default: return false;
    }
}

/* Variables of the same name and type go along into another flow. */
static void carry_values(struct machine *m, uint32_t to)
{
    const struct sapa_flow *from = flow_of(m), *into = &m->env->centre->flows[to];
    struct sapa_flow_value values[SAPA_FLOW_VARIABLES_MAX] = { 0 };
    char text[SAPA_FLOW_TEXT_MAX] = { 0 };

    for (uint32_t i = 0; i < into->variables_count; i++) {
        for (uint32_t k = 0; k < from->variables_count; k++) {
            const struct sapa_flow_variable *a = &from->variables[k], *b = &into->variables[i];
            if (a->type != b->type || !sapa_str_eq(a->name, b->name))
                continue;
            values[i] = m->run->values[k];
            if (a->type == SAPA_VALUE_TEXT) {
                const struct sapa_str s = { m->run->text + a->at, (size_t)values[i].number };
                values[i].number = (int64_t)cut_utf8(s, b->size);
                memcpy(text + b->at, s.p, (size_t)values[i].number);
            }
        }
    }
    memcpy(m->run->values, values, sizeof(values));
    memcpy(m->run->text, text, sizeof(text));
    m->run->flow = to;
}

static uint32_t hang_up(struct machine *m)
{
    const struct sapa_flow_node *node = node_of(m);

    return end(m, node->cause,
               node->outcome == SAPA_OUTCOME_OPEN ? sapa_flow_outcome(m->run) : node->outcome);
}

/* Do what the node is for; the next node if it is done at once. */
static uint32_t enter_node(struct machine *m)
{
    const struct sapa_flow_node *node = node_of(m);
    struct sapa_flow_run *run = m->run;
    struct speech speech;

    if (needs_answer(node) && !m->answered) {
        run->phase = SAPA_FLOW_ANSWERING;
        m->env->ops->answer(m->env->ctx);
        return STOP;
    }
    if (gives_up_place(node) && !(run->flags & SAPA_FLOW_RUN_CALLBACK))
        leave_queue(m);
    speech_init(&speech);
    switch ((enum sapa_node_kind)node->kind) {
    case SAPA_NODE_SAY:
        run->phase = SAPA_FLOW_SPEAKING;
        if (speak(m, node->say))
            return STOP;
        return out(m, SAPA_EDGE_NEXT);
    case SAPA_NODE_COLLECT:
        if (node->secret)
            vault(m);
        /* fall through */
    case SAPA_NODE_MENU:
    case SAPA_NODE_SURVEY:
        speech_say(m, &speech, node->say);
        return ask(m, &speech, node->timeout_ms);
    case SAPA_NODE_CALLBACK:
        run->digits_n = 0;
        run->stage = m->env->caller.n > 0 ? CALLBACK_CONFIRM : CALLBACK_ENTER;
        return ask_callback(m, NULL);
    case SAPA_NODE_BRANCH: return branch(m);
    case SAPA_NODE_HOURS: return by_hours(m);
    case SAPA_NODE_SET: return assign(m);
    case SAPA_NODE_LOOKUP: return enter_lookup(m);
    case SAPA_NODE_QUEUE: return enter_queue(m);
    case SAPA_NODE_TRANSFER:
    case SAPA_NODE_ONCALL:
        run->phase = SAPA_FLOW_SPEAKING;
        return speak(m, node->say) ? STOP : dial(m);
    case SAPA_NODE_FLOW: carry_values(m, node->flow); return flow_of(m)->start;
    case SAPA_NODE_VOICEMAIL:
    case SAPA_NODE_RECORD:
        run->phase = SAPA_FLOW_SPEAKING;
        speech_say(m, &speech, node->say);
        speech_prompt(&speech, m->env->centre->system_prompt[SAPA_PROMPT_ID_BEEP]);
        (void)speech_play(m, &speech, false); /* the beep at least */
        return STOP;
    case SAPA_NODE_LANGUAGE: run->language = node->language; return out(m, SAPA_EDGE_NEXT);
    case SAPA_NODE_SURGE: return out(m, m->env->surge ? SAPA_EDGE_ON : SAPA_EDGE_OFF);
    case SAPA_NODE_HANGUP:
        run->phase = SAPA_FLOW_GOODBYE;
        return speak(m, node->say) ? STOP : hang_up(m);
    case SAPA_NODE_KIND_COUNT: break;
    }
    return fault(m);
}

static void go(struct machine *m, uint32_t node, char via)
{
    struct sapa_flow_run *run = m->run;

    while (node != STOP) {
        run->node = node;
        run->tries = 0;
        run->stage = 0;
        if (++run->steps > SAPA_FLOW_STEPS_MAX || ++run->passed > PASSED_MAX) {
            fault(m); /* the checker does not let such a flow through; a log of old may */
            return;
        }
        m->env->ops->step(m->env->ctx, run->flow, node, via, run->language);
        via = 0;
        if (node_of(m)->contained && node_of(m)->kind != SAPA_NODE_SAY &&
            node_of(m)->kind != SAPA_NODE_LOOKUP)
            run->flags |= SAPA_FLOW_RUN_SERVED;
        node = enter_node(m);
    }
}

/* ---- from outside ---- */

void sapa_flow_begin(const struct sapa_flow_env *env, struct sapa_flow_run *run, uint32_t flow,
                     uint8_t language)
{
    const struct sapa_flow_run old = *run;
    struct machine m = { .env = env, .run = run, .answered = env->answered };
    const bool in_queue = old.flags & SAPA_FLOW_RUN_IN_QUEUE;

    sapa_assert(flow < env->centre->flows_count);
    *run = (struct sapa_flow_run){
        .flow = flow,
        .queue_node = in_queue ? old.queue_node : SAPA_NONE,
        .queue_flow = in_queue ? old.queue_flow : SAPA_NONE,
        .queue = in_queue ? old.queue : SAPA_NONE,
        .flags = old.flags & (SAPA_FLOW_RUN_IN_QUEUE | (old.phase == SAPA_FLOW_TALKING ? SAPA_FLOW_RUN_TALKED : 0)), /* the agent passed it on */
        .play = old.play,
        .lookup = old.lookup,
        .attempt = old.attempt,
        .timer_us = old.timer_us,
        .language = language < SAPA_LANGUAGE_COUNT ? language : 0,
    };
    set_timer(&m, 0);
    go(&m, flow_of(&m)->start, 0);
}

static uint32_t spoken(struct machine *m)
{
    const struct sapa_flow_node *node = node_of(m);
    struct sapa_flow_run *run = m->run;

    switch (node->kind) {
    case SAPA_NODE_SAY:
        if (node->contained)
            run->flags |= SAPA_FLOW_RUN_SERVED;
        return out(m, SAPA_EDGE_NEXT);
    case SAPA_NODE_TRANSFER:
    case SAPA_NODE_ONCALL: return dial(m);
    case SAPA_NODE_VOICEMAIL:
    case SAPA_NODE_RECORD:
        run->phase = SAPA_FLOW_RECORDING;
        if (node->kind == SAPA_NODE_VOICEMAIL)
            run->flags |= SAPA_FLOW_RUN_MESSAGE;
        m->env->ops->record_start(m->env->ctx, node->queue, node->max_ms);
        set_timer_ms(m, node->max_ms);
        return STOP;
    default:
        run->phase = SAPA_FLOW_LISTENING;
        set_timer_ms(m, listening_ms(m));
        return STOP;
    }
}

static bool play_done(struct machine *m, uint32_t play, uint32_t *ret_next)
{
    struct sapa_flow_run *run = m->run;

    if (play != run->play)
        return false;
    switch ((enum sapa_flow_phase)run->phase) {
    case SAPA_FLOW_SPEAKING: *ret_next = spoken(m); return true;
    case SAPA_FLOW_LOOKING_UP:
        run->stage &= (uint8_t)~LOOKUP_SPEAKING;
        *ret_next = lookup_over(m);
        return true;
    case SAPA_FLOW_WAITING: play_music(m); return true;
    case SAPA_FLOW_GOODBYE:
        if (run->flags & (SAPA_FLOW_RUN_FAULT | SAPA_FLOW_RUN_GOODBYE))
            *ret_next = run->flags & SAPA_FLOW_RUN_FAULT ? fault_over(m)
                                                         : end(m, 16, sapa_flow_outcome(run));
        else
            *ret_next = node_of(m)->kind == SAPA_NODE_CALLBACK ? out(m, SAPA_EDGE_NEXT) : hang_up(m);
        return true;
    default: return false;
    }
}

static bool timer(struct machine *m, uint32_t *ret_next)
{
    struct sapa_flow_run *run = m->run;

    if (run->timer_us == 0 || m->env->now_us < run->timer_us)
        return false;
    run->timer_us = 0; /* it has gone off: whoever keeps it, does no more */
    switch ((enum sapa_flow_phase)run->phase) {
    case SAPA_FLOW_LISTENING: *ret_next = silence(m); return true;
    case SAPA_FLOW_WAITING: *ret_next = waiting_timer(m); return true;
    case SAPA_FLOW_RECORDING: *ret_next = message_over(m, false); return true;
    case SAPA_FLOW_LOOKING_UP:
        run->lookup++; /* an answer that still comes is stale */
        run->stage = LOOKUP_BAD;
        *ret_next = lookup_over(m);
        return true;
    case SAPA_FLOW_DIALLING:
        m->env->ops->dial_cancel(m->env->ctx, run->attempt);
        *ret_next = dial_result(m, 2);
        return true;
    default: return false;
    }
}

static bool digit(struct machine *m, const struct sapa_flow_event *event, uint32_t *ret_next)
{
    const struct sapa_flow_node *node = node_of(m);
    bool taken = true;

    switch ((enum sapa_flow_phase)m->run->phase) {
    case SAPA_FLOW_SPEAKING:
    case SAPA_FLOW_LISTENING: *ret_next = pressed(m, event, &taken); return taken;
    case SAPA_FLOW_WAITING:
        if (!(m->run->flags & SAPA_FLOW_RUN_OFFERED) || event->digit != node->offer_key)
            return false;
        *ret_next = out(m, SAPA_EDGE_CALLBACK);
        return true;
    case SAPA_FLOW_RECORDING:
        if (!node->terminator || event->digit != node->terminator)
            return false;
        *ret_next = message_over(m, false);
        return true;
    default: return false;
    }
}

static bool queue_result(struct machine *m, const struct sapa_flow_event *event, uint32_t *ret_next)
{
    struct sapa_flow_run *run = m->run;

    if (!(run->flags & SAPA_FLOW_RUN_IN_QUEUE))
        return false;
    if (event->result == SAPA_DEQUEUE_MOVED) { /* by a supervisor: still waiting, elsewhere */
        run->queue = event->number;
        return true;
    }
    run->flags &= (uint16_t)~SAPA_FLOW_RUN_IN_QUEUE;
    if (event->result != SAPA_DEQUEUE_FAULT)
        overflowed(m);
    if (run->phase != SAPA_FLOW_WAITING)
        return true; /* in a dialogue on the side, which goes on without the place */
    switch (event->result) {
    case SAPA_DEQUEUE_NO_AGENTS: *ret_next = out_or(m, SAPA_EDGE_NOBODY, SAPA_EDGE_OVERFLOW); break;
    case SAPA_DEQUEUE_FAULT: *ret_next = out_or(m, SAPA_EDGE_FAILED, SAPA_EDGE_OVERFLOW); break;
    default: *ret_next = out(m, SAPA_EDGE_OVERFLOW); break;
    }
    return true;
}

static void to_talk(struct machine *m)
{
    secret_off(m);
    set_timer(m, 0);
    m->run->flags &= (uint16_t) ~(SAPA_FLOW_RUN_IN_QUEUE | SAPA_FLOW_RUN_ANNOUNCING);
    m->run->flags |= SAPA_FLOW_RUN_TALKED;
    m->run->phase = SAPA_FLOW_TALKING;
}

/* With an outside number, not with an agent. */
static bool talks_outside(const struct machine *m)
{
    return m->run->phase == SAPA_FLOW_TALKING &&
           (node_of(m)->kind == SAPA_NODE_TRANSFER || node_of(m)->kind == SAPA_NODE_ONCALL);
}

static bool back_in_queue(struct machine *m)
{
    struct sapa_flow_run *run = m->run;

    if (run->phase != SAPA_FLOW_TALKING || talks_outside(m) || run->queue_node == SAPA_NONE ||
        (run->flags & SAPA_FLOW_RUN_CALLBACK))
        return false;
    if (run->flow != run->queue_flow)
        carry_values(m, run->queue_flow);
    run->node = run->queue_node;
    run->phase = SAPA_FLOW_WAITING;
    run->flags |= SAPA_FLOW_RUN_IN_QUEUE;
    run->flags &= (uint16_t)~SAPA_FLOW_RUN_TALKED; /* nobody has */
    /* he waits anew: the conversation does not count as waiting */
    run->announce_us = after_ms(m, node_of(m)->announce_every_ms);
    run->limit_us = after_ms(m, node_of(m)->max_ms);
    run->offer_us =
        run->flags & SAPA_FLOW_RUN_OFFERED ? 0 : after_ms(m, node_of(m)->offer_after_ms);
    play_music(m);
    schedule_waiting(m);
    return true;
}

static uint32_t after_talk(struct machine *m)
{
    struct sapa_flow_run *run = m->run;

    run->flags &= (uint16_t)~SAPA_FLOW_RUN_CALLBACK; /* it was kept */
    if (run->queue_node == SAPA_NONE)
        return part(m);
    if (run->flow != run->queue_flow)
        carry_values(m, run->queue_flow);
    run->node = run->queue_node;
    const uint32_t next = node_of(m)->edge[SAPA_EDGE_AFTER];
    return next != SAPA_NONE ? next : part(m);
}

bool sapa_flow_event(const struct sapa_flow_env *env, struct sapa_flow_run *run,
                     const struct sapa_flow_event *event)
{
    struct machine m = { .env = env,
                         .run = run,
                         .answered = env->answered || event->kind == SAPA_FLOW_ANSWERED };
    uint32_t next = STOP;
    bool taken = false;

    if (run->phase == SAPA_FLOW_IDLE ||
        (run->phase == SAPA_FLOW_OVER &&
         !(event->kind == SAPA_FLOW_CONNECTED && (run->flags & SAPA_FLOW_RUN_CALLBACK))))
        return false;
    run->steps = 0;
    switch (event->kind) {
    case SAPA_FLOW_ANSWERED:
        taken = run->phase == SAPA_FLOW_ANSWERING;
        if (taken)
            next = enter_node(&m);
        break;
    case SAPA_FLOW_DIGIT: taken = digit(&m, event, &next); break;
    case SAPA_FLOW_PLAY_DONE: taken = play_done(&m, event->number, &next); break;
    case SAPA_FLOW_TIMER: taken = timer(&m, &next); break;
    case SAPA_FLOW_LOOKUP_DONE:
        taken = run->phase == SAPA_FLOW_LOOKING_UP && event->number == run->lookup &&
                !(run->stage & (LOOKUP_GOOD | LOOKUP_BAD));
        if (taken)
            next = lookup_done(&m, event);
        break;
    case SAPA_FLOW_QUEUE_RESULT: taken = queue_result(&m, event, &next); break;
    case SAPA_FLOW_CONNECTED:
        taken = (run->flags & (SAPA_FLOW_RUN_IN_QUEUE | SAPA_FLOW_RUN_CALLBACK)) != 0;
        if (taken)
            to_talk(&m);
        break;
    case SAPA_FLOW_REQUEUED: taken = back_in_queue(&m); break;
    case SAPA_FLOW_AGENT_PARTED:
        taken = run->phase == SAPA_FLOW_TALKING && !talks_outside(&m);
        if (taken)
            next = after_talk(&m);
        break;
    case SAPA_FLOW_DIAL_RESULT:
        taken = event->number == run->attempt &&
                (run->phase == SAPA_FLOW_DIALLING || (talks_outside(&m) && event->result == 3));
        if (taken)
            next = dial_result(&m, event->result);
        break;
    case SAPA_FLOW_RECORD_DONE:
        taken = run->phase == SAPA_FLOW_RECORDING;
        if (taken)
            next = message_over(&m, true);
        break;
    }
    go(&m, next, event->kind == SAPA_FLOW_DIGIT ? event->digit : 0);
    return taken;
}

enum sapa_outcome sapa_flow_outcome(const struct sapa_flow_run *run)
{
    return run->flags & SAPA_FLOW_RUN_TALKED       ? SAPA_OUTCOME_ANSWERED
           : run->flags & SAPA_FLOW_RUN_OUTSIDE    ? SAPA_OUTCOME_TRANSFERRED
           : run->flags & SAPA_FLOW_RUN_MESSAGE    ? SAPA_OUTCOME_VOICEMAIL
           : run->flags & SAPA_FLOW_RUN_SERVED     ? SAPA_OUTCOME_CONTAINED
           : run->flags & SAPA_FLOW_RUN_OVERFLOWED ? SAPA_OUTCOME_OVERFLOW_ENDED
           : run->flags & SAPA_FLOW_RUN_CLOSED     ? SAPA_OUTCOME_CLOSED
                                                   : SAPA_OUTCOME_ABANDONED_FLOW;
}

/* ---- snapshots ---- */

/* Fields in order; append only. `language` and below are small, indices may be SAPA_NONE. */
#define RUN_NUMBERS(X) \
    X(flow)            \
    X(node)            \
    X(queue_node)      \
    X(queue_flow)      \
    X(queue)           \
    X(play)            \
    X(lookup)          \
    X(attempt)         \
    X(steps)           \
    X(passed)          \
    X(secrets)         \
    X(phase)           \
    X(stage)           \
    X(tries)           \
    X(language)        \
    X(flags)
#define RUN_TIMES(X) \
    X(timer_us)      \
    X(announce_us)   \
    X(offer_us)      \
    X(limit_us)

void sapa_flow_run_save(const struct sapa_flow_run *run, struct sapa_writer *w)
{
    sapa_put_u64(w, 1);
#define X(field) sapa_put_u64(w, run->field);
    RUN_NUMBERS(X)
#undef X
#define X(field) sapa_put_i64(w, run->field);
    RUN_TIMES(X)
#undef X
    sapa_put_str(w, (struct sapa_str){ run->digits, run->digits_n });
    for (size_t i = 0; i < SAPA_FLOW_VARIABLES_MAX; i++)
        sapa_put_i64(w, run->values[i].number);
    sapa_put_str(w, (struct sapa_str){ run->text, sizeof(run->text) });
}

static bool node_exists(const struct sapa_centre *centre, uint32_t flow, uint32_t node)
{
    return flow < centre->flows_count && node < centre->flows[flow].nodes_count;
}

sapa_rc sapa_flow_run_load(const struct sapa_centre *centre, struct sapa_reader *r,
                           struct sapa_flow_run *ret)
{
    struct sapa_flow_run run = { 0 };
    bool fits = true;

    if (sapa_get_u64(r) != 1)
        return r->bad ? SAPA_ECORRUPT : SAPA_EVERSION;
#define X(field)                              \
    {                                         \
        const uint64_t v = sapa_get_u64(r);   \
        run.field = (__typeof__(run.field))v; \
        fits &= run.field == v;               \
    }
    RUN_NUMBERS(X)
#undef X
#define X(field) run.field = sapa_get_i64(r);
    RUN_TIMES(X)
#undef X
    const struct sapa_str digits = sapa_get_str(r);
    for (size_t i = 0; i < SAPA_FLOW_VARIABLES_MAX; i++)
        run.values[i].number = sapa_get_i64(r);
    const struct sapa_str text = sapa_get_str(r);

    if (r->bad || !fits || digits.n > sizeof(run.digits) || text.n != sizeof(run.text) ||
        run.phase > SAPA_FLOW_OVER || run.language >= SAPA_LANGUAGE_COUNT)
        return SAPA_ECORRUPT;
    if (run.phase != SAPA_FLOW_IDLE) {
        if (!node_exists(centre, run.flow, run.node) ||
            (run.queue_node != SAPA_NONE && !node_exists(centre, run.queue_flow, run.queue_node)) ||
            (run.queue != SAPA_NONE && run.queue >= centre->queues_count) ||
            ((run.phase == SAPA_FLOW_WAITING || (run.flags & SAPA_FLOW_RUN_IN_QUEUE)) &&
             run.queue_node == SAPA_NONE))
            return SAPA_ECORRUPT;
        const struct sapa_flow *flow = &centre->flows[run.flow];
        for (uint32_t i = 0; i < flow->variables_count; i++) {
            if (flow->variables[i].type == SAPA_VALUE_TEXT &&
                (run.values[i].number < 0 || run.values[i].number > flow->variables[i].size))
                return SAPA_ECORRUPT;
        }
    }
    if (digits.n > 0)
        memcpy(run.digits, digits.p, digits.n);
    run.digits_n = (uint8_t)digits.n;
    memcpy(run.text, text.p, sizeof(run.text));
    *ret = run;
    return SAPA_OK;
}

void sapa_flow_run_value(const struct sapa_centre *centre, const struct sapa_flow_run *run,
                         struct sapa_str name, struct sapa_text *out)
{
    if (run->phase == SAPA_FLOW_IDLE || run->flow >= centre->flows_count)
        return;
    const struct sapa_flow *flow = &centre->flows[run->flow];
    for (uint32_t i = 0; i < flow->variables_count; i++) {
        if (sapa_str_eq(flow->variables[i].name, name))
            sapa_flow_value_text(flow, run, i, out);
    }
}
