#include "sip/map_impl.h"

#include <stdlib.h>

static inline uint64_t rotl(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void round_once(uint64_t v[4])
{
    v[0] += v[1], v[1] = rotl(v[1], 13), v[1] ^= v[0], v[0] = rotl(v[0], 32);
    v[2] += v[3], v[3] = rotl(v[3], 16), v[3] ^= v[2];
    v[0] += v[3], v[3] = rotl(v[3], 21), v[3] ^= v[0];
    v[2] += v[1], v[1] = rotl(v[1], 17), v[1] ^= v[2], v[2] = rotl(v[2], 32);
}

static uint64_t load64(const uint8_t *p)
{
    uint64_t x;

    memcpy(&x, p,
           8); /* little endian is all that we build for; another order only gives other hashes */
    return x;
}

void sapa_sip_hash_begin(struct sapa_sip_hash *hash, const uint8_t key[16])
{
    const uint64_t k0 = load64(key), k1 = load64(key + 8);

    *hash = (struct sapa_sip_hash){ .v = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
                                           k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573 } };
}

static inline void word(struct sapa_sip_hash *hash, uint64_t m)
{
    hash->v[3] ^= m;
    round_once(hash->v);
    round_once(hash->v);
    hash->v[0] ^= m;
}

void sapa_sip_hash_raw(struct sapa_sip_hash *hash, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;

    for (; n > 0 && hash->n % 8 != 0; n--) {
        hash->tail |= (uint64_t)*p++ << (hash->n % 8 * 8);
        if (++hash->n % 8 == 0) {
            word(hash, hash->tail);
            hash->tail = 0;
        }
    }
    for (; n >= 8; n -= 8, p += 8) {
        word(hash, load64(p));
        hash->n += 8;
    }
    for (; n > 0; n--)
        hash->tail |= (uint64_t)*p++ << (hash->n++ % 8 * 8);
}

void sapa_sip_hash_str(struct sapa_sip_hash *hash, struct sapa_str s)
{
    if (s.n > 0)
        sapa_sip_hash_raw(hash, s.p, s.n);
    sapa_sip_hash_raw(hash, "\n", 1); /* cannot stand in a value */
}

void sapa_sip_hash_istr(struct sapa_sip_hash *hash, struct sapa_str s)
{
    char low[64];

    for (size_t at = 0; at < s.n; at += sizeof(low)) {
        const size_t n = SAPA_MIN(s.n - at, sizeof(low));
        for (size_t i = 0; i < n; i++) {
            const char c = s.p[at + i];
            low[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        }
        sapa_sip_hash_raw(hash, low, n);
    }
    sapa_sip_hash_raw(hash, "\n", 1);
}

void sapa_sip_hash_u64(struct sapa_sip_hash *hash, uint64_t value)
{
    sapa_sip_hash_raw(hash, &value, sizeof(value));
}

uint64_t sapa_sip_hash_end(struct sapa_sip_hash *hash)
{
    word(hash, hash->tail | hash->n << 56);
    hash->v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        round_once(hash->v);
    const uint64_t value = hash->v[0] ^ hash->v[1] ^ hash->v[2] ^ hash->v[3];
    return value ? value : 1;
}

/* --- map ----------------------------------------------------------------------------------------- */

static void place_cell(struct sapa_sip_map *map, struct sapa_sip_map_cell cell)
{
    size_t at = cell.key & (map->size - 1);

    while (map->cells[at].key != 0)
        at = (at + 1) & (map->size - 1);
    map->cells[at] = cell;
}

static sapa_rc grow(struct sapa_sip_map *map)
{
    struct sapa_sip_map bigger = { .size = map->size ? map->size * 2 : 64, .count = map->count };

    bigger.cells = calloc(bigger.size, sizeof(*bigger.cells));
    if (!bigger.cells)
        return SAPA_ENOMEM;
    for (size_t i = 0; i < map->size; i++) {
        if (map->cells[i].key != 0)
            place_cell(&bigger, map->cells[i]);
    }
    free(map->cells);
    *map = bigger;
    return SAPA_OK;
}

sapa_rc sapa_sip_map_add(struct sapa_sip_map *map, uint64_t key, uint32_t value)
{
    sapa_assert(key != 0);
    if (map->count * 4 >= map->size * 3) {
        const sapa_rc rc = grow(map);
        if (rc != SAPA_OK && map->count + 1 >= map->size)
            return rc; /* one cell must stay empty to end the searches */
    }
    place_cell(map, (struct sapa_sip_map_cell){ key, value });
    map->count++;
    return SAPA_OK;
}

void sapa_sip_map_remove(struct sapa_sip_map *map, uint64_t key, uint32_t value)
{
    if (map->size == 0)
        return;
    const size_t mask = map->size - 1;
    size_t hole = key & mask;
    while (map->cells[hole].key != 0 &&
           !(map->cells[hole].key == key && map->cells[hole].value == value))
        hole = (hole + 1) & mask;
    if (map->cells[hole].key == 0)
        return;
    /* Move back whatever would not be found past the hole. */
    for (size_t at = (hole + 1) & mask; map->cells[at].key != 0; at = (at + 1) & mask) {
        const size_t home = map->cells[at].key & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            map->cells[hole] = map->cells[at];
            hole = at;
        }
    }
    map->cells[hole] = (struct sapa_sip_map_cell){ 0, 0 };
    map->count--;
}

