#include "app/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/heartbeat.h"
#include "app/options.h"
#include "base/log.h"
#include "rt/file.h"
#include "rt/process.h"
#include "rt/socket.h"

enum {
    ARGS_MAX = 64,
    RESTART_FIRST_US = 50 * 1000,       /* at once, nearly; doubled after each short life … */
    RESTART_LAST_US = 2 * 1000 * 1000,  /* … up to here: give the disk and the reader a chance */
    SHORT_LIFE_US = 5 * 1000 * 1000,
    STOP_LIMIT_US = 8 * 1000 * 1000,    /* a child that does not stop by then is killed */
    FDS_MAX = SAPA_PROCESS_FDS_MAX,
    SIP_MAX = 4, /* addresses; each is a UDP and a TCP socket, and voice takes 10 */
    TLS_MAX = 2,
    HTTP_FD = SAPA_CHILD_FIRST_FD + 2 * 4 + 2, /* behind the SIP sockets */
    API_FD = HTTP_FD + 1,
};

enum child_kind { CHILD_MEDIA, CHILD_CONTROL, CHILD_CROWD, CHILD_COUNT };
static const char *const child_names[CHILD_COUNT] = { "media", "control", "crowd" };

struct child {
    struct sapa_process *process;
    struct sapa_timer restart;
    int64_t started_us, restart_us;
    const char *argv[ARGS_MAX];
    size_t argc;
    struct sapa_process_fd fds[FDS_MAX];
    size_t fd_count;
    struct sapa_watch beat_watch; /* its pipe to us */
    int beat_fd;                  /* our end; 0: none */
    struct sapa_heartbeat heartbeat;
    struct supervisor *supervisor;
};

struct supervisor {
    struct sapa_loop *loop;
    struct sapa_clock clock;
    struct sapa_signals *signals;
    struct child children[CHILD_COUNT];
    struct sapa_timer stop_timer, beat_timer;
    bool stopping;
    bool ready_said;
    bool has_terminal;
    char url[SAPA_ADDR_TEXT_MAX + 8]; /* of the API; "": nowhere but in the folder */
    int exit_code;
};

static struct {
    const char *data, *centre, *advertise, *secrets, *tls_trust, *codec_plugin, *http, *http_cert, *http_key, *web, *demo_logins, *targets, *shifts;
    struct sapa_option_list sip, tls, tls_cert, tls_key;
    uint64_t port_min, port_max, threads, crowd, crowd_agents, http_rate;
    bool quiet, webhooks_private, https;
} opt;

