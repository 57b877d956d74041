/*
 * Expressions to bytecode: a shunting yard over a bounded stack, so that no input decides how deep we
 * call. Operands are typed as they are pushed; every operator checks what it gets.
 *
 * Precedence, low to high: or · and · not · == != < <= > >= · + - · * / % · unary minus.
 */
#include "config/compile_impl.h"
#include "core/expr.h"

enum token_kind {
    END, NUMBER, STRING, NAME, OPERATOR, OPEN, CLOSE, COMMA,
};

enum operator {
    OR, AND, NOT, EQUAL, UNEQUAL, LESS, LESS_EQUAL, MORE, MORE_EQUAL, ADD, SUBTRACT, MULTIPLY, DIVIDE, MODULO, NEGATE,
    PARENTHESIS, CALL, /* these two wait for their ')' */
};

static const uint8_t precedence[] = {
    [OR] = 1, [AND] = 2, [NOT] = 3, [EQUAL] = 4, [UNEQUAL] = 4, [LESS] = 4, [LESS_EQUAL] = 4, [MORE] = 4,
    [MORE_EQUAL] = 4, [ADD] = 5, [SUBTRACT] = 5, [MULTIPLY] = 6, [DIVIDE] = 6, [MODULO] = 6, [NEGATE] = 7,
};
static const char *const signs[] = {
    [OR] = "or", [AND] = "and", [NOT] = "not", [EQUAL] = "==", [UNEQUAL] = "!=", [LESS] = "<", [LESS_EQUAL] = "<=",
    [MORE] = ">", [MORE_EQUAL] = ">=", [ADD] = "+", [SUBTRACT] = "-", [MULTIPLY] = "*", [DIVIDE] = "/",
    [MODULO] = "%", [NEGATE] = "-",
};

struct token {
    uint8_t kind;
    uint8_t op;
    uint8_t type;       /* NUMBER: enum sapa_value_type */
    int64_t number;
    struct sapa_str text;
    size_t at;
};

struct waiting {
    uint8_t op;
    uint8_t function;   /* CALL: index in functions */
    uint8_t arguments;  /* CALL: commas seen + 1 */
    uint32_t jump;      /* AND, OR: operation to be patched */
    unsigned operands;  /* CALL, PARENTHESIS: operands below it */
    size_t at;
};

enum { WAITING_MAX = 48 };

struct parse {
    struct sapa_flow_build *b;
    uint32_t node;
    size_t offset;
    struct sapa_str text;
    size_t at;
    bool bad;
    struct sapa_expr_op ops[SAPA_EXPR_OPS_MAX];
    uint32_t op_count;
    uint8_t types[SAPA_EXPR_STACK_MAX];
    unsigned operands;
    struct waiting waiting[WAITING_MAX];
    unsigned waiting_count;
};

static void wrong(struct parse *p, size_t at, const char *hint, const char *fmt, ...) SAPA_PRINTF(4, 5);

static void wrong(struct parse *p, size_t at, const char *hint, const char *fmt, ...)
{
    char buf[SAPA_FINDING_TEXT_MAX];
    struct sapa_text out;
    va_list args;

    if (p->bad)
        return; /* the first mistake of an expression explains the others */
    p->bad = true;
    sapa_text_init(&out, buf, sizeof(buf));
    va_start(args, fmt);
    sapa_text_vprintf(&out, fmt, args);
    va_end(args);
    sapa_find(p->b->c, p->node, p->offset + at, hint, "%s", buf);
}

static const char *type_name(unsigned type)
{
    static const char *const names[SAPA_VALUE_COUNT] = {
#define X(id, text) [SAPA_VALUE_##id] = text,
        SAPA_VALUE_TYPES(X)
#undef X
    };
    return type < SAPA_VALUE_COUNT ? names[type] : "?";
}

static const char *needed_hint(unsigned type)
{
    return type == SAPA_VALUE_BOOL ? "compare it, as in: waiting(\"sales\") > 5" : "see the facts and functions in docs/ref/centre.md";
}

