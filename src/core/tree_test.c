/* The containers of the core against plain arrays: ordered sets, ids, timers. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/idmap.h"
#include "core/timer.h"
#include "core/tree.h"

static uint64_t rng = 88172645463325252ull;

static uint32_t below(uint32_t n)
{
    rng ^= rng >> 12, rng ^= rng << 25, rng ^= rng >> 27;
    return (uint32_t)((rng * UINT64_C(2685821657736338717)) >> 33) % n;
}

enum { N = 200 };

static void a_set_keeps_order_and_rank(void **state)
{
    (void)state;
    struct sapa_tree_node *nodes = aligned_alloc(64, N * sizeof(*nodes));
    struct sapa_tree tree;
    memset(nodes, 0, N * sizeof(*nodes));
    sapa_tree_init(&tree);
    for (int turn = 0; turn < 20000; turn++) {
        const uint32_t i = below(N);
        struct sapa_tree_node *node = sapa_tree_at(nodes, i);
        uint32_t before = 0, count = 0;
        if (node->size) {
            sapa_tree_remove(nodes, &tree, i);
        } else {
            node->key = (int64_t)below(20) - 10;
            node->seq = (uint64_t)turn;
            node->own = 1u << below(5);
            const uint32_t rank = sapa_tree_insert(nodes, &tree, i);
            assert_int_equal(rank, sapa_tree_rank(nodes, i));
        }
        const uint32_t probe = below(N);
        uint32_t first = SAPA_NONE;
        for (uint32_t k = 0; k < N; k++) {
            const struct sapa_tree_node *other = sapa_tree_at(nodes, k);
            if (!other->size)
                continue;
            count++;
            before += k != probe && sapa_tree_before(other, sapa_tree_at(nodes, probe));
            if (first == SAPA_NONE || sapa_tree_before(other, sapa_tree_at(nodes, first)))
                first = k;
        }
        assert_int_equal(tree.first, first);
        const uint64_t mark = 1u << below(6);
        uint32_t with = SAPA_NONE;
        for (uint32_t k = tree.first; k != SAPA_NONE; k = sapa_tree_next(nodes, k)) {
            if (!(sapa_tree_at(nodes, k)->own & mark))
                continue;
            assert_int_equal(with == SAPA_NONE ? sapa_tree_first_with(nodes, &tree, mark)
                                               : sapa_tree_next_with(nodes, with, mark),
                             k);
            with = k;
        }
        if (with == SAPA_NONE)
            assert_int_equal(sapa_tree_first_with(nodes, &tree, mark), SAPA_NONE);
        else
            assert_int_equal(sapa_tree_next_with(nodes, with, mark), SAPA_NONE);
        if (sapa_tree_at(nodes, i)->size && below(2))
            sapa_tree_mark(nodes, i, 1u << below(5));
        assert_int_equal(sapa_tree_count(nodes, &tree), count);
        assert_int_equal(sapa_tree_rank_of(nodes, &tree, sapa_tree_at(nodes, probe)->key,
                                           sapa_tree_at(nodes, probe)->seq),
                         before);
        if (sapa_tree_at(nodes, probe)->size)
            assert_int_equal(sapa_tree_rank(nodes, probe), before);
        sapa_tree_check(nodes, &tree);
    }
    free(nodes);
}

static void ids_are_found_until_removed(void **state)
{
    (void)state;
    enum { SLOTS = 256 };
    struct sapa_idmap_slot slots[SLOTS];
    struct sapa_idmap map;
    uint32_t values[400];
    sapa_idmap_init(&map, slots, SLOTS);
    memset(values, 0xff, sizeof(values));
    for (int turn = 0; turn < 100000; turn++) {
        const uint32_t i = 1 + below(399);
        const uint64_t id = i * UINT64_C(0x100000001); /* many share a home */
        if (values[i] != SAPA_NONE) {
            sapa_idmap_remove(&map, id);
            values[i] = SAPA_NONE;
        } else if (map.count < SLOTS / 2) {
            values[i] = (uint32_t)turn;
            sapa_idmap_put(&map, id, values[i]);
        }
        const uint32_t probe = 1 + below(399);
        assert_int_equal(sapa_idmap_get(&map, probe * UINT64_C(0x100000001)), values[probe]);
        assert_int_equal(sapa_idmap_get(&map, 0), SAPA_NONE);
    }
}

