/**
 * @file model/record.h
 * Records as C structs, and their one encoding.
 *
 * A record is flat: it can be copied, sent through a mailbox and compared byte by byte. Its
 * encoding is compact and versioned: type, version, then the fields in order. Fields of people
 * (`pii`) stand in a part of their own, so that the store can seal it with the person's key.
 *
 * Room    model: base only.   Thread  any.   Tests  model/record_test.c
 */
#ifndef SAPA_MODEL_RECORD_H
#define SAPA_MODEL_RECORD_H

#include "base/bytes.h"
#include "model/schema.h"
#include "model/vocab.h"

/* Text and bytes inside a record: a count and room for N bytes, and a NUL behind them. */
#define SAPA_SIZED(N) \
    struct sapa_text##N { uint16_t n; char p[N + 1]; }
SAPA_SIZED(8);
SAPA_SIZED(32);
SAPA_SIZED(64);
SAPA_SIZED(128);
SAPA_SIZED(256);
SAPA_SIZED(512);
SAPA_SIZED(1024);
SAPA_SIZED(1400);
#undef SAPA_SIZED

/** Copy a slice into a sized field; false (and cut) when it does not fit with its NUL. */
#define sapa_sized_set(field, s) sapa_sized_set_(&(field)->n, (field)->p, sizeof((field)->p), s)
/** A sized field as a slice. */
#define sapa_sized_str(field) ((struct sapa_str){ (field)->p, (field)->n })
bool sapa_sized_set_(uint16_t *n, char *p, size_t size, struct sapa_str s);

enum sapa_kind {
    SAPA_KIND_NUM, SAPA_KIND_SIG, SAPA_KIND_ID, SAPA_KIND_TEXT, SAPA_KIND_PII, SAPA_KIND_BLOB,
};

#define SAPA_C_num uint64_t
#define SAPA_C_sig int64_t
#define SAPA_C_id uint64_t
#define SAPA_C_text32 struct sapa_text32
#define SAPA_C_text64 struct sapa_text64
#define SAPA_C_text128 struct sapa_text128
#define SAPA_C_text512 struct sapa_text512
#define SAPA_C_pii8 struct sapa_text8
#define SAPA_C_pii64 struct sapa_text64
#define SAPA_C_pii128 struct sapa_text128
#define SAPA_C_pii512 struct sapa_text512
#define SAPA_C_blob64 struct sapa_text64
#define SAPA_C_blob256 struct sapa_text256
#define SAPA_C_blob1024 struct sapa_text1024
#define SAPA_C_pii1400 struct sapa_text1400

/* struct sapa_rec_contact_arrived { uint64_t contact; … }; and so on */
#define SAPA_REC_FIELD(S, kind, name, text) SAPA_C_##kind name;
#define X(number, version, name, text) struct sapa_rec_##name { SAPA_REC_##name(SAPA_REC_FIELD, ) };
SAPA_INPUTS(X) SAPA_EVENTS(X) SAPA_COMMANDS(X)
#undef X

/** `SAPA_T_contact_arrived` = 3, and so on. */
enum sapa_type {
#define X(number, version, name, text) SAPA_T_##name = (number),
    SAPA_INPUTS(X) SAPA_EVENTS(X) SAPA_COMMANDS(X)
#undef X
    SAPA_T_LIMIT = 160
};

/**
 * One record. Only the member that `type` names is meaningful; sapa_record_size() tells how many
 * bytes of the struct that is, so that mailboxes copy no more.
 */
struct sapa_record {
    uint16_t type;    /* enum sapa_type */
    uint16_t flags;   /* SAPA_RECORD_* */
    uint32_t reserved;
    uint64_t seq;     /* place in the log; 0 before it has one */
    int64_t at_us;    /* core time: UTC microseconds that never step back */
    union {
#define X(number, version, name, text) struct sapa_rec_##name name;
        SAPA_INPUTS(X) SAPA_EVENTS(X) SAPA_COMMANDS(X)
#undef X
    } u;
};

enum {
    SAPA_RECORD_NO_PROMISE = 1, /* a command that need not wait for the commit (provisional answers) */
    SAPA_RECORD_ERASED = 2,     /* the person's key is gone: pii fields are empty */
    SAPA_RECORD_ENCODED_MAX = 2048, /* bytes of one encoded record, both parts together */
};

struct sapa_field {
    const char *name;
    const char *text;
    uint16_t offset;    /* in the struct of the record */
    uint16_t size;      /* room for text, 0 for numbers */
    uint8_t kind;       /* enum sapa_kind */
};

struct sapa_record_info {
    const char *name;
    const char *text;
    const struct sapa_field *fields;
    uint16_t field_count;
    uint16_t version;
    uint16_t size;      /* of the struct */
    bool has_pii;
};

/** What a type is made of; NULL for a number that is no type. Static storage. */
const struct sapa_record_info *sapa_record_info(unsigned type);

static inline bool sapa_type_is_input(unsigned type) { return type > 0 && type < 64; }
static inline bool sapa_type_is_event(unsigned type) { return type >= 64 && type < 128; }
static inline bool sapa_type_is_command(unsigned type) { return type >= 128 && type < SAPA_T_LIMIT; }

/** Zero everything that counts and set the type. */
void sapa_record_init(struct sapa_record *record, enum sapa_type type);
/** Bytes of `record` that carry meaning: header and the struct of its type. */
size_t sapa_record_size(const struct sapa_record *record);
/** The person whose key seals the pii fields (the field `person`), 0 for none. */
uint64_t sapa_record_person(const struct sapa_record *record);
/** The contact that a record speaks of (the field `contact`), 0 for none. */
uint64_t sapa_record_contact(const struct sapa_record *record);

/**
 * Encode. `clear` gets type, version, seq, time and the fields; `pii` gets the personal fields
 * only (nothing when there are none, or all are empty). Writers go bad when it does not fit.
 */
void sapa_record_encode(const struct sapa_record *record, struct sapa_writer *clear,
                        struct sapa_writer *pii);

/**
 * Decode what sapa_record_encode() wrote, of this or an older version.
 *
 * @param pii  empty when sealed for good (erased): the fields stay empty, SAPA_RECORD_ERASED is set
 *             if the record had any
 * @retval SAPA_ECORRUPT  malformed   @retval SAPA_EVERSION  written by a newer build
 */
SAPA_MUST_CHECK sapa_rc sapa_record_decode(struct sapa_str clear, struct sapa_str pii,
                                           struct sapa_record *ret);

/** `contact_queued contact=4711 queue=2 …`, personal text shown as ***. For logs, traces and tests. */
void sapa_record_print(const struct sapa_record *record, struct sapa_text *out);
/** One JSON object; ids as strings, time as RFC 3339, blobs as hex. `show_pii` false writes "***". */
void sapa_record_json(const struct sapa_record *record, bool show_pii, struct sapa_text *out);

/** Equal in every meaningful field (seq and flags apart). The test of replay. */
bool sapa_record_equal(const struct sapa_record *a, const struct sapa_record *b);

/* ids: 10 bits of node, 54 bits of counter */
static inline uint64_t sapa_id_make(unsigned node, uint64_t counter)
{
    return (uint64_t)(node & 1023) << 54 | (counter & ((UINT64_C(1) << 54) - 1));
}

#endif
