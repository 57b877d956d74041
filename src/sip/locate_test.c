/* Carriers found by their records; name servers that lie, loop, flood and are silent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "rt/dns.h"
#include "sip/locate.h"
#include "sip/name_server_impl.h"

static const struct name_record records[] = {
    /* a carrier with everything: UDP preferred, then TLS; other services are no business of ours */
    { .name = "carrier.test", .type = DNS_NAPTR, .a = 20, .b = 10, .flags = "s", .service = "SIP+D2T", .target = "_sip._tcp.far.test" },
    { .name = "carrier.test", .type = DNS_NAPTR, .a = 5, .b = 1, .flags = "u", .service = "E2U+sip", .target = "." },
    { .name = "carrier.test", .type = DNS_NAPTR, .a = 10, .b = 20, .flags = "S", .service = "SIPS+D2T", .target = "_sips._tcp.near.test" },
    { .name = "carrier.test", .type = DNS_NAPTR, .a = 10, .b = 10, .flags = "s", .service = "sip+d2u", .target = "_sip._udp.near.test" },
    { .name = "_sip._udp.near.test", .type = DNS_SRV, .a = 20, .b = 0, .c = 5070, .target = "spare.test" },
    { .name = "_sip._udp.near.test", .type = DNS_SRV, .a = 10, .b = 60, .c = 5060, .target = "one.test" },
    { .name = "_sip._udp.near.test", .type = DNS_SRV, .a = 10, .b = 20, .c = 5062, .target = "two.test" },
    { .name = "_sips._tcp.near.test", .type = DNS_SRV, .a = 1, .b = 1, .c = 5061, .target = "one.test" },
    { .name = "_sip._tcp.far.test", .type = DNS_SRV, .a = 1, .b = 1, .c = 5060, .target = "spare.test" },
    { .name = "one.test", .type = DNS_A, .address = "\x7f\0\0\x0b" },
    { .name = "one.test", .type = DNS_A, .address = "\x7f\0\0\x0c" },
    { .name = "two.test", .type = DNS_A, .address = "\x7f\0\0\x16" },
    { .name = "two.test", .type = DNS_AAAA, .address = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1" },
    { .name = "spare.test", .type = DNS_A, .address = "\x7f\0\0\x21" },
    /* no NAPTR, only services */
    { .name = "_sip._udp.plain.test", .type = DNS_SRV, .a = 0, .b = 0, .c = 5099, .target = "two.test" },
    { .name = "_sips._tcp.plain.test", .type = DNS_SRV, .a = 0, .b = 0, .c = 5061, .target = "one.test" },
    /* nothing but an address; a NAPTR that ends in an address; one that says there is no SIP here */
    { .name = "address.test", .type = DNS_A, .address = "\x7f\0\0\x2c" },
    { .name = "direct.test", .type = DNS_NAPTR, .a = 1, .b = 1, .flags = "a", .service = "SIP+D2T", .target = "spare.test" },
    { .name = "_sip._udp.none.test", .type = DNS_SRV, .target = "" },
    { .name = "none.test", .type = DNS_A, .address = "\x7f\0\0\x2d" },
    { .name = "good.test", .type = DNS_A, .address = "\x7f\0\0\x37" },
    { .name = "a.test", .type = DNS_A, .address = "\x7f\0\0\x38" },
};

struct world {
    struct sapa_loop *loop;
    struct name_server *server;
    struct sapa_dns *dns;
    unsigned calls;
    sapa_rc rc;
    size_t count;
    struct sapa_sip_place places[SAPA_SIP_PLACES_MAX];
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    *state = w;
    if (!w || sapa_loop_new(NULL, &w->loop) != SAPA_OK)
        return -1;
    w->server = name_server_new(w->loop, records, SAPA_COUNT(records));
    const struct sapa_dns_opts opts = { .servers = w->server->servers, .timeout_ms = 100, .tries = 2 };
    return sapa_dns_new(w->loop, &opts, &w->dns) == SAPA_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct world *w = *state;
    sapa_dns_free(w->dns);
    name_server_free(w->server);
    assert_int_equal(sapa_loop_timers(w->loop), 0);
    sapa_loop_free(w->loop);
    free(w);
    return 0;
}

