#include "rt/socket.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "rt/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct sapa_addr addr_of(const char *text)
{
    struct sapa_addr addr = { .v6 = { 0 } };

    assert_int_equal(sapa_addr_parse(sapa_str_of(text), 0, &addr), SAPA_OK);
    return addr;
}

static void wait_readable(int fd)
{
    fd_set set;

    FD_ZERO(&set);
    FD_SET(fd, &set);
    assert_int_equal(select(fd + 1, &set, NULL, NULL, NULL), 1);
}

static void addresses_parse_and_print(void **state)
{
    static const struct {
        const char *in, *out; /* out NULL: refused */
    } cases[] = {
        { "192.0.2.1", "192.0.2.1:5060" },
        { "192.0.2.1:70", "192.0.2.1:70" },
        { "::1", "[::1]:5060" },
        { "[::1]", "[::1]:5060" },
        { "[2001:db8::7]:65535", "[2001:db8::7]:65535" },
        { "2001:DB8:0:0:0:0:0:7", "[2001:db8::7]:5060" },
        { "", NULL },
        { "192.0.2.1:", NULL },
        { "192.0.2.1:65536", NULL },
        { "192.0.2.256", NULL },
        { "192.0.2", NULL },
        { "[192.0.2.1]:1", NULL },
        { "[::1", NULL },
        { "[::1]x", NULL },
        { "[::1]:", NULL },
        { "host", NULL },
        { ":::", NULL },
        { "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd", NULL },
    };
    char buf[SAPA_ADDR_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(cases); i++) {
        struct sapa_addr addr;
        const sapa_rc rc = sapa_addr_parse(sapa_str_of(cases[i].in), 5060, &addr);
        assert_int_equal(rc, cases[i].out ? SAPA_OK : SAPA_EINVAL);
        if (cases[i].out)
            assert_string_equal(sapa_addr_print(&addr, buf, sizeof(buf)), cases[i].out);
    }
    const struct sapa_str with_nul = { "192.0.2.1\0x", 11 };
    struct sapa_addr addr;
    assert_int_equal(sapa_addr_parse(with_nul, 0, &addr), SAPA_EINVAL);
    assert_true(sapa_addr_is_numeric(SAPA_STR("10.0.0.1")));
    assert_true(sapa_addr_is_numeric(SAPA_STR("[::1]")));
    assert_true(sapa_addr_is_numeric(SAPA_STR("::1")));
    assert_false(sapa_addr_is_numeric(SAPA_STR("10.0.0.1:5060")));
    assert_false(sapa_addr_is_numeric(SAPA_STR("[::1]:5060")));
    assert_false(sapa_addr_is_numeric(SAPA_STR("example.com")));
    addr = (struct sapa_addr){ .v6 = { 0 } };
    assert_string_equal(sapa_addr_print(&addr, buf, sizeof(buf)), "-");
}

static void addresses_compare(void **state)
{
    struct sapa_addr a = addr_of("192.0.2.1:5"), b = addr_of("192.0.2.1:5"), c = addr_of("192.0.2.1:6");
    struct sapa_addr mapped = addr_of("[::ffff:192.0.2.1]:5");

    (void)state;
    b.v4.sin_zero[3] = 9; /* padding does not count */
    assert_true(sapa_addr_equal(&a, &b));
    assert_true(sapa_addr_hash(&a, 1) == sapa_addr_hash(&b, 1));
    assert_true(sapa_addr_hash(&a, 1) != sapa_addr_hash(&a, 2));
    assert_true(sapa_addr_hash(&a, 1) != sapa_addr_hash(&c, 1));
    assert_false(sapa_addr_equal(&a, &c));
    assert_true(sapa_addr_same_host(&a, &c));
    assert_false(sapa_addr_equal(&a, &mapped));
    sapa_addr_unmap(&mapped);
    assert_true(sapa_addr_equal(&a, &mapped));
    const struct sapa_addr loop6 = addr_of("[::1]:1"), loop4 = addr_of("127.9.9.9"), any = addr_of("0.0.0.0");
    assert_true(sapa_addr_is_loopback(&loop6) && sapa_addr_is_loopback(&loop4) && !sapa_addr_is_loopback(&a));
    assert_true(sapa_addr_is_wildcard(&any) && !sapa_addr_is_wildcard(&a));
    const struct sapa_addr multi = addr_of("224.0.0.1");
    assert_true(sapa_addr_is_multicast(&multi) && !sapa_addr_is_multicast(&a));
}

