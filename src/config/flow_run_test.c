/* The runner of core/flow.h on compiled documents: every kind of node, each way out of it, on a world that writes down what it is asked. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/centre_parse.h"
#include "core/expr.h"
#include "core/flow.h"
#include "model/segment.h"

static const char head[] =
    "version: 1\n"
    "system: { zone: Asia/Jakarta }\n"
    "addresses: { api: \"http://127.0.0.1:1/x\" }\n"
    "holidays: { h: [ { date: 2026-08-17, name: A } ] }\n"
    "hours: { kantor: { open: [\"Mon-Fri 08:00-17:00\"], holidays: h }, lain: { open: [\"daily 00:00-24:00\"] } }\n"
    "clients: { toko: { name: Toko, hours: kantor } }\n"
    "agents: { siti: { name: Siti, extension: \"101\" } }\n"
    "queues:\n"
    "  jual: { name: Jual, client: toko, callback: { attempts: 2 }, announce_every: 30 s }\n"
    "  lain: { name: Lain, client: toko, announce_every: 0 }\n"
    "prompts:\n"
    "  halo: { id: Halo, en: Hello }\n"
    "  tanya: { id: Tanya, en: Ask }\n";

struct world {
    struct sapa_centre *centre;
    struct sapa_flow_run run;
    struct sapa_flow_env env;
    struct sapa_text log;
    char buf[8192];
    uint32_t waiting;
    bool open, holiday, unknown;
    struct sapa_flow_place place;
};

static struct sapa_findings findings;

/* ---- the world ---- */

#define LOG(...) sapa_text_printf(&((struct world *)ctx)->log, __VA_ARGS__)

static void op_answer(void *ctx) { LOG("answer\n"); }
static void op_reject(void *ctx, uint32_t status, enum sapa_outcome outcome) { LOG("reject %u %s\n", status, sapa_outcome_name(outcome)); }
static void op_hangup(void *ctx, uint32_t cause, enum sapa_outcome outcome) { LOG("hangup %u %s\n", cause, sapa_outcome_name(outcome)); }
static void op_stop_play(void *ctx) { LOG("stop\n"); }
static void op_secret(void *ctx, bool on) { LOG("secret %d\n", on); }
static void op_leave_queue(void *ctx) { LOG("leave\n"); }
static void op_record_stop(void *ctx) { LOG("record stop\n"); }
static void op_dial_cancel(void *ctx, uint32_t attempt) { LOG("cancel %u\n", attempt); }

static void op_play(void *ctx, uint32_t play, bool loop, uint8_t language, struct sapa_str segments)
{
    struct world *w = ctx;
    struct sapa_reader r = sapa_reader_of(segments.p, segments.n);
    uint32_t prompt;
    struct sapa_str text;

    LOG("play%s %s", loop ? " loop" : "", sapa_language_name(language));
    assert_int_equal(play, w->run.play);
    while (sapa_segment_next(&r, &prompt, &text)) {
        if (prompt != SAPA_NONE) {
            assert_true(prompt < w->centre->prompts_count);
            LOG(" <" SAPA_STR_FMT ">", SAPA_STR_ARG(w->centre->prompts[prompt].key));
        } else {
            LOG(" \"" SAPA_STR_FMT "\"", SAPA_STR_ARG(text));
        }
    }
    assert_false(r.bad);
    LOG("\n");
}

static void op_set_timer(void *ctx, int64_t at_us)
{
    struct world *w = ctx;

    if (at_us == 0)
        LOG("timer off\n");
    else
        LOG("timer %lld\n", (long long)((at_us - w->env.now_us) / 1000));
}

static void op_enter_queue(void *ctx, uint32_t queue, uint8_t add, uint32_t agent)
{
    LOG("enter " SAPA_STR_FMT " +%u", SAPA_STR_ARG(((struct world *)ctx)->centre->queues[queue].key), add);
    if (agent != SAPA_NONE)
        LOG(" agent %u", agent);
    LOG("\n");
}

static void op_request_callback(void *ctx, uint32_t queue, struct sapa_str number)
{
    LOG("callback " SAPA_STR_FMT " [" SAPA_STR_FMT "]\n", SAPA_STR_ARG(((struct world *)ctx)->centre->queues[queue].key), SAPA_STR_ARG(number));
}

static void op_lookup(void *ctx, uint32_t lookup, uint32_t timeout_ms, struct sapa_str url)
{
    LOG("lookup %u %u " SAPA_STR_FMT "\n", lookup, timeout_ms, SAPA_STR_ARG(url));
}

static void op_dial(void *ctx, uint32_t attempt, struct sapa_str number, uint32_t ring_ms)
{
    LOG("dial %u " SAPA_STR_FMT " %u\n", attempt, SAPA_STR_ARG(number), ring_ms);
}

static void op_record_start(void *ctx, uint32_t queue, uint32_t max_ms)
{
    LOG("record %d %u\n", (int)queue, max_ms);
}

static void op_value(void *ctx, struct sapa_str name, struct sapa_str text)
{
    LOG("value " SAPA_STR_FMT "=" SAPA_STR_FMT "\n", SAPA_STR_ARG(name), SAPA_STR_ARG(text));
}

static void op_tried(void *ctx, uint32_t attempt, uint32_t place, uint32_t result, struct sapa_str number)
{
    LOG("tried %u place %u result %u [" SAPA_STR_FMT "]\n", attempt, place, result, SAPA_STR_ARG(number));
}

static void op_survey(void *ctx, struct sapa_str question, uint32_t answer, uint32_t scale)
{
    LOG("survey " SAPA_STR_FMT "=%u of %u\n", SAPA_STR_ARG(question), answer, scale);
}

static void op_step(void *ctx, uint32_t flow, uint32_t node, char via, uint8_t language)
{
    struct world *w = ctx;

    (void)language;
    LOG("@" SAPA_STR_FMT, SAPA_STR_ARG(w->centre->flows[flow].nodes[node].key));
    if (via)
        LOG(" by %c", via);
    LOG("\n");
}

static const struct sapa_flow_ops ops = {
    op_answer, op_reject, op_hangup, op_play, op_stop_play, op_secret, op_set_timer, op_enter_queue, op_leave_queue,
    op_request_callback, op_lookup, op_dial, op_dial_cancel, op_record_start, op_record_stop, op_value, op_survey, op_step, op_tried,
};

static void place(void *ctx, struct sapa_flow_place *ret)
{
    *ret = ((struct world *)ctx)->place;
}

static void queue_facts(void *ctx, uint32_t queue, struct sapa_flow_queue_facts *ret)
{
    *ret = (struct sapa_flow_queue_facts){ ((struct world *)ctx)->waiting, 2 + queue, 5,
                                           ((struct world *)ctx)->unknown ? SAPA_FLOW_UNKNOWN : 90000 };
}

static bool hours_open(void *ctx, uint32_t hours, int64_t now_us, bool *ret_holiday)
{
    (void)hours;
    (void)now_us;
    *ret_holiday = ((struct world *)ctx)->holiday;
    return ((struct world *)ctx)->open;
}

static int32_t zone_offset_s(void *ctx, uint32_t client, int64_t now_us)
{
    (void)ctx;
    (void)client;
    (void)now_us;
    return 7 * 3600;
}

/* ---- telling it what happens ---- */

