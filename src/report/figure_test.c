#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "report/figure.h"
#include "report/fixture_impl.h"
#include "report/live.h"
#include "report/report.h"

static void test_dictionary_is_sound(void **state)
{
    const struct sapa_row nothing = { 0 };
    struct sapa_figure figure, other;

    (void)state;
    for (uint32_t i = 0; i < sapa_figure_count(); i++) {
        sapa_figure_get(i, &figure);
        assert_int_equal(sapa_figure_find(sapa_str_of(figure.key)), i); /* so each key is the only one */
        assert_in_range(strlen(figure.key), 3, SAPA_FIGURE_KEY_MAX);
        assert_true(strspn(figure.key, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(figure.key));
        for (unsigned l = 0; l < SAPA_LANGUAGE_COUNT; l++)
            assert_true(figure.name[l][0] != '\0');
        assert_true(figure.text[0] || figure.formula[0]);
        assert_true(figure.rows != 0 || figure.is_outer);
        const int64_t value = sapa_figure_value(i, &nothing);
        const bool is_counted = figure.kind <= SAPA_FIGURE_MONEY;
        assert_int_equal(value, is_counted ? 0 : SAPA_KPI_NONE); /* never 0/0, never a number out of nothing */
        for (uint32_t j = 0; j < i; j++) { /* a name means one thing in a table */
            sapa_figure_get(j, &other);
            if ((figure.rows & other.rows) != 0)
                assert_true(strcmp(figure.name[0], other.name[0]) != 0 || figure.unit != other.unit);
        }
    }
    assert_int_equal(sapa_figure_find(SAPA_STR("nonsense")), SAPA_NONE);
    sapa_figure_get(sapa_figure_like(SAPA_STR("wait_p90")), &figure);
    assert_string_equal(figure.key, "wait_p90_ms");
    sapa_figure_get(sapa_figure_like(SAPA_STR("anwsered")), &figure);
    assert_string_equal(figure.key, "answered");
    sapa_figure_get(sapa_figure_like(SAPA_STR("service_level")), &figure);
    assert_string_equal(figure.key, "service_level_1");
    assert_int_equal(sapa_figure_like(SAPA_STR("zzzzzzzz")), SAPA_NONE);
    assert_true(sapa_figure_is_shown(sapa_figure_find(SAPA_STR("occupancy")), SAPA_ROWS_AGENTS));
    assert_false(sapa_figure_is_shown(sapa_figure_find(SAPA_STR("occupancy")), SAPA_ROWS_QUEUES));
    assert_false(sapa_figure_is_shown(sapa_figure_find(SAPA_STR("shrinkage")), SAPA_ROWS_AGENTS));
    static const struct { const char *key; enum sapa_better better; } known[] = {
        { "service_level_1", SAPA_BETTER_HIGHER }, { "service_level_surge", SAPA_BETTER_HIGHER }, { "handled", SAPA_BETTER_HIGHER },
        { "abandon_rate_short", SAPA_BETTER_LOWER }, { "asa", SAPA_BETTER_LOWER }, { "wait_p90_ms", SAPA_BETTER_LOWER },
        { "wrapup_mean", SAPA_BETTER_LOWER }, { "occupancy", SAPA_BETTER_HIGHER }, { "offered", SAPA_BETTER_NEITHER },
        { "first_in", SAPA_BETTER_NEITHER }, { "talk_ms", SAPA_BETTER_NEITHER },
    };
    for (size_t i = 0; i < SAPA_COUNT(known); i++) {
        sapa_figure_get(sapa_figure_find(sapa_str_of(known[i].key)), &figure);
        assert_int_equal(figure.better, known[i].better);
    }
}

/* "offered=3 abandoned=1" into measures. */
static void read_inputs(char *text, struct sapa_measures *m)
{
    char *rest = NULL;

    memset(m, 0, sizeof(*m));
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');
        uint32_t at = SAPA_M_COUNT;
        assert_non_null(value);
        *value++ = '\0';
        for (uint32_t i = 0; i < SAPA_M_COUNT; i++)
            if (strcmp(sapa_measure_info(i)->key, word) == 0)
                at = i;
        if (at == SAPA_M_COUNT)
            fail_msg("no measure %s", word);
        m->of[at] = strtoll(value, NULL, 10);
    }
}

