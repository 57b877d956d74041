/**
 * @file crowd/crowd.h
 * A crowd for a centre: simulated customers who call and simulated agents who answer, over real SIP
 * and RTP on loopback. For the demo, for load, for training.
 *
 * It plays the peers of the centre at once: the phones of the agents (they register, dial codes,
 * answer offers, pass callers on, ask colleagues, call customers, wrap up) and the carriers (customers
 * who dial the centre's numbers, press keys, wait, give up; and who are called). Where the centre has
 * two trunks on this machine, the first fails now and then and the second carries the calls. Flows that look something up on this machine are answered too
 * (crowd/orders.h). Everything random comes from one seed.
 *
 * Room    crowd: base, rt, model, sip, sdp, rtp.   Thread  one, its own loop.
 * Tests   crowd/orders_test.c, test/scenario/ (whole program)
 */
#ifndef SAPA_CROWD_CROWD_H
#define SAPA_CROWD_CROWD_H

#include "model/centre.h"
#include "rt/loop.h"
#include "sip/flow.h"

struct sapa_crowd;

/** Times are milliseconds, drawn evenly from min..max unless said. */
struct sapa_crowd_options {
    struct sapa_loop *loop;
    const struct sapa_centre *centre;  /* numbers to call, agents with their passwords, codes */
    struct sapa_sip_ip target;         /* where the centre listens, UDP */
    struct sapa_sip_ip local;          /* address to call from; port 0 */
    uint64_t seed;
    uint32_t calls_per_hour;           /* Poisson arrivals; 0: nobody calls, agents only */
    uint32_t calls_max;                /* customers at once, 1..4000 */
    uint32_t calls_total;              /* stop calling after so many; 0: never */
    uint32_t agents;                   /* how many of the centre's agents take part; SAPA_NONE: all */
    bool audio;                        /* send RTP; false: signalling only */
    uint32_t lose_percent;             /* of the customers' packets are lost on the way, 0..100; keys are not */
    uint32_t answer_ms_min, answer_ms_max;   /* an agent lets it ring so long */
    uint32_t talk_ms_mean;                   /* exponential */
    uint32_t wrapup_ms_min, wrapup_ms_max;   /* until the agent dials the code; max 0: never dials it */
    uint32_t patience_ms_mean;               /* exponential, from the answer to giving up; 0: endless */
    uint32_t key_ms;                         /* between the keys that a customer presses */
    const char *keys;                        /* what every customer presses, at most 23 keys; NULL: by chance. With marks
                                                (~ think, ^ wait long) keys in between are typed quickly */
    const char *number;                      /* key of the number that every customer calls; NULL: by chance */
    uint32_t leave_ms;                       /* with keys: hangs up so long after the last one; 0: waits */
    uint32_t callback_miss_permille;         /* customers who do not answer when they are called back */
    uint32_t miss_permille;                  /* offers that are not answered */
    uint32_t refuse_permille;                /* offers that are refused */
    uint32_t break_permille;                 /* calls after which an agent takes a break */
    uint32_t break_ms;
    uint32_t hold_permille, hold_ms;         /* conversations with a hold, and its mean length */
    uint32_t pass_permille;                  /* conversations that are passed on by the phone's key, without asking */
    uint32_t ask_permille, ask_ms;           /* conversations in which a colleague is asked, who then takes over; for so long */
    uint32_t confer_permille;                /* of these: the agent stays, and all three talk (with audio only) */
    uint32_t place_permille;                 /* conversations after which the agent calls a customer himself */
    uint32_t fail_every_ms, fail_ms;         /* the first carrier fails so often, for so long; 0: never */
    uint32_t customer_ends_permille;         /* conversations that the customer may end */
    uint32_t survey_permille;                /* customers who answer when the agent has left; the others hang up */
    bool by_hand;                            /* agents answer, but dial only what sapa_crowd_dial() says */
};

/** What a living demo looks like. */
struct sapa_crowd_options sapa_crowd_demo(void);

struct sapa_crowd_stats {
    uint64_t calls, connected, abandoned, refused, failed, callbacks; /* of customers; callbacks: they were called */
    uint64_t offers, answered, missed, holds;                              /* of agents */
    uint64_t passed, asked, asked_refused, conferences, placed, placed_refused, carrier_fails;
    uint64_t codes, codes_failed, registers, register_failed;
    uint32_t now;                                                     /* calls of customers now */
    uint32_t talking;                                                 /* of these, an agent's voice is heard */
    uint64_t packets_sent, packets_received;
};

/** How long a caller's offer took to reach a phone. Kept up to SAPA_CROWD_SAMPLES_MAX each. */
enum sapa_crowd_delay {
    SAPA_CROWD_ASKED_TO_RING, /* last key sent → INVITE at a phone: while agents are idle, the centre's time */
    SAPA_CROWD_FREE_TO_RING,  /* conversation over at a phone → next INVITE there: while callers wait */
    SAPA_CROWD_DELAYS
};
enum { SAPA_CROWD_SAMPLES_MAX = 1 << 20 };

/** @retval SAPA_ELIMIT  too many calls or agents   @retval SAPA_EIO  sockets */
SAPA_MUST_CHECK sapa_rc sapa_crowd_open(const struct sapa_crowd_options *options, struct sapa_crowd **ret);
/**
 * The agent with this extension dials a code, also during a conversation; "hangup" ends that conversation.
 * @retval SAPA_ENOENT  no such phone, or nothing to hang up   @retval SAPA_ESTATE  one waits to be dialled already
 * @retval SAPA_ELIMIT  the code is too long
 */
SAPA_MUST_CHECK sapa_rc sapa_crowd_dial(struct sapa_crowd *crowd, struct sapa_str extension, struct sapa_str code);
/** Nobody calls any more; living calls are hung up. They need a little more of the loop to end. */
void sapa_crowd_stop(struct sapa_crowd *crowd);
void sapa_crowd_close(struct sapa_crowd *crowd);
struct sapa_crowd_stats sapa_crowd_stats(const struct sapa_crowd *crowd);
/** Nearest-rank percentile in microseconds, 0 when there is no sample. O(n log n). */
uint32_t sapa_crowd_delay_us(struct sapa_crowd *crowd, enum sapa_crowd_delay delay, uint32_t permille);

#endif