static void load(struct world *w, const char *flows)
{
    char text[16384], said[8192];
    struct sapa_text out;

    snprintf(text, sizeof(text), "%sflows:\n%s", head, flows);
    memset(w, 0, sizeof(*w));
    if (sapa_centre_compile(sapa_str_of(text), NULL, &findings, &w->centre) != SAPA_OK) {
        sapa_text_init(&out, said, sizeof(said));
        sapa_findings_print(&findings, "flow", &out);
        fail_msg("%s", said);
    }
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));
    w->open = true;
    w->env = (struct sapa_flow_env){
        .centre = w->centre, .ops = &ops, .ctx = w, .now_us = INT64_C(1786950000000000), /* 2026-08-17 14:00 in Jakarta */
        .answered = true, .last_agent = SAPA_NONE, .caller = SAPA_STR("62811234567"), .dialled = SAPA_STR("1500101"),
        .place = place, .queue_facts = queue_facts, .hours_open = hours_open, .zone_offset_s = zone_offset_s,
    };
}

/* A flow "f" whose nodes are given; `start` is the first. A last node `bye` is added. */
static void start(struct world *w, const char *variables, const char *first, const char *nodes)
{
    char text[8192];

    snprintf(text, sizeof(text), "  f:\n    self_service: \"a test of the runner\"\n    start: %s\n%s%s%s    nodes:\n%s      bye: { do: hangup }\n",
             first, variables ? "    variables: " : "", variables ? variables : "", variables ? "\n" : "", nodes);
    load(w, text);
}

static void begin(struct world *w)
{
    sapa_flow_begin(&w->env, &w->run, 0, SAPA_LANGUAGE_ID);
}

static void check(struct world *w, int line, const char *expected)
{
    if (strcmp(w->buf, expected) != 0)
        fail_msg("line %d\nexpected:\n%s\ngot:\n%s", line, expected, w->buf);
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));
}
#define EXPECT(w, ...) check(w, __LINE__, "" __VA_ARGS__)

static bool send(struct world *w, struct sapa_flow_event event)
{
    return sapa_flow_event(&w->env, &w->run, &event);
}
#define SEND(w, ...) assert_true(send(w, (struct sapa_flow_event){ __VA_ARGS__ }))
#define IGNORED(w, ...) assert_false(send(w, (struct sapa_flow_event){ __VA_ARGS__ }))

static void played(struct world *w)
{
    SEND(w, .kind = SAPA_FLOW_PLAY_DONE, .number = w->run.play);
}

static void press(struct world *w, const char *keys)
{
    for (; *keys; keys++)
        SEND(w, .kind = SAPA_FLOW_DIGIT, .digit = *keys);
}

static void wait_ms(struct world *w, int64_t ms)
{
    w->env.now_us += ms * 1000;
    SEND(w, .kind = SAPA_FLOW_TIMER);
}

static void end(struct world *w)
{
    sapa_centre_free(w->centre);
}

static struct world world;

/* ---- nodes ---- */

static void test_say_answers_first(void **state)
{
    struct world *w = &world;
    (void)state;

    start(w, NULL, "a", "      a: { do: say, say: [halo, { id: Dunia, en: World }], next: bye }\n");
    w->env.answered = false;
    begin(w);
    EXPECT(w, "@a\nanswer\n");
    IGNORED(w, .kind = SAPA_FLOW_DIGIT, .digit = '1');
    w->env.answered = true;
    SEND(w, .kind = SAPA_FLOW_ANSWERED);
    EXPECT(w, "play id <halo> <f.a.1>\n");
    IGNORED(w, .kind = SAPA_FLOW_PLAY_DONE, .number = w->run.play + 1);
    IGNORED(w, .kind = SAPA_FLOW_ANSWERED);
    played(w);
    EXPECT(w, "@bye\nhangup 16 abandoned in menu\n");
    IGNORED(w, .kind = SAPA_FLOW_PLAY_DONE, .number = w->run.play);
    end(w);
}

static void test_contained(void **state)
{
    struct world *w = &world;
    (void)state;

    start(w, NULL, "a", "      a: { do: say, say: halo, contained: yes, next: bye }\n");
    begin(w);
    assert_int_equal(sapa_flow_outcome(&w->run), SAPA_OUTCOME_ABANDONED_FLOW); /* hangs up before it was said */
    EXPECT(w, "@a\nplay id <halo>\n");
    played(w);
    EXPECT(w, "@bye\nhangup 16 served by the menu\n");
    assert_int_equal(sapa_flow_outcome(&w->run), SAPA_OUTCOME_CONTAINED);
    end(w);
}

static void test_menu(void **state)
{
    struct world *w = &world;
    (void)state;
    static const char nodes[] =
        "      m: { do: menu, say: halo, again: tanya, keys: { 1: a, \"#\": b, 9: bye }, retries: 1, timeout: 5 s, on_timeout: t, on_invalid: i }\n"
        "      a: { do: hangup, cause: 17 }\n"
        "      b: { do: hangup, outcome: refused }\n"
        "      t: { do: hangup, outcome: ended }\n"
        "      i: { do: hangup, outcome: served }\n";

    start(w, NULL, "m", nodes);
    begin(w);
    EXPECT(w, "@m\nplay id <halo>\n");
    press(w, "1"); /* barge-in */
    EXPECT(w, "stop\n@a by 1\nhangup 17 abandoned in menu\n");

    begin(w);
    EXPECT(w, "@m\nplay id <halo>\n");
    played(w);
    EXPECT(w, "timer 5000\n");
    press(w, "#");
    EXPECT(w, "timer off\n@b by #\nhangup 16 refused by a limit or a list\n");

    begin(w); /* silence, then silence again */
    played(w);
    EXPECT(w, "@m\nplay id <halo>\ntimer 5000\n");
    IGNORED(w, .kind = SAPA_FLOW_TIMER); /* not yet */
    wait_ms(w, 5000);
    EXPECT(w, "play id <menu.timeout> <tanya>\n");
    played(w);
    EXPECT(w, "timer 5000\n");
    wait_ms(w, 5000);
    EXPECT(w, "@t\nhangup 16 ended by an overflow rule\n");

    begin(w); /* wrong, then wrong again */
    press(w, "5");
    EXPECT(w, "@m\nplay id <halo>\nstop\nplay id <menu.invalid> <tanya>\n");
    press(w, "*");
    EXPECT(w, "stop\n@i by *\nhangup 16 served by the menu\n");
    end(w);
}

static void test_menu_without_barge_in(void **state)
{
    struct world *w = &world;
    (void)state;

    start(w, NULL, "m", "      m: { do: menu, say: halo, keys: { 1: bye }, barge_in: no, retries: 0, on_timeout: bye }\n");
    begin(w);
    IGNORED(w, .kind = SAPA_FLOW_DIGIT, .digit = '1');
    played(w);
    press(w, "7"); /* no on_invalid: on_timeout */
    EXPECT(w, "@m\nplay id <halo>\ntimer 6000\ntimer off\n@bye by 7\nhangup 16 abandoned in menu\n");
    end(w);
}

