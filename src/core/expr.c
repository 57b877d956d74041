#include "core/expr.h"

struct value {
    int64_t number;
    struct sapa_str text;
};

static const struct sapa_fact_info facts[SAPA_FACT_COUNT] = {
#define X(id, fact_name, fact_type, fact_argument, text) \
    [SAPA_FACT_##                                        \
        id] = { { fact_name, sizeof(fact_name) - 1 }, SAPA_VALUE_##fact_type, fact_argument },
    SAPA_FACTS(X)
#undef X
};

const struct sapa_fact_info *sapa_fact_info(enum sapa_fact fact)
{
    return (unsigned)fact < SAPA_FACT_COUNT ? &facts[fact] : NULL;
}

/* Days since 1970-01-01 to a date: civil_from_days of H. Hinnant, "chrono-compatible low-level date algorithms". */
static int32_t date_of_days(int64_t days)
{
    days += 719468;
    const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    const int64_t day_of_era = days - era * 146097;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t month = (5 * day_of_year + 2) / 153;
    const int64_t day = day_of_year - (153 * month + 2) / 5 + 1;
    const int64_t year = year_of_era + era * 400 + (month >= 10 ? 1 : 0);

    return (int32_t)(year * 10000 + (month < 10 ? month + 3 : month - 9) * 100 + day);
}

int32_t sapa_flow_today(const struct sapa_flow_env *env, int32_t *ret_minute, int32_t *ret_weekday)
{
    const int64_t utc_s = env->now_us / 1000000 - (env->now_us % 1000000 < 0 ? 1 : 0);
    const int64_t local_s = utc_s + env->zone_offset_s(env->ctx, env->client, env->now_us);
    int64_t days = local_s / 86400;
    int64_t second = local_s % 86400;

    if (second < 0) {
        second += 86400;
        days--;
    }
    *ret_minute = (int32_t)(second / 60);
    *ret_weekday = (int32_t)(((days % 7 + 7) + 3) % 7) + 1; /* 1970-01-01 was a Thursday */
    return date_of_days(days);
}

static struct value fact_value(const struct sapa_flow_env *env, const struct sapa_flow *flow,
                               const struct sapa_flow_run *run, uint32_t arg)
{
    const uint32_t which = arg >> 8;
    struct sapa_flow_queue_facts queue = { 0 };
    struct sapa_flow_place place = { 0 };
    int32_t minute, weekday;
    bool holiday = false;

    switch ((enum sapa_fact)(arg & 0xff)) {
    case SAPA_FACT_LANGUAGE:
        return (struct value){ 0, sapa_str_of(sapa_language_name(run->language)) };
    case SAPA_FACT_CALLER: return (struct value){ 0, env->caller };
    case SAPA_FACT_CALLER_KNOWN: return (struct value){ env->caller_known, { NULL, 0 } };
    case SAPA_FACT_DIALLED: return (struct value){ 0, env->dialled };
    case SAPA_FACT_CLIENT:
        return (struct value){ 0, env->client < env->centre->clients_count
                                      ? env->centre->clients[env->client].key
                                      : SAPA_STR("") };
    case SAPA_FACT_VIP: return (struct value){ env->vip, { NULL, 0 } };
    case SAPA_FACT_LAST_AGENT: return (struct value){ env->last_agent != SAPA_NONE, { NULL, 0 } };
    case SAPA_FACT_DIGITS: return (struct value){ 0, { run->digits, run->digits_n } };
    case SAPA_FACT_SURGE: return (struct value){ env->surge, { NULL, 0 } };
    case SAPA_FACT_TODAY:
        return (struct value){ sapa_flow_today(env, &minute, &weekday), { NULL, 0 } };
    case SAPA_FACT_NOW:
        sapa_flow_today(env, &minute, &weekday);
        return (struct value){ minute, { NULL, 0 } };
    case SAPA_FACT_WEEKDAY:
        sapa_flow_today(env, &minute, &weekday);
        return (struct value){ weekday, { NULL, 0 } };
    case SAPA_FACT_WAITED:
    case SAPA_FACT_POSITION:
    case SAPA_FACT_EWT_P50:
    case SAPA_FACT_EWT_P90:
        env->place(env->ctx, &place);
        return (struct value){ (arg & 0xff) == SAPA_FACT_WAITED     ? place.waited_ms
                               : (arg & 0xff) == SAPA_FACT_POSITION ? place.position
                               : (arg & 0xff) == SAPA_FACT_EWT_P50  ? place.ewt_p50_ms
                                                                    : place.ewt_p90_ms,
                               { NULL, 0 } };
    case SAPA_FACT_QUEUE_WAITING:
    case SAPA_FACT_QUEUE_READY:
    case SAPA_FACT_QUEUE_LOGGED_IN:
    case SAPA_FACT_QUEUE_EWT_P50:
        env->queue_facts(env->ctx, which, &queue);
        return (struct value){ (arg & 0xff) == SAPA_FACT_QUEUE_WAITING     ? queue.waiting
                               : (arg & 0xff) == SAPA_FACT_QUEUE_READY     ? queue.ready
                               : (arg & 0xff) == SAPA_FACT_QUEUE_LOGGED_IN ? queue.logged_in
                                                                           : queue.ewt_p50_ms,
                               { NULL, 0 } };
    case SAPA_FACT_OPEN:
        return (struct value){ env->hours_open(env->ctx, which, env->now_us, &holiday),
                               { NULL, 0 } };
    case SAPA_FACT_HOLIDAY:
        (void)env->hours_open(env->ctx, which, env->now_us, &holiday);
        return (struct value){ holiday, { NULL, 0 } };
    case SAPA_FACT_KEY:
        if (run->queue_node != SAPA_NONE && run->queue_flow < env->centre->flows_count) {
            const struct sapa_flow *of = &env->centre->flows[run->queue_flow];
            if (run->queue_node < of->nodes_count && of->nodes[run->queue_node].offer_key)
                return (struct value){ 0, { &of->nodes[run->queue_node].offer_key, 1 } };
        }
        return (struct value){ 0, { NULL, 0 } };
    case SAPA_FACT_COUNT: break;
    }
    (void)flow;
    return (struct value){ 0, { NULL, 0 } };
}

/* Texts are counted in characters: bytes that do not continue one. */
static size_t characters(struct sapa_str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += ((uint8_t)s.p[i] & 0xc0) != 0x80;
    return n;
}

static size_t bytes_of_characters(struct sapa_str s, int64_t wanted)
{
    size_t i = 0;

    for (int64_t n = 0; i < s.n; i++) {
        if (((uint8_t)s.p[i] & 0xc0) != 0x80 && n++ >= wanted)
            break;
    }
    return i;
}

static struct sapa_str middle(struct sapa_str s, int64_t skip, int64_t wanted)
{
    const size_t from = bytes_of_characters(s, skip < 0 ? 0 : skip);
    const struct sapa_str rest = { s.p + from, s.n - from };

    return (struct sapa_str){ rest.p, bytes_of_characters(rest, wanted < 0 ? 0 : wanted) };
}

static bool contains(struct sapa_str s, struct sapa_str part)
{
    for (size_t i = 0; i + part.n <= s.n; i++) {
        if (part.n == 0 || memcmp(s.p + i, part.p, part.n) == 0)
            return true;
    }
    return part.n == 0;
}

/* ISO/IEC 7812-1 annex B. */
static bool luhn(struct sapa_str s)
{
    unsigned sum = 0;

    for (size_t i = 0; i < s.n; i++) {
        const char c = s.p[s.n - 1 - i];
        if (c < '0' || c > '9')
            return false;
        const unsigned digit = (unsigned)(c - '0') << (i & 1);
        sum += digit > 9 ? digit - 9 : digit;
    }
    return s.n > 1 && sum % 10 == 0;
}

static bool int_of(struct sapa_str s, int64_t *ret)
{
    const bool minus = s.n > 0 && s.p[0] == '-';
    uint64_t value;

    if (minus)
        s.p++, s.n--;
    if (s.n > 18 || sapa_str_u64(s, INT64_MAX, &value) != SAPA_OK)
        return false;
    *ret = minus ? -(int64_t)value : (int64_t)value;
    return true;
}

/* Room in the scratch; NULL when the text grows too long. */
static char *scratch_take(struct sapa_expr_result *ret, size_t n)
{
    if (n > SAPA_EXPR_TEXT_MAX || n > sizeof(ret->scratch) - ret->scratch_n)
        return NULL;
    char *at = ret->scratch + ret->scratch_n;
    ret->scratch_n = (uint16_t)(ret->scratch_n + n);
    return at;
}

static size_t write_int(int64_t number, char *buf) /* >= 21 bytes */
{
    char reversed[20];
    size_t n = 0, at = 0;
    uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do
        reversed[n++] = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (number < 0)
        buf[at++] = '-';
    while (n > 0)
        buf[at++] = reversed[--n];
    return at;
}

static bool is_expected_wait(uint32_t arg)
{
    const uint32_t fact = arg & 0xff;

    return fact == SAPA_FACT_EWT_P50 || fact == SAPA_FACT_EWT_P90 ||
           fact == SAPA_FACT_QUEUE_EWT_P50;
}

sapa_rc sapa_expr_eval(const struct sapa_flow_env *env, const struct sapa_flow *flow,
                       const struct sapa_flow_run *run, uint32_t expr, struct sapa_expr_result *ret)
{
    struct value stack[SAPA_EXPR_STACK_MAX + 1];
    unsigned top = 0; /* values on it; stack[top - 1] is the last */
    const struct sapa_expr *e = &flow->exprs[expr];

    ret->number = 0;
    ret->text = (struct sapa_str){ NULL, 0 };
    ret->scratch_n = 0;
    for (uint32_t i = 0; i < e->count; i++) {
        const struct sapa_expr_op op = flow->ops[e->first + i];
        sapa_assert(top <= SAPA_EXPR_STACK_MAX);
        /* sapa_expr_sound() has seen that these are there where an operation uses them */
        struct value *a = top >= 2 ? &stack[top - 2] : &stack[0];
        struct value *b = top >= 1 ? &stack[top - 1] : &stack[0];

        switch ((enum sapa_expr_opcode)op.op) {
        case SAPA_EXPR_NUMBER:
            stack[top++] = (struct value){ flow->numbers[op.arg], { NULL, 0 } };
            break;
        case SAPA_EXPR_TEXT: stack[top++] = (struct value){ 0, flow->texts[op.arg] }; break;
        case SAPA_EXPR_VARIABLE:
            if (flow->variables[op.arg].type == SAPA_VALUE_TEXT)
                stack[top++] = (struct value){ 0,
                                               { run->text + flow->variables[op.arg].at,
                                                 (size_t)run->values[op.arg].number } };
            else
                stack[top++] = (struct value){ run->values[op.arg].number, { NULL, 0 } };
            break;
        case SAPA_EXPR_FACT:
            stack[top] = fact_value(env, flow, run, op.arg);
            if (is_expected_wait(op.arg) && stack[top].number == SAPA_FLOW_UNKNOWN)
                return SAPA_EINVAL;
            top++;
            break;
        case SAPA_EXPR_NOT: b->number = !b->number; break;
        case SAPA_EXPR_NEGATE:
            if (__builtin_sub_overflow(0, b->number, &b->number))
                return SAPA_EINVAL;
            break;
        case SAPA_EXPR_ABS:
            if (b->number < 0 && __builtin_sub_overflow(0, b->number, &b->number))
                return SAPA_EINVAL;
            break;
        case SAPA_EXPR_ADD:
            if (__builtin_add_overflow(a->number, b->number, &a->number))
                return SAPA_EINVAL;
            top--;
            break;
        case SAPA_EXPR_SUBTRACT:
            if (__builtin_sub_overflow(a->number, b->number, &a->number))
                return SAPA_EINVAL;
            top--;
            break;
        case SAPA_EXPR_MULTIPLY: {
            const __int128 product = (__int128)a->number * b->number;
            if (product > INT64_MAX || product < INT64_MIN)
                return SAPA_EINVAL;
            a->number = (int64_t)product;
            top--;
            break;
        }
        case SAPA_EXPR_DIVIDE:
        case SAPA_EXPR_MODULO:
            if (b->number == 0 || (a->number == INT64_MIN && b->number == -1))
                return SAPA_EINVAL;
            a->number = op.op == SAPA_EXPR_DIVIDE ? a->number / b->number : a->number % b->number;
            top--;
            break;
        case SAPA_EXPR_JOIN: {
            char *at = scratch_take(ret, a->text.n + b->text.n);
            if (!at)
                return SAPA_EINVAL;
            if (a->text.n > 0)
                memcpy(at, a->text.p, a->text.n);
            if (b->text.n > 0)
                memcpy(at + a->text.n, b->text.p, b->text.n);
            a->text = (struct sapa_str){ at, a->text.n + b->text.n };
            top--;
            break;
        }
        case SAPA_EXPR_EQUAL:
            a->number = a->number == b->number;
            top--;
            break;
        case SAPA_EXPR_LESS:
            a->number = a->number < b->number;
            top--;
            break;
        case SAPA_EXPR_LESS_EQUAL:
            a->number = a->number <= b->number;
            top--;
            break;
        case SAPA_EXPR_TEXT_EQUAL:
            *a = (struct value){ sapa_str_eq(a->text, b->text), { NULL, 0 } };
            top--;
            break;
        case SAPA_EXPR_JUMP_IF_FALSE:
        case SAPA_EXPR_JUMP_IF_TRUE:
            if (!b->number == (op.op == SAPA_EXPR_JUMP_IF_FALSE))
                i += op.arg;
            else
                top--;
            break;
        case SAPA_EXPR_LENGTH:
            *b = (struct value){ (int64_t)characters(b->text), { NULL, 0 } };
            break;
        case SAPA_EXPR_LEFT:
            a->text = middle(a->text, 0, b->number);
            top--;
            break;
        case SAPA_EXPR_RIGHT: {
            const int64_t all = (int64_t)characters(a->text);
            a->text = middle(a->text,
                             b->number >= all ? 0
                             : b->number <= 0 ? all
                                              : all - b->number,
                             all);
            top--;
            break;
        }
        case SAPA_EXPR_MIDDLE: {
            struct value *text = &stack[top >= 3 ? top - 3 : 0];
            text->text = middle(text->text, a->number > 1 ? a->number - 1 : 0, b->number);
            top -= 2;
            break;
        }
        case SAPA_EXPR_STARTS:
            *a = (struct value){ sapa_str_starts(a->text, b->text), { NULL, 0 } };
            top--;
            break;
        case SAPA_EXPR_CONTAINS:
            *a = (struct value){ contains(a->text, b->text), { NULL, 0 } };
            top--;
            break;
        case SAPA_EXPR_LUHN: *b = (struct value){ luhn(b->text), { NULL, 0 } }; break;
        case SAPA_EXPR_TO_INT: {
            int64_t number;
            if (!int_of(b->text, &number))
                return SAPA_EINVAL;
            *b = (struct value){ number, { NULL, 0 } };
            break;
        }
        case SAPA_EXPR_IS_INT: {
            int64_t number;
            *b = (struct value){ int_of(b->text, &number), { NULL, 0 } };
            break;
        }
        case SAPA_EXPR_TO_TEXT: {
            char digits[21];
            const size_t n = write_int(b->number, digits);
            char *at = scratch_take(ret, n);
            if (!at)
                return SAPA_EINVAL;
            memcpy(at, digits, n);
            *b = (struct value){ 0, { at, n } };
            break;
        }
        case SAPA_EXPR_MIN:
            a->number = SAPA_MIN(a->number, b->number);
            top--;
            break;
        case SAPA_EXPR_MAX:
            a->number = SAPA_MAX(a->number, b->number);
            top--;
            break;
        case SAPA_EXPR_OPCODE_COUNT: break;
        }
    }
    sapa_assert(top == 1);
    ret->number = stack[0].number;
    ret->text = stack[0].text;
    return SAPA_OK;
}

/* Values taken and left by each operation. */
static const struct {
    uint8_t takes, leaves;
} effects[SAPA_EXPR_OPCODE_COUNT] = {
    [SAPA_EXPR_NUMBER] = { 0, 1 },        [SAPA_EXPR_TEXT] = { 0, 1 },
    [SAPA_EXPR_VARIABLE] = { 0, 1 },      [SAPA_EXPR_FACT] = { 0, 1 },
    [SAPA_EXPR_NOT] = { 1, 1 },           [SAPA_EXPR_NEGATE] = { 1, 1 },
    [SAPA_EXPR_ADD] = { 2, 1 },           [SAPA_EXPR_SUBTRACT] = { 2, 1 },
    [SAPA_EXPR_MULTIPLY] = { 2, 1 },      [SAPA_EXPR_DIVIDE] = { 2, 1 },
    [SAPA_EXPR_MODULO] = { 2, 1 },        [SAPA_EXPR_JOIN] = { 2, 1 },
    [SAPA_EXPR_EQUAL] = { 2, 1 },         [SAPA_EXPR_LESS] = { 2, 1 },
    [SAPA_EXPR_LESS_EQUAL] = { 2, 1 },    [SAPA_EXPR_TEXT_EQUAL] = { 2, 1 },
    [SAPA_EXPR_JUMP_IF_FALSE] = { 1, 0 }, [SAPA_EXPR_JUMP_IF_TRUE] = { 1, 0 },
    [SAPA_EXPR_LENGTH] = { 1, 1 },        [SAPA_EXPR_LEFT] = { 2, 1 },
    [SAPA_EXPR_RIGHT] = { 2, 1 },         [SAPA_EXPR_MIDDLE] = { 3, 1 },
    [SAPA_EXPR_STARTS] = { 2, 1 },        [SAPA_EXPR_CONTAINS] = { 2, 1 },
    [SAPA_EXPR_LUHN] = { 1, 1 },          [SAPA_EXPR_TO_INT] = { 1, 1 },
    [SAPA_EXPR_TO_TEXT] = { 1, 1 },       [SAPA_EXPR_IS_INT] = { 1, 1 },
    [SAPA_EXPR_MIN] = { 2, 1 },           [SAPA_EXPR_MAX] = { 2, 1 },
    [SAPA_EXPR_ABS] = { 1, 1 },
};

static bool fact_sound(const struct sapa_centre *centre, uint32_t arg)
{
    const struct sapa_fact_info *info = sapa_fact_info((enum sapa_fact)(arg & 0xff));

    return info && (info->argument == 0   ? arg >> 8 == 0
                    : info->argument == 1 ? arg >> 8 < centre->queues_count
                                          : arg >> 8 < centre->hours_count);
}

bool sapa_expr_sound(const struct sapa_centre *centre, const struct sapa_flow *flow, uint32_t expr)
{
    uint8_t due[SAPA_EXPR_OPS_MAX + 1] = { 0 }; /* depth + 1 that a jump brings to an operation */
    unsigned depth = 0;

    if (expr >= flow->exprs_count)
        return false;
    const struct sapa_expr *e = &flow->exprs[expr];
    if (e->count == 0 || e->count > SAPA_EXPR_OPS_MAX || e->first > flow->ops_count ||
        e->count > flow->ops_count - e->first)
        return false;
    for (uint32_t i = 0; i < e->count; i++) {
        const struct sapa_expr_op op = flow->ops[e->first + i];
        if (op.op >= SAPA_EXPR_OPCODE_COUNT || depth < effects[op.op].takes ||
            (due[i] && due[i] != depth + 1))
            return false;
        if ((op.op == SAPA_EXPR_NUMBER && op.arg >= flow->numbers_count) ||
            (op.op == SAPA_EXPR_TEXT && op.arg >= flow->texts_count) ||
            (op.op == SAPA_EXPR_VARIABLE && op.arg >= flow->variables_count) ||
            (op.op == SAPA_EXPR_FACT && !fact_sound(centre, op.arg)))
            return false;
        if (op.op == SAPA_EXPR_JUMP_IF_FALSE || op.op == SAPA_EXPR_JUMP_IF_TRUE) {
            if (op.arg >= e->count - i)
                return false;
            uint8_t *target = &due[i + 1 + op.arg];
            if (*target && *target != depth + 1)
                return false;
            *target = (uint8_t)(depth + 1);
        }
        depth = depth - effects[op.op].takes + effects[op.op].leaves;
        if (depth > SAPA_EXPR_STACK_MAX)
            return false;
    }
    return depth == 1 && (!due[e->count] || due[e->count] == 2);
}

void sapa_flow_value_text(const struct sapa_flow *flow, const struct sapa_flow_run *run,
                          uint32_t variable, struct sapa_text *out)
{
    char digits[21];

    switch (flow->variables[variable].type) {
    case SAPA_VALUE_TEXT:
        sapa_text_add(out, (struct sapa_str){ run->text + flow->variables[variable].at,
                                              (size_t)run->values[variable].number });
        break;
    case SAPA_VALUE_BOOL:
        sapa_text_add(out, run->values[variable].number ? SAPA_STR("true") : SAPA_STR("false"));
        break;
    case SAPA_VALUE_SECRET: break;
    default:
        sapa_text_add(out,
                      (struct sapa_str){ digits, write_int(run->values[variable].number, digits) });
    }
}
