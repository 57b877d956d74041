/**
 * @file channel/prompt/prompt_test.c
 * The whole way with the real synthesizers: search, speech, cache, sharing, eviction, failures.
 * Speech tests are skipped where a synthesizer is not installed.
 */
#include "channel/prompt/prompt.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "channel/prompt/sound.h"
#include "rt/file.h"
#include "rt/loop.h"
#include "rt/process.h"
#include "rt/thread.h"

enum { ANSWERS_MAX = 300 };

static struct {
    char dir[256], prompts_dir[300], cache_dir[300];
    struct sapa_clock clock;
    struct sapa_loop *loop;
    struct sapa_pool *pool;
    struct sapa_prompts *prompts;
    struct answer {
        uint64_t tag;
        sapa_rc rc;
        char reason[200], alaw[600], ulaw[600];
        uint32_t duration_ms;
        bool rendered;
    } answers[ANSWERS_MAX];
    size_t count;
    bool ask_again, close_now;
} t;

static const struct sapa_prompt_ref *again;

static void done(void *ctx, uint64_t tag, const struct sapa_prompt_ready *ready)
{
    struct answer *a = &t.answers[t.count++];

    assert_ptr_equal(ctx, &t);
    assert_true(t.count < ANSWERS_MAX);
    *a = (struct answer){ .tag = tag, .rc = ready->rc, .duration_ms = ready->duration_ms, .rendered = ready->rendered };
    assert_true(sapa_str_copy(sapa_str_of(ready->reason), a->reason, sizeof(a->reason)));
    assert_true(sapa_str_copy(sapa_str_of(ready->alaw), a->alaw, sizeof(a->alaw)));
    assert_true(sapa_str_copy(sapa_str_of(ready->ulaw), a->ulaw, sizeof(a->ulaw)));
    if (t.ask_again) {
        t.ask_again = false;
        assert_int_equal(sapa_prompts_get(t.prompts, again, tag + 1000), SAPA_OK);
    }
    if (t.close_now) {
        t.close_now = false;
        sapa_prompts_close(t.prompts);
        t.prompts = NULL;
    }
}

static void open_prompts(uint64_t cache_bytes_max, uint32_t render_ms_max)
{
    const struct sapa_prompts_opts opts = { .loop = t.loop, .pool = t.pool, .prompts_dir = t.prompts_dir,
                                            .cache_dir = t.cache_dir, .cache_bytes_max = cache_bytes_max,
                                            .render_ms_max = render_ms_max, .done = done, .ctx = &t };

    assert_int_equal(sapa_prompts_open(&opts, &t.prompts), SAPA_OK);
}

