/**
 * @file app/cmd_token.c
 * Commands about the API: its tokens, and its description.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ask.h"
#include "app/commands.h"
#include "http/route.h"
#include "rt/clock.h"

static int list(const struct sapa_door *door)
{
    json_t *told = sapa_ask_send(door, "GET", "/api/v1/tokens", NULL), *token;
    size_t i;

    if (!told)
        return SAPA_EXIT_FAILED;
    printf("%-6s %-20s %-11s %-16s %-24s %-24s %s\n", "TOKEN", "USER", "ROLE", "AGENT", "CREATED", "ENDS", "CLIENTS");
    json_array_foreach(json_object_get(told, "items"), i, token) {
        const json_t *clients = json_object_get(token, "clients");
        printf("%-6s %-20s %-11s %-16s %-24s %-24s ", sapa_member(token, "id"), sapa_member(token, "user"), sapa_member(token, "role"),
               sapa_member(token, "agent"), sapa_member(token, "created"),
               json_is_string(json_object_get(token, "revoked")) ? "revoked" : sapa_member(token, "expires"));
        if (!json_is_array(clients))
            fputs("all", stdout);
        for (size_t k = 0; k < json_array_size(clients); k++)
            printf("%s%s", k ? "," : "", json_string_value(json_array_get(clients, k)));
        putchar('\n');
    }
    json_decref(told);
    return SAPA_EXIT_OK;
}

static json_t *split(const char *text)
{
    struct sapa_str rest = sapa_str_of(text);
    json_t *array = json_array();

    while (rest.n > 0) {
        const struct sapa_str one = sapa_str_cut(rest, ',', &rest);
        json_array_append_new(array, json_stringn(one.p, one.n));
    }
    return array;
}

static int create(const struct sapa_door *door, const char *const words[3], const char *agent, const char *clients, uint64_t days)
{
    json_t *body = json_pack("{s:s,s:s}", "user", words[1], "role", words[2]);

    if (body && agent[0])
        json_object_set_new(body, "agent", json_string(agent));
    if (body && clients[0])
        json_object_set_new(body, "clients", split(clients));
    if (body && days > 0) {
        struct sapa_json expires = { .p = NULL };
        sapa_json_time(&expires, sapa_wall_us() + (int64_t)days * INT64_C(86400000000));
        json_object_set_new(body, "expires", json_loadb(expires.p ? expires.p : "", expires.n, JSON_DECODE_ANY, NULL));
        sapa_json_done(&expires);
    }
    json_t *told = body ? sapa_ask_send(door, "POST", "/api/v1/tokens", body) : NULL;
    if (!told)
        return SAPA_EXIT_FAILED;
    puts(sapa_member(told, "secret"));
    json_decref(told);
    return SAPA_EXIT_OK;
}

int sapa_token_main(int argc, char **argv)
{
    struct sapa_door door = { .command = "token", .data = sapa_data_default() };
    const char *clients = "", *agent = "", *words[3] = { "", "", "" };
    char path[128];
    struct sapa_text text;
    uint64_t days = 0;
    size_t count = 0;
    const struct sapa_option options[] = {
        SAPA_DOOR_OPTIONS(&door),
        { "clients", SAPA_OPTION_TEXT, &clients, "KEY,…", "bound to these clients (all)", 0, 0 },
        { "agent", SAPA_OPTION_TEXT, &agent, "KEY", "with the role agent: whose", 0, 0 },
        { "days", SAPA_OPTION_NUMBER, &days, "N", "ends after so many days (never)", 1, 36500 },
    };
    const int usage = sapa_command_options("token", argc, argv, options, SAPA_COUNT(options), words, 3, &count);

    if (usage >= 0)
        return usage;
    if (strcmp(words[0], "create") == 0 && count == 3)
        return create(&door, words, agent, clients, days);
    if (strcmp(words[0], "list") == 0 && count == 1)
        return list(&door);
    if (strcmp(words[0], "revoke") != 0 || count != 2)
        return sapa_command_wrong("token", "create USER ROLE, list, or revoke NUMBER; roles are admin, supervisor, agent, viewer, auditor, monitor, wall, director");
    sapa_text_init(&text, path, sizeof(path));
    sapa_text_add(&text, SAPA_STR("/api/v1/tokens/"));
    sapa_path_part(&text, words[1]);
    json_t *told = sapa_ask_send(&door, "DELETE", path, NULL);
    json_decref(told);
    return told ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
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
