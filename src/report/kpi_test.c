#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "report/fixture_impl.h"
#include "report/kpi.h"
#include "report/print.h"

/* Numbers in the order in which they stand in a text. */
static unsigned numbers_in(const char *text, int64_t *ret, unsigned max)
{
    unsigned count = 0;

    for (const char *p = text; *p && count < max;) {
        char *end;
        if (*p < '0' || *p > '9') {
            p++;
            continue;
        }
        ret[count++] = strtoll(p, &end, 10);
        p = end;
    }
    return count;
}

/* The fields of a CSV line, quotes removed. */
static unsigned fields_in(char *line, char **ret, unsigned max)
{
    unsigned count = 0;

    for (char *p = line; count < max;) {
        char *to = p;
        const bool is_quoted = *p == '"';
        ret[count++] = p;
        if (is_quoted)
            p++;
        for (; *p && *p != '\n' && (is_quoted || *p != ','); p++) {
            if (is_quoted && *p == '"') {
                if (p[1] != '"') {
                    p++;
                    break;
                }
                p++;
            }
            *to++ = *p;
        }
        const bool is_last = *p != ',';
        *to = '\0';
        p++;
        if (is_last)
            break;
    }
    return count;
}

/* Which measures the numbers of the column "inputs" are, row by row, in the order they are written in. */
struct mapping {
    const char *kpi;
    const char *variant; /* NULL: any */
    enum sapa_measure of[8];
    unsigned count;
    int64_t scale; /* inputs in seconds: 1000 */
};

#define M(id) SAPA_M_##id
static const struct mapping mappings[] = {
    { "service_level", "cisco ignore", { M(ANSWERED_IN_LEVEL), M(ABANDONED_IN_LEVEL), M(ANSWERED) }, 3, 1 },
    { "service_level", "1 abandons in threshold count as met",
      { M(ANSWERED), M(ABANDONED), M(ANSWERED_IN_LEVEL), M(ABANDONED_IN_LEVEL), M(ABANDONED_SHORT) }, 5, 1 },
    { "asa", NULL, { M(WAIT_ANSWERED), M(ANSWERED) }, 2, 1 },
    { "abandon_rate", "all", { M(ABANDONED), M(OFFERED) }, 2, 1 },
    { "abandon_rate", "short excluded", { M(ABANDONED), M(OFFERED) }, 2, 1 },
    { "occupancy", NULL, { M(TALK), M(HOLD), M(WRAPUP), M(IDLE) }, 4, 1 },
    { "utilisation", NULL, { M(HANDLING), M(PRODUCTIVE_OTHER), M(PAID) }, 3, 1 },
    { "shrinkage", NULL, { M(PAID), M(AVAILABLE) }, 2, 1 },
    { "fcr", NULL, { M(FIRST_TIME), M(CUSTOMERS) }, 2, 1 },
    { "csat", NULL, { M(TOP_TWO), M(SURVEYS_5) }, 2, 1 },
    { "contact_rate", NULL, { M(LIVE), M(ATTEMPTS) }, 2, 1 },
    { "rpc_rate", NULL, { M(RIGHT_PARTY), M(LIVE) }, 2, 1 },
    { "ptp_rate", NULL, { M(PROMISES), M(RIGHT_PARTY) }, 2, 1 },
    { "ptp_kept_rate", NULL, { M(PROMISES_KEPT), M(PROMISES_DUE) }, 2, 1 },
    { "list_penetration", NULL, { M(LEADS_TRIED), M(LEADS) }, 2, 1 },
    { "dialer_abandon_rate", "US TSR", { M(DROPS), M(PERSON_ANSWERED) }, 2, 1 },
    { "dialer_abandon_rate", "UK AMD-adjusted", { M(HUMANS), M(MACHINES), M(DROPS) }, 3, 1 },
};

/* Inputs that are told as a story rather than as numbers in an order. False: not one of those. */
static bool told(const char *kpi, const char *variant, const int64_t *n, unsigned count, struct sapa_measures *m)
{
    if (strcmp(kpi, "adherence") == 0 || strcmp(kpi, "conformance") == 0) {
        /* "scheduled 09:00-17:00, worked 10:00-18:00" */
        if (count == 8) {
            const int64_t from = SAPA_MAX(n[0] * 60 + n[1], n[4] * 60 + n[5]);
            const int64_t to = SAPA_MIN(n[2] * 60 + n[3], n[6] * 60 + n[7]);
            m->of[M(SCHEDULED)] = m->of[M(SCHEDULED_WORK)] = n[2] * 60 + n[3] - n[0] * 60 - n[1];
            m->of[M(WORKED)] = n[6] * 60 + n[7] - n[4] * 60 - n[5];
            m->of[M(IN_SCHEDULE)] = to - from;
        }
        return true;
    }
    if (strcmp(kpi, "nps") == 0) { /* "60 promoters 25 passives 15 detractors of 100" */
        m->of[M(PROMOTERS)] = n[0];
        m->of[M(DETRACTORS)] = n[2];
        m->of[M(SURVEYS_10)] = n[3];
        return true;
    }
    if (strcmp(kpi, "ces") == 0) { /* the example names no inputs: a sum of 28 in 5 answers */
        m->of[M(EFFORT_SUM)] = 28;
        m->of[M(SURVEYS_7)] = 5;
        return true;
    }
    if (strcmp(kpi, "abandon_rate") == 0 && strcmp(variant, "short excluded") == 0) {
        /* "50/1050": what is left after ten short ones went */
        m->of[M(ABANDONED)] = n[0] + 10;
        m->of[M(OFFERED)] = n[1] + 10;
        m->of[M(ABANDONED_SHORT)] = 10;
        return true;
    }
    return false;
}

