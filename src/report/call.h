/**
 * @file report/call.h
 * The call record: one per contact, folded from the log, handed out when the contact is finished.
 *
 * Finished means: closed, every wrap-up done, and every recording reported ended. A recording that is
 * silent for SAPA_CALL_LINGER_US after the end no longer holds the record up (`late` is set). Memory is bounded
 * by the contacts that live; lists in a record are bounded, what does not fit is counted in `dropped`.
 *
 * Room    report: base, model; pure.   Thread  the fold's.   Owner  sapa_calls_init() .. _done().
 * Tests   report/call_test.c           Design  docs/design/numbers.md
 */
#ifndef SAPA_REPORT_CALL_H
#define SAPA_REPORT_CALL_H

#include "base/table.h"
#include "model/record.h"
#include "report/names.h"
#include "report/zone.h"

enum {
    SAPA_CALL_VISITS_MAX = 8,
    SAPA_CALL_PARTS_MAX = 8,
    SAPA_CALL_RECORDINGS_MAX = 4,
    SAPA_CALL_LEGS_MAX = 8,
    SAPA_CALL_STEPS_MAX = 48,
    SAPA_CALL_ANSWERS_MAX = 8,
    SAPA_CALL_TRANSFERS_MAX = 4,
    SAPA_CALL_OUTSIDES_MAX = 4,
    SAPA_CALLS_MAX = 200000,
};
#define SAPA_CALL_LINGER_US (INT64_C(60) * 1000000)
#define SAPA_CALL_QUALITY_US (INT64_C(2) * 1000000) /* the legs' last reports are waited for so long */

/** One stay in a queue. */
struct sapa_call_visit {
    int64_t queued_us;
    int64_t left_us;       /* 0: still there */
    uint32_t queue;        /* dimension */
    uint32_t ewt_p50_ms, ewt_p90_ms; /* as promised */
    uint32_t offers;       /* made during this stay */
    uint8_t reason;        /* enum sapa_dequeue, when left */
    bool is_callback;
};

/** One agent's part: an offer that was accepted, and what came of it. */
struct sapa_call_part {
    uint64_t offer;
    int64_t connected_us;  /* 0: accepted, not yet connected */
    int64_t parted_us;     /* 0: still there */
    int64_t wrapped_us;    /* 0: no wrap-up or not over */
    uint32_t agent, queue, disposition; /* dimensions */
    uint32_t talk_ms, hold_ms, wrapup_ms, ring_ms;
    uint16_t cause;
    uint8_t side;          /* enum sapa_side: who ended the part */
    uint8_t wrapup_how;    /* as in wrapup_ended */
    uint8_t policy;        /* enum sapa_record_policy */
    uint8_t wrapup;        /* 0 none, 1 running, 2 over */
    uint8_t kind;          /* as in offer_made: 2 his own call, 3 a colleague called him */
    bool joined;           /* he came into a conversation that went on: whom another had asked */
};

/** An agent passed the contact on. */
struct sapa_call_transfer {
    int64_t at_us;
    uint64_t other;        /* contact of the consultation, 0: none */
    uint32_t agent;        /* dimension */
    uint32_t target;       /* dimension of the queue, number or agent; SAPA_NONE: outside */
    uint8_t kind;          /* enum sapa_target */
    bool asked;            /* after asking; else blind */
};

/** Somebody outside who took part: a number that was called, or that a flow transferred to. */
struct sapa_call_outside {
    int64_t joined_us;
    int64_t left_us;       /* 0: to the end of the contact */
    uint32_t attempt;
    uint32_t trunk;        /* index + 1 when it is known, else 0 */
};

enum { SAPA_CALL_RECORDING_FAILED = 4, SAPA_CALL_RECORDING_CUT = 5, SAPA_CALL_RECORDING_DUE = 6 };

struct sapa_call_recording {
    uint64_t recording;
    uint64_t bytes;
    int64_t started_us;
    uint32_t recorded_ms, masked_ms;
    uint32_t rest_ms;      /* of the masked: while nobody talked with the contact */
    uint32_t rest_from_ms; /* masked_ms when such a rest began; SAPA_NONE: none is on */
    uint8_t state;         /* as in recording_state: 3 ended, 4 failed, 5 cut; 6: announced, not begun */
    bool is_voicemail;
    bool is_owed;          /* of a conversation that policy says must be recorded */
};

