#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/table.h"

#include <stdlib.h>

struct entry {
    uint64_t key;
    uint64_t value;
};

/* Against a plain array: adds, finds, removals in a random order. */
static void test_against_array(void **state)
{
    enum { KEYS = 500, TURNS = 200000 };
    static uint64_t values[KEYS]; /* 0: not there */
    struct sapa_table table;
    uint64_t random = 88172645463325252u;
    uint32_t count = 0;

    (void)state;
    sapa_table_init(&table, sapa_memory_heap(), sizeof(struct entry), KEYS);
    for (unsigned turn = 1; turn <= TURNS; turn++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        const unsigned key = (unsigned)(random >> 20) % KEYS;
        /* Keys that collide in their low bits as well as neighbours. */
        const uint64_t real = (uint64_t)key << 40 | (key & 7);
        struct entry *entry = sapa_table_find(&table, real);
        assert_int_equal(entry ? entry->value : 0, values[key]);
        if (entry && random & 1) {
            sapa_table_remove(&table, entry);
            values[key] = 0;
            count--;
        } else if (!entry) {
            assert_int_equal(sapa_table_add(&table, real, &entry), SAPA_OK);
            assert_int_equal(entry->key, real);
            assert_int_equal(entry->value, 0);
            entry->value = values[key] = turn;
            count++;
        }
        assert_int_equal(table.count, count);
    }
    for (unsigned key = 0; key < KEYS; key++) {
        const struct entry *entry = sapa_table_find(&table, (uint64_t)key << 40 | (key & 7));
        assert_int_equal(entry ? entry->value : 0, values[key]);
    }
    uint64_t sum = 0, walked = 0;
    for (unsigned key = 0; key < KEYS; key++)
        sum += values[key];
    for (uint32_t i = 0; i < table.count; i++)
        walked += ((const struct entry *)sapa_table_at(&table, i))->value;
    assert_int_equal(sum, walked);
    sapa_table_done(&table);
}

static void *refuse(void *ctx, void *old, size_t size)
{
    unsigned *left = ctx;

    if (size == 0) {
        free(old);
        return NULL;
    }
    if (*left == 0)
        return NULL;
    --*left;
    return realloc(old, size);
}

static void test_limits(void **state)
{
    unsigned left = 1;
    const struct sapa_memory poor = { refuse, &left };
    struct sapa_table table;
    struct entry *entry;

    (void)state;
    sapa_table_init(&table, sapa_memory_heap(), sizeof(struct entry), 3);
    for (uint64_t key = 0; key < 3; key++)
        assert_int_equal(sapa_table_add(&table, key, &entry), SAPA_OK);
    assert_int_equal(sapa_table_add(&table, 9, &entry), SAPA_ELIMIT);
    assert_null(sapa_table_find(&table, 9));
    sapa_table_done(&table);

    /* Memory for the entries, none for the slots: nothing is lost, later it works. */
    sapa_table_init(&table, &poor, sizeof(struct entry), 100);
    assert_int_equal(sapa_table_add(&table, 1, &entry), SAPA_ENOMEM);
    assert_null(sapa_table_find(&table, 1));
    left = 100;
    assert_int_equal(sapa_table_add(&table, 1, &entry), SAPA_OK);
    left = 1;
    for (uint64_t key = 2; key <= 16; key++)
        assert_int_equal(sapa_table_add(&table, key, &entry), SAPA_OK);
    assert_int_equal(sapa_table_add(&table, 17, &entry), SAPA_ENOMEM);
    for (uint64_t key = 1; key <= 16; key++)
        assert_non_null(sapa_table_find(&table, key));
    sapa_table_done(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_array),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
