/**
 * @file http/cookie.h
 * Sessions in cookies, for pages: the secret is out of reach of scripts, and requests of other sites do not count.
 *
 * A tab names the session that it means (header Sapa-Session, or ?session= where no header can be set), and each
 * session has a cookie of its own, so two tabs of a browser may be two people. A cookie alone is not believed: what
 * changes anything, and every WebSocket, must come from a page of this server (Origin, RFC 6454), besides SameSite=Strict.
 *
 * Room    http: base.   Thread  any.   Design  docs/design/pages.md   Tests  http/cookie_test.c, http/cookie_fuzz.c
 */
#ifndef SAPA_HTTP_COOKIE_H
#define SAPA_HTTP_COOKIE_H

#include "http/token.h"

enum { SAPA_COOKIE_TEXT_SIZE = 224, SAPA_COOKIES_MAX = 6 /* sessions that one browser keeps; the oldest give way */ };

/**
 * The secret of a session in a Cookie header: `secure` (over TLS) under the name with __Host- alone, else under either.
 * @retval false  it is not there
 */
bool sapa_cookie_find(struct sapa_str header, uint64_t session, bool secure, char ret_secret[SAPA_TOKEN_TEXT_SIZE]);
/** Sessions that a Cookie header names, each once, in its order. @return how many, `max` at most */
size_t sapa_cookie_sessions(struct sapa_str header, bool secure, uint64_t *ret, size_t max);
/** Value of Set-Cookie. `secure`: over TLS. An empty secret takes the cookie away. */
void sapa_cookie_set(uint64_t session, struct sapa_str secret, unsigned seconds, bool secure, char ret[SAPA_COOKIE_TEXT_SIZE]);
/** Is the Origin that of a page of this server? `host`: header Host. */
bool sapa_origin_is_ours(struct sapa_str origin, struct sapa_str host);
/** "localhost", 127.…, [::1], with or without port: no name that somebody else's DNS could lead here. */
bool sapa_host_is_loopback(struct sapa_str host);

#endif
