/* Packets of every codec into decoder and jitter buffer: any octets, timestamps and order, as a stranger may send them. */
#include <stdlib.h>
#include <string.h>

#include "media/playout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t codecs[] = { SAPA_CODEC_PCMA, SAPA_CODEC_G722, SAPA_CODEC_OPUS };
    struct sapa_playout *playout;
    int16_t frame[SAPA_CODER_FRAME];

    if (size < 1 || sapa_playout_new(codecs[data[0] % 3], &playout))
        return 0;
    /* Steps: how long, flags (a turn, noise, a jump of the clock), then a packet of that length. */
    uint32_t timestamp = 0;
    for (size_t at = 1; at + 2 <= size;) {
        const size_t n = SAPA_MIN((size_t)data[at] * 6, size - at - 2);
        const uint8_t flags = data[at + 1];
        timestamp += flags & 1 ? (uint32_t)flags << 24 : (uint32_t)(flags >> 4) * (playout->clock / 50) - (flags & 8) * 40u;
        sapa_playout_put(playout, timestamp, data + at + 2, n);
        if (flags & 2)
            for (unsigned i = 0; i <= (unsigned)flags >> 6; i++)
                (void)sapa_playout_get(playout, frame);
        if (flags & 4)
            sapa_playout_noise(playout, flags & 0x7f);
        if (sapa_playout_delay_ms(playout) > 10000)
            abort();
        at += 2 + n;
    }
    sapa_playout_free(playout);
    return 0;
}
