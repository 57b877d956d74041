/* Flows of the document to struct sapa_flow: nodes, edges, texts and expressions. */
#include "config/compile_impl.h"
#include "core/expr.h"
#include "model/segment.h"

enum {
    FLOW_KEY_MAX = 31,
    NODE_KEY_MAX = 24,
    VARIABLE_KEY_MAX = 24, /* a prompt's key holds flow, node and number */
    SAY_BYTES_MAX = 500,
    TEXT_DEFAULT = 32,
    TEXT_ONE_MAX = 128,
    PIECES_MAX = 32,
};

/* ---- templates ---- */

static const struct {
    struct sapa_str name;
    uint16_t types; /* bits of enum sapa_value_type */
} formats[SAPA_FORMAT_COUNT] = {
#define T(id) (1u << SAPA_VALUE_##id)
    [SAPA_FORMAT_PLAIN] = { { "", 0 },
                            T(INT) | T(TEXT) | T(DURATION) | T(MONEY) | T(DATE) | T(TIME) },
    [SAPA_FORMAT_CARDINAL] = { { "number", 6 }, T(INT) },
    [SAPA_FORMAT_ORDINAL] = { { "ordinal", 7 }, T(INT) },
    [SAPA_FORMAT_DIGITS] = { { "digits", 6 }, T(INT) | T(TEXT) },
    [SAPA_FORMAT_MONEY] = { { "money", 5 }, T(MONEY) },
    [SAPA_FORMAT_RUPIAH] = { { "rupiah", 6 }, T(MONEY) },
    [SAPA_FORMAT_DATE] = { { "date", 4 }, T(DATE) },
    [SAPA_FORMAT_TIME] = { { "time", 4 }, T(TIME) },
    [SAPA_FORMAT_DURATION] = { { "duration", 8 }, T(DURATION) },
    [SAPA_FORMAT_WAIT] = { { "wait", 4 }, T(DURATION) },
    [SAPA_FORMAT_POSITION] = { { "position", 8 }, T(INT) },
#undef T
};

/* The ':' that begins a format, or s.n: the last one, outside quotes, with a word behind it. */
static size_t format_at(struct sapa_str s)
{
    size_t found = s.n;
    char quote = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (quote)
            quote = s.p[i] == quote ? 0 : quote;
        else if (s.p[i] == '"' || s.p[i] == '\'')
            quote = s.p[i];
        else if (s.p[i] == ':' && !(i + 1 < s.n && s.p[i + 1] >= '0' && s.p[i + 1] <= '9'))
            found = i;
    }
    return found;
}

static bool compile_format(struct sapa_flow_build *b, uint32_t node, size_t offset,
                           struct sapa_str name, uint8_t type, uint8_t *ret)
{
    struct sapa_near near;

    sapa_near_start(b->c, &near, name);
    for (uint8_t i = 0; i < SAPA_FORMAT_COUNT; i++) {
        sapa_near_try(&near, formats[i].name);
        if (!sapa_str_eq(formats[i].name, name))
            continue;
        if (formats[i].types >> type & 1) {
            *ret = i;
            return true;
        }
        sapa_find(b->c, node, offset, "see the formats in docs/ref/centre.md",
                  name.n ? "this value cannot be spoken as \"" SAPA_STR_FMT "\""
                         : "this value cannot be spoken" SAPA_STR_FMT,
                  SAPA_STR_ARG(name));
        return false;
    }
    sapa_find(b->c, node, offset,
              near.best.n ? sapa_near_hint(&near) : "see the formats in docs/ref/centre.md",
              "\"" SAPA_STR_FMT "\" is no way to speak a value", SAPA_STR_ARG(name));
    return false;
}

static void add_piece(struct sapa_flow_build *b, struct sapa_str text, uint32_t expr,
                      uint8_t format)
{
    *SAPA_VEC_PUSH(b->c, &b->pieces) = (struct sapa_flow_piece){ text, expr, format };
}

static bool has_placeholder(struct sapa_str s) { return sapa_str_find(s, '{', 0) < s.n; }

/* "{address.orders}": the base address, written in. */
static bool address(struct sapa_flow_build *b, uint32_t node, size_t offset, struct sapa_str name)
{
    const struct sapa_str prefix = SAPA_STR("address.");
    struct sapa_str url;
    struct sapa_near near;

    if (!sapa_str_starts(name, prefix))
        return false;
    const struct sapa_str key = { name.p + prefix.n, name.n - prefix.n };
    const uint32_t found = sapa_tree_get(b->c, b->c->section[SAPA_SECTION_ADDRESSES], key);
    if (found == SAPA_NONE) {
        sapa_near_start(b->c, &near, key);
        for SAPA_TREE_EACH(b->c, child, b->c->section[SAPA_SECTION_ADDRESSES])
            sapa_near_try(&near, sapa_tree(b->c, child)->key);
        sapa_find(b->c, node, offset, sapa_near_hint(&near),
                  "there is no address \"" SAPA_STR_FMT "\"", SAPA_STR_ARG(key));
    } else {
        url = sapa_tree(b->c, found)->text; /* read and judged with its section */
        add_piece(b, url, SAPA_NONE, 0);
    }
    return true;
}

/*
 * Text with {expression:format} into pieces. For a url or number (`plain`) values have no format.
 */