/* ---- tokens ---- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

static char peek(const struct parse *p, size_t ahead)
{
    return p->at + ahead < p->text.n ? p->text.p[p->at + ahead] : '\0';
}

static bool digits_at(const struct parse *p, size_t from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(peek(p, from + i)))
            return false;
    }
    return true;
}

static void number_token(struct parse *p, struct token *t)
{
    const size_t from = p->at;
    uint64_t whole = 0;
    bool fits = true, point = false;
    unsigned decimals = 0;

    t->kind = NUMBER;
    t->type = SAPA_VALUE_INT;
    if (digits_at(p, 0, 4) && peek(p, 4) == '-' && digits_at(p, 5, 2) && peek(p, 7) == '-' && digits_at(p, 8, 2)) {
        int32_t date;
        p->at += 10;
        t->type = SAPA_VALUE_DATE;
        if (!sapa_parse_date((struct sapa_str){ p->text.p + from, 10 }, &date))
            wrong(p, from, "2026-12-31", "there is no such day");
        else
            t->number = date;
        return;
    }
    if (digits_at(p, 0, 2) && peek(p, 2) == ':' && digits_at(p, 3, 2)) {
        uint16_t minutes;
        p->at += 5;
        t->type = SAPA_VALUE_TIME;
        if (!sapa_parse_clock((struct sapa_str){ p->text.p + from, 5 }, &minutes))
            wrong(p, from, "00:00 to 24:00", "there is no such time of day");
        else
            t->number = minutes;
        return;
    }
    for (;; p->at++) {
        const char ch = peek(p, 0);
        if (is_digit(ch)) {
            if (point && ++decimals > 2)
                fits = false;
            fits &= !__builtin_mul_overflow(whole, 10, &whole) && !__builtin_add_overflow(whole, (uint64_t)(ch - '0'), &whole);
        } else if (ch == '.' && !point && is_digit(peek(p, 1))) {
            point = true;
        } else if (ch != '_') {
            break;
        }
    }
    if (whole > INT64_MAX / 1000)
        fits = false;
    size_t gap = 0;
    while (peek(p, gap) == ' ')
        gap++;
    size_t n = 0;
    while (is_letter(peek(p, gap + n)))
        n++;
    const struct sapa_str unit = { p->text.p + p->at + gap, n };
    char plain[32];
    struct sapa_text out;
    sapa_text_init(&out, plain, sizeof(plain));
    sapa_text_printf(&out, "%llu" SAPA_STR_FMT, (unsigned long long)whole, SAPA_STR_ARG(unit));
    if (fits && !point && n > 0 && n < 8 && sapa_parse_duration(sapa_text_str(&out), &t->number)) {
        t->type = SAPA_VALUE_DURATION;
        p->at += gap + n;
        return;
    }
    if (n == 3 && unit.p[0] >= 'A' && unit.p[0] <= 'Z' && unit.p[1] >= 'A' && unit.p[1] <= 'Z' && unit.p[2] >= 'A' && unit.p[2] <= 'Z') {
        p->at += gap + n;
        t->type = SAPA_VALUE_MONEY;
        if (!sapa_str_eq(unit, p->b->c->centre->system.currency))
            wrong(p, from, "amounts are in system.currency", "the currency of this centre is " SAPA_STR_FMT,
                  SAPA_STR_ARG(p->b->c->centre->system.currency));
        for (; decimals < 2; decimals++)
            whole *= 10;
        point = false;
    }
    if (point)
        wrong(p, from, "amounts of money have a currency: 12.50 IDR", "only amounts of money have a decimal point");
    if (!fits)
        wrong(p, from, "up to 9,000,000,000,000,000,000", "the number is too large");
    t->number = (int64_t)SAPA_MIN(whole, (uint64_t)INT64_MAX);
}

static void sign_token(struct parse *p, struct token *t, uint8_t op, size_t n)
{
    t->kind = OPERATOR;
    t->op = op;
    p->at += n;
}

static struct token next_token(struct parse *p)
{
    struct token t = { .kind = END };

    while (peek(p, 0) == ' ' || peek(p, 0) == '\n' || peek(p, 0) == '\t')
        p->at++;
    t.at = p->at;
    const char ch = peek(p, 0), after = peek(p, 1);
    if (p->at >= p->text.n)
        return t;
    if (is_digit(ch)) {
        number_token(p, &t);
    } else if (ch == '"' || ch == '\'') {
        const size_t end = sapa_str_find(p->text, ch, p->at + 1);
        t.kind = STRING;
        t.text = (struct sapa_str){ p->text.p + p->at + 1, SAPA_MIN(end, p->text.n) - p->at - 1 };
        if (end >= p->text.n)
            wrong(p, p->at, "the same quote before and after", "the text does not end: %c is missing", ch);
        p->at = SAPA_MIN(end + 1, p->text.n);
    } else if (is_letter(ch)) {
        size_t n = 0;
        while (is_letter(peek(p, n)) || is_digit(peek(p, n)) || peek(p, n) == '.')
            n++;
        t.kind = NAME;
        t.text = (struct sapa_str){ p->text.p + p->at, n };
        p->at += n;
        if (sapa_str_eq(t.text, SAPA_STR("and")))
            sign_token(p, &t, AND, 0);
        else if (sapa_str_eq(t.text, SAPA_STR("or")))
            sign_token(p, &t, OR, 0);
        else if (sapa_str_eq(t.text, SAPA_STR("not")))
            sign_token(p, &t, NOT, 0);
    } else if (ch == '=' && after == '=') {
        sign_token(p, &t, EQUAL, 2);
    } else if (ch == '!' && after == '=') {
        sign_token(p, &t, UNEQUAL, 2);
    } else if (ch == '<') {
        sign_token(p, &t, after == '=' ? LESS_EQUAL : LESS, after == '=' ? 2 : 1);
    } else if (ch == '>') {
        sign_token(p, &t, after == '=' ? MORE_EQUAL : MORE, after == '=' ? 2 : 1);
    } else {
        static const struct { char c; uint8_t kind, op; } single[] = {
            { '+', OPERATOR, ADD }, { '-', OPERATOR, SUBTRACT }, { '*', OPERATOR, MULTIPLY }, { '/', OPERATOR, DIVIDE },
            { '%', OPERATOR, MODULO }, { '(', OPEN, 0 }, { ')', CLOSE, 0 }, { ',', COMMA, 0 },
        };
        for (size_t i = 0; i < SAPA_COUNT(single); i++) {
            if (single[i].c == ch) {
                t.kind = single[i].kind;
                t.op = single[i].op;
                p->at++;
                return t;
            }
        }
        wrong(p, p->at, ch == '=' ? "== compares" : ch == '&' ? "write and" : ch == '|' ? "write or" : ch == '!' ? "write not" : "letters, digits, quotes and + - * / ( ) , < > = are known here",
              "\"%.*s\" has no meaning here", (uint8_t)ch < 0x80 ? 1 : (int)SAPA_MIN(p->text.n - p->at, (size_t)4), p->text.p + p->at);
        p->at = p->text.n;
    }
    return t;
}

/* ---- code ---- */

