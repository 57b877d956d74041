/* The centre description: what is wrong is found and said, what is right is compiled as it stands. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "config/centre_parse.h"
#include "config/colour.h"
#include "core/hours.h"

static struct sapa_findings findings;
static struct sapa_centre *centre;

static char *read_file(const char *name, size_t *ret_size)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", SAPA_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s is not there", path);
    char *text = malloc(1 << 20);
    assert_non_null(text);
    const size_t n = fread(text, 1, (1 << 20) - 1, file);
    text[n] = '\0';
    fclose(file);
    if (ret_size)
        *ret_size = n;
    return text;
}

static sapa_rc secret_of(void *ctx, struct sapa_str name, struct sapa_text *out)
{
    (void)ctx;
    if (sapa_str_eq(name, SAPA_STR("hilang")))
        return SAPA_ENOENT;
    sapa_text_printf(out, "rahasia-" SAPA_STR_FMT, SAPA_STR_ARG(name));
    return SAPA_OK;
}

static const struct sapa_centre_sources sources = { .secret = secret_of };

static sapa_rc compile(const char *text)
{
    return sapa_centre_compile(sapa_str_of(text), &sources, &findings, &centre);
}

static void print_findings(char *buf, size_t size)
{
    struct sapa_text out;

    sapa_text_init(&out, buf, size);
    sapa_findings_print(&findings, "", &out);
}

static void compile_good(const char *text)
{
    static char said[65536];

    if (compile(text) != SAPA_OK) {
        print_findings(said, sizeof(said));
        fail_msg("%s", said);
    }
}

/* ---- mistakes ---- */

/* "\n" in a line of the list is the end of a line of the document. */
static void unescape(char *s)
{
    char *to = s;

    for (; *s; s++) {
        if (s[0] == '\\' && s[1] == 'n') {
            *to++ = '\n';
            s++;
        } else {
            *to++ = *s;
        }
    }
    *to = '\0';
}

static char *replace(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);

    if (!at)
        fail_msg("not in the document: %s", from);
    char *result = malloc(strlen(text) + strlen(to) + 1);
    assert_non_null(result);
    memcpy(result, text, (size_t)(at - text));
    memcpy(result + (at - text), to, strlen(to));
    memcpy(result + (at - text) + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
    return result;
}

/* How a client's page looks; without colours of its own it has those of the page. */
static void test_pages_of_clients(void **state)
{
    char *base = read_file("test/config/base.yaml", NULL);
    char *text = replace(base, "toko: { name: Toko, hours: kantor }",
                         "toko: { name: Toko, hours: kantor, page: { name: \"Toko kami\", colour: \"#0B3d91\", greeting: { id: Halo, en: Hello } } }");

    (void)state;
    compile_good(base);
    assert_true(sapa_colour_contrast_x100(centre->clients[0].page_colour, SAPA_COLOUR_LIGHT_WORDS) >= SAPA_COLOUR_CONTRAST_X100);
    assert_true(sapa_colour_contrast_x100(centre->clients[0].page_colour_dark, SAPA_COLOUR_DARK_WORDS) >= SAPA_COLOUR_CONTRAST_X100);
    assert_int_equal(centre->clients[0].page_name.n, 0);
    assert_int_equal(centre->system.office_count, 0);
    sapa_centre_free(centre);
    compile_good(text);
    const struct sapa_client *client = &centre->clients[0];
    assert_int_equal(client->page_colour, 0x0b3d91);
    assert_true(sapa_colour_contrast_x100(client->page_colour_dark, SAPA_COLOUR_DARK_WORDS) >= SAPA_COLOUR_CONTRAST_X100); /* made of it */
    assert_true(sapa_str_eq(client->page_name, SAPA_STR("Toko kami")) && sapa_str_eq(client->page_greeting[SAPA_LANGUAGE_EN], SAPA_STR("Hello")));
    sapa_centre_free(centre);
    free(text);
    text = replace(base, "languages: [id, en] }", "languages: [id, en], offices: [10.20.0.0/16, \"2001:db8::/32\"] }");
    compile_good(text);
    const struct sapa_network *offices = &centre->networks[centre->system.office_first];
    static const uint8_t in[16] = { 10, 20, 7, 1 }, out[16] = { 10, 21, 7, 1 };
    assert_int_equal(centre->system.office_count, 2);
    assert_true(sapa_network_has(&offices[0], 4, in) && !sapa_network_has(&offices[0], 4, out) && !sapa_network_has(&offices[1], 4, in));
    sapa_centre_free(centre);
    free(text);
    free(base);
}