static const struct sapa_option options[] = {
    { "data", SAPA_OPTION_TEXT, &opt.data, "DIR", "log, recordings and keys live here (sapa-data)", 0, 0 },
    { "centre", SAPA_OPTION_TEXT, &opt.centre, "FILE", "description of the centre", 0, 0 },
    { "secrets", SAPA_OPTION_TEXT, &opt.secrets, "FILE", "passwords that the description refers to (DIR/secrets)", 0, 0 },
    { "sip", SAPA_OPTION_LIST, &opt.sip, "ADDRESS", "listen for SIP here, UDP and TCP (0.0.0.0:5060)", 0, 0 },
    { "tls", SAPA_OPTION_LIST, &opt.tls, "ADDRESS", "listen for SIP over TLS here, e.g. 0.0.0.0:5061 (nowhere)", 0, 0 },
    { "tls-cert", SAPA_OPTION_LIST, &opt.tls_cert, "FILE", "certificate chain in PEM form; several, by server name (one made in DIR)", 0, 0 },
    { "tls-key", SAPA_OPTION_LIST, &opt.tls_key, "FILE", "the key of each, in the same order", 0, 0 },
    { "tls-trust", SAPA_OPTION_TEXT, &opt.tls_trust, "FILE", "authorities whose certificates count, in PEM form (the system's)", 0, 0 },
    { "advertise", SAPA_OPTION_TEXT, &opt.advertise, "ADDRESS", "address written into SIP and SDP (as routed)", 0, 0 },
    { "media-port-min", SAPA_OPTION_NUMBER, &opt.port_min, "PORT", "first UDP port of audio (20000)", 1024, 65000 },
    { "media-port-max", SAPA_OPTION_NUMBER, &opt.port_max, "PORT", "last UDP port of audio (39999)", 1025, 65535 },
    { "media-threads", SAPA_OPTION_NUMBER, &opt.threads, "N", "audio threads (one a core)", 0, 64 },
    { "http", SAPA_OPTION_TEXT, &opt.http, "ADDRESS|off", "listen for the API here, besides api.sock in DIR (127.0.0.1:8080)", 0, 0 },
    { "http-cert", SAPA_OPTION_TEXT, &opt.http_cert, "FILE", "serve HTTPS with this certificate (PEM) …", 0, 0 },
    { "http-key", SAPA_OPTION_TEXT, &opt.http_key, "FILE", "… and this key (PEM)", 0, 0 },
    { "https", SAPA_OPTION_FLAG, &opt.https, NULL, "serve HTTPS, with a certificate made in DIR where none is given (browsers on other machines use the microphone over HTTPS only)", 0, 0 },
    { "http-rate", SAPA_OPTION_NUMBER, &opt.http_rate, "N", "requests a second that one address may make, 0: no limit (1000)", 0, 1000000 },
    { "web", SAPA_OPTION_TEXT, &opt.web, "DIR|off", "pages for browsers (web beside the program)", 0, 0 },
    { "demo-logins", SAPA_OPTION_TEXT, &opt.demo_logins, "loopback|any", "pages let everybody of the description in without a password, from browsers on this machine, or from anywhere: for demos alone (nobody)", 0, 0 },
    { "targets", SAPA_OPTION_TEXT, &opt.targets, "FILE", "targets to begin with, as PUT /api/v1/targets takes them; read only while none were ever set", 0, 0 },
    { "shifts", SAPA_OPTION_TEXT, &opt.shifts, "FILE", "shifts of every day as CSV (agent,start,end,activity; times 08:00, agent * for all): planned for four weeks where nothing is", 0, 0 },
    { "webhooks-private", SAPA_OPTION_FLAG, &opt.webhooks_private, NULL, "webhooks may be sent to this machine and to private networks", 0, 0 },
    { "codec-plugin", SAPA_OPTION_TEXT, &opt.codec_plugin, "FILE", "shared object of a further codec: G.729 (none)", 0, 0 },
    { "crowd", SAPA_OPTION_NUMBER, &opt.crowd, "N", "simulated customers an hour, for a demo (none)", 0, 100000 },
    { "crowd-agents", SAPA_OPTION_NUMBER, &opt.crowd_agents, "N", "the first N agents are simulated, too; the others are for people (all)", 0, 100000 },
    { "quiet", SAPA_OPTION_FLAG, &opt.quiet, NULL, "no greeting", 0, 0 },
};

/* As it was said, else "web" beside the program or the folder above it (build/release/sapa → build/web). NULL: none. */
static const char *pages_folder(void)
{
    static char path[PATH_MAX];
    ssize_t n;

    if (opt.web)
        return strcmp(opt.web, "off") == 0 ? NULL : opt.web;
    n = readlink("/proc/self/exe", path, sizeof(path) - 32);
    for (unsigned up = 0; n > 0 && up < 2; up++) {
        while (n > 0 && path[n - 1] != '/')
            n--;
        memcpy(path + n, "web/index.html", 15);
        if (n > 0 && sapa_file_exists(path)) {
            path[n + 3] = '\0';
            return path;
        }
        n -= n > 0;
    }
    return NULL;
}

static bool has_pages(void)
{
    const char *folder = pages_folder();
    char path[PATH_MAX];

    return folder && (size_t)snprintf(path, sizeof(path), "%s/index.html", folder) < sizeof(path) && sapa_file_exists(path);
}