static void compile_template(struct sapa_flow_build *b, uint32_t node, struct sapa_str text,
                             bool plain, uint32_t *ret_first, uint32_t *ret_count)
{
    const uint32_t first = b->pieces.n;
    size_t at = 0;

    while (at < text.n) {
        const size_t open = sapa_str_find(text, '{', at);
        if (open > at)
            add_piece(b, (struct sapa_str){ text.p + at, open - at }, SAPA_NONE, 0);
        if (open == text.n)
            break;
        const size_t close = sapa_str_find(text, '}', open);
        if (close == text.n) {
            sapa_find(b->c, node, open, "{name}, or with its format: {total:rupiah}", "the { is never closed");
            break;
        }
        const struct sapa_str inside = { text.p + open + 1, close - open - 1 };
        const size_t colon = plain ? inside.n : format_at(inside);
        const struct sapa_str expr = { inside.p, colon };
        uint32_t compiled;
        uint8_t format = SAPA_FORMAT_PLAIN;
        at = close + 1;
        if (plain && address(b, node, open + 1, inside))
            continue;
        if (!sapa_expr_compile(b, node, open + 1, expr, SAPA_VALUE_NONE, &compiled))
            continue;
        const uint8_t type = b->exprs.at[compiled].type;
        if (plain && (type == SAPA_VALUE_BOOL || type == SAPA_VALUE_NONE)) {
            sapa_find(b->c, node, open + 1, "branch on it, or speak a text variable", "a bool cannot be filled in here");
            continue;
        }
        if (!plain) {
            const struct sapa_str name =
                colon < inside.n ? (struct sapa_str){ inside.p + colon + 1, inside.n - colon - 1 }
                                 : (struct sapa_str){ NULL, 0 };
            if (type == SAPA_VALUE_SECRET) {
                sapa_find(b->c, node, open + 1, "speak only what everybody may hear", "a secret is never spoken");
                continue;
            }
            if (!compile_format(b, node, open + 1 + colon, sapa_str_trim(name), type, &format))
                continue;
        }
        add_piece(b, (struct sapa_str){ NULL, 0 }, compiled, format);
    }
    *ret_first = first;
    *ret_count = b->pieces.n - first;
    if (*ret_count > PIECES_MAX)
        sapa_find(b->c, node, 0, "split it", "a text may have at most %d values and pieces",
                  PIECES_MAX);
}

/* ---- say ---- */

static bool any_placeholder(const struct sapa_str texts[SAPA_LANGUAGE_COUNT])
{
    for (unsigned i = 0; i < SAPA_LANGUAGE_COUNT; i++) {
        if (has_placeholder(texts[i]))
            return true;
    }
    return false;
}

static void say_texts(struct sapa_flow_build *b, uint32_t node,
                      const struct sapa_str texts[SAPA_LANGUAGE_COUNT])
{
    struct sapa_flow_part *part = SAPA_VEC_PUSH(b->c, &b->parts);

    part->prompt = SAPA_NONE;
    for (unsigned i = 0; i < SAPA_LANGUAGE_COUNT; i++) {
        uint32_t first, count;
        compile_template(b, node, texts[i], false, &first, &count);
        b->parts.at[b->parts.n - 1].text[i].first = first;
        b->parts.at[b->parts.n - 1].text[i].count = count;
    }
}

static void say_prompt_index(struct sapa_flow_build *b, uint32_t node, uint32_t prompt)
{
    const struct sapa_prompt *p = &b->c->prompts.at[prompt];

    if (any_placeholder(p->text)) {
        say_texts(b, node, p->text);
        return;
    }
    struct sapa_flow_part *part = SAPA_VEC_PUSH(b->c, &b->parts);
    part->prompt = prompt;
}

static void say_prompt(struct sapa_flow_build *b, uint32_t node)
{
    const struct sapa_str key = sapa_tree(b->c, node)->text;
    struct sapa_near near;

    uint32_t found = sapa_tree_get(b->c, b->c->section[SAPA_SECTION_PROMPTS], key);
    if (found != SAPA_NONE)
        found = sapa_tree(b->c, found)->ordinal;
    for (unsigned i = 0; i < SAPA_PROMPT_ID_COUNT && found == SAPA_NONE; i++) {
        if (sapa_str_eq(key, sapa_str_of(sapa_prompt_key((enum sapa_prompt_id)i))))
            found = b->c->centre->system_prompt[i];
    }
    if (found != SAPA_NONE && found < b->c->prompts.n) {
        if (b->c->prompts.at[found].music)
            sapa_find(b->c, node, 0, "music plays in queues",
                      "\"" SAPA_STR_FMT "\" is music: it never ends", SAPA_STR_ARG(key));
        else
            say_prompt_index(b, node, found);
        return;
    }
    sapa_near_start(b->c, &near, key);
    for SAPA_TREE_EACH(b->c, child, b->c->section[SAPA_SECTION_PROMPTS])
        sapa_near_try(&near, sapa_tree(b->c, child)->key);
    for (unsigned i = 0; i < SAPA_PROMPT_ID_COUNT; i++)
        sapa_near_try(&near, sapa_str_of(sapa_prompt_key((enum sapa_prompt_id)i)));
    sapa_find(b->c, node, 0,
              near.best.n ? sapa_near_hint(&near)
                          : "define it under prompts, or write { id: …, en: … } here",
              "there is no prompt \"" SAPA_STR_FMT "\"", SAPA_STR_ARG(key));
}