static void test_mistakes(void **state)
{
    char *base = read_file("test/config/base.yaml", NULL), *list = read_file("test/config/mistakes.txt", NULL);
    char from[1024] = "", to[1024] = "", expected[4096] = "";
    static char got[65536], stripped[65536];
    unsigned count = 0;
    (void)state;

    compile_good(base);
    sapa_centre_free(centre);
    for (char *line = list, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (line[0] == '-')
            snprintf(from, sizeof(from), "%s", line + 2);
        else if (line[0] == '+')
            snprintf(to, sizeof(to), "%s", line[1] ? line + 2 : "");
        else if (line[0] == '=')
            snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected), "%s\n", line + 2);
        if ((line[0] != '\0' && next && *next) || from[0] == '\0')
            continue;
        unescape(from);
        unescape(to);
        char *text = replace(base, from, to);
        centre = NULL;
        assert_int_equal(compile(text), SAPA_EINVAL);
        assert_null(centre);
        print_findings(got, sizeof(got));
        char *out = stripped; /* without the name of the file, which is empty here: ":1:2: …" */
        for (const char *p = got; *p; p++) {
            if (!(*p == ':' && (p == got || p[-1] == '\n')))
                *out++ = *p;
        }
        *out = '\0';
        if (strcmp(stripped, expected) != 0)
            fail_msg("%s -> %s\nexpected:\n%s\ngot:\n%s", from, to, expected, stripped);
        free(text);
        from[0] = to[0] = expected[0] = '\0';
        count++;
    }
    assert_true(count > 100);
    free(base);
    free(list);
}

/* What the centre decides must lead to a human; where it cannot serve, a message will do. */
static void test_human_after_all(void **state)
{
    static const char *const good[] = {
        /* closed: a voicemail, and a menu behind it whose key 0 is one */
        "keys: { 1: tanya, 0: jam }, on_timeout: antre }\n      jam: { do: hours, open: antre, closed: pesan }\n"
        "      pesan: { do: voicemail, queue: jual, next: selesai }\n",
        "keys: { 1: tanya, 0: jam }, on_timeout: antre }\n      jam: { do: hours, open: antre, closed: tutup, holiday: tutup }\n"
        "      tutup: { do: menu, say: salam, keys: { 1: ulang, 0: pesan }, on_timeout: pesan }\n"
        "      ulang: { do: callback, queue: jual, on_failed: pesan }\n"
        "      pesan: { do: voicemail, queue: jual, next: selesai }\n",
        /* every way of a branch */
        "keys: { 1: tanya, 0: pilih }, on_timeout: antre }\n      pilih: { do: branch, cases: [ { if: vip, go: luar } ], else: antre }\n"
        "      luar: { do: transfer, number: \"5551\", on_failed: selesai }\n",
    };
    char *base = read_file("test/config/base.yaml", NULL);
    (void)state;

    for (size_t i = 0; i < SAPA_COUNT(good); i++) {
        char *text = replace(base, "keys: { 1: tanya, 0: antre }, on_timeout: antre }\n", good[i]);
        compile_good(text);
        sapa_centre_free(centre);
        free(text);
    }
    free(base);
}

static void test_all_of_them(void **state)
{
    char *text = malloc(1 << 20);
    struct sapa_text out;
    (void)state;

    assert_non_null(text);
    sapa_text_init(&out, text, 1 << 20);
    sapa_text_printf(&out, "version: 1\nclients: { a: { name: A } }\nqueues:\n");
    for (int i = 0; i < 150; i++)
        sapa_text_printf(&out, "  q%d: { name: Q, client: b%d }\n", i, i);
    assert_int_equal(compile(text), SAPA_EINVAL);
    assert_int_equal(findings.count, 100);
    assert_int_equal(findings.more, 50);
    for (uint32_t i = 0; i < findings.count; i++)
        assert_int_equal(findings.list[i].line, 4 + i); /* in the order of the document */
    free(text);
}