static void argument(struct child *child, const char *text)
{
    sapa_assert(child->argc + 1 < ARGS_MAX);
    child->argv[child->argc++] = text;
}

/* Numbers for argument lists; they live as long as the program. */
static const char *number_text(uint64_t number)
{
    char *text = NULL;

    if (asprintf(&text, "%llu", (unsigned long long)number) < 0)
        abort(); /* a dozen bytes at start */
    return text;
}

static const char *path_text(const char *folder, const char *name)
{
    char *text = NULL;

    return asprintf(&text, "%s/%s", folder, name) < 0 ? NULL : text;
}

static void hand_down(struct child *child, int from, int to)
{
    sapa_assert(child->fd_count < FDS_MAX);
    child->fds[child->fd_count++] = (struct sapa_process_fd){ .from = from, .to = to };
}

/* ---- children ---- */

static void child_start(void *ctx);

static void stop_if_empty(struct supervisor *s)
{
    for (unsigned i = 0; i < CHILD_COUNT; i++) {
        if (s->children[i].process)
            return;
    }
    if (s->stopping)
        sapa_loop_stop(s->loop);
}

static void signal_child(struct child *child, int number)
{
    if (child->process && sapa_process_kill(child->process, number) != SAPA_OK)
        sapa_log(SAPA_LOG_DEBUG, "serve.signal", "child was gone already");
}

static void force(void *ctx)
{
    struct supervisor *s = ctx;

    for (unsigned i = 0; i < CHILD_COUNT; i++)
        signal_child(&s->children[i], SIGKILL);
}

static void on_ready(struct supervisor *s);

static void read_beats(struct child *child)
{
    struct supervisor *s = child->supervisor;
    uint8_t bytes[64];
    ssize_t n;

    while (child->beat_fd > 0 && (n = read(child->beat_fd, bytes, sizeof(bytes))) > 0)
        sapa_heartbeat_take(&child->heartbeat, bytes[n - 1], sapa_loop_now_us(s->loop));
}

static void on_beat(void *ctx, int fd, unsigned events)
{
    struct child *child = ctx;
    struct supervisor *s = child->supervisor;

    (void)fd, (void)events;
    read_beats(child);
    if (child == &s->children[CHILD_CONTROL] && child->heartbeat.beats && !s->ready_said)
        on_ready(s);
}

/* A child that is there and does nothing is worse than one that is gone. */
static void look_beats(void *ctx)
{
    struct supervisor *s = ctx;

    for (unsigned i = 0; i < CHILD_COUNT; i++) {
        struct child *child = &s->children[i];
        if (!sapa_heartbeat_is_late(&child->heartbeat, sapa_loop_now_us(s->loop)) || !child->process || s->stopping ||
            sapa_heartbeat_is_traced(sapa_process_pid(child->process)))
            continue;
        sapa_log(SAPA_LOG_ERROR, "serve.frozen", "child=%s pid=%d silent_s=%d: killed", child_names[i],
                 sapa_process_pid(child->process), SAPA_HEARTBEAT_LIMIT_US / 1000000);
        child->heartbeat = (struct sapa_heartbeat){ .beats = false };
        signal_child(child, SIGKILL);
    }
    sapa_timer_set(s->loop, &s->beat_timer, SAPA_HEARTBEAT_EVERY_US, look_beats, s);
}

/* A start that cannot succeed: the child has said why. */
static void give_up(struct supervisor *s, int status)
{
    s->exit_code = status;
    s->stopping = true;
    for (unsigned i = 0; i < CHILD_COUNT; i++)
        signal_child(&s->children[i], SIGTERM);
    sapa_timer_set(s->loop, &s->stop_timer, STOP_LIMIT_US, force, s);
    stop_if_empty(s);
}

static void restart_later(struct child *child, bool short_life)
{
    struct supervisor *s = child->supervisor;

    child->restart_us = short_life ? SAPA_MIN(SAPA_MAX(child->restart_us * 2, RESTART_FIRST_US), RESTART_LAST_US)
                                   : RESTART_FIRST_US;
    sapa_timer_set(s->loop, &child->restart, child->restart_us, child_start, child);
}