static void test_collect(void **state)
{
    struct world *w = &world;
    (void)state;

    start(w, "{ nomor: text 8 }", "c",
          "      c: { do: collect, say: tanya, into: nomor, digits: \"3-5\", valid: 'starts(nomor, \"1\")', retries: 1, timeout: 4 s, next: s, on_timeout: bye }\n"
          "      s: { do: say, say: { id: \"Nomor {nomor:digits}\", en: \"Number {nomor:digits}\" }, next: bye }\n");
    begin(w);
    press(w, "12");
    EXPECT(w, "@c\nplay id <tanya>\nstop\ntimer 4000\n"); /* the same due time for both digits */
    w->env.now_us += 1000000;
    press(w, "3#");
    EXPECT(w, "timer 4000\nvalue nomor=123\ntimer off\n@s by #\nplay id \"Nomor satu dua tiga\"\n");
    struct sapa_text text;
    char buf[64];
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_flow_run_value(w->centre, &w->run, SAPA_STR("nomor"), &text);
    assert_string_equal(buf, "123");

    begin(w); /* full without the terminator */
    press(w, "12345");
    assert_non_null(strstr(w->buf, "value nomor=12345\ntimer off\n@s by 5"));
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));

    begin(w); /* long enough when silence comes */
    press(w, "123");
    wait_ms(w, 4000);
    assert_non_null(strstr(w->buf, "value nomor=123\n@s\n"));
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));

    begin(w); /* too short, then not valid */
    press(w, "1#");
    EXPECT(w, "@c\nplay id <tanya>\nstop\ntimer 4000\nplay id <menu.invalid> <tanya>\ntimer off\n");
    press(w, "999#");
    EXPECT(w, "stop\ntimer 4000\ntimer off\n@bye by #\nhangup 16 abandoned in menu\n");

    begin(w); /* nothing at all, twice */
    played(w);
    wait_ms(w, 4000);
    played(w);
    wait_ms(w, 4000);
    EXPECT(w, "@c\nplay id <tanya>\ntimer 4000\nplay id <menu.timeout> <tanya>\ntimer 4000\n@bye\nhangup 16 abandoned in menu\n");
    end(w);
}

static void test_secret(void **state)
{
    struct world *w = &world;
    (void)state;

    start(w, "{ pin: secret, saldo: money }", "c",
          "      c: { do: collect, say: tanya, into: pin, digits: \"4\", next: l, on_timeout: bye }\n"
          "      l: { do: lookup, url: \"{address.api}/saldo?pin={pin}&dari={caller}\", results: [saldo], next: s, on_failed: bye }\n"
          "      s: { do: say, say: { id: \"Saldo {saldo:rupiah}\", en: \"Balance {saldo}\" }, next: bye }\n");
    begin(w);
    EXPECT(w, "@c\nsecret 1\nplay id <tanya>\n");
    for (uint32_t i = 1; i <= 4; i++)
        SEND(w, .kind = SAPA_FLOW_DIGIT, .digit = '?', .secrets = i);
    EXPECT(w, "stop\ntimer 6000\nsecret 0\ntimer off\n@l by ?\nlookup 1 3000 http://127.0.0.1:1/x/saldo?pin={secret}&dari=62811234567\ntimer 5000\n");
    assert_int_equal(w->run.digits_n, 0);
    SEND(w, .kind = SAPA_FLOW_LOOKUP_DONE, .number = 1, .values = SAPA_STR("saldo = 1250000.5\n"));
    EXPECT(w, "value saldo=125000050\ntimer off\n@s\nplay id \"Saldo satu juta dua ratus lima puluh ribu rupiah lima puluh sen\"\n");
    end(w);
}

static void test_lookup(void **state)
{
    struct world *w = &world;
    (void)state;

    start(w, "{ kota: text 16, n: int, tiba: date, ada: bool, jam: time, lama: duration }", "s",
          "      s: { do: set, set: { kota: '\"Kota Bandung/Barat\"' }, next: l }\n"
          "      l: { do: lookup, say: tanya, url: \"{address.api}?q={kota}\", results: [kota, n, tiba, ada, jam, lama], timeout: 2 s, next: ok, on_failed: bye }\n"
          "      ok: { do: say, say: { id: \"{kota}, {n}, {n:ordinal}, {tiba}, {jam}, {lama}\", en: \"x\" }, next: bye }\n");
    begin(w);
    EXPECT(w, "@s\nvalue kota=Kota Bandung/Bar\n@l\nlookup 1 2000 http://127.0.0.1:1/x?q=Kota%20Bandung%2FBar\nplay id <tanya>\ntimer 4000\n");
    end(w);
}

static void test_lookup_results(void **state)
{
    struct world *w = &world;
    (void)state;
    static const char nodes[] =
        "      l: { do: lookup, say: tanya, url: \"{address.api}?q={kota}\", results: [kota, n, tiba, ada, jam, lama], timeout: 2 s, next: ok, on_failed: bye }\n"
        "      ok: { do: say, contained: yes, say: { id: \"{kota}, {n}, {n:ordinal}, {tiba}, {jam}, {lama}\", en: \"x\" }, next: bye }\n";
    static const char good[] = "kota=Solo\nn=-3\ntiba=2026-08-17\nada=yes\njam=14:30\nlama=90\n";

    start(w, "{ kota: text 16, n: int, tiba: date, ada: bool, jam: time, lama: duration }", "l", nodes);
    begin(w);
    EXPECT(w, "@l\nlookup 1 2000 http://127.0.0.1:1/x?q=\nplay id <tanya>\ntimer 4000\n");
    SEND(w, .kind = SAPA_FLOW_LOOKUP_DONE, .number = 1, .values = sapa_str_of(good));
    IGNORED(w, .kind = SAPA_FLOW_LOOKUP_DONE, .number = 1, .values = sapa_str_of(good)); /* twice */
    EXPECT(w, "value kota=Solo\nvalue n=-3\nvalue tiba=20260817\nvalue ada=true\nvalue jam=870\nvalue lama=90000\n"); /* still speaking */
    played(w);
    EXPECT(w, "timer off\n@ok\nplay id \"Solo, minus tiga, minus tiga, Senin, tujuh belas Agustus dua ribu dua puluh enam, pukul empat belas tiga puluh, satu menit tiga puluh detik\"\n");

    begin(w); /* too late: its own time limit, and the answer that comes after it */
    played(w);
    wait_ms(w, 4000);
    IGNORED(w, .kind = SAPA_FLOW_LOOKUP_DONE, .number = 2, .values = sapa_str_of(good));
    EXPECT(w, "@l\nlookup 2 2000 http://127.0.0.1:1/x?q=\nplay id <tanya>\ntimer 4000\n@bye\nhangup 16 abandoned in menu\n");

    static const char *const bad[] = {
        "kota=Solo\nn=-3\ntiba=2026-08-17\nada=yes\njam=14:30\n",            /* one is missing */
        "kota=Solo\nn=drei\ntiba=2026-08-17\nada=yes\njam=14:30\nlama=90\n", /* no number */
        "kota=Solo\nn=1\ntiba=2026-13-17\nada=yes\njam=14:30\nlama=90\n",
        "kota=Solo\nn=1\ntiba=2026-08-17\nada=vielleicht\njam=14:30\nlama=90\n",
        "kota=Solo\nn=1\ntiba=2026-08-17\nada=yes\njam=24:30\nlama=90\n",
        "kota=So\xc3lo\nn=1\ntiba=2026-08-17\nada=yes\njam=14:30\nlama=90\n",
        "",
    };
    for (size_t i = 0; i < SAPA_COUNT(bad); i++) {
        begin(w);
        played(w);
        sapa_text_init(&w->log, w->buf, sizeof(w->buf));
        SEND(w, .kind = SAPA_FLOW_LOOKUP_DONE, .number = w->run.lookup, .values = sapa_str_of(bad[i]));
        EXPECT(w, "timer off\n@bye\nhangup 16 abandoned in menu\n"); /* nothing of it is kept */
    }
    begin(w);
    played(w);
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));
    SEND(w, .kind = SAPA_FLOW_LOOKUP_DONE, .number = w->run.lookup, .result = SAPA_ETIMEOUT, .values = sapa_str_of(good));
    EXPECT(w, "timer off\n@bye\nhangup 16 abandoned in menu\n");
    end(w);
}

