/*
 * Packets in: who sent them, what they are, where they go. No allocation, lock, log or system call here
 * but one receive and at most one send.
 */
#include <stdlib.h>
#include <string.h>

#include "media/g711.h"
#include "media/worker_impl.h"
#include "rt/random.h"

enum {
    RANK_OTHER,   /* behind a NAT, or an intruder */
    RANK_HOST,    /* the signalled host, another port */
    RANK_EXACT,
    LATCH_US = 3000000,      /* a source that agrees better may take over for so long */
    QUIET_US = 2000000,      /* after so much silence a plausible source may take over */
    DEAF_US = 5000000,       /* ... and after so much any source */
    TONE_ECHO_US = 500000    /* an event's own tone in the audio ends within this */
};

sapa_rc sapa_leg_new(const struct sapa_media_message *open, const int fds[2], const struct sapa_addr *local,
                     struct sapa_leg **ret_leg)
{
    struct sapa_leg *leg = calloc(1, sizeof(*leg));

    if (!leg)
        return SAPA_ENOMEM;
    leg->id = open->leg;
    leg->contact = open->contact;
    leg->side = open->u.leg.side;
    leg->generation = open->u.leg.generation;
    leg->codec = SAPA_CODEC_NONE; /* until LEG_SET says what was agreed */
    leg->clock_khz = leg->dtmf_khz = 8;
    leg->ptime_ms = open->u.leg.ptime_ms;
    leg->local = *local;
    leg->fds[0] = fds[0];
    leg->fds[1] = fds[1];
    leg->ssrc = (uint32_t)sapa_random_u64();
    leg->seq = (uint16_t)(sapa_random_u64() & 0x7fff);
    leg->timestamp = (uint32_t)sapa_random_u64();
    sapa_random_text(leg->cname, CNAME_SIZE - 1);
    *ret_leg = leg;
    return SAPA_OK;
}

uint64_t sapa_leg_id(const struct sapa_leg *leg)
{
    return leg->id;
}

void sapa_leg_free(struct sapa_leg *leg)
{
    sapa_fd_close(leg->fds[0]);
    sapa_fd_close(leg->fds[1]);
    sapa_inband_free(leg->inband);
    sapa_leg_drop_party(leg);
    sapa_srtp_free(leg->srtp);
    sapa_web_free(leg->web);
    free(leg);
}

/* --- the peer's address --- */

void sapa_leg_forget_peer(struct sapa_leg *leg)
{
    if (leg->connected)
        sapa_udp_disconnect(leg->fds[0]);
    leg->connected = leg->latched = false;
}

static uint8_t rank_of(const struct sapa_leg *leg, const struct sapa_addr *from)
{
    if (sapa_addr_equal(from, &leg->signalled))
        return RANK_EXACT;
    return sapa_addr_same_host(from, &leg->signalled) ? RANK_HOST : RANK_OTHER;
}

static void latch(struct sapa_worker *worker, struct sapa_leg *leg, const struct sapa_addr *from, uint8_t rank)
{
    const bool moved = !sapa_addr_equal(from, &leg->remote);

    if (leg->connected && moved) {
        sapa_udp_disconnect(leg->fds[0]);
        leg->connected = false;
    }
    if (!leg->latched)
        leg->latch_until_us = worker->now_us + LATCH_US;
    leg->latched = true;
    leg->rank = rank;
    leg->remote = *from;
    if (moved) {
        leg->remote_rtcp = *from;
        sapa_addr_set_port(&leg->remote_rtcp, (uint16_t)(sapa_addr_port(from) + 1));
    }
}

