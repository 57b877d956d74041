/* Roles, rights and lists of the centre description, compiled. Mistakes are in test/config/mistakes.txt. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "config/centre_parse.h"

static struct sapa_findings findings;
static struct sapa_centre *centre;

static void compile_good(const char *text, const struct sapa_centre_sources *sources)
{
    static char said[65536];
    struct sapa_text out;

    if (sapa_centre_compile(sapa_str_of(text), sources, &findings, &centre) == SAPA_OK)
        return;
    sapa_text_init(&out, said, sizeof(said));
    sapa_findings_print(&findings, "", &out);
    fail_msg("%s", said);
}

static void assert_rule(uint32_t at, bool allow, enum sapa_target kind, const char *prefix, uint64_t clients, uint32_t hours)
{
    const struct sapa_call_rule *rule = &centre->call_rules[at];

    assert_int_equal(rule->allow, allow);
    assert_int_equal(rule->kind, kind);
    assert_true(sapa_str_eq(rule->prefix, sapa_str_of(prefix)));
    assert_int_equal(rule->clients, clients);
    assert_int_equal(rule->hours, hours);
}

static void test_roles(void **state)
{
    (void)state;
    compile_good("version: 1\n"
                 "hours: { siang: { open: [\"daily 08:00-17:00\"] } }\n"
                 "clients: { a: { name: A, calls: { queue: q, hours: siang } }, b: { name: B } }\n"
                 "queues: { r: { name: R, client: b }, q: { name: Q, client: a } }\n"
                 "roles:\n"
                 "  kosong: {}\n"
                 "  agen:\n"
                 "    calls:\n"
                 "    - allow: [colleagues, queues]\n"
                 "    - { allow: numbers, clients: [b] }\n"
                 "    - { allow: [\"+62\", outside], clients: all, hours: siang }\n"
                 "    - { deny: \"62809\" }\n"
                 "agents:\n"
                 "  p: { name: P, extension: \"1\" }\n"
                 "  s: { name: S, extension: \"2\", role: agen, clients: [b], calls_for: b }\n",
                 NULL);
    assert_int_equal(centre->clients[0].calls_queue, 1);
    assert_int_equal(centre->clients[0].calls_hours, 0);
    assert_int_equal(centre->clients[1].calls_queue, SAPA_NONE);
    assert_int_equal(centre->clients[1].calls_hours, SAPA_NONE);
    assert_int_equal(centre->agents[0].role, SAPA_NONE);
    assert_int_equal(centre->agents[0].calls_for, SAPA_NONE);
    assert_int_equal(centre->agents[1].role, 1);
    assert_int_equal(centre->agents[1].calls_for, 1);
    assert_int_equal(centre->roles[0].rule_count, 0);
    assert_int_equal(centre->roles[1].rule_first, 0);
    assert_int_equal(centre->roles[1].rule_count, 6);
    assert_rule(0, true, SAPA_TARGET_AGENT, "", UINT64_MAX, SAPA_NONE);
    assert_rule(1, true, SAPA_TARGET_QUEUE, "", UINT64_MAX, SAPA_NONE);
    assert_rule(2, true, SAPA_TARGET_NUMBER, "", 2, SAPA_NONE);
    assert_rule(3, true, SAPA_TARGET_OUTSIDE, "62", UINT64_MAX, 0);
    assert_rule(4, true, SAPA_TARGET_OUTSIDE, "", UINT64_MAX, 0);
    assert_rule(5, false, SAPA_TARGET_OUTSIDE, "62809", UINT64_MAX, SAPA_NONE);
    sapa_centre_free(centre);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_roles) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
