/* The engine with a real core: what waits for the log, what does not, and that replay tells the same story. */
#include "app/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/test_impl.h"

enum { START_WALL_S = 1767600000, LOG_MAX = 60000, COMMANDS_MAX = 60000 };

/* One centre with a log and a world that are lists. */
struct bench {
    struct sapa_centre *centre;
    struct sapa_clock clock;
    struct sapa_loop *loop;
    struct sapa_core *core;
    struct sapa_names names;
    struct sapa_live live;
    struct sapa_engine *engine;
    bool log_full;
    bool world_full;          /* commands are refused with ELIMIT */
    bool inside;              /* a slice was not the last of its step */
    size_t refusals;
    struct sapa_record **log;
    size_t log_count;
    size_t slices, steps;     /* calls of log, and those with `last` */
    size_t slice_max;
    struct sapa_record **commands;
    size_t command_count;
    uint64_t log_at_command[COMMANDS_MAX]; /* seq logged when the command left */
    uint64_t safe;            /* what was told to be committed when the last command left */
};

static struct sapa_record *copy_of(const struct sapa_record *record)
{
    struct sapa_record *copy = malloc(sapa_record_size(record));

    assert_non_null(copy);
    memcpy(copy, record, sapa_record_size(record));
    return copy;
}

static bool log_ready(void *ctx)
{
    return !((struct bench *)ctx)->log_full;
}

static void log_step(void *ctx, const struct sapa_record *const records[], size_t count, bool last)
{
    struct bench *b = ctx;

    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        assert_true(b->log_count < LOG_MAX);
        assert_int_equal(records[i]->seq, (b->log_count ? b->log[b->log_count - 1]->seq : b->safe) + 1);
        assert_true(!b->log_count || records[i]->at_us >= b->log[b->log_count - 1]->at_us);
        /* a step begins with its input, and has no other */
        assert_int_equal(sapa_type_is_input(records[i]->type), !b->inside && i == 0);
        b->log[b->log_count++] = copy_of(records[i]);
    }
    b->inside = !last;
    b->slices++;
    b->steps += last;
    b->slice_max = SAPA_MAX(b->slice_max, count);
}

static sapa_rc command(void *ctx, const struct sapa_record *record)
{
    struct bench *b = ctx;

    assert_true(sapa_type_is_command(record->type));
    if (b->world_full) {
        b->refusals++;
        return SAPA_ELIMIT;
    }
    assert_true(b->command_count < COMMANDS_MAX);
    b->log_at_command[b->command_count] = b->log_count;
    b->commands[b->command_count++] = copy_of(record);
    return SAPA_OK;
}

static void bench_open_at(struct bench *b, const char *text, int64_t wall_us)
{
    const struct sapa_core_options core = { .contacts_max = 2000 };

    memset(b, 0, sizeof(*b));
    b->log = calloc(LOG_MAX, sizeof(*b->log));
    b->commands = calloc(COMMANDS_MAX, sizeof(*b->commands));
    assert_true(b->log && b->commands);
    b->centre = test_centre(text);
    sapa_clock_init_manual(&b->clock, 1000000, wall_us);
    assert_int_equal(sapa_loop_new(&b->clock, &b->loop), SAPA_OK);
    assert_int_equal(sapa_core_new(&core, &b->core), SAPA_OK);
    sapa_names_init(&b->names, sapa_memory_heap());
    sapa_live_init(&b->live, sapa_memory_heap(), &b->names);
    const struct sapa_engine_options engine = {
        .loop = b->loop, .core = b->core, .live = &b->live, .names = &b->names,
        .ports = { .ctx = b, .log_ready = log_ready, .log = log_step, .command = command },
    };
    assert_int_equal(sapa_engine_new(&engine, &b->engine), SAPA_OK);
    assert_int_equal(sapa_core_centre(b->core, b->centre), SAPA_OK);
}

static void bench_open(struct bench *b)
{
    bench_open_at(b, TEST_CENTRE, START_WALL_S * INT64_C(1000000));
}

static void bench_close(struct bench *b)
{
    sapa_engine_free(b->engine);
    sapa_live_done(&b->live);
    sapa_names_done(&b->names);
    sapa_core_free(b->core);
    sapa_loop_free(b->loop);
    sapa_centre_free(b->centre);
    for (size_t i = 0; i < b->log_count; i++)
        free(b->log[i]);
    for (size_t i = 0; i < b->command_count; i++)
        free(b->commands[i]);
    free(b->log);
    free(b->commands);
}

