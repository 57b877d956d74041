#include "media/media_process.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/table.h"
#include "ice/lite.h"
#include "media/check.h"
#include "media/coder.h"
#include "media/g711.h"
#include "media/plugin.h"
#include "media/resample.h"
#include "media/worker.h"
#include "rt/dtls.h"
#include "rt/process.h"
#include "rt/random.h"
#include "rt/thread.h"
#include "rt/udp_batch.h"

enum {
    CONNECTIONS_MAX = 4,
    OUT_MAX = 16384,          /* messages waiting for a control that does not read; then it is dropped */
    MISSED_MAX = 1024,        /* events kept for the next control */
    WORKERS_MAX = 64,
    EVENTS_SIZE = 256 << 10,
    WRITER_SIZE = 256 << 10,
    RECEIVE_BATCH = 64,       /* messages of one connection a turn */
    PUT_TRIES = 500,          /* of 1 ms, when a packet thread is behind */
    DSCP_EF = 46,
    TIDY_US = 1000000,
    STOP_WAIT_US = 5 * 1000000,
    FRAMES_LONGEST = 24 * 3600 * SAPA_RECORDING_RATE
};

struct queued {
    struct queued *next;
    size_t size;
    uint8_t bytes[];
};

struct queue {
    struct queued *first, **last;
    uint32_t count;
};

struct process;

struct connection {
    struct process *process;
    int fd;
    struct sapa_watch watch;
    bool greeted;
    uint32_t epoch;
    struct queue out;
};

struct leg_row {
    uint64_t id, contact;
    uint32_t worker;
    uint8_t codec;
    bool is_web;
    uint32_t home;                   /* WebRTC: the worker that reads its port */
};

struct recording_row {
    uint64_t id, contact;
    uint32_t worker;
};

struct process {
    struct sapa_media_options options;
    struct sapa_loop *loop;
    struct sapa_mailbox *events;
    struct sapa_record_writer *writer;
    struct sapa_worker *workers[WORKERS_MAX];
    unsigned worker_count;
    struct sapa_sounds *sounds;
    int listener;
    struct sapa_watch listen_watch;
    struct sapa_timer tidy, stop_timer;
    bool stopping, finishing;
    struct sapa_signals *signals;
    struct connection connections[CONNECTIONS_MAX];
    struct connection *in_charge;    /* NULL: nobody */
    uint32_t epoch;                  /* highest seen */
    uint64_t generation;
    struct sapa_table legs, recordings;
    struct sapa_port_range ports;
    struct sapa_dtls_context *dtls;
    struct sapa_web_port *web_ports[WORKERS_MAX][SAPA_WORKER_WEB_PORTS_MAX]; /* the workers' */
    struct queue missed;             /* for the next control */
    unsigned moving;                 /* legs between two threads; nothing is read from control meanwhile */
    uint64_t inventory_mark;
    unsigned inventory_left;         /* workers that are not through; 0: none is being taken */
    uint32_t inventory_tag;
    unsigned stats_left;
    struct sapa_media_message stats;
    uint32_t delays[SAPA_WORKER_DELAYS];
    uint64_t bytes_recorded;
};

static _Atomic(struct sapa_loop *) running;

/* --- queues of messages --- */

static void queue_init(struct queue *queue)
{
    *queue = (struct queue){ 0 };
    queue->last = &queue->first;
}

static bool queue_add(struct queue *queue, const void *data, size_t size)
{
    struct queued *item = malloc(sizeof(*item) + size);

    if (!item)
        return false;
    item->next = NULL;
    item->size = size;
    memcpy(item->bytes, data, size);
    *queue->last = item;
    queue->last = &item->next;
    queue->count++;
    return true;
}

static void queue_drop_first(struct queue *queue)
{
    struct queued *item = queue->first;

    queue->first = item->next;
    if (!queue->first)
        queue->last = &queue->first;
    queue->count--;
    free(item);
}

static void queue_clear(struct queue *queue)
{
    while (queue->first)
        queue_drop_first(queue);
}

/* --- towards control --- */

static void connection_close(struct connection *connection)
{
    struct process *process = connection->process;

    if (connection->fd < 0)
        return;
    sapa_watch_stop(process->loop, &connection->watch);
    sapa_fd_close(connection->fd);
    connection->fd = -1;
    queue_clear(&connection->out);
    if (process->in_charge == connection) {
        process->in_charge = NULL;
        if (process->stopping)
            sapa_loop_stop(process->loop);
        process->inventory_left = 0;
        process->stats_left = 0;
        sapa_log(SAPA_LOG_WARN, "media.control.gone", "epoch=%u legs=%u", connection->epoch, process->legs.count);
    }
}

static void connection_flush(struct connection *connection)
{
    while (connection->out.first) {
        const struct queued *item = connection->out.first;
        const sapa_rc rc = sapa_unix_send(connection->fd, item->bytes, item->size, NULL, 0);
        if (rc == SAPA_EAGAIN)
            break;
        if (rc) {
            connection_close(connection);
            return;
        }
        queue_drop_first(&connection->out);
    }
    sapa_watch_set(connection->process->loop, &connection->watch,
                   SAPA_LOOP_READ | (connection->out.first ? SAPA_LOOP_WRITE : 0));
}

static void say(struct connection *connection, const struct sapa_media_message *message)
{
    if (!connection || connection->fd < 0)
        return;
    if (connection->out.count >= OUT_MAX ||
        !queue_add(&connection->out, message, sapa_media_message_size(message))) {
        sapa_log(SAPA_LOG_ERROR, "media.control.slow", "waiting=%u", connection->out.count);
        connection_close(connection);
        return;
    }
    if (connection->out.count == 1)
        connection_flush(connection);
}

