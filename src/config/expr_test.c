/* The expression language: values, types and mistakes, compiled by config/expr_compile.c and computed by core/expr.c. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#include "config/centre_parse.h"
#include "core/expr.h"

static struct sapa_findings findings;

/* A document whose flow sets a variable of each type; `at` gets the line of the expression. */
static sapa_rc compile(const char *type, const char *expression, struct sapa_centre **ret)
{
    char text[4096], quoted[2048];
    struct sapa_text out;

    sapa_text_init(&out, quoted, sizeof(quoted));
    for (const char *p = expression; *p; p++)
        sapa_text_printf(&out, "%s%c", *p == '\'' ? "'" : "", *p); /* '' in a single-quoted text */
    snprintf(text, sizeof(text),
             "version: 1\nclients: { a: { name: A } }\nqueues: { jual: { name: J, client: a }, q2: { name: K, client: a } }\n"
             "hours: { kantor: { open: [\"daily 08:00-17:00\"] } }\n"
             "flows:\n  f:\n    start: s\n    variables: { v: %s, n: int, t: text 16, b: bool, d: duration, m: money, pin: secret }\n    nodes:\n"
             "      s: { do: set, set: { v: '%s' }, next: e }\n      e: { do: hangup }\n"
             "    self_service: \"a test of expressions\"\n", type, quoted);
    return sapa_centre_compile(sapa_str_of(text), NULL, &findings, ret);
}

static void place(void *ctx, struct sapa_flow_place *ret)
{
    (void)ctx;
    *ret = (struct sapa_flow_place){ 4, 5000, 61000, 90000 };
}

static void queue_facts(void *ctx, uint32_t queue, struct sapa_flow_queue_facts *ret)
{
    (void)ctx;
    *ret = (struct sapa_flow_queue_facts){ 10 + queue, 2, 3, 45000 };
}

static bool hours_open(void *ctx, uint32_t hours, int64_t now_us, bool *ret_holiday)
{
    (void)ctx;
    (void)hours;
    (void)now_us;
    *ret_holiday = true;
    return false;
}

static int32_t zone_offset_s(void *ctx, uint32_t client, int64_t now_us)
{
    (void)ctx;
    (void)client;
    (void)now_us;
    return 7 * 3600;
}

/* "42", "text", "!" when there is no value. */
static void compute(const char *type, const char *expression, char *buf, size_t size)
{
    struct sapa_centre *centre;
    struct sapa_expr_result value;
    struct sapa_text out;
    struct sapa_flow_run run = { .language = SAPA_LANGUAGE_EN, .digits = "987", .digits_n = 3, .queue_node = SAPA_NONE };

    if (compile(type, expression, &centre) != SAPA_OK)
        fail_msg("%s: %s (%s)", expression, findings.list[0].reason, findings.list[0].hint);
    const struct sapa_flow *flow = &centre->flows[0];
    const struct sapa_flow_env env = {
        .centre = centre, .now_us = INT64_C(1786924740000000), /* 2026-08-17 06:59 in Jakarta, still 16 August in UTC */
        .last_agent = SAPA_NONE, .caller = SAPA_STR("62811234567"), .dialled = SAPA_STR("1500101"), .caller_known = true,
        .place = place, .queue_facts = queue_facts, .hours_open = hours_open, .zone_offset_s = zone_offset_s,
    };
    run.values[1].number = 7;
    memcpy(run.text + flow->variables[2].at, "Håndwerk", 9);
    run.values[2].number = 9;
    run.values[3].number = 1;
    run.values[4].number = 90000;
    run.values[5].number = 12550;
    run.values[6].number = 6;
    sapa_text_init(&out, buf, size);
    assert_true(sapa_expr_sound(centre, flow, flow->assigns[0].expr));
    if (sapa_expr_eval(&env, flow, &run, flow->assigns[0].expr, &value) != SAPA_OK) {
        assert_int_equal(value.number, 0);
        assert_int_equal(value.text.n, 0);
        sapa_text_printf(&out, "!");
    } else if (flow->exprs[flow->assigns[0].expr].type == SAPA_VALUE_TEXT) {
        sapa_text_add(&out, value.text);
    } else {
        sapa_text_printf(&out, "%lld", (long long)value.number);
    }
    sapa_centre_free(centre);
}