static FILE *open_examples(void)
{
    const char *data = getenv("SAPA_TEST_DATA");
    char path[1024];
    FILE *file;

    if (data) {
        snprintf(path, sizeof(path), "%s/../reference/kpi_examples.csv", data);
        file = fopen(path, "r");
        if (file)
            return file;
    }
    return fopen(SAPA_SOURCE_DIR "/../shared/reference/kpi_examples.csv", "r");
}

static void test_published_values(void **state)
{
    FILE *file = open_examples();
    char line[1024];
    int64_t inputs[16];
    unsigned input_count = 0, tried = 0;
    struct sapa_measures m = { { 0 } };

    (void)state;
    if (!file)
        skip();
    assert_non_null(fgets(line, sizeof(line), file));
    while (fgets(line, sizeof(line), file)) {
        char *field[6] = { NULL };
        if (fields_in(line, field, 6) < 5)
            fail_msg("a line with fewer than five fields: %s", line);
        if (strncmp(field[3], "same", 4) != 0) {
            memset(&m, 0, sizeof(m));
            input_count = numbers_in(field[3], inputs, 16);
            if (input_count == 0) /* some examples have their numbers in the formula */
                input_count = numbers_in(field[2], inputs, 16);
            if (!told(field[0], field[1], inputs, input_count, &m)) {
                const struct mapping *map = NULL;
                for (size_t i = 0; i < SAPA_COUNT(mappings) && !map; i++)
                    if (strcmp(mappings[i].kpi, field[0]) == 0
                        && (!mappings[i].variant || strcmp(mappings[i].variant, field[1]) == 0))
                        map = &mappings[i];
                if (!map)
                    fail_msg("no inputs are known for %s %s", field[0], field[1]);
                assert_true(input_count >= map->count);
                for (unsigned i = 0; i < map->count; i++)
                    m.of[map->of[i]] = inputs[i] * map->scale;
            }
            if (strncmp(field[1], "cisco", 5) == 0) { /* "exceeded" are answered after the limit */
                m.of[M(ANSWERED)] += m.of[M(ANSWERED_IN_LEVEL)];
                m.of[M(ABANDONED)] = m.of[M(ABANDONED_IN_LEVEL)];
            }
            if (strcmp(field[0], "occupancy") == 0)
                m.of[M(HANDLING)] = m.of[M(TALK)] + m.of[M(HOLD)] + m.of[M(WRAPUP)];
            if (strcmp(field[0], "asa") == 0) { /* seconds, then the threshold of digits: sum, count */
                m.of[M(WAIT_ANSWERED)] = inputs[0] * 1000;
                m.of[M(ANSWERED)] = inputs[1];
            }
        } /* else "same": the inputs of the line before, as they are */
        const struct sapa_kpi *kpi = sapa_kpi_find(field[0], field[1]);
        if (!kpi)
            fail_msg("the dictionary has no %s \"%s\"", field[0], field[1]);
        const double expected = strtod(field[4], NULL);
        const int64_t value = kpi->value(&m);
        const double mine = kpi->unit == SAPA_UNIT_MS ? (double)value / 1000.0 : (double)value / 1000000.0;
        if (mine - expected > 0.0000006 || expected - mine > 0.0000006)
            fail_msg("%s \"%s\" is %f, published is %f", field[0], field[1], mine, expected);
        tried++;
    }
    fclose(file);
    assert_true(tried >= 28);
}

static void test_share(void **state)
{
    (void)state;
    assert_int_equal(sapa_kpi_share(1, 0, 1000000), SAPA_KPI_NONE);
    assert_int_equal(sapa_kpi_share(1, 2, 1), 1); /* half up */
    assert_int_equal(sapa_kpi_share(1, 3, 1000000), 333333);
    assert_int_equal(sapa_kpi_share(2, 3, 1000000), 666667);
    assert_int_equal(sapa_kpi_share(-1, 2, 1), 0);
    assert_int_equal(sapa_kpi_share(-3, 2, 1), -1);
    assert_int_equal(sapa_kpi_share(-2, 3, 1), -1);
    /* ten thousand agents for ten years, in milliseconds */
    assert_int_equal(sapa_kpi_share(INT64_C(3153600000000000), INT64_C(6307200000000000), 1000000), 500000);
}

