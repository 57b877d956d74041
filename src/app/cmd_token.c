/**
 * @file app/cmd_token.c
 * Commands about the API: its tokens, and its description.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "app/console.h"
#include "http/route.h"

enum { ASK_LIMIT_MS = 5000 };

static const char *member(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));

    return text ? text : "-";
}

static void print_secret(void *ctx, const json_t *row)
{
    (void)ctx;
    puts(member(row, "secret"));
}

static void print_token(void *ctx, const json_t *row)
{
    unsigned *count = ctx;
    const json_t *clients = json_object_get(row, "clients");

    if ((*count)++ == 0)
        printf("%-6s %-20s %-11s %-16s %-24s %-24s %s\n", "TOKEN", "USER", "ROLE", "AGENT", "CREATED", "ENDS", "CLIENTS");
    printf("%-6s %-20s %-11s %-16s %-24s %-24s ", member(row, "id"), member(row, "user"), member(row, "role"),
           member(row, "agent"), member(row, "created"),
           json_is_string(json_object_get(row, "revoked")) ? "revoked" : member(row, "expires"));
    if (!json_is_array(clients))
        fputs("all", stdout);
    for (size_t i = 0; i < json_array_size(clients); i++)
        printf("%s%s", i ? "," : "", json_string_value(json_array_get(clients, i)));
    putchar('\n');
}

static void ignore_row(void *ctx, const json_t *row)
{
    (void)ctx, (void)row;
}

int sapa_token_main(int argc, char **argv)
{
    const char *data = sapa_data_default(), *clients = "", *agent = "", *words[3] = { "", "", "" };
    const char *by = getenv("USER");
    uint64_t days = 0;
    size_t count = 0;
    const struct sapa_option options[] = {
        { "data", SAPA_OPTION_TEXT, &data, "DIR", "folder of the centre (the one started last)", 0, 0 },
        { "clients", SAPA_OPTION_TEXT, &clients, "KEY,…", "bound to these clients (all)", 0, 0 },
        { "agent", SAPA_OPTION_TEXT, &agent, "KEY", "with the role agent: whose", 0, 0 },
        { "days", SAPA_OPTION_NUMBER, &days, "N", "ends after so many days (never)", 1, 36500 },
    };
    char path[512], error_buf[300];
    struct sapa_text error;
    unsigned shown = 0;
    json_t *request;
    sapa_console_row_fn *row = ignore_row;
    const int usage = sapa_command_options("token", argc, argv, options, SAPA_COUNT(options), words, 3, &count);

    if (usage >= 0)
        return usage;
    if (strcmp(words[0], "create") == 0 && count == 3) {
        request = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:s}", "do", "token", "what", "create", "user", words[1], "role", words[2],
                            "clients", clients, "agent", agent, "days", (json_int_t)days, "by", by ? by : "console");
        row = print_secret;
    } else if (strcmp(words[0], "revoke") == 0 && count == 2) {
        request = json_pack("{s:s,s:s,s:s}", "do", "token", "what", "revoke", "token", words[1]);
    } else if (strcmp(words[0], "list") == 0 && count == 1) {
        request = json_pack("{s:s,s:s}", "do", "token", "what", "list");
        row = print_token;
    } else {
        return sapa_command_wrong("token", "create USER ROLE, list, or revoke NUMBER; roles are admin, supervisor, agent, viewer, auditor, monitor");
    }
    snprintf(path, sizeof(path), "%s/console.sock", data);
    sapa_text_init(&error, error_buf, sizeof(error_buf));
    if (!request || sapa_console_ask(path, request, ASK_LIMIT_MS, row, &shown, &error) != SAPA_OK) {
        fprintf(stderr, "sapa token: %s\n", error_buf);
        return SAPA_EXIT_FAILED;
    }
    return SAPA_EXIT_OK;
}

/* The document of the API, for docs/ref/openapi.json: indented, so that changes can be read. */
int sapa_openapi_main(int argc, char **argv)
{
    struct sapa_json json = { .p = NULL };
    const int usage = sapa_command_options("openapi", argc, argv, NULL, 0, NULL, 0, NULL);

    if (usage >= 0)
        return usage;
    sapa_openapi(&json);
    json_t *document = json.failed ? NULL : json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, NULL);
    char *text = document ? json_dumps(document, JSON_INDENT(1)) : NULL;
    if (text)
        puts(text);
    free(text);
    json_decref(document);
    sapa_json_done(&json);
    return text ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
}
