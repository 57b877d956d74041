/*
 * tls_bench PORT CERTIFICATE PHONES [SECONDS [AT_ONCE]]: registrations over TLS, one JSON line out.
 *
 * Phones 1001 … of test/lib/centre.sh, each at a loopback address of its own: a new TCP connection, a full TLS handshake
 * (no resumption, the certificate is checked), REGISTER, 401, REGISTER with the digest, 200. The connection then stays
 * until the phone's turn comes again; it closes it and does all of it anew. AT_ONCE are under way at any time. Counted
 * are the 200s after the first second.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rt/clock.h"
#include "rt/loop.h"
#include "rt/socket.h"
#include "rt/tls.h"
#include "sip/digest.h"

enum { SAMPLES_MAX = 1000000, BUFFER = 4096 };

struct phone {
    unsigned number, round;
    int fd;
    struct sapa_watch watch;
    struct sapa_tls *tls;
    bool asked, answered; /* REGISTER is out; the challenge came */
    bool idle;            /* registered, or never begun */
    int64_t begun_us;
    size_t in_n, out_n, out_at;
    char in[BUFFER], out[BUFFER];
};

static struct sapa_loop *loop;
static struct sapa_tls_context *context;
static struct phone *phones;
static unsigned phone_count, next_phone, failures;
static int64_t *samples, from_us;
static size_t sample_count;
static struct sapa_addr server;

static void begin_next(void);

static void hang_up(struct phone *p)
{
    sapa_watch_stop(loop, &p->watch);
    sapa_tls_free(p->tls);
    p->tls = NULL;
    sapa_fd_close(p->fd);
    p->fd = -1;
}

static void fail(struct phone *p, const char *why)
{
    if (failures++ < 5)
        fprintf(stderr, "tls_bench: phone %u: %s %.200s\n", p->number, why, p->in);
    hang_up(p);
    p->idle = true;
    begin_next();
}

static void put_register(struct phone *p, const struct sapa_sip_digest *challenge)
{
    struct sapa_addr local;
    char here[SAPA_ADDR_TEXT_MAX], user[16], ha1[SAPA_SIP_HEX_SIZE];
    struct sapa_text out;

    if (sapa_socket_local(p->fd, &local) != SAPA_OK)
        return;
    sapa_addr_print(&local, here, sizeof(here));
    snprintf(user, sizeof(user), "%u", p->number);
    sapa_text_init(&out, p->out, sizeof(p->out));
    sapa_text_printf(&out,
                     "REGISTER sips:sapa.test SIP/2.0\r\nVia: SIP/2.0/TLS %s;rport;branch=z9hG4bK%u.%u.%d\r\nMax-Forwards: 70\r\n"
                     "From: <sips:%s@sapa.test>;tag=%u\r\nTo: <sips:%s@sapa.test>\r\nCall-ID: %u.%u@bench\r\nCSeq: %d REGISTER\r\n"
                     "Contact: <sips:%s@%s>\r\nExpires: 600\r\nUser-Agent: tls_bench\r\n",
                     here, p->number, p->round, challenge != NULL, user, p->round, user, p->number, p->round, challenge ? 2 : 1, user, here);
    if (challenge) {
        char password[32];
        snprintf(password, sizeof(password), "phone-%u", p->number);
        sapa_sip_digest_ha1(challenge->alg, sapa_str_of(user), challenge->realm, sapa_str_of(password), ha1);
        const struct sapa_sip_digest_answer answer = {
            .challenge = challenge, .method = SAPA_STR("REGISTER"), .uri = SAPA_STR("sips:sapa.test"), .username = sapa_str_of(user), .ha1_hex = ha1,
            .nc = 1, .cnonce = SAPA_STR("c0ffee"),
        };
        sapa_text_add(&out, SAPA_STR("Authorization: "));
        sapa_sip_digest_respond(&out, &answer);
        sapa_text_add(&out, SAPA_STR("\r\n"));
    }
    sapa_text_add(&out, SAPA_STR("Content-Length: 0\r\n\r\n"));
    p->out_n = out.n;
    p->out_at = 0;
}

/* A whole answer is there. */
static void take(struct phone *p)
{
    struct sapa_sip_digest challenge;

    if (!p->answered && strncmp(p->in, "SIP/2.0 401", 11) == 0) {
        const char *line = strstr(p->in, "WWW-Authenticate: ");
        const size_t n = line ? strcspn(line + 18, "\r") : 0;
        if (n == 0 || sapa_sip_digest_parse((struct sapa_str){ line + 18, n }, &challenge) != SAPA_OK) {
            fail(p, "challenge");
            return;
        }
        p->answered = true;
        put_register(p, &challenge);
        p->in_n = 0;
        p->in[0] = '\0';
    } else if (p->answered && strncmp(p->in, "SIP/2.0 200", 11) == 0) {
        const int64_t now = sapa_mono_us();
        if (now >= from_us && sample_count < SAMPLES_MAX)
            samples[sample_count++] = now - p->begun_us;
        p->idle = true;
        sapa_watch_set(loop, &p->watch, SAPA_LOOP_READ);
        begin_next();
    } else {
        fail(p, "answer");
    }
}