static void child_ended(void *ctx, int pid, int status)
{
    struct child *child = ctx;
    struct supervisor *s = child->supervisor;
    const unsigned kind = (unsigned)(child - s->children);
    const int64_t lived_us = sapa_loop_now_us(s->loop) - child->started_us;

    sapa_process_free(child->process);
    child->process = NULL;
    read_beats(child); /* its last ones are not its successor's */
    child->heartbeat = (struct sapa_heartbeat){ .beats = false };
    if (s->stopping) {
        if (kind == CHILD_CONTROL)
            signal_child(&s->children[CHILD_MEDIA], SIGTERM); /* audio last */
        stop_if_empty(s);
        return;
    }
    if (!s->ready_said && (status == SAPA_EXIT_USAGE || status == SAPA_EXIT_FAILED)) {
        give_up(s, status);
        return;
    }
    if (kind == CHILD_CROWD && status == SAPA_EXIT_USAGE) {
        sapa_log(SAPA_LOG_ERROR, "serve.crowd", "there will be no simulated customers");
        return;
    }
    sapa_log(SAPA_LOG_WARN, "serve.child", "child=%s pid=%d status=%d lived_s=%lld: starting it again",
             child_names[kind], pid, status, (long long)(lived_us / 1000000));
    restart_later(child, lived_us < SHORT_LIFE_US);
}

/* The program by its path, not by what runs here: after an upgrade the next child is the new build. */
static const char *program_path(void)
{
    static char path[PATH_MAX];

    if (path[0] == '\0') {
        const ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
        path[n > 0 ? n : 0] = '\0';
    }
    return path[0] && access(path, X_OK) == 0 ? path : NULL; /* gone: what runs here will do */
}

static void child_start(void *ctx)
{
    struct child *child = ctx;
    struct supervisor *s = child->supervisor;
    const unsigned kind = (unsigned)(child - s->children);
    const struct sapa_process_opts process = {
        .program = program_path(),
        .argv = (char *const *)(uintptr_t)child->argv,
        .fds = child->fds,
        .fd_count = child->fd_count,
        .own_group = true,
        .death_signal = SIGTERM,
    };

    if (s->stopping)
        return;
    child->argv[child->argc] = NULL;
    child->started_us = sapa_loop_now_us(s->loop);
    const sapa_rc rc = sapa_process_spawn(s->loop, &process, child_ended, child, &child->process);
    if (rc != SAPA_OK) {
        sapa_log(SAPA_LOG_ERROR, "serve.child", "child=%s cannot be started: %s", child_names[kind], sapa_rc_text(rc));
        restart_later(child, true);
    }
}

/* The hang-up of a terminal that is gone is the end; any other asks to read the description again. */
static bool terminal_is_gone(const struct supervisor *s)
{
    const int fd = s->has_terminal ? open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;

    sapa_fd_close(fd);
    return s->has_terminal && fd < 0;
}

static void on_signal(void *ctx, int number)
{
    struct supervisor *s = ctx;

    if (number == SIGHUP && !terminal_is_gone(s)) {
        signal_child(&s->children[CHILD_CONTROL], SIGHUP);
        return;
    }
    if (number == SIGUSR1) { /* a new routing process, e.g. after an upgrade: calls go on */
        signal_child(&s->children[CHILD_CONTROL], SIGUSR1);
        return;
    }
    if (s->stopping) {
        force(s); /* asked twice */
        return;
    }
    s->stopping = true;
    signal_child(&s->children[CHILD_CROWD], SIGTERM);
    if (s->children[CHILD_CONTROL].process)
        signal_child(&s->children[CHILD_CONTROL], SIGTERM);
    else
        signal_child(&s->children[CHILD_MEDIA], SIGTERM);
    sapa_timer_set(s->loop, &s->stop_timer, STOP_LIMIT_US, force, s);
    stop_if_empty(s);
}

