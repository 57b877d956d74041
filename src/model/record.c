#include "model/record.h"

#include <time.h>

/* ---- the tables, from the rows of schema.h ---- */

#define KIND_num SAPA_KIND_NUM
#define KIND_sig SAPA_KIND_SIG
#define KIND_id SAPA_KIND_ID
#define KIND_text32 SAPA_KIND_TEXT
#define KIND_text64 SAPA_KIND_TEXT
#define KIND_text128 SAPA_KIND_TEXT
#define KIND_text512 SAPA_KIND_TEXT
#define KIND_pii8 SAPA_KIND_PII
#define KIND_pii64 SAPA_KIND_PII
#define KIND_pii128 SAPA_KIND_PII
#define KIND_pii512 SAPA_KIND_PII
#define KIND_blob64 SAPA_KIND_BLOB
#define KIND_blob256 SAPA_KIND_BLOB
#define KIND_blob1024 SAPA_KIND_BLOB
#define KIND_pii1400 SAPA_KIND_PII

#define SIZE_num 0
#define SIZE_sig 0
#define SIZE_id 0
#define SIZE_text32 sizeof(((struct sapa_text32 *)0)->p)
#define SIZE_text64 sizeof(((struct sapa_text64 *)0)->p)
#define SIZE_text128 sizeof(((struct sapa_text128 *)0)->p)
#define SIZE_text512 sizeof(((struct sapa_text512 *)0)->p)
#define SIZE_pii8 sizeof(((struct sapa_text8 *)0)->p)
#define SIZE_pii64 sizeof(((struct sapa_text64 *)0)->p)
#define SIZE_pii128 sizeof(((struct sapa_text128 *)0)->p)
#define SIZE_pii512 sizeof(((struct sapa_text512 *)0)->p)
#define SIZE_blob64 sizeof(((struct sapa_text64 *)0)->p)
#define SIZE_blob256 sizeof(((struct sapa_text256 *)0)->p)
#define SIZE_blob1024 sizeof(((struct sapa_text1024 *)0)->p)
#define SIZE_pii1400 sizeof(((struct sapa_text1400 *)0)->p)