static int setup(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    memset(&t, 0, sizeof(t));
    snprintf(t.dir, sizeof(t.dir), "%s/sapa-prompt-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(t.dir));
    snprintf(t.prompts_dir, sizeof(t.prompts_dir), "%s/prompts", t.dir);
    snprintf(t.cache_dir, sizeof(t.cache_dir), "%s/deep/cache", t.dir);
    sapa_clock_init_manual(&t.clock, 1000000, 0);
    assert_int_equal(sapa_loop_new(&t.clock, &t.loop), SAPA_OK);
    assert_int_equal(sapa_pool_new("prompt", 2, 400, &t.pool), SAPA_OK);
    open_prompts(0, 0);
    return 0;
}

static int teardown(void **state)
{
    char *argv[] = { "rm", "-rf", t.dir, NULL };
    const struct sapa_run_opts rm = { .program = "rm", .argv = argv, .output_max = 100, .limit_ms = 10000 };
    struct sapa_run_result result;

    (void)state;
    sapa_pool_free(t.pool);
    sapa_prompts_close(t.prompts);
    while (sapa_loop_run_once(t.loop, 0) > 0)
        ;
    sapa_loop_free(t.loop);
    if (sapa_process_run(&rm, &result) == SAPA_OK)
        free(result.output);
    return 0;
}

static void wait_for(size_t count)
{
    const int64_t end_us = sapa_mono_us() + 60 * INT64_C(1000000);

    while (t.count < count && sapa_mono_us() < end_us)
        (void)sapa_loop_run_once(t.loop, 100000);
    assert_int_equal(t.count, count);
}

/** Ask, wait, give back the answer. */
static struct answer *ask(const struct sapa_prompt_ref *ref)
{
    const size_t before = t.count;

    assert_int_equal(sapa_prompts_get(t.prompts, ref, 7), SAPA_OK);
    assert_int_equal(t.count, before); /* never from inside */
    wait_for(before + 1);
    assert_int_equal(t.answers[before].tag, 7);
    return &t.answers[before];
}

static struct sapa_prompts_stats stats(void)
{
    struct sapa_prompts_stats s;

    sapa_prompts_stats(t.prompts, &s);
    return s;
}

static struct sapa_sound heard(const struct answer *a)
{
    uint8_t *alaw, *ulaw;
    size_t n, m;
    struct sapa_sound sound;

    assert_int_equal(sapa_file_read(a->alaw, 1 << 24, &alaw, &n), SAPA_OK);
    assert_int_equal(sapa_file_read(a->ulaw, 1 << 24, &ulaw, &m), SAPA_OK);
    assert_int_equal(n, m);
    assert_int_equal(a->duration_ms, n / 8);
    const struct sapa_wav wav = { .format = SAPA_WAV_ALAW, .rate = 8000, .channels = 1, .bits = 8, .data = alaw, .frames = n };
    const struct sapa_wav other = { .format = SAPA_WAV_ULAW, .rate = 8000, .channels = 1, .bits = 8, .data = ulaw, .frames = n };
    assert_int_equal(sapa_sound_of_wav(&other, &sound), SAPA_OK);
    const float ulaw_db = sapa_sound_level_db(&sound);
    sapa_sound_free(&sound);
    assert_int_equal(sapa_sound_of_wav(&wav, &sound), SAPA_OK);
    assert_true(fabsf(sapa_sound_level_db(&sound) - ulaw_db) < 0.5f); /* the same sound in both */
    free(alaw);
    free(ulaw);
    return sound;
}

static bool is_installed(const char *program)
{
    char *argv[] = { (char *)program, "--version", NULL };
    const struct sapa_run_opts opts = { .program = program, .argv = argv, .output_max = 10000, .limit_ms = 10000 };
    struct sapa_run_result result;

    if (sapa_process_run(&opts, &result) != SAPA_OK)
        return false;
    free(result.output);
    return true;
}

/** A 16-bit mono file of a sine. */
static void record(const char *folder, const char *name, unsigned rate, double hz, double seconds)
{
    const size_t n = (size_t)(seconds * rate);
    uint8_t *file = calloc(1, 44 + 2 * n);
    char path[700];
    const uint32_t words[] = { 16, 1 | 1 << 16, rate, rate * 2, 2 | 16 << 16 };
    const uint32_t size = (uint32_t)(2 * n);

    memcpy(file, "RIFF\0\0\0\0WAVEfmt ", 16);
    memcpy(file + 16, words, sizeof(words));
    memcpy(file + 36, "data", 4);
    memcpy(file + 40, &size, 4);
    for (size_t i = 0; i < n; i++) {
        const int16_t value = (int16_t)(8000 * sin(2 * M_PI * hz * (double)i / rate));
        memcpy(file + 44 + 2 * i, &value, 2);
    }
    snprintf(path, sizeof(path), "%s/%s", t.prompts_dir, folder);
    assert_int_equal(sapa_folder_make(path, 0700), SAPA_OK);
    snprintf(path, sizeof(path), "%s/%s/%s.wav", t.prompts_dir, folder, name);
    assert_int_equal(sapa_file_write(path, file, 44 + 2 * n, 0600), SAPA_OK);
    free(file);
}

static void put_file(const char *folder, const char *name, const char *text)
{
    char path[700];

    snprintf(path, sizeof(path), "%s/%s", t.prompts_dir, folder);
    assert_int_equal(sapa_folder_make(path, 0700), SAPA_OK);
    snprintf(path, sizeof(path), "%s/%s/%s.wav", t.prompts_dir, folder, name);
    assert_int_equal(sapa_file_write(path, text, strlen(text), 0600), SAPA_OK);
}

static double crossings_hz(const struct sapa_sound *sound)
{
    size_t crossings = 0, from = sound->n / 4, to = sound->n / 2;

    for (size_t i = from; i < to; i++)
        crossings += (sound->samples[i] < 0) != (sound->samples[i + 1] < 0);
    return (double)crossings / 2 * 8000 / (double)(to - from);
}

static const struct sapa_prompt_ref welcome_id = {
    .kind = SAPA_PROMPT_SPEECH, .lang = SAPA_SAY_ID, .client = { "toko", 4 }, .name = { "welcome", 7 },
    .text = { "Selamat datang di Toko Nusantara.", 33 }
};
static const struct sapa_prompt_ref welcome_en = {
    .kind = SAPA_PROMPT_SPEECH, .lang = SAPA_SAY_EN, .client = { "toko", 4 }, .name = { "welcome", 7 },
    .text = { "Welcome to Toko Nusantara.", 26 }
};

static void speaks(const struct sapa_prompt_ref *ref)
{
    struct answer first, second;
    struct sapa_prompt_ready ready;
    struct sapa_sound sound;

    assert_int_equal(sapa_prompts_find(t.prompts, ref, &ready), SAPA_EAGAIN);
    first = *ask(ref);
    assert_string_equal(first.reason, "");
    assert_int_equal(first.rc, SAPA_OK);
    assert_true(first.rendered);
    assert_in_range(first.duration_ms, 1000, 4000);
    sound = heard(&first);
    assert_true(fabsf(sapa_sound_level_db(&sound) + 20) < 2);
    assert_true(sapa_sound_peak_db(&sound) < -0.5f);
    sapa_sound_free(&sound);

    const struct sapa_prompts_stats before = stats();
    second = *ask(ref);
    assert_int_equal(second.rc, SAPA_OK);
    assert_false(second.rendered);
    assert_string_equal(second.alaw, first.alaw);
    assert_int_equal(stats().renders, before.renders); /* no process ran */
    assert_int_equal(stats().hits, before.hits + 1);
    assert_int_equal(sapa_prompts_find(t.prompts, ref, &ready), SAPA_OK);
    assert_string_equal(ready.alaw, first.alaw);

    /* And so after a restart. */
    sapa_prompts_close(t.prompts);
    open_prompts(0, 0);
    assert_int_equal(stats().cache_bytes, 2 * first.duration_ms * 8 + 2 * (sound.n % 8));
    assert_int_equal(sapa_prompts_find(t.prompts, ref, &ready), SAPA_OK);
    assert_string_equal(ready.ulaw, first.ulaw);
    assert_int_equal(ready.duration_ms, first.duration_ms);
}

static void test_indonesian_is_spoken_once(void **state)
{
    (void)state;
    if (!is_installed("espeak-ng"))
        skip();
    speaks(&welcome_id);
}

static void test_english_is_spoken_once(void **state)
{
    (void)state;
    if (!is_installed("flite"))
        skip();
    speaks(&welcome_en);
}

static void test_longer_text_takes_longer_and_commands_are_text(void **state)
{
    struct sapa_prompt_ref ref = { .kind = SAPA_PROMPT_SPEECH, .lang = SAPA_SAY_ID };
    uint32_t one;

    (void)state;
    if (!is_installed("espeak-ng"))
        skip();
    ref.text = SAPA_STR("satu");
    one = ask(&ref)->duration_ms;
    ref.text = SAPA_STR("satu, dua, tiga, empat, lima, enam, tujuh, delapan");
    assert_true(ask(&ref)->duration_ms > 3 * one);
    ref.text = SAPA_STR("--version; $(reboot) [[h@l'oU]] <break time='9s'/>");
    assert_int_equal(ask(&ref)->rc, SAPA_OK);
    assert_in_range(t.answers[t.count - 1].duration_ms, 500, 9000);
    ref.text = SAPA_STR("[[ ]]");
    assert_int_equal(ask(&ref)->rc, SAPA_EINVAL); /* nothing to be heard */
    assert_true(t.answers[t.count - 1].reason[0] != '\0');
}

static void test_own_recording_comes_first(void **state)
{
    static const struct {
        const char *folder;
        unsigned rate;
        double hz;
    } steps[] = { { "id", 44100, 500 }, { "toko/id", 16000, 700 } };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(steps); i++) {
        struct sapa_sound sound;
        struct answer *a;
        record(steps[i].folder, "welcome", steps[i].rate, steps[i].hz, 0.7);
        a = ask(&welcome_id);
        assert_int_equal(a->rc, SAPA_OK);
        assert_true(a->rendered);
        assert_in_range(a->duration_ms, 690, 700);
        sound = heard(a);
        assert_true(fabs(crossings_hz(&sound) - steps[i].hz) < 15);
        assert_true(fabsf(sapa_sound_level_db(&sound) + 20) < 1);
        sapa_sound_free(&sound);
    }
    /* A new take is heard at once, and another client's prompt is not this client's. */
    record("toko/id", "welcome", 16000, 900, 0.9);
    assert_in_range(ask(&welcome_id)->duration_ms, 890, 900);
    struct sapa_prompt_ref other = welcome_id;
    other.client = SAPA_STR("bank");
    assert_in_range(ask(&other)->duration_ms, 690, 700);
}

