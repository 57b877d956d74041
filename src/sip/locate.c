/*
 * Three rounds of questions, each in parallel: NAPTR of the host, SRV of the services, addresses of the targets. A
 * round that brings nothing is passed over. Names are only followed downwards (a NAPTR leads to SRV or an address, an
 * SRV to addresses), so records cannot lead in a circle; aliases (CNAME) are c-ares's, within one answer.
 */
#include "sip/locate.h"

#include <stdlib.h>

#include "rt/dns.h"
#include "sip/net.h"

enum { SERVICES_MAX = 4, TARGETS_MAX = 8, NAME_SIZE = 256, TIME_MS = 10000, SLOTS = TARGETS_MAX };

struct target {
    char name[NAME_SIZE];
    uint16_t port, weight;
    uint8_t kind;
    uint32_t rank;
    struct sapa_sip_ip ips[SAPA_SIP_PLACES_MAX];
    uint8_t ip_count;
};

struct service {
    char name[NAME_SIZE];
    uint8_t kind;
};

struct slot { /* one open question */
    struct sapa_sip_locate *locate;
    struct sapa_dns_query *query;
};

struct sapa_sip_locate {
    struct sapa_loop *loop;
    struct sapa_dns *dns;
    sapa_sip_locate_fn *fn;
    void *ctx;
    char host[NAME_SIZE];
    uint8_t kind;
    bool absent;   /* an SRV record says: no such service here */
    sapa_rc worst; /* why nothing was found: a silence says more than a denial */
    struct sapa_timer timer;
    struct slot slots[SLOTS];
    uint8_t open;
    uint8_t service_count, target_count;
    struct service services[SERVICES_MAX];
    struct target targets[TARGETS_MAX];
};

static const char *const srv_prefix[] = {
    [SAPA_SIP_FLOW_UDP] = "_sip._udp.", [SAPA_SIP_FLOW_TCP] = "_sip._tcp.", [SAPA_SIP_FLOW_TLS] = "_sips._tcp."
};

static uint16_t usual_port(uint8_t kind)
{
    return kind == SAPA_SIP_FLOW_TLS ? 5061 : 5060;
}

void sapa_sip_locate_cancel(struct sapa_sip_locate *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        if (l->slots[i].query)
            sapa_dns_cancel(l->slots[i].query);
    sapa_timer_cancel(l->loop, &l->timer);
    free(l);
}

static void finish(struct sapa_sip_locate *l, sapa_rc rc)
{
    struct sapa_sip_place places[SAPA_SIP_PLACES_MAX];
    size_t count = 0;
    sapa_sip_locate_fn *const fn = l->fn;
    void *const ctx = l->ctx;

    /* Every target gets one address in before any gets its second, lest one with many take all the room. */
    uint8_t take[TARGETS_MAX] = { 0 };
    size_t room = SAPA_SIP_PLACES_MAX;
    for (bool more = true; more && room > 0;) {
        more = false;
        for (size_t i = 0; i < l->target_count && room > 0; i++)
            if (take[i] < l->targets[i].ip_count)
                take[i]++, room--, more = true;
    }
    for (size_t i = 0; i < l->target_count; i++)
        for (size_t n = 0; n < take[i]; n++) {
            const struct target *t = &l->targets[i];
            places[count++] = (struct sapa_sip_place){ .kind = t->kind, .group = (uint8_t)i, .weight = t->weight, .rank = t->rank, .ip = t->ips[n] };
        }
    const sapa_rc result = count > 0 ? SAPA_OK : rc;
    sapa_sip_locate_cancel(l);
    fn(ctx, result, places, count);
}

static void too_late(void *ctx)
{
    finish(ctx, SAPA_ETIMEOUT);
}

/* ---- addresses ---- */

/* An answer came. True: it was the last of its round. */
static bool taken(struct slot *slot, sapa_rc rc)
{
    struct sapa_sip_locate *l = slot->locate;
    slot->query = NULL;
    l->open--;
    if (rc != SAPA_OK && rc != SAPA_ENOENT)
        l->worst = rc;
    return l->open == 0;
}

static void on_addresses(void *ctx, sapa_rc rc, const struct sapa_addr *addrs, size_t count)
{
    struct slot *slot = ctx;
    struct sapa_sip_locate *l = slot->locate;
    struct target *t = &l->targets[slot - l->slots]; /* asked in the same order */

    for (size_t i = 0; i < count && t->ip_count < SAPA_COUNT(t->ips); i++)
        t->ips[t->ip_count++] = sapa_sip_ip_of_addr(&addrs[i]);
    if (taken(slot, rc))
        finish(l, l->worst);
}