static void nets_hold_their_addresses(void **state)
{
    static const struct {
        const char *net, *addr;
        bool has;
    } cases[] = {
        { "10.0.0.0/8", "10.255.1.2", true },     { "10.0.0.0/8", "11.0.0.1", false },
        { "192.0.2.128/25", "192.0.2.127", false }, { "192.0.2.128/25", "192.0.2.129", true },
        { "192.0.2.1", "192.0.2.1", true },       { "192.0.2.1", "192.0.2.2", false },
        { "0.0.0.0/0", "8.8.8.8", true },         { "0.0.0.0/0", "::1", false },
        { "2001:db8::/33", "2001:db8:7fff::", true }, { "2001:db8::/33", "2001:db8:8000::", false },
        { "10.0.0.0/8", "::ffff:10.1.1.1", true },
    };
    struct sapa_net net;

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(cases); i++) {
        const struct sapa_addr addr = addr_of(cases[i].addr);
        assert_int_equal(sapa_net_parse(sapa_str_of(cases[i].net), &net), SAPA_OK);
        assert_int_equal(sapa_net_has(&net, &addr), cases[i].has);
    }
    assert_int_equal(sapa_net_parse(SAPA_STR("10.0.0.0/33"), &net), SAPA_EINVAL);
    assert_int_equal(sapa_net_parse(SAPA_STR("10.0.0.0/"), &net), SAPA_EINVAL);
    assert_int_equal(sapa_net_parse(SAPA_STR("10.0.0.1:5/8"), &net), SAPA_EINVAL);
}

static void udp_in_batches(const char *host)
{
    const struct sapa_addr any = addr_of(host);
    const struct sapa_udp_opts opts = { .receive_bytes = 1 << 20, .dscp = 46 };
    struct sapa_addr a_addr, b_addr;
    uint8_t out[10][4], in[16][3];
    struct sapa_packet packets[16];
    int a, b;

    assert_int_equal(sapa_udp_open(&any, &opts, &a), SAPA_OK);
    assert_int_equal(sapa_udp_open(&any, NULL, &b), SAPA_OK);
    assert_int_equal(sapa_socket_local(a, &a_addr), SAPA_OK);
    assert_int_equal(sapa_socket_local(b, &b_addr), SAPA_OK);
    int clash;
    assert_int_equal(sapa_udp_open(&a_addr, NULL, &clash), SAPA_EEXIST);
    for (int i = 0; i < 10; i++) {
        out[i][0] = out[i][1] = out[i][2] = out[i][3] = (uint8_t)i;
        packets[i] = (struct sapa_packet){ .peer = b_addr, .data = out[i], .size = i == 9 ? 4 : 2 };
    }
    assert_int_equal(sapa_udp_send(a, packets, 10), 10);
    for (int i = 0; i < 16; i++)
        packets[i] = (struct sapa_packet){ .data = in[i], .size_max = 3 };
    size_t got = 0;
    while (got < 10) {
        wait_readable(b);
        got += sapa_udp_receive(b, packets + got, 16 - got);
    }
    assert_int_equal(got, 10);
    for (int i = 0; i < 10; i++) {
        assert_true(sapa_addr_equal(&packets[i].peer, &a_addr));
        assert_int_equal(packets[i].data[0], i);
        assert_int_equal(packets[i].cut, i == 9);
        assert_int_equal(packets[i].size, i == 9 ? 3 : 2);
    }
    assert_int_equal(sapa_udp_receive(b, packets, 16), 0);
    assert_int_equal(sapa_udp_send_one(b, &a_addr, "hi", 2), SAPA_OK);
    wait_readable(a);
    assert_int_equal(sapa_udp_receive(a, packets, 1), 1);
    sapa_fd_close(b);
    /* nobody there any more: sending goes on without an error that stops it */
    for (int i = 0; i < 5; i++)
        assert_int_equal(sapa_udp_send_one(a, &b_addr, "x", 1), SAPA_OK);
    sapa_fd_close(a);
    sapa_fd_close(-1);
}