struct sapa_call_leg {
    uint64_t leg;
    uint32_t packets, lost, jitter_us, jitter_max_us;
    uint32_t sent, heard_lost, heard_jitter_us; /* of ours, as the peer reported */
    uint16_t mos_x100, mos_min_x100;            /* 0: nothing came */
    uint16_t heard_mos_x100, heard_mos_min_x100; /* 0: it reported nothing */
    uint8_t side;          /* enum sapa_side */
};

struct sapa_call_step {
    uint32_t flow;         /* index in the description in force then */
    uint16_t node;
    uint8_t via;           /* key pressed, or 0 */
};

struct sapa_call_answer {
    char question[24];
    uint32_t agent, queue;
    uint8_t answer;
    uint8_t scale;         /* the highest answer there is; 0: it was not told */
};

/** Counts of offers by how they ended. */
struct sapa_call_offers {
    uint16_t made, accepted, refused, no_answer, failed, gone;
    uint32_t ring_ms;
};

struct sapa_call {
    uint64_t contact;      /* key of the table */
    uint64_t person;
    uint64_t seq_first, seq_last; /* place in the log */
    int64_t arrived_us;    /* reached us */
    int64_t opened_us;     /* the core took it */
    int64_t answered_us;   /* established by the flow; 0 never */
    int64_t queued_us;     /* first queue; 0 never */
    int64_t connected_us;  /* first agent; 0 never */
    int64_t ended_us;      /* 0: still open */
    uint32_t client, number, queue, agent; /* dimensions; queue: last, agent: last connected */
    uint32_t trunk, flow;  /* indices */
    uint32_t campaign;     /* dimension; SAPA_NONE: placed for none */
    uint8_t channel, direction, language, priority;
    uint8_t party_type;    /* enum sapa_party_type + 1; 0: from before it was known */
    uint8_t outcome;       /* enum sapa_outcome */
    uint8_t side, place;
    uint8_t callback;      /* enum sapa_callback + 1 of the last change; 0: none */
    uint8_t callback_attempts;
    bool answered;         /* by an agent */
    bool erased;           /* the person's key is gone */
    bool late;             /* handed out without a recording's end */
    uint32_t cause;
    uint32_t total_ms, flow_ms, queue_ms; /* as the core counted them at the end */
    uint32_t talk_ms, hold_ms, wrapup_ms, ring_ms; /* sums over the parts */
    /* The recording meter: conversation = recorded + masked + excluded + unrecorded. */
    uint32_t conversation_ms; /* between connecting and parting, agents together counted once */
    uint32_t recorded_ms, masked_ms, excluded_ms, unrecorded_ms;
    uint32_t forbidden_ms; /* a recorder ran while the policy was to record nothing */
    uint32_t voicemail_ms;
    uint16_t dropped;      /* list entries that found no room */
    uint64_t merged_into;  /* it went on in this contact; 0: no */
    uint64_t merged_from;  /* the last contact whose parties came in; 0: none */
    uint8_t parties_max;   /* most who talked at once, the customer counted; 2 in an ordinary conversation */
    bool conference;       /* an agent brought somebody in and stayed */
    uint8_t visit_count, part_count, recording_count, leg_count, step_count, answer_count, transfer_count, outside_count;
    uint8_t open_wrapups;
    uint8_t legs_due;      /* measured legs whose last report has not come */
    char address[48];      /* of the customer: personal; empty when unknown or erased */
    char reference[64];    /* identity of the call on the wire */
    struct sapa_call_offers offers;
    struct sapa_call_visit visits[SAPA_CALL_VISITS_MAX];
    struct sapa_call_part parts[SAPA_CALL_PARTS_MAX];
    struct sapa_call_recording recordings[SAPA_CALL_RECORDINGS_MAX];
    struct sapa_call_leg legs[SAPA_CALL_LEGS_MAX];
    struct sapa_call_step steps[SAPA_CALL_STEPS_MAX];
    struct sapa_call_answer answers[SAPA_CALL_ANSWERS_MAX];
    struct sapa_call_transfer transfers[SAPA_CALL_TRANSFERS_MAX];
    struct sapa_call_outside outsides[SAPA_CALL_OUTSIDES_MAX];
    /* the meter at work */
    int64_t talking_since_us; /* 0: nobody talks */
    uint64_t owed_us;         /* of the conversation: what policy says must be recorded */
    uint64_t talked_us;
    uint8_t talking;          /* agents in the conversation */
    bool owes;                /* the present stretch must be recorded */
    bool forbids;             /* the present stretch must not be recorded */
    uint64_t forbidden_us;
};

