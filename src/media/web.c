/*
 * Legs of WebRTC. All those of a thread share one port (RFC 7983 tells their packets apart, RFC 8445 and 5764 who is who);
 * design: docs/design/webrtc.md.
 *
 * A datagram finds its leg by the user fragment of its check, or by an address that a check has proved. Nothing else than
 * checks is taken from elsewhere, so whoever does not know a leg's password costs us one look into a table. The thread that
 * reads a port stays its home; legs that moved to another thread get their datagrams by message.
 */
#include <stdlib.h>
#include <string.h>

#include "media/worker_impl.h"
#include "rt/crypto.h"
#include "rt/random.h"

enum {
    ROUNDS_MAX = 32,             /* system calls a port and turn: 1,024 datagrams */
    CHECKS_MAX = 128,            /* STUN a turn: each costs two digests */
    HANDSHAKES_TURN = 4,         /* datagrams of DTLS a turn */
    HANDSHAKES_TURN_US = 1000,   /* … and no further one after so long */
    QUEUED_MAX = 8,              /* … of one leg that wait: nobody keeps the others from theirs */
    HANDSHAKING_MAX = 512,       /* associations under way */
    TIMERS_US = 10000,
    STUCK_US = 60000000,         /* an association that neither fails nor ends */
    AGAIN_US = 500000,           /* a peer begins an association at most this often */
    LINGER_US = 10000000,        /* so long the last flight can be said again */
    RECEIVE_BYTES = 4 << 20,
    SEND_BYTES = 2 << 20,
    DSCP_EF = 46
};

_Static_assert((int)SAPA_WORKER_WEB_PACKET_MAX == (int)PACKET_MAX, "one datagram");
_Static_assert((int)SAPA_ICE_UFRAG_SIZE == (int)SAPA_MEDIA_UFRAG_SIZE && (int)SAPA_ICE_PWD_SIZE == (int)SAPA_MEDIA_PWD_SIZE &&
                   (int)SAPA_ICE_PEER_UFRAG_SIZE == (int)SAPA_MEDIA_PEER_UFRAG_SIZE,
               "what control says fits");

/* --- made by control's thread --- */

sapa_rc sapa_web_port_new(const struct sapa_addr *local, const struct sapa_port_range *range, struct sapa_worker *home,
                          struct sapa_web_port **ret_port)
{
    const struct sapa_udp_opts udp = { .dscp = DSCP_EF, .receive_bytes = RECEIVE_BYTES, .send_bytes = SEND_BYTES };
    struct sapa_web_port *port = calloc(1, sizeof(*port));
    sapa_rc rc = SAPA_ELIMIT;

    if (!port)
        return SAPA_ENOMEM;
    port->home = home;
    port->local = *local;
    for (unsigned number = range->min; number <= range->max; number++) {
        sapa_addr_set_port(&port->local, (uint16_t)number);
        rc = sapa_udp_open(&port->local, &udp, &port->fd);
        if (rc != SAPA_EEXIST)
            break;
    }
    if (rc) {
        free(port);
        return rc == SAPA_EEXIST ? SAPA_ELIMIT : rc;
    }
    for (unsigned i = 0; i < WEB_BATCH; i++) {
        port->in[i] = (struct sapa_packet){ .data = port->in_bytes[i], .size_max = PACKET_MAX };
        port->out[i].data = port->out_bytes[i];
    }
    *ret_port = port;
    return SAPA_OK;
}

void sapa_web_port_free(struct sapa_web_port *port)
{
    sapa_fd_close(port->fd);
    free(port);
}

const struct sapa_addr *sapa_web_port_local(const struct sapa_web_port *port)
{
    return &port->local;
}

static struct sapa_ice_pair pair_of(const struct sapa_media_message *message)
{
    struct sapa_ice_pair pair;

    memcpy(pair.ufrag, message->u.leg.ice_ufrag, sizeof(pair.ufrag));
    memcpy(pair.pwd, message->u.leg.ice_pwd, sizeof(pair.pwd));
    memcpy(pair.peer_ufrag, message->u.leg.peer_ufrag, sizeof(pair.peer_ufrag));
    return pair;
}

sapa_rc sapa_leg_new_web(const struct sapa_media_message *open, struct sapa_web_port *port, struct sapa_dtls_context *context,
                         struct sapa_leg **ret_leg)
{
    static const int none[2] = { -1, -1 };
    const struct sapa_ice_pair pair = pair_of(open);
    struct sapa_web *web = calloc(1, sizeof(*web));

