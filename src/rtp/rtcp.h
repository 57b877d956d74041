/**
 * @file rtp/rtcp.h
 * RTCP (RFC 3550 section 6): sender and receiver reports, source description, goodbye.
 *
 * Other packet types are skipped. Room  rtp: base only.   Thread  any.
 * Tests   rtp/rtcp_test.c, rtp/rtcp_fuzz.c
 */
#ifndef SAPA_RTP_RTCP_H
#define SAPA_RTP_RTCP_H

#include "base/base.h"

enum {
    SAPA_RTCP_SENDER_REPORT = 200,
    SAPA_RTCP_RECEIVER_REPORT = 201,
    SAPA_RTCP_SOURCE_DESCRIPTION = 202,
    SAPA_RTCP_BYE = 203,
    SAPA_RTCP_BLOCKS_MAX = 31,  /* what five bits can count */
    SAPA_RTCP_PACKETS_MAX = 16, /* packets of a compound that are looked at */
    SAPA_RTCP_CNAME_MAX = 64,
    SAPA_RTCP_OUT_MAX = 192     /* bytes sapa_rtcp_write() may need */
};

/** One report block about a source. */
struct sapa_rtcp_block {
    uint32_t ssrc;
    uint8_t fraction_lost;      /* of 256, since the last report */
    int32_t lost;               /* cumulative, 24 bit signed */
    uint32_t seq_max;           /* extended */
    uint32_t jitter;            /* timestamp units */
    uint32_t last_sr;           /* middle 32 bits of the NTP time of the last SR received, 0 none */
    uint32_t delay_since_sr;    /* 1/65536 s */
};

/** What a compound packet said, reduced to what one two-party stream needs. */
struct sapa_rtcp {
    bool has_sender;            /* a sender report was there */
    bool has_block;             /* a report block about `about_ssrc` was there */
    bool bye;                   /* goodbye of `ssrc` */
    uint32_t ssrc;              /* who reports: of the first report */
    uint64_t ntp;               /* of the sender report */
    uint32_t timestamp;
    uint32_t packets, octets;
    struct sapa_rtcp_block block;
};

/**
 * @param about_ssrc  the source we send as; other report blocks are skipped
 * @retval SAPA_EINVAL  not a compound that begins with a report (RFC 3550 A.2), or lengths do not fit
 */
SAPA_MUST_CHECK sapa_rc sapa_rtcp_parse(const uint8_t *packet, size_t size, uint32_t about_ssrc,
                                        struct sapa_rtcp *ret);

/** What to say. */
struct sapa_rtcp_out {
    uint32_t ssrc;
    bool is_sender;             /* SR, else RR */
    uint64_t ntp;
    uint32_t timestamp;
    uint32_t packets, octets;
    const struct sapa_rtcp_block *block; /* NULL: nothing received yet */
    const char *cname;          /* 1..SAPA_RTCP_CNAME_MAX characters */
    bool bye;
};

/** SR or RR, SDES with CNAME, perhaps BYE, into `packet` (>= SAPA_RTCP_OUT_MAX bytes). Returns the size. */
size_t sapa_rtcp_write(const struct sapa_rtcp_out *out, uint8_t *packet);

/** UTC microseconds as 64-bit NTP time (RFC 3550 section 4). */
uint64_t sapa_rtcp_ntp(int64_t wall_us);
/**
 * Round trip from a block about us (RFC 3550 section 6.4.1): now - last_sr - delay_since_sr, in microseconds.
 * Returns 0 when it cannot be known or is impossible (clock steps, nonsense of the peer; over 10 s).
 */
uint32_t sapa_rtcp_rtt_us(const struct sapa_rtcp_block *block, uint64_t ntp_now);

#endif
