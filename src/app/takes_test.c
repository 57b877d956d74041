/* Takes become prompts: made of a recording, kept with a version, discarded; what was left undecided goes at the start. */
#include "app/takes.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/test_impl.h"
#include "rt/file.h"

struct world {
    char folder[64], prompts[100], recordings[100];
    struct sapa_clock clock;
    struct sapa_loop *loop;
    struct sapa_pool *pool;
    struct sapa_takes *takes;
    uint64_t id;
    sapa_rc rc;
    uint32_t version;
    unsigned done;
};

static void done(void *ctx, uint64_t id, sapa_rc rc, uint32_t version)
{
    struct world *w = ctx;

    w->id = id, w->rc = rc, w->version = version;
    w->done++;
}

static void open_takes(struct world *w)
{
    const struct sapa_takes_options options = { .loop = w->loop, .pool = w->pool, .prompts_dir = w->prompts,
                                                .recordings_dir = w->recordings, .done = done, .ctx = w };

    assert_int_equal(sapa_takes_new(&options, &w->takes), SAPA_OK);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    test_folder(w->folder);
    snprintf(w->prompts, sizeof(w->prompts), "%s/prompts", w->folder);
    snprintf(w->recordings, sizeof(w->recordings), "%s/recordings", w->folder);
    sapa_clock_init(&w->clock);
    assert_int_equal(sapa_loop_new(&w->clock, &w->loop), SAPA_OK);
    assert_int_equal(sapa_pool_new("takes", 1, 16, &w->pool), SAPA_OK);
    open_takes(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    sapa_pool_free(w->pool);
    sapa_loop_run_once(w->loop, 0);
    sapa_takes_free(w->takes);
    sapa_loop_free(w->loop);
    test_folder_remove(w->folder);
    free(w);
    return 0;
}

static void put(struct world *w, const char *path, const char *text)
{
    char full[300], folder[300];

    snprintf(full, sizeof(full), "%s/%s", w->folder, path);
    snprintf(folder, sizeof(folder), "%s", full);
    *strrchr(folder, '/') = '\0';
    assert_int_equal(sapa_folder_make(folder, 0700), SAPA_OK);
    assert_int_equal(sapa_file_write(full, text, strlen(text), 0600), SAPA_OK);
}

/* What stands there; "" nothing. */
static const char *have(struct world *w, const char *path)
{
    static char text[64];
    char full[300];
    uint8_t *data;
    size_t n;

    snprintf(full, sizeof(full), "%s/%s", w->folder, path);
    text[0] = '\0';
    if (sapa_file_read(full, sizeof(text) - 1, &data, &n) == SAPA_OK) {
        memcpy(text, data, n);
        text[n] = '\0';
        free(data);
    }
    return text;
}

static sapa_rc ask(struct world *w, enum sapa_voice_take_what what, uint64_t id, const char *client, const char *name)
{
    struct sapa_voice_take take = { .what = (uint8_t)what, .id = id, .language = SAPA_LANGUAGE_EN };
    const unsigned before = w->done;

    snprintf(take.path, sizeof(take.path), "%s/_takes/%llu.srec", w->recordings, (unsigned long long)id);
    snprintf(take.client, sizeof(take.client), "%s", client);
    snprintf(take.name, sizeof(take.name), "%s", name);
    const sapa_rc rc = sapa_takes_do(w->takes, &take);
    if (rc != SAPA_OK)
        return rc;
    while (sapa_pool_depth(w->pool) > 0 || (what != SAPA_VOICE_TAKE_DISCARD && w->done == before))
        sapa_loop_run_once(w->loop, 10);
    sapa_loop_run_once(w->loop, 0);
    if (what == SAPA_VOICE_TAKE_DISCARD)
        return SAPA_OK;
    assert_int_equal(w->id, id);
    return w->rc;
}

static void test_kept_with_its_version(void **state)
{
    struct world *w = *state;

    put(w, "prompts/_takes/en/5.wav", "first");
    assert_int_equal(ask(w, SAPA_VOICE_TAKE_KEEP, 5, "toko", "welcome"), SAPA_OK);
    assert_int_equal(w->version, 1);
    assert_string_equal(have(w, "prompts/toko/en/welcome.wav"), "first");
    assert_string_equal(have(w, "prompts/toko/en/welcome.v1.wav"), "first");
    assert_string_equal(have(w, "prompts/_takes/en/5.wav"), "");
    put(w, "prompts/_takes/en/6.wav", "second");
    assert_int_equal(ask(w, SAPA_VOICE_TAKE_KEEP, 6, "toko", "welcome"), SAPA_OK);
    assert_int_equal(w->version, 2);
    assert_string_equal(have(w, "prompts/toko/en/welcome.wav"), "second");
    assert_string_equal(have(w, "prompts/toko/en/welcome.v1.wav"), "first");
    assert_string_equal(have(w, "prompts/toko/en/welcome.v2.wav"), "second");
    /* for all; a recording of a studio is version 1 */
    put(w, "prompts/en/closed.wav", "studio");
    put(w, "prompts/_takes/en/7.wav", "spoken");
    assert_int_equal(ask(w, SAPA_VOICE_TAKE_KEEP, 7, "", "closed"), SAPA_OK);
    assert_int_equal(w->version, 2);
    assert_string_equal(have(w, "prompts/en/closed.wav"), "spoken");
    assert_string_equal(have(w, "prompts/en/closed.v1.wav"), "studio");
}

static void test_faults(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask(w, SAPA_VOICE_TAKE_KEEP, 9, "toko", "welcome"), SAPA_ENOENT); /* no such take */
    assert_string_equal(have(w, "prompts/toko/en/welcome.wav"), "");
    assert_int_equal(ask(w, SAPA_VOICE_TAKE_MAKE, 9, "toko", "welcome"), SAPA_ENOENT);
    put(w, "recordings/_takes/10.srec", "this is no recording");
    assert_int_not_equal(ask(w, SAPA_VOICE_TAKE_MAKE, 10, "toko", "welcome"), SAPA_OK);
    assert_string_equal(have(w, "recordings/_takes/10.srec"), ""); /* nobody could use it */
    static const char *const bad[] = { "..", ".x", "a/b", "../x", "a b" };
    for (size_t i = 0; i < SAPA_COUNT(bad); i++) {
        assert_int_equal(ask(w, SAPA_VOICE_TAKE_KEEP, 11, bad[i], "welcome"), SAPA_EINVAL);
        assert_int_equal(ask(w, SAPA_VOICE_TAKE_KEEP, 11, "toko", bad[i]), SAPA_EINVAL);
    }
    assert_int_equal(ask(w, SAPA_VOICE_TAKE_KEEP, 11, "toko", ""), SAPA_EINVAL);
}

