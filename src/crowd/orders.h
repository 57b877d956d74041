/**
 * @file crowd/orders.h
 * The outside systems of the demo: a shop's orders and a bank's balances, over HTTP on loopback, so
 * that look-ups of flows have somebody to ask.
 *
 *   GET …/order?number=123456     {"status": "shipped", "tiba": "2026-11-23", "total": "125000"}
 *   GET …/balance?account=N&pin=P {"saldo": "1250000"}
 *
 * Answers follow from the number alone (and the day), so that the same question gets the same answer.
 * Some numbers show what can go wrong: those that begin with 0 do not exist (404), 000500 fails (503),
 * 000999 is answered after SAPA_ORDERS_SLOW_MS. A PIN of 000000 is wrong (403).
 *
 * Room    crowd.   Thread  its own (libwebsockets); open and close on the caller's.
 * Tests   crowd/orders_test.c, test/scenario/20-menu-id-en
 */
#ifndef SAPA_CROWD_ORDERS_H
#define SAPA_CROWD_ORDERS_H

#include "base/str.h"
#include "model/centre.h"

enum { SAPA_ORDERS_SLOW_MS = 6000 };

struct sapa_orders;

/** What is asked, without the network. */
struct sapa_orders_answer {
    int status;       /* of HTTP */
    uint32_t wait_ms; /* before it is sent */
    char body[192];   /* JSON, or a sentence */
};

/**
 * @param path    of the URL; what stands before its last "/" does not matter
 * @param query   "name=value&…"
 * @param now_us  UTC; days of delivery are counted from it
 */
void sapa_orders_ask(struct sapa_str path, struct sapa_str query, int64_t now_us, struct sapa_orders_answer *ret);

/** The port on 127.0.0.1 that the centre's look-ups go to; 0 when none goes to this machine. */
uint16_t sapa_orders_port(const struct sapa_centre *centre);

/**
 * Serve on 127.0.0.1 until closed. At most 64 connections at once.
 * @param port  0: any that is free
 * @retval SAPA_EEXIST  the port is taken   @retval SAPA_EIO  no thread or no context
 */
SAPA_MUST_CHECK sapa_rc sapa_orders_open(uint16_t port, struct sapa_orders **ret);
/** Where it listens. */
uint16_t sapa_orders_bound(const struct sapa_orders *orders);
/** NULL is fine. */
void sapa_orders_close(struct sapa_orders *orders);

#endif