static void test_bad_recording_is_said_or_spoken(void **state)
{
    struct sapa_prompt_ref ref = { .kind = SAPA_PROMPT_SPEECH, .lang = SAPA_SAY_ID, .name = SAPA_STR("welcome") };
    struct answer *a;

    (void)state;
    put_file("id", "welcome", "this is no sound");
    a = ask(&ref);
    assert_int_equal(a->rc, SAPA_ECORRUPT);
    assert_string_equal(a->reason, "recording: it is not a WAV file");
    assert_string_equal(a->alaw, "");
    put_file("id", "welcome", "");
    assert_int_equal(ask(&ref)->rc, SAPA_ECORRUPT);
    if (!is_installed("espeak-ng"))
        skip();
    ref.text = SAPA_STR("Selamat datang");
    assert_int_equal(ask(&ref)->rc, SAPA_OK);
    assert_true(stats().failures == 2);
}

static void test_wishes_that_cannot_be(void **state)
{
    struct sapa_prompt_ref ref = { .kind = SAPA_PROMPT_SPEECH, .lang = SAPA_SAY_ID, .name = SAPA_STR("nothing") };
    struct sapa_prompt_ready ready;
    static char text[SAPA_PROMPT_TEXT_MAX + 2];

    (void)state;
    assert_int_equal(sapa_prompts_get(t.prompts, &ref, 1), SAPA_ENOENT);
    assert_int_equal(sapa_prompts_find(t.prompts, &ref, &ready), SAPA_ENOENT);
    static const char *const names[] = { "../../etc/passwd", "a/b", ".hidden", "a b", "\xc3\xa9" };
    for (size_t i = 0; i < SAPA_COUNT(names); i++) {
        ref.name = sapa_str_of(names[i]);
        assert_int_equal(sapa_prompts_get(t.prompts, &ref, 1), SAPA_EINVAL);
        ref.name = SAPA_STR("welcome");
        ref.client = sapa_str_of(names[i]);
        assert_int_equal(sapa_prompts_get(t.prompts, &ref, 1), SAPA_EINVAL);
        ref.client = SAPA_STR("");
    }
    memset(text, 'a', SAPA_PROMPT_TEXT_MAX + 1);
    ref.text = sapa_str_of(text);
    assert_int_equal(sapa_prompts_get(t.prompts, &ref, 1), SAPA_EINVAL);
    ref.text = SAPA_STR("\xff\xfe");
    assert_int_equal(sapa_prompts_get(t.prompts, &ref, 1), SAPA_EINVAL);
    ref.text = SAPA_STR("   ");
    assert_int_equal(sapa_prompts_get(t.prompts, &ref, 1), SAPA_ENOENT);
    (void)sapa_loop_run_once(t.loop, 0);
    assert_int_equal(t.count, 0);
}

