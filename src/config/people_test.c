/* Roles, rights and lists of the centre description, compiled. Mistakes are in test/config/mistakes.txt. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "config/centre_parse.h"
#include "model/listed.h"
#include "model/rights.h"
#include "phone/phone.h"

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
                 "    rights: [agent, report]\n"
                 "    calls:\n"
                 "    - allow: [colleagues, queues]\n"
                 "    - { allow: numbers, clients: [b] }\n"
                 "    - { allow: [\"+62\", outside], clients: all, hours: siang }\n"
                 "    - { deny: [\"62809\", toll free] }\n"
                 "teams: [t, u, v]\n"
                 "users: { d: { name: D, role: agen, teams: [v, t], clients: [b] }, e: { name: E, role: kosong } }\n"
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
    assert_int_equal(centre->roles[0].rights, 0);
    assert_int_equal(centre->roles[1].rights, SAPA_RIGHT_BIT(LIVE) | SAPA_RIGHT_BIT(SELF) | SAPA_RIGHT_BIT(REFUSE) | SAPA_RIGHT_BIT(REPORT));
    assert_int_equal(centre->users_count, 2);
    assert_int_equal(centre->users[0].role, 1);
    assert_int_equal(centre->users[0].clients, 2);
    assert_int_equal(centre->users[0].team_count, 2);
    assert_int_equal(centre->user_teams[centre->users[0].team_first].team, 2);
    assert_int_equal(centre->user_teams[centre->users[0].team_first + 1].team, 0);
    assert_int_equal(centre->users[1].clients, UINT64_MAX);
    assert_int_equal(centre->users[1].team_count, 0);
    assert_int_equal(centre->roles[0].rule_count, 0);
    assert_int_equal(centre->roles[1].rule_first, 0);
    assert_int_equal(centre->roles[1].rule_count, 7);
    assert_rule(0, true, SAPA_TARGET_AGENT, "", UINT64_MAX, SAPA_NONE);
    assert_rule(1, true, SAPA_TARGET_QUEUE, "", UINT64_MAX, SAPA_NONE);
    assert_rule(2, true, SAPA_TARGET_NUMBER, "", 2, SAPA_NONE);
    assert_rule(3, true, SAPA_TARGET_OUTSIDE, "62", UINT64_MAX, 0);
    assert_rule(4, true, SAPA_TARGET_OUTSIDE, "", UINT64_MAX, 0);
    assert_rule(5, false, SAPA_TARGET_OUTSIDE, "62809", UINT64_MAX, SAPA_NONE);
    assert_rule(6, false, SAPA_TARGET_OUTSIDE, "", UINT64_MAX, SAPA_NONE);
    assert_int_equal(centre->call_rules[5].number_type, 0);
    assert_int_equal(centre->call_rules[6].number_type, SAPA_PHONE_TOLL_FREE + 1);
    sapa_centre_free(centre);
}

/* ---- do-not-contact lists ---- */

static const char lists[] = "version: 1\n"
                            "clients: { a: { name: A }, b: { name: B } }\n"
                            "do_not_contact:\n"
                            "  semua: { numbers: [\"+62 812-0000-0003\", 6281200000001] }\n"
                            "  b: { client: b, numbers: [6281200000002, 6281200000001], file: b.txt }\n"
                            "  a: { client: a, file: a.txt }\n";

struct files {
    const char *a, *b;
    sapa_rc rc;
};

static sapa_rc read_file(void *ctx, struct sapa_str name, size_t max, uint8_t **ret, size_t *ret_size)
{
    const struct files *files = ctx;
    const char *text = sapa_str_eq(name, SAPA_STR("a.txt")) ? files->a : files->b;

    assert_int_equal(max, SAPA_LIST_FILE_MAX);
    if (files->rc != SAPA_OK)
        return files->rc;
    *ret_size = strlen(text);
    *ret = malloc(*ret_size + 1);
    assert_non_null(*ret);
    memcpy(*ret, text, *ret_size + 1);
    return SAPA_OK;
}