/* A text written in the flow is a prompt of its own, so that it is rendered once and can be recorded later. */
static void say_inline(struct sapa_flow_build *b, uint32_t node)
{
    struct sapa_str texts[SAPA_LANGUAGE_COUNT];

    if (!sapa_read_texts(b->c, node, SAY_BYTES_MAX, texts))
        return;
    if (any_placeholder(texts)) {
        say_texts(b, node, texts);
        return;
    }
    struct sapa_prompt *prompt = SAPA_VEC_PUSH(b->c, &b->c->prompts);
    prompt->key = sapa_compile_printf(b->c, SAPA_STR_FMT "." SAPA_STR_FMT ".%u",
                                      SAPA_STR_ARG(sapa_tree(b->c, b->self)->key),
                                      SAPA_STR_ARG(sapa_tree(b->c, b->at)->key), ++b->said);
    prompt->client = SAPA_NONE;
    memcpy(prompt->text, texts, sizeof(texts));
    struct sapa_flow_part *part = SAPA_VEC_PUSH(b->c, &b->parts);
    part->prompt = b->c->prompts.n - 1;
}

static void say_one(struct sapa_flow_build *b, uint32_t node)
{
    if (sapa_tree(b->c, node)->kind == SAPA_TREE_TEXT)
        say_prompt(b, node);
    else
        say_inline(b, node);
}

/* `standard`: a system prompt when the key is not there; SAPA_PROMPT_ID_COUNT: nothing. */
static struct sapa_flow_say compile_say(struct sapa_flow_build *b, const char *key,
                                        enum sapa_prompt_id standard)
{
    const uint32_t node = sapa_field_get(b->c, b->at, key);
    struct sapa_flow_say say = { b->parts.n, 0 };

    if (node == SAPA_NONE) {
        if (standard != SAPA_PROMPT_ID_COUNT)
            say_prompt_index(b, b->at, b->c->centre->system_prompt[standard]);
    } else if (sapa_tree(b->c, node)->kind == SAPA_TREE_LIST) {
        for SAPA_TREE_EACH(b->c, child, node)
            say_one(b, child);
        if (sapa_tree(b->c, node)->count >= SAPA_SEGMENTS_MAX)
            sapa_find(b->c, node, 0, "split the node", "at most %d parts can be said at once",
                      SAPA_SEGMENTS_MAX - 1);
    } else {
        say_one(b, node);
    }
    say.count = b->parts.n - say.first;
    return say;
}

/* ---- edges and references within the flow ---- */

static uint32_t read_edge(struct sapa_flow_build *b, uint32_t node)
{
    struct sapa_near near;
    struct sapa_str key;

    if (!sapa_read_text(b->c, node, 1, 64, &key))
        return SAPA_NONE;
    const uint32_t found = sapa_tree_get(b->c, b->nodes_at, key);
    if (found != SAPA_NONE)
        return sapa_tree(b->c, found)->ordinal;
    sapa_near_start(b->c, &near, key);
    for SAPA_TREE_EACH(b->c, child, b->nodes_at)
        sapa_near_try(&near, sapa_tree(b->c, child)->key);
    sapa_find(b->c, node, 0, sapa_near_hint(&near),
              "there is no node \"" SAPA_STR_FMT "\" in this flow", SAPA_STR_ARG(key));
    return SAPA_NONE;
}

static uint32_t read_variable(struct sapa_flow_build *b, uint32_t node, struct sapa_str name)
{
    struct sapa_near near;

    sapa_near_start(b->c, &near, name);
    for (uint32_t i = 0; i < b->variables.n; i++) {
        if (sapa_str_eq(b->variables.at[i].name, name))
            return i;
        sapa_near_try(&near, b->variables.at[i].name);
    }
    if (!b->variables_bad)
        sapa_find(b->c, node, 0, near.best.n ? sapa_near_hint(&near) : "declare it under variables",
                  "there is no variable \"" SAPA_STR_FMT "\"", SAPA_STR_ARG(name));
    return SAPA_NONE;
}

/* "4-16" or "6" */
static void read_range(struct sapa_flow_build *b, const char *key, uint8_t lowest, uint8_t highest,
                       uint8_t *ret_min, uint8_t *ret_max)
{
    const uint32_t node = sapa_field_get(b->c, b->at, key);
    struct sapa_str text, rest;
    uint64_t min, max;

    if (node == SAPA_NONE || !sapa_read_text(b->c, node, 1, 8, &text))
        return;
    const struct sapa_str first = sapa_str_trim(sapa_str_cut(text, '-', &rest));
    rest = sapa_str_trim(rest);
    if (sapa_str_find(text, '-', 0) == text.n)
        rest = first;
    if (sapa_str_u64(first, 255, &min) != SAPA_OK || sapa_str_u64(rest, 255, &max) != SAPA_OK ||
        min > max || min < lowest || max > highest) {
        char hint[64];
        struct sapa_text out;
        sapa_text_init(&out, hint, sizeof(hint));
        sapa_text_printf(&out, "write \"%u-%u\", within %u to %u", lowest, highest, lowest,
                         highest);
        sapa_find(b->c, node, 0, hint, "\"" SAPA_STR_FMT "\" is no such range", SAPA_STR_ARG(text));
        *ret_min = *ret_max = lowest;
        return;
    }
    *ret_min = (uint8_t)min;
    *ret_max = (uint8_t)max;
}

