/**
 * @file store/people.h
 * Persons, what identifies them, merging them, forgetting them.
 *
 * An identity (client, kind, normalised value) is found by its keyed hash; the value itself is
 * sealed with the person's own key, and that key is wrapped with the master key. Erasing a person
 * destroys the key: everything sealed with it, in the log too, can never be read again, while the
 * log's chain still verifies. A merge is a link that can be cut again; nothing is copied.
 * Room    store.   Thread  any. find and reserve take microseconds, the rest may wait for the disk.
 * Design  docs/design/log.md#people   Tests  store/sqlite/people_test.c
 */
#ifndef SAPA_STORE_PEOPLE_H
#define SAPA_STORE_PEOPLE_H

#include "store/store.h"

enum sapa_identity_kind { SAPA_IDENTITY_PHONE, SAPA_IDENTITY_MAIL, SAPA_IDENTITY_HANDLE };
enum {
    SAPA_IDENTITY_MAX = 127,     /* bytes of a value */
    SAPA_LOOKUP_SIZE = 32,
    SAPA_MERGE_DEPTH_MAX = 64    /* links from a person to whom it is now */
};

struct sapa_person_found {
    uint64_t person;
    bool is_new;                        /* reserved now: log a person_known record before naming it */
    uint8_t party_type;                 /* what was said of it last: enum sapa_party_type + 1; 0: nothing */
    uint8_t lookup[SAPA_LOOKUP_SIZE];   /* keyed hash, for that record */
};

/**
 * What two ways of writing the same identity have in common: separators of phone numbers gone and
 * 00 as +, mail in lower case, blanks around gone. Into `buf` (SAPA_IDENTITY_MAX + 1).
 * @retval SAPA_EINVAL  empty, too long or not UTF-8
 */
SAPA_MUST_CHECK sapa_rc sapa_identity_normalise(enum sapa_identity_kind kind, struct sapa_str value, char *buf,
                                                size_t size, struct sapa_str *ret_value);

/**
 * Whose identity this is (after merges). One that was reserved and is not committed yet is found too.
 * @param client  from sapa_store_client(): each client has its own persons
 * @retval SAPA_ENOENT  nobody's
 */
SAPA_MUST_CHECK sapa_rc sapa_person_find(struct sapa_store *store, uint64_t client, enum sapa_identity_kind kind,
                                         struct sapa_str value, uint64_t *ret_person);
/**
 * The same, and a new person is reserved when there is none. It exists from the commit of the
 * person_known record that names it; until then the reservation is held in memory.
 */
SAPA_MUST_CHECK sapa_rc sapa_person_reserve(struct sapa_store *store, uint64_t client, enum sapa_identity_kind kind,
                                            struct sapa_str value, struct sapa_person_found *ret_found);

/** Who a person is now, following merges; itself when it was never merged. SAPA_ENOENT: no such person. */
SAPA_MUST_CHECK sapa_rc sapa_person_resolve(struct sapa_store *store, uint64_t person, uint64_t *ret_person);
/**
 * `from` is really `into`. Both of the same client (SAPA_EINVAL), neither erased (SAPA_ESTATE), not
 * the same already (SAPA_EEXIST).
 */
SAPA_MUST_CHECK sapa_rc sapa_person_merge(struct sapa_store *store, uint64_t from, uint64_t into, const char *by,
                                          uint64_t *ret_merge);
/** Take a merge back, in any order. SAPA_ENOENT; SAPA_ESTATE: taken back already. */
SAPA_MUST_CHECK sapa_rc sapa_person_unmerge(struct sapa_store *store, uint64_t merge, const char *by);
/** Destroy the keys of a person and of all who were merged into it; their identities are forgotten. Cannot be undone. SAPA_ENOENT. */
SAPA_MUST_CHECK sapa_rc sapa_person_erase(struct sapa_store *store, uint64_t person, const char *by);
/**
 * A person and everybody who was merged into it: at most `max`, those above are left out.
 * @retval SAPA_ENOENT  no such person, or erased
 */
SAPA_MUST_CHECK sapa_rc sapa_person_group(struct sapa_store *store, uint64_t person, uint64_t *ret_persons, size_t max, size_t *ret_count);
/** The client (store's number) whose person this is. SAPA_ENOENT: no such person, or erased. */
SAPA_MUST_CHECK sapa_rc sapa_person_client(struct sapa_store *store, uint64_t person, uint64_t *ret_client);
bool sapa_person_is_erased(struct sapa_store *store, uint64_t person);

typedef void sapa_identity_fn(void *ctx, enum sapa_identity_kind kind, struct sapa_str value);
/** Every identity of a person, opened; those of persons merged into it too. */
SAPA_MUST_CHECK sapa_rc sapa_person_identities(struct sapa_store *store, uint64_t person, sapa_identity_fn *fn,
                                               void *ctx);

/**
 * Seal bytes with a person's key, e.g. a note or a recording's key. `context` is bound to it.
 * Person 0 is nobody in particular (a withheld number): sealed with a key of the store's own, which
 * no erasure destroys.
 * @param ret_sealed  size + SAPA_SEAL_EXTRA bytes (rt/crypto.h)
 * @retval SAPA_ENOENT  no such person, or erased
 */
SAPA_MUST_CHECK sapa_rc sapa_person_seal(struct sapa_store *store, uint64_t person, struct sapa_str context,
                                         const void *plain, size_t size, uint8_t *ret_sealed);
/** @retval SAPA_ENOENT erased @retval SAPA_ECORRUPT changed, or not this person's */
SAPA_MUST_CHECK sapa_rc sapa_person_unseal(struct sapa_store *store, uint64_t person, struct sapa_str context,
                                           const uint8_t *sealed, size_t size, uint8_t *ret_plain);

#endif