static void test_branch_and_set(void **state)
{
    struct world *w = &world;
    (void)state;

    start(w, "{ n: int, t: text 8, ok: bool }", "s",
          "      s: { do: set, set: { n: 'waiting(\"jual\") * 10', t: 'left(caller, 4)' }, next: b }\n"
          "      b: { do: branch, cases: [ { if: 100 / n > 4, go: a }, { if: n == 0, go: z } ], else: bye }\n"
          "      a: { do: hangup, outcome: served }\n"
          "      z: { do: set, set: { ok: 'int(t) / n > 1' }, on_failed: e, next: bye }\n"
          "      e: { do: hangup, outcome: ended }\n");
    w->waiting = 2;
    begin(w);
    EXPECT(w, "@s\nvalue n=20\nvalue t=6281\n@b\n@a\nhangup 16 served by the menu\n");
    w->waiting = 0; /* a division by 0 is no true case; the set that fails takes its edge */
    begin(w);
    EXPECT(w, "@s\nvalue n=0\nvalue t=6281\n@b\n@z\nvalue ok=false\n@e\nhangup 16 ended by an overflow rule\n");
    w->waiting = 3;
    begin(w);
    EXPECT(w, "@s\nvalue n=30\nvalue t=6281\n@b\n@bye\nhangup 16 abandoned in menu\n");
    end(w);
}

static void test_hours_edges(void **state)
{
    struct world *w = &world;
    (void)state;

    start(w, NULL, "h",
          "      h: { do: hours, open: bye, closed: c, holiday: l }\n"
          "      c: { do: hangup }\n"
          "      l: { do: hangup, cause: 34 }\n");
    w->env.answered = false;
    begin(w);
    EXPECT(w, "@h\n@bye\nreject 480 abandoned in menu\n"); /* never answered: costs nothing */
    w->open = false;
    begin(w);
    EXPECT(w, "@h\n@c\nreject 480 outside opening hours\n");
    w->holiday = true;
    begin(w);
    EXPECT(w, "@h\n@l\nreject 503 outside opening hours\n");
    w->open = true;
    w->env.closed = true; /* by hand */
    begin(w);
    EXPECT(w, "@h\n@c\nreject 480 outside opening hours\n");
    end(w);
}

static const char queue_nodes[] =
    "      q: { do: queue, queue: jual, say: tanya, priority: 7, agent: last, offer_after: 20 s, longest: 100 s,\n"
    "           on_callback: cb, on_overflow: o, on_nobody: n, on_timeout: t, on_failed: e, after: s }\n"
    "      cb: { do: callback, retries: 1, on_failed: q }\n"
    "      o: { do: hangup, outcome: ended }\n"
    "      n: { do: voicemail, queue: jual, next: bye }\n"
    "      t: { do: hangup, cause: 34 }\n"
    "      e: { do: hangup, cause: 41 }\n"
    "      s: { do: survey, question: puas, say: tanya, answers: \"0-10\", retries: 0, next: bye }\n";

static void wait_in_queue(struct world *w)
{
    start(w, NULL, "q", queue_nodes);
    w->env.last_agent = 0;
    begin(w);
    EXPECT(w, "@q\nenter jual +7 agent 0\nplay id <tanya>\ntimer 20000\n");
    w->place.position = 3;
    w->place.ewt_p50_ms = 200000;
}

/* Nobody is ready: that there is a place can be said, how long it takes cannot. */
static void test_wait_unknown(void **state)
{
    struct world *w = &world;
    (void)state;

    wait_in_queue(w);
    w->place.ewt_p50_ms = SAPA_FLOW_UNKNOWN;
    played(w);
    wait_ms(w, 20000);
    played(w);
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));
    wait_ms(w, 10000);
    EXPECT(w, "play id \"Anda berada di urutan ketiga.\"\ntimer 30000\n");
    end(w);

    start(w, "{ d: duration }", "s",
          "      s: { do: say, say: [{ id: \"Satu. Kira-kira {ewt_p50:wait}, {position}! Dua {position}. Tiga {ewt_p90}\", en: x }, { id: \"{ewt_p50}\", en: x }], next: b }\n"
          "      b: { do: branch, cases: [ { if: ewt_p50 > 1 min, go: bye }, { if: ewt_p50 <= 1 min, go: bye }, { if: 'not ewt_p50 == 0 s', go: bye } ], else: t }\n"
          "      t: { do: set, set: { d: 'expected_wait(\"jual\")' }, on_failed: e, next: bye }\n"
          "      e: { do: hangup, cause: 34 }\n");
    w->place = (struct sapa_flow_place){ 2, 0, SAPA_FLOW_UNKNOWN, SAPA_FLOW_UNKNOWN };
    w->unknown = true;
    begin(w);
    EXPECT(w, "@s\nplay id \"Satu. Dua dua.\"\n");
    played(w);
    EXPECT(w, "@b\n@t\nvalue d=0\n@e\nhangup 34 abandoned in menu\n");
    end(w);
}

static void test_queue_waiting(void **state)
{
    struct world *w = &world;
    (void)state;

    wait_in_queue(w);
    IGNORED(w, .kind = SAPA_FLOW_DIGIT, .digit = '1'); /* nothing is offered yet */
    played(w);
    EXPECT(w, "play loop id <music>\n");
    wait_ms(w, 20000);
    EXPECT(w, "play id \"Tidak ingin menunggu? Tekan satu dan kami akan menelepon Anda kembali. Urutan Anda tetap kami jaga.\"\ntimer 10000\n");
    wait_ms(w, 10000); /* an announcement is due while another plays: it is left out */
    EXPECT(w, "timer 30000\n");
    played(w);
    EXPECT(w, "play loop id <music>\n");
    wait_ms(w, 30000);
    EXPECT(w, "play id \"Anda berada di urutan ketiga.\" \"Perkiraan waktu tunggu sekitar empat menit.\"\ntimer 30000\n");
    played(w);
    wait_ms(w, 30000);
    played(w);
    EXPECT(w, "play loop id <music>\nplay id \"Anda berada di urutan ketiga.\" \"Perkiraan waktu tunggu sekitar empat menit.\"\ntimer 10000\nplay loop id <music>\n");
    wait_ms(w, 10000);
    EXPECT(w, "leave\n@t\nhangup 34 ended by an overflow rule\n"); /* he waited to the end: he gave nothing up */
    end(w);
}

