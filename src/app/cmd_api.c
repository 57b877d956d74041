/**
 * @file app/cmd_api.c
 * `sapa api`, `sapa erase`, `sapa merge`: the API from the command line.
 *
 * Room  app.   Thread  main.   Tests  test/scenario/80-api, 82-api-webhooks
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ask.h"
#include "app/commands.h"
#include "rt/file.h"

enum { BODY_MAX = 8 << 20, API_LIMIT_S = 120 };

/* "@FILE", "-" for standard input, or the text itself. */
static bool take_body(const char *word, struct sapa_question *question, uint8_t **ret_owned)
{
    size_t n = 0;

    *ret_owned = NULL;
    if (word[0] == '@') {
        if (sapa_file_read(word + 1, BODY_MAX, ret_owned, &n) != SAPA_OK)
            return false;
    } else if (strcmp(word, "-") == 0) {
        if (!(*ret_owned = malloc(BODY_MAX + 1)))
            return false;
        n = fread(*ret_owned, 1, BODY_MAX, stdin);
    }
    question->body = *ret_owned ? (const char *)*ret_owned : word;
    question->body_n = *ret_owned ? n : strlen(word);
    return true;
}

int sapa_api_main(int argc, char **argv)
{
    struct sapa_door door = { .command = "api", .data = sapa_data_default() };
    struct sapa_question question = { .limit_s = API_LIMIT_S };
    const char *words[3] = { NULL, NULL, NULL };
    char buf[900];
    struct sapa_text error;
    struct sapa_answer answer;
    uint8_t *owned = NULL;
    size_t count = 0;
    const struct sapa_option options[] = {
        SAPA_DOOR_OPTIONS(&door),
        { "if-match", SAPA_OPTION_TEXT, &question.if_match, "HASH", "the description that must be in force (centre/apply)", 0, 0 },
        { "key", SAPA_OPTION_TEXT, &question.key, "KEY", "Idempotency-Key: the same one twice does it once", 0, 0 },
    };
    const int usage = sapa_command_options("api", argc, argv, options, SAPA_COUNT(options), words, 3, &count);

    if (usage >= 0)
        return usage;
    if (count < 2 || (strcmp(words[0], "GET") != 0 && strcmp(words[0], "POST") != 0 && strcmp(words[0], "PUT") != 0 && strcmp(words[0], "DELETE") != 0))
        return sapa_command_wrong("api", "GET, POST, PUT or DELETE, then a path such as /api/v1/queues, then perhaps a body (text, @FILE or -)");
    if (words[1][0] != '/')
        return sapa_command_wrong("api", "a path begins with a slash: /api/v1/queues; /api/v1/openapi.json lists all");
    if (count == 3 && !take_body(words[2], &question, &owned))
        return sapa_command_wrong("api", "%s cannot be read", words[2]);
    question.method = words[0];
    question.path = words[1];
    sapa_text_init(&error, buf, sizeof(buf));
    const sapa_rc rc = sapa_ask(&door, &question, &answer, &error);
    free(owned);
    FILE *out = rc == SAPA_OK ? stdout : stderr;
    if (rc != SAPA_OK && rc != SAPA_EINVAL)
        fprintf(stderr, "sapa api: %s\n", buf);
    else if (answer.n > 0 && fwrite(answer.p, 1, answer.n, out) == answer.n && answer.p[answer.n - 1] != '\n')
        fputc('\n', out);
    sapa_answer_done(&answer);
    return rc == SAPA_OK ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
}

/* ---- people ---- */

static bool is_number(const char *word)
{
    uint64_t number;

    return word && sapa_str_u64(sapa_str_of(word), UINT64_MAX, &number) == SAPA_OK && number > 0;
}

int sapa_erase_main(int argc, char **argv)
{
    struct sapa_door door = { .command = "erase", .data = sapa_data_default() };
    const char *person = NULL;
    char path[128];
    bool yes = false;
    size_t count = 0;
    const struct sapa_option options[] = {
        SAPA_DOOR_OPTIONS(&door),
        { "yes", SAPA_OPTION_FLAG, &yes, NULL, "it cannot be undone, and you know", 0, 0 },
    };
    const int usage = sapa_command_options("erase", argc, argv, options, SAPA_COUNT(options), &person, 1, &count);

    if (usage >= 0)
        return usage;
    if (count != 1 || !is_number(person))
        return sapa_command_wrong("erase", "whom? A person's number: sapa api GET '/api/v1/people?phone=NUMBER' finds it");
    if (!yes)
        return sapa_command_wrong("erase", "the key of all that is kept of person %s is destroyed, for good: say --yes", person);
    snprintf(path, sizeof(path), "/api/v1/people/%s", person);
    json_t *told = sapa_ask_send(&door, "DELETE", path, NULL);
    if (!told)
        return SAPA_EXIT_FAILED;
    printf("person %s is erased\n", person);
    json_decref(told);
    return SAPA_EXIT_OK;
}

int sapa_merge_main(int argc, char **argv)
{
    struct sapa_door door = { .command = "merge", .data = sapa_data_default() };
    const char *words[2] = { NULL, NULL }, *undo = "";
    char path[128];
    size_t count = 0;
    const struct sapa_option options[] = {
        SAPA_DOOR_OPTIONS(&door),
        { "undo", SAPA_OPTION_TEXT, &undo, "MERGE", "take a merge back, by its number", 0, 0 },
    };
    const int usage = sapa_command_options("merge", argc, argv, options, SAPA_COUNT(options), words, 2, &count);

    if (usage >= 0)
        return usage;
    if (undo[0] ? count != 0 || !is_number(undo) : count != 2 || !is_number(words[0]) || !is_number(words[1]))
        return sapa_command_wrong("merge", "PERSON INTO: two numbers, the first is really the second; or --undo MERGE");
    if (undo[0])
        snprintf(path, sizeof(path), "/api/v1/merges/%s", undo);
    else
        snprintf(path, sizeof(path), "/api/v1/people/%s/merge", words[0]);
    json_t *told = sapa_ask_send(&door, undo[0] ? "DELETE" : "POST", path, undo[0] ? NULL : json_pack("{s:s}", "into", words[1]));
    if (!told)
        return SAPA_EXIT_FAILED;
    if (undo[0])
        printf("merge %s is taken back\n", undo);
    else
        printf("person %s is person %s now (merge %s)\n", words[0], words[1], sapa_member(told, "merge"));
    json_decref(told);
    return SAPA_EXIT_OK;
}
