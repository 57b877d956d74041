#include "http/json.h"

#include <stdio.h>
#include <stdlib.h>

void sapa_json_done(struct sapa_json *json)
{
    free(json->p);
    *json = (struct sapa_json){ .p = NULL };
}

void sapa_json_reset(struct sapa_json *json)
{
    json->n = 0;
    json->comma = json->failed = false;
}

void sapa_json_bytes(struct sapa_json *json, const void *bytes, size_t n)
{
    if (json->n + n + 1 > json->size) {
        size_t size = json->size ? json->size : 1024;
        while (size < json->n + n + 1)
            size *= 2;
        char *bigger = size <= SAPA_JSON_MAX ? realloc(json->p, size) : NULL;
        if (!bigger) {
            json->failed = true;
            return;
        }
        json->p = bigger, json->size = size;
    }
    if (n > 0)
        memcpy(json->p + json->n, bytes, n);
    json->n += n;
    json->p[json->n] = '\0';
}

void sapa_json_printf(struct sapa_json *json, const char *fmt, ...)
{
    char buf[512];
    struct sapa_text text;
    va_list args;

    sapa_text_init(&text, buf, sizeof(buf));
    va_start(args, fmt);
    sapa_text_vprintf(&text, fmt, args);
    va_end(args);
    sapa_json_bytes(json, buf, text.n);
}

static void begin(struct sapa_json *json)
{
    if (json->comma)
        sapa_json_bytes(json, ",", 1);
    json->comma = true;
}

void sapa_json_open(struct sapa_json *json, char bracket)
{
    begin(json);
    sapa_json_bytes(json, &bracket, 1);
    json->comma = false;
}

void sapa_json_close(struct sapa_json *json, char bracket)
{
    sapa_json_bytes(json, &bracket, 1);
    json->comma = true;
}

void sapa_json_items(struct sapa_json *json)
{
    sapa_json_open(json, '{');
    sapa_json_key(json, "items");
    sapa_json_open(json, '[');
}

void sapa_json_items_end(struct sapa_json *json)
{
    sapa_json_close(json, ']');
    sapa_json_close(json, '}');
}

void sapa_json_reopen(struct sapa_json *json)
{
    json->n -= json->n > 0;
    json->comma = true;
}

static void escaped(struct sapa_json *json, struct sapa_str text)
{
    static const char hex[] = "0123456789abcdef";
    const bool utf8 = sapa_str_utf8(text);
    size_t plain = 0;

    sapa_json_bytes(json, "\"", 1);
    for (size_t i = 0; i < text.n; i++) {
        const uint8_t c = (uint8_t)text.p[i];
        if (c >= ' ' && c != '"' && c != '\\' && c != 0x7f && (c < 0x80 || utf8))
            continue;
        sapa_json_bytes(json, text.p + plain, i - plain);
        plain = i + 1;
        if (c == '"' || c == '\\') {
            const char two[2] = { '\\', (char)c };
            sapa_json_bytes(json, two, 2);
        } else if (c >= 0x80) {
            sapa_json_bytes(json, "?", 1);
        } else {
            const char six[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
            sapa_json_bytes(json, six, 6);
        }
    }
    sapa_json_bytes(json, text.p + plain, text.n - plain);
    sapa_json_bytes(json, "\"", 1);
}

void sapa_json_key(struct sapa_json *json, const char *key)
{
    begin(json);
    escaped(json, sapa_str_of(key));
    sapa_json_bytes(json, ":", 1);
    json->comma = false;
}

void sapa_json_text(struct sapa_json *json, struct sapa_str text)
{
    begin(json);
    escaped(json, text);
}

static void digits(struct sapa_json *json, uint64_t number, bool negative)
{
    char buf[24];
    size_t at = sizeof(buf);

    do
        buf[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    if (negative)
        buf[--at] = '-';
    sapa_json_bytes(json, buf + at, sizeof(buf) - at);
}

void sapa_json_number(struct sapa_json *json, int64_t number)
{
    begin(json);
    digits(json, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, number < 0);
}

void sapa_json_id(struct sapa_json *json, uint64_t id)
{
    begin(json);
    sapa_json_bytes(json, "\"", 1);
    digits(json, id, false);
    sapa_json_bytes(json, "\"", 1);
}

void sapa_json_bool(struct sapa_json *json, bool value)
{
    begin(json);
    sapa_json_bytes(json, value ? "true" : "false", value ? 4 : 5);
}

void sapa_json_null(struct sapa_json *json)
{
    begin(json);
    sapa_json_bytes(json, "null", 4);
}

/* Civil date from days since 1970 (H. Hinnant). */
void sapa_json_time(struct sapa_json *json, int64_t at_us)
{
    const int64_t at_ms = at_us / 1000 - (at_us % 1000 < 0);
    const int64_t day = at_ms / 86400000 - (at_ms % 86400000 < 0);
    const unsigned ms = (unsigned)(at_ms - day * 86400000);
    const int64_t shifted = day + 719468;
    const int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    const unsigned doe = (unsigned)(shifted - era * 146097);
    const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const unsigned mp = (5 * doy + 2) / 153;
    const unsigned month = mp < 10 ? mp + 3 : mp - 9;

    begin(json);
    sapa_json_printf(json, "\"%04lld-%02u-%02uT%02u:%02u:%02u.%03uZ\"", (long long)(era * 400 + yoe + (month <= 2)), month,
                     doy - (153 * mp + 2) / 5 + 1, ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}

void sapa_json_raw(struct sapa_json *json, struct sapa_str value)
{
    begin(json);
    sapa_json_bytes(json, value.p, value.n);
}

void sapa_json_add_text(struct sapa_json *json, const char *key, struct sapa_str text)
{
    sapa_json_key(json, key);
    sapa_json_text(json, text);
}

void sapa_json_add_number(struct sapa_json *json, const char *key, int64_t number)
{
    sapa_json_key(json, key);
    sapa_json_number(json, number);
}

void sapa_json_add_word(struct sapa_json *json, const char *key, struct sapa_str text)
{
    if (text.n > 0)
        sapa_json_add_text(json, key, text);
    else
        sapa_json_add_null(json, key);
}

void sapa_json_add_id(struct sapa_json *json, const char *key, uint64_t id)
{
    sapa_json_key(json, key);
    if (id == 0)
        sapa_json_null(json);
    else
        sapa_json_id(json, id);
}

void sapa_json_add_bool(struct sapa_json *json, const char *key, bool value)
{
    sapa_json_key(json, key);
    sapa_json_bool(json, value);
}

void sapa_json_add_time(struct sapa_json *json, const char *key, int64_t at_us)
{
    sapa_json_key(json, key);
    if (at_us == 0)
        sapa_json_null(json);
    else
        sapa_json_time(json, at_us);
}

void sapa_json_add_null(struct sapa_json *json, const char *key)
{
    sapa_json_key(json, key);
    sapa_json_null(json);
}
