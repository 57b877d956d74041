/* Any bytes through the parser, every accessor, the writer, and the parser again. First byte: framing. */
#include <stdlib.h>

#include "sip/digest.h"
#include "sip/flow.h"
#include "sip/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct sapa_sip_msg *msg)
{
    for (int id = 0; id < SAPA_SIP_H_COUNT; id++) {
        struct sapa_sip_iter iter = sapa_sip_iter_of(msg, (enum sapa_sip_header)id);
        struct sapa_str value;
        struct sapa_sip_addr addr;
        struct sapa_sip_via via;
        struct sapa_sip_digest digest;
        struct sapa_sip_ip ip;
        uint32_t seconds;
        while (sapa_sip_iter_next(&iter, &value)) {
            if (sapa_sip_addr_parse(value, &addr) == SAPA_OK) {
                struct sapa_sip_param param;
                struct sapa_str rest = addr.params, unescaped;
                char plain[256];
                while (sapa_sip_params_next(&rest, &param))
                    sapa_assert(param.name.n > 0);
                (void)!sapa_sip_unescape(addr.uri.user, plain, sizeof(plain), &unescaped);
                (void)!sapa_sip_ip_parse(addr.uri.host, addr.uri.port, &ip);
                sapa_assert(addr.star || sapa_sip_uri_eq(&addr.uri, &addr.uri));
            }
            if (sapa_sip_via_parse(value, &via) == SAPA_OK)
                sapa_assert(via.host.n > 0);
        }
        (void)!sapa_sip_seconds(msg, (enum sapa_sip_header)id, &seconds);
        (void)sapa_sip_has_token(msg, (enum sapa_sip_header)id, SAPA_STR("path"));
        for (const struct sapa_sip_line *line = sapa_sip_first(msg, (enum sapa_sip_header)id); line;
             line = sapa_sip_next(msg, line))
            (void)!sapa_sip_digest_parse(line->value, &digest);
    }
    (void)sapa_sip_content_is(msg, SAPA_STR("application/sdp"));
    (void)sapa_sip_find(msg, SAPA_STR("X-Nothing"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sapa_sip_msg msg, again;
    static char out[SAPA_SIP_MSG_SIZE_MAX * 2];
    struct sapa_sip_frame frame;
    struct sapa_text text;

    if (size < 1)
        return 0;
    const enum sapa_sip_framing framing = data[0] & 1 ? SAPA_SIP_STREAM : SAPA_SIP_DATAGRAM;
    const size_t n = size - 1;
    char *copy = malloc(n ? n : 1);
    if (!copy)
        return 0;
    memcpy(copy, data + 1, n);
    if (sapa_sip_frame_find(copy, n, &frame) == SAPA_OK)
        sapa_assert(frame.skip + frame.size <= n && frame.size > 0);
    if (sapa_sip_msg_parse(copy, n, framing, &msg) == SAPA_OK) {
        look(&msg);
        if (msg.fault == 0) {
            sapa_text_init(&text, out, sizeof(out));
            sapa_sip_put_msg(&text, &msg);
            sapa_assert(!text.cut);
            if (text.n <= SAPA_SIP_MSG_SIZE_MAX) {
                const sapa_rc rc = sapa_sip_msg_parse(out, text.n, SAPA_SIP_STREAM, &again);
                sapa_assert(rc == SAPA_OK);
                sapa_assert(again.fault == 0);
                sapa_assert(again.method == msg.method && again.cseq == msg.cseq &&
                            again.status == msg.status);
                sapa_assert(sapa_str_eq(again.call_id, msg.call_id) &&
                            sapa_str_eq(again.body, msg.body));
                sapa_assert(sapa_str_eq(again.from.tag, msg.from.tag) &&
                            sapa_str_eq(again.via.branch, msg.via.branch));
                sapa_assert(again.line_count <= msg.line_count + 2);
            }
        }
    }
    free(copy);
    return 0;
}
