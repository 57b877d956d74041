/**
 * @file app/web_link.h
 * The centre's side of the web thread: what a step has touched goes there, its questions come here.
 *
 * After each step the contacts and agents that the step's records speak of are looked up in the core and
 * sent whole; the web thread shows them when the step is committed. A mailbox that is full costs nothing
 * but a reset: all of it is sent again a little later.
 *
 * Room    app.   Thread  the centre thread.   Design  docs/design/http.md   Tests  app/web_link_test.c
 */
#ifndef SAPA_APP_WEB_LINK_H
#define SAPA_APP_WEB_LINK_H

#include "app/engine.h"
#include "http/web.h"
#include "store/people.h"
#include "store/writer.h"

struct sapa_web_link;

/** A description is to be read. */
struct sapa_reload {
    const char *file; /* takes the place of the one that is served; NULL: that one has changed */
    const char *by, *comment;
};

struct sapa_web_link_ports {
    void *ctx;
    /** To the web thread, as sapa_web_put(), sapa_web_reply() and sapa_web_wake(). */
    sapa_rc (*put)(void *ctx, uint32_t type, const void *data, size_t size);
    sapa_rc (*reply)(void *ctx, const struct sapa_web_reply *reply, const void *data, size_t size);
    void (*wake)(void *ctx);
    /** An input, now. SAPA_EAGAIN: the log is too far behind. */
    sapa_rc (*input)(void *ctx, struct sapa_record *input);
    /** Whose telephone number this is, of a client (the store's number). NULL: nobody's. Microseconds. */
    sapa_rc (*reserve)(void *ctx, uint64_t client, struct sapa_str address, struct sapa_person_found *ret);
    /** The description's file again, or another. The file that `wish` names is of nobody's use afterwards. */
    sapa_rc (*reload)(void *ctx, const struct sapa_reload *wish);
};

struct sapa_web_link_options {
    struct sapa_loop *loop;
    struct sapa_core *core;
    const struct sapa_engine *engine;
    struct sapa_live *live;
    struct sapa_log_writer *writer; /* NULL: none, in tests */
    struct sapa_web_link_ports ports;
};

SAPA_MUST_CHECK sapa_rc sapa_web_link_open(const struct sapa_web_link_options *options, struct sapa_web_link **ret);
/** NULL is fine. */
void sapa_web_link_close(struct sapa_web_link *link);

/** The store's numbers of the clients of the description in force. Before the centre_started that brings it. */
void sapa_web_link_clients(struct sapa_web_link *link, const uint64_t clients[64]);
/** Records of one step that go to the log; `last`: the core has done all of it. */
void sapa_web_link_step(struct sapa_web_link *link, const struct sapa_record *const records[], size_t count, bool last);
/** The log is safe up to here. */
void sapa_web_link_committed(struct sapa_web_link *link, uint64_t seq);
/** A question. */
void sapa_web_link_ask(struct sapa_web_link *link, const void *message, size_t size);
/** Once a second: what readiness and metrics tell. `serving`: calls can be taken. */
void sapa_web_link_second(struct sapa_web_link *link, bool serving);

#endif