static void located(void *ctx, sapa_rc rc, const struct sapa_sip_place *places, size_t count)
{
    struct world *w = ctx;
    w->calls++;
    w->rc = rc;
    w->count = count;
    if (count > 0)
        memcpy(w->places, places, count * sizeof(*places));
}

/* The answer is counted by its places, in their order as given. */
static size_t locate(struct world *w, const char *host, uint16_t port, enum sapa_sip_flow_kind kind)
{
    const struct sapa_sip_locate_ask ask = { .host = sapa_str_of(host), .port = port, .kind = (uint8_t)kind };
    struct sapa_sip_locate *l;
    w->calls = 0;
    w->server->questions = 0;
    assert_int_equal(sapa_sip_locate(w->loop, w->dns, &ask, located, w, &l), SAPA_OK);
    assert_int_equal(w->calls, 0);
    while (w->calls == 0)
        (void)sapa_loop_run_once(w->loop, 1000);
    assert_int_equal(w->calls, 1);
    assert_true(w->rc == SAPA_OK ? w->count >= 1 : w->count == 0);
    return w->count;
}

static void is(const struct sapa_sip_place *place, enum sapa_sip_flow_kind kind, const char *host, uint16_t port)
{
    struct sapa_sip_ip ip;
    assert_int_equal(sapa_sip_ip_parse(sapa_str_of(host), port, &ip), SAPA_OK);
    assert_int_equal(place->kind, kind);
    if (!sapa_sip_ip_eq(&place->ip, &ip)) {
        char buf[64];
        struct sapa_text text;
        sapa_text_init(&text, buf, sizeof(buf));
        sapa_sip_put_ip_port(&text, &place->ip);
        fail_msg("%s instead of %s:%u", buf, host, port);
    }
}

static size_t find(const struct world *w, const char *host)
{
    struct sapa_sip_ip ip;
    assert_int_equal(sapa_sip_ip_parse(sapa_str_of(host), 0, &ip), SAPA_OK);
    for (size_t i = 0; i < w->count; i++)
        if (sapa_sip_ip_same_host(&w->places[i].ip, &ip))
            return i;
    fail_msg("no %s", host);
    return 0;
}

static void by_naptr(void **state)
{
    struct world *w = *state;
    uint8_t order[SAPA_SIP_PLACES_MAX];

    /* the lowest order with something for us, in it preference, then priority */
    assert_int_equal(locate(w, "carrier.test", 0, SAPA_SIP_FLOW_NONE), 7);
    sapa_sip_places_order(w->places, w->count, 1, order);
    assert_int_equal(w->places[order[0]].kind, SAPA_SIP_FLOW_UDP);
    is(&w->places[order[4]], SAPA_SIP_FLOW_UDP, "127.0.0.33", 5070);
    is(&w->places[order[5]], SAPA_SIP_FLOW_TLS, "127.0.0.11", 5061);
    is(&w->places[order[6]], SAPA_SIP_FLOW_TLS, "127.0.0.12", 5061);
    assert_int_equal(w->places[find(w, "::1")].ip.port, 5062);
    /* a transport that the description wants: its records alone, of whatever order */
    assert_int_equal(locate(w, "carrier.test", 0, SAPA_SIP_FLOW_TCP), 1);
    is(&w->places[0], SAPA_SIP_FLOW_TCP, "127.0.0.33", 5060);
    assert_int_equal(locate(w, "carrier.test", 0, SAPA_SIP_FLOW_TLS), 2);
    is(&w->places[0], SAPA_SIP_FLOW_TLS, "127.0.0.11", 5061);
    assert_int_equal(locate(w, "direct.test", 0, SAPA_SIP_FLOW_NONE), 1);
    is(&w->places[0], SAPA_SIP_FLOW_TCP, "127.0.0.33", 5060);
}

