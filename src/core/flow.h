/**
 * @file core/flow.h
 * Runs a compiled flow for one contact: events in, calls of the environment out.
 *
 * The contact embeds a struct sapa_flow_run, which is all there is to remember: fixed size, no
 * pointers. The environment says what the flow may know (facts) and does what it asks for (ops).
 * Ops are called during sapa_flow_begin() and sapa_flow_event() only; they must not call back into
 * the runner. After an op that ends the caller's leg (reject, hangup) no further op follows.
 *
 * A number's call starts unanswered. The runner asks for `answer` before the first node that speaks
 * or listens, and goes on with SAPA_FLOW_ANSWERED; nodes before that (hours, branch, set, lookup)
 * cost the caller nothing. Start with env.answered = true to skip that.
 *
 * Room    core: pure (base, model, speech). No allocation, no clock, integers only.
 * Thread  that of the core.   Tests  core/flow_test.c   Design  docs/design/flows.md
 */
#ifndef SAPA_CORE_FLOW_H
#define SAPA_CORE_FLOW_H

#include "base/bytes.h"
#include "model/flow.h"

/** One variable: a number (bool 0/1, ms, minor units, yyyymmdd, minutes), or the length of its text. */
struct sapa_flow_value {
    int64_t number;
};

/** Where in a node the run stands. Appears in snapshots: append only. */
enum sapa_flow_phase {
    SAPA_FLOW_IDLE,      /* no flow runs: not begun, or over */
    SAPA_FLOW_ANSWERING, /* waits for the answer to be confirmed, then enters the node */
    SAPA_FLOW_SPEAKING,  /* plays what the node says */
    SAPA_FLOW_LISTENING, /* waits for digits */
    SAPA_FLOW_LOOKING_UP,
    SAPA_FLOW_WAITING,   /* in a queue: music */
    SAPA_FLOW_TALKING,   /* with an agent, or outside: the run sleeps */
    SAPA_FLOW_DIALLING,  /* transfer, on-call: an outside number rings */
    SAPA_FLOW_RECORDING, /* the caller speaks */
    SAPA_FLOW_GOODBYE,   /* plays what it says before hanging up */
    SAPA_FLOW_OVER,      /* rejected or hung up by the flow */
};

enum {
    SAPA_FLOW_RUN_SERVED = 1,
    SAPA_FLOW_RUN_CLOSED = 2,
    SAPA_FLOW_RUN_ANNOUNCING = 4,
    SAPA_FLOW_RUN_OFFERED = 8,
    SAPA_FLOW_RUN_CALLBACK = 16,
    SAPA_FLOW_RUN_SECRET = 32,
    SAPA_FLOW_RUN_IN_QUEUE = 64,
    SAPA_FLOW_RUN_MESSAGE = 128,
    SAPA_FLOW_RUN_TALKED = 256,
    SAPA_FLOW_RUN_OUTSIDE = 512,
    SAPA_FLOW_RUN_FAULT = 1024,   /* a fault of ours is being said: then the call ends */
    SAPA_FLOW_RUN_GOODBYE = 2048, /* goodbye is said where no way leads on: then the call ends */
    SAPA_FLOW_RUN_OVERFLOWED =
        4096 /* the last queue turned him out, or he waited its longest time */
};

/** All there is to remember of a flow that runs. Zero-initialised: idle. */
struct sapa_flow_run {
    uint32_t flow;       /* in sapa_centre.flows */
    uint32_t node;       /* in its nodes */
    uint32_t queue_node; /* node of the queue it is or was last in; SAPA_NONE */
    uint32_t queue_flow; /* and the flow of that node */
    uint32_t queue;      /* the queue itself, kept over flows; SAPA_NONE */
    uint32_t play;       /* number of the last play command */
    uint32_t lookup;     /* of the last look-up */
    uint32_t attempt;    /* of the last dial */
    uint32_t steps;      /* nodes since the last event */
    uint32_t passed;     /* nodes since the flow began: ends runs that never end */
    uint16_t secrets;    /* secret digits in the vault */
    uint16_t flags;      /* SAPA_FLOW_RUN_* */
    uint8_t phase;       /* enum sapa_flow_phase */
    uint8_t stage;       /* step within a callback dialogue, or number of an on-call list */
    uint8_t tries;       /* further tries used up */
    uint8_t language;    /* enum sapa_language */
    uint8_t digits_n;
    char digits[SAPA_FLOW_DIGITS_MAX];
    int64_t timer_us;    /* due, 0 none: the last set_timer */
    int64_t announce_us; /* next announcement in a queue, 0 none */
    int64_t offer_us;    /* offer of a callback, 0 none or made */
    int64_t limit_us;    /* longest wait, end of a recording, 0 none */
    struct sapa_flow_value values[SAPA_FLOW_VARIABLES_MAX];
    char text[SAPA_FLOW_TEXT_MAX]; /* of the text variables, at the places the flow gives them */
};