static void test_queue_results(void **state)
{
    struct world *w = &world;
    (void)state;

    wait_in_queue(w);
    SEND(w, .kind = SAPA_FLOW_QUEUE_RESULT, .result = SAPA_DEQUEUE_OVERFLOW_LENGTH);
    EXPECT(w, "timer off\n@o\nhangup 16 ended by an overflow rule\n");
    end(w);
    wait_in_queue(w);
    SEND(w, .kind = SAPA_FLOW_QUEUE_RESULT, .result = SAPA_DEQUEUE_FAULT);
    EXPECT(w, "timer off\n@e\nhangup 41 abandoned in menu\n");
    end(w);
    wait_in_queue(w);
    SEND(w, .kind = SAPA_FLOW_QUEUE_RESULT, .result = SAPA_DEQUEUE_MOVED, .number = 1);
    assert_int_equal(w->run.queue, 1);
    EXPECT(w, ""); /* the music goes on */
    SEND(w, .kind = SAPA_FLOW_QUEUE_RESULT, .result = SAPA_DEQUEUE_NO_AGENTS);
    IGNORED(w, .kind = SAPA_FLOW_QUEUE_RESULT, .result = SAPA_DEQUEUE_NO_AGENTS);
    EXPECT(w, "timer off\n@n\nplay id <voicemail.greeting> <beep>\n");
    assert_int_equal(sapa_flow_outcome(&w->run), SAPA_OUTCOME_OVERFLOW_ENDED); /* no message yet */
    played(w);
    EXPECT(w, "record 0 120000\ntimer 120000\n");
    assert_int_equal(sapa_flow_outcome(&w->run), SAPA_OUTCOME_VOICEMAIL);
    IGNORED(w, .kind = SAPA_FLOW_DIGIT, .digit = '5');
    press(w, "#");
    EXPECT(w, "record stop\ntimer off\n@bye by #\nhangup 16 voicemail\n");
    end(w);
}

static void test_queue_talk(void **state)
{
    struct world *w = &world;
    (void)state;

    wait_in_queue(w);
    SEND(w, .kind = SAPA_FLOW_CONNECTED);
    IGNORED(w, .kind = SAPA_FLOW_CONNECTED);
    EXPECT(w, "timer off\n");
    IGNORED(w, .kind = SAPA_FLOW_DIGIT, .digit = '1');
    IGNORED(w, .kind = SAPA_FLOW_TIMER);
    SEND(w, .kind = SAPA_FLOW_REQUEUED); /* the agent's phone died as it was picked up */
    EXPECT(w, "play loop id <music>\ntimer 20000\n");
    SEND(w, .kind = SAPA_FLOW_CONNECTED);
    SEND(w, .kind = SAPA_FLOW_AGENT_PARTED);
    EXPECT(w, "timer off\n@s\nplay id <tanya>\n");
    assert_int_equal(sapa_flow_outcome(&w->run), SAPA_OUTCOME_ANSWERED);
    press(w, "1");
    EXPECT(w, "stop\ntimer 2000\n"); /* a 0 may follow */
    press(w, "0");
    EXPECT(w, "survey puas=10 of 10\ntimer off\n@bye by 0\nhangup 16 answered\n");
    end(w);
}

/* A queue that turned him out decides, unless something better comes after it. */
static void test_after_overflow(void **state)
{
    struct world *w = &world;
    (void)state;
    static const char nodes[] =
        "      i: { do: say, say: halo, contained: yes, next: q }\n"
        "      q: { do: queue, queue: jual, longest: 10 s, on_overflow: m, on_timeout: m, after: bye }\n"
        "      m: { do: menu, say: tanya, keys: { 1: i2, 2: q }, timeout: 5 s, on_timeout: bye }\n"
        "      i2: { do: say, say: halo, contained: yes, next: bye }\n";

    start(w, NULL, "i", nodes);
    begin(w);
    played(w);
    SEND(w, .kind = SAPA_FLOW_QUEUE_RESULT, .result = SAPA_DEQUEUE_OVERFLOW_WAIT);
    assert_int_equal(w->run.phase, SAPA_FLOW_SPEAKING);
    assert_int_equal(sapa_flow_outcome(&w->run), SAPA_OUTCOME_OVERFLOW_ENDED); /* what he heard before did not help */
    press(w, "2"); /* waits once more: what comes of that is not known yet */
    assert_int_equal(sapa_flow_outcome(&w->run), SAPA_OUTCOME_ABANDONED_FLOW);
    SEND(w, .kind = SAPA_FLOW_QUEUE_RESULT, .result = SAPA_DEQUEUE_NO_AGENTS);
    press(w, "1");
    assert_int_equal(sapa_flow_outcome(&w->run), SAPA_OUTCOME_OVERFLOW_ENDED); /* not heard to the end */
    played(w);
    assert_int_equal(sapa_flow_outcome(&w->run), SAPA_OUTCOME_CONTAINED);
    end(w);

    start(w, NULL, "i", nodes);
    begin(w);
    played(w);
    w->env.now_us += 10000000;
    while (w->run.phase == SAPA_FLOW_WAITING)
        SEND(w, .kind = SAPA_FLOW_TIMER);
    assert_int_equal(sapa_flow_outcome(&w->run), SAPA_OUTCOME_OVERFLOW_ENDED);
    press(w, "2");
    SEND(w, .kind = SAPA_FLOW_CONNECTED);
    assert_int_equal(sapa_flow_outcome(&w->run), SAPA_OUTCOME_ANSWERED);
    end(w);
}

/* The conversation broke after ten minutes: he waits again, and is not thrown out for the time he talked. */
static void test_queue_again_after_a_fault(void **state)
{
    struct world *w = &world;
    (void)state;

    wait_in_queue(w);
    SEND(w, .kind = SAPA_FLOW_CONNECTED);
    EXPECT(w, "timer off\n");
    w->env.now_us += INT64_C(600000000);
    SEND(w, .kind = SAPA_FLOW_REQUEUED);
    EXPECT(w, "play loop id <music>\ntimer 20000\n"); /* the callback is offered first, as ever */
    wait_ms(w, 20000);
    played(w);
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));
    SEND(w, .kind = SAPA_FLOW_CONNECTED);
    w->env.now_us += INT64_C(600000000);
    SEND(w, .kind = SAPA_FLOW_REQUEUED); /* it was offered already */
    EXPECT(w, "timer off\nplay loop id <music>\ntimer 30000\n");
    press(w, "1");
    assert_non_null(strstr(w->buf, "timer off\n@cb by 1\nplay id \"Kami akan menelepon Anda"));
    end(w);

    wait_in_queue(w);
    SEND(w, .kind = SAPA_FLOW_CONNECTED);
    w->env.now_us += INT64_C(600000000);
    SEND(w, .kind = SAPA_FLOW_REQUEUED);
    w->env.now_us += INT64_C(99000000);
    SEND(w, .kind = SAPA_FLOW_TIMER);
    assert_int_equal(w->run.node, w->run.queue_node); /* 99 of 100 s */
    while (w->run.phase == SAPA_FLOW_WAITING) {
        w->env.now_us = w->run.timer_us;
        SEND(w, .kind = SAPA_FLOW_TIMER);
    }
    assert_int_equal(w->env.now_us - INT64_C(1786950000000000), INT64_C(700000000));
    end(w);
}