    if (!web)
        return SAPA_ENOMEM;
    const sapa_rc rc = sapa_leg_new(open, none, &port->local, ret_leg);
    if (rc) {
        free(web);
        return rc;
    }
    web->port = port;
    web->context = context;
    web->wants = true;
    (void)sapa_ice_set(&web->ice, &pair);
    (*ret_leg)->web = web;
    return SAPA_OK;
}

void sapa_web_free(struct sapa_web *web)
{
    if (!web)
        return;
    sapa_dtls_free(web->dtls);
    sapa_wipe(web, sizeof(*web));
    free(web);
}

/* --- out --- */

void sapa_web_flush(struct sapa_worker *worker)
{
    for (unsigned i = 0; i < worker->web_port_count; i++) {
        struct sapa_web_port *port = worker->web_ports[i];
        if (port->out_count > 0)
            (void)sapa_udp_send(port->fd, port->out, port->out_count); /* a full buffer: lost, as on any wire */
        port->out_count = 0;
    }
}

size_t sapa_web_send(struct sapa_worker *worker, struct sapa_leg *leg, const uint8_t *packet, size_t size)
{
    struct sapa_web_port *port = leg->web->port;

    if (port->home != worker)
        return sapa_udp_give_to(port->fd, packet, size, &leg->remote);
    struct sapa_packet *out = &port->out[port->out_count++];
    out->peer = leg->remote;
    out->size = size;
    memcpy(out->data, packet, size);
    if (port->out_count == WEB_BATCH)
        sapa_web_flush(worker);
    return size;
}

static void send_dtls(void *owner, const void *datagram, size_t size)
{
    const struct sapa_web *web = owner;

    (void)sapa_udp_give_to(web->port->fd, datagram, size, &web->dtls_to);
}

/* --- what control hears --- */

static void tell_connected(struct sapa_worker *worker, const struct sapa_leg *leg, sapa_rc rc)
{
    const struct sapa_media_message message = { .op = SAPA_MEDIA_CONNECTED, .code = (int16_t)rc, .contact = leg->contact,
                                                .leg = leg->id };

    sapa_worker_tell(worker, &message);
}

/* Where packets go, and whether that is news. */
static void review(struct sapa_worker *worker, struct sapa_leg *leg)
{
    struct sapa_web *web = leg->web;
    const bool ready = leg->srtp && sapa_ice_is_up(&web->ice);

    leg->remote = ready ? web->ice.selected : (struct sapa_addr){ 0 };
    leg->remote_rtcp = leg->remote;
    if (!ready || web->connected)
        return;
    web->connected = true;
    leg->heard_us = worker->now_us;
    leg->silent = false;
    tell_connected(worker, leg, SAPA_OK);
}

/* --- DTLS --- */

static void stop_handshaking(struct sapa_worker *worker, struct sapa_leg *leg)
{
    struct sapa_leg **place = &worker->handshaking;

    if (!leg->web->handshaking)
        return;
    while (*place != leg)
        place = &(*place)->web->handshake_next;
    *place = leg->web->handshake_next;
    leg->web->handshake_next = NULL;
    leg->web->handshaking = false;
    worker->handshaking_count--;
}

static void start_handshaking(struct sapa_worker *worker, struct sapa_leg *leg)
{
    leg->web->handshaking = true;
    leg->web->handshake_next = worker->handshaking;
    worker->handshaking = leg;
    worker->handshaking_count++;
}

static void drop_dtls(struct sapa_worker *worker, struct sapa_leg *leg)
{
    stop_handshaking(worker, leg);
    sapa_dtls_free(leg->web->dtls);
    leg->web->dtls = NULL;
}

/* Nothing will come of this association. One beside keys that hold was perhaps nobody's: not worth a word. */
static void fail(struct sapa_worker *worker, struct sapa_leg *leg, sapa_rc rc)
{
    struct sapa_web *web = leg->web;

    drop_dtls(worker, leg);
    sapa_wipe(&web->result, sizeof(web->result));
    web->has_result = false;
    if (!leg->srtp || web->awaits || rc == SAPA_EDENIED)
        tell_connected(worker, leg, rc);
}

