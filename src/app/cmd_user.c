/**
 * @file app/cmd_user.c
 * `sapa user`: passwords of people who log in. A password is read from standard input and never leaves this
 * process: what goes to the centre is its hash.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/console.h"
#include "http/user.h"

enum { ASK_LIMIT_MS = 5000 };

static void print_user(void *ctx, const json_t *row)
{
    unsigned *count = ctx;
    const char *role = json_string_value(json_object_get(row, "role"));

    if (!json_object_get(row, "user"))
        return;
    if ((*count)++ == 0)
        printf("%-20s %-24s %-16s %-6s %s\n", "USER", "NAME", "ROLE", "KIND", "PASSWORD");
    printf("%-20s %-24s %-16s %-6s %s\n", json_string_value(json_object_get(row, "user")),
           json_string_value(json_object_get(row, "name")), role ? role : "-",
           json_is_true(json_object_get(row, "agent")) ? "agent" : "user",
           json_is_true(json_object_get(row, "password")) ? "set" : "none");
}

/* One line, without its end; at a terminal it is asked for and not shown. */
static bool read_password(char *buf, size_t size)
{
    struct termios before, quiet;
    const bool terminal = isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &before) == 0;

    if (terminal) {
        quiet = before;
        quiet.c_lflag &= (tcflag_t)~ECHO;
        fputs("password: ", stderr);
        tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
    }
    const bool read = fgets(buf, (int)size, stdin) != NULL;
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
        fputc('\n', stderr);
    }
    if (!read)
        return false;
    const size_t n = strcspn(buf, "\r\n");
    const bool whole = n < strlen(buf) || feof(stdin);
    buf[n] = '\0';
    return whole;
}

static json_t *password_request(const char *user)
{
    char password[SAPA_USER_PASSWORD_MAX + 3], hash[SAPA_USER_HASH_SIZE];
    json_t *request = NULL;

    if (!read_password(password, sizeof(password))) {
        fprintf(stderr, "sapa user: no password on standard input, or one of more than %d bytes\n", SAPA_USER_PASSWORD_MAX);
    } else {
        const sapa_rc rc = sapa_user_password_hash(sapa_str_of(password), hash);
        if (rc == SAPA_OK)
            request = json_pack("{s:s,s:s,s:s,s:s}", "do", "user", "what", "password", "user", user, "hash", hash);
        else
            fprintf(stderr, "sapa user: %s\n", rc == SAPA_EINVAL ? "a password has at least 10 characters, all of them visible" : sapa_rc_text(rc));
    }
    sapa_wipe(password, sizeof(password));
    return request;
}

int sapa_user_main(int argc, char **argv)
{
    const char *data = sapa_data_default(), *words[2] = { "", "" };
    size_t count = 0;
    const struct sapa_option options[] = {
        { "data", SAPA_OPTION_TEXT, &data, "DIR", "folder of the centre (the one started last)", 0, 0 },
    };
    char path[512], error_buf[300];
    struct sapa_text error;
    unsigned shown = 0;
    json_t *request;
    const int usage = sapa_command_options("user", argc, argv, options, SAPA_COUNT(options), words, 2, &count);

    if (usage >= 0)
        return usage;
    if (strcmp(words[0], "list") == 0 && count == 1)
        request = json_pack("{s:s,s:s}", "do", "user", "what", "list");
    else if (strcmp(words[0], "password") == 0 && count == 2)
        request = password_request(words[1]);
    else if (strcmp(words[0], "lock") == 0 && count == 2)
        request = json_pack("{s:s,s:s,s:s}", "do", "user", "what", "lock", "user", words[1]);
    else
        return sapa_command_wrong("user", "list, password NAME (it is read from standard input), or lock NAME");
    if (!request)
        return SAPA_EXIT_FAILED;
    snprintf(path, sizeof(path), "%s/console.sock", data);
    sapa_text_init(&error, error_buf, sizeof(error_buf));
    if (sapa_console_ask(path, request, ASK_LIMIT_MS, print_user, &shown, &error) != SAPA_OK) {
        fprintf(stderr, "sapa user: %s\n", error_buf);
        return SAPA_EXIT_FAILED;
    }
    return SAPA_EXIT_OK;
}
