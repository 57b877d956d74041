/**
 * @file app/web_ticket.h
 * The API of tickets (http/ticket.h keeps them): listing, opening, reading, changing; what of them stands on a card and in an agent's work.
 *
 * Who sees one: its client's people; of agents of that client who owns it or serves its queue, who has written in it, and who
 * talks or has talked with the person. Words are for them, and otherwise for the right person.
 * Room    app.   Thread  the web thread's pools: writes one at a time, reads any.
 * Design  docs/design/tickets.md   Tests  app/web_ticket_test.c, test/scenario/80-api
 */
#ifndef SAPA_APP_WEB_TICKET_H
#define SAPA_APP_WEB_TICKET_H

#include "app/web_job_impl.h"
#include "http/ticket.h"

/** TICKETS, TICKET, TICKET_NEW, TICKET_SET, TICKET_ENTRY; the result goes into job->work, its rc is returned. */
SAPA_MUST_CHECK sapa_rc sapa_web_ticket(struct job *job);

/** Those of a person, of clients that one sees, the newest first; resolved ones too. To be given to sapa_web_tickets_free(). */
SAPA_MUST_CHECK sapa_rc sapa_web_tickets_of(const struct sapa_web_files *files, const struct sapa_web_work *work, uint64_t person,
                                            struct sapa_ticket **ret, size_t *ret_count);
/** Words about customers stood in them: wiped. NULL is fine. */
void sapa_web_tickets_free(struct sapa_ticket *tickets, size_t count);
/** Of a list: those that are not resolved, as elements of an array; at most 20. @param words  may who asks read what was said */
void sapa_web_tickets_json(const struct sapa_web_work *work, const struct sapa_ticket *tickets, size_t count, bool words, struct sapa_json *out);
/** Is an agent who asks to see to one of these, that is not resolved and was touched in this contact? Then he may see its card. */
bool sapa_web_tickets_own(const struct sapa_web_work *work, const struct sapa_ticket *tickets, size_t count, uint64_t contact);
/** What an agent owns and is not resolved, as elements of an array, each with whom it is about. */
SAPA_MUST_CHECK sapa_rc sapa_web_tickets_work(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_centre_shelf *shelf,
                                              struct sapa_str agent);

#endif
