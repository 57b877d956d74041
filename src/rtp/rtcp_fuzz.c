/* A compound packet from the network; whatever is accepted is written again and must say the same. */
#include "rtp/rtcp.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t packet[SAPA_RTCP_OUT_MAX];
    struct sapa_rtcp rtcp, back;

    if (sapa_rtcp_parse(data, size, 0x11223344, &rtcp))
        return 0;
    const struct sapa_rtcp_out out = { .ssrc = rtcp.ssrc, .is_sender = rtcp.has_sender, .ntp = rtcp.ntp,
                                       .timestamp = rtcp.timestamp, .packets = rtcp.packets, .octets = rtcp.octets,
                                       .block = rtcp.has_block ? &rtcp.block : NULL, .cname = "fuzz",
                                       .bye = rtcp.bye };
    const size_t n = sapa_rtcp_write(&out, packet);
    sapa_assert(n <= sizeof(packet));
    const sapa_rc rc = sapa_rtcp_parse(packet, n, 0x11223344, &back);
    sapa_assert(rc == SAPA_OK);
    sapa_assert(back.has_sender == rtcp.has_sender && back.has_block == rtcp.has_block && back.bye == rtcp.bye);
    sapa_assert(back.ssrc == rtcp.ssrc && back.ntp == rtcp.ntp && back.timestamp == rtcp.timestamp);
    sapa_assert(back.packets == rtcp.packets && back.octets == rtcp.octets);
    const struct sapa_rtcp_block *a = &rtcp.block, *b = &back.block;
    sapa_assert(!rtcp.has_block || (a->ssrc == b->ssrc && a->fraction_lost == b->fraction_lost && a->lost == b->lost && a->seq_max == b->seq_max &&
                                    a->jitter == b->jitter && a->last_sr == b->last_sr && a->delay_since_sr == b->delay_since_sr));
    (void)sapa_rtcp_rtt_us(&rtcp.block, rtcp.ntp);
    return 0;
}
