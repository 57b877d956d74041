/**
 * @file core/core_impl.h
 * What the files of the core share: its state, and which file owns which function.
 *
 * Contacts and work (one agent's part in one contact, from the offer to the end of wrap-up) live in
 * pools and are named by index inside the core, by id outside. Everything that is derived (trees,
 * lists, bitsets, timers) can be rebuilt from the rest; a snapshot holds the rest only.
 *
 * Room    core: pure.   Thread  that of the core.   Owner  struct sapa_core.
 */
#ifndef SAPA_CORE_CORE_IMPL_H
#define SAPA_CORE_CORE_IMPL_H

#include "base/bytes.h"
#include "base/memory.h"
#include "core/core.h"
#include "core/ewt.h"
#include "core/flow.h"
#include "core/hours.h"
#include "core/idmap.h"
#include "core/right.h"
#include "core/timer.h"
#include "core/tree.h"

enum {
    CHANNELS = SAPA_CHANNEL_COUNT,
    AVOID_MAX = SAPA_CORE_RING_ALL_MAX,
    OVERRIDES_MAX = 1024, /* skills and queues changed by hand at one time */
    CLIENTS_MAX = 64,
    WALK_MAX = 64,            /* agents looked at for one explanation */
    HOPS_MAX = 8,             /* overflows from queue to queue at once */
    EWT_REVIEW_US = 30000000, /* how often an expected wait is held against its limit */
    FREED_AT_ONCE = 16, /* agents compared at once; more only when a description is replaced */
    REVIEW_BATCH = 64,  /* contacts that one review of a queue moves */
    NO_CALLBACK = 255,
    PARTIES_MAX = 4096, /* callbacks that are being tried at one time */
    BOOKINGS_MAX = 1024, /* agents in line for a break */
    WATCHES_MAX = 256,  /* supervisors in conversations at one time */
    HANDS_MAX = 256,    /* agents who ask for help at one time */
    ALERTS_MAX = 256,   /* that are on at one time; further ones are not raised */
};

/* Where a contact stands for the choice of agents. */
enum { PICK_NONE, PICK_CLASS, PICK_PREFERRED };

/* Somebody outside who takes part in a conversation, or is being called for it. */
struct core_outside {
    uint32_t attempt; /* 0: free */
    bool talks;
    int64_t since_us; /* he does, or it is dialled */
};

struct core_contact {
    /* what routing reads: two cache lines */
    uint64_t id;          /* 0: free slot */
    int64_t queued_us;    /* age: joined its first line */
    int64_t entered_us;   /* joined this line */
    uint64_t wait_seq;    /* order of joining, kept with the age */
    int64_t due_us;       /* next review in the line, 0 none */
    uint32_t queue;       /* in line or rung or talking for it; SAPA_NONE */
    uint32_t class_index; /* queue and step */
    uint32_t work;        /* first of its live work, SAPA_NONE */
    uint16_t priority;
    uint8_t channel, place, step;
    uint8_t pick;     /* PICK_* */
    uint8_t callback; /* enum sapa_callback, NO_CALLBACK */
    uint8_t reason;   /* pending result for the flow + 1, 0 none */
    bool in_line;     /* stands in the line of `queue` (also while nobody may pick it) */
    bool queued;      /* joined and not yet left, for the log: in line, ringing, being dialled */
    bool seeking;     /* is to be offered when this step settles */
    bool ring_all;
    bool leg;         /* the customer is on the line */
    bool has_flow;    /* a flow decides; else straight into a queue */
    bool keep_age;    /* the next line takes over its age */
    uint8_t wait_why; /* reason of waiting that was logged last */
    uint8_t avoid_count;
    uint32_t preferred; /* agent, SAPA_NONE */
    int64_t preferred_until_us;
    int64_t avoid_until_us;
    uint32_t avoid[AVOID_MAX]; /* agents who refused or missed it, last one last */

    uint64_t person,
        party; /* party: person, else a hash of the number: one callback attempt at once */
    int64_t arrived_us;
    int64_t since_us;          /* in this place */
    int64_t flow_us, queue_us; /* times that are over */
    int64_t flow_due_us;       /* timer of the flow, 0 none */
    uint32_t client, number, last_queue, last_agent;
    uint16_t extra; /* priority of number and caller */
    uint8_t direction, language;
    bool answer_sent, established, answered, playing;
    bool ending;            /* the flow has hung up: to be closed when it returns */
    bool restart;           /* its menu begins again under a new description */
    uint16_t reject_status; /* it was refused instead, with this SIP status */
    uint8_t end_outcome, end_side;
    uint32_t end_cause;
    /* recording */
    uint64_t recording;
    uint8_t policy;
    bool recording_on, recording_paused;
    uint64_t message; /* voicemail being recorded */
    int64_t message_us;
    uint32_t message_queue;
    /* callback */
    uint8_t attempts;
    bool attempt_running;                /* holds the lock on its party */
    uint32_t attempt;                    /* number of the last dial command */
    int64_t callback_due_us;             /* not before, 0 any time */
    uint32_t judged_agent, judged_queue; /* of a survey */
    /* calls that agents place, and several parties */
    uint8_t call;          /* enum sapa_target + 1 of a call that an agent placed, 0: it came to us */
    uint8_t call_line;     /* enum sapa_call_line */
    bool calling;          /* whom he calls has not answered yet: a colleague, or somebody outside */
    bool customer_holds;   /* by his telephone */
    uint64_t beside;       /* offer whose line it uses, and which the core holds meanwhile; 0 none */
    uint32_t call_target;  /* queue, number or agent called, SAPA_NONE */
    uint32_t back_queue;   /* passed on outside: where it goes back to, SAPA_NONE */
    uint32_t back_agent;   /* and from whom */
    int64_t outside_due_us; /* end of the wait for an outside number, 0 none */
    struct core_outside outside[SAPA_OUTSIDE_MAX];
    uint8_t watchers; /* supervisors in it, or whose phones ring for it */
    /* from here on not cleared for a new contact but by whoever fills it */
    struct sapa_text64 address, callback_number;
    struct sapa_flow_run run;
} __attribute__((aligned(64)));

