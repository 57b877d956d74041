/* Look-ups against a small web server on loopback that answers well, badly, late and not at all. */
#include "app/lookup.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "app/test_impl.h"
#include "rt/socket.h"

enum { SEEN_MAX = 4096 };

struct fixture {
    /* the server, on its own thread */
    struct sapa_thread *thread;
    int listener;
    uint16_t port;
    char seen[SEEN_MAX]; /* the last request; the test reads it by seen() */
    atomic_uint requests;
    /* the asking side */
    struct sapa_loop *loop;
    struct sapa_pool *pool;
    struct sapa_lookup *lookup;
    struct sapa_record answer;
    unsigned answers;
};

/* ---- the server ---- */

static void reply(int fd, const char *head, const char *body, size_t n)
{
    char buf[512];
    const int size = snprintf(buf, sizeof(buf), "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", head, n);

    (void)!sapa_fd_write_all(fd, buf, (size_t)size);
    (void)!sapa_fd_write_all(fd, body, n);
}

static void say(int fd, const char *head, const char *body)
{
    reply(fd, head, body, strlen(body));
}

#define JSON "200 OK\r\nContent-Type: application/json; charset=utf-8"
#define PLAIN "200 OK\r\nContent-Type: text/plain"

static void wait_for_end(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    char byte;

    while (poll(&p, 1, 5000) > 0 && recv(fd, &byte, 1, 0) > 0)
        ;
}

/* False: the test is over. */
static bool serve_one(struct fixture *f, int fd)
{
    size_t n = 0;
    struct timeval limit = { .tv_sec = 5 };

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    f->seen[0] = '\0';
    while (n + 1 < SEEN_MAX) {
        const ssize_t got = recv(fd, f->seen + n, SEEN_MAX - 1 - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
        f->seen[n] = '\0';
        if (strstr(f->seen, "\r\n\r\n"))
            break;
    }
    f->requests++;
    const char *path = strncmp(f->seen, "GET ", 4) == 0 ? f->seen + 4 : "";
#define IS(name) (strncmp(path, name, strlen(name)) == 0)
    if (IS("/quit"))
        return false;
    if (IS("/json"))
        say(fd, JSON, "{\"name\": \"Bu Sri \xe2\x98\x85\", \"balance\": 125000, \"negative\": -7, \"vip\": true, \"list\": [1], "
                      "\"nothing\": null, \"fraction\": 1.5, \"inner\": {\"a\": 1}}");
    else if (IS("/lines"))
        say(fd, PLAIN, "  name = Bu Sri\r\n\r\nbalance=125000\nnote=a=b\n");
    else if (IS("/404"))
        say(fd, "404 Not Found", "name=x\n");
    else if (IS("/500"))
        say(fd, "500 Oops", "name=x\n");
    else if (IS("/204"))
        say(fd, "204 No Content", "");
    else if (IS("/redirect"))
        say(fd, "302 Found\r\nLocation: /lines", "");
    else if (IS("/empty"))
        say(fd, PLAIN, "");
    else if (IS("/list"))
        say(fd, JSON, "[1, 2]");
    else if (IS("/broken"))
        say(fd, JSON, "{\"a\": 1");
    else if (IS("/twice"))
        say(fd, JSON, "{\"a\": 1, \"a\": 2}");
    else if (IS("/newline"))
        say(fd, JSON, "{\"a\": \"x\\nadmin=1\"}");
    else if (IS("/sly"))
        say(fd, JSON, "{\"a\\nadmin\": \"1\"}");
    else if (IS("/nul"))
        say(fd, JSON, "{\"a\": \"x\\u0000y\"}");
    else if (IS("/latin"))
        say(fd, PLAIN, "a=\xe9\n");
    else if (IS("/prose"))
        say(fd, PLAIN, "there is no such customer\n");
    else if (IS("/slow"))
        wait_for_end(fd);
    else if (IS("/closes"))
        ;
    else if (IS("/wide")) { /* valid, but more than a record holds */
        static char wide[2000];
        memset(wide, 'x', sizeof(wide));
        memcpy(wide, "a=", 2);
        reply(fd, PLAIN, wide, sizeof(wide));
    } else if (IS("/huge")) {
        static char huge[1 << 20];
        memset(huge, '\n', sizeof(huge));
        reply(fd, PLAIN, huge, sizeof(huge));
    } else if (IS("/endless")) { /* does not say how long it is */
        static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
        static char part[4096];
        memset(part, '\n', sizeof(part));
        (void)!sapa_fd_write_all(fd, head, sizeof(head) - 1);
        while (send(fd, part, sizeof(part), MSG_NOSIGNAL) > 0)
            ;
    } else if (IS("/garbage"))
        (void)!sapa_fd_write_all(fd, "\x01\x02 hello\r\n", 10);
    else
        say(fd, PLAIN, "path=unknown\n");
#undef IS
    return true;
}

static void serve(void *ctx)
{
    struct fixture *f = ctx;
    bool more = true;

    while (more) {
        const int fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            break;
        more = serve_one(f, fd);
        shutdown(fd, SHUT_WR);
        close(fd);
    }
}

static void knock(const struct fixture *f, const char *request)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(f->port), .sin_addr = { htonl(INADDR_LOOPBACK) } };

    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
        (void)!sapa_fd_write_all(fd, request, strlen(request));
    close(fd);
}