/* ---- kinds of nodes ---- */

static void compile_keys(struct sapa_flow_build *b, struct sapa_flow_node *node)
{
    const uint32_t keys = sapa_field_get(b->c, b->at, "keys");

    node->key_first = b->keys.n;
    if (keys == SAPA_NONE || !sapa_is_map(b->c, keys, "keys and where they lead"))
        return;
    for SAPA_TREE_EACH(b->c, child, keys) {
        const struct sapa_str key = sapa_tree(b->c, child)->key;
        if (key.n != 1 ||
            !((key.p[0] >= '0' && key.p[0] <= '9') || key.p[0] == '*' || key.p[0] == '#')) {
            sapa_find_key(b->c, child, "one of 0 to 9, \"*\", \"#\"",
                          "\"" SAPA_STR_FMT "\" is no key of a telephone", SAPA_STR_ARG(key));
            continue;
        }
        const uint32_t to = read_edge(b, child);
        if (to != SAPA_NONE)
            *SAPA_VEC_PUSH(b->c, &b->keys) = (struct sapa_flow_key){ key.p[0], to };
    }
    node->key_count = b->keys.n - node->key_first;
    if (sapa_tree(b->c, keys)->count == 0)
        sapa_find(b->c, keys, 0, "keys: { 1: node, 2: node }", "a menu without keys");
}

static void compile_cases(struct sapa_flow_build *b, struct sapa_flow_node *node)
{
    const uint32_t cases = sapa_field_get(b->c, b->at, "cases");

    node->case_first = b->cases.n;
    if (cases == SAPA_NONE || !sapa_is_list(b->c, cases, "cases"))
        return;
    for SAPA_TREE_EACH(b->c, child, cases) {
        const uint32_t condition = sapa_field_get(b->c, child, "if"),
                       to = sapa_field_get(b->c, child, "go");
        struct sapa_str text;
        uint32_t expr;
        if (condition == SAPA_NONE || to == SAPA_NONE || sapa_tree(b->c, child)->count != 2) {
            sapa_find(b->c, child, 0, "{ if: waiting(\"sales\") > 5, go: busy }", "a case is { if: expression, go: node }");
            continue;
        }
        const uint32_t edge = read_edge(b, to);
        if (sapa_read_text(b->c, condition, 1, 512, &text) &&
            sapa_expr_compile(b, condition, 0, text, SAPA_VALUE_BOOL, &expr) && edge != SAPA_NONE)
            *SAPA_VEC_PUSH(b->c, &b->cases) = (struct sapa_flow_case){ expr, edge };
    }
    node->case_count = b->cases.n - node->case_first;
}

static void compile_set(struct sapa_flow_build *b, struct sapa_flow_node *node)
{
    const uint32_t set = sapa_field_get(b->c, b->at, "set");

    node->assign_first = b->assigns.n;
    if (set == SAPA_NONE || !sapa_is_map(b->c, set, "variables and expressions"))
        return;
    for SAPA_TREE_EACH(b->c, child, set) {
        const uint32_t variable = read_variable(b, child, sapa_tree(b->c, child)->key);
        struct sapa_str text;
        uint32_t expr;
        if (variable == SAPA_NONE || !sapa_read_text(b->c, child, 1, 512, &text))
            continue;
        if (b->variables.at[variable].type == SAPA_VALUE_SECRET)
            sapa_find_key(b->c, child, "name another variable", "a secret is only collected, never computed");
        else if (sapa_expr_compile(b, child, 0, text, b->variables.at[variable].type, &expr))
            *SAPA_VEC_PUSH(b->c, &b->assigns) = (struct sapa_flow_assign){ variable, expr };
    }
    node->assign_count = b->assigns.n - node->assign_first;
}

static void compile_lookup(struct sapa_flow_build *b, struct sapa_flow_node *node)
{
    const uint32_t url = sapa_field_get(b->c, b->at, "url"),
                   results = sapa_field_get(b->c, b->at, "results");
    struct sapa_str text;

    if (url != SAPA_NONE && sapa_read_text(b->c, url, 1, 400, &text)) {
        if (!sapa_str_starts(text, SAPA_STR("http://")) &&
            !sapa_str_starts(text, SAPA_STR("https://")) &&
            !sapa_str_starts(text, SAPA_STR("{address.")))
            sapa_find(b->c, url, 0, "begin it with {address.NAME}, http:// or https://",
                      "this is no web address");
        struct sapa_flow_part *part = SAPA_VEC_PUSH(b->c, &b->parts);
        part->prompt = SAPA_NONE;
        node->url = (struct sapa_flow_say){ b->parts.n - 1, 1 };
        uint32_t first, count;
        compile_template(b, url, text, true, &first, &count);
        b->parts.at[node->url.first].text[0].first = first;
        b->parts.at[node->url.first].text[0].count = count;
    }
    node->assign_first = b->assigns.n;
    if (results == SAPA_NONE || !sapa_is_list(b->c, results, "variables"))
        return;
    for SAPA_TREE_EACH(b->c, child, results) {
        if (!sapa_read_text(b->c, child, 1, VARIABLE_KEY_MAX, &text))
            continue;
        const uint32_t variable = read_variable(b, child, text);
        if (variable != SAPA_NONE && b->variables.at[variable].type == SAPA_VALUE_SECRET)
            sapa_find(b->c, child, 0, "name another variable", "a secret is only collected, never looked up");
        else if (variable != SAPA_NONE)
            *SAPA_VEC_PUSH(b->c, &b->assigns) = (struct sapa_flow_assign){ variable, SAPA_NONE };
    }
    node->assign_count = b->assigns.n - node->assign_first;
}

