/**
 * @file media/process_fake_impl.h
 * A media process in this one, control's end of its socket, and phones with sockets on loopback: for tests.
 *
 * Room    media, tests only.
 */
#ifndef SAPA_MEDIA_PROCESS_FAKE_IMPL_H
#define SAPA_MEDIA_PROCESS_FAKE_IMPL_H

#pragma GCC diagnostic ignored "-Wunused-function" /* no test uses all of it */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <spandsp.h>

#include "base/log.h"
#include "media/g711.h"
#include "media/inband.h"
#include "media/media_process.h"
#include "media/recording.h"
#include "media/record_writer.h"
#include "media/worker.h"
#include "model/vocab.h"
#include "rt/file.h"
#include "rt/random.h"
#include "rt/thread.h"
#include "rtp/rtcp.h"
#include "rtp/rtp.h"
#include "rtp/telephone_event.h"

enum { WAIT_MS = 5000, FRAME = 160 };

static char folder[64], socket_path[96];
static struct sapa_thread *process_thread;
static int process_result;
static uint32_t epoch;

/* --- the process --- */

static void run_process(void *ctx)
{
    process_result = sapa_media_main(ctx);
}

static int start_process(void **state)
{
    static struct sapa_media_options options;
    int ready[2];
    char byte;

    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/sapa-media-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(socket_path, sizeof(socket_path), "%s/media.sock", folder);
    assert_int_equal(pipe(ready), 0);
    options = (struct sapa_media_options){ .socket_path = socket_path, .threads = 2, .ready_fd = ready[1],
                                           .port_min = (uint16_t)(12000 + getpid() % 40 * 400),
                                           .sounds_folder = folder, .recordings_folder = folder,
                                           .silent_s = 2, .consent_ms = 3000, .quality_mos_x100 = 310, .quality_window_ms = 2000 };
    options.port_max = (uint16_t)(options.port_min + 398);
    assert_int_equal(sapa_thread_start("media", -1, run_process, &options, &process_thread), SAPA_OK);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return 0;
}

static int remove_one(const char *name, const struct stat *what, int kind, struct FTW *place)
{
    (void)what;
    (void)kind;
    (void)place;
    return remove(name);
}

static int stop_process(void **state)
{
    (void)state;
    sapa_media_stop();
    sapa_thread_join(process_thread);
    assert_int_equal(process_result, 0);
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* --- control --- */

struct control {
    int fd;
    uint32_t epoch;
    unsigned inventory;          /* INVENTORY messages of the greeting */
    struct sapa_media_message last_inventory;
    uint64_t generation;
    uint8_t fingerprint[32];
    struct sapa_media_message kept[64]; /* events that came while something else was awaited */
    unsigned kept_count;
};

static bool receive(int fd, struct sapa_media_message *ret, int timeout_ms)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    size_t n, fds;

    if (poll(&wait, 1, timeout_ms) <= 0)
        return false;
    memset(ret, 0, sizeof(*ret));
    return sapa_unix_receive(fd, ret, sizeof(*ret), &n, NULL, 0, &fds) == SAPA_OK;
}

static void say(struct control *control, struct sapa_media_message *message)
{
    struct pollfd wait = { .fd = control->fd, .events = POLLOUT };
    sapa_rc rc;

    message->epoch = control->epoch;
    while ((rc = sapa_unix_send(control->fd, message, sapa_media_message_size(message), NULL, 0)) == SAPA_EAGAIN)
        assert_true(poll(&wait, 1, WAIT_MS) > 0);
    assert_int_equal(rc, SAPA_OK);
}

/* The next message of this op; others are kept for later calls. */
static struct sapa_media_message await(struct control *control, uint16_t op)
{
    struct sapa_media_message message;

    for (unsigned i = 0; i < control->kept_count; i++)
        if (control->kept[i].op == op) {
            message = control->kept[i];
            memmove(&control->kept[i], &control->kept[i + 1],
                    (--control->kept_count - i) * sizeof(control->kept[0]));
            return message;
        }
    while (receive(control->fd, &message, WAIT_MS)) {
        if (message.op == op)
            return message;
        assert_true(control->kept_count < 64);
        control->kept[control->kept_count++] = message;
    }
    fail_msg("op %u never came (%u others: first %u code %d failed %u)", op, control->kept_count,
             control->kept_count ? control->kept[0].op : 0, control->kept_count ? control->kept[0].code : 0,
             control->kept_count ? control->kept[0].failed : 0);
    return message;
}

