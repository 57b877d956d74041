/**
 * @file core/core.h
 * The brain of the centre: (input, now) in, events and commands out. Nothing else.
 *
 * One door: sapa_core_step(). The same code runs live, in replay of a journal, in the simulator and
 * under the fuzzer. Core time is the at_us of the inputs and never steps back: an input with an
 * older time happens "now". Timers are data of the core: feed a `tick` at sapa_core_next_due().
 *
 * An input that is late, repeated or impossible changes nothing and yields one `refused` event.
 * After `cmd_forget` no input about that contact is expected any more, but for those that only
 * report (recording_state, leg_quality, dialog, alarm_raised, person_known: always accepted).
 *
 * Room    core: pure. No I/O, no clock, no threads, no randomness, integers only, no allocation
 *         after sapa_core_new().
 * Thread  one thread at a time; nothing here locks.
 * Owner   the caller owns the core and the centre description, which is borrowed.
 * Design  docs/design/routing.md, docs/design/calls.md, docs/design/supervision.md
 * Tests   core/core_test.c, core/callback_test.c, core/call_test.c, core/supervise_test.c, core/ewt_test.c, test/sim/
 */
#ifndef SAPA_CORE_CORE_H
#define SAPA_CORE_CORE_H

#include "base/memory.h"
#include "model/centre.h"
#include "model/record.h"

struct sapa_core;

enum {
    SAPA_CORE_TIMERS_A_STEP = 64, /* timers that one tick runs; more are due at once again */
    SAPA_CORE_WHY_MAX = 12,       /* agents named in one explanation */
    SAPA_CORE_RING_ALL_MAX = 8,   /* phones that ring at once for one contact */
    SAPA_CORE_REOFFER_MS = 10000, /* an agent who refused a contact is not asked again before */
    SAPA_CORE_BROADCASTS_MAX = 32, /* kept of what supervisors said; the oldest goes first */
    SAPA_CORE_LENT_MAX = 64, /* agents who work in another team than their own at one time */
    SAPA_CORE_SNAPSHOT_VERSION = 5, /* 4, without agents lent to teams, 3, without queues changed by hand, 2, without quotas and supervisors, and 1, without calls of agents and outside parties, are read too */
};

/** Ceilings; memory for all of it is reserved (not touched) by sapa_core_new(). 0: the default. */
struct sapa_core_options {
    uint32_t contacts_max;            /* living contacts, default 20,000 */
    uint32_t agents_max;              /* default SAPA_AGENTS_MAX */
    uint32_t queues_max;              /* default SAPA_QUEUES_MAX */
    uint32_t classes_max;             /* steps of all queues together, default 4 a queue */
    uint32_t skills_max;              /* default SAPA_SKILLS_MAX */
    const struct sapa_memory *memory; /* outlives the core; NULL: the process's heap */
};

/** Where results go, in order. `record` is borrowed for the call only. emit must not call the core. */
struct sapa_core_out {
    void (*emit)(void *ctx, const struct sapa_record *record);
    void *ctx;
};

/** @retval SAPA_ENOMEM  @retval SAPA_EINVAL  a ceiling above those of model/centre.h */
SAPA_MUST_CHECK sapa_rc sapa_core_new(const struct sapa_core_options *options,
                                      struct sapa_core **ret);
void sapa_core_free(struct sapa_core *core);

/**
 * Give a centre description. It takes force with the next `centre_started` input that names its
 * hash; until then the one before stays in force and must stay alive. The new one is borrowed until
 * it is replaced in the same way, or the core is freed. Objects keep their identity by key: waiting
 * contacts, talking agents and skills that were changed by hand live on in a new description.
 *
 * @retval SAPA_ELIMIT  more agents, queues, steps or skills than the options allow
 * @retval SAPA_EINVAL  an index in it points nowhere
 */
SAPA_MUST_CHECK sapa_rc sapa_core_centre(struct sapa_core *core, const struct sapa_centre *centre);

/** The description in force; NULL before the first centre_started. */
const struct sapa_centre *sapa_core_centre_now(const struct sapa_core *core);

/** One input (sapa_type_is_input). Events and commands go to `out` in order. */
void sapa_core_step(struct sapa_core *core, const struct sapa_record *input,
                    const struct sapa_core_out *out);

/** When the next `tick` is wanted (UTC microseconds); INT64_MAX: never. May lie in the past. */
int64_t sapa_core_next_due(const struct sapa_core *core);

/** Core time: the latest at_us seen. */
int64_t sapa_core_now(const struct sapa_core *core);

/* ---------------------------------------------------------------- snapshots */

/** Takes the next bytes of a snapshot; false stops it. */
typedef bool sapa_core_write(void *ctx, const void *bytes, size_t n);

/** Write the whole state: versioned, structured, independent of memory layout. SAPA_EIO: stopped. */
SAPA_MUST_CHECK sapa_rc sapa_core_save(const struct sapa_core *core, sapa_core_write *write,
                                       void *ctx);

