/**
 * @file sip/fake_impl.h
 * For the tests of this room: a network made of nothing, on virtual time, that loses, doubles,
 * delays and reorders; and an end that is a script.
 *
 * Room sip (tests only).
 */
#ifndef SAPA_SIP_FAKE_IMPL_H
#define SAPA_SIP_FAKE_IMPL_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "sip/stack_impl.h"

struct fake_packet {
    int64_t at_us;
    uint64_t order;
    int to; /* end */
    struct sapa_sip_flow flow; /* as the receiver sees it */
    char *bytes;
    size_t n;
};

enum { FAKE_PACKETS = 65536, FAKE_LOG = 4096 };

struct fake_net;
struct fake_end {
    struct fake_net *net;
    int index;
    struct sapa_sip_stack *stack; /* NULL: a script */
    struct sapa_sip_ip ip;
};

struct fake_net {
    struct fake_end ends[2];
    enum sapa_sip_flow_kind kind;
    int64_t now_us;
    uint64_t random, order;
    unsigned loss_permille, double_permille;
    int64_t delay_us, jitter_us;
    bool closed; /* connections are gone: send gives ECLOSED until one is opened */
    uint32_t generation;
    struct fake_packet *packets;
    size_t packet_count;
    /* what end 0 sent, newest last, for scripts */
    char *sent[FAKE_LOG];
    struct sapa_sip_flow sent_flow[FAKE_LOG];
    size_t sent_count;
};

static inline uint64_t fake_random(struct fake_net *net)
{
    net->random ^= net->random << 13;
    net->random ^= net->random >> 7;
    net->random ^= net->random << 17;
    return net->random;
}

static inline void fake_queue(struct fake_net *net, int to, const struct sapa_sip_flow *flow, const char *bytes, size_t n)
{
    assert_true(net->packet_count < FAKE_PACKETS);
    struct fake_packet *p = &net->packets[net->packet_count++];
    const bool udp = flow->kind == SAPA_SIP_FLOW_UDP;
    p->at_us = net->now_us + net->delay_us + (udp && net->jitter_us ? (int64_t)(fake_random(net) % (uint64_t)net->jitter_us) : 0);
    p->order = net->order++;
    p->to = to;
    p->flow = *flow;
    p->bytes = malloc(n + 1);
    memcpy(p->bytes, bytes, n);
    p->bytes[n] = '\0';
    p->n = n;
}

static inline sapa_rc fake_send(void *ctx, const struct sapa_sip_flow *flow, const char *bytes, size_t n)
{
    struct fake_end *end = ctx;
    struct fake_net *net = end->net;

    if (flow->kind != SAPA_SIP_FLOW_UDP && flow->generation != net->generation)
        return SAPA_ECLOSED;
    if (end->index == 0 && net->sent_count < FAKE_LOG) {
        char *copy = malloc(n + 1);
        memcpy(copy, bytes, n);
        copy[n] = '\0';
        net->sent_flow[net->sent_count] = *flow;
        net->sent[net->sent_count++] = copy;
    }
    struct fake_end *other = &net->ends[1 - end->index];
    if (!other->stack)
        return SAPA_OK;
    struct sapa_sip_flow seen = *flow;
    seen.local = other->ip;
    seen.remote = end->ip;
    const bool udp = flow->kind == SAPA_SIP_FLOW_UDP;
    if (udp && fake_random(net) % 1000 < net->loss_permille)
        return SAPA_OK;
    fake_queue(net, other->index, &seen, bytes, n);
    if (udp && fake_random(net) % 1000 < net->double_permille)
        fake_queue(net, other->index, &seen, bytes, n);
    return SAPA_OK;
}

static inline sapa_rc fake_open(void *ctx, enum sapa_sip_flow_kind kind, const struct sapa_sip_ip *remote, struct sapa_sip_flow *ret_flow)
{
    struct fake_end *end = ctx;

    if (end->net->closed && kind != SAPA_SIP_FLOW_UDP)
        return SAPA_ENOENT;
    *ret_flow = (struct sapa_sip_flow){ .kind = (uint8_t)kind, .local = end->ip, .remote = *remote };
    if (kind != SAPA_SIP_FLOW_UDP) {
        ret_flow->conn = 1;
        ret_flow->generation = end->net->generation;
    }
    return SAPA_OK;
}

static const struct sapa_sip_transport_ops fake_ops = { .send = fake_send, .open = fake_open };

