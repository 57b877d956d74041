#include "rtp/rtcp.h"

#include <string.h>

#include "rtp/rtp.h"

enum { SENDER_INFO = 20, BLOCK_SIZE = 24, SDES_CNAME = 1 };

static void get_block(const uint8_t *p, struct sapa_rtcp_block *ret)
{
    uint32_t lost = (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 | p[7];

    if (lost & 0x800000)
        lost |= 0xff000000;
    *ret = (struct sapa_rtcp_block){
        .ssrc = sapa_rtp_get32(p),
        .fraction_lost = p[4],
        .lost = (int32_t)lost,
        .seq_max = sapa_rtp_get32(p + 8),
        .jitter = sapa_rtp_get32(p + 12),
        .last_sr = sapa_rtp_get32(p + 16),
        .delay_since_sr = sapa_rtp_get32(p + 20),
    };
}

/* One report with its head; `size` is that of this packet alone. */
static sapa_rc get_report(const uint8_t *p, size_t size, uint32_t about_ssrc, bool first, struct sapa_rtcp *rtcp)
{
    const bool is_sender = p[1] == SAPA_RTCP_SENDER_REPORT;
    const size_t count = p[0] & 0x1f;
    size_t at = 8;

    if (size < at + (is_sender ? SENDER_INFO : 0) + count * BLOCK_SIZE)
        return SAPA_EINVAL;
    if (first)
        rtcp->ssrc = sapa_rtp_get32(p + 4);
    if (is_sender) {
        if (!rtcp->has_sender && sapa_rtp_get32(p + 4) == rtcp->ssrc) {
            rtcp->has_sender = true;
            rtcp->ntp = (uint64_t)sapa_rtp_get32(p + 8) << 32 | sapa_rtp_get32(p + 12);
            rtcp->timestamp = sapa_rtp_get32(p + 16);
            rtcp->packets = sapa_rtp_get32(p + 20);
            rtcp->octets = sapa_rtp_get32(p + 24);
        }
        at += SENDER_INFO;
    }
    for (size_t i = 0; i < count && !rtcp->has_block; i++, at += BLOCK_SIZE) {
        if (sapa_rtp_get32(p + at) != about_ssrc)
            continue;
        get_block(p + at, &rtcp->block);
        rtcp->has_block = true;
    }
    return SAPA_OK;
}

sapa_rc sapa_rtcp_parse(const uint8_t *packet, size_t size, uint32_t about_ssrc, struct sapa_rtcp *ret)
{
    struct sapa_rtcp rtcp = { 0 };
    size_t at = 0;

    for (unsigned n = 0; at < size && n < SAPA_RTCP_PACKETS_MAX; n++) {
        const uint8_t *p = packet + at;
        if (size - at < 4 || p[0] >> 6 != 2)
            return SAPA_EINVAL;
        const size_t length = 4 + 4u * (size_t)sapa_rtp_get16(p + 2);
        if (length > size - at)
            return SAPA_EINVAL;
        const bool is_report = p[1] == SAPA_RTCP_SENDER_REPORT || p[1] == SAPA_RTCP_RECEIVER_REPORT;
        if (n == 0 && (!is_report || p[0] & 0x20))
            return SAPA_EINVAL;
        if (is_report) {
            if (length < 8)
                return SAPA_EINVAL;
            const sapa_rc rc = get_report(p, length, about_ssrc, n == 0, &rtcp);
            if (rc)
                return rc;
        } else if (p[1] == SAPA_RTCP_BYE) {
            const size_t count = p[0] & 0x1f;
            if (length < 4 + 4 * count)
                return SAPA_EINVAL;
            for (size_t i = 0; i < count; i++)
                rtcp.bye |= sapa_rtp_get32(p + 4 + 4 * i) == rtcp.ssrc;
        }
        at += length;
    }
    if (at == 0)
        return SAPA_EINVAL;
    *ret = rtcp;
    return SAPA_OK;
}

static size_t put_packet_head(uint8_t *p, size_t count, uint8_t type, size_t size)
{
    p[0] = (uint8_t)(0x80 | count);
    p[1] = type;
    sapa_rtp_put16(p + 2, (uint16_t)(size / 4 - 1));
    return size;
}

static void put_block(uint8_t *p, const struct sapa_rtcp_block *block)
{
    const int32_t lost = SAPA_MIN(SAPA_MAX(block->lost, -0x800000), 0x7fffff);

    sapa_rtp_put32(p, block->ssrc);
    sapa_rtp_put32(p + 4, (uint32_t)block->fraction_lost << 24 | ((uint32_t)lost & 0xffffff));
    sapa_rtp_put32(p + 8, block->seq_max);
    sapa_rtp_put32(p + 12, block->jitter);
    sapa_rtp_put32(p + 16, block->last_sr);
    sapa_rtp_put32(p + 20, block->delay_since_sr);
}

size_t sapa_rtcp_write(const struct sapa_rtcp_out *out, uint8_t *packet)
{
    const size_t blocks = out->block ? 1 : 0;
    const size_t cname = strnlen(out->cname, SAPA_RTCP_CNAME_MAX);
    uint8_t *p = packet;

    const size_t report = 8 + (out->is_sender ? (size_t)SENDER_INFO : 0) + blocks * BLOCK_SIZE;
    put_packet_head(p, blocks, out->is_sender ? SAPA_RTCP_SENDER_REPORT : SAPA_RTCP_RECEIVER_REPORT, report);
    sapa_rtp_put32(p + 4, out->ssrc);
    if (out->is_sender) {
        sapa_rtp_put32(p + 8, (uint32_t)(out->ntp >> 32));
        sapa_rtp_put32(p + 12, (uint32_t)out->ntp);
        sapa_rtp_put32(p + 16, out->timestamp);
        sapa_rtp_put32(p + 20, out->packets);
        sapa_rtp_put32(p + 24, out->octets);
    }
    if (out->block)
        put_block(p + report - BLOCK_SIZE, out->block);
    p += report;

    /* The chunk ends with a zero and goes on with zeros to the next multiple of four. */
    const size_t sdes = 4 + ((4 + 2 + cname) / 4 + 1) * 4;
    memset(p, 0, sdes);
    put_packet_head(p, 1, SAPA_RTCP_SOURCE_DESCRIPTION, sdes);
    sapa_rtp_put32(p + 4, out->ssrc);
    p[8] = SDES_CNAME;
    p[9] = (uint8_t)cname;
    memcpy(p + 10, out->cname, cname);
    p += sdes;

    if (out->bye) {
        put_packet_head(p, 1, SAPA_RTCP_BYE, 8);
        sapa_rtp_put32(p + 4, out->ssrc);
        p += 8;
    }
    return (size_t)(p - packet);
}

uint64_t sapa_rtcp_ntp(int64_t wall_us)
{
    const uint64_t seconds = (uint64_t)(wall_us / 1000000) + 2208988800u;
    const uint64_t fraction = ((uint64_t)(wall_us % 1000000) << 32) / 1000000;

    return seconds << 32 | fraction;
}

uint32_t sapa_rtcp_rtt_us(const struct sapa_rtcp_block *block, uint64_t ntp_now)
{
    if (block->last_sr == 0)
        return 0;
    const uint32_t rtt = (uint32_t)(ntp_now >> 16) - block->last_sr - block->delay_since_sr;
    if (rtt > 10u << 16)
        return 0;
    return (uint32_t)((uint64_t)rtt * 1000000 >> 16);
}