static void test_equal_requests_share_one_rendering(void **state)
{
    const struct sapa_prompt_ref music = { .kind = SAPA_PROMPT_MUSIC };

    (void)state;
    for (uint64_t tag = 0; tag < 50; tag++)
        assert_int_equal(sapa_prompts_get(t.prompts, &music, tag), SAPA_OK);
    assert_int_equal(stats().pending, 1);
    wait_for(50);
    for (uint64_t tag = 0; tag < 50; tag++) {
        assert_int_equal(t.answers[tag].tag, tag); /* in the order of asking */
        assert_int_equal(t.answers[tag].rc, SAPA_OK);
        assert_int_equal(t.answers[tag].duration_ms, SAPA_SOUND_MUSIC_SECONDS * 1000);
    }
    assert_int_equal(stats().renders, 1);
    assert_int_equal(stats().pending, 0);
}

static void test_sounds_of_our_own(void **state)
{
    static const struct {
        const char *name;
        enum sapa_prompt_kind kind;
        uint32_t duration_ms;
    } rows[] = { { "ringback", SAPA_PROMPT_RINGBACK, 5000 }, { "busy", SAPA_PROMPT_BUSY, 1000 },
                 { "congestion", SAPA_PROMPT_CONGESTION, 500 }, { "beep", SAPA_PROMPT_BEEP, 500 },
                 { "silence", SAPA_PROMPT_SILENCE, 1000 }, { "music", SAPA_PROMPT_MUSIC, 48000 } };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(rows); i++) {
        const struct sapa_prompt_ref by_kind = { .kind = rows[i].kind, .lang = SAPA_SAY_EN };
        const struct sapa_prompt_ref by_name = { .kind = SAPA_PROMPT_SPEECH, .name = sapa_str_of(rows[i].name) };
        struct answer first = *ask(&by_kind);
        assert_int_equal(first.rc, SAPA_OK);
        assert_int_equal(first.duration_ms, rows[i].duration_ms);
        assert_string_equal(ask(&by_name)->alaw, first.alaw);
    }
}