static void test_discarded(void **state)
{
    struct world *w = *state;

    put(w, "prompts/_takes/en/5.wav", "take");
    put(w, "recordings/_takes/5.srec", "recording");
    assert_int_equal(ask(w, SAPA_VOICE_TAKE_DISCARD, 5, "toko", "welcome"), SAPA_OK);
    assert_string_equal(have(w, "prompts/_takes/en/5.wav"), "");
    assert_string_equal(have(w, "recordings/_takes/5.srec"), "");
    assert_int_equal(w->done, 0); /* it has no answer */
    /* left by a process that was killed */
    put(w, "prompts/_takes/en/5.wav", "take");
    put(w, "prompts/_takes/en/note.txt", "note");
    put(w, "recordings/_takes/5.srec", "recording");
    put(w, "prompts/toko/en/welcome.wav", "prompt");
    sapa_takes_free(w->takes);
    open_takes(w);
    assert_string_equal(have(w, "prompts/_takes/en/5.wav"), "");
    assert_string_equal(have(w, "recordings/_takes/5.srec"), "");
    assert_string_equal(have(w, "prompts/_takes/en/note.txt"), "note");
    assert_string_equal(have(w, "prompts/toko/en/welcome.wav"), "prompt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kept_with_its_version, setup, teardown),
        cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_discarded, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
