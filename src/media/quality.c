/* RTCP, what it and the arrivals say about a leg, and who is told when that is bad. */
#include "media/worker_impl.h"

#include "rt/random.h"
#include "rtp/mos.h"

enum {
    RTCP_US = 5000000,         /* RFC 3550 section 6.2: five seconds, give or take half */
    SLICE_US = 2000000,
    REPORT_FRESH_US = 8000000  /* so long a peer's report speaks of now: the longest pause between two, and a bit */
};

/* --- RTCP --- */

void sapa_leg_on_rtcp(struct sapa_worker *worker, struct sapa_leg *leg, const uint8_t *packet, size_t size,
                      const struct sapa_addr *from)
{
    struct sapa_rtcp rtcp;

    if (!sapa_addr_is_set(&leg->remote) || !sapa_addr_same_host(from, &leg->remote) ||
        sapa_rtcp_parse(packet, size, leg->ssrc, &rtcp)) {
        leg->dropped++;
        worker->packets_dropped++;
        return;
    }
    leg->remote_rtcp = *from;
    if (rtcp.has_block) {
        const uint32_t rtt_us = sapa_rtcp_rtt_us(&rtcp.block, sapa_rtcp_ntp(sapa_wall_us()));
        if (rtt_us)
            leg->rtt_us = rtt_us;
        if (leg->party)
            sapa_encoder_loss(leg->party->out, rtcp.block.fraction_lost * 100u / 256);
        sapa_heard_report(&leg->heard, &rtcp.block, leg->sent, leg->rtt_us, worker->now_us);
    }
    if (rtcp.has_sender) {
        leg->last_sr = (uint32_t)(rtcp.ntp >> 16);
        leg->last_sr_us = worker->now_us;
    }
}

void sapa_leg_rtcp(struct sapa_worker *worker, struct sapa_leg *leg, bool bye)
{
    uint8_t packet[SAPA_RTCP_OUT_MAX + SAPA_SRTP_EXTRA];
    struct sapa_rtcp_block block;
    struct sapa_rtcp_out out = { .ssrc = leg->ssrc, .cname = leg->cname, .bye = bye };

    if (!sapa_addr_is_set(&leg->remote_rtcp) || (leg->sent == 0 && !leg->stats.started))
        return;
    out.is_sender = leg->sent > 0;
    out.ntp = sapa_rtcp_ntp(sapa_wall_us());
    out.timestamp = leg->timestamp + (uint32_t)((worker->now_us - leg->sent_us) * leg->clock_khz / 1000);
    out.packets = (uint32_t)leg->sent;
    out.octets = leg->sent_octets;
    if (leg->stats.started) {
        sapa_rtp_stats_block(&leg->stats, &block);
        block.last_sr = leg->last_sr;
        block.delay_since_sr = leg->last_sr ? (uint32_t)((worker->now_us - leg->last_sr_us) * 65536 / 1000000) : 0;
        out.block = &block;
    }
    size_t size = sapa_rtcp_write(&out, packet);
    if (leg->srtp)
        size = sapa_srtp_seal(leg->srtp, true, packet, size);
    if (size > 0)
        (void)sapa_udp_give_to(leg->web ? leg->web->port->fd : leg->fds[1], packet, size, &leg->remote_rtcp);
}

/* --- quality --- */

static uint32_t delay_ms(const struct sapa_leg *leg)
{
    return sapa_mos_delay_ms(leg->rtt_us, sapa_rtp_stats_jitter_us(&leg->stats));
}

/* The slice that runs is part of it: a leg may end at any moment. */
static struct sapa_score score_so_far(const struct sapa_worker *worker, const struct sapa_leg *leg)
{
    struct sapa_rtp_stats stats = leg->stats;
    struct sapa_score score = leg->score;
    uint32_t expected, lost;

    sapa_rtp_stats_slice(&stats, &expected, &lost);
    const int64_t left_us = leg->slice_us ? leg->slice_us - worker->now_us : SLICE_US;
    sapa_score_add(&score, (uint32_t)(SAPA_MAX(SLICE_US - left_us, 0) / 1000), expected, lost, delay_ms(leg));
    return score;
}

void sapa_leg_quality(const struct sapa_worker *worker, const struct sapa_leg *leg,
                      struct sapa_media_message *message)
{
    const int64_t talk_us = leg->talk_us + (leg->other ? worker->now_us - leg->bridged_us : 0);
    const struct sapa_score score = score_so_far(worker, leg);