static void test_lists(void **state)
{
    struct files files = { .a = "\xef\xbb\xbf# own\n\n 6281200000002 # twice\r\n6281200000004\r\n+62 21 555 0100", .b = "" };
    struct sapa_centre_sources sources = { .file = read_file, .ctx = &files };
    static const struct { const char *number; uint64_t clients; } cases[] = {
        { "6281200000001", UINT64_MAX }, { "6281200000002", 3 }, { "6281200000003", UINT64_MAX }, { "6281200000004", 1 },
        { "62215550100", 1 }, { "6281200000005", 0 }, { "62812000000021", 0 }, { "628120000000", 0 },
    };
    (void)state;

    compile_good(lists, &sources);
    assert_int_equal(centre->listed_numbers_count, 5);
    for (size_t i = 0; i < SAPA_COUNT(cases); i++)
        assert_int_equal(sapa_listed(centre, sapa_str_of(cases[i].number)), cases[i].clients);
    char hash[65];
    memcpy(hash, centre->hash, sizeof(hash));
    sapa_centre_free(centre);
    files.a = "";
    compile_good(lists, &sources);
    assert_int_equal(centre->listed_numbers_count, 3);
    assert_string_equal(centre->hash, hash); /* a version is its text */
    sapa_centre_free(centre);
}

/* Every line that is wrong, by its number; nothing is taken from a document with mistakes. */
static void test_bad_files(void **state)
{
    struct files files = { .a = "6281200000002\n0812\n\n62x\n\xff\xfe\n", .b = "" };
    struct sapa_centre_sources sources = { .file = read_file, .ctx = &files };
    (void)state;

    assert_int_equal(sapa_centre_compile(sapa_str_of(lists), &sources, &findings, &centre), SAPA_EINVAL);
    assert_int_equal(findings.count, 3);
    assert_string_equal(findings.list[0].where, "do_not_contact.a.file");
    assert_string_equal(findings.list[0].reason, "a.txt:2: \"0812\" is no number");
    assert_string_equal(findings.list[0].hint, "write the code of the country in place of the 0: 6281… for 081…");
    assert_int_equal(findings.list[0].line, 6);
    assert_string_equal(findings.list[1].reason, "a.txt:4: \"62x\" is no number");
    assert_string_equal(findings.list[2].reason, "a.txt:5: \"…\" is no number");
    files.rc = SAPA_ENOENT;
    assert_int_equal(sapa_centre_compile(sapa_str_of(lists), &sources, &findings, &centre), SAPA_EINVAL);
    assert_int_equal(findings.count, 2);
    assert_string_equal(findings.list[0].hint, "put it beside the description, readable for sapa");
    files.rc = SAPA_ELIMIT;
    assert_int_equal(sapa_centre_compile(sapa_str_of(lists), &sources, &findings, &centre), SAPA_EINVAL);
    assert_string_equal(findings.list[0].hint, "at most 32 MiB: split it");
}

static void test_many(void **state)
{
    const size_t size = 15 * 1000001 + 1;
    char *text = malloc(size);
    struct sapa_text out;
    struct files files = { .a = text, .b = "" };
    struct sapa_centre_sources sources = { .file = read_file, .ctx = &files };
    (void)state;

    assert_non_null(text);
    sapa_text_init(&out, text, size);
    for (unsigned i = 0; i < 999996; i++) /* 4 stand in the document */
        sapa_text_printf(&out, "%u\n", 4200000000u - i * 7);
    compile_good(lists, &sources);
    assert_int_equal(centre->listed_numbers_count, 999996 + 3);
    assert_int_equal(sapa_listed(centre, SAPA_STR("4200000000")), 1);
    assert_int_equal(sapa_listed(centre, SAPA_STR("4193000035")), 1);
    assert_int_equal(sapa_listed(centre, SAPA_STR("4200000001")), 0);
    sapa_centre_free(centre);
    sapa_text_printf(&out, "4200000001\n");
    assert_int_equal(sapa_centre_compile(sapa_str_of(lists), &sources, &findings, &centre), SAPA_EINVAL);
    assert_int_equal(findings.count, 1);
    assert_string_equal(findings.list[0].reason, "the lists have more than 1,000,000 numbers together");
    free(text);
}

/* ---- calendars of the program ---- */