static void on_event(void *ctx, int fd, unsigned events)
{
    struct phone *p = ctx;
    size_t n = 0;

    (void)fd, (void)events;
    if (p->idle) { /* OPTIONS, or the end: not of interest */
        char waste[BUFFER];
        const sapa_rc rc = sapa_tls_read(p->tls, waste, sizeof(waste), &n);
        if (rc != SAPA_OK && rc != SAPA_EAGAIN)
            sapa_watch_stop(loop, &p->watch);
        return;
    }
    sapa_rc rc = sapa_tls_handshake(p->tls);
    if (rc == SAPA_OK && !p->asked) {
        p->asked = true;
        put_register(p, NULL);
    }
    while (rc == SAPA_OK) {
        while (p->out_at < p->out_n && rc == SAPA_OK) {
            rc = sapa_tls_write(p->tls, p->out + p->out_at, p->out_n - p->out_at, &n);
            p->out_at += rc == SAPA_OK ? n : 0;
        }
        if (rc != SAPA_OK)
            break;
        rc = sapa_tls_read(p->tls, p->in + p->in_n, sizeof(p->in) - 1 - p->in_n, &n);
        if (rc != SAPA_OK)
            break;
        p->in_n += n;
        p->in[p->in_n] = '\0';
        if (strstr(p->in, "\r\n\r\n")) {
            take(p);
            if (p->idle)
                return;
        }
    }
    if (rc != SAPA_EAGAIN)
        fail(p, sapa_rc_name(rc));
    else
        sapa_watch_set(loop, &p->watch, SAPA_LOOP_READ | (sapa_tls_wants_write(p->tls) || p->out_at < p->out_n ? SAPA_LOOP_WRITE : 0u));
}

static void begin(struct phone *p)
{
    char host[32];
    struct sapa_addr local;

    if (p->fd >= 0)
        hang_up(p);
    p->idle = p->asked = p->answered = false;
    p->in_n = p->out_n = p->out_at = 0;
    p->in[0] = '\0';
    p->round++;
    p->begun_us = sapa_mono_us();
    const unsigned i = p->number - 1001;
    snprintf(host, sizeof(host), "127.1.%u.%u", i / 250, 1 + i % 250);
    if (sapa_addr_parse(sapa_str_of(host), 0, &local) != SAPA_OK || sapa_tcp_connect(&local, &server, &p->fd) != SAPA_OK ||
        sapa_tls_connect(context, p->fd, "sapa.test", &server, &p->tls) != SAPA_OK ||
        sapa_watch_start(loop, &p->watch, p->fd, SAPA_LOOP_READ | SAPA_LOOP_WRITE, on_event, p) != SAPA_OK) {
        fprintf(stderr, "tls_bench: cannot connect\n");
        exit(1);
    }
}

static void begin_next(void)
{
    for (unsigned tries = 0; tries < phone_count; tries++) {
        struct phone *p = &phones[next_phone++ % phone_count];
        if (p->idle) {
            begin(p);
            return;
        }
    }
}

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    char problem_buf[300];
    struct sapa_text problem;

    if (argc < 4) {
        fprintf(stderr, "tls_bench PORT CERTIFICATE PHONES [SECONDS [AT_ONCE]]\n");
        return 2;
    }
    const unsigned seconds = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 10, at_once = argc > 5 ? (unsigned)strtoul(argv[5], NULL, 10) : 32;
    const struct sapa_tls_options options = { .trust = argv[2] };
    phone_count = (unsigned)strtoul(argv[3], NULL, 10);
    phones = calloc(phone_count, sizeof(*phones));
    samples = calloc(SAMPLES_MAX, sizeof(*samples));
    sapa_text_init(&problem, problem_buf, sizeof(problem_buf));
    if (!phones || !samples || phone_count < at_once || phone_count > 60000 || sapa_loop_new(NULL, &loop) != SAPA_OK ||
        sapa_addr_parse(SAPA_STR("127.0.0.1"), (uint16_t)strtoul(argv[1], NULL, 10), &server) != SAPA_OK ||
        sapa_tls_context_new(&options, &problem, &context) != SAPA_OK) {
        fprintf(stderr, "tls_bench: %s\n", problem.n ? problem_buf : "cannot begin");
        return 1;
    }
    for (unsigned i = 0; i < phone_count; i++)
        phones[i] = (struct phone){ .number = 1001 + i, .fd = -1, .idle = true };
    from_us = sapa_mono_us() + 1000000;
    const int64_t until_us = from_us + (int64_t)seconds * 1000000;
    for (unsigned i = 0; i < at_once; i++)
        begin_next();
    while (sapa_mono_us() < until_us)
        (void)sapa_loop_run_once(loop, 100);
    const double took_s = (double)(sapa_mono_us() - from_us) / 1e6;
    qsort(samples, sample_count, sizeof(*samples), compare);
    printf("{\"registers_per_s\": %.0f, \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"failed\": %u, \"phones\": %u, \"at_once\": %u}\n",
           (double)sample_count / took_s, sample_count ? (double)samples[sample_count / 2] / 1e3 : 0.0,
           sample_count ? (double)samples[sample_count * 99 / 100] / 1e3 : 0.0, failures, phone_count, at_once);
    for (unsigned i = 0; i < phone_count; i++)
        if (phones[i].fd >= 0)
            hang_up(&phones[i]);
    sapa_tls_context_release(context);
    sapa_loop_free(loop);
    return failures > 0;
}
