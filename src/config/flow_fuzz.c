/*
 * Flows and what happens to them. The input is a flows section, a line "%%", and bytes that are
 * events; an input that begins with "%%" plays a flow with every kind of node.
 * Held after every event: nothing is asked after the call has ended, every play is well formed, the
 * run survives a snapshot.
 */
#include <stdlib.h>

#include "config/centre_parse.h"
#include "core/flow.h"
#include "model/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char head[] =
    "version: 1\naddresses: { api: \"http://127.0.0.1:1/x\" }\n"
    "hours: { kantor: { open: [\"Mon-Fri 08:00-17:00\"] } }\n"
    "clients: { toko: { name: Toko, hours: kantor } }\nagents: { siti: { name: Siti, extension: \"101\" } }\n"
    "queues:\n  jual: { name: Jual, client: toko, callback: { attempts: 2 }, announce_every: 30 s }\n"
    "  lain: { name: Lain, client: toko }\nprompts:\n  halo: { id: Halo, en: Hello }\nflows:\n";

static const char all_kinds[] =
    "  f:\n    start: jam\n    variables: { n: text 8, pin: secret, saldo: money, k: int }\n    nodes:\n"
    "      jam: { do: hours, open: ramai, closed: tutup }\n"
    "      ramai: { do: surge, on: sapa, off: m }\n"
    "      sapa: { do: say, say: [halo, { id: \"Jam {now:time}, {today:date}\", en: x }], contained: yes, next: m }\n"
    "      m: { do: menu, say: halo, keys: { 1: c, 2: p, 3: tr, 4: jaga, 5: g, 6: r, 7: en, 8: b, 0: q }, on_timeout: q }\n"
    "      en: { do: language, language: en, next: c }\n"
    "      c: { do: collect, say: halo, into: n, digits: \"2-8\", valid: 'left(n, 1) != \"9\"', next: b, on_timeout: q }\n"
    "      b: { do: branch, cases: [ { if: len(n) > 4 and waiting(\"jual\") < 3, go: s } ], else: q }\n"
    "      s: { do: set, set: { k: 'int(n) * 10 / (int(n) % 7)' }, on_failed: q, next: sapa2 }\n"
    "      sapa2: { do: say, say: { id: \"{k} {k:ordinal} {n:digits}\", en: \"{k}\" }, next: p }\n"
    "      p: { do: collect, say: halo, into: pin, digits: \"4\", barge_in: no, next: l, on_timeout: q }\n"
    "      l: { do: lookup, say: halo, url: \"{address.api}?n={n}&p={pin}\", results: [saldo, k], next: hasil, on_failed: v }\n"
    "      hasil: { do: say, say: { id: \"{saldo:rupiah}\", en: \"{saldo:money}\" }, next: q }\n"
    "      q: { do: queue, queue: jual, say: halo, agent: last, offer_after: 20 s, longest: 5 min, on_callback: cb, on_overflow: q2, on_nobody: v, after: sv }\n"
    "      q2: { do: queue, queue: lain, on_overflow: v, after: sv }\n"
    "      cb: { do: callback, on_failed: q }\n"
    "      tr: { do: transfer, number: \"0{n}\", say: halo, on_failed: q }\n"
    "      jaga: { do: oncall, numbers: [\"11\", \"22\", \"33\"], on_failed: v, after: sv }\n"
    "      r: { do: record, say: halo, next: q }\n"
    "      v: { do: voicemail, queue: jual, next: bye }\n"
    "      sv: { do: survey, question: puas, say: halo, answers: \"0-10\", next: bye }\n"
    "      g: { do: flow, flow: g }\n"
    "      tutup: { do: say, say: halo, next: v }\n"
    "      bye: { do: hangup, say: goodbye }\n"
    "  g:\n    start: m\n    variables: { n: text 4, k: int }\n    nodes:\n"
    "      m: { do: menu, say: halo, keys: { 0: q, 1: x }, on_timeout: q }\n"
    "      q: { do: queue, queue: lain, on_overflow: x, after: x }\n"
    "      x: { do: hangup }\n";

struct world {
    const struct sapa_centre *centre;
    bool over, callback;
    uint32_t steps;
};

static void alive(void *ctx)
{
    sapa_assert(!((struct world *)ctx)->over);
}

static void op_plain(void *ctx) { alive(ctx); }

static void op_end(void *ctx, uint32_t cause, enum sapa_outcome outcome)
{
    struct world *w = ctx;

    alive(w);
    sapa_assert(cause > 0 && (outcome == SAPA_OUTCOME_OPEN) == w->callback);
    w->over = true;
}