/* ---- inputs ---- */

/* Contacts are numbered from 1 here; in the log they have the number of node 1 in front. */
static uint64_t id_of(uint64_t contact)
{
    return sapa_id_make(1, contact);
}

static void give(struct bench *b, struct sapa_record *input)
{
    assert_int_equal(sapa_engine_input(b->engine, input), SAPA_OK);
}

static void commit(struct bench *b)
{
    const uint64_t seq = sapa_engine_stats(b->engine).seq;

    b->safe = seq;
    sapa_engine_committed(b->engine, seq);
}

static void give_start(struct bench *b, uint64_t epoch)
{
    struct sapa_record in;

    sapa_record_init(&in, SAPA_T_centre_started);
    assert_true(sapa_sized_set(&in.u.centre_started.centre_hash, sapa_str_of(b->centre->hash)));
    in.u.centre_started.epoch = epoch;
    give(b, &in);
}

static void give_arrival(struct bench *b, uint64_t contact)
{
    struct sapa_record in;

    sapa_record_init(&in, SAPA_T_contact_arrived);
    in.u.contact_arrived.contact = id_of(contact);
    in.u.contact_arrived.number = 0;
    in.u.contact_arrived.trunk = SAPA_NONE;
    in.u.contact_arrived.last_agent = SAPA_NONE;
    in.u.contact_arrived.person = contact % 7;
    assert_true(sapa_sized_set(&in.u.contact_arrived.address, SAPA_STR("628123456")));
    give(b, &in);
}

static void give_answered(struct bench *b, uint64_t contact)
{
    struct sapa_record in;

    sapa_record_init(&in, SAPA_T_contact_answered);
    in.u.contact_answered.contact = id_of(contact);
    in.u.contact_answered.leg = contact + 1000000;
    give(b, &in);
}

static void give_gone(struct bench *b, uint64_t contact)
{
    struct sapa_record in;

    sapa_record_init(&in, SAPA_T_contact_gone);
    in.u.contact_gone.contact = id_of(contact);
    in.u.contact_gone.side = SAPA_SIDE_CUSTOMER;
    give(b, &in);
}

static void give_dialog(struct bench *b, uint64_t contact, uint64_t leg, uint64_t generation, bool closed)
{
    struct sapa_record in;

    sapa_record_init(&in, SAPA_T_dialog);
    in.u.dialog.contact = id_of(contact);
    in.u.dialog.leg = leg;
    in.u.dialog.generation = generation;
    in.u.dialog.closed = closed;
    in.u.dialog.person = contact % 7;
    assert_true(sapa_sized_set(&in.u.dialog.state, SAPA_STR("state of a dialog")));
    give(b, &in);
}

static void give_device(struct bench *b, uint32_t agent, bool reachable)
{
    struct sapa_record in;

    sapa_record_init(&in, SAPA_T_agent_device);
    in.u.agent_device.agent = agent;
    in.u.agent_device.reachable = reachable;
    give(b, &in);
}

static void give_verb(struct bench *b, uint32_t agent, enum sapa_verb verb, uint32_t code)
{
    struct sapa_record in;

    sapa_record_init(&in, SAPA_T_agent_command);
    in.u.agent_command.agent = agent;
    in.u.agent_command.verb = verb;
    in.u.agent_command.code = code;
    in.u.agent_command.request = 1;
    give(b, &in);
}

static void give_offer(struct bench *b, enum sapa_type type, uint64_t offer, uint64_t contact)
{
    struct sapa_record in;

    sapa_record_init(&in, type);
    switch (type) {
    case SAPA_T_offer_ringing: in.u.offer_ringing.offer = offer; break;
    case SAPA_T_offer_accepted:
        in.u.offer_accepted.offer = offer;
        in.u.offer_accepted.leg = offer + 2000000;
        break;
    case SAPA_T_offer_failed:
        in.u.offer_failed.offer = offer;
        in.u.offer_failed.result = SAPA_OFFER_REFUSED;
        in.u.offer_failed.cause = 486;
        break;
    case SAPA_T_agent_gone:
        in.u.agent_gone.offer = offer;
        in.u.agent_gone.contact = contact; /* as a command named it */
        in.u.agent_gone.side = SAPA_SIDE_AGENT;
        break;
    default: fail();
    }
    give(b, &in);
}

static const struct sapa_record *last_command(const struct bench *b, enum sapa_type type)
{
    for (size_t i = b->command_count; i-- > 0;) {
        if (b->commands[i]->type == type)
            return b->commands[i];
    }
    return NULL;
}