static uint32_t emit(struct parse *p, uint8_t op, uint32_t arg)
{
    if (p->op_count == SAPA_EXPR_OPS_MAX) {
        wrong(p, 0, "compute parts of it in a set node", "the expression is too long");
        return 0;
    }
    p->ops[p->op_count] = (struct sapa_expr_op){ op, arg };
    return p->op_count++;
}

static void push(struct parse *p, uint8_t type, size_t at)
{
    if (p->operands == SAPA_EXPR_STACK_MAX) {
        wrong(p, at, "compute parts of it in a set node", "the expression is nested too deep");
        return;
    }
    p->types[p->operands++] = type;
}

static void number(struct parse *p, int64_t value, uint8_t type, size_t at)
{
    *SAPA_VEC_PUSH(p->b->c, &p->b->numbers) = value;
    (void)emit(p, SAPA_EXPR_NUMBER, p->b->numbers.n - 1);
    push(p, type, at);
}

static bool is_quantity(uint8_t type)
{
    return type == SAPA_VALUE_INT || type == SAPA_VALUE_DURATION || type == SAPA_VALUE_MONEY;
}

/* Result of an arithmetic operator; SAPA_VALUE_NONE: these do not go together. */
static uint8_t arithmetic(uint8_t op, uint8_t a, uint8_t b)
{
    switch (op) {
    case ADD: return a == b && (is_quantity(a) || a == SAPA_VALUE_TEXT) ? a : SAPA_VALUE_NONE;
    case SUBTRACT: return a == b && is_quantity(a) ? a : SAPA_VALUE_NONE;
    case MULTIPLY: return !is_quantity(a) || !is_quantity(b) ? SAPA_VALUE_NONE
                          : a == SAPA_VALUE_INT              ? b
                          : b == SAPA_VALUE_INT              ? a : SAPA_VALUE_NONE;
    case DIVIDE: return !is_quantity(a) || !is_quantity(b) ? SAPA_VALUE_NONE
                        : a == b                           ? SAPA_VALUE_INT
                        : b == SAPA_VALUE_INT              ? a : SAPA_VALUE_NONE;
    default: return a == SAPA_VALUE_INT && b == SAPA_VALUE_INT ? SAPA_VALUE_INT : SAPA_VALUE_NONE;
    }
}

