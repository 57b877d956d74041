/* The local console against askers who mean well and askers who do not. */
#include "app/console.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "app/test_impl.h"
#include "rt/socket.h"
#include "rt/thread.h"

struct room {
    char folder[64], path[100];
    struct sapa_clock clock;
    struct sapa_loop *loop;
    struct sapa_console *console;
    size_t questions, rows; /* rows to answer with */
    size_t row_size;
};

static void answer(void *ctx, const json_t *request, struct sapa_console_reply *reply)
{
    struct room *room = ctx;
    const char *what = json_string_value(json_object_get(request, "do"));
    static char filling[SAPA_CONSOLE_MESSAGE_MAX];

    room->questions++;
    if (what && strcmp(what, "err") == 0) {
        sapa_console_error(reply, "no \"%s\" here", json_string_value(json_object_get(request, "what")));
        sapa_console_row(reply, json_pack("{s:i}", "row", 1)); /* too late: nothing follows an error */
        return;
    }
    memset(filling, 'x', room->row_size);
    filling[room->row_size] = '\0';
    for (size_t i = 0; i < room->rows; i++)
        sapa_console_row(reply, json_pack("{s:I,s:s}", "row", (json_int_t)i, "filling", filling));
}

static int open_room(void **state)
{
    struct room *room = calloc(1, sizeof(*room));

    test_folder(room->folder);
    snprintf(room->path, sizeof(room->path), "%s/console.sock", room->folder);
    sapa_clock_init_manual(&room->clock, 1000000, 1000000);
    assert_int_equal(sapa_loop_new(&room->clock, &room->loop), SAPA_OK);
    assert_int_equal(sapa_console_open(room->loop, room->path, answer, room, &room->console), SAPA_OK);
    room->rows = 2;
    *state = room;
    return 0;
}

static int close_room(void **state)
{
    struct room *room = *state;

    sapa_console_close(room->console);
    assert_int_equal(sapa_loop_timers(room->loop), 0);
    sapa_loop_free(room->loop);
    test_folder_remove(room->folder);
    free(room);
    return 0;
}

static void turn(struct room *room)
{
    for (int i = 0; i < 8; i++)
        sapa_loop_run_once(room->loop, 0);
}

static int client(const struct room *room)
{
    int fd;

    assert_int_equal(sapa_unix_connect(room->path, &fd), SAPA_OK);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(sapa_unix_send(fd, text, strlen(text), NULL, 0), SAPA_OK);
}

/* The next object of the answer; NULL when the connection is closed; fails when nothing is there. */
static json_t *hear(int fd)
{
    static char buf[SAPA_CONSOLE_MESSAGE_MAX + 1];
    size_t n, fds;
    const sapa_rc rc = sapa_unix_receive(fd, buf, sizeof(buf), &n, NULL, 0, &fds);

    assert_int_not_equal(rc, SAPA_EAGAIN);
    if (rc != SAPA_OK)
        return NULL;
    json_t *object = json_loadb(buf, n, 0, NULL);
    assert_true(json_is_object(object));
    return object;
}

static void hear_error(int fd, const char *part)
{
    json_t *object = hear(fd);

    assert_non_null(object);
    const char *sentence = json_string_value(json_object_get(object, "error"));
    assert_non_null(sentence);
    assert_non_null(strstr(sentence, part));
    json_decref(object);
    assert_null(hear(fd)); /* closed, no end after an error */
    sapa_fd_close(fd);
}

static void test_rows_and_an_end(void **state)
{
    struct room *room = *state;
    const int fd = client(room);

    say(fd, "{\"do\":\"top\"}");
    turn(room);
    for (int i = 0; i < 2; i++) {
        json_t *row = hear(fd);
        assert_int_equal(json_integer_value(json_object_get(row, "row")), i);
        json_decref(row);
    }
    json_t *end = hear(fd);
    assert_true(json_is_true(json_object_get(end, "end")));
    json_decref(end);
    assert_null(hear(fd));
    sapa_fd_close(fd);
    unsigned mode;
    assert_int_equal(sapa_file_mode(room->path, &mode), SAPA_OK);
    assert_int_equal(mode & 077, 0);
}

static void test_errors_are_sentences(void **state)
{
    struct room *room = *state;
    char text[4200];
    int fd = client(room);

    say(fd, "{\"do\":\"err\",\"what\":\"cat\"}");
    turn(room);
    hear_error(fd, "no \"cat\" here");

    /* a sentence that is cut is cut between characters */
    size_t n = (size_t)snprintf(text, sizeof(text), "{\"do\":\"err\",\"what\":\"x");
    for (int i = 0; i < 600; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "\xc3\xa9");
    snprintf(text + n, sizeof(text) - n, "\"}");
    fd = client(room);
    say(fd, text);
    turn(room);
    hear_error(fd, "no \"x\xc3\xa9");
}