    message->contact = leg->contact;
    message->leg = leg->id;
    message->u.quality.packets = sapa_rtp_stats_packets(&leg->stats);
    message->u.quality.lost = sapa_rtp_stats_lost(&leg->stats);
    message->u.quality.out_of_order = leg->stats.out_of_order;
    message->u.quality.sent = leg->sent;
    message->u.quality.jitter_us = sapa_rtp_stats_jitter_us(&leg->stats);
    message->u.quality.jitter_max_us = sapa_rtp_stats_us(&leg->stats, leg->stats.jitter_max);
    message->u.quality.rtt_us = leg->rtt_us;
    message->u.quality.mos_x100 = message->op == SAPA_MEDIA_QUALITY ? sapa_score_now(&score) : sapa_score_mos(&score);
    message->u.quality.mos_min_x100 = sapa_score_worst(&score);
    message->u.quality.side = leg->side;
    message->u.quality.talk_ms = (uint64_t)(talk_us / 1000);
    message->u.quality.heard_mos_x100 =
        message->op == SAPA_MEDIA_QUALITY ? leg->heard.mos_x100 : sapa_score_mos(&leg->heard.score);
    message->u.quality.heard_mos_min_x100 = sapa_score_worst(&leg->heard.score);
    message->u.quality.heard_lost = leg->heard.lost;
    message->u.quality.heard_fraction = leg->heard.fraction;
    message->u.quality.heard_jitter_us = leg->heard.jitter_us;
}

static void set_alarm(struct sapa_worker *worker, struct sapa_leg *leg, bool on)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_QUALITY, .code = on };

    if (leg->alarm == on)
        return;
    leg->alarm = on;
    sapa_leg_quality(worker, leg, &message);
    sapa_worker_tell(worker, &message);
}

/* The worse of the two directions: what came within the slice, and what the peer lately said of ours. 0: neither is known. */
static uint16_t slice_mos(const struct sapa_worker *worker, struct sapa_leg *leg)
{
    uint32_t expected, lost;
    uint16_t mos = 0;

    sapa_rtp_stats_slice(&leg->stats, &expected, &lost);
    if (expected > 0) {
        sapa_score_add(&leg->score, SLICE_US / 1000, expected, lost, delay_ms(leg));
        mos = sapa_mos_x100(lost, expected, delay_ms(leg));
    }
    if (leg->heard.mos_x100 && worker->now_us - leg->heard.weighed_us < REPORT_FRESH_US)
        mos = mos ? SAPA_MIN(mos, leg->heard.mos_x100) : leg->heard.mos_x100;
    return mos;
}

static void end_slice(struct sapa_worker *worker, struct sapa_leg *leg)
{
    const uint16_t mos = slice_mos(worker, leg);

    if (mos == 0)
        return;
    if (mos >= worker->options.quality_mos_x100) {
        leg->bad_ms = 0;
        set_alarm(worker, leg, false);
        return;
    }
    leg->bad_ms += SLICE_US / 1000;
    if (leg->bad_ms >= worker->options.quality_window_ms)
        set_alarm(worker, leg, true);
}

static void check_silence(struct sapa_worker *worker, struct sapa_leg *leg)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_SILENT, .contact = leg->contact, .leg = leg->id };

    if (leg->silent || !(leg->direction & SAPA_MEDIA_RECEIVE) || (!leg->web && !sapa_addr_is_set(&leg->signalled)) ||
        worker->now_us - leg->heard_us < (int64_t)worker->options.silent_s * 1000000)
        return;
    leg->silent = true;
    message.code = (int16_t)SAPA_MIN((worker->now_us - leg->heard_us) / 1000000, INT16_MAX);
    sapa_worker_tell(worker, &message);
}

void sapa_leg_check(struct sapa_worker *worker, struct sapa_leg *leg)
{
    /* A peer that fell silent may come back from another port: let the kernel show us. */
    if (leg->connected && worker->now_us - leg->heard_us > SLICE_US) {
        sapa_udp_disconnect(leg->fds[0]);
        leg->connected = false;
    }
    if (leg->web)
        sapa_web_check(worker, leg);
    if (worker->now_us >= leg->slice_us) {
        if (leg->slice_us)
            end_slice(worker, leg);
        leg->slice_us = worker->now_us + SLICE_US;
    }
    if (worker->now_us >= leg->rtcp_us) {
        if (leg->rtcp_us)
            sapa_leg_rtcp(worker, leg, false);
        leg->rtcp_us = worker->now_us + RTCP_US / 2 + (int64_t)(sapa_random_u64() % RTCP_US);
    }
    check_silence(worker, leg);
    if (!leg->player && leg->dtmf.count == 0)
        sapa_leg_comfort(worker, leg);
}
