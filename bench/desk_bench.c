/*
 * desk_bench PORT CERTIFICATE TOKEN DESKS SECONDS [GO ROUNDS]: desks in browsers, as the server sees them, JSON lines out.
 *
 * First agent1 … of test/lib/centre.sh get a password each (and one more, for a page). Then DESKS of them come at once, all
 * from one address: each logs in with his password over HTTPS, with a cookie; opens the live feed; has credentials for his
 * telephone minted; and registers over a second WebSocket. A line says how long it took until the last had his snapshot
 * and his 200. Then they stay for SECONDS, and answer what they are asked.
 *
 * With GO: when there is such a file, the agent after the last is made ready and not ready, ROUNDS times, by the API, for
 * pages that watch him: each time is told in a line, the wall clock before the request leaves. In the same moment a switch
 * is turned, which every desk hears of: how long that took stands in the last line.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "rt/clock.h"
#include "rt/loop.h"
#include "rt/socket.h"
#include "rt/tls.h"
#include "sip/digest.h"

enum { IN_MAX = 32 * 1024, OUT_MAX = 4096, PASSWORD_LINES = 4, SAMPLES_MAX = 1000000 };
#define ROUND_US INT64_C(600000)

enum kind { HTTP, FEED, SIP };
enum step { PASSWORDS, LOGIN, MINT, WRITES }; /* of an HTTP connection */

struct desk;
struct conn {
    struct desk *desk;
    enum kind kind;
    enum step step;
    int fd;
    bool open, asked, upgraded, good; /* good: the snapshot or the 200 has come */
    struct sapa_watch watch;
    struct sapa_tls *tls;
    char *in;
    size_t in_n, out_n, out_at;
    char out[OUT_MAX];
};

struct desk {
    unsigned number;
    struct conn http, feed, sip;
    char cookie[224], session[24], user[160], password[96];
    unsigned registers;
    int64_t done_us;
    unsigned seen; /* the last round whose number came */
};

static struct sapa_loop *loop;
static struct sapa_tls_context *context;
static struct sapa_addr server;
static const char *token;
static uint16_t port;
static struct desk *desks, *lines;
static unsigned desk_count, ready_count, failures, passwords_next, passwords_done;
static int64_t begun_us;
/* the rounds */
static struct desk writer, switcher;
static unsigned rounds, round_now;
static int64_t round_us;
static int64_t *samples;
static size_t sample_count;

static void fail(struct conn *c, const char *why)
{
    if (failures++ < 5)
        fprintf(stderr, "desk_bench: agent%u: %s %.300s\n", c->desk->number, why, c->in ? c->in : "");
}

static void hang_up(struct conn *c)
{
    if (!c->open)
        return;
    sapa_watch_stop(loop, &c->watch);
    sapa_tls_free(c->tls);
    sapa_fd_close(c->fd);
    free(c->in);
    c->in = NULL;
    c->open = false;
}

static void on_event(void *ctx, int fd, unsigned events);

static void open_conn(struct desk *desk, struct conn *c, enum kind kind)
{
    *c = (struct conn){ .desk = desk, .kind = kind, .open = true, .in = malloc(IN_MAX) };
    if (!c->in || sapa_tcp_connect(NULL, &server, &c->fd) != SAPA_OK || sapa_tls_connect(context, c->fd, NULL, &server, &c->tls) != SAPA_OK ||
        sapa_watch_start(loop, &c->watch, c->fd, SAPA_LOOP_READ | SAPA_LOOP_WRITE, on_event, c) != SAPA_OK) {
        fprintf(stderr, "desk_bench: cannot connect\n");
        exit(1);
    }
}

/* ---- what is sent ---- */

static void wake(struct conn *c)
{
    (void)sapa_watch_set(loop, &c->watch, SAPA_LOOP_READ | SAPA_LOOP_WRITE);
}

static void put(struct conn *c, const char *bytes, size_t n)
{
    if (c->out_at == c->out_n)
        c->out_at = c->out_n = 0;
    if (c->out_n + n > sizeof(c->out)) {
        fail(c, "has more to say than there is room for");
        return;
    }
    memcpy(c->out + c->out_n, bytes, n);
    c->out_n += n;
    wake(c);
}

static void put_http(struct conn *c, const char *method, const char *path, const char *more, const char *body)
{
    char text[2048];
    const int n = snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nOrigin: https://127.0.0.1:%u\r\n%sContent-Length: %zu\r\n\r\n%s", method, path,
                           port, port, more, strlen(body), body);

    put(c, text, (size_t)n);
}

