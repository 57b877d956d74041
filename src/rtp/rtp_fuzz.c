/* A packet as it comes from the network: parse it, count it, read its events. */
#include "rtp/stats.h"
#include "rtp/telephone_event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sapa_rtp_stats stats = { 0 };
    struct sapa_event_receiver receiver = { 0 };
    struct sapa_event_digit digits[2];
    struct sapa_event event;
    struct sapa_rtcp_block block;
    struct sapa_rtp rtp;

    /* The input is a row of packets, each with its size in front. */
    for (size_t at = 0; at + 1 < size;) {
        const size_t n = SAPA_MIN((size_t)data[at] + 1, size - at - 1);
        const uint8_t *packet = data + at + 1;
        at += 1 + n;
        (void)sapa_rtp_is_rtcp(packet, n);
        if (sapa_rtp_parse(packet, n, &rtp))
            continue;
        sapa_assert(rtp.payload_at >= SAPA_RTP_HEAD && (size_t)rtp.payload_at + rtp.payload_size <= n);
        (void)sapa_rtp_stats_add(&stats, &rtp, (uint32_t)at);
        if (sapa_event_parse(packet + rtp.payload_at, rtp.payload_size, &event) == SAPA_OK) {
            const unsigned count = sapa_event_receive(&receiver, &event, rtp.timestamp, (int64_t)at, digits);
            for (unsigned i = 0; i < count; i++)
                sapa_assert(sapa_event_of(digits[i].digit) >= 0);
        }
        sapa_rtp_stats_block(&stats, &block);
        sapa_assert(sapa_rtp_stats_packets(&stats) <= size);
    }
    if (size <= UINT16_MAX && sapa_rtp_parse(data, size, &rtp) == SAPA_OK)
        sapa_assert((size_t)rtp.payload_at + rtp.payload_size <= size);
    return 0;
}