static void by_srv_and_address(void **state)
{
    struct world *w = *state;
    assert_int_equal(locate(w, "plain.test", 0, SAPA_SIP_FLOW_UDP), 2);
    is(&w->places[find(w, "127.0.0.22")], SAPA_SIP_FLOW_UDP, "127.0.0.22", 5099);
    assert_int_equal(locate(w, "plain.test", 0, SAPA_SIP_FLOW_TLS), 2);
    is(&w->places[0], SAPA_SIP_FLOW_TLS, "127.0.0.11", 5061);
    assert_int_equal(locate(w, "plain.test", 0, SAPA_SIP_FLOW_NONE), 4);
    assert_int_equal(locate(w, "address.test", 0, SAPA_SIP_FLOW_UDP), 1);
    is(&w->places[0], SAPA_SIP_FLOW_UDP, "127.0.0.44", 5060);
    assert_int_equal(locate(w, "address.test", 0, SAPA_SIP_FLOW_TLS), 1);
    is(&w->places[0], SAPA_SIP_FLOW_TLS, "127.0.0.44", 5061);
    /* a port is an order not to ask for services (RFC 3263 4.2) */
    assert_int_equal(locate(w, "plain.test", 5080, SAPA_SIP_FLOW_UDP), 0);
    assert_int_equal(w->rc, SAPA_ENOENT);
    assert_int_equal(locate(w, "address.test", 5080, SAPA_SIP_FLOW_UDP), 1);
    is(&w->places[0], SAPA_SIP_FLOW_UDP, "127.0.0.44", 5080);
    assert_int_equal(locate(w, "127.0.0.9", 0, SAPA_SIP_FLOW_NONE), 1);
    is(&w->places[0], SAPA_SIP_FLOW_UDP, "127.0.0.9", 5060);
    assert_int_equal(w->server->questions, 0);
    /* RFC 2782: "." means no, although the host has an address */
    assert_int_equal(locate(w, "none.test", 0, SAPA_SIP_FLOW_UDP), 0);
    assert_int_equal(w->rc, SAPA_ENOENT);
    assert_int_equal(locate(w, "nowhere.test", 0, SAPA_SIP_FLOW_NONE), 0);
    assert_int_equal(w->rc, SAPA_ENOENT);
}

/* Weights are shares of the calls; zero is nearly never; priorities are kept; addresses of a record stand together. */
static void weights(void **state)
{
    (void)state;
    struct sapa_sip_place p[] = {
        { .rank = 10, .weight = 60, .group = 0 }, { .rank = 10, .weight = 60, .group = 0 }, { .rank = 10, .weight = 20, .group = 1 },
        { .rank = 10, .weight = 0, .group = 2 },  { .rank = 20, .weight = 9, .group = 3 },
    };
    unsigned first[5] = { 0 };
    for (uint64_t seed = 0; seed < 8000; seed++) {
        uint8_t order[5], again[5];
        bool seen[5] = { false };
        sapa_sip_places_order(p, 5, seed, order);
        sapa_sip_places_order(p, 5, seed, again);
        assert_memory_equal(order, again, sizeof(order));
        for (size_t i = 0; i < 5; i++) {
            assert_true(order[i] < 5 && !seen[order[i]]);
            seen[order[i]] = true;
            if (order[i] == 0)
                assert_int_equal(order[i + 1], 1);
        }
        assert_int_equal(order[4], 4);
        first[order[0]]++;
    }
    assert_in_range(first[0], 5600, 6200); /* 60 of 81 */
    assert_in_range(first[2], 1800, 2200); /* 20 of 81 */
    assert_in_range(first[3], 40, 180);    /* 1 of 81 */
    assert_int_equal(first[1] + first[4], 0);
}

static void hostile(void **state)
{
    struct world *w = *state;
    static const struct name_record lead[] = {
        { .name = "lead.test", .type = DNS_NAPTR, .a = 1, .b = 1, .flags = "s", .service = "SIP+D2U", .target = "_sip._udp.bad.test" },
    };
    w->server->bad_name = "bad.test";
    for (int manner = NAME_SERVER_CIRCLE; manner <= NAME_SERVER_NOISE; manner++) {
        w->server->manner = (enum name_server_manner)manner;
        w->server->records = records;
        w->server->count = SAPA_COUNT(records);
        assert_int_equal(locate(w, "bad.test", 0, SAPA_SIP_FLOW_NONE), 0);
        assert_true(w->server->questions < 40);
        assert_int_equal(locate(w, "bad.test", 5060, SAPA_SIP_FLOW_NONE), 0);
        w->server->records = lead;
        w->server->count = 1;
        assert_int_equal(locate(w, "lead.test", 0, SAPA_SIP_FLOW_NONE), 0);
    }
    w->server->records = records;
    w->server->count = SAPA_COUNT(records);
    w->server->bad_name = "circle.test";
    w->server->manner = NAME_SERVER_ALIASES;
    assert_int_equal(locate(w, "circle.test", 0, SAPA_SIP_FLOW_UDP), 0);
    assert_true(w->server->questions < 60);
    /* 64 kB of records over TCP: only the best are kept, and the best may come last */
    w->server->bad_name = "_sip._udp.flood.test";
    w->server->manner = NAME_SERVER_FLOOD;
    assert_true(locate(w, "flood.test", 0, SAPA_SIP_FLOW_UDP) >= 1);
    assert_true(w->server->tcp_questions > 0);
    assert_true(w->count <= SAPA_SIP_PLACES_MAX);
    is(&w->places[0], SAPA_SIP_FLOW_UDP, "127.0.0.55", 5060);
    w->server->bad_name = "flood.test";
    assert_true(locate(w, "flood.test", 5060, SAPA_SIP_FLOW_UDP) <= SAPA_SIP_PLACES_MAX);
}