static_assert(offsetof(struct core_contact, person) == 128, "routing reads two lines of a contact");

struct core_work {
    uint64_t offer;      /* 0: free slot */
    uint64_t contact_id; /* outlives the contact in wrap-up */
    uint32_t contact;    /* SAPA_NONE in wrap-up */
    uint32_t agent, queue;
    uint32_t next_of_agent, next_of_contact;
    uint8_t state;         /* enum sapa_assignment */
    uint8_t channel, kind; /* enum core_kind */
    bool extended, dialling;
    uint32_t disposition;
    int64_t made_us, since_us, due_us; /* due: end of ringing or of wrap-up */
    int64_t connected_us;              /* 0: never */
    int64_t talk_us, hold_us;          /* stretches that are over */
    bool held_by_agent;    /* his telephone says so */
    bool held_by_core;     /* by command, or for a call that he places with the same line */
    bool held_by_customer; /* there are these two alone, and the other one holds */
    bool music;            /* the other hears music on account of it */
};

/* An agent in line for a break. */
struct core_booking {
    uint32_t agent, reason;
};

/* What an agent's part in a contact came from: as in offer_made. */
enum core_kind { KIND_CONTACT, KIND_CALLBACK, KIND_OWN, KIND_COLLEAGUE, KIND_TAKEN };

/* A supervisor in a conversation: no part of it, and in no figure of it. Known to channels as an offer of kind 4. */
struct core_watch {
    uint64_t id; /* 0: free */
    uint64_t contact_id;
    uint32_t contact, agent;
    uint8_t mode; /* enum sapa_supervision; TAKEOVER only while his phone rings */
    bool up;
    int64_t since_us, up_us;
    int64_t due_us; /* end of ringing, 0 when up */
};

/* An agent who asks for help. */
struct core_hand {
    uint32_t agent;
    bool up;         /* false: free */
    uint8_t state;   /* RAISED or TAKEN */
    uint64_t contact; /* that he had in hand, 0 none */
    int64_t since_us; /* in this state */
    struct sapa_text64 by; /* TAKEN: who comes */
};

/* What needs attention. */
struct core_alert {
    bool up;             /* false: free */
    uint8_t kind, state; /* enum sapa_alert; ON or SEEN */
    uint32_t target;     /* queue or agent */
    int64_t on_us, since_us; /* since: in this state */
    uint64_t value, limit;   /* when it came */
    struct sapa_text64 by;   /* SEEN */
};

/* What a supervisor said to agents; the newest last. */
struct core_broadcast {
    uint64_t id;
    int64_t at_us, until_us;
    uint8_t kind; /* enum sapa_audience */
    uint32_t target;
    struct sapa_text512 text;
    struct sapa_text64 by;
};

struct core_link {
    uint32_t before, after;
};

struct core_agent {
    uint32_t group;
    uint8_t open; /* bit c: may be given a contact of channel c now */
    uint8_t presence;
    bool reachable;
    bool resume;            /* the device took him out of ready, and may put him back */
    bool freed;             /* is to be offered work when this step settles */
    uint8_t used[CHANNELS]; /* live work by channel */
    uint8_t used_total;
    uint8_t calls; /* of his own or of colleagues, in hand */
    bool asks;     /* for help */
    uint64_t read; /* the newest that he has read of what supervisors said */
    bool watching; /* his phone is a supervisor's in a conversation */
    uint8_t capacity[CHANNELS], capacity_total; /* as described */
    bool reserve_voice;
    uint8_t lent;      /* queues that he serves, or does not, by hand */
    uint32_t team;     /* in which he works now; SAPA_NONE: none */
    uint32_t work;     /* first, SAPA_NONE */
    uint64_t idle_seq; /* order of idleness: lower waits longer */
    int64_t idle_since_us;
    uint32_t contacts; /* handled since login */
    uint32_t reason;
    int32_t used_date;                /* yyyymmdd that used_us is of */
    int64_t used_us[SAPA_QUOTAS_MAX]; /* in reasons with a quota, without the stretch that runs */
    int64_t since_us, login_us, busy_us, busy_since_us; /* busy_since 0: not busy */
    struct core_link link[CHANNELS];
    struct sapa_tree preferred; /* contacts that wait for him alone */
} __attribute__((aligned(64)));