/* ---- asking ---- */

/* What the server has read: it counts a request after it has read it, and before it answers. */
static const char *seen(struct fixture *f)
{
    return atomic_load(&f->requests) > 0 ? f->seen : "";
}

static void on_answer(void *ctx, const struct sapa_record *input)
{
    struct fixture *f = ctx;

    assert_int_equal(input->type, SAPA_T_lookup_done);
    f->answer = *input;
    f->answers++;
}

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof(any);

    signal(SIGPIPE, SIG_IGN);
    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&any, sizeof(any)), 0);
    assert_int_equal(listen(f->listener, 16), 0);
    assert_int_equal(getsockname(f->listener, (struct sockaddr *)&any, &size), 0);
    f->port = ntohs(any.sin_port);
    assert_int_equal(sapa_thread_start("web", -1, serve, f, &f->thread), SAPA_OK);
    assert_int_equal(sapa_loop_new(NULL, &f->loop), SAPA_OK);
    assert_int_equal(sapa_pool_new("look", 1, 4, &f->pool), SAPA_OK);
    assert_int_equal(sapa_lookup_new(f->loop, f->pool, on_answer, f, &f->lookup), SAPA_OK);
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;

    sapa_pool_free(f->pool);
    while (sapa_loop_run_once(f->loop, 0) > 0)
        ;
    sapa_lookup_free(f->lookup);
    sapa_loop_free(f->loop);
    knock(f, "GET /quit HTTP/1.1\r\n\r\n");
    sapa_thread_join(f->thread);
    close(f->listener);
    free(f);
    return 0;
}

static void start_at(struct fixture *f, const char *url, uint64_t timeout_ms, struct sapa_str secret)
{
    struct sapa_record command;

    sapa_record_init(&command, SAPA_T_cmd_lookup);
    command.u.cmd_lookup.contact = 4711;
    command.u.cmd_lookup.lookup = 3;
    command.u.cmd_lookup.timeout_ms = timeout_ms;
    assert_true(sapa_sized_set(&command.u.cmd_lookup.url, sapa_str_of(url)));
    sapa_lookup_start(f->lookup, &command, secret, 12);
}

static void start(struct fixture *f, const char *path, uint64_t timeout_ms, struct sapa_str secret)
{
    char url[600];

    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", f->port, path);
    start_at(f, url, timeout_ms, secret);
}

static sapa_rc wait_for(struct fixture *f, unsigned answers)
{
    while (f->answers < answers)
        sapa_loop_run_once(f->loop, 1000000);
    assert_int_equal(f->answer.u.lookup_done.contact, 4711);
    assert_int_equal(f->answer.u.lookup_done.lookup, 3);
    assert_int_equal(f->answer.u.lookup_done.person, 12);
    return (sapa_rc)-(int)f->answer.u.lookup_done.result;
}

static sapa_rc ask(struct fixture *f, const char *path)
{
    start(f, path, 5000, SAPA_STR(""));
    return wait_for(f, f->answers + 1);
}

static void has(const struct fixture *f, const char *values)
{
    const struct sapa_str got = sapa_sized_str(&f->answer.u.lookup_done.values);

    if (!sapa_str_eq(got, sapa_str_of(values)))
        fail_msg("got \"%.*s\"", (int)got.n, got.p);
}

static void test_json(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "/json"), SAPA_OK);
    has(f, "name=Bu Sri \xe2\x98\x85\nbalance=125000\nnegative=-7\nvip=true\n"); /* what a flow cannot hold is left out */
    assert_non_null(strstr(seen(f), "GET /json HTTP/1.1\r\n"));
}

static void test_lines(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "/lines"), SAPA_OK);
    has(f, "name=Bu Sri\nbalance=125000\nnote=a=b\n");
    assert_int_equal(ask(f, "/empty"), SAPA_OK);
    has(f, "");
}

static void test_answers_that_are_none(void **state)
{
    static const struct { const char *path; sapa_rc rc; } cases[] = {
        { "/404", SAPA_ENOENT }, { "/500", SAPA_EIO }, { "/204", SAPA_EIO }, { "/redirect", SAPA_EIO },
        { "/list", SAPA_EINVAL }, { "/broken", SAPA_EINVAL }, { "/twice", SAPA_EINVAL }, { "/newline", SAPA_EINVAL },
        { "/sly", SAPA_EINVAL }, { "/nul", SAPA_EINVAL }, { "/latin", SAPA_EINVAL }, { "/prose", SAPA_EINVAL },
        { "/wide", SAPA_ELIMIT }, { "/huge", SAPA_ELIMIT }, { "/endless", SAPA_ELIMIT }, { "/garbage", SAPA_EIO },
        { "/closes", SAPA_EIO },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < SAPA_COUNT(cases); i++) {
        const sapa_rc rc = ask(f, cases[i].path);
        if (rc != cases[i].rc)
            fail_msg("%s: %s", cases[i].path, sapa_rc_name(rc));
        has(f, "");
    }
    assert_null(strstr(seen(f), "/lines")); /* the redirect was not followed */
}

