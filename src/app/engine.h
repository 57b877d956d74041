/**
 * @file app/engine.h
 * The centre thread's heart: inputs go in one order through the core, everything is logged, and what
 * was promised leaves only when the log is safe.
 *
 *   input → core time, place in the log → core step → events get their places → all of it to the log
 *         → commands that promise nothing leave at once, the others wait until the log is safe so far
 *
 * Beside the core it keeps what a restart needs and the core does not know: the last dialog record of
 * each living leg and the contact_arrived or agent_call of each living contact. Both, with the core and the live
 * figures, make a snapshot.
 *
 * Room    app.   Thread  the centre thread.   Design  docs/design/processes.md   Tests  app/engine_test.c
 */
#ifndef SAPA_APP_ENGINE_H
#define SAPA_APP_ENGINE_H

#include "core/core.h"
#include "report/live.h"
#include "rt/loop.h"

struct sapa_engine;

/* 2: recordings that have not ended, and the last agents. Snapshots of 1 are read as well. */
enum { SAPA_ENGINE_SNAPSHOT_VERSION = 2, SAPA_ENGINE_SNAPSHOT_VERSION_MIN = 1 };

struct sapa_engine_ports {
    void *ctx;
    /** May another step be logged? False while the backlog of the log is too long. */
    bool (*log_ready)(void *ctx);
    /** One step for the log, an input and the events that came of it, to be committed together; a long step comes in slices. */
    void (*log)(void *ctx, const struct sapa_record *const records[], size_t count, bool last);
    /** A released command. SAPA_ELIMIT: not now, it is offered again a little later, and nothing behind it leaves before. */
    sapa_rc (*command)(void *ctx, const struct sapa_record *command);
};

struct sapa_engine_options {
    struct sapa_loop *loop;       /* timers; its clock is the core's */
    struct sapa_core *core;       /* borrowed */
    struct sapa_live *live;       /* borrowed; NULL: no live figures */
    struct sapa_names *names;     /* of `live`; NULL with it */
    struct sapa_engine_ports ports;
};

struct sapa_engine_stats {
    uint64_t inputs, events, commands, refused;
    uint64_t seq, committed;      /* last place given, last place that is safe */
    size_t held;                  /* commands that wait for the log */
};

SAPA_MUST_CHECK sapa_rc sapa_engine_new(const struct sapa_engine_options *options, struct sapa_engine **ret);
void sapa_engine_free(struct sapa_engine *engine);

/**
 * Take an input now: the live path. `input` gets its time and its place.
 * @retval SAPA_EAGAIN  the log takes nothing at the moment: keep it and come again after sapa_engine_committed()
 */
SAPA_MUST_CHECK sapa_rc sapa_engine_input(struct sapa_engine *engine, struct sapa_record *input);
/** Everything up to `seq` is safe: release what waited for it. */
void sapa_engine_committed(struct sapa_engine *engine, uint64_t seq);

/**
 * Take a record of the log again, at start: inputs go through the core, events are compared with
 * what the core says now, nothing is logged and no command leaves.
 * @retval SAPA_ECORRUPT  the decision differs from the logged one; `difference` tells (replay goes on)
 */
SAPA_MUST_CHECK sapa_rc sapa_engine_replay(struct sapa_engine *engine, const struct sapa_record *record,
                                           struct sapa_text *difference);
/** The end of the log is reached; the next input gets the place after it. SAPA_ECORRUPT as above: events are missing. */
SAPA_MUST_CHECK sapa_rc sapa_engine_replayed(struct sapa_engine *engine, struct sapa_text *difference);

/** Start taking timers of the core. */
void sapa_engine_start(struct sapa_engine *engine);

/** State into memory that grows; free(). `ret_seq`: the place in the log that it includes. */
SAPA_MUST_CHECK sapa_rc sapa_engine_save(const struct sapa_engine *engine, uint8_t **ret_bytes, size_t *ret_size,
                                         uint64_t *ret_seq);
/** Into a new engine whose core has been given the description that sapa_engine_snapshot_hash() names. */
SAPA_MUST_CHECK sapa_rc sapa_engine_load(struct sapa_engine *engine, const uint8_t *bytes, size_t size);
SAPA_MUST_CHECK sapa_rc sapa_engine_snapshot_hash(const uint8_t *bytes, size_t size, char ret_hash[65]);

/** The last dialog record of each living leg, or the contact_arrived or agent_call of each living contact: start with *cursor = 0. `ret` is written. */
bool sapa_engine_dialog_next(const struct sapa_engine *engine, uint32_t *cursor, struct sapa_record *ret);
bool sapa_engine_arrived_next(const struct sapa_engine *engine, uint32_t *cursor, struct sapa_record *ret);
/** The recording_state that told of the file of each recording that has not ended, or of this one (false: it has). */
bool sapa_engine_recording_next(const struct sapa_engine *engine, uint32_t *cursor, struct sapa_record *ret);
bool sapa_engine_recording_get(const struct sapa_engine *engine, uint64_t recording, struct sapa_record *ret);

/** For each person remembered: the agent, of the description in force, of the last conversation. SAPA_ENOMEM. */
SAPA_MUST_CHECK sapa_rc sapa_engine_each_talked(const struct sapa_engine *engine,
                                                sapa_rc (*fn)(void *ctx, uint64_t person, uint32_t agent), void *ctx);

struct sapa_engine_stats sapa_engine_stats(const struct sapa_engine *engine);

#endif