/* test/report/figures.csv: figures by value, edge cases included. */
static void test_vectors(void **state)
{
    FILE *file = fopen(SAPA_SOURCE_DIR "/test/report/figures.csv", "r");
    struct sapa_row row = { 0 };
    char line[1024];
    unsigned tried = 0;

    (void)state;
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    while (fgets(line, sizeof(line), file)) {
        char *rest = NULL;
        if (line[0] == '#')
            continue;
        const char *key = strtok_r(line, ",", &rest);
        char *inputs = strtok_r(NULL, ",", &rest);
        const char *expected = strtok_r(NULL, "\n", &rest);
        assert_non_null(expected);
        const uint32_t at = sapa_figure_find(sapa_str_of(key));
        if (at == SAPA_NONE)
            fail_msg("no figure %s", key);
        if (strcmp(inputs, "same") != 0)
            read_inputs(inputs, &row.m);
        int64_t value = SAPA_KPI_NONE;
        struct sapa_figure figure;
        sapa_figure_get(at, &figure);
        if (strcmp(expected, "-") != 0) {
            const bool decimals = figure.unit == SAPA_UNIT_RATIO || figure.unit == SAPA_UNIT_POINTS;
            const double number = strtod(expected, NULL) * (decimals ? 1000000 : 1);
            value = (int64_t)(number < 0 ? number - 0.5 : number + 0.5);
        }
        if (sapa_figure_value(at, &row) != value)
            fail_msg("%s is %lld, not %s", key, (long long)sapa_figure_value(at, &row), expected);
        tried++;
    }
    fclose(file);
    assert_true(tried >= 70);
}

/* ---- live = history, at any moment ---- */

struct both {
    struct sapa_report report;
    struct sapa_live live;
    uint64_t compared;
};
static struct both both;
static struct gen gen;

static void fold(void *ctx, const struct sapa_record *record)
{
    (void)ctx;
    assert_int_equal(sapa_report_fold(&both.report, record), SAPA_OK);
    assert_int_equal(sapa_live_fold(&both.live, record), SAPA_OK);
}

/* What only finished call records say, which the screen does not fold. */
static bool is_of_call_records(const struct sapa_figure *figure)
{
    static const char *const keys[] = { "recorded_ms", "masked_ms", "excluded_ms", "unrecorded_ms", "conversation_ms",
                                        "surveys", "survey_sum", "surveys_10", "promoters", "detractors", "surveys_5", "top_two",
                                        "surveys_7", "effort_sum", "legs", "legs_bad", "mos_sum_x100", "recorded_share", "mos", "nps", "csat", "ces" };

    for (size_t i = 0; i < SAPA_COUNT(keys); i++)
        if (strcmp(figure->key, keys[i]) == 0)
            return true;
    return false;
}

struct kept_row {
    enum sapa_rows kind;
    uint32_t dim;
    int64_t values[250];
};
static struct kept_row kept[64];
static unsigned kept_count;
static bool one_by_one;

static void keep(void *ctx, const struct sapa_row *row)
{
    struct kept_row *to = &kept[kept_count++];

    (void)ctx;
    assert_true(kept_count <= SAPA_COUNT(kept) && sapa_figure_count() <= SAPA_COUNT(to->values));
    to->kind = row->kind;
    to->dim = row->dim;
    for (uint32_t i = 0; i < sapa_figure_count(); i++)
        to->values[i] = sapa_figure_value(i, row);
}

static void compare(void *ctx, const struct sapa_row *row)
{
    struct sapa_figure figure;

    (void)ctx;
    for (unsigned k = 0; k < kept_count; k++) {
        if (kept[k].kind != row->kind || kept[k].dim != row->dim)
            continue;
        for (uint32_t i = 0; i < sapa_figure_count(); i++) {
            sapa_figure_get(i, &figure);
            if (!is_of_call_records(&figure) && kept[k].values[i] != sapa_figure_value(i, row))
                fail_msg("%s of %u %u: %lld on the screen, %lld in the report", figure.key, row->kind, row->dim,
                         (long long)kept[k].values[i], (long long)sapa_figure_value(i, row));
            both.compared++;
        }
        kept[k].dim = SAPA_NONE - 1; /* compared */
        return;
    }
    if (!one_by_one)
        fail_msg("the report has a row of %u %u that the screen has not", row->kind, row->dim);
}

