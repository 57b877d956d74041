#include "store/people.h"

#include <stdlib.h>

#include "base/log.h"
#include "rt/clock.h"
#include "store/history.h"
#include "store/store_impl.h"

enum { RESERVED_MAX = 1 << 17, GROUP_MAX = 4096 };

/* --- normal form and keyed hash --- */

sapa_rc sapa_identity_normalise(enum sapa_identity_kind kind, struct sapa_str value, char *buf, size_t size,
                                struct sapa_str *ret_value)
{
    size_t n = 0;

    value = sapa_str_trim(value);
    if (value.n == 0 || value.n > SAPA_IDENTITY_MAX || size <= value.n || !sapa_str_utf8(value))
        return SAPA_EINVAL;
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (kind == SAPA_IDENTITY_PHONE && (c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/'))
            continue;
        if (kind == SAPA_IDENTITY_MAIL && c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        buf[n++] = c;
    }
    if (n == 0)
        return SAPA_EINVAL;
    buf[n] = '\0';
    if (kind == SAPA_IDENTITY_PHONE && n > 2 && buf[0] == '0' && buf[1] == '0') {
        buf[1] = '+';
        buf++;
        n--;
    }
    *ret_value = (struct sapa_str){ buf, n };
    return SAPA_OK;
}

static void lookup_of(struct sapa_store *store, uint64_t client, unsigned kind, struct sapa_str value,
                      uint8_t lookup[SAPA_LOOKUP_SIZE])
{
    uint8_t text[9 + SAPA_IDENTITY_MAX];

    for (int i = 0; i < 8; i++)
        text[i] = (uint8_t)(client >> (8 * i));
    text[8] = (uint8_t)kind;
    memcpy(text + 9, value.p, value.n);
    sapa_hmac_sha256(store->lookup_key.bytes, sizeof(store->lookup_key.bytes), text, 9 + value.n, lookup);
}

/* --- reservations: open addressing, linear probing; the lookup is as good as random --- */

static size_t slot_of(const struct people *people, const uint8_t lookup[SAPA_LOOKUP_SIZE])
{
    uint64_t bits;

    memcpy(&bits, lookup, sizeof(bits));
    return bits & (people->size - 1);
}

static struct reservation *find_reserved(struct people *people, const uint8_t lookup[SAPA_LOOKUP_SIZE])
{
    if (people->size == 0)
        return NULL;
    for (size_t i = slot_of(people, lookup); people->reserved[i].used; i = (i + 1) & (people->size - 1)) {
        if (memcmp(people->reserved[i].lookup, lookup, SAPA_LOOKUP_SIZE) == 0)
            return &people->reserved[i];
    }
    return NULL;
}

static void insert_reserved(struct people *people, const struct reservation *reservation)
{
    size_t i = slot_of(people, reservation->lookup);

    while (people->reserved[i].used)
        i = (i + 1) & (people->size - 1);
    people->reserved[i] = *reservation;
    people->reserved[i].used = true;
}

static sapa_rc add_reserved(struct people *people, const struct reservation *reservation)
{
    if (people->count >= RESERVED_MAX)
        return SAPA_ELIMIT;
    if (people->count * 2 >= people->size) {
        const size_t size = people->size ? people->size * 2 : 64;
        struct reservation *old = people->reserved, *more = calloc(size, sizeof(*more));
        const size_t old_size = people->size;
        if (!more)
            return SAPA_ENOMEM;
        people->reserved = more;
        people->size = size;
        for (size_t i = 0; i < old_size; i++) {
            if (old[i].used)
                insert_reserved(people, &old[i]);
        }
        free(old);
    }
    insert_reserved(people, reservation);
    people->count++;
    return SAPA_OK;
}

/* Without tombstones: what stood behind in the same run moves up. */
static void remove_reserved(struct people *people, struct reservation *reservation)
{
    size_t hole = (size_t)(reservation - people->reserved);

    for (size_t i = (hole + 1) & (people->size - 1); people->reserved[i].used; i = (i + 1) & (people->size - 1)) {
        const size_t home = slot_of(people, people->reserved[i].lookup);
        if (((i - home) & (people->size - 1)) >= ((i - hole) & (people->size - 1))) {
            people->reserved[hole] = people->reserved[i];
            hole = i;
        }
    }
    sapa_wipe(&people->reserved[hole], sizeof(people->reserved[hole]));
    people->count--;
}

sapa_rc sapa_people_init(struct sapa_store *store)
{
    uint64_t last;
    const sapa_rc rc = store->ops->person_last(store->db, &last);

    if (rc != SAPA_OK)
        return rc;
    pthread_mutex_lock(&store->people.lock);
    store->people.next_person = SAPA_MAX(store->people.next_person, last + 1);
    pthread_mutex_unlock(&store->people.lock);
    return SAPA_OK;
}

void sapa_people_done(struct sapa_store *store)
{
    if (store->people.reserved)
        sapa_wipe(store->people.reserved, store->people.size * sizeof(*store->people.reserved));
    free(store->people.reserved);
    sapa_wipe(&store->people.cache, sizeof(store->people.cache));
}

/* --- finding --- */

static sapa_rc resolve(struct sapa_store *store, uint64_t person, uint64_t *ret_person)
{
    for (int depth = 0; depth <= SAPA_MERGE_DEPTH_MAX; depth++) {
        uint64_t into;
        const sapa_rc rc = store->ops->merged_into(store->db, person, &into);
        if (rc == SAPA_ENOENT) {
            *ret_person = person;
            return SAPA_OK;
        }
        if (rc != SAPA_OK)
            return rc;
        person = into;
    }
    return SAPA_ELIMIT;
}

/* Under people.lock. The lookup is filled in also when nobody has it. */
static sapa_rc find_locked(struct sapa_store *store, uint64_t client, unsigned kind, struct sapa_str value,
                           uint8_t lookup[SAPA_LOOKUP_SIZE], uint64_t *ret_person)
{
    uint64_t person;

    lookup_of(store, client, kind, value, lookup);
    const struct reservation *reserved = find_reserved(&store->people, lookup);
    if (reserved) {
        *ret_person = reserved->person;
        return SAPA_OK;
    }
    const sapa_rc rc = store->ops->identity_find(store->db, client, kind, lookup, &person);
    return rc == SAPA_OK ? resolve(store, person, ret_person) : rc;
}

sapa_rc sapa_person_find(struct sapa_store *store, uint64_t client, enum sapa_identity_kind kind,
                         struct sapa_str value, uint64_t *ret_person)
{
    char buf[SAPA_IDENTITY_MAX + 1];
    uint8_t lookup[SAPA_LOOKUP_SIZE];

    sapa_rc rc = sapa_identity_normalise(kind, value, buf, sizeof(buf), &value);
    if (rc != SAPA_OK)
        return rc;
    pthread_mutex_lock(&store->people.lock);
    rc = find_locked(store, client, kind, value, lookup, ret_person);
    pthread_mutex_unlock(&store->people.lock);
    return rc;
}

sapa_rc sapa_person_reserve(struct sapa_store *store, uint64_t client, enum sapa_identity_kind kind,
                            struct sapa_str value, struct sapa_person_found *ret_found)
{
    char buf[SAPA_IDENTITY_MAX + 1];
    struct sapa_person_found found = { 0 };

    if (store->read_only)
        return SAPA_ESTATE;
    sapa_rc rc = sapa_identity_normalise(kind, value, buf, sizeof(buf), &value);
    if (rc != SAPA_OK)
        return rc;
    pthread_mutex_lock(&store->people.lock);
    rc = find_locked(store, client, kind, value, found.lookup, &found.person);
    if (rc == SAPA_ENOENT) {
        struct reservation reservation = { .person = store->people.next_person, .client = client,
                                           .kind = (uint8_t)kind, .value_size = (uint8_t)value.n };
        memcpy(reservation.lookup, found.lookup, sizeof(found.lookup));
        memcpy(reservation.value, value.p, value.n);
        rc = add_reserved(&store->people, &reservation);
        if (rc == SAPA_OK) {
            found.person = store->people.next_person++;
            found.is_new = true;
        }
    }
    pthread_mutex_unlock(&store->people.lock);
    if (rc == SAPA_OK && !found.is_new && sapa_person_party_type(store, found.person, &found.party_type) != SAPA_OK)
        found.party_type = 0; /* not committed yet, or not to be read: the call goes on */
    if (rc == SAPA_OK)
        *ret_found = found;
    return rc;
}

sapa_rc sapa_person_resolve(struct sapa_store *store, uint64_t person, uint64_t *ret_person)
{
    uint64_t client;
    bool erased;
    const sapa_rc rc = store->ops->person_get(store->db, person, &client, &erased);

    return rc == SAPA_OK ? resolve(store, person, ret_person) : rc;
}

sapa_rc sapa_person_client(struct sapa_store *store, uint64_t person, uint64_t *ret_client)
{
    uint64_t client;
    bool erased;
    const sapa_rc rc = store->ops->person_get(store->db, person, &client, &erased);

    if (rc != SAPA_OK || erased)
        return rc != SAPA_OK ? rc : SAPA_ENOENT;
    *ret_client = client;
    return SAPA_OK;
}

bool sapa_person_is_erased(struct sapa_store *store, uint64_t person)
{
    uint64_t client;
    bool erased;

    return store->ops->person_get(store->db, person, &client, &erased) == SAPA_OK && erased;
}

/* --- beginning to exist, from the writer's thread --- */

static const uint8_t IDENTITY_CONTEXT[8] = { 'i', 'd', 'e', 'n', 't', 'i', 't', 'y' };

sapa_rc sapa_people_begin(struct sapa_store *store, const struct sapa_rec_person_known *known, uint64_t seq,
                          bool has_key, struct sapa_key *key, struct sapa_new_person *ret_row)
{
    struct sapa_new_person row = { .person = known->person, .client = known->client, .seq = seq,
                                   .kind = (uint8_t)known->identity, .has_key = has_key };
    char value[SAPA_IDENTITY_MAX + 1];
    struct sapa_str text = { known->value.p, SAPA_MIN(known->value.n, (size_t)SAPA_IDENTITY_MAX) };

    if (known->person == 0 || known->lookup.n != SAPA_LOOKUP_SIZE)
        return SAPA_EINVAL;
    memcpy(row.lookup, known->lookup.p, SAPA_LOOKUP_SIZE);
    pthread_mutex_lock(&store->people.lock);
    const struct reservation *reserved = find_reserved(&store->people, row.lookup);
    if (reserved && reserved->person == known->person) {
        row.client = reserved->client;
        row.kind = reserved->kind;
        memcpy(value, reserved->value, reserved->value_size);
        text = (struct sapa_str){ value, reserved->value_size };
    }
    store->people.next_person = SAPA_MAX(store->people.next_person, known->person + 1);
    pthread_mutex_unlock(&store->people.lock);
    if (!has_key)
        sapa_key_random(key);
    sapa_key_wrap(&store->master, row.person, key, row.wrapped);
    sapa_seal(key, IDENTITY_CONTEXT, sizeof(IDENTITY_CONTEXT), text.p, text.n, row.value);
    row.value_size = (uint16_t)(text.n + SAPA_SEAL_EXTRA);
    sapa_wipe(value, sizeof(value));
    *ret_row = row;
    return SAPA_OK;
}

void sapa_people_settle(struct sapa_store *store, const struct sapa_new_person *row)
{
    pthread_mutex_lock(&store->people.lock);
    struct reservation *reserved = find_reserved(&store->people, row->lookup);
    if (reserved && reserved->person == row->person)
        remove_reserved(&store->people, reserved);
    pthread_mutex_unlock(&store->people.lock);
}

/* --- keys --- */

static size_t key_slot(uint64_t person)
{
    return (person * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & (KEY_CACHE_SLOTS - 1);
}
static_assert((KEY_CACHE_SLOTS & (KEY_CACHE_SLOTS - 1)) == 0, "a power of two");

/* After an erasure no cached key may be used any more. */
static void refresh(struct sapa_store *store, struct key_cache *cache)
{
    const uint64_t generation = atomic_load(&store->erasures);

    if (cache->generation == generation)
        return;
    sapa_wipe(cache->slots, sizeof(cache->slots));
    cache->generation = generation;
}

void sapa_key_cache_put(struct sapa_store *store, struct key_cache *cache, uint64_t person,
                        const struct sapa_key *key)
{
    const size_t slot = key_slot(person);

    refresh(store, cache);
    cache->slots[slot].person = person;
    cache->slots[slot].key = *key;
}

sapa_rc sapa_people_key(struct sapa_store *store, struct key_cache *cache, uint64_t person, struct sapa_key *ret_key)
{
    uint8_t wrapped[SAPA_WRAPPED_KEY_SIZE];
    const size_t slot = key_slot(person);

    if (person == 0) {
        *ret_key = store->nobody;
        return SAPA_OK;
    }
    refresh(store, cache);
    if (cache->slots[slot].person == person) {
        *ret_key = cache->slots[slot].key;
        return SAPA_OK;
    }
    sapa_rc rc = store->ops->key_get(store->db, person, wrapped);
    if (rc == SAPA_OK)
        rc = sapa_key_unwrap(&store->master, person, wrapped, ret_key);
    if (rc == SAPA_OK)
        sapa_key_cache_put(store, cache, person, ret_key);
    else if (rc == SAPA_ECORRUPT)
        sapa_store_say(store, "the key of person %llu does not open with the master key", (unsigned long long)person);
    return rc;
}

/* "app" and the caller's words: what is sealed here cannot pass for a record or an identity. */
static sapa_rc app_context(struct sapa_str context, uint8_t buf[259], size_t *ret_size)
{
    if (context.n > 256)
        return SAPA_EINVAL;
    memcpy(buf, "app", 3);
    if (context.n > 0)
        memcpy(buf + 3, context.p, context.n);
    *ret_size = 3 + context.n;
    return SAPA_OK;
}

static sapa_rc key_of(struct sapa_store *store, uint64_t person, struct sapa_key *ret_key)
{
    pthread_mutex_lock(&store->people.lock);
    const sapa_rc rc = sapa_people_key(store, &store->people.cache, person, ret_key);
    pthread_mutex_unlock(&store->people.lock);
    return rc;
}

sapa_rc sapa_person_seal(struct sapa_store *store, uint64_t person, struct sapa_str context, const void *plain,
                         size_t size, uint8_t *ret_sealed)
{
    struct sapa_key key;
    uint8_t bound[259];
    size_t bound_size;
    sapa_rc rc = app_context(context, bound, &bound_size);

    if (rc == SAPA_OK)
        rc = key_of(store, person, &key);
    if (rc != SAPA_OK)
        return rc;
    sapa_seal(&key, bound, bound_size, plain, size, ret_sealed);
    sapa_wipe(&key, sizeof(key));
    return SAPA_OK;
}

sapa_rc sapa_person_unseal(struct sapa_store *store, uint64_t person, struct sapa_str context, const uint8_t *sealed,
                           size_t size, uint8_t *ret_plain)
{
    struct sapa_key key;
    uint8_t bound[259];
    size_t bound_size;
    sapa_rc rc = app_context(context, bound, &bound_size);

    if (rc == SAPA_OK)
        rc = key_of(store, person, &key);
    if (rc != SAPA_OK)
        return rc;
    rc = sapa_unseal(&key, bound, bound_size, sealed, size, ret_plain);
    sapa_wipe(&key, sizeof(key));
    return rc;
}

/* --- merging and erasing --- */

struct group {
    uint64_t *persons;
    size_t count;
    bool full;
};

static void add_to_group(void *ctx, uint64_t person)
{
    struct group *group = ctx;

    if (group->count == GROUP_MAX)
        group->full = true;
    else
        group->persons[group->count++] = person;
}

/* The person and everybody merged into it, breadth first. Free group->persons. */
static sapa_rc collect_group(struct sapa_store *store, uint64_t root, struct group *group)
{
    *group = (struct group){ .persons = malloc(GROUP_MAX * sizeof(uint64_t)) };
    if (!group->persons)
        return SAPA_ENOMEM;
    add_to_group(group, root);
    for (size_t i = 0; i < group->count; i++) {
        const sapa_rc rc = store->ops->merged_each(store->db, group->persons[i], add_to_group, group);
        if (rc != SAPA_OK || group->full) {
            free(group->persons);
            return rc != SAPA_OK ? rc : SAPA_ELIMIT;
        }
    }
    return SAPA_OK;
}

sapa_rc sapa_people_group(struct sapa_store *store, uint64_t root, uint64_t *persons, size_t max, size_t *ret_count)
{
    struct group group;
    const sapa_rc rc = collect_group(store, root, &group);

    if (rc != SAPA_OK)
        return rc;
    const size_t count = group.count;
    memcpy(persons, group.persons, SAPA_MIN(count, max) * sizeof(*persons));
    free(group.persons);
    *ret_count = SAPA_MIN(count, max);
    return count > max ? SAPA_ELIMIT : SAPA_OK;
}

sapa_rc sapa_person_group(struct sapa_store *store, uint64_t person, uint64_t *ret_persons, size_t max, size_t *ret_count)
{
    uint64_t client, root = 0;
    sapa_rc rc = sapa_person_client(store, person, &client); /* not of who was erased */

    if (rc == SAPA_OK)
        rc = sapa_person_resolve(store, person, &root);
    if (rc == SAPA_OK)
        rc = sapa_people_group(store, root, ret_persons, max, ret_count);
    return rc == SAPA_ELIMIT ? SAPA_OK : rc;
}

sapa_rc sapa_person_merge(struct sapa_store *store, uint64_t from, uint64_t into, const char *by,
                          uint64_t *ret_merge)
{
    uint64_t from_root = 0, into_root = 0, client[2];
    bool erased[2];
    sapa_rc rc;

    if (store->read_only)
        return SAPA_ESTATE;
    pthread_mutex_lock(&store->people.lock);
    if ((rc = store->ops->person_get(store->db, from, &client[0], &erased[0])) == SAPA_OK &&
        (rc = store->ops->person_get(store->db, into, &client[1], &erased[1])) == SAPA_OK) {
        if (client[0] != client[1])
            rc = SAPA_EINVAL;
        else if (erased[0] || erased[1])
            rc = SAPA_ESTATE;
        else if ((rc = resolve(store, from, &from_root)) == SAPA_OK &&
                 (rc = resolve(store, into, &into_root)) == SAPA_OK)
            rc = from_root == into_root ? SAPA_EEXIST
                                        : store->ops->merge_add(store->db, from_root, into, by, sapa_wall_us(), ret_merge);
    }
    pthread_mutex_unlock(&store->people.lock);
    return rc;
}

sapa_rc sapa_person_unmerge(struct sapa_store *store, uint64_t merge, const char *by)
{
    if (store->read_only)
        return SAPA_ESTATE;
    pthread_mutex_lock(&store->people.lock);
    const sapa_rc rc = store->ops->merge_undo(store->db, merge, by, sapa_wall_us());
    pthread_mutex_unlock(&store->people.lock);
    return rc;
}

sapa_rc sapa_person_erase(struct sapa_store *store, uint64_t person, const char *by)
{
    struct group group;
    uint64_t root = 0;

    if (store->read_only)
        return SAPA_ESTATE;
    pthread_mutex_lock(&store->people.lock);
    sapa_rc rc = sapa_person_resolve(store, person, &root);
    if (rc == SAPA_OK)
        rc = collect_group(store, root, &group);
    if (rc == SAPA_OK) {
        rc = store->ops->erase(store->db, group.persons, group.count, by, sapa_wall_us());
        free(group.persons);
    }
    if (rc == SAPA_OK)
        atomic_fetch_add(&store->erasures, 1);
    pthread_mutex_unlock(&store->people.lock);
    /* the key must not live on in the write-ahead file; when a reader stands in the way the next one does it */
    if (rc == SAPA_OK && store->ops->checkpoint(store->db) != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "store.erase", "person=%llu checkpoint=later", (unsigned long long)person);
    return rc;
}

struct identity_rows {
    struct sapa_buffer rows; /* kind, 16-bit size, bytes */
    bool failed;
};

static void keep_row(void *ctx, unsigned kind, const uint8_t *value, size_t size)
{
    struct identity_rows *rows = ctx;

    if (size > UINT16_MAX || sapa_buffer_reserve(&rows->rows, 3 + size) != SAPA_OK) {
        rows->failed = true;
        return;
    }
    uint8_t *at = rows->rows.p + rows->rows.n;
    at[0] = (uint8_t)kind;
    at[1] = (uint8_t)size;
    at[2] = (uint8_t)(size >> 8);
    memcpy(at + 3, value, size);
    rows->rows.n += 3 + size;
}

static sapa_rc tell_rows(const struct sapa_buffer *rows, const struct sapa_key *key, sapa_identity_fn *fn, void *ctx)
{
    for (size_t i = 0; i < rows->n;) {
        const uint8_t *at = rows->p + i;
        const size_t size = at[1] | (size_t)at[2] << 8;
        uint8_t plain[SAPA_IDENTITY_MAX + 1];
        i += 3 + size;
        if (size < SAPA_SEAL_EXTRA || size > SAPA_SEAL_EXTRA + SAPA_IDENTITY_MAX ||
            sapa_unseal(key, IDENTITY_CONTEXT, sizeof(IDENTITY_CONTEXT), at + 3, size, plain) != SAPA_OK)
            return SAPA_ECORRUPT;
        plain[size - SAPA_SEAL_EXTRA] = '\0';
        fn(ctx, at[0], (struct sapa_str){ (const char *)plain, size - SAPA_SEAL_EXTRA });
        sapa_wipe(plain, sizeof(plain));
    }
    return SAPA_OK;
}

sapa_rc sapa_person_identities(struct sapa_store *store, uint64_t person, sapa_identity_fn *fn, void *ctx)
{
    struct group group;
    uint64_t root = 0;
    sapa_rc rc = sapa_person_resolve(store, person, &root);

    if (rc == SAPA_OK)
        rc = collect_group(store, root, &group);
    if (rc != SAPA_OK)
        return rc;
    for (size_t i = 0; i < group.count && rc == SAPA_OK; i++) {
        struct identity_rows rows = { 0 };
        struct sapa_key key;
        rc = store->ops->identity_each(store->db, group.persons[i], keep_row, &rows);
        if (rc == SAPA_OK && rows.failed)
            rc = SAPA_ENOMEM;
        if (rc == SAPA_OK && rows.rows.n > 0 && (rc = key_of(store, group.persons[i], &key)) == SAPA_OK) {
            rc = tell_rows(&rows.rows, &key, fn, ctx);
            sapa_wipe(&key, sizeof(key));
        }
        sapa_buffer_free(&rows.rows);
    }
    free(group.persons);
    return rc;
}