static void test_limits(void **state)
{
    char *text = malloc(SAPA_CENTRE_TEXT_MAX + 16);
    struct sapa_text out;
    (void)state;

    assert_non_null(text);
    memset(text, ' ', SAPA_CENTRE_TEXT_MAX + 1);
    assert_int_equal(sapa_centre_compile((struct sapa_str){ text, SAPA_CENTRE_TEXT_MAX + 1 }, NULL, &findings, &centre), SAPA_EINVAL);
    assert_string_equal(findings.list[0].reason, "the document is larger than 4 MiB");
    assert_int_equal(sapa_centre_compile((struct sapa_str){ text, SAPA_CENTRE_TEXT_MAX }, NULL, &findings, &centre), SAPA_EINVAL);
    assert_string_equal(findings.list[0].reason, "the document is empty, or no map of sections");

    sapa_text_init(&out, text, SAPA_CENTRE_TEXT_MAX);
    for (int i = 0; i < 33; i++)
        sapa_text_printf(&out, "[");
    assert_int_equal(compile(text), SAPA_EINVAL);
    assert_string_equal(findings.list[0].reason, "the document is nested deeper than 32 levels");

    sapa_text_init(&out, text, SAPA_CENTRE_TEXT_MAX);
    sapa_text_printf(&out, "a: [");
    for (int i = 0; i < SAPA_CENTRE_VALUES_MAX; i++)
        sapa_text_printf(&out, "1,");
    sapa_text_printf(&out, "]");
    assert_int_equal(compile(text), SAPA_EINVAL);
    assert_string_equal(findings.list[0].reason, "the document has more than 200,000 values");

    assert_int_equal(compile("version: 1\nx: \xff\n"), SAPA_EINVAL);
    assert_string_equal(findings.list[0].reason, "the document is not UTF-8 text");
    assert_int_equal(findings.list[0].line, 2);
    assert_int_equal(findings.list[0].column, 4);
    assert_int_equal(sapa_centre_compile((struct sapa_str){ "a: \0b", 5 }, NULL, &findings, &centre), SAPA_EINVAL);
    assert_string_equal(findings.list[0].reason, "the document is not UTF-8 text");
    assert_int_equal(sapa_centre_compile((struct sapa_str){ NULL, 0 }, NULL, &findings, &centre), SAPA_EINVAL);
    free(text);
}

/* ---- what is right ---- */

static void test_base(void **state)
{
    char *base = read_file("test/config/base.yaml", NULL);
    (void)state;

    compile_good(base);
    const struct sapa_queue *q = &centre->queues[0];
    assert_int_equal(centre->system.contacts_max, 100000);
    assert_int_equal(centre->system.register_min_s, 60);
    assert_int_equal(centre->system.languages, 3);
    assert_int_equal(centre->system.digest, 3);
    assert_int_equal(q->step_count, 2);
    assert_int_equal(q->steps[0].need_count, 1);
    assert_int_equal(q->steps[0].needs[0].level_min, 4);
    assert_int_equal(q->steps[1].after_ms, 30000);
    assert_int_equal(q->steps[1].team, SAPA_NONE);
    assert_int_equal(q->steps[1].preferred_skill, SAPA_NONE);
    assert_int_equal(q->overflow_count, 1);
    assert_int_equal(centre->overflows[q->overflow_first].limit, 300000);
    assert_int_equal(centre->overflows[q->overflow_first].queue, SAPA_NONE);
    assert_int_equal(q->service_level_ms, 20000);
    assert_int_equal(q->service_level_percent, 80);
    assert_int_equal(q->callback_attempts, 2);
    assert_int_equal(q->callback_retry_ms, 600000);
    assert_int_equal(q->no_answer_not_ready, 1);
    assert_int_equal(q->record, SAPA_RECORD_ALL);
    assert_int_equal(q->hours, SAPA_NONE);
    assert_true(centre->prompts[q->music].music);
    assert_int_equal(q->disposition_count, 1);
    const struct sapa_agent *agent = &centre->agents[0];
    assert_int_equal(agent->skill_count, 1);
    assert_int_equal(centre->levels[agent->skill_first].level, 5);
    assert_int_equal(agent->capacity[SAPA_CHANNEL_VOICE], 1);
    assert_int_equal(agent->capacity[SAPA_CHANNEL_CHAT], 3);
    assert_true(agent->clients & 1);
    assert_int_equal(centre->numbers[0].client, 0);
    assert_int_equal(centre->networks[centre->trunks[0].from_first].bits, 8);
    assert_int_equal(centre->networks[0].address[0], 10);
    assert_int_equal(centre->holidays[centre->hours[0].holiday_first].date, 20260817);
    for (unsigned i = 0; i < SAPA_PROMPT_ID_COUNT; i++) {
        assert_true(centre->system_prompt[i] < centre->prompts_count);
        const struct sapa_str key = centre->prompts[centre->system_prompt[i]].key;
        assert_true(sapa_str_eq(key, sapa_str_of(sapa_prompt_key((enum sapa_prompt_id)i))));
    }
    assert_int_equal(strlen(centre->hash), 64);
    sapa_centre_free(centre);
    free(base);
}