static const struct sapa_record *last_logged(const struct bench *b, enum sapa_type type)
{
    for (size_t i = b->log_count; i-- > 0;) {
        if (b->log[i]->type == type)
            return b->log[i];
    }
    return NULL;
}

static void open_shop(struct bench *b)
{
    give_start(b, 1);
    for (uint32_t agent = 0; agent < 2; agent++) {
        give_device(b, agent, true);
        give_verb(b, agent, SAPA_VERB_READY, SAPA_NONE);
    }
    commit(b);
}

/* ---- the promises ---- */

static void test_a_promise_waits_for_the_log(void **state)
{
    static struct bench b;

    (void)state;
    bench_open(&b);
    open_shop(&b);
    const size_t before = b.command_count;
    give_arrival(&b, 1);
    give_answered(&b, 1);
    assert_non_null(last_logged(&b, SAPA_T_offer_made)); /* decided and logged … */
    assert_null(last_command(&b, SAPA_T_cmd_offer));     /* … and nobody hears of it yet */
    assert_true(sapa_engine_stats(b.engine).held > 0);
    /* committed only up to the arrival: what came later still waits */
    const struct sapa_record *offered = last_logged(&b, SAPA_T_offer_made);
    sapa_engine_committed(b.engine, offered->seq - 1);
    assert_null(last_command(&b, SAPA_T_cmd_offer));
    commit(&b);
    assert_non_null(last_command(&b, SAPA_T_cmd_offer));
    assert_int_equal(sapa_engine_stats(b.engine).held, 0);
    assert_true(b.command_count > before);
    /* an older number again changes nothing */
    sapa_engine_committed(b.engine, 1);
    assert_int_equal(sapa_engine_stats(b.engine).committed, sapa_engine_stats(b.engine).seq);
    bench_close(&b);
}

/*
 * What promises nothing leaves at once, but never before something that waits: whenever the log is
 * safe, the world hears the same commands in the same order.
 */
static void test_no_promise_never_overtakes(void **state)
{
    static struct bench b, prompt;
    size_t at_once = 0;

    (void)state;
    bench_open(&b);
    bench_open(&prompt);
    open_shop(&b);
    open_shop(&prompt);
    for (uint64_t contact = 1; contact <= 60; contact++) {
        const size_t before = b.command_count;
        const bool waiting = sapa_engine_stats(b.engine).held > 0;
        give_arrival(&b, contact);
        give_arrival(&prompt, contact);
        commit(&prompt);
        if (waiting)
            assert_int_equal(b.command_count, before);
        for (size_t i = before; i < b.command_count; i++) {
            assert_true(b.commands[i]->flags & SAPA_RECORD_NO_PROMISE);
            at_once++;
        }
        give_answered(&b, contact);
        give_answered(&prompt, contact);
        commit(&prompt);
        if (contact % 3 == 0)
            sapa_engine_committed(b.engine, b.log[b.log_count - 1 - contact % 5]->seq);
        if (contact % 7 == 0)
            commit(&b);
    }
    commit(&b);
    assert_true(at_once > 0);
    assert_int_equal(b.command_count, prompt.command_count);
    for (size_t i = 0; i < b.command_count; i++)
        assert_true(sapa_record_equal(b.commands[i], prompt.commands[i]));
    bench_close(&prompt);
    bench_close(&b);
}

static void test_a_full_world_is_asked_again(void **state)
{
    static struct bench b;

    (void)state;
    bench_open(&b);
    open_shop(&b);
    const size_t before = b.command_count;
    give_arrival(&b, 1);
    give_answered(&b, 1);
    b.world_full = true;
    commit(&b);
    const size_t held = sapa_engine_stats(b.engine).held;
    assert_true(held > 0);
    assert_int_equal(b.command_count - before + held, sapa_engine_stats(b.engine).commands - before);
    assert_int_equal(b.refusals, 1); /* the first was refused: those behind it are not even asked */
    /* nothing more happens in the centre, and still they leave once there is room */
    b.world_full = false;
    sapa_loop_advance(b.loop, 1000000);
    assert_int_equal(sapa_engine_stats(b.engine).held, 0);
    assert_non_null(last_command(&b, SAPA_T_cmd_offer));
    bench_close(&b);
}

