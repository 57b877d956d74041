/**
 * @file rt/dns.h
 * Names to addresses without blocking (c-ares): A, AAAA, SRV, NAPTR.
 *
 * A numeric host is answered without a query, still through the loop (never inside the call).
 * Room    rt.   Thread  the loop's.   Tests  rt/dns_test.c
 */
#ifndef SAPA_RT_DNS_H
#define SAPA_RT_DNS_H

#include "rt/loop.h"
#include "rt/socket.h"

struct sapa_dns;
struct sapa_dns_query;

enum {
    SAPA_DNS_ANSWERS_MAX = 16,  /* kept of one answer */
    SAPA_DNS_QUERIES_MAX = 1024 /* at once, per resolver */
};

enum sapa_dns_family { SAPA_DNS_ANY, SAPA_DNS_V4, SAPA_DNS_V6 };

struct sapa_dns_opts {
    const char *servers;   /* "127.0.0.1:5353,[::1]:53"; NULL = the system's */
    int timeout_ms;        /* first try; 0 = 2000 */
    int tries;             /* 0 = 3 */
};

struct sapa_dns_srv {
    char target[256];
    uint16_t port, priority, weight;
    uint32_t ttl_s;
};

struct sapa_dns_naptr {
    char flags[8], service[64], replacement[256];
    uint16_t order, preference;
};

/** rc: OK with count >= 1, SAPA_ENOENT no such name or record, SAPA_ETIMEOUT, SAPA_ECLOSED resolver freed, SAPA_EIO. Arrays live during the call. */
typedef void sapa_dns_addr_fn(void *ctx, sapa_rc rc, const struct sapa_addr *addrs, size_t count);
/** Sorted by priority, then by weight (highest first; the choice by RFC 2782 is the caller's). */
typedef void sapa_dns_srv_fn(void *ctx, sapa_rc rc, const struct sapa_dns_srv *records, size_t count);
/** Sorted by order, then preference. */
typedef void sapa_dns_naptr_fn(void *ctx, sapa_rc rc, const struct sapa_dns_naptr *records, size_t count);

/** `opts` may be NULL. */
SAPA_MUST_CHECK sapa_rc sapa_dns_new(struct sapa_loop *loop, const struct sapa_dns_opts *opts, struct sapa_dns **ret_dns);
/** Open queries are answered with SAPA_ECLOSED. NULL is fine. Not from a callback of its own. */
void sapa_dns_free(struct sapa_dns *dns);

/**
 * @param name  host name or numeric address, without port, <= 253 bytes
 * @param port  put into each answer
 * @retval SAPA_ELIMIT too many queries open @retval SAPA_EINVAL not a name
 */
SAPA_MUST_CHECK sapa_rc sapa_dns_addr(struct sapa_dns *dns, struct sapa_str name, enum sapa_dns_family family,
                                      uint16_t port, sapa_dns_addr_fn *fn, void *ctx,
                                      struct sapa_dns_query **ret_query);
/** "_sip._udp.example.com" */
SAPA_MUST_CHECK sapa_rc sapa_dns_srv(struct sapa_dns *dns, struct sapa_str name, sapa_dns_srv_fn *fn, void *ctx,
                                     struct sapa_dns_query **ret_query);
SAPA_MUST_CHECK sapa_rc sapa_dns_naptr(struct sapa_dns *dns, struct sapa_str name, sapa_dns_naptr_fn *fn, void *ctx,
                                       struct sapa_dns_query **ret_query);
/** The callback will not come. Only before it has come: the query is gone afterwards. */
void sapa_dns_cancel(struct sapa_dns_query *query);

#endif