/* A frame of a client (RFC 6455 5.3): masked, which zeros do as well. */
static void put_frame(struct conn *c, unsigned opcode, const char *bytes, size_t n)
{
    char head[8] = { (char)(0x80 | opcode), (char)(0x80 | (n < 126 ? n : 126)) };
    size_t size = 2;

    if (n >= 126)
        head[2] = (char)(n >> 8), head[3] = (char)n, size = 4;
    put(c, head, size + 4);
    put(c, bytes, n);
}

static void put_password(struct conn *c)
{
    char path[96], body[96], more[160];

    c->desk->number = ++passwords_next;
    snprintf(path, sizeof(path), "/api/v1/users/agent%u/password", c->desk->number);
    snprintf(body, sizeof(body), "{\"password\":\"good morning %u\"}", c->desk->number);
    snprintf(more, sizeof(more), "Authorization: Bearer %s\r\n", token);
    put_http(c, "PUT", path, more, body);
}

static void put_state(void)
{
    char path[96], more[160];

    snprintf(path, sizeof(path), "/api/v1/agents/agent%u/state", writer.number);
    snprintf(more, sizeof(more), "Authorization: Bearer %s\r\n", token);
    put_http(&writer.http, "POST", path, more, round_now % 2 ? "{\"state\":\"ready\"}" : "{\"state\":\"not_ready\",\"reason\":\"1\"}");
}

static void put_switch(void)
{
    char more[160];

    snprintf(more, sizeof(more), "Authorization: Bearer %s\r\n", token);
    put_http(&switcher.http, "PUT", "/api/v1/switches/surge", more, round_now % 2 ? "{\"on\":true}" : "{\"on\":false}");
}

static void put_upgrade(struct conn *c)
{
    char text[1024], path[96] = "/sip";

    if (c->kind == FEED)
        snprintf(path, sizeof(path), "/api/v1/live?session=%s", c->desk->session);
    const int n = snprintf(text, sizeof(text),
                           "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nOrigin: https://127.0.0.1:%u\r\nCookie: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
                           path, port, port, c->desk->cookie, c->kind == FEED ? "sapa.live.v1" : "sip");
    put(c, text, (size_t)n);
}

static void put_register(struct conn *c, const struct sapa_sip_digest *challenge)
{
    struct desk *desk = c->desk;
    char buf[2048], ha1[SAPA_SIP_HEX_SIZE];
    const unsigned extension = 1000 + desk->number;
    struct sapa_text out;

    desk->registers++;
    sapa_text_init(&out, buf, sizeof(buf));
    sapa_text_printf(&out,
                     "REGISTER sip:sapa.test SIP/2.0\r\nVia: SIP/2.0/WSS d%u.invalid;branch=z9hG4bK%u.%u\r\nMax-Forwards: 70\r\n"
                     "From: <sip:%u@sapa.test>;tag=%u\r\nTo: <sip:%u@sapa.test>\r\nCall-ID: %u@bench\r\nCSeq: %u REGISTER\r\n"
                     "Contact: <sip:%u@d%u.invalid;transport=ws>;+sip.instance=\"<urn:uuid:00000000-0000-4000-8000-%012u>\";reg-id=1;expires=600\r\n"
                     "Supported: path, gruu, outbound\r\nUser-Agent: desk_bench\r\n",
                     desk->number, desk->number, desk->registers, extension, desk->number, extension, desk->number, desk->registers, extension,
                     desk->number, desk->number);
    if (challenge) {
        sapa_sip_digest_ha1(challenge->alg, sapa_str_of(desk->user), challenge->realm, sapa_str_of(desk->password), ha1);
        const struct sapa_sip_digest_answer answer = {
            .challenge = challenge, .method = SAPA_STR("REGISTER"), .uri = SAPA_STR("sip:sapa.test"), .username = sapa_str_of(desk->user), .ha1_hex = ha1,
            .nc = 1, .cnonce = SAPA_STR("c0ffee"),
        };
        sapa_text_add(&out, SAPA_STR("Authorization: "));
        sapa_sip_digest_respond(&out, &answer);
        sapa_text_add(&out, SAPA_STR("\r\n"));
    }
    sapa_text_add(&out, SAPA_STR("Content-Length: 0\r\n\r\n"));
    put_frame(c, 1, buf, out.n);
}