/* Every figure of today's rows on the screen is that of the report's quarters of today, joined. */
static void compare_now(const struct sapa_zone *zone)
{
    const struct sapa_span today = sapa_zone_span(zone, SAPA_GRAIN_DAY, gen.now_us / 1000000);
    const struct sapa_interval_options options = { .grain = SAPA_GRAIN_DAY, .from_s = today.from_s };
    struct sapa_intervals day;

    assert_int_equal(sapa_intervals_until(&both.live.today, gen.now_us), SAPA_OK);
    assert_int_equal(sapa_intervals_until(&both.report.intervals, gen.now_us), SAPA_OK);
    sapa_intervals_init(&day, sapa_memory_heap(), &both.report.names, &options);
    assert_int_equal(sapa_intervals_group(&day, &both.report.intervals), SAPA_OK);
    for (unsigned kind = 0; kind < SAPA_ROWS_COUNT; kind++) {
        if (!(both.live.today.options.kinds >> kind & 1))
            continue;
        kept_count = 0;
        assert_int_equal(sapa_intervals_each(&both.live.today, kind, keep, NULL), SAPA_OK);
        assert_int_equal(sapa_intervals_each(&day, kind, compare, NULL), SAPA_OK);
        for (unsigned k = 0; k < kept_count; k++)
            assert_int_equal(kept[k].dim, SAPA_NONE - 1); /* and none that the report has not */
        kept_count = 0;
        for (uint32_t dim = 0; dim < 4; dim++) { /* and one row at a time, as a screen asks for it */
            struct sapa_row row;
            assert_int_equal(sapa_intervals_read(&both.live.today, kind, dim, gen.now_us, &row), SAPA_OK);
            if (row.m.of[SAPA_M_OFFERED] + row.m.of[SAPA_M_LOGGED_IN] + row.m.of[SAPA_M_OFFERS] > 0)
                keep(NULL, &row);
        }
        one_by_one = true;
        assert_int_equal(sapa_intervals_each(&day, kind, compare, NULL), SAPA_OK);
        one_by_one = false;
    }
    sapa_intervals_done(&day);
}

static void test_live_is_history(void **state)
{
    (void)state;
    for (uint32_t zone = 0; zone < 2; zone++) {
        const struct sapa_centre centre = fix_centre(zone);
        const struct sapa_report_options options = { .centre = fix_find, .ctx = (void *)&centre };
        sapa_report_init(&both.report, sapa_memory_heap(), &options);
        sapa_live_init(&both.live, sapa_memory_heap(), &both.report.names);
        both.compared = 0;
        gen_begin(&gen, 71 + zone);
        gen.emit = fold;
        gen_start(&gen, centre.hash);
        for (unsigned i = 0; i < 6000; i++) {
            gen_turn(&gen, 60000);
            if (i % 97 == 0)
                compare_now(&fix_zones[zone]);
        }
        assert_true(both.compared > 50000);
        sapa_live_done(&both.live);
        sapa_report_done(&both.report);
    }
}

static void lists(void **state)
{
    uint32_t figures[2], count = 0;
    char buf[120];
    struct sapa_text problem;

    (void)state;
    sapa_text_init(&problem, buf, sizeof(buf));
    assert_int_equal(sapa_figure_list(SAPA_STR(""), 2, &problem, figures, &count), SAPA_OK);
    assert_int_equal(count, 0);
    assert_int_equal(sapa_figure_list(SAPA_STR("answered,aht"), 2, &problem, figures, &count), SAPA_OK);
    assert_int_equal(count, 2);
    assert_int_equal(figures[1], sapa_figure_find(SAPA_STR("aht")));
    static const struct { const char *text, *problem; } wrong[] = {
        { "answered,aht,asa", "at most 2 figures" },
        { "wait_p90", "there is no figure \"wait_p90\"; did you mean wait_p90_ms?" },
        { "answered,,aht", "there is no figure \"\"" },
        { "shrinkage", "shrinkage needs numbers that the log does not hold" },
    };
    for (size_t i = 0; i < SAPA_COUNT(wrong); i++) {
        sapa_text_init(&problem, buf, sizeof(buf));
        assert_int_equal(sapa_figure_list(sapa_str_of(wrong[i].text), 2, &problem, figures, &count), SAPA_EINVAL);
        assert_true(sapa_str_starts(sapa_text_str(&problem), sapa_str_of(wrong[i].problem)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),
        cmocka_unit_test(test_dictionary_is_sound),
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_live_is_history),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