static void test_details(void **state)
{
    (void)state;

    compile_good("version: 1\n"
                 "system: { languages: [en], digest: [md5], currency: USD, name_servers: \"192.0.2.53, [2001:db8::53]:5353, 127.0.0.1:53\" }\n"
                 "interrupts: { voice: [email, ticket] }\n"
                 "holidays: { a: [ { date: 2026-12-25, name: X }, { date: 2026-01-01, name: Y, open: [\"09:00-12:00\"] } ], b: [ { date: 2026-01-01, name: Z }, { date: 2026-05-01, name: W } ] }\n"
                 "hours: { malam: { zone: Asia/Jayapura, open: [\"Sat-Mon 22:00-02:00\", \"Wed,Fri 08:00-24:00\"], holidays: [a, b] } }\n"
                 "clients: { a: { name: A, hours: malam, language: en }, b: { name: B } }\n"
                 "skills: [x, y]\nteams: [t]\n"
                 "agents: { p: { name: P, extension: \"7\", password: { secret: p }, skills: { y: 2, x: 9 }, clients: [b], capacity: { chat: 5 }, capacity_total: 6, reserve_voice: yes } }\n"
                 "queues: { q: { name: Q, client: b, record: \"25 %\", script: { en: \"1. Greet\\n2. Ask\" }, choice: ring all, no_answer: ready, age_step: 0, steps: [ { needs: { x: 1 }, prefer: y, team: t } ] } }\n"
                 "trunks: { c: { host: [h.example, 192.0.2.8, \"2001:db8::8\"], transport: tcp, port: 5080, from: [192.0.2.7, \"2001:db8::/32\"], user: u, password: p, inband_dtmf: yes, tls_name: sip.carrier.example, register: yes, register_for: 2 min, domain: carrier.example, cost_call: 5, cost_minute: 700, cost_pulse: 6 s } }\n"
                 "dispositions: { d: { 11: { en: Sold, solved: yes }, 12: { en: Later } } }\n"
                 "prompts: { goodbye: { en: Tschuess }, fix: { always: id, id: Halo } }\n"
                 "callers: [ { what: vip, prefix: \"62811\", priority: 9, client: a } ]\n"
                 "numbers: { 7001: { client: a, flow: f }, 7002: { client: b, flow: f, language: en, priority: 3 } }\n"
                 "flows: { f: { self_service: only a farewell, start: h, nodes: { h: { do: hangup, say: [goodbye, fix, { en: Bye }], cause: 17 } } } }\n");
    assert_int_equal(centre->system.languages, 2);
    assert_int_equal(centre->system.digest, 1);
    assert_int_equal(centre->interrupts.over[SAPA_CHANNEL_VOICE], 1 << SAPA_CHANNEL_EMAIL | 1 << SAPA_CHANNEL_TICKET);
    /* over midnight: the evening of Sat, Sun, Mon and the morning of Sun, Mon, Tue */
    assert_int_equal(centre->hours[0].span_count, 3);
    const struct sapa_hours_span *spans = &centre->spans[centre->hours[0].span_first];
    assert_int_equal(spans[0].weekdays, 0x61);
    assert_int_equal(spans[0].from_min, 1320);
    assert_int_equal(spans[0].to_min, 1440);
    assert_int_equal(spans[1].weekdays, 0x43);
    assert_int_equal(spans[1].from_min, 0);
    assert_int_equal(spans[1].to_min, 120);
    assert_int_equal(spans[2].weekdays, 0x14);
    /* three days in order, 1 January as the first calendar has it */
    assert_int_equal(centre->hours[0].holiday_count, 3);
    const struct sapa_holiday *days = &centre->holidays[centre->hours[0].holiday_first];
    assert_int_equal(days[0].date, 20260101);
    assert_int_equal(days[0].span_count, 1);
    assert_int_equal(days[1].date, 20260501);
    assert_int_equal(days[2].date, 20261225);
    assert_true(sapa_str_eq(centre->zones[centre->hours[0].zone].name, SAPA_STR("Asia/Jayapura")));
    const struct sapa_agent *agent = &centre->agents[0];
    assert_true(sapa_str_eq(agent->password, SAPA_STR("rahasia-p")));
    assert_int_equal(agent->clients, 2);
    assert_int_equal(agent->capacity[SAPA_CHANNEL_CHAT], 5);
    assert_int_equal(agent->capacity_total, 6);
    assert_int_equal(agent->reserve_voice, 1);
    assert_int_equal(centre->levels[agent->skill_first].skill, 0); /* sorted */
    assert_int_equal(centre->levels[agent->skill_first].level, 9);
    const struct sapa_queue *q = &centre->queues[0];
    assert_int_equal(q->record, SAPA_RECORD_SHARE);
    assert_int_equal(q->record_share_percent, 25);
    assert_int_equal(q->choice, SAPA_CHOICE_RING_ALL);
    assert_int_equal(q->no_answer_not_ready, 0);
    assert_int_equal(q->age_ms_per_step, 0);
    assert_int_equal(q->steps[0].preferred_skill, 1);
    assert_int_equal(q->steps[0].team, 0);
    assert_int_equal(q->callback_attempts, 0);
    assert_int_equal(centre->trunks[0].transport, 1);
    assert_int_equal(centre->trunks[0].port, 5080);
    assert_true(sapa_str_eq(centre->trunks[0].host, SAPA_STR("h.example")));
    assert_int_equal(centre->trunks[0].also_count, 2);
    assert_true(sapa_str_eq(centre->trunks[0].also[1], SAPA_STR("2001:db8::8")));
    assert_true(sapa_str_eq(centre->system.name_servers, SAPA_STR("192.0.2.53, [2001:db8::53]:5353, 127.0.0.1:53")));
    assert_int_equal(centre->trunks[0].registers, 1);
    assert_int_equal(centre->trunks[0].register_s, 120);
    assert_true(sapa_str_eq(centre->trunks[0].domain, SAPA_STR("carrier.example")));
    assert_int_equal(centre->trunks[0].inband_dtmf, 1);
    assert_int_equal(centre->trunks[0].cost_call, 5);
    assert_int_equal(centre->trunks[0].cost_minute, 700);
    assert_int_equal(centre->trunks[0].cost_pulse_ms, 6000);
    assert_true(sapa_str_eq(centre->queues[0].script[SAPA_LANGUAGE_EN], SAPA_STR("1. Greet\n2. Ask")));
    assert_int_equal(centre->queues[0].script[SAPA_LANGUAGE_ID].n, 0);
    assert_true(centre->dispositions[0].solved);
    assert_false(centre->dispositions[1].solved);
    assert_true(sapa_str_eq(centre->trunks[0].tls_name, SAPA_STR("sip.carrier.example")));
    assert_int_equal(centre->networks[0].bits, 32);
    assert_int_equal(centre->networks[1].family, 6);
    assert_int_equal(centre->networks[1].bits, 32);
    assert_int_equal(centre->caller_rules[0].what, 2);
    assert_int_equal(centre->numbers[0].language, SAPA_LANGUAGE_EN);
    const struct sapa_prompt *bye = &centre->prompts[centre->system_prompt[SAPA_PROMPT_ID_GOODBYE]];
    assert_true(sapa_str_eq(bye->text[SAPA_LANGUAGE_EN], SAPA_STR("Tschuess")));
    assert_int_equal(centre->prompts[1].always, SAPA_LANGUAGE_ID + 1);
    assert_true(sapa_str_eq(centre->prompts[1].text[SAPA_LANGUAGE_EN], SAPA_STR("Halo")));
    assert_true(sapa_str_eq(centre->prompts[centre->prompts_count - 1].key, SAPA_STR("f.h.1"))); /* can be recorded later */
    assert_int_equal(centre->flows[0].nodes[0].cause, 17);
    sapa_centre_free(centre);
}

