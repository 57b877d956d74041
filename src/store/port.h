/**
 * @file store/port.h
 * What a database must do for the store: rows in, rows out. All meaning (chain, seals, merges,
 * snapshots) is above this line; SQL is below it.
 *
 * Every op may be called from any thread; the implementation locks. Results: SAPA_ENOENT no such
 * row, SAPA_EFULL, SAPA_EIO, SAPA_ECORRUPT, SAPA_EDENIED fenced. A failed op has changed nothing.
 * Room    store.   Thread  any.
 */
#ifndef SAPA_STORE_PORT_H
#define SAPA_STORE_PORT_H

#include "rt/crypto.h"
#include "store/people.h"
#include "store/store.h"

/** One row of the journal: all the records of one commit. */
struct sapa_commit_row {
    uint64_t commit;
    uint64_t first_seq, last_seq;
    int64_t wall_us;       /* core time of its last record */
    uint64_t epoch;
    uint32_t count;        /* records */
    const uint8_t *frames; /* borrowed */
    size_t frames_size;
    uint8_t prev_hash[32];
    uint8_t hash[32];
};

/** Memory that grows and is used again. Zeroed = empty. */
struct sapa_buffer {
    uint8_t *p;
    size_t n, size;
};
SAPA_MUST_CHECK sapa_rc sapa_buffer_reserve(struct sapa_buffer *buffer, size_t more);
void sapa_buffer_free(struct sapa_buffer *buffer);

/** A person that begins to exist with a commit. */
struct sapa_new_person {
    uint64_t person, client;
    uint64_t seq;          /* record that names it */
    uint8_t kind;
    bool has_key;          /* the person exists already: only the identity is new */
    uint8_t lookup[SAPA_LOOKUP_SIZE];
    uint8_t wrapped[SAPA_WRAPPED_KEY_SIZE];
    uint8_t value[SAPA_IDENTITY_MAX + 1 + SAPA_SEAL_EXTRA];
    uint16_t value_size;   /* sealed */
};

enum sapa_mark {
    SAPA_MARK_BEGIN, SAPA_MARK_END, SAPA_MARK_AFTER /* moves the end, if there is one */, SAPA_MARK_CENTRE,
    SAPA_MARK_MOMENT, /* a record worth finding again: `value` is its enum sapa_moment */
    SAPA_MARK_PERSON, /* whose contact it is: `value` is the person */
};

/** A record that begins a contact, ends it, or belongs to it after its end; or a start of the centre (contact 0). */
struct sapa_contact_mark {
    uint64_t contact, seq, value;
    enum sapa_mark what;
};

struct sapa_commit {
    struct sapa_commit_row row;
    const struct sapa_new_person *persons;
    size_t person_count;
    const struct sapa_contact_mark *marks;
    size_t mark_count;
};

typedef void sapa_identity_row_fn(void *ctx, unsigned kind, const uint8_t *value, size_t size);
typedef void sapa_person_row_fn(void *ctx, uint64_t person);
typedef void sapa_contact_row_fn(void *ctx, uint64_t contact, uint64_t seq);

struct sapa_store_ops {
    void (*close)(void *db);
    /* one sentence on the last failure */
    void (*problem)(void *db, char *buf, size_t size);

    /* SAPA_EDENIED: the epoch in the database is not row.epoch; SAPA_ESTATE: the last row is not prev_hash */
    sapa_rc (*commit)(void *db, const struct sapa_commit *commit);
    /* last row, without frames; SAPA_ENOENT: empty */
    sapa_rc (*tail)(void *db, struct sapa_commit_row *ret);
    /* first row with last_seq >= seq; frames are put into `frames` (may be NULL: header only) */
    sapa_rc (*read)(void *db, uint64_t seq, struct sapa_buffer *frames, struct sapa_commit_row *ret);
    /* last row with last_seq < seq, header only */
    sapa_rc (*read_before)(void *db, uint64_t seq, struct sapa_commit_row *ret);
    sapa_rc (*quarantine)(void *db, uint64_t seq, const char *reason, int64_t wall_us, uint64_t *ret_commits);
    sapa_rc (*contact_span)(void *db, uint64_t contact, uint64_t *ret_first, uint64_t *ret_last);
    /* marks without a commit: an index that is made anew */
    sapa_rc (*marks_put)(void *db, const struct sapa_contact_mark *marks, size_t count);
    /* marks MOMENT of one kind, the newest first; marks PERSON with a seq below `before`, the newest first */
    sapa_rc (*moments_each)(void *db, uint64_t contact, unsigned kind, size_t limit, sapa_contact_row_fn *fn, void *ctx);
    sapa_rc (*person_contacts)(void *db, uint64_t person, uint64_t before, size_t limit, sapa_contact_row_fn *fn, void *ctx);
    /* the last mark CENTRE at or before `seq`; SAPA_ENOENT: none */
    sapa_rc (*centre_start)(void *db, uint64_t seq, uint64_t *ret_seq);
    sapa_rc (*checkpoint)(void *db);

    sapa_rc (*take_epoch)(void *db, const char *who, int64_t wall_us, uint64_t *ret_epoch);
    sapa_rc (*setting_get)(void *db, const char *key, struct sapa_buffer *value);
    sapa_rc (*setting_put)(void *db, const char *key, const void *value, size_t size, int64_t wall_us);
    /* all of them or none; a value that is NULL: gone */
    sapa_rc (*settings_put)(void *db, const struct sapa_setting *of, size_t count, int64_t wall_us);
    sapa_rc (*setting_delete)(void *db, const char *key); /* SAPA_OK also when there is none */
    sapa_rc (*document_get)(void *db, const char *hash, struct sapa_buffer *text);
    sapa_rc (*document_put)(void *db, const char *hash, const void *text, size_t size, int64_t wall_us);
    sapa_rc (*client)(void *db, const char *key, const char *name, int64_t wall_us, uint64_t *ret_client);

    sapa_rc (*person_last)(void *db, uint64_t *ret_person); /* highest id; 0 = none */
    sapa_rc (*person_get)(void *db, uint64_t person, uint64_t *ret_client, bool *ret_erased);
    sapa_rc (*key_get)(void *db, uint64_t person, uint8_t ret_wrapped[SAPA_WRAPPED_KEY_SIZE]);
    sapa_rc (*identity_find)(void *db, uint64_t client, unsigned kind, const uint8_t lookup[SAPA_LOOKUP_SIZE],
                             uint64_t *ret_person);
    sapa_rc (*identity_each)(void *db, uint64_t person, sapa_identity_row_fn *fn, void *ctx);
    sapa_rc (*merge_add)(void *db, uint64_t from, uint64_t into, const char *by, int64_t wall_us,
                         uint64_t *ret_merge);
    /* SAPA_ESTATE: undone already */
    sapa_rc (*merge_undo)(void *db, uint64_t merge, const char *by, int64_t wall_us);
    sapa_rc (*merged_into)(void *db, uint64_t from, uint64_t *ret_into); /* active link */
    sapa_rc (*merged_each)(void *db, uint64_t into, sapa_person_row_fn *fn, void *ctx);
    sapa_rc (*erase)(void *db, const uint64_t *persons, size_t count, const char *by, int64_t wall_us);
};

/**
 * Build a store on an opened database: master key, id, tail check, people.
 * @param db  owned from now on, closed also on failure
 */
SAPA_MUST_CHECK sapa_rc sapa_store_new(const struct sapa_store_ops *ops, void *db, const struct sapa_store_opts *opts,
                                       struct sapa_text *problem, struct sapa_store **ret_store);

#endif
