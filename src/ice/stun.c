#include "ice/stun.h"

#include <string.h>

#include "rt/crypto.h"

enum {
    COOKIE = 0x2112a442,
    ATTRIBUTES_MAX = 32,
    FINGERPRINT_XOR = 0x5354554e,

    USERNAME = 0x0006,
    MESSAGE_INTEGRITY = 0x0008,
    ERROR_CODE = 0x0009,
    UNKNOWN_ATTRIBUTES = 0x000a,
    REALM = 0x0014,
    NONCE = 0x0015,
    MESSAGE_INTEGRITY_SHA256 = 0x001c,
    XOR_MAPPED_ADDRESS = 0x0020,
    PRIORITY = 0x0024,
    USE_CANDIDATE = 0x0025,
    FINGERPRINT = 0x8028,
    ICE_CONTROLLED = 0x8029,
    ICE_CONTROLLING = 0x802a,
    MUST_UNDERSTAND_END = 0x8000   /* types below it may not be passed over */
};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value)
{
    put16(p, value >> 16);
    put16(p + 2, value & 0xffff);
}

/* CRC-32 of ITU-T V.42, four bits at a time: a hundred octets a check. */
static uint32_t crc32(const uint8_t *bytes, size_t n)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < n; i++) {
        crc = crc >> 4 ^ table[(crc ^ bytes[i]) & 15];
        crc = crc >> 4 ^ table[(crc ^ bytes[i] >> 4) & 15];
    }
    return ~crc;
}

bool sapa_stun_is(const uint8_t *bytes, size_t size)
{
    return size >= SAPA_STUN_HEAD && bytes[0] < 4 && get32(bytes + 4) == COOKIE;
}

/* --- in --- */

static bool read_mapped(const uint8_t *value, size_t n, const uint8_t *head, struct sapa_addr *ret)
{
    struct sapa_addr addr = { 0 };
    const uint16_t port = get16(value + 2) ^ (uint16_t)(COOKIE >> 16);

    if (n == 8 && value[1] == 1) {
        addr.v4.sin_family = AF_INET;
        addr.v4.sin_addr.s_addr = htonl(get32(value + 4) ^ COOKIE);
    } else if (n == 20 && value[1] == 2) {
        addr.v6.sin6_family = AF_INET6;
        for (size_t i = 0; i < 16; i++)
            addr.v6.sin6_addr.s6_addr[i] = value[4 + i] ^ head[4 + i];
    } else {
        return false;
    }
    sapa_addr_set_port(&addr, port);
    *ret = addr;
    return true;
}

/* One attribute in front of MESSAGE-INTEGRITY. */
static bool read_attribute(uint16_t type, const uint8_t *value, size_t n, const uint8_t *head, struct sapa_stun *stun)
{
    switch (type) {
    case USERNAME:
        stun->username = (struct sapa_str){ (const char *)value, n };
        return n > 0 && n <= SAPA_STUN_USERNAME_MAX;
    case ERROR_CODE:
        if (n < 4)
            return false;
        stun->error = (uint16_t)((value[2] & 7) * 100 + value[3]);
        return stun->error >= 300 && stun->error < 700 && value[3] < 100;
    case XOR_MAPPED_ADDRESS:
        return n >= 8 && read_mapped(value, n, head, &stun->mapped);
    case PRIORITY:
        if (n != 4)
            return false;
        stun->priority = get32(value);
        return true;
    case USE_CANDIDATE:
        stun->use_candidate = true;
        return n == 0;
    case ICE_CONTROLLED:
    case ICE_CONTROLLING:
        if (n != 8)
            return false;
        stun->controlled |= type == ICE_CONTROLLED;
        stun->controlling |= type == ICE_CONTROLLING;
        stun->tie_breaker = (uint64_t)get32(value) << 32 | get32(value + 4);
        return true;
    case UNKNOWN_ATTRIBUTES:
    case REALM:
    case NONCE:
    case MESSAGE_INTEGRITY_SHA256: /* short-term credentials of ICE: SHA-1 alone */
        return true;
    default:
        if (type < MUST_UNDERSTAND_END && stun->unknown_count < SAPA_STUN_UNKNOWN_MAX)
            stun->unknown[stun->unknown_count++] = type;
        return true;
    }
}

sapa_rc sapa_stun_parse(const uint8_t *bytes, size_t size, struct sapa_stun *ret)
{
    struct sapa_stun stun = { 0 };
    unsigned count = 0;

    if (!sapa_stun_is(bytes, size) || size % 4 != 0 || get16(bytes + 2) != size - SAPA_STUN_HEAD)
        return SAPA_EINVAL;
    if (size > SAPA_STUN_MAX)
        return SAPA_ELIMIT;
    stun.type = get16(bytes);
    memcpy(stun.transaction, bytes + 8, sizeof(stun.transaction));
    for (size_t at = SAPA_STUN_HEAD; at < size;) { /* all is in words of four: a head always fits */
        const uint16_t type = get16(bytes + at);
        const size_t n = get16(bytes + at + 2), padded = (n + 3) & ~(size_t)3;
        const uint8_t *value = bytes + at + 4;

        if (padded > size - at - 4 || stun.has_fingerprint)
            return SAPA_EINVAL;
        if (++count > ATTRIBUTES_MAX)
            return SAPA_ELIMIT;
        if (type == FINGERPRINT) {
            if (n != 4 || get32(value) != (crc32(bytes, at) ^ FINGERPRINT_XOR))
                return SAPA_EINVAL;
            stun.has_fingerprint = true;
        } else if (stun.has_integrity) {
            ; /* behind it nothing counts but FINGERPRINT: anybody may have added it */
        } else if (type == MESSAGE_INTEGRITY) {
            if (n != SAPA_SHA1_SIZE)
                return SAPA_EINVAL;
            stun.has_integrity = true;
            stun.integrity_at = at;
        } else if (!read_attribute(type, value, n, bytes, &stun)) {
            return SAPA_EINVAL;
        }
        at += 4 + padded;
    }
    *ret = stun;
    return SAPA_OK;
}

