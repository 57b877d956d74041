#include "rt/dns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* A name server of a few lines on loopback: knows one name of each kind, denies the rest, never answers "silent". */
struct server {
    struct sapa_loop *loop;
    struct sapa_watch watch;
    int fd;
    int questions;
};

static void put16(uint8_t **at, unsigned value)
{
    *(*at)++ = (uint8_t)(value >> 8);
    *(*at)++ = (uint8_t)value;
}

static void put_answer(uint8_t **at, unsigned type, const void *data, unsigned size)
{
    put16(at, 0xc00c); /* the question's name */
    put16(at, type);
    put16(at, 1);
    put16(at, 0);
    put16(at, 60);
    put16(at, size);
    memcpy(*at, data, size);
    *at += size;
}

static void on_question(void *ctx, int fd, unsigned events)
{
    struct server *server = ctx;
    uint8_t buf[1024];
    struct sapa_packet packet = { .data = buf, .size_max = 512 };

    (void)events;
    if (sapa_udp_receive(fd, &packet, 1) != 1 || packet.size < 17)
        return;
    server->questions++;
    char name[256] = "";
    size_t at = 12, n = 0;
    while (at < packet.size && buf[at] != 0) {
        if (n > 0)
            name[n++] = '.';
        memcpy(name + n, buf + at + 1, buf[at]);
        n += buf[at];
        at += 1u + buf[at];
    }
    name[n] = '\0';
    const unsigned type = buf[at + 2];
    uint8_t *end = buf + at + 5;
    unsigned answers = 0, code = 0;
    if (strcmp(name, "silent.test") == 0)
        return;
    if (strcmp(name, "phone.test") == 0 && type == 1) {
        put_answer(&end, 1, "\x7f\x00\x00\x07", 4);
        put_answer(&end, 1, "\x7f\x00\x00\x08", 4);
        answers = 2;
    } else if (strcmp(name, "phone.test") == 0 && type == 28) {
        put_answer(&end, 28, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
        answers = 1;
    } else if (strcmp(name, "_sip._udp.test") == 0 && type == 33) {
        put_answer(&end, 33, "\0\x14\0\1\x13\xc4\1b\0", 9);
        put_answer(&end, 33, "\0\x0a\0\1\x13\xc4\1a\0", 9);
        put_answer(&end, 33, "\0\x0a\0\5\x13\xc5\1c\0", 9);
        answers = 3;
    } else if (strcmp(name, "naptr.test") == 0 && type == 35) {
        put_answer(&end, 35, "\0\1\0\2\1s\7SIP+D2U\0\4_sip\4_udp\4test\0", 31);
        answers = 1;
    } else {
        code = 3;
    }
    buf[2] = 0x84;
    buf[3] = (uint8_t)(0x80 | code);
    buf[6] = 0;
    buf[7] = (uint8_t)answers;
    buf[8] = buf[9] = buf[10] = buf[11] = 0; /* whatever extra records the question had are cut off */
    assert_int_equal(sapa_udp_send_one(fd, &packet.peer, buf, (size_t)(end - buf)), SAPA_OK);
}

struct world {
    struct server server;
    struct sapa_loop *loop;
    struct sapa_dns *dns;
    int calls;
    sapa_rc rc;
    size_t count;
    struct sapa_addr addrs[SAPA_DNS_ANSWERS_MAX];
    struct sapa_dns_srv srv[SAPA_DNS_ANSWERS_MAX];
    struct sapa_dns_naptr naptr;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct sapa_addr addr;
    char servers[SAPA_ADDR_TEXT_MAX];

    *state = w;
    if (sapa_loop_new(NULL, &w->loop) != SAPA_OK || sapa_addr_parse(SAPA_STR("127.0.0.1"), 0, &addr) != SAPA_OK ||
        sapa_udp_open(&addr, NULL, &w->server.fd) != SAPA_OK || sapa_socket_local(w->server.fd, &addr) != SAPA_OK ||
        sapa_watch_start(w->loop, &w->server.watch, w->server.fd, SAPA_LOOP_READ, on_question, &w->server) != SAPA_OK)
        return -1;
    sapa_addr_print(&addr, servers, sizeof(servers));
    const struct sapa_dns_opts opts = { .servers = servers, .timeout_ms = 100, .tries = 2 };
    return sapa_dns_new(w->loop, &opts, &w->dns) == SAPA_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct world *w = *state;

    sapa_dns_free(w->dns);
    assert_int_equal(sapa_loop_timers(w->loop), 0);
    sapa_fd_close(w->server.fd);
    sapa_loop_free(w->loop);
    free(w);
    return 0;
}

static void on_addrs(void *ctx, sapa_rc rc, const struct sapa_addr *addrs, size_t count)
{
    struct world *w = ctx;

    w->calls++;
    w->rc = rc;
    w->count = count;
    if (count > 0)
        memcpy(w->addrs, addrs, count * sizeof(*addrs));
}

static void on_srv(void *ctx, sapa_rc rc, const struct sapa_dns_srv *records, size_t count)
{
    struct world *w = ctx;

    w->calls++;
    w->rc = rc;
    w->count = count;
    if (count > 0)
        memcpy(w->srv, records, count * sizeof(*records));
}

static void on_naptr(void *ctx, sapa_rc rc, const struct sapa_dns_naptr *records, size_t count)
{
    struct world *w = ctx;

    w->calls++;
    w->rc = rc;
    w->count = count;
    if (count > 0)
        w->naptr = records[0];
}

static void ask(struct world *w, const char *name, enum sapa_dns_family family)
{
    struct sapa_dns_query *query;

    w->calls = 0;
    assert_int_equal(sapa_dns_addr(w->dns, sapa_str_of(name), family, 5060, on_addrs, w, &query), SAPA_OK);
    assert_int_equal(w->calls, 0); /* never inside the call */
    while (w->calls == 0)
        (void)sapa_loop_run_once(w->loop, -1);
}

static void names_become_addresses(void **state)
{
    struct world *w = *state;
    char buf[SAPA_ADDR_TEXT_MAX];

    ask(w, "phone.test", SAPA_DNS_V4);
    assert_int_equal(w->rc, SAPA_OK);
    assert_int_equal(w->count, 2);
    assert_string_equal(sapa_addr_print(&w->addrs[0], buf, sizeof(buf)), "127.0.0.7:5060");
    ask(w, "phone.test", SAPA_DNS_V6);
    assert_int_equal(w->count, 1);
    assert_string_equal(sapa_addr_print(&w->addrs[0], buf, sizeof(buf)), "[::1]:5060");
    ask(w, "phone.test", SAPA_DNS_ANY);
    assert_int_equal(w->count, 3);
    ask(w, "nobody.test", SAPA_DNS_V4);
    assert_int_equal(w->rc, SAPA_ENOENT);
    assert_int_equal(w->count, 0);
    ask(w, "silent.test", SAPA_DNS_V4);
    assert_int_equal(w->rc, SAPA_ETIMEOUT);
}

static void numbers_need_no_question(void **state)
{
    struct world *w = *state;
    char buf[SAPA_ADDR_TEXT_MAX];

    ask(w, "[::1]", SAPA_DNS_ANY);
    assert_int_equal(w->rc, SAPA_OK);
    assert_string_equal(sapa_addr_print(&w->addrs[0], buf, sizeof(buf)), "[::1]:5060");
    ask(w, "192.0.2.3", SAPA_DNS_V4);
    assert_string_equal(sapa_addr_print(&w->addrs[0], buf, sizeof(buf)), "192.0.2.3:5060");
    ask(w, "192.0.2.3", SAPA_DNS_V6);
    assert_int_equal(w->rc, SAPA_ENOENT);
    assert_int_equal(w->server.questions, 0);
}

static void services_come_sorted(void **state)
{
    struct world *w = *state;
    struct sapa_dns_query *query;

    assert_int_equal(sapa_dns_srv(w->dns, SAPA_STR("_sip._udp.test"), on_srv, w, &query), SAPA_OK);
    while (w->calls == 0)
        (void)sapa_loop_run_once(w->loop, -1);
    assert_int_equal(w->rc, SAPA_OK);
    assert_int_equal(w->count, 3);
    assert_string_equal(w->srv[0].target, "c");
    assert_int_equal(w->srv[0].port, 5061);
    assert_string_equal(w->srv[1].target, "a");
    assert_string_equal(w->srv[2].target, "b");
    w->calls = 0;
    assert_int_equal(sapa_dns_naptr(w->dns, SAPA_STR("naptr.test"), on_naptr, w, &query), SAPA_OK);
    while (w->calls == 0)
        (void)sapa_loop_run_once(w->loop, -1);
    assert_int_equal(w->rc, SAPA_OK);
    assert_string_equal(w->naptr.service, "SIP+D2U");
    assert_string_equal(w->naptr.flags, "s");
    assert_string_equal(w->naptr.replacement, "_sip._udp.test");
}

static void cancel_and_free_leave_nothing_behind(void **state)
{
    struct world *w = *state;
    struct sapa_dns_query *query;

    assert_int_equal(sapa_dns_addr(w->dns, SAPA_STR("phone.test"), SAPA_DNS_V4, 1, on_addrs, w, &query), SAPA_OK);
    sapa_dns_cancel(query);
    assert_int_equal(sapa_dns_addr(w->dns, SAPA_STR("127.0.0.1"), SAPA_DNS_V4, 1, on_addrs, w, &query), SAPA_OK);
    sapa_dns_cancel(query);
    ask(w, "phone.test", SAPA_DNS_V6);
    assert_int_equal(w->calls, 1);
    assert_int_equal(sapa_dns_addr(w->dns, SAPA_STR("silent.test"), SAPA_DNS_V4, 1, on_addrs, w, &query), SAPA_OK);
    assert_int_equal(sapa_dns_addr(w->dns, SAPA_STR("127.0.0.1"), SAPA_DNS_V4, 1, on_addrs, w, &query), SAPA_OK);
    w->calls = 0;
    sapa_dns_free(w->dns);
    assert_int_equal(w->calls, 2);
    assert_int_equal(w->rc, SAPA_ECLOSED);
    w->dns = NULL;
}

static void bad_names_are_refused(void **state)
{
    struct world *w = *state;
    struct sapa_dns_query *query;
    char name[300];

    memset(name, 'a', sizeof(name));
    assert_int_equal(sapa_dns_addr(w->dns, (struct sapa_str){ name, 254 }, SAPA_DNS_V4, 1, on_addrs, w, &query),
                     SAPA_EINVAL);
    assert_int_equal(sapa_dns_addr(w->dns, SAPA_STR(""), SAPA_DNS_V4, 1, on_addrs, w, &query), SAPA_EINVAL);
    assert_int_equal(sapa_dns_addr(w->dns, SAPA_STR("a b"), SAPA_DNS_V4, 1, on_addrs, w, &query), SAPA_EINVAL);
    size_t open = 0;
    while (sapa_dns_addr(w->dns, SAPA_STR("1.2.3.4"), SAPA_DNS_V4, 1, on_addrs, w, &query) == SAPA_OK)
        open++;
    assert_int_equal(open, SAPA_DNS_QUERIES_MAX);
    (void)sapa_loop_run_once(w->loop, -1);
    assert_int_equal(w->calls, SAPA_DNS_QUERIES_MAX);
    const struct sapa_dns_opts opts = { .servers = "not an address" };
    struct sapa_dns *dns;
    assert_int_equal(sapa_dns_new(w->loop, &opts, &dns), SAPA_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_become_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_need_no_question, setup, teardown),
        cmocka_unit_test_setup_teardown(services_come_sorted, setup, teardown),
        cmocka_unit_test_setup_teardown(cancel_and_free_leave_nothing_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_names_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
