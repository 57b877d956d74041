#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

#include "sip/map_impl.h"

static void test_siphash(void **state)
{
    (void)state;
    /* Vectors of the reference implementation: key 00..0f, input 00..n-1. */
    static const struct {
        size_t n;
        uint64_t hash;
    } vectors[] = { { 0, 0x726fdb47dd0e0e31 }, { 1, 0x74f839c593dc67fd }, { 8, 0x93f5f5799a932462 }, { 15, 0xa129ca6149be45e5 },
                    { 63, 0x958a324ceb064572 } };
    uint8_t key[16], input[64];

    for (int i = 0; i < 64; i++)
        input[i] = (uint8_t)i;
    memcpy(key, input, 16);
    for (size_t i = 0; i < SAPA_COUNT(vectors); i++) {
        for (size_t split = 0; split <= vectors[i].n; split++) { /* in pieces it is the same */
            struct sapa_sip_hash hash;
            sapa_sip_hash_begin(&hash, key);
            sapa_sip_hash_raw(&hash, input, split);
            sapa_sip_hash_raw(&hash, input + split, vectors[i].n - split);
            assert_true(sapa_sip_hash_end(&hash) == vectors[i].hash);
        }
    }
}

static uint64_t state_random = 88172645463325252u;
static uint64_t random_u64(void)
{
    state_random ^= state_random << 13;
    state_random ^= state_random >> 7;
    return state_random ^= state_random << 17;
}

/* Against a naive list, with few different homes so that runs wrap and overlap. */
static void test_map(void **state)
{
    (void)state;
    struct sapa_sip_map map = { 0 };
    struct {
        uint64_t key;
        uint32_t value;
    } list[500];
    size_t count = 0;

    for (uint32_t step = 0; step < 20000; step++) {
        if (count < 500 && random_u64() % 2) {
            list[count].key = (random_u64() % 40 << 60 | (random_u64() % 7 + 57)) + random_u64() % 3;
            list[count].value = step;
            assert_int_equal(sapa_sip_map_add(&map, list[count].key, step), SAPA_OK);
            count++;
        } else if (count > 0) {
            const size_t at = random_u64() % count;
            sapa_sip_map_remove(&map, list[at].key, list[at].value);
            list[at] = list[--count];
        }
        assert_int_equal(map.count, count);
        if (step % 50 == 0) {
            for (size_t i = 0; i < count; i++) {
                size_t cursor = SIZE_MAX, same = 0, found = 0;
                uint32_t value;
                for (size_t k = 0; k < count; k++)
                    same += list[k].key == list[i].key;
                while (sapa_sip_map_next(&map, list[i].key, &cursor, &value))
                    found++;
                assert_int_equal(found, same);
            }
        }
    }
    sapa_sip_map_remove(&map, 12345, 1); /* not there */
    sapa_sip_map_free(&map);
}

static uint32_t places[300];
static void moved(void *ctx, uint32_t ref, uint32_t place)
{
    (void)ctx;
    places[ref] = place;
}

static void test_heap(void **state)
{
    (void)state;
    struct sapa_sip_heap heap = { .moved = moved };
    int64_t due[300];

    memset(places, 0, sizeof(places));
    assert_int_equal(sapa_sip_heap_reserve(&heap, 300), SAPA_OK);
    for (int step = 0; step < 20000; step++) {
        const uint32_t ref = (uint32_t)(random_u64() % 300);
        due[ref] = random_u64() % 5 == 0 ? INT64_MAX : (int64_t)(random_u64() % 1000);
        sapa_sip_heap_set(&heap, ref, places[ref], due[ref]);
        int64_t least = INT64_MAX;
        for (uint32_t i = 0; i < 300; i++) {
            if (places[i])
                least = SAPA_MIN(least, heap.items[places[i] - 1].due_us);
        }
        assert_true(heap.count == 0 ? least == INT64_MAX : heap.items[0].due_us == least);
        assert_true((places[ref] == 0) == (due[ref] == INT64_MAX));
    }
    sapa_sip_heap_free(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_siphash), cmocka_unit_test(test_map), cmocka_unit_test(test_heap) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
