/**
 * @file http/phone_impl.h
 * Browsers as telephones: their short-lived credentials (phone.c) and SIP over WebSocket (sip_ws.c, RFC 7118).
 * Room    http, internal.   Thread  the web thread's.   Design  docs/design/browser-phones.md
 */
#ifndef SAPA_HTTP_PHONE_IMPL_H
#define SAPA_HTTP_PHONE_IMPL_H

#include "http/web_impl.h"

enum {
    WEB_SIP_MESSAGE_MAX = 64 * 1024, /* bytes of one SIP message */
    WEB_SIP_QUEUE_MAX = 256 * 1024,  /* unsent bytes of a connection; one that does not read is closed */
    WEB_SIP_PING_US = 25 * 1000 * 1000,
    WEB_SIP_SILENT_US = 40 * 1000 * 1000, /* since anything came: a pong is due in between */
    WEB_CALLS_EACH_US = 6 * 1000 * 1000,  /* credentials for guests: one in so long from a source … */
    WEB_CALLS_BURST = 10,                 /* … and so many at once */
    WEB_PHONE_HOURS = 12,
    WEB_GUEST_S = 120,                    /* to begin the call */
    WEB_GUEST_RELAY_S = 2 * 3600,         /* names for TURN: a call that lasts longer is not a guest's */
};

/* Route ME_PHONE. */
void sapa_web_phone(struct web_request *rq);
/* Route WEB_CALL. */
void sapa_web_guest(struct web_request *rq, const json_t *body);

/* ---- sip_ws.c ---- */

/* May this upgrade go on? -1: no. */
int sapa_web_sip_upgrade(struct sapa_web *web, struct lws *wsi);
int sapa_web_sip_established(struct sapa_web *web, struct lws *wsi, struct web_session *session);
/* A piece of a frame. */
int sapa_web_sip_receive(struct sapa_web *web, struct lws *wsi, struct web_session *session, const char *bytes, size_t n);
void sapa_web_sip_pong(struct web_session *session);
int sapa_web_sip_writable(struct sapa_web *web, struct lws *wsi, struct web_session *session);
void sapa_web_sip_closed(struct sapa_web *web, struct web_session *session);
/* A message of the SIP thread: struct sapa_web_sip_head and the bytes; none: the connection is to be closed. */
void sapa_web_sip_send(struct sapa_web *web, const void *message, size_t size);
void sapa_web_sip_second(struct sapa_web *web, int64_t now_us);

#endif
