#include "sip/flow.h"

#include <arpa/inet.h>

static const struct sapa_str kind_names[SAPA_SIP_FLOW_KIND_COUNT] = {
    [SAPA_SIP_FLOW_NONE] = { "NONE", 4 }, [SAPA_SIP_FLOW_UDP] = { "UDP", 3 },
    [SAPA_SIP_FLOW_TCP] = { "TCP", 3 },   [SAPA_SIP_FLOW_TLS] = { "TLS", 3 },
    [SAPA_SIP_FLOW_WS] = { "WS", 2 },     [SAPA_SIP_FLOW_WSS] = { "WSS", 3 },
};

sapa_rc sapa_sip_ip_parse(struct sapa_str host, uint16_t port, struct sapa_sip_ip *ret_ip)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    struct sapa_sip_ip ip = { .port = port };
    char text[INET6_ADDRSTRLEN + 2];

    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = (struct sapa_str){ host.p + 1, host.n - 2 };
    if (host.n == 0 || host.n >= sizeof(text) || memchr(host.p, '\0', host.n))
        return SAPA_EINVAL;
    sapa_str_copy(host, text, sizeof(text));
    if (memchr(host.p, ':', host.n)) {
        if (inet_pton(AF_INET6, text, ip.bytes) != 1)
            return SAPA_EINVAL;
        ip.family = 6;
        if (memcmp(ip.bytes, mapped, sizeof(mapped)) == 0) {
            memmove(ip.bytes, ip.bytes + 12, 4);
            memset(ip.bytes + 4, 0, 12);
            ip.family = 4;
        }
    } else {
        if (inet_pton(AF_INET, text, ip.bytes) != 1)
            return SAPA_EINVAL;
        ip.family = 4;
    }
    *ret_ip = ip;
    return SAPA_OK;
}

bool sapa_sip_ip_same_host(const struct sapa_sip_ip *a, const struct sapa_sip_ip *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, a->family == 6 ? 16 : 4) == 0;
}

bool sapa_sip_ip_eq(const struct sapa_sip_ip *a, const struct sapa_sip_ip *b)
{
    return a->port == b->port && sapa_sip_ip_same_host(a, b);
}

void sapa_sip_put_ip(struct sapa_text *out, const struct sapa_sip_ip *ip)
{
    char text[INET6_ADDRSTRLEN] = "";

    if (ip->family == 6) {
        (void)inet_ntop(AF_INET6, ip->bytes, text, sizeof(text)); /* cannot fail: the buffer fits */
        sapa_text_char(out, '[');
        sapa_text_add(out, sapa_str_of(text));
        sapa_text_char(out, ']');
    } else {
        for (int i = 0; i < 4; i++) {
            const uint8_t b = ip->bytes[i];
            if (i > 0)
                sapa_text_char(out, '.');
            if (b >= 100)
                sapa_text_char(out, (char)('0' + b / 100));
            if (b >= 10)
                sapa_text_char(out, (char)('0' + b / 10 % 10));
            sapa_text_char(out, (char)('0' + b % 10));
        }
    }
}

static void put_port(struct sapa_text *out, uint16_t port)
{
    char digits[6];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + port % 10);
        port /= 10;
    } while (port > 0);
    digits[--at] = ':';
    sapa_text_add(out, (struct sapa_str){ digits + at, sizeof(digits) - at });
}

void sapa_sip_put_ip_port(struct sapa_text *out, const struct sapa_sip_ip *ip)
{
    sapa_sip_put_ip(out, ip);
    put_port(out, ip->port);
}

bool sapa_sip_flow_eq(const struct sapa_sip_flow *a, const struct sapa_sip_flow *b)
{
    return a->kind == b->kind && a->socket == b->socket && a->conn == b->conn &&
           a->generation == b->generation && sapa_sip_ip_eq(&a->remote, &b->remote);
}

bool sapa_sip_flow_reliable(const struct sapa_sip_flow *flow)
{
    return flow->kind != SAPA_SIP_FLOW_UDP;
}

const char *sapa_sip_flow_name(enum sapa_sip_flow_kind kind)
{
    return kind < SAPA_SIP_FLOW_KIND_COUNT ? kind_names[kind].p : "NONE";
}

enum sapa_sip_flow_kind sapa_sip_flow_kind_of(struct sapa_str name)
{
    for (int i = SAPA_SIP_FLOW_UDP; i < SAPA_SIP_FLOW_KIND_COUNT; i++) {
        if (sapa_str_ieq(name, kind_names[i]))
            return (enum sapa_sip_flow_kind)i;
    }
    return SAPA_SIP_FLOW_NONE;
}

void sapa_sip_put_contact(struct sapa_text *out, const struct sapa_sip_flow *flow,
                          struct sapa_str user)
{
    static const char *const transports[SAPA_SIP_FLOW_KIND_COUNT] = {
        [SAPA_SIP_FLOW_TCP] = ";transport=tcp",
        [SAPA_SIP_FLOW_TLS] = ";transport=tls",
        [SAPA_SIP_FLOW_WS] = ";transport=ws",
        [SAPA_SIP_FLOW_WSS] = ";transport=wss",
    };

    sapa_text_add(out, SAPA_STR("<sip:"));
    if (user.n > 0) {
        sapa_text_add(out, user);
        sapa_text_char(out, '@');
    }
    sapa_sip_put_ip_port(out, &flow->local);
    if (flow->kind < SAPA_SIP_FLOW_KIND_COUNT && transports[flow->kind])
        sapa_text_add(out, sapa_str_of(transports[flow->kind]));
    sapa_text_char(out, '>');
}