static void test_what_is_no_question(void **state)
{
    static const char *const wrong[] = { "hello", "[1,2]", "\"top\"", "{\"do\":\"top\"", "{\"a\":1,\"a\":2}", "{}{}", "7", "null",
                                         "{\"do\":\"\xff\"}" };
    struct room *room = *state;

    for (size_t i = 0; i < SAPA_COUNT(wrong); i++) {
        const int fd = client(room);
        say(fd, wrong[i]);
        turn(room);
        hear_error(fd, "one JSON object");
    }
    char *deep = malloc(4000);
    assert_non_null(deep);
    memset(deep, '[', 4000);
    int fd = client(room);
    assert_int_equal(sapa_unix_send(fd, deep, 4000, NULL, 0), SAPA_OK);
    turn(room);
    hear_error(fd, "one JSON object");
    free(deep);

    static char large[50000];
    memset(large, ' ', sizeof(large));
    memcpy(large, "{\"do\":\"top\"}", 12);
    fd = client(room);
    assert_int_equal(sapa_unix_send(fd, large, sizeof(large), NULL, 0), SAPA_OK);
    turn(room);
    hear_error(fd, "at most 4096 bytes");
    assert_int_equal(room->questions, 0);

    /* descriptors that come with a question are closed, not collected */
    int pair[2];
    assert_int_equal(sapa_unix_pair(pair), SAPA_OK);
    fd = client(room);
    assert_int_equal(sapa_unix_send(fd, "{}", 2, &pair[0], 1), SAPA_OK);
    sapa_fd_close(pair[0]);
    turn(room);
    assert_int_equal(room->questions, 1);
    char byte;
    size_t got;
    assert_int_equal(sapa_socket_read(pair[1], &byte, 1, &got), SAPA_ECLOSED);
    sapa_fd_close(pair[1]);
    sapa_fd_close(fd);
}

/* A long answer reaches an asker who takes his time, whole and in order. */
static void test_a_slow_reader_gets_it_all(void **state)
{
    struct room *room = *state;
    size_t row = 0;
    bool ended = false;
    const int fd = client(room);

    room->rows = 3000;
    room->row_size = 200;
    say(fd, "{\"do\":\"contacts\"}");
    turn(room);
    while (!ended) {
        json_t *object = hear(fd);
        assert_non_null(object);
        ended = json_is_true(json_object_get(object, "end"));
        if (!ended)
            assert_int_equal(json_integer_value(json_object_get(object, "row")), row++);
        json_decref(object);
        if (row % 50 == 0 || row + 50 > room->rows)
            turn(room);
    }
    assert_int_equal(row, room->rows);
    assert_null(hear(fd));
    sapa_fd_close(fd);
}

/* One who never reads costs a bounded amount of memory, for a bounded time, and nobody else. */
static void test_who_never_reads_is_dropped(void **state)
{
    struct room *room = *state;
    const int fd = client(room);

    room->rows = 3000;
    room->row_size = 200;
    say(fd, "{\"do\":\"contacts\"}");
    turn(room);
    room->rows = 2;
    const int other = client(room);
    say(other, "{\"do\":\"top\"}");
    turn(room);
    json_decref(hear(other));
    sapa_fd_close(other);
    assert_int_equal(sapa_loop_timers(room->loop), 1);
    sapa_loop_advance(room->loop, 11000000);
    assert_int_equal(sapa_loop_timers(room->loop), 0);
    sapa_fd_close(fd);

    /* more than will ever be kept */
    const int greedy = client(room);
    room->rows = 200;
    room->row_size = 50000;
    say(greedy, "{\"do\":\"contacts\"}");
    turn(room);
    sapa_loop_advance(room->loop, 11000000);
    assert_int_equal(sapa_loop_timers(room->loop), 0);
    sapa_fd_close(greedy);
}

static void test_who_never_asks_is_dropped(void **state)
{
    struct room *room = *state;
    int fds[SAPA_CONSOLE_CLIENTS_MAX];

    for (size_t i = 0; i < SAPA_COUNT(fds); i++) {
        fds[i] = client(room);
        turn(room);
    }
    const int one_more = client(room);
    turn(room);
    hear_error(one_more, "too many questions");
    /* one goes, another may come */
    sapa_fd_close(fds[0]);
    turn(room);
    fds[0] = client(room);
    say(fds[0], "{\"do\":\"top\"}");
    turn(room);
    json_decref(hear(fds[0]));
    sapa_fd_close(fds[0]);
    sapa_loop_advance(room->loop, 11000000);
    for (size_t i = 1; i < SAPA_COUNT(fds); i++) {
        assert_null(hear(fds[i]));
        sapa_fd_close(fds[i]);
    }
    const int fd = client(room);
    say(fd, "{\"do\":\"top\"}");
    turn(room);
    json_decref(hear(fd));
    sapa_fd_close(fd);
}

