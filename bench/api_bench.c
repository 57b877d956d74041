/*
 * api_bench PORT TOKEN reads|writes|feed [SECONDS]: load on the API of a centre on 127.0.0.1, one JSON line out.
 *
 *   reads   16 connections, each asks for the next as soon as it has the last: contacts, agents, one agent, queues
 *   writes  16 connections, each changes a skill of its own agent (agent1 …): through the log, answered when committed
 *   feed    500 subscribers; a switch is turned twenty times a second: from the request to each subscriber
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rt/clock.h"
#include "rt/socket.h"

enum { CONNECTIONS = 16, SUBSCRIBERS = 500, SAMPLES_MAX = 4000000, BUFFER = 1 << 17 };

struct client {
    int fd;
    char *buf;
    size_t n;
    int64_t sent_us;
    unsigned turn;
    unsigned upgraded;
};

static uint16_t port;
static const char *token;
static int64_t *samples;
static size_t sample_count;
static uint64_t failures;

static void die(const char *what)
{
    fprintf(stderr, "api_bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void sample(int64_t us)
{
    if (sample_count < SAMPLES_MAX)
        samples[sample_count++] = us;
}

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static double percentile_ms(unsigned percent)
{
    return sample_count ? (double)samples[(sample_count - 1) * percent / 100] / 1000.0 : 0;
}

static void connect_to(struct client *c)
{
    struct sapa_addr addr;
    struct pollfd wait;

    if (sapa_addr_parse(SAPA_STR("127.0.0.1"), port, &addr) != SAPA_OK || sapa_tcp_connect(NULL, &addr, &c->fd) != SAPA_OK)
        die("connect");
    wait = (struct pollfd){ .fd = c->fd, .events = POLLOUT };
    if (poll(&wait, 1, 10000) != 1 || sapa_socket_error(c->fd) != SAPA_OK)
        die("connect");
    c->buf = malloc(BUFFER);
    if (!c->buf)
        die("memory");
    c->n = 0;
}

static void send_all(struct client *c, const char *text, size_t size)
{
    while (size > 0) {
        size_t n = 0;
        const sapa_rc rc = sapa_socket_write(c->fd, text, size, &n);
        if (rc == SAPA_EAGAIN)
            continue;
        if (rc != SAPA_OK)
            die("send");
        text += n, size -= n;
    }
}

/* Bytes of a whole reply in the buffer, 0: not yet. */
static size_t whole(const struct client *c, unsigned *ret_status)
{
    const char *end = memmem(c->buf, c->n, "\r\n\r\n", 4), *length = memmem(c->buf, c->n, "content-length: ", 16);
    unsigned long body = 0;

    if (!end)
        return 0;
    if (length && length < end)
        body = strtoul(length + 16, NULL, 10);
    const size_t size = (size_t)(end + 4 - c->buf) + body;
    if (c->n < size)
        return 0;
    *ret_status = (unsigned)strtoul(c->buf + 9, NULL, 10);
    return size;
}

static void read_some(struct client *c)
{
    size_t n = 0;
    const sapa_rc rc = sapa_socket_read(c->fd, c->buf + c->n, BUFFER - c->n, &n);

    if (rc == SAPA_OK)
        c->n += n;
    else if (rc != SAPA_EAGAIN)
        die("read");
}

static void ask_read(struct client *c, unsigned index)
{
    static const char *const paths[] = { "/api/v1/contacts?limit=20", "/api/v1/agents/agent1", "/api/v1/agents?limit=20", "/api/v1/queues" };
    char text[512];

    (void)index;
    const int n = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", paths[c->turn++ % 4], token);
    c->sent_us = sapa_mono_us();
    send_all(c, text, (size_t)n);
}

static void ask_write(struct client *c, unsigned index)
{
    char text[512], body[32];
    const int size = snprintf(body, sizeof(body), "{\"level\":%u}", 1 + c->turn++ % 9);
    const int n = snprintf(text, sizeof(text), "PUT /api/v1/agents/agent%u/skills/english HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s",
                           index + 1, token, size, body);

    c->sent_us = sapa_mono_us();
    send_all(c, text, (size_t)n);
}

static double load(unsigned seconds, void (*ask)(struct client *c, unsigned index))
{
    static struct client clients[CONNECTIONS];
    struct pollfd fds[CONNECTIONS];

    for (unsigned i = 0; i < CONNECTIONS; i++) {
        connect_to(&clients[i]);
        fds[i] = (struct pollfd){ .fd = clients[i].fd, .events = POLLIN };
        ask(&clients[i], i);
    }
    const int64_t began_us = sapa_mono_us(), end_us = began_us + seconds * INT64_C(1000000);
    while (sapa_mono_us() < end_us) {
        if (poll(fds, CONNECTIONS, 5000) <= 0)
            die("no answer");
        for (unsigned i = 0; i < CONNECTIONS; i++) {
            struct client *c = &clients[i];
            unsigned status;
            size_t size;
            if (!fds[i].revents)
                continue;
            read_some(c);
            if ((size = whole(c, &status)) == 0)
                continue;
            memmove(c->buf, c->buf + size, c->n - size);
            c->n -= size;
            failures += status != 200;
            sample(sapa_mono_us() - c->sent_us);
            ask(c, i);
        }
    }
    return (double)(sapa_mono_us() - began_us) / 1e6;
}