static void test_survey(void **state)
{
    struct world *w = &world;
    (void)state;

    start(w, NULL, "s", "      s: { do: survey, question: puas, say: tanya, answers: \"1-5\", retries: 1, next: n, on_timeout: bye }\n"
                        "      n: { do: survey, question: nps, say: tanya, answers: \"0-10\", retries: 0, next: bye }\n");
    begin(w);
    press(w, "7"); /* too high */
    press(w, "4");
    EXPECT(w, "@s\nplay id <tanya>\nstop\nplay id <menu.invalid> <tanya>\nstop\nsurvey puas=4 of 5\n@n by 4\nplay id <tanya>\n");
    press(w, "1");
    wait_ms(w, 2000); /* no 0 came */
    EXPECT(w, "stop\ntimer 2000\nsurvey nps=1 of 10\n@bye\nhangup 16 abandoned in menu\n");
    begin(w);
    played(w);
    wait_ms(w, 6000);
    played(w);
    wait_ms(w, 6000);
    EXPECT(w, "@s\nplay id <tanya>\ntimer 6000\nplay id <menu.timeout> <tanya>\ntimer 6000\n@bye\nhangup 16 abandoned in menu\n");
    end(w);
}

static void take_offer(struct world *w)
{
    wait_in_queue(w);
    played(w);
    wait_ms(w, 20000);
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));
    press(w, "1");
}

static void test_callback_own_number(void **state)
{
    struct world *w = &world;
    (void)state;

    take_offer(w);
    assert_non_null(strstr(w->buf, "timer off\n@cb by 1\nplay id \"Kami akan menelepon Anda di nomor enam dua delapan"));
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));
    press(w, "1");
    EXPECT(w, "stop\ncallback jual []\nplay id <callback.accepted>\n"); /* no leave: the place is kept */
    played(w);
    EXPECT(w, "hangup 16 open\n");
    SEND(w, .kind = SAPA_FLOW_CONNECTED); /* he was called, and talks */
    SEND(w, .kind = SAPA_FLOW_AGENT_PARTED);
    EXPECT(w, "@s\nplay id <tanya>\n");
    end(w);
}

/* A callback that no queue node led to: when the agent hangs up, it is over. */
static void test_callback_from_a_menu(void **state)
{
    struct world *w = &world;
    (void)state;

    start(w, NULL, "m", "      m: { do: menu, say: halo, keys: { 1: cb }, on_timeout: bye }\n"
                        "      cb: { do: callback, queue: jual, on_failed: bye }\n");
    begin(w);
    press(w, "1");
    press(w, "1");
    played(w);
    SEND(w, .kind = SAPA_FLOW_CONNECTED);
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));
    SEND(w, .kind = SAPA_FLOW_AGENT_PARTED);
    EXPECT(w, "play id <goodbye>\n");
    played(w);
    EXPECT(w, "hangup 16 answered\n");
    end(w);
}

static void test_callback_other_number(void **state)
{
    struct world *w = &world;
    (void)state;

    take_offer(w);
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));
    press(w, "2");
    EXPECT(w, "stop\nplay id <callback.enter>\n");
    press(w, "0215550#");
    EXPECT(w, "stop\ntimer 8000\nplay id \"Nomor yang Anda masukkan nol dua satu, lima lima lima nol. Tekan satu jika benar, atau dua untuk mengulang.\"\ntimer off\n");
    press(w, "2"); /* once more */
    EXPECT(w, "stop\nplay id <callback.enter>\n");
    press(w, "081234567890123"); /* as long as E.164 allows: no # is needed */
    played(w);
    press(w, "1");
    assert_non_null(strstr(w->buf, "callback jual [081234567890123]\n"));
    end(w);
}

static void test_callback_entering(void **state)
{
    struct world *w = &world;
    (void)state;

    take_offer(w);
    press(w, "2");
    press(w, "08123");
    wait_ms(w, 8000); /* silence ends the number */
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));
    press(w, "1");
    EXPECT(w, "stop\ncallback jual [08123]\nplay id <callback.accepted>\n");
    end(w);

    take_offer(w); /* an agent is free before he has decided */
    SEND(w, .kind = SAPA_FLOW_CONNECTED);
    assert_int_equal(w->run.phase, SAPA_FLOW_TALKING);
    end(w);

    take_offer(w); /* no decision at all: back to the music, in the old place */
    played(w);
    wait_ms(w, 8000);
    played(w);
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));
    wait_ms(w, 8000);
    EXPECT(w, "@q\nplay loop id <music>\ntimer 30000\n");
    end(w);

    take_offer(w); /* the queue sends him away while he decides: he gets the callback all the same */
    SEND(w, .kind = SAPA_FLOW_QUEUE_RESULT, .result = SAPA_DEQUEUE_OVERFLOW_WAIT);
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));
    press(w, "1");
    EXPECT(w, "stop\ncallback jual []\nplay id <callback.accepted>\n");
    end(w);
}

static void test_callback_without_number(void **state)
{
    struct world *w = &world;
    (void)state;

    start(w, NULL, "c", "      c: { do: callback, queue: jual, retries: 0, next: bye, on_failed: x }\n      x: { do: hangup, cause: 21 }\n");
    w->env.caller = SAPA_STR("");
    begin(w);
    EXPECT(w, "@c\nplay id <callback.enter>\n");
    press(w, "12#"); /* too short */
    EXPECT(w, "stop\ntimer 8000\ntimer off\n@x by #\nhangup 21 abandoned in menu\n");
    end(w);
}

static void test_transfer(void **state)
{
    struct world *w = &world;
    (void)state;

    start(w, "{ n: text 8 }", "s",
          "      s: { do: set, set: { n: '\"12-3;x\"' }, next: t }\n"
          "      t: { do: transfer, number: \"+62{n}\", say: halo, ring: 10 s, on_failed: bye }\n");
    begin(w);
    played(w);
    EXPECT(w, "@s\nvalue n=12-3;x\n@t\nplay id <halo>\ndial 1 +62123 10000\ntimer 12000\n");
    SEND(w, .kind = SAPA_FLOW_DIAL_RESULT, .number = 1, .result = 0);
    IGNORED(w, .kind = SAPA_FLOW_DIAL_RESULT, .number = 9, .result = 1);
    SEND(w, .kind = SAPA_FLOW_DIAL_RESULT, .number = 1, .result = 1);
    EXPECT(w, "timer off\ntried 1 place 1 result 0 []\n"); /* what a caller's values make is no one's on duty */
    assert_int_equal(sapa_flow_outcome(&w->run), SAPA_OUTCOME_TRANSFERRED);
    SEND(w, .kind = SAPA_FLOW_DIAL_RESULT, .number = 1, .result = 3);
    EXPECT(w, "play id <goodbye>\n");
    played(w);
    EXPECT(w, "hangup 16 transferred out\n");
    begin(w);
    played(w);
    SEND(w, .kind = SAPA_FLOW_DIAL_RESULT, .number = 2, .result = 2);
    assert_non_null(strstr(w->buf, "timer off\n@bye\nhangup 16 abandoned in menu\n"));
    end(w);
}

