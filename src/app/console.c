#include "app/console.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "rt/socket.h"

enum {
    REQUEST_MAX = 4096,
    CLIENT_LIMIT_US = 10 * 1000 * 1000, /* to ask, and to take the answer */
    UNSENT_MAX = 4 << 20,               /* bytes of an answer that a slow client has not taken yet */
    ACCEPT_AGAIN_US = 100 * 1000,       /* when the system has no descriptor left */
};

/* Part of an answer that did not fit into the socket. */
struct unsent {
    struct unsent *next;
    size_t n;
    char text[];
};

struct client {
    struct sapa_console *console;
    struct sapa_watch watch;
    struct sapa_timer limit;
    struct unsent *first, **last;
    size_t unsent_bytes;
    bool asked;
    int fd;
};

struct sapa_console {
    struct sapa_loop *loop;
    struct sapa_watch watch;
    struct sapa_timer accept_again;
    int fd;
    sapa_console_fn *fn;
    void *ctx;
    struct client clients[SAPA_CONSOLE_CLIENTS_MAX];
};

struct sapa_console_reply {
    struct client *client;
    bool failed; /* the client is gone, or takes too little, or an error was the answer */
};

static void client_close(struct client *client)
{
    sapa_watch_stop(client->console->loop, &client->watch);
    sapa_timer_cancel(client->console->loop, &client->limit);
    sapa_fd_close(client->fd);
    client->fd = -1;
    while (client->first) {
        struct unsent *unsent = client->first;
        client->first = unsent->next;
        free(unsent);
    }
}

/* ---- answering ---- */

static sapa_rc send_later(struct client *client, const char *text, size_t n)
{
    struct unsent *unsent = client->unsent_bytes + n <= UNSENT_MAX ? malloc(sizeof(*unsent) + n) : NULL;

    if (!unsent)
        return SAPA_ELIMIT;
    unsent->next = NULL;
    unsent->n = n;
    memcpy(unsent->text, text, n);
    *client->last = unsent;
    client->last = &unsent->next;
    client->unsent_bytes += n;
    return SAPA_OK;
}

static sapa_rc send_text(struct client *client, const char *text, size_t n)
{
    sapa_rc rc = client->first ? SAPA_EAGAIN : sapa_unix_send(client->fd, text, n, NULL, 0);

    if (rc == SAPA_EAGAIN)
        rc = send_later(client, text, n);
    return rc;
}

static void send_json(struct sapa_console_reply *reply, json_t *object)
{
    char *text = reply->failed ? NULL : json_dumps(object, JSON_COMPACT);

    json_decref(object);
    if (!text)
        return;
    const size_t n = strlen(text);
    if (n > SAPA_CONSOLE_MESSAGE_MAX || send_text(reply->client, text, n) != SAPA_OK)
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
    while (text.cut && text.n > 0 && !sapa_str_utf8(sapa_text_str(&text)))
        buf[--text.n] = '\0'; /* cut within a character */
    send_json(reply, json_pack("{s:s}", "error", buf));
    reply->failed = true;
}

/* ---- one client: a question, its answer, the end ---- */

static void on_limit(void *ctx)
{
    client_close(ctx);
}

static void send_rest(struct client *client)
{
    while (client->first) {
        struct unsent *unsent = client->first;
        const sapa_rc rc = sapa_unix_send(client->fd, unsent->text, unsent->n, NULL, 0);
        if (rc == SAPA_EAGAIN)
            return;
        if (rc != SAPA_OK)
            break;
        client->first = unsent->next;
        client->unsent_bytes -= unsent->n;
        free(unsent);
    }
    client_close(client);
}

static void answer(struct client *client, const char *buf, size_t n, bool whole)
{
    struct sapa_console *console = client->console;
    struct sapa_console_reply reply = { .client = client };
    json_t *request = whole ? json_loadb(buf, n, JSON_REJECT_DUPLICATES, NULL) : NULL;

    client->asked = true;
    if (json_is_object(request))
        console->fn(console->ctx, request, &reply);
    else
        sapa_console_error(&reply, "a request is one JSON object of at most %d bytes", REQUEST_MAX);
    json_decref(request);
    send_json(&reply, json_pack("{s:b}", "end", 1));
    if (!client->first) {
        client_close(client); /* one question a connection */
        return;
    }
    sapa_watch_set(console->loop, &client->watch, SAPA_LOOP_WRITE);
    sapa_timer_set(console->loop, &client->limit, CLIENT_LIMIT_US, on_limit, client);
}

static void on_client(void *ctx, int fd, unsigned events)
{
    struct client *client = ctx;
    char buf[REQUEST_MAX];
    size_t n, fds;

    if (client->asked) {
        if (events & SAPA_LOOP_HANGUP)
            client_close(client);
        else
            send_rest(client);
        return;
    }
    const sapa_rc rc = sapa_unix_receive(fd, buf, sizeof(buf), &n, NULL, 0, &fds);
    if (rc == SAPA_OK || rc == SAPA_ELIMIT)
        answer(client, buf, n, rc == SAPA_OK);
    else if (rc != SAPA_EAGAIN)
        client_close(client);
}

static void refuse(int fd)
{
    static const char busy[] = "{\"error\":\"too many questions at once; try again\"}";

    (void)!sapa_unix_send(fd, busy, sizeof(busy) - 1, NULL, 0);
    sapa_fd_close(fd);
}

static void admit(struct sapa_console *console, int fd)
{
    struct client *client = NULL;

    for (size_t i = 0; i < SAPA_CONSOLE_CLIENTS_MAX && !client; i++) {
        if (console->clients[i].fd < 0)
            client = &console->clients[i];
    }
    if (!client) {
        refuse(fd);
        return;
    }
    *client = (struct client){ .console = console, .fd = fd };
    client->last = &client->first;
    sapa_timer_set(console->loop, &client->limit, CLIENT_LIMIT_US, on_limit, client);
    if (sapa_watch_start(console->loop, &client->watch, fd, SAPA_LOOP_READ, on_client, client) != SAPA_OK)
        client_close(client);
}

static void accept_again(void *ctx)
{
    struct sapa_console *console = ctx;

    sapa_watch_set(console->loop, &console->watch, SAPA_LOOP_READ);
}

static void on_connect(void *ctx, int listener, unsigned events)
{
    struct sapa_console *console = ctx;
    sapa_rc rc;
    int fd;

    (void)events;
    while ((rc = sapa_unix_accept(listener, &fd)) == SAPA_OK)
        admit(console, fd);
    if (rc != SAPA_EAGAIN) { /* it would be reported again at once, for ever */
        sapa_watch_set(console->loop, &console->watch, 0);
        sapa_timer_set(console->loop, &console->accept_again, ACCEPT_AGAIN_US, accept_again, console);
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
    sapa_timer_cancel(console->loop, &console->accept_again);
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
        else if (!row)
            sapa_text_add(error, SAPA_STR("the centre's answer is not readable; is it of another version?"));
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
        sapa_text_printf(error, rc == SAPA_EDENIED
                                    ? "%s belongs to another user; run this as the user who started the centre (sudo -u USER …)"
                                    : "no centre answers at %s; start one with sapa serve, or name its folder with --data DIR",
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