struct core_queue {
    struct sapa_tree line;
    uint32_t class_base;
    uint32_t pickable; /* contacts that anybody may pick */
    uint32_t virtual_waiters, ringing, talking;
    uint32_t rr_last;       /* round robin: agent chosen last, SAPA_NONE */
    int64_t age_us;         /* of one priority step, 0 never */
    int64_t drain_since_us; /* pickable > 0 accounted up to here, 0: nobody waits */
    int64_t review_us;      /* nobody is logged in: move them, 0 none */
    struct sapa_ewt_rates rates;
};

/* One queue at one step: whom it may be offered to, and who waits so. */
struct core_class {
    uint32_t queue, first_agent; /* lowest eligible agent, for explanations */
    uint8_t step;
    uint32_t staffed, logged_in;
};

/* Who waits in a class and channel: a mark in the line of its queue. */
static inline uint64_t core_mark(unsigned step, unsigned channel)
{
    return UINT64_C(1) << (step * CHANNELS + channel);
}

static_assert(SAPA_STEPS_MAX * CHANNELS <= 64, "a mark for each step and channel");

/* The first of each class and channel, close together: what an agent who seeks looks through. */
struct core_top {
    int64_t key; /* of the contact's node */
    uint64_t seq;
    int64_t age_us; /* of the queue: keys of equal ageing compare as they are */
    uint32_t first; /* contact, SAPA_NONE */
};

/* Agents who may take exactly the same. */
struct core_group {
    uint32_t members;                        /* 0: free slot */
    uint32_t sample;                         /* any member */
    uint64_t signature;                      /* key in group_map */
    uint32_t head[CHANNELS], tail[CHANNELS]; /* open agents, longest idle first */
};

struct core_override {
    uint32_t agent, skill, queue; /* one of both, the other is SAPA_NONE; none of both: his team */
    uint32_t team, team_beneath;  /* as level and beneath; SAPA_NONE beneath: as described */
    uint8_t level;                /* queue: enum sapa_serves */
    uint8_t beneath;              /* until_us: what is for good when it ends, or SAPA_LEVEL_DESCRIBED */
    int64_t until_us;             /* 0: for good */
};

static inline bool core_is_of_team(const struct core_override *one)
{
    return one->skill == SAPA_NONE && one->queue == SAPA_NONE;
}

struct sapa_core {
    /* state */
    const struct sapa_centre *centre, *next_centre;
    int64_t now_us;
    uint64_t id_next; /* offers and recordings, node 0 */
    uint64_t wait_seq, idle_seq;
    uint64_t surge, closed; /* switches by client */
    bool surge_all, closed_all;
    uint32_t override_count;
    struct core_override overrides[OVERRIDES_MAX];
    uint32_t booking_count;
    struct core_booking bookings[BOOKINGS_MAX]; /* the first stands first */
    uint32_t hand_count, broadcast_count, alert_count;
    struct core_alert alerts[ALERTS_MAX];
    struct core_hand hands[HANDS_MAX];
    struct core_broadcast broadcasts[SAPA_CORE_BROADCASTS_MAX];
    uint32_t watch_count;
    struct core_watch watches[WATCHES_MAX];

    struct core_contact *contacts;
    struct core_work *works;
    struct core_agent *agents, *agents_spare;
    struct core_queue *queues, *queues_spare;
    uint8_t *levels;                   /* agents x skills */
    uint64_t *agent_keys, *queue_keys; /* of the centre in force, hashed */

    /* derived */
    bool quota_dirty; /* somebody in line may have a place now */
    struct sapa_tree_node *line; /* by contact: in the line of its queue */
    struct sapa_tree_node *pick; /* by contact: in the set of its preferred agent */
    struct sapa_timers timers;
    struct sapa_idmap contact_map, work_map, group_map, party_map, scratch_map;
    struct core_class *classes;
    struct core_top *tops; /* channels x classes */
    struct core_group *groups;
    uint64_t *class_groups;  /* classes x group_words: groups that may take it */
    uint64_t *group_classes; /* groups x class_words: classes that it may take */
    uint64_t *open_groups;   /* channels x group_words: with an open agent */
    uint64_t open_words[CHANNELS]
                       [(SAPA_AGENTS_MAX + 4095) / 4096]; /* words of open_groups that are not 0 */
    uint32_t *group_of;              /* by agent, as in core_agent; dense, for walks */
    uint64_t *waiting_classes;       /* channels x class_words: with somebody who waits */
    uint32_t *agent_map, *queue_map; /* old index to new, while a centre is replaced */
    uint32_t *group_free;
    uint32_t group_free_count, group_top;
    uint32_t class_count, class_words, group_words;

    uint32_t contact_free, contact_top, contact_count; /* free: chained by queue */
    uint32_t work_free, work_top, work_count;
    uint32_t *living;    /* contacts that live, for walks */
    uint32_t *living_at; /* by contact */

