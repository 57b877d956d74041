/*
 * Expected waits against reference values: a Markovian queue with abandonment is simulated, and the
 * error of the estimate must be that of the table (ewt.csv, estimator QLm_markov_abandon), whose
 * rows were computed independently. Skipped where the table is absent.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ewt.h"

#define AHT_US 100000000.0 /* one unit of the table: 100 s */

static uint64_t rng = 88172645463325252ull;

static double uniform(void)
{
    rng ^= rng >> 12, rng ^= rng << 25, rng ^= rng >> 27;
    return ((double)(rng * UINT64_C(2685821657736338717) >> 11) + 0.5) / 9007199254740992.0;
}

struct waiter {
    double at, mean, p50, p90, learned;
};

struct result {
    double wape, learned_wape, below_p50, below_p90, gave_up;
    uint64_t served;
};

/* Exponential everything: the next event is drawn from the sum of the rates. */
static struct result simulate(uint32_t agents, double load, double theta, uint64_t events)
{
    static struct waiter line[20000];
    struct sapa_ewt_rates rates = { 0 };
    struct result result = { 0 };
    double now = 0, error = 0, learned_error = 0, total = 0;
    uint64_t arrivals = 0, gone = 0, p50 = 0, p90 = 0;
    uint32_t busy = 0, waiting = 0;
    const double lambda = load * agents;

    for (uint64_t i = 0; i < events; i++) {
        const double sum = lambda + busy + waiting * theta, pick = uniform() * sum;
        const double step = -log(uniform()) / sum;
        const bool warm = i > events / 10;
        now += step;
        if (waiting)
            sapa_ewt_drained(&rates, agents, (int64_t)(step * AHT_US));
        if (pick < lambda) {
            arrivals++;
            if (busy < agents) {
                busy++;
                continue;
            }
            assert_true(waiting < 20000);
            const struct sapa_ewt ewt =
                sapa_ewt_of(agents, (int64_t)AHT_US, theta > 0 ? (int64_t)(AHT_US / theta) : 0,
                            waiting);
            const struct sapa_ewt learned =
                sapa_ewt_of(agents, sapa_ewt_drain_us(&rates, (int64_t)AHT_US),
                            sapa_ewt_patience_us(&rates, theta > 0 ? (int64_t)(AHT_US / theta) : 0),
                            waiting);
            line[waiting++] =
                (struct waiter){ now, ewt.mean_ms, ewt.p50_ms, ewt.p90_ms, learned.mean_ms };
        } else if (pick < lambda + busy) {
            sapa_ewt_handled(&rates, (int64_t)AHT_US);
            if (waiting == 0) {
                busy--;
                continue;
            }
            const double waited_ms = (now - line[0].at) * AHT_US / 1000;
            sapa_ewt_served(&rates);
            sapa_ewt_left(&rates, (int64_t)(waited_ms * 1000), false);
            if (warm) {
                error += fabs(line[0].mean - waited_ms);
                learned_error += fabs(line[0].learned - waited_ms);
                total += waited_ms;
                p50 += waited_ms <= line[0].p50;
                p90 += waited_ms <= line[0].p90;
                result.served++;
            }
            memmove(&line[0], &line[1], --waiting * sizeof(line[0]));
        } else {
            uint32_t who = (uint32_t)(uniform() * waiting);
            who = who < waiting ? who : waiting - 1;
            sapa_ewt_left(&rates, (int64_t)((now - line[who].at) * AHT_US), true);
            gone++;
            memmove(&line[who], &line[who + 1], (--waiting - who) * sizeof(line[0]));
        }
    }
    result.wape = error / total;
    result.learned_wape = learned_error / total;
    result.below_p50 = (double)p50 / (double)result.served;
    result.below_p90 = (double)p90 / (double)result.served;
    result.gave_up = (double)gone / (double)arrivals;
    return result;
}

/* WAPE of the Markov estimator in the table for one setting; below 0: no such row. */
static double reference(const char *path, uint32_t agents, double load, double theta,
                        double *ret_gave_up)
{
    char line[512];
    FILE *file = fopen(path, "r");
    double found = -1;

    while (file && fgets(line, sizeof(line), file)) {
        double row_agents, row_load, row_theta, wape, gave_up;
        if (!strstr(line, ",exponential,constant,QLm_markov_abandon,"))
            continue;
        if (sscanf(
                line,
                "%lf,%lf,%lf,exponential,constant,QLm_markov_abandon,%*f,%*f,%*f,%*f,%lf,%*f,%lf",
                &row_agents, &row_load, &row_theta, &wape, &gave_up) == 5 &&
            (uint32_t)row_agents == agents && fabs(row_load - load) < 1e-9 &&
            fabs(row_theta - theta) < 1e-9) {
            found = wape;
            *ret_gave_up = gave_up;
        }
    }
    if (file)
        fclose(file);
    return found;
}

static void path_of(char *path, size_t size)
{
    const char *data = getenv("SAPA_TEST_DATA"), *source = getenv("SAPA_SOURCE_DIR");

    if (data)
        snprintf(path, size, "%s/../reference/ewt.csv", data);
    else
        snprintf(path, size, "%s/../shared/reference/ewt.csv", source ? source : SAPA_SOURCE_DIR);
}