static void op_play(void *ctx, uint32_t play, bool loop, uint8_t language, struct sapa_str segments)
{
    struct sapa_reader r = sapa_reader_of(segments.p, segments.n);
    struct sapa_str text;
    uint32_t prompt, count = 0;

    (void)play;
    (void)loop;
    alive(ctx);
    while (sapa_segment_next(&r, &prompt, &text)) {
        sapa_assert(prompt == SAPA_NONE ? text.n > 0 && sapa_str_utf8(text) : prompt < ((struct world *)ctx)->centre->prompts_count);
        count++;
    }
    sapa_assert(!r.bad && count > 0 && count <= SAPA_SEGMENTS_MAX && segments.n <= 1024 && language < SAPA_LANGUAGE_COUNT);
}

static void op_secret(void *ctx, bool on) { (void)on; alive(ctx); }
static void op_set_timer(void *ctx, int64_t at_us) { sapa_assert(at_us >= 0); alive(ctx); }
static void op_enter_queue(void *ctx, uint32_t queue, uint8_t add, uint32_t agent)
{
    (void)add;
    alive(ctx);
    sapa_assert(queue < ((struct world *)ctx)->centre->queues_count && (agent == SAPA_NONE || agent < ((struct world *)ctx)->centre->agents_count));
}
static void op_request_callback(void *ctx, uint32_t queue, struct sapa_str number)
{
    alive(ctx);
    sapa_assert(queue < ((struct world *)ctx)->centre->queues_count && number.n <= 15);
    ((struct world *)ctx)->callback = true;
}
static void op_lookup(void *ctx, uint32_t lookup, uint32_t timeout_ms, struct sapa_str url)
{
    (void)lookup;
    alive(ctx);
    sapa_assert(timeout_ms > 0 && url.n > 0 && url.n < 512);
}
static void op_dial(void *ctx, uint32_t attempt, struct sapa_str number, uint32_t ring_ms)
{
    (void)attempt;
    alive(ctx);
    sapa_assert(number.n > 0 && number.n < 64 && ring_ms > 0);
}
static void op_dial_cancel(void *ctx, uint32_t attempt) { (void)attempt; alive(ctx); }
static void op_record_start(void *ctx, uint32_t queue, uint32_t max_ms) { (void)queue; alive(ctx); sapa_assert(max_ms > 0); }
static void op_value(void *ctx, struct sapa_str name, struct sapa_str text) { alive(ctx); sapa_assert(name.n > 0 && text.n <= 128 && (text.n == 0 || sapa_str_utf8(text))); }
static void op_survey(void *ctx, struct sapa_str question, uint32_t answer, uint32_t scale)
{
    alive(ctx);
    sapa_assert(question.n > 0 && answer <= scale && scale <= 99);
}

static void op_step(void *ctx, uint32_t flow, uint32_t node, char via, uint8_t language)
{
    struct world *w = ctx;

    (void)via;
    (void)language;
    alive(w);
    sapa_assert(flow < w->centre->flows_count && node < w->centre->flows[flow].nodes_count && ++w->steps < 100000);
}

static void op_tried(void *ctx, uint32_t attempt, uint32_t place, uint32_t result, struct sapa_str number)
{
    alive(ctx);
    sapa_assert(attempt > 0 && place >= 1 && place <= SAPA_FLOW_TRIES_MAX && result <= 2 && number.n <= 64);
}

static const struct sapa_flow_ops ops = {
    op_plain, op_end, op_end, op_play, op_plain, op_secret, op_set_timer, op_enter_queue, op_plain, op_request_callback,
    op_lookup, op_dial, op_dial_cancel, op_record_start, op_plain, op_value, op_survey, op_step, op_tried,
};

static void place(void *ctx, struct sapa_flow_place *ret)
{
    (void)ctx;
    *ret = (struct sapa_flow_place){ 3, 0, 90000, 0 };
}

static void queue_facts(void *ctx, uint32_t queue, struct sapa_flow_queue_facts *ret)
{
    (void)ctx;
    *ret = (struct sapa_flow_queue_facts){ queue + 1, 2, 3, 60000 };
}

static bool hours_open(void *ctx, uint32_t hours, int64_t now_us, bool *ret_holiday)
{
    (void)ctx;
    (void)hours;
    *ret_holiday = false;
    return now_us % 3 != 0;
}

static int32_t zone_offset_s(void *ctx, uint32_t client, int64_t now_us)
{
    (void)ctx;
    (void)client;
    (void)now_us;
    return 25200;
}

static void check_snapshot(const struct sapa_centre *centre, const struct sapa_flow_run *run)
{
    uint8_t bytes[1024], again[1024];
    struct sapa_writer w = sapa_writer_of(bytes, sizeof(bytes)), w2 = sapa_writer_of(again, sizeof(again));
    struct sapa_flow_run copy;

    sapa_flow_run_save(run, &w);
    struct sapa_reader r = sapa_reader_of(bytes, w.n);
    const sapa_rc rc = sapa_flow_run_load(centre, &r, &copy);
    sapa_assert(!w.bad && rc == SAPA_OK);
    sapa_flow_run_save(&copy, &w2);
    sapa_assert(w.n == w2.n && memcmp(bytes, again, w.n) == 0);
}

