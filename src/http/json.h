/**
 * @file http/json.h
 * A JSON writer over memory that grows: commas by themselves, text escaped, nothing parsed.
 *
 * Room    http: base.   Thread  the owner's.   Owner  sapa_json_done().   Tests  http/json_test.c
 */
#ifndef SAPA_HTTP_JSON_H
#define SAPA_HTTP_JSON_H

#include "base/str.h"

enum { SAPA_JSON_MAX = 64 << 20 }; /* bytes of one document */

/** Zeroed = empty. */
struct sapa_json {
    char *p;
    size_t n, size;
    bool comma;   /* a comma is due before the next value or key */
    bool failed;  /* out of memory, or above SAPA_JSON_MAX: the text is not whole */
};

void sapa_json_done(struct sapa_json *json);
/** Empty again; the memory is kept. */
void sapa_json_reset(struct sapa_json *json);

void sapa_json_open(struct sapa_json *json, char bracket);  /* '{' or '[' */
void sapa_json_close(struct sapa_json *json, char bracket); /* '}' or ']' */
void sapa_json_items(struct sapa_json *json);     /* {"items":[ and */
void sapa_json_items_end(struct sapa_json *json); /* ]}: a list that has nothing besides */
/** Take the last '}' or ']' back: the object just written gets further members. It had one at least. */
void sapa_json_reopen(struct sapa_json *json);
void sapa_json_key(struct sapa_json *json, const char *key);

/** Text; what is not UTF-8 is written with question marks. */
void sapa_json_text(struct sapa_json *json, struct sapa_str text);
void sapa_json_number(struct sapa_json *json, int64_t number);
/** A 64-bit id, as text: JavaScript has no such numbers. */
void sapa_json_id(struct sapa_json *json, uint64_t id);
void sapa_json_bool(struct sapa_json *json, bool value);
void sapa_json_null(struct sapa_json *json);
/** UTC microseconds as RFC 3339 with milliseconds. */
void sapa_json_time(struct sapa_json *json, int64_t at_us);
/** A value that is JSON already. */
void sapa_json_raw(struct sapa_json *json, struct sapa_str value);
/** Bytes as they are, without a comma: for what is no JSON (CSV, metrics). */
void sapa_json_bytes(struct sapa_json *json, const void *bytes, size_t n);
void sapa_json_printf(struct sapa_json *json, const char *fmt, ...) SAPA_PRINTF(2, 3);

static inline struct sapa_str sapa_json_str(const struct sapa_json *json)
{
    return (struct sapa_str){ json->p, json->n };
}

/* A member in one line. */
void sapa_json_add_text(struct sapa_json *json, const char *key, struct sapa_str text);
void sapa_json_add_word(struct sapa_json *json, const char *key, struct sapa_str text); /* null when empty */
void sapa_json_add_number(struct sapa_json *json, const char *key, int64_t number);
void sapa_json_add_id(struct sapa_json *json, const char *key, uint64_t id); /* null when 0 */
void sapa_json_add_bool(struct sapa_json *json, const char *key, bool value);
void sapa_json_add_time(struct sapa_json *json, const char *key, int64_t at_us); /* null when 0 */
void sapa_json_add_null(struct sapa_json *json, const char *key);

#endif