static void test_who_leaves_in_the_middle(void **state)
{
    struct room *room = *state;
    const int fd = client(room);

    room->rows = 3000;
    room->row_size = 200;
    say(fd, "{\"do\":\"contacts\"}");
    sapa_fd_close(fd);
    turn(room);
    const int late = client(room);
    say(late, "{\"do\":\"contacts\"}");
    turn(room);
    json_decref(hear(late));
    sapa_fd_close(late);
    turn(room);
    assert_int_equal(sapa_loop_timers(room->loop), 0);
}

static void test_one_console_a_folder(void **state)
{
    struct room *room = *state;
    struct sapa_console *second;

    assert_int_equal(sapa_console_open(room->loop, room->path, answer, room, &second), SAPA_EEXIST);
    /* one that is left over from a crash is in nobody's way */
    char path[120];
    int fd;
    snprintf(path, sizeof(path), "%s/old.sock", room->folder);
    assert_int_equal(sapa_unix_listen(path, &fd), SAPA_OK);
    sapa_fd_close(fd);
    assert_int_equal(sapa_console_open(room->loop, path, answer, room, &second), SAPA_OK);
    sapa_console_close(second);
}

/* ---- the asking side, on a thread of its own ---- */

struct asking {
    const char *path;
    const char *question;
    int64_t limit_ms;
    sapa_rc rc;
    size_t rows;
    char error[200];
    struct sapa_loop *loop;
};

static void on_row(void *ctx, const json_t *row)
{
    struct asking *asking = ctx;

    assert_true(json_is_object(row));
    asking->rows++;
}

static void ask(void *ctx)
{
    struct asking *asking = ctx;
    struct sapa_text error;

    sapa_text_init(&error, asking->error, sizeof(asking->error));
    asking->rc = sapa_console_ask(asking->path, json_pack("{s:s,s:s}", "do", asking->question, "what", "dog"), asking->limit_ms,
                                  on_row, asking, &error);
    if (asking->loop)
        sapa_loop_stop(asking->loop);
}

static void test_asking(void **state)
{
    struct room *room = *state;
    struct asking asking = { .path = room->path, .question = "top", .limit_ms = 60000, .loop = room->loop };
    struct sapa_thread *thread;

    room->rows = 400;
    room->row_size = 300;
    assert_int_equal(sapa_thread_start("ask", -1, ask, &asking, &thread), SAPA_OK);
    sapa_loop_run(room->loop);
    sapa_thread_join(thread);
    assert_int_equal(asking.rc, SAPA_OK);
    assert_int_equal(asking.rows, 400);

    asking.question = "err";
    assert_int_equal(sapa_thread_start("ask", -1, ask, &asking, &thread), SAPA_OK);
    sapa_loop_run(room->loop);
    sapa_thread_join(thread);
    assert_int_equal(asking.rc, SAPA_EINVAL);
    assert_string_equal(asking.error, "no \"dog\" here");

    asking.loop = NULL;
    asking.path = "/nonexistent/console.sock";
    ask(&asking);
    assert_int_not_equal(asking.rc, SAPA_OK);
    assert_non_null(strstr(asking.error, "no centre answers at /nonexistent/console.sock"));

    /* a centre that hangs: nobody turns its loop */
    asking.path = room->path;
    asking.limit_ms = 30;
    ask(&asking);
    assert_int_equal(asking.rc, SAPA_ETIMEOUT);
    assert_non_null(strstr(asking.error, "does not answer in time"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows_and_an_end, open_room, close_room),
        cmocka_unit_test_setup_teardown(test_errors_are_sentences, open_room, close_room),
        cmocka_unit_test_setup_teardown(test_what_is_no_question, open_room, close_room),
        cmocka_unit_test_setup_teardown(test_a_slow_reader_gets_it_all, open_room, close_room),
        cmocka_unit_test_setup_teardown(test_who_never_reads_is_dropped, open_room, close_room),
        cmocka_unit_test_setup_teardown(test_who_never_asks_is_dropped, open_room, close_room),
        cmocka_unit_test_setup_teardown(test_who_leaves_in_the_middle, open_room, close_room),
        cmocka_unit_test_setup_teardown(test_one_console_a_folder, open_room, close_room),
        cmocka_unit_test_setup_teardown(test_asking, open_room, close_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