static bool is_peer(const struct sapa_web *web)
{
    switch (web->hash) {
    case SAPA_MEDIA_HASH_SHA256: return sapa_equal_secret(web->fingerprint, web->result.sha256, sizeof(web->result.sha256));
    case SAPA_MEDIA_HASH_SHA384: return sapa_equal_secret(web->fingerprint, web->result.sha384, sizeof(web->result.sha384));
    default: return sapa_equal_secret(web->fingerprint, web->result.sha512, sizeof(web->result.sha512));
    }
}

/* The keys of an association that is through, once it is known to be the peer's. */
static void judge(struct sapa_worker *worker, struct sapa_leg *leg)
{
    struct sapa_web *web = leg->web;
    struct sapa_srtp *srtp;

    if (!web->has_result || web->hash == SAPA_MEDIA_HASH_NONE)
        return;
    if (!is_peer(web)) {
        if (!web->restart_open) /* else the next SET may bring the fingerprint for it */
            fail(worker, leg, SAPA_EDENIED);
        return;
    }
    const uint8_t suite = web->result.profile == SAPA_DTLS_AEAD_AES_128_GCM ? (uint8_t)SAPA_SRTP_GCM_128
                                                                            : (uint8_t)SAPA_MEDIA_SRTP_SHA1_80;
    const sapa_rc rc = sapa_srtp_new(suite, web->result.send, web->result.receive, &srtp);
    sapa_wipe(&web->result, sizeof(web->result));
    web->has_result = false;
    if (rc) {
        fail(worker, leg, rc);
        return;
    }
    sapa_srtp_free(leg->srtp);
    leg->srtp = srtp;
    web->awaits = web->connected = false;
    review(worker, leg);
}

/* What an association came to. */
static void after(struct sapa_worker *worker, struct sapa_leg *leg, sapa_rc rc)
{
    struct sapa_web *web = leg->web;

    if (rc == SAPA_EAGAIN)
        return;
    if (rc == SAPA_ECLOSED) {
        drop_dtls(worker, leg);
    } else if (rc) {
        fail(worker, leg, SAPA_EIO);
    } else if (web->handshaking) {
        stop_handshaking(worker, leg);
        web->dtls_us = worker->now_us;
        if (sapa_dtls_result(web->dtls, &web->result)) {
            fail(worker, leg, SAPA_EDENIED);
            return;
        }
        web->has_result = true;
        judge(worker, leg);
    }
}

/* An association of its own, whatever there was; keys that hold go on until it has others. */
static void begin(struct sapa_worker *worker, struct sapa_leg *leg, bool is_client, const struct sapa_addr *to)
{
    struct sapa_web *web = leg->web;

    if (worker->handshaking_count >= HANDSHAKING_MAX && !web->handshaking)
        return; /* the peer tries again, or the next check does */
    drop_dtls(worker, leg);
    sapa_wipe(&web->result, sizeof(web->result));
    web->has_result = false;
    web->dtls_to = *to;
    web->dtls_us = worker->now_us;
    if (sapa_dtls_new(web->context, is_client, send_dtls, web, worker->now_us, &web->dtls)) {
        fail(worker, leg, SAPA_ENOMEM);
        return;
    }
    web->wants = false;
    start_handshaking(worker, leg);
}

/* As client: when an address is selected, and none is about to be with other credentials. */
static void begin_if_due(struct sapa_worker *worker, struct sapa_leg *leg)
{
    struct sapa_web *web = leg->web;

    if (web->dtls_client && web->wants && sapa_ice_is_up(&web->ice) && !web->ice.next.ufrag[0])
        begin(worker, leg, true, &web->ice.selected);
}

/* Its place among those that have proved themselves; WEB_ADDRS_MAX: none. */
static unsigned proved_at(const struct sapa_web *web, const struct sapa_addr *from)
{
    unsigned place = 0;

    while (place < WEB_ADDRS_MAX && !sapa_addr_equal(&web->proved[place], from))
        place++;
    return place;
}

static bool has_proved(const struct sapa_web *web, const struct sapa_addr *from)
{
    return proved_at(web, from) < WEB_ADDRS_MAX;
}