/* ---- what reaches a flow ---- */

enum sapa_flow_event_kind {
    SAPA_FLOW_ANSWERED,  /* the caller's leg is established */
    SAPA_FLOW_DIGIT,     /* digit, secrets */
    SAPA_FLOW_PLAY_DONE, /* number: the play's; a stale one is ignored. Also when playing failed */
    SAPA_FLOW_TIMER,     /* the time set is reached; an early or stale one is ignored */
    SAPA_FLOW_LOOKUP_DONE,  /* number: the look-up's; result: sapa_rc; values: "name=value" lines */
    SAPA_FLOW_QUEUE_RESULT, /* result: enum sapa_dequeue: it left the queue without an agent. Also
                               straight out of enter_queue's refusal, but as an event afterwards */
    SAPA_FLOW_CONNECTED,    /* an agent talks with the caller: the run stops timers and sleeps */
    SAPA_FLOW_REQUEUED,     /* the connection failed at once: back in the same queue */
    SAPA_FLOW_AGENT_PARTED, /* the conversation is over and the caller still there */
    SAPA_FLOW_DIAL_RESULT, /* number: the attempt; result: 0 ringing, 1 answered, 2 failed, 3 over */
    SAPA_FLOW_RECORD_DONE, /* the recorder stopped of itself (failed, or its limit) */
};

struct sapa_flow_event {
    enum sapa_flow_event_kind kind;
    uint32_t number;
    int32_t result;
    char digit;       /* 0-9 * # A-D; while secret: '?' for 0-9, and * and # as they are */
    uint32_t secrets; /* secret digits that the vault now holds */
    struct sapa_str values;
};

/* ---- what a flow asks for ---- */

/** All are called with `ctx`. Texts are borrowed for the call. None may be NULL. */
struct sapa_flow_ops {
    void (*answer)(void *ctx);
    /** Never answered: refuse with a SIP status. Ends the contact with `outcome`. */
    void (*reject)(void *ctx, uint32_t sip_status, enum sapa_outcome outcome);
    /**
     * End the caller's leg (Q.850 cause). Ends the contact with `outcome`, unless request_callback came
     * before: then outcome is SAPA_OUTCOME_OPEN and the contact lives on as a callback.
     */
    void (*hangup)(void *ctx, uint32_t cause, enum sapa_outcome outcome);
    /** Segments as in model/segment.h. `loop`: until replaced, no PLAY_DONE. Replaces what plays. */
    void (*play)(void *ctx, uint32_t play, bool loop, uint8_t language, struct sapa_str segments);
    void (*stop_play)(void *ctx);
    /** Digits that follow are secret (kept by the vault, cleared now), or no longer. */
    void (*secret)(void *ctx, bool on);
    /** One timer a contact: an absolute time, 0 for none. Replaces the former. */
    void (*set_timer)(void *ctx, int64_t at_us);
    /**
     * Join a queue. `agent`: preferred for the time that the queue gives him, or SAPA_NONE. Moves when
     * it is in another queue. Full, closed, nobody there: say so by QUEUE_RESULT, after this returned.
     */
    void (*enter_queue)(void *ctx, uint32_t queue, uint8_t priority_add, uint32_t agent);
    /** Leave the queue by decision of the flow. */
    void (*leave_queue)(void *ctx);
    /** Keep the place as a virtual waiter; empty number: the caller's own. Joins `queue` if in none. */
    void (*request_callback)(void *ctx, uint32_t queue, struct sapa_str number);
    void (*lookup)(void *ctx, uint32_t lookup, uint32_t timeout_ms, struct sapa_str url);
    void (*dial)(void *ctx, uint32_t attempt, struct sapa_str number, uint32_t ring_ms);
    void (*dial_cancel)(void *ctx, uint32_t attempt);
    /** A message of the caller; `queue` is told of it, or SAPA_NONE. The runner ends it by its timer. */
    void (*record_start)(void *ctx, uint32_t queue, uint32_t max_ms);
    void (*record_stop)(void *ctx);
    /** Events for the log. A secret value is never reported. */
    void (*value)(void *ctx, struct sapa_str name, struct sapa_str text);
    void (*survey)(void *ctx, struct sapa_str question, uint32_t answer, uint32_t scale); /* scale: the highest there is */
    void (*step)(void *ctx, uint32_t flow, uint32_t node, char via, uint8_t language);
    /**
     * What became of an outside number: `result` 0 answered, 1 failed, 2 nothing was heard of it in time.
     * `place` in the list of an on-call node, from 1. `number`: of such a list; empty for a transfer.
     */
    void (*tried)(void *ctx, uint32_t attempt, uint32_t place, uint32_t result, struct sapa_str number);
};