static void udp_v4(void **state)
{
    (void)state;
    udp_in_batches("127.0.0.1");
}

static void udp_v6(void **state)
{
    const struct sapa_addr any = addr_of("::1");
    int probe;

    (void)state;
    if (sapa_udp_open(&any, NULL, &probe) != SAPA_OK)
        skip();
    sapa_fd_close(probe);
    udp_in_batches("::1");
}

static void refused_packet_does_not_stop_the_batch(void **state)
{
    const struct sapa_addr any = addr_of("127.0.0.1");
    struct sapa_addr self;
    uint8_t byte = 7, buf[4];
    int fd;

    (void)state;
    assert_int_equal(sapa_udp_open(&any, NULL, &fd), SAPA_OK);
    assert_int_equal(sapa_socket_local(fd, &self), SAPA_OK);
    struct sapa_packet packets[3] = { { .peer = self, .data = &byte, .size = 1 },
                                      { .peer = addr_of("0.0.0.0"), .data = &byte, .size = 1 },
                                      { .peer = self, .data = &byte, .size = 1 } };
    packets[1].peer.any.sa_family = AF_INET6; /* wrong family for this socket */
    assert_int_equal(sapa_udp_send(fd, packets, 3), 3);
    size_t got = 0;
    while (got < 2) {
        struct sapa_packet in = { .data = buf, .size_max = sizeof(buf) };
        wait_readable(fd);
        got += sapa_udp_receive(fd, &in, 1);
    }
    sapa_fd_close(fd);
}

static void pairs_are_even_and_next(void **state)
{
    const struct sapa_addr host = addr_of("127.0.0.1");
    const uint16_t base = (uint16_t)(20001 + getpid() % 30000);
    struct sapa_port_range range = { .min = base, .max = (uint16_t)(base + 7) };
    int fds[8][2], again[2];
    uint16_t ports[8], port;
    int pairs = 0;

    (void)state;
    while (pairs < 8 && sapa_udp_open_pair(&host, &range, NULL, fds[pairs], &ports[pairs]) == SAPA_OK)
        pairs++;
    assert_in_range(pairs, 1, 4); /* other programs may hold some */
    for (int i = 0; i < pairs; i++) {
        struct sapa_addr addr;
        assert_int_equal(ports[i] % 2, 0);
        assert_true(ports[i] >= range.min && ports[i] + 1 <= range.max);
        assert_int_equal(sapa_socket_local(fds[i][1], &addr), SAPA_OK);
        assert_int_equal(sapa_addr_port(&addr), ports[i] + 1);
        for (int k = 0; k < i; k++)
            assert_int_not_equal(ports[i], ports[k]);
    }
    assert_int_equal(sapa_udp_open_pair(&host, &range, NULL, again, &port), SAPA_ELIMIT);
    sapa_fd_close(fds[0][0]); /* half a pair is no pair */
    assert_int_equal(sapa_udp_open_pair(&host, &range, NULL, again, &port), SAPA_ELIMIT);
    sapa_fd_close(fds[0][1]);
    assert_int_equal(sapa_udp_open_pair(&host, &range, NULL, again, &port), SAPA_OK);
    assert_int_equal(port, ports[0]);
    sapa_fd_close(again[0]);
    sapa_fd_close(again[1]);
    for (int i = 1; i < pairs; i++) {
        sapa_fd_close(fds[i][0]);
        sapa_fd_close(fds[i][1]);
    }
    struct sapa_port_range one = { .min = 5001, .max = 5002 };
    assert_int_equal(sapa_udp_open_pair(&host, &one, NULL, again, &port), SAPA_EINVAL);
}

