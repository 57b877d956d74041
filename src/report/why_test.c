#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "report/fixture_impl.h"
#include "report/why.h"
#include "report/words.h"

static void put(struct sapa_record *record, const struct sapa_why_entry *entries, size_t count)
{
    struct sapa_writer w = sapa_writer_of(record->u.why.reasons.p, sizeof(record->u.why.reasons.p));

    for (size_t i = 0; i < count; i++)
        sapa_why_put(&w, &entries[i]);
    assert_false(w.bad);
    record->u.why.reasons.n = (uint16_t)w.n;
}

static void expect_entry(const struct sapa_why_entry *entry, enum sapa_language language, uint64_t queue, uint64_t step,
                         const char *expected)
{
    const struct sapa_centre centre = fix_centre(0);
    const struct sapa_why_words words = { &centre, language };
    const struct sapa_rec_why why = { .queue = queue, .step = step };
    char buf[256];
    struct sapa_text text;

    sapa_text_init(&text, buf, sizeof(buf));
    sapa_why_entry_print(&why, entry, &words, &text);
    assert_string_equal(buf, expected);
}

static void test_sentences(void **state)
{
    (void)state;
    const struct sapa_why_entry wrapup = { 0, SAPA_WHY_WRAPUP, 3200, 0 };
    const struct sapa_why_entry skill = { 1, SAPA_WHY_SKILL, 0, 2 };
    const struct sapa_why_entry nothing = { 3, SAPA_WHY_SKILL, 0, 0 };
    const struct sapa_why_entry chosen = { 0, SAPA_WHY_CHOSEN, 0, 0 };
    const struct sapa_why_entry ahead = { SAPA_NONE, SAPA_WHY_AHEAD, 3, 0 };
    const struct sapa_why_entry one = { SAPA_NONE, SAPA_WHY_AHEAD, 1, 0 };
    const struct sapa_why_entry busy = { 1, SAPA_WHY_BUSY, SAPA_CHANNEL_VOICE, 0 };
    const struct sapa_why_entry nobody = { SAPA_NONE, SAPA_WHY_NO_AGENT, 0, 0 };
    const struct sapa_why_entry unknown = { 77, SAPA_WHY_NOT_READY, 0, 0 };

    const struct sapa_why_entry preferred = { SAPA_NONE, SAPA_WHY_PREFERRED, 0, 12000 };

    expect_entry(&preferred, SAPA_LANGUAGE_EN, 0, 0, "waiting for the preferred agent Siti, 12 s left");
    expect_entry(&preferred, SAPA_LANGUAGE_ID, 0, 0, "menunggu agen pilihan Siti, sisa 12 dtk");
    expect_entry(&wrapup, SAPA_LANGUAGE_EN, 0, 0, "Siti skipped: in wrap-up, 4 s left");
    expect_entry(&wrapup, SAPA_LANGUAGE_ID, 0, 0, "Siti dilewati: catatan akhir, sisa 4 dtk");
    expect_entry(&skill, SAPA_LANGUAGE_EN, 1, 0, "Budi skipped: skill english 2 < 3");
    expect_entry(&skill, SAPA_LANGUAGE_ID, 1, 0, "Budi dilewati: keahlian english 2 < 3");
    expect_entry(&nothing, SAPA_LANGUAGE_EN, 1, 1, "Agus skipped: skill english 0 < 2");
    expect_entry(&skill, SAPA_LANGUAGE_EN, 99, 7, "Budi skipped: skill english 2"); /* a queue nobody knows */
    expect_entry(&chosen, SAPA_LANGUAGE_EN, 0, 0, "Siti chosen");
    expect_entry(&ahead, SAPA_LANGUAGE_EN, 0, 0, "3 contacts ahead in the line");
    expect_entry(&one, SAPA_LANGUAGE_EN, 0, 0, "1 contact ahead in the line");
    expect_entry(&ahead, SAPA_LANGUAGE_ID, 0, 0, "3 kontak di depannya");
    expect_entry(&busy, SAPA_LANGUAGE_ID, 0, 0, "Budi dilewati: sedang melayani kontak lain (telepon)");
    expect_entry(&nobody, SAPA_LANGUAGE_EN, 0, 0, "nobody who could take it is logged in");
    expect_entry(&unknown, SAPA_LANGUAGE_EN, 0, 0, "agent 77 skipped: not ready");
}