/* What nobody hears now and the next control must know. */
static bool is_worth_keeping(const struct sapa_media_message *message)
{
    switch (message->op) {
    case SAPA_MEDIA_RECORD_STATE:
    case SAPA_MEDIA_PLAY_DONE:
    case SAPA_MEDIA_DIGIT:
    case SAPA_MEDIA_LEG_CLOSED:
    case SAPA_MEDIA_QUALITY:
        return true;
    default:
        return false;
    }
}

static void tell(struct process *process, const struct sapa_media_message *message)
{
    if (process->in_charge) {
        say(process->in_charge, message);
    } else if (is_worth_keeping(message)) {
        if (process->missed.count >= MISSED_MAX)
            queue_drop_first(&process->missed);
        (void)queue_add(&process->missed, message, sapa_media_message_size(message));
    }
}

static void refuse(struct connection *connection, const struct sapa_media_message *about, sapa_rc rc)
{
    struct sapa_media_message answer = { .op = SAPA_MEDIA_ERROR, .code = (int16_t)rc, .failed = about->op,
                                         .tag = about->tag, .contact = about->contact, .leg = about->leg,
                                         .other = about->other, .recording = about->recording };

    if (about->op == SAPA_MEDIA_LEG_OPEN)
        answer.op = SAPA_MEDIA_LEG_OPENED;
    say(connection, &answer);
}

/* --- towards the packet threads --- */

static unsigned worker_of(const struct process *process, uint64_t contact)
{
    uint64_t x = contact + 0x9e3779b97f4a7c15u; /* splitmix64: ids count up, threads should not */

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return (unsigned)((x ^ x >> 31) % process->worker_count);
}

/* A packet thread that is behind makes control wait, not the other way round. */
static sapa_rc put(struct process *process, unsigned worker, uint32_t type, const void *data, size_t size)
{
    sapa_rc rc = sapa_worker_put(process->workers[worker], type, data, size);

    for (int i = 0; rc == SAPA_ELIMIT && i < PUT_TRIES; i++) {
        sapa_udp_set_tick(sapa_mono_us() + 1000);
        rc = sapa_worker_put(process->workers[worker], type, data, size);
    }
    if (rc)
        sapa_log(SAPA_LOG_ERROR, "media.worker.full", "worker=%u type=%u", worker, type);
    return rc;
}

static void put_all(struct process *process, uint32_t type, const void *data, size_t size)
{
    for (unsigned i = 0; i < process->worker_count; i++)
        (void)put(process, i, type, data, size);
}

static void release_player(struct process *process, struct sapa_player *player)
{
    for (unsigned i = 0; i < player->count; i++)
        sapa_sounds_release(process->sounds, player->sounds[i]);
    free(player);
}

static void release_spent(struct process *process)
{
    for (unsigned i = 0; i < process->worker_count; i++) {
        struct sapa_player *player = sapa_worker_spent(process->workers[i]);
        while (player) {
            struct sapa_player *next = player->next;
            release_player(process, player);
            player = next;
        }
    }
}

/* --- addresses --- */

struct sapa_addr sapa_addr_of_media(const struct sapa_media_address *address)
{
    struct sapa_addr addr = { 0 };

    if (address->family == 4) {
        addr.v4.sin_family = AF_INET;
        memcpy(&addr.v4.sin_addr, address->address, 4);
        addr.v4.sin_port = htons(address->port);
    } else if (address->family == 6) {
        addr.v6.sin6_family = AF_INET6;
        memcpy(&addr.v6.sin6_addr, address->address, 16);
        addr.v6.sin6_port = htons(address->port);
    }
    return addr;
}

struct sapa_media_address sapa_media_of_addr(const struct sapa_addr *addr)
{
    struct sapa_media_address address = { .port = sapa_addr_port(addr) };

    if (addr->any.sa_family == AF_INET) {
        address.family = 4;
        memcpy(address.address, &addr->v4.sin_addr, 4);
    } else if (addr->any.sa_family == AF_INET6) {
        address.family = 6;
        memcpy(address.address, &addr->v6.sin6_addr, 16);
    }
    return address;
}

/* --- operations --- */

static void hello(struct process *process, struct connection *connection, const struct sapa_media_message *message)
{
    struct sapa_media_message answer = { .op = SAPA_MEDIA_HELLO, .tag = message->tag, .epoch = message->u.hello.epoch };

    if (process->in_charge && process->in_charge != connection) {
        const struct sapa_media_message fenced = { .op = SAPA_MEDIA_FENCED, .epoch = message->u.hello.epoch };
        say(process->in_charge, &fenced);
    }
    process->epoch = message->u.hello.epoch;
    process->in_charge = connection;
    connection->greeted = true;
    connection->epoch = process->epoch;
    sapa_log(SAPA_LOG_INFO, "media.control.hello", "epoch=%u legs=%u recordings=%u", process->epoch,
             process->legs.count, process->recordings.count);
    answer.u.hello.epoch = process->epoch;
    answer.u.hello.generation = process->generation;
    answer.u.hello.legs = process->legs.count;
    answer.u.hello.version = SAPA_MEDIA_VERSION;
    memcpy(answer.u.hello.fingerprint, sapa_dtls_fingerprint(process->dtls), sizeof(answer.u.hello.fingerprint));
    for (size_t i = 0; sapa_codec_at(i); i++)
        answer.u.hello.codecs |= (uint64_t)sapa_coder_can(sapa_codec_at(i)->id) << i;
    say(connection, &answer);
    process->inventory_mark++;
    process->inventory_left = process->worker_count;
    process->inventory_tag = message->tag;
    put_all(process, SAPA_WORKER_INVENTORY, &process->inventory_mark, sizeof(process->inventory_mark));
}