static uint32_t holiday(uint32_t hours, int32_t date)
{
    const struct sapa_hours *h = &centre->hours[hours];

    for (uint32_t i = 0; i < h->holiday_count; i++) {
        if (i > 0)
            assert_true(centre->holidays[h->holiday_first + i].date > centre->holidays[h->holiday_first + i - 1].date);
        if (centre->holidays[h->holiday_first + i].date == date)
            return h->holiday_first + i;
    }
    return SAPA_NONE;
}

static void test_calendars(void **state)
{
    int32_t date, last;
    struct sapa_str name;
    (void)state;

    for (unsigned calendar = 0; calendar < SAPA_CALENDAR_COUNT; calendar++) { /* in order: the compiler searches them */
        last = 0;
        for (unsigned i = 0; sapa_calendar_day(calendar, i, &date, &name); i++) {
            assert_true(date > last && name.n > 0 && name.n <= 64);
            last = date;
        }
    }
    compile_good("version: 1\n"
                 "holidays:\n"
                 "  kami: [ { date: 2026-12-25, name: Natal, open: [\"08:00-12:00\"] }, { date: 2027-03-10, name: Lebaran } ]\n"
                 "hours:\n"
                 "  a: { open: [\"daily 08:00-17:00\"], holidays: indonesia }\n"
                 "  b: { open: [\"daily 08:00-17:00\"], holidays: [kami, indonesia, cuti-bersama] }\n"
                 "  c: { open: [\"daily 08:00-17:00\"], holidays: kami }\n"
                 "clients: { a: { name: A } }\n",
                 NULL);
    assert_int_equal(centre->hours[0].calendars, 1);
    assert_int_equal(centre->hours[1].calendars, 3);
    assert_int_equal(centre->hours[2].calendars, 0);
    assert_int_equal(centre->hours[0].holiday_count, 17 + 8); /* decreed for 2026, certain in 2027 */
    assert_int_equal(centre->hours[1].holiday_count, 17 + 8 + 8 + 1);
    assert_int_equal(centre->hours[2].holiday_count, 2);
    assert_int_equal(centre->holidays[holiday(0, 20261225)].span_count, 0);
    assert_int_equal(centre->holidays[holiday(1, 20261225)].span_count, 1); /* our own day comes first */
    assert_true(holiday(0, 20261224) == SAPA_NONE && holiday(1, 20261224) != SAPA_NONE);
    assert_true(holiday(0, 20270310) == SAPA_NONE && holiday(1, 20270310) != SAPA_NONE);
    assert_true(holiday(0, 20260322) != SAPA_NONE);
    sapa_centre_free(centre);
    assert_true(sapa_calendar_whole(SAPA_CALENDAR_INDONESIA, 2026));
    assert_false(sapa_calendar_whole(SAPA_CALENDAR_INDONESIA, 2025));
    assert_false(sapa_calendar_whole(SAPA_CALENDAR_INDONESIA, 2027));

    /* a calendar of the document with the same key takes its place */
    compile_good("version: 1\nholidays: { indonesia: [ { date: 2026-05-02, name: X } ] }\n"
                 "hours: { a: { open: [\"daily 08:00-17:00\"], holidays: [indonesia] } }\nclients: { a: { name: A } }\n",
                 NULL);
    assert_int_equal(centre->hours[0].calendars, 0);
    assert_int_equal(centre->hours[0].holiday_count, 1);
    sapa_centre_free(centre);
}

#define CAMPAIGNS(campaigns, agent)                                                                                      \
    "version: 1\n"                                                                                                       \
    "hours: { siang: { open: [\"daily 08:00-17:00\"] } }\n"                                                             \
    "teams: [t, u]\n"                                                                                                    \
    "clients: { a: { name: A, number: \"620001\" }, b: { name: B } }\n"                                                 \
    "queues: { q: { name: Q, client: a }, r: { name: R, client: b } }\n"                                                \
    "numbers: { \"620001\": { client: a, flow: f }, \"620002\": { client: a, flow: f }, \"620003\": { client: b, flow: f } }\n" \
    "flows: { f: { start: x, self_service: a test of campaigns, nodes: { x: { do: hangup } } } }\n"                                     \
    "campaigns: " campaigns "\n"                                                                                        \
    "do_not_contact:\n"                                                                                                 \
    "  semua: { client: a, numbers: [6281200000001] }\n"                                                                \
    "  kampanye: { campaign: tagih, numbers: [6281200000003, 6281200000002] }\n"                                         \
    "agents: { s: { name: S, extension: \"2\", team: t, clients: [a]" agent " } }\n"