static void test_oncall(void **state)
{
    struct world *w = &world;
    (void)state;

    start(w, NULL, "o", "      o: { do: oncall, numbers: [\"628111\", \"628222\"], ring: 15 s, on_failed: v, after: bye }\n"
                        "      v: { do: voicemail, queue: jual, say: tanya, end: none, longest: 30 s, next: bye }\n");
    begin(w);
    EXPECT(w, "@o\ndial 1 628111 15000\ntimer 17000\n");
    SEND(w, .kind = SAPA_FLOW_DIAL_RESULT, .number = 1, .result = 2);
    EXPECT(w, "tried 1 place 1 result 1 [628111]\ndial 2 628222 15000\n");
    wait_ms(w, 17000); /* nobody says anything about the second */
    EXPECT(w, "cancel 2\ntried 2 place 2 result 2 [628222]\n@v\nplay id <tanya> <beep>\n");
    played(w);
    IGNORED(w, .kind = SAPA_FLOW_DIGIT, .digit = '#');
    EXPECT(w, "record 0 30000\ntimer 30000\n");
    wait_ms(w, 30000);
    EXPECT(w, "record stop\n@bye\nhangup 16 voicemail\n");
    begin(w);
    SEND(w, .kind = SAPA_FLOW_DIAL_RESULT, .number = 3, .result = 1);
    SEND(w, .kind = SAPA_FLOW_DIAL_RESULT, .number = 3, .result = 3);
    EXPECT(w, "@o\ndial 3 628111 15000\ntimer 17000\ntimer off\ntried 3 place 1 result 0 [628111]\n@bye\nhangup 16 transferred out\n");
    end(w);
}

static void test_record(void **state)
{
    struct world *w = &world;
    (void)state;

    start(w, NULL, "r", "      r: { do: record, say: tanya, contained: yes, longest: 20 s, next: bye }\n");
    begin(w);
    played(w);
    SEND(w, .kind = SAPA_FLOW_RECORD_DONE);
    IGNORED(w, .kind = SAPA_FLOW_RECORD_DONE);
    EXPECT(w, "@r\nplay id <tanya> <beep>\nrecord -1 20000\ntimer 20000\ntimer off\n@bye\nhangup 16 served by the menu\n");
    end(w);
}

static void test_language_surge_flow(void **state)
{
    struct world *w = &world;
    (void)state;

    load(w, "  f:\n    self_service: \"a test of the runner\"\n    start: s\n    variables: { a: int, b: text 8 }\n    nodes:\n"
            "      s: { do: surge, on: l, off: v }\n"
            "      v: { do: set, set: { a: 7, b: '\"abcdefgh\"' }, next: g }\n"
            "      g: { do: flow, flow: g }\n"
            "      l: { do: language, language: en, next: h }\n"
            "      h: { do: say, say: halo, next: bye }\n"
            "      bye: { do: hangup }\n"
            "  g:\n    self_service: \"a test of the runner\"\n    start: s\n    variables: { b: text 4, a: int, c: int }\n    nodes:\n"
            "      s: { do: say, say: { id: \"{a} {b} {c}\", en: \"-\" }, next: bye }\n"
            "      bye: { do: hangup }\n");
    begin(w);
    EXPECT(w, "@s\n@v\nvalue a=7\nvalue b=abcdefgh\n@g\n@s\nplay id \"tujuh abcd nol\"\n");
    w->env.surge = true;
    begin(w);
    EXPECT(w, "@s\n@l\n@h\nplay en <halo>\n");
    end(w);
}

/* In a dialogue in another flow the place is kept; when it hangs up it is given up. */
static void test_queue_across_flows(void **state)
{
    struct world *w = &world;
    (void)state;

    load(w, "  f:\n    start: q\n    nodes:\n"
            "      q: { do: queue, queue: jual, offer_after: 10 s, on_callback: g, on_overflow: bye, after: t }\n"
            "      g: { do: flow, flow: g }\n"
            "      t: { do: say, say: halo, next: bye }\n"
            "      bye: { do: hangup }\n"
            "  g:\n    self_service: \"a test of the runner\"\n    start: m\n    nodes:\n"
            "      m: { do: menu, say: tanya, keys: { 1: bye }, on_timeout: bye }\n"
            "      bye: { do: hangup }\n");
    begin(w);
    wait_ms(w, 10000);
    press(w, "1");
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));
    SEND(w, .kind = SAPA_FLOW_CONNECTED);
    SEND(w, .kind = SAPA_FLOW_AGENT_PARTED);
    EXPECT(w, "@t\nplay id <halo>\n"); /* of the flow that it waited in */
    end(w);
}

static void test_place_is_given_up(void **state)
{
    struct world *w = &world;
    (void)state;

    load(w, "  f:\n    start: q\n    nodes:\n"
            "      q: { do: queue, queue: jual, offer_after: 10 s, on_callback: m, on_overflow: bye }\n"
            "      m: { do: menu, say: tanya, keys: { 0: r, 1: bye, 2: o }, on_timeout: r }\n"
            "      r: { do: queue, queue: jual, on_overflow: bye }\n"
            "      o: { do: queue, queue: lain, say: halo, on_overflow: bye }\n"
            "      bye: { do: hangup }\n");
    begin(w);
    wait_ms(w, 10000);
    press(w, "1");
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));
    press(w, "1");
    EXPECT(w, "stop\n@bye by 1\nleave\nhangup 16 abandoned in menu\n");
    begin(w);
    wait_ms(w, 10000);
    press(w, "1");
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));
    press(w, "0"); /* the same queue by another node: still in the old place */
    EXPECT(w, "stop\n@r by 0\nplay loop id <music>\ntimer 30000\n");
    begin(w);
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));
    end(w);
}

static void test_snapshot(void **state)
{
    struct world *w = &world;
    struct sapa_flow_run copy;
    uint8_t bytes[2048];
    (void)state;

    take_offer(w);
    press(w, "2");
    press(w, "0812");
    struct sapa_writer out = sapa_writer_of(bytes, sizeof(bytes));
    sapa_flow_run_save(&w->run, &out);
    assert_false(out.bad);
    struct sapa_reader in = sapa_reader_of(bytes, out.n);
    assert_int_equal(sapa_flow_run_load(w->centre, &in, &copy), SAPA_OK);
    assert_memory_equal(&copy, &w->run, sizeof(copy));

    /* every byte lost, every byte changed: refused, or a run that can go on */
    for (size_t n = 0; n < out.n; n++) {
        in = sapa_reader_of(bytes, n);
        assert_int_not_equal(sapa_flow_run_load(w->centre, &in, &copy), SAPA_OK);
    }
    for (size_t i = 0; i < out.n; i++) {
        uint8_t changed[2048];
        memcpy(changed, bytes, out.n);
        changed[i] ^= 0x15;
        in = sapa_reader_of(changed, out.n);
        if (sapa_flow_run_load(w->centre, &in, &copy) != SAPA_OK)
            continue;
        w->run = copy;
        (void)send(w, (struct sapa_flow_event){ .kind = SAPA_FLOW_DIGIT, .digit = '1' });
        (void)send(w, (struct sapa_flow_event){ .kind = SAPA_FLOW_PLAY_DONE, .number = w->run.play });
        w->env.now_us += 3600000000;
        (void)send(w, (struct sapa_flow_event){ .kind = SAPA_FLOW_TIMER });
        sapa_text_init(&w->log, w->buf, sizeof(w->buf));
    }
    end(w);
}