static void compile_collect(struct sapa_flow_build *b, struct sapa_flow_node *node)
{
    const uint32_t into = sapa_field_get(b->c, b->at, "into"),
                   valid = sapa_field_get(b->c, b->at, "valid");
    struct sapa_str text;
    uint8_t type = SAPA_VALUE_TEXT;

    node->digits_min = 1;
    node->digits_max = 20;
    read_range(b, "digits", 1, SAPA_FLOW_DIGITS_MAX, &node->digits_min, &node->digits_max);
    if (into != SAPA_NONE && sapa_read_text(b->c, into, 1, VARIABLE_KEY_MAX, &text)) {
        node->variable = read_variable(b, into, text);
        if (node->variable != SAPA_NONE) {
            type = b->variables.at[node->variable].type;
            node->secret = type == SAPA_VALUE_SECRET;
            if (type != SAPA_VALUE_TEXT && type != SAPA_VALUE_SECRET)
                sapa_find(b->c, into, 0, "int(number) makes a number of it later",
                          "digits go into a text or a secret");
            else if (type == SAPA_VALUE_TEXT &&
                     b->variables.at[node->variable].size < node->digits_max)
                sapa_find(b->c, into, 0, "make the variable longer",
                          "%u digits do not fit into a text of %u bytes", node->digits_max,
                          b->variables.at[node->variable].size);
        }
    }
    if (valid != SAPA_NONE && sapa_read_text(b->c, valid, 1, 512, &text)) {
        uint32_t expr;
        if (sapa_expr_compile(b, valid, 0, text, SAPA_VALUE_BOOL, &expr))
            node->expr = expr;
    }
}

static void compile_queue(struct sapa_flow_build *b, struct sapa_flow_node *node)
{
    const uint32_t agent = sapa_field_get(b->c, b->at, "agent");
    const uint32_t every = sapa_field_get(b->c, b->at, "announce_every");
    struct sapa_str text;
    int64_t ms;

    const struct sapa_queue *queue =
        node->queue != SAPA_NONE && node->queue < b->c->centre->queues_count
            ? &b->c->centre->queues[node->queue]
            : NULL;
    if (agent != SAPA_NONE && sapa_read_text(b->c, agent, 1, SAPA_KEY_MAX, &text)) {
        if (sapa_str_eq(text, SAPA_STR("last")))
            node->to_last_agent = 1;
        else
            node->agent = sapa_read_ref(b->c, agent, SAPA_SECTION_AGENTS);
    }
    if (every != SAPA_NONE && sapa_read_duration(b->c, every, 0, 3600000, &ms))
        node->announce_every_ms = (uint32_t)ms;
    else if (queue)
        node->announce_every_ms = queue->announce_every_ms;
    if (node->music == SAPA_NONE)
        node->music = queue ? queue->music : b->c->centre->system_prompt[SAPA_PROMPT_ID_MUSIC];
    if (sapa_field_get(b->c, b->at, "announce") != SAPA_NONE) {
        node->announce = compile_say(b, "announce", SAPA_PROMPT_ID_COUNT);
    } else {
        node->announce = compile_say(b, "announce", SAPA_PROMPT_ID_QUEUE_POSITION);
        say_prompt_index(b, b->at, b->c->centre->system_prompt[SAPA_PROMPT_ID_QUEUE_WAIT]);
        node->announce.count++;
    }
    if (node->offer_after_ms > 0) {
        node->offer = compile_say(b, "offer", SAPA_PROMPT_ID_CALLBACK_OFFER);
        if (node->offer_key == 0)
            sapa_find(b->c, b->at, 0, "offer_key: 1", "a callback is offered, but no key takes it");
        if (sapa_field_get(b->c, b->at, "on_callback") == SAPA_NONE)
            sapa_find_key(b->c, b->at, "on_callback: a callback node",
                          "a callback is offered, but leads nowhere");
    }
}