static void tcp_connects_and_talks(void **state)
{
    const struct sapa_addr any = addr_of("127.0.0.1");
    struct sapa_addr listening, peer, local;
    int listener, client, server;
    char buf[8];
    size_t n;

    (void)state;
    assert_int_equal(sapa_tcp_listen(&any, &listener), SAPA_OK);
    assert_int_equal(sapa_socket_local(listener, &listening), SAPA_OK);
    assert_int_equal(sapa_tcp_accept(listener, &server, &peer), SAPA_EAGAIN);
    assert_int_equal(sapa_tcp_connect(&any, &listening, &client), SAPA_OK);
    wait_readable(listener);
    assert_int_equal(sapa_tcp_accept(listener, &server, &peer), SAPA_OK);
    assert_int_equal(sapa_socket_local(client, &local), SAPA_OK);
    assert_true(sapa_addr_equal(&local, &peer));
    assert_int_equal(sapa_socket_error(client), SAPA_OK);
    assert_int_equal(sapa_socket_read(server, buf, sizeof(buf), &n), SAPA_EAGAIN);
    assert_int_equal(sapa_socket_write(client, "abc", 3, &n), SAPA_OK);
    wait_readable(server);
    assert_int_equal(sapa_socket_read(server, buf, sizeof(buf), &n), SAPA_OK);
    assert_int_equal(n, 3);
    sapa_fd_close(client);
    wait_readable(server);
    assert_int_equal(sapa_socket_read(server, buf, sizeof(buf), &n), SAPA_ECLOSED);
    sapa_fd_close(server);
    sapa_fd_close(listener);
}

static void on_writable(void *ctx, int fd, unsigned events)
{
    (void)events;
    *(sapa_rc *)ctx = sapa_socket_error(fd);
}

static void refused_connection_says_so(void **state)
{
    const struct sapa_addr any = addr_of("127.0.0.1");
    struct sapa_addr gone;
    struct sapa_loop *loop;
    struct sapa_watch watch = { 0 };
    sapa_rc result = SAPA_EAGAIN;
    int listener, fd;

    (void)state;
    assert_int_equal(sapa_tcp_listen(&any, &listener), SAPA_OK);
    assert_int_equal(sapa_socket_local(listener, &gone), SAPA_OK);
    sapa_fd_close(listener);
    const sapa_rc rc = sapa_tcp_connect(NULL, &gone, &fd);
    if (rc == SAPA_ECLOSED)
        return; /* loopback may refuse at once */
    assert_int_equal(rc, SAPA_OK);
    assert_int_equal(sapa_loop_new(NULL, &loop), SAPA_OK);
    assert_int_equal(sapa_watch_start(loop, &watch, fd, SAPA_LOOP_WRITE, on_writable, &result), SAPA_OK);
    (void)sapa_loop_run_once(loop, -1);
    assert_int_equal(result, SAPA_ECLOSED);
    sapa_watch_stop(loop, &watch);
    sapa_fd_close(fd);
    sapa_loop_free(loop);
}

