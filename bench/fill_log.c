/**
 * @file bench/fill_log.c
 * Writes a log of many events for the measurement of the start: the real core is fed with calls that
 * never were, its records go through the real writer, and a snapshot is left as a running centre leaves
 * one, BEHIND events before the end.
 *
 *   fill_log FOLDER CENTRE EVENTS [BEHIND]
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/centre_file.h"
#include "app/engine.h"
#include "rt/crypto.h"
#include "store/people.h"
#include "store/sqlite/sqlite.h"
#include "store/writer.h"

struct filling {
    struct sapa_clock clock;
    struct sapa_loop *loop;
    struct sapa_store *store;
    struct sapa_log_writer *writer;
    struct sapa_core *core;
    struct sapa_names names;
    struct sapa_live live;
    struct sapa_engine *engine;
    uint64_t offer;   /* the last one that was made */
    uint64_t play;    /* the last one that will end */
};

static bool log_ready(void *ctx)
{
    const struct filling *f = ctx;

    return sapa_log_writer_status(f->writer).backlog_bytes < 64 << 20;
}

static void log_step(void *ctx, const struct sapa_record *const records[], size_t count, bool last)
{
    const struct filling *f = ctx;

    for (size_t i = 0; i < count; i++) {
        if (sapa_log_writer_put(f->writer, records[i]) != SAPA_OK)
            abort();
        if (records[i]->type == SAPA_T_refused) {
            char buf[2048];
            struct sapa_text text;
            sapa_text_init(&text, buf, sizeof(buf));
            sapa_record_print(records[0], &text);
            sapa_text_add(&text, SAPA_STR(": "));
            sapa_record_print(records[i], &text);
            fprintf(stderr, "fill_log: %.*s\n", (int)text.n, buf);
            exit(1);
        }
    }
    if (last)
        sapa_log_writer_flush(f->writer);
}

static sapa_rc command(void *ctx, const struct sapa_record *record)
{
    struct filling *f = ctx;

    if (record->type == SAPA_T_cmd_offer)
        f->offer = record->u.cmd_offer.offer;
    if (record->type == SAPA_T_cmd_play && !record->u.cmd_play.loop)
        f->play = record->u.cmd_play.play;
    return SAPA_OK;
}

static void on_log(void *ctx, const struct sapa_log_status *status)
{
    (void)ctx, (void)status;
}

static void put(struct filling *f, struct sapa_record *input, int64_t later_us)
{
    sapa_clock_advance(&f->clock, later_us);
    while (sapa_core_next_due(f->core) <= sapa_clock_wall_us(&f->clock)) {
        struct sapa_record tick;
        sapa_record_init(&tick, SAPA_T_tick);
        while (sapa_engine_input(f->engine, &tick) == SAPA_EAGAIN)
            sapa_loop_run_once(f->loop, 1000);
    }
    while (sapa_engine_input(f->engine, input) == SAPA_EAGAIN)
        sapa_loop_run_once(f->loop, 1000);
    sapa_engine_committed(f->engine, sapa_engine_stats(f->engine).seq); /* nobody is promised anything here */
}

static void one_call(struct filling *f, uint64_t contact)
{
    struct sapa_record in;
    const uint64_t before = f->offer;

    sapa_record_init(&in, SAPA_T_contact_arrived);
    in.u.contact_arrived.contact = contact;
    in.u.contact_arrived.number = 1; /* straight into the queue */
    in.u.contact_arrived.last_agent = SAPA_NONE;
    put(f, &in, 200000);
    sapa_record_init(&in, SAPA_T_contact_answered);
    in.u.contact_answered.contact = contact;
    put(f, &in, 10000);
    if (f->offer != before) {
        sapa_record_init(&in, SAPA_T_offer_ringing);
        in.u.offer_ringing.offer = f->offer;
        put(f, &in, 10000);
        sapa_record_init(&in, SAPA_T_offer_accepted);
        in.u.offer_accepted.offer = f->offer;
        put(f, &in, 1000000);
        sapa_record_init(&in, SAPA_T_agent_gone);
        in.u.agent_gone.contact = contact;
        in.u.agent_gone.offer = f->offer;
        in.u.agent_gone.side = SAPA_SIDE_AGENT;
        f->play = 0;
        put(f, &in, 30000000); /* and the flow behind the queue hangs up, behind its good-bye */
        if (f->play == 0)
            return;
        sapa_record_init(&in, SAPA_T_play_done);
        in.u.play_done.contact = contact;
        in.u.play_done.play = f->play;
        put(f, &in, 10000);
        return;
    }
    sapa_record_init(&in, SAPA_T_contact_gone);
    in.u.contact_gone.contact = contact;
    put(f, &in, 10000);
}