static void play(const struct sapa_centre *centre, const uint8_t *data, size_t size)
{
    static const char keys[] = "0123456789*#?A";
    struct world w = { .centre = centre };
    struct sapa_flow_run run = { 0 };
    const uint8_t first = size > 0 ? data[0] : 0;
    struct sapa_flow_env env = {
        .centre = centre, .ops = &ops, .ctx = &w, .now_us = INT64_C(1786950000000000) + first, .answered = first & 1, .surge = first & 2,
        .caller_known = first & 4, .last_agent = first & 8 && centre->agents_count ? 0 : SAPA_NONE,
        .caller = first & 16 ? SAPA_STR("62811234567") : SAPA_STR(""), .dialled = SAPA_STR("1500"),
        .place = place, .queue_facts = queue_facts, .hours_open = hours_open, .zone_offset_s = zone_offset_s,
    };

    sapa_flow_begin(&env, &run, (first >> 5) % centre->flows_count, SAPA_LANGUAGE_ID);
    for (size_t i = 1; i < size; i++) {
        const uint8_t kind = data[i] % 16, value = data[i] / 16;
        struct sapa_flow_event event = { 0 };
        if (kind < 4) {
            event = (struct sapa_flow_event){ .kind = SAPA_FLOW_DIGIT, .digit = keys[value % 14], .secrets = i };
        } else if (kind < 7) {
            event = (struct sapa_flow_event){ .kind = SAPA_FLOW_PLAY_DONE, .number = run.play - (value == 15) };
        } else if (kind < 10) {
            env.now_us = run.timer_us && value < 14 ? run.timer_us : env.now_us + 1000000;
            event.kind = SAPA_FLOW_TIMER;
        } else {
            static const enum sapa_flow_event_kind kinds[] = { SAPA_FLOW_ANSWERED, SAPA_FLOW_LOOKUP_DONE, SAPA_FLOW_QUEUE_RESULT,
                                                               SAPA_FLOW_CONNECTED, SAPA_FLOW_AGENT_PARTED, SAPA_FLOW_DIAL_RESULT };
            event.kind = kinds[kind - 10];
            event.number = event.kind == SAPA_FLOW_LOOKUP_DONE ? run.lookup : event.kind == SAPA_FLOW_DIAL_RESULT ? run.attempt
                           : value % (centre->queues_count ? centre->queues_count : 1);
            event.result = event.kind == SAPA_FLOW_QUEUE_RESULT ? value % SAPA_DEQUEUE_COUNT : event.kind == SAPA_FLOW_DIAL_RESULT ? value % 4 : value == 9 ? SAPA_ETIMEOUT : 0;
            if (event.kind == SAPA_FLOW_LOOKUP_DONE)
                event.values = value & 1 ? SAPA_STR("saldo=12.5\nk=7\n") : (struct sapa_str){ (const char *)data + i, size - i };
            env.answered |= event.kind == SAPA_FLOW_ANSWERED || event.kind == SAPA_FLOW_CONNECTED;
            if (event.kind == SAPA_FLOW_CONNECTED && value == 7)
                event.kind = SAPA_FLOW_REQUEUED;
            if (event.kind == SAPA_FLOW_AGENT_PARTED && value == 7)
                event.kind = SAPA_FLOW_RECORD_DONE;
        }
        if (w.callback && event.kind == SAPA_FLOW_CONNECTED)
            w.over = w.callback = false; /* the customer was called, and is on the line */
        (void)sapa_flow_event(&env, &run, &event);
        (void)sapa_flow_outcome(&run);
        check_snapshot(centre, &run);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sapa_findings findings;
    static struct sapa_centre *standard;
    static char text[1 << 16];
    const struct sapa_str all = { (const char *)data, size };
    struct sapa_centre *centre = NULL;
    struct sapa_text out;
    size_t end = 0;

    while (end + 1 < size && !(data[end] == '%' && data[end + 1] == '%' && (end == 0 || data[end - 1] == '\n')))
        end++;
    if (end + 1 >= size)
        end = size;
    const size_t events = SAPA_MIN(end + 3, size); /* behind "%%" and the end of its line */
    if (end == 0) {
        sapa_text_init(&out, text, sizeof(text));
        sapa_text_printf(&out, "%s%s", head, all_kinds);
        if (!standard && sapa_centre_compile(sapa_text_str(&out), NULL, &findings, &standard) != SAPA_OK)
            abort();
        play(standard, data + events, size - events);
        return 0;
    }
    sapa_text_init(&out, text, sizeof(text));
    sapa_text_add(&out, SAPA_STR(head));
    sapa_text_add(&out, (struct sapa_str){ all.p, end });
    if (out.cut || sapa_centre_compile(sapa_text_str(&out), NULL, &findings, &centre) != SAPA_OK)
        return 0;
    if (centre->flows_count > 0)
        play(centre, data + events, size - events);
    sapa_centre_free(centre);
    return 0;
}