static void compile_oncall(struct sapa_flow_build *b, struct sapa_flow_node *node)
{
    const uint32_t numbers = sapa_field_get(b->c, b->at, "numbers");

    node->try_first = b->texts.n;
    if (numbers == SAPA_NONE || !sapa_is_list(b->c, numbers, "numbers to try"))
        return;
    for SAPA_TREE_EACH(b->c, child, numbers) {
        struct sapa_str text;
        bool good = true;
        if (!sapa_read_text(b->c, child, 2, 32, &text))
            continue;
        for (size_t i = 0; i < text.n; i++)
            good &= (text.p[i] >= '0' && text.p[i] <= '9') || (text.p[i] == '+' && i == 0) ||
                    text.p[i] == '*' || text.p[i] == '#';
        if (!good)
            sapa_find(b->c, child, 0, "digits only", "\"" SAPA_STR_FMT "\" is no telephone number",
                      SAPA_STR_ARG(text));
        *SAPA_VEC_PUSH(b->c, &b->texts) = text;
    }
    node->try_count = b->texts.n - node->try_first;
    if (sapa_tree(b->c, numbers)->count < 1 ||
        sapa_tree(b->c, numbers)->count > SAPA_FLOW_TRIES_MAX)
        sapa_find(b->c, numbers, 0, "numbers: [\"0812…\", \"0813…\"], the first that answers", "1 to %d numbers are tried", SAPA_FLOW_TRIES_MAX);
}

static void compile_hangup(struct sapa_flow_build *b, struct sapa_flow_node *node)
{
    static const struct {
        const char *name;
        uint8_t outcome;
    } outcomes[] = {
        { "served", SAPA_OUTCOME_CONTAINED },
        { "closed", SAPA_OUTCOME_CLOSED },
        { "refused", SAPA_OUTCOME_REFUSED },
        { "ended", SAPA_OUTCOME_OVERFLOW_ENDED },
    };
    const uint32_t outcome = sapa_field_get(b->c, b->at, "outcome");
    struct sapa_str text;

    node->outcome = SAPA_OUTCOME_OPEN; /* as it went */
    if (outcome == SAPA_NONE || !sapa_read_text(b->c, outcome, 1, 32, &text))
        return;
    for (size_t i = 0; i < SAPA_COUNT(outcomes); i++) {
        if (sapa_str_eq(text, sapa_str_of(outcomes[i].name))) {
            node->outcome = outcomes[i].outcome;
            return;
        }
    }
    sapa_find(b->c, outcome, 0, "one of: served, closed, refused, ended",
              "\"" SAPA_STR_FMT "\" is not possible here", SAPA_STR_ARG(text));
}

static void compile_transfer(struct sapa_flow_build *b, struct sapa_flow_node *node)
{
    const uint32_t number = sapa_field_get(b->c, b->at, "number");
    struct sapa_str text;

    if (number == SAPA_NONE || !sapa_read_text(b->c, number, 1, 128, &text))
        return;
    SAPA_VEC_PUSH(b->c, &b->parts)->prompt = SAPA_NONE;
    node->url = (struct sapa_flow_say){ b->parts.n - 1, 1 };
    uint32_t first, count;
    compile_template(b, number, text, true, &first, &count);
    b->parts.at[node->url.first].text[0].first = first;
    b->parts.at[node->url.first].text[0].count = count;
    for (uint32_t i = first; i < first + count; i++) {
        const struct sapa_flow_piece *piece = &b->pieces.at[i];
        if (piece->expr != SAPA_NONE && b->exprs.at[piece->expr].type == SAPA_VALUE_SECRET)
            sapa_find(b->c, number, 0, "dial a variable that is no secret", "a secret is never dialled");
        for (size_t k = 0; piece->expr == SAPA_NONE && k < piece->text.n; k++) {
            const char ch = piece->text.p[k];
            if (!((ch >= '0' && ch <= '9') || ch == '*' || ch == '#' ||
                  (ch == '+' && k == 0 && i == first))) {
                sapa_find(b->c, number, 0, "digits only, and {variables}",
                          "this is no telephone number");
                break;
            }
        }
    }
}