static bool snapshot(struct filling *f)
{
    uint8_t *bytes = NULL, *sealed = NULL;
    uint64_t seq;
    size_t size;
    sapa_rc rc = sapa_engine_save(f->engine, &bytes, &size, &seq);

    while (rc == SAPA_OK && sapa_log_writer_status(f->writer).committed_seq < seq)
        sapa_loop_run_once(f->loop, 1000);
    if (rc == SAPA_OK && !(sealed = malloc(size + SAPA_SEAL_EXTRA)))
        rc = SAPA_ENOMEM;
    if (rc == SAPA_OK)
        rc = sapa_person_seal(f->store, 0, SAPA_STR("engine snapshot"), bytes, size, sealed);
    if (rc == SAPA_OK)
        rc = sapa_store_snapshot_put(f->store, "engine", SAPA_ENGINE_SNAPSHOT_VERSION, seq, sealed, size + SAPA_SEAL_EXTRA);
    free(sealed);
    free(bytes);
    return rc == SAPA_OK;
}

int main(int argc, char **argv)
{
    static struct filling f;
    char problem_buf[400], *text, hash[SAPA_HASH_TEXT_SIZE];
    struct sapa_text problem;
    struct sapa_centre *centre;
    struct sapa_record in;
    uint64_t epoch;
    bool saved = false;

    if (argc != 4 && argc != 5)
        return 2;
    const struct sapa_store_opts store = { .folder = argv[1], .build = "bench" };
    const struct sapa_centre_file file = { .path = argv[2] };
    const uint64_t events = strtoull(argv[3], NULL, 10), behind = argc == 5 ? strtoull(argv[4], NULL, 10) : 0;
    sapa_text_init(&problem, problem_buf, sizeof(problem_buf));
    sapa_clock_init_manual(&f.clock, 1000000, 1767225600000000);
    if (sapa_loop_new(&f.clock, &f.loop) != SAPA_OK || sapa_centre_file_read(&file, &centre, &text) != SAPA_OK ||
        sapa_store_open_sqlite(&store, &problem, &f.store) != SAPA_OK || sapa_store_take_epoch(f.store, "fill_log", &epoch) != SAPA_OK ||
        sapa_store_document_put(f.store, text, strlen(text), hash) != SAPA_OK ||
        sapa_core_new(&(struct sapa_core_options){ .contacts_max = centre->system.contacts_max }, &f.core) != SAPA_OK ||
        sapa_core_centre(f.core, centre) != SAPA_OK)
        return 1;
    sapa_names_init(&f.names, sapa_memory_heap());
    sapa_live_init(&f.live, sapa_memory_heap(), &f.names);
    const struct sapa_engine_options engine = { .loop = f.loop, .core = f.core, .live = &f.live, .names = &f.names,
        .ports = { .ctx = &f, .log_ready = log_ready, .log = log_step, .command = command } };
    const struct sapa_log_writer_opts writer = { .loop = f.loop, .progress = on_log, .ctx = &f, .cpu = -1 };
    if (sapa_engine_new(&engine, &f.engine) != SAPA_OK || sapa_log_writer_start(f.store, &writer, &f.writer) != SAPA_OK)
        return 1;
    sapa_record_init(&in, SAPA_T_centre_started);
    (void)sapa_sized_set(&in.u.centre_started.centre_hash, sapa_str_of(centre->hash));
    in.u.centre_started.epoch = epoch;
    put(&f, &in, 0);
    for (uint32_t agent = 0; agent < centre->agents_count; agent++) {
        sapa_record_init(&in, SAPA_T_agent_device);
        in.u.agent_device.agent = agent;
        in.u.agent_device.reachable = 1;
        put(&f, &in, 1000);
        sapa_record_init(&in, SAPA_T_agent_command);
        in.u.agent_command.agent = agent;
        in.u.agent_command.verb = SAPA_VERB_READY;
        in.u.agent_command.code = SAPA_NONE;
        put(&f, &in, 1000);
    }
    for (uint64_t contact = 1; sapa_engine_stats(f.engine).seq < events; contact++) {
        if (!saved && sapa_engine_stats(f.engine).seq + behind >= events && !(saved = snapshot(&f)))
            return 1;
        one_call(&f, UINT64_C(1) << 54 | contact); /* ids of node 1: node 0 is the core's own */
        if (contact % 20000 == 0 && isatty(2))
            fprintf(stderr, "\r%llu of %llu events", (unsigned long long)sapa_engine_stats(f.engine).seq, (unsigned long long)events);
    }
    if (isatty(2))
        fputs("\n", stderr);
    const uint64_t seq = sapa_engine_stats(f.engine).seq;
    if ((!saved && !snapshot(&f)) || sapa_log_writer_stop(f.writer) != seq)
        return 1;
    printf("%llu\n", (unsigned long long)seq);
    sapa_store_close(f.store);
    return 0;
}