/* All that a centre holds but pointers, as text. */
static void dump(const struct sapa_centre *c, struct sapa_text *out)
{
    sapa_text_printf(out, "%s %u %u %u %u\n", c->hash, c->queues_count, c->agents_count, c->prompts_count, c->flows_count);
    for (uint32_t i = 0; i < c->prompts_count; i++)
        sapa_text_printf(out, SAPA_STR_FMT "|" SAPA_STR_FMT "|" SAPA_STR_FMT "\n", SAPA_STR_ARG(c->prompts[i].key), SAPA_STR_ARG(c->prompts[i].text[0]),
                         SAPA_STR_ARG(c->prompts[i].text[1]));
    for (uint32_t f = 0; f < c->flows_count; f++) {
        const struct sapa_flow *flow = &c->flows[f];
        for (uint32_t i = 0; i < flow->nodes_count; i++) {
            const struct sapa_flow_node *n = &flow->nodes[i];
            sapa_text_printf(out, SAPA_STR_FMT " %u %u %u %u %u %u %u", SAPA_STR_ARG(n->key), n->kind, n->line, n->retries, n->timeout_ms, n->queue, n->say.first, n->say.count);
            for (unsigned e = 0; e < SAPA_EDGE_COUNT; e++)
                sapa_text_printf(out, " %d", (int)n->edge[e]);
            sapa_text_printf(out, "\n");
        }
        for (uint32_t i = 0; i < flow->ops_count; i++)
            sapa_text_printf(out, "%u:%u ", flow->ops[i].op, flow->ops[i].arg);
        for (uint32_t i = 0; i < flow->numbers_count; i++)
            sapa_text_printf(out, "%lld ", (long long)flow->numbers[i]);
        for (uint32_t i = 0; i < flow->pieces_count; i++)
            sapa_text_printf(out, SAPA_STR_FMT ":%d:%u ", SAPA_STR_ARG(flow->pieces[i].text), (int)flow->pieces[i].expr, flow->pieces[i].format);
    }
    for (uint32_t i = 0; i < c->queues_count; i++)
        sapa_text_printf(out, SAPA_STR_FMT " %u %u %u\n", SAPA_STR_ARG(c->queues[i].key), c->queues[i].priority, c->queues[i].ring_ms, c->queues[i].length_max);
}