static void take_handshake(struct sapa_worker *worker, struct sapa_leg *leg, const struct sapa_worker_web_packet *packet)
{
    struct sapa_web *web = leg->web;
    const uint8_t *random = sapa_dtls_client_random(packet->bytes, packet->size);

    if (!has_proved(web, &packet->from))
        return;
    /* Another ClientHello than that of the association which is there: a new one, of a page that was loaded again. */
    if (random && !web->dtls_client && (!web->dtls || !sapa_equal_secret(random, web->client_random, SAPA_DTLS_RANDOM_SIZE))) {
        if (web->begun_us && worker->now_us - web->begun_us < AGAIN_US)
            return;
        web->begun_us = worker->now_us;
        begin(worker, leg, false, &packet->from);
        memcpy(web->client_random, random, SAPA_DTLS_RANDOM_SIZE);
    }
    if (!web->dtls)
        return;
    web->dtls_to = packet->from;
    after(worker, leg, sapa_dtls_take(web->dtls, packet->bytes, packet->size, worker->now_us));
}

static void queue_handshake(struct sapa_worker *worker, struct sapa_leg *leg, const uint8_t *bytes, size_t size,
                            const struct sapa_addr *from)
{
    if (worker->handshake_count == WEB_HANDSHAKES_MAX || leg->web->queued == QUEUED_MAX) { /* it comes again */
        worker->packets_dropped++;
        return;
    }
    struct sapa_worker_web_packet *packet =
        &worker->handshakes[(worker->handshake_at + worker->handshake_count++) % WEB_HANDSHAKES_MAX];
    leg->web->queued++;
    packet->leg = leg->id;
    packet->from = *from;
    packet->size = (uint16_t)size;
    memcpy(packet->bytes, bytes, size);
}

static struct sapa_leg *find_leg(const struct sapa_worker *worker, uint64_t id)
{
    const struct sapa_id_row *row = sapa_table_find(&worker->leg_ids, id);
    struct sapa_leg *leg = row ? row->what : NULL;

    return leg && leg->web ? leg : NULL;
}

void sapa_web_turn(struct sapa_worker *worker)
{
    const int64_t begin_us = worker->handshake_count ? sapa_mono_us() : 0;

    for (unsigned n = 0; n < HANDSHAKES_TURN && worker->handshake_count > 0; n++) {
        const struct sapa_worker_web_packet *packet = &worker->handshakes[worker->handshake_at];
        struct sapa_leg *leg = find_leg(worker, packet->leg);
        if (leg && leg->web->queued > 0) { /* 0: of before it was on another thread */
            leg->web->queued--;
            take_handshake(worker, leg, packet);
        }
        worker->handshake_at = (worker->handshake_at + 1) % WEB_HANDSHAKES_MAX;
        worker->handshake_count--;
        if (sapa_mono_us() - begin_us > HANDSHAKES_TURN_US)
            break;
    }
    if (worker->handshaking && worker->now_us >= worker->handshakes_us) {
        worker->handshakes_us = worker->now_us + TIMERS_US;
        for (struct sapa_leg *leg = worker->handshaking, *next; leg; leg = next) {
            next = leg->web->handshake_next;
            if (worker->now_us >= sapa_dtls_due_us(leg->web->dtls))
                after(worker, leg, sapa_dtls_tick(leg->web->dtls, worker->now_us));
        }
    }
    sapa_web_flush(worker);
}

/* --- in --- */

/* The home learns it too, with every check: what comes from there next needs no user fragment. */
static void learn(struct sapa_worker *worker, struct sapa_leg *leg, const struct sapa_addr *from)
{
    struct sapa_web *web = leg->web;
    struct sapa_worker_web known = { .leg = leg->id, .addr = *from, .place = proved_at(web, from) };

    if (known.place == WEB_ADDRS_MAX) {
        if (sapa_addr_equal(&web->proved[web->proved_next], &web->ice.selected) && sapa_addr_is_set(&web->ice.selected))
            web->proved_next = (web->proved_next + 1) % WEB_ADDRS_MAX;
        known.place = web->proved_next;
        web->proved[known.place] = *from;
        web->proved_next = (web->proved_next + 1) % WEB_ADDRS_MAX;
    }
    if (web->port->home == worker)
        sapa_web_message(worker, SAPA_WORKER_WEB_LEARN, &known, sizeof(known));
    else if (sapa_worker_put(web->port->home, SAPA_WORKER_WEB_LEARN, &known, sizeof(known)))
        memset(&web->proved[known.place], 0, sizeof(web->proved[0])); /* it is behind: the next check says it again */
}

