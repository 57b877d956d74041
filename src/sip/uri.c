/*
 * URIs, parameters, name-addr, Via. Everything is one pass over a slice; nothing is copied.
 *
 * Where RFC 3261 and real phones differ: unescaped '#' and the like in a user part, '_' in a host
 * name, a single trailing ';' are taken; missing quotes around a comma, unbalanced quotes, blanks
 * inside a URI, empty parameters in the middle are not (RFC 4475 3.1.2).
 */
#include "sip/uri.h"

#include "sip/chars_impl.h"

static bool escapes_good(struct sapa_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '%')
            continue;
        if (s.n - i < 3 || !is_class(s.p[i + 1], SAPA_SIP_C_HEX) ||
            !is_class(s.p[i + 2], SAPA_SIP_C_HEX))
            return false;
    }
    return true;
}

static bool port_of(struct sapa_str text, uint16_t *ret_port)
{
    uint64_t port;

    if (text.n > 5 || sapa_str_u64(text, 65535, &port) != SAPA_OK || port == 0)
        return false;
    *ret_port = (uint16_t)port;
    return true;
}

/* "host", "[v6]", each with or without ":port". */
static bool host_port_of(struct sapa_str text, struct sapa_str *ret_host, bool *ret_ip6,
                         uint16_t *ret_port)
{
    struct sapa_str host, rest;
    bool ip6 = false;
    uint16_t port = 0;

    if (text.n > 0 && text.p[0] == '[') {
        const size_t end = sapa_str_find(text, ']', 0);
        if (end == text.n || end < 3)
            return false;
        host = slice(text, 1, end);
        for (size_t i = 0; i < host.n; i++) {
            if (!is_class(host.p[i], SAPA_SIP_C_HEX) && host.p[i] != ':' && host.p[i] != '.')
                return false;
        }
        rest = slice(text, end + 1, text.n);
        ip6 = true;
    } else {
        size_t end = 0;
        while (end < text.n && is_class(text.p[end], SAPA_SIP_C_HOST))
            end++;
        if (end == 0)
            return false;
        host = slice(text, 0, end);
        rest = slice(text, end, text.n);
    }
    rest = trim_blanks(rest);
    if (rest.n > 0) {
        if (rest.p[0] != ':' || !port_of(trim_blanks(slice(rest, 1, rest.n)), &port))
            return false;
    }
    *ret_host = host;
    *ret_ip6 = ip6;
    *ret_port = port;
    return true;
}

static enum sapa_sip_scheme scheme_of(struct sapa_str text)
{
    if (sapa_str_ieq(text, SAPA_STR("sip")))
        return SAPA_SIP_SCHEME_SIP;
    if (sapa_str_ieq(text, SAPA_STR("sips")))
        return SAPA_SIP_SCHEME_SIPS;
    if (sapa_str_ieq(text, SAPA_STR("tel")))
        return SAPA_SIP_SCHEME_TEL;
    return SAPA_SIP_SCHEME_OTHER;
}

static bool tel_parse(struct sapa_str rest, struct sapa_sip_uri *uri)
{
    const size_t end = sapa_str_find(rest, ';', 0);

    uri->user = slice(rest, 0, end);
    if (end < rest.n)
        uri->params = slice(rest, end + 1, rest.n);
    if (uri->user.n == 0)
        return false;
    for (size_t i = 0; i < uri->user.n; i++) {
        const char c = uri->user.p[i];
        if (!is_class(c, SAPA_SIP_C_HEX) && !memchr("+-.()*#", c, 7))
            return false;
    }
    return true;
}

