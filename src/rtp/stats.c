#include "rtp/stats.h"

enum { DROPOUT_MAX = 3000, MISORDER_MAX = 100, SEQ_MOD = 1 << 16 };

static uint32_t expected(const struct sapa_rtp_stats *stats)
{
    return stats->started ? stats->cycles + stats->seq_max - stats->seq_base + 1 : 0;
}

static uint32_t lost_now(const struct sapa_rtp_stats *stats)
{
    const uint32_t due = expected(stats);

    return due > stats->received ? due - stats->received : 0;
}

static void begin(struct sapa_rtp_stats *stats, const struct sapa_rtp *rtp, uint32_t arrival)
{
    stats->packets_before += stats->received;
    stats->lost_before += lost_now(stats);
    stats->started = true;
    stats->ssrc = rtp->ssrc;
    stats->seq_base = stats->seq_max = rtp->seq;
    stats->seq_bad = SEQ_MOD + 1;
    stats->cycles = 0;
    stats->seen = 1;
    stats->received = 1;
    stats->transit = arrival - rtp->timestamp;
    stats->expected_prior = stats->received_prior = 0;
    stats->expected_mark = stats->received_mark = 0;
}

/* RFC 3550 A.8: J += (|D| - J) / 16, kept times 16. */
static void add_jitter(struct sapa_rtp_stats *stats, const struct sapa_rtp *rtp, uint32_t arrival)
{
    const uint32_t transit = arrival - rtp->timestamp;
    int32_t d = (int32_t)(transit - stats->transit);

    stats->transit = transit;
    if (d < 0)
        d = d == INT32_MIN ? INT32_MAX : -d;
    /* A jump of the sender's clock (hold, a new source behind the same SSRC) is not the network's jitter. */
    if (d > 1000 * (stats->clock_khz ? stats->clock_khz : 8))
        return;
    stats->jitter_x16 += (uint32_t)d - ((stats->jitter_x16 + 8) >> 4);
    stats->jitter_max = SAPA_MAX(stats->jitter_max, stats->jitter_x16 >> 4);
}

enum sapa_rtp_order sapa_rtp_stats_add(struct sapa_rtp_stats *stats, const struct sapa_rtp *rtp, uint32_t arrival)
{
    if (!stats->started || stats->ssrc != rtp->ssrc) {
        begin(stats, rtp, arrival);
        return SAPA_RTP_STREAM;
    }
    const uint16_t ahead = (uint16_t)(rtp->seq - stats->seq_max);
    if (ahead == 0) {
        stats->copies++;
        return SAPA_RTP_COPY;
    }
    if (ahead < DROPOUT_MAX) {
        if (rtp->seq < stats->seq_max)
            stats->cycles += SEQ_MOD;
        stats->seq_max = rtp->seq;
        stats->seen = ahead < 64 ? stats->seen << ahead | 1 : 1;
        stats->seq_bad = SEQ_MOD + 1;
        stats->received++;
        add_jitter(stats, rtp, arrival);
        return SAPA_RTP_NEXT;
    }
    const uint16_t behind = (uint16_t)-ahead;
    if (behind <= MISORDER_MAX) {
        const uint64_t bit = behind < 64 ? (uint64_t)1 << behind : 0;
        if (stats->seen & bit) {
            stats->copies++;
            return SAPA_RTP_COPY;
        }
        stats->seen |= bit;
        stats->out_of_order++;
        /* One from before the first is not part of what was expected. */
        if (stats->cycles + stats->seq_max - stats->seq_base >= behind)
            stats->received++;
        return SAPA_RTP_LATE;
    }
    if (rtp->seq == stats->seq_bad) {
        begin(stats, rtp, arrival);
        return SAPA_RTP_STREAM;
    }
    stats->seq_bad = (uint16_t)(rtp->seq + 1);
    return SAPA_RTP_STRAY;
}

uint64_t sapa_rtp_stats_packets(const struct sapa_rtp_stats *stats)
{
    return stats->packets_before + stats->received;
}

uint64_t sapa_rtp_stats_lost(const struct sapa_rtp_stats *stats)
{
    return stats->lost_before + lost_now(stats);
}

static uint32_t since(uint32_t *due_mark, uint32_t *received_mark, const struct sapa_rtp_stats *stats,
                      uint32_t *ret_lost)
{
    const uint32_t due = expected(stats) - *due_mark;
    const uint32_t received = stats->received - *received_mark;

    *due_mark += due;
    *received_mark += received;
    *ret_lost = due > received ? due - received : 0;
    return due;
}

void sapa_rtp_stats_block(struct sapa_rtp_stats *stats, struct sapa_rtcp_block *ret)
{
    uint32_t lost;
    const uint32_t due = since(&stats->expected_prior, &stats->received_prior, stats, &lost);

    *ret = (struct sapa_rtcp_block){
        .ssrc = stats->ssrc,
        .fraction_lost = (uint8_t)(due ? SAPA_MIN((uint64_t)lost * 256 / due, 255) : 0),
        .lost = (int32_t)(expected(stats) - stats->received),
        .seq_max = stats->cycles + stats->seq_max,
        .jitter = stats->jitter_x16 >> 4,
    };
}

void sapa_rtp_stats_slice(struct sapa_rtp_stats *stats, uint32_t *ret_expected, uint32_t *ret_lost)
{
    *ret_expected = since(&stats->expected_mark, &stats->received_mark, stats, ret_lost);
}