static void errors_are_those_of_the_reference(void **state)
{
    (void)state;
    static const struct {
        uint32_t agents;
        double load, theta;
        uint64_t events;
    } rows[] = {
        { 10, 0.9, 0, 3000000 },  { 100, 0.95, 0, 3000000 }, { 100, 1, 0.5, 2000000 },
        { 100, 1.2, 1, 1000000 }, { 100, 1.4, 1, 1000000 },  { 1000, 1.2, 1, 1000000 },
    };
    char path[512];
    double gave_up = 0;

    path_of(path, sizeof(path));
    if (reference(path, 100, 1.2, 1, &gave_up) < 0)
        skip();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const double wape = reference(path, rows[i].agents, rows[i].load, rows[i].theta, &gave_up);
        const struct result got =
            simulate(rows[i].agents, rows[i].load, rows[i].theta, rows[i].events);
        printf(
            "%4u agents, load %.2f, theta %.1f: WAPE %.4f, reference %.4f, with learned rates %.4f; p50 covers %.3f, p90 %.3f; gave up %.4f (%.4f)\n",
            rows[i].agents, rows[i].load, rows[i].theta, got.wape, wape, got.learned_wape,
            got.below_p50, got.below_p90, got.gave_up, gave_up);
        assert_true(wape > 0);
        assert_true(fabs(got.wape - wape) < 0.04 * wape + 0.002);
        assert_true(fabs(got.gave_up - gave_up) < 0.01);
        assert_true(got.learned_wape < wape + 0.03);
        assert_true(fabs(got.below_p50 - 0.5) < 0.03);
        assert_true(fabs(got.below_p90 - 0.9) < 0.015);
    }
}

static void the_sum_is_the_sum(void **state)
{
    (void)state;
    static const uint32_t aheads[] = { 0, 1, 5, 7, 8, 9, 30, 100, 1000, 50000 };
    static const struct {
        uint32_t agents;
        double handle_s, patience_s;
    } cases[] = {
        { 1, 60, 0 },         { 1, 60, 30 },   { 7, 300, 120 }, { 100, 180, 90 },
        { 1000, 300, 86400 }, { 20000, 1, 1 }, { 3, 3600, 5 },
    };
    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        for (size_t i = 0; i < sizeof(aheads) / sizeof(aheads[0]); i++) {
            const double mu = cases[k].agents / cases[k].handle_s,
                         theta = cases[k].patience_s ? 1 / cases[k].patience_s : 0;
            double mean = 0;
            for (uint32_t j = 0; j <= aheads[i]; j++)
                mean += 1 / (mu + (j + 1) * theta);
            const struct sapa_ewt ewt =
                sapa_ewt_of(cases[k].agents, (int64_t)(cases[k].handle_s * 1e6),
                            (int64_t)(cases[k].patience_s * 1e6), aheads[i]);
            const double capped = mean * 1000 > SAPA_EWT_MAX_MS ? SAPA_EWT_MAX_MS : mean * 1000;
            if (fabs(ewt.mean_ms - capped) > capped * 0.002 + 1)
                printf("case %zu ahead %u: %u ms, should be %.1f\n", k, aheads[i], ewt.mean_ms,
                       capped);
            assert_true(fabs(ewt.mean_ms - capped) <= capped * 0.002 + 1);
            double variance = 0;
            for (uint32_t j = 0; j <= aheads[i]; j++)
                variance += 1 / ((mu + (j + 1) * theta) * (mu + (j + 1) * theta));
            const double v = variance / (mean * mean),
                         p90 = capped * pow(1 - v / 9 + 1.2815516 * sqrt(v) / 3, 3);
            if (capped < SAPA_EWT_MAX_MS / 3)
                assert_true(fabs(ewt.p90_ms - p90) <= p90 * 0.01 + 2);
            assert_true(ewt.p50_ms <= ewt.mean_ms + 1);
            assert_true(ewt.mean_ms <= ewt.p90_ms + 1);
        }
    }
}

static void logarithm_of_fixed_point(void **state)
{
    (void)state;
    for (uint64_t x = UINT64_C(1) << 32; x < UINT64_C(1) << 62; x += x / 3 + 12345)
        assert_true(
            fabs((double)sapa_ewt_ln_q32(x) / 4294967296.0 - log((double)x / 4294967296.0)) < 1e-8);
}

static void nobody_serves_is_no_number(void **state)
{
    (void)state;
    assert_int_equal(sapa_ewt_of(0, 1000, 0, 3).p50_ms, SAPA_NONE);
    const struct sapa_ewt far = sapa_ewt_of(1, INT64_MAX / 4, 0, UINT32_MAX - 1);
    assert_int_equal(far.p90_ms, SAPA_EWT_MAX_MS);
}

static void rates_follow_what_happens(void **state)
{
    (void)state;
    struct sapa_ewt_rates rates = { 0 };
    assert_int_equal(sapa_ewt_handle_us(&rates, 60000000), 60000000);
    assert_int_equal(sapa_ewt_patience_us(&rates, 0), 0);
    for (int i = 0; i < 10000; i++) {
        sapa_ewt_handled(&rates, 200000000);
        sapa_ewt_drained(&rates, 10, 40000000); /* one of ten agents in 40 s: two jobs share them */
        sapa_ewt_served(&rates);
        sapa_ewt_left(&rates, 30000000, i % 3 == 0);
    }
    assert_in_range(sapa_ewt_handle_us(&rates, 60000000), 198000000, 200000000);
    assert_in_range(sapa_ewt_drain_us(&rates, 60000000), 394000000, 400000000);
    assert_in_range(sapa_ewt_patience_us(&rates, 0), 89000000, 91000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sum_is_the_sum),
        cmocka_unit_test(logarithm_of_fixed_point),
        cmocka_unit_test(nobody_serves_is_no_number),
        cmocka_unit_test(rates_follow_what_happens),
        cmocka_unit_test(errors_are_those_of_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
