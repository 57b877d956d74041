/**
 * @file http/calls_impl.h
 * Calls of agents through the API: from a request to an input of the core, and from its verdict to an answer.
 * Room    http, internal.   Thread  the web thread's.
 */
#ifndef SAPA_HTTP_CALLS_IMPL_H
#define SAPA_HTTP_CALLS_IMPL_H

#include "http/web_impl.h"

/* Of contacts, offers and supervisions that begin here; no earlier process has given it out. 0: there are no more, and it is answered. */
uint64_t sapa_web_new_id(struct web_request *rq);
/* Routes SUPERVISE and SUPERVISION_…; the body is checked. */
void sapa_web_supervise(struct web_request *rq, const json_t *body);
/* Routes HELP_… and MESSAGE_…; the body, where there is one, is checked. */
void sapa_web_help(struct web_request *rq, const json_t *body);
/* Route CHANGES; the body is checked. */
void sapa_web_change(struct web_request *rq, const json_t *body);
/* The core has judged: an answer for each agent. */
void sapa_web_changed(struct web_request *rq, const struct sapa_web_reply *reply);
/* Routes CALL and OFFER_…; the body is checked. */
void sapa_web_call(struct web_request *rq, const json_t *body);
/* `rc` says which status, `why` (enum sapa_call_denial) in which words. */
void sapa_web_call_denied(struct web_request *rq, sapa_rc rc, unsigned why);

#endif