/* A way out that leads nowhere is no silent end. */
static void test_goodbye(void **state)
{
    struct world *w = &world;
    (void)state;

    start(w, NULL, "q", "      q: { do: queue, queue: lain, announce_every: 0, on_overflow: t }\n"
                        "      t: { do: transfer, number: \"5551\", on_failed: bye }\n");
    begin(w);
    SEND(w, .kind = SAPA_FLOW_CONNECTED);
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));
    SEND(w, .kind = SAPA_FLOW_AGENT_PARTED);
    EXPECT(w, "play id <goodbye>\n");
    IGNORED(w, .kind = SAPA_FLOW_DIGIT, .digit = '1');
    played(w);
    EXPECT(w, "hangup 16 answered\n");

    begin(w); /* an outside number hangs up */
    SEND(w, .kind = SAPA_FLOW_QUEUE_RESULT, .result = SAPA_DEQUEUE_OVERFLOW_WAIT);
    SEND(w, .kind = SAPA_FLOW_DIAL_RESULT, .number = w->run.attempt, .result = 1);
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));
    SEND(w, .kind = SAPA_FLOW_DIAL_RESULT, .number = w->run.attempt, .result = 3);
    EXPECT(w, "play id <goodbye>\n");
    played(w);
    EXPECT(w, "hangup 16 transferred out\n");
    end(w);
}

/* What the checker does not let through, but an old log may hold: the caller is told before we hang up. */
static void test_fault_is_said(void **state)
{
    struct world *w = &world;
    (void)state;

    start(w, NULL, "m", "      m: { do: menu, say: halo, keys: { 1: m }, retries: 0, on_timeout: bye }\n");
    for (unsigned turn = 0; turn < 2; turn++) { /* and once more: nothing of it is left */
        begin(w);
        sapa_text_init(&w->log, w->buf, sizeof(w->buf));
        w->run.passed = 2000;
        press(w, "1");
        EXPECT(w, "stop\nplay id <system.fault>\n");
        played(w);
        EXPECT(w, "hangup 41 lost by a fault of the system\n");
    }
    end(w);
}

/* ---- the demo centre, walked ---- */

static sapa_rc any_secret(void *ctx, struct sapa_str name, struct sapa_text *out)
{
    (void)ctx;
    sapa_text_add(out, name);
    return SAPA_OK;
}

static void load_demo(struct world *w)
{
    static char text[1 << 17];
    const struct sapa_centre_sources sources = { .secret = any_secret };
    FILE *file = fopen(SAPA_SOURCE_DIR "/examples/demo/centre.yaml", "rb");

    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    load(w, "  f: { self_service: replaced below, start: a, nodes: { a: { do: hangup } } }\n"); /* for the environment */
    sapa_centre_free(w->centre);
    assert_int_equal(sapa_centre_compile(sapa_str_of(text), &sources, &findings, &w->centre), SAPA_OK);
    w->env.centre = w->centre;
}

/* Until a human is asked for, a message is taken, or the call ends. Returns the keys that were pressed. */
static unsigned walk(struct world *w, uint32_t number, bool press_zero)
{
    unsigned presses = 0, events = 0;

    memset(&w->run, 0, sizeof(w->run));
    w->env.client = w->centre->numbers[number].client;
    sapa_flow_begin(&w->env, &w->run, w->centre->numbers[number].flow, w->centre->numbers[number].language);
    for (;; events++) {
        assert_true(events < 60);
        sapa_text_init(&w->log, w->buf, sizeof(w->buf));
        switch ((enum sapa_flow_phase)w->run.phase) {
        case SAPA_FLOW_SPEAKING:
        case SAPA_FLOW_GOODBYE: played(w); break;
        case SAPA_FLOW_LISTENING:
            if (press_zero) {
                press(w, "0");
                presses++;
            } else {
                wait_ms(w, 60000);
            }
            break;
        case SAPA_FLOW_LOOKING_UP: wait_ms(w, 60000); break;
        default: return presses; /* waits, records, dials, or is over */
        }
    }
}

static void test_demo_leads_to_humans(void **state)
{
    struct world *w = &world;
    (void)state;

    load_demo(w);
    for (uint32_t number = 0; number < w->centre->numbers_count; number++) {
        for (unsigned when = 0; when < 8; when++) {
            w->open = when & 1;
            w->holiday = when & 2;
            w->env.surge = when & 4;
            (void)walk(w, number, false);
            assert_true(w->run.phase == SAPA_FLOW_WAITING || w->run.phase == SAPA_FLOW_OVER || w->run.phase == SAPA_FLOW_RECORDING);
            assert_true(walk(w, number, true) <= w->centre->system.human_steps_max);
            assert_true(w->run.phase == SAPA_FLOW_WAITING || w->run.phase == SAPA_FLOW_RECORDING);
        }
    }
    end(w);
}

static void test_demo_order(void **state)
{
    struct world *w = &world;
    (void)state;

    load_demo(w);
    w->env.client = 0;
    sapa_flow_begin(&w->env, &w->run, w->centre->numbers[0].flow, SAPA_LANGUAGE_ID);
    press(w, "13");
    press(w, "481516"); /* six digits are enough */
    assert_non_null(strstr(w->buf, "/demo/order?number=481516"));
    sapa_text_init(&w->log, w->buf, sizeof(w->buf));
    SEND(w, .kind = SAPA_FLOW_LOOKUP_DONE, .number = w->run.lookup, .values = SAPA_STR("status=shipped\ntiba=2026-08-20\ntotal=250000\n"));
    played(w);
    assert_non_null(strstr(w->buf, "\"Pesanan nomor empat delapan satu, lima satu enam senilai dua ratus lima puluh ribu rupiah sedang dalam "
                                   "pengiriman dan diperkirakan tiba hari Kamis, dua puluh Agustus dua ribu dua puluh enam.\""));
    played(w);
    assert_int_equal(sapa_flow_outcome(&w->run), SAPA_OUTCOME_CONTAINED);
    end(w);
}

static void test_size(void **state)
{
    (void)state;
    assert_true(sizeof(struct sapa_flow_run) <= 640);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_say_answers_first), cmocka_unit_test(test_contained), cmocka_unit_test(test_menu),
        cmocka_unit_test(test_menu_without_barge_in), cmocka_unit_test(test_collect), cmocka_unit_test(test_secret),
        cmocka_unit_test(test_lookup), cmocka_unit_test(test_lookup_results), cmocka_unit_test(test_branch_and_set),
        cmocka_unit_test(test_hours_edges), cmocka_unit_test(test_queue_waiting), cmocka_unit_test(test_wait_unknown), cmocka_unit_test(test_queue_results),
        cmocka_unit_test(test_queue_talk), cmocka_unit_test(test_queue_again_after_a_fault), cmocka_unit_test(test_after_overflow), cmocka_unit_test(test_survey), cmocka_unit_test(test_callback_own_number),
        cmocka_unit_test(test_callback_other_number), cmocka_unit_test(test_callback_entering),
        cmocka_unit_test(test_callback_without_number), cmocka_unit_test(test_transfer), cmocka_unit_test(test_callback_from_a_menu), cmocka_unit_test(test_oncall),
        cmocka_unit_test(test_record), cmocka_unit_test(test_language_surge_flow), cmocka_unit_test(test_queue_across_flows),
        cmocka_unit_test(test_place_is_given_up), cmocka_unit_test(test_snapshot), cmocka_unit_test(test_goodbye), cmocka_unit_test(test_fault_is_said), cmocka_unit_test(test_size),
        cmocka_unit_test(test_demo_leads_to_humans), cmocka_unit_test(test_demo_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
