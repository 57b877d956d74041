/**
 * @file report/check.h
 * Does every number follow from the log? The identities that `sapa verify` proves, each violated one
 * a sentence with the contact, the agent or the row, and both numbers.
 *
 *   order      seq goes up, time does not step back
 *   story      a contact opens once and ends once; it leaves the queue it joined; offers are made once
 *              and end once; who talks was offered the contact; presences follow one another
 *   time       waits, holds, talks and totals that records state are those between their moments
 *   talk       talk and hold of agents = talk and hold of contacts
 *   offered    offered = answered + abandoned + … + open in every row, and rows add up to the total
 *   records    as many call records as closed contacts, with the same outcomes
 *   calls      every contact came in, went out or was among colleagues, and came to something; what was passed on
 *              was taken by somebody, ended outside, was lost or is on the way, the same for agents and contacts
 *   recording  each answered second is recorded, masked or excluded by the policy of its queue, within a second
 *              a contact, and none is recorded under a policy that records nothing
 *
 * Room    report: base, model; pure.   Thread  the fold's.   Tests  report/check_test.c
 */
#ifndef SAPA_REPORT_CHECK_H
#define SAPA_REPORT_CHECK_H

#include "report/call.h"
#include "report/interval.h"

enum { SAPA_CHECK_FINDINGS_MAX = 50 }; /* sentences that are kept; more are counted */

#define SAPA_IDENTITIES(X) \
    X(ORDER, "order") X(STORY, "story") X(TIME, "time") X(TALK, "talk") X(OFFERED, "offered") \
    X(RECORDS, "records") X(CALLS, "calls") X(RECORDING, "recording")

enum sapa_identity {
#define X(id, text) SAPA_IDENTITY_##id,
    SAPA_IDENTITIES(X)
#undef X
    SAPA_IDENTITY_COUNT
};
const char *sapa_identity_name(unsigned identity);

struct sapa_check_finding {
    uint8_t identity;
    uint64_t seq;     /* where it was noticed, 0: at the end */
    uint64_t contact; /* 0: none */
    char text[160];   /* English, whole sentence */
};

struct sapa_check {
    const struct sapa_names *names;
    uint64_t seq;
    int64_t now_us;
    uint64_t records, repeated;   /* folded; ignored because seen before */
    uint64_t checks[SAPA_IDENTITY_COUNT];  /* how often each was looked at */
    uint64_t broken[SAPA_IDENTITY_COUNT];
    uint64_t opened, closed;
    uint64_t outcomes[SAPA_OUTCOME_COUNT];       /* by contact_ended, inbound */
    uint64_t call_outcomes[SAPA_OUTCOME_COUNT];  /* by call records, inbound */
    uint64_t calls_in, calls_out;
    uint64_t opened_by[SAPA_DIRECTION_COUNT];    /* by contact_new */
    uint64_t of_campaigns;                       /* of these: placed for one */
    uint64_t transfers, merges;                  /* by contact_transferred, contact_merged */
    int64_t talk_contacts_ms, hold_contacts_ms;  /* of contact_parted */
    int64_t talk_calls_ms, hold_calls_ms;        /* of call records */
    uint64_t conversation_ms, recorded_ms, masked_ms, excluded_ms, unrecorded_ms;
    uint64_t lost_ms, lost_recordings; /* missing, and the log says which recorder failed or died: no finding */
    struct sapa_table contacts, offers, agents;
    struct sapa_check_finding findings[SAPA_CHECK_FINDINGS_MAX];
    uint32_t finding_count;
};

void sapa_check_init(struct sapa_check *check, const struct sapa_memory *memory,
                     const struct sapa_names *names);
void sapa_check_done(struct sapa_check *check);
SAPA_MUST_CHECK sapa_rc sapa_check_fold(struct sapa_check *check, const struct sapa_record *record);
/** Each finished call record (the call fold's `finished`). */
void sapa_check_call(struct sapa_check *check, const struct sapa_call *call);
/**
 * The identities that hold at the end: of rows, of totals. `intervals` folded the same records with
 * all kinds and no bounds, up to the same moment; `calls` likewise.
 */
SAPA_MUST_CHECK sapa_rc sapa_check_end(struct sapa_check *check, struct sapa_intervals *intervals,
                                       const struct sapa_calls *calls);

#endif
