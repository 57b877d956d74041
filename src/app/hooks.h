/**
 * @file app/hooks.h
 * Sends webhooks: reads the log from each subscription's place and posts what it wants, signed, in order.
 *
 *   POST url
 *   Sapa-Webhook: 3                    the subscription
 *   Sapa-Offset: 4713                  place in the log up to which this tells all that is wanted
 *   Sapa-Timestamp: 1795312800         seconds since 1970, when it was signed
 *   Sapa-Signature: v1=HEX             HMAC-SHA-256 of "TIMESTAMP.BODY" with the secret
 *   {"webhook":"3","events":[{"id":"4711","type":"contact_ended","at":"…","data":{…}}, …]}
 *
 * An answer 2xx within ten seconds is a receipt; 410 ends it until somebody resumes or replays it. Anything else is
 * tried again, the same events first, after 1, 2, 4 … 300 seconds, for ever: the log keeps them. One delivery of
 * a subscription is under way at a time, and all subscriptions at once: nobody waits for another's target.
 * Redirects are not followed; loopback and private addresses are refused (after the name was looked up) unless allowed.
 *
 * Room    app.   Thread  its own; the functions: any.   Design  docs/design/http.md
 * Tests   app/hooks_test.c, test/scenario/82-api-webhooks
 */
#ifndef SAPA_APP_HOOKS_H
#define SAPA_APP_HOOKS_H

#include "http/hook.h"

struct sapa_hooks;

struct sapa_hooks_options {
    struct sapa_store *store;
    const char *secrets;       /* file of secrets that subscriptions refer to, "webhook.NAME"; NULL: none */
    bool allow_private;
    int64_t retry_us;          /* first pause; 0: a second */
    int64_t timeout_ms;        /* of a delivery; 0: ten seconds */
    /** How things stand, a few times a second at most and when there is news. Its thread. May be NULL. */
    void (*tell)(void *ctx, const struct sapa_hook_state *states, size_t count);
    void *ctx;
};

SAPA_MUST_CHECK sapa_rc sapa_hooks_start(const struct sapa_hooks_options *options, struct sapa_hooks **ret);
/** Deliveries under way are broken off; they will be made again. Nothing is told any more. NULL is fine. */
void sapa_hooks_stop(struct sapa_hooks *hooks);
/** After stop, when nobody calls the functions below any more. NULL is fine. */
void sapa_hooks_free(struct sapa_hooks *hooks);
/** Subscriptions have changed. NULL is fine. */
void sapa_hooks_changed(struct sapa_hooks *hooks);
/** The log has grown. Cheap. NULL is fine. */
void sapa_hooks_committed(struct sapa_hooks *hooks);
/** Loopback, private (RFC 1918, 4193), link-local, shared (RFC 6598), multicast and unspecified addresses. */
struct sapa_addr;
bool sapa_hooks_is_private(const struct sapa_addr *addr);

#endif