/* Asked whether it still lives: 200 with the headers that belong into it. */
static void put_ok(struct conn *c, const char *request)
{
    static const char *const kept[] = { "via:", "from:", "to:", "call-id:", "cseq:" };
    char buf[2048];
    struct sapa_text out;

    sapa_text_init(&out, buf, sizeof(buf));
    sapa_text_add(&out, SAPA_STR("SIP/2.0 200 OK\r\n"));
    for (const char *line = request; *line && line[0] != '\r'; line += strcspn(line, "\n") + 1) {
        for (size_t i = 0; i < SAPA_COUNT(kept); i++) {
            if (strncasecmp(line, kept[i], strlen(kept[i])) == 0)
                sapa_text_add(&out, (struct sapa_str){ line, strcspn(line, "\n") + 1 });
        }
        if (!strchr(line, '\n'))
            break;
    }
    sapa_text_add(&out, SAPA_STR("Content-Length: 0\r\n\r\n"));
    put_frame(c, 1, buf, out.n);
}

/* ---- what comes ---- */

static bool member(const char *text, const char *name, char *buf, size_t size)
{
    char wanted[40];

    snprintf(wanted, sizeof(wanted), "\"%s\":\"", name);
    const char *at = strstr(text, wanted);
    if (!at)
        return false;
    at += strlen(wanted);
    return sapa_str_copy((struct sapa_str){ at, strcspn(at, "\"") }, buf, size);
}

static void come_in(struct desk *desk)
{
    if (!desk->feed.good || !desk->sip.good || desk->done_us)
        return;
    desk->done_us = sapa_mono_us();
    ready_count++;
}

static void answered(struct conn *c, unsigned status, const char *text)
{
    struct desk *desk = c->desk;
    char more[512];

    switch (c->step) {
    case PASSWORDS:
        if (status != 200)
            fail(c, "password");
        passwords_done++;
        if (passwords_next < desk_count + 1)
            put_password(c);
        return;
    case LOGIN: {
        const char *cookie = strstr(text, "set-cookie: ");
        if (status != 201 || !cookie || !sapa_str_copy((struct sapa_str){ cookie + 12, strcspn(cookie + 12, ";\r") }, desk->cookie, sizeof(desk->cookie)) ||
            !member(text, "session", desk->session, sizeof(desk->session))) {
            fail(c, "login");
            return;
        }
        open_conn(desk, &desk->feed, FEED);
        c->step = MINT;
        snprintf(more, sizeof(more), "Cookie: %s\r\nSapa-Session: %s\r\n", desk->cookie, desk->session);
        put_http(c, "POST", "/api/v1/me/phone", more, "");
        return;
    }
    case MINT:
        if (status != 201 || !member(text, "user", desk->user, sizeof(desk->user)) || !member(text, "password", desk->password, sizeof(desk->password)))
            fail(c, "credentials");
        else
            open_conn(desk, &desk->sip, SIP);
        hang_up(c);
        return;
    case WRITES:
        if (status != 200)
            fail(c, "write");
        return;
    }
}

static void on_sip(struct conn *c, char *text)
{
    struct sapa_sip_digest challenge;

    if (strncmp(text, "SIP/2.0 401", 11) == 0 && c->desk->registers < 2) {
        const char *line = strstr(text, "WWW-Authenticate: ");
        if (!line || sapa_sip_digest_parse((struct sapa_str){ line + 18, strcspn(line + 18, "\r") }, &challenge) != SAPA_OK)
            fail(c, "challenge");
        else
            put_register(c, &challenge);
    } else if (strncmp(text, "SIP/2.0 200", 11) == 0) {
        c->good = true;
        come_in(c->desk);
    } else if (strncmp(text, "SIP/2.0", 7) != 0) {
        put_ok(c, text);
    } else {
        fail(c, "REGISTER");
    }
}

static void on_feed(struct conn *c, const char *text)
{
    if (!c->good && strstr(text, "\"type\":\"snapshot\"")) {
        c->good = true;
        come_in(c->desk);
    }
    if (round_now == 0 || c->desk->seen == round_now || !strstr(text, "\"type\":\"events\"") || !strstr(text, "\"type\":\"switches\""))
        return;
    c->desk->seen = round_now;
    if (sample_count < SAMPLES_MAX)
        samples[sample_count++] = sapa_wall_us() - round_us;
}

/* One frame of the server. False: it is not whole yet. */
static bool take_frame(struct conn *c)
{
    const uint8_t *b = (const uint8_t *)c->in;
    size_t n, head = 2;

    if (c->in_n < 2)
        return false;
    n = b[1] & 127;
    if (n == 126) {
        if (c->in_n < 4)
            return false;
        n = (size_t)b[2] << 8 | b[3], head = 4;
    } else if (n == 127) {
        fail(c, "a frame larger than any part that is sent");
        exit(1);
    }
    if (c->in_n < head + n)
        return false;
    const unsigned opcode = b[0] & 15;
    char *text = c->in + head;
    const char after = text[n];
    text[n] = '\0';
    if (opcode == 9) {
        put_frame(c, 10, text, n);
    } else if (opcode == 8) {
        fail(c, "was closed");
    } else if (c->kind == SIP) {
        on_sip(c, text);
    } else {
        on_feed(c, text);
    }
    text[n] = after;
    memmove(c->in, c->in + head + n, c->in_n - head - n);
    c->in_n -= head + n;
    return true;
}