static void test_values(void **state)
{
    static const struct { const char *type, *expression, *value; } rows[] = {
        { "int", "1 + 2 * 3", "7" }, { "int", "(1 + 2) * 3", "9" }, { "int", "10 - 4 - 3", "3" }, { "int", "-2 * -3", "6" },
        { "int", "7 / 2", "3" }, { "int", "-7 / 2", "-3" }, { "int", "-7 % 3", "-1" }, { "int", "2 - -2", "4" },
        { "int", "1_000_000", "1000000" }, { "int", "n * n", "49" }, { "int", "--5", "5" },
        { "bool", "1 < 2", "1" }, { "bool", "2 <= 2", "1" }, { "bool", "2 > 2", "0" }, { "bool", "3 >= 2", "1" },
        { "bool", "1 == 1 and 2 != 2", "0" }, { "bool", "false or true and false", "0" }, { "bool", "(false or true) and true", "1" },
        { "bool", "not 1 == 2", "1" }, { "bool", "not not b", "1" }, { "bool", "not b or b", "1" }, { "bool", "b == true", "1" },
        { "bool", "n != 0 and 100 / n > 10", "1" },
        { "bool", "n == 7 or 1 / 0 > 1", "1" }, /* the right side is not computed */
        { "bool", "n != 7 and 1 / 0 > 1", "0" },
        { "bool", "1 / 0 > 1 or true", "!" },
        { "int", "1 / 0", "!" }, { "int", "1 % (n - 7)", "!" },
        { "int", "9_000_000_000_000_000 * 9_000_000_000_000_000", "!" },
        { "int", "9_000_000_000_000_000 * 1000 + 9_000_000_000_000_000 * 1000", "!" },
        { "int", "int(\"12\")", "12" }, { "int", "int('-5') + 1", "-4" }, { "int", "int(\"x\")", "!" }, { "int", "int(\"\")", "!" },
        { "bool", "is_int(\"12\") and not is_int(\"1 2\")", "1" },
        { "int", "min(3, n)", "3" }, { "int", "max(3, n)", "7" }, { "int", "abs(-3)", "3" },
        { "text", "\"a\" + 'b' + \"\"", "ab" }, { "text", "text(0 - 42)", "-42" }, { "text", "t", "Håndwerk" },
        { "int", "len(t)", "8" }, { "text", "left(t, 3)", "Hån" }, { "text", "right(t, 4)", "werk" }, { "text", "mid(t, 2, 2)", "ån" },
        { "text", "left(t, 0)", "" }, { "text", "left(t, 99)", "Håndwerk" }, { "text", "right(t, 0)", "" }, { "text", "right(t, -1)", "" },
        { "text", "mid(t, 99, 1)", "" }, { "text", "mid(t, -5, 2)", "Hå" }, { "text", "right(t, 99)", "Håndwerk" },
        { "bool", "starts(caller, \"62811\")", "1" }, { "bool", "contains(t, \"dwe\")", "1" }, { "bool", "contains(t, \"DWE\")", "0" },
        { "bool", "t == \"Håndwerk\"", "1" }, { "bool", "t != \"x\"", "1" },
        { "bool", "luhn(\"4539148803436467\")", "1" }, { "bool", "luhn(\"4539148803436468\")", "0" }, { "bool", "luhn(\"\")", "0" }, { "bool", "luhn(\"12a4\")", "0" },
        { "duration", "2 min + 30 s", "150000" }, { "duration", "d * 2", "180000" }, { "int", "d / 1 min", "1" }, { "duration", "d / 2", "45000" },
        { "bool", "d > 1 min", "1" }, { "duration", "max(d, 1h)", "3600000" }, { "duration", "500ms - 1s", "-500" },
        { "money", "m + 1 IDR", "12650" }, { "money", "3 * 12.50 IDR", "3750" }, { "money", "0.5 IDR", "50" }, { "bool", "m >= 125.50 IDR", "1" },
        { "int", "m / 1 IDR", "125" },
        { "bool", "today == 2026-08-17", "1" }, { "date", "today", "20260817" }, { "bool", "today < 2026-12-24", "1" },
        { "time", "now", "419" }, { "bool", "now < 07:00 and now >= 06:59", "1" }, { "int", "weekday", "1" },
        { "int", "position", "4" }, { "duration", "ewt_p50", "61000" }, { "duration", "ewt_p90 - waited", "85000" },
        { "int", "waiting(\"jual\") + waiting('q2')", "21" }, { "int", "ready(\"jual\")", "2" }, { "int", "logged_in(jual)", "3" },
        { "duration", "expected_wait(\"q2\")", "45000" }, { "bool", "open(\"kantor\")", "0" }, { "bool", "holiday(\"kantor\")", "1" },
        { "text", "language", "en" }, { "text", "digits", "987" }, { "text", "client", "a" }, { "bool", "caller_known and not vip and not last_agent and not surge", "1" },
        { "text", "dialled", "1500101" }, { "int", "len(pin)", "6" }, { "text", "key", "" },
        { "int", "((((((((((1))))))))))", "1" },
    };
    char buf[256];
    (void)state;

    for (size_t i = 0; i < SAPA_COUNT(rows); i++) {
        const char *wanted = rows[i].value;
        compute(rows[i].type, rows[i].expression, buf, sizeof(buf));
        if (strcmp(buf, wanted) != 0)
            fail_msg("%s is %s, not %s", rows[i].expression, buf, wanted);
    }
}

