#include "sdp/crypto.h"

#include "sdp/sdp.h"

static const char alphabet[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char *const names[SAPA_SRTP_SUITE_COUNT] = {
    [SAPA_SRTP_AES128_SHA1_80] = "AES_CM_128_HMAC_SHA1_80",
    [SAPA_SRTP_AES128_SHA1_32] = "AES_CM_128_HMAC_SHA1_32",
};
enum { KEY_TEXT = SAPA_SDP_KEY_SIZE / 3 * 4 }; /* 30 bytes are 40 characters: no padding */

static bool read_key(struct sapa_str text, uint8_t key[SAPA_SDP_KEY_SIZE])
{
    uint32_t bits = 0;
    size_t at = 0;

    if (text.n != KEY_TEXT)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        const char *found = text.p[i] ? memchr(alphabet, text.p[i], 64) : NULL;
        if (!found)
            return false;
        bits = bits << 6 | (uint32_t)(found - alphabet);
        if (i % 4 == 3) {
            key[at++] = (uint8_t)(bits >> 16);
            key[at++] = (uint8_t)(bits >> 8);
            key[at++] = (uint8_t)bits;
        }
    }
    return true;
}

/* "inline:KEY|2^31": a lifetime is as long as any call; an MKI would stand in each packet, which we do not do. */
static bool read_parameters(struct sapa_str text, uint8_t key[SAPA_SDP_KEY_SIZE])
{
    struct sapa_str rest, lifetime;

    if (text.n < 7 || !sapa_str_ieq((struct sapa_str){ text.p, 7 }, SAPA_STR("inline:")))
        return false;
    text = (struct sapa_str){ text.p + 7, text.n - 7 };
    if (sapa_str_find(text, ';', 0) < text.n)
        return false; /* several keys */
    const struct sapa_str base64 = sapa_str_cut(text, '|', &rest);
    lifetime = sapa_str_cut(rest, '|', &rest);
    if (rest.n > 0 || sapa_str_find(lifetime, ':', 0) < lifetime.n)
        return false;
    return read_key(base64, key);
}

static struct sapa_str word(struct sapa_str *cursor)
{
    *cursor = sapa_str_trim(*cursor);
    return sapa_str_cut(*cursor, ' ', cursor);
}

bool sapa_sdp_crypto_pick(struct sapa_str media, struct sapa_sdp_crypto *ret_crypto)
{
    struct sapa_str value;

    while (sapa_sdp_attribute_next(&media, SAPA_STR("crypto"), &value)) {
        struct sapa_sdp_crypto crypto = { 0 };
        uint64_t tag;
        const struct sapa_str tag_text = word(&value), suite = word(&value), parameters = word(&value);
        if (sapa_str_u64(tag_text, 999999999, &tag) != SAPA_OK || tag_text.n > 9)
            continue;
        for (uint8_t i = 1; i < SAPA_SRTP_SUITE_COUNT; i++)
            if (sapa_str_eq(suite, sapa_str_of(names[i])))
                crypto.suite = i;
        if (crypto.suite == SAPA_SRTP_NONE || !read_parameters(parameters, crypto.key))
            continue;
        bool plain = true; /* WSH only sizes a window; everything else would change what is sent (RFC 4568 6.3) */
        for (struct sapa_str one; (one = word(&value)).n > 0;)
            plain &= one.n > 4 && sapa_str_ieq((struct sapa_str){ one.p, 4 }, SAPA_STR("WSH="));
        if (!plain)
            continue;
        crypto.tag = (uint32_t)tag;
        *ret_crypto = crypto;
        return true;
    }
    return false;
}

void sapa_sdp_crypto_put(struct sapa_text *out, uint32_t tag, enum sapa_srtp_suite suite, const uint8_t key[SAPA_SDP_KEY_SIZE])
{
    sapa_text_printf(out, "a=crypto:%u %s inline:", tag, names[suite]);
    for (size_t i = 0; i < SAPA_SDP_KEY_SIZE; i += 3) {
        const uint32_t bits = (uint32_t)key[i] << 16 | (uint32_t)key[i + 1] << 8 | key[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6)
            sapa_text_char(out, alphabet[bits >> shift & 63]);
    }
    sapa_text_add(out, SAPA_STR("\r\n"));
}