sapa_rc sapa_sip_uri_parse(struct sapa_str text, struct sapa_sip_uri *ret_uri)
{
    struct sapa_sip_uri uri = { .all = text };
    const size_t colon = sapa_str_find(text, ':', 0);

    if (colon == text.n || colon == 0 || colon > 63 || !is_class(text.p[0], SAPA_SIP_C_ALPHA))
        return SAPA_EINVAL;
    for (size_t i = 0; i < colon; i++) {
        if (!is_class(text.p[i], SAPA_SIP_C_ALPHA | SAPA_SIP_C_DIGIT) && text.p[i] != '+' &&
            text.p[i] != '-' && text.p[i] != '.')
            return SAPA_EINVAL;
    }
    if (!all_class(text, SAPA_SIP_C_URI))
        return SAPA_EINVAL;
    uri.scheme_text = slice(text, 0, colon);
    uri.scheme = scheme_of(uri.scheme_text);
    struct sapa_str rest = slice(text, colon + 1, text.n);
    if (uri.scheme == SAPA_SIP_SCHEME_OTHER) {
        if (rest.n == 0)
            return SAPA_EINVAL;
        *ret_uri = uri;
        return SAPA_OK;
    }
    if (!escapes_good(rest))
        return SAPA_EINVAL;
    if (uri.scheme == SAPA_SIP_SCHEME_TEL) {
        if (!tel_parse(rest, &uri))
            return SAPA_EINVAL;
        *ret_uri = uri;
        return SAPA_OK;
    }

    const size_t at = sapa_str_find(rest, '@', 0);
    if (at < rest.n) {
        struct sapa_str info = slice(rest, 0, at);
        const size_t split = sapa_str_find(info, ':', 0);
        uri.user = slice(info, 0, split);
        if (split < info.n)
            uri.password = slice(info, split + 1, info.n);
        rest = slice(rest, at + 1, rest.n);
        if (uri.user.n == 0 || sapa_str_find(rest, '@', 0) < rest.n)
            return SAPA_EINVAL;
    }
    size_t end = 0;
    while (end < rest.n && rest.p[end] != ';' && rest.p[end] != '?')
        end++;
    if (!host_port_of(slice(rest, 0, end), &uri.host, &uri.host_is_ip6, &uri.port))
        return SAPA_EINVAL;
    if (end < rest.n && rest.p[end] == ';') {
        const size_t question = sapa_str_find(rest, '?', end);
        uri.params = slice(rest, end + 1, question);
        end = question;
    }
    if (end < rest.n)
        uri.headers = slice(rest, end + 1, rest.n);
    *ret_uri = uri;
    return SAPA_OK;
}

bool sapa_sip_params_next(struct sapa_str *cursor, struct sapa_sip_param *ret_param)
{
    struct sapa_str s = *cursor;

    for (;;) {
        while (s.n > 0 && (is_blank(s.p[0]) || s.p[0] == ';'))
            s.p++, s.n--;
        if (s.n == 0) {
            *cursor = s;
            return false;
        }
        struct sapa_sip_param param = { 0 };
        size_t i = 0;
        while (i < s.n && s.p[i] != '=' && s.p[i] != ';')
            i++;
        param.name = trim_blanks(slice(s, 0, i));
        if (i < s.n && s.p[i] == '=') {
            param.has_value = true;
            i++;
            while (i < s.n && is_blank(s.p[i]))
                i++;
            const size_t from = i;
            if (i < s.n && s.p[i] == '"') {
                for (i++; i < s.n && s.p[i] != '"'; i++) {
                    if (s.p[i] == '\\' && i + 1 < s.n)
                        i++;
                }
                param.quoted = true;
                param.value = slice(s, from + 1, SAPA_MIN(i, s.n));
                while (i < s.n && s.p[i] != ';')
                    i++;
            } else {
                while (i < s.n && s.p[i] != ';')
                    i++;
                param.value = trim_blanks(slice(s, from, i));
            }
        }
        s = slice(s, i, s.n);
        if (param.name.n == 0)
            continue; /* "=x": nothing that can be asked for */
        *cursor = s;
        *ret_param = param;
        return true;
    }
}

bool sapa_sip_params_get(struct sapa_str params, struct sapa_str name, struct sapa_str *ret_value)
{
    struct sapa_sip_param param;

    while (sapa_sip_params_next(&params, &param)) {
        if (sapa_str_ieq(param.name, name)) {
            if (ret_value)
                *ret_value = param.value;
            return true;
        }
    }
    return false;
}

bool sapa_sip_uri_param(const struct sapa_sip_uri *uri, struct sapa_str name,
                        struct sapa_str *ret_value)
{
    return sapa_sip_params_get(uri->params, name, ret_value);
}

/* Equal after %XX is undone; user parts compare with case. */
static bool escaped_eq(struct sapa_str a, struct sapa_str b, bool fold)
{
    size_t i = 0, k = 0;

    while (i < a.n && k < b.n) {
        int x = (uint8_t)a.p[i++], y = (uint8_t)b.p[k++];
        if (x == '%' && a.n - i >= 2 && hex_value(a.p[i]) >= 0 && hex_value(a.p[i + 1]) >= 0) {
            x = hex_value(a.p[i]) * 16 + hex_value(a.p[i + 1]);
            i += 2;
        }
        if (y == '%' && b.n - k >= 2 && hex_value(b.p[k]) >= 0 && hex_value(b.p[k + 1]) >= 0) {
            y = hex_value(b.p[k]) * 16 + hex_value(b.p[k + 1]);
            k += 2;
        }
        if (fold && x >= 'A' && x <= 'Z')
            x += 32;
        if (fold && y >= 'A' && y <= 'Z')
            y += 32;
        if (x != y)
            return false;
    }
    return i == a.n && k == b.n;
}

