/**
 * @file http/ticket.h
 * Tickets: what a customer waits for beyond the end of a call. A subject, who sees to it, until when, and what was done.
 *
 * Kept in the store's settings: the head of each (`api.ticket.N`), its entries (`api.ticket.N.M`: a change each, with who,
 * when and in which contact; never changed), and lists that only lead to heads (`ticket.person.P`, `ticket.agent.KEY` …):
 * they are written before a head and shortened after it, so that a crash leaves one too many, which whoever reads passes
 * over. Subject and texts are sealed with the key of the person (ADR 13): an erasure makes them unreadable. An entry says
 * in which contact it was made, of whatever channel: a mail that belongs to a ticket is an entry like a call.
 *
 * Room    http: base, store.   Thread  any; writes one at a time (the store's settings lock).
 * Design  docs/design/tickets.md   Tests  app/ticket_test.c
 */
#ifndef SAPA_HTTP_TICKET_H
#define SAPA_HTTP_TICKET_H

#include "model/centre.h"
#include "store/people.h"

enum {
    SAPA_TICKET_SUBJECT_CHARS = 200,
    SAPA_TICKET_SUBJECT_MAX = 4 * SAPA_TICKET_SUBJECT_CHARS, /* bytes */
    SAPA_TICKET_TEXT_MAX = 2000,      /* bytes of an entry's text */
    SAPA_TICKET_ENTRIES_MAX = 200,    /* of a ticket */
    SAPA_TICKET_CONTACTS_MAX = 100,   /* of a ticket: of those that come after, the entries alone tell */
    SAPA_TICKETS_PERSON_MAX = 500,    /* of a person, resolved ones too */
    SAPA_TICKETS_OWNER_MAX = 500,     /* of an agent, a queue or a team, without those that are resolved */
};

/* Numbers stand in the store: append only. */
enum sapa_ticket_status { SAPA_TICKET_OPEN, SAPA_TICKET_WAITING /* for the customer */, SAPA_TICKET_RESOLVED, SAPA_TICKET_STATUS_COUNT };
enum sapa_ticket_priority { SAPA_TICKET_LOW, SAPA_TICKET_NORMAL, SAPA_TICKET_HIGH, SAPA_TICKET_PRIORITY_COUNT };
enum sapa_ticket_owner { SAPA_TICKET_NOBODY, SAPA_TICKET_AGENT, SAPA_TICKET_QUEUE, SAPA_TICKET_TEAM, SAPA_TICKET_OWNER_COUNT };

/** "open", "low", "agent" …: as in the API and in the store's keys. */
const char *sapa_ticket_status_name(unsigned status);
const char *sapa_ticket_priority_name(unsigned priority);
const char *sapa_ticket_owner_name(unsigned kind);
/** The number of such a word, or the COUNT of its kind. */
unsigned sapa_ticket_status_of(struct sapa_str name);
unsigned sapa_ticket_priority_of(struct sapa_str name);
unsigned sapa_ticket_owner_of(struct sapa_str name);

struct sapa_ticket {
    uint64_t number;                   /* of the centre, from 1 */
    uint64_t person, version;          /* version: how many entries it has */
    int64_t created_us, changed_us;
    int64_t due_us, resolved_us;       /* 0: none, not resolved */
    uint8_t status, priority, owner_kind;
    char owner[SAPA_KEY_MAX + 1];      /* key; "" of nobody */
    char client[SAPA_KEY_MAX + 1];
    char by[65], changed_by[65];
    char subject[SAPA_TICKET_SUBJECT_MAX + 1]; /* empty: its person was erased */
    uint64_t contacts[SAPA_TICKET_CONTACTS_MAX]; /* in which it was opened or touched, the first first */
    uint32_t contact_count;
};

/* What an entry changes. */
#define SAPA_TICKET_SET_STATUS 1u
#define SAPA_TICKET_SET_OWNER 2u
#define SAPA_TICKET_SET_DUE 4u
#define SAPA_TICKET_SET_PRIORITY 8u

struct sapa_ticket_entry {
    uint64_t number;                   /* of the ticket's, from 1 */
    uint64_t contact;                  /* in which it was made; 0: in none */
    int64_t at_us, due_us;
    uint32_t set;                      /* SAPA_TICKET_SET_…: the fields below that it has changed */
    uint8_t status, priority, owner_kind;
    char owner[SAPA_KEY_MAX + 1];
    char by[65];
    char text[SAPA_TICKET_TEXT_MAX + 1]; /* may be empty; also when the person was erased */
};

/** Is it a subject: one line of 1 to SAPA_TICKET_SUBJECT_CHARS characters? */
bool sapa_ticket_is_subject(struct sapa_str text);
/** Is it a text: SAPA_TICKET_TEXT_MAX bytes at most, with line ends but no other control characters? May be empty. */
bool sapa_ticket_is_text(struct sapa_str text);

/**
 * A new one: of `ticket` the client, person, subject, status OPEN and what `first` says (owner, due, priority, text, contact, by, at).
 * @retval SAPA_EINVAL  subject or text   @retval SAPA_ENOENT  the person was erased
 * @retval SAPA_ELIMIT  SAPA_TICKETS_PERSON_MAX or SAPA_TICKETS_OWNER_MAX
 */
SAPA_MUST_CHECK sapa_rc sapa_ticket_open(struct sapa_store *store, const struct sapa_ticket *ticket, const struct sapa_ticket_entry *first,
                                         struct sapa_ticket *ret);
/** SAPA_ENOENT: there is none of this number. */
SAPA_MUST_CHECK sapa_rc sapa_ticket_get(struct sapa_store *store, uint64_t number, struct sapa_ticket *ret);
/**
 * One more entry, and what it sets is so from then on.
 * @param match    the version that it was made from; 0: any
 * @retval SAPA_EEXIST  it has another version   @retval SAPA_ELIMIT  SAPA_TICKET_ENTRIES_MAX, or SAPA_TICKETS_OWNER_MAX
 * @retval SAPA_EINVAL  text   @retval SAPA_ENOENT  no such ticket   @retval SAPA_ESTATE  its person was erased
 */
SAPA_MUST_CHECK sapa_rc sapa_ticket_change(struct sapa_store *store, uint64_t number, uint64_t match, const struct sapa_ticket_entry *entry,
                                           struct sapa_ticket *ret);
/** Its entries, the first first. */
SAPA_MUST_CHECK sapa_rc sapa_ticket_entries(struct sapa_store *store, const struct sapa_ticket *ticket,
                                            void (*fn)(void *ctx, const struct sapa_ticket_entry *entry), void *ctx);

/** The highest number that was given. */
SAPA_MUST_CHECK sapa_rc sapa_ticket_last(struct sapa_store *store, uint64_t *ret);
/** Numbers of a person and of everybody merged into it, the newest first: `max` at most. An erased person has none. */
SAPA_MUST_CHECK sapa_rc sapa_tickets_of_person(struct sapa_store *store, uint64_t person, uint64_t *ret, size_t max, size_t *ret_count);
/** Those of an owner that are not resolved, the newest first. */
SAPA_MUST_CHECK sapa_rc sapa_tickets_of_owner(struct sapa_store *store, enum sapa_ticket_owner kind, struct sapa_str owner, uint64_t *ret, size_t max,
                                              size_t *ret_count);

#endif