/* May this packet count? Sources compete as media_path.md says: early by rank, later only after silence. */
static bool source_is_good(struct sapa_worker *worker, struct sapa_leg *leg, const struct sapa_addr *from,
                           uint32_t ssrc)
{
    if (!leg->latched || !sapa_addr_equal(from, &leg->remote)) {
        if (!sapa_addr_is_set(&leg->signalled))
            return false;
        const uint8_t rank = rank_of(leg, from);
        const int64_t quiet_us = worker->now_us - leg->heard_us;
        const bool early = worker->now_us < leg->latch_until_us && rank > leg->rank;
        const bool plausible = rank >= RANK_HOST || (leg->stats.started && ssrc == leg->stats.ssrc);
        if (leg->latched && !early && !(quiet_us > QUIET_US && plausible) && quiet_us <= DEAF_US)
            return false;
        latch(worker, leg, from, rank);
    }
    if (!leg->connected && (leg->rank == RANK_EXACT || worker->now_us >= leg->latch_until_us))
        leg->connected = sapa_udp_connect(leg->fds[0], &leg->remote) == SAPA_OK;
    return true;
}

/* --- out --- */

bool sapa_leg_can_send(const struct sapa_leg *leg)
{
    return (leg->direction & SAPA_MEDIA_SEND) && leg->codec != SAPA_CODEC_NONE && sapa_addr_is_set(&leg->remote);
}

void sapa_leg_send(struct sapa_worker *worker, struct sapa_leg *leg, bool marker, uint8_t type, uint8_t *packet,
                   size_t payload)
{
    size_t size = SAPA_RTP_HEAD + payload;
    uint8_t sealed[PACKET_MAX + SAPA_SRTP_EXTRA];

    sapa_rtp_put_head(packet, marker, type, leg->seq, leg->timestamp, leg->ssrc);
    if (leg->srtp) { /* a copy: there is no room behind the packet */
        memcpy(sealed, packet, size);
        packet = sealed;
        size = sapa_srtp_seal(leg->srtp, false, sealed, size);
        if (size == 0)
            return;
    }
    const size_t gone = leg->web         ? sapa_web_send(worker, leg, packet, size)
                        : leg->connected ? sapa_udp_give(leg->fds[0], packet, size)
                                         : sapa_udp_give_to(leg->fds[0], packet, size, &leg->remote);
    leg->sent_us = worker->now_us;
    if (gone) {
        leg->sent++;
        leg->sent_octets += (uint32_t)payload;
        worker->packets_out++;
    }
}

uint32_t sapa_leg_timestamp_now(const struct sapa_worker *worker, const struct sapa_leg *leg)
{
    const int64_t since_us = leg->sent_us ? worker->now_us - leg->sent_us : 0;

    return leg->timestamp + (uint32_t)SAPA_MAX(since_us * leg->clock_khz / 1000, leg->clock_khz * (int64_t)leg->ptime_ms);
}

/* `in`'s packet goes on to `out` with our own SSRC; gaps and order of the source are kept. */
static void relay(struct sapa_worker *worker, const struct sapa_leg *in, struct sapa_leg *out,
                  const struct sapa_rtp *rtp, uint8_t type)
{
    bool marker = rtp->marker;

    if (out->source != in || out->source_ssrc != rtp->ssrc) {
        out->source = in;
        out->source_ssrc = rtp->ssrc;
        out->seq_first = rtp->seq;
        out->seq_offset = (uint16_t)(out->seq + 1 - rtp->seq);
        out->timestamp_offset = sapa_leg_timestamp_now(worker, out) - rtp->timestamp;
        marker = true;
    } else if ((int16_t)(rtp->seq - out->seq_first) < 0) {
        if ((int16_t)(rtp->seq - out->seq_first) > -1000)
            return; /* from before the spurt that we joined */
        out->seq_first = rtp->seq;
    }
    const uint16_t seq = (uint16_t)(rtp->seq + out->seq_offset), seq_last = out->seq;
    const uint32_t timestamp = rtp->timestamp + out->timestamp_offset, timestamp_last = out->timestamp;
    uint8_t *packet = worker->packet + rtp->payload_at - SAPA_RTP_HEAD;

    out->seq = seq;
    out->timestamp = timestamp;
    sapa_leg_send(worker, out, marker, type, packet, rtp->payload_size);
    if ((int16_t)(seq - seq_last) < 0) { /* a late one: the next goes on from the newest */
        out->seq = seq_last;
        out->timestamp = timestamp_last;
    }
    if ((uint16_t)(rtp->seq - out->seq_first) > 0x4000)
        out->seq_first = (uint16_t)(rtp->seq - 0x2000);
}