static void on_ready(struct supervisor *s)
{
    s->ready_said = true;
    if (!opt.quiet)
        sapa_demo_greeting(&(const struct sapa_greeting){
            .data = opt.data, .centre = opt.centre, .secrets = opt.secrets, .sip = opt.sip.values[0], .url = s->url, .crowd = opt.crowd > 0,
            .simulated = opt.crowd > 0 ? opt.crowd_agents : 0, .pages = has_pages() });
    if (opt.crowd > 0)
        child_start(&s->children[CHILD_CROWD]);
}

/* ---- sockets ---- */

static sapa_rc open_sip(struct supervisor *s, const char *text, size_t index)
{
    struct child *control = &s->children[CHILD_CONTROL];
    const struct sapa_udp_opts udp = { .receive_bytes = 4 << 20, .send_bytes = 4 << 20, .dscp = 26 };
    struct sapa_addr addr;
    int udp_fd = -1, tcp_fd = -1;
    const int to = SAPA_CHILD_FIRST_FD + 2 * (int)index;

    if (sapa_addr_parse(sapa_str_of(text), 5060, &addr) != SAPA_OK) {
        fprintf(stderr, "sapa serve: --sip wants an address such as 0.0.0.0:5060 or [::]:5060, not \"%s\"\n", text);
        return SAPA_EINVAL;
    }
    sapa_rc rc = sapa_udp_open(&addr, &udp, &udp_fd);
    if (rc == SAPA_OK)
        rc = sapa_tcp_listen(&addr, &tcp_fd);
    if (rc != SAPA_OK) {
        fprintf(stderr, "sapa serve: cannot listen on %s: %s\n", text,
                rc == SAPA_EEXIST ? "another program has this port; stop it, or choose one with --sip ADDRESS:PORT (make run PORT=5090)"
                                  : strerror(errno));
        sapa_fd_close(udp_fd);
        return rc;
    }
    hand_down(control, udp_fd, to);
    hand_down(control, tcp_fd, to + 1);
    argument(control, "--udp-fd");
    argument(control, number_text((uint64_t)to));
    argument(control, "--tcp-fd");
    argument(control, number_text((uint64_t)to + 1));
    return SAPA_OK;
}

static sapa_rc open_tls(struct supervisor *s, const char *text, size_t index)
{
    struct child *control = &s->children[CHILD_CONTROL];
    struct sapa_addr addr;
    int fd = -1;
    const int to = SAPA_CHILD_FIRST_FD + 2 * (int)opt.sip.count + (int)index;

    if (sapa_addr_parse(sapa_str_of(text), 5061, &addr) != SAPA_OK) {
        fprintf(stderr, "sapa serve: --tls wants an address such as 0.0.0.0:5061 or [::]:5061, not \"%s\"\n", text);
        return SAPA_EINVAL;
    }
    const sapa_rc rc = sapa_tcp_listen(&addr, &fd);
    if (rc != SAPA_OK) {
        fprintf(stderr, "sapa serve: cannot listen on %s: %s\n", text,
                rc == SAPA_EEXIST ? "another program has this port; stop it, or choose one with --tls ADDRESS:PORT" : strerror(errno));
        return rc;
    }
    hand_down(control, fd, to);
    argument(control, "--tls-fd");
    argument(control, number_text((uint64_t)to));
    return SAPA_OK;
}

/* One serve process a data folder: the lock lives as long as this descriptor. */
static int lock_data(const char *data)
{
    char path[512];
    struct sapa_text text;

    sapa_text_init(&text, path, sizeof(path));
    sapa_text_printf(&text, "%s/lock", data);
    const int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        fprintf(stderr, "sapa serve: cannot write to %s: %s\n", path, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        fprintf(stderr, "sapa serve: another sapa serves from %s already; stop it, or choose another --data DIR\n", data);
        close(fd);
        return -1;
    }
    return fd;
}

