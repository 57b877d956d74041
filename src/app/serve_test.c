/*
 * The supervisor with its real children. This test program is the program too: what serve starts as
 * /proc/self/exe comes by main() below.
 */
#include "app/serve.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "app/ask.h"
#include "app/commands.h"
#include "app/test_impl.h"
#include "app/view_read.h"
#include "rt/socket.h"

enum { LIMIT_MS = 60000, ARGS_MAX = 24 }; /* a loaded machine needs seconds for what takes 0.1 s */

struct fixture {
    char folder[64], data[100], centre[100];
    int pid, out;        /* of serve, and everything that it and its children say */
    char *said;
    size_t said_n, heard; /* heard: up to here it was waited for */
};

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    test_folder(f->folder);
    snprintf(f->data, sizeof(f->data), "%s/data", f->folder);
    snprintf(f->centre, sizeof(f->centre), "%s/centre.yaml", f->folder);
    assert_int_equal(sapa_file_write(f->centre, TEST_CENTRE, strlen(TEST_CENTRE), 0600), SAPA_OK);
    f->said = calloc(1, 1 << 20);
    f->out = -1;
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;

    if (f->pid > 0) { /* a test that failed: nothing of ours may stay */
        kill(f->pid, SIGKILL);
        waitpid(f->pid, NULL, 0);
    }
    if (f->out >= 0)
        close(f->out);
    test_folder_remove(f->folder);
    free(f->said);
    free(f);
    return 0;
}