/* One answer to a request. False: it is not whole yet. */
static bool take_answer(struct conn *c)
{
    char text[IN_MAX];

    c->in[c->in_n] = '\0';
    const char *end = strstr(c->in, "\r\n\r\n"), *length = strstr(c->in, "content-length: ");
    const size_t body = end && length && length < end ? strtoul(length + 16, NULL, 10) : 0;
    if (!end || c->in_n < (size_t)(end + 4 - c->in) + body)
        return false;
    const size_t size = (size_t)(end + 4 - c->in) + body;
    const unsigned status = (unsigned)strtoul(c->in + 9, NULL, 10);
    memcpy(text, c->in, size);
    text[size] = '\0';
    memmove(c->in, c->in + size, c->in_n - size);
    c->in_n -= size;
    if (c->kind == HTTP) {
        answered(c, status, text);
        return c->open;
    }
    if (status != 101) {
        fail(c, "upgrade");
        return false;
    }
    c->upgraded = true;
    if (c->kind == SIP)
        put_register(c, NULL);
    return true;
}

static void ask_first(struct conn *c)
{
    char body[128];

    c->asked = true;
    if (c->kind != HTTP) {
        put_upgrade(c);
    } else if (c->step == PASSWORDS) {
        if (passwords_next < desk_count + 1)
            put_password(c);
    } else if (c->step == LOGIN) {
        snprintf(body, sizeof(body), "{\"user\":\"agent%u\",\"password\":\"good morning %u\",\"cookie\":true}", c->desk->number, c->desk->number);
        put_http(c, "POST", "/api/v1/login", "", body);
    }
}

static void on_event(void *ctx, int fd, unsigned events)
{
    struct conn *c = ctx;
    size_t n = 0;

    (void)fd, (void)events;
    sapa_rc rc = sapa_tls_handshake(c->tls);
    if (rc == SAPA_OK && !c->asked)
        ask_first(c);
    while (rc == SAPA_OK) {
        while (c->out_at < c->out_n && rc == SAPA_OK) {
            rc = sapa_tls_write(c->tls, c->out + c->out_at, c->out_n - c->out_at, &n);
            c->out_at += rc == SAPA_OK ? n : 0;
        }
        if (rc != SAPA_OK)
            break;
        rc = sapa_tls_read(c->tls, c->in + c->in_n, IN_MAX - 2 - c->in_n, &n);
        if (rc != SAPA_OK)
            break;
        c->in_n += n;
        while (c->open && (c->upgraded ? take_frame(c) : take_answer(c)))
            ;
        if (!c->open)
            return;
    }
    if (rc != SAPA_EAGAIN) {
        fail(c, sapa_rc_name(rc));
        hang_up(c);
    } else {
        (void)sapa_watch_set(loop, &c->watch, SAPA_LOOP_READ | (sapa_tls_wants_write(c->tls) || c->out_at < c->out_n ? SAPA_LOOP_WRITE : 0u));
    }
}

/* ---- the course of it ---- */

static bool run_until(int64_t until_us, bool (*over)(void))
{
    while (!over() && sapa_mono_us() < until_us)
        (void)sapa_loop_run_once(loop, 20);
    return over();
}

static bool all_passwords(void)
{
    return passwords_done == desk_count + 1;
}
static bool all_in(void)
{
    return ready_count == desk_count || failures > 0;
}
static bool never(void)
{
    return false;
}

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static double percentile_ms(unsigned percent)
{
    return sample_count ? (double)samples[(sample_count - 1) * percent / 100] / 1000.0 : 0;
}

static void give_passwords(void)
{
    for (unsigned i = 0; i < PASSWORD_LINES; i++) {
        open_conn(&lines[i], &lines[i].http, HTTP);
        lines[i].http.step = PASSWORDS;
    }
    if (!run_until(sapa_mono_us() + 120000000, all_passwords) || failures > 0)
        exit(1);
    for (unsigned i = 0; i < PASSWORD_LINES; i++)
        hang_up(&lines[i].http);
}

