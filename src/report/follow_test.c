/* How an agent's figures stand before a moment and since: which rows count where, what is said of a difference and when nothing is. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "report/figure.h"
#include "report/fixture_impl.h"
#include "report/follow.h"

static struct sapa_follow figures[SAPA_FOLLOW_FIGURES_MAX];
static uint32_t count;

static const struct sapa_follow *of(const char *key)
{
    for (uint32_t i = 0; i < count; i++) {
        if (figures[i].figure == sapa_figure_find(sapa_str_of(key)))
            return &figures[i];
    }
    return NULL;
}

static struct sapa_row row(int64_t handled, int64_t talk_ms, int64_t wrapup_ms, int64_t transfers)
{
    struct sapa_row one = { .kind = SAPA_ROWS_AGENTS };

    one.m.of[SAPA_M_HANDLED] = handled;
    one.m.of[SAPA_M_TALK] = talk_ms;
    one.m.of[SAPA_M_WRAPUP] = wrapup_ms;
    one.m.of[SAPA_M_TRANSFERS] = transfers;
    return one;
}

/* By the formulas of the dictionary, and by whether less or more is better. */
static void differences_have_a_verdict(void **state)
{
    (void)state;
    struct sapa_row before = row(52, 52 * 300000, 52 * 10000, 5), since = row(31, 31 * 270000, 31 * 20000, 31);
    count = sapa_follow_compare(&before, &since, figures);
    assert_int_equal(count, 3); /* nobody has answered a survey */
    assert_int_equal(of("aht")->before, 310000);
    assert_int_equal(of("aht")->since, 290000);
    assert_int_equal(of("aht")->count_before, 52);
    assert_int_equal(of("aht")->count_since, 31);
    assert_int_equal(of("aht")->verdict, SAPA_FOLLOW_BETTER);
    assert_int_equal(of("wrapup_mean")->verdict, SAPA_FOLLOW_WORSE);
    assert_int_equal(of("transfer_rate")->since, 1000000);
    assert_int_equal(of("transfer_rate")->verdict, SAPA_FOLLOW_WORSE);
    since = before;
    count = sapa_follow_compare(&before, &since, figures);
    assert_int_equal(of("aht")->verdict, SAPA_FOLLOW_SAME);
}

static void few_contacts_say_nothing(void **state)
{
    (void)state;
    for (int64_t handled = 0; handled <= SAPA_FOLLOW_LEAST; handled++) {
        const struct sapa_row many = row(100, 100 * 300000, 0, 0), few = row(handled, handled * 1000, 0, 0);
        count = sapa_follow_compare(&many, &few, figures);
        assert_int_equal(of("aht")->verdict, handled < SAPA_FOLLOW_LEAST ? SAPA_FOLLOW_FEW : SAPA_FOLLOW_BETTER);
        assert_int_equal(of("aht")->since, handled == 0 ? SAPA_KPI_NONE : 1000);
        count = sapa_follow_compare(&few, &many, figures);
        assert_int_equal(of("aht")->verdict, handled < SAPA_FOLLOW_LEAST ? SAPA_FOLLOW_FEW : SAPA_FOLLOW_WORSE);
    }
}

/* Of answers the answers count, not the contacts. */
static void satisfaction_counts_answers(void **state)
{
    (void)state;
    struct sapa_row before = row(100, 0, 0, 0), since = row(100, 0, 0, 0);
    before.m.of[SAPA_M_SURVEYS_10] = 20, before.m.of[SAPA_M_PROMOTERS] = 5, before.m.of[SAPA_M_DETRACTORS] = 5;
    since.m.of[SAPA_M_SURVEYS_10] = 19, since.m.of[SAPA_M_PROMOTERS] = 19;
    count = sapa_follow_compare(&before, &since, figures);
    assert_int_equal(count, 4);
    assert_null(of("csat"));
    assert_int_equal(of("nps")->before, 0);
    assert_int_equal(of("nps")->since, 100000000);
    assert_int_equal(of("nps")->count_since, 19);
    assert_int_equal(of("nps")->verdict, SAPA_FOLLOW_FEW);
    since.m.of[SAPA_M_SURVEYS_10] = 20;
    count = sapa_follow_compare(&before, &since, figures);
    assert_int_equal(of("nps")->verdict, SAPA_FOLLOW_BETTER);
}