static void test_a_slow_log_takes_nothing(void **state)
{
    static struct bench b;
    struct sapa_record in;

    (void)state;
    bench_open(&b);
    open_shop(&b);
    give_arrival(&b, 1);
    give_answered(&b, 1);
    commit(&b);
    const struct sapa_record *offer = last_command(&b, SAPA_T_cmd_offer);
    assert_non_null(offer);
    sapa_engine_start(b.engine);
    b.log_full = true;
    const uint64_t seq = sapa_engine_stats(b.engine).seq;
    sapa_record_init(&in, SAPA_T_contact_gone);
    in.u.contact_gone.contact = id_of(1);
    assert_int_equal(sapa_engine_input(b.engine, &in), SAPA_EAGAIN);
    sapa_loop_advance(b.loop, 8000000); /* the ring limit passes: its tick has to wait as well */
    assert_int_equal(sapa_engine_stats(b.engine).seq, seq);
    assert_int_equal(last_logged(&b, SAPA_T_offer_made)->u.offer_made.agent, offer->u.cmd_offer.agent);
    b.log_full = false;
    sapa_loop_advance(b.loop, 50000);
    commit(&b);
    const struct sapa_record *ended = last_logged(&b, SAPA_T_offer_ended);
    assert_non_null(ended);
    assert_int_equal(ended->u.offer_ended.result, SAPA_OFFER_NO_ANSWER);
    bench_close(&b);
}

/* The core's timers come by the loop; a wall clock that is set back must not make them run hot. */
static void test_timers_follow_the_core(void **state)
{
    static struct bench b;

    (void)state;
    bench_open(&b);
    open_shop(&b);
    sapa_engine_start(b.engine);
    give_arrival(&b, 1);
    give_answered(&b, 1);
    commit(&b);
    sapa_clock_step_wall(&b.clock, -2000000);
    const uint64_t inputs = sapa_engine_stats(b.engine).inputs;
    sapa_loop_advance(b.loop, 1000000);
    assert_true(sapa_engine_stats(b.engine).inputs - inputs < 5);
    sapa_loop_advance(b.loop, 10000000);
    commit(&b);
    assert_non_null(last_logged(&b, SAPA_T_offer_ended));
    bench_close(&b);
}

/* A step with more events than a slice holds arrives whole, in order, with one `last`. */
static void test_a_long_step_comes_in_slices(void **state)
{
    static struct bench b;

    (void)state;
    bench_open(&b);
    open_shop(&b);
    for (uint64_t contact = 1; contact <= 300; contact++) {
        give_arrival(&b, contact);
        give_answered(&b, contact);
    }
    commit(&b);
    /* the queue is gone from the new description: everybody in it is told at once */
    struct sapa_centre *first = b.centre;
    b.centre = test_centre("version: 1\nsystem: { languages: [en] }\nclients: { toko: { name: Toko, language: en } }\n"
                           "queues: { other: { name: Other, client: toko } }\n"
                           "numbers: { \"100\": { client: toko, flow: main } }\n"
                           "flows: { main: { start: wait, nodes: { wait: { do: queue, queue: other, on_overflow: bye }, "
                           "bye: { do: hangup } } } }\n");
    assert_int_equal(sapa_core_centre(b.core, b.centre), SAPA_OK);
    const size_t steps = b.steps, slices = b.slices;
    give_start(&b, 1);
    assert_int_equal(b.steps, steps + 1);
    assert_true(b.slices > slices + 1);
    assert_true(b.slice_max <= 256);
    assert_false(b.inside);
    commit(&b);
    bench_close(&b);
    sapa_centre_free(first);
}

/* ---- what a restart needs ---- */

static uint32_t count_kept(const struct bench *b, bool (*next)(const struct sapa_engine *, uint32_t *, struct sapa_record *),
                           uint64_t leg, struct sapa_record *ret)
{
    static struct sapa_record record;
    uint32_t cursor = 0, count = 0;

    while (next(b->engine, &cursor, &record)) {
        count++;
        if (ret && (leg == 0 || (record.type == SAPA_T_dialog && record.u.dialog.leg == leg)))
            *ret = record;
    }
    return count;
}