static void unix_messages_carry_descriptors(void **state)
{
    char path[64], buf[8];
    int listener, second, client, server, pipe_fds[2], got[2], pid;
    unsigned uid;
    size_t n, fd_count;

    (void)state;
    snprintf(path, sizeof(path), "/tmp/sapa-socket-test-%d", (int)getpid());
    assert_int_equal(sapa_unix_connect(path, &client), SAPA_ENOENT);
    assert_int_equal(sapa_unix_listen(path, &listener), SAPA_OK);
    assert_int_equal(sapa_unix_listen(path, &second), SAPA_EEXIST);
    int stranger; /* the second listener's probe left a connection behind */
    assert_int_equal(sapa_unix_accept(listener, &stranger), SAPA_OK);
    sapa_fd_close(stranger);
    assert_int_equal(sapa_unix_connect(path, &client), SAPA_OK);
    assert_int_equal(sapa_unix_accept(listener, &server), SAPA_OK);
    assert_int_equal(sapa_unix_peer(server, &pid, &uid), SAPA_OK);
    assert_int_equal(pid, getpid());
    assert_int_equal(uid, getuid());
    assert_int_equal(sapa_unix_receive(server, buf, sizeof(buf), &n, NULL, 0, NULL), SAPA_EAGAIN);

    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(sapa_unix_send(client, "two", 3, pipe_fds, 2), SAPA_OK);
    assert_int_equal(sapa_unix_send(client, "plain", 5, NULL, 0), SAPA_OK);
    assert_int_equal(sapa_unix_send(client, "muchtoolong", 11, pipe_fds, 2), SAPA_OK);
    assert_int_equal(sapa_unix_send(client, "", 0, NULL, 0), SAPA_EINVAL);
    assert_int_equal(sapa_unix_receive(server, buf, sizeof(buf), &n, got, 1, &fd_count), SAPA_OK);
    assert_int_equal(n, 3);
    assert_int_equal(fd_count, 1); /* the second one was closed */
    assert_int_equal(write(pipe_fds[1], "z", 1), 1);
    assert_int_equal(read(got[0], buf, 1), 1); /* really the same pipe */
    assert_int_equal(buf[0], 'z');
    assert_int_equal(fcntl(got[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(sapa_unix_receive(server, buf, sizeof(buf), &n, got + 1, 1, &fd_count), SAPA_OK);
    assert_int_equal(n, 5);
    assert_int_equal(fd_count, 0);
    assert_int_equal(sapa_unix_receive(server, buf, sizeof(buf), &n, NULL, 0, NULL), SAPA_ELIMIT);
    sapa_fd_close(got[0]);
    sapa_fd_close(pipe_fds[0]);
    /* all copies of the reading end are closed, the surplus ones too: writing fails */
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(write(pipe_fds[1], "z", 1), -1);
    sapa_fd_close(pipe_fds[1]);
    sapa_fd_close(client);
    assert_int_equal(sapa_unix_receive(server, buf, sizeof(buf), &n, NULL, 0, NULL), SAPA_ECLOSED);
    sapa_fd_close(server);
    sapa_fd_close(listener);
    assert_int_equal(sapa_unix_listen(path, &listener), SAPA_OK); /* over the stale file */
    sapa_fd_close(listener);
    unlink(path);
    char long_path[200];
    memset(long_path, 'x', sizeof(long_path) - 1);
    long_path[sizeof(long_path) - 1] = '\0';
    assert_int_equal(sapa_unix_listen(long_path, &listener), SAPA_EINVAL);
}

static void local_address_towards_a_peer(void **state)
{
    const struct sapa_addr peer = addr_of("127.0.0.5:80");
    struct sapa_addr local;
    char buf[SAPA_ADDR_TEXT_MAX];

    (void)state;
    assert_int_equal(sapa_addr_local_for(&peer, &local), SAPA_OK);
    assert_true(sapa_addr_is_loopback(&local));
    assert_int_equal(sapa_addr_port(&local), 0);
    assert_string_equal(sapa_addr_print_host(&local, buf, sizeof(buf)), "127.0.0.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_parse_and_print),
        cmocka_unit_test(addresses_compare),
        cmocka_unit_test(nets_hold_their_addresses),
        cmocka_unit_test(udp_v4),
        cmocka_unit_test(udp_v6),
        cmocka_unit_test(refused_packet_does_not_stop_the_batch),
        cmocka_unit_test(pairs_are_even_and_next),
        cmocka_unit_test(tcp_connects_and_talks),
        cmocka_unit_test(refused_connection_says_so),
        cmocka_unit_test(unix_messages_carry_descriptors),
        cmocka_unit_test(local_address_towards_a_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