static void part(struct sapa_intervals *fold, uint64_t *seq, uint32_t agent, int64_t at_s, uint64_t talk_ms)
{
    struct sapa_record record;

    sapa_record_init(&record, SAPA_T_contact_new);
    record.at_us = at_s * 1000000, record.seq = ++*seq;
    record.u.contact_new = (struct sapa_rec_contact_new){ .contact = *seq };
    assert_int_equal(sapa_intervals_fold(fold, &record), SAPA_OK);
    const uint64_t contact = *seq;
    sapa_record_init(&record, SAPA_T_contact_connected);
    record.at_us = at_s * 1000000, record.seq = ++*seq;
    record.u.contact_connected = (struct sapa_rec_contact_connected){ .contact = contact, .offer = contact, .agent = agent };
    assert_int_equal(sapa_intervals_fold(fold, &record), SAPA_OK);
    sapa_record_init(&record, SAPA_T_contact_parted);
    record.at_us = at_s * 1000000, record.seq = ++*seq;
    record.u.contact_parted = (struct sapa_rec_contact_parted){ .contact = contact, .offer = contact, .agent = agent, .talk_ms = talk_ms };
    assert_int_equal(sapa_intervals_fold(fold, &record), SAPA_OK);
}

/* Seven days, not a quarter hour more; the quarter of the moment in neither; another agent in none. */
static void rows_fall_on_their_side(void **state)
{
    const int64_t at_s = FIX_MIDNIGHT_S + 8 * 86400 + 10 * 3600 + 20 * 60, quarter_s = at_s - 5 * 60;
    const struct sapa_interval_options options = { .grain = SAPA_GRAIN_QUARTER };
    const struct sapa_centre centre = fix_centre(0);
    const struct sapa_follow_span span = sapa_follow_span(at_s);
    struct sapa_intervals quarters;
    struct sapa_names names;
    uint64_t seq = 0;

    (void)state;
    assert_int_equal(span.before_s, quarter_s - 7 * 86400);
    assert_int_equal(span.until_s, quarter_s);
    assert_int_equal(span.since_s, quarter_s + 900);
    sapa_names_init(&names, sapa_memory_heap());
    assert_int_equal(sapa_names_take(&names, &centre), SAPA_OK);
    sapa_intervals_init(&quarters, sapa_memory_heap(), &names, &options);
    part(&quarters, &seq, 0, quarter_s - 7 * 86400 - 1, 1); /* too old */
    for (int i = 0; i < 3; i++)
        part(&quarters, &seq, 0, quarter_s - 7 * 86400 + i * 200000, 1);
    part(&quarters, &seq, 0, quarter_s, 1); /* in the quarter of the moment */
    part(&quarters, &seq, 0, quarter_s + 899, 1);
    part(&quarters, &seq, 0, quarter_s + 900, 1);
    part(&quarters, &seq, 0, quarter_s + 86400, 1);
    part(&quarters, &seq, 1, quarter_s + 86400, 1); /* another's */
    assert_int_equal(sapa_follow_read(&quarters, sapa_memory_heap(), &names, 0, at_s, figures, &count), SAPA_OK);
    assert_int_equal(of("aht")->count_before, 3);
    assert_int_equal(of("aht")->count_since, 2);
    assert_int_equal(of("aht")->verdict, SAPA_FOLLOW_FEW);
    assert_int_equal(sapa_follow_read(&quarters, sapa_memory_heap(), &names, SAPA_NONE, at_s, figures, &count), SAPA_OK);
    assert_int_equal(of("aht")->count_before, 0); /* whom no record knows yet */
    sapa_intervals_done(&quarters);
    sapa_names_done(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences_have_a_verdict),
        cmocka_unit_test(few_contacts_say_nothing),
        cmocka_unit_test(satisfaction_counts_answers),
        cmocka_unit_test(rows_fall_on_their_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