static void test_dialogs_and_arrivals_are_kept_while_they_live(void **state)
{
    static struct bench b;
    static struct sapa_record dialog;

    (void)state;
    bench_open(&b);
    open_shop(&b);
    give_arrival(&b, 1);
    give_arrival(&b, 2);
    give_answered(&b, 1);
    assert_int_equal(count_kept(&b, sapa_engine_arrived_next, 0, NULL), 2);
    give_dialog(&b, 1, 11, 1, false);
    give_dialog(&b, 2, 12, 1, false);
    give_dialog(&b, 1, 11, 2, false);
    assert_int_equal(count_kept(&b, sapa_engine_dialog_next, 11, &dialog), 2);
    assert_int_equal(dialog.u.dialog.generation, 2); /* the newest */
    assert_true(sapa_str_eq(sapa_sized_str(&dialog.u.dialog.state), SAPA_STR("state of a dialog")));
    give_dialog(&b, 1, 11, 3, true);
    assert_int_equal(count_kept(&b, sapa_engine_dialog_next, 0, NULL), 1);
    give_dialog(&b, 1, 99, 1, true); /* one that was never open */
    assert_int_equal(count_kept(&b, sapa_engine_dialog_next, 0, NULL), 1);
    give_gone(&b, 1);
    assert_int_equal(count_kept(&b, sapa_engine_arrived_next, 0, NULL), 1);
    give_gone(&b, 2);
    assert_int_equal(count_kept(&b, sapa_engine_arrived_next, 0, NULL), 0);
    /* the same contact twice is refused, and what is kept is the first */
    give_arrival(&b, 4);
    struct sapa_record in;
    sapa_record_init(&in, SAPA_T_contact_arrived);
    in.u.contact_arrived.contact = id_of(4);
    in.u.contact_arrived.last_agent = SAPA_NONE;
    assert_true(sapa_sized_set(&in.u.contact_arrived.address, SAPA_STR("another")));
    give(&b, &in);
    assert_int_equal(count_kept(&b, sapa_engine_arrived_next, 0, &dialog), 1);
    assert_true(sapa_str_eq(sapa_sized_str(&dialog.u.contact_arrived.address), SAPA_STR("628123456")));
    give_gone(&b, 4);
    /* one that the core refuses is not kept: number 5 does not exist */
    sapa_record_init(&in, SAPA_T_contact_arrived);
    in.u.contact_arrived.contact = id_of(3);
    in.u.contact_arrived.number = 5;
    in.u.contact_arrived.last_agent = SAPA_NONE;
    give(&b, &in);
    assert_int_equal(count_kept(&b, sapa_engine_arrived_next, 0, NULL), 0);
    bench_close(&b);
}

static void give_recording(struct bench *b, uint64_t recording, unsigned how, const char *path)
{
    struct sapa_record in;

    sapa_record_init(&in, SAPA_T_recording_state);
    in.u.recording_state.contact = id_of(1);
    in.u.recording_state.recording = recording;
    in.u.recording_state.state = how;
    assert_true(sapa_sized_set(&in.u.recording_state.path, sapa_str_of(path)));
    give(b, &in);
}

/* Files that nobody has ended: also of contacts that are over, and through a snapshot. */
static void test_recordings_are_kept_until_they_end(void **state)
{
    static struct bench b, again;
    static struct sapa_record kept;
    uint8_t *bytes;
    size_t size;
    uint64_t seq;

    (void)state;
    bench_open(&b);
    open_shop(&b);
    give_recording(&b, 70, 0, "shop/70.srec");
    give_recording(&b, 71, 0, "shop/71.srec");
    give_recording(&b, 72, 0, ""); /* no file: nothing to look for */
    give_recording(&b, 70, 1, "shop/70.srec");
    assert_int_equal(count_kept(&b, sapa_engine_recording_next, 0, NULL), 2);
    assert_true(sapa_engine_recording_get(b.engine, 70, &kept));
    assert_int_equal(kept.u.recording_state.recording, 70);
    assert_int_equal(kept.u.recording_state.state, 1);
    assert_int_equal(sapa_engine_save(b.engine, &bytes, &size, &seq), SAPA_OK);
    bench_open(&again);
    assert_int_equal(sapa_engine_load(again.engine, bytes, size), SAPA_OK);
    assert_true(sapa_engine_recording_get(again.engine, 71, &kept));
    assert_true(sapa_str_eq(sapa_sized_str(&kept.u.recording_state.path), SAPA_STR("shop/71.srec")));
    free(bytes);
    bench_close(&again);
    for (unsigned how = 3; how <= 5; how++) {
        give_recording(&b, 71, how, "shop/71.srec");
        assert_false(sapa_engine_recording_get(b.engine, 71, &kept));
        give_recording(&b, 71, 0, "shop/71.srec");
    }
    give_recording(&b, 70, 5, "shop/70.srec");
    assert_int_equal(count_kept(&b, sapa_engine_recording_next, 0, NULL), 1);
    bench_close(&b);
}

