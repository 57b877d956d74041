/**
 * @file rtp/rtp.h
 * RTP packets (RFC 3550 section 5.1, profile RFC 3551): bytes to struct and back.
 *
 * Room    rtp: base only.   Thread  any.   Tests  rtp/rtp_test.c, rtp/rtp_fuzz.c
 */
#ifndef SAPA_RTP_RTP_H
#define SAPA_RTP_RTP_H

#include "base/base.h"

enum {
    SAPA_RTP_HEAD = 12,
    SAPA_RTP_PCMU = 0,
    SAPA_RTP_PCMA = 8,
    SAPA_RTP_COMFORT_NOISE = 13 /* RFC 3389 */
};

struct sapa_rtp {
    bool marker;
    uint8_t type; /* payload type, 0..127 */
    uint16_t seq;
    uint32_t timestamp;
    uint32_t ssrc;
    uint16_t payload_at;   /* offset in the packet; >= SAPA_RTP_HEAD */
    uint16_t payload_size; /* padding left out; may be 0 */
};

static inline uint16_t sapa_rtp_get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t sapa_rtp_get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void sapa_rtp_put16(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static inline void sapa_rtp_put32(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 24);
    p[1] = (uint8_t)(value >> 16);
    p[2] = (uint8_t)(value >> 8);
    p[3] = (uint8_t)value;
}

/** RTCP on the RTP port (RFC 5761 section 4): packet types 192..223 where RTP has marker and type. */
static inline bool sapa_rtp_is_rtcp(const uint8_t *packet, size_t size)
{
    return size >= 8 && packet[0] >> 6 == 2 && packet[1] >= 192 && packet[1] <= 223;
}

/**
 * Contributing sources, header extension and padding are skipped.
 * @retval SAPA_EINVAL  not version 2, or its parts do not fit into `size` (<= 65535)
 */
SAPA_MUST_CHECK sapa_rc sapa_rtp_parse(const uint8_t *packet, size_t size, struct sapa_rtp *ret);

/** Writes SAPA_RTP_HEAD bytes: no padding, extension or contributing sources. */
static inline void sapa_rtp_put_head(uint8_t *packet, bool marker, uint8_t type, uint16_t seq, uint32_t timestamp,
                                     uint32_t ssrc)
{
    packet[0] = 0x80;
    packet[1] = (uint8_t)((marker ? 0x80 : 0) | (type & 0x7f));
    sapa_rtp_put16(packet + 2, seq);
    sapa_rtp_put32(packet + 4, timestamp);
    sapa_rtp_put32(packet + 8, ssrc);
}

#endif
