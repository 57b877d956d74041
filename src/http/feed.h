/**
 * @file http/feed.h
 * The live feed: for each subscriber a snapshot, then numbered messages of changes.
 *
 * Subscribers who may see the same share a *ring*: each tick is written once, for all of them, and a
 * subscriber is only a place in the ring. Who falls behind the ring gets a snapshot: nobody ever drifts,
 * and a slow reader costs nothing but its socket. A snapshot is written once per ring and tick, too.
 *
 * Messages (JSON text): {"type":"snapshot","feed":F,"n":N,…} and {"type":"events","feed":F,"n":N,"events":[…]},
 * an event being {"type","id","data"}: the whole object, or null when it is gone. To resume, a
 * subscriber says the feed and the number that it had last.
 *
 * Room    http: base.   Thread  the web thread's.   Owner  sapa_feed_new() .. sapa_feed_free().
 * Design  docs/design/http.md#live-feed   Tests  http/feed_test.c, http/feed_fuzz.c
 */
#ifndef SAPA_HTTP_FEED_H
#define SAPA_HTTP_FEED_H

#include "http/mirror.h"

enum {
    SAPA_FEED_RING_FRAMES = 512,     /* messages that can be resumed */
    SAPA_FEED_RING_BYTES = 8 << 20,
    SAPA_FEED_BYTES = 128 << 20,     /* messages that can be resumed, of all views together */
    SAPA_FEED_SUBS_MAX = 2000,       /* each may have a view of its own: every agent has */
    SAPA_FEED_KEPT_TICKS = 3000,     /* a ring without subscribers is kept so long: a minute */
};

struct sapa_feed;
struct sapa_feed_sub;

struct sapa_feed_view {
    struct sapa_scope scope;
    bool show_pii;
    bool standings_only; /* a wallboard: nothing of contacts, agents, queues */
};

/** @param want_write  `connection` of a subscriber should be written to */
SAPA_MUST_CHECK sapa_rc sapa_feed_new(struct sapa_mirror *mirror, void (*want_write)(void *connection), struct sapa_feed **ret);
void sapa_feed_free(struct sapa_feed *feed);

/** A connection; nothing is sent before it is admitted. NULL: too many. */
struct sapa_feed_sub *sapa_feed_join(struct sapa_feed *feed, void *connection);
void sapa_feed_leave(struct sapa_feed *feed, struct sapa_feed_sub *sub);
/** Before admitting: it had this feed up to message `n`. */
void sapa_feed_resume(struct sapa_feed_sub *sub, const char *name, uint64_t n);
/** @retval false  no memory for its view: it is to be closed */
bool sapa_feed_admit(struct sapa_feed *feed, struct sapa_feed_sub *sub, const struct sapa_feed_view *view);
bool sapa_feed_is_admitted(const struct sapa_feed_sub *sub);

/** Publish what has changed in the mirror, and clean it. */
void sapa_feed_tick(struct sapa_feed *feed);
/** Every few seconds: who has heard nothing since the last one is told that there is no news, so that silence means a dead connection. */
void sapa_feed_beat(struct sapa_feed *feed);

struct sapa_feed_part {
    size_t size;
    bool first, last; /* of its message */
};
/** The next bytes for this subscriber, at most `size`, copied. False: nothing to say. */
bool sapa_feed_next(struct sapa_feed *feed, struct sapa_feed_sub *sub, void *buf, size_t size, struct sapa_feed_part *ret);
bool sapa_feed_has_more(const struct sapa_feed *feed, const struct sapa_feed_sub *sub);

struct sapa_feed_stats {
    uint64_t subscribers, rings, ticks, messages, snapshots, behind, bytes; /* behind: snapshots for who was too slow; bytes: kept to be resumed */
};
struct sapa_feed_stats sapa_feed_stats(const struct sapa_feed *feed);

/** First message of a subscriber without Authorization: {"token":"sapa_…","feed":"…","n":7}. */
struct sapa_feed_hello {
    char token[80];
    char feed[48]; /* empty: from the beginning */
    uint64_t n;
};
SAPA_MUST_CHECK sapa_rc sapa_feed_hello_parse(struct sapa_str text, struct sapa_feed_hello *ret);

#endif
