/* RTCP, what it and the arrivals say about a leg, and who is told when that is bad. */
#include "media/worker_impl.h"

#include "rt/random.h"
#include "rtp/mos.h"

enum {
    RTCP_US = 5000000,         /* RFC 3550 section 6.2: five seconds, give or take half */
    SLICE_US = 2000000,
    WINDOW_SLICES = 5          /* of these make the window whose worst is kept */
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
    }
    if (rtcp.has_sender) {
        leg->last_sr = (uint32_t)(rtcp.ntp >> 16);
        leg->last_sr_us = worker->now_us;
    }
}

void sapa_leg_rtcp(struct sapa_worker *worker, struct sapa_leg *leg, bool bye)
{
    uint8_t packet[SAPA_RTCP_OUT_MAX];
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
    (void)sapa_udp_give_to(leg->fds[1], packet, sapa_rtcp_write(&out, packet), &leg->remote_rtcp);
}

/* --- quality --- */

void sapa_leg_quality(const struct sapa_worker *worker, const struct sapa_leg *leg,
                      struct sapa_media_message *message)
{
    const int64_t talk_us = leg->talk_us + (leg->other ? worker->now_us - leg->bridged_us : 0);

    message->contact = leg->contact;
    message->leg = leg->id;
    message->u.quality.packets = sapa_rtp_stats_packets(&leg->stats);
    message->u.quality.lost = sapa_rtp_stats_lost(&leg->stats);
    message->u.quality.out_of_order = leg->stats.out_of_order;
    message->u.quality.sent = leg->sent;
    message->u.quality.jitter_us = sapa_rtp_stats_jitter_us(&leg->stats);
    message->u.quality.jitter_max_us = sapa_rtp_stats_us(&leg->stats, leg->stats.jitter_max);
    message->u.quality.rtt_us = leg->rtt_us;
    message->u.quality.mos_x100 = leg->mos_x100;
    message->u.quality.mos_min_x100 = leg->mos_min_x100;
    message->u.quality.side = leg->side;
    message->u.quality.talk_ms = (uint64_t)(talk_us / 1000);
    if (leg->mos_x100 == 0 && leg->stats.started) { /* too short for a slice: judge it as a whole */
        const uint32_t delay_ms = sapa_mos_delay_ms(leg->rtt_us, message->u.quality.jitter_us);
        const uint64_t lost = message->u.quality.lost, expected = message->u.quality.packets + lost;
        message->u.quality.mos_x100 = sapa_mos_x100((uint32_t)lost, (uint32_t)expected, delay_ms);
    }
    if (leg->mos_min_x100 == 0)
        message->u.quality.mos_min_x100 = message->u.quality.mos_x100;
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

static void end_slice(struct sapa_worker *worker, struct sapa_leg *leg)
{
    uint32_t expected, lost;

    sapa_rtp_stats_slice(&leg->stats, &expected, &lost);
    if (expected == 0)
        return;
    const uint32_t delay_ms = sapa_mos_delay_ms(leg->rtt_us, sapa_rtp_stats_jitter_us(&leg->stats));
    leg->window_expected += expected;
    leg->window_lost += lost;
    leg->mos_x100 = sapa_mos_x100(leg->window_lost, leg->window_expected, delay_ms);
    if (++leg->window_slices == WINDOW_SLICES) {
        if (leg->mos_min_x100 == 0 || leg->mos_x100 < leg->mos_min_x100)
            leg->mos_min_x100 = leg->mos_x100;
        leg->window_slices = 0;
        leg->window_expected = leg->window_lost = 0;
    }
    if (sapa_mos_x100(lost, expected, delay_ms) >= worker->options.quality_mos_x100) {
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

    if (leg->silent || !(leg->direction & SAPA_MEDIA_RECEIVE) || !sapa_addr_is_set(&leg->signalled) ||
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