static inline void fake_net_init(struct fake_net *net, enum sapa_sip_flow_kind kind, uint64_t seed)
{
    memset(net, 0, sizeof(*net));
    net->kind = kind;
    net->random = seed * 0x9e3779b97f4a7c15u + 1;
    net->now_us = 1000000;
    net->delay_us = 1000;
    net->generation = 1;
    net->packets = calloc(FAKE_PACKETS, sizeof(*net->packets));
    for (int i = 0; i < 2; i++) {
        net->ends[i].net = net;
        net->ends[i].index = i;
        net->ends[i].ip = (struct sapa_sip_ip){ .family = 4, .bytes = { 10, 0, 0, (uint8_t)(i + 1) }, .port = 5060 };
    }
}

static inline void fake_forget(struct fake_net *net)
{
    for (size_t i = 0; i < net->sent_count; i++)
        free(net->sent[i]);
    net->sent_count = 0;
}

static inline void fake_net_done(struct fake_net *net)
{
    for (int i = 0; i < 2; i++)
        sapa_sip_stack_close(net->ends[i].stack);
    for (size_t i = 0; i < net->packet_count; i++)
        free(net->packets[i].bytes);
    free(net->packets);
    fake_forget(net);
}

static inline struct sapa_sip_flow fake_flow(struct fake_net *net, int from)
{
    struct sapa_sip_flow flow;

    assert_int_equal(fake_open(&net->ends[from], net->kind, &net->ends[1 - from].ip, &flow), SAPA_OK);
    return flow;
}

/* Deliver and run timers in the order of time until `until_us`. */
static inline void fake_run(struct fake_net *net, int64_t until_us)
{
    for (;;) {
        int64_t next = INT64_MAX;
        size_t which = SIZE_MAX;
        int due = -1;
        for (size_t i = 0; i < net->packet_count; i++) {
            const struct fake_packet *p = &net->packets[i];
            if (p->at_us < next || (p->at_us == next && which != SIZE_MAX && p->order < net->packets[which].order)) {
                next = p->at_us;
                which = i;
            }
        }
        for (int i = 0; i < 2; i++) {
            if (net->ends[i].stack && sapa_sip_stack_next_due(net->ends[i].stack) < next) {
                next = sapa_sip_stack_next_due(net->ends[i].stack);
                due = i;
            }
        }
        if (next > until_us)
            break;
        if (next > net->now_us)
            net->now_us = next;
        if (due >= 0) {
            sapa_sip_stack_run_due(net->ends[due].stack, net->now_us);
            continue;
        }
        struct fake_packet p = net->packets[which];
        net->packets[which] = net->packets[--net->packet_count];
        if (net->ends[p.to].stack)
            sapa_sip_stack_receive(net->ends[p.to].stack, &p.flow, p.bytes, p.n, net->now_us);
        free(p.bytes);
    }
    net->now_us = until_us;
}

static inline void fake_run_ms(struct fake_net *net, int64_t ms)
{
    fake_run(net, net->now_us + ms * 1000);
}

/* A script's message to the stack at end 0. */
static inline void fake_feed(struct fake_net *net, const char *text)
{
    struct sapa_sip_flow flow = fake_flow(net, 0);
    const size_t n = strlen(text);
    char *copy = malloc(n + 1);

    memcpy(copy, text, n + 1);
    sapa_sip_stack_receive(net->ends[0].stack, &flow, copy, n, net->now_us);
    free(copy);
}

static inline const char *fake_last(const struct fake_net *net)
{
    return net->sent_count ? net->sent[net->sent_count - 1] : "";
}

/* How many of the sent messages begin with `start`. */
static inline size_t fake_count(const struct fake_net *net, const char *start)
{
    size_t count = 0;

    for (size_t i = 0; i < net->sent_count; i++)
        count += strncmp(net->sent[i], start, strlen(start)) == 0;
    return count;
}

/* Value of a header of a message, copied; "" if it is not there. */
static inline const char *fake_header(const char *text, const char *name)
{
    static char values[8][1024];
    static int turn;
    char *value = values[turn++ & 7];
    char find[64];

    snprintf(find, sizeof(find), "\r\n%s: ", name);
    const char *at = strstr(text, find);
    value[0] = '\0';
    if (at) {
        at += strlen(find);
        const size_t n = strcspn(at, "\r");
        snprintf(value, 1024, "%.*s", (int)n, at);
    }
    return value;
}

#endif