static void ask_addresses(struct sapa_sip_locate *l)
{
    for (size_t i = 0; i < l->target_count; i++) {
        struct target *t = &l->targets[i];
        if (sapa_dns_addr(l->dns, sapa_str_of(t->name), SAPA_DNS_ANY, t->port, on_addresses, &l->slots[i], &l->slots[i].query) == SAPA_OK)
            l->open++;
        else
            l->slots[i].query = NULL;
    }
    if (l->open == 0) /* no name that can be asked for */
        finish(l, l->worst);
}

static struct target *add_target(struct sapa_sip_locate *l, const char *name, uint8_t kind, uint16_t port, uint32_t rank, uint16_t weight)
{
    if (l->target_count == TARGETS_MAX)
        return NULL;
    struct target *t = &l->targets[l->target_count];
    *t = (struct target){ .kind = kind, .port = port, .rank = rank, .weight = weight };
    if (!sapa_str_copy(sapa_str_of(name), t->name, sizeof(t->name)) || t->name[0] == '\0')
        return NULL;
    l->target_count++;
    return t;
}

/* ---- SRV ---- */

static void after_services(struct sapa_sip_locate *l)
{
    if (l->target_count == 0 && !l->absent) /* RFC 3263 4.2: the host itself */
        (void)add_target(l, l->host, l->kind ? l->kind : SAPA_SIP_FLOW_UDP, usual_port(l->kind), 0, 0);
    if (l->target_count == 0)
        finish(l, l->worst);
    else
        ask_addresses(l);
}

static void on_services(void *ctx, sapa_rc rc, const struct sapa_dns_srv *records, size_t count)
{
    struct slot *slot = ctx;
    struct sapa_sip_locate *l = slot->locate;
    const size_t service = (size_t)(slot - l->slots);

    for (size_t i = 0; i < count; i++) {
        if (records[i].target[0] == '\0' || strcmp(records[i].target, ".") == 0)
            l->absent = true; /* RFC 2782: decidedly not available */
        else if (records[i].port != 0)
            (void)add_target(l, records[i].target, l->services[service].kind, records[i].port,
                             (uint32_t)service << 16 | records[i].priority, records[i].weight);
    }
    if (rc == SAPA_ECLOSED)
        finish(l, rc);
    else if (taken(slot, rc))
        after_services(l);
}

static void ask_services(struct sapa_sip_locate *l)
{
    for (size_t i = 0; i < l->service_count; i++) {
        if (sapa_dns_srv(l->dns, sapa_str_of(l->services[i].name), on_services, &l->slots[i], &l->slots[i].query) == SAPA_OK)
            l->open++;
        else
            l->slots[i].query = NULL;
    }
    if (l->open == 0)
        after_services(l);
}

static void add_service(struct sapa_sip_locate *l, const char *prefix, const char *name, uint8_t kind)
{
    struct sapa_text text;
    struct service *s = &l->services[l->service_count];
    if (l->service_count == SERVICES_MAX)
        return;
    sapa_text_init(&text, s->name, sizeof(s->name));
    sapa_text_printf(&text, "%s%s", prefix, name);
    s->kind = kind;
    l->service_count += !text.cut && text.n > 0;
}

/* ---- NAPTR ---- */

static uint8_t kind_of_service(const char *service)
{
    const struct sapa_str s = sapa_str_of(service);
    return sapa_str_ieq(s, SAPA_STR("SIP+D2U"))    ? SAPA_SIP_FLOW_UDP
           : sapa_str_ieq(s, SAPA_STR("SIP+D2T"))  ? SAPA_SIP_FLOW_TCP
           : sapa_str_ieq(s, SAPA_STR("SIPS+D2T")) ? SAPA_SIP_FLOW_TLS
                                                   : SAPA_SIP_FLOW_NONE;
}