static void describe_children(struct supervisor *s, int media_fd, int api_fd)
{
    struct child *media = &s->children[CHILD_MEDIA], *control = &s->children[CHILD_CONTROL],
                 *crowd = &s->children[CHILD_CROWD];

    argument(media, "sapa-media"), argument(media, "media");
    argument(media, "--listen-fd"), argument(media, number_text(SAPA_CHILD_FIRST_FD));
    argument(media, "--port-min"), argument(media, number_text(opt.port_min));
    argument(media, "--port-max"), argument(media, number_text(opt.port_max));
    argument(media, "--threads"), argument(media, number_text(opt.threads));
    argument(media, "--beat-fd"), argument(media, number_text(SAPA_CHILD_READY_FD));
    if (opt.codec_plugin)
        argument(media, "--codec-plugin"), argument(media, opt.codec_plugin);
    hand_down(media, media_fd, SAPA_CHILD_FIRST_FD);

    argument(control, "sapa-control"), argument(control, "control");
    argument(control, "--data"), argument(control, opt.data);
    argument(control, "--centre"), argument(control, opt.centre);
    argument(control, "--secrets"), argument(control, opt.secrets);
    argument(control, "--parent-since"), argument(control, number_text((uint64_t)sapa_clock_wall_us(&s->clock)));
    hand_down(control, api_fd, API_FD);
    argument(control, "--api-fd"), argument(control, number_text(API_FD));
    if (opt.webhooks_private)
        argument(control, "--webhooks-private");
    if (opt.advertise)
        argument(control, "--advertise"), argument(control, opt.advertise);
    for (size_t i = 0; i < opt.tls_cert.count; i++) {
        argument(control, "--tls-cert"), argument(control, opt.tls_cert.values[i]);
        argument(control, "--tls-key"), argument(control, opt.tls_key.values[i]);
    }
    if (opt.tls_trust)
        argument(control, "--tls-trust"), argument(control, opt.tls_trust);

    argument(crowd, "sapa-crowd"), argument(crowd, "crowd");
    argument(crowd, "--data"), argument(crowd, opt.data);
    argument(crowd, "--centre"), argument(crowd, opt.centre);
    argument(crowd, "--secrets"), argument(crowd, opt.secrets);
    argument(crowd, "--sip"), argument(crowd, opt.sip.values[0]);
    argument(crowd, "--calls-per-hour"), argument(crowd, number_text(opt.crowd));
    argument(crowd, "--lively"), argument(crowd, "--quiet");
    if (opt.crowd_agents != UINT64_MAX)
        argument(crowd, "--agents"), argument(crowd, number_text(opt.crowd_agents));
    if (opt.crowd_agents != UINT64_MAX && opt.crowd_agents > 40) /* a floor of agents has more customers than a handful */
        argument(crowd, "--at-once"), argument(crowd, number_text(SAPA_MIN(opt.crowd_agents * 3 / 2, (uint64_t)4000)));
}

/* As this machine reaches it. */
static void note_url(struct supervisor *s, int fd)
{
    char address[SAPA_ADDR_TEXT_MAX];
    struct sapa_addr addr;

    if (sapa_socket_local(fd, &addr) != SAPA_OK)
        return;
    sapa_addr_unmap(&addr);
    if (sapa_addr_is_wildcard(&addr))
        snprintf(address, sizeof(address), sapa_addr_is_v6(&addr) ? "[::1]:%u" : "127.0.0.1:%u", sapa_addr_port(&addr));
    else
        sapa_addr_print(&addr, address, sizeof(address));
    snprintf(s->url, sizeof(s->url), "%s://%s", opt.https || opt.http_cert ? "https" : "http", address);
}

/*
 * The API's listener. The usual address may be another centre's on the same machine: then this one goes
 * without; an address that was asked for must be free.
 */
