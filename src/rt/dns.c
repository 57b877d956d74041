#include "rt/dns.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>

enum { SOCKETS_MAX = 32, NAME_SIZE = 254, RECORDS_MAX = 4096 /* looked at: more than an answer can hold */ };

/* What the query is for; the answer is parsed and delivered accordingly. */
enum kind { KIND_ADDR, KIND_SRV, KIND_NAPTR };

struct sapa_dns_query {
    struct sapa_dns *dns;
    struct sapa_dns_query *next, *prev;
    enum kind kind;
    bool at_ares;   /* c-ares still holds it: it must outlive the answer */
    bool cancelled; /* or delivered: nothing goes out any more */
    uint16_t port;
    union {
        sapa_dns_addr_fn *addr;
        sapa_dns_srv_fn *srv;
        sapa_dns_naptr_fn *naptr;
    } fn;
    void *ctx;
    /* the answer waits here for the deferred call: no callback runs inside the asking call */
    struct sapa_deferred deferred;
    sapa_rc rc;
    size_t count;
    union {
        struct sapa_addr addrs[SAPA_DNS_ANSWERS_MAX];
        struct sapa_dns_srv *srv;
        struct sapa_dns_naptr *naptr;
    } answer;
};

struct sapa_dns {
    struct sapa_loop *loop;
    ares_channel channel;
    struct sapa_timer timer;
    struct {
        struct sapa_watch watch;
        struct sapa_dns *dns;
    } sockets[SOCKETS_MAX];
    struct sapa_dns_query queries; /* ring head */
    size_t query_count;
};

static void plan_timeout(struct sapa_dns *dns);

/* --- c-ares on the loop --- */

static void on_socket(void *ctx, int fd, unsigned events)
{
    struct sapa_dns *dns = *(struct sapa_dns **)ctx;
    const bool hangup = (events & SAPA_LOOP_HANGUP) != 0;

    ares_process_fd(dns->channel, events & SAPA_LOOP_READ || hangup ? fd : ARES_SOCKET_BAD,
                    events & SAPA_LOOP_WRITE || hangup ? fd : ARES_SOCKET_BAD);
    plan_timeout(dns);
}

static void on_timeout(void *ctx)
{
    struct sapa_dns *dns = ctx;

    ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    plan_timeout(dns);
}

static void plan_timeout(struct sapa_dns *dns)
{
    struct timeval left, *found = ares_timeout(dns->channel, NULL, &left);

    if (found) /* c-ares rounds down: a little later saves an empty turn */
        sapa_timer_set(dns->loop, &dns->timer, (int64_t)left.tv_sec * 1000000 + left.tv_usec + 1000, on_timeout, dns);
    else
        sapa_timer_cancel(dns->loop, &dns->timer);
}

static void on_socket_state(void *ctx, ares_socket_t fd, int readable, int writable)
{
    struct sapa_dns *dns = ctx;
    const unsigned events = (readable ? SAPA_LOOP_READ : 0) | (writable ? SAPA_LOOP_WRITE : 0);
    size_t free_at = SOCKETS_MAX;

    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        if (!dns->sockets[i].watch.on) {
            free_at = SAPA_MIN(free_at, i);
        } else if (dns->sockets[i].watch.fd == fd) {
            if (events)
                sapa_watch_set(dns->loop, &dns->sockets[i].watch, events);
            else
                sapa_watch_stop(dns->loop, &dns->sockets[i].watch);
            return;
        }
    }
    if (!events || free_at == SOCKETS_MAX)
        return; /* an unwatched socket ends in a timeout */
    dns->sockets[free_at].dns = dns;
    (void)!sapa_watch_start(dns->loop, &dns->sockets[free_at].watch, fd, events, on_socket, &dns->sockets[free_at].dns);
}

/* --- queries --- */

static void free_query(struct sapa_dns_query *query)
{
    struct sapa_dns *dns = query->dns;

    sapa_loop_undefer(dns->loop, &query->deferred);
    query->prev->next = query->next;
    query->next->prev = query->prev;
    dns->query_count--;
    if (query->kind == KIND_SRV)
        free(query->answer.srv);
    else if (query->kind == KIND_NAPTR)
        free(query->answer.naptr);
    free(query);
}