static void on_inventory_done(struct process *process, uint64_t mark)
{
    const struct sapa_media_message end = { .op = SAPA_MEDIA_INVENTORY_END, .tag = process->inventory_tag };

    if (mark != process->inventory_mark || process->inventory_left == 0 || --process->inventory_left > 0)
        return;
    tell(process, &end);
    while (process->in_charge && process->missed.first) {
        struct sapa_media_message message = { 0 };
        memcpy(&message, process->missed.first->bytes, process->missed.first->size);
        queue_drop_first(&process->missed);
        say(process->in_charge, &message);
    }
}

static sapa_rc open_plain(struct process *process, const struct sapa_media_message *message, struct sapa_addr *local,
                          struct sapa_leg **ret_leg)
{
    const struct sapa_udp_opts udp = { .dscp = DSCP_EF };
    uint16_t port;
    int fds[2];

    sapa_rc rc = sapa_udp_open_pair(local, &process->ports, &udp, fds, &port);
    if (rc)
        return rc;
    sapa_addr_set_port(local, port);
    rc = sapa_leg_new(message, fds, local, ret_leg);
    if (rc) {
        sapa_fd_close(fds[0]);
        sapa_fd_close(fds[1]);
    }
    return rc;
}

/* The shared port of this thread on `local`: there already, or made now. */
static sapa_rc need_web_port(struct process *process, unsigned worker, const struct sapa_addr *local,
                             struct sapa_web_port **ret_port)
{
    struct sapa_web_port **ports = process->web_ports[worker], *port;
    unsigned n = 0;

    for (; n < SAPA_WORKER_WEB_PORTS_MAX && ports[n]; n++)
        if (sapa_addr_same_host(sapa_web_port_local(ports[n]), local)) {
            *ret_port = ports[n];
            return SAPA_OK;
        }
    if (n == SAPA_WORKER_WEB_PORTS_MAX)
        return SAPA_ELIMIT;
    sapa_rc rc = sapa_web_port_new(local, &process->ports, process->workers[worker], &port);
    if (rc)
        return rc;
    rc = put(process, worker, SAPA_WORKER_WEB_PORT, &port, sizeof(port));
    if (rc) {
        sapa_web_port_free(port);
        return rc;
    }
    ports[n] = *ret_port = port;
    char text[SAPA_ADDR_TEXT_MAX];
    sapa_log(SAPA_LOG_INFO, "media.web.port", "worker=%u local=%s", worker,
             sapa_addr_print(sapa_web_port_local(port), text, sizeof(text)));
    return SAPA_OK;
}

/* Its home, before anything of it can come in. */
static sapa_rc name_web(struct process *process, unsigned home, const struct sapa_media_message *message)
{
    const struct sapa_worker_web order = { .leg = message->leg, .contact = message->contact, .op = message->op,
                                           .tag = message->tag,
                                           .name = sapa_ice_key(sapa_str_of(message->u.leg.ice_ufrag)) };

    return order.name ? put(process, home, SAPA_WORKER_WEB_NAME, &order, sizeof(order)) : SAPA_OK;
}

static void forget_web(struct process *process, const struct leg_row *row)
{
    const struct sapa_worker_web order = { .leg = row->id };

    if (row->is_web && !process->finishing)
        (void)put(process, row->home, SAPA_WORKER_WEB_GONE, &order, sizeof(order));
}

static sapa_rc open_web(struct process *process, const struct sapa_media_message *message, struct sapa_addr *local,
                        struct sapa_leg **ret_leg)
{
    const unsigned worker = worker_of(process, message->contact);
    struct sapa_web_port *port;

    sapa_rc rc = need_web_port(process, worker, local, &port);
    if (rc == SAPA_OK)
        rc = sapa_leg_new_web(message, port, process->dtls, ret_leg);
    if (rc)
        return rc;
    *local = *sapa_web_port_local(port);
    return SAPA_OK;
}

static sapa_rc open_leg(struct process *process, const struct sapa_media_message *message,
                        struct sapa_media_message *answer)
{
    struct sapa_addr local = sapa_addr_of_media(&message->u.leg.local);
    struct leg_row *row;
    struct sapa_leg *leg;

    if (sapa_table_find(&process->legs, message->leg))
        return SAPA_EEXIST;
    if (process->legs.count >= process->options.legs_max)
        return SAPA_ELIMIT;
    sapa_addr_set_port(&local, 0);
    sapa_rc rc = message->u.leg.webrtc ? open_web(process, message, &local, &leg) : open_plain(process, message, &local, &leg);
    if (rc)
        return rc;
    rc = sapa_table_add(&process->legs, message->leg, &row);
    if (rc) {
        sapa_leg_free(leg);
        return rc;
    }
    row->contact = message->contact;
    row->worker = row->home = worker_of(process, message->contact);
    row->codec = message->u.leg.codec;
    row->is_web = message->u.leg.webrtc;
    if (row->is_web)
        rc = name_web(process, row->home, message);
    if (rc) {
        sapa_table_remove(&process->legs, row);
        sapa_leg_free(leg);
        return rc;
    }
    rc = put(process, row->worker, SAPA_WORKER_LEG_OPEN, &leg, sizeof(leg));
    if (rc) {
        forget_web(process, row);
        sapa_table_remove(&process->legs, row);
        sapa_leg_free(leg);
        return rc;
    }
    answer->u.leg.local = sapa_media_of_addr(&local);
    return SAPA_OK;
}