/* ---- feed ---- */

/* One frame of the server: its payload; 0: not whole yet. */
static size_t frame(const struct client *c, const char **ret_payload, size_t *ret_n)
{
    const uint8_t *b = (const uint8_t *)c->buf;
    size_t head = 2, n;

    if (c->n < 2)
        return 0;
    n = b[1] & 127;
    if (n == 126) {
        if (c->n < 4)
            return 0;
        n = (size_t)b[2] << 8 | b[3], head = 4;
    } else if (n == 127) {
        if (c->n < 10)
            return 0;
        n = 0;
        for (unsigned i = 2; i < 10; i++)
            n = n << 8 | b[i];
        head = 10;
    }
    if (c->n < head + n)
        return 0;
    *ret_payload = c->buf + head;
    *ret_n = n;
    return head + n;
}

static void feed(unsigned seconds)
{
    static struct client subs[SUBSCRIBERS];
    static struct pollfd fds[SUBSCRIBERS + 1];
    struct client writer = { .turn = 0 };
    int64_t turned_us = 0, next_us = 0;
    uint64_t wanted = 0, got = 0;

    for (unsigned i = 0; i < SUBSCRIBERS; i++) {
        char text[512];
        connect_to(&subs[i]);
        const int n = snprintf(text, sizeof(text),
                               "GET /api/v1/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sapa.live.v1\r\nAuthorization: Bearer %s\r\n\r\n", token);
        send_all(&subs[i], text, (size_t)n);
        fds[i] = (struct pollfd){ .fd = subs[i].fd, .events = POLLIN };
    }
    connect_to(&writer);
    fds[SUBSCRIBERS] = (struct pollfd){ .fd = writer.fd, .events = POLLIN };
    const int64_t began_us = sapa_mono_us(), first_us = began_us + 2000000, end_us = first_us + seconds * INT64_C(1000000);
    next_us = first_us;
    while (sapa_mono_us() < end_us || (got < wanted && sapa_mono_us() < end_us + 5000000)) {
        const int64_t now_us = sapa_mono_us();
        if (now_us >= next_us && now_us < end_us && got == wanted) { /* all have the last one */
            char text[512];
            const char *body = writer.turn++ % 2 ? "{\"on\":false}" : "{\"on\":true}";
            const int n = snprintf(text, sizeof(text), "PUT /api/v1/switches/surge HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %zu\r\n\r\n%s",
                                   token, strlen(body), body);
            turned_us = sapa_mono_us();
            send_all(&writer, text, (size_t)n);
            wanted += SUBSCRIBERS;
            next_us = now_us + 50000;
        }
        if (poll(fds, SUBSCRIBERS + 1, 5) < 0)
            die("poll");
        for (unsigned i = 0; i <= SUBSCRIBERS; i++) {
            struct client *c = i < SUBSCRIBERS ? &subs[i] : &writer;
            const char *payload;
            size_t n, size;
            unsigned status;
            if (!fds[i].revents)
                continue;
            read_some(c);
            if (i == SUBSCRIBERS || !c->upgraded) {
                if ((size = whole(c, &status)) == 0)
                    continue;
                failures += i == SUBSCRIBERS ? status != 200 : status != 101;
                c->upgraded = 1;
                memmove(c->buf, c->buf + size, c->n - size);
                c->n -= size;
            }
            while (i < SUBSCRIBERS && (size = frame(c, &payload, &n)) > 0) {
                if (turned_us && memmem(payload, n, "\"type\":\"events\"", 15) && memmem(payload, n, "\"type\":\"switches\"", 17)) {
                    sample(sapa_mono_us() - turned_us);
                    got++;
                }
                memmove(c->buf, c->buf + size, c->n - size);
                c->n -= size;
            }
        }
    }
    failures += wanted - got;
}

int main(int argc, char **argv)
{
    const unsigned seconds = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 5;
    double took = seconds;

    if (argc < 4)
        return 2;
    port = (uint16_t)strtoul(argv[1], NULL, 10);
    token = argv[2];
    samples = malloc(SAMPLES_MAX * sizeof(*samples));
    if (!samples)
        return 1;
    if (strcmp(argv[3], "reads") == 0)
        took = load(seconds, ask_read);
    else if (strcmp(argv[3], "writes") == 0)
        took = load(seconds, ask_write);
    else
        feed(seconds);
    qsort(samples, sample_count, sizeof(*samples), compare);
    printf("{\"%s_per_s\": %.0f, \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"count\": %zu, \"failures\": %llu}\n", argv[3],
           (double)sample_count / took, percentile_ms(50), percentile_ms(99), sample_count, (unsigned long long)failures);
    return failures == 0 ? 0 : 1;
}