static void test_campaigns(void **state)
{
    (void)state;
    compile_good(CAMPAIGNS("{ sapa: { name: Sapaan, client: b }, tagih: { name: Penagihan, client: a, number: \"620002\", dial: \"7\", hours: siang, queue: q, team: t, brand: Toko A, script: { id: \"1. Sebutkan siapa\", en: \"1. Say who calls\" } } }", ", campaign: tagih"), NULL);
    assert_int_equal(centre->campaigns_count, 2);
    const struct sapa_campaign *plain = &centre->campaigns[0], *tagih = &centre->campaigns[1];
    assert_true(plain->client == 1 && plain->number == SAPA_NONE && plain->hours == SAPA_NONE && plain->queue == SAPA_NONE && plain->team == SAPA_NONE && plain->dial.n == 0);
    assert_true(tagih->client == 0 && tagih->number == 1 && tagih->hours == 0 && tagih->queue == 0 && tagih->team == 0);
    assert_true(sapa_str_eq(tagih->dial, SAPA_STR("7")) && sapa_str_eq(tagih->name, SAPA_STR("Penagihan")));
    assert_true(sapa_str_eq(tagih->brand, SAPA_STR("Toko A")) && plain->brand.n == 0 && plain->script[SAPA_LANGUAGE_EN].n == 0);
    assert_true(sapa_str_eq(tagih->script[SAPA_LANGUAGE_EN], SAPA_STR("1. Say who calls")) && sapa_str_eq(tagih->script[SAPA_LANGUAGE_ID], SAPA_STR("1. Sebutkan siapa")));
    assert_int_equal(centre->agents[0].campaign, 1);
    /* a list of the campaign stops its calls alone, and counts as its client's then */
    assert_int_equal(centre->listed_numbers_count, 1);
    assert_int_equal(centre->campaign_listed_count, 2);
    assert_int_equal(sapa_listed_for(centre, SAPA_STR("6281200000001"), 1), 1);
    assert_int_equal(sapa_listed_for(centre, SAPA_STR("6281200000002"), 1), 1);
    assert_int_equal(sapa_listed_for(centre, SAPA_STR("+62 812-0000-0003"), 1), 1);
    assert_int_equal(sapa_listed_for(centre, SAPA_STR("6281200000004"), 1), 0);
    assert_int_equal(sapa_listed_for(centre, SAPA_STR("6281200000002"), 0), 0);
    assert_int_equal(sapa_listed_for(centre, SAPA_STR("6281200000002"), SAPA_NONE), 0);
    /* which campaign a call belongs to */
    assert_int_equal(sapa_campaign_of(centre, 0, 0, SAPA_NONE, false), 1);
    assert_int_equal(sapa_campaign_of(centre, 0, 0, 0, false), 1);
    assert_int_equal(sapa_campaign_of(centre, 0, 0, 1, false), SAPA_NONE); /* for another client */
    assert_int_equal(sapa_campaign_of(centre, 0, 0, SAPA_NONE, true), SAPA_NONE); /* beside a contact */
    assert_int_equal(sapa_campaign_of(centre, 0, 1, SAPA_NONE, true), 0); /* named */
    assert_int_equal(sapa_campaign_of(centre, 7, 0, SAPA_NONE, false), SAPA_NONE);
    sapa_centre_free(centre);
}