static void leg_open(struct process *process, struct connection *connection,
                     const struct sapa_media_message *message)
{
    struct sapa_media_message answer = { .op = SAPA_MEDIA_LEG_OPENED, .tag = message->tag,
                                         .contact = message->contact, .leg = message->leg };

    answer.u.leg.generation = message->u.leg.generation;
    answer.u.leg.side = message->u.leg.side;
    const sapa_rc rc = open_leg(process, message, &answer);
    if (rc) {
        sapa_log(SAPA_LOG_WARN, "media.leg.refused", "leg=%llu rc=%s", (unsigned long long)message->leg,
                 sapa_rc_name(rc));
        refuse(connection, message, rc);
    } else {
        say(connection, &answer);
    }
}

static sapa_rc leg_set(struct process *process, struct leg_row *row, const struct sapa_media_message *message)
{
    const struct sapa_addr remote = sapa_addr_of_media(&message->u.leg.remote);
    struct sapa_worker_set set = { .message = *message };

    if (sapa_addr_is_set(&remote) && sapa_addr_is_multicast(&remote))
        return SAPA_EINVAL;
    if (message->u.leg.codec != SAPA_CODEC_NONE && !sapa_coder_can(message->u.leg.codec))
        return SAPA_ENOENT; /* its plug-in was not loaded */
    if (row->is_web != (message->u.leg.webrtc != 0))
        return SAPA_ESTATE;
    if (row->is_web) {
        const sapa_rc rc = name_web(process, row->home, message);
        if (rc)
            return rc;
    }
    row->codec = message->u.leg.codec;
    if (message->u.leg.dtmf_inband) {
        const sapa_rc rc = sapa_inband_new(&set.inband);
        if (rc)
            return rc;
    }
    if (message->u.leg.srtp) {
        const sapa_rc rc = sapa_srtp_new(message->u.leg.srtp, message->u.leg.srtp_send, message->u.leg.srtp_receive, &set.srtp);
        if (rc) {
            sapa_inband_free(set.inband);
            return rc;
        }
    }
    const sapa_rc rc = put(process, row->worker, SAPA_WORKER_LEG_SET, &set,
                           offsetof(struct sapa_worker_set, message) + sapa_media_message_size(message));
    if (rc) {
        sapa_inband_free(set.inband);
        sapa_srtp_free(set.srtp);
    }
    return rc;
}

static uint64_t key_of_files(const struct sapa_media_message *message)
{
    uint64_t key = 0xcbf29ce484222325u; /* FNV-1a */

    for (unsigned i = 0; i < message->u.play.file_count; i++)
        for (const char *c = message->u.play.files[i];; c++) {
            key = (key ^ (uint8_t)*c) * 0x100000001b3u;
            if (!*c)
                break;
        }
    return key;
}

static sapa_rc play(struct process *process, const struct leg_row *row, const struct sapa_media_message *message)
{
    struct sapa_worker_play order = { .leg = message->leg, .tag = message->tag };
    sapa_rc rc = SAPA_OK;

    release_spent(process);
    order.how = (uint8_t)message->code;
    order.player = calloc(1, sizeof(*order.player));
    if (!order.player)
        return SAPA_ENOMEM;
    order.player->play = message->u.play.play;
    order.player->loop = message->u.play.loop;
    order.player->key = key_of_files(message);
    for (unsigned i = 0; i < message->u.play.file_count && rc == SAPA_OK; i++) {
        const char *name = message->u.play.files[i];
        if (!sapa_media_path_is_good(name, SAPA_MEDIA_PATH_MAX, process->options.sounds_folder))
            rc = SAPA_EDENIED;
        else
            rc = sapa_sounds_hold(process->sounds, name, row->codec, &order.player->sounds[i]);
        if (rc == SAPA_OK)
            order.player->count++;
        else
            sapa_log(SAPA_LOG_WARN, "media.play.refused", "rc=%s file=%s", sapa_rc_name(rc), name);
    }
    if (rc == SAPA_OK)
        rc = put(process, row->worker, SAPA_WORKER_PLAY, &order, sizeof(order));
    if (rc)
        release_player(process, order.player);
    return rc;
}

static void play_or_say_why(struct process *process, struct connection *connection, const struct leg_row *row,
                            const struct sapa_media_message *message)
{
    struct sapa_media_message done = { .op = SAPA_MEDIA_PLAY_DONE, .tag = message->tag, .contact = message->contact,
                                       .leg = message->leg };
    const sapa_rc rc = play(process, row, message);

    if (rc == SAPA_OK)
        return;
    done.code = (int16_t)rc;
    done.u.play.play = message->u.play.play;
    say(connection, &done);
}