/* Every word of every set is there in both languages. */
static void test_every_word(void **state)
{
    (void)state;
#define ALL(noun, COUNT)                                                                for (unsigned value = 0; value < COUNT; value++) {                                      assert_string_not_equal(sapa_word_##noun(value, SAPA_LANGUAGE_ID), "?");            assert_string_not_equal(sapa_word_##noun(value, SAPA_LANGUAGE_EN), "?");        }                                                                                   assert_string_equal(sapa_word_##noun(COUNT, SAPA_LANGUAGE_ID), "?")
    ALL(outcome, SAPA_OUTCOME_COUNT);
    ALL(side, SAPA_SIDE_COUNT);
    ALL(place, SAPA_PLACE_COUNT);
    ALL(presence, SAPA_PRESENCE_COUNT);
    ALL(offer, SAPA_OFFER_COUNT);
    ALL(dequeue, SAPA_DEQUEUE_COUNT);
    ALL(callback, SAPA_CALLBACK_COUNT);
    ALL(why, SAPA_WHY_COUNT);
    ALL(channel, SAPA_CHANNEL_COUNT);
    ALL(direction, SAPA_DIRECTION_COUNT);
    ALL(denial, SAPA_DENIAL_COUNT);
#undef ALL
}

struct telling {
    struct sapa_story story;
    struct fix_lines *lines;
};

static void tell(void *ctx, const struct sapa_record *record)
{
    struct telling *telling = ctx;

    sapa_story_fold(&telling->story, record, &telling->lines->lines);
    if (record->type != SAPA_T_contact_queued || record->u.contact_queued.contact != 4)
        return;
    /* What the core would say while contact 4 waits: three looks, two of them alike. */
    for (unsigned look = 0; look < 3; look++) {
        struct sapa_record why;
        const struct sapa_why_entry entries[] = {
            { 0, SAPA_WHY_WRAPUP, 4000 - look * 1000, 0 }, { 2, SAPA_WHY_CLIENT, 0, 0 }, { 3, SAPA_WHY_CLIENT, 0, 0 },
            { 1, SAPA_WHY_SKILL, 0, 2 },
        };
        sapa_record_init(&why, SAPA_T_why);
        why.at_us = record->at_us + (look + 1) * INT64_C(1000000);
        why.u.why.contact = 4;
        why.u.why.queue = 1;
        why.u.why.step = look == 2;
        put(&why, entries, look == 2 ? 3 : 4);
        sapa_story_fold(&telling->story, &why, &telling->lines->lines);
        if (look == 2 && telling->story.contact == 4)
            sapa_story_now(&telling->story, &why, &telling->lines->lines);
    }
}

static void test_story(void **state)
{
    const struct sapa_centre centre = fix_centre(0);

    (void)state;
    for (unsigned language = 0; language < SAPA_LANGUAGE_COUNT; language++) {
        struct fix_lines lines;
        struct telling telling = { .lines = &lines };
        const struct sapa_why_words words = { &centre, (enum sapa_language)language };
        fix_lines_init(&lines);
        for (uint64_t contact = 1; contact <= 5; contact++) {
            sapa_story_init(&telling.story, contact, &words, &fix_zones[0]);
            fix_read("day.log", tell, &telling);
            assert_true(telling.story.lines > 1);
            if (contact == 4)
                assert_int_equal(telling.story.same, 1);
            fix_line(&lines, (struct sapa_str){ NULL, 0 });
        }
        assert_true(fix_golden(language == SAPA_LANGUAGE_ID ? "story.id.txt" : "story.en.txt", lines.text));
        free(lines.text);
    }
}