static void test_examples(void **state)
{
    static const char *const names[] = { "examples/demo/centre.yaml", "examples/empty/centre.yaml" };
    static char first[1 << 18], second[1 << 18];
    struct sapa_text out;
    (void)state;

    for (size_t i = 0; i < SAPA_COUNT(names); i++) {
        char *text = read_file(names[i], NULL);
        compile_good(text);
        sapa_text_init(&out, first, sizeof(first));
        dump(centre, &out);
        assert_false(out.cut);
        sapa_centre_free(centre);
        compile_good(text);
        sapa_text_init(&out, second, sizeof(second));
        dump(centre, &out);
        assert_string_equal(first, second); /* the same text, the same centre */
        sapa_centre_free(centre);
        free(text);
    }
}

static sapa_rc other_secret(void *ctx, struct sapa_str name, struct sapa_text *out)
{
    (void)ctx;
    (void)name;
    sapa_text_add(out, SAPA_STR("anders"));
    return SAPA_OK;
}

static void test_secrets(void **state)
{
    struct sapa_secrets secrets = { SAPA_STR("# telephones\n a-1 = geheim \n\nb=x=y\n") };
    const struct sapa_centre_sources other = { .secret = other_secret };
    char buf[64], hash[65];
    struct sapa_text out;
    (void)state;

    sapa_text_init(&out, buf, sizeof(buf));
    assert_int_equal(sapa_secrets_resolve(&secrets, SAPA_STR("a-1"), &out), SAPA_OK);
    assert_string_equal(buf, "geheim");
    sapa_text_init(&out, buf, sizeof(buf));
    assert_int_equal(sapa_secrets_resolve(&secrets, SAPA_STR("b"), &out), SAPA_OK);
    assert_string_equal(buf, "x=y");
    assert_int_equal(setenv("SAPA_SECRET_AGENT_7", "umgebung", 1), 0);
    sapa_text_init(&out, buf, sizeof(buf));
    assert_int_equal(sapa_secrets_resolve(&secrets, SAPA_STR("agent-7"), &out), SAPA_OK);
    assert_string_equal(buf, "umgebung");
    assert_int_equal(sapa_secrets_resolve(&secrets, SAPA_STR("# telephones"), &out), SAPA_ENOENT);
    assert_int_equal(sapa_secrets_resolve(&secrets, SAPA_STR(""), &out), SAPA_ENOENT);

    char *text = read_file("examples/demo/centre.yaml", NULL);
    compile_good(text);
    memcpy(hash, centre->hash, sizeof(hash));
    sapa_centre_free(centre);
    assert_int_equal(sapa_centre_compile(sapa_str_of(text), &other, &findings, &centre), SAPA_OK);
    assert_true(sapa_str_eq(centre->agents[0].password, SAPA_STR("anders")));
    assert_string_equal(centre->hash, hash); /* a secret is no part of the description */
    sapa_centre_free(centre);
    assert_int_equal(sapa_centre_compile(sapa_str_of(text), NULL, &findings, &centre), SAPA_EINVAL); /* no secrets at all */
    assert_int_equal(findings.count, 12);
    free(text);
}