static void binary(struct parse *p, const struct waiting *w)
{
    static const uint8_t codes[] = { [ADD] = SAPA_EXPR_ADD, [SUBTRACT] = SAPA_EXPR_SUBTRACT,
                                     [MULTIPLY] = SAPA_EXPR_MULTIPLY, [DIVIDE] = SAPA_EXPR_DIVIDE,
                                     [MODULO] = SAPA_EXPR_MODULO };
    const uint8_t a = p->types[p->operands - 2], b = p->types[p->operands - 1];
    uint8_t result = SAPA_VALUE_NONE;

    switch (w->op) {
    case AND:
    case OR:
        if (a == SAPA_VALUE_BOOL && b == SAPA_VALUE_BOOL) {
            result = SAPA_VALUE_BOOL;
            p->ops[w->jump].arg = p->op_count - w->jump - 1;
        }
        break;
    case EQUAL:
    case UNEQUAL:
        if (a == b && a != SAPA_VALUE_SECRET) {
            result = SAPA_VALUE_BOOL;
            (void)emit(p, a == SAPA_VALUE_TEXT ? SAPA_EXPR_TEXT_EQUAL : SAPA_EXPR_EQUAL, 0);
            if (w->op == UNEQUAL)
                (void)emit(p, SAPA_EXPR_NOT, 0);
        }
        break;
    case LESS:
    case LESS_EQUAL:
    case MORE:
    case MORE_EQUAL:
        if (a == b && (is_quantity(a) || a == SAPA_VALUE_DATE || a == SAPA_VALUE_TIME)) {
            result = SAPA_VALUE_BOOL;
            (void)emit(p, w->op == LESS || w->op == MORE_EQUAL ? SAPA_EXPR_LESS : SAPA_EXPR_LESS_EQUAL, 0);
            if (w->op == MORE || w->op == MORE_EQUAL)
                (void)emit(p, SAPA_EXPR_NOT, 0);
        }
        break;
    default:
        result = arithmetic(w->op, a, b);
        if (result != SAPA_VALUE_NONE)
            (void)emit(p, w->op == ADD && a == SAPA_VALUE_TEXT ? SAPA_EXPR_JOIN : codes[w->op], 0);
    }
    if (result == SAPA_VALUE_NONE)
        wrong(p, w->at, "both sides must have types that go together", "%s %s %s has no meaning", type_name(a), signs[w->op],
              type_name(b));
    p->operands--;
    p->types[p->operands - 1] = result;
}

/* Do the operator on top of the waiting ones. */
static void reduce(struct parse *p)
{
    const struct waiting *w = &p->waiting[--p->waiting_count];
    const unsigned needs = w->op == NOT || w->op == NEGATE ? 1 : 2;

    if (p->bad)
        return;
    if (p->operands < needs) {
        wrong(p, w->at, "as in: waiting(\"sales\") > 5", "a value is missing beside \"%s\"", signs[w->op]);
        return;
    }
    if (needs == 2) {
        binary(p, w);
        return;
    }
    const uint8_t type = p->types[p->operands - 1];
    if (w->op == NOT ? type != SAPA_VALUE_BOOL : !is_quantity(type))
        wrong(p, w->at, "not takes yes or no, minus takes a number", "%s %s has no meaning", w->op == NOT ? "not" : "minus", type_name(type));
    else
        (void)emit(p, w->op == NOT ? SAPA_EXPR_NOT : SAPA_EXPR_NEGATE, 0);
}