/**
 * Take the state of a snapshot, into a new core to which the centre description that was in force
 * (same hash) has been given with sapa_core_centre(); it is in force afterwards. From then on the
 * core answers exactly as the saved one would.
 *
 * @retval SAPA_ECORRUPT  malformed; free the core
 * @retval SAPA_EVERSION  written by a newer build
 * @retval SAPA_ENOENT    the centre description given is not that of the snapshot
 * @retval SAPA_ELIMIT    more contacts than this core may hold
 */
SAPA_MUST_CHECK sapa_rc sapa_core_load(struct sapa_core *core, const void *bytes, size_t n);

/** The hash of the centre description that a snapshot needs, into 65 bytes. SAPA_ECORRUPT, SAPA_EVERSION. */
SAPA_MUST_CHECK sapa_rc sapa_core_snapshot_hash(const void *bytes, size_t n, char ret_hash[65]);

/** Assert every invariant. O(everything): for tests, the simulator, and a sample in production. */
void sapa_core_check(const struct sapa_core *core);

/* ---------------------------------------------------------------- views (read only, any time) */

struct sapa_contact_view {
    uint64_t contact, person;
    uint8_t channel, place, language;
    uint8_t callback; /* enum sapa_callback, or 255: no callback */
    uint32_t client, number;
    uint32_t queue;     /* SAPA_NONE: in none */
    uint32_t agent;     /* who is rung or talks, or SAPA_NONE */
    uint64_t offer;     /* that agent's, or 0 */
    uint64_t recording; /* or 0 */
    uint32_t position;  /* 1 is next; 0: not in line */
    uint32_t priority, step;
    int64_t arrived_us, since_us;    /* since: in this place */
    int64_t wait_ms;                 /* of the whole time in queues, up to now */
    uint32_t ewt_p50_ms, ewt_p90_ms; /* SAPA_NONE: nobody serves this queue */
    uint32_t play; /* the play command that the customer should be hearing; 0: none */
    uint32_t
        dialling; /* the dial command whose end is awaited, or that is in conversation; 0: none */
    uint32_t outside[SAPA_OUTSIDE_MAX]; /* numbers (as in dial_progress) of outside parties, 0 none */
    uint64_t beside; /* a call that an agent placed with the line of this offer of his, or 0 */
    uint8_t call;    /* enum sapa_target + 1 of a call that an agent placed, 0: it came to us */
    bool has_leg; /* the customer's leg is there, as one of its own */
    bool answered, held, virtual_waiter, recording_paused;
};

struct sapa_queue_view {
    uint32_t waiting; /* real and virtual */
    uint32_t virtual_waiters;
    uint32_t ringing, talking;
    int64_t longest_wait_ms;         /* of those waiting */
    uint32_t staffed;                /* ready or at work, could take its first step's contacts */
    uint32_t idle;                   /* of those, free right now (for voice) */
    uint32_t ewt_p50_ms, ewt_p90_ms; /* of the next to come; SAPA_NONE: nobody serves it */
    uint32_t handle_ms, patience_ms; /* as estimated now; patience 0: nobody ever gave up */
    bool open;
};

struct sapa_agent_view {
    uint8_t presence; /* enum sapa_presence */
    bool reachable;
    uint32_t reason;  /* of not ready, or SAPA_NONE */
    int64_t since_us; /* presence */
    int64_t idle_since_us;
    uint32_t contacts;           /* handled since login */
    uint32_t occupancy_permille; /* since login */
    uint32_t assignments;
    uint32_t booked;    /* reason for which he stands in line; SAPA_NONE */
    int32_t used_date;  /* local day, yyyymmdd, that `used_ms` is of */
    uint32_t used_ms[SAPA_QUOTAS_MAX]; /* in reasons with a quota, by its number - 1; without the stretch that runs */
    uint64_t read;      /* the newest that he has read of what supervisors said, 0 nothing */
    uint8_t hand;       /* enum sapa_hand: does he ask for help? */
    uint64_t hand_contact;
    int64_t hand_since_us; /* in this state */
    struct sapa_text64 hand_by; /* TAKEN: who comes */
    uint32_t team;      /* in which he works now; SAPA_NONE: none */
};

struct sapa_broadcast_view {
    uint64_t id;
    int64_t at_us, until_us;
    uint8_t kind; /* enum sapa_audience */
    uint32_t target;
    const struct sapa_text512 *text; /* borrowed until the next step */
    const struct sapa_text64 *by;
};

struct sapa_assignment_view {
    uint64_t offer, contact;
    uint32_t agent, queue;
    uint8_t state, channel; /* enum sapa_assignment, enum sapa_channel */
    uint8_t kind;           /* as in offer_made */
    bool has_leg;           /* of its own: false with a call in which he is the customer, or of the line of another */
    int64_t since_us;
    int64_t due_us; /* end of ringing or wrap-up, or 0 */
    uint32_t disposition; /* chosen so far; SAPA_NONE */
    bool extended;        /* its wrap-up has had its one extension */
    bool calls;           /* he has placed it within the centre: its customer, as it were */
};

/**
 * Walk the living contacts in no special order: start with *cursor = 0, false at the end.
 * Positions and expected waits are computed as they would be told to the caller at `now_us`.
 */