static void deliver(void *ctx)
{
    struct sapa_dns_query *query = ctx;

    query->cancelled = true; /* a cancel from inside the callback finds nothing to do */
    query->at_ares = true;   /* and does not free */
    switch (query->kind) {
    case KIND_ADDR:
        query->fn.addr(query->ctx, query->rc, query->answer.addrs, query->count);
        break;
    case KIND_SRV:
        query->fn.srv(query->ctx, query->rc, query->answer.srv, query->count);
        break;
    case KIND_NAPTR:
        query->fn.naptr(query->ctx, query->rc, query->answer.naptr, query->count);
        break;
    }
    free_query(query);
}

void sapa_dns_cancel(struct sapa_dns_query *query)
{
    if (query->at_ares)
        query->cancelled = true; /* c-ares cannot forget a single query: freed when it answers */
    else
        free_query(query);
}

static sapa_rc rc_of_ares(int status)
{
    switch (status) {
    case ARES_SUCCESS:
        return SAPA_OK;
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
    case ARES_EBADNAME:
        return SAPA_ENOENT;
    case ARES_ETIMEOUT:
        return SAPA_ETIMEOUT;
    case ARES_EDESTRUCTION:
    case ARES_ECANCELLED:
        return SAPA_ECLOSED;
    case ARES_ENOMEM:
        return SAPA_ENOMEM;
    case ARES_EBADRESP:
    case ARES_EFORMERR:
        return SAPA_ECORRUPT;
    default:
        return SAPA_EIO;
    }
}

/* c-ares has answered. With a freed resolver the answer goes out at once, else at the end of the turn. */
static void answered(struct sapa_dns_query *query, int status)
{
    query->at_ares = false;
    if (query->cancelled) {
        free_query(query);
        return;
    }
    query->rc = rc_of_ares(status);
    if (query->rc == SAPA_OK && query->count == 0)
        query->rc = SAPA_ENOENT;
    if (query->rc != SAPA_OK)
        query->count = 0;
    if (status == ARES_EDESTRUCTION)
        deliver(query);
    else
        sapa_loop_defer(query->dns->loop, &query->deferred, deliver, query);
}

static void on_addrs(void *ctx, int status, int timeouts, struct ares_addrinfo *result)
{
    struct sapa_dns_query *query = ctx;

    (void)timeouts;
    for (struct ares_addrinfo_node *node = result ? result->nodes : NULL; node; node = node->ai_next) {
        struct sapa_addr addr = { .v6 = { 0 } };
        if (query->count == SAPA_DNS_ANSWERS_MAX || node->ai_addrlen > sizeof(addr))
            continue;
        memcpy(&addr, node->ai_addr, node->ai_addrlen);
        sapa_addr_set_port(&addr, query->port);
        query->answer.addrs[query->count++] = addr;
    }
    ares_freeaddrinfo(result);
    answered(query, status);
}

static int compare_srv(const void *a, const void *b)
{
    const struct sapa_dns_srv *x = a, *y = b;

    return x->priority != y->priority ? (x->priority < y->priority ? -1 : 1)
           : x->weight != y->weight   ? (x->weight > y->weight ? -1 : 1)
                                      : strcmp(x->target, y->target);
}

static void on_srv(void *ctx, int status, int timeouts, unsigned char *bytes, int size)
{
    struct sapa_dns_query *query = ctx;
    struct ares_srv_reply *list = NULL;

    (void)timeouts;
    if (status == ARES_SUCCESS)
        status = ares_parse_srv_reply(bytes, size, &list);
    size_t records = 0;
    for (const struct ares_srv_reply *at = list; at && records < RECORDS_MAX; at = at->next)
        records++;
    if (list && !(query->answer.srv = calloc(records, sizeof(*query->answer.srv))))
        status = ARES_ENOMEM;
    for (struct ares_srv_reply *at = list; at && query->count < records && status == ARES_SUCCESS; at = at->next) {
        struct sapa_dns_srv *record = &query->answer.srv[query->count];
        if (!sapa_str_copy(sapa_str_of(at->host), record->target, sizeof(record->target)))
            continue;
        record->port = at->port;
        record->priority = at->priority;
        record->weight = at->weight;
        query->count++;
    }
    if (query->count > 0)
        qsort(query->answer.srv, query->count, sizeof(*query->answer.srv), compare_srv);
    query->count = SAPA_MIN(query->count, (size_t)SAPA_DNS_ANSWERS_MAX); /* the best of them */
    ares_free_data(list);
    answered(query, status);
}

