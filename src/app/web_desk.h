/**
 * @file app/web_desk.h
 * What an agent's desk reads and writes of contacts: cards with their history, and notes. On the web thread's pool.
 *
 * A card costs the rows of store/history.h and the few records that they point to, never a walk through the log.
 * Room    app.   Thread  any; jobs share nothing but the store.
 * Design  docs/design/desk.md   Tests  app/web_desk_test.c, test/scenario/80-api
 */
#ifndef SAPA_APP_WEB_DESK_H
#define SAPA_APP_WEB_DESK_H

#include "app/centre_shelf.h"
#include "app/web_work.h"
#include "report/card.h"

/** What the log says of a contact's beginning, its agents and its recordings. Its texts live as long as `shelf` and `work->centre`. SAPA_ENOENT. */
SAPA_MUST_CHECK sapa_rc sapa_web_desk_card(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_centre_shelf *shelf,
                                           uint64_t contact, struct sapa_card *ret);
/** The same of a contact that who asks may see. */
SAPA_MUST_CHECK sapa_rc sapa_web_desk_seen(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_centre_shelf *shelf,
                                           uint64_t contact, struct sapa_card *ret);
/** Has the agent who asks the person in hand (`work->in_hand`), or did he talk with it? */
SAPA_MUST_CHECK sapa_rc sapa_web_desk_knows(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_centre_shelf *shelf,
                                            uint64_t person, bool *ret);
/** CARD, NOTE, DISPOSITIONS, WORK, TASK_NEW, TASK_SET. @param shelf  for descriptions of earlier contacts */
SAPA_MUST_CHECK sapa_rc sapa_web_desk(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_centre_shelf *shelf);
/** The note of a contact as JSON, or null, into `work->out`. Its visibility has been judged. */
SAPA_MUST_CHECK sapa_rc sapa_web_desk_note(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_centre_shelf *shelf,
                                           uint64_t contact);
/**
 * May what was recorded of this contact be heard? Its client has been judged. A leader's team had it in hand, or nobody;
 * an agent took part in it, or in another contact of the same person, or has one in hand (`work->in_hand`): what his cards show.
 * @retval SAPA_ENOENT  no
 */
SAPA_MUST_CHECK sapa_rc sapa_web_desk_hears(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_centre_shelf *shelf,
                                            uint64_t contact);

#endif
