#include "http/cookie.h"

/* Over TLS the name begins with __Host-: then no other host and no page without TLS can have set it (RFC 6265bis 4.1.3.2). */
static const struct sapa_str plain_name = { "sapa-", 5 }, host_name = { "__Host-sapa-", 12 };

/* The next pair of a Cookie header that is one of ours, over TLS by the name that counts there. False: there is none. */
static bool next(struct sapa_str *header, bool secure, uint64_t *ret_session, struct sapa_str *ret_secret)
{
    while (header->n > 0) {
        struct sapa_str name = sapa_str_cut(*header, ';', header), value;
        name = sapa_str_trim(sapa_str_cut(name, '=', &value));
        const struct sapa_str begin = secure || sapa_str_starts(name, host_name) ? host_name : plain_name;
        if (!sapa_str_starts(name, begin))
            continue;
        name.p += begin.n, name.n -= begin.n;
        if (sapa_str_u64(name, UINT64_MAX, ret_session) != SAPA_OK)
            continue;
        *ret_secret = sapa_str_trim(value);
        return true;
    }
    return false;
}

bool sapa_cookie_find(struct sapa_str header, uint64_t session, bool secure, char ret_secret[SAPA_TOKEN_TEXT_SIZE])
{
    struct sapa_str secret;
    uint64_t one;

    while (next(&header, secure, &one, &secret)) {
        if (one == session && secret.n == SAPA_TOKEN_TEXT_SIZE - 1)
            return sapa_str_copy(secret, ret_secret, SAPA_TOKEN_TEXT_SIZE);
    }
    return false;
}

size_t sapa_cookie_sessions(struct sapa_str header, bool secure, uint64_t *ret, size_t max)
{
    struct sapa_str secret;
    size_t count = 0;
    uint64_t one;

    while (count < max && next(&header, secure, &one, &secret)) {
        size_t i = 0;
        while (i < count && ret[i] != one)
            i++;
        if (i == count)
            ret[count++] = one;
    }
    return count;
}

void sapa_cookie_set(uint64_t session, struct sapa_str secret, unsigned seconds, bool secure, char ret[SAPA_COOKIE_TEXT_SIZE])
{
    struct sapa_text text;

    sapa_text_init(&text, ret, SAPA_COOKIE_TEXT_SIZE);
    sapa_text_add(&text, secure ? host_name : plain_name);
    sapa_text_printf(&text, "%llu=" SAPA_STR_FMT "; Path=/; Max-Age=%u; HttpOnly; SameSite=Strict%s", (unsigned long long)session,
                     SAPA_STR_ARG(secret), secret.n > 0 ? seconds : 0, secure ? "; Secure" : "");
}

bool sapa_origin_is_ours(struct sapa_str origin, struct sapa_str host)
{
    if (sapa_str_starts(origin, SAPA_STR("http://")))
        origin.p += 7, origin.n -= 7;
    else if (sapa_str_starts(origin, SAPA_STR("https://")))
        origin.p += 8, origin.n -= 8;
    else
        return false; /* none, "null", a file, an extension */
    return host.n > 0 && sapa_str_ieq(origin, host);
}

bool sapa_host_is_loopback(struct sapa_str host)
{
    struct sapa_str port = { NULL, 0 };
    uint64_t number;

    if (sapa_str_starts(host, SAPA_STR("[::1]"))) {
        port = (struct sapa_str){ host.p + 5, host.n - 5 };
        if (port.n == 0)
            return true;
        port.p++, port.n--;
        return host.p[5] == ':' && sapa_str_u64(port, 65535, &number) == SAPA_OK;
    }
    struct sapa_str rest = sapa_str_cut(host, ':', &port);
    if (rest.n < host.n && sapa_str_u64(port, 65535, &number) != SAPA_OK)
        return false;
    if (sapa_str_ieq(rest, SAPA_STR("localhost")))
        return true;
    if (rest.n == 0 || rest.p[rest.n - 1] == '.')
        return false;
    for (unsigned i = 0; i < 4; i++) { /* four numbers, the first 127 */
        const struct sapa_str part = sapa_str_cut(rest, '.', &rest);
        if (sapa_str_u64(part, 255, &number) != SAPA_OK || (i == 0 && number != 127) || (i < 3) != (rest.n > 0))
            return false;
    }
    return true;
}