static int compare_naptr(const void *a, const void *b)
{
    const struct sapa_dns_naptr *x = a, *y = b;

    return x->order != y->order ? (x->order < y->order ? -1 : 1) : (int)x->preference - (int)y->preference;
}

static void on_naptr(void *ctx, int status, int timeouts, unsigned char *bytes, int size)
{
    struct sapa_dns_query *query = ctx;
    struct ares_naptr_reply *list = NULL;

    (void)timeouts;
    if (status == ARES_SUCCESS)
        status = ares_parse_naptr_reply(bytes, size, &list);
    size_t records = 0;
    for (const struct ares_naptr_reply *at = list; at && records < RECORDS_MAX; at = at->next)
        records++;
    if (list && !(query->answer.naptr = calloc(records, sizeof(*query->answer.naptr))))
        status = ARES_ENOMEM;
    for (struct ares_naptr_reply *at = list; at && query->count < records && status == ARES_SUCCESS; at = at->next) {
        struct sapa_dns_naptr *record = &query->answer.naptr[query->count];
        if (!sapa_str_copy(sapa_str_of((const char *)at->flags), record->flags, sizeof(record->flags)) ||
            !sapa_str_copy(sapa_str_of((const char *)at->service), record->service, sizeof(record->service)) ||
            !sapa_str_copy(sapa_str_of(at->replacement), record->replacement, sizeof(record->replacement)))
            continue;
        record->order = at->order;
        record->preference = at->preference;
        query->count++;
    }
    if (query->count > 0)
        qsort(query->answer.naptr, query->count, sizeof(*query->answer.naptr), compare_naptr);
    query->count = SAPA_MIN(query->count, (size_t)SAPA_DNS_ANSWERS_MAX);
    ares_free_data(list);
    answered(query, status);
}

static sapa_rc new_query(struct sapa_dns *dns, enum kind kind, struct sapa_str name, char *buf, void *ctx,
                         struct sapa_dns_query **ret_query)
{
    if (name.n == 0 || !sapa_str_copy(name, buf, NAME_SIZE) || strlen(buf) != name.n)
        return SAPA_EINVAL;
    for (size_t i = 0; i < name.n; i++) {
        if ((unsigned char)name.p[i] <= ' ' || (unsigned char)name.p[i] >= 0x7f)
            return SAPA_EINVAL;
    }
    if (dns->query_count >= SAPA_DNS_QUERIES_MAX)
        return SAPA_ELIMIT;
    struct sapa_dns_query *query = calloc(1, sizeof(*query));
    if (!query)
        return SAPA_ENOMEM;
    query->dns = dns;
    query->kind = kind;
    query->ctx = ctx;
    query->next = &dns->queries;
    query->prev = dns->queries.prev;
    query->prev->next = query;
    dns->queries.prev = query;
    dns->query_count++;
    *ret_query = query;
    return SAPA_OK;
}

sapa_rc sapa_dns_addr(struct sapa_dns *dns, struct sapa_str name, enum sapa_dns_family family, uint16_t port,
                      sapa_dns_addr_fn *fn, void *ctx, struct sapa_dns_query **ret_query)
{
    static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6 };
    struct ares_addrinfo_hints hints = { .ai_family = families[family], .ai_socktype = SOCK_DGRAM,
                                         .ai_flags = ARES_AI_NOSORT };
    struct sapa_dns_query *query;
    char buf[NAME_SIZE];

    const sapa_rc rc = new_query(dns, KIND_ADDR, name, buf, ctx, &query);
    if (rc != SAPA_OK)
        return rc;
    query->fn.addr = fn;
    query->port = port;
    *ret_query = query;
    if (sapa_addr_is_numeric(name) && sapa_addr_parse(name, port, &query->answer.addrs[0]) == SAPA_OK) {
        const bool fits = family == SAPA_DNS_ANY ||
                          sapa_addr_is_v6(&query->answer.addrs[0]) == (family == SAPA_DNS_V6);
        query->count = fits ? 1 : 0;
        answered(query, ARES_SUCCESS);
        return SAPA_OK;
    }
    query->at_ares = true;
    ares_getaddrinfo(dns->channel, buf, NULL, &hints, on_addrs, query);
    plan_timeout(dns);
    return SAPA_OK;
}

