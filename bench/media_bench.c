/**
 * @file media_bench.c
 * How many recorded calls one core carries, against a bare relay on the same core in the same run.
 *
 * media_bench [--relay-cpu N] [--load-cpu N] [--bare PATH] [--folder PATH] [--seconds S] [--calls N]
 *             [--kind relay|opus|conference|webrtc|webrtc_opus]
 *
 * opus: each call is one leg with Opus and one with A-law; conference: three parties with A-law, mixed. What comes back
 * is then decoded sound and cannot be told packet by packet: each leg must get 50 packets a second, evenly (a packet
 * that comes more than 5 ms after its time, by the median of its leg, counts as late), and some legs are listened to.
 *
 * webrtc: the second leg of each call is an agent's browser: a socket of its own, ICE checks every 2.5 s, DTLS, SRTP (AES-GCM)
 * both ways, A-law, so that packets are told one by one as with relay. webrtc_opus: the same with Opus, measured as opus.
 *
 * The media process (or bench/bare_relay) runs pinned on one CPU, this program sends and receives on
 * another: per call two legs, each 50 packets a second of 20 ms G.711 both ways. A packet carries the
 * time of sending; the kernel stamps its arrival, so the generator's own queueing does not count.
 * Every call is recorded, and every recording must be complete. Calls are raised until loss exceeds
 * 0.1 % or the 99th percentile of one-way delay 5 ms; the last good number counts. --calls N tries
 * only that number. Prints one JSON object.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "ice/stun.h"
#include "media/coder.h"
#include "media/g711.h"
#include "media/media_process.h"
#include "media/record_writer.h"
#include "media/recording.h"
#include "media/srtp.h"
#include "model/media.h"
#include "model/vocab.h"
#include "rt/clock.h"
#include "rt/dtls.h"
#include "rt/random.h"
#include "rt/socket.h"
#include "rtp/rtp.h"

enum {
    SOCKETS = 16,
    BATCH = 64,
    PAYLOAD = 160,
    STAMP = 16,                /* octets of the payload that carry time, leg and number */
    CALLS_MAX = 6000,
    LEGS_MAX = 3 * CALLS_MAX,
    FRAMES = 64,               /* of speech in the codec, said over and over */
    WARM_MS = 1500,
    SEND_MAX = 4096,
    CHECK_EVERY = 125,         /* packets: a browser checks every 2.5 s */
    DELAY_STEP_US = 20,
    DELAY_STEPS = 50000        /* one second */
};

static struct {
    int relay_cpu, load_cpu, seconds, calls;
    const char *bare, *folder;
    enum kind { RELAY, OPUS, CONFERENCE, WEBRTC, WEBRTC_OPUS } kind;
} opt = { 0, 1, 4, 0, NULL, "/tmp", RELAY };

struct result {
    unsigned calls;
    uint64_t sent, received, wrong;
    double loss, relay_cpu, load_cpu, kb_per_call;
    uint32_t p50_us, p99_us, max_us;
    unsigned recordings_bad;
    bool behind;               /* the generator could not keep pace: the run says nothing */
    bool good;
};

static int sockets[SOCKETS];
static struct sockaddr_in socket_addr[SOCKETS];
static uint16_t leg_port[LEGS_MAX]; /* where to send for this leg */
static uint32_t leg_seq[LEGS_MAX];
static uint32_t delays[DELAY_STEPS];
static uint8_t pattern[PAYLOAD];
static uint8_t opus_frames[FRAMES][SAPA_CODER_PAYLOAD_MAX], alaw_frames[FRAMES][PAYLOAD];
static size_t opus_sizes[FRAMES];
static uint32_t leg_of_port[65536];      /* 0: none; else the leg + 1 */
static int64_t leg_base_ns[LEGS_MAX];    /* earliest arrival, its number taken off */
static uint16_t leg_first[LEGS_MAX];
static bool leg_heard[LEGS_MAX];

/* A browser: the second leg of a call. */
struct web {
    int fd;
    struct sockaddr_in to;
    struct sapa_dtls *dtls;
    struct sapa_srtp *srtp;
    char username[32], pwd[SAPA_MEDIA_PWD_SIZE];
    bool proved;
};
static struct web webs[CALLS_MAX];
static int web_epoll = -1;
static struct sapa_dtls_context *web_context; /* of all pages */

static bool is_web(unsigned leg)
{
    return (opt.kind == WEBRTC || opt.kind == WEBRTC_OPUS) && leg % 2 == 1;
}

/* What goes in comes out as it is, with its time in it. */
static bool is_relayed(void)
{
    return opt.kind == RELAY || opt.kind == WEBRTC;
}

static unsigned legs_a_call(void)
{
    return opt.kind == CONFERENCE ? 3 : 2;
}

