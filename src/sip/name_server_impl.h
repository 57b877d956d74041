/**
 * @file sip/name_server_impl.h
 * A name server on loopback for tests: answers from a table, over UDP and TCP, and misbehaves as it is told.
 *
 * Room    sip, tests only.
 */
#ifndef SAPA_SIP_NAME_SERVER_IMPL_H
#define SAPA_SIP_NAME_SERVER_IMPL_H

#include <stdlib.h>
#include <string.h>

#include "rt/loop.h"
#include "rt/socket.h"

enum name_server_manner {
    NAME_SERVER_GOOD,
    NAME_SERVER_SILENT,    /* never */
    NAME_SERVER_CIRCLE,    /* names that point to themselves */
    NAME_SERVER_CUT,       /* an answer that ends within a record */
    NAME_SERVER_NOISE,     /* bytes of chance behind a good head */
    NAME_SERVER_ALIASES,   /* two names that are each other's alias */
    NAME_SERVER_FLOOD,     /* as many records as fit into 64 kB, by TCP */
};

enum { DNS_A = 1, DNS_CNAME = 5, DNS_AAAA = 28, DNS_SRV = 33, DNS_NAPTR = 35 };

struct name_record {
    const char *name;
    unsigned type;
    /* A, AAAA: bytes. SRV: priority weight port target. NAPTR: order preference flags service replacement */
    const char *address;
    unsigned a, b, c;
    const char *target, *flags, *service;
};

struct name_server {
    struct sapa_loop *loop;
    struct sapa_watch udp, tcp, peer;
    int fd, listener, conn;
    const struct name_record *records;
    size_t count;
    const char *bad_name;  /* questions about it or below it are answered in this manner */
    enum name_server_manner manner;
    unsigned questions, tcp_questions;
    char servers[SAPA_ADDR_TEXT_MAX];
    uint8_t out[66000];
};

static inline void ns_u16(uint8_t **at, unsigned value)
{
    *(*at)++ = (uint8_t)(value >> 8);
    *(*at)++ = (uint8_t)value;
}

static inline void ns_name(uint8_t **at, const char *name)
{
    while (*name) {
        const size_t n = strcspn(name, ".");
        if (n == 0)
            break;
        *(*at)++ = (uint8_t)n;
        memcpy(*at, name, n);
        *at += n;
        name += n + (name[n] == '.');
    }
    *(*at)++ = 0;
}

static inline void ns_text(uint8_t **at, const char *text)
{
    *(*at)++ = (uint8_t)strlen(text);
    memcpy(*at, text, strlen(text));
    *at += strlen(text);
}

static inline void ns_record(uint8_t **at, const struct name_record *r)
{
    ns_u16(at, 0xc00c); /* the question's name */
    ns_u16(at, r->type);
    ns_u16(at, 1);
    ns_u16(at, 0);
    ns_u16(at, 60);
    uint8_t *size = *at;
    *at += 2;
    if (r->type == DNS_A || r->type == DNS_AAAA) {
        const size_t n = r->type == DNS_A ? 4 : 16;
        memcpy(*at, r->address, n);
        *at += n;
    } else if (r->type == DNS_CNAME) {
        ns_name(at, r->target);
    } else if (r->type == DNS_SRV) {
        ns_u16(at, r->a);
        ns_u16(at, r->b);
        ns_u16(at, r->c);
        ns_name(at, r->target);
    } else {
        ns_u16(at, r->a);
        ns_u16(at, r->b);
        ns_text(at, r->flags);
        ns_text(at, r->service);
        ns_text(at, "");
        ns_name(at, r->target);
    }
    uint8_t *end = *at;
    ns_u16(&size, (unsigned)(end - size - 2));
}

static inline bool ns_is_bad(const struct name_server *s, const char *name)
{
    const size_t n = strlen(name), m = s->bad_name ? strlen(s->bad_name) : 0;
    return s->bad_name && n >= m && strcmp(name + n - m, s->bad_name) == 0;
}