static void test_long_texts(void **state)
{
    char expression[512], buf[256];
    struct sapa_text out;
    (void)state;

    /* 120 + 9 bytes: too long for a value, so there is none */
    sapa_text_init(&out, expression, sizeof(expression));
    sapa_text_char(&out, '"');
    for (int i = 0; i < 120; i++)
        sapa_text_char(&out, 'x');
    sapa_text_printf(&out, "\" + t");
    compute("text 128", expression, buf, sizeof(buf));
    assert_string_equal(buf, "!");
}

static void test_mistakes(void **state)
{
    /* column is that of the expression's first character plus `at` */
    static const struct { const char *expression; unsigned at; const char *reason, *hint; } rows[] = {
        { "1 + ", 4, "a value is missing at the end", "as in: waiting(\"sales\") > 5" },
        { "", 0, "the text is empty", "write it, or take the key out" },
        { "1 2", 2, "an operator is missing here", "such as and, or, ==, <, +" },
        { "* 2", 0, "a value is missing before \"*\"", "as in: waiting(\"sales\") > 5" },
        { "(1 + 2", 0, "a ) is missing", "close what was opened here" },
        { "1 + 2)", 5, "there is a ) without its (", "take it out, or open it before" },
        { "()", 1, "a value is missing here", "a number, a text in quotes, a variable or a fact" },
        { "1 + \"a\"", 2, "int + text has no meaning", "both sides must have types that go together" },
        { "1 < 2 < 3", 6, "bool < int has no meaning", "both sides must have types that go together" },
        { "1 and 2", 2, "int and int has no meaning", "both sides must have types that go together" },
        { "1 min == 60", 6, "duration == int has no meaning", "both sides must have types that go together" },
        { "not 1", 0, "not int has no meaning", "not takes yes or no, minus takes a number" },
        { "-t", 0, "minus text has no meaning", "not takes yes or no, minus takes a number" },
        { "nomr", 0, "\"nomr\" is no variable and no fact", "declare it under variables" },
        { "calller", 0, "\"calller\" is no variable and no fact", "did you mean \"caller\"?" },
        { "waiting(\"jual1\")", 8, "there are no queues \"jual1\"", "did you mean \"jual\"?" },
        { "waiting", 0, "waiting takes the key of a queue", "waiting(\"sales\")" },
        { "open(3)", 0, "open takes the key of opening hours", "open(\"shop\")" },
        { "len(1)", 0, "len: value 1 is int, not text", "docs/ref/centre.md lists the functions" },
        { "left(t)", 0, "left takes 2 values, not 1", "docs/ref/centre.md lists the functions" },
        { "min(1, 1 s)", 0, "min: value 2 is duration, not int", "docs/ref/centre.md lists the functions" },
        { "abs(t)", 0, "abs: value 1 is text, not a quantity", "docs/ref/centre.md lists the functions" },
        { "1, 2", 1, "a comma stands only between the values of a function", "as in: waiting(\"sales\")" },
        { "n = 1", 2, "\"=\" has no meaning here", "== compares" },
        { "b && b", 2, "\"&\" has no meaning here", "write and" },
        { "\"abc", 0, "the text does not end: \" is missing", "the same quote before and after" },
        { "99999999999999999999", 0, "the number is too large", "up to 9,000,000,000,000,000,000" },
        { "2026-02-30", 0, "there is no such day", "2026-12-31" },
        { "25:00", 0, "there is no such time of day", "00:00 to 24:00" },
        { "1.5", 0, "only amounts of money have a decimal point", "amounts of money have a currency: 12.50 IDR" },
        { "5 USD", 0, "the currency of this centre is IDR", "amounts are in system.currency" },
        { "pin == pin", 4, "secret == secret has no meaning", "both sides must have types that go together" },
        { "\"a\" < \"b\"", 4, "text < text has no meaning", "both sides must have types that go together" },
        { "b", 0, "int is needed here, this is bool", "see the facts and functions in docs/ref/centre.md" },
        { "1 not 2", 2, "an operator is missing before \"not\"", "and, or" },
    };
    struct sapa_centre *centre;
    (void)state;

    for (size_t i = 0; i < SAPA_COUNT(rows); i++) {
        assert_int_equal(compile("int", rows[i].expression, &centre), SAPA_EINVAL);
        const struct sapa_finding *f = &findings.list[0];
        const unsigned column = 31 + (rows[i].at ? 1 + rows[i].at : 0); /* the quote counts when we point behind it */
        if (findings.count != 1 || strcmp(f->reason, rows[i].reason) || strcmp(f->hint, rows[i].hint) || f->line != 10 || f->column != column)
            fail_msg("%s: %u findings, line %u, column %u (%u): %s [%s]", rows[i].expression, findings.count, f->line, f->column, column, f->reason, f->hint);
    }
}