/* Whether `out` takes what its bridge sends just now; if not, the next that it takes begins a new spurt. */
static bool takes_bridge(struct sapa_leg *out)
{
    if (sapa_leg_can_send(out) && !out->player && out->dtmf.count == 0)
        return true;
    out->source = NULL;
    return false;
}

/* --- in --- */

/* The tone while recorded, onto octets of G.711. */
static void add_beep(struct sapa_leg *out, uint8_t *octets, size_t n)
{
    int16_t linear[PACKET_MAX];

    n = SAPA_MIN(n, (size_t)PACKET_MAX);
    sapa_g711_decode(out->codec, octets, n, linear);
    sapa_leg_beep(out, linear, n, 8000);
    sapa_g711_encode(out->codec, linear, n, octets);
}

/* A codec beside G.711. */
static void on_coded(struct sapa_worker *worker, struct sapa_leg *leg, const struct sapa_rtp *rtp)
{
    uint8_t *octets = worker->packet + rtp->payload_at;
    struct sapa_leg *out = leg->other;

    if (!leg->party)
        return;
    if (sapa_leg_is_mixed(leg)) {
        sapa_playout_put(leg->party->in, rtp->timestamp, octets, rtp->payload_size);
        return;
    }
    if (leg->recording || leg->inband)
        sapa_leg_ear(worker, leg, rtp, octets);
    if (!out || out->codec != leg->codec || !takes_bridge(out))
        return;
    if (leg->secret) {
        out->source = NULL;
        return;
    }
    relay(worker, leg, out, rtp, out->type_send);
}

/* RFC 3389: for one who can take it, as it is; a mix makes the noise itself. */
static void on_comfort_noise(struct sapa_worker *worker, struct sapa_leg *leg, const struct sapa_rtp *rtp)
{
    struct sapa_leg *out = leg->other;

    if (sapa_leg_is_mixed(leg))
        sapa_playout_noise(leg->party->in, worker->packet[rtp->payload_at] & 0x7f);
    else if (out && out->comfort_noise && sapa_leg_fits(leg, out) && !leg->secret && takes_bridge(out))
        relay(worker, leg, out, rtp, SAPA_RTP_COMFORT_NOISE);
}

static void on_audio(struct sapa_worker *worker, struct sapa_leg *leg, const struct sapa_rtp *rtp)
{
    uint8_t *octets = worker->packet + rtp->payload_at;
    struct sapa_leg *out = leg->other;

    if (leg->recording)
        sapa_recorder_audio(&leg->recording->recorder, leg->channel, rtp->type, rtp->ssrc, rtp->timestamp, octets,
                            rtp->payload_size, worker->now_us);
    if (leg->inband) {
        struct sapa_event_digit digits[SAPA_INBAND_DIGITS_MAX];
        const unsigned n = sapa_inband_receive(leg->inband, rtp->type, rtp->timestamp, octets, rtp->payload_size,
                                               worker->now_us, digits);
        for (unsigned i = 0; i < n; i++)
            if (!leg->event_us || worker->now_us - leg->event_us > TONE_ECHO_US)
                sapa_worker_digit(worker, leg, digits[i]);
    }
    if (sapa_leg_is_mixed(leg)) {
        sapa_g711_convert(rtp->type, octets, rtp->payload_size, leg->party->codec, octets);
        sapa_playout_put(leg->party->in, rtp->timestamp, octets, rtp->payload_size);
        return;
    }
    if (!out || !sapa_g711_is(out->codec) || !takes_bridge(out))
        return;
    if (leg->secret) {
        out->source = NULL;
        return;
    }
    if (out->codec != rtp->type)
        sapa_g711_convert(rtp->type, octets, rtp->payload_size, out->codec, octets);
    if (out->beep_ms)
        add_beep(out, octets, rtp->payload_size);
    relay(worker, leg, out, rtp, out->codec);
}