/* ---- time zones: against the C library, month by month until the last year that is written out ---- */

static void test_zones(void **state)
{
    static const char *const names[] = {
        "Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura", "UTC", "Europe/Berlin", "Europe/Dublin", "America/New_York",
        "America/Sao_Paulo", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland", "Asia/Kathmandu", "Asia/Tehran",
        "Africa/Casablanca", "America/Godthab", "Asia/Jerusalem", "Pacific/Apia", "Etc/GMT+5",
    };
    char text[256];
    unsigned checked = 0;
    (void)state;

    for (size_t i = 0; i < SAPA_COUNT(names); i++) {
        snprintf(text, sizeof(text), "version: 1\nsystem: { zone: %s }\nclients: { a: { name: A } }\n", names[i]);
        compile_good(text);
        assert_int_equal(setenv("TZ", names[i], 1), 0);
        tzset();
        for (int64_t at_s = 86400; at_s < INT64_C(2840000000); at_s += 86400 * 5 + 3607) { /* until 2059 */
            const time_t t = (time_t)at_s;
            struct tm local;
            assert_non_null(localtime_r(&t, &local));
            const int32_t offset_s = sapa_zone_offset_s(&centre->zones[0], at_s);
            if (offset_s != local.tm_gmtoff)
                fail_msg("%s at %lld: %d, not %ld", names[i], (long long)at_s, offset_s, local.tm_gmtoff);
            checked++;
        }
        sapa_centre_free(centre);
    }
    assert_true(checked > 100000 / 2);
    unsetenv("TZ");
    tzset();
}

/* The page is printed from the tables. To renew it: SAPA_WRITE=1 and run this test. */
static void test_reference_page(void **state)
{
    static char page[1 << 17], have[1 << 17];
    struct sapa_text out;
    (void)state;

    sapa_text_init(&out, page, sizeof(page));
    sapa_centre_reference(&out);
    assert_false(out.cut);
    FILE *file = fopen(SAPA_SOURCE_DIR "/docs/ref/centre.md", getenv("SAPA_WRITE") ? "w+" : "r");
    if (!file)
        skip(); /* pages are generated; this one has not been */
    if (getenv("SAPA_WRITE")) {
        fputs(page, file);
        rewind(file);
    }
    have[fread(have, 1, sizeof(have) - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(have, page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes), cmocka_unit_test(test_pages_of_clients), cmocka_unit_test(test_human_after_all), cmocka_unit_test(test_all_of_them), cmocka_unit_test(test_limits), cmocka_unit_test(test_base),
        cmocka_unit_test(test_details), cmocka_unit_test(test_examples), cmocka_unit_test(test_secrets), cmocka_unit_test(test_zones),
        cmocka_unit_test(test_reference_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