static void compile_node(struct sapa_flow_build *b, uint32_t at)
{
    static const char *const edges[SAPA_EDGE_COUNT] = {
#define X(id, name) [SAPA_EDGE_##id] = name,
        SAPA_FLOW_EDGES(X)
#undef X
    };
    struct sapa_compile *c = b->c;
    struct sapa_flow_node node = { .key = sapa_tree(c, at)->key,
                                   .line = sapa_tree(c, at)->key_line };
    uint32_t kind = UINT32_MAX;

    node.variable = node.expr = node.hours = node.queue = node.agent = node.music = node.flow =
        SAPA_NONE;
    for (unsigned i = 0; i < SAPA_EDGE_COUNT; i++)
        node.edge[i] = SAPA_NONE;
    b->at = at;
    b->said = 0;
    if (sapa_key_good(c, at, NODE_KEY_MAX)) {
        /* the kind decides which other keys there are */
        const uint32_t do_at = sapa_field_get(c, at, "do");
        for (unsigned i = 0; do_at != SAPA_NONE && i < SAPA_NODE_KIND_COUNT; i++) {
            static const char *const names[] = {
#define X(id, name, text) name,
                SAPA_NODE_KINDS(X)
#undef X
            };
            if (sapa_str_eq(sapa_tree(c, do_at)->text, sapa_str_of(names[i])))
                kind = UINT32_C(1) << i;
        }
        sapa_fields_read(c, at, SAPA_OBJECT_NODE, kind == UINT32_MAX ? 0 : kind, &node);
        for (unsigned i = 0; i < SAPA_EDGE_COUNT && kind != UINT32_MAX; i++) {
            const uint32_t edge = sapa_field_get(c, at, edges[i]);
            if (edge != SAPA_NONE)
                node.edge[i] = read_edge(b, edge);
        }
    }
    if (kind != UINT32_MAX) {
        switch ((enum sapa_node_kind)node.kind) {
        case SAPA_NODE_MENU: compile_keys(b, &node); break;
        case SAPA_NODE_COLLECT: compile_collect(b, &node); break;
        case SAPA_NODE_BRANCH: {
            const uint32_t otherwise = sapa_field_get(c, at, "else");
            compile_cases(b, &node);
            if (otherwise != SAPA_NONE)
                node.edge[SAPA_EDGE_NEXT] = read_edge(b, otherwise);
            break;
        }
        case SAPA_NODE_SET: compile_set(b, &node); break;
        case SAPA_NODE_LOOKUP: compile_lookup(b, &node); break;
        case SAPA_NODE_QUEUE: compile_queue(b, &node); break;
        case SAPA_NODE_TRANSFER: compile_transfer(b, &node); break;
        case SAPA_NODE_ONCALL: compile_oncall(b, &node); break;
        case SAPA_NODE_HANGUP: compile_hangup(b, &node); break;
        case SAPA_NODE_SURVEY:
            node.digits_min = 1;
            node.digits_max = 5;
            read_range(b, "answers", 0, 99, &node.digits_min, &node.digits_max);
            break;
        case SAPA_NODE_CALLBACK:
            node.barge_in = 1;
            node.say = compile_say(b, "confirm", SAPA_PROMPT_ID_CALLBACK_CONFIRM);
            node.again = compile_say(b, "enter", SAPA_PROMPT_ID_CALLBACK_ENTER);
            node.announce = compile_say(b, "read_back", SAPA_PROMPT_ID_CALLBACK_READ_BACK);
            node.offer = compile_say(b, "accepted", SAPA_PROMPT_ID_CALLBACK_ACCEPTED);
            break;
        default: break;
        }
        if (node.kind != SAPA_NODE_CALLBACK) {
            node.say =
                compile_say(b, "say",
                            node.kind == SAPA_NODE_VOICEMAIL ? SAPA_PROMPT_ID_VOICEMAIL_GREETING
                                                             : SAPA_PROMPT_ID_COUNT);
            node.again = compile_say(b, "again", SAPA_PROMPT_ID_COUNT);
        }
    }
    *SAPA_VEC_PUSH(c, &b->nodes) = node;
}

/* ---- variables ---- */