/* Writes the answer to the question in `ask` into s->out; returns its size, 0: none. */
static inline size_t ns_answer(struct name_server *s, const uint8_t *ask, size_t size, bool tcp)
{
    char name[256] = "";
    size_t at = 12, n = 0;
    s->questions++;
    s->tcp_questions += tcp;
    while (at < size && ask[at] != 0) {
        if (n > 0)
            name[n++] = '.';
        memcpy(name + n, ask + at + 1, ask[at]);
        n += ask[at];
        at += 1u + ask[at];
    }
    const unsigned type = (unsigned)ask[at + 1] << 8 | ask[at + 2];
    memcpy(s->out, ask, at + 5);
    uint8_t *head = s->out + 2, *end = s->out + at + 5;
    unsigned answers = 0, code = 0, cut = 0;
    const enum name_server_manner manner = ns_is_bad(s, name) ? s->manner : NAME_SERVER_GOOD;
    switch (manner) {
    case NAME_SERVER_SILENT: return 0;
    case NAME_SERVER_CIRCLE: /* a name of two bytes that point to themselves, as name and as target */
        for (; answers < 3; answers++) {
            const unsigned here = (unsigned)(end - s->out);
            ns_u16(&end, 0xc000 | here);
            ns_u16(&end, type);
            ns_u16(&end, 1);
            ns_u16(&end, 0);
            ns_u16(&end, 60);
            ns_u16(&end, 8);
            memset(end, 0, 6);
            end += 6;
            ns_u16(&end, 0xc000 | (unsigned)(end - s->out));
        }
        break;
    case NAME_SERVER_CUT:
        ns_record(&end, &(struct name_record){ .type = type, .address = "1234567890123456", .target = "a.test", .flags = "s", .service = "SIP+D2U" });
        end -= 3;
        answers = 1;
        break;
    case NAME_SERVER_NOISE:
        for (unsigned i = 0; i < 300; i++)
            *end++ = (uint8_t)(i * 2654435761u >> 13);
        answers = 9;
        break;
    case NAME_SERVER_ALIASES:
        ns_record(&end, &(struct name_record){ .type = DNS_CNAME, .target = strcmp(name, s->bad_name) == 0 ? "other.circle.test" : s->bad_name });
        answers = 1;
        break;
    case NAME_SERVER_FLOOD:
        if (!tcp) {
            cut = 2; /* TC: ask by TCP */
            break;
        }
        while (end - s->out < 65000) { /* the one that matters comes last */
            const bool last = end - s->out > 64900;
            ns_record(&end, &(struct name_record){ .type = type, .address = "\x7f\0\0\1aaaaaaaaaaaa", .a = last ? 1 : 100, .b = 1, .c = 5060,
                                                   .target = last ? "good.test" : "a.test", .flags = "s", .service = "SIP+D2U" });
            answers++;
        }
        break;
    case NAME_SERVER_GOOD:
        for (size_t i = 0; i < s->count; i++)
            if (strcmp(s->records[i].name, name) == 0) {
                code = 0x100;
                if (s->records[i].type == type) {
                    ns_record(&end, &s->records[i]);
                    answers++;
                }
            }
        code = answers || code ? 0 : 3;
        break;
    }
    ns_u16(&head, 0x8400 | cut << 8 | 0x80 | code);
    ns_u16(&head, 1);
    ns_u16(&head, answers);
    ns_u16(&head, 0);
    ns_u16(&head, 0);
    return (size_t)(end - s->out);
}

static inline void ns_udp(void *ctx, int fd, unsigned events)
{
    struct name_server *s = ctx;
    uint8_t buf[1024];
    struct sapa_packet packet = { .data = buf, .size_max = 512 };
    (void)events;
    if (sapa_udp_receive(fd, &packet, 1) != 1 || packet.size < 17)
        return;
    const size_t n = ns_answer(s, buf, packet.size, false);
    if (n > 0)
        (void)!sapa_udp_send_one(fd, &packet.peer, s->out, n);
}

static inline void ns_tcp_close(struct name_server *s)
{
    if (s->conn < 0)
        return;
    sapa_watch_stop(s->loop, &s->peer);
    sapa_fd_close(s->conn);
    s->conn = -1;
}

static inline void ns_tcp_ask(void *ctx, int fd, unsigned events)
{
    struct name_server *s = ctx;
    uint8_t buf[1024], size[2];
    size_t n;
    (void)events;
    const sapa_rc rc = sapa_socket_read(fd, buf, sizeof(buf), &n);
    if (rc == SAPA_EAGAIN)
        return;
    if (rc != SAPA_OK || n < 19) {
        ns_tcp_close(s);
        return;
    }
    const size_t answer = ns_answer(s, buf + 2, n - 2, true);
    uint8_t *at = size;
    ns_u16(&at, (unsigned)answer);
    memmove(s->out + 2, s->out, answer);
    memcpy(s->out, size, 2);
    for (size_t sent = 0, more = 0; sent < answer + 2; sent += more) /* loopback takes it at once */
        if (sapa_socket_write(fd, s->out + sent, answer + 2 - sent, &more) != SAPA_OK)
            break;
}

static inline void ns_tcp_accept(void *ctx, int fd, unsigned events)
{
    struct name_server *s = ctx;
    struct sapa_addr peer;
    int conn;
    (void)events;
    if (sapa_tcp_accept(fd, &conn, &peer) != SAPA_OK)
        return;
    ns_tcp_close(s);
    s->conn = conn;
    if (sapa_watch_start(s->loop, &s->peer, conn, SAPA_LOOP_READ, ns_tcp_ask, s) != SAPA_OK)
        abort();
}

/* On a free port of loopback, the same for UDP and TCP. */
static inline struct name_server *name_server_new(struct sapa_loop *loop, const struct name_record *records, size_t count)
{
    struct name_server *s = calloc(1, sizeof(*s));
    struct sapa_addr addr;
    if (!s)
        abort();
    s->loop = loop;
    s->records = records;
    s->count = count;
    s->conn = s->listener = s->fd = -1;
    for (unsigned i = 0; i < 50 && s->listener < 0; i++) {
        sapa_fd_close(s->fd);
        if (sapa_addr_parse(SAPA_STR("127.0.0.1"), 0, &addr) != SAPA_OK || sapa_udp_open(&addr, NULL, &s->fd) != SAPA_OK ||
            sapa_socket_local(s->fd, &addr) != SAPA_OK)
            abort();
        if (sapa_tcp_listen(&addr, &s->listener) != SAPA_OK)
            s->listener = -1;
    }
    if (s->listener < 0 || sapa_watch_start(loop, &s->udp, s->fd, SAPA_LOOP_READ, ns_udp, s) != SAPA_OK ||
        sapa_watch_start(loop, &s->tcp, s->listener, SAPA_LOOP_READ, ns_tcp_accept, s) != SAPA_OK)
        abort();
    sapa_addr_print(&addr, s->servers, sizeof(s->servers));
    return s;
}

static inline void name_server_free(struct name_server *s)
{
    ns_tcp_close(s);
    sapa_watch_stop(s->loop, &s->udp);
    sapa_watch_stop(s->loop, &s->tcp);
    sapa_fd_close(s->fd);
    sapa_fd_close(s->listener);
    free(s);
}

#endif
