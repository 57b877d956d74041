/**
 * @file store/store_impl.h
 * What the files of store/ share. For files of this room only.
 *
 * Room    store.   Thread  see each part.
 */
#ifndef SAPA_STORE_STORE_IMPL_H
#define SAPA_STORE_STORE_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "model/record.h"
#include "store/history.h"
#include "store/port.h"

enum {
    FRAME_HEADER = 8,           /* fixed32 length, fixed32 CRC-32C of the bytes */
    FRAME_MAX = SAPA_RECORD_ENCODED_MAX + 64 + SAPA_SEAL_EXTRA,
    FRAME_VERSION = 1,
    KEY_CACHE_SLOTS = 512,
    SEAL_CONTEXT_SIZE = 11      /* "log" and the seq */
};

/** Unwrapped keys of persons seen lately; belongs to one thread or stands under a lock. */
struct key_cache {
    uint64_t generation; /* of erasures: an older cache is emptied */
    struct {
        uint64_t person; /* 0 = free */
        struct sapa_key key;
    } slots[KEY_CACHE_SLOTS];
};

/** A person promised to a caller, not committed yet. */
struct reservation {
    uint64_t person, client;
    uint8_t kind;
    uint8_t lookup[SAPA_LOOKUP_SIZE];
    char value[SAPA_IDENTITY_MAX + 1];
    uint8_t value_size;
    bool used; /* the slot */
};

struct people {
    pthread_mutex_t lock; /* guards everything here */
    struct reservation *reserved; /* open addressing by lookup; size is a power of two */
    size_t size, count;
    uint64_t next_person;
    struct key_cache cache;
};

struct sapa_store {
    const struct sapa_store_ops *ops;
    void *db;
    char *folder;
    char build[64];
    char id[33];
    bool read_only;
    uint64_t epoch;
    struct sapa_key master, lookup_key;
    struct sapa_key nobody; /* seals what belongs to no known person: a withheld number, an agent's own call */
    struct people people;
    atomic_uint_fast64_t erasures; /* generation of all key caches */
    atomic_uint_fast64_t snapshots_damaged;
    pthread_mutex_t tail_lock; /* guards tail and problem */
    struct sapa_log_tail tail;
    char problem[256];
};

/* store.c */
void sapa_store_say(struct sapa_store *store, const char *fmt, ...) SAPA_PRINTF(2, 3);
/** The chain: hash over the previous hash, the header and the frames. `scratch` is used again. */
SAPA_MUST_CHECK sapa_rc sapa_commit_hash(const struct sapa_commit_row *row, struct sapa_buffer *scratch,
                                         uint8_t ret_hash[32]);
/** After a commit by the writer. */
void sapa_store_moved(struct sapa_store *store, const struct sapa_commit_row *row);

/* history.c */
enum { SAPA_MARKS_MAX = 5 };
/** What of a record is found again, apart from what every record has; taken from it when it is put. */
struct sapa_marking {
    uint8_t moment;        /* enum sapa_moment */
    uint8_t party;         /* likewise: CUSTOMER, PROSPECT or NONE */
    bool disposed;
    uint32_t agent, queue; /* with `disposed` */
};
struct sapa_marking sapa_marking_of(const struct sapa_record *record);
/** Marks for the commit of a record. @return how many */
size_t sapa_marks_of(unsigned type, uint64_t contact, uint64_t person, uint64_t seq, const struct sapa_marking *marking,
                     struct sapa_contact_mark ret[SAPA_MARKS_MAX]);
/** The marks of records that stand in the log from before there were such marks. Once in the life of a store. */
SAPA_MUST_CHECK sapa_rc sapa_history_index(struct sapa_store *store);
/** A person and everybody merged into it, breadth first: at most `max`. SAPA_ELIMIT: there are more. */
SAPA_MUST_CHECK sapa_rc sapa_people_group(struct sapa_store *store, uint64_t root, uint64_t *persons, size_t max, size_t *ret_count);

/* frame.c */
struct frame {
    struct sapa_str clear;
    uint64_t person;          /* whose key; 0 = nothing sealed */
    struct sapa_str sealed;
};
/** Append one frame. `key` seals `pii`; both may be empty/NULL. */
SAPA_MUST_CHECK sapa_rc sapa_frame_add(struct sapa_buffer *frames, uint64_t seq, struct sapa_str clear,
                                       uint64_t person, const struct sapa_key *key, struct sapa_str pii);
/**
 * Take the frame at *at. SAPA_ENOENT: the end; SAPA_ECORRUPT; SAPA_EVERSION.
 */
SAPA_MUST_CHECK sapa_rc sapa_frame_next(const uint8_t *frames, size_t size, size_t *at, struct frame *ret);
/** Open the sealed part into `buf` (FRAME_MAX bytes). SAPA_ECORRUPT. */
SAPA_MUST_CHECK sapa_rc sapa_frame_open(const struct frame *frame, uint64_t seq, const struct sapa_key *key,
                                        uint8_t *buf, struct sapa_str *ret_pii);

/* people.c */
/** Where the ids of persons go on. At opening, and when an epoch is taken. */
SAPA_MUST_CHECK sapa_rc sapa_people_init(struct sapa_store *store);
void sapa_people_done(struct sapa_store *store);
/** A person's key through `cache`; of person 0 the key for nobody. SAPA_ENOENT: none, or erased. */
SAPA_MUST_CHECK sapa_rc sapa_people_key(struct sapa_store *store, struct key_cache *cache, uint64_t person,
                                        struct sapa_key *ret_key);
void sapa_key_cache_put(struct sapa_store *store, struct key_cache *cache, uint64_t person,
                        const struct sapa_key *key);
/**
 * Make the row of the person that a person_known record names: key, sealed value. Client and value
 * come from the reservation, or from the record when it was not reserved here.
 * @param key      the person's, made anew unless `has_key`
 */
SAPA_MUST_CHECK sapa_rc sapa_people_begin(struct sapa_store *store, const struct sapa_rec_person_known *known,
                                          uint64_t seq, bool has_key, struct sapa_key *key,
                                          struct sapa_new_person *ret_row);
/** The commit with it succeeded. */
void sapa_people_settle(struct sapa_store *store, const struct sapa_new_person *row);

#endif