/* Every parameter of `a` that is also in `b` is equal there; the four that matter must be in both. */
static bool params_agree(struct sapa_str a, struct sapa_str b)
{
    struct sapa_sip_param param;
    struct sapa_str other;

    while (sapa_sip_params_next(&a, &param)) {
        const bool there = sapa_sip_params_get(b, param.name, &other);
        const bool matters = sapa_str_ieq(param.name, SAPA_STR("user")) ||
                             sapa_str_ieq(param.name, SAPA_STR("ttl")) ||
                             sapa_str_ieq(param.name, SAPA_STR("method")) ||
                             sapa_str_ieq(param.name, SAPA_STR("maddr")) ||
                             sapa_str_ieq(param.name, SAPA_STR("transport"));
        if (there ? !escaped_eq(param.value, other, true) : matters)
            return false;
    }
    return true;
}

bool sapa_sip_uri_eq(const struct sapa_sip_uri *a, const struct sapa_sip_uri *b)
{
    if (sapa_str_eq(a->all, b->all))
        return true;
    if (a->scheme != b->scheme || a->scheme == SAPA_SIP_SCHEME_OTHER)
        return false;
    return escaped_eq(a->user, b->user, a->scheme == SAPA_SIP_SCHEME_TEL) &&
           escaped_eq(a->password, b->password, false) && sapa_str_ieq(a->host, b->host) &&
           a->port == b->port && params_agree(a->params, b->params) &&
           params_agree(b->params, a->params) && escaped_eq(a->headers, b->headers, true);
}

/* Header parameters: no empty ones but a single trailing ';', balanced quotes, no stray '"'. */
static bool params_good(struct sapa_str params)
{
    bool in_name = true, any = false, quoted = false;

    for (size_t i = 0; i < params.n; i++) {
        const char c = params.p[i];
        if (c == '"') {
            if (in_name)
                return false;
            for (i++; i < params.n && params.p[i] != '"'; i++) {
                if (params.p[i] == '\\')
                    i++;
            }
            if (i >= params.n)
                return false;
            any = quoted = true;
        } else if (c == ';') {
            if (!any)
                return false;
            any = quoted = false;
            in_name = true;
        } else if (c == '=' && in_name) {
            if (!any)
                return false;
            in_name = false;
        } else if (!is_blank(c)) {
            if (quoted || (in_name && !is_class(c, SAPA_SIP_C_TOKEN)) || c == '<' || c == '>' ||
                c == ',')
                return false;
            any = true;
        }
    }
    return true;
}

/* What follows the URI or sent-by: nothing, or ';' and parameters. */
static bool tail_of(struct sapa_str rest, struct sapa_str *ret_params)
{
    rest = trim_blanks(rest);
    if (rest.n == 0)
        return true;
    if (rest.p[0] != ';')
        return false;
    *ret_params = trim_blanks(slice(rest, 1, rest.n));
    return ret_params->n == 0 || params_good(*ret_params);
}

sapa_rc sapa_sip_addr_parse(struct sapa_str text, struct sapa_sip_addr *ret_addr)
{
    struct sapa_sip_addr addr = { 0 };
    size_t open = 0;

    text = trim_blanks(text);
    addr.all = text;
    if (text.n == 0)
        return SAPA_EINVAL;
    if (text.n == 1 && text.p[0] == '*') {
        addr.star = true;
        *ret_addr = addr;
        return SAPA_OK;
    }
    if (text.p[0] == '"') {
        size_t end = 1;
        while (end < text.n && text.p[end] != '"')
            end += text.p[end] == '\\' ? 2 : 1;
        if (end >= text.n)
            return SAPA_EINVAL;
        addr.display = slice(text, 1, end);
        open = end + 1;
        while (open < text.n && is_blank(text.p[open]))
            open++;
        if (open == text.n || text.p[open] != '<')
            return SAPA_EINVAL;
    } else {
        open = sapa_str_find(text, '<', 0);
        if (open < text.n) {
            addr.display = trim_blanks(slice(text, 0, open));
            for (size_t i = 0; i < addr.display.n; i++) {
                const char c = addr.display.p[i];
                if (c == '"' || c == ',' || c == ';' || c == '>' ||
                    ((uint8_t)c < 0x20 && c != '\t') || c == 0x7f)
                    return SAPA_EINVAL;
            }
        }
    }
    struct sapa_str uri_text, rest;
    if (open < text.n) {
        const size_t close = sapa_str_find(text, '>', open);
        if (close == text.n)
            return SAPA_EINVAL;
        addr.bracketed = true;
        uri_text = slice(text, open + 1, close);
        rest = slice(text, close + 1, text.n);
    } else { /* addr-spec: a ';' belongs to the header, '?' and ',' are not allowed */
        const size_t end = sapa_str_find(text, ';', 0);
        uri_text = trim_blanks(slice(text, 0, end));
        rest = slice(text, end, text.n);
        if (sapa_str_find(uri_text, '?', 0) < uri_text.n ||
            sapa_str_find(uri_text, ',', 0) < uri_text.n)
            return SAPA_EINVAL;
    }
    if (sapa_sip_uri_parse(uri_text, &addr.uri) != SAPA_OK || !tail_of(rest, &addr.params))
        return SAPA_EINVAL;
    if (addr.params.n > 0)
        (void)sapa_sip_params_get(addr.params, SAPA_STR("tag"), &addr.tag);
    *ret_addr = addr;
    return SAPA_OK;
}