static sapa_rc open_http(struct supervisor *s)
{
    struct child *control = &s->children[CHILD_CONTROL];
    const char *text = opt.http ? opt.http : "127.0.0.1:8080";
    struct sapa_addr addr;
    int fd = -1;

    if (strcmp(text, "off") == 0)
        return SAPA_OK;
    if (sapa_addr_parse(sapa_str_of(text), 8080, &addr) != SAPA_OK) {
        fprintf(stderr, "sapa serve: --http wants an address such as 127.0.0.1:8080, or off, not \"%s\"\n", text);
        return SAPA_EINVAL;
    }
    const sapa_rc rc = sapa_tcp_listen(&addr, &fd);
    if (rc != SAPA_OK) {
        fprintf(stderr, "sapa serve: cannot listen on %s: %s%s\n", text,
                rc == SAPA_EEXIST ? "another program has this port; choose one with --http ADDRESS:PORT (make run HTTP=127.0.0.1:8081)" : strerror(errno),
                opt.http ? "" : ". There are no pages now, and the API is there for this machine's commands alone");
        return opt.http ? rc : SAPA_OK;
    }
    note_url(s, fd);
    hand_down(control, fd, HTTP_FD);
    argument(control, "--http-fd"), argument(control, number_text(HTTP_FD));
    argument(control, "--http-rate"), argument(control, number_text(opt.http_rate));
    if (opt.targets)
        argument(control, "--targets"), argument(control, opt.targets);
    if (opt.shifts)
        argument(control, "--shifts"), argument(control, opt.shifts);
    if (opt.demo_logins)
        argument(control, "--demo-logins"), argument(control, opt.demo_logins);
    const char *pages = pages_folder();
    if (pages)
        argument(control, "--web"), argument(control, pages);
    if (opt.https)
        argument(control, "--https");
    if (opt.http_cert) {
        argument(control, "--http-cert"), argument(control, opt.http_cert);
        argument(control, "--http-key"), argument(control, opt.http_key);
    }
    return SAPA_OK;
}

/* A local socket in the data folder: the owner's alone. */
static sapa_rc open_local(const char *name, sapa_rc (*listen_there)(const char *, int *), int *ret_fd)
{
    char path[512];
    struct sapa_text text;

    sapa_text_init(&text, path, sizeof(path));
    sapa_text_printf(&text, "%s/%s", opt.data, name);
    const sapa_rc rc = listen_there(path, ret_fd);
    if (rc != SAPA_OK)
        fprintf(stderr, "sapa serve: cannot listen on %s: %s\n", path,
                rc == SAPA_EEXIST ? "another sapa answers there; stop it, or choose another --data DIR" : sapa_rc_text(rc));
    else if (chmod(path, 0600) != 0)
        sapa_log(SAPA_LOG_WARN, "serve.local", "path=%s: its mode cannot be set, ignoring", path);
    return rc;
}

static sapa_rc open_beats(struct child *child)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return SAPA_EIO;
    child->beat_fd = ends[0];
    hand_down(child, ends[1], SAPA_CHILD_READY_FD);
    return sapa_watch_start(child->supervisor->loop, &child->beat_watch, ends[0], SAPA_LOOP_READ, on_beat, child);
}