/* Whatever stands in the blob: it ends, and prints something bounded. */
static void test_hostile_blob(void **state)
{
    const struct sapa_why_words words = { NULL, SAPA_LANGUAGE_ID };
    struct sapa_story story;
    struct fix_lines lines;
    uint64_t random = 99;

    (void)state;
    fix_lines_init(&lines);
    sapa_story_init(&story, 1, &words, NULL);
    for (unsigned turn = 0; turn < 20000; turn++) {
        struct sapa_record why;
        sapa_record_init(&why, SAPA_T_why);
        why.u.why.contact = 1;
        why.u.why.queue = turn;
        why.u.why.step = turn % 9;
        why.u.why.reasons.n = (uint16_t)(turn % 256);
        for (unsigned i = 0; i < why.u.why.reasons.n; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            why.u.why.reasons.p[i] = (char)(turn & 1 ? random >> 56 : random >> 61);
        }
        sapa_story_fold(&story, &why, &lines.lines);
    }
    assert_true(story.lines > 0);
    assert_true(lines.n < (size_t)20000 * 1300);
    free(lines.text);
}

/* What the log holds may come from anywhere: it does not reach the terminal as a command. */
static void test_nothing_steers_the_terminal(void **state)
{
    const struct sapa_why_words words = { NULL, SAPA_LANGUAGE_EN };
    struct sapa_story story;
    struct sapa_record record;
    struct fix_lines lines;

    (void)state;
    fix_lines_init(&lines);
    sapa_story_init(&story, 1, &words, NULL);
    sapa_record_init(&record, SAPA_T_survey_answered);
    record.u.survey_answered.contact = 1;
    assert_true(sapa_sized_set(&record.u.survey_answered.question, SAPA_STR("a\x1b[2Jb\nc\xc2\x9b" "d\xc3\xa9")));
    sapa_story_fold(&story, &record, &lines.lines);
    assert_string_equal(lines.text, "00:00:00  +00:00  Survey a?[2Jb?c??d\xc3\xa9: 0\n");
    free(lines.text);
}

/* Who was tried outside, and who answered. */
static void test_outside(void **state)
{
    static const struct {
        const char *number;
        uint64_t place, result;
        const char *id, *en;
    } table[] = {
        { "62811", 1, 1, "Petugas jaga ke-1, 62811: tidak menjawab", "On call, number 1, 62811: not answered" },
        { "62812", 2, 0, "Petugas jaga ke-2, 62812: menjawab", "On call, number 2, 62812: answered" },
        { "", 1, 2, "Nomor luar: tidak menjawab", "Outside number: not answered" },
    };
    const struct sapa_centre centre = fix_centre(0);

    (void)state;
    for (unsigned language = 0; language < SAPA_LANGUAGE_COUNT; language++) {
        for (size_t i = 0; i < SAPA_COUNT(table); i++) {
            const struct sapa_why_words words = { &centre, (enum sapa_language)language };
            struct sapa_story story;
            struct sapa_record record;
            struct fix_lines lines;
            fix_lines_init(&lines);
            sapa_story_init(&story, 7, &words, &fix_zones[0]);
            sapa_record_init(&record, SAPA_T_outside_tried);
            record.at_us = INT64_C(1795222800000000);
            record.u.outside_tried.contact = 7;
            record.u.outside_tried.place = table[i].place;
            record.u.outside_tried.result = table[i].result;
            sapa_sized_set(&record.u.outside_tried.number, sapa_str_of(table[i].number));
            sapa_story_fold(&story, &record, &lines.lines);
            const char *expected = language == SAPA_LANGUAGE_ID ? table[i].id : table[i].en;
            if (!strstr(lines.text, expected))
                fail_msg("%s is not in %s", expected, lines.text);
            free(lines.text);
        }
    }
}

