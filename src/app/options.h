/**
 * @file app/options.h
 * Command line options of one command, from one table: parser and help text.
 *
 * Room    app.   Thread  main.   Tests  app/options_test.c
 */
#ifndef SAPA_APP_OPTIONS_H
#define SAPA_APP_OPTIONS_H

#include "base/str.h"

enum sapa_option_kind {
    SAPA_OPTION_TEXT,   /* const char ** */
    SAPA_OPTION_FLAG,   /* bool * */
    SAPA_OPTION_NUMBER, /* uint64_t *, `min`..`max` */
    SAPA_OPTION_LIST,   /* struct sapa_option_list *: may be given several times */
};

enum { SAPA_OPTION_LIST_MAX = 8 };

struct sapa_option_list {
    const char *values[SAPA_OPTION_LIST_MAX];
    size_t count;
};

struct sapa_option {
    const char *name;  /* without "--" */
    enum sapa_option_kind kind;
    void *target;      /* holds the default before parsing */
    const char *value; /* word for the value in the help, NULL for flags */
    const char *text;
    uint64_t min, max;
};

/**
 * Parse `argv[1..]`: "--name value", "--name=value", "--flag". What is no option goes to
 * `positional` (at most positional_max).
 *
 * @param error  gets one sentence for a person on SAPA_EINVAL
 */
SAPA_MUST_CHECK sapa_rc sapa_options_parse(int argc, char **argv, const struct sapa_option *options,
                                           size_t option_count, const char **positional,
                                           size_t positional_max, size_t *ret_positional_count,
                                           struct sapa_text *error);

/** One aligned line an option. */
void sapa_options_help(const struct sapa_option *options, size_t option_count, struct sapa_text *out);

#endif