static sapa_rc set_up(struct supervisor *s)
{
    static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, 0 };
    static char absolute[PATH_MAX];
    int media_fd, api_fd;
    sapa_rc rc;

    if ((rc = sapa_folder_make(opt.data, 0700)) != SAPA_OK) {
        fprintf(stderr, "sapa serve: cannot make the folder %s: %s\n", opt.data,
                rc == SAPA_EEXIST ? "it is a file" : sapa_rc_text(rc));
        return rc;
    }
    if (!realpath(opt.data, absolute)) /* the media process takes only whole paths */
        return SAPA_EIO;
    opt.data = absolute;
    if (lock_data(opt.data) < 0)
        return SAPA_EEXIST;
    sapa_clock_init(&s->clock);
    if ((rc = sapa_loop_new(&s->clock, &s->loop)) != SAPA_OK ||
        (rc = sapa_signals_start(s->loop, numbers, on_signal, s, &s->signals)) != SAPA_OK)
        return rc;
    if ((rc = open_local("media.sock", sapa_unix_listen, &media_fd)) != SAPA_OK ||
        (rc = open_local("api.sock", sapa_unix_stream_listen, &api_fd)) != SAPA_OK)
        return rc;
    for (unsigned i = 0; i < CHILD_COUNT; i++)
        s->children[i].supervisor = s;
    describe_children(s, media_fd, api_fd);
    if ((rc = open_beats(&s->children[CHILD_MEDIA])) != SAPA_OK || (rc = open_beats(&s->children[CHILD_CONTROL])) != SAPA_OK)
        return rc;
    for (size_t i = 0; i < opt.sip.count; i++) {
        if ((rc = open_sip(s, opt.sip.values[i], i)) != SAPA_OK)
            return rc;
    }
    for (size_t i = 0; i < opt.tls.count; i++) {
        if ((rc = open_tls(s, opt.tls.values[i], i)) != SAPA_OK)
            return rc;
    }
    if ((rc = open_http(s)) != SAPA_OK)
        return rc;
    sapa_timer_set(s->loop, &s->beat_timer, SAPA_HEARTBEAT_EVERY_US, look_beats, s);
    return SAPA_OK;
}

int sapa_serve_main(int argc, char **argv)
{
    static struct supervisor s;
    struct sapa_addr advertise;

    opt.data = "sapa-data", opt.port_min = 20000, opt.port_max = 39999, opt.http_rate = 1000, opt.crowd_agents = UINT64_MAX;
    const int usage = sapa_command_options("serve", argc, argv, options, SAPA_COUNT(options), NULL, 0, NULL);
    if (usage >= 0)
        return usage;
    if (!opt.centre)
        return sapa_command_wrong("serve", "--centre FILE is missing; examples/empty/centre.yaml is a good start");
    if (opt.port_max <= opt.port_min)
        return sapa_command_wrong("serve", "--media-port-max must be above --media-port-min");
    if (!opt.http_cert != !opt.http_key)
        return sapa_command_wrong("serve", "--http-cert and --http-key go together");
    if (opt.demo_logins && strcmp(opt.demo_logins, "loopback") != 0 && strcmp(opt.demo_logins, "any") != 0)
        return sapa_command_wrong("serve", "--demo-logins is loopback or any, not \"%s\"", opt.demo_logins);
    if (!opt.secrets && !(opt.secrets = path_text(opt.data, "secrets")))
        return SAPA_EXIT_FAILED;
    if (opt.sip.count == 0)
        opt.sip.values[opt.sip.count++] = "0.0.0.0:5060";
    if (opt.sip.count > SIP_MAX)
        return sapa_command_wrong("serve", "--sip may be given %d times at most", SIP_MAX);
    if (opt.tls.count > TLS_MAX)
        return sapa_command_wrong("serve", "--tls may be given %d times at most", TLS_MAX);
    if (opt.tls_cert.count != opt.tls_key.count)
        return sapa_command_wrong("serve", "each --tls-cert needs its --tls-key, and there are %zu and %zu", opt.tls_cert.count,
                                  opt.tls_key.count);
    if (opt.advertise && (!sapa_addr_is_numeric(sapa_str_of(opt.advertise)) ||
                          sapa_addr_parse(sapa_str_of(opt.advertise), 0, &advertise) != SAPA_OK || sapa_addr_is_wildcard(&advertise)))
        return sapa_command_wrong("serve", "--advertise wants a numeric address without a port, not \"%s\"", opt.advertise);
    sapa_log_role("serve");
    umask(077); /* log, recordings, keys, sockets: the owner's alone, whatever folder they are put into */
    s.has_terminal = isatty(STDIN_FILENO) || isatty(STDOUT_FILENO);
    if (set_up(&s) != SAPA_OK)
        return SAPA_EXIT_FAILED;
    child_start(&s.children[CHILD_MEDIA]);
    child_start(&s.children[CHILD_CONTROL]);
    sapa_loop_run(s.loop);
    return s.exit_code;
}