#define FIELD(S, kind_, name_, text_)                                                              \
    { .name = #name_, .text = text_, .offset = offsetof(S, name_), .size = SIZE_##kind_,           \
      .kind = KIND_##kind_ },
#define X(number, version, name, text) \
    static const struct sapa_field fields_##name[] = { SAPA_REC_##name(FIELD, struct sapa_rec_##name) };
SAPA_INPUTS(X) SAPA_EVENTS(X) SAPA_COMMANDS(X)
#undef X

/* A record has pii when any of its kinds is a pii kind: summed at compile time. */
#define HAS_PII(S, kind_, name_, text_) || KIND_##kind_ == SAPA_KIND_PII
#define X(number, version_, name_, text_)                                              \
    [number] = { .name = #name_, .text = text_, .fields = fields_##name_,              \
                 .field_count = SAPA_COUNT(fields_##name_), .version = version_,       \
                 .size = sizeof(struct sapa_rec_##name_),                              \
                 .has_pii = false SAPA_REC_##name_(HAS_PII, ) },
static const struct sapa_record_info infos[SAPA_T_LIMIT] = {
    SAPA_INPUTS(X) SAPA_EVENTS(X) SAPA_COMMANDS(X)
};
#undef X

const struct sapa_record_info *sapa_record_info(unsigned type)
{
    return type < SAPA_T_LIMIT && infos[type].name ? &infos[type] : NULL;
}

/* ---- fields ---- */

static const struct sapa_record_info *info_of(const struct sapa_record *record)
{
    const struct sapa_record_info *info = sapa_record_info(record->type);

    sapa_assert(info != NULL);
    return info;
}

static void *at(const struct sapa_record *record, const struct sapa_field *field)
{
    return (char *)(uintptr_t)&record->u + field->offset;
}

static uint64_t number_at(const struct sapa_record *record, const struct sapa_field *field)
{
    uint64_t value;

    memcpy(&value, at(record, field), sizeof(value));
    return value;
}

static struct sapa_str text_at(const struct sapa_record *record, const struct sapa_field *field)
{
    const struct sapa_text8 *sized = at(record, field); /* all sized structs share this layout */

    return (struct sapa_str){ sized->p, sized->n };
}

static bool is_number(const struct sapa_field *field)
{
    return field->size == 0;
}

bool sapa_sized_set_(uint16_t *n, char *p, size_t size, struct sapa_str s)
{
    const bool whole = sapa_str_copy(s, p, size);

    *n = (uint16_t)SAPA_MIN(s.n, size - 1);
    return whole;
}

void sapa_record_init(struct sapa_record *record, enum sapa_type type)
{
    const struct sapa_record_info *info = sapa_record_info(type);

    sapa_assert(info != NULL);
    memset(record, 0, offsetof(struct sapa_record, u) + info->size);
    record->type = (uint16_t)type;
}

size_t sapa_record_size(const struct sapa_record *record)
{
    return offsetof(struct sapa_record, u) + info_of(record)->size;
}

static uint64_t id_named(const struct sapa_record *record, const char *name)
{
    const struct sapa_record_info *info = info_of(record);

    for (unsigned i = 0; i < info->field_count; i++) {
        const struct sapa_field *field = &info->fields[i];
        if (field->kind == SAPA_KIND_ID && strcmp(field->name, name) == 0)
            return number_at(record, field);
    }
    return 0;
}

uint64_t sapa_record_person(const struct sapa_record *record)
{
    return id_named(record, "person");
}

uint64_t sapa_record_contact(const struct sapa_record *record)
{
    return id_named(record, "contact");
}

/* ---- encoding ---- */

void sapa_record_encode(const struct sapa_record *record, struct sapa_writer *clear,
                        struct sapa_writer *pii)
{
    const struct sapa_record_info *info = info_of(record);
    const size_t pii_start = pii->n;
    bool pii_any = false;

    sapa_put_u64(clear, record->type);
    sapa_put_u64(clear, info->version);
    sapa_put_u64(clear, record->seq);
    sapa_put_i64(clear, record->at_us);
    sapa_put_u64(clear, info->field_count);
    for (unsigned i = 0; i < info->field_count; i++) {
        const struct sapa_field *field = &info->fields[i];
        switch ((enum sapa_kind)field->kind) {
        case SAPA_KIND_NUM:
        case SAPA_KIND_ID: sapa_put_u64(clear, number_at(record, field)); break;
        case SAPA_KIND_SIG: sapa_put_i64(clear, (int64_t)number_at(record, field)); break;
        case SAPA_KIND_TEXT:
        case SAPA_KIND_BLOB: sapa_put_str(clear, text_at(record, field)); break;
        case SAPA_KIND_PII:
            sapa_put_str(pii, text_at(record, field));
            pii_any |= text_at(record, field).n > 0;
            break;
        }
    }
    if (!pii_any && !pii->bad)
        pii->n = pii_start; /* nothing personal: nothing to seal */
}

static bool get_text(struct sapa_reader *r, struct sapa_record *record, const struct sapa_field *field)
{
    struct sapa_text8 *sized = at(record, field);

    return sapa_sized_set_(&sized->n, sized->p, field->size, sapa_get_str(r));
}

sapa_rc sapa_record_decode(struct sapa_str clear, struct sapa_str pii, struct sapa_record *ret)
{
    struct sapa_reader r = sapa_reader_of(clear.p, clear.n);
    struct sapa_reader sealed = sapa_reader_of(pii.p, pii.n);
    const uint64_t type = sapa_get_u64(&r);
    const uint64_t version = sapa_get_u64(&r);
    const struct sapa_record_info *info = type < SAPA_T_LIMIT ? sapa_record_info((unsigned)type) : NULL;

    if (r.bad || version == 0)
        return SAPA_ECORRUPT;
    if (!info || version > info->version)
        return SAPA_EVERSION;
    sapa_record_init(ret, (enum sapa_type)type);
    ret->seq = sapa_get_u64(&r);
    ret->at_us = sapa_get_i64(&r);
    const uint64_t count = sapa_get_u64(&r);
    if (count > info->field_count || (version == info->version && count != info->field_count))
        return SAPA_ECORRUPT;
    for (unsigned i = 0; i < count; i++) {
        const struct sapa_field *field = &info->fields[i];
        bool whole = true;
        uint64_t value;
        switch ((enum sapa_kind)field->kind) {
        case SAPA_KIND_NUM:
        case SAPA_KIND_ID:
            value = sapa_get_u64(&r);
            memcpy(at(ret, field), &value, sizeof(value));
            break;
        case SAPA_KIND_SIG:
            value = (uint64_t)sapa_get_i64(&r);
            memcpy(at(ret, field), &value, sizeof(value));
            break;
        case SAPA_KIND_TEXT:
        case SAPA_KIND_BLOB: whole = get_text(&r, ret, field); break;
        case SAPA_KIND_PII:
            if (sealed.size > 0)
                whole = get_text(&sealed, ret, field);
            break;
        }
        if (!whole)
            return SAPA_ECORRUPT;
    }
    if (r.bad || sealed.bad || sapa_reader_left(&r) > 0 || sapa_reader_left(&sealed) > 0)
        return SAPA_ECORRUPT;
    if (info->has_pii && pii.n == 0)
        ret->flags |= SAPA_RECORD_ERASED;
    return SAPA_OK;
}

bool sapa_record_equal(const struct sapa_record *a, const struct sapa_record *b)
{
    const struct sapa_record_info *info;

    if (a->type != b->type || a->at_us != b->at_us)
        return false;
    info = info_of(a);
    for (unsigned i = 0; i < info->field_count; i++) {
        const struct sapa_field *field = &info->fields[i];
        if (is_number(field) ? number_at(a, field) != number_at(b, field)
                             : !sapa_str_eq(text_at(a, field), text_at(b, field)))
            return false;
    }
    return true;
}

/* ---- for people ---- */

static void put_hex(struct sapa_text *out, struct sapa_str bytes)
{
    for (size_t i = 0; i < bytes.n; i++)
        sapa_text_printf(out, "%02x", (uint8_t)bytes.p[i]);
}

static void put_number(struct sapa_text *out, const struct sapa_record *record,
                       const struct sapa_field *field)
{
    const uint64_t value = number_at(record, field);

    if (field->kind == SAPA_KIND_SIG)
        sapa_text_printf(out, "%lld", (long long)value);
    else if (field->kind == SAPA_KIND_NUM && value == SAPA_NONE)
        sapa_text_add(out, SAPA_STR("none"));
    else
        sapa_text_printf(out, "%llu", (unsigned long long)value);
}

/* Bytes of the character at the head of `s`; 0 when it is none. */
static size_t utf8_size(struct sapa_str s)
{
    for (size_t n = 1; n <= 4 && n <= s.n; n++)
        if (sapa_str_utf8((struct sapa_str){ s.p, n }))
            return n;
    return 0;
}

/* As in JSON, which is UTF-8, and networks send what they like: what is none becomes U+FFFD, and
   nothing that moves a terminal's cursor is left. */
static void put_quoted(struct sapa_text *out, struct sapa_str s)
{
    sapa_text_char(out, '"');
    for (size_t i = 0; i < s.n;) {
        const uint8_t c = (uint8_t)s.p[i];
        const struct sapa_str rest = { s.p + i, s.n - i };
        const size_t n = c < 0x80 ? 1 : utf8_size(rest);
        if (c == '"' || c == '\\')
            sapa_text_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            sapa_text_printf(out, "\\u%04x", c);
        else if (c == 0xc2 && n == 2 && (uint8_t)rest.p[1] < 0xa0) /* U+0080..U+009F */
            sapa_text_printf(out, "\\u%04x", (uint8_t)rest.p[1]);
        else if (n == 0)
            sapa_text_add(out, SAPA_STR("\\ufffd"));
        else
            sapa_text_add(out, (struct sapa_str){ rest.p, n });
        i += SAPA_MAX(n, (size_t)1);
    }
    sapa_text_char(out, '"');
}

void sapa_record_print(const struct sapa_record *record, struct sapa_text *out)
{
    const struct sapa_record_info *info = info_of(record);

    sapa_text_printf(out, "%llu %lld %s", (unsigned long long)record->seq, (long long)record->at_us,
                     info->name);
    for (unsigned i = 0; i < info->field_count; i++) {
        const struct sapa_field *field = &info->fields[i];
        sapa_text_printf(out, " %s=", field->name);
        if (is_number(field))
            put_number(out, record, field);
        else if (field->kind == SAPA_KIND_PII)
            sapa_text_add(out, text_at(record, field).n ? SAPA_STR("***") : SAPA_STR(""));
        else if (field->kind == SAPA_KIND_BLOB)
            put_hex(out, text_at(record, field));
        else
            put_quoted(out, text_at(record, field));
    }
}

static void put_json_time(struct sapa_text *out, int64_t at_us)
{
    const time_t second = (time_t)(at_us / 1000000);
    struct tm utc;

    gmtime_r(&second, &utc);
    sapa_text_printf(out, "\"%04d-%02d-%02dT%02d:%02d:%02d.%06lldZ\"", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     (long long)(at_us % 1000000));
}

void sapa_record_json(const struct sapa_record *record, bool show_pii, struct sapa_text *out)
{
    const struct sapa_record_info *info = info_of(record);

    sapa_text_printf(out, "{\"type\":\"%s\",\"seq\":%llu,\"at\":", info->name,
                     (unsigned long long)record->seq);
    put_json_time(out, record->at_us);
    for (unsigned i = 0; i < info->field_count; i++) {
        const struct sapa_field *field = &info->fields[i];
        const struct sapa_str text = is_number(field) ? (struct sapa_str){ NULL, 0 } : text_at(record, field);
        sapa_text_printf(out, ",\"%s\":", field->name);
        if (field->kind == SAPA_KIND_ID)
            sapa_text_printf(out, "\"%llu\"", (unsigned long long)number_at(record, field));
        else if (field->kind == SAPA_KIND_NUM && number_at(record, field) == SAPA_NONE)
            sapa_text_add(out, SAPA_STR("null"));
        else if (is_number(field))
            put_number(out, record, field);
        else if (field->kind == SAPA_KIND_BLOB)
            sapa_text_char(out, '"'), put_hex(out, text), sapa_text_char(out, '"');
        else if (field->kind == SAPA_KIND_PII && !show_pii)
            sapa_text_add(out, SAPA_STR("\"***\""));
        else
            put_quoted(out, text);
    }
    sapa_text_char(out, '}');
}
