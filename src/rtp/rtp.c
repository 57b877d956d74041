#include "rtp/rtp.h"

sapa_rc sapa_rtp_parse(const uint8_t *packet, size_t size, struct sapa_rtp *ret)
{
    if (size < SAPA_RTP_HEAD || size > UINT16_MAX || packet[0] >> 6 != 2)
        return SAPA_EINVAL;

    size_t at = SAPA_RTP_HEAD + 4u * (packet[0] & 0x0f);
    if (packet[0] & 0x10) {
        if (at + 4 > size)
            return SAPA_EINVAL;
        at += 4 + 4u * sapa_rtp_get16(packet + at + 2);
    }
    if (at > size)
        return SAPA_EINVAL;

    size_t payload = size - at;
    if (packet[0] & 0x20) {
        const size_t padding = packet[size - 1];
        if (padding == 0 || padding > payload)
            return SAPA_EINVAL;
        payload -= padding;
    }
    *ret = (struct sapa_rtp){
        .marker = packet[1] >> 7,
        .type = packet[1] & 0x7f,
        .seq = sapa_rtp_get16(packet + 2),
        .timestamp = sapa_rtp_get32(packet + 4),
        .ssrc = sapa_rtp_get32(packet + 8),
        .payload_at = (uint16_t)at,
        .payload_size = (uint16_t)payload,
    };
    return SAPA_OK;
}