static void on_event(struct sapa_worker *worker, struct sapa_leg *leg, const struct sapa_rtp *rtp)
{
    struct sapa_event_digit digits[2];
    struct sapa_event event;
    struct sapa_leg *out = leg->other;

    if (sapa_event_parse(worker->packet + rtp->payload_at, rtp->payload_size, &event))
        return;
    event.duration = (uint16_t)(event.duration / (leg->dtmf_khz / 8));
    leg->event_us = worker->now_us;
    const unsigned n = sapa_event_receive(&leg->events, &event, rtp->timestamp, worker->now_us, digits);
    if (leg->events.active && !leg->is_eventing) {
        leg->is_eventing = true;
        leg->eventing_next = worker->eventing;
        worker->eventing = leg;
    }
    if (out && takes_bridge(out)) {
        if (leg->secret)
            out->source = NULL;
        else if (sapa_leg_takes_events(leg, out) && !leg->keys_held)
            relay(worker, leg, out, rtp, out->dtmf_type);
    }
    for (unsigned i = 0; i < n; i++)
        sapa_worker_digit(worker, leg, digits[i]);
}

void sapa_leg_on_rtp(struct sapa_worker *worker, struct sapa_leg *leg)
{
    struct sapa_addr from;
    const size_t size = sapa_udp_take(leg->fds[0], worker->packet, PACKET_MAX, &from);

    if (size == 0)
        return;
    worker->packets_in++;
    sapa_leg_on_packet(worker, leg, size, &from);
}

void sapa_leg_on_packet(struct sapa_worker *worker, struct sapa_leg *leg, size_t size, const struct sapa_addr *from)
{
    const bool rtcp = sapa_rtp_is_rtcp(worker->packet, size);
    struct sapa_rtp rtp;

    if (leg->srtp && (size = sapa_srtp_open(leg->srtp, rtcp, worker->packet, size)) == 0) {
        leg->dropped++;
        worker->packets_dropped++;
        return;
    }
    if (rtcp) {
        sapa_leg_on_rtcp(worker, leg, worker->packet, size, from);
        return;
    }
    if (sapa_rtp_parse(worker->packet, size, &rtp) || (!leg->web && !source_is_good(worker, leg, from, rtp.ssrc))) {
        leg->dropped++;
        worker->packets_dropped++;
        return;
    }
    leg->heard_us = worker->now_us;
    leg->silent = false;
    const enum sapa_rtp_order order = sapa_rtp_stats_add(&leg->stats, &rtp, (uint32_t)(worker->now_us * leg->clock_khz / 1000));
    if (order == SAPA_RTP_COPY || order == SAPA_RTP_STRAY || !(leg->direction & SAPA_MEDIA_RECEIVE) ||
        rtp.payload_size == 0)
        return;
    if (leg->dtmf_type && (rtp.type == leg->dtmf_type || rtp.type == leg->dtmf_receive))
        on_event(worker, leg, &rtp);
    else if (leg->comfort_noise && rtp.type == SAPA_RTP_COMFORT_NOISE)
        on_comfort_noise(worker, leg, &rtp);
    else if (!sapa_g711_is(leg->codec) && leg->codec != SAPA_CODEC_NONE)
        rtp.type == leg->type_receive ? on_coded(worker, leg, &rtp) : (void)0;
    else if (sapa_g711_is(rtp.type))
        on_audio(worker, leg, &rtp);
}
