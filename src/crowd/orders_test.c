#include "crowd/orders.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

static const int64_t noon = INT64_C(1789992000) * 1000000; /* 2026-09-21 12:00 UTC */

static struct sapa_orders_answer asked(const char *path, const char *query)
{
    struct sapa_orders_answer answer;

    sapa_orders_ask(sapa_str_of(path), sapa_str_of(query), noon, &answer);
    return answer;
}

static void orders_follow_from_their_number(void **state)
{
    (void)state;
    struct sapa_orders_answer answer = asked("/demo/order", "number=123456");
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "{\"status\": \"shipped\", \"tiba\": \"2026-09-23\", \"total\": \"297000\"}\n");
    assert_string_equal(asked("/order", "x=1&number=123456&y").body, answer.body);
    assert_non_null(strstr(asked("/order", "number=100000").body, "new"));
    assert_non_null(strstr(asked("/order", "number=100011").body, "packed"));
    answer = asked("/order", "number=100017");
    assert_non_null(strstr(answer.body, "delivered"));
    assert_non_null(strstr(answer.body, "2026-09-19")); /* days ago */
}

static void what_can_go_wrong_does(void **state)
{
    (void)state;
    assert_int_equal(asked("/demo/order", "number=012345").status, 404);
    assert_int_equal(asked("/demo/order", "number=000500").status, 503);
    assert_int_equal(asked("/demo/order", "number=000999").wait_ms, SAPA_ORDERS_SLOW_MS);
    assert_int_equal(asked("/demo/order", "number=000999").status, 200);
    assert_int_equal(asked("/demo/order", "number=12345").status, 400);
    assert_int_equal(asked("/demo/order", "number=12345a").status, 400);
    assert_int_equal(asked("/demo/order", "").status, 400);
    assert_int_equal(asked("/demo/orders", "number=123456").status, 404);
    assert_int_equal(asked("", "").status, 404);
}

static void balances(void **state)
{
    (void)state;
    assert_int_equal(asked("/demo/balance", "account=12345678&pin=123456").status, 200);
    assert_int_equal(asked("/demo/balance", "account=12345678&pin=000000").status, 403);
    assert_int_equal(asked("/demo/balance", "account=1234567&pin=123456").status, 400);
    assert_int_equal(asked("/demo/balance", "pin=123456").status, 400);
}

static void exchange(uint16_t port, const char *request, char *answer, size_t size)
{
    const struct timeval limit = { .tv_sec = 5 };
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t n = 0;
    ssize_t got;

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_int_equal(send(fd, request, strlen(request), 0), (ssize_t)strlen(request));
    while (n + 1 < size && (got = recv(fd, answer + n, size - n - 1, 0)) > 0)
        n += (size_t)got;
    answer[n] = '\0';
    close(fd);
}

static void it_is_served_over_http(void **state)
{
    struct sapa_orders *orders, *second;
    char answer[1024];

    (void)state;
    assert_int_equal(sapa_orders_open(0, &orders), SAPA_OK);
    const uint16_t port = sapa_orders_bound(orders);
    assert_true(port > 0);
    exchange(port, "GET /demo/order?number=123456&a=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", answer, sizeof(answer));
    assert_non_null(strstr(answer, " 200 "));
    assert_non_null(strstr(answer, "application/json"));
    assert_non_null(strstr(answer, "\"shipped\""));
    exchange(port, "GET /demo/order?number=000500 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", answer, sizeof(answer));
    assert_non_null(strstr(answer, " 503 "));
    exchange(port, "GET /demo/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", answer, sizeof(answer));
    assert_non_null(strstr(answer, " 404 "));
    exchange(port, "\x01\x02 nonsense\r\n\r\n", answer, sizeof(answer));
    assert_null(strstr(answer, " 200 "));
    assert_int_equal(sapa_orders_open(port, &second), SAPA_EEXIST);
    sapa_orders_close(orders);
    sapa_orders_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_follow_from_their_number),
        cmocka_unit_test(what_can_go_wrong_does),
        cmocka_unit_test(balances),
        cmocka_unit_test(it_is_served_over_http),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