sapa_rc sapa_sip_via_parse(struct sapa_str text, struct sapa_sip_via *ret_via)
{
    struct sapa_sip_via via = { 0 };
    struct sapa_str part[3];
    size_t i = 0;

    text = trim_blanks(text);
    via.all = text;
    for (int k = 0; k < 3; k++) { /* SIP / 2.0 / UDP */
        while (i < text.n && is_blank(text.p[i]))
            i++;
        const size_t from = i;
        while (i < text.n && is_class(text.p[i], SAPA_SIP_C_TOKEN))
            i++;
        part[k] = slice(text, from, i);
        if (part[k].n == 0)
            return SAPA_EINVAL;
        if (k == 2)
            break;
        while (i < text.n && is_blank(text.p[i]))
            i++;
        if (i == text.n || text.p[i++] != '/')
            return SAPA_EINVAL;
    }
    if (!sapa_str_ieq(part[0], SAPA_STR("SIP")) || i == text.n || !is_blank(text.p[i]))
        return SAPA_EINVAL;
    via.transport = part[2];
    const size_t end = sapa_str_find(text, ';', i);
    if (!host_port_of(trim_blanks(slice(text, i, end)), &via.host, &via.host_is_ip6, &via.port))
        return SAPA_EINVAL;
    if (!tail_of(slice(text, end, text.n), &via.params))
        return SAPA_EINVAL;

    struct sapa_str rest = via.params;
    struct sapa_sip_param param;
    while (sapa_sip_params_next(&rest, &param)) {
        if (sapa_str_ieq(param.name, SAPA_STR("branch"))) {
            via.branch = param.value;
        } else if (sapa_str_ieq(param.name, SAPA_STR("received"))) {
            via.received = param.value;
        } else if (sapa_str_ieq(param.name, SAPA_STR("rport"))) {
            via.has_rport = true;
            if (!port_of(param.value, &via.rport))
                via.rport = 0;
        }
    }
    *ret_via = via;
    return SAPA_OK;
}

bool sapa_sip_list_next(struct sapa_str *cursor, struct sapa_str *ret_value)
{
    const struct sapa_str s = *cursor;
    bool angle = false;
    size_t i;

    if (s.n == 0)
        return false;
    for (i = 0; i < s.n && (angle || s.p[i] != ','); i++) {
        if (s.p[i] == '"' && !angle) {
            for (i++; i < s.n && s.p[i] != '"'; i++) {
                if (s.p[i] == '\\')
                    i++;
            }
            if (i >= s.n)
                break;
        } else if (s.p[i] == '<') {
            angle = true;
        } else if (s.p[i] == '>') {
            angle = false;
        }
    }
    i = SAPA_MIN(i, s.n);
    *ret_value = trim_blanks(slice(s, 0, i));
    *cursor = i < s.n ? slice(s, i + 1, s.n) : (struct sapa_str){ NULL, 0 };
    return true;
}

sapa_rc sapa_sip_unescape(struct sapa_str text, char *buf, size_t size, struct sapa_str *ret_plain)
{
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '%') {
            const int high = i + 2 < text.n ? hex_value(text.p[i + 1]) : -1;
            const int low = i + 2 < text.n ? hex_value(text.p[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0))
                return SAPA_EINVAL;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (n == size)
            return SAPA_ELIMIT;
        buf[n++] = c;
    }
    *ret_plain = (struct sapa_str){ buf, n };
    return SAPA_OK;
}

void sapa_sip_put_user(struct sapa_text *out, struct sapa_str text)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.n; i++) {
        const uint8_t c = (uint8_t)text.p[i];
        if (is_class(text.p[i], SAPA_SIP_C_UNRESERVED) || (c != 0 && memchr("&=+$,;?/", c, 8))) {
            sapa_text_char(out, (char)c);
        } else {
            const char escape[3] = { '%', hex[c >> 4], hex[c & 15] };
            sapa_text_add(out, (struct sapa_str){ escape, 3 });
        }
    }
}

void sapa_sip_put_quoted(struct sapa_text *out, struct sapa_str text)
{
    sapa_text_char(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        const uint8_t c = (uint8_t)text.p[i];
        if (c < 0x20 || c == 0x7f)
            continue;
        if (c == '"' || c == '\\')
            sapa_text_char(out, '\\');
        sapa_text_char(out, (char)c);
    }
    sapa_text_char(out, '"');
}