/* Growing, with ids that crowd around the end of the table: each stays findable, and nothing beyond what is used is touched. */
static void a_map_grows_in_place(void **state)
{
    (void)state;
    enum { SLOTS = 8192, IDS = SLOTS / 2 };
    struct sapa_idmap_slot *slots = malloc(SLOTS * sizeof(*slots));
    struct sapa_idmap map;
    uint64_t *ids = calloc(IDS, sizeof(*ids));
    assert_true(slots && ids);
    for (int world = 0; world < 20; world++) {
        uint64_t at = 1;
        memset(slots, 0xa5, SLOTS * sizeof(*slots)); /* not zeroed when it is given */
        sapa_idmap_init(&map, slots, SLOTS);
        for (uint32_t n = 0; n < IDS; n++) {
            /* in every second world: homes in the last slots of the table, whatever its size, and so over its end */
            do
                at += 1 + below(7);
            while (world % 2 && (at * UINT64_C(0x9E3779B97F4A7C15) >> 32 & 255) < 250);
            ids[n] = at;
            sapa_idmap_put(&map, at, n);
            assert_true(map.count <= (map.mask + 1) / 2);
            if (map.mask + 1 < SLOTS)
                assert_int_equal(slots[map.mask + 1].id, UINT64_C(0xa5a5a5a5a5a5a5a5));
            if ((n & (n - 1)) != 0 && n % 61 != 0)
                continue;
            for (uint32_t k = 0; k <= n; k++)
                assert_int_equal(sapa_idmap_get(&map, ids[k]), k);
            assert_int_equal(sapa_idmap_get(&map, at + 1), SAPA_NONE);
        }
        for (uint32_t n = 0; n < IDS; n++) {
            sapa_idmap_remove(&map, ids[n]);
            assert_int_equal(sapa_idmap_get(&map, ids[n]), SAPA_NONE);
            assert_int_equal(sapa_idmap_get(&map, ids[IDS - 1]), n < IDS - 1 ? IDS - 1 : SAPA_NONE);
        }
        assert_int_equal(map.count, 0);
    }
    free(ids);
    free(slots);
}

static void timers_come_in_order(void **state)
{
    (void)state;
    struct sapa_timer_entry heap[N];
    uint32_t at[N];
    int64_t due[N] = { 0 };
    struct sapa_timers timers = { .heap = heap, .at = at };
    memset(at, 0xff, sizeof(at));
    for (int turn = 0; turn < 100000; turn++) {
        const uint32_t slot = below(N);
        due[slot] = below(3) == 0 ? 0 : 1 + below(1000);
        sapa_core_timer_set(&timers, slot, due[slot], 1000 - slot);
        int64_t first = INT64_MAX;
        uint32_t who = SAPA_NONE;
        for (uint32_t i = 0; i < N; i++)
            if (due[i] &&
                (due[i] < first || (due[i] == first && i > who))) { /* lower order: higher slot */
                first = due[i];
                who = i;
            }
        assert_int_equal(sapa_core_timer_next_us(&timers), first);
        if (who != SAPA_NONE)
            assert_int_equal(timers.heap[0].slot, who);
        if (turn % 64 == 0)
            sapa_core_timer_check(&timers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_keeps_order_and_rank),
        cmocka_unit_test(ids_are_found_until_removed),
        cmocka_unit_test(a_map_grows_in_place),
        cmocka_unit_test(timers_come_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
