/**
 * @file app/live_console.h
 * What the local console answers: the live view, living contacts, why, switches, figures of the program.
 *
 * Room    app.   Thread  the centre thread.   Tests  app/serve_test.c
 */
#ifndef SAPA_APP_LIVE_CONSOLE_H
#define SAPA_APP_LIVE_CONSOLE_H

#include "app/engine.h"
#include "store/writer.h"

struct sapa_live_console;

struct sapa_reload {
    const char *file;    /* takes the place of the one that is served; NULL: that one has changed */
    const char *by, *comment;
};

struct sapa_live_console_options {
    struct sapa_loop *loop;
    const struct sapa_core *core;
    struct sapa_live *live;
    const struct sapa_engine *engine;
    struct sapa_log_writer *writer;
    const char *path;                                    /* of the socket */
    sapa_rc (*input)(void *ctx, struct sapa_record *input); /* an input of a person at the console */
    void (*tokens_changed)(void *ctx);                   /* may be NULL */
    void (*password_changed)(void *ctx, struct sapa_str user); /* may be NULL */
    struct sapa_store *store;                            /* for tokens; NULL: there are none */
    /** Read the description again, or another. SAPA_EAGAIN: the one before has not taken force yet; SAPA_EIO: it cannot be kept */
    sapa_rc (*reload)(void *ctx, const struct sapa_reload *wish);
    const char *centre; /* its file */
    void *ctx;
};

SAPA_MUST_CHECK sapa_rc sapa_live_console_open(const struct sapa_live_console_options *options,
                                               struct sapa_live_console **ret);
/** NULL is fine. */
void sapa_live_console_close(struct sapa_live_console *console);

#endif