static void test_least_recently_used_goes_first(void **state)
{
    struct sapa_prompt_ref refs[4];
    struct sapa_prompt_ready ready;
    static const char *const names[] = { "a", "b", "c", "d" };

    (void)state;
    sapa_prompts_close(t.prompts);
    open_prompts(3 * 16000, 0); /* three seconds of prompts */
    for (size_t i = 0; i < 4; i++) {
        record("id", names[i], 8000, 400, 1.0);
        refs[i] = (struct sapa_prompt_ref){ .kind = SAPA_PROMPT_SPEECH, .name = sapa_str_of(names[i]) };
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(ask(&refs[i])->rc, SAPA_OK);
    sapa_clock_advance(&t.clock, 60 * INT64_C(1000000));
    (void)sapa_loop_run_once(t.loop, 0);
    assert_int_equal(sapa_prompts_find(t.prompts, &refs[0], &ready), SAPA_OK); /* now b is the oldest */
    assert_int_equal(ask(&refs[3])->rc, SAPA_OK);
    assert_int_equal(stats().evictions, 0); /* all were handed out a moment ago: over the limit for now */
    sapa_clock_advance(&t.clock, 61 * INT64_C(1000000));
    (void)sapa_loop_run_once(t.loop, 0);
    record("id", "e", 8000, 400, 0.1);
    const struct sapa_prompt_ref small = { .kind = SAPA_PROMPT_SPEECH, .name = SAPA_STR("e") };
    assert_int_equal(ask(&small)->rc, SAPA_OK);
    assert_int_equal(stats().evictions, 2);
    assert_true(stats().cache_bytes <= 3 * 16000);
    assert_int_equal(sapa_prompts_find(t.prompts, &refs[0], &ready), SAPA_OK);
    assert_int_equal(sapa_prompts_find(t.prompts, &refs[1], &ready), SAPA_EAGAIN);
    assert_int_equal(sapa_prompts_find(t.prompts, &refs[2], &ready), SAPA_EAGAIN);
    assert_int_equal(sapa_prompts_find(t.prompts, &refs[3], &ready), SAPA_OK);
}

static void test_files_that_vanish_are_made_again(void **state)
{
    const struct sapa_prompt_ref beep = { .kind = SAPA_PROMPT_BEEP };
    struct answer first;

    (void)state;
    first = *ask(&beep);
    assert_int_equal(unlink(first.ulaw), 0);
    assert_true(ask(&beep)->rendered);
    assert_int_equal(truncate(first.alaw, 10), 0); /* cut by a crash of the machine */
    sapa_prompts_close(t.prompts);
    open_prompts(0, 0);
    assert_int_equal(stats().cache_bytes, 0);
    assert_true(ask(&beep)->rendered);
}

static void test_synthesis_has_a_time_limit(void **state)
{
    char bin[300], path[400];
    const char *old = getenv("PATH");
    char *kept = strdup(old ? old : "");
    struct answer *a;

    (void)state;
    snprintf(bin, sizeof(bin), "%s/bin", t.dir);
    assert_int_equal(sapa_folder_make(bin, 0700), SAPA_OK);
    snprintf(path, sizeof(path), "%s/espeak-ng", bin);
    assert_int_equal(sapa_file_write(path, "#!/bin/sh\nwhile :; do :; done\n", 29, 0700), SAPA_OK);
    sapa_prompts_close(t.prompts);
    open_prompts(0, 100);
    setenv("PATH", bin, 1);
    a = ask(&welcome_id);
    assert_int_equal(a->rc, SAPA_ETIMEOUT);
    assert_int_equal(unlink(path), 0);
    a = ask(&welcome_id); /* a failure is not remembered: the next one tries again */
    assert_int_equal(a->rc, SAPA_ENOENT);
    assert_string_equal(a->reason, "espeak-ng: not installed");
    setenv("PATH", kept, 1);
    free(kept);
}

static void test_asking_and_closing_inside_the_answer(void **state)
{
    const struct sapa_prompt_ref beep = { .kind = SAPA_PROMPT_BEEP }, busy = { .kind = SAPA_PROMPT_BUSY };

    (void)state;
    again = &beep;
    t.ask_again = true;
    assert_int_equal(sapa_prompts_get(t.prompts, &beep, 1), SAPA_OK);
    wait_for(2);
    assert_int_equal(t.answers[1].tag, 1001);
    assert_false(t.answers[1].rendered);
    assert_int_equal(stats().renders, 1);

    assert_int_equal(sapa_prompts_get(t.prompts, &busy, 2), SAPA_OK);
    assert_int_equal(sapa_prompts_get(t.prompts, &busy, 3), SAPA_OK);
    t.close_now = true;
    wait_for(3); /* the fourth is dropped */
    for (int i = 0; i < 3; i++)
        (void)sapa_loop_run_once(t.loop, 0);
    assert_int_equal(t.count, 3);
}

static void test_limits(void **state)
{
    struct sapa_prompt_ref ref = { .kind = SAPA_PROMPT_SPEECH, .lang = SAPA_SAY_ID };
    const struct sapa_prompt_ref music = { .kind = SAPA_PROMPT_MUSIC };
    char text[32];
    sapa_rc rc = SAPA_OK;
    unsigned taken = 0;

    (void)state;
    for (unsigned i = 0; i < SAPA_PROMPT_PENDING_MAX + 10 && rc == SAPA_OK; i++) {
        snprintf(text, sizeof(text), "%u", i);
        ref.text = sapa_str_of(text);
        rc = sapa_prompts_get(t.prompts, &ref, i);
        taken += rc == SAPA_OK;
    }
    assert_int_equal(rc, SAPA_ELIMIT);
    assert_int_equal(taken, SAPA_PROMPT_PENDING_MAX);
    assert_int_equal(sapa_prompts_get(t.prompts, &music, 1), SAPA_ELIMIT);
    /* Stop with all of it under way: what has not begun is answered ECLOSED or dropped, nothing leaks. */
    sapa_pool_free(t.pool);
    t.pool = NULL;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_indonesian_is_spoken_once),
        T(test_english_is_spoken_once),
        T(test_longer_text_takes_longer_and_commands_are_text),
        T(test_own_recording_comes_first),
        T(test_bad_recording_is_said_or_spoken),
        T(test_wishes_that_cannot_be),
        T(test_equal_requests_share_one_rendering),
        T(test_sounds_of_our_own),
        T(test_least_recently_used_goes_first),
        T(test_files_that_vanish_are_made_again),
        T(test_synthesis_has_a_time_limit),
        T(test_asking_and_closing_inside_the_answer),
        T(test_limits),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
