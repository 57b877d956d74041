#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "rt/clock.h"
#include "rt/thread.h"
#include "rt/udp_batch.h"

enum { WAIT_US = 5000000 };

static struct sapa_addr open_socket(int *fd, const char *host)
{
    struct sapa_addr addr;

    assert_int_equal(sapa_addr_parse(sapa_str_of(host), 0, &addr), SAPA_OK);
    assert_int_equal(sapa_udp_open(&addr, NULL, fd), SAPA_OK);
    assert_int_equal(sapa_socket_local(*fd, &addr), SAPA_OK);
    /* Bound by number, as legs are: a port that the system chose is lost when a socket is disconnected. */
    sapa_fd_close(*fd);
    assert_int_equal(sapa_udp_open(&addr, NULL, fd), SAPA_OK);
    return addr;
}

static void test_ready_keys(void **state)
{
    struct sapa_udp_set *set;
    struct sapa_addr addr[3], from;
    uint64_t keys[8];
    char buf[16];
    int fd[3];

    (void)state;
    assert_int_equal(sapa_udp_set_new(&set), SAPA_OK);
    for (int i = 0; i < 3; i++) {
        addr[i] = open_socket(&fd[i], "127.0.0.1");
        assert_int_equal(sapa_udp_set_add(set, fd[i], 100u + (unsigned)i), SAPA_OK);
    }
    assert_int_equal(sapa_udp_set_ready(set, 0, keys, 8), 0);
    assert_int_equal(sapa_udp_give_to(fd[0], "abc", 3, &addr[2]), 3);
    assert_int_equal(sapa_udp_set_ready(set, WAIT_US, keys, 8), 1);
    assert_int_equal(keys[0], 102);
    assert_int_equal(sapa_udp_set_ready(set, 0, keys, 8), 1); /* until it was taken */
    assert_int_equal(sapa_udp_take(fd[2], buf, sizeof(buf), &from), 3);
    assert_true(sapa_addr_equal(&from, &addr[0]));
    assert_int_equal(sapa_udp_take(fd[2], buf, sizeof(buf), &from), 0);
    assert_int_equal(sapa_udp_set_ready(set, 0, keys, 8), 0);
    sapa_udp_set_remove(set, fd[2]);
    assert_int_equal(sapa_udp_give_to(fd[0], "abc", 3, &addr[2]), 3);
    assert_int_equal(sapa_udp_set_ready(set, 1000, keys, 8), 0);
    for (int i = 0; i < 3; i++)
        sapa_fd_close(fd[i]);
    sapa_udp_set_free(set);
}

static void connected(const char *host)
{
    struct sapa_addr a_addr, b_addr, c_addr, from;
    int a, b, c;
    char buf[16];

    a_addr = open_socket(&a, host);
    b_addr = open_socket(&b, host);
    c_addr = open_socket(&c, host);
    assert_int_equal(sapa_udp_connect(a, &b_addr), SAPA_OK);
    assert_int_equal(sapa_udp_give(a, "hello", 5), 5);
    assert_int_equal(sapa_udp_take(b, buf, sizeof(buf), &from), 5);
    assert_true(sapa_addr_equal(&from, &a_addr));
    /* The kernel keeps others out. */
    (void)sapa_udp_give_to(c, "x", 1, &a_addr);
    assert_int_equal(sapa_udp_take(a, buf, sizeof(buf), &from), 0);
    sapa_udp_disconnect(a);
    assert_int_equal(sapa_udp_give_to(c, "y", 1, &a_addr), 1);
    assert_int_equal(sapa_udp_take(a, buf, sizeof(buf), &from), 1);
    assert_true(sapa_addr_equal(&from, &c_addr));
    struct sapa_addr still;
    assert_int_equal(sapa_socket_local(a, &still), SAPA_OK);
    assert_true(sapa_addr_equal(&still, &a_addr)); /* the port stayed */
    /* A peer that is gone is no error that anybody must handle. */
    assert_int_equal(sapa_udp_connect(a, &b_addr), SAPA_OK);
    sapa_fd_close(b);
    for (int i = 0; i < 3; i++)
        (void)sapa_udp_give(a, "z", 1);
    assert_int_equal(sapa_udp_take(a, buf, sizeof(buf), &from), 0);
    sapa_fd_close(a);
    sapa_fd_close(c);
}

static void test_connected(void **state)
{
    (void)state;
    connected("127.0.0.1");
    connected("::1");
}

static void wake(void *ctx)
{
    sapa_udp_set_wake(ctx);
}

static void test_wake_and_tick(void **state)
{
    struct sapa_udp_set *set;
    struct sapa_thread *thread;
    uint64_t keys[4];

    (void)state;
    assert_int_equal(sapa_udp_set_new(&set), SAPA_OK);
    assert_int_equal(sapa_thread_start("wake", -1, wake, set, &thread), SAPA_OK);
    assert_int_equal(sapa_udp_set_ready(set, -1, keys, 4), 0); /* would wait for ever */
    sapa_thread_join(thread);
    const int64_t now = sapa_mono_us();
    sapa_udp_set_tick(now + 3000);
    assert_true(sapa_mono_us() >= now + 3000);
    sapa_udp_set_tick(now); /* has passed */
    assert_int_equal(sapa_udp_set_ready(set, 2000, keys, 4), 0);
    sapa_udp_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_ready_keys), cmocka_unit_test(test_connected),
                                        cmocka_unit_test(test_wake_and_tick) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
