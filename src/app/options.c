#include "app/options.h"

static const struct sapa_option *find(const struct sapa_option *options, size_t count, struct sapa_str name)
{
    for (size_t i = 0; i < count; i++) {
        if (sapa_str_eq(name, sapa_str_of(options[i].name)))
            return &options[i];
    }
    return NULL;
}

static sapa_rc take(const struct sapa_option *option, const char *value, struct sapa_text *error)
{
    switch (option->kind) {
    case SAPA_OPTION_FLAG: *(bool *)option->target = true; return SAPA_OK;
    case SAPA_OPTION_TEXT: *(const char **)option->target = value; return SAPA_OK;
    case SAPA_OPTION_NUMBER: {
        uint64_t number;
        if (sapa_str_u64(sapa_str_of(value), option->max, &number) != SAPA_OK || number < option->min) {
            sapa_text_printf(error, "--%s wants a whole number from %llu to %llu, not \"%s\"", option->name,
                             (unsigned long long)option->min, (unsigned long long)option->max, value);
            return SAPA_EINVAL;
        }
        *(uint64_t *)option->target = number;
        return SAPA_OK;
    }
    case SAPA_OPTION_LIST: {
        struct sapa_option_list *list = option->target;
        if (list->count == SAPA_OPTION_LIST_MAX) {
            sapa_text_printf(error, "--%s may be given %d times at most", option->name, SAPA_OPTION_LIST_MAX);
            return SAPA_EINVAL;
        }
        list->values[list->count++] = value;
        return SAPA_OK;
    }
    }
    return SAPA_EINVAL;
}

sapa_rc sapa_options_parse(int argc, char **argv, const struct sapa_option *options, size_t option_count,
                           const char **positional, size_t positional_max, size_t *ret_positional_count,
                           struct sapa_text *error)
{
    size_t count = 0;
    bool only_positional = false;

    for (int i = 1; i < argc; i++) {
        const struct sapa_str word = sapa_str_of(argv[i]);
        if (!only_positional && sapa_str_eq(word, SAPA_STR("--"))) {
            only_positional = true;
            continue;
        }
        if (only_positional || !sapa_str_starts(word, SAPA_STR("--"))) {
            if (count == positional_max) {
                sapa_text_printf(error, "\"%s\" is one word too many", argv[i]);
                return SAPA_EINVAL;
            }
            positional[count++] = argv[i];
            continue;
        }
        struct sapa_str value;
        const struct sapa_str name = sapa_str_cut((struct sapa_str){ word.p + 2, word.n - 2 }, '=', &value);
        const struct sapa_option *option = find(options, option_count, name);
        if (!option) {
            sapa_text_printf(error, "there is no option \"%s\"", argv[i]);
            return SAPA_EINVAL;
        }
        const char *text = value.p; /* after "=", up to the end of argv[i]: NUL-terminated */
        if (option->kind == SAPA_OPTION_FLAG && text) {
            sapa_text_printf(error, "--%s takes no value", option->name);
            return SAPA_EINVAL;
        }
        if (option->kind != SAPA_OPTION_FLAG && !text) {
            if (i + 1 == argc) {
                sapa_text_printf(error, "--%s wants a value: %s", option->name, option->value);
                return SAPA_EINVAL;
            }
            text = argv[++i];
        }
        if (take(option, text, error) != SAPA_OK)
            return SAPA_EINVAL;
    }
    *ret_positional_count = count;
    return SAPA_OK;
}

void sapa_options_help(const struct sapa_option *options, size_t option_count, struct sapa_text *out)
{
    for (size_t i = 0; i < option_count; i++) {
        char head[64];
        struct sapa_text text;
        sapa_text_init(&text, head, sizeof(head));
        sapa_text_printf(&text, "--%s%s%s", options[i].name, options[i].value ? " " : "",
                         options[i].value ? options[i].value : "");
        sapa_text_printf(out, "  %-28s %s\n", head, options[i].text);
    }
}