    uint32_t contacts_max, works_max, agents_max, queues_max, classes_max, skills_max;
    const struct sapa_memory *memory;
    void *block; /* all of it lies here */
    const struct sapa_core_out *out;
    uint32_t *freed, freed_count;     /* agents, and */
    uint32_t *seeking, seeking_count; /* contacts that this step set free */
    uint32_t pending[16];             /* contacts whose flow waits for a result */
    uint32_t pending_count;
    struct sapa_record record; /* being emitted */
};

/* ---- timers: slots ---- */

enum { TIMER_CONTACT, TIMER_FLOW, TIMER_WORK, TIMER_QUEUE, TIMER_SKILL, TIMER_WATCH };

static inline uint32_t core_slot(const struct sapa_core *core, int kind, uint32_t index)
{
    switch (kind) {
    case TIMER_CONTACT: return index;
    case TIMER_FLOW: return core->contacts_max + index;
    case TIMER_WORK: return 2 * core->contacts_max + index;
    case TIMER_QUEUE: return 2 * core->contacts_max + core->works_max + index;
    case TIMER_WATCH: return 2 * core->contacts_max + core->works_max + core->queues_max + 1 + index;
    default: return 2 * core->contacts_max + core->works_max + core->queues_max;
    }
}

/* ---- events ---- */

/** The record that is emitted next, zeroed, with type and time. */
struct sapa_record *sapa_core_record(struct sapa_core *core, enum sapa_type type);
void sapa_core_emit(struct sapa_core *core);