static void morning(void)
{
    int64_t last_us = 0;

    begun_us = sapa_mono_us();
    for (unsigned i = 0; i < desk_count; i++) {
        desks[i].number = i + 1;
        open_conn(&desks[i], &desks[i].http, HTTP);
        desks[i].http.step = LOGIN;
    }
    (void)run_until(begun_us + 60000000, all_in);
    for (unsigned i = 0; i < desk_count; i++) {
        last_us = SAPA_MAX(last_us, desks[i].done_us - begun_us);
        if (desks[i].done_us)
            samples[sample_count++] = desks[i].done_us - begun_us;
    }
    qsort(samples, sample_count, sizeof(*samples), compare);
    printf("{\"login_s\": %.2f, \"p50_ms\": %.0f, \"desks\": %u, \"failures\": %u}\n", (double)last_us / 1e6, percentile_ms(50), ready_count,
           failures + (desk_count - ready_count));
    fflush(stdout);
    sample_count = 0;
}

/* Times between rounds differ, so that they fall anywhere between the server's beats. */
static void play_rounds(void)
{
    uint64_t missed = 0;

    writer.number = switcher.number = desk_count + 1;
    open_conn(&writer, &writer.http, HTTP);
    open_conn(&switcher, &switcher.http, HTTP);
    writer.http.step = switcher.http.step = WRITES;
    (void)run_until(sapa_mono_us() + 1000000, never);
    for (unsigned i = 1; i <= rounds; i++) {
        round_now = i;
        round_us = sapa_wall_us();
        put_state();
        put_switch();
        printf("round %lld %u\n", (long long)round_us, i % 2);
        fflush(stdout);
        (void)run_until(sapa_mono_us() + ROUND_US + (int64_t)(i * 7919 % 150) * 1000, never);
        for (unsigned k = 0; k < desk_count; k++)
            missed += desks[k].seen != i;
    }
    (void)run_until(sapa_mono_us() + 1000000, never);
    qsort(samples, sample_count, sizeof(*samples), compare);
    printf("{\"clients_p50_ms\": %.1f, \"clients_p99_ms\": %.1f, \"count\": %zu, \"missed\": %llu, \"failures\": %u}\n", percentile_ms(50), percentile_ms(99),
           sample_count, (unsigned long long)missed, failures);
    failures += missed > 0;
    hang_up(&writer.http);
    hang_up(&switcher.http);
}

int main(int argc, char **argv)
{
    char problem_buf[300];
    struct sapa_text problem;

    if (argc < 6) {
        fprintf(stderr, "desk_bench PORT CERTIFICATE TOKEN DESKS SECONDS [GO ROUNDS]\n");
        return 2;
    }
    const struct sapa_tls_options options = { .trust = argv[2] };
    const unsigned seconds = (unsigned)strtoul(argv[5], NULL, 10);
    const char *go = argc > 7 ? argv[6] : NULL;
    port = (uint16_t)strtoul(argv[1], NULL, 10);
    token = argv[3];
    desk_count = (unsigned)strtoul(argv[4], NULL, 10);
    rounds = go ? (unsigned)strtoul(argv[7], NULL, 10) : 0;
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 30); /* what one connection frees the next one wants: the CPU is the program's */
    sapa_text_init(&problem, problem_buf, sizeof(problem_buf));
    desks = calloc(desk_count + 1, sizeof(*desks));
    lines = calloc(PASSWORD_LINES, sizeof(*lines));
    samples = calloc(SAMPLES_MAX, sizeof(*samples));
    if (!desks || !lines || !samples || desk_count < 1 || desk_count > 1000 || rounds > 1000 || sapa_loop_new(NULL, &loop) != SAPA_OK ||
        sapa_addr_parse(SAPA_STR("127.0.0.1"), port, &server) != SAPA_OK || sapa_tls_context_new(&options, &problem, &context) != SAPA_OK) {
        fprintf(stderr, "desk_bench: %s\n", problem.n ? problem_buf : "cannot begin");
        return 1;
    }
    give_passwords();
    morning();
    const int64_t until_us = sapa_mono_us() + (int64_t)seconds * 1000000;
    while (sapa_mono_us() < until_us && failures == 0) {
        (void)sapa_loop_run_once(loop, 100);
        if (go && access(go, F_OK) == 0) {
            play_rounds();
            break;
        }
    }
    for (unsigned i = 0; i < desk_count; i++) {
        hang_up(&desks[i].http);
        hang_up(&desks[i].feed);
        hang_up(&desks[i].sip);
    }
    sapa_tls_context_release(context);
    sapa_loop_free(loop);
    return failures > 0;
}
