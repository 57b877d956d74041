/**
 * @file bench/fill_month.c
 * Writes the log of a month of a centre that never was: the real core is fed with calls that come by day over
 * thirty days, agents who log in at eight, take breaks and leave at six, conversations, wrap-ups and callers who
 * give up. BEHIND calls before the end the figures are kept as a running centre keeps them.
 *
 *   fill_month FOLDER CENTRE CALLS [BEHIND]
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/centre_file.h"
#include "app/engine.h"
#include "app/figures.h"
#include "rt/crypto.h"
#include "store/people.h"
#include "store/sqlite/sqlite.h"
#include "store/writer.h"

enum { DAYS = 30, OPEN_S = 10 * 3600, CALLS_AT_ONCE = 4096, REASONS = 3 };
#define BEGIN_US INT64_C(1793466000000000) /* 2026-11-01 00:00 in Jakarta */

enum act { ARRIVE, ANSWERED, PLAYED, RINGING, ACCEPT, PART, GIVE_UP, LOG_IN, BREAK, BACK, LOG_OUT };

struct event {
    int64_t at_us;
    uint64_t a, b; /* contact and offer; agent */
    enum act what;
};

struct filling {
    struct sapa_clock clock;
    struct sapa_loop *loop;
    struct sapa_store *store;
    struct sapa_log_writer *writer;
    struct sapa_core *core;
    struct sapa_names names;
    struct sapa_live live;
    struct sapa_engine *engine;
    struct event *heap;
    size_t count, room;
    uint64_t random, calls, talking[CALLS_AT_ONCE]; /* by contact: the last that was connected */
};

static struct filling f;

static uint64_t roll(uint64_t below)
{
    f.random ^= f.random << 13, f.random ^= f.random >> 7, f.random ^= f.random << 17;
    return f.random % below;
}

/* ---- what is to come, the earliest first ---- */

static void later(int64_t at_us, enum act what, uint64_t a, uint64_t b)
{
    if (f.count == f.room) {
        f.room = f.room * 2 + 1024;
        if (!(f.heap = realloc(f.heap, f.room * sizeof(*f.heap))))
            abort();
    }
    size_t at = f.count++;
    for (; at > 0 && f.heap[(at - 1) / 2].at_us > at_us; at = (at - 1) / 2)
        f.heap[at] = f.heap[(at - 1) / 2];
    f.heap[at] = (struct event){ at_us, a, b, what };
}

static struct event next(void)
{
    const struct event first = f.heap[0], last = f.heap[--f.count];
    size_t at = 0;

    for (size_t child; (child = at * 2 + 1) < f.count; at = child) {
        child += child + 1 < f.count && f.heap[child + 1].at_us < f.heap[child].at_us;
        if (last.at_us <= f.heap[child].at_us)
            break;
        f.heap[at] = f.heap[child];
    }
    f.heap[at] = last;
    return first;
}

/* ---- the engine's world ---- */

static bool log_ready(void *ctx)
{
    (void)ctx;
    return sapa_log_writer_status(f.writer).backlog_bytes < 64 << 20;
}

static void log_step(void *ctx, const struct sapa_record *const records[], size_t count, bool last)
{
    (void)ctx;
    for (size_t i = 0; i < count; i++) {
        const struct sapa_rec_contact_connected *talk = &records[i]->u.contact_connected;
        if (sapa_log_writer_put(f.writer, records[i]) != SAPA_OK)
            abort();
        if (records[i]->type != SAPA_T_contact_connected)
            continue;
        f.talking[talk->contact % CALLS_AT_ONCE] = talk->contact;
        later(sapa_clock_wall_us(&f.clock) + 30000000 + (int64_t)roll(180000000), PART, talk->contact, talk->offer);
    }
    if (last)
        sapa_log_writer_flush(f.writer);
}

static sapa_rc command(void *ctx, const struct sapa_record *record)
{
    (void)ctx;
    if (record->type == SAPA_T_cmd_offer)
        later(sapa_clock_wall_us(&f.clock) + 20000, RINGING, record->u.cmd_offer.contact, record->u.cmd_offer.offer);
    if (record->type == SAPA_T_cmd_play && !record->u.cmd_play.loop) /* a good-bye: the contact ends behind it */
        later(sapa_clock_wall_us(&f.clock) + 1500000, PLAYED, record->u.cmd_play.contact, record->u.cmd_play.play);
    return SAPA_OK;
}