/* serve --data … --centre … and what is given, up to NULL. */
static void start(struct fixture *f, const char *data, ...)
{
    const char *argv[ARGS_MAX] = { "sapa", "serve", "--data", data, "--centre", f->centre, "--media-threads", "1" };
    size_t n = 8;
    int pipe_fds[2];
    va_list args;

    va_start(args, data);
    for (const char *arg; (arg = va_arg(args, const char *)) && n + 1 < ARGS_MAX;)
        argv[n++] = arg;
    va_end(args);
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    if (f->out >= 0)
        close(f->out);
    f->said_n = f->heard = 0;
    f->said[0] = '\0';
    f->out = pipe_fds[0];
    f->pid = fork();
    if (f->pid == 0) {
        dup2(pipe_fds[1], 1);
        dup2(pipe_fds[1], 2);
        execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(pipe_fds[1]);
}

/* False: the end, nobody can say anything any more. */
static bool hear(struct fixture *f, int limit_ms)
{
    struct pollfd p = { .fd = f->out, .events = POLLIN };

    if (poll(&p, 1, limit_ms) <= 0)
        fail_msg("nothing more after:\n%s", f->said);
    const ssize_t n = read(f->out, f->said + f->said_n, (1 << 20) - 1 - f->said_n);
    if (n <= 0)
        return false;
    f->said_n += (size_t)n;
    f->said[f->said_n] = '\0';
    return true;
}

/* Wait until it is said, again if it was said before. */
static void wait_for(struct fixture *f, const char *text)
{
    const char *found;

    while (!(found = strstr(f->said + f->heard, text))) {
        if (!hear(f, LIMIT_MS))
            fail_msg("it ended without \"%s\":\n%s", text, f->said);
    }
    f->heard = (size_t)(found - f->said) + strlen(text);
}

/* The exit code of serve, once nobody of its family lives any more. */
static int wait_for_end(struct fixture *f)
{
    int status;

    while (hear(f, LIMIT_MS))
        ;
    assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
    f->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void is_said(const struct fixture *f, const char *text)
{
    if (!strstr(f->said, text))
        fail_msg("\"%s\" is missing in:\n%s", text, f->said);
}

static void stop(struct fixture *f)
{
    kill(f->pid, SIGTERM);
    assert_int_equal(wait_for_end(f), SAPA_EXIT_OK);
}

/* Pid of the child with this argv[0]; 0 none. */
static int child(const struct fixture *f, const char *name)
{
    char path[64], word[64];
    struct dirent *entry;
    DIR *proc = opendir("/proc");
    int found = 0;

    assert_non_null(proc);
    while (!found && (entry = readdir(proc))) {
        FILE *file;
        uint64_t pid;
        int parent = 0;
        if (sapa_str_u64(sapa_str_of(entry->d_name), 1 << 30, &pid) != SAPA_OK)
            continue;
        snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        if (!(file = fopen(path, "r")))
            continue;
        if (fscanf(file, "%*d (%*[^)]) %*c %d", &parent) != 1)
            parent = 0;
        fclose(file);
        if (parent != f->pid)
            continue;
        snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
        if ((file = fopen(path, "r"))) {
            if (fgets(word, sizeof(word), file) && strcmp(word, name) == 0)
                found = (int)pid;
            fclose(file);
        }
    }
    closedir(proc);
    return found;
}

/* What the centre's API says to its owner; NULL with the reason in `error` (300 bytes). */
static json_t *ask(const struct fixture *f, const char *method, const char *path, const char *body, sapa_rc *ret_rc, char *error)
{
    const struct sapa_door door = { .command = "test", .data = f->data };
    const struct sapa_question question = { .method = method, .path = path, .body = body, .body_n = body ? strlen(body) : 0 };
    struct sapa_answer answer;
    struct sapa_text text;
    json_t *json = NULL;

    sapa_text_init(&text, error, 300);
    *ret_rc = sapa_ask(&door, &question, &answer, &text);
    if (*ret_rc == SAPA_OK)
        json = json_loadb(answer.p, answer.n, JSON_REJECT_DUPLICATES, NULL);
    sapa_answer_done(&answer);
    return json;
}

static void asked(const struct fixture *f, const char *method, const char *path, const char *body)
{
    char error[300];
    sapa_rc rc;
    json_t *json = ask(f, method, path, body, &rc, error);

    if (!json)
        fail_msg("%s %s: %s\n%s", method, path, error, f->said);
    json_decref(json);
}

static void refused(const struct fixture *f, const char *method, const char *path, const char *body, const char *sentence)
{
    char error[300];
    sapa_rc rc;

    assert_null(ask(f, method, path, body, &rc, error));
    assert_int_equal(rc, SAPA_EINVAL);
    if (!strstr(error, sentence))
        fail_msg("\"%s\" is not in: %s", sentence, error);
}

static void assert_serves(const struct fixture *f)
{
    asked(f, "GET", "/api/v1/view", NULL);
}

/* ---- */

static int check_private(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)type, (void)ftw;
    if (info->st_mode & 077)
        fail_msg("%s has mode %o", path, info->st_mode & 0777);
    return 0;
}

static void test_it_comes_up_and_ends(void **state)
{
    struct fixture *f = *state;
    struct stat info;

    assert_int_equal(mkdir(f->data, 0755), 0); /* somebody made it with the usual mode */
    start(f, f->data, "--sip", "127.0.0.1:0", NULL);
    wait_for(f, "control.ready");
    assert_serves(f);
    wait_for(f, "is open.");
    wait_for(f, "sip:101@");
    wait_for(f, "in the secrets file"); /* nobody's screen: no password into a journal */
    const int control = child(f, "sapa-control"), media = child(f, "sapa-media");
    assert_true(control > 0 && media > 0);
    /* a terminal's ^C reaches serve alone, which ends the others in order */
    assert_int_equal(getpgid(control), control);
    assert_int_equal(getpgid(media), media);
    DIR *folder = opendir(f->data);
    struct dirent *entry;
    char path[400];
    size_t files = 0;
    while ((entry = readdir(folder))) {
        snprintf(path, sizeof(path), "%s/%s", f->data, entry->d_name);
        if (entry->d_name[0] != '.' && stat(path, &info) == 0 && ++files)
            nftw(path, check_private, 8, FTW_PHYS);
    }
    closedir(folder);
    assert_true(files >= 5);
    kill(f->pid, SIGINT);
    assert_int_equal(wait_for_end(f), SAPA_EXIT_OK);
    assert_null(strstr(f->said, "ERROR")); /* of a sanitizer */
    /* and once more, with what is there */
    start(f, f->data, "--sip", "127.0.0.1:0", "--quiet", NULL);
    wait_for(f, "control.recovered");
    wait_for(f, "control.ready");
    stop(f);
    assert_null(strstr(f->said, "is open."));
}

/* Descriptors: each child has what it needs and nothing else of its parent or sister. */
static void test_children_inherit_nothing(void **state)
{
    struct fixture *f = *state;
    char path[80], target[300];

    start(f, f->data, "--sip", "127.0.0.1:0", "--sip", "[::1]:0", "--quiet", NULL);
    wait_for(f, "control.ready");
    const int pids[] = { child(f, "sapa-control"), child(f, "sapa-media") };
    for (size_t i = 0; i < SAPA_COUNT(pids); i++) {
        snprintf(path, sizeof(path), "/proc/%d/fd", pids[i]);
        DIR *fds = opendir(path);
        struct dirent *entry;
        size_t sockets = 0;
        assert_non_null(fds);
        while ((entry = readdir(fds))) {
            const ssize_t n = readlinkat(dirfd(fds), entry->d_name, target, sizeof(target) - 1);
            if (n <= 0)
                continue;
            target[n] = '\0';
            assert_null(strstr(target, "/lock"));
            if (i == 1)
                assert_null(strstr(target, "sapa.db"));
            sockets += strncmp(target, "socket:", 7) == 0;
        }
        closedir(fds);
        assert_true(i == 0 ? sockets >= 5 : sockets >= 1 && sockets <= 3);
    }
    stop(f);
}

static void test_only_one_a_folder(void **state)
{
    struct fixture *f = *state, second = *f;

    start(f, f->data, "--sip", "127.0.0.1:0", "--quiet", NULL);
    wait_for(f, "control.ready");
    second.said = calloc(1, 1 << 20);
    second.out = -1;
    start(&second, f->data, "--sip", "127.0.0.1:0", NULL);
    assert_int_equal(wait_for_end(&second), SAPA_EXIT_FAILED);
    is_said(&second, "another sapa serves from");
    close(second.out);
    free(second.said);
    assert_serves(f); /* the first did not notice */
    stop(f);
}

static void test_a_port_that_is_taken(void **state)
{
    struct fixture *f = *state;
    char address[40];
    struct sapa_addr any;
    int fd;

    assert_int_equal(sapa_addr_parse(SAPA_STR("127.0.0.1"), 0, &any), SAPA_OK);
    assert_int_equal(sapa_udp_open(&any, NULL, &fd), SAPA_OK);
    assert_int_equal(sapa_socket_local(fd, &any), SAPA_OK);
    sapa_addr_print(&any, address, sizeof(address));
    start(f, f->data, "--sip", address, NULL);
    assert_int_equal(wait_for_end(f), SAPA_EXIT_FAILED);
    is_said(f, address);
    is_said(f, "another program has this port");
    sapa_fd_close(fd);
}

static void test_wrong_command_lines(void **state)
{
    struct fixture *f = *state;
    char path[200];

    start(f, f->data, "--sip", "localhost:5060", NULL);
    assert_int_equal(wait_for_end(f), SAPA_EXIT_FAILED);
    is_said(f, "--sip wants an address");
    start(f, f->data, "--sip", "127.0.0.1:0", "--advertise", "example.com", NULL);
    assert_int_equal(wait_for_end(f), SAPA_EXIT_USAGE);
    is_said(f, "--advertise wants");
    start(f, f->data, "--sip", "127.0.0.1:0", "--advertise", "0.0.0.0", NULL);
    assert_int_equal(wait_for_end(f), SAPA_EXIT_USAGE);
    start(f, f->data, "--sip", "127.0.0.1:0", "--sip", "127.0.0.2:0", "--sip", "127.0.0.3:0", "--sip", "127.0.0.4:0", "--sip",
          "127.0.0.5:0", NULL);
    assert_int_equal(wait_for_end(f), SAPA_EXIT_USAGE);
    is_said(f, "4 times at most");
    start(f, f->data, "--sip", "127.0.0.1:0", "--media-port-min", "30000", "--media-port-max", "30000", NULL);
    assert_int_equal(wait_for_end(f), SAPA_EXIT_USAGE);
    start(f, f->data, "--sip", "127.0.0.1:0", "--nonsense", NULL);
    assert_int_equal(wait_for_end(f), SAPA_EXIT_USAGE);
    is_said(f, "--nonsense");
    /* a folder that cannot be made, or written to */
    snprintf(path, sizeof(path), "%s/below", f->centre);
    start(f, path, "--sip", "127.0.0.1:0", NULL);
    assert_int_equal(wait_for_end(f), SAPA_EXIT_FAILED);
    is_said(f, path);
    assert_false(sapa_file_exists(f->data) && child(f, "sapa-media") > 0);
}

/* A description with mistakes: said with its line, everything ends at once, no loop of restarts. */
static void test_a_broken_description_at_start(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "version: 1\nclients: { toko: { nome: Toko } }\n";

    assert_int_equal(sapa_file_write(f->centre, text, sizeof(text) - 1, 0600), SAPA_OK);
    start(f, f->data, "--sip", "127.0.0.1:0", NULL);
    assert_int_equal(wait_for_end(f), SAPA_EXIT_USAGE);
    is_said(f, "centre.yaml:2:");
    is_said(f, "nome");
    assert_null(strstr(f->said, "starting it again"));
    assert_int_equal(sapa_file_remove(f->centre), SAPA_OK);
    start(f, f->data, "--sip", "127.0.0.1:0", NULL);
    assert_int_equal(wait_for_end(f), SAPA_EXIT_USAGE);
    is_said(f, "cannot read the centre description");
}

/* A log that cannot be opened at the first start is the end too, with the reason. */
static void test_a_damaged_store_at_start(void **state)
{
    struct fixture *f = *state;
    char path[140];

    assert_int_equal(mkdir(f->data, 0700), 0);
    snprintf(path, sizeof(path), "%s/sapa.db", f->data);
    static const char junk[5000] = "this is no database at all";
    assert_int_equal(sapa_file_write(path, junk, sizeof(junk), 0600), SAPA_OK);
    start(f, f->data, "--sip", "127.0.0.1:0", NULL);
    const int status = wait_for_end(f);
    assert_true(status == SAPA_EXIT_FAILED || status == SAPA_EXIT_USAGE);
    is_said(f, "cannot open the log");
    assert_null(strstr(f->said, "starting it again"));
}

static void test_a_new_description(void **state)
{
    struct fixture *f = *state;
    char text[sizeof(TEST_CENTRE) + 100];

    start(f, f->data, "--sip", "127.0.0.1:0", "--quiet", NULL);
    wait_for(f, "control.ready");
    const int control = child(f, "sapa-control");
    /* broken: the one before stays in force */
    assert_int_equal(sapa_file_write(f->centre, "version: 1\nclients: 7\n", 22, 0600), SAPA_OK);
    kill(f->pid, SIGHUP);
    wait_for(f, "the one before stays in force");
    assert_serves(f);
    /* another agent, and with a new secret: it takes force */
    snprintf(text, sizeof(text), "%s", TEST_CENTRE);
    char *at = strstr(text, "  siti:");
    static const char more[] = "  ani: { name: Ani, extension: \"99\", password: { secret: new-one } }\n";
    memmove(at + sizeof(more) - 1, at, strlen(at) + 1);
    memcpy(at, more, sizeof(more) - 1);
    assert_int_equal(sapa_file_write(f->centre, text, strlen(text), 0600), SAPA_OK);
    kill(f->pid, SIGHUP);
    wait_for(f, "control.reload");
    wait_for(f, "hash=");
    assert_serves(f);
    assert_int_equal(child(f, "sapa-control"), control); /* the same process */
    char secrets[140];
    uint8_t *known;
    size_t size;
    snprintf(secrets, sizeof(secrets), "%s/secrets", f->data);
    assert_int_equal(sapa_file_read(secrets, 10000, &known, &size), SAPA_OK);
    assert_non_null(strstr((char *)known, "new-one = "));
    free(known);
    /* the file goes away: it serves on, and after a kill it still knows what was in force, but wants its file */
    assert_int_equal(sapa_file_remove(f->centre), SAPA_OK);
    kill(f->pid, SIGHUP);
    wait_for(f, "the one before stays in force");
    assert_serves(f);
    assert_int_equal(sapa_file_write(f->centre, text, strlen(text), 0600), SAPA_OK);
    kill(control, SIGKILL);
    wait_for(f, "control.ready");
    assert_serves(f);
    stop(f);
}

static void view_of(const struct fixture *f, const char *language, struct sapa_view *ret)
{
    static struct sapa_view_memory memory;
    char error[300], path[64];
    sapa_rc rc;

    snprintf(path, sizeof(path), "/api/v1/view?language=%s", language);
    json_t *json = ask(f, "GET", path, NULL, &rc, error);
    assert_int_equal(sapa_view_read(json, &memory, ret), SAPA_OK);
    json_decref(json);
}

static void unset_token(void)
{
    unsetenv("SAPA_TOKEN");
}

/* What the commands ask of a living centre, and what they cannot. */
static void test_questions(void **state)
{
    struct fixture *f = *state;
    struct sapa_view view;

    start(f, f->data, "--sip", "127.0.0.1:0", "--http", "off", "--quiet", NULL);
    wait_for(f, "control.ready");
    view_of(f, "en", &view);
    assert_int_equal(view.language, SAPA_LANGUAGE_EN);
    assert_int_equal(view.queue_count, 1);
    assert_int_equal(view.agent_count, 2);
    assert_string_equal(view.queues[0].key, "sales");
    assert_int_equal(view.open, 0);
    assert_int_equal(view.surge, 0);
    asked(f, "GET", "/api/v1/contacts?times=true", NULL);
    refused(f, "GET", "/api/v1/contacts/12/why", NULL, "there is no contact 12");
    static const char *const no_contact[] = { "x", "-1", "12%20", "99999999999999999999999", "1e3" };
    for (size_t i = 0; i < SAPA_COUNT(no_contact); i++) {
        char path[100];
        snprintf(path, sizeof(path), "/api/v1/contacts/%s/why", no_contact[i]);
        refused(f, "GET", path, NULL, "there is nothing at this path");
    }
    asked(f, "PUT", "/api/v1/switches/surge", "{\"on\":true,\"client\":\"bank\"}");
    refused(f, "PUT", "/api/v1/switches/surge", "{\"on\":true,\"client\":\"bank\"}", "the switch stands so already");
    view_of(f, "en", &view); /* what was answered to a write is seen by the next who asks */
    assert_int_equal(view.surge, 1);
    refused(f, "PUT", "/api/v1/switches/surge", "{\"on\":true,\"client\":\"nobody\"}", "there is no client \"nobody\"");
    refused(f, "PUT", "/api/v1/switches/light", "{\"on\":true}", "there is nothing at this path");
    refused(f, "POST", "/api/v1/dance", "{}", "there is nothing at this path");
    refused(f, "POST", "/api/v1/tokens", "{\"user\":\"eye\",\"role\":\"king\"}",
            "role: \"king\" is none of admin, supervisor, agent, ");
    for (int i = 0; i < 40; i++) /* what a login's job found is not overwritten by who gave it to the pool */
        refused(f, "DELETE", "/api/v1/users/nobody/password", NULL, "there is no user \"nobody\"; users and agents stand in the description");
    /* a token counts for what it allows, where there is one */
    char error[300];
    sapa_rc rc;
    json_t *made = ask(f, "POST", "/api/v1/tokens", "{\"user\":\"eye\",\"role\":\"viewer\"}", &rc, error);
    assert_non_null(made);
    assert_string_equal(sapa_member(json_object_get(made, "token"), "by"), getenv("SUDO_USER") ? getenv("SUDO_USER") : getenv("USER") ? getenv("USER") : "console");
    setenv("SAPA_TOKEN", sapa_member(made, "secret"), 1);
    json_decref(made);
    asked(f, "GET", "/api/v1/view", NULL);
    refused(f, "GET", "/api/v1/tokens", NULL, "does not have the right tokens");
    setenv("SAPA_TOKEN", "sapa_0000000000000000000000000000000000000000000000000000000000000000", 1);
    for (int i = 0; i < 25; i++) /* nobody is shut out here for guessing */
        refused(f, "GET", "/api/v1/view", NULL, "a token is wanted");
    unset_token();
    /* what was switched stands in the log: it holds after a kill */
    kill(child(f, "sapa-control"), SIGKILL);
    wait_for(f, "control.ready");
    view_of(f, "id", &view);
    assert_int_equal(view.language, SAPA_LANGUAGE_ID);
    assert_int_equal(view.surge, 1);
    stop(f);
}

/* ---- the local socket ---- */

static int connect_local(const struct fixture *f)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(name.sun_path, sizeof(name.sun_path), "%.90s/api.sock", f->data);
    assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* All until the other side closes, or until `part` is there. */
static void hear_part(int fd, const char *part)
{
    char buf[4096];
    struct pollfd p = { .fd = fd, .events = POLLIN };
    size_t n = 0;
    ssize_t got = 0;

    buf[0] = '\0';
    while (!strstr(buf, part) && n + 1 < sizeof(buf) && poll(&p, 1, 10000) > 0 && (got = read(fd, buf + n, sizeof(buf) - 1 - n)) > 0)
        buf[n += (size_t)got] = '\0';
    if (!strstr(buf, part))
        fail_msg("\"%s\" is not in: %s", part, buf);
}

#define HELLO "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"

/* Its mode keeps others out; and if somebody has opened it, their user does. */
static void ask_as_stranger(const struct fixture *f)
{
    int status;
    const int pid = fork();

    if (pid == 0) {
        char buf[512] = "";
        struct sockaddr_un name = { .sun_family = AF_UNIX };
        const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        snprintf(name.sun_path, sizeof(name.sun_path), "%.90s/api.sock", f->data);
        if (setgid(65534) != 0 || setuid(65534) != 0 || connect(fd, (struct sockaddr *)&name, sizeof(name)) != 0)
            _exit(1);
        for (size_t n = 0; n + 1 < sizeof(buf);) {
            const ssize_t got = read(fd, buf + n, sizeof(buf) - 1 - n);
            if (got <= 0)
                break;
            n += (size_t)got;
        }
        _exit(strstr(buf, "403 Forbidden") && strstr(buf, "belongs to another user") ? 0 : 2);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_the_local_socket(void **state)
{
    enum { MOST = 64 };
    struct fixture *f = *state;
    static int fds[MOST];
    char path[140];
    struct stat info;

    start(f, f->data, "--sip", "127.0.0.1:0", "--http", "off", "--quiet", NULL);
    wait_for(f, "control.ready");
    snprintf(path, sizeof(path), "%s/api.sock", f->data);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    /* what is no HTTP, and half of it: others are served */
    const int wrong = connect_local(f), half = connect_local(f), slow = connect_local(f);
    say(wrong, "{\"do\":\"top\"}\n\n");
    say(half, "GET /api/v1/view HTTP/1.1\r\nHo");
    for (int i = 0; i < 8; i++) /* and who takes nothing of his answers */
        say(slow, "GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_serves(f);
    say(half, "st: x\r\n\r\n");
    hear_part(half, "200 OK");
    close(wrong), close(half), close(slow);
    /* so many at once, and the next waits until one has gone */
    for (size_t i = 0; i < MOST; i++) {
        fds[i] = connect_local(f);
        say(fds[i], HELLO);
        hear_part(fds[i], "\"alive\"");
    }
    const int surplus = connect_local(f);
    struct pollfd p = { .fd = surplus, .events = POLLIN };
    say(surplus, HELLO);
    assert_int_equal(poll(&p, 1, 300), 0);
    close(fds[0]);
    hear_part(surplus, "\"alive\"");
    close(surplus);
    for (size_t i = 1; i < MOST; i++)
        close(fds[i]);
    assert_serves(f);
    if (geteuid() == 0) {
        assert_int_equal(chmod(f->folder, 0755), 0);
        assert_int_equal(chmod(f->data, 0755), 0);
        assert_int_equal(chmod(path, 0666), 0);
        ask_as_stranger(f);
    }
    stop(f);
}

/* A file that nobody listens at is replaced; a living one is another's. */
static void test_whose_socket_it_is(void **state)
{
    struct fixture *f = *state;
    char path[140];
    int fd;

    assert_int_equal(mkdir(f->data, 0700), 0);
    snprintf(path, sizeof(path), "%s/api.sock", f->data);
    assert_int_equal(sapa_unix_stream_listen(path, &fd), SAPA_OK);
    start(f, f->data, "--sip", "127.0.0.1:0", "--quiet", "--http", "off", NULL);
    assert_int_equal(wait_for_end(f), SAPA_EXIT_FAILED);
    is_said(f, "another sapa answers there");
    sapa_fd_close(fd);
    start(f, f->data, "--sip", "127.0.0.1:0", "--quiet", "--http", "off", NULL);
    wait_for(f, "control.ready");
    assert_serves(f);
    stop(f);
    /* it has ended: nobody answers, but the log does */
    const struct sapa_door door = { .command = "test", .data = f->data }, far = { .command = "test", .data = f->data, .url = "http://127.0.0.1:1" };
    struct sapa_question question = { .method = "GET", .path = "/api/v1/view" };
    struct sapa_answer answer;
    struct sapa_text text;
    char error[300];
    sapa_text_init(&text, error, sizeof(error));
    assert_int_equal(sapa_ask(&door, &question, &answer, &text), SAPA_ENOENT);
    assert_non_null(strstr(error, "no centre answers"));
    sapa_text_init(&text, error, sizeof(error));
    assert_int_equal(sapa_ask(&far, &question, &answer, &text), SAPA_EDENIED);
    assert_non_null(strstr(error, "SAPA_TOKEN"));
    question = (struct sapa_question){ .method = "GET", .path = "/api/v1/centre/versions", .files = true };
    sapa_text_init(&text, error, sizeof(error));
    assert_int_equal(sapa_ask(&door, &question, &answer, &text), SAPA_OK);
    assert_non_null(strstr(answer.p, "\"version\":1"));
    sapa_answer_done(&answer);
    question.path = "/api/v1/contacts/7/why?language=%65%6e&language=id";
    assert_int_equal(sapa_ask(&door, &question, &answer, &text), SAPA_EINVAL);
    assert_non_null(strstr(error, "given twice"));
    sapa_answer_done(&answer);
}

/* Control is killed again and again, media too: each comes back by itself, the other stays. */
static void test_children_come_back(void **state)
{
    struct fixture *f = *state;

    start(f, f->data, "--sip", "127.0.0.1:0", "--quiet", NULL);
    wait_for(f, "control.ready");
    const int media = child(f, "sapa-media");
    for (int i = 0; i < 3; i++) {
        const int control = child(f, "sapa-control");
        assert_true(control > 0);
        kill(control, SIGKILL);
        wait_for(f, "child=control");
        wait_for(f, "control.ready");
        assert_serves(f);
        assert_int_not_equal(child(f, "sapa-control"), control);
    }
    assert_int_equal(child(f, "sapa-media"), media);
    const int control = child(f, "sapa-control");
    kill(media, SIGKILL);
    wait_for(f, "child=media");
    wait_for(f, "media.ready");
    wait_for(f, "media.control.hello"); /* control has found the new one */
    assert_int_equal(child(f, "sapa-control"), control);
    assert_serves(f);
    stop(f);
}

/* Frozen children are noticed within seconds, killed, and replaced. */
static void test_frozen_children(void **state)
{
    struct fixture *f = *state;

    start(f, f->data, "--sip", "127.0.0.1:0", "--quiet", NULL);
    wait_for(f, "control.ready");
    const int control = child(f, "sapa-control"), media = child(f, "sapa-media");
    kill(media, SIGSTOP);
    wait_for(f, "serve.frozen child=media");
    wait_for(f, "media.ready");
    wait_for(f, "media.control.hello");
    assert_int_equal(child(f, "sapa-control"), control);
    assert_int_not_equal(child(f, "sapa-media"), media);
    kill(control, SIGSTOP);
    wait_for(f, "serve.frozen child=control");
    wait_for(f, "control.ready");
    assert_int_not_equal(child(f, "sapa-control"), control);
    assert_serves(f);
    stop(f);
}

/* Asked to end while a child waits to be started again: it is not. */
static void test_ending_between_lives(void **state)
{
    struct fixture *f = *state;

    start(f, f->data, "--sip", "127.0.0.1:0", "--quiet", NULL);
    wait_for(f, "control.ready");
    kill(child(f, "sapa-control"), SIGKILL);
    wait_for(f, "starting it again");
    kill(f->pid, SIGTERM);
    assert_int_equal(wait_for_end(f), SAPA_EXIT_OK);
}

/* Whatever becomes of the supervisor, no child is left behind. */
static void test_nobody_outlives_the_supervisor(void **state)
{
    struct fixture *f = *state;

    start(f, f->data, "--sip", "127.0.0.1:0", "--quiet", NULL);
    wait_for(f, "control.ready");
    kill(f->pid, SIGKILL);
    assert_int_equal(wait_for_end(f), -SIGKILL);
    start(f, f->data, "--sip", "127.0.0.1:0", "--quiet", NULL); /* and its leftovers are in nobody's way */
    wait_for(f, "control.ready");
    stop(f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_comes_up_and_ends, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_children_inherit_nothing, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_only_one_a_folder, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_a_port_that_is_taken, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_wrong_command_lines, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_a_broken_description_at_start, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_a_damaged_store_at_start, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_a_new_description, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_questions, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_the_local_socket, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_whose_socket_it_is, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_children_come_back, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_frozen_children, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_ending_between_lives, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_nobody_outlives_the_supervisor, open_fixture, close_fixture),
    };

    signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && strcmp(argv[1], "serve") == 0)
        return sapa_serve_main(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "control") == 0)
        return sapa_control_main(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "media") == 0)
        return sapa_media_command(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "crowd") == 0)
        return sapa_crowd_main(argc - 1, argv + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