static void test_too_late(void **state)
{
    struct fixture *f = *state;
    const int64_t before = sapa_mono_us();

    start(f, "/slow", 80, SAPA_STR(""));
    assert_int_equal(wait_for(f, 1), SAPA_ETIMEOUT);
    assert_true(sapa_mono_us() - before < 3000000);
    /* no time at all is no time */
    start(f, "/lines", 0, SAPA_STR(""));
    assert_int_equal(wait_for(f, 2), SAPA_ETIMEOUT);
}

/* The limit counts from the question: with all workers busy a caller does not wait twice as long. */
static void test_waiting_for_a_worker_counts(void **state)
{
    struct fixture *f = *state;

    start(f, "/slow", 150, SAPA_STR(""));
    start(f, "/lines", 40, SAPA_STR(""));
    assert_int_equal(wait_for(f, 2), SAPA_ETIMEOUT);
    const unsigned requests = f->requests;
    assert_true(requests <= 1); /* the second was not even sent */
}

static void test_more_than_the_queue_holds(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 9; i++)
        start(f, "/slow", 50, SAPA_STR(""));
    assert_true(f->answers >= 5); /* refused at once, so that the flow falls back */
    assert_int_equal(f->answer.u.lookup_done.result, -SAPA_ELIMIT);
    (void)wait_for(f, 9);
}

static void test_secrets(void **state)
{
    struct fixture *f = *state;

    start(f, "/check?pin={secret}&again={secret}&open={secre", 5000, SAPA_STR("1234"));
    assert_int_equal(wait_for(f, 1), SAPA_OK);
    assert_non_null(strstr(seen(f), "GET /check?pin=1234&again=1234&open={secre HTTP/1.1\r\n"));
    /* a key that is no digit cannot change the address */
    start(f, "/check?pin={secret}", 5000, SAPA_STR("1*#A&x=/ \r\n"));
    assert_int_equal(wait_for(f, 2), SAPA_OK);
    assert_non_null(strstr(seen(f), "GET /check?pin=1%2A%23%41%26%78%3D%2F%20%0D%0A HTTP/1.1\r\n"));
    start(f, "/check?pin={secret}", 5000, SAPA_STR(""));
    assert_int_equal(wait_for(f, 3), SAPA_OK);
    assert_non_null(strstr(seen(f), "GET /check?pin= HTTP/1.1\r\n"));
    /* one that does not fit any more */
    char path[480] = "/";
    for (size_t i = 1; i + 8 < sizeof(path) - 1; i += 8)
        memcpy(path + i, "{secret}", 8);
    start(f, path, 5000, SAPA_STR("12345678901234567890123456789012"));
    assert_int_equal(wait_for(f, 4), SAPA_ELIMIT);
}

/* Nothing in an address makes a second header, another protocol or another host. */
static void test_addresses_that_try(void **state)
{
    static const char *const bad[] = {
        "/x\r\nX-Admin: 1", "/x\nX-Admin: 1", "/x HTTP/1.1\r\nX-Admin: 1\r\n\r\n", "/x\tHTTP", "/\x01",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < SAPA_COUNT(bad); i++) {
        const unsigned requests = f->requests;
        assert_int_not_equal(ask(f, bad[i]), SAPA_OK);
        assert_int_equal(f->requests, requests); /* not sent at all */
    }
    static const char *const other[] = { "file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "dict://127.0.0.1/x",
                                         "", "http://", "/etc/passwd" };
    for (size_t i = 0; i < SAPA_COUNT(other); i++) {
        start_at(f, other[i], 2000, SAPA_STR(""));
        assert_int_not_equal(wait_for(f, f->answers + 1), SAPA_OK);
        has(f, "");
    }
    /* a port where nobody listens */
    start_at(f, "http://127.0.0.1:1/x", 2000, SAPA_STR(""));
    assert_int_equal(wait_for(f, f->answers + 1), SAPA_EIO);
}

/* The program ends while questions are open: nothing is answered, nothing is lost from memory. */
static void test_ending_in_the_middle(void **state)
{
    struct fixture *f = *state;

    start(f, "/slow", 60, SAPA_STR("1234"));
    start(f, "/slow", 60, SAPA_STR("1234"));
    start(f, "/slow", 60, SAPA_STR("1234"));
    sapa_pool_free(f->pool);
    f->pool = NULL;
    while (sapa_loop_run_once(f->loop, 0) > 0)
        ;
    assert_true(f->answers <= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_json, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_lines, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_answers_that_are_none, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_too_late, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_waiting_for_a_worker_counts, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_more_than_the_queue_holds, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_secrets, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_addresses_that_try, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_ending_in_the_middle, open_fixture, close_fixture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