/* ---- save, load, replay ---- */

static uint64_t chance(uint64_t *random)
{
    *random ^= *random >> 12, *random ^= *random << 25, *random ^= *random >> 27;
    return *random * UINT64_C(2685821657736338717);
}

/* Something that a centre may live through: sensible, late, repeated and impossible inputs mixed. */
static void live_a_little(struct bench *b, uint64_t *random, uint64_t *next_contact)
{
    const uint64_t any = 1 + chance(random) % *next_contact;
    const struct sapa_record *offer = last_command(b, SAPA_T_cmd_offer);
    const uint64_t the_offer = offer ? offer->u.cmd_offer.offer - chance(random) % 3 : 1;

    switch (chance(random) % 12) {
    case 0: case 1: give_arrival(b, (*next_contact)++); break;
    case 2: give_answered(b, any); break;
    case 3: give_gone(b, any); break;
    case 4: give_offer(b, SAPA_T_offer_ringing, the_offer, any); break;
    case 5: case 6: give_offer(b, SAPA_T_offer_accepted, the_offer, any); break;
    case 7: give_offer(b, SAPA_T_offer_failed, the_offer, any); break;
    case 8: give_offer(b, SAPA_T_agent_gone, the_offer, offer ? offer->u.cmd_offer.contact : id_of(any)); break;
    case 9: give_verb(b, (uint32_t)(chance(random) % 3), (enum sapa_verb)(chance(random) % SAPA_VERB_COUNT), (uint32_t)(chance(random) % 3)); break;
    case 10: give_dialog(b, any, any * 3 + chance(random) % 2, chance(random) % 5, chance(random) % 3 == 0); break;
    default: sapa_loop_advance(b->loop, (int64_t)(chance(random) % 4000000)); break;
    }
    if (chance(random) % 3 == 0)
        commit(b);
}

struct saved {
    uint8_t *bytes;
    size_t size;
    uint64_t seq;
};

static struct saved save(const struct bench *b)
{
    struct saved s;

    assert_int_equal(sapa_engine_save(b->engine, &s.bytes, &s.size, &s.seq), SAPA_OK);
    return s;
}

struct bytes {
    uint8_t *p;
    size_t n;
};

static bool take_bytes(void *ctx, const void *bytes, size_t n)
{
    struct bytes *b = ctx;

    b->p = realloc(b->p, b->n + n + 1);
    assert_non_null(b->p);
    memcpy(b->p + b->n, bytes, n);
    b->n += n;
    return true;
}

static void same_kept(const struct bench *a, const struct bench *b,
                      bool (*next)(const struct sapa_engine *, uint32_t *, struct sapa_record *))
{
    static struct sapa_record one, other;
    uint32_t at_one = 0, at_other = 0;

    while (next(a->engine, &at_one, &one)) {
        assert_true(next(b->engine, &at_other, &other));
        assert_true(sapa_record_equal(&one, &other));
    }
    assert_false(next(b->engine, &at_other, &other));
}

static char *view_of(struct bench *b, int64_t now_us)
{
    enum { SIZE = 1 << 20 };
    static struct sapa_view_queue queues[8];
    static struct sapa_view_agent agents[8];
    static struct sapa_view_call calls[500];
    static struct sapa_view_news news[SAPA_LIVE_NEWS_MAX];
    const struct sapa_view_room room = { queues, agents, calls, news, 8, 8, 500, SAPA_LIVE_NEWS_MAX };
    struct sapa_view view;
    struct sapa_text text;
    char *buf = malloc(SIZE);

    assert_non_null(buf);
    assert_int_equal(sapa_live_view(&b->live, now_us, SAPA_LANGUAGE_EN, &room, &view), SAPA_OK);
    sapa_text_init(&text, buf, SIZE);
    sapa_view_json(&view, &text);
    assert_false(text.cut);
    return buf;
}

/* The core to the last byte, what a restart needs, and everything that `sapa top` shows. */
static void same_state(struct bench *a, struct bench *b)
{
    const int64_t now_us = sapa_core_now(a->core);
    struct bytes one = { NULL, 0 }, other = { NULL, 0 };

    assert_int_equal(sapa_core_now(b->core), now_us);
    assert_int_equal(sapa_core_save(a->core, take_bytes, &one), SAPA_OK);
    assert_int_equal(sapa_core_save(b->core, take_bytes, &other), SAPA_OK);
    assert_int_equal(one.n, other.n);
    assert_memory_equal(one.p, other.p, one.n);
    free(one.p), free(other.p);
    same_kept(a, b, sapa_engine_dialog_next);
    same_kept(a, b, sapa_engine_arrived_next);
    same_kept(a, b, sapa_engine_recording_next);
    char *text = view_of(a, now_us), *again = view_of(b, now_us);
    assert_string_equal(text, again);
    free(text), free(again);
}

