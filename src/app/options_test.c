/* The command line is a door too: every wrong word gets a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/options.h"
#include "rt/socket.h"

static const char *text_value;
static bool flag_value;
static uint64_t number_value;
static struct sapa_option_list list_value;
static const struct sapa_option options[] = {
    { "data", SAPA_OPTION_TEXT, &text_value, "DIR", "where the log lives", 0, 0 },
    { "loud", SAPA_OPTION_FLAG, &flag_value, NULL, "say more", 0, 0 },
    { "threads", SAPA_OPTION_NUMBER, &number_value, "N", "media threads", 1, 64 },
    { "sip", SAPA_OPTION_LIST, &list_value, "ADDRESS", "listen here", 0, 0 },
};

static sapa_rc parse(char **argv, const char **positional, size_t *count, char *error, size_t error_size)
{
    struct sapa_text text;
    int argc = 0;

    while (argv[argc])
        argc++;
    text_value = NULL, flag_value = false, number_value = 0, list_value.count = 0;
    sapa_text_init(&text, error, error_size);
    return sapa_options_parse(argc, argv, options, SAPA_COUNT(options), positional, 2, count, &text);
}

static void both_spellings_and_positionals(void **state)
{
    const char *positional[2];
    size_t count;
    char error[200];

    (void)state;
    char *argv[] = { "serve", "one", "--data", "/var/sapa", "--threads=2", "--loud", "--sip", "a", "--sip=b",
                     "--", "--two", NULL };
    assert_int_equal(parse(argv, positional, &count, error, sizeof(error)), SAPA_OK);
    assert_int_equal(count, 2);
    assert_string_equal(positional[0], "one");
    assert_string_equal(positional[1], "--two");
    assert_string_equal(text_value, "/var/sapa");
    assert_int_equal(number_value, 2);
    assert_true(flag_value);
    assert_int_equal(list_value.count, 2);
    assert_string_equal(list_value.values[1], "b");
}

static void wrong_words_get_a_sentence(void **state)
{
    static char *const wrong[][4] = {
        { "serve", "--speed", NULL },      { "serve", "--data", NULL },     { "serve", "--loud=1", NULL },
        { "serve", "--threads", "0", NULL },{ "serve", "--threads", "65", NULL }, { "serve", "--threads=2x", NULL },
    };
    static const char *const said[] = {
        "there is no option \"--speed\"", "--data wants a value: DIR", "--loud takes no value",
        "--threads wants a whole number from 1 to 64, not \"0\"",
        "--threads wants a whole number from 1 to 64, not \"65\"",
        "--threads wants a whole number from 1 to 64, not \"2x\"",
    };
    const char *positional[2];
    size_t count;
    char error[200];

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(wrong); i++) {
        char *argv[4];
        memcpy(argv, wrong[i], sizeof(argv));
        assert_int_equal(parse(argv, positional, &count, error, sizeof(error)), SAPA_EINVAL);
        assert_string_equal(error, said[i]);
    }
    char *many[] = { "serve", "1", "2", "3", NULL };
    assert_int_equal(parse(many, positional, &count, error, sizeof(error)), SAPA_EINVAL);
    assert_string_equal(error, "\"3\" is one word too many");
}

/* Whoever has a demo and a centre of his own in one folder means the one that runs. */
static void commands_mean_the_centre_that_runs(void **state)
{
    char folder[] = "/tmp/sapa-options-XXXXXX";
    int demo = -1, own = -1;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(unsetenv("SAPA_DATA"), 0);
    assert_string_equal(sapa_data_default(), "sapa-data");
    assert_int_equal(mkdir("build", 0700) | mkdir("build/demo", 0700) | mkdir("sapa-data", 0700), 0);
    assert_int_equal(sapa_unix_stream_listen("build/demo/api.sock", &demo), SAPA_OK);
    assert_string_equal(sapa_data_default(), "build/demo");
    const struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
    assert_int_equal(utimensat(AT_FDCWD, "build/demo/api.sock", old, 0), 0);
    assert_int_equal(sapa_unix_stream_listen("sapa-data/api.sock", &own), SAPA_OK);
    assert_string_equal(sapa_data_default(), "sapa-data"); /* both: the later */
    sapa_fd_close(own);
    assert_string_equal(sapa_data_default(), "build/demo");
    sapa_fd_close(demo);
    assert_string_equal(sapa_data_default(), "sapa-data"); /* none: again */
    assert_int_equal(setenv("SAPA_DATA", "elsewhere", 1), 0);
    assert_string_equal(sapa_data_default(), "elsewhere");
    assert_int_equal(unsetenv("SAPA_DATA"), 0);
    assert_int_equal(unlink("build/demo/api.sock") | unlink("sapa-data/api.sock") | rmdir("build/demo") | rmdir("build") | rmdir("sapa-data"), 0);
    assert_int_equal(chdir("/") | rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_spellings_and_positionals),
        cmocka_unit_test(wrong_words_get_a_sentence),
        cmocka_unit_test(commands_mean_the_centre_that_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