static sapa_rc record(struct process *process, const struct sapa_media_message *message)
{
    struct sapa_worker_record order = { .recording = message->recording, .contact = message->contact,
                                        .tag = message->tag, .frames_max = FRAMES_LONGEST };
    struct sapa_record_params params = { .recording = message->recording, .contact = message->contact };
    struct recording_row *row;

    if (sapa_table_find(&process->recordings, message->recording))
        return SAPA_EEXIST;
    if (process->recordings.count >= process->options.recordings_max)
        return SAPA_ELIMIT;
    if (!sapa_media_path_is_good(message->u.record.path, SAPA_MEDIA_PATH_MAX, process->options.recordings_folder))
        return SAPA_EDENIED;
    if (message->u.record.max_ms)
        order.frames_max = SAPA_MIN(order.frames_max, (uint64_t)message->u.record.max_ms * 8);
    order.channels = message->u.record.kind == 1 ? 1 : 2;
    order.beep_s = message->u.record.beep_s;
    (void)sapa_str_copy(sapa_str_of(message->u.record.path), params.path, sizeof(params.path));
    memcpy(params.key.bytes, message->u.record.key, sizeof(params.key.bytes));
    params.head = (struct sapa_recording_head){ .channels = order.channels,
                                                .frames_per_chunk = SAPA_RECORDING_FRAMES,
                                                .start_us = sapa_wall_us(),
                                                .wrapped_size = message->u.record.wrapped_size };
    memcpy(params.head.wrapped, message->u.record.wrapped, message->u.record.wrapped_size);
    sapa_rc rc = sapa_table_add(&process->recordings, message->recording, &row);
    if (rc == SAPA_OK) {
        row->contact = message->contact;
        row->worker = worker_of(process, message->contact);
        rc = sapa_record_writer_open(process->writer, &params, &order.file);
        if (rc == SAPA_OK && put(process, row->worker, SAPA_WORKER_RECORD, &order, sizeof(order))) {
            const struct sapa_record_end cut = { .end = SAPA_RECORDING_CUT };
            (void)!sapa_record_writer_end(process->writer, order.file, &cut);
            rc = SAPA_ELIMIT;
        }
        if (rc)
            sapa_table_remove(&process->recordings, row);
    }
    sapa_wipe(&params, sizeof(params));
    return rc;
}

static void ask_stats(struct process *process, struct connection *connection,
                      const struct sapa_media_message *message)
{
    if (process->stats_left > 0) {
        refuse(connection, message, SAPA_EAGAIN);
        return;
    }
    process->stats = (struct sapa_media_message){ .op = SAPA_MEDIA_STATS_REPLY, .tag = message->tag };
    memset(process->delays, 0, sizeof(process->delays));
    process->stats_left = process->worker_count;
    put_all(process, SAPA_WORKER_OP, message, sapa_media_message_size(message));
}

static uint32_t percentile(const uint32_t *delays, uint64_t total, unsigned percent)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < SAPA_WORKER_DELAYS; i++) {
        sum += delays[i];
        if (sum > 0 && sum * 100 >= total * percent)
            return (i + 1) * 125;
    }
    return 0;
}

static void on_stats(struct process *process, const struct sapa_worker_stats *stats)
{
    struct sapa_media_message *sum = &process->stats;
    uint64_t total = 0;

    if (process->stats_left == 0)
        return;
    sum->u.stats.legs += stats->legs;
    sum->u.stats.bridges += stats->bridges;
    sum->u.stats.recordings += stats->recordings;
    sum->u.stats.packets_in += stats->packets_in;
    sum->u.stats.packets_out += stats->packets_out;
    sum->u.stats.packets_dropped += stats->packets_dropped;
    sum->u.stats.delay_max_us = SAPA_MAX(sum->u.stats.delay_max_us, stats->delay_max_us);
    for (size_t i = 0; i < SAPA_WORKER_DELAYS; i++)
        process->delays[i] += stats->delays[i];
    if (--process->stats_left > 0)
        return;
    for (size_t i = 0; i < SAPA_WORKER_DELAYS; i++)
        total += process->delays[i];
    sum->u.stats.threads = process->worker_count;
    sum->u.stats.bytes_recorded = process->bytes_recorded;
    sum->u.stats.delay_p50_us = percentile(process->delays, total, 50);
    sum->u.stats.delay_p99_us = percentile(process->delays, total, 99);
    tell(process, sum);
}

/* What comes after it about this leg must find it there: control is not read until it is (a turn of the thread it leaves). */
static sapa_rc leg_move(struct process *process, struct leg_row *row, const struct sapa_media_message *message)
{
    const unsigned to = worker_of(process, message->contact);
    const struct sapa_worker_move move = { .leg = message->leg, .contact = message->contact, .tag = message->tag,
                                           .away = to != row->worker };
    const sapa_rc rc = put(process, row->worker, SAPA_WORKER_LEG_MOVE, &move, sizeof(move));

    if (rc)
        return rc;
    row->contact = message->contact;
    row->worker = to;
    process->moving += move.away;
    return SAPA_OK;
}