sapa_rc sapa_dns_srv(struct sapa_dns *dns, struct sapa_str name, sapa_dns_srv_fn *fn, void *ctx,
                     struct sapa_dns_query **ret_query)
{
    struct sapa_dns_query *query;
    char buf[NAME_SIZE];

    const sapa_rc rc = new_query(dns, KIND_SRV, name, buf, ctx, &query);
    if (rc != SAPA_OK)
        return rc;
    query->fn.srv = fn;
    query->at_ares = true;
    *ret_query = query;
    ares_query(dns->channel, buf, ns_c_in, ns_t_srv, on_srv, query);
    plan_timeout(dns);
    return SAPA_OK;
}

sapa_rc sapa_dns_naptr(struct sapa_dns *dns, struct sapa_str name, sapa_dns_naptr_fn *fn, void *ctx,
                       struct sapa_dns_query **ret_query)
{
    struct sapa_dns_query *query;
    char buf[NAME_SIZE];

    const sapa_rc rc = new_query(dns, KIND_NAPTR, name, buf, ctx, &query);
    if (rc != SAPA_OK)
        return rc;
    query->fn.naptr = fn;
    query->at_ares = true;
    *ret_query = query;
    ares_query(dns->channel, buf, ns_c_in, ns_t_naptr, on_naptr, query);
    plan_timeout(dns);
    return SAPA_OK;
}

/* --- the resolver --- */

static int library_status;

static void init_library(void)
{
    library_status = ares_library_init(ARES_LIB_INIT_ALL); /* not thread-safe by itself */
}

sapa_rc sapa_dns_new(struct sapa_loop *loop, const struct sapa_dns_opts *opts, struct sapa_dns **ret_dns)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static const struct sapa_dns_opts none;
    struct ares_options options = { 0 };
    sapa_rc rc = SAPA_EIO;

    pthread_once(&once, init_library);
    if (library_status != ARES_SUCCESS)
        return SAPA_EIO;
    if (!opts)
        opts = &none;
    struct sapa_dns *dns = calloc(1, sizeof(*dns));
    if (!dns)
        return SAPA_ENOMEM;
    dns->loop = loop;
    dns->queries.next = dns->queries.prev = &dns->queries;
    options.timeout = opts->timeout_ms > 0 ? opts->timeout_ms : 2000;
    options.tries = opts->tries > 0 ? opts->tries : 3;
    options.sock_state_cb = on_socket_state;
    options.sock_state_cb_data = dns;
    if (ares_init_options(&dns->channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) !=
        ARES_SUCCESS) {
        free(dns);
        return SAPA_EIO;
    }
    if (opts->servers && ares_set_servers_ports_csv(dns->channel, opts->servers) != ARES_SUCCESS) {
        rc = SAPA_EINVAL;
        goto fail;
    }
    *ret_dns = dns;
    return SAPA_OK;
fail:
    ares_destroy(dns->channel);
    free(dns);
    return rc;
}

void sapa_dns_free(struct sapa_dns *dns)
{
    if (!dns)
        return;
    ares_destroy(dns->channel); /* answers what it holds with ARES_EDESTRUCTION */
    while (dns->queries.next != &dns->queries) { /* answered, but not delivered yet */
        dns->queries.next->rc = SAPA_ECLOSED;
        dns->queries.next->count = 0;
        deliver(dns->queries.next);
    }
    sapa_timer_cancel(dns->loop, &dns->timer);
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        sapa_watch_stop(dns->loop, &dns->sockets[i].watch);
    free(dns);
}