/* Calls of agents: whom they ask and pass on to, who comes in and leaves, and what they may not. */
static void test_calls(void **state)
{
    static const struct { const char *line, *id, *en; } table[] = {
        { "09:00:00 contact_new contact=7 client=1 number=1 direction=1", "Panggilan keluar, tampil di nomor 622150002 (Bank Sejahtera)",
          "Call outward, shown on number 622150002 (Bank Sejahtera)" },
        { "09:00:00 contact_new contact=7 client=none number=none direction=2", "Panggilan internal", "Call among colleagues" },
        { "09:00:00 offer_made contact=7 offer=1 agent=0 kind=2 queue=none", "Ditelepon oleh Siti", "Placed by Siti" },
        { "09:00:00 offer_made contact=7 offer=1 agent=1 kind=3 queue=none", "Menelepon rekan Budi", "Calls the colleague Budi" },
        { "09:00:00 contact_connected contact=7 offer=1 agent=1 queue=none", "Bicara dengan Budi\n", "Talks with Budi\n" },
        { "09:00:00 contact_transferred contact=7 offer=1 agent=0 kind=0 target=1",
          "Siti mengalihkan ke antrean Kartu, tanpa bertanya", "Siti passes it on to the queue Kartu, without asking" },
        { "09:00:00 contact_transferred contact=7 offer=1 agent=0 kind=2 target=1 asked=1 other=8 by=meja",
          "Siti mengalihkan ke Budi, setelah bertanya (kontak 8), lewat API oleh meja",
          "Siti passes it on to Budi, after asking (contact 8), through the API by meja" },
        { "09:00:00 contact_transferred contact=7 offer=1 agent=0 kind=1 target=2", "ke nomor 622150003", "to number 622150003" },
        { "09:00:00 contact_transferred contact=7 offer=1 agent=0 kind=3 target=none", "ke nomor luar", "to an outside number" },
        { "09:00:00 contact_merged contact=7 other=8 agent=0 conference=1", "Siti menggabungkan kontak 8, konferensi",
          "Siti brings in contact 8, a conference" },
        { "09:00:00 contact_merged contact=9 other=7 agent=0", "Berlanjut dalam kontak 9", "Goes on in contact 9" },
        { "09:00:00 party_joined contact=7 offer=3 agent=1 parties=3", "Budi ikut berbicara, 3 orang", "Budi joins, 3 talk" },
        { "09:00:00 party_joined contact=7 agent=none attempt=4 parties=3", "Pihak luar ikut berbicara", "Somebody outside joins, 3 talk" },
        { "09:00:00 party_left contact=7 attempt=4 side=0 talk_ms=65000", "Pihak luar pergi, diakhiri pelanggan, bicara 01:05",
          "Somebody outside leaves, ended by customer, talked 01:05" },
        { "09:00:00 call_denied contact=7 agent=0 why=3 kind=3 client=0",
          "Siti tidak boleh menelepon nomor luar untuk Toko Nusantara: tercatat di daftar jangan dihubungi",
          "Siti may not call an outside number for Toko Nusantara: on a do-not-contact list" },
        { "09:00:00 contact_ended contact=7 outcome=14 side=1 total_ms=1000", "berlanjut dalam kontak lain", "went on in another contact" },
    };
    const struct sapa_centre centre = fix_centre(0);

    (void)state;
    for (unsigned language = 0; language < SAPA_LANGUAGE_COUNT; language++) {
        for (size_t i = 0; i < SAPA_COUNT(table); i++) {
            const struct sapa_why_words words = { &centre, (enum sapa_language)language };
            struct sapa_story story;
            struct sapa_record record;
            struct fix_lines lines;
            uint64_t seq = 0;
            fix_lines_init(&lines);
            sapa_story_init(&story, 7, &words, &fix_zones[0]);
            assert_true(fix_parse(sapa_str_of(table[i].line), &seq, &record));
            sapa_story_fold(&story, &record, &lines.lines);
            const char *expected = language == SAPA_LANGUAGE_ID ? table[i].id : table[i].en;
            if (!strstr(lines.text, expected))
                fail_msg("%s is not in %s", expected, lines.text);
            free(lines.text);
        }
    }
    struct sapa_record record;
    uint64_t seq = 0;
    char buf[300];
    struct sapa_text text;
    const struct sapa_why_words words = { &centre, SAPA_LANGUAGE_EN };
    sapa_text_init(&text, buf, sizeof(buf));
    assert_true(fix_parse(SAPA_STR("09:00:00 call_denied agent=1 why=1 kind=3 client=none"), &seq, &record));
    sapa_denied_print(&record, &words, &fix_zones[0], &text);
    assert_string_equal(buf, "2026-11-21 09:00:00  Budi may not call an outside number: no right to call this kind of number");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_every_word),
        cmocka_unit_test(test_story), cmocka_unit_test(test_outside), cmocka_unit_test(test_calls),
        cmocka_unit_test(test_hostile_blob),
        cmocka_unit_test(test_nothing_steers_the_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