struct sapa_calls {
    const struct sapa_names *names;
    void (*finished)(void *ctx, const struct sapa_call *call); /* call lives for the call; may be NULL */
    void *ctx;
    uint64_t seq;             /* last record folded */
    int64_t now_us;
    int64_t sweep_us;         /* next look for records that linger */
    uint64_t finished_count;
    struct sapa_table open;   /* struct sapa_call */
    struct sapa_table closed; /* contacts that are closed but not finished */
    uint64_t after;           /* records about contacts that are not open (any more) */
    struct sapa_record_arrival {  /* the contact_arrived that the next contact_new belongs to */
        uint64_t contact;
        int64_t at_us;
        uint32_t trunk, priority;
        bool erased;
        char address[48], reference[64];
    } arrival;
};

/** @param names  borrowed; its owner keeps it up to date before each record is folded */
void sapa_calls_init(struct sapa_calls *calls, const struct sapa_memory *memory,
                     const struct sapa_names *names);
void sapa_calls_done(struct sapa_calls *calls);
/**
 * Fold one record, in the order of the log. A record whose seq is not above the last is ignored.
 * @retval SAPA_ELIMIT  too many living contacts   @retval SAPA_ENOMEM
 */
SAPA_MUST_CHECK sapa_rc sapa_calls_fold(struct sapa_calls *calls, const struct sapa_record *record);
/** The open record of a contact; NULL. Lives until the next fold. */
const struct sapa_call *sapa_calls_find(const struct sapa_calls *calls, uint64_t contact);
/**
 * The log is read: hand out what is closed, without waiting for legs' last reports. What is in wrap-up,
 * or has a recording that may still be reported (SAPA_CALL_LINGER_US), stays.
 */
void sapa_calls_flush(struct sapa_calls *calls);

SAPA_MUST_CHECK sapa_rc sapa_calls_save(const struct sapa_calls *calls, const struct sapa_save *save);
/** Into calls fresh from sapa_calls_init(). SAPA_EVERSION: rebuild from the log. */
SAPA_MUST_CHECK sapa_rc sapa_calls_load(struct sapa_calls *calls, const struct sapa_load *load);

/** What a call record shows; `show_pii` false hides the customer's address. */
struct sapa_call_show {
    const struct sapa_names *names;
    const struct sapa_zone *zone;
    enum sapa_language language;
    bool show_pii;
    uint8_t party_type; /* what was said after the record was closed, as there; 0: nothing */
};
/** enum sapa_party_type + 1, as was said last; 0: from before it was known. */
static inline unsigned sapa_call_party_type(const struct sapa_call *call, const struct sapa_call_show *show)
{
    return show->party_type ? show->party_type : call->party_type;
}
/** One JSON object. 16 KiB of room always suffice. */
void sapa_call_json(const struct sapa_call *call, const struct sapa_call_show *show, struct sapa_text *out);
/** A page for a person: the times, the way through menus and queues, agents, recordings, quality. */
void sapa_call_print(const struct sapa_call *call, const struct sapa_call_show *show,
                     const struct sapa_lines *out);
/** Keys of the agents who talked, each once, in order: "siti budi". */
void sapa_call_agents(const struct sapa_call *call, const struct sapa_call_show *show, struct sapa_text *out);
/** "siti asked agent budi; budi blind queue bank.kartu": who passed it on, how, and where to. English is for programs, too. */
void sapa_call_transfers(const struct sapa_call *call, const struct sapa_call_show *show, enum sapa_language language, struct sapa_text *out);
/** Heading and one line of CSV (RFC 4180). */
void sapa_call_csv_head(struct sapa_text *out);
void sapa_call_csv(const struct sapa_call *call, const struct sapa_call_show *show, struct sapa_text *out);

#endif