/** Queue and clock, for the facts that take an argument. */
struct sapa_flow_queue_facts {
    uint32_t waiting;
    uint32_t ready;
    uint32_t logged_in;
    int64_t ewt_p50_ms; /* of somebody who joins now, or SAPA_FLOW_UNKNOWN */
};

/** A wait of which nothing can be said: nobody is ready. The fact has no value then. */
#define SAPA_FLOW_UNKNOWN INT64_C(-1)

/** In the present queue; outside one 0, and waits that are unknown. */
struct sapa_flow_place {
    uint32_t position; /* 1 is next */
    int64_t waited_ms;
    int64_t ewt_p50_ms, ewt_p90_ms; /* or SAPA_FLOW_UNKNOWN */
};

/** What a flow may know, filled by the core for the one call. */
struct sapa_flow_env {
    const struct sapa_centre *centre;
    const struct sapa_flow_ops *ops;
    void *ctx;
    int64_t now_us;
    bool answered; /* the caller's leg is established */
    bool caller_known;
    bool vip;
    bool surge;  /* switch, for this client or all */
    bool closed; /* switch "closed by hand": hours nodes take `closed` */
    uint32_t client;
    uint32_t last_agent;    /* SAPA_NONE unknown */
    struct sapa_str caller; /* number, empty when withheld */
    struct sapa_str dialled;
    /** Where the contact stands now: asked when it is needed, for an op may have moved it. Not NULL. */
    void (*place)(void *ctx, struct sapa_flow_place *ret);
    /** Facts of any queue. Not NULL. */
    void (*queue_facts)(void *ctx, uint32_t queue, struct sapa_flow_queue_facts *ret);
    /** Open now? *ret_holiday: today is one of its holidays. (core/hours.h does it.) Not NULL. */
    bool (*hours_open)(void *ctx, uint32_t hours, int64_t now_us, bool *ret_holiday);
    /** Seconds east of UTC at the client. Not NULL. */
    int32_t (*zone_offset_s)(void *ctx, uint32_t client, int64_t now_us);
};

/**
 * Start `flow` at its first node. `language` is kept over flows; the rest of the run is new.
 * run->queue_node and IN_QUEUE survive when the run is in a queue already, TALKED when it talks (an agent passes it on).
 */
void sapa_flow_begin(const struct sapa_flow_env *env, struct sapa_flow_run *run, uint32_t flow,
                     uint8_t language);

/** Take an event. What does not fit the state (late, repeated) changes nothing and returns false. */
bool sapa_flow_event(const struct sapa_flow_env *env, struct sapa_flow_run *run,
                     const struct sapa_flow_event *event);

/**
 * How the contact ends when the caller leaves now, as far as the flow knows: ANSWERED once an agent
 * has talked, TRANSFERRED once an outside number has, else VOICEMAIL (a message was begun),
 * CONTAINED, OVERFLOW_ENDED (the last queue had no agent for him, and nothing contained came after
 * it), CLOSED or ABANDONED_FLOW. In a queue or while ringing the core knows better.
 */
enum sapa_outcome sapa_flow_outcome(const struct sapa_flow_run *run);

/** Write and read a run for a snapshot. Load checks every index against the centre. */
void sapa_flow_run_save(const struct sapa_flow_run *run, struct sapa_writer *w);
/** @retval SAPA_ECORRUPT  malformed, or of another centre */
SAPA_MUST_CHECK sapa_rc sapa_flow_run_load(const struct sapa_centre *centre, struct sapa_reader *r,
                                           struct sapa_flow_run *ret);

/** Value of a variable of the run's flow by name, as text (for the agent's screen); empty when there is none. */
void sapa_flow_run_value(const struct sapa_centre *centre, const struct sapa_flow_run *run,
                         struct sapa_str name, struct sapa_text *out);

#endif