static bool has_kept(const struct control *control, uint16_t op)
{
    for (unsigned i = 0; i < control->kept_count; i++)
        if (control->kept[i].op == op)
            return true;
    return false;
}

static void control_connect(struct control *control)
{
    *control = (struct control){ .epoch = ++epoch };
    assert_int_equal(sapa_unix_connect(socket_path, &control->fd), SAPA_OK);
}

static void control_open(struct control *control)
{
    struct sapa_media_message hello = { .op = SAPA_MEDIA_HELLO, .tag = 7 };
    struct sapa_media_message message;

    control_connect(control);
    hello.u.hello.epoch = control->epoch;
    say(control, &hello);
    message = await(control, SAPA_MEDIA_HELLO);
    assert_int_equal(message.u.hello.epoch, control->epoch);
    assert_int_equal(message.tag, 7);
    control->generation = message.u.hello.generation;
    memcpy(control->fingerprint, message.u.hello.fingerprint, sizeof(control->fingerprint));
    const unsigned legs = message.u.hello.legs;
    (void)await(control, SAPA_MEDIA_INVENTORY_END);
    while (has_kept(control, SAPA_MEDIA_INVENTORY)) {
        control->last_inventory = await(control, SAPA_MEDIA_INVENTORY);
        control->inventory++;
    }
    assert_int_equal(control->inventory, legs);
}

static void control_close(struct control *control)
{
    close(control->fd);
}

static void order(struct control *control, uint16_t op, uint64_t leg, uint64_t other)
{
    struct sapa_media_message message = { .op = op, .leg = leg, .other = other };

    say(control, &message);
}

/* Everything said before has been done: the packet threads answer in order. */
static struct sapa_media_message barrier(struct control *control)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_STATS, .tag = 99 };

    say(control, &message);
    return await(control, SAPA_MEDIA_STATS_REPLY);
}

/* --- phones --- */

struct phone {
    uint64_t leg;
    int fd, rtcp_fd;
    struct sapa_addr addr, to; /* its own; media's port for it */
    uint8_t codec, dtmf_type;
    uint16_t seq;
    uint32_t timestamp, ssrc;
};

struct packet {
    struct sapa_rtp rtp;
    uint8_t bytes[512];
    const uint8_t *payload;
};

struct phone_options {
    uint64_t leg, contact;
    uint8_t side, codec, dtmf_type, dtmf_receive, inband, keys_held;
    bool v6;
};

static void leg_set(struct control *control, const struct phone *phone, const struct phone_options *options)
{
    struct sapa_media_message set = { .op = SAPA_MEDIA_LEG_SET, .leg = phone->leg, .contact = options->contact };

    set.u.leg.remote = sapa_media_of_addr(&phone->addr);
    set.u.leg.codec = phone->codec;
    set.u.leg.dtmf_type = phone->dtmf_type;
    set.u.leg.dtmf_receive = options->dtmf_receive;
    set.u.leg.dtmf_inband = options->inband;
    set.u.leg.keys_held = options->keys_held;
    set.u.leg.direction = SAPA_MEDIA_SEND | SAPA_MEDIA_RECEIVE;
    set.u.leg.side = options->side;
    set.u.leg.generation = 5;
    say(control, &set);
}