static void on_check(struct sapa_worker *worker, struct sapa_leg *leg, const uint8_t *bytes, size_t size,
                     const struct sapa_addr *from)
{
    struct sapa_web *web = leg->web;
    uint8_t answer[SAPA_STUN_OUT_MAX];
    size_t n;

    const enum sapa_ice_result result = sapa_ice_take(&web->ice, bytes, size, from, worker->now_us, answer, &n);
    if (n > 0)
        (void)sapa_udp_give_to(web->port->fd, answer, n, from);
    if (result < SAPA_ICE_CHECKED) {
        leg->dropped++;
        worker->packets_dropped++;
        return;
    }
    learn(worker, leg, from);
    review(worker, leg);
    begin_if_due(worker, leg);
}

void sapa_web_on_datagram(struct sapa_worker *worker, struct sapa_leg *leg, const uint8_t *bytes, size_t size,
                          const struct sapa_addr *from)
{
    if (sapa_stun_is(bytes, size)) {
        on_check(worker, leg, bytes, size, from);
        return;
    }
    if (sapa_addr_equal(from, &leg->remote) || has_proved(leg->web, from)) {
        if (leg->srtp && bytes[0] >> 6 == 2) {
            memcpy(worker->packet, bytes, size);
            sapa_leg_on_packet(worker, leg, size, from);
            return;
        }
        if (sapa_dtls_is(bytes, size)) {
            queue_handshake(worker, leg, bytes, size, from);
            return;
        }
    }
    leg->dropped++;
    worker->packets_dropped++;
}

/* Whose it is, here or on another thread. */
static uint64_t leg_of(struct sapa_worker *worker, const struct sapa_packet *packet)
{
    if (!sapa_stun_is(packet->data, packet->size)) {
        const struct sapa_web_addr *row = sapa_table_find(&worker->web_addrs, sapa_addr_hash(&packet->peer, worker->web_seed));
        return row && sapa_addr_equal(&row->addr, &packet->peer) ? row->leg : 0;
    }
    struct sapa_stun stun;
    if (worker->web_checks >= CHECKS_MAX || sapa_stun_parse(packet->data, packet->size, &stun))
        return 0;
    const struct sapa_web_name *row = sapa_table_find(&worker->web_names, sapa_ice_key(stun.username));
    worker->web_checks += row != NULL; /* a name that nobody has costs no digest */
    return row ? row->leg : 0;
}

static void forward(struct sapa_worker *worker, uint64_t leg, const struct sapa_packet *packet)
{
    const struct sapa_web_seat *seat = sapa_table_find(&worker->web_seats, leg);
    struct sapa_worker_web_packet copy;

    if (!seat || !seat->away) {
        worker->packets_dropped++;
        return;
    }
    copy.leg = leg;
    copy.from = packet->peer;
    copy.size = (uint16_t)packet->size;
    memcpy(copy.bytes, packet->data, packet->size);
    if (sapa_worker_put(seat->away, SAPA_WORKER_WEB_PACKET, &copy, offsetof(struct sapa_worker_web_packet, bytes) + packet->size))
        worker->packets_dropped++;
}

unsigned sapa_web_take(struct sapa_worker *worker, struct sapa_web_port *port)
{
    unsigned taken = 0;
    size_t n = WEB_BATCH;

    for (unsigned round = 0; round < ROUNDS_MAX && n == WEB_BATCH; round++) {
        n = sapa_udp_receive(port->fd, port->in, WEB_BATCH);
        for (size_t i = 0; i < n; i++) {
            const struct sapa_packet *packet = &port->in[i];
            worker->packets_in++;
            const uint64_t id = packet->cut || packet->size == 0 ? 0 : leg_of(worker, packet);
            struct sapa_leg *leg = id ? find_leg(worker, id) : NULL;
            if (leg)
                sapa_web_on_datagram(worker, leg, packet->data, packet->size, &packet->peer);
            else if (id)
                forward(worker, id, packet);
            else
                worker->packets_dropped++;
        }
        taken += (unsigned)n;
    }
    return taken;
}

/* --- from control --- */

static size_t digest_size(uint8_t hash)
{
    return hash == SAPA_MEDIA_HASH_SHA256 ? 32 : hash == SAPA_MEDIA_HASH_SHA384 ? 48 : 64;
}

