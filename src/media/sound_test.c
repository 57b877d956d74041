#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/sound.h"

static char folder[64];

static const char *path_of(const char *name)
{
    static char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void make(const char *name, int octet, size_t n)
{
    FILE *file = fopen(path_of(name), "wb");

    assert_non_null(file);
    for (size_t i = 0; i < n; i++)
        assert_int_not_equal(fputc(octet, file), EOF);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/sapa-sound-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const names[] = { "a.alaw", "a.ulaw", "b.alaw", "c.alaw", "empty.alaw" };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(names); i++)
        (void)unlink(path_of(names[i]));
    (void)rmdir(path_of("folder.alaw"));
    return rmdir(folder);
}

static void test_choice_of_law(void **state)
{
    struct sapa_sounds *sounds;
    const struct sapa_sound *sound, *same;

    (void)state;
    make("a.alaw", 1, 800);
    make("a.ulaw", 2, 900);
    make("b.alaw", 3, 100);
    assert_int_equal(sapa_sounds_new(1 << 20, &sounds), SAPA_OK);
    assert_int_equal(sapa_sounds_hold(sounds, path_of("a"), SAPA_CODEC_PCMA, &sound), SAPA_OK);
    assert_int_equal(sound->codec, SAPA_CODEC_PCMA);
    assert_int_equal(sound->size, 800);
    assert_int_equal(sound->octets[799], 1);
    assert_int_equal(sapa_sounds_hold(sounds, path_of("a"), SAPA_CODEC_PCMA, &same), SAPA_OK);
    assert_ptr_equal(sound, same);
    assert_int_equal(sapa_sounds_bytes(sounds), 800); /* once in memory */
    sapa_sounds_release(sounds, sound);
    sapa_sounds_release(sounds, same);
    assert_int_equal(sapa_sounds_hold(sounds, path_of("a"), SAPA_CODEC_PCMU, &sound), SAPA_OK);
    assert_int_equal(sound->codec, SAPA_CODEC_PCMU);
    sapa_sounds_release(sounds, sound);
    assert_int_equal(sapa_sounds_hold(sounds, path_of("b"), SAPA_CODEC_PCMU, &sound), SAPA_OK); /* the other will do */
    assert_int_equal(sound->codec, SAPA_CODEC_PCMA);
    sapa_sounds_release(sounds, sound);
    assert_int_equal(sapa_sounds_hold(sounds, path_of("nothing"), SAPA_CODEC_PCMU, &sound), SAPA_ENOENT);
    make("empty.alaw", 0, 0);
    assert_int_equal(sapa_sounds_hold(sounds, path_of("empty"), SAPA_CODEC_PCMU, &sound), SAPA_ENOENT);
    assert_int_equal(mkdir(path_of("folder.alaw"), 0700), 0);
    assert_int_equal(sapa_sounds_hold(sounds, path_of("folder"), SAPA_CODEC_PCMA, &sound), SAPA_ENOENT);
    sapa_sounds_free(sounds);
}

static void test_replaced_file(void **state)
{
    struct sapa_sounds *sounds;
    const struct sapa_sound *old, *new;

    (void)state;
    make("b.alaw", 7, 500);
    make("c.alaw", 8, 500);
    assert_int_equal(sapa_sounds_new(1 << 20, &sounds), SAPA_OK);
    assert_int_equal(sapa_sounds_hold(sounds, path_of("b"), SAPA_CODEC_PCMA, &old), SAPA_OK);
    char to[128];
    (void)snprintf(to, sizeof(to), "%s", path_of("b.alaw"));
    assert_int_equal(rename(path_of("c.alaw"), to), 0);
    assert_int_equal(sapa_sounds_hold(sounds, path_of("b"), SAPA_CODEC_PCMA, &new), SAPA_OK);
    assert_int_equal(old->octets[0], 7); /* who plays the old one finishes it */
    assert_int_equal(new->octets[0], 8);
    sapa_sounds_release(sounds, old);
    sapa_sounds_release(sounds, new);
    sapa_sounds_free(sounds);
}

static void test_memory_is_bounded(void **state)
{
    struct sapa_sounds *sounds;
    const struct sapa_sound *a, *b, *c;

    (void)state;
    make("a.alaw", 1, 600);
    make("b.alaw", 2, 300);
    make("c.alaw", 3, 300);
    assert_int_equal(sapa_sounds_new(1000, &sounds), SAPA_OK);
    assert_int_equal(sapa_sounds_hold(sounds, path_of("a"), SAPA_CODEC_PCMA, &a), SAPA_OK);
    assert_int_equal(sapa_sounds_hold(sounds, path_of("b"), SAPA_CODEC_PCMA, &b), SAPA_OK);
    assert_int_equal(sapa_sounds_hold(sounds, path_of("c"), SAPA_CODEC_PCMA, &c), SAPA_ELIMIT); /* both are held */
    sapa_sounds_release(sounds, b);
    assert_int_equal(sapa_sounds_hold(sounds, path_of("c"), SAPA_CODEC_PCMA, &c), SAPA_OK);
    assert_int_equal(sapa_sounds_bytes(sounds), 900); /* b left */
    sapa_sounds_release(sounds, a);
    sapa_sounds_release(sounds, c);
    sapa_sounds_free(sounds);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_choice_of_law), cmocka_unit_test(test_replaced_file),
                                        cmocka_unit_test(test_memory_is_bounded) };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
