/* Any text as an expression: a finding, or sound bytecode that can be computed. The first byte chooses the type wanted. */
#include "config/centre_parse.h"
#include "core/expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void place(void *ctx, struct sapa_flow_place *ret)
{
    (void)ctx;
    *ret = (struct sapa_flow_place){ 3, 1000, 90000, INT64_MAX };
}

static void queue_facts(void *ctx, uint32_t queue, struct sapa_flow_queue_facts *ret)
{
    (void)ctx;
    *ret = (struct sapa_flow_queue_facts){ queue, 1, 2, 3 };
}

static bool hours_open(void *ctx, uint32_t hours, int64_t now_us, bool *ret_holiday)
{
    (void)ctx;
    (void)now_us;
    *ret_holiday = hours & 1;
    return true;
}

static int32_t zone_offset_s(void *ctx, uint32_t client, int64_t now_us)
{
    (void)ctx;
    (void)client;
    (void)now_us;
    return -3600;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = { "int", "bool", "text 128", "duration", "money", "date", "time" };
    static struct sapa_findings findings;
    char text[4096];
    struct sapa_text out;
    struct sapa_centre *centre = NULL;
    struct sapa_flow_run run = { .queue_node = SAPA_NONE, .digits = "123", .digits_n = 3 };
    struct sapa_expr_result value;

    if (size < 2 || size > 600)
        return 0;
    sapa_text_init(&out, text, sizeof(text));
    sapa_text_printf(&out, "version: 1\nclients: { a: { name: A } }\nqueues: { jual: { name: J, client: a } }\nhours: { h: { open: [\"daily 08:00-17:00\"] } }\n"
                           "flows:\n  f:\n    start: s\n    variables: { v: %s, n: int, t: text 16, d: duration, m: money, p: secret }\n    nodes:\n"
                           "      e: { do: hangup }\n      s: { do: set, next: e, set: { v: '", types[data[0] % SAPA_COUNT(types)]);
    for (size_t i = 1; i < size; i++) {
        sapa_text_char(&out, (char)data[i]);
        if (data[i] == '\'')
            sapa_text_char(&out, '\'');
    }
    sapa_text_printf(&out, "' } }\n    self_service: \"a test of expressions\"\n");
    if (sapa_centre_compile(sapa_text_str(&out), NULL, &findings, &centre) != SAPA_OK)
        return 0;
    const struct sapa_flow *flow = &centre->flows[0];
    const struct sapa_flow_env env = { .centre = centre, .now_us = (int64_t)data[0] << 50, .last_agent = SAPA_NONE, .caller = SAPA_STR("628"), .dialled = SAPA_STR("1"),
                                       .place = place, .queue_facts = queue_facts, .hours_open = hours_open, .zone_offset_s = zone_offset_s };
    memcpy(run.text + 128, "a\xc3\xa4z", 4);
    run.values[1].number = INT64_MIN + data[0];
    run.values[2].number = flow->text_size > 128 ? 0 : 4;
    for (uint32_t i = 0; i < flow->exprs_count; i++) {
        sapa_assert(sapa_expr_sound(centre, flow, i));
        if (sapa_expr_eval(&env, flow, &run, i, &value) == SAPA_OK && flow->exprs[i].type == SAPA_VALUE_TEXT)
            sapa_assert(value.text.n <= SAPA_EXPR_TEXT_MAX && (value.text.n == 0 || sapa_str_utf8(value.text)));
    }
    sapa_centre_free(centre);
    return 0;
}