#define EMIT(core, name, ...)                                                                      \
    do {                                                                                           \
        sapa_core_record((core), SAPA_T_##name)->u.name = (struct sapa_rec_##name){ __VA_ARGS__ }; \
        sapa_core_emit(core);                                                                      \
    } while (0)

uint64_t sapa_core_id(struct sapa_core *core);

static inline uint64_t core_ms(int64_t us)
{
    return us <= 0 ? 0 : (uint64_t)us / 1000;
}

static inline const struct sapa_queue *core_queue_of(const struct sapa_core *core, uint32_t queue)
{
    sapa_assert(queue < core->centre->queues_count);
    return &core->centre->queues[queue];
}

/** The rules of a piece of work: its queue's, or those of a call that belongs to none. */
const struct sapa_queue *sapa_work_rules(const struct sapa_core *core, uint32_t queue);

/* The leg of this work is the customer's leg of its contact: who called a colleague, a queue or a number of ours. */
static inline bool core_is_caller(const struct core_contact *c, const struct core_work *w)
{
    return w->kind == KIND_OWN && c->call && c->call != SAPA_TARGET_OUTSIDE + 1;
}

static inline bool core_talks(const struct core_work *w)
{
    return w->state == SAPA_ASSIGNMENT_TALKING || w->state == SAPA_ASSIGNMENT_HELD;
}

/* ---- contact.c: a contact from its arrival to its end ---- */

struct core_contact *sapa_contact_find(struct sapa_core *core, uint64_t id);
static inline uint32_t core_index(const struct sapa_core *core, const struct core_contact *c)
{
    return (uint32_t)(c - core->contacts);
}
/** One party, for callbacks: the person, else his number, else this contact alone. */
uint64_t sapa_contact_party(uint64_t person, struct sapa_str address, uint64_t contact);
/**
 * What the far end is to the client, enum sapa_party_type + 1: among colleagues internal; else what somebody has said of
 * the person (`said`), else what those are who are called for the campaign (index + 1), a VIP is a customer, else what
 * callers of the number are; else a customer.
 */
uint64_t sapa_contact_party_type(const struct sapa_centre *centre, unsigned direction, uint64_t said, uint32_t number, uint64_t campaign, bool vip);
/** Slot for `id`; NULL: full. Used by arrivals and snapshots. */
struct core_contact *sapa_contact_alloc(struct sapa_core *core, uint64_t id);
void sapa_contact_place(struct sapa_core *core, struct core_contact *c, enum sapa_place place);
/** Who left where, when the customer's leg goes by `side`. */
enum sapa_outcome sapa_contact_outcome(const struct core_contact *c, enum sapa_side side);
/** Close it wherever it stands. `c` is gone afterwards. */
void sapa_contact_close(struct sapa_core *core, struct core_contact *c, enum sapa_outcome outcome,
                        enum sapa_side side, uint32_t cause);
/** Its flow has an outside number called, or connected: not any more. */
void sapa_contact_cancel_dial(struct sapa_core *core, const struct core_contact *c);
/** Hang up the customer (or refuse the call that was never answered), and close. */
void sapa_contact_hangup(struct sapa_core *core, struct core_contact *c, enum sapa_outcome outcome,
                         enum sapa_side side, uint32_t cause);
sapa_rc sapa_contact_on_arrived(struct sapa_core *core, const struct sapa_record *in);
sapa_rc sapa_contact_on_answered(struct sapa_core *core, const struct sapa_record *in);
sapa_rc sapa_contact_on_gone(struct sapa_core *core, const struct sapa_record *in);
sapa_rc sapa_contact_on_move(struct sapa_core *core, const struct sapa_record *in);
sapa_rc sapa_contact_on_play_done(struct sapa_core *core, const struct sapa_record *in);
sapa_rc sapa_contact_on_digit(struct sapa_core *core, const struct sapa_record *in);
sapa_rc sapa_contact_on_lookup(struct sapa_core *core, const struct sapa_record *in);
void sapa_contact_answer(struct sapa_core *core, struct core_contact *c);
void sapa_contact_silence(struct sapa_core *core, struct core_contact *c);

/* ---- line.c: waiting lines ---- */

/** Join; full, closed or overflowing leads on by the rules. An idle agent is offered it at once. */
void sapa_line_enter(struct sapa_core *core, struct core_contact *c, uint32_t queue,
                     uint32_t priority_add, uint32_t preferred);
/** Leave for good, with the event. */
void sapa_line_leave(struct sapa_core *core, struct core_contact *c, enum sapa_dequeue reason);
/** Out of the trees while it rings; and back to its place, looking for another agent. */
void sapa_line_take(struct sapa_core *core, struct core_contact *c);
void sapa_line_return(struct sapa_core *core, struct core_contact *c);
/** Into the trees without further ado. Returns how many stand before it. */
uint32_t sapa_line_insert(struct sapa_core *core, struct core_contact *c);
/**
 * By hand: it waits for this agent (SAPA_NONE: for whoever comes) as long as its queue says, or a minute; `front`: before all others.
 * @retval SAPA_ESTATE  it rings or is to be called: too late   @retval SAPA_EDENIED  the agent is not ready, or may not take it
 */
sapa_rc sapa_line_favour(struct sapa_core *core, struct core_contact *c, uint32_t agent, bool front);
void sapa_line_remove(struct sapa_core *core, struct core_contact *c);
/** Insert exactly as a snapshot says: with this kind of pick and this due time. */
void sapa_line_restore(struct sapa_core *core, struct core_contact *c, uint8_t pick,
                       int64_t due_us);
int64_t sapa_line_key(const struct sapa_core *core, const struct core_contact *c);
void sapa_line_arm(struct sapa_core *core, struct core_contact *c);
void sapa_line_review(struct sapa_core *core, struct core_contact *c);
/** He is not ready any more, or not fit: who waits for him alone waits for anybody from now on. */
void sapa_line_forsake(struct sapa_core *core, uint32_t agent);
void sapa_line_review_queue(struct sapa_core *core, uint32_t queue);
void sapa_line_account(struct sapa_core *core, uint32_t queue);
uint32_t sapa_line_staffed(const struct sapa_core *core, uint32_t queue);
uint32_t sapa_line_logged_in(const struct sapa_core *core, uint32_t queue);
struct sapa_ewt sapa_line_ewt(const struct sapa_core *core, uint32_t queue, uint32_t ahead);
bool sapa_line_open(const struct sapa_core *core, uint32_t queue);
/** Tell the flow, or end a contact without one, that the queue has no use for it (MOVED: another has). */
void sapa_line_tell(struct sapa_core *core, struct core_contact *c, enum sapa_dequeue reason);

/* ---- route.c: who takes whom ---- */

struct core_pick {
    uint32_t agent;                              /* SAPA_NONE: nobody */
    uint32_t runner[SAPA_CORE_RING_ALL_MAX - 1]; /* next by the rule, SAPA_NONE after the last */
};

/** May an agent of this skill, team and clients take contacts of a class? CHOSEN: yes. */
enum sapa_why sapa_route_fit(const struct sapa_core *core, uint32_t agent, uint32_t class_index,
                             uint32_t *a, uint32_t *b);
/** May he take one more contact of this channel now? CHOSEN: yes. */
enum sapa_why sapa_route_free(const struct sapa_core *core, uint32_t agent, unsigned channel,
                              int64_t now_us, uint32_t *a, uint32_t *b);
/** What else stands between these two, when he fits. */
enum sapa_why sapa_route_judge_fitting(const struct sapa_core *core, const struct core_contact *c,
                                       uint32_t agent, int64_t now_us, uint32_t *a, uint32_t *b);
/** All of it. */
enum sapa_why sapa_route_judge(const struct sapa_core *core, const struct core_contact *c,
                               uint32_t agent, int64_t now_us, uint32_t *a, uint32_t *b);
/** `a` before `b` in the one order of all lines at `now_us`? */
bool sapa_route_ahead(const struct sapa_core *core, uint32_t a, uint32_t b, int64_t now_us);
struct core_pick sapa_route_pick_agent(const struct sapa_core *core, const struct core_contact *c);
uint32_t sapa_route_pick_contact(const struct sapa_core *core, uint32_t agent);
/** Is anybody free for it? */
bool sapa_route_anybody(const struct sapa_core *core, const struct core_contact *c);
/** It is to be offered when the step settles. */
void sapa_route_seek(struct sapa_core *core, struct core_contact *c);
/** Match all that this step set free: agents first, then contacts, each by the rules. */
void sapa_route_settle(struct sapa_core *core);
/** Bring the lists up to date after anything about the agent changed. `tail`: he stands last now. */
void sapa_route_refresh(struct sapa_core *core, uint32_t agent, bool tail);
void sapa_route_presence(struct sapa_core *core, uint32_t agent, uint8_t from, uint8_t to);
/** Put the agent into the group of his skills (again). */
void sapa_route_join_group(struct sapa_core *core, uint32_t agent);
void sapa_route_leave_group(struct sapa_core *core, uint32_t agent);
/** All classes, groups and lists anew, from the centre and the agents. */
void sapa_route_rebuild(struct sapa_core *core);

/* ---- offer.c: from ringing to wrap-up ---- */

struct core_work *sapa_work_find(struct sapa_core *core, uint64_t offer);
struct core_work *sapa_work_alloc(struct sapa_core *core, uint64_t offer);
void sapa_work_link(struct sapa_core *core, struct core_work *w);
/** The one setter of an assignment's state; NONE frees it. */
void sapa_work_move(struct sapa_core *core, struct core_work *w, enum sapa_assignment to);
/** The first that talks or holds, but not who called it; NULL. */
struct core_work *sapa_work_talking(struct sapa_core *core, const struct core_contact *c);
/** Does a phone ring for it because a queue chose it? */
bool sapa_offer_rings(const struct sapa_core *core, const struct core_contact *c);
void sapa_offer_make(struct sapa_core *core, struct core_contact *c, uint32_t agent,
                     const struct core_pick *pick);
/** End an offer that rings. The contact goes back to its place unless another phone rings for it. */
void sapa_offer_end(struct sapa_core *core, struct core_work *w, enum sapa_offer_result result,
                    uint32_t cause, bool contact_stays);
/** End all offers of a contact that ring, but `but`. */
void sapa_offer_on_start(struct sapa_core *core);
void sapa_offer_end_all(struct sapa_core *core, struct core_contact *c, const struct core_work *but,
                        enum sapa_offer_result result);
/** Customer and agent talk. */
void sapa_work_connect(struct sapa_core *core, struct core_work *w);
/** The agent's part is over: wrap-up or nothing. */
void sapa_work_part(struct sapa_core *core, struct core_work *w, enum sapa_side side,
                    uint32_t cause);
/** The same without wrap-up: what he did goes on elsewhere. */
void sapa_work_part_on(struct sapa_core *core, struct core_work *w);
/** One more takes part from now on, without an offer that rang. There is room. */
void sapa_work_enter(struct sapa_core *core, struct core_contact *c, uint64_t offer, uint32_t agent, uint32_t queue,
                     enum core_kind kind);
/** To another contact, with other rules: one part ends there, another begins here. */
void sapa_work_rejoin(struct sapa_core *core, struct core_work *w, struct core_contact *to, uint32_t queue);
/** Back into its line with its age, after a fault or a transfer that came to nothing. `agent`: who had it, SAPA_NONE. */
void sapa_work_requeue(struct sapa_core *core, struct core_contact *c, uint32_t queue, uint32_t agent);
/** The agent's part is over and the others go on, or the contact does. As agent_gone says it. */
void sapa_work_gone(struct sapa_core *core, struct core_work *w, enum sapa_side side, uint32_t cause);
/** He is not asked again before others, nor at once. */
void sapa_contact_avoid(struct sapa_core *core, struct core_contact *c, uint32_t agent);
/** By command, without his phone. */
void sapa_work_hold(struct sapa_core *core, struct core_work *w, bool on);
/** Who hears music and who counts as held, after the number of parties or a hold has changed. */
void sapa_work_holds(struct sapa_core *core, struct core_contact *c);
void sapa_work_timer(struct sapa_core *core, struct core_work *w);
void sapa_work_end_wrapup(struct sapa_core *core, struct core_work *w, uint32_t how);
/** A disposition of its queue, chosen while they talk or afterwards: index + 1, 0 none any more. NULL: there is no such work. */
SAPA_MUST_CHECK sapa_rc sapa_work_dispose(struct sapa_core *core, struct core_work *w, uint64_t chosen);
/** Is this disposition one of the queue's? */
static inline bool core_disposes(const struct sapa_queue *q, uint64_t disposition)
{
    return disposition >= q->disposition_first && disposition - q->disposition_first < q->disposition_count;
}
sapa_rc sapa_offer_on_ringing(struct sapa_core *core, const struct sapa_record *in);
sapa_rc sapa_offer_on_accepted(struct sapa_core *core, const struct sapa_record *in);
sapa_rc sapa_offer_on_failed(struct sapa_core *core, const struct sapa_record *in);
sapa_rc sapa_work_on_gone(struct sapa_core *core, const struct sapa_record *in);
sapa_rc sapa_work_on_held(struct sapa_core *core, const struct sapa_record *in);

/* ---- call.c: calls that agents place ---- */

sapa_rc sapa_call_on_placed(struct sapa_core *core, const struct sapa_record *record);
/** An offer of kind OWN or COLLEAGUE came to nothing: so did the call. `c` is gone afterwards. */
void sapa_call_unreached(struct sapa_core *core, struct core_contact *c, enum sapa_side side, uint32_t cause);
/** His phone has answered: now for whom he wants. */
void sapa_call_go(struct sapa_core *core, struct core_work *w);
/** Ring this one alone for somebody who is on the line; nobody: the call is over. */
void sapa_call_ring_colleague(struct sapa_core *core, struct core_contact *c, uint32_t agent);
/** Into a flow, also when none has served it yet. */
void sapa_call_flow(struct sapa_core *core, struct core_contact *c, uint32_t flow);
/** Whom he called has answered. */
void sapa_call_connect(struct sapa_core *core, struct core_work *w);
/** News of the outside number of an agent's own call; ESTATE: it is not about that. */
sapa_rc sapa_call_on_dial(struct sapa_core *core, struct core_contact *c, const struct sapa_rec_dial_progress *in);
/** May he be rung by a colleague now? */
bool sapa_call_may_ring(const struct sapa_core *core, uint32_t agent);
/** The contact of which an agent's call uses the line of `w`; NULL none. */
struct core_contact *sapa_call_beside(struct sapa_core *core, const struct core_work *w);
/** The agent's leg is over, unless it is the customer's; with a call beside it goes over to that. */
void sapa_call_drop_line(struct sapa_core *core, struct core_work *w);
/** His part in his own call is over: whom he held for it he talks with again. */
void sapa_call_resume(struct sapa_core *core, struct core_contact *c);

/* ---- party.c: more than two, and what agents do with contacts in hand ---- */

/** Customer, agents and outside numbers that talk, held or not. */
unsigned sapa_party_count(const struct sapa_core *core, const struct core_contact *c);
/** Without this work, does anybody else talk with the customer? */
bool sapa_party_others(const struct sapa_core *core, const struct core_contact *c, const struct core_work *but);
/** An agent has left the others: they go on. */
void sapa_party_go_on(struct sapa_core *core, struct core_contact *c);
/** All outside numbers of a contact that closes. */
void sapa_party_end(struct sapa_core *core, struct core_contact *c, enum sapa_side side, uint32_t cause);
/** Nobody ever said what became of the outside number. */
void sapa_party_overdue(struct sapa_core *core, struct core_contact *c);
/** News of an outside party; ESTATE: it is not about one. */
sapa_rc sapa_party_on_dial(struct sapa_core *core, struct core_contact *c, const struct sapa_rec_dial_progress *in);
sapa_rc sapa_party_on_passed(struct sapa_core *core, const struct sapa_record *record);
sapa_rc sapa_party_on_command(struct sapa_core *core, const struct sapa_record *record);

/* ---- quota.c: breaks with a quota ---- */

/** In this reason today, the stretch that runs counted in. */
int64_t sapa_quota_used_us(const struct sapa_core *core, uint32_t agent, uint32_t reason, int64_t now_us);
/** He leaves the presence that he has: what he used is counted. */
void sapa_quota_leave(struct sapa_core *core, uint32_t agent);
/** Agents of a team (SAPA_NONE: without one) who are in it. */
uint32_t sapa_quota_in_it(const struct sapa_core *core, uint32_t team, uint32_t reason);
/** SAPA_EDENIED: his minutes are used up. SAPA_ELIMIT: the places of his team are taken. */
SAPA_MUST_CHECK sapa_rc sapa_quota_may(const struct sapa_core *core, uint32_t agent, uint32_t reason);
/** For which reason he stands in line; SAPA_NONE. */
uint32_t sapa_quota_booked(const struct sapa_core *core, uint32_t agent);
bool sapa_quota_unbook(struct sapa_core *core, uint32_t agent);
SAPA_MUST_CHECK sapa_rc sapa_quota_book(struct sapa_core *core, uint32_t agent, uint32_t reason);
/** Whose turn it is goes. At the end of a step, before contacts find agents. */
void sapa_quota_settle(struct sapa_core *core);
/** After the agents have moved to the places of the next description, which is not in force yet. */
void sapa_quota_adopt(struct sapa_core *core, const struct sapa_centre *next);
/* ---- supervise.c: supervisors in conversations ---- */

struct core_watch *sapa_watch_find(struct sapa_core *core, uint64_t id);
sapa_rc sapa_watch_on_supervise(struct sapa_core *core, const struct sapa_record *in);
sapa_rc sapa_watch_accepted(struct sapa_core *core, struct core_watch *watch);
/** Out of it. `tell`: his phone does not know yet. */
void sapa_watch_end(struct sapa_core *core, struct core_watch *watch, enum sapa_offer_result result, enum sapa_side side,
                    uint32_t cause, bool tell);
/** All supervisors of a contact that closes. */
void sapa_watch_end_all(struct sapa_core *core, struct core_contact *c, enum sapa_side side, uint32_t cause);
void sapa_watch_retire(struct sapa_core *core, uint32_t agent);
void sapa_watch_timer(struct sapa_core *core, struct core_watch *watch);

/* ---- help.c: what agents and those who lead them say to each other ---- */

sapa_rc sapa_help_on_hand(struct sapa_core *core, const struct sapa_record *in);
/** A supervisor comes into this contact: whoever asked for help there has it. */
void sapa_help_comes(struct sapa_core *core, const struct core_contact *c, const struct sapa_text64 *by);
void sapa_help_view(const struct sapa_core *core, uint32_t agent, struct sapa_agent_view *ret);
/** He logs out: nobody need come. */
void sapa_help_drop(struct sapa_core *core, uint32_t agent);
sapa_rc sapa_help_on_broadcast(struct sapa_core *core, const struct sapa_record *in);
sapa_rc sapa_help_on_read(struct sapa_core *core, const struct sapa_record *in);
sapa_rc sapa_help_on_alert(struct sapa_core *core, const struct sapa_record *in);
/** Into the next description. */
void sapa_help_move(struct sapa_core *core, const struct sapa_centre *next);

/* ---- record.c: recordings ---- */

/* Before they talk, by that queue's policy. True: one began, and the caller sends the command when they are connected. */
bool sapa_recording_connect(struct sapa_core *core, struct core_contact *c,
                            const struct sapa_queue *q);
/** The agent has left and the contact goes on by itself: masked until the next conversation. */
void sapa_recording_rest(struct sapa_core *core, struct core_contact *c);
/** The next conversation begins: a pause belongs to the one before. */
void sapa_recording_again(struct sapa_core *core, struct core_contact *c);
void sapa_recording_end(struct sapa_core *core, struct core_contact *c);
sapa_rc sapa_recording_command(struct sapa_core *core, struct core_contact *c, enum sapa_verb verb);
void sapa_message_start(struct sapa_core *core, struct core_contact *c, uint32_t queue,
                        uint32_t max_ms);
void sapa_message_stop(struct sapa_core *core, struct core_contact *c);

/* ---- agent.c: presence and what agents ask for ---- */

void sapa_agent_move(struct sapa_core *core, uint32_t agent, enum sapa_presence to, uint32_t reason,
                     unsigned by);
sapa_rc sapa_agent_on_command(struct sapa_core *core, const struct sapa_record *in);
sapa_rc sapa_agent_on_device(struct sapa_core *core, const struct sapa_record *in);
sapa_rc sapa_change_on_skill(struct sapa_core *core, const struct sapa_record *in);
sapa_rc sapa_change_on_queue(struct sapa_core *core, const struct sapa_record *in);
sapa_rc sapa_change_on_team(struct sapa_core *core, const struct sapa_record *in);
void sapa_change_timer(struct sapa_core *core);
void sapa_change_arm(struct sapa_core *core);
/** By hand; DESCRIBED: as his skills, team and clients say. */
enum sapa_serves sapa_change_serves(const struct sapa_core *core, uint32_t agent, uint32_t queue);

/* ---- callback.c: virtual waiters ---- */

void sapa_callback_request(struct sapa_core *core, struct core_contact *c, uint32_t queue,
                           struct sapa_str number);
/** The customer's leg is gone and the callback lives on. */
void sapa_callback_begin(struct sapa_core *core, struct core_contact *c);
void sapa_callback_dial(struct sapa_core *core, struct core_work *w);
/** The number was not reached; or, side AGENT, the agent's leg ended while dialling. */
void sapa_callback_failed(struct sapa_core *core, struct core_contact *c, enum sapa_side side,
                          uint32_t cause);
/** May it be offered now? Otherwise *ret_due says when to look again (0: when told). */
bool sapa_callback_ready(const struct sapa_core *core, const struct core_contact *c,
                         int64_t *ret_due);
void sapa_callback_unlock(struct sapa_core *core, struct core_contact *c);
sapa_rc sapa_callback_on_dial(struct sapa_core *core, const struct sapa_record *in);

/* ---- port.c: between contacts and flows ---- */

void sapa_port_begin(struct sapa_core *core, struct core_contact *c, uint32_t flow);
/** Give the flow an event and do what it asks for. False: it did not fit. `c` may be gone afterwards. */
bool sapa_port_event(struct sapa_core *core, struct core_contact *c,
                     const struct sapa_flow_event *event);
void sapa_port_pending(struct sapa_core *core);

/* ---- adopt.c: taking a centre description into force ---- */

sapa_rc sapa_adopt_on_centre(struct sapa_core *core, const struct sapa_record *in);
/** Everything derived anew from the state; used after a snapshot too. */
void sapa_adopt_rebuild(struct sapa_core *core);
uint64_t sapa_adopt_key(struct sapa_str key);
void sapa_adopt_agent_init(struct sapa_core *core, struct core_agent *agent);
void sapa_adopt_levels(struct sapa_core *core);
/** Contacts that ring and talk, by queue, from the work there is. */
void sapa_adopt_count(struct sapa_core *core);

/* ---- why.c: explanations ---- */

/** Fill `why` for a contact: pick NULL when it waits. At most `named` agents. */
void sapa_why_fill(const struct sapa_core *core, const struct core_contact *c, uint64_t offer,
                   const struct core_pick *pick, uint32_t ahead, unsigned named, int64_t now_us,
                   struct sapa_rec_why *why);
/** How many stand before it in its line, in which it may or may not stand itself just now. */
uint32_t sapa_line_ahead(const struct sapa_core *core, const struct core_contact *c);
/** Log why it waits, if the reason is another than before. */
void sapa_why_wait(struct sapa_core *core, struct core_contact *c);

#endif