static void replay_rest(struct bench *to, const struct bench *from, uint64_t after_seq)
{
    static char buf[4096];
    struct sapa_text difference;

    sapa_text_init(&difference, buf, sizeof(buf));
    for (size_t i = 0; i < from->log_count; i++) {
        if (from->log[i]->seq > after_seq && sapa_engine_replay(to->engine, from->log[i], &difference) != SAPA_OK)
            fail_msg("seq %llu: %s", (unsigned long long)from->log[i]->seq, buf);
    }
    assert_int_equal(sapa_engine_replayed(to->engine, &difference), SAPA_OK);
}

/*
 * The property behind every restart: a life from a snapshot and the log behind it is the life itself,
 * wherever the snapshot was taken.
 */
static void test_replay_is_the_life_itself(void **state)
{
    static struct bench b, from_start, from_snapshot;

    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        uint64_t random = seed * 7919, contacts = 1;
        bench_open(&b);
        open_shop(&b);
        sapa_engine_start(b.engine);
        const size_t length = 400 + chance(&random) % 400, save_at = chance(&random) % length;
        struct saved middle = { NULL, 0, 0 };
        for (size_t i = 0; i < length; i++) {
            if (i == save_at)
                middle = save(&b);
            live_a_little(&b, &random, &contacts);
        }
        sapa_core_check(b.core);
        const struct saved end = save(&b);

        bench_open(&from_start);
        replay_rest(&from_start, &b, 0);
        same_state(&from_start, &b);
        assert_int_equal(sapa_engine_stats(from_start.engine).seq, end.seq);
        assert_int_equal(from_start.log_count, 0); /* nothing is logged again, nothing is commanded again */
        assert_int_equal(from_start.command_count, 0);

        bench_open(&from_snapshot);
        char hash[65];
        assert_int_equal(sapa_engine_snapshot_hash(middle.bytes, middle.size, hash), SAPA_OK);
        assert_string_equal(hash, b.centre->hash);
        assert_int_equal(sapa_engine_load(from_snapshot.engine, middle.bytes, middle.size), SAPA_OK);
        replay_rest(&from_snapshot, &b, middle.seq);
        same_state(&from_snapshot, &b);
        sapa_core_check(from_snapshot.core);

        /* and it goes on from there: places in the log follow, time does not step back */
        from_snapshot.safe = end.seq;
        give_arrival(&from_snapshot, contacts);
        assert_int_equal(from_snapshot.log[0]->seq, end.seq + 1);
        assert_true(from_snapshot.log[0]->at_us >= b.log[b.log_count - 1]->at_us);
        free(middle.bytes), free(end.bytes);
        bench_close(&from_snapshot);
        bench_close(&from_start);
        bench_close(&b);
    }
}

struct pairs {
    uint64_t person[16];
    uint32_t agent[16], count;
};

static sapa_rc take_pair(void *ctx, uint64_t person, uint32_t agent)
{
    struct pairs *pairs = ctx;

    assert_true(pairs->count < 16);
    pairs->person[pairs->count] = person;
    pairs->agent[pairs->count++] = agent;
    return SAPA_OK;
}