static void test_limits(void **state)
{
    char expression[1024];
    struct sapa_text out;
    struct sapa_centre *centre;
    (void)state;

    sapa_text_init(&out, expression, sizeof(expression));
    for (int i = 0; i < 60; i++)
        sapa_text_char(&out, '(');
    sapa_text_char(&out, '1');
    for (int i = 0; i < 60; i++)
        sapa_text_char(&out, ')');
    assert_int_equal(compile("int", expression, &centre), SAPA_EINVAL);
    assert_string_equal(findings.list[0].reason, "the expression is nested too deep");

    sapa_text_init(&out, expression, sizeof(expression)); /* 1+(1+(1+… keeps a value waiting at each step */
    for (int i = 0; i < 20; i++)
        sapa_text_printf(&out, "1+(");
    sapa_text_char(&out, '1');
    for (int i = 0; i < 20; i++)
        sapa_text_char(&out, ')');
    assert_int_equal(compile("int", expression, &centre), SAPA_EINVAL);
    assert_string_equal(findings.list[0].reason, "the expression is nested too deep");

    sapa_text_init(&out, expression, sizeof(expression));
    sapa_text_char(&out, '1');
    for (int i = 0; i < 100; i++)
        sapa_text_printf(&out, "+1");
    assert_int_equal(compile("int", expression, &centre), SAPA_EINVAL);
    assert_string_equal(findings.list[0].reason, "the expression is too long");
}

/* Bytecode that no compiler made is seen to be unsound. */
static void test_sound(void **state)
{
    static const struct { struct sapa_expr_op ops[4]; uint32_t count; bool sound; } rows[] = {
        { { { SAPA_EXPR_NUMBER, 0 } }, 1, true },
        { { { SAPA_EXPR_NUMBER, 1 } }, 1, false },                                  /* no such number */
        { { { SAPA_EXPR_TEXT, 0 } }, 1, false },
        { { { SAPA_EXPR_VARIABLE, 0 } }, 1, false },
        { { { SAPA_EXPR_FACT, SAPA_FACT_COUNT } }, 1, false },
        { { { SAPA_EXPR_FACT, SAPA_FACT_NOW | 256 } }, 1, false },
        { { { SAPA_EXPR_FACT, SAPA_FACT_OPEN } }, 1, false },                       /* no such hours */
        { { { SAPA_EXPR_OPCODE_COUNT, 0 } }, 1, false },
        { { { SAPA_EXPR_NOT, 0 } }, 1, false },                                     /* nothing there */
        { { { SAPA_EXPR_NUMBER, 0 }, { SAPA_EXPR_NUMBER, 0 } }, 2, false },         /* two left */
        { { { SAPA_EXPR_NUMBER, 0 }, { SAPA_EXPR_ADD, 0 } }, 2, false },
        { { { SAPA_EXPR_NUMBER, 0 }, { SAPA_EXPR_JUMP_IF_TRUE, 9 }, { SAPA_EXPR_NUMBER, 0 } }, 3, false },
        { { { SAPA_EXPR_NUMBER, 0 }, { SAPA_EXPR_JUMP_IF_TRUE, 1 }, { SAPA_EXPR_NUMBER, 0 } }, 3, true },
        { { { SAPA_EXPR_NUMBER, 0 }, { SAPA_EXPR_JUMP_IF_TRUE, 0 }, { SAPA_EXPR_NUMBER, 0 } }, 3, false }, /* depth differs */
    };
    static const int64_t number = 1;
    static const struct sapa_centre centre;
    (void)state;

    for (size_t i = 0; i < SAPA_COUNT(rows); i++) {
        const struct sapa_expr expr = { 0, rows[i].count, SAPA_VALUE_INT };
        const struct sapa_flow flow = { .ops = rows[i].ops, .ops_count = rows[i].count, .exprs = &expr, .exprs_count = 1, .numbers = &number, .numbers_count = 1 };
        if (sapa_expr_sound(&centre, &flow, 0) != rows[i].sound)
            fail_msg("row %zu", i);
    }
    const struct sapa_flow none = { 0 };
    assert_false(sapa_expr_sound(&centre, &none, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_long_texts), cmocka_unit_test(test_mistakes), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
