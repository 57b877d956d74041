#include "app/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rt/socket.h"

int sapa_command_wrong(const char *command, const char *fmt, ...)
{
    va_list args;

    fprintf(stderr, "sapa %s: ", command);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, "\n(sapa %s --help lists the options)\n", command);
    return SAPA_EXIT_USAGE;
}

/* What stands beside the options, for --help. */
static const char *words_of(const char *command)
{
    static const struct { const char *command, *words; } table[] = {
        { "api", "METHOD PATH [BODY] " }, { "erase", "PERSON " }, { "merge", "PERSON INTO " }, { "why", "CONTACT " }, { "check", "FILE " }, { "config", "plan FILE|apply FILE|export [VERSION]|history|restore VERSION " }, { "recording", "[NUMBER FILE.wav] " }, { "switch", "surge|closed on|off " },
        { "token", "create USER ROLE|list|revoke NUMBER " }, { "shifts", "import FILE.csv|export [FILE.csv]|day AGENT " }, { "number", "NUMBER… " }, { "user", "list|password NAME|lock NAME " },
    };

    for (size_t i = 0; i < SAPA_COUNT(table); i++) {
        if (strcmp(command, table[i].command) == 0)
            return table[i].words;
    }
    return "";
}

int sapa_command_options(const char *command, int argc, char **argv, const struct sapa_option *options,
                         size_t option_count, const char **positional, size_t positional_max,
                         size_t *ret_positional_count)
{
    char buf[4096];
    struct sapa_text text;
    size_t count = 0;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            sapa_text_init(&text, buf, sizeof(buf));
            sapa_options_help(options, option_count, &text);
            printf("Usage: sapa %s %s[OPTIONS]\n\n%s", command, words_of(command), buf);
            return SAPA_EXIT_OK;
        }
    }
    sapa_text_init(&text, buf, sizeof(buf));
    if (sapa_options_parse(argc, argv, options, option_count, positional, positional_max, &count, &text) != SAPA_OK)
        return sapa_command_wrong(command, "%s", buf);
    if (ret_positional_count)
        *ret_positional_count = count;
    return -1;
}

const char *sapa_data_default(void)
{
    static const struct { const char *folder, *socket; } usual[] = {
        { "sapa-data", "sapa-data/api.sock" }, { "build/demo", "build/demo/api.sock" }
    };
    const char *chosen = getenv("SAPA_DATA");
    bool chosen_runs = false;
    time_t newest = 0;
    struct stat st;

    for (size_t i = 0; !getenv("SAPA_DATA") && i < SAPA_COUNT(usual); i++) {
        if (stat(usual[i].socket, &st) != 0)
            continue;
        const bool runs = sapa_unix_stream_listens(usual[i].socket);
        if (runs > chosen_runs || (runs == chosen_runs && st.st_mtime > newest)) {
            newest = st.st_mtime;
            chosen = usual[i].folder;
            chosen_runs = runs;
        }
    }
    return chosen ? chosen : usual[0].folder;
}