static void wait_for(struct parse *p, uint8_t op, size_t at)
{
    if (p->waiting_count == WAITING_MAX) {
        wrong(p, at, "compute parts of it in a set node", "the expression is nested too deep");
        return;
    }
    struct waiting *w = &p->waiting[p->waiting_count++];
    *w = (struct waiting){ .op = op, .at = at, .operands = p->operands };
    if (op == AND || op == OR)
        w->jump = emit(p, op == AND ? SAPA_EXPR_JUMP_IF_FALSE : SAPA_EXPR_JUMP_IF_TRUE, 0);
}

static void reduce_to(struct parse *p, uint8_t level)
{
    while (p->waiting_count > 0 && p->waiting[p->waiting_count - 1].op < PARENTHESIS &&
           precedence[p->waiting[p->waiting_count - 1].op] >= level && !p->bad)
        reduce(p);
}

/* ---- functions: name, code, types of arguments (T text, I int, Q any quantity), type of the result (Q: as the first) ---- */

static const struct function {
    const char *name;
    uint8_t code;
    const char *takes;
    uint8_t gives;
} functions[] = {
    { "len", SAPA_EXPR_LENGTH, "T", SAPA_VALUE_INT },
    { "left", SAPA_EXPR_LEFT, "TI", SAPA_VALUE_TEXT },
    { "right", SAPA_EXPR_RIGHT, "TI", SAPA_VALUE_TEXT },
    { "mid", SAPA_EXPR_MIDDLE, "TII", SAPA_VALUE_TEXT },
    { "starts", SAPA_EXPR_STARTS, "TT", SAPA_VALUE_BOOL },
    { "contains", SAPA_EXPR_CONTAINS, "TT", SAPA_VALUE_BOOL },
    { "luhn", SAPA_EXPR_LUHN, "T", SAPA_VALUE_BOOL },
    { "int", SAPA_EXPR_TO_INT, "T", SAPA_VALUE_INT },
    { "text", SAPA_EXPR_TO_TEXT, "I", SAPA_VALUE_TEXT },
    { "is_int", SAPA_EXPR_IS_INT, "T", SAPA_VALUE_BOOL },
    { "min", SAPA_EXPR_MIN, "QQ", SAPA_VALUE_NONE },
    { "max", SAPA_EXPR_MAX, "QQ", SAPA_VALUE_NONE },
    { "abs", SAPA_EXPR_ABS, "Q", SAPA_VALUE_NONE },
};

static void call(struct parse *p, const struct waiting *w)
{
    const struct function *f = &functions[w->function];
    const size_t takes = strlen(f->takes);
    const unsigned got = p->operands - w->operands;

    if (p->bad)
        return;
    if (got != takes) {
        wrong(p, w->at, "docs/ref/centre.md lists the functions", "%s takes %zu values, not %u", f->name, takes, got);
        return;
    }
    const uint8_t *types = &p->types[w->operands];
    /* the length of a secret is no secret, and the variable holds just that */
    if (f->code == SAPA_EXPR_LENGTH && types[0] == SAPA_VALUE_SECRET) {
        p->types[w->operands] = SAPA_VALUE_INT;
        return;
    }
    for (size_t i = 0; i < takes; i++) {
        const uint8_t wanted = f->takes[i] == 'T' ? SAPA_VALUE_TEXT : f->takes[i] == 'I' ? SAPA_VALUE_INT : types[0];
        if (types[i] != wanted || (f->takes[i] == 'Q' && !is_quantity(types[i]))) {
            wrong(p, w->at, "docs/ref/centre.md lists the functions", "%s: value %zu is %s%s%s", f->name, i + 1, type_name(types[i]),
                  f->takes[i] == 'Q' && i == 0 ? ", not a quantity" : ", not ",
                  f->takes[i] == 'Q' && i == 0 ? "" : type_name(wanted));
            return;
        }
    }
    const uint8_t gives = f->gives == SAPA_VALUE_NONE ? types[0] : f->gives;
    (void)emit(p, f->code, 0);
    p->operands = w->operands;
    push(p, gives, w->at);
}