void sapa_web_set(struct sapa_worker *worker, struct sapa_leg *leg, const struct sapa_media_message *message)
{
    struct sapa_web *web = leg->web;
    struct sapa_ice_pair pair = pair_of(message);
    const uint8_t hash = message->u.leg.peer_hash;
    bool restarted = false, other = false;

    if (!pair.ufrag[0] && pair.peer_ufrag[0]) {
        struct sapa_ice_pair newest = *sapa_ice_newest(&web->ice);
        memcpy(newest.peer_ufrag, pair.peer_ufrag, sizeof(newest.peer_ufrag));
        pair = newest;
    }
    if (pair.ufrag[0])
        restarted = sapa_ice_set(&web->ice, &pair);
    web->dtls_client = message->u.leg.dtls_client;
    if (hash != SAPA_MEDIA_HASH_NONE &&
        (hash != web->hash || memcmp(web->fingerprint, message->u.leg.peer_fingerprint, digest_size(hash)) != 0)) {
        other = web->hash != SAPA_MEDIA_HASH_NONE;
        web->hash = hash;
        memcpy(web->fingerprint, message->u.leg.peer_fingerprint, sizeof(web->fingerprint));
    }
    if (other) {
        web->awaits = web->wants = true;
        if (web->dtls_client)
            drop_dtls(worker, leg);
    }
    if (restarted && !leg->srtp && !web->dtls)
        web->wants = true; /* the first one failed: once more */
    web->restart_open = restarted && !other;
    judge(worker, leg);
    begin_if_due(worker, leg);
}

void sapa_web_check(struct sapa_worker *worker, struct sapa_leg *leg)
{
    struct sapa_web *web = leg->web;

    if (sapa_ice_tick(&web->ice, (int64_t)worker->options.consent_ms * 1000, worker->now_us)) {
        web->connected = false;
        review(worker, leg);
        tell_connected(worker, leg, SAPA_ETIMEOUT);
    }
    if (web->handshaking && worker->now_us - web->dtls_us > STUCK_US)
        fail(worker, leg, SAPA_EIO);
    if (web->dtls && !web->handshaking && !web->has_result && worker->now_us - web->dtls_us > LINGER_US)
        drop_dtls(worker, leg);
    begin_if_due(worker, leg);
}

void sapa_web_enter(struct sapa_worker *worker, struct sapa_leg *leg)
{
    if (leg->web->resumes)
        start_handshaking(worker, leg);
    leg->web->resumes = false;
}

void sapa_web_leave(struct sapa_worker *worker, struct sapa_leg *leg)
{
    leg->web->queued = 0;
    leg->web->resumes = leg->web->handshaking;
    stop_handshaking(worker, leg);
    sapa_web_flush(worker);
}

void sapa_web_inventory(const struct sapa_leg *leg, struct sapa_media_message *message)
{
    const struct sapa_web *web = leg->web;
    const struct sapa_ice_pair *pair = sapa_ice_newest(&web->ice);

    message->u.inventory.webrtc = 1;
    message->u.inventory.dtls_client = web->dtls_client;
    message->u.inventory.connected = web->connected;
    message->u.inventory.peer_hash = web->hash;
    memcpy(message->u.inventory.peer_fingerprint, web->fingerprint, sizeof(web->fingerprint));
    memcpy(message->u.inventory.ice_ufrag, pair->ufrag, sizeof(pair->ufrag));
    memcpy(message->u.inventory.ice_pwd, pair->pwd, sizeof(pair->pwd));
}

/* --- the home of a port --- */

static void forget_name(struct sapa_worker *worker, uint64_t key, uint64_t leg)
{
    struct sapa_web_name *row = key ? sapa_table_find(&worker->web_names, key) : NULL;

    if (row && row->leg == leg)
        sapa_table_remove(&worker->web_names, row);
}

static void forget_addr(struct sapa_worker *worker, uint64_t key, uint64_t leg)
{
    struct sapa_web_addr *row = key ? sapa_table_find(&worker->web_addrs, key) : NULL;

    if (row && row->leg == leg)
        sapa_table_remove(&worker->web_addrs, row);
}