static void phone_open(struct control *control, struct phone *phone, const struct phone_options *options)
{
    struct sapa_media_message open = { .op = SAPA_MEDIA_LEG_OPEN, .leg = options->leg, .contact = options->contact,
                                       .tag = (uint32_t)options->leg };
    struct sapa_media_message opened;
    struct sapa_addr local;

    *phone = (struct phone){ .leg = options->leg, .codec = options->codec, .dtmf_type = options->dtmf_type,
                             .seq = (uint16_t)sapa_random_u64(), .timestamp = (uint32_t)sapa_random_u64(),
                             .ssrc = (uint32_t)sapa_random_u64() };
    assert_int_equal(sapa_addr_parse(sapa_str_of(options->v6 ? "::1" : "127.0.0.1"), 0, &local), SAPA_OK);
    assert_int_equal(sapa_udp_open(&local, NULL, &phone->fd), SAPA_OK);
    assert_int_equal(sapa_udp_open(&local, NULL, &phone->rtcp_fd), SAPA_OK);
    assert_int_equal(sapa_socket_local(phone->fd, &phone->addr), SAPA_OK);
    open.u.leg.local = sapa_media_of_addr(&local);
    open.u.leg.codec = options->codec;
    open.u.leg.side = options->side;
    say(control, &open);
    opened = await(control, SAPA_MEDIA_LEG_OPENED);
    assert_int_equal(opened.code, 0);
    assert_int_equal(opened.tag, options->leg);
    assert_int_equal(opened.leg, options->leg);
    assert_int_equal(opened.u.leg.local.port % 2, 0);
    phone->to = sapa_addr_of_media(&opened.u.leg.local);
    leg_set(control, phone, options);
}

static void phone_close(struct phone *phone)
{
    close(phone->fd);
    close(phone->rtcp_fd);
}

static void send_from(int fd, struct phone *phone, uint8_t type, uint32_t timestamp, const void *payload, size_t n)
{
    uint8_t bytes[512];

    sapa_rtp_put_head(bytes, false, type, phone->seq++, timestamp, phone->ssrc);
    memcpy(bytes + SAPA_RTP_HEAD, payload, n);
    assert_int_equal(sapa_udp_send_one(fd, &phone->to, bytes, SAPA_RTP_HEAD + n), SAPA_OK);
}

static void phone_send(struct phone *phone, const uint8_t *octets)
{
    send_from(phone->fd, phone, phone->codec, phone->timestamp, octets, FRAME);
    phone->timestamp += FRAME;
}

static bool phone_receive(struct phone *phone, struct packet *packet, int timeout_ms)
{
    struct pollfd wait = { .fd = phone->fd, .events = POLLIN };

    if (poll(&wait, 1, timeout_ms) <= 0)
        return false;
    const ssize_t n = recv(phone->fd, packet->bytes, sizeof(packet->bytes), 0);
    assert_true(n >= SAPA_RTP_HEAD);
    assert_int_equal(sapa_rtp_parse(packet->bytes, (size_t)n, &packet->rtp), SAPA_OK);
    packet->payload = packet->bytes + packet->rtp.payload_at;
    return true;
}

/* Both are opened; a pattern tells frames of a phone apart. */
static void fill(uint8_t *octets, unsigned phone, unsigned frame)
{
    for (unsigned i = 0; i < FRAME; i++)
        octets[i] = (uint8_t)(phone * 97 + frame * 31 + i * 7);
}

static void wait_ms(int ms)
{
    (void)poll(NULL, 0, ms);
}

struct call {
    struct phone customer, agent;
    uint64_t contact;
};

static uint64_t next_id = 100;

static void call_open(struct control *control, struct call *call, uint8_t codec_customer, uint8_t codec_agent)
{
    call->contact = next_id++;
    const struct phone_options customer = { .leg = next_id++, .contact = call->contact, .codec = codec_customer,
                                            .side = SAPA_SIDE_CUSTOMER, .dtmf_type = 101 };
    const struct phone_options agent = { .leg = next_id++, .contact = call->contact, .codec = codec_agent,
                                         .side = SAPA_SIDE_AGENT, .dtmf_type = 96 };
    phone_open(control, &call->customer, &customer);
    phone_open(control, &call->agent, &agent);
    order(control, SAPA_MEDIA_BRIDGE, customer.leg, agent.leg);
    (void)barrier(control);
}

static struct sapa_media_message call_close(struct control *control, struct call *call)
{
    struct sapa_media_message closed;

    order(control, SAPA_MEDIA_LEG_CLOSE, call->customer.leg, 0);
    order(control, SAPA_MEDIA_LEG_CLOSE, call->agent.leg, 0);
    closed = await(control, SAPA_MEDIA_LEG_CLOSED);
    if (closed.leg == call->customer.leg)
        (void)await(control, SAPA_MEDIA_LEG_CLOSED);
    else
        closed = await(control, SAPA_MEDIA_LEG_CLOSED);
    phone_close(&call->customer);
    phone_close(&call->agent);
    return closed;
}

#endif