/* fact("key") */
static void fact_with_argument(struct parse *p, enum sapa_fact fact, const struct token *name)
{
    const struct sapa_fact_info *info = sapa_fact_info(fact);
    const enum sapa_section section = info->argument == 1 ? SAPA_SECTION_QUEUES : SAPA_SECTION_HOURS;
    const struct token open = next_token(p), key = next_token(p), close = next_token(p);
    struct sapa_near near;

    if (open.kind != OPEN || (key.kind != STRING && key.kind != NAME) || close.kind != CLOSE) {
        wrong(p, name->at, info->argument == 1 ? "waiting(\"sales\")" : "open(\"shop\")", SAPA_STR_FMT " takes the key of %s",
              SAPA_STR_ARG(name->text), info->argument == 1 ? "a queue" : "opening hours");
        return;
    }
    const uint32_t node = sapa_tree_get(p->b->c, p->b->c->section[section], key.text);
    if (node == SAPA_NONE) {
        sapa_near_start(p->b->c, &near, key.text);
        for SAPA_TREE_EACH(p->b->c, child, p->b->c->section[section])
            sapa_near_try(&near, sapa_tree(p->b->c, child)->key);
        wrong(p, key.at, sapa_near_hint(&near), "there are no %s \"" SAPA_STR_FMT "\"",
              info->argument == 1 ? "queues" : "opening hours", SAPA_STR_ARG(key.text));
        return;
    }
    (void)emit(p, SAPA_EXPR_FACT, (uint32_t)fact | sapa_tree(p->b->c, node)->ordinal << 8);
    push(p, info->type, name->at);
}

/* A name that is no function: variable, constant or fact. */
static void name_value(struct parse *p, const struct token *t)
{
    struct sapa_near near;

    for (uint32_t i = 0; i < p->b->variables.n; i++) {
        if (sapa_str_eq(p->b->variables.at[i].name, t->text)) {
            (void)emit(p, SAPA_EXPR_VARIABLE, i);
            push(p, p->b->variables.at[i].type, t->at);
            return;
        }
    }
    if (sapa_str_eq(t->text, SAPA_STR("true")) || sapa_str_eq(t->text, SAPA_STR("false"))) {
        number(p, t->text.p[0] == 't', SAPA_VALUE_BOOL, t->at);
        return;
    }
    sapa_near_start(p->b->c, &near, t->text);
    for (unsigned i = 0; i < SAPA_FACT_COUNT; i++) {
        const struct sapa_fact_info *info = sapa_fact_info((enum sapa_fact)i);
        if (sapa_str_eq(info->name, t->text)) {
            if (info->argument) {
                fact_with_argument(p, (enum sapa_fact)i, t);
                return;
            }
            (void)emit(p, SAPA_EXPR_FACT, i);
            push(p, info->type, t->at);
            return;
        }
        sapa_near_try(&near, info->name);
    }
    for (uint32_t i = 0; i < p->b->variables.n; i++)
        sapa_near_try(&near, p->b->variables.at[i].name);
    if (p->b->variables_bad) {
        p->bad = true;
        return;
    }
    wrong(p, t->at, near.best.n ? sapa_near_hint(&near) : "declare it under variables", "\"" SAPA_STR_FMT "\" is no variable and no fact",
          SAPA_STR_ARG(t->text));
}

static bool name_function(struct parse *p, const struct token *t)
{
    size_t ahead = 0;

    while (peek(p, ahead) == ' ')
        ahead++;
    if (peek(p, ahead) != '(')
        return false;
    for (size_t i = 0; i < SAPA_COUNT(functions); i++) {
        if (!sapa_str_eq(t->text, sapa_str_of(functions[i].name)))
            continue;
        p->at += ahead + 1;
        wait_for(p, CALL, t->at);
        if (!p->bad)
            p->waiting[p->waiting_count - 1].function = (uint8_t)i;
        return true;
    }
    return false;
}

