/**
 * @file test/sim/naive.h
 * The routing rules once more, as plainly as they can be said, to hold the core against.
 *
 * It learns the world from inputs and events alone, keeps everything in flat arrays, and decides by
 * looking at every agent and every contact. What it does not model it leaves out of its verdicts:
 * contacts that may wait for a preferred agent who is there, and when a callback may be tried.
 */
#ifndef SAPA_TEST_SIM_NAIVE_H
#define SAPA_TEST_SIM_NAIVE_H

#include "core/core.h"

enum {
    NAIVE_AGENTS = 16,
    NAIVE_QUEUES = 8,
    NAIVE_SKILLS = 8,
    NAIVE_CONTACTS = 256,
    NAIVE_WORKS = 512,
    NAIVE_WATCHES = 64
};

struct naive_agent {
    uint8_t presence, level[NAIVE_SKILLS];
    struct naive_by_hand {
        uint8_t serves, beneath; /* enum sapa_serves; beneath: what holds when its time is over */
        int64_t until_us;
    } by_hand[NAIVE_QUEUES];
    uint32_t team, team_beneath; /* in which he works; what holds for good when its time is over */
    int64_t team_until_us;       /* 0: for good, or nothing is changed */
    uint8_t hand; /* enum sapa_hand */
    int64_t hand_us;
    bool reachable, watching; /* watching: his phone is a supervisor's */
    uint64_t idle;     /* order of idleness, lower waits longer */
    uint32_t contacts; /* since login */
};

struct naive_contact {
    uint64_t id; /* 0: free */
    uint32_t queue, priority, channel, client;
    uint32_t last_agent; /* of the customer, SAPA_NONE */
    uint32_t prefers;    /* may be waiting for him alone, SAPA_NONE */
    bool queued, special, virtual_waiter, ended_before;
    unsigned ringing, talking; /* talking: parts of agents but who called it; from two on a conference */
    unsigned outside;          /* parties from outside */
    bool internal, merged;     /* an agent called us or a colleague; its parties went over to another */
    int64_t aged_us, entered_us;
    uint64_t seq;
    uint64_t left_step; /* number of the step in which it left its last queue */
    uint32_t left_why;
    bool joined;
    uint32_t refused[8];
    unsigned refused_count;
    int64_t refused_until_us;
};

struct naive_work {
    uint64_t offer; /* 0: free */
    uint64_t contact;
    uint32_t agent, channel;
    uint8_t state, kind; /* enum sapa_assignment; as in offer_made */
    bool offer_open;
    bool caller;          /* his leg is the customer's of that contact */
    int64_t connected_us; /* 0 not yet, -1 unknown */
};

struct naive_watch {
    uint64_t id, contact; /* id 0: free */
    uint32_t agent, mode;
    bool on;
    int64_t on_us;
};

struct naive {
    const struct sapa_centre *centre;
    struct naive_agent agents[NAIVE_AGENTS];
    struct naive_contact contacts[NAIVE_CONTACTS];
    struct naive_work works[NAIVE_WORKS];
    struct naive_watch watches[NAIVE_WATCHES];
    uint32_t rr_last[NAIVE_QUEUES];
    uint64_t idle, seq, steps;
    int64_t now_us, settled_us; /* all that was due up to settled_us has happened */
    bool judge;                 /* off while a new description takes force */
    uint64_t news, ends, made, results[SAPA_OFFER_COUNT], outcomes[SAPA_OUTCOME_COUNT], judged, joined, watched, taken;
};

void naive_init(struct naive *n, const struct sapa_centre *centre);
/** Before the core sees it. */
void naive_input(struct naive *n, const struct sapa_record *in, int64_t now_us);
/** Each event and command, in order. Aborts with a reason when it is wrong. */
void naive_event(struct naive *n, const struct sapa_record *out);
/** After the step. `quiet`: the core has nothing overdue. */
void naive_done(struct naive *n, bool quiet);
/** Another description is in force. */
void naive_centre(struct naive *n, const struct sapa_centre *centre, const struct sapa_core *core);

/** Whom the rules give a contact to, SAPA_NONE nobody; and the other way round (id, 0 none). */
uint32_t naive_agent_for(const struct naive *n, const struct naive_contact *c);
uint64_t naive_contact_for(const struct naive *n, uint32_t agent);
struct naive_contact *naive_contact_of(struct naive *n, uint64_t id);

#endif