/* A checked message of the one in charge. */
static void operate(struct process *process, struct connection *connection,
                    const struct sapa_media_message *message)
{
    struct leg_row *row = sapa_table_find(&process->legs, message->leg);
    const struct leg_row *other = sapa_table_find(&process->legs, message->other);
    const struct recording_row *recording = sapa_table_find(&process->recordings, message->recording);
    sapa_rc rc = SAPA_OK;

    switch (message->op) {
    case SAPA_MEDIA_LEG_OPEN:
        leg_open(process, connection, message);
        return;
    case SAPA_MEDIA_STATS:
        ask_stats(process, connection, message);
        return;
    case SAPA_MEDIA_LIMITS:
        sapa_log(SAPA_LOG_INFO, "media.limits", "quality_mos_x100=%u quality_window_ms=%u",
                 message->u.limits.quality_mos_x100, message->u.limits.quality_window_ms);
        put_all(process, SAPA_WORKER_OP, message, sapa_media_message_size(message));
        return;
    case SAPA_MEDIA_RECORD:
        rc = record(process, message);
        break;
    case SAPA_MEDIA_RECORD_PAUSE:
    case SAPA_MEDIA_RECORD_RESUME:
    case SAPA_MEDIA_RECORD_END:
        rc = recording ? put(process, recording->worker, SAPA_WORKER_OP, message, sapa_media_message_size(message))
                       : SAPA_ENOENT;
        break;
    default:
        if (!row || (message->op == SAPA_MEDIA_BRIDGE && !other))
            rc = SAPA_ENOENT;
        else if (message->op == SAPA_MEDIA_LEG_SET)
            rc = leg_set(process, row, message);
        else if (message->op == SAPA_MEDIA_LEG_MOVE)
            rc = leg_move(process, row, message);
        else if (message->op == SAPA_MEDIA_PLAY)
            play_or_say_why(process, connection, row, message);
        else if (message->op == SAPA_MEDIA_BRIDGE && other->worker != row->worker)
            rc = SAPA_ESTATE; /* of two contacts on two threads */
        else
            rc = put(process, row->worker, SAPA_WORKER_OP, message, sapa_media_message_size(message));
    }
    if (rc)
        refuse(connection, message, rc);
}

static void on_leg_moved(struct process *process, struct sapa_leg *leg)
{
    struct leg_row *row = leg ? sapa_table_find(&process->legs, sapa_leg_id(leg)) : NULL;

    process->moving--;
    if (row && leg && row->is_web) {
        const struct sapa_worker_web order = { .leg = row->id, .at = process->workers[row->worker] };
        (void)put(process, row->home, SAPA_WORKER_WEB_AT, &order, sizeof(order));
    }
    if (!leg || (row && put(process, row->worker, SAPA_WORKER_LEG_OPEN, &leg, sizeof(leg)) == SAPA_OK))
        return;
    const struct sapa_media_message lost = { .op = SAPA_MEDIA_ERROR, .failed = SAPA_MEDIA_LEG_MOVE, .code = SAPA_ELIMIT,
                                             .leg = sapa_leg_id(leg), .contact = row ? row->contact : 0 };
    tell(process, &lost);
    if (row) {
        forget_web(process, row);
        sapa_table_remove(&process->legs, row);
    }
    sapa_leg_free(leg);
}

static void on_bytes(struct process *process, struct connection *connection, const void *bytes, size_t size)
{
    struct sapa_media_message message;
    const sapa_rc rc = sapa_media_check(bytes, size, &message);

    if (rc) {
        sapa_log(SAPA_LOG_WARN, "media.control.malformed", "op=%u size=%zu", message.op, size);
        refuse(connection, &message, rc);
        return;
    }
    const uint32_t epoch = message.op == SAPA_MEDIA_HELLO ? message.u.hello.epoch : message.epoch;
    if (epoch < process->epoch || (message.op != SAPA_MEDIA_HELLO && connection != process->in_charge &&
                                   connection->greeted)) {
        const struct sapa_media_message fenced = { .op = SAPA_MEDIA_FENCED, .tag = message.tag,
                                                   .failed = message.op, .epoch = process->epoch };
        say(connection, &fenced);
        return;
    }
    if (message.op == SAPA_MEDIA_HELLO)
        hello(process, connection, &message);
    else if (!connection->greeted || epoch != connection->epoch)
        refuse(connection, &message, SAPA_ESTATE);
    else
        operate(process, connection, &message);
    sapa_wipe(&message, sizeof(message)); /* it may hold a key */
}

static void on_readable(void *ctx, int fd, unsigned events)
{
    struct connection *connection = ctx;
    struct sapa_media_message buf;

    if (events & SAPA_LOOP_WRITE)
        connection_flush(connection);
    for (int i = 0; i < RECEIVE_BATCH && connection->fd == fd && connection->process->moving == 0; i++) {
        size_t size, fds = 0;
        const sapa_rc rc = sapa_unix_receive(fd, &buf, sizeof(buf), &size, NULL, 0, &fds);
        if (rc == SAPA_EAGAIN)
            return;
        if (rc == SAPA_ELIMIT)
            continue;
        if (rc) {
            connection_close(connection);
            return;
        }
        on_bytes(connection->process, connection, &buf, size);
    }
}

static void on_connect(void *ctx, int fd, unsigned events)
{
    struct process *process = ctx;
    struct connection *connection = NULL;
    int peer;

    (void)events;
    if (sapa_unix_accept(fd, &peer))
        return;
    /* A free place, or that of one who is not in charge: whoever comes last may be the next control. */
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *candidate = &process->connections[i];
        if (candidate != process->in_charge && (!connection || connection->fd >= 0))
            connection = candidate;
    }
    if (connection->fd >= 0) {
        sapa_log(SAPA_LOG_WARN, "media.control.dropped", "epoch=%u connections=%d", connection->epoch,
                 CONNECTIONS_MAX);
        connection_close(connection);
    }
    *connection = (struct connection){ .process = process, .fd = peer };
    queue_init(&connection->out);
    if (sapa_watch_start(process->loop, &connection->watch, peer, SAPA_LOOP_READ, on_readable, connection))
        connection_close(connection);
}

/* --- what the threads say --- */