static void on_log(void *ctx, const struct sapa_log_status *status)
{
    (void)ctx, (void)status;
}

static void take(struct sapa_record *input)
{
    while (sapa_engine_input(f.engine, input) == SAPA_EAGAIN)
        sapa_loop_run_once(f.loop, 1000);
    sapa_engine_committed(f.engine, sapa_engine_stats(f.engine).seq); /* nobody is promised anything here */
}

/* Time comes to `at_us`, with every timer of the core on the way. */
static void come_to(int64_t at_us)
{
    struct sapa_record tick;

    for (;;) {
        const int64_t due_us = SAPA_MIN(sapa_core_next_due(f.core), at_us), now_us = sapa_clock_wall_us(&f.clock);
        if (due_us > now_us)
            sapa_clock_advance(&f.clock, due_us - now_us);
        if (sapa_core_next_due(f.core) > sapa_clock_wall_us(&f.clock))
            return;
        sapa_record_init(&tick, SAPA_T_tick);
        take(&tick);
    }
}

#define PUT(name, ...)                                                 \
    do {                                                               \
        struct sapa_record in_;                                        \
        sapa_record_init(&in_, SAPA_T_##name);                         \
        in_.u.name = (struct sapa_rec_##name){ __VA_ARGS__ };          \
        take(&in_);                                                    \
    } while (0)

static void act(const struct event *e)
{
    const int64_t now_us = e->at_us;

    switch (e->what) {
    case ARRIVE:
        PUT(contact_arrived, .contact = e->a, .number = roll(8), .last_agent = SAPA_NONE);
        later(now_us + 200000, ANSWERED, e->a, 0);
        later(now_us + 5000000 + (int64_t)roll(300000000), GIVE_UP, e->a, 0);
        break;
    case PLAYED: PUT(play_done, .contact = e->a, .play = e->b); break;
    case ANSWERED: PUT(contact_answered, .contact = e->a); break;
    case RINGING:
        PUT(offer_ringing, .offer = e->b);
        later(now_us + 1000000 + (int64_t)roll(roll(25) == 0 ? 40000000 : 6000000), ACCEPT, e->a, e->b);
        break;
    case ACCEPT: /* what comes too late is refused by the core, and changes nothing */
        PUT(offer_accepted, .offer = e->b, .leg = e->b);
        break;
    case PART: PUT(agent_gone, .contact = e->a, .offer = e->b, .side = SAPA_SIDE_AGENT); break;
    case GIVE_UP:
        if (f.talking[e->a % CALLS_AT_ONCE] != e->a)
            PUT(contact_gone, .contact = e->a, .side = SAPA_SIDE_CUSTOMER);
        break;
    case LOG_IN:
    case BACK: PUT(agent_command, .agent = e->a, .verb = SAPA_VERB_READY, .code = SAPA_NONE); break;
    case BREAK:
        PUT(agent_command, .agent = e->a, .verb = SAPA_VERB_NOT_READY, .code = roll(REASONS));
        later(now_us + 300000000 + (int64_t)roll(900000000), BACK, e->a, 0);
        break;
    case LOG_OUT: PUT(agent_command, .agent = e->a, .verb = SAPA_VERB_LOGOUT, .code = SAPA_NONE); break;
    }
}

static bool keep_figures(const char *folder)
{
    const uint64_t seq = sapa_engine_stats(f.engine).seq;
    struct sapa_figures *figures;
    bool more;

    sapa_log_writer_flush(f.writer);
    while (sapa_log_writer_status(f.writer).committed_seq < seq)
        sapa_loop_run_once(f.loop, 1000);
    if (sapa_figures_open(folder, &figures) != SAPA_OK)
        return false;
    const bool good = sapa_figures_fold(figures, 0, 0, NULL, &more) == SAPA_OK && sapa_figures_save(figures) == SAPA_OK
                      && sapa_figures_kept(figures) == seq;
    sapa_figures_close(figures);
    return good;
}

static void plan_day(unsigned day, const struct sapa_centre *centre, uint64_t calls_a_day, uint64_t calls)
{
    const int64_t open_us = BEGIN_US + (int64_t)(day * 24 + 8) * 3600000000;

    for (uint64_t agent = 0; agent < centre->agents_count; agent++) {
        later(open_us + (int64_t)roll(600000000), LOG_IN, agent, 0);
        for (int64_t hour = 1; hour < OPEN_S / 3600 - 1; hour += 2)
            later(open_us + hour * 3600000000 + (int64_t)roll(3600000000), BREAK, agent, 0);
        later(open_us + OPEN_S * INT64_C(1000000) + (int64_t)roll(600000000), LOG_OUT, agent, 0);
    }
    for (uint64_t i = 0; i < calls_a_day && f.calls < calls; i++) /* ids of node 1: node 0 is the core's own */
        later(open_us + (int64_t)roll(OPEN_S * UINT64_C(1000000)), ARRIVE, UINT64_C(1) << 54 | ++f.calls, 0);
}

int main(int argc, char **argv)
{
    char problem_buf[400], *text, hash[SAPA_HASH_TEXT_SIZE];
    struct sapa_text problem;
    struct sapa_centre *centre;
    struct sapa_record in;
    uint64_t epoch, arrived = 0;
    bool kept = false;

    if (argc != 4 && argc != 5)
        return 2;
    const struct sapa_store_opts store = { .folder = argv[1], .build = "bench" };
    const struct sapa_centre_file file = { .path = argv[2] };
    const uint64_t calls = strtoull(argv[3], NULL, 10), behind = argc == 5 ? strtoull(argv[4], NULL, 10) : 0;
    f.random = 88172645463325252;
    sapa_text_init(&problem, problem_buf, sizeof(problem_buf));
    sapa_clock_init_manual(&f.clock, 1000000, BEGIN_US);
    if (sapa_loop_new(&f.clock, &f.loop) != SAPA_OK || sapa_centre_file_read(&file, &centre, &text) != SAPA_OK ||
        sapa_store_open_sqlite(&store, &problem, &f.store) != SAPA_OK || sapa_store_take_epoch(f.store, "fill_month", &epoch) != SAPA_OK ||
        sapa_store_document_put(f.store, text, strlen(text), hash) != SAPA_OK ||
        sapa_core_new(&(struct sapa_core_options){ .contacts_max = centre->system.contacts_max }, &f.core) != SAPA_OK ||
        sapa_core_centre(f.core, centre) != SAPA_OK)
        return 1;
    sapa_names_init(&f.names, sapa_memory_heap());
    sapa_live_init(&f.live, sapa_memory_heap(), &f.names);
    const struct sapa_engine_options engine = { .loop = f.loop, .core = f.core, .live = &f.live, .names = &f.names,
        .ports = { .log_ready = log_ready, .log = log_step, .command = command } };
    const struct sapa_log_writer_opts writer = { .loop = f.loop, .progress = on_log, .cpu = -1 };
    if (sapa_engine_new(&engine, &f.engine) != SAPA_OK || sapa_log_writer_start(f.store, &writer, &f.writer) != SAPA_OK)
        return 1;
    sapa_record_init(&in, SAPA_T_centre_started);
    (void)sapa_sized_set(&in.u.centre_started.centre_hash, sapa_str_of(centre->hash));
    in.u.centre_started.epoch = epoch;
    take(&in);
    for (uint32_t agent = 0; agent < centre->agents_count; agent++)
        PUT(agent_device, .agent = agent, .reachable = 1);
    for (unsigned day = 0; day < DAYS; day++) {
        plan_day(day, centre, (calls + DAYS - 1) / DAYS, calls);
        while (f.count > 0) {
            const struct event e = next();
            come_to(e.at_us);
            arrived += e.what == ARRIVE;
            if (!kept && arrived + behind >= calls && !(kept = keep_figures(argv[1])))
                return 1;
            act(&e);
        }
        if (isatty(2))
            fprintf(stderr, "\rday %u: %llu events", day + 1, (unsigned long long)sapa_engine_stats(f.engine).seq);
    }
    if (isatty(2))
        fputs("\n", stderr);
    const uint64_t seq = sapa_engine_stats(f.engine).seq;
    if (sapa_log_writer_stop(f.writer) != seq)
        return 1;
    printf("%llu\n", (unsigned long long)seq);
    sapa_store_close(f.store);
    return 0;
}
