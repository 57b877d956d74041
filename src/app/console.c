#include "app/console.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "rt/socket.h"

struct client {
    struct sapa_console *console;
    struct sapa_watch watch;
    int fd;
};

struct sapa_console {
    struct sapa_loop *loop;
    struct sapa_watch watch;
    int fd;
    sapa_console_fn *fn;
    void *ctx;
    struct client clients[SAPA_CONSOLE_CLIENTS_MAX];
};

struct sapa_console_reply {
    int fd;
    bool failed; /* the client is gone, or does not read, or an error was the answer */
};

static void send_json(struct sapa_console_reply *reply, json_t *object)
{
    char *text = reply->failed ? NULL : json_dumps(object, JSON_COMPACT);

    json_decref(object);
    if (!text)
        return;
    const size_t n = strlen(text);
    if (n > SAPA_CONSOLE_MESSAGE_MAX || sapa_unix_send(reply->fd, text, n, NULL, 0) != SAPA_OK)
        reply->failed = true;
    free(text);
}

void sapa_console_row(struct sapa_console_reply *reply, json_t *row)
{
    send_json(reply, row);
}

void sapa_console_error(struct sapa_console_reply *reply, const char *fmt, ...)
{
    char buf[512];
    struct sapa_text text;
    va_list args;

    sapa_text_init(&text, buf, sizeof(buf));
    va_start(args, fmt);
    sapa_text_vprintf(&text, fmt, args);
    va_end(args);
    send_json(reply, json_pack("{s:s}", "error", buf));
    reply->failed = true;
}

static void client_close(struct client *client)
{
    sapa_watch_stop(client->console->loop, &client->watch);
    sapa_fd_close(client->fd);
    client->fd = -1;
}

static void on_request(void *ctx, int fd, unsigned events)
{
    struct client *client = ctx;
    struct sapa_console *console = client->console;
    struct sapa_console_reply reply = { .fd = fd };
    char buf[4096];
    size_t n, fds;
    const sapa_rc rc = sapa_unix_receive(fd, buf, sizeof(buf), &n, NULL, 0, &fds);

    (void)events;
    if (rc == SAPA_EAGAIN)
        return;
    if (rc != SAPA_OK && rc != SAPA_ELIMIT) {
        client_close(client);
        return;
    }
    json_t *request = rc == SAPA_OK ? json_loadb(buf, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (json_is_object(request))
        console->fn(console->ctx, request, &reply);
    else
        sapa_console_error(&reply, "a request is one JSON object of at most %zu bytes", sizeof(buf));
    json_decref(request);
    send_json(&reply, json_pack("{s:b}", "end", 1));
    client_close(client); /* one question a connection */
}

static void on_connect(void *ctx, int listener, unsigned events)
{
    struct sapa_console *console = ctx;
    int fd;

    (void)events;
    while (sapa_unix_accept(listener, &fd) == SAPA_OK) {
        struct client *client = NULL;
        for (size_t i = 0; i < SAPA_CONSOLE_CLIENTS_MAX && !client; i++) {
            if (console->clients[i].fd < 0)
                client = &console->clients[i];
        }
        if (!client) {
            sapa_fd_close(fd);
            continue;
        }
        *client = (struct client){ .console = console, .fd = fd };
        if (sapa_watch_start(console->loop, &client->watch, fd, SAPA_LOOP_READ, on_request, client) != SAPA_OK) {
            sapa_fd_close(fd);
            client->fd = -1;
        }
    }
}

sapa_rc sapa_console_open(struct sapa_loop *loop, const char *path, sapa_console_fn *fn, void *ctx,
                          struct sapa_console **ret)
{
    struct sapa_console *console = calloc(1, sizeof(*console));
    if (!console)
        return SAPA_ENOMEM;
    console->loop = loop, console->fn = fn, console->ctx = ctx;
    for (size_t i = 0; i < SAPA_CONSOLE_CLIENTS_MAX; i++)
        console->clients[i].fd = -1;
    sapa_rc rc = sapa_unix_listen(path, &console->fd);
    if (rc != SAPA_OK) {
        free(console);
        return rc;
    }
    if (chmod(path, 0600) != 0)
        sapa_log(SAPA_LOG_WARN, "console.open", "path=%s: others may ask too, ignoring", path);
    rc = sapa_watch_start(loop, &console->watch, console->fd, SAPA_LOOP_READ, on_connect, console);
    if (rc != SAPA_OK) {
        sapa_fd_close(console->fd);
        free(console);
        return rc;
    }
    *ret = console;
    return SAPA_OK;
}

void sapa_console_close(struct sapa_console *console)
{
    if (!console)
        return;
    for (size_t i = 0; i < SAPA_CONSOLE_CLIENTS_MAX; i++) {
        if (console->clients[i].fd >= 0)
            client_close(&console->clients[i]);
    }
    sapa_watch_stop(console->loop, &console->watch);
    sapa_fd_close(console->fd);
    free(console);
}

/* ---- the asking side ---- */

static sapa_rc read_answer(int fd, int64_t limit_ms, sapa_console_row_fn *fn, void *ctx, struct sapa_text *error)
{
    static char buf[SAPA_CONSOLE_MESSAGE_MAX + 1];
    const int64_t end_us = sapa_mono_us() + limit_ms * 1000;

    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        const int64_t left_ms = (end_us - sapa_mono_us()) / 1000;
        size_t n, fds;
        if (left_ms <= 0 || poll(&p, 1, (int)SAPA_MIN(left_ms, 60000)) == 0) {
            sapa_text_add(error, SAPA_STR("the centre does not answer in time"));
            return SAPA_ETIMEOUT;
        }
        const sapa_rc rc = sapa_unix_receive(fd, buf, sizeof(buf), &n, NULL, 0, &fds);
        if (rc == SAPA_EAGAIN)
            continue;
        if (rc != SAPA_OK) {
            sapa_text_add(error, SAPA_STR("the centre has closed the connection"));
            return rc;
        }
        json_t *row = json_loadb(buf, n, 0, NULL);
        const char *sentence = json_string_value(json_object_get(row, "error"));
        if (sentence)
            sapa_text_add(error, sapa_str_of(sentence));
        const bool failed = !row || sentence, end = json_is_true(json_object_get(row, "end"));
        if (!failed && !end)
            fn(ctx, row);
        json_decref(row);
        if (failed)
            return SAPA_EINVAL;
        if (end)
            return SAPA_OK;
    }
}

sapa_rc sapa_console_ask(const char *path, json_t *request, int64_t limit_ms, sapa_console_row_fn *fn, void *ctx,
                         struct sapa_text *error)
{
    char *text = json_dumps(request, JSON_COMPACT);
    int fd = -1;

    json_decref(request);
    if (!text)
        return SAPA_ENOMEM;
    sapa_rc rc = sapa_unix_connect(path, &fd);
    if (rc != SAPA_OK) {
        sapa_text_printf(error, "no centre answers at %s; start one with sapa serve, or name its folder with --data DIR",
                         path);
    } else {
        rc = sapa_unix_send(fd, text, strlen(text), NULL, 0);
        if (rc == SAPA_OK)
            rc = read_answer(fd, limit_ms, fn, ctx, error);
        sapa_fd_close(fd);
    }
    free(text);
    return rc;
}