static void on_record_event(struct process *process, const struct sapa_record_event *event)
{
    const struct recording_row *row = sapa_table_find(&process->recordings, event->recording);
    struct sapa_media_message message = { .op = SAPA_MEDIA_RECORD_STATE, .code = event->rc,
                                          .contact = event->contact, .recording = event->recording };

    message.u.record_state.state = event->state;
    message.u.record_state.recorded_ms = event->recorded_ms;
    message.u.record_state.masked_ms = event->masked_ms;
    message.u.record_state.bytes = event->bytes;
    memcpy(message.u.record_state.hash, event->hash, sizeof(event->hash));
    if (event->state == SAPA_RECORD_ENDED)
        process->bytes_recorded += event->bytes;
    if (event->state == SAPA_RECORD_FAILED && row)
        (void)put(process, row->worker, SAPA_WORKER_RECORD_DROP, &event->recording, sizeof(event->recording));
    tell(process, &message);
}

static void on_event(void *ctx, uint32_t type, const void *data, size_t size)
{
    struct process *process = ctx;
    struct sapa_media_message message;
    void *row;

    switch (type) {
    case SAPA_CONTROL_MESSAGE:
        memset(&message, 0, sizeof(message));
        memcpy(&message, data, SAPA_MIN(size, sizeof(message)));
        tell(process, &message);
        break;
    case SAPA_CONTROL_LEG_GONE:
        row = sapa_table_find(&process->legs, *(const uint64_t *)data);
        if (row) {
            forget_web(process, row);
            sapa_table_remove(&process->legs, row);
        }
        break;
    case SAPA_CONTROL_RECORD_GONE:
        row = sapa_table_find(&process->recordings, *(const uint64_t *)data);
        if (row)
            sapa_table_remove(&process->recordings, row);
        break;
    case SAPA_CONTROL_RECORD_EVENT:
        on_record_event(process, data);
        break;
    case SAPA_CONTROL_INVENTORY_DONE:
        on_inventory_done(process, *(const uint64_t *)data);
        break;
    case SAPA_CONTROL_STATS:
        on_stats(process, data);
        break;
    case SAPA_CONTROL_LEG_MOVED:
        on_leg_moved(process, *(struct sapa_leg *const *)data);
        break;
    default:
        break;
    }
}

static void on_tidy(void *ctx)
{
    struct process *process = ctx;

    release_spent(process);
    if (process->options.beat_fd > 0)
        (void)!write(process->options.beat_fd, "\1", 1); /* a full pipe: nobody reads, nobody misses it */
    sapa_timer_set(process->loop, &process->tidy, TIDY_US, on_tidy, process);
}

/* --- start and end --- */

static void set_defaults(struct sapa_media_options *options)
{
#define DEFAULT(field, value) options->field = options->field ? options->field : (value)
    DEFAULT(port_min, 20000);
    DEFAULT(port_max, 39999);
    DEFAULT(threads, sapa_cpu_count());
    DEFAULT(legs_max, 20000);
    DEFAULT(recordings_max, 10000);
    DEFAULT(sounds_bytes_max, (size_t)64 << 20);
    DEFAULT(quality_mos_x100, 360);
    DEFAULT(quality_window_ms, 10000);
    DEFAULT(silent_s, 10);
    DEFAULT(consent_ms, 30000);
#undef DEFAULT
    options->threads = SAPA_MIN(options->threads, (unsigned)WORKERS_MAX);
}