static void test_wait_buckets(void **state)
{
    static const struct { uint64_t ms; unsigned bucket; } waits[] = {
        { 0, 0 }, { 10000, 0 }, { 10001, 1 }, { 20000, 1 }, { 20001, 2 }, { 30000, 2 }, { 30001, 3 }, { 60000, 3 }, { 60001, 4 },
        { 120000, 4 }, { 120001, 5 }, { 300000, 5 }, { 300001, 6 }, { UINT64_MAX, 6 },
    };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(waits); i++)
        assert_int_equal(sapa_wait_bucket(waits[i].ms), waits[i].bucket);
}

static void test_table_is_sound(void **state)
{
    uint32_t count;
    const struct sapa_kpi *kpis = sapa_kpis(&count);
    const struct sapa_measures nothing = { { 0 } };
    char a[64], b[64];
    struct sapa_text text;

    (void)state;
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(kpis[i].value(&nothing), SAPA_KPI_NONE); /* no number out of nothing */
        for (unsigned l = 0; l < SAPA_LANGUAGE_COUNT; l++)
            assert_true(kpis[i].name[l][0] != '\0');
        sapa_text_init(&text, a, sizeof(a));
        sapa_kpi_slug(&kpis[i], &text);
        assert_true(text.n <= 40);
        for (uint32_t j = 0; j < i; j++) {
            sapa_text_init(&text, b, sizeof(b));
            sapa_kpi_slug(&kpis[j], &text);
            assert_string_not_equal(a, b);
        }
    }
    for (unsigned i = 0; i < SAPA_M_COUNT; i++)
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(sapa_measure_info(i)->key, sapa_measure_info(j)->key);
}

static void expect_print(enum sapa_unit unit, int64_t value, enum sapa_language language, const char *expected)
{
    char buf[64];
    struct sapa_text text;

    sapa_text_init(&text, buf, sizeof(buf));
    sapa_kpi_print(&text, unit, value, language);
    assert_string_equal(buf, expected);
}

static void test_print(void **state)
{
    (void)state;
    expect_print(SAPA_UNIT_COUNT, 1234, SAPA_LANGUAGE_EN, "1234");
    expect_print(SAPA_UNIT_MS, 83999, SAPA_LANGUAGE_EN, "01:23");
    expect_print(SAPA_UNIT_MS, 3723000, SAPA_LANGUAGE_EN, "1:02:03");
    expect_print(SAPA_UNIT_RATIO, 830189, SAPA_LANGUAGE_EN, "83.0 %");
    expect_print(SAPA_UNIT_RATIO, 830189, SAPA_LANGUAGE_ID, "83,0 %");
    expect_print(SAPA_UNIT_RATIO, 1000000, SAPA_LANGUAGE_EN, "100.0 %");
    expect_print(SAPA_UNIT_RATIO, 29126, SAPA_LANGUAGE_EN, "2.9 %");
    expect_print(SAPA_UNIT_POINTS, 45000000, SAPA_LANGUAGE_EN, "45");
    expect_print(SAPA_UNIT_POINTS, -45000000, SAPA_LANGUAGE_EN, "-45");
    expect_print(SAPA_UNIT_POINTS, 4213000, SAPA_LANGUAGE_ID, "4,21");
    expect_print(SAPA_UNIT_RATIO, SAPA_KPI_NONE, SAPA_LANGUAGE_EN, "–");
}

/* The reference page is printed from the tables. To renew it: SAPA_WRITE=1 and run this test. */
static void test_reference_page(void **state)
{
    struct fix_lines page;
    const char *path = SAPA_SOURCE_DIR "/docs/ref/figures.md";
    char *have = NULL;
    size_t n = 0;

    (void)state;
    fix_lines_init(&page);
    sapa_print_dictionary(SAPA_DICTIONARY_MARKDOWN, SAPA_LANGUAGE_EN, NULL, 0, &page.lines);
    FILE *file = fopen(path, getenv("SAPA_WRITE") ? "w+" : "r");
    assert_non_null(file);
    if (getenv("SAPA_WRITE")) {
        fputs(page.text, file);
        rewind(file);
    }
    have = calloc(1, page.n + 2);
    assert_non_null(have);
    n = fread(have, 1, page.n + 1, file);
    fclose(file);
    assert_int_equal(n, page.n);
    assert_string_equal(have, page.text);
    free(have);
    free(page.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_values),
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_wait_buckets),
        cmocka_unit_test(test_table_is_sound),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_reference_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