/* The length in the head counts as if MESSAGE-INTEGRITY were the last (RFC 8489 section 14.5). */
static void integrity(const uint8_t *bytes, size_t at, const char *password, uint8_t ret_mac[SAPA_SHA1_SIZE])
{
    uint8_t head[SAPA_STUN_HEAD];

    memcpy(head, bytes, sizeof(head));
    put16(head + 2, (unsigned)(at + 4 + SAPA_SHA1_SIZE - SAPA_STUN_HEAD));
    sapa_hmac_sha1(password, strnlen(password, SAPA_STUN_PASSWORD_MAX), head, sizeof(head), bytes + sizeof(head),
                   at - sizeof(head), ret_mac);
}

bool sapa_stun_is_by(const struct sapa_stun *stun, const uint8_t *bytes, const char *password)
{
    uint8_t mac[SAPA_SHA1_SIZE];

    if (!stun->has_integrity)
        return false;
    integrity(bytes, stun->integrity_at, password, mac);
    return sapa_equal_secret(mac, bytes + stun->integrity_at + 4, sizeof(mac));
}

/* --- out --- */

struct out {
    uint8_t *bytes;
    size_t n;
};

/* The value's place; what lies between it and the next word is zero. */
static uint8_t *add(struct out *out, uint16_t type, size_t n)
{
    const size_t padded = (n + 3) & ~(size_t)3;
    uint8_t *value = out->bytes + out->n + 4;

    sapa_assert(out->n + 4 + padded <= SAPA_STUN_OUT_MAX);
    put16(out->bytes + out->n, type);
    put16(out->bytes + out->n + 2, (unsigned)n);
    memset(value, 0, padded);
    out->n += 4 + padded;
    return value;
}

static void add_mapped(struct out *out, const struct sapa_addr *addr)
{
    const bool v6 = sapa_addr_is_v6(addr);
    uint8_t *value = add(out, XOR_MAPPED_ADDRESS, v6 ? 20 : 8);

    value[1] = v6 ? 2 : 1;
    put16(value + 2, sapa_addr_port(addr) ^ COOKIE >> 16);
    if (!v6) {
        put32(value + 4, ntohl(addr->v4.sin_addr.s_addr) ^ COOKIE);
        return;
    }
    for (size_t i = 0; i < 16; i++)
        value[4 + i] = addr->v6.sin6_addr.s6_addr[i] ^ out->bytes[4 + i];
}

static const char *reason_of(uint16_t error)
{
    switch (error) {
    case 400: return "Bad Request";
    case 401: return "Unauthenticated";
    case 420: return "Unknown Attribute";
    case 487: return "Role Conflict";
    default: return "";
    }
}

size_t sapa_stun_write(const struct sapa_stun_out *say, uint8_t ret_bytes[SAPA_STUN_OUT_MAX])
{
    struct out out = { .bytes = ret_bytes, .n = SAPA_STUN_HEAD };

    put16(ret_bytes, say->type);
    put32(ret_bytes + 4, COOKIE);
    memcpy(ret_bytes + 8, say->transaction, sizeof(say->transaction));
    if (say->username) {
        const size_t n = strnlen(say->username, SAPA_STUN_USERNAME_MAX);
        memcpy(add(&out, USERNAME, n), say->username, n);
    }
    if (say->error) {
        const char *reason = reason_of(say->error);
        uint8_t *value = add(&out, ERROR_CODE, 4 + strlen(reason));
        value[2] = (uint8_t)(say->error / 100);
        value[3] = (uint8_t)(say->error % 100);
        memcpy(value + 4, reason, strlen(reason));
    }
    if (say->unknown_count > 0) {
        const unsigned n = SAPA_MIN(say->unknown_count, (unsigned)SAPA_STUN_UNKNOWN_MAX);
        uint8_t *value = add(&out, UNKNOWN_ATTRIBUTES, 2 * n);
        for (unsigned i = 0; i < n; i++)
            put16(value + 2 * i, say->unknown[i]);
    }
    if (say->mapped)
        add_mapped(&out, say->mapped);
    if (say->priority)
        put32(add(&out, PRIORITY, 4), say->priority);
    if (say->use_candidate)
        (void)add(&out, USE_CANDIDATE, 0);
    if (say->controlling || say->controlled) {
        uint8_t *value = add(&out, say->controlling ? ICE_CONTROLLING : ICE_CONTROLLED, 8);
        put32(value, (uint32_t)(say->tie_breaker >> 32));
        put32(value + 4, (uint32_t)say->tie_breaker);
    }
    if (say->password) {
        const size_t at = out.n;
        uint8_t mac[SAPA_SHA1_SIZE];
        uint8_t *value = add(&out, MESSAGE_INTEGRITY, SAPA_SHA1_SIZE);
        integrity(ret_bytes, at, say->password, mac);
        memcpy(value, mac, sizeof(mac));
    }
    put16(ret_bytes + 2, (unsigned)(out.n + 8 - SAPA_STUN_HEAD)); /* FINGERPRINT counts in it */
    const uint32_t crc = crc32(ret_bytes, out.n);
    put32(add(&out, FINGERPRINT, 4), crc ^ FINGERPRINT_XOR);
    return out.n;
}
