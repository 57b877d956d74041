/**
 * @file app/people.h
 * Who calls: an address becomes a person, before the core hears of the call.
 *
 * The store knows every identity; a new person is told to the centre as person_known, ahead of the
 * contact_arrived that names it, so that both stand in the log in that order. The
 * agent of a person's last conversation is kept here too, for "last agent" routing; what was before
 * the start comes from the engine, whose snapshots hold it.
 *
 * Room    app.   Thread  the SIP thread.   Tests  app/people_test.c
 */
#ifndef SAPA_APP_PEOPLE_H
#define SAPA_APP_PEOPLE_H

#include "model/record.h"
#include "store/people.h"

enum { SAPA_PEOPLE_KEPT_MAX = 65536 }; /* people and living contacts remembered without asking the store */

struct sapa_people;

struct sapa_people_ports {
    void *ctx;
    /** Whose address this is; a new person is reserved when it is nobody's (sapa_person_reserve). */
    sapa_rc (*reserve)(void *ctx, uint32_t client, struct sapa_str address, struct sapa_person_found *ret);
    /** A person_known input for the centre. */
    sapa_rc (*post)(void *ctx, const struct sapa_record *input);
};

SAPA_MUST_CHECK sapa_rc sapa_people_new(const struct sapa_people_ports *ports, struct sapa_people **ret);
void sapa_people_free(struct sapa_people *people);

/**
 * Person and last agent of a caller, and what was said of him (enum sapa_party_type + 1, 0 nothing). An empty address,
 * or a store or centre that does not answer, is nobody: 0, SAPA_NONE and 0.
 */
void sapa_people_resolve(struct sapa_people *people, uint32_t client, struct sapa_str address, uint64_t *ret_person,
                         uint32_t *ret_last_agent, uint8_t *ret_party_type);

/** Watch what goes by: contact_arrived, cmd_offer, cmd_connect, cmd_forget. Others are passed over. */
void sapa_people_note(struct sapa_people *people, const struct sapa_record *record);
/** Known from before the start: with whom this person talked last. */
void sapa_people_talked(struct sapa_people *people, uint64_t person, uint32_t agent);
/** A new description: map[old index of an agent] is its new one, or SAPA_NONE. */
void sapa_people_renumber(struct sapa_people *people, const uint32_t *map, size_t count);
/** The person of a living contact, 0 unknown. */
uint64_t sapa_people_of_contact(const struct sapa_people *people, uint64_t contact);

#endif