bool sapa_sip_map_next(const struct sapa_sip_map *map, uint64_t key, size_t *cursor,
                       uint32_t *ret_value)
{
    if (map->size == 0)
        return false;
    const size_t mask = map->size - 1;
    size_t at = *cursor == SIZE_MAX ? key & mask : (*cursor + 1) & mask;
    for (; map->cells[at].key != 0; at = (at + 1) & mask) {
        if (map->cells[at].key == key) {
            *cursor = at;
            *ret_value = map->cells[at].value;
            return true;
        }
    }
    return false;
}

void sapa_sip_map_free(struct sapa_sip_map *map)
{
    free(map->cells);
    *map = (struct sapa_sip_map){ 0 };
}

/* --- heap ---------------------------------------------------------------------------------------- */

static void put_at(struct sapa_sip_heap *heap, uint32_t at, struct sapa_sip_heap_item item)
{
    heap->items[at] = item;
    heap->moved(heap->ctx, item.ref, at + 1);
}

static void sift_up(struct sapa_sip_heap *heap, uint32_t at, struct sapa_sip_heap_item item)
{
    while (at > 0) {
        const uint32_t parent = (at - 1) / 2;
        if (heap->items[parent].due_us <= item.due_us)
            break;
        put_at(heap, at, heap->items[parent]);
        at = parent;
    }
    put_at(heap, at, item);
}

static void sift_down(struct sapa_sip_heap *heap, uint32_t at, struct sapa_sip_heap_item item)
{
    for (;;) {
        uint32_t child = at * 2 + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count && heap->items[child + 1].due_us < heap->items[child].due_us)
            child++;
        if (heap->items[child].due_us >= item.due_us)
            break;
        put_at(heap, at, heap->items[child]);
        at = child;
    }
    put_at(heap, at, item);
}

void sapa_sip_heap_remove(struct sapa_sip_heap *heap, uint32_t place)
{
    if (place == 0)
        return;
    const uint32_t at = place - 1;
    sapa_assert(at < heap->count);
    const uint32_t ref = heap->items[at].ref;
    const struct sapa_sip_heap_item last = heap->items[--heap->count];
    if (at < heap->count) {
        if (at > 0 && heap->items[(at - 1) / 2].due_us > last.due_us)
            sift_up(heap, at, last);
        else
            sift_down(heap, at, last);
    }
    heap->moved(heap->ctx, ref, 0);
}

sapa_rc sapa_sip_heap_reserve(struct sapa_sip_heap *heap, uint32_t count)
{
    if (count <= heap->size)
        return SAPA_OK;
    const uint32_t size = SAPA_MAX(count, heap->size * 2);
    struct sapa_sip_heap_item *items = realloc(heap->items, size * sizeof(*items));
    if (!items)
        return SAPA_ENOMEM;
    heap->items = items;
    heap->size = size;
    return SAPA_OK;
}

void sapa_sip_heap_set(struct sapa_sip_heap *heap, uint32_t ref, uint32_t place, int64_t due_us)
{
    const struct sapa_sip_heap_item item = { due_us, ref };

    if (due_us == INT64_MAX) {
        sapa_sip_heap_remove(heap, place);
        return;
    }
    if (place > 0) {
        const uint32_t at = place - 1;
        sapa_assert(at < heap->count);
        if (due_us < heap->items[at].due_us)
            sift_up(heap, at, item);
        else
            sift_down(heap, at, item);
        return;
    }
    sapa_assert(heap->count < heap->size);
    sift_up(heap, heap->count++, item);
}

void sapa_sip_heap_free(struct sapa_sip_heap *heap)
{
    free(heap->items);
    heap->items = NULL;
    heap->count = heap->size = 0;
}
