#include "app/engine.h"

#include <stdlib.h>

#include "app/people.h"
#include "base/log.h"

enum {
    STEP_BYTES_FIRST = 64 * 1024,
    STEP_RECORDS_FIRST = 64,
    KEPT_MAX = 200000,   /* living legs, living contacts */
    TALKED_MAX = SAPA_PEOPLE_KEPT_MAX,
    ENCODED_MAX = SAPA_RECORD_ENCODED_MAX,
    SAVED_MAX = 512 << 20,
    RELEASE_AGAIN_US = 2000,
};

/* An encoded record that must outlive a restart: clear part, then pii part. */
struct kept {
    uint64_t key; /* leg, contact, or recording */
    uint8_t *bytes;
    uint32_t clear_size, pii_size;
};

/* A person's last conversation. Agents by key, so that it outlives descriptions. */
struct talked {
    uint64_t person, agent_key;
};

struct agent_of_key {
    uint64_t key, agent;
};

struct held {
    uint64_t seq; /* leaves when the log is safe up to here */
    struct sapa_record *command;
};

struct sapa_engine {
    struct sapa_engine_options options;
    struct sapa_clock *clock;
    struct sapa_timer timer, release_timer;
    bool running;
    /* the step at hand: its records, copied one behind the other */
    uint8_t *step_bytes;
    size_t step_size, step_room;
    size_t *step_offsets;
    size_t step_count, step_offset_room;
    /* commands that wait, a ring */
    struct held *held;
    size_t held_first, held_count, held_room;
    size_t step_held; /* of the step at hand: their seq is not known yet */
    struct sapa_table dialogs, arrived, recordings, talked;
    struct sapa_record beginning; /* the last arrival, or call that an agent asked for */
    uint32_t forget_next; /* of `talked` */
    /* replay: what the core says now, to be compared with what the log says next */
    bool replaying;
    size_t compared;
    struct sapa_engine_stats stats;
};

/* ---- memory that grows ---- */

static void *grown(void *old, size_t *room, size_t wanted, size_t item)
{
    size_t next = *room;

    while (next < wanted)
        next *= 2;
    void *bigger = realloc(old, next * item);
    sapa_assert(bigger != NULL); /* a step is at most a few hundred kB */
    *room = next;
    return bigger;
}

static struct sapa_record *step_add(struct sapa_engine *engine, const struct sapa_record *record)
{
    const size_t size = (sapa_record_size(record) + 7) & ~(size_t)7;

    if (engine->step_size + size > engine->step_room)
        engine->step_bytes = grown(engine->step_bytes, &engine->step_room, engine->step_size + size, 1);
    if (engine->step_count == engine->step_offset_room)
        engine->step_offsets = grown(engine->step_offsets, &engine->step_offset_room, engine->step_count + 1,
                                     sizeof(*engine->step_offsets));
    struct sapa_record *copy = (struct sapa_record *)(void *)(engine->step_bytes + engine->step_size);
    memcpy(copy, record, sapa_record_size(record));
    engine->step_offsets[engine->step_count++] = engine->step_size;
    engine->step_size += size;
    return copy;
}

static struct sapa_record *step_at(const struct sapa_engine *engine, size_t index)
{
    return (struct sapa_record *)(void *)(engine->step_bytes + engine->step_offsets[index]);
}

/* ---- what a restart needs beside the core ---- */

static void kept_drop(struct sapa_table *table, uint64_t key)
{
    struct kept *kept = sapa_table_find(table, key);

    if (!kept)
        return;
    free(kept->bytes);
    sapa_table_remove(table, kept);
}

static void kept_set(struct sapa_table *table, uint64_t key, const struct sapa_record *record)
{
    uint8_t clear_bytes[ENCODED_MAX], pii_bytes[ENCODED_MAX];
    struct sapa_writer clear = sapa_writer_of(clear_bytes, sizeof(clear_bytes));
    struct sapa_writer pii = sapa_writer_of(pii_bytes, sizeof(pii_bytes));
    struct kept *kept = NULL;

    sapa_record_encode(record, &clear, &pii);
    sapa_assert(!clear.bad && !pii.bad);
    kept_drop(table, key);
    uint8_t *bytes = malloc(clear.n + pii.n);
    if (!bytes || sapa_table_add(table, key, &kept) != SAPA_OK) {
        free(bytes);
        sapa_log(SAPA_LOG_WARN, "engine.keep", "no room for what a restart would need, ignoring");
        return;
    }
    memcpy(bytes, clear_bytes, clear.n);
    if (pii.n > 0)
        memcpy(bytes + clear.n, pii_bytes, pii.n);
    kept->bytes = bytes;
    kept->clear_size = (uint32_t)clear.n;
    kept->pii_size = (uint32_t)pii.n;
}