static void close_parenthesis(struct parse *p, const struct token *t)
{
    reduce_to(p, 0);
    if (p->bad)
        return;
    if (p->waiting_count == 0) {
        wrong(p, t->at, "take it out, or open it before", "there is a ) without its (");
        return;
    }
    const struct waiting w = p->waiting[--p->waiting_count];
    if (w.op == CALL)
        call(p, &w);
    else if (p->operands != w.operands + 1)
        wrong(p, t->at, "take them out, or put an expression between them", "there is nothing between the parentheses");
}

/* One pass; `expect` says whether a value must come next. */
static void parse(struct parse *p)
{
    bool expect = true;

    while (!p->bad) {
        const struct token t = next_token(p);
        if (p->bad || t.kind == END)
            break;
        if (expect) {
            switch (t.kind) {
            case NUMBER: number(p, t.number, t.type, t.at); expect = false; break;
            case STRING:
                *SAPA_VEC_PUSH(p->b->c, &p->b->texts) = t.text;
                (void)emit(p, SAPA_EXPR_TEXT, p->b->texts.n - 1);
                push(p, SAPA_VALUE_TEXT, t.at);
                if (t.text.n > SAPA_EXPR_TEXT_MAX)
                    wrong(p, t.at, "compare with a shorter one", "the text is longer than 128 bytes");
                expect = false;
                break;
            case NAME:
                if (!name_function(p, &t)) {
                    name_value(p, &t);
                    expect = false;
                }
                break;
            case OPEN: wait_for(p, PARENTHESIS, t.at); break;
            case OPERATOR:
                if (t.op == SUBTRACT)
                    wait_for(p, NEGATE, t.at);
                else if (t.op == NOT)
                    wait_for(p, NOT, t.at);
                else
                    wrong(p, t.at, "as in: waiting(\"sales\") > 5", "a value is missing before \"%s\"", signs[t.op]);
                break;
            default: wrong(p, t.at, "a number, a text in quotes, a variable or a fact", "a value is missing here"); break;
            }
        } else {
            switch (t.kind) {
            case OPERATOR:
                if (t.op == NOT) {
                    wrong(p, t.at, "and, or", "an operator is missing before \"not\"");
                    break;
                }
                reduce_to(p, precedence[t.op]);
                if (!p->bad)
                    wait_for(p, t.op, t.at);
                expect = true;
                break;
            case CLOSE: close_parenthesis(p, &t); break;
            case COMMA:
                reduce_to(p, 0);
                if (!p->bad && (p->waiting_count == 0 || p->waiting[p->waiting_count - 1].op != CALL))
                    wrong(p, t.at, "as in: waiting(\"sales\")", "a comma stands only between the values of a function");
                expect = true;
                break;
            default: wrong(p, t.at, "such as and, or, ==, <, +", "an operator is missing here"); break;
            }
        }
    }
    if (!p->bad && expect)
        wrong(p, p->text.n, "as in: waiting(\"sales\") > 5", p->op_count ? "a value is missing at the end" : "the expression is empty");
    reduce_to(p, 0);
    if (!p->bad && p->waiting_count > 0)
        wrong(p, p->waiting[p->waiting_count - 1].at, "close what was opened here", "a ) is missing");
}

bool sapa_expr_compile(struct sapa_flow_build *b, uint32_t node, size_t offset, struct sapa_str text, uint8_t type,
                       uint32_t *ret)
{
    if (!b->c->expr_buf) /* one for all expressions of a document */
        b->c->expr_buf = sapa_compile_scratch(b->c, sizeof(struct parse));
    struct parse *p = b->c->expr_buf;

    memset(p, 0, sizeof(*p));
    p->b = b;
    p->node = node;
    p->offset = offset;
    p->text = text;
    parse(p);
    if (p->bad)
        return false;
    sapa_assert(p->operands == 1);
    if (type != SAPA_VALUE_NONE && p->types[0] != type) {
        wrong(p, 0, needed_hint(type), "%s is needed here, this is %s", type_name(type), type_name(p->types[0]));
        return false;
    }
    const uint32_t first = b->ops.n;
    for (uint32_t i = 0; i < p->op_count; i++)
        *SAPA_VEC_PUSH(b->c, &b->ops) = p->ops[i];
    *SAPA_VEC_PUSH(b->c, &b->exprs) = (struct sapa_expr){ first, p->op_count, p->types[0] };
    *ret = b->exprs.n - 1;
    return true;
}