/* A leg answers to its newest user fragment and some before: the one in use holds until a restart was followed. */
static sapa_rc add_name(struct sapa_worker *worker, const struct sapa_worker_web *order)
{
    struct sapa_web_seat *seat = sapa_table_find(&worker->web_seats, order->leg);
    struct sapa_web_name *name = sapa_table_find(&worker->web_names, order->name);

    if (name)
        return name->leg == order->leg ? SAPA_OK : SAPA_EEXIST;
    sapa_rc rc = seat ? SAPA_OK : sapa_table_add(&worker->web_seats, order->leg, &seat);
    if (rc == SAPA_OK)
        rc = sapa_table_add(&worker->web_names, order->name, &name);
    if (rc)
        return rc;
    name->leg = order->leg;
    forget_name(worker, seat->names[WEB_NAMES_MAX - 1], order->leg);
    memmove(&seat->names[1], &seat->names[0], (WEB_NAMES_MAX - 1) * sizeof(seat->names[0]));
    seat->names[0] = order->name;
    return SAPA_OK;
}

static void add_addr(struct sapa_worker *worker, const struct sapa_worker_web *order)
{
    struct sapa_web_seat *seat = sapa_table_find(&worker->web_seats, order->leg);
    const uint64_t key = sapa_addr_hash(&order->addr, worker->web_seed);

    if (!seat)
        return; /* closed meanwhile */
    struct sapa_web_addr *row = sapa_table_find(&worker->web_addrs, key);
    if (row && row->leg != order->leg && worker->now_us - row->at_us < (int64_t)worker->options.consent_ms * 1000 / 2)
        return; /* another one is heard there, and an address is forged more easily than a check */
    forget_addr(worker, seat->addrs[order->place] == key ? 0 : seat->addrs[order->place], order->leg);
    seat->addrs[order->place] = 0;
    if (!row || (row = sapa_table_find(&worker->web_addrs, key)) == NULL) /* removing may have moved it */
        if (sapa_table_add(&worker->web_addrs, key, &row))
            return;
    row->leg = order->leg; /* whoever proved it last: a NAT gives an address to the next */
    row->at_us = worker->now_us;
    row->addr = order->addr;
    seat->addrs[order->place] = key;
}

static void drop_seat(struct sapa_worker *worker, uint64_t leg)
{
    struct sapa_web_seat *seat = sapa_table_find(&worker->web_seats, leg);

    if (!seat)
        return;
    for (unsigned i = 0; i < SAPA_COUNT(seat->names); i++)
        forget_name(worker, seat->names[i], leg);
    for (unsigned i = 0; i < WEB_ADDRS_MAX; i++)
        forget_addr(worker, seat->addrs[i], leg);
    sapa_table_remove(&worker->web_seats, seat);
}

static void add_port(struct sapa_worker *worker, struct sapa_web_port *port)
{
    sapa_assert(worker->web_port_count < SAPA_WORKER_WEB_PORTS_MAX);
    worker->web_ports[worker->web_port_count++] = port;
    if (sapa_udp_set_add(worker->set, port->fd, (uintptr_t)port | 2)) {
        const struct sapa_media_message failed = { .op = SAPA_MEDIA_ERROR, .failed = SAPA_MEDIA_LEG_OPEN, .code = SAPA_EIO };
        sapa_worker_tell(worker, &failed);
    }
}

void sapa_web_message(struct sapa_worker *worker, uint32_t type, const void *data, size_t size)
{
    const struct sapa_worker_web *order = data;
    const struct sapa_worker_web_packet *packet = data;
    struct sapa_web_seat *seat;
    struct sapa_leg *leg;

    (void)size;
    switch (type) {
    case SAPA_WORKER_WEB_PORT:
        add_port(worker, *(struct sapa_web_port *const *)data);
        break;
    case SAPA_WORKER_WEB_NAME: {
        const struct sapa_media_message about = { .op = order->op, .tag = order->tag, .contact = order->contact,
                                                  .leg = order->leg };
        const sapa_rc rc = add_name(worker, order);
        if (rc)
            sapa_worker_error(worker, &about, rc);
        break;
    }
    case SAPA_WORKER_WEB_AT:
        seat = sapa_table_find(&worker->web_seats, order->leg);
        if (seat)
            seat->away = order->at == worker ? NULL : order->at;
        break;
    case SAPA_WORKER_WEB_GONE:
        drop_seat(worker, order->leg);
        break;
    case SAPA_WORKER_WEB_LEARN:
        add_addr(worker, order);
        break;
    case SAPA_WORKER_WEB_PACKET:
        leg = find_leg(worker, packet->leg);
        if (leg)
            sapa_web_on_datagram(worker, leg, packet->bytes, packet->size, &packet->from);
        break;
    default:
        break;
    }
}