/* Silence ends: each round by itself, the whole by its own limit; and what was found by then counts. */
static void silence(void **state)
{
    struct world *w = *state;
    w->server->bad_name = "silent.test";
    w->server->manner = NAME_SERVER_SILENT;
    assert_int_equal(locate(w, "silent.test", 5060, SAPA_SIP_FLOW_UDP), 0);
    assert_int_equal(w->rc, SAPA_ETIMEOUT);
    /* NAPTR is swallowed on the way (it happens), SRV answers */
    w->server->bad_name = "plain.test";
    static const struct name_record only[] = {
        { .name = "carrier.test", .type = DNS_NAPTR, .a = 1, .b = 1, .flags = "s", .service = "SIP+D2U", .target = "_sip._udp.x.test" },
        { .name = "_sip._udp.x.test", .type = DNS_SRV, .a = 1, .b = 1, .c = 5060, .target = "late.plain.test" },
        { .name = "_sip._udp.x.test", .type = DNS_SRV, .a = 2, .b = 1, .c = 5060, .target = "one.test" },
        { .name = "one.test", .type = DNS_A, .address = "\x7f\0\0\x0b" },
    };
    w->server->records = only;
    w->server->count = SAPA_COUNT(only);
    const struct sapa_sip_locate_ask ask = { .host = SAPA_STR("carrier.test"), .time_ms = 60 };
    struct sapa_sip_locate *l;
    w->calls = 0;
    assert_int_equal(sapa_sip_locate(w->loop, w->dns, &ask, located, w, &l), SAPA_OK);
    while (w->calls == 0)
        (void)sapa_loop_run_once(w->loop, 1000);
    assert_int_equal(w->rc, SAPA_OK);
    assert_int_equal(w->count, 1);
    is(&w->places[0], SAPA_SIP_FLOW_UDP, "127.0.0.11", 5060);
}

static void cancelled(void **state)
{
    struct world *w = *state;
    struct sapa_sip_locate *l;
    const struct sapa_sip_locate_ask ask = { .host = SAPA_STR("carrier.test") }, none = { .host = SAPA_STR("") },
                                     strange = { .host = SAPA_STR("two words") };
    assert_int_equal(sapa_sip_locate(w->loop, w->dns, &none, located, w, &l), SAPA_EINVAL);
    assert_int_equal(sapa_sip_locate(w->loop, w->dns, &strange, located, w, &l), SAPA_EINVAL);
    for (int turns = 0; turns < 12; turns++) { /* in each round */
        assert_int_equal(sapa_sip_locate(w->loop, w->dns, &ask, located, w, &l), SAPA_OK);
        bool gone = false;
        for (int i = 0; i < turns && !(gone = w->calls > 0); i++)
            (void)sapa_loop_run_once(w->loop, 20);
        if (!gone)
            sapa_sip_locate_cancel(l);
        w->calls = 0;
    }
    for (int i = 0; i < 30; i++)
        (void)sapa_loop_run_once(w->loop, 0);
    assert_int_equal(w->calls, 0);
    /* the resolver goes while it is asked */
    assert_int_equal(sapa_sip_locate(w->loop, w->dns, &ask, located, w, &l), SAPA_OK);
    sapa_dns_free(w->dns);
    w->dns = NULL;
    assert_int_equal(w->calls, 1);
    assert_int_equal(w->rc, SAPA_ECLOSED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = { TEST(by_naptr), TEST(by_srv_and_address), TEST(weights), TEST(hostile), TEST(silence), TEST(cancelled) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