/* Two sockets a leg: as many descriptors as legs may need and the system allows. */
static void raise_files(const struct sapa_media_options *options)
{
    struct rlimit files;
    const rlim_t wanted = 2 * (rlim_t)options->legs_max + options->recordings_max + 256;

    if (getrlimit(RLIMIT_NOFILE, &files))
        return;
    files.rlim_cur = files.rlim_max;
    if (files.rlim_max != RLIM_INFINITY && files.rlim_max < wanted) {
        struct rlimit more = { wanted, wanted };
        if (setrlimit(RLIMIT_NOFILE, &more) == 0)
            return;
        sapa_log(SAPA_LOG_INFO, "media.files", "limit=%llu wanted=%llu", (unsigned long long)files.rlim_max,
                 (unsigned long long)wanted);
    }
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

static sapa_rc start_threads(struct process *process)
{
    const struct sapa_media_options *options = &process->options;
    const struct sapa_record_writer_options writer = { .events = process->events,
                                                       .event_type = SAPA_CONTROL_RECORD_EVENT,
                                                       .mailbox_bytes = WRITER_SIZE };

    sapa_rc rc = sapa_record_writer_new(&writer, &process->writer);
    for (unsigned i = 0; rc == SAPA_OK && i < options->threads; i++) {
        const struct sapa_worker_options worker = {
            .index = i,
            .cpu = options->pin ? options->cpu_first + (int)i : -1,
            .events = process->events,
            .writer = process->writer,
            .quality_mos_x100 = options->quality_mos_x100,
            .quality_window_ms = options->quality_window_ms,
            .silent_s = options->silent_s,
            .consent_ms = options->consent_ms,
        };
        rc = sapa_worker_new(&worker, &process->workers[i]);
        if (rc == SAPA_OK)
            process->worker_count++;
    }
    return rc;
}

static void on_stop_limit(void *ctx)
{
    struct process *process = ctx;

    sapa_loop_stop(process->loop);
}

static void on_signal(void *ctx, int signal_number)
{
    struct process *process = ctx;

    const bool again = process->stopping;

    sapa_log(SAPA_LOG_INFO, "media.signal", "signal=%d", signal_number);
    process->stopping = true;
    if (process->options.beat_fd > 0)
        (void)!write(process->options.beat_fd, "", 1); /* the end takes its time */
    process->options.beat_fd = 0;
    if (!process->in_charge || again)
        sapa_loop_stop(process->loop);
    else /* everybody was told to stop at once: control says good-bye to callers first, and hears what was recorded */
        sapa_timer_set(process->loop, &process->stop_timer, STOP_WAIT_US, on_stop_limit, process);
}

static sapa_rc start(struct process *process)
{
    static const int signals[] = { SIGTERM, SIGINT, 0 };
    const struct sapa_media_options *options = &process->options;

    process->ports = (struct sapa_port_range){ .min = options->port_min, .max = options->port_max };
    process->generation = sapa_random_u64() | 1;
    sapa_table_init(&process->legs, sapa_memory_heap(), sizeof(struct leg_row), options->legs_max);
    sapa_table_init(&process->recordings, sapa_memory_heap(), sizeof(struct recording_row),
                    options->recordings_max);
    queue_init(&process->missed);
    if (options->codec_plugin) {
        char why[300];
        uint8_t codec;
        const sapa_rc loaded = sapa_plugin_load(options->codec_plugin, why, sizeof(why), &codec);
        if (loaded) { /* calls go on without it */
            sapa_log(SAPA_LOG_ERROR, "media.codec.plugin", "rc=%s why=%s", sapa_rc_name(loaded), why);
        } else {
            const struct sapa_codec_plugin *plugin = sapa_plugin_of(codec);
            sapa_log(SAPA_LOG_INFO, "media.codec.plugin", "codec=%s licence=%s", plugin->name,
                     plugin->licence ? plugin->licence : "unknown");
        }
    }
    sapa_inband_init();
    if (sapa_srtp_init() != SAPA_OK) {
        sapa_log(SAPA_LOG_ERROR, "media.srtp", "the library refuses to start");
        return SAPA_EIO;
    }
    if (sapa_dtls_context_new(&process->dtls)) {
        sapa_log(SAPA_LOG_ERROR, "media.dtls", "no certificate could be made");
        return SAPA_EIO;
    }
    sapa_resample_init();
    sapa_mix_init();
    raise_files(options);
    sapa_rc rc = sapa_crypto_init();
    if (rc == SAPA_OK)
        rc = sapa_loop_new(NULL, &process->loop);
    if (rc == SAPA_OK && options->handle_signals)
        rc = sapa_signals_start(process->loop, signals, on_signal, process, &process->signals);
    if (rc == SAPA_OK)
        rc = sapa_mailbox_new(EVENTS_SIZE, &process->events);
    if (rc == SAPA_OK)
        rc = sapa_sounds_new(options->sounds_bytes_max, &process->sounds);
    if (rc == SAPA_OK)
        rc = start_threads(process);
    if (rc)
        return rc;
    sapa_mailbox_attach(process->events, process->loop, 0, on_event, process);
    if (options->socket_path)
        rc = sapa_unix_listen(options->socket_path, &process->listener);
    else
        process->listener = options->listen_fd;
    if (rc == SAPA_OK)
        rc = sapa_watch_start(process->loop, &process->listen_watch, process->listener, SAPA_LOOP_READ, on_connect,
                              process);
    if (rc == SAPA_OK)
        on_tidy(process);
    return rc;
}

/* Recordings get their trailers, phones a goodbye, control the last words. */
static void finish(struct process *process)
{
    process->finishing = true;
    put_all(process, SAPA_WORKER_STOP, NULL, 0);
    for (unsigned i = 0; i < process->worker_count; i++)
        sapa_worker_join(process->workers[i]);
    if (process->events)
        while (sapa_mailbox_drain(process->events, 0, on_event, process) > 0)
            ;
    sapa_record_writer_free(process->writer);
    if (process->events) {
        while (sapa_mailbox_drain(process->events, 0, on_event, process) > 0)
            ;
        sapa_mailbox_detach(process->events);
    }
    if (process->sounds)
        release_spent(process);
    for (unsigned i = 0; i < process->worker_count; i++)
        sapa_worker_free(process->workers[i]);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        connection_close(&process->connections[i]);
    if (process->loop) {
        sapa_watch_stop(process->loop, &process->listen_watch);
        if (process->signals)
            sapa_signals_stop(process->signals);
    }
    if (process->events)
        sapa_mailbox_free(process->events);
    sapa_fd_close(process->listener);
    queue_clear(&process->missed);
    sapa_sounds_free(process->sounds);
    sapa_dtls_context_free(process->dtls);
    sapa_table_done(&process->legs);
    sapa_table_done(&process->recordings);
    sapa_loop_free(process->loop);
    free(process);
}

static void say_ready(const struct sapa_media_options *options)
{
    if (options->ready_fd <= 0)
        return;
    (void)!write(options->ready_fd, "1", 1);
    sapa_fd_close(options->ready_fd);
}

int sapa_media_main(const struct sapa_media_options *options)
{
    struct process *process = calloc(1, sizeof(*process));

    if (!process)
        return 1;
    process->options = *options;
    process->listener = -1;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        process->connections[i].fd = -1;
    set_defaults(&process->options);
    const sapa_rc rc = start(process);
    if (rc) {
        sapa_log(SAPA_LOG_ERROR, "media.start", "rc=%s", sapa_rc_name(rc));
    } else {
        sapa_log(SAPA_LOG_INFO, "media.ready", "threads=%u ports=%u-%u", process->worker_count, process->options.port_min,
                 process->options.port_max);
        atomic_store(&running, process->loop);
        say_ready(&process->options);
        sapa_loop_run(process->loop);
        atomic_store(&running, NULL);
    }
    finish(process);
    return rc ? 1 : 0;
}

void sapa_media_stop(void)
{
    struct sapa_loop *loop = atomic_load(&running);

    if (loop)
        sapa_loop_stop(loop);
}
