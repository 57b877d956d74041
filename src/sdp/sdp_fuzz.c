/* Any bytes as a session description: parse, look, answer, accept, and parse our own again. */
#include <stdlib.h>

#include "sdp/offer.h"
#include "sdp/opus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sapa_sdp sdp, own;
    static char out[65536];
    const struct sapa_sdp_codec codecs[] = { sapa_sdp_codecs_g711[0],
                                             sapa_sdp_codecs_g711[1],
                                             sapa_sdp_codecs_g711[2],
                                             { .id = 9,
                                               .name = "opus",
                                               .rate_hz = 48000,
                                               .channels = 2,
                                               .pt = 111,
                                               .fmtp = "useinbandfec=1" } };
    static const uint8_t key[SAPA_SDP_KEY_SIZE] = { 1, 2, 3 };
    static const uint8_t print[32] = { 4, 5, 6 };
    const struct sapa_sdp_web web = { .ufrag = SAPA_STR("ours1234"), .pwd = SAPA_STR("0123456789012345678901"), .fingerprint = print, .mid = SAPA_STR("0") };
    const struct sapa_sdp_want want = { .address = SAPA_STR("192.0.2.1"),
                                        .port = 4000,
                                        .direction = (enum sapa_sdp_direction)(size & 3),
                                        .codecs = codecs,
                                        .codec_count = SAPA_COUNT(codecs),
                                        .ptime_ms = 20,
                                        .rtcp_mux = size & 68,
                                        .web = size & 64 ? &web : NULL,
                                        .secure = size & 8,
                                        .secure_only = (size & 24) == 24,
                                        .offer_secure = (size & 40) == 40,
                                        .srtp_key = size & 8 ? key : NULL };
    struct sapa_sdp_local local = { .session_id = 1 };
    struct sapa_sdp_agreed agreed, theirs;
    struct sapa_text text;
    char *copy = malloc(size ? size : 1);

    if (!copy)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    if (sapa_sdp_parse((struct sapa_str){ copy, size }, &sdp) == SAPA_OK) {
        struct sapa_str cursor = sdp.text, value;
        while (sapa_sdp_attribute_next(&cursor, SAPA_STR("group"), &value))
            ;
        for (unsigned i = 0; i < sdp.media_count; i++) {
            cursor = sdp.media[i].text;
            (void)sapa_sdp_is_hold(&sdp.media[i]);
            while (sapa_sdp_attribute_next(&cursor, SAPA_STR("candidate"), &value))
                ;
        }
        sapa_text_init(&text, out, sizeof(out));
        if (sapa_sdp_answer(&local, &want, &sdp, &text, &agreed) == SAPA_OK) {
            (void)sapa_sdp_opus_parse(agreed.fmtp);
            sapa_assert(!agreed.secure || want.secure || want.web);
            sapa_assert(!want.web || (agreed.secure && agreed.ufrag.n > 0 && agreed.fingerprint.n > 0));
            sapa_assert(agreed.secure || !want.secure_only);
            sapa_assert(agreed.audio && agreed.port > 0 && agreed.codec_id != SAPA_SDP_DTMF);
            sapa_assert(sapa_sdp_parse(sapa_text_str(&text), &own) == SAPA_OK);
            sapa_assert(own.media_count == sdp.media_count);
            for (unsigned i = 0; i < own.media_count; i++)
                sapa_assert((own.media[i].port > 0) == (i == agreed.media_index));
            sapa_assert(sapa_sdp_match(&want, &own, &theirs) ==
                        SAPA_OK); /* our answer is one that we would take */
        }
        (void)!sapa_sdp_accept(&want, &sdp, &agreed);
    }
    free(copy);
    return 0;
}