static void kept_get(const struct kept *kept, struct sapa_record *ret)
{
    const struct sapa_str clear = { (const char *)kept->bytes, kept->clear_size };
    const struct sapa_str pii = { (const char *)kept->bytes + kept->clear_size, kept->pii_size };
    const sapa_rc rc = sapa_record_decode(clear, pii, ret);
    sapa_assert(rc == SAPA_OK); /* we encoded it */
}

static bool kept_next(const struct sapa_table *table, uint32_t *cursor, struct sapa_record *ret)
{
    if (*cursor >= table->count)
        return false;
    kept_get(sapa_table_at(table, (*cursor)++), ret);
    return true;
}

/* FNV-1a */
static uint64_t key_of(struct sapa_str key)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < key.n; i++)
        hash = (hash ^ (uint8_t)key.p[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static void talked_set(struct sapa_engine *engine, uint64_t person, uint64_t agent_key)
{
    struct talked *talked = sapa_table_find(&engine->talked, person);

    if (!talked && engine->talked.count == TALKED_MAX)
        sapa_table_remove(&engine->talked, sapa_table_at(&engine->talked, engine->forget_next++ % TALKED_MAX));
    if (talked || sapa_table_add(&engine->talked, person, &talked) == SAPA_OK)
        talked->agent_key = agent_key;
}

static void note_talk(struct sapa_engine *engine, const struct sapa_record *record)
{
    const struct sapa_rec_contact_connected *in = &record->u.contact_connected;
    const struct sapa_centre *centre = sapa_core_centre_now(engine->options.core);
    struct sapa_contact_view view;

    if (sapa_core_contact_get(engine->options.core, in->contact, record->at_us, &view) == SAPA_OK && view.person != 0 &&
        in->agent < centre->agents_count)
        talked_set(engine, view.person, key_of(centre->agents[in->agent].key));
}

static uint64_t *party_type_of(struct sapa_record *beginning)
{
    return beginning->type == SAPA_T_agent_call ? &beginning->u.agent_call.party_type : &beginning->u.contact_arrived.party_type;
}

/* The contact is there, as the core has decided: an arrival that is refused unseen, and a call that is denied, have none. */
static void note_new(struct sapa_engine *engine, const struct sapa_rec_contact_new *in)
{
    struct sapa_record *beginning = &engine->beginning;
    const uint64_t contact = beginning->type == SAPA_T_agent_call ? beginning->u.agent_call.contact
                           : beginning->type == SAPA_T_contact_arrived ? beginning->u.contact_arrived.contact : 0;

    if (contact == 0 || contact != in->contact)
        return;
    *party_type_of(beginning) = in->party_type;
    kept_set(&engine->arrived, contact, beginning);
}

static void note_party(struct sapa_engine *engine, const struct sapa_rec_contact_party *in)
{
    static struct sapa_record beginning; /* the centre thread's */
    const struct kept *kept = sapa_table_find(&engine->arrived, in->contact);

    if (!kept)
        return;
    kept_get(kept, &beginning);
    if (*party_type_of(&beginning) == SAPA_PARTY_TYPE_INTERNAL + 1)
        return;
    *party_type_of(&beginning) = in->party_type;
    kept_set(&engine->arrived, in->contact, &beginning);
}

/* Every record that stands in the log comes by here once. */
static void note(struct sapa_engine *engine, const struct sapa_record *record)
{
    switch (record->type) {
    case SAPA_T_dialog:
        if (record->u.dialog.closed)
            kept_drop(&engine->dialogs, record->u.dialog.leg);
        else
            kept_set(&engine->dialogs, record->u.dialog.leg, record);
        break;
    case SAPA_T_contact_arrived:
    case SAPA_T_agent_call: memcpy(&engine->beginning, record, sapa_record_size(record)); break;
    case SAPA_T_contact_new: note_new(engine, &record->u.contact_new); break;
    case SAPA_T_contact_party: note_party(engine, &record->u.contact_party); break;
    case SAPA_T_contact_connected: note_talk(engine, record); break;
    case SAPA_T_recording_state:
        if (record->u.recording_state.state > 2)
            kept_drop(&engine->recordings, record->u.recording_state.recording);
        else if (record->u.recording_state.path.n > 0)
            kept_set(&engine->recordings, record->u.recording_state.recording, record);
        break;
    case SAPA_T_contact_ended: kept_drop(&engine->arrived, record->u.contact_ended.contact); break;
    case SAPA_T_centre_started:
        if (engine->options.names &&
            sapa_names_take(engine->options.names, sapa_core_centre_now(engine->options.core)) != SAPA_OK)
            sapa_log(SAPA_LOG_ERROR, "engine.names", "out of memory: live figures keep the old names, ignoring");
        break;
    default: break;
    }
    if (engine->options.live && sapa_live_fold(engine->options.live, record) != SAPA_OK)
        sapa_log(SAPA_LOG_ERROR, "engine.live", "a record does not fit into the live figures, ignoring");
}

/* ---- commands ---- */

static void hold(struct sapa_engine *engine, const struct sapa_record *command)
{
    const size_t size = sapa_record_size(command);
    struct sapa_record *copy = malloc(size);

    sapa_assert(copy != NULL);
    memcpy(copy, command, size);
    if (engine->held_count == engine->held_room) { /* unroll the ring into a larger one */
        const size_t room = engine->held_room * 2;
        struct held *bigger = malloc(room * sizeof(*bigger));
        sapa_assert(bigger != NULL);
        for (size_t i = 0; i < engine->held_count; i++)
            bigger[i] = engine->held[(engine->held_first + i) % engine->held_room];
        free(engine->held);
        engine->held = bigger, engine->held_first = 0, engine->held_room = room;
    }
    engine->held[(engine->held_first + engine->held_count++) % engine->held_room] =
        (struct held){ .seq = UINT64_MAX, .command = copy };
    engine->step_held++;
}

static void release_again(void *ctx);

static void release(struct sapa_engine *engine)
{
    while (engine->held_count > 0) {
        struct held *first = &engine->held[engine->held_first];
        if (first->seq > engine->stats.committed)
            return;
        if (engine->options.ports.command(engine->options.ports.ctx, first->command) == SAPA_ELIMIT) {
            sapa_timer_set(engine->options.loop, &engine->release_timer, RELEASE_AGAIN_US, release_again, engine);
            return;
        }
        free(first->command);
        engine->held_first = (engine->held_first + 1) % engine->held_room;
        engine->held_count--;
    }
}

static void release_again(void *ctx)
{
    release(ctx);
}

/*
 * A command without a promise may overtake others only where nobody can see it: when none waits.
 */
static void take_command(struct sapa_engine *engine, const struct sapa_record *command)
{
    engine->stats.commands++;
    if ((command->flags & SAPA_RECORD_NO_PROMISE) && engine->held_count == 0 &&
        engine->options.ports.command(engine->options.ports.ctx, command) != SAPA_ELIMIT)
        return;
    hold(engine, command);
}

/* ---- steps ---- */

static void emit(void *ctx, const struct sapa_record *record)
{
    struct sapa_engine *engine = ctx;

    if (sapa_type_is_command(record->type)) {
        if (!engine->replaying)
            take_command(engine, record);
        return;
    }
    struct sapa_record *event = step_add(engine, record);
    if (engine->replaying)
        return;
    event->seq = ++engine->stats.seq;
    engine->stats.events++;
    engine->stats.refused += event->type == SAPA_T_refused;
}

static void on_timer(void *ctx);

static void arm(struct sapa_engine *engine)
{
    const int64_t due_us = sapa_core_next_due(engine->options.core);
    const int64_t now_us = sapa_clock_core_us(engine->clock); /* once: the clock goes on between two looks, and SAPA_MAX looks twice */

    if (!engine->running)
        return;
    if (due_us == INT64_MAX)
        sapa_timer_cancel(engine->options.loop, &engine->timer);
    else
        sapa_timer_set(engine->options.loop, &engine->timer, SAPA_MAX(due_us - now_us, 0), on_timer, engine);
}

sapa_rc sapa_engine_input(struct sapa_engine *engine, struct sapa_record *input)
{
    const struct sapa_core_out out = { emit, engine };
    const struct sapa_record *records[256];
    const struct sapa_engine_ports *ports = &engine->options.ports;

    sapa_assert(sapa_type_is_input(input->type));
    if (!ports->log_ready(ports->ctx))
        return SAPA_EAGAIN;
    input->at_us = sapa_clock_core_us(engine->clock);
    input->seq = ++engine->stats.seq;
    engine->stats.inputs++;
    engine->step_size = engine->step_count = engine->step_held = 0;
    step_add(engine, input);
    sapa_core_step(engine->options.core, input, &out);
    for (size_t at = 0; at < engine->step_count;) {
        size_t n = 0;
        while (n < SAPA_COUNT(records) && at < engine->step_count) {
            records[n] = step_at(engine, at++);
            note(engine, records[n++]);
        }
        ports->log(ports->ctx, records, n, at == engine->step_count);
    }
    for (size_t i = engine->held_count - engine->step_held; i < engine->held_count; i++)
        engine->held[(engine->held_first + i) % engine->held_room].seq = engine->stats.seq;
    arm(engine);
    return SAPA_OK;
}

static void on_timer(void *ctx)
{
    struct sapa_engine *engine = ctx;
    struct sapa_record tick;

    if (sapa_core_next_due(engine->options.core) > sapa_clock_core_us(engine->clock)) {
        arm(engine); /* the wall clock runs behind the monotonic one, or was set back */
        return;
    }
    sapa_record_init(&tick, SAPA_T_tick);
    if (sapa_engine_input(engine, &tick) != SAPA_OK)
        sapa_timer_set(engine->options.loop, &engine->timer, 10000, on_timer, engine);
}

void sapa_engine_start(struct sapa_engine *engine)
{
    engine->running = true;
    arm(engine);
}

void sapa_engine_committed(struct sapa_engine *engine, uint64_t seq)
{
    sapa_assert(seq <= engine->stats.seq);
    engine->stats.committed = SAPA_MAX(engine->stats.committed, seq);
    release(engine);
}

/* ---- replay ---- */

static sapa_rc differs(struct sapa_text *out, const struct sapa_record *logged, const struct sapa_record *now)
{
    sapa_text_add(out, SAPA_STR("logged: "));
    if (logged)
        sapa_record_print(logged, out);
    else
        sapa_text_add(out, SAPA_STR("nothing"));
    sapa_text_add(out, SAPA_STR("; now: "));
    if (now)
        sapa_record_print(now, out);
    else
        sapa_text_add(out, SAPA_STR("nothing"));
    return SAPA_ECORRUPT;
}

/* Events of the last input that the log does not have. */
static sapa_rc check_complete(struct sapa_engine *engine, const struct sapa_record *next, struct sapa_text *difference)
{
    if (engine->compared >= engine->step_count)
        return SAPA_OK;
    const struct sapa_record *missing = step_at(engine, engine->compared);
    engine->compared = engine->step_count;
    return differs(difference, next, missing);
}

sapa_rc sapa_engine_replay(struct sapa_engine *engine, const struct sapa_record *record, struct sapa_text *difference)
{
    const struct sapa_core_out out = { emit, engine };
    sapa_rc rc = SAPA_OK;

    sapa_assert(!engine->running);
    engine->stats.seq = engine->stats.committed = record->seq;
    if (sapa_type_is_event(record->type)) {
        note(engine, record);
        if (engine->compared >= engine->step_count)
            return differs(difference, record, NULL);
        const struct sapa_record *now = step_at(engine, engine->compared++);
        return sapa_record_equal(record, now) ? SAPA_OK : differs(difference, record, now);
    }
    rc = check_complete(engine, record, difference);
    engine->step_size = engine->step_count = engine->compared = 0;
    engine->replaying = true;
    sapa_core_step(engine->options.core, record, &out);
    engine->replaying = false;
    note(engine, record);
    return rc;
}

sapa_rc sapa_engine_replayed(struct sapa_engine *engine, struct sapa_text *difference)
{
    const sapa_rc rc = check_complete(engine, NULL, difference);

    engine->step_size = engine->step_count = engine->compared = 0;
    sapa_clock_core_floor(engine->clock, sapa_core_now(engine->options.core));
    return rc;
}

/* ---- snapshots: version, description's hash, core, dialogs, arrived, recordings, live, talked ---- */

struct growing {
    uint8_t *bytes;
    size_t n, room;
};

static bool put(void *ctx, const void *bytes, size_t n)
{
    struct growing *g = ctx;

    if (g->n + n > g->room) {
        size_t room = g->room ? g->room : 64 * 1024;
        while (room < g->n + n)
            room *= 2;
        uint8_t *bigger = room <= SAVED_MAX ? realloc(g->bytes, room) : NULL;
        if (!bigger)
            return false;
        g->bytes = bigger, g->room = room;
    }
    memcpy(g->bytes + g->n, bytes, n);
    g->n += n;
    return true;
}

static bool put_number(struct growing *g, uint64_t number)
{
    uint8_t bytes[10];
    struct sapa_writer w = sapa_writer_of(bytes, sizeof(bytes));

    sapa_put_u64(&w, number);
    return put(g, bytes, w.n);
}

/* A part and its size, the size in front in four bytes that are filled in afterwards. */
static size_t part_begin(struct growing *g)
{
    return put(g, "\0\0\0\0", 4) ? g->n : SIZE_MAX;
}

static void part_end(struct growing *g, size_t start)
{
    struct sapa_writer w = sapa_writer_of(g->bytes + start - 4, 4);

    sapa_put_fixed32(&w, (uint32_t)(g->n - start));
}

static bool put_kept(struct growing *g, const struct sapa_table *table)
{
    bool good = put_number(g, table->count);

    for (uint32_t i = 0; good && i < table->count; i++) {
        const struct kept *kept = sapa_table_at(table, i);
        good = put_number(g, kept->key) && put_number(g, kept->clear_size) && put_number(g, kept->pii_size) &&
               put(g, kept->bytes, (size_t)kept->clear_size + kept->pii_size);
    }
    return good;
}

sapa_rc sapa_engine_save(const struct sapa_engine *engine, uint8_t **ret_bytes, size_t *ret_size, uint64_t *ret_seq)
{
    struct growing g = { 0 };
    const struct sapa_save save = { put, &g };
    const struct sapa_centre *centre = sapa_core_centre_now(engine->options.core);
    size_t part;
    bool good = centre && put_number(&g, SAPA_ENGINE_SNAPSHOT_VERSION) && put(&g, centre->hash, 64) &&
                put_number(&g, engine->stats.seq) && (part = part_begin(&g)) != SIZE_MAX &&
                sapa_core_save(engine->options.core, put, &g) == SAPA_OK;

    if (good) {
        part_end(&g, part);
        good = put_kept(&g, &engine->dialogs) && put_kept(&g, &engine->arrived) && put_kept(&g, &engine->recordings) &&
                put_number(&g, engine->options.live != NULL);
    }
    if (good && engine->options.live)
        good = sapa_names_save(engine->options.names, &save) == SAPA_OK &&
               sapa_live_save(engine->options.live, &save) == SAPA_OK;
    good = good && put_number(&g, engine->talked.count);
    for (uint32_t i = 0; good && i < engine->talked.count; i++) {
        const struct talked *talked = sapa_table_at(&engine->talked, i);
        good = put_number(&g, talked->person) && put_number(&g, talked->agent_key);
    }
    if (!good) {
        free(g.bytes);
        return SAPA_ENOMEM;
    }
    *ret_bytes = g.bytes, *ret_size = g.n, *ret_seq = engine->stats.seq;
    return SAPA_OK;
}

sapa_rc sapa_engine_snapshot_hash(const uint8_t *bytes, size_t size, char ret_hash[65])
{
    struct sapa_reader r = sapa_reader_of(bytes, size);
    const uint64_t version = sapa_get_u64(&r);
    const uint8_t *hash = sapa_get_raw(&r, 64);

    if (!hash)
        return SAPA_ECORRUPT;
    if (version < SAPA_ENGINE_SNAPSHOT_VERSION_MIN || version > SAPA_ENGINE_SNAPSHOT_VERSION)
        return SAPA_EVERSION;
    memcpy(ret_hash, hash, 64);
    ret_hash[64] = '\0';
    return SAPA_OK;
}

static sapa_rc get_kept(struct sapa_reader *r, struct sapa_table *table)
{
    const uint64_t count = sapa_get_u64(r);

    for (uint64_t i = 0; i < count && !r->bad; i++) {
        const uint64_t key = sapa_get_u64(r), clear = sapa_get_u64(r), pii = sapa_get_u64(r);
        static struct sapa_record record;
        if (clear > ENCODED_MAX || pii > ENCODED_MAX)
            return SAPA_ECORRUPT;
        const uint8_t *bytes = sapa_get_raw(r, clear + pii);
        if (!bytes)
            return SAPA_ECORRUPT;
        const sapa_rc rc = sapa_record_decode((struct sapa_str){ (const char *)bytes, clear },
                                              (struct sapa_str){ (const char *)bytes + clear, pii }, &record);
        if (rc != SAPA_OK)
            return rc;
        kept_set(table, key, &record);
    }
    return r->bad ? SAPA_ECORRUPT : SAPA_OK;
}

static sapa_rc get_talked(struct sapa_engine *engine, struct sapa_reader *r)
{
    const uint64_t count = sapa_get_u64(r);

    if (r->bad || count > TALKED_MAX)
        return SAPA_ECORRUPT;
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t person = sapa_get_u64(r), agent_key = sapa_get_u64(r);
        if (r->bad || person == 0)
            return SAPA_ECORRUPT;
        talked_set(engine, person, agent_key);
    }
    return SAPA_OK;
}

static bool get(void *ctx, void *bytes, size_t n)
{
    const uint8_t *from = sapa_get_raw(ctx, n);

    if (from)
        memcpy(bytes, from, n);
    return from != NULL;
}

sapa_rc sapa_engine_load(struct sapa_engine *engine, const uint8_t *bytes, size_t size)
{
    struct sapa_reader r = sapa_reader_of(bytes, size);
    const struct sapa_load load = { get, &r };
    char hash[65];
    sapa_rc rc = sapa_engine_snapshot_hash(bytes, size, hash);

    if (rc != SAPA_OK)
        return rc;
    const uint64_t version = sapa_get_u64(&r);
    (void)sapa_get_raw(&r, 64);
    engine->stats.seq = engine->stats.committed = sapa_get_u64(&r);
    const uint32_t core_size = sapa_get_fixed32(&r);
    const uint8_t *core = sapa_get_raw(&r, core_size);
    if (!core)
        return SAPA_ECORRUPT;
    if ((rc = sapa_core_load(engine->options.core, core, core_size)) != SAPA_OK ||
        (rc = get_kept(&r, &engine->dialogs)) != SAPA_OK || (rc = get_kept(&r, &engine->arrived)) != SAPA_OK ||
        (version >= 2 && (rc = get_kept(&r, &engine->recordings)) != SAPA_OK))
        return rc;
    const bool has_live = sapa_get_u64(&r) != 0;
    if (r.bad || has_live != (engine->options.live != NULL))
        return SAPA_ECORRUPT;
    if (has_live && ((rc = sapa_names_load(engine->options.names, &load)) != SAPA_OK ||
                     (rc = sapa_names_take(engine->options.names, sapa_core_centre_now(engine->options.core))) != SAPA_OK ||
                     (rc = sapa_live_load(engine->options.live, &load)) != SAPA_OK))
        return rc;
    if (version >= 2 && (rc = get_talked(engine, &r)) != SAPA_OK)
        return rc;
    return sapa_reader_left(&r) == 0 && !r.bad ? SAPA_OK : SAPA_ECORRUPT;
}

/* ---- life ---- */

sapa_rc sapa_engine_new(const struct sapa_engine_options *options, struct sapa_engine **ret)
{
    struct sapa_engine *engine = calloc(1, sizeof(*engine));

    if (!engine)
        return SAPA_ENOMEM;
    engine->options = *options;
    engine->clock = sapa_loop_clock(options->loop);
    engine->step_room = STEP_BYTES_FIRST, engine->step_offset_room = STEP_RECORDS_FIRST, engine->held_room = 64;
    engine->step_bytes = malloc(engine->step_room);
    engine->step_offsets = malloc(engine->step_offset_room * sizeof(*engine->step_offsets));
    engine->held = malloc(engine->held_room * sizeof(*engine->held));
    sapa_table_init(&engine->dialogs, sapa_memory_heap(), sizeof(struct kept), KEPT_MAX);
    sapa_table_init(&engine->arrived, sapa_memory_heap(), sizeof(struct kept), KEPT_MAX);
    sapa_table_init(&engine->talked, sapa_memory_heap(), sizeof(struct talked), TALKED_MAX);
    sapa_table_init(&engine->recordings, sapa_memory_heap(), sizeof(struct kept), KEPT_MAX);
    if (!engine->step_bytes || !engine->step_offsets || !engine->held) {
        sapa_engine_free(engine);
        return SAPA_ENOMEM;
    }
    *ret = engine;
    return SAPA_OK;
}

static void free_kept(struct sapa_table *table)
{
    for (uint32_t i = 0; i < table->count; i++)
        free(((struct kept *)sapa_table_at(table, i))->bytes);
    sapa_table_done(table);
}

void sapa_engine_free(struct sapa_engine *engine)
{
    if (!engine)
        return;
    sapa_timer_cancel(engine->options.loop, &engine->timer);
    sapa_timer_cancel(engine->options.loop, &engine->release_timer);
    for (size_t i = 0; i < engine->held_count; i++)
        free(engine->held[(engine->held_first + i) % engine->held_room].command);
    free_kept(&engine->dialogs);
    free_kept(&engine->arrived);
    sapa_table_done(&engine->talked);
    free_kept(&engine->recordings);
    free(engine->held);
    free(engine->step_offsets);
    free(engine->step_bytes);
    free(engine);
}

bool sapa_engine_dialog_next(const struct sapa_engine *engine, uint32_t *cursor, struct sapa_record *ret)
{
    return kept_next(&engine->dialogs, cursor, ret);
}

bool sapa_engine_arrived_next(const struct sapa_engine *engine, uint32_t *cursor, struct sapa_record *ret)
{
    return kept_next(&engine->arrived, cursor, ret);
}

sapa_rc sapa_engine_each_talked(const struct sapa_engine *engine, sapa_rc (*fn)(void *ctx, uint64_t person, uint32_t agent),
                                void *ctx)
{
    const struct sapa_centre *centre = sapa_core_centre_now(engine->options.core);
    const uint32_t count = centre && engine->talked.count > 0 ? centre->agents_count : 0;
    struct sapa_table agents;
    struct agent_of_key *agent;
    sapa_rc rc = SAPA_OK;

    sapa_table_init(&agents, sapa_memory_heap(), sizeof(struct agent_of_key), SAPA_AGENTS_MAX);
    for (uint32_t i = 0; rc == SAPA_OK && i < count; i++) {
        const uint64_t key = key_of(centre->agents[i].key);
        if (!sapa_table_find(&agents, key) && (rc = sapa_table_add(&agents, key, &agent)) == SAPA_OK)
            agent->agent = i;
    }
    for (uint32_t i = 0; rc == SAPA_OK && i < engine->talked.count; i++) {
        const struct talked *talked = sapa_table_at(&engine->talked, i);
        if ((agent = sapa_table_find(&agents, talked->agent_key))) /* else he works here no more */
            rc = fn(ctx, talked->person, (uint32_t)agent->agent);
    }
    sapa_table_done(&agents);
    return rc;
}

bool sapa_engine_recording_next(const struct sapa_engine *engine, uint32_t *cursor, struct sapa_record *ret)
{
    return kept_next(&engine->recordings, cursor, ret);
}

bool sapa_engine_recording_get(const struct sapa_engine *engine, uint64_t recording, struct sapa_record *ret)
{
    const struct kept *kept = sapa_table_find(&engine->recordings, recording);
    uint32_t at = kept ? (uint32_t)(kept - (const struct kept *)sapa_table_at(&engine->recordings, 0)) : 0;

    return kept && kept_next(&engine->recordings, &at, ret);
}

struct sapa_engine_stats sapa_engine_stats(const struct sapa_engine *engine)
{
    struct sapa_engine_stats stats = engine->stats;

    stats.held = engine->held_count;
    return stats;
}
