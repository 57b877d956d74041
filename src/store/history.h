/**
 * @file store/history.h
 * Which contacts a person has had, and where in the log the few records stand that tell of each.
 *
 * Two small tables, written in the commit of the records that they point to and made anew from the log where they are
 * missing: no text of anybody stands in them. So a history costs a few rows and not the reading of the log. Erasing a
 * person takes the rows of that person away.
 * Room    store.   Thread  any; microseconds a row.
 * Design  docs/design/desk.md   Tests  store/sqlite/history_test.c
 */
#ifndef SAPA_STORE_HISTORY_H
#define SAPA_STORE_HISTORY_H

#include "store/store.h"

/* Numbers stand in the store: append only. */
enum sapa_moment {
    SAPA_MOMENT_NONE,
    SAPA_MOMENT_BEGIN, /* contact_arrived, agent_call, contact_new */
    SAPA_MOMENT_FLOW,  /* flow_value; flow_step that a key led to */
    SAPA_MOMENT_WORK,  /* contact_queued, contact_connected, wrapup_ended, callback_changed, contact_ended; party_joined of an agent; recording_state when it has ended; survey_answered */
    SAPA_MOMENT_NOTE,  /* contact_noted */
    SAPA_MOMENT_DISPOSED, /* wrapup_ended with a disposition: under sapa_moment_of_agent() and sapa_moment_of_queue() */
    SAPA_MOMENT_CUSTOMER, /* contact_party that says so: under the contact and sapa_moment_of_person() */
    SAPA_MOMENT_PROSPECT, /* likewise */
};

/*
 * Not of a contact, but of an agent or a queue, by its index in the description that was in force: under numbers that no
 * contact has (those of node 0). Whoever reads compares keys, for an index may have meant somebody else. Persons stand
 * above them; of one whose number is as large as that nothing is kept.
 */
static inline uint64_t sapa_moment_of_agent(uint64_t agent) { return 1 + agent; }
static inline uint64_t sapa_moment_of_queue(uint64_t queue) { return (UINT64_C(1) << 32) + 1 + queue; }
#define SAPA_MOMENT_PERSON (UINT64_C(1) << 53)
static inline uint64_t sapa_moment_of_person(uint64_t person) { return SAPA_MOMENT_PERSON | person; }

enum { SAPA_MOMENTS_MAX = 128, SAPA_HISTORY_MAX = 200 };

struct sapa_past_contact {
    uint64_t contact, seq; /* of its contact_new */
};

/**
 * Contacts of a person and of everybody merged into it, the newest first.
 * @param before_seq  those that began before this place in the log; UINT64_MAX: all
 * @param max         SAPA_HISTORY_MAX at most
 * @retval SAPA_ENOENT  no such person, or erased
 */
SAPA_MUST_CHECK sapa_rc sapa_person_contacts(struct sapa_store *store, uint64_t person, uint64_t before_seq,
                                             struct sapa_past_contact *ret, size_t max, size_t *ret_count);
/**
 * Places of a contact's records of one kind, in the order of the log: the last `max` of them (SAPA_MOMENTS_MAX at most).
 * `*ret_count` 0: there is none, or it is from before this index and was not indexed.
 */
SAPA_MUST_CHECK sapa_rc sapa_contact_moments(struct sapa_store *store, uint64_t contact, enum sapa_moment kind,
                                             uint64_t *ret_seqs, size_t max, size_t *ret_count);

/**
 * What was said last of a person, or of one who was merged into it, by contact_party: enum sapa_party_type + 1; 0: nothing.
 * @retval SAPA_ENOENT  no such person, or erased
 */
SAPA_MUST_CHECK sapa_rc sapa_person_party_type(struct sapa_store *store, uint64_t person, uint8_t *ret);
/** The same on the card of one contact. */
SAPA_MUST_CHECK sapa_rc sapa_contact_party_type_said(struct sapa_store *store, uint64_t contact, uint8_t *ret);

#endif