bool sapa_core_contact_next(const struct sapa_core *core, uint32_t *cursor, int64_t now_us,
                            struct sapa_contact_view *ret);
/** SAPA_ENOENT: no living contact of this id. */
SAPA_MUST_CHECK sapa_rc sapa_core_contact_get(const struct sapa_core *core, uint64_t contact,
                                              int64_t now_us, struct sapa_contact_view *ret);
/** O(waiting in the queue + agents). SAPA_ENOENT: no such queue. */
SAPA_MUST_CHECK sapa_rc sapa_core_queue_get(const struct sapa_core *core, uint32_t queue,
                                            int64_t now_us, struct sapa_queue_view *ret);
SAPA_MUST_CHECK sapa_rc sapa_core_agent_get(const struct sapa_core *core, uint32_t agent,
                                            int64_t now_us, struct sapa_agent_view *ret);
/** Walk the assignments of an agent: *cursor = 0 first, false at the end. */
bool sapa_core_assignment_next(const struct sapa_core *core, uint32_t agent, uint32_t *cursor,
                               struct sapa_assignment_view *ret);
/** A skill, a queue or the team of an agent that is not as the description has it. */
struct sapa_change_view {
    uint32_t skill, queue, team; /* one of them; the others are SAPA_NONE */
    uint8_t level;         /* queue: enum sapa_serves */
    int64_t until_us;      /* 0: for good */
};
/** Walk those of an agent, in the order in which they were made: *cursor = 0 first, false at the end. */
bool sapa_core_change_next(const struct sapa_core *core, uint32_t agent, uint32_t *cursor, struct sapa_change_view *ret);
/** May he be given contacts of this queue, at one of its steps at least? By the description in force. */
bool sapa_core_serves(const struct sapa_core *core, uint32_t agent, uint32_t queue);
/** A supervisor in a conversation. */
struct sapa_watch_view {
    uint64_t supervision, contact;
    uint32_t agent; /* whose phone he uses */
    uint8_t mode;   /* enum sapa_supervision */
    bool up;        /* false: his phone rings */
    int64_t since_us; /* in this mode */
};
/** The supervision of this agent's phone. False: none. */
bool sapa_core_watch_of(const struct sapa_core *core, uint32_t agent, struct sapa_watch_view *ret);
/** Agents with a part in a living contact, each once, up to `max`; how many. */
uint32_t sapa_core_contact_agents(const struct sapa_core *core, uint64_t contact, uint32_t *ret, uint32_t max);
/** Is a supervisor on in a conversation of this agent? */
bool sapa_core_is_heard(const struct sapa_core *core, uint32_t agent);
struct sapa_alert_view {
    uint8_t kind, state; /* enum sapa_alert; SAPA_ALERT_STATE_ON or SEEN */
    uint32_t target;     /* queue or agent */
    int64_t on_us;
    uint64_t value, limit;
    const struct sapa_text64 *by; /* borrowed until the next step */
};
/** Walk the alerts that are on, in no special order. */
bool sapa_core_alert_next(const struct sapa_core *core, uint32_t *cursor, struct sapa_alert_view *ret);
/** Is it on? */
bool sapa_core_alert_is_on(const struct sapa_core *core, enum sapa_alert kind, uint32_t target);
/** Walk what supervisors said, the oldest first. */
bool sapa_core_broadcast_next(const struct sapa_core *core, uint32_t *cursor, struct sapa_broadcast_view *ret);
/** Walk all supervisors: *cursor = 0 first, false at the end. */
bool sapa_core_watch_next(const struct sapa_core *core, uint32_t *cursor, struct sapa_watch_view *ret);
/** Is a switch on for this client (SAPA_NONE: the one for all)? */
bool sapa_core_switch_on(const struct sapa_core *core, enum sapa_switch which, uint32_t client);

/**
 * Why does this contact wait, or whom was it given to: the explanation that the deciding code
 * itself gives at `now_us`, as the `why` record that it would log (u.why; at_us = now_us).
 * Nothing is changed. SAPA_ENOENT: no living contact of this id; SAPA_ESTATE: it stands in no line.
 */
SAPA_MUST_CHECK sapa_rc sapa_core_why_contact(const struct sapa_core *core, uint64_t contact,
                                              int64_t now_us, struct sapa_record *ret);

/** One line of an explanation. */
struct sapa_why_line {
    uint32_t agent; /* SAPA_NONE: the line is about the contact, not about an agent */
    uint8_t why;    /* enum sapa_why */
    uint32_t a, b;  /* SKILL: skill, level it has; WRAPUP and OFFERED: ms left; LOWER: place in the
                        order; AHEAD: how many; CAPACITY, BUSY, INTERRUPT: channel it is busy with;
                        JUST_REFUSED: ms left; PREFERRED: agent, ms left */
};

/** Next line of `why.reasons`: start with *at = 0, false at the end. (Words for people: report/why.h.) */
bool sapa_why_next(const struct sapa_rec_why *why, size_t *at, struct sapa_why_line *ret);

#endif