static void compile_variables(struct sapa_flow_build *b)
{
    static const char *const names[SAPA_VALUE_COUNT] = {
#define X(id, text) [SAPA_VALUE_##id] = text,
        SAPA_VALUE_TYPES(X)
#undef X
    };
    const uint32_t variables = sapa_field_get(b->c, b->self, "variables");

    if (variables == SAPA_NONE || !sapa_is_map(b->c, variables, "variables and their types"))
        return;
    for SAPA_TREE_EACH(b->c, child, variables) {
        struct sapa_flow_variable v = { .name = sapa_tree(b->c, child)->key };
        struct sapa_str text, size;
        bool good = v.name.n > 0 && v.name.n <= VARIABLE_KEY_MAX &&
                    !(v.name.p[0] >= '0' && v.name.p[0] <= '9');
        for (size_t i = 0; i < v.name.n; i++) {
            const char ch = v.name.p[i];
            good &= (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '_';
        }
        for (unsigned i = 0; i < SAPA_FACT_COUNT; i++)
            good &= !sapa_str_eq(sapa_fact_info((enum sapa_fact)i)->name, v.name);
        good &= !sapa_str_eq(v.name, SAPA_STR("and")) && !sapa_str_eq(v.name, SAPA_STR("or")) &&
                !sapa_str_eq(v.name, SAPA_STR("not")) && !sapa_str_eq(v.name, SAPA_STR("true")) &&
                !sapa_str_eq(v.name, SAPA_STR("false"));
        if (!good) {
            sapa_find_key(
                b->c, child,
                "lower case letters, digits and _, at most 24, and no word that has a meaning already",
                "\"" SAPA_STR_FMT "\" cannot be a variable", SAPA_STR_ARG(v.name));
            continue;
        }
        if (!sapa_read_text(b->c, child, 1, 32, &text))
            continue;
        const struct sapa_str type = sapa_str_cut(text, ' ', &size);
        for (uint8_t i = SAPA_VALUE_INT; i < SAPA_VALUE_COUNT; i++) {
            if (sapa_str_eq(type, sapa_str_of(names[i])))
                v.type = i;
        }
        uint64_t n = TEXT_DEFAULT;
        size = sapa_str_trim(size);
        if (v.type == SAPA_VALUE_NONE || (size.n > 0 && v.type != SAPA_VALUE_TEXT) ||
            (size.n > 0 && (sapa_str_u64(size, TEXT_ONE_MAX, &n) != SAPA_OK || n == 0))) {
            sapa_find(
                b->c, child, 0,
                "one of: text, text N (1 to 128), int, bool, duration, money, date, time, secret",
                "\"" SAPA_STR_FMT "\" is no type", SAPA_STR_ARG(text));
            continue;
        }
        if (v.type == SAPA_VALUE_TEXT) {
            v.at = b->flow.text_size;
            v.size = (uint16_t)n;
            if (b->flow.text_size + n > SAPA_FLOW_TEXT_MAX) {
                sapa_find(b->c, child, 0, "make them shorter: text 16",
                          "the texts of a flow have at most %d bytes together", SAPA_FLOW_TEXT_MAX);
                continue;
            }
            b->flow.text_size = (uint16_t)(b->flow.text_size + n);
        }
        if (b->variables.n == SAPA_FLOW_VARIABLES_MAX) {
            sapa_find_key(b->c, child, "split the flow in two", "a flow has at most %d variables",
                          SAPA_FLOW_VARIABLES_MAX);
            break;
        }
        *SAPA_VEC_PUSH(b->c, &b->variables) = v;
    }
    b->variables_bad = b->variables.n < sapa_tree(b->c, variables)->count;
}

/* What agents are shown: of variables and of nodes that keys lead to. */
static void compile_card(struct sapa_flow_build *b)
{
    const uint32_t card = sapa_field_get(b->c, b->self, "card");

    if (card == SAPA_NONE || !sapa_is_map(b->c, card, "variables or nodes, and what they are called"))
        return;
    for SAPA_TREE_EACH(b->c, child, card) {
        const struct sapa_str key = sapa_tree(b->c, child)->key;
        struct sapa_flow_card one = { .variable = SAPA_NONE, .node = SAPA_NONE };
        for (uint32_t i = 0; i < b->variables.n; i++) {
            if (sapa_str_eq(b->variables.at[i].name, key))
                one.variable = i;
        }
        if (one.variable == SAPA_NONE) {
            const uint32_t node = sapa_tree_get(b->c, b->nodes_at, key);
            if (node != SAPA_NONE)
                one.node = sapa_tree(b->c, node)->ordinal;
        }
        if (one.variable == SAPA_NONE && one.node == SAPA_NONE) {
            if (!b->variables_bad)
                sapa_find_key(b->c, child, "the name of a variable of this flow, or the key of one of its nodes",
                              "this flow has neither a variable nor a node \"" SAPA_STR_FMT "\"", SAPA_STR_ARG(key));
            continue;
        }
        if (one.variable != SAPA_NONE && b->variables.at[one.variable].type == SAPA_VALUE_SECRET) {
            sapa_find_key(b->c, child, "leave it out", "\"" SAPA_STR_FMT "\" is secret and is shown to nobody", SAPA_STR_ARG(key));
            continue;
        }
        if (sapa_read_texts(b->c, child, 48, one.text))
            *SAPA_VEC_PUSH(b->c, &b->cards) = one;
    }
}

static void compile_flow(struct sapa_compile *c, uint32_t self, struct sapa_flow *ret)
{
    struct sapa_flow_build *b = sapa_compile_scratch(c, sizeof(*b));
    struct sapa_str reason;

    b->c = c;
    b->self = self;
    b->flow.key = sapa_tree(c, self)->key;
    b->flow.line = sapa_tree(c, self)->key_line;
    b->nodes_at = sapa_field_get(c, self, "nodes");
    if (sapa_key_good(c, self, FLOW_KEY_MAX))
        sapa_fields_read(c, self, SAPA_OBJECT_FLOW, UINT32_MAX, &b->flow);
    if (sapa_tree(c, self)->kind == SAPA_TREE_MAP && b->nodes_at != SAPA_NONE &&
        sapa_is_map(c, b->nodes_at, "nodes")) {
        compile_variables(b);
        if (sapa_tree(c, b->nodes_at)->count > SAPA_FLOW_NODES_MAX)
            sapa_find_key(c, b->nodes_at, "split the flow", "a flow has at most %d nodes",
                          SAPA_FLOW_NODES_MAX);
        else
            for SAPA_TREE_EACH(c, child, b->nodes_at)
                compile_node(b, child);
        compile_card(b);
        const uint32_t start = sapa_field_get(c, self, "start");
        if (start != SAPA_NONE)
            b->flow.start = read_edge(b, start);
    }
    const uint32_t self_service = sapa_field_get(c, self, "self_service");
    if (self_service != SAPA_NONE && sapa_read_text(c, self_service, 8, 200, &reason))
        b->flow.self_service = 1;

#define T(type, plural)                            \
    b->flow.plural = SAPA_VEC_KEEP(c, &b->plural); \
    b->flow.plural##_count = b->plural.n;
    SAPA_FLOW_TABLES(T)
#undef T
    *ret = b->flow;
}

void sapa_flows_compile(struct sapa_compile *c)
{
    const uint32_t section = c->section[SAPA_SECTION_FLOWS];
    const uint32_t count = section == SAPA_NONE || !sapa_is_map(c, section, "flows")
                               ? 0
                               : sapa_tree(c, section)->count;
    struct sapa_flow *flows = sapa_compile_take(c, (size_t)count * sizeof(*flows) + 1);

    for SAPA_TREE_EACH(c, child, count ? section : SAPA_NONE)
        compile_flow(c, child, &flows[sapa_tree(c, child)->ordinal]);
    if (c->findings->count == 0) {
        sapa_flows_check(c, flows, count);
        for (uint32_t i = 0; i < count; i++) {
            for (uint32_t k = 0; k < flows[i].exprs_count; k++)
                sapa_assert(sapa_expr_sound(c->centre, &flows[i], k));
        }
    }
    c->centre->flows = flows;
    c->centre->flows_count = count;
}