static void on_naptr(void *ctx, sapa_rc rc, const struct sapa_dns_naptr *records, size_t count)
{
    struct slot *slot = ctx;
    struct sapa_sip_locate *l = slot->locate;
    int order = -1;

    for (size_t i = 0; i < count; i++) {
        const struct sapa_dns_naptr *r = &records[i];
        const uint8_t kind = kind_of_service(r->service);
        const char flag = (char)(r->flags[0] | 0x20);
        if (kind == SAPA_SIP_FLOW_NONE || (l->kind && kind != l->kind) || (order >= 0 && r->order != order) ||
            (flag != 's' && flag != 'a') || r->flags[1] || r->replacement[0] == '\0')
            continue; /* other orders only matter when this one has nothing for us (RFC 3403 4.1) */
        order = r->order;
        if (flag == 's')
            add_service(l, "", r->replacement, kind);
        else
            (void)add_target(l, r->replacement, kind, usual_port(kind), (uint32_t)i << 16, 0);
    }
    (void)taken(slot, rc);
    if (rc == SAPA_ECLOSED) {
        finish(l, rc);
        return;
    }
    for (uint8_t kind = SAPA_SIP_FLOW_UDP; kind <= SAPA_SIP_FLOW_TLS && order < 0; kind++)
        if (l->kind == SAPA_SIP_FLOW_NONE || l->kind == kind)
            add_service(l, srv_prefix[kind], l->host, kind);
    ask_services(l);
}

/* ---- the whole ---- */

sapa_rc sapa_sip_locate(struct sapa_loop *loop, struct sapa_dns *dns, const struct sapa_sip_locate_ask *ask,
                        sapa_sip_locate_fn *fn, void *ctx, struct sapa_sip_locate **ret_locate)
{
    if (ask->host.n == 0 || ask->kind > SAPA_SIP_FLOW_TLS)
        return SAPA_EINVAL;
    struct sapa_sip_locate *l = calloc(1, sizeof(*l));
    if (!l)
        return SAPA_ENOMEM;
    l->loop = loop;
    l->dns = dns;
    l->fn = fn;
    l->ctx = ctx;
    l->kind = ask->kind;
    l->worst = SAPA_ENOENT;
    for (size_t i = 0; i < SLOTS; i++)
        l->slots[i].locate = l;
    sapa_rc rc = SAPA_EINVAL;
    if (sapa_str_copy(ask->host, l->host, sizeof(l->host))) {
        if (ask->port != 0 || sapa_addr_is_numeric(ask->host)) {
            const uint8_t kind = ask->kind ? ask->kind : SAPA_SIP_FLOW_UDP;
            struct target *t = add_target(l, l->host, kind, ask->port ? ask->port : usual_port(kind), 0, 0);
            rc = !t ? SAPA_EINVAL : sapa_dns_addr(dns, ask->host, SAPA_DNS_ANY, t->port, on_addresses, &l->slots[0], &l->slots[0].query);
        } else {
            rc = sapa_dns_naptr(dns, ask->host, on_naptr, &l->slots[0], &l->slots[0].query);
        }
    }
    if (rc != SAPA_OK) {
        free(l);
        return rc;
    }
    l->open = 1;
    sapa_timer_set(loop, &l->timer, (int64_t)(ask->time_ms ? ask->time_ms : TIME_MS) * 1000, too_late, l);
    *ret_locate = l;
    return SAPA_OK;
}

static uint64_t draw(uint64_t *seed) /* splitmix64 */
{
    uint64_t x = *seed += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* The first place of its group: only that one's weight counts. */
static bool leads(const struct sapa_sip_place *places, size_t i)
{
    return i == 0 || places[i - 1].group != places[i].group || places[i - 1].rank != places[i].rank;
}

void sapa_sip_places_order(const struct sapa_sip_place *places, size_t count, uint64_t seed, uint8_t *ret_order)
{
    uint64_t done = 0; /* bits of leaders */
    size_t n = 0;

    while (n < count) {
        uint32_t rank = UINT32_MAX;
        uint64_t sum = 0;
        for (size_t i = 0; i < count; i++)
            if (!(done >> i & 1) && leads(places, i))
                rank = SAPA_MIN(rank, places[i].rank);
        for (size_t i = 0; i < count; i++)
            if (!(done >> i & 1) && leads(places, i) && places[i].rank == rank)
                sum += places[i].weight;
        /* RFC 2782: a number from 0 to the sum, those without weight first; so these are drawn seldom. */
        uint64_t drawn = draw(&seed) % (sum + 1), at = 0;
        size_t chosen = count;
        for (int weighty = 0; weighty < 2 && chosen == count; weighty++)
            for (size_t i = 0; i < count && chosen == count; i++) {
                if (done >> i & 1 || !leads(places, i) || places[i].rank != rank || (places[i].weight > 0) != weighty)
                    continue;
                at += places[i].weight;
                if (at >= drawn)
                    chosen = i;
            }
        sapa_assert(chosen < count);
        done |= UINT64_C(1) << chosen;
        ret_order[n++] = (uint8_t)chosen;
        for (size_t i = chosen + 1; i < count && !leads(places, i); i++)
            ret_order[n++] = (uint8_t)i;
    }
}