static bool is_opus(unsigned leg)
{
    return (opt.kind == OPUS && leg % 2 == 0) || (opt.kind == WEBRTC_OPUS && leg % 2 == 1);
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void pin(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((unsigned)cpu, &set);
    (void)sched_setaffinity(0, sizeof(set), &set);
}

/* The generator and the yardstick run as the packet threads of the media process do: before what has no deadline. */
static void go_first(void)
{
    const struct sched_param lowest = { .sched_priority = 1 };

    if (sched_setscheduler(0, SCHED_RR, &lowest))
        (void)setpriority(PRIO_PROCESS, 0, -5);
}

static void go_normal(void)
{
    const struct sched_param none = { 0 };

    (void)sched_setscheduler(0, SCHED_OTHER, &none);
    (void)setpriority(PRIO_PROCESS, 0, 0);
}

/* --- the generator --- */

static void open_sockets(void)
{
    for (int i = 0; i < SOCKETS; i++) {
        const int size = 4 << 20, on = 1;
        socklen_t n = sizeof(socket_addr[i]);
        struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (sockets[i] < 0 || bind(sockets[i], (struct sockaddr *)&any, sizeof(any)) ||
            getsockname(sockets[i], (struct sockaddr *)&socket_addr[i], &n))
            die("socket");
        if (setsockopt(sockets[i], SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
            (void)setsockopt(sockets[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
        (void)setsockopt(sockets[i], SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
    }
}

static unsigned socket_of(unsigned leg, unsigned legs)
{
    return (unsigned)((uint64_t)leg * SOCKETS / legs);
}

static void web_check(struct web *web, bool nominates)
{
    struct sapa_stun_out out = { .type = SAPA_STUN_REQUEST, .username = web->username, .controlling = true, .tie_breaker = 1,
                                 .priority = 0x6e0001ff, .use_candidate = nominates, .password = web->pwd };
    uint8_t bytes[SAPA_STUN_OUT_MAX];

    sapa_random_bytes(out.transaction, sizeof(out.transaction));
    const size_t n = sapa_stun_write(&out, bytes);
    (void)sendto(web->fd, bytes, n, 0, (struct sockaddr *)&web->to, sizeof(web->to));
}

/* A packet of a leg, as it leaves before it is sealed. */
static size_t make_packet(uint8_t *p, uint32_t leg, int64_t stamp)
{
    const uint32_t seq = leg_seq[leg]++;
    size_t size = PAYLOAD;

    if (is_opus(leg)) {
        size = opus_sizes[seq % FRAMES];
        sapa_rtp_put_head(p, seq == 0, SAPA_CODEC_OPUS, (uint16_t)seq, seq * 960, leg + 1);
        memcpy(p + SAPA_RTP_HEAD, opus_frames[seq % FRAMES], size);
    } else {
        sapa_rtp_put_head(p, seq == 0, SAPA_RTP_PCMA, (uint16_t)seq, seq * PAYLOAD, leg + 1);
        memcpy(p + SAPA_RTP_HEAD, is_relayed() ? pattern : alaw_frames[(seq + 7 * leg) % FRAMES], PAYLOAD);
    }
    if (is_relayed()) {
        memcpy(p + SAPA_RTP_HEAD, &stamp, 8);
        memcpy(p + SAPA_RTP_HEAD + 8, &leg, 4);
        memcpy(p + SAPA_RTP_HEAD + 12, &seq, 4);
    }
    return SAPA_RTP_HEAD + size;
}

static unsigned web_send(uint32_t leg)
{
    struct web *web = &webs[leg / 2];
    uint8_t bytes[SAPA_RTP_HEAD + SAPA_CODER_PAYLOAD_MAX + SAPA_SRTP_EXTRA];

    if (leg_seq[leg] % CHECK_EVERY == leg % CHECK_EVERY)
        web_check(web, true);
    size_t n = make_packet(bytes, leg, now_ns(CLOCK_REALTIME));
    n = sapa_srtp_seal(web->srtp, false, bytes, n);
    return n > 0 && sendto(web->fd, bytes, n, 0, (struct sockaddr *)&web->to, sizeof(web->to)) > 0;
}

/* Packet number k of all: legs take turns, each every 20 ms. Not more than SEND_MAX at once: what comes back must be taken too. */
static unsigned send_due(uint64_t *k, uint64_t due, unsigned legs)
{
    static uint8_t bytes[BATCH][SAPA_RTP_HEAD + SAPA_CODER_PAYLOAD_MAX];
    static struct mmsghdr messages[BATCH];
    static struct iovec parts[BATCH];
    static struct sockaddr_in to[BATCH];
    unsigned sent = 0;

    while (*k < due && sent < SEND_MAX) {
        const unsigned s = socket_of((unsigned)(*k % legs), legs);
        if (is_web((unsigned)(*k % legs))) {
            sent += web_send((uint32_t)((*k)++ % legs));
            continue;
        }
        const int64_t stamp = now_ns(CLOCK_REALTIME);
        unsigned n = 0;
        for (; n < BATCH && *k < due; n++, (*k)++) {
            const uint32_t leg = (uint32_t)(*k % legs);
            if (socket_of(leg, legs) != s)
                break;
            if (is_web(leg)) { /* between those of the batch, whose turn they share */
                sent += web_send(leg);
                n--;
                continue;
            }
            uint8_t *p = bytes[n];
            const size_t size = make_packet(p, leg, stamp);
            to[n] = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(leg_port[leg]),
                                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
            parts[n] = (struct iovec){ .iov_base = p, .iov_len = size };
            messages[n].msg_hdr = (struct msghdr){ .msg_name = &to[n], .msg_namelen = sizeof(to[n]),
                                                   .msg_iov = &parts[n], .msg_iovlen = 1 };
        }
        const int gone = n > 0 ? sendmmsg(sockets[s], messages, n, 0) : 0;
        sent += gone > 0 ? (unsigned)gone : 0;
    }
    return sent;
}

static int64_t arrival_of(const struct mmsghdr *message)
{
    struct timespec arrived = { 0 };

    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message->msg_hdr); c;
         c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)&message->msg_hdr, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
            memcpy(&arrived, CMSG_DATA(c), sizeof(arrived));
    return arrived.tv_sec * 1000000000LL + arrived.tv_nsec;
}

static void count_delay(int64_t delay_us, struct result *result)
{
    const int64_t step = SAPA_MAX(delay_us, 0) / DELAY_STEP_US;

    delays[SAPA_MIN(step, DELAY_STEPS - 1)]++;
    result->max_us = (uint32_t)SAPA_MAX((int64_t)result->max_us, delay_us);
    result->received++;
}

/* What was decoded: its place in time, from its number and the earliest that this leg got. */
static void note_mixed(const struct mmsghdr *message, const struct sapa_rtp *rtp, uint32_t leg, int64_t from_ns, int64_t to_ns,
                       struct result *result)
{
    const int64_t arrived_ns = arrival_of(message);

    if (arrived_ns < from_ns - WARM_MS * 1000000LL)
        return; /* of the run before */
    if (leg == 0 || rtp->payload_size == 0) {
        result->wrong++;
        return;
    }
    if (!leg_heard[leg - 1]) {
        leg_heard[leg - 1] = true;
        leg_first[leg - 1] = rtp->seq;
        leg_base_ns[leg - 1] = arrived_ns;
    }
    const int64_t own_ns = arrived_ns - (int64_t)(uint16_t)(rtp->seq - leg_first[leg - 1]) * 20000000;
    leg_base_ns[leg - 1] = SAPA_MIN(leg_base_ns[leg - 1], own_ns);
    if (arrived_ns >= from_ns && arrived_ns < to_ns)
        count_delay((own_ns - leg_base_ns[leg - 1]) / 1000, result);
}

/* `at`: the leg that got it, plus one; 0: by the port that it came from. */
static void note(const struct mmsghdr *message, const uint8_t *bytes, uint32_t at, unsigned legs, int64_t from_ns,
                 struct result *result)
{
    const struct sockaddr_in *from = message->msg_hdr.msg_name;
    struct sapa_rtp rtp;
    int64_t sent_ns;
    uint32_t leg;

    if (sapa_rtp_is_rtcp(bytes, message->msg_len) || sapa_rtp_parse(bytes, message->msg_len, &rtp))
        return;
    if (!is_relayed()) {
        note_mixed(message, &rtp, at ? at : leg_of_port[ntohs(from->sin_port)], from_ns, from_ns + opt.seconds * 1000000000LL, result);
        return;
    }
    if (rtp.payload_size != PAYLOAD)
        return; /* comfort */
    memcpy(&sent_ns, bytes + rtp.payload_at, 8);
    memcpy(&leg, bytes + rtp.payload_at + 8, 4);
    if (sent_ns < from_ns)
        return;
    if (leg >= legs || memcmp(bytes + rtp.payload_at + STAMP, pattern + STAMP, PAYLOAD - STAMP) != 0) {
        result->wrong++;
        return;
    }
    count_delay((arrival_of(message) - sent_ns) / 1000, result);
}

/* What came for browsers: opened, then as any other. */
static void receive_webs(unsigned legs, int64_t from_ns, struct result *result)
{
    static struct epoll_event ready[512];
    uint8_t bytes[2048], control[64];

    for (int round = 0; round < 4; round++) {
        const int n = epoll_wait(web_epoll, ready, 512, 0);
        for (int i = 0; i < n; i++) {
            struct web *web = &webs[ready[i].data.u32];
            for (;;) {
                struct sockaddr_in from;
                struct iovec part = { .iov_base = bytes, .iov_len = sizeof(bytes) };
                struct mmsghdr message = { .msg_hdr = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part,
                                                        .msg_iovlen = 1, .msg_control = control,
                                                        .msg_controllen = sizeof(control) } };
                const ssize_t got = recvmsg(web->fd, &message.msg_hdr, MSG_DONTWAIT);
                if (got <= 0)
                    break;
                if (bytes[0] >> 6 != 2)
                    continue; /* an answer to a check */
                const bool rtcp = sapa_rtp_is_rtcp(bytes, (size_t)got);
                message.msg_len = (unsigned)sapa_srtp_open(web->srtp, rtcp, bytes, (size_t)got);
                if (message.msg_len == 0 && !rtcp) /* RTCP: also of plain legs, when the port beside theirs is this one */
                    result->wrong++;
                else if (!rtcp)
                    note(&message, bytes, 2 * ready[i].data.u32 + 2, legs, from_ns, result);
            }
        }
        if (n < 512)
            break;
    }
}

static void receive_all(unsigned legs, int64_t from_ns, struct result *result)
{
    static uint8_t bytes[BATCH][512], control[BATCH][64];
    static struct sockaddr_in from[BATCH];
    static struct mmsghdr messages[BATCH];
    static struct iovec parts[BATCH];

    for (int s = 0; s < SOCKETS; s++) {
        int n = BATCH;
        for (int round = 0; round < 16 && n == BATCH; round++) {
            for (int i = 0; i < BATCH; i++) {
                parts[i] = (struct iovec){ .iov_base = bytes[i], .iov_len = sizeof(bytes[i]) };
                messages[i].msg_hdr = (struct msghdr){ .msg_name = &from[i], .msg_namelen = sizeof(from[i]),
                                                       .msg_iov = &parts[i], .msg_iovlen = 1,
                                                       .msg_control = control[i],
                                                       .msg_controllen = sizeof(control[i]) };
            }
            n = recvmmsg(sockets[s], messages, BATCH, MSG_DONTWAIT, NULL);
            for (int i = 0; i < n; i++)
                note(&messages[i], bytes[i], 0, legs, from_ns, result);
        }
    }
    if (web_epoll >= 0)
        receive_webs(legs, from_ns, result);
}

static uint32_t percentile(unsigned percent, uint64_t total)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < DELAY_STEPS; i++) {
        sum += delays[i];
        if (sum * 100 >= total * percent)
            return (i + 1) * DELAY_STEP_US;
    }
    return 0;
}

static double cpu_seconds(pid_t pid)
{
    char path[64];
    unsigned long user = 0, system = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    if (fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        user = system = 0;
    (void)fclose(file);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double pss_kb(pid_t pid)
{
    char path[64], line[256];
    double kb = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, "Pss:", 4) == 0)
            kb = strtod(line + 4, NULL);
    if (file)
        (void)fclose(file);
    return kb;
}

/* Send and receive for WARM_MS and then `seconds`; only packets sent in the latter count. `last` is called at the end. */
static void load(pid_t relay, unsigned calls, struct result *result)
{
    const unsigned legs = legs_a_call() * calls;
    const int64_t begin_ns = now_ns(CLOCK_MONOTONIC), wall_ns = now_ns(CLOCK_REALTIME);
    const int64_t warm_ns = WARM_MS * 1000000LL, end_ns = warm_ns + opt.seconds * 1000000000LL;
    double relay_cpu = 0, load_cpu = 0;
    bool warm = false;
    uint64_t k = 0;

    memset(delays, 0, sizeof(delays));
    for (;;) {
        const int64_t at_ns = now_ns(CLOCK_MONOTONIC) - begin_ns;
        if (at_ns > end_ns + 300000000)
            break;
        if (!warm && at_ns > warm_ns) {
            warm = true;
            relay_cpu = cpu_seconds(relay);
            load_cpu = cpu_seconds(getpid());
        }
        if (at_ns < end_ns) {
            const uint64_t due = (uint64_t)((double)at_ns * legs * 50 / 1e9);
            const unsigned sent = send_due(&k, due, legs);
            result->behind |= warm && due - k > (uint64_t)legs * 5; /* a tenth of a second */
            if (warm)
                result->sent += sent;
        } else if (result->relay_cpu == 0) {
            result->relay_cpu = (cpu_seconds(relay) - relay_cpu) / opt.seconds;
            result->load_cpu = (cpu_seconds(getpid()) - load_cpu) / opt.seconds;
            result->kb_per_call = pss_kb(relay);
        }
        receive_all(legs, wall_ns + warm_ns, result);
        if (now_ns(CLOCK_MONOTONIC) - begin_ns - at_ns < 400000) {
            const struct timespec pause = { 0, 300000 };
            nanosleep(&pause, NULL);
        }
    }
    /* The turn in which the warm time ended counts on one side only. */
    result->loss = result->received >= result->sent ? 0
                                                    : 1 - (double)result->received / (double)result->sent;
    result->p50_us = percentile(50, result->received);
    result->p99_us = percentile(99, result->received);
}

static void judge(struct result *result)
{
    result->good = result->received > 0 && result->loss <= 0.001 && result->p99_us <= 5000 && result->wrong == 0 &&
                   result->recordings_bad == 0 && !result->behind;
}

static void tell(const char *who, const struct result *r)
{
    (void)fprintf(stderr,
                  "%-5s calls %4u  loss %.4f%%  p50 %u us  p99 %u us  max %u us  core %.2f  generator %.2f%s%s\n", who,
                  r->calls, 100 * r->loss, r->p50_us, r->p99_us, r->max_us, r->relay_cpu, r->load_cpu,
                  r->wrong ? "  wrong packets" : r->recordings_bad ? "  recordings incomplete" : "",
                  r->behind ? "  (generator behind)" : r->good ? "" : "  (too many)");
}

/* --- the bare relay --- */

/* On a range of ports below those that the system gives out; somebody else may sit on one of them. */
static pid_t start_bare(unsigned calls, unsigned port)
{
    char port_text[16], count[16], line[16] = "";
    int out[2];

    (void)snprintf(port_text, sizeof(port_text), "%u", port);
    (void)snprintf(count, sizeof(count), "%u", calls);
    if (pipe2(out, O_CLOEXEC))
        die("pipe");
    const pid_t pid = fork();
    if (pid == 0) {
        pin(opt.relay_cpu);
        dup2(out[1], 1);
        execl(opt.bare, opt.bare, port_text, count, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    const bool ready = read(out[0], line, sizeof(line) - 1) > 0 && strncmp(line, "ready", 5) == 0;
    close(out[0]);
    if (ready)
        return pid;
    waitpid(pid, NULL, 0);
    return -1;
}

static struct result run_bare(unsigned calls)
{
    struct result result = { .calls = calls };
    unsigned port = 4000;
    pid_t pid = -1;

    while (pid < 0 && port + 2 * calls < 32000) {
        port += 2000;
        pid = start_bare(calls, port);
    }
    if (pid < 0)
        exit(1);
    for (unsigned leg = 0; leg < 2 * calls; leg++) {
        leg_port[leg] = (uint16_t)(port + leg);
        leg_seq[leg] = 0;
    }
    load(pid, calls, &result);
    judge(&result);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    tell("bare", &result);
    return result;
}

/* --- the media process --- */

static char folder[160];

static void say(int fd, struct sapa_media_message *message)
{
    struct pollfd wait = { .fd = fd, .events = POLLOUT };

    message->epoch = 1;
    while (sapa_unix_send(fd, message, sapa_media_message_size(message), NULL, 0) == SAPA_EAGAIN)
        (void)poll(&wait, 1, 1000);
}

static bool hear(int fd, struct sapa_media_message *message, int timeout_ms)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    size_t n, fds;

    memset(message, 0, sizeof(*message));
    return poll(&wait, 1, timeout_ms) > 0 &&
           sapa_unix_receive(fd, message, sizeof(*message), &n, NULL, 0, &fds) == SAPA_OK;
}

/* Until `count` messages of this op (and state, for recordings) have come. */
static unsigned hear_all(int fd, unsigned op, int state, unsigned count, unsigned *failed)
{
    struct sapa_media_message message;
    unsigned n = 0;

    while (n < count && hear(fd, &message, 10000)) {
        if (message.op == SAPA_MEDIA_LEG_OPENED && message.code == 0 && message.leg <= LEGS_MAX)
            leg_port[message.leg - 1] = message.u.leg.local.port;
        if (message.op == SAPA_MEDIA_ERROR || (message.op == SAPA_MEDIA_RECORD_STATE &&
                                               message.u.record_state.state == SAPA_RECORD_FAILED)) {
            if ((*failed)++ == 0)
                (void)fprintf(stderr, "op %u failed: %s\n", message.failed, sapa_rc_name((sapa_rc)message.code));
            if (message.op == SAPA_MEDIA_RECORD_STATE)
                n++;
        } else if (message.op == op && (state < 0 || message.u.record_state.state == state)) {
            /* At least the measured time must be in it. */
            if (state == SAPA_RECORD_ENDED && message.u.record_state.recorded_ms < 1000u * (unsigned)opt.seconds)
                (*failed)++;
            n++;
        }
    }
    return n;
}

static int connect_control(const char *path)
{
    struct sapa_media_message hello = { .op = SAPA_MEDIA_HELLO };
    unsigned failed = 0;
    int fd;

    if (sapa_unix_connect(path, &fd))
        die("connect");
    hello.u.hello.epoch = 1;
    say(fd, &hello);
    (void)hear_all(fd, SAPA_MEDIA_INVENTORY_END, -1, 1, &failed);
    return fd;
}

/* --- browsers --- */

static void web_send_dtls(void *owner, const void *datagram, size_t size)
{
    const struct web *web = owner;

    (void)sendto(web->fd, datagram, size, 0, (const struct sockaddr *)&web->to, sizeof(web->to));
}

static void web_open(struct web *web, unsigned index, struct sapa_media_message *open)
{
    const struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const int on = 1, size = 1 << 18;
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = index };

    *web = (struct web){ .fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) };
    if (web->fd < 0 || bind(web->fd, (const struct sockaddr *)&any, sizeof(any)) ||
        epoll_ctl(web_epoll, EPOLL_CTL_ADD, web->fd, &event))
        die("browser");
    (void)setsockopt(web->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
    (void)setsockopt(web->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    open->u.leg.webrtc = 1;
    (void)snprintf(open->u.leg.ice_ufrag, sizeof(open->u.leg.ice_ufrag), "%08x", index);
    sapa_random_text(open->u.leg.ice_pwd, sizeof(open->u.leg.ice_pwd) - 1);
    (void)snprintf(web->username, sizeof(web->username), "%08x:page", index);
    memcpy(web->pwd, open->u.leg.ice_pwd, sizeof(web->pwd));
}

/* Check, handshake, keys: as a page does when it is told the answer. */
static bool web_connect(struct web *web)
{
    const int64_t until_us = sapa_mono_us() + 5000000;
    struct sapa_dtls_result result;
    uint8_t bytes[2048];

    web_check(web, true);
    while (sapa_mono_us() < until_us && !web->srtp) {
        struct pollfd wait = { .fd = web->fd, .events = POLLIN };
        (void)poll(&wait, 1, 50);
        const ssize_t n = recv(web->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (web->dtls && n <= 0)
            (void)!sapa_dtls_tick(web->dtls, sapa_mono_us());
        if (n > 0 && bytes[0] < 2 && !web->dtls &&
            sapa_dtls_new(web_context, true, web_send_dtls, web, sapa_mono_us(), &web->dtls))
            return false;
        if (n > 0 && web->dtls && sapa_dtls_is(bytes, (size_t)n) &&
            sapa_dtls_take(web->dtls, bytes, (size_t)n, sapa_mono_us()) == SAPA_OK &&
            (sapa_dtls_result(web->dtls, &result) ||
             sapa_srtp_new(result.profile == SAPA_DTLS_AEAD_AES_128_GCM ? (int)SAPA_SRTP_GCM_128 : (int)SAPA_MEDIA_SRTP_SHA1_80,
                           result.send, result.receive, &web->srtp)))
            return false;
    }
    sapa_dtls_free(web->dtls);
    web->dtls = NULL;
    return web->srtp != NULL;
}

static void webs_close(unsigned calls)
{
    for (unsigned i = 0; web_epoll >= 0 && i < calls; i++) {
        sapa_srtp_free(webs[i].srtp);
        close(webs[i].fd);
    }
}

static void set_up(int fd, unsigned calls, unsigned *failed)
{
    const unsigned each = legs_a_call(), legs = each * calls;
    struct sapa_addr local;

    (void)!sapa_addr_parse(SAPA_STR("127.0.0.1"), 0, &local);
    for (unsigned leg = 0; leg < legs; leg++) {
        struct sapa_media_message open = { .op = SAPA_MEDIA_LEG_OPEN, .leg = leg + 1, .contact = leg / each + 1 };
        open.u.leg.local = (struct sapa_media_address){ .family = 4, .address = { 127, 0, 0, 1 } };
        open.u.leg.codec = SAPA_CODEC_PCMA;
        open.u.leg.side = leg % each ? SAPA_SIDE_AGENT : SAPA_SIDE_CUSTOMER;
        leg_seq[leg] = 0;
        leg_heard[leg] = false;
        if (is_web(leg))
            web_open(&webs[leg / 2], leg / 2, &open);
        say(fd, &open);
        if (leg % 64 == 63 || leg + 1 == legs)
            (void)hear_all(fd, SAPA_MEDIA_LEG_OPENED, -1, leg % 64 + 1, failed);
    }
    for (unsigned leg = 0; leg < legs; leg++) {
        const struct sockaddr_in *from = &socket_addr[socket_of(leg, legs)];
        struct sapa_media_message set = { .op = SAPA_MEDIA_LEG_SET, .leg = leg + 1, .contact = leg / each + 1 };
        set.u.leg.remote = (struct sapa_media_address){ .family = 4, .address = { 127, 0, 0, 1 },
                                                        .port = ntohs(from->sin_port) };
        set.u.leg.codec = is_opus(leg) ? SAPA_CODEC_OPUS : SAPA_CODEC_PCMA;
        set.u.leg.opus_fec = 1;
        if (is_web(leg)) {
            webs[leg / 2].to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(leg_port[leg]),
                                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
            set.u.leg.webrtc = 1;
            set.u.leg.peer_hash = SAPA_MEDIA_HASH_SHA256;
            memcpy(set.u.leg.peer_fingerprint, sapa_dtls_fingerprint(web_context), SAPA_DTLS_FINGERPRINT_SIZE);
        } else {
            leg_of_port[leg_port[leg]] = leg + 1;
        }
        set.u.leg.direction = SAPA_MEDIA_SEND | SAPA_MEDIA_RECEIVE;
        set.u.leg.side = leg % each ? SAPA_SIDE_AGENT : SAPA_SIDE_CUSTOMER;
        say(fd, &set);
    }
    for (unsigned call = 0; web_epoll >= 0 && call < calls; call++)
        if (!web_connect(&webs[call]) && (*failed)++ == 0)
            (void)fprintf(stderr, "browser %u does not connect\n", call);
    for (unsigned call = 0; call < calls; call++) {
        struct sapa_media_message bridge = { .op = SAPA_MEDIA_BRIDGE, .leg = 2 * call + 1, .other = 2 * call + 2 };
        struct sapa_media_message record = { .op = SAPA_MEDIA_RECORD, .recording = call + 1, .contact = call + 1 };
        for (unsigned i = 0; opt.kind == CONFERENCE && i < each; i++) {
            struct sapa_media_message join = { .op = SAPA_MEDIA_MIX_JOIN, .leg = each * call + i + 1 };
            join.u.mix.mix = call + 1;
            say(fd, &join);
        }
        if (opt.kind != CONFERENCE)
            say(fd, &bridge);
        (void)snprintf(record.u.record.path, sizeof(record.u.record.path), "%s/%u.rec", folder, call);
        memset(record.u.record.key, 1, sizeof(record.u.record.key));
        record.u.record.wrapped_size = 72;
        say(fd, &record);
        if (call % 64 == 63 || call + 1 == calls)
            (void)hear_all(fd, SAPA_MEDIA_RECORD_STATE, SAPA_RECORD_STARTED, call % 64 + 1, failed);
    }
}

/* Each file opens, every chunk is sound, both sides are in it. Some of them are looked at. */
static unsigned check_recordings(unsigned calls)
{
    struct sapa_key key;
    unsigned bad = 0;

    memset(&key, 1, sizeof(key));
    for (unsigned call = 0; call < calls; call += SAPA_MAX(calls / 20, 1u)) {
        struct sapa_recording *recording;
        struct sapa_recording_info info;
        static int16_t pcm[2 * 8000];
        char path[200];
        size_t frames = 0, heard[2] = { 0, 0 };
        (void)snprintf(path, sizeof(path), "%s/%u.rec", folder, call);
        if (sapa_recording_open(path, &key, &recording)) {
            bad++;
            continue;
        }
        if (sapa_recording_verify(recording, &info) || info.end != SAPA_RECORDING_COMPLETE ||
            sapa_recording_read_pcm(recording, (WARM_MS + 1000) * 8, 8000, pcm, &frames) || frames < 8000)
            bad++;
        for (size_t i = 0; i < 2 * frames; i++)
            heard[i % 2] += abs(pcm[i]) > 100;
        if (heard[0] < 4000 || heard[1] < 4000)
            bad++;
        sapa_recording_close(recording);
    }
    return bad;
}

static void tear_down(int fd, unsigned calls, struct result *result)
{
    unsigned failed = 0;

    for (unsigned call = 0; call < calls; call++) {
        struct sapa_media_message end = { .op = SAPA_MEDIA_RECORD_END, .recording = call + 1 };
        say(fd, &end);
        if (call % 64 == 63 || call + 1 == calls) {
            const unsigned wanted = call % 64 + 1;
            result->recordings_bad += wanted - hear_all(fd, SAPA_MEDIA_RECORD_STATE, SAPA_RECORD_ENDED, wanted, &failed);
        }
    }
    result->recordings_bad += failed + check_recordings(calls);
    for (unsigned call = 0; call < calls; call++) {
        char path[200];
        (void)snprintf(path, sizeof(path), "%s/%u.rec", folder, call);
        (void)unlink(path);
    }
}

static struct result run_media(unsigned calls)
{
    struct result result = { .calls = calls };
    char socket_path[200], byte;
    int ready[2];
    unsigned failed = 0;

    (void)snprintf(folder, sizeof(folder), "%s/sapa-media-bench-XXXXXX", opt.folder);
    memset(leg_of_port, 0, sizeof(leg_of_port));
    if (!mkdtemp(folder) || pipe2(ready, O_CLOEXEC))
        die(folder);
    (void)snprintf(socket_path, sizeof(socket_path), "%s/media.sock", folder);
    const pid_t pid = fork();
    if (pid == 0) {
        const struct sapa_media_options options = { .socket_path = socket_path, .threads = 1, .ready_fd = ready[1],
                                                    .handle_signals = true, .port_max = 39999 };
        pin(opt.relay_cpu);
        go_normal();
        sapa_log_level(SAPA_LOG_WARN);
        _exit(sapa_media_main(&options));
    }
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1)
        die("media process");
    close(ready[0]);
    const int fd = connect_control(socket_path);
    const double idle_kb = pss_kb(pid);
    set_up(fd, calls, &failed);
    load(pid, calls, &result);
    result.kb_per_call = (result.kb_per_call - idle_kb) / calls;
    tear_down(fd, calls, &result);
    webs_close(calls);
    result.recordings_bad += failed;
    judge(&result);
    close(fd);
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    (void)unlink(socket_path);
    (void)rmdir(folder);
    tell("media", &result);
    return result;
}

/* --- the search --- */

/* The most calls that are good: steps of a fifth up, then halving. A bad run is tried once more: the machine may have had a hiccup. */
static struct result search(struct result (*run)(unsigned calls), unsigned start)
{
    struct result best = { 0 };
    double kb_per_call = 0; /* of the first run: at the limit buffers wait for the writer */
    unsigned low = 0, high = 0;

    for (unsigned calls = start; high == 0 || high - low > low / 16;) {
        struct result result = run(calls);
        if (!result.good)
            result = run(calls);
        if (result.good) {
            low = calls;
            best = result;
            best.kb_per_call = kb_per_call = kb_per_call > 0 ? kb_per_call : result.kb_per_call;
        } else {
            high = calls;
        }
        if (low == 0 && high <= 100)
            break;
        calls = high == 0 ? low + low / 5 : (low + high) / 2;
        if (calls > CALLS_MAX)
            break;
    }
    return best;
}

/* Something like speech: syllables of a voice with noise in it, so that no codec has it easy. */
static void make_frames(void)
{
    const struct sapa_encoder_options options = { .codec = SAPA_CODEC_OPUS, .fec = true };
    struct sapa_encoder *encoder;
    uint32_t seed = 1;

    if (sapa_encoder_new(&options, &encoder))
        die("opus");
    for (unsigned k = 0; k < FRAMES; k++) {
        int16_t wide[SAPA_CODER_FRAME], narrow[PAYLOAD];
        for (unsigned i = 0; i < SAPA_CODER_FRAME; i++) {
            const unsigned at = k * SAPA_CODER_FRAME + i, period = 100 + at / 1500 % 40;
            seed = seed * 1664525u + 1013904223u;
            const int pulse = (int)(at % period) < 30 ? 9000 - 600 * (int)(at % period) : -800;
            wide[i] = (int16_t)((pulse + (int)(seed >> 21) - 1024) * (int)(400 + at / 10 % 600) / 1000);
        }
        for (unsigned i = 0; i < PAYLOAD; i++)
            narrow[i] = (int16_t)((wide[2 * i] + wide[2 * i + 1]) / 2);
        opus_sizes[k] = sapa_encoder_run(encoder, wide, opus_frames[k]);
        sapa_g711_encode(SAPA_CODEC_PCMA, narrow, PAYLOAD, alaw_frames[k]);
    }
    sapa_encoder_free(encoder);
}

static int measure_mixed(void)
{
    static const char *const keys[] = { [OPUS] = "opus_calls", [CONFERENCE] = "conferences", [WEBRTC] = "webrtc_calls",
                                        [WEBRTC_OPUS] = "webrtc_opus_calls" };
    static const unsigned starts[] = { [OPUS] = 90, [CONFERENCE] = 220, [WEBRTC] = 500, [WEBRTC_OPUS] = 80 };

    make_frames();
    if (opt.kind == WEBRTC || opt.kind == WEBRTC_OPUS) {
        web_epoll = epoll_create1(EPOLL_CLOEXEC);
        if (web_epoll < 0 || sapa_srtp_init() || sapa_dtls_context_new(&web_context))
            die("browsers");
    }
    const struct result ours = opt.calls ? run_media((unsigned)opt.calls) : search(run_media, starts[opt.kind]);

    printf("{\n  \"%s\": %u,\n  \"mixed_delay_p99_ms\": %.2f,\n  \"mixed_loss\": %.6f,\n  \"mixed_core_use\": %.3f,\n"
           "  \"mixed_call_kb\": %.1f\n}\n",
           keys[opt.kind], ours.good ? ours.calls : 0, ours.p99_us / 1000.0, ours.loss,
           ours.relay_cpu, ours.kb_per_call);
    return ours.good ? 0 : 1;
}

static const char *argument(int argc, char **argv, const char *name, const char *value)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            value = argv[i + 1];
    return value;
}

int main(int argc, char **argv)
{
    char bare[4096];
    struct result ours, theirs;

    const ssize_t n = readlink("/proc/self/exe", bare, sizeof(bare) - 16);
    bare[SAPA_MAX(n, 0)] = 0;
    char *slash = strrchr(bare, '/');
    (void)snprintf(slash ? slash : bare, 16, "/bare_relay");
    opt.bare = argument(argc, argv, "--bare", bare);
    opt.folder = argument(argc, argv, "--folder", opt.folder);
    opt.relay_cpu = (int)strtol(argument(argc, argv, "--relay-cpu", "0"), NULL, 10);
    opt.load_cpu = (int)strtol(argument(argc, argv, "--load-cpu", "1"), NULL, 10);
    opt.seconds = (int)strtol(argument(argc, argv, "--seconds", "4"), NULL, 10);
    opt.calls = (int)strtol(argument(argc, argv, "--calls", "0"), NULL, 10);
    const char *kind = argument(argc, argv, "--kind", "relay");
    opt.kind = strcmp(kind, "opus") == 0          ? OPUS
               : strcmp(kind, "conference") == 0  ? CONFERENCE
               : strcmp(kind, "webrtc") == 0      ? WEBRTC
               : strcmp(kind, "webrtc_opus") == 0 ? WEBRTC_OPUS
                                                  : RELAY;
    if (opt.calls < 0 || opt.calls > CALLS_MAX || opt.seconds < 1 || opt.seconds > 60) {
        (void)fprintf(stderr, "media_bench: --calls 1..%d, --seconds 1..60\n", CALLS_MAX);
        return 2;
    }
    for (unsigned i = 0; i < PAYLOAD; i++)
        pattern[i] = (uint8_t)(i * 37 + 11);
    const struct rlimit files = { 65536, 65536 };
    (void)setrlimit(RLIMIT_NOFILE, &files);
    (void)signal(SIGPIPE, SIG_IGN);
    pin(opt.load_cpu);
    go_first();
    open_sockets();
    if (opt.kind != RELAY)
        return measure_mixed();
    if (opt.calls) {
        theirs = run_bare((unsigned)opt.calls);
        ours = run_media((unsigned)opt.calls);
    } else {
        theirs = search(run_bare, 1200);
        ours = search(run_media, 1000);
    }
    printf("{\n  \"recorded_calls\": %u,\n  \"bare_relay_calls\": %u,\n  \"recorded_vs_bare_relay\": %.3f,\n"
           "  \"recorded_vs_bare_relay_cpu\": %.3f,\n  \"media_call_kb\": %.1f,\n  \"media_delay_p50_ms\": %.2f,\n"
           "  \"media_delay_p99_ms\": %.2f,\n  \"media_loss\": %.6f,\n  \"media_core_use\": %.3f\n}\n",
           ours.good ? ours.calls : 0, theirs.good ? theirs.calls : 0,
           theirs.calls && ours.good ? (double)ours.calls / theirs.calls : 0,
           ours.relay_cpu > 0 && ours.calls ? theirs.relay_cpu / theirs.calls / (ours.relay_cpu / ours.calls) : 0,
           ours.kb_per_call, ours.p50_us / 1000.0, ours.p99_us / 1000.0, ours.loss, ours.relay_cpu);
    return ours.good ? 0 : 1;
}
