/**
 * @file app/cmd_user.c
 * `sapa user`: passwords of people who log in. A password is read from standard input; it stands in no command line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "app/ask.h"
#include "app/commands.h"
#include "http/user.h"

static int list(const struct sapa_door *door)
{
    json_t *told = sapa_ask_send(door, "GET", "/api/v1/users", NULL), *user;
    size_t i;

    if (!told)
        return SAPA_EXIT_FAILED;
    printf("%-20s %-24s %-16s %-6s %s\n", "USER", "NAME", "ROLE", "KIND", "PASSWORD");
    json_array_foreach(json_object_get(told, "items"), i, user)
        printf("%-20s %-24s %-16s %-6s %s\n", sapa_member(user, "id"), sapa_member(user, "name"), sapa_member(user, "role"),
               json_is_true(json_object_get(user, "agent")) ? "agent" : "user",
               json_is_true(json_object_get(user, "password")) ? "set" : "none");
    json_decref(told);
    return SAPA_EXIT_OK;
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

static json_t *password_body(void)
{
    char password[SAPA_USER_PASSWORD_MAX + 3];
    json_t *body = NULL;

    if (read_password(password, sizeof(password)))
        body = json_pack("{s:s}", "password", password);
    if (!body)
        fprintf(stderr, "sapa user: no password on standard input, or none that is text of at most %d bytes\n", SAPA_USER_PASSWORD_MAX);
    sapa_wipe(password, sizeof(password));
    return body;
}

int sapa_user_main(int argc, char **argv)
{
    struct sapa_door door = { .command = "user", .data = sapa_data_default() };
    const char *words[2] = { "", "" };
    size_t count = 0;
    const struct sapa_option options[] = { SAPA_DOOR_OPTIONS(&door) };
    char path[400];
    struct sapa_text text;
    json_t *body = NULL;
    const int usage = sapa_command_options("user", argc, argv, options, SAPA_COUNT(options), words, 2, &count);

    if (usage >= 0)
        return usage;
    if (strcmp(words[0], "list") == 0 && count == 1)
        return list(&door);
    const bool sets = strcmp(words[0], "password") == 0;
    if ((!sets && strcmp(words[0], "lock") != 0) || count != 2)
        return sapa_command_wrong("user", "list, password NAME (it is read from standard input), or lock NAME");
    if (sets && !(body = password_body()))
        return SAPA_EXIT_FAILED;
    sapa_text_init(&text, path, sizeof(path));
    sapa_text_add(&text, SAPA_STR("/api/v1/users/"));
    sapa_path_part(&text, words[1]);
    sapa_text_add(&text, SAPA_STR("/password"));
    json_t *told = sapa_ask_send(&door, sets ? "PUT" : "DELETE", path, body);
    if (told)
        printf(sets ? "%s logs in with the new password from now on\n" : "%s cannot log in any more\n", words[1]);
    json_decref(told);
    return told ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
}