/* A name that is none, and like none: which there are. */
static void test_which_there_are(void **state)
{
    char text[1200];
    struct sapa_text out;

    (void)state;
    assert_int_equal(sapa_centre_compile(SAPA_STR("version: 1\nclients: { a: { name: A } }\nroles: { agen: {}, pimpinan: {} }\n"
                                                  "users: { x: { name: X, role: king } }\n"), NULL, &findings, &centre), SAPA_EINVAL);
    assert_int_equal(findings.count, 1);
    assert_string_equal(findings.list[0].reason, "there is no role \"king\"");
    assert_string_equal(findings.list[0].hint, "there are: agen, pimpinan");
    /* a section that is misspelt is one mistake, not one for every mention of what stands in it; a mention that is wrong is still one */
    assert_int_equal(sapa_centre_compile(SAPA_STR("version: 1\nclients: { a: { name: A } }\nrols: { agen: {}, pimpinan: {} }\n"
                                                  "users: { x: { name: X, role: agen }, y: { name: Y, role: pimpina } }\n"), NULL, &findings, &centre), SAPA_EINVAL);
    assert_int_equal(findings.count, 2);
    assert_string_equal(findings.list[0].reason, "unknown key \"rols\"");
    assert_string_equal(findings.list[0].hint, "did you mean \"roles\"?");
    assert_string_equal(findings.list[1].hint, "did you mean \"pimpinan\"?");
    sapa_text_init(&out, text, sizeof(text)); /* of many the first, and never more than there is room for */
    sapa_text_printf(&out, "version: 1\nclients: { a: { name: A } }\nusers: { x: { name: X, role: king } }\nroles: {");
    for (unsigned i = 0; i < 20; i++)
        sapa_text_printf(&out, "%s quite-a-long-name-of-a-role-%02u: {}", i ? "," : "", i);
    sapa_text_printf(&out, " }\n");
    assert_int_equal(sapa_centre_compile(sapa_text_str(&out), NULL, &findings, &centre), SAPA_EINVAL);
    assert_non_null(strstr(findings.list[0].hint, "there are: quite-a-long-name-of-a-role-00, quite-a-long-name-of-a-role-01"));
    assert_string_equal(findings.list[0].hint + strlen(findings.list[0].hint) - 4, " …");
}

static void test_campaign_mistakes(void **state)
{
    static const struct { const char *text, *where, *reason; } cases[] = {
        { CAMPAIGNS("{ tagih: { name: T } }", ""), "campaigns.tagih", "client" },
        { CAMPAIGNS("{ tagih: { name: T, client: c } }", ""), "campaigns.tagih.client", "there is no client" },
        { CAMPAIGNS("{ tagih: { name: T, client: a, number: \"620003\" } }", ""), "campaigns.tagih.number", "belongs to another client" },
        { CAMPAIGNS("{ tagih: { name: T, client: a, queue: r } }", ""), "campaigns.tagih.queue", "belongs to another client" },
        { CAMPAIGNS("{ tagih: { name: T, client: a, dial: \"7a\" } }", ""), "campaigns.tagih.dial", "cannot be dialled" },
        { CAMPAIGNS("{ tagih: { name: T, client: a, brand: \"\" } }", ""), "campaigns.tagih.brand", "the text is empty" },
        { CAMPAIGNS("{ tagih: { name: T, client: a, script: { id: x } } }", ""), "campaigns.tagih.script", "English (en) is missing" },
        { CAMPAIGNS("{ x: { name: X, client: b, dial: \"7\" }, tagih: { name: T, client: a, dial: \"7\" } }", ""), "campaigns.tagih.dial", "dials \"x\" already" },
        { CAMPAIGNS("{ x: { name: X, client: b }, tagih: { name: T, client: a } }", ", campaign: x"), "agents.s.campaign", "not granted" },
        { CAMPAIGNS("{ tagih: { name: T, client: a, team: u } }", ", campaign: tagih"), "agents.s.campaign", "another team" },
        { CAMPAIGNS("{ x: { name: T, client: a } }", ""), "do_not_contact.kampanye.campaign", "there is no campaign" },
    };
    (void)state;

    for (size_t i = 0; i < SAPA_COUNT(cases); i++) {
        assert_int_equal(sapa_centre_compile(sapa_str_of(cases[i].text), NULL, &findings, &centre), SAPA_EINVAL);
        assert_int_equal(findings.count, 1);
        assert_string_equal(findings.list[0].where, cases[i].where);
        if (!strstr(findings.list[0].reason, cases[i].reason))
            fail_msg("%s", findings.list[0].reason);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_roles), cmocka_unit_test(test_lists),
                                        cmocka_unit_test(test_campaigns), cmocka_unit_test(test_campaign_mistakes), cmocka_unit_test(test_which_there_are),
                                        cmocka_unit_test(test_bad_files), cmocka_unit_test(test_many),
                                        cmocka_unit_test(test_calendars) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