/* Last agents survive a restart: from a snapshot, and from the log behind it. */
static void test_last_agents_are_remembered(void **state)
{
    static struct bench b, again;

    (void)state;
    bench_open(&b);
    open_shop(&b);
    struct pairs before = { .count = 0 }, after = { .count = 0 };
    assert_int_equal(sapa_engine_each_talked(b.engine, take_pair, &before), SAPA_OK);
    assert_int_equal(before.count, 0);
    struct saved middle = { NULL, 0, 0 };
    for (uint64_t contact = 1; contact <= 8; contact++) { /* 7 is nobody's, 8 is the person of 1 */
        give_arrival(&b, contact);
        give_answered(&b, contact);
        commit(&b);
        const struct sapa_record *offer = last_command(&b, SAPA_T_cmd_offer);
        assert_non_null(offer);
        give_offer(&b, SAPA_T_offer_accepted, offer->u.cmd_offer.offer, contact);
        give_gone(&b, contact);
        for (uint32_t agent = 0; agent < b.centre->agents_count; agent++)
            give_verb(&b, agent, SAPA_VERB_READY, SAPA_NONE); /* out of wrap-up */
        commit(&b);
        if (contact == 4)
            middle = save(&b);
    }
    assert_int_equal(sapa_engine_each_talked(b.engine, take_pair, &before), SAPA_OK);
    assert_int_equal(before.count, 6);
    bench_open(&again);
    assert_int_equal(sapa_engine_load(again.engine, middle.bytes, middle.size), SAPA_OK);
    assert_int_equal(sapa_engine_each_talked(again.engine, take_pair, &after), SAPA_OK);
    assert_int_equal(after.count, 4);
    after.count = 0;
    replay_rest(&again, &b, middle.seq);
    assert_int_equal(sapa_engine_each_talked(again.engine, take_pair, &after), SAPA_OK);
    assert_memory_equal(&before, &after, sizeof(before));
    free(middle.bytes);
    bench_close(&again);
    bench_close(&b);
}

/* Change, drop or add one event of the log: replay must say so. */
static void test_replay_sees_a_changed_log(void **state)
{
    static struct bench b, again;
    static char buf[4096];
    struct sapa_text difference;

    (void)state;
    bench_open(&b);
    open_shop(&b);
    give_arrival(&b, 1);
    give_answered(&b, 1);
    commit(&b);
    for (int how = 0; how < 3; how++) {
        bool found = false, done = false;
        bench_open(&again);
        sapa_text_init(&difference, buf, sizeof(buf));
        for (size_t i = 0; i < b.log_count; i++) {
            struct sapa_record *record = copy_of(b.log[i]);
            const bool offer = record->type == SAPA_T_offer_made;
            if (offer && how == 0)
                record->u.offer_made.agent ^= 1;
            if (!(offer && how == 1))
                found |= sapa_engine_replay(again.engine, record, &difference) != SAPA_OK;
            if (offer && how == 2)
                found |= sapa_engine_replay(again.engine, record, &difference) != SAPA_OK;
            done |= offer;
            free(record);
        }
        found |= sapa_engine_replayed(again.engine, &difference) != SAPA_OK;
        assert_true(done);
        assert_true(found);
        assert_true(difference.n > 0);
        bench_close(&again);
    }
    bench_close(&b);
}

/* Damaged snapshots are refused, never believed and never fatal. */
static void test_a_damaged_snapshot_is_refused(void **state)
{
    static struct bench b, other;
    uint64_t random = 42, contacts = 1;

    (void)state;
    bench_open(&b);
    open_shop(&b);
    for (int i = 0; i < 60; i++)
        live_a_little(&b, &random, &contacts);
    struct saved whole = save(&b);
    for (size_t cut = 0; cut < whole.size; cut += 1 + whole.size / 97) {
        bench_open(&other);
        assert_int_not_equal(sapa_engine_load(other.engine, whole.bytes, cut), SAPA_OK);
        bench_close(&other);
    }
    uint8_t *longer = malloc(whole.size + 1);
    assert_non_null(longer);
    memcpy(longer, whole.bytes, whole.size);
    longer[whole.size] = 0;
    bench_open(&other);
    assert_int_equal(sapa_engine_load(other.engine, longer, whole.size + 1), SAPA_ECORRUPT);
    bench_close(&other);
    longer[0] ^= 0x40;
    char hash[65];
    assert_int_equal(sapa_engine_snapshot_hash(longer, whole.size, hash), SAPA_EVERSION);
    free(longer);
    free(whole.bytes);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_promise_waits_for_the_log),
        cmocka_unit_test(test_no_promise_never_overtakes),
        cmocka_unit_test(test_a_full_world_is_asked_again),
        cmocka_unit_test(test_a_slow_log_takes_nothing),
        cmocka_unit_test(test_timers_follow_the_core),
        cmocka_unit_test(test_a_long_step_comes_in_slices),
        cmocka_unit_test(test_dialogs_and_arrivals_are_kept_while_they_live),
        cmocka_unit_test(test_recordings_are_kept_until_they_end),
        cmocka_unit_test(test_replay_is_the_life_itself),
        cmocka_unit_test(test_last_agents_are_remembered),
        cmocka_unit_test(test_replay_sees_a_changed_log),
        cmocka_unit_test(test_a_damaged_snapshot_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
