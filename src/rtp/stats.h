/**
 * @file rtp/stats.h
 * What a receiver knows about a stream: sequence, loss, reordering, jitter (RFC 3550 appendix A).
 *
 * Room    rtp: base only.   Thread  the owner's.   Tests  rtp/stats_test.c
 */
#ifndef SAPA_RTP_STATS_H
#define SAPA_RTP_STATS_H

#include "rtp/rtcp.h"
#include "rtp/rtp.h"

/** Zeroed = nothing received. The sums of streams that ended (a new SSRC, a restart) are kept. */
struct sapa_rtp_stats {
    bool started;
    uint8_t clock_khz;       /* timestamp units a millisecond; 0: 8. Set by the caller */
    uint16_t seq_max;        /* highest of this stream */
    uint32_t cycles;         /* of 65,536 */
    uint32_t seq_base;
    uint32_t seq_bad;        /* next in order of a stream that seems to have restarted; > 65,535 none */
    uint64_t seen;           /* bit i: seq_max - i has come */
    uint32_t ssrc;
    uint32_t received;       /* of this stream, copies left out */
    uint32_t transit;        /* last arrival minus timestamp, timestamp units */
    uint32_t jitter_x16;
    uint32_t jitter_max;     /* timestamp units */
    uint64_t packets_before, lost_before; /* of earlier streams */
    uint64_t out_of_order;
    uint64_t copies;
    uint32_t expected_prior, received_prior; /* at the last report */
    uint32_t expected_mark, received_mark;   /* at the last sapa_rtp_stats_slice() */
};

enum sapa_rtp_order {
    SAPA_RTP_NEXT,   /* ahead of all before it (with or without a gap) */
    SAPA_RTP_LATE,   /* a gap is filled */
    SAPA_RTP_COPY,   /* it was here already */
    SAPA_RTP_STREAM, /* first of a stream: new SSRC, or restarted sequence */
    SAPA_RTP_STRAY   /* far off; perhaps the first of a restart: wait for the next */
};

/**
 * Count one packet.
 * @param arrival  time of arrival in timestamp units
 */
enum sapa_rtp_order sapa_rtp_stats_add(struct sapa_rtp_stats *stats, const struct sapa_rtp *rtp, uint32_t arrival);

uint64_t sapa_rtp_stats_packets(const struct sapa_rtp_stats *stats);
uint64_t sapa_rtp_stats_lost(const struct sapa_rtp_stats *stats);
static inline uint32_t sapa_rtp_stats_us(const struct sapa_rtp_stats *stats, uint32_t units)
{
    return (uint32_t)((uint64_t)units * 1000 / (stats->clock_khz ? stats->clock_khz : 8u));
}
static inline uint32_t sapa_rtp_stats_jitter_us(const struct sapa_rtp_stats *stats)
{
    return sapa_rtp_stats_us(stats, stats->jitter_x16 >> 4);
}
/** Report block since the last call. The two SR fields are the caller's. */
void sapa_rtp_stats_block(struct sapa_rtp_stats *stats, struct sapa_rtcp_block *ret);
/** Expected and lost since the last call of this function. */
void sapa_rtp_stats_slice(struct sapa_rtp_stats *stats, uint32_t *ret_expected, uint32_t *ret_lost);

#endif
