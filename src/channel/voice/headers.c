#include "channel/voice/voice_impl.h"

/* Reason (RFC 3326): Q.850 causes come back as cause + 1000, SIP ones as their status; 0: none given. */
int sapa_voice_reason_cause(const struct sapa_sip_msg *msg, struct sapa_text64 *ret_text)
{
    int cause = 0;
    struct sapa_sip_iter iter = sapa_sip_iter_of(msg, SAPA_SIP_H_REASON);
    struct sapa_str value;
    while (sapa_sip_iter_next(&iter, &value)) {
        struct sapa_str params, text;
        const struct sapa_str protocol = sapa_str_trim(sapa_str_cut(value, ';', &params));
        const bool q850 = sapa_str_ieq(protocol, SAPA_STR("Q.850"));
        uint64_t number;
        if (!q850 && !sapa_str_ieq(protocol, SAPA_STR("SIP")))
            continue;
        if (!sapa_sip_params_get(params, SAPA_STR("cause"), &text) ||
            sapa_str_u64(sapa_str_trim(text), q850 ? 127 : 699, &number) != SAPA_OK)
            continue;
        if (q850 || cause == 0)
            cause = (int)number + (q850 ? 1000 : 0);
        if (ret_text && sapa_sip_params_get(params, SAPA_STR("text"), &text) && sapa_str_utf8(text))
            sapa_sized_set(ret_text, text);
    }
    return cause;
}

/* Causes that say "the network", after ITU-T Q.850: no route, out of order, congestion, interworking … */
enum sapa_side sapa_voice_side_of_cause(int cause, enum sapa_side otherwise)
{
    if (cause >= 1000) {
        switch (cause - 1000) {
        case 2: case 3: case 5: case 6: case 27: case 34: case 38: case 39: case 41: case 42: case 43: case 44:
        case 46: case 47: case 102: case 111: case 127:
            return SAPA_SIDE_NETWORK;
        default:
            return otherwise;
        }
    }
    return cause >= 500 && cause < 600 ? SAPA_SIDE_NETWORK : otherwise;
}

/* A key in an INFO: application/dtmf-relay ("Signal=5") or application/dtmf ("5"); 0: none. */
char sapa_voice_info_digit(const struct sapa_sip_msg *msg)
{
    struct sapa_str body = msg->body, line, key = { NULL, 0 };
    if (body.n > 256)
        return 0;
    if (sapa_sip_content_is(msg, SAPA_STR("application/dtmf"))) {
        key = sapa_str_trim(body);
    } else if (sapa_sip_content_is(msg, SAPA_STR("application/dtmf-relay"))) {
        while (body.n > 0) {
            struct sapa_str value;
            line = sapa_str_cut(body, '\n', &body);
            if (sapa_str_ieq(sapa_str_trim(sapa_str_cut(line, '=', &value)), SAPA_STR("Signal"))) {
                key = sapa_str_trim(value);
                break;
            }
        }
    }
    if (key.n == 2 && key.p[0] == '1' && key.p[1] == '0') /* event numbers, as some phones write them */
        return '*';
    if (key.n == 2 && key.p[0] == '1' && key.p[1] == '1')
        return '#';
    if (key.n != 1)
        return 0;
    const char c = key.p[0];
    if ((c >= '0' && c <= '9') || c == '*' || c == '#' || (c >= 'A' && c <= 'D'))
        return c;
    return c >= 'a' && c <= 'd' ? (char)(c - 'a' + 'A') : 0;
}
